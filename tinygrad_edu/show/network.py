"""Draw a network as textbooks do: circles in columns, input | hidden | output, with the weights on the connections."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

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

Terms: TypeAlias = "list[tuple[Value, ...]]"  # (weight, input) or (bias,), that a pre-activation is the sum of
Neurons: TypeAlias = "dict[Value, tuple[Value, Terms]]"  # by the activation: the pre-activation, its terms
Place: TypeAlias = "tuple[str, float, float]"  # of a circle: its name in the picture, and its centre
CIRCLE, LINE, GAP = 80.0, 17.0, 240.0  # points: the room of a circle, of a weight, and from column to column
NEAR = 0.35  # of a gap: from the centre of a neuron to its weights
MANY = 16  # connections between two columns: of more nobody could read the weights
PLACED = {"layout": "neato", "inputscale": "72", "splines": "line", "outputorder": "edgesfirst"}
SHAPE = {"shape": "circle", "width": "1", "fixedsize": "true", "style": "filled"}
RAISED = SUPERSCRIPTS | str.maketrans("()", "⁽⁾")


def draw_network(graph: Graph, title: str, max_nodes: int) -> Digraph:
    """Draw the neurons of a graph layer by layer; after them the root, if it is computed of the outputs, as a loss is.

    Raises ValueError if they stand in no layers, or if there are more than `max_nodes` circles.
    """
    neurons = neurons_of(graph)
    columns = columns_of(graph, neurons)
    if (number := sum(map(len, columns))) > max_nodes:
        raise ValueError(f"{number:,} circles are too many to read: pass max_nodes={number}")
    many = any(len(left) * len(right) > MANY for left, right in pairwise(columns))
    dot = canvas(graph, title, "LR", say("many connections") if many else "")
    dot.attr(**PLACED)
    places = places_of(columns, 0.0 if many else NEAR)
    top = max(y for _, _, y in places.values()) + CIRCLE / 2.0 + LINE
    for layer, column in enumerate(columns):
        heading = say("input" if layer == 0 else "hidden" if column is not columns[-1] else "output")
        draw_text(dot, small(heading, NOTE_COLOUR), layer * GAP, top)
        for i, node in enumerate(column, start=1):
            name = indexed("a", layer, i) if layer else graph.name(node)
            draw_circle(dot, graph, node, name, places[node], neurons.get(node))
            for weight, x in filter(is_product, neurons[node][1] if layer else []):
                (tail, x1, y1), (head, x2, y2) = places[x], places[node]
                dot.edge(tail, head)
                if not many:
                    name = indexed("w", layer, i, columns[layer - 1].index(x) + 1)
                    text = small(f"{name} = {graph.number(weight.data)}", VALUE_COLOUR)
                    draw_text(dot, text, x2 + NEAR * (x1 - x2), y2 + NEAR * (y1 - y2))
    if graph.root not in places:
        draw_circle(dot, graph, graph.root, graph.name(graph.root), ("root", (len(columns) - 0.4) * GAP, 0.0))
        dot.edges((places[node][0], "root") for node in columns[-1])
    return dot


def places_of(columns: list[list[Value]], near: float) -> dict[Value, Place]:
    """Return the name of each circle and where its centre is, with room for weights so near to their neurons."""
    places: dict[Value, Place] = {}
    room, before = CIRCLE, 1
    for layer, column in enumerate(columns):
        room, before = max(CIRCLE, (near * (before - 1) * room + LINE) / (1.0 - near)), len(column)
        for i, node in enumerate(column):
            places[node] = f"v{len(places)}", layer * GAP, room * ((before - 1) / 2.0 - i)
    return places


def draw_circle(
    dot: Digraph, graph: Graph, node: Value, name: str, place: Place, neuron: tuple[Value, Terms] | None = None
) -> None:
    """Draw a neuron, with its activation, its δ = ∂L/∂z and its bias, or an input or the root with its value."""
    lines = [f"<b>{rich(name)}</b>", coloured(graph.number(node.data), VALUE_COLOUR)]
    if neuron:
        lines.append(coloured(f"δ = {gradient_text(neuron[0])}", GRADIENT_COLOUR))
        biases = [term[0] for term in neuron[1] if not is_product(term) and (term[0].varies or term[0].data)]
        lines += [small(f"b = {graph.number(bias.data)}", NOTE_COLOUR) for bias in biases]
    frame = BOXES["" if node.op else "input"] | (OUTPUT if node is graph.root else {}) | SHAPE
    text, (id, x, y) = label([cell(line, 'align="center"') for line in lines], 0), place
    dot.node(id, text, id=id, tooltip=plain(graph.name(node)), pos=f"{x:g},{y:g}!", **frame)


def draw_text(dot: Digraph, markup: str, x: float, y: float) -> None:
    """Draw a text on paper."""
    dot.node(f"t{len(dot.body)}", label([cell(markup)], 1, PAPER), shape="plain", pos=f"{x:g},{y:g}!")


def indexed(letter: str, layer: int, *places: int) -> str:
    """Write a name as the textbook does: "w⁽¹⁾₂₁", of neuron 2 from input 1."""
    below = ("," if max(places) > 9 else "").join(map(str, places))
    return letter + f"({layer})".translate(RAISED) + below.translate(SUBSCRIPTS)


def columns_of(graph: Graph, neurons: Neurons) -> list[list[Value]]:
    """Return the inputs, then the activations of each layer. Raises ValueError if neurons stand in no layers."""
    if not neurons:
        raise ValueError(f"style='network' needs neurons: {graph.name(graph.root)} has no weights × inputs")
    inputs = {a: [term[1] for term in filter(is_product, terms)] for a, (_, terms) in neurons.items()}
    column = {x: 0 for xs in inputs.values() for x in xs if not x.op}
    for a, xs in inputs.items():
        found = {graph.name(x): f"layer {column[x]}" if x in column else "no layer" for x in xs}
        if len(set(found.values())) > 1 or "no layer" in found.values():
            names = ", ".join(f"{name} of {layer}" for name, layer in found.items())
            raise ValueError(f"style='network' needs layers of neurons: {graph.name(neurons[a][0])} has inputs {names}")
        column[a] = 1 + column[xs[0]]
    return [[node for node in column if column[node] == layer] for layer in range(1 + max(column.values()))]


def neurons_of(graph: Graph) -> Neurons:
    """Return the neurons of a graph in the order of computation, however their sums are written.

    The activation is what a function makes of z, if nothing else uses z; else z itself.
    """
    users: dict[Value, list[Value]] = defaultdict(list)
    for node in graph.operations:
        for child in node.children:
            users[child].append(node)
    terms: dict[Value, Terms] = {}
    for node in graph.order:
        terms[node] = terms_of(node, {x: terms[x] if len(users[x]) == 1 or not x.op else [] for x in node.children})
    neurons: Neurons = {}
    for z in graph.operations:
        user = users[z][0] if len(users[z]) == 1 else z
        is_part = user is not z and user.op is rules.add and terms[user]
        if any(map(is_product, terms[z])) and not is_part:
            varying = [child for child in user.children if not isinstance(child, (Parameter, Constant))]
            is_function = user.op not in OPERATORS and user.op is not rules.neg and not is_neuron(user)
            neurons[user if is_function and varying == [z] else z] = z, terms[z]
    return neurons


def terms_of(node: Value, terms: dict[Value, Terms]) -> Terms:
    """Return the terms that a node is the sum of, given those of its operands; [] if it is no such sum."""
    found: Terms = [(node,)] if isinstance(node, (Parameter, Constant)) else []
    if node.op is rules.add:
        left, right = (terms[child] for child in node.children)
        found = left + right if left and right else []
    elif node.op is rules.mul:
        found = [tuple(sorted(node.children, key=lambda child: not isinstance(child, Parameter)))]
    elif is_neuron(node):
        found = node.op.written_out(*node.children)
    weighted = all(isinstance(w, Parameter) and not isinstance(x, Parameter) for w, x in filter(is_product, found))
    return found if weighted and sum(len(term) == 1 and term[0].varies for term in found) <= 1 else []


def is_product(term: tuple[Value, ...]) -> bool:
    return len(term) == 2
