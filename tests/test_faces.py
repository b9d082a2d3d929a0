"""At a prompt and in a notebook every object has a face, and the package tells its version."""

from __future__ import annotations

import copy
import importlib.metadata
import re
import sys
import types
from typing import Any

import pytest

import tinygrad_edu
from tests.oracles import worked_example
from tests.pythons import in_a_new_python
from tinygrad_edu import Value, check_gradients, draw_dot, formula, static_graph, trace
from tinygrad_edu.nn import (
    MLP,
    SGD,
    BatchNorm,
    History,
    Maxout,
    Module,
    StepDecay,
    binary_cross_entropy,
    figures,
    fit,
    plot_decision_boundary,
    plot_loss,
    xor,
)
from tinygrad_edu.nn.training import Epoch


def history_of(*losses: float, ending: str = "") -> History:
    history = History()
    for number, loss in enumerate(losses, start=1):
        history.append(Epoch(number, loss, None))
    history.ending = ending
    return history


FACES: dict[str, Any] = {
    "Value": lambda: worked_example()[0],
    "Report": lambda: check_gradients(worked_example()[0]),
    "Symbol": lambda: formula(worked_example()[0]),
    "picture": lambda: draw_dot(worked_example()[0]),
    "History": lambda: history_of(2.0, 1.0),
    "empty History": History,
    "Module": lambda: MLP(2, [2, 1]),
    "Maxout": lambda: Maxout(2, 2),
    "BatchNorm": BatchNorm,
    "Optimizer": lambda: SGD(MLP(1, [1]).parameters(), lr=0.1),
    "schedule": lambda: StepDecay(SGD(MLP(1, [1]).parameters()), 2),
    "Module of one's own": Module,
    "static graph": lambda: static_graph(lambda x: x * x, MLP(1, [1]).parameters()),
    "rule": lambda: worked_example()[0].op,
}


@pytest.mark.parametrize("name", FACES)
def test_a_face_is_no_address(name: str) -> None:
    assert not re.search(r"\bat 0x|object", repr(FACES[name]()))


def test_a_report_is_its_table() -> None:
    """Python's prompt and a notebook show `repr`."""
    report = check_gradients(worked_example()[0])
    assert repr(report) == str(report)
    assert repr(report).splitlines()[0] == "node  operation  analytic  numerical  relative error  verdict"
    assert len(repr(report).splitlines()) == 1 + len(report.checks)


def test_the_columns_of_a_report_are_counted_in_cells() -> None:
    lines = str(check_gradients(Value(1.0, "输入") * Value(2.0, "w"))).splitlines()
    assert lines == [
        "node  operation  analytic  numerical  relative error  verdict",
        "输入             2         2          0.0e+00         ok",
        "w                1         1          0.0e+00         ok",
        "h1    *          1         1          0.0e+00         ok",
    ]


@pytest.mark.parametrize(
    ("history", "face"),
    [
        (history_of(), "<History: no epoch>"),
        (history_of(ending="interrupted in epoch 1"), "<History: no epoch; interrupted in epoch 1>"),
        (history_of(2.0, 1.0), "<History: epoch 2  loss 1.0000>"),
        (history_of(2.0, ending="interrupted"), "<History: epoch 1  loss 2.0000; interrupted>"),
    ],
)
def test_a_history_is_its_last_epoch_and_how_it_ended(history: History, face: str) -> None:
    assert repr(history) == face


def test_fit_returns_what_a_prompt_can_show() -> None:
    history = fit(MLP(2, [1], seed=0), binary_cross_entropy, xor(), epochs=3, progress=False)
    assert repr(history) == f"<History: epoch 3  {history.epochs[-1]}; {history.ending}>"


# ---------------------------------------------------------------------------------------------- pictures


def test_a_picture_is_as_graphviz_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """SVG by default, else what `graphviz.set_jupyter_format` chose."""
    graphviz = pytest.importorskip("graphviz")
    monkeypatch.setattr("tinygrad_edu.show.picture.render", lambda source, format: f"{format}: {source}".encode())
    dot = draw_dot(worked_example()[0])
    assert dot._repr_mimebundle_() == {"image/svg+xml": f"svg: {dot.source}"}
    for chosen, kind in ("png", "image/png"), ("jpeg", "image/jpeg"), ("svg", "image/svg+xml"):
        before = graphviz.set_jupyter_format(chosen)
        try:
            assert dot._repr_mimebundle_(include=None, exclude=None).keys() == {kind}
            picture = dot._repr_mimebundle_()[kind]
            assert (picture if chosen == "svg" else picture.decode()) == f"{chosen}: {dot.source}"
        finally:
            graphviz.set_jupyter_format(before)


@pytest.mark.parametrize("copied", [lambda dot: dot.copy(), copy.copy, copy.deepcopy, lambda x: x.copy().copy()])
def test_the_copy_of_a_picture_shows_the_same(copied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a renderer too, where the trace of the graph is shown."""
    monkeypatch.setattr("tinygrad_edu.show.picture.render", lambda source, format: None)
    root = worked_example()[0]
    dot = draw_dot(root, "title", direction="TB")
    other = copied(dot)
    assert other is not dot
    assert other.source == dot.source
    assert other._repr_mimebundle_() == dot._repr_mimebundle_() == {"text/plain": trace(root)}


class Notebook(types.ModuleType):
    """IPython in a notebook: it displays, and its shell has a kernel."""

    def __init__(self, *, kernel: bool) -> None:
        super().__init__("IPython")
        self.version_info = 9, 0, 0, ""  # which matplotlib asks for
        self.shown: list[bytes] = []
        self.get_ipython = lambda: types.SimpleNamespace(**{"kernel": None} if kernel else {})
        self.display = types.ModuleType("IPython.display")
        self.display.Image = bytes  # type: ignore[attr-defined]
        self.display.display = self.shown.append  # type: ignore[attr-defined]


@pytest.fixture
def notebook(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    notebook = Notebook(kernel=getattr(request, "param", True))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.display)
    return notebook


PLOTS = {
    "loss": lambda: plot_loss(history_of(2.0, 1.0)),
    "plane": lambda: plot_decision_boundary(lambda x: x[0], [[-1.0, 0.0], [1.0, 0.0]], [0, 1]),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_shows_a_plot_as_a_picture(
    name: str, notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert PLOTS[name]() is None
    [picture] = notebook.shown
    assert picture.startswith(b"\x89PNG")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("notebook", [False], indirect=True, ids=["IPython in a terminal"])
@pytest.mark.parametrize("name", PLOTS)
def test_a_terminal_gets_characters(name: str, notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    PLOTS[name]()
    assert capsys.readouterr().out.startswith("+---")
    assert notebook.shown == []


@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_without_matplotlib_gets_characters(
    name: str, notebook: Notebook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in "plots", "figures":
        monkeypatch.setattr(f"tinygrad_edu.nn.{module}.has_matplotlib", lambda: False)
    assert not figures.has_matplotlib()
    PLOTS[name]()
    assert capsys.readouterr().out.startswith("+---")
    assert notebook.shown == []


def test_a_value_is_formatted_as_its_number() -> None:
    value = Value(2.345, "x")
    assert f"{value:.2f}|{value:8.1e}|{value:+}" == f"{2.345:.2f}|{2.345:8.1e}|{2.345:+}"


# ---------------------------------------------------------------------------------------------- the package


def test_the_version_is_that_of_the_installed_package() -> None:
    assert tinygrad_edu.__version__ == importlib.metadata.version("tinygrad_edu")


def test_nn_is_imported_when_it_is_first_asked_for() -> None:
    """Not before, so that scalars alone are imported as fast."""
    before, listed, after = in_a_new_python(
        "import json, sys, tinygrad_edu\n"
        "loaded = lambda: sorted(name for name in sys.modules if name.startswith('tinygrad_edu.nn'))\n"
        "before, listed = loaded(), 'nn' in dir(tinygrad_edu)\n"
        "tinygrad_edu.nn.MLP(2, [1])\n"
        "print(json.dumps([before, listed, 'tinygrad_edu.nn' in loaded()]))"
    )
    assert (before, listed, after) == ([], True, True)


def test_the_package_still_offers_what_it_offered() -> None:
    """`static_graph` is the function, though a room is called static; what is not there is an AttributeError."""
    assert callable(tinygrad_edu.static_graph)
    assert set(tinygrad_edu.__all__) <= set(dir(tinygrad_edu))
    assert sorted(dir(tinygrad_edu)).count("nn") == 1
    with pytest.raises(AttributeError, match="^module 'tinygrad_edu' has no attribute 'mlp'$"):
        tinygrad_edu.mlp  # noqa: B018
