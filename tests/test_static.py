"""Static graphs give the dynamic graph's numbers to the last bit, and their source is worth reading."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import math
import operator
import re
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.oracles import ROWS, SAMPLES, Recipe, inputs_of, recipes
from tinygrad_edu import (
    Constant,
    Parameter,
    Value,
    derivative,
    exp,
    functions,
    jvp,
    log,
    log_softmax,
    relu,
    rules,
    sigmoid,
    static_graph,
    tanh,
)
from tinygrad_edu.engine import NOT_COMPUTED, NotComputed
from tinygrad_edu.nn import MLP, SGD, binary_cross_entropy, cross_entropy, hinge, squared_error
from tinygrad_edu.rules import Rule
from tinygrad_edu.static.graph import StaticGraph
from tinygrad_edu.static.judge import StaticGraphError

Inputs = Sequence[Any]


# ----------------------------------------------------------------------------------- the same as the dynamic graph


def backward_gives(function: Callable[..., Any], parameters: Sequence[Value], *samples: Inputs) -> list[float]:
    """The result and the gradients that the dynamic graph leaves, sample after sample; gradients start at 0."""
    zero_grad(parameters)
    total = 0.0
    for sample in samples:
        result = function(*sample)
        result.backward()
        total += result.data
    return [total, *gradients_of(parameters)]


def static_gives(static: StaticGraph, parameters: Sequence[Value], *samples: Inputs) -> list[float]:
    zero_grad(parameters)
    return [static.batch(samples), *gradients_of(parameters)]


def zero_grad(parameters: Sequence[Value]) -> None:
    for parameter in parameters:
        parameter.grad = NOT_COMPUTED


def gradients_of(parameters: Sequence[Value]) -> list[float]:
    return [parameter.grad for parameter in parameters]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_row(name: str) -> None:
    """One static graph, at all points where the row is tested; the operands that vary are parameters."""
    samples = SAMPLES[name]
    varying = samples.operands_that_vary()
    by_constants: dict[tuple[float, ...], StaticGraph] = {}
    parameters = [Parameter(0.0, f"p{i}") for i in varying]
    for point in samples.points:
        for parameter, i in zip(parameters, varying, strict=True):
            parameter.data = point[i]
        operands = [parameters[varying.index(i)] if i in varying else x for i, x in enumerate(point)]
        function = functools.partial(scaled_row, ROWS[name], operands)
        constants = tuple(x for i, x in enumerate(point) if i not in varying)
        static = by_constants.setdefault(constants, static_graph(function, parameters))
        for scale in (1.0, -0.3):
            expected = backward_gives(function, parameters, (scale,))
            assert static_gives(static, parameters, (scale,)) == expected


def test_gradients_are_added_one_by_one_to_what_is_there() -> None:
    """As `backward` does: over several samples, and to what an optimiser has not cleared, the bits are the same."""
    w = Parameter(0.0, "w")

    def f(x: Any) -> Any:
        return (w * x).tanh() + w * 0.7 + w * w * x

    static = static_graph(f, [w])
    for w.data in (0.1, -1.3, 1.9):
        samples = [(0.3,), (-0.9,), (0.77,), (1e-3,)]
        expected = backward_gives(f, [w], *samples)
        assert static_gives(static, [w], *samples) == expected
        w.grad = NOT_COMPUTED
        for sample in samples:
            static(*sample)
        assert w.grad == expected[1]


def scaled_row(row: Rule, operands: Sequence[Any], scale: Any) -> Any:
    return row(*operands) * scale


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
def test_every_row_anywhere_in_its_domain(name: str, data: Any) -> None:
    samples = SAMPLES[name]
    point, varying = data.draw(inputs_of(name)), samples.operands_that_vary()
    operands = [Parameter(x) if i in varying else x for i, x in enumerate(point)]
    parameters = [x for x in operands if isinstance(x, Parameter)]
    function = functools.partial(scaled_row, ROWS[name], operands)
    static = static_graph(function, parameters)
    assert static_gives(static, parameters, (0.7,)) == backward_gives(function, parameters, (0.7,))


def static_of(recipe: Recipe) -> tuple[StaticGraph, Callable[..., Any], list[Value]]:
    """A random graph, every second leaf a parameter and the others inputs, as a static graph and as a function."""
    parameters: list[Value] = [Parameter(x, f"p{i}") for i, x in enumerate(recipe.leaves) if i % 2 == 0]

    def function(*inputs: Any) -> Any:
        leaves = [parameters[i // 2] if i % 2 == 0 else inputs[i // 2] for i in range(len(recipe.leaves))]
        return recipe.follow(leaves)

    return static_graph(function, parameters), function, parameters


@given(recipes(max_operations=20), st.lists(st.floats(-0.01, 0.01), min_size=4, max_size=4))
def test_random_graphs_after_any_change_of_parameters(recipe: Recipe, changes: list[float]) -> None:
    static, function, parameters = static_of(recipe)
    inputs = recipe.leaves[1::2]
    assume(depends_on_parameters(static, inputs))
    expected = backward_gives(lambda *xs: function(*map(Value, xs)), parameters, inputs)
    assert static_gives(static, parameters, inputs) == expected
    for parameter, change in zip(parameters, changes, strict=False):
        parameter.data += change
    try:
        expected = backward_gives(lambda *xs: function(*map(Value, xs)), parameters, inputs)
    except (ValueError, ArithmeticError) as error:
        with pytest.raises(type(error)):
            static.batch([inputs])
    else:
        assert static_gives(static, parameters, inputs) == expected


def depends_on_parameters(static: StaticGraph, inputs: Sequence[float]) -> bool:
    try:
        static.program([inputs])
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "leaky_relu", "elu", "softplus", "linear"])
@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (hinge, 1, [1.0, -1.0]),
        (squared_error, 2, [[0.5, -1.0], [0.0, 2.0]]),
        (binary_cross_entropy, 1, [1.0, 0.0]),
        (lambda logits, y: -functions.weighted_sum(y, log_softmax(logits)), 3, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    ],
    ids=["hinge", "squared_error", "binary_cross_entropy", "cross_entropy"],
)
def test_networks(activation: str, loss: Callable[[Any, Any], Any], outputs: int, targets: list[Any]) -> None:
    """Loss and gradients of every sample, while gradient descent moves the parameters."""
    model = MLP(2, [5, 6, outputs], activation=activation, seed=0)

    def function(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    static = static_graph(function, model.parameters())
    inputs = [[0.5, -1.0], [-2.0, 0.25], [0.0, 3.0], [0.0, 0.0]]
    samples = list(zip(inputs, [*targets, *targets], strict=True))
    for _ in range(5):
        for sample in samples:
            expected = backward_gives(function, model.parameters(), sample)
            assert static_gives(static, model.parameters(), sample) == expected
        expected = backward_gives(function, model.parameters(), *samples)
        assert static_gives(static, model.parameters(), *samples) == expected
        for parameter in model.parameters():
            parameter.data -= 0.1 * parameter.grad


POINTS = st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=2)


@given(st.lists(st.tuples(POINTS, st.sampled_from([-1.0, 1.0])), min_size=1))
def test_a_batch_is_one_call_after_the_other(samples: list[Any]) -> None:
    """Also where inactive neurons and satisfied margins are skipped, and on top of gradients that are there already."""
    model, static = batch_example()
    parameters = model.parameters()
    for i, parameter in enumerate(parameters):
        parameter.grad = 0.1 * i
    total = 0.0
    for sample in samples:
        total += static(*sample)
    one_by_one = [total, *gradients_of(parameters)]
    for i, parameter in enumerate(parameters):
        parameter.grad = 0.1 * i
    assert [static.batch(samples), *gradients_of(parameters)] == one_by_one
    assert backward_gives(lambda x, y: hinge(model(x), y), parameters, *samples) == static_gives(
        static, parameters, *samples
    )


@functools.cache
def batch_example() -> tuple[MLP, StaticGraph]:
    model = MLP(2, [6, 6, 1], seed=3)
    return model, static_graph(lambda x, y: hinge(model(x), y), model.parameters())


def test_descending_is_gradient_descent_sample_by_sample() -> None:
    """`descend` moves the parameters as an optimiser does after each sample, and leaves `grad` alone."""
    samples = [([0.5, -1.0], 1.0), ([-2.0, 0.25], -1.0), ([1.0, 3.0], 1.0), ([0.5, 0.5], -1.0)]
    ours, theirs = MLP(2, [6, 5, 1], seed=0), MLP(2, [6, 5, 1], seed=0)
    static = static_graph(lambda x, y: hinge(ours(x), y), ours.parameters())
    optimizer = SGD(theirs.parameters(), lr=0.1)
    for _ in range(3):
        total = 0.0
        for x, y in samples:
            optimizer.zero_grad()
            loss = hinge(theirs(x), y)
            loss.backward()
            total += loss.data
            optimizer.step()
        assert static.descend(samples, lr=0.1) == total
        assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    assert all(isinstance(p.grad, NotComputed) for p in ours.parameters())


def test_descending_moves_all_parameters_at_once() -> None:
    """Where the gradient of one parameter needs another, it is the one from before the update."""
    w, v, b = Parameter(2.0, "w"), Parameter(3.0, "v"), Parameter(1.0, "b")

    def function(x: Any) -> Any:
        return w * v * x + b / v + tanh(w * b) * w * w

    static = static_graph(function, [w, v, b])
    backward_gives(function, [w, v, b], (0.5,))
    expected = [p.data - 0.1 * p.grad for p in (w, v, b)]
    static.descend([(0.5,)], lr=0.1)
    assert [w.data, v.data, b.data] == expected


def test_a_parameter_that_cannot_move_the_result_gets_a_gradient_of_zero() -> None:
    """As `backward` leaves it; and one that does not occur keeps none."""
    w, v, unused = Parameter(2.0, "w"), Parameter(3.0, "v"), Parameter(1.0, "u")
    static = static_graph(lambda x: rules.step(w) * x * v, [w, v, unused])
    static(2.0)
    assert (w.grad, v.grad) == (0.0, 2.0)
    assert not isinstance(w.grad, NotComputed)
    assert isinstance(unused.grad, NotComputed)
    assert "d_w =" not in static.source


def test_nan_is_not_skipped() -> None:
    """Where a number has become nan, so do the gradients, as in the dynamic graph."""
    model, static = batch_example()
    assert math.isnan(static([math.nan, 1.0], 1.0))
    assert math.isnan(model.parameters()[0].grad)


def test_a_parameter_alone() -> None:
    w = Parameter(2.0, "w")
    assert static_gives(static_graph(lambda: w, [w]), [w], ()) == [2.0, 1.0]


def test_a_loss_over_all_samples_is_a_graph_like_any_other() -> None:
    """A function without arguments, with constants, Values and parameters mixed in any order."""
    w = Parameter(0.5, "w")

    def loss() -> Any:
        return sum((Value(x) * w - Constant(y)) ** 2 for x, y in [(1.0, 2.0), (2.0, 3.0), (3.0, 5.0)]) / 3

    static = static_graph(loss, [w])
    assert static_gives(static, [w], ()) == backward_gives(loss, [w], ())
    w.data = 1.5
    assert static_gives(static, [w], ()) == backward_gives(loss, [w], ())


def test_other_values_stay_as_they_are_and_that_is_found_out() -> None:
    """Only parameters are read at each call."""
    w, scale = Parameter(2.0, "w"), Value(3.0)
    static = static_graph(lambda x: w * x * (scale + 1.0), [w])
    assert static(1.0) == 8.0
    scale.data = 100.0
    with pytest.raises(StaticGraphError, match=r"^the result is 8\.0 by <static graph .*>, 202\.0 by the function"):
        static(1.0)


def test_what_was_computed_with_parameters_before_follows_them_and_that_is_found_out() -> None:
    """It is read off its graph; the function itself has the number of then."""
    w = Parameter(2.0, "w")
    square = w * w
    static = static_graph(lambda x: square * x, [w])
    assert (static(1.0), w.grad) == (4.0, 4.0)
    w.data = 3.0
    with pytest.raises(StaticGraphError, match=r"^the result is 9\.0 by <static graph .*>, 4\.0 by the function"):
        static(1.0)
    assert w.grad == 4.0


def test_values_of_no_parameter_may_be_decided_on() -> None:
    """What is computed with them within the function is a number, and stays the one it is."""
    w, three = Parameter(2.0, "w"), Value(3.0)
    static = static_graph(lambda x: w * x if three * 2.0 - Value(1.0) > 0.0 and three.data > 0.0 else x, [w])
    assert static(1.0) == 2.0


@pytest.mark.parametrize(
    "combine",
    [
        lambda a, b: a * b,
        lambda a, b: a - b,
        lambda a, b: a**b,
        rules.maximum,
        lambda a, b: functions.weighted_sum([a, a], [b, b], a),
        lambda a, b: tanh(a) / (b + a) * a,
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_values_and_parameters_mix_in_any_order(combine: Callable[..., Any], swapped: bool) -> None:
    w, three = Parameter(2.0, "w"), Value(3.0)

    def function(x: Any) -> Any:
        return (combine(w, three) if swapped else combine(three, w)) * x

    static = static_graph(function, [w])
    for number in (2.0, 0.5, 7.0):
        w.data = number
        assert static_gives(static, [w], (0.7,)) == backward_gives(function, [w], (0.7,))


def test_forward_mode_within_a_static_graph() -> None:
    """A derivative along an input is a part of the graph like any other, of first order and of second."""
    w, b = Parameter(0.7, "w"), Parameter(-0.3, "b")

    def curve(t: Any) -> Any:
        return tanh(w * t**3 + b) * t

    def function(x: Any) -> Any:
        value, slope = jvp(lambda s, t: curve(s) * w + b * t, [x, w], [0.5, 2.0])
        return derivative(curve)(x) ** 2 + derivative(derivative(curve))(x) * value + slope

    static = static_graph(function, [w, b])
    for x in (0.5, -1.25):
        assert static_gives(static, [w, b], (x,)) == backward_gives(function, [w, b], (x,))
        w.data -= 0.4


def test_integers_count_as_floats() -> None:
    w = Parameter(2, "w")
    result = static_graph(lambda x, y: x * y + w, [w])(2**31, 2**31 + 1)
    assert (result, type(result)) == (float(2**31) * float(2**31 + 1) + 2.0, float)


class Swish(Rule):
    """x · sigmoid(x) (Ramachandran et al., 2017)."""

    def forward(self, x: float) -> float:
        return x * sigmoid(x)

    def partials(self, out: Any, x: Any) -> Any:
        return (out + sigmoid(x) * (1.0 - out),)


class Clamp(Rule):
    """x between low and high; its symbol is taken by another row."""

    symbol = "tanh"

    def forward(self, x: float, low: float, high: float) -> float:
        return min(max(x, low), high)

    def partials(self, out: Any, x: Any, low: Any, high: Any) -> Any:
        return (rules.step(x - low) * rules.step(high - x), math.nan, math.nan)


def test_new_rows_work_at_once() -> None:
    w = Parameter(0.5, "w")

    def function(x: Any) -> Any:
        return Clamp()(Swish()(w * x), -1.0, 1.0) * tanh(w)

    static = static_graph(function, [w])
    for x in (1.0, -2.0, 10.0):
        assert static_gives(static, [w], (x,)) == backward_gives(function, [w], (x,))


class ReluPlus(Rule):
    """A kink in one operand only."""

    def forward(self, x: float, y: float) -> float:
        return max(x, 0.0) + y

    def partials(self, out: Any, x: Any, y: Any) -> Any:
        return (rules.step(x), 1)


@pytest.mark.parametrize("x", [1.0, -1.0])
def test_a_gradient_that_others_need_as_well_is_not_skipped(x: float) -> None:
    w, b = Parameter(0.5, "w"), Parameter(0.25, "b")

    def function(x: Any) -> Any:
        out = ReluPlus()(w * x, b)
        return out * 1.1 + out * 1.2 + out * 1.3 + out * 1.4

    static = static_graph(function, [w, b])
    assert static_gives(static, [w, b], (x,)) == backward_gives(function, [w, b], (x,))


# ----------------------------------------------------------------------------------------------------- the source


def test_the_source_is_read_like_the_table() -> None:
    """Names from labels, sections, formulas as in the table, and what is used twice once."""
    w, b = Parameter(0.5, "w"), Parameter(0.0, "b")

    def loss(x: Any, y: Any) -> Any:
        difference = tanh(w * x + b) - y
        difference.label = "difference"
        return difference * difference

    static = static_graph(loss, [w, b])
    assert static.source == (
        "def backpropagate(samples, parameters, gradients):\n"
        "    [w, b] = parameters\n"
        "    [d_w, d_b] = gradients\n"
        "    total = 0.0\n"
        "    for [x, y] in samples:\n"
        "        # forward\n"
        "        v1 = w * x\n"
        "        v2 = v1 + b\n"
        "        v3 = tanh(v2)\n"
        "        difference = v3 - y\n"
        "        v4 = difference * difference\n"
        "        total += v4\n"
        "        # backward: d_… is the gradient of v4 along …\n"
        "        d_v4 = 1.0\n"
        "        v5 = d_v4 * difference\n"
        "        d_difference = v5 + v5\n"
        "        d_v3 = d_difference\n"
        "        d_v2 = d_v3 * (1.0 - v3 * v3)\n"
        "        d_v1 = d_v2\n"
        "        # gradients of the parameters\n"
        "        d_w += d_v1 * x\n"
        "        d_b += d_v2\n"
        "    return total, [d_w, d_b]\n"
    )
    assert "w -= lr * (d_v1 * x)" in static.descent_source


TRIVIAL = re.compile(r"(?<![\w.])1\.0 \*|\* 1\.0(?![\w.])|(?<![\w.-])0\.0 \+|\+ 0\.0(?![\w.])")


@given(recipes(max_operations=20))
def test_nothing_in_the_source_is_trivial_unused_or_computed_twice(recipe: Recipe) -> None:
    static, _, _ = static_of(recipe)
    assume(depends_on_parameters(static, recipe.leaves[1::2]))
    for source in (static.source, static.descent_source):
        assert not TRIVIAL.search(source), source
        tree = ast.parse(source)
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        inputs = {name.id for name in ast.walk(loop_of(tree).target) if isinstance(name, ast.Name)}
        unused = {name.id for name in names} - read - inputs
        assert all(re.search(rf"^ *{name} = ({MAY_FAIL})\(|^ *{name} = .* / ", source, re.MULTILINE) for name in unused)
        computed = Counter(ast.dump(node) for node in ast.walk(tree) if is_computation(node))
        assert max(computed.values(), default=1) == 1, source


MAY_FAIL = "log|sqrt|exp|sin|cos|pow"  # what the result does not need is computed all the same: it may be an error


def loop_of(tree: ast.Module) -> ast.For:
    [loop] = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    return loop


def is_computation(node: ast.AST) -> bool:
    """Calls and products, but for the update, lr * gradient."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        return not (isinstance(node.left, ast.Name) and node.left.id == "lr")
    return isinstance(node, ast.Call)


def test_a_layer_of_relus_is_skipped_where_it_is_inactive() -> None:
    """The sum over the neurons above only where it passes; the parameters of a neuron only where it has a gradient."""
    model = MLP(3, [2, 4, 4, 1], seed=0)
    static = static_graph(lambda x, y: hinge(model(x), y), model.parameters())
    static([1.0, 2.0, 3.0], 1.0)
    conditions = re.findall(r"^ *if (not )?(d_)?v\d+:$", static.source, re.MULTILINE)
    assert conditions.count(("not ", "d_")) == static.source.count("continue") == 1  # the satisfied margin
    assert conditions.count(("", "")) == 6  # the first two layers, each of them below four neurons
    assert conditions.count(("", "d_")) == 6  # the neurons with four parameters or more, but for the output
    assert "# layers.1.neurons.3" in static.source


HOSTILE_LABELS = [
    "x) or exit(", "a\n    import os", "# comment", "lambda", "None", "__debug__", "samples",
    "parameters", "gradients", "total", "lr", "nan", "tanh", "abs", "v1", "d_v1", "d_x", "x",
    "ﬁ", "fi",  # Python reads the ligature as fi
    "w.0", "a.b\n.c", "重み", "same", "same", "",
]  # fmt: skip


def test_a_label_is_a_name_or_nothing() -> None:
    """Neither code, nor keywords, nor clashes: every label gives the same numbers."""
    parameters = [Parameter(0.1 * i, label) for i, label in enumerate(HOSTILE_LABELS)]

    def function(x: Any) -> Any:
        total = functools.reduce(operator.add, [tanh(p * x) for p in parameters])
        total.label = "x = 1"
        return abs(total * total)

    static = static_graph(function, parameters)
    assert static_gives(static, parameters, (0.5,)) == backward_gives(function, parameters, (0.5,))
    assert "重み = " not in static.source
    assert "重み" in static.source
    for harmful in ("exit", "import", "# comment", "lambda", "__debug__", "ﬁ", "x = 1"):
        assert harmful not in static.source
    before = [p.data for p in parameters]
    static.descend([(0.5,)], lr=0.5)
    assert [p.data for p in parameters] == [x - 0.5 * p.grad for x, p in zip(before, parameters, strict=True)]


def test_the_source_is_what_inspect_and_tracebacks_show() -> None:
    w = Parameter(-1.0, "w")
    static = static_graph(lambda x: log(w * x), [w])
    assert "v2 = log(v1)" in static.source
    assert inspect.getsource(static.compiled) == static.source
    assert linecache.getlines(static.compiled.__code__.co_filename) == static.source.splitlines(keepends=True)
    with pytest.raises(ValueError, match=r"^log\(x\) needs x > 0, got -1\.0$") as error:
        static(1.0)
    shown = "".join(traceback.format_exception(error.type, error.value, error.tb))
    assert "v2 = log(v1)" in shown


def test_the_same_source_has_the_same_file_name() -> None:
    """So that breakpoints are found again in another run."""
    graphs = [static_graph(lambda x: W * x, [W]) for _ in range(2)]
    other = static_graph(lambda x: W + x, [W])
    one, two, three = (static.compiled.__code__.co_filename for static in (*graphs, other))
    assert one == two != three


def test_inputs_are_named_as_the_function_names_them() -> None:
    w = Parameter(1.0, "w")
    static = static_graph(lambda x, rows, *others: w * x + rows[1][0] + others[1], [w])
    static(1.0, [[1.0, 2.0], [3.0]], 4.0, 5.0)
    assert "for [x, rows1_1, rows1_2, rows2_1, others1, others2] in samples:" in static.source


# --------------------------------------------------------------------------------------- called like the function


W: Parameter
SCALE: Parameter


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Make the parameters of the functions below anew for each test."""
    global W, SCALE
    W, SCALE = Parameter(1.0, "W"), Parameter(0.5, "scale")


def scaled(x: Any, k: Any = 3.0, *others: Any, shift: Any = (0.5, 1.0), activation: Any = tanh) -> Any:
    total = functools.reduce(operator.add, others, activation(SCALE * x) * k)
    return total + SCALE * shift[0] + shift[1]


def without_others(x: Any, k: Any = 3.0, *, shift: Any = (0.5, 1.0)) -> Any:
    return scaled(x, k, shift=shift)


CALLS: list[tuple[Inputs, dict[str, Any]]] = [
    ((2.0,), {}),
    ((2.0, 5.0), {}),
    ((2.0,), {"k": 5}),
    ((), {"k": 5.0, "x": 2.0}),
    ((2.0,), {"shift": [1.0, 2.0]}),
]


@pytest.mark.parametrize("first", range(len(CALLS)))
def test_arguments_are_given_by_place_by_name_or_not_at_all(first: int) -> None:
    """Whichever call is the first, all are possible after it, and have the results of the function."""
    static = static_graph(without_others, [SCALE])
    for arguments, keywords in [CALLS[first], *CALLS]:
        assert static(*arguments, **keywords) == without_others(*arguments, **keywords).data


def test_defaults_in_a_batch() -> None:
    static = static_graph(without_others, [SCALE])
    samples: list[Inputs] = [(2.0,), (2.0, 5.0), (1.0,)]
    assert static_gives(static, [SCALE], *samples) == backward_gives(without_others, [SCALE], *samples)


def test_any_number_of_inputs() -> None:
    """As many as at the first call."""
    static = static_graph(scaled, [SCALE])
    others = (5.0, 6.0, 7.0)
    assert static(2.0, *others) == scaled(2.0, *others).data
    assert static_gives(static, [SCALE], (2.0, *others)) == backward_gives(scaled, [SCALE], (2.0, *others))
    with pytest.raises(ValueError, match="^others was a list of 2 when the graph was traced, now it is a list of 0$"):
        static(2.0)


def test_a_default_that_is_no_number_stays() -> None:
    static = static_graph(scaled, [SCALE])
    assert static(2.0) == scaled(2.0).data
    for call in (static, static_graph(scaled, [SCALE])):
        with pytest.raises(TypeError, match=r"^activation keeps its default <rule tanh\(x\)>: only .* a number"):
            call(2.0, activation=relu)


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, r"a sample is a tuple \(x, k, shift\), got \(\): missing a required argument: 'x'$"),
        ((1.0, 2.0, 3.0), {}, r"a sample is a tuple \(x, k, shift\), got \(1\.0, 2\.0, 3\.0\): too many"),
        ((1.0,), {"x": 2.0}, "multiple values for argument 'x'$"),
        ((1.0,), {"y": 2.0}, "got an unexpected keyword argument 'y'$"),
    ],
)
def test_arguments_that_do_not_fit(arguments: Inputs, keywords: dict[str, Any], message: str) -> None:
    static = static_graph(without_others, [SCALE])
    for _ in range(2):
        with pytest.raises(TypeError, match=f"^{message}"):
            static(*arguments, **keywords)
        static(1.0)


def test_a_function_of_unknown_names_is_refused_from_the_start() -> None:
    with pytest.raises(TypeError, match=r"^a static graph needs a name for each input .*, which takes \*\*options$"):
        static_graph(lambda x, **options: x * SCALE, [SCALE])


def test_reading_the_source_decides_on_nothing() -> None:
    """Only a call tells which inputs are lists and how long; before, numbers are taken for granted."""
    static = static_graph(lambda x: SCALE * (functions.weighted_sum(x, x) if isinstance(x, list) else x), [SCALE])
    assert "for [x] in samples" in static.source
    assert "for [x] in samples" in static.descent_source
    assert inspect.getsource(static.compiled) == static.source
    assert static([1.0, 2.0]) == 2.5
    assert "for [x1, x2] in samples" in static.source


def test_the_source_needs_to_know_how_many_inputs_there_are() -> None:
    static = static_graph(lambda *xs: SCALE * functools.reduce(operator.add, xs), [SCALE])
    with pytest.raises(TypeError, match=r"^how many \*xs there are is known from the first call of the static graph$"):
        static.source  # noqa: B018
    assert static(1.0, 2.0) == 1.5
    assert "for [xs1, xs2] in samples" in static.source


# ------------------------------------------------------------------------------------- what is no graph to begin with


def test_one_graph_is_traced_while_another_is() -> None:
    """The inner one is done with its own parameters; names of the outer one have no number for it."""
    inner = static_graph(lambda x: SCALE * x, [SCALE])
    assert static_graph(lambda x: W * x * inner(3.0), [W])(1.0) == 1.5
    with pytest.raises(TypeError, match=r"^test_static\.py, line \d+: .*: x has no number yet"):
        static_graph(lambda x: W * x * inner(x), [W])(1.0)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: [W * x], TypeError, r"a static graph needs a function that returns one scalar, not \["),
        (lambda x: 3.0, TypeError, r"a static graph needs a function that returns one scalar, not 3\.0$"),
        (lambda x: x * x, ValueError, "the result depends on none of the parameters: "),
        (lambda x: Value(1.0), ValueError, "the result depends on none of the parameters: "),
        (lambda x, y: W * x, TypeError, r"a sample is a tuple \(x, y\), got \(1\.0,\): missing .* 'y'$"),
    ],
)
def test_what_is_no_graph_of_the_parameters(function: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        static_graph(function, [W])(1.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (list, ValueError, "a static graph needs parameters, got none$"),
        (lambda: [1.0], TypeError, r"parameters of a static graph\[0\] must be a Value, got 1\.0 \(float\)$"),
        (lambda: [W * 2], ValueError, r"parameter 0 is computed by x \* y: a static graph needs leaves$"),
        (lambda: [Constant(1.0)], ValueError, r"Constant\(.*\) is no parameter: it is a constant$"),
        (lambda: [W, W, Parameter(1.0)], ValueError, "W is given twice$"),
    ],
)
def test_what_are_no_parameters(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        static_graph(lambda x: W * x, make())


def test_a_graph_that_is_too_large_is_refused_with_its_size() -> None:
    w = Parameter(1.0)
    with pytest.raises(ValueError, match=r"^the graph has 2,000 arrows, more than limit=1,500: .*weighted_sum"):
        static_graph(lambda x: functools.reduce(operator.mul, [w] * 1000, x), [w], limit=1500)(1.0)


def test_a_million_arrows_are_the_limit() -> None:
    assert static_graph(lambda x: x * W, [W]).limit == 1_000_000


def test_arrays_are_taken_as_lists() -> None:
    """From the first call on, in a batch, in a descent, and by the judge; also in lists."""
    numpy = pytest.importorskip("numpy")
    w = [Parameter(0.5, "w1"), Parameter(-1.0, "w2")]

    def function(x: Any, matrix: Any, y: Any) -> Any:
        return tanh(functions.weighted_sum(w, x)) * matrix[1][0] * y

    lists = ([1.0, 2.0], [[1.0], [3.0]], 2.0)
    arrays = (numpy.array([1, 2]), [numpy.array([1.0]), numpy.array([3.0])], numpy.float32(2.0))
    expected = static_gives(static_graph(function, w), w, lists)
    static = static_graph(function, w)
    assert static_gives(static, w, arrays) == expected
    assert static_gives(static, w, lists, arrays) == [2 * x for x in expected]
    static.descend([arrays, arrays], lr=0.1)
    with pytest.raises(ValueError, match=r"^x was a list of 2 when the graph was traced, now it is a list of 3$"):
        static(numpy.zeros(3), *arrays[1:])


@pytest.mark.parametrize(
    ("sample", "error", "message"),
    [
        (lambda: ([1.0], 2.0), ValueError, "x was a list of 2 when the graph was traced, now it is a list of 1$"),
        (lambda: (1.0, 2.0), ValueError, "x was a list of 2 when the graph was traced, now it is 1.0$"),
        (lambda: ([1.0, 2.0], [3.0]), ValueError, "y was a number when the graph was traced, now it is a list of 1$"),
        (lambda: ([1.0, 2.0],), TypeError, r"a sample is a tuple \(x, y\), got \(\[1.0, 2.0\],\): missing .* 'y'$"),
        (lambda: 3.0, TypeError, r"a sample is a tuple \(x, y\), got 3\.0$"),
        (lambda: ([1.0, "2"], 3.0), TypeError, "a real number is needed, got '2'"),
        (lambda: ([1.0, Value(2.0)], 3.0), TypeError, "a real number is needed, got Value"),
    ],
)
def test_inputs_of_another_shape_are_refused(sample: Callable[[], Any], error: type[Exception], message: str) -> None:
    """Before anything is changed, also if it is the last of many samples."""
    w = Parameter(1.0)
    static = static_graph(lambda x, y: w * x[0] + x[1] - y, [w])
    static([1.0, 2.0], 3.0)
    held = w.grad
    for call in (static.batch, functools.partial(static.descend, lr=0.1)):
        with pytest.raises(error, match=f"^{message}"):
            call([([1.0, 2.0], 3.0), sample()])
    assert (w.data, w.grad) == (1.0, held)


def test_a_tuple_of_one_is_written_as_python_writes_it() -> None:
    with pytest.raises(TypeError, match=r"^a sample is a tuple \(x,\), got 2\.0$"):
        static_graph(lambda x: W * x, [W]).batch([2.0])  # type: ignore[list-item]


def test_no_sample_and_no_positive_rate_are_refused() -> None:
    static = static_graph(lambda x: W * x, [W])
    with pytest.raises(ValueError, match="^a static graph needs at least one sample$"):
        static.batch([])
    for lr in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match=f"^lr must be a positive number, got {lr}$"):
            static.descend([(1.0,)], lr=lr)


@pytest.mark.parametrize(
    ("function", "number"),
    [
        (lambda w, x: log(w * x), -1.0),
        (lambda w, x: x / w, 0.0),
        (lambda w, x: rules.sqrt(w * x), 0.0),  # no derivative
        (lambda w, x: rules.exp(w * x), 1000.0),
        (lambda w, x: w**0.5 * x, -1.0),
        (lambda w, x: 2.0 ** (w * x), 2000.0),
        (lambda w, x: w**w * x, -2.0),  # no derivative
    ],
)
def test_errors_are_those_of_the_dynamic_graph(function: Callable[..., Any], number: float) -> None:
    """Type and message, with the operation and its numbers; no gradient and no parameter has changed."""
    w = Parameter(2.0, "w")
    static = static_graph(lambda x: function(w, x), [w])
    static(1.0)
    w.data, w.grad = number, 7.0
    with pytest.raises((ValueError, ArithmeticError)) as expected:
        function(w, 1.0).backward()
    w.grad = 7.0
    for call in (static.batch, functools.partial(static.descend, lr=0.1)):
        with pytest.raises(expected.type, match=f"^{re.escape(str(expected.value))}$"):
            call([(1.0,)])
    assert (w.data, w.grad) == (number, 7.0)


# ----------------------------------------------------------------------------------------------------------- size


def test_a_neuron_with_thousands_of_inputs() -> None:
    """Long sums go over several lines, in the same order."""
    w = [Parameter(math.sin(i), f"w{i}") for i in range(600)]
    shared = Parameter(0.3, "shared")

    def function(x: Any) -> Any:
        return functions.weighted_sum(w, [shared * x] * 600, shared) + functions.weighted_sum(w, w)

    static = static_graph(function, [*w, shared])
    assert static_gives(static, [*w, shared], (0.1,)) == backward_gives(function, [*w, shared], (0.1,))
    before = [p.data for p in (*w, shared)]
    static.descend([(0.1,)], lr=0.1)
    moved = [x - 0.1 * p.grad for x, p in zip(before, (*w, shared), strict=True)]
    assert [p.data for p in (*w, shared)] == moved


def check_chain(length: int) -> int:
    """A chain of operations, static and dynamic; the number of lines of its source."""
    w, b = Parameter(0.9, "w"), Parameter(0.1, "b")

    def chain(x: Any) -> Any:
        for _ in range(length):
            x = tanh(w * x + b)
        return x

    static = static_graph(chain, [w, b])
    assert static_gives(static, [w, b], (0.5,)) == backward_gives(chain, [w, b], (0.5,))
    return static.source.count("\n")


def test_a_long_chain() -> None:
    assert check_chain(1500) > 6_000


@pytest.mark.slow
def test_a_function_of_a_hundred_thousand_lines() -> None:
    assert check_chain(25_000) > 100_000


def many_neurons(n: int, last: Callable[[Any], Any]) -> tuple[list[Parameter], Callable[[Any, Any], Any]]:
    """A function of so many neurons of two inputs, 4 operations each, and its parameters."""
    w = [[Parameter(math.sin(3 * i + j), f"{name}{i}") for j, name in enumerate("abc")] for i in range(n)]

    def function(x: Any, y: Any) -> Any:
        hidden = [tanh(a * x + b * y + c) for a, b, c in w]
        return last(functools.reduce(operator.add, hidden))

    return [p for neuron in w for p in neuron], function


def test_beyond_500_operations_a_sum_takes_in_its_terms_and_a_gradient_handed_on_gets_no_line() -> None:
    parameters, function = many_neurons(100, tanh)
    source = static_graph(function, parameters).source
    assert "        v3 = a1 * x + b1 * y + c1\n" in source
    assert "        d_v3 = d_v201 * (1.0 - v4 * v4)\n" in source
    assert source.count("\n") < 620  # 1,510 with a line for each


@pytest.mark.parametrize(("n", "fused"), [(83, False), (84, True)])
def test_up_to_500_operations_each_has_a_line(n: int, fused: bool) -> None:
    """6 operations for each neuron: 5 of its own, and one of the sum or the last one."""
    parameters, function = many_neurons(n, lambda total: total / n)
    source = static_graph(function, parameters).source
    assert (" = a1 * x + b1 * y + c1\n" in source) == fused
    assert (" = a1 * x\n" in source) != fused


def test_no_line_of_many_operations_is_longer_than_python_compiles() -> None:
    w = Parameter(0.5, "w")

    def function(x: Any) -> Any:
        return functools.reduce(operator.sub, [w * x] + [w * (x + float(i)) for i in range(2_000)])

    static = static_graph(function, [w])
    assert max(line.count(" - ") for line in static.source.splitlines()) < 110
    assert static_gives(static, [w], (0.5,)) == backward_gives(function, [w], (0.5,))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (-1.0, ValueError, r"log\(x\) needs x > 0, got -1.0$"),
        (0.0, ValueError, r"log\(x\) needs x > 0, got 0.0$"),
        (1000.0, OverflowError, r"exp\(x\) is too large for a float, got 1000.0$"),
    ],
)
def test_errors_in_lines_of_several_operations_are_the_tables(x: float, error: type[Exception], message: str) -> None:
    parameters, function = many_neurons(150, lambda total: total)
    k = Parameter(1.0, "k")

    def failing(x: Any, y: Any) -> Any:
        return function(0.0, y) + log(x) + exp(x) + k * y

    static = static_graph(failing, [*parameters, k])
    static(1.0, 2.0)
    assert " + log(x) + exp(x) + k * y\n" in static.source
    with pytest.raises(error, match=f"^{message}"):
        static(x, 2.0)


def test_relus_in_a_row_do_not_nest() -> None:
    """However many switches depend on each other, the text is indented no deeper."""
    w = Parameter(1.5, "w")

    def function(x: Any) -> Any:
        for _ in range(300):
            x = relu(w * x - 0.1)
        return x

    static = static_graph(function, [w])
    assert static_gives(static, [w], (0.5,)) == backward_gives(function, [w], (0.5,))


def test_class_indices_are_refused_by_name() -> None:
    model = MLP(2, [3], seed=0)
    with pytest.raises(TypeError, match=r"^test_static\.py, line \d+: .*: y has no number yet"):
        static_graph(lambda x, y: cross_entropy(model(x), y), model.parameters())([1.0, 2.0], 1)
