"""Build neurons, layers and networks of Values alone."""

import functools
import math
import operator
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tinygrad_edu import functions, rules
from tinygrad_edu.arguments import count, every, listed, not_negative, real, shown
from tinygrad_edu.engine import NOT_COMPUTED, Parameter, Value
from tinygrad_edu.functions import weighted_sum
from tinygrad_edu.nn.losses import mean
from tinygrad_edu.nn.saving import State, array_shape, each_in, fitting, leaves_in
from tinygrad_edu.rule import Scalar, scalar
from tinygrad_edu.words import encoding_of, spelled

Activation: TypeAlias = "str | Callable[[Any], Any]"
Seed: TypeAlias = "int | random.Random | None"


def linear(z: Any) -> Any:
    """Return z unchanged."""
    return z


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear, "sigmoid": rules.sigmoid, "tanh": rules.tanh, "relu": rules.relu,
    "leaky_relu": functions.leaky_relu, "elu": functions.elu, "softplus": rules.softplus,
}  # fmt: skip
NOT_WEIGHTS = {"b", "bias", "biases", "gamma", "beta"}  # names under which biases are kept, and what BatchNorm learns
RECTIFIERS = (rules.relu, functions.leaky_relu, functions.elu, rules.softplus)


def activation_named(activation: Activation) -> Callable[[Any], Any]:
    """Return the function of that name, or a function as it is. Raises ValueError for an unknown name."""
    found = ACTIVATIONS.get(activation) if isinstance(activation, str) else activation
    if not callable(found):
        raise ValueError(f"unknown activation {activation!r}: pass a function or one of {', '.join(ACTIVATIONS)}")
    return found


def initial_limit(activation: Callable[[Any], Any], n_inputs: int, n_outputs: int) -> float:
    """Return the greatest size of the weights that a neuron starts with."""
    n = n_inputs if activation in RECTIFIERS else n_inputs + n_outputs
    return (4.0 if activation is rules.sigmoid else 1.0) * math.sqrt(6.0 / n)


class Module:
    """Hold parameters: those attributes that are Parameters or Modules, or lists, tuples or dictionaries of them.

    A module of your own computes in `forward` or `__call__`. What stands in several places is found in the first.

    >>> [name for name, _ in Neuron(2).named_parameters()]
    ['w.0', 'w.1', 'b']
    """

    place = ""  # where this module stands in a larger one: "layers.0.neurons.3."

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """Say what stands here for a word of micrograd's."""
        if "nonlin" in named and cls.__init__.__module__ == __name__:
            raise TypeError(f"{cls.__name__}: for nonlin=False write activation='linear', for nonlin=True 'relu'")
        return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        """Let `forward` count where a subclass writes it, and not the `__call__` of the class it is made of."""
        if "forward" in vars(cls) and "__call__" not in vars(cls):
            cls.__call__ = Module.__call__  # type: ignore[method-assign]

    def __call__(self, *inputs: Any) -> Any:
        """Return what `forward` returns. Raises TypeError if there is none."""
        if not hasattr(self, "forward"):
            raise TypeError(f"{type(self).__name__} needs a method forward(x), or __call__(x), to be called")
        return self.forward(*inputs)

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Yield each parameter with its name, which tells where it stands: ("layers.0.neurons.3.w.1", ...)."""
        for name, member in members_of(self, "", set()):
            if isinstance(member, Parameter):
                yield f"{prefix}{name}", member

    def parameters(self) -> list[Parameter]:
        """Return all parameters, in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def weights(self) -> list[Parameter]:
        """Return all parameters for the L2 penalty: all but those called b, bias, biases, gamma, beta, or b1, b2, …"""
        named = self.named_parameters()
        return [p for name, p in named if name.rstrip(".0123456789").rpartition(".")[2] not in NOT_WEIGHTS]

    def zero_grad(self) -> None:
        """Clear the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = NOT_COMPUTED

    def state_dict(self) -> State:
        """Return the numbers of all parameters, under the names and in the shapes of `arrays`, each of them once.

        >>> MLP(2, [1], seed=0).state_dict()
        {'0.weight': [[0.9741721072087512, 0.7296052302240599]], '0.bias': [0.0]}
        """
        arrays = self.arrays()
        first_of = {leaf: name for name, array in reversed(arrays.items()) for leaf in leaves_in(array)}
        distinct = [name for name in arrays if name in set(first_of.values())]
        return {name: each_in(arrays[name], lambda p, place: real(p.data, place), name) for name in distinct}

    def load_state_dict(self, state: State) -> None:
        """Take over a state. Raises ValueError, and changes nothing, if it does not fit; all misfits are listed."""
        arrays = self.arrays()
        for name, numbers in fitting(state, self.state_dict()).items():
            for parameter, number in zip(leaves_in(arrays[name]), leaves_in(numbers), strict=True):
                parameter.data = number

    def arrays(self) -> dict[str, Any]:
        """Return the parameters as a state holds them: a list of them under one name. An MLP's are named as in PyTorch.

        >>> list(Neuron(2).arrays())
        ['w', 'b']
        """
        return dict(found for name, part in vars(self).items() for found in arrays_of(name, part))

    def name_members(self) -> None:
        """Label every parameter with its name, and tell every module within where it stands."""
        for name, member in members_of(self, "", set()):
            if isinstance(member, Parameter):
                member.label = name
            else:
                member.place = f"{name}." if name else ""

    def __repr__(self) -> str:
        return spelled(f"{type(self).__name__}({self.extra_repr()})", encoding_of())

    def extra_repr(self) -> str:
        """Say for `repr` what this is made of, as in PyTorch."""
        return f"{len(self.parameters())} parameters"


class Neuron(Module):
    """Compute a = f(z) with z = Σ wᵢ xᵢ + b: weights `w`, one per input, and a bias `b`, which starts at 0.

    n_inputs    the length of the list it is called with
    activation  f, by name or as a function of one Value
    seed        a number, or a random.Random to draw the weights from; the same number gives the same weights
    n_outputs   how many neurons share these inputs

    Weights are drawn from [-r, r]: r = √(6 / (n_inputs + n_outputs)), derived for f(z) ≈ z (Xavier: Glorot and Bengio,
    2010), 4 times that for sigmoid, whose slope at 0 is ¼ (NNDL, section 7.3); √(6 / n_inputs) for rectifiers, derived
    for relu (He et al., 2015). Called with a list of Values, or of numbers, which become inputs named x1, x2, …, it
    returns a, one Value. Raises ValueError if the list has another length. So do Layer, MLP and Maxout.

    >>> neuron = Neuron(2, activation="sigmoid")
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0
    >>> neuron([-1.0, -2.0])
    Value(a=0.7311, op='sigmoid')
    """

    def __init__(self, n_inputs: int, activation: Activation = "linear", seed: Seed = None, n_outputs: int = 1) -> None:
        n_inputs, n_outputs = count("n_inputs", n_inputs), count("n_outputs", n_outputs)
        self.activation = activation_named(activation)
        limit, generator = initial_limit(self.activation, n_inputs, n_outputs), generator_of(seed)
        self.w = [Parameter(generator.uniform(-limit, limit)) for _ in range(n_inputs)]
        self.b = Parameter(0.0)
        self.name_members()

    def __call__(self, x: Sequence[Value | float]) -> Any:
        return self.activate(as_inputs(x, len(self.w)))

    def activate(self, x: Sequence[Any]) -> Any:
        """Return the activation for inputs that are Values (or other scalars) already."""
        z = weighted_sum(self.w, x, self.b)
        a = self.activation(z)
        if isinstance(a, Value):
            a.label, z.label = self.place + "a", self.place + "z"
        return a

    def extra_repr(self) -> str:
        return f"{len(self.w)} inputs, {activation_name(self.activation)}"


class Layer(Module):
    """Give `n_outputs` neurons the same `n_inputs` inputs, and return the list of their activations."""

    def __init__(self, n_inputs: int, n_outputs: int, activation: Activation = "linear", seed: Seed = None) -> None:
        n_outputs, generator = count("n_outputs", n_outputs), generator_of(seed)
        self.neurons = [Neuron(n_inputs, activation, generator, n_outputs) for _ in range(n_outputs)]
        self.name_members()

    def __call__(self, x: Sequence[Value | float]) -> list[Any]:
        inputs = as_inputs(x, len(self.neurons[0].w))
        return [neuron.activate(inputs) for neuron in self.neurons]

    def arrays(self) -> dict[str, Any]:
        """Return the weights as a matrix, a row per neuron, and the biases, with the names of PyTorch's `nn.Linear`."""
        return {"weight": [neuron.w for neuron in self.neurons], "bias": [neuron.b for neuron in self.neurons]}

    def extra_repr(self) -> str:
        return f"{len(self.neurons)} × {self.neurons[0]}"


class MLP(Module):
    """Run a multi-layer perceptron: layers, each fed with the activations of the one before.

    n_inputs    the length of the list it is called with
    layer_sizes the number of neurons of each layer, the last one being the output: [16, 16, 1]
    activation  of the hidden layers, by name or as a function
    output      the activation of the last layer; "linear" gives logits
    seed        as for a Neuron

    It returns the last layer's activations, a list of Values, or one Value if that layer has one neuron.

    >>> len(MLP(2, [16, 16, 1]).parameters())
    337
    """

    def __init__(
        self, n_inputs: int, layer_sizes: Sequence[int],
        activation: Activation = "relu", output: Activation = "linear", seed: Seed = None,
    ) -> None:  # fmt: skip
        sizes = every("layer_sizes", layer_sizes, count)
        if not sizes:
            raise ValueError("an MLP needs at least one layer, got layer_sizes=[]")
        generator, activations = generator_of(seed), [activation] * (len(sizes) - 1) + [output]
        shapes = zip([n_inputs, *sizes[:-1]], sizes, activations, strict=True)
        self.layers = [Layer(*shape, generator) for shape in shapes]
        self.name_members()

    def __call__(self, x: Sequence[Value | float]) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def arrays(self) -> dict[str, Any]:
        """Number the layers as in PyTorch's `nn.Sequential`, with activations between: 0.weight, 0.bias, 2.weight, …"""
        every_other = zip(range(0, 2 * len(self.layers), 2), self.layers, strict=True)
        return {f"{i}.{name}": array for i, layer in every_other for name, array in layer.arrays().items()}

    def extra_repr(self) -> str:
        return ", ".join(map(repr, self.layers))


class Maxout(Module):
    """Compute max(z₁, …, zₖ), the greatest of several linear functions of the inputs: an activation that is learned.

    Source: Goodfellow et al., arXiv:1302.4389, 2013; NNDL, section 4.1.5.

    >>> neuron = Maxout(1, pieces=2)
    >>> neuron.pieces[0].w[0].data, neuron.pieces[1].w[0].data = 1.0, -1.0  # |x|
    >>> neuron([-3.0]).data
    3.0
    """

    def __init__(self, n_inputs: int, pieces: int = 2, seed: Seed = None) -> None:
        generator = generator_of(seed)
        self.pieces = [Neuron(n_inputs, "linear", generator) for _ in range(count("pieces", pieces))]
        self.name_members()

    def __call__(self, x: Sequence[Value | float]) -> Any:
        inputs = as_inputs(x, len(self.pieces[0].w))
        return functools.reduce(rules.maximum, [piece.activate(inputs) for piece in self.pieces])

    def extra_repr(self) -> str:
        return f"{len(self.pieces)} × {self.pieces[0]}"


class BatchNorm(Module):
    """Normalise one quantity over a batch: γ (x - μ) / √(σ² + ε) + β with the mean μ and variance σ² of the batch.

    Called with a neuron's pre-activations, one per example of the batch, it returns them normalised; γ and β are
    learned. Gradients flow through μ and σ² too. Raises ValueError on a list shorter than 2.
    Source: Ioffe and Szegedy, arXiv:1502.03167, 2015, algorithm 1; NNDL, section 7.5.1.

    >>> [round(z.data, 3) for z in BatchNorm()([1.0, 2.0, 3.0])]
    [-1.225, 0.0, 1.225]
    """

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = not_negative("eps", eps)
        self.gamma, self.beta = Parameter(1.0), Parameter(0.0)
        self.name_members()

    def __call__(self, xs: Sequence[Value | float]) -> list[Any]:
        batch = every("xs", xs, scalar)
        if len(batch) < 2:
            raise ValueError(f"BatchNorm needs a batch of two or more, got {len(batch)}")
        mu = mean(batch)
        variance = mean([(x - mu) ** 2 for x in batch])
        scale = self.gamma / rules.sqrt(variance + self.eps)
        return [(x - mu) * scale + self.beta for x in batch]

    def extra_repr(self) -> str:
        return f"eps={self.eps:g}"


def as_inputs(x: Any, n_inputs: int) -> list[Any]:
    """Return the inputs as Values: numbers become x1, x2, …. Raises ValueError if there are not `n_inputs`."""
    inputs = x if type(x) is list else listed("x", x)
    if len(inputs) != n_inputs:
        raise ValueError(f"x needs {n_inputs} inputs, one per weight, got a list of {len(inputs)}")
    return [v if isinstance(v, Scalar) else Value(real(v, f"x{i}"), f"x{i}") for i, v in enumerate(inputs, start=1)]


def generator_of(seed: Seed) -> random.Random:
    """Return a random generator with that seed, or a generator as it is; without a seed, `random.seed` decides."""
    if isinstance(seed, random.Random):
        return seed
    if seed is not None and not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be a whole number, a random.Random or None, got {shown(seed)}")
    return random.Random(random.getrandbits(64) if seed is None else operator.index(seed))


def parts_of(whole: Any) -> Iterable[tuple[Any, Any]]:
    """Return the attributes of a module or the members of a list, tuple or dictionary, with their names."""
    if isinstance(whole, (list, tuple)):
        return enumerate(whole)
    named = vars(whole) if isinstance(whole, Module) else whole
    return named.items() if isinstance(named, dict) else ()


def members_of(whole: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield the Parameters and Modules of a whole, itself included, each with its name, and each once."""
    if id(whole) in seen:
        return
    seen.add(id(whole))
    if isinstance(whole, (Parameter, Module)):
        yield name, whole
    for key, part in parts_of(whole):
        yield from members_of(part, f"{name}.{key}".lstrip("."), seen)


def arrays_of(name: str, whole: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a whole, each with its name: a Parameter, or lists of them in equal rows."""
    if isinstance(whole, Module):
        yield from ((f"{name}.{inner}", array) for inner, array in whole.arrays().items())
    elif array_shape(whole, Parameter) is not None:
        yield name, whole
    else:
        for key, part in parts_of(whole):
            yield from arrays_of(f"{name}.{key}", part)


def activation_name(activation: Callable[[Any], Any]) -> str:
    """Return the name of an activation function."""
    names = (name for name, function in ACTIVATIONS.items() if function is activation)
    return next(names, getattr(activation, "__name__", repr(activation)))
