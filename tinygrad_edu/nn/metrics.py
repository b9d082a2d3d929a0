"""Measure how good a classifier is: compare the classes it predicts with the true ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.nn.data import check_examples
from tinygrad_edu.words import say


def predicted_class(output: Any) -> int:
    """Return the class an output stands for: the place of the greatest of several logits; of one logit, 1 if positive.

    >>> predicted_class([0.1, 0.7, -2.0]), predicted_class(0.3), predicted_class(-0.3)
    (1, 1, 0)
    """
    if isinstance(output, Sequence):
        return max(range(len(output)), key=lambda k: output[k])
    return int(output > 0.0)


def classes(model: Callable[[Any], Any], inputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[int, int]]:
    """Return (predicted class, true class) for each example.

    A target is whatever the loss was given: a class or a list with one number per class where the model has several
    outputs; 0 or 1, or -1 or 1, where it has one. Raises ValueError if there are no examples.
    """
    check_examples(inputs, targets)
    pairs = []
    for x, target in zip(inputs, targets, strict=True):
        output = model(x)
        is_index = isinstance(output, Sequence) and not isinstance(target, Sequence)
        pairs.append((predicted_class(output), target if is_index else predicted_class(target)))
    return pairs


def accuracy(model: Callable[[Any], Any], inputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the share of examples whose true class is predicted: see `classes`.

    >>> accuracy(lambda x: x - 2.5, [1.0, 2.0, 3.0, 4.0], [0, 0, 1, 0])
    0.75
    """
    pairs = classes(model, inputs, targets)
    return sum(predicted == true for predicted, true in pairs) / len(pairs)


def confusion_matrix(
    model: Callable[[Any], Any], inputs: Sequence[Any], targets: Sequence[Any], names: Sequence[str] = ()
) -> str:
    """Count, in a table, how many examples of each class (a row) are predicted as which class (a column).

    `names` are those of the classes; without them they are numbered. Raises ValueError if there are too few.

    >>> print(confusion_matrix(lambda x: x - 2.5, [1.0, 2.0, 3.0, 4.0], [0, 0, 1, 0], ["small", "great"]))
    true \\ predicted  small  great
               small      2      1
               great      0      1
    """
    pairs = classes(model, inputs, targets)
    n_classes = 1 + max(max(pair) for pair in pairs)
    if names and len(names) < n_classes:
        raise ValueError(f"confusion_matrix needs {n_classes} names, got {len(names)}")
    names = names or [str(k) for k in range(n_classes)]
    corner = say("true and predicted")
    width = max(map(len, [corner, *names]))
    rows = [[pairs.count((column, row)) for column in range(len(names))] for row in range(len(names))]
    widths = [max(len(name), len(str(len(pairs)))) for name in names]
    return "\n".join(
        f"{head:>{width}}  " + "  ".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True))
        for head, cells in [(corner, names), *zip(names, rows, strict=True)]
    )
