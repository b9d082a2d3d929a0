"""Save and load states, as JSON: a state is names with numbers, or lists or matrices of numbers.

Nothing but numbers is read, so no file can make a program run, as a pickle can. Floats are exact to the bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from tinygrad_edu.files import write_whole

State = dict[str, Any]  # name -> a float, or lists of floats, or lists of such lists


class HasState(Protocol):
    """Stand for what can be saved: a module or an optimiser."""

    def state_dict(self) -> State:
        """Return the state."""

    def load_state_dict(self, state: State) -> None:
        """Take over a state."""


def save(thing: HasState, path: str | Path) -> Path:
    """Write the state of a module or an optimiser to a JSON file, whole or not at all; return its path.

    Raises ValueError if a number is nan or infinite: what has diverged is not worth keeping.
    """
    state = thing.state_dict()
    check_finite(state)
    entries = [f"{json.dumps(name)}: {json.dumps(array)}" for name, array in state.items()]
    return write_whole(path, "{\n" + ",\n".join(entries) + "\n}\n")


def load(thing: HasState, path: str | Path) -> None:
    """Take over the state that `save` has written.

    Raises ValueError, and changes nothing, if the file holds something else, if a number is nan or infinite, or if an
    entry is missing, too many or of the wrong size; all of them are listed.
    """
    try:
        state = json.loads(Path(path).read_text(encoding="utf-8"), parse_int=float)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON file: {error}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds no state: it needs names with numbers, got a {type(state).__name__}")
    check_finite(state)
    thing.load_state_dict(state)


def check_finite(state: State) -> None:
    """Raise ValueError naming every entry with a number that is nan or infinite."""
    broken = [name for name, array in state.items() if not all(map(math.isfinite, floats_in(array)))]
    if broken:
        raise ValueError(f"nan or infinite numbers in {', '.join(broken)}")


def check_state(given: Mapping[str, Any], needed: Mapping[str, Any]) -> None:
    """Raise ValueError, listing all misfits, unless both have the same names with numbers of the same shape.

    >>> check_state({"w": [1.0, 2.0], "c": 0.0}, {"w": [0.0], "b": 0.0})
    Traceback (most recent call last):
    ...
    ValueError: the state does not fit:
      b: missing
      w: needs a list of 1, got a list of 2
      c: not known here
    """
    misfits = [f"{name}: missing" for name in needed if name not in given]
    misfits += [
        f"{name}: needs {shape_text(needed[name])}, got {shape_text(array)}"
        for name, array in given.items()
        if name in needed and array_shape(array) != array_shape(needed[name])
    ]
    misfits += [f"{name}: not known here" for name in given if name not in needed]
    if misfits:
        raise ValueError("\n  ".join(["the state does not fit:", *misfits]))


def shape_text(array: Any) -> str:
    """Return the shape of an entry in words.

    >>> shape_text([[1.0, 2.0, 3.0]]), shape_text(0.5)
    ('a list of 1 × 3', 'a number')
    """
    shape = array_shape(array)
    if shape is None:
        return "something else than numbers in equal rows"
    return f"a list of {' × '.join(map(str, shape))}" if shape else "a number"


def array_shape(array: Any) -> tuple[int, ...] | None:
    """Return () for a number, (n,) for a list of n, (rows, columns) for a matrix; None for anything else."""
    if not isinstance(array, list):
        return () if isinstance(array, float) else None
    shapes = {array_shape(part) for part in array}
    if len(shapes) > 1 or None in shapes:
        return None
    inner = shapes.pop() if shapes else ()
    return None if inner is None else (len(array), *inner)


def floats_in(array: Any) -> Iterator[float]:
    """Yield every number of an entry, in order."""
    if isinstance(array, list):
        for part in array:
            yield from floats_in(part)
    elif isinstance(array, float):
        yield array
