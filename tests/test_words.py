"""Every word that is shown has a key, and every key is used."""

import re
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.words import WORDS, say

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
