"""Name the nodes of a graph: all that is shown of it uses these names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tinygrad_edu.engine import Constant, Value

SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
NEURON = re.compile(r"(?P<place>.*\bneurons\.(?P<number>\d+))\.(?P<rest>.+)")  # layers.0.neurons.3.w.1
LAYER = re.compile(r"(?P<place>.*\blayers\.\d+|.*\bneurons)\.")
PLACE = re.compile(r"(?P<place>[\w.]+)\.[^\W\d]\w*(\.\d+)*")


def node_names(order: Sequence[Value]) -> dict[Value, str]:
    """Name the nodes of a topological order, except constants without a label: they are their numbers.

    A node is called by its label, numbered if several have the same: x₁, x₂, …. Without one, an operation is called
    h1, h2, … in the order of computation, a leaf v1, v2, …, as in the textbook; t1 or u1 where h or v is a label.
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


def numbered(names: Mapping[Value, str]) -> dict[Value, str]:
    """Number a name that several nodes share in their order, x₁, x₂, …; return the others as they are."""
    sharing: dict[str, list[Value]] = {}
    for node, name in names.items():
        sharing.setdefault(name, []).append(node)
    subscript = str.maketrans("0123456789", SUBSCRIPTS)
    return {
        node: name + str(i).translate(subscript) if len(nodes) > 1 else name
        for name, nodes in sharing.items()
        for i, node in enumerate(nodes, start=1)
    }


def short_name(name: str, beside: str) -> str:
    """Shorten the name of a node as it is seen from another: within its neuron "w.1", from elsewhere "a.3" of neuron 3.

    >>> short_name("layers.0.neurons.3.a", beside="layers.1.neurons.0.z")
    'a.3'
    """
    found, other = NEURON.match(name), NEURON.match(beside)
    if not found:
        return name
    return found["rest"] if other and found["place"] == other["place"] else f"{found['rest']}.{found['number']}"


def place_of(name: str, kind: re.Pattern[str] = PLACE) -> str:
    """Tell where in a network a name stands: "layers.0.neurons.3" for "layers.0.neurons.3.w.1"; "" if nowhere.

    With NEURON or LAYER for its kind, it is the neuron or the layer.
    """
    match = kind.fullmatch(name) if kind is PLACE else kind.match(name)
    return match["place"] if match else ""
