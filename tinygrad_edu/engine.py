"""Remember how each number was made, and backpropagate through that memory.

Every operation on Values makes a new Value that keeps its operation, a row of the derivative table, and its operands.
So the whole computation, a graph, can be reached from its last Value, the output. `backward` walks it from there to the
leaves and applies the chain rule once along every edge.
"""

from __future__ import annotations

import copy
from operator import attrgetter
from typing import Any

from tinygrad_edu.arguments import instance, real
from tinygrad_edu.operators import Numbered, Operators, next_serial
from tinygrad_edu.rule import Rule, Scalar, check_data

new_object = object.__new__
data_of, serial_of = attrgetter("data"), attrgetter("serial")


class NotComputed(float):
    """Add like 0.0, but can be told by `isinstance` from a gradient that really is 0."""

    def __repr__(self) -> str:
        return "not computed"


NOT_COMPUTED = NotComputed(0.0)


class Value(Operators["Value"], Numbered):
    """Hold a real number in a computational graph.

    data      the number, a float
    grad      ∂output/∂self, once `output.backward()` has run
    op        the row of the table that made it; None for a leaf
    children  the operands of `op`, in order: `x * x` has two
    label     a name for pictures and traces, or ""
    serial    its number in the order in which Values were made: children before what was made of them

    A new number in `data` is not watched: compute the output again. Raises TypeError if `data` is no real number.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> x.grad, y.children == (x, x)
    (6.0, True)
    """

    __slots__ = ("data", "grad", "op", "children", "label")
    op: Rule
    children: tuple[Value, ...]

    def __init__(self, data: float, label: str = "") -> None:
        self.data = real(data, "data")
        self.grad: float = NOT_COMPUTED
        self.op = None  # type: ignore[assignment]  # a leaf was made by no operation
        self.children = ()
        self.label = label if label.__class__ is str else instance("label", label, str)
        self.serial = next_serial()

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """Go forward: compute one operation and record it. A plain number becomes a constant leaf."""
        for x in inputs:
            if not isinstance(x, Value):
                for other in inputs:
                    if isinstance(other, Scalar) and not isinstance(other, Value):
                        return other.apply(op, *inputs)  # another kind of scalar knows what to do with a Value
                inputs = tuple([x if isinstance(x, Value) else Constant(real(x, op)) for x in inputs])
                break
        try:
            if len(inputs) == 2:  # most operations: written out, in half the time
                x, y = inputs
                data = op.forward(x.data, y.data)
            else:
                data = op.forward(*map(data_of, inputs))
        except (ValueError, ArithmeticError, TypeError) as error:
            raise op.no_value([*map(data_of, inputs)], error) from None
        out = new_object(Value)
        out.data = data
        out.grad = NOT_COMPUTED
        out.op = op
        out.children = inputs
        out.label = ""
        out.serial = next_serial()
        return out

    def partials(self) -> tuple[float, ...]:
        """Return the local derivatives ∂self/∂child, one per child, from the row of the table that made this node."""
        try:
            if len(self.children) == 2:
                partials = self.op.partials(self.data, self.children[0].data, self.children[1].data)
            else:
                partials = self.op.partials(self.data, *map(data_of, self.children))
        except (ValueError, ArithmeticError, TypeError) as error:
            raise self.op.no_derivative([*map(data_of, self.children)], error) from None
        if len(partials) != len(self.children):
            raise self.op.wrong_number_of_partials(partials, self.children)
        return partials

    def backward(self) -> None:
        """Backpropagate: afterwards `grad` of every node that self depends on is ∂self/∂node.

        Gradients of interior nodes are computed afresh; a leaf's is added to what it holds already, until `zero_grad()`
        clears it. Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.

        Raises ValueError or an ArithmeticError, with the operation and its numbers, where a local derivative does not
        exist, like that of sqrt at 0. What gradients there are by then are those of an unfinished pass.
        """
        for node in start_backward(self):
            for child, partial in zip(node.children, node.partials()):
                child.grad += node.grad * partial  # the chain rule

    def zero_grad(self) -> None:
        """Clear the gradient of every node that self depends on, leaves included."""
        for node in topological_order(self):
            node.grad = NOT_COMPUTED

    def __repr__(self) -> str:
        """Write one line, also for an object that a debugger stops in before it is complete."""
        name = getattr(self, "label", "") or f"v{getattr(self, 'serial', '?')}"
        shown = [f"{name}={getattr(self, 'data', float('nan')):.4g}"]
        if hasattr(self, "grad") and has_gradient(self) and not isinstance(self, Constant):
            shown.append(f"grad={self.grad:.4g}")
        if op := getattr(self, "op", None):
            shown.append(f"op={op.symbol!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Copy the graph of this node, of any depth, in its order."""
        for node in topological_order(self):
            if id(node) not in memo:
                memo[id(node)] = copied = copy.copy(node)
                copied.children = tuple(memo[id(child)] for child in node.children)
        return memo[id(self)]


class Parameter(Value):
    """Mark a leaf that training changes: a weight or a bias."""
    __slots__ = ()


class Constant(Value):
    """Hold a plain number of an expression. It does not vary: its gradient means nothing and is not shown."""
    __slots__ = ()
    varies = False


def start_backward(root: Value) -> list[Value]:
    """Clear the gradients of operations, set ∂root/∂root to 1; return the operations from the root to the leaves."""
    check_data(root)
    order = topological_order(root)
    for node in order:
        if node.op or node.grad is None:  # interior gradients are computed afresh, leaves' add up
            node.grad = NOT_COMPUTED
        elif node.data.__class__ is not float:
            check_data(node)
    root.grad += 1.0
    return [node for node in reversed(order) if node.op]


def topological_order(*roots: Value) -> list[Value]:
    """Return every node that `roots` depend on, in the order in which they were made: each after its children.

    >>> x = Value(3.0, "x")
    >>> [node.label or node.op.symbol for node in topological_order(x * x + x)]
    ['x', '*', '+']
    """
    reached: set[Any] = {instance("a root of topological_order", root, Scalar) for root in roots}
    waiting = [*roots]
    while waiting:
        for child in waiting.pop().children:
            if child not in reached:
                reached.add(child)
                waiting.append(child)
    return sorted(reached, key=serial_of)


def has_gradient(node: Value) -> bool:
    """Tell whether a gradient has been computed: None and NotComputed stand for none."""
    return node.grad is not None and type(node.grad) is not NotComputed
