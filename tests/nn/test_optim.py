"""Optimisers and schedules: what holds for every one of them. Their numbers are compared in test_against_pytorch.py."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import Value
from tinygrad_edu.nn import (
    MLP,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    ExponentialDecay,
    InverseTimeDecay,
    RMSprop,
    StepDecay,
    load,
    save,
)

OPTIMISERS = [SGD, Adagrad, Adadelta, RMSprop, Adam]
SCHEDULES = [lambda o: StepDecay(o, 2), lambda o: ExponentialDecay(o, 0.5), lambda o: InverseTimeDecay(o, 1.0)]
each_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS)


def bowl(parameters: Any) -> Any:
    """(x - 1)² + (y + 2)², least at (1, -2)."""
    x, y = parameters
    return (x - 1.0) ** 2 + (y + 2.0) ** 2


def descend(optimizer: Any, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        bowl(optimizer.parameters).backward()
        optimizer.step()


@each_optimiser
def test_a_first_step_goes_downhill(optimiser: Any) -> None:
    """Against the gradient: down along x, whose derivative is positive, up along y, whose derivative is negative."""
    optimizer = optimiser([Value(3.0), Value(-5.0)])
    descend(optimizer, 1)
    x, y = optimizer.parameters
    assert x.data < 3.0
    assert y.data > -5.0


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD([Value(3.0), Value(-5.0)], lr=0.1),
        SGD([Value(3.0), Value(-5.0)], lr=0.05, momentum=0.5),
        Adagrad([Value(3.0), Value(-5.0)], lr=1.0),
        Adadelta([Value(3.0), Value(-5.0)], lr=10.0, eps=1e-3),
        Adam([Value(3.0), Value(-5.0)], lr=0.1),
    ],
    ids=str,
)
def test_many_steps_reach_the_least_point(optimizer: Any) -> None:
    descend(optimizer, 500)
    assert [p.data for p in optimizer.parameters] == pytest.approx([1.0, -2.0], abs=1e-6)


def test_adams_first_step_is_the_learning_rate_whatever_the_size_of_the_gradient() -> None:
    """Kingma and Ba, sections 2.1 and 3: the bias corrections make m̂ / √v̂ = ±1 at t = 1."""
    small, large = Value(0.0), Value(0.0)
    (1e-3 * small - 1e6 * large).backward()
    Adam([small, large], lr=0.1).step()
    assert small.data == pytest.approx(-0.1, rel=1e-4)
    assert large.data == pytest.approx(0.1, rel=1e-12)


@each_optimiser
def test_a_parameter_given_twice_is_refused_by_name(optimiser: Any) -> None:
    w, v = Value(1.0, "w"), Value(1.0)
    with pytest.raises(ValueError, match="w is given twice"):
        optimiser([w, v, w])
    with pytest.raises(ValueError, match="parameter 2 is given twice"):
        optimiser([w, v, v])


@each_optimiser
def test_what_is_computed_cannot_be_optimised(optimiser: Any) -> None:
    h = Value(1.0) * 2.0
    h.label = "h"
    with pytest.raises(ValueError, match=r"h is computed by x \* y"):
        optimiser([h])


@each_optimiser
def test_no_parameters_are_refused(optimiser: Any) -> None:
    with pytest.raises(ValueError, match="needs parameters"):
        optimiser([])


@each_optimiser
@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_stops_by_name_before_anything_changes(optimiser: Any, gradient: float) -> None:
    model = MLP(1, [2], seed=0)
    optimizer = optimiser(model.parameters())
    for parameter in model.parameters():
        parameter.grad = 1.0
    model.layers[0].neurons[1].b.grad = gradient
    before, state = model.state_dict(), optimizer.state_dict()
    with pytest.raises(FloatingPointError, match=rf"layers\.0\.neurons\.1\.b is {gradient}"):
        optimizer.step()
    assert (model.state_dict(), optimizer.state_dict()) == (before, state)


@each_optimiser
def test_a_step_without_backward_is_an_error(optimiser: Any) -> None:
    with pytest.raises(RuntimeError, match="call backward"):
        optimiser([Value(1.0)]).step()


@each_optimiser
def test_a_parameter_that_the_loss_does_not_depend_on_stays(optimiser: Any) -> None:
    """Also when momentum or a mean of past gradients would carry it on: as in PyTorch."""
    w, other = Value(1.0), Value(1.0)
    optimizer = optimiser([w, other])
    (w * other).backward()
    optimizer.step()
    moved = other.data
    assert moved != 1.0
    optimizer.zero_grad()
    (w * 1.0).backward()
    optimizer.step()
    assert other.data == moved


def test_zero_grad_clears_the_gradients() -> None:
    w = Value(1.0)
    optimizer = SGD([w])
    (w * 3.0).backward()
    optimizer.zero_grad()
    assert w.grad == 0.0


@each_optimiser
def test_a_run_resumed_from_a_state_equals_a_run_that_was_not_interrupted(optimiser: Any, tmp_path: Path) -> None:
    """To the bit, by way of a file."""
    whole = optimiser([Value(3.0), Value(-5.0)])
    descend(whole, 10)
    first = optimiser([Value(3.0), Value(-5.0)])
    descend(first, 4)
    save(first, tmp_path / "optimiser.json")
    second = optimiser([Value(p.data) for p in first.parameters], lr=0.125)
    load(second, tmp_path / "optimiser.json")
    descend(second, 6)
    assert [p.data for p in second.parameters] == [p.data for p in whole.parameters]
    assert second.state_dict() == whole.state_dict()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    optimizer = Adam([Value(0.0)])
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="m: needs a list of 1, got a list of 2") as error:
        optimizer.load_state_dict({"lr": 0.5, "m": [1.0, 2.0], "v": [1.0], "velocity": [0.0]})
    assert "t: missing" in str(error.value)
    assert "velocity: not known here" in str(error.value)
    assert optimizer.state_dict() == before


def test_a_state_is_plain_json() -> None:
    optimizer = Adam([Value(3.0), Value(-5.0)])
    descend(optimizer, 3)
    assert json.loads(json.dumps(optimizer.state_dict())) == optimizer.state_dict()


@each_optimiser
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_sets_the_rate_of_every_optimiser(optimiser: Any, schedule: Any) -> None:
    optimizer = optimiser([Value(1.0)], lr=1.0)
    decay = schedule(optimizer)
    rates = []
    for _ in range(4):
        decay.step()
        rates.append(optimizer.lr)
    assert rates == sorted(rates, reverse=True)
    assert 0.0 < rates[-1] < 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: SGD(p, lr=0.0), "lr must be a positive number, got 0.0"),
        (lambda p: Adam(p, lr=math.nan), "lr must be a positive number, got nan"),
        (lambda p: SGD(p, momentum=-0.5), "momentum must be 0 or a positive number, got -0.5"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), r"betas\[1\] must be from 0 to below 1, got 1.0"),
        (lambda p: RMSprop(p, alpha=1.5), "alpha must be from 0 to below 1"),
        (lambda p: Adadelta(p, rho=-0.1), "rho must be from 0 to below 1"),
        (lambda p: Adagrad(p, eps=0.0), "eps must be a positive number"),
        (lambda p: StepDecay(SGD(p), 0), "step_size must be at least 1"),
        (lambda p: ExponentialDecay(SGD(p), 1.0), "gamma must be from 0 to below 1"),
        (lambda p: InverseTimeDecay(SGD(p), -1.0), "beta must be 0 or a positive number"),
    ],
)
def test_arguments_out_of_range_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call([Value(1.0)])
