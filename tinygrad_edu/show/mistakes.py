"""What goes wrong: backpropagation with one mistake in it, run beside the right one on any graph.

>>> a, b = Value(2.0, "a"), Value(3.0, "b")
>>> c, d = a + b, a * b
>>> y = (c + d) + c * d
>>> y.label = "y"
>>> print(Comparison(y))
node  right  every path  pre-order  post-order  = for +=  no zero_grad  right for 2  reset leaves
...
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tinygrad_edu.engine import Constant, Value, backward_order, fresh_gradients, topological_order
from tinygrad_edu.formulas import names
from tinygrad_edu.show.diagram import draw_dot, save_graph
from tinygrad_edu.symbol import FORMULA
from tinygrad_edu.tables import table

if TYPE_CHECKING:
    from graphviz import Digraph

MOST_VISITS = 100_000
number = FORMULA.number


# ------------------------------------------------------------------------------------------ the wrong algorithms


def every_path(root: Value) -> None:
    """On to the operands as they come: a node passes on again what it has passed on before.

    Raises RecursionError beyond 100,000 visits, one for each path from the root to a node.
    """
    propagate(root, visits_along_paths(root))


def visits_along_paths(root: Value) -> Iterator[Value]:
    waiting = [root]
    for _ in range(MOST_VISITS):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        waiting.extend(node.children)
    raise RecursionError(f"more than {MOST_VISITS:,} paths")


def pre_order(root: Value) -> None:
    """Each node once, as soon as it is met: it passes on a gradient that is not complete."""
    propagate(root, first_visits(root))


def first_visits(root: Value) -> Iterator[Value]:
    waiting, visited = [root], set()
    while waiting:
        node = waiting.pop()
        if node not in visited:
            visited.add(node)
            yield node
            waiting.extend(node.children)


def post_order(root: Value) -> None:
    """The topological order, not reversed: a node passes on its gradient before it has any."""
    propagate(root, topological_order(root))


def propagate(root: Value, visits: Iterable[Value]) -> None:
    """The chain rule at one node after another."""
    root.grad = 1.0
    for node in visits:
        if node.op:
            for child, partial in zip(node.children, node.partials(), strict=True):
                child.grad += node.grad * partial


def assign(root: Value) -> None:
    """The right order, but a node that is used twice keeps only the last contribution."""
    for node in backward_order(root):
        for child, partial in zip(node.children, node.partials(), strict=True):
            child.grad = node.grad * partial


def backward_twice(root: Value) -> None:
    """Two steps of training, no zero_grad() between them: the leaves hold the sum of both."""
    root.backward()
    root.backward()


def reset_leaves(root: Value) -> None:
    """Backward clears the leaves, too: of two examples that should add up, the first is lost."""
    root.backward()
    root.zero_grad()
    root.backward()


# --------------------------------------------------------------------------------------------- beside the right one


class Algorithm(NamedTuple):
    """A way to fill in the gradients of a graph."""

    name: str
    run: Callable[[Value], None]


class Mistake(NamedTuple):
    """A wrong algorithm, and the one it should be."""

    right: Algorithm
    wrong: Algorithm


RIGHT = Algorithm("right", Value.backward)
ADDED = Algorithm("right for 2", backward_twice)  # for two examples, what is a mistake for two steps is right
EVERY_PATH = Mistake(RIGHT, Algorithm("every path", every_path))
PRE_ORDER = Mistake(RIGHT, Algorithm("pre-order", pre_order))
POST_ORDER = Mistake(RIGHT, Algorithm("post-order", post_order))
ASSIGNED = Mistake(RIGHT, Algorithm("= for +=", assign))
NO_ZERO_GRAD = Mistake(RIGHT, Algorithm("no zero_grad", backward_twice))
LEAVES_RESET = Mistake(ADDED, Algorithm("reset leaves", reset_leaves))
MISTAKES = (EVERY_PATH, PRE_ORDER, POST_ORDER, ASSIGNED, NO_ZERO_GRAD, LEAVES_RESET)


def summary(algorithm: Algorithm) -> str:
    """What an algorithm does, in one line."""
    return (inspect.getdoc(algorithm.run) or "").partition("\n")[0]


class Comparison:
    """The gradients of a graph by the right algorithm and by the wrong ones. As text it is a table.

    The graph keeps its numbers and its gradients.
    """

    def __init__(self, root: Value, mistakes: Sequence[Mistake] = MISTAKES) -> None:
        self.root = root
        self.mistakes = mistakes
        self.backward_order = [node for node in reversed(topological_order(root)) if not isinstance(node, Constant)]
        self.algorithms = list(dict.fromkeys(algorithm for right, wrong in mistakes for algorithm in (right, wrong)))
        self.gradients = {algorithm: outcome(root, algorithm) for algorithm in self.algorithms}

    def wrong_nodes(self, mistake: Mistake) -> list[Value]:
        """The nodes to which a mistake gives another gradient, in the order of backward: the first comes first."""
        right, wrong = self.gradients[mistake.right], self.gradients[mistake.wrong]
        return [node for node in self.backward_order if wrong and not same(right[node], wrong[node])]

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in [*self.lines(), "", *table([*self.legend()])])

    def lines(self) -> list[str]:
        """The table: a line for each node, in the order of backward, a column for each algorithm."""
        named = names(topological_order(self.root))
        head = ["node", *(algorithm.name for algorithm in self.algorithms)]
        columns = [[named[node] for node in self.backward_order], *map(self.column, self.algorithms)]
        return table([tuple(f"{cell}  " for cell in row) for row in [head, *zip(*columns, strict=True)]])

    def column(self, algorithm: Algorithm) -> list[str]:
        """The gradients by one algorithm, the wrong ones marked."""
        gradients = self.gradients[algorithm]
        if not gradients:
            return ["gave up"] * len(self.backward_order)
        wrong = {node for mistake in self.mistakes if mistake.wrong is algorithm for node in self.wrong_nodes(mistake)}
        return [number(gradients[node]) + " *" * (node in wrong) for node in self.backward_order]

    def legend(self) -> Iterator[tuple[str, ...]]:
        """What each wrong algorithm does, and where its numbers part from the right ones."""
        named = names(topological_order(self.root))
        for mistake in self.mistakes:
            right, wrong = self.gradients[mistake.right], self.gradients[mistake.wrong]
            where = "nothing is wrong" if wrong else "gave up"
            for node in self.wrong_nodes(mistake)[:1]:
                where = f"* from {named[node]} on, {number(wrong[node])} for {number(right[node])}"
            yield f"{mistake.wrong.name}  ", f"{where}  ", summary(mistake.wrong)


def outcome(root: Value, algorithm: Algorithm) -> dict[Value, float]:
    """The gradient that an algorithm gives to each node; nothing if it gave up. The graph's own stay as they are."""
    with fresh_gradients(root):
        try:
            algorithm.run(root)
        except RecursionError:
            return {}
        return {node: node.grad for node in topological_order(root)}


def same(one: float, other: float) -> bool:
    """Whether two gradients are equal but for rounding."""
    return math.isclose(one, other, rel_tol=1e-9) or math.isnan(one) and math.isnan(other)


def draw_mistake(root: Value, mistake: Mistake) -> Digraph:
    """The graph with the gradients a wrong algorithm gives, the first wrong node marked."""
    with wrong_gradients(root, mistake) as marked:
        return draw_dot(root, mistake.wrong.name, marked=marked)


def save_mistake(root: Value, mistake: Mistake, path: str | Path) -> Path:
    """The picture of `draw_mistake` in a file, as `save_graph` writes it."""
    with wrong_gradients(root, mistake) as marked:
        return save_graph(root, path, mistake.wrong.name, marked=marked)


@contextmanager
def wrong_gradients(root: Value, mistake: Mistake) -> Iterator[dict[Value, str]]:
    """Within, the graph holds what a wrong algorithm gives; the first wrong node, with a note, is what it yields."""
    comparison = Comparison(root, [mistake])
    first = comparison.wrong_nodes(mistake)[:1]
    right = comparison.gradients[mistake.right]
    with fresh_gradients(root):
        mistake.wrong.run(root)
        yield {node: f"first wrong: {number(right[node])} is right" for node in first}
