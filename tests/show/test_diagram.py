"""The diagram: its boxes, arrows and colours, its text for Graphviz, and the files it is written to."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import types
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.oracles import Recipe, gradient_of, recipes, textbook_example, worked_example
from tests.show.reading import boxes, lines_of_source, source_of
from tests.sweeps import mostly_slow
from tinygrad_edu import Stepper, Value, draw_dot, save_graph, sqrt, topological_order, weighted_sum
from tinygrad_edu.nn import MLP, Layer, Neuron
from tinygrad_edu.rules import Rule
from tinygrad_edu.show.render import render

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not installed")


def arrows(root: Value, **options: Any) -> list[str]:
    return [line for line in lines_of_source(root, **options) if " -> " in line]


def box_name(line: str) -> str:
    """The name in bold that a box begins with."""
    match = re.search(r"<b>(.+?)</b>", line)
    assert match, line
    return match[1]


def backward(root: Value) -> Value:
    root.backward()
    return root


# ---------------------------------------------------------------- the worked example, as it was first designed


def box(head: str, value: str, grad: str) -> str:
    """The label of a box."""
    return (
        '<<table border="0" cellborder="0" cellspacing="0" cellpadding="2">'
        f'<tr><td align="left" colspan="2">{head}</td></tr>'
        '<tr><td align="left"><font color="#005A9C">value</font></td>'
        f'<td align="right"><font color="#005A9C"><b>{value}</b></font></td></tr>'
        '<tr><td align="left"><font color="#A33B00">grad</font></td>'
        f'<td align="right"><font color="#A33B00"><b>{grad}</b></font></td></tr></table>>'
    )


def leaf(name: str, kind: str) -> str:
    return f'<b>{name}</b> <font point-size="9" color="#555555">{kind}</font>'


def arrow(derivative: str, contribution: str) -> str:
    """The label of an arrow."""
    return (
        '<<table border="0" cellborder="0" cellspacing="0" cellpadding="1" bgcolor="#FFFFFF">'
        f'<tr><td align="left">{derivative}</td></tr>'
        f'<tr><td align="left"><font color="#A33B00">← {contribution}</font></td></tr></table>>'
    )


PARAMETER = 'color="#A33B00" fillcolor="#FDE7C7" id={} penwidth=2 peripheries=1 style="filled,rounded"'
INPUT = 'color="#005A9C" fillcolor="#DCEBF7" id={} penwidth=1 peripheries=1 style="filled,rounded"'
OPERATION = 'color="#777777" fillcolor="#FFFFFF" id={} penwidth=1 peripheries=1 style=filled'
OUTPUT = 'color="#777777" fillcolor="#FFFFFF" id={} penwidth=1 peripheries=2 style=filled'

LEAVES = [
    ("v0", box(leaf("x", "input"), "1", "0"), INPUT, "x"),
    ("v1", box(leaf("w", "parameter"), "0", "0.25"), PARAMETER, "w"),
    ("v2", box(leaf("b", "parameter"), "0", "0.25"), PARAMETER, "b"),
    ("v3", box("<b>h1</b>&#160;= x × w", "0", "0.25"), OPERATION, "h1"),
    ("v4", box("<b>h2</b>&#160;= h1 + b", "0", "0.25"), OPERATION, "h2"),
]
WORKED_BOXES = [*LEAVES, ("v5", box("<b>f</b>&#160;= σ(h2)", "0.5", "1"), OUTPUT, "f")]
TEXTBOOK_BOXES = [
    *LEAVES,
    ("v5", box("<b>h3</b>&#160;= h2 × −1", "0", "−0.25"), OPERATION, "h3"),
    ("v6", box("<b>h4</b>&#160;= exp(h3)", "1", "−0.25"), OPERATION, "h4"),
    ("v7", box("<b>h5</b>&#160;= h4 + 1", "2", "−0.25"), OPERATION, "h5"),
    ("v8", box("<b>h6</b>&#160;= 1 / h5", "0.5", "1"), OUTPUT, "h6"),
]
FIRST_ARROWS = [
    ("v0 -> v3", arrow("∂h1/∂x = w = 0", "0.25 × 0 = 0"), "x to h1"),
    ("v1 -> v3", arrow("∂h1/∂w = x = 1", "0.25 × 1 = 0.25"), "w to h1"),
    ("v3 -> v4", arrow("∂h2/∂h1 = 1", "0.25 × 1 = 0.25"), "h1 to h2"),
    ("v2 -> v4", arrow("∂h2/∂b = 1", "0.25 × 1 = 0.25"), "b to h2"),
]
WORKED_ARROWS = [
    *FIRST_ARROWS,
    ("v4 -> v5", arrow("∂f/∂h2 = f·(1−f) = 0.25", "1 × 0.25 = 0.25"), "h2 to f"),
]
TEXTBOOK_ARROWS = [
    *FIRST_ARROWS,
    ("v4 -> v5", arrow("∂h3/∂h2 = −1", "−0.25 × −1 = 0.25"), "h2 to h3"),
    ("v5 -> v6", arrow("∂h4/∂h3 = h4 = 1", "−0.25 × 1 = −0.25"), "h3 to h4"),
    ("v6 -> v7", arrow("∂h5/∂h4 = 1", "−0.25 × 1 = −0.25"), "h4 to h5"),
    ("v7 -> v8", arrow("∂h6/∂h5 = −1/h5² = −0.25", "1 × −0.25 = −0.25"), "h5 to h6"),
]


@pytest.mark.parametrize(("example", "expected"), [(worked_example, WORKED_BOXES), (textbook_example, TEXTBOOK_BOXES)])
def test_each_value_is_a_box(example: Any, expected: list[tuple[str, str, str, str]]) -> None:
    """Its name and what it is, its value, its gradient; colour, border and word tell what it is."""
    root, *_ = example()
    lines = [f"{v} [label={label} {style.format(v)} tooltip={name}]" for v, label, style, name in expected]
    assert boxes(backward(root)) == lines


@pytest.mark.parametrize(
    ("example", "expected"), [(worked_example, WORKED_ARROWS), (textbook_example, TEXTBOOK_ARROWS)]
)
def test_each_operand_is_an_arrow(example: Any, expected: list[tuple[str, str, str]]) -> None:
    """The local derivative with its formula and number; below it the contribution it passes back."""
    root, *_ = example()
    lines = [f'{ends} [label={label} id=e{i} tooltip="{tip}"]' for i, (ends, label, tip) in enumerate(expected)]
    assert arrows(backward(root)) == lines


@pytest.mark.parametrize(
    "setting",
    [
        'fontname="Helvetica,Arial,sans-serif"',
        "nodesep=0.4",
        "ranksep=0.25",
        "ordering=in",
        "fontsize=11",
        "fontsize=9",
        'margin="0.06,0.03"',
        "shape=box",
        "bgcolor=transparent",
    ],
)
def test_the_picture_as_a_whole(setting: str) -> None:
    f, *_ = worked_example()
    assert setting in source_of(f)


def test_no_size_and_no_record_shapes() -> None:
    """A fixed size makes text unreadable, and records break on |<>{}."""
    f, *_ = worked_example()
    assert "record" not in source_of(f)
    assert not re.search(r"[^-]\bsize=", source_of(f))


def test_a_title_stands_above() -> None:
    f, *_ = worked_example()
    assert ">σ(w·x + b) &amp; more</td></tr></table>> labelloc=t" in source_of(f, title="σ(w·x + b) & more")
    assert "labelloc" not in source_of(f)


# ------------------------------------------------------------------------------------------- arrows and operands


def test_a_node_used_twice_by_one_operation_has_two_arrows() -> None:
    """x * x: both contributions are seen, and add up to its gradient."""
    x = Value(3.0, "x")
    lines = arrows(backward(x * x))
    assert [line.split(" [")[0] for line in lines] == ["v0 -> v1", "v0 -> v1"]
    assert all("← 1 × 3 = 3" in line for line in lines)
    assert "<b>6</b>" in boxes(x * x)[0]


@given(recipes(max_operations=8))
def test_there_is_a_box_for_each_node_and_an_arrow_for_each_operand(recipe: Recipe) -> None:
    """Plain numbers too, where they are asked for."""
    root, _ = recipe.graph()
    nodes = topological_order(root)
    assert len(boxes(root, constants=True, weights="boxes")) == len(nodes)
    assert len(arrows(root, constants=True, weights="boxes")) == sum(len(node.children) for node in nodes)


def test_plain_numbers_stand_in_the_formulas_only() -> None:
    x = Value(3.0, "x")
    assert len(boxes(x * 2)) == 2
    assert "= x × 2" in boxes(x * 2)[1]


def test_plain_numbers_get_boxes_where_asked_for_without_a_gradient() -> None:
    y = backward(Value(3.0, "x") ** 2)
    _, number, _ = boxes(y, constants=True)
    assert '<b>2</b> <font point-size="9" color="#555555">constant</font>' in number
    assert 'fillcolor="#F2F2F2"' in number
    assert 'style="filled,dashed"' in number
    assert "grad" not in number
    assert "nan" not in source_of(y, constants=True)


# ------------------------------------------------------------------------------------- numbers and gradients


def test_not_computed_is_shown_as_a_dash_and_a_computed_zero_as_zero() -> None:
    x = Value(3.0, "x")
    y = x * 0
    assert "<b>–</b>" in boxes(y)[0]
    y.backward()
    assert "<b>0</b>" in boxes(y)[0]
    assert "–" not in source_of(y)
    y.zero_grad()
    assert "<b>–</b>" in boxes(y)[0]


def test_before_backward_arrows_have_a_derivative_and_no_contribution() -> None:
    x = Value(3.0, "x")
    (line,) = arrows(x.exp())
    assert "∂h1/∂x = h1 = 20.09" in line
    assert "←" not in line


def test_minus_zero_is_shown_as_zero() -> None:
    x = Value(-0.0, "x")
    y = backward(x * -1)
    assert y.data == 0.0
    assert "−0<" not in source_of(y)
    assert "-0<" not in source_of(y)


def test_numbers_have_four_digits_and_tiny_ones_are_not_zero() -> None:
    y = Value(1 / 3, "x") * 1e-300
    assert "<b>0.3333</b>" in boxes(y)[0]
    assert "<b>3.333e−301</b>" in boxes(y)[1] or "<b>3.333e-301</b>" in boxes(y)[1]


def test_drawing_changes_no_gradient() -> None:
    x = Value(3.0, "x")
    y = x * x
    draw_dot(y)
    assert [gradient_of(node) for node in (x, y)] == ["not computed", "not computed"]


def test_what_has_a_value_can_be_drawn_though_a_derivative_does_not_exist() -> None:
    """Nobody asked for a gradient."""
    assert "sqrt(x)" in source_of(sqrt(Value(0.0, "x")))
    assert "∂h1/∂x = h1·log(-2) does not exist here" in source_of((-2.0) ** Value(3.0, "x"))


# ------------------------------------------------------------------------------------------- determinism


@given(recipes(max_operations=8))
@settings(max_examples=25)
def test_the_same_graph_draws_the_same_text(recipe: Recipe) -> None:
    """Twice, and when it is built again: nothing in it comes from an address in memory."""
    root, _ = recipe.graph()
    again, _ = recipe.graph()
    assert source_of(root) == source_of(root) == source_of(again)


def test_ids_count_in_topological_order() -> None:
    h6, *_ = textbook_example()
    assert [re.search(r" id=(\w+)", line)[1] for line in boxes(h6)] == [f"v{i}" for i in range(9)]  # type: ignore[index]
    assert [re.search(r" id=(\w+)", line)[1] for line in arrows(h6)] == [f"e{i}" for i in range(8)]  # type: ignore[index]


# ------------------------------------------------------------------------------------------- direction and size


def chain(length: int) -> Value:
    y = Value(1.0, "x")
    for _ in range(length - 1):
        y = y.tanh()
    return y


@pytest.mark.parametrize(("length", "direction"), [(1, "LR"), (5, "LR"), (6, "TB"), (30, "TB")])
def test_up_to_five_ranks_go_left_to_right(length: int, direction: str) -> None:
    assert f"rankdir={direction}" in lines_of_source(chain(length))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_the_direction_may_be_chosen(direction: str) -> None:
    assert f"rankdir={direction}" in lines_of_source(chain(3), direction=direction)
    assert f"rankdir={direction}" in lines_of_source(chain(9), direction=direction)


@pytest.mark.parametrize(("length", "detailed"), [(40, True), (41, False)])
def test_beyond_forty_boxes_each_has_one_line_and_arrows_have_none(length: int, detailed: bool) -> None:
    root = chain(length)
    assert ("value</font>" in source_of(root)) is detailed
    assert ("∂" in source_of(root)) is detailed
    assert len(boxes(root)) == length
    if not detailed:
        assert '<b>x</b>&#160;= <font color="#005A9C">1</font>  <font color="#A33B00">grad –</font>' in boxes(root)[0]


@pytest.mark.parametrize("length", [201, 1000])
def test_a_wall_of_boxes_is_refused_with_both_numbers(length: int) -> None:
    """What cannot be collapsed is not drawn unreadably, nor in part; the message says what to pass."""
    advice = f"draw the graph of a node within, or pass max_nodes={length}"
    with pytest.raises(ValueError, match=f"^{length:,} nodes are too many to read: {advice}$"):
        draw_dot(chain(length))
    assert len(boxes(chain(length), max_nodes=length)) == length


def test_layers_are_spoken_of_where_there_are_layers() -> None:
    y = MLP(2, [3, 1], seed=1)([1.0, 2.0])
    for _ in range(300):
        y = y.tanh()
    with pytest.raises(ValueError, match="^322 nodes .*, and so are 304 boxes, with each layer as one:"):
        draw_dot(y)


def test_max_nodes_may_be_lower() -> None:
    with pytest.raises(ValueError, match="^6 nodes are too many to read"):
        draw_dot(chain(6), max_nodes=5)


# ----------------------------------------------------------------------------------------------------- networks


@functools.cache
def network(*sizes: int) -> Value:
    """The output of an MLP with two inputs, all its outputs added up."""
    outputs = MLP(2, [*sizes, 2], activation="tanh", seed=1)([1.0, 2.0])
    return backward(outputs[0] + outputs[1])


def test_a_network_has_its_weights_on_the_arrows() -> None:
    """As a textbook draws it: boxes for inputs and neurons, a weight on each arrow, the bias inside the neuron."""
    mlp = MLP(2, [3, 1], seed=1)
    output = backward(mlp([1.0, 2.0]))
    names = [box_name(line) for line in boxes(output)]
    assert len(names) == 2 + 3 * 2 + 1
    assert not any(".w." in name or name.endswith(".b") for name in names)
    shown = [line for line in arrows(output) if re.search(r">w\.\d = ", line)]
    assert len(shown) == 2 * 3 + 3
    for line, weight in zip(shown[:2], mlp.layers[0].neurons[0].w, strict=True):
        number, grad = (f"{x:.4g}".replace("-", "−") for x in (weight.data, weight.grad))
        i = weight.label[-1]
        value, gradient = f'<font color="#005A9C">w.{i} = {number}<', f'<font color="#A33B00">grad {grad}<'
        assert re.search(f"{value}.*<tr>.*{gradient}", line), "the gradient stands below the value"
    assert sum('<font color="#005A9C">b = 0</font>' in line for line in boxes(output)) == 4


def test_a_neuron_alone_has_boxes_for_its_weights() -> None:
    a = Neuron(2, activation="sigmoid")([1.0, 2.0])
    assert len(boxes(a)) == 7
    assert "<b>w.0</b>" in source_of(a)


def test_where_the_weights_go_may_be_chosen() -> None:
    a = Neuron(2, activation="sigmoid")([1.0, 2.0])
    assert len(boxes(a, weights="arrows")) == 4
    assert len(boxes(network(3), weights="boxes")) == len(boxes(network(3))) + 3 * 3 + 2 * 4
    class Array:
        """As numpy's, it compares element by element, and has no truth."""

        def __eq__(self, other: object) -> Any:
            return self

        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    for options in {"weights": Array()}, {"direction": Array()}:
        with pytest.raises(ValueError, match=r"^(weights|direction) must be '\w+' or '\w+', got "):
            draw_dot(worked_example(), **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^weights must be 'boxes' or 'arrows', got 'none'$"):
        draw_dot(a, weights="none")
    with pytest.raises(ValueError, match="^direction must be 'LR' or 'TB', got 'right'$"):
        draw_dot(a, direction="right")


def test_a_shared_weight_keeps_its_box() -> None:
    """A parameter that two neurons use, or that is used elsewhere too, has no one arrow to stand on."""
    neuron = Neuron(1, activation="tanh")
    output = neuron([neuron([1.0])])
    assert "<b>w.0</b>" in source_of(output, weights="arrows")
    w, x = Neuron(1).w[0], Value(2.0, "x")
    assert len(boxes(weighted_sum([w], [x]) + w, weights="arrows")) == 4


@pytest.mark.parametrize(
    ("sizes", "direction"), [([3, 1], "TB"), ([4, 1], "TB"), ([5, 1], "LR"), ([8, 1], "LR"), ([4, 4, 1], "LR")]
)
def test_a_network_is_drawn_in_the_direction_in_which_it_is_narrow(sizes: list[int], direction: str) -> None:
    """From top to bottom while the labels of a layer's weights fit beside each other."""
    output = MLP(2, sizes, seed=1)([1.0, 2.0])
    assert f"rankdir={direction}" in lines_of_source(output)
    assert "rankdir=LR" in lines_of_source(output, direction="LR")


def test_a_long_definition_stands_below_the_name() -> None:
    """A sum in as many lines as it takes, each addend whole."""
    *_, last = boxes(MLP(2, [4, 1], seed=1)([1.0, 2.0]))
    lines = re.findall(r'<td align="left" colspan="2">(.*?)</td>', last)
    assert lines[:3] == ["<b>layers.1.neurons.0.z</b>", "= w.0 × a.0 + w.1 × a.1", "+ w.2 × a.2 + w.3 × a.3 + b"]


@pytest.mark.parametrize(("n_inputs", "detailed"), [(19, True), (20, False)])
def test_beyond_forty_weights_they_are_not_drawn_and_a_note_says_so(n_inputs: int, detailed: bool) -> None:
    """Two neurons: 2 n weights and 2 biases, one weight and one bias more for the output."""
    outputs = Layer(n_inputs, 2)([1.0] * n_inputs)
    root = outputs[0] + outputs[1]
    note = "not shown, because there are too many: formulas, local derivatives, 42 weights and biases"
    assert ("w.0 = " in source_of(root)) is detailed
    assert (note in source_of(root)) is not detailed
    assert ("penwidth=0.5" in source_of(root)) is not detailed


def test_a_note_stands_below_the_title() -> None:
    (label,) = (line for line in lines_of_source(chain(41), title="a chain") if line.startswith("label="))
    assert '>a chain<br/><font point-size="9"' in label
    assert "not shown, because there are too many: formulas, local derivatives<" in label


def test_beyond_two_hundred_boxes_each_neuron_is_one_box() -> None:
    """As long as they are connected by few arrows."""
    root = network(*[3] * 40)
    assert len(boxes(root, weights="arrows", max_nodes=1000)) > 200
    assert len(boxes(root)) == 2 + 40 * 3 + 2 + 1
    assert "<b>layers.39.neurons.2</b>" in source_of(root)
    assert f"each neuron is one box: {len(topological_order(root))} nodes in all" in source_of(root)


def test_a_bar_of_arrows_is_no_picture() -> None:
    """With two layers of 16 there are 35 neurons, but 304 arrows between them: each layer is one box instead."""
    root = backward(MLP(2, [16, 16, 1], activation="tanh", seed=1)([1.0, 2.0]))
    assert [box_name(line) for line in boxes(root)] == ["x1", "x2", "layers.0", "layers.1", "layers.2"]
    assert len(arrows(root)) == 4
    counts = re.findall("(?:</b>|>)([^<]*(?:neuron|node)[^<]*)<", "".join(boxes(root)))
    assert counts == [
        "&#160; 16 neurons",
        "80 nodes, 48 of them parameters",
        "&#160; 16 neurons",
        "304 nodes, 272 of them parameters",
        "&#160; 1 neuron",
        "18 nodes, 17 of them parameters",
    ]
    assert "each layer is one box: 404 nodes in all" in source_of(root)


def test_many_inputs_of_a_layer_are_one_box_too() -> None:
    root = backward(MLP(64, [32, 1], activation="tanh", seed=1)([0.5] * 64))
    assert [box_name(line) for line in boxes(root)] == ["x1 … x64", "layers.0", "layers.1"]
    assert "64 nodes<" in boxes(root)[0]
    assert "#DCEBF7" in boxes(root)[0], "the colour of an input"
    assert [line.split(" [")[0] for line in arrows(root)] == ["v0 -> v1", "v1 -> v2"]


def test_or_else_each_layer_is_one_box() -> None:
    """With one arrow for all that lead from one layer to the next."""
    root = network(150, 150)
    names = {line.split(" [")[0]: box_name(line) for line in boxes(root)}
    ends = [line.split(" [")[0].split(" -> ") for line in arrows(root)]
    assert sorted(names.values()) == ["h1", "layers.0", "layers.1", "layers.2", "x1", "x2"]
    assert sorted((names[tail], names[head]) for tail, head in ends) == [
        ("layers.0", "layers.1"),
        ("layers.1", "layers.2"),
        ("layers.2", "h1"),
        ("x1", "layers.0"),
        ("x2", "layers.0"),
    ]


def test_a_collapsed_box_says_how_many_nodes_it_stands_for() -> None:
    """Nothing is left out in silence: the numbers add up to the whole graph."""
    root = network(150, 150)
    counted = [int(n.replace(",", "")) for n in re.findall(r">([\d,]+) nodes[<,]", source_of(root))]
    assert len(counted) == 3
    assert sum(counted) + 3 == len(topological_order(root))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: chain(3), "h2"),
        (lambda: chain(50), "h49"),
        (lambda: network(3), "h1"),
        (lambda: network(60, 60), "h1"),
        (lambda: network(150, 150), "h1"),
        pytest.param(lambda: MLP(2, [150, 150, 1])([1.0, 2.0]), "layers.2", marks=pytest.mark.slow),
    ],
)
def test_the_output_is_told_from_the_rest_in_every_kind_of_picture(make: Callable[[], Value], name: str) -> None:
    """Detailed, in one line, or within a collapsed box: it has the double border."""
    assert [box_name(line) for line in boxes(make()) if "peripheries=2" in line] == [name]


# ------------------------------------------------------------------------------------------- any text is drawn

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"

HOSTILE = {  # a label, and the lines of text a picture shows for it
    "markup": ("<>|{}\"'&", None),
    "backslashes": ("\\", None),
    "backslash at the end": ("a\\", None),
    "two backslashes": ("a\\\\b", None),
    "escapes of graphviz": ("\\N \\G \\E \\T \\H \\L \\l \\r \\n", None),
    "html": ("<b>bold</b><script>alert(1)</script>", None),
    "html that is escaped already": ("&amp;&lt;&#65;&nbsp;", None),
    "an xml comment": ("--> <!-- ]]> <![CDATA[", None),
    "a new line": ("one\ntwo", ["one", "two"]),
    "an empty line": ("one\n\ntwo", ["one", "two"]),
    "spaces": ("a  b", None),
    "a tab": ("a\tb", ["a   b"]),
    "nothing but a tab": ("\t", [""]),
    "a bracket": ("]", None),
    "brackets": ("]]", None),
    "control characters": ("\x00\x07\x1b[31m\x7f", ["\\x00\\x07\\x1b[31m\\x7f"]),
    "a carriage return": ("a\rb", ["a\\rb"]),
    "a lone surrogate": ("\ud800", ["\\ud800"]),
    "no characters": ("\ufffe\uffff", ["\\ufffe\\uffff"]),
    "chinese": ("神经网络", None),
    "chinese with its wide space": ("神经\u3000网络", None),
    "emoji": ("🎉🦎", None),
    "emoji joined to one": ("👩\u200d🔬", None),
    "right to left": ("שלום", None),
    "accents": ("naïve e\u0301", None),
    "percent": ("%s %d {0}", None),
    "dot keywords": ("digraph node edge; a -> b", None),
    "a quote": ('"', None),
    "10,000 characters": ("x" * 10_000, None),
    "3,000 characters that are escaped": ("&" * 1_500 + "<" * 1_500, None),
    "5,000 chinese characters": ("神" * 5_000, None),
}


def svg_of(root: Value, tmp_path: Path, **options: Any) -> ElementTree.Element:
    """The picture, parsed: it is well-formed XML."""
    return ElementTree.parse(save_graph(root, tmp_path / "picture.svg", **options)).getroot()


def texts(svg: ElementTree.Element) -> list[str]:
    return [(text.text or "").replace("\xa0", " ").strip() for text in svg.iter(f"{SVG}text")]


def holds(lines: list[str], expected: list[str]) -> bool:
    """Whether the expected lines stand in the picture in this order; a very long one may be broken."""
    remaining = iter(lines)
    if len(expected[0]) > 100:
        return "".join(lines).count(expected[0]) >= len(expected)
    return all(line in remaining for line in expected)


@needs_dot
@pytest.mark.parametrize(("label", "lines"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_label_is_drawn_as_the_text_it_is(label: str, lines: list[str] | None, tmp_path: Path) -> None:
    """In a box, as the name of an operand, and as the title."""
    x = Value(3.0, label)
    shown = texts(svg_of(x, tmp_path, title=label))
    expected = [label] if lines is None else lines
    assert holds(shown, expected + expected)


@needs_dot
@pytest.mark.parametrize(
    ("label", "lines"), mostly_slow(HOSTILE.values(), *list(HOSTILE.values())[::4]), ids=HOSTILE.keys()
)
def test_a_graph_of_such_labels_is_drawn(label: str, lines: list[str] | None, tmp_path: Path) -> None:
    """As operands twice, in the derivative, and as the name of an operation."""
    x = Value(3.0, label)
    y = backward(x * x)
    y.label = "y"
    expected = [label] if lines is None else lines
    assert holds(texts(svg_of(y, tmp_path)), expected)
    x.label, y.label = "x", label
    assert holds(texts(svg_of(y, tmp_path)), expected)


@needs_dot
def test_what_is_too_long_for_graphviz_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    """Its text for one label ends at 16,384 bytes; 10,000 Chinese characters have 30,000."""
    x = Value(3.0, "神" * 10_000)
    shown = texts(svg_of(backward(x * x), tmp_path))
    assert any(text.startswith("神" * 20) for text in shown)


@needs_dot
@pytest.mark.parametrize(
    "label", [text for text, lines in HOSTILE.values() if lines is None and len(text) < 100 and "  " not in text]
)
def test_a_tooltip_is_the_text_it_is(label: str, tmp_path: Path) -> None:
    svg = svg_of(Value(3.0, label), tmp_path)
    titles = [element.get(TITLE) for element in svg.iter(f"{SVG}a")]
    assert label in titles


@needs_dot
@pytest.mark.parametrize("label", ["<>|{}\"'&\\", "神经网络", "\x00"])
def test_such_labels_are_drawn_in_one_line_boxes_too(label: str, tmp_path: Path) -> None:
    root = chain(50)
    root.label = label
    assert holds(texts(svg_of(root, tmp_path)), [label.replace("\x00", "\\x00")])


@needs_dot
def test_the_picture_has_the_words_and_numbers_of_the_graph(tmp_path: Path) -> None:
    f, *_ = worked_example()
    shown = texts(svg_of(backward(f), tmp_path, title="the worked example"))
    assert holds(shown, ["the worked example"])
    for words in ("∂h1/∂w = x = 1", "← 0.25 × 1 = 0.25", "∂f/∂h2 = f·(1−f) = 0.25", "parameter", "input"):
        assert words in shown


@needs_dot
def test_ids_are_in_the_picture(tmp_path: Path) -> None:
    f, *_ = worked_example()
    found = {element.get("id") for element in svg_of(f, tmp_path).iter()}
    assert found >= {f"v{i}" for i in range(6)} | {f"e{i}" for i in range(5)}


LARGER = [lambda: worked_example()[0], lambda: chain(50), lambda: network(3), lambda: network(60, 60)]


@needs_dot
@pytest.mark.parametrize("make", LARGER)
def test_no_text_begins_with_a_space_that_browsers_drop(make: Callable[[], Value], tmp_path: Path) -> None:
    """Else "h1 = w × x" is shown as "h1= w × x"."""
    shown = [text.text or "" for text in svg_of(make(), tmp_path).iter(f"{SVG}text")]
    assert not [text for text in shown if text.startswith(" ") and text.split()]


@needs_dot
@pytest.mark.parametrize("make", [lambda: chain(200), lambda: network(150, 150), lambda: network(60, 60)])
def test_large_pictures_render(make: Callable[[], Value], tmp_path: Path) -> None:
    assert len(texts(svg_of(make(), tmp_path))) >= 6


# -------------------------------------------------------------------------------------------------- save_graph


@needs_dot
@pytest.mark.parametrize(
    ("name", "beginning"),
    [("f.svg", b"<?xml"), ("f.png", b"\x89PNG"), ("f.pdf", b"%PDF"), ("f.SVG", b"<?xml"), ("a.b.svg", b"<?xml")],
)
def test_the_suffix_tells_the_format(name: str, beginning: bytes, tmp_path: Path) -> None:
    f, *_ = worked_example()
    path = save_graph(f, tmp_path / name)
    assert path == tmp_path / name
    assert path.read_bytes().startswith(beginning)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_gv_file_is_the_source_and_needs_no_renderer(tmp_path: Path, no_renderer: None) -> None:
    f, *_ = worked_example()
    path = save_graph(f, tmp_path / "f.gv", title="ein Titel")
    assert path.read_text(encoding="utf-8") == source_of(f, title="ein Titel")


def test_a_path_may_be_text(tmp_path: Path) -> None:
    f, *_ = worked_example()
    assert save_graph(f, str(tmp_path / "f.gv")) == tmp_path / "f.gv"


@pytest.mark.parametrize("name", ["f", "f.jpeg2", "f.dott", "f.", ".svg"])
def test_an_unknown_suffix_is_an_error_that_lists_the_known(name: str, tmp_path: Path) -> None:
    f, *_ = worked_example()
    message = rf"path: the name must end in one of svg, png, pdf, gv, got {re.escape(repr(name))}$"
    with pytest.raises(ValueError, match=f"^{message}"):
        save_graph(f, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_all_options_of_draw_dot_reach_the_file(tmp_path: Path) -> None:
    options: dict[str, Any] = {"weights": "boxes", "constants": True, "direction": "TB", "max_nodes": 300}
    root = network(3) * 2
    path = save_graph(root, tmp_path / "f.gv", "title", **options)
    assert path.read_text(encoding="utf-8") == source_of(root, title="title", **options)


@pytest.mark.parametrize("suffix", ["gv", "svg"])
def test_a_folder_that_does_not_exist_is_an_error_that_names_the_file(suffix: str, tmp_path: Path) -> None:
    f, *_ = worked_example()
    path = tmp_path / "missing" / f"f.{suffix}"
    written = suffix if render("digraph { a }", "svg") else "gv"
    with pytest.raises(OSError, match=rf"^\[Errno \d+\] path cannot be written: .*f\.{written}'$"):
        save_graph(f, path)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_too_large_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^300 nodes are too many to read: "):
        save_graph(chain(300), tmp_path / "f.gv")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------- without a renderer


BROKEN = {  # what a program named dot may do instead of drawing
    "fails": "#!/bin/sh\necho 'There is no layout engine support: run dot -c' >&2\nexit 1\n",
    "prints nothing": "#!/bin/sh\nexit 0\n",
    "hangs": "#!/bin/sh\nexec sleep 30\n",
    "is no program": "what is this\n",
}
needs_a_shell = pytest.mark.skipif(os.name != "posix", reason="the programs are written for a POSIX shell")


@pytest.fixture
def no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither dot nor pygraphviz."""
    monkeypatch.setattr("tinygrad_edu.show.render.RENDERERS", [])


def break_dot(how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first dot on the path is one that does not work."""
    program = folder / "dot"
    program.write_text(BROKEN[how], encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tinygrad_edu.show.render.PATIENCE", 0.2)


def install_pygraphviz(monkeypatch: pytest.MonkeyPatch, picture: bytes = b"<svg/>") -> list[tuple[str, str, str]]:
    """A stand-in for pygraphviz; the list is of the source, program and format of each picture it draws."""
    calls = []

    class AGraph:
        def __init__(self, string: str) -> None:
            self.string = string

        def draw(self, prog: str, format: str) -> bytes:
            calls.append((self.string, prog, format))
            return picture

    module = types.ModuleType("pygraphviz")
    module.AGraph = AGraph  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pygraphviz", module)
    return calls


def test_without_a_renderer_the_gv_file_is_written_and_one_line_says_so(
    tmp_path: Path, no_renderer: None, capsys: pytest.CaptureFixture[str]
) -> None:
    f, *_ = worked_example()
    path = save_graph(f, tmp_path / "f.svg")
    output, advice = capsys.readouterr()
    assert path == tmp_path / "f.gv"
    assert path.read_text(encoding="utf-8") == source_of(f)
    assert [file.name for file in tmp_path.iterdir()] == ["f.gv"]
    assert output == ""
    assert len(advice.splitlines()) == 1
    assert "pip install pygraphviz" in advice


@needs_a_shell
@pytest.mark.parametrize("how", BROKEN)
def test_a_dot_that_does_not_work_is_passed_over(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As conda's, which has to be told "run dot -c" first: pygraphviz draws the very source instead."""
    break_dot(how, tmp_path, monkeypatch)
    calls = install_pygraphviz(monkeypatch)
    f, *_ = worked_example()
    path = save_graph(f, tmp_path / "f.svg")
    assert path.read_bytes() == b"<svg/>"
    assert calls == [(source_of(f), "dot", "svg")]
    assert capsys.readouterr() == ("", "")


@needs_a_shell
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("also", ["missing", "draws nothing", "broken"])
def test_where_no_renderer_works_the_gv_file_is_written_and_the_old_picture_stays(
    how: str, also: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also for a page and a notebook there is an answer, and no error."""
    break_dot(how, tmp_path, monkeypatch)
    install_pygraphviz(monkeypatch, b"")
    if also != "draws nothing":
        monkeypatch.setitem(sys.modules, "pygraphviz", None if also == "missing" else types.ModuleType("pygraphviz"))
    f, *_ = worked_example()
    old = tmp_path / "f.svg"
    old.write_text("the old picture", encoding="utf-8")
    assert save_graph(f, old) == tmp_path / "f.gv"
    assert old.read_text(encoding="utf-8") == "the old picture"
    assert (tmp_path / "f.gv").read_text(encoding="utf-8") == source_of(f)
    output, advice = capsys.readouterr()
    assert (output, advice.count("\n")) == ("", 1)
    assert "pip install pygraphviz" in advice
    if how == "fails":
        assert list(draw_dot(f)._repr_mimebundle_()) == ["text/plain"]
        assert "no Graphviz was found that works" in Stepper(f).page


def test_drawing_writes_and_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """draw_dot returns an unrendered Digraph of the package graphviz."""
    from graphviz import Digraph

    monkeypatch.chdir(tmp_path)
    f, *_ = worked_example()
    assert isinstance(draw_dot(f), Digraph)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------- what was there before, marks, long formulas


def twice(root: Value) -> Value:
    """Two passes, as where zero_grad is forgotten."""
    return backward(backward(root))


def a_sum() -> Value:
    """Its x gets 4 and 3."""
    x = Value(1.0, "x")
    return 3.0 * x + Value(4.0, "a") * x


def test_what_a_leaf_held_before_is_shown_with_what_was_added() -> None:
    lines = boxes(twice(a_sum()))
    [x] = [line for line in lines if box_name(line) == "x"]
    assert "<b>14</b>" in x
    assert ">7 before + 4 + 3<" in x
    assert "before" not in "".join(boxes(backward(a_sum())))
    assert "before" not in "".join(boxes(a_sum()))


def test_what_another_pass_left_is_shown_before_and_after_this_one() -> None:
    x = Value(1.0, "x")
    (7.0 * x).backward()
    y = 4.0 * x
    assert ">7 before<" in boxes(y)[0]
    assert ">7 before + 4<" in boxes(backward(y))[0]


def test_what_was_before_is_shown_for_a_weight_on_an_arrow_and_for_a_bias() -> None:
    w, b = Neuron(1).w[0], Neuron(1).b
    w.data = 2.0
    z = twice(weighted_sum([w], [Value(3.0, "x")], b))
    assert ">3 before + 3<" in arrows(z, weights="arrows")[0]
    assert ">1 before + 1<" in boxes(z, weights="arrows")[1]


def test_many_contributions_are_not_written_out() -> None:
    x = Value(1.0, "x")
    assert ">36 before + …<" in boxes(twice(sum([x * k for k in range(1, 9)], start=0.0 * x)))[0]


def test_a_training_step_leaves_nothing_before() -> None:
    """The data changed, so nobody can tell."""
    w = Value(2.0, "w")
    y = backward((w * 3.0) ** 2)
    w.data -= 0.1
    assert " before" not in source_of(y)


def test_gradients_of_a_larger_graph_are_not_from_before() -> None:
    x = Value(2.0, "x")
    y = x * x
    backward(y * 3.0)
    assert " before" not in source_of(y)


MARKED = 'color="#B00020"'


def test_a_mark_on_a_weight_is_on_its_arrow_and_one_on_a_bias_in_its_neurons_box() -> None:
    net = MLP(2, [3, 1], seed=1)
    weight, bias = net.layers[0].neurons[1].w[0], net.layers[1].neurons[0].b
    options: dict[str, Any] = {"marked": {weight: "look here", bias: "and here"}}
    [arrow] = [line for line in arrows(net([1.0, 2.0]), **options) if "penwidth=3" in line]
    assert MARKED in arrow
    assert "<b>look here</b>" in arrow
    [box] = [line for line in boxes(net([1.0, 2.0]), **options) if "penwidth=3" in line]
    assert box_name(box) == "layers.1.neurons.0.z"
    assert "<b>and here</b>" in box


def test_marks_are_seen_where_arrows_have_no_text() -> None:
    net = MLP(4, [10, 5, 1], seed=1)
    weight, bias = net.layers[0].neurons[1].w[0], net.layers[1].neurons[0].b
    root = net([1.0] * 4)
    lines = lines_of_source(root, marked={weight: "look here", bias: "and here"}, weights="arrows")
    assert len([line for line in lines if "penwidth=3" in line]) == 2
    assert "look here" in "".join(lines)
    assert "and here" in "".join(lines)


@pytest.mark.parametrize("sizes", [[3] * 40 + [1], [16, 16, 1]], ids=["neurons", "layers"])
def test_a_mark_in_a_collapsed_box_is_on_the_box_by_name(sizes: list[int]) -> None:
    net = MLP(2, sizes, seed=1)
    weight = net.layers[1].neurons[2].w[0]
    [box] = [line for line in boxes(net([1.0, 2.0]), marked={weight: "look here"}) if "penwidth=3" in line]
    assert box_name(box) in ("layers.1", "layers.1.neurons.2")
    assert "<b>layers.1.neurons.2.w.0: look here</b>" in box


def test_a_mark_on_a_plain_number_is_on_the_operation_that_has_it() -> None:
    y = Value(3.0, "x") * 2.0
    [box] = [line for line in boxes(y, marked={y.children[1]: "two"}) if "penwidth=3" in line]
    assert box_name(box) == "h1"
    assert "<b>2: two</b>" in box
    [box] = [line for line in boxes(y, marked={y.children[1]: "two"}, constants=True) if "penwidth=3" in line]
    assert box_name(box) == "2"


def test_a_mark_on_what_is_not_in_the_graph_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^marked: h1 does not depend on Value\(stranger=1\)$"):
        draw_dot(Value(3.0, "x") * 2.0, marked={Value(1.0, "stranger"): "?"})


class Gelu(Rule):
    """The derivative is long."""

    def forward(self, x: float) -> float:
        return x * x

    def partials(self, out: Any, x: Any) -> tuple[Any]:
        return (2.0 * x + (x * x * x - x * x * x) / (1.0 + x * x * x * x) + (x - x) / (x + 1.0),)


def test_a_long_formula_on_an_arrow_is_cut_to_its_number() -> None:
    z = Value(0.56, "z")
    y = Gelu()(z)
    y.label = "y"
    [line] = arrows(y)
    assert ">∂y/∂z = gelu′(z) = 1.12<" in line
    long = Value(2.0, "a_rather_long_name_of_a_factor_that_nobody_reads")
    product = Value(3.0, "x") * long
    assert ">∂h1/∂x = 2<" in arrows(product)[0]


@pytest.mark.parametrize(("x", "y"), [("x", "ddy_dw_dw"), ("dy_dw", "ddy_dw_dw"), ("prediction", "total_loss")])
def test_a_long_quotient_on_an_arrow_is_left_out(x: str, y: str) -> None:
    """Between which boxes the arrow leads is seen; its formula and its number stay."""
    h = Value(3.0, x).exp()
    h.label = y
    [line] = arrows(h)
    assert "∂" not in line
    assert " = 20.09<" in line


def test_each_label_of_a_weighted_sum_is_tied_to_its_arrow() -> None:
    """Many arrows meet there; where two do, the label beside each is plain enough."""
    a = Neuron(2, activation="sigmoid")([1.0, 2.0])
    assert ["decorate=true" in line for line in arrows(a)] == [True] * 5 + [False]
    assert sum("decorate=true" in line for line in arrows(network(3))) == 2 * 3 + 3 * 2
    assert not any("decorate" in line for line in arrows(worked_example()[0]))


def test_short_formulas_stay() -> None:
    x = Value(3.0, "x")
    assert ">∂h1/∂x = 3·x² = 27<" in arrows(x**3)[0]


@needs_dot
def test_no_text_is_drawn_on_the_page_itself_and_the_page_shows_through(tmp_path: Path) -> None:
    """Light or dark: every text has a box or paper of its own behind it."""
    svg = svg_of(backward(a_sum()), tmp_path, title="a sum")
    white = [polygon for polygon in svg.iter(f"{SVG}polygon") if polygon.get("fill") in ("white", "#ffffff")]
    width, height = (float(svg.get(side, "").removesuffix("pt")) for side in ("width", "height"))
    for polygon in white:
        xs, ys = zip(*(map(float, point.split(",")) for point in polygon.get("points", "").split()), strict=True)
        assert (max(xs) - min(xs)) * (max(ys) - min(ys)) < width * height / 4, "a slab"
    for group in svg.iter(f"{SVG}g"):
        if group.get("class") == "edge" and [*group.iter(f"{SVG}text")]:
            assert any(polygon in white for polygon in group.iter(f"{SVG}polygon"))
