"""Sweeps over many cases: a few of them run always, the rest with the slow tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def mostly_slow(cases: Iterable[Any], *quick: Any) -> list[Any]:
    """The cases for `parametrize`, all but the quick ones marked as slow; a case of several arguments is a tuple."""
    found = list(cases)
    assert all(case in found for case in quick), quick
    arguments = [case if isinstance(case, tuple) else (case,) for case in found]
    marks: list[Any] = [() if case in quick else pytest.mark.slow for case in found]
    return [pytest.param(*values, marks=mark) for values, mark in zip(arguments, marks, strict=True)]
