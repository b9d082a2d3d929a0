"""The formula a graph computes, and the formula of its derivative, in the names of its leaves.

>>> x, y = Value(2.0, "x"), Value(3.0, "y")
>>> z = x * y + y.sin()
>>> print(formula(z))
x·y + sin(y)
>>> print(derivative_formula(z, y))
cos(y) + x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinygrad_edu.engine import Constant, Value, gradients, replay, topological_order
from tinygrad_edu.symbol import Symbol


def names(order: Sequence[Value]) -> dict[Value, str]:
    """What the nodes of a topological order are called, except constants without a label: they are their numbers.

    A node is called by its label, numbered if several have the same: x₁, x₂, …. Without one, an interior node is called
    h1, h2, … in topological order, as in the textbook, and a leaf v1, v2, …; t1 or u1 where h or v is itself a label.
    """
    named = numbered({node: node.label for node in order if node.label})
    taken = set(named.values())
    operations = [node for node in order if node.op]
    leaves = [node for node in order if not node.op and not isinstance(node, Constant)]
    variables = {label.rstrip(SUBSCRIPTS) for label in taken}
    for letters, nodes in ("htsr", operations), ("vuyz", leaves):
        letter = next((letter for letter in letters if letter not in variables), letters[0])
        free = (name for i in range(1, 2 * len(order) + 1) if (name := f"{letter}{i}") not in taken)
        named.update((node, next(free)) for node in nodes if not node.label)
    return named


SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def numbered(names: Mapping[Value, str]) -> dict[Value, str]:
    """The same names, but one that several nodes share is numbered in their order, x₁, x₂, …."""
    sharing: dict[str, list[Value]] = {}
    for node, name in names.items():
        sharing.setdefault(name, []).append(node)
    subscript = str.maketrans("0123456789", SUBSCRIPTS)
    return {
        node: name + str(i).translate(subscript) if len(nodes) > 1 else name
        for name, nodes in sharing.items()
        for i, node in enumerate(nodes, start=1)
    }


def formula(value: Value) -> Symbol | float:
    """What a graph computes, written out in the names of its leaves: `str` shows it, `size` tells how long it is.

    A node that is used twice is written twice, so the formula can be exponentially longer than the graph.

    >>> x = Value(2.0, "x")
    >>> for _ in range(3):
    ...     x = 4.0 * x * (1.0 - x)
    >>> formula(x).size
    43
    """
    return written_out(value, leaf_symbols(value))


def derivative_formula(output: Value, x: Value) -> Symbol | float:
    """∂output/∂x, written out in the names of the leaves: what symbolic differentiation gives.

    Raises as `gradients` does.
    """
    return written_out(gradients(output, [x])[0], leaf_symbols(output))


def leaf_symbols(root: Value) -> dict[Value, Symbol]:
    """A symbol for each leaf that may vary."""
    named = names(topological_order(root))
    return {node: Symbol(name) for node, name in named.items() if not node.op and not isinstance(node, Constant)}


def written_out(root: Value, symbols: dict[Value, Symbol]) -> Symbol | float:
    """A graph computed with symbols for its leaves."""
    result: Symbol | float = replay(topological_order(root), symbols)
    return result
