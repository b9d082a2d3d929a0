"""Where in the learner's source each Value was made, and what the learner calls it.

A function is watched while it runs as a profiler watches it, with `sys.setprofile`: the engine knows nothing of this
and costs nothing more when nobody watches.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import CodeType, FrameType
from typing import Any, NamedTuple

import tinygrad_edu
from tinygrad_edu import expression, rules
from tinygrad_edu.engine import Value
from tinygrad_edu.show.steps import NEURON

PACKAGE = os.path.dirname(tinygrad_edu.__file__) + os.sep
LIBRARIES = (PACKAGE, os.path.dirname(os.__file__) + os.sep, "<frozen")
EXPRESSION = "expression"  # stands for a file where the source is an expression typed as text


class Place(NamedTuple):
    """A piece of source text. Lines count from 1, columns from 0 in characters; `end_column` is the first after it."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Calls(NamedTuple):
    """The calls that led to a Value, outermost first: the learner's own, and those that the last of them made here."""

    learner: tuple[Place, ...]
    package: tuple[Place, ...]


class Recording:
    """What was seen while a function ran.

    root    what it returned
    title   how it was called: "f(x = 1)"
    calls   for each Value made by an operation, and for each leaf made on the way, the calls that led to it
    texts   the lines of sources that are no files
    """

    def __init__(self, root: Any = None, title: str = "", texts: Mapping[str, list[str]] | None = None) -> None:
        self.root = root
        self.title = title
        self.texts = texts or {}
        self.calls: dict[Value, Calls] = {}
        self.received: dict[Value, tuple[Place, str]] = {}  # by the learner's code: where, and with what label
        self.variables: dict[Value, str] = {}
        self.namespaces: dict[int, dict[str, Any]] = {}

    def run(self, function: Callable[..., Any], inputs: Mapping[str, Any]) -> None:
        """Call the function and watch it."""
        linecache.checkcache()
        watching = sys.getprofile()
        sys.setprofile(self.watch)
        try:
            self.root = function(**inputs)
        finally:
            sys.setprofile(watching)

    def watch(self, frame: FrameType, event: str, result: Any) -> None:
        """Called by Python whenever a function is called or returns: what returns a Value is what made it."""
        if event != "return" or frame.f_back is None:
            return
        made = frame.f_locals["self"] if frame.f_code is NEW_LEAF else result
        if isinstance(made, Value):
            if frame.f_code in (NEW_LEAF, OPERATION) and (calls := self.calls_to(frame)).learner:
                self.calls.setdefault(made, calls)
            if is_learners(frame.f_back) and made not in self.received:
                self.received[made] = self.place_of(frame.f_back), made.label
        if is_learners(frame) and frame.f_code is not TYPED:
            self.namespaces[id(frame.f_globals)] = frame.f_globals
            for name, value in values_in(frame.f_locals):
                self.variables.setdefault(value, name)

    def calls_to(self, frame: FrameType) -> Calls:
        """The calls between `run` and this frame. Without one in the learner's files, the first here counts as such."""
        frames = [frame for frame in frames_below(frame, RUN) if is_shown(frame)]
        last = max((i for i, frame in enumerate(frames) if is_learners(frame)), default=0) + 1
        typed = [frame for frame in frames[:last] if frame.f_code is TYPED]  # one in another: the last counts
        learner = typed[-1:] or [frame for frame in frames[:last] if is_learners(frame)] or frames[:1]
        return Calls(tuple(map(self.place_of, learner)), tuple(map(self.place_of, frames[last:])))

    def place_of(self, frame: FrameType) -> Place:
        """The piece of source text that a frame is running: before Python 3.11, its line."""
        if frame.f_code is TYPED:
            return place_of(frame.f_locals["node"], self.lines(EXPRESSION), EXPRESSION)
        file, line = frame.f_code.co_filename, frame.f_lineno
        if sys.version_info >= (3, 11):
            positions = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
            if None not in positions:
                line, end_line, offset, end_offset = positions  # type: ignore[assignment]  # none of them is None
                return place_at(self.lines(file), file, line, offset, end_line, end_offset)
        return Place(file, line, 0, line, len(self.line(file, line)))

    def lines(self, file: str) -> list[str]:
        """The lines of a source; none where its text is not to be had."""
        return self.texts[file] if file in self.texts else linecache.getlines(file)

    def line(self, file: str, number: int) -> str:
        return line_of(self.lines(file), number)

    def tree(self, file: str) -> ast.Module:
        """The syntax tree of a source; an empty one where it is not Python."""
        return syntax_tree("".join(self.lines(file)))

    def names(self) -> dict[Value, str]:
        """What the learner's variables call Values: those without a label, and those with one from this package that
        does not tell where they stand in a network. A Value that several variables held has the name of the first."""
        in_modules = {value: name for namespace in self.namespaces.values() for name, value in values_in(namespace)}
        places = {value: place for value, (place, _) in self.received.items()}
        targets = {
            place: name for file in {place.file for place in places.values()} for place, name in self.assignments(file)
        }
        assigned = {value: targets[place] for value, place in places.items() if place in targets}
        names = in_modules | self.variables | assigned
        return {value: name for value, name in names.items() if self.may_be_called_otherwise(value)}

    def may_be_called_otherwise(self, value: Value) -> bool:
        """Whether a Value's label, if it has one, was not the learner's choice."""
        _, label = self.received.get(value, (None, None))
        return not value.label or bool(value.op) and value.label == label and not NEURON.match(label)

    def assignments(self, file: str) -> Iterator[tuple[Place, str]]:
        """What is assigned to a variable, and the variable's name: `x * w` and "h1" for `h1 = x * w`."""
        lines = self.lines(file)
        for node in ast.walk(self.tree(file)):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield place_of(value, lines, file), name
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield place_of(value, lines, file), name
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    yield place_of(value, lines, file), name
                case ast.AugAssign(target=ast.Name(id=name)):  # as a whole it computes and assigns
                    yield place_of(node, lines, file), name

    def block_at(self, place: Place) -> tuple[int, int]:
        """The first and last line of the function around a place, or else of the statement, or of what is no Python."""
        tree = self.tree(place.file)
        functions: list[ast.stmt] = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
        around = [function for function in functions if holds(function, place)]
        around = around or [statement for statement in tree.body if holds(statement, place)]
        if not around:
            return 1, len(self.lines(place.file))
        innermost = max(around, key=first_line)
        return first_line(innermost), innermost.end_lineno or place.end_line


@functools.lru_cache(maxsize=16)
def syntax_tree(source: str) -> ast.Module:
    """The syntax tree of a program; an empty one of what is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are given where the program runs
            return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def first_line(node: ast.stmt) -> int:
    """Where a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def holds(node: ast.stmt, place: Place) -> bool:
    return first_line(node) <= place.line and place.end_line <= (node.end_lineno or 0)


def place_of(node: ast.expr | ast.stmt, lines: Sequence[str], file: str = "") -> Place:
    """The text of a node of the syntax tree."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return place_at(lines, file, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def place_at(lines: Sequence[str], file: str, line: int, offset: int, end_line: int, end_offset: int) -> Place:
    """A place from offsets, which Python counts in bytes of UTF-8."""
    column, end_column = (
        len(line_of(lines, number).encode("utf-8", "surrogatepass")[:bytes_before].decode("utf-8", "ignore"))
        for number, bytes_before in ((line, offset), (end_line, end_offset))
    )
    return Place(file, line, column, end_line, end_column)


def line_of(lines: Sequence[str], number: int) -> str:
    """A line by its number, "" where there is none."""
    return lines[number - 1].rstrip("\n") if 0 < number <= len(lines) else ""


def file_name(file: str) -> str:
    """What a reader calls a file: its path within this package, or its name."""
    inside = file.startswith(PACKAGE)
    return f"tinygrad_edu/{file[len(PACKAGE) :].replace(os.sep, '/')}" if inside else os.path.basename(file)


def results(lines: Sequence[str]) -> Iterator[tuple[Place, str]]:
    """In the source of a row of the derivative table, what `forward` returns, and each derivative that `partials` does.

    They are called "forward" and "partial0", "partial1", …; "partial" where `partials` returns them together.
    """
    for function in ast.walk(syntax_tree("\n".join(lines))):
        if isinstance(function, ast.FunctionDef):
            for statement in ast.walk(function):
                match function.name, statement:
                    case "forward", ast.Return(value=ast.expr() as value):
                        yield place_of(value, lines), "forward"
                    case "partials", ast.Return(value=ast.Tuple(elts=elements)) if not any(
                        isinstance(element, ast.Starred) for element in elements
                    ):
                        yield from ((place_of(element, lines), f"partial{i}") for i, element in enumerate(elements))
                    case "partials", ast.Return(value=ast.expr() as value):
                        yield place_of(value, lines), "partial"


def values_in(namespace: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """The variables that hold Values."""
    for name, value in list(namespace.items()):
        if isinstance(value, Value) and name != "self" and not name.startswith("_"):
            yield name, value


def frames_below(frame: FrameType, base: CodeType) -> list[FrameType]:
    """The frames from the one that `base` called to this one."""
    frames = []
    while frame.f_back and frame.f_code is not base:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def is_learners(frame: FrameType) -> bool:
    """Whether a frame runs source that the learner wrote: neither of this package nor of Python, or an expression."""
    return frame.f_code is TYPED or not frame.f_code.co_filename.startswith(LIBRARIES)


def is_shown(frame: FrameType) -> bool:
    """Whether a frame is a step of the computation, in the learner's source or in this package."""
    in_package = frame.f_code.co_filename.startswith(PACKAGE)
    return is_learners(frame) or in_package and frame.f_code not in MACHINERY


def codes_of(*things: Any) -> set[CodeType]:
    """The compiled code of functions, and of the methods of classes."""
    functions = [f for thing in things for f in (vars(thing).values() if inspect.isclass(thing) else [thing])]
    return {f.__code__ for f in map(inspect.unwrap, map(unbound, functions)) if inspect.isfunction(f)}


def unbound(function: Any) -> Any:
    return function.__func__ if isinstance(function, staticmethod) else function


NEW_LEAF = Value.__init__.__code__
OPERATION = Value.apply.__code__
RUN = Recording.run.__code__
TYPED = expression.value_of.__code__  # runs one node of an expression's syntax tree
MACHINERY = codes_of(  # what leads from an operator to `Value.apply` is no step of anybody's computation
    Value, rules.Scalar, rules.Rule, rules.WeightedSum, expression.evaluate, expression.call, expression.to_the_power
)


def record(function: Callable[..., Any], inputs: Mapping[str, Any]) -> Recording:
    """Call a function with these inputs and see where its Values are made. A number becomes an input of its name, a
    list of numbers a list of inputs x1, x2, …; everything else is passed on as it is.

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
        recording.variables.setdefault(recording.root, name)
    return recording


def record_expression(text: str, variables: Mapping[str, Value]) -> Recording:
    """Evaluate an expression and see which part of it makes each Value. Raises ExpressionError as `evaluate` does."""
    recording = Recording(title=text.strip(), texts={EXPRESSION: text.strip().splitlines(keepends=True)})
    recording.run(expression.evaluate, {"expression": text, "variables": variables})
    return recording


def as_input(name: str, given: Any) -> Any:
    """A number as an input of that name, a list of numbers as inputs name1, name2, …; anything else unchanged."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return Value(given, name)
    if isinstance(given, (list, tuple)):
        return [as_input(f"{name}{i}", item) for i, item in enumerate(given, start=1)]
    return given


def shown(given: Any) -> str:
    """An input as the title shows it."""
    return f"{given.data:.4g}" if isinstance(given, Value) else repr(given)
