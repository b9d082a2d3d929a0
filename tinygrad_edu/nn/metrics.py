"""Measure how good a classifier is: compare the classes it predicts with the true ones.

A class has a place among the outputs, 0, 1, …, and it may have a name, of any hashable kind: `names` are in the order
of the outputs. nan is no class: it raises ValueError.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from numbers import Real
from typing import Any, TypeAlias

from tinygrad_edu import rules
from tinygrad_edu.arguments import finite, function, listed, real
from tinygrad_edu.nn.data import check_examples
from tinygrad_edu.operators import number_in
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import say

Model: TypeAlias = "Callable[[Any], Any]"
Names: TypeAlias = "Sequence[Hashable]"
Threshold: TypeAlias = "float | None"
Pairs: TypeAlias = "tuple[list[Hashable], list[tuple[int, int]]]"  # all classes; places of the predicted and true ones


def predicted_class(output: Any, threshold: Threshold = None, name: str = "output") -> int:
    """Return the place of the greatest of several outputs; of a single one, 1 if it is above the threshold, else 0.

    Without a threshold that is ½ for a probability, which is what `sigmoid` returned, and 0 for a logit, which is all
    else. Raises ValueError if a number is nan; `name` is what errors call the output.

    >>> predicted_class([0.1, 0.7, -2.0]), predicted_class(0.3), predicted_class(0.3, threshold=0.5)
    (1, 1, 0)
    """
    parts = outputs_of(output)
    numbers = [real(number_in(part), name) for part in parts]
    if not numbers or any(map(math.isnan, numbers)):
        raise ValueError(f"{name} stands for no class, got {output!r}")
    if len(numbers) > 1:
        return numbers.index(max(numbers))
    if threshold is None:
        threshold = 0.5 if getattr(parts[0], "op", None) is rules.sigmoid else 0.0
    return int(numbers[0] > finite("threshold", threshold))


def true_class(target: Any, names: Names, of_one_output: bool, name: str) -> Hashable:
    """Return the place of the class that a target stands for; if there is no such class, what it is itself.

    A target is a name, a place, or a list with a number for each class, of which the greatest counts. Of one output it
    may also be -1, for class 0, or a probability, for the class that is more likely.
    """
    parts = outputs_of(target)
    label = number_in(parts[0]) if len(parts) == 1 else target
    if label in names:
        return names.index(label)
    if isinstance(label, Hashable) and not isinstance(label, (Real, tuple)):
        if not names:
            raise TypeError(f"{name} is {label!r}: pass names too, all classes in the order of the outputs")
        return label
    place = predicted_class(parts, 0.5, name)
    return place if len(parts) > 1 or (of_one_output and -1 <= label <= 1) else label


def outputs_of(output: Any) -> list[Any]:
    """Return several outputs, or what a target gives for each, as a list; a single one as a list of one."""
    found = output.tolist() if hasattr(output, "tolist") else output
    return list(found) if isinstance(found, Sequence) and not isinstance(found, (str, bytes)) else [found]


def classes(model: Model, inputs: Any, targets: Any, names: Names = (), threshold: Threshold = None) -> Pairs:
    """Return all classes, those of the outputs first, and for each example the places of the predicted and true one."""
    function("model", model)
    inputs, targets = check_examples(inputs, targets)
    names = listed("names", names)
    pairs, n_classes = [], 2
    for i, (x, target) in enumerate(zip(inputs, targets, strict=True)):
        outputs = outputs_of(model(x))
        n_classes = max(n_classes, len(outputs))
        predicted = predicted_class(outputs, threshold, f"model(inputs[{i}])")
        pairs.append((predicted, true_class(target, names, len(outputs) == 1, f"targets[{i}]")))
    if names and len(names) < n_classes:
        raise ValueError(f"names: the model needs {n_classes} names, got {len(names)}")
    every = list(dict.fromkeys([*range(len(names) or n_classes), *(true for _, true in pairs)]))
    return [*names, *every[len(names) :]], [(predicted, every.index(true)) for predicted, true in pairs]


def accuracy(model: Model, inputs: Any, targets: Any, names: Names = (), threshold: Threshold = None) -> float:
    """Return the share of examples whose true class is predicted: see `predicted_class` and `true_class`.

    >>> accuracy(lambda x: x - 2.5, [1.0, 2.0, 3.0, 4.0], [0, 0, 1, 0])
    0.75
    """
    _, pairs = classes(model, inputs, targets, names, threshold)
    return sum(predicted == true for predicted, true in pairs) / len(pairs)


def confusion_matrix(model: Model, inputs: Any, targets: Any, names: Names = (), threshold: Threshold = None) -> str:
    """Count, in a table, how many examples of each class (a row) are predicted as which class (a column).

    Classes that the model does not know come last. Raises ValueError if there are fewer names than outputs.

    >>> print(confusion_matrix(lambda x: x - 2.5, [1.0, 2.0, 3.0, 4.0], [0, 0, 1, 7], ["small", "great"]))
    true \\ predicted  small  great  7
               small      2      0  0
               great      0      1  0
                   7      0      1  0
    """
    every, pairs = classes(model, inputs, targets, names, threshold)
    counts, heads = Counter(pairs), list(map(str, every))
    rows = [[say("true and predicted"), *(f"  {head}" for head in heads)]]
    rows += [[head, *(f"  {counts[k, row]}" for k in range(len(heads)))] for row, head in enumerate(heads)]
    return "\n".join(columns(rows, right=True))
