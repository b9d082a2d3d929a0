"""Draw a network as textbooks do: circles in columns, input | hidden | output, with the weights on the connections."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.engine import Constant, Parameter, Value
from tinygrad_edu.readers.naming import SUBSCRIPTS, is_neuron
from tinygrad_edu.readers.notation import OPERATORS, SUPERSCRIPTS
from tinygrad_edu.show.markup import PAPER, cell, coloured, label, plain, rich, small
from tinygrad_edu.show.steps import Graph
from tinygrad_edu.show.style import BOXES, GRADIENT_COLOUR, NOTE_COLOUR, OUTPUT, VALUE_COLOUR, canvas, gradient_text
from tinygrad_edu.words import say

if TYPE_CHECKING:
    from graphviz import Digraph

Terms: TypeAlias = "list[tuple[Value, ...]]"
CIRCLE, LINE, GAP = 80.0, 17.0, 240.0  # points: the room of a circle, of a weight, and from column to column
NEAR = 0.35  # of a gap: from the centre of a neuron to its weights
MANY = 16  # connections between two columns: of more nobody could read the weights
PLACED = {"layout": "neato", "inputscale": "72", "splines": "line", "outputorder": "edgesfirst"}
SHAPE = {"shape": "circle", "width": "1", "fixedsize": "true", "style": "filled"}
RAISED = SUPERSCRIPTS | str.maketrans("()", "⁽⁾")


class Neuron(NamedTuple):
    """Hold a pre-activation z, and what it is the sum of: products (weight, input) and biases."""

    z: Value
    products: list[tuple[Value, Value]]
    biases: list[Value]


def draw_network(graph: Graph, title: str, max_nodes: int) -> Digraph:
    """Draw the neurons of a graph layer by layer; after them the root, if it is computed of the outputs, as a loss is.

    Raises ValueError if they stand in no layers, or if there are more than `max_nodes` circles.
    """
    neurons = neurons_of(graph)
    columns = columns_of(graph, neurons)
    if (number := sum(map(len, columns))) > max_nodes:
        raise ValueError(f"{number:,} circles are too many to read: pass max_nodes={number}")
    many = any(len(left) * len(right) > MANY for left, right in zip(columns, columns[1:], strict=False))
    dot = canvas(graph, title, "LR", say("many connections") if many else "")
    dot.attr(**PLACED)
    places = places_of(columns, 0.0 if many else NEAR)
    top = max(y for _, _, y in places.values()) + CIRCLE / 2.0 + LINE
    for layer, column in enumerate(columns):
        heading = say("input" if layer == 0 else "hidden" if column is not columns[-1] else "output")
        draw_text(dot, small(heading, NOTE_COLOUR), layer * GAP, top)
        for i, node in enumerate(column, start=1):
            draw_circle(dot, graph, node, indexed("a", layer, i), *places[node], neurons.get(node))
            for weight, x in neurons[node].products if layer else ():
                (tail, x1, y1), (head, x2, y2) = places[x], places[node]
                dot.edge(tail, head)
                if not many:
                    name = indexed("w", layer, i, columns[layer - 1].index(x) + 1)
                    text = coloured(small(f"{name} = {graph.number(weight.data)}", VALUE_COLOUR), VALUE_COLOUR)
                    draw_text(dot, text, x2 + NEAR * (x1 - x2), y2 + NEAR * (y1 - y2))
    if graph.root not in places:
        draw_circle(dot, graph, graph.root, "", "root", (len(columns) - 0.4) * GAP, 0.0)
        dot.edges((places[node][0], "root") for node in columns[-1])
    return dot


def places_of(columns: list[list[Value]], near: float) -> dict[Value, tuple[str, float, float]]:
    """Return the name of each circle and where its centre is, with room for weights so near to their neurons."""
    places: dict[Value, tuple[str, float, float]] = {}
    room, before = CIRCLE, 1
    for layer, column in enumerate(columns):
        room, before = max(CIRCLE, (near * (before - 1) * room + LINE) / (1.0 - near)), len(column)
        for i, node in enumerate(column):
            places[node] = f"v{len(places)}", layer * GAP, room * ((before - 1) / 2.0 - i)
    return places


def draw_circle(
    dot: Digraph, graph: Graph, node: Value, name: str, id: str, x: float, y: float, neuron: Neuron | None = None
) -> None:
    """Draw a neuron, with its activation, its δ = ∂L/∂z and its bias, or an input or the root with its value."""
    lines = [f"<b>{rich(name if neuron else graph.name(node))}</b>", coloured(graph.number(node.data), VALUE_COLOUR)]
    if neuron:
        lines.append(coloured(f"δ = {gradient_text(neuron.z)}", GRADIENT_COLOUR))
        lines += [small(f"b = {graph.number(bias.data)}", NOTE_COLOUR) for bias in neuron.biases]
    frame = BOXES["" if node.op else "input"] | (OUTPUT if node is graph.root else {}) | SHAPE
    text, tooltip = label([cell(line, 'align="center"') for line in lines], 0), plain(graph.name(node))
    dot.node(id, text, id=id, tooltip=tooltip, pos=f"{x:g},{y:g}!", **frame)


def draw_text(dot: Digraph, markup: str, x: float, y: float) -> None:
    """Draw a text on paper."""
    dot.node(f"t{len(dot.body)}", label([cell(markup)], 1, PAPER), shape="plain", pos=f"{x:g},{y:g}!")


def indexed(letter: str, layer: int, *places: int) -> str:
    """Write a name as the textbook does: "w⁽¹⁾₂₁", of neuron 2 from input 1."""
    below = ("," if max(places) > 9 else "").join(map(str, places))
    return letter + f"({layer})".translate(RAISED) + below.translate(SUBSCRIPTS)


def columns_of(graph: Graph, neurons: dict[Value, Neuron]) -> list[list[Value]]:
    """Return the inputs, then the activations of each layer. Raises ValueError if neurons stand in no layers."""
    if not neurons:
        raise ValueError(f"style='network' needs neurons: {graph.name(graph.root)} has no weights × inputs")
    column = {x: 0 for neuron in neurons.values() for _, x in neuron.products if not x.op}
    for a, neuron in neurons.items():
        found = {graph.name(x): f"layer {column[x]}" if x in column else "no layer" for _, x in neuron.products}
        if len(set(found.values())) > 1 or "no layer" in found.values():
            inputs = ", ".join(f"{name} of {layer}" for name, layer in found.items())
            raise ValueError(f"style='network' needs layers of neurons: {graph.name(neuron.z)} has inputs {inputs}")
        column[a] = 1 + column[neuron.products[0][1]]
    return [[node for node in column if column[node] == layer] for layer in range(1 + max(column.values()))]


def neurons_of(graph: Graph) -> dict[Value, Neuron]:
    """Return the neurons of a graph by their activations, in the order of computation, however their sums are written.

    The activation is what a function makes of z, if nothing else uses z; else z itself.
    """
    users: dict[Value, list[Value]] = defaultdict(list)
    for node in graph.operations:
        for child in node.children:
            users[child].append(node)
    terms: dict[Value, Terms] = {}
    for node in graph.order:
        terms[node] = terms_of(node, {x: terms[x] if len(users[x]) == 1 or not x.op else [] for x in node.children})
    neurons: dict[Value, Neuron] = {}
    for z in graph.operations:
        products = [term for term in terms[z] if len(term) == 2]
        user = users[z][0] if len(users[z]) == 1 else z
        if products and not (user is not z and user.op is rules.add and terms[user]):  # which then is the whole sum
            varying = [child for child in user.children if not isinstance(child, (Parameter, Constant))]
            is_function = user.op not in OPERATORS and user.op is not rules.neg and not is_neuron(user)
            biases = [b for b, *x in terms[z] if not x and (b.varies or b.data)]
            neurons[user if is_function and varying == [z] else z] = Neuron(z, products, biases)
    return neurons


def terms_of(node: Value, terms: dict[Value, Terms]) -> Terms:
    """Return the products (weight, input) and the bias (b,) that a node is the sum of, [] if it is no such sum.

    `terms` are those of its operands, [] if they are used elsewhere too.
    """
    found: Terms = [(node,)] if isinstance(node, (Parameter, Constant)) else []
    if node.op is rules.add:
        left, right = (terms[child] for child in node.children)
        found = left + right if left and right else []
    elif node.op is rules.mul:
        found = [tuple(sorted(node.children, key=lambda child: not isinstance(child, Parameter)))]
    elif is_neuron(node):
        found = node.op.written_out(*node.children)
    weighted = all(isinstance(term[0], Parameter) and not isinstance(term[-1], Parameter) for term in found if term[1:])
    return found if weighted and sum(b.varies for b, *x in found if not x) <= 1 else []  # two: a sum of two neurons
