"""Functions of several rows: their numbers against mathematics, and what they refuse."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from tinygrad_edu import Parameter, Value, log_softmax, log_sum_exp, softmax, weighted_sum


def test_softmax_its_logarithms_and_their_normaliser_by_hand() -> None:
    """exp(log 1), exp(log 2), exp(log 5) add up to 8."""
    xs = [math.log(1), math.log(2), math.log(5)]
    assert log_sum_exp(xs) == pytest.approx(math.log(8))
    assert softmax(xs) == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert log_softmax(xs) == pytest.approx([math.log(1 / 8), math.log(2 / 8), math.log(5 / 8)])


@pytest.mark.parametrize("f", [softmax, log_softmax], ids=["softmax", "log_softmax"])
def test_an_iterator_is_taken(f: Any) -> None:
    assert f(iter([1.0, 2.0])) == f([1.0, 2.0])


def test_a_weighted_sum_takes_iterators_and_leaves_lists_as_they_are() -> None:
    weights, inputs = [Parameter(2.0)], [Value(3.0)]
    assert weighted_sum(iter([2.0]), iter([3.0]), 0.5) == weighted_sum([2.0], (3.0,), 0.5) == 6.5
    assert weighted_sum(weights, inputs).children[:2] == (weights[0], inputs[0])


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("weights of weighted_sum must be a list, got 1.0 (float)", lambda: weighted_sum(1.0, [1.0])),
        ("inputs of weighted_sum must be a list, got 1.0 (float)", lambda: weighted_sum([1.0], 1.0)),
        ("inputs of log_sum_exp must be a list, got 1.0 (float)", lambda: log_sum_exp(1.0)),
        ("inputs of log_softmax must be a list, got 1.0 (float)", lambda: log_softmax(1.0)),
        ("inputs of softmax must be a list, got 1.0 (float)", lambda: softmax(1.0)),
        ("inputs of softmax: a real number is needed, got 'x' (str)", lambda: softmax(["x"])),
    ],
)
def test_what_is_no_list_of_numbers_is_refused_by_name(message: str, call: Any) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("weighted_sum needs one weight per input, got 1 weights and 2 inputs", lambda: weighted_sum([1], [1, 2])),
        ("log_sum_exp needs at least one input, got []", lambda: log_sum_exp([])),
        ("log_softmax needs at least one input, got []", lambda: log_softmax([])),
        ("softmax needs at least one input, got []", lambda: softmax([])),
    ],
)
def test_another_number_of_inputs_is_refused_with_it(message: str, call: Any) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_a_weighted_sum_of_one_input_has_three_derivatives() -> None:
    w, x, b = Parameter(2.0), Value(3.0), Parameter(0.5)
    out = weighted_sum([w], [x], b)
    out.backward()
    assert (out.data, w.grad, x.grad, b.grad) == (6.5, 3.0, 2.0, 1.0)
