"""What every row does besides its two lines: be called, and say in full what went wrong."""

from __future__ import annotations

import math
import re
from typing import Any
from unittest import mock

import pytest

from tinygrad_edu import Constant, Symbol, Value, rules
from tinygrad_edu.rule import DATA_IS_A_SCALAR, Check, Rule, check_data, pow


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "log(x) needs x > 0, got -1.0", lambda: rules.log(-1.0)),
        (ZeroDivisionError, "x / y needs y != 0, got x = 1.0, y = 0.0", lambda: rules.div(1.0, 0.0)),
        (OverflowError, "exp(x) is too large for a float, got 1000.0", lambda: rules.exp(1000.0)),
        (ValueError, "sin(x) needs a finite x, got inf", lambda: rules.sin(math.inf)),
        (TypeError, "sin(x): a real number is needed, got 'x' (str)", lambda: rules.sin("x")),
        (
            TypeError,
            "Tanh: a row of the table keeps no numbers of its own, got 1.0, 2.0: make them operands, as in "
            "forward(self, x, slope)",
            lambda: rules.Tanh(1.0, slope=2.0),
        ),
        (
            ValueError,
            "x * y has 2 operands, but 1 partials",
            lambda: raised(rules.mul.wrong_number_of_partials([1], [2, 3])),
        ),
        (TypeError, DATA_IS_A_SCALAR, lambda: raised(rules.exp.no_derivative([Value(1.0)], TypeError("t")))),
        (TypeError, "exp(x): t", lambda: raised(rules.exp.no_derivative([1.0], TypeError("t")))),
        (TypeError, DATA_IS_A_SCALAR, lambda: raised(rules.exp.no_value([Value(1.0)], TypeError("t")))),
        (
            OverflowError,
            "the derivative of exp(x) is too large for a float at 1.0",
            lambda: raised(rules.exp.no_derivative([1.0], OverflowError())),
        ),
        (TypeError, DATA_IS_A_SCALAR, lambda: check_data(node_with(Value(1.0)))),
        (TypeError, "data of w: a real number is needed, got 'x' (str)", lambda: check_data(node_with("x"))),
        (ValueError, "a share, got 2", lambda: Check("a share", lambda x: x < 2)(2)),
    ],
)
def test_what_goes_wrong_is_said_in_full(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


def raised(error: Exception) -> None:
    raise error


def node_with(data: Any) -> Value:
    node = Value(0.0, "w")
    node.data = data
    return node


def test_a_derivative_that_does_not_exist_is_an_error_with_its_number() -> None:
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at 0\.0 \(.*division by zero\)$"):
        rules.sqrt.differentiate(0.0, 0.0)


def test_a_row_for_floats_only_says_its_name_when_it_is_given_names() -> None:
    class Floats(Rule):
        def forward(self, x: Any) -> Any:
            return math.sinh(x)

        def partials(self, out: Any, x: Any) -> Any:
            return (math.cosh(x),)

    with pytest.raises(TypeError, match=r"^floats\(x\): must be real number, not Symbol$"):
        Floats().differentiate(Symbol("out"), Symbol("x"))


def test_a_row_is_called_like_its_class_unless_it_has_a_symbol() -> None:
    class Both(Rule, symbol="given"):
        symbol = "of the class"

    class Inherited(Both):
        pass

    class OfTheClass(Rule):
        symbol = "of the class"

    assert [kind.instance.symbol for kind in (Both, Inherited, OfTheClass)] == ["given", "inherited", "of the class"]


def test_inputs_are_named_if_there_are_as_many_as_operands_and_more_than_one() -> None:
    assert rules.mul.named([1.0, 2.0]) == "x = 1.0, y = 2.0"
    assert rules.mul.named([1.0, 2.0, 3.0]) == "1.0, 2.0, 3.0"
    assert rules.exp.named([1.0]) == "1.0"


def test_a_row_that_is_no_sum_of_products_is_not_written_out() -> None:
    assert rules.add.written_out(1.0, 2.0) == []


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, -math.inf, math.inf), (0.0, math.inf, 0.0), (1.0, -math.inf, 1.0), (2.0, -math.inf, 0.0),
        (-math.inf, 2.0, math.inf), (-math.inf, 3.0, -math.inf), (-math.inf, -1.0, -0.0),
    ],
)  # fmt: skip
def test_powers_at_the_ends(x: float, y: float, expected: float) -> None:
    assert pow(x, y) == expected


def test_a_root_of_minus_infinity_is_no_real_number() -> None:
    with pytest.raises(ValueError, match="^math domain error$"):
        pow(-math.inf, 0.5)


# ------------------------------------------------------------------------------------------------ Python's operators


def test_comparisons_at_equality() -> None:
    x = Value(1.0)
    assert [x < 1.0, x <= 1.0, x > 1.0, x >= 1.0] == [False, True, False, True]
    assert [x < Value(1.0), x <= Value(1.0), x > Value(1.0), x >= Value(1.0)] == [False, True, False, True]


def test_a_value_lets_other_objects_say_whether_they_are_equal() -> None:
    assert Value(1.0) == mock.ANY
    assert Value(1.0) != Value(1.0)


class Degrees:
    """No Number, but with one."""

    def __float__(self) -> float:
        return 20.0

    def __repr__(self) -> str:
        return "20°"


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "== 1 would compare an object, not its number: write x.data == 1", lambda x: x == 1),
        (TypeError, "== 20° would compare an object, not its number: write x.data == 20°", lambda x: x == Degrees()),
        (TypeError, "neither true nor false: write x > 0, or x.data != 0, to decide by its number", bool),
        (AttributeError, "'Value' object has no attribute '_prev': write children", lambda x: x._prev),
        (AttributeError, "'Value' object has no attribute '_op': write op.symbol", lambda x: x._op),
        (
            AttributeError,
            "'Value' object has no attribute '_backward': write partials(), from the row op",
            lambda x: x._backward(),
        ),
    ],
)
def test_what_a_value_is_not_is_said_with_what_to_write(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call(Value(2.0))


@pytest.mark.parametrize(
    ("names", "symbol"),
    [
        ("add", "+"), ("sub excess neg", "-"), ("mul", "*"), ("div", "/"), ("power exponential general_power", "**"),
        ("log log_of_base", "log"), ("absolute", "abs"), ("leaky_relu", "leaky_relu"), ("weighted_sum", "weighted_sum"),
    ],
)  # fmt: skip
def test_rows_have_the_symbols_of_python(names: str, symbol: str) -> None:
    assert {getattr(rules, name).symbol for name in names.split()} == {symbol}


@pytest.mark.parametrize(
    ("row", "domain"),
    [
        ("log_of_base", "x > 0"), ("exp", "other inputs"), ("power", "x >= 0 unless n is whole, and x != 0 if n < 0"),
        ("exponential", "a >= 0 unless x is whole, and a != 0 if x < 0"), ("sqrt", "x >= 0"), ("cos", "a finite x"),
        ("general_power", "x >= 0 unless y is whole, and x != 0 if y < 0"),
    ],
)  # fmt: skip
def test_rows_say_what_they_need(row: str, domain: str) -> None:
    assert getattr(rules, row).domain == domain


def test_a_constant_does_not_vary_so_a_power_of_it_is_a_power_of_a_number() -> None:
    assert (Value(2.0) ** Constant(3.0)).op is rules.power
    assert (Constant(2.0) ** Value(3.0)).op is rules.exponential
    assert (Value(2.0) ** Value(3.0)).op is rules.general_power


def test_the_defaults_of_methods() -> None:
    assert Value(-1.0).leaky_relu().data == -0.01
    assert Value(-1.0).elu().data == math.expm1(-1.0)


def test_a_step_and_a_sign_between_0_and_1() -> None:
    assert [rules.step(0.5), rules.sign(0.5), rules.sign(-0.5)] == [1.0, 1.0, -1.0]


def test_a_value_is_checked_by_its_number() -> None:
    with pytest.raises(ValueError, match=r"^a share, got 2\.0$"):
        Check("a share", lambda x: x < 2)(Value(2.0))
