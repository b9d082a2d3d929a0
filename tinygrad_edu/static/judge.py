"""Judge a static graph by the dynamic one: run some samples through the function itself, and compare."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.operators import number_in
from tinygrad_edu.readers.replay import depending_on, gradient_numbers
from tinygrad_edu.static.arguments import Inputs, flat, is_list, without_arrays
from tinygrad_edu.static.tracing import Traced, TracedGraph

EVERY = 1024  # samples: of so many one at least is judged


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
    places, number = [], seen
    while (number := following(number)) <= seen + n:
        places.append(number - seen - 1)
    return places


def as_values(argument: Any) -> Any:
    """Put a Value in place of each number of an argument."""
    return [as_values(x) for x in argument] if is_list(argument) else Value(argument)


def dynamic_results(
    function: Callable[..., Any], takes: Inputs, sample: Sequence[Any], held: Mapping[Value, float]
) -> Iterator[list[float]]:
    """Yield the function's result, and its gradients added to those that parameters held. No `grad` is touched.

    First with numbers, then with Values: where a number has no method, or sum() rounds otherwise.
    """
    for inputs in sample, as_values(without_arrays(sample)):
        try:
            result = takes.call(function, inputs)
        except (AttributeError, TypeError):
            if inputs is sample:
                continue
            raise
        gradients = {**held, **gradient_numbers(result, held)} if isinstance(result, Value) else held
        yield [number_in(result), *(gradients[parameter] for parameter in held)]


def differing(static: Sequence[float], dynamic: Sequence[float], tolerance: float = 0.0) -> list[int]:
    """Return the places where numbers differ relatively; a dynamic nan, as of 0 times inf, proves nothing."""
    pairs = enumerate(zip(static, dynamic, strict=True))
    return [i for i, (x, y) in pairs if not (math.isnan(y) or math.isclose(x, y, rel_tol=tolerance))]


def first_difference(graph: TracedGraph, function: Callable[..., Any], takes: Inputs, sample: Sequence[Any]) -> str:
    """Say which operation of the function, run with Values, is the first to differ from the graph traced anew."""
    values = as_values(sample)
    root = takes.call(function, values)
    numbers: dict[Traced, float] = {name: value.data for name, value in graph.parameters.items()}
    numbers |= dict(zip(graph.inputs, flat(sample), strict=True))
    varying = [*flat(values), *graph.parameters.values()]
    ran = [node for node in depending_on(topological_order(root), varying) if node.op]
    traced: list[Any] = [node for node in topological_order(graph.root) if node.op]  # type: ignore[arg-type]
    for name, node in zip(traced, ran, strict=False):  # of two lengths, if none differs before the shorter ends
        line = graph.lines.get(name, "an operation on parameters")
        if name.op is not node.op:
            return f"{line}: the static graph has {name.op} here, the function {node.op}"
        numbers[name] = name.op.evaluate(*name.inputs(numbers))
        if differing([numbers[name]], [node.data]):
            return f"{line}: {name.op} is {numbers[name]!r} in the static graph, {node.data!r} in the function"
    return f"the static graph has {len(traced)} operations, the function {len(ran)}"
