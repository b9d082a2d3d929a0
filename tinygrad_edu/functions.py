"""Call rows in a way of their own, and compose functions of several rows."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.arguments import listed
from tinygrad_edu.rule import Scalar, scalars

Number: TypeAlias = "Scalar | float"


def power(base: Number, exponent: Number) -> Any:
    """Return base ** exponent. Raises ValueError where it is no real number.

    There are three rows for it, because a plain number or a Constant does not vary: along x ** 2 nobody needs the
    derivative by the exponent, out · log(x), which does not exist for x < 0. Where both vary, its error is right.

    >>> power(2.0, 3.0)
    8.0
    """
    if not (isinstance(exponent, Scalar) and exponent.varies):
        return rules.power(base, exponent)
    varying = isinstance(base, Scalar) and base.varies
    return rules.general_power(base, exponent) if varying else rules.exponential(base, exponent)


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
    """Return Σ wᵢ xᵢ + b, one node of the graph. Raises ValueError, with both lengths, if they differ.

    >>> weighted_sum([2.0, -3.0], [-1.0, -2.0], -3.0)
    1.0
    """
    if type(weights) is not list or type(inputs) is not list:
        weights = listed("weights of weighted_sum", weights)
        inputs = listed("inputs of weighted_sum", inputs)
    if len(weights) != len(inputs):
        lengths = f"{len(weights)} weights and {len(inputs)} inputs"
        raise ValueError(f"weighted_sum needs one weight per input, got {lengths}")
    return rules.weighted_sum(*weights, *inputs, bias)


def log_sum_exp(xs: Iterable[Number]) -> Any:
    """Return log Σ exp(xᵢ), exact where exp(xᵢ) would overflow (Goodfellow et al., Deep Learning, section 4.1).

    >>> log_sum_exp([1000.0, 1000.0])  # 1000 + log 2
    1000.6931471805599
    """
    above, greatest = log_sum_exp_in_parts(inputs_of("log_sum_exp", xs))
    return above + greatest


def log_sum_exp_in_parts(inputs: Sequence[Any]) -> tuple[Any, Any]:
    """Return log Σ exp(xᵢ - greatest) and the greatest, for finite and infinite inputs."""
    greatest = functools.reduce(rules.maximum, inputs)
    exponentials = [rules.exp(rules.excess(x, greatest)) for x in inputs]
    return rules.log(functools.reduce(rules.add, exponentials)), greatest


def log_softmax(xs: Iterable[Number]) -> list[Any]:
    """Return the logarithms of `softmax`, xᵢ - log Σ exp(xⱼ): finite where softmax itself rounds to 0.

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    differences = shifted(inputs_of("log_softmax", xs))
    normaliser = rules.log(functools.reduce(rules.add, map(rules.exp, differences)))
    return [difference - normaliser for difference in differences]


def softmax(xs: Iterable[Number]) -> list[Any]:
    """Return exp(xᵢ) / Σ exp(xⱼ): numbers between 0 and 1 that add up to 1.

    >>> softmax([0.0, 1000.0])
    [0.0, 1.0]
    """
    exponentials = [rules.exp(difference) for difference in shifted(inputs_of("softmax", xs))]
    total = functools.reduce(rules.add, exponentials)
    return [exponential / total for exponential in exponentials]


def shifted(inputs: Sequence[Any]) -> list[Any]:
    """Return each input minus the greatest: exp of that cannot overflow."""
    greatest = functools.reduce(rules.maximum, inputs)
    return [x - greatest for x in inputs]


def inputs_of(name: str, xs: Iterable[Number]) -> list[Any]:
    """Return the inputs of a function as a list of scalars. Raises TypeError, ValueError on []."""
    inputs = scalars(f"inputs of {name}", xs)
    if not inputs:
        raise ValueError(f"{name} needs at least one input, got []")
    return inputs
