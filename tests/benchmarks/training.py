"""Training measured: `python tests/benchmarks/training.py` from the root of the repository.

First, what one step of an optimiser costs per parameter, in CPU time, beside the same rule as a loop written by hand;
where that loop is shortest, SGD's, it is also shown with the check of every gradient that a step makes. Then an epoch
on moons beside micrograd, trained as in its notebook: 100 points, 2-16-16-1 with ReLU, hinge loss, an L2 penalty, one
update with all points, from the same parameters. The two take turns, and the ratio is the median of the ratios of the
rounds.
"""

from __future__ import annotations

import functools
import math
import random
import time

from engine import alternate, copy_parameters, medians, print_table, ratios, version

from tinygrad_edu import Parameter
from tinygrad_edu.nn import MLP, SGD, Adadelta, Adagrad, Adam, RMSprop, hinge, moons
from tinygrad_edu.nn.training import train_epoch

try:
    import micrograd.engine
    import micrograd.nn
except ImportError:
    micrograd = None

ROUNDS = 15
PARAMETERS = 4192  # of a GPT of microgpt's size
STEPS = 5  # in a row, within a round
EPOCHS = 2  # in a row, within a round
PENALTY = 1e-4  # micrograd's demo adds 1e-4 · Σ w², biases included, which is ½ · 2e-4 · ‖W‖²


def network():
    return MLP(2, [16, 16, 1], seed=0)


# ---------------------------------------------------------------------- one step, and the same in a loop by hand


def by_hand_sgd(parameters, lr=1e-3):
    for p in parameters:
        p.data -= lr * p.grad


def by_hand_checked_sgd(parameters, lr=1e-3):
    if not all(math.isfinite(p.grad) for p in parameters):
        raise FloatingPointError
    for p in parameters:
        p.data -= lr * p.grad


def by_hand_momentum(parameters, v, lr=1e-3, momentum=0.9):
    for i, p in enumerate(parameters):
        v[i] = momentum * v[i] + p.grad
        p.data -= lr * v[i]


def by_hand_adagrad(parameters, v, lr=1e-2, eps=1e-10):
    for i, p in enumerate(parameters):
        v[i] += p.grad**2
        p.data -= lr * p.grad / (math.sqrt(v[i]) + eps)


def by_hand_rmsprop(parameters, v, lr=1e-2, alpha=0.99, eps=1e-8):
    for i, p in enumerate(parameters):
        v[i] = alpha * v[i] + (1.0 - alpha) * p.grad**2
        p.data -= lr * p.grad / (math.sqrt(v[i]) + eps)


def by_hand_adadelta(parameters, v, x, lr=1.0, rho=0.9, eps=1e-6):
    for i, p in enumerate(parameters):
        v[i] = rho * v[i] + (1.0 - rho) * p.grad**2
        change = math.sqrt(x[i] + eps) / math.sqrt(v[i] + eps) * p.grad
        x[i] = rho * x[i] + (1.0 - rho) * change**2
        p.data -= lr * change


def by_hand_adam(parameters, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t[0] += 1.0
    correction1, correction2 = 1.0 - beta1 ** t[0], 1.0 - beta2 ** t[0]
    for i, p in enumerate(parameters):
        m[i] = beta1 * m[i] + (1.0 - beta1) * p.grad
        v[i] = beta2 * v[i] + (1.0 - beta2) * p.grad**2
        p.data -= lr * (m[i] / correction1) / (math.sqrt(v[i] / correction2) + eps)


STEPPED = {  # what steps, the loop by hand, and how many lists that remembers
    "SGD": (SGD, by_hand_sgd, 0),
    "SGD, gradients checked by hand": (SGD, by_hand_checked_sgd, 0),
    "SGD with momentum": (functools.partial(SGD, momentum=0.9), by_hand_momentum, 1),
    "Adagrad": (Adagrad, by_hand_adagrad, 1),
    "RMSprop": (RMSprop, by_hand_rmsprop, 1),
    "Adadelta": (Adadelta, by_hand_adadelta, 2),
    "Adam": (Adam, by_hand_adam, 3),
}


def measure_step(step):
    """Nanoseconds of CPU time per parameter of one step."""
    start = time.process_time()
    for _ in range(STEPS):
        step()
    return ((time.process_time() - start) / STEPS / PARAMETERS * 1e9,)


def report_steps():
    generator, rows = random.Random(0), []
    for name, (optimiser, by_hand, lists) in STEPPED.items():
        parameters = [Parameter(generator.gauss(0.0, 1.0)) for _ in range(PARAMETERS)]
        for parameter in parameters:
            parameter.grad = generator.gauss(0.0, 1.0)
        loop = functools.partial(by_hand, parameters, *[[0.0] * PARAMETERS for _ in range(lists)])
        steps = [functools.partial(measure_step, step) for step in (optimiser(parameters).step, loop)]
        ours, theirs = alternate(ROUNDS, *steps)
        rows.append([name, *medians(ours), *medians(theirs), *ratios(ours, theirs)])
    header = ["", "ns per parameter", "by hand", "times"]
    print_table(f"One step of an optimiser, {PARAMETERS} parameters", header, *rows)


# ------------------------------------------------------------------------------------------------------- an epoch


def measure_epoch(model, inputs, labels):
    """Seconds of an epoch: zero_grad, forward, backward, update."""
    optimizer = SGD(model.parameters(), lr=0.1)
    start = time.perf_counter()
    for _ in range(EPOCHS):
        train_epoch(model, hinge, [(inputs, labels)], optimizer, 2.0 * PENALTY)
    return ((time.perf_counter() - start) / EPOCHS,)


def measure_micrograd(model, inputs, labels):
    """The same, in the words of micrograd's demo."""
    start = time.perf_counter()
    for _ in range(EPOCHS):
        points = [list(map(micrograd.engine.Value, row)) for row in inputs]
        losses = [(1 + -label * model(x)).relu() for label, x in zip(labels, points, strict=True)]
        penalty = PENALTY * sum(p * p for p in model.parameters())
        total = sum(losses) * (1.0 / len(losses)) + penalty
        model.zero_grad()
        total.backward()
        for parameter in model.parameters():
            parameter.data -= 0.1 * parameter.grad
    return ((time.perf_counter() - start) / EPOCHS,)


def report_epochs():
    inputs, classes = moons(100, seed=0)
    labels = [2 * k - 1 for k in classes]
    ours = network()
    measurements = [functools.partial(measure_epoch, ours, inputs, labels)]
    if micrograd:
        theirs = micrograd.nn.MLP(2, [16, 16, 1])
        copy_parameters(ours, theirs)
        measurements.append(functools.partial(measure_micrograd, theirs, inputs, labels))
    results = alternate(ROUNDS, *measurements)
    rows = [["tinygrad_edu", 1e3 * medians(results[0])[0], 1.0]]
    if micrograd:
        rows.append(["micrograd", 1e3 * medians(results[1])[0], *ratios(results[1], results[0])])
    print_table("An epoch on moons, 100 points in one batch", ["", "ms", "times"], *rows)


if __name__ == "__main__":
    print(", ".join(map(version, ["tinygrad_edu", "micrograd"])))
    report_steps()
    report_epochs()
