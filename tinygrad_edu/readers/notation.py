"""Write numbers, operations and columns, in every notation: this is the one printer.

An operation is written with the texts of its operands. Each text knows how tightly it holds together, so parentheses
stand where they are needed and nowhere else.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tinygrad_edu import rules
from tinygrad_edu.rule import Rule
from tinygrad_edu.words import cells, encoding_of, spelled

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)  # how tightly a text holds together: -x looser than x², tighter than x·y
OPERATORS = {
    rules.add: SUM, rules.sub: SUM, rules.excess: SUM, rules.mul: PRODUCT, rules.div: PRODUCT,
    rules.power: POWER, rules.exponential: POWER, rules.general_power: POWER,
}  # fmt: skip
SIGNS = rules.add, rules.sub, rules.mul, rules.div, rules.neg  # that compute to the bit what Python's do
SPELLING = {"-": "minus", "*": "times", "/": "divide", "**": "power"}  # the fields of a notation
NAME = re.compile(r"[^\W\d][\w\[\]₍₎]*")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text(NamedTuple):
    """Pair a text with how tightly it holds together."""

    text: str
    binding: int = ATOM

    def within(self, least: int) -> str:
        """Write it in parentheses unless it holds together as tightly as what is around it."""
        return self.text if self.binding >= least else f"({self.text})"


class Notation(NamedTuple):
    """Say how numbers and operations are written."""

    times: str = "·"
    divide: str = "/"
    plus: str = " + "
    minus: str = " − "
    power: str = "**"  # "" for a function: pow(x, 2)
    negative: str = "-"  # the sign of a negative number
    superscripts: bool = True  # x² for x ** 2 and x * x, |x| for abs(x)
    bare_signs: bool = False  # 2 × -x as programs have it; else 2·(-x)
    digits: str | None = ".4g"  # None for all of them
    functions: Mapping[str, str] = {}  # names that differ from the table's

    def number(self, x: float) -> str:
        """Write a number: four digits, and minus zero as 0.

        >>> FORMULA.number(-0.0), FORMULA.number(1 / 3), FORMULA.number(1e-300)
        ('0', '0.3333', '1e-300')
        """
        text = repr(x) if self.digits is None else format(x + 0.0, self.digits)
        return self.negative + text[1:] if text.startswith("-") else text

    def add(self, left: str, right: str) -> str:
        """Write a sum: a − b for a + (-b)."""
        if right.startswith(self.negative) and not self.bare_signs:
            return left + self.minus + right.removeprefix(self.negative)
        return left + self.plus + right

    def has_sign(self, op: Rule) -> bool:
        """Tell whether an operation is written with a sign: x·y, and -x; else as a function."""
        return op in SIGNS or op in OPERATORS and bool(self.power)

    def operand(self, text: str) -> Text:
        """Take a name or a number for an operand: a negative number holds together like -x, "dy/dx" like a sum."""
        return Text(text, SUM if "/" in text else SIGN if text.startswith(self.negative) else ATOM)


FORMULA = Notation()
ASCII = Notation(times="*", minus=" - ", superscripts=False)
PYTHON = ASCII._replace(digits="")  # all digits: the text, evaluated, is the formula again
OPERATION = Notation(" × ", " / ", power=" ** ", superscripts=False, bare_signs=True)  # one operation, as typed
ASCII_OPERATION = OPERATION._replace(times=" * ", minus=" - ")
PROGRAM = ASCII_OPERATION._replace(power="", digits=None)  # equal to the bit: sums and products in their order


def write(op: Rule, operands: Sequence[Text], notation: Notation, function: str = "") -> Text:
    """Write one operation with the texts of its operands: "x·y", "tanh(x)", "|x|".

    `function` is what a row that is no operator is called, if not by its symbol.

    >>> write(rules.mul, [Text("w + v", SUM), Text("x")], ASCII)
    Text(text='(w + v)*x', binding=1)
    """
    if op is rules.neg:
        return write_negative(operands[0], notation)
    if notation.has_sign(op):
        return write_infix(op, operands, notation)
    if products := op.written_out(*operands):
        terms = [write(rules.mul, x, notation).text if len(x) == 2 else x[0].text for x in products]
        return Text(functools.reduce(notation.add, terms), SUM)
    if op is rules.absolute and notation.superscripts:
        return Text(f"|{operands[0].text}|")
    name = function or notation.functions.get(op.symbol, op.symbol)
    return Text(f"{name}({', '.join(operand.text for operand in operands)})")


def write_infix(op: Rule, operands: Sequence[Text], notation: Notation) -> Text:
    """Write an operation with its sign between its operands."""
    binding = OPERATORS[op]
    left = operands[0].within(ATOM if binding == POWER else binding)  # a power's base holds together tighter
    right = right_of(operands[1], op, notation)
    if op is rules.add:
        return Text(notation.add(left, right), binding)
    if notation.superscripts and (squared := square(op, left, right)):
        return Text(squared, binding)
    return Text(left + getattr(notation, SPELLING[op.symbol]) + right, binding)


def write_negative(x: Text, notation: Notation) -> Text:
    """Write -x: a second sign stands in parentheses, and where bare signs may stand, so does a product."""
    needs_parentheses = x.binding == SIGN or notation.bare_signs and x.binding < SIGN
    return Text(notation.negative + x.within(ATOM if needs_parentheses else PRODUCT), SIGN)


def right_of(x: Text, op: Rule, notation: Notation) -> str:
    """Write a second operand: it holds together tighter than its operation, as sums are added from left to right."""
    if x.binding == SIGN or op.symbol == "-" and x.text.startswith(notation.negative):
        bare = op.symbol == "+" or notation.bare_signs and op.symbol != "-"
        return x.text if bare else f"({x.text})"
    return x.within(OPERATORS[op] + 1)


def square(op: Rule, left: str, right: str) -> str:
    """Write x² for x·x, x/y² for x/y/y, x³ for x**3; "" for everything else."""
    if op.symbol == "**" and right.isdigit():
        return left + right.translate(SUPERSCRIPTS)
    if op is rules.mul and left == right and NAME.fullmatch(left):
        return f"{left}²"
    if op is rules.div and left.endswith(f"/{right}") and NAME.fullmatch(right):
        return f"{left}²"
    return ""


def operation_text(op: Rule, operands: Sequence[str], notation: Notation) -> str:
    """Write one operation with names or numbers for its operands.

    >>> operation_text(rules.mul, ["w", "x"], ASCII)
    'w*x'
    """
    return write(op, list(map(notation.operand, operands)), notation).text


def is_number(x: object, number: float) -> bool:
    """Tell whether x is the plain float `number`; never ask a Value or Symbol for its value."""
    return isinstance(x, float) and x == number


def columns(rows: Sequence[Sequence[str]], encoding: str | None = None, right: bool = False) -> list[str]:
    """Set rows of text in columns, each as wide as its widest entry, as a stream of this encoding shows it.

    Without `encoding`, standard output's. `right` puts the room on the left.

    >>> columns([("x", "= 1"), ("slope", "= 2")])
    ['x    = 1', 'slope= 2']
    """
    shown = [[spelled(text, encoding or encoding_of()) for text in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]
    rooms = [[" " * (width - cells(text)) for text, width in zip(row, widths, strict=True)] for row in shown]
    pairs = zip(rooms, shown, strict=True) if right else zip(shown, rooms, strict=True)
    return ["".join(map("".join, zip(*pair, strict=True))) for pair in pairs]
