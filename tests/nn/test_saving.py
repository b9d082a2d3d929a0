"""States and files of them: names, bits, and what is refused."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.engine import Parameter, Value
from tinygrad_edu.nn import MLP, SGD, Adam, BatchNorm, Layer, Maxout, Module, Neuron, StepDecay, load, save
from tinygrad_edu.nn.saving import fitting


class Custom(Module):
    """A module of a learner's own, with parameters in every place they may stand."""

    def __init__(self) -> None:
        self.scale = Parameter(2.0)
        self.matrix = [[Parameter(1.0), Parameter(2.0)], [Parameter(3.0), Parameter(4.0)]]
        self.parts_of_mine = [Neuron(1, seed=0), BatchNorm()]
        self.name_members()


MODULES = [
    lambda seed: MLP(3, [4, 2], seed=seed),
    lambda seed: Layer(3, 2, seed=seed),
    lambda seed: Neuron(3, seed=seed),
    lambda seed: Maxout(3, pieces=2, seed=seed),
    lambda seed: BatchNorm(),
    lambda seed: Custom(),
]


def test_an_mlp_s_state_has_the_names_and_shapes_of_pytorch_s_sequential() -> None:
    """A Linear at every even place, an activation at every odd one; a row of weights per neuron."""
    state = MLP(2, [16, 16, 1]).state_dict()
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]
    sizes = {name: (len(array), len(array[0])) for name, array in state.items() if name.endswith("weight")}
    assert sizes == {"0.weight": (16, 2), "2.weight": (16, 16), "4.weight": (1, 16)}
    assert [len(state[f"{i}.bias"]) for i in (0, 2, 4)] == [16, 16, 1]


def test_a_state_has_a_row_of_weights_for_each_neuron() -> None:
    model = MLP(2, [2, 1], seed=0)
    neurons = model.layers[0].neurons
    assert model.state_dict()["0.weight"] == [[w.data for w in neuron.w] for neuron in neurons]


def test_other_modules_states_are_named_by_their_attributes() -> None:
    state = Custom().state_dict()
    parts = ["parts_of_mine.0.w", "parts_of_mine.0.b", "parts_of_mine.1.gamma", "parts_of_mine.1.beta"]
    assert list(state) == ["scale", "matrix", *parts]
    assert state["scale"] == 2.0
    assert state["matrix"] == [[1.0, 2.0], [3.0, 4.0]]


def test_parameters_in_a_list_of_lists_are_found() -> None:
    assert [name for name, _ in Custom().named_parameters()][:3] == ["scale", "matrix.0.0", "matrix.0.1"]


@pytest.mark.parametrize("make", MODULES)
def test_a_file_gives_every_bit_back(make: Any, tmp_path: Path) -> None:
    """Numbers from all over the range of floats, minus zero and the smallest among them."""
    generator = random.Random(1)
    model, other = make(1), make(2)
    for parameter in model.parameters():
        parameter.data = generator.choice([1.0, -0.0, 5e-324, 1e308, math.pi]) * generator.uniform(-1.0, 1.0)
    path = save(model, tmp_path / "model.json")
    load(other, path)
    ours, theirs = [[p.data.hex() for p in m.parameters()] for m in (model, other)]
    assert ours == theirs


def test_the_file_is_json_with_a_line_for_each_entry(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=0)
    text = save(model, tmp_path / "model.json").read_text(encoding="utf-8")
    assert json.loads(text) == model.state_dict()
    assert len(text.splitlines()) == 4 + 2


def test_a_state_is_a_copy() -> None:
    model = MLP(2, [1], seed=0)
    state = model.state_dict()
    before = state["0.bias"][0]
    model.parameters()[-1].data += 1.0
    assert state["0.bias"] == [before]


def test_all_misfits_are_listed_in_one_error_and_nothing_changes(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    path = tmp_path / "model.json"
    path.write_text('{"0.weight": [[1, 2], [3]], "0.bias": [1, 2], "2.weight": [[1, 2, 3]], "w": 1}', encoding="utf-8")
    with pytest.raises(ValueError, match="^the state does not fit:\n") as error:
        load(model, path)
    assert str(error.value).splitlines()[1:] == [
        "  2.bias: missing",
        "  0.weight: needs a list of 3 × 2, got something else than numbers in equal rows",
        "  0.bias: needs a list of 3, got a list of 2",
        "  w: not known here",
    ]
    assert model.state_dict() == before


@pytest.mark.parametrize("wrong", [None, "1.0", [1.0], {"x": 1.0}, 1j, [], [[]]])
def test_what_is_no_number_does_not_fit_a_number(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"^the state does not fit:\n  b: needs a number, got "):
        fitting({"b": wrong}, {"b": 0.0})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ".*model.json is no JSON file of a state: "),
        ("\x80pickle", ".*model.json is no JSON file of a state: "),
        ("[1, 2]", ".*model.json holds no state: it needs names with numbers, got a list$"),
        ('{"w": [NaN, 1.0], "b": 0.0}', "nan or infinite numbers in w$"),
        ('{"w": [1.0, 1.0], "b": 1e999}', "nan or infinite numbers in b$"),
        ('{"w": [1.0, ' + "9" * 400 + '], "b": 0.0}', "nan or infinite numbers in w$"),
    ],
)
def test_a_file_that_holds_no_state_is_refused(content: str, message: str, tmp_path: Path) -> None:
    model = Neuron(2, seed=0)
    before = model.state_dict()
    path = tmp_path / "model.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=f"^{message}"):
        load(model, path)
    assert model.state_dict() == before


def test_whole_numbers_in_a_file_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"w": [1, -2], "b": 0}', encoding="utf-8")
    model = Neuron(2)
    load(model, path)
    assert model([1.0, 1.0]).data == -1.0
    assert all(type(parameter.data) is float for parameter in model.parameters())


def test_what_has_diverged_is_not_saved_and_the_old_file_stays(tmp_path: Path) -> None:
    model = MLP(2, [1], seed=0)
    path = save(model, tmp_path / "model.json")
    before = path.read_bytes()
    model.layers[0].neurons[0].w[1].data = math.nan
    with pytest.raises(ValueError, match=r"^nan or infinite numbers in 0\.weight$"):
        save(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_python_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(Neuron(1), tmp_path / "nowhere.json")


# ---------------------------------------------------------------------------------------------- hostile, or by mistake


def lines_of(error: pytest.ExceptionInfo[ValueError]) -> list[str]:
    return str(error.value).splitlines()


@pytest.mark.parametrize("make", [lambda: Neuron(2, seed=0), lambda: Adam([Value(1.0)]), lambda: schedule()])
@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"w": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"w": ' + "[" * 400 + "1" + "]" * 400 + ', "b": 0}',
        '{"w": ' + "[1, " * 400 + "1" + "]" * 400 + ', "b": 0}',
        '{"w": [{"w": [1, 2]}], "b": [[], {}]}',
        "{" + ", ".join(f'"{i}": 1' for i in range(20_000)) + "}",
        '{"' + "k" * 100_000 + '": 1}',
        '{"w": "' + "1" * 100_000 + '", "b": 0}',
        '{"w": [' + "1, " * 20_000 + '1], "b": 0}',
        '{"w": null, "b": true}',
        '"' + "\\ud800" * 10 + '"',
        "\ufeff{}",
        "{}",
        "null",
        '{"w": [1, 2], "b": NaN}',
        '{"lr": -1}',
    ],
    ids=lambda content: f"{content[:12]}, {len(content)} characters",
)
def test_a_hostile_file_is_a_short_error_and_nothing_changes(make: Any, content: str, tmp_path: Path) -> None:
    thing, path = make(), tmp_path / "state.json"
    before = thing.state_dict()
    path.write_text(content, encoding="utf-8")
    message = r"(the state does not fit:|nan or infinite numbers in|/.* (is|holds) no )"
    with pytest.raises(ValueError, match=f"^{message}") as error:
        load(thing, path)
    assert len(str(error.value)) < 4000
    assert thing.state_dict() == before


def schedule() -> StepDecay:
    return StepDecay(SGD([Value(1.0)]), 2)


def test_the_first_misfits_are_shown_and_the_others_counted() -> None:
    with pytest.raises(ValueError, match="^the state does not fit:\n") as error:
        fitting({f"x{i}": 1.0 for i in range(20_000)}, {"b": 0.0})
    assert lines_of(error)[1:3] == ["  b: missing", "  x0: not known here"]
    assert lines_of(error)[-1] == "  … 19991 more"
    assert len(lines_of(error)) == 12


@pytest.mark.parametrize("state", [None, [], "x", 1.0, [("w", 1.0)]], ids=str)
@pytest.mark.parametrize("make", [lambda: Neuron(1), lambda: SGD([Value(1.0)]), schedule], ids=["w", "lr", "step"])
def test_a_state_that_is_none_is_refused(make: Any, state: Any) -> None:
    with pytest.raises(TypeError, match=r"^state must be names with numbers, got "):
        make().load_state_dict(state)


def test_what_has_no_state_is_refused_by_name(tmp_path: Path) -> None:
    things: list[Any] = [None, "model.json", [], 1.0, Value(1.0)]
    for thing in things:
        with pytest.raises(TypeError, match=r"^save needs a module, an optimiser or a schedule, got "):
            save(thing, tmp_path / "x.json")
        with pytest.raises(TypeError, match=r"^load needs a module, an optimiser or a schedule, got "):
            load(thing, tmp_path / "x.json")


def test_what_is_no_path_is_refused_by_name() -> None:
    paths: list[Any] = [None, 1.0, [], Neuron(1)]
    for path in paths:
        with pytest.raises(TypeError, match=r"^path must be the name of a file, got "):
            save(Neuron(1), path)
        with pytest.raises(TypeError, match=r"^path must be the name of a file, got "):
            load(Neuron(1), path)


@pytest.mark.parametrize("number", [2, True, Fraction(1, 2), 2.5], ids=str)
def test_a_weight_of_any_kind_of_number_is_saved(number: Any, tmp_path: Path) -> None:
    neuron, other = Neuron(2, seed=0), Neuron(2, seed=1)
    neuron.w[0].data = number
    load(other, save(neuron, tmp_path / "neuron.json"))
    assert (other.w[0].data, type(other.w[0].data)) == (float(number), float)


def test_a_value_as_data_is_refused_by_name() -> None:
    neuron = Neuron(2, seed=0)
    neuron.w[1].data = neuron.w[1] - 0.1
    with pytest.raises(TypeError, match=r"^w\.1: a real number is needed, got Value"):
        neuron.state_dict()


def test_arrays_of_numpys_and_tensors_are_lists_of_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    neuron = Neuron(2, seed=0)
    neuron.load_state_dict({"w": numpy.array([1, 2]), "b": numpy.float32(0.5)})
    assert neuron.state_dict() == {"w": [1.0, 2.0], "b": 0.5}
    assert [type(parameter.data) for parameter in neuron.parameters()] == [float] * 3
    layer = Layer(2, 1)
    layer.load_state_dict({"weight": numpy.array([[1.0, 2.0]]), "bias": (3,)})
    assert layer.state_dict() == {"weight": [[1.0, 2.0]], "bias": [3.0]}
