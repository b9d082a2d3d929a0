"""Say what is shown, in the words of `words.csv`, and show it on any terminal. What is raised is not there."""

import builtins
import csv
import sys
import unicodedata
from pathlib import Path
from typing import IO

SIGNS = "∂×→·²"  # of the formulas: a terminal that lacks one of them is given the notation ASCII
SPELLED = {
    "∂": "d", "×": "*", "·": "*", "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "±": "+-", "√": "sqrt ",
    "‖": "||", "⁄": "/", "₍": "(", "₎": ")", "′": "'", "’": "'", "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=",
    "≈": "~", "⊙": ".*", "Σ": "sum ", "λ": "lambda", "Λ": "Lambda",
}  # fmt: skip

TABLE = Path(__file__).with_name("words.csv").read_text(encoding="utf-8")
WORDS = {row["key"]: row["en"] for row in csv.DictReader(TABLE.splitlines())}


def say(key: str, **places: object) -> str:
    """Return what is shown for a key, its places filled in."""
    return WORDS[key].format(**places)


def print(*values: object, sep: str = " ", end: str = "\n", file: IO[str] | None = None, flush: bool = False) -> None:
    """Print as Python does, but spell what the stream does not know, where Python raises UnicodeEncodeError."""
    builtins.print(spelled(sep.join(map(str, values)), encoding_of(file)), end=end, file=file, flush=flush)


def encoding_of(stream: IO[str] | None = None) -> str:
    """Return the encoding of a stream; without one, of standard output."""
    return getattr(stream or sys.stdout, "encoding", None) or "utf-8"


def knows(encoding: str, text: str = SIGNS) -> bool:
    """Tell whether an encoding has every character of a text."""
    return text.encode(encoding, "ignore").decode(encoding) == text


def spelled(text: str, encoding: str) -> str:
    """Write what an encoding does not know in ASCII: a symbol by its name, é as e, what has no name as an escape.

    >>> spelled("∂y/∂x₁ = 2·σ(z)² – 図", "ascii"), spelled("∂y/∂x₁ = 2·σ(z)² – 図", "gbk")
    ('dy/dx_1 = 2*sigma(z)^2 - \\\\u56f3', 'dy/dx_1 = 2·σ(z)^2 – 図')
    """
    if knows(encoding, text):
        return text
    pairs = zip(f" {text}", text, strict=False)
    return "".join(sign if knows(encoding, sign) else spelling(before, sign, encoding) for before, sign in pairs)


def spelling(before: str, sign: str, encoding: str) -> str:
    """Write one sign in ASCII: "^1" for ¹, but "1" after another that is raised."""
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    name = unicodedata.name(sign, "")
    if sign in SPELLED:
        return SPELLED[sign]
    if plain != sign:
        return place(sign).removeprefix(place(before)) + spelled(plain, encoding)
    if name.startswith("GREEK"):
        return name.split()[-1].title() if "CAPITAL" in name else name.split()[-1].lower()
    return sign.encode("ascii", "backslashreplace").decode()


def place(sign: str) -> str:
    """Tell where a sign stands: "^" for ², "_" for ₁, else ""."""
    return {"<super>": "^", "<sub>": "_"}.get(unicodedata.decomposition(sign).split(" ")[0], "")


def cells(text: str) -> int:
    """Count the cells of a terminal that a text takes: two for 図, none for a mark on another letter."""
    visible = [sign for sign in text if unicodedata.category(sign) not in ("Mn", "Me", "Cf")]
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in visible)
