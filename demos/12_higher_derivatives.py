"""Derivatives of derivatives: what does a gradient look like, and what is it good for?

Claim: the gradient of a graph is a graph itself, which can be drawn, written out and differentiated again. So x³ at 2
has the derivatives 12, 12, 6 and 0, and Newton's method, which divides the first derivative by the second, finds the
minimum of x⁴ - 2x² from x = 2 in seven steps, with twice as many digits right after each of the last.
"""

import math
from pathlib import Path

from tinygrad_edu import Parameter, Value, derivative_formula, formula, gradients, hessian, save_graph
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
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
save_graph(dy_dw, output / "gradient.svg", "the gradient of y = tanh(w x) along w")

# %% the gradient of the gradient
[second] = gradients(dy_dw, [w])
print(f"∂²y/∂w² = {derivative_formula(dy_dw, w)}")
save_graph(second, output / "second_derivative.svg", "the second derivative of y = tanh(w x) along w")

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
