"""Networks built from Values: neurons, layers, MLPs, and the data to train them on."""

from tinygrad_edu.nn.data import load_iris
from tinygrad_edu.nn.modules import MLP, Layer, Module, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron", "load_iris"]
