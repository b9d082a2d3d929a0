"""What the tests measure against: sample inputs for every row of the table, numerical derivatives, random graphs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tinygrad_edu import Parameter, Value, rules
from tinygrad_edu.engine import NotComputed
from tinygrad_edu.rules import Rule

ROWS: dict[str, Rule] = {name: row for name, row in vars(rules).items() if isinstance(row, Rule)}


# ------------------------------------------------------------------------------- sample inputs for every row


class Samples(NamedTuple):
    """Inputs at which a row and its derivatives exist."""

    points: list[tuple[float, ...]]  # a few to point at
    intervals: tuple[tuple[float, float], ...]  # one per operand: everything within
    smooth: Callable[..., bool] = lambda *inputs: True  # except next to a kink
    varying: tuple[int, ...] | None = None  # the operands with a derivative; all unless given

    def operands_that_vary(self) -> Sequence[int]:
        return range(len(self.intervals)) if self.varying is None else self.varying

    def contain(self, inputs: Sequence[float]) -> bool:
        within = (low <= x <= high for x, (low, high) in zip(inputs, self.intervals, strict=True))
        return all(within) and self.smooth(*inputs)


def not_near_zero(x: float) -> bool:
    return abs(x) >= 0.1


def first_not_near_zero(x: float, _: float) -> bool:
    return abs(x) >= 0.1


def not_near_each_other(x: float, y: float) -> bool:
    return abs(x - y) >= 0.1


ANY = (-10.0, 10.0)
POSITIVE = (0.5, 10.0)
EXPONENT = (-3.0, 3.0)

SAMPLES = {
    "add": Samples([(2.0, 3.0), (-1.5, 0.0)], (ANY, ANY)),
    "sub": Samples([(2.0, 3.0), (-1.5, 0.0)], (ANY, ANY)),
    "mul": Samples([(2.0, 3.0), (-1.5, 0.0), (0.0, 0.0)], (ANY, ANY)),
    "div": Samples([(1.0, 4.0), (-3.0, 0.5), (2.0, -2.0), (0.0, 1.0)], (ANY, POSITIVE)),
    "neg": Samples([(2.0,), (0.0,), (-3.0,)], (ANY,)),
    "excess": Samples([(2.0, 3.0), (-1.5, 0.0)], (ANY, ANY), not_near_each_other),
    "power": Samples([(-2.0, 3.0), (0.0, 2.0), (2.0, -1.0), (4.0, 0.5)], (POSITIVE, EXPONENT), varying=(0,)),
    "exponential": Samples([(2.0, 3.0), (0.5, -2.0), (1.0, 4.0)], (POSITIVE, EXPONENT), varying=(1,)),
    "general_power": Samples([(2.0, 3.0), (0.5, -2.0), (1.0, 0.0)], (POSITIVE, EXPONENT)),
    "exp": Samples([(0.0,), (1.0,), (-5.0,)], (ANY,)),
    "log": Samples([(1.0,), (0.5,), (8.0,)], (POSITIVE,)),
    "log_of_base": Samples([(1.0,), (0.5,), (8.0,)], (POSITIVE,)),
    "sqrt": Samples([(4.0,), (0.5,), (1.0,)], (POSITIVE,)),
    "sin": Samples([(0.0,), (1.0,), (-2.0,)], (ANY,)),
    "cos": Samples([(0.0,), (1.0,), (-2.0,)], (ANY,)),
    "tanh": Samples([(0.0,), (1.0,), (-2.0,)], (ANY,)),
    "sigmoid": Samples([(0.0,), (1.0,), (-2.0,)], (ANY,)),
    "softplus": Samples([(0.0,), (1.0,), (-2.0,)], (ANY,)),
    "relu": Samples([(3.0,), (-2.0,)], (ANY,), not_near_zero),
    "leaky_relu": Samples([(3.0, 0.01), (-2.0, 0.25)], (ANY, ANY), first_not_near_zero),
    "elu": Samples([(3.0, 1.0), (-2.0, 1.5)], (ANY, ANY), first_not_near_zero),
    "absolute": Samples([(3.0,), (-2.0,)], (ANY,), not_near_zero),
    "maximum": Samples([(3.0, 1.0), (-2.0, 5.0)], (ANY, ANY), not_near_each_other),
    "minimum": Samples([(3.0, 1.0), (-2.0, 5.0)], (ANY, ANY), not_near_each_other),
    "step": Samples([(3.0,), (-2.0,)], (ANY,), not_near_zero),
    "sign": Samples([(3.0,), (-2.0,)], (ANY,), not_near_zero),
    "greater": Samples([(3.0, 1.0), (-2.0, 5.0)], (ANY, ANY), not_near_each_other),
    "weighted_sum": Samples([(2.0, -3.0, -1.0, -2.0, -3.0)], (ANY, ANY, ANY, ANY, ANY)),
}


@st.composite
def inputs_of(draw: Any, name: str) -> tuple[float, ...]:
    """Inputs from anywhere in the domain of a row."""
    samples = SAMPLES[name]
    inputs = st.tuples(*(st.floats(low, high) for low, high in samples.intervals))
    return draw(inputs.filter(lambda drawn: samples.smooth(*drawn)))


# -------------------------------------------------------------------------------------- numerical derivatives


def central_difference(f: Callable[[float], float], x: float, h: float = 0.04) -> float:
    """f'(x) from central differences with ever smaller steps, extrapolated to a step of 0.

    Source: Ridders, Advances in Engineering Software 4, 1982; Press et al., Numerical Recipes, section 5.7.
    """
    shrink = 1.4
    best, best_error = math.nan, math.inf
    previous: list[float] = []
    for _ in range(12):
        row = [(f(x + h) - f(x - h)) / ((x + h) - (x - h))]
        for order, coarser in enumerate(previous, start=1):
            factor = shrink ** (2 * order)
            row.append((row[-1] * factor - coarser) / (factor - 1.0))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - coarser))
            if error < best_error:
                best, best_error = row[-1], error
        previous = row
        h /= shrink
    return best


def slope_along(f: Callable[..., float], inputs: Sequence[float], i: int, h: float = 0.04) -> float:
    """∂f/∂inputs[i], numerically."""
    return central_difference(lambda x: f(*inputs[:i], x, *inputs[i + 1 :]), inputs[i], h)


def assert_close(actual: float, expected: float, tolerance: float, what: str) -> None:
    """Equal but for `tolerance`, relative to the number where it is greater than 1."""
    assert abs(actual - expected) <= tolerance * max(1.0, abs(expected)), f"{what}: {actual!r} is not {expected!r}"


def assert_partials(row: Rule, inputs: Sequence[float], varying: Sequence[int], tolerance: float = 1e-10) -> None:
    """The row's partials are its slopes, along every operand that varies."""
    partials = row.partials(row.evaluate(*inputs), *inputs)
    assert len(partials) == len(inputs), f"{row!r} has {len(partials)} partials for {len(inputs)} inputs"
    for i in varying:
        expected = slope_along(row.evaluate, inputs, i)
        assert_close(partials[i], expected, tolerance, f"partial {i} of {row!r} at {tuple(inputs)}")


# -------------------------------------------------------------------------------------------- random graphs


class Recipe(NamedTuple):
    """An expression: leaves, then rows applied to what comes before (told by its place) or to a plain number."""

    leaves: tuple[float, ...]
    operations: tuple[tuple[str, tuple[int | float, ...]], ...]

    def follow(self, leaves: Sequence[Any]) -> Any:
        """The last operation's value, for any kind of scalar."""
        scalars = list(leaves)
        for name, operands in self.operations:
            scalars.append(ROWS[name](*[scalars[i] if isinstance(i, int) else i for i in operands]))
        return scalars[-1]

    def value(self, *leaves: float) -> float:
        result: float = self.follow(leaves)
        return result

    def graph(self) -> tuple[Value, list[Value]]:
        """The expression as a graph: its root and its leaves, every second one a parameter."""
        kinds = [Value, Parameter]
        leaves = [kinds[i % 2](x, f"x{i}") for i, x in enumerate(self.leaves)]
        root: Value = self.follow(leaves)
        return root, leaves


@st.composite
def recipes(draw: Any, max_operations: int = 12) -> Recipe:
    """Expressions over all rows, away from every kink, their values and slopes of moderate size."""
    leaves = tuple(draw(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=4)))
    values, slopes = list(leaves), [1.0] * len(leaves)
    operations = []
    for _ in range(draw(st.integers(1, max_operations))):
        name, operands = draw(operations_on(values))
        inputs = [values[i] if isinstance(i, int) else i for i in operands]
        out, slope = outcome(name, operands, inputs, slopes)
        if abs(out) > 10.0 or slope > 50.0:
            name, operands = "tanh", (len(values) - 1,)
            out, slope = math.tanh(values[-1]), slopes[-1]
        values.append(out)
        slopes.append(slope)
        operations.append((name, operands))
    return Recipe(leaves, tuple(operations))


@st.composite
def operations_on(draw: Any, values: Sequence[float]) -> tuple[str, tuple[int | float, ...]]:
    """A row and its operands among the values; a sum where the row drawn does not suit them."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    samples = SAMPLES[name]
    places = st.integers(0, len(values) - 1)
    operands = tuple(
        draw(places if i in samples.operands_that_vary() else st.floats(*interval))
        for i, interval in enumerate(samples.intervals)
    )
    if samples.contain([values[i] if isinstance(i, int) else i for i in operands]):
        return name, operands
    return "add", (draw(places), draw(places))


def outcome(
    name: str, operands: Sequence[int | float], inputs: Sequence[float], slopes: Sequence[float]
) -> tuple[float, float]:
    """The value of an operation, and a bound on how fast it changes with the leaves."""
    out = ROWS[name].evaluate(*inputs)
    partials = ROWS[name].partials(out, *inputs)
    pairs = zip(operands, partials, strict=True)
    return out, math.fsum(abs(partial) * slopes[i] for i, partial in pairs if isinstance(i, int))


def random_recipe(seed: int, size: int = 200) -> Recipe:
    """An expression of up to `size` nodes over all rows: the mean of all that is computed and not used."""
    generator = random.Random(seed)
    leaves = [generator.uniform(-2.0, 2.0) for _ in range(generator.randint(1, 4))]
    values, slopes = [*leaves], [1.0] * len(leaves)
    operations: list[tuple[str, tuple[int | float, ...]]] = []
    for _ in range(generator.randint(1, size * 2 // 3)):
        name, operands = random_operation(generator, values)
        out, slope = outcome(name, operands, [values[i] if isinstance(i, int) else i for i in operands], slopes)
        if abs(out) > 10.0 or slope > 50.0:
            name, operands = "tanh", (len(values) - 1,)
            out, slope = math.tanh(values[-1]), slopes[-1]
        operations.append((name, operands))
        values.append(out)
        slopes.append(slope)
    used = {i for _, operands in operations for i in operands if isinstance(i, int)}
    first, *rest = [i for i in range(len(values)) if i not in used]
    for i in rest:
        operations.append(("add", (first, i)))
        first = len(leaves) + len(operations) - 1
    return Recipe(tuple(leaves), (*operations, ("mul", (first, 1.0 / (1 + len(rest))))))


def random_operation(generator: random.Random, values: Sequence[float]) -> tuple[str, tuple[int | float, ...]]:
    """A row and operands that suit it among the values; a sum where none do. Late values are taken more often."""
    name = generator.choice(sorted(SAMPLES))
    samples = SAMPLES[name]
    varying = samples.operands_that_vary()
    for _ in range(10):
        operands = tuple(
            int(len(values) * generator.random() ** 0.5) if i in varying else generator.uniform(*interval)
            for i, interval in enumerate(samples.intervals)
        )
        if samples.contain([values[i] if isinstance(i, int) else i for i in operands]):
            return name, operands
    return "add", (generator.randrange(len(values)), len(values) - 1)


def gradient_of(node: Value) -> float | str:
    """The gradient as a picture has to show it: a number, or that there is none yet."""
    return "not computed" if isinstance(node.grad, NotComputed) else node.grad


# --------------------------------------------------------------------------------------- the worked example


def unwrapped(trace: str) -> str:
    """A trace whose long lines are whole again: what continues one is set in."""
    return trace.replace(f"\n{' ' * 11}", " ")


def worked_example() -> tuple[Value, Value, Parameter, Parameter]:
    """f = σ(wx + b) at x = 1, w = 0, b = 0: the output and x, w, b."""
    x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
    f = (x * w + b).sigmoid()
    f.label = "f"
    return f, x, w, b


def textbook_example() -> tuple[Value, Value, Parameter, Parameter]:
    """The same, written out as the textbook's h1 … h6 (Qiu, Neural Networks and Deep Learning, section 4.5)."""
    x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
    return 1 / (((x * w + b) * -1).exp() + 1), x, w, b
