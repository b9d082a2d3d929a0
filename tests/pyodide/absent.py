"""What Pyodide's Python has not, as a plugin of pytest: a test that asks for a process or a thread is skipped."""

import errno
from collections.abc import Iterator

import pytest


def absent(error: Exception) -> str | None:
    """The reason to skip a test that ended with this error; None where that is a failure."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSYS, errno.ENOTSUP):  # os.fork, subprocess
        return "there are no processes here"
    return "there are no threads here" if str(error) == "can't start new thread" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip a test that fails for want of something; what the package itself catches is tested like anything else."""
    try:
        return (yield)
    except Exception as error:
        if reason := absent(error):
            pytest.skip(reason)
        raise


pytest_runtest_setup = pytest_runtest_call
