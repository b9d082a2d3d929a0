"""What every test runs with: the same random examples in every run, and no time limit on a single one."""

import pytest
from hypothesis import settings

settings.register_profile("tinygrad_edu", derandomize=True, database=None, deadline=None, max_examples=50)
settings.load_profile("tinygrad_edu")
pytest.register_assert_rewrite("tests.oracles")
