"""A static graph: what is left of a network when it is traced once and written out?

Claim: plain arithmetic. `static_graph` runs the loss once, with names instead of numbers, and writes what it does as
straight-line Python, one line per operation forward and one per gradient backward. Loss and gradients are the dynamic
graph's to the last bit; a step of training takes a small part of the time; and backpropagation can be read and stepped
through line by line. The price: what the function does must not depend on the numbers. A loop that goes on until a
result is exact enough has another length for each input, and only a dynamic graph can follow it.
Source: Qiu, Neural Networks and Deep Learning, section 4.5.3.
"""

import io
import pdb
import sys
from timeit import repeat, timeit
from typing import Any

from tinygrad_edu import Parameter, sigmoid, static_graph, topological_order
from tinygrad_edu.nn import MLP, hinge, moons
from tinygrad_edu.words import print

# %% a dynamic graph is built anew by each run; a static graph is built once
w, b = Parameter(0.0, "w"), Parameter(0.0, "b")


def loss(x: Any, y: Any) -> Any:
    """½(σ(wx + b) - y)²"""
    error = sigmoid(w * x + b) - y
    error.label = "error"
    return 0.5 * error**2


dynamic = loss(1.0, 1.0)
dynamic.backward()
print(f"dynamic   loss {dynamic.data}   ∂loss/∂w {w.grad}")

w.grad = b.grad = 0.0
static_loss = static_graph(loss, [w, b])
print(f"static    loss {static_loss(1.0, 1.0)}   ∂loss/∂w {w.grad}\n")
print(static_loss.source)


# %% backpropagation in a debugger: each line is a node or a gradient, each local variable a number
class Typed(io.StringIO):
    """What is typed in a session; it is shown after the prompt, as on a terminal."""

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        line = super().readline(size)
        print(line, end="")
        return line


there, back = ["next"] * 9, ["next"] * 6
commands = ["break self.compiled", "continue", *there, "p v3, error", *back, "p d_v3, v3, 1.0 - v3", "continue", ""]
debugger = pdb.Pdb(stdin=Typed("\n".join(commands)), stdout=sys.stdout, nosigint=True)
debugger.runcall(static_loss, 1.0, 1.0)
print()


# %% what cannot be static: a loop whose length depends on the data
def square_root(x: Any) -> Any:
    """Heron's method: an estimate h becomes the mean of h and x / h, until h² is x to nine digits."""
    h = x
    while abs(h * h - x) > 1e-9 * x:
        h = (h + x / h) / 2.0
    return h


for number in (2.0, 100.0, 1e6):
    x = Parameter(number, "x")
    y = square_root(x)
    y.backward()
    operations = sum(bool(node.op) for node in topological_order(y))
    print(f"√{number:<9g}= {y.data:<9g}{operations:3} operations   ∂√x/∂x = {x.grad:.6f}, ½/√x = {0.5 / y.data:.6f}")
try:
    static_graph(square_root, [w])(2.0)
except TypeError as error:
    print(f"TypeError: {error}")

# %% what it costs: a step of training, MLP(2, [16, 16, 1]) on 100 points
examples = [(x, 2.0 * k - 1.0) for x, k in zip(*moons(100, seed=0), strict=True)]
model = MLP(2, [16, 16, 1], seed=0)


def margin_loss(x: Any, y: Any) -> Any:
    return hinge(model(x), y)


static_margin_loss = static_graph(margin_loss, model.parameters())
seconds = timeit(lambda: static_margin_loss(*examples[0]), number=1)
lines = static_margin_loss.source.count("\n")
print(f"\ntraced, written and compiled in {1e3 * seconds:.0f} ms: {lines} lines")


def dynamic_step() -> None:
    for x, y in examples:
        margin_loss(x, y).backward()


def static_step() -> None:
    for x, y in examples:
        static_margin_loss(x, y)


def static_batch() -> None:
    static_margin_loss.batch(examples)


times, gradients = [], []
for step in (dynamic_step, static_step, static_batch):
    times.append(min(repeat(step, setup=model.zero_grad, repeat=5, number=1)))
    gradients.append([parameter.grad for parameter in model.parameters()])
    print(f"{step.__name__:12} {1e3 * times[-1]:7.2f} ms   {times[0] / times[-1]:5.1f} times as fast", end="   ")
    print(f"the same gradients: {gradients[-1] == gradients[0]}")
