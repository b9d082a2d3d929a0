"""Build networks from Values, and train them: losses, optimisers, the training algorithm, data."""

from tinygrad_edu.nn.data import (
    blobs, circles, load_digits, load_iris, load_names, mini_batches, moons, one_hot, sine, spirals, standardise,
    train_test_split, xor,
)
from tinygrad_edu.nn.losses import (
    binary_cross_entropy, cross_entropy, empirical_risk, hinge, l2_penalty, mean, squared_error,
)
from tinygrad_edu.nn.metrics import accuracy, confusion_matrix
from tinygrad_edu.nn.modules import MLP, BatchNorm, Layer, Maxout, Module, Neuron
from tinygrad_edu.nn.optim import (
    SGD, Adadelta, Adagrad, Adam, ExponentialDecay, InverseTimeDecay, Optimizer, RMSprop, StepDecay,
)
from tinygrad_edu.nn.plots import plot_decision_boundary, plot_loss
from tinygrad_edu.nn.saving import load, save
from tinygrad_edu.nn.training import History, fit

__all__ = [
    "MLP", "SGD", "Adadelta", "Adagrad", "Adam", "BatchNorm", "ExponentialDecay", "History", "InverseTimeDecay",
    "Layer", "Maxout", "Module", "Neuron", "Optimizer", "RMSprop", "StepDecay", "accuracy", "binary_cross_entropy",
    "blobs", "circles", "confusion_matrix", "cross_entropy", "empirical_risk", "fit", "hinge", "l2_penalty", "load",
    "load_digits", "load_iris", "load_names", "mean", "mini_batches", "moons", "one_hot", "plot_decision_boundary",
    "plot_loss", "save", "sine", "spirals", "squared_error", "standardise", "train_test_split", "xor",
]  # fmt: skip
