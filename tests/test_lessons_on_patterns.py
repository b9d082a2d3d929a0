"""The lessons on patterns, dual numbers and kinds of graphs run in an empty folder and print what they claim."""

import re
from pathlib import Path

import pytest

from tests.lessons import check_pictures, run_lesson


def test_patterns_of_backward(tmp_path: Path) -> None:
    """+ hands on, × swaps, max routes, a copy adds, σ shrinks: by hand for one case each, and in each of a thousand."""
    printed = run_lesson("02_patterns_of_backward.py", tmp_path)
    found = re.findall(r"^(.+?)  +x = .*∂L/∂g = 2   (.*?)  +1000 of 1000 random cases$", printed, re.M)
    assert dict(found) == {
        "+ hands on": "∂L/∂x = 2, ∂L/∂y = 2",
        "× swaps": "∂L/∂x = -8, ∂L/∂y = 6",
        "max routes": "∂L/∂x = 2, ∂L/∂y = 0",
        "a copy adds": "∂L/∂x = 4",
        "σ shrinks": "∂L/∂x = 0.5",
    }
    assert "\nread off   [-8.0, 6.0, 2.0, 0.0]\nbackward   [-8.0, 6.0, 2.0, 0.0]\n" in printed
    assert "an input 1000 times as large: a gradient 1000 times as large" in printed
    shrunk = re.findall(r"^ ?(\d+) σ in a row, .*∂a/∂z1 = (\S+),", printed, re.M)
    assert [n for n, _ in shrunk] == ["1", "2", "5", "10"]
    assert [float(gradient) for _, gradient in shrunk] == pytest.approx([0.25, 0.0625, 4.0**-5, 4.0**-10], rel=0.01)
    names = [f"pattern_{name}" for name in ("plus", "times", "max", "copy", "sigma")]
    check_pictures(tmp_path, [*names, "patterns"])


def test_dual_numbers(tmp_path: Path) -> None:
    """Baydin's two traces (2018, tables 2 and 3) meet at 5.5; as many passes as inputs, or as outputs; two ε."""
    printed = run_lesson("11_dual_numbers.py", tmp_path)
    assert "(3 + 1 ε) (3 + 1 ε) = 9 + 6 ε,   sin(0 + 1 ε) = 0 + 1 ε\n" in printed
    assert "[[3.0, 1.0], [0.0, 3.0]]² = [[9.0, 6.0], [0.0, 9.0]]\n" in printed
    traces = re.findall(r"^(\w+) .*?(-?[\d.]+) \+ ([\d.]+) ε +(-?[\d.]+)$", printed, re.M)
    assert [(name, *map(float, numbers)) for name, *numbers in traces] == [
        ("x1", 2.0, 1.0, 5.5),
        ("x2", 5.0, 0.0, 1.716),
        ("v1", 0.6931, 0.5, 1.0),
        ("v2", 10.0, 5.0, 1.0),
        ("v3", -0.9589, 0.0, -1.0),
        ("v4", 10.69, 5.5, 1.0),
        ("f", 11.65, 5.5, 1.0),
    ]
    assert "∂f/∂x1 = 5.5, at the end of the one, and 5.5, at the end of the other\n" in printed
    jacobian = " 2.0000  1.0000    2.7183 -1.0000   -0.8323 -0.4161\n"
    assert re.findall(r"^(\w+), by \w+ +(\d) passes   (.*\n)", printed, re.M) == [
        ("forward", "2", jacobian),
        ("reverse", "3", jacobian),
    ]
    assert "one ε for both: d/dy(x + y) = 2.0, d/dx of x times that = 2.0\n" in printed
    assert "an ε for each: d/dy(x + y) = 1.0, d/dx of x times that = 1.0\n" in printed
    assert "nested derivatives of this package: 1.0\n" in printed
    check_pictures(tmp_path, ["dual_numbers"])


def test_static_and_dynamic(tmp_path: Path) -> None:
    """The dynamic graph has as many steps as the data needs; the static one three, and is wrong where five are."""
    printed = run_lesson("21_static_and_dynamic.py", tmp_path)
    assert "static    graph w·(w·(w·x)), and before there is a number, ∂/∂w = w·(w·x) + w·(w·x + w·x)\n" in printed
    assert re.findall(r"x = (\d): run it: (\d+)", printed) == [("6", "48"), ("2", "16")]
    assert "x·1 + 0 has 0 operations, dynamic 2\n" in printed
    grown = re.findall(r"^dynamic   x = (\S+): multiplications (\d), h = (\d+), ∂h/∂w = (\d+) =", printed, re.M)
    assert grown == [("6", "1", "12", "6"), ("2", "3", "16", "24"), ("0.5", "5", "16", "40")]  # n w^(n - 1) x
    assert "TypeError: the symbol x has no value to decide on" in printed
    unrolled = re.findall(r"^static, 3 steps   x = (\S+) +18 operations for (\d): +(\d+)   (\w+)", printed, re.M)
    assert unrolled == [("6", "1", "12", "right"), ("2", "3", "16", "right"), ("0.5", "5", "4", "wrong")]
    assert "static graphs it takes: 3, one for each form\n" in printed
    assert re.search(r"^systems +Theano, TensorFlow 1 +DyNet, Chainer, PyTorch$", printed, re.M)
    assert re.search(r"^graphs for 6, 2, 0\.5 +1 +3$", printed, re.M)
    check_pictures(tmp_path, ["dynamic_1", "dynamic_3", "static"])
