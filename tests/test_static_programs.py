"""Whole programs, as they are written today, line by line; each computes what the dynamic graph does, to the bit.

They stand in the folder programs. `python -m tests.test_static_programs` writes them again: look at the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tinygrad_edu import Parameter, Value, exp, log, maximum, relu, sigmoid, static_graph, weighted_sum
from tinygrad_edu.nn import MLP, binary_cross_entropy, hinge, squared_error

PROGRAMS = Path(__file__).parent / "programs"


class Case(NamedTuple):
    """A function, what it is differentiated by, and arguments for it."""

    function: Callable[..., Any]
    parameters: Sequence[Value]
    sample: tuple[Any, ...]


def named(letters: str) -> list[Parameter]:
    """Parameters 0.5, -0.25, 0.125, … of these names."""
    return [Parameter(0.5 * (-0.5) ** i, letter) for i, letter in enumerate(letters)]


def worked_example() -> Case:
    w, b = named("wb")
    return Case(lambda x: sigmoid(w * x + b), [w, b], (1.0,))


def of_a_network(model: MLP, loss: Callable[..., Any], *sample: Any) -> Case:
    return Case(lambda x, y: loss(model(x), y), model.parameters(), sample)


def rectifiers() -> Case:
    """Where a rectifier is shut, what lies below it is skipped."""
    return of_a_network(MLP(2, [3, 5, 1], activation="relu", seed=3), hinge, [1.0, 2.0], 1.0)


def shared() -> Case:
    """What is computed twice is computed once; gradients in which other parameters occur come before any moves."""
    w, v = named("wv")
    return Case(lambda x: w * v * x + w * v / x - (x * 2.0) / w + v, [w, v], (3.0,))


def functions() -> Case:
    """Of Python and of rows; a number without a derivative; an operation that is not used but may fail."""
    w, v, u = named("wvu")

    def f(x: Any) -> Any:
        log(x)
        return maximum(abs(w * x), -v) ** 3 + exp(-w) * x**2 + (u + 2.0) ** x + log(w * x) - 3.0**u

    return Case(f, [w, v, u], (2.0,))


def sums() -> Case:
    """More operations than have a line each: a sum takes in its terms, 100 a line; a gradient handed on has none."""
    w, v, b = named("wvb")

    def f(xs: Any, y: Any) -> Any:
        total = b
        for x in xs:
            total = total + w * x - v * x
        return relu(total - y) * total

    return Case(f, [w, v, b], ([0.5 + i / 8.0 for i in range(150)], 1.0))


def logits() -> Case:
    """A sum without a bias, with a bias of 0, and with one that is a parameter."""
    w, v, b = named("wvb")

    def f(xs: Any, y: Any) -> Any:
        z = weighted_sum([w, v], xs, 0.0) + weighted_sum([w * 2.0, v], xs, b) + weighted_sum([1.0, w], xs, 1.0)
        return binary_cross_entropy(z, y)

    return Case(f, [w, v, b], ([1.0, -2.0], 0.0))


def distances() -> Case:
    """A list of outputs, and a parameter that nothing depends on."""
    w, v, b = named("wvb")
    return Case(lambda xs: squared_error([w * xs[0], w * xs[1] + b], [1.0, 2.0]), [w, v, b], ([1.0, -1.0],))


CASES = {case.__name__: case for case in (worked_example, rectifiers, shared, functions, sums, logits, distances)}


def programs(case: Case) -> Iterator[tuple[str, str]]:
    """The two programs of a function, and what their files' names end in."""
    static = static_graph(case.function, case.parameters)
    static(*case.sample)
    yield ".txt", static.source
    yield "_descend.txt", static.descent_source


@pytest.mark.parametrize("name", CASES)
def test_a_program_is_written_as_it_stands_in_its_file(name: str) -> None:
    for ending, text in programs(CASES[name]()):
        assert text == (PROGRAMS / f"{name}{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_it_computes_what_the_dynamic_graph_does(name: str) -> None:
    """Result and gradients to the bit; a descent goes lr times them down."""
    function, parameters, sample = CASES[name]()
    dynamic = function(*sample)
    dynamic.backward()
    expected = [dynamic.data, *(p.grad or 0.0 for p in parameters)]
    for p in parameters:
        p.zero_grad()
    static = static_graph(function, parameters)
    assert [static(*sample), *(p.grad or 0.0 for p in parameters)] == expected
    moved = [p.data - 0.125 * g for p, g in zip(parameters, expected[1:], strict=True)]
    assert static.descend([sample], lr=0.125) == expected[0]
    assert [p.data for p in parameters] == moved


if __name__ == "__main__":
    for name, case in CASES.items():
        for ending, text in programs(case()):
            (PROGRAMS / f"{name}{ending}").write_text(text, encoding="utf-8")
