"""Plots: characters anywhere, pictures where matplotlib is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.nn import History, blobs, plot_decision_boundary, plot_loss
from tinygrad_edu.nn.plots import COLUMNS, ROWS
from tinygrad_edu.nn.training import Epoch

FALLING = [8.0, 4.0, 2.0, 1.0, 0.5]


def history_of(errors: Any) -> Any:
    history = History()
    for number, (loss, error) in enumerate(zip(FALLING, errors, strict=True), start=1):
        history.append(Epoch(number, loss, error))
    return history


def right_half(x: Any) -> Any:
    """Class 1 on the right of x1 = 0."""
    return x[0]


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """The rows of the plot, without its frame, and the legend."""
    top, *rows, bottom, legend = capsys.readouterr().out.splitlines()
    assert top == bottom == f"+{'-' * COLUMNS}+"
    assert len(rows) == ROWS
    return [row[1:-1] for row in rows], legend


def test_the_loss_in_characters_falls_from_the_top_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert plot_loss(history_of([None] * 5)) is None
    rows, legend = printed(capsys)
    assert rows[0] == "*".ljust(COLUMNS)
    columns = [row.index("*") for row in rows if "*" in row]
    assert columns == sorted(columns)
    assert len(columns) == 5
    assert legend == "* training loss; epochs 1 to 5, up to 8"


def test_the_validation_error_is_a_second_curve(capsys: pytest.CaptureFixture[str]) -> None:
    plot_loss(history_of([8.0, 7.0, 6.0, 7.0, 8.0]))
    rows, legend = printed(capsys)
    assert sum(row.count("o") for row in rows) == 5
    assert "o validation error" in legend


def test_the_decision_boundary_in_characters_divides_the_plane(capsys: pytest.CaptureFixture[str]) -> None:
    inputs, targets = [[-1.0, 0.0], [1.0, 0.0], [-0.5, 1.0]], [0, 1, 1]
    assert plot_decision_boundary(right_half, inputs, targets) is None
    rows, legend = printed(capsys)
    assert rows[-1] == " " * 32 + "." * 32
    assert sorted("".join(rows).replace(" ", "").replace(".", "")) == ["0", "1", "1"]
    assert rows[2].strip(" .") == "1"  # the point at the top
    assert legend == "digits: the examples' classes; predicted: 0 where ' ', 1 where '.'"


def test_without_matplotlib_a_line_says_how_to_get_a_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    assert plot_loss(history_of([None] * 5), tmp_path / "loss.png") is None
    output = capsys.readouterr()
    assert "* training loss" in output.out
    assert output.err == "matplotlib is not installed, so here are characters; for a picture: pip install matplotlib\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_with_matplotlib_a_picture_is_written(suffix: str, start: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    inputs, classes = blobs(30, seed=0, n_classes=7)
    pictures = [
        plot_loss(history_of([8.0, 7.0, 6.0, 7.0, 8.0]), tmp_path / f"loss{suffix}"),
        plot_decision_boundary(lambda x: [x[0], x[1], -x[0]], inputs, classes, tmp_path / f"plane{suffix}"),
    ]
    for picture in pictures:
        assert picture.read_bytes().startswith(start)


def test_what_cannot_be_plotted_is_refused() -> None:
    with pytest.raises(ValueError, match="no epoch"):
        plot_loss(History())
    with pytest.raises(ValueError, match="two features"):
        plot_decision_boundary(right_half, [[1.0, 2.0, 3.0]], [0])
