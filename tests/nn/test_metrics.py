"""Accuracy and the confusion matrix, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tinygrad_edu import Value
from tinygrad_edu.nn import accuracy, confusion_matrix


def three_logits(x: Any) -> Any:
    """The class of a number: 0, 1 or 2, whichever is nearest."""
    return [Value(-abs(x - k)) for k in range(3)]


NUMBERS = [0.1, 0.2, 0.9, 1.2, 1.8, 2.5]  # of classes 0 0 1 1 2 2


@pytest.mark.parametrize(
    ("targets", "expected"), [([0, 0, 1, 1, 2, 2], 1.0), ([0, 1, 1, 1, 2, 0], 4 / 6), ([1, 1, 2, 2, 0, 0], 0.0)]
)
def test_accuracy_is_the_share_of_right_classes(targets: Any, expected: Any) -> None:
    assert accuracy(three_logits, NUMBERS, targets) == expected


def test_targets_may_be_one_hot() -> None:
    assert accuracy(three_logits, [0.0, 1.0, 2.0], [[1, 0, 0], [0, 1, 0], [0, 1, 0]]) == 2 / 3


@pytest.mark.parametrize("negative", [0, -1])
def test_the_targets_of_one_logit_may_be_those_of_cross_entropy_or_of_hinge(negative: Any) -> None:
    assert accuracy(lambda x: Value(x), [-2.0, -0.1, 0.1, 3.0], [negative, 1, 1, 1]) == 0.75


def test_the_confusion_matrix_has_a_row_for_each_true_class() -> None:
    text = confusion_matrix(three_logits, NUMBERS, [0, 1, 1, 1, 2, 0])
    assert [line.split()[-3:] for line in text.splitlines()] == [
        ["0", "1", "2"],
        ["1", "0", "1"],
        ["1", "2", "0"],
        ["0", "0", "1"],
    ]


def test_a_class_that_nobody_has_seen_still_has_its_row() -> None:
    text = confusion_matrix(three_logits, [0.0], [0], ["setosa", "versicolor", "virginica"])
    assert len(text.splitlines()) == 4


def test_no_examples_and_too_few_names_are_refused() -> None:
    with pytest.raises(ValueError, match="got 0 inputs"):
        accuracy(three_logits, [], [])
    with pytest.raises(ValueError, match="needs 3 names, got 2"):
        confusion_matrix(three_logits, NUMBERS, [0, 0, 1, 1, 2, 2], ["a", "b"])
