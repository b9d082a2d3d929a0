"""Optimisers: given the same gradients, who is down first, and who does not arrive?

Claim: it depends on the landscape. In a ravine gradient descent bounces between the walls, at a saddle it stands nearly
still: the others need less than half its steps, or a quarter. In a local minimum they all stay but one: momentum rolls
over the rim. Where gradients come from mini-batches, a constant learning rate never comes to rest; one that decays ends
more than ten times as close. (Rules: Qiu, Neural Networks and Deep Learning, section 7.2.) Other learning rates make
another race: with 0.2 Adam leaves the local minimum too. And this ravine, along an axis, suits a rate per parameter.
"""

import math
import operator
import random
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from tinygrad_edu import Parameter, nn
from tinygrad_edu.figures import save_figure

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)


# %% three landscapes: a function of numbers or Values, a start, and the lowest point
Point = tuple[float, float]
LANDSCAPES: dict[str, tuple[Callable[[Any, Any], Any], Point, Point]] = {
    "ravine": (lambda x, y: 0.5 * x**2 + 50.0 * y**2, (-2.0, 0.4), (0.0, 0.0)),
    "saddle": (lambda x, y: 0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4, (-1.5, 0.001), (0.0, 1.0)),
    "local minimum": (lambda x, y: 0.25 * x**4 - 0.5 * x**2 + 0.15 * x + 0.5 * y**2, (2.0, 1.0), (-1.068, 0.0)),
}
OPTIMISERS: dict[str, Callable[[list[Parameter]], nn.Optimizer]] = {
    "SGD": lambda parameters: nn.SGD(parameters, lr=0.019),
    "momentum": lambda parameters: nn.SGD(parameters, lr=0.019, momentum=0.9),
    "AdaGrad": lambda parameters: nn.Adagrad(parameters, lr=0.3),
    "AdaDelta": lambda parameters: nn.Adadelta(parameters, rho=0.99, eps=1e-4),
    "RMSprop": lambda parameters: nn.RMSprop(parameters, lr=0.02),
    "Adam": lambda parameters: nn.Adam(parameters, lr=0.1),
}
STEPS = 400


# %% the race
def path_of(optimiser_name: str, landscape_name: str) -> list[Point]:
    height, start, _ = LANDSCAPES[landscape_name]
    x, y = (Parameter(coordinate) for coordinate in start)
    optimiser, path = OPTIMISERS[optimiser_name]([x, y]), [start]
    for _ in range(STEPS):
        optimiser.zero_grad()
        height(x, y).backward()
        optimiser.step()
        path.append((x.data, y.data))
    return path


def arrival(path: list[Point], landscape_name: str) -> str:
    """The step from which on the height stays within 0.02 of the lowest."""
    height, _, lowest = LANDSCAPES[landscape_name]
    last_above = max(step for step, point in enumerate(path) if height(*point) > height(*lowest) + 0.02)
    return "never" if last_above == STEPS else str(last_above + 1)


paths = {landscape: {name: path_of(name, landscape) for name in OPTIMISERS} for landscape in LANDSCAPES}
print(f"{f'steps of {STEPS}':15}" + "".join(f"{landscape:>15}" for landscape in LANDSCAPES))
for name in OPTIMISERS:
    print(f"{name:15}" + "".join(f"{arrival(paths[landscape][name], landscape):>15}" for landscape in LANDSCAPES))

# %% noisy gradients: a line through 40 points, four at a time, with a learning rate that stays and three that decay
generator = random.Random(0)
xs = [generator.uniform(-1.0, 1.0) for _ in range(40)]
ys = [2.0 * x + generator.gauss(0.0, 1.0) for x in xs]
best = math.fsum(map(operator.mul, xs, ys)) / math.fsum(x * x for x in xs)  # least squares
w = Parameter(0.0, "w")


def line(x: float) -> Any:
    return w * x


DECAYS: dict[str, Callable[[nn.Optimizer], Any]] = {
    "constant": lambda sgd: nn.InverseTimeDecay(sgd, beta=0.0),
    "step": lambda sgd: nn.StepDecay(sgd, step_size=15, gamma=0.3),
    "exponential": lambda sgd: nn.ExponentialDecay(sgd, gamma=0.93),
    "inverse time": lambda sgd: nn.InverseTimeDecay(sgd, beta=0.5),
}
courses: dict[str, list[float]] = {name: [] for name in DECAYS}
print("\nlearning rate    at the end   distance of w from the best in the last 20 epochs")
for name, decay in DECAYS.items():
    w.data, shuffling, sgd = 0.0, random.Random(1), nn.SGD([w], lr=0.5)
    schedule = decay(sgd)
    for _ in range(60):
        for batch in nn.mini_batches(xs, ys, 4, shuffling):
            sgd.zero_grad()
            nn.empirical_risk(line, nn.squared_error, *batch).backward()
            sgd.step()
        schedule.step()
        courses[name].append(w.data)
    distance = fmean(abs(w - best) for w in courses[name][-20:])
    print(f"{name:14}{sgd.lr:13.4f}{distance:11.4f}")


# %% the paths, and the distances
STYLES = [("-", "#444444"), ("-", "#005A9C"), ("--", "#A33B00"), (":", "#1B6E1B"), ("-.", "#7A1F7A"), (":", "#B07D00")]


def draw_paths(*panels: Any) -> None:
    bounds = [(-2.2, 0.8, -0.45, 1.1), (-1.7, 0.7, -0.3, 1.3), (-1.8, 2.2, -1.0, 1.3)]
    for axes, landscape, (left, right, low, high) in zip(panels, LANDSCAPES, bounds, strict=True):
        height, start, lowest = LANDSCAPES[landscape]
        xs, ys = ([a + (b - a) * i / 60.0 for i in range(61)] for a, b in ((left, right), (low, high)))
        levels = [height(*lowest) + 0.015 * i**2 for i in range(1, 25)]
        axes.contour(xs, ys, [[height(x, y) for x in xs] for y in ys], levels, colors="#CCCCCC", linestyles="-")
        for (name, path), (style, colour) in zip(paths[landscape].items(), STYLES, strict=True):
            axes.plot(*zip(*path, strict=True), style, color=colour, linewidth=2.0, label=name)
        axes.plot(*start, "ko", label="start")
        axes.plot(*lowest, "k*", markersize=10, label="lowest point")
        axes.set(title=landscape, xlabel="x", ylabel="y", xlim=(left, right), ylim=(low, high))
    panels[0].legend(ncols=2)


def draw_courses(axes: Any) -> None:
    for (name, ws), (style, colour) in zip(courses.items(), STYLES, strict=False):
        axes.plot(range(1, 61), ws, style, color=colour, label=name)
    axes.set(title="mini-batches of 4: w over the epochs", xlabel="epoch", ylabel="w", ylim=(best - 0.3, best + 0.3))
    axes.legend(title="learning rate", ncols=2)


save_figure(output / "optimisers.svg", draw_paths, columns=3, size=(12.0, 4.2))
save_figure(output / "learning_rate_decay.svg", draw_courses, size=(6.4, 3.6))
