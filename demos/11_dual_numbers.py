"""Dual numbers: what if each number carried its own derivative along?

Claim: with an ε whose square is 0, f(a + bε) = f(a) + f'(a) b ε, so that computing with such numbers differentiates, in
the order of the program, with nothing to record. That is forward mode: one pass gives the derivatives of everything
along one input. Reverse mode gives those of one output along everything: the two traces meet where both have ∂f/∂x1,
5.5. So a Jacobian costs one pass per input forward, one per output backward. And two derivatives at once need two ε.
Sources: Baydin et al., Automatic Differentiation in Machine Learning, 2018, tables 2 and 3; Siskind and Pearlmutter,
Perturbation confusion and referential transparency, 2005; Qiu, Neural Networks and Deep Learning, section 4.5.3.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu import Dual, Value, derivative, exp, gradients, jvp, log, save_graph, sin, weighted_sum
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


def text(x: Any) -> str:
    return f"{x.primal:.4g} + {x.tangent:.4g} ε".replace("+ -", "- ")


# %% a number a + bε with ε² = 0: the product's ε-part is the product rule, and of x² it is 2x
print("(a + b ε) (c + d ε) = a c + (a d + b c) ε")
print(f"(3 + 1 ε) (3 + 1 ε) = {text(Dual(3.0, 1.0) * Dual(3.0, 1.0))},   sin(0 + 1 ε) = {text(sin(Dual(0.0, 1.0)))}")
matrix = [[3.0, 1.0], [0.0, 3.0]]  # such a number is the matrix [[a, b], [0, a]]; of [[0, 1], [0, 0]] the square is 0
print(f"as a matrix: {matrix}² = {[[weighted_sum(row, list(c)) for c in zip(*matrix, strict=True)] for row in matrix]}")


# %% one function, two traces: f = log x1 + x1 x2 - sin x2 at (2, 5), where x1 moves
def computed(x1: Any, x2: Any) -> dict[str, Any]:
    v = {"x1": x1, "x2": x2, "v1 = log(x1)": log(x1), "v2 = x1 x2": x1 * x2, "v3 = sin(x2)": sin(x2)}
    v["v4 = v1 + v2"] = v["v1 = log(x1)"] + v["v2 = x1 x2"]
    v["f = v4 - v3"] = v["v4 = v1 + v2"] - v["v3 = sin(x2)"]
    return v


forward, reverse = computed(Dual(2.0, 1.0), Dual(5.0, 0.0)), computed(Value(2.0), Value(5.0))
f = reverse["f = v4 - v3"]
f.backward()
rows = [("", "   forward, down: v + ∂v/∂x1 ε", "   reverse, up: ∂f/∂v")]
rows += [(name, f"   {text(v)}", f"   {reverse[name].grad:.4g}") for name, v in forward.items()]
print("\n" + "\n".join(line.rstrip() for line in columns(rows)))
f_dual = forward["f = v4 - v3"]
print(f"∂f/∂x1 = {f_dual.tangent}, at the end of the one, and {reverse['x1'].grad}, at the end of the other")
for name, v in reverse.items():
    v.label = name.partition(" ")[0]
notes = {v: text(forward[name]) for name, v in reverse.items() if forward[name].tangent}
pictures = [save_graph(f, output / "dual_numbers.svg", "red: what moves with x1, forward", marked=notes)]

# %% one pass per input, or one per output: the Jacobian of three functions of two variables, by columns and by rows
Function = Callable[[Any, Any], Any]
FUNCTIONS: list[Function] = [lambda x, y: x * y, lambda x, y: exp(x) - y, lambda x, y: sin(x * y)]


def by_columns(functions: Sequence[Function], x: float, y: float) -> tuple[list[list[float]], int]:
    passes = [[jvp(g, [x, y], direction)[1] for g in functions] for direction in ([1.0, 0.0], [0.0, 1.0])]
    return [list(row) for row in zip(*passes, strict=True)], len(passes)


def by_rows(functions: Sequence[Function], x: float, y: float) -> tuple[list[list[float]], int]:
    inputs = [Value(x), Value(y)]
    passes = [[one.data for one in gradients(g(*inputs), inputs)] for g in functions]
    return passes, len(passes)


print("\nJacobian of 3 functions of 2 variables at (1, 2)")
for name, way in (("forward, by columns", by_columns), ("reverse, by rows", by_rows)):
    jacobian, passes = way(FUNCTIONS, 1.0, 2.0)
    entries = "   ".join(" ".join(f"{entry:7.4f}" for entry in row) for row in jacobian)
    print(f"{name:20}{passes} passes   {entries}")
print("a loss is one function of all the weights: forward needs a pass for each weight, reverse one in all")

# %% perturbation confusion, in six lines: d/dx of x · d/dy(x + y). As ∂(x + y)/∂y is 1, that is 1
x = Dual(1.0, 1.0, level=1)
for name, level in (("one ε for both", 1), ("an ε for each", 2)):
    y = Dual(1.0, 1.0, level=level)
    inner = (x + y).tangent
    print(f"{name}: d/dy(x + y) = {inner}, d/dx of x times that = {(x * inner).tangent}")
print(f"nested derivatives of this package: {derivative(lambda x: x * derivative(lambda y: x + y)(1.0))(1.0)}")
print(f"\nwrote {', '.join(map(str, pictures))}")
