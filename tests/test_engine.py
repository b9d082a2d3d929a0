"""`Value`, the graph it records, its topological order, and backpropagation."""

from __future__ import annotations

import copy
import gc
import math
import numbers
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu
from tests.oracles import Recipe, assert_close, gradient_of, recipes, slope_along
from tests.sweeps import mostly_slow
from tinygrad_edu import (
    Constant,
    Parameter,
    Stepper,
    Value,
    backward_steps,
    check_gradients,
    draw_dot,
    elu,
    exp,
    gradients,
    jvp,
    leaky_relu,
    log,
    maximum,
    relu,
    rules,
    sqrt,
    static_graph,
    topological_order,
    trace,
    weighted_sum,
)
from tinygrad_edu.engine import NOT_COMPUTED, NotComputed, has_gradient
from tinygrad_edu.nn import SGD
from tinygrad_edu.show.steps import Graph, steps_of

PACKAGE = str(Path(tinygrad_edu.__file__).parent)

# ------------------------------------------------------------------------------------------------ construction


@pytest.mark.parametrize("number", [2, 2.0, True, Fraction(5, 2), Decimal("2.5"), 10**20, -0.0, math.inf])
def test_a_value_is_made_of_any_real_number(number: Any) -> None:
    value = Value(number)
    assert type(value.data) is float
    assert value.data == number


def test_a_value_is_made_of_a_numpy_number() -> None:
    numpy = pytest.importorskip("numpy")
    for number in (numpy.float64(2.5), numpy.float32(2.5), numpy.int64(2)):
        assert type(Value(number).data) is float
        product = number * Value(3.0)
        assert type(product) is Value
        assert product.data == 3.0 * float(number)


@pytest.mark.parametrize("number", ["complex64", "complex128", "str_"])
def test_what_numpy_would_make_a_number_of_is_none(number: str) -> None:
    """numpy's complex numbers have a __float__ that drops the imaginary part, and its texts are read as numbers."""
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="^data: a real number is needed, got "):
        Value(getattr(numpy, number)("1"))


def test_complex_numbers_are_refused_whatever_they_can_do() -> None:
    @numbers.Complex.register
    class Amplitude:
        def __float__(self) -> float:
            return 1.0

    with pytest.raises(TypeError, match=r"^data: a real number is needed, got .* \(Amplitude\)$"):
        Value(Amplitude())  # type: ignore[arg-type]


def test_what_only_counts_is_a_number() -> None:
    class Three:
        def __index__(self) -> int:
            return 3

    assert Value(Three()).data == 3.0  # type: ignore[arg-type]


def test_numpy_leaves_the_operators_to_values() -> None:
    """Without this mark `array * value` would be an array of Values."""
    assert Value.__array_ufunc__ is None


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: "1.0", r"data: a real number is needed, got '1\.0' \(str\)$"),
        (lambda: None, r"data: a real number is needed, got None \(NoneType\)$"),
        (lambda: 1 + 2j, r"data: a real number is needed, got \(1\+2j\) \(complex\)$"),
        (lambda: [1.0], r"data: a real number is needed, got \[1\.0\] \(list\)$"),
        (lambda: b"1", r"data: a real number is needed, got b'1' \(bytes\)$"),
        (lambda: Value(1.0, "x"), r"data: a real number is needed, got Value\(x=1\) \(Value\)$"),
    ],
)
@pytest.mark.parametrize("kind", [Value, Parameter, Constant])
def test_anything_else_is_a_type_error(kind: Any, bad: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        kind(bad())


@pytest.mark.parametrize("bad", ["1.0", None, 1j, [1.0]])
def test_anything_else_in_an_expression_is_a_type_error(bad: Any) -> None:
    for compute in (lambda: Value(1.0) + bad, lambda: Value(1.0) * bad, lambda: Value(2.0) ** bad):
        with pytest.raises(TypeError):
            compute()


def test_a_new_value_is_a_leaf_without_a_gradient() -> None:
    value = Value(3, "x")
    assert (value.op, value.children, value.label) == (None, (), "x")
    assert isinstance(value.grad, NotComputed)
    assert value.grad == 0.0


def test_a_plain_number_in_an_expression_becomes_a_constant() -> None:
    x = Value(3.0)
    product = x * 2
    assert product.children[0] is x
    assert (type(product.children[1]), product.children[1].data) == (Constant, 2.0)


# -------------------------------------------------------------------------------------------------------- repr


def with_gradient(value: Value) -> Value:
    value.grad = 0.25
    return value


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Value(3), "Value(v#=3)"),
        (lambda: Value(1 / 3, "x"), "Value(x=0.3333)"),
        (lambda: Value(2.0) * Value(3.0), "Value(v#=6, op='*')"),
        (lambda: Value(2.0).tanh(), "Value(v#=0.964, op='tanh')"),
        (lambda: with_gradient(Value(0.0, "h1") * Value(1.0)), "Value(v#=0, grad=0.25, op='*')"),
        (lambda: with_gradient(Value(0.0, "h1")), "Value(h1=0, grad=0.25)"),
        (lambda: Parameter(1.0, "w"), "Parameter(w=1)"),
        (lambda: Constant(2), "Constant(v#=2)"),
        (lambda: Value(math.nan), "Value(v#=nan)"),
        (lambda: object.__new__(Value), "Value(v?=nan)"),
    ],
)
def test_repr(make: Callable[[], Value], text: str) -> None:
    """One line with name, value, gradient and operation, also for a half-built object a debugger stops in.

    A node without a label is called by its serial number.
    """
    value = make()
    assert repr(value) == text.replace("v#", f"v{getattr(value, 'serial', '?')}")


def test_repr_as_promised() -> None:
    h1 = with_gradient(Value(0.0) * Value(1.0))
    h1.label = "h1"
    assert repr(h1) == "Value(h1=0, grad=0.25, op='*')"


def test_repr_shows_no_gradient_of_a_constant() -> None:
    """It does not vary: what backward leaves in it, the nan of an exponent even, means nothing."""
    y = Value(2.0) ** 3
    y.backward()
    assert repr(y.children[1]) == f"Constant(v{y.children[1].serial}=3)"


def test_repr_changes_nothing() -> None:
    y = Value(2.0, "x") * 3
    repr(y)
    assert gradient_of(y) == "not computed"
    assert y.data == 6.0


def test_a_value_in_a_text_is_its_number_if_a_format_is_given_else_its_repr() -> None:
    for value in (Value(1 / 3), Value(2.0, "x"), Parameter(-1.0, "w"), Value(2.0) * 3):
        assert f"{value:.2f}" == f"{value.data:.2f}"
        assert f"{value:>+12.3e}" == f"{value.data:>+12.3e}"
        assert format(value, ",") == format(value.data, ",")
        assert f"{value}" == f"{value!s}" == f"{value!r}" == format(value) == repr(value)
        with pytest.raises(ValueError, match="^(Unknown format code|Invalid format specifier)"):
            f"{value:s}"


# ------------------------------------------------------------------------------ comparison, equality, conversion


def test_comparisons_compare_data() -> None:
    one, two = Value(1.0), Value(2.0)
    assert one < two
    assert one <= two
    assert two > one
    assert two >= one
    assert one <= Value(1.0)
    assert one >= 1
    assert one < 1.5
    assert 1.5 > one
    assert not one > two
    assert max([one, two]) is two
    assert sorted([two, one]) == [one, two]


def test_equality_is_identity() -> None:
    """Two Values of the same number are two nodes, and each can be a dictionary key."""
    x, y = Value(1.0), Value(1.0)
    assert x == x
    assert x != y
    assert len({x, y}) == 2
    assert {x: "x", y: "y"}[x] == "x"


@pytest.mark.parametrize("number", [1.0, 1, True])
def test_a_value_is_not_compared_for_equality_with_a_number(number: float) -> None:
    """It would be False whatever its number is: the error says what to write."""
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"^== \S+ would compare an object, not its number: write x\.data == "):
        x == number  # noqa: B015
    with pytest.raises(TypeError, match=r"^== \S+ would compare an object, not its number: write x\.data == "):
        x != number  # noqa: B015
    with pytest.raises(TypeError, match=r"^== \S+ would compare an object, not its number: write x\.data == "):
        number == x  # noqa: B015
    assert (x == None, x == "x", x in ["x", x]) == (False, False, True)  # noqa: E711


def test_a_value_is_neither_true_nor_false() -> None:
    """`if value` would be true where its number is 0."""
    for value in (Value(0.0), Value(1.0), Constant(2.0), Value(1.0) * 2):
        with pytest.raises(TypeError, match=r"^neither true nor false: write x > 0, or x\.data != 0, "):
            bool(value)


def test_a_value_does_not_turn_into_a_float_by_itself() -> None:
    """math.exp(v) fails loudly rather than lose the graph."""
    with pytest.raises(TypeError):
        math.exp(Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        float(Value(1.0))  # type: ignore[arg-type]


def test_a_value_takes_no_new_attribute() -> None:
    """A misspelt attribute is an error, not a gradient that stays as it was."""
    with pytest.raises(AttributeError):
        Value(1.0).gard = 0.0  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    ("compute", "value", "gradient"),
    [
        (lambda v: sum([v, v, v]), 6.0, 3.0),
        (lambda v: 1 + v, 3.0, 1.0),
        (lambda v: v + 1, 3.0, 1.0),
        (lambda v: 1 - v, -1.0, -1.0),
        (lambda v: v - 1, 1.0, 1.0),
        (lambda v: 3 * v, 6.0, 3.0),
        (lambda v: v * 3, 6.0, 3.0),
        (lambda v: 1 / v, 0.5, -0.25),
        (lambda v: v / 4, 0.5, 0.25),
        (lambda v: v / v, 1.0, 0.0),
        (lambda v: -v, -2.0, -1.0),
        (lambda v: +v, 2.0, 1.0),
        (lambda v: abs(-v), 2.0, 1.0),
        (lambda v: v**2, 4.0, 4.0),
        (lambda v: 2**v, 4.0, 4.0 * math.log(2.0)),
        (lambda v: v * v, 4.0, 4.0),
        (lambda v: v - v, 0.0, 0.0),
    ],
)
def test_every_operator_on_either_side(
    compute: Callable[[Value], Value], value: float, gradient: float
) -> None:
    v = Value(2.0)
    out = compute(v)
    out.backward()
    assert (out.data, v.grad) == (value, gradient)


@pytest.mark.parametrize(
    "name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "elu", "leaky_relu"]
)
def test_a_method_and_the_function_of_its_name_are_the_same(name: str) -> None:
    x, y = Value(0.7), Value(0.7)
    method, function = getattr(x, name)(), getattr(tinygrad_edu, name)(y)
    method.backward()
    function.backward()
    assert (method.data, x.grad, method.op) == (function.data, y.grad, function.op)


def test_plus_makes_no_node() -> None:
    v = Value(2.0)
    assert +v is v


def test_a_division_is_one_node_and_exact() -> None:
    """49/49 is 1.0, which 49 * 49 ** -1 is not; the graph shows what was typed."""
    quotient = Value(49.0) / Value(49.0)
    assert quotient.data == 1.0
    assert quotient.op is rules.div
    assert len(topological_order(quotient)) == 3


@pytest.mark.parametrize(
    ("compute", "op"),
    [
        (lambda x, y: x - y, rules.sub),
        (lambda x, y: -x, rules.neg),
        (lambda x, y: x**y, rules.general_power),
    ],
)
def test_an_operator_is_one_node(compute: Any, op: Any) -> None:
    x, y = Value(2.0), Value(3.0)
    out = compute(x, y)
    assert out.op is op
    assert all(child in (x, y) for child in out.children)


# ------------------------------------------------------------------------------------------- topological order


def reachable(root: Value) -> set[Value]:
    """Every node that root depends on, found without any order."""
    found, frontier = {root}, {root}
    while frontier:
        frontier = {child for node in frontier for child in node.children} - found
        found |= frontier
    return found


@given(recipes(max_operations=20))
def test_topological_order(recipe: Recipe) -> None:
    """Each node that root depends on stands in it once, after its children; the root is last."""
    root, _ = recipe.graph()
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert set(order) == reachable(root)
    assert len(place) == len(order)
    assert order[-1] is root
    assert all(place[child] < place[node] for node in order for child in node.children)


@given(recipes())
def test_topological_order_is_the_same_each_time(recipe: Recipe) -> None:
    root, _ = recipe.graph()
    assert topological_order(root) == topological_order(root)


def test_topological_order_takes_operands_from_left_to_right() -> None:
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    product = b * c
    root = a + product
    assert topological_order(root) == [a, b, c, product, root]


def test_topological_order_of_a_leaf() -> None:
    x = Value(1.0)
    assert topological_order(x) == [x]


# ------------------------------------------------------------------------------------------- published numbers


def values(*numbers: float) -> list[Value]:
    return [Value(number) for number in numbers]


def four_decimals(*nodes: Value) -> list[str]:
    """The gradients as they are published."""
    return [f"{node.grad + 0.0:.4f}" for node in nodes]


def test_nndl_worked_example() -> None:
    """Qiu, Neural Networks and Deep Learning, section 4.5: f = σ(wx + b) written out as h1 … h6."""
    x, w, b = values(1.0, 0.0, 0.0)
    h1 = x * w
    h2 = h1 + b
    h3 = h2 * -1
    h4 = exp(h3)
    h5 = h4 + 1
    h6 = 1 / h5
    h6.backward()
    assert h6.data == 0.5
    assert [node.grad for node in (h6, h5, h4, h3, h2, h1)] == [1.0, -0.25, -0.25, -0.25, 0.25, 0.25]
    assert (w.grad, b.grad, x.grad) == (0.25, 0.25, 0.0)


def test_nndl_worked_example_in_one_row() -> None:
    x, w, b = values(1.0, 0.0, 0.0)
    f = (w * x + b).sigmoid()
    f.backward()
    assert (f.data, w.grad, b.grad, x.grad) == (0.5, 0.25, 0.25, 0.0)


def test_micrograd_readme() -> None:
    a, b = values(-4.0, 2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f}" == "24.7041"
    assert four_decimals(a, b) == ["138.8338", "645.5773"]


def test_micrograd_first_test() -> None:
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_karpathys_lecture() -> None:
    a, b, c, f = values(2.0, -3.0, 10.0, -2.0)
    out = (a * b + c) * f
    out.backward()
    assert out.data == -8.0
    assert [node.grad for node in (a, b, c, f)] == [6.0, -4.0, -2.0, 4.0]


def test_karpathys_tanh_neuron() -> None:
    w1, w2, x1, x2, b = values(-3.0, 1.0, 2.0, 0.0, 6.8813735870195432)
    out = (w1 * x1 + w2 * x2 + b).tanh()
    out.backward()
    assert f"{out.data:.4f}" == "0.7071"
    assert four_decimals(x1, x2, w1, w2) == ["-1.5000", "0.5000", "1.0000", "0.0000"]


def test_karpathys_tanh_neuron_with_tanh_written_out() -> None:
    """The lecture's second version, (e²ⁿ − 1) / (e²ⁿ + 1), has the same gradients."""
    w1, w2, x1, x2, b = values(-3.0, 1.0, 2.0, 0.0, 6.8813735870195432)
    e = (2 * (w1 * x1 + w2 * x2 + b)).exp()
    out = (e - 1) / (e + 1)
    out.backward()
    assert f"{out.data:.4f}" == "0.7071"
    assert four_decimals(x1, x2, w1, w2) == ["-1.5000", "0.5000", "1.0000", "0.0000"]


def test_cs231n_sigmoid_neuron() -> None:
    """CS231n, Backpropagation, Intuitions."""
    w0, w1, w2, x0, x1 = values(2.0, -3.0, -3.0, -1.0, -2.0)
    f = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
    f.backward()
    assert f"{f.data:.4f}" == "0.7311"
    assert four_decimals(w0, w1, w2, x0, x1) == ["-0.1966", "-0.3932", "0.1966", "0.3932", "-0.5898"]


def sphere(x: Value, y: Value) -> Value:
    return x**2 + y**2


def matyas(x: Value, y: Value) -> Value:
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein_price(x: Value, y: Value) -> Value:
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)) * (
        30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    )


@pytest.mark.parametrize(
    ("function", "gradients"),
    [
        (sphere, ["2.0000", "2.0000"]),
        (matyas, ["0.0400", "0.0400"]),
        (goldstein_price, ["-5376.0000", "8064.0000"]),
    ],
)
def test_dezero_step_24(function: Callable[[Value, Value], Value], gradients: list[str]) -> None:
    """Saitoh, Deep Learning from Scratch 3, step 24: gradients at (1, 1)."""
    x, y = values(1.0, 1.0)
    function(x, y).backward()
    assert four_decimals(x, y) == gradients


def test_the_case_that_shows_why_order_matters() -> None:
    """Any order that is not topological gives other numbers here."""
    a, b = values(2.0, 3.0)
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    y.backward()
    assert y.data == 41.0
    assert [node.grad for node in (a, b, c, d)] == [25.0, 19.0, 7.0, 6.0]


# ---------------------------------------------------------------------------------------------------- backward


@given(recipes())
def test_gradients_are_the_slopes_of_random_graphs(recipe: Recipe) -> None:
    """Over all rows together, shared nodes and repeated operands included."""
    root, leaves = recipe.graph()
    assert root.data == recipe.value(*recipe.leaves)
    root.backward()
    for i, leaf in enumerate(leaves):
        expected = slope_along(recipe.value, recipe.leaves, i, h=1e-3)
        assert_close(leaf.grad, expected, 1e-9, f"∂root/∂x{i}")


def test_the_gradient_of_a_leaf_along_itself_is_one() -> None:
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize(
    ("compute", "gradient"),
    [
        (lambda x: x * x, 6.0),
        (lambda x: x + x, 2.0),
        (lambda x: x - x, 0.0),
        (lambda x: maximum(x, x), 1.0),
        (lambda x: weighted_sum([x, x], [x, x], x), 13.0),
        (lambda x: (x + x) * (x + x), 24.0),
    ],
)
def test_a_node_used_twice_adds_its_contributions(compute: Callable[[Value], Value], gradient: float) -> None:
    x = Value(3.0)
    compute(x).backward()
    assert x.grad == gradient


def test_a_diamond_adds_both_sides() -> None:
    """y = relu(s) · exp(s) with s = 2x: dy/dx = 2 (exp(s) + s · exp(s)) for s > 0."""
    x = Value(0.5)
    s = 2 * x
    (relu(s) * exp(s)).backward()
    assert_close(x.grad, 4.0 * math.e, 1e-15, "dy/dx")


def test_two_hundred_diamonds_in_a_row_take_no_time() -> None:
    """2 ** 200 paths, 200 nodes: each node is visited once, not each path."""
    x = Value(1.0)
    y = x
    for _ in range(200):
        y = y + y
    y.backward()
    assert x.grad == 2.0**200


@given(recipes())
def test_a_second_backward_doubles_the_leaves(recipe: Recipe) -> None:
    """Gradients of leaves add up, to rounding, and those of interior nodes are made afresh."""
    root, leaves = recipe.graph()
    root.backward()
    nodes = [*leaves, *(node for node in topological_order(root) if node.op)]
    first = [node.grad for node in nodes]
    contributions = Counter()
    for step in steps_of(Graph(root)):
        contributions[step.child] += abs(step.contribution)
    root.backward()
    for node, gradient in zip(nodes, first, strict=True):
        assert node.grad == pytest.approx(
            gradient if node.op else 2.0 * gradient, rel=0.0, abs=0.0 if node.op else 1e-14 * contributions[node]
        )


def test_a_second_backward_doubles_a_leaf_used_four_times() -> None:
    """To rounding: 0.1, 0.7, 0.3, 0.9 are added to their sum one by one."""
    x = Value(1.0)
    y = 0.1 * x + 0.7 * x + 0.3 * x + 0.9 * x
    y.backward()
    once = x.grad
    y.backward()
    assert x.grad == pytest.approx(2.0 * once, rel=1e-15)


def test_leaves_add_up_over_two_graphs() -> None:
    """As PyTorch does, so that a batch may be summed up loss by loss."""
    w = Parameter(2.0)
    (w * 3).backward()
    (w * w).backward()
    assert w.grad == 7.0


def test_zero_grad_clears_every_node() -> None:
    x = Value(3.0)
    s = x * x
    y = s + 1
    y.backward()
    y.zero_grad()
    assert [gradient_of(node) for node in topological_order(y)] == ["not computed"] * 4
    y.backward()
    assert x.grad == 6.0


def test_not_computed_is_told_from_a_computed_zero() -> None:
    x, unused = Value(3.0), Value(4.0)
    y = x * 0
    assert [gradient_of(node) for node in (x, unused, y)] == ["not computed"] * 3
    y.backward()
    assert [gradient_of(node) for node in (x, unused, y)] == [0.0, "not computed", 1.0]
    assert NOT_COMPUTED == 0.0


def test_backward_from_an_inner_node_leaves_the_rest_alone() -> None:
    x = Value(3.0)
    s = x * x
    y = s * 2
    s.backward()
    assert (x.grad, s.grad) == (6.0, 1.0)
    assert gradient_of(y) == "not computed"


def test_backward_reads_the_data_of_now() -> None:
    """Derivatives are computed in backward: a leaf changed after forward counts with its new number."""
    x, w = Value(3.0), Value(2.0)
    y = w * x
    x.data = 5.0
    y.backward()
    assert w.grad == 5.0


def test_a_subnormal_gradient_is_not_lost() -> None:
    x = Value(1.0)
    (x * 5e-324).backward()
    assert x.grad == 5e-324


@pytest.mark.parametrize(
    ("compute", "error", "message"),
    [
        (lambda x: sqrt(x), ZeroDivisionError, r"sqrt\(x\) has no derivative at 0\.0 "),
        (lambda x: x**0.5, ZeroDivisionError, r"x \*\* n has no derivative at x = 0\.0, n = 0\.5 "),
        (lambda x: (x - 2.0) ** Value(3.0), ValueError, r"x \*\* y has no derivative at x = -2\.0, y = 3\.0 "),
        (lambda x: (x + 1e-200) ** -1.0, OverflowError, r"the derivative of x \*\* n is too large for a float at "),
    ],
)
def test_a_missing_derivative_names_the_operation_and_its_numbers(
    compute: Callable[[Value], Value], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{message}"):
        compute(Value(0.0)).backward()


def test_forward_asks_for_no_derivative() -> None:
    """What has a value is computed, also where its derivative does not exist."""
    assert sqrt(Value(0.0)).data == 0.0
    assert (Value(0.0) ** 0.5).data == 0.0


def test_an_operation_that_fails_leaves_its_operands_alone() -> None:
    x = Value(-1.0, "x")
    with pytest.raises(ValueError, match=r"^log\(x\) needs x > 0, got -1\.0$"):
        log(x)
    assert (x.data, gradient_of(x), x.children) == (-1.0, "not computed", ())


# ---------------------------------------------------------------------------------- no gradient, written as None


def neuron_without_gradients(none: bool) -> tuple[Value, list[Value]]:
    """tanh(w x + b) · w and its leaves; no gradient is computed yet, and None may stand for that in every node."""
    x, w, b = Value(1.5, "x"), Parameter(-0.5, "w"), Parameter(0.25, "b")
    y = (w * x + b).tanh() * w
    if none:
        for node in topological_order(y):
            node.grad = None  # type: ignore[assignment]  # as PyTorch has it
    return y, [x, w, b]


def test_none_is_no_gradient_for_backward() -> None:
    """In a leaf or within: the numbers are those of a first pass, and a second one adds to them."""
    (y, leaves), (fresh, fresh_leaves) = neuron_without_gradients(True), neuron_without_gradients(False)
    for _ in range(2):
        y.backward()
        fresh.backward()
        assert [leaf.grad for leaf in leaves] == [leaf.grad for leaf in fresh_leaves]
        assert [node.grad for node in topological_order(y)] == [node.grad for node in topological_order(fresh)]
    assert all(type(node.grad) is float for node in topological_order(y))


def test_none_is_no_gradient_for_backward_from_a_leaf() -> None:
    x = Value(3.0)
    x.grad = None  # type: ignore[assignment]
    x.backward()
    assert x.grad == 1.0


def test_none_in_one_node_only_is_no_gradient_for_backward() -> None:
    """A leaf among others that hold theirs, and a node within an older graph."""
    x, w = Value(3.0), Parameter(2.0)
    h = w * x
    y = h * x
    y.backward()
    x.grad, h.grad = None, None  # type: ignore[assignment]
    y.backward()
    assert (x.grad, w.grad, h.grad) == (12.0, 18.0, 3.0)


def test_none_is_no_gradient_step_by_step() -> None:
    (y, leaves), (fresh, fresh_leaves) = neuron_without_gradients(True), neuron_without_gradients(False)
    numbers = [(step.before, step.contribution, step.after) for step in backward_steps(y)]
    assert numbers == [(step.before, step.contribution, step.after) for step in backward_steps(fresh)]
    assert [leaf.grad for leaf in leaves] == [leaf.grad for leaf in fresh_leaves]


def test_none_is_no_gradient_after_zero_grad() -> None:
    y, leaves = neuron_without_gradients(True)
    y.zero_grad()
    assert {gradient_of(node) for node in topological_order(y)} == {"not computed"}
    assert not any(map(has_gradient, leaves))


def test_none_is_no_gradient_for_an_optimiser() -> None:
    """The parameter stays where it is, as one does whose gradient is not computed; of none at all it complains."""
    w, u = Parameter(2.0, "w"), Parameter(5.0, "u")
    optimizer = SGD([w, u], lr=0.5)
    w.grad = u.grad = None  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="^no parameter has a gradient"):
        optimizer.step()
    (w * 3.0).backward()
    optimizer.step()
    assert (w.data, u.data, u.grad) == (0.5, 5.0, None)
    optimizer.zero_grad()
    assert [gradient_of(parameter) for parameter in (w, u)] == ["not computed"] * 2


def test_none_is_no_gradient_for_a_static_graph() -> None:
    """In its parameters, and in what was computed with them before."""
    w, b = Parameter(2.0, "w"), Parameter(0.5, "b")
    doubled = w + w
    w.grad = b.grad = doubled.grad = None  # type: ignore[assignment]
    f = static_graph(lambda x: doubled * x + b, [w, b])
    assert f(3.0) == 12.5
    assert (w.grad, b.grad, doubled.grad) == (6.0, 1.0, None)
    w.grad = None  # type: ignore[assignment]
    assert f.batch([(1.0,), (2.0,)]) == 13.0
    assert (w.grad, b.grad) == (6.0, 3.0)
    w.grad = None  # type: ignore[assignment]
    f.descend([(1.0,)], lr=0.25)
    assert (w.data, w.grad) == (1.5, None)


def test_none_is_shown_as_no_gradient() -> None:
    """By repr, in a picture, in a trace, on a page and in a check of gradients, none of which writes into it."""
    (y, _), (fresh, _) = neuron_without_gradients(True), neuron_without_gradients(False)
    for node, fresh_node in zip(topological_order(y), topological_order(fresh), strict=True):
        assert re.sub(r"\bv\d+", "v", repr(node)) == re.sub(r"\bv\d+", "v", repr(fresh_node))
        assert "grad" not in repr(node)
    assert draw_dot(y).source == draw_dot(fresh).source
    assert draw_dot(y, weights="arrows").source == draw_dot(fresh, weights="arrows").source
    assert trace(y, topological_order(y)[0]) == trace(fresh, topological_order(fresh)[0])
    assert Stepper(y).page == Stepper(fresh).page
    check_gradients(y)
    assert {node.grad for node in topological_order(y)} == {None}


# ------------------------------------------------------------------------------------- a Value where a number belongs


def wrongly_updated(data: float = 2.0) -> Parameter:
    """What p.data = p - 0.1 leaves, where p.data = p.data - 0.1 was meant."""
    p = Parameter(data, "p")
    p.data = p - 0.1  # type: ignore[assignment]
    return p


@pytest.mark.parametrize(
    "compute",
    [
        lambda p: p,
        lambda p: p * 3.0,
        lambda p: 3.0 - p,
        lambda p: p / Value(4.0),
        lambda p: Value(4.0) / p,
        lambda p: -abs(p),
        lambda p: p.relu() + 1.0,
        lambda p: maximum(p, 0.5),
        lambda p: weighted_sum([p, Value(3.0)], [Value(1.0), p], 0.5),
        lambda p: weighted_sum([Value(3.0)], [Value(1.0)], p) * Value(2.0),
    ],
)
def test_a_value_as_data_is_a_type_error_of_backward(compute: Callable[[Value], Value]) -> None:
    """It has spread to the root; the error says what to write, and no gradient has changed by then."""
    p = wrongly_updated()
    p.grad = 7.0
    y = compute(p)
    before = snapshot(y)
    for differentiate in (y.backward, lambda: next(backward_steps(y)), lambda: trace(y)):
        with pytest.raises(TypeError, match=r"^data is a Value where a number belongs: write p\.data = p\.data - "):
            differentiate()
        assert snapshot(y) == before


def test_a_value_as_data_is_shown_by_repr_as_the_number_within() -> None:
    """However often it has happened: a debugger's pane and the error's traceback can show it."""
    p = wrongly_updated()
    assert repr(p) == "Parameter(p=1.9)"
    y = p * 3.0
    assert repr(y) == f"Value(v{y.serial}=5.7, op='*')"
    for _ in range(3):
        p.data = p - 0.1  # type: ignore[assignment]
    assert repr(p) == "Parameter(p=1.6)"
    assert f"{p:.2f}" == "1.60"
    assert p > 1.5


# -------------------------------------------------------------------------------- what looks, and what is left halfway


def snapshot(root: Value) -> dict[Value, tuple[Any, ...]]:
    """All that the nodes of a graph hold, numbers as text: nan is equal to itself, and "not computed" is not 0."""
    return {
        node: (repr(node.data), repr(node.grad), node.op, node.children, node.label, node.serial)
        for node in reachable(root)
    }


def leaves_that_hold_gradients() -> tuple[Value, Value, Value]:
    """σ(x w + x) + x · w, with leaves used several times: the root, x and w, which hold 0.125 and -7 already."""
    x, w = Value(0.7, "x"), Parameter(-1.3, "w")
    x.grad, w.grad = 0.125, -7.0
    return (x * w + x).sigmoid() + x * w, x, w


@pytest.mark.parametrize("state", ["new", "halfway", "done"])
def test_looking_has_no_effects(state: str) -> None:
    """topological_order, repr, format, comparisons, has_gradient: before, in the middle of and after a pass."""
    root, _, _ = leaves_that_hold_gradients()
    steps = backward_steps(root)
    for _ in range({"new": 0, "halfway": 4, "done": 100}[state]):
        next(steps, None)
    before = snapshot(root)
    for node in topological_order(root):
        for look in (repr, str, "{:.2f}".format, topological_order, has_gradient, hash, lambda node: node < root):
            look(node)
            assert snapshot(root) == before
    assert topological_order(root) == topological_order(root)


def drop(steps: Any) -> None:
    """The last reference goes, and with it the generator."""


def close(steps: Any) -> None:
    steps.close()


def forget_in_a_circle(steps: Any) -> None:
    """Only the garbage collector finds it."""
    circle: list[Any] = [steps]
    circle.append(circle)


@pytest.mark.parametrize("leave", [drop, close, forget_in_a_circle])
@pytest.mark.parametrize("n_steps", mostly_slow(range(10), 0, 1, 5))
def test_an_unfinished_pass_leaves_nothing_behind(n_steps: int, leave: Callable[[Any], None]) -> None:
    """What it has added stays, nothing else changes, now or when it is collected; not begun, it has done nothing."""
    root, x, w = leaves_that_hold_gradients()
    untouched = snapshot(root)
    steps = backward_steps(root)
    held = {x: 0.125, w: -7.0}
    for _ in range(n_steps):
        step = next(steps)
        if step.child in held:
            held[step.child] += step.contribution
    then = snapshot(root)
    leave(steps)
    del steps
    gc.collect()
    assert snapshot(root) == then
    assert (x.grad, w.grad) == (held[x], held[w])
    if not n_steps:
        assert then == untouched


def test_after_an_unfinished_pass_a_whole_one_is_right() -> None:
    """Interior gradients are computed afresh, leaves add to what they hold by then."""
    root, x, w = leaves_that_hold_gradients()
    steps = backward_steps(root)
    for _ in range(5):
        next(steps)
    x.grad, w.grad = 0.125, -7.0
    root.backward()
    del steps
    gc.collect()
    whole, whole_x, whole_w = leaves_that_hold_gradients()
    whole.backward()
    assert (x.grad, w.grad) == (whole_x.grad, whole_w.grad)
    assert [node.grad for node in topological_order(root)] == [node.grad for node in topological_order(whole)]


def test_two_unfinished_passes_do_not_disturb_each_other_through_what_they_leave() -> None:
    """Two graphs over the same leaves: each adds what it adds."""
    x = Value(3.0, "x")
    first, second = backward_steps(x * x), backward_steps(5 * x)
    next(first)
    next(second)
    del first
    gc.collect()
    assert x.grad == 3.0 + 5.0
    assert list(second) == []
    assert x.grad == 8.0


def interrupted(run: Callable[[], None], moment: int) -> bool:
    """Run something and press Ctrl-C at its n-th instruction (beginnings and ends of lines and of calls count too).

    Tells whether it was interrupted; if not, it has fewer instructions. Only the package's count: in a callback of the
    garbage collector, which Hypothesis has, an interrupt is lost.
    """
    left = moment

    def press(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return press

    before = sys.gettrace()
    sys.settrace(press)
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def prefixes(held: float, leaf: str) -> list[float]:
    """What a leaf holds after none, one, two, … of the contributions that backward adds to it."""
    root, *_ = leaves_that_hold_gradients()
    contributions = [step.contribution for step in steps_of(Graph(root)) if step.child.label == leaf]
    return list(accumulate(contributions, initial=held))


def test_an_interrupt_loses_nothing_that_leaves_held() -> None:
    """Ctrl-C at any moment of backward: a leaf's gradient is the old one plus the first few of its contributions."""
    of_x, of_w = prefixes(0.125, "x"), prefixes(-7.0, "w")
    assert (len(of_x), len(of_w)) == (4, 3)
    moment, seen = 1, set()
    while True:
        root, x, w = leaves_that_hold_gradients()
        was_interrupted = interrupted(root.backward, moment)
        assert x.grad in of_x, moment
        assert w.grad in of_w, moment
        seen.add((x.grad, w.grad))
        if not was_interrupted:
            break
        moment += 1
    assert moment > 20  # of lines at least: not every version tells all instructions
    assert (x.grad, w.grad) == (of_x[-1], of_w[-1])
    assert len(seen) == len(of_x) + len(of_w) - 1  # it was interrupted between any two contributions


@pytest.mark.parametrize("moment", range(1, 600, 23))
def test_after_an_interrupt_zero_grad_and_a_whole_pass_are_right(moment: int) -> None:
    root, x, w = leaves_that_hold_gradients()
    interrupted(root.backward, moment)  # or it was done before: the number of instructions depends on the version
    root.zero_grad()
    x.grad, w.grad = 0.125, -7.0
    root.backward()
    whole, whole_x, whole_w = leaves_that_hold_gradients()
    whole.backward()
    assert [node.grad for node in topological_order(root)] == [node.grad for node in topological_order(whole)]


def test_an_interrupt_of_a_look_changes_nothing() -> None:
    """Ctrl-C at any moment of topological_order or repr."""
    root, *_ = leaves_that_hold_gradients()
    root.backward()
    before = snapshot(root)
    for look in (lambda: topological_order(root), lambda: repr(root)):
        moment = 1
        while interrupted(look, moment):  # type: ignore[arg-type]
            assert snapshot(root) == before
            moment += 1
        assert moment > 20


# ------------------------------------------------------------------------------------------------- large graphs


@pytest.mark.parametrize("n", mostly_slow([100_000, 1_000_000], 100_000))
def test_a_chain_of_a_million_additions(n: int) -> None:
    """Forward, backward and freeing it: no recursion anywhere."""
    x, start = Value(1.0), Value(0.0)
    references = sys.getrefcount(x)
    y = start
    for _ in range(n):
        y = y + x
    assert y.data == n
    y.backward()
    assert (x.grad, start.grad) == (n, 1.0)
    del y
    gc.collect()
    assert sys.getrefcount(x) == references


def test_a_wide_node() -> None:
    """One operation with 20,001 operands."""
    w = [Value(1.0) for _ in range(10_000)]
    weighted_sum(w, [float(i) for i in range(10_000)]).backward()
    assert [x.grad for x in w] == list(range(10_000))


# ----------------------------------------------------------------------------------------- copying and pickling


def pickled(root: Value) -> Value:
    copied: Value = pickle.loads(pickle.dumps(root))
    return copied


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
@given(recipe=recipes(max_operations=6))
def test_a_copied_graph_is_the_same_graph(copied: Callable[[Value], Value], recipe: Recipe) -> None:
    """Of other nodes, with the same structure, labels, data, trace and gradients."""
    root, _ = recipe.graph()
    twin = copied(root)
    assert not reachable(root) & reachable(twin)
    assert trace(twin) == trace(root)
    root.backward()
    assert [gradient_of(node) for node in topological_order(twin)] == ["not computed"] * len(topological_order(root))
    twin.backward()
    for node, copy_of_it in zip(topological_order(root), topological_order(twin), strict=True):
        assert (type(copy_of_it), copy_of_it.label, copy_of_it.data) == (type(node), node.label, node.data)
        assert copy_of_it.grad == node.grad or math.isnan(node.grad)


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copied_node_is_made_by_the_very_row_of_the_table(copied: Callable[[Value], Value]) -> None:
    assert copied(Value(2.0) * 3).op is rules.mul


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_keeps_gradients_computed_or_not(copied: Callable[[Value], Value]) -> None:
    x = Value(2.0)
    y = x * 3
    assert gradient_of(copied(y)) == "not computed"
    y.backward()
    assert [node.grad for node in topological_order(copied(y))] == [3.0, 2.0, 1.0]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_leafs_number_survives_to_the_last_bit(number: float) -> None:
    assert pickled(Value(number)).data == number


def test_a_copied_node_has_a_serial_number_of_its_own() -> None:
    """copy.copy: the same operands, number, gradient and label, and a place in the order after all there is."""
    x = Parameter(3.0, "x")
    y = x * 2
    y.label = "y"
    y.backward()
    z = y + 1
    for node in (x, y):
        copied = copy.copy(node)
        assert copied.serial > z.serial
        assert copied.serial != copy.copy(node).serial
        assert (type(copied), copied.data, copied.grad) == (type(node), node.data, node.grad)
        assert (copied.op, copied.children, copied.label) == (node.op, node.children, node.label)
        assert copied != node
    together = copy.copy(y) * z
    together.zero_grad()
    together.backward()
    assert x.grad == 2.0 * z.data + 2.0 * y.data


def test_a_deep_copy_has_serial_numbers_of_its_own_in_the_same_order() -> None:
    """Also if there were more of them at the same time, with nodes that are shared."""
    x, w = Value(3.0, "x"), Parameter(2.0, "w")
    late = w * w
    y = x * late + late
    order = topological_order(y)
    twin, leaf = copy.deepcopy([y, x])
    twins = topological_order(twin)
    assert leaf in twins
    assert twins[0] is leaf
    serials = [node.serial for node in twins]
    assert serials == sorted(set(serials))
    assert serials[0] > order[-1].serial
    assert (twin + 1).serial > serials[-1]
    assert [node.label or node.op for node in twins] == [node.label or node.op for node in order]


@pytest.mark.parametrize("n", mostly_slow([20_000, 100_000], 20_000))
def test_a_deep_copy_of_a_long_chain(n: int) -> None:
    """No recursion, each node once, the same numbers."""
    x = Parameter(1.0, "x")
    y: Value = x
    for _ in range(n):
        y = y + x
    twin = copy.deepcopy(y)
    order, twins = topological_order(y), topological_order(twin)
    assert len(twins) == len(order) == n + 1
    assert not set(order) & set(twins)
    assert twin.data == y.data
    twin.backward()
    assert twins[0].grad == n + 1.0
    assert gradient_of(x) == "not computed"


def test_pickle_keeps_the_order() -> None:
    """Of operations, operands and leaves, also of those made late."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    p = a * b
    q = p + 1
    r = b * b
    late = Parameter(0.5, "late")
    y = r * q * late
    loaded = pickled(y)
    names = [node.label or node.op for node in topological_order(y)]
    assert [node.label or node.op for node in topological_order(loaded)] == names
    assert (loaded + 1).serial > max(node.serial for node in topological_order(loaded))


def test_an_unpickled_graph_has_serial_numbers_of_its_own() -> None:
    """As a copy has: a number tells one node, whose name in repr it is, from all others."""
    x = Value(3.0, "x")
    y = x * x + x
    first, second = pickled(y), pickled(y)
    serials = [node.serial for root in (y, first, second) for node in topological_order(root)]
    assert len(serials) == len(set(serials))
    both = topological_order(first * second)
    assert both[:-1] == topological_order(first) + topological_order(second)


def test_a_wide_and_interleaved_graph_keeps_its_order_in_a_pickle() -> None:
    """However far the order of operands is from that of computation; several roots have one order among them."""
    xs = [Value(float(i)) for i in range(1000)]
    squares = [x * x for x in reversed(xs)]
    late = Parameter(2.0, "late")
    y = weighted_sum(xs[::-1], squares[::7] + squares[1::7] + squares[2::7] + [late] * (1000 - 429), late)
    between = late * xs[5]
    z = y + between
    loaded_z, loaded_y, loaded_squares, loaded_between = pickled([z, y, squares, between])  # type: ignore[arg-type]
    loaded = topological_order(loaded_z)
    assert [(n.data, n.label, n.op) for n in loaded] == [(n.data, n.label, n.op) for n in topological_order(z)]
    everything = [loaded_z, loaded_y, *loaded_squares, loaded_between]
    assert sorted(everything, key=lambda node: node.serial) == [*loaded_squares, loaded_y, loaded_between, loaded_z]
    assert len({node.serial for node in {*loaded, *everything}}) == len({*loaded, *everything})


def test_a_graph_is_pickled_again_and_again() -> None:
    """By Python's own unpickler as well."""
    x, w = Value(3.0, "x"), Parameter(2.0, "w")
    y = (x * w + x).tanh() * w
    names = [node.label or node.op for node in topological_order(y)]
    for loads in (pickle.loads, pickle._loads, pickle.loads):  # type: ignore[attr-defined]
        before = Value(0.0)
        y = loads(pickle.dumps(y))
        order = topological_order(y + 1)
        assert [node.label or node.op for node in order[:-2]] == names
        assert order[0].serial > before.serial


class Noted(Value):
    """A node of a user's own class, with an attribute."""

    note: str = ""


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_node_of_ones_own_class_keeps_what_it_holds(copied: Callable[[Value], Value]) -> None:
    x = Noted(3.0, "x")
    x.note = "measured"
    twin: Any = copied(x)
    assert (type(twin), twin.note, twin.data, twin.label, twin.children) == (Noted, "measured", 3.0, "x", ())
    assert twin.serial > x.serial
    (twin * twin).backward()
    assert (twin.grad, gradient_of(x)) == (6.0, "not computed")


@pytest.mark.parametrize("made_before", [0, 10**12])
def test_a_graph_of_a_process_that_made_very_many_values_goes_on(made_before: int) -> None:
    """Its serial numbers are far above those of the new process, which does not count up to them."""
    x = Value(3.0, "x")
    y = (x * x).tanh() * x
    for node in topological_order(y):
        node.serial += made_before
    code = (
        "import pickle\n"
        f"y = pickle.loads({pickle.dumps(y)!r})\n"
        "z = y * y\n"
        "z.backward()\n"
        "from tinygrad_edu import topological_order\n"
        "print([node.grad for node in topological_order(z)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    z = y * y
    z.serial += made_before
    z.backward()
    assert done.stdout.strip() == str([node.grad for node in topological_order(z)])


@pytest.mark.parametrize("n_before", mostly_slow([0, 1, 3, 1000], 3))
@pytest.mark.parametrize("n_after", [0, 2000])
def test_a_graph_goes_on_in_a_new_process(n_before: int, n_after: int, tmp_path: Path) -> None:
    """Stored when many or few Values had been made, loaded where more or fewer have: what is made then comes later."""
    for _ in range(n_after):
        Value(0.0)
    x, w = Value(3.0, "x"), Parameter(2.0, "w")
    stored = tmp_path / "graph.pickle"
    stored.write_bytes(pickle.dumps([(x * w).tanh() * w, x, w]))
    code = (
        "import pickle\n"
        "from tinygrad_edu import Value, gradients, topological_order\n"
        f"before = [Value(0.5) for _ in range({n_before})]\n"
        f"with open({str(stored)!r}, 'rb') as file: y, x, w = pickle.load(file)\n"
        "late = Value(0.25)\n"
        "z = late * (y * w + (before[0] if before else 0.5))\n"
        "z = z * z\n"
        "order = topological_order(z)\n"
        "assert all(order.index(child) < i for i, node in enumerate(order) for child in node.children)\n"
        "z.backward()\n"
        "print(repr([x.grad, w.grad, late.grad]))\n"
        "print(repr([gradient.data for gradient in gradients(z, [x, w, late])]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = Value(0.25)
    z = late * ((x * w).tanh() * w * w + 0.5)
    (z * z).backward()
    expected = [x.grad, w.grad, late.grad]
    for line in done.stdout.splitlines():
        assert [float(number) for number in line.strip("[]").split(",")] == pytest.approx(expected, rel=1e-14)
    assert len(done.stdout.splitlines()) == 2


def test_a_chain_too_long_for_pickle_is_an_error() -> None:
    """pickle goes from operand to operand by recursion: RecursionError, no crash, and the graph is as it was."""
    code = (
        "import pickle\n"
        "from tinygrad_edu import Value\n"
        "x = y = Value(1.0)\n"
        "for _ in range(100_000): y = y + x\n"
        "for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):\n"
        "    for dumps in (pickle.dumps, pickle._dumps):\n"
        "        try: dumps(y, protocol)\n"
        "        except RecursionError as error: assert 'recursion' in str(error)\n"
        "        else: raise AssertionError('there was no error')\n"
        "y.backward()\n"
        "print(x.grad)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "100001.0\n", "")


# ------------------------------------------------------------------------------------------------ rows of one's own


@pytest.mark.parametrize("n_partials", [0, 1, 3])
def test_a_row_with_too_few_or_too_many_partials_is_named(n_partials: int) -> None:
    """Backward does not go on with some of them: it says how many there are."""

    class Product(rules.Rule):
        def forward(self, x: float, y: float) -> float:
            return x * y

        def partials(self, out: Any, x: Any, y: Any) -> tuple[Any, ...]:
            return (y, x, 1.0)[:n_partials]

    x, y = Value(2.0), Value(3.0)
    z = Product()(x, y)
    for differentiate in (z.backward, lambda: gradients(z, [x]), lambda: jvp(Product(), [2.0, 3.0], [1.0, 1.0])):
        with pytest.raises(ValueError, match=rf"^product\(x, y\) has 2 operands, but {n_partials} partials$"):
            differentiate()


class Leaky(rules.Rule):
    """A row that would keep a number, as a layer of a framework does."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: float) -> float:
        return x if x > 0.0 else self.slope * x

    def partials(self, out: Any, x: Any) -> tuple[Any, ...]:
        return (1.0 if x > 0.0 else self.slope,)


@pytest.mark.parametrize(
    ("make", "given_numbers"),
    [
        (lambda: Leaky(0.1), r"0\.1"),
        (lambda: Leaky(slope=0.1), r"0\.1"),
        (lambda: Leaky(0.1, 2), r"0\.1, 2"),
        (lambda: rules.Exp(2.0), r"2\.0"),
    ],
)
def test_a_row_with_numbers_of_its_own_is_a_type_error(make: Callable[[], Any], given_numbers: str) -> None:
    """There is one of each row, so a second slope would change the first: the error says to make them operands."""
    message = rf"\w+: a row of the table keeps no numbers of its own, got {given_numbers}: make them operands"
    with pytest.raises(TypeError, match=f"^{message}"):
        make()


# -------------------------------------------------------------------------------------- elu and leaky_relu, by PyTorch

ENDS_AND_KINKS = [math.inf, -math.inf, 0.0, -0.0, 745.0, -745.0, 1.0, -1.0, -1e-10, math.nan]
SLOPES = [0.0, 0.01, 1.0, 2.5]
ROWS_WITH_A_SLOPE = {"leaky_relu": leaky_relu, "elu": elu}


def by_torch(name: str, x: float, slope: float) -> tuple[float, float, float]:
    """The value, its derivative along x, and what the slope or γ is multiplied with, where x is not positive."""
    torch = pytest.importorskip("torch")
    at_x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    out = getattr(torch.nn.functional, name)(at_x, slope)
    out.backward()
    along_slope = torch.where(at_x > 0, 0.0, at_x if name == "leaky_relu" else torch.expm1(at_x))
    return out.item(), at_x.grad.item(), along_slope.item()


def same(actual: float, expected: float) -> bool:
    """Equal to the last bit but one; nan is nan."""
    return actual == pytest.approx(expected, rel=4e-16, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("x", ENDS_AND_KINKS)
@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
def test_a_slope_is_an_operand_with_the_numbers_of_pytorch(name: str, x: float, slope: float) -> None:
    """The value, and both derivatives by `backward`; a plain number as slope gives the same along x."""
    value, along_x, along_slope = by_torch(name, x, slope)
    at_x, at_slope, alone = Value(x), Value(slope), Value(x)
    out, with_a_number = ROWS_WITH_A_SLOPE[name](at_x, at_slope), ROWS_WITH_A_SLOPE[name](alone, slope)
    out.backward()
    with_a_number.backward()
    assert same(out.data, value)
    assert same(with_a_number.data, value)
    assert same(at_slope.grad, along_slope)
    assert same(at_x.grad, alone.grad)
    if not math.isnan(x):
        assert same(at_x.grad, along_x)


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
def test_nan_is_seen_in_the_derivative_of_a_rectifier(name: str) -> None:
    """As in that of every row; PyTorch takes nan for one of the numbers that are not positive."""
    for slope in SLOPES:
        x = Value(math.nan)
        ROWS_WITH_A_SLOPE[name](x, slope).backward()
        assert math.isnan(x.grad)


@pytest.mark.parametrize("x", ENDS_AND_KINKS[:-1])
def test_a_learned_slope_is_the_prelu_of_pytorch(x: float) -> None:
    """He et al., 2015: there torch itself has the derivative along the slope."""
    torch = pytest.importorskip("torch")
    at_x, weight = (torch.tensor([number], dtype=torch.float64, requires_grad=True) for number in (x, 0.25))
    torch.nn.functional.prelu(at_x, weight).backward()
    value, slope = Value(x), Parameter(0.25)
    leaky_relu(value, slope).backward()
    assert same(value.grad, at_x.grad.item())
    assert same(slope.grad, weight.grad.item())


# ---------------------------------------------------------------------------------- what does not belong in a Value


def test_the_children_of_other_libraries_are_no_label() -> None:
    """micrograd: Value(data, _children)."""
    for label in ((), (Value(1.0),), None, 3):
        with pytest.raises(TypeError, match="^label must be a str, got "):
            Value(1.0, label)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [2.0, -2.0])
@pytest.mark.parametrize(
    "f",
    [
        lambda p: p * 2.0, lambda p: p + p, lambda p: p**2,
        rules.exp, rules.tanh, rules.relu, rules.step, rules.sign, rules.absolute,
        lambda p: rules.sigmoid(p) * p, lambda p: rules.maximum(p, 0.0), lambda p: rules.greater(p, 0.0) * p,
    ],
)  # fmt: skip
def test_a_value_in_data_is_one_clear_error_wherever_it_goes(f: Callable[[Value], Value], number: float) -> None:
    """Where it is used or, if nothing minds, in backward: also behind an inactive relu."""
    p = Parameter(number, "p")
    p.data = p - 0.1  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"^data is a Value where a number belongs: write p\.data = p\.data - "):
        f(p).backward()
    with pytest.raises(TypeError, match=r"^data is a Value where a number belongs: write p\.data = p\.data - "):
        gradients(f(p), [p])


@pytest.mark.parametrize("wrong", [None, "1", [1.0]])
def test_other_things_in_data_are_refused_by_the_name_of_the_leaf(wrong: Any) -> None:
    p = Parameter(1.0, "p")
    y = rules.step(p) + p * 2.0
    p.data = wrong
    with pytest.raises(TypeError, match="^data of p: a real number is needed, got "):
        y.backward()
    with pytest.raises(TypeError, match=r"^exp\(x\): must be real number, not "):
        rules.exp(p)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("_prev", "'Value' object has no attribute '_prev': write children"),
        ("_op", "'Value' object has no attribute '_op': write op.symbol"),
        ("_backward", "'Value' object has no attribute '_backward': write partials(), from the row op"),
        ("colour", "'Value' object has no attribute 'colour'"),
    ],
)
def test_an_attribute_that_is_not_there_says_what_it_is_called_here(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        getattr(Value(1.0), name)
    assert not hasattr(Value(1.0), name)


def test_what_is_copied_together_stays_together() -> None:
    x = Value(3.0)
    copied_x, copied_y = copy.deepcopy([x, x * x])
    assert copied_y.children == (copied_x, copied_x)


def test_an_output_whose_number_was_replaced_by_a_value_is_refused() -> None:
    y = Value(3.0) * 2.0
    y.data = y - 1.0  # type: ignore[assignment]
    with pytest.raises(TypeError, match="^data is a Value where a number belongs: "):
        y.backward()


def test_a_root_that_is_no_scalar_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"^a root of topological_order must be a Scalar, got 1\.0 \(float\)$"):
        topological_order(1.0)  # type: ignore[arg-type]


def test_a_gradient_that_is_not_computed_says_so() -> None:
    assert repr(Value(1.0).grad) == "not computed"


def test_a_constant_does_not_vary() -> None:
    assert [leaf(1.0).varies for leaf in (Value, Parameter, Constant)] == [True, True, False]


def test_a_neuron_of_one_input_has_three_operands() -> None:
    w, x, b = Value(2.0), Value(3.0), Value(0.5)
    z = weighted_sum([w], [x], b)
    assert (z.data, z.partials()) == (6.5, (3.0, 2.0, 1.0))
