"""Four ways to differentiate: by hand, numerically, symbolically, automatically. Which one, and why?

Claim: they give the same derivatives, at very different cost. Of f = sin(x1·x2· … ·xn) reverse mode computes all n for
less than five times the work of f itself, however large n is; numerically, forwards and by n formulas it is n times the
work, or more. By hand it can be less still, but the hand errs, and another f is to be done again. Formulas swell as
they are written out: with each part once they are as long as the graph, and symbolic is automatic. Sources: Qiu, Neural
Networks and Deep Learning, 4.5; Griewank and Walther, Evaluating Derivatives, chapter 3; Laue, arXiv:1904.02990.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu import Symbol, Value, check_gradients, cos, derivative_formula, gradients, jvp, sin, topological_order
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.readers.notation import PYTHON
from tinygrad_edu.rules import Sin
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


def f(*xs: Any) -> Any:  # of numbers, Values, Duals or Symbols
    return sin(math.prod(xs[1:], start=xs[0]))


# %% four ways (the last in its two modes): each takes Values and returns the n derivatives as Values
def by_hand(xs: Sequence[Value]) -> list[Any]:  # with pencil and paper: ∂f/∂xᵢ = cos(P)·P/xᵢ, P = x1· … ·xn, no xᵢ is 0
    slope = cos(p := math.prod(xs[1:], start=xs[0])) * p
    return [slope / x for x in xs]


def numerically(xs: Sequence[Value], h: float = 1e-5) -> list[Any]:  # nudge one input up and down, and see what f does
    ups, downs = ([f(*xs[:i], x + step, *xs[i + 1 :]) for i, x in enumerate(xs)] for step in (h, -h))
    return [(up - down) / (2.0 * h) for up, down in zip(ups, downs, strict=True)]


def symbolically(xs: Sequence[Value]) -> list[Any]:  # differentiate the formula, write each derivative out, and run it
    named = {f"x{i}": x for i, x in enumerate(xs)}
    formulas = forward_mode([Symbol(name) for name in named])
    return [eval(formula.text(PYTHON), {"sin": sin, "cos": cos, **named}) for formula in formulas]


def forward_mode(xs: Sequence[Any]) -> list[Any]:  # dual numbers: one pass per input
    return [jvp(f, xs, [float(i == j) for j in range(len(xs))])[1] for i in range(len(xs))]


def reverse_mode(xs: Sequence[Value]) -> list[Any]:  # backpropagation: one pass in all
    return gradients(f(*xs), xs)


def operations(values: Sequence[Value]) -> int:  # how many rows of the table were evaluated
    return len({node for value in values for node in topological_order(value) if node.op})


# %% the same function, from 1 to 100 inputs
WAYS: list[Any] = [by_hand, numerically, symbolically, forward_mode, reverse_mode]
costs: dict[str, list[float]] = {way.__name__: [] for way in WAYS}
for n in (SIZES := [1, 3, 10, 30, 100]):
    xs = [Value(1.0 + 0.5 * math.sin(i), f"x{i}") for i in range(n)]
    print(f"\n{f'n = {n}':14}{'∂f/∂x1':>22}{'relative error':>16}{'operations':>12}{'times f':>9}")
    for way in WAYS:
        results = way(xs)
        error = max(abs(one.data / other.data - 1.0) for one, other in zip(results, by_hand(xs), strict=True))
        costs[way.__name__].append(times := operations(results) / operations([f(*xs)]))
        print(f"{way.__name__:14}{results[0].data:22.15g}{error:16.0e}{operations(results):12,}{times:9.1f}")


# %% what by hand costs: errors, which nudging finds, and doing it again when f changes
class Slip(Sin):
    def partials(self, out: Any, x: Any) -> Any:  # the pencil slipped
        return (-cos(x),)


try:
    check_gradients(Slip()(xs[0] * xs[1]))
except ArithmeticError as mistake:
    print(f"\n{mistake}")
print(f"of f + x1, ∂/∂x1 is {gradients(f(*xs) + xs[0], xs)[0].data:.6f}; by hand still {by_hand(xs)[0].data:.6f}")

# %% numerically: a large step is wrong because f is curved (truncation), a small one because numbers are rounded
steps = [10.0**-k for k in range(1, 15)]
errors = [abs((math.sin(1.0 + h) - math.sin(1.0 - h)) / (2.0 * h) - math.cos(1.0)) for h in steps]
print("\nsin'(1) by central differences\n     step    error")
for h, error in zip(steps, errors, strict=True):
    print(f"{h:9.0e}{error:9.0e}  {'#' * round(16 + math.log10(error or 1e-16))}")


# %% symbolically: what is written out swells, the graph does not. The logistic map x ← 4x(1 - x), over and over
def distinct_operations(formula: Any) -> int:
    parts = [formula]
    for part in parts:  # which grow meanwhile
        parts += {x for x in part.operands if isinstance(x, Symbol)} - set(parts)
    return sum(part.op is not None for part in parts)


print(f"\n{'steps':>5}{'operations of gradient':>24}{'size of its formula':>21}{'with each part once':>21}")
x = y = Value(0.3, "x")
for step in range(1, 101):
    y = 4.0 * y * (1.0 - y)
    if step in (1, 2, 3, 10, 30, 100):
        written: Any = derivative_formula(y, x)
        print(f"{step:5}{operations(gradients(y, [x])):24}{written.size:21.4g}{distinct_operations(written):21}")


# %% the two tables as curves
def draw(left: Any, right: Any) -> None:
    left.loglog(steps, errors, "o-")
    left.set(title="sin'(1) by central differences", xlabel="step", ylabel="error")
    for (name, values), marker in zip(costs.items(), "o^sDv", strict=True):
        right.loglog(SIZES, values, marker=marker, label=name.replace("_", " "))
    right.set(title="all derivatives of n inputs", xlabel="n", ylabel="work, in times that of f")
    right.legend()


pictures = [*filter(None, [save_figure(output / "four_ways.svg", draw, columns=2, size=(9.0, 4.0))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
