"""Arrange the arguments of a function that is traced: which of them are inputs, and of what shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

NUMBER = 0.0  # stands for any number in a shape, always this same object


class Inputs:
    """Bind the inputs of a function: all its arguments but those whose default is no number. They keep their default.

    Raises TypeError if the function takes arguments of any name, **options.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        import inspect  # here, because it takes long to import

        self.signature = inspect.signature(function)
        arguments = self.signature.parameters.values()
        if unknown := [f"**{x.name}" for x in arguments if x.kind is x.VAR_KEYWORD]:
            raise TypeError(f"a static graph needs a name for each input of its function, which takes {unknown[0]}")
        self.names = [x.name for x in arguments if x.default is x.empty or is_numeric(x.default)]
        self.several = [x.name for x in arguments if x.kind is x.VAR_POSITIONAL]  # stand for any number of inputs: *xs
        by_place = all(x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD) for x in arguments)
        # the number of positional arguments when they can be used as they are
        self.complete = len(arguments) if by_place and len(self.names) == len(arguments) else -1

    def bind(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """Return the inputs in order, as Python hands arguments over. Raises TypeError if they do not fit."""
        bound = self.signature.bind(*arguments, **keywords)
        if kept := [name for name in bound.arguments if name not in self.names]:
            default = self.signature.parameters[kept[0]].default
            raise TypeError(f"{kept[0]} keeps its default {default!r}: only a default that is a number can be replaced")
        bound.apply_defaults()
        return [bound.arguments[name] for name in self.names]

    def of_sample(self, sample: Sequence[Any]) -> Sequence[Any]:
        """Return the inputs in order, for a tuple of arguments. Raises TypeError if the function does not take it."""
        if not isinstance(sample, (list, tuple)):
            raise TypeError(f"a sample is a tuple {self}, got {sample!r}")
        if len(sample) == self.complete:
            return sample
        try:
            return self.bind(sample, {})
        except TypeError as error:
            raise TypeError(f"a sample is a tuple {self}, got {tuple(sample)}: {error}") from None

    def defaults(self) -> list[Any]:
        """Return something of the shape of each input, its default. Raises TypeError for *xs: how many are unknown."""
        if self.several:
            raise TypeError(f"how many *{self.several[0]} there are is known from the first call of the static graph")
        return [self.signature.parameters[name].default for name in self.names]

    def call(self, function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
        """Call the function with these inputs, in order."""
        bound = self.signature.bind_partial()
        bound.arguments.update(zip(self.names, inputs, strict=True))
        return function(*bound.args, **bound.kwargs)

    def __str__(self) -> str:
        """Write them as a tuple of arguments: "(x,)", "(x, y)"."""
        names = [f"*{name}" if name in self.several else name for name in self.names]
        return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def is_list(argument: object) -> bool:
    """Tell whether an argument stands for several numbers."""
    return isinstance(argument, (list, tuple))


def without_arrays(argument: Any) -> Any:
    """Put lists in place of numpy's arrays."""
    if getattr(argument, "ndim", 0):
        return argument.tolist()
    return [*map(without_arrays, argument)] if is_list(argument) else argument


def is_numeric(argument: object) -> bool:
    """Tell whether it can be an input: a number, or a list of them."""
    return all(isinstance(x, (float, int)) and not isinstance(x, bool) for x in flat(argument))


def shape_of(argument: Any) -> Any:
    """Return 0 in place of each number of an argument.

    >>> shape_of(([1.0, 2.0], 3.0))
    [[0.0, 0.0], 0.0]
    """
    return [shape_of(x) for x in argument] if is_list(argument) else NUMBER


def flat(argument: Any) -> list[Any]:
    """Return the numbers of a list of lists, in order.

    >>> flat([[1.0, 2.0], 3.0])
    [1.0, 2.0, 3.0]
    """
    return [number for x in argument for number in flat(x)] if is_list(argument) else [argument]
