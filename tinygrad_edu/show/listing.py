"""List source text on a page: the learner's, that of this package, and rows of the table, with their pieces marked."""

import re
import sys
from collections.abc import Sequence, Set
from itertools import pairwise

from tinygrad_edu.engine import Value
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.markup import escape
from tinygrad_edu.show.source import Calls, Recording, Span, blocks_around, cut, file_name, results, source_of_class
from tinygrad_edu.show.steps import Graph
from tinygrad_edu.words import say


class Listing:
    """Show which text made which node: each piece of text has a mark, p0, p1, …, which the page lights up."""

    def __init__(self, recording: Recording, nodes: Sequence[Value]) -> None:
        self.texts = recording.texts
        self.calls = {node: recording.calls[node] for node in nodes if node in recording.calls}
        spans = dict.fromkeys(span for calls in self.calls.values() for span in (*calls.learner, *calls.package))
        self.marks = {span: f"p{i}" for i, span in enumerate(spans)}
        self.made = {span for calls in self.calls.values() for span in calls.learner}
        self.inside = self.marks.keys() - self.made  # in this package, called by the learner's source

    def marks_of(self, node: Value) -> dict[str, list[str]]:
        """Return the marks of the calls that led to a node, the learner's and those within this package."""
        if node not in self.calls:
            return {}
        learner, package = self.calls[node]
        return {"made": [self.marks[span] for span in learner], "inside": [self.marks[span] for span in package]}

    def made_by(self, node: Value) -> str:
        """Say which text made a node: "w * x in line 3"."""
        if node not in self.calls:
            return say("made before")
        *_, span = self.calls[node].learner
        if not self.texts[span.file]:
            return say("made elsewhere")
        line = self.texts[span.file][span.line - 1]
        if span.line == span.end_line:
            return say("made in line", text=cut(line, span.start, span.end).strip(), line=span.line)
        return say("made in lines", text=cut(line, span.start, sys.maxsize).strip(), line=span.line, end=span.end_line)

    def functions(self, spans: Set[Span]) -> str:
        """List the functions around these spans, file by file."""
        html = []
        for file in sorted({span.file for span in spans if self.texts[span.file]}):
            lines = self.texts[file]
            marks = [(span, mark) for span, mark in self.marks.items() if span.file == file]
            blocks = blocks_around([span for span in spans if span.file == file], lines)
            listed = [code(lines[first - 1 : last], first, marks) for first, last in blocks]
            html.append(f"<h3>{escape(file_name(file))}</h3>\n" + '\n<p class="gap">⋮</p>\n'.join(listed))
        return "\n".join(html)


def listing_of(recording: Recording, graph: Graph, nodes: Sequence[Value]) -> Listing:
    """Return the listing of a recording; where it has no text, as at Python's prompt, of its operations, one a line."""
    if any(recording.texts[calls.learner[-1].file] for calls in recording.calls.values()):
        return Listing(recording, nodes)
    operations = [node for node in nodes if node.op]
    lines = [f"{graph.name(node)} = {graph.operation(node)}" for node in operations]
    calls = {node: Calls((Span(say("program"), i, i),), ()) for i, node in enumerate(operations, start=1)}
    return Listing(Recording(graph.root, texts={say("program"): lines}, calls=calls), nodes)


def code(lines: Sequence[str], first: int, marks: Sequence[tuple[Span, str]]) -> str:
    """Write lines of source, numbered, with every marked piece in elements of its class."""
    body = (f'<code data-line="{i}">{code_line(line, i, marks)}</code>' for i, line in enumerate(lines, start=first))
    return f"<pre>{''.join(body)}</pre>"


def code_line(line: str, number: int, marks: Sequence[tuple[Span, str]]) -> str:
    """Write a line cut wherever a piece begins or ends."""
    encoded = line.rstrip("\n").encode("utf-8", "surrogatepass")
    indent, length = len(encoded) - len(encoded.lstrip()), len(encoded)
    pieces = []
    for span, mark in marks:
        if span.line <= number <= span.end_line:
            start = span.start if number == span.line else indent
            pieces.append((start, min(span.end, length) if number == span.end_line else length, mark))
    cuts = sorted({0, length, *(offset for start, end, _ in pieces for offset in (start, end))})
    html = ""
    for start, end in pairwise(cuts):
        classes = " ".join(mark for begin, stop, mark in pieces if begin <= start and end <= stop)
        text = escape(cut(line, start, end))
        html += f'<span class="{classes}">{text}</span>' if classes else text
    return html + "\n"


def row(op: Rule) -> str:
    """Write a row of the derivative table as its source, with the value and each of the derivatives marked off."""
    file, text = source_of_class(type(op))
    if not text:
        return f"<pre><code>{escape(str(op))}</code></pre>"
    lines = re.sub(r"(?<=\S) {2,}", "  ", text).splitlines()
    marks = list(results("\n".join(lines)))
    end = max((span.end_line for span, _ in marks), default=None)  # what follows are helpers
    return f"<h3>{escape(file_name(file))}</h3>\n{code(lines[:end], 1, marks)}"
