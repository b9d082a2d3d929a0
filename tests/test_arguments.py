"""What comes in: numbers made floats, lists made lists, all else refused by function or argument, with the value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.oracles import ROWS
from tinygrad_edu import Constant, Dual, Parameter, Symbol, Value, functions, nn
from tinygrad_edu.arguments import (
    count,
    every,
    finite,
    fraction,
    function,
    instance,
    listed,
    not_negative,
    positive,
    real,
    several,
)
from tinygrad_edu.engine import topological_order
from tinygrad_edu.readers.check import check_gradients
from tinygrad_edu.readers.dual import derivative, jvp
from tinygrad_edu.readers.formulas import derivative_formula, formula
from tinygrad_edu.readers.higher import gradients, hessian


@pytest.mark.parametrize("number", [2, True, Fraction(5, 2), Decimal("2.5"), math.inf, -0.0], ids=repr)
def test_a_real_number_of_any_class_is_made_a_float(number: Any) -> None:
    assert type(real(number)) is float
    assert real(number) == number


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "bool_", "array"])
def test_numbers_of_numpys_and_arrays_of_no_dimension_are_numbers(kind: str) -> None:
    numpy = pytest.importorskip("numpy")
    assert type(real(getattr(numpy, kind)(1))) is float
    assert real(getattr(numpy, kind)(1)) == 1.0
    assert count("n", getattr(numpy, kind)(1)) == 1


def test_what_is_no_real_number_is_refused_by_name() -> None:
    for wrong in ("1.0", b"1", None, 1j, [1.0], {}, object(), Value(1.0), range(1), type):
        with pytest.raises(TypeError, match=rf"^lr: a real number is needed, got .*\({type(wrong).__name__}\)$"):
            real(wrong, "lr")


@pytest.mark.parametrize("number", [10**400, Fraction(10**400), Decimal("sNaN")], ids=["int", "Fraction", "sNaN"])
def test_a_number_that_no_float_holds_is_refused_by_name(number: Any) -> None:
    with pytest.raises((OverflowError, ValueError), match=r"^lr: a real number is needed, got .{,230}: "):
        real(number, "lr")


@pytest.mark.parametrize("text", ["array([1.0])", "array(1j)", "array('1')", "complex64(1)", "str_('1')"])
def test_other_arrays_and_scalars_of_numpys_are_refused(text: str) -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="^lr: a real number is needed, got "):
        real(eval(text, vars(numpy)), "lr")


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.slow
def test_tensors_are_refused(shape: tuple[int, ...]) -> None:
    """A tensor may carry a gradient, which a float would lose."""
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"^lr: a real number is needed, got tensor.* \(Tensor\)$"):
        real(torch.ones(shape), "lr")


def test_what_can_be_gone_through_is_made_a_list() -> None:
    numpy = pytest.importorskip("numpy")
    assert listed("xs", (x for x in (1, 2))) == [1, 2]
    assert listed("xs", numpy.array([1.0, 2.0])) == [1.0, 2.0]
    assert [several(x) for x in ([1], (), iter([]), numpy.ones(2))] == [True] * 4
    assert [several(x) for x in (1.0, numpy.float64(1.0), numpy.array(1.0), Value(1.0))] == [False] * 4


def test_each_of_several_is_checked_by_its_place() -> None:
    assert every("xs", (x for x in (1, True)), finite) == [1.0, 1.0]
    assert every("sizes", (2, 3.0), count, length=2) == [2, 3]
    with pytest.raises(ValueError, match=r"^sizes\[1\] must be at least 1, got 0$"):
        every("sizes", [1, 0], count)
    with pytest.raises(ValueError, match="^betas must be a list of 2, got 1$"):
        every("betas", [0.5], fraction, length=2)
    with pytest.raises(TypeError, match=r"^betas must be a list, got 0\.5 \(float\)$"):
        every("betas", 0.5, fraction)


@pytest.mark.parametrize(
    ("allowed", "within", "without"),
    [
        (finite, [-1e308, 0, 1e308], [-math.inf, math.inf, math.nan]),
        (positive, [5e-324, 1e308], [0.0, -0.0, -1, math.inf, math.nan]),
        (not_negative, [0, -0.0, 1e308], [-5e-324, math.inf, math.nan]),
        (fraction, [0, 0.9999999999999999], [-5e-324, 1, math.nan]),
    ],
    ids=["finite", "positive", "not negative", "fraction"],
)
def test_a_range_takes_its_numbers_and_no_others(allowed: Any, within: list[Any], without: list[Any]) -> None:
    assert [allowed("lr", x) for x in within] == within
    for x in without:
        with pytest.raises(ValueError, match=rf"^lr must be {re.escape(allowed.text)}, got {re.escape(str(x))}$"):
            allowed("lr", x)


def test_objects_and_functions_are_asked_for_by_name() -> None:
    assert instance("root", x := Value(1.0), Value) is x
    function("f", len)
    with pytest.raises(TypeError, match=r"^root must be a Value, got 1\.0 \(float\)$"):
        instance("root", 1.0, Value)
    with pytest.raises(TypeError, match=r"^f must be a function, got 3 \(int\)$"):
        function("f", 3)


# -------------------------------------------------------------------------------- every kind of wrong thing, everywhere


def wrong_things() -> list[Any]:
    things = [None, "x", [], {}, math.nan, object(), Value(1.0), [1.0], 2.5, b"1", ["x"], (None,), 10**400, 1j, {1.0}]
    try:
        import numpy
    except ImportError:
        return things
    return [*things, numpy.ones(2), numpy.ones((2, 2)), numpy.array("x")]


ENTRIES: dict[str, tuple[Callable[..., Any], Callable[[], list[Any]]]] = {  # each with arguments that are right
    "Value": (Value, lambda: [1.0, "x"]),
    "Parameter": (Parameter, lambda: [1.0, "x"]),
    "Constant": (Constant, lambda: [1.0, "x"]),
    "Dual": (Dual, lambda: [1.0, 2.0]),
    "Symbol": (Symbol, lambda: ["x"]),
    "topological_order": (topological_order, lambda: [Value(1.0)]),
    "check_gradients": (check_gradients, lambda: [Value(1.0), 1e-6]),
    "derivative": (derivative, lambda: [abs]),
    "jvp": (jvp, lambda: [abs, [1.0], [1.0]]),
    "formula": (formula, lambda: [Value(1.0)]),
    "derivative_formula": (derivative_formula, lambda: [Value(1.0), Value(1.0)]),
    "gradients": (gradients, lambda: [Value(1.0), [Value(1.0)]]),
    "hessian": (hessian, lambda: [Value(1.0), [Value(1.0)]]),
    "power": (functions.power, lambda: [2.0, 3.0]),
    "leaky_relu": (functions.leaky_relu, lambda: [2.0, 0.1]),
    "elu": (functions.elu, lambda: [2.0, 1.0]),
    "weighted_sum": (functions.weighted_sum, lambda: [[1.0], [2.0], 3.0]),
    "log_sum_exp": (functions.log_sum_exp, lambda: [[1.0]]),
    "log_softmax": (functions.log_softmax, lambda: [[1.0]]),
    "softmax": (functions.softmax, lambda: [[1.0]]),
    "squared_error": (nn.squared_error, lambda: [1.0, 2.0]),
    "squared_error of lists": (nn.squared_error, lambda: [[1.0], [2.0]]),
    "hinge": (nn.hinge, lambda: [1.0, 1]),
    "binary_cross_entropy": (nn.binary_cross_entropy, lambda: [1.0, 1]),
    "cross_entropy": (nn.cross_entropy, lambda: [[1.0, 2.0], 1]),
    "l2_penalty": (nn.l2_penalty, lambda: [[1.0], 0.1]),
    "mean": (nn.mean, lambda: [[1.0]]),
    "empirical_risk": (nn.empirical_risk, lambda: [lambda x: x, nn.squared_error, [1.0], [1.0]]),
    **{f"row {name}": (row, lambda row=row: [1.0] * max(1, len(row.operand_names()))) for name, row in ROWS.items()},
}


def own_names(entry: Callable[..., Any], name: str) -> list[str]:
    """What an error may be known by: the function, its arguments, or the operation that it was given to."""
    if name.startswith("row "):
        return [str(entry)]
    return [name.split()[0], str(ROWS.get(name, name)), *OF_OTHERS.get(name, [])]


OF_OTHERS = {
    "Value": ["data: ", "label "],
    "Parameter": ["data: ", "label "],
    "Constant": ["data: ", "label "],
    "Dual": ["primal: ", "tangent: "],
    "jvp": ["primal: ", "tangent: "],
    "check_gradients": ["tolerance "],
    "power": ["x ** n", "a ** x", "x ** y"],
    "empirical_risk": ["prediction of squared_error", "target of squared_error"],
}


@pytest.mark.parametrize("name", ENTRIES)
def test_no_error_names_neither_function_nor_argument(name: str) -> None:
    """Some 1,300 calls with one wrong argument each: a result, or an error that says who needs what."""
    entry, arguments = ENTRIES[name]
    right = arguments()
    for i in range(len(right)):
        for wrong in wrong_things():
            error = error_of(entry, [*right[:i], wrong, *right[i + 1 :]])
            assert isinstance(error, (TypeError, ValueError, ArithmeticError, type(None))), (i, wrong, error)
            assert error is None or any(word in str(error) for word in own_names(entry, name)), (i, wrong, error)


def error_of(entry: Callable[..., Any], arguments: list[Any]) -> Exception | None:
    try:
        entry(*arguments)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("wrong", ["x", None, [], 1j, b"1"], ids=repr)
@pytest.mark.parametrize("kind", [Value, Dual, Symbol])
def test_an_operator_names_its_operation(kind: Any, wrong: Any) -> None:
    x = Dual(1.0, 1.0) if kind is Dual else Symbol("x") if kind is Symbol else Value(1.0)
    computations = {r"x \+ y": lambda: x + wrong, r"x \* y": lambda: wrong * x, r"x \*\* n": lambda: x**wrong}
    for text, compute in computations.items():
        with pytest.raises(TypeError, match=rf"^{text}: a real number is needed, got "):
            compute()


def test_a_number_is_compared_with_a_values_number_only_as_data() -> None:
    for number in (2.0, 2, Fraction(2), Decimal(2), 2j):
        with pytest.raises(TypeError, match=r"^== \S+ would compare an object, not its number: write x\.data == "):
            Value(2.0) == number  # noqa: B015
