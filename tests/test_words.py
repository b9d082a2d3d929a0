"""Every word that is shown has a key, and every key is used; and any terminal can show it."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from pathlib import Path

import pytest

import tinygrad_edu
from tests.lessons import on_terminal
from tests.sweeps import mostly_slow
from tinygrad_edu.words import SPELLED, WORDS, cells, knows, print, say, spelled

PACKAGE = Path(tinygrad_edu.__file__).parent
SOURCES = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "words.py")
TEMPLATE = (PACKAGE / "show" / "stepper.html").read_text("utf-8")


def test_every_key_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r"""\bsay\(["']([^"']+)["']""", SOURCES)) | set(re.findall(r"\{\{(.+?)\}\}", TEMPLATE))
    assert asked - WORDS.keys() == set()


@pytest.mark.parametrize("key", WORDS)
def test_every_key_is_used(key: str) -> None:
    plural = key.removeprefix("one ").removesuffix("s")
    quoted = {f'"{key}"', f"'{key}'", f'"{plural}"'}
    assert any(text in SOURCES for text in quoted) or f"{{{{{key}}}}}" in TEMPLATE


def test_places_are_filled_in() -> None:
    assert say("epoch of", epoch=3, epochs=30) == "epoch 3/30"
    with pytest.raises(KeyError):
        say("epoch of", epoch=3)


# ------------------------------------------------------------------------------------------ on any terminal


@pytest.mark.parametrize(
    ("text", "in_ascii", "in_cp1252", "in_gbk"),
    [
        ("∂y/∂x", "dy/dx", "dy/dx", "dy/dx"),
        ("x₁, x₁₂", "x_1, x_12", "x_1, x_12", "x_1, x_12"),
        ("x₍₁₎", "x(1)", "x(1)", "x(1)"),
        ("x² x⁴⁵ x⁻⁴", "x^2 x^45 x^-4", "x² x^45 x^-4", "x^2 x^45 x^-4"),
        ("σ(z)", "sigma(z)", "sigma(z)", "σ(z)"),
        ("Ω λ Λ ϕ ς", "Omega lambda Lambda phi sigma", "Omega lambda Lambda phi sigma", "Ω λ Λ φ sigma"),
        ("w × x · y − 1", "w * x * y - 1", "w × x · y - 1", "w × x · y - 1"),
        ("– — … ‖z‖", "- - ... ||z||", "– — … ||z||", "– — … ‖z‖"),
        ("½(wx)", "1/2(wx)", "½(wx)", "1/2(wx)"),
        ("±1 → √2", "+-1 -> sqrt 2", "±1 -> sqrt 2", "±1 → √2"),
        ("Σxy ≥ ∞", "sum xy >= inf", "sum xy >= inf", "Σxy ≥ ∞"),
        ("δ aᵀ, µ", "delta a^T, mu", "delta a^T, µ", "δ a^T, μ"),
        ("ŷ, é, ü", "y, e, u", "y, é, ü", "y, é, ü"),
        ("损失", "\\u635f\\u5931", "\\u635f\\u5931", "损失"),
        ("a?b", "a?b", "a?b", "a?b"),
        ("\N{GRINNING FACE}", "\\U0001f600", "\\U0001f600", "\\U0001f600"),
        ("", "", "", ""),
    ],
)
def test_what_an_encoding_does_not_know_is_spelled(text: str, in_ascii: str, in_cp1252: str, in_gbk: str) -> None:
    assert [spelled(text, encoding) for encoding in ("ascii", "cp1252", "gbk")] == [in_ascii, in_cp1252, in_gbk]
    assert spelled(text, "utf-8") == text


def test_a_name_that_is_no_text_is_shown_on_utf8_too() -> None:
    """As a file's may be: half a pair of surrogates."""
    assert spelled("f\udcff.svg", "utf-8") == "f\\udcff.svg"


ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "cp932", "gbk", "big5", "koi8-r"]


@pytest.mark.parametrize("encoding", mostly_slow(ENCODINGS, "ascii", "gbk"))
def test_every_character_has_a_spelling_that_the_encoding_knows(encoding: str) -> None:
    """All of the basic plane; what comes out can be printed, and has no ? in the place of anything."""
    text = "".join(map(chr, range(0x20, 0xFFFF)))
    shown = spelled(text, encoding)
    assert knows(encoding, shown)
    asked = sum("?" in unicodedata.normalize("NFKD", sign) for sign in text)  # such as ⁇
    assert shown.count("?") <= asked + 10


def test_spellings_are_ascii() -> None:
    assert all(text.isascii() for text in SPELLED.values())


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("∂y/∂x₁", 6), ("损失", 4), ("ｗ", 2), ("e\N{COMBINING ACUTE ACCENT}", 1), ("σ−×", 3)],
)
def test_cells_are_counted(text: str, width: int) -> None:
    assert cells(text) == width


def test_print_is_that_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    print("∂", 1.5, None, sep="|", end="!")
    print()
    print("error", file=sys.stderr)
    assert capsys.readouterr() == ("∂|1.5|None!\n", "error\n")


def test_print_spells_for_the_stream_it_prints_to() -> None:
    """A stream without an encoding takes everything."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="gbk", newline="\n")
    print("∂σ", file=stream, flush=True)
    assert stream.buffer.getvalue() == "dσ\n".encode("gbk")
    text = io.StringIO()
    print("∂σ", file=text)
    assert text.getvalue() == "∂σ\n"


PRINTED = [  # an expression, and what is printed of it in ASCII and in GBK
    ("derivative_formula(w**3 * x, x)", "w**3", "w**3"),
    ("formula(x / w / w - x)", "x/w/w - x", "x/w/w - x"),
    ("formula(s * 损)", "sigma*\\u635f", "σ*损"),
    ("Symbol('x') ** 3 - 1.0", "x**3 - 1", "x**3 - 1"),
    ("f'y = {formula(x * w)}'", "y = x*w", "y = x*w"),
    ("check_gradients(s * 损)", "node    operation  analytic", "node  operation  analytic"),
    ("repr(check_gradients(x * x1))", "x_2 ", "x_2 "),
    ("trace(x * w, x)", "dh1/dx along h1 -> x: 1 * 3 = 3", "dh1/dx along h1 -> x: 1 * 3 = 3"),
    ("nn.confusion_matrix(abs, [1.0], ['损'], ['a', '损'])", "  a  \\u635f", "  a  损"),
]


@pytest.mark.parametrize(("encoding", "column"), [("ascii", 1), ("gbk", 2)])
def test_what_the_learner_prints_survives(encoding: str, column: int) -> None:
    """By Python's own print, which knows nothing of this package's."""
    program = (
        "from tinygrad_edu import *\nfrom tinygrad_edu import nn\n"
        "x, x1, w, s, 损 = Value(2.0, 'x'), Value(2.0, 'x'), Value(3.0, 'w'), Value(1.0, 'σ'), Value(2.0, '损')\n"
    )
    for expression, *_ in PRINTED:
        program += f"print({expression})\nprint('-----')\n"
    printed = on_terminal(encoding, ["-c", program])
    assert "?" not in printed
    for row, part in zip(PRINTED, printed.split("-----\n"), strict=False):
        assert row[column] in part
