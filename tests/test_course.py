"""What the course's source texts hold, item by item: the lesson that shows it, and the printed lines that prove it.

The table is course.txt: item | lesson | a regular expression, which holds the numbers that the lesson computes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_demos import DEMOS, run_lesson

LESSONS = [path.name for path in sorted(DEMOS.glob("[0-9]*.py"))]


class Item(NamedTuple):
    """A concept, formula, claim or misconception, the number of its lesson, and what proves it."""

    says: str
    lesson: str
    proof: str


TABLE = [
    Item(*line.split("|", maxsplit=2))
    for line in (Path(__file__).parent / "course.txt").read_text(encoding="utf-8").splitlines()
]


def test_all_that_the_source_texts_hold_is_in_the_table() -> None:
    """121 items at least, each once, and every lesson proves some."""
    assert len(TABLE) >= 121
    assert len({item.says for item in TABLE}) == len(TABLE)
    assert {item.lesson for item in TABLE} == {name[:2] for name in LESSONS}


def test_a_lesson_is_short_and_runs_in_a_notebook() -> None:
    """120 lines at most, and none asks where its file is."""
    assert len(LESSONS) >= 23
    for name in LESSONS:
        text = (DEMOS / name).read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 120, name
        assert "__file__" not in text, name


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_proves_its_items(lesson: str, tmp_path: Path) -> None:
    if lesson.endswith("pytorch.py"):
        pytest.importorskip("torch", reason="this lesson needs PyTorch")
    printed = run_lesson(lesson, tmp_path)
    items = [item for item in TABLE if item.lesson == lesson[:2]]
    assert [item for item in items if not re.search(item.proof, printed, re.MULTILINE)] == []
