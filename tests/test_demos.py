"""Every lesson runs in an empty folder, proves its claim, and saves well-formed pictures."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tinygrad_edu.nn.figures import has_matplotlib
from tinygrad_edu.show.render import render

DEMOS = Path(__file__).parent.parent / "demos"


def run_lesson(name: str, folder: Path, encoding: str = "utf-8") -> str:
    """What a copy of the lesson prints on a terminal of this encoding."""
    shutil.copy(DEMOS / name, folder)
    return on_terminal(encoding, [name], folder)


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

    Without a renderer there are the sources of the diagrams, without matplotlib no figures.
    """
    names = [name + (".svg" if render("digraph { a }", "svg") else ".gv") for name in diagrams]
    names += [f"{name}.svg" for name in figures if has_matplotlib()]
    assert sorted(path.name for path in (folder / "output").iterdir()) == sorted(names)
    for picture in (folder / "output").glob("*.svg"):
        ElementTree.parse(picture)
    if printed is not None and names:
        wrote = printed.rpartition("\n\nwrote ")[2]
        assert sorted(wrote.removesuffix("\n").split(", ")) == sorted(str(Path("output", name)) for name in names)


def test_worked_example(tmp_path: Path) -> None:
    """∂f/∂w is 0.25 along both graphs."""
    printed = run_lesson("01_worked_example.py", tmp_path)
    assert "∂f/∂w along f → h2 → h1 → w: 1 × 0.25 × 1 × 1 = 0.25" in printed
    assert "1 × -0.25 × 1 × 1 × -1 × 1 × 1 = 0.25" in printed
    assert "\n\n∂f/∂w = 0.25, ∂f/∂b = 0.25, ∂f/∂x = 0.0\n\n" in printed
    pictures = [f"worked_example_{name}" for name in ("before", "halfway", "after", "h1_to_h6")]
    check_pictures(tmp_path, pictures, printed=printed)


def test_neuron(tmp_path: Path) -> None:
    """CS231n's numbers, twice; a distance of 1/√13; four gates with their thresholds, and no gradient."""
    printed = run_lesson("04_neuron.py", tmp_path)
    for number in "0.7311", "-0.1966", "-0.3932", " 0.1966":
        assert len(re.findall(rf" {number}\b", printed)) == 2
    assert "x is 1 / 3.6056 = 0.2774 from the line; there z = 0.0000, along it z = 0.0000\n" in printed
    gates = re.findall(r"^(\w[^θ\n]*?)((?: +-?[\d.]+){7})$", printed, re.MULTILINE)
    assert {name: [float(number) for number in numbers.split()] for name, numbers in gates} == {
        "x1 and x2": [1, 1, 1.5, 0, 0, 0, 1],
        "x1 or x2": [1, 1, 0.5, 0, 1, 1, 1],
        "not x1": [-1, 0, -0.5, 1, 1, 0, 0],
        "x1, unless x2": [1, -1, 0.5, 0, 0, 1, 0],
    }
    assert re.search(r"^∂output/∂w( +0){2}$", printed, re.MULTILINE)
    diagrams = ["neuron_of_plus_and_times", "neuron_as_in_textbooks", "neuron"]
    check_pictures(tmp_path, diagrams, ["plane_and_sigma"])


def test_training_loop(tmp_path: Path) -> None:
    """The loss falls from one report to the next, to an accuracy of at least 97 %."""
    printed = run_lesson("13_training_loop.py", tmp_path)
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", printed)]
    assert losses == sorted(losses, reverse=True)
    assert float(re.findall(r"accuracy (\S+)%", printed)[-1]) >= 97.0
    assert "96 of 100 or more of the flowers it was trained with in 20 of 20 starts\n" in printed
    check_pictures(tmp_path, ["iris_neuron"])


QUICK = ["01", "03", "09"]
NAMES = [path.name for path in sorted(DEMOS.glob("[0-9]*.py"))]
LESSONS = [  # ASCII has nothing that another encoding lacks: what survives it survives all
    *((name, encoding) for name in NAMES if name[:2] in QUICK for encoding in ("ascii", "cp1252", "gbk")),
    *(pytest.param(name, "ascii", marks=pytest.mark.slow) for name in NAMES if name[:2] not in QUICK),
]
SYMBOLS = {
    "01": "df/dw along f -> h2", "08": "delta^(1) = f'(z^(1)) .* (W^(2))^T delta^(2) = ", "12": "d^2y/dw^2 = ",
    "14": "alpha = ", "22": "sqrt 2 ",
}  # fmt: skip


@pytest.mark.parametrize(("lesson", "encoding"), LESSONS)
def test_every_lesson_survives_every_terminal(lesson: str, encoding: str, tmp_path: Path) -> None:
    """What the terminal does not know is spelled, and no ? stands in the place of a symbol."""
    if lesson.startswith("25"):
        pytest.importorskip("torch")
    printed = run_lesson(lesson, tmp_path, encoding)
    assert "?" not in printed
    assert "\\u" not in printed
    if encoding == "ascii":
        assert SYMBOLS.get(lesson[:2], "") in printed


@pytest.mark.slow
@pytest.mark.skipif(not render("digraph { a }", "svg"), reason="no renderer: neither dot nor pygraphviz is installed")
@pytest.mark.skipif(not has_matplotlib(), reason="matplotlib is not installed")
def test_the_gallery_is_what_its_program_draws(tmp_path: Path) -> None:
    """The committed pictures show the same texts as freshly drawn ones (their layout depends on Graphviz's version)."""
    runpy.run_path(str(DEMOS / "gallery" / "build.py"))["build"](tmp_path)
    drawn = {picture.name: texts(picture) for picture in tmp_path.iterdir()}
    assert drawn == {picture.name: texts(picture) for picture in (DEMOS / "gallery").glob("*.svg")}


def texts(picture: Path) -> list[str]:
    """The texts of an SVG, sorted."""
    elements = ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(element.itertext()) for element in elements)
