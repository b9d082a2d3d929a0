"""Forward mode: dual numbers, and that the ε of one derivative never meets that of another."""

import functools
import math
from collections.abc import Callable
from typing import Any

import pytest

from tinygrad_edu import Constant, Dual, Symbol, Value, derivative, exp, gradients, jvp, sin, sqrt, weighted_sum
from tinygrad_edu.rules import mul


def parts(dual: Dual) -> tuple[Any, Any]:
    return dual.primal, dual.tangent


def test_a_dual_carries_its_derivative_along() -> None:
    x = Dual(3.0, 1.0)
    assert parts(x * x) == (9.0, 6.0)
    assert parts(sin(x)) == (math.sin(3.0), math.cos(3.0))


@pytest.mark.parametrize(
    ("f", "value", "slope"),
    [
        (lambda x: x + 1, 3.0, 1.0),
        (lambda x: 1 - x, -1.0, -1.0),
        (lambda x: 3 * x, 6.0, 3.0),
        (lambda x: 1 / x, 0.5, -0.25),
        (lambda x: x**3, 8.0, 12.0),
        (lambda x: 2**x, 4.0, 4.0 * math.log(2.0)),
        (lambda x: x**x, 4.0, 4.0 * (math.log(2.0) + 1.0)),
        (lambda x: -abs(-x), -2.0, -1.0),
        (lambda x: weighted_sum([x, 2.0], [3.0, x], x), 12.0, 6.0),
        (lambda x: x.leaky_relu(), 2.0, 1.0),
    ],
)
def test_duals_mix_with_numbers(f: Callable[[Any], Any], value: float, slope: float) -> None:
    out = f(Dual(2.0, 1.0))
    assert parts(out) == pytest.approx((value, slope), rel=1e-15)


def test_a_function_may_decide_on_a_dual() -> None:
    """Comparisons compare primals, whatever the other side is."""

    def f(x: Any) -> Any:
        return x * x if x > 1.0 else x

    assert derivative(f)(3.0) == 6.0
    assert derivative(f)(0.5) == 1.0
    low, high = Dual(1.0, 9.0), Dual(2.0, -9.0)
    assert low < high
    assert low <= 1.0
    assert high > low
    assert high >= Value(2.0)
    assert Dual(low, 0.0) < high
    assert not low > Dual(high, 0.0)


def test_a_dual_is_shown_in_one_line_even_half_built() -> None:
    assert repr(Dual(Dual(8.0, 12.0), 1)) == "Dual(Dual(8.0, 12.0), 1.0)"
    assert repr(object.__new__(Dual)) == "Dual('?', '?')"


@pytest.mark.parametrize("part", ["2", None, 1j])
def test_a_dual_is_made_of_real_numbers(part: Any) -> None:
    with pytest.raises(TypeError, match="^primal: a real number is needed, got "):
        Dual(part, 1.0)
    with pytest.raises(TypeError, match="^tangent: a real number is needed, got "):
        Dual(1.0, part)


def test_pythons_own_math_fails_loudly() -> None:
    with pytest.raises(TypeError):
        derivative(math.exp)(1.0)


def test_where_there_is_no_derivative_the_operation_says_so() -> None:
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at 0.0"):
        derivative(sqrt)(0.0)


# ------------------------------------------------------------------------------------------- derivative and jvp


def test_derivatives_of_every_order() -> None:
    """x³ at 2: 12, 12, 6, 0."""

    def cube(x: Any) -> Any:
        return x**3

    orders, f = [], cube
    for _ in range(4):
        f = derivative(f)
        orders.append(f(2.0))
    assert orders == [12.0, 12.0, 6.0, 0.0]


def test_the_derivative_of_what_does_not_depend_on_x_is_0() -> None:
    assert derivative(lambda x: 7)(2.0) == 0.0
    assert derivative(lambda x: x**0)(0.0) == 0.0


def test_jvp_is_the_derivative_along_a_direction() -> None:
    assert jvp(lambda x, y: x * y + sin(x), [2.0, 3.0], [10.0, 1.0]) == (
        6.0 + math.sin(2.0),
        10.0 * (3.0 + math.cos(2.0)) + 2.0,
    )


def test_a_derivative_that_nobody_asks_for_need_not_exist() -> None:
    """x ** y has a derivative along x at x = -2, y = 3, but none along y."""
    assert jvp(lambda x, y: x**y, [-2.0, 3.0], [1.0, 0.0]) == (-8.0, 12.0)
    assert jvp(lambda x, z: x + sqrt(z), [1.0, 0.0], [1.0, 0.0]) == (1.0, 1.0)
    assert jvp(lambda x: x**2.0, [0.0], [1.0]) == (0.0, 0.0)
    assert jvp(lambda x: x ** Constant(3.0), [-2.0], [1.0]) == (-8.0, 12.0)
    assert [part.data for part in jvp(lambda x: x ** Value(3.0), [-2.0], [1.0])] == [-8.0, 12.0]
    with pytest.raises(ValueError, match=r"^x \*\* y has no derivative at x = -2\.0, y = 3\.0 "):
        jvp(lambda x, y: x**y, [-2.0, 3.0], [1.0, 1.0])


def test_jvp_names_both_lengths() -> None:
    with pytest.raises(ValueError, match="^jvp needs one tangent per input, got 2 inputs and 1 tangents$"):
        jvp(mul, [2.0, 3.0], [1.0])


def test_a_function_must_return_one_number() -> None:
    with pytest.raises(TypeError, match=r"^the result of f: a real number is needed, got .* \(list\)$"):
        derivative(lambda x: [x])(1.0)


# ------------------------------------------------------------------------------------------ perturbation confusion


CONFUSING: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "d/dx x · d/dy (x + y) is 1, not 2": (lambda x: x * derivative(lambda y: x + y)(1.0), 1.0, 1.0),
    "d/dx x · d/dy (x · y) is 2x": (lambda x: x * derivative(lambda y: x * y)(2.0), 3.0, 6.0),
    "d/dx d/dy (x · y²) at y = x is 4x": (lambda x: derivative(lambda y: x * y * y)(x), 3.0, 12.0),
    "d/dx d/dy (x² · y³) at y = x is 12x³": (lambda x: derivative(lambda y: x**2 * y**3)(x), 2.0, 96.0),
    "d/dx x · d/dy x is 0": (lambda x: x * derivative(lambda y: x)(5.0), 3.0, 0.0),
    "three within each other": (
        lambda x: x * derivative(lambda y: y * derivative(lambda z: x * y * z)(1.0))(3.0),
        2.0,
        24.0,  # x · d/dy (x y²) = 2 x² y at y = 3
    ),
    "a function with a derivative in it": (lambda x: derivative(exp)(x) * x, 1.0, 2.0 * math.e),
}


@pytest.mark.parametrize(("f", "x", "expected"), CONFUSING.values(), ids=CONFUSING)
def test_nested_derivatives_do_not_mix(f: Callable[[Any], Any], x: float, expected: float) -> None:
    assert derivative(f)(x) == pytest.approx(expected, rel=1e-15)


def test_a_derivative_within_a_function_of_duals_made_by_hand() -> None:
    """The outer ε is a constant to the inner derivative, however deep its Dual."""
    x = Dual(3.0, 1.0)
    assert parts(x * derivative(lambda y: x + y)(1.0)) == (3.0, 1.0)
    deep = Dual(Dual(Dual(3.0, 1.0), 1.0), 1.0)
    product = deep * derivative(lambda y: deep + y)(1.0)
    assert repr(product) == "Dual(Dual(Dual(3.0, 1.0), 1.0), 1.0)"


def test_duals_made_by_hand_share_their_epsilon() -> None:
    assert parts(Dual(2.0, 1.0) * Dual(3.0, 10.0)) == (6.0, 23.0)


def test_the_outer_of_two_nested_duals_is_the_second_derivative() -> None:
    """x³ at 2: value, derivative, derivative, second derivative."""
    x = Dual(Dual(2.0, 1.0), Dual(1.0, 0.0))
    assert repr(x * x * x) == "Dual(Dual(8.0, 12.0), Dual(12.0, 12.0))"


def test_a_dual_cannot_stand_within_one_of_its_own_level() -> None:
    inner = Dual(2.0, 1.0)
    with pytest.raises(ValueError, match=f"^a Dual of level {inner.level} cannot be made of one of level "):
        Dual(inner, 1.0, level=inner.level)


# ----------------------------------------------------------------------------------------- with the other readers


def test_duals_of_values_are_reverse_over_forward() -> None:
    """The derivative is a Value, with the graph that made it."""
    x = Value(2.0, "x")
    slope = derivative(lambda t: t**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (12.0, 12.0)


def test_a_value_is_a_constant_to_a_dual() -> None:
    w = Value(5.0, "w")
    for product in (Dual(2.0, 1.0) * w, w * Dual(2.0, 1.0)):
        assert (product.primal.data, product.tangent.data) == (10.0, 5.0)


def test_hessian_times_vector_without_the_hessian() -> None:
    """f = x²y at (2, 3), H = [[6, 4], [4, 0]], along (1, 10): H·v = (46, 4)."""
    x, y = Value(2.0), Value(3.0)
    _, slope = jvp(lambda s, t: s * s * t, [x, y], [1.0, 10.0])
    assert [gradient.data for gradient in gradients(slope, [x, y])] == [46.0, 4.0]


def test_duals_of_symbols_are_symbolic_differentiation() -> None:
    assert str(derivative(lambda x: sin(x) * x)(Symbol("x"))) == "x·cos(x) + sin(x)"


def test_no_operation_is_written_for_a_direction_of_1() -> None:
    """What multiplying with the tangent 1 would add to a graph is left out."""
    x = Value(2.0, "x")
    assert derivative(lambda t: t * x)(Value(3.0)) is x


# ------------------------------------------------------------------------------ a Dual that outlives its derivative


def test_a_dual_kept_from_one_derivative_is_refused_in_the_next() -> None:
    """ForwardDiff.jl, issue 443: the slope of the second would be 0, or of something else."""

    def f(x: Any) -> Any:
        box = [x]

        def g(y: Any) -> Any:
            box[0] = box[0] * y
            return box[0]

        derivative(g)(1.0)
        return derivative(g)(1.0)

    with pytest.raises(TypeError, match=r"^Dual\(.*\) is left over from a derivative that has been taken"):
        derivative(f)(1.0)


@pytest.mark.parametrize(
    "use",
    [
        lambda kept, x: kept,
        lambda kept, x: kept + x,
        lambda kept, x: derivative(lambda y: y * kept)(x),
        lambda kept, x: x if kept > 0.0 else 2.0 * x,
        lambda kept, x: x if kept == 1.0 else 2.0 * x,
        lambda kept, x: jvp(mul, [kept, x], [1.0, 0.0])[1],
        lambda kept, x: Dual(kept, 1.0),
    ],
)
def test_every_use_of_a_dual_that_is_left_over_is_refused(use: Callable[[Any, Any], Any]) -> None:
    """From a cache, a list, a generator: also after a derivative that failed."""
    kept: list[Any] = []

    def keep(x: Any) -> Any:
        kept.append(x)
        return x if len(kept) == 1 else x / (x - 1.0)

    derivative(keep)(1.0)
    with pytest.raises(ZeroDivisionError):
        derivative(keep)(1.0)
    for left_over in kept:
        with pytest.raises(TypeError, match=r"^Dual\(.*\) is left over from a derivative that has been taken"):
            derivative(functools.partial(use, left_over))(1.0)
    lazy = (x * 2.0 for x in kept)
    with pytest.raises(TypeError, match=r"^Dual\(.*\) is left over from a derivative that has been taken"):
        derivative(lambda x: next(lazy) * x)(1.0)


def test_a_dual_of_an_outer_derivative_may_be_kept_within_it() -> None:
    def f(x: Any) -> Any:
        box = [x]
        derivative(lambda y: y * box[0])(1.0)
        box.append(derivative(lambda y: y * y * box[0])(3.0))
        return box[1]

    assert derivative(f)(2.0) == 6.0


def test_a_dual_made_by_hand_within_a_derivative_has_an_epsilon_of_its_own() -> None:
    assert derivative(lambda x: (Dual(1.0, 1.0) * x).tangent)(2.0) == 1.0
    with pytest.raises(TypeError, match="^f returns a Dual that was made within it, "):
        derivative(lambda x: Dual(x, 1.0))(2.0)


def test_equality_of_duals_compares_numbers() -> None:
    """Nobody's keys: a cache must not take Dual(1, 1) for 1."""
    assert derivative(lambda x: 5 * x if x == 2.0 else x)(2.0) == 5.0
    assert derivative(lambda x: 5 * x if x != 2.0 else x)(2.0) == 1.0
    assert Dual(2.0, 1.0) == Value(2.0) == Dual(2.0, 0.0)
    assert Dual(2.0, 1.0) != "2"
    with pytest.raises(TypeError, match="^unhashable type: 'Dual'$"):
        functools.lru_cache(lambda x: x)(Dual(1.0, 1.0))
