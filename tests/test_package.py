"""What a user gets who imports or installs the package."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib import resources
from typing import Any

import pytest

import tinygrad_edu
import tinygrad_edu.nn
from tests.pythons import in_a_new_python


def test_importing_it_imports_nothing_outside_the_standard_library() -> None:
    """graphviz only where something is drawn, matplotlib and numpy never by itself."""
    imported = in_a_new_python(
        "import sys, json; before = set(sys.modules); import tinygrad_edu, tinygrad_edu.nn;"
        "print(json.dumps(sorted({name.split('.')[0] for name in set(sys.modules) - before})))"
    )
    outside = set(imported) - set(sys.stdlib_module_names)
    assert outside == {"tinygrad_edu"}


def test_computing_and_explaining_need_no_graphviz() -> None:
    loaded = in_a_new_python(
        "import sys, json; from tinygrad_edu import Value, trace; x = Value(3.0); y = x * x; y.backward(); trace(y, x);"
        "print(json.dumps('graphviz' in sys.modules))"
    )
    assert loaded is False


def test_the_type_hints_are_shipped() -> None:
    assert resources.files("tinygrad_edu").joinpath("py.typed").is_file()


@pytest.mark.parametrize("package", [tinygrad_edu, tinygrad_edu.nn])
def test_every_public_name_exists_and_is_listed_once_in_order(package: Any) -> None:
    assert len(set(package.__all__)) == len(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
    assert [name.lower() for name in package.__all__ if name.islower()] == sorted(
        name for name in package.__all__ if name.islower()
    )


@pytest.mark.parametrize("package", [tinygrad_edu, tinygrad_edu.nn])
def test_all_is_complete(package: Any) -> None:
    """Whatever the package itself imports by name is public, modules and private names aside."""
    names = {
        name
        for name, thing in vars(package).items()
        if not name.startswith("_") and not isinstance(thing, type(sys))
    }
    assert names == set(package.__all__)


PROMISED = {
    "Value", "Parameter", "Symbol", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "leaky_relu", "elu",
    "softplus", "maximum", "minimum", "weighted_sum", "softmax", "log_softmax", "log_sum_exp", "topological_order",
    "backward_steps", "explain", "draw_dot", "save_graph", "save_stepper", "Stepper", "static_graph",
}  # fmt: skip


def test_the_promised_names_are_public() -> None:
    assert set(tinygrad_edu.__all__) >= PROMISED
    assert set(tinygrad_edu.nn.__all__) >= {"Module", "Neuron", "Layer", "MLP", "load_iris"}


MODULES = [
    module.name
    for module in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_and_every_public_thing_in_it_says_what_it_is(name: str) -> None:
    """A docstring each; a row of the table is said by its formula, an operator by its sign."""
    module = importlib.import_module(name)
    assert module.__doc__
    for thing in vars(module).values():
        if getattr(thing, "__module__", None) == name and isinstance(thing, type):
            assert thing.__doc__ or issubclass(thing, tinygrad_edu.rules.Rule), thing
