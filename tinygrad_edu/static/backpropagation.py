"""Backpropagate through a traced graph: `Value.backward` with names instead of numbers."""

import functools
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.arguments import real
from tinygrad_edu.readers.notation import is_number
from tinygrad_edu.static.tracing import Traced, TracedGraph

Operand: TypeAlias = "Traced | float"


class Gradient(NamedTuple):
    """Hold ∂root/∂node as a sum: its terms are the contributions in the order in which `Value.backward` adds them."""

    node: Traced
    name: Traced
    terms: list[Operand]
    alone: bool  # whether everything that is still to be computed depends on it

    @property
    def switch(self) -> Traced | None:
        """Return the derivative that makes this gradient 0 as a whole for many inputs, if any: the step of relu."""
        (term, *others) = self.terms
        factors = term.firsts if isinstance(term, Traced) and not others else ()
        return next((x for x in factors if isinstance(x, Traced) and x.op is rules.step), None)


def gradients_of(graph: TracedGraph, one_by_one: bool) -> tuple[list[Gradient], dict[Traced, list[Operand]]]:
    """Return the gradients of the operations, from the root on, and the terms of those of the parameters.

    Skip operations that lead to no parameter, and terms whose derivative is exactly 0; unless all have a line, one by
    one, also gradients that are merely handed on, as a sum does.
    """
    edges = edges_to_parameters(graph)
    gradients: list[Gradient] = []
    terms: dict[Traced, list[Operand]] = {graph.root: [1.0]}
    for node in reversed(graph.order):
        if node in terms and edges.get(node):
            (term, *others) = contributions = terms.pop(node)
            if isinstance(term, Traced) and not (others or term.op or one_by_one):
                upstream = term
            else:
                upstream = Traced(node.tracing)
                gradients.append(Gradient(node, upstream, contributions, alone=not terms))
            for child, partial in edges[node]:
                terms.setdefault(child, []).append(node.tracing.first(rules.mul, (upstream, partial)))
    return gradients, {p: terms[p] for p in graph.parameters if p in terms}


def edges_to_parameters(graph: TracedGraph) -> dict[Any, list[tuple[Any, Operand]]]:
    """Return of each operation that a parameter moves the operands moved, and its local derivatives along them."""
    edges: dict[Any, list[tuple[Any, Operand]]] = {parameter: [] for parameter in graph.parameters}
    for node in graph.order:
        if not edges.keys().isdisjoint(node.operands):
            pairs = zip(node.operands, map(first_of, partials_of(node)), strict=True)
            if moved := [(x, partial) for x, partial in pairs if x in edges and not is_number(partial, 0.0)]:
                edges[node] = moved
    return edges


def partials_of(node: Traced) -> tuple[Any, ...]:
    """Return the local derivatives of an operation; where a constant has none, as in w / 0, the program finds out."""
    try:
        return node.op.differentiate(node, *node.operands)
    except (ValueError, ArithmeticError):
        constants = [x if isinstance(x, Traced) else Traced(node.tracing, repr(x)) for x in node.operands]
        return node.op.differentiate(node, *constants)


def first_of(x: Operand) -> Operand:
    """Return the first Traced with the same value; a number as a float."""
    return x.first if isinstance(x, Traced) else real(x)


def terms_of(x: Traced) -> list[Operand]:
    """Return what an operation adds, if it is a sum of products: the products, and a bias unless that is 0; else []."""
    products = x.op.written_out(*x.operands)
    terms = [first_of(functools.reduce(rules.mul, factors)) for factors in products]
    return terms[:-1] if len(terms) > 1 and is_number(terms[-1], 0.0) else terms
