"""What is shown, read back: the data, table and steps of a page, the boxes of a picture, the text of a recording."""

from __future__ import annotations

import functools
import html
import json
import re
from pathlib import Path
from typing import Any

import tinygrad_edu
import tinygrad_edu.nn
from tinygrad_edu import Value, draw_dot, topological_order
from tinygrad_edu.show.source import Recording, Span

# ------------------------------------------------------------------------------------------------------------ a page


def data_of(page: str) -> Any:
    """The page's data, as a browser reads them."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def cells(page: str) -> list[list[str]]:
    """The table of nodes."""
    rows = re.findall(r'<tr id="n\d+">(.*?)</tr>', page, re.DOTALL)
    return [[text_in(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def lines_of(page: str) -> list[str]:
    """The list of all steps, as text."""
    items = re.findall(r"<li>(.*?)</li>", page, re.DOTALL)
    return list(map(text_in, items))


def text_in(markup: str) -> str:
    return html.unescape(re.sub(r"<.*?>", "", markup))


# --------------------------------------------------------------------------------------------------------- a picture


def source_of(root: Value, **options: Any) -> str:
    return str(draw_dot(root, **options).source)


def lines_of_source(root: Value, **options: Any) -> list[str]:
    return [line.strip() for line in source_of(root, **options).splitlines()]


def boxes(root: Value, **options: Any) -> list[str]:
    return [line for line in lines_of_source(root, **options) if re.match(r"v\d+ \[", line)]


# ------------------------------------------------------------------------------------------------------- a recording


def function_in(folder: Path, program: str, name: str = "f") -> Any:
    """A function of a program, which lies in a file."""
    path = folder / "program.py"
    path.write_text(program, encoding="utf-8")
    namespace: dict[str, Any] = {"functools": functools, **vars(tinygrad_edu), **vars(tinygrad_edu.nn)}
    exec(compile(program, str(path), "exec"), namespace)
    return namespace[name]


def text_at(recording: Recording, place: Span) -> str:
    """The text that a place marks."""
    lines = [line.encode() for line in recording.texts[place.file][place.line - 1 : place.end_line]]
    lines[-1] = lines[-1][: place.end]
    lines[0] = lines[0][place.start :]
    return b"".join(lines).decode()


def operations(recording: Recording) -> list[Value]:
    return [node for node in topological_order(recording.root) if node.op]


def made_by(recording: Recording) -> list[str]:
    """For each operation in topological order, the learner's text that made it."""
    return [text_at(recording, recording.calls[node].learner[-1]) for node in operations(recording)]
