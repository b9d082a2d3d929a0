"""The text of a static graph: straight-line Python, one line per operation forward and one per gradient backward."""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import NamedTuple, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.rules import Rule
from tinygrad_edu.tracing import Traced, TracedGraph

Operand: TypeAlias = "Traced | float"

SUM, PRODUCT, NEGATION, ATOM = range(4)  # how tightly a piece of text holds together
OPERATORS = {
    rules.add: ("+", SUM),
    rules.sub: ("-", SUM),
    rules.mul: ("*", PRODUCT),
    rules.div: ("/", PRODUCT),
}
FUNCTIONS: dict[Rule, Callable[..., float]] = {  # what `forward` of these rows calls, to be called directly
    rules.power: math.pow,
    rules.exponential: math.pow,
    rules.general_power: math.pow,
    rules.exp: math.exp,
    rules.log: math.log,
    rules.sqrt: math.sqrt,
    rules.sin: math.sin,
    rules.cos: math.cos,
    rules.tanh: math.tanh,
    rules.absolute: abs,
}
RESERVED = ("samples", "parameters", "gradients", "total", "lr", "inf", "nan", "__debug__")
LONGEST_SUM = 100  # terms in a line: CPython cannot compile sums of thousands
WORTH_SKIPPING = 4  # lines: to compute so many costs more than to ask whether they are needed


# ------------------------------------------------------------------------------------------------ backpropagation


class Gradient(NamedTuple):
    """∂root/∂node is the sum of `terms`: the contributions, in the order in which `Value.backward` adds them."""

    node: Traced
    name: Traced
    terms: list[Operand]
    alone: bool  # whether everything that is still to be computed depends on it

    @property
    def switch(self) -> Traced | None:
        """The derivative that makes this gradient 0 as a whole for many inputs, if there is one: the step of relu."""
        factors = self.terms[0].operands if len(self.terms) == 1 and isinstance(self.terms[0], Traced) else ()
        for factor in map(first_of, factors):
            if isinstance(factor, Traced) and factor.op is rules.step:
                return factor
        return None


def backpropagate(graph: TracedGraph) -> tuple[list[Gradient], dict[Traced, list[Operand]]]:
    """The gradients of the operations, from the root on, and the terms of those of the parameters.

    This is `Value.backward` with names. What no parameter needs is left out, and so is what is 0 because a derivative
    is.
    """
    edges = edges_to_parameters(graph)
    gradients = []
    terms: dict[Traced, list[Operand]] = {graph.root: [1.0]}
    for node in reversed(graph.order):
        if node in terms and node in edges:
            upstream = Traced(node.tracing)
            gradients.append(Gradient(node, upstream, terms.pop(node), alone=not terms))
            for child, partial in edges[node]:
                terms.setdefault(child, []).append(first_of(upstream * partial))
    return gradients, {p: terms[p] for p in graph.parameters if p in terms}


def edges_to_parameters(graph: TracedGraph) -> dict[Traced, list[tuple[Traced, Operand]]]:
    """For each operation the operands through which a parameter can move it, with the derivatives along them."""
    edges: dict[Traced, list[tuple[Traced, Operand]]] = dict.fromkeys(graph.parameters, [])
    for node in graph.order:
        if not edges.keys().isdisjoint(node.children):
            partials = node.op.differentiate(node, *node.operands)
            pairs = [(x, partial) for x, partial in zip(node.operands, partials, strict=True) if not is_zero(partial)]
            moving = [(x, partial) for x, partial in pairs if isinstance(x, Traced) and x in edges]
            if moving:
                edges[node] = moving
    return edges


def is_zero(x: Operand) -> bool:
    return not isinstance(x, Traced) and x == 0.0


def first_of(x: Operand) -> Operand:
    return x.first if isinstance(x, Traced) else x


def terms_of(weighted_sum: Traced) -> list[Operand]:
    """What a weighted sum adds: its products, and its bias unless that is 0."""
    weights, inputs, bias = rules.weighted_sum.split(weighted_sum.operands)
    products = [first_of(rules.mul.apply(w, x)) for w, x in zip(weights, inputs, strict=True)]
    return products if products and is_zero(bias) else [*products, first_of(bias)]


def parts_of(x: Traced) -> list[Operand]:
    """What the text of an operation is put together from."""
    return terms_of(x) if x.op is rules.weighted_sum else [first_of(operand) for operand in x.operands]


# -------------------------------------------------------------------------------------------------------- writing


class Source:
    """The program that a graph amounts to.

    text       its source
    functions  what it calls, by name
    names      what it calls the nodes of the graph

    It has one function. `backpropagate(samples, parameters, gradients)` adds the gradients of every sample to those it
    is given. `descend(samples, parameters, lr)` updates the parameters after every sample.
    """

    def __init__(self, graph: TracedGraph, descend: bool = False) -> None:
        self.graph = graph
        self.descend = descend
        self.functions: dict[str, Callable[..., float] | float] = {"inf": math.inf, "nan": math.nan}
        self.names: dict[Traced, str] = {}
        self.function_names: dict[Callable[..., float], str] = {}
        self.taken = set(RESERVED)
        self.count = 0
        self.lines: list[str] = []
        self.depth = 0
        self.gradients, self.terms = backpropagate(graph)
        self.switched = {gradient.name for gradient in self.gradients if gradient.switch is not None}
        self.own_line = self.find_own_lines()
        self.write()
        self.text = "\n".join([*self.lines, ""])

    def find_own_lines(self) -> set[Traced]:
        """What is computed in a line of its own: every operation, and what else is used more than once."""
        operations = {node.first for node in self.graph.order}
        waiting = [x for node in operations for x in parts_of(node)]
        for terms in [*(gradient.terms for gradient in self.gradients), *self.terms.values()]:
            waiting += terms
        waiting += [switch for i in range(len(self.gradients)) if (switch := self.switch_after(i)) is not None]
        uses: Counter[Traced] = Counter()
        while waiting:
            x = waiting.pop()
            if isinstance(x, Traced) and x.op:
                uses[x] += 1
                if uses[x] == 1 and x not in operations:
                    waiting += parts_of(x)
        return operations | {x for x, n in uses.items() if n > 1 or x.op is rules.weighted_sum}

    # -------------------------------------------------------------------------------------------------- sections

    def write(self) -> None:
        """The function from top to bottom."""
        parameters = {p: self.name(p, p.label) for p in self.graph.parameters}
        gradients = {p: self.new_name(f"d_{name}") for p, name in parameters.items()}
        inputs = [self.name(x, x.label) for x in self.graph.inputs]
        if self.descend:
            signature, result = "descend(samples, parameters, lr)", parameters
        else:
            signature, result = "backpropagate(samples, parameters, gradients)", gradients
        with self.block(f"def {signature}:"):
            self.write_list("", parameters, " = parameters")
            if not self.descend:
                self.write_list("", gradients, " = gradients")
            self.write_line("total = 0.0")
            with self.block(f"for [{', '.join(inputs)}] in samples:"):
                self.write_forward()
                self.write_backward()
                self.write_parameters(gradients)
            self.write_list("return total, ", result, "")

    def write_list(self, before: str, names: dict[Traced, str], after: str) -> None:
        """Something about every parameter, in a line for each neuron, which says where it stands."""
        groups = [(place, ", ".join(names[p] for p in group)) for place, group in groupby(names, key=place_of)]
        if len(groups) == 1:
            self.write_line(f"{before}[{groups[0][1]}]{after}")
        else:
            with self.block(f"{before}["):
                for place, group in groups:
                    self.write_line(f"{group},  # {place}" if place else f"{group},")
            self.write_line(f"]{after}")

    def write_forward(self) -> None:
        self.write_line("# forward")
        for node in self.graph.order:
            self.text_of(node)
        self.write_line(f"total += {self.text_of(self.graph.root)[0]}")

    def write_backward(self) -> None:
        if self.gradients:
            self.write_line(f"# backward: d_… is the gradient of {self.names[self.graph.root.first]} along …")
        for gradient in self.gradients:
            name = f"d_{self.names[gradient.node.first]}"
            self.name(gradient.name, f"{name}_again" if name in self.taken else name)
        for i, gradient in enumerate(self.gradients):
            if (switch := self.switch_after(i)) is not None:
                self.write_choice(switch, gradient, self.gradients[i + 1])
            elif i == 0 or self.switch_after(i - 1) is None:
                self.write_sum(self.names[gradient.name], "=", gradient.terms)
            if gradient.alone and gradient.switch is not None:
                with self.block(f"if not {self.names[gradient.name]}:"):
                    self.write_line("continue  # all other gradients are 0 too")

    def switch_after(self, i: int) -> Traced | None:
        """The switch of the next gradient, if gradient i is a long sum that is needed for nothing else."""
        if len(self.gradients[i].terms) < WORTH_SKIPPING or i + 1 == len(self.gradients):
            return None
        node, following = self.gradients[i].node, self.gradients[i + 1]
        return following.switch if len(node.children) == 1 and node.children[0] is following.node else None

    def write_choice(self, switch: Traced, gradient: Gradient, following: Gradient) -> None:
        """Two gradients, of which the first is needed only where the second is not 0."""
        self.write_shared(gradient.terms)
        name = self.names[following.name]
        with self.block(f"if {self.text_of(switch)[0]}:"):
            self.write_sum(self.names[gradient.name], "=", gradient.terms)
            self.write_sum(name, "=", following.terms)
        with self.block("else:"):
            self.write_line(f"{name} = 0.0")

    def write_shared(self, terms: Iterable[Operand]) -> None:
        """The lines that must stand before one in which these terms occur."""
        for term in terms:
            self.text_of(term)

    def write_parameters(self, gradients: dict[Traced, str]) -> None:
        """What becomes of the parameters' gradients: they are added up, or each parameter takes a step down."""
        if self.descend:
            self.write_entangled(gradients)
        for terms in self.terms.values():
            self.write_shared(terms)
        self.write_line("# update: a step down the gradient" if self.descend else "# gradients of the parameters")
        for condition, group in groupby(self.terms, key=self.condition):
            parameters = list(group)
            skippable = condition and len(parameters) >= WORTH_SKIPPING
            with self.block(f"if {condition}:") if skippable else nullcontext():
                for p in parameters:
                    target, sign = (self.names[p], "-= lr *") if self.descend else (gradients[p], "+=")
                    self.write_sum(target, sign, self.terms[p])

    def write_entangled(self, gradients: dict[Traced, str]) -> None:
        """The gradients in which other parameters occur: they are computed before any parameter moves."""
        for p, terms in self.terms.items():
            if not {p}.issuperset(self.parameters_in(terms)):
                gradient = Traced(p.tracing)
                self.names[gradient] = gradients[p]
                self.write_sum(gradients[p], "=", terms)
                self.terms[p] = [gradient]

    def parameters_in(self, terms: Iterable[Operand]) -> Iterator[Traced]:
        """The parameters that occur in the text of terms."""
        for x in terms:
            if isinstance(x, Traced):
                if x in self.graph.parameters:
                    yield x
                elif x not in self.own_line:
                    yield from self.parameters_in(parts_of(x))

    def condition(self, p: Traced) -> str:
        """The name of the gradient that a parameter's gradient is a multiple of, if that has a switch; else ""."""
        (term, *others) = self.terms[p]
        if isinstance(term, Traced) and not others:
            for factor in (term, *term.operands[:1]):
                if isinstance(factor, Traced) and factor in self.switched:
                    return self.names[factor]
        return ""

    # ----------------------------------------------------------------------------------------- lines and formulas

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Within, lines are indented below this one."""
        self.write_line(head)
        self.depth += 1
        yield
        self.depth -= 1

    def write_line(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def write_operation(self, x: Traced) -> None:
        """The line that computes it."""
        if x.op is rules.weighted_sum:
            self.write_sum(self.name(x, x.label), "=", terms_of(x), self.place_comment(x))
        else:
            formula, _ = self.formula_of(x)
            self.write_line(f"{self.name(x, x.label)} = {formula}")

    def place_comment(self, x: Traced) -> str:
        """Where the parameters stand that an operation is given, if they all stand in one place."""
        places = {place_of(p) for p in x.children if p in self.graph.parameters}
        return f"  # {min(places)}" if len(places) == 1 and "" not in places else ""

    def write_sum(self, target: str, sign: str, terms: Sequence[Operand], comment: str = "") -> None:
        """Terms added from left to right: target = a + b - c, target += a + b - c or target -= lr * (a + b - c)."""
        if sign != "=" and len(terms) > LONGEST_SUM:
            total = self.new_name()
            self.write_sum(total, "=", terms)
        else:
            text = self.sum_of(terms[:LONGEST_SUM])
            total = text[3:] if text.startswith(" + ") else f"-{text[3:]}"
        if sign == "-= lr *" and " " in total:
            total = f"({total})"
        self.write_line(f"{target} {sign} {total}{comment}")
        for start in range(LONGEST_SUM, len(terms) if sign == "=" else 0, LONGEST_SUM):
            self.write_line(f"{target} = {target}{self.sum_of(terms[start : start + LONGEST_SUM])}")

    def sum_of(self, terms: Iterable[Operand]) -> str:
        """The terms, each with its sign: " + a - b + c"."""
        total = ""
        for text, level in map(self.text_of, terms):
            total += f" - {text[1:]}" if level == NEGATION else f" + {within(text, level, PRODUCT)}"
        return total

    def text_of(self, x: Operand) -> tuple[str, int]:
        """A name, number or formula, and how tightly it holds together. What needs a line of its own has it then."""
        if isinstance(x, float):
            return repr(x), ATOM if math.copysign(1.0, x) > 0.0 else NEGATION
        x = x.first
        if x.op and x in self.own_line and x not in self.names:
            self.write_operation(x)
        return (self.names[x], ATOM) if x in self.names else self.formula_of(x)

    def formula_of(self, x: Traced) -> tuple[str, int]:
        """An operation written with the texts of its operands, and how tightly it holds together."""
        texts = [self.text_of(operand) for operand in x.operands]
        if x.op is rules.neg:
            return f"-{within(*texts[0], NEGATION)}", NEGATION
        if x.op in OPERATORS:
            sign, level = OPERATORS[x.op]
            left, right = texts
            return f"{within(*left, level)} {sign} {within(*right, level + 1)}", level
        return f"{self.function_name(x.op)}({', '.join(text for text, _ in texts)})", ATOM

    def function_name(self, op: Rule) -> str:
        """The name under which the text can call `forward` of a row."""
        function = FUNCTIONS.get(op, op.forward)
        if function not in self.function_names:
            wish = function.__name__ if op in FUNCTIONS else op.symbol
            self.function_names[function] = name = self.new_name(wish)
            self.functions[name] = function
        return self.function_names[function]

    def name(self, x: Traced, wish: str) -> str:
        """Give it a name."""
        self.names[x] = self.new_name(wish)
        return self.names[x]

    def new_name(self, wish: str = "") -> str:
        """The name wished for if Python takes it for a name and nothing else has it; otherwise v1, v2, …."""
        name = unicodedata.normalize("NFKC", wish)  # as Python reads it
        if not name.isidentifier() or keyword.iskeyword(name):
            name = ""
        while not name or name in self.taken:
            self.count += 1
            name = f"v{self.count}"
        self.taken.add(name)
        return name


def within(text: str, level: int, outer: int) -> str:
    """In parentheses unless it holds together at least as tightly as what is around it."""
    return text if level >= outer else f"({text})"


def place_of(p: Traced) -> str:
    """Where a parameter stands, by its label: "layers.0.neurons.3" for "layers.0.neurons.3.w.1"; "" if nowhere."""
    match = re.fullmatch(r"([\w.]+)\.[^\W\d]\w*(\.\d+)*", p.label)
    return match[1] if match else ""
