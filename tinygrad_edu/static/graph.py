"""Trace a computation once, write it out as straight-line Python, forward and backward, and run that.

A dynamic graph is built anew whenever the program runs. A static graph is built once: the function is run with names
instead of numbers, and what it does to them is written down, one line per operation forward and one line per gradient
backward. The derivatives are the table's, given names. What is left is arithmetic on local variables: to read line by
line, to step through in a debugger, and to run two orders of magnitude faster.
Source: Qiu, Neural Networks and Deep Learning, section 4.5.3.
"""

from __future__ import annotations

import linecache
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from traceback import walk_tb
from typing import Any

from tinygrad_edu.arguments import POSITIVE, distinct_leaves, in_range, real
from tinygrad_edu.engine import Constant, Value
from tinygrad_edu.static.arguments import Inputs, is_list
from tinygrad_edu.static.tracing import Traced, TracedGraph, trace_function
from tinygrad_edu.static.writing import Operand, Writer

LIMIT = 200_000


def static_graph(function: Callable[..., Any], parameters: Iterable[Value], limit: int = LIMIT) -> StaticGraph:
    """Return `function` as a static graph: it is called like the function, with numbers, and is much faster.

    function    takes numbers and lists of them, and returns one scalar. It is run once, when the static graph is first
                called, with names in place of the numbers. Arguments may be given by name or left to their defaults; a
                default that is no number is no input, and stays
    parameters  those to differentiate by. They are read at each call. So is what was computed with them before, outside
                of the function; any other Value stays as it is at the first call
    limit       how many arrows the graph may have, those from numbers included

    Each call returns the result as a float, and adds its gradients to those of the parameters, as `backward` does: all
    are equal to the dynamic graph's to the last bit (as long as no number overflows; a zero may differ in its sign).

    >>> from tinygrad_edu import Parameter
    >>> w, b = Parameter(0.0, "w"), Parameter(0.0, "b")
    >>> f = static_graph(lambda x: (w * x + b).sigmoid(), [w, b])
    >>> f(1.0), w.grad
    (0.5, 0.25)

    Raises TypeError or ValueError for parameters that are none or are given twice, TypeError for a function that takes
    **options; at the first call, TypeError if `function` decides on a value or returns a list, ValueError if the graph
    is too large or has no parameter in it.
    """
    return StaticGraph(function, parameters, limit)


class StaticGraph:
    """Run a function as a static graph: see `static_graph`."""

    def __init__(self, function: Callable[..., Any], parameters: Iterable[Value], limit: int = LIMIT) -> None:
        self.function = function
        self.parameters = check_parameters(parameters)
        self.limit = limit
        self.takes = Inputs(function)
        self.graph: TracedGraph | None = None
        self.programs: dict[bool, Program] = {}

    def __call__(self, *arguments: Any, **keywords: Any) -> float:
        """Return the result for these arguments, and add its gradients to those of the parameters."""
        return self.accumulate([self.takes.bind(arguments, keywords) if keywords else self.takes.of_sample(arguments)])

    def batch(self, samples: Iterable[Sequence[Any]]) -> float:
        """Return the sum of the results for samples, tuples of arguments, and add its gradients to the parameters'.

        What is left is the same as after a call for each sample, one after the other. Raises TypeError for what is no
        tuple of arguments, ValueError if there is no sample, or one of another shape than the first that was ever
        given; then no gradient has changed.
        """
        return self.accumulate([self.takes.of_sample(sample) for sample in samples])

    def accumulate(self, samples: Sequence[Sequence[Any]]) -> float:
        """Do what `batch` does for samples that have their inputs in order."""
        graph, rows = self.prepare(samples)
        parameters = graph.parameters.values()
        held = [parameter.grad or 0.0 for parameter in parameters]  # None, not computed and -0.0 count as 0.0
        total, gradients = self.program(graph).run(rows, [parameter.data for parameter in parameters], held)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        return total

    def descend(self, samples: Iterable[Sequence[Any]], lr: float) -> float:
        """Descend stochastically: after each sample, every parameter moves by -lr times its gradient.

        Returns the sum of the results, each from before its update. No `grad` is touched. Raises the errors of `batch`,
        and ValueError if `lr` is not positive; then no parameter has moved. Source: Qiu, Neural Networks and Deep
        Learning, algorithm 4.1.
        """
        lr = in_range("lr", lr, POSITIVE)
        graph, rows = self.prepare([self.takes.of_sample(sample) for sample in samples])
        parameters = graph.parameters.values()
        program = self.program(graph, descend=True)
        total, numbers = program.run(rows, [parameter.data for parameter in parameters], lr)
        for parameter, number in zip(parameters, numbers, strict=True):
            parameter.data = number
        return total

    @property
    def source(self) -> str:
        """Return what a call runs, as text. Before the first call every input counts as a number, not a list."""
        return self.shown().text

    @property
    def compiled(self) -> Callable[..., Any]:
        """Return the function that a call runs, for the debugger: `b f.compiled` sets a breakpoint there."""
        return self.shown().function

    @property
    def descent_source(self) -> str:
        """Return what `descend` runs, as text."""
        return self.shown(descend=True).text

    def prepare(self, samples: Sequence[Sequence[Any]]) -> tuple[TracedGraph, list[list[float]]]:
        """Return the graph, traced with the first sample ever given, and the numbers of each sample in a row."""
        if not samples:
            raise ValueError("a static graph needs at least one sample")
        graph = self.traced(samples[0])
        return graph, [row_of(sample, graph.shapes) for sample in samples]

    def traced(self, sample: Sequence[Any]) -> TracedGraph:
        """Return the graph; it is traced when first needed, for inputs like those of this sample."""
        if self.graph is None:
            self.graph = self.trace(sample)
        return self.graph

    def trace(self, sample: Sequence[Any]) -> TracedGraph:
        """Trace the function for inputs like those of this sample."""
        return trace_function(self.function, self.takes, self.parameters, sample, self.limit)

    def program(self, graph: TracedGraph, descend: bool = False) -> Program:
        """Return the program; it is written and compiled when it is first needed."""
        if descend not in self.programs:
            self.programs[descend] = Program(graph, descend)
        return self.programs[descend]

    def shown(self, descend: bool = False) -> Program:
        """Return the program to look at; before the first call, which decides on shapes, it is made anew each time."""
        if self.graph is None:
            return Program(self.trace(self.takes.zeros()), descend)
        return self.program(self.graph, descend)

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", repr(self.function))
        return f"<static graph of {name}, {len(self.parameters)} parameters>"


class Program(Writer):
    """Compile a program, and register it under a file name so that debuggers, tracebacks and `inspect` show it."""

    def __init__(self, graph: TracedGraph, descend: bool) -> None:
        super().__init__(graph, descend)
        self.file = f"<static graph {zlib.crc32(self.text.encode()):08x}>"
        linecache.cache[self.file] = (len(self.text), None, self.text.splitlines(keepends=True), self.file)
        namespace: dict[str, Any] = {"__name__": __name__, **self.names.functions}
        exec(compile(self.text, self.file, "exec"), namespace)
        self.function: Callable[..., Any] = namespace["descend" if descend else "backpropagate"]

    def run(self, rows: list[list[float]], parameters: list[float], last: Any) -> tuple[float, list[float]]:
        """Call the function. Where an operation has no value or no derivative, the error is the table's."""
        try:
            result: tuple[float, list[float]] = self.function(rows, parameters, last)
            return result
        except (ValueError, ArithmeticError) as error:
            raise self.explained(error) from error

    def explained(self, error: Exception) -> Exception:
        """Return the error that the table has for this one: compute the graph again, row by row."""
        frames = [frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code is self.function.__code__]
        numbers = {x: frames[0].f_locals[self.names.of[x]] for x in [*self.graph.inputs, *self.graph.parameters]}

        def numbers_of(operands: Sequence[Operand]) -> list[float]:
            return [numbers[x] if isinstance(x, Traced) else x for x in operands]

        try:
            for node in self.graph.order:
                numbers[node] = node.op.evaluate(*numbers_of(node.operands))
            for gradient in self.gradients:
                gradient.node.op.differentiate(numbers[gradient.node], *numbers_of(gradient.node.operands))
        except (ValueError, ArithmeticError) as explanation:
            return explanation.with_traceback(None)
        return error


def row_of(inputs: Sequence[Any], shapes: Mapping[str, Any]) -> list[float]:
    """Return the numbers of a sample's inputs in a row. Raises ValueError if one has another shape."""
    row: list[float] = []
    for x, (name, shape) in zip(inputs, shapes.items(), strict=True):
        add_numbers(x, shape, name, row)
    return row


def add_numbers(argument: Any, shape: Any, name: str, row: list[float]) -> None:
    """Add the numbers of an argument to a row. Raises ValueError if it has another shape."""
    if shape is None and not is_list(argument):
        row.append(real(argument))
    elif shape is not None and is_list(argument) and len(argument) == len(shape):
        for x, inner in zip(argument, shape, strict=True):
            add_numbers(x, inner, name, row)
    else:
        expected = "a number" if shape is None else f"a list of {len(shape)}"
        got = f"a list of {len(argument)}" if is_list(argument) else repr(argument)
        raise ValueError(f"{name} was {expected} when the graph was traced, now it is {got}")


def check_parameters(parameters: Any) -> list[Value]:
    """Return the parameters as a list. Raises TypeError or ValueError unless they are leaves that vary, each once."""
    leaves = distinct_leaves("a static graph", parameters, Value)
    for leaf in leaves:
        if isinstance(leaf, Constant):
            raise ValueError(f"{leaf!r} is no parameter: it is a constant")
    return leaves
