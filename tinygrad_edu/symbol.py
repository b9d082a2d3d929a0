"""`Symbol`: a scalar that is only a name. Given Symbols, a row of the table writes its formula instead of a number.

>>> x, y = Symbol("x"), Symbol("y")
>>> print(x * y + 1)
x·y + 1
>>> [str(partial) for partial in div.partials(x / y, x, y)]
['1/y', '-x/y²']
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from tinygrad_edu.rules import Rule, Scalar, WeightedSum, absolute, add, div, is_number, mul, neg, power, real, sub


class Notation(NamedTuple):
    """How formulas and numbers are written."""

    times: str = "·"
    divide: str = "/"
    minus: str = " − "
    power: str = "**"
    negative: str = "-"  # the sign of a negative number
    superscripts: bool = True  # x² for x ** 2 and x * x
    digits: str = ".4g"
    functions: Mapping[str, str] = {}  # names that differ from the table's

    def number(self, x: float) -> str:
        """A number as it is shown: four digits, and minus zero as 0.

        >>> FORMULA.number(-0.0), FORMULA.number(1 / 3), FORMULA.number(1e-300)
        ('0', '0.3333', '1e-300')
        """
        text = format(x + 0.0, self.digits)
        return self.negative + text[1:] if text.startswith("-") else text

    def unsigned(self, text: str) -> str:
        """An operand where a sign would be misread: a negative number in parentheses.

        >>> FORMULA.unsigned("-2"), FORMULA.unsigned("x")
        ('(-2)', 'x')
        """
        return f"({text})" if text.startswith(self.negative) else text


FORMULA = Notation()
ASCII = Notation(times="*", minus=" - ", superscripts=False)
PYTHON = ASCII._replace(digits="")  # all digits: the text, evaluated, is the formula again
OPERATION = FORMULA._replace(times=" × ", divide=" / ", power=" ** ", superscripts=False)  # one operation, as typed
ASCII_OPERATION = OPERATION._replace(times=" * ", minus=" - ")


class Symbol(Scalar["Symbol"]):
    """A name, or an operation on Symbols and numbers. `str` writes it as a formula.

    Sums with 0, products with 0 and 1, powers of 0 and 1 and double negations are simplified as they are made.
    `size` is the number of names, numbers and operations in the formula, counted without writing it. A name may tell
    what it stands for: h = x/y divided by y once more is x/y², as textbooks have it, and not h/y.

    >>> x = Symbol("x")
    >>> str(1.0 * x + 0.0)
    'x'
    """

    __slots__ = ("name", "op", "operands", "size", "stands_for")

    def __init__(
        self,
        name: str,
        op: Rule | None = None,
        operands: Sequence[Symbol | float] = (),
        stands_for: Symbol | None = None,
    ) -> None:
        self.name = name
        self.stands_for = stands_for
        self.op = op
        self.operands = operands
        self.size: int = 1 + sum(size_of(x) for x in operands)

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """The formula of one operation, simplified: a Symbol, or a float where nothing symbolic is left."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, Symbol):
                raise TypeError(f"{op}: a Symbol does not mix with {x!r}")
        operands: list[Any] = [x if isinstance(x, Symbol) else real(x) for x in inputs]
        if isinstance(op, WeightedSum):
            return op.forward(*operands)  # written out as sums and products
        simpler = simplify(op, *operands)
        return Symbol("", op, operands) if simpler is None else simpler

    def text(self, notation: Notation = FORMULA) -> str:
        """The formula in a notation: FORMULA, ASCII or PYTHON, which can be evaluated.

        Raises ValueError if it is longer than anyone would read (LONGEST).
        """
        if self.size > LONGEST:
            raise ValueError(f"too long to write: the formula has {size_text(self.size)} names, numbers and operations")
        texts: dict[Symbol, str] = {}
        for symbol in reversed(self.parts()):
            if symbol not in texts:
                operands = [operand_text(symbol, i, texts, notation) for i in range(len(symbol.operands))]
                texts[symbol] = operation_text(symbol.op, operands, notation) if symbol.op else symbol.name
        return texts[self]

    def parts(self) -> list[Symbol]:
        """Every Symbol of the formula where it stands in it, each before its operands."""
        parts, waiting = [], [self]
        while waiting:
            symbol = waiting.pop()
            parts.append(symbol)
            waiting.extend(x for x in symbol.operands if isinstance(x, Symbol))
        return parts

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Symbol({self.text()!r})" if self.size <= LONGEST else f"<Symbol of size {size_text(self.size)}>"

    def undecidable(self, other: object = None) -> NoReturn:
        """Raises TypeError: a name is neither true nor false, neither great nor small."""
        raise TypeError(f"the symbol {self} has no value to decide on: use maximum, minimum, step, relu or abs instead")

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = undecidable


def simplify(op: Rule, x: Any, y: Any = None) -> Any:
    """What an operation comes to where an operand makes it trivial; None where none does."""
    if op is neg and isinstance(x, Symbol) and x.op is neg:
        return x.operands[0]
    if op is mul and (is_number(x, 0.0) or is_number(y, 0.0)) or op is div and is_number(x, 0.0):
        return 0.0
    if op is power and is_number(y, 0.0):
        return 1.0
    if op is add and is_number(x, 0.0) or op is mul and is_number(x, 1.0):
        return y
    if op in (add, sub) and is_number(y, 0.0) or op in (mul, div, power) and is_number(y, 1.0):
        return x
    if op is sub and is_number(x, 0.0) or op is mul and is_number(x, -1.0):
        return -y
    if op is mul and is_number(y, -1.0):
        return -x
    if op is div and isinstance(x, Symbol) and is_quotient(x.stands_for, y):
        return x.stands_for / y
    return None


def is_quotient(x: Symbol | None, divisor: Symbol | float) -> bool:
    return x is not None and x.op is div and x.operands[1] is divisor


LONGEST = 10_000


def size_of(x: Symbol | float) -> int:
    """How many names, numbers and operations x has: 1 for a number."""
    return x.size if isinstance(x, Symbol) else 1


def size_text(size: int) -> str:
    """A size for a reader: "1,023", "about 10^30"."""
    return f"{size:,}" if size < 10**12 else f"about 10^{math.log10(size):.0f}"


def text_of(x: Symbol | float, notation: Notation = FORMULA) -> str:
    """A formula or a number as text."""
    return x.text(notation) if isinstance(x, Symbol) else notation.number(x)


def operation_text(op: Rule, operands: Sequence[str], notation: Notation) -> str:
    """One operation written with its operands: "x·y", "tanh(x)", "|x|".

    >>> operation_text(mul, ["w", "x"], ASCII)
    'w*x'
    """
    if isinstance(op, WeightedSum):
        weights, inputs, bias = op.split(operands)
        products = [operation_text(mul, pair, notation) for pair in zip(weights, inputs, strict=True)]
        return " + ".join([*products, bias])
    if op is absolute and notation.superscripts:
        return f"|{operands[0]}|"
    if op.symbol.isidentifier() or len(operands) != 2 and op is not neg:
        return f"{notation.functions.get(op.symbol, op.symbol)}({', '.join(operands)})"
    if op is neg:
        return notation.negative + notation.unsigned(operands[0])
    left, right = operands
    if op.symbol == "**":
        left = notation.unsigned(left)
    if op is sub:
        right = notation.unsigned(right)
    if notation.superscripts and (squared := square(op, left, right)):
        return squared
    signs = {"+": " + ", "-": notation.minus, "*": notation.times, "/": notation.divide, "**": notation.power}
    return left + signs[op.symbol] + right


def square(op: Rule, left: str, right: str) -> str:
    """x² for x·x, x/y² for x/y/y, x³ for x**3; "" for everything else."""
    if op.symbol == "**" and right.isdigit():
        return left + right.translate(SUPERSCRIPTS)
    if op is mul and left == right and left.isidentifier():
        return f"{left}²"
    if op is div and left.endswith(f"/{right}") and right.isidentifier():
        return f"{left}²"
    return ""


SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SUM, PRODUCT, POWER, ATOM = range(4)
BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER}


def operand_text(parent: Symbol, i: int, texts: Mapping[Symbol, str], notation: Notation) -> str:
    """Operand i of an operation, in parentheses unless it binds at least as tightly as the operation."""
    operand = parent.operands[i]
    text = texts[operand] if isinstance(operand, Symbol) else notation.number(operand)
    outer, inner = binding(parent, first=True), binding(operand, first=i == 0)
    if outer == ATOM or inner > outer or i == 0 and inner == outer != POWER:
        return text
    return f"({text})"


def binding(x: Symbol | float, first: bool) -> int:
    """How tightly x holds together. A leading minus binds like a product: -x·y; elsewhere it needs parentheses."""
    if isinstance(x, float):
        return ATOM if x >= 0 else PRODUCT if first else SUM
    if x.op is neg:
        return PRODUCT if first else SUM
    return ATOM if x.op is None else BINDING.get(x.op.symbol, ATOM)
