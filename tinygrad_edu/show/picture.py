"""Show a drawn graph in a notebook, with or without Graphviz."""

from __future__ import annotations

from graphviz import Digraph

from tinygrad_edu.engine import Value
from tinygrad_edu.show.render import render
from tinygrad_edu.show.text import trace


class Picture(Digraph):  # type: ignore[misc]  # graphviz has no type hints
    """Be a `graphviz.Digraph`; where nothing can render it, a notebook shows the trace of the graph instead."""

    root: Value

    def _repr_mimebundle_(self, include: object = None, exclude: object = None, **_: object) -> dict[str, str]:
        picture = render(self.source, "svg")
        return {"image/svg+xml": picture.decode()} if picture else {"text/plain": trace(self.root)}
