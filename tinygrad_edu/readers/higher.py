"""Differentiate to any order: make the gradient of a graph a graph of its own, to be differentiated again."""

import math
from collections.abc import Iterable
from typing import Any

from tinygrad_edu.arguments import instance, instances
from tinygrad_edu.engine import Constant, Value, topological_order
from tinygrad_edu.functions import Number
from tinygrad_edu.operators import number_in
from tinygrad_edu.readers.notation import is_number
from tinygrad_edu.readers.replay import depending_on
from tinygrad_edu.rule import check_data


def gradients(output: Value, inputs: Iterable[Value]) -> list[Value]:
    """Return ∂output/∂input for each input, as Values: to be drawn, traced, differentiated again. No `grad` is touched.

    It is `backward` with Values where that has floats, so the gradient is a graph of its own. An input may be any node
    that is not a constant; one that `output` does not depend on gets 0. A gradient may be a node there is already, as
    ∂(x w)/∂x is w. A new one is labelled "dy_dx", if y and x have labels. Raises TypeError for what is not a Value,
    ValueError for a constant among the inputs.

    >>> x = Value(2.0, "x")
    >>> y = x * x * x
    >>> [first] = gradients(y, [x])
    >>> [second] = gradients(first, [x])
    >>> first.data, second.data
    (12.0, 12.0)
    """
    order = topological_order(instance("output of gradients", output, Value))
    inputs = instances("inputs of gradients", inputs, Value)
    for x in inputs:
        if not x.varies:
            raise ValueError(f"{x!r} does not vary: there is no gradient along a constant")
    check_data(*order)
    existing, needed = set(order), set(depending_on(order, inputs))
    gradient: dict[Value, Number] = {output: 1.0}
    for node in reversed(order):
        if any(asked := [child in needed for child in node.children]):
            operands = [child.data if isinstance(child, Constant) else child for child in node.children]
            partials = node.op.differentiate(node, *operands, asked=asked)
            for child, partial in zip(node.children, partials, strict=True):
                if child in needed:
                    gradient[child] = plus(gradient.get(child, 0.0), times(gradient[node], partial))
    for node, new in gradient.items():
        if isinstance(new, Value) and new not in existing and not new.label and output.label and node.label:
            new.label = f"d{output.label}_d{node.label}"
    return [as_value(gradient.get(x, 0.0)) for x in inputs]


def hessian(output: Value, inputs: Iterable[Value]) -> list[list[Value]]:
    """Return ∂²output/∂xᵢ∂xⱼ for every two inputs, as Values: row i holds the gradients of ∂output/∂xᵢ.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[second.data for second in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    """
    instance("output of hessian", output, Value)
    inputs = instances("inputs of hessian", inputs, Value)
    return [gradients(gradient, inputs) for gradient in gradients(output, inputs)]


def plus(x: Any, y: Any) -> Any:
    """Return x + y, without an operation where one of them is the number 0."""
    return y if is_number(x, 0.0) else x if is_number(y, 0.0) else x + y


def times(x: Any, y: Any) -> Any:
    """Return x · y, without an operation where one of them is the number 0 or 1. Zero times infinity is nan."""
    if is_number(x, 0.0) and not is_infinite(y) or is_number(y, 0.0) and not is_infinite(x):
        return 0.0
    return y if is_number(x, 1.0) else x if is_number(y, 1.0) else x * y


def is_infinite(x: Any) -> bool:
    """Tell whether x is a number, or a Value with one, that is infinite or nan: names and Duals count as finite."""
    return isinstance(x, (float, Value)) and not math.isfinite(number_in(x))


def as_value(x: Any) -> Value:
    """Return a Value as it is, a number as a constant."""
    return x if isinstance(x, Value) else Constant(x)
