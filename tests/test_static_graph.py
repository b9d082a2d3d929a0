"""A static graph from outside: what it refuses, which samples it judges, what it says and shows."""

from __future__ import annotations

import gc
import inspect
import itertools
import linecache
import re
from typing import Any

import pytest

from tinygrad_edu import Parameter, log, static_graph
from tinygrad_edu.nn import hinge
from tinygrad_edu.static.graph import Program
from tinygrad_edu.static.judge import StaticGraphError


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "function must be a function, got 1.0 (float)", lambda w: static_graph(1.0, [w])),
        (ValueError, "a static graph needs parameters, got none", lambda w: static_graph(abs, [])),
        (ValueError, "limit must be at least 1, got 0", lambda w: static_graph(abs, [w], limit=0)),
        (
            ValueError,
            "lr must be a positive number, got 0.0",
            lambda w: static_graph(lambda x: w * x, [w]).descend([(1.0,)], 0.0),
        ),
        (ValueError, "a static graph needs at least one sample", lambda w: static_graph(lambda x: w, [w]).batch([])),
    ],
    ids=["function", "parameters", "limit", "lr", "samples"],
)
def test_what_makes_no_sense_is_refused_in_full(error: Any, message: str, call: Any) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call(Parameter(1.0, "w"))


@pytest.mark.parametrize(
    "run",
    [
        lambda static: [static(1.0) for _ in range(10)],
        lambda static: static.batch([(1.0,)] * 10),
        lambda static: [static.batch([(1.0,)] * 5) for _ in range(2)],
        lambda static: [static.descend([(1.0,)] * 5, lr=0.1) for _ in range(2)],
    ],
    ids=["calls", "a batch", "two batches", "two descents"],
)
def test_the_first_eight_samples_are_judged_and_the_next_two_are_not(run: Any) -> None:
    w, calls = Parameter(1.0), []

    def f(x: Any) -> Any:
        calls.append(x)
        return w * x

    run(static_graph(f, [w]))
    assert len(calls) == 1 + 8


def test_a_single_sample_is_run_once_by_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    w, runs, run = Parameter(1.0), [], Program.run
    monkeypatch.setattr(Program, "run", lambda *given: runs.append(given) or run(*given))
    static_graph(lambda x: w * x, [w])(1.0)
    assert len(runs) == 1


@pytest.mark.parametrize(
    "run",
    [lambda f: f(4.0), lambda f: f.batch([(4.0,)] * 2), lambda f: f.descend([(4.0,)], 0.5)],
    ids=["a call", "a batch", "a descent"],
)
@pytest.mark.parametrize(("label", "name"), [("v", "v"), ("", "a parameter")])
def test_a_wrong_gradient_is_named_with_both_numbers(run: Any, label: str, name: str) -> None:
    """The result is the same, 4 · w + 0 · v; the second gradient is 4 where it was traced, then 0."""
    w, v, calls = Parameter(1.0, "w"), Parameter(0.0, label), itertools.count(1)

    def f(x: Any) -> Any:
        return w * x + v * (x if next(calls) % 2 else 0.0)

    message = f"the gradient of {name} is 4.0 by <static graph of f, 2 parameters>, -?0.0 by the function"
    with pytest.raises(StaticGraphError, match=f"^{message}"):
        run(static_graph(f, [w, v]))
    assert (w.data, v.data) == (1.0, 0.0)


def test_a_function_that_fails_when_it_is_asked_again_does_something_else_each_time() -> None:
    w, calls = Parameter(1.0, "w"), itertools.count(1)

    def f(x: Any) -> Any:
        if (call := next(calls)) > 2:
            raise ValueError("no more")
        return w * x * float(call)

    message = r"the function does something else each time; a static graph is traced once\. "
    with pytest.raises(StaticGraphError, match=rf"^the result is .* by the function\. {message}"):
        static_graph(f, [w])(1.0)


def test_the_function_for_a_breakpoint_stands_in_the_same_file_before_and_after_the_first_call() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda xs: w * xs[0], [w])
    before = static.compiled
    line = static.function.__code__.co_firstlineno
    assert inspect.getsource(before).splitlines() == [
        "def backpropagate():",
        f"    return  # <static graph of <lambda>, 1 parameters>, line {line}: call it first",
    ]
    assert static([2.0]) == 2.0
    assert static.compiled is static.compiled
    assert static.compiled is static.program([]).function
    assert static.compiled.__code__.co_filename == before.__code__.co_filename
    assert inspect.getsource(static.compiled) == static.source


def test_a_descent_has_a_file_of_its_own_and_the_shapes_of_the_first_call() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda xs: w * xs[0] * xs[1], [w])
    static([2.0, 3.0])
    assert static.descent_source.startswith("def backpropagate_and_descend(samples, parameters, lr):\n")
    with pytest.raises(ValueError, match="^xs was a list of 2 when the graph was traced, now it is a list of 1$"):
        static.descend([([1.0],)], lr=0.1)
    with pytest.raises(ValueError, match=r"^xs was a list of 2 when the graph was traced, now it is 1\.0$"):
        static(1.0)
    number = static_graph(lambda x: w * x, [w])
    number(1.0)
    with pytest.raises(ValueError, match="^x was a number when the graph was traced, now it is a list of 1$"):
        number([1.0])


def test_a_source_is_forgotten_with_the_last_graph_that_has_it() -> None:
    w = Parameter(1.0, "w")
    graphs = [static_graph(lambda x: w * x * 0.015625, [w]) for _ in range(2)]
    assert [graph(1.0) for graph in graphs] == [0.015625] * 2
    [file] = {graph.compiled.__code__.co_filename for graph in graphs}
    assert re.fullmatch("<static graph [0-9a-f]{8}>", file)
    for left in (True, False):
        graphs.pop()
        gc.collect()
        assert (file in linecache.cache) is left


def test_a_descent_is_not_shown_in_the_file_of_a_breakpoint() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda x: w * x, [w])
    file = static.compiled.__code__.co_filename
    assert static.compiled.__globals__["__name__"] == "tinygrad_edu.static.graph"
    static.descend([(1.0,)], lr=0.5)
    assert static.programs[True].function.__code__.co_filename != file
    static(1.0)
    assert static.compiled.__code__.co_filename == file


class Array:
    """What numpy's arrays have of those that a static graph asks for."""

    def __init__(self, *numbers: Any) -> None:
        self.numbers = numbers
        self.ndim = 1

    def tolist(self) -> list[Any]:
        return list(self.numbers)


@pytest.mark.parametrize("xs", [[2.0, 3.0], (2, 3.0), [2, 3], Array(2.0, 3.0)])
def test_a_list_may_come_as_any_list(xs: Any) -> None:
    """Also within another, in the first call and later."""
    w = Parameter(1.0, "w")
    flat = static_graph(lambda xs: w * xs[0] - xs[1], [w])
    nested = static_graph(lambda rows: w * rows[0][0] - rows[0][1] * rows[1], [w])
    assert [flat(xs), flat([2.0, 3.0]), flat(xs)] == [-1.0] * 3
    assert [nested([xs, 4.0]), nested([[2.0, 3.0], 4.0]), nested((xs, 4))] == [-10.0] * 3


def test_an_error_of_the_program_is_the_tables() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda x, label: hinge(w * log(x), label), [w])
    assert static(1.0, 1.0) == 1.0
    with pytest.raises(ValueError, match=r"^log\(x\) needs x > 0, got -1\.0"):
        static(-1.0, 1.0)
    with pytest.raises(ValueError, match=r"^hinge needs the label -1 or 1, got 0\.5$"):
        static(-1.0, 0.5)
