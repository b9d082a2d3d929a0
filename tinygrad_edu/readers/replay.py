"""Use a graph that is there already: recompute it with other numbers, or let its nodes hold others for a while."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tinygrad_edu.engine import NOT_COMPUTED, Value, topological_order
from tinygrad_edu.rule import check_data


def replay(order: Sequence[Value], given: Mapping[Value, Any]) -> Any:
    """Recompute the last node of a topological order after substituting numbers, or any kind of scalar, for some nodes.

    What depends on none of these keeps its number, as a plain float.

    >>> x = Value(3.0, "x")
    >>> replay(topological_order(x * x), {x: 4.0})
    16.0
    """
    computed = dict(given)
    for node in order:
        if node not in computed and any(child in computed for child in node.children):
            computed[node] = node.op(*[computed.get(child, child.data) for child in node.children])
    return computed.get(order[-1], order[-1].data)


def depending_on(order: Sequence[Value], nodes: Iterable[Value]) -> list[Value]:
    """Return all of a topological order that is among the nodes or computed from them."""
    reached = set(nodes)
    for other in order:
        if any(child in reached for child in other.children):
            reached.add(other)
    return [other for other in order if other in reached]


@contextmanager
def replaced(attribute: str, replacements: Mapping[Value, Any]) -> Iterator[None]:
    """Temporarily replace the `data`, `grad` or `label` of some nodes; restore it when the block ends."""
    before = {node: getattr(node, attribute) for node in replacements}
    try:
        for node, replacement in replacements.items():
            setattr(node, attribute, replacement)
        yield
    finally:
        for node, original in before.items():
            setattr(node, attribute, original)


def fresh_gradients(root: Value) -> AbstractContextManager[None]:
    """Temporarily clear the gradients of all nodes that `root` depends on; restore them when the block ends."""
    return replaced("grad", dict.fromkeys(topological_order(root), NOT_COMPUTED))


def gradient_numbers(root: Value, held: Mapping[Value, float] = {}) -> dict[Value, float]:  # noqa: B006
    """Return ∂root/∂node for every node, added to what leaves `held`, as `backward` leaves it. No `grad` is touched.

    >>> x = Value(3.0, "x")
    >>> gradient_numbers(x * x)[x]
    6.0
    """
    order = topological_order(root)
    check_data(*order)
    gradients = {**dict.fromkeys(order, 0.0), **held}
    gradients[root] += 1.0
    for node in reversed(order):
        if node.op:
            upstream = gradients[node]
            for child, partial in zip(node.children, node.partials(), strict=True):
                gradients[child] += upstream * partial
    return gradients
