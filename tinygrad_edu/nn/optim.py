"""Update parameters from their gradients (optimisers) and lower the learning rate (schedules).

Each of the five optimisers is one loop over the parameters, `move`, as one would write it by hand. One of your own is
easier: see `Optimizer.update`. Arguments have PyTorch's names and defaults, and the numbers are PyTorch's.
"""

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

from tinygrad_edu import arguments
from tinygrad_edu.arguments import count, every, finite, fraction, instance, listed, not_negative, positive
from tinygrad_edu.engine import NOT_COMPUTED, Value, has_gradient
from tinygrad_edu.nn.saving import State, fitting

Checks: TypeAlias = dict[str, Callable[[str, Any], Any]]  # what returns a number as it is kept, or refuses it
Moving: TypeAlias = "Iterable[tuple[int, Value, float]]"  # place in the columns, parameter, gradient of all that move

count_from_0 = partial(count, least=0)
numbers = partial(every, check=finite)
not_negatives = partial(every, check=not_negative)


class Checked:
    """Check each number that an optimiser or a schedule consists of, whoever sets it: constructor, state or anybody."""

    checks: Checks = {}
    remembers: tuple[str, ...] = ()  # those that are lists, with a number per parameter

    def __setattr__(self, name: str, x: Any) -> None:
        super().__setattr__(name, self.checks[name](name, x) if name in self.checks else x)

    def state_dict(self) -> State:
        """Return all that is needed to go on: numbers, and lists with one number per parameter."""
        return {name: copy.copy(getattr(self, name)) for name in self.checks}

    def load_state_dict(self, state: State) -> None:
        """Take over a state. Raises ValueError, and changes nothing, if it does not fit, or if a number is refused."""
        fitted = fitting(state, self.state_dict())
        vars(self).update({name: check(name, fitted[name]) for name, check in self.checks.items()})

    def __repr__(self) -> str:
        numbers = {name: x for name, x in vars(self).items() if name in self.checks and name not in self.remembers}
        shown = [f"{name}={x if isinstance(x, list) else f'{x:g}'}" for name, x in numbers.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


class Optimizer(Checked):
    """Hold the parameters, the learning rate `lr`, and lists of what is remembered about each parameter.

    A subclass writes `update`, names in `remembers` the numbers it remembers about a parameter, which start at 0, and
    in `checks` what else it is set by. Raises ValueError for no parameters, one given twice, or one that is computed.
    """

    checks = {"lr": positive}
    move: Callable[..., None]

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        if type(self).update is Optimizer.update and not hasattr(self, "move"):
            raise TypeError(f"{type(self).__name__} needs a method update(g): see help(Optimizer.update)")
        self.parameters = arguments.distinct_leaves("an optimiser", parameters, Value)
        self.tried = False
        self.lr = lr
        for name in listed("remembers", self.remembers):
            if hasattr(type(self), name):
                raise ValueError(f"remembers: {name!r} is a method already, choose another name")
            self.checks = {**self.checks, name: self.checks.get(name, numbers)}
            setattr(self, name, [0.0] * len(self.parameters))

    def update(self, g: float, *remembered: float) -> tuple[float, ...]:
        """Return the change of one parameter, then what to remember about it: a tuple. Write this in a subclass.

        It is given the parameter's gradient, and its numbers of `remembers` in that order. The change is added, so that
        it has the sign of -g to go downhill. `step` refuses what is no such tuple, and first changes that go uphill.

        >>> class Momentum(Optimizer):
        ...     remembers = ("v",)
        ...     def update(self, g, v):
        ...         v = 0.9 * v + g
        ...         return -self.lr * v, v
        >>> Momentum([Value(3.0)], lr=0.1).update(6.0, 0.0)
        (-0.6000000000000001, 6.0)
        """
        leaf, columns = Value(0.0), [[finite("remembered", x)] for x in remembered]
        self.move([(0, leaf, finite("g", g))], *columns)
        return leaf.data, *[x for (x,) in columns]

    def move_by_update(self, moving: Moving, *columns: list[float]) -> None:
        """Move parameters as `update` says, once all changes are computed. Raises TypeError or ValueError."""
        name, contents = f"{type(self).__name__}.update", ", ".join(["change", *self.remembers])
        results, slope, begun = [], 0.0, self.tried
        for i, parameter, g in moving:
            before = [column[i] for column in columns]
            result: Any = self.update(g, *before)
            if not isinstance(result, tuple) or len(result) != 1 + len(columns):
                raise TypeError(f"{name} must return a tuple, ({contents}{'' if columns else ','}), got {result!r}")
            change, *memory = [finite(name, x) for x in result]
            results.append((i, parameter, change, memory))
            slope, begun = slope + g * change, begun or any(before)
        if slope > 0.0 and not begun:
            raise ValueError(f"{name} goes uphill: the change is added, so it is -self.lr * g, not self.lr * g")
        for i, parameter, change, memory in results:
            parameter.data += change
            for column, number in zip(columns, memory, strict=True):
                column[i] = number

    def step(self) -> None:
        """Move every parameter by its update rule. One that the loss does not depend on stays, as in PyTorch.

        Raises, before any has moved, FloatingPointError if a gradient is nan or infinite, RuntimeError on none at all.

        >>> w = Value(3.0, "w")
        >>> optimizer = SGD([w], lr=0.5)
        >>> (w * w).backward()
        >>> optimizer.step()
        >>> w.data  # 3 - 0.5 · 6
        0.0
        """
        written = type(self).update is not Optimizer.update  # of one of the five, too, it may be written anew
        move = self.move_by_update if written else self.move
        move(self.moving(), *[getattr(self, name) for name in self.remembers])
        self.tried = True

    def zero_grad(self) -> None:
        """Clear the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = NOT_COMPUTED

    def moving(self) -> Moving:
        """Return the parameters that have a gradient, with their places and gradients. Raises the errors of `step`."""
        gradients = [parameter.grad for parameter in self.parameters]
        with contextlib.suppress(TypeError):  # nearly always there are all, and finite, and this tells it in no time
            if (all(gradients) or set(map(type, gradients)) == {float}) and math.isfinite(sum(gradients)):
                return zip(range(len(gradients)), self.parameters, gradients, strict=True)
        places = [i for i, parameter in enumerate(self.parameters) if has_gradient(parameter)]
        if not places:
            raise RuntimeError("no parameter has a gradient: call backward() before step()")
        for i in places:
            name = f"the gradient of {self.parameters[i].label or f'parameter {i}'}"
            if not math.isfinite(gradient := arguments.real(gradients[i], name)):
                raise FloatingPointError(f"{name} is {gradient}")
        return [(i, self.parameters[i], gradients[i]) for i in places]

    def __repr__(self) -> str:
        return super().__repr__().replace("(", f"({len(self.parameters)} parameters, ", 1)


class SGD(Optimizer):
    """Update by θ ← θ - α g; with momentum ρ, by v ← ρ v + g and θ ← θ - α v: stochastic gradient descent.

    Source: Robbins and Monro, 1951; momentum: Polyak, 1964, in the form of PyTorch; NNDL, section 7.2.4.
    """

    checks = {"lr": positive, "momentum": not_negative}
    remembers = ("v",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-3, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum

    def move(self, moving: Moving, v: list[float]) -> None:
        lr, momentum = self.lr, self.momentum
        if momentum == 0.0:
            for _, parameter, g in moving:
                parameter.data -= lr * g
        else:
            for i, parameter, g in moving:
                v[i] = velocity = momentum * v[i] + g
                parameter.data -= lr * velocity


class Adagrad(Optimizer):
    """Update by G ← G + g²; θ ← θ - α g / (√G + ε): the larger a parameter's gradients were, the smaller its steps.

    Source: Duchi, Hazan and Singer, Journal of Machine Learning Research 12, 2011; NNDL, section 7.2.3.
    """

    checks = {"lr": positive, "eps": positive, "sum_of_squares": not_negatives}
    remembers = ("sum_of_squares",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-2, eps: float = 1e-10) -> None:
        super().__init__(parameters, lr)
        self.eps = eps

    def move(self, moving: Moving, sum_of_squares: list[float]) -> None:
        lr, eps, sqrt = self.lr, self.eps, math.sqrt
        for i, parameter, g in moving:
            sum_of_squares[i] = total = sum_of_squares[i] + g * g
            parameter.data -= lr * g / (sqrt(total) + eps)


class RMSprop(Optimizer):
    """Update by G ← α G + (1 - α) g²; θ ← θ - lr · g / (√G + ε): Adagrad with a memory that fades.

    Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012; NNDL, section 7.2.3.
    """

    checks = {"lr": positive, "alpha": fraction, "eps": positive, "mean_square": not_negatives}
    remembers = ("mean_square",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(parameters, lr)
        self.alpha, self.eps = alpha, eps

    def move(self, moving: Moving, mean_square: list[float]) -> None:
        lr, alpha, eps, sqrt = self.lr, self.alpha, self.eps, math.sqrt
        for i, parameter, g in moving:
            mean_square[i] = mean = alpha * mean_square[i] + (1.0 - alpha) * g * g
            parameter.data -= lr * g / (sqrt(mean) + eps)


class Adadelta(Optimizer):
    """Update by G ← ρ G + (1 - ρ) g²; Δ ← -√(X + ε) / √(G + ε) · g; X ← ρ X + (1 - ρ) Δ²; θ ← θ + lr · Δ.

    A step has its parameter's unit. Source: Zeiler, arXiv:1212.5701, 2012, algorithm 1 if lr = 1; NNDL, section 7.2.3.
    """

    remembers = ("mean_square", "mean_square_change")
    checks = {"lr": positive, "rho": fraction, "eps": positive, **dict.fromkeys(remembers, not_negatives)}

    def __init__(self, parameters: Iterable[Value], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> None:
        super().__init__(parameters, lr)
        self.rho, self.eps = rho, eps

    def move(self, moving: Moving, squares: list[float], changes: list[float]) -> None:
        lr, rho, eps, sqrt = self.lr, self.rho, self.eps, math.sqrt
        for i, parameter, g in moving:
            squares[i] = mean = rho * squares[i] + (1.0 - rho) * g * g
            change = -sqrt(changes[i] + eps) / sqrt(mean + eps) * g
            changes[i] = rho * changes[i] + (1.0 - rho) * change * change
            parameter.data += lr * change


class Adam(Optimizer):
    """Update by m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; θ ← θ - α m̂ / (√v̂ + ε).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) make up for the start at m = v = 0.
    Source: Kingma and Ba, arXiv:1412.6980, 2015, algorithm 1; NNDL, section 7.2.4.
    """

    checks = {"lr": positive, "betas": partial(every, check=fraction, length=2), "eps": positive}
    checks |= {"m": numbers, "v": not_negatives, "t": partial(every, check=count_from_0)}
    remembers = ("m", "v", "t")

    def __init__(
        self, parameters: Iterable[Value], lr: float = 1e-3, betas: Sequence[float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps = betas, eps

    def move(self, moving: Moving, m: list[float], v: list[float], t: list[float]) -> None:
        lr, (beta1, beta2), eps, sqrt = self.lr, self.betas, self.eps, math.sqrt
        new1, new2 = 1.0 - beta1, 1.0 - beta2
        steps = 0.0
        for i, parameter, g in moving:
            m[i] = mean = beta1 * m[i] + new1 * g
            v[i] = square = beta2 * v[i] + new2 * g * g
            t[i] = step = t[i] + 1.0
            if step != steps:  # nearly always once: all parameters move in every step
                steps, sum1, sum2 = step, 1.0 - beta1**step, 1.0 - beta2**step
            parameter.data -= lr * (mean / sum1) / (sqrt(square / sum2) + eps)


class Decay(Checked):
    """Let the learning rate fall from epoch to epoch, for any optimiser: call `step()` after each epoch, as in PyTorch.

    A subclass writes `factor(t)`, by which the optimiser's first rate is multiplied after t epochs.
    """

    factor: Callable[[int], float]
    checks: Checks = {"first_lr": positive, "epochs": count_from_0}

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = instance("optimizer", optimizer, Optimizer)
        self.first_lr, self.epochs = optimizer.lr, 0

    def step(self) -> None:
        """Count one more epoch, and set the optimiser's learning rate, which stays positive however long it falls.

        >>> decay = InverseTimeDecay(SGD([Value(1.0)], lr=0.5), beta=1.0)
        >>> decay.step()
        >>> decay.optimizer.lr
        0.25
        """
        factor = not_negative(f"{type(self).__name__}.factor", self.factor(self.epochs + 1))
        self.optimizer.lr = self.first_lr * factor or math.ulp(0.0)
        self.epochs += 1


class StepDecay(Decay):
    """Multiply the rate by gamma every `step_size` epochs: α = α₀ · γ^⌊t / step_size⌋. Source: NNDL, section 7.2.3."""

    checks = Decay.checks | {"step_size": count, "gamma": fraction}

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size, self.gamma = step_size, gamma

    def factor(self, t: int) -> float:
        return math.pow(self.gamma, count_from_0("t", t) // self.step_size)


class ExponentialDecay(Decay):
    """Multiply the rate by gamma every epoch: α = α₀ · γᵗ. Source: NNDL, section 7.2.3."""

    checks = Decay.checks | {"gamma": fraction}

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer)
        self.gamma = gamma

    def factor(self, t: int) -> float:
        return math.pow(self.gamma, count_from_0("t", t))


class InverseTimeDecay(Decay):
    """Divide the first rate by a number that grows with time: α = α₀ / (1 + β t). Source: NNDL, section 7.2.3."""

    checks = Decay.checks | {"beta": not_negative}

    def __init__(self, optimizer: Optimizer, beta: float) -> None:
        super().__init__(optimizer)
        self.beta = beta

    def factor(self, t: int) -> float:
        return 1.0 / (1.0 + self.beta * count_from_0("t", t))
