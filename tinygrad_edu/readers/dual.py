"""Go in forward mode: let each number carry its own derivative along.

A dual number a + b·ε with ε² = 0 follows the rules of calculus by itself: f(a + b·ε) = f(a) + f'(a)·b·ε. So each
operation computes its value and, from the same row of the table that `backward` reads, the derivative of its value.
Source: Griewank and Walther, Evaluating Derivatives, 2008, chapter 3.

>>> x = Dual(3.0, 1.0)
>>> x * x
Dual(9.0, 6.0)
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.arguments import function, listed
from tinygrad_edu.engine import Constant
from tinygrad_edu.operators import Operators, number_in
from tinygrad_edu.readers.higher import plus, times
from tinygrad_edu.readers.notation import is_number
from tinygrad_edu.rule import Rule, scalar

SPACE = 1000  # from the level of one `jvp` to the next: between are those of Duals that are made of its Duals by hand
next_level = itertools.count(SPACE, SPACE).__next__


class Dual(Operators["Dual"]):
    """Hold primal + tangent·ε: a value, and its derivative along the direction in which the inputs move.

    primal   the value: a number, a Value, a Symbol or another Dual
    tangent  its derivative: likewise
    level    which ε: every derivative that is being taken has its own

    Two derivatives taken at once, one within the other, must not mix their ε (Siskind and Pearlmutter, Perturbation
    confusion and referential transparency, 2005): an operation works on the highest ε among its operands, to which all
    of a lower level is constant. A Dual made by hand is one level above what it is made of and what derivative is being
    taken; `jvp` takes a level that no Dual has had before. `==` compares numbers: a Dual is no key of a dictionary.

    Raises TypeError if a part is not a number or scalar, ValueError if `level` is not above the levels of the parts.
    """

    __slots__ = ("primal", "tangent", "level")
    active: set[int] = set()  # the levels of the derivatives that are being taken

    def __init__(self, primal: Any, tangent: Any, level: int | None = None) -> None:
        self.primal: Any = scalar("primal", primal)
        self.tangent: Any = scalar("tangent", tangent)
        inner = max(level_of(primal), level_of(tangent))
        self.level = max(inner, *Dual.active, 0) + 1 if level is None else level
        if self.level <= inner:
            raise ValueError(f"a Dual of level {level} cannot be made of one of level {inner}")

    @staticmethod
    def apply(op: Rule, *inputs: Any) -> Any:
        """Compute one operation, and its derivative: Σ ∂out/∂x · tangent of x. What does not move is not asked for."""
        level = max(map(level_of, inputs))
        tangents = [x.tangent if level_of(x) == level else 0.0 for x in inputs]
        primals = [x.primal if level_of(x) == level else x.data if isinstance(x, Constant) else x for x in inputs]
        out = op(*primals)
        asked = [not is_number(tangent, 0.0) for tangent in tangents]
        partials = op.differentiate(out, *primals, asked=asked) if any(asked) else tangents
        terms = [times(partial, x) for partial, x in zip(partials, tangents, strict=True) if not is_number(x, 0.0)]
        return Dual(out, functools.reduce(plus, terms, 0.0), level)

    def number(self) -> float:
        """Return what ==, <, <=, > and >= compare: the number within the primal."""
        level_of(self)
        return number_in(self.primal)

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Tell whether the numbers are equal."""
        return number_in(other) == self.number()

    def __repr__(self) -> str:
        """Write one line, also for an object that a debugger stops in before it is complete."""
        return f"Dual({getattr(self, 'primal', '?')!r}, {getattr(self, 'tangent', '?')!r})"


def level_of(x: Any) -> int:
    """Tell which ε stands highest in x, 0 if none. Raises TypeError if it is one whose derivative has been taken."""
    if not isinstance(x, Dual):
        return 0
    if x.level % SPACE == 0 and x.level not in Dual.active:
        raise TypeError(f"{x!r} is left over from a derivative that has been taken, kept somewhere: compute it anew")
    return x.level


def jvp(f: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f(*inputs) and its derivative along a direction, Σ ∂f/∂xᵢ · tangentᵢ (the Jacobian-vector product).

    One pass finds both. Inputs and tangents may be numbers, Values, Symbols or Duals; f is called with Duals. Raises
    ValueError, with both lengths, if they differ, TypeError if a Dual of a derivative that has been taken is used.

    >>> jvp(lambda x, y: x * y, [2.0, 3.0], [1.0, 0.0])
    (6.0, 3.0)
    """
    function("f of jvp", f)
    inputs, tangents = listed("inputs of jvp", inputs), listed("tangents of jvp", tangents)
    if len(inputs) != len(tangents):
        raise ValueError(f"jvp needs one tangent per input, got {len(inputs)} inputs and {len(tangents)} tangents")
    level = next_level()
    Dual.active.add(level)
    try:
        out = f(*[Dual(x, tangent, level) for x, tangent in zip(inputs, tangents, strict=True)])
        if level_of(out) > level:
            raise TypeError(f"f returns a Dual that was made within it, {out!r}: return its primal or its tangent")
    finally:
        Dual.active.discard(level)
    if isinstance(out, Dual) and out.level == level:
        return out.primal, out.tangent
    return scalar("the result of f", out), 0.0


def derivative(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the derivative of a function of one variable, a function again.

    >>> cube = lambda x: x ** 3
    >>> derivative(cube)(2.0), derivative(derivative(cube))(2.0)
    (12.0, 12.0)
    """
    function("f of derivative", f)
    return lambda x: jvp(f, [x], [1.0])[1]
