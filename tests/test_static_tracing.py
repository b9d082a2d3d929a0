"""Tracing: what a function is refused, and what is written down of what it does."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tinygrad_edu import Parameter, derivative, static_graph
from tinygrad_edu.nn import hinge
from tinygrad_edu.static.tracing import Traced, Tracing


def test_what_is_traced_shows_its_operation_or_its_name() -> None:
    tracing = Tracing([Parameter(1.0, "w"), Parameter(2.0)], limit=10)
    w, unnamed = tracing.parameters
    assert [repr(x) for x in (w, unnamed, w * unnamed)] == ["w", "<parameter>", "<*>"]
    assert isinstance(w * 2, Traced)
    assert (w * 2).operands[1] == 2.0
    assert type((w * 2).operands[1]) is float


@pytest.mark.parametrize(
    ("message", "function"),
    [
        (
            "x has no number yet and cannot be an index: look it up by one-hot, as in weighted_sum(one_hot, table), "
            "or stay with the dynamic graph",
            lambda w, x: [w, w][x],
        ),
        (
            "x is a number, not a list: how long lists are is known from the first call",
            lambda w, x: w * len(x),
        ),
        (
            "an intermediate result has no number yet: a static graph is traced once, for all numbers. To choose "
            "between values use maximum, minimum, relu, abs or rules.step; calculate with what is given, without "
            "Value() or data; or stay with the dynamic graph",
            lambda w, x: w if w * x > 0 else x,
        ),
    ],
    ids=["an index", "a list", "a decision"],
)
def test_what_needs_a_number_is_refused_in_full(message: str, function: Any) -> None:
    w = Parameter(1.0, "w")
    place = r"test_static_tracing\.py, line \d+: `lambda w, x: .*`: "
    with pytest.raises(TypeError, match=f"^{place}{re.escape(message)}$"):
        static_graph(lambda x: function(w, x), [w])(1.0)


def test_a_name_that_is_left_over_says_so() -> None:
    w, kept = Parameter(1.0, "w"), []

    def f(x: Any) -> Any:
        kept.append(x)
        return w * x

    static_graph(f, [w])(1.0)
    message = "this is left over from the tracing of a static graph, a name without a number, kept and used later. "
    message += "Compute it in the function itself, at each call"
    with pytest.raises(TypeError, match=rf"^.*\.py, line \d+: .*: {message}$"):
        bool(kept[0])


def test_a_label_is_checked_at_each_call() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda label: hinge(w * 0.5, label), [w])
    assert [static(1.0), static(-1.0)] == [0.5, 1.5]
    with pytest.raises(ValueError, match=r"^hinge needs the label -1 or 1, got 0\.0$"):
        static(0.0)


def test_a_derivative_within_a_static_graph_is_traced_too() -> None:
    """d/dx w x² = 2 w x: 2 · 3 · 5, whose derivative by w is 10."""
    w = Parameter(3.0, "w")
    static = static_graph(lambda x: derivative(lambda t: w * t * t)(x), [w])
    assert (static(5.0), w.grad) == (30.0, 10.0)


def test_a_graph_that_is_too_large_is_counted_and_refused_in_full() -> None:
    w = Parameter(1.0, "w")
    message = (
        "the graph has 4 arrows, more than limit=3: trace the loss of one sample, and call it for every sample; add up "
        "products by weighted_sum; or give static_graph a larger limit="
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        static_graph(lambda x: w * x + x, [w], limit=3)(1.0)
    assert static_graph(lambda x: w * x + x, [w], limit=4)(1.0) == 2.0


@pytest.mark.parametrize(
    ("error", "message", "function"),
    [
        (ValueError, "the result depends on none of the parameters: there is nothing to differentiate", lambda w, x: x),
        (TypeError, "a static graph needs a function that returns one scalar, not [x]", lambda w, x: [x]),
        (TypeError, "a static graph needs a function that returns one scalar, not 1.0", lambda w, x: 1.0),
    ],
    ids=["no parameter", "a list", "a number"],
)
def test_what_cannot_be_differentiated_is_refused_in_full(error: Any, message: str, function: Any) -> None:
    w = Parameter(1.0, "w")
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        static_graph(lambda x: function(w, x), [w])(1.0)


def test_names_of_inputs_that_end_in_a_digit_are_told_apart() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda x1, y: w * x1[0] * x1[1] * y[0] * y[1], [w])
    static([1.0, 2.0], [3.0, 4.0])
    assert "for [x1_1, x1_2, y1, y2] in samples:" in static.source


def test_parameters_are_listed_in_the_order_in_which_they_were_made() -> None:
    b, a = Parameter(1.0, "b"), Parameter(2.0, "a")
    static = static_graph(lambda x: a * x + b, [a, b])
    assert static(3.0) == 7.0
    assert "[a, b] = parameters" in static.source
