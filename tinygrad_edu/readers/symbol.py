"""Give a row of the table names instead of numbers: what comes out is its formula.

>>> x, y = Symbol("x"), Symbol("y")
>>> print(x * y + 1)
x·y + 1
>>> [str(partial) for partial in rules.div.partials(x / y, x, y)]
['1/y', '-x/y²']
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from tinygrad_edu import rules
from tinygrad_edu.arguments import instance, real
from tinygrad_edu.operators import Operators
from tinygrad_edu.readers.notation import ASCII, FORMULA, Notation, Text, is_number, write
from tinygrad_edu.rule import Check, Rule, Scalar
from tinygrad_edu.words import encoding_of, knows, spelled

LONGEST = 10_000  # names, numbers and operations: a longer formula is not written


class Symbol(Operators["Symbol"]):
    """Stand for a number by a name, or by an operation on Symbols and numbers. `str` writes it as a formula.

    Sums with 0, products with 0 and 1, powers of 0 and 1 and double negations are simplified as they are made.
    `size` is the number of names, numbers and operations in the formula, counted without writing it. `stands_for` is
    the expression behind a name; it lets (x/y)/y print as x/y² instead of h/y.

    >>> x = Symbol("x")
    >>> str(1.0 * x + 0.0)
    'x'
    """

    __slots__ = ("name", "op", "operands", "size", "stands_for")

    def __init__(
        self, name: str, op: Rule | None = None, operands: Sequence[Symbol | float] = (),
        stands_for: Symbol | None = None,
    ) -> None:  # fmt: skip
        self.name = instance("the name of a Symbol", name, str)
        self.stands_for = stands_for
        self.op = op
        self.operands = operands
        self.size: int = 1 + sum(size_of(x) for x in operands)

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """Return the formula of one operation, simplified: a Symbol, or a float where nothing symbolic is left."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, Symbol):
                raise TypeError(f"{op}: a Symbol does not mix with {x!r}")
        operands: list[Any] = [x if isinstance(x, Symbol) else real(x, op) for x in inputs]
        if products := op.written_out(*operands):
            return functools.reduce(rules.add, [functools.reduce(rules.mul, factors) for factors in products])
        simpler = simplify(op, *operands)
        return Symbol("", op, operands) if simpler is None else simpler

    def text(self, notation: Notation = FORMULA) -> str:
        """Write the formula in a notation: FORMULA, ASCII or PYTHON, which can be evaluated.

        Raises ValueError if it is longer than anyone would read (LONGEST).
        """
        if self.size > LONGEST:
            raise ValueError(f"too long to write: the formula has {size_text(self.size)} names, numbers and operations")
        texts: dict[Symbol, Text] = {}
        for symbol in reversed(self.symbols()):
            if symbol not in texts:
                operands = [texts[x] if isinstance(x, Symbol) else notation.operand(notation.number(x))
                            for x in symbol.operands]  # fmt: skip
                texts[symbol] = write(symbol.op, operands, notation) if symbol.op else notation.operand(symbol.name)
        return texts[self].text

    def symbols(self) -> list[Symbol]:
        """Return every Symbol of the formula where it stands in it, each before its operands."""
        found, waiting = [], [self]
        while waiting:
            symbol = waiting.pop()
            found.append(symbol)
            waiting.extend(x for x in symbol.operands if isinstance(x, Symbol))
        return found

    def number(self, *_: object) -> NoReturn:
        """Raise TypeError: a symbol has no value, so it cannot be compared or used in `if`."""
        raise TypeError(f"the symbol {self} has no value to decide on: use maximum, minimum, step, relu or abs instead")

    __bool__ = number

    def check(self, check: Check) -> None:
        """Check nothing: a symbol has no value."""

    def __str__(self) -> str:
        encoding = encoding_of()  # what is printed is shown as standard output can
        return spelled(self.text(FORMULA if knows(encoding) else ASCII), encoding)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Symbol({self.text()!r})" if self.size <= LONGEST else f"<Symbol of size {size_text(self.size)}>"


def simplify(op: Rule, x: Any, y: Any = None) -> Any:
    """Return what an operation comes to where an operand makes it trivial; None where none does."""
    if op is rules.neg and isinstance(x, Symbol) and x.op is rules.neg:
        return x.operands[0]
    if op is rules.mul and (is_number(x, 0.0) or is_number(y, 0.0)) or op is rules.div and is_number(x, 0.0):
        return 0.0
    if op is rules.power and is_number(y, 0.0):
        return 1.0
    if op is rules.add and is_number(x, 0.0) or op is rules.mul and is_number(x, 1.0):
        return y
    if op in (rules.add, rules.sub) and is_number(y, 0.0):
        return x
    if op in (rules.mul, rules.div, rules.power) and is_number(y, 1.0):
        return x
    if op is rules.sub and is_number(x, 0.0) or op is rules.mul and is_number(x, -1.0):
        return -y
    if op is rules.mul and is_number(y, -1.0):
        return -x
    quotient = x.stands_for if op is rules.div and isinstance(x, Symbol) else None
    if quotient is not None and quotient.op is rules.div and quotient.operands[1] is y:
        return quotient / y
    return None


def size_of(x: Symbol | float) -> int:
    """Count the names, numbers and operations of x: 1 for a number."""
    return x.size if isinstance(x, Symbol) else 1


def size_text(size: int) -> str:
    """Write a size for a reader: "1,023", "about 10^30"."""
    return f"{size:,}" if size < 10**12 else f"about 10^{math.log10(size):.0f}"


def text_of(x: Symbol | float, notation: Notation = FORMULA) -> str:
    """Write a formula or a number."""
    return x.text(notation) if isinstance(x, Symbol) else notation.number(x)
