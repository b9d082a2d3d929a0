"""Figures of curves and planes, drawn by matplotlib where it is installed (the extra [plot])."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable
from pathlib import Path

from tinygrad_edu.files import write_whole


def has_matplotlib() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def save_figure(
    path: str | Path, draw: Callable[..., None], columns: int = 1, size: tuple[float, float] = (6.4, 4.8)
) -> Path | None:
    """Draw a figure into a file, in the format that its name ends in (.svg, .png, .pdf), and return its path.

    `draw` is called with the axes of as many panels side by side as there are columns; `size` is in inches. No window
    opens, and the same figure gives the same bytes. Without matplotlib one line says so and None is returned.
    """
    path = Path(path)
    if not has_matplotlib():
        print(f"{path.name} is not drawn without matplotlib: pip install matplotlib", file=sys.stderr)
        return None
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(*figure.subplots(1, columns, squeeze=False)[0])
    picture, format = io.BytesIO(), path.suffix[1:] or "png"
    with rc_context({"svg.hashsalt": path.name, "svg.fonttype": "none"}):
        figure.savefig(picture, format=format, dpi=120, metadata={"Date": None} if format == "svg" else None)
    return write_whole(path, picture.getvalue())
