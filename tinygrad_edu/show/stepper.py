"""Step through a computation on a page: the source, the row of the table, the graph and the arithmetic, together.

The page is one file of HTML, which needs no network. What only a page needs is imported when one is made.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_edu.arguments import count, function
from tinygrad_edu.engine import Value
from tinygrad_edu.files import file_path, write_whole
from tinygrad_edu.show.markup import escape
from tinygrad_edu.words import say

MAX_NODES = 300


def save_stepper(
    function_or_root: Callable[..., Any] | Value, path: str | Path, /, *, max_nodes: int = MAX_NODES, **inputs: Any
) -> Path:
    """Write the page that steps through a computation, and return its path.

    function_or_root  a function that returns one Value, shown with its source and variables; or a Value already made
    path              a name that ends in .html
    max_nodes         beyond so many nodes only the last ones are shown, and no picture: the page says so
    inputs            of the function, by name: numbers, lists of numbers, or anything else it takes

    Raises ValueError for another ending, for inputs that the function does not take, and if it does not return one
    Value; OSError if the file cannot be written.
    """
    check_name(path)
    return write_whole(path, Stepper(function_or_root, max_nodes=max_nodes, **inputs).page)


def check_name(path: str | Path) -> None:
    """Raise ValueError unless a page can have this name."""
    if file_path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path: the stepper is a page: the name must end in .html, got {Path(path).name!r}")


class Stepper:
    """Show the page that steps through a computation in a notebook, as `save_stepper` writes it.

    >>> def f(x, w):
    ...     h = w * x
    ...     return h.sigmoid()
    >>> Stepper(f, x=1.0, w=0.0)
    Stepper('f(x = 1.0, w = 0.0)')
    """

    def __init__(
        self, function_or_root: Callable[..., Any] | Value, /, *, max_nodes: int = MAX_NODES, **inputs: Any
    ) -> None:
        from tinygrad_edu.show.page import title_and_page
        from tinygrad_edu.show.source import Recording, record

        max_nodes = count("max_nodes", max_nodes)
        if not isinstance(function_or_root, Value):
            function("function_or_root", function_or_root)
            recording = record(function_or_root, inputs)
        elif inputs:
            raise ValueError(f"a Value is computed already and takes no inputs, got {', '.join(inputs)}")
        else:
            recording = Recording(function_or_root)
        self.title, self.page = title_and_page(recording, max_nodes)

    def _repr_html_(self) -> str:
        """Return a frame with the page, which cannot reach the notebook; one that is not trusted shows only words."""
        style = "width: 100%; height: 46rem; border: 1px solid #ccc"
        words = escape(say("run this cell", title=self.title))
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{escape(self.page)}">{words}</iframe>'

    def __repr__(self) -> str:
        return f"Stepper({self.title!r})"
