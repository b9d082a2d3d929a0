"""Trace a computation once, write it out as straight-line Python, forward and backward, and run that.

The function is run with names instead of numbers, and what it does to them is written down, one line per operation
forward and one line per gradient backward. What is left is arithmetic on local variables: to read line by line, to step
through in a debugger, and to run two orders of magnitude faster than a graph that is built anew for each sample.
Source: Qiu, Neural Networks and Deep Learning, section 4.5.3.
"""

from __future__ import annotations

import linecache
import weakref
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from traceback import walk_tb
from typing import Any

from tinygrad_edu.arguments import count, distinct_leaves, positive, real
from tinygrad_edu.arguments import function as check_function
from tinygrad_edu.engine import Value
from tinygrad_edu.static.arguments import NUMBER, Inputs, is_list, without_arrays
from tinygrad_edu.static.backpropagation import edges_to_parameters
from tinygrad_edu.static.judge import StaticGraphError, differing, dynamic_results, first_difference, places_to_judge
from tinygrad_edu.static.tracing import TracedGraph, trace_function
from tinygrad_edu.static.writing import BACKPROPAGATE, DESCEND, Writer

LIMIT = 1_000_000
LARGE = 2.0**200  # a learning rate at which a step down is the gradient to the bit: a parameter is lost beside it
FILES: Counter[str] = Counter()  # how many functions are there whose source is shown under this name


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

    Some samples, number 1 to 8, Fibonacci's and one in 1,024, are run through the function itself too, with all that it
    prints or counts. Where the two part, StaticGraphError says where and why, before anything is changed.

    >>> from tinygrad_edu import Parameter
    >>> w, b = Parameter(0.0, "w"), Parameter(0.0, "b")
    >>> f = static_graph(lambda x: (w * x + b).sigmoid(), [w, b])
    >>> f(1.0), w.grad
    (0.5, 0.25)

    Raises TypeError or ValueError for parameters that are none or given twice, and a function that takes **options; at
    the first call, if `function` decides on a value or returns a list, or the graph is too large or has no parameter.
    """
    return StaticGraph(function, parameters, limit)


class StaticGraph:
    """Run a function as a static graph: see `static_graph`."""

    def __init__(self, function: Callable[..., Any], parameters: Iterable[Value], limit: int) -> None:
        check_function("function", function)
        self.function = function
        self.parameters = distinct_leaves("a static graph", parameters, Value)
        self.limit = count("limit", limit)
        self.takes = Inputs(function)
        self.shapes: dict[str, Any] | None = None  # of the inputs, decided by the first call
        self.programs: dict[bool, Program] = {}
        self.seen = 0  # samples, of which some are judged
        self.file = ""  # where a debugger has set a breakpoint

    def __call__(self, *arguments: Any, **keywords: Any) -> float:
        """Return the result for these arguments, and add its gradients to those of the parameters."""
        return self.accumulate([self.takes.bind(arguments, keywords) if keywords else self.takes.of_sample(arguments)])

    def batch(self, samples: Iterable[Sequence[Any]]) -> float:
        """Return the sum of the results for samples, tuples of arguments, and add its gradients to the parameters'.

        As a call for each sample does. Raises TypeError for what is no tuple of arguments, ValueError if there is no
        sample, or one of another shape than the first that was ever given; then no gradient has changed.
        """
        return self.accumulate([self.takes.of_sample(sample) for sample in samples])

    def accumulate(self, samples: Sequence[Sequence[Any]]) -> float:
        """Do what `batch` does for samples that have their inputs in order."""
        program, rows = self.prepare(samples)
        held = [parameter.grad or 0.0 for parameter in program.parameters]  # None, not computed and -0.0 count as 0.0
        total, gradients = program.run(rows, held)
        for place in places_to_judge(self.seen, len(rows)):
            if len(rows) == 1:  # not run again, where a debugger would stop twice
                self.judge(program, samples[0], held, total, gradients)
            else:
                zeros = [0.0] * len(held)
                self.judge(program, samples[place], zeros, *program.run([rows[place]], zeros))
        self.seen += len(rows)
        for parameter, gradient in zip(program.parameters, gradients, strict=True):
            parameter.grad = gradient
        return total

    def descend(self, samples: Iterable[Sequence[Any]], lr: float) -> float:
        """Descend stochastically: after each sample, every parameter moves by -lr times its gradient.

        Returns the sum of the results, each from before its update. No `grad` is touched. Raises the errors of `batch`,
        and ValueError if `lr` is not positive; then no parameter has moved. Source: Qiu, Neural Networks and Deep
        Learning, algorithm 4.1.
        """
        lr = positive("lr", lr)
        inputs = [self.takes.of_sample(sample) for sample in samples]
        program, rows = self.prepare(inputs, descend=True)
        for place in places_to_judge(self.seen, len(rows)):
            self.judge(program, inputs[place], [0.0] * len(program.parameters), *program.run([rows[place]], LARGE))
        total, moved = program.run(rows, lr)
        self.seen += len(rows)
        for parameter, data in zip(program.parameters, moved, strict=True):
            parameter.data = data
        return total

    @property
    def source(self) -> str:
        """Return what a call runs, as text. Before the first call every input counts as a number, not a list."""
        return self.shown().text

    @property
    def compiled(self) -> Callable[..., Any]:
        """Return the function that a call runs, for the debugger: `b f.compiled` sets a breakpoint there.

        Before the first call it stands in for it, in the same file: what a call with numbers would run, or nothing.
        """
        if self.shapes is None:
            try:
                function = self.shown().function
            except Exception:  # whatever the function does with a number in place of a list
                line = getattr(getattr(self.function, "__code__", None), "co_firstlineno", 0)
                text = f"def {BACKPROPAGATE}():\n    return  # {self}, line {line}: call it first\n"
                function = compiled(text, BACKPROPAGATE)
            self.file = function.__code__.co_filename
            return function
        return self.program([]).function

    @property
    def descent_source(self) -> str:
        """Return what `descend` runs, as text."""
        return self.shown(descend=True).text

    def prepare(self, samples: Sequence[Sequence[Any]], descend: bool = False) -> tuple[Program, list[list[float]]]:
        """Return the program and the numbers of each sample in a row."""
        if not samples:
            raise ValueError("a static graph needs at least one sample")
        program = self.program(samples[0], descend)
        return program, [row_of(sample, program.shapes) for sample in samples]

    def judge(
        self, program: Program, sample: Sequence[Any], held: Sequence[float], result: float, left: Sequence[float]
    ) -> None:
        """Raise StaticGraphError unless the function itself has the same result, and leaves the same, for a sample.

        `left` is what the program left: gradients added to those held before, or the parameters after a step by LARGE.
        """
        found = [result, *left]
        before = dict(zip(program.parameters, held, strict=True))
        for dynamic in dynamic_results(self.function, self.takes, sample, before):
            steps = zip(program.parameters, dynamic[1:], strict=True)
            expected = [dynamic[0], *(p.data - LARGE * g for p, g in steps)] if program.descend else dynamic
            places = differing(found, expected)
            if not places:
                return
            if differing(found, expected, 1e-9):
                break
        raise self.error(program, places[0], found[places[0]], dynamic[places[0]], without_arrays(sample))

    def error(self, program: Program, i: int, found: float, dynamic: float, sample: Sequence[Any]) -> Exception:
        """Return the error to raise where the result, or else a gradient, is not the function's."""
        parameter = program.parameters[i - 1]
        what = f"the gradient of {parameter.label or 'a parameter'}" if i else "the result"
        static = (parameter.data - found) / LARGE if i and program.descend else found
        try:
            where = first_difference(self.trace(sample, with_lines=True), self.function, self.takes, sample)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            where = "the function does something else each time"
        return StaticGraphError(
            f"{what} is {static!r} by {self}, {dynamic!r} by the function. {where}; a static graph is traced once. "
            "Look for random numbers, something counted or remembered, a decision on a parameter, on .data or "
            "by isinstance, and a Value that is computed or changed outside of the function"
        )

    def trace(self, sample: Sequence[Any], with_lines: bool = False) -> TracedGraph:
        """Trace the function for inputs like those of a sample."""
        return trace_function(self.function, self.takes, self.parameters, sample, self.limit, with_lines)

    def program(self, sample: Sequence[Any], descend: bool = False) -> Program:
        """Return the program; it is traced, written and compiled when first needed, for inputs like the first ever."""
        if descend not in self.programs:
            first = without_arrays(sample) if self.shapes is None else list(self.shapes.values())
            self.programs[descend] = Program(self.trace(first), descend, self)
            self.shapes = self.programs[descend].shapes
        return self.programs[descend]

    def shown(self, descend: bool = False) -> Program:
        """Return the program to look at; before the first call, which decides on shapes, it is made anew each time."""
        if self.shapes is None:
            return Program(self.trace(self.takes.defaults()), descend, self)
        return self.program([], descend)

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", repr(self.function))
        return f"<static graph of {name}, {len(self.parameters)} parameters>"


class Program:
    """Write and compile what a graph amounts to. Of the graph it keeps nothing but the names in the text."""

    def __init__(self, graph: TracedGraph, descend: bool, owner: StaticGraph) -> None:
        writer = Writer(graph, descend)
        self.text = writer.text
        self.descend = descend
        self.owner = owner
        self.shapes = graph.shapes
        self.parameters = list(graph.parameters.values())
        self.variables = [writer.names.of[x].text for x in [*graph.inputs, *graph.parameters]]
        file = "" if descend else owner.file
        self.function = compiled(self.text, DESCEND if descend else BACKPROPAGATE, writer.names.functions, file)

    def run(self, rows: list[list[float]], last: Any) -> tuple[float, list[float]]:
        """Call the function. Where an operation has no value or no derivative, the error is the table's."""
        try:
            return self.function(rows, [p.data for p in self.parameters], last)  # type: ignore[no-any-return]
        except (ValueError, ArithmeticError) as error:
            raise self.explained(error) from None

    def explained(self, error: Exception) -> Exception:
        """Return the error that the table has for this one: trace the function again, and compute row by row."""
        frames = [frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code is self.function.__code__]
        graph = self.owner.trace(list(self.shapes.values()))
        variables = zip([*graph.inputs, *graph.parameters], self.variables, strict=True)
        numbers = {x: frames[0].f_locals[variable] for x, variable in variables}
        try:
            for check, x in graph.checks:
                if x in numbers:
                    check.verify(numbers[x])
            for node in graph.order:
                numbers[node] = node.op.evaluate(*node.inputs(numbers))
            for node in reversed(edges_to_parameters(graph)):
                if node.op:
                    node.op.differentiate(numbers[node], *node.inputs(numbers))
        except (ValueError, ArithmeticError) as explanation:
            return explanation.with_traceback(error.__traceback__)  # a debugger looks at the line of the program
        return error


def compiled(text: str, name: str, functions: Mapping[str, Any] = {}, file: str = "") -> Callable[..., Any]:  # noqa: B006
    """Return the function in a text, registered so that debuggers, tracebacks and `inspect` show its source."""
    file = file or f"<static graph {zlib.crc32(text.encode()):08x}>"
    namespace: dict[str, Any] = {"__name__": __name__, **functions}
    exec(compile(text, file, "exec"), namespace)
    FILES[file] += 1
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    weakref.finalize(namespace[name], forget, file)
    return namespace[name]  # type: ignore[no-any-return]


def forget(file: str) -> None:
    """Take the source of a function that is gone from what debuggers show, unless another one has the same."""
    FILES[file] -= 1
    if not FILES[file]:
        linecache.cache.pop(file, None)


def row_of(inputs: Sequence[Any], shapes: Mapping[str, Any]) -> list[float]:
    """Return the numbers of a sample's inputs in a row. Raises ValueError if one has another shape."""
    row: list[float] = []
    for x, (name, shape) in zip(inputs, shapes.items(), strict=True):
        add_numbers(x, shape, name, row)
    return row


def add_numbers(argument: Any, shape: Any, name: str, row: list[float]) -> None:
    """Add the numbers of an argument to a row. Raises ValueError if it has another shape."""
    if shape is NUMBER and not is_list(argument):
        row.append(real(argument))
    elif shape is not NUMBER and is_list(argument) and len(argument) == len(shape):
        if set(map(type, argument)) == {float} and shape.count(NUMBER) == len(shape):
            row += argument  # as below, but at once: most lists are numbers
        else:
            for x, inner in zip(argument, shape, strict=True):
                add_numbers(x, inner, name, row)
    elif getattr(argument, "ndim", 0):
        add_numbers(without_arrays(argument), shape, name, row)
    else:
        expected = "a number" if shape is NUMBER else f"a list of {len(shape)}"
        got = f"a list of {len(argument)}" if is_list(argument) else repr(argument)
        raise ValueError(f"{name} was {expected} when the graph was traced, now it is {got}")
