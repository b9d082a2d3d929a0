"""Render .gv sources: by the system's dot, or by pygraphviz, whose wheels bring Graphviz along."""

from __future__ import annotations


def render(source: str, format: str) -> bytes | None:
    """Return the picture of a .gv source by the system's dot, else by pygraphviz, else None."""
    name = renderer()
    if name == "dot":
        from graphviz import Source

        return bytes(Source(source).pipe(format))
    if name == "pygraphviz":
        from pygraphviz import AGraph

        return bytes(AGraph(string=source).draw(prog="dot", format=format))
    return None


def renderer() -> str | None:
    """Tell what can render a picture here: "dot", "pygraphviz" or None."""
    import importlib.util
    import shutil

    if shutil.which("dot"):
        return "dot"
    return "pygraphviz" if importlib.util.find_spec("pygraphviz") else None
