"""Training measured: `python tests/benchmarks/training.py` from the root of the repository.

First, what one step of an optimiser costs per parameter. Then an epoch on moons beside micrograd, trained as in its
notebook: 100 points, 2-16-16-1 with ReLU, hinge loss, an L2 penalty, one update with all points, from the same
parameters. The two take turns, and the ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import functools
import time

from engine import alternate, copy_parameters, medians, print_table, ratios, version

from tinygrad_edu.nn import MLP, SGD, Adadelta, Adagrad, Adam, RMSprop, hinge, moons
from tinygrad_edu.nn.training import train_epoch

try:
    import micrograd.engine
    import micrograd.nn
except ImportError:
    micrograd = None

ROUNDS = 15
EPOCHS = 2  # in a row, within a round
OPTIMISERS = [SGD, functools.partial(SGD, momentum=0.9), Adagrad, RMSprop, Adadelta, Adam]
PENALTY = 1e-4  # micrograd's demo adds 1e-4 · Σ w², biases included, which is ½ · 2e-4 · ‖W‖²


def network():
    return MLP(2, [16, 16, 1], seed=0)


def measure_step(optimiser):
    """Nanoseconds per parameter of one step."""
    parameters = network().parameters()
    optimizer = optimiser(parameters)
    for parameter in parameters:
        parameter.grad = 0.5
    start = time.perf_counter()
    for _ in range(10):
        optimizer.step()
    return ((time.perf_counter() - start) / 10 / len(parameters) * 1e9,)


def report_steps():
    results = alternate(ROUNDS, *[functools.partial(measure_step, optimiser) for optimiser in OPTIMISERS])
    names = ["SGD", "SGD with momentum", "Adagrad", "RMSprop", "Adadelta", "Adam"]
    rows = [[name, *medians(series)] for name, series in zip(names, results, strict=True)]
    print_table("One step of an optimiser, 337 parameters", ["", "ns per parameter"], *rows)


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
