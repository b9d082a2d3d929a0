"""Optimisers: given the same gradients, who is down first, and who does not arrive?

Claim: it depends on the landscape. In a ravine gradient descent bounces between the walls, at a saddle it stands nearly
still: the others need less than half its steps, or a quarter. In a local minimum all stay but momentum, which rolls
over the rim. (Other learning rates make another race.) Where gradients come from mini-batches, a constant learning rate
never comes to rest; one that decays ends more than ten times as close, in each of 20 shufflings.
Source: Qiu, Neural Networks and Deep Learning, section 7.2.
"""

import random
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from tinygrad_edu import Parameter, nn, static_graph
from tinygrad_edu.nn.figures import MARKERS, save_figure

output = Path("output")
output.mkdir(exist_ok=True)

# %% three landscapes: a function, a start, the lowest point; the ravine lies along an axis, which suits most of them
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
    "step": partial(nn.StepDecay, step_size=15, gamma=0.3), "exponential": partial(nn.ExponentialDecay, gamma=0.93),
    "inverse time": partial(nn.InverseTimeDecay, beta=0.5),
}  # fmt: skip
w = Parameter(0.0, "w")
risk = static_graph(lambda xs, ys: nn.mean(list(map(nn.squared_error, [w * x for x in xs], ys))), [w])
courses: dict[str, list[list[float]]] = {name: [] for name in DECAYS}  # of w, for each shuffling
print("\nlearning rate    at the end   distance of w from the best, last 20 epochs: mean and greatest of 20 shufflings")
for name, decay in DECAYS.items():
    for seed in range(20):
        w.data, shuffling, course = 0.0, random.Random(seed), list[float]()
        schedule = decay(sgd := nn.SGD([w], lr=0.5))
        for _ in range(60):
            for batch in nn.mini_batches(xs, ys, 4, shuffling):
                sgd.zero_grad()
                risk(*batch)
                sgd.step()
            schedule.step()
            course.append(w.data)
        courses[name].append(course)
    distances = [fmean(abs(w - best) for w in course[-20:]) for course in courses[name]]
    print(f"{name:14}{sgd.lr:13.4f}{fmean(distances):11.4f}{max(distances):11.4f}")


# %% the paths with a mark every ten steps, and the distances
def draw_paths(*panels: Any) -> None:
    bounds = [(-2.2, 0.8, -0.45, 0.45), (-1.7, 0.7, -0.3, 1.3), (-1.8, 2.2, -1.0, 1.3)]
    for axes, landscape, (left, right, low, high) in zip(panels, LANDSCAPES, bounds, strict=True):
        height, _, lowest = LANDSCAPES[landscape]
        xs, ys = ([a + (b - a) * i / 40.0 for i in range(41)] for a, b in ((left, right), (low, high)))
        levels = [height(*lowest) + 0.05 * i**2 for i in range(1, 13)]
        axes.contour(xs, ys, [[height(x, y) for x in xs] for y in ys], levels, colors="#CCCCCC")
        for (name, path), marker in zip(paths[landscape].items(), MARKERS, strict=True):
            axes.plot(*zip(*path[:101], strict=True), f"-{marker}", lw=1.0, ms=4.5, markevery=10, label=name)
        axes.plot(*lowest, "k*", markersize=10, label="lowest point")
        axes.set(title=landscape, xlabel="x", ylabel="y", xlim=(left, right), ylim=(low, high))
    curves = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(*curves, loc="outside lower center", ncols=7, title="the first 100 steps, a mark every ten")


def draw_courses(axes: Any) -> None:
    for name, shufflings in courses.items():
        axes.plot(range(1, 61), shufflings[1], label=name)
    axes.axhline(best, color="black", lw=0.8)
    axes.set(title="w by mini-batches, and by least squares (black)", xlabel="epoch", ylim=(best - 0.3, best + 0.3))
    axes.legend(title="learning rate", ncols=2)


drawn = save_figure(output / "optimisers.svg", draw_paths, columns=3, size=(9.0, 4.2))
pictures = [*filter(None, [drawn, save_figure(output / "learning_rate_decay.svg", draw_courses, size=(6.4, 3.6))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
