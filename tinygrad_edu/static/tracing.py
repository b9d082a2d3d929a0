"""Trace a function: run it with names instead of numbers, and see what it does to them.

What comes out is a graph as `Value` records it, operation by operation, but without any numbers in it.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, NoReturn

from tinygrad_edu.arguments import real
from tinygrad_edu.engine import Value, next_serial, topological_order
from tinygrad_edu.operators import Operators
from tinygrad_edu.readers.symbol import simplify
from tinygrad_edu.rule import Rule, Scalar
from tinygrad_edu.static.arguments import Inputs, flat, is_list, shape_of

PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"
UNNAMED = "an intermediate result"
ONE_AT_A_TIME = RLock()  # while a function is traced, Values mean something else
COMPUTED = Value.apply
SLOTS = {name: vars(Value)[name] for name in ("data", "grad")}


class Traced(Operators["Traced"]):
    """Stand for a number by a name, or by an operation on names and numbers.

    op        the row of the table; None for a name
    operands  what it was given: Traced and floats
    first     the first Traced with the same value, which need not be computed again; mostly itself
    label     what it would like to be called
    serial    its place in the order of computation, as a Value has one
    """

    __slots__ = ("tracing", "op", "operands", "first", "label", "serial")
    op: Rule
    first: Traced

    def __init__(
        self, tracing: Tracing, label: str = "", op: Rule | None = None, operands: Sequence[Any] = (), serial: int = 0
    ) -> None:
        self.tracing = tracing
        self.label = label
        self.op = op  # type: ignore[assignment]  # a name was made by no operation
        self.operands = operands
        self.first = self
        self.serial = serial or next_serial()

    def apply(self, op: Rule, *inputs: Any) -> Any:
        """Record one operation."""
        return self.tracing.apply(op, *inputs)

    @property
    def children(self) -> list[Traced]:
        """Return the operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Traced)]

    def undecidable(self, *_: object) -> NoReturn:
        """Raise TypeError with the line of the program that asks for a number where there is only a name."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} has no number yet: a static graph is traced once, for all "
            "numbers. To choose between values use maximum, minimum, relu, abs or rules.step; calculate with what is "
            "given, without Value() or data; or stay with the dynamic graph"
        )

    def not_a_list(self, *_: object) -> NoReturn:
        """Raise TypeError with the line of the program that takes a number for a list."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} is a number, not a list. How long the lists are is known "
            "from the first call of the static graph"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = undecidable
    __float__ = __int__ = __index__ = __round__ = __trunc__ = __floor__ = __ceil__ = undecidable
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = undecidable
    __format__ = undecidable  # type: ignore[assignment]
    backward = number = undecidable
    data = grad = property(undecidable)
    __len__ = __iter__ = __getitem__ = not_a_list
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{self.op.symbol}>" if self.op else self.label or "<parameter>"


def line_that_asks() -> str:
    """Return the innermost line outside of this package that is being run: "model.py, line 3: `if x > 0:`"."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"{Path(file).name}, line {line}: `{linecache.getline(file, line).strip()}`"


class Tracing:
    """Record what is done to parameters and inputs as it is done.

    parameters  their names
    limit       the greatest size of which a record is kept; beyond it operations are only counted
    size        how many operands all operations have together: the arrows of the graph, those from numbers included
    values      the names of the Values met so far; None for those that do not depend on parameters
    """

    def __init__(self, parameters: Sequence[Value], limit: float) -> None:
        self.parameters = [Traced(self, parameter.label, serial=parameter.serial) for parameter in parameters]
        self.limit = limit
        self.size = 0
        self.values: dict[Value, Traced | None] = dict(zip(parameters, self.parameters, strict=True))
        self.firsts: dict[tuple[object, ...], Traced] = {}

    def apply(self, op: Rule, *inputs: Any) -> Any:
        """Record an operation if an operand has a name; compute it if all are numbers that parameters do not move."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, (Traced, Value)):
                return x.apply(op, *inputs)  # a Dual takes itself apart, and comes back with what is in it
        operands = [self.operand(x) for x in inputs]
        if any(isinstance(x, Traced) for x in operands):
            return self.record(op, operands)
        out = COMPUTED(op, *inputs)
        self.values[out] = None
        return out

    def record(self, op: Rule, operands: Sequence[Traced | float], serial: int = 0) -> Traced:
        """Record one operation on names and numbers."""
        self.size += len(operands)
        if self.size > self.limit:
            return Traced(self)
        out = Traced(self, "", op, operands, serial)
        firsts = [x.first if isinstance(x, Traced) else x for x in operands]
        simpler = simplify(op, *firsts) if len(firsts) <= 2 else None
        if isinstance(simpler, Traced):
            out.first = simpler.first
        else:
            out.first = self.firsts.setdefault((op, *[x if isinstance(x, Traced) else repr(x) for x in firsts]), out)
        return out

    def operand(self, x: Any) -> Traced | float:
        """Return a Traced or a float for what a program may calculate with. Raises TypeError for what is no number."""
        if isinstance(x, Traced):
            return x
        if isinstance(x, Value):
            name = self.name_of(x)
            return SLOTS["data"].__get__(x) if name is None else name
        return real(x)

    def name_of(self, value: Value) -> Traced | None:
        """Trace a Value that depends on parameters in retrospect; any other one is a number, and None is returned."""
        if value not in self.values:
            for node in topological_order(value):
                if node not in self.values:
                    operands = [self.operand(child) for child in node.children]
                    varies = any(isinstance(x, Traced) for x in operands)
                    self.values[node] = self.record(node.op, operands, node.serial) if varies else None
        return self.values[value]

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Temporarily record what is done to a Value that depends on parameters, and refuse to tell its number.

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
        """Refuse an attribute of Values that depend on parameters, with the line that asks for it."""

        def read(value: Value) -> Any:
            name = self.name_of(value)
            return slot.__get__(value) if name is None else name.undecidable()

        def write(value: Value, number: float) -> None:
            if isinstance(name := self.values.get(value), Traced):
                name.undecidable()
            slot.__set__(value, number)

        return property(read, write)


class TracedGraph(NamedTuple):
    """Hold a traced function: one result, its inputs and those parameters it depends on, with their names."""

    inputs: list[Traced]
    shapes: dict[str, Any]  # of the inputs, by name
    parameters: dict[Traced, Value]
    order: list[Traced]  # the operations in topological order, as `Value.backward` has it
    root: Traced


def trace_function(
    function: Callable[..., Any], takes: Inputs, parameters: Sequence[Value], sample: Sequence[Any], limit: int
) -> TracedGraph:
    """Return `function` as a graph, for inputs like those of a sample, numbers and lists of them.

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
    """Put a name in place of each number of an argument: x, or [x1, x2]."""
    if not is_list(argument):
        return Traced(tracing, name)
    separator = "_" if name[-1].isdigit() else ""
    return [as_names(tracing, x, f"{name}{separator}{i}") for i, x in enumerate(argument, start=1)]
