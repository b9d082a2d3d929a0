"""The program of a static graph: what its functions, numbers and variables are called."""

from __future__ import annotations

import math

import pytest

from tinygrad_edu import Parameter, rules, static_graph
from tinygrad_edu.static.writing import Names


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("power", "pow"), ("absolute", "abs"), ("exp", "exp"), ("log", "log"), ("sigmoid", "sigmoid"),
        ("excess", "excess"), ("log_of_base", "log"), ("leaky_relu", "leaky_relu"),
    ],
)  # fmt: skip
def test_a_function_is_called_as_python_s_or_like_its_row(row: str, name: str) -> None:
    names = Names()
    assert names.function(getattr(rules, row)) == name
    assert list(names.functions) == ["inf", "nan", name]


def test_names_are_new_python_names() -> None:
    names = Names()
    assert [names.new(wish) for wish in ("x", "x", "lambda", "total", "", "1x", "ｙ")] == [
        "x", "v1", "v2", "v3", "v4", "v5", "y",
    ]  # fmt: skip


def test_infinity_and_nan_may_stand_in_a_program() -> None:
    w = Parameter(2.0, "w")
    assert static_graph(lambda x: rules.minimum(w * x, math.inf), [w])(3.0) == 6.0
    assert math.isnan(static_graph(lambda x: w * x + math.nan, [w])(3.0))


@pytest.mark.parametrize(("n", "lines"), [(500, 500), (501, 6)])
def test_up_to_500_operations_have_a_line_each(n: int, lines: int) -> None:
    """Of more, sums of up to 100 terms take in what is used once: 501 sums are 6 lines."""
    w = Parameter(1.0, "w")
    static = static_graph(lambda x: sum([x] * (n - 1), w + x), [w])
    assert static(1.0) == n + 1.0
    forward = static.source.partition("# forward\n")[2].partition("total +=")[0]
    assert forward.count(" = ") == lines
