"""The lessons on training run in an empty folder and print what they claim."""

import re
from pathlib import Path

import pytest

from tests.test_demos import check_pictures, run_lesson


def table(printed: str, width: int) -> dict[str, list[float]]:
    """The lines that end in so many numbers, by what stands before them."""
    lines = re.findall(rf"^(\S.*?)((?: +-?[\d.]+(?:e[+-]\d+)?){{{width}}})$", printed, re.MULTILINE)
    return {name: [float(number) for number in numbers.split()] for name, numbers in lines}


def test_training_algorithm(tmp_path: Path) -> None:
    """By hand and by `fit` training stops in the same epoch with the same parameters; one of three rates learns."""
    printed = run_lesson("14_training_algorithm.py", tmp_path)
    [by_hand, by_fit] = re.findall(r"best epoch (\d+), stopped after (\d+);", printed)
    assert by_hand == by_fit
    assert int(by_hand[1]) - int(by_hand[0]) == 5
    assert float(re.findall(r"differ by at most (\S+)", printed)[0]) < 1e-12
    assert float(re.findall(r"test accuracy (\S+)%", printed)[0]) > 95.0
    found = re.findall(r"(too small|right|too large) +loss (\S+) in epoch 1, (\S+) in epoch 20", printed)
    losses = {name: (float(first), float(last)) for name, first, last in found}
    assert losses["too small"][1] > losses["too small"][0] / 2.0
    assert losses["right"][1] < 0.1
    assert losses["too large"][1] > 10.0 * losses["right"][1]
    check_pictures(tmp_path, figures=["training_algorithm"])


def test_optimisers(tmp_path: Path) -> None:
    """Gradient descent is the last out of ravine and saddle, and momentum alone leaves the local minimum."""
    printed = run_lesson("16_optimisers.py", tmp_path)
    arrivals = {
        name: steps.split()
        for name, steps in re.findall(r"^(SGD|momentum|Ada\w+|RMSprop)((?: +\d+| +never){3})$", printed, re.MULTILINE)
    }
    ravine, saddle, local_minimum = arrivals.pop("SGD")
    assert len(arrivals) == 5
    assert all(int(steps[0]) < int(ravine) / 2 for steps in arrivals.values())
    assert all(int(steps[1]) < int(saddle) / 4 for steps in arrivals.values())
    assert local_minimum == "never"
    assert [name for name, steps in arrivals.items() if steps[2] != "never"] == ["momentum"]
    rates = table(printed.partition("learning rate")[2], 3)
    assert list(rates) == ["constant", "step", "exponential", "inverse time"]
    _, constant, _ = rates.pop("constant")
    assert all(greatest < constant / 10.0 for _, _, greatest in rates.values())
    check_pictures(tmp_path, figures=["optimisers", "learning_rate_decay"])


def test_vanishing_gradients(tmp_path: Path) -> None:
    """The logistic gradient vanishes, tanh and ReLU keep it, sizes spoil it, and batch normalisation mends it."""
    printed = run_lesson("17_vanishing_gradients.py", tmp_path)
    norms = table(printed, 4)
    assert norms["logistic"][0] < 1e-6 * norms["logistic"][-1]
    assert all(0.1 < norms[name][0] / norms[name][-1] < 10.0 for name in ("tanh", "ReLU"))
    assert norms["ReLU, He"] == norms["ReLU"]
    assert norms["ReLU, He × ½"][0] < norms["ReLU"][0] / 100.0
    assert norms["ReLU, He × 2"][0] > norms["ReLU"][0] * 5e5
    for size in "½", "2":
        assert all(0.1 < norm < 100.0 for norm in norms[f"ReLU, He × {size}, batch norm"])
    assert "relu       loss 0.1750 in step 1, 0.1750 in step 500\n" in printed
    assert re.search(r"^leaky_relu loss 0\.18\d\d in step 1, 0\.000\d in step 500$", printed, re.MULTILINE)
    [positive, centred] = re.findall(r"one sign in (\d+)% of the steps, a way of (\S+) to \(1\.000, -1\.000\)", printed)
    assert positive[0] == "100"
    assert int(centred[0]) < 60
    assert float(positive[1]) > 2.0 * float(centred[1])
    check_pictures(tmp_path, figures=["vanishing_gradients", "dead_relu_and_zigzag"])


def test_loss_surfaces(tmp_path: Path) -> None:
    """No surface is convex, one start of two ends high, four times as high by the saddle that Newton's method finds."""
    printed = run_lesson("19_loss_surfaces.py", tmp_path)
    halfway = re.findall(r"halfway between the ends +loss (\S+) > (\S+),", printed)
    assert len(halfway) == 3
    assert all(float(loss) > float(mean) for loss, mean in halfway)
    ends = [float(end) for end in re.findall(r"loss \S+ to (\S+)", printed)]
    assert ends == pytest.approx([0.0, 0.251, 0.001, 0.694, 0.041, 0.161], abs=0.0011)
    assert ends[5] == pytest.approx(4.0 * ends[4], rel=0.03)
    assert float(re.findall(r"∂L/∂w2 is at most (\S+)", printed)[0]) < 0.0
    assert "w1 = -0.693147 (-log 2), w2 = 0.000000" in printed
    slope, low, high = map(float, re.findall(r"slope (\S+), curvatures (\S+) and (\S+)", printed)[0])
    assert slope < 1e-9
    assert low < 0.0 < high
    check_pictures(tmp_path, figures=["figure_4_9", "loss_surfaces"])


def test_universal_approximation(tmp_path: Path) -> None:
    """The best error falls with each doubling; some starts of 8 neurons end above the best of 4; its limits."""
    printed = run_lesson("20_universal_approximation.py", tmp_path)
    rows = re.findall(r"^ +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    best, middle, worst = ([float(row[k]) for row in rows] for k in (1, 2, 3))
    assert [row[0] for row in rows] == ["2", "4", "8", "16"]
    assert best == pytest.approx([0.34, 0.15, 0.014, 0.007], rel=0.1)
    assert middle == sorted(middle, reverse=True)
    assert worst[2] > best[1]
    assert int(re.findall(r"from (\d+) of 20 starts 8 neurons end worse than the best 4", printed)[0]) > 0
    inside, outside = map(float, re.findall(r"error (\S+) from -1 to 1, (\S+) from 1 to 2", printed)[0])
    assert inside == best[-1]
    assert outside > 50.0 * inside
    [(high, low, up, down)] = re.findall(r"is (1\.000), at .* (-1\.000); the network is (\S+), (\S+): one", printed)
    assert max(abs(float(high) - float(up)), abs(float(low) - float(down))) >= 1.0
    parabola, curve = map(float, re.findall(r"that square: (\S+), of the curve: (\S+)\n", printed)[0])
    assert parabola < 1e-12
    assert curve > 0.1
    found = re.findall(r"^moons, (.*?) +97 % right from +(\d+) of 20 starts", printed, re.MULTILINE)
    assert found == [("one neuron, a straight line", "0"), ("8 hidden neurons", "20")]
    check_pictures(tmp_path, figures=["universal_approximation", "moons"])
