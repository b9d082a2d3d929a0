"""Recording: which piece of the learner's source made each Value, and what the learner calls it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.show.reading import function_in, made_by, operations, text_at
from tinygrad_edu import Constant, Parameter, Value, topological_order
from tinygrad_edu.nn import MLP, Neuron
from tinygrad_edu.show.expression import ExpressionError
from tinygrad_edu.show.source import Span, blocks_around, record, record_expression

exact = pytest.mark.skipif(sys.version_info < (3, 11), reason="before Python 3.11 only the line is known")


# ------------------------------------------------------------------------------------------------------- the text

PROGRAMS = {
    "one expression": ("def f(x):\n    return sigmoid(2.0*x + x)\n", ["2.0*x", "2.0*x + x", "sigmoid(2.0*x + x)"]),
    "variables": ("def f(x):\n    h = x * x\n    return h - x\n", ["x * x", "h - x"]),
    "methods": ("def f(x):\n    return (x * 2).tanh().exp()\n", ["x * 2", "(x * 2).tanh()", "(x * 2).tanh().exp()"]),
    "two functions": (
        "def g(x):\n    return x * x\ndef f(x):\n    return g(x) + g(x)\n",
        ["x * x", "x * x", "g(x) + g(x)"],
    ),
    "a loop": ("def f(x):\n    for k in range(2):\n        x = x * k\n    return x\n", ["x * k", "x * k"]),
    "in place": ("def f(x):\n    y = -x\n    y += x\n    return y\n", ["-x", "y += x"]),
    "a comprehension": (
        "def f(x):\n    xs = [x * k for k in range(2)]\n    return sum(xs)\n",
        ["x * k", "x * k", "sum(xs)", "sum(xs)"],
    ),
    "a generator": (
        "def f(x):\n    return sum(x**k for k in (2, 3))\n",
        ["x**k", "sum(x**k for k in (2, 3))", "x**k", "sum(x**k for k in (2, 3))"],
    ),
    "a lambda": ("f = lambda x: x * x\n", ["x * x"]),
    "a lambda within": ("def f(x):\n    square = lambda v: v * v\n    return square(x)\n", ["v * v"]),
    "reduce": (
        "def f(x):\n    return functools.reduce(lambda a, b: a * b, [x, x, x])\n",
        ["a * b", "a * b"],
    ),
    "a decorator": (
        "def twice(g):\n    def h(x):\n        return g(g(x))\n    return h\n@twice\ndef f(x):\n    return x * x\n",
        ["x * x", "x * x"],
    ),
    "several lines": (
        "def f(x):\n    return (x\n            * x\n            - 1)\n",
        ["x\n            * x", "x\n            * x\n            - 1"],
    ),
    "a function of the table's": ("def f(x):\n    y = log_sum_exp([x])\n    return y\n", ["log_sum_exp([x])"] * 4),
    "Chinese": (
        "def f(x):\n    '''神经元'''; 权重 = 2.0; 和 = x * 权重  # 求和 ∑\n    return '符号' and 和 * 和  # 🙂\n",
        ["x * 权重", "和 * 和"],
    ),
    "characters beyond the first plane": ("def f(x):\n    return '🙂' and x * x\n", ["x * x"]),
    "tabs": ("def f(x):\n\treturn x *\tx\n", ["x *\tx"]),
}  # fmt: skip


@exact
@pytest.mark.parametrize("case", PROGRAMS)
def test_each_value_knows_the_text_that_made_it(case: str, tmp_path: Path) -> None:
    program, expected = PROGRAMS[case]
    assert made_by(record(function_in(tmp_path, program), {"x": 1.5})) == expected


@pytest.mark.parametrize("case", PROGRAMS)
def test_each_value_knows_the_line_that_made_it(case: str, tmp_path: Path) -> None:
    """On every version of Python."""
    program, texts = PROGRAMS[case]
    recording = record(function_in(tmp_path, program), {"x": 1.5})
    lines = program.splitlines()
    for node, text in zip(operations(recording), texts, strict=True):
        place = recording.calls[node].learner[-1]
        assert Path(place.file).name == "program.py"
        assert text.splitlines()[0] in lines[place.line - 1] or "\n" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sigmoid(w*x + b)", ["w*x", "w*x + b", "sigmoid(w*x + b)"]),
        ("  w * x", ["w * x"]),
        ("log_sum_exp([x])", ["log_sum_exp([x])"] * 4),
        ("leaky_relu(x)", ["leaky_relu(x)"]),
        ("(x +\n w)*b", ["x +\n w", "(x +\n w)*b"]),
        ("log_sum_exp([x, w])", ["log_sum_exp([x, w])"] * 8),
    ],
)
def test_an_expression_on_the_command_line_is_marked_exactly(text: str, expected: list[str]) -> None:
    """On every version of Python."""
    recording = record_expression(text, {name: Value(1.0, name) for name in "xwb"})
    assert made_by(recording) == expected


def test_an_expression_has_no_frames_inside_one_another() -> None:
    """Of `w*x` within `w*x + b`, only `w*x` is marked."""
    recording = record_expression("sigmoid(w*x + b)", {name: Value(1.0, name) for name in "xwb"})
    assert [len(recording.calls[node].learner) for node in operations(recording)] == [1, 1, 1]


def test_a_bad_expression_is_the_same_error_as_ever() -> None:
    with pytest.raises(ExpressionError, match="^'y' has no value: add one, as in y=1$"):
        record_expression("x*y", {"x": Value(1.0)})


@exact
def test_the_calls_on_the_way_are_known(tmp_path: Path) -> None:
    """Outermost first: the call of g, and within g the multiplication."""
    recording = record(function_in(tmp_path, "def g(x):\n    return x * x\ndef f(x):\n    return -g(x)\n"), {"x": 1.0})
    product, _ = operations(recording)
    assert [text_at(recording, place) for place in recording.calls[product].learner] == ["g(x)", "x * x"]


@exact
def test_a_neuron_is_the_learners_call_and_can_be_opened(tmp_path: Path) -> None:
    recording = record(function_in(tmp_path, "n = Neuron(2, 'tanh')\ndef f(x):\n    return n(x)\n"), {"x": [1.0, 2.0]})
    assert made_by(recording) == ["n(x)", "n(x)"]
    z, a = operations(recording)
    for node, text in (z, "weighted_sum(self.w, x, self.b)"), (a, "self.activation(z)"):
        assert [text_at(recording, place) for place in recording.calls[node].package][1:] == [text]


@exact
def test_an_activation_of_the_learners_is_marked_in_the_learners_source(tmp_path: Path) -> None:
    program = "def cube(z):\n    return z * z * z\nn = Neuron(1, cube)\ndef f(x):\n    return n([x])\n"
    assert made_by(record(function_in(tmp_path, program), {"x": 1.0})) == ["n([x])", "z * z", "z * z * z"]


@exact
def test_a_module_called_directly_shows_its_own_source() -> None:
    recording = record(Neuron(2, "tanh"), {"x": [1.0, 2.0]})
    assert set(made_by(recording)) == {"self.activate(as_inputs(x, len(self.w)))"}


@exact
def test_leaves_made_on_the_way_are_marked_too(tmp_path: Path) -> None:
    recording = record(function_in(tmp_path, "def f(x):\n    w = Value(2.0)\n    return w * x\n"), {"x": 1.0})
    w, x = recording.root.children
    assert text_at(recording, recording.calls[w].learner[-1]) == "Value(2.0)"
    assert x not in recording.calls


@pytest.mark.parametrize(
    ("program", "block"),
    [
        ("def g(): pass\n\ndef f(x):\n    return x * x\n", (3, 4)),
        ("class A:\n    def f(self, x):\n        return x * x\nf = A().f\n", (2, 3)),
        ("import functools\n@functools.cache\ndef f(x):\n\n    return x * x\n", (2, 5)),
        ("f = (\n    lambda x:\n    x * x\n)\n", (1, 4)),
    ],
)
def test_the_function_around_a_place_is_shown(program: str, block: tuple[int, int], tmp_path: Path) -> None:
    recording = record(function_in(tmp_path, program), {"x": 1.0})
    place = recording.calls[recording.root].learner[-1]
    assert blocks_around([place], recording.texts[place.file]) == [block]


def test_functions_within_one_that_is_shown_are_shown_once() -> None:
    lines = ["def f(x):\n", "    def g(x):\n", "        return x\n", "    return g(x)\n", "\n", "f(1)\n"]
    inner, outer, after = Span("", 3, 3), Span("", 4, 4), Span("", 6, 6)
    assert blocks_around([inner], lines) == [(2, 3)]
    assert blocks_around([after, inner, outer], lines) == [(1, 4), (6, 6)]


def test_of_what_is_no_python_everything_is_shown() -> None:
    assert blocks_around([Span("", 2, 2)], ["h1 = w × x", "h2 = h1 + b"]) == [(1, 2)]


EDITS = {
    "lines before it": lambda text: f"import math\n\n{text}",
    "a line within": lambda text: text.replace("    y", "    print()\n    y"),
    "another number": lambda text: text.replace("2.0", "3.0"),
    "another operation": lambda text: text.replace("*", "+"),
    "another name": lambda text: text.replace("y", "z"),
    "no Python": lambda text: text + "def\n",
    "another file": lambda text: "f = None\n",
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_text_of_a_file_that_was_edited_since_is_not_shown(edit: str, tmp_path: Path) -> None:
    """Nor is a piece of it: it did not make anything."""
    f = function_in(tmp_path, "def f(x):\n    y = x * 2.0\n    return y\n")
    path = tmp_path / "program.py"
    assert record(f, {"x": 1.0}).edited == []
    path.write_text(EDITS[edit](path.read_text(encoding="utf-8")), encoding="utf-8")
    recording = record(f, {"x": 1.0})
    assert recording.edited == [str(path)]
    assert recording.texts[str(path)] == []


@exact
def test_columns_moved_by_an_edit_are_not_shown(tmp_path: Path) -> None:
    f = function_in(tmp_path, "def f(x):\n    return x*x\n")
    (tmp_path / "program.py").write_text("def f(x):\n    return x * x\n", encoding="utf-8")
    assert record(f, {"x": 1.0}).edited


def test_an_edit_elsewhere_in_the_file_changes_nothing(tmp_path: Path) -> None:
    f = function_in(tmp_path, "def f(x):\n    return x*x\n")
    (tmp_path / "program.py").write_text("def f(x):\n    return x*x\n\nprint(f)\n", encoding="utf-8")
    assert not record(f, {"x": 1.0}).edited


# ------------------------------------------------------------------------------------------------------ the names

NAMES = {
    "variables": ("def f(x, w):\n    h1 = x * w\n    h2 = h1 + x\n    return h2 * 2\n", ["h1", "h2", "f"]),
    "with a type": ("def f(x, w):\n    h: Value = x * w\n    return -h\n", ["h", "f"]),
    "in an expression": ("def f(x, w):\n    return -(h := x * w)\n", ["h", "f"]),
    "two at once": ("def f(x, w):\n    h, k = x * w, x + w\n    return h - k\n", ["h", "k", "f"]),
    "the returned one": ("def f(x, w):\n    y = x * w\n    return y\n", ["y"]),
    "of another function": (
        "def g(v):\n    square = v * v\n    return -square\ndef f(x, w):\n    y = g(x)\n    return -y\n",
        ["square", "y", "f"],
    ),
    "the caller's before those of a function it calls": (
        "def g(weight, v, bias):\n    out = weight * v + bias\n    return -out\n"
        "def f(x, w):\n    h = x * w\n    y = g(w, h, x)\n    return y * y\n",
        ["h", "", "out", "y", "f"],
    ),
    "a function called twice": (
        "def g(a, c):\n    h = a * c\n    return h + 1\n"
        "def f(x, w):\n    u = g(x, w)\n    v = g(u, w)\n    return u * v\n",
        ["h", "u", "h", "v", "f"],
    ),
    "what a called function returns": (
        "def g(v):\n    out = v * v\n    return out\ndef f(x, w):\n    return g(x)\n",
        ["f"],
    ),
    "passed on by several": (
        "def g(v):\n    inner = v * v\n    return inner\ndef k(v):\n    outer = g(v)\n    return outer\n"
        "def f(x, w):\n    y = k(x)\n    return -y\n",
        ["y", "f"],
    ),
    "reassigned": ("def f(x, w):\n    h = x * w\n    h = h + x\n    return h * 2\n", ["h", "h", "f"]),
    "the turns of a loop": (
        "def f(x, w):\n    y = x * w\n    for v in [-y, -w]:\n        y = y + v\n    return y\n",
        ["y", "v", "v", "y", "y"],
    ),
    "a sum": ("def f(x, w):\n    y = sum([x, w, x])\n    return -y\n", ["", "", "y", "f"]),
    "attributes of one's own objects": (
        "class Model:\n    def __init__(self):\n        self.k = Parameter(2.0)\n"
        "    def __call__(self, x, w):\n        self.h = x * self.k\n        return -self.h\n"
        "f = Model()\n",
        ["self.h", "Model"],
    ),
    "a label of one's own stays": (
        "def f(x, w):\n    h = x * w\n    h.label = 'product'\n    return -h\n",
        ["product", "f"],
    ),
    "a neuron's activation": ("n = Neuron(1)\ndef f(x, w):\n    h = n([x])\n    return -h\n", ["h", "f"]),
    "within a network places stay": (
        "n = MLP(1, [1, 1], 'tanh', seed=1)\ndef f(x, w):\n    h = n([x])\n    return -h\n",
        ["layers.0.neurons.0.z", "layers.0.neurons.0.a", "layers.1.neurons.0.z", "f"],
    ),
    "unnamed": ("f = lambda x, w: -x\n", ["f"]),
    "private names are nobody's": ("def f(x, w):\n    _h = [-x]\n    return -_h[0]\n", ["", "f"]),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_variables_name_what_they_hold(case: str, tmp_path: Path) -> None:
    program, expected = NAMES[case]
    recording = record(function_in(tmp_path, program), {"x": 1.5, "w": 2.0})
    names = recording.names()
    assert [names.get(node, node.label) for node in operations(recording)] == expected


def test_in_a_loop_every_turn_is_named(tmp_path: Path) -> None:
    program = "def f(x):\n    total = x * 0\n    for k in range(3):\n        total = total + x\n    return total\n"
    recording = record(function_in(tmp_path, program), {"x": 1.0})
    assert [recording.names()[node] for node in operations(recording)] == ["total"] * 4


def test_leaves_are_named_by_the_variables_that_hold_them(tmp_path: Path) -> None:
    """Local variables, those of the function around, and those of the module."""
    program = (
        "w = Parameter(2.0)\n"
        "def make(b):\n    def f(x):\n        c = Value(1.0)\n        return x*w + b*c\n    return f\n"
        "f = make(Parameter(0.5))\n"
    )
    recording = record(function_in(tmp_path, program), {"x": 1.0})
    names = recording.names()
    leaves = [node for node in topological_order(recording.root) if not node.op]
    assert [names.get(node, node.label) for node in leaves] == ["w", "b", "x", "c"]


LEAVES = {
    "of the module, in functions of one's own": (
        "def g(weight, bias, v):\n    z = weight * v + bias\n    return sigmoid(z)\n"
        "def f(x):\n    hidden = g(w, b, x)\n    return g(w, b, hidden)\n",
        ["w", "b", "x"],
    ),
    "in a lambda": ("def f(x):\n    return functools.reduce(lambda p, q: p * q, [x, w, b, x])\n", ["w", "b", "x"]),
    "in a lambda for each": (
        "def f(x):\n    return sum(map(lambda v: v * v, [x, w, b]), start=Value(0.0))\n",
        ["w", "b", "x", ""],
    ),
    "in a generator": (
        "ws = [Parameter(1.0), Parameter(2.0)]\ndef f(x):\n    return sum(wi * xi for wi, xi in zip(ws, [x, w]))\n",
        ["w", "ws[0]", "ws[1]", "x", ""],
    ),
    "returned as it is": ("def f(x):\n    return w\n", ["w"]),
    "in an attribute": (
        "class Model:\n    def __init__(self):\n        self.k = Parameter(2.0)\n"
        "    def __call__(self, x):\n        return x * self.k * w\n"
        "f = Model()\n",
        ["w", "self.k", "x"],
    ),
}


@pytest.mark.parametrize("case", LEAVES)
def test_leaves_keep_the_names_they_had_before_they_were_passed_on(case: str, tmp_path: Path) -> None:
    program, expected = LEAVES[case]
    recording = record(function_in(tmp_path, f"w, b = Parameter(2.0), Parameter(0.5)\n{program}"), {"x": 1.0})
    names = recording.names()
    leaves = [node for node in topological_order(recording.root) if not node.op]
    assert [names.get(node, node.label) for node in leaves] == expected


def test_a_leafs_label_stays(tmp_path: Path) -> None:
    recording = record(function_in(tmp_path, "def f(x):\n    w = Value(2.0, 'weight')\n    return w * x\n"), {"x": 1.0})
    assert recording.root.children[0] not in recording.names()


# ---------------------------------------------------------------------------------------------------- the watching


def test_watching_ends_with_the_call(tmp_path: Path) -> None:
    record(lambda x: x * x, {"x": 1.0})
    assert sys.getprofile() is None


def test_watching_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        record(lambda x: x / 0, {"x": 1.0})
    assert sys.getprofile() is None


@pytest.mark.parametrize("kind", [Value, Parameter, Constant])
def test_a_value_that_is_refused_is_the_same_error_as_ever(kind: type[Value]) -> None:
    """There is an object then, which has no label yet."""
    with pytest.raises(TypeError, match="^data: a real number is needed, got 'a'"):
        record(lambda x: x * kind("a"), {"x": 1.0})


def test_a_value_whose_refusal_is_caught_is_nothing() -> None:
    def f(x: Any) -> Any:
        try:
            return x * Value("a")
        except TypeError:
            return x * 2

    recording = record(f, {"x": 1.0})
    assert recording.calls.keys() == {*topological_order(recording.root)} - {recording.root.children[0]}


def test_a_profiler_that_was_there_is_there_again() -> None:
    def profiler(frame: FrameType, event: str, argument: Any) -> None:
        pass

    sys.setprofile(profiler)
    try:
        record(lambda x: x * x, {"x": 1.0})
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)


def test_the_result_is_what_the_call_alone_gives() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    assert record(model, {"x": [1.0, 2.0]}).root.data == model([1.0, 2.0]).data


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, r"f\(x, w\): missing a required argument: 'x'"),
        ({"x": 1.0, "y": 1.0}, r"f\(x, w\): got an unexpected keyword argument 'y'"),
        ({"x": "1"}, r"x \* y: a real number is needed, got '1' \(str\)$"),
    ],
)
def test_inputs_that_do_not_fit_are_named(inputs: dict[str, Any], message: str) -> None:
    def f(x: Any, w: Any = 2) -> Any:
        return x * Value(w)

    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        record(f, inputs)


@pytest.mark.parametrize("result", [lambda: 3.0, lambda: None, lambda: [Value(1.0)], lambda: "text"])
def test_what_is_no_value_cannot_be_differentiated(result: Callable[[], object]) -> None:
    def loss(x: Any) -> object:
        return result()

    with pytest.raises(ValueError, match="^loss must return one Value to differentiate, got "):
        record(loss, {"x": 1.0})


def test_inputs_become_values_of_their_names() -> None:
    """Numbers and lists of numbers; Values, flags and everything else stay what they are."""
    seen = {}

    def f(**inputs: Any) -> Any:
        seen.update(inputs)
        return inputs["x"] * 1

    w, model = Parameter(2.0), object()
    recording = record(f, {"x": 1, "xs": [1.0, [2.0]], "w": w, "model": model, "flag": True})
    assert (seen["w"], seen["model"], seen["flag"]) == (w, model, True)
    assert [seen["x"].label, seen["xs"][0].label, seen["xs"][1][0].label] == ["x", "xs1", "xs21"]
    assert recording.title.startswith("f(x = 1, xs = [1.0, [2.0]], w = 2, model = <object")


def test_source_that_is_not_to_be_had_is_empty() -> None:
    namespace: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x * x\n", "<stdin>", "exec"), namespace)
    recording = record(namespace["f"], {"x": 1.0})
    place = recording.calls[recording.root].learner[-1]
    assert recording.texts[place.file] == []
