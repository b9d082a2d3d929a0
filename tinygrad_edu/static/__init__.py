"""Trace a computation once, and write it out as straight-line Python, forward and backward."""

from tinygrad_edu.static.graph import static_graph

__all__ = ["static_graph"]
