"""The static graph measured: `python tests/benchmarks/static.py` from the root of the repository.

A training step on 100 points and an epoch of handwritten digits, beside every other way to do the same: micrograd,
Values as in microgpt (`peers.Value`), this dynamic graph, and PyTorch, eager and with one thread. They take turns,
round after round; a ratio is the median of the ratios of the rounds. What is not installed is left out. Then what
tracing, writing and compiling cost, for graphs of growing length.
"""

from __future__ import annotations

import functools
import gc
import math
import random
import time
import tracemalloc

import engine
import peers
from engine import (
    alternate,
    check_same_gradients,
    copy_parameters,
    medians,
    print_machine,
    print_table,
    ratios,
    seconds_in_a_loop,
)

import tinygrad_edu
from tinygrad_edu import log_softmax, static_graph, tanh, weighted_sum
from tinygrad_edu.nn import MLP, SGD, load_digits, one_hot
from tinygrad_edu.static.arguments import Inputs
from tinygrad_edu.static.tracing import trace_function
from tinygrad_edu.static.writing import Writer

try:
    import micrograd.engine
    import micrograd.nn
except ImportError:
    micrograd = None
try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None

ROUNDS = 5
LR = 0.05
SHARE = 40  # what is neither static nor PyTorch reads every 40th digit; its time is multiplied
LENGTHS = (250, 2_500, 25_000)


def seconds(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start,)


def compare(title, measurements):
    """A table of the medians, in ms, and how many times the time of the first and of the second each one takes."""
    results = alternate(ROUNDS, *measurements.values())
    first, second, *_ = measurements
    rows = [
        [name, *(1e3 * s for s in medians(series)), *ratios(series, results[0]), *ratios(series, results[1])]
        for name, series in zip(measurements, results, strict=True)
    ]
    print_table(title, ["", "ms", f"times {first}", f"times {second}"], *rows)


# --------------------------------------------------------------------------------------------------- a training step


class PeerMLP:
    """The same network of `peers.Value`."""

    def __init__(self, model):
        self.neurons = [
            [([peers.Value(w.data) for w in neuron.w], peers.Value(neuron.b.data)) for neuron in layer.neurons]
            for layer in model.layers
        ]

    def __call__(self, x):
        for i, layer in enumerate(self.neurons, start=1):
            x = [sum(map(peers.Value.__mul__, w, x), b) for w, b in layer]
            x = x if i == len(self.neurons) else [z.relu() for z in x]
        return x if len(x) > 1 else x[0]

    def parameters(self):
        return [p for layer in self.neurons for w, b in layer for p in (*w, b)]

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0


def torch_copy(model):
    """The same network in PyTorch, in double precision."""
    modules = []
    for layer in model.layers:
        linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
        for neuron, weight, bias in zip(layer.neurons, linear.weight.data, linear.bias.data, strict=True):
            weight[:] = torch.tensor([w.data for w in neuron.w])
            bias.fill_(neuron.b.data)
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def static_step(model, static, samples):
    model.zero_grad()
    static.batch(samples)


def torch_step(model, batches):
    """Forward and backward for each batch; the gradients add up."""
    model.zero_grad()
    for x, y in batches:
        loss = torch.relu(1.0 - y * model(x)).sum() / engine.POINTS
        loss.backward()


def check_torch_gradients(ours, theirs):
    """Raises AssertionError unless PyTorch holds the same gradients, in its own order."""
    for layer, linear in zip(ours.layers, theirs[::2], strict=True):
        gradients = [[*[w.grad for w in neuron.w], neuron.b.grad] for neuron in layer.neurons]
        expected = torch.cat([linear.weight.grad, linear.bias.grad[:, None]], dim=1)
        torch.testing.assert_close(torch.tensor(gradients, dtype=torch.float64), expected)


def report_training():
    inputs, targets = engine.moons()
    model = MLP(2, engine.LAYERS, seed=0)
    dynamic, slots = MLP(2, engine.LAYERS, seed=0), PeerMLP(model)

    def share(x, y):
        return (1.0 + model(x) * -y).relu() * (1.0 / engine.POINTS)

    static = static_graph(share, model.parameters())
    samples = list(zip(inputs, targets, strict=True))
    steps = {
        "static graph": functools.partial(static_step, model, static, samples),
        "dynamic graph": functools.partial(engine.training_step, dynamic, tinygrad_edu.Value, inputs, targets),
        "Values as in microgpt": functools.partial(engine.training_step, slots, peers.Value, inputs, targets),
    }
    others = [dynamic, slots]
    if micrograd:
        theirs = micrograd.nn.MLP(2, engine.LAYERS)
        copy_parameters(model, theirs)
        steps["micrograd"] = functools.partial(engine.training_step, theirs, micrograd.engine.Value, inputs, targets)
        others.append(theirs)
    if torch:
        in_torch = torch_copy(model)
        x, y = torch.tensor(inputs, dtype=torch.float64), torch.tensor(targets, dtype=torch.float64)[:, None]
        steps["PyTorch, sample by sample"] = functools.partial(torch_step, in_torch, list(zip(x, y, strict=True)))
        steps["PyTorch, one batch"] = functools.partial(torch_step, in_torch, [(x, y)])
    measurements = {name: functools.partial(seconds_in_a_loop, step) for name, step in steps.items()}
    title = f"A training step in a loop, MLP(2, {engine.LAYERS}), {engine.POINTS} points, forward and backward"
    compare(title, measurements)
    for other in others:
        check_same_gradients(model.parameters(), other.parameters())
    if torch:
        check_torch_gradients(model, in_torch)


# ------------------------------------------------------------------------------------------------- an epoch of digits


def training_digits():
    """1,437 shuffled images with their classes."""
    pixels, classes, _ = load_digits()
    digits = list(zip([[ink / 16.0 for ink in image] for image in pixels], classes, strict=True))
    random.Random(0).shuffle(digits)
    return digits[:-360]


def cross_entropy(model, x, y):
    return -weighted_sum(y, log_softmax(model(x)))


def seconds_of_all(samples, train):
    """Seconds of an epoch, from a part of it: `train` is called with every so many samples.

    Once before, so that training is under way (see `engine.seconds_in_a_loop`).
    """
    part = samples[::SHARE]
    train(part)
    (taken,) = seconds(lambda: train(part))
    return (taken * len(samples) / len(part),)


def train_dynamic(model, samples):
    """Stochastic gradient descent."""
    optimizer = SGD(model.parameters(), lr=LR)
    for x, y in samples:
        optimizer.zero_grad()
        cross_entropy(model, x, y).backward()
        optimizer.step()


def train_peer(model, exp, log, samples):
    """The same in words that every engine knows, but for the functions exp and log."""
    for x, y in samples:
        logits = model(x)
        greatest = max(z.data for z in logits)
        differences = [z - greatest for z in logits]
        loss = log(sum(map(exp, differences))) - differences[y.index(1.0)]
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= LR * p.grad


def micrograd_function(function, derivative):
    """A function of one variable for micrograd, which has no exp and log, written as its operations are."""

    def apply(x):
        out = micrograd.engine.Value(function(x.data), (x,), function.__name__)

        def _backward():
            x.grad += derivative(x.data, out.data) * out.grad

        out._backward = _backward
        return out

    return apply


def check_same_numbers(ours, theirs):
    """Raises AssertionError unless two networks have come to the same parameters."""
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert math.isclose(one.data, other.data, rel_tol=1e-6, abs_tol=1e-9), (one.data, other.data)


def torch_epoch(model, images, classes):
    """The same in PyTorch, one image at a time."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    loss = torch.nn.CrossEntropyLoss()
    for i in range(len(images)):
        optimizer.zero_grad()
        loss(model(images[i : i + 1]), classes[i : i + 1]).backward()
        optimizer.step()


def report_digits():
    digits = training_digits()
    samples = [(image, one_hot(k, 10)) for image, k in digits]
    model, dynamic = MLP(64, [32, 10], seed=0), MLP(64, [32, 10], seed=0)
    slots = PeerMLP(model)
    in_torch = torch_copy(model).float() if torch else None
    static = static_graph(functools.partial(cross_entropy, model), model.parameters())
    trainings = {
        "dynamic graph": functools.partial(train_dynamic, dynamic),
        "Values as in microgpt": functools.partial(train_peer, slots, peers.Value.exp, peers.Value.log),
    }
    others = [slots]
    if micrograd:
        theirs = micrograd.nn.MLP(64, [32, 10])
        copy_parameters(model, theirs)
        exp = micrograd_function(math.exp, lambda x, out: out)
        log = micrograd_function(math.log, lambda x, out: 1.0 / x)
        trainings["micrograd"] = functools.partial(train_peer, theirs, exp, log)
        others.append(theirs)
    measurements = {"static graph": lambda: seconds(lambda: static.descend(samples, LR))} | {
        name: functools.partial(seconds_of_all, samples, train) for name, train in trainings.items()
    }
    if torch:
        images, classes = torch.tensor([image for image, _ in digits]), torch.tensor([k for _, k in digits])
        measurements["PyTorch"] = lambda: seconds(lambda: torch_epoch(in_torch, images, classes))
    compare("An epoch of 1,437 digits, MLP(64, [32, 10]), an update after each image", measurements)
    for other in others:
        check_same_numbers(dynamic, other)


# ------------------------------------------------------------------------------------------ tracing, writing, compiling


def chain(parameters, length, x):
    """Four operations, as often as `length` says."""
    w, b = parameters
    for _ in range(length):
        x = tanh(w * x + b) * b
    return x


def measure_compiling(length):
    """Milliseconds of tracing, writing, compiling and running, per 1,000 operations."""
    parameters = [tinygrad_edu.Parameter(0.9, "w"), tinygrad_edu.Parameter(0.5, "b")]
    function = functools.partial(chain, parameters, length)
    times = [time.perf_counter()]
    graph = trace_function(function, Inputs(function), parameters, [0.5], 10**9)
    times.append(time.perf_counter())
    source = Writer(graph)
    times.append(time.perf_counter())
    names = dict(source.names.functions)
    exec(compile(source.text, "chain", "exec"), names)
    times.append(time.perf_counter())
    names["backpropagate"]([[0.5]], [0.9, 0.5], [0.0, 0.0])
    times.append(time.perf_counter())
    operations = 4 * length
    lines = len(source.lines)
    return lines, *(1e6 * (after - before) / operations for before, after in zip(times, times[1:], strict=False))


def bytes_of_static_graph(length):
    """Bytes that a static graph keeps per operation."""
    parameters = [tinygrad_edu.Parameter(0.9, "w"), tinygrad_edu.Parameter(0.5, "b")]
    tracemalloc.start()
    static = static_graph(functools.partial(chain, parameters, length), parameters)
    static(0.5)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept / (4 * length)


def report_compiling():
    results = alternate(3, *[functools.partial(measure_compiling, length) for length in LENGTHS])
    rows = [
        [f"{4 * length:,}", f"{series[0][0]:,}", *medians(series)[1:]]
        for length, series in zip(LENGTHS, results, strict=True)
    ]
    header = ["operations", "lines", "trace", "write", "compile", "run"]
    print_table("A chain as a static graph: ms per 1,000 operations", header, *rows)
    print(f"  {bytes_of_static_graph(LENGTHS[1]):,.0f} bytes are kept per operation: text and code")


if __name__ == "__main__":
    print_machine()
    report_training()
    report_digits()
    report_compiling()
