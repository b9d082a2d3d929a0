"""The derivative table: one row per operation, holding its value and its local derivatives.

A textbook prints a table, function | derivative. This is that table as code. Each row has

    forward(x, ...)         the value, computed with floats;
    partials(out, x, ...)   the local derivatives ∂out/∂x, ..., one per operand, given the value too.

`partials` is written with operators and other rows only, so the same line serves floats (`Value.backward`), names
(`Symbol`) and anything else that knows the operators. No derivative is written anywhere else.

A row is called like the function it is: `exp(2.0)` is a float, `exp(value)` is a Value.

A new operation is one new row. It works at once with every reader of the table:

>>> class Cube(Rule):
...     def forward(self, x):        return x * x * x
...     def partials(self, out, x):  return (3.0 * x * x,)
>>> cube = Cube()
>>> cube(2.0)
8.0
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Complex, Real
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import Self

Number: TypeAlias = "Scalar[Any] | float"
Partials: TypeAlias = "tuple[Scalar[Any] | float, ...]"
AnyScalar = TypeVar("AnyScalar", bound="Scalar[Any]")
Kind = TypeVar("Kind")
T = TypeVar("T")


def real(number: object) -> float:
    """Any real number as a float. Raises TypeError for everything else, text and complex numbers included.

    >>> real(2)
    2.0
    """
    if type(number) is float:
        return number
    complex_or_text = isinstance(number, (str, Complex)) and not isinstance(number, Real)  # numpy's have a __float__
    if (hasattr(number, "__float__") or hasattr(number, "__index__")) and not complex_or_text:
        return float(number)  # type: ignore[arg-type]
    raise TypeError(f"a real number is needed, got {number!r} ({type(number).__name__})")


def is_number(x: object, number: float) -> bool:
    """Whether x is this number, and not a scalar whose value one would have to ask for."""
    return isinstance(x, float) and x == number


class Rule:
    """One row of the table: a subclass writes `forward` and `partials`, its instance is the operation."""

    symbol = ""  # as typed in Python, "*" or "tanh"; without one, the row's name
    domain = ""  # what `forward` needs of its inputs, for the message when it fails
    forward: Callable[..., float]
    partials: Callable[..., tuple[Any, ...]]
    row: Rule  # the one instance

    def __new__(cls) -> Rule:
        """The row: there is one of each class, also after copying or unpickling a graph."""
        if "row" not in vars(cls):
            cls.row = super().__new__(cls)
            cls.row.symbol = cls.symbol or cls.__name__.lower()
        return cls.row

    def __reduce__(self) -> tuple[type[Rule], tuple[()]]:
        return type(self), ()

    @overload
    def apply(self, *inputs: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def apply(self, *inputs: AnyScalar | float) -> AnyScalar: ...
    def apply(self, *inputs: Any) -> Any:
        """The value: a float for numbers; for Values a Value, and so for every kind of scalar."""
        for x in inputs:
            if isinstance(x, Scalar):
                return x.apply(self, *inputs)
        return self.evaluate(*map(real, inputs))

    __call__ = apply

    def evaluate(self, *inputs: float) -> float:
        """`forward`; where it has no real value, an error that names the operation and its numbers."""
        try:
            return self.forward(*inputs)
        except (ValueError, ArithmeticError) as error:
            raise self.no_value(inputs, error) from None

    def differentiate(self, out: Any, *inputs: Any) -> tuple[Any, ...]:
        """`partials`; where there are none, an error that names the operation and its numbers."""
        try:
            partials = self.partials(out, *inputs)
        except (ValueError, ArithmeticError) as error:
            raise self.no_derivative(inputs, error) from None
        except TypeError as error:  # a row that is written for floats only, given names
            raise TypeError(f"{self}: {error}") from None
        if len(partials) != len(inputs):
            raise self.miscounted(partials, inputs)
        return partials

    def no_value(self, inputs: Sequence[float], error: Exception) -> Exception:
        """The error to raise where `forward` failed: of the same type, with the operation and its numbers."""
        if isinstance(error, OverflowError):
            return OverflowError(f"{self} is too large for a float, got {self.named(inputs)}")
        return type(error)(f"{self} needs {self.domain or 'other inputs'}, got {self.named(inputs)}")

    def no_derivative(self, inputs: Sequence[Number], error: Exception) -> Exception:
        """The error to raise where `partials` failed: of the same type, with the operation and its numbers."""
        return type(error)(f"{self} has no derivative at {self.named(inputs)} ({error})")

    def miscounted(self, partials: Sequence[Any], inputs: Sequence[Any]) -> Exception:
        """The error to raise where there is not one local derivative per operand."""
        return ValueError(f"{self} has {len(inputs)} operands, but {len(partials)} partials")

    def operands(self) -> list[str]:
        """What `forward` calls its inputs: ["x", "y"]."""
        import inspect  # here, because it takes long to import and only messages need it

        return list(inspect.signature(self.forward).parameters)

    def named(self, inputs: Sequence[Number]) -> str:
        """The inputs as a message shows them: "-1.0", or "x = 1.0, y = 0.0"."""
        if len(inputs) != len(self.operands()):
            return ", ".join(map(str, inputs))
        if len(inputs) == 1:
            return str(inputs[0])
        return ", ".join(f"{name} = {x}" for name, x in zip(self.operands(), inputs, strict=True))

    def __str__(self) -> str:
        names = self.operands()
        if len(names) == 2 and not self.symbol.isidentifier():
            return f"{names[0]} {self.symbol} {names[1]}"
        return f"-{names[0]}" if self is neg else f"{self.symbol}({', '.join(names)})"

    def __repr__(self) -> str:
        return f"<rule {self}>"


# ------------------------------------------------------------------------------------------------ the table
# Calculus: any first-year textbook. Activations: Qiu, Neural Networks and Deep Learning, section 4.1.


class Add(Rule):
    symbol = "+"
    def forward(self, x: float, y: float) -> float:                     return x + y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (1.0, 1.0)


class Sub(Rule):
    symbol = "-"
    def forward(self, x: float, y: float) -> float:                     return x - y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (1.0, -1.0)


class Mul(Rule):
    symbol = "*"
    def forward(self, x: float, y: float) -> float:                     return x * y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (y, x)


class Div(Rule):
    symbol, domain = "/", "y != 0"
    def forward(self, x: float, y: float) -> float:                     return x / y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (1.0 / y, -(out / y))


class Neg(Rule):
    symbol = "-"
    def forward(self, x: float) -> float:                               return -x
    def partials(self, out: Number, x: Number) -> Partials:             return (-1.0,)


class Power(Rule):
    """x to the power of n, a plain number: it does not vary, so the derivative along it is nan, never used."""
    symbol, domain = "**", "x >= 0 unless n is whole, and x != 0 if n < 0"
    def forward(self, x: float, n: float) -> float:                     return math.pow(x, n)
    def partials(self, out: Number, x: Number, n: float) -> Partials:   return (n * x ** (n - 1.0) if n else 0.0, math.nan)


class Exponential(Rule):
    """A plain number a to the power of x."""
    symbol, domain = "**", "a >= 0 unless x is whole, and a != 0 if x < 0"
    def forward(self, a: float, x: float) -> float:                     return math.pow(a, x)
    def partials(self, out: Number, a: float, x: Number) -> Partials:   return (math.nan, out * log(a))


class GeneralPower(Rule):
    """x to the power of y where both vary: the derivative along y needs x > 0."""
    symbol, domain = "**", "x >= 0 unless y is whole, and x != 0 if y < 0"
    def forward(self, x: float, y: float) -> float:                     return math.pow(x, y)
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (y * x ** (y - 1.0), out * log(x))


class Exp(Rule):
    def forward(self, x: float) -> float:                               return math.exp(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (out,)


class Log(Rule):
    domain = "x > 0"
    def forward(self, x: float) -> float:                               return math.log(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (1.0 / x,)


class Sqrt(Rule):
    domain = "x >= 0"
    def forward(self, x: float) -> float:                               return math.sqrt(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (0.5 / out,)


class Sin(Rule):
    domain = "a finite x"
    def forward(self, x: float) -> float:                               return math.sin(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (cos(x),)


class Cos(Rule):
    domain = "a finite x"
    def forward(self, x: float) -> float:                               return math.cos(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (-sin(x),)


class Tanh(Rule):
    def forward(self, x: float) -> float:                               return math.tanh(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (1.0 - out * out,)


class Sigmoid(Rule):
    """1 / (1 + exp(-x)), the logistic function, in the form whose exp cannot overflow."""
    def forward(self, x: float) -> float:
        return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))
    def partials(self, out: Number, x: Number) -> Partials:             return (out * (1.0 - out),)


class Softplus(Rule):
    """log(1 + exp(x)), in the form whose exp cannot overflow."""
    def forward(self, x: float) -> float:                               return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    def partials(self, out: Number, x: Number) -> Partials:             return (sigmoid(x),)


class Relu(Rule):
    """max(x, 0). At the kink the derivative is taken as 0, as PyTorch does."""
    def forward(self, x: float) -> float:                               return 0.0 if x <= 0.0 else x
    def partials(self, out: Number, x: Number) -> Partials:             return (step(x),)


class Elu(Rule):
    """x where x > 0, exp(x) - 1 elsewhere (Clevert et al., 2015)."""
    def forward(self, x: float) -> float:                               return math.expm1(x) if x <= 0.0 else x
    def partials(self, out: Number, x: Number) -> Partials:             return (exp(minimum(x, 0.0)),)


class Abs(Rule):
    def forward(self, x: float) -> float:                               return abs(x)
    def partials(self, out: Number, x: Number) -> Partials:             return (sign(x),)


class Maximum(Rule):
    """The greater of two. A tie shares the derivative half and half, as PyTorch does."""
    def forward(self, x: float, y: float) -> float:                     return x if x > y or math.isnan(x) else y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (greater(x, y), greater(y, x))


class Minimum(Rule):
    """The lesser of two. A tie shares the derivative half and half, as PyTorch does."""
    def forward(self, x: float, y: float) -> float:                     return x if x < y or math.isnan(x) else y
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (greater(y, x), greater(x, y))


class Step(Rule):
    """1 where x > 0, 0 where not: what lets a formula decide without an `if`."""
    def forward(self, x: float) -> float:                               return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x
    def partials(self, out: Number, x: Number) -> Partials:             return (0.0,)


class Sign(Rule):
    """1 where x > 0, -1 where x < 0, 0 at 0."""
    def forward(self, x: float) -> float:                               return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x
    def partials(self, out: Number, x: Number) -> Partials:             return (0.0,)


class Greater(Rule):
    """1 where x > y, 0 where x < y, a half where they tie."""
    def forward(self, x: float, y: float) -> float:                     return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else math.nan
    def partials(self, out: Number, x: Number, y: Number) -> Partials:  return (0.0, 0.0)


class WeightedSum(Rule):
    """w1 x1 + w2 x2 + ... + b, one node of the graph. Its operands in order: every w, every x, b."""
    symbol = "weighted_sum"
    def forward(self, *operands: float) -> float:
        weights, inputs, bias = self.split(operands)
        total = 0.0
        for w, x in zip(weights, inputs, strict=True):
            total += w * x
        return total + bias
    def partials(self, out: Number, *operands: Number) -> Partials:
        weights, inputs, _ = self.split(operands)
        return (*inputs, *weights, 1.0)

    @staticmethod
    def split(operands: Sequence[T]) -> tuple[Sequence[T], Sequence[T], T]:
        """The weights, the inputs and the bias among the operands."""
        n = len(operands) // 2
        return operands[:n], operands[n:-1], operands[-1]

    def __call__(self, weights: Sequence[Number], inputs: Sequence[Number], bias: Number = 0.0) -> Any:  # type: ignore[override]
        """Σ wᵢ xᵢ + b of two lists of equal length. Raises ValueError, with both lengths, if they differ.

        >>> weighted_sum([2.0, -3.0], [-1.0, -2.0], -3.0)
        1.0
        """
        if len(weights) != len(inputs):
            raise ValueError(f"weighted_sum needs one weight per input, got {len(weights)} weights and {len(inputs)} inputs")
        return self.apply(*weights, *inputs, bias)


add, sub, mul, div, neg = Add(), Sub(), Mul(), Div(), Neg()
power, exponential, general_power = Power(), Exponential(), GeneralPower()
exp, log, sqrt, sin, cos = Exp(), Log(), Sqrt(), Sin(), Cos()
tanh, sigmoid, softplus, relu, elu = Tanh(), Sigmoid(), Softplus(), Relu(), Elu()
absolute, maximum, minimum = Abs(), Maximum(), Minimum()
step, sign, greater = Step(), Sign(), Greater()
weighted_sum = WeightedSum()


# ------------------------------------------------------------------------------ functions built from the rows


def leaky_relu(x: Number, slope: Number = 0.01) -> Any:
    """x where x > 0, slope · x elsewhere (Maas et al., 2013). With a Parameter as slope it is the PReLU (He et al., 2015).

    >>> leaky_relu(-2.0, 0.1)
    -0.2
    """
    positive_part = relu(x)
    return positive_part + slope * (x - positive_part)


def shifted(name: str, xs: Iterable[Number]) -> tuple[list[Any], Any]:
    """The xᵢ minus the greatest of them, and the greatest: no exp of the former overflows. Raises ValueError on []."""
    xs = list(xs)
    if not xs:
        raise ValueError(f"{name} needs at least one input, got []")
    greatest = functools.reduce(maximum, xs)
    return [x - greatest for x in xs], greatest


def log_sum_exp(xs: Iterable[Number]) -> Any:
    """log Σ exp(xᵢ), exact where exp(xᵢ) would overflow (Goodfellow et al., Deep Learning, section 4.1).

    >>> log_sum_exp([1000.0, 1000.0])  # 1000 + log 2
    1000.6931471805599
    """
    differences, greatest = shifted("log_sum_exp", xs)
    return log(functools.reduce(add, map(exp, differences))) + greatest


def log_softmax(xs: Iterable[Number]) -> list[Any]:
    """The logarithms of `softmax`, xᵢ - log Σ exp(xⱼ): finite where softmax itself rounds to 0.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    differences, _ = shifted("log_softmax", xs)
    normaliser = log(functools.reduce(add, map(exp, differences)))
    return [difference - normaliser for difference in differences]


def softmax(xs: Iterable[Number]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ): numbers between 0 and 1 that add up to 1.

    >>> softmax([0.0, 1000.0])
    [0.0, 1.0]
    """
    differences, _ = shifted("softmax", xs)
    exponentials = [exp(difference) for difference in differences]
    total = functools.reduce(add, exponentials)
    return [exponential / total for exponential in exponentials]


# ----------------------------------------------------------------------------- the rows as Python's operators


class Scalar(Generic[Kind]):
    """Python's operators and the functions of the table, for every kind of scalar: each hands its row to `apply`.

    `Value` and `Symbol` differ only in what their `apply` does with a row and its operands. `Kind` is what comes out.
    """

    __slots__ = ()
    __array_ufunc__ = None  # lets numpy's numbers leave `2 * value` to __rmul__

    apply: Callable[..., Kind]  # (op, *inputs): one row on these operands, at least one of them of this kind

    def __add__(self, other: Kind | float) -> Kind:
        return self.apply(add, self, other)

    def __radd__(self, other: float) -> Kind:
        return self.apply(add, other, self)

    def __sub__(self, other: Kind | float) -> Kind:
        return self.apply(sub, self, other)

    def __rsub__(self, other: float) -> Kind:
        return self.apply(sub, other, self)

    def __mul__(self, other: Kind | float) -> Kind:
        return self.apply(mul, self, other)

    def __rmul__(self, other: float) -> Kind:
        return self.apply(mul, other, self)

    def __truediv__(self, other: Kind | float) -> Kind:
        return self.apply(div, self, other)

    def __rtruediv__(self, other: float) -> Kind:
        return self.apply(div, other, self)

    def __pow__(self, exponent: Kind | float) -> Kind:
        row = general_power if isinstance(exponent, Scalar) else power
        return self.apply(row, self, exponent)

    def __rpow__(self, base: float) -> Kind:
        return self.apply(exponential, base, self)

    def __neg__(self) -> Kind:
        return self.apply(neg, self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Kind:
        return self.apply(absolute, self)

    def exp(self) -> Kind:
        return self.apply(exp, self)

    def log(self) -> Kind:
        return self.apply(log, self)

    def sqrt(self) -> Kind:
        return self.apply(sqrt, self)

    def sin(self) -> Kind:
        return self.apply(sin, self)

    def cos(self) -> Kind:
        return self.apply(cos, self)

    def tanh(self) -> Kind:
        return self.apply(tanh, self)

    def sigmoid(self) -> Kind:
        return self.apply(sigmoid, self)

    def softplus(self) -> Kind:
        return self.apply(softplus, self)

    def relu(self) -> Kind:
        return self.apply(relu, self)

    def elu(self) -> Kind:
        return self.apply(elu, self)

    def leaky_relu(self, slope: Number = 0.01) -> Kind:
        result: Kind = leaky_relu(self, slope)
        return result
