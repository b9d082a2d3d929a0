"""What every test runs with: the same random examples in every run, and no time limit on a single one.

`--hypothesis-profile=thorough` tries fifty random examples instead of six.
"""

import gc
from collections.abc import Sequence

import pytest
from hypothesis import settings

from tests.pythons import THIS, VERSIONS, python_of

for name, max_examples in {"tinygrad_edu": 6, "thorough": 50}.items():
    settings.register_profile(name, derandomize=True, database=None, deadline=None, max_examples=max_examples)
settings.load_profile("tinygrad_edu")
pytest.register_assert_rewrite("tests.oracles")

others = [pytest.param(version, marks=pytest.mark.slow) for version in VERSIONS if version != THIS]


@pytest.fixture(params=[THIS, *others])
def python(request: pytest.FixtureRequest) -> str:
    """An interpreter: this one's, and, slowly, those of other versions."""
    found = python_of(request.param)
    if not found:
        pytest.skip(f"no Python {request.param} here")
    return found


QUICK_LESSONS = ["test_what_goes_wrong", "test_worked_example", "[01_", "is_spelled_or_ascii"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A lesson runs for seconds: all but a few are slow tests."""
    for item in items:
        of_a_lesson = item.path.name.startswith(("test_lessons_on_", "test_demos"))
        if of_a_lesson and not any(name in item.name for name in QUICK_LESSONS):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Leave what was imported to itself: collecting garbage looks at what the tests make only."""
    gc.collect()
    gc.freeze()
