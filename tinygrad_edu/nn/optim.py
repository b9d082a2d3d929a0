"""Update parameters from their gradients (optimisers) and lower the learning rate (schedules).

Each optimiser is one update rule, `update(g, …)`: given a parameter's gradient and what is remembered about that
parameter, it returns the change of the parameter and what to remember next. Everything else is said once, in
`Optimizer`. Arguments have PyTorch's names and defaults, and the numbers are PyTorch's.

>>> w = Value(3.0, "w")
>>> optimizer = SGD([w], lr=0.1)
>>> (w * w).backward()
>>> optimizer.step()
>>> round(w.data, 12)  # 3 - 0.1 · 6
2.4
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tinygrad_edu.arguments import FRACTION, NOT_NEGATIVE, POSITIVE, count, distinct_leaves, in_range
from tinygrad_edu.engine import NOT_COMPUTED, Value, has_gradient
from tinygrad_edu.nn.saving import State, check_state


class Optimizer:
    """Hold what all optimisers share: the parameters, the learning rate `lr`, and a memory per parameter.

    A subclass writes `update` and names the numbers it remembers about a parameter in `remembers`; each starts at 0.
    Raises ValueError for no parameters, one given twice, or one that is computed; and for a rate that is not positive.
    """

    remembers: tuple[str, ...] = ()
    update: Callable[..., tuple[float, ...]]  # (g, *remembered) -> (change, *to remember)

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = distinct_leaves("an optimiser", parameters, Value)
        self.lr = in_range("lr", lr, POSITIVE)
        self.memories: list[tuple[float, ...]] = [(0.0,) * len(self.remembers) for _ in self.parameters]

    def step(self) -> None:
        """Move every parameter by its update rule. One that the loss does not depend on stays, as in PyTorch.

        Raises, before any parameter has moved, FloatingPointError if a gradient is nan or infinite, RuntimeError if
        no gradient has been computed at all.
        """
        for i in self.moving():
            parameter = self.parameters[i]
            change, *memory = self.update(parameter.grad, *self.memories[i])
            parameter.data += change
            self.memories[i] = tuple(memory)

    def zero_grad(self) -> None:
        """Clear the gradients of all parameters."""
        for parameter in self.parameters:
            parameter.grad = NOT_COMPUTED

    def moving(self) -> list[int]:
        """Return which parameters have a gradient, by their places. Raises the errors of `step`."""
        moving = [i for i, parameter in enumerate(self.parameters) if has_gradient(parameter)]
        if not moving:
            raise RuntimeError("no parameter has a gradient: call backward() before step()")
        for i in moving:
            if not math.isfinite(gradient := self.parameters[i].grad):
                name = self.parameters[i].label or f"parameter {i}"
                raise FloatingPointError(f"the gradient of {name} is {gradient}")
        return moving

    def state_dict(self) -> State:
        """Return the learning rate, and each thing remembered as a list with one number per parameter."""
        columns = zip(*self.memories, strict=True)
        return {"lr": self.lr, **{name: list(column) for name, column in zip(self.remembers, columns, strict=True)}}

    def load_state_dict(self, state: State) -> None:
        """Take over a state. Raises ValueError, and changes nothing, if it does not fit; all misfits are listed."""
        check_state(state, self.state_dict())
        self.lr = state["lr"]
        self.memories = list(zip(*[state[name] for name in self.remembers], strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={self.lr:g})"


class SGD(Optimizer):
    """Update by θ ← θ - α g; with momentum ρ, by v ← ρ v + g and θ ← θ - α v: stochastic gradient descent.

    Source: Robbins and Monro, 1951; momentum: Polyak, 1964, in the form of PyTorch; NNDL, section 7.2.4.
    """

    remembers = ("v",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-3, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = in_range("momentum", momentum, NOT_NEGATIVE)

    def update(self, g: float, v: float) -> tuple[float, float]:
        """Return the change of θ, then v to remember."""
        v = self.momentum * v + g
        return -self.lr * v, v


class Adagrad(Optimizer):
    """Update by G ← G + g²; θ ← θ - α g / (√G + ε): the larger a parameter's gradients were, the smaller its steps.

    Source: Duchi, Hazan and Singer, Journal of Machine Learning Research 12, 2011; NNDL, section 7.2.3.
    """

    remembers = ("sum_of_squares",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-2, eps: float = 1e-10) -> None:
        super().__init__(parameters, lr)
        self.eps = in_range("eps", eps, POSITIVE)

    def update(self, g: float, sum_of_squares: float) -> tuple[float, float]:
        """Return the change of θ, then G to remember."""
        sum_of_squares = sum_of_squares + g * g
        return -self.lr * g / (math.sqrt(sum_of_squares) + self.eps), sum_of_squares


class RMSprop(Optimizer):
    """Update by G ← α G + (1 - α) g²; θ ← θ - lr · g / (√G + ε): Adagrad with a memory that fades.

    Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012; NNDL, section 7.2.3.
    """

    remembers = ("mean_square",)

    def __init__(self, parameters: Iterable[Value], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(parameters, lr)
        self.alpha = in_range("alpha", alpha, FRACTION)
        self.eps = in_range("eps", eps, POSITIVE)

    def update(self, g: float, mean_square: float) -> tuple[float, float]:
        """Return the change of θ, then G to remember."""
        mean_square = self.alpha * mean_square + (1.0 - self.alpha) * g * g
        return -self.lr * g / (math.sqrt(mean_square) + self.eps), mean_square


class Adadelta(Optimizer):
    """Update by G ← ρ G + (1 - ρ) g²; Δ ← -√(X + ε) / √(G + ε) · g; X ← ρ X + (1 - ρ) Δ²; θ ← θ + lr · Δ.

    A step has its parameter's unit. Source: Zeiler, arXiv:1212.5701, 2012, algorithm 1 if lr = 1; NNDL, section 7.2.3.
    """

    remembers = ("mean_square", "mean_square_change")

    def __init__(self, parameters: Iterable[Value], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> None:
        super().__init__(parameters, lr)
        self.rho = in_range("rho", rho, FRACTION)
        self.eps = in_range("eps", eps, POSITIVE)

    def update(self, g: float, mean_square: float, mean_square_change: float) -> tuple[float, float, float]:
        """Return the change of θ, then G and X to remember."""
        mean_square = self.rho * mean_square + (1.0 - self.rho) * g * g
        change = -math.sqrt(mean_square_change + self.eps) / math.sqrt(mean_square + self.eps) * g
        mean_square_change = self.rho * mean_square_change + (1.0 - self.rho) * change * change
        return self.lr * change, mean_square, mean_square_change


class Adam(Optimizer):
    """Update by m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; θ ← θ - α m̂ / (√v̂ + ε).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) make up for the start at m = v = 0.
    Source: Kingma and Ba, arXiv:1412.6980, 2015, algorithm 1; NNDL, section 7.2.4.
    """

    remembers = ("m", "v", "t")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        beta1, beta2 = betas
        self.betas = in_range("betas[0]", beta1, FRACTION), in_range("betas[1]", beta2, FRACTION)
        self.eps = in_range("eps", eps, POSITIVE)

    def update(self, g: float, m: float, v: float, t: float) -> tuple[float, float, float, float]:
        """Return the change of θ, then m, v and t to remember."""
        beta1, beta2 = self.betas
        t = t + 1.0
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * g * g
        m_hat = m / (1.0 - beta1**t)
        v_hat = v / (1.0 - beta2**t)
        return -self.lr * m_hat / (math.sqrt(v_hat) + self.eps), m, v, t


class Decay:
    """Let the learning rate fall from epoch to epoch, for any optimiser: call `step()` after each epoch, as in PyTorch.

    A subclass writes `factor(t)`, by which the optimiser's first rate is multiplied after t epochs.
    Source of all three: NNDL, section 7.2.3.
    """

    factor: Callable[[int], float]

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.first_lr = optimizer.lr
        self.epochs = 0

    def step(self) -> None:
        """Count one more epoch, and set the optimiser's learning rate."""
        self.epochs += 1
        self.optimizer.lr = self.first_lr * self.factor(self.epochs)


class StepDecay(Decay):
    """Multiply the rate by gamma every `step_size` epochs: α = α₀ · γ^⌊t / step_size⌋ (piecewise constant)."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size = count("step_size", step_size)
        self.gamma = in_range("gamma", gamma, FRACTION)

    def factor(self, t: int) -> float:
        """Return γ^⌊t / step_size⌋."""
        return math.pow(self.gamma, t // self.step_size)


class ExponentialDecay(Decay):
    """Multiply the rate by gamma every epoch: α = α₀ · γᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer)
        self.gamma = in_range("gamma", gamma, FRACTION)

    def factor(self, t: int) -> float:
        """Return γᵗ."""
        return math.pow(self.gamma, t)


class InverseTimeDecay(Decay):
    """Divide the first rate by a number that grows with time: α = α₀ / (1 + β t)."""

    def __init__(self, optimizer: Optimizer, beta: float) -> None:
        super().__init__(optimizer)
        self.beta = in_range("beta", beta, NOT_NEGATIVE)

    def factor(self, t: int) -> float:
        """Return 1 / (1 + β t)."""
        return 1.0 / (1.0 + self.beta * t)
