"""Step through a computation on a page: the source, the row of the table, the graph and the arithmetic, together.

The page is one file of HTML, stepper.html with its places filled in. It needs no network; all that it shows is computed
here, from the records of `backward_steps`. What only a page needs is imported when one is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.files import write_whole
from tinygrad_edu.readers.naming import numbered
from tinygrad_edu.readers.replay import fresh_gradients, replaced
from tinygrad_edu.show.markup import escape
from tinygrad_edu.words import WORDS, say

if TYPE_CHECKING:
    from tinygrad_edu.show.source import Recording

MAX_NODES = 300


def save_stepper(
    function_or_root: Callable[..., Any] | Value, path: str | Path, /, *, max_nodes: int = MAX_NODES, **inputs: Any
) -> Path:
    """Write the page that steps through a computation, and return its path.

    function_or_root  a function that returns one Value: it is called with the inputs, and each Value is shown with the
                      source text that made it, and by the name of the variable that holds it; or a Value already made
    path              a name that ends in .html
    max_nodes         beyond so many nodes only the last ones are shown, and no picture: the page says so
    inputs            of the function, by name: numbers, lists of numbers, or anything else it takes

    Raises ValueError for another ending, for inputs that the function does not take, and if it does not return one
    Value; OSError if the file cannot be written.
    """
    check_name(path)
    return save_page(recording_of(function_or_root, inputs), path, max_nodes)


def check_name(path: str | Path) -> None:
    """Raise ValueError unless a page can have this name."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the stepper is a page: the name must end in .html, got {Path(path).name!r}")


def save_page(recording: Recording, path: str | Path, max_nodes: int = MAX_NODES) -> Path:
    """Write the page of a recording, under a name that `check_name` has passed, and return its path."""
    _, page = title_and_page(recording, max_nodes)
    return write_whole(path, page)


def recording_of(function_or_root: Callable[..., Any] | Value, inputs: Mapping[str, Any]) -> Recording:
    """Call the function and watch it; of a Value there is only its graph."""
    from tinygrad_edu.show.source import Recording, record

    if not isinstance(function_or_root, Value):
        return record(function_or_root, inputs)
    if inputs:
        raise ValueError(f"a Value is computed already and takes no inputs, got {', '.join(inputs)}")
    return Recording(function_or_root)


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
        self.title, self.page = title_and_page(recording_of(function_or_root, inputs), max_nodes)

    def _repr_html_(self) -> str:
        """Return the page within a notebook's: a frame of its own, which cannot reach the notebook.

        A notebook that the reader does not trust shows no frame, only the words within it.
        """
        import html

        style = "width: 100%; height: 46rem; border: 1px solid #ccc"
        words = escape(say("run this cell", title=self.title))
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{html.escape(self.page)}">{words}</iframe>'

    def __repr__(self) -> str:
        return f"Stepper({self.title!r})"


def title_and_page(recording: Recording, max_nodes: int) -> tuple[str, str]:
    """Write the page of a recording, and its title. The graph's own gradients and labels stay as they are."""
    from importlib import resources

    from tinygrad_edu.show.page import Page

    template = resources.files("tinygrad_edu.show").joinpath("stepper.html").read_text(encoding="utf-8")
    with as_recorded(recording):
        page = Page(recording, max_nodes)
        panes = page.panes()
        worded = re.sub(r"\{\{(.+?)\}\}", lambda match: escape(WORDS[match[1]]), template)
        return page.title, re.sub(r"<!-- (\w+) -->", lambda match: panes[match[1]], worded)


def distinct_names(recording: Recording) -> dict[Value, str]:
    """Name each node that has a name; number a name that several share in the order of use, h₁, h₂, …."""
    given = recording.names()
    order = topological_order(recording.root)
    names = {node: name for node in order if (name := given.get(node, node.label))}
    used = dict.fromkeys(node for made in [*recording.calls, *order] for node in (*made.children, made))
    return numbered({node: names[node] for node in used if node in names})


@contextmanager
def as_recorded(recording: Recording) -> Iterator[None]:
    """Temporarily give a graph the learner's names, the numbers it was computed from, and no gradients."""
    names, data = distinct_names(recording), recording.data()
    with replaced("label", names), replaced("data", data), fresh_gradients(recording.root):
        yield
