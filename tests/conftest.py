"""What every test runs with: the same random examples in every run, and no time limit on a single one."""

import pytest
from hypothesis import settings

from tests.pythons import THIS, VERSIONS, python_of

settings.register_profile("tinygrad_edu", derandomize=True, database=None, deadline=None, max_examples=50)
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
