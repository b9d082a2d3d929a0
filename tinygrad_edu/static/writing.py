"""Write a static graph as straight-line Python, one line per operation forward and one per gradient backward."""

import keyword
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, count, groupby
from typing import Any

from tinygrad_edu import rules
from tinygrad_edu.readers.naming import place_of
from tinygrad_edu.readers.notation import PRODUCT, PROGRAM, SIGN, Text, write
from tinygrad_edu.rule import Rule, pow
from tinygrad_edu.static.backpropagation import Gradient, Operand, gradients_of, terms_of
from tinygrad_edu.static.tracing import NEVER_FAILS, Traced, TracedGraph

FUNCTIONS: dict[Rule, Callable[..., float]] = {  # what `forward` of these rows calls, to be called directly
    rules.power: pow, rules.exponential: pow, rules.general_power: pow, rules.absolute: abs, rules.exp: math.exp,
    rules.log: math.log, rules.sqrt: math.sqrt, rules.sin: math.sin, rules.cos: math.cos, rules.tanh: math.tanh,
}  # fmt: skip
DIFFERENTIABLE = NEVER_FAILS | {rules.div, rules.exp, rules.log, rules.sin, rules.cos}  # wherever they have a value
BACKPROPAGATE, DESCEND = "backpropagate", "backpropagate_and_descend"  # for breakpoints: nothing else is called so
RESERVED = ("samples", "parameters", "gradients", "total", "lr", "inf", "nan", "__debug__")
LONGEST_SUM = 100  # terms in a line: CPython cannot compile sums of thousands
ONE_BY_ONE = 500  # operations: so many have a line each; of more a sum takes in its terms
WORTH_SKIPPING = 4  # lines: to compute so many costs more than to ask whether they are needed


class Names:
    """Give each node of the graph, and each function that the program calls, a name of its own."""

    def __init__(self) -> None:
        self.of: dict[Operand, Text] = {}  # the names of the nodes
        self.functions: dict[str, Callable[..., float] | float] = {"inf": math.inf, "nan": math.nan}
        self.function_names: dict[Callable[..., float], str] = {}
        self.taken = set(RESERVED)
        self.numbers = count(1)  # of those without a name

    def give(self, x: Traced, wish: str) -> str:
        """Name a node."""
        name = self.new(wish)
        self.of[x] = Text(name)
        return name

    def new(self, wish: str = "") -> str:
        """Return the name wished for if it is a Python name that nothing else has; otherwise v1, v2, …."""
        name = unicodedata.normalize("NFKC", wish)  # as Python reads it
        while not name.isidentifier() or keyword.iskeyword(name) or name in self.taken:
            name = f"v{next(self.numbers)}"
        self.taken.add(name)
        return name

    def function(self, op: Rule) -> str:
        """Return the name under which the program calls `forward` of a row."""
        function = FUNCTIONS.get(op, op.forward)
        symbol = op.symbol if op.symbol.isidentifier() else type(op).__name__.lower()
        return self.called(function, function.__name__ if op in FUNCTIONS else symbol)

    def called(self, function: Callable[..., Any], wish: str) -> str:
        """Return the name under which the program calls a function."""
        if function not in self.function_names:
            self.function_names[function] = self.new(wish)
            self.functions[self.function_names[function]] = function
        return self.function_names[function]


class Writer:
    """Write the program that a graph amounts to.

    `text` is its source, a function, and `names` what it calls the nodes of the graph.
    `backpropagate(samples, parameters, gradients)` adds the gradients of every sample to those it is given.
    `backpropagate_and_descend(samples, parameters, lr)` updates the parameters after every sample.
    """

    def __init__(self, graph: TracedGraph, descend: bool = False) -> None:
        self.graph = graph
        self.descend = descend
        self.operations = dict.fromkeys(node.first for node in graph.order)
        self.one_by_one = len(self.operations) <= ONE_BY_ONE
        self.gradients, self.terms = gradients_of(graph, self.one_by_one)
        self.switched = {gradient.name for gradient in self.gradients if gradient.switch is not None}
        self.sums: dict[Traced, list[Operand]] = {}  # the terms of weighted sums
        self.own_line = self.find_own_lines()
        self.names = Names()
        self.lines: list[str] = []
        self.depth = 0
        self.write()
        self.text = "\n".join([*self.lines, ""])

    def find_own_lines(self) -> set[Traced]:
        """Return what has a line of its own: every operation, and what else is used more than once.

        Where operations are many, a sum takes in those that are used once, as its terms.
        """
        needed: Iterable[Any] = [
            *(self.graph.root.first, *(x.first for _, x in self.graph.checks)),
            *chain.from_iterable(map(self.needed_for, self.operations)),
            *chain.from_iterable(gradient.terms for gradient in self.gradients),
            *chain.from_iterable(self.terms.values()),
            *(switch for i in range(len(self.gradients)) if (switch := self.switch_after(i)) is not None),
        ]
        uses: Counter[Any] = Counter()
        while needed:
            new = [x for x in dict.fromkeys(needed) if x not in uses and x not in self.operations]
            uses.update(needed)
            needed = [*chain.from_iterable(self.needed_for(x) for x in new if isinstance(x, Traced) and x.op)]
        used_again = {x for x, n in uses.items() if isinstance(x, Traced) and x.op and (n > 1 or self.sums.get(x))}
        if self.one_by_one:
            return self.operations.keys() | used_again
        return self.operations.keys() - self.taken_in(used_again) | used_again

    def taken_in(self, used_again: set[Traced]) -> set[Traced]:
        """Return the operations that are written as a term of a sum, unless its line becomes too long."""
        taken: set[Traced] = set()
        lengths: Counter[Operand] = Counter()  # of the sums, in terms
        for node in self.operations:
            for x in node.firsts if node.op in (rules.add, rules.sub) else ():
                length = max(lengths[x], 1)
                if x in self.operations and x not in used_again and lengths[node] + length <= LONGEST_SUM:
                    taken.add(x)  # type: ignore[arg-type]  # no number is an operation
                    lengths[node] += length
                else:
                    lengths[node] += 1
        return taken

    def needed_for(self, x: Traced) -> Sequence[Operand]:
        """Return what the text of an operation is put together from."""
        if not x.op or type(x.op).written_out is Rule.written_out:
            return x.firsts
        if x not in self.sums:
            self.sums[x] = terms_of(x)
        return self.sums[x] or x.firsts

    def write(self) -> None:
        """Write the function from top to bottom."""
        parameters = {p: self.names.give(p, p.label) for p in self.graph.parameters}
        gradients = {p: self.names.new(f"d_{name}") for p, name in parameters.items()}
        inputs = [self.names.give(x, x.label) for x in self.graph.inputs]
        name, last, result = (DESCEND, "lr", parameters) if self.descend else (BACKPROPAGATE, "gradients", gradients)
        with self.block(f"def {name}(samples, parameters, {last}):"):
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
        """Write a list of the parameters, in a line for each neuron, which says where it stands."""
        by_place = groupby(names, key=lambda p: place_of(p.label))
        groups = [(place, ", ".join(names[p] for p in group)) for place, group in by_place]
        if len(groups) == 1:
            self.write_line(f"{before}[{groups[0][1]}]{after}")
        else:
            with self.block(f"{before}["):
                for place, group in groups:
                    self.write_line(f"{group},  # {place}" if place else f"{group},")
            self.write_line(f"]{after}")

    def write_forward(self) -> None:
        """Write a line for each operation, in the order of computation."""
        for check, x in self.graph.checks:
            name = self.names.called(check.verify, "check")
            self.write_line(f"{name}({self.text_of(x.first).text})")
        self.write_line("# forward")
        for node in self.operations:
            if node in self.own_line:
                self.text_of(node)
        self.write_line(f"total += {self.text_of(self.graph.root.first).text}")

    def write_backward(self) -> None:
        """Write a line for each gradient, from the root to the leaves."""
        if self.gradients:
            self.write_line(f"# backward: d_… is the gradient of {self.text_of(self.graph.root.first).text} along …")
        for gradient in self.gradients:
            named = self.names.of.get(gradient.node.first)
            name = f"d_{named.text if named else self.names.new()}"
            self.names.give(gradient.name, f"{name}_again" if name in self.names.taken else name)
        failing = (i for i, gradient in enumerate(self.gradients) if gradient.node.op not in DIFFERENTIABLE)
        last_that_may_fail = max(failing, default=-1)
        for i, gradient in enumerate(self.gradients):
            if (switch := self.switch_after(i)) is not None:
                self.write_choice(switch, gradient, self.gradients[i + 1])
            elif i == 0 or self.switch_after(i - 1) is None:
                self.write_sum(self.names.of[gradient.name].text, self.texts_of(gradient.terms))
            if gradient.alone and gradient.switch is not None and i > last_that_may_fail:
                with self.block(f"if not {self.names.of[gradient.name].text}:"):
                    self.write_line("continue  # all other gradients are 0 too")

    def switch_after(self, i: int) -> Traced | None:
        """Return the switch of the next gradient, if gradient i is a long sum that is needed for nothing else."""
        node, terms = self.gradients[i].node, self.gradients[i].terms
        if len(terms) < WORTH_SKIPPING or len(node.children) != 1 or i + 1 == len(self.gradients):
            return None
        following = self.gradients[i + 1]
        return None if node.children[0] is not following.node or any(map(self.may_fail, terms)) else following.switch

    def write_choice(self, switch: Traced, gradient: Gradient, following: Gradient) -> None:
        """Write two gradients, of which the first is needed only where the second is not 0."""
        terms = self.texts_of(gradient.terms)
        name = self.names.of[following.name].text
        with self.block(f"if {self.text_of(switch).text}:"):
            self.write_sum(self.names.of[gradient.name].text, terms)
            self.write_sum(name, self.texts_of(following.terms))
        with self.block("else:"):
            self.write_line(f"{name} = 0.0")

    def write_parameters(self, gradients: dict[Traced, str]) -> None:
        """Add up the gradients of the parameters, or let each parameter take a step down."""
        if self.descend:
            self.write_entangled(gradients)
        texts = {p: self.texts_of(terms) for p, terms in self.terms.items()}
        self.write_line("# update: a step down the gradient" if self.descend else "# gradients of the parameters")
        for condition, group in groupby(self.terms, key=self.condition):
            parameters = list(group)
            skippable = condition and len(parameters) >= WORTH_SKIPPING
            with self.block(f"if {condition}:") if skippable else nullcontext():
                for p in parameters:
                    if self.descend:
                        self.write_step_down(self.names.of[p].text, texts[p])
                    elif len(texts[p]) == 1:
                        self.write_line(f"{gradients[p]} += {self.sum_text(texts[p])}")
                    else:
                        self.write_addition(gradients[p], texts[p])

    def write_entangled(self, gradients: dict[Traced, str]) -> None:
        """Write the gradients in which other parameters occur, before any parameter moves."""
        for p, terms in self.terms.items():
            if not {p}.issuperset(self.parameters_in(terms)):
                gradient = Traced(p.tracing)
                self.names.of[gradient] = Text(gradients[p])
                self.write_sum(gradients[p], self.texts_of(terms))
                self.terms[p] = [gradient]

    def parameters_in(self, terms: Iterable[Operand]) -> Iterator[Traced]:
        """Yield the parameters that occur in the text of terms."""
        for x in terms:
            if isinstance(x, Traced):
                if x in self.graph.parameters:
                    yield x
                elif x not in self.own_line:
                    yield from self.parameters_in(self.needed_for(x))

    def condition(self, p: Traced) -> str:
        """Return the name of the gradient that a parameter's is a multiple of, if that has a switch; else ""."""
        (term, *others) = self.terms[p]
        if isinstance(term, Traced) and not others and not self.may_fail(term):
            for factor in (term, *term.firsts[:1]):
                if isinstance(factor, Traced) and factor in self.switched:
                    return self.names.of[factor].text
        return ""

    def may_fail(self, x: Operand) -> bool:
        """Tell whether a derivative in the text of a term may not exist: then it is never skipped, but an error."""
        if not isinstance(x, Traced) or not x.op or x in self.operations:
            return False
        return x.op not in NEVER_FAILS or any(map(self.may_fail, self.needed_for(x)))

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a line, and indent those below it until the block ends."""
        self.write_line(head)
        self.depth += 1
        yield
        self.depth -= 1

    def write_line(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def write_operation(self, x: Traced) -> None:
        """Name x, and write the line that computes it."""
        if terms := self.sums.get(x):
            texts = self.texts_of(terms)  # first: it may write lines
            self.write_sum(self.names.give(x, x.label), texts, self.place_comment(x))
        else:
            formula = self.formula_of(x).text
            self.write_line(f"{self.names.give(x, x.label)} = {formula}")

    def place_comment(self, x: Traced) -> str:
        """Say where the parameters stand that an operation is given, if they all stand in one place."""
        places = {place_of(p.label) for p in x.children if p in self.graph.parameters}
        return f"  # {min(places)}" if len(places) == 1 and "" not in places else ""

    def write_sum(self, target: str, terms: Sequence[Text], comment: str = "") -> None:
        """Write target = a + b - c: the terms added from left to right."""
        self.write_line(f"{target} = {self.sum_text(terms[:LONGEST_SUM])}{comment}")
        self.write_addition(target, terms[LONGEST_SUM:])

    def write_addition(self, target: str, terms: Sequence[Text]) -> None:
        """Write target = target + a - b: further terms, added one by one to what is there."""
        for start in range(0, len(terms), LONGEST_SUM):
            self.write_line(f"{target} = {target}{self.sum_of(terms[start : start + LONGEST_SUM])}")

    def write_step_down(self, target: str, terms: Sequence[Text]) -> None:
        """Write target -= lr * (a + b - c): a step of gradient descent."""
        gradient = self.sum_text(terms)
        if len(terms) > LONGEST_SUM:
            gradient = self.names.new()
            self.write_sum(gradient, terms)
        self.write_line(f"{target} -= lr * {f'({gradient})' if ' ' in gradient else gradient}")

    def sum_text(self, terms: Sequence[Text]) -> str:
        """Write terms as a sum that stands alone: "a - b + c"."""
        text = self.sum_of(terms)
        return text[3:] if text.startswith(" + ") else f"-{text[3:]}"

    def sum_of(self, terms: Iterable[Text]) -> str:
        """Write the terms, each with its sign: " + a - b + c"."""
        return "".join(f" - {x.text[1:]}" if x.binding == SIGN else f" + {x.within(PRODUCT)}" for x in terms)

    def texts_of(self, xs: Iterable[Operand]) -> list[Text]:
        """Write names, numbers and formulas."""
        return [self.text_of(x) for x in xs]

    def text_of(self, x: Operand) -> Text:
        """Write a name, a number or a formula; before it, the lines of what occurs in it, if they are not there yet."""
        if text := self.names.of.get(x):
            return text
        if isinstance(x, float):
            return PROGRAM.operand(PROGRAM.number(x))
        if x in self.own_line:
            self.write_operation(x)
            return self.names.of[x]
        return self.formula_of(x) if x.op else PROGRAM.operand(x.label)  # a constant where there is no derivative

    def formula_of(self, x: Traced) -> Text:
        """Write an operation with the texts of its operands."""
        operands = self.texts_of(x.firsts)
        function = "" if PROGRAM.has_sign(x.op) else self.names.function(x.op)
        return write(x.op, operands, PROGRAM, function)
