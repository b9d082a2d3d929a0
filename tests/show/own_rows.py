"""Rows of the table as a learner writes them: those that the page can compute, and one that it cannot."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.functions import leaky_relu
from tinygrad_edu.rule import Rule
from tinygrad_edu.rules import exp, greater, sigmoid, tanh

LIMIT = 6.0


def doubled(x: float) -> float:
    return x + x


class Swish(Rule):
    """Calls another row, in both of its lines."""

    def forward(self, x: float) -> float:
        return x * sigmoid(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (out + sigmoid(x) * (1.0 - out),)


class Gelu(Rule):
    """Several statements, constants of the class and of the module, a function of the module `math`."""

    c = 0.79788456

    def forward(self, x: float) -> float:
        inner = self.c * (x + 0.044715 * x**3)
        if x > 50:
            return x
        return 0.5 * x * (1 + math.tanh(inner))

    def partials(self, out: Any, x: Any) -> Any:
        inner = self.c * (x + 0.044715 * x**3)
        t = tanh(inner)
        return (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * self.c * (1.0 + 3 * 0.044715 * x**2),)


class Gate(Rule):
    """A comparison within a product."""

    def forward(self, x: float) -> float:
        return 1.0 * (x > 0) * x

    def partials(self, out: Any, x: Any) -> Any:
        return [1.0 * (x > 0)]


class HardTanh(Rule):
    """max and min, which keep the first of two that do not compare; names that are words of the page."""

    def forward(self, value: float) -> float:
        return min(max(value, -1), 1)

    def partials(self, out: Any, value: Any) -> Any:
        return (greater(value, -1.0) * greater(1.0, value),)


class Picky(Rule):
    """Refuses by itself, in words that would end a script."""

    def forward(self, x: float) -> float:
        if x < 0.0:
            raise ValueError("</script>")
        return x

    def partials(self, out: Any, x: Any) -> Any:
        if x > 1.0:
            raise ValueError("no </script>")
        return (1.0,)


class Branches(Rule):
    """A chain of comparisons, `and`, `not`, an assignment in a branch only."""

    def forward(self, new: float) -> float:
        if -1 < new < 1 and not (new > 0.4):
            default = doubled(new)
        else:
            default = float(new != 3) if new > LIMIT or math.isnan(new) else -0.0
        return default

    def partials(self, out: Any, new: Any) -> Any:
        return (0.0,)


class Wrapped(Rule):
    """The remainder has the sign of the divisor."""

    def forward(self, x: float, y: float) -> float:
        return x % y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (1.0, -math.log(x) / y)


class Leaky(Rule):
    """A function of the package, with a number of its own where none is given."""

    def forward(self, x: float) -> float:
        return leaky_relu(x) + exp(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (exp(x),)


class SumOfSquares(Rule):
    """Any number of operands, with rows of one's own."""

    def forward(self, *xs: float) -> float:
        total = 0.0
        for x in xs:
            total = total + x * x / (1.0 + swish(x))
        return total

    def partials(self, out: Any, *xs: Any) -> Any:
        return [2.0 * x for x in xs]


class Erf(Rule):
    """A function of `math` that JavaScript has not: it is not translated."""

    def forward(self, x: float) -> float:
        return math.erf(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (exp(-x * x),)


swish = Swish()
OWN = [swish, Gelu(), Gate(), HardTanh(), Branches(), Picky(), Wrapped(), Leaky(), SumOfSquares()]
