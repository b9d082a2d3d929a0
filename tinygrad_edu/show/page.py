"""Fill the stepper's page: every pane of it, and what it does in each step, from the records of `backward_steps`."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

from tinygrad_edu.engine import Constant, Value
from tinygrad_edu.readers.naming import NEURON
from tinygrad_edu.readers.notation import operation_text
from tinygrad_edu.readers.symbol import Symbol
from tinygrad_edu.show.diagram import DETAILED_NODES, Layout, draw_dot, operation
from tinygrad_edu.show.javascript import Table, script
from tinygrad_edu.show.listing import listing_of, row
from tinygrad_edu.show.markup import escape, printable
from tinygrad_edu.show.render import render
from tinygrad_edu.show.source import Recording, as_recorded, file_name
from tinygrad_edu.show.steps import Graph, Step, backward_steps, kind
from tinygrad_edu.show.style import PICTURE
from tinygrad_edu.words import WORDS, say

MAX_GIVEN = 12  # numbers to start from: of more, not every one is listed
SCRIPTS = [f"script/{name}.js" for name in ("steps", "picture", "fields", "update", "practise")]
NUMBERS = re.compile('(<font color="#(?:005A9C|A33B00)">|<td align="left">(?=∂))([^<>]*[\\dn–])(</)')
COMMENT = re.compile(r"^ *(/\*.*?\*/|//.*?)\n", re.DOTALL | re.MULTILINE)
DIET = re.compile(r'<!--.*?-->\n| font-family="[^"]*"| text-anchor="start"|(?<=\d)\.00(?=")', re.DOTALL)
UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def title_and_page(recording: Recording, max_nodes: int) -> tuple[str, str]:
    """Write the page of a recording, and its title. The graph's own gradients and labels stay as they are."""
    with as_recorded(recording):
        page = Page(recording, max_nodes)
        panes = page.panes()
    worded = re.sub(r"\{\{(.+?)\}\}", lambda match: escape(WORDS[match[1]]), file("stepper.html"))
    return page.title, re.sub(r"<!-- (\w+) -->", lambda match: panes[match[1]], worded)


def file(name: str) -> str:
    """Return a file that a page is made of, without the lines of comment in it."""
    return COMMENT.sub("", resources.files("tinygrad_edu.show").joinpath(name).read_text(encoding="utf-8"))


class Page:
    """Write each pane of the page. With a node are shown those that contribute to its gradient: they come after it."""

    def __init__(self, recording: Recording, max_nodes: int) -> None:
        self.recording = recording
        self.graph = Graph(recording.root, PICTURE)
        self.title = recording.title or self.graph.name(recording.root)
        self.varying = [node for node in self.graph.order if not isinstance(node, Constant)]
        self.nodes = self.varying[-max_nodes:]
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.operations = [node for node in self.nodes if node.op]
        self.all_steps = list(backward_steps(recording.root))
        self.steps = [step for step in self.all_steps if step.child in self.index]
        start = len(self.operations) + 1
        self.complete_at = {recording.root: start} | {step.child: i for i, step in enumerate(self.steps, start + 1)}
        self.rows = {op: f"row{i}" for i, op in enumerate(dict.fromkeys(node.op for node in self.operations))}
        self.called = recording.names_in_networks()  # what the learner calls nodes that have a place in a network
        self.listing = listing_of(recording, self.graph, self.nodes)
        self.layout = Layout(self.varying, network=len(self.varying) > DETAILED_NODES)
        self.table = Table(self.operations)
        complete, self.changed = len(self.nodes) == len(self.varying), self.graph.changed_data()
        self.picture = self.svg() if complete else ""
        self.live = complete and not self.changed and not self.table.missing  # can the page compute?

    def panes(self) -> dict[str, str]:
        """Return what fills each place of the template."""
        return {
            "title": escape(self.title),
            "note": "\n".join(f"<p>{escape(warning)}</p>" for warning in self.warnings()),
            "source": self.listing.functions(self.listing.made),
            "inside": self.listing.functions(self.listing.inside),
            "rules": "\n".join(f'<div class="row" id="{name}">{row(op)}</div>' for op, name in self.rows.items()),
            "picture": self.picture,
            "table": "\n".join(map(self.table_row, self.nodes)),
            "list_of_steps": self.list_of_steps(),
            "data": self.data(),
            "script": "\n".join([file("script/compute.js"), *self.table.texts * self.live, *map(file, SCRIPTS)]),
        }

    def svg(self) -> str:
        """Draw the graph as an <svg> element; "" where nothing can draw it."""
        weights = "arrows" if self.layout.folded else "boxes"
        try:
            source = draw_dot(self.graph.root, weights=weights, max_nodes=len(self.varying)).source
        except ModuleNotFoundError:
            return ""
        source = NUMBERS.sub(with_room, source.replace('<td align="right">', '<td align="right" width="46">'))
        picture = (render(source, "svg") or b"").decode()
        found = re.search(r'<svg width="(\d+)pt" height="(\d+)pt".*', picture, re.DOTALL)
        if not found:
            return ""
        size = f"--natural: {found[1]}pt; --ratio: {int(found[1]) / int(found[2]):.4g}"
        attributes = f'role="img" aria-label="{say("picture")}" style="{size}"'
        return DIET.sub("", found[0]).replace("<svg", f"<svg {attributes}", 1)

    def within(self, node: Value, *operands: Value) -> str:
        """Say where a node is, and what the first operand elsewhere is: " in layers.1, where a.0 is layers.0.a"."""
        neuron = NEURON.match(self.graph.name(node))
        words = say("in place", place=neuron["place"]) if neuron else ""
        words += say("called", name=self.called[node]) if node in self.called else ""
        for operand in operands:
            short, full = self.graph.name_beside(operand, node), self.graph.name(operand)
            if short != full and not (neuron and full.startswith(f"{neuron['place']}.")):
                names = [self.called[operand], full] if operand in self.called else [full]
                return say("where short is", words=words, short=short, names=", ".join(names))
        return words

    def warnings(self) -> Iterator[str]:
        """Yield the warnings for the top of the page: stale numbers, edited files, parts left out, no picture."""
        if self.changed:
            yield say("do not agree", changed=self.changed)
        for name in map(file_name, self.recording.edited):
            yield say("edited", name=name)
        shown, total = len(self.nodes), len(self.varying)
        if shown < total:
            steps = len(self.all_steps) - len(self.steps)
            counts = {"total": total, "shown": shown, "nodes": total - shown, "steps": steps}
            yield say("left out", **{name: f"{count:,}" for name, count in counts.items()}, all=total)
        elif not self.picture:
            yield say("no picture", advice=say("install"))
        if self.table.missing:
            yield say("no translation", part=self.table.missing)
        if lines := {span.line for span in self.recording.decided}:
            yield say("decided", lines=", ".join(say("line", line=line) for line in sorted(lines)))

    def list_of_steps(self) -> str:
        """Write every step as a line of text."""
        root, step = self.graph.root, say("step")
        start = arithmetic("start", [self.graph.partial(root, root), "=", "1"], say("starts at the output"))
        lines = [self.given(), *map(self.forward, self.operations), start, *map(self.backward, self.steps)]
        items = [f'<a href="#step={i}" aria-label="{step} {i}">{i}</a> {line}' for i, line in enumerate(lines)]
        return "\n".join(f"<li>{item}</li>" for item in items)

    def given(self) -> str:
        """Write the leaves in the order of their use; of many the inputs, and how many others."""
        operands = [operand for node in self.operations for operand in node.children if operand in self.index]
        leaves = [node for node in dict.fromkeys([*operands, *self.nodes]) if not node.op]
        inputs = [leaf for leaf in leaves if kind(leaf) == "input"]
        shown = leaves if len(leaves) <= MAX_GIVEN else inputs[:MAX_GIVEN]
        counts = Counter(kind(leaf) for leaf in leaves if leaf not in shown)
        given = [f"{self.graph.name(leaf)} = {self.graph.number(leaf.data)}" for leaf in shown]
        given += [say("of many" if n > 1 else "one of many", count=n, kind=say(word)) for word, n in counts.items()]
        *listed, end = given or [say("nothing")]
        return arithmetic("given", [*(f"{part}," for part in listed), end], say("numbers to start from"))

    def forward(self, node: Value) -> str:
        """Write "h1 = w × x = 0 × 1 = 0"."""
        graph = self.graph
        name, operation, numbers = graph.name_beside(node, node), graph.operation(node), graph.numbers(node)
        remark = f"{say('forward')}{self.within(node, *node.children)}: {self.listing.made_by(node)}"
        return arithmetic("forward", [name, "=", operation, "=", numbers, "=", graph.number(node.data)], remark)

    def backward(self, step: Step) -> str:
        """Write "w.grad += h1.grad × ∂h1/∂w = 0 + 0.25 × 1 = 0.25", and "∂h1/∂w = x = 1"."""
        node, child = (f"{self.graph.name_beside(other, step.node)}.grad" for other in (step.node, step.child))
        derivative = self.graph.derivative(step.node, step.operand)
        formula = self.graph.formula(step.node, step.operand)
        upstream, partial, after = map(self.graph.number, (step.upstream, step.partial, step.after))
        names = [child, "+=", node, "×", derivative]
        numbers = ["=", self.graph.before(step), "+", upstream, "×", partial, "=", after]
        equal = partial if formula == partial else f"{formula} = {partial}"
        remark = f"{say('backward')}{self.within(step.node, step.child)}: {derivative} = {equal}"
        return arithmetic("backward", names + numbers, remark)

    def table_row(self, node: Value) -> str:
        """Write a node with its value and its gradient."""
        link = f'<a href="#step={self.complete_at[node]}">{escape(self.graph.name(node))}</a>'
        what = escape(operation(self.graph, node) if node.op else say(kind(node)))
        value, grad = self.graph.number(node.data), self.graph.number(node.grad)
        cells = f'<th scope="row">{link}</th><td>{what}</td><td class="value">{value}</td><td class="grad">{grad}</td>'
        return f'<tr id="n{self.index[node]}">{cells}</tr>'

    def data(self) -> str:
        """Write what the page does in each step, as JSON that ends no <script>."""
        data = {"live": self.live, "nodes": [*map(self.node_data, self.nodes)], "steps": [*self.step_data()]}
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    def node_data(self, node: Value) -> dict[str, Any]:
        """Return what is marked when a node is computed, where a click leads, and how the page computes it."""
        box, at = self.place(node)
        data = {"click": self.complete_at[node], "box": box, "at": at, **self.listing.marks_of(node)}
        if not node.op:
            return data | {"kind": kind(node), "number": script(node.data)}
        children, number = node.children, self.graph.number
        places = [f"−{{{i}}}" if child in self.index else number(child.data) for i, child in enumerate(children)]
        return data | {
            "row": self.rows[node.op],
            "arguments": self.arguments(node),
            "rule": self.table.names.get((node.op, len(children))),
            "operands": [self.index.get(child, script(child.data)) for child in children],
            "numbers": operation_text(node.op, places, self.graph.style.operation),  # "−{0} × −{1}"
        }

    def place(self, node: Value) -> tuple[str, int]:
        """Tell where the numbers of a node are: the box or arrow, and the line, 1 for a bias below its neuron's own."""
        neuron, operand = edge = self.layout.folded.get(node, (node, -1))
        return (self.layout.boxes[neuron], int(neuron is not node)) if operand == -1 else (self.layout.arrows[edge], 0)

    def arguments(self, node: Value) -> list[str]:
        """Say what the row's variables stand for: ["out is h1", "x is w", "y is 3"]; the page writes nodes' numbers."""
        variables, values = ["out", *node.op.operand_names()], [node, *node.children]
        if len(variables) != len(values):
            return []
        said = []
        for variable, value in zip(variables, values, strict=True):
            name, number = printable(self.graph.name_beside(value, node)), self.graph.number(value.data)
            equals = f" = {number}" if name != number and value not in self.index else ""
            said.append(say("argument", variable=variable, name=name) + equals)
        return said

    def step_data(self) -> Iterator[dict[str, Any]]:
        """Yield the steps in their order: backward they are the records of `backward_steps`."""
        yield {"phase": "given"}
        yield from ({"phase": "forward", "node": self.index[node]} for node in self.operations)
        yield {"phase": "start", "child": self.index[self.graph.root]}
        for step in self.steps:
            edge = {"node": self.index[step.node], "child": self.index[step.child], "operand": step.operand}
            arrow = self.layout.arrows.get(self.layout.folded.get(step.child, (step.node, step.operand)))
            yield {"phase": "backward", **edge, "fixed": not isinstance(step.formula, Symbol), "arrow": arrow}


def with_room(match: re.Match[str]) -> str:
    """Give a number in the source of a picture room for another: five figures on arrows, seven elsewhere."""
    before, text, after = match.groups()
    words = text.split()
    numbers, figures = (words[1::2], 5) if words[0] == "←" else (words[-1:], 5 if text[0] == "∂" else 7)
    room = figures * len(numbers) - sum(map(len, numbers))
    return before + text + "\u00a0\u00a0" * max(0, room) + after  # two of these spaces are as wide as a digit


def arithmetic(phase: str, parts: Sequence[str], remark: str) -> str:
    """Write a line of arithmetic, its parts set apart so that the page can lay them out, and a remark."""
    spans = " ".join(f"<span>{escape(part)}</span>" for part in parts)
    return f'<span class="sum {phase}">{spans}</span> <small>{escape(remark)}</small>'
