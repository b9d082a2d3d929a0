"""Made-up data, the handwritten digits, and the preparation of examples."""

from __future__ import annotations

import gzip
import math
import random
import re
import statistics
import sys
from collections import Counter
from importlib import resources
from typing import Any

import pytest

from tinygrad_edu import Value
from tinygrad_edu.arguments import LONGEST
from tinygrad_edu.nn import (
    MLP,
    blobs,
    circles,
    load_digits,
    mini_batches,
    moons,
    one_hot,
    sine,
    spirals,
    standardise,
    train_test_split,
    xor,
)

TOO_LARGE = "int too large to convert to float"


def kind_of(x: Any) -> str:
    return x.__name__ if isinstance(x, type) else type(x).__name__


MADE_UP = [moons, circles, spirals, xor, blobs, sine]
each_made_up = pytest.mark.parametrize("data_set", MADE_UP, ids=lambda f: f.__name__)


# ----------------------------------------------------------------------------------------------------- made-up data


@each_made_up
def test_the_same_seed_gives_the_same_data_and_another_seed_others(data_set: Any) -> None:
    assert data_set(30, 0.1, 5) == data_set(30, 0.1, 5)
    assert data_set(30, 0.1, 5) != data_set(30, 0.1, 6)


@each_made_up
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_there_are_as_many_examples_as_asked_for(data_set: Any, n: int) -> None:
    inputs, targets = data_set(n)
    assert len(inputs) == len(targets) == n
    assert all(type(x) is float for row in inputs for x in row)


@pytest.mark.parametrize("data_set", [moons, circles, spirals, xor, blobs], ids=lambda f: f.__name__)
def test_the_classes_are_equally_many(data_set: Any) -> None:
    counts = Counter(data_set(60)[1])
    assert len(set(counts.values())) == 1


@each_made_up
def test_without_noise_the_seed_does_not_matter(data_set: Any) -> None:
    assert data_set(20, 0.0, 1) == data_set(20, 0.0, 2)


@each_made_up
def test_without_a_seed_the_module_random_decides(data_set: Any) -> None:
    """As for micrograd's users: `random.seed` first, and the numbers come again; two calls do not give the same."""
    random.seed(5)
    first, second = data_set(8, 0.1), data_set(8, 0.1)
    random.seed(5)
    assert (data_set(8, 0.1), data_set(8, 0.1)) == (first, second)
    assert first != second


def test_a_seed_is_that_of_pythons_generator_and_leaves_the_module_random_alone() -> None:
    """A moon of one point is (0, 1); what is added to it are the first two numbers of random.Random(3)."""
    generator, before = random.Random(3), random.getstate()
    expected = [0.0 + generator.gauss(0.0, 0.5), 1.0 + generator.gauss(0.0, 0.5)]
    assert moons(1, 0.5, seed=3)[0][0] == pytest.approx(expected, rel=1e-15, abs=1e-15)
    assert random.getstate() == before


@pytest.mark.parametrize("kind", ["int64", "int8", "uint32", "array"])
def test_a_seed_and_a_count_may_be_whole_numbers_of_numpy(kind: str) -> None:
    numpy = pytest.importorskip("numpy")
    number = getattr(numpy, kind)(7)
    assert blobs(number, seed=number, n_classes=number) == blobs(7, seed=7, n_classes=7)


@each_made_up
def test_what_is_no_seed_is_refused(data_set: Any) -> None:
    for seed in ("x", [], {}, math.nan, 1.5, object(), Value(1.0)):
        with pytest.raises(TypeError, match=r"^seed must be a whole number, a random\.Random or None, got "):
            data_set(4, 0.1, seed)


@pytest.mark.parametrize("data_set", [moons, circles, spirals, xor, blobs], ids=lambda f: f.__name__)
def test_the_classes_are_numbered_from_0_and_as_many_as_named(data_set: Any) -> None:
    assert set(data_set(30)[1]) == set(range(3 if data_set is blobs else 2))


def test_the_circles_go_all_the_way_round() -> None:
    """Of 100 points of a circle each quarter has a fourth."""
    inputs, classes = circles(200, noise=0.0)
    quarters = Counter((k, x > 0.0, y > 0.0) for (x, y), k in zip(inputs, classes, strict=True))
    assert set(quarters.values()) == {25}
    assert len(quarters) == 8


def test_the_moons_are_half_circles() -> None:
    for (x, y), k in zip(*moons(50, noise=0.0), strict=True):
        centre = (0.0, 0.0) if k == 0 else (1.0, 0.5)
        assert math.dist((x, y), centre) == pytest.approx(1.0, rel=1e-12)
        assert y >= 0.0 if k == 0 else y <= 0.5


def test_the_circles_have_the_radii_one_and_a_half() -> None:
    for point, k in zip(*circles(50, noise=0.0), strict=True):
        assert math.hypot(*point) == pytest.approx(0.5 if k else 1.0, rel=1e-12)


def test_a_spiral_arm_is_the_other_one_turned_by_half_a_circle() -> None:
    inputs, classes = spirals(200, noise=0.0)
    for (x, y), k in zip(inputs, classes, strict=True):
        radius = math.hypot(x, y)
        angle = math.atan2(y, x) - 2.0 * math.pi * radius - math.pi * k
        assert math.cos(angle) == pytest.approx(1.0, abs=1e-9)


def test_xor_is_its_truth_table_again_and_again() -> None:
    inputs, classes = xor(8)
    assert [int(a) ^ int(b) for a, b in inputs] == classes
    assert inputs[:4] == inputs[4:]


def test_blobs_lie_around_the_corners_of_a_polygon() -> None:
    inputs, classes = blobs(3000, noise=0.2, seed=0, n_classes=3)
    for k in range(3):
        cloud = [x for x, c in zip(inputs, classes, strict=True) if c == k]
        centre = [statistics.fmean(column) for column in zip(*cloud, strict=True)]
        angle = 2.0 * math.pi * k / 3
        assert centre == pytest.approx([math.cos(angle), math.sin(angle)], abs=0.03)


def test_the_noise_is_the_standard_deviation_from_the_sine() -> None:
    inputs, targets = sine(5000, noise=0.3, seed=0)
    rest = [y - math.sin(x) for (x,), y in zip(inputs, targets, strict=True)]
    assert statistics.pstdev(rest) == pytest.approx(0.3, rel=0.03)
    assert -math.pi < inputs[0][0] < inputs[-1][0] < math.pi


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"n": math.nan}, "n must be at least 1, got nan"),
        ({"n": math.inf}, "n must be a whole number, got inf"),
        ({"n": 2.5}, "n must be a whole number, got 2.5"),
        ({"n": "x"}, "n: a real number is needed, got 'x' (str)"),
        ({"n": [4]}, "n: a real number is needed, got [4] (list)"),
        ({"n": 10**400}, f"n: a real number is needed, got 1{'0' * (LONGEST - 1)} … (int): {TOO_LARGE}"),
        ({"noise": -0.1}, "noise must be 0 or a positive number, got -0.1"),
        ({"noise": math.nan}, "noise must be 0 or a positive number, got nan"),
        ({"noise": math.inf}, "noise must be 0 or a positive number, got inf"),
        ({"noise": None}, "noise: a real number is needed, got None (NoneType)"),
    ],
    ids=lambda x: str(x)[:20],
)
@each_made_up
def test_numbers_that_make_no_sense_are_refused(data_set: Any, options: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError), match=f"^{re.escape(message)}$"):
        data_set(**options)


@pytest.mark.parametrize(
    ("data_set", "options", "message"),
    [
        (blobs, {"n_classes": 0}, "n_classes must be at least 1, got 0"),
        (blobs, {"n_classes": math.nan}, "n_classes must be at least 1, got nan"),
        (blobs, {"n_classes": 2.5}, "n_classes must be a whole number, got 2.5"),
        (blobs, {"n_classes": None}, "n_classes: a real number is needed, got None (NoneType)"),
        (spirals, {"turns": math.inf}, "turns must be a finite number, got inf"),
        (spirals, {"turns": math.nan}, "turns must be a finite number, got nan"),
        (spirals, {"turns": "x"}, "turns: a real number is needed, got 'x' (str)"),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_so_are_the_numbers_of_one_data_set(data_set: Any, options: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        data_set(**options)


# --------------------------------------------------------------------------------------------------- the digits


def test_the_digits_are_those_of_the_file() -> None:
    """Written out again they are the file."""
    pixels, classes, names = load_digits()
    lines = [",".join(f"{x:.0f}" for x in (*image, k)) for image, k in zip(pixels, classes, strict=True)]
    file = resources.files("tinygrad_edu.nn").joinpath("data/digits.csv.gz").read_bytes()
    assert lines == gzip.decompress(file).decode().splitlines()
    assert len(pixels) == 1797
    assert {len(image) for image in pixels} == {64}
    assert names == [str(k) for k in range(10)]


def test_the_digits_have_the_published_class_sizes() -> None:
    """UCI's description of the test part."""
    counts = Counter(load_digits()[1])
    assert [counts[k] for k in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_source_of_the_digits_comes_with_them() -> None:
    sources = resources.files("tinygrad_edu.nn").joinpath("data/SOURCES.md").read_text(encoding="utf-8")
    assert "digits.csv.gz" in sources
    assert "Alpaydin" in sources


# --------------------------------------------------------------------------------------------------- preparation


def test_a_split_shares_the_examples_out_and_keeps_each_with_its_target() -> None:
    inputs, targets = [[float(i)] for i in range(30)], list(range(30))
    train, test = train_test_split(inputs, targets, 1 / 3, seed=0)
    assert (len(train[0]), len(test[0])) == (20, 10)
    assert sorted(train[1] + test[1]) == targets
    assert all(x == [float(t)] for part in (train, test) for x, t in zip(*part, strict=True))
    assert train_test_split(inputs, targets, 1 / 3, seed=0) == (train, test)
    assert train_test_split(inputs, targets, 1 / 3, seed=1) != (train, test)


@pytest.mark.parametrize(
    ("test_size", "message"),
    [
        (0.0, "test_size=0.0 of 4 examples leaves a part empty (0 to test)"),
        (0.01, "test_size=0.01 of 4 examples leaves a part empty (0 to test)"),
        (0.99, "test_size=0.99 of 4 examples leaves a part empty (4 to test)"),
        (1.0, "test_size must be from 0 to below 1, got 1.0"),
        (3, "test_size must be from 0 to below 1, got 3"),
        (-1.0, "test_size must be from 0 to below 1, got -1.0"),
        (math.nan, "test_size must be from 0 to below 1, got nan"),
        (math.inf, "test_size must be from 0 to below 1, got inf"),
        ("x", "test_size: a real number is needed, got 'x' (str)"),
        (None, "test_size: a real number is needed, got None (NoneType)"),
    ],
)
def test_a_share_that_is_none_and_an_empty_part_are_refused(test_size: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        train_test_split([[1.0]] * 4, [0] * 4, test_size)


@pytest.mark.parametrize("n_test", [1, 2, 3])
def test_a_part_may_be_of_one_example(n_test: int) -> None:
    train, test = train_test_split([[1.0]] * 4, [0] * 4, n_test / 4)
    assert (len(train[1]), len(test[1])) == (4 - n_test, n_test)


def test_the_mini_batches_of_an_epoch_hold_every_example_once() -> None:
    inputs, targets = [[float(i)] for i in range(10)], list(range(10))
    batches = list(mini_batches(inputs, targets, 4, seed=0))
    assert [len(batch_targets) for _, batch_targets in batches] == [4, 4, 2]
    assert sorted(t for _, batch_targets in batches for t in batch_targets) == targets
    assert all(x == [float(t)] for batch in batches for x, t in zip(*batch, strict=True))


INPUTS, TARGETS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 1, 1]
WAYS = {"split": lambda x, y: train_test_split(x, y, 1 / 3), "batches": lambda x, y: [*mini_batches(x, y, 2)]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["tuple", "generator", "array"])
def test_examples_may_come_in_any_list(way: str, kind: str) -> None:
    """As a generator, which can be gone through once, and as arrays of numpy, which come out as lists of numbers."""
    if kind == "array":
        kinds = [pytest.importorskip("numpy").array] * 2
    else:
        kinds = [tuple] * 2 if kind == "tuple" else [iter] * 2
    random.seed(0)
    expected = WAYS[way](INPUTS, TARGETS)
    random.seed(0)
    got = WAYS[way](kinds[0](INPUTS), kinds[1](TARGETS))
    assert repr(got) == repr(expected)


@pytest.mark.parametrize("wrong", [None, "x", b"x", {}, math.nan, 5, object(), len, Value, MLP], ids=kind_of)
def test_what_is_no_list_is_refused_by_name(wrong: Any) -> None:
    if wrong in (Value, MLP):
        wrong = Value(1.0) if wrong is Value else MLP(1, [1], seed=0)
    for prepare in (train_test_split, lambda x, y: mini_batches(x, y, 1)):
        with pytest.raises(TypeError, match="^inputs must be a list, got "):
            prepare(wrong, [1])
        with pytest.raises(TypeError, match="^targets must be a list, got "):
            prepare([[1.0]], wrong)
    with pytest.raises(TypeError, match="^standardise: train must be a list, got "):
        standardise(wrong)
    with pytest.raises(TypeError, match=r"^standardise: train\[1\] must be a list, got "):
        standardise([[1.0], wrong])
    with pytest.raises(TypeError, match=r"^standardise: others\[1\] must be a list, got "):
        standardise([[1.0]], [[1.0]], wrong)


def test_examples_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="^inputs: a target per input is needed, got 2 inputs and 1 targets$"):
        train_test_split([[1.0], [2.0]], [1])
    with pytest.raises(ValueError, match="^inputs: a target per input is needed, got 0 inputs and 0 targets$"):
        train_test_split([], [])


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, math.nan, math.inf, "x", None])
def test_batches_of_no_whole_size_are_refused_at_once(batch_size: Any) -> None:
    """When they are asked for, not when the first is taken."""
    with pytest.raises((TypeError, ValueError), match="^batch_size"):
        mini_batches([[1.0]], [1], batch_size)


def test_standardised_training_inputs_have_mean_0_and_deviation_1() -> None:
    train, other = standardise([[1.0, -5.0], [2.0, 5.0], [6.0, 0.0]], [[3.0, 0.0]])
    for column in zip(*train, strict=True):
        assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-15)
        assert statistics.pstdev(column) == pytest.approx(1.0, rel=1e-15)
    assert other[0] == pytest.approx([0.0, 0.0], abs=1e-15)


SMALLEST, GREATEST = math.ulp(0.0), sys.float_info.max


@pytest.mark.parametrize("greatest", [GREATEST, 1e200, 1.0, 1e-200, 1e-310, 2.0 * SMALLEST])
def test_features_of_any_size_are_standardised(greatest: float) -> None:
    """Of two numbers one becomes -1 and the other 1; of one and nine others -3 and ⅓."""
    assert standardise([[0.0], [greatest]]) == [[[-1.0], [1.0]]]
    assert standardise([[-greatest], [greatest]]) == [[[-1.0], [1.0]]]
    (one_of_ten,) = standardise([[-greatest], *[[greatest]] * 9])
    assert [x for (x,) in one_of_ten] == pytest.approx([-3.0, *[1.0 / 3.0] * 9], rel=1e-15)


def test_what_is_too_far_from_training_is_an_error_and_not_infinite() -> None:
    for train in ([[0.0], [SMALLEST]], [[GREATEST], [GREATEST]]):
        with pytest.raises(OverflowError, match="^standardise: others are too far from train, "):
            standardise(train, [[-1e308]])


@pytest.mark.parametrize("kind", ["tuple", "generator", "array", "rows are arrays", "whole numbers"])
def test_inputs_to_standardise_may_come_in_any_list(kind: str) -> None:
    train: Any = [[1, 5], [3, 5]]
    if "array" in kind:
        array = pytest.importorskip("numpy").array
        train = array(train) if kind == "array" else [array(row, dtype="float32") for row in train]
    elif kind != "whole numbers":
        train = tuple(map(tuple, train)) if kind == "tuple" else (iter(row) for row in train)
    (scaled,) = standardise(train)
    assert scaled == [[-1.0, 0.0], [1.0, 0.0]]
    assert {type(x) for row in scaled for x in row} == {float}


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (math.nan, "must be a finite number, got nan"),
        (math.inf, "must be a finite number, got inf"),
        (-math.inf, "must be a finite number, got -inf"),
        ("x", ": a real number is needed, got 'x' (str)"),
        (None, ": a real number is needed, got None (NoneType)"),
        ([2.0], ": a real number is needed, got [2.0] (list)"),
        (1j, ": a real number is needed, got 1j (complex)"),
        (10**400, f": a real number is needed, got 1{'0' * (LONGEST - 1)} … (int): {TOO_LARGE}"),
    ],
    ids=lambda x: str(x)[:12],
)
def test_what_cannot_be_standardised_is_refused_with_its_place(x: Any, message: str) -> None:
    good, bad = [[1.0, 2.0]], [[3.0, 4.0], [5.0, x]]
    for inputs, name in (([bad], "train"), ([good, good, bad], "others[1]")):
        expected = f"{re.escape(f'standardise: {name}[1][1]')} ?{re.escape(message)}"
        with pytest.raises((TypeError, ValueError, OverflowError), match=f"^{expected}$"):
            standardise(*inputs)


def test_a_feature_that_does_not_vary_is_not_blown_up() -> None:
    """The mean of three times 0.1 is not quite 0.1: divided by their deviation, 1e-17 would become 1."""
    (train,) = standardise([[0.1]] * 3)
    assert all(abs(x) < 1e-16 for (x,) in train)


def test_standardising_needs_inputs_of_one_length() -> None:
    for nothing in ([], (), iter([])):
        with pytest.raises(ValueError, match=r"^standardise needs training inputs, .*, got lengths \[\]$"):
            standardise(nothing)
    for wrong in ([[[1.0, 2.0]], [[1.0]]], [[[1.0, 2.0], [1.0]]]):
        with pytest.raises(ValueError, match=r"^standardise needs .*, all of one length, got lengths \[1, 2\]$"):
            standardise(*wrong)
    with pytest.raises(ValueError, match=r"^standardise needs training inputs, all of one length, got lengths \[0\]$"):
        standardise([[], []])
    assert standardise([[1.0]], []) == [[[0.0]], []]


def test_one_hot_needs_a_class_that_exists() -> None:
    assert [one_hot(k, 2) for k in range(2)] == [[1.0, 0.0], [0.0, 1.0]]
    assert one_hot(0, 1) == [1.0]


@pytest.mark.parametrize(
    ("k", "n_classes", "message"),
    [
        (2, 2, "one_hot needs a class from 0 to 1, got 2"),
        (-1, 2, "k must be at least 0, got -1"),
        (0.5, 2, "k must be a whole number, got 0.5"),
        (math.nan, 2, "k must be at least 0, got nan"),
        ("x", 2, "k: a real number is needed, got 'x' (str)"),
        ([1], 2, "k: a real number is needed, got [1] (list)"),
        (0, 0, "n_classes must be at least 1, got 0"),
        (0, math.nan, "n_classes must be at least 1, got nan"),
        (0, None, "n_classes: a real number is needed, got None (NoneType)"),
    ],
)
def test_what_is_no_class_has_no_one_hot(k: Any, n_classes: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        one_hot(k, n_classes)


def test_a_class_may_be_a_number_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    assert one_hot(numpy.int64(1), numpy.int64(3)) == one_hot(numpy.array(1.0), 3) == [0.0, 1.0, 0.0]
    with pytest.raises(TypeError, match=r"^k: a real number is needed, got array\(\[1, 2\]\)"):
        one_hot(numpy.array([1, 2]), 3)
