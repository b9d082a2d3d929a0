"""The diagram: one box per Value, one arrow per operand, drawn by Graphviz.

graphviz and all that only a picture needs is imported when one is drawn.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tinygrad_edu.engine import Constant, Parameter, Value, has_gradient
from tinygrad_edu.files import write_whole
from tinygrad_edu.readers.naming import LAYER, NEURON, place_of
from tinygrad_edu.readers.notation import FORMULA, OPERATION
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.show.render import INSTALL, render
from tinygrad_edu.show.steps import Graph, is_neuron, kind

if TYPE_CHECKING:
    from graphviz import Digraph

VALUE_COLOUR = "#005A9C"
GRADIENT_COLOUR = "#A33B00"
NOTE_COLOUR = "#555555"
DETAILED_NODES = 40  # beyond these, one line per box and no labels on the arrows
SIDE_BY_SIDE = 12  # weights and biases of a layer whose labels fit beside each other on a page
DENSE = 4  # arrows for each box: more of them are a solid bar
LONG_SUM = 9  # operands: a weighted sum of more is not written out
LONG_LINE = 28  # characters: a name and what it is, if longer, take several lines
MANY_INPUTS = 8  # of one layer: more are drawn as one box where each layer is one
GREEK = {"sigmoid": "σ", "maximum": "max", "minimum": "min"}
FORMULAS = FORMULA._replace(negative="−", minus="−", functions=GREEK)
OPERATIONS = OPERATION._replace(negative="−", functions=GREEK)
BOX = {"color": "#333333", "fillcolor": "#FFFFFF", "style": "filled", "penwidth": "1", "peripheries": "1"}
OUTPUT = {"peripheries": "2"}
BOXES = {  # what a node is, told by colour and by shape
    "parameter": BOX | {"color": GRADIENT_COLOUR, "fillcolor": "#FDE7C7", "style": "filled,rounded", "penwidth": "2"},
    "input": BOX | {"color": VALUE_COLOUR, "fillcolor": "#DCEBF7", "style": "filled,rounded"},
    "constant": BOX | {"fillcolor": "#F2F2F2", "style": "filled,dashed"},
    "": BOX,
}
MARKED = {"color": "#B00020", "penwidth": "3"}


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
    """The graph of `root` as an unrendered `graphviz.Digraph`, which a notebook shows as a picture.

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
    dot = canvas(graph, title, direction or readable_direction(boxes, folded), "" if detailed else omitted(folded))
    draw_nodes(dot, graph, boxes, folded, marked or {}, detailed)
    return dot


def weights_on_arrows(nodes: list[Value], neurons: list[Value]) -> dict[Value, tuple[Value, int]]:
    """The parameters that need no box: each with its neuron and the operand whose arrow shows it, -1 for the bias.

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


def canvas(graph: Graph, title: str, direction: str, note: str = "") -> Digraph:
    """An empty picture; a note says what it leaves out, and then its arrows are thin."""
    from tinygrad_edu.show.picture import Picture

    dot = Picture("tinygrad_edu", graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE | (THIN if note else {}))
    dot.root = graph.root
    dot.attr(rankdir=direction)
    lines = [rich(title)] if title else []
    for remark, colour in (note, NOTE_COLOUR), (graph.changed_data(), MARKED["color"]):
        if remark:
            lines.append(f'<font point-size="9" color="{colour}">{rich(remark)}</font>')
    if lines:
        dot.attr(label=f"<{'<br/>'.join(lines)}>", labelloc="t")
    return dot


def omitted(folded: Mapping[Value, tuple[Value, int]]) -> str:
    """What a picture of one-line boxes does not show."""
    parameters = f", {len(folded)} weights and biases" if folded else ""
    return f"not shown, because there are too many: formulas, local derivatives{parameters}"


FONT = "Helvetica,Arial,sans-serif"
GRAPH = {"bgcolor": "white", "fontname": FONT, "nodesep": "0.25", "ranksep": "0.25", "ordering": "in", "tooltip": " "}
NODE = {"fontname": FONT, "fontsize": "11", "shape": "box", "margin": "0.06,0.03", "width": "0.1", "height": "0.1"}
EDGE = {"fontname": FONT, "fontsize": "9", "color": NOTE_COLOUR, "arrowsize": "0.7"}
THIN = {"penwidth": "0.5", "arrowsize": "0.5"}


def readable_direction(boxes: list[Value], folded: Mapping[Value, tuple[Value, int]]) -> str:
    """In which direction a picture is narrow enough to be read on a page."""
    rank = ranks(boxes, {})
    if not folded:
        return "LR" if max(rank.values()) <= 5 else "TB"
    labels = Counter(rank[neuron] for neuron, _ in folded.values())
    return "TB" if max(labels.values()) <= SIDE_BY_SIDE else "LR"


def ranks(nodes: list[Value], groups: Mapping[Value, str | Value]) -> dict[str | Value, int]:
    """For each box, a node or a group of them, the number of boxes on the longest path to it."""
    rank: dict[str | Value, int] = {}
    for node in nodes:
        box = groups.get(node, node)
        operands = {groups.get(child, child) for child in node.children} - {box}
        rank[box] = max(rank.get(box, 0), 1 + max((rank.get(operand, 0) for operand in operands), default=0))
    return rank


def draw_nodes(
    dot: Digraph,
    graph: Graph,
    nodes: list[Value],
    folded: dict[Value, tuple[Value, int]],
    marked: Mapping[Value, str],
    detailed: bool,
) -> None:
    """A box for each node and an arrow for each operand that has a box."""
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
    """The arrows of a picture of these nodes, e0, e1, …: each a node, the number of an operand, and the operand."""
    drawn = set(nodes)
    return [(node, i, child) for node in nodes for i, child in enumerate(node.children) if child in drawn]


def detailed_box(graph: Graph, node: Value, bias: Value | None = None, note: str = "") -> str:
    """A name and what it is, a value, a gradient, a line for each; the bias that has no box of its own; a note."""
    rows = [*map(wide_cell, heading(graph, node)), number_cells("value", FORMULAS.number(node.data), VALUE_COLOUR)]
    if not isinstance(node, Constant):
        rows.append(number_cells("grad", gradient_text(node), GRADIENT_COLOUR))
    if bias is not None:
        rows.append(wide_cell(value_and_gradient(f"{rich(graph.operand_name(node, bias))} = ", bias)))
    if note:
        rows.append(wide_cell(coloured(f"<b>{rich(note)}</b>", MARKED["color"])))
    return table(rows, padding=2)


def heading(graph: Graph, node: Value) -> list[str]:
    """A name and what it is: in one line, or where that is long, in several."""
    name = graph.name(node, FORMULAS)
    bold = f"<b>{rich(name)}</b>"
    if not node.op:
        return [f'{bold} <font point-size="9" color="{NOTE_COLOUR}">{kind(node)}</font>']
    definition = f" = {operation(graph, node)}"
    if len(name + definition) <= LONG_LINE:
        return [bold + rich(definition)]
    terms = definition[1:].split(" + ") if is_neuron(node) else [definition[1:]]
    return [bold, *map(rich, lines_of(terms))]


def lines_of(terms: list[str]) -> list[str]:
    """A sum in lines that are not too long."""
    lines = [terms[0]]
    for term in terms[1:]:
        if len(f"{lines[-1]} + {term}") <= LONG_LINE:
            lines[-1] += f" + {term}"
        else:
            lines.append(f"+ {term}")
    return lines


def operation(graph: Graph, node: Value) -> str:
    """What a node is, in names, unless that is too long to read."""
    long_sum = is_neuron(node) and len(node.children) > LONG_SUM
    return "Σ wᵢ × xᵢ + b" if long_sum else graph.operation(node, OPERATIONS)


def weight_label(graph: Graph, node: Value, weight: Value) -> str:
    """A weight on the arrow from its input: its name within its neuron, its value; below them its gradient."""
    value, gradient = numbers(f"{rich(graph.operand_name(node, weight))} = ", weight)
    return table([f'<td align="left">{value}</td>', f'<td align="left">{gradient}</td>'], padding=1)


def numbers(name: str, node: Value) -> tuple[str, str]:
    """The value of a node, after its name, and the gradient."""
    value = coloured(f"{name}{FORMULAS.number(node.data)}", VALUE_COLOUR)
    return value, coloured(f"grad {gradient_text(node)}", GRADIENT_COLOUR)


def value_and_gradient(name: str, node: Value) -> str:
    """The two numbers of a node in one line."""
    return "  ".join(numbers(name, node))


def one_line_box(graph: Graph, node: Value, note: str = "") -> str:
    """A name, a value, a gradient and a note in one line."""
    remark = "  " + coloured(f"<b>{rich(note)}</b>", MARKED["color"]) if note else ""
    return f"<<b>{rich(graph.name(node))}</b>{rich(' = ')}{value_and_gradient('', node)}{remark}>"


def arrow_label(graph: Graph, node: Value, operand: int) -> str:
    """∂node/∂child, its formula and its number; below it the contribution to the child's gradient."""
    child = node.children[operand]
    formula = text_of(graph.formulas(node)[operand], FORMULAS)
    derivative = f"∂{graph.operand_name(node, node)}/∂{graph.operand_name(node, child)} = {formula}"
    try:
        partial = node.partials()[operand]
    except (ValueError, ArithmeticError):
        return table([f'<td align="left">{rich(derivative)} does not exist here</td>'], padding=1)
    number = FORMULAS.number(partial)
    rows = [f'<td align="left">{rich(derivative if formula == number else f"{derivative} = {number}")}</td>']
    if has_gradient(node) and has_gradient(child):
        product = f"← {gradient_text(node)} × {number} = {FORMULAS.number(node.grad * partial)}"
        rows.append(f'<td align="left">{coloured(product, GRADIENT_COLOUR)}</td>')
    return table(rows, padding=1)


def draw_collapsed(graph: Graph, nodes: list[Value], title: str, direction: str | None, max_nodes: int) -> Digraph:
    """One box for each neuron, or else for each layer, told by the names of the nodes."""
    unit, groups = "neuron", grouped(graph, nodes, NEURON)
    number = len(set(groups.values()))
    if number > max_nodes or len(arrows_between(nodes, groups)) > DENSE * number:
        unit, groups = "layer", inputs_grouped(graph, nodes, grouped(graph, nodes, LAYER))
    members: dict[str | Value, list[Value]] = {}
    for node in reversed(nodes):  # from the root, so that a box stands where the last node within it does
        members.setdefault(groups[node], []).append(node)
    check_number(len(members), len(nodes), max_nodes)
    direction = direction or ("LR" if max(ranks(nodes, groups).values()) <= 5 else "TB")
    dot = canvas(graph, title, direction, f"each {unit} is one box: {len(nodes):,} nodes in all")
    ids = {group: f"v{i}" for i, group in enumerate(reversed(members))}
    for group, box_id in ids.items():
        style = BOXES[kind(members[group][0])]
        if group == groups[graph.root]:
            style = style | OUTPUT
        box = one_line_box(graph, group) if isinstance(group, Value) else group_box(graph, group, members[group])
        dot.node(box_id, box, id=box_id, **style)
    for tail, head in arrows_between(nodes, groups):
        dot.edge(ids[tail], ids[head])
    return dot


def grouped(graph: Graph, nodes: list[Value], within: re.Pattern[str]) -> dict[Value, str | Value]:
    """For each node what it is drawn within, a neuron or a layer by name, or itself."""
    return {node: place_of(graph.name(node), within) or node for node in nodes}


def inputs_grouped(
    graph: Graph, nodes: list[Value], groups: Mapping[Value, str | Value]
) -> dict[Value, str | Value]:
    """The groups, and many inputs of the same layer drawn as one box too: "x1 … x64"."""
    uses: dict[Value, set[str | Value]] = {}
    for node in nodes:
        for child in node.children:
            uses.setdefault(child, set()).add(groups[node])
    together: dict[frozenset[str | Value], list[Value]] = {}
    for node in nodes:
        if kind(node) == "input" and groups[node] is node:
            together.setdefault(frozenset(uses[node]), []).append(node)
    many = [inputs for inputs in together.values() if len(inputs) > MANY_INPUTS]
    names = {node: f"{graph.name(inputs[0])} … {graph.name(inputs[-1])}" for inputs in many for node in inputs}
    return {**groups, **names}


def arrows_between(nodes: list[Value], groups: Mapping[Value, str | Value]) -> list[tuple[str | Value, str | Value]]:
    """One arrow from a group to each other that uses it."""
    ends = ((groups[child], groups[node]) for node in nodes for child in node.children if child in groups)
    return list(dict.fromkeys((tail, head) for tail, head in ends if tail != head))


def check_number(boxes: int, nodes: int, max_nodes: int) -> None:
    """Raises ValueError for more boxes than may be drawn."""
    if boxes > max_nodes:
        collapsed = f", and so are {boxes:,} boxes, with each layer as one" if boxes < nodes else ""
        advice = f"draw the graph of a node within, or pass max_nodes={nodes}"
        raise ValueError(f"{nodes:,} nodes are too many to read{collapsed}: {advice}")


def group_box(graph: Graph, name: str, members: list[Value]) -> str:
    """A name, how many neurons it stands for if it is a layer, how many nodes and parameters."""
    neurons = {place_of(graph.name(node), NEURON) for node in members} - {name, ""}
    parameters = sum(isinstance(node, Parameter) for node in members)
    head = f"<b>{rich(name)}</b>" + (rich(f"  {counted(len(neurons), 'neuron')}") if neurons else "")
    size = counted(len(members), "node") + (f", {parameters:,} of them parameters" if parameters else "")
    return table([f'<td align="left">{head}</td>', f'<td align="left">{coloured(size, NOTE_COLOUR)}</td>'], padding=2)


def counted(number: int, noun: str) -> str:
    """A number of things: "1 neuron", "1,200 neurons"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def gradient_text(node: Value) -> str:
    """The gradient as it stands; "–" is not computed, which is not 0."""
    return FORMULAS.number(node.grad) if has_gradient(node) else "–"


def wide_cell(markup: str) -> str:
    return f'<td align="left" colspan="2">{markup}</td>'


def number_cells(name: str, number: str, colour: str) -> str:
    bold = coloured(f"<b>{number}</b>", colour)
    return f'<td align="left">{coloured(name, colour)}</td><td align="right">{bold}</td>'


def coloured(markup: str, colour: str) -> str:
    return f'<font color="{colour}">{markup}</font>'


def table(rows: list[str], padding: int) -> str:
    """An HTML-like label of Graphviz with one row of cells after another."""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="{padding}">{body}</table>>'


def rich(text: str) -> str:
    """Any text, for an HTML-like label; lines longer than Graphviz can read are broken.

    A space at the beginning is one that browsers do not drop; tabs, and brackets at an end, Graphviz cannot read.
    """
    import html

    text = printable(text).expandtabs(4)
    lines = [line[i : i + LINE] for line in text.split("\n") for i in range(0, len(line) or 1, LINE)]
    escaped = (html.escape(line).replace("\\", r"\\").replace("]", "&#93;") for line in lines)
    return "<br/>".join(re.sub("^ ", "&#160;", line) for line in escaped)


def plain(text: str) -> str:
    """Any text, for an attribute; of a very long one, the beginning (the box has it whole)."""
    from graphviz import nohtml

    beginning = printable(text)[: 20 * LINE]
    attribute: str = nohtml(beginning.replace("&", "&amp;").replace("\\", 4 * "&#92;"))  # Graphviz halves them twice
    return attribute


def printable(text: str) -> str:
    """A text with those characters written out that XML does not allow: "\\x00"."""
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


LINE = 100  # characters
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def save_graph(
    root: Value,
    path: str | Path,
    title: str = "",
    *,
    weights: str | None = None,
    constants: bool = False,
    max_nodes: int = 200,
    direction: str | None = None,
    marked: Mapping[Value, str] | None = None,
) -> Path:
    """Draw the graph of `root` into a file, its format told by the name (.svg, .png, .pdf, .gv), and return its path.

    The other arguments are those of `draw_dot`.

    Where no renderer is installed the .gv file is written instead, its path is returned, and one line says what to
    install. Raises ValueError for an unknown format, OSError if the file cannot be written.
    """
    path = Path(path)
    format = format_of(path)
    dot = draw_dot(
        root, title, weights=weights, constants=constants, max_nodes=max_nodes, direction=direction, marked=marked
    )
    if format == "gv":
        return write_whole(path, dot.source)
    picture = render(dot.source, format)
    if picture is None:
        print(f"no Graphviz found, so a .gv file is written instead of a picture: {INSTALL}", file=sys.stderr)
        return write_whole(path.with_suffix(".gv"), dot.source)
    return write_whole(path, picture)


FORMATS = ("svg", "png", "pdf", "gv")


def format_of(path: Path) -> str:
    """The format that the name of a file tells. Raises ValueError if it tells none."""
    format = path.suffix[1:].lower()
    if format not in FORMATS:
        raise ValueError(f"cannot tell a format from {path.name!r}: the name must end in one of {', '.join(FORMATS)}")
    return format
