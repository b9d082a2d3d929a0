"""Draw a graph: one box per Value, one arrow per operand, by Graphviz.

graphviz and all that only a picture needs is imported when one is drawn.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_edu.engine import Constant, Parameter, Value, has_gradient
from tinygrad_edu.files import write_whole
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.show.collapsed import draw_collapsed
from tinygrad_edu.show.markup import cell, coloured, label, number_cells, plain, rich, small, wide_cell
from tinygrad_edu.show.render import render
from tinygrad_edu.show.steps import Graph, is_neuron, kind
from tinygrad_edu.show.style import (
    BOXES,
    FORMULAS,
    GRADIENT_COLOUR,
    MARKED,
    NOTE_COLOUR,
    OPERATIONS,
    OUTPUT,
    VALUE_COLOUR,
    canvas,
    gradient_text,
    one_line_box,
    ranks,
    value_and_gradient,
)
from tinygrad_edu.words import say

if TYPE_CHECKING:
    from graphviz import Digraph

DETAILED_NODES = 40  # beyond these, one line per box and no labels on the arrows
SIDE_BY_SIDE = 12  # weights and biases of a layer whose labels fit beside each other on a page
LONG_SUM = 9  # operands: a weighted sum of more is not written out
LONG_LINE = 28  # characters: a name and what it is, if longer, take several lines
FORMATS = ("svg", "png", "pdf", "gv")


def draw_dot(
    root: Value,
    title: str = "",
    *,
    weights: str | None = None,
    constants: bool = False,
    max_nodes: int = 200,
    direction: str | None = None,
    marked: Mapping[Value, str] | None = None,
) -> Digraph:
    """Return the graph of `root` as an unrendered `graphviz.Digraph`, which a notebook shows as a picture.

    Each box holds a Value's name, what it is, its value and its gradient as it stands, "–" where none is computed. Each
    arrow from an operand holds the local derivative and what it contributed to the operand's gradient.

    weights     "boxes" of their own, or on the "arrows" from the inputs they weigh, as a textbook draws a network;
                without it, boxes for a single neuron and arrows for a network
    constants   draw a box for each plain number too; else numbers stand only in the formulas
    max_nodes   beyond so many boxes, or weights on arrows, each neuron is drawn as one box, or else each layer
    direction   "LR" or "TB"; without it, left to right for wide networks and for up to five ranks
    marked      nodes to point at, each with a note on why

    Raises ValueError if even so there are more than `max_nodes` boxes, or for an unknown `weights` or `direction`.
    """
    if weights not in ("boxes", "arrows", None):
        raise ValueError(f"weights must be 'boxes' or 'arrows', got {weights!r}")
    if direction not in ("LR", "TB", None):
        raise ValueError(f"direction must be 'LR' or 'TB', got {direction!r}")
    graph = Graph(root, short=True)
    nodes = [node for node in graph.order if constants or not isinstance(node, Constant)]
    neurons = list(filter(is_neuron, nodes))
    network = weights == "arrows" or weights is None and len(neurons) > 1
    folded = weights_on_arrows(nodes, neurons) if network else {}
    boxes = [node for node in nodes if node not in folded]
    size = max(len(boxes), len(folded))
    if size > max_nodes:
        return draw_collapsed(graph, nodes, title, direction, max_nodes)
    detailed = size <= DETAILED_NODES
    omitted = say("weights not shown", count=len(folded)) if folded else say("not shown")
    dot = canvas(graph, title, direction or readable_direction(boxes, folded), "" if detailed else omitted)
    draw_nodes(dot, graph, boxes, folded, marked or {}, detailed)
    return dot


def weights_on_arrows(nodes: list[Value], neurons: list[Value]) -> dict[Value, tuple[Value, int]]:
    """Return the parameters that need no box: each with its neuron and the operand whose arrow shows it, -1 for a bias.

    These are the parameters used once, as the weight of an operand that is drawn, or as the bias.
    """
    uses = Counter(child for node in nodes for child in node.children)
    folded: dict[Value, tuple[Value, int]] = {}
    for neuron in neurons:
        *products, (bias,) = neuron.op.written_out(*neuron.children)
        for i, (weight, x) in enumerate(products, start=len(products)):
            if isinstance(weight, Parameter) and uses[weight] == 1 and not isinstance(x, Constant):
                folded[weight] = neuron, i
        if isinstance(bias, Parameter) and uses[bias] == 1:
            folded[bias] = neuron, -1
    return folded


def readable_direction(boxes: list[Value], folded: Mapping[Value, tuple[Value, int]]) -> str:
    """Tell in which direction a picture is narrow enough to be read on a page."""
    rank = ranks(boxes, {})
    if not folded:
        return "LR" if max(rank.values()) <= 5 else "TB"
    labels = Counter(rank[neuron] for neuron, _ in folded.values())
    return "TB" if max(labels.values()) <= SIDE_BY_SIDE else "LR"


def draw_nodes(
    dot: Digraph,
    graph: Graph,
    nodes: list[Value],
    folded: dict[Value, tuple[Value, int]],
    marked: Mapping[Value, str],
    detailed: bool,
) -> None:
    """Draw a box for each node and an arrow for each operand that has a box."""
    ids = {node: f"v{i}" for i, node in enumerate(nodes)}
    shown_at = {place: parameter for parameter, place in folded.items()}
    if folded:
        dot.attr(ranksep="0.35")  # room for arrows that cross
    if not detailed:
        dot.attr(nslimit="2", nslimit1="2")  # how long dot improves: without, a hundred long arrows take it hours
    for node in nodes:
        style = BOXES[kind(node)] | (OUTPUT if node is graph.root else {}) | (MARKED if node in marked else {})
        note = marked.get(node, "")
        box = detailed_box(graph, node, shown_at.get((node, -1)), note) if detailed else one_line_box(graph, node, note)
        dot.node(ids[node], box, id=ids[node], tooltip=plain(graph.name(node)), **style)
    for number, (node, i, child) in enumerate(arrows(nodes)):
        tooltip = plain(f"{graph.name(child)} to {graph.name(node)}")
        arrow = ""
        if detailed and (weight := shown_at.get((node, i))) is not None:
            arrow = weight_label(graph, node, weight)
        elif detailed and not isinstance(child, Constant):
            arrow = arrow_label(graph, node, i)
        dot.edge(ids[child], ids[node], arrow, id=f"e{number}", tooltip=tooltip)


def arrows(nodes: list[Value]) -> list[tuple[Value, int, Value]]:
    """List the arrows of a picture, e0, e1, …: each is a node, the number of an operand, and the operand."""
    drawn = set(nodes)
    return [(node, i, child) for node in nodes for i, child in enumerate(node.children) if child in drawn]


def detailed_box(graph: Graph, node: Value, bias: Value | None = None, note: str = "") -> str:
    """Write a name and what it is, a value, a gradient; the bias that has no box of its own; a note."""
    rows = [*map(wide_cell, heading(graph, node)), number_cells(say("value"), FORMULAS.number(node.data), VALUE_COLOUR)]
    if not isinstance(node, Constant):
        rows.append(number_cells(say("gradient"), gradient_text(node), GRADIENT_COLOUR))
    if bias is not None:
        name = rich(graph.operand_name(node, bias))
        rows.append(wide_cell("  ".join(value_and_gradient(f"{name} = ", bias))))
    if note:
        rows.append(wide_cell(coloured(f"<b>{rich(note)}</b>", MARKED["color"])))
    return label(rows, padding=2)


def heading(graph: Graph, node: Value) -> list[str]:
    """Write a name and what it is: in one line, or where that is long, in several."""
    name = graph.name(node, FORMULAS)
    bold = f"<b>{rich(name)}</b>"
    if not node.op:
        return [f"{bold} {small(say(kind(node)), NOTE_COLOUR)}"]
    definition = f" = {operation(graph, node)}"
    if len(name + definition) <= LONG_LINE:
        return [bold + rich(definition)]
    terms = definition[1:].split(" + ") if is_neuron(node) else [definition[1:]]
    return [bold, *map(rich, lines_of(terms))]


def lines_of(terms: list[str]) -> list[str]:
    """Break a sum into lines that are not too long."""
    lines = [terms[0]]
    for term in terms[1:]:
        if len(f"{lines[-1]} + {term}") <= LONG_LINE:
            lines[-1] += f" + {term}"
        else:
            lines.append(f"+ {term}")
    return lines


def operation(graph: Graph, node: Value) -> str:
    """Write what a node is, in names, unless that is too long to read."""
    long_sum = is_neuron(node) and len(node.children) > LONG_SUM
    return say("weighted sum") if long_sum else graph.operation(node, OPERATIONS)


def weight_label(graph: Graph, node: Value, weight: Value) -> str:
    """Write a weight on the arrow from its input: its name within its neuron, its value; below them its gradient."""
    name = rich(graph.operand_name(node, weight))
    return label([*map(cell, value_and_gradient(f"{name} = ", weight))], padding=1)


def arrow_label(graph: Graph, node: Value, operand: int) -> str:
    """Write ∂node/∂child, its formula and its number; below it the contribution to the child's gradient."""
    child = node.children[operand]
    formula = text_of(graph.formulas(node)[operand], FORMULAS)
    derivative = f"∂{graph.operand_name(node, node)}/∂{graph.operand_name(node, child)} = {formula}"
    try:
        partial = node.partials()[operand]
    except (ValueError, ArithmeticError):
        return label([cell(f"{rich(derivative)} {say('does not exist')}")], padding=1)
    number = FORMULAS.number(partial)
    rows = [cell(rich(derivative if formula == number else f"{derivative} = {number}"))]
    if has_gradient(node) and has_gradient(child):
        product = f"← {gradient_text(node)} × {number} = {FORMULAS.number(node.grad * partial)}"
        rows.append(cell(coloured(product, GRADIENT_COLOUR)))
    return label(rows, padding=1)


def save_graph(root: Value, path: str | Path, title: str = "", **options: Any) -> Path:
    """Draw the graph of `root` into a file, its format told by the name (.svg, .png, .pdf, .gv), and return its path.

    `options` are those of `draw_dot`: weights, constants, max_nodes, direction, marked.

    Where no renderer is installed the .gv file is written instead, its path is returned, and one line says what to
    install. Raises ValueError for an unknown format, OSError if the file cannot be written.
    """
    path = Path(path)
    format = format_of(path)
    dot = draw_dot(root, title, **options)
    if format == "gv":
        return write_whole(path, dot.source)
    picture = render(dot.source, format)
    if picture is None:
        print(say("no renderer", advice=say("install")), file=sys.stderr)
        return write_whole(path.with_suffix(".gv"), dot.source)
    return write_whole(path, picture)


def format_of(path: Path) -> str:
    """Return the format that the name of a file tells. Raises ValueError if it tells none."""
    format = path.suffix[1:].lower()
    if format not in FORMATS:
        raise ValueError(f"cannot tell a format from {path.name!r}: the name must end in one of {', '.join(FORMATS)}")
    return format
