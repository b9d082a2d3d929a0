"""Show a drawn graph in a notebook, with or without Graphviz."""

from __future__ import annotations

from graphviz import Digraph

from tinygrad_edu.engine import Value
from tinygrad_edu.show.render import render
from tinygrad_edu.show.text import trace


class Picture(Digraph):  # type: ignore[misc]  # graphviz has no type hints
    """Be a `graphviz.Digraph`; where nothing can render it, a notebook shows the trace of the graph instead."""

    root: Value

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str | bytes]:
        kind = self._jupyter_mimetype  # which graphviz.set_jupyter_format chooses
        picture = render(self.source, kind.removeprefix("image/").removesuffix("+xml"))
        if picture is None:
            return {"text/plain": trace(self.root, ascii=False)}
        return {kind: picture.decode() if kind == "image/svg+xml" else picture}

    def __repr__(self) -> str:
        return f"<picture of {self.root!r}>"

    def copy(self) -> Picture:
        """Return an independent copy."""
        copied = super().copy()
        copied.root = self.root
        return copied  # type: ignore[no-any-return]
