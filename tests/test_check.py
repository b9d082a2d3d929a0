"""The numerical check: it passes what is right, at any magnitude, and catches what is wrong, by name."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.oracles import ROWS, assert_partials, gradient_of
from tinygrad_edu import Parameter, Value, check_gradients, maximum, topological_order
from tinygrad_edu.check import GradientError, NodeCheck, slope
from tinygrad_edu.nn import MLP
from tinygrad_edu.rules import Rule


def verdicts(root: Value) -> dict[str, str]:
    return {check.name: check.verdict for check in check_gradients(root).checks}


def test_every_node_is_checked_but_constants() -> None:
    x, w = Value(0.5, "x"), Parameter(2.0, "w")
    y = (w * x + 1.0).tanh()
    y.label = "y"
    report = check_gradients(y)
    assert [check.name for check in report.checks] == ["w", "x", "h1", "h2", "y"]
    assert {check.verdict for check in report.checks} == {"ok"}
    assert [check.analytic for check in report.checks[:2]] == pytest.approx(
        [0.5 / math.cosh(2.0) ** 2, 2.0 / math.cosh(2.0) ** 2], rel=1e-14
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
    assert verdicts(Value(2.0, "x")) == {"x": "ok"}


def test_a_whole_network() -> None:
    report = check_gradients(MLP(3, [8, 8, 1], activation="tanh", seed=3)([0.5, -1.0, 2.0]))
    assert {check.verdict for check in report.checks} == {"ok"}
    assert max(check.relative_error for check in report.checks) < 1e-8


# ------------------------------------------------------------------------------------------- ten orders of magnitude

MAGNITUDES = [10.0**k for k in range(-5, 6)]
EVERYWHERE = [sign * 1.7 * magnitude for magnitude in MAGNITUDES for sign in (1.0, -1.0)]
POSITIVE = [x for x in EVERYWHERE if x > 0.0]
BELOW_OVERFLOW = [x for x in EVERYWHERE if abs(x) < 700.0]
RANGES = {
    "exp": BELOW_OVERFLOW,
    "log": POSITIVE,
    "sqrt": POSITIVE,
    # beyond, 1 - tanh² is no more than rounding, and its own error is what the check finds
    "tanh": [x for x in EVERYWHERE if not 10.0 < abs(x) < 20.0],
    "elu": [x for x in EVERYWHERE if x > -35.0],
}
ONE_OPERAND = [name for name, row in ROWS.items() if len(row.operands()) == 1 and name != "weighted_sum"]
TWO_OPERANDS = ["add", "sub", "mul", "div", "maximum", "minimum", "power", "general_power"]


@pytest.mark.parametrize("name", ONE_OPERAND)
def test_sound_rows_of_one_operand_pass(name: str) -> None:
    for x in RANGES.get(name, EVERYWHERE):
        [check, _] = check_gradients(ROWS[name](Value(x))).checks
        assert check.verdict == "ok", f"{name} at {x}: {check}"


@pytest.mark.parametrize("name", TWO_OPERANDS)
def test_sound_rows_of_two_operands_pass(name: str) -> None:
    powers = "power" in name
    for x in POSITIVE if powers else EVERYWHERE:
        for y in (-2.5, 0.5, 3.0) if powers else (0.9 * other for other in EVERYWHERE):
            operands = [Value(x), y if name == "power" else Value(y)]
            for check in check_gradients(ROWS[name](*operands)).checks:
                assert check.verdict == "ok", f"{name} at {x}, {y}: {check}"


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
    value, error = slope(f, x, 1e-16 * abs(f(x)))
    assert value == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert abs(value - expected) <= 10.0 * error + 1e-16 * abs(expected)


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
    assert verdicts(f(x))["x"] == "kink"


def test_a_jump_is_a_kink() -> None:
    assert verdicts(ROWS["step"](Value(0.0, "x")))["x"] == "kink"


@pytest.mark.parametrize("x", [1e-10, -1e-5, 3.0])
def test_next_to_a_kink_there_is_none(x: float) -> None:
    node = Value(x, "x")
    assert verdicts(node.relu() + abs(node))["x"] == "ok"


@pytest.mark.parametrize("x", [5e-324, 1e-316])
def test_a_kink_as_near_as_numbers_get_is_a_kink(x: float) -> None:
    node = Value(x, "x")
    assert verdicts(node.relu() + abs(node))["x"] == "kink"


def test_nudging_does_not_trust_what_rounding_took() -> None:
    """Where x² + 1e-38 x is nudged by a sizeable step, x² swallows the rest: 0 by nudging is no proof."""
    x = Value(0.0, "x")
    assert verdicts(x * (x + 1e-38))["x"] == "unsure"


def test_only_what_leads_to_a_kink_is_reported() -> None:
    x, y = Value(0.0, "x"), Value(2.0, "y")
    root = x.relu() + y * y
    root.label = "root"
    assert verdicts(root) == {"x": "kink", "h1": "ok", "y": "ok", "h2": "ok", "root": "ok"}


def test_a_wrong_slope_at_a_kink_is_wrong() -> None:
    """At 0, anything from 0 to 1 may be called the derivative of relu; 2 may not."""

    class Relu2(Rule):
        def forward(self, x: float) -> float:
            return max(x, 0.0)

        def partials(self, out: Any, x: Any) -> Any:
            return (2.0,)

    with pytest.raises(GradientError, match="relu2"):
        check_gradients(Relu2()(Value(0.0)))


def test_what_rounding_hides_is_unsure() -> None:
    """1e-20 of x is lost when 1 is added: nudging cannot see whether its derivative is right."""
    x = Value(2.0, "x")
    assert verdicts(x.sin() * 1e-20 + 1.0)["x"] == "unsure"


def test_at_the_edge_of_the_domain_nudging_is_unsure() -> None:
    """x ** 1.5 has a derivative at 0, but no value on the left of it."""
    assert verdicts(Value(0.0, "x") ** 1.5)["x"] == "unsure"


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


WRONG = [
    (Square(), (3.0,)),
    (Quotient(), (1.0, 4.0)),
    (Difference(), (2.0, 3.0)),
    (Cosine(), (1.0,)),
    (Missing(), (1.0,)),
]


@pytest.mark.parametrize(("row", "inputs"), WRONG)
def test_a_wrong_row_is_caught_by_its_name(row: Rule, inputs: tuple[float, ...]) -> None:
    """Deep in a graph of sound rows, too."""
    leaves = [Value(x) for x in inputs]
    for root in (row(*leaves), (row(*leaves) * 0.5).exp() + leaves[0]):
        with pytest.raises(GradientError, match=f"^{type(row).__name__.lower()}\\(.*by nudging.*by its row") as raised:
            check_gradients(root)
        assert "WRONG" in {check.verdict for check in raised.value.report.checks}


@pytest.mark.parametrize(("row", "inputs"), WRONG)
def test_a_wrong_row_is_caught_by_the_tests_of_the_table(row: Rule, inputs: tuple[float, ...]) -> None:
    with pytest.raises(AssertionError):
        assert_partials(row, inputs, range(len(inputs)))


def test_the_message_tells_both_numbers_and_where() -> None:
    with pytest.raises(GradientError) as raised:
        check_gradients(Square()(Value(3.0, "x")))
    assert str(raised.value) == (
        "square(x): the derivative along operand 1 is 6 by nudging, but 6.003 by its row of the table, at 3.0"
    )
    assert raised.value.report.checks[0] == NodeCheck(raised.value.report.checks[0].node, "x", 6.003, 6.0, "WRONG")


def test_a_wrong_row_does_not_hide_behind_a_kink() -> None:
    x = Value(0.0, "x")
    with pytest.raises(GradientError, match=r"difference\(x, y\)"):
        check_gradients(Difference()(x.relu() + 1.0, x * 2.0))


def test_a_wrong_backward_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row is right, the chain rule is not: `=` for `+=`."""

    def assign(root: Value) -> None:
        root.grad = 1.0
        for node in reversed(topological_order(root)):
            for child, partial in zip(node.children, node.partials() if node.op else (), strict=True):
                child.grad = node.grad * partial

    monkeypatch.setattr(Value, "backward", assign)
    x = Value(3.0, "x")
    with pytest.raises(GradientError, match="gradient of x is 6 by nudging, but 3 by backward, though no operation"):
        check_gradients(x * x)
