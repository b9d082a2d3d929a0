"""Static graphs: a computation traced once and written out as straight-line Python, forward and backward."""

from tinygrad_edu.static.graph import static_graph

__all__ = ["static_graph"]
