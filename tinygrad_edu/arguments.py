"""Check what is passed in: return it, made a float, an int or a list, or refuse it by name.

`name` is what the error calls the argument.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Complex, Real
from typing import Any, TypeVar

T = TypeVar("T")


def real(number: object, name: str = "") -> float:
    """Return any real number as a float. Raises TypeError for everything else, text and complex numbers included.

    >>> real(2)
    2.0
    """
    if type(number) is float:
        return number
    complex_or_text = isinstance(number, (str, Complex)) and not isinstance(number, Real)  # numpy's have a __float__
    if (hasattr(number, "__float__") or hasattr(number, "__index__")) and not complex_or_text:
        return float(number)  # type: ignore[arg-type]
    prefix = f"{name}: " if name else ""
    raise TypeError(f"{prefix}a real number is needed, got {number!r} ({type(number).__name__})")


def positive(name: str, number: object) -> float:
    """Return a number above 0 and finite as a float. Raises TypeError or ValueError for anything else."""
    x = real(number, name)
    if not 0.0 < x < math.inf:
        raise ValueError(f"{name} must be a positive number, got {number}")
    return x


def not_negative(name: str, number: object) -> float:
    """Return a finite number of 0 or more as a float. Raises TypeError or ValueError for anything else."""
    x = real(number, name)
    if not 0.0 <= x < math.inf:
        raise ValueError(f"{name} must be 0 or a positive number, got {number}")
    return x


def fraction(name: str, number: object) -> float:
    """Return a number from 0 to below 1 as a float. Raises TypeError or ValueError for anything else."""
    x = real(number, name)
    if not 0.0 <= x < 1.0:
        raise ValueError(f"{name} must be from 0 to below 1, got {number}")
    return x


def count(name: str, number: object, least: int = 1) -> int:
    """Return a whole number of `least` or more as an int. Raises TypeError or ValueError for anything else."""
    x = real(number, name)
    if not x >= least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    if x != x // 1:
        raise ValueError(f"{name} must be a whole number, got {number}")
    return int(x)


def instances(name: str, xs: Any, kind: type[T]) -> list[T]:
    """Return several objects of a class as a list. Raises TypeError, with the first that is none, for anything else."""
    if isinstance(xs, kind) or not isinstance(xs, Iterable):
        raise TypeError(f"{name} must be a list of {kind.__name__}s, got {xs!r} ({type(xs).__name__})")
    found: list[T] = list(xs)
    for x in found:
        if not isinstance(x, kind):
            raise TypeError(f"{name}: a {kind.__name__} is needed, got {x!r} ({type(x).__name__})")
    return found


def distinct_leaves(user: str, parameters: Any, kind: type[T]) -> list[T]:
    """Return parameters, each of them once and none of them computed, as a list.

    `user` is what needs them, such as "an optimiser". Raises TypeError or ValueError for anything else.
    """
    leaves: list[Any] = instances(f"parameters of {user}", parameters, kind)
    if not leaves:
        raise ValueError(f"{user} needs parameters, got none")
    for i, leaf in enumerate(leaves):
        if leaf.op:
            raise ValueError(f"{leaf.label or f'parameter {i}'} is computed by {leaf.op}: {user} needs leaves")
    seen: set[Any] = set()
    for i, leaf in enumerate(leaves):
        if leaf in seen:
            raise ValueError(f"{leaf.label or f'parameter {i}'} is given twice")
        seen.add(leaf)
    return leaves
