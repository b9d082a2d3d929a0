"""The data sets that come with the package."""

import csv
import math
from collections import Counter
from importlib import resources

from tinygrad_edu.nn import load_iris


def test_iris_is_the_iris_of_fisher() -> None:
    measurements, classes, names = load_iris()
    assert len(measurements) == len(classes) == 150
    assert Counter(classes) == {0: 50, 1: 50, 2: 50}
    assert names == ["setosa", "versicolor", "virginica"]
    assert all(len(flower) == 4 and all(type(number) is float for number in flower) for flower in measurements)


def test_iris_has_the_published_means() -> None:
    """The means that R prints for its `iris`, the table of Fisher's paper."""
    measurements, _, _ = load_iris()
    means = [math.fsum(column) / 150 for column in zip(*measurements, strict=True)]
    assert [f"{mean:.3f}" for mean in means] == ["5.843", "3.057", "3.758", "1.199"]


def test_iris_is_read_from_the_file_in_the_package() -> None:
    measurements, classes, _ = load_iris()
    text = resources.files("tinygrad_edu.nn").joinpath("data/iris.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert [[f"{number:.1f}" for number in flower] for flower in measurements] == [row[:4] for row in rows]
    assert [str(label) for label in classes] == [row[4] for row in rows]
    assert header[:2] == [str(len(rows)), "4"]


def test_the_source_and_licence_of_the_data_come_with_it() -> None:
    sources = resources.files("tinygrad_edu.nn").joinpath("data/SOURCES.md").read_text(encoding="utf-8")
    assert "iris.csv" in sources
    assert "Fisher" in sources
    assert "CC BY 4.0" in sources


def test_two_callers_do_not_share_a_list() -> None:
    first, _, _ = load_iris()
    first[0][0] = -1.0
    assert load_iris()[0][0][0] == 5.1
