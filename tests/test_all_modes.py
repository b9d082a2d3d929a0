"""One table, every kind of derivative: all modes read the same rows and agree."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import ROWS, SAMPLES, Recipe, assert_close, inputs_of, random_recipe, recipes, slope_along
from tinygrad_edu import (
    Dual,
    Value,
    check_gradients,
    derivative,
    derivative_formula,
    gradients,
    hessian,
    jvp,
    static_graph,
)
from tinygrad_edu.engine import topological_order
from tinygrad_edu.readers.formulas import formula
from tinygrad_edu.readers.notation import PYTHON
from tinygrad_edu.readers.replay import replay
from tinygrad_edu.readers.symbol import LONGEST, Symbol

EXACT = 1e-12
FUNCTIONS = {row.symbol: row for row in ROWS.values() if row.symbol.isidentifier()}
NAMES = sorted(SAMPLES)


def one_row(name: str, inputs: Sequence[float]) -> Recipe:
    """A single row, as an expression in those of its operands that vary."""
    varying = list(SAMPLES[name].operands_that_vary())
    operands = tuple(varying.index(i) if i in varying else x for i, x in enumerate(inputs))
    return Recipe(tuple(inputs[i] for i in varying), ((name, operands),))


def every_row(test: Callable[[Recipe], None]) -> Any:
    """The test is run for each row, at its points and at random inputs within its domain."""

    @pytest.mark.parametrize("name", NAMES)
    def run(name: str) -> None:
        for point in SAMPLES[name].points:
            test(one_row(name, point))
        given(inputs_of(name))(lambda inputs: test(one_row(name, inputs)))()

    run.__doc__ = test.__doc__
    return run


# ------------------------------------------------------------------------------------------------------ the modes


def reverse(recipe: Recipe) -> list[float]:
    root, leaves = recipe.graph()
    root.backward()
    return [leaf.grad for leaf in leaves]


def forward(recipe: Recipe) -> list[float]:
    return [jvp(recipe_function(recipe), recipe.leaves, unit(recipe, i))[1] for i in range(len(recipe.leaves))]


def gradient_values(recipe: Recipe) -> list[float]:
    root, leaves = recipe.graph()
    return [gradient.data for gradient in gradients(root, leaves)]


def symbolic(recipe: Recipe) -> list[float]:
    root, leaves = recipe.graph()
    return [evaluated(derivative_formula(root, leaf), recipe) for leaf in leaves]


def numerical(recipe: Recipe) -> list[float]:
    return [slope_along(recipe.value, recipe.leaves, i) for i in range(len(recipe.leaves))]


def recipe_function(recipe: Recipe) -> Callable[..., Any]:
    return lambda *leaves: recipe.follow(leaves)


def unit(recipe: Recipe, i: int) -> list[float]:
    """The direction in which leaf i moves, alone."""
    return [float(i == j) for j in range(len(recipe.leaves))]


def evaluated(written: Symbol | float, recipe: Recipe) -> float:
    """A formula written as Python, and run."""
    if not isinstance(written, Symbol):
        return written
    leaves = {f"x{i}": x for i, x in enumerate(recipe.leaves)}
    return float(eval(written.text(PYTHON), {**FUNCTIONS, **leaves}))


def assert_agree(actual: Sequence[float], expected: Sequence[float], tolerance: float, what: str) -> None:
    for i, (one, other) in enumerate(zip(actual, expected, strict=True)):
        assert_close(one, other, tolerance, f"{what} along x{i}")


# ------------------------------------------------------------------------------------------------------- every row


def test_every_row_has_samples() -> None:
    """A row that is added to the table is tested, or this fails."""
    assert SAMPLES.keys() == ROWS.keys()


@every_row
def test_first_derivatives(recipe: Recipe) -> None:
    """Reverse = forward = gradients() = the formula, evaluated, to 1e-12; = numerical, to 1e-9."""
    expected = reverse(recipe)
    assert_agree(forward(recipe), expected, EXACT, "forward mode")
    assert gradient_values(recipe) == expected
    assert_agree(symbolic(recipe), expected, EXACT, "the formula")
    assert_agree(numerical(recipe), expected, 1e-9, "the numerical derivative")
    check_gradients(recipe.graph()[0])


@every_row
def test_the_formula_of_the_value(recipe: Recipe) -> None:
    root, _ = recipe.graph()
    assert_close(evaluated(formula(root), recipe), root.data, EXACT, "the formula")


def reverse_over_reverse(recipe: Recipe) -> list[list[float]]:
    return [[entry.data for entry in row] for row in hessian(*recipe.graph())]


def forward_over_forward(recipe: Recipe) -> list[list[float]]:
    n = len(recipe.leaves)
    return [[forward_twice(recipe, unit(recipe, i), unit(recipe, j)) for j in range(n)] for i in range(n)]


def forward_twice(recipe: Recipe, one: Sequence[float], other: Sequence[float]) -> float:
    """The derivative along one direction of that along another: Duals of Duals."""

    def along_other(*leaves: Any) -> Any:
        return jvp(recipe_function(recipe), leaves, other)[1]

    return float(jvp(along_other, recipe.leaves, one)[1])


def reverse_over_forward(recipe: Recipe) -> list[list[float]]:
    """Duals of Values: the derivative along each leaf is a graph, on which backward runs."""
    rows = []
    for i in range(len(recipe.leaves)):
        leaves = [Value(x) for x in recipe.leaves]
        slope = jvp(recipe_function(recipe), leaves, unit(recipe, i))[1]
        rows.append([gradient.data for gradient in gradients(as_value(slope), leaves)])
    return rows


def forward_over_reverse(recipe: Recipe) -> list[list[float]]:
    """The gradient is a graph, computed again with Duals."""
    root, leaves = recipe.graph()
    rows = []
    for gradient in gradients(root, leaves):
        order = topological_order(gradient)
        duals = [replay(order, {leaf: Dual(leaf.data, 1.0)}) for leaf in leaves]
        rows.append([dual.tangent if isinstance(dual, Dual) else 0.0 for dual in duals])
    return rows


def as_value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)


SECOND_ORDER = [forward_over_forward, reverse_over_forward, forward_over_reverse]


@every_row
def test_second_derivatives(recipe: Recipe) -> None:
    """Four ways to differentiate twice agree, and with central differences of the first derivative."""
    expected = reverse_over_reverse(recipe)
    for mode in SECOND_ORDER:
        for row, expected_row in zip(mode(recipe), expected, strict=True):
            assert_agree(row, expected_row, EXACT, mode.__name__)
    for i, expected_row in enumerate(expected):
        for j, second in enumerate(expected_row):
            slope = slope_along(lambda *leaves, i=i: first_derivative(recipe, leaves, i), recipe.leaves, j)
            assert_close(slope, second, 1e-8, "the numerical second derivative")


def first_derivative(recipe: Recipe, leaves: Sequence[float], i: int) -> float:
    return float(jvp(recipe_function(recipe), leaves, unit(recipe, i))[1])


@pytest.mark.slow
@every_row
def test_third_derivatives(recipe: Recipe) -> None:
    """Along each operand: three times reverse, three times forward, central differences of the second derivative."""
    root, leaves = recipe.graph()
    for i, leaf in enumerate(leaves):
        third = root
        for _ in range(3):
            [third] = gradients(third, [leaf])

        def along(x: Any, i: int = i) -> Any:
            return recipe.follow([*recipe.leaves[:i], x, *recipe.leaves[i + 1 :]])

        second = derivative(derivative(along))
        assert_close(derivative(second)(leaf.data), third.data, EXACT, "forward mode")
        assert_close(slope_along(second, [leaf.data], 0), third.data, 1e-7, "the numerical third derivative")


# --------------------------------------------------------------------------------------------------- random graphs


def assert_all_modes_agree(recipe: Recipe) -> None:
    """A random graph over all rows, with shared nodes: every mode gives the same gradient."""
    expected = reverse(recipe)
    assert gradient_values(recipe) == expected
    assert_agree(forward(recipe), expected, EXACT, "forward mode")
    root, leaves = recipe.graph()
    for leaf, gradient in zip(leaves, expected, strict=True):
        written = derivative_formula(root, leaf)
        if not isinstance(written, Symbol) or written.size <= LONGEST // 5:
            assert_close(evaluated(written, recipe), gradient, EXACT, "the formula")
    check_gradients(root)


@st.composite
def graphs(draw: Any) -> Recipe:
    """The mean of everything that a random expression computes and does not use: graphs of up to some 60 nodes."""
    leaves, operations = draw(recipes(max_operations=40))
    used = {i for _, operands in operations for i in operands if isinstance(i, int)}
    n = len(leaves) + len(operations)
    first, *rest = [i for i in range(n) if i not in used]
    steps = []
    for i in rest:
        steps.append(("add", (first, i)))
        first = n + len(steps) - 1
    return Recipe(leaves, (*operations, *steps, ("mul", (first, 1.0 / (1 + len(rest))))))


@settings(max_examples=4 * settings.default.max_examples)
@given(graphs())
def test_random_graphs(recipe: Recipe) -> None:
    assert_all_modes_agree(recipe)


@pytest.mark.slow
@settings(max_examples=2000)
@given(graphs())
def test_many_random_graphs(recipe: Recipe) -> None:
    assert_all_modes_agree(recipe)


TORCH: dict[str, Callable[..., Any]] = {  # each row, in PyTorch's own functions
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "excess": operator.sub,
    "log_of_base": lambda x: torch().log(x),
    "power": operator.pow,
    "exponential": operator.pow,
    "general_power": operator.pow,
    "absolute": abs,
    "leaky_relu": lambda x, slope: torch().prelu(x[None], slope[None])[0],
    "elu": lambda x, gamma: torch().where(x > 0, x, gamma * torch().expm1(x.clamp(max=0.0))),
    "softplus": lambda x: torch().nn.functional.softplus(x, threshold=100.0),
    "step": lambda x: torch().heaviside(x, torch().zeros_like(x)),
    "greater": lambda x, y: torch().heaviside(x - y, torch().full_like(x, 0.5)).detach() + 0.0 * (x + y),
    "weighted_sum": lambda a, b, x, y, bias: a * x + b * y + bias,
}


def torch() -> Any:
    return pytest.importorskip("torch")


def by_torch(recipe: Recipe) -> list[float]:
    leaves = [torch().tensor(x, dtype=torch().float64, requires_grad=True) for x in recipe.leaves]
    scalars = list(leaves)
    for name, operands in recipe.operations:
        f = TORCH.get(name) or getattr(torch(), name)
        numbers = [scalars[i] if isinstance(i, int) else torch().tensor(i, dtype=torch().float64) for i in operands]
        scalars.append(f(*numbers).detach() if name in ("step", "sign") else f(*numbers))
    if scalars[-1].requires_grad:
        scalars[-1].backward()
    return [0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves]


def by_static_graph(recipe: Recipe) -> list[float]:
    _, leaves = recipe.graph()
    assert static_graph(lambda: recipe.follow(leaves), leaves)() == recipe.value(*recipe.leaves)
    return [leaf.grad + 0.0 for leaf in leaves]


def assert_large_graphs_agree(seeds: range) -> None:
    """Backward, gradients(), forward mode, a static graph, the formula's derivative where it is short."""
    for recipe in map(random_recipe, seeds):
        expected = reverse(recipe)
        assert gradient_values(recipe) == expected
        assert by_static_graph(recipe) == expected
        assert_agree(forward(recipe), expected, 1e-10, "forward mode")
        root, leaves = recipe.graph()
        written = [formula(root), *(derivative_formula(root, leaf) for leaf in leaves)]
        for one, number in zip(written, [root.data, *expected], strict=True):
            if not isinstance(one, Symbol) or one.size <= LONGEST // 5:
                assert_close(evaluated(one, recipe), number, 1e-10, "the formula")


def assert_torch_agrees(seeds: range) -> None:
    for recipe in map(random_recipe, seeds):
        assert_agree(by_torch(recipe), reverse(recipe), 1e-10, "PyTorch")


def test_large_random_graphs() -> None:
    """30 graphs of up to 200 nodes over all rows: every mode gives the same gradient."""
    assert_large_graphs_agree(range(30))


@pytest.mark.slow
def test_many_large_random_graphs() -> None:
    """5,000 of them."""
    assert_large_graphs_agree(range(30, 5000))


@pytest.mark.slow
def test_pytorch_agrees_about_many_large_random_graphs() -> None:
    assert_torch_agrees(range(5000))


@pytest.mark.slow
def test_large_random_graphs_are_what_they_should_be() -> None:
    sizes = [len(topological_order(random_recipe(seed).graph()[0])) for seed in range(300)]
    assert 150 < max(sizes) <= 200
    assert sum(size > 100 for size in sizes) > 50
    assert {name for seed in range(300) for name, _ in random_recipe(seed).operations} == set(ROWS)


@pytest.mark.slow
def test_random_graphs_are_what_they_should_be() -> None:
    """Among 200 of them are large ones, shared nodes, and every row of the table."""
    rows: set[str] = set()
    sizes: list[int] = []
    sharing: list[bool] = []

    @settings(max_examples=200)
    @given(graphs())
    def look(recipe: Recipe) -> None:
        order = topological_order(recipe.graph()[0])
        operands = [child for node in order for child in node.children]
        rows.update(name for name, _ in recipe.operations)
        sizes.append(len(order))
        sharing.append(any(child.op and operands.count(child) > 1 for child in operands))

    look()
    assert rows == set(ROWS)
    assert max(sizes) >= 50
    assert sum(sharing) >= 100


@settings(max_examples=100)
@given(recipes(max_operations=8))
def test_second_derivatives_of_random_graphs(recipe: Recipe) -> None:
    expected = reverse_over_reverse(recipe)
    scale = max([1.0, *(abs(entry) for row in expected for entry in row)])
    for mode in SECOND_ORDER:
        for row, expected_row in zip(mode(recipe), expected, strict=True):
            for one, other in zip(row, expected_row, strict=True):
                assert math.isclose(one, other, rel_tol=EXACT, abs_tol=EXACT * scale), mode.__name__
