"""The same numbers as PyTorch: losses, optimisers, learning rates, batch normalisation, maxout.

pytorch_numbers.json holds what PyTorch 2.13.0 gives in double precision on the CPU for the cases below. To compute it
afresh, with torch installed:

    python tests/nn/test_against_pytorch.py

Where torch can be imported, the stored numbers are also compared with what it gives now.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import Value, nn
from tinygrad_edu.nn.modules import BatchNorm, Maxout

EPSILON = math.ulp(1.0)
NUMBERS = Path(__file__).with_name("pytorch_numbers.json")
EXTREMES = [-1000.0, -100.0, -40.0, -20.0, -1.0, -1e-9, 0.0, 0.3, 1.0, 20.0, 40.0, 100.0, 1000.0]
LOGITS = [
    [0.0, 0.0],
    [0.5, -1.5, 2.0],
    [2.0, 2.0, 2.0],
    [40.0, 0.0, 0.0],
    [-40.0, 3.0, 0.5],
    [1000.0, 0.0, -1000.0],
    [-1000.0, 1000.0, 999.0],
    [1000.0, 1000.0, -1000.0, 0.0],
]

# ------------------------------------------------- the cases: [name of the loss, [prediction, …], target]
CASES = [
    *[["squared_error", [y], t] for y in EXTREMES for t in (0.0, -3.5)],
    ["squared_error", [1.0, -2.0, 1000.0], [0.5, 0.25, -1000.0]],
    *[["hinge", [y], t] for y in EXTREMES for t in (-1, 1)],
    *[["binary_cross_entropy", [z], t] for z in EXTREMES for t in (0, 1, 0.3)],
    *[["cross_entropy", logits, c] for logits in LOGITS for c in range(len(logits))],
    *[["cross_entropy", logits, [0.75, 0.25, *[0.0] * (len(logits) - 2)]] for logits in LOGITS],
]
BATCH_LOGITS = [[0.5, -1.5, 2.0], [0.1, 0.2, 0.3], [30.0, -3.0, 7.0], [-1.0, 0.0, 1.0]]
BATCH_TARGETS = [2, 0, 1, 1]
OPTIMISERS = [
    ["SGD", {"lr": 0.01}],
    ["SGD", {"lr": 0.01, "momentum": 0.9}],
    ["Adagrad", {}],
    ["Adagrad", {"lr": 0.5, "eps": 1e-3}],
    ["Adadelta", {}],
    ["Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4}],
    ["RMSprop", {}],
    ["RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-3}],
    ["Adam", {}],
    ["Adam", {"lr": 0.1, "betas": (0.8, 0.99), "eps": 1e-4}],
]
SCHEDULES = [["StepDecay", {"step_size": 3}], ["ExponentialDecay", {"gamma": 0.9}], ["InverseTimeDecay", {"beta": 0.5}]]
START = [-1.2, 1.0, 0.5]
STEPS = 50
XS = [0.5, -1.25, 3.0, 2.0, 0.0]
GAMMA, BETA = 1.5, -0.25
PIECES = [[0.5, -1.0, 0.25], [-2.0, 0.75, 0.0], [0.5, 0.5, 0.5]]  # w1, w2, b
POINT = [0.75, -1.5]


def valley(a: Any, b: Any, c: Any) -> Any:
    """Rosenbrock's valley, and a third parameter that matters exponentially: for Values and tensors alike."""
    return (1.0 - a) ** 2 + 10.0 * (b - a * a) ** 2 + (c * a - 1.0).exp() + c * c


# ----------------------------------------------------------------------------------------- what tinygrad_edu gives


def our_loss(name: str, prediction: Any, target: Any) -> Any:
    inputs = [Value(x) for x in prediction]
    out = getattr(nn, name)(inputs if name == "cross_entropy" or len(inputs) > 1 else inputs[0], target)
    out.backward()
    return [out.data, *[x.grad for x in inputs]]


def our_batch() -> Any:
    logits = [[Value(z) for z in row] for row in BATCH_LOGITS]
    risk = nn.mean([nn.cross_entropy(row, c) for row, c in zip(logits, BATCH_TARGETS, strict=True)])
    risk.backward()
    return [risk.data, *[z.grad for row in logits for z in row]]


def our_steps(name: str, arguments: Any) -> Any:
    parameters = [Value(x) for x in START]
    optimizer = getattr(nn, name)(parameters, **arguments)
    trace = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*parameters).backward()
        optimizer.step()
        trace += [parameter.data for parameter in parameters]
    return trace


def our_rates(name: str, arguments: Any) -> Any:
    optimizer = nn.SGD([Value(0.0)], lr=0.25)
    schedule = getattr(nn, name)(optimizer, **arguments)
    rates = []
    for _ in range(10):
        schedule.step()
        rates.append(optimizer.lr)
    return rates


def our_batch_norm() -> Any:
    norm = BatchNorm()
    norm.gamma.data, norm.beta.data = GAMMA, BETA
    xs = [Value(x) for x in XS]
    ys = norm(xs)
    nn.mean([y * y * y for y in ys]).backward()
    return [*[y.data for y in ys], *[x.grad for x in xs], norm.gamma.grad, norm.beta.grad]


def our_maxout() -> Any:
    neuron = Maxout(2, pieces=3)
    for piece, (w1, w2, b) in zip(neuron.pieces, PIECES, strict=True):
        piece.w[0].data, piece.w[1].data, piece.b.data = w1, w2, b
    inputs = [Value(x) for x in POINT]
    out = neuron(inputs)
    out.backward()
    return [out.data, *[x.grad for x in inputs], *[p.grad for p in neuron.parameters()]]


# ----------------------------------------------------------------------------------------------- what PyTorch gives


def pytorch_numbers() -> Any:
    return {
        "losses": [pytorch_loss(*case) for case in CASES],
        "batch": pytorch_batch(),
        "optimisers": [pytorch_steps(*case) for case in OPTIMISERS],
        "schedules": [pytorch_rates(*case) for case in SCHEDULES],
        "batch_norm": pytorch_batch_norm(),
        "maxout": pytorch_maxout(),
    }


def tensor(numbers: Any, requires_grad: Any = False) -> Any:
    import torch

    return torch.tensor(numbers, dtype=torch.double, requires_grad=requires_grad)


def pytorch_loss(name: str, prediction: Any, target: Any) -> Any:
    from torch.nn import functional

    x = tensor(prediction, requires_grad=True)
    if name == "cross_entropy":
        probabilities = isinstance(target, list)
        out = functional.cross_entropy(x, tensor(target) if probabilities else tensor(target).long())
    else:
        t = tensor(target if isinstance(target, list) else [target])
        out = {
            "squared_error": lambda: 0.5 * functional.mse_loss(x, t, reduction="sum"),
            "hinge": lambda: functional.relu(1.0 - t * x).sum(),
            "binary_cross_entropy": lambda: functional.binary_cross_entropy_with_logits(x, t),
        }[name]()
    out.backward()
    return [out.item(), *x.grad.tolist()]


def pytorch_batch() -> Any:
    from torch.nn import functional

    logits = tensor(BATCH_LOGITS, requires_grad=True)
    risk = functional.cross_entropy(logits, tensor(BATCH_TARGETS).long())
    risk.backward()
    return [risk.item(), *logits.grad.flatten().tolist()]


def pytorch_steps(name: str, arguments: Any) -> Any:
    import torch

    parameters = [tensor(x, requires_grad=True) for x in START]
    optimizer = getattr(torch.optim, name)(parameters, **arguments)
    trace = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*parameters).backward()
        optimizer.step()
        trace += [parameter.item() for parameter in parameters]
    return trace


def pytorch_rates(name: str, arguments: Any) -> Any:
    import torch
    from torch.optim import lr_scheduler

    optimizer = torch.optim.SGD([tensor(0.0, requires_grad=True)], lr=0.25)
    schedule = {
        "StepDecay": lambda: lr_scheduler.StepLR(optimizer, **arguments),
        "ExponentialDecay": lambda: lr_scheduler.ExponentialLR(optimizer, **arguments),
        "InverseTimeDecay": lambda: lr_scheduler.LambdaLR(optimizer, lambda t: 1.0 / (1.0 + arguments["beta"] * t)),
    }[name]()
    rates = []
    for _ in range(10):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def pytorch_batch_norm() -> Any:
    import torch

    norm = torch.nn.BatchNorm1d(1, dtype=torch.double)
    with torch.no_grad():
        norm.weight.fill_(GAMMA)
        norm.bias.fill_(BETA)
    xs = tensor([[x] for x in XS], requires_grad=True)
    ys = norm(xs)
    (ys**3).mean().backward()
    return [*ys.flatten().tolist(), *xs.grad.flatten().tolist(), norm.weight.grad.item(), norm.bias.grad.item()]


def pytorch_maxout() -> Any:
    pieces, point = tensor(PIECES, requires_grad=True), tensor(POINT, requires_grad=True)
    out = (pieces[:, :2] @ point + pieces[:, 2]).amax()
    out.backward()
    return [out.item(), *point.grad.tolist(), *pieces.grad.flatten().tolist()]


# ---------------------------------------------------------------------------------------------------------- tests


@pytest.fixture(scope="module")
def numbers() -> Any:
    return json.loads(NUMBERS.read_text(encoding="utf-8"))


def close(ours: Any, theirs: Any, absolute: Any = 0.0) -> Any:
    return ours == pytest.approx(theirs, rel=1e-12, abs=absolute)


@pytest.mark.parametrize("i", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}-{CASES[i][1]}-{CASES[i][2]}")
def test_a_loss_and_its_gradient_are_those_of_pytorch(i: int, numbers: Any) -> None:
    """To 1e-12 of each, except where PyTorch itself is no nearer than the rounding of the logits (for the loss) or of
    1 (for the gradient). There test_losses.py compares with exact arithmetic.
    """
    (loss, *gradients), (their_loss, *their_gradients) = our_loss(*CASES[i]), numbers["losses"][i]
    assert close(loss, their_loss, absolute=math.ulp(max(map(abs, CASES[i][1]))))
    assert close(gradients, their_gradients, absolute=EPSILON)


def test_the_mean_over_a_batch_is_that_of_pytorch(numbers: Any) -> None:
    assert close(our_batch(), numbers["batch"], absolute=EPSILON)


@pytest.mark.parametrize("i", range(len(OPTIMISERS)), ids=lambda i: f"{OPTIMISERS[i][0]}-{OPTIMISERS[i][1]}")
def test_fifty_steps_of_an_optimiser_are_those_of_pytorch(i: int, numbers: Any) -> None:
    assert len(numbers["optimisers"][i]) == STEPS * len(START)
    assert close(our_steps(*OPTIMISERS[i]), numbers["optimisers"][i])


@pytest.mark.parametrize("i", range(len(SCHEDULES)), ids=lambda i: SCHEDULES[i][0])
def test_ten_learning_rates_of_a_schedule_are_those_of_pytorch(i: int, numbers: Any) -> None:
    assert close(our_rates(*SCHEDULES[i]), numbers["schedules"][i])


def test_batch_normalisation_and_its_gradients_are_those_of_pytorch(numbers: Any) -> None:
    assert close(our_batch_norm(), numbers["batch_norm"], absolute=EPSILON)


def test_maxout_and_its_gradients_are_those_of_pytorch(numbers: Any) -> None:
    assert close(our_maxout(), numbers["maxout"])


@pytest.mark.slow
def test_the_stored_numbers_are_what_pytorch_gives_now(numbers: Any) -> None:
    pytest.importorskip("torch")
    stored, live = flat(numbers), flat(pytorch_numbers())
    assert len(stored) == len(live)
    assert all(math.isclose(a, b, rel_tol=1e-12, abs_tol=EPSILON) for a, b in zip(stored, live, strict=True))


def flat(nested: Any) -> Any:
    if isinstance(nested, dict):
        nested = list(nested.values())
    return [number for part in nested for number in flat(part)] if isinstance(nested, list) else [nested]


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(pytorch_numbers(), indent=0) + "\n", encoding="utf-8")
