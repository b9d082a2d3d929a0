"""Trace a graph: forward and backward as text, every product of the chain rule written out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TextIO

from tinygrad_edu.arguments import count, instances
from tinygrad_edu.engine import Constant, Value
from tinygrad_edu.readers.notation import ASCII, ASCII_OPERATION, columns
from tinygrad_edu.readers.symbol import size_text, text_of
from tinygrad_edu.show.steps import TEXT, Graph, Step, Style, steps_of
from tinygrad_edu.words import encoding_of, knows, print, say, spelled

ASCII_STYLE = Style(ASCII, ASCII_OPERATION, "d", " -> ")


def explain(
    root: Value, *leaves: Value, max_paths: int = 10, ascii: bool | None = None, file: TextIO | None = None
) -> None:
    """Print the trace of a graph: see `trace`. Without `ascii`, the stream's encoding decides."""
    encoding = encoding_of(file)
    print(trace(root, *leaves, max_paths=max_paths, ascii=ascii, encoding=encoding), file=file)


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
    graph = Graph(root, (TEXT if knows(encoding) else ASCII_STYLE)._replace(encoding=encoding))
    max_paths = count("max_paths", max_paths, 0)
    for leaf in instances("leaves", leaves, Value):
        if leaf not in graph.names:
            raise ValueError(f"{graph.name(root)} does not depend on {leaf!r}")
    steps = list(steps_of(graph))
    lines = [*given(graph), *forward_lines(graph), *backward_lines(graph, steps)]
    for leaf in leaves:
        lines += path_lines(graph, steps, leaf, max_paths)
    return spelled("\n".join(line.rstrip() for line in lines), encoding)


def given(graph: Graph) -> Iterator[str]:
    """Write the numbers one starts from, and whether they are still those that the graph was computed from."""
    leaves = [node for node in graph.order if not node.op and not isinstance(node, Constant)]
    yield f"{say('given'):<11}{', '.join(f'{graph.name(leaf)} = {graph.number(leaf.data)}' for leaf in leaves)}"
    if changed := graph.changed_data():
        yield f"{say('but'):<11}{changed}"


def forward_lines(graph: Graph) -> Iterator[str]:
    """Write each operation: its name, with names, with numbers, its value."""
    yield say("forward")
    yield from columns(
        [
            (
                f"  {graph.name(node)}",
                f" = {graph.operation(node)}",
                f"     {graph.numbers(node)}",
                f"     = {graph.number(node.data)}",
            )
            for node in graph.operations
        ],
        graph.style.encoding,
    )


def backward_lines(graph: Graph, steps: Sequence[Step]) -> Iterator[str]:
    """Write each edge: child.grad += node.grad × ∂node/∂child, with numbers, and the formula of the derivative."""
    number, times = graph.number, graph.style.operation.times
    yield f"{say('backward'):<21}{say('start')}: {graph.partial(graph.root, graph.root)} = 1"
    yield from columns(
        [
            (
                f"  {graph.name(step.child)}.grad",
                f" += {graph.name(step.node)}.grad",
                f"{times}{graph.partial(step.node, step.child)}",
                f"     {number(step.before)} + {number(step.upstream)}",
                f"{times}{number(step.partial)}",
                f" = {number(step.after)}",
                f"     {graph.partial(step.node, step.child)} = {text_of(step.formula, graph.style.formula)}",
            )
            for step in steps
        ],
        graph.style.encoding,
    )


def path_lines(graph: Graph, steps: Sequence[Step], leaf: Value, max_paths: int) -> Iterator[str]:
    """Write the chain rule as a sum over paths: the product along each path from the root to a leaf, and the total."""
    counts = count_paths(graph, leaf)
    derivative = graph.partial(graph.root, leaf)
    products: list[str] = []
    for path in islice(paths(graph, steps, leaf, counts), max_paths):
        names = [graph.name(graph.root), *(graph.name(step.child) for step in path)]
        factors = [1.0, *(step.partial for step in path)]
        products.append(graph.number(math.prod(factors)))
        product = graph.style.operation.times.join(map(graph.number, factors))
        yield f"{derivative} {say('along')} {graph.style.arrow.join(names)}: {product} = {products[-1]}"
    count = counts[graph.root]
    if count > 1:
        total = graph.number(next(step.after for step in reversed(steps) if step.child is leaf))
        if count > len(products):
            products.append(say("more paths", count=size_text(count - len(products))))
        yield f"{derivative} {say('all paths', count=size_text(count))}: {' + '.join(products)} = {total}"


def count_paths(graph: Graph, leaf: Value) -> dict[Value, int]:
    """Count the paths from each node to a leaf."""
    counts: dict[Value, int] = {}
    for node in graph.order:
        counts[node] = 1 if node is leaf else sum(counts[child] for child in node.children)
    return counts


def paths(graph: Graph, steps: Sequence[Step], leaf: Value, counts: Mapping[Value, int]) -> Iterator[list[Step]]:
    """Yield every path from the root to a leaf, as the steps along it."""
    steps_from: dict[Value, list[Step]] = {node: [] for node in graph.order}
    for step in steps:
        if counts[step.child]:
            steps_from[step.node].append(step)
    path: list[Step] = []
    if leaf is graph.root:
        yield path
    waiting = [(0, step) for step in reversed(steps_from[graph.root])]
    while waiting:
        depth, step = waiting.pop()
        path[depth:] = [step]
        if step.child is leaf:
            yield path
        waiting += [(depth + 1, onward) for onward in reversed(steps_from[step.child])]
