"""Tabulate derivatives as a textbook does: one row per operation, its value beside its local derivatives.

    forward(x, ...)         the value, computed with floats
    partials(out, x, ...)   the local derivatives ∂out/∂x, ..., one per operand, given the value too

`partials` uses nothing but operators and other rows. So one line serves all readers of the table: given floats it is a
number, as in `Value.backward`; given names it is a formula. No derivative is written anywhere else. A row is called
like the function it is: `exp(2.0)` is a float, `exp(value)` is a Value. A new operation is one new row:

>>> class Cube(Rule):
...     def forward(self, x):        return x * x * x
...     def partials(self, out, x):  return (3.0 * x * x,)
>>> cube = Cube()
>>> cube(2.0)
8.0
"""

import math

from tinygrad_edu.rule import Rule as Rule
from tinygrad_edu.rule import pow

# Calculus: any first-year textbook. Activations: Qiu, Neural Networks and Deep Learning, section 4.1.

class Add(Rule, symbol="+"):
    def forward(self, x, y):        return x + y
    def partials(self, out, x, y):  return (1.0, 1.0)

class Sub(Rule, symbol="-"):
    def forward(self, x, y):        return x - y
    def partials(self, out, x, y):  return (1.0, -1.0)

class Mul(Rule, symbol="*"):
    def forward(self, x, y):        return x * y
    def partials(self, out, x, y):  return (y, x)

class Div(Rule, symbol="/", domain="y != 0"):
    def forward(self, x, y):        return x / y
    def partials(self, out, x, y):  return (1.0 / y, -(out / y))

class Excess(Rule, symbol="-"):
    """x - y where x is at most y: 0 where both are the same infinity."""
    def forward(self, x, y):        return x - y if x != y else 0.0
    def partials(self, out, x, y):  return (1.0, -1.0)

class Neg(Rule, symbol="-"):
    def forward(self, x):           return -x
    def partials(self, out, x):     return (-1.0,)

class Power(Rule, symbol="**", domain="x >= 0 unless n is whole, and x != 0 if n < 0"):
    """x to the power of n, a plain number: it does not vary, so the derivative along it is nan, never used."""
    def forward(self, x, n):        return pow(x, n)
    def partials(self, out, x, n):  return (n * x ** (n - 1.0) if n else 0.0, math.nan)

class Exponential(Rule, symbol="**", domain="a >= 0 unless x is whole, and a != 0 if x < 0"):
    """A plain number a to the power of x."""
    def forward(self, a, x):        return pow(a, x)
    def partials(self, out, a, x):  return (math.nan, out * log_of_base(a))

class GeneralPower(Rule, symbol="**", domain="x >= 0 unless y is whole, and x != 0 if y < 0"):
    """x to the power of y where both vary. Along y there is a derivative for x >= 0: it is computed only if asked for."""
    chooses = True
    def forward(self, x, y):        return pow(x, y)
    def partials(self, out, x, y, along_x=True, along_y=True):
        return (y * x ** (y - 1.0) if along_x else math.nan, out * log_of_base(x) if along_y else math.nan)

class Exp(Rule):
    def forward(self, x):           return math.exp(x)
    def partials(self, out, x):     return (out,)

class Log(Rule, domain="x > 0"):
    def forward(self, x):           return math.log(x)
    def partials(self, out, x):     return (1.0 / x,)

class LogOfBase(Rule, symbol="log", domain="x > 0"):
    """log(x) in x ** y · log(x), whose limit at x = 0 is 0: so log(0) counts as 0 there."""
    def forward(self, x):           return math.log(x) if x else 0.0
    def partials(self, out, x):     return (1.0 / x,)

class Sqrt(Rule, domain="x >= 0"):
    def forward(self, x):           return math.sqrt(x)
    def partials(self, out, x):     return (0.5 / out,)

class Sin(Rule, domain="a finite x"):
    def forward(self, x):           return math.sin(x)
    def partials(self, out, x):     return (cos(x),)

class Cos(Rule, domain="a finite x"):
    def forward(self, x):           return math.cos(x)
    def partials(self, out, x):     return (-sin(x),)

class Tanh(Rule):
    def forward(self, x):           return math.tanh(x)
    def partials(self, out, x):     return (1.0 - out * out,)

class Sigmoid(Rule):
    """1 / (1 + exp(-x)), the logistic function, in the form whose exp cannot overflow."""
    def forward(self, x):           return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))
    def partials(self, out, x):     return (out * (1.0 - out),)

class Softplus(Rule):
    """log(1 + exp(x)), in the form whose exp cannot overflow."""
    def forward(self, x):           return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    def partials(self, out, x):     return (sigmoid(x),)

class Relu(Rule):
    """max(x, 0). At the kink the derivative is taken as 0, as PyTorch does."""
    def forward(self, x):           return 0.0 if x <= 0.0 else x
    def partials(self, out, x):     return (step(x),)

class LeakyRelu(Rule, symbol="leaky_relu"):
    """x where x > 0, slope · x elsewhere (Maas et al., 2013; with a slope that is learned: PReLU, He et al., 2015)."""
    def forward(self, x, slope):        return x if x > 0.0 else slope * x
    def partials(self, out, x, slope):  return (step(x) + (1.0 - step(x)) * slope, minimum(x, 0.0))

class Elu(Rule):
    """x where x > 0, γ (exp(x) - 1) elsewhere (Clevert et al., 2015)."""
    def forward(self, x, gamma):        return x if x > 0.0 else gamma * math.expm1(x)
    def partials(self, out, x, gamma):  return (step(x) + (1.0 - step(x)) * gamma * exp(minimum(x, 0.0)), elu(minimum(x, 0.0), 1.0))

class Abs(Rule):
    def forward(self, x):           return abs(x)
    def partials(self, out, x):     return (sign(x),)

class Maximum(Rule):
    """The greater of two. A tie shares the derivative half and half, as PyTorch does."""
    def forward(self, x, y):        return x if x > y or math.isnan(x) else y
    def partials(self, out, x, y):  return (greater(x, y), greater(y, x))

class Minimum(Rule):
    """The lesser of two. A tie shares the derivative half and half, as PyTorch does."""
    def forward(self, x, y):        return x if x < y or math.isnan(x) else y
    def partials(self, out, x, y):  return (greater(y, x), greater(x, y))

class Step(Rule):
    """1 where x > 0, 0 where not: what lets a formula decide without an `if`. Of nan it is nan."""
    def forward(self, x):           return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else x
    def partials(self, out, x):     return (0.0,)

class Sign(Rule):
    """1 where x > 0, -1 where x < 0, 0 at 0. Of nan it is nan."""
    def forward(self, x):           return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x
    def partials(self, out, x):     return (0.0,)

class Greater(Rule):
    """1 where x > y, 0 where x < y, a half where they tie."""
    def forward(self, x, y):        return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else math.nan
    def partials(self, out, x, y):  return (0.0, 0.0)

class WeightedSum(Rule, symbol="weighted_sum"):
    """w1 x1 + w2 x2 + ... + b, one node of the graph. Its operands in order: every w, every x, b."""
    def forward(self, *operands):
        n = len(operands) // 2
        total = 0.0
        for w, x in zip(operands[:n], operands[n:-1], strict=True):
            total += w * x
        return total + operands[-1]
    def partials(self, out, *operands):
        n = len(operands) // 2
        return (*operands[n:-1], *operands[:n], 1.0)
    def written_out(self, *operands):
        n = len(operands) // 2
        return [*zip(operands[:n], operands[n:-1], strict=True), operands[-1:]]

add, sub, mul, div, neg, excess = Add(), Sub(), Mul(), Div(), Neg(), Excess()
power, exponential, general_power, log_of_base = Power(), Exponential(), GeneralPower(), LogOfBase()
exp, log, sqrt, sin, cos, tanh = Exp(), Log(), Sqrt(), Sin(), Cos(), Tanh()
sigmoid, softplus, relu, leaky_relu, elu = Sigmoid(), Softplus(), Relu(), LeakyRelu(), Elu()
absolute, maximum, minimum = Abs(), Maximum(), Minimum()
step, sign, greater, weighted_sum = Step(), Sign(), Greater(), WeightedSum()
