"""What is wrong with an expression is said in full, for whoever typed it."""

from __future__ import annotations

import re

import pytest

from tinygrad_edu import Value
from tinygrad_edu.show.expression import FUNCTIONS, ExpressionError, evaluate


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("-" * 100_000 + "x", "the expression is nested too deeply"),
        ("[x, 1]", "'[x, 1]' is a list: only one Value can be differentiated"),
        ("1 + 2", "'1 + 2' has no variable to differentiate by"),
        ("x ^ 2", "'x ^ 2': a power is written **, as in x**2"),
        ("y", "'y' has no value: add one, as in y=1"),
        ("erf(x)", f"unknown function 'erf': there are {', '.join(sorted(FUNCTIONS))}"),
        ("x if x else 1", "only arithmetic and known functions are evaluated, not 'x if x else 1'"),
        ("True", "only arithmetic and known functions are evaluated, not 'True'"),
        ("exp(x, x)", "exp(x): too many positional arguments"),
        ("exp(x=x)", "only arithmetic and known functions are evaluated, not 'exp(x=x)'"),
        ("log(0*x)", "log(x) needs x > 0, got 0.0"),
        ("x + [x]", "x + y: a real number is needed, got [Value(x=2)] (list)"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_wrong_is_said_in_full(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=f"^{re.escape(message)}$"):
        evaluate(expression, {"x": Value(2.0, "x")})


def test_what_cannot_be_read_is_said_with_its_place() -> None:
    with pytest.raises(ExpressionError, match=r"^cannot read the expression: .+, at (character \d+|its end)$"):
        evaluate("x +", {})


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("x + 3", 5.0), ("x - 3", -1.0), ("x * 3", 6.0), ("x / 4", 0.5), ("x ** 3", 8.0), ("-x", -2.0), ("+x", 2.0),
        (" x", 2.0), ("weighted_sum([x, 1], [3, 4], 5)", 15.0), ("maximum(x, 3.5)", 3.5), ("abs(-x)", 2.0),
        ("leaky_relu(-x)", -0.02), ("leaky_relu(-x, 0.5)", -1.0),
    ],
)  # fmt: skip
def test_what_is_right_is_computed(expression: str, result: float) -> None:
    assert evaluate(expression, {"x": Value(2.0, "x")}).data == result
