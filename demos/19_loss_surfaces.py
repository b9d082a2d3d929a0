"""Loss surfaces: why may two networks that differ only in their start end in different places?

Claim: even the smallest network with a hidden neuron, y = σ(w2 σ(w1 x)), has a loss that is not convex. One example,
x = 1 with target 1, gives the surfaces of figure 4.9 in Qiu, Neural Networks and Deep Learning, section 4.6: from one
start gradient descent runs down to 0, from another it creeps over a plateau, but the slope is nowhere 0. A second
example makes a saddle, at w1 = -log 2, w2 = 0: on one side of it a start runs down to a loss of 0.04, on the other to
one of 0.16, four times as high.
"""

import math
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from tinygrad_edu import Parameter, gradients, hessian, sigmoid
from tinygrad_edu.nn import SGD, binary_cross_entropy
from tinygrad_edu.nn.figures import COLOURS, save_figure
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


# %% the surfaces: functions of w1 and w2, numbers or Values, each with two starts
def logit(w1: Any, w2: Any, x: float) -> Any:
    return w2 * sigmoid(w1 * x)


def two_examples(w1: Any, w2: Any) -> Any:  # 0.9 at x = 1 and 0.3 at x = -1, which no w1 and w2 can both meet
    return (0.9 - sigmoid(logit(w1, w2, 1.0))) ** 2 + (0.3 - sigmoid(logit(w1, w2, -1.0))) ** 2


SURFACES: dict[str, Any] = {
    "one example, squared error": lambda w1, w2: (1.0 - sigmoid(logit(w1, w2, 1.0))) ** 2,
    "one example, cross-entropy": lambda w1, w2: binary_cross_entropy(logit(w1, w2, 1.0), 1),
    "two examples, squared error": two_examples,
}
STARTS = [[(1.0, -2.0), (-1.0, -4.0)], [(1.0, -2.0), (-1.0, -4.0)], [(-0.5, 0.3), (-0.9, -0.3)]]


# %% descend from both; halfway between the ends a convex loss would be at most the mean of both
def descend(surface: Any, start: tuple[float, float]) -> list[tuple[float, float]]:
    w1, w2 = Parameter(start[0], "w1"), Parameter(start[1], "w2")
    sgd, path = SGD([w1, w2], lr=1.0), [start]
    for _ in range(1000):
        sgd.zero_grad()
        surface(w1, w2).backward()
        sgd.step()
        path.append((w1.data, w2.data))
    return path


paths: dict[str, list[list[tuple[float, float]]]] = {}
for (name, surface), starts in zip(SURFACES.items(), STARTS, strict=True):
    paths[name] = [descend(surface, start) for start in starts]
    ends = [path[-1] for path in paths[name]]
    print(name)
    for start, end in zip(starts, ends, strict=True):
        print(f"  from {start} to ({end[0]:.2f}, {end[1]:.2f})".ljust(40), end="")
        print(f"loss {surface(*start):.3f} to {surface(*end):.3f}")
    halfway, mean = surface(*map(fmean, zip(*ends, strict=True))), fmean(surface(*end) for end in ends)
    print("  halfway between the ends".ljust(40) + f"loss {halfway:.3f} > {mean:.3f}, the mean of both")


# %% slope and curvature at a point: ∂L/∂w1, ∂L/∂w2; ∂²L/∂w1², ∂²L/∂w1∂w2, ∂²L/∂w2²
def derivatives(surface: Any, point: tuple[float, float]) -> list[float]:
    ws = [Parameter(w) for w in point]
    loss = surface(*ws)
    (h11, h12), (_, h22) = hessian(loss, ws)
    return [derivative.data for derivative in (*gradients(loss, ws), h11, h12, h22)]


# On the surfaces of one example ∂L/∂w2 is nowhere 0: more weight on σ(w1) > 0 always brings y nearer to 1.
grid = [(w1 / 2.0, w2 / 2.0) for w1 in range(-16, 17) for w2 in range(-16, 17)]
greatest = max(derivatives(surface, point)[1] for surface in list(SURFACES.values())[:2] for point in grid)
print(f"\nat {len(grid)} points of the surfaces of one example, ∂L/∂w2 is at most {greatest:.0e}")

# %% the saddle, by Newton's method: where the slope is 0, curved up one way and down the other (eigenvalues)
saddle = -0.5, 0.1
for _ in range(6):
    g1, g2, h11, h12, h22 = derivatives(two_examples, saddle)
    determinant = h11 * h22 - h12 * h12
    saddle = saddle[0] - (h22 * g1 - h12 * g2) / determinant, saddle[1] - (h11 * g2 - h12 * g1) / determinant
middle, radius = (h11 + h22) / 2.0, math.hypot((h11 - h22) / 2.0, h12)
print(f"the saddle of two examples is at w1 = {saddle[0]:.6f} (-log 2), w2 = {abs(saddle[1]):.6f}:", end=" ")
print(f"slope {math.hypot(g1, g2):.0e}, curvatures {middle - radius:.3f} and {middle + radius:.3f}")


# %% figure 4.9 with the paths on it, and all three surfaces from above, with lines through points of the same loss
def draw_in_space(*panels: Any) -> None:
    ticks = [i * 4.0 / 3.0 for i in range(-6, 7)]
    for axes, name in zip(panels, SURFACES, strict=False):
        surface, axes.computed_zorder = SURFACES[name], False
        points = [(w1, w2, surface(w1, w2)) for w1 in ticks for w2 in ticks]
        axes.plot_trisurf(*zip(*points, strict=True), color=COLOURS[4], alpha=0.3, zorder=1)
        for path in paths[name]:
            points = [(*w, surface(*w)) for w in [*path[:30], *path[30::30]]]
            axes.plot(*zip(*points, strict=True), marker="o", markevery=[0], zorder=2)
        axes.set(title=name, xlabel="w1", ylabel="w2")


def draw(*panels: Any) -> None:
    panels[2].plot(*saddle, "kx", markersize=8, label="saddle")
    for axes, (name, both), reach in zip(panels, paths.items(), (8.0, 8.0, 6.0), strict=True):
        ticks = [reach * i / 40.0 for i in range(-40, 41)]
        heights = [[SURFACES[name](w1, w2) for w1 in ticks] for w2 in ticks]
        lines = axes.contour(ticks, ticks, heights, quantiles(sum(heights, []), n=9), colors="#888888")
        axes.clabel(lines, fontsize=8, colors="black", fmt="%.2f")
        for path in both:
            points, loss = [*path[:30], *path[30::30]], SURFACES[name](*path[-1])
            axes.plot(*zip(*points, strict=True), marker="o", markevery=[0], label=f"to {loss:.3f}")
        axes.set(title=name, xlabel="w1", ylabel="w2")
        axes.legend(loc="lower right", framealpha=1.0)


in_space = save_figure(output / "figure_4_9.svg", draw_in_space, columns=2, size=(9.0, 4.5), projection="3d")
from_above = save_figure(output / "loss_surfaces.svg", draw, columns=3, size=(9.0, 3.6))
pictures = [*filter(None, [in_space, from_above])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
