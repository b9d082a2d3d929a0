"""Do for every row of the derivative table what its own two lines do not: be called, and say what went wrong.

A row computes with floats. Everything else that it may be given is a kind of `Scalar`, which knows what to do with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.arguments import real


class Scalar:
    """Stand where a number could: a Value, a Symbol, a Dual.

    `apply(op, *inputs)` computes one row of the table with inputs of which at least one is of this kind.
    """

    __slots__ = ()
    __array_ufunc__ = None  # lets numpy's numbers leave `2 * value` to __rmul__

    apply: Callable[..., Any]
    check: Callable[[Check], None]


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

    symbol  as typed in Python, "*" or "tanh"; if not given, the name of the class in small letters
    domain  what `forward` needs of its inputs, for the message where it fails
    """

    symbol = ""
    domain = "other inputs"
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
            raise TypeError(
                f"{cls.__name__}: a row of the table keeps no numbers of its own, got {given}: make them operands, "
                "as in forward(self, x, slope)"
            )
        return cls.instance

    def __reduce__(self) -> tuple[type[Rule], tuple[()]]:
        return type(self), ()

    def __call__(self, *inputs: Any) -> Any:
        """Compute the row: of numbers a float, of Values a Value, and so of every kind of scalar."""
        for x in inputs:
            if isinstance(x, Scalar):
                return x.apply(self, *inputs)
        return self.evaluate(*map(real, inputs))

    def evaluate(self, *inputs: float) -> float:
        """Return `forward`; where it has no value, raise an error that names the operation and its numbers."""
        try:
            return self.forward(*inputs)
        except (ValueError, ArithmeticError) as error:
            raise self.no_value(inputs, error) from None

    def differentiate(self, out: Any, *inputs: Any) -> tuple[Any, ...]:
        """Return `partials`; where there are none, raise an error that names the operation and its numbers."""
        try:
            partials = self.partials(out, *inputs)
        except (ValueError, ArithmeticError) as error:
            raise self.no_derivative(inputs, error) from None
        except TypeError as error:  # a row that is written for floats only, given names
            raise TypeError(f"{self}: {error}") from None
        if len(partials) != len(inputs):
            raise self.wrong_number_of_partials(partials, inputs)
        return partials

    def written_out(self, *operands: Any) -> list[tuple[Any, ...]]:
        """Return the factors of each product, if the row is a sum of products of its operands; else []."""
        return []

    # --------------------------------------------------------------------------------------------- what went wrong

    def no_value(self, inputs: Sequence[float], error: Exception) -> Exception:
        """Return the error to raise where `forward` failed: of the same type, with the operation and its numbers."""
        problem = "is too large for a float" if isinstance(error, OverflowError) else f"needs {self.domain}"
        return type(error)(f"{self} {problem}, got {self.named(inputs)}")

    def no_derivative(self, inputs: Sequence[Any], error: Exception) -> Exception:
        """Return the error to raise where `partials` failed: of the same type, with the operation and its numbers."""
        return type(error)(f"{self} has no derivative at {self.named(inputs)} ({error})")

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
