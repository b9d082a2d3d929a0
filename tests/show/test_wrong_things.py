"""Whatever is passed to what shows a graph: no error that names neither argument nor function, and no file is left."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wrong import WRONG
from tinygrad_edu import (
    Parameter,
    Stepper,
    Value,
    backward_steps,
    draw_dot,
    explain,
    save_graph,
    save_stepper,
    static_graph,
    trace,
)


def root() -> Value:
    return Value(1.0, "x") * Parameter(2.0, "w")


def page_of(function_or_root: Any, path: Any, max_nodes: Any) -> Any:
    return save_stepper(function_or_root, path, max_nodes=max_nodes)


def stepper_of(function_or_root: Any, max_nodes: Any) -> Any:
    return Stepper(function_or_root, max_nodes=max_nodes)


def all_steps(root: Any) -> Any:
    return list(backward_steps(root))


def leaf_in_trace(leaves: Any) -> Any:
    return trace(root(), leaves)


def called(function: Any, parameters: Any, limit: Any) -> Any:
    return static_graph(function, parameters, limit)


CALLS: dict[Callable[..., Any], Callable[[], dict[str, Any]]] = {
    explain: lambda: {"root": root(), "max_paths": 1},
    trace: lambda: {"root": root(), "max_paths": 1},
    leaf_in_trace: lambda: {"leaves": None},
    draw_dot: lambda: {"root": root(), "title": "t", "max_nodes": 9, "marked": {}, "weights": None, "direction": None},
    save_graph: lambda: {"root": root(), "path": "f.gv", "title": "t"},
    all_steps: lambda: {"root": root()},
    page_of: lambda: {"function_or_root": root(), "path": "f.html", "max_nodes": 9},
    stepper_of: lambda: {"function_or_root": root(), "max_nodes": 9},
    called: lambda: {"function": lambda x: x, "parameters": [Parameter(1.0)], "limit": 9},
}
MORE_WRONG: dict[str, Callable[[], Any]] = {
    **WRONG,
    "list of a Value": lambda: [Value(1.0)],
    "function": lambda: lambda: Value(1.0),
}


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__name__)
def test_no_error_names_neither_argument_nor_function(
    function: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where there is one, no file has been written."""
    monkeypatch.chdir(tmp_path)
    names = [function.__name__, "does not depend on", "a static graph needs", "path cannot be written"]
    names.append("MLP(x): missing a required argument: 'x'")  # of the learner's own function
    for argument, (wrong, make) in itertools.product(CALLS[function](), MORE_WRONG.items()):
        before = sorted(tmp_path.iterdir())
        error = error_of(function, {**CALLS[function](), argument: make()})
        assert error is None or any(name in str(error) for name in [argument, *names]), (argument, wrong, error)
        assert error is None or sorted(tmp_path.iterdir()) == before, (argument, wrong)


def error_of(function: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    try:
        function(**arguments)
    except (TypeError, ValueError, OSError, OverflowError) as error:
        return error
    return None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "svg"}, r"draw_dot takes no format=: save_graph\(root, 'f\.png'\) tells the format by the name$"),
        ({"rankdir": "TB"}, r"draw_dot takes no rankdir=: write direction='LR' or 'TB'$"),
        ({"colour": "red"}, r"draw_dot takes no colour=$"),
    ],
)
def test_an_option_of_another_library_is_told_by_its_name_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        draw_dot(root(), **options)
