"""Call rows in a way of their own, and compose functions of several rows."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.rule import Scalar

Number: TypeAlias = "Scalar | float"


def power(base: Number, exponent: Number) -> Any:
    """Return base ** exponent. Raises ValueError where it is no real number.

    There are three rows for it, because a plain number does not vary: along x ** 2 nobody needs the derivative by the
    exponent, out · log(x), which does not exist for x < 0. Where both vary it is needed, and its error is right.

    >>> power(2.0, 3.0)
    8.0
    """
    if not isinstance(exponent, Scalar):
        return rules.power(base, exponent)
    return rules.general_power(base, exponent) if isinstance(base, Scalar) else rules.exponential(base, exponent)


def leaky_relu(x: Number, slope: Number = 0.01) -> Any:
    """Return x where x > 0, slope · x elsewhere (Maas et al., 2013). A Parameter as slope makes it the PReLU.

    >>> leaky_relu(-2.0, 0.1)
    -0.2
    """
    return rules.leaky_relu(x, slope)


def elu(x: Number, gamma: Number = 1.0) -> Any:
    """Return x where x > 0, γ (exp(x) - 1) elsewhere (Clevert et al., 2015).

    >>> elu(-1000.0, 2.0)
    -2.0
    """
    return rules.elu(x, gamma)


def weighted_sum(weights: Sequence[Number], inputs: Sequence[Number], bias: Number = 0.0) -> Any:
    """Return Σ wᵢ xᵢ + b of two lists of equal length, one node of the graph.

    Raises ValueError, with both lengths, if they differ.

    >>> weighted_sum([2.0, -3.0], [-1.0, -2.0], -3.0)
    1.0
    """
    if len(weights) != len(inputs):
        lengths = f"{len(weights)} weights and {len(inputs)} inputs"
        raise ValueError(f"weighted_sum needs one weight per input, got {lengths}")
    return rules.weighted_sum(*weights, *inputs, bias)


def log_sum_exp(xs: Iterable[Number]) -> Any:
    """Return log Σ exp(xᵢ), exact where exp(xᵢ) would overflow (Goodfellow et al., Deep Learning, section 4.1).

    >>> log_sum_exp([1000.0, 1000.0])  # 1000 + log 2
    1000.6931471805599
    """
    differences, greatest = shifted("log_sum_exp", xs)
    return rules.log(functools.reduce(rules.add, map(rules.exp, differences))) + greatest


def log_softmax(xs: Iterable[Number]) -> list[Any]:
    """Return the logarithms of `softmax`, xᵢ - log Σ exp(xⱼ): finite where softmax itself rounds to 0.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    differences, _ = shifted("log_softmax", xs)
    normaliser = rules.log(functools.reduce(rules.add, map(rules.exp, differences)))
    return [difference - normaliser for difference in differences]


def softmax(xs: Iterable[Number]) -> list[Any]:
    """Return exp(xᵢ) / Σ exp(xⱼ): numbers between 0 and 1 that add up to 1.

    >>> softmax([0.0, 1000.0])
    [0.0, 1.0]
    """
    differences, _ = shifted("softmax", xs)
    exponentials = [rules.exp(difference) for difference in differences]
    total = functools.reduce(rules.add, exponentials)
    return [exponential / total for exponential in exponentials]


def shifted(name: str, xs: Iterable[Number]) -> tuple[list[Any], Any]:
    """Return the xᵢ minus the greatest, whose exp cannot overflow, and the greatest. Raises ValueError on []."""
    inputs: list[Any] = list(xs)
    if not inputs:
        raise ValueError(f"{name} needs at least one input, got []")
    greatest = functools.reduce(rules.maximum, inputs)
    return [x - greatest for x in inputs], greatest
