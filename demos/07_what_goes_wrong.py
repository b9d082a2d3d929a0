"""What goes wrong: why an order, why `+=`, why `zero_grad`?

Claim: each of six small mistakes in backpropagation gives other gradients, on a graph of five operations that anyone
can follow: y = (c + d) + c·d with c = a + b and d = a·b, at a = 2 and b = 3. ∂y/∂a is 25 and ∂y/∂b is 19; the mistakes
make 46, 21, 0, 1 and 50 of the 25. On a chain, where nothing is used twice, three of them go unnoticed.
"""

from pathlib import Path
from typing import Any

from tinygrad_edu import Value, check_gradients, explain
from tinygrad_edu.check import GradientError
from tinygrad_edu.rules import Rule
from tinygrad_edu.show.mistakes import ASSIGNED, MISTAKES, PRE_ORDER, Comparison, save_mistake

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
