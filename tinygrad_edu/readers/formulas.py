"""Write the formula a graph computes, and the formula of its derivative, in the names of its leaves.

>>> x, y = Value(2.0, "x"), Value(3.0, "y")
>>> z = x * y + y.sin()
>>> print(formula(z))
x·y + sin(y)
>>> print(derivative_formula(z, y))
cos(y) + x
"""

from tinygrad_edu.arguments import instance
from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.readers.higher import gradients
from tinygrad_edu.readers.naming import node_names
from tinygrad_edu.readers.replay import replay
from tinygrad_edu.readers.symbol import Symbol


def formula(value: Value) -> Symbol | float:
    """Return what a graph computes in the names of its leaves: `str` writes it, `size` tells how long it is.

    A node that is used twice is written twice, so the formula can be exponentially longer than the graph.

    >>> x = Value(2.0, "x")
    >>> for _ in range(3):
    ...     x = 4.0 * x * (1.0 - x)
    >>> formula(x).size
    43
    """
    return in_leaves_of(instance("the value of formula", value, Value), value)


def derivative_formula(output: Value, x: Value) -> Symbol | float:
    """Return ∂output/∂x in the names of the leaves: what symbolic differentiation gives. Raises as `gradients` does."""
    instance("the output of derivative_formula", output, Value)
    [gradient] = gradients(output, [instance("x of derivative_formula", x, Value)])
    return in_leaves_of(output, gradient)


def in_leaves_of(root: Value, node: Value) -> Symbol | float:
    """Return the formula of a node, with symbols for the leaves of a graph that may vary."""
    named = node_names(topological_order(root))
    symbols = {leaf: Symbol(name) for leaf, name in named.items() if leaf.varies and not leaf.op}
    return replay(topological_order(node), symbols)  # type: ignore[no-any-return]
