"""The lessons on static graphs run in an empty folder and print what they claim."""

import math
import re
from pathlib import Path

import pytest

from tests.lessons import check_pictures, run_lesson


def test_static_graph(tmp_path: Path) -> None:
    """The numbers of both graphs; a debugger on its way there and back; loops that only a dynamic graph can follow."""
    printed = run_lesson("22_static_graph.py", tmp_path)
    assert "dynamic   loss 0.125   ∂loss/∂w -0.125\nstatic    loss 0.125   ∂loss/∂w -0.125\n" in printed
    visited = re.findall(r"^> <static graph [0-9a-f]{8}>\((\d+)\)backpropagate\(\)\n-> (.*)$", printed, re.MULTILINE)
    source = printed[printed.index("def backpropagate") :].splitlines()
    assert [source[int(number) - 1].strip() for number, _ in visited] == [line for _, line in visited]
    assert ("9", "v3 = sigmoid(v2)") in visited
    assert visited[-1] == ("19", "d_v2 = d_v3 * (v3 * (1.0 - v3))")
    assert "(Pdb) p v3, error\n(0.5, -0.5)\n" in printed
    assert "(Pdb) p d_v3, v3, 1.0 - v3\n(-0.5, 0.5, 0.5)\n" in printed
    loops = re.findall(r"^√(\S+) += (\S+) +(\d+) operations   ∂√x/∂x = (\S+), ½/√x = (\S+)$", printed, re.MULTILINE)
    assert len({operations for _, _, operations, _, _ in loops}) == 3
    for x, root, _, derivative, expected in loops:
        assert float(root) == pytest.approx(math.sqrt(float(x)), abs=1e-5)
        assert float(derivative) == pytest.approx(0.5 / math.sqrt(float(x)), abs=1e-6)
        assert derivative == expected
    assert "`while abs(h * h - x) > 1e-9 * x:`: an intermediate result has no number yet: a static graph" in printed
    assert re.findall(r"^(\w+) .* times as fast   the same gradients: (\w+)$", printed, re.MULTILINE) == [
        ("dynamic_step", "True"),
        ("static_step", "True"),
        ("static_batch", "True"),
    ]


@pytest.mark.slow
def test_digits(tmp_path: Path) -> None:
    """At least 96 % of the digits that were held out are read; those that are not are shown."""
    printed = run_lesson("23_digits.py", tmp_path)
    assert printed.startswith("2,410 parameters, 1,437 images to learn from, 360 for the test, by the same hands\n")
    right = float(re.findall(r"test accuracy (\S+)%", printed)[-1])
    assert right >= 96.0
    matrix = [list(map(int, row.split())) for row in re.findall(r"^ +\d((?: +\d+){10})$", printed, re.MULTILINE)]
    assert sum(map(sum, matrix)) == 360
    misread = 360 - sum(matrix[k][k] for k in range(10))
    assert 100.0 * (360 - misread) / 360 == pytest.approx(right, abs=0.05)
    assert len(re.findall(r"\d read as \d", printed)) == misread
    check_pictures(tmp_path, figures=["misread_digits"])


@pytest.mark.slow
def test_gpt(tmp_path: Path) -> None:
    """From ln 27 per letter to less than 2.5 for names that it has not read; what it makes up looks like names."""
    printed = run_lesson("24_gpt.py", tmp_path)
    assert printed.startswith("1,016 parameters, 1,809 names to learn from, 100 for the test\n")
    losses = [float(loss) for loss in re.findall(r"^after +\d+ names: loss (\S+) on the test", printed, re.MULTILINE)]
    assert len(losses) == 5
    assert losses[0] == pytest.approx(math.log(27.0), abs=0.1)
    assert losses[-1] < 2.5
    names = re.findall(r"^(.*)\n\d+ of 20 are in the list$", printed, re.MULTILINE)[0].split(", ")
    assert len(names) == 20
    assert all(re.fullmatch("[a-z]{0,8}", name) for name in names)
