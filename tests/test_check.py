"""The numerical check: it passes what is right, at any magnitude, and catches what is wrong, by name."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.oracles import ROWS, assert_partials, gradient_of
from tests.sweeps import mostly_slow
from tinygrad_edu import Parameter, Value, check_gradients, maximum, rules, topological_order, weighted_sum
from tinygrad_edu.nn import MLP
from tinygrad_edu.readers.check import KINK, OK, UNSURE, WRONG, GradientError, NodeCheck, compare
from tinygrad_edu.rules import Rule


def verdicts(root: Value) -> dict[str, str]:
    return {check.name: check.verdict for check in check_gradients(root).checks}


def test_every_node_is_checked_but_constants() -> None:
    x, w = Value(0.5, "x"), Parameter(2.0, "w")
    y = (w * x + 1.0).tanh()
    y.label = "y"
    report = check_gradients(y)
    assert [check.name for check in report.checks] == ["x", "w", "h1", "h2", "y"]
    assert {check.verdict for check in report.checks} == {OK}
    assert [check.analytic for check in report.checks[:2]] == pytest.approx(
        [2.0 / math.cosh(2.0) ** 2, 0.5 / math.cosh(2.0) ** 2], rel=1e-14
    )


def test_the_report_is_a_table() -> None:
    x = Value(3.0, "x")
    assert str(check_gradients(x * x + 1.0)).splitlines() == [
        "node  operation  analytic  numerical  relative error  verdict",
        "x                6         6          0.0e+00         ok",
        "h1    *          1         1          0.0e+00         ok",
        "h2    +          1         1          0.0e+00         ok",
    ]


def test_the_check_leaves_no_trace() -> None:
    x = Value(3.0, "x")
    y = x * x
    check_gradients(y)
    assert (gradient_of(x), gradient_of(y)) == ("not computed", "not computed")
    y.backward()
    check_gradients(y)
    assert (x.grad, y.grad, x.data, y.data) == (6.0, 1.0, 3.0, 9.0)


def test_a_leaf_alone() -> None:
    assert verdicts(Value(2.0, "x")) == {"x": OK}


def test_a_whole_network() -> None:
    report = check_gradients(MLP(3, [8, 8, 1], activation="tanh", seed=3)([0.5, -1.0, 2.0]))
    assert {check.verdict for check in report.checks} == {OK}
    assert max(check.relative_error for check in report.checks) < 1e-8


# ---------------------------------------------------------------------------------------- twenty orders of magnitude

MAGNITUDES = [10.0**k for k in range(-10, 11)]
EVERYWHERE = [sign * 1.7 * magnitude for magnitude in MAGNITUDES for sign in (1.0, -1.0)]
POSITIVE = [x for x in EVERYWHERE if x > 0.0]
BELOW_OVERFLOW = [x for x in EVERYWHERE if x < 700.0]
RANGES = {"exp": BELOW_OVERFLOW, "log": POSITIVE, "log_of_base": POSITIVE, "sqrt": POSITIVE}
# what is left of 1 - tanh², of exp(x) next to 1 and of cos(x + h) - cos(x - h) when rounding has taken its share
BLURRED = {"tanh": [17.0, -17.0], "elu": [-170.0], "cos": [x for x in EVERYWHERE if abs(x) < 1e-8]}
ONE_OPERAND = [name for name, row in ROWS.items() if len(row.operand_names()) == 1 and name != "weighted_sum"]
TWO_OPERANDS = ["add", "sub", "mul", "div", "maximum", "minimum", "greater"]
POWERS = ["power", "exponential", "general_power"]


@pytest.mark.parametrize("name", ONE_OPERAND)
def test_sound_rows_of_one_operand_pass(name: str) -> None:
    for x in RANGES.get(name, EVERYWHERE):
        [check, _] = check_gradients(ROWS[name](Value(x))).checks
        allowed = (OK, UNSURE) if x in BLURRED.get(name, []) else (OK,)
        assert check.verdict in allowed, f"{name} at {x}: {check}"


@pytest.mark.parametrize("name", mostly_slow(TWO_OPERANDS, "div"))
def test_sound_rows_of_two_operands_pass(name: str) -> None:
    for x in EVERYWHERE:
        for y in (0.9 * other for other in EVERYWHERE[::3]):
            for check in check_gradients(ROWS[name](Value(x), Value(y))).checks:
                assert check.verdict == OK, f"{name} at {x}, {y}: {check}"


@pytest.mark.parametrize("name", POWERS)
def test_sound_powers_pass(name: str) -> None:
    for x in POSITIVE:
        for y in (-2.5, -2.0, 0.5, 3.0):
            operands = [x if name == "exponential" else Value(x), y if name == "power" else Value(y)]
            for check in check_gradients(ROWS[name](*operands)).checks:
                assert check.verdict == OK, f"{name} at {x}, {y}: {check}"


def test_a_sound_weighted_sum_passes() -> None:
    """But at 1e-10, where the other parts of the sum are 1e10 times as large."""
    for x in EVERYWHERE:
        for check in check_gradients(weighted_sum([Value(x), 2.0], [Value(0.7), Value(-x)], Value(3.0))).checks:
            assert check.verdict == OK or (abs(x) < 1e-9 and check.verdict == UNSURE), f"at {x}: {check}"


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1.0 / x,
        lambda x: 1.0 / (x * x),
        lambda x: x**-2,
        lambda x: x**-3,
        lambda x: x**-4,
        lambda x: abs(x) ** Value(-2.0),
        lambda x: (-x * x * 1e8).exp(),
        lambda x: (x * x).log(),
        lambda x: (3.0 * x).sin(),
        lambda x: x * x - x,
        lambda x: x + 1.0,
    ],
)
def test_sound_compositions_pass(f: Callable[[Value], Value]) -> None:
    """Next to a pole, and where all that happens, happens within 1e-4."""
    for x in [*EVERYWHERE, 1e-5, 3e-5, 1e-4, 3e-4, 3e-8]:
        for check in check_gradients(f(Value(x))).checks:
            assert check.verdict == OK, f"at {x}: {check}"


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (1.0 / x).cos(),  # at 1e-10, 1/x is rounded by 1e-6
        lambda x: 1.0 / (1.0 + (-x).exp()),  # at -610, 1/y² underflows
        lambda x: x.sin() / x,  # backward subtracts 1/x from 1/x
        lambda x: (x * 1e5).tanh(),
        lambda x: (x * 1e-3 + 1.0) - 1.0,
        lambda x: (x * 1e-320) * 1e300,
    ],
)
def test_what_rounding_spoils_is_not_accused(f: Callable[[Value], Value]) -> None:
    for x in [x for x in EVERYWHERE if x > -700.0] + [-610.0, 1e-5]:
        assert {check.verdict for check in check_gradients(f(Value(x))).checks} <= {OK, UNSURE}


@pytest.mark.parametrize("f", [lambda z: z, lambda z: z * z, lambda z: z.tanh()])
@pytest.mark.parametrize("rest", [0.0, 1e-15, 1e-8])
def test_a_sum_whose_parts_cancel_is_not_accused(f: Callable[[Value], Value], rest: float) -> None:
    """Like the squared error of a model that fits: what is left of the sum is little more than rounding."""
    weights = [Value(6669695.094516373), Value(0.2519112776641165), Value(-9.429751636500015e-06)]
    inputs = [Value(-0.0008594870883743752), Value(2134058.4699766343), Value(8.54208559e-06)]
    bias = -weighted_sum(weights, inputs).data * (1.0 + rest)
    found = verdicts(f(weighted_sum(weights, inputs, Value(bias))))
    assert set(found.values()) <= {OK, UNSURE}


def test_waves_smaller_than_rounding_are_unsure() -> None:
    """Nudging the whole sees 1.0 at every step, but nudging each operation sees their slopes."""
    assert verdicts((Value(0.0, "x") * 1e17).sin() * 1e-17 + 1.0)["x"] == UNSURE


def test_a_narrow_function_is_found_at_0() -> None:
    assert verdicts((Value(0.0, "x") * 1e20).tanh())["x"] == OK


@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("x", [1e15, 1e17, 1e300])
def test_a_sine_finer_than_floats_is_unsure(x: float, factor: float) -> None:
    """From one float to the next it passes through a sizeable part of a wave, or many."""
    assert verdicts((Value(x, "x") * factor).sin())["x"] == UNSURE
    assert verdicts(Value(x, "x").sin())["x"] == UNSURE


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_cannot_be_nudged(x: float) -> None:
    assert verdicts(Value(x, "x") * 2.0)["x"] == UNSURE


@pytest.mark.parametrize("tolerance", [math.nan, -1e-6, 0.0, 1.0, math.inf])
def test_a_tolerance_is_a_relative_error(tolerance: float) -> None:
    with pytest.raises(ValueError, match=f"^tolerance is a relative error, between 0 and 1, got {tolerance}$"):
        check_gradients(Value(1.0), tolerance)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (math.exp, 1.0, math.e),
        (math.log, 1e-5, 1e5),
        (math.sin, 1e5, math.cos(1e5)),
        (lambda x: 1.0 / x, -1e-5, -1e10),
        (lambda x: abs(x), 1e-5, 1.0),
        (lambda x: math.sqrt(x), 1e-5, 0.5 / math.sqrt(1e-5)),
        (lambda x: 3.0, 5.0, 0.0),
        (lambda x: x**3, 0.0, 0.0),
    ],
)
def test_slopes_of_functions(f: Callable[[float], float], x: float, expected: float) -> None:
    numerical, verdict = compare(expected, f, x, 1e-16 * abs(f(x)), 1e-10)
    assert (numerical.value, verdict) == (pytest.approx(expected, rel=1e-10, abs=1e-12), OK)


# --------------------------------------------------------------------------------------------------------- kinks


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.relu(),
        lambda x: abs(x),
        lambda x: maximum(x, x + 0.0),
        lambda x: maximum(x, 0.0),
        lambda x: x.leaky_relu(),
        lambda x: (3.0 * abs(x)).tanh(),
        lambda x: x.relu() - (-x).relu(),  # smooth as a whole, and yet backward finds 0 for 1
        lambda x: maximum(x, 0.0) ** 2 + x.relu(),
    ],
)
def test_kinks_are_reported_as_kinks(f: Callable[[Value], Value]) -> None:
    x = Value(0.0, "x")
    assert verdicts(f(x))["x"] == KINK


@pytest.mark.parametrize("name", ["step", "sign"])
def test_a_jump_is_a_kink(name: str) -> None:
    assert verdicts(ROWS[name](Value(0.0, "x")))["x"] == KINK


@pytest.mark.parametrize("name", ["maximum", "minimum", "greater"])
@pytest.mark.parametrize("x", [0.0, 1e-10, -3.0, 1e10])
def test_a_tie_is_a_kink(name: str, x: float) -> None:
    found = verdicts(ROWS[name](Value(x, "x"), Value(x, "y")))
    assert (found["x"], found["y"]) == (KINK, KINK)


@pytest.mark.parametrize("x", [1e-300, 1e-10, -1e-5, 3.0])
def test_next_to_a_kink_there_is_none(x: float) -> None:
    node = Value(x, "x")
    assert verdicts(node.relu() + abs(node))["x"] == OK


NEAR_ONE = {
    "relu(x - 1)": lambda x: (x - 1.0).relu(),
    "|x - 1|": lambda x: abs(x - 1.0),
    "max(x, 1)": lambda x: maximum(x, 1.0),
    "leaky_relu(x - 1)": lambda x: (x - 1.0).leaky_relu(),
    "relu(3x - 3)": lambda x: (3.0 * x - 3.0).relu(),
    "relu(x - 1) + 1e5": lambda x: (x - 1.0).relu() + 1e5,
    "x relu(x² - 1)": lambda x: (x * x - 1.0).relu() * x,
}


@pytest.mark.parametrize("name", NEAR_ONE)
def test_a_kink_nearer_than_rounding_lets_see_is_no_failure(name: str) -> None:
    for distance in (1e-8, 1e-10, 1e-12, 1e-13, 1e-14, 3e-15, 1e-15):
        for x in (1.0 + distance, 1.0 - distance):
            check_gradients(NEAR_ONE[name](Value(x)))


@pytest.mark.parametrize("distance", [1e-8, 1e-10, 1e-12])
def test_nudging_tells_the_sides_of_a_kink_apart(distance: float) -> None:
    assert verdicts((Value(1.0 + distance, "x") - 1.0).relu())["x"] == OK
    assert verdicts((Value(1.0 - distance, "x") - 1.0).relu())["x"] == OK


def test_a_kink_that_rounding_hides_is_a_kink() -> None:
    """With 1e5 added, the steps that would stay on one side of the kink are lost."""
    assert verdicts((Value(1.0 + 1e-10, "x") - 1.0).relu() + 1e5)["x"] == KINK


def test_a_kink_as_near_as_numbers_get_is_a_kink() -> None:
    node = Value(5e-324, "x")
    assert verdicts(node.relu() + abs(node))["x"] == KINK


@pytest.mark.parametrize("n", [2, 3, 4, 12])
def test_a_flat_place_is_no_kink(n: int) -> None:
    assert verdicts(Value(0.0, "x") ** n)["x"] == OK


def test_nudging_does_not_trust_what_rounding_took() -> None:
    """Where x² + 1e-60 x is nudged by a sizeable step, x² swallows the rest: 0 by nudging is no proof."""
    x = Value(0.0, "x")
    assert verdicts(x * (x + 1e-60))["x"] == UNSURE


def test_only_what_leads_to_a_kink_is_reported() -> None:
    x, y = Value(0.0, "x"), Value(2.0, "y")
    root = x.relu() + y * y
    root.label = "root"
    assert verdicts(root) == {"x": KINK, "h1": OK, "y": OK, "h2": OK, "root": OK}


def test_a_wrong_slope_at_a_kink_is_wrong() -> None:
    """At 0, anything from 0 to 1 may be called the derivative of relu; 2 may not."""

    class Relu2(Rule):
        def forward(self, x: float) -> float:
            return max(x, 0.0)

        def partials(self, out: Any, x: Any) -> Any:
            return (2.0,)

    with pytest.raises(GradientError, match=r"^relu2\(x\): "):
        check_gradients(Relu2()(Value(0.0)))


def test_what_rounding_hides_is_unsure() -> None:
    """1e-20 of x is lost when 1 is added: nudging cannot see whether its derivative is right."""
    x = Value(2.0, "x")
    assert verdicts(x.sin() * 1e-20 + 1.0)["x"] == UNSURE


def test_at_the_edge_of_the_domain_nudging_is_unsure() -> None:
    """x ** 1.5 has a derivative at 0, but no value on the left of it."""
    assert verdicts(Value(0.0, "x") ** 1.5)["x"] == UNSURE


# ---------------------------------------------------------------------------------------------------- wrong rows


class Square(Rule):
    """2.001 for 2."""

    def forward(self, x: float) -> float:
        return x * x

    def partials(self, out: Any, x: Any) -> Any:
        return (2.001 * x,)


class Quotient(Rule):
    """The partials of x and y swapped."""

    def forward(self, x: float, y: float) -> float:
        return x / y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (-x / y / y, 1.0 / y)


class Difference(Rule):
    """A lost sign."""

    def forward(self, x: float, y: float) -> float:
        return x - y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (1.0, 1.0)


class Cosine(Rule):
    """A lost sign."""

    def forward(self, x: float) -> float:
        return math.cos(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (x.sin() if isinstance(x, Value) else math.sin(x),)


class Missing(Rule):
    """A derivative that is nan."""

    def forward(self, x: float) -> float:
        return 2.0 * x

    def partials(self, out: Any, x: Any) -> Any:
        return (math.nan,)


WRONG_ROWS = [
    (Square(), (3.0,)),
    (Quotient(), (1.0, 4.0)),
    (Difference(), (2.0, 3.0)),
    (Cosine(), (1.0,)),
    (Missing(), (1.0,)),
]


@pytest.mark.parametrize(("row", "inputs"), WRONG_ROWS)
def test_a_wrong_row_is_caught_by_its_name(row: Rule, inputs: tuple[float, ...]) -> None:
    """Deep in a graph of sound rows, too."""
    leaves = [Value(x) for x in inputs]
    for root in (row(*leaves), (row(*leaves) * 0.5).exp() + leaves[0]):
        with pytest.raises(GradientError, match=f"^{type(row).__name__.lower()}\\(.*by nudging.*by its row") as raised:
            check_gradients(root)
        assert WRONG in {check.verdict for check in raised.value.report.checks}


@pytest.mark.parametrize(("row", "inputs"), WRONG_ROWS)
def test_a_wrong_row_is_caught_by_the_tests_of_the_table(row: Rule, inputs: tuple[float, ...]) -> None:
    with pytest.raises(AssertionError):
        assert_partials(row, inputs, range(len(inputs)))


def test_the_message_tells_both_numbers_and_where() -> None:
    with pytest.raises(GradientError) as raised:
        check_gradients(Square()(Value(3.0, "x")))
    assert str(raised.value) == (
        "square(x): the derivative along operand 1 is 6 by nudging, but 6.003 by its row of the table, at 3.0"
    )
    assert raised.value.report.checks[0] == NodeCheck(raised.value.report.checks[0].node, "x", 6.003, 6.0, WRONG)


def test_a_wrong_row_does_not_hide_behind_a_kink() -> None:
    x = Value(0.0, "x")
    with pytest.raises(GradientError, match=r"^difference\(x, y\): ") as raised:
        check_gradients(Difference()(x.relu() + 1.0, x * 2.0))
    assert {check.name: check.verdict for check in raised.value.report.checks}["x"] == WRONG


@pytest.mark.parametrize("f", [lambda h: abs(h - 9.0), lambda h: h * 0.0, lambda h: (h - 20.0).relu()])
def test_a_wrong_row_does_not_hide_behind_an_upstream_gradient_of_0(f: Callable[[Value], Value]) -> None:
    with pytest.raises(GradientError, match=r"^square\(x\): the derivative along operand 1 is 6 by nudging"):
        check_gradients(f(Square()(Value(3.0))))


@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize(("row", "inputs"), [(Square(), (3.0,)), (Quotient(), (1.0, 4.0)), (Difference(), (2.0, 3.0))])
def test_a_wrong_row_is_caught_at_any_magnitude(row: Rule, inputs: tuple[float, ...], magnitude: float) -> None:
    with pytest.raises(GradientError, match=f"^{type(row).__name__.lower()}"):
        check_gradients(row(*[Value(x * magnitude) for x in inputs]))


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_a_wrong_row_is_caught_next_to_a_pole(magnitude: float) -> None:
    class InverseSquare(Rule):
        def forward(self, x: float) -> float:
            return x**-2

        def partials(self, out: Any, x: Any) -> Any:
            return (-2.001 * x**-3,)

    with pytest.raises(GradientError, match="^inversesquare"):
        check_gradients(InverseSquare()(Value(1.7 * magnitude)))


class Greater(Rule):
    """The partials of x and y swapped."""

    def forward(self, x: float, y: float) -> float:
        return max(x, y)

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (float(y > x), float(x > y))


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_a_wrong_row_does_not_hide_near_a_kink(magnitude: float) -> None:
    with pytest.raises(GradientError, match="^greater"):
        check_gradients(Greater()(Value(1.7 * magnitude), Value(1.6 * magnitude)))


def test_a_slope_where_there_is_none_is_caught() -> None:
    """On top of a wave nudging finds 0, but for rounding."""

    class Sine(Rule):
        def forward(self, x: float) -> float:
            return math.sin(x)

        def partials(self, out: Any, x: Any) -> Any:
            return (out,)

    with pytest.raises(GradientError, match=r"^sine\(x\): "):
        check_gradients(Sine()(Value(math.pi / 2.0)))


def test_a_small_mistake_is_caught_in_waves_far_from_0() -> None:
    """At 1.7e10 a wave is a million floats wide."""

    class Waves(Rule):
        def forward(self, x: float) -> float:
            return math.sin(x)

        def partials(self, out: Any, x: Any) -> Any:
            return (1.00001 * math.cos(x),)

    with pytest.raises(GradientError, match=r"^waves\(x\): "):
        check_gradients(Waves()(Value(1.7e10)))


def test_a_small_mistake_is_caught_in_spite_of_rounding() -> None:
    """1e8 added costs eight digits, and of the other eight the mistake is in the fifth."""

    class Elevated(Rule):
        def forward(self, x: float) -> float:
            return x * x + 1e8

        def partials(self, out: Any, x: Any) -> Any:
            return (2.00002 * x,)

    with pytest.raises(GradientError, match=r"^elevated\(x\): "):
        check_gradients(Elevated()(Value(3.0)))


def test_a_row_may_decide_and_call_math() -> None:
    """Such partials serve floats only, and floats are all that is needed here."""

    class Huber(Rule):
        def forward(self, x: float) -> float:
            return x * x / 2.0 if abs(x) < 1.0 else abs(x) - 0.5

        def partials(self, out: float, x: float) -> Any:
            return (x if abs(x) < 1.0 else math.copysign(1.0, x),)

    assert {verdicts(Huber()(Value(x, "x")))["x"] for x in (-3.0, -0.5, 0.0, 0.25, 1.0, 2.0)} == {OK}


def test_a_wrong_backward_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row is right, the chain rule is not: `=` for `+=`."""

    def assign(root: Value) -> None:
        root.grad = 1.0
        for node in reversed(topological_order(root)):
            for child, partial in zip(node.children, node.partials() if node.op else (), strict=True):
                child.grad = node.grad * partial

    monkeypatch.setattr(Value, "backward", assign)
    x = Value(3.0, "x")
    with pytest.raises(GradientError, match="^the gradient of x is 6 by nudging, but 3 by backward, though no "):
        check_gradients(x * x)


@pytest.mark.parametrize("interior", [False, True])
def test_a_graph_whose_data_changed_is_not_checked(interior: bool) -> None:
    """Half of a check reads the numbers of then, half those of now: no row is to blame."""
    x = Value(2.0, "x")
    y = rules.exp(x) * x
    (y.children[0] if interior else x).data = 3.0
    message = r"data changed after it was used: h1 = exp\(x\) is .*, now .*\. Compute the graph again"
    with pytest.raises(ValueError, match=f"^{message}"):
        check_gradients(y)
    x.data = -1.0
    with pytest.raises(ValueError, match="^data changed after it was used: h1 = .* now nan"):
        check_gradients(undefined_now())


def undefined_now() -> Value:
    x = Value(1.0, "x")
    y = x.log()
    x.data = -1.0
    return y


def test_what_has_no_value_because_it_is_nan_is_no_change() -> None:
    x = Value(math.nan)
    assert check_gradients(x * 2.0).checks


@pytest.mark.parametrize("f", [rules.sin, rules.cos, lambda x: x * rules.sin(x)], ids=["sin", "cos", "x sin"])
def test_waves_shorter_than_any_step_accuse_nobody(f: Callable[[Value], Value]) -> None:
    for exponent in range(0, 301, 4):
        for x in (10.0**exponent, -2.3 * 10.0**exponent, 1.7 * 10.0**exponent):
            verdicts = {check.verdict for check in check_gradients(f(Value(x))).checks}
            assert verdicts <= {OK, UNSURE}, x
