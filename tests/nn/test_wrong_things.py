"""Whatever is passed in: no error that names neither argument nor function, and nothing has changed."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps import mostly_slow
from tests.wrong import WRONG
from tinygrad_edu.files import write_whole
from tinygrad_edu.nn import (
    History,
    accuracy,
    blobs,
    circles,
    confusion_matrix,
    mini_batches,
    moons,
    one_hot,
    plot_decision_boundary,
    plot_loss,
    plots,
    sine,
    spirals,
    standardise,
    train_test_split,
    xor,
)
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.nn.metrics import predicted_class
from tinygrad_edu.nn.training import Epoch

INPUTS, TARGETS = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1]
EXAMPLES = {"inputs": INPUTS, "targets": TARGETS}


def first(x: Any) -> Any:
    """A model that tells by the first feature."""
    return x[0] - 0.5


def draw_nothing(path: Any, columns: Any) -> Any:
    return save_figure(path, lambda *axes: None, columns)


def write_text(path: Any) -> Any:
    return write_whole(path, "x")


def history() -> History:
    """One epoch."""
    found = History()
    found.append(Epoch(1, 0.5, None))
    return found


# Each public function with arguments that are right.
CALLS: dict[Callable[..., Any], Callable[[], dict[str, Any]]] = {
    **{made_up: lambda: {"n": 4, "noise": 0.1, "seed": 0} for made_up in (moons, circles, spirals, xor, blobs, sine)},
    train_test_split: lambda: {**EXAMPLES, "test_size": 1 / 3, "seed": 0},
    mini_batches: lambda: {**EXAMPLES, "batch_size": 2, "seed": 0},
    standardise: lambda: {"train": INPUTS},
    one_hot: lambda: {"k": 1, "n_classes": 2},
    predicted_class: lambda: {"output": 1.0, "threshold": 0.5},
    accuracy: lambda: {"model": first, **EXAMPLES, "names": ["a", "b"], "threshold": 0.5},
    confusion_matrix: lambda: {"model": first, **EXAMPLES, "names": ["a", "b"], "threshold": 0.5},
    plot_loss: lambda: {"history": history(), "path": "loss.svg"},
    plot_decision_boundary: lambda: {"model": first, **EXAMPLES, "path": "plane.svg", "names": [], "threshold": 0.5},
    draw_nothing: lambda: {"path": "figure.svg", "columns": 1},
    write_text: lambda: {"path": "file"},
}
CALLS[spirals] = lambda: {"n": 4, "noise": 0.1, "seed": 0, "turns": 1.0}
CALLS[blobs] = lambda: {"n": 4, "noise": 0.1, "seed": 0, "n_classes": 2}
FIGURES = {plot_loss, plot_decision_boundary, draw_nothing}


PLACES = [(function, argument) for function, arguments in CALLS.items() for argument in arguments()]
QUICK = [(function, argument) for function, argument in PLACES if function not in (plot_loss, plot_decision_boundary)]


def test_there_are_many_cases_and_every_argument_is_among_them() -> None:
    assert len(PLACES) * len(WRONG) >= 400
    for function, arguments in CALLS.items():
        needed = {
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is not parameter.VAR_POSITIONAL
        }
        assert needed - set(arguments()) <= {"name"}


def test_each_call_is_right_before_it_is_made_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    for function, arguments in CALLS.items():
        function(**arguments())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["figure.svg", "file", "loss.svg", "plane.svg"]


@pytest.mark.parametrize(
    ("function", "argument"),
    mostly_slow(PLACES, *QUICK),
    ids=[f"{function.__name__}-{argument}" for function, argument in PLACES],
)
def test_a_wrong_argument_is_named_and_nothing_has_changed(
    function: Callable[..., Any],
    argument: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Or it is taken: a count of 1 where a number belongs, text where a name does."""
    if function in FIGURES:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plots, "CELLS", 4)
    (tmp_path / "folder").mkdir()
    for wrong, make in WRONG.items():
        before = random.getstate(), sorted(tmp_path.rglob("*"))
        failure = failure_of({**CALLS[function](), argument: make()}, function)
        printed = capsys.readouterr().out
        if failure:
            assert re.search(rf"\b({argument}|{function.__name__})\b", str(failure)), (wrong, failure)
            assert (random.getstate(), sorted(tmp_path.rglob("*"))) == before, wrong
            assert printed == "", wrong


def failure_of(arguments: dict[str, Any], function: Callable[..., Any]) -> Exception | None:
    """What a call raises."""
    try:
        function(**arguments)
    except Exception as error:
        return error
    return None
