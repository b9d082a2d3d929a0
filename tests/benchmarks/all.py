"""Everything side by side, in one run of about four minutes: `python tests/benchmarks/all.py`.

A training step, an epoch of digits, the cost of a node in graphs of growing length, memory, import and compiling; each
engine that is installed takes part wherever it can. See `engine.py` and `static.py` for how things are measured.
"""

from __future__ import annotations

import bisect
import functools
import operator
import sys
from contextlib import contextmanager

import engine
import peers
import static

import tinygrad_edu

ROUNDS = {1_000: 3, 10_000: 3, 100_000: 3, 1_000_000: 2}  # by length
LONGEST_STATIC = 100_000


@contextmanager
def recursion_limit(limit):
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def measure_chain(length, value):
    """Nanoseconds per addition of forward, backward and freeing together.

    Some engines' backward calls itself once for each node on a path. The recursion limit is raised for them.
    """
    with recursion_limit(3 * length + 1_000):
        *_, together = engine.measure_chain(length, value)
    return (together,)


def static_chain(length):
    """What measures a call of the same chain as a static graph, which is traced and compiled before."""
    x = tinygrad_edu.Parameter(1.0, "x")
    graph = tinygrad_edu.static_graph(lambda: functools.reduce(operator.add, [x] * length, x), [x], limit=10**7)
    return lambda: (1e9 * engine.seconds_in_a_loop(graph)[0] / length,)


def fails(value, length):
    """Whether backward through a chain of this length is too deep for Python."""
    try:
        engine.measure_chain(length, value)
    except RecursionError:
        return True
    return False


def longest_chain(value):
    """The greatest length that the recursion limit Python starts with allows, as text."""
    lengths = range(1, 2 * sys.getrecursionlimit())
    longest = bisect.bisect_left(lengths, True, key=functools.partial(fails, value))
    return f"{longest:,}" if longest < len(lengths) else "any"


def report_chains():
    """A row for each engine, a column for each length; "-" where nothing was measured."""
    engines = {"dynamic graph": tinygrad_edu.Value, "Values as in microgpt": peers.Value}
    if static.micrograd:
        engines["micrograd"] = static.micrograd.engine.Value
    if static.torch:
        engines["PyTorch"] = functools.partial(static.torch.tensor, dtype=static.torch.float64, requires_grad=True)
    table = {name: [] for name in ["static graph", *engines]}
    for length, rounds in ROUNDS.items():
        measurements = {name: functools.partial(measure_chain, length, value) for name, value in engines.items()}
        if length <= LONGEST_STATIC:
            measurements = {"static graph": static_chain(length), **measurements}
        results = dict(zip(measurements, engine.alternate(rounds, *measurements.values(), frozen=True), strict=True))
        for name, cells in table.items():
            if name in results:
                cells += [*engine.medians(results[name]), *engine.ratios(results[name], results["dynamic graph"])]
            else:
                cells += ["-", "-"]
    for name, cells in table.items():
        cells.append(longest_chain(engines[name]) if name in engines else "any")
    engine.print_table(
        "A chain of additions, forward, backward and freeing: ns per node, and times dynamic graph, by nodes",
        ["", *[head for length in ROUNDS for head in (f"{length:,}", "times")], "longest as Python starts"],
        *[[name, *cells] for name, cells in table.items()],
    )


if __name__ == "__main__":
    engine.print_machine()
    static.report_training()
    static.report_digits()
    report_chains()
    engine.report_memory()
    engine.report_import()
    static.report_compiling()
