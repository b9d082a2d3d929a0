"""Trace a function: run it with names instead of numbers, and see what it does to them.

What comes out is a graph as `Value` records it, operation by operation, but without any numbers in it. Nothing outside
of it changes: parameters stay the Values they are, and what is computed with them is read off their own graph.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tinygrad_edu import rules
from tinygrad_edu.arguments import real
from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.operators import Operators, next_serial
from tinygrad_edu.readers.symbol import simplify
from tinygrad_edu.rule import Check, Rule, Scalar
from tinygrad_edu.static.arguments import Inputs, flat, is_list, shape_of

LIBRARIES = (f"{Path(__file__).parent.parent}{os.sep}", f"{os.path.dirname(os.__file__)}{os.sep}", "<frozen")
NEVER_FAILS = {  # rows with a value for all floats: if nothing uses it, it need not be computed
    rules.add, rules.sub, rules.mul, rules.neg, rules.tanh, rules.sigmoid, rules.softplus, rules.relu,
    rules.leaky_relu, rules.elu, rules.absolute, rules.maximum, rules.minimum, rules.step, rules.sign, rules.greater,
    rules.weighted_sum, rules.excess,
}  # fmt: skip


class Traced(Operators["Traced"]):
    """Record an operation on names and numbers, or a name: with `op`, `label` and `serial`, as a Value has them.

    first   the first Traced with the same value, which need not be computed again; mostly itself
    firsts  the same of its operands
    """

    __slots__ = ("tracing", "op", "operands", "first", "firsts", "label", "serial")
    op: Rule
    first: Traced
    firsts: Sequence[Traced | float]

    def __init__(
        self, tracing: Tracing, label: str = "", op: Rule | None = None, operands: Sequence[Any] = (), serial: int = 0
    ) -> None:
        self.tracing = tracing
        self.label = label
        self.op = op  # type: ignore[assignment]  # a name was made by no operation
        self.operands = self.firsts = operands
        self.first = self
        self.serial = serial or next_serial()

    def apply(self, op: Rule, *inputs: Any) -> Traced:
        """Record one operation."""
        return self.tracing.record(op, [x if isinstance(x, Traced) else real(x) for x in inputs])

    @property
    def children(self) -> list[Traced]:
        """Return the operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Traced)]

    def inputs(self, numbers: Mapping[Traced, float]) -> list[float]:
        """Return the numbers of the operands, given those of the Traced."""
        return [numbers[x] if isinstance(x, Traced) else x for x in self.operands]

    def __repr__(self) -> str:
        return f"<{self.op.symbol}>" if self.op else self.label or "<parameter>"


class Name(Operators["Name"]):
    """Stand for an input while a function is traced, or for what was computed with one: a name without a number.

    It can be calculated with. Every use that needs its number is refused, with the line and what to do instead.
    """

    __slots__ = ("tracing", "traced")

    def __init__(self, tracing: Tracing, traced: Traced) -> None:
        self.tracing = tracing
        self.traced = traced

    def apply(self, op: Rule, *inputs: Any) -> Any:
        """Record one operation."""
        return self.tracing.apply(op, inputs)

    def check(self, check: Check) -> None:
        """Record a check, to be made of each number that the name will stand for."""
        self.tracing.checks.append((check, self.traced))

    @property
    def label(self) -> str:
        """Return what the program shall call it."""
        return self.traced.label

    @label.setter
    def label(self, label: str) -> None:
        self.traced.label = label

    def refuse(self, *_: object) -> NoReturn:
        """Raise TypeError with the line of the program that asks for a number where there is only a name."""
        self.tracing.refuse(
            f"{self!r} has no number yet: a static graph is traced once, for all numbers. To choose between values use "
            "maximum, minimum, relu, abs or rules.step; calculate with what is given, without Value() or data; or stay "
            "with the dynamic graph"
        )

    def refuse_index(self, *_: object) -> NoReturn:
        """Raise TypeError with the line of the program that looks something up by a name."""
        self.tracing.refuse(
            f"{self!r} has no number yet and cannot be an index: look it up by one-hot, as in weighted_sum(one_hot, "
            "table), or stay with the dynamic graph"
        )

    def refuse_list(self, *_: object) -> NoReturn:
        """Raise TypeError with the line of the program that takes a number for a list."""
        self.tracing.refuse(f"{self!r} is a number, not a list: how long lists are is known from the first call")

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = refuse
    __float__ = __int__ = __complex__ = __round__ = __trunc__ = __floor__ = __ceil__ = refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __array__ = refuse
    __str__ = __format__ = backward = zero_grad = number = refuse  # type: ignore[assignment]
    data = grad = property(refuse)
    __index__ = refuse_index
    __len__ = __iter__ = __getitem__ = __contains__ = refuse_list

    def __repr__(self) -> str:
        return self.label or "an intermediate result"


class RefusedError(TypeError):
    """Say that a function asked for a number where a static graph has only a name."""


class Tracing:
    """Record what a function does to its inputs as it is done, and read off what it did to its parameters.

    values  the names of the Values met so far; None for those that do not depend on parameters
    firsts  of each row the first operation on the same operands
    """

    def __init__(self, parameters: Sequence[Value], limit: float, with_lines: bool = False) -> None:
        self.parameters = [Traced(self, parameter.label, serial=parameter.serial) for parameter in parameters]
        self.limit = limit  # of the size: beyond it operations are only counted
        self.size = 0  # the arrows of the graph, those from numbers included
        self.values: dict[Value, Traced | None] = dict(zip(parameters, self.parameters, strict=True))
        self.firsts: defaultdict[Rule, dict[tuple[object, ...], Traced]] = defaultdict(dict)
        self.failing: list[Traced] = []  # operations that may have no value
        self.checks: list[tuple[Check, Traced]] = []
        self.lines: dict[Traced, str] | None = {} if with_lines else None  # that made the operations
        self.refusals: list[RefusedError] = []  # which must not be overlooked
        self.ended = False

    def apply(self, op: Rule, inputs: Sequence[Any]) -> Any:
        """Record an operation of which at least one operand is a name."""
        for x in inputs:
            if isinstance(x, Scalar) and not isinstance(x, (Name, Value)):
                return x.apply(op, *inputs)  # a Dual takes itself apart, and comes back with what is in it
        out = self.record(op, [self.operand(x) for x in inputs])
        if self.lines is not None:
            self.lines[out] = line_that_asks()
        return Name(self, out)

    def record(self, op: Rule, operands: Sequence[Traced | float], serial: int = 0) -> Traced:
        """Record one operation on names and numbers."""
        self.size += len(operands)
        if self.size > self.limit:
            return Traced(self)
        out = Traced(self, "", op, operands, serial)
        out.firsts = tuple([x.first if isinstance(x, Traced) else x for x in operands])
        out.first = self.first(op, out.firsts, out)
        return out

    def first(self, op: Rule, firsts: tuple[Traced | float, ...], new: Traced | None = None) -> Traced:
        """Return the first Traced with the value of an operation on first ones; if there is none yet, `new` is it."""
        key: tuple[object, ...] = firsts
        if float in map(type, firsts):
            simpler = simplify(op, *firsts) if len(firsts) <= 2 else None
            if isinstance(simpler, Traced):
                return simpler.first
            key = tuple([repr(x) if isinstance(x, float) else x for x in firsts])  # -0.0 is not 0.0
        first = self.firsts[op].get(key)
        if first is None:
            first = self.firsts[op][key] = Traced(self, "", op, firsts) if new is None else new
            if op not in NEVER_FAILS:
                self.failing.append(first)
        return first

    def operand(self, x: Any) -> Traced | float:
        """Return a Traced or a float for what a program may calculate with. Raises TypeError for what is no number."""
        if isinstance(x, Name):
            if x.tracing is not self or self.ended:
                x.tracing.refuse(f"{x!r} is a name of another static graph, which is just being traced")
            return x.traced
        if isinstance(x, Value):
            name = self.name_of(x)
            return x.data if name is None else name
        return real(x)

    def name_of(self, value: Value) -> Traced | None:
        """Read off the graph of a Value that depends on parameters; any other one is a number, and None is returned."""
        if value not in self.values:
            for node in topological_order(value):
                if node not in self.values:
                    operands = [self.operand(child) for child in node.children]
                    varies = any(isinstance(x, Traced) for x in operands)
                    self.values[node] = self.record(node.op, operands, node.serial) if varies else None
        return self.values[value]

    def refuse(self, reason: str) -> NoReturn:
        """Raise RefusedError with the line of the program that asks, and remember it."""
        if self.ended:
            what = "this is left over from the tracing of a static graph, a name without a number, kept and used later"
            reason = f"{what}. Compute it in the function itself, at each call"
        self.refusals.append(RefusedError(f"{line_that_asks()}: {reason}"))
        raise self.refusals[-1]

    def raise_what_was_caught(self) -> None:
        """Raise the first refusal that the function caught, with both places."""
        for refusal in self.refusals[:1]:
            caught = refusal.__traceback__
            assert caught is not None
            place = place_in(caught.tb_frame.f_code.co_filename, caught.tb_lineno)
            raise RefusedError(f"{refusal} (this was caught around {place})") from refusal


def line_that_asks() -> str:
    """Return the innermost line of the learner's that is being run: "model.py, line 3: `if x > 0:`"."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(LIBRARIES):
        frame = frame.f_back
    return place_in(frame.f_code.co_filename, frame.f_lineno)


def place_in(file: str, line: int) -> str:
    """Write where a line is: "model.py, line 3: `if x > 0:`"."""
    return f"{Path(file).name}, line {line}: `{linecache.getline(file, line).strip()}`"


class TracedGraph(NamedTuple):
    """Hold a traced function: one result, its inputs and those parameters it depends on, with their names."""

    inputs: list[Traced]
    shapes: dict[str, Any]  # of the inputs, by name
    parameters: dict[Traced, Value]
    order: list[Traced]  # the operations in topological order, as `Value.backward` has it, and those that may fail
    root: Traced
    checks: list[tuple[Check, Traced]]
    lines: dict[Traced, str]  # that made the operations, if it was asked for


def trace_function(
    function: Callable[..., Any], takes: Inputs, parameters: Sequence[Value], sample: Sequence[Any], limit: int,
    with_lines: bool = False,
) -> TracedGraph:  # fmt: skip
    """Return `function` as a graph, for inputs like those of a sample, numbers and lists of them.

    Raises TypeError if it decides on what has no number yet, or returns anything but one scalar; ValueError if that
    depends on no parameter, or if the graph is larger than `limit`.
    """
    tracing = Tracing(parameters, limit, with_lines)
    names = [as_names(tracing, x, name) for x, name in zip(sample, takes.names, strict=True)]
    try:
        result = takes.call(function, names)
        tracing.raise_what_was_caught()
        if isinstance(result, (list, tuple)) or not isinstance(result, Scalar):
            raise TypeError(f"a static graph needs a function that returns one scalar, not {result!r}")
        root = tracing.operand(result)
    finally:
        tracing.ended = True
    if tracing.size > limit:
        raise ValueError(
            f"the graph has {tracing.size:,} arrows, more than limit={limit:,}: trace the loss of one sample, and call "
            "it for every sample; add up products by weighted_sum; or give static_graph a larger limit="
        )
    tracing.limit = math.inf  # what backpropagation adds has none
    order: list[Any] = topological_order(root) if isinstance(root, Traced) else []  # type: ignore[arg-type]
    reached = set(order)
    if not isinstance(root, Traced) or reached.isdisjoint(tracing.parameters):
        raise ValueError("the result depends on none of the parameters: there is nothing to differentiate")
    if not reached.issuperset(tracing.failing):
        order = topological_order(root, *tracing.failing)  # type: ignore[arg-type]
        reached = set(order)
    depends_on = {name: value for name, value in zip(tracing.parameters, parameters, strict=True) if name in reached}
    shapes = {name: shape_of(x) for x, name in zip(sample, takes.names, strict=True)}
    inputs = [name.traced for name in flat(names)]
    operations = [node for node in order if node.op]
    return TracedGraph(inputs, shapes, depends_on, operations, root, tracing.checks, tracing.lines or {})


def as_names(tracing: Tracing, argument: Any, name: str) -> Any:
    """Put a name in place of each number of an argument: x, or [x1, x2]."""
    if not is_list(argument):
        return Name(tracing, Traced(tracing, name))
    separator = "_" if name[-1].isdigit() else ""
    return [as_names(tracing, x, f"{name}{separator}{i}") for i, x in enumerate(argument, start=1)]
