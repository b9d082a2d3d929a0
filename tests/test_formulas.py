"""Formulas of whole graphs and of their derivatives, and how they swell."""

import math
from collections.abc import Callable

import pytest

from tinygrad_edu import (
    Parameter,
    Value,
    derivative_formula,
    formula,
    gradients,
    sigmoid,
    topological_order,
    weighted_sum,
)
from tinygrad_edu.readers.notation import ASCII, PYTHON
from tinygrad_edu.readers.symbol import Symbol, size_text


def test_the_formula_of_a_graph() -> None:
    x, w, b = Value(1.0, "x"), Parameter(2.0, "w"), Parameter(3.0, "b")
    assert str(formula(sigmoid(w * x + b))) == "sigmoid(w·x + b)"
    assert str(formula(weighted_sum([w, b], [x, 2.0], 1.0))) == "w·x + b·2 + 1"


def test_what_is_used_twice_is_written_twice() -> None:
    x = Value(1.0, "x")
    h = x + 1.0
    assert str(formula(h * h)) == "(x + 1)·(x + 1)"


def test_leaves_without_a_label_get_a_name() -> None:
    """The same one in the formula and in that of a derivative, where other leaves may not appear."""
    a, b = Value(2.0), Value(3.0)
    assert str(formula(a * b)) == "v1·v2"
    assert str(derivative_formula(a * b, a)) == "v2"


def test_a_constant_is_its_own_formula() -> None:
    [gradient] = gradients(3.0 * (x := Value(2.0, "x")), [x])
    assert formula(gradient) == 3.0
    assert derivative_formula(x, x) == 1.0


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x * x, "x + x"),
        (lambda x: x**3, "3*x**2"),
        (lambda x: x - 5.0, "1"),
        (lambda x: -(-x), "1"),
        (lambda x: x * 0.0, "0"),
        (lambda x: x.sin() * 2.0, "2*cos(x)"),
        (lambda x: x.cos(), "-sin(x)"),
        (lambda x: x.exp() / 2.0, "0.5*exp(x)"),
        (lambda x: x.log(), "1/x"),
        (lambda x: x.relu(), "step(x)"),
        (lambda x: x.tanh(), "1 - tanh(x)*tanh(x)"),
    ],
)
def test_derivatives_are_simplified_lightly(f: Callable[[Value], Value], expected: str) -> None:
    x = Value(2.0, "x")
    derived = derivative_formula(f(x), x)
    assert (derived.text(ASCII) if isinstance(derived, Symbol) else ASCII.number(derived)) == expected


def logistic(steps: int) -> tuple[Value, Value]:
    """The logistic map x ← 4x(1 - x), repeated: Baydin et al., Automatic Differentiation in Machine Learning, 2018."""
    x = y = Value(0.3, "x")
    for _ in range(steps):
        y = 4.0 * y * (1.0 - y)
    return x, y


def test_the_size_is_the_number_of_names_numbers_and_operations() -> None:
    x, y = logistic(1)
    assert str(formula(y)) == "4·x·(1 − x)"
    assert formula(y).size == 7  # 4, x, 1, x, and three operations


def test_the_formula_swells_while_the_graph_does_not() -> None:
    """Each step of the map adds the same number of nodes, and doubles the formula; the derivative's grows faster."""
    sizes, nodes = [], []
    for steps in range(1, 12):
        x, y = logistic(steps)
        sizes.append((formula(y).size, derivative_formula(y, x).size))
        nodes.append(len(topological_order(gradients(y, [x])[0])))
    growth = {later - earlier for earlier, later in zip(nodes[1:], nodes[2:], strict=False)}
    assert len(growth) == 1
    for earlier, later in zip(sizes, sizes[1:], strict=False):
        assert later[0] == 2 * earlier[0] + 5
        assert later[1] > 2 * earlier[1]


def test_an_astronomical_formula_has_a_size_but_no_text() -> None:
    _, y = logistic(1000)
    swollen = formula(y)
    assert swollen.size == 6 * 2**1000 - 5
    with pytest.raises(ValueError, match=r"^too long to write: the formula has about 10\^302 names"):
        str(swollen)
    assert repr(swollen) == "<Symbol of size about 10^302>"


def test_a_deep_formula_is_written() -> None:
    """Deeper than Python's recursion goes."""
    y = Value(1.0, "x")
    for _ in range(4_000):
        y = y + 1.0
    assert str(formula(y)) == "x" + " + 1" * 4_000


def test_a_formula_can_be_evaluated() -> None:
    x = Value(0.3, "x")
    text = derivative_formula((x * x).sin() / x, x).text(PYTHON)
    expected = (2.0 * 0.09 * math.cos(0.09) - math.sin(0.09)) / 0.09
    assert eval(text, {"sin": math.sin, "cos": math.cos, "x": 0.3}) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("size", "text"), [(7, "7"), (12345, "12,345"), (10**12, "about 10^12"), (2**5000, "about 10^1505")]
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert size_text(size) == text
