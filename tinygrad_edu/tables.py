"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of text in columns, each as wide as its widest entry.

    >>> table([("x", "= 1"), ("slope", "= 2")])
    ['x    = 1', 'slope= 2']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
