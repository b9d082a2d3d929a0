"""Trace a graph: forward and backward as text, every product of the chain rule written out."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TextIO

from tinygrad_edu.engine import Value
from tinygrad_edu.readers.notation import ASCII, ASCII_OPERATION, FORMULA, OPERATION, Notation, columns
from tinygrad_edu.readers.symbol import size_text, text_of
from tinygrad_edu.show.steps import Graph, Step, recorded_steps
from tinygrad_edu.words import say


class Style(NamedTuple):
    """Say how a trace is written."""

    formula: Notation = FORMULA
    operation: Notation = OPERATION
    partial: str = "∂"
    arrow: str = " → "


UNICODE_STYLE = Style()
ASCII_STYLE = Style(ASCII, ASCII_OPERATION, "d", " -> ")


def explain(
    root: Value, *leaves: Value, max_paths: int = 10, ascii: bool | None = None, file: TextIO | None = None
) -> None:
    """Print the trace of a graph: see `trace`. Without `ascii`, the stream's encoding decides."""
    stream = file or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    plain = not can_encode("∂×→·²", encoding) if ascii is None else ascii
    text = trace(root, *leaves, max_paths=max_paths, ascii=plain)
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def can_encode(text: str, encoding: str) -> bool:
    """Tell whether an encoding knows every character of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def trace(root: Value, *leaves: Value, max_paths: int = 10, ascii: bool = False) -> str:
    """Write the computation of `root` forward, then its gradients backward, one line per edge.

    For each of `leaves` also the product along every path from the root, at most `max_paths` of them, and their sum.
    The gradients that the graph holds stay as they are. Raises ValueError if `root` does not depend on a leaf.

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
    style = ASCII_STYLE if ascii else UNICODE_STYLE
    graph = Graph(root)
    for leaf in leaves:
        if leaf not in graph.names:
            raise ValueError(f"{graph.name(root)} does not depend on {leaf!r}")
    steps = recorded_steps(root)
    lines = [*given(graph, style), *forward_lines(graph, style), *backward_lines(graph, steps, style)]
    for leaf in leaves:
        lines += path_lines(graph, steps, leaf, max_paths, style)
    return "\n".join(line.rstrip() for line in lines)


def given(graph: Graph, style: Style) -> list[str]:
    """Write the numbers one starts from, and whether they are still those that the graph was computed from."""
    numbers = [f"{graph.name(leaf)} = {style.formula.number(leaf.data)}" for leaf in graph.leaves]
    lines = [f"{say('given'):<11}{', '.join(numbers)}"]
    if changed := graph.changed_data():
        lines.append(f"{say('but'):<11}{changed}")
    return lines


def forward_lines(graph: Graph, style: Style) -> Iterator[str]:
    """Write each operation: its name, with names, with numbers, its value."""
    yield say("forward")
    yield from columns(
        [
            (
                f"  {graph.name(node)}",
                f" = {graph.operation(node, style.operation)}",
                f"     {graph.numbers(node, style.operation)}",
                f"     = {style.formula.number(node.data)}",
            )
            for node in graph.operations
        ]
    )


def backward_lines(graph: Graph, steps: Sequence[Step], style: Style) -> Iterator[str]:
    """Write each edge: child.grad += node.grad × ∂node/∂child, with numbers, and the formula of the derivative."""
    number, times, root = style.formula.number, style.operation.times, graph.name(graph.root)
    yield f"{say('backward'):<21}{say('start')}: {style.partial}{root}/{style.partial}{root} = 1"
    yield from columns(
        [
            (
                f"  {graph.name(step.child)}.grad",
                f" += {graph.name(step.node)}.grad",
                f"{times}{partial_name(graph, step, style)}",
                f"     {number(step.before)} + {number(step.upstream)}",
                f"{times}{number(step.partial)}",
                f" = {number(step.after)}",
                f"     {partial_name(graph, step, style)} = {text_of(step.formula, style.formula)}",
            )
            for step in steps
        ]
    )


def partial_name(graph: Graph, step: Step, style: Style) -> str:
    """Write "∂h1/∂w"."""
    return f"{style.partial}{graph.name(step.node)}/{style.partial}{graph.name(step.child)}"


def path_lines(graph: Graph, steps: Sequence[Step], leaf: Value, max_paths: int, style: Style) -> Iterator[str]:
    """Write the chain rule as a sum over paths: the product along each path from the root to a leaf, and the total."""
    number, times = style.formula.number, style.operation.times
    count = count_paths(graph, leaf)
    derivative = f"{style.partial}{graph.name(graph.root)}/{style.partial}{graph.name(leaf)}"
    products: list[str] = []
    for path in islice(paths(graph, steps, leaf), max_paths):
        names = [graph.name(graph.root), *(graph.name(step.child) for step in path)]
        factors = [1.0, *(step.partial for step in path)]
        products.append(number(math.prod(factors)))
        product = times.join(map(number, factors))
        yield f"{derivative} {say('along')} {style.arrow.join(names)}: {product} = {products[-1]}"
    if count > 1:
        total = number(next(step.after for step in reversed(steps) if step.child is leaf))
        if count > len(products):
            products.append(say("more paths", count=size_text(count - len(products))))
        yield f"{derivative} {say('all paths', count=size_text(count))}: {' + '.join(products)} = {total}"


def count_paths(graph: Graph, leaf: Value) -> int:
    """Count the paths from the root to a leaf."""
    counts: dict[Value, int] = {}
    for node in graph.order:
        counts[node] = 1 if node is leaf else sum(counts[child] for child in node.children)
    return counts[graph.root]


def paths(graph: Graph, steps: Sequence[Step], leaf: Value) -> Iterator[list[Step]]:
    """Yield every path from the root to a leaf, as the steps along it."""
    reaching = {leaf}
    for node in graph.order:
        if any(child in reaching for child in node.children):
            reaching.add(node)
    steps_from: dict[Value, list[Step]] = {node: [] for node in graph.order}
    for step in steps:
        if step.child in reaching:
            steps_from[step.node].append(step)
    path: list[Step] = []
    branches = [iter(steps_from[graph.root])]
    if leaf is graph.root:
        yield []
    while branches:
        for step in branches[-1]:
            if step.child is leaf:
                yield [*path, step]
            else:
                path.append(step)
                branches.append(iter(steps_from[step.child]))
                break
        else:
            branches.pop()
            path = path[:-1]
