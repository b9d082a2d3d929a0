"""Check what is passed in: return it, made a float, an int or a list, or refuse it by the `name` of the argument."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Complex, Real
from typing import Any, TypeVar

T = TypeVar("T")
LONGEST = 200  # characters of a refused argument that an error shows


@dataclass(frozen=True)
class Range:
    """Hold the least number that is allowed, and the first that is not: `positive("lr", lr)` checks one."""

    text: str
    low: float
    below: float

    def __call__(self, name: str, x: object) -> float:
        """Return a number of the range as a float. Raises TypeError or ValueError for anything else."""
        as_float = real(x, name)
        if not self.low <= as_float < self.below:
            raise ValueError(f"{name} must be {self.text}, got {x}")
        return as_float


finite = Range("a finite number", math.nextafter(-math.inf, 0.0), math.inf)
positive = Range("a positive number", math.ulp(0.0), math.inf)
not_negative = Range("0 or a positive number", 0.0, math.inf)
fraction = Range("from 0 to below 1", 0.0, 1.0)


def real(number: object, name: object = "") -> float:
    """Return any real number as a float, numpy's and arrays of no dimension included.

    Raises TypeError for everything else, text, complex numbers and tensors included, OverflowError beyond all floats.

    >>> real(2)
    2.0
    """
    if type(number) is float:
        return number
    prefix = f"{name}: " if name else ""
    found: Any = number
    if hasattr(found, "__array_interface__") and found.shape == ():  # numpy's, and not a tensor
        found = found.item()
    other = isinstance(found, (str, Complex)) and not isinstance(found, Real) or hasattr(found, "shape")
    if not other and (hasattr(found, "__float__") or hasattr(found, "__index__")):
        try:
            return float(found)
        except (OverflowError, ValueError) as error:  # 10 ** 400, a signalling nan
            raise type(error)(f"{prefix}a real number is needed, got {shown(number)}: {error}") from None
    raise TypeError(f"{prefix}a real number is needed, got {shown(number)}")


def shown(x: object) -> str:
    """Write a refused argument for an error, in a line of moderate length: "'1' (str)"."""
    text = " ".join(repr(x).split())
    return f"{text if len(text) <= LONGEST else f'{text[:LONGEST]} …'} ({type(x).__name__})"


def instance(name: str, x: object, kind: type[T]) -> T:
    """Return an object of a class. Raises TypeError for anything else."""
    if not isinstance(x, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, got {shown(x)}")
    return x


def function(name: str, f: object) -> None:
    """Raise TypeError for what cannot be called."""
    if not callable(f):
        raise TypeError(f"{name} must be a function, got {shown(f)}")


def one_of(name: str, x: object, *words: str) -> None:
    """Raise ValueError for what is neither None nor one of some words."""
    if not (x is None or isinstance(x, str) and x in words):
        raise ValueError(f"{name} must be {' or '.join(map(repr, words))}, got {x!r}")


def count(name: str, x: object, least: int = 1) -> int:
    """Return a whole number of `least` or more as an int. Raises TypeError or ValueError for anything else."""
    as_float = real(x, name)
    if not as_float >= least:
        raise ValueError(f"{name} must be at least {least}, got {x}")
    if as_float % 1.0 != 0.0:
        raise ValueError(f"{name} must be a whole number, got {x}")
    return int(as_float)


def listed(name: str, xs: Any) -> list[Any]:
    """Return what can be gone through as a list; an array of numpy's as lists of floats and ints.

    Raises TypeError for anything else, text and dictionaries included.

    >>> listed("xs", (x * x for x in [1, 2]))
    [1, 4]
    """
    found = xs.tolist() if hasattr(xs, "__array__") and hasattr(xs, "tolist") else xs
    if isinstance(found, (str, bytes, Mapping)) or not isinstance(found, Iterable):
        raise TypeError(f"{name} must be a list, got {shown(xs)}")
    return list(found)


def every(name: str, xs: Any, check: Callable[[str, Any], T], length: int = 0) -> list[T]:
    """Return a list of what `check` returns for each of several things; its errors name the place.

    >>> every("sizes", (2, 3.0), count)
    [2, 3]
    """
    found = [check(f"{name}[{i}]", x) for i, x in enumerate(listed(name, xs))]
    if length and len(found) != length:
        raise ValueError(f"{name} must be a list of {length}, got {len(found)}")
    return found


def several(x: object) -> bool:
    """Tell whether something stands for several numbers: a list, an iterator, an array with a dimension."""
    return isinstance(x, (Sequence, Iterator)) or getattr(x, "ndim", 0) > 0


def instances(name: str, xs: Any, kind: type[T]) -> list[T]:
    """Return several objects of a class as a list. Raises TypeError, with the first that is none, for anything else."""
    return every(name, xs, lambda place, x: instance(place, x, kind))


def distinct_leaves(user: str, parameters: Any, kind: type[T]) -> list[T]:
    """Return parameters as a list. Raises TypeError or ValueError unless they are leaves that vary, each given once."""
    leaves: list[Any] = instances(f"parameters of {user}", parameters, kind)
    if not leaves:
        raise ValueError(f"{user} needs parameters, got none")
    seen: set[Any] = set()
    for i, leaf in enumerate(leaves):
        name = leaf.label or f"parameter {i}"
        if leaf.op:
            raise ValueError(f"{name} is computed by {leaf.op}: {user} needs leaves")
        if not leaf.varies:
            raise ValueError(f"{leaf!r} is no parameter: it is a constant")
        if leaf in seen:
            raise ValueError(f"{name} is given twice")
        seen.add(leaf)
    return leaves
