"""The lessons on static graphs run in an empty folder and print what they claim."""

import re
import xml.dom.minidom
from pathlib import Path

import pytest

from tests.test_demos import run_lesson
from tinygrad_edu.figures import has_matplotlib


def test_static_graph(tmp_path: Path) -> None:
    """The numbers of both graphs, a session with the debugger through forward and backward, and what is refused."""
    printed = run_lesson("17_static_graph.py", tmp_path)
    assert "dynamic   loss 0.125   ∂loss/∂w -0.125\nstatic    loss 0.125   ∂loss/∂w -0.125\n" in printed
    visited = re.findall(r"^> <static graph [0-9a-f]{8}>\((\d+)\)backpropagate\(\)\n-> (.*)$", printed, re.MULTILINE)
    source = printed[printed.index("def backpropagate") :].splitlines()
    assert [source[int(number) - 1].strip() for number, _ in visited] == [line for _, line in visited]
    assert ("9", "v3 = sigmoid(v2)") in visited
    assert visited[-1] == ("19", "d_v2 = d_v3 * (v3 * (1.0 - v3))")
    assert "(Pdb) p v3, error\n(0.5, -0.5)\n" in printed
    assert "(Pdb) p d_v3, v3, 1.0 - v3\n(-0.5, 0.5, 0.5)\n" in printed
    assert "17_static_graph.py, line 62: `return h if h > 0.0 else -h`: an intermediate result has no number" in printed
    assert "['v4 = maximum(v2, v3)']" in printed
    assert re.search(r"^static_batch +\S+ ms +\S+ times as fast$", printed, re.MULTILINE)


@pytest.mark.slow
def test_digits(tmp_path: Path) -> None:
    """At least 96 % of the digits that were held out are read; those that are not are shown."""
    printed = run_lesson("18_digits.py", tmp_path)
    right = float(re.findall(r"test accuracy (\S+)%", printed)[-1])
    assert right >= 96.0
    matrix = [list(map(int, row.split())) for row in re.findall(r"^ +\d  ((?: +\d+){10})$", printed, re.MULTILINE)]
    assert sum(map(sum, matrix)) == 360
    misread = 360 - sum(matrix[k][k] for k in range(10))
    assert 100.0 * (360 - misread) / 360 == pytest.approx(right, abs=0.05)
    assert len(re.findall(r"\d read as \d", printed)) == misread
    pictures = sorted(path.name for path in (tmp_path / "output").iterdir())
    assert pictures == (["misread_digits.svg"] if has_matplotlib() else [])
    for name in pictures:
        xml.dom.minidom.parse(str(tmp_path / "output" / name))
