"""Load or make up data sets to train on, and prepare their examples for a network.

Examples are two lists of equal length, inputs and targets; an input is a list of numbers. data/SOURCES.md says where
the real ones come from. Whatever is random takes a seed: the same seed gives the same numbers.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tinygrad_edu.arguments import NOT_NEGATIVE, count, in_range
from tinygrad_edu.nn.modules import Seed, generator_of

Inputs = list[list[float]]
Examples = tuple[Sequence[Any], Sequence[Any]]  # inputs and targets


def load_iris() -> tuple[Inputs, list[int], list[str]]:
    """Return 150 iris flowers: their measurements, their classes, and the names of the classes.

    Each flower has four measurements in cm (sepal length and width, petal length and width); its class is 0, 1 or 2.
    Source: R. A. Fisher, 1936; UCI Machine Learning Repository, CC BY 4.0.

    >>> measurements, classes, names = load_iris()
    >>> measurements[0], names[classes[0]]
    ([5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    header, *rows = csv.reader(data_file("iris.csv").decode().splitlines())
    measurements, classes = inputs_and_classes(rows)
    return measurements, classes, header[2:]


def load_digits() -> tuple[Inputs, list[int], list[str]]:
    """Return 1,797 handwritten digits: their pixels, their classes, and the names of the classes.

    Each digit has 8 × 8 pixels row by row, from 0 (paper) to 16 (ink); its class is 0, …, 9.
    Source: E. Alpaydin and C. Kaynak, 1998; UCI Machine Learning Repository, CC BY 4.0.

    >>> pixels, classes, names = load_digits()
    >>> pixels[0][:8], names[classes[0]]
    ([0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0], '0')
    """
    rows = csv.reader(gzip.decompress(data_file("digits.csv.gz")).decode().splitlines())
    pixels, classes = inputs_and_classes(rows)
    return pixels, classes, list("0123456789")


def load_names() -> list[str]:
    """Return 2,000 frequent first names in small letters, in alphabetical order.

    Source: United States Bureau of the Census, 1990; public domain.

    >>> load_names()[:3]
    ['aaron', 'abbie', 'abby']
    """
    return data_file("names.txt").decode().split()


def data_file(name: str) -> bytes:
    """Return the content of a file of the folder data."""
    from importlib import resources  # here, because it takes long to import

    return resources.files("tinygrad_edu.nn").joinpath(f"data/{name}").read_bytes()


def inputs_and_classes(rows: Iterable[list[str]]) -> tuple[Inputs, list[int]]:
    """Split rows of numbers, of which the last is the class, into inputs and classes."""
    examples = [([float(number) for number in row[:-1]], int(row[-1])) for row in rows]
    return [inputs for inputs, _ in examples], [target for _, target in examples]


# -------------------------------------------------------------------------------------------------- made-up data
# Each has n examples, the classes in turn; `noise` is the standard deviation of what is added to the exact numbers.


def moons(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make two half circles that reach into each other, classes 0 and 1.

    >>> inputs, classes = moons(4, noise=0.0)
    >>> [round(x, 3) for x in inputs[1]], classes
    ([0.617, -0.424], [0, 1, 0, 1])
    """
    classes = classes_in_turn(n, 2)
    points = []
    for position, k in zip(positions(n), classes, strict=True):
        x, y = math.cos(math.pi * position), math.sin(math.pi * position)
        points.append([x, y] if k == 0 else [1.0 - x, 0.5 - y])
    return with_noise(points, noise, seed), classes


def circles(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make a circle of radius 1, class 0, and one of radius ½ within it, class 1."""
    classes = classes_in_turn(n, 2)
    points = [
        on_circle(1.0 if k == 0 else 0.5, 2.0 * math.pi * position)
        for position, k in zip(positions(n), classes, strict=True)
    ]
    return with_noise(points, noise, seed), classes


def spirals(n: int = 200, noise: float = 0.02, seed: Seed = None, turns: float = 1.0) -> tuple[Inputs, list[int]]:
    """Make two arms that wind around each other from the centre to radius 1, classes 0 and 1."""
    classes = classes_in_turn(n, 2)
    points = [
        on_circle(position, 2.0 * math.pi * turns * position + math.pi * k)
        for position, k in zip(positions(n), classes, strict=True)
    ]
    return with_noise(points, noise, seed), classes


def xor(n: int = 4, noise: float = 0.0, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make the corners of a square, in class 1 where one coordinate is 1 and the other 0.

    >>> xor()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    corners = [[float(i // 2 % 2), float(i % 2)] for i in range(count("n", n))]
    return with_noise(corners, noise, seed), [int(x != y) for x, y in corners]


def blobs(n: int = 150, noise: float = 0.3, seed: Seed = None, n_classes: int = 3) -> tuple[Inputs, list[int]]:
    """Make clouds around points that lie evenly on a circle of radius 1, one per class."""
    classes = classes_in_turn(n, n_classes)
    points = [on_circle(1.0, 2.0 * math.pi * k / n_classes) for k in classes]
    return with_noise(points, noise, seed), classes


def sine(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[float]]:
    """Make one period of the sine, for regression: inputs [x] with x from -π to π, targets sin x with noise."""
    inputs = [[math.pi * (2.0 * position - 1.0)] for position in positions(n)]
    targets = with_noise([[math.sin(x)] for (x,) in inputs], noise, seed)
    return inputs, [y for (y,) in targets]


def positions(n: int) -> list[float]:
    """Return n numbers evenly spread over 0 … 1: the middles of n equal parts.

    >>> positions(2)
    [0.25, 0.75]
    """
    return [(i + 0.5) / n for i in range(count("n", n))]


def on_circle(radius: float, angle: float) -> list[float]:
    """Return the point at that angle of a circle around the origin."""
    return [radius * math.cos(angle), radius * math.sin(angle)]


def classes_in_turn(n: int, n_classes: int) -> list[int]:
    """Return n classes: 0, …, n_classes - 1, over and over."""
    return [i % n_classes for i in range(count("n", n))]


def with_noise(points: Inputs, noise: float, seed: Seed) -> Inputs:
    """Add to each coordinate a normally distributed number of standard deviation `noise`."""
    noise = in_range("noise", noise, NOT_NEGATIVE)
    generator = generator_of(seed)
    return [[x + generator.gauss(0.0, noise) for x in point] for point in points]


# ------------------------------------------------------------------------------------------- preparing examples


def check_examples(inputs: Sequence[Any], targets: Sequence[Any]) -> None:
    """Raise ValueError unless there are examples, and as many inputs as targets."""
    if len(inputs) != len(targets) or not inputs:
        raise ValueError(f"needs examples, a target per input, got {len(inputs)} inputs and {len(targets)} targets")


def train_test_split(
    inputs: Sequence[Any], targets: Sequence[Any], test_size: float = 0.25, seed: Seed = None
) -> tuple[Examples, Examples]:
    """Shuffle the examples and split them in two: (training inputs, targets) and (test inputs, targets).

    `test_size` is the share of the test examples. Raises ValueError if either part would be empty.

    >>> train, test = train_test_split([[1.0], [2.0], [3.0]], [1, 2, 3], test_size=1 / 3, seed=0)
    >>> train, test
    (([[3.0], [2.0]], [3, 2]), ([[1.0]], [1]))
    """
    check_examples(inputs, targets)
    n_test = round(len(inputs) * test_size)
    if not 0 < n_test < len(inputs):
        raise ValueError(f"test_size={test_size} of {len(inputs)} examples leaves a part empty ({n_test} to test)")
    order = shuffled(len(inputs), seed)
    return chosen(inputs, targets, order[n_test:]), chosen(inputs, targets, order[:n_test])


def mini_batches(
    inputs: Sequence[Any], targets: Sequence[Any], batch_size: int, seed: Seed = None
) -> Iterator[Examples]:
    """Shuffle the examples and yield them in batches of `batch_size`, the last smaller if they do not come out even.

    >>> [targets for _, targets in mini_batches([[1.0], [2.0], [3.0]], [1, 2, 3], 2, seed=0)]
    [[1, 3], [2]]
    """
    batch_size = count("batch_size", batch_size)
    check_examples(inputs, targets)
    order = shuffled(len(inputs), seed)
    for start in range(0, len(order), batch_size):
        yield chosen(inputs, targets, order[start : start + batch_size])


def shuffled(n: int, seed: Seed) -> list[int]:
    """Return 0, …, n - 1 in random order."""
    order = list(range(n))
    generator_of(seed).shuffle(order)
    return order


def chosen(inputs: Sequence[Any], targets: Sequence[Any], indices: Sequence[int]) -> Examples:
    """Return the examples at these indices."""
    return [inputs[i] for i in indices], [targets[i] for i in indices]


def standardise(train: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]) -> list[Inputs]:
    """Scale each feature: subtract the mean, divide by the standard deviation, both those of the training inputs.

    The others are scaled by the same numbers: what is held out must not decide how it is scaled. A feature that does
    not vary in training is only shifted. Raises ValueError on no training inputs, or on inputs of different lengths.

    >>> standardise([[1.0, 5.0], [3.0, 5.0]], [[2.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0]]]
    """
    if not train:
        raise ValueError("standardise needs training inputs, got none")
    lengths = {len(row) for rows in (train, *others) for row in rows}
    if len(lengths) > 1:
        raise ValueError(f"standardise needs inputs of one length, got lengths {sorted(lengths)}")
    scales = [mean_and_deviation(feature) for feature in zip(*train, strict=True)]
    return [
        [[(x - mu) / sigma for x, (mu, sigma) in zip(row, scales, strict=True)] for row in rows]
        for rows in (train, *others)
    ]


def mean_and_deviation(feature: Sequence[float]) -> tuple[float, float]:
    """Return the mean μ and the standard deviation σ of numbers; σ = 1, to divide by, where they do not vary."""
    mu = math.fsum(feature) / len(feature)
    if min(feature) == max(feature):
        return mu, 1.0
    return mu, math.sqrt(math.fsum((x - mu) * (x - mu) for x in feature) / len(feature))


def one_hot(k: int, n_classes: int) -> list[float]:
    """Return 1 at the place of class k, 0 elsewhere. Raises ValueError if there is no such class.

    >>> one_hot(1, 3)
    [0.0, 1.0, 0.0]
    """
    if k not in range(n_classes):
        raise ValueError(f"one_hot needs a class from 0 to {n_classes - 1}, got {k!r}")
    return [1.0 if i == k else 0.0 for i in range(n_classes)]
