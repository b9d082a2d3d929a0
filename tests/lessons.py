"""Run lessons, and hold what they print and draw against the table of the course and the gallery."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tinygrad_edu.nn.figures import has_matplotlib
from tinygrad_edu.show.render import render

DEMOS = Path(__file__).parent.parent / "demos"
GALLERY = DEMOS / "gallery"
LESSONS = [path.name for path in sorted(DEMOS.glob("[0-9]*.py"))]


class Item(NamedTuple):
    """A concept, formula, claim or misconception, the number of its lesson, and what proves it."""

    says: str
    lesson: str
    proof: str


ITEMS = [
    Item(*line.split("|", maxsplit=2))
    for line in (Path(__file__).parent / "course.txt").read_text(encoding="utf-8").splitlines()
]


def run_lesson(name: str, folder: Path, encoding: str = "utf-8") -> str:
    """What a copy of the lesson prints on a terminal of this encoding; in UTF-8 it proves all its items."""
    shutil.copy(DEMOS / name, folder)
    printed = on_terminal(encoding, [name], folder)
    if encoding == "utf-8":
        items = [item for item in ITEMS if item.lesson == name[:2]]
        assert [item for item in items if not re.search(item.proof, printed, re.MULTILINE)] == []
    return printed


def on_terminal(encoding: str, arguments: Sequence[str], folder: Path | None = None) -> str:
    """What Python prints on a terminal of this encoding; it ends well."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, *arguments]
    finished = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True)
    return finished.stdout.decode(encoding)


def check_pictures(
    folder: Path, diagrams: Sequence[str] = (), figures: Sequence[str] = (), printed: str | None = None
) -> None:
    """These pictures and no others are there, and well-formed; the last line of what was printed names them.

    Those of the gallery show the same texts as it does (their layout depends on Graphviz's version). Without a renderer
    there are the sources of the diagrams, without matplotlib no figures.
    """
    names = [name + (".svg" if render("digraph { a }", "svg") else ".gv") for name in diagrams]
    names += [f"{name}.svg" for name in figures if has_matplotlib()]
    assert sorted(path.name for path in (folder / "output").iterdir()) == sorted(names)
    for picture in (folder / "output").glob("*.svg"):
        drawn = texts(picture)
        assert not (GALLERY / picture.name).exists() or drawn == texts(GALLERY / picture.name), picture.name
    if printed is not None and names:
        wrote = printed.rpartition("\n\nwrote ")[2]
        assert sorted(wrote.removesuffix("\n").split(", ")) == sorted(str(Path("output", name)) for name in names)


def texts(picture: Path) -> list[str]:
    """The texts of an SVG, sorted."""
    elements = ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(element.itertext()) for element in elements)
