"""The stepper: a page that shows forward and backward step by step.

In each step it shows together the learner's source, the row of the derivative table that runs, the graph and the
arithmetic of the chain rule. The page is one file of HTML, stepper.html with the parts filled in that this module
writes. It needs no network; all that it shows is computed here, from the records of `backward_steps`.

What only a page needs is imported when one is made.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_edu.engine import Constant, Value, topological_order
from tinygrad_edu.files import write_whole
from tinygrad_edu.readers.naming import NEURON, numbered
from tinygrad_edu.readers.replay import fresh_gradients, replaced
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.diagram import (
    DETAILED_NODES,
    FORMULAS,
    OPERATIONS,
    arrows,
    draw_dot,
    operation,
    printable,
    weights_on_arrows,
)
from tinygrad_edu.show.render import INSTALL, render
from tinygrad_edu.show.steps import Graph, Step, backward_steps, is_neuron, kind

if TYPE_CHECKING:
    from tinygrad_edu.show.source import Place, Recording

MAX_NODES = 300
MAX_GIVEN = 12  # numbers to start from: of more, not every one is listed


def save_stepper(
    function_or_root: Callable[..., Any] | Value, path: str | Path, /, *, max_nodes: int = MAX_NODES, **inputs: Any
) -> Path:
    """Write the page that steps through a computation, and return its path.

    function_or_root  a function that returns one Value: it is called with the inputs, and each Value is shown with the
                      source text that made it, and by the name of the variable that holds it; or a Value already made
    path              a name that ends in .html
    max_nodes         beyond so many nodes only the last ones are shown, and no picture: the page says so
    inputs            of the function, by name: numbers, lists of numbers, or anything else it takes

    Raises ValueError for another ending, for inputs that the function does not take, and if it does not return one
    Value; OSError if the file cannot be written.
    """
    check_name(path)
    return save_page(recording_of(function_or_root, inputs), path, max_nodes)


def check_name(path: str | Path) -> None:
    """Raises ValueError unless a page can have this name."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the stepper is a page: the name must end in .html, got {Path(path).name!r}")


def save_page(recording: Recording, path: str | Path, max_nodes: int = MAX_NODES) -> Path:
    """Write the page of a recording, under a name that `check_name` has passed, and return its path."""
    _, page = title_and_page(recording, max_nodes)
    return write_whole(path, page)


def recording_of(function_or_root: Callable[..., Any] | Value, inputs: Mapping[str, Any]) -> Recording:
    """The function, called and watched; of a Value there is only its graph."""
    from tinygrad_edu.show.source import Recording, record

    if not isinstance(function_or_root, Value):
        return record(function_or_root, inputs)
    if inputs:
        raise ValueError(f"a Value is computed already and takes no inputs, got {', '.join(inputs)}")
    return Recording(function_or_root)


class Stepper:
    """The page that steps through a computation, as `save_stepper` writes it; a notebook shows it.

    >>> def f(x, w):
    ...     h = w * x
    ...     return h.sigmoid()
    >>> Stepper(f, x=1.0, w=0.0)
    Stepper('f(x = 1.0, w = 0.0)')
    """

    def __init__(
        self, function_or_root: Callable[..., Any] | Value, /, *, max_nodes: int = MAX_NODES, **inputs: Any
    ) -> None:
        self.title, self.page = title_and_page(recording_of(function_or_root, inputs), max_nodes)

    def _repr_html_(self) -> str:
        """The page within a notebook's: a frame of its own, which cannot reach the notebook.

        A notebook that the reader does not trust shows no frame, only the words within it.
        """
        import html

        style = "width: 100%; height: 46rem; border: 1px solid #ccc"
        words = escape(f"Run this cell to step through {self.title}")
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{html.escape(self.page)}">{words}</iframe>'

    def __repr__(self) -> str:
        return f"Stepper({self.title!r})"


def title_and_page(recording: Recording, max_nodes: int) -> tuple[str, str]:
    """The page of a recording, and its title. The graph's own gradients and labels stay as they are."""
    from importlib import resources

    template = resources.files("tinygrad_edu.show").joinpath("stepper.html").read_text(encoding="utf-8")
    with as_recorded(recording):
        parts = Parts(recording, max_nodes)
        filled = re.sub(r"<!-- (\w+) -->", lambda match: getattr(parts, match[1])(), template)
        return parts.heading(), filled


def distinct_names(recording: Recording) -> dict[Value, str]:
    """What each node with a name is called: a name that several share is numbered in the order of use, h₁, h₂, …."""
    given = recording.names()
    order = topological_order(recording.root)
    names = {node: name for node in order if (name := given.get(node, node.label))}
    used = dict.fromkeys(node for made in [*recording.calls, *order] for node in (*made.children, made))
    return numbered({node: names[node] for node in used if node in names})


@contextmanager
def as_recorded(recording: Recording) -> Iterator[None]:
    """Within, the graph of a recording has the learner's names, the numbers it was computed from, and no gradients yet;
    afterwards all are again what they were before."""
    names, data = distinct_names(recording), recording.data()
    with replaced("label", names), replaced("data", data), fresh_gradients(recording.root):
        yield


class Parts:
    """The parts of the page: each method writes the one that stands in the template under its name."""

    def __init__(self, recording: Recording, max_nodes: int) -> None:
        self.graph = Graph(recording.root, short=True)
        varying = [node for node in self.graph.order if not isinstance(node, Constant)]
        self.total = len(varying)
        self.nodes = varying[-max_nodes:]  # with a node also those that contribute to its gradient: they come after it
        self.index = {node: i for i, node in enumerate(self.nodes)}
        computed = {node: i for i, node in enumerate(recording.numbers)}
        operations = [node for node in self.nodes if node.op]
        self.operations = sorted(operations, key=lambda node: computed.get(node, -1))  # not while recorded: before
        self.all_steps = list(backward_steps(recording.root))
        self.steps = [step for step in self.all_steps if step.child in self.index]
        self.formulas = {node: self.graph.formulas(node) for node in self.operations}
        start = len(self.operations) + 1
        self.complete_at = {recording.root: start} | {step.child: i for i, step in enumerate(self.steps, start + 1)}
        self.rows = {op: f"row{i}" for i, op in enumerate(dict.fromkeys(node.op for node in self.operations))}
        self.edited = recording.edited
        self.called = recording.names_in_networks()
        self.recording = recording if has_text(recording) else as_program(recording, self.graph, self.operations)
        self.places: dict[Place, str] = {}
        for calls in (self.recording.calls[node] for node in self.nodes if node in self.recording.calls):
            for place in (*calls.learner, *calls.package):
                self.places.setdefault(place, f"p{len(self.places)}")
        neurons = list(filter(is_neuron, varying))
        self.folded = weights_on_arrows(varying, neurons) if self.total > DETAILED_NODES else {}
        boxes = [node for node in varying if node not in self.folded]
        self.boxes = {node: f"v{i}" for i, node in enumerate(boxes)}
        self.arrows = {(node, operand): f"e{i}" for i, (node, operand, _) in enumerate(arrows(boxes))}
        self.drawing = ""
        if len(self.nodes) == self.total:
            self.drawing = drawing(recording.root, "arrows" if self.folded else "boxes", self.total)

    # ------------------------------------------------------------------------------------------------------ words

    def name(self, node: Value) -> str:
        return self.graph.name(node, FORMULAS)

    def operand(self, node: Value, child: Value) -> str:
        """The name of a child in the arithmetic of a node."""
        return self.graph.operand_name(node, child, FORMULAS)

    def partial(self, step: Step) -> str:
        """ "∂h1/∂w"."""
        return f"∂{self.operand(step.node, step.node)}/∂{self.operand(step.node, step.child)}"

    def within(self, node: Value, *operands: Value) -> str:
        """What short names in the arithmetic stand for, " in layers.1.neurons.0, where a.0 is layers.0.neurons.0.a":
        of the operands that stand elsewhere, the first."""
        neuron = NEURON.match(self.name(node))
        words = f" in {neuron['place']}" if neuron else ""
        words += f", called {self.called[node]}" if node in self.called else ""
        for operand in operands:
            short, full = self.operand(node, operand), self.name(operand)
            if short != full and not (neuron and full.startswith(f"{neuron['place']}.")):
                names = [self.called[operand], full] if operand in self.called else [full]
                return f"{words}, where {short} is {', '.join(names)}"
        return words

    def title(self) -> str:
        return escape(self.heading())

    def heading(self) -> str:
        return self.recording.title or self.name(self.graph.root)

    def note(self) -> str:
        """What a reader must know of the page, a paragraph each."""
        return "\n".join(map(paragraph, self.remarks()))

    def remarks(self) -> Iterator[str]:
        """What is not so, and what is left out and how to see it."""
        from tinygrad_edu.show.source import file_name

        if changed := self.graph.changed_data():
            yield f"The numbers of this graph do not agree: {changed}."
        for name in map(file_name, self.edited):
            yield (
                f"The text of {name} is not shown, because it is not what ran: it seems to be edited since Python read "
                "it. Import it again, or start Python anew."
            )
        if len(self.nodes) < self.total:
            yield (
                f"This graph has {self.total:,} nodes. Shown are the last {len(self.nodes):,} that are computed, the "
                f"first that backward reaches; {self.total - len(self.nodes):,} nodes, "
                f"{len(self.all_steps) - len(self.steps):,} steps of backward and the picture are left out. To see "
                f"another part, step through a Value within it: "
                f'save_stepper(value, "part.html"). To see everything, pass max_nodes={self.total}.'
            )
        elif not self.drawing:
            yield f"There is no picture, because no Graphviz was found: {INSTALL}"

    # ------------------------------------------------------------------------------------------- the list of steps

    def list_of_steps(self) -> str:
        """Every step as a line of text."""
        lines = [self.given(), *map(self.forward, self.operations), self.start(), *map(self.backward, self.steps)]
        return "\n".join(
            f'<li><a href="#step={i}" aria-label="step {i}">{i}</a> {line}</li>' for i, line in enumerate(lines)
        )

    def given(self) -> str:
        """The leaves in the order of their use; of many the inputs, and how many others."""
        operands = [operand for node in self.operations for operand in node.children if operand in self.index]
        leaves = [node for node in dict.fromkeys([*operands, *self.nodes]) if not node.op]
        shown = leaves
        if len(leaves) > MAX_GIVEN:
            shown = [leaf for leaf in leaves if kind(leaf) == "input"][:MAX_GIVEN]
        counts = Counter(kind(leaf) for leaf in leaves if leaf not in shown)
        parts = [f"{self.name(leaf)} = {FORMULAS.number(leaf.data)}" for leaf in shown]
        parts += [f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items()]
        return arithmetic("given", [", ".join(parts) or "nothing"], "the numbers to start from")

    def forward(self, node: Value) -> str:
        """ "h1 = w × x = 0 × 1 = 0"."""
        parts = [
            self.operand(node, node), "=", self.graph.operation(node, OPERATIONS),
            "=", self.graph.numbers(node, OPERATIONS), "=", FORMULAS.number(node.data),
        ]  # fmt: skip
        return arithmetic("forward", parts, f"forward{self.within(node, *node.children)}: {self.made_by(node)}")

    def made_by(self, node: Value) -> str:
        """ "w * x in line 3"."""
        if node not in self.recording.calls:
            return "made before"
        *_, place = self.recording.calls[node].learner
        if not self.recording.lines(place.file):
            return "made elsewhere"
        text = self.recording.line(place.file, place.line)[place.column :]
        if place.line == place.end_line:
            return f"{text[: place.end_column - place.column].strip()} in line {place.line}"
        return f"{text.strip()} … in lines {place.line} to {place.end_line}"

    def start(self) -> str:
        root = self.operand(self.graph.root, self.graph.root)
        return arithmetic("start", [f"∂{root}/∂{root}", "=", "1"], "backward starts at the output")

    def backward(self, step: Step) -> str:
        """ "w.grad += h1.grad × ∂h1/∂w = 0 + 0.25 × 1 = 0.25"."""
        child, node = self.operand(step.node, step.child), self.operand(step.node, step.node)
        before, upstream, partial, after = map(FORMULAS.number, (step.before, step.upstream, step.partial, step.after))
        parts = [
            f"{child}.grad", "+=", f"{node}.grad", "×", self.partial(step),
            "=", before, "+", upstream, "×", partial, "=", after,
        ]  # fmt: skip
        remark = f"backward{self.within(step.node, step.child)}: {self.partial(step)} = {self.formula(step)}"
        return arithmetic("backward", parts, remark)

    def formula(self, step: Step) -> str:
        """The local derivative as a formula and as a number: "x = 1"."""
        formula = text_of(self.formulas[step.node][step.operand], FORMULAS)
        number = FORMULAS.number(step.partial)
        return number if formula == number else f"{formula} = {number}"

    # -------------------------------------------------------------------------------------------------- the panes

    def source(self) -> str:
        """The learner's functions, each with every piece of text that made a Value marked off."""
        places = {place for calls in self.recording.calls.values() for place in calls.learner} & self.places.keys()
        return self.blocks(places)

    def inside(self) -> str:
        """The functions of this package that the learner's source called."""
        return self.blocks(self.places.keys() - {p for calls in self.recording.calls.values() for p in calls.learner})

    def blocks(self, places: set[Place]) -> str:
        """The functions around these places, file by file."""
        with_text = [place for place in places if self.recording.lines(place.file)]
        blocks = sorted({(place.file, *self.recording.block_at(place)) for place in with_text})
        outermost = [block for block in blocks if not any(contains(other, block) for other in blocks if other != block)]
        return "\n".join(self.file(file, group) for file, group in groupby(outermost, key=itemgetter(0)))

    def file(self, name: str, blocks: Iterator[tuple[str, int, int]]) -> str:
        """Some functions of a file, under its name."""
        from tinygrad_edu.show.source import file_name

        marks = [(place, mark) for place, mark in self.places.items() if place.file == name]
        shown = [
            code([self.recording.line(name, number) for number in range(first, last + 1)], first, marks)
            for _, first, last in blocks
        ]
        return f"<h3>{escape(file_name(name))}</h3>\n" + '\n<p class="gap">⋮</p>\n'.join(shown)

    def rules(self) -> str:
        """The rows of the derivative table that run."""
        return "\n".join(f'<div class="row" id="{name}">{row(op)}</div>' for op, name in self.rows.items())

    def picture(self) -> str:
        """The graph as Graphviz draws it."""
        return self.drawing

    def table(self) -> str:
        """Every node with its value and its gradient."""
        return "\n".join(
            f'<tr id="n{i}"><th scope="row"><a href="#step={self.complete_at[node]}">{escape(self.name(node))}</a>'
            f"</th><td>{escape(self.what(node))}</td>"
            f'<td class="value">{FORMULAS.number(node.data)}</td>'
            f'<td class="grad">{FORMULAS.number(node.grad)}</td></tr>'
            for i, node in enumerate(self.nodes)
        )

    def what(self, node: Value) -> str:
        """ "w × x", or what a leaf is."""
        return operation(self.graph, node) if node.op else kind(node)

    # --------------------------------------------------------------------------------------------------- the data

    def data(self) -> str:
        """What the page does in each step, as JSON that ends no <script>."""
        import json

        data = {"nodes": list(map(self.node_data, self.nodes)), "steps": list(self.step_data())}
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    def node_data(self, node: Value) -> dict[str, Any]:
        """What is marked when a node is computed: pieces of source, a row of the table; and where a click leads."""
        box, line = self.box(node)
        data: dict[str, Any] = {
            "value": FORMULAS.number(node.data),
            "click": self.complete_at[node],
            "box": box,
            "line": line,
        }
        if node in self.recording.calls:
            calls = self.recording.calls[node]
            data["made"] = [self.places[place] for place in calls.learner]
            data["inside"] = [self.places[place] for place in calls.package]
        if node.op:
            data |= {"row": self.rows[node.op], "arguments": self.arguments(node)}
        return data

    def box(self, node: Value) -> tuple[str, int]:
        """Where in the picture the numbers of a node are: in its box, on the arrow that it weighs, or, those of a bias,
        in the box of its neuron below the neuron's own."""
        if node not in self.folded:
            return self.boxes[node], 0
        neuron, operand = self.folded[node]
        return (self.boxes[neuron], 1) if operand == -1 else (self.arrows[neuron, operand], 0)

    def arguments(self, node: Value) -> list[str]:
        """What the row's variables stand for: ["out is h1 = 0", "x is w = 0", "y is x = 1"]."""
        names = ["out", *node.op.operand_names()]
        values = [node, *node.children]
        if len(names) != len(values):
            return []
        named = [(printable(self.operand(node, value)), FORMULAS.number(value.data)) for value in values]
        return [
            f"{variable} is {name}" + (f" = {number}" if name != number else "")
            for variable, (name, number) in zip(names, named, strict=True)
        ]

    def step_data(self) -> Iterator[dict[str, Any]]:
        """The steps in their order: backward they are the records of `backward_steps`."""
        yield {"phase": "given"}
        for node in self.operations:
            yield {"phase": "forward", "node": self.index[node]}
        yield {"phase": "start", "child": self.index[self.graph.root], "gradient": "1"}
        for step in self.steps:
            yield {
                "phase": "backward",
                "node": self.index[step.node],
                "child": self.index[step.child],
                "operand": step.operand,
                "upstream": number(step.upstream),
                "partial": number(step.partial),
                "contribution": number(step.contribution),
                "before": number(step.before),
                "after": number(step.after),
                "gradient": FORMULAS.number(step.after),
                "formula": text_of(step.formula, FORMULAS),
                "arrow": self.arrows.get(self.folded.get(step.child, (step.node, step.operand))),
            }


def drawing(root: Value, weights: str, max_nodes: int) -> str:
    """The graph as an <svg> element; "" where nothing can draw it."""
    try:
        source = draw_dot(root, weights=weights, max_nodes=max_nodes).source
    except ModuleNotFoundError:
        return ""
    picture = (render(source, "svg") or b"").decode()
    found = re.search(r'<svg width="(\d+)pt" height="(\d+)pt".*', picture, re.DOTALL)
    if not found:
        return ""
    size = f"--natural: {found[1]}pt; --ratio: {int(found[1]) / int(found[2]):.4g}"
    attributes = f'role="img" aria-label="the graph: its nodes are in the table" style="{size}"'
    return COMMENT.sub("", found[0]).replace("<svg", f"<svg {attributes}", 1)


COMMENT = re.compile(r"<!--.*?-->\n", re.DOTALL)
UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def contains(outer: tuple[str, int, int], inner: tuple[str, int, int]) -> bool:
    """Whether one block of lines of a file is within another."""
    return outer[0] == inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2]


def has_text(recording: Recording) -> bool:
    """Whether the source of anything recorded is to be had: of what is typed at Python's prompt it is not."""
    return any(recording.lines(calls.learner[-1].file) for calls in recording.calls.values() if calls.learner)


def as_program(recording: Recording, graph: Graph, operations: Sequence[Value]) -> Recording:
    """A recording of the graph itself, written as a program of one operation per line."""
    from tinygrad_edu.show.source import Calls, Place, Recording

    lines = [f"{graph.name(node, FORMULAS)} = {graph.operation(node, OPERATIONS)}" for node in operations]
    program = Recording(graph.root, recording.title, texts={PROGRAM: lines})
    for i, (node, line) in enumerate(zip(operations, lines, strict=True), start=1):
        program.calls[node] = Calls((Place(PROGRAM, i, 0, i, len(line)),), ())
    return program


PROGRAM = "the operations of the graph"


def number(x: float) -> float | str:
    """A number as JSON has it; one that JSON has not, as text."""
    return x if math.isfinite(x) else str(x)


def escape(text: str) -> str:
    """Any text, for HTML."""
    import html

    return html.escape(printable(text))


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def arithmetic(phase: str, parts: Sequence[str], remark: str) -> str:
    """A line of arithmetic, its parts set apart so that the page can lay them out, and a remark."""
    spans = " ".join(f"<span>{escape(part)}</span>" for part in parts)
    return f'<span class="sum {phase}">{spans}</span> <small>{escape(remark)}</small>'


def code(lines: Sequence[str], first: int, marks: Sequence[tuple[Place, str]]) -> str:
    """Lines of source, numbered, with every marked piece in elements of its class."""
    numbered = enumerate(lines, start=first)
    body = "".join(f'<code data-line="{number}">{code_line(line, number, marks)}</code>' for number, line in numbered)
    return f"<pre>{body}</pre>"


def code_line(line: str, number: int, marks: Sequence[tuple[Place, str]]) -> str:
    """A line cut wherever a piece begins or ends."""
    pieces = [
        (place.column if number == place.line else indentation(line),
         place.end_column if number == place.end_line else len(line), name)
        for place, name in marks
        if place.line <= number <= place.end_line
    ]  # fmt: skip
    cuts = sorted({0, len(line), *(cut for start, end, _ in pieces for cut in (start, end))})
    html = ""
    for start, end in pairwise(cuts):
        names = " ".join(name for begin, stop, name in pieces if begin <= start and end <= stop)
        text = escape(line[start:end])
        html += f'<span class="{names}">{text}</span>' if names else text
    return html + "\n"


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def row(op: Rule) -> str:
    """A row of the derivative table as its source, with the value and each of the derivatives marked off."""
    import inspect
    import textwrap

    from tinygrad_edu.show.source import file_name, results

    try:
        text, name = inspect.getsource(type(op)), file_name(inspect.getfile(type(op)))
    except (OSError, TypeError):
        return f"<pre><code>{escape(str(op))}</code></pre>"
    lines = [re.sub(r"(?<=\S) {2,}", "  ", line) for line in textwrap.dedent(text).splitlines()]
    marks = list(results(lines))
    end = max((place.end_line for place, _ in marks), default=len(lines))  # what follows are helpers
    return f"<h3>{escape(name)}</h3>\n{code(lines[:end], 1, marks)}"
