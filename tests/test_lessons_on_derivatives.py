"""The lessons on derivatives run in an empty folder and print what they claim."""

import re
from pathlib import Path

from tests.test_demos import check_pictures, run_lesson


def test_what_goes_wrong(tmp_path: Path) -> None:
    """Six mistakes, six wrong numbers, and a wrong row that is named."""
    printed = run_lesson("09_what_goes_wrong.py", tmp_path)
    assert re.search(r"^a +25 +46 \* +21 \* +0 \* +1 \* +50 \* +50 +25 \*$", printed, re.MULTILINE)
    assert re.search(r"^b +19 +35 \* +16 \* +0 \* +1 \* +38 \* +38 +19 \*$", printed, re.MULTILINE)
    assert "On exp(tanh(2x)) the same numbers as the right algorithm: every path, pre-order, = for +=." in printed
    assert "square(x): the derivative along operand 1 is 6 by nudging, but 6.003" in printed
    check_pictures(tmp_path, ["pre_order", "assigned"])


def test_four_ways_to_differentiate(tmp_path: Path) -> None:
    """Reverse mode stays below five times the work of the function, every other way grows with the inputs."""
    printed = run_lesson("10_ways_to_differentiate.py", tmp_path)
    costs: dict[str, list[float]] = {}
    for way, error, cost in re.findall(r"^(\w+) +\S+ +(\S+) +[\d,]+ +(\S+) +\S+$", printed, re.MULTILINE):
        costs.setdefault(way, []).append(float(cost))
        assert float(error) < 1e-9
    assert max(costs.pop("reverse_mode")) <= 5.0
    assert costs.keys() == {"by_hand", "numerically", "symbolically", "forward_mode"}
    assert all(cost[-1] > 100.0 for cost in costs.values())
    assert re.search(r"^ +100 +501 +1198 +about 10\^31 +about 10\^61$", printed, re.MULTILINE)
    check_pictures(tmp_path, figures=["four_ways"])


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
