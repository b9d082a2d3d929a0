"""Data sets. data/SOURCES.md says where they come from."""

from __future__ import annotations

import csv
from importlib import resources


def load_iris() -> tuple[list[list[float]], list[int], list[str]]:
    """150 iris flowers: their measurements, their classes, and the names of the classes.

    Each flower has four measurements in cm (sepal length and width, petal length and width); its class is 0, 1 or 2.
    Source: R. A. Fisher, 1936; UCI Machine Learning Repository, CC BY 4.0.

    >>> measurements, classes, names = load_iris()
    >>> measurements[0], names[classes[0]]
    ([5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    with resources.files("tinygrad_edu.nn").joinpath("data/iris.csv").open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    measurements = [[float(number) for number in row[:-1]] for row in rows]
    return measurements, [int(row[-1]) for row in rows], header[2:]
