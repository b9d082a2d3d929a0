"""What the course's source texts hold, item by item: the lesson that shows it, and the printed lines that prove it.

The table is course.txt: item | lesson | a regular expression, which holds numbers that the lesson computes. Whenever
a test runs a lesson, all its items are looked for: see `run_lesson`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lessons import DEMOS, ITEMS, LESSONS

TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))


def test_all_that_the_source_texts_hold_is_in_the_table() -> None:
    """121 items at least, each once, and every lesson proves some."""
    assert len(ITEMS) >= 121
    assert len({item.says for item in ITEMS}) == len(ITEMS)
    assert {item.lesson for item in ITEMS} == {name[:2] for name in LESSONS}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_short_runs_in_a_notebook_and_is_run_by_a_test(lesson: str) -> None:
    """120 lines at most, and it does not ask where its file is."""
    text = (DEMOS / lesson).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert "__file__" not in text
    assert f'run_lesson("{lesson}"' in TESTS
