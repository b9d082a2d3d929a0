"""The numerical check: is the gradient of every node what it must be?

A derivative says how fast the output changes when a node is nudged. So nudge each node, interior ones included, compute
what depends on it again, and compare. This knows nothing of the chain rule and nothing of the table's derivatives.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tinygrad_edu.engine import Constant, Value, fresh_gradients, replay, topological_order
from tinygrad_edu.formulas import names
from tinygrad_edu.tables import table

PRECISION = 2.0**-53  # the greatest relative error of rounding to a float
SMALLEST = math.ulp(0.0)  # the greatest error where numbers are too small for a relative one
STEPS = 30
SHRINK = 4.0  # from one step to the next
EXTRAPOLATIONS = 4


class Slope(NamedTuple):
    """A numerical derivative and how far off it may be."""

    value: float
    error: float


class NodeCheck(NamedTuple):
    """What the check found at one node."""

    node: Value
    name: str
    analytic: float  # ∂root/∂node by backward
    numerical: float  # ∂root/∂node by nudging
    verdict: str  # "ok", "kink", "unsure" or "WRONG"

    @property
    def relative_error(self) -> float:
        return relative_error(self.analytic, self.numerical)


class Report:
    """The findings, in topological order. As text it is a table.

    ok      analytic and numerical derivative agree
    kink    an operation on the way to the root has a corner there, like relu at 0: any slope between the one on its
            left and the one on its right may be called the derivative
    unsure  they do not agree, but the difference is less than rounding lets nudging see
    WRONG   they do not agree
    """

    def __init__(self, checks: Sequence[NodeCheck]) -> None:
        self.checks = checks

    def __str__(self) -> str:
        head = ("node", "  operation", "  analytic", "  numerical", "  relative error", "  verdict")
        return "\n".join(line.rstrip() for line in table([head, *map(report_row, self.checks)]))


def report_row(check: NodeCheck) -> tuple[str, ...]:
    operation = check.node.op.symbol if check.node.op else ""
    numbers = (f"  {check.analytic:.9g}", f"  {check.numerical:.9g}", f"  {check.relative_error:.1e}")
    return (check.name, f"  {operation}", *numbers, f"  {check.verdict}")


class GradientError(ArithmeticError):
    """A gradient is wrong. `report` holds what the check found at every node."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def check_gradients(root: Value, tolerance: float = 1e-6) -> Report:
    """Compare ∂root/∂node by `backward` with what nudging the node does to `root`, for every node but constants.

    The graph keeps its numbers and its gradients. Raises GradientError, with the name of the operation whose row of
    the table is wrong, if a relative error is above `tolerance` and neither a kink nor rounding explains it.

    >>> x = Value(3.0, "x")
    >>> print(check_gradients(x * x))
    node  operation  analytic  numerical  relative error  verdict
    x                6         6          0.0e+00         ok
    h1    *          1         1          0.0e+00         ok
    """
    order = topological_order(root)
    named = names(order)
    edges = judge_edges(order, tolerance)
    with fresh_gradients(root):
        root.backward()
        report = Report([check_node(order, node, named[node], edges, tolerance) for node in order if varies(node)])
    for check in reversed(report.checks):
        if check.verdict == "WRONG":
            raise GradientError(explanation(order, check, edges), report)
    return report


def varies(node: Value) -> bool:
    """Whether a node has a gradient: a constant has none."""
    return not isinstance(node, Constant)


# --------------------------------------------------------------------------------------- the slope of a function


def slope(f: Callable[[float], float], x: float, noise: float) -> Slope:
    """f'(x) from central differences with ever smaller steps, extrapolated to a step of 0.

    A large step suffers from the curve (truncation), a small one from rounding, and nobody knows beforehand which step
    is right. So many are tried, and the estimate is taken whose error is least, as far as neighbouring estimates and
    `noise`, the rounding error of f, tell. Steps at which f has no value are left out.

    Source: Ridders, Advances in Engineering Software 4, 1982; Press et al., Numerical Recipes, section 5.7.
    """
    best = Slope(math.nan, math.inf)
    previous: list[float] = []
    step = max(abs(x), 1.0)
    for _ in range(STEPS):
        step /= SHRINK
        up, down = x + step, x - step
        if noise / step > best.error or up == down:
            break
        high, low = value_at(f, up), value_at(f, down)
        rounded = (noise + PRECISION * max(abs(high), abs(low))) / step
        estimates = [(high - low) / (up - down)]
        for order, coarser in enumerate(previous[:EXTRAPOLATIONS], start=1):
            factor = SHRINK ** (2 * order)
            finer = estimates[-1]
            estimates.append((finer * factor - coarser) / (factor - 1.0))
            error = max(abs(estimates[-1] - finer), abs(estimates[-1] - coarser)) + rounded
            if error < best.error:
                best = Slope(estimates[-1], error)
        previous = estimates if math.isfinite(estimates[0]) else []
    return best


def value_at(f: Callable[[float], float], x: float) -> float:
    """f(x); nan where f has no value."""
    try:
        return f(x)
    except (ValueError, ArithmeticError):
        return math.nan


def has_kink(f: Callable[[float], float], x: float, derivative: float, noise: float) -> bool:
    """Whether f has a corner at x, and the derivative lies between the slopes on its two sides.

    Of a smooth f the difference of these slopes is proportional to the step. What is not proportional is the corner.
    """
    step = max(1e-7 * abs(x), sys.float_info.min) if x else 1e-7
    slopes = []
    for h in (step, step / 2.0):
        low, middle, high = value_at(f, x - h), value_at(f, x), value_at(f, x + h)
        slopes.append(((middle - low) / h, (high - middle) / h))
    (left_far, right_far), (left, right) = slopes
    corner = 2.0 * (right - left) - (right_far - left_far)
    slack = 1e-3 * max(abs(left), abs(right))
    between = min(left, right) - slack <= derivative <= max(left, right) + slack
    return between and abs(corner) > slack + 100.0 * noise / step


# ------------------------------------------------------------------------------------------------ in the graph

Edges = Mapping[tuple[Value, int], str]  # the verdict on each operand of each operation


def check_node(order: Sequence[Value], node: Value, name: str, edges: Edges, tolerance: float) -> NodeCheck:
    """Nudge one node and compare with its gradient, for which all operations between it and the root answer."""
    dependent = depending_on(order, node)
    noise = rounding(other.data * other.grad for other in dependent)
    numerical = slope(lambda x: float(replay(dependent, {node: x})), node.data, noise)
    on_the_way = {edges[edge] for edge in edges_between(dependent)}
    verdict = judge(node.grad, numerical, tolerance)
    if "kink" in on_the_way and "WRONG" not in on_the_way:
        verdict = "kink"
    return NodeCheck(node, name, node.grad, numerical.value, verdict)


def depending_on(order: Sequence[Value], node: Value) -> list[Value]:
    """The node and all that is computed from it, in topological order."""
    reached = {node}
    for other in order:
        if any(child in reached for child in other.children):
            reached.add(other)
    return [other for other in order if other in reached]


def edges_between(nodes: Sequence[Value]) -> Iterator[tuple[Value, int]]:
    """Every operand of a node that is itself one of the nodes, as an operation and a place."""
    among = set(nodes)
    for node in nodes:
        for i, child in enumerate(node.children):
            if child in among:
                yield node, i


def judge_edges(order: Sequence[Value], tolerance: float) -> Edges:
    """The verdict on every local derivative, by nudging one operand of one operation alone."""
    varying = [node for node in order if varies(node)]
    return {(node, i): judge_edge(node, i, tolerance) for node, i in edges_between(varying)}


def judge_edge(node: Value, i: int, tolerance: float) -> str:
    """The verdict on ∂node/∂(its operand i)."""
    x, partial, noise = node.children[i].data, node.partials()[i], own_rounding(node)
    f = functools.partial(with_operand, node, i)
    return "kink" if has_kink(f, x, partial, noise) else judge(partial, slope(f, x, noise), tolerance)


def with_operand(node: Value, i: int, x: float) -> float:
    """The operation of a node, with x for its operand i."""
    operands = [child.data for child in node.children]
    operands[i] = x
    return node.op.evaluate(*operands)


def own_rounding(node: Value) -> float:
    """The rounding error of one operation: of its value, and of what its operands contribute to that."""
    parts = zip(node.children, node.partials(), strict=True)
    return rounding([node.data, *(x.data * partial for x, partial in parts if varies(x))])


def rounding(parts: Iterable[float]) -> float:
    """The rounding error of a result, given what each number that was rounded contributes to it.

    Source: Iri, Japan Journal of Applied Mathematics 1, 1984: a gradient also tells how rounding errors spread.
    """
    return math.fsum(PRECISION * abs(part) + SMALLEST for part in parts if math.isfinite(part))


# ----------------------------------------------------------------------------------------------------- verdicts


def judge(analytic: float, numerical: Slope, tolerance: float) -> str:
    """ "ok", "unsure" or "WRONG"."""
    if relative_error(analytic, numerical.value) <= tolerance:
        return "ok"
    blurred = math.isinf(numerical.error) or abs(analytic - numerical.value) <= 10.0 * numerical.error
    return "unsure" if blurred else "WRONG"


def relative_error(analytic: float, numerical: float) -> float:
    """Their difference, relative to the greater one."""
    return abs(analytic - numerical) / (max(abs(analytic), abs(numerical)) or 1.0)


def explanation(order: Sequence[Value], check: NodeCheck, edges: Edges) -> str:
    """Which operation makes the gradient of a node wrong."""
    for node, i in edges_between(depending_on(order, check.node)):
        if edges[node, i] == "WRONG":
            operands = [child.data for child in node.children]
            numerical = slope(functools.partial(with_operand, node, i), operands[i], own_rounding(node))
            return (
                f"{node.op}: the derivative along operand {i + 1} is {numerical.value:.9g} by nudging, "
                f"but {node.partials()[i]:.9g} by its row of the table, at {node.op.named(operands)}"
            )
    return (
        f"the gradient of {check.name} is {check.numerical:.9g} by nudging, but {check.analytic:.9g} by backward, "
        "though no operation has a wrong derivative"
    )
