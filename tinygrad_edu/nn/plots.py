"""Plot two pictures of training: the loss over the epochs, and which class a network predicts where.

Given a path, they are drawn by matplotlib, where it is installed; else they are printed as characters.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_edu.nn.figures import COLOURS, MARKERS, has_matplotlib, save_figure
from tinygrad_edu.nn.metrics import classes, predicted_class
from tinygrad_edu.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tinygrad_edu.nn.training import History

COLUMNS, ROWS = 64, 20  # of a plot in characters
CELLS = 100  # along each side of a drawn plane
REGION_COLOURS = ["#C4DDF2", "#FBD9A5", "#C9E9E2", "#E8CDE8", "#E0E0E0", "#F5E9BE"]
REGIONS = " .:-=+"


def plot_loss(history: History, path: str | Path | None = None) -> Path | None:
    """Plot the training loss, and the validation error where it was measured, over the epochs.

    Write a picture to `path` (.png, .svg or .pdf) and return the path; without a path or matplotlib, print
    characters. Raises ValueError if the history is empty.
    """
    if not history.epochs:
        raise ValueError("nothing to plot: no epoch was completed")
    curves = {say("training loss"): [epoch.loss for epoch in history.epochs]}
    errors = [epoch.error for epoch in history.epochs if epoch.error is not None]
    if errors:
        curves[say("validation")] = errors
    if path is None or not can_draw():
        print(curves_text(curves))
        return None

    def draw(axes: Axes) -> None:
        """Draw the curves, and a point at the best epoch."""
        for name, numbers in curves.items():
            axes.plot(range(1, len(numbers) + 1), numbers, label=name)
        if errors:
            axes.plot(history.best, history.lowest_error, "o", color=COLOURS[1], label=say("best epoch"))
        axes.set_xlabel(say("epochs"))
        axes.set_ylim(bottom=0.0)
        axes.legend()

    return save_figure(path, draw)


def plot_decision_boundary(
    model: Callable[[Any], Any], inputs: Sequence[Any], targets: Sequence[Any], path: str | Path | None = None
) -> Path | None:
    """Plot the plane of two features: the class that is predicted everywhere, and the examples.

    Write a picture to `path` (.png, .svg or .pdf) and return the path; without a path or matplotlib, print
    characters. Raises ValueError unless each input has two features.
    """
    if any(len(x) != 2 for x in inputs):
        raise ValueError("a decision boundary is drawn in a plane: each input needs two features")
    if path is None or not can_draw():
        print(plane_text(model, inputs, targets))
        return None
    from matplotlib.colors import to_rgb

    true = [k for _, k in classes(model, inputs, targets)]
    names = [say("class", k=k) for k in range(max(true) + 1)]
    xs, ys = ranges(inputs, CELLS, CELLS)
    predicted = [[predicted_class(model([x, y])) for x in xs] for y in ys]

    def draw(axes: Axes) -> None:
        """Draw the regions, and the examples on them."""
        colours = [[to_rgb(REGION_COLOURS[k % len(REGION_COLOURS)]) for k in row] for row in predicted]
        axes.imshow(colours, origin="lower", extent=(xs[0], xs[-1], ys[0], ys[-1]), aspect="auto")
        draw_examples(axes, inputs, true, names)
        axes.set_xlabel("x1")
        axes.set_ylabel("x2")
        axes.legend()

    return save_figure(path, draw)


def draw_examples(
    axes: Axes, inputs: Sequence[Sequence[float]], true: Sequence[int], names: Sequence[str], size: float = 18.0
) -> None:
    """Draw examples of two features as points, with a colour, a marker and a name for each class."""
    for k in sorted(set(true)):
        x1, x2 = zip(*[x for x, t in zip(inputs, true, strict=True) if t == k], strict=True)
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        axes.scatter(x1, x2, color=colour, marker=marker, s=size, label=names[k], zorder=3.0)


def can_draw() -> bool:
    """Tell whether matplotlib is installed; if not, say on standard error how to get it."""
    if not has_matplotlib():
        print(say("no matplotlib"), file=sys.stderr)
    return has_matplotlib()


def ranges(inputs: Sequence[Sequence[float]], columns: int, rows: int) -> tuple[list[float], list[float]]:
    """Return the coordinates of columns and rows that cover the inputs with some room around them."""
    xs, ys = zip(*inputs, strict=True)
    return spread(xs, columns), spread(ys, rows)


def spread(numbers: Iterable[float], n: int) -> list[float]:
    """Return n numbers evenly spread from below the least to above the greatest.

    >>> spread([0.0, 10.0], 3)
    [-1.0, 5.0, 11.0]
    """
    low, high = min(numbers), max(numbers)
    room = (high - low) / 10.0 or 1.0
    return [low - room + (high - low + 2.0 * room) * i / (n - 1) for i in range(n)]


def nearest(coordinates: Sequence[float], x: float) -> int:
    """Return the place of the coordinate nearest to x."""
    return min(range(len(coordinates)), key=lambda i: abs(coordinates[i] - x))


def plane_text(model: Callable[[Any], Any], inputs: Sequence[Any], targets: Sequence[Any]) -> str:
    """Return the plane in characters: examples by the number of their class, regions by a shade, a legend below."""
    pairs = classes(model, inputs, targets)
    xs, ys = ranges(inputs, COLUMNS, ROWS)
    grid = [[REGIONS[predicted_class(model([x, y])) % len(REGIONS)] for x in xs] for y in ys]
    for (x, y), (_, true) in zip(inputs, pairs, strict=True):
        grid[nearest(ys, y)][nearest(xs, x)] = str(true % 10)
    lines = ["".join(row) for row in reversed(grid)]
    regions = ", ".join(say("region", k=k, shade=REGIONS[k]) for k in sorted({k for pair in pairs for k in pair}))
    return "\n".join([*framed(lines), say("plane", regions=regions)])


def curves_text(curves: dict[str, list[float]]) -> str:
    """Return curves over the epochs in characters, from 0 to the greatest number, with a legend below."""
    greatest = max(max(numbers) for numbers in curves.values()) or 1.0
    n_epochs = max(map(len, curves.values()))
    heights = [greatest * i / (ROWS - 1) for i in range(ROWS)]
    grid = [[" "] * COLUMNS for _ in heights]
    marks = "*o"[: len(curves)]
    for mark, numbers in zip(marks, curves.values(), strict=True):
        for i, number in enumerate(numbers):
            column = i * (COLUMNS - 1) // max(1, n_epochs - 1)
            grid[nearest(heights, number)][column] = mark
    lines = ["".join(row) for row in reversed(grid)]
    legend = ", ".join(f"{mark} {name}" for mark, name in zip(marks, curves, strict=True))
    below = say("curves", legend=legend, epochs=n_epochs, greatest=f"{greatest:.4g}")
    return "\n".join([*framed(lines), below])


def framed(lines: Sequence[str]) -> list[str]:
    """Put a frame around lines of equal length."""
    edge = f"+{'-' * len(lines[0])}+"
    return [edge, *(f"|{line}|" for line in lines), edge]
