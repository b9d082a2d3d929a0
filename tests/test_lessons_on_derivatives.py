"""The lessons on derivatives run in an empty folder and print what they claim."""

import re
from pathlib import Path

import pytest

from tests.lessons import check_pictures, run_lesson


def test_what_goes_wrong(tmp_path: Path) -> None:
    """Six mistakes, six wrong numbers, and a wrong row that is named."""
    printed = run_lesson("09_what_goes_wrong.py", tmp_path)
    assert re.search(r"^a +25 +46 \* +21 \* +0 \* +1 \* +50 \* +50 +25 \*$", printed, re.MULTILINE)
    assert re.search(r"^b +19 +35 \* +16 \* +0 \* +1 \* +38 \* +38 +19 \*$", printed, re.MULTILINE)
    assert "On exp(tanh(2x)) the same numbers as the right algorithm: every path, pre-order, = for +=." in printed
    assert "square(x): the derivative along operand 1 is 6 by nudging, but 6.003" in printed
    check_pictures(tmp_path, ["pre_order", "assigned"], printed=printed)


def test_four_ways_to_differentiate(tmp_path: Path) -> None:
    """By hand 2 times the work of f, in reverse 3 times, every other way grows with the inputs; formulas need not."""
    printed = run_lesson("10_ways_to_differentiate.py", tmp_path)
    costs: dict[str, list[float]] = {}
    for way, error, cost in re.findall(r"^(\w+) +\S+ +(\S+) +[\d,]+ +(\S+)$", printed, re.MULTILINE):
        costs.setdefault(way, []).append(float(cost))
        assert float(error) < 1e-9
    assert costs.pop("by_hand")[-1] == 2.0
    reverse = costs.pop("reverse_mode")
    assert max(reverse) <= 5.0
    assert reverse[-1] == 3.0
    assert costs.keys() == {"numerically", "symbolically", "forward_mode"}
    assert all(cost[-1] > 100.0 for cost in costs.values())
    assert re.search(
        r"^slip\(x\): the derivative along operand 1 is (\S+) by nudging, but -\1 by its", printed, re.MULTILINE
    )
    changed, old = re.findall(r"^of f \+ x1, ∂/∂x1 is (\S+); by hand still (\S+)$", printed, re.MULTILINE)[0]
    assert float(changed) - float(old) == pytest.approx(1.0, abs=1e-6)
    rows = re.findall(r"^ +(\d+) +(\d+) +(\S+) +(\d+)$", printed, re.MULTILINE)
    assert [step for step, *_ in rows] == ["1", "2", "3", "10", "30", "100"]
    assert all(int(of_graph) == int(of_formula) == 8 * int(step) - 3 for step, of_graph, _, of_formula in rows)
    assert rows[0][2] == "10"
    assert float(rows[-1][2]) > 1e60
    check_pictures(tmp_path, figures=["four_ways"], printed=printed)


def test_higher_derivatives(tmp_path: Path) -> None:
    """12, 12, 6, 0; Newton's method, which in the end doubles the digits at each step; Rosenbrock's Hessian."""
    printed = run_lesson("12_higher_derivatives.py", tmp_path)
    assert re.findall(r"derivative \d: .* = (\S+)", printed) == ["12", "12", "6", "0"]
    errors = [float(error) for error in re.findall(r"x = \S+ +error (\S+)", printed)]
    assert errors[7] == 0.0
    assert all(errors[step + 1] < 3.0 * errors[step] ** 2 for step in range(3, 7))
    assert re.search(r"^ +802 +-400\n +-400 +200$", printed, re.MULTILINE)
    assert "curvature 1001.6 across the valley, 0.4 along it\n" in printed
    rows = [list(map(int, row)) for row in re.findall(r"^ +(\d) +(\d+) +(\d+) +(\d+)$", printed, re.MULTILINE)]
    assert [variables for variables, *_ in rows] == [1, 2, 3, 4, 6]
    assert all(minima + maxima + saddles == 100 for _, minima, maxima, saddles in rows)
    saddles = [row[3] for row in rows]
    assert saddles == sorted(saddles)
    assert (saddles[0], saddles[-1]) == (0, 98)
    assert 40 < rows[0][1] < 60
    check_pictures(tmp_path, ["gradient", "second_derivative"])
