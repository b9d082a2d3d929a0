"""Differentiate scalars: autograd to read, to step through, to draw, and to teach backpropagation from."""

import importlib
import types

from tinygrad_edu.engine import Constant, Parameter, Value, topological_order
from tinygrad_edu.functions import elu, leaky_relu, log_softmax, log_sum_exp, softmax, weighted_sum
from tinygrad_edu.readers.check import check_gradients
from tinygrad_edu.readers.dual import Dual, derivative, jvp
from tinygrad_edu.readers.formulas import derivative_formula, formula
from tinygrad_edu.readers.higher import gradients, hessian
from tinygrad_edu.readers.symbol import Symbol
from tinygrad_edu.rules import cos, exp, log, maximum, minimum, relu, sigmoid, sin, softplus, sqrt, tanh
from tinygrad_edu.show.diagram import draw_dot, save_graph
from tinygrad_edu.show.stepper import Stepper, save_stepper
from tinygrad_edu.show.steps import backward_steps
from tinygrad_edu.show.text import explain, trace
from tinygrad_edu.static import static_graph

__version__ = "0.1.0"
__all__ = [
    "Constant", "Dual", "Parameter", "Stepper", "Symbol", "Value", "backward_steps", "check_gradients", "cos",
    "derivative", "derivative_formula", "draw_dot", "elu", "exp", "explain", "formula", "gradients", "hessian", "jvp",
    "leaky_relu", "log", "log_softmax", "log_sum_exp", "maximum", "minimum", "relu", "save_graph", "save_stepper",
    "sigmoid", "sin", "softmax", "softplus", "sqrt", "static_graph", "tanh", "topological_order", "trace",
    "weighted_sum",
]  # fmt: skip


def __getattr__(name: str) -> types.ModuleType:
    """Import `nn` when it is first asked for: scalars alone need none of it."""
    if name == "nn":
        return importlib.import_module("tinygrad_edu.nn")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*{**globals(), "nn": None}]
