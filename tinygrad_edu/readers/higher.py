"""Differentiate to any order: make the gradient of a graph a graph of its own, to be differentiated again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_edu.engine import Constant, Value, topological_order
from tinygrad_edu.functions import Number
from tinygrad_edu.readers.notation import is_number


def gradients(output: Value, inputs: Sequence[Value]) -> list[Value]:
    """Return ∂output/∂input for each input, as Values: to be drawn, traced, differentiated again. No `grad` is touched.

    It is `backward` with Values where that has floats, so the gradient is a graph of its own. An input may be any node
    that is not a constant; one that `output` does not depend on gets 0. A gradient may be a node there is already, as
    ∂(x w)/∂x is w. A new one without a label, if the node it belongs to is labelled, is labelled too: "dy_dx".

    Raises TypeError for what is not a Value, ValueError for a constant among the inputs.

    >>> x = Value(2.0, "x")
    >>> y = x * x * x
    >>> [first] = gradients(y, [x])
    >>> [second] = gradients(first, [x])
    >>> first.data, second.data
    (12.0, 12.0)
    """
    for x in (output, *inputs):
        if not isinstance(x, Value):
            raise TypeError(f"gradients are those of a Value along Values, got {x!r} ({type(x).__name__})")
    for x in inputs:
        if isinstance(x, Constant):
            raise ValueError(f"{x!r} does not vary: there is no gradient along a constant")
    order = topological_order(output)
    gradient: dict[Value, Number] = {output: 1.0}
    for node in reversed(order):
        if node.op:
            upstream = gradient[node]
            operands = [child.data if isinstance(child, Constant) else child for child in node.children]
            partials = node.op.differentiate(node, *operands)
            for child, partial in zip(node.children, partials, strict=True):
                if not isinstance(child, Constant):
                    gradient[child] = plus(gradient.get(child, 0.0), times(upstream, partial))
    label_gradients(output, order, gradient)
    return [as_value(gradient.get(x, 0.0)) for x in inputs]


def hessian(output: Value, inputs: Sequence[Value]) -> list[list[Value]]:
    """Return ∂²output/∂xᵢ∂xⱼ for every two inputs, as Values: row i holds the gradients of ∂output/∂xᵢ.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[second.data for second in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return [gradients(gradient, inputs) for gradient in gradients(output, inputs)]


def plus(x: Any, y: Any) -> Any:
    """Return x + y, without an operation where one of them is the number 0."""
    return y if is_number(x, 0.0) else x if is_number(y, 0.0) else x + y


def times(x: Any, y: Any) -> Any:
    """Return x · y, without an operation where one of them is the number 0 or 1."""
    if is_number(x, 0.0) or is_number(y, 0.0):
        return 0.0
    return y if is_number(x, 1.0) else x if is_number(y, 1.0) else x * y


def as_value(x: Any) -> Value:
    """Return a Value as it is, a number as a constant."""
    return x if isinstance(x, Value) else Constant(x)


def label_gradients(output: Value, order: Sequence[Value], gradient: Mapping[Value, Number]) -> None:
    """Label the new nodes among the gradients of labelled nodes, "dy_dx"."""
    old = set(order)
    for node, new in gradient.items():
        if isinstance(new, Value) and new not in old and not new.label and output.label and node.label:
            new.label = f"d{output.label}_d{node.label}"
