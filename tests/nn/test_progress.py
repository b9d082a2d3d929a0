"""What is shown during training: a live line on a terminal, a few plain lines elsewhere, or nothing."""

from __future__ import annotations

import io
import math
import re
import sys
from typing import Any

import pytest

from tinygrad_edu.nn import MLP, binary_cross_entropy, fit, progress, xor
from tinygrad_edu.nn.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> Any:
        return True

    def screen(self) -> Any:
        """What stands there in the end: a carriage return goes back to the start of the line."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            lines.append(shown.rstrip())
        return lines


def train(epochs: int, shown: bool = True, monkeypatch: pytest.MonkeyPatch | None = None, stream: Any = None) -> Any:
    if stream:
        monkeypatch.setattr("sys.stdout", stream)
    model = MLP(2, [2, 1], seed=0)
    return fit(model, binary_cross_entropy, xor(), xor(), epochs=epochs, patience=epochs, seed=0, progress=shown)


def test_elsewhere_ten_plain_lines_and_the_ending_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    history = train(200)
    *lines, ending = capsys.readouterr().out.splitlines()
    assert [re.match(r"epoch (\d+)/200  loss \d\.\d{4}  validation error \d\.\d{4}$", line)[1] for line in lines] == [
        str(n) for n in range(20, 201, 20)
    ]
    assert ending == history.ending


def test_a_short_training_writes_a_line_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    train(3)
    assert len(capsys.readouterr().out.splitlines()) == 3 + 1


def test_without_progress_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    train(3, shown=False)
    assert capsys.readouterr().out == ""


def test_on_a_terminal_one_line_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_INTERVAL", 0.0)
    terminal = Terminal()
    history = train(5, monkeypatch=monkeypatch, stream=terminal)
    states = terminal.getvalue().split("\n")[0].split("\r")
    assert any(re.match(r"epoch 4/5  loss \S+  validation error \S+  \d+:\d\d left", state) for state in states)
    assert terminal.screen() == [f"epoch 5/5  {history.epochs[-1]}", history.ending, ""]


def test_the_live_line_ends_before_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_INTERVAL", 0.0)
    monkeypatch.setattr("sys.stdout", Terminal())
    model = MLP(2, [2, 1], seed=0)
    calls = iter([0.0, math.nan])
    with pytest.raises(FloatingPointError):
        fit(model, lambda y, t: y * next(calls), ([[1.0, 1.0], [0.0, 0.0]], [0, 0]), batch_size=1)
    assert sys.stdout.getvalue().endswith("\n")


def test_the_live_line_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_INTERVAL", 0.0)
    monkeypatch.setenv("COLUMNS", "30")
    terminal = Terminal()
    train(5, monkeypatch=monkeypatch, stream=terminal)
    assert max(map(len, terminal.getvalue().split("\n")[0].split("\r"))) == 29


def test_the_live_line_moves_within_an_epoch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_INTERVAL", 0.0)
    terminal = Terminal()
    batches = list(Progress(2, stream=terminal).watch(["a", "b", "c"]))
    assert batches == ["a", "b", "c"]
    assert len(re.findall(r"\repoch 0/2  \d:\d\d left", terminal.getvalue())) == 3


@pytest.mark.parametrize(("elapsed", "done", "left"), [(10.0, 1.0, "0:30 left"), (60.0, 0.5, "7:00 left")])
def test_the_time_left_is_estimated_from_the_epochs_so_far(
    monkeypatch: pytest.MonkeyPatch, elapsed: float, done: float, left: str
) -> None:
    shown = Progress(4, stream=io.StringIO())
    monkeypatch.setattr("time.monotonic", lambda: shown.started + elapsed)
    assert shown.time_left(done) == left
