"""Plots: characters anywhere, pictures where matplotlib is installed."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps import mostly_slow
from tinygrad_edu import Value, sigmoid
from tinygrad_edu.nn import History, blobs, figures, plot_decision_boundary, plot_loss
from tinygrad_edu.nn.plots import COLUMNS, ROWS
from tinygrad_edu.nn.training import Epoch

FALLING = [8.0, 4.0, 2.0, 1.0, 0.5]


def history_of(errors: Any, losses: Any = FALLING) -> Any:
    history = History()
    for number, (loss, error) in enumerate(zip(losses, errors, strict=True), start=1):
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
    assert legend == "* training loss; epochs 1 to 5, from 0 to 8"


def test_the_validation_error_is_a_second_curve(capsys: pytest.CaptureFixture[str]) -> None:
    plot_loss(history_of([8.0, 7.0, 6.0, 7.0, 8.0]))
    rows, legend = printed(capsys)
    assert sum(row.count("o") for row in rows) == 5
    assert "o validation error" in legend


NAN, INF = math.nan, math.inf


def places(rows: list[str], mark: str) -> list[tuple[int, int]]:
    """(column, row from below) of each mark."""
    return sorted((x, ROWS - 1 - y) for y, row in enumerate(rows) for x, found in enumerate(row) if found == mark)


LAST = COLUMNS - 1


@pytest.mark.parametrize(
    ("losses", "expected", "scale"),
    [
        ([10.0, 0.0, -9.0], [(0, 19), (31, 9), (LAST, 0)], "1 to 3, from -9 to 10"),
        ([-1.0, -9.5, -19.0], [(0, 18), (31, 9), (LAST, 0)], "1 to 3, from -19 to 0"),
        ([19.0, 9.0], [(0, 19), (LAST, 9)], "1 to 2, from 0 to 19"),
        ([0.5], [(0, 19)], "1 to 1, from 0 to 0.5"),
        ([-0.5], [(0, 0)], "1 to 1, from -0.5 to 0"),
        ([0.0, 0.0], [(0, 0), (LAST, 0)], "1 to 2, from 0 to 1"),
        ([19.0, NAN, INF, 0.0], [(0, 19), (LAST, 0)], "1 to 4, from 0 to 19"),
        ([NAN, 19.0, -INF, 0.0], [(21, 19), (LAST, 0)], "1 to 4, from 0 to 19"),
        ([19e250, 0.0, NAN], [(0, 19), (LAST, 0)], "1 to 2, from 0 to 1.9e+251"),
        ([1.7e308, 0.0, -1.7e308], [(0, 19), (31, 9), (LAST, 0)], "1 to 3, from -1.7e+308 to 1.7e+308"),
        ([-1.7e308], [(0, 0)], "1 to 1, from -1.7e+308 to 0"),
        ([5e-324, 0.0], [(0, 19), (LAST, 0)], "1 to 2, from 0 to 4.941e-324"),
        ([-3.0, -3.0], [(0, 0), (LAST, 0)], "1 to 2, from -3 to 0"),
    ],
    ids=str,
)
def test_a_loss_of_any_sign_and_number_has_its_place(
    losses: Any, expected: Any, scale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 is always within; what is not finite is left out."""
    plot_loss(history_of([None] * len(losses), losses))
    rows, legend = printed(capsys)
    assert places(rows, "*") == expected
    assert legend == f"* training loss; epochs {scale}"


@pytest.mark.parametrize("n", [2, 3, 63, 64, 65, 100, 1000])
def test_a_history_of_any_length_goes_from_edge_to_edge(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    plot_loss(history_of([None] * n, [1.0 - i / (n - 1) for i in range(n)]))
    rows, legend = printed(capsys)
    marks = places(rows, "*")
    assert len({column for column, _ in marks}) == min(n, COLUMNS)
    assert (marks[0], marks[-1]) == ((0, ROWS - 1), (LAST, 0))
    assert f"epochs 1 to {n}," in legend


def test_an_error_stands_above_the_epoch_it_was_measured_in(capsys: pytest.CaptureFixture[str]) -> None:
    plot_loss(history_of([None, NAN, 8.0, None, 4.0]))
    rows, _ = printed(capsys)
    assert [column for column, _ in places(rows, "o")] == [31, LAST]


def axes_of(monkeypatch: pytest.MonkeyPatch, history: Any, path: Path) -> Any:
    """The axes that plot_loss draws on."""
    pytest.importorskip("matplotlib")
    drawn: list[Any] = []

    def save_figure(path: Path, draw: Any) -> Any:
        return figures.save_figure(path, lambda axes: (draw(axes), drawn.append(axes)))

    monkeypatch.setattr("tinygrad_edu.nn.plots.save_figure", save_figure)
    plot_loss(history, path)
    return drawn[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("losses", "errors"),
    [
        (FALLING, [None] * 5),
        ([1.0, 0.0, -1.0], [None] * 3),
        ([-1.0, -2.0, -3.0], [None, -1.5, -1.0]),
        ([NAN, 3.0, INF, 1.0], [NAN, 4.0, 5.0, INF]),
        ([0.5], [0.7]),
        ([0.0, 0.0], [None, None]),
        ([-3.0, -3.0], [-3.0, -3.0]),
        ([1e300, -1e300], [1e-300, 5e-324]),
        ([1e-300, 1e-300], [None, None]),
    ],
    ids=str,
)
def test_the_picture_shows_every_finite_number(
    losses: Any, errors: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From left to right and not upside-down, each curve within it, at whole epochs, from 0 if none is less."""
    axes = axes_of(monkeypatch, history_of(errors, losses), tmp_path / "loss.png")
    kept = [[(i, y) for i, y in enumerate(ys, 1) if y is not None and math.isfinite(y)] for ys in (losses, errors)]
    curves = [[*zip(*line.get_data(), strict=True)] for line in axes.lines]
    lowest = min(kept[1], key=lambda point: point[1]) if kept[1] else None
    assert curves == [points for points in [*kept, [lowest] if lowest else []] if points]
    left, right, bottom, top = axes.axis()
    assert bottom < top
    assert all(left <= x <= right and bottom <= y <= top for curve in curves for x, y in curve)
    assert (bottom == 0.0) == all(y >= 0.0 for points in kept for _, y in points)
    assert all(tick == round(tick) for tick in axes.get_xticks())
    assert all(line.get_marker() == "o" for line in axes.lines if len(line.get_xdata()) == 1)


@pytest.mark.parametrize("losses", [[1.7e308, -1.7e308], [-1.7e308] * 2, [1.7e308, 1.0, 1e-300]], ids=str)
def test_a_loss_that_matplotlib_cannot_draw_is_drawn_at_the_edge(
    losses: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [curve] = axes_of(monkeypatch, history_of([None] * len(losses), losses), tmp_path / "loss.png").lines
    assert list(curve.get_ydata()) == [math.copysign(min(abs(loss), 1e300), loss) for loss in losses]


def test_the_decision_boundary_in_characters_divides_the_plane(capsys: pytest.CaptureFixture[str]) -> None:
    inputs, targets = [[-1.0, 0.0], [1.0, 0.0], [-0.5, 1.0]], [0, 1, 1]
    assert plot_decision_boundary(right_half, inputs, targets) is None
    rows, legend = printed(capsys)
    assert rows[-1] == " " * 32 + "." * 32
    assert sorted("".join(rows).replace(" ", "").replace(".", "")) == ["0", "1", "1"]
    assert rows[2].strip(" .") == "1"  # the point at the top
    assert legend == "digits: the examples' classes; predicted: 0 where ' ', 1 where '.'"


def regions(rows: list[str]) -> set[str]:
    return set("".join(rows)) - set("0123456789")


@pytest.mark.parametrize("n", [2, 3, 7, 8])
def test_every_class_has_its_shade_and_its_place_in_the_legend(n: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Also the last, which no example is of: it is only predicted. Class k lies around x1 = k."""
    inputs = [[float(k), 0.0] for k in range(n)]
    plot_decision_boundary(lambda x: [-abs(x[0] - k) for k in range(n)], inputs, [min(k, n - 2) for k in range(n)])
    rows, legend = printed(capsys)
    shades = [(" .:-=+ .")[k] for k in range(n)]
    assert regions(rows) == set(shades)
    assert legend.split("predicted: ")[1] == ", ".join(f"{k} where {shade!r}" for k, shade in enumerate(shades))


def test_the_plane_of_classes_with_names_says_which_digit_is_whose(capsys: pytest.CaptureFixture[str]) -> None:
    targets = ["cat", "dog", "cow"]
    plot_decision_boundary(right_half, [[-1.0, 0.0], [1.0, 0.0], [0.5, 1.0]], targets, names=["cat", "dog"])
    rows, legend = printed(capsys)
    assert sorted(set("".join(rows)) - {" ", "."}) == ["0", "1", "2"]
    assert legend.split("predicted: ")[1] == "0 cat where ' ', 1 dog where '.', 2 cow where ':'"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (lambda x: sigmoid(Value(x[0])), {}),
        (lambda x: x[0] + 0.5, {"threshold": 0.5}),
        (lambda x: [-x[0], x[0]], {}),
        (lambda x: [x[0]], {}),
    ],
    ids=["probability", "threshold", "two logits", "a list of one"],
)
def test_the_boundary_is_where_the_prediction_changes(
    model: Any, options: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plot_decision_boundary(model, [[-1.0, 0.0], [1.0, 0.0]], [0, 1], **options)
    rows, _ = printed(capsys)
    assert rows[0] == rows[-1] == " " * 32 + "." * 32


@pytest.mark.parametrize("x", [0.0, 1e20, -1e-20, 1e300], ids=str)
def test_one_example_has_room_around_it(x: float, capsys: pytest.CaptureFixture[str]) -> None:
    plot_decision_boundary(lambda point: point[0] - x, [[x, x]], [0])
    rows, _ = printed(capsys)
    assert rows[-1] == " " * 32 + "." * 32


def test_inputs_may_be_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    numpy = pytest.importorskip("numpy")
    inputs, targets = [[-1.0, 0.0], [1.0, 0.0], [-0.5, 1.0]], [0, 1, 1]
    plot_decision_boundary(right_half, inputs, targets)
    expected = capsys.readouterr()
    plot_decision_boundary(right_half, numpy.array(inputs), numpy.array(targets))
    assert capsys.readouterr() == expected


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


PICTURES = [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]


@pytest.mark.parametrize(("suffix", "start"), mostly_slow(PICTURES, (".png", b"\x89PNG")))
def test_with_matplotlib_a_picture_is_written(suffix: str, start: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    inputs, classes = blobs(30, seed=0, n_classes=7)
    pictures = [
        plot_loss(history_of([8.0, 7.0, 6.0, 7.0, 8.0]), tmp_path / f"loss{suffix}"),
        plot_decision_boundary(lambda x: [x[0], x[1], -x[0]], inputs, classes, tmp_path / f"plane{suffix}"),
    ]
    for picture in pictures:
        assert picture.read_bytes().startswith(start)


@pytest.mark.parametrize("losses", [[], [NAN, INF], [-INF]], ids=str)
def test_a_history_without_a_finite_loss_is_refused(losses: Any, tmp_path: Path) -> None:
    for path in (None, tmp_path / "loss.png"):
        with pytest.raises(ValueError, match="^history has nothing to plot: no epoch was completed with a fin"):
            plot_loss(history_of([None] * len(losses), losses), path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_history_is_refused_by_name(tmp_path: Path) -> None:
    for wrong in (None, "x", [], [1.0], {}, NAN, object(), Value(1.0), History):
        with pytest.raises(TypeError, match="^history must be what fit returned, got "):
            plot_loss(wrong, tmp_path / "loss.png")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, r"model must be a function, got None \(NoneType\)"),
        ({"model": lambda x: None}, r"model\(inputs\[0\]\): a real number is needed, got None \(NoneType\)"),
        ({"model": lambda x: NAN}, r"model\(inputs\[0\]\) stands for no class, got \[nan\]"),
        ({"model": lambda x: NAN if x[0] > 1.0 else x[0]}, r"model\(\[1\.\d+, .*\]\) stands for no class, got nan"),
        ({"inputs": None}, r"inputs must be a list, got None \(NoneType\)"),
        ({"inputs": "x"}, r"inputs must be a list, got 'x' \(str\)"),
        ({"inputs": [1.0, 2.0]}, r"inputs\[0\] must be a list, got 1\.0 \(float\)"),
        ({"inputs": [[1.0, 2.0], [1.0, NAN]]}, r"inputs\[1\]\[1\] must be a finite number, got nan"),
        ({"inputs": [[1.0, 2.0], [1.0, INF]]}, r"inputs\[1\]\[1\] must be a finite number, got inf"),
        ({"inputs": [[1.0, 2.0], [1.0, "x"]]}, r"inputs\[1\]\[1\]: a real number is needed, got 'x' \(str\)"),
        ({"inputs": [[1.0, 2.0, 3.0]] * 2}, "inputs: a decision boundary .*: each input needs two features"),
        ({"inputs": [[1.0, 2.0], [1.0]]}, "inputs: a decision boundary .*: each input needs two features"),
        ({"inputs": [], "targets": []}, ".* got 0 inputs and 0 targets"),
        ({"targets": [0]}, ".* got 2 inputs and 1 targets"),
        ({"targets": None}, r"targets must be a list, got None \(NoneType\)"),
        ({"targets": [0, NAN]}, r"targets\[1\] stands for no class, got \[nan\]"),
        ({"names": "ab"}, r"names must be a list, got 'ab' \(str\)"),
        ({"names": ["a"]}, "names: the model needs 2 names, got 1"),
        ({"threshold": NAN}, "threshold must be a finite number, got nan"),
        ({"threshold": "x"}, r"threshold: a real number is needed, got 'x' \(str\)"),
    ],
    ids=lambda x: "-".join(x) if isinstance(x, dict) else "",
)
def test_a_plane_that_cannot_be_drawn_is_refused_by_name(change: Any, message: str, tmp_path: Path) -> None:
    arguments = {"model": right_half, "inputs": [[-1.0, 0.0], [1.0, 0.0]], "targets": [0, 1]}
    for path in (None, tmp_path / "plane.png"):
        with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
            plot_decision_boundary(**{"path": path, **arguments, **change})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [5, NAN, [], {}, object(), b"x"], ids=lambda x: type(x).__name__)
def test_what_is_no_path_is_refused_by_name(path: Any) -> None:
    pytest.importorskip("matplotlib")
    for plot in (lambda: plot_loss(history_of([None] * 5), path), lambda: plot_decision_boundary(*PLANE, path)):
        with pytest.raises(TypeError, match="^path must be the name of a file, got "):
            plot()


PLANE = (right_half, [[-1.0, 0.0], [1.0, 0.0]], [0, 1])


def test_a_folder_in_the_place_of_a_picture_is_an_error_that_names_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "folder.png").mkdir()
    for plot in (
        lambda path: plot_loss(history_of([None] * 5), path),
        lambda path: plot_decision_boundary(*PLANE, path),
    ):
        with pytest.raises(IsADirectoryError, match=r"^\[Errno \d+\] path cannot be written: .*folder\.png'$"):
            plot(tmp_path / "folder.png")
    assert [file.name for file in tmp_path.iterdir()] == ["folder.png"]
