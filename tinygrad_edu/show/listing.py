"""List source text on a page: the learner's, that of this package, and rows of the table, with their pieces marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from tinygrad_edu.engine import Value
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.markup import escape
from tinygrad_edu.show.source import Calls, Recording, Span, file_name, results
from tinygrad_edu.show.steps import Graph
from tinygrad_edu.show.style import FORMULAS, OPERATIONS
from tinygrad_edu.words import say


class Listing:
    """Show which text made which node: each piece of text has a mark, p0, p1, …, which the page lights up.

    recording  where the nodes were made
    marks      the mark of each piece of text that made one of the nodes that are shown
    """

    def __init__(self, recording: Recording, nodes: Sequence[Value]) -> None:
        self.recording = recording
        self.marks: dict[Span, str] = {}
        for calls in (recording.calls[node] for node in nodes if node in recording.calls):
            for span in (*calls.learner, *calls.package):
                self.marks.setdefault(span, f"p{len(self.marks)}")

    def marks_of(self, node: Value) -> dict[str, list[str]]:
        """Return the marks of the calls that led to a node, the learner's and those within this package."""
        if node not in self.recording.calls:
            return {}
        calls = self.recording.calls[node]
        return {
            "made": [self.marks[span] for span in calls.learner],
            "inside": [self.marks[span] for span in calls.package],
        }

    def made_by(self, node: Value) -> str:
        """Say which text made a node: "w * x in line 3"."""
        if node not in self.recording.calls:
            return say("made before")
        *_, span = self.recording.calls[node].learner
        if not self.recording.lines(span.file):
            return say("made elsewhere")
        text = self.recording.line(span.file, span.line)[span.column :]
        if span.line == span.end_line:
            return say("made in line", text=text[: span.end_column - span.column].strip(), line=span.line)
        return say("made in lines", text=text.strip(), line=span.line, end=span.end_line)

    def source(self) -> str:
        """List the learner's functions."""
        return self.blocks(self.marks.keys() & self.learners_spans())

    def inside(self) -> str:
        """List the functions of this package that the learner's source called."""
        return self.blocks(self.marks.keys() - self.learners_spans())

    def learners_spans(self) -> set[Span]:
        """Return the pieces of the learner's source that made nodes."""
        return {span for calls in self.recording.calls.values() for span in calls.learner}

    def blocks(self, spans: set[Span]) -> str:
        """List the functions around these spans, file by file."""
        with_text = [span for span in spans if self.recording.lines(span.file)]
        blocks = sorted({(span.file, *self.recording.block_at(span)) for span in with_text})
        outermost = [block for block in blocks if not any(contains(other, block) for other in blocks if other != block)]
        return "\n".join(self.file(file, group) for file, group in groupby(outermost, key=itemgetter(0)))

    def file(self, name: str, blocks: Iterator[tuple[str, int, int]]) -> str:
        """List some functions of a file, under its name."""
        marks = [(span, mark) for span, mark in self.marks.items() if span.file == name]
        listed = [
            code([self.recording.line(name, number) for number in range(first, last + 1)], first, marks)
            for _, first, last in blocks
        ]
        return f"<h3>{escape(file_name(name))}</h3>\n" + '\n<p class="gap">⋮</p>\n'.join(listed)


def listing_of(recording: Recording, graph: Graph, nodes: Sequence[Value]) -> Listing:
    """Return the listing of a recording; where no text is to be had, as at Python's prompt, of the graph itself."""
    if any(recording.lines(calls.learner[-1].file) for calls in recording.calls.values() if calls.learner):
        return Listing(recording, nodes)
    return Listing(as_program(graph, [node for node in nodes if node.op]), nodes)


def as_program(graph: Graph, operations: Sequence[Value]) -> Recording:
    """Return a recording of the graph itself, written as a program of one operation per line."""
    lines = [f"{graph.name(node, FORMULAS)} = {graph.operation(node, OPERATIONS)}" for node in operations]
    file = say("program")
    program = Recording(graph.root, texts={file: lines})
    for i, (node, line) in enumerate(zip(operations, lines, strict=True), start=1):
        program.calls[node] = Calls((Span(file, i, 0, i, len(line)),), ())
    return program


def contains(outer: tuple[str, int, int], inner: tuple[str, int, int]) -> bool:
    return outer[0] == inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2]


def code(lines: Sequence[str], first: int, marks: Sequence[tuple[Span, str]]) -> str:
    """Write lines of source, numbered, with every marked piece in elements of its class."""
    numbered = enumerate(lines, start=first)
    body = "".join(f'<code data-line="{number}">{code_line(line, number, marks)}</code>' for number, line in numbered)
    return f"<pre>{body}</pre>"


def code_line(line: str, number: int, marks: Sequence[tuple[Span, str]]) -> str:
    """Write a line cut wherever a piece begins or ends."""
    pieces = [
        (span.column if number == span.line else len(line) - len(line.lstrip()),
         span.end_column if number == span.end_line else len(line), mark)
        for span, mark in marks
        if span.line <= number <= span.end_line
    ]  # fmt: skip
    cuts = sorted({0, len(line), *(cut for start, end, _ in pieces for cut in (start, end))})
    html = ""
    for start, end in pairwise(cuts):
        classes = " ".join(mark for begin, stop, mark in pieces if begin <= start and end <= stop)
        text = escape(line[start:end])
        html += f'<span class="{classes}">{text}</span>' if classes else text
    return html + "\n"


def row(op: Rule) -> str:
    """Write a row of the derivative table as its source, with the value and each of the derivatives marked off."""
    import inspect
    import textwrap

    try:
        text, name = inspect.getsource(type(op)), file_name(inspect.getfile(type(op)))
    except (OSError, TypeError):
        return f"<pre><code>{escape(str(op))}</code></pre>"
    lines = [re.sub(r"(?<=\S) {2,}", "  ", line) for line in textwrap.dedent(text).splitlines()]
    marks = list(results(lines))
    end = max((span.end_line for span, _ in marks), default=len(lines))  # what follows are helpers
    return f"<h3>{escape(name)}</h3>\n{code(lines[:end], 1, marks)}"
