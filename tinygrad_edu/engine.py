"""`Value`: a number that remembers how it was made, and backpropagation through that memory.

Every operation on Values makes a new Value that keeps its operation (`op`, a row of the derivative table) and its
operands (`children`). From the last one, the output, the whole graph of the computation can be reached; `backward`
walks it from the output to the leaves and applies the chain rule once along every edge.

>>> w, b = Parameter(0.0, "w"), Parameter(0.0, "b")
>>> f = (w * 1.0 + b).sigmoid()
>>> f.backward()
>>> w.grad
0.25
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any

from tinygrad_edu.rules import Number, Rule, Scalar, is_number, real

data_of = attrgetter("data")


class NotComputed(float):
    """A gradient nothing has been added to yet. It counts as 0.0, and can be told from a computed 0.0."""


NOT_COMPUTED = NotComputed(0.0)


class Value(Scalar["Value"]):
    """A real number in a computational graph.

    data      the number, a float
    grad      ∂output/∂self, once `output.backward()` has run
    op        the row of the table that made it; None for a leaf
    children  the operands of `op`, in order: `x * x` has two
    label     a name for pictures and traces, or ""

    Raises TypeError if `data` is not a real number.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> x.grad, y.children == (x, x)
    (6.0, True)
    """

    __slots__ = ("data", "grad", "op", "children", "label")
    data: float
    grad: float
    op: Rule
    children: tuple[Value, ...]
    label: str

    def __init__(self, data: float, label: str = "") -> None:
        self.data = real(data)
        self.grad = NOT_COMPUTED
        self.op = None  # type: ignore[assignment]  # a leaf was made by no operation
        self.children = ()
        self.label = label

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """Forward: compute one operation and record it."""
        if len(inputs) == 2:  # most operations: written out, because a loop takes longer
            x, y = inputs
            if not (isinstance(x, Value) and isinstance(y, Value)):
                return Value.apply_mixed(op, inputs)
        else:
            for x in inputs:
                if not isinstance(x, Value):
                    return Value.apply_mixed(op, inputs)
        try:
            data = op.forward(x.data, y.data) if len(inputs) == 2 else op.forward(*map(data_of, inputs))
        except (ValueError, ArithmeticError) as error:
            raise op.no_value([*map(data_of, inputs)], error) from None
        out = object.__new__(Value)
        out.data = data
        out.grad = NOT_COMPUTED
        out.op = op
        out.children = inputs
        out.label = ""
        return out

    @staticmethod
    def apply_mixed(op: Rule, inputs: tuple[Any, ...]) -> Any:
        """`apply` where not all inputs are Values: a plain number becomes a constant leaf."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, Value):
                return x.apply(op, *inputs)  # other kinds of scalar know what to do with a Value
        if len(inputs) == 2:
            x, y = inputs
            return Value.apply(op, as_value(x), as_value(y))
        return Value.apply(op, *map(as_value, inputs))

    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂child, one per child, from the row of the table that made this node."""
        try:
            if len(self.children) == 2:  # most operations: written out, because it is faster
                partials = self.op.partials(self.data, self.children[0].data, self.children[1].data)
            else:
                partials = self.op.partials(self.data, *map(data_of, self.children))
        except (ValueError, ArithmeticError) as error:
            raise self.op.no_derivative([*map(data_of, self.children)], error) from None
        if len(partials) != len(self.children):
            raise self.op.miscounted(partials, self.children)
        return partials

    def backward(self) -> None:
        """Backpropagation: afterwards `grad` of every node that self depends on is ∂self/∂node.

        Gradients of interior nodes are computed afresh; a leaf's is added to what it holds already, until `zero_grad()`
        clears it. Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.

        Raises ValueError or an ArithmeticError, with the operation and its numbers, where a local derivative does not
        exist, like that of sqrt at 0. What gradients there are by then are those of an unfinished pass.
        """
        for node in backward_order(self):
            partials = node.partials()
            upstream = node.grad
            for child, partial in zip(node.children, partials):  # as many of one as of the other: partials() checks
                child.grad += upstream * partial

    def zero_grad(self) -> None:
        """Clear the gradient of every node that self depends on, leaves included."""
        for node in topological_order(self):
            node.grad = NOT_COMPUTED

    def __lt__(self, other: Value | float) -> bool:
        return self.data < (other.data if isinstance(other, Value) else other)

    def __le__(self, other: Value | float) -> bool:
        return self.data <= (other.data if isinstance(other, Value) else other)

    def __gt__(self, other: Value | float) -> bool:
        return self.data > (other.data if isinstance(other, Value) else other)

    def __ge__(self, other: Value | float) -> bool:
        return self.data >= (other.data if isinstance(other, Value) else other)

    def __repr__(self) -> str:
        """One line, also for an object that a debugger stops in before it is complete."""
        data, grad = getattr(self, "data", math.nan), getattr(self, "grad", NOT_COMPUTED)
        label, op = getattr(self, "label", ""), getattr(self, "op", None)
        parts = [f"{label}={data:.4g}" if label else f"{data:.4g}"]
        if not isinstance(grad, NotComputed) and not isinstance(self, Constant):
            parts.append(f"grad={grad:.4g}")
        if op:
            parts.append(f"op={op.symbol!r}")
        return f"{type(self).__name__}({', '.join(parts)})"


class Parameter(Value):
    """A leaf that training changes: a weight or a bias."""

    __slots__ = ()


class Constant(Value):
    """A leaf made of a plain number in an expression. It does not vary: its gradient means nothing and is not shown."""

    __slots__ = ()


def backward_order(root: Value) -> Iterator[Value]:
    """The operations that `root` depends on, from the root to the leaves: the course of one backward pass.

    Before the first, all gradients are cleared and ∂root/∂root is set to 1. After the last, each leaf gets back what it
    held: so its sum over this pass is complete before it is added, and a second pass doubles it exactly.
    """
    order = topological_order(root)
    held = [(node, node.grad) for node in order if not node.op]
    for node in order:
        node.grad = NOT_COMPUTED
    root.grad = 1.0
    try:
        for node in reversed(order):
            if node.op:
                yield node
    finally:
        for leaf, gradient in held:
            leaf.grad += gradient


def topological_order(root: Value) -> list[Value]:
    """Every node that `root` depends on, once, each after its children; `root` comes last.

    Depth first, with a stack of our own instead of recursion, so that the graph may be of any depth. On the stack lie
    the path from the root to the current node, and for each node on it the children not yet visited.

    >>> x = Value(3.0, "x")
    >>> [node.label or node.op.symbol for node in topological_order(x * x + x)]
    ['x', '*', '+']
    """
    order = []
    visited = {root}
    path = [(root, iter(root.children))]
    while path:
        node, children = path[-1]
        for child in children:
            if child not in visited:
                visited.add(child)
                if child.children:
                    path.append((child, iter(child.children)))
                    break
                order.append(child)
        else:
            order.append(node)
            path.pop()
    return order


@contextmanager
def replaced(attribute: str, replacements: Mapping[Value, Any]) -> Iterator[None]:
    """Within, nodes have another `data`, `grad` or `label`; afterwards each has again the one it had before."""
    before = {node: getattr(node, attribute) for node in replacements}
    try:
        for node, replacement in replacements.items():
            setattr(node, attribute, replacement)
        yield
    finally:
        for node, original in before.items():
            setattr(node, attribute, original)


def fresh_gradients(root: Value) -> AbstractContextManager[None]:
    """Within, no node that `root` depends on has a gradient yet; afterwards each has again the one it had before."""
    return replaced("grad", dict.fromkeys(topological_order(root), NOT_COMPUTED))


def replay(order: Sequence[Value], given: Mapping[Value, Any]) -> Any:
    """The last node of a topological order, computed again with other numbers, or any kind of scalar, for some nodes.

    What depends on none of these keeps its number, as a plain float.

    >>> x = Value(3.0, "x")
    >>> replay(topological_order(x * x), {x: 4.0})
    16.0
    """
    computed = dict(given)
    for node in order:
        if node.op and node not in computed and any(child in computed for child in node.children):
            computed[node] = node.op.apply(*[computed.get(child, child.data) for child in node.children])
    return computed.get(order[-1], order[-1].data)


def gradients(output: Value, inputs: Sequence[Value]) -> list[Value]:
    """∂output/∂input for each input, as Values: to be drawn, traced, and differentiated again. No `grad` is touched.

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
    """∂²output/∂xᵢ∂xⱼ for every two inputs, as Values: row i holds the gradients of ∂output/∂xᵢ.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[second.data for second in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return [gradients(gradient, inputs) for gradient in gradients(output, inputs)]


def plus(x: Any, y: Any) -> Any:
    """x + y, without an operation where one of them is the number 0."""
    return y if is_number(x, 0.0) else x if is_number(y, 0.0) else x + y


def times(x: Any, y: Any) -> Any:
    """x · y, without an operation where one of them is the number 0 or 1."""
    if is_number(x, 0.0) or is_number(y, 0.0):
        return 0.0
    return y if is_number(x, 1.0) else x if is_number(y, 1.0) else x * y


def as_value(x: Any) -> Value:
    """A Value as it is, a number as a constant."""
    return x if isinstance(x, Value) else Constant(x)


def label_gradients(output: Value, order: Sequence[Value], gradient: Mapping[Value, Number]) -> None:
    """Label the new nodes among the gradients of labelled nodes, "dy_dx"."""
    old = set(order)
    for node, new in gradient.items():
        if isinstance(new, Value) and new not in old and not new.label and output.label and node.label:
            new.label = f"d{output.label}_d{node.label}"
