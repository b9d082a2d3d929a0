"""Name the nodes of a graph: all that is shown of it uses these names."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tinygrad_edu import rules
from tinygrad_edu.engine import Constant, Value
from tinygrad_edu.readers.notation import SUPERSCRIPTS

SUBSCRIPTS = str.maketrans("0123456789()", "₀₁₂₃₄₅₆₇₈₉₍₎")
PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉₍₎", "01234567890123456789()")
ENDINGS = "0123456789₀₁₂₃₄₅₆₇₈₉_[]'"  # of the names of a series: h1, h_2, h₃, h[4]
NEURON = re.compile(r"(?P<place>.*\bneurons\.\d+)\.")  # layers.0.neurons.3.w.1
LAYER = re.compile(r"(?P<place>.*\blayers\.\d+|.*\bneurons)\.")
PLACE = re.compile(r"(?P<place>[\w.]+)\.[^\W\d]\w*(\.\d+)*$")


def node_names(order: Sequence[Value]) -> dict[Value, str]:
    """Name the nodes of a topological order, except constants without a label: they are their numbers.

    A node is called by its label, numbered if several have the same: x₁, x₂, …. Without one, a leaf is called v1, v2,
    …, an operation h1, h2, … in the order of computation, as in the textbook, or by another letter where labels have
    this one: nobody would tell h3 from the labels h1 and h2. Within a neuron it is "layers.0.neurons.3.h1".
    """
    named = numbered({node: derivative_name(node.label) for node in order if node.label})
    varying = [node for node in order if node not in named and not isinstance(node, Constant)]
    neurons = neurons_of(order)
    for letters, is_leaf in ("vuyz", True), ("hvtsr", False):
        series = {name.removeprefix("self.").rstrip(ENDINGS) for name in named.values()}
        endless = itertools.chain(letters, (letters[0] * n for n in itertools.count(2)))
        letter = next(letter for letter in endless if letter not in series)
        counts: Counter[str] = Counter()
        for node in varying:
            if is_leaf is not bool(node.op):
                within = f"{neurons[node]}." if node in neurons else ""
                counts[within] += 1
                named[node] = f"{within}{letter}{counts[within]}"
    return named


def numbered(names: Mapping[Value, str]) -> dict[Value, str]:
    """Number a name that several nodes share in their order, x₁, x₂, …; return the others as they are."""
    sharing: dict[str, list[Value]] = defaultdict(list)
    for node, name in names.items():
        sharing[name].append(node)
    taken = set(sharing)
    result: dict[Value, str] = {}
    for name, nodes in sharing.items():
        free = (new for i in itertools.count(1) if (new := name + str(i).translate(SUBSCRIPTS)) not in taken)
        result.update(zip(nodes, free if len(nodes) > 1 else [name], strict=False))
        taken.update(result[node] for node in nodes)
    return result


def derivative_name(label: str) -> str:
    """Write the gradient of a gradient as textbooks do, and every other label as it is.

    >>> derivative_name("ddy_dw_dw"), derivative_name("ddy_dw_db"), derivative_name("dy_dw")
    ('d²y/dw²', 'd²y/dwdb', 'dy_dw')
    """
    y, *along = label.split("_d")
    if len(along) < 2 or len(y) == len(along) or not (y.startswith("d" * len(along)) and all(along)):
        return label
    powers = [(f"d{x}", n) for x, n in Counter(along).items()]
    upper, *lower = [d + str(n).translate(SUPERSCRIPTS) * (n > 1) for d, n in [("d", len(along)), *powers]]
    return f"{upper}{y[len(along) :]}/{''.join(lower)}"


def marks_of(node: Value) -> Iterator[tuple[int, str]]:
    """Yield each operand that stands twice in an operation, with a mark: "₍₁₎", "₍₂₎", … in the order of writing."""
    times, met = Counter(node.children), Counter[Value]()
    if len(times) < len(node.children):
        operands = range(len(node.children))
        for i in [i for factors in node.op.written_out(*operands) for i in factors] or operands:
            child = node.children[i]
            met[child] += 1
            if times[child] > 1:
                yield i, f"({met[child]})".translate(SUBSCRIPTS)


def neurons_of(order: Sequence[Value]) -> dict[Value, str]:
    """Tell the nodes that stand in a neuron which it is, "layers.0.neurons.3": by their labels, or by what is around.

    A sum with weights stands where its bias does, whatever it is called. An operation without a label stands in the
    neuron of all that uses it, if it is made of something there.
    """
    neurons = {node: match["place"] for node in order if (match := NEURON.match(node.label))}
    users: dict[Value, set[str]] = defaultdict(set)
    likely: dict[Value, str] = {}
    for node in reversed(order):
        if is_neuron(node) and node.children[-1] in neurons:
            neurons[node] = neurons[node.children[-1]]
        elif node.op and not node.label and len(users[node]) == 1:
            [likely[node]] = users[node]
        for child in node.children:
            users[child].add(neurons.get(node) or likely.get(node, ""))
    for node, place in reversed(likely.items()):
        if any(neurons.get(child) == place for child in node.children):
            neurons[node] = place
    return neurons


def plain_name(name: str) -> str:
    """Write a name in digits of the line: "total_1" for "total₁", "d2y/dw2"."""
    return re.sub("(?<![₀-₉])(?=[₀-₉])", "_", name).translate(PLAIN)


def is_neuron(node: Value) -> bool:
    """Tell whether a node is the pre-activation of a neuron, a weighted sum."""
    return node.op is rules.weighted_sum


def short_name(name: str, neuron: str, beside: str) -> str:
    """Shorten the name of what stands in a neuron: beside its like "w.1", from elsewhere "a.3" of neuron 3.

    >>> short_name("layers.0.neurons.3.a", "layers.0.neurons.3", beside="layers.1.neurons.0")
    'a.3'
    """
    short = name.removeprefix(f"{neuron}.") if neuron else name
    return short if neuron == beside or short == name else f"{short}.{neuron.rpartition('.')[2]}"


def place_of(name: str, kind: re.Pattern[str] = PLACE) -> str:
    """Tell in which place, NEURON or LAYER a name stands: "layers.0.neurons.3" for "layers.0.neurons.3.w.1", or ""."""
    match = kind.match(name)
    return match["place"] if match else ""
