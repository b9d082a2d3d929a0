"""Draw figures of curves and planes with matplotlib, where it is installed (the extra [plot])."""

import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_edu.arguments import count, one_of
from tinygrad_edu.files import file_path, write_whole
from tinygrad_edu.words import print, say

# What is told apart by colour is told apart by line or marker too, for those who see colours alike.
COLOURS = ["#005A9C", "#A33B00", "#00806A", "#7A1F7A", "#444444", "#B07D00"]
LINES = ["-", "--", "-.", ":", (0, (6, 1)), (0, (3, 1, 1, 1, 1, 1))]
MARKERS = "o^sDvP"
GREYS = "axes.labelcolor", "axes.titlecolor", "axes.edgecolor", "xtick.color", "ytick.color"  # on white and on black
SIZE = 6.4, 4.8


def has_matplotlib() -> bool:
    """Tell whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def save_figure(
    path: str | Path, draw: Callable[..., None], columns: int = 1, size: tuple[float, float] = SIZE,
    projection: str | None = None,
) -> Path | None:  # fmt: skip
    """Draw a figure into a file, in the format that its name ends in (.svg, .png, .pdf), and return its path.

    `draw` is called with the axes of as many panels side by side as there are columns; `size` is in inches, of which
    nine are as wide as a README; with the projection "3d" the panels are matplotlib's Axes3D. Each curve of a panel has
    its own colour and line; what is around the panels is transparent, with texts for light and dark pages. No window
    opens, and the same figure gives the same bytes. Raises ValueError, before anything is drawn, for a name that ends
    in something else or another projection.
    Without matplotlib, print a line that says so and return None.
    """
    path, columns = file_path(path), count("columns", columns)
    one_of("projection", projection, "3d")
    if not has_matplotlib():
        print(say("no figure", file=path.name), file=sys.stderr)
        return None
    return write_whole(path, figure(path, draw, columns, size, projection))


def in_notebook() -> bool:
    """Tell whether this runs in a notebook, which shows pictures."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def figure(path: Path, draw: Callable[..., None], columns: int = 1, size: Any = SIZE, projection: Any = None) -> bytes:
    """Return a figure as `save_figure` writes it."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.rcsetup import cycler

    style: Any = dict.fromkeys(GREYS, "#767676") | {
        "axes.prop_cycle": cycler(color=COLOURS, linestyle=LINES), "lines.linewidth": 2.0, "contour.linewidth": 0.8,
        "contour.negative_linestyle": "solid", "legend.framealpha": 1.0, "figure.facecolor": "none",
        "svg.hashsalt": path.name, "svg.fonttype": "none",
    }  # fmt: skip
    picture, format = io.BytesIO(), path.suffix[1:].lower() or "png"
    with rc_context(style):
        drawing = Figure(figsize=size, layout="constrained")
        if format not in drawing.canvas.get_supported_filetypes():
            raise ValueError(f"path must end in .svg, .png or .pdf, got {str(path)!r}")
        draw(*drawing.subplots(1, columns, squeeze=False, subplot_kw={"projection": projection})[0])
        drawing.savefig(picture, format=format, dpi=120, metadata={"Date": None} if format == "svg" else None)
    return picture.getvalue()
