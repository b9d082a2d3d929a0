"""Record where in the learner's source each Value was made, and what the learner calls it.

A function is watched while it runs with `sys.setprofile`, as by a profiler: the engine knows nothing of this.
"""

import __future__

import ast
import functools
import inspect
import linecache
import operator
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tinygrad_edu import engine, functions, operators, rule
from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.readers.naming import NEURON
from tinygrad_edu.readers.replay import fresh_gradients, replaced
from tinygrad_edu.show import expression
from tinygrad_edu.show.steps import Graph, left_over
from tinygrad_edu.words import say

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
LIBRARIES = (PACKAGE, os.path.dirname(os.__file__) + os.sep, "<frozen", "<attrs ", "<decorator-gen")
INSTALLED = re.compile(r"[\\/](site|dist)-packages[\\/]")
MAX_WATCHED = 10_000  # operations: a training that makes more runs on as fast as ever, and is not shown
MAX_ELEMENTS = 100  # of a list are looked at: it may be a data set
OUTERMOST, MODULE, TEMPORARY, FUNCTION, CALLED = range(5)  # where a name stands, the closest to the reader first
EXPRESSION = "expression"  # stands for a file where the source is an expression typed as text


class Span(NamedTuple):
    """Mark off source text as Python does: lines count from 1, offsets from 0, in bytes of UTF-8 (see `cut`)."""

    file: str
    line: int
    end_line: int
    start: int = 0
    end: int = sys.maxsize


class Calls(NamedTuple):
    """Hold the calls that led to a Value, outermost first: the learner's own, and those the last of them made here."""

    learner: tuple[Span, ...]
    package: tuple[Span, ...]


@dataclass(eq=False)
class Recording:
    """Hold what was seen while a function ran."""

    root: Any = None  # what it returned
    title: str = ""  # how it was called: "f(x = 1)"
    texts: dict[str, list[str]] = field(default_factory=dict)  # the lines of each source; none where it has no text
    edited: list[str] = field(default_factory=list)  # files whose text is not what ran: it was changed since
    calls: dict[Value, Calls] = field(default_factory=dict)  # that led to what was made, operations and leaves
    used: dict[Value, list[float]] = field(default_factory=dict)  # for each operation, its operands' data at the time
    labels: dict[Value, str] = field(default_factory=dict)  # with which the learner's code received Values
    variables: dict[Value, dict[tuple[int, str, str], None]] = field(default_factory=dict)  # how far away, and names
    bound: dict[str, Any] = field(default_factory=dict)  # what those of the outermost function hold
    temporary: set[str] = field(default_factory=set)  # those of them that held something else before
    namespaces: dict[int, dict[str, Any]] = field(default_factory=dict)  # of the learner's modules
    codes: dict[str, set[CodeType]] = field(default_factory=dict)  # that ran, by file
    decided: set[Span] = field(default_factory=set)  # where the learner's code compared Values

    def run(self, function: Callable[..., Any], inputs: Mapping[str, Any]) -> None:
        """Call the function and watch it; then what watched before, in Python or in C as cProfile, watches again."""
        linecache.checkcache()
        before = sys.getprofile()
        getattr(before, "disable", int)()  # cProfile counts what it has seen so far
        sys.setprofile(self.watch)
        try:
            self.root = function(**inputs)
        finally:
            sys.setprofile(before if callable(before) else None)
            getattr(before, "enable", int)()
        for namespace in self.namespaces.values():
            self.see(namespace, MODULE)
        for file, codes in self.codes.items():
            self.texts[file] = linecache.getlines(file)
            if self.texts[file] and not all(is_text_of("".join(self.texts[file]), code) for code in codes):
                self.edited.append(file)
                self.texts[file] = []

    def watch(self, frame: FrameType, event: str, result: Any) -> None:
        """Take note whenever Python calls a function or returns from it: what returns a Value is what made it."""
        if frame.f_back is None:
            return
        if event == "call":
            if frame.f_code in COMPARISONS and is_learners(frame.f_back):
                self.decided.add(self.running(frame.f_back))
            self.see_variables(frame.f_back)
        if event == "return":
            made = frame.f_locals["self"] if frame.f_code is NEW_LEAF else result
            if issubclass(type(made), Value) and hasattr(made, "serial"):  # complete, not refused
                if frame.f_code is NEW_NODE:
                    if len(self.used) >= MAX_WATCHED:
                        sys.setprofile(None)
                    self.used.setdefault(made, [child.data for child in made.children])
                if frame.f_code in (NEW_LEAF, NEW_NODE) and (calls := self.calls_to(frame)).learner:
                    self.calls.setdefault(made, calls)
                if is_learners(frame.f_back):
                    self.labels.setdefault(made, made.label)
            self.see_variables(frame)

    def see_variables(self, frame: FrameType) -> None:
        """Note the variables of a function of the learner's: they may hold others each time it calls something."""
        if is_learners(frame) and frame.f_code is not TYPED:
            self.namespaces[id(frame.f_globals)] = frame.f_globals
            if sys.version_info >= (3, 13) or not LOCALS.intersection(frame.f_code.co_names):
                depth = sum(map(is_learners, frames_below_run(frame))) - 1
                self.see(frame.f_locals, CALLED + depth if depth else OUTERMOST)

    def see(self, namespace: Mapping[str, Any], distance: int) -> None:
        """Note which variables hold a Value: attributes of `self` and elements of lists too, self.w[2], W1[0][0]."""
        attributes = getattr(namespace.get("self"), "__dict__", {})
        variables = {**namespace, **{f"self.{name}": held for name, held in attributes.items() if name[0] != "_"}}
        if distance == OUTERMOST:
            self.temporary.update(name for name, held in self.bound.items() if variables.get(name) is not held)
            self.bound.update(variables)
        for name, held in variables.items():
            for full_name, value in elements(name, held) if name != "self" and name[0] != "_" else ():
                self.variables.setdefault(value, {})[distance, name, full_name] = None

    def name_of(self, value: Value) -> tuple[int, str]:
        """Name a Value after the variable nearest to the outermost function, or else after a list; the first one wins.

        One that holds something else later, as in a loop, comes after those of the module. Return how far away it is.
        """
        names = [
            (TEMPORARY if distance == OUTERMOST and name in self.temporary else distance, full_name != name, full_name)
            for distance, name, full_name in self.variables[value]
        ]
        distance, _, name = min(names, key=operator.itemgetter(0, 1))
        return distance, name

    def calls_to(self, frame: FrameType) -> Calls:
        """Return the calls between `run` and this frame. Without one in the learner's files, the first here counts."""
        frames = [frame for frame in frames_below_run(frame) if is_shown(frame)]
        last = max((i for i, frame in enumerate(frames) if is_learners(frame)), default=0) + 1
        typed = [frame for frame in frames[:last] if frame.f_code is TYPED]  # one in another: the last counts
        learner = typed[-1:] or [frame for frame in frames[:last] if is_learners(frame)] or frames[:1]
        return Calls(tuple(map(self.running, learner)), tuple(map(self.running, frames[last:])))

    def running(self, frame: FrameType) -> Span:
        """Return the source text that a frame is running: before Python 3.11, its line."""
        if frame.f_code is TYPED:
            return span_of(frame.f_locals["node"], EXPRESSION)
        file = frame.f_code.co_filename
        self.codes.setdefault(file, set()).add(frame.f_code)
        if sys.version_info >= (3, 11):
            positions = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
            if None not in positions:
                return Span(file, *positions)  # type: ignore[arg-type]  # none of them is None
        return Span(file, frame.f_lineno, frame.f_lineno)

    def names(self) -> dict[Value, str]:
        """Return what variables call Values without a label, or with one of this package's that tells no place."""
        ours = {x for x, label in self.labels.items() if x.op and x.label == label and not NEURON.match(label)}
        return {value: self.name_of(value)[1] for value in self.variables if not value.label or value in ours}

    def names_in_networks(self) -> dict[Value, str]:
        """Return what the function that was called calls Values whose names tell where they stand in a network."""
        called = {value: self.name_of(value) for value in self.variables if value.op and NEURON.match(value.label)}
        return {value: name for value, (distance, name) in called.items() if distance in (OUTERMOST, TEMPORARY)}

    def data(self) -> dict[Value, float]:
        """Return what each operand was when the graph was computed: it may have changed since, as in training."""
        used = [(node, self.used[node]) for node in topological_order(self.root) if node in self.used]
        return {operand: x for node, xs in used for operand, x in zip(node.children, xs, strict=True)}


def elements(name: str, held: Any) -> Iterator[tuple[str, Value]]:
    """Yield the Value that a variable holds, or those within its lists, by the names they have in a program."""
    if isinstance(held, Value):
        yield name, held
    elif type(held) in (list, tuple, dict):  # no subclass: what one gives may be computed
        for key, element in islice(held.items() if isinstance(held, dict) else enumerate(held), MAX_ELEMENTS):
            if isinstance(element, (Value, list, tuple)):
                yield from elements(f"{name}[{key!r}]", element)


def source_of_class(kind: type) -> tuple[str, str]:
    """Return the file and text of a class as its functions know them; both are empty where it is not what runs."""
    functions = (inspect.unwrap(thing) for thing in vars(kind).values() if callable(thing))
    codes = [function.__code__ for function in functions if hasattr(function, "__code__")]
    file, line = (codes[0].co_filename, codes[0].co_firstlineno) if codes else ("", 0)
    lines = linecache.getlines(file)
    classes = [node for node in ast.walk(compiled("".join(lines))[0]) if isinstance(node, ast.ClassDef)]
    around = [block for block in map(lines_of, classes) if contains(block, (line, line))]
    if not around or not all(is_text_of("".join(lines), code) for code in codes):
        return "", ""
    first, last = max(around)
    return file, textwrap.dedent("".join(lines[first - 1 : last]))


def blocks_around(spans: Iterable[Span], lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the first and last line of each function, or else statement, around some spans; of none within another."""
    tree, _ = compiled("".join(lines))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    blocks = list(map(lines_of, [*tree.body, *functions]))
    around = [[block for block in blocks if contains(block, (span.line, span.end_line))] for span in spans]
    innermost = {max(blocks, default=(1, len(lines))) for blocks in around}  # of what is no Python, everything
    return sorted(block for block in innermost if not any(contains(other, block) for other in innermost - {block}))


def lines_of(node: ast.stmt) -> tuple[int, int]:
    """Return the first and last line of a statement, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)]), node.end_lineno or node.lineno


def contains(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


@functools.lru_cache(maxsize=16)
def compiled(source: str, flags: int = 0) -> tuple[ast.Module, set[tuple[Any, ...]]]:
    """Return the syntax tree of a program and the fingerprint of all code in it; nothing of what is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are given where the program runs
            tree = ast.parse(source)
            codes = [compile(tree, "", "exec", flags, dont_inherit=True)]
    except (SyntaxError, ValueError):
        return ast.Module([], []), set()
    for code in codes:
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return tree, set(map(fingerprint, codes))


def is_text_of(source: str, code: CodeType) -> bool:
    """Tell whether code was compiled from this text; one with an `assert` of pytest's, "@…", cannot be compared."""
    flags = code.co_flags & __future__.annotations.compiler_flag
    return any("@" in name for name in code.co_names) or fingerprint(code) in compiled(source, flags)[1]


def fingerprint(code: CodeType) -> tuple[Any, ...]:
    """Return what a piece of code does, and where it stands in its source."""
    constants = tuple(constant for constant in code.co_consts if not isinstance(constant, CodeType))
    lines = code.co_firstlineno, code.co_linetable
    return code.co_name, *lines, code.co_code, code.co_names, code.co_varnames, constants


def span_of(node: ast.expr, file: str = "") -> Span:
    """Return where a node of the syntax tree stands."""
    return Span(file, node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0)


def cut(line: str, start: int, end: int) -> str:
    """Return the part of a line between two offsets in bytes of UTF-8."""
    return line.encode("utf-8", "surrogatepass")[start:end].decode("utf-8", "surrogatepass")


def file_name(file: str) -> str:
    """Return what a reader calls a file: its path in this package, or its name; a cell of a notebook has none."""
    if file.startswith(PACKAGE):
        return f"tinygrad_edu/{file[len(PACKAGE) :].replace(os.sep, '/')}"
    folder, name = os.path.split(file)
    return say("cell") if os.path.basename(folder).startswith("ipykernel_") else name


def results(source: str) -> Iterator[tuple[Span, str]]:
    """Find in the source of a row of the table what `forward` returns, and each derivative that `partials` returns.

    They are called "forward" and "partial0", "partial1", …; "partial" where `partials` returns them together.
    """
    functions = (node for node in ast.walk(compiled(source)[0]) if isinstance(node, ast.FunctionDef))
    for name, statement in ((function.name, node) for function in functions for node in ast.walk(function)):
        match name, statement:
            case "forward", ast.Return(value=ast.expr() as value):
                yield span_of(value), "forward"
            case "partials", ast.Return(value=ast.Tuple(elts=xs)) if not any(isinstance(x, ast.Starred) for x in xs):
                yield from ((span_of(x), f"partial{i}") for i, x in enumerate(xs))
            case "partials", ast.Return(value=ast.expr() as value):
                yield span_of(value), "partial"


def frames_below_run(frame: FrameType) -> list[FrameType]:
    """Return the frames from the one that `Recording.run` called to this one."""
    frames = []
    while frame.f_back and frame.f_code is not RUN:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def is_learners(frame: FrameType) -> bool:
    """Tell whether a frame runs what the learner wrote: neither this package nor a library, or an expression."""
    return frame.f_code is TYPED or not is_library(frame.f_code.co_filename)


@functools.cache
def is_library(file: str) -> bool:
    """Tell whether code is Python's, installed, or generated: in "<string>", but for `python -c`, as by NamedTuple."""
    generated = file == "<string>" and sys.argv[:1] != ["-c"]
    return generated or file.startswith(LIBRARIES) or bool(INSTALLED.search(file))


def is_shown(frame: FrameType) -> bool:
    """Tell whether a frame is a step of the computation, in the learner's source or in this package."""
    file = frame.f_code.co_filename
    in_package = file.startswith(PACKAGE) and file not in MACHINES and frame.f_code not in MACHINERY
    return in_package or is_learners(frame)


COMPARISONS = {compare.__code__ for compare in (Value.__lt__, Value.__le__, Value.__gt__, Value.__ge__)}
NEW_LEAF = Value.__init__.__code__
NEW_NODE = Value.apply.__code__
RUN = Recording.run.__code__
LOCALS = {"locals", "vars", "f_locals"}  # to look at variables changes what these returned, before Python 3.13
TYPED = expression.value_of.__code__  # runs one node of an expression's syntax tree
# What leads from an operator to `Value.apply` is no step of anybody's computation.
MACHINERY = {f.__code__ for f in (functions.power, functions.leaky_relu, functions.elu, functions.weighted_sum)}
MACHINES = [module.__file__ for module in (engine, operators, rule, expression)]


def record(function: Callable[..., Any], inputs: Mapping[str, Any]) -> Recording:
    """Call a function with these inputs, each made by `as_input`, and see where its Values are made.

    Raises ValueError if the function does not take these inputs or does not return one Value.
    """
    name = getattr(function, "__name__", type(function).__name__)
    name = name if name.isidentifier() else "f"  # a lambda has none
    signature = inspect.signature(function)
    try:
        signature.bind(**inputs)
    except TypeError as error:
        raise ValueError(f"{name}({', '.join(signature.parameters)}): {error}") from None
    recording = Recording(title=f"{name}({', '.join(f'{key} = {shown(value)}' for key, value in inputs.items())})")
    recording.run(function, {key: as_input(key, value) for key, value in inputs.items()})
    if not isinstance(recording.root, Value):
        raise ValueError(f"{name} must return one Value to differentiate, got {recording.root!r}")
    if not recording.root.label:
        recording.see({name: recording.root}, FUNCTION)
    return recording


def record_expression(text: str, variables: Mapping[str, Value | list[Value]]) -> Recording:
    """Evaluate an expression and see which part of it makes each Value. Raises ExpressionError as `evaluate` does."""
    recording = Recording(title=text.strip(), texts={EXPRESSION: text.strip().splitlines(keepends=True)})
    recording.run(expression.evaluate, {"expression": text, "variables": variables})
    return recording


def as_input(name: str, given: Any, leaf: type[Value] = Value) -> Any:
    """Make a number a leaf of that name, a list of numbers leaves name1, name2, …; return anything else unchanged."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return leaf(given, name)
    if isinstance(given, (list, tuple)):
        return [as_input(f"{name}{i}", item, leaf) for i, item in enumerate(given, start=1)]
    return given


def shown(given: Any) -> str:
    """Write an input as the title shows it."""
    if isinstance(given, list):
        return f"[{', '.join(map(shown, given))}]"
    return f"{given.data:.4g}" if isinstance(given, Value) else repr(given)


@contextmanager
def as_recorded(recording: Recording) -> Iterator[None]:
    """Temporarily give a graph the learner's names, the numbers it was computed from, and the gradients from before."""
    with replaced("label", recording.names()), replaced("data", recording.data()):
        held = left_over(Graph(recording.root))
        with fresh_gradients(recording.root), replaced("grad", held):
            yield
