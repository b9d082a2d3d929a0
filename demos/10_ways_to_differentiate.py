"""Four ways to differentiate: by hand, numerically, symbolically, automatically. Which one, and why?

Claim: they give the same derivatives, at very different cost. Of f = sin(x1·x2· … ·xn), after an example of
Speelpenning's (1980), reverse mode computes all n derivatives for less than five times the work of f itself, however
large n is; every other way needs about n times the work, or more.
Sources: Qiu, Neural Networks and Deep Learning, section 4.5; Griewank and Walther, Evaluating Derivatives, chapter 3.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu import Symbol, Value, cos, derivative_formula, formula, gradients, jvp, sin, topological_order
from tinygrad_edu.nn.figures import MARKERS, save_figure
from tinygrad_edu.readers.notation import PYTHON
from tinygrad_edu.readers.symbol import size_of, size_text
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)


def product(xs: Sequence[Any]) -> Any:
    return math.prod(xs[1:], start=xs[0]) if xs else 1.0


def f(*xs: Any) -> Any:
    """Of numbers, Values, Duals or Symbols."""
    return sin(product(xs))


# %% four ways (the last in its two modes): each takes Values and returns the n derivatives as Values
def by_hand(xs: Sequence[Value]) -> list[Any]:
    """∂f/∂xᵢ = cos(x1·x2· … ·xn) · the product of the others, as one finds with pencil and paper."""
    return [cos(product(xs)) * product([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))]


def numerically(xs: Sequence[Value], h: float = 1e-5) -> list[Any]:
    """Central differences: nudge one input up and down, and see what f does."""
    ups, downs = ([f(*xs[:i], x + step, *xs[i + 1 :]) for i, x in enumerate(xs)] for step in (h, -h))
    return [(up - down) / (2.0 * h) for up, down in zip(ups, downs, strict=True)]


def symbolically(xs: Sequence[Value]) -> list[Any]:
    """Differentiate the formula, write the derivative out as Python, and run it."""
    symbols = [Symbol(f"x{i}") for i in range(len(xs))]
    names = {"sin": sin, "cos": cos} | {f"x{i}": x for i, x in enumerate(xs)}
    formulas = [jvp(f, symbols, unit(len(xs), i))[1] for i in range(len(xs))]
    return [eval(written.text(PYTHON), names) for written in formulas]


def forward_mode(xs: Sequence[Value]) -> list[Any]:
    """Dual numbers: one pass per input."""
    return [jvp(f, xs, unit(len(xs), i))[1] for i in range(len(xs))]


def unit(n: int, i: int) -> list[float]:
    return [float(i == j) for j in range(n)]


def reverse_mode(xs: Sequence[Value]) -> list[Any]:
    """Backpropagation: one pass in all."""
    return list(gradients(f(*xs), xs))


WAYS: list[Callable[[Sequence[Value]], list[Any]]] = [by_hand, numerically, symbolically, forward_mode, reverse_mode]


# %% the same function, from 1 to 100 inputs
def operations(values: Sequence[Value]) -> int:
    """How many operations these values took, each an evaluation of one row of the table."""
    return len({node for value in values for node in topological_order(value) if node.op})


costs: dict[str, list[float]] = {way.__name__: [] for way in WAYS}
SIZES = [1, 3, 10, 30, 100]
for n in SIZES:
    xs = [Value(1.0 + 0.5 * math.sin(i), f"x{i}") for i in range(n)]
    expected, function = by_hand(xs), operations([f(*xs)])
    print(f"\n{f'n = {n}':14}{'∂f/∂x1':>22}{'relative error':>16}{'operations':>12}{'times f':>9}{'ms':>9}")
    for way in WAYS:
        start = time.perf_counter()
        results = way(xs)
        milliseconds = 1000.0 * (time.perf_counter() - start)
        error = max(abs(one.data / other.data - 1.0) for one, other in zip(results, expected, strict=True))
        costs[way.__name__].append(cost := operations(results) / function)
        print(f"{way.__name__:14}{results[0].data:22.15g}{error:16.0e}", end="")
        print(f"{operations(results):12,}{cost:9.1f}{milliseconds:9.2f}")

# %% numerically: a large step is wrong because f is curved (truncation), a small one because numbers are rounded
steps = [10.0**-k for k in range(1, 15)]
errors = [abs((math.sin(1.0 + h) - math.sin(1.0 - h)) / (2.0 * h) - math.cos(1.0)) for h in steps]
print("\nsin'(1) by central differences\n     step    error")
for h, error in zip(steps, errors, strict=True):
    print(f"{h:9.0e}{error:9.0e}  {'#' * round(16 + math.log10(error or 1e-16))}")

# %% symbolically: the formula swells, the graph does not. The logistic map x ← 4x(1 - x), over and over
print(f"\n{'steps':>5}{'nodes of graph':>16}{'of gradient':>13}{'size of formula':>17}{'of derivative':>15}")
x = y = Value(0.3, "x")
for step in range(1, 101):
    y = 4.0 * y * (1.0 - y)
    if step in (1, 2, 3, 10, 30, 100):
        nodes = [len(topological_order(root)) for root in (y, gradients(y, [x])[0])]
        written = [size_text(size_of(text)) for text in (formula(y), derivative_formula(y, x))]
        print(f"{step:5}{nodes[0]:16}{nodes[1]:13}{written[0]:>17}{written[1]:>15}")


# %% the two tables as curves
def draw(left: Any, right: Any) -> None:
    left.loglog(steps, errors, "o-")
    left.set(title="sin'(1) by central differences", xlabel="step", ylabel="error")
    for (name, values), marker in zip(costs.items(), MARKERS, strict=False):
        right.loglog(SIZES, values, marker=marker, label=name.replace("_", " "))
    right.set(title="all derivatives of n inputs", xlabel="n", ylabel="work, in times that of f")
    right.legend()


save_figure(output / "four_ways.svg", draw, columns=2, size=(9.0, 4.0))
