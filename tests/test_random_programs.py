"""Random programs: a static graph is the dynamic one's equal to the bit, beside threads, interrupts and forks too."""

from __future__ import annotations

import functools
import math
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sweeps import mostly_slow
from tinygrad_edu import (
    Parameter,
    Value,
    check_gradients,
    draw_dot,
    elu,
    leaky_relu,
    log_softmax,
    log_sum_exp,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    static_graph,
    tanh,
    weighted_sum,
)
from tinygrad_edu.engine import NOT_COMPUTED
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.static import writing

Program = Callable[..., Any]


def random_program(rng: random.Random, parameters: list[Parameter]) -> Program:
    """A function of a number and a list of two: helpers, loops, closures, shared parts, kinks and ties, powers."""
    before = parameters[0] * parameters[-1] + rng.uniform(-1.0, 1.0)  # of parameters, outside of the function
    plan = [(rng.randrange(19), rng.random(), rng.random(), rng.uniform(-2.0, 2.0)) for _ in range(rng.randint(1, 14))]
    repeat = rng.choice([1, 1, 2, 3])

    def pick(pool: list[Any], place: float) -> Any:
        return pool[int(place * len(pool))]

    def positive(x: Any) -> Any:
        return softplus(x) + 0.1

    def f(x: Any, ys: Any) -> Any:
        pool = [*parameters, x, *ys, parameters[0] * x]
        if rng_uses_before:
            pool.append(before)
        for _ in range(repeat):
            for kind, i, j, number in plan:
                a, b = pick(pool, i), pick(pool, j)
                pool.append(OPERATIONS[kind](a, b, number, positive))
        return tanh(functools.reduce(lambda u, v: u + v, pool[-4:])) + pool[-1] * 0.1 + parameters[-1] * x

    rng_uses_before = rng.random() < 0.2
    return f


OPERATIONS: list[Callable[..., Any]] = [
    lambda a, b, c, positive: a + b * c,
    lambda a, b, c, positive: tanh(a - b),
    lambda a, b, c, positive: tanh(a) * sigmoid(b),
    lambda a, b, c, positive: tanh(a) / positive(b),
    lambda a, b, c, positive: relu(a + c),
    lambda a, b, c, positive: leaky_relu(a, 0.1) + elu(b),
    lambda a, b, c, positive: maximum(a, b),
    lambda a, b, c, positive: minimum(a, a),
    lambda a, b, c, positive: sin(a) ** 2,
    lambda a, b, c, positive: positive(a) ** tanh(b),
    lambda a, b, c, positive: 2.0 ** tanh(a),
    lambda a, b, c, positive: sqrt(positive(a)),
    lambda a, b, c, positive: softmax([tanh(a), tanh(b), c])[1],
    lambda a, b, c, positive: cross_entropy([tanh(a), tanh(b), c], 1),
    lambda a, b, c, positive: log_sum_exp([tanh(a), tanh(b)]),
    lambda a, b, c, positive: weighted_sum([a, c, b], [tanh(b), a, c], b),
    lambda a, b, c, positive: -log_softmax([tanh(a), c])[0],
    lambda a, b, c, positive: abs(a) - tanh(abs(b)),
    lambda a, b, c, positive: relu(tanh(a) - tanh(b)) * c + relu(tanh(b) - tanh(b)),
]


def outcome(compute: Callable[[], float], parameters: list[Parameter]) -> tuple[str, list[float]]:
    """The result and the gradients from zero, or the error."""
    for parameter in parameters:
        parameter.grad = NOT_COMPUTED
    try:
        result = compute()
    except (ValueError, ArithmeticError) as error:
        return type(error).__name__, []
    return "", [result, *(0.0 + parameter.grad for parameter in parameters)]


def check_program(seed: int) -> None:
    """Calls, a batch and a descent of one random program."""
    rng = random.Random(seed)
    parameters = [Parameter(rng.choice([0.0, 0.5, rng.uniform(-2.0, 2.0)]), f"p{i}") for i in range(rng.randint(1, 4))]
    f = random_program(rng, parameters)
    static = static_graph(f, parameters)
    samples = [(rng.uniform(-2.0, 2.0), [rng.choice([0.0, 1.0]), rng.uniform(-1.0, 1.0)]) for _ in range(4)]

    def dynamically() -> float:
        total = 0.0
        for x, ys in samples:
            result = f(x, ys)
            result.backward()
            total += result.data
        return total

    expected = outcome(dynamically, parameters)
    one_by_one = functools.partial(functools.reduce, lambda total, sample: total + static(*sample), samples, 0.0)
    for compute in (lambda: static.batch(samples), one_by_one):
        same(outcome(compute, parameters), expected, seed)
    check_descent(static, f, parameters, samples, seed)


def check_descent(static: Any, f: Program, parameters: list[Parameter], samples: Any, seed: int) -> None:
    """Gradient descent sample by sample; a function of Values computed before stays where it is, and is left out."""
    first = [parameter.data for parameter in parameters]
    moved = []
    for x, ys in samples:
        for parameter in parameters:
            parameter.grad = NOT_COMPUTED
        try:
            result = f(x, ys)
            result.backward()
        except (ValueError, ArithmeticError):
            return
        for parameter in parameters:
            parameter.data -= 1e-3 * parameter.grad
        moved = [parameter.data for parameter in parameters]
    for parameter, number in zip(parameters, first, strict=True):
        parameter.data = number
    if not all(map(math.isfinite, moved)) or not f.__closure__ or any(c.cell_contents is True for c in f.__closure__):
        return
    static.descend(samples, lr=1e-3)
    assert [parameter.data for parameter in parameters] == moved, seed


def same(found: tuple[str, list[float]], expected: tuple[str, list[float]], seed: int) -> None:
    """To the bit; nan is nan."""
    assert found[0] == expected[0], seed
    assert all(a == b or math.isnan(b) for a, b in zip(found[1], expected[1], strict=True)), (seed, found, expected)


@pytest.fixture(params=[500, 0], ids=["a line for each", "sums take in their terms"])
def one_by_one(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small programs are written in both ways."""
    monkeypatch.setattr(writing, "ONE_BY_ONE", request.param)


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("seeds", mostly_slow([range(20), range(20, 300)], range(20)))
def test_random_programs(seeds: range) -> None:
    for seed in seeds:
        check_program(seed)


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(1, 5))
def test_thousands_of_random_programs(thousand: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of them with a line for each operation, half with sums that take in their terms."""
    monkeypatch.setattr(writing, "ONE_BY_ONE", 500 * (thousand % 2))
    for seed in range(1000 * thousand, 1000 * thousand + 1000):
        check_program(seed)


# ------------------------------------------------------------------------------------ threads, interrupts, forks


def work_beside_tracing(seconds: float) -> None:
    """One thread traces in a loop; two others build, differentiate, check and draw graphs."""
    shared = Parameter(0.7, "shared")
    ends = time.monotonic() + seconds
    errors: list[BaseException] = []
    rounds = [0, 0, 0]

    def guarded(job: Callable[[], None], place: int) -> None:
        try:
            while time.monotonic() < ends:
                job()
                rounds[place] += 1
        except BaseException as error:
            errors.append(error)

    def trace() -> None:
        w = Parameter(0.5, "w")
        static = static_graph(lambda x: tanh(w * x) * w + x * w * shared, [w, shared])
        assert static(2.0) == math.tanh(1.0) * 0.5 + 2.0 * 0.5 * 0.7

    def build(own: bool) -> None:
        x = Value(3.0, "x")
        w = Parameter(0.7, "w") if own else shared
        y = (w * x + 1.0).tanh() * w
        y.label = "y"
        if own:
            y.backward()
            t = math.tanh(0.7 * 3.0 + 1.0)
            assert w.grad == t + 0.7 * (1.0 - t * t) * 3.0 or math.isclose(w.grad, t + 0.7 * (1.0 - t * t) * 3.0)
            assert "tanh" in draw_dot(y).source
            check_gradients(y)
        assert y.data == math.tanh(0.7 * 3.0 + 1.0) * 0.7
        assert w > 0.0

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        jobs = [trace, functools.partial(build, True), functools.partial(build, False)]
        threads = [threading.Thread(target=guarded, args=(job, i)) for i, job in enumerate(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
    assert min(rounds) > 0


def test_threads_beside_tracing() -> None:
    work_beside_tracing(0.3)


@pytest.mark.slow
def test_threads_beside_tracing_for_long() -> None:
    work_beside_tracing(20.0)


def interrupt_tracing(times: int) -> None:
    """Raise KeyboardInterrupt at a random line of tracing; then everything works."""
    rng = random.Random(0)
    w = Parameter(0.5, "w")
    kept = []  # so that none of them is taken down while another one is interrupted

    def f(x: Any) -> Any:
        return tanh(w * x) + w * x * w

    for _ in range(times):
        left = rng.randint(1, 900)

        def interrupt(frame: Any, event: str, argument: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return interrupt

        static = static_graph(f, [w])
        kept.append(static)
        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            static(2.0)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        w.grad = NOT_COMPUTED
        y = w * 3.0
        y.backward()
        assert (y.data, w.grad) == (1.5, 3.0)
        assert static(2.0) == math.tanh(1.0) + 0.5


def test_interrupts_of_tracing() -> None:
    interrupt_tracing(100)


@pytest.mark.slow
def test_ten_thousand_interrupts_of_tracing() -> None:
    interrupt_tracing(10_000)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_tracing() -> None:
    """The child works, too."""
    w = Parameter(0.5, "w")
    statuses = []

    def f(x: Any) -> Any:
        if not statuses:
            child = os.fork()
            if child == 0:
                y = Value(2.0) * w
                y.backward()
                right = (y.data, w.grad, static_graph(lambda x: w * x, [w])(3.0)) == (1.0, 2.0, 1.5)
                os._exit(0 if right else 1)
            statuses.append(os.waitpid(child, 0)[1])
        return w * x

    assert static_graph(f, [w])(2.0) == 1.0
    assert statuses == [0]
