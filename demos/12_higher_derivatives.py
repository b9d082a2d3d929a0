"""Derivatives of derivatives: what does a gradient look like, and what is it good for?

Claim: the gradient of a graph is a graph itself, which can be drawn, written out and differentiated again. So x³ at 2
has the derivatives 12, 12, 6 and 0, and Newton's method, which divides the first derivative by the second, finds the
minimum of x⁴ - 2x² from x = 2 in seven steps, with twice as many digits right after each of the last. And the Hessian
says that in many dimensions a point without slope is hardly ever a minimum: of random functions of one variable half
have a minimum there and half a maximum, of six variables 98 of 100 have a saddle.
Source of the last: Dauphin et al., Identifying and attacking the saddle point problem, 2014; Qiu, section 7.1.2.
"""

import math
import random
from pathlib import Path
from typing import Any

from tinygrad_edu import Parameter, Value, derivative_formula, formula, gradients, hessian, save_graph, weighted_sum
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% x³ at 2, again and again
x = Value(2.0, "x")
y = x**3
y.label = "y"
print(f"y = {formula(y)} = {y.data:g}")
for order in range(1, 5):
    written = derivative_formula(y, x)
    [y] = gradients(y, [x])
    print(f"derivative {order}: {text_of(written)} = {y.data:g}")

# %% the gradient as a graph: down to y what is computed forward, from there on what backward makes of it
x, w = Value(0.5, "x"), Parameter(2.0, "w")
z = w * x
y = z.tanh()
z.label, y.label = "z", "y"
[dy_dw] = gradients(y, [w])
print(f"\n∂y/∂w = {derivative_formula(y, w)}")
pictures = [save_graph(dy_dw, output / "gradient.svg", "the gradient of y = tanh(w x) along w")]

# %% the gradient of the gradient
[second] = gradients(dy_dw, [w])
print(f"∂²y/∂w² = {derivative_formula(dy_dw, w)}")
pictures.append(save_graph(second, output / "second_derivative.svg", "the second derivative of y = tanh(w x) along w"))

# %% Newton's method
print("\nminimum of x⁴ - 2x² by Newton's method")
x = Value(2.0)
for step in range(8):
    [first] = gradients(x**4 - 2.0 * x**2, [x])
    [second] = gradients(first, [x])
    print(f"{step:4}  x = {x.data:.16f}   error {abs(x.data - 1.0):.0e}")
    x = Value(x.data - first.data / second.data)

# %% all second derivatives at once: Rosenbrock's valley at its minimum, far more curved across than along (eigenvalues)
x, y = Value(1.0, "x"), Value(1.0, "y")
(h11, h12), (h21, h22) = hessian((1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2, [x, y])
middle, radius = (h11.data + h22.data) / 2.0, math.hypot((h11.data - h22.data) / 2.0, h12.data)
print("\nthe Hessian of Rosenbrock's function at (1, 1)")
print(f"{h11.data:8g}{h12.data:8g}\n{h21.data:8g}{h22.data:8g}")
print(f"curvature {middle + radius:.1f} across the valley, {middle - radius:.1f} along it")


# %% saddles: a sum of random waves a cos(w·x) has the gradient 0 at 0. Minimum, maximum or saddle? The Hessian tells
def upward(matrix: list[list[float]]) -> int:
    """In how many directions a quadratic form goes up: the positive pivots of Gauss's elimination (Sylvester)."""
    count = 0
    while matrix:
        (pivot, *row), *rest = matrix
        count += pivot > 0.0
        matrix = [[x - first * y / pivot for x, y in zip(others, row, strict=True)] for first, *others in rest]
    return count


generator = random.Random(0)


def waves(xs: list[Value]) -> Any:
    phases = [weighted_sum([generator.gauss(0.0, 1.0) for _ in xs], xs) for _ in range(8)]
    return sum(generator.gauss(0.0, 1.0) * phase.cos() for phase in phases)


print("\nvariables   minima   maxima   saddles, of 100 random functions")
for n in (1, 2, 3, 4, 6):
    up = []
    for _ in range(100):
        xs = [Value(0.0) for _ in range(n)]
        up.append(upward([[entry.data for entry in row] for row in hessian(waves(xs), xs)]))
    minima, maxima = up.count(n), up.count(0)
    print(f"{n:9}{minima:9}{maxima:9}{100 - minima - maxima:10}")
print(f"\nwrote {', '.join(map(str, pictures))}")
