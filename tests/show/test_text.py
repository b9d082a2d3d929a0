"""The trace: forward and backward as text, and the products along paths."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest
from hypothesis import given

from tests.oracles import Recipe, gradient_of, recipes, textbook_example, unwrapped, worked_example
from tests.show.reading import lines_of
from tinygrad_edu import (
    Parameter,
    Stepper,
    Value,
    explain,
    maximum,
    rules,
    sqrt,
    topological_order,
    trace,
    weighted_sum,
)
from tinygrad_edu.nn import MLP
from tinygrad_edu.show.steps import Graph, steps_of
from tinygrad_edu.words import cells

WORKED_EXAMPLE = """\
given      x = 1, w = 0, b = 0
forward
  h1 = x × w           1 × 0          = 0
  h2 = h1 + b          0 + 0          = 0
  f  = sigmoid(h2)     sigmoid(0)     = 0.5
backward             start: ∂f/∂f = 1
  h2.grad += f.grad  × ∂f/∂h2      0 + 1    × 0.25 = 0.25     ∂f/∂h2 = f·(1 − f)
  h1.grad += h2.grad × ∂h2/∂h1     0 + 0.25 × 1    = 0.25     ∂h2/∂h1 = 1
  b.grad  += h2.grad × ∂h2/∂b      0 + 0.25 × 1    = 0.25     ∂h2/∂b = 1
  x.grad  += h1.grad × ∂h1/∂x      0 + 0.25 × 0    = 0        ∂h1/∂x = w
  w.grad  += h1.grad × ∂h1/∂w      0 + 0.25 × 1    = 0.25     ∂h1/∂w = x
∂f/∂w along f → h2 → h1 → w: 1 × 0.25 × 1 × 1 = 0.25"""

WORKED_EXAMPLE_ASCII = """\
given      x = 1, w = 0, b = 0
forward
  h1 = x * w           1 * 0          = 0
  h2 = h1 + b          0 + 0          = 0
  f  = sigmoid(h2)     sigmoid(0)     = 0.5
backward             start: df/df = 1
  h2.grad += f.grad  * df/dh2      0 + 1    * 0.25 = 0.25     df/dh2 = f*(1 - f)
  h1.grad += h2.grad * dh2/dh1     0 + 0.25 * 1    = 0.25     dh2/dh1 = 1
  b.grad  += h2.grad * dh2/db      0 + 0.25 * 1    = 0.25     dh2/db = 1
  x.grad  += h1.grad * dh1/dx      0 + 0.25 * 0    = 0        dh1/dx = w
  w.grad  += h1.grad * dh1/dw      0 + 0.25 * 1    = 0.25     dh1/dw = x
df/dw along f -> h2 -> h1 -> w: 1 * 0.25 * 1 * 1 = 0.25"""

TEXTBOOK = """\
given      x = 1, w = 0, b = 0
forward
  h1 = x × w       1 × 0      = 0
  h2 = h1 + b      0 + 0      = 0
  h3 = h2 × -1     0 × -1     = 0
  h4 = exp(h3)     exp(0)     = 1
  h5 = h4 + 1      1 + 1      = 2
  h6 = 1 / h5      1 / 2      = 0.5
backward             start: ∂h6/∂h6 = 1
  h5.grad += h6.grad × ∂h6/∂h5     0 + 1     × -0.25 = -0.25     ∂h6/∂h5 = -1/h5²
  h4.grad += h5.grad × ∂h5/∂h4     0 + -0.25 × 1     = -0.25     ∂h5/∂h4 = 1
  h3.grad += h4.grad × ∂h4/∂h3     0 + -0.25 × 1     = -0.25     ∂h4/∂h3 = h4
  h2.grad += h3.grad × ∂h3/∂h2     0 + -0.25 × -1    = 0.25      ∂h3/∂h2 = -1
  h1.grad += h2.grad × ∂h2/∂h1     0 + 0.25  × 1     = 0.25      ∂h2/∂h1 = 1
  b.grad  += h2.grad × ∂h2/∂b      0 + 0.25  × 1     = 0.25      ∂h2/∂b = 1
  x.grad  += h1.grad × ∂h1/∂x      0 + 0.25  × 0     = 0         ∂h1/∂x = w
  w.grad  += h1.grad × ∂h1/∂w      0 + 0.25  × 1     = 0.25      ∂h1/∂w = x
∂h6/∂w along h6 → h5 → h4 → h3 → h2 → h1 → w: 1 × -0.25 × 1 × 1 × -1 × 1 × 1 = 0.25"""


# ------------------------------------------------------------------------------------------- the whole text


def test_the_worked_example() -> None:
    f, _, w, _ = worked_example()
    assert trace(f, w) == WORKED_EXAMPLE


def test_the_worked_example_in_ascii() -> None:
    f, _, w, _ = worked_example()
    text = trace(f, w, ascii=True)
    assert text == WORKED_EXAMPLE_ASCII
    assert text.isascii()


def test_the_textbooks_product() -> None:
    """Qiu, Neural Networks and Deep Learning, section 4.5: ∂f/∂w = 1 × −0.25 × 1 × 1 × −1 × 1 × 1 = 0.25."""
    h6, _, w, _ = textbook_example()
    assert trace(h6, w) == TEXTBOOK
    assert "1 × -0.25 × 1 × 1 × -1 × 1 × 1 = 0.25" in trace(h6, w)


def test_without_leaves_there_are_no_paths() -> None:
    f, *_ = worked_example()
    assert trace(f) == WORKED_EXAMPLE.rsplit("\n", 1)[0]


def test_a_leaf_alone() -> None:
    x = Value(3.0, "x")
    assert trace(x, x).splitlines() == [
        "given      x = 3",
        "forward",
        "backward             start: ∂x/∂x = 1",
        "∂x/∂x along x: 1 = 1",
    ]


@given(recipes())
def test_the_text_does_not_change_with_gradients_nor_change_them(recipe: Recipe) -> None:
    """The trace is that of the pass that has run, or else of the first."""
    root, leaves = recipe.graph()
    fresh = trace(root)
    assert gradient_of(root) == "not computed"
    root.backward()
    held = [gradient_of(leaf) for leaf in leaves]
    assert trace(root) == fresh
    assert [gradient_of(leaf) for leaf in leaves] == held


@given(recipes())
def test_ascii_is_ascii_and_has_the_same_lines(recipe: Recipe) -> None:
    root, _ = recipe.graph()
    text = trace(root, ascii=True)
    assert text.isascii()
    assert len(text.splitlines()) == len(trace(root).splitlines())
    assert all(line == line.rstrip() for line in text.splitlines())


@given(recipes())
def test_every_number_shown_is_that_of_the_graph(recipe: Recipe) -> None:
    """One line for each operation, in order, ending in its value."""
    root, _ = recipe.graph()
    lines = unwrapped(trace(root)).splitlines()
    shown = lines[lines.index("forward") + 1 :]
    operations = [node for node in topological_order(root) if node.op]
    for node, line in zip(operations, shown, strict=False):
        assert line.endswith(f" = {node.data + 0.0:.4g}")


def test_values_of_one_name_are_told_apart() -> None:
    """As a textbook does, by numbers; the labels stay as they are."""
    first, second = Value(1.0, "x"), Value(2.0, "x")
    lines = trace(first * second).splitlines()
    assert lines[:3] == ["given      x₁ = 1, x₂ = 2", "forward", "  h1 = x₁ × x₂     1 × 2     = 2"]
    assert first.label == second.label == "x"


def test_more_paths_than_have_ever_been_counted() -> None:
    """2,200 doublings: a number of more digits than Python writes, or a float holds, is told by its size."""
    x = y = Value(1.0, "x")
    for _ in range(2_200):
        y = y + y
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert "over all about 10^662 paths" in trace(y, x, max_paths=1)
    finally:
        sys.set_int_max_str_digits(limit)


def test_a_row_that_floats_alone_can_compute_is_named() -> None:
    """A derivative that decides with `if` has no formula: the message says whose it is, and what to write instead."""

    class Ramp(rules.Rule):
        def forward(self, x: float) -> float:
            return max(x, 0.0)

        def partials(self, out: Any, x: Any) -> tuple[float]:
            return (1.0,) if x > 0.0 else (0.0,)

    with pytest.raises(TypeError, match=r"^ramp\(x\): the symbol x has no value to decide on: use maximum"):
        trace(Ramp()(Value(1.0, "x")))


def test_an_operation_of_one_operand_is_written_like_a_function() -> None:
    """Whatever its symbol is: only negation is a sign."""

    class Square(rules.Rule):
        symbol = "x²"

        def forward(self, x: float) -> float:
            return x * x

        def partials(self, out: Any, x: Any) -> tuple[Any]:
            return (2.0 * x,)

    assert "h1 = x²(x)     x²(3)     = 9" in trace(Square()(Value(3.0, "x")))
    assert str(Square()) == "x²(x)"


# ----------------------------------------------------------------------------------------------- running sums


def test_a_node_used_twice_shows_its_running_sum() -> None:
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    lines = [line for line in trace(y).splitlines() if line.startswith("  x.grad")]
    assert lines == [
        "  x.grad += y.grad × ∂y/∂x₍₁₎     0 + 1 × 3 = 3     ∂y/∂x₍₁₎ = x₍₂₎",
        "  x.grad += y.grad × ∂y/∂x₍₂₎     3 + 1 × 3 = 6     ∂y/∂x₍₂₎ = x₍₁₎",
    ]


def test_constants_have_no_line_of_their_own() -> None:
    x = Value(3.0, "x")
    assert "2.grad" not in trace(x * 2)


def test_a_weighted_sum_is_written_out() -> None:
    w, x, b = Parameter(2.0, "w"), Value(3.0, "x"), Parameter(1.0, "b")
    z = weighted_sum([w], [x], b)
    z.label = "z"
    assert "  z = w × x + b     2 × 3 + 1     = 7" in trace(z)


def test_tiny_numbers_are_not_shown_as_zero() -> None:
    x = Value(1e-200, "x")
    text = trace(x * 1e-100)
    assert "= 1e-300" in text
    assert "x = 1e-200" in text


# ------------------------------------------------------------------------------------------------------ paths


def paths_of(text: str) -> list[str]:
    return [line for line in unwrapped(text).splitlines() if " along " in line or " over all " in line]


def test_two_paths_are_listed_and_added() -> None:
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    assert paths_of(trace(y, x)) == [
        "∂y/∂x along y → x₍₁₎: 1 × 3 = 3",
        "∂y/∂x along y → x₍₂₎: 1 × 3 = 3",
        "∂y/∂x over all 2 paths: 3 + 3 = 6",
    ]


def test_the_case_that_shows_why_order_matters() -> None:
    """y = (c + d) + c·d with c = a + b, d = a·b: four paths to a, and 25."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a + b
    d = a * b
    e = c + d
    f = c * d
    y = e + f
    for node, label in ((c, "c"), (d, "d"), (e, "e"), (f, "f"), (y, "y")):
        node.label = label
    lines = paths_of(trace(y, a))
    assert sorted(lines[:-1]) == [
        "∂y/∂a along y → e → c → a: 1 × 1 × 1 × 1 = 1",
        "∂y/∂a along y → e → d → a: 1 × 1 × 1 × 3 = 3",
        "∂y/∂a along y → f → c → a: 1 × 1 × 6 × 1 = 6",
        "∂y/∂a along y → f → d → a: 1 × 1 × 5 × 3 = 15",
    ]
    assert lines[-1].startswith("∂y/∂a over all 4 paths: ")
    assert lines[-1].endswith(" = 25")


def test_paths_of_several_leaves() -> None:
    f, x, w, b = worked_example()
    assert [line.split(" along ")[0] for line in paths_of(trace(f, w, x, b))] == ["∂f/∂w", "∂f/∂x", "∂f/∂b"]


def test_a_bound_on_the_number_of_paths_is_said() -> None:
    """2 ** 30 paths: ten are listed, the others counted, and the sum is that of all."""
    x = Value(1.0, "x")
    y = x
    for _ in range(30):
        y = y + y
    *listed, total = paths_of(trace(y, x))
    assert len(listed) == 10
    assert total.startswith("∂h30/∂x over all 1,073,741,824 paths: 1 + 1 + ")
    assert total.endswith(" + (1,073,741,814 more paths, not listed) = 1.074e+09")


@pytest.mark.parametrize(("max_paths", "listed"), [(1, 1), (3, 3), (4, 4), (5, 4)])
def test_the_bound_is_the_callers(max_paths: int, listed: int) -> None:
    x = Value(3.0, "x")
    square = x * x
    text = trace(square + square, x, max_paths=max_paths)
    *lines, total = paths_of(text)
    assert len(lines) == listed
    rest = f" + ({4 - listed} more paths, not listed)" if listed < 4 else ""
    assert total == f"∂h2/∂x over all 4 paths: {' + '.join(['3'] * listed)}{rest} = 12"


def test_no_path_at_all_may_be_asked_for() -> None:
    """Then only their number and the sum are said."""
    x = Value(3.0, "x")
    assert paths_of(trace(x * x, x, max_paths=0)) == ["∂h1/∂x over all 2 paths: (2 more paths, not listed) = 6"]


def test_an_inner_node_may_be_asked_for_too() -> None:
    h6, *_ = textbook_example()
    h5 = h6.children[1]
    h3 = h5.children[0].children[0]
    assert paths_of(trace(h6, h3)) == ["∂h6/∂h3 along h6 → h5 → h4 → h3: 1 × -0.25 × 1 × 1 = -0.25"]


def test_a_path_of_thousands_of_nodes_is_found_without_recursion() -> None:
    x = Value(1.0, "x")
    y = x
    for _ in range(2 * sys.getrecursionlimit()):
        y = -y
    assert paths_of(trace(y, x))[0].endswith(" = 1")


def test_a_leaf_that_is_not_in_the_graph_is_an_error() -> None:
    f, *_ = worked_example()
    stranger = Value(3.0, "stranger")
    with pytest.raises(ValueError, match=r"^f does not depend on Value\(stranger=3\)$"):
        trace(f, stranger)


def test_a_constant_is_no_leaf_to_derive_along() -> None:
    y = Value(3.0, "x") * 2
    with pytest.raises(ValueError, match=r"^h1 does not depend on Constant\(v\d+=2\)$"):
        trace(y, y.children[1])


def test_a_missing_derivative_is_said() -> None:
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at 0\.0 "):
        trace(sqrt(Value(0.0)))


# ---------------------------------------------------------------------------------------------------- explain


def printed(encoding: str, label: str = "x", ascii: bool | None = None) -> str:
    """What explain writes to a stream of that encoding."""
    x = Value(3.0, label)
    y = maximum(x.sigmoid() - x * x / (1 - x**5), x)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    explain(y, x, ascii=ascii, file=stream)
    stream.seek(0)
    return stream.read()


@pytest.mark.parametrize(
    "encoding",
    ["ascii", "latin-1", "cp1252", "cp437", "mac_roman", "cp932", "shift_jis", "euc_jp", "gbk", "big5", "koi8-r"],
)
def test_a_stream_without_the_signs_gets_ascii(encoding: str) -> None:
    """Of the encodings that know some of ∂ × → − · ² ⁵ none gets escapes for the others."""
    assert printed(encoding) == printed("utf-8", ascii=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_a_stream_with_the_signs_gets_them(encoding: str) -> None:
    assert printed(encoding) == printed("utf-8", ascii=False)
    assert "∂" in printed(encoding)


@pytest.mark.parametrize(
    ("encoding", "label", "shown"),
    [
        ("ascii", "θ", "theta"),
        ("cp1252", "θ", "theta"),
        ("gbk", "θ", "θ"),
        ("gbk", "损失", "损失"),
        ("ascii", "损", "\\u635f"),
        ("cp1252", "é", "é"),
        ("ascii", "é", "e"),
        ("ascii", "x₁", "x_1"),
        ("gbk", "x₁₂", "x_12"),
    ],
)
def test_a_label_the_stream_cannot_show_is_spelled(encoding: str, label: str, shown: str) -> None:
    """Before the columns are set, so that they stay straight; what the stream knows stays as it is."""
    text = printed(encoding, label=label)
    assert f"given      {shown} = 3" in text
    blocks = [("forward", "backward"), ("backward", "d")]
    for start, end in blocks if cells(shown) < 6 else blocks[:1]:  # an escape makes some lines wider than a page
        block = text.partition(f"\n{start}")[2].partition(f"\n{end}")[0].splitlines()[1:]
        assert len({cells(line[: line.index("=")]) for line in block}) == 1


def test_names_that_are_told_apart_by_subscripts_are_ascii_too() -> None:
    total = Value(1.0, "total") * Value(2.0, "total")
    text = trace(total, *total.children, ascii=True)
    assert text.isascii()
    assert text.splitlines()[0] == "given      total_1 = 1, total_2 = 2"
    assert "dh1/dtotal_1 = total_2" in text


def test_columns_are_as_wide_as_the_cells_they_take() -> None:
    """A Chinese letter takes two cells, an accent that is set on a letter none."""
    x, y = Value(3.0, "输入"), Value(2.0, "a\N{COMBINING ACUTE ACCENT}")
    h = x * y
    h.label = "净输入"
    z = h.tanh() + y
    z.label = "z"
    assert trace(z).splitlines() == [
        "given      输入 = 3, a\N{COMBINING ACUTE ACCENT} = 2",
        "forward",
        "  净输入 = 输入 × a\N{COMBINING ACUTE ACCENT}         3 × 2       = 6",
        "  h1     = tanh(净输入)     tanh(6)     = 1",
        "  z      = h1 + a\N{COMBINING ACUTE ACCENT}           1 + 2       = 3",
        *trace(z).splitlines()[5:],
    ]


def test_what_a_stream_does_not_know_decides_a_trace_that_is_printed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """`print(trace(f))` survives; a trace that is asked for with ∂ has it."""
    f, _, w, _ = worked_example()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="gbk"))
    assert trace(f, w) == WORKED_EXAMPLE_ASCII
    assert trace(f, w, ascii=False) == WORKED_EXAMPLE
    assert trace(f, w, encoding="utf-8") == WORKED_EXAMPLE


def test_ascii_may_be_asked_for_or_refused() -> None:
    """On a stream that has no ∂ it is a d even so."""
    assert printed("utf-8", ascii=True).isascii()
    assert "∂h1/∂x" in printed("utf-8", ascii=False)
    assert "dh1/dx" in printed("ascii", ascii=False)


def test_explain_prints_the_trace_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    f, _, w, _ = worked_example()
    explain(f, w)
    assert capsys.readouterr().out == WORKED_EXAMPLE + "\n"


def test_explain_follows_the_encoding_of_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    f, _, w, _ = worked_example()
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    explain(f, w)
    stream.seek(0)
    assert stream.read() == WORKED_EXAMPLE_ASCII + "\n"


def test_explain_writes_to_a_stream_without_an_encoding() -> None:
    f, _, w, _ = worked_example()
    stream = io.StringIO()
    explain(f, w, file=stream)
    assert stream.getvalue() == WORKED_EXAMPLE + "\n"


def test_a_network_is_explained_too() -> None:
    """Every parameter has its line, below the name of its neuron."""
    mlp = MLP(2, [2, 1], seed=1)
    text = trace(mlp([1.0, 2.0])).partition("backward")[2]
    blocks = dict(block.split("\n", 1) for block in text.split("\n  in ")[1:])
    for parameter in mlp.parameters():
        neuron, name = re.fullmatch(r"(.*?neurons\.\d+)\.(.*)", parameter.label).groups()  # type: ignore[union-attr]
        assert f"    {name}.grad" in blocks[neuron]


# ------------------------------------------------------------------------- lines of a page, and what was there before


@pytest.mark.parametrize("sizes", [[1], [3, 1], [8, 8, 1]])
@pytest.mark.parametrize("activation", ["tanh", lambda z: z * z.sigmoid()], ids=["tanh", "swish"])
@pytest.mark.parametrize("ascii", [False, True])
def test_a_network_is_explained_in_lines_of_a_page(sizes: list[int], activation: Any, ascii: bool) -> None:
    """All that is in the lines is there once, however they are broken."""
    mlp = MLP(4, sizes, activation=activation, seed=1)
    root = mlp([1.0, 2.0, -1.0, 0.5])
    text = trace(root, mlp.parameters()[0], max_paths=3, ascii=ascii)
    assert max(map(len, text.splitlines())) <= 100
    lines = unwrapped(text).splitlines()
    backward = [line for line in lines[lines.index("forward") :] if re.search(r"\.grad +\+= ", line)]
    assert len(backward) == sum(1 for _ in steps_of(Graph(root)))
    assert len([line for line in lines if re.match(r"    z +=", line)]) == sum(sizes)


def test_a_loss_after_a_network_is_told_from_its_neurons() -> None:
    """By the names of neurons, and by how far lines are set in."""
    y = (MLP(1, [1], seed=1)([2.0]) - 3.0) ** 2
    names = [line.split(" = ")[0] for line in trace(y).partition("forward\n")[2].splitlines()[:4]]
    assert names == ["  in layers.0.neurons.0", "    z", "  h1 ", "  h2 "]


@pytest.mark.parametrize("name", ["a_name_of_some_length", "x" * 300])
def test_long_names_are_wrapped_too(name: str) -> None:
    x, w = Value(2.0, name), Value(3.0, f"{name}2")
    assert max(map(len, trace(x * w + x, x).splitlines())) <= 100


def before_lines(text: str) -> list[str]:
    return [line.split("     ")[1].strip() for line in text.splitlines() if " before" in line]


def test_what_was_there_before_this_pass_is_seen_once() -> None:
    """A forgotten zero_grad: 7, and 4 + 3 once more."""
    x = Value(1.0, "x")
    y = x * 4.0 + x * 3.0
    assert before_lines(trace(y)) == []
    y.backward()
    assert before_lines(trace(y)) == []
    y.backward()
    assert before_lines(trace(y)) == ["7 before + 1 × 3 = 10"]
    assert "  x.grad  += h1.grad × ∂h1/∂x      10 + 1       × 4 = 14     ∂h1/∂x = 4" in trace(y)
    assert "∂h3/∂x over all 2 paths: 4 + 3 = 7" in trace(y, x)


def test_what_another_loss_left_is_there_before_this_one() -> None:
    x = Value(1.0, "x")
    (x * 7.0).backward()
    assert before_lines(trace(x * 4.0)) == ["7 before + 1 × 4 = 11"]
    assert x.grad == 7.0


def test_nothing_is_said_of_gradients_that_are_no_pass_of_this_graph() -> None:
    x = Value(1.0, "x")
    y = x * 4.0
    (y * 2.0).backward()
    assert before_lines(trace(y)) == []
    y.grad = 1.0
    x.data = 2.0
    assert before_lines(trace(y)) == []


def test_the_page_begins_with_what_was_there_before() -> None:
    x = Value(1.0, "x")
    y = x * 4.0 + x * 3.0
    y.backward()
    assert " before" not in " ".join(lines_of(Stepper(y).page))
    y.backward()
    [line] = [line for line in lines_of(Stepper(y).page) if " before" in line]
    assert "x.grad += h2.grad × ∂h2/∂x = 7 before + 1 × 3 = 10 " in line
    assert x.grad == 14.0


def test_a_function_on_a_page_begins_with_what_its_parameters_hold() -> None:
    w = Parameter(2.0, "w")
    (w * 7.0).backward()
    page = Stepper(lambda x: w * x, x=3.0).page
    assert "w.grad += f.grad × ∂f/∂w = 7 before + 1 × 3 = 10 " in " ".join(lines_of(page))
    assert w.grad == 7.0
