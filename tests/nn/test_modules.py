"""Neurons, layers and networks: their numbers, names, seeds, and gradients."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import assert_close, gradient_of, slope_along
from tinygrad_edu import Parameter, Symbol, Value, functions, rules, topological_order
from tinygrad_edu.nn import MLP, SGD, BatchNorm, Layer, Maxout, Module, Neuron, fit, load, save, squared_error
from tinygrad_edu.nn.modules import ACTIVATIONS, RECTIFIERS, initial_limit


def set_parameters(module: Module, numbers: list[float]) -> None:
    for parameter, number in zip(module.parameters(), numbers, strict=True):
        parameter.data = number


# -------------------------------------------------------------------------------------------- published numbers


def test_cs231n_neuron() -> None:
    """CS231n, Backpropagation, Intuitions: w = 2, −3, −3; x = −1, −2."""
    neuron = Neuron(2, activation="sigmoid")
    set_parameters(neuron, [2.0, -3.0, -3.0])
    x = [Value(-1.0), Value(-2.0)]
    a = neuron(x)
    a.backward()
    assert f"{a.data:.4f}" == "0.7311"
    assert [f"{w.grad:.4f}" for w in neuron.parameters()] == ["-0.1966", "-0.3932", "0.1966"]
    assert [f"{v.grad:.4f}" for v in x] == ["0.3932", "-0.5898"]


def test_karpathys_neuron() -> None:
    """Karpathy's lecture, one tanh neuron: w = −3, 1; x = 2, 0."""
    neuron = Neuron(2, activation="tanh")
    set_parameters(neuron, [-3.0, 1.0, 6.8813735870195432])
    x = [Value(2.0), Value(0.0)]
    a = neuron(x)
    a.backward()
    assert f"{a.data:.4f}" == "0.7071"
    assert [f"{w.grad:.4f}" for w in neuron.w] == ["1.0000", "0.0000"]
    assert [f"{v.grad:.4f}" for v in x] == ["-1.5000", "0.5000"]


# ------------------------------------------------------------------------------------------------------ neurons


def test_a_neuron_is_two_nodes() -> None:
    """z = Σ wᵢ xᵢ + b, one weighted sum, and a = f(z), as in the textbook."""
    neuron = Neuron(3, activation="tanh")
    a = neuron([1.0, 2.0, 3.0])
    (z,) = a.children
    assert (a.op, z.op) == (rules.tanh, rules.weighted_sum)
    assert z.children[:3] == tuple(neuron.w)
    assert z.children[-1] is neuron.b
    assert [x.label for x in z.children[3:6]] == ["x1", "x2", "x3"]
    assert (a.label, z.label) == ("a", "z")


def test_a_linear_neuron_is_one_node() -> None:
    """Its activation is its pre-activation, and is called z."""
    a = Neuron(1)([2.0])
    assert (a.op, a.label) == (rules.weighted_sum, "z")


def test_a_neuron_equals_the_same_sum_of_products() -> None:
    neuron = Neuron(2, activation="sigmoid", seed=3)
    w1, w2, b = (Value(p.data) for p in neuron.parameters())
    built = (w1 * 0.5 + w2 * -2.0 + b).sigmoid()
    a = neuron([0.5, -2.0])
    built.backward()
    a.backward()
    assert_close(a.data, built.data, 1e-15, "a")
    for parameter, value in zip(neuron.parameters(), (w1, w2, b), strict=True):
        assert_close(parameter.grad, value.grad, 1e-15, parameter.label)


def test_inputs_that_are_values_get_gradients() -> None:
    neuron = Neuron(1)
    x = Value(2.0, "height")
    neuron([x]).backward()
    assert x.grad == neuron.w[0].data
    assert x.label == "height"


def test_a_neuron_writes_its_formula_for_symbols() -> None:
    """Inputs may be of another kind of scalar only if the weights are too: a Symbol does not mix with a Value."""
    with pytest.raises(TypeError, match=r"^weighted_sum\(operands\): a Symbol does not mix with Parameter\(w\.0="):
        Neuron(1)([Symbol("x")])


# -------------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("linear", lambda z: z),
        ("sigmoid", rules.sigmoid),
        ("tanh", rules.tanh),
        ("relu", rules.relu),
        ("leaky_relu", functions.leaky_relu),
        ("elu", functions.elu),
        ("softplus", rules.softplus),
    ],
)
@pytest.mark.parametrize("x", [-2.0, 3.0])
def test_an_activation_by_name_is_the_function_so_named(name: str, function: Callable[[Any], Any], x: float) -> None:
    neuron = Neuron(1, activation=name)
    set_parameters(neuron, [1.0, 0.5])
    assert neuron([x]).data == function(x + 0.5)


def test_every_activation_is_tested_above() -> None:
    assert sorted(ACTIVATIONS) == ["elu", "leaky_relu", "linear", "relu", "sigmoid", "softplus", "tanh"]


@pytest.mark.parametrize("activation", [rules.sin, lambda z: z * z, math.sin])
def test_an_activation_may_be_any_function_of_a_value(activation: Callable[[Any], Any]) -> None:
    neuron = Neuron(1, activation=activation)
    set_parameters(neuron, [1.0, 0.0])
    if activation is math.sin:  # which knows no Value, and must not lose the graph
        with pytest.raises(TypeError):
            neuron([2.0])
    else:
        assert neuron([2.0]).data == activation(2.0)


@pytest.mark.parametrize(
    "make", [lambda: Neuron(1, "rleu"), lambda: Layer(1, 1, "rleu"), lambda: MLP(1, [1, 1], "rleu")]
)
def test_an_unknown_activation_is_an_error_that_lists_the_known(make: Callable[[], Module]) -> None:
    with pytest.raises(ValueError, match="^unknown activation 'rleu': pass a function or one of ") as raised:
        make()
    assert all(name in str(raised.value) for name in ACTIVATIONS)


def test_hidden_layers_and_output_have_their_own_activations() -> None:
    mlp = MLP(2, [3, 2, 1], activation="tanh", output="sigmoid")
    assert [layer.neurons[0].activation for layer in mlp.layers] == [rules.tanh, rules.tanh, rules.sigmoid]


def test_without_a_word_hidden_layers_are_relu_and_the_output_is_linear() -> None:
    mlp = MLP(2, [3, 1])
    assert [layer.neurons[0].activation for layer in mlp.layers] == [rules.relu, ACTIVATIONS["linear"]]


# -------------------------------------------------------------------------------------------- parameters, names


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Neuron(2), ["w.0", "w.1", "b"]),
        (lambda: Layer(1, 2), ["neurons.0.w.0", "neurons.0.b", "neurons.1.w.0", "neurons.1.b"]),
        (
            lambda: MLP(1, [2, 1]),
            [
                "layers.0.neurons.0.w.0",
                "layers.0.neurons.0.b",
                "layers.0.neurons.1.w.0",
                "layers.0.neurons.1.b",
                "layers.1.neurons.0.w.0",
                "layers.1.neurons.0.w.1",
                "layers.1.neurons.0.b",
            ],
        ),
    ],
)
def test_parameters_are_named_by_where_they_stand(make: Callable[[], Module], names: list[str]) -> None:
    """In named_parameters, in pictures, and in the order of parameters() alike."""
    module = make()
    assert [name for name, _ in module.named_parameters()] == names
    assert [parameter.label for parameter in module.parameters()] == names
    assert [parameter for _, parameter in module.named_parameters()] == module.parameters()
    assert all(type(parameter) is Parameter for parameter in module.parameters())


@pytest.mark.parametrize(
    ("sizes", "count"), [((2, [16, 16, 1]), 337), ((3, [4, 4, 1]), 41), ((1, [1]), 2), ((4, [10, 3]), 83)]
)
def test_the_number_of_parameters(sizes: tuple[int, list[int]], count: int) -> None:
    assert len(MLP(*sizes).parameters()) == count


def test_activations_are_named_by_where_they_stand() -> None:
    mlp = MLP(1, [2, 1], activation="tanh")
    labels = [node.label for node in topological_order(mlp([1.0])) if node.op]
    place = "layers.{}.neurons.{}.{}".format
    assert labels == [place(0, 0, "z"), place(0, 0, "a"), place(0, 1, "z"), place(0, 1, "a"), place(1, 0, "z")]


def test_a_module_of_ones_own_has_the_parameters_of_its_attributes() -> None:
    """Parameters and modules, alone, in lists and in tuples; everything else is left alone."""

    class Own(Module):
        def __init__(self) -> None:
            self.scale = Parameter(1.0)
            self.pair = (Parameter(2.0), Neuron(1))
            self.not_trained = Value(3.0)
            self.names = ["a", "b"]

    assert [name for name, _ in Own().named_parameters()] == ["scale", "pair.0", "pair.1.w.0", "pair.1.b"]


# ------------------------------------------------------------------------------ modules of one's own, shared parts


class Own(Module):
    """A module whose only attribute is what it is given."""

    def __init__(self, items: Any) -> None:
        self.items = items
        self.name_members()

    def forward(self, x: Any) -> Any:
        return sum([parameter * x for parameter in self.parameters()], start=Value(0.0))


@pytest.mark.parametrize(
    ("items", "state"),
    [
        (lambda: [Parameter(1.0), None], {"items.0": 1.0}),
        (lambda: [0.5, Parameter(1.0), "x", Value(3.0)], {"items.1": 1.0}),
        (
            lambda: [Parameter(1.0), Neuron(1, seed=0)],
            {"items.0": 1.0, "items.1.w": [1.193112292156655], "items.1.b": 0.0},
        ),
        (lambda: [[Parameter(1.0), Parameter(2.0)], [Parameter(3.0)]], {"items.0": [1.0, 2.0], "items.1": [3.0]}),
        (lambda: [[Parameter(1.0)], Parameter(2.0)], {"items.0": [1.0], "items.1": 2.0}),
        (lambda: {"a": Parameter(1.0), "b": [Parameter(2.0)], "c": None}, {"items.a": 1.0, "items.b": [2.0]}),
        (lambda: (Parameter(1.0), Parameter(2.0)), {"items": [1.0, 2.0]}),
        (lambda: [Parameter(1.0), [], {}], {"items.0": 1.0}),
    ],
    ids=["None", "floats", "a module", "unequal rows", "two depths", "a dictionary", "a tuple", "empty"],
)
def test_parameters_are_found_among_other_things(items: Callable[[], Any], state: Any, tmp_path: Path) -> None:
    """By parameters(), state_dict, save, load and fit alike."""
    module = Own(items())
    assert module.state_dict() == state
    path = save(module, tmp_path / "own.json")
    before = [parameter.data for parameter in module.parameters()]
    fit(module, squared_error, ([1.0], [9.0]), epochs=2, progress=False)
    assert [parameter.data for parameter in module.parameters()] != before
    load(module, path)
    assert [parameter.data for parameter in module.parameters()] == before


class Twice(Module):
    """One neuron under two names, and one of its weights under a third."""

    def __init__(self) -> None:
        self.first = Neuron(2, seed=0)
        self.second = self.first
        self.tied = self.first.w[0]
        self.name_members()

    def forward(self, x: Any) -> Any:
        return self.first(x) + self.second(x)


def test_what_stands_in_two_places_is_one(tmp_path: Path) -> None:
    """As in PyTorch: named where it stands first."""
    module = Twice()
    assert [name for name, _ in module.named_parameters()] == ["first.w.0", "first.w.1", "first.b"]
    assert [parameter.label for parameter in module.parameters()] == ["first.w.0", "first.w.1", "first.b"]
    assert module.first.place == "first."
    assert list(module.state_dict()) == ["first.w", "first.b"]
    assert module.weights() == module.first.w
    other = Twice()
    module.first.w[0].data = 5.0
    load(other, save(module, tmp_path / "twice.json"))
    assert other.tied.data == 5.0


def test_the_l2_penalty_counts_a_shared_weight_once() -> None:
    """With no gradient from the loss, w ← w - lr · l2 · w."""
    module = Twice()
    before = [w.data for w in module.first.w]
    train, optimizer = ([[0.0, 0.0]], [0.0]), SGD(module.parameters(), lr=0.5)
    fit(module, squared_error, train, optimizer=optimizer, epochs=1, l2=0.5, progress=False)
    assert [w.data for w in module.first.w] == [0.75 * w for w in before]


def test_a_module_that_knows_the_one_it_stands_in_goes_in_no_circle() -> None:
    whole, part = Own([]), Own([Parameter(1.0)])
    whole.part, part.whole = part, whole
    assert [name for name, _ in whole.named_parameters()] == ["part.items.0"]


@pytest.mark.parametrize(
    ("names", "penalised"),
    [
        (["slope", "intercept"], ["slope", "intercept"]),
        (["W", "b"], ["W"]),
        (["W1", "b1", "weight", "bias"], ["W1", "weight"]),
        (["w", "gamma", "beta"], ["w"]),
    ],
    ids=" ".join,
)
def test_the_weights_are_all_but_the_biases(names: list[str], penalised: list[str]) -> None:
    module = Own(None)
    for name in names:
        setattr(module, name, Parameter(1.0))
    module.name_members()
    assert [parameter.label for parameter in module.weights()] == penalised


def test_a_bias_within_w_is_no_weight_and_a_weight_within_b_is_one() -> None:
    module = Own(None)
    module.w, module.b = Neuron(1), Neuron(1)
    module.name_members()
    assert [parameter.label for parameter in module.weights()] == ["w.w.0", "b.w.0"]


def test_a_module_may_have_forward_or_call() -> None:
    class Double(MLP):
        def forward(self, x: Any) -> Any:
            return 2.0 * MLP.__call__(self, x)

    class Triple(Double):
        def __call__(self, x: Any) -> Any:
            return 1.5 * super().__call__(x)

    once = MLP(1, [1], seed=0)([1.0]).data
    assert [kind(1, [1], seed=0)([1.0]).data for kind in (Double, Triple)] == [2.0 * once, 3.0 * once]
    assert Own([Parameter(2.0)])(3.0).data == 6.0


def test_a_module_with_neither_forward_nor_call_says_so() -> None:
    class Empty(Module):
        pass

    with pytest.raises(TypeError, match=r"^Empty needs a method forward\(x\), or __call__\(x\), to be called$"):
        Empty()([1.0])


def test_zero_grad_clears_the_parameters() -> None:
    mlp = MLP(2, [2, 1])
    x = [Value(1.0), Value(2.0)]
    mlp(x).backward()
    assert all(gradient_of(parameter) != "not computed" for parameter in mlp.parameters())
    mlp.zero_grad()
    assert [gradient_of(parameter) for parameter in mlp.parameters()] == ["not computed"] * 9
    assert gradient_of(x[0]) != "not computed"


# ------------------------------------------------------------------------------------------------ initialisation


@pytest.mark.parametrize("make", [lambda seed: Neuron(3, seed=seed), lambda seed: MLP(3, [4, 2], seed=seed)])
def test_the_same_seed_gives_the_same_weights(make: Callable[[Any], Module]) -> None:
    def weights(seed: Any) -> list[float]:
        return [parameter.data for parameter in make(seed).parameters()]

    assert weights(7) == weights(7)
    assert weights(7) == weights(random.Random(7))
    assert weights(7) != weights(8)
    assert weights(None) != weights(None)


def test_a_seed_leaves_the_random_module_alone() -> None:
    random.seed(1)
    state = random.getstate()
    MLP(3, [4, 2], seed=7)
    assert random.getstate() == state


@pytest.mark.parametrize(
    "make", [lambda: Neuron(3), lambda: Layer(3, 2), lambda: MLP(3, [4, 2]), lambda: Maxout(3)]
)
def test_random_seed_decides_where_no_seed_is_given(make: Callable[[], Module]) -> None:
    def weights(seed: int) -> list[float]:
        random.seed(seed)
        return [parameter.data for module in (make(), make()) for parameter in module.parameters()]

    assert weights(1337) == weights(1337)
    assert weights(1337) != weights(1338)
    first, second = weights(1)[: len(weights(1)) // 2], weights(1)[len(weights(1)) // 2 :]
    assert first != second


@pytest.mark.parametrize(("seed", "same"), [(7, random.Random(7)), (True, 1)])
def test_a_seed_is_a_whole_number_or_a_generator(seed: Any, same: Any) -> None:
    assert Neuron(2, seed=seed).state_dict() == Neuron(2, seed=same).state_dict()


def test_what_can_be_no_seed_is_refused() -> None:
    for seed in ([], {}, object(), Value(1.0), (1,), "a", 2.5):
        with pytest.raises(TypeError, match=r"^seed must be a whole number, a random\.Random or None, got "):
            Neuron(2, seed=seed)  # type: ignore[arg-type]


LIMITS = {  # of a layer of 50 neurons with 24 inputs
    "linear": math.sqrt(6 / 74), "tanh": math.sqrt(6 / 74), "sigmoid": 4 * math.sqrt(6 / 74),
    "relu": 0.5, "leaky_relu": 0.5, "elu": 0.5, "softplus": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_weights_start_within_the_limit_that_suits_the_activation(activation: str) -> None:
    """He for rectifiers, √(6 / 24); Xavier for the others, √(6 / (24 + 50)), and 4 times that for the logistic one.

    1200 uniform draws come close to it.
    """
    layer = Layer(24, 50, activation, seed=1)
    sizes = [abs(w.data) for neuron in layer.neurons for w in neuron.w]
    assert 0.98 * LIMITS[activation] < max(sizes) <= LIMITS[activation]
    assert 0.45 * LIMITS[activation] < math.fsum(sizes) / len(sizes) < 0.55 * LIMITS[activation]
    assert len(set(sizes)) == len(sizes)


def test_the_limit_of_the_first_weights() -> None:
    """Glorot and Bengio (2010): √(6 / (3 + 3)) = 1, where f(z) ≈ z. 4 for the logistic one, √2 for ReLU (He, 2015)."""
    assert initial_limit(rules.tanh, 3, 3) == 1.0
    assert initial_limit(rules.sigmoid, 3, 3) == 4.0
    assert initial_limit(rules.relu, 3, 3) == math.sqrt(2.0)


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid"])
def test_the_first_weights_keep_the_variance_where_the_activation_is_nearly_linear(activation: str) -> None:
    """Var(a) = n · f'(0)² · r²/3 · Var(x) = Var(x) for as many inputs as outputs: the factors of r follow from it."""
    z = Value(0.0)
    ACTIVATIONS[activation](z).backward()
    r = initial_limit(ACTIVATIONS[activation], 24, 24)
    assert 24 * z.grad**2 * r**2 / 3 == pytest.approx(1.0)


def test_biases_start_at_zero() -> None:
    mlp = MLP(2, [3, 1], seed=1)
    assert {parameter.data for name, parameter in mlp.named_parameters() if name.endswith(".b")} == {0.0}


def test_the_rectifiers_are_told_by_function_too() -> None:
    """relu passed as a function starts as "relu" does."""
    by_function, by_name = Neuron(2, rules.relu, seed=1), Neuron(2, "relu", seed=1)
    assert [w.data for w in by_function.w] == [w.data for w in by_name.w]
    assert len(RECTIFIERS) == 4


# ------------------------------------------------------------------------------------------- shapes, wrong input


def test_an_mlp_returns_one_value_or_a_list() -> None:
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    outputs = MLP(2, [3, 2])([1.0, 2.0])
    assert isinstance(outputs, list)
    assert len(outputs) == 2


def test_a_layer_always_returns_a_list() -> None:
    assert [len(Layer(2, n)([1.0, 2.0])) for n in (1, 3)] == [1, 3]


def test_a_hidden_layer_of_one_neuron_works() -> None:
    mlp = MLP(2, [1, 1, 2, 1], activation="tanh", seed=1)
    mlp([1.0, 2.0]).backward()
    assert all(gradient_of(parameter) != "not computed" for parameter in mlp.parameters())


def test_layers_share_their_inputs() -> None:
    """Numbers become inputs once for all neurons of a layer, so that a drawn network has each input once."""
    outputs = Layer(2, 3)([1.0, 2.0])
    inputs = {node for output in outputs for node in topological_order(output) if node.label in ("x1", "x2")}
    assert len(inputs) == 2


OF_TWO_INPUTS: dict[str, Callable[[], Module]] = {
    "Neuron": lambda: Neuron(2, seed=1),
    "Layer": lambda: Layer(2, 2, seed=1),
    "MLP": lambda: MLP(2, [3, 2], seed=1),
    "Maxout": lambda: Maxout(2, seed=1),
}


@pytest.mark.parametrize("name", OF_TWO_INPUTS)
def test_an_input_of_the_wrong_length_is_an_error_with_both_lengths(name: str) -> None:
    module = OF_TWO_INPUTS[name]()
    for x in ([], [1.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]):
        with pytest.raises(ValueError, match=rf"^x needs 2 inputs\b.* got a list of {len(x)}$"):
            module(x)


@pytest.mark.parametrize("name", OF_TWO_INPUTS)
def test_an_input_that_is_no_number_is_an_error(name: str) -> None:
    module = OF_TWO_INPUTS[name]()
    for bad in ("a", None, 1j):
        with pytest.raises(TypeError, match=r"^x2: a real number is needed, got "):
            module([1.0, bad])


@pytest.mark.parametrize("name", OF_TWO_INPUTS)
def test_inputs_that_are_no_list_are_an_error(name: str) -> None:
    module = OF_TWO_INPUTS[name]()
    for bad in (1.0, None, "ab", {1.0: 2.0}, Value(1.0), object()):
        with pytest.raises(TypeError, match=r"^x must be a list, got "):
            module(bad)


def test_a_batch_that_is_none_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"^xs must be a list, got 1\.0"):
        BatchNorm()(1.0)
    with pytest.raises(TypeError, match=r"^xs\[1\]: a real number is needed, got 'a'"):
        BatchNorm()([1.0, "a"])
    with pytest.raises(ValueError, match=r"^eps must be 0 or a positive number, got -1$"):
        BatchNorm(-1)


@pytest.mark.parametrize("name", OF_TWO_INPUTS)
def test_an_array_of_numpys_and_a_generator_are_lists(name: str) -> None:
    numpy, module = pytest.importorskip("numpy"), OF_TWO_INPUTS[name]()
    outputs = [module(x) for x in ([1.0, 2.0], numpy.array([1, 2]), (float(i) for i in (1, 2)), (1.0, 2.0))]
    data = [[y.data for y in (out if isinstance(out, list) else [out])] for out in outputs]
    assert data == [data[0]] * 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(2, 3), r"layer_sizes must be a list, got 3 \(int\)$"),
        (lambda: MLP(2, ["x"]), r"layer_sizes\[0\]: a real number is needed, got 'x'"),
        (lambda: MLP(None, [1]), r"n_inputs: a real number is needed, got None"),
        (lambda: Neuron(Value(1.0)), r"n_inputs: a real number is needed, got "),
        (lambda: Neuron(1, n_outputs="x"), r"n_outputs: a real number is needed, got 'x'"),
        (lambda: Maxout(1, pieces=[]), r"pieces: a real number is needed, got \[\]"),
        (lambda: Neuron(2, nonlin=False), r"Neuron: for nonlin=False write activation='linear', for nonlin=True 'r"),
        (lambda: Layer(2, 3, nonlin=True), r"Layer: for nonlin=False write activation='linear'"),
        (lambda: Module().load_state_dict(None), r"state must be names with numbers, got None"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        call()


@pytest.mark.parametrize("activation", [False, None, [], {}, 1.0, "x"])
def test_what_is_no_activation_is_refused(activation: Any) -> None:
    with pytest.raises(ValueError, match=r"^unknown activation "):
        Neuron(1, activation)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron(0), "n_inputs must be at least 1, got 0$"),
        (lambda: Layer(0, 1), "n_inputs must be at least 1, got 0$"),
        (lambda: Layer(1, 0), "n_outputs must be at least 1, got 0$"),
        (lambda: MLP(2, [3, 0]), r"layer_sizes\[1\] must be at least 1, got 0$"),
        (lambda: MLP(-1, [1]), "n_inputs must be at least 1, got -1$"),
        (lambda: MLP(2, []), r"an MLP needs at least one layer, got layer_sizes=\[\]$"),
    ],
)
def test_impossible_sizes_are_errors(make: Callable[[], Module], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Neuron(2, "tanh"), "Neuron(2 inputs, tanh)"),
        (lambda: Neuron(2, rules.sin), "Neuron(2 inputs, <rule sin(x)>)"),
        (lambda: Layer(2, 3, "relu"), "Layer(3 × Neuron(2 inputs, relu))"),
        (lambda: MLP(2, [3, 1]), "MLP(Layer(3 × Neuron(2 inputs, relu)), Layer(1 × Neuron(3 inputs, linear)))"),
    ],
)
def test_repr(make: Callable[[], Module], text: str) -> None:
    assert repr(make()) == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Layer(2, 3), "Layer(3 * Neuron(2 inputs, linear))"),
        (lambda: MLP(2, [1], output="tanh"), "MLP(Layer(1 * Neuron(2 inputs, tanh)))"),
        (lambda: Maxout(2), "Maxout(2 * Neuron(2 inputs, linear))"),
        (lambda: Own([Parameter(1.0), Neuron(2)]), "Own(4 parameters)"),
    ],
)
def test_a_module_is_printed_on_a_terminal_of_ascii(
    make: Callable[[], Module], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of one's own, which shows no address."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    print(make())
    terminal.flush()
    assert terminal.buffer.getvalue().decode() == f"{text}\n"  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------ gradients


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradients_of_an_mlp_are_its_slopes(activation: str) -> None:
    """Along every parameter and every input, with sigmoid outputs and all of them in one loss."""
    mlp = MLP(2, [3, 2], activation=activation, output="sigmoid", seed=5)
    x = [0.7, -1.3]
    start = [parameter.data for parameter in mlp.parameters()]

    def loss_of(*numbers: float) -> Value:
        set_parameters(mlp, list(numbers[:-2]))
        first, second = mlp([Value(number) for number in numbers[-2:]])
        return (first - 1.0) ** 2 + second * first

    inputs = [Value(number) for number in x]
    first, second = mlp(inputs)
    ((first - 1.0) ** 2 + second * first).backward()
    gradients = [leaf.grad for leaf in (*mlp.parameters(), *inputs)]
    for i, gradient in enumerate(gradients):
        expected = slope_along(lambda *numbers: loss_of(*numbers).data, [*start, *x], i, h=1e-2)
        assert_close(gradient, expected, 1e-11, f"gradient {i}")


def test_a_training_loop_of_five_lines_learns_xor() -> None:
    """Forward, zero_grad, backward, update."""
    points = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    mlp = MLP(2, [4, 1], activation="tanh", seed=1)
    for _ in range(300):
        loss = sum((mlp(x) - target) ** 2 for x, target in points)
        mlp.zero_grad()
        loss.backward()
        for parameter in mlp.parameters():
            parameter.data -= 0.1 * parameter.grad
    assert [round(mlp(x).data) for x, _ in points] == [0, 1, 1, 0]
    assert loss.data < 1e-3
