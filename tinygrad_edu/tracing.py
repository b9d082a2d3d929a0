"""Tracing: a function run with names instead of numbers, to see what it does to them.

What comes out is a graph as `Value` records it, operation by operation, but without any numbers in it.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, NoReturn

from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.rules import Rule, Scalar, real
from tinygrad_edu.symbol import simplify

PACKAGE = f"{Path(__file__).parent}{os.sep}"
UNNAMED = "an intermediate result"
ONE_AT_A_TIME = RLock()  # while a function is traced, Values mean something else
COMPUTED = Value.apply
SLOTS = {name: vars(Value)[name] for name in ("data", "grad")}


class Traced(Scalar["Traced"]):
    """A name, or an operation on names and numbers.

    op        the row of the table; None for a name
    operands  what it was given: Traced and floats
    first     the first Traced with the same value, which need not be computed again; mostly itself
    label     what it would like to be called
    """

    __slots__ = ("tracing", "op", "operands", "first", "label")
    op: Rule
    first: Traced

    def __init__(self, tracing: Tracing, label: str = "", op: Rule | None = None, operands: Sequence[Any] = ()) -> None:
        self.tracing = tracing
        self.label = label
        self.op = op  # type: ignore[assignment]  # a name was made by no operation
        self.operands = operands
        self.first = self

    def apply(self, op: Rule, *inputs: Any) -> Any:
        """One operation, recorded."""
        return self.tracing.apply(op, *inputs)

    @property
    def children(self) -> list[Traced]:
        """The operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Traced)]

    def undecidable(self, *_: object) -> NoReturn:
        """Raises TypeError with the line of the program that asks for a number where there is only a name."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} has no number yet: a static graph is traced once, for all "
            "numbers. To choose between values use maximum, minimum, relu, abs or rules.step; calculate with what is "
            "given, without Value() or data; or stay with the dynamic graph"
        )

    def not_a_list(self, *_: object) -> NoReturn:
        """Raises TypeError with the line of the program that takes a number for a list."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} is a number, not a list. How long the lists are is known "
            "from the first call of the static graph"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = undecidable
    __float__ = __int__ = __index__ = __round__ = __trunc__ = __floor__ = __ceil__ = undecidable
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = undecidable
    __format__ = backward = undecidable
    data = grad = property(undecidable)
    __len__ = __iter__ = __getitem__ = not_a_list
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self.op.symbol}>" if self.op else self.label or "<parameter>"


def line_that_asks() -> str:
    """The innermost line outside of this package that is being run: "model.py, line 3: `if x > 0:`"."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"{Path(file).name}, line {line}: `{linecache.getline(file, line).strip()}`"


class Tracing:
    """What is done to parameters and inputs, recorded as it is done.

    parameters  their names
    limit       the greatest size of which a record is kept; beyond it operations are only counted
    size        how many operands all operations have together: the arrows of the graph, those from numbers included
    values      the names of the Values met so far; None for those that do not depend on parameters
    """

    def __init__(self, parameters: Sequence[Value], limit: float) -> None:
        self.parameters = [Traced(self, parameter.label) for parameter in parameters]
        self.limit = limit
        self.size = 0
        self.values: dict[Value, Traced | None] = dict(zip(parameters, self.parameters, strict=True))
        self.firsts: dict[tuple[object, ...], Traced] = {}

    def apply(self, op: Rule, *inputs: Any) -> Any:
        """One operation: recorded if an operand has a name, computed if all are numbers that parameters do not move."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, (Traced, Value)):
                return x.apply(op, *inputs)  # a Dual takes itself apart, and comes back with what is in it
        operands = [self.operand(x) for x in inputs]
        if any(isinstance(x, Traced) for x in operands):
            return self.record(op, operands)
        out = COMPUTED(op, *inputs)
        self.values[out] = None
        return out

    def record(self, op: Rule, operands: Sequence[Traced | float]) -> Traced:
        """One operation on names and numbers."""
        self.size += len(operands)
        if self.size > self.limit:
            return Traced(self)
        out = Traced(self, "", op, operands)
        firsts = [x.first if isinstance(x, Traced) else x for x in operands]
        simpler = simplify(op, *firsts) if len(firsts) <= 2 else None
        if isinstance(simpler, Traced):
            out.first = simpler.first
        else:
            out.first = self.firsts.setdefault((op, *[x if isinstance(x, Traced) else repr(x) for x in firsts]), out)
        return out

    def operand(self, x: Any) -> Traced | float:
        """A Traced or a float for whatever a program may calculate with. Raises TypeError for what is no number."""
        if isinstance(x, Traced):
            return x
        if isinstance(x, Value):
            name = self.name_of(x)
            return SLOTS["data"].__get__(x) if name is None else name
        return real(x)

    def name_of(self, value: Value) -> Traced | None:
        """A Value that depends on parameters is traced in retrospect; any other one is a number and has no name."""
        if value not in self.values:
            for node in topological_order(value):
                if node not in self.values:
                    operands = [self.operand(child) for child in node.children]
                    varies = any(isinstance(x, Traced) for x in operands)
                    self.values[node] = self.record(node.op, operands) if varies else None
        return self.values[value]

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within, what is done to a Value that depends on parameters is recorded, and its numbers are not there.

        For that, `Value.apply`, `data` and `grad` are replaced. Nothing is asked of a Value at any other time.
        """
        meant = {"apply": staticmethod(self.apply), **{name: self.out_of_reach(slot) for name, slot in SLOTS.items()}}
        with ONE_AT_A_TIME:
            before = {name: vars(Value)[name] for name in meant}
            try:
                for name, meaning in meant.items():
                    setattr(Value, name, meaning)
                yield
            finally:
                for name, meaning in before.items():
                    setattr(Value, name, meaning)
                self.values.clear()

    def out_of_reach(self, slot: Any) -> property:
        """An attribute of Values that is refused where it depends on parameters, with the line that asks for it."""

        def read(value: Value) -> Any:
            name = self.name_of(value)
            return slot.__get__(value) if name is None else name.undecidable()

        def write(value: Value, number: float) -> None:
            if isinstance(name := self.values.get(value), Traced):
                name.undecidable()
            slot.__set__(value, number)

        return property(read, write)


class Inputs:
    """What a function takes: all its arguments, but for those whose default is no number. They keep their default.

    names     what it calls its inputs
    several   those that stand for any number of inputs, *xs
    complete  how many arguments need nothing done to be the inputs in order; -1 if there is always something to do

    Raises TypeError if it takes arguments by names of which it does not know, **options.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        import inspect  # here, because it takes long to import

        self.signature = inspect.signature(function)
        arguments = self.signature.parameters.values()
        if unknown := [f"**{x.name}" for x in arguments if x.kind is x.VAR_KEYWORD]:
            raise TypeError(f"a static graph needs a name for each input of its function, which takes {unknown[0]}")
        self.names = [x.name for x in arguments if x.default is x.empty or is_numeric(x.default)]
        self.several = [x.name for x in arguments if x.kind is x.VAR_POSITIONAL]
        by_place = all(x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD) for x in arguments)
        self.complete = len(arguments) if by_place and len(self.names) == len(arguments) else -1

    def bind(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """The inputs in order, as Python hands arguments over. Raises TypeError if they do not fit."""
        bound = self.signature.bind(*arguments, **keywords)
        if kept := [name for name in bound.arguments if name not in self.names]:
            default = self.signature.parameters[kept[0]].default
            raise TypeError(f"{kept[0]} keeps its default {default!r}: only a default that is a number can be replaced")
        bound.apply_defaults()
        return [bound.arguments[name] for name in self.names]

    def of_sample(self, sample: Sequence[Any]) -> Sequence[Any]:
        """The inputs in order, for a tuple of arguments. Raises TypeError if it is none that the function takes."""
        if not isinstance(sample, (list, tuple)):
            raise TypeError(f"a sample is a tuple {self}, got {sample!r}")
        if len(sample) == self.complete:
            return sample
        try:
            return self.bind(sample, {})
        except TypeError as error:
            raise TypeError(f"a sample is a tuple {self}, got {tuple(sample)}: {error}") from None

    def zeros(self) -> list[Any]:
        """A sample: 0, or the default, for each input. Raises TypeError where nobody knows how many there are."""
        if self.several:
            raise TypeError(f"how many *{self.several[0]} there are is known from the first call of the static graph")
        defaults = [self.signature.parameters[name].default for name in self.names]
        return [x if is_numeric(x) else 0.0 for x in defaults]

    def call(self, function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
        """The function of these inputs, in order."""
        bound = self.signature.bind_partial()
        bound.arguments.update(zip(self.names, inputs, strict=True))
        return function(*bound.args, **bound.kwargs)

    def __str__(self) -> str:
        """As a tuple of arguments: "(x,)", "(x, y)"."""
        names = [f"*{name}" if name in self.several else name for name in self.names]
        return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


class TracedGraph(NamedTuple):
    """A traced function: one result, its inputs and those parameters it depends on, with their names."""

    inputs: list[Traced]
    shapes: dict[str, Any]  # of the inputs, by name
    parameters: dict[Traced, Value]
    order: list[Traced]  # the operations in topological order, as `Value.backward` has it
    root: Traced


def trace_function(
    function: Callable[..., Any], takes: Inputs, parameters: Sequence[Value], sample: Sequence[Any], limit: int
) -> TracedGraph:
    """`function` as a graph, for inputs like those of a sample, numbers and lists of them.

    Raises TypeError if it decides on what has no number yet, or returns anything but one scalar; ValueError if that
    depends on no parameter, or if the graph is larger than `limit`.
    """
    tracing = Tracing(parameters, limit)
    names = [as_names(tracing, x, name) for x, name in zip(sample, takes.names, strict=True)]
    with tracing.recording():
        result = takes.call(function, names)
        if isinstance(result, (list, tuple)) or not isinstance(result, Scalar):
            raise TypeError(f"a static graph needs a function that returns one scalar, not {result!r}")
        root = tracing.operand(result)
    if tracing.size > limit:
        raise ValueError(
            f"the graph has {tracing.size:,} arrows, more than limit={limit:,}: trace a smaller piece, such as the "
            "loss of one sample, and call it for every sample"
        )
    tracing.limit = math.inf  # it is the function's; backpropagation will add to the record
    order: list[Any] = topological_order(root) if isinstance(root, Traced) else []  # type: ignore[arg-type]
    reached = set(order)
    depends_on = {name: value for name, value in zip(tracing.parameters, parameters, strict=True) if name in reached}
    if not isinstance(root, Traced) or not depends_on:
        raise ValueError("the result depends on none of the parameters: there is nothing to differentiate")
    shapes = {name: shape_of(x) for x, name in zip(sample, takes.names, strict=True)}
    return TracedGraph(flat(names), shapes, depends_on, [node for node in order if node.op], root)


def as_names(tracing: Tracing, argument: Any, name: str) -> Any:
    """An argument with a name in place of each number: x, or [x1, x2]."""
    if not is_list(argument):
        return Traced(tracing, name)
    separator = "_" if name[-1].isdigit() else ""
    return [as_names(tracing, x, f"{name}{separator}{i}") for i, x in enumerate(argument, start=1)]


def is_list(argument: object) -> bool:
    return isinstance(argument, (list, tuple))


def is_numeric(argument: object) -> bool:
    """Whether it can be an input: a number, or a list of them."""
    return all(isinstance(x, (float, int)) and not isinstance(x, bool) for x in flat(argument))


def shape_of(argument: Any) -> Any:
    """The lengths of the lists: None for a number, [None, None] for a list of two.

    >>> shape_of(([1.0, 2.0], 3.0))
    [[None, None], None]
    """
    return [shape_of(x) for x in argument] if is_list(argument) else None


def flat(argument: Any) -> list[Any]:
    """The numbers of a list of lists, in order.

    >>> flat([[1.0, 2.0], 3.0])
    [1.0, 2.0, 3.0]
    """
    return [number for x in argument for number in flat(x)] if is_list(argument) else [argument]
