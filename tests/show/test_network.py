"""The textbook's drawing: neurons read off the graph, however they are written, in columns, with their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tinygrad_edu import Parameter, Value, draw_dot, leaky_relu, save_graph, sigmoid, tanh, weighted_sum
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Maxout, Neuron, cross_entropy, squared_error
from tinygrad_edu.rules import step


class Node(NamedTuple):
    """What a node of the picture says, and where it is."""

    words: list[str]
    x: float
    y: float


def nodes(root: Value, shape: str) -> list[Node]:
    """The circles, or the texts (which are plain), from left to right and down."""
    found = []
    for line in str(draw_dot(root, style="network").source).splitlines():
        if f"shape={shape}" in line:
            x, y = re.findall(r'pos="([^,]+),([^!]+)!"', line)[0]
            words = re.sub(r"<[^>]*>", "\n", re.findall(r"label=<(.*)>", line)[0]).split("\n")
            found.append(Node([word for word in words if word], float(x), float(y)))
    return sorted(found, key=lambda node: (node.x, -node.y))


def circles(root: Value) -> list[Node]:
    return nodes(root, "circle")


def weights(root: Value) -> dict[str, str]:
    """The numbers on the connections, by their names."""
    return dict(re.findall(r"(w\S+) = (\S+)", "\n".join(node.words[0] for node in nodes(root, "plain"))))


def connections(root: Value) -> int:
    return str(draw_dot(root, style="network").source).count(" -> ")


def backward(root: Value) -> Value:
    root.backward()
    return root


# Stanford's CS231n: output 0.7311, ∂a/∂z = 0.1966
def leaves() -> tuple[list[Value], list[Parameter], Parameter]:
    return [Value(-1.0, "x1"), Value(-2.0, "x2")], [Parameter(2.0), Parameter(-3.0)], Parameter(-3.0)


def of_plus_and_times() -> Value:
    (x1, x2), (w1, w2), b = leaves()
    return sigmoid(w1 * x1 + x2 * w2 + b)


def of_a_sum() -> Value:
    x, w, b = leaves()
    return sigmoid(sum(wi * xi for wi, xi in zip(w, x, strict=True)) + b)


def of_bias_first() -> Value:
    (x1, x2), (w1, w2), b = leaves()
    return sigmoid(b + (w1 * x1 + w2 * x2))


def of_weighted_sum() -> Value:
    x, w, b = leaves()
    return sigmoid(weighted_sum(w, x, b))


def of_a_module() -> Value:
    neuron = Neuron(2, activation="sigmoid")
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0
    return neuron([-1.0, -2.0])  # type: ignore[no-any-return]


@pytest.mark.parametrize("neuron", [of_plus_and_times, of_a_sum, of_bias_first, of_weighted_sum, of_a_module])
def test_a_neuron_is_drawn_alike_however_it_is_written(neuron: Callable[[], Value]) -> None:
    a = backward(neuron())
    x1, x2, output = circles(a)
    assert (x1.words, x2.words) == (["x1", "−1"], ["x2", "−2"])
    assert output.words == ["a⁽¹⁾₁", "0.7311", "δ = 0.1966", "b = −3"]
    assert weights(a) == {"w⁽¹⁾₁₁": "2", "w⁽¹⁾₁₂": "−3"}
    assert connections(a) == 2


def network(*sizes: int, outputs: int = 1) -> Any:
    return MLP(2, [*sizes, outputs], activation="tanh", seed=1)([1.0, -2.0])


def test_layers_stand_in_columns_from_input_to_output() -> None:
    """The first node of a column is on top, and each column is centred."""
    found = circles(network(3, 4))
    columns = {x: [node for node in found if node.x == x] for x in sorted({node.x for node in found})}
    assert [len(column) for column in columns.values()] == [2, 3, 4, 1]
    names = ["x1", "x2", "a⁽¹⁾₁", "a⁽¹⁾₂", "a⁽¹⁾₃", "a⁽²⁾₁", "a⁽²⁾₂", "a⁽²⁾₃", "a⁽²⁾₄", "a⁽³⁾₁"]
    assert [node.words[0] for node in found] == names
    assert all(sum(node.y for node in column) == pytest.approx(0.0) for column in columns.values())
    headings = [node.words[0] for node in nodes(network(3, 4), "plain") if not node.words[0].startswith("w")]
    assert headings == ["input", "hidden", "hidden", "output"]


def test_a_weight_is_called_by_layer_neuron_and_input() -> None:
    mlp = MLP(2, [3, 1], activation="tanh", seed=1)
    shown = weights(mlp([1.0, -2.0]))
    assert len(shown) == 9
    for (layer, j, i), name in {(0, 1, 0): "w⁽¹⁾₂₁", (0, 2, 1): "w⁽¹⁾₃₂", (1, 0, 2): "w⁽²⁾₁₃"}.items():
        assert shown[name] == f"{mlp.layers[layer].neurons[j].w[i].data:.4g}".replace("-", "−")


def test_beyond_nine_the_numbers_of_a_name_are_told_apart() -> None:
    assert "w⁽¹⁾₁,₁₀" in weights(Neuron(10)([1.0] * 10))


@pytest.mark.parametrize("sizes", [(2, 3), (3, 2), (4, 4), (2, 8), (8, 2), (1, 5)], ids=str)
def test_no_two_weights_are_written_over_each_other(sizes: tuple[int, int]) -> None:
    """Nor over a circle."""
    layer = Layer(sizes[0], sizes[1], seed=0)
    root = sum(layer([1.0] * sizes[0]))
    shown = [node for node in nodes(root, "plain") if node.words[0].startswith("w")]
    assert len(shown) == sizes[0] * sizes[1]
    ys = sorted(node.y for node in shown)
    assert min(low - high for high, low in zip(ys, ys[1:], strict=False)) > 12.0
    assert all(36.0 + 36.0 < node.x < 240.0 - 36.0 - 36.0 for node in shown)


def test_a_loss_stands_on_the_right_and_the_deltas_are_its_own() -> None:
    mlp = MLP(2, [3, 2], activation="sigmoid", seed=1)
    loss = backward(cross_entropy(mlp([1.0, -2.0]), [0.0, 1.0]))
    loss.label = "L"
    found = circles(loss)
    assert found[-1].words == ["L", f"{loss.data:.4g}"]
    p = [2.718281828459045**float(node.words[1].replace("−", "-")) for node in found[-3:-1]]
    deltas = [float(node.words[2].removeprefix("δ = ").replace("−", "-")) for node in found[-3:-1]]
    assert deltas == pytest.approx([p[0] / sum(p), p[1] / sum(p) - 1.0], abs=1e-3)  # δ = p − y
    assert connections(loss) == 6 + 6 + 2


def test_before_backward_a_delta_is_a_dash() -> None:
    assert circles(network(3))[-1].words[2] == "δ = –"


@pytest.mark.parametrize(
    "f",
    [step, lambda z: leaky_relu(z, Parameter(0.25)), lambda z: z, lambda z: z.relu()],
    ids=["step", "PReLU", "linear", "ReLU"],
)
def test_the_activation_is_what_a_function_makes_of_the_sum(f: Callable[[Value], Value]) -> None:
    hidden = f(Parameter(2.0) * Value(3.0, "x") + Parameter(-1.0))
    loss = squared_error(Parameter(1.0) * hidden, 1.0)
    assert circles(loss)[1].words[:2] == ["a⁽¹⁾₁", f"{f(Value(5.0)).data:g}"]


def test_a_plain_number_is_an_input_too() -> None:
    assert circles(tanh(Parameter(0.5) * 2.0))[0].words == ["2", "2"]


def test_many_connections_have_no_numbers_and_the_picture_says_so() -> None:
    y = network(16, 16)
    assert weights(y) == {}
    assert "not shown, because there are too many: the weights" in str(draw_dot(y, style="network").source)


def x_w_h() -> tuple[Value, Value, Value]:
    x, w = Value(1.0, "x"), Parameter(2.0, "w")
    h = tanh(w * x + 1.0)
    h.label = "h"
    return x, w, h


def of_a_function() -> Value:
    return Parameter(1.0) * Value(1.0, "x").exp()


def past_a_layer() -> Value:
    x, w, h = x_w_h()
    return w * h + Parameter(1.0) * Value(1.0, "far")


STRANGE: dict[str, tuple[Callable[[], Value], str]] = {
    "no weights": (lambda: Value(1.0, "x") * Value(2.0, "y"), "neurons: h1 has no weights × inputs$"),
    "a leaf": (lambda: Value(1.0, "x"), "neurons: x has no weights × inputs$"),
    "a function of inputs": (of_a_function, "layers of neurons: h2 has inputs h1 of no layer$"),
    "past a layer": (past_a_layer, "layers of neurons: t5 has inputs h of layer 1, far of layer 0$"),
    "maxout": (lambda: Neuron(1)([Maxout(1, seed=0)([1.0])]), "layers of neurons: z has inputs h1 of no layer$"),
    "batch norm": (lambda: Neuron(2)(BatchNorm()([network(2), network(2)])), "layers of neurons: "),
}


@pytest.mark.parametrize(("root", "message"), STRANGE.values(), ids=STRANGE)
def test_what_is_no_layered_network_is_refused_and_nothing_is_written(
    root: Callable[[], Value], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"^style='network' needs {message}"):
        save_graph(root(), tmp_path / "n.gv", style="network")
    assert list(tmp_path.iterdir()) == []


def test_only_a_network_is_a_style_and_other_options_do_not_go_with_it() -> None:
    with pytest.raises(ValueError, match="^style must be 'network', got 'circles'$"):
        draw_dot(network(3), style="circles")
    options: dict[str, Any] = {"weights": "boxes", "constants": True, "direction": "TB", "marked": {1: "?"}}
    for option in options.items():
        with pytest.raises(ValueError, match="^style='network' goes with no weights=, constants=, direction= or "):
            draw_dot(network(3), style="network", **dict([option]))
    with pytest.raises(ValueError, match="^6 circles are too many to read: pass max_nodes=6$"):
        draw_dot(network(3), style="network", max_nodes=5)


def test_hostile_labels_are_only_text(tmp_path: Path) -> None:
    x = Value(1.0, "<b>&\\\"|{}")
    assert "&lt;b&gt;&amp;" in str(draw_dot(Parameter(2.0) * x, style="network").source)


def test_a_sum_of_very_many_products_is_read_off() -> None:
    """And a chain of very many operations is not gone into by calls within calls."""
    z = sum(Parameter(1.0) * Value(1.0) for _ in range(1500))
    with pytest.raises(ValueError, match="^1,501 circles are too many to read"):
        draw_dot(z, style="network")
