"""A network in PyTorch: the outputs and gradients are the same to 1e-12 in double precision."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.lessons import run_lesson
from tinygrad_edu import Value, rules
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.modules import ACTIVATIONS

pytestmark = pytest.mark.slow
DEMO = Path(__file__).parent.parent.parent / "demos" / "25_on_to_pytorch.py"
POINT = [0.75, -1.25, 2.0]


@pytest.fixture(scope="module")
def to_torch() -> Any:
    pytest.importorskip("torch")
    return runpy.run_path(str(DEMO))["to_torch"]


def test_the_lesson(tmp_path: Path) -> None:
    """Its items are in the table of the course."""
    pytest.importorskip("torch")
    run_lesson("25_on_to_pytorch.py", tmp_path)


def close(theirs: Any, ours: Any) -> Any:
    return theirs.flatten().tolist() == pytest.approx(ours, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_outputs_and_all_gradients_are_the_same(to_torch: Any, activation: str, output: str) -> None:
    model = MLP(3, [5, 4, 2], activation, output, seed=1)
    for i, parameter in enumerate(model.parameters()):
        parameter.data += 0.01 * i  # biases too
    torch, network = pytest.importorskip("torch"), to_torch(model)
    inputs = [Value(x) for x in POINT]
    outputs = model(inputs)
    (outputs[0] - 2.0 * outputs[1]).backward()
    tensor = torch.tensor(POINT, dtype=torch.double, requires_grad=True)
    theirs = network(tensor)
    (theirs[0] - 2.0 * theirs[1]).backward()
    assert close(theirs, [y.data for y in outputs])
    assert close(tensor.grad, [x.grad for x in inputs])
    linear = [module for module in network if isinstance(module, torch.nn.Linear)]
    for layer, theirs in zip(model.layers, linear, strict=True):
        assert close(theirs.weight.grad, [w.grad for neuron in layer.neurons for w in neuron.w])
        assert close(theirs.bias.grad, [neuron.b.grad for neuron in layer.neurons])


def test_the_state_comes_back_from_pytorch(to_torch: Any) -> None:
    model, other = MLP(3, [4, 1], seed=0), MLP(3, [4, 1], seed=1)
    other.load_state_dict({name: tensor.tolist() for name, tensor in to_torch(model).state_dict().items()})
    assert other.state_dict() == model.state_dict()


def test_an_activation_that_pytorch_has_not_is_refused(to_torch: Any) -> None:
    with pytest.raises(ValueError, match=r"^PyTorch has no module for the activation <rule sin\(x\)>$"):
        to_torch(MLP(1, [1, 1], activation=rules.sin))


def test_the_lesson_proves_its_claim(to_torch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(DEMO))
    printed = capsys.readouterr().out
    difference = float(printed.split("differ by at most ")[1].split()[0])
    assert difference < 1e-12
