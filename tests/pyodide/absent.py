"""What Pyodide's Python has not, as a plugin of pytest: a test that asks for a process or a thread is skipped."""

from collections.abc import Iterator

import pytest

ABSENT = {
    "[Errno 138] emscripten does not support processes.": "there are no processes here",
    "can't start new thread": "there are no threads here",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip a test that fails for want of something; what the package itself catches is tested like anything else."""
    try:
        return (yield)
    except (OSError, RuntimeError) as error:
        if str(error) in ABSENT:
            pytest.skip(ABSENT[str(error)])
        raise


pytest_runtest_setup = pytest_runtest_call
