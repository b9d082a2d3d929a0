"""Optimisers and schedules: what holds for every one of them. Their numbers are compared in test_against_pytorch.py."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle
import pydoc
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import Constant, Value
from tinygrad_edu.nn import (
    MLP,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    ExponentialDecay,
    InverseTimeDecay,
    Optimizer,
    RMSprop,
    StepDecay,
    binary_cross_entropy,
    fit,
    load,
    save,
    xor,
)
from tinygrad_edu.nn.optim import Decay

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
    ("optimiser", "options"),
    [
        (SGD, {"lr": 0.1}),
        (SGD, {"lr": 0.05, "momentum": 0.5}),
        (Adagrad, {"lr": 1.0}),
        (Adadelta, {"lr": 10.0, "eps": 1e-3}),
        (Adam, {"lr": 0.1}),
    ],
    ids=str,
)
def test_many_steps_reach_the_least_point(optimiser: Any, options: dict[str, float]) -> None:
    optimizer = optimiser([Value(3.0), Value(-5.0)], **options)
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
    with pytest.raises(ValueError, match="^w is given twice$"):
        optimiser([w, v, w])
    with pytest.raises(ValueError, match="^parameter 2 is given twice$"):
        optimiser([w, v, v])


@each_optimiser
def test_what_is_computed_cannot_be_optimised(optimiser: Any) -> None:
    h = Value(1.0) * 2.0
    h.label = "h"
    with pytest.raises(ValueError, match=r"^h is computed by x \* y: an optimiser needs leaves$"):
        optimiser([h])
    with pytest.raises(ValueError, match=r"^Constant\(.*\) is no parameter: it is a constant$"):
        optimiser([Value(1.0), Constant(2.0)])


@each_optimiser
def test_no_parameters_are_refused(optimiser: Any) -> None:
    with pytest.raises(ValueError, match="^an optimiser needs parameters, got none$"):
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
    with pytest.raises(FloatingPointError, match=rf"^the gradient of layers\.0\.neurons\.1\.b is {gradient}$"):
        optimizer.step()
    assert (model.state_dict(), optimizer.state_dict()) == (before, state)


@each_optimiser
def test_a_step_without_backward_is_an_error(optimiser: Any) -> None:
    with pytest.raises(RuntimeError, match=r"^no parameter has a gradient: call backward\(\) before step\(\)$"):
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


@each_optimiser
@pytest.mark.parametrize("schedule", range(3), ids=["StepDecay", "ExponentialDecay", "InverseTimeDecay"])
def test_three_epochs_a_file_and_three_epochs_equal_six(optimiser: Any, schedule: int, tmp_path: Path) -> None:
    """Optimiser and schedule begin anew with other numbers, and have the right ones from their files."""

    def start(lr: float) -> Any:
        model = MLP(2, [3, 1], "tanh", seed=0)
        optimizer = optimiser(model.parameters(), lr=lr)
        return model, optimizer, SCHEDULES[schedule](optimizer)

    def train(model: Any, optimizer: Any, decay: Any, epochs: int, seed: Any) -> None:
        options = {"optimizer": optimizer, "decay": decay, "epochs": epochs, "batch_size": 2, "seed": seed}
        fit(model, binary_cross_entropy, xor(), **options, progress=False)

    whole, first, second = start(0.1), start(0.1), start(0.25)
    train(*whole, 6, random.Random(1))
    shuffling = random.Random(1)
    train(*first, 3, shuffling)
    for i, (before, after) in enumerate(zip(first, second, strict=True)):
        load(after, save(before, tmp_path / f"{i}.json"))
    train(*second, 3, shuffling)
    assert second[0].state_dict() == whole[0].state_dict()
    assert second[1].state_dict() == whole[1].state_dict()
    assert second[2].state_dict() == whole[2].state_dict()
    assert second[1].lr < 0.1


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda p: SGD(p, lr=1), {"lr": 1.0, "momentum": 0.0, "v": [0.0]}),
        (lambda p: SGD(p, momentum=0.5), {"lr": 1e-3, "momentum": 0.5, "v": [0.0]}),
        (lambda p: Adagrad(p), {"lr": 1e-2, "eps": 1e-10, "sum_of_squares": [0.0]}),
        (lambda p: RMSprop(p), {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "mean_square": [0.0]}),
        (
            lambda p: Adadelta(p),
            {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "mean_square": [0.0], "mean_square_change": [0.0]},
        ),
        (lambda p: Adam(p), {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "m": [0.0], "v": [0.0], "t": [0.0]}),
        (lambda p: StepDecay(SGD(p), 2), {"first_lr": 1e-3, "epochs": 0, "step_size": 2, "gamma": 0.1}),
        (lambda p: ExponentialDecay(SGD(p), 0.5), {"first_lr": 1e-3, "epochs": 0, "gamma": 0.5}),
        (lambda p: InverseTimeDecay(SGD(p), 2), {"first_lr": 1e-3, "epochs": 0, "beta": 2.0}),
    ],
    ids=["SGD", "momentum", "Adagrad", "RMSprop", "Adadelta", "Adam", "step", "exponential", "inverse time"],
)
def test_a_state_is_complete(make: Any, state: Any, tmp_path: Path) -> None:
    """And comes back from a file, where whole numbers are floats."""
    thing, other = make([Value(1.0)]), make([Value(1.0)])
    assert thing.state_dict() == state
    load(other, save(thing, tmp_path / "state.json"))
    assert other.state_dict() == state
    assert [type(number) for number in other.state_dict().values()] == [type(number) for number in state.values()]


@pytest.mark.parametrize(
    ("make", "wrong", "message"),
    [
        (Adam, {"lr": -1.0}, r"lr must be a positive number, got -1\.0$"),
        (Adam, {"lr": math.nan}, r"lr must be a positive number, got nan$"),
        (Adam, {"betas": [0.9, 1.0]}, r"betas\[1\] must be from 0 to below 1, got 1\.0$"),
        (Adam, {"betas": [0.9]}, r"the state does not fit:\n  betas: needs a list of 2, got a list of 1$"),
        (Adam, {"eps": 0.0}, r"eps must be a positive number, got 0\.0$"),
        (Adam, {"m": [1.0, math.nan]}, r"m\[1\] must be a finite number, got nan$"),
        (Adam, {"v": [1.0, -1.0]}, r"v\[1\] must be 0 or a positive number, got -1\.0$"),
        (Adam, {"t": [-1.0, 0.0]}, r"t\[0\] must be at least 0, got -1\.0$"),
        (Adam, {"t": [0.5, 0.0]}, r"t\[0\] must be a whole number, got 0\.5$"),
        (SGD, {"momentum": -0.5}, r"momentum must be 0 or a positive number, got -0\.5$"),
        (SGD, {"v": [math.inf, 0.0]}, r"v\[0\] must be a finite number, got inf$"),
        (Adagrad, {"sum_of_squares": [-1.0, 0.0]}, r"sum_of_squares\[0\] must be 0 or a positive number"),
        (RMSprop, {"alpha": 2.0}, r"alpha must be from 0 to below 1"),
        (Adadelta, {"mean_square_change": [0.0, -1.0]}, r"mean_square_change\[1\] must be 0 or a positive number"),
        (lambda p: StepDecay(SGD(p), 2), {"step_size": 2.5}, r"step_size must be a whole number, got 2\.5$"),
        (lambda p: StepDecay(SGD(p), 2), {"epochs": -1}, r"epochs must be at least 0, got -1\.0$"),
        (lambda p: ExponentialDecay(SGD(p), 0.5), {"first_lr": 0.0}, r"first_lr must be a positive number"),
        (lambda p: InverseTimeDecay(SGD(p), 1.0), {"beta": -1.0}, r"beta must be 0 or a positive number"),
    ],
)
def test_a_state_is_refused_where_the_constructor_refuses_and_nothing_changes(
    make: Any, wrong: Any, message: str
) -> None:
    thing = make([Value(1.0), Value(2.0)])
    before = thing.state_dict()
    other = {name: [0.5] * len(x) if isinstance(x, list) and name != "t" else x for name, x in before.items()}
    with pytest.raises(ValueError, match=f"^{message}"):
        thing.load_state_dict({**other, **wrong})
    assert thing.state_dict() == before


# ----------------------------------------------------------------------------------------------- one of one's own


class Plain(Optimizer):
    """What a learner writes first: nothing is remembered."""

    def update(self, g: float) -> Any:
        return (-self.lr * g,)


def test_an_optimiser_of_ones_own_remembers_nothing_unless_it_says_what(tmp_path: Path) -> None:
    plain, sgd = Plain([Value(3.0), Value(-5.0)], lr=0.1), SGD([Value(3.0), Value(-5.0)], lr=0.1)
    descend(plain, 2)
    load(plain, save(plain, tmp_path / "plain.json"))
    descend(plain, 2)
    descend(sgd, 4)
    assert [p.data for p in plain.parameters] == [p.data for p in sgd.parameters]
    assert plain.state_dict() == {"lr": 0.1}


def test_what_is_remembered_may_not_be_called_like_a_method() -> None:
    with pytest.raises(ValueError, match=r"^remembers: 'step' is a method already, choose another name$"):
        type("Mine", (Plain,), {"remembers": ("step",)})([Value(1.0)], lr=0.1)


def test_an_optimiser_can_be_pickled_and_copied() -> None:
    optimizer = Adam([Value(3.0), Value(-5.0)])
    descend(optimizer, 3)
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        assert other.state_dict() == optimizer.state_dict()
        descend(other, 2)
    assert optimizer.state_dict()["t"] == [3.0, 3.0]


def test_one_of_the_five_may_be_changed() -> None:
    """Its own update counts, and may ask the one it changes."""

    class Clipped(SGD):
        def update(self, g: float, v: float) -> Any:
            return super().update(max(-1.0, min(1.0, g)), v)

    clipped = Clipped([Value(3.0), Value(-5.0)], lr=0.1, momentum=0.5)
    descend(clipped, 2)  # gradients clipped to 1 and -1: v is 1, then 1.5
    assert [p.data for p in clipped.parameters] == pytest.approx([3.0 - 0.1 - 0.15, -5.0 + 0.1 + 0.15], rel=1e-15)
    assert clipped.state_dict()["v"] == [1.5, -1.5]


@pytest.mark.parametrize(
    ("update", "error", "message"),
    [
        (lambda self, g: -self.lr * g, TypeError, r"Mine\.update must return a tuple, \(change,\), got -\d"),
        (lambda self, g: None, TypeError, r"Mine\.update must return a tuple, \(change,\), got None$"),
        (lambda self, g: (-g, g), TypeError, r"Mine\.update must return a tuple, \(change,\), got \("),
        (lambda self, g: ("x",), TypeError, r"Mine\.update: a real number is needed, got 'x'"),
        (lambda self, g: (Value(g),), TypeError, r"Mine\.update: a real number is needed, got Value"),
        (lambda self, g: (math.nan,), ValueError, r"Mine\.update must be a finite number, got nan$"),
        (lambda self, g: (self.lr * g,), ValueError, r"Mine\.update goes uphill: the change is added, so it is -sel"),
        (lambda self: (0.0,), TypeError, r"<lambda>\(\) takes 1 positional argument but 2 were given$"),
    ],
)
def test_what_update_must_return_is_checked_before_any_parameter_has_moved(
    update: Any, error: type[Exception], message: str
) -> None:
    optimizer = type("Mine", (Optimizer,), {"update": update})([Value(3.0), Value(-5.0)], lr=0.1)
    with pytest.raises(error, match=f"^{message}"):
        descend(optimizer, 1)
    assert [p.data for p in optimizer.parameters] == [3.0, -5.0]


@pytest.mark.parametrize("kind", [*OPTIMISERS, StepDecay, ExponentialDecay, InverseTimeDecay])
def test_help_of_each_has_its_arguments_the_source_of_its_formula_and_an_example(kind: Any) -> None:
    text = pydoc.render_doc(kind, renderer=pydoc.plaintext)
    assert f"{kind.__name__}(" in text
    assert all(name in text for name in inspect.signature(kind).parameters)
    assert "Source: " in inspect.getdoc(kind)
    assert ">>> " in inspect.getdoc(kind.step)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: SGD(p, lr=0.1), "SGD(1 parameters, lr=0.1, momentum=0)"),
        (lambda p: Adam(p), "Adam(1 parameters, lr=0.001, betas=[0.9, 0.999], eps=1e-08)"),
        (lambda p: Plain(p, lr=0.5), "Plain(1 parameters, lr=0.5)"),
        (lambda p: StepDecay(SGD(p), 2), "StepDecay(first_lr=0.001, epochs=0, step_size=2, gamma=0.1)"),
        (lambda p: ExponentialDecay(SGD(p), 0.5), "ExponentialDecay(first_lr=0.001, epochs=0, gamma=0.5)"),
        (lambda p: InverseTimeDecay(SGD(p), 2), "InverseTimeDecay(first_lr=0.001, epochs=0, beta=2)"),
        (lambda p: type("Mine", (Decay,), {})(SGD(p)), "Mine(first_lr=0.001, epochs=0)"),
    ],
)
def test_an_optimiser_and_a_schedule_show_their_numbers(make: Any, text: str) -> None:
    assert repr(make([Value(1.0)])) == text


def test_the_contract_of_update_stands_in_help() -> None:
    described = inspect.getdoc(Optimizer.update) or ""
    assert "The change is added" in described
    assert ">>> class Momentum(Optimizer):" in described


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Optimizer([Value(1.0)], 0.1), r"Optimizer needs a method update\(g\)"),
        (lambda: type("Mine", (Optimizer,), {})([Value(1.0)], lr=0.1), r"Mine needs a method update\(g\)"),
        (lambda: type("Mine", (Plain,), {"remembers": "velocity"})([Value(1.0)], lr=0.1), r"remembers must be a list"),
        (lambda: SGD(MLP(1, [1])), r"parameters of an optimiser must be a list, got MLP"),
        (lambda: SGD(MLP(1, [1]).parameters), r"parameters of an optimiser must be a list, got <bound"),
        (lambda: SGD([1.0]), r"parameters of an optimiser\[0\] must be a Value, got 1\.0"),
        (lambda: SGD([Value(1.0)], lr=Value(0.1)), r"lr: a real number is needed, got Value"),
        (lambda: SGD([Value(1.0)], lr="0.1"), r"lr: a real number is needed, got '0\.1' \(str\)$"),
        (lambda: Adam([Value(1.0)], betas=0.9), r"betas must be a list, got 0\.9"),
        (lambda: Adam([Value(1.0)], betas=(0.9, None)), r"betas\[1\]: a real number is needed, got None"),
        (lambda: StepDecay([], 1), r"optimizer must be an Optimizer, got \[\] \(list\)$"),
        (lambda: StepDecay(SGD([Value(1.0)]), None), r"step_size: a real number is needed, got None"),
        (lambda: SGD([Value(1.0)]).load_state_dict(None), r"state must be names with numbers, got None"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_by_name(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        call()


@pytest.mark.parametrize(
    ("number", "taken"), [(1, 1.0), (True, 1.0), (Fraction(1, 4), 0.25), (Decimal("0.5"), 0.5)], ids=str
)
def test_a_number_of_any_kind_is_made_a_float(number: Any, taken: float) -> None:
    """By the constructor, and by whoever sets it later."""
    optimizer = SGD([Value(1.0)], lr=number, momentum=number)
    assert (optimizer.lr, optimizer.momentum, type(optimizer.lr)) == (taken, taken, float)
    optimizer.lr = 3.0
    optimizer.lr = number
    assert (optimizer.lr, type(optimizer.lr)) == (taken, float)


def test_numbers_of_numpys_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    optimizer = Adam([Value(1.0)], lr=numpy.float32(0.5), betas=numpy.array([0.5, 0.75]), eps=numpy.array(0.25))
    assert optimizer.state_dict() == {"lr": 0.5, "betas": [0.5, 0.75], "eps": 0.25, "m": [0.0], "v": [0.0], "t": [0.0]}
    assert StepDecay(optimizer, numpy.int64(2)).state_dict()["step_size"] == 2
    optimizer.load_state_dict({**optimizer.state_dict(), "m": numpy.array([3.0])})
    assert optimizer.state_dict()["m"] == [3.0]


def test_a_rate_that_is_set_later_is_checked_too() -> None:
    optimizer = SGD([Value(1.0)], lr=0.5)
    for number in (Value(0.1), "0.1", None, -0.1, math.nan, math.inf, 0.0):
        with pytest.raises((TypeError, ValueError), match=r"^lr(:| must)"):
            optimizer.lr = number  # type: ignore[assignment]
        assert optimizer.lr == 0.5


def test_a_rate_stays_positive_however_long_it_decays() -> None:
    """So a state can be loaded after any number of epochs."""
    optimizer = SGD([Value(1.0)])
    decay = ExponentialDecay(optimizer, 0.0)
    decay.step()
    assert optimizer.lr == 5e-324
    optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize(("factor", "error"), [(None, TypeError), (math.nan, ValueError), (-1.0, ValueError)])
def test_a_schedule_of_ones_own_is_checked_before_the_epoch_counts(factor: Any, error: type[Exception]) -> None:
    optimizer = SGD([Value(1.0)], lr=0.5)
    decay = type("Mine", (Decay,), {"factor": lambda self, t: factor})(optimizer)
    with pytest.raises(error, match=r"^(Mine\.factor|lr)"):
        decay.step()
    assert (decay.epochs, optimizer.lr) == (0, 0.5)


def test_a_gradient_that_is_no_number_is_refused_by_name() -> None:
    w = Value(1.0, "w")
    for gradient in ("x", Value(1.0), [1.0]):
        w.grad = gradient  # type: ignore[assignment]
        with pytest.raises(TypeError, match=r"^the gradient of w: a real number is needed, got "):
            SGD([w]).step()


@pytest.mark.parametrize("none", [None, 0.0])
def test_pytorch_s_habit_of_setting_grad_to_none_is_zero_grad(none: Any) -> None:
    """A gradient of 0 is one; None is none."""
    w, other = Value(1.0), Value(2.0)
    (w * other).backward()
    other.grad = none
    Adam([w, other], lr=0.5).step()
    assert w.data == pytest.approx(0.5, rel=1e-7)
    assert other.data == 2.0


@each_optimiser
def test_all_finite_gradients_are_taken_however_large_together(optimiser: Any) -> None:
    """1.7e308 and once more 1.7e308 is too much for a float, which is no reason to stop."""
    optimizer = optimiser([Value(0.0), Value(0.0)])
    for parameter in optimizer.parameters:
        parameter.grad = 1.7e308
    optimizer.step()


def test_a_parameter_that_joins_later_has_its_own_first_step() -> None:
    """As in PyTorch, Adam counts the steps of each parameter: both first steps are the learning rate."""
    early, late = Value(0.0), Value(0.0)
    optimizer = Adam([early, late], lr=0.125)
    for _ in range(3):
        optimizer.zero_grad()
        (early * 1.0).backward()
        optimizer.step()
    optimizer.zero_grad()
    (early + late).backward()
    optimizer.step()
    assert late.data == pytest.approx(-0.125, rel=1e-7)
    assert optimizer.state_dict()["t"] == [4.0, 1.0]


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    optimizer = Adam([Value(0.0)])
    before = optimizer.state_dict()
    message = r"the state does not fit:\n(.*\n)*  m: needs a list of 1, got a list of 2\n"
    with pytest.raises(ValueError, match=f"^{message}") as error:
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
    with pytest.raises(ValueError, match=f"^{message}"):
        call([Value(1.0)])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (SGD, "SGD(1 parameters, lr=0.001, momentum=0)"),
        (Adagrad, "Adagrad(1 parameters, lr=0.01, eps=1e-10)"),
        (RMSprop, "RMSprop(1 parameters, lr=0.01, alpha=0.99, eps=1e-08)"),
        (Adadelta, "Adadelta(1 parameters, lr=1, rho=0.9, eps=1e-06)"),
        (Adam, "Adam(1 parameters, lr=0.001, betas=[0.9, 0.999], eps=1e-08)"),
    ],
    ids=["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam"],
)
def test_the_defaults_are_pytorch_s(make: Any, text: str) -> None:
    assert repr(make([Value(1.0)])) == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: RMSprop(p, alpha=0.0), "RMSprop(1 parameters, lr=0.01, alpha=0, eps=1e-08)"),
        (lambda p: Adadelta(p, rho=0.0), "Adadelta(1 parameters, lr=1, rho=0, eps=1e-06)"),
        (lambda p: Adam(p, betas=(0.0, 0.0)), "Adam(1 parameters, lr=0.001, betas=[0.0, 0.0], eps=1e-08)"),
        (lambda p: ExponentialDecay(SGD(p), 0.0), "ExponentialDecay(first_lr=0.001, epochs=0, gamma=0)"),
        (lambda p: InverseTimeDecay(SGD(p), 0.0), "InverseTimeDecay(first_lr=0.001, epochs=0, beta=0)"),
        (lambda p: StepDecay(SGD(p), 1, 0.0), "StepDecay(first_lr=0.001, epochs=0, step_size=1, gamma=0)"),
        (lambda p: SGD(iter(p)), "SGD(1 parameters, lr=0.001, momentum=0)"),
    ],
    ids=["alpha", "rho", "betas", "gamma", "beta", "step_size", "an iterator"],
)
def test_the_least_of_each_is_taken(make: Any, text: str) -> None:
    assert repr(make([Value(1.0)])) == text


@pytest.mark.parametrize("name", ["lr", "momentum"])
def test_an_infinite_rate_is_refused(name: str) -> None:
    needed = {"lr": "a positive number", "momentum": "0 or a positive number"}[name]
    with pytest.raises(ValueError, match=f"^{name} must be {needed}, got inf$"):
        SGD([Value(1.0)], **{name: math.inf})


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda p: SGD(p, lr=0.5, momentum=0.5), [0.0, -1.5]),  # v = 2, 0.5 · 2 + 2 = 3
        (lambda p: Adagrad(p, lr=1.0, eps=1.0), [1 - 2 / 3, 1 - 2 / 3 - 2 / (8**0.5 + 1)]),
        (lambda p: RMSprop(p, lr=1.0, alpha=0.75, eps=1.0), [1 - 2 / 2, -2 / (1.75**0.5 + 1)]),
        (lambda p: Adadelta(p, lr=1.0, rho=0.75, eps=1.0), [1 - 2 / 2**0.5, 1 - 2 / 2**0.5 - 2 * (1.5 / 2.75) ** 0.5]),
        (lambda p: Adam(p, lr=1.0, betas=(0.5, 0.75), eps=1.0), [1 - 2 / 3, 1 - 4 / 3]),
    ],
    ids=["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam"],
)
def test_two_steps_down_a_slope_of_2_by_hand(make: Any, steps: list[float]) -> None:
    """From 1, each number such that nothing drops out of the formula: squares 4, 8; means 1, 1.75; changes ½ · ½."""
    w = Value(1.0)
    optimiser, places = make([w]), []
    for _ in steps:
        w.grad = 2.0
        optimiser.step()
        places.append(w.data)
    assert places == pytest.approx(steps, rel=1e-15)


class Scripted(Optimizer):
    """Change the parameters one after another as it is told, and remember 0."""

    remembers = ("v",)
    changes = iter([0.0])

    def update(self, g: float, v: float) -> tuple[float, ...]:
        return next(self.changes), 0.0


def scripted(gradients: list[float], changes: list[float]) -> Scripted:
    parameters = [Value(0.0) for _ in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimiser = Scripted(parameters, lr=1.0)
    optimiser.changes = iter(changes)
    return optimiser


@pytest.mark.parametrize(
    ("gradients", "changes"),
    [([1e-3], [1e-3]), ([0.1, 1.0], [1.0, -0.05]), ([-1.0], [-1.0])],
    ids=["ever so little", "all in all", "a negative gradient"],
)
def test_a_first_step_uphill_is_refused(gradients: list[float], changes: list[float]) -> None:
    """All in all: 0.1 · 1 - 1 · 0.05 > 0."""
    optimiser = scripted(gradients, changes)
    message = r"Scripted\.update goes uphill: the change is added, so it is -self\.lr \* g, not self\.lr \* g$"
    with pytest.raises(ValueError, match=f"^{message}"):
        optimiser.step()
    assert [parameter.data for parameter in optimiser.parameters] == [0.0] * len(gradients)


@pytest.mark.parametrize(
    ("gradients", "changes"),
    [([1.0], [0.0]), ([1.0], [-1e-3]), ([1.0, 0.1], [-0.2, 1.0])],
    ids=["nowhere", "downhill", "downhill all in all"],
)
def test_a_first_step_that_is_not_uphill_is_taken(gradients: list[float], changes: list[float]) -> None:
    optimiser = scripted(gradients, changes)
    optimiser.step()
    assert [parameter.data for parameter in optimiser.parameters] == changes


def test_a_later_step_may_go_uphill_as_momentum_does() -> None:
    """After a step, and where something is remembered of one."""
    optimiser = scripted([1.0], [-1.0, 2.0])
    optimiser.step()
    optimiser.step()
    assert optimiser.parameters[0].data == 1.0
    optimiser = scripted([1.0], [2.0])
    optimiser.load_state_dict({"lr": 1.0, "v": [3.0]})
    optimiser.step()
    assert optimiser.parameters[0].data == 2.0


def test_what_update_is_given_by_hand_is_finite() -> None:
    for name, numbers in {"g": (math.inf, 0.0), "remembered": (0.0, math.inf)}.items():
        with pytest.raises(ValueError, match=f"^{name} must be a finite number, got inf$"):
            SGD([Value(1.0)], lr=1.0, momentum=0.5).update(*numbers)


@pytest.mark.parametrize(
    ("names", "contents"), [((), "(change,)"), (("m", "v"), "(change, m, v)")], ids=["nothing", "two numbers"]
)
def test_what_update_must_return_is_said_in_full(names: tuple[str, ...], contents: str) -> None:
    kind = type("Mine", (Optimizer,), {"remembers": names, "update": lambda self, g, *remembered: 1.0})
    optimiser = kind([Value(1.0)], lr=1.0)
    optimiser.parameters[0].grad = 1.0
    with pytest.raises(TypeError, match=f"^{re.escape(f'Mine.update must return a tuple, {contents}, got 1.0')}$"):
        optimiser.step()


def test_a_gradient_that_is_no_number_is_named_by_its_parameter_or_place() -> None:
    for label, name in {"w": "w", "": "parameter 1"}.items():
        parameters = [Value(0.0), Value(0.0, label)]
        parameters[0].grad, parameters[1].grad = 1.0, math.inf
        with pytest.raises(FloatingPointError, match=f"^the gradient of {name} is inf$"):
            SGD(parameters, lr=1.0).step()


def test_without_momentum_no_velocity_is_remembered() -> None:
    w = Value(1.0)
    optimiser = SGD([w], lr=0.5)
    w.grad = 1.0
    optimiser.step()
    assert (w.data, optimiser.v) == (0.5, [0.0])


def test_a_momentum_of_1_keeps_all_speed() -> None:
    w = Value(0.0)
    optimiser = SGD([w], lr=1.0, momentum=1.0)
    for _ in range(3):
        w.grad = 1.0
        optimiser.step()
    assert w.data == -(1.0 + 2.0 + 3.0)


@pytest.mark.parametrize(
    ("make", "factors"),
    [
        (lambda o: StepDecay(o, 2, 0.5), [1.0, 1.0, 0.5, 0.5, 0.25]),
        (lambda o: ExponentialDecay(o, 0.5), [1.0, 0.5, 0.25, 0.125, 0.0625]),
        (lambda o: InverseTimeDecay(o, 2.0), [1.0, 1 / 3, 1 / 5, 1 / 7, 1 / 9]),
    ],
    ids=["StepDecay", "ExponentialDecay", "InverseTimeDecay"],
)
def test_the_first_factors_of_each_schedule_by_hand(make: Any, factors: list[float]) -> None:
    schedule = make(SGD([Value(1.0)]))
    assert [schedule.factor(t) for t in range(5)] == factors
    with pytest.raises(ValueError, match=r"^t must be a whole number, got 0\.5$"):
        schedule.factor(0.5)


def test_adam_needs_two_betas() -> None:
    with pytest.raises(ValueError, match="^betas must be a list of 2, got 1$"):
        Adam([Value(1.0)], betas=(0.9,))
