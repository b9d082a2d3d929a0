"""What is wrong almost everywhere: each made anew, as some are used up."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, History

WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "text": lambda: "x",
    "no text": lambda: "",
    "bytes": lambda: b"x",
    "[]": list,
    "[None]": lambda: [None],
    "[[]]": lambda: [[]],
    "[[nan]]": lambda: [[math.nan]],
    "rows of unequal length": lambda: [[1.0], [1.0, 2.0], [1.0]],
    "{}": dict,
    "set": lambda: {1.0},
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1.5": lambda: 1.5,
    "10**400": lambda: 10**400,
    "1j": lambda: 1j,
    "object": object,
    "Value": lambda: Value(1.0),
    "module": lambda: MLP(2, [1], seed=0),
    "history": lambda: History(),
    "folder": lambda: Path("folder"),
    "missing folder": lambda: Path("missing/file.svg"),
    "NUL": lambda: "a\0.svg",
    "generator": lambda: iter([]),
}
