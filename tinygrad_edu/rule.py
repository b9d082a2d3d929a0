"""Do for every row of the derivative table what its own two lines do not: be called, and say what went wrong.

A row computes with floats. Everything else that it may be given is a kind of `Scalar`, which knows what to do with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.arguments import listed, real

DATA_IS_A_SCALAR = "data is a Value where a number belongs: write p.data = p.data - ..., not p.data = p - ..."


class Scalar:
    """Stand where a number could: a Value, a Symbol, a Dual."""

    __slots__ = ()
    __array_ufunc__ = None  # lets numpy's numbers leave `2 * value` to __rmul__

    varies = True  # what does not has no derivative
    apply: Callable[..., Any]  # computes a row of the table with inputs of which at least one is of this kind
    check: Callable[[Check], None]

    def safely_stringify_for_pudb(self) -> str:  # which shows the mere type of what has no such method
        return repr(self)


def scalar(name: str, x: Any) -> Any:
    """Return a scalar as it is, a number as a float. Raises TypeError for anything else."""
    return x if isinstance(x, Scalar) else real(x, name)


def scalars(name: str, xs: Any) -> list[Any]:
    """Return numbers and scalars as a list. Raises TypeError for anything else."""
    return [scalar(name, x) for x in listed(name, xs)]


class Check:
    """Refuse numbers that make no sense: at once, or where there is only a name yet, each number it will stand for.

    >>> Check("a share must be from 0 to 1", lambda x: 0 <= x <= 1)(2)
    Traceback (most recent call last):
    ...
    ValueError: a share must be from 0 to 1, got 2
    """

    def __init__(self, needs: str, holds: Callable[[Any], bool]) -> None:
        self.needs = needs
        self.holds = holds

    def __call__(self, x: Any) -> None:
        """Check a number, or what will be one."""
        if isinstance(x, Scalar):
            x.check(self)
        else:
            self.verify(x)

    def verify(self, x: Any) -> None:
        """Raise ValueError, with the number, unless it makes sense."""
        if not self.holds(x):
            raise ValueError(f"{self.needs}, got {x!r}")


class Rule:
    """Hold one row of the table: a subclass writes `forward` and `partials`; its only instance is the operation.

    symbol   as typed in Python, "*" or "tanh"; if not given, the name of the class in small letters
    domain   what `forward` needs of its inputs, for the message where it fails
    chooses  whether `partials` can leave out, as nan, what is not asked for: it is told so of each operand
    """

    symbol: str
    domain = "other inputs"
    chooses = False
    forward: Callable[..., float]
    partials: Callable[..., tuple[Any, ...]]
    instance: Rule

    def __init_subclass__(cls, symbol: str = "", domain: str = "") -> None:
        cls.symbol = symbol or vars(cls).get("symbol") or cls.__name__.lower()
        cls.domain = domain or cls.domain
        cls.instance = super().__new__(cls)

    def __new__(cls, *numbers: object, **named: object) -> Any:
        """Return the row: there is one of each class, also after copying or unpickling a graph."""
        if numbers or named:
            given = ", ".join(map(repr, (*numbers, *named.values())))
            problem = f"a row of the table keeps no numbers of its own, got {given}"
            raise TypeError(f"{cls.__name__}: {problem}: make them operands, as in forward(self, x, slope)")
        return cls.instance

    def __reduce__(self) -> tuple[type[Rule], tuple[()]]:
        return type(self), ()

    def __call__(self, *inputs: Any) -> Any:
        """Compute the row: of numbers a float, of Values a Value, and so of every kind of scalar."""
        for x in inputs:
            if isinstance(x, Scalar):
                return x.apply(self, *inputs)
        return self.evaluate(*[real(x, self) for x in inputs])

    def evaluate(self, *inputs: float) -> float:
        """Return `forward`; where it has no value, raise an error that names the operation and its numbers."""
        try:
            return self.forward(*inputs)
        except (ValueError, ArithmeticError) as error:
            raise self.no_value(inputs, error) from None

    def differentiate(self, out: Any, *inputs: Any, asked: Sequence[bool] = ()) -> tuple[Any, ...]:
        """Return `partials`; where one that is `asked` for does not exist, raise an error as `evaluate` does."""
        try:
            partials = self.partials(out, *inputs, *(asked if self.chooses else ()))
        except (ValueError, ArithmeticError) as error:
            raise self.no_derivative(inputs, error) from None
        except TypeError as error:  # a row that is written for floats only, given names
            raise TypeError(f"{self}: {error}").with_traceback(error.__traceback__) from None
        if len(partials) != len(inputs):
            raise self.wrong_number_of_partials(partials, inputs)
        return partials

    def written_out(self, *operands: Any) -> list[tuple[Any, ...]]:
        """Return the factors of each product, if the row is a sum of products of its operands; else []."""
        return []

    def no_value(self, inputs: Sequence[Any], error: Exception) -> Exception:
        """Return the error to raise where `forward` failed: of the same type, with its numbers, arisen in the row."""
        if isinstance(error, TypeError):
            return self.no_number(inputs, error)
        problem = "is too large for a float" if isinstance(error, OverflowError) else f"needs {self.domain}"
        return type(error)(f"{self} {problem}, got {self.named(inputs)}").with_traceback(error.__traceback__)

    def no_derivative(self, inputs: Sequence[Any], error: Exception) -> Exception:
        """Return the error to raise where `partials` failed, as `no_value` does where `forward` did."""
        if isinstance(error, TypeError):
            return self.no_number(inputs, error)
        problem = f"{self} has no derivative at {self.named(inputs)} ({error})"
        if isinstance(error, OverflowError):
            problem = f"the derivative of {self} is too large for a float at {self.named(inputs)}"
        return type(error)(problem).with_traceback(error.__traceback__)

    def no_number(self, inputs: Sequence[Any], error: TypeError) -> TypeError:
        """Return the error to raise where a row was given something else than numbers: by name, where they are data."""
        nested = any(isinstance(x, Scalar) for x in inputs)
        return TypeError(DATA_IS_A_SCALAR if nested else f"{self}: {error}").with_traceback(error.__traceback__)

    def wrong_number_of_partials(self, partials: Sequence[Any], inputs: Sequence[Any]) -> Exception:
        """Return the error to raise where there is not one local derivative per operand."""
        return ValueError(f"{self} has {len(inputs)} operands, but {len(partials)} partials")

    def named(self, inputs: Sequence[Any]) -> str:
        """Write the inputs as a message shows them: "-1.0", or "x = 1.0, y = 0.0"."""
        names = self.operand_names()
        if len(inputs) == 1 or len(inputs) != len(names):
            return ", ".join(map(str, inputs))
        return ", ".join(f"{name} = {x}" for name, x in zip(names, inputs, strict=True))

    def operand_names(self) -> list[str]:
        """Return what `forward` calls its inputs: ["x", "y"]."""
        import inspect  # here, because it takes long to import and only messages need it

        return list(inspect.signature(self.forward).parameters)

    def __str__(self) -> str:
        names = self.operand_names()
        if len(names) == 2 and not self.symbol.isidentifier():
            return f" {self.symbol} ".join(names)
        return f"-{names[0]}" if self.symbol == "-" else f"{self.symbol}({', '.join(names)})"

    def __repr__(self) -> str:
        return f"<rule {self}>"

    safely_stringify_for_pudb = __repr__


def check_data(*nodes: Any) -> None:
    """Raise TypeError if something that is no number was assigned to `data`, such as a Value: p.data = p - 0.1."""
    for node in nodes:
        if isinstance(node.data, Scalar):
            raise TypeError(DATA_IS_A_SCALAR)
        real(node.data, f"data of {node.label or f'v{node.serial}'}")


def pow(x: float, y: float) -> float:
    """Return x ** y as a real number, as `math.pow` does; but C says that (-inf) ** 0.5 is inf."""
    if x == -math.inf and y % 1.0 > 0.0:
        raise ValueError("math domain error")
    if x == 0.0 and y == -math.inf:
        return math.inf  # Python 3.10 refuses it
    return math.pow(x, y)
