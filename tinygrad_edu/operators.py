"""Hand each of Python's operators its row of the table, and answer what else Python asks of a Value."""

from __future__ import annotations

import copyreg
import itertools
from bisect import bisect
from collections.abc import Callable
from numbers import Number
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from tinygrad_edu import functions, rules
from tinygrad_edu.rule import Check, Scalar

Kind = TypeVar("Kind")
next_serial = itertools.count(1).__next__


def spelled(name: str, here: str) -> property:
    """Return an attribute of micrograd's Values that is not there, and says what to write instead."""

    def refuse(self: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: write {here}")

    return property(refuse)


if TYPE_CHECKING:

    class OfKind(Scalar, Generic[Kind]): ...
else:
    OfKind = {Kind: Scalar}  # without the attribute that `Generic` would add to each Value in a debugger's pane


class Operators(OfKind[Kind]):
    """Give `Value`, `Symbol` and `Dual` the operators: they differ only in what their `apply` makes of a row."""

    __slots__ = ()
    apply: Callable[..., Kind]
    data: float

    def __class_getitem__(cls, kind: Any) -> Any:        return cls
    def __add__(self, other: Kind | float) -> Kind:      return self.apply(rules.add, self, other)
    def __radd__(self, other: float) -> Kind:            return self.apply(rules.add, other, self)
    def __sub__(self, other: Kind | float) -> Kind:      return self.apply(rules.sub, self, other)
    def __rsub__(self, other: float) -> Kind:            return self.apply(rules.sub, other, self)
    def __mul__(self, other: Kind | float) -> Kind:      return self.apply(rules.mul, self, other)
    def __rmul__(self, other: float) -> Kind:            return self.apply(rules.mul, other, self)
    def __truediv__(self, other: Kind | float) -> Kind:  return self.apply(rules.div, self, other)
    def __rtruediv__(self, other: float) -> Kind:        return self.apply(rules.div, other, self)
    def __pow__(self, exponent: Any) -> Any:             return functions.power(self, exponent)
    def __rpow__(self, base: float) -> Any:              return functions.power(base, self)
    def __neg__(self) -> Kind:                           return self.apply(rules.neg, self)
    def __pos__(self) -> Any:                            return self
    def __abs__(self) -> Kind:                           return self.apply(rules.absolute, self)

    def exp(self) -> Kind:                               return self.apply(rules.exp, self)
    def log(self) -> Kind:                               return self.apply(rules.log, self)
    def sqrt(self) -> Kind:                              return self.apply(rules.sqrt, self)
    def sin(self) -> Kind:                               return self.apply(rules.sin, self)
    def cos(self) -> Kind:                               return self.apply(rules.cos, self)
    def tanh(self) -> Kind:                              return self.apply(rules.tanh, self)
    def sigmoid(self) -> Kind:                           return self.apply(rules.sigmoid, self)
    def softplus(self) -> Kind:                          return self.apply(rules.softplus, self)
    def relu(self) -> Kind:                              return self.apply(rules.relu, self)
    def leaky_relu(self, slope: Any = 0.01) -> Kind:     return self.apply(rules.leaky_relu, self, slope)
    def elu(self, gamma: Any = 1.0) -> Kind:             return self.apply(rules.elu, self, gamma)

    def __lt__(self, other: Any) -> bool:                return number_in(self) < number_in(other)
    def __le__(self, other: Any) -> bool:                return number_in(self) <= number_in(other)
    def __gt__(self, other: Any) -> bool:                return number_in(self) > number_in(other)
    def __ge__(self, other: Any) -> bool:                return number_in(self) >= number_in(other)

    _prev = spelled("_prev", "children")
    _op = spelled("_op", "op.symbol")
    _backward = spelled("_backward", "partials(), from the row op")

    def number(self) -> float:
        """Return what <, <=, > and >= compare."""
        return self.data

    def check(self, check: Check) -> None:
        """Check the number within."""
        check.verify(self.number())

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same object, as dictionary keys need. Raises TypeError for a number."""
        if isinstance(other, Number) or hasattr(other, "__float__") and not isinstance(other, Scalar):
            raise TypeError(f"== {other} would compare an object, not its number: write x.data == {other}")
        return self is other or NotImplemented

    def __bool__(self) -> bool:
        """Raise TypeError: `if x` would be true even where x is 0."""
        raise TypeError("neither true nor false: write x > 0, or x.data != 0, to decide by its number")

    def __format__(self, spec: str) -> str:
        """Format the number: f"{x:.2f}"; without a format, as `str` does."""
        return format(self.number(), spec) if spec else str(self)


def number_in(x: Any) -> float:
    """Return the number within a scalar, however deep; a number as it is."""
    return x.number() if isinstance(x, Operators) else x


class Numbering:
    """Number the objects of one pickle anew, in their order. Each pickle that is read has one of these."""

    def __init__(self) -> None:
        self.numbered: list[Numbered] = []  # in their order
        self.before: list[int] = []  # their serial numbers when they were pickled
        self.serials: list[int] = []

    def __reduce__(self) -> tuple[type[Numbering], tuple[()]]:
        return Numbering, ()

    def add(self, new: Numbered) -> None:
        """Number one more object: those that come after it in the order move up."""
        place = bisect(self.before, new.serial)
        self.before.insert(place, new.serial)
        self.numbered.insert(place, new)
        self.serials.append(next_serial())
        for moved, serial in zip(self.numbered[place:], self.serials[place:], strict=True):
            moved.serial = serial


NUMBERING = Numbering()  # stands in every pickle for the one that is made when it is read


class Numbered:
    """Hold a serial number, in the order in which objects are made; copied or unpickled, a new one."""

    __slots__ = ("serial",)
    serial: int

    def kept(self) -> dict[str, Any]:
        """Return what a copy takes over."""
        slots = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        return {name: getattr(self, name) for name in slots} | getattr(self, "__dict__", {})

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self),), (NUMBERING, self.kept())  # type: ignore[attr-defined]

    def __setstate__(self, state: tuple[Numbering, dict[str, Any]]) -> None:
        """Take over what was pickled."""
        numbering, kept = state
        for name, value in kept.items():
            setattr(self, name, value)
        numbering.add(self)

    def __copy__(self) -> Any:
        """Copy this node alone. Its children stay the same."""
        copied = object.__new__(type(self))
        copied.__setstate__((Numbering(), self.kept()))
        return copied
