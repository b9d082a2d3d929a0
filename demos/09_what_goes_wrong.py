"""What goes wrong: why an order, why `+=`, why `zero_grad`?

Claim: each of six small mistakes in backpropagation gives other gradients, on a graph of five operations that anyone
can follow: y = (c + d) + c·d with c = a + b and d = a·b, at a = 2 and b = 3. ∂y/∂a is 25 and ∂y/∂b is 19; the mistakes
make 46, 21, 0, 1 and 50 of the 25. On a chain, where nothing is used twice, three of them go unnoticed.
The page on which the right sums are stepped through, and practised: save_stepper(y, "y.html") with this y.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tinygrad_edu import Constant, Value, check_gradients, draw_dot, explain, save_graph, topological_order
from tinygrad_edu.engine import start_backward
from tinygrad_edu.readers.check import GradientError
from tinygrad_edu.readers.naming import node_names
from tinygrad_edu.readers.notation import FORMULA, columns
from tinygrad_edu.readers.replay import fresh_gradients
from tinygrad_edu.rules import Rule

if TYPE_CHECKING:
    from graphviz import Digraph

MOST_VISITS = 100_000
write = FORMULA.number  # a number, with four digits


# %% the wrong algorithms


def every_path(root: Value) -> None:
    """Go on to the operands as they come: a node passes on again what it has passed on before.

    Raises RecursionError beyond 100,000 visits, one for each path from the root to a node.
    """
    propagate(root, visits_along_paths(root))


def visits_along_paths(root: Value) -> Iterator[Value]:
    """Yield a node once for each path that leads to it."""
    waiting = [root]
    for _ in range(MOST_VISITS):
        if not waiting:
            return
        node = waiting.pop()
        yield node
        waiting.extend(node.children)
    raise RecursionError(f"more than {MOST_VISITS:,} paths")


def pre_order(root: Value) -> None:
    """Visit each node once, as soon as it is met: it passes on a gradient that is not complete."""
    propagate(root, first_visits(root))


def first_visits(root: Value) -> Iterator[Value]:
    """Yield a node once, before its operands."""
    waiting, visited = [root], set()
    while waiting:
        node = waiting.pop()
        if node not in visited:
            visited.add(node)
            yield node
            waiting.extend(node.children)


def post_order(root: Value) -> None:
    """Take the topological order, not reversed: a node passes on its gradient before it has any."""
    propagate(root, topological_order(root))


def propagate(root: Value, visits: Iterable[Value]) -> None:
    """Apply the chain rule at one node after another."""
    root.grad = 1.0
    for node in visits:
        if node.op:
            for child, partial in zip(node.children, node.partials(), strict=True):
                child.grad += node.grad * partial


def assign(root: Value) -> None:
    """Keep the right order, but a node that is used twice keeps only the last contribution."""
    for node in start_backward(root):
        for child, partial in zip(node.children, node.partials(), strict=True):
            child.grad = node.grad * partial


def backward_twice(root: Value) -> None:
    """Do two steps of training, no zero_grad() between them: the leaves hold the sum of both."""
    root.backward()
    root.backward()


def reset_leaves(root: Value) -> None:
    """Let backward clear the leaves, too: of two examples that should add up, the first is lost."""
    root.backward()
    root.zero_grad()
    root.backward()


# %% beside the right one


class Algorithm(NamedTuple):
    """Fill in the gradients of a graph."""

    name: str
    run: Callable[[Value], None]


class Mistake(NamedTuple):
    """Pair a wrong algorithm with the one it should be."""

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
    """Return what an algorithm does, in one line."""
    return (inspect.getdoc(algorithm.run) or "").partition("\n")[0]


class Comparison:
    """Compare the gradients of a graph by the right algorithm and by the wrong ones. As text it is a table.

    The graph keeps its numbers and its gradients.
    """

    def __init__(self, root: Value, mistakes: Sequence[Mistake] = MISTAKES) -> None:
        self.root = root
        self.mistakes = mistakes
        self.nodes = [node for node in reversed(topological_order(root)) if not isinstance(node, Constant)]
        self.algorithms = list(dict.fromkeys(algorithm for right, wrong in mistakes for algorithm in (right, wrong)))
        self.gradients = {algorithm: outcome(root, algorithm) for algorithm in self.algorithms}

    def wrong_nodes(self, mistake: Mistake) -> list[Value]:
        """Return the nodes to which a mistake gives another gradient, in the order of backward."""
        right, wrong = self.gradients[mistake.right], self.gradients[mistake.wrong]
        return [node for node in self.nodes if wrong and not same(right[node], wrong[node])]

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in [*self.lines(), "", *columns([*self.legend()])])

    def lines(self) -> list[str]:
        """Return the table: a line for each node, in the order of backward, a column for each algorithm."""
        named = node_names(topological_order(self.root))
        head = ["node", *(algorithm.name for algorithm in self.algorithms)]
        body = [[named[node] for node in self.nodes], *map(self.column, self.algorithms)]
        return columns([tuple(f"{cell}  " for cell in row) for row in [head, *zip(*body, strict=True)]])

    def column(self, algorithm: Algorithm) -> list[str]:
        """Return the gradients by one algorithm, the wrong ones marked."""
        gradients = self.gradients[algorithm]
        if not gradients:
            return ["gave up"] * len(self.nodes)
        wrong = {node for mistake in self.mistakes if mistake.wrong is algorithm for node in self.wrong_nodes(mistake)}
        return [write(gradients[node]) + " *" * (node in wrong) for node in self.nodes]

    def legend(self) -> Iterator[tuple[str, ...]]:
        """Say what each wrong algorithm does, and where its numbers part from the right ones."""
        named = node_names(topological_order(self.root))
        for mistake in self.mistakes:
            right, wrong = self.gradients[mistake.right], self.gradients[mistake.wrong]
            where = "nothing is wrong" if wrong else "gave up"
            for node in self.wrong_nodes(mistake)[:1]:
                where = f"* from {named[node]} on, {write(wrong[node])} for {write(right[node])}"
            yield f"{mistake.wrong.name}  ", f"{where}  ", summary(mistake.wrong)


def outcome(root: Value, algorithm: Algorithm) -> dict[Value, float]:
    """Return the gradient that an algorithm gives to each node; {} if it gave up. The graph's own stay as they are."""
    with fresh_gradients(root):
        try:
            algorithm.run(root)
        except RecursionError:
            return {}
        return {node: node.grad for node in topological_order(root)}


def same(one: float, other: float) -> bool:
    """Tell whether two gradients are equal but for rounding."""
    return math.isclose(one, other, rel_tol=1e-9) or math.isnan(one) and math.isnan(other)


def draw_mistake(root: Value, mistake: Mistake, **options: Any) -> Digraph:
    """Draw the graph with the gradients a wrong algorithm gives, the first wrong node marked, as `draw_dot` does."""
    with wrong_gradients(root, mistake) as marked:
        return draw_dot(root, mistake.wrong.name, marked=marked, **options)


def save_mistake(root: Value, mistake: Mistake, path: str | Path, **options: Any) -> Path:
    """Write the picture of `draw_mistake` to a file, as `save_graph` does."""
    with wrong_gradients(root, mistake) as marked:
        return save_graph(root, path, mistake.wrong.name, marked=marked, **options)


@contextmanager
def wrong_gradients(root: Value, mistake: Mistake) -> Iterator[dict[Value, str]]:
    """Temporarily give the graph the gradients of a wrong algorithm; yield the first wrong node, with a note."""
    comparison = Comparison(root, [mistake])
    first = comparison.wrong_nodes(mistake)[:1]
    right = comparison.gradients[mistake.right]
    with fresh_gradients(root):
        mistake.wrong.run(root)
        yield {node: f"first wrong: {write(right[node])} is right" for node in first}


output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)

# %% the graph: a, b, c and d are all used twice
a, b = Value(2.0, "a"), Value(3.0, "b")
c, d = a + b, a * b
e, f = c + d, c * d
y = e + f
c.label, d.label, e.label, f.label, y.label = "c", "d", "e", "f", "y"
explain(y, a)

# %% the right algorithm and the wrong ones, side by side
comparison = Comparison(y)
print()
print(comparison)

# %% why an order: in pre-order, d passes its gradient on when it is still 5; the 1 from e comes too late
# In the picture the contributions that arrive at b add up to 19, but b holds 16.
save_mistake(y, PRE_ORDER, output / "pre_order.svg")

# %% why +=: with = for it, each of a, b, c and d holds the last contribution alone
save_mistake(y, ASSIGNED, output / "assigned.svg")

# %% where nothing is used twice, three of the six cannot be seen
x = Value(0.5, "x")
chain = (2.0 * x).tanh().exp()
chain.label = "chain"
unnoticed = [mistake.wrong.name for mistake in MISTAKES if not Comparison(chain).wrong_nodes(mistake)]
print()
print(f"On exp(tanh(2x)) the same numbers as the right algorithm: {', '.join(unnoticed)}.")


# %% a mistake in the table instead: 2.001 for 2. Nudging every node finds it, and names it
class Square(Rule):
    """x², with a wrong derivative."""

    def forward(self, x: float) -> float:
        return x * x

    def partials(self, out: Any, x: Any) -> Any:
        return (2.001 * x,)


square = Square()
z = square(a + 1.0) * b
z.label = "z"
try:
    check_gradients(z)
except GradientError as error:
    print()
    print(error.report)
    print(error)
