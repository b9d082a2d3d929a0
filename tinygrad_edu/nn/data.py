"""Load or make up data sets to train on, and prepare their examples for a network.

Examples are two lists of equal length, inputs and targets; an input is a list of numbers. data/SOURCES.md says where
the real ones come from. Without a `seed`, `random.seed` decides. A numpy array or a generator will do for a list.
"""

import csv
import gzip
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from tinygrad_edu.arguments import count, every, finite, fraction, listed, not_negative
from tinygrad_edu.nn.modules import Seed, generator_of

Inputs = list[list[float]]
Examples = tuple[Sequence[Any], Sequence[Any]]  # inputs and targets
Point = Callable[[float, int], list[float]]  # of a position from 0 to 1 and a class
finite_rows: Callable[[str, Any], Inputs] = partial(every, check=partial(every, check=finite))


def load_iris() -> tuple[Inputs, list[int], list[str]]:
    """Return 150 iris flowers: length and width in cm of sepal and petal, classes 0, 1 and 2, and the classes' names.

    Source: R. A. Fisher, 1936; UCI Machine Learning Repository, CC BY 4.0.

    >>> measurements, classes, names = load_iris()
    >>> measurements[0], names[classes[0]]
    ([5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    header, *rows = csv.reader(data_file("iris.csv").splitlines())
    return *inputs_and_classes(rows), header[2:]


def load_digits() -> tuple[Inputs, list[int], list[str]]:
    """Return 1,797 handwritten digits: 8 × 8 pixels from 0 (paper) to 16 (ink), classes 0, …, 9, and their names.

    Source: E. Alpaydin and C. Kaynak, 1998; UCI Machine Learning Repository, CC BY 4.0.

    >>> pixels, classes, names = load_digits()
    >>> pixels[0][:8], names[classes[0]]
    ([0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0], '0')
    """
    rows = csv.reader(data_file("digits.csv.gz").splitlines())
    return *inputs_and_classes(rows), list("0123456789")


def load_names() -> list[str]:
    """Return 2,000 frequent first names in small letters, in alphabetical order. Source: U.S. Census, 1990.

    >>> load_names()[:3]
    ['aaron', 'abbie', 'abby']
    """
    return data_file("names.txt").split()


def data_file(name: str) -> str:
    """Return the text of a file of the folder data."""
    from importlib import resources  # here, because it takes long to import

    content = resources.files("tinygrad_edu.nn").joinpath(f"data/{name}").read_bytes()
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode()


def inputs_and_classes(rows: Iterable[list[str]]) -> tuple[Inputs, list[int]]:
    """Split rows of numbers, of which the last is the class, into inputs and classes."""
    *features, classes = zip(*rows, strict=True)
    return [list(map(float, row)) for row in zip(*features, strict=True)], list(map(int, classes))


# Made-up data: n examples, the classes in turn; `noise` is the standard deviation of what is added to each coordinate.


def moons(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make two half circles that reach into each other, class 0 around the origin, class 1 turned, around (1, ½).

    >>> inputs, classes = moons(4, noise=0.0)
    >>> [round(x, 3) for x in inputs[1]], classes
    ([0.617, -0.424], [0, 1, 0, 1])
    """
    return classes_in_turn(n, 2, lambda x, k: on_circle(1 - 2 * k, math.pi * x, (k, 0.5 * k)), noise, seed)


def circles(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make a circle of radius 1, class 0, and one of radius ½ within it, class 1."""
    return classes_in_turn(n, 2, lambda x, k: on_circle(1.0 - 0.5 * k, 2.0 * math.pi * x), noise, seed)


def spirals(n: int = 200, noise: float = 0.02, seed: Seed = None, turns: float = 1.0) -> tuple[Inputs, list[int]]:
    """Make two arms that wind around each other from the centre to radius 1, classes 0 and 1."""
    angle = 2.0 * math.pi * finite("turns", turns)
    return classes_in_turn(n, 2, lambda radius, k: on_circle(radius, angle * radius + math.pi * k), noise, seed)


def xor(n: int = 4, noise: float = 0.0, seed: Seed = None) -> tuple[Inputs, list[int]]:
    """Make the corners of a square, in class 1 where one coordinate is 1 and the other 0.

    >>> xor()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    corners = [[float(i // 2 % 2), float(i % 2)] for i in range(count("n", n))]
    return with_noise(corners, noise, seed), [int(x != y) for x, y in corners]


def blobs(n: int = 150, noise: float = 0.3, seed: Seed = None, n_classes: int = 3) -> tuple[Inputs, list[int]]:
    """Make clouds around points that lie evenly on a circle of radius 1, one per class."""
    n_classes = count("n_classes", n_classes)
    return classes_in_turn(n, n_classes, lambda _, k: on_circle(1.0, 2.0 * math.pi * k / n_classes), noise, seed)


def sine(n: int = 100, noise: float = 0.1, seed: Seed = None) -> tuple[Inputs, list[float]]:
    """Make one period of the sine, for regression: inputs [x] with x from -π to π, targets sin x with noise."""
    inputs = [[math.pi * (2.0 * position - 1.0)] for position in positions(n)]
    return inputs, [y for (y,) in with_noise([[math.sin(x)] for (x,) in inputs], noise, seed)]


def positions(n: int) -> list[float]:
    """Return n numbers evenly spread over 0 … 1, the middles of n equal parts: 0.25 and 0.75."""
    return [(i + 0.5) / n for i in range(count("n", n))]


def on_circle(radius: float, angle: float, centre: tuple[float, float] = (0.0, 0.0)) -> list[float]:
    """Return the point at that angle of a circle; a negative radius turns it to the other side of the centre."""
    return [centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)]


def classes_in_turn(n: int, n_classes: int, point: Point, noise: float, seed: Seed) -> tuple[Inputs, list[int]]:
    """Make n examples of the classes 0, …, n_classes - 1, over and over: point(position, class), with noise."""
    classes = [i % n_classes for i in range(count("n", n))]
    return with_noise(list(map(point, positions(n), classes)), noise, seed), classes


def with_noise(points: Inputs, noise: float, seed: Seed) -> Inputs:
    """Add to each coordinate a normally distributed number of standard deviation `noise`."""
    noise, generator = not_negative("noise", noise), generator_of(seed)
    return [[x + generator.gauss(0.0, noise) for x in point] for point in points]


def check_examples(inputs: Any, targets: Any, name: str = "inputs", other: str = "targets") -> Examples:
    """Return inputs and targets as lists. Raises ValueError unless there are examples, and a target per input."""
    xs, ys = listed(name, inputs), listed(other, targets)
    if len(xs) != len(ys) or not xs:
        raise ValueError(f"{name}: a target per input is needed, got {len(xs)} inputs and {len(ys)} targets")
    return xs, ys


def train_test_split(
    inputs: Iterable[Any], targets: Iterable[Any], test_size: float = 0.25, seed: Seed = None
) -> tuple[Examples, Examples]:
    """Shuffle the examples and split them in two: (training inputs, targets) and (test inputs, targets).

    `test_size` is the share of the test examples. Raises ValueError if either part would be empty.

    >>> train, test = train_test_split([[1.0], [2.0], [3.0]], [1, 2, 3], test_size=1 / 3, seed=0)
    >>> train, test
    (([[3.0], [2.0]], [3, 2]), ([[1.0]], [1]))
    """
    inputs, targets = check_examples(inputs, targets)
    n_test = round(len(inputs) * fraction("test_size", test_size))
    if not 0 < n_test < len(inputs):
        raise ValueError(f"test_size={test_size} of {len(inputs)} examples leaves a part empty ({n_test} to test)")
    inputs, targets = shuffled(inputs, targets, seed)
    return (inputs[n_test:], targets[n_test:]), (inputs[:n_test], targets[:n_test])


def mini_batches(
    inputs: Iterable[Any], targets: Iterable[Any], batch_size: int, seed: Seed = None
) -> Iterator[Examples]:
    """Shuffle the examples and yield them in batches of `batch_size`, the last smaller if they do not come out even.

    >>> [targets for _, targets in mini_batches([[1.0], [2.0], [3.0]], [1, 2, 3], 2, seed=0)]
    [[1, 3], [2]]
    """
    batch_size = count("batch_size", batch_size)
    xs, ys = shuffled(*check_examples(inputs, targets), seed)
    return ((xs[i : i + batch_size], ys[i : i + batch_size]) for i in range(0, len(xs), batch_size))


def shuffled(inputs: Sequence[Any], targets: Sequence[Any], seed: Seed) -> Examples:
    """Return the examples in random order."""
    order = list(range(len(inputs)))
    generator_of(seed).shuffle(order)
    return [inputs[i] for i in order], [targets[i] for i in order]


def standardise(train: Sequence[Sequence[float]], *others: Sequence[Sequence[float]]) -> list[Inputs]:
    """Scale each feature: subtract the mean, divide by the standard deviation, both those of the training inputs.

    What is held out must not decide how it is scaled. A feature that does not vary in training is only shifted.
    Raises TypeError or ValueError on no inputs, inputs of different lengths or of none, and what is no finite number.

    >>> standardise([[1.0, 5.0], [3.0, 5.0]], [[2.0, 6.0]])
    [[[-1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0]]]
    """
    parts = [finite_rows("standardise: train", train), *every("standardise: others", others, finite_rows)]
    lengths = {len(row) for rows in parts for row in rows}
    if not parts[0] or len(lengths) > 1 or 0 in lengths:
        raise ValueError(f"standardise needs training inputs, all of one length, got lengths {sorted(lengths)}")
    scales = [scale_of(feature) for feature in zip(*parts[0], strict=True)]
    scaled = [[[scale(x) for x, scale in zip(row, scales, strict=True)] for row in rows] for rows in parts]
    if not all(math.isfinite(x) for rows in scaled for row in rows for x in row):
        raise OverflowError("standardise: others are too far from train, whose deviation they are divided by")
    return scaled


def scale_of(feature: Sequence[float]) -> Callable[[float], float]:
    """Return x -> (x - μ) / σ with mean μ and standard deviation σ of numbers; x -> x - μ if they do not vary."""
    if min(feature) == max(feature):
        return lambda x: x - feature[0]
    unit = math.ldexp(0.5, math.frexp(max(map(abs, feature)))[1])  # a power of two: exact, and no square overflows
    numbers = [x / unit for x in feature]
    mu = math.fsum(numbers) / len(numbers)
    sigma = math.sqrt(math.fsum((x - mu) * (x - mu) for x in numbers) / len(numbers))
    return lambda x: (x / unit - mu) / sigma


def one_hot(k: int, n_classes: int) -> list[float]:
    """Return 1 at the place of class k, 0 elsewhere. Raises ValueError if there is no such class.

    >>> one_hot(1, 3)
    [0.0, 1.0, 0.0]
    """
    k, n_classes = count("k", k, least=0), count("n_classes", n_classes)
    if k >= n_classes:
        raise ValueError(f"one_hot needs a class from 0 to {n_classes - 1}, got {k!r}")
    return [1.0 if i == k else 0.0 for i in range(n_classes)]
