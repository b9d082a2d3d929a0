"""What cannot be static is refused with its line, or found out by the judge: nothing passes with a wrong number."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tinygrad_edu import Parameter, Value, derivative, functions, relu, rules, sqrt, static_graph, tanh
from tinygrad_edu.engine import NOT_COMPUTED
from tinygrad_edu.nn import MLP, SGD, binary_cross_entropy, fit, hinge, moons, squared_error
from tinygrad_edu.rule import Check
from tinygrad_edu.static.judge import StaticGraphError, places_to_judge

W: Parameter
SQUARE: Value
OTHER: Value
COUNT: Iterator[int]
SEEN: list[Any]
TABLE = [1.0, 2.0, 3.0]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Let no program see what another one has left."""
    global W, SQUARE, OTHER, COUNT, SEEN
    W, OTHER = Parameter(1.0, "W"), Value(3.0)
    SQUARE = W * W
    COUNT, SEEN = itertools.count(1), []


# ---------------------------------------------------------------------------------- programs that ask for a number


def greater(x: Any) -> Any:
    return W * x if x > 0 else W  # here


def less_or_equal(x: Any) -> Any:
    return W * x if 1.0 <= x else W  # noqa: SIM300  # here


def equal(x: Any) -> Any:
    return W * x if x == 1 else W  # here


def unequal(x: Any) -> Any:
    return W * x if x != 1 else W  # here


def true(x: Any) -> Any:
    return W * (x or 1.0)  # here


def negated(x: Any) -> Any:
    return W if not x else W * x  # here


def asserted(x: Any) -> Any:
    assert x  # here
    return W * x


def in_a_list(x: Any) -> Any:
    return W * x if x in [0.0, 1.0] else W  # here


def in_a_set(x: Any) -> Any:
    return W * x if x in {0.0, 1.0} else W  # here


def as_a_key(x: Any) -> Any:
    return W * {0.0: 1.0}.get(x, 2.0)  # here


def counted(x: Any) -> Any:
    return W * len(Counter([x, x]))  # here


def made_a_set(x: Any) -> Any:
    return W * len({x, 1.0})  # here


def hashed(x: Any) -> Any:
    return W * (hash(x) % 3)  # here


@functools.lru_cache
def remembered(x: Any) -> Any:
    return x * 2.0


def cached(x: Any) -> Any:
    return W * remembered(x)  # here


def matched(x: Any) -> Any:
    match x:
        case 0.0:  # here
            return W
    return W * x


def looked_up(x: Any) -> Any:
    return W * TABLE[x]  # here


def ranged(x: Any) -> Any:
    return sum((W for _ in range(x)), start=W)  # here


def as_text(x: Any) -> Any:
    return W * len(str(x))  # here


def formatted(x: Any) -> Any:
    return W * float(f"{x:.1f}")  # here


def printed(x: Any) -> Any:
    print(x)  # here
    return W * x


def an_int(x: Any) -> Any:
    return W * int(x)  # here


def a_float(x: Any) -> Any:
    return W * float(x)  # here


def a_complex(x: Any) -> Any:
    return W * abs(complex(x))  # here


def rounded(x: Any) -> Any:
    return W * round(x)  # here


def floored(x: Any) -> Any:
    return W * math.floor(x)  # here


def ceiled(x: Any) -> Any:
    return W * math.ceil(x)  # here


def truncated(x: Any) -> Any:
    return W * math.trunc(x)  # here


def divided_down(x: Any) -> Any:
    return W * (x // 2.0)  # here


def a_rest(x: Any) -> Any:
    return W * (2.0 % x)  # here


def divided_with_a_rest(x: Any) -> Any:
    return W * divmod(x, 2.0)[0]  # here


def computed_by_math(x: Any) -> Any:
    return W * math.exp(x)  # here


def close(x: Any) -> Any:
    return W if math.isclose(x, 1.0) else W * x  # here


def finite(x: Any) -> Any:
    return W * x if math.isfinite(x) else W  # here


def greatest(x: Any) -> Any:
    return max(W * x, 0.0)  # here


def ordered(x: Any) -> Any:
    return W * sorted([x, 0.5])[0]  # here


def wrapped(x: Any) -> Any:
    return W * Value(x)  # here


def its_data(x: Any) -> Any:
    return W * x.data  # here


def its_gradient(x: Any) -> Any:
    return W * x.grad  # here


def data_of_a_result(x: Any) -> Any:
    return W * x if (W * x).data > 0 else W  # here


def gone_backward(x: Any) -> Any:
    (W * x).backward()  # here
    return W * x


def taken_for_a_list(x: Any) -> Any:
    return W * x[0]  # here


def unpacked(x: Any) -> Any:
    a, b = x  # here
    return W * a * b


def measured(x: Any) -> Any:
    return W * len(x)  # here


def told_a_derivative(x: Any) -> Any:
    return W * x if derivative(lambda y: y * y)(x) > 1.0 else W  # here


REFUSED = [
    greater, less_or_equal, equal, unequal, true, negated, asserted, in_a_list, in_a_set, as_a_key, counted, made_a_set,
    hashed, cached, matched, looked_up, ranged, as_text, formatted, printed, an_int, a_float, a_complex,
    rounded, floored, ceiled, truncated, divided_down, a_rest, divided_with_a_rest, computed_by_math, close, finite,
    greatest, ordered, wrapped, its_data, its_gradient, data_of_a_result, gone_backward, taken_for_a_list, unpacked,
    measured, told_a_derivative,
]  # fmt: skip


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_a_use_that_needs_a_number_is_refused_with_its_line(function: Callable[..., Any]) -> None:
    """Before anything is changed; the message says what to do."""
    line = next(i for i, text in enumerate(inspect.getsource(function).splitlines()) if "# here" in text)
    number = function.__code__.co_firstlineno + line
    advice = "has no number yet|is a number, not a list"
    with pytest.raises(TypeError, match=rf"^test_judge\.py, line {number}: `.*# here`: .*({advice})"):
        static_graph(function, [W])(1.0)
    assert (W.data, W.grad) == (1.0, NOT_COMPUTED)


def test_how_to_look_something_up_is_said() -> None:
    with pytest.raises(TypeError, match=r"^test_judge\.py, line \d+: .* cannot be an index: look it up by one-hot"):
        static_graph(looked_up, [W])(1.0)


def test_its_repr_is_its_name() -> None:
    """A debugger that shows it must not break."""
    names = []
    static_graph(lambda x, y: (names.extend([repr(x), repr(x * y), repr([x, y])]), W * x * y)[1], [W])(1.0, 2.0)
    assert names[:3] == ["x", "an intermediate result", "[x, y]"]


def test_numpy_is_refused_too() -> None:
    numpy = pytest.importorskip("numpy")
    for function in (lambda x: W * numpy.asarray(x, dtype=float), lambda x: W * numpy.float64(x)):
        with pytest.raises(TypeError):
            static_graph(function, [W])(1.0)


def test_a_refusal_that_is_caught_is_raised_all_the_same_with_both_places() -> None:
    def careless(x: Any) -> Any:
        try:
            y = x * 2.0 if x > 0 else x  # asked here
        except TypeError:
            y = x
        return W * y

    both = r"test_judge\.py, line \d+: `.*asked here`: x has no number yet.*caught around test_judge\.py, .*: `y = "
    with pytest.raises(TypeError, match=f"^{both}"):
        static_graph(careless, [W])(1.0)


def test_a_name_that_outlives_its_tracing_says_what_it_is() -> None:
    """A cached penalty, an attribute."""

    def keeps(x: Any) -> Any:
        SEEN.append(x * 2.0)
        return W * x

    static_graph(keeps, [W])(1.0)
    left_over = r"test_judge\.py, line \d+: .*left over from the tracing of a static graph"
    for use in (lambda: SEEN[0] + 1.0, lambda: W * SEEN[0], lambda: SEEN[0] > 0, lambda: tanh(SEEN[0])):
        with pytest.raises(TypeError, match=f"^{left_over}"):
            use()
    with pytest.raises(TypeError, match=f"^{left_over}"):
        static_graph(lambda x: W * x * SEEN[0], [W])(1.0)
    assert repr(SEEN[0]) == "an intermediate result"


# ------------------------------------------------------------------------------------- programs that are found out


def decides_on_a_parameter(x: Any) -> Any:
    return W * x if W > 0 else -W * x * x


def decides_on_data(x: Any) -> Any:
    return W * x if W.data > 0 else W


def decides_on_a_result_of_parameters(x: Any) -> Any:
    return W * x if W * 2.0 > 0 else W * 3.0


def adds_data(x: Any) -> Any:
    return W * x + W.data


def formats_a_parameter(x: Any) -> Any:
    return W * x + float(f"{W:.2f}")


def tells_a_float(x: Any) -> Any:
    return W * x if isinstance(x, float) else W * x * x


def matches_a_float(x: Any) -> Any:
    match x:
        case float():
            return W * x
    return W * x * x


def asks_for_a_method(x: Any) -> Any:
    return W * x.tanh() if hasattr(x, "tanh") else W * x


def random_number(x: Any) -> Any:
    return W * x * random.random()


def drops_out(x: Any) -> Any:
    return W * x if random.random() > 0.5 else W * 0.0 * x


def counts(x: Any) -> Any:
    return W * x * next(COUNT)


def remembers(x: Any) -> Any:
    SEEN.append(1.0)
    return W * x * len(SEEN)


def only_once(x: Any) -> Any:
    if not SEEN:
        SEEN.append(1.0)
        return W * x * 2.0
    return W * x


def uses_what_was_computed_before(x: Any) -> Any:
    return SQUARE * x


def uses_another_value(x: Any) -> Any:
    return W * x * OTHER


def its_type(x: Any) -> Any:
    return W * x * len(type(x).__name__)


def its_identity(x: Any) -> Any:
    return W * x * (id(x) % 7 + 1)


def a_type_as_key(x: Any) -> Any:
    return W * x * {float: 2.0}.get(type(x), 1.0)


def a_number_class(x: Any) -> Any:
    return W * x if isinstance(x, (int, float, Value)) else W


FOUND_OUT = [
    decides_on_a_parameter, decides_on_data, decides_on_a_result_of_parameters, adds_data, formats_a_parameter,
    tells_a_float, matches_a_float, asks_for_a_method, random_number, drops_out, counts, remembers, only_once,
    uses_what_was_computed_before, uses_another_value, its_type, its_identity, a_type_as_key, a_number_class,
]  # fmt: skip


@pytest.mark.parametrize("way", ["call", "batch", "descend"])
@pytest.mark.parametrize("function", FOUND_OUT, ids=lambda function: function.__name__)
def test_what_cannot_be_refused_is_found_out_within_eight_samples(function: Callable[..., Any], way: str) -> None:
    """With numbers and parameters that change; when it is found out, everything is as before the call."""
    random.seed(1)
    static = static_graph(function, [W])
    with pytest.raises(StaticGraphError, match=r"^the result is .* by the function.*a static graph is traced once"):  # noqa: PT012
        for i in range(1, 9):
            W.data = 1.0 if i % 2 else -1.5 - i
            OTHER.data = 3.0 + i
            before = W.data, W.grad
            if way == "call":
                static(0.5 + i)
            elif way == "batch":
                static.batch([(0.5 + i,)])
            else:
                static.descend([(0.5 + i,)], lr=0.1)
    assert (W.data, W.grad) == before


def test_the_first_operation_that_differs_is_said_with_its_line() -> None:
    def f(x: Any) -> Any:
        scale = random.random()
        y = W * x
        z = y * scale  # the line
        return z.tanh()

    where = r"the result is .*\. test_judge\.py, line \d+: `z = y \* scale  # the line`: x \* y is \S+ in"
    with pytest.raises(StaticGraphError, match=f"^{where}"):
        static_graph(f, [W])(1.0)


def test_which_samples_are_judged() -> None:
    """Number 1 to 8, Fibonacci's numbers, multiples of 1,024, counted over calls, batches and descents."""
    judged = [place + 1 for place in places_to_judge(0, 3000)]
    assert judged == [1, 2, 3, 4, 5, 6, 7, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1024, 1597, 2048, 2584]
    in_pieces = []
    for seen in range(0, 3000, 7):
        in_pieces += [seen + place + 1 for place in places_to_judge(seen, 7)]
    assert [n for n in in_pieces if n <= 3000] == judged
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return W * x

    static = static_graph(f, [W])
    static(1.0)
    static.batch([(2.0,), (3.0,)])
    static.descend([(float(x),) for x in range(4, 14)], lr=0.1)
    assert [x for x in calls if isinstance(x, float)] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 13.0]


def test_a_function_that_needs_values_is_run_with_values() -> None:
    """A number has no method `tanh`."""
    static = static_graph(lambda x, ys: W * x.tanh() + functions.weighted_sum(ys, ys) * W, [W])
    assert static(0.5, [1.0, 2.0]) == math.tanh(0.5) + 5.0


def test_what_only_rounds_otherwise_with_plain_numbers_is_no_fault() -> None:
    """As sum() of floats, compensated from Python 3.12 on; of Values it adds one by one, as a static graph does."""

    def f(xs: Any) -> Any:
        plain = all(isinstance(x, float) for x in xs)
        return W * (math.fsum(xs) if plain else functools.reduce(lambda a, b: a + b, xs))

    static = static_graph(f, [W])
    one_by_one = functools.reduce(lambda a, b: a + b, [0.1] * 10)
    assert one_by_one != math.fsum([0.1] * 10)
    assert static([0.1] * 10) == one_by_one


def test_the_judge_touches_no_gradient() -> None:
    """Nor what a function holds besides the parameters."""
    other = Value(2.0)
    other.grad = 7.0
    W.grad = 3.0
    static = static_graph(lambda x: W * x * other, [W])
    static.descend([(1.0,), (2.0,)], lr=0.5)
    assert (W.grad, other.grad) == (3.0, 7.0)


def test_training_is_judged() -> None:
    """`fit(static=True)` of a loss that is not the same each time."""
    inputs, classes = moons(20, seed=0)
    model = MLP(2, [3, 1], seed=0)

    def noisy(prediction: Any, target: Any) -> Any:
        return squared_error(prediction, target) * (1.0 + random.random())

    with pytest.raises(StaticGraphError):
        fit(model, noisy, (inputs, classes), epochs=2, seed=0, progress=False, static=True)


# -------------------------------------------------------------------------------------------- checks stay checks


@pytest.mark.parametrize(
    ("loss", "good", "bad"), [(hinge, (-1.0, 1.0), (0.0, 0.5)), (binary_cross_entropy, (0.0, 1.0, 0.3), (-0.1, 1.5))]
)
def test_what_a_loss_refuses_a_static_graph_refuses_at_each_call(
    loss: Callable[..., Any], good: Sequence[float], bad: Sequence[float]
) -> None:
    static = static_graph(lambda x, y: loss(W * x, y), [W])
    for y in good:
        static(0.5, y)
    before = W.grad
    for y in bad:
        with pytest.raises(ValueError, match=rf"^{loss.__name__} needs .*, got {re.escape(repr(y))}$"):
            static(0.5, y)
        with pytest.raises(ValueError, match=rf"^{loss.__name__} needs "):
            static.descend([(0.5, good[0]), (0.5, y)], lr=0.1)
    assert (W.grad, W.data) == (before, 1.0)


def test_training_with_the_wrong_labels_is_refused() -> None:
    inputs, classes = moons(20, seed=0)
    model = MLP(2, [3, 1], seed=0)
    with pytest.raises(ValueError, match=r"^hinge needs the label -1 or 1, got 0\.0$"):
        fit(model, hinge, (inputs, classes), epochs=1, progress=False, static=True, optimizer=SGD(model.parameters()))


def test_a_check_of_ones_own_is_a_line_of_the_program() -> None:
    positive = Check("f needs a positive x", lambda x: x > 0)

    def f(x: Any) -> Any:
        positive(x * 2.0)
        return W * x

    static = static_graph(f, [W])
    assert static(1.0) == 1.0
    with pytest.raises(ValueError, match=r"^f needs a positive x, got -2\.0$"):
        static(-1.0)


# ---------------------------------------------------------------------------------- the errors of the dynamic graph


@pytest.mark.parametrize(
    ("function", "w", "x"),
    [
        (lambda w, x: w * x / 0.0, 1.0, 1.0),
        (lambda w, x: 0.0**w * x, -1.0, 1.0),
        (lambda w, x: (-2.0) ** w * x, 2.0, 1.0),
        (lambda w, x: (-2.0) ** w * x, 0.5, 1.0),
        (lambda w, x: relu(-sqrt(w)) * x, 0.0, 1.0),
        (lambda w, x: relu(-sqrt(w)) + w * x, 0.0, 1.0),
        (lambda w, x: relu(-(w**0.5)) * x, 0.0, 1.0),
        (lambda w, x: (rules.log(w * x), w)[1], -1.0, 1.0),
        (lambda w, x: (rules.exp(w * x), w * x)[1], 1000.0, 1.0),
        (lambda w, x: (1.0 / (w * x - 1.0), w * x)[1], 1.0, 1.0),
        (lambda w, x: rules.sin(w * x), 1.0, math.inf),
    ],
)
def test_errors_are_those_of_the_dynamic_graph(function: Callable[..., Any], w: float, x: float) -> None:
    """Also where a constant has no derivative, behind an inactive relu, and of what the result does not need."""
    p = Parameter(0.75, "w")
    static = static_graph(lambda x: function(p, x), [p])
    with contextlib.suppress(ValueError, ArithmeticError):
        static(0.7)
    p.data, p.grad = w, NOT_COMPUTED
    with pytest.raises((ValueError, ArithmeticError)) as expected:
        function(p, x).backward()
    p.grad = 7.0
    for call in (static.batch, functools.partial(static.descend, lr=0.1)):
        with pytest.raises(expected.type, match=f"^{re.escape(str(expected.value))}$"):
            call([(x,)])
    assert (p.data, p.grad) == (w, 7.0)


@pytest.mark.parametrize(
    ("odd", "even", "where"),
    [
        (
            lambda y: y + 2.0,  # odd
            lambda y: y - 2.0,
            r"test_judge\.py, line \d+: `lambda y: y \+ 2\.0,  # odd`: "
            r"the static graph has x \+ y here, the function x - y",
        ),
        (
            lambda y: y * 2.0,  # odd
            lambda y: y * 3.0,
            r"test_judge\.py, line \d+: `lambda y: y \* 2\.0,  # odd`: "
            r"x \* y is 8\.0 in the static graph, 12\.0 in the function",
        ),
        (lambda y: y, lambda y: y + 0.5, "the static graph has 1 operations, the function 2"),
    ],
    ids=["another operation", "another number", "one more"],
)
def test_where_the_two_part_is_said_in_full(odd: Any, even: Any, where: str) -> None:
    """A function that does one thing at odd calls, the first of which is traced, and another at even ones."""
    w, calls = Parameter(1.0, "w"), itertools.count(1)
    static = static_graph(lambda x: (odd if next(calls) % 2 else even)(w * x), [w])
    message = (
        rf"the result is [\d.]+ by <static graph of <lambda>, 1 parameters>, [\d.]+ by the function\. {where}; "
        r"a static graph is traced once\. Look for random numbers, something counted or remembered, a decision on a "
        r"parameter, on \.data or by isinstance, and a Value that is computed or changed outside of the function$"
    )
    with pytest.raises(StaticGraphError, match=f"^{message}"):
        static(4.0)
    assert w.grad is NOT_COMPUTED


def test_a_difference_of_rounding_alone_is_looked_at_twice() -> None:
    """sum() of floats rounds otherwise than of Values from Python 3.12 on: the second look, with Values, decides."""
    calls = itertools.count(1)

    def f(x: Any) -> Any:
        return w * x * (1.0 + 1e-12 if next(calls) == 2 else 1.0)

    w = Parameter(1.0, "w")
    assert static_graph(f, [w])(3.0) == 3.0
    assert next(calls) == 4
