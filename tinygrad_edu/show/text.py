"""Trace a graph: forward and backward as text, every product of the chain rule written out."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from textwrap import wrap
from typing import TextIO

from tinygrad_edu.arguments import count, instances
from tinygrad_edu.engine import Constant, Value
from tinygrad_edu.readers.notation import ASCII, ASCII_OPERATION, columns
from tinygrad_edu.readers.symbol import size_text, text_of
from tinygrad_edu.show.steps import TEXT, Graph, Step, Style, left_over, steps_of
from tinygrad_edu.words import encoding_of, knows, print, say, spelled

ASCII_STYLE = Style(ASCII, ASCII_OPERATION, "d", " -> ")
WIDTH = 100  # columns of a page


def explain(
    root: Value, *leaves: Value, max_paths: int = 10, ascii: bool | None = None, file: TextIO | None = None
) -> None:
    """Print the trace of a graph: see `trace`. Without `ascii`, the stream's encoding decides."""
    print(trace(root, *leaves, max_paths=max_paths, ascii=ascii, encoding=encoding_of(file)), file=file)


def style_of(encoding: str) -> Style:
    """Return the style that an encoding allows."""
    return (TEXT if knows(encoding) else ASCII_STYLE)._replace(encoding=encoding)


def trace(
    root: Value, *leaves: Value, max_paths: int = 10, ascii: bool | None = None, encoding: str | None = None
) -> str:
    """Write the computation of `root` forward, then its gradients backward, one line per edge.

    For each of `leaves` also the product along every path from the root, at most `max_paths` of them, and their sum.
    Without `ascii` the encoding, by default that of standard output, decides between ∂ and d, × and *. The gradients
    that the graph holds stay as they are. Raises ValueError if `root` does not depend on a leaf.

    >>> x, w = Value(3.0, "x"), Value(2.0, "w")
    >>> y = w * x
    >>> y.label = "y"
    >>> print(trace(y, w))
    given      x = 3, w = 2
    forward
      y = w × x     2 × 3     = 6
    backward             start: ∂y/∂y = 1
      w.grad += y.grad × ∂y/∂w     0 + 1 × 3 = 3     ∂y/∂w = x
      x.grad += y.grad × ∂y/∂x     0 + 1 × 2 = 2     ∂y/∂x = w
    ∂y/∂w along y → w: 1 × 3 = 3
    """
    encoding = encoding or encoding_of() if ascii is None else "ascii" if ascii else "utf-8"
    graph = Graph(root, style_of(encoding))
    max_paths = count("max_paths", max_paths, 0)
    for leaf in instances("leaves", leaves, Value):
        if leaf not in graph.names:
            raise ValueError(f"{graph.name(root)} does not depend on {leaf!r}")
    steps = list(steps_of(graph, left_over(graph)))
    along = [line for leaf in leaves for line in path_lines(graph, steps, leaf, max_paths)]
    return spelled("\n".join([trace_text(graph, steps), *along]), encoding)


def trace_text(graph: Graph, steps: Sequence[Step]) -> str:
    """Write the computation forward, then these steps backward."""
    return "\n".join([*given(graph), *forward_lines(graph), *backward_lines(graph, steps)])


def given(graph: Graph) -> Iterator[str]:
    """Write the numbers one starts from, and whether they are still those that the graph was computed from."""
    leaves = [node for node in graph.order if not node.op and not isinstance(node, Constant)]
    numbers = ", ".join(f"{graph.name(leaf)} = {graph.number(leaf.data)}" for leaf in leaves)
    yield wrapped(f"{say('given'):<11}{numbers}")
    if changed := graph.changed_data():
        yield wrapped(f"{say('but'):<11}{changed}")


def forward_lines(graph: Graph) -> Iterator[str]:
    """Write each operation: its name, with names, with numbers, its value."""
    yield say("forward")
    rows = [
        (graph.name_beside(node, node), f" = {graph.operation(node)}", f"     {graph.numbers(node)}",
         f"     = {graph.number(node.data)}")
        for node in graph.operations
    ]  # fmt: skip
    yield from set_out(graph, graph.operations, rows)


def backward_lines(graph: Graph, steps: Sequence[Step]) -> Iterator[str]:
    """Write each edge: child.grad += node.grad × ∂node/∂child, with numbers, and the formula of the derivative."""
    yield f"{say('backward'):<21}{say('start')}: {graph.partial(graph.root, graph.root)} = 1"
    rows = [
        (*edge_cells(graph, step), f" = {graph.number(step.after)}",
         f"     {graph.derivative(step.node, step.operand)} = {text_of(step.formula, graph.style.formula)}")
        for step in steps
    ]  # fmt: skip
    yield from set_out(graph, [step.node for step in steps], rows)


def set_out(graph: Graph, nodes: Sequence[Value], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Set rows on nodes in columns, those within a neuron below its name; wrap what is wider than a page."""
    margins = ["    " if node in graph.neurons else "  " for node in nodes]
    rows = [(margin + first, *others) for margin, (first, *others) in zip(margins, rows, strict=True)]
    fitting = [row for row in rows if len("".join(row)) <= WIDTH]
    aligned = dict(zip(fitting, columns(fitting, graph.style.encoding), strict=True))
    place = ""
    for node, row in zip(nodes, rows, strict=True):
        if place != (place := graph.neurons.get(node, "")) and place:
            yield f" {say('in place', place=place)}"
        line = aligned.get(row, "").rstrip()
        yield line if 0 < len(line) <= WIDTH else wrapped("".join(row))


def wrapped(text: str) -> str:
    """Break a text that is wider than a page into lines, between "w = 2" and "x = 3" and not within."""
    text = re.sub(" (?=[=×*] )|(?<= [=×*]) ", "\xa0", text)
    return "\n".join(wrap(text, WIDTH, subsequent_indent=" " * 11, break_on_hyphens=False)).replace("\xa0", " ")


def edge_cells(graph: Graph, step: Step) -> tuple[str, ...]:
    """Write the chain rule along one edge in columns, in names and in numbers, without its result."""
    times = graph.style.operation.times
    return (
        f"{graph.name_beside(step.child, step.node)}.grad",
        f" += {graph.name_beside(step.node, step.node)}.grad",
        f"{times}{graph.derivative(step.node, step.operand)}",
        f"     {graph.before(step)} + {graph.number(step.upstream)}",
        f"{times}{graph.number(step.partial)}",
    )


def path_lines(graph: Graph, steps: Sequence[Step], leaf: Value, max_paths: int) -> Iterator[str]:
    """Write the chain rule as a sum over paths: the product along each path from the root to a leaf, and the total."""
    counts: dict[Value, int] = {}  # of the paths from each node to the leaf
    for node in graph.order:
        counts[node] = 1 if node is leaf else sum(counts[child] for child in node.children)
    derivative = graph.quotient(graph.name(graph.root), graph.name(leaf))
    products: list[str] = []
    for path in islice(paths(graph, steps, leaf, counts), max_paths):
        names = [graph.name(graph.root)]
        names += [graph.name(step.child) + graph.marks.get((step.node, step.operand), "") for step in path]
        factors = [1.0, *(step.partial for step in path)]
        products.append(graph.number(math.prod(factors)))
        product = graph.style.operation.times.join(map(graph.number, factors))
        yield wrapped(f"{derivative} {say('along')} {graph.style.arrow.join(names)}: {product} = {products[-1]}")
    if (count := counts[graph.root]) > 1:
        total = graph.number(sum(step.contribution for step in steps if step.child is leaf))
        if count > len(products):
            products.append(say("more paths", count=size_text(count - len(products))))
        yield wrapped(f"{derivative} {say('all paths', count=size_text(count))}: {' + '.join(products)} = {total}")


def paths(graph: Graph, steps: Sequence[Step], leaf: Value, counts: Mapping[Value, int]) -> Iterator[list[Step]]:
    """Yield every path from the root to a leaf, as the steps along it."""
    steps_from: dict[Value, list[Step]] = defaultdict(list)
    for step in reversed(steps):
        if counts[step.child]:
            steps_from[step.node].append(step)
    path: list[Step] = []
    if leaf is graph.root:
        yield path
    waiting = [(0, step) for step in steps_from[graph.root]]
    while waiting:
        depth, step = waiting.pop()
        path[depth:] = [step]
        if step.child is leaf:
            yield path
        waiting += [(depth + 1, onward) for onward in steps_from[step.child]]
