"""Backward one edge at a time: the steps everything that is shown is read from."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given

from tests.oracles import Recipe, gradient_of, recipes, textbook_example, worked_example
from tinygrad_edu import (
    Constant,
    Parameter,
    Stepper,
    Value,
    backward_steps,
    draw_dot,
    rules,
    sqrt,
    topological_order,
    weighted_sum,
)
from tinygrad_edu.nn import MLP, Neuron
from tinygrad_edu.readers.notation import FORMULA
from tinygrad_edu.readers.symbol import text_of
from tinygrad_edu.show.steps import TEXT, Graph, Style, kind, steps_of
from tinygrad_edu.show.style import PICTURE
from tinygrad_edu.show.text import ASCII_STYLE, trace


def gradients(root: Value) -> list[float | str]:
    """Of every node that varies."""
    return [gradient_of(node) for node in topological_order(root) if not isinstance(node, Constant)]


# ----------------------------------------------------------------------------------------------- backward_steps


@given(recipes())
def test_run_to_its_end_it_leaves_exactly_what_backward_leaves(recipe: Recipe) -> None:
    """Also the second time, when the leaves hold a gradient already."""
    stepped, _ = recipe.graph()
    direct, _ = recipe.graph()
    for _ in range(2):
        for _ in backward_steps(stepped):
            pass
        direct.backward()
        assert gradients(stepped) == gradients(direct)


def test_it_leaves_what_backward_leaves_in_a_network() -> None:
    stepped, direct = (MLP(2, [3, 2, 1], activation="tanh", seed=1)([0.5, -1.0]) for _ in range(2))
    list(backward_steps(stepped))
    direct.backward()
    assert gradients(stepped) == gradients(direct)


@given(recipes())
def test_each_step_adds_up(recipe: Recipe) -> None:
    """after = before + contribution, contribution = upstream × partial; a child's steps follow on one another."""
    root, _ = recipe.graph()
    held: dict[Value, float] = {}
    for step in backward_steps(root):
        assert step.contribution == step.upstream * step.partial
        assert step.after == step.before + step.contribution == step.child.grad
        assert step.before == held.get(step.child, 0.0)
        assert step.upstream == step.node.grad
        assert step.node.children[step.operand] is step.child
        held[step.child] = step.after


@given(recipes())
def test_there_is_one_step_for_every_edge_to_what_varies(recipe: Recipe) -> None:
    """In reverse topological order of the nodes, operands from left to right."""
    root, _ = recipe.graph()
    edges = [
        (node, operand)
        for node in reversed(topological_order(root))
        for operand, child in enumerate(node.children)
        if not isinstance(child, Constant)
    ]
    assert [(step.node, step.operand) for step in backward_steps(root)] == edges


def test_the_steps_of_the_textbook() -> None:
    root, *_ = textbook_example()
    graph = Graph(root)
    steps = [
        (graph.name(step.child), step.upstream, step.partial, text_of(step.formula), step.after)
        for step in backward_steps(root)
    ]
    assert steps == [
        ("h5", 1.0, -0.25, "-1/h5²", -0.25),
        ("h4", -0.25, 1.0, "1", -0.25),
        ("h3", -0.25, 1.0, "h4", -0.25),
        ("h2", -0.25, -1.0, "-1", 0.25),
        ("h1", 0.25, 1.0, "1", 0.25),
        ("b", 0.25, 1.0, "1", 0.25),
        ("x", 0.25, 0.0, "w", 0.0),
        ("w", 0.25, 1.0, "x", 0.25),
    ]


def test_a_node_used_twice_by_one_operation_has_two_steps() -> None:
    x = Value(3.0, "x")
    first, second = backward_steps(x * x)
    assert (first.operand, second.operand) == (0, 1)
    assert (first.before, first.after, second.before, second.after) == (0.0, 3.0, 3.0, 6.0)


def test_it_does_one_step_at_a_time() -> None:
    """Between two steps the gradients stand as far as they have come."""
    x = Value(3.0, "x")
    y = x * x
    steps = backward_steps(y)
    next(steps)
    assert x.grad == 3.0
    next(steps)
    assert x.grad == 6.0


def test_steps_that_are_left_halfway_keep_what_the_leaves_held() -> None:
    """What came before is not lost, and what this pass has added so far is there too."""
    x = Value(3.0, "x")
    y = x * x
    x.grad = 10.0
    steps = backward_steps(y)
    next(steps)
    del steps
    assert x.grad == 13.0


def test_a_leaf_has_no_steps() -> None:
    x = Value(3.0)
    assert list(backward_steps(x)) == []
    assert x.grad == 1.0


def test_a_missing_derivative_is_the_error_of_backward() -> None:
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at 0\.0 "):
        list(backward_steps(sqrt(Value(0.0))))


# ----------------------------------------------------------------------------------------------------- steps_of


@given(recipes())
def test_steps_leave_the_gradients_untouched(recipe: Recipe) -> None:
    root, _ = recipe.graph()
    order = topological_order(root)
    list(steps_of(Graph(root)))
    assert [gradient_of(node) for node in order] == ["not computed"] * len(order)
    root.backward()
    root.backward()
    before = gradients(root)
    list(steps_of(Graph(root)))
    assert gradients(root) == before


@given(recipes())
def test_steps_are_those_of_a_first_backward_pass(recipe: Recipe) -> None:
    """Whatever the graph holds from passes before."""
    root, _ = recipe.graph()
    first = [step[2:5] + step[6:] for step in steps_of(Graph(root))]
    root.backward()
    assert [step[2:5] + step[6:] for step in steps_of(Graph(root))] == first


def test_steps_leave_the_gradients_untouched_where_they_fail() -> None:
    x, z = Value(2.0), Value(0.0)
    y = x * sqrt(z)
    x.grad = 0.5
    with pytest.raises(ZeroDivisionError):
        list(steps_of(Graph(y)))
    assert [gradient_of(node) for node in (x, z, y)] == [0.5, "not computed", "not computed"]


# -------------------------------------------------------------------------------------------------------- names


def names(root: Value) -> list[str]:
    graph = Graph(root)
    return [graph.name(node) for node in graph.order]


def test_unnamed_nodes_are_h1_h2_in_the_order_of_computation() -> None:
    root, *_ = textbook_example()
    assert names(root) == ["x", "w", "b", "h1", "h2", "-1", "h3", "h4", "1", "h5", "1", "h6"]


def test_unnamed_leaves_are_v1_v2() -> None:
    assert names(Value(3.0) * Value(4.0)) == ["v1", "v2", "h1"]


def test_a_constant_is_called_by_its_number() -> None:
    assert names(Value(3.0, "x") * 0.5) == ["x", "0.5", "h1"]
    assert names(Value(3.0, "x") * -0.0) == ["x", "0", "h1"]


def test_numbering_skips_labels_that_are_taken() -> None:
    h1, v1 = Value(3.0, "h1"), Value(2.0)
    first = h1 * v1
    second = first + h1
    second.label = "v1"
    assert names(second.exp()) == ["h1", "u1", "t1", "v1", "t2"]


def test_a_label_stays_what_the_user_called_it() -> None:
    x = Value(3.0, "x")
    y = x * x
    y.label = "area"
    assert names(y) == ["x", "area"]


# ------------------------------------------------------------------------------------------ operations, formulas


def test_an_operation_with_names_and_with_numbers() -> None:
    f, *_ = worked_example()
    graph = Graph(f)
    h1, h2, _ = graph.operations
    assert [graph.operation(node) for node in (h1, h2, f)] == ["x × w", "h1 + b", "sigmoid(h2)"]
    assert [graph.numbers(node) for node in (h1, h2, f)] == ["1 × 0", "0 + 0", "sigmoid(0)"]


def test_formulas_name_the_nodes_and_keep_the_numbers() -> None:
    x = Value(2.0, "x")
    assert [text_of(formula) for formula in Graph(x**3).formulas(x**3)][:1] == ["3·x²"]
    graph = Graph(weighted_sum([x], [0.5], Value(1.0, "b")))
    assert [text_of(formula) for formula in graph.formulas(graph.root)] == ["0.5", "x", "1"]


@given(recipes())
def test_every_formula_can_be_written(recipe: Recipe) -> None:
    root, _ = recipe.graph()
    graph = Graph(root)
    for node in graph.operations:
        assert len(graph.formulas(node)) == len(node.children)
        assert all(text_of(formula, FORMULA) for formula in graph.formulas(node))


def test_within_a_neuron_names_are_short() -> None:
    """A weight is w.1 to its own neuron, and layer 0's activations are a.0, a.1 to layer 1."""
    root = MLP(2, [2, 1], activation="tanh")([1.0, 2.0])
    graph = Graph(root)
    assert graph.operation(root) == "w.0 × a.0 + w.1 × a.1 + b"
    assert graph.name_beside(root, root) == "z"
    hidden = root.children[2]
    assert graph.operation(hidden) == "tanh(z)"


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: Parameter(1.0), "parameter"),
        (lambda: Value(1.0), "input"),
        (lambda: Constant(1.0), "constant"),
        (lambda: Value(1.0) * 2, ""),
    ],
)
def test_kind(make: Callable[[], Value], what: str) -> None:
    assert kind(make()) == what


def test_a_nan_upstream_is_shown_and_not_hidden() -> None:
    x = Value(math.nan, "x")
    (step,) = backward_steps(rules.exp(x))
    assert math.isnan(step.partial)
    assert math.isnan(step.after)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("h", ["v1", "t1", "h", "t2"]),
        ("h₁₂", ["v1", "t1", "h₁₂", "t2"]),
        ("v", ["u1", "h1", "v", "h2"]),
        ("h1", ["v1", "t1", "h1", "t2"]),
        ("half", ["v1", "h1", "half", "h2"]),
    ],
)
def test_automatic_names_have_another_letter_than_a_name_that_is_only_a_letter(label: str, expected: list[str]) -> None:
    """In a loop h becomes h₁, h₂, …, which nobody tells from h1 and h2."""
    h = Value(2.0).tanh().tanh()
    h.label = label
    assert names(h.tanh()) == expected


def test_if_all_letters_are_taken_there_are_others() -> None:
    x = Value(1.0, "x")
    for label in "hvtsr":
        x = x.tanh()
        x.label = label
    assert names(x.tanh())[-1] == "hh1"


# ---------------------------------------------------------------------------------------------------- changed data


SHOWN: dict[str, Callable[[Value], str]] = {
    "trace": trace,
    "picture": lambda y: draw_dot(y).source.replace("&#160;", " "),
    "page": lambda y: Stepper(y).page,
}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_graph_whose_numbers_disagree_is_shown_with_a_note(shown: str) -> None:
    """As after a step of training: h is shown with the new w, and with the value that the old w gave it."""
    w, x = Parameter(2.0, "w"), Value(1.5, "x")
    h = w * x
    y = h.exp()
    note = "data changed after it was used: h1 = w × x is 3, now 2.1"
    assert note not in SHOWN[shown](y)
    w.data -= 0.6
    assert note in SHOWN[shown](y)


def test_data_for_which_there_is_no_value_any_more() -> None:
    x = Value(1.0, "x")
    y = x.log()
    x.data = -1.0
    assert Graph(y).changed_data().endswith("h1 = log(x) is 0, now undefined")


@pytest.mark.parametrize(
    ("style", "note"),
    [
        (TEXT, "h1 = sigmoid(x) is 0.5, now 0.2689414214"),
        (ASCII_STYLE, "h1 = sigmoid(x) is 0.5, now 0.2689414214"),
        (PICTURE, "h1 = σ(x) is 0.5, now 0.2689414214"),
    ],
    ids=["text", "ASCII", "picture"],
)
def test_the_note_is_written_as_all_around_it(style: Style, note: str) -> None:
    x = Value(0.0, "x")
    y = x.sigmoid() * -2.0
    x.data = -1.0
    assert Graph(y, style).changed_data() == f"data changed after it was used: {note}"


def test_the_note_of_an_ascii_trace_is_ascii() -> None:
    x = Value(1.0, "x")
    y = x * x
    x.data = 2.0
    assert "h1 = x * x is 1, now 4" in trace(y, ascii=True)
    assert trace(y, ascii=True).isascii()


def test_the_note_on_a_wide_neuron_is_short() -> None:
    neuron = Neuron(100)
    z = neuron([1.0] * 100)
    neuron.b.data = 1.0
    assert re.search(r": z = w.0 × x1 \+ w.1 × x2 .* … is ", Graph(z).changed_data())
    assert len(Graph(z).changed_data()) < 160


def test_numbers_that_are_none_agree() -> None:
    """nan is unequal to itself."""
    x = Value(math.inf, "x")
    assert Graph(x - x).changed_data() == ""
