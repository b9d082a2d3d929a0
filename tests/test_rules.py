"""The derivative table: every row against numerical derivatives and its own formula, and the functions built on it."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import ROWS, SAMPLES, Samples, assert_close, assert_partials, inputs_of, slope_along
from tinygrad_edu import Constant, Parameter, Value, functions, gradients, hessian, jvp, rules, static_graph
from tinygrad_edu.readers.notation import PYTHON
from tinygrad_edu.readers.symbol import Symbol, text_of
from tinygrad_edu.rules import Rule

NAMES = sorted(ROWS.keys() & SAMPLES.keys())
POINTS = [(name, point) for name in NAMES for point in SAMPLES[name].points]


# ------------------------------------------------------------------------------------- every row of the table


def rows_without_samples(rows: dict[str, Rule]) -> list[str]:
    return sorted(rows.keys() - SAMPLES.keys())


def test_every_row_has_samples() -> None:
    """A new row is tested, or this test names it."""
    assert rows_without_samples(ROWS) == []


def test_a_row_without_samples_is_named() -> None:
    assert rows_without_samples({**ROWS, "cube": ROWS["exp"]}) == ["cube"]


def test_every_sample_belongs_to_a_row() -> None:
    assert sorted(SAMPLES.keys() - ROWS.keys()) == []


@pytest.mark.parametrize(("name", "point"), POINTS)
def test_partials_are_the_slopes_at_the_points_of_the_table(name: str, point: tuple[float, ...]) -> None:
    assert_partials(ROWS[name], point, SAMPLES[name].operands_that_vary())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_partials_are_the_slopes_everywhere_in_the_domain(name: str, data: Any) -> None:
    assert_partials(ROWS[name], data.draw(inputs_of(name)), SAMPLES[name].operands_that_vary())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_values_gradients_are_the_partials(name: str, data: Any) -> None:
    """Reverse mode gives a row Values; the gradients it leaves are the row's partials for floats."""
    inputs = data.draw(inputs_of(name))
    leaves = [Value(x) if i in SAMPLES[name].operands_that_vary() else x for i, x in enumerate(inputs)]
    root = ROWS[name](*leaves)
    root.backward()
    partials = ROWS[name].partials(root.data, *inputs)
    assert root.data == ROWS[name].evaluate(*inputs)
    assert [x.grad for x in leaves if isinstance(x, Value)] == [partials[i] for i in SAMPLES[name].operands_that_vary()]


def evaluated(formula: Symbol | float, names: dict[str, float]) -> Any:
    """A formula's text in Python's notation, evaluated: its functions are rows of the table."""
    functions = {row.symbol: row for row in ROWS.values() if row.symbol.isidentifier()}
    return eval(text_of(formula, PYTHON), {"__builtins__": {}, "nan": math.nan, **functions}, names)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_partials_are_their_formulas_evaluated(name: str, data: Any) -> None:
    """The same line of the table, given names, writes the formula of the number it gives for floats."""
    inputs = data.draw(inputs_of(name))
    varying = SAMPLES[name].operands_that_vary()
    out = ROWS[name].evaluate(*inputs)
    operands = [Symbol(f"x{i}") if i in varying else x for i, x in enumerate(inputs)]
    formulas = ROWS[name].partials(Symbol("out"), *operands)
    names = {"out": out, **{f"x{i}": x for i, x in enumerate(inputs)}}
    partials = ROWS[name].partials(out, *inputs)
    assert [evaluated(formulas[i], names) for i in varying] == [partials[i] for i in varying]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_operand_has_no_derivative(name: str) -> None:
    """The exponent of x ** n and the base of a ** x are plain numbers: nan, which no one can take for a slope."""
    inputs = SAMPLES[name].points[0]
    partials = ROWS[name].partials(ROWS[name].evaluate(*inputs), *inputs)
    varying = [i for i, partial in enumerate(partials) if not math.isnan(partial)]
    assert varying == list(SAMPLES[name].operands_that_vary())


@pytest.mark.parametrize("name", NAMES)
def test_functions_of_plain_numbers_return_floats(name: str) -> None:
    assert type(ROWS[name](*map(Fraction, SAMPLES[name].points[0]))) is float


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", ["2", None, 2j, [2.0]])
def test_an_operand_that_is_no_real_number_is_a_type_error(name: str, bad: Any) -> None:
    _, *rest = SAMPLES[name].points[0]
    message = rf"[^:]+: a real number is needed, got .+ \({type(bad).__name__}\)$"
    with pytest.raises(TypeError, match=f"^{message}"):
        ROWS[name](bad, *rest)


@pytest.mark.parametrize("name", NAMES)
def test_nan_goes_in_and_nan_comes_out(name: str) -> None:
    """A nan in any operand is seen in the value, but for nan ** 0, 1 ** nan, and slopes that x > 0 does not ask for."""
    for point in SAMPLES[name].points:
        for i in range(len(point)):
            inputs = [*point[:i], math.nan, *point[i + 1 :]]
            if ROWS[name].symbol == "**" and (inputs[1] == 0.0 or inputs[0] == 1.0):
                continue
            if name in ("leaky_relu", "elu") and i == 1 and inputs[0] > 0.0:
                continue
            assert math.isnan(ROWS[name].evaluate(*inputs)), inputs


@pytest.mark.parametrize("name", ["sin", "cos", "tanh", "sigmoid", "softplus", "relu", "elu", "absolute", "maximum"])
def test_nan_is_seen_in_the_derivative_too(name: str) -> None:
    inputs = [math.nan for _ in SAMPLES[name].intervals]
    assert all(math.isnan(partial) for partial in ROWS[name].partials(ROWS[name].evaluate(*inputs), *inputs))


# ------------------------------------------------------------------------- a wrong row is caught by the checker


class SquareNearlyRight(Rule):
    def forward(self, x: float) -> float:
        return x * x

    def partials(self, out: Any, x: Any) -> Any:
        return (2.001 * x,)


class DivSwapped(Rule):
    def forward(self, x: float, y: float) -> float:
        return x / y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (-x / y / y, 1.0 / y)


class SubLostSign(Rule):
    def forward(self, x: float, y: float) -> float:
        return x - y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (1.0, 1.0)


class MulOnePartialMissing(Rule):
    def forward(self, x: float, y: float) -> float:
        return x * y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (y,)


class CosNan(Rule):
    def forward(self, x: float) -> float:
        return math.cos(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (math.nan,)


@pytest.mark.parametrize(
    ("row", "inputs"),
    [
        (SquareNearlyRight(), (3.0,)),
        (DivSwapped(), (3.0, 2.0)),
        (SubLostSign(), (3.0, 2.0)),
        (MulOnePartialMissing(), (3.0, 2.0)),
        (CosNan(), (3.0,)),
    ],
    ids=str,
)
def test_a_wrong_row_is_caught(row: Rule, inputs: tuple[float, ...]) -> None:
    """The check every row must pass fails for 2.001 instead of 2, swapped operands, a lost sign, a missing partial."""
    with pytest.raises(AssertionError):
        assert_partials(row, inputs, range(len(inputs)))


def test_a_wrong_row_is_caught_only_by_its_error() -> None:
    """The same row, put right, passes: it was the wrong derivative that was caught."""

    class Square(SquareNearlyRight):
        def partials(self, out: Any, x: Any) -> Any:
            return (2.0 * x,)

    assert_partials(Square(), (3.0,), [0])


# ------------------------------------------------------------------------------------------------------ powers


@pytest.mark.parametrize(
    ("x", "n", "value", "derivative"),
    [
        (-2.0, 3, -8.0, 12.0),
        (-2.0, -1, -0.5, -0.25),
        (0.0, 0, 1.0, 0.0),
        (0.0, 1, 0.0, 1.0),
        (0.0, 2, 0.0, 0.0),
        (5.0, 0, 1.0, 0.0),
        (4.0, 0.5, 2.0, 0.25),
    ],
)
def test_value_to_a_number(x: float, n: float, value: float, derivative: float) -> None:
    v = Value(x)
    out = v**n
    out.backward()
    assert (out.data, v.grad) == (value, derivative)


def test_root_of_zero_has_a_value_and_only_lacks_a_derivative() -> None:
    out = Value(0.0) ** 0.5
    assert out.data == 0.0
    with pytest.raises(ZeroDivisionError, match=r"^x \*\* n has no derivative at x = 0\.0, n = 0\.5 "):
        out.backward()


def test_number_to_a_value() -> None:
    """d(2 ** v)/dv = 2 ** v · log 2."""
    v = Value(3.0)
    out = 2**v
    out.backward()
    assert (out.data, v.grad) == (8.0, 8.0 * math.log(2.0))


def test_value_to_a_value() -> None:
    """d(v ** v)/dv = v ** v (log v + 1)."""
    v = Value(2.0)
    out = v**v
    out.backward()
    assert out.data == 4.0
    assert_close(v.grad, 4.0 * (math.log(2.0) + 1.0), 1e-15, "d(v ** v)/dv")


def test_a_negative_base_to_a_value_has_a_value_and_only_lacks_a_derivative() -> None:
    out = Value(-2.0) ** Value(3.0)
    assert out.data == -8.0
    with pytest.raises(ValueError, match=r"^x \*\* y has no derivative at x = -2\.0, y = 3\.0 "):
        out.backward()
    out = (-2.0) ** Value(3.0)
    assert out.data == -8.0
    with pytest.raises(ValueError, match=r"^a \*\* x has no derivative at a = -2\.0, x = 3\.0 "):
        out.backward()


def test_the_number_of_a_power_disturbs_no_gradient() -> None:
    """x ** 3 + 3 ** x at x = 2: the plain numbers' nan stays out of every gradient but their own."""
    x = Value(2.0)
    out = x**3 + 3**x
    out.backward()
    assert_close(x.grad, 12.0 + 9.0 * math.log(3.0), 1e-15, "x.grad")
    numbers = [child for power in out.children for child in power.children if child is not x]
    assert [(type(number), number.data) for number in numbers] == [(Constant, 3.0), (Constant, 3.0)]


# ---------------------------------------------------------------------------------------------- ties and kinks


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (rules.relu, 0.0),
        (functions.elu, 1.0),
        (rules.absolute, 0.0),
        (rules.step, 0.0),
        (rules.sign, 0.0),
        (lambda x: functions.leaky_relu(x, 0.1), 0.1),
        (lambda x: rules.maximum(x, 0.0), 0.5),
        (lambda x: rules.minimum(0.0, x), 0.5),
        (lambda x: rules.maximum(x, x), 1.0),
        (lambda x: rules.minimum(x, x), 1.0),
    ],
)
def test_derivative_at_the_kink(function: Any, derivative: float) -> None:
    """At 0 relu has derivative 0, abs 0, leaky_relu its slope; maximum and minimum share a tie half and half."""
    x = Value(0.0)
    out = function(x)
    out.backward()
    assert (out.data, x.grad) == (0.0, derivative)


@pytest.mark.parametrize(
    ("row", "x", "value"),
    [
        (rules.step, 3.0, 1.0),
        (rules.step, 0.0, 0.0),
        (rules.step, -3.0, 0.0),
        (rules.sign, 3.0, 1.0),
        (rules.sign, 0.0, 0.0),
        (rules.sign, -3.0, -1.0),
        (rules.relu, 3.0, 3.0),
        (rules.relu, -3.0, 0.0),
        (rules.absolute, -3.0, 3.0),
    ],
)
def test_values_on_either_side_of_the_kink(row: Rule, x: float, value: float) -> None:
    assert row(x) == value


@given(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0))
def test_maximum_and_minimum_are_pythons(x: float, y: float) -> None:
    assert (rules.maximum(x, y), rules.minimum(x, y)) == (max(x, y), min(x, y))


# ---------------------------------------------------------------------------------------------- extreme inputs


@pytest.mark.parametrize(
    ("row", "x", "value", "derivative"),
    [
        (rules.sigmoid, 1000.0, 1.0, 0.0),
        (rules.sigmoid, -1000.0, 0.0, 0.0),
        (rules.softplus, 1000.0, 1000.0, 1.0),
        (rules.softplus, -1000.0, 0.0, 0.0),
        (rules.tanh, 1000.0, 1.0, 0.0),
        (rules.tanh, -1000.0, -1.0, 0.0),
        (functions.elu, 1000.0, 1000.0, 1.0),
        (functions.elu, -1000.0, -1.0, 0.0),
        (functions.elu, -1e-20, -1e-20, 1.0),  # exp(x) - 1 would be 0
    ],
)
def test_extreme_inputs(row: Rule, x: float, value: float, derivative: float) -> None:
    """Nothing overflows at ±1000, nothing is lost next to 0: the value and the derivative are exact."""
    v = Value(x)
    out = row(v)
    out.backward()
    assert (out.data, v.grad, row(x)) == (value, derivative, value)


def test_extreme_logits() -> None:
    """±1000 in log_sum_exp, log_softmax and softmax: exact, though exp(1000) is too large for a float."""
    assert functions.log_sum_exp([1000.0, -1000.0]) == 1000.0
    assert functions.log_sum_exp([-1000.0, -1000.0]) == -1000.0 + math.log(2.0)
    assert functions.log_softmax([-1000.0, 1000.0]) == [-2000.0, 0.0]
    assert functions.softmax([-1000.0, 1000.0]) == [0.0, 1.0]


@pytest.mark.parametrize("shift", [-1000.0, 1000.0])
@pytest.mark.parametrize("logits", [[0.0, 0.0], [1.0, 2.0, 3.0]])
def test_a_common_shift_of_the_logits_changes_nothing(logits: list[float], shift: float) -> None:
    """softmax is a function of differences: 1000 more for each costs no digit."""
    shifted = [x + shift for x in logits]
    assert functions.softmax(shifted) == functions.softmax(logits)
    assert functions.log_softmax(shifted) == functions.log_softmax(logits)


def test_extreme_logits_have_exact_gradients() -> None:
    logits = [Value(-1000.0), Value(1000.0)]
    functions.log_softmax(logits)[0].backward()
    assert [x.grad for x in logits] == [1.0, -1.0]


def test_functions_keep_all_digits_between_the_extremes() -> None:
    """sigmoid and softplus of numbers up to ±700 agree with 700-digit arithmetic."""
    with localcontext() as context:
        context.prec = 700
        for x in [-700.0, -40.0, -1.0, -1e-9, 0.0, 1e-9, 0.3, 1.0, 36.0, 40.0, 700.0]:
            e = Decimal(x).exp()
            assert rules.sigmoid(x) == pytest.approx(float(e / (1 + e)), rel=4e-16, abs=0.0)
            assert rules.softplus(x) == pytest.approx(float((1 + e).ln()), rel=4e-16, abs=0.0)


@given(st.lists(st.floats(-1000.0, 1000.0), min_size=1, max_size=5))
def test_log_sum_exp_agrees_with_50_digit_arithmetic(xs: list[float]) -> None:
    with localcontext() as context:
        context.prec = 50
        exact = sum(Decimal(x).exp() for x in xs).ln()
        assert_close(functions.log_sum_exp(xs), float(exact), 4e-16, f"log_sum_exp of {xs}")
        for x, result in zip(xs, functions.log_softmax(xs), strict=True):
            assert result == pytest.approx(float(Decimal(x) - exact), abs=4e-16 * max(1.0, *map(abs, xs)))


# ----------------------------------------------------------------------------------------------- domain errors

DOMAIN_ERRORS = [
    (rules.log, (-1.0,), ValueError, "log(x) needs x > 0, got -1.0"),
    (rules.log, (0.0,), ValueError, "log(x) needs x > 0, got 0.0"),
    (rules.sqrt, (-4.0,), ValueError, "sqrt(x) needs x >= 0, got -4.0"),
    (rules.sin, (math.inf,), ValueError, "sin(x) needs a finite x, got inf"),
    (rules.cos, (-math.inf,), ValueError, "cos(x) needs a finite x, got -inf"),
    (rules.exp, (1000.0,), OverflowError, "exp(x) is too large for a float, got 1000.0"),
    (rules.div, (1.0, 0.0), ZeroDivisionError, "x / y needs y != 0, got x = 1.0, y = 0.0"),
    (
        rules.power,
        (-8.0, 0.5),
        ValueError,
        "x ** n needs x >= 0 unless n is whole, and x != 0 if n < 0, got x = -8.0, n = 0.5",
    ),
    (
        rules.power,
        (0.0, -1.0),
        ValueError,
        "x ** n needs x >= 0 unless n is whole, and x != 0 if n < 0, got x = 0.0, n = -1.0",
    ),
    (rules.power, (10.0, 400.0), OverflowError, "x ** n is too large for a float, got x = 10.0, n = 400.0"),
    (
        rules.exponential,
        (-2.0, 0.5),
        ValueError,
        "a ** x needs a >= 0 unless x is whole, and a != 0 if x < 0, got a = -2.0, x = 0.5",
    ),
    (
        rules.general_power,
        (-2.0, 0.5),
        ValueError,
        "x ** y needs x >= 0 unless y is whole, and x != 0 if y < 0, got x = -2.0, y = 0.5",
    ),
]


@pytest.mark.parametrize(("row", "inputs", "error", "message"), DOMAIN_ERRORS)
@pytest.mark.parametrize("scalar", [float, Value])
def test_a_domain_error_names_the_operation_and_its_numbers(
    row: Rule, inputs: tuple[float, ...], error: type[Exception], message: str, scalar: Any
) -> None:
    with pytest.raises(error) as raised:
        row(*map(scalar, inputs))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: 1.0 / Value(0.0), "x / y needs y != 0, got x = 1.0, y = 0.0"),
        (lambda: Value(1.0) / 0, "x / y needs y != 0, got x = 1.0, y = 0.0"),
    ],
)
def test_a_domain_error_with_a_plain_number_names_it_too(compute: Any, message: str) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        compute()
    assert str(raised.value) == message


# ------------------------------------------------------------------------------ functions built from the rows


def test_leaky_relu_of_a_number_is_a_float() -> None:
    assert [functions.leaky_relu(x, 0.1) for x in (3, -2, 0)] == [3.0, -0.2, 0.0]
    assert functions.leaky_relu(-2.0) == -0.02
    assert type(functions.leaky_relu(3)) is float


@pytest.mark.parametrize(("x", "slope"), [(3.0, 0.1), (-2.0, 0.1), (-2.0, 0.0), (-2.0, 1.5)])
def test_leaky_relu_with_a_slope_that_varies(x: float, slope: float) -> None:
    """PReLU: the slope's derivative is min(x, 0), the input's 1 or the slope."""
    v, a = Value(x), Value(slope)
    out = functions.leaky_relu(v, a)
    out.backward()
    assert out.data == pytest.approx(max(x, 0.0) + slope * min(x, 0.0), rel=1e-15)
    assert (v.grad, a.grad) == (1.0 if x > 0.0 else slope, min(x, 0.0))


def test_leaky_relu_as_a_method() -> None:
    v = Value(-2.0)
    v.leaky_relu(0.5).backward()
    assert v.grad == 0.5


LOGITS = st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=4).flatmap(
    lambda xs: st.permutations([*xs, xs[0]])  # a tie among them, always
)


@given(LOGITS)
def test_softmax_has_its_textbook_gradient(logits: list[float]) -> None:
    """∂sᵢ/∂xⱼ = sᵢ (δᵢⱼ − sⱼ), also where inputs are equal."""
    s = functions.softmax(logits)
    for i in range(len(logits)):
        xs = [Value(x) for x in logits]
        functions.softmax(xs)[i].backward()
        for j, x in enumerate(xs):
            assert_close(x.grad, s[i] * ((i == j) - s[j]), 2e-15, f"∂s{i}/∂x{j}")


@given(LOGITS)
def test_log_softmax_has_its_textbook_gradient(logits: list[float]) -> None:
    """∂ log sᵢ/∂xⱼ = δᵢⱼ − sⱼ."""
    s = functions.softmax(logits)
    for i in range(len(logits)):
        xs = [Value(x) for x in logits]
        functions.log_softmax(xs)[i].backward()
        for j, x in enumerate(xs):
            assert_close(x.grad, (i == j) - s[j], 2e-15, f"∂ log s{i}/∂x{j}")


@given(LOGITS)
def test_log_sum_exp_has_softmax_for_its_gradient(logits: list[float]) -> None:
    xs = [Value(x) for x in logits]
    functions.log_sum_exp(xs).backward()
    for x, expected in zip(xs, functions.softmax(logits), strict=True):
        assert_close(x.grad, expected, 2e-15, "∂ log Σ exp")


@given(LOGITS)
def test_softmax_adds_up_to_one(logits: list[float]) -> None:
    assert_close(math.fsum(functions.softmax(logits)), 1.0, 4e-15, "the sum of softmax")


def test_softmax_of_plain_numbers_is_floats() -> None:
    for result in (*functions.softmax([1, 2]), *functions.log_softmax([1, 2]), functions.log_sum_exp([3])):
        assert type(result) is float


@pytest.mark.parametrize("function", [functions.log_sum_exp, functions.log_softmax, functions.softmax])
def test_softmax_of_nothing_is_an_error(function: Any) -> None:
    with pytest.raises(ValueError, match=r"^\w+ needs at least one input, got \[\]$"):
        function([])


# ------------------------------------------------------------------------------------------------ weighted_sum


def test_weighted_sum_is_one_node_with_all_operands_in_order() -> None:
    w, x, b = [Value(2.0), Value(-3.0)], [Value(-1.0), Value(-2.0)], Value(-3.0)
    z = functions.weighted_sum(w, x, b)
    assert (z.data, z.op, z.children) == (1.0, rules.weighted_sum, (*w, *x, b))


def test_weighted_sum_of_numbers_is_a_float() -> None:
    assert functions.weighted_sum([2, -3], [-1, -2], -3) == 1.0
    assert functions.weighted_sum([], [], 3) == 3.0
    assert type(functions.weighted_sum([2], [3])) is float


def test_weighted_sum_mixes_values_and_numbers() -> None:
    w = Value(2.0)
    z = functions.weighted_sum([w], [5.0])
    z.backward()
    assert (z.data, w.grad) == (10.0, 5.0)


def test_weighted_sum_of_unequal_lengths_is_an_error_with_both() -> None:
    with pytest.raises(ValueError, match="^weighted_sum needs one weight per input, got 1 weights and 2 inputs$"):
        functions.weighted_sum([1.0], [1.0, 2.0])


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_weighted_sum_of_any_length_has_the_right_slopes(n: int) -> None:
    operands = [0.5 * i - 1.0 for i in range(2 * n + 1)]
    samples = Samples([], (((-10.0, 10.0),) * len(operands)))
    assert_partials(rules.weighted_sum, operands, samples.operands_that_vary())


# ------------------------------------------------------------------------------------------------ a row as such


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (rules.mul, "x * y"),
        (rules.neg, "-x"),
        (rules.power, "x ** n"),
        (rules.exponential, "a ** x"),
        (rules.tanh, "tanh(x)"),
        (rules.maximum, "maximum(x, y)"),
    ],
)
def test_a_row_is_written_as_its_formula(row: Rule, text: str) -> None:
    assert (str(row), repr(row)) == (text, f"<rule {text}>")


def test_a_new_row_works_at_once() -> None:
    """One class, and it has values, gradients, formulas and error messages."""

    class Reciprocal(Rule):
        domain = "x != 0"

        def forward(self, x: float) -> float:
            return 1.0 / x

        def partials(self, out: Any, x: Any) -> Any:
            return (-out * out,)

    reciprocal = Reciprocal()
    x = Value(4.0)
    out = reciprocal(x)
    out.backward()
    assert (out.data, x.grad, reciprocal(4)) == (0.25, -0.0625, 0.25)
    assert_close(x.grad, slope_along(reciprocal.evaluate, [4.0], 0), 1e-12, "the new row")
    assert str(reciprocal(Symbol("x"))) == "reciprocal(x)"
    with pytest.raises(ZeroDivisionError, match=r"^reciprocal\(x\) needs x != 0, got 0\.0$"):
        reciprocal(0.0)


# ------------------------------------------------------------------------------------------------------- limits

INF = math.inf
LIMITS = [  # base, exponent, power, derivatives along both, of PyTorch 2.13
    (0.0, 2.0, 0.0, [0.0, 0.0]),
    (0.0, 1.0, 0.0, [1.0, 0.0]),
    (-0.0, 3.0, -0.0, [0.0, 0.0]),
    (INF, 0.0, 1.0, [0.0, INF]),
    (INF, 0.5, INF, [0.0, INF]),
    (1.0, INF, 1.0, [INF, 0.0]),
]


@pytest.mark.parametrize(("x", "y", "power", "slopes"), LIMITS)
def test_powers_where_a_limit_exists(x: float, y: float, power: float, slopes: list[float]) -> None:
    """Along both, and along one where the other is a number or a Constant; as graphs, forward and static too."""
    base, exponent = Value(x), Value(y)
    out = base**exponent
    out.backward()
    assert [out.data, base.grad, exponent.grad] == [power, *slopes]
    assert [gradient.data for gradient in gradients(out, [base, exponent])] == slopes
    assert jvp(lambda x: x ** Constant(y), [x], [1.0]) == (power, slopes[0])
    assert jvp(lambda y: x**y, [y], [1.0]) == (power, slopes[1])
    p = Parameter(y)
    assert (static_graph(lambda x: x**p, [p])(x), p.grad) == (power, slopes[1])
    w = Parameter(x)
    assert (static_graph(lambda y: w**y, [w])(y), w.grad) == (power, slopes[0])


def test_a_constant_in_a_power_needs_no_derivative() -> None:
    x = Value(-2.0)
    (x ** Constant(3.0)).backward()
    assert x.grad == 12.0
    y = Value(2.0)
    (Constant(0.0) ** y).backward()
    assert y.grad == 0.0


def test_a_partial_that_nobody_asks_for_need_not_exist() -> None:
    x, y = Value(-2.0), Value(3.0)
    assert gradients(x**y, [x])[0].data == 12.0
    zero, half = Value(0.0), Value(0.5)
    assert gradients(zero**half, [half])[0].data == 0.0
    assert gradients(x + rules.sqrt(zero), [x])[0].data == 1.0
    assert hessian(x**y, [x])[0][0].data == -12.0


def test_a_root_of_minus_infinity_is_outside_of_the_domain() -> None:
    """C's pow has inf for it. Whole powers of it exist."""
    for compute in (lambda: functions.power(-INF, 0.5), lambda: Value(-INF) ** 0.5, lambda: Value(-INF) ** Value(1.5)):
        with pytest.raises(ValueError, match=r"^x \*\* [ny] needs x >= 0 unless [ny] is whole"):
            compute()
    assert functions.power(-INF, 3.0) == -INF
    w = Parameter(1.0)
    static = static_graph(lambda x: w * x**0.5, [w])
    assert static(4.0) == 2.0
    with pytest.raises(ValueError, match=r"^x \*\* n needs x >= 0"):
        static(-INF)


def test_zero_times_infinity_is_nan_in_gradients_as_in_backward() -> None:
    x = Value(0.0)
    out = (x * 0.0).exp() * INF
    out.backward()
    assert math.isnan(x.grad)
    assert math.isnan(gradients(out, [x])[0].data)


@pytest.mark.parametrize(
    ("xs", "expected"),
    [
        ([-INF, -INF], [-INF, 0.5, 0.5]),
        ([-INF, 1.0], [1.0, 0.0, 1.0]),
        ([INF, 1.0], [INF, 1.0, 0.0]),
        ([1e308, -1e308], [1e308, 1.0, 0.0]),
    ],
)
def test_log_sum_exp_of_infinities_is_their_greatest(xs: list[float], expected: list[float]) -> None:
    values = [Value(x) for x in xs]
    out = functions.log_sum_exp(values)
    out.backward()
    assert [out.data, *[x.grad for x in values]] == expected


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (functions.leaky_relu, INF, INF, 1.0),
        (functions.leaky_relu, -INF, -INF, 0.01),
        (functions.elu, INF, INF, 1.0),
        (functions.elu, -INF, -1.0, 0.0),
        (rules.softplus, INF, INF, 1.0),
        (rules.softplus, -INF, 0.0, 0.0),
        (functions.leaky_relu, -1e308, -1e306, 0.01),
        (rules.log, INF, INF, 0.0),
    ],
)
def test_functions_at_infinity(f: Any, x: float, value: float, slope: float) -> None:
    v = Value(x)
    out = f(v)
    out.backward()
    assert (out.data, v.grad) == (value, slope)


def test_a_power_of_0_has_the_slope_0_along_its_exponent() -> None:
    """Also 0 ** 0, which is 1: as in PyTorch."""
    for exponent in (0.0, 2.0):
        y = Value(exponent)
        power = 0.0**y
        power.backward()
        assert (power.data, y.grad) == (0.0**exponent, 0.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: rules.relu(-0.0), "0.0"),  # not -0.0
        (lambda: rules.leaky_relu(0.0, math.inf), "nan"),  # 0 · inf, as in PyTorch: 0 is on the slope's side
        (lambda: rules.elu(0.0, math.inf), "nan"),
        (lambda: rules.step(0.0), "0.0"),
        (lambda: rules.step(-0.0), "0.0"),
        (lambda: rules.sign(0.0), "0.0"),
        (lambda: rules.greater(1.0, 1.0), "0.5"),
        (lambda: rules.excess(math.inf, math.inf), "0.0"),
        (lambda: rules.maximum(math.nan, 1.0), "nan"),
        (lambda: rules.maximum(1.0, math.nan), "nan"),
        (lambda: rules.minimum(math.nan, 1.0), "nan"),
        (lambda: rules.minimum(1.0, math.nan), "nan"),
        (lambda: rules.maximum(0.0, -0.0), "-0.0"),  # of two equal ones the second
        (lambda: rules.minimum(-0.0, 0.0), "0.0"),
        (lambda: rules.softplus(0.0), str(math.log(2.0))),
    ],
)
def test_rows_at_their_kinks(found: Any, expected: str) -> None:
    assert str(found()) == expected
