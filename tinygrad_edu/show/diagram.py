"""Draw a graph: one box per Value, one arrow per operand, by Graphviz, which is imported when a graph is drawn."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_edu.arguments import count, instance, one_of
from tinygrad_edu.engine import Constant, Parameter, Value, has_gradient
from tinygrad_edu.files import file_path, write_whole
from tinygrad_edu.readers.naming import is_neuron
from tinygrad_edu.show import style as styles
from tinygrad_edu.show.collapsed import draw_collapsed
from tinygrad_edu.show.markup import PAPER, WIDE, cell, coloured, label, number_cells, plain, rich, small
from tinygrad_edu.show.network import draw_network
from tinygrad_edu.show.render import render
from tinygrad_edu.show.steps import Graph, kind, left_over, steps_of
from tinygrad_edu.words import print, say

if TYPE_CHECKING:
    from graphviz import Digraph

DETAILED_NODES = 40  # beyond these, one line per box and no labels on the arrows
SIDE_BY_SIDE = 12  # weights and biases of a layer whose labels fit beside each other on a page
LONG_SUM = 9  # operands: a weighted sum of more is not written out
LONG_LINE = 28  # characters: a name and what it is, if longer, take several lines
LONG_FORMULA = 40  # characters: of a longer derivative the arrow has the number only
LONG_DERIVATIVE = 14  # characters: a longer one, and one of a quotient, is told by the arrow's ends
FEW_TERMS = 5  # of a gradient, that are written out
Remarks: TypeAlias = "Mapping[Value, list[str]]"  # lines below the numbers of a node
FORMATS = ("svg", "png", "pdf", "gv")
SPELLED = {  # elsewhere as on the left
    "format": ": save_graph(root, 'f.png') tells the format by the name",
    "rankdir": ": write direction='LR' or 'TB'",
}


def draw_dot(
    root: Value, title: str = "", *, weights: str | None = None, constants: bool = False, max_nodes: int = 200,
    direction: str | None = None, marked: Mapping[Value, str] | None = None, style: str | None = None, **others: Any,
) -> Digraph:  # fmt: skip
    """Return the graph of `root` as an unrendered `graphviz.Digraph`, which a notebook shows as a picture.

    Each box holds a Value's name, what it is, its value and its gradient as it stands, "–" where none is computed. Each
    arrow from an operand holds the local derivative and what it contributed to the operand's gradient.

    weights     "boxes" of their own, or on the "arrows" from the inputs they weigh, as a textbook draws a network;
                without it, boxes for a single neuron and arrows for a network
    constants   draw a box for each plain number too; else numbers stand only in the formulas
    max_nodes   beyond so many boxes, or weights on arrows, each neuron is drawn as one box, or else each layer
    direction   "LR" or "TB"; without it, left to right for wide networks and for up to five ranks
    marked      nodes to point at, each with a note on why; one without a box is marked where its number stands
    style       "network": neurons, however they are written, as circles in columns, with δ = ∂L/∂z in them

    Raises ValueError if even so there are more than `max_nodes` boxes, for an unknown word, or for what is no network.
    """
    for name in others:
        raise TypeError(f"draw_dot takes no {name}={SPELLED.get(name, '')}")
    one_of("weights", weights, "boxes", "arrows")
    one_of("direction", direction, "LR", "TB")
    one_of("style", style, "network")
    title, max_nodes = instance("title", title, str), count("max_nodes", max_nodes)
    graph = Graph(root, styles.PICTURE)
    if style and (weights or constants or direction or marked):
        raise ValueError("style='network' goes with no weights=, constants=, direction= or marked=")
    if style:
        return draw_network(graph, title, max_nodes)
    nodes = [node for node in graph.order if constants or not isinstance(node, Constant)]
    notes = notes_on(graph, nodes, instance("marked", {} if marked is None else marked, dict))
    layout = Layout(nodes, weights == "arrows" or weights is None and sum(map(is_neuron, nodes)) > 1)
    if layout.size > max_nodes:
        return draw_collapsed(graph, nodes, title, direction, max_nodes, notes)
    omitted = say("too many" if layout.folded else "not shown", count=len(layout.folded))
    dot = styles.canvas(graph, title, direction or layout.direction(), "" if layout.detailed else omitted)
    if layout.folded:
        dot.attr(ranksep="0.35")  # room for arrows that cross
    if not layout.detailed:
        dot.attr(nslimit="2", nslimit1="2")  # how long dot improves: without, a hundred long arrows take it hours
    remarks = {} if notes else remarks_on_leaves(graph)
    remarks |= {node: [styles.marked(note)] for node, note in notes.items()}
    draw_boxes(dot, graph, layout, remarks, notes.keys())
    draw_arrows(dot, graph, layout, remarks, notes.keys())
    return dot


def notes_on(graph: Graph, drawn: Sequence[Value], marked: Mapping[Value, str]) -> dict[Value, str]:
    """Return the notes on what is drawn; one on a plain number is a note on the first operation that has it."""
    notes: dict[Value, str] = {}
    for node, note in marked.items():
        if node not in graph.order:
            raise ValueError(f"marked: {graph.name(graph.root)} does not depend on {node!r}")
        if node not in drawn:
            note = f"{graph.name(node)}: {note}"
            node = next(user for user in graph.operations if node in user.children)
        notes[node] = f"{notes[node]}\n{note}" if node in notes else note
    return notes


def remarks_on_leaves(graph: Graph) -> dict[Value, list[str]]:
    """Write of what the gradients of leaves are made that held one before: "7 before + 4 + 3"."""
    held = left_over(graph)
    terms = {leaf: [say("before", number=graph.number(number))] for leaf, number in held.items()}
    for step in steps_of(graph, held) if held and has_gradient(graph.root) else ():
        if step.child in terms:
            terms[step.child].append(graph.number(step.contribution))
    sums = {leaf: " + ".join(parts if len(parts) <= FEW_TERMS else [parts[0], "…"]) for leaf, parts in terms.items()}
    return {leaf: [coloured(rich(text), styles.GRADIENT_COLOUR)] for leaf, text in sums.items()}


class Layout:
    """Decide which nodes of a graph have a box; on arrows stand weights that need none, if it is drawn as a network."""

    def __init__(self, nodes: Sequence[Value], network: bool) -> None:
        self.folded = weights_on_arrows(nodes) if network else {}
        with_box = [node for node in nodes if node not in self.folded]
        self.boxes = {node: f"v{i}" for i, node in enumerate(with_box)}  # their names in the picture
        ends = ((node, i) for node in with_box for i, child in enumerate(node.children) if child in self.boxes)
        self.arrows = {end: f"e{i}" for i, end in enumerate(ends)}  # by operation and operand
        self.size = max(len(self.boxes), len(self.folded))
        self.detailed = self.size <= DETAILED_NODES

    def direction(self) -> str:
        """Tell in which direction the picture is narrow enough to be read on a page."""
        rank = styles.ranks(self.boxes, {})
        if not self.folded:
            return "LR" if max(rank.values()) <= styles.FEW_RANKS else "TB"
        labels = Counter(rank[neuron] for neuron, _ in self.folded.values())
        return "TB" if max(labels.values()) <= SIDE_BY_SIDE else "LR"


def weights_on_arrows(nodes: Sequence[Value]) -> dict[Value, tuple[Value, int]]:
    """Return the parameters used once, by a neuron: each with it and the operand whose arrow has it, -1 for a bias."""
    uses = Counter(child for node in nodes for child in node.children)
    folded: dict[Value, tuple[Value, int]] = {}
    for neuron in filter(is_neuron, nodes):
        *products, (bias,) = neuron.op.written_out(*neuron.children)
        ends = [(weight, i) for i, (weight, x) in enumerate(products, len(products)) if not isinstance(x, Constant)]
        for leaf, operand in [*ends, (bias, -1)]:
            if isinstance(leaf, Parameter) and uses[leaf] == 1:
                folded[leaf] = neuron, operand
    return folded


def draw_boxes(dot: Digraph, graph: Graph, layout: Layout, remarks: Remarks, marked: Collection[Value]) -> None:
    """Draw the boxes; the bias of a neuron that has none stands in the neuron's."""
    biases = {neuron: bias for bias, (neuron, operand) in layout.folded.items() if operand == -1}
    for node, name in layout.boxes.items():
        bias = biases.get(node, node)
        frame = (styles.OUTPUT if node is graph.root else {}) | (styles.MARKED if {node, bias} & {*marked} else {})
        if layout.detailed:
            box = detailed_box(graph, node, bias, remarks)
        else:
            shown = [remark for leaf in dict.fromkeys([node, bias]) for remark in remarks.get(leaf, [])]
            box = styles.one_line_box(graph, node, shown)
        dot.node(name, box, id=name, tooltip=plain(graph.name(node)), **styles.BOXES[kind(node)] | frame)


def draw_arrows(dot: Digraph, graph: Graph, layout: Layout, remarks: Remarks, marked: Collection[Value]) -> None:
    """Draw an arrow from each operand that has a box; it holds the weight of the operand if that has none."""
    weights = {end: weight for weight, end in layout.folded.items()}
    for (node, i), name in layout.arrows.items():
        child, weight = node.children[i], weights.get((node, i))
        lines: list[str] = []
        if weight is not None and (layout.detailed or weight in marked):
            lines = [*styles.value_and_gradient(weight, graph.name_beside(weight, node)), *remarks.get(weight, [])]
        elif layout.detailed and weight is None and not isinstance(child, Constant):
            lines = arrow_lines(graph, node, i)
        text = label(list(map(cell, lines)), 1, PAPER) if lines else ""
        tooltip = plain(f"{graph.name(child)} to {graph.name(node)}")
        frame = (styles.TIED if lines and is_neuron(node) else {}) | (styles.MARKED if weight in marked else {})
        dot.edge(layout.boxes[child], layout.boxes[node], text, id=name, tooltip=tooltip, **frame)


def detailed_box(graph: Graph, node: Value, bias: Value, remarks: Remarks) -> str:
    """Write a name and what it is, a value, a gradient; a bias that has no box of its own, unlike the node; remarks."""
    rows = [cell(line, WIDE) for line in heading(graph, node)]
    rows.append(number_cells(say("value"), graph.number(node.data), styles.VALUE_COLOUR))
    if not isinstance(node, Constant):
        rows.append(number_cells(say("gradient"), styles.gradient_text(node), styles.GRADIENT_COLOUR))
    rows += [cell(remark, WIDE) for remark in remarks.get(node, [])]
    if bias is not node:
        numbers = styles.value_and_gradient(bias, graph.name_beside(bias, node))
        rows.append(cell("  ".join([*numbers, *remarks.get(bias, [])]), WIDE))
    return label(rows, padding=2)


def heading(graph: Graph, node: Value) -> list[str]:
    """Write a name and what it is: in one line, or where that is long, in several."""
    name = graph.name(node)
    bold = f"<b>{rich(name)}</b>"
    if not node.op:
        return [f"{bold} {small(say(kind(node)), styles.NOTE_COLOUR)}"]
    definition = f" = {operation(graph, node)}"
    if len(name + definition) <= LONG_LINE:
        return [bold + rich(definition)]
    first, *terms = definition[1:].split(" + ") if is_neuron(node) else [definition[1:]]
    lines = [first]
    for term in terms:
        if len(f"{lines[-1]} + {term}") <= LONG_LINE:
            lines[-1] += f" + {term}"
        else:
            lines.append(f"+ {term}")
    return [bold, *map(rich, lines)]


def operation(graph: Graph, node: Value) -> str:
    """Write what a node is, in names, unless that is too long to read."""
    long_sum = is_neuron(node) and len(node.children) > LONG_SUM
    return say("weighted sum") if long_sum else graph.operation(node)


def arrow_lines(graph: Graph, node: Value, operand: int) -> list[str]:
    """Write ∂node/∂child, its formula and its number; below it the contribution to the child's gradient."""
    child = node.children[operand]
    derivative, formula = graph.derivative(node, operand), graph.formula(node, operand)
    if len(formula) > LONG_FORMULA:
        function = graph.style.operation.functions.get(node.op.symbol, node.op.symbol)
        formula = f"{function}′({graph.name_beside(child, node)})" if len(node.children) == 1 else ""
    try:
        partial = node.partials()[operand]
    except (ValueError, ArithmeticError):
        return [f"{rich(' = '.join(filter(None, (derivative, formula))))} {say('does not exist')}"]
    number = graph.number(partial)
    long = len(derivative) > LONG_DERIVATIVE or derivative.count("/") > 1
    shown = dict.fromkeys(filter(None, ("" if long else derivative, formula, number)))
    text = rich(" = ".join(shown))
    lines = [coloured(text, "#000000") if is_neuron(node) else text]  # unlike the line that ties it to its arrow
    if has_gradient(node) and has_gradient(child):
        product = f"← {styles.gradient_text(node)} × {number} = {graph.number(node.grad * partial)}"
        lines.append(coloured(product, styles.GRADIENT_COLOUR))
    return lines


def save_graph(root: Value, path: str | Path, title: str = "", **options: Any) -> Path:
    """Draw the graph of `root` into a file, its format told by the name (.svg, .png, .pdf, .gv), and return its path.

    `options` are those of `draw_dot`. Where no renderer is installed the .gv file is written instead, and one line says
    what to install. Raises ValueError for an unknown format, OSError if the file cannot be written.
    """
    format, dot = format_of(path := file_path(path)), draw_dot(root, title, **options)
    picture = dot.source if format == "gv" else render(dot.source, format)
    if picture is None:
        print(say("no renderer", advice=say("install")), file=sys.stderr)
        path, picture = path.with_suffix(".gv"), dot.source
    return write_whole(path, picture)


def format_of(path: Path) -> str:
    """Return the format that the name of a file tells. Raises ValueError if it tells none."""
    format = path.suffix[1:].lower()
    if format not in FORMATS:
        raise ValueError(f"path: the name must end in one of {', '.join(FORMATS)}, got {path.name!r}")
    return format
