"""Optimisers: given the same gradients, who is down first, and who does not arrive?

Claim: it depends on the landscape. In a ravine gradient descent bounces between the walls, at a saddle it stands nearly
still: the others need less than half its steps, or a quarter. In a local minimum all stay but momentum, which rolls
over the rim. (Other learning rates make another race.) Where gradients come from mini-batches, a constant learning rate
never comes to rest; one that decays ends more than ten times as close.
Source: Qiu, Neural Networks and Deep Learning, section 7.2.
"""

import random
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from tinygrad_edu import Parameter, nn
from tinygrad_edu.nn.figures import save_figure

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)

# %% three landscapes: a function of numbers or Values, a start, and the lowest point
# This ravine lies along an axis, which suits those that have a learning rate for each parameter.
LANDSCAPES: dict[str, Any] = {
    "ravine": (lambda x, y: 0.5 * x**2 + 50.0 * y**2, (-2.0, 0.4), (0.0, 0.0)),
    "saddle": (lambda x, y: 0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4, (-1.5, 0.001), (0.0, 1.0)),
    "local minimum": (lambda x, y: 0.25 * x**4 - 0.5 * x**2 + 0.15 * x + 0.5 * y**2, (2.0, 1.0), (-1.068, 0.0)),
}
OPTIMISERS: dict[str, Any] = {
    "SGD": partial(nn.SGD, lr=0.019),
    "momentum": partial(nn.SGD, lr=0.019, momentum=0.9),
    "AdaGrad": partial(nn.Adagrad, lr=0.3),
    "AdaDelta": partial(nn.Adadelta, rho=0.99, eps=1e-4),
    "RMSprop": partial(nn.RMSprop, lr=0.02),
    "Adam": partial(nn.Adam, lr=0.1),
}
STEPS = 400


# %% the race
def path_of(optimiser_name: str, landscape_name: str) -> list[tuple[float, float]]:
    height, start, _ = LANDSCAPES[landscape_name]
    x, y = (Parameter(coordinate) for coordinate in start)
    optimiser, path = OPTIMISERS[optimiser_name]([x, y]), [start]
    for _ in range(STEPS):
        optimiser.zero_grad()
        height(x, y).backward()
        optimiser.step()
        path.append((x.data, y.data))
    return path


def arrival(path: list[tuple[float, float]], landscape_name: str) -> str:
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
best = fmean(x * y for x, y in zip(xs, ys, strict=True)) / fmean(x * x for x in xs)  # least squares
DECAYS: dict[str, Any] = {
    "constant": partial(nn.InverseTimeDecay, beta=0.0),
    "step": partial(nn.StepDecay, step_size=15, gamma=0.3),
    "exponential": partial(nn.ExponentialDecay, gamma=0.93),
    "inverse time": partial(nn.InverseTimeDecay, beta=0.5),
}
courses: dict[str, list[float]] = {name: [] for name in DECAYS}
print("\nlearning rate    at the end   distance of w from the best in the last 20 epochs")
for name, decay in DECAYS.items():
    w, shuffling = Parameter(0.0, "w"), random.Random(1)
    sgd = nn.SGD([w], lr=0.5)
    schedule = decay(sgd)
    for _ in range(60):
        for batch in nn.mini_batches(xs, ys, 4, shuffling):
            sgd.zero_grad()
            nn.mean([nn.squared_error(w * x, y) for x, y in zip(*batch, strict=True)]).backward()
            sgd.step()
        schedule.step()
        courses[name].append(w.data)
    print(f"{name:14}{sgd.lr:13.4f}{fmean(abs(w - best) for w in courses[name][-20:]):11.4f}")


# %% the paths, and the distances
def draw_paths(*panels: Any) -> None:
    bounds = [(-2.2, 0.8, -0.45, 0.45), (-1.7, 0.7, -0.3, 1.3), (-1.8, 2.2, -1.0, 1.3)]
    for axes, landscape, (left, right, low, high) in zip(panels, LANDSCAPES, bounds, strict=True):
        height, start, lowest = LANDSCAPES[landscape]
        xs, ys = ([a + (b - a) * i / 60.0 for i in range(61)] for a, b in ((left, right), (low, high)))
        levels = [height(*lowest) + 0.015 * i**2 for i in range(1, 25)]
        axes.contour(xs, ys, [[height(x, y) for x in xs] for y in ys], levels, colors="#BBBBBB")
        for name, path in paths[landscape].items():
            axes.plot(*zip(*path, strict=True), lw=1.5, label=name)
        axes.plot(*start, "ko", label="start")
        axes.plot(*lowest, "k*", markersize=10, label="lowest point")
        axes.set(title=landscape, xlabel="x", ylabel="y", xlim=(left, right), ylim=(low, high))
    panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)


def draw_courses(axes: Any) -> None:
    for name, ws in courses.items():
        axes.plot(range(1, 61), ws, label=name)
    axes.axhline(best, color="black", lw=0.8)
    axes.set(title="w by mini-batches of 4, and by least squares (black)")
    axes.set(xlabel="epoch", ylabel="w", ylim=(best - 0.3, best + 0.3))
    axes.legend(title="learning rate", ncols=2)


save_figure(output / "optimisers.svg", draw_paths, columns=3, size=(9.0, 4.2))
save_figure(output / "learning_rate_decay.svg", draw_courses, size=(6.4, 3.6))
