"""Universal approximation: what can one hidden layer compute, and what will training find?

Claim: with enough neurons in one hidden layer, a network comes as near as one likes to any continuous function on a
bounded interval (Cybenko, 1989; Hornik, Stinchcombe and White, 1989; Qiu, Neural Networks and Deep Learning, section
4.3). With 2, 4, 8 and 16 neurons the best of four trained networks is off by 0.34, 0.15, 0.02 and 0.007. But the
theorem says that such weights exist, not that training finds them: from one start 8 neurons end worse than 4 can do.
And it says nothing of what lies outside the interval: there the best network is off by more than fifty times as much.
"""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu.nn import MLP, Adam, fit, squared_error
from tinygrad_edu.nn.figures import MARKERS, save_figure

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)
SIZES, STARTS = [2, 4, 8, 16], range(4)


# %% the curve, and 30 points of it from -1 to 1 to learn from
def curve(x: float) -> float:
    return math.sin(6.0 * x) + 1.5 * x


def evenly(low: float, high: float, n: int) -> list[float]:
    return [low + (high - low) * i / (n - 1) for i in range(n)]


examples = [[x] for x in evenly(-1.0, 1.0, 30)], [curve(x) for x in evenly(-1.0, 1.0, 30)]


# %% one hidden layer: each neuron is a step, up or down; it starts somewhere from -1 to 1
def trained(n_neurons: int, start: int) -> MLP:
    generator = random.Random(start)
    model = MLP(1, [n_neurons, 1], activation="tanh", seed=start)
    for neuron in model.layers[0].neurons:
        neuron.w[0].data = generator.choice([-6.0, 6.0])
        neuron.b.data = generator.uniform(-6.0, 6.0)
    adam = Adam(model.parameters(), lr=0.1)
    fit(model, squared_error, examples, optimizer=adam, epochs=100, batch_size=15, seed=0, progress=False)
    return model


def error(model: MLP, xs: Sequence[float]) -> float:
    """The root of the mean squared error."""
    differences = [model([x]).data - curve(x) for x in xs]
    return math.hypot(*differences) / math.sqrt(len(xs))


# %% the error falls with the number of neurons, if the start is good
inside = evenly(-1.0, 1.0, 100)
models = {n: [trained(n, start) for start in STARTS] for n in SIZES}
errors = {n: [error(model, inside) for model in models[n]] for n in SIZES}
print("neurons   error from four starts            the best")
for n in SIZES:
    print(f"{n:7}" + "".join(f"{e:8.4f}" for e in errors[n]) + f"{min(errors[n]):12.4f}")

# %% outside of the interval it learned from, the network knows nothing
best = {n: models[n][errors[n].index(min(errors[n]))] for n in SIZES}
print(f"\nthe best network of 16 neurons: error {error(best[16], inside):.4f} from -1 to 1,", end=" ")
print(f"{error(best[16], evenly(1.0, 2.0, 50)):.4f} from 1 to 2")


# %% the networks, and their errors
def draw(left: Any, right: Any) -> None:
    xs = evenly(-1.5, 1.5, 151)
    left.axvspan(-1.0, 1.0, color="#F2F2F2", label="learned from")
    left.plot(xs, [curve(x) for x in xs], "-", color="#BBBBBB", linewidth=6.0, label="the curve")
    for n, model in best.items():
        left.plot(xs, [model([x]).data for x in xs], label=f"{n} neurons")
    left.set(title="the best network of each size", xlabel="x", ylabel="y", ylim=(-3.5, 3.5))
    left.legend(ncols=2, fontsize=8)
    right.loglog(SIZES, [min(errors[n]) for n in SIZES], "-", color="#BBBBBB", label="the best")
    for start, marker in zip(STARTS, MARKERS, strict=False):
        right.loglog(SIZES, [errors[n][start] for n in SIZES], marker, label=f"start {start}")
    right.set(title="error from -1 to 1", xlabel="neurons", ylabel="root mean square", xticks=SIZES, xticklabels=SIZES)
    right.minorticks_off()
    right.legend()


save_figure(output / "universal_approximation.svg", draw, columns=2, size=(9.0, 4.0))
