"""Accuracy and the confusion matrix, counted by hand or in scikit-learn's documentation."""

from __future__ import annotations

import enum
import math
import re
from typing import Any

import pytest

from tests.wrong import WRONG
from tinygrad_edu import Value, sigmoid, tanh
from tinygrad_edu.nn import MLP, Layer, Neuron, accuracy, confusion_matrix, one_hot, xor
from tinygrad_edu.nn.metrics import predicted_class


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


# ------------------------------------------------------------------------------- the examples of scikit-learn


def itself(x: Any) -> Any:
    """A model whose outputs are its inputs."""
    return x


def counts(text: str) -> list[list[int]]:
    """The numbers of a confusion matrix."""
    return [[int(cell) for cell in line.split()[1:]] for line in text.splitlines()[1:]]


TRUE, PREDICTED = [2, 0, 2, 2, 0, 1], [one_hot(k, 3) for k in [0, 0, 2, 2, 0, 2]]
ANIMALS = ["ant", "bird", "cat"]


class Animal(enum.Enum):
    ANT, BIRD, CAT = "abc"


@pytest.mark.parametrize(
    "names",
    [[], ANIMALS, list(Animal), [("ant", 1), ("bird", 2), ("cat", 3)], [frozenset({k}) for k in range(3)], [7, 8, 9]],
    ids=["places", "text", "enumeration", "tuples", "sets", "numbers"],
)
def test_names_may_be_anything_hashable(names: list[Any]) -> None:
    """sklearn.metrics.confusion_matrix, its two examples: with numbers, and with names."""
    targets = [names[k] for k in TRUE] if names else TRUE
    assert accuracy(itself, PREDICTED, targets, names) == 4 / 6
    table = confusion_matrix(itself, PREDICTED, targets, names)
    assert [[int(n) for n in re.findall(r"\d+", line)[-3:]] for line in table.splitlines()[1:]] == [
        [2, 0, 0],
        [0, 0, 1],
        [1, 0, 2],
    ]


def test_with_names_the_targets_may_be_places_still() -> None:
    assert confusion_matrix(itself, PREDICTED, TRUE, ANIMALS) == (
        "true \\ predicted  ant  bird  cat\n"
        "             ant    2     0    0\n"
        "            bird    0     0    1\n"
        "             cat    1     0    2"
    )


def test_accuracy_of_four_classes() -> None:
    """sklearn.metrics.accuracy_score, its example."""
    assert accuracy(itself, [one_hot(k, 4) for k in [0, 2, 1, 3]], [0, 1, 2, 3]) == 0.5


def test_names_without_their_order_are_refused() -> None:
    """Nobody could say which output is the cat's."""
    with pytest.raises(TypeError, match=r"^targets\[1\] is 'cat': pass names too, "):
        accuracy(itself, PREDICTED[:2], [0, "cat"])


# ------------------------------------------------------------------------------------------------- unknown classes


@pytest.mark.parametrize("unknown", [-1, 3, 2.5, math.inf, 10**6], ids=str)
def test_a_number_that_is_no_class_is_wrong_and_shown(unknown: float) -> None:
    inputs, targets = [one_hot(0, 3), one_hot(2, 3)], [0, unknown]
    assert accuracy(itself, inputs, targets) == 0.5
    text = confusion_matrix(itself, inputs, targets)
    assert text.splitlines()[0].split()[3:] == ["0", "1", "2", str(unknown)]
    assert counts(text) == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize("unknown", ["cow", None, 5, -1], ids=str)
def test_a_name_that_is_no_class_is_wrong_and_shown(unknown: Any) -> None:
    assert accuracy(itself, PREDICTED[:2], ["ant", unknown], ANIMALS) == 0.5
    table = confusion_matrix(itself, PREDICTED[:2], ["ant", unknown], ANIMALS).splitlines()
    assert table[-1].split() == [str(unknown), "1", "0", "0", "0"]


def test_a_class_that_is_only_predicted_has_its_row_and_column() -> None:
    assert counts(confusion_matrix(itself, [one_hot(2, 3)] * 4, [0, 0, 1, 1])) == [[0, 0, 2], [0, 0, 2], [0, 0, 0]]
    assert counts(confusion_matrix(lambda x: 1.0, [[0.0]] * 3, [0, 0, 0])) == [[0, 3], [0, 0]]


# ------------------------------------------------------------------------------------- probabilities and logits


@pytest.mark.parametrize(
    "model",
    [
        lambda z: sigmoid(Value(z)),
        lambda z: [sigmoid(Value(z))],
        lambda z: Value(z),
        lambda z: tanh(Value(z)),
        lambda z: [z],
        lambda z: z,
    ],
    ids=["probability", "in a list", "logit", "tanh", "logit in a list", "number"],
)
def test_a_probability_is_compared_with_a_half_and_a_logit_with_0(model: Any) -> None:
    """At the threshold itself it is class 0."""
    assert [predicted_class(model(z)) for z in (-9.0, -0.1, 0.0, 0.1, 9.0)] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("make", [Neuron, lambda n, f: Layer(n, 1, f), lambda n, f: MLP(n, [1], output=f)])
@pytest.mark.parametrize("output", ["sigmoid", sigmoid, "linear", "tanh"], ids=str)
def test_every_network_is_told_apart_by_its_output(make: Any, output: Any) -> None:
    """z = x1 - 1: class 1 is where x1 is above 1."""
    model = make(1, output)
    weight, bias = model.parameters()
    weight.data, bias.data = 1.0, -1.0
    assert accuracy(model, [[0.0], [0.9], [1.1], [3.0]], [0, 0, 1, 1]) == 1.0


def test_xor_solved_with_a_probability_is_solved() -> None:
    """p = σ(20 max(0, x1 - x2) + 20 max(0, x2 - x1) - 10) is 0.99995 or 0.00005."""
    model = MLP(2, [2, 1], output="sigmoid", seed=0)
    numbers = [1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 20.0, 20.0, -10.0]
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    corners, targets = xor()
    assert [round(model(x).data, 4) for x in corners] == [0.0, 1.0, 1.0, 0.0]
    assert accuracy(model, corners, targets) == 1.0
    assert counts(confusion_matrix(model, corners, targets)) == [[2, 0], [0, 2]]


def test_the_threshold_may_be_given() -> None:
    numbers, targets = [0.2, 0.4, 0.6, 0.8], [0, 0, 1, 1]
    assert [accuracy(itself, numbers, targets, threshold=t) for t in (0.0, 0.5, 0.7, 1.0)] == [0.5, 1.0, 0.75, 0.5]
    assert counts(confusion_matrix(itself, numbers, targets, threshold=0.7)) == [[2, 0], [1, 1]]
    assert predicted_class(sigmoid(Value(1.0)), threshold=0.9) == 0


@pytest.mark.parametrize(("share", "true"), [(0.0, 0), (0.3, 0), (0.5, 0), (0.7, 1), (1.0, 1), (-1.0, 0), (True, 1)])
def test_a_target_of_one_output_may_be_a_probability(share: float, true: int) -> None:
    assert accuracy(itself, [2.0 * true - 1.0], [share]) == 1.0
    assert accuracy(itself, [2.0 * true - 1.0], [Value(share)]) == 1.0


# ------------------------------------------------------------------------------------------------ what comes in


@pytest.mark.parametrize("kind", ["float32", "int64", "rows", "generators"])
def test_numbers_may_come_from_numpy_or_generators(kind: str) -> None:
    numpy = pytest.importorskip("numpy")
    inputs: Any = numpy.array(PREDICTED, dtype=kind if kind != "rows" and kind != "generators" else "float64")
    targets: Any = numpy.array(TRUE)
    if kind == "rows":  # one-hot, each an array
        inputs, targets = list(inputs), [numpy.array(one_hot(k, 3)) for k in TRUE]
    if kind == "generators":
        inputs, targets = iter(PREDICTED), iter(TRUE)
    right = accuracy(lambda x: numpy.array(x), inputs, targets)
    assert (right, type(right)) == (4 / 6, float)
    assert accuracy(lambda x: numpy.array(0.5), numpy.array([1.0]), numpy.array([1])) == 1.0
    assert accuracy(itself, PREDICTED, numpy.array(ANIMALS)[TRUE], numpy.array(ANIMALS)) == 4 / 6


NAN = math.nan


@pytest.mark.parametrize(
    ("output", "target", "message"),
    [
        (NAN, 0, "model(inputs[1]) stands for no class, got [nan]"),
        ([NAN, NAN], 0, "model(inputs[1]) stands for no class, got [nan, nan]"),
        ([0.0, 1.0, NAN], 1, "model(inputs[1]) stands for no class, got [0.0, 1.0, nan]"),
        ([], 0, "model(inputs[1]) stands for no class, got []"),
        (None, 0, "model(inputs[1]): a real number is needed, got None (NoneType)"),
        ("x", 0, "model(inputs[1]): a real number is needed, got 'x' (str)"),
        ({}, 0, "model(inputs[1]): a real number is needed, got {} (dict)"),
        ([[1.0]], 0, "model(inputs[1]): a real number is needed, got [1.0] (list)"),
        (1.0, NAN, "targets[1] stands for no class, got [nan]"),
        (1.0, [0.0, NAN], "targets[1] stands for no class, got [0.0, nan]"),
        (1.0, [], "targets[1] stands for no class, got []"),
        (1.0, {}, "targets[1]: a real number is needed, got {} (dict)"),
        (1.0, [[1]], "targets[1]: a real number is needed, got [1] (list)"),
    ],
    ids=str,
)
def test_nan_and_other_things_are_no_class(output: Any, target: Any, message: str) -> None:
    for measure in (accuracy, confusion_matrix):
        with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
            measure(itself, [0.0, output], [0, target])


def test_infinite_logits_are_of_a_class() -> None:
    assert predicted_class([-math.inf, 0.0]) == predicted_class([0.0, math.inf]) == predicted_class(math.inf) == 1


@pytest.mark.parametrize("kind", ["None", "text", "{}", "nan", "0", "object", "Value"])
def test_arguments_of_another_kind_are_refused_by_name(kind: str) -> None:
    wrong = WRONG[kind]()
    for measure in (accuracy, confusion_matrix):
        for name, arguments in {
            "model": (wrong, [1.0], [1]),
            "inputs": (itself, wrong, [1]),
            "targets": (itself, [1.0], wrong),
            "names": (itself, [1.0], [1], wrong),
        }.items():
            with pytest.raises(TypeError, match=f"^{name} must be a "):
                measure(*arguments)
        if wrong is not None and type(wrong) is not int:
            with pytest.raises((TypeError, ValueError), match="^threshold"):
                measure(itself, [1.0], [1], threshold=wrong)


def test_no_examples_and_too_few_names_are_refused() -> None:
    with pytest.raises(ValueError, match="^inputs: a target per input is needed, got 0 inputs and 0 targets$"):
        accuracy(three_logits, [], [])
    with pytest.raises(ValueError, match="^names: the model needs 3 names, got 2$"):
        confusion_matrix(three_logits, NUMBERS, [0, 0, 1, 1, 2, 2], ["a", "b"])


def test_an_output_that_errors_are_not_told_the_name_of_is_called_so() -> None:
    with pytest.raises(ValueError, match=r"^output stands for no class, got \[\]$"):
        predicted_class([])
