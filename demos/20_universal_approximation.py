"""Universal approximation: what can one hidden layer compute, and what will training find?

Claim: with enough neurons in one hidden layer, a network comes as near as one likes to any continuous function on a
closed and bounded interval (Cybenko, 1989; Hornik, Stinchcombe and White, 1989; Qiu, Neural Networks and Deep Learning,
section 4.3). Closed: sin(1/x) on 0 < x ≤ 1 is out of reach. And the activation must not be a polynomial, which is all
that is asked of it (Leshno et al., 1993). With 2, 4, 8 and 16 neurons the best of 20 trained networks is off by 0.34,
0.15, 0.014 and 0.007. But the theorem says that such weights exist, not that training finds them: from some starts 8
neurons end worse than 4 can do. And it says nothing of what lies outside the interval: there the best network is off by
more than fifty times as much. What holds for curves holds for boundaries: 8 neurons part the two moons.
"""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tinygrad_edu.nn import MLP, Adam, accuracy, binary_cross_entropy, fit, moons, plot_decision_boundary, squared_error
from tinygrad_edu.nn.figures import save_figure

output = Path("output")
output.mkdir(exist_ok=True)
SIZES, STARTS = [2, 4, 8, 16], range(20)
QUIET: Any = {"static": True, "progress": False}  # and fast


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
    fit(model, squared_error, examples, optimizer=adam, batch_size=15, seed=0, **QUIET)
    return model


def error(model: MLP, xs: Sequence[float]) -> float:
    """The root of the mean squared error."""
    differences = [model([x]).data - curve(x) for x in xs]
    return math.hypot(*differences) / math.sqrt(len(xs))


# %% the error falls with the number of neurons, if the start is good
inside = evenly(-1.0, 1.0, 100)
models = {n: [trained(n, start) for start in STARTS] for n in SIZES}
errors = {n: [error(model, inside) for model in models[n]] for n in SIZES}
print("neurons   error of the best of 20 starts, the median, the worst")
for n in SIZES:
    print(f"{n:7}{min(errors[n]):10.4f}{median(errors[n]):10.4f}{max(errors[n]):10.4f}")
print(f"from {sum(e > min(errors[4]) for e in errors[8])} of 20 starts 8 neurons end worse than the best 4")

# %% outside of the interval it learned from, the network knows nothing
best = {n: models[n][errors[n].index(min(errors[n]))] for n in SIZES}
print(f"\nthe best network of 16 neurons: error {error(best[16], inside):.4f} from -1 to 1,", end=" ")
print(f"{error(best[16], evenly(1.0, 2.0, 50)):.4f} from 1 to 2")

# %% an interval that is not closed: as near to 0 as one likes sin(1/x) is 1 and -1, where every network is the same
up, down = 1.0 / (1e9 * math.pi + math.pi / 2.0), 1.0 / (1e9 * math.pi - math.pi / 2.0)
print(f"sin(1/x) at {up:.1e} is {math.sin(1.0 / up):.3f}, at {down:.1e} {math.sin(1.0 / down):.3f};", end=" ")
print(f"the network is {best[16]([up]).data:.3f}, {best[16]([down]).data:.3f}: one of them is off by 1 or more")


# %% a polynomial: however many neurons square their z, the output is a parabola, whose third differences are 0
def third_difference(ys: Sequence[float]) -> float:
    return abs(ys[3] - 3.0 * ys[2] + 3.0 * ys[1] - ys[0])


squares, apart = MLP(1, [16, 1], activation=lambda z: z**2, seed=0), [-1.0, -0.5, 0.0, 0.5]
print(f"third difference of 16 neurons that square: {third_difference([squares([x]).data for x in apart]):.0e}", end="")
print(f", of the curve: {third_difference([curve(x) for x in apart]):.2f}")

# %% a boundary: the two moons, by a straight line and by 8 hidden neurons
two_moons = moons(100, seed=0)
print()
for name, sizes in ("one neuron, a straight line", [1]), ("8 hidden neurons", [8, 1]):
    nets = [MLP(2, sizes, activation="tanh", seed=start) for start in STARTS]
    for net in nets:
        adam = Adam(net.parameters(), lr=0.1)
        fit(net, binary_cross_entropy, two_moons, optimizer=adam, epochs=40, batch_size=20, seed=0, **QUIET)
    rights = [accuracy(net, *two_moons) for net in nets]
    print(f"moons, {name:27}  97 % right from {sum(right >= 0.97 for right in rights):2} of 20 starts,", end=" ")
    print(f"{min(rights):.0%} to {max(rights):.0%}")


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
    right.loglog(SIZES, [errors[n] for n in SIZES], "o", color="#005A9C", alpha=0.4)
    right.set(title="error of 20 starts", xlabel="neurons", ylabel="root mean square", xticks=SIZES, xticklabels=SIZES)
    right.minorticks_off()
    right.legend()


curves = save_figure(output / "universal_approximation.svg", draw, columns=2, size=(9.0, 4.0))
pictures = [*filter(None, [curves, plot_decision_boundary(nets[0], *two_moons, output / "moons.svg")])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
