"""Go backward, one application of the chain rule at a time, with the names and formulas of all that is shown."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from textwrap import shorten
from typing import NamedTuple

from tinygrad_edu.arguments import instance
from tinygrad_edu.engine import Constant, Parameter, Value, has_gradient, start_backward, topological_order
from tinygrad_edu.readers.naming import PLAIN, marks_of, neurons_of, node_names, plain_name, short_name
from tinygrad_edu.readers.notation import ATOM, FORMULA, OPERATION, Notation, operation_text
from tinygrad_edu.readers.replay import gradient_numbers
from tinygrad_edu.readers.symbol import Symbol, text_of
from tinygrad_edu.rule import check_data
from tinygrad_edu.words import say


class Step(NamedTuple):
    """Record the chain rule along one edge: child.grad += node.grad × ∂node/∂child."""

    node: Value
    child: Value
    operand: int  # which operand of the node the child is: x * x has two edges to x
    upstream: float  # node.grad
    partial: float  # ∂node/∂child
    formula: Symbol | float  # of the partial, in the names of the graph
    contribution: float  # upstream × partial
    before: float  # child.grad before it is added
    after: float  # child.grad, so far
    left_over: bool = False  # what is before was there before this pass


def backward_steps(root: Value) -> Iterator[Step]:
    """Do `root.backward()` one edge at a time: run to its end, it leaves exactly what `backward()` leaves.

    Edges to constants are no steps: a constant has no gradient to show.

    >>> x = Value(3.0, "x")
    >>> for step in backward_steps(x * x):
    ...     print(f"{step.before} + {step.upstream} * {step.partial} = {step.after}")
    0.0 + 1.0 * 3.0 = 3.0
    3.0 + 1.0 * 3.0 = 6.0
    """
    graph = Graph(root)
    operations = start_backward(root)
    held = {child: 0.0 + child.grad for node in operations for child in node.children if not child.op}
    for step in steps_of(graph, held):
        step.child.grad = step.after
        yield step


def steps_of(graph: Graph, held: Mapping[Value, float] = {}) -> Iterator[Step]:  # noqa: B006
    """Yield the steps of a backward pass that starts with what leaves hold, else with zeros. No `grad` is touched."""
    check_data(graph.root)
    gradients, untouched = {**held, graph.root: 1.0}, {leaf for leaf in held if held[leaf]}
    for node in reversed(graph.operations):
        upstream, formulas = gradients[node], graph.formulas(node)
        for operand, (child, partial) in enumerate(zip(node.children, node.partials(), strict=True)):
            before = gradients.get(child, 0.0)
            gradients[child] = before + upstream * partial
            if not isinstance(child, Constant):
                numbers = upstream, partial, formulas[operand], upstream * partial, before, gradients[child]
                yield Step(node, child, operand, *numbers, child in untouched)
                untouched.discard(child)


class Style(NamedTuple):
    """Say how a graph is written."""

    formula: Notation = FORMULA
    operation: Notation = OPERATION
    partial: str = "∂"
    arrow: str = " → "
    encoding: str = "utf-8"  # what it does not know is spelled


TEXT = Style()


class Graph:
    """Hold the nodes of a graph in topological order, with the names and formulas they are shown by."""

    def __init__(self, root: Value, style: Style = TEXT) -> None:
        self.root = instance("root", root, Value)
        self.style = style
        self.order = topological_order(root)
        self.names = node_names(self.order)
        self.neurons = neurons_of(self.order)
        self.operations = [node for node in self.order if node.op]
        self.number = style.formula.number
        self.marks = {(node, i): mark for node in self.operations for i, mark in marks_of(node)}
        if style.partial.isascii():
            self.names = {node: plain_name(name) for node, name in self.names.items()}
            self.marks = {end: mark.translate(PLAIN) for end, mark in self.marks.items()}
        self.seen: dict[tuple[str, str], set[Value]] = defaultdict(set)  # by place and short name, from elsewhere
        for node in self.operations:
            for child in node.children:
                if self.neurons.get(child, "") != self.neurons.get(node):
                    self.seen[self.seen_as(child, node)].add(child)

    def changed_data(self) -> str:
        """Say what no longer agrees, where data changed after it was used, as in a step of training; "" if all does."""
        number = self.style.formula._replace(digits=".10g").number  # so many must agree
        for node in self.operations:
            try:
                computed = number(node.op.evaluate(*[child.data for child in node.children]))
            except (ValueError, ArithmeticError):
                computed = say("undefined")
            if computed != (found := number(node.data)):
                operation = shorten(self.operation(node), width=80, placeholder=" …")
                return say("data changed", name=self.name(node), operation=operation, found=found, computed=computed)
        return ""

    def name(self, node: Value) -> str:
        """Return the name of a node; a constant without a label is its number."""
        return self.names.get(node) or self.number(node.data)

    def name_beside(self, node: Value, other: Value) -> str:
        """Return the name of a node as it is written next to another's: short, where no other is called so there."""
        key = self.seen_as(node, other)
        return key[1] if len(self.seen.get(key, ())) <= 1 else self.name(node)

    def seen_as(self, node: Value, other: Value) -> tuple[str, str]:
        """Return from where a node is seen next to another, and its short name."""
        neuron, beside = self.neurons.get(node, ""), self.neurons.get(other, "")
        return beside if neuron == beside else beside.rpartition(".")[0], short_name(self.name(node), neuron, beside)

    def operation(self, node: Value) -> str:
        """Write what a node is, in names: "w × x"."""
        return operation_text(node.op, [self.name_beside(child, node) for child in node.children], self.style.operation)

    def numbers(self, node: Value) -> str:
        """Write what a node is, in numbers: "0 × 1"."""
        return operation_text(node.op, [self.number(child.data) for child in node.children], self.style.operation)

    def partial(self, node: Value, other: Value) -> str:
        """Write "∂h1/∂w"."""
        return self.quotient(self.name_beside(node, node), self.name_beside(other, node))

    def quotient(self, *names: str) -> str:
        """Write "∂y/∂x" of two names."""
        return "/".join(self.style.partial + self.style.formula.operand(name).within(ATOM) for name in names)

    def derivative(self, node: Value, operand: int) -> str:
        """Write the local derivative along an operand: "∂h1/∂w"; where w stands twice, "∂h1/∂w₍₁₎" and "∂h1/∂w₍₂₎"."""
        return self.partial(node, node.children[operand]) + self.marks.get((node, operand), "")

    def before(self, step: Step) -> str:
        """Write the gradient that a step adds to, "7 before" if that was there before the pass."""
        number = self.number(step.before)
        return say("before", number=number) if step.left_over else number

    def formulas(self, node: Value) -> tuple[Symbol | float, ...]:
        """Return the local derivatives of a node as formulas, one per child, from its row of the table."""
        names = [self.name_beside(child, node) + self.marks.get((node, i), "") for i, child in enumerate(node.children)]
        pairs = zip(names, node.children, strict=True)
        operands = [child.data if isinstance(child, Constant) else Symbol(name) for name, child in pairs]
        out = Symbol(self.name_beside(node, node), stands_for=Symbol("", node.op, operands))
        try:
            return node.op.differentiate(out, *operands)
        except (ValueError, ArithmeticError):  # a constant where there is no derivative, as in (-2) ** x: by its name
            return node.op.differentiate(out, *map(Symbol, map(text_of, operands)))

    def formula(self, node: Value, operand: int) -> str:
        """Write the local derivative of a node along one of its operands as a formula."""
        return text_of(self.formulas(node)[operand], self.style.formula)


def kind(node: Value) -> str:
    """Tell what a leaf is: "parameter", "input" or "constant"; "" for an operation."""
    if node.op:
        return ""
    return "parameter" if isinstance(node, Parameter) else "constant" if isinstance(node, Constant) else "input"


def left_over(graph: Graph) -> dict[Value, float]:
    """Return what leaves hold that this graph's own pass has not given them, as where `zero_grad` was forgotten.

    It is nothing where the gradients are not those of one pass from the root, or where data changed since.
    """
    leaves = [node for node in graph.order if not node.op and not isinstance(node, Constant) and has_gradient(node)]
    if not graph.root.op or not leaves or graph.changed_data():
        return {}
    try:
        given = gradient_numbers(graph.root) if has_gradient(graph.root) else dict.fromkeys(leaves, 0.0)
    except (ValueError, ArithmeticError):
        return {}
    if any(node in given and node.grad != given[node] for node in graph.operations):
        return {}
    held = {leaf: leaf.grad - given[leaf] for leaf in leaves if not math.isclose(leaf.grad, given[leaf])}
    return {leaf: number for leaf, number in held.items() if math.isfinite(number)}
