"""Check numerically whether the gradient of every node is what it must be.

A derivative says how fast the output changes when a node is nudged. So nudge each node, interior ones included, compute
what depends on it again, and compare. This knows nothing of the chain rule and nothing of the table's derivatives. Then
nudge each operand of each operation alone, to tell which row of the table is wrong, and where there is a kink.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tinygrad_edu.arguments import instance, real
from tinygrad_edu.engine import Value, topological_order
from tinygrad_edu.readers.naming import node_names
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.readers.replay import depending_on, fresh_gradients, replay
from tinygrad_edu.rule import check_data
from tinygrad_edu.words import say

PRECISION = 2.0**-53  # the greatest relative error of rounding to a float
SMALLEST = math.ulp(0.0)  # the greatest error where numbers are too small for a relative one
SHRINK = 4.0  # from one step to the next
EXTRAPOLATIONS = 4
COLUMNS = "node", "operation", "analytic", "numerical", "relative error", "verdict"  # of the report
OK, KINK, UNSURE, WRONG = "ok", "kink", "unsure", "WRONG"  # the verdicts, explained in `Report`

Function: TypeAlias = Callable[[float], float]


class Slope(NamedTuple):
    """Hold a derivative, how far off it may be, and the step of x by which it was found."""

    value: float
    error: float
    step: float = 0.0


Finding: TypeAlias = tuple[Slope, str]  # the derivative by nudging and the verdict


class NodeCheck(NamedTuple):
    """Hold what the check found at one node."""

    node: Value
    name: str
    analytic: float  # ∂root/∂node by backward
    numerical: float  # ∂root/∂node by nudging; nan where nudging finds none
    verdict: str  # OK, KINK, UNSURE or WRONG

    @property
    def relative_error(self) -> float:
        """Return the difference of the derivatives, relative to the greater one."""
        return relative_error(self.analytic, self.numerical)


class Report(NamedTuple):
    """Hold the findings, in topological order. As text, and at a prompt, it is a table.

    ok      analytic and numerical derivative agree
    kink    an operation on the way to the root has a corner or a jump there, like relu at 0: any slope between the one
            on its left and the one on its right may be called the derivative
    unsure  they do not agree, but the numerical derivative is too noisy to decide
    WRONG   they do not agree, or an operation on the way to the root has a wrong derivative
    """

    checks: Sequence[NodeCheck]

    def __repr__(self) -> str:
        rows = [tuple(f"{say(key)}  " for key in COLUMNS)]
        for check in self.checks:
            operation = check.node.op.symbol if check.node.op else ""
            numbers = f"{check.analytic:.9g}", f"{check.numerical:.9g}", f"{check.relative_error:.1e}"
            rows.append(tuple(f"{cell}  " for cell in (check.name, operation, *numbers, check.verdict)))
        return "\n".join(line.rstrip() for line in columns(rows))


class GradientError(ArithmeticError):
    """Say that a gradient is wrong; `report` holds what the check found at every node."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def check_gradients(root: Value, tolerance: float = 1e-6) -> Report:
    """Compare ∂root/∂node by `backward` with what nudging the node does to `root`, for every node but constants.

    The graph keeps its numbers and its gradients. The time grows with the square of the number of nodes.

    Raises ValueError if `tolerance` is not between 0 and 1, or if data changed after it was used; GradientError, with
    the operation whose row is wrong, if a relative error is above `tolerance` and no kink or rounding explains it.

    >>> x = Value(3.0, "x")
    >>> print(check_gradients(x * x))
    node  operation  analytic  numerical  relative error  verdict
    x                6         6          0.0e+00         ok
    h1    *          1         1          0.0e+00         ok
    """
    if not 0.0 < real(tolerance, "tolerance of check_gradients") < 1.0:
        raise ValueError(f"tolerance is a relative error, between 0 and 1, got {tolerance}")
    order = topological_order(instance("the root of check_gradients", root, Value))
    named = node_names(order)
    check_fresh(order, named)
    varying = [node for node in order if node.varies]
    edges = {(node, i): check_edge(node, i, tolerance) for node, i in edges_between(varying)}
    chained = chain_rule(order, edges)
    with fresh_gradients(root):
        root.backward()
        report = Report([check_node(order, node, named[node], chained[node], edges, tolerance) for node in varying])
    raise_what_is_wrong(edges, report)
    return report


def check_fresh(order: Sequence[Value], named: Mapping[Value, str]) -> None:
    """Raise ValueError if an operation no longer has the number that its operands give."""
    check_data(*order)
    for node in order:
        now = value_at(node.op.evaluate, *operand_numbers(node)) if node.op else node.data
        if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
            change = f"{named[node]} = {node.op} is {node.data:.9g}, now {now:.9g}"
            raise ValueError(f"data changed after it was used: {change}. Compute the graph again before it is checked")


def raise_what_is_wrong(edges: Edges, report: Report) -> None:
    """Raise GradientError for the first wrong row; if none is, for the wrong gradient nearest to the root."""
    for (node, i), (numerical, verdict) in edges.items():
        if verdict == WRONG:
            found = f"{numerical.value:.9g} by nudging, but {node.partials()[i]:.9g} by its row of the table"
            where = node.op.named(operand_numbers(node))
            raise GradientError(f"{node.op}: the derivative along operand {i + 1} is {found}, at {where}", report)
    for check in reversed(report.checks):
        if check.verdict == WRONG:
            found = f"{check.numerical:.9g} by nudging, but {check.analytic:.9g} by backward"
            reason = "though no operation has a wrong derivative"
            raise GradientError(f"the gradient of {check.name} is {found}, {reason}", report)


def operand_numbers(node: Value) -> list[float]:
    """Return the numbers that a node was made of."""
    return [child.data for child in node.children]


def compare(analytic: float, f: Function, x: float, noise: float, tolerance: float) -> Finding:
    """Return the derivative of f at x by nudging x, and the verdict on `analytic`; `noise` is the rounding error of f.

    A function may look straight from afar and straight from near by, with different slopes: relu at 1e-10. So the
    estimates are gathered in runs that agree among themselves, two at least; and only what contradicts all is WRONG.
    """
    runs: list[list[Slope]] = []
    for estimate in slopes(f, x, noise):
        if not (runs and abs(estimate.value - best(runs[-1]).value) <= estimate.error + best(runs[-1]).error):
            runs.append([])
        runs[-1].append(estimate)
        numerical = best(runs[-1])
        if numerical.error < estimate.error and relative_error(analytic, numerical.value) <= tolerance:
            return numerical, OK
    confirmed = [best(run) for run in runs if len(run) > 1] or [Slope(math.nan, math.inf)]
    nearest = min(confirmed, key=lambda slope: abs(analytic - slope.value))
    if relative_error(analytic, nearest.value) <= tolerance:
        return nearest, OK
    blurred = math.isinf(nearest.error) or abs(analytic - nearest.value) <= 10.0 * nearest.error
    return (nearest, UNSURE) if blurred or not is_seen(best(confirmed), f, x, noise) else (best(confirmed), WRONG)


def slopes(f: Function, x: float, noise: float) -> Iterator[Slope]:
    """Yield estimates of f'(x): central differences with ever smaller steps, extrapolated to a step of 0.

    A large step suffers from the curve (truncation), a small one from rounding, and nobody knows beforehand which step
    is right: so all are tried, from the size of x, or 1, down to the last place of x. They are powers of 2, so that
    x ± step is exact. The error of an estimate is judged by its neighbours and by rounding. Estimates that have not
    settled to a thousandth of themselves are left out, and so are steps at which f has no value.
    Source: Ridders, Advances in Engineering Software 4, 1982; Press et al., Numerical Recipes, section 5.7.
    """
    step = math.ulp(max(abs(x), 1.0)) / PRECISION / SHRINK
    last = math.ulp(x) if x else PRECISION**2
    previous: list[float] = []
    while last <= step < math.inf:
        high, low = value_at(f, x + step), value_at(f, x - step)
        rounded = (noise + PRECISION * max(abs(high), abs(low))) / step
        estimates, differences = [(high - low) / ((x + step) - (x - step))], [math.inf]
        for order, coarser in enumerate(previous[:EXTRAPOLATIONS], start=1):
            factor = SHRINK ** (2 * order)
            finer = estimates[-1]
            estimates.append((finer * factor - coarser) / (factor - 1.0))
            differences.append(max(abs(estimates[-1] - finer), abs(estimates[-1] - coarser)))
        difference, value = min(zip(differences, estimates, strict=True))
        if difference <= 1e-3 * abs(value):
            yield Slope(value, difference + rounded, step)
        previous = estimates
        step /= SHRINK


def is_seen(slope: Slope, f: Function, x: float, noise: float) -> bool:
    """Tell whether f also has a slope between the steps: not if its waves are shorter, like those of sin at 1e100."""
    reach = max(slope.step / 20.0, math.ulp(x))
    high, low = value_at(f, x + reach), value_at(f, x - reach)
    slack = 0.1 * abs(slope.value) + (noise + PRECISION * max(abs(high), abs(low))) / reach
    within = abs((high - low) / ((x + reach) - (x - reach)) - slope.value) <= slack
    return within and slope.step > 32.0 * math.ulp(x)


def best(run: Sequence[Slope]) -> Slope:
    """Return the estimate with the least error."""
    return min(run, key=lambda slope: slope.error)


def value_at(f: Callable[..., float], *numbers: float) -> float:
    """Return what f is of these numbers; nan where it has no value."""
    try:
        return f(*numbers)
    except (ValueError, ArithmeticError):
        return math.nan


def relative_error(analytic: float, numerical: float) -> float:
    """Return their difference, relative to the greater one."""
    return abs(analytic - numerical) / (max(abs(analytic), abs(numerical)) or 1.0)


def has_kink(f: Function, x: float, step: float, derivative: float, noise: float) -> bool:
    """Tell whether f has a corner or jump nearer to x than the step, and the derivative lies between the slopes there.

    The slopes of a smooth f draw together as one comes nearer. At a corner they keep their distance, or part further.
    """
    reach = (step or 2.0**-36 * (abs(x) or 1.0)) / 16.0
    near, far = sorted(chords(f, x, reach)), sorted(chords(f, x, 16.0 * reach))
    slack = 1e-3 * max(map(abs, near)) + 16.0 * noise / reach
    between = near[0] - slack <= derivative <= near[-1] + slack
    return between and near[-1] - near[0] > max(slack, (far[-1] - far[0]) / 4.0)


def chords(f: Function, x: float, reach: float) -> list[float]:
    """Return the slopes of f between neighbours among five points around x."""
    values = [value_at(f, x + i * reach / 2.0) for i in (-2, -1, 0, 1, 2)]
    return [(right - left) / (reach / 2.0) for left, right in itertools.pairwise(values)]


Edges: TypeAlias = dict[tuple[Value, int], Finding]  # about each operand of each operation


def check_node(
    order: Sequence[Value], node: Value, name: str, chained: Slope, edges: Edges, tolerance: float
) -> NodeCheck:
    """Nudge one node and compare with its gradient; what is WRONG or a KINK on the way to the root counts as its own.

    The gradient is WRONG only if it also contradicts `chained`: if not, a nudge of the whole sees rounding or a kink.
    """
    dependent = depending_on(order, [node])
    noise = sum_of_sizes(other.grad * rounding(other) for other in dependent if other is not node)
    on_the_way = {edges[edge][1] for edge in edges_between(dependent)}

    def f(x: float) -> float:
        return float(replay(dependent, {node: x}))

    numerical, verdict = compare(node.grad, f, node.data, noise, tolerance)
    if on_the_way & {WRONG, KINK}:
        verdict = WRONG if WRONG in on_the_way else KINK
    elif verdict == WRONG and not abs(node.grad - chained.value) > 10.0 * chained.error:
        verdict = KINK if has_kink(f, node.data, numerical.step, node.grad, noise) else UNSURE
    return NodeCheck(node, name, node.grad, numerical.value, verdict)


def chain_rule(order: Sequence[Value], edges: Edges) -> dict[Value, Slope]:
    """Return ∂root/∂node by the chain rule, not from the rows of the table but from the slopes of single operations."""
    chained = {node: Slope(0.0, 0.0) for node in order}
    chained[order[-1]] = Slope(1.0, 0.0)
    for (node, i), (local, _) in reversed(edges.items()):
        child, upstream = node.children[i], chained[node]
        error = abs(upstream.value) * local.error + upstream.error * abs(local.value)
        chained[child] = Slope(chained[child].value + upstream.value * local.value, chained[child].error + error)
    return chained


def edges_between(nodes: Sequence[Value]) -> list[tuple[Value, int]]:
    """Return every operand of a node that is itself one of the nodes, as an operation and a place."""
    among = set(nodes)
    return [(node, i) for node in nodes for i, child in enumerate(node.children) if child in among]


def check_edge(node: Value, i: int, tolerance: float) -> Finding:
    """Nudge operand i of one operation alone."""
    numbers, partial, noise = operand_numbers(node), node.partials()[i], rounding(node)

    def f(x: float) -> float:
        return node.op.evaluate(*numbers[:i], x, *numbers[i + 1 :])

    numerical, verdict = compare(partial, f, numbers[i], noise, tolerance)
    return numerical, KINK if has_kink(f, numbers[i], numerical.step, partial, noise) else verdict


def rounding(node: Value) -> float:
    """Return the rounding error of an operation right to the last place: of its value, and of the parts it adds up."""
    if not node.op:
        return 0.0
    parts = [node.data]
    if len(node.children) > 1:
        parts += [x * partial for x, partial in zip(operand_numbers(node), node.partials(), strict=True)]
    return PRECISION * sum_of_sizes(parts) + SMALLEST * len(parts)


def sum_of_sizes(parts: Iterable[float]) -> float:
    """Add the sizes of all parts that are finite."""
    return math.fsum(abs(part) for part in parts if math.isfinite(part))
