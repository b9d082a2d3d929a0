"""Judge a static graph by the dynamic one: run some samples through the function itself, and compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.readers.replay import gradient_numbers
from tinygrad_edu.static.arguments import Inputs, flat, is_list
from tinygrad_edu.static.tracing import Traced, TracedGraph

EVERY = 1024  # samples: of so many one at least is judged
REASONS = (
    "a static graph is traced once. Look for random numbers, something counted or remembered, a decision on a "
    "parameter, on .data or by isinstance, and a Value that is computed or changed outside of the function"
)


class StaticGraphError(RuntimeError):
    """Say that a static graph and its function differ: both numbers, the first operation that differs, the reasons."""


def following(n: int) -> int:
    """Return the number of the next sample that is judged: 1 to 8, then Fibonacci's numbers, and multiples of 1,024.

    >>> [following(n) for n in (0, 7, 8, 13, 987, 1024)]
    [1, 8, 13, 21, 1024, 1597]
    """
    if n < 8:
        return n + 1
    a, b = 5, 8
    while b <= n:
        a, b = b, a + b
    return min(b, (n // EVERY + 1) * EVERY)


def places_to_judge(seen: int, n: int) -> list[int]:
    """Return which of the next n samples are judged, by their places, after so many have been seen."""
    places, number = [], following(seen)
    while number <= seen + n:
        places.append(number - seen - 1)
        number = following(number)
    return places


def as_values(argument: Any) -> Any:
    """Put a Value in place of each number of an argument."""
    return [as_values(x) for x in argument] if is_list(argument) else Value(argument)


def function_gives(
    function: Callable[..., Any], takes: Inputs, inputs: Sequence[Any], held: Mapping[Value, float]
) -> list[float]:
    """Return the function's result, and the parameters' gradients added to those they held. No `grad` is touched."""
    result = takes.call(function, inputs)
    if not isinstance(result, Value):
        return [float(result), *held.values()]
    gradients = {**held, **gradient_numbers(result, held)}
    return [result.data, *(gradients[parameter] for parameter in held)]


def agree(static: float, dynamic: float) -> bool:
    """Tell whether two numbers are the same to the bit; a dynamic nan, as of 0 times inf, proves nothing."""
    return static == dynamic or math.isnan(dynamic)


def nearly_agree(static: float, dynamic: float) -> bool:
    """Tell whether two numbers are the same but for rounding."""
    return agree(static, dynamic) or math.isclose(static, dynamic, rel_tol=1e-9)


def first_difference(graph: TracedGraph, function: Callable[..., Any], takes: Inputs, sample: Sequence[Any]) -> str:
    """Say which operation of the function, run with Values, is the first to differ from the graph traced anew."""
    values = as_values(sample)
    root = takes.call(function, values)
    numbers: dict[Traced, float] = {name: value.data for name, value in graph.parameters.items()}
    numbers |= dict(zip(graph.inputs, flat(sample), strict=True))
    varying: set[Any] = {*flat(values), *graph.parameters.values()}
    ran = []
    for node in topological_order(root):
        if not varying.isdisjoint(node.children):
            varying.add(node)
            ran.append(node)
    traced: list[Any] = [node for node in topological_order(graph.root) if node.op]  # type: ignore[arg-type]
    for name, node in zip(traced, ran, strict=False):  # of two lengths, if none differs before the shorter ends
        line = graph.lines.get(name, "an operation on parameters")
        if name.op is not node.op:
            return f"{line}: the static graph has {name.op} here, the function {node.op}"
        numbers[name] = name.op.evaluate(*[numbers[x] if isinstance(x, Traced) else x for x in name.operands])
        if not agree(numbers[name], node.data):
            return f"{line}: {name.op} is {numbers[name]!r} in the static graph, {node.data!r} in the function"
    return f"the static graph has {len(traced)} operations, the function {len(ran)}"
