"""Losses against exact arithmetic and the textbook."""

from __future__ import annotations

import math
import re
from decimal import Decimal, localcontext
from typing import Any

import pytest

from tinygrad_edu import Parameter, Value, gradients, log, softmax, static_graph
from tinygrad_edu.nn import (
    MLP,
    Neuron,
    binary_cross_entropy,
    cross_entropy,
    empirical_risk,
    hinge,
    l2_penalty,
    mean,
    squared_error,
)

INF = math.inf
DIGITS = 1000  # enough to tell 1 + exp(-1000) from 1
LOGITS = [-1000.0, -745.0, -40.0, -20.0, -1.0, -1e-9, 0.0, 0.3, 1.0, 20.0, 40.0, 745.0, 1000.0]
VECTORS = [
    [0.0, 0.0],
    [40.0, 0.0, 0.0],
    [30.0, -3.0, 7.0],
    [1000.0, 1000.0],
    [1000.0, 0.0, -1000.0],
    [-1000.0, 1000.0, 999.0],
]


def value_and_gradients(loss: Any, inputs: Any, target: Any) -> Any:
    """The loss of a list of numbers, and its derivative along each."""
    values = [Value(x) for x in inputs]
    out = loss(values if len(values) > 1 else values[0], target)
    out.backward()
    return [out.data, *[v.grad for v in values]]


def exact(numbers: Any) -> Any:
    """Decimals rounded to floats, those that are too small for a float to 0."""
    return pytest.approx([float(x) for x in numbers], rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("z", LOGITS)
@pytest.mark.parametrize("y", [0, 1])
def test_binary_cross_entropy_and_its_gradient_are_exact_to_the_last_digits(z: Any, y: Any) -> None:
    """Loss log(1 + exp(∓z)) and gradient σ(z) - y, however near to 0 they are."""
    with localcontext() as context:
        context.prec = DIGITS
        e = (-Decimal(z) if y else Decimal(z)).exp()
        truth = [(1 + e).ln(), (-e if y else e) / (1 + e)]
    assert value_and_gradients(binary_cross_entropy, [z], y) == exact(truth)


@pytest.mark.parametrize("logits", VECTORS)
@pytest.mark.parametrize("c", [0, 1])
def test_cross_entropy_and_its_gradient_are_exact_to_the_last_digits(logits: Any, c: Any) -> None:
    """Loss -log p_c and gradient p - y, however near to 0 they are."""
    with localcontext() as context:
        context.prec = DIGITS
        exps = [Decimal(z).exp() for z in logits]
        p = [e / sum(exps) for e in exps]
        others = sum(p[:c] + p[c + 1 :])
        truth = [-p[c].ln(), *[-others if j == c else p[j] for j in range(len(p))]]
    assert value_and_gradients(cross_entropy, logits, c) == exact(truth)


def test_the_textbook_s_example_of_cross_entropy() -> None:
    """NNDL: probabilities 0.3, 0.6, 0.1 against 0, 1, 0 give -log 0.6; and ∂L/∂z = p - y."""
    p, y = [0.3, 0.6, 0.1], [0.0, 1.0, 0.0]
    logits = [log(x) for x in p]
    assert softmax(logits) == pytest.approx(p, rel=1e-15)
    for target in (1, y):
        loss, *gradients = value_and_gradients(cross_entropy, logits, target)
        assert loss == pytest.approx(-math.log(0.6), rel=1e-15)
        assert gradients == pytest.approx([0.3, -0.4, 0.1], rel=1e-15)


def test_cross_entropy_of_two_classes_is_the_binary_one_of_their_difference() -> None:
    for z in LOGITS:
        assert cross_entropy([z, 0.0], 0) == binary_cross_entropy(z, 1)
        assert cross_entropy([z, 0.0], 1) == binary_cross_entropy(z, 0)


def test_cross_entropy_against_probabilities_is_least_at_those_probabilities() -> None:
    """-Σ yₖ log pₖ ≥ -Σ yₖ log yₖ, with gradient 0 where p = y."""
    y = [0.5, 0.2, 0.3]
    loss, *gradients = value_and_gradients(cross_entropy, [math.log(k) for k in y], y)
    assert loss == pytest.approx(-sum(k * math.log(k) for k in y), rel=1e-15)
    assert gradients == pytest.approx([0.0, 0.0, 0.0], abs=1e-16)


def test_squared_error_has_the_gradient_prediction_minus_target() -> None:
    assert value_and_gradients(squared_error, [3.0], 1.0) == [2.0, 2.0]
    assert value_and_gradients(squared_error, [3.0, -1.0], [1.0, 1.0]) == [4.0, 2.0, -2.0]


@pytest.mark.parametrize(
    ("score", "label", "expected"), [(0.5, 1, [0.5, -1.0]), (0.5, -1, [1.5, 1.0]), (2.0, 1, [0.0, 0.0])]
)
def test_hinge_pushes_only_within_the_margin(score: Any, label: Any, expected: Any) -> None:
    assert value_and_gradients(hinge, [score], label) == expected


def test_hinge_on_the_margin_is_zero_and_does_not_push() -> None:
    assert value_and_gradients(hinge, [1.0], 1) == [0.0, 0.0]


def test_losses_of_plain_numbers_are_plain_numbers() -> None:
    losses = squared_error(1, 2), hinge(1, 1), binary_cross_entropy(1, 1), cross_entropy([1, 2], 0)
    for number in (*losses, l2_penalty([1, 2], 1), mean([1, 2])):
        assert type(number) is float


def test_the_l2_penalty_has_the_gradient_strength_times_weight() -> None:
    w = [Value(3.0), Value(-4.0)]
    penalty = l2_penalty(w, 0.1)
    penalty.backward()
    assert penalty.data == 1.25
    assert [x.grad for x in w] == pytest.approx([0.3, -0.4], rel=1e-15)


def test_the_weights_of_a_model_are_its_parameters_without_the_biases() -> None:
    model = MLP(2, [3, 1])
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    weights = [names[id(weight)] for weight in model.weights()]
    assert len(weights) == 2 * 3 + 3 * 1
    assert not [name for name in weights if name.endswith("b")]
    assert len(Neuron(4).weights()) == 4


def test_the_empirical_risk_is_the_mean_loss_over_examples() -> None:
    w = Value(1.0)
    risk = empirical_risk(lambda x: w * x, squared_error, [1.0, 2.0], [0.0, 0.0])
    risk.backward()
    assert (risk.data, w.grad) == (1.25, 2.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: squared_error([1.0, 2.0], [1.0]), "squared_error needs a target per output, got 1 for 2 outputs"),
        (lambda: hinge(1.0, 0), "hinge needs the label -1 or 1, got 0.0"),
        (lambda: binary_cross_entropy(1.0, 2), "binary_cross_entropy needs a target from 0 to 1, got 2.0"),
        (lambda: binary_cross_entropy(1.0, math.nan), "binary_cross_entropy needs a target from 0 to 1, got nan"),
        (lambda: cross_entropy([1.0], 0), "cross_entropy needs two logits or more, got 1; of one: "),
        (lambda: cross_entropy([1.0, 2.0], 2), "cross_entropy needs a class from 0 to 1, got 2"),
        (lambda: cross_entropy([1.0, 2.0], -1), "cross_entropy needs a class from 0 to 1, got -1"),
        (lambda: cross_entropy([1.0, 2.0], [1.0]), "cross_entropy needs a probability per logit, got 1 for 2 logits"),
        (lambda: l2_penalty([1.0], -1.0), "strength of l2_penalty must be 0 or a positive number, got -1.0"),
        (lambda: l2_penalty([1.0], INF), "strength of l2_penalty must be 0 or a positive number, got inf"),
        (lambda: mean([]), "the mean of no losses is not defined, got "),
    ],
)
def test_bad_input_is_refused_with_its_numbers(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


@pytest.mark.parametrize(
    ("logits", "target", "expected"),
    [
        ([-INF, 1.0], 1, [0.0, 0.0, 0.0]),
        ([-INF, 1.0], 0, [INF, -1.0, 1.0]),
        ([-INF, 0.0, 1.0], 0, [INF, -1.0, 0.2689414213699951, 0.7310585786300049]),
        ([-INF, 0.0, 1.0], 1, [1.3132616875182228, 0.0, -0.7310585786300049, 0.7310585786300049]),
        ([-INF, -INF, 1.0], 2, [0.0, 0.0, 0.0, 0.0]),
        ([-INF, 1.0], [0.0, 1.0], [0.0, 0.0, 0.0]),
        ([-INF, 1.0], [0.5, 0.5], [INF, -0.5, 0.5]),
        ([-INF, -INF], 0, [math.nan, math.nan, math.nan]),
        ([1e308, -1e308], 0, [0.0, 0.0, 0.0]),
        ([1e308, -1e308], 1, [INF, 1.0, -1.0]),
        ([1e308, 1e308], 1, [0.6931471805599453, 0.5, -0.5]),
    ],
)
def test_masked_and_huge_logits(logits: Any, target: Any, expected: Any) -> None:
    """Loss and gradients of PyTorch 2.13; for probabilities its gradients, and the limit 0 · log 0 = 0 for its nan."""
    assert value_and_gradients(cross_entropy, logits, target) == pytest.approx(expected, rel=1e-15, nan_ok=True)
    graph = [Value(z) for z in logits]
    found = gradients(cross_entropy(graph, target), graph)
    assert [gradient.data for gradient in found] == pytest.approx(expected[1:], rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("z", "y", "expected"),
    [
        (INF, 1, [0.0, 0.0]),
        (INF, 0.5, [INF, 0.5]),
        (INF, 0, [INF, 1.0]),
        (-INF, 0, [0.0, 0.0]),
        (-INF, 0.5, [INF, -0.5]),
        (-INF, 1, [INF, -1.0]),
        (1e308, 1, [0.0, 0.0]),
        (-1e308, 1, [1e308, -1.0]),
    ],
)
def test_binary_cross_entropy_of_an_infinite_logit_is_its_limit(z: float, y: float, expected: list[float]) -> None:
    """The gradient σ(z) - y is PyTorch 2.13's; its loss is inf or nan, where 0 · inf is not the limit 0."""
    assert value_and_gradients(binary_cross_entropy, [z], y) == expected
    assert binary_cross_entropy(z, y) == expected[0]
    logit = Value(z)
    assert [gradient.data for gradient in gradients(binary_cross_entropy(logit, y), [logit])] == expected[1:]


@pytest.mark.parametrize("mask", [0, 1, 2])
def test_a_static_graph_masks_as_the_dynamic_one_does(mask: int) -> None:
    w = [Parameter(x) for x in (0.5, -1.0, 2.0)]
    static = static_graph(lambda m: cross_entropy([p + x for p, x in zip(w, m, strict=True)], 1), w)
    sample = [-INF if i == mask else 0.0 for i in range(3)]
    value, found = static(sample), [p.grad for p in w]
    logits = [p.data + x for p, x in zip(w, sample, strict=True)]
    assert [value, *found] == value_and_gradients(cross_entropy, logits, 1)


@pytest.mark.parametrize("target", ["numpy.int64(1)", "numpy.array(1)", "numpy.float64(1.0)", "1.0", "True"])
def test_a_class_may_be_any_whole_number(target: str) -> None:
    numpy = pytest.importorskip("numpy")
    assert cross_entropy([0.0, 2.0], eval(target, {"numpy": numpy})) == cross_entropy([0.0, 2.0], 1)


def test_arrays_are_lists_and_scalars_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert squared_error(numpy.array([3.0, 0.0]), numpy.array([1.0, 1.0])) == 2.5
    assert squared_error(numpy.float32(3.0), numpy.array(1.0)) == 2.0
    assert cross_entropy(numpy.array([0.0, 2.0]), numpy.array([0.0, 1.0])) == cross_entropy([0.0, 2.0], 1)
    assert l2_penalty(numpy.array([3.0, 4.0]), numpy.float32(1.0)) == 12.5
    assert mean(x for x in [1.0, 2.0]) == 1.5


@pytest.mark.parametrize("target", [1.5, math.nan, -1, 2])
def test_what_is_no_class_is_refused(target: Any) -> None:
    with pytest.raises(ValueError, match=f"^cross_entropy needs a class from 0 to 1, got {target}$"):
        cross_entropy([1.0, 2.0], target)


def test_the_empirical_risk_needs_a_target_per_input() -> None:
    with pytest.raises(ValueError, match="^empirical_risk needs a target per input, got 1 for 2 inputs$"):
        empirical_risk(lambda x: x, squared_error, [1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("prediction of squared_error: a real number is needed, got None ", lambda: squared_error(None, 1.0)),
        ("target of squared_error: a real number is needed, got '1' (str)", lambda: squared_error(1.0, "1")),
        ("target of squared_error must be a list, got 1.0 (float)", lambda: squared_error([1.0], 1.0)),
        ("target of squared_error must be a list, got '1' (str)", lambda: squared_error([1.0], "1")),
        ("prediction of squared_error must be a list, got b'1' (bytes)", lambda: squared_error(b"1", [1.0])),
        ("label of hinge: a real number is needed, got '1' (str)", lambda: hinge(1.0, "1")),
        ("score of hinge: a real number is needed, got '1' (str)", lambda: hinge("1", 1)),
        ("target of binary_cross_entropy: a real number is needed, got None ", lambda: binary_cross_entropy(0.0, None)),
        ("logit of binary_cross_entropy: a real number is needed, got None ", lambda: binary_cross_entropy(None, 1)),
        ("logits of cross_entropy must be a list, got 1.0 (float)", lambda: cross_entropy(1.0, 1)),
        ("target of cross_entropy: a real number is needed, got None ", lambda: cross_entropy([1.0, 2.0], [None, 1])),
        ("target of cross_entropy: a real number is needed, got None ", lambda: cross_entropy([1.0, 2.0], None)),
        ("weights of l2_penalty must be a list, got 1.0 (float)", lambda: l2_penalty(1.0, 0.1)),
        ("losses of mean must be a list, got 1.0 (float)", lambda: mean(1.0)),
        ("model of empirical_risk must be a function, got 1.0 (float)", lambda: empirical_risk(1.0, hinge, [1.0], [1])),
        ("loss of empirical_risk must be a function, got 1.0 (float)", lambda: empirical_risk(abs, 1.0, [1.0], [1])),
        ("inputs of empirical_risk must be a list, got 1.0 (float)", lambda: empirical_risk(abs, hinge, 1.0, [1])),
        ("targets of empirical_risk must be a list, got 1 (int)", lambda: empirical_risk(abs, hinge, [1.0], 1)),
    ],
)
def test_what_is_no_number_is_refused_by_the_name_of_the_argument(message: str, call: Any) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        call()


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("hinge needs the label -1 or 1, got 0.0", lambda: hinge(1.0, 0)),
        ("binary_cross_entropy needs a target from 0 to 1, got -1.0", lambda: binary_cross_entropy(1.0, -1)),
        ("squared_error needs a target per output, got 1 for 0 outputs", lambda: squared_error([], [1])),
        ("cross_entropy needs two logits or more, got 1; of one: binary_cross_entropy", lambda: cross_entropy([1], 0)),
        ("cross_entropy needs a probability per logit, got 1 for 2 logits", lambda: cross_entropy([1, 2], [1])),
        ("the mean of no losses is not defined, got []", lambda: mean([])),
    ],
)
def test_what_has_no_loss_is_refused_with_its_numbers(message: str, call: Any) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_a_sum_of_nothing_is_0() -> None:
    assert squared_error([], []) == 0.0
    assert cross_entropy([1.0, 2.0], [0.0, 0.0]) == 0.0


def test_the_sign_of_a_label_and_the_ends_of_the_range_are_taken() -> None:
    assert [hinge(0.0, y) for y in (-1, 1)] == [1.0, 1.0]
    assert [binary_cross_entropy(0.0, y) for y in (0, 0.5, 1)] == [pytest.approx(math.log(2))] * 3
