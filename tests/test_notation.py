"""The printer: what an operation looks like where it is explained, and in the program of a static graph."""

from __future__ import annotations

import pytest

from tinygrad_edu import Symbol, rules
from tinygrad_edu.readers.notation import FORMULA, OPERATION, PROGRAM, Text, columns

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (x / y * y, "x/y·y"),
        (x / y - y, "x/y − y"),
        (x / y + y, "x/y + y"),
        (x / y / x, "x/y/x"),
        ((x + y) / z / z, "(x + y)/z²"),
        (x / (y + z) / (y + z), "x/(y + z)/(y + z)"),
        ((x + y) * (x + y), "(x + y)·(x + y)"),
        (x**y * x**y, "x**y·x**y"),
        (x - x, "x − x"),
        (x**x, "x**x"),
        (x * 2.0 * 2.0, "x·2·2"),
    ],
    ids=str,
)
def test_a_square_is_written_only_for_a_name_times_or_divided_by_itself(formula: Symbol, text: str) -> None:
    assert formula.text() == text


@pytest.mark.parametrize(
    ("formula", "operation", "program"),
    [
        (x * x, "x × x", "x * x"),
        (x / y / y, "x / y / y", "x / y / y"),
        (x - (-y), "x − (-y)", "x - (-y)"),
        (x - -2.0, "x − (-2)", "x - (-2.0)"),
        (x + (-y), "x + -y", "x + -y"),
        (x + -2.0, "x + -2", "x + -2.0"),
        (x * (-y), "x × -y", "x * -y"),
        (x * -2.0, "x × -2", "x * -2.0"),
        (x / -2.0, "x / -2", "x / -2.0"),
        (-(x * y), "-(x × y)", "-(x * y)"),
        (-(x + y), "-(x + y)", "-(x + y)"),
        (x - (y - z), "x − (y − z)", "x - (y - z)"),
        (x / (y * z), "x / (y × z)", "x / (y * z)"),
        (x * (y / z), "x × (y / z)", "x * (y / z)"),
        (x + y * z, "x + y × z", "x + y * z"),
        (abs(x), "abs(x)", "abs(x)"),
        (x + 1 / 3, "x + 0.3333", "x + 0.3333333333333333"),
        (x + 1e6, "x + 1e+06", "x + 1000000.0"),
    ],
    ids=str,
)
def test_an_operation_is_written_as_programs_have_it(formula: Symbol, operation: str, program: str) -> None:
    """In the program equal to the bit: no sum is turned into a difference, and no number is rounded."""
    assert (formula.text(OPERATION), formula.text(PROGRAM)) == (operation, program)


@pytest.mark.parametrize(
    ("formula", "text"), [(x**2.0, "x ** 2"), ((x**y) ** z, "(x ** y) ** z"), (x ** (y**z), "x ** (y ** z)")], ids=str
)
def test_a_power_is_an_operation_with_a_sign(formula: Symbol, text: str) -> None:
    assert formula.text(OPERATION) == text
    assert OPERATION.has_sign(rules.power)
    assert not PROGRAM.has_sign(rules.power)


def test_a_program_writes_minus_zero() -> None:
    assert [PROGRAM.number(number) for number in (-0.0, 0.0, 0.1)] == ["-0.0", "0.0", "0.1"]


@pytest.mark.parametrize(
    ("operand", "binding"), [("x", "x"), ("-x", "(-x)"), ("dy/dx", "(dy/dx)"), ("2", "2")], ids=str
)
def test_an_operand_of_a_power_stands_in_parentheses_unless_it_is_a_name(operand: str, binding: str) -> None:
    assert OPERATION.operand(operand).within(Text("x").binding) == binding


def test_columns_are_as_wide_as_the_widest_entry_and_may_stand_right() -> None:
    rows = [("a", "bb"), ("ccc", "d")]
    assert columns(rows, "utf-8") == ["a  bb", "cccd "]
    assert columns(rows, "utf-8", right=True) == ["  abb", "ccc d"]
    assert columns([("∂", "x")], "ascii") == ["dx"]


def test_a_notation_has_its_own_minus() -> None:
    typeset = FORMULA._replace(negative="−")
    assert [typeset.number(x) for x in (-2.0, 2.0, -0.0)] == ["−2", "2", "0"]
    assert typeset.add("a", "−b") == "a − b"
