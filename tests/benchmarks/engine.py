"""The engine beside its peers: `python tests/benchmarks/engine.py` from the root of the repository.

The peers are micrograd (`pip install micrograd`) and `peers.Value`, built as in microgpt. They take turns, round after
round, and a ratio is the median of the ratios of the rounds, so what else the machine does falls on all alike.
"""

from __future__ import annotations

import functools
import gc
import importlib.metadata
import importlib.util
import math
import operator
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import tracemalloc

import peers

import tinygrad_edu
from tinygrad_edu import nn

try:
    import micrograd
    import micrograd.engine
    import micrograd.nn
except ImportError:
    micrograd = None

POINTS = 100
LAYERS = [16, 16, 1]
STEPS = 3
LEAVES = 200
GRAPHS = 40
CHAINS = (1_000, 10_000, 100_000, 1_000_000)


# ------------------------------------------------------------------------------------------ how things are measured


def alternate(rounds, *measurements, frozen=False):
    """Call the measurements in turn, A B A B, and return the list of results of each.

    A measurement returns a tuple of numbers, mostly seconds, one per phase. It starts with no garbage left by the one
    before, and a first round, in which Python warms up, is not counted. `frozen` hides from the collector what lives
    by then, such as PyTorch's 150,000 objects: else they make a node of a small graph cost as much as one of a large.
    """
    results = [[] for _ in measurements]
    for _ in range(rounds + 1):
        for measure, series in zip(measurements, results, strict=True):
            gc.collect()
            if frozen:
                gc.freeze()
            series.append(measure())
            gc.unfreeze()
    return [series[1:] for series in results]


def medians(series):
    """The median of each phase."""
    return [statistics.median(phase) for phase in zip(*series, strict=True)]


def ratios(series, reference):
    """How many times `series` is `reference`, phase by phase: each round divided by its partner, then the median."""
    pairs = zip(series, reference, strict=True)
    return medians([tuple(map(operator.truediv, one, other)) for one, other in pairs])


def text_of(cell):
    """Words as they are, numbers with three digits or, if they are large, as whole numbers."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if cell >= 100.0 else f"{cell:.3g}"


def print_table(title, header, *rows):
    """The rows under their header, the first column to the left, the others to the right."""
    cells = [header] + [list(map(text_of, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for first, *others in cells:
        padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join(["", first.ljust(widths[0]), *padded]))


# --------------------------------------------------------------------------------------------------- a training step


def moons():
    """Two interleaved half circles with a little noise: lists of inputs [x1, x2] and of targets -1.0 or 1.0."""
    generator = random.Random(0)
    inputs, targets = [], []
    for i in range(POINTS):
        angle, upper = math.pi * generator.random(), i % 2 == 0
        centre, side = ((0.0, 0.0), 1.0) if upper else ((1.0, 0.5), -1.0)
        inputs.append([
            centre[0] + side * math.cos(angle) + generator.gauss(0.0, 0.1),
            centre[1] + side * math.sin(angle) + generator.gauss(0.0, 0.1),
        ])
        targets.append(side)
    return inputs, targets


def training_step(model, value, inputs, targets):
    """Forward, zero_grad, backward with the hinge loss, in words that every engine knows."""
    losses = [(1.0 + model(list(map(value, x))) * -y).relu() for x, y in zip(inputs, targets, strict=True)]
    loss = functools.reduce(operator.add, losses) * (1.0 / len(losses))
    model.zero_grad()
    loss.backward()


def seconds_in_a_loop(step):
    """Seconds per step of a training loop that is under way.

    What a loop throws away costs time as well. micrograd's graphs are cycles, which the collector has to find among
    all living nodes during the next steps; a graph without cycles is freed at once, within its own step.
    """
    step()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return ((time.perf_counter() - start) / STEPS,)


def measure_training(model, value, inputs, targets):
    """Seconds per step in a loop, and of one step whose garbage is left uncollected."""
    (in_a_loop,) = seconds_in_a_loop(functools.partial(training_step, model, value, inputs, targets))
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    training_step(model, value, inputs, targets)
    without_collector = time.perf_counter() - start
    gc.enable()
    return in_a_loop, without_collector


def copy_parameters(source, target):
    for ours, theirs in zip(source.parameters(), target.parameters(), strict=True):
        theirs.data = ours.data


def check_same_gradients(ours, theirs):
    """Raises AssertionError unless the leaves of both engines hold the same gradients."""
    for one, other in zip(ours, theirs, strict=True):
        assert math.isclose(one.grad, other.grad, rel_tol=1e-9, abs_tol=1e-12), (one.grad, other.grad)


def report_training():
    inputs, targets = moons()
    ours, theirs = nn.MLP(2, LAYERS, seed=0), micrograd.nn.MLP(2, LAYERS)
    copy_parameters(ours, theirs)
    train_ours = functools.partial(measure_training, ours, tinygrad_edu.Value, inputs, targets)
    train_theirs = functools.partial(measure_training, theirs, micrograd.engine.Value, inputs, targets)
    series, reference = alternate(3, train_ours, train_theirs)
    check_same_gradients(ours.parameters(), theirs.parameters())
    print_table(
        f"A training step, MLP(2, {LAYERS}), {POINTS} points, in ms (to be at least 20 times faster than micrograd)",
        ["", "in a loop", "garbage left uncollected"],
        ["tinygrad_edu", *(1e3 * s for s in medians(series))],
        ["micrograd", *(1e3 * s for s in medians(reference))],
        ["times faster", *ratios(reference, series)],
    )


# ----------------------------------------------------------------------------------- the same expressions of + and *


def chain(x):
    """One long path."""
    total = x[0]
    for i in range(1, LEAVES):
        total = total * x[i] + x[0]
    return total


def doubled(x):
    """Every interior node is used twice, by the same operation or by two."""
    total = x[0]
    for i in range(1, LEAVES):
        product = total * x[i]
        total = product + product
    return total


def dot(weights, x):
    return functools.reduce(operator.add, map(operator.mul, weights, x))


def dot_product(x):
    return dot(x, x[::-1])


def layers(x):
    """Three layers of six neurons: each interior node has six users."""
    activations = x[:6]
    for layer in range(3):
        activations = [dot(x[i : i + 6], activations) for i in range(layer, layer + 36, 6)]
    return dot(activations, activations)


def with_numbers(x):
    """Plain numbers as operands."""
    total = x[0]
    for _ in range(1, LEAVES):
        total = 0.5 * total + 1.0
    return total


def new_leaves(value):
    generator = random.Random(0)
    return [value(generator.uniform(0.4, 0.6)) for _ in range(LEAVES)]


def operations_in(root):
    return sum(node.op is not None for node in tinygrad_edu.topological_order(root))


def measure_expression(expression, leaves):
    """Seconds of forward, backward and both."""
    start = time.perf_counter()
    outputs = [expression(leaves) for _ in range(GRAPHS)]
    middle = time.perf_counter()
    for output in outputs:
        output.backward()
    end = time.perf_counter()
    return middle - start, end - middle, end - start


def compare_expression(expression):
    """A row of the table: nanoseconds per operation of both engines, and the ratios."""
    ours, theirs = new_leaves(tinygrad_edu.Value), new_leaves(peers.Value)
    measurements = [functools.partial(measure_expression, expression, leaves) for leaves in (ours, theirs)]
    series, reference = alternate(15, *measurements)
    check_same_gradients(ours, theirs)
    operations = GRAPHS * operations_in(expression(ours))
    times = [[1e9 * s / operations for s in medians(one)[:2]] for one in (series, reference)]
    return [expression.__name__, *times[0], *times[1], *ratios(series, reference)]


def report_expressions():
    rows = [compare_expression(expression) for expression in (chain, doubled, dot_product, layers, with_numbers)]
    together = statistics.geometric_mean(row[-1] for row in rows)
    print_table(
        "The same expressions of + and *, in ns per operation, beside Values as in microgpt (to be within 1.5 times)",
        ["", "ours: forward", "backward", "peer's: forward", "backward", "ratio: forward", "backward", "together"],
        *rows,
        ["geometric mean", *[""] * 6, together],
    )


# ---------------------------------------------------------------------------------------- chains of growing length


def measure_chain(length, value=tinygrad_edu.Value):
    """Nanoseconds per addition of forward, backward, freeing and all three."""
    repeats = max(1, 100_000 // length)
    forward = backward = freeing = 0.0
    for _ in range(repeats):
        total = x = value(1.0)
        start = time.perf_counter()
        for _ in range(length):
            total = total + x
        built = time.perf_counter()
        total.backward()
        done = time.perf_counter()
        del total
        freed = time.perf_counter()
        forward, backward, freeing = forward + built - start, backward + done - built, freeing + freed - done
    return tuple(1e9 * s / length / repeats for s in (forward, backward, freeing, forward + backward + freeing))


def report_chains():
    results = alternate(3, *[functools.partial(measure_chain, length) for length in CHAINS])
    longest_to_10_000 = ratios(results[3], results[1])
    print_table(
        "A chain of additions, in ns per node (1,000,000 nodes to cost within 2.5 times of 10,000)",
        ["nodes", "forward", "backward", "freeing", "all"],
        *[[f"{length:,}", *medians(series)] for length, series in zip(CHAINS, results, strict=True)],
        ["ratio", *longest_to_10_000],
    )


# ------------------------------------------------------------------------------------------------ memory and import


def bytes_per_operation(value):
    """Bytes of one operation on two Values, before backward and after."""
    leaves = new_leaves(value)
    gc.collect()
    tracemalloc.start()
    outputs = [chain(leaves) for _ in range(GRAPHS)]
    before, _ = tracemalloc.get_traced_memory()
    for output in outputs:
        output.backward()
    del output
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    operations = GRAPHS * 2 * (LEAVES - 1)
    return before / operations, after / operations


def report_memory():
    engines = {"tinygrad_edu": tinygrad_edu.Value, "as in microgpt": peers.Value}
    if micrograd:
        engines["micrograd"] = micrograd.engine.Value
    print_table(
        "Bytes per operation on two Values (to be at most 250)",
        ["", "before backward", "after"],
        *[[name, *bytes_per_operation(value)] for name, value in engines.items()],
    )


def measure_import(module):
    """Milliseconds of the first import in a new process."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return (1e3 * float(process.stdout),)


def report_import():
    modules = ["tinygrad_edu", "tinygrad_edu.nn"] + ["micrograd.nn"] * bool(micrograd)
    modules += filter(importlib.util.find_spec, ["torch"])
    results = alternate(5, *[functools.partial(measure_import, module) for module in modules])
    print_table(
        "Import, in ms", ["", "ms"], *[[name, *medians(series)] for name, series in zip(modules, results, strict=True)]
    )


# -------------------------------------------------------------------------------------------------------------- main


def version(package):
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not installed"


def print_machine():
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs")
    print(", ".join(map(version, ["tinygrad_edu", "micrograd", "torch"])))


def main():
    print_machine()
    if micrograd:
        report_training()
    else:
        print("\nmicrograd is absent, so nothing is compared with it: pip install micrograd")
    report_expressions()
    report_chains()
    report_memory()
    report_import()


if __name__ == "__main__":
    main()
