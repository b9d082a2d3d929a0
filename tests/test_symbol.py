"""Formulas as text: what a row of the table writes when it is given names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.oracles import ROWS, SAMPLES
from tinygrad_edu import Symbol, Value, rules, weighted_sum
from tinygrad_edu.readers.notation import ASCII, FORMULA, OPERATION, PYTHON, Notation, operation_text
from tinygrad_edu.readers.symbol import text_of

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


# ---------------------------------------------------------------------------------------- formulas as text


@pytest.mark.parametrize(
    ("formula", "text", "ascii_text", "python"),
    [
        (x, "x", "x", "x"),
        (x * y, "x·y", "x*y", "x*y"),
        (x / y, "x/y", "x/y", "x/y"),
        (x + y, "x + y", "x + y", "x + y"),
        (x - y, "x − y", "x - y", "x - y"),
        (-x, "-x", "-x", "-x"),
        (x + 1, "x + 1", "x + 1", "x + 1.0"),
        (1 - x, "1 − x", "1 - x", "1.0 - x"),
        (x * x, "x²", "x*x", "x*x"),
        (x / y / y, "x/y²", "x/y/y", "x/y/y"),
        (x / Symbol("xy") / y, "x/xy/y", "x/xy/y", "x/xy/y"),
        (-x / y / y, "-x/y²", "-x/y/y", "-x/y/y"),
        (x**2, "x²", "x**2", "x**2.0"),
        (x**12, "x¹²", "x**12", "x**12.0"),
        (x**0.5, "x**0.5", "x**0.5", "x**0.5"),
        (x**-1, "x**(-1)", "x**(-1)", "x**(-1.0)"),
        (x**y, "x**y", "x**y", "x**y"),
        (2**x, "2**x", "2**x", "2.0**x"),
        ((-2) ** x, "(-2)**x", "(-2)**x", "(-2.0)**x"),
        (abs(x), "|x|", "abs(x)", "abs(x)"),
        (x.exp(), "exp(x)", "exp(x)", "exp(x)"),
        (rules.maximum(x, 0), "maximum(x, 0)", "maximum(x, 0)", "maximum(x, 0.0)"),
        (x / 3, "x/3", "x/3", "x/3.0"),
        (x * (1 / 3), "x·0.3333", "x*0.3333", "x*0.3333333333333333"),
    ],
)
def test_a_formula_in_each_notation(formula: Symbol, text: str, ascii_text: str, python: str) -> None:
    assert (formula.text(), formula.text(ASCII), formula.text(PYTHON)) == (text, ascii_text, python)
    assert (str(formula), repr(formula)) == (text, f"Symbol({text!r})")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ((x + y) * z, "(x + y)·z"),
        (x * (y + z), "x·(y + z)"),
        (x + y + z, "x + y + z"),
        (x + (y + z), "x + (y + z)"),
        (x - (y - z), "x − (y − z)"),
        (x - y - z, "x − y − z"),
        (x / (y * z), "x/(y·z)"),
        (x / (y / z), "x/(y/z)"),
        (x * y / z, "x·y/z"),
        ((x + y) ** 2, "(x + y)²"),
        ((x * y) ** 2, "(x·y)²"),
        ((x**y) ** z, "(x**y)**z"),
        (x ** (y**z), "x**(y**z)"),
        ((-x) ** 2, "(-x)²"),
        (-(x**2), "-x²"),
        (-(x + y), "-(x + y)"),
        (-(x * y), "-x·y"),
        (x * -y, "x·(-y)"),
        (x + -y, "x − y"),
        (x + -2 * y, "x − 2·y"),
        (x + -(y * z), "x − y·z"),
        (x - -y, "x − (-y)"),
        (x - -2 * y, "x − (-2·y)"),
        (x + -(y + z), "x − (y + z)"),
        (weighted_sum([x, -2.0], [y, z], -1.0), "x·y − 2·z − 1"),
        (Symbol("dy/dx") * y, "(dy/dx)·y"),
        (Symbol("h[1]") * Symbol("h[1]"), "h[1]²"),
        (-x + y, "-x + y"),
        (x * -2, "x·(-2)"),
        (-2 * x, "-2·x"),
        ((x + y).tanh(), "tanh(x + y)"),
        (abs(x + y) * z, "|x + y|·z"),
        (x * (y * y), "x·(y²)"),
        (x / (z / y) / y, "x/(z/y)/y"),
    ],
)
def test_parentheses_stand_where_they_are_needed(formula: Symbol, text: str) -> None:
    assert str(formula) == text


@pytest.mark.parametrize(
    ("simplified", "text"),
    [
        (x + 0, "x"),
        (0 + x, "x"),
        (x - 0, "x"),
        (0 - x, "-x"),
        (x * 1, "x"),
        (1 * x, "x"),
        (-1 * x, "-x"),
        (x / 1, "x"),
        (x**1, "x"),
        (-(-x), "x"),
        (+x, "x"),
        (0 * x, "0"),
        (x * 0, "0"),
        (0 / x, "0"),
        (x**0, "1"),
        (0 * x + 2 * 3, "6"),
    ],
)
def test_what_is_trivial_is_simplified(simplified: Symbol | float, text: str) -> None:
    assert text_of(simplified) == text


@pytest.mark.parametrize(
    ("name", "operands", "partials"),
    [
        ("add", (x, y), ["1", "1"]),
        ("sub", (x, y), ["1", "-1"]),
        ("mul", (x, y), ["y", "x"]),
        ("div", (x, y), ["1/y", "-x/y²"]),
        ("neg", (x,), ["-1"]),
        ("power", (x, 3.0), ["3·x²", "nan"]),
        ("power", (x, 2.0), ["2·x", "nan"]),
        ("power", (x, 1.0), ["1", "nan"]),
        ("power", (x, 0.0), ["0", "nan"]),
        ("power", (x, -1.0), ["-x**(-2)", "nan"]),
        ("exponential", (2.0, x), ["nan", "f·0.6931"]),
        ("general_power", (x, y), ["y·x**(y − 1)", "f·log(x)"]),
        ("exp", (x,), ["f"]),
        ("log", (x,), ["1/x"]),
        ("sqrt", (x,), ["0.5/f"]),
        ("sin", (x,), ["cos(x)"]),
        ("cos", (x,), ["-sin(x)"]),
        ("tanh", (x,), ["1 − f²"]),
        ("sigmoid", (x,), ["f·(1 − f)"]),
        ("softplus", (x,), ["sigmoid(x)"]),
        ("relu", (x,), ["step(x)"]),
        ("leaky_relu", (x, y), ["step(x) + (1 − step(x))·y", "minimum(x, 0)"]),
        ("elu", (x, y), ["step(x) + (1 − step(x))·y·exp(minimum(x, 0))", "elu(minimum(x, 0), 1)"]),
        ("absolute", (x,), ["sign(x)"]),
        ("maximum", (x, y), ["greater(x, y)", "greater(y, x)"]),
        ("minimum", (x, y), ["greater(y, x)", "greater(x, y)"]),
        ("step", (x,), ["0"]),
        ("sign", (x,), ["0"]),
        ("greater", (x, y), ["0", "0"]),
        ("weighted_sum", (x, y, z), ["y", "x", "1"]),
    ],
)
def test_the_derivative_table_as_a_textbook_prints_it(name: str, operands: Any, partials: list[str]) -> None:
    f = Symbol("f", stands_for=Symbol("", ROWS[name], operands))
    assert [text_of(partial) for partial in ROWS[name].partials(f, *operands)] == partials


def test_a_weighted_sum_is_written_out() -> None:
    w1, w2, x1, x2, b = map(Symbol, ["w1", "w2", "x1", "x2", "b"])
    assert str(weighted_sum([w1, w2], [x1, x2], b)) == "w1·x1 + w2·x2 + b"


@pytest.mark.parametrize(
    ("name", "operands", "text"),
    [
        ("mul", ["w", "x"], "w × x"),
        ("div", ["1", "h5"], "1 / h5"),
        ("power", ["x", "2"], "x ** 2"),
        ("power", ["-2", "2"], "(-2) ** 2"),
        ("power", ["2", "-2"], "2 ** -2"),
        ("neg", ["x"], "-x"),
        ("neg", ["-2"], "-(-2)"),
        ("sub", ["-1", "-2"], "-1 − (-2)"),
        ("mul", ["x", "-2"], "x × -2"),
        ("maximum", ["-1", "-2"], "maximum(-1, -2)"),
        ("weighted_sum", ["b"], "b"),
        ("weighted_sum", ["-1", "-2", "-3", "-4", "-5"], "-1 × -3 + -2 × -4 + -5"),
        ("absolute", ["x"], "abs(x)"),
        ("sigmoid", ["h2"], "sigmoid(h2)"),
        ("weighted_sum", ["w1", "w2", "x1", "x2", "b"], "w1 × x1 + w2 × x2 + b"),
    ],
)
def test_one_operation_as_typed(name: str, operands: list[str], text: str) -> None:
    assert operation_text(ROWS[name], operands, OPERATION) == text


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_row_can_be_written_in_every_notation(name: str) -> None:
    """A new row has a text at once."""
    operands = [f"x{i}" for i, _ in enumerate(SAMPLES[name].intervals)]
    for notation in (FORMULA, ASCII, PYTHON, OPERATION):
        text = operation_text(ROWS[name], operands, notation)
        assert all(operand in text for operand in operands)
    assert operation_text(ROWS[name], operands, ASCII).isascii()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-0.25, "-0.25"),
        (1 / 3, "0.3333"),
        (1e-300, "1e-300"),
        (123456.0, "1.235e+05"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_shown_with_four_digits(number: float, text: str) -> None:
    """Minus zero is 0, and what is too small for four decimals is not."""
    assert FORMULA.number(number) == text


def test_a_notation_may_have_its_own_signs_and_names() -> None:
    greek = Notation(times="⋅", minus="−", negative="−", functions={"sigmoid": "σ"})
    assert (-x * y.sigmoid() - 2).text(greek) == "−x⋅σ(y)−2"


# --------------------------------------------------------------------- the text means what the formula means

NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0])
NAMES = st.sampled_from(["x", "y", "z"])


def operations_over(trees: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any row of the table on any trees; twice the operators, where parentheses matter."""
    operators = ["add", "sub", "mul", "div", "neg", "power", "exponential", "general_power"]
    return st.sampled_from([*SAMPLES, *operators]).flatmap(
        lambda name: st.tuples(st.just(name), *[trees for _ in SAMPLES[name].intervals])
    )


TREES = st.recursive(NAMES | NUMBERS, operations_over, max_leaves=10)


def grow(tree: Any, scalar_of: Callable[[Any], Any]) -> Any:
    """A tree computed with the operators, as a user types them."""
    if not isinstance(tree, tuple):
        return scalar_of(tree)
    name, *branches = tree
    operands = [grow(branch, scalar_of) for branch in branches]
    if ROWS[name].symbol == "**":
        return power_of(*operands)
    return ROWS[name](*operands)


def power_of(base: Any, exponent: Any) -> Any:
    """base ** exponent: for two floats the row, which has no complex results."""
    if isinstance(base, float) and isinstance(exponent, float):
        return rules.power(base, exponent)
    return base**exponent


def all_finite(tree: Any, numbers: dict[str, float]) -> bool:
    """Whether every step on the way has a finite value."""
    try:
        if isinstance(tree, tuple) and not all(all_finite(branch, numbers) for branch in tree[1:]):
            return False
        return math.isfinite(grow(tree, lambda leaf: numbers.get(leaf, leaf)))
    except (ValueError, ArithmeticError):
        return False


@settings(
    max_examples=8 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(TREES, st.tuples(*[st.sampled_from([-2.5, -1.0, 0.25, 1.0, 1.5, 3.0])] * 3))
def test_a_formulas_python_text_evaluates_to_the_formula(tree: Any, data: tuple[float, float, float]) -> None:
    """Written, simplified and put in parentheses, then evaluated as Python: the very same number."""
    numbers = dict(zip("xyz", data, strict=True))
    assume(all_finite(tree, numbers))
    formula = grow(tree, lambda leaf: Symbol(leaf) if isinstance(leaf, str) else leaf)
    functions = {row.symbol: row for row in ROWS.values() if row.symbol.isidentifier()}
    text = text_of(formula, PYTHON)
    result = eval(text, {"__builtins__": {}, **functions}, numbers)
    assert result == grow(tree, lambda leaf: numbers.get(leaf, leaf)), text


# ----------------------------------------------------------------------------------- what a symbol cannot do


@pytest.mark.parametrize(
    "decide",
    [
        lambda: bool(x),
        lambda: not x,
        lambda: x < 1,
        lambda: x <= y,
        lambda: x > y,
        lambda: 1 >= x,
        lambda: max(x, y),
        lambda: 1 if x else 0,
    ],
)
def test_a_symbol_decides_nothing(decide: Callable[[], Any]) -> None:
    """It has no value; the error says what to write instead."""
    with pytest.raises(TypeError, match="^the symbol [xy] has no value to decide on: use maximum, minimum, "):
        decide()


def test_the_error_names_the_formula() -> None:
    with pytest.raises(TypeError, match=r"^the symbol x·y has no value"):
        bool(x * y)


@pytest.mark.parametrize(
    "mix",
    [
        lambda: x * Value(2.0),
        lambda: Value(2.0) * x,
        lambda: x ** Value(2.0),
        lambda: Value(2.0) ** x,
        lambda: rules.maximum(Value(2.0), x),
        lambda: weighted_sum([Value(2.0)], [x]),
        lambda: weighted_sum([x], [Value(2.0)]),
    ],
)
def test_a_symbol_does_not_mix_with_a_value(mix: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"^\w.*: a Symbol does not mix with Value\(v\d+=2\)$"):
        mix()


@pytest.mark.parametrize("bad", ["y", None, 1j])
def test_a_symbol_does_not_mix_with_what_is_no_number(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"^x \+ y: a real number is needed, got "):
        x + bad
