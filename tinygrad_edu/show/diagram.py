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

from tinygrad_edu.engine import Constant, NotComputed, Parameter, Value
from tinygrad_edu.files import write_whole
from tinygrad_edu.rules import WeightedSum
from tinygrad_edu.show.render import INSTALL, render
from tinygrad_edu.show.steps import Graph, kind
from tinygrad_edu.symbol import FORMULA, OPERATION, text_of

if TYPE_CHECKING:
    from graphviz import Digraph

VALUE_COLOUR = "#005A9C"
GRADIENT_COLOUR = "#A33B00"
NOTE_COLOUR = "#555555"
DETAILED_NODES = 40  # beyond these, one line per box and no labels on the arrows
EQUALS = "&#160;= "  # a browser drops an ordinary space at the beginning of a text
LONG_SUM = 9  # operands: a weighted sum of more is not written out
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
    max_nodes   beyond so many boxes each neuron is drawn as one box, or else each layer
    direction   "LR" or "TB"; without it, left to right for networks and for up to five ranks
    marked      nodes to point at, each with a note on why

    Raises ValueError if even so there are more than `max_nodes` boxes, or for an unknown `weights`.
    """
    if weights not in ("boxes", "arrows", None):
        raise ValueError(f"weights must be 'boxes' or 'arrows', got {weights!r}")
    graph = Graph(root, short=True)
    nodes = [node for node in graph.order if constants or not isinstance(node, Constant)]
    neurons = [node for node in nodes if isinstance(node.op, WeightedSum)]
    network = weights == "arrows" or weights is None and len(neurons) > 1
    folded = weights_on_arrows(nodes, neurons) if network else {}
    boxes = [node for node in nodes if node not in folded]
    if len(boxes) > max_nodes:
        return draw_collapsed(graph, nodes, title, direction, max_nodes)
    dot = canvas(graph.root, title, direction or ("LR" if network or ranks(boxes) <= 5 else "TB"))
    draw_nodes(dot, graph, boxes, folded, marked or {})
    return dot


def weights_on_arrows(nodes: list[Value], neurons: list[Value]) -> dict[Value, tuple[Value, int]]:
    """The parameters that need no box: each with its neuron and the operand whose arrow shows it, -1 for the bias.

    These are the parameters used once, as the weight of an operand that is drawn, or as the bias.
    """
    uses = Counter(child for node in nodes for child in node.children)
    folded: dict[Value, tuple[Value, int]] = {}
    for neuron in neurons:
        n = len(neuron.children) // 2
        for i, weight in enumerate(neuron.children[:n]):
            if isinstance(weight, Parameter) and uses[weight] == 1 and not isinstance(neuron.children[n + i], Constant):
                folded[weight] = neuron, n + i
        bias = neuron.children[-1]
        if isinstance(bias, Parameter) and uses[bias] == 1:
            folded[bias] = neuron, -1
    return folded


def canvas(root: Value, title: str, direction: str) -> Digraph:
    """An empty picture."""
    from tinygrad_edu.show.picture import Picture

    dot = Picture("tinygrad_edu", graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE)
    dot.root = root
    dot.attr(rankdir=direction)
    if title:
        dot.attr(label=f"<{rich(title)}>", labelloc="t")
    return dot


FONT = "Helvetica,Arial,sans-serif"
GRAPH = {"bgcolor": "white", "fontname": FONT, "nodesep": "0.25", "ranksep": "0.25", "ordering": "in", "tooltip": " "}
NODE = {"fontname": FONT, "fontsize": "11", "shape": "box", "margin": "0.06,0.03", "width": "0.1", "height": "0.1"}
EDGE = {"fontname": FONT, "fontsize": "9", "color": NOTE_COLOUR, "arrowsize": "0.7"}


def ranks(nodes: list[Value]) -> int:
    """The number of boxes along the longest path."""
    depth: dict[Value, int] = {}
    for node in nodes:
        depth[node] = 1 + max((depth.get(child, 0) for child in node.children), default=0)
    return max(depth.values())


def draw_nodes(
    dot: Digraph,
    graph: Graph,
    nodes: list[Value],
    folded: dict[Value, tuple[Value, int]],
    marked: Mapping[Value, str],
) -> None:
    """A box for each node and an arrow for each operand that has a box."""
    ids = {node: f"v{i}" for i, node in enumerate(nodes)}
    shown_at = {place: parameter for parameter, place in folded.items()}
    detailed = len(nodes) <= DETAILED_NODES
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
        if detailed and (weight := shown_at.get((node, i))):
            arrow = weight_label(graph, node, weight)
        elif detailed and not isinstance(child, Constant):
            arrow = arrow_label(graph, node, i)
        dot.edge(ids[child], ids[node], arrow, id=f"e{number}", tooltip=tooltip)


def arrows(nodes: list[Value]) -> list[tuple[Value, int, Value]]:
    """The arrows of a picture of these nodes, e0, e1, …: each a node, the number of an operand, and the operand."""
    drawn = set(nodes)
    return [(node, i, child) for node in nodes for i, child in enumerate(node.children) if child in drawn]


def detailed_box(graph: Graph, node: Value, bias: Value | None = None, note: str = "") -> str:
    """A name and what it is, a value, a gradient, in three lines; the bias that has no box of its own; a note."""
    head = f"<b>{rich(graph.name(node, FORMULAS))}</b>"
    if node.op:
        head += f"{EQUALS}{rich(operation(graph, node))}"
    else:
        head += f' <font point-size="9" color="{NOTE_COLOUR}">{kind(node)}</font>'
    value = FORMULAS.number(node.data)
    rows = [f'<td align="left" colspan="2">{head}</td>', number_cells("value", value, VALUE_COLOUR)]
    if not isinstance(node, Constant):
        rows.append(number_cells("grad", gradient_text(node), GRADIENT_COLOUR))
    if bias:
        rows.append(f'<td align="left" colspan="2">{parameter_text(graph, node, bias)}</td>')
    if note:
        rows.append(f'<td align="left" colspan="2">{coloured(f"<b>{rich(note)}</b>", MARKED["color"])}</td>')
    return table(rows, padding=2)


def operation(graph: Graph, node: Value) -> str:
    """What a node is, in names, unless that is too long to read."""
    long_sum = isinstance(node.op, WeightedSum) and len(node.children) > LONG_SUM
    return "Σ wᵢ × xᵢ + b" if long_sum else graph.operation(node, OPERATIONS)


def weight_label(graph: Graph, node: Value, weight: Value) -> str:
    """A weight on the arrow from its input."""
    return table([f"<td>{parameter_text(graph, node, weight)}</td>"], padding=1)


def parameter_text(graph: Graph, node: Value, parameter: Value) -> str:
    """A parameter in one line: its name within its neuron, its value, its gradient."""
    return value_and_gradient(f"{rich(graph.operand_name(node, parameter))} = ", parameter)


def value_and_gradient(name: str, node: Value) -> str:
    """The two numbers of a node in one line."""
    value = coloured(f"{name}{FORMULAS.number(node.data)}", VALUE_COLOUR)
    return f"{value}  {coloured(f'grad {gradient_text(node)}', GRADIENT_COLOUR)}"


def one_line_box(graph: Graph, node: Value, note: str = "") -> str:
    """A name, a value, a gradient and a note in one line."""
    remark = "  " + coloured(f"<b>{rich(note)}</b>", MARKED["color"]) if note else ""
    return f"<<b>{rich(graph.name(node))}</b>{EQUALS}{value_and_gradient('', node)}{remark}>"


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
    if not isinstance(node.grad, NotComputed) and not isinstance(child.grad, NotComputed):
        product = f"← {gradient_text(node)} × {number} = {FORMULAS.number(node.grad * partial)}"
        rows.append(f'<td align="left">{coloured(product, GRADIENT_COLOUR)}</td>')
    return table(rows, padding=1)


def draw_collapsed(graph: Graph, nodes: list[Value], title: str, direction: str | None, max_nodes: int) -> Digraph:
    """One box for each neuron, or else for each layer, told by the names of the nodes."""
    for unit in COLLAPSED:
        groups = {node: match[1] if (match := unit.match(graph.name(node))) else node for node in nodes}
        members: dict[str | Value, list[Value]] = {}
        for node in reversed(nodes):  # from the root, so that a box stands where the last node within it does
            members.setdefault(groups[node], []).append(node)
        if len(members) <= max_nodes:
            break
    else:
        raise ValueError(
            f"{len(nodes):,} nodes are too many to read, and {len(members):,} with each layer as one box: "
            f"draw a part of the graph, or pass max_nodes={len(nodes)}"
        )
    dot = canvas(graph.root, title, direction or "LR")
    ids = {group: f"v{i}" for i, group in enumerate(reversed(members))}
    for group, box_id in ids.items():
        style = BOX if isinstance(group, str) else BOXES[kind(group)]
        if group == groups[graph.root]:
            style = style | OUTPUT
        if isinstance(group, Value):
            box = one_line_box(graph, group)
        else:
            box = f"<<b>{rich(group)}</b> {coloured(f'{len(members[group])} nodes', NOTE_COLOUR)}>"
        dot.node(box_id, box, id=box_id, **style)
    arrows = {(groups[child], groups[node]): None for node in nodes for child in node.children if child in groups}
    for tail, head in arrows:
        if tail != head:
            dot.edge(ids[tail], ids[head])
    return dot


COLLAPSED = (re.compile(r"(.*\bneurons\.\d+)\."), re.compile(r"(.*\blayers\.\d+)\."))


def gradient_text(node: Value) -> str:
    """The gradient as it stands; "–" is not computed, which is not 0."""
    return "–" if isinstance(node.grad, NotComputed) else FORMULAS.number(node.grad)


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
    """Any text, for an HTML-like label; lines longer than Graphviz can read are broken."""
    import html

    lines = [line[i : i + LINE] for line in printable(text).split("\n") for i in range(0, len(line) or 1, LINE)]
    return "<br/>".join(html.escape(line).replace("\\", r"\\") for line in lines)


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
    format = path.suffix[1:].lower()
    if format not in FORMATS:
        raise ValueError(f"cannot tell a format from {path.name!r}: the name must end in one of {', '.join(FORMATS)}")
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
