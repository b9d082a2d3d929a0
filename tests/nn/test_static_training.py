"""`fit(..., static=True)` is the same training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tinygrad_edu.nn import (
    MLP,
    SGD,
    Adam,
    binary_cross_entropy,
    cross_entropy,
    fit,
    hinge,
    load_iris,
    moons,
    one_hot,
    squared_error,
    standardise,
)

Outcome = tuple[list[float], list[float]]


def trained(static: bool, loss: Callable[..., Any], targets: Callable[[int], Any], outputs: int, l2: float) -> Outcome:
    """The parameters after three epochs, and the losses of the epochs. The last mini-batch is smaller than the rest."""
    inputs, classes = moons(50, seed=0)
    model = MLP(2, [6, 5, outputs], seed=0)
    optimizer = Adam(model.parameters(), lr=0.02)
    train = inputs, [targets(k) for k in classes]
    history = fit(
        model, loss, train, optimizer=optimizer, epochs=3, batch_size=16, l2=l2, seed=0, progress=False, static=static
    )
    return [parameter.data for parameter in model.parameters()], [epoch.loss for epoch in history.epochs]


@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize(
    ("loss", "targets", "outputs"),
    [
        (hinge, lambda k: 2 * k - 1, 1),
        (binary_cross_entropy, lambda k: k, 1),
        (squared_error, lambda k: one_hot(k, 3), 3),
    ],
    ids=["hinge", "binary_cross_entropy", "squared_error"],
)
def test_the_parameters_are_the_same_to_the_last_bit(
    loss: Callable[..., Any], targets: Callable[[int], Any], outputs: int, l2: float
) -> None:
    """And the loss but for the order in which it is added up."""
    static, dynamic = (trained(way, loss, targets, outputs, l2) for way in (True, False))
    assert static[0] == dynamic[0]
    assert static[1] == pytest.approx(dynamic[1], rel=1e-14)


def test_a_loss_that_leaves_out_terms_is_the_same_but_for_rounding() -> None:
    """The cross-entropy of one-hot targets: the dynamic graph has only the term of the true class."""
    static, dynamic = (trained(way, cross_entropy, lambda k: one_hot(k, 3), 3, 0.0) for way in (True, False))
    assert static[0] == pytest.approx(dynamic[0], rel=1e-12)
    assert static[1] == pytest.approx(dynamic[1], rel=1e-12)


def test_early_stopping_and_validation_are_as_ever() -> None:
    flowers, classes, _ = load_iris()
    (flowers,) = standardise(flowers)
    targets = [one_hot(k, 3) for k in classes]
    histories = []
    for static in (True, False):
        model = MLP(4, [3], seed=0)
        optimizer = SGD(model.parameters(), lr=2.0)
        train, validation = (flowers[::2], targets[::2]), (flowers[1::2], targets[1::2])
        histories.append(
            fit(
                model,
                squared_error,
                train,
                validation,
                optimizer=optimizer,
                epochs=40,
                patience=3,
                seed=0,
                progress=False,
                static=static,
            )
        )
    assert histories[0].ending == histories[1].ending
    assert [epoch.error for epoch in histories[0].epochs] == [epoch.error for epoch in histories[1].epochs]


def test_what_cannot_be_static_is_refused_with_the_reason() -> None:
    """Before any parameter has moved: a class as an index, a model that decides."""
    model = MLP(2, [3], seed=0)
    before = model.state_dict()
    with pytest.raises(TypeError, match=r"^static=True is not possible: .* target has no number yet.* one_hot\(k, "):
        fit(model, cross_entropy, ([[0.0, 1.0]], [1]), static=True, progress=False)

    def deciding(output: Any, target: Any) -> Any:
        return output[0] if output[0] > target else -output[0]

    with pytest.raises(TypeError, match=r"^static=True is not possible: \w+\.py, line \d+: `return output\[0\] if"):
        fit(model, deciding, ([[0.0, 1.0]], [1.0]), static=True, progress=False)
    assert model.state_dict() == before


def test_divergence_is_found() -> None:
    model = MLP(2, [4, 1], seed=0)
    optimizer = SGD(model.parameters(), lr=1e200)
    with pytest.raises(FloatingPointError, match="^training diverged in epoch 1: .* try a smaller learning rate"):
        fit(model, squared_error, moons(20, seed=0), optimizer=optimizer, batch_size=4, static=True, progress=False)
    assert all(math.isfinite(parameter.data) for parameter in model.parameters())
