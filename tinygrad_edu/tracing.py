"""Tracing: a function run with names instead of numbers, to see what it does to them.

What comes out is a graph as `Value` records it, operation by operation, but without any numbers in it.
"""

from __future__ import annotations

import linecache
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.rules import Rule, Scalar, real
from tinygrad_edu.symbol import simplify

PACKAGE = str(Path(__file__).parent)
UNNAMED = "an intermediate result"


class Traced(Scalar["Traced"]):
    """A name, or an operation on names and numbers.

    op        the row of the table; None for a name
    operands  what it was given: Traced and floats
    first     the first Traced with the same value, which need not be computed again; mostly itself
    label     what it would like to be called
    """

    __slots__ = ("trace", "op", "operands", "first", "label")
    op: Rule
    first: Traced

    def __init__(self, trace: Trace, label: str = "", op: Rule | None = None, operands: Sequence[Any] = ()) -> None:
        self.trace = trace
        self.label = label
        self.op = op  # type: ignore[assignment]  # a name was made by no operation
        self.operands = operands
        self.first = self

    def apply(self, op: Rule, *inputs: Any) -> Traced:
        """One operation, recorded."""
        return self.trace.apply(op, *inputs)

    @property
    def children(self) -> list[Traced]:
        """The operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Traced)]

    def undecidable(self, *_: object) -> NoReturn:
        """Raises TypeError with the line of the program that asks for a number where there is only a name."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} has no number yet: a static graph is traced once, for all "
            "numbers. To choose between values use maximum, minimum, relu, abs or rules.step; pass inputs on as "
            "they are, without Value(); or stay with the dynamic graph"
        )

    def not_a_list(self, *_: object) -> NoReturn:
        """Raises TypeError with the line of the program that takes a number for a list."""
        raise TypeError(
            f"{line_that_asks()}: {self.label or UNNAMED} is a number, not a list. How long the lists are is known "
            "from the first call of the static graph"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = undecidable
    __float__ = __int__ = __index__ = undecidable
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


class Trace:
    """What is done to parameters and inputs, recorded as it is done.

    parameters  their names
    limit       the greatest size of which a record is kept; beyond it operations are only counted
    size        how many operands all operations have together: the arrows of the graph
    """

    def __init__(self, parameters: Sequence[Value], limit: float) -> None:
        self.parameters = [Traced(self, parameter.label) for parameter in parameters]
        self.limit = limit
        self.size = 0
        self.values: dict[Value, Traced | float] = dict(zip(parameters, self.parameters, strict=True))
        self.firsts: dict[tuple[object, ...], Traced] = {}

    def apply(self, op: Rule, *inputs: Any) -> Traced:
        """One operation, recorded. A Value among the inputs is a parameter, depends on parameters or is a number."""
        return self.record(op, [self.operand(x) for x in inputs])

    def record(self, op: Rule, operands: Sequence[Traced | float]) -> Traced:
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
        return self.operand_of_value(x) if isinstance(x, Value) else real(x)

    def operand_of_value(self, value: Value) -> Traced | float:
        """A Value that depends on parameters is traced in retrospect; any other one stays the number it is."""
        if value not in self.values:
            for node in topological_order(value):
                if node not in self.values:
                    operands = [self.values[child] for child in node.children]
                    varies = any(isinstance(x, Traced) for x in operands)
                    self.values[node] = self.record(node.op, operands) if varies else node.data
        return self.values[value]

    @contextmanager
    def parameters_as_names(self, parameters: Sequence[Value]) -> Iterator[None]:
        """Within, an operation on a parameter is recorded, and a decision on one is refused."""
        kinds = [type(parameter) for parameter in parameters]
        as_names = {kind: self.kind_as_name(kind) for kind in set(kinds)}
        try:
            for parameter, kind in zip(parameters, kinds, strict=True):
                parameter.__class__ = as_names[kind]
            yield
        finally:
            for parameter, kind in zip(parameters, kinds, strict=True):
                parameter.__class__ = kind

    def kind_as_name(self, kind: type[Value]) -> type[Value]:
        comparisons = dict.fromkeys(["__lt__", "__le__", "__gt__", "__ge__"], Traced.undecidable)
        return type(kind.__name__, (kind,), {"__slots__": (), "apply": staticmethod(self.apply), **comparisons})


class Graph(NamedTuple):
    """A traced function: one result, its inputs and those parameters it depends on, with their names."""

    inputs: list[Traced]
    shapes: dict[str, Any]  # of the arguments, by name
    parameters: dict[Traced, Value]
    order: list[Traced]  # the operations in topological order, as `Value.backward` has it
    root: Traced


def trace(function: Callable[..., Any], parameters: Sequence[Value], sample: Sequence[Any] | None, limit: int) -> Graph:
    """`function` as a graph, for arguments like those of a sample, numbers and lists of them; for numbers without one.

    Raises TypeError if it decides on what has no number yet, or returns anything but one scalar; ValueError if that
    depends on no parameter, or if the graph is larger than `limit`.
    """
    arguments = arguments_of(function, sample)
    tracing = Trace(parameters, limit)
    names = [as_names(tracing, argument, name) for name, argument in arguments.items()]
    with tracing.parameters_as_names(parameters):
        result = function(*names)
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
    shapes = {name: shape_of(argument) for name, argument in arguments.items()}
    return Graph(flat(names), shapes, depends_on, [node for node in order if node.op], root)


def arguments_of(function: Callable[..., Any], sample: Sequence[Any] | None) -> dict[str, Any]:
    """What `function` calls its arguments, with the numbers of a sample, or with 0 for each that it cannot do without.

    Raises TypeError if it takes another number of them.
    """
    import inspect  # here, because it takes long to import

    signature = inspect.signature(function)
    if sample is None:
        required = (p for p in signature.parameters.values() if p.default is p.empty and p.kind is not p.VAR_POSITIONAL)
        return {p.name: 0.0 for p in required}
    named = {}
    for name, argument in signature.bind(*sample).arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            named.update({f"{name}{i}": x for i, x in enumerate(argument, start=1)})
        else:
            named[name] = argument
    return named


def as_names(tracing: Trace, argument: Any, name: str) -> Any:
    """An argument with a name in place of each number: x, or [x1, x2]."""
    if not is_list(argument):
        return Traced(tracing, name)
    separator = "_" if name[-1].isdigit() else ""
    return [as_names(tracing, x, f"{name}{separator}{i}") for i, x in enumerate(argument, start=1)]


def is_list(argument: object) -> bool:
    return isinstance(argument, (list, tuple))


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
