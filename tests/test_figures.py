"""Figures: curves that can be told apart, the same bytes each time, one line where matplotlib is missing."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.nn.figures import COLOURS, save_figure


def draw_six(axes: Any) -> None:
    for slope in range(6):
        axes.plot([0.0, 1.0], [0.0, slope], label=f"slope {slope}")


def test_each_curve_has_its_own_colour_and_its_own_line(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    written = save_figure(tmp_path / "six.svg", draw_six)
    assert written == tmp_path / "six.svg"
    picture = written.read_text(encoding="utf-8")
    curves = [style for style in re.findall(r'style="(fill: none[^"]*)"', picture) if "stroke-width: 2" in style]
    colours = [re.findall(r"stroke: (#\w+)", curve)[0] for curve in curves]
    dashes = [re.findall(r"stroke-dasharray: ([^;]+)", curve) for curve in curves]
    assert colours == [colour.lower() for colour in COLOURS]
    assert dashes[0] == []
    assert len({str(dash) for dash in dashes}) == 6


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_figure_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures = []
    for _ in range(2):
        save_figure(tmp_path / f"six.{suffix}", draw_six)
        pictures.append((tmp_path / f"six.{suffix}").read_bytes())
    assert pictures[0] == pictures[1]


def test_there_are_as_many_panels_as_columns(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    panels: list[Any] = []
    save_figure(tmp_path / "three.svg", lambda *axes: panels.extend(axes), columns=3)
    assert len(panels) == 3


def test_panels_may_have_three_dimensions(tmp_path: Path) -> None:
    """A surface and a path on it; any other projection is refused before anything is drawn."""
    pytest.importorskip("matplotlib")
    panels: list[Any] = []
    save_figure(tmp_path / "space.svg", lambda *axes: panels.extend(axes), columns=2, projection="3d")
    assert [panel.name for panel in panels] == ["3d", "3d"]
    with pytest.raises(ValueError, match="^projection must be '3d', got 'polar'$"):
        save_figure(tmp_path / "polar.svg", panels.append, projection="polar")
    assert not (tmp_path / "polar.svg").exists()


@pytest.mark.parametrize("projection", [None, "3d"])
def test_around_the_panels_the_page_shows_through_and_texts_are_grey(projection: str | None, tmp_path: Path) -> None:
    """A page is light or dark: no slab of white, no black text on it."""
    pytest.importorskip("matplotlib")

    def draw(axes: Any) -> None:
        axes.set(title="title", xlabel="x", ylabel="y")

    picture = save_figure(tmp_path / "f.svg", draw, projection=projection).read_text(encoding="utf-8")
    figure_patch = re.findall(r'id="patch_1">\s*<path[^>]*style="([^"]*)"', picture)
    assert figure_patch == ["fill: none"]
    texts = re.findall(r'<text style="([^"]*)"', picture)
    assert len(texts) > 3
    assert all("fill: #767676" in text for text in texts)


def test_without_matplotlib_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert save_figure(tmp_path / "six.svg", draw_six) is None
    assert capsys.readouterr().err == "six.svg is not drawn without matplotlib: pip install matplotlib\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"), [("six.xyz", "path must end in .svg, .png or .pdf, got "), ("six.", ""), ("six", "")]
)
def test_only_what_matplotlib_writes_is_drawn(name: str, message: str, tmp_path: Path) -> None:
    """A name without an ending is that of a PNG."""
    pytest.importorskip("matplotlib")
    drawn: list[Any] = []
    if message:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}'.*{re.escape(name)}'$"):
            save_figure(tmp_path / name, drawn.append)
        assert drawn == list(tmp_path.iterdir()) == []
    else:
        assert save_figure(tmp_path / name, draw_six).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("suffix", ["SVG", "Png"])
def test_capital_letters_do_not_matter(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pictures = [save_figure(tmp_path / f"six.{ending}", draw_six).read_bytes() for ending in (suffix, suffix.lower())]
    assert pictures[0][:5] == pictures[1][:5]
    assert b"<dc:date>" not in pictures[0]


@pytest.mark.parametrize("path", [None, 5, [], {}, object()], ids=lambda x: type(x).__name__)
def test_what_is_no_path_is_refused_by_name(path: Any) -> None:
    with pytest.raises(TypeError, match="^path must be the name of a file, got "):
        save_figure(path, draw_six)


@pytest.mark.parametrize("columns", [0, -1, 1.5, None, "x"], ids=str)
def test_panels_are_counted_in_whole_numbers(columns: Any, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError), match="^columns"):
        save_figure(tmp_path / "six.svg", draw_six, columns)
