"""Every lesson runs in an empty folder, proves its claim, and saves well-formed pictures."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest

from tests.lessons import DEMOS, GALLERY, LESSONS, check_pictures, run_lesson, texts
from tinygrad_edu.show.render import render


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
FEW_SECONDS = ["02", "07", "08", "11", "12", "19", "21", "22"]
RUNS = [  # ASCII has nothing that another encoding lacks: what survives it survives all
    *((name, encoding) for name in LESSONS if name[:2] in QUICK for encoding in ("ascii", "cp1252", "gbk")),
    *(pytest.param(name, "ascii", marks=pytest.mark.slow) for name in LESSONS if name[:2] in FEW_SECONDS),
]
SYMBOLS = {
    "01": "df/dw along f -> h2", "08": "delta^(1) = f'(z^(1)) .* (W^(2))^T delta^(2) = ", "12": "d^2y/dw^2 = ",
    "22": "sqrt 2 ",
}  # fmt: skip


@pytest.mark.parametrize(("lesson", "encoding"), RUNS)
def test_a_lesson_survives_every_terminal(lesson: str, encoding: str, tmp_path: Path) -> None:
    """What the terminal does not know is spelled, and no ? stands in the place of a symbol."""
    printed = run_lesson(lesson, tmp_path, encoding)
    assert "?" not in printed
    assert "\\u" not in printed
    if encoding == "ascii":
        assert SYMBOLS.get(lesson[:2], "") in printed


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_a_lesson_prints_is_spelled_or_ascii(lesson: str) -> None:
    """It prints with the package's `print`, or nothing that a terminal may lack."""
    tree = ast.parse((DEMOS / lesson).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = {(node.module, name.name) for node in imports for name in node.names}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"]
    assert ("tinygrad_edu.words", "print") in imported or all(map(str.isascii, map(ast.unparse, calls)))


@pytest.mark.slow
@pytest.mark.skipif(not render("digraph { a }", "svg"), reason="no renderer: neither dot nor pygraphviz is installed")
def test_the_gallery_is_what_lessons_and_readme_draw(tmp_path: Path) -> None:
    """Each picture is one that a lesson's test compares, or of a program of the README."""
    build = runpy.run_path(str(GALLERY / "build.py"))
    build["run_programs"]("save_graph(", str(tmp_path))
    assert texts(tmp_path / "f.svg") == texts(GALLERY / "worked_example.svg")
    assert texts(tmp_path / "mlp.svg") == texts(GALLERY / "mlp.svg")
    of_lessons = {picture for pictures in build["PICTURES"].values() for picture in pictures}
    assert {picture.stem for picture in GALLERY.glob("*.svg")} == of_lessons | {"worked_example", "mlp"}
