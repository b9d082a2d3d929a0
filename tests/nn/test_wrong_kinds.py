"""Every class and function of the modules to train with, given every kind of wrong thing for each of its arguments.

Whatever is refused, is refused by the name of the argument or of the function, and nothing has changed afterwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from tinygrad_edu import Symbol, Value
from tinygrad_edu.nn import (
    MLP,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    BatchNorm,
    ExponentialDecay,
    InverseTimeDecay,
    Layer,
    Maxout,
    Neuron,
    RMSprop,
    StepDecay,
    binary_cross_entropy,
    fit,
    load,
    save,
    xor,
)

INPUTS = {"n_inputs": 2, "activation": "tanh", "seed": 1}


def calls(model: MLP, optimiser: Adam) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """What is called, and right arguments for it."""
    fitting: dict[str, Any] = {
        "model": model, "loss": binary_cross_entropy, "train": xor(), "validation": xor(), "optimizer": None,
        "decay": None, "epochs": 1, "batch_size": 2, "l2": 0.1, "patience": 2, "error": binary_cross_entropy, "seed": 1,
    }  # fmt: skip
    return {
        "Neuron": (Neuron, {**INPUTS, "n_outputs": 2}),
        "Layer": (Layer, {**INPUTS, "n_outputs": 2}),
        "MLP": (MLP, {**INPUTS, "layer_sizes": [2, 1], "output": "linear"}),
        "Maxout": (Maxout, {"n_inputs": 2, "pieces": 2, "seed": 1}),
        "BatchNorm": (BatchNorm, {"eps": 0.1}),
        "a neuron": (lambda x: Neuron(2)(x), {"x": [1.0, 2.0]}),
        "a layer": (lambda x: Layer(2, 2)(x), {"x": [1.0, 2.0]}),
        "a network": (lambda x: model(x), {"x": [1.0, 2.0]}),
        "a maxout": (lambda x: Maxout(2)(x), {"x": [1.0, 2.0]}),
        "a normalisation": (lambda xs: BatchNorm()(xs), {"xs": [1.0, 2.0]}),
        "named_parameters": (lambda prefix: list(model.named_parameters(prefix)), {"prefix": "model."}),
        "SGD": (SGD, {"parameters": [Value(1.0)], "lr": 0.1, "momentum": 0.5}),
        "Adagrad": (Adagrad, {"parameters": [Value(1.0)], "lr": 0.1, "eps": 0.1}),
        "RMSprop": (RMSprop, {"parameters": [Value(1.0)], "lr": 0.1, "alpha": 0.5, "eps": 0.1}),
        "Adadelta": (Adadelta, {"parameters": [Value(1.0)], "lr": 0.1, "rho": 0.5, "eps": 0.1}),
        "Adam": (Adam, {"parameters": [Value(1.0)], "lr": 0.1, "betas": (0.9, 0.9), "eps": 0.1}),
        "StepDecay": (StepDecay, {"optimizer": optimiser, "step_size": 2, "gamma": 0.5}),
        "ExponentialDecay": (ExponentialDecay, {"optimizer": optimiser, "gamma": 0.5}),
        "InverseTimeDecay": (InverseTimeDecay, {"optimizer": optimiser, "beta": 0.5}),
        "factor": (lambda t: StepDecay(optimiser, 2).factor(t), {"t": 3}),
        "a state of a module": (lambda state: model.load_state_dict(state), {"state": model.state_dict()}),
        "a state": (lambda state: optimiser.load_state_dict(state), {"state": optimiser.state_dict()}),
        "save": (lambda thing: save(thing, "/dev/null/x"), {"thing": None}),
        "load": (lambda thing: load(thing, "/dev/null/x"), {"thing": None}),
        "fit": (lambda **given: fit(**{**fitting, **given}, progress=False), fitting),
        "fit inputs": (lambda x: fit(**{**fitting, "train": (x, [0])}, progress=False), {"x": [[0.0, 1.0]]}),
    }


WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None, "text": lambda: "x", "no text": lambda: "", "a number as text": lambda: "1",
    "bytes": lambda: b"x", "no list": list, "no tuple": lambda: (), "no dictionary": dict,
    "a set": lambda: {1.0}, "a list of None": lambda: [None], "a list of a list": lambda: [[]],
    "a list of a Value": lambda: [Value(1.0)], "a list of nan": lambda: [math.nan], "an iterator": lambda: iter([1.0]),
    "nan": lambda: math.nan, "inf": lambda: math.inf, "-inf": lambda: -math.inf, "-1": lambda: -1, "1.5": lambda: 1.5,
    "complex": lambda: 1j, "an object": lambda: object(), "a Value": lambda: Value(1.0),
    "a Symbol": lambda: Symbol("x"),
}  # fmt: skip
RAW = r"unsupported operand|has no attribute|object is not|unhashable|not subscriptable|has no len|can't multiply"
OTHERS = r"seed|activation|optimiser|state|train|\bx\d?\b|a module|BatchNorm"  # what else is named in a call


def fault(function: Callable[..., Any], given: dict[str, Any], named: str) -> str:
    """What is wrong with the error, if there is one."""
    try:
        function(**given)
    except (TypeError, ValueError) as error:
        wrong = re.search(RAW, str(error)) or not re.search(rf"\b({named})\b|{OTHERS}", str(error))
        return f"{named}: {error!r}" if wrong else ""
    except OSError as error:
        return "" if "/dev/null/x" in str(error) else repr(error)  # taken, but there is no such file
    return ""


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_refused_is_refused_by_name_and_nothing_has_changed(kind: str) -> None:
    """But for what `fit` has been given rightly, which changes the model."""
    faults = []
    for call in calls(MLP(1, [1]), Adam([Value(1.0)])):
        model, optimiser = MLP(2, [2, 1], "tanh", seed=0), Adam([Value(1.0), Value(2.0)])
        function, given = calls(model, optimiser)[call]
        before = model.state_dict(), optimiser.state_dict()
        for name in given:
            faults.append(fault(function, {**given, name: WRONG[kind]()}, f"{name}|{call}"))
            if call.startswith("fit"):
                model.load_state_dict(before[0])
        assert (model.state_dict(), optimiser.state_dict()) == before, call
    assert len(faults) == 66
    assert not any(faults), "\n".join(filter(None, faults))


def test_every_right_argument_is_taken() -> None:
    for call, (function, given) in calls(MLP(2, [1], seed=0), Adam([Value(1.0), Value(2.0)])).items():
        if call not in ("save", "load"):
            function(**given)
