"""Style pictures: colours, notations, boxes of each kind, and an empty picture to draw on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tinygrad_edu.engine import Value, has_gradient
from tinygrad_edu.readers.notation import FORMULA, OPERATION
from tinygrad_edu.show.markup import PAPER, cell, coloured, label, rich, small
from tinygrad_edu.show.steps import Graph, Style
from tinygrad_edu.words import say

if TYPE_CHECKING:
    from graphviz import Digraph

VALUE_COLOUR = "#005A9C"
GRADIENT_COLOUR = "#A33B00"
NOTE_COLOUR = "#555555"
ARROW_COLOUR = "#808080"  # seen on white and on black
GREEK = {"sigmoid": "σ", "maximum": "max", "minimum": "min"}
FORMULAS = FORMULA._replace(negative="−", minus="−", functions=GREEK)
PICTURE = Style(FORMULAS, OPERATION._replace(negative="−", functions=GREEK))

BOX = {"color": "#777777", "fillcolor": "#FFFFFF", "style": "filled", "penwidth": "1", "peripheries": "1"}
OUTPUT = {"peripheries": "2"}
MARKED = {"color": "#B00020", "penwidth": "3"}
BOXES = {  # what a node is, told by colour and by shape
    "parameter": BOX | {"color": GRADIENT_COLOUR, "fillcolor": "#FDE7C7", "style": "filled,rounded", "penwidth": "2"},
    "input": BOX | {"color": VALUE_COLOUR, "fillcolor": "#DCEBF7", "style": "filled,rounded"},
    "constant": BOX | {"fillcolor": "#F2F2F2", "style": "filled,dashed"},
    "": BOX,
}
FONT = "Helvetica,Arial,sans-serif"
PAGE = {"bgcolor": "transparent", "tooltip": " "}  # for light and dark pages
GRAPH = PAGE | {"fontname": FONT, "nodesep": "0.4", "ranksep": "0.25", "ordering": "in"}
NODE = {"fontname": FONT, "fontsize": "11", "shape": "box", "margin": "0.06,0.03", "width": "0.1", "height": "0.1"}
EDGE = {"fontname": FONT, "fontsize": "9", "color": ARROW_COLOUR, "arrowsize": "0.7"}
TIED = {"decorate": "true", "fontcolor": ARROW_COLOUR}  # a line from the text to its arrow, where many arrows meet
FEW_RANKS = 5  # so many fit on a page side by side
THIN = {"penwidth": "0.5", "arrowsize": "0.5"}


def canvas(graph: Graph, title: str, direction: str, note: str = "") -> Digraph:
    """Return an empty picture; a note says what it leaves out, and then its arrows are thin."""
    from tinygrad_edu.show.picture import Picture

    dot = Picture("tinygrad_edu", graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE | (THIN if note else {}))
    dot.root = graph.root
    dot.attr(rankdir=direction)
    lines = [rich(title)] if title else []
    remarks = (note, NOTE_COLOUR), (graph.changed_data(), MARKED["color"])
    lines += [small(rich(remark), colour) for remark, colour in remarks if remark]
    if lines:
        dot.attr(label=label([cell("<br/>".join(lines), 'align="center"')], 8, PAPER), labelloc="t")
    return dot


def ranks(nodes: Iterable[Value], boxes: Mapping[Value, str | Value]) -> dict[str | Value, int]:
    """Return for each box, a node or a group of them, the number of boxes on the longest path to it."""
    rank: dict[str | Value, int] = {}
    for node in nodes:
        box = boxes.get(node, node)
        operands = {boxes.get(child, child) for child in node.children} - {box}
        rank[box] = max(rank.get(box, 0), 1 + max((rank.get(operand, 0) for operand in operands), default=0))
    return rank


def gradient_text(node: Value) -> str:
    """Write the gradient as it stands; "–" is not computed, which is not 0."""
    return FORMULAS.number(node.grad) if has_gradient(node) else say("not computed")


def value_and_gradient(node: Value, name: str = "") -> tuple[str, str]:
    """Write the value of a node, after its name if one is given, and the gradient."""
    value = f"{rich(name)} = " * bool(name) + FORMULAS.number(node.data)
    return coloured(value, VALUE_COLOUR), coloured(f"{say('gradient')} {gradient_text(node)}", GRADIENT_COLOUR)


def one_line_box(graph: Graph, node: Value, remarks: Sequence[str] = ()) -> str:
    """Write a name, a value, a gradient and remarks in one line."""
    words = "  ".join([*value_and_gradient(node), *remarks])
    return f"<<b>{rich(graph.name(node))}</b>{rich(' = ')}{words}>"


def marked(note: str) -> str:
    """Write a note on what is marked."""
    return coloured(f"<b>{rich(note)}</b>", MARKED["color"])
