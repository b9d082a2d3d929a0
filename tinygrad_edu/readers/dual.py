"""Go in forward mode: let each number carry its own derivative along.

A dual number a + b·ε with ε² = 0 follows the rules of calculus by itself: f(a + b·ε) = f(a) + f'(a)·b·ε. So each
operation computes its value and, from the same row of the table that `backward` reads, the derivative of its value.
Source: Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.

>>> x = Dual(3.0, 1.0)
>>> x * x
Dual(9.0, 6.0)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.arguments import real
from tinygrad_edu.operators import Operators, number_in
from tinygrad_edu.readers.higher import plus, times
from tinygrad_edu.rule import Rule, Scalar


class Dual(Operators["Dual"]):
    """Hold primal + tangent·ε: a value, and its derivative along the direction in which the inputs move.

    primal   the value: a number, a Value, a Symbol or another Dual
    tangent  its derivative: likewise
    level    which ε: every derivative that is being taken has its own

    Two derivatives taken at once, one within the other, must not mix their ε (Siskind and Pearlmutter, Perturbation
    confusion and referential transparency, 2005). Hence the level: an operation works on the highest ε among its
    operands, and to that one everything of a lower level is a constant. A Dual made by hand is one level above what it
    is made of; `jvp` takes a level that no Dual has had before.

    Raises TypeError if a part is not a number or scalar, ValueError if `level` is not above the levels of the parts.
    """

    __slots__ = ("primal", "tangent", "level")
    primal: Any
    tangent: Any
    level: int
    highest = 0  # the highest level there has been

    def __init__(self, primal: Any, tangent: Any, level: int | None = None) -> None:
        self.primal = primal if isinstance(primal, Scalar) else real(primal)
        self.tangent = tangent if isinstance(tangent, Scalar) else real(tangent)
        inner = max(level_of(primal), level_of(tangent))
        self.level = inner + 1 if level is None else level
        if self.level <= inner:
            raise ValueError(f"a Dual of level {level} cannot be made of one of level {inner}")
        Dual.highest = max(Dual.highest, self.level)

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """Compute one operation, and its derivative: Σ ∂out/∂x · tangent of x."""
        level = max(map(level_of, inputs))
        primals = [x.primal if level_of(x) == level else x for x in inputs]
        out = op(*primals)
        partials = op.differentiate(out, *primals)
        moving = [(x, partial) for x, partial in zip(inputs, partials, strict=True) if level_of(x) == level]
        terms = [times(partial, x.tangent) for x, partial in moving]
        return Dual(out, functools.reduce(plus, terms), level)

    def number(self) -> float:
        """Return what <, <=, > and >= compare: the number within the primal."""
        return number_in(self.primal)

    def __repr__(self) -> str:
        """Write one line, also for an object that a debugger stops in before it is complete."""
        return f"Dual({getattr(self, 'primal', '?')!r}, {getattr(self, 'tangent', '?')!r})"


def level_of(x: Any) -> int:
    """Tell which ε stands highest in x: 0 for a number or another kind of scalar."""
    return x.level if isinstance(x, Dual) else 0


def jvp(f: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f(*inputs) and its derivative along a direction, Σ ∂f/∂xᵢ · tangentᵢ (the Jacobian-vector product).

    One pass finds both. Inputs and tangents may be numbers, Values, Symbols or Duals; f is called with Duals. Raises
    ValueError, with both lengths, if they differ.

    >>> jvp(lambda x, y: x * y, [2.0, 3.0], [1.0, 0.0])
    (6.0, 3.0)
    """
    if len(inputs) != len(tangents):
        raise ValueError(f"jvp needs one tangent per input, got {len(inputs)} inputs and {len(tangents)} tangents")
    level = Dual.highest + 1
    out = f(*[Dual(x, tangent, level) for x, tangent in zip(inputs, tangents, strict=True)])
    if level_of(out) == level:
        return out.primal, out.tangent
    return (out if isinstance(out, Scalar) else real(out)), 0.0


def derivative(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the derivative of a function of one variable, a function again.

    >>> cube = lambda x: x ** 3
    >>> derivative(cube)(2.0), derivative(derivative(cube))(2.0)
    (12.0, 12.0)
    """

    def f_prime(x: Any) -> Any:
        """Return the tangent of f where its input moves by 1."""
        _, slope = jvp(f, [x], [1.0])
        return slope

    return f_prime
