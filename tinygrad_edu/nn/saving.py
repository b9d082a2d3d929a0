"""Save and load states, as JSON: a state is names with numbers, or lists or matrices of numbers.

Nothing but numbers is read, so no file can make a program run, as a pickle can. Floats are exact to the bit.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tinygrad_edu.arguments import real, shown
from tinygrad_edu.files import file_path, write_whole

State = dict[str, Any]  # name -> a float, or lists of floats, or lists of such lists
SHOWN = 10  # misfits in an error


def save(thing: Any, path: str | Path) -> Path:
    """Write the state of a module, an optimiser or a schedule to a JSON file, whole or not at all; return its path.

    Raises ValueError if a number is nan or infinite: what has diverged is not worth keeping.
    """
    state = finite_state(stateful("save", thing).state_dict())
    entries = [f"{json.dumps(name)}: {json.dumps(array)}" for name, array in state.items()]
    return write_whole(path, "{\n" + ",\n".join(entries) + "\n}\n")


def load(thing: Any, path: str | Path) -> None:
    """Take over the state that `save` has written. Raises ValueError, and changes nothing, if it does not fit."""
    stateful("load", thing)
    try:
        state = json.loads(file_path(path).read_text(encoding="utf-8"), parse_int=float)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON file of a state: {error}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds no state: it needs names with numbers, got a {type(state).__name__}")
    thing.load_state_dict(finite_state(state))


def stateful(user: str, thing: Any) -> Any:
    """Return what has a state. Raises TypeError for anything else."""
    if not hasattr(thing, "state_dict"):
        raise TypeError(f"{user} needs a module, an optimiser or a schedule, got {shown(thing)}")
    return thing


def finite_state(state: State) -> State:
    """Return a state. Raises ValueError naming the entries with a number that is nan or infinite."""
    numbers = {name: [x for x in leaves_in(array) if isinstance(x, float)] for name, array in state.items()}
    broken = [name for name in numbers if not all(map(math.isfinite, numbers[name]))]
    if broken:
        raise ValueError(f"nan or infinite numbers in {', '.join(first_few(broken))}")
    return state


def fitting(given: Any, needed: State) -> State:
    """Return a state in floats and lists. Raises ValueError, listing misfits, unless names and shapes are those needed.

    >>> fitting({"w": (1, 2)}, {"w": [0.0, 0.0]})
    {'w': [1.0, 2.0]}
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"state must be names with numbers, got {shown(given)}")
    given = {name: array.tolist() if hasattr(array, "tolist") else array for name, array in given.items()}
    misfits = [f"{name}: missing" for name in needed if name not in given]
    unlike = [name for name in given if name in needed and array_shape(given[name]) != array_shape(needed[name])]
    misfits += [f"{name}: needs {shape_text(needed[name])}, got {shape_text(given[name])}" for name in unlike]
    misfits += [f"{name}: not known here" for name in given if name not in needed]
    if misfits:
        raise ValueError("\n  ".join(["the state does not fit:", *first_few(misfits)]))
    return {name: each_in(given[name], real, name) for name in needed}


def first_few(lines: list[str]) -> list[str]:
    """Return the first lines, cut to a length that can be read, and how many more there are."""
    shown = [line if len(line) <= 200 else f"{line[:200]}…" for line in lines[:SHOWN]]
    return [*shown, f"… {len(lines) - SHOWN} more"] if len(lines) > SHOWN else shown


def shape_text(array: Any) -> str:
    """Return the shape of an entry in words: "a list of 1 × 3", or "a number"."""
    shape = array_shape(array)
    if shape is None:
        return "something else than numbers in equal rows"
    return f"a list of {' × '.join(map(str, shape))}" if shape else "a number"


def array_shape(array: Any, kind: Any = (float, int)) -> tuple[int, ...] | None:
    """Return () for a number, (n,) for a list of n, (rows, columns) for a matrix; None for anything else."""
    parts, shape = [array], []
    while parts and all(isinstance(part, (list, tuple)) for part in parts):  # a loop: a file may be nested deeply
        if len(set(map(len, parts))) > 1:
            return None
        shape.append(len(parts[0]))
        parts = [inner for part in parts for inner in part]
    return tuple(shape) if all(isinstance(part, kind) for part in parts) else None


def each_in(array: Any, change: Callable[[Any, str], Any], name: str) -> Any:
    """Return an entry with each of its members changed; `change` is told the member's name too: "w.1"."""
    if isinstance(array, (list, tuple)):
        return [each_in(part, change, f"{name}.{i}") for i, part in enumerate(array)]
    return change(array, name)


def leaves_in(array: Any) -> list[Any]:
    """Return all members of an entry that are no lists, however deep in lists, the last first."""
    leaves, waiting = [], [array]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting += part
        else:
            leaves.append(part)
    return leaves
