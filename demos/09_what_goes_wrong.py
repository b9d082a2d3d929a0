"""What goes wrong: why an order, why `+=`, why `zero_grad`?

Claim: each of six small mistakes in backpropagation gives other gradients, on a graph that anyone can follow:
y = (c + d) + c·d with c = a + b and d = a·b, at a = 2 and b = 3. ∂y/∂a is 25; five mistakes make 46, 21, 0, 1 and 50
of it, the sixth 25 of the 50 that two examples add up to. On a chain, where no node is used twice, three of them go
unnoticed. A mistake in the table, 2.001 for 2, is found by nudging every node. As a page: save_stepper(y, "y.html").
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tinygrad_edu import Value, check_gradients, explain, save_graph, topological_order
from tinygrad_edu.readers.check import GradientError
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.readers.replay import fresh_gradients
from tinygrad_edu.rules import Rule
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


# %% the chain rule at one node after another
def propagate(root: Value, visits: Iterable[Value], add: bool = True) -> None:
    root.grad = 1.0
    for node in visits:
        for child, partial in zip(node.children, node.partials() if node.op else (), strict=True):
            child.grad = (child.grad if add else 0.0) + node.grad * partial  # += or, without add, =


def paths(node: Value) -> Iterator[Value]:  # each node once for each path to it
    yield node
    for child in reversed(node.children):
        yield from paths(child)


def twice(root: Value, clear: bool = False) -> None:
    root.backward()
    if clear:
        root.zero_grad()
    root.backward()


# %% the right algorithm and six wrong ones
ALGORITHMS: dict[str, Callable[[Value], None]] = {
    "right": lambda root: propagate(root, reversed(topological_order(root))),  # a node waits for all that use it
    "every path": lambda root: propagate(root, paths(root)),  # it passes on again what it has passed on before
    "pre-order": lambda root: propagate(root, dict.fromkeys(paths(root))),  # it passes on what is not complete
    "post-order": lambda root: propagate(root, topological_order(root)),  # it passes on before it has anything
    "= for +=": lambda root: propagate(root, reversed(topological_order(root)), add=False),  # it keeps the last alone
    "no zero_grad": twice,  # two steps of training: the second gets the gradients of the first as well
    "2 examples": twice,  # the same, and right: the loss of two examples (here twice this one) is a sum
    "leaves cleared": lambda root: twice(root, clear=True),  # two examples, of which the first is lost
}
RIGHT = {name: "2 examples" if name in ("2 examples", "leaves cleared") else "right" for name in ALGORITHMS}


def gradients_by(name: str, root: Value) -> dict[Value, float]:
    """The gradient of each node, in the order of backward. The graph's own stay as they are."""
    with fresh_gradients(root):
        ALGORITHMS[name](root)
        return {node: node.grad for node in reversed(topological_order(root)) if node.varies}


def wrong_nodes(name: str, root: Value) -> dict[Value, float]:
    """The nodes that get another gradient than they should, and the right one."""
    found, expected = gradients_by(name, root), gradients_by(RIGHT[name], root)
    return {node: gradient for node, gradient in expected.items() if gradient != found[node]}


# %% side by side on a graph in which a, b, c and d are all used twice
a, b = Value(2.0, "a"), Value(3.0, "b")
c, d = a + b, a * b
y = (e := c + d) + (f := c * d)
c.label, d.label, e.label, f.label, y.label = "c", "d", "e", "f", "y"
explain(y, a)
table = [["node", *(node.label for node in gradients_by("right", y))]]
for name in ALGORITHMS:
    wrong = wrong_nodes(name, y)
    table.append([name, *(f"{gradient:g}{' *' * (node in wrong)}" for node, gradient in gradients_by(name, y).items())])
lines = columns([[f"{cell}  " for cell in row] for row in zip(*table, strict=True)])
print("", *map(str.rstrip, lines), "Of two examples 25 + 25 = 50 is right, and 25 is wrong.", sep="\n")

pictures = []  # in pre-order d passes its gradient on when it is still 5: the arrows say 19 for b, but b holds 16
for name, file in [("pre-order", "pre_order.svg"), ("= for +=", "assigned.svg")]:
    node, gradient = next(iter(wrong_nodes(name, y).items()))
    with fresh_gradients(y):
        ALGORITHMS[name](y)
        pictures += [save_graph(y, output / file, name, marked={node: f"first wrong: {gradient:g} is right"})]

# %% where nothing is used twice, three of the six cannot be seen; where much is, a node for each path is too many
chain = (2.0 * Value(0.5, "x")).tanh().exp()
unseen = [name for name in ALGORITHMS if name != RIGHT[name] and not wrong_nodes(name, chain)]
print(f"\nOn exp(tanh(2x)) the same numbers as the right algorithm: {', '.join(unseen)}.")
doubled = Value(0.5, "x")
for _ in range(10):
    doubled = doubled + doubled
print(
    f"x doubled 10 times: {len(topological_order(doubled))} nodes, {len(list(paths(doubled)))} visits along every path."
)


# %% a mistake in the table instead: 2.001 for 2. Nudging every node finds it, and names it
class Square(Rule):
    """x², with a wrong derivative."""

    def forward(self, x: float) -> float:
        return x * x

    def partials(self, out: Any, x: Any) -> Any:
        return (2.001 * x,)


try:
    check_gradients(Square()(a + 1.0) * b)
except GradientError as error:
    print(f"\n{error.report}\n{error}")

print(f"\nwrote {', '.join(map(str, pictures))}")
