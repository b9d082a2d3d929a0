"""Plot two pictures of training, by matplotlib or in characters: the loss, and which class a network predicts where."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_edu.nn.data import Inputs, finite_rows
from tinygrad_edu.nn.figures import COLOURS, MARKERS, figure, has_matplotlib, in_notebook, save_figure
from tinygrad_edu.nn.metrics import Model, Names, Threshold, classes, predicted_class
from tinygrad_edu.nn.training import History
from tinygrad_edu.words import print, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place: TypeAlias = "str | Path | None"  # of a picture
COLUMNS, ROWS = 64, 20  # of a plot in characters
DRAWN = 1e300  # a greater loss is drawn as this, as matplotlib overflows
CELLS = 100  # along each side of a drawn plane
REGION_COLOURS = ["#C4DDF2", "#FBD9A5", "#C9E9E2", "#E8CDE8", "#E0E0E0", "#F5E9BE"]
REGIONS = " .:-=+"


def plot_loss(history: History, path: Place = None) -> Path | None:
    """Plot the training loss, and the validation error where it was measured, over the epochs.

    Write a picture to `path` (.png, .svg or .pdf) and return the path. Without one show it in a notebook; elsewhere, or
    without matplotlib, print characters. What is nan or infinite is left out. Raises ValueError if there is no more.
    """
    if not isinstance(history, History):
        raise TypeError(f"history must be what fit returned, got {history!r} ({type(history).__name__})")
    losses = finite_points(epoch.loss for epoch in history.epochs)
    errors = finite_points(epoch.error for epoch in history.epochs)
    curves = {name: curve for name, curve in [(say("training loss"), losses), (say("validation"), errors)] if curve}
    if not curves:
        raise ValueError("history has nothing to plot: no epoch was completed with a finite loss")
    if not can_draw(path):
        print(curves_text(curves))
        return None

    def draw(axes: Axes) -> None:
        """Draw the curves, and a point at the best epoch."""
        for name, points in curves.items():
            epochs, numbers = zip(*points, strict=True)
            drawn = [max(-DRAWN, min(number, DRAWN)) for number in numbers]
            axes.plot(epochs, drawn, marker="o" if len(points) == 1 else "", label=name)
        if errors:
            axes.plot(*min(errors, key=lambda point: point[1]), "o", color=COLOURS[1], label=say("best epoch"))
        axes.set_xlabel(say("epochs"))
        axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        if axes.dataLim.ymin >= 0.0:
            axes.set_ylim(bottom=0.0)
        axes.legend()

    return plot(path, draw)


def finite_points(numbers: Iterable[float | None]) -> list[tuple[int, float]]:
    """Return (epoch, number) wherever there is a finite number."""
    return [(i, x) for i, x in enumerate(numbers, start=1) if x is not None and math.isfinite(x)]


def plot_decision_boundary(
    model: Model, inputs: Any, targets: Any, path: Place = None, names: Names = (), threshold: Threshold = None
) -> Path | None:
    """Plot the plane of two features: the class that is predicted everywhere, and the examples.

    `path` is that of `plot_loss`, `names` and `threshold` are those of `accuracy`. Raises ValueError unless each input
    has two features.
    """
    points = finite_rows("inputs", inputs)
    if any(len(x) != 2 for x in points):
        raise ValueError("inputs: a decision boundary is drawn in a plane: each input needs two features")
    every, pairs = classes(model, points, targets, names, threshold)
    true, drawn = [k for _, k in pairs], can_draw(path)
    columns, rows = (CELLS, CELLS) if drawn else (COLUMNS, ROWS)
    xs, ys = spread([x for x, _ in points], columns), spread([y for _, y in points], rows)
    predicted = [[predicted_class(model([x, y]), threshold, f"model([{x}, {y}])") for x in xs] for y in ys]
    if not drawn:
        numbered = [str(label) if label == k else f"{k} {label}" for k, label in enumerate(every)]
        print(plane_text(points, true, numbered, xs, ys, predicted))
        return None
    from matplotlib.colors import to_rgb

    def draw(axes: Axes) -> None:
        """Draw the regions, and the examples on them."""
        colours = [[to_rgb(REGION_COLOURS[k % len(REGION_COLOURS)]) for k in row] for row in predicted]
        axes.imshow(colours, origin="lower", extent=(xs[0], xs[-1], ys[0], ys[-1]), aspect="auto")
        draw_examples(axes, points, true, [say("class", k=label) for label in every])
        axes.set_xlabel("x1")
        axes.set_ylabel("x2")
        axes.legend()

    return plot(path, draw)


def draw_examples(
    axes: Axes, inputs: Sequence[Sequence[float]], true: Sequence[int], names: Sequence[str], size: float = 18.0
) -> None:
    """Draw examples of two features as points, with a colour, a marker and a name for each class."""
    for k in sorted(set(true)):
        x1, x2 = zip(*[x for x, t in zip(inputs, true, strict=True) if t == k], strict=True)
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        axes.scatter(x1, x2, color=colour, marker=marker, s=size, label=names[k], zorder=3.0)


def can_draw(path: Place) -> bool:
    """Tell whether a picture is drawn: to a path or in a notebook. If a path is given in vain, say what to install."""
    if path is not None and not has_matplotlib():
        print(say("no matplotlib"), file=sys.stderr)
    return has_matplotlib() and (path is not None or in_notebook())


def plot(path: Place, draw: Callable[[Axes], None]) -> Path | None:
    """Draw a figure into a file; without a path, in the notebook."""
    if path is not None:
        return save_figure(path, draw)
    from IPython.display import Image, display

    display(Image(figure(Path("figure.png"), draw)))
    return None


def spread(numbers: Sequence[float], n: int) -> list[float]:
    """Return n numbers evenly spread from below the least to above the greatest.

    >>> spread([0.0, 10.0], 3)
    [-1.0, 5.0, 11.0]
    """
    low, high = min(numbers), max(numbers)
    room = (high - low) / 10.0 or max(1.0, abs(low))
    return [low - room + (high - low + 2.0 * room) * i / (n - 1) for i in range(n)]


def nearest(coordinates: Sequence[float], x: float) -> int:
    """Return the place of the coordinate nearest to x."""
    return min(range(len(coordinates)), key=lambda i: abs(coordinates[i] - x))


def plane_text(
    points: Inputs, true: list[int], names: list[str], xs: list[float], ys: list[float], predicted: list[list[int]]
) -> str:
    """Return the plane in characters: examples by the number of their class, regions by a shade, a legend below."""
    grid = [[REGIONS[k % len(REGIONS)] for k in row] for row in predicted]
    for (x, y), k in zip(points, true, strict=True):
        grid[nearest(ys, y)][nearest(xs, x)] = str(k % 10)
    shown = sorted({*true, *(k for row in predicted for k in row)})
    regions = (say("region", k=names[k], shade=REGIONS[k % len(REGIONS)]) for k in shown)
    return framed(grid, say("plane", regions=", ".join(regions)))


def curves_text(curves: dict[str, list[tuple[int, float]]]) -> str:
    """Return curves over the epochs in characters, with a legend below; 0 is always within."""
    epochs, numbers = zip(*(point for points in curves.values() for point in points), strict=True)
    n_epochs, least, greatest = max(epochs), min(0.0, *numbers), max(0.0, *numbers)
    greatest += least == greatest
    size = max(-least, greatest)  # in units of which no difference overflows
    grid = [[" "] * COLUMNS for _ in range(ROWS)]
    marks = "*o"[: len(curves)]
    for mark, points in zip(marks, curves.values(), strict=True):
        for epoch, number in points:
            height = (number / size - least / size) / (greatest / size - least / size)
            grid[math.ceil(height * (ROWS - 1) - 0.5)][(epoch - 1) * (COLUMNS - 1) // max(1, n_epochs - 1)] = mark
    legend = ", ".join(f"{mark} {name}" for mark, name in zip(marks, curves, strict=True))
    return framed(grid, say("curves", legend=legend, epochs=n_epochs, least=f"{least:.4g}", greatest=f"{greatest:.4g}"))


def framed(grid: Sequence[Sequence[str]], legend: str) -> str:
    """Write rows of characters, the last one on top, with a frame around them and a legend below."""
    edge = f"+{'-' * len(grid[0])}+"
    return "\n".join([edge, *(f"|{''.join(row)}|" for row in reversed(grid)), edge, legend])
