"""Names: unambiguous, independent of other labels, and those of a textbook."""

from __future__ import annotations

from typing import Any

import pytest

from tinygrad_edu import Value, gradients, log_sum_exp, maximum, sigmoid, topological_order, trace, weighted_sum
from tinygrad_edu.nn import MLP, l2_penalty
from tinygrad_edu.readers.naming import derivative_name, node_names, numbered
from tinygrad_edu.rules import Rule
from tinygrad_edu.show.steps import Graph
from tinygrad_edu.show.style import PICTURE


def swish(z: Any) -> Any:
    return z * sigmoid(z)


def gelu(z: Any) -> Any:
    return 0.5 * z * (1.0 + (z + z**3).tanh())


def operations(root: Value) -> dict[str, str]:
    """What each operation is, in the names of a picture, by its full name."""
    graph = Graph(root, PICTURE)
    return {graph.name(node): graph.operation(node) for node in graph.operations}


@pytest.mark.parametrize("activation", [swish, gelu, "tanh"])
def test_no_two_nodes_of_a_network_have_the_same_name(activation: Any) -> None:
    order = topological_order(MLP(1, [1, 1, 1], activation=activation, seed=1)([1.0]))
    names = node_names(order)
    assert len(set(names.values())) == len(names)


def test_what_an_activation_computes_stands_in_its_neuron() -> None:
    """σ(z) of one neuron is told from that of the other by its place."""
    assert operations(MLP(1, [1, 1, 1], activation=swish, seed=1)([1.0])) == {
        "layers.0.neurons.0.z": "w.0 × x1 + b",
        "layers.0.neurons.0.h1": "σ(z)",
        "layers.0.neurons.0.a": "z × h1",
        "layers.1.neurons.0.z": "w.0 × a.0 + b",
        "layers.1.neurons.0.h1": "σ(z)",
        "layers.1.neurons.0.a": "z × h1",
        "layers.2.neurons.0.z": "w.0 × a.0 + b",
    }


def test_a_label_of_the_output_changes_no_other_name() -> None:
    y = MLP(2, [1], seed=1)([1.0, 2.0])
    before = operations(y)["layers.0.neurons.0.z"]
    y.label = "y"
    assert operations(y) == {"y": before} == {"y": "w.0 × x1 + w.1 × x2 + b"}


def test_outside_of_the_network_a_short_name_stands_for_one_node() -> None:
    """Of the z.0 of two layers the loss uses one: that is z.0. Where it uses both, they have their full names."""
    net = MLP(1, [1, 1], activation="tanh", seed=1)
    y = net([1.0])
    assert operations(y - 1.0)["h1"] == "z.0 − 1"
    hidden = y.children[1].children[0]
    assert operations(y * hidden)["h1"] == "layers.1.neurons.0.z × layers.0.neurons.0.z"


def test_from_one_layer_a_short_name_stands_for_one_node() -> None:
    """A connection that skips a layer: both are a.0 to the last one."""
    net = MLP(1, [1, 1], activation="tanh", output="tanh", seed=1)
    second = net([1.0])
    first = second.children[0].children[1]
    third = MLP(2, [1], seed=2).layers[0].neurons[0]
    third.place = "layers.2.neurons.0."
    third.w[0].label, third.w[1].label, third.b.label = (f"{third.place}{name}" for name in ("w.0", "w.1", "b"))
    written = operations(third([first, second]))["layers.2.neurons.0.z"]
    assert written == "w.0 × layers.0.neurons.0.a + w.1 × layers.1.neurons.0.a + b"


def test_a_penalty_stands_in_no_neuron() -> None:
    net = MLP(1, [1], seed=1)
    assert "layers.0.neurons.0.h1" not in operations(net([1.0]) + l2_penalty(net.weights(), 1.0))


def test_a_loss_stands_in_no_neuron() -> None:
    outputs = MLP(1, [2], seed=1)([1.0])
    assert not [name for name in operations(log_sum_exp(outputs)) if "neurons" in name and not name.endswith("z")]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["x", "x"], ["x₁", "x₂"]),
        (["x", "y"], ["x", "y"]),
        (["x", "x₁", "x"], ["x₂", "x₁", "x₃"]),
        (["x", "x₁", "x", "x₁"], ["x₂", "x₁₁", "x₃", "x₁₂"]),
    ],
)
def test_shared_names_are_numbered_by_numbers_that_are_free(labels: list[str], expected: list[str]) -> None:
    nodes = [Value(0.0) for _ in labels]
    names = numbered(dict(zip(nodes, labels, strict=True)))
    assert [names[node] for node in nodes] == expected


@pytest.mark.parametrize("label", ["h", "h1", "h12", "h_1", "h₁", "h[0]", "h[0][1]", "self.h", "self.h[0]"])
def test_no_automatic_name_continues_the_learners_own(label: str) -> None:
    x = Value(1.0, "x")
    h = x + 1.0
    h.label = label
    assert list(node_names(topological_order((h * x).exp())).values()) == ["x", label, "v1", "v2"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("dy_dw", "dy_dw"),
        ("ddy_dw_dw", "d²y/dw²"),
        ("ddy_dw_dz", "d²y/dwdz"),
        ("dddy_dw_dw_dw", "d³y/dw³"),
        ("dddy_dx1_dx2_dx1", "d³y/dx1²dx2"),
        ("ddy_dw_ddy_dh", "ddy_dw_ddy_dh"),
        ("my_data_dir", "my_data_dir"),
        ("d_d_d", "d_d_d"),
        ("", ""),
    ],
)
def test_derivatives_of_higher_order_are_named_as_in_a_textbook(label: str, name: str) -> None:
    assert derivative_name(label) == name


def test_second_derivatives_in_a_trace() -> None:
    w, z = Value(2.0, "w"), Value(3.0, "z")
    y = w**3 * z
    y.label = "y"
    [first] = gradients(y, [w])
    [second] = gradients(first, [w])
    text = trace(second)
    assert "  d²y/dw² = h1 × h3     9 × 4      = 36" in text
    assert "start: ∂(d²y/dw²)/∂(d²y/dw²) = 1" in text
    assert "ddy_dw" not in text
    assert "d2y/dw2 = " in trace(second, ascii=True)
    assert trace(second, ascii=True).isascii()


# ---------------------------------------------------------------------- an operand that stands twice has two names


def leaves() -> dict[str, Value]:
    return {name: Value(number, name) for name, number in (("x", 3.0), ("w", 2.0), ("v", 4.0))}


TWICE: dict[str, tuple[Any, list[str]]] = {
    "x*x": (lambda x, w, v: x * x, ["∂y/∂x₍₁₎ = x₍₂₎", "∂y/∂x₍₂₎ = x₍₁₎"]),
    "x+x": (lambda x, w, v: x + x, ["∂y/∂x₍₁₎ = 1", "∂y/∂x₍₂₎ = 1"]),
    "x-x": (lambda x, w, v: x - x, ["∂y/∂x₍₁₎ = 1", "∂y/∂x₍₂₎ = -1"]),
    "x/x": (lambda x, w, v: x / x, ["∂y/∂x₍₁₎ = 1/x₍₂₎", "∂y/∂x₍₂₎ = -x₍₁₎/x₍₂₎²"]),
    "x**x": (lambda x, w, v: x**x, ["∂y/∂x₍₁₎ = x₍₂₎·x₍₁₎**(x₍₂₎ − 1)", "∂y/∂x₍₂₎ = y·log(x₍₁₎)"]),
    "maximum(x, x)": (
        lambda x, w, v: maximum(x, x),
        ["∂y/∂x₍₁₎ = greater(x₍₁₎, x₍₂₎)", "∂y/∂x₍₂₎ = greater(x₍₂₎, x₍₁₎)"],
    ),
    "w x + v x": (
        lambda x, w, v: weighted_sum([w, v], [x, x]),
        ["∂y/∂w = x₍₁₎", "∂y/∂v = x₍₂₎", "∂y/∂x₍₁₎ = w", "∂y/∂x₍₂₎ = v"],
    ),
    "weights that are inputs": (
        lambda x, w, v: weighted_sum([x, w], [w, x], x),
        [
            "∂y/∂x₍₁₎ = w₍₁₎",
            "∂y/∂w₍₂₎ = x₍₂₎",
            "∂y/∂w₍₁₎ = x₍₁₎",
            "∂y/∂x₍₂₎ = w₍₂₎",
            "∂y/∂x₍₃₎ = 1",
        ],
    ),
    "once each": (lambda x, w, v: x * w, ["∂y/∂x = w", "∂y/∂w = x"]),
}


@pytest.mark.parametrize("case", TWICE)
def test_each_of_two_equal_operands_has_its_own_local_derivative(case: str) -> None:
    function, expected = TWICE[case]
    y = function(**leaves())
    y.label = "y"
    backward = trace(y).partition("backward")[2].splitlines()[1:]
    assert [line.split("     ")[-1].strip() for line in backward] == expected
    assert trace(y, ascii=True).isascii()


def test_two_values_of_one_name_are_no_operand_that_stands_twice() -> None:
    y = Value(2.0, "x") * Value(3.0, "x")
    assert "∂h1/∂x₁ = x₂" in trace(y)
    assert "dh1/dx_1 = x_2" in trace(y, ascii=True)
    assert trace(y, ascii=True).isascii()


def test_a_row_of_ones_own_too() -> None:
    class Mean(Rule):
        def forward(self, x: float, y: float) -> float:
            return (x + y) / 2.0

        def partials(self, out: Any, x: Any, y: Any) -> tuple[Any, Any]:
            return (0.5, 0.5)

    x = Value(1.0, "x")
    assert "∂h1/∂x₍₂₎ = 0.5" in trace(Mean()(x, x))
    assert "dh1/dx(2) = 0.5" in trace(Mean()(x, x), ascii=True)
