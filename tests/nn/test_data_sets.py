"""Made-up data, the handwritten digits, and the preparation of examples."""

from __future__ import annotations

import gzip
import math
import statistics
from collections import Counter
from importlib import resources
from typing import Any

import pytest

from tinygrad_edu.nn import (
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


@each_made_up
def test_numbers_that_make_no_sense_are_refused(data_set: Any) -> None:
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        data_set(0)
    with pytest.raises(ValueError, match=r"noise must be 0 or a positive number, got -0\.1"):
        data_set(10, -0.1)


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


@pytest.mark.parametrize("test_size", [0.0, 1.0, 0.01, -1.0, 2.0])
def test_a_split_with_an_empty_part_is_refused(test_size: float) -> None:
    with pytest.raises(ValueError, match=f"test_size={test_size} of 4 examples"):
        train_test_split([[1.0]] * 4, [0] * 4, test_size)


def test_the_mini_batches_of_an_epoch_hold_every_example_once() -> None:
    inputs, targets = [[float(i)] for i in range(10)], list(range(10))
    batches = list(mini_batches(inputs, targets, 4, seed=0))
    assert [len(batch_targets) for _, batch_targets in batches] == [4, 4, 2]
    assert sorted(t for _, batch_targets in batches for t in batch_targets) == targets
    assert all(x == [float(t)] for batch in batches for x, t in zip(*batch, strict=True))


def test_examples_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="got 2 inputs and 1 targets"):
        train_test_split([[1.0], [2.0]], [1])
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        list(mini_batches([[1.0]], [1], 0))


def test_standardised_training_inputs_have_mean_0_and_deviation_1() -> None:
    train, other = standardise([[1.0, -5.0], [2.0, 5.0], [6.0, 0.0]], [[3.0, 0.0]])
    for column in zip(*train, strict=True):
        assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-15)
        assert statistics.pstdev(column) == pytest.approx(1.0, rel=1e-15)
    assert other[0] == pytest.approx([0.0, 0.0], abs=1e-15)


def test_a_feature_that_does_not_vary_is_not_blown_up() -> None:
    """The mean of three times 0.1 is not quite 0.1: divided by their deviation, 1e-17 would become 1."""
    (train,) = standardise([[0.1]] * 3)
    assert all(abs(x) < 1e-16 for (x,) in train)


def test_standardising_needs_inputs_of_one_length() -> None:
    with pytest.raises(ValueError, match="training inputs"):
        standardise([])
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]"):
        standardise([[1.0, 2.0]], [[1.0]])


def test_one_hot_needs_a_class_that_exists() -> None:
    assert [one_hot(k, 2) for k in range(2)] == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        one_hot(2, 2)
