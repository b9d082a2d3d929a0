"""Patterns of backward: what does an operation do with the gradient that reaches it?

Claim: five patterns are enough to read most gradients off a graph. + hands the upstream gradient on, the same to both
operands; × swaps: each operand gets it times the other one; max routes it, all to the greater operand; a value that is
copied, used twice, adds what comes back; σ shrinks it, to a quarter or less. Each holds for any numbers.
Source: Stanford's course CS231n, "Backpropagation, Intuitions": patterns in backward flow.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tinygrad_edu import Parameter, Value, maximum, save_graph, sigmoid
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
pictures = []


# %% five operations g; after each comes L = 2 g, so that the upstream gradient ∂L/∂g is 2
class Pattern(NamedTuple):
    says: str
    g: Callable[..., Any]
    numbers: list[float]
    holds: Callable[..., bool]  # of the upstream gradient u, the operands' gradients, and their numbers


PATTERNS = {
    "plus": Pattern("+ hands on", lambda x, y: x + y, [3.0, -4.0], lambda u, dx, dy, x, y: dx == u and dy == u),
    "times": Pattern("× swaps", lambda x, y: x * y, [3.0, -4.0], lambda u, dx, dy, x, y: dx == u * y and dy == u * x),
    "max": Pattern("max routes", maximum, [3.0, -4.0], lambda u, dx, dy, x, y: [dx, dy] == [u * (x > y), u * (y > x)]),
    "copy": Pattern("a copy adds", lambda x: x + x, [3.0], lambda u, dx, x: dx == u + u),
    "sigma": Pattern("σ shrinks", sigmoid, [0.0], lambda u, dx, x: abs(dx) <= abs(u) / 4.0),
}


def gradients_of(pattern: Pattern, upstream: float, numbers: list[float]) -> tuple[Value, list[float]]:
    inputs = [Value(number, name) for number, name in zip(numbers, "xy", strict=False)]
    g = pattern.g(*inputs)
    loss = upstream * g
    g.label, loss.label = "g", "L"
    loss.backward()
    return loss, [x.grad for x in inputs]


generator, rows = random.Random(0), []
for name, pattern in PATTERNS.items():
    loss, found = gradients_of(pattern, 2.0, pattern.numbers)
    pictures.append(save_graph(loss, output / f"pattern_{name}.svg", pattern.says, direction="LR"))
    right = 0
    for _ in range(1000):
        upstream, *numbers = (generator.gauss(0.0, 3.0) for _ in range(1 + len(pattern.numbers)))
        right += pattern.holds(upstream, *gradients_of(pattern, upstream, numbers)[1], *numbers)
    given = ", ".join(f"{x} = {number:g}" for x, number in zip("xy", pattern.numbers, strict=False))
    result = ", ".join(f"∂L/∂{x} = {gradient:g}" for x, gradient in zip("xy", found, strict=False))
    rows.append((pattern.says, f"   {given}", f"   ∂L/∂g = 2   {result}", f"   {right} of 1000 random cases"))
print("\n".join(columns(rows)))

# %% read off: × hands 2 on to the sum, + to both terms; there × swaps 3 and -4, and max routes to z. CS231n's example
x, y, z, w = Value(3.0, "x"), Value(-4.0, "y"), Value(2.0, "z"), Value(-1.0, "w")
loss = 2.0 * (x * y + maximum(z, w))
loss.label = "L"
loss.backward()
pictures.append(save_graph(loss, output / "patterns.svg", "read off: × swaps, + hands on, max routes", direction="LR"))
read_off = [2.0 * -4.0, 2.0 * 3.0, 2.0, 0.0]
print(f"\nL = 2 (x y + max(z, w)) = {loss.data:g}")
print(f"read off   {read_off}\nbackward   {[x.grad, y.grad, z.grad, w.grad]}")

# %% what follows from "× swaps": a weight's gradient is as large as its input, so inputs want to be of one size
weights = []
for scale in (1.0, 1000.0):
    weights.append(Parameter(0.5, "w"))
    (2.0 * (weights[-1] * (3.0 * scale))).backward()
print(f"\nan input 1000 times as large: a gradient {weights[1].grad / weights[0].grad:.0f} times as large")

# %% and from "σ shrinks": after n of them at most ¼ⁿ is left (1 at the start, each σ where it is steepest)
for n in (1, 2, 5, 10):
    start = a = Value(0.0, "z1")
    for _ in range(n):
        a = sigmoid(a) - 0.5
    a.backward()
    print(f"{n:2} σ in a row, each at z = 0: ∂a/∂z1 = {start.grad:.2g}, 0.25^{n} = {0.25**n:.2g}")
print(f"\nwrote {', '.join(map(str, pictures))}")
