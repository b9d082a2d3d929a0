"""Compute losses, how far one prediction is from its target, and their mean over examples, the risk to be minimised.

A loss takes the prediction, then the target, Values or numbers; composed of rows of the derivative table, it has its
derivative from there. Source: Qiu, Neural Networks and Deep Learning (NNDL), sections 2.2 and 3.1 to 3.5.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinygrad_edu.arguments import function, listed, not_negative, real, several
from tinygrad_edu.functions import log_sum_exp_in_parts, weighted_sum
from tinygrad_edu.rule import Check, Scalar, scalar, scalars
from tinygrad_edu.rules import add, relu, softplus

Loss = Callable[[Any, Any], Any]
LABEL = Check("hinge needs the label -1 or 1", lambda label: label in (-1, 1))
SHARE = Check("binary_cross_entropy needs a target from 0 to 1", lambda target: 0 <= target <= 1)


def squared_error(prediction: Any, target: Any) -> Any:
    """Return ½(ŷ - y)²; for two lists of equal length ½‖ŷ - y‖². Raises ValueError if their lengths differ.

    >>> squared_error(3.0, 1.0), squared_error([3.0, 0.0], [1.0, 1.0])
    (2.0, 2.5)
    """
    if not several(prediction):
        error = scalar("prediction of squared_error", prediction) - scalar("target of squared_error", target)
        return 0.5 * error**2
    predictions, targets = listed("prediction of squared_error", prediction), listed("target of squared_error", target)
    if len(predictions) != len(targets):
        raise ValueError(f"squared_error needs a target per output, got {len(targets)} for {len(predictions)} outputs")
    return sum_of([squared_error(y, t) for y, t in zip(predictions, targets, strict=True)])


def hinge(score: Any, label: Any) -> Any:
    """Return max(0, 1 - y·score), the loss of support vector machines. Raises ValueError unless y is -1 or 1.

    >>> hinge(0.25, 1), hinge(0.25, -1), hinge(2.0, 1)
    (0.75, 1.25, 0.0)
    """
    LABEL(scalar("label of hinge", label))
    return relu(1.0 - label * scalar("score of hinge", score))


def binary_cross_entropy(logit: Any, target: Any) -> Any:
    """Return -y log p - (1 - y) log(1 - p) with p = σ(logit), where y is 0 or 1, or a probability between.

    As -log σ(z) = softplus(-z) and -log(1 - σ(z)) = softplus(z), no logarithm meets 0, however large the logit.
    Raises ValueError if the target lies outside 0 … 1.

    >>> binary_cross_entropy(0.0, 1), binary_cross_entropy(-1000.0, 1), binary_cross_entropy(1000.0, 1)
    (0.6931471805599453, 1000.0, 0.0)
    """
    y = scalar("target of binary_cross_entropy", target)
    SHARE(y)
    logit = scalar("logit of binary_cross_entropy", logit)
    return sum_of_shares([(y, -logit), (1.0 - y, logit)], softplus)


def cross_entropy(logits: Sequence[Any], target: Any) -> Any:
    """Return -log p_c with p = softmax(logits), where the target c is the index of the true class.

    It is computed as softplus(log Σ exp(zⱼ) - z_c), the sum over all j ≠ c, exact also where p_c rounds to 0 or to 1.
    For a list of probabilities as target, one-hot for instance, it is -Σ yₖ log pₖ. A logit of -inf masks a class.
    Raises ValueError on fewer than two logits, a class that is none, or another number of probabilities.

    >>> cross_entropy([0.0, 1000.0], 1), cross_entropy([0.0, 1000.0], 0), cross_entropy([0.0, 1000.0], [0.5, 0.5])
    (0.0, 1000.0, 500.0)
    """
    logits = scalars("logits of cross_entropy", logits)
    if len(logits) < 2:
        raise ValueError(f"cross_entropy needs two logits or more, got {len(logits)}; of one: binary_cross_entropy")
    if several(target):
        shares = scalars("target of cross_entropy", target)
        if len(shares) != len(logits):
            raise ValueError(f"cross_entropy needs a probability per logit, got {len(shares)} for {len(logits)} logits")
        return sum_of_shares(zip(shares, range(len(logits)), strict=True), lambda k: cross_entropy(logits, k))
    c = real(target, "target of cross_entropy")
    if c not in range(len(logits)):
        raise ValueError(f"cross_entropy needs a class from 0 to {len(logits) - 1}, got {target!r}")
    above, greatest = log_sum_exp_in_parts([z for j, z in enumerate(logits) if j != c])
    return softplus(above + (greatest - logits[int(c)]))


def l2_penalty(weights: Sequence[Any], strength: float) -> Any:
    """Return ½λ‖W‖² of a list of weights (`model.weights()`: the biases are not penalised). Raises ValueError if λ < 0.

    >>> l2_penalty([3.0, 4.0], 0.1)
    1.25
    """
    numbers = scalars("weights of l2_penalty", weights)
    return 0.5 * not_negative("strength of l2_penalty", strength) * weighted_sum(numbers, numbers)


def sum_of(losses: Sequence[Any]) -> Any:
    """Add losses in order; return 0.0 if there are none."""
    return functools.reduce(add, losses) if losses else 0.0


def sum_of_shares(shares: Iterable[tuple[Any, Any]], loss: Callable[[Any], Any]) -> Any:
    """Return Σ y · loss(x) over pairs (y, x). A share of 0 counts for nothing, also where its loss is infinite."""
    return sum_of([y * loss(x) for y, x in shares if isinstance(y, Scalar) or y != 0.0])


def mean(losses: Sequence[Any]) -> Any:
    """Add losses in order and divide by their number. Raises ValueError on [].

    >>> mean([1.0, 2.0])
    1.5
    """
    losses = scalars("losses of mean", losses)
    if not losses:
        raise ValueError("the mean of no losses is not defined, got []")
    return sum_of(losses) / len(losses)


def empirical_risk(model: Callable[[Any], Any], loss: Loss, inputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Return the mean of loss(model(x), y) over examples. Raises ValueError unless there are some, with a target each.

    >>> empirical_risk(lambda x: 2.0 * x, squared_error, [1.0, 2.0], [2.0, 2.0])
    1.0
    """
    function("model of empirical_risk", model)
    function("loss of empirical_risk", loss)
    xs, ys = listed("inputs of empirical_risk", inputs), listed("targets of empirical_risk", targets)
    if len(xs) != len(ys):
        raise ValueError(f"empirical_risk needs a target per input, got {len(ys)} for {len(xs)} inputs")
    return mean([loss(model(x), y) for x, y in zip(xs, ys, strict=True)])
