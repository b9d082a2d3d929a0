"""Write any text as HTML, for a page or within a label of Graphviz, where it can do no harm."""

import re

PAPER = ' bgcolor="#FFFFFF"'  # behind text that is in no box
WIDE = 'align="left" colspan="2"'  # a cell beside which there is none
LINE = 100  # characters: Graphviz reads no longer ones
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    r"""Write out those characters of a text that XML does not allow: "\x00"."""
    return UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def escape(text: str) -> str:
    """Write any text as HTML."""
    import html

    return html.escape(printable(text))


def rich(text: str) -> str:
    """Write any text for an HTML-like label; break lines longer than Graphviz can read.

    A space at the beginning is one that browsers do not drop; tabs, and brackets at an end, Graphviz cannot read.
    """
    text = printable(text).expandtabs(4)
    lines = [line[i : i + LINE] for line in text.split("\n") for i in range(0, len(line) or 1, LINE)]
    escaped = (escape(line).replace("\\", r"\\").replace("]", "&#93;") for line in lines)
    return "<br/>".join(re.sub("^ ", "&#160;", line) for line in escaped)


def plain(text: str) -> str:
    """Write any text for an attribute; of a very long one, the beginning (the box has it whole)."""
    from graphviz import nohtml

    beginning = printable(text)[: 20 * LINE]
    attribute: str = nohtml(beginning.replace("&", "&amp;").replace("\\", 4 * "&#92;"))  # Graphviz halves them twice
    return attribute


def coloured(markup: str, colour: str) -> str:
    return f'<font color="{colour}">{markup}</font>'


def small(markup: str, colour: str) -> str:
    return f'<font point-size="9" color="{colour}">{markup}</font>'


def label(rows: list[str], padding: int, attributes: str = "") -> str:
    """Write an HTML-like label of Graphviz with one row of cells after another."""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="{padding}"{attributes}>{body}</table>>'


def cell(markup: str, attributes: str = 'align="left"') -> str:
    return f"<td {attributes}>{markup}</td>"


def number_cells(name: str, number: str, colour: str) -> str:
    """Write a name and, to the right, its number."""
    return cell(coloured(name, colour)) + cell(coloured(f"<b>{number}</b>", colour), 'align="right"')
