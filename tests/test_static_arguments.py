"""The arguments of a static graph: which are inputs, and what is said of those that do not fit."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tinygrad_edu import Parameter, static_graph
from tinygrad_edu.static.arguments import Inputs, flat, is_numeric, shape_of


@pytest.mark.parametrize(
    ("function", "names", "text", "complete"),
    [
        (lambda x: 0, ["x"], "(x,)", 1),
        (lambda x, y=1.0: 0, ["x", "y"], "(x, y)", 2),
        (lambda x, kind="a": 0, ["x"], "(x,)", -1),
        (lambda x, on=True: 0, ["x"], "(x,)", -1),
        (lambda x, ys=(1, 2): 0, ["x", "ys"], "(x, ys)", 2),
        (lambda *xs: 0, ["xs"], "(*xs,)", -1),
        (lambda x, *ys: 0, ["x", "ys"], "(x, *ys)", -1),
        (lambda *, x: 0, ["x"], "(x,)", -1),
    ],
)
def test_inputs_are_arguments_without_a_default_or_with_a_number_for_one(
    function: Any, names: list[str], text: str, complete: int
) -> None:
    takes = Inputs(function)
    assert (takes.names, str(takes), takes.complete) == (names, text, complete)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (
            "a static graph needs a name for each input of its function, which takes **options",
            lambda: Inputs(lambda x, **options: 0),
        ),
        ("a sample is a tuple (x,), got 1.0", lambda: Inputs(lambda x: 0).of_sample(1.0)),
        (
            "a sample is a tuple (x,), got (1.0, 2.0): too many positional arguments",
            lambda: Inputs(lambda x: 0).of_sample([1.0, 2.0]),
        ),
        (
            "a sample is a tuple (x,), got (1.0,): too many positional arguments",
            lambda: Inputs(lambda *, x: 0).of_sample((1.0,)),
        ),
        (
            "a sample is a tuple (x,), got (1.0, 'b'): "
            "kind keeps its default 'a': only a default that is a number can be replaced",
            lambda: Inputs(lambda x, kind="a": 0).of_sample((1.0, "b")),
        ),
        (
            "how many *xs there are is known from the first call of the static graph",
            lambda: Inputs(lambda *xs: 0).defaults(),
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_full(message: str, call: Any) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        call()


def test_none_of_any_number_of_inputs() -> None:
    w = Parameter(3.0)
    assert static_graph(lambda *xs: sum(xs, w * 2.0), [w])() == 6.0


def test_a_default_decides_on_the_shape_before_the_first_call() -> None:
    w = Parameter(3.0, "w")
    static = static_graph(lambda x, ys=(1.0, 2.0): w * x * ys[0] * ys[1], [w])
    assert "for [x, ys1, ys2] in samples:" in static.source


def test_numbers_of_lists_of_lists() -> None:
    assert flat(((1.0, [2.0]), 3.0)) == [1.0, 2.0, 3.0]
    assert shape_of(((1.0, [2.0]), 3.0)) == [[0.0, [0.0]], 0.0]
    assert all(map(is_numeric, (1, 1.0, [1, (2.0,)], [])))
    assert not any(map(is_numeric, (True, "1", [1, "1"], None)))
