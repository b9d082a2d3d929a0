"""A static graph: what is left of a network when it is traced once and written out?

Claim: plain arithmetic. `static_graph` runs the loss once, with names instead of numbers, and writes what it does as
straight-line Python, one line per operation forward and one per gradient backward. Loss and gradients are the dynamic
graph's to the last bit; a step of training takes a small part of the time; and backpropagation can be read and stepped
through line by line. The price: what the function does must not depend on the numbers.
"""

import io
import pdb
import re
import sys
import time
from typing import Any

from tinygrad_edu import Parameter, maximum, sigmoid, static_graph
from tinygrad_edu.nn import MLP, hinge, moons

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


def session(*commands: str) -> None:
    """A session with the debugger, from the call of the static graph on."""
    debugger = pdb.Pdb(stdin=Typed("\n".join([*commands, "continue", ""])), stdout=sys.stdout, nosigint=True)
    debugger.runcall(static_loss, 1.0, 1.0)


session("break self.compiled", "continue", *["next"] * 9, "p v3, error", *["next"] * 6, "p d_v3, v3, 1.0 - v3")


# %% what cannot be static: a decision that depends on a number
def absolute(x: Any) -> Any:
    h = w * x + b
    return h if h > 0.0 else -h


def absolute_by_maximum(x: Any) -> Any:
    h = w * x + b
    return maximum(h, -h)


try:
    static_graph(absolute, [w, b])(1.0)
except TypeError as error:
    print(f"\nTypeError: {error}\n")

print(re.findall(r"v\d+ = maximum.*", static_graph(absolute_by_maximum, [w, b]).source))

# %% what it costs: a step of training, MLP(2, [16, 16, 1]) on 100 points
points, classes = moons(100, seed=0)
labels = [2.0 * k - 1.0 for k in classes]
model = MLP(2, [16, 16, 1], seed=0)


def margin_loss(x: Any, y: Any) -> Any:
    return hinge(model(x), y)


def dynamic_step() -> None:
    for x, y in zip(points, labels, strict=True):
        margin_loss(x, y).backward()


def static_step() -> None:
    for x, y in zip(points, labels, strict=True):
        static_margin_loss(x, y)


def static_batch() -> None:
    static_margin_loss.batch(zip(points, labels, strict=True))


def milliseconds(step: Any) -> float:
    """The least of five runs."""
    times = []
    for _ in range(5):
        model.zero_grad()
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


static_margin_loss = static_graph(margin_loss, model.parameters())
start = time.perf_counter()
static_margin_loss(points[0], labels[0])
lines = static_margin_loss.source.count("\n")
print(f"\ntraced, written and compiled in {1e3 * (time.perf_counter() - start):.0f} ms: {lines} lines")

dynamic_time = milliseconds(dynamic_step)
gradients = [parameter.grad for parameter in model.parameters()]
for step in (dynamic_step, static_step, static_batch):
    print(f"{step.__name__:12} {milliseconds(step):7.2f} ms   {dynamic_time / milliseconds(step):5.1f} times as fast")
    assert [parameter.grad for parameter in model.parameters()] == gradients
