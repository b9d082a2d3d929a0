"""Gradients as Values: drawn, differentiated again, and as cheap as backpropagation promises."""

import functools
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.oracles import ROWS, gradient_of
from tinygrad_edu import Constant, Dual, Parameter, Value, derivative, gradients, hessian, jvp, topological_order
from tinygrad_edu.functions import log_sum_exp
from tinygrad_edu.nn import MLP
from tinygrad_edu.readers.replay import fresh_gradients, replay
from tinygrad_edu.rules import maximum


def numbers(values: Sequence[Value]) -> list[float]:
    return [value.data for value in values]


def test_derivatives_of_every_order() -> None:
    """x³ at 2: 12, 12, 6, 0."""
    x = Value(2.0, "x")
    orders, y = [], x**3
    for _ in range(4):
        [y] = gradients(y, [x])
        orders.append(y.data)
    assert orders == [12.0, 12.0, 6.0, 0.0]


def test_an_input_may_be_any_node() -> None:
    """A parameter, an input, an operation, the output itself."""
    x, w = Value(3.0), Parameter(2.0)
    h = w * x
    y = h * h
    assert numbers(gradients(y, [x, w, h, y])) == [24.0, 36.0, 12.0, 1.0]


def test_an_input_that_is_not_reached_gets_0() -> None:
    x, other = Value(3.0), Value(1.0)
    [gradient] = gradients(x * x, [other])
    assert gradient.data == 0.0
    assert numbers(gradients(gradient, [x])) == [0.0]


def test_gradients_leave_the_graph_as_it_was() -> None:
    x = Value(3.0, "x")
    y = x * x + x.sin()
    y.backward()
    before = [(node, node.grad, node.label, node.children) for node in topological_order(y)]
    gradients(gradients(y, [x])[0], [x])
    assert [(node, node.grad, node.label, node.children) for node in topological_order(y)] == before


def test_the_gradient_of_a_labelled_node_is_labelled() -> None:
    """In pictures it has a name, dy_dx; a Value that was there before keeps its own."""
    x, w = Value(3.0, "x"), Value(2.0, "w")
    y = x * x * w
    y.label = "y"
    [dy_dx] = gradients(y, [x])
    [second] = gradients(dy_dx, [x])
    assert (dy_dx.label, second.label) == ("dy_dx", "ddy_dx_dx")
    product = x * w
    product.label = "product"
    assert gradients(product, [x]) == [w]
    assert w.label == "w"


def test_the_gradient_of_two_nodes_has_the_label_of_the_first() -> None:
    """∂z/∂y is 3 z², and ∂z/∂x the same node."""
    x = Value(2.0, "x")
    y = x + 1.0
    y.label = "y"
    z = y**3
    z.label = "z"
    [dz_dx] = gradients(z, [x])
    assert dz_dx.label == "dz_dy"


def test_no_operation_is_written_for_factors_of_1_and_sums_with_0() -> None:
    x, y = Value(3.0), Value(2.0)
    assert gradients(x * y + x, [y]) == [x]
    [gradient] = gradients(x.relu() * 2.0, [x])
    assert gradient.op is ROWS["mul"]
    assert gradients(gradient, [x])[0].op is None


def test_the_gradient_of_a_deep_graph() -> None:
    """20,000 operations, one after another."""
    x = Value(1.0, "x")
    y = x
    for _ in range(10_000):
        y = y * 1.00001 + x
    [gradient] = gradients(y, [x])
    assert gradient.data == pytest.approx((1.00001**10_001 - 1.0) / 0.00001, rel=1e-9)
    gradient.backward()
    assert x.grad == 0.0


def test_gradients_are_those_of_values() -> None:
    wrong: list[tuple[Any, Any]] = [(3.0, []), (Value(1.0), [2.0]), (Dual(1.0, 1.0), [])]
    for output, inputs in wrong:
        with pytest.raises(TypeError, match=r"^(output of gradients|inputs of gradients\[0\]) must be a Value, got "):
            gradients(output, inputs)


def test_there_is_no_gradient_along_a_constant() -> None:
    """The exponent of x ** 2 is a plain number; its partial is nan, and nan is never handed out."""
    y = Value(3.0) ** 2.0
    with pytest.raises(ValueError, match=r"^Constant\(v\d+=2\) does not vary: there is no gradient along a constant$"):
        gradients(y, [y.children[1]])


def test_where_there_is_no_derivative_the_operation_says_so() -> None:
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at "):
        gradients(x.sqrt(), [x])


# ------------------------------------------------------------------------------------------------- higher orders


def test_newtons_method() -> None:
    """The minimum of x⁴ - 2x² from x = 2. The iterates: Saito, Deep Learning from Scratch 3 (DeZero), step 29."""
    x = Value(2.0)
    iterates = [x.data]
    for _ in range(7):
        [first] = gradients(x**4 - 2.0 * x**2, [x])
        [second] = gradients(first, [x])
        x = Value(x.data - first.data / second.data)
        iterates.append(x.data)
    published = [2.0, 1.4545454545454546, 1.1510467893775467, 1.0253259289766978, 1.0009084519430513]
    published += [1.0000012353089454, 1.000000000002289, 1.0]
    assert iterates == pytest.approx(published, rel=1e-12)


@pytest.mark.parametrize(("x", "y"), [(1.0, 1.0), (-1.2, 1.0), (0.0, 0.0), (0.3, -0.7)])
def test_the_hessian_of_rosenbrocks_function(x: float, y: float) -> None:
    """f = (1 - x)² + 100 (y - x²)²: [[1200 x² - 400 y + 2, -400 x], [-400 x, 200]]."""
    a, b = Value(x), Value(y)
    second = hessian((1.0 - a) ** 2 + 100.0 * (b - a**2) ** 2, [a, b])
    expected = [1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x, -400.0 * x, 200.0]
    assert [entry.data for row in second for entry in row] == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_the_hessian_may_be_differentiated_again() -> None:
    """∂³(x³y)/∂x³ = 6y."""
    x, y = Value(2.0), Value(5.0)
    assert numbers(gradients(hessian(x**3 * y, [x, y])[0][0], [x])) == [30.0]


def test_forward_over_reverse() -> None:
    """A gradient is a graph, and can be computed again with Duals: d/dx of 3x² is 6x."""
    x = Value(2.0)
    [first] = gradients(x**3, [x])
    assert derivative(lambda t: replay(topological_order(first), {x: t}))(2.0) == 12.0


# ----------------------------------------------------------------------------------------- replay, fresh_gradients


def test_replay_computes_only_what_depends_on_the_replaced() -> None:
    x, y = Value(2.0), Value(3.0)
    h = x * x
    root = h + y
    order = topological_order(root)
    assert replay(order, {y: 10.0}) == 14.0
    assert replay(order, {h: 10.0}) == 13.0
    assert replay(order, {h: 10.0, x: 99.0}) == 13.0
    assert replay(order, {}) == 7.0
    assert replay(order, {root: 1.0}) == 1.0


def test_gradients_are_given_back_after_an_error() -> None:
    x = Value(2.0)
    y = x * x
    y.backward()

    def fail_halfway() -> None:
        with fresh_gradients(y):
            assert gradient_of(x) == "not computed"
            x.grad = 100.0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert (x.grad, y.grad) == (4.0, 1.0)


# ---------------------------------------------------------------------------------- the cheap-gradient principle


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows of the table that have been evaluated, one entry each time."""
    evaluated: list[str] = []

    def counted(name: str, forward: Callable[..., float]) -> Callable[..., float]:
        @functools.wraps(forward)
        def count_and_compute(*inputs: float) -> float:
            evaluated.append(name)
            return forward(*inputs)

        return count_and_compute

    for name, row in ROWS.items():
        monkeypatch.setattr(row, "forward", counted(name, row.forward))
    return evaluated


def product(xs: Sequence[Any]) -> Any:
    """Speelpenning's example, 1980: the product of all inputs."""
    return functools.reduce(operator.mul, xs)


def rosenbrock(xs: Sequence[Any]) -> Any:
    pairs = zip(xs[:-1], xs[1:], strict=True)
    return functools.reduce(operator.add, [(1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2 for x, y in pairs])


def sum_of_sines(xs: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, [(x * y).sin() for x, y in zip(xs[:-1], xs[1:], strict=True)])


FUNCTIONS = [product, rosenbrock, sum_of_sines, log_sum_exp]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("n", [2, 10, 100, 1000])
def test_all_gradients_cost_at_most_five_times_the_function(f: Any, n: int, evaluations: list[str]) -> None:
    """The cheap-gradient principle, counted in evaluations of rows (Griewank and Walther, chapters 3 and 4)."""
    generator = random.Random(n)
    inputs = [Value(generator.uniform(0.5, 1.5)) for _ in range(n)]
    out = f(inputs)
    function = len(evaluations)
    gradients(out, inputs)
    assert len(evaluations) <= 5 * function  # the function itself included


@pytest.mark.parametrize(
    ("row", "cost"),
    [
        (operator.add, 0.0),  # the gradients are constants
        (operator.sub, 0.0),
        (operator.mul, 2.0),
        (operator.truediv, 5.0),  # the dearest arithmetic: 1/y, −(out/y), and the upstream gradient times each
        (maximum, 4.0),
        (operator.pow, 7.0),  # beyond five: itself an exp, a product and a log
    ],
)
def test_the_cost_depends_on_the_rows_and_not_on_the_inputs(row: Any, cost: float, evaluations: list[str]) -> None:
    """The gradients of a function of nothing but one operation, in evaluations of rows per operation."""
    for n in (10, 100, 1000):
        inputs = [Value(1.0 + 1e-3 * i / n) for i in range(n)]
        evaluations.clear()
        out = functools.reduce(row, inputs)
        function = len(evaluations)
        gradients(out, inputs)
        assert (len(evaluations) - function) / function == pytest.approx(cost, abs=0.25)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_forward_mode_costs_one_pass_per_input(f: Any, evaluations: list[str]) -> None:
    """All gradients of n inputs cost about n times as much as one."""
    costs = []
    for n in (10, 40):
        inputs = [Value(1.0 + i / n) for i in range(n)]
        f(inputs)
        function = len(evaluations)
        for i in range(n):
            jvp(lambda *xs: f(xs), inputs, [float(i == j) for j in range(n)])
        costs.append((len(evaluations) - function) / function)
        evaluations.clear()
    assert costs[0] >= 10.0
    assert costs[1] > 3.5 * costs[0]


def test_a_network_and_its_gradient_as_a_graph_agree_with_backward() -> None:
    network = MLP(3, [4, 4, 1], activation="tanh", seed=1)
    out = network([0.5, -1.0, 2.0])
    out.backward()
    parameters = network.parameters()
    assert numbers(gradients(out, parameters)) == [parameter.grad for parameter in parameters]


def test_constants_are_the_gradients_of_linear_functions() -> None:
    x = Value(2.0)
    [gradient] = gradients(3.0 * x, [x])
    assert (type(gradient), gradient.data) == (Constant, 3.0)
