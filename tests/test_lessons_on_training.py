"""The lessons on training run in an empty folder and print what they claim."""

import math
import re
from pathlib import Path

import pytest

from tests.lessons import check_pictures, run_lesson


def table(printed: str, width: int) -> dict[str, list[float]]:
    """The lines that end in so many numbers, by what stands before them."""
    lines = re.findall(rf"^(\S.*?)((?: +-?[\d.]+(?:e[+-]\d+)?){{{width}}})$", printed, re.MULTILINE)
    return {name: [float(number) for number in numbers.split()] for name, numbers in lines}


def test_training_algorithm(tmp_path: Path) -> None:
    """By hand and by `fit` it stops in the same epoch with the same parameters, by the error rate sooner."""
    printed = run_lesson("14_training_algorithm.py", tmp_path)
    [by_hand, by_fit, by_rate] = re.findall(r"best epoch (\d+), stopped after (\d+);", printed)
    assert by_hand == by_fit
    assert int(by_hand[1]) - int(by_hand[0]) == 5
    assert by_rate == ("1", "6")
    assert float(re.findall(r"differ by at most (\S+)", printed)[0]) < 1e-12
    accuracies = re.findall(r"test accuracy (\S+)%", printed)
    assert float(accuracies[0]) > 95.0 > 90.0 > float(accuracies[1])
    found = re.findall(r"(too small|right|too large) +loss (\S+) in epoch 1, (\S+) in epoch 20", printed)
    losses = {name: (float(first), float(last)) for name, first, last in found}
    assert losses["too small"][1] > losses["too small"][0] / 2.0
    assert losses["right"][1] < 0.1
    assert losses["too large"][1] > 10.0 * losses["right"][1]
    assert "half is left in 20 of 20 starts, more than ten times the right one's in 20 of 20\n" in printed
    check_pictures(tmp_path, figures=["training_algorithm"])


def test_overfitting(tmp_path: Path) -> None:
    """Held out, the loss rises where that of training falls; λ and stopping early mend it, too large a λ spoils it."""
    printed = run_lesson("15_overfitting.py", tmp_path)
    assert "the gradient of ½λ‖W‖² is λW, up to 0e+00; 37 parameters, 12 points\n" in printed
    *decays, (stopped, *early) = re.findall(r"^(λ = [\d.]+(?:, stopped early)?) +(\d\S+) +(\S+) +(\S+)", printed, re.M)
    medians = {name: tuple(map(float, numbers)) for name, *numbers in decays}
    assert [*medians, stopped] == ["λ = 0", "λ = 0.01", "λ = 1", "λ = 0, stopped early"]
    (training, held_out, distance), (_, decayed, nearer), (under, _, flat) = medians.values()
    assert training < 0.05 < under / 8.0
    assert decayed < 0.8 * held_out
    assert nearer < 0.6 * distance < distance < flat
    assert float(early[1]) < 0.7 * held_out
    assert float(early[2]) < 0.6 * distance
    assert list(map(int, re.findall(r" in (\d+) of 20 starts$", printed, re.M))) == [20, 19, 20, 20, 20]
    check_pictures(tmp_path, figures=["overfitting"])


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
    """Slopes and sizes of weights spoil the gradient, batch norm mends the size; an outlier kills; zigzag."""
    printed = run_lesson("17_vanishing_gradients.py", tmp_path)
    norms = table(printed, 5)
    assert norms["logistic, size 1"][0] < 1e-5 * norms["logistic, size 1"][3]
    assert 5e-4 < norms["logistic, size 4"][0] / norms["logistic, size 4"][3] < 1e-2
    for name in "tanh", "ReLU, He", "logistic, size 1, batch norm":
        assert 0.1 < norms[name][0] / norms[name][3] < 10.0
        assert norms[name][4] == pytest.approx(1.0, abs=0.1)
    assert norms["ReLU, He × ½"][0] < norms["ReLU, He"][0] / 100.0
    assert norms["ReLU, He × 2"][0] > norms["ReLU, He"][0] * 5e5
    assert norms["ReLU, He × ½, batch norm"][4] == norms["ReLU, He × 2, batch norm"][4]  # whatever the size
    assert 1.2 < norms["ReLU, He × 2, batch norm"][4] < 1.5
    found = re.findall(r"^(\w+) +after step (\d+) +w = +(\S+), active for +(\d+) of 11$", printed, re.M)
    assert [(name, step, active) for name, step, _, active in found] == [
        (name, *when) for name in ("relu", "leaky_relu") for when in (("100", "11"), ("101", "0"), ("601", "0"))
    ]
    before, dead, later = (float(w) for _, _, w, _ in found[:3])
    assert dead == later < -70.0 < 0.5 < before
    rows = re.findall(r"^(\S+ to \S+)  +(\d+)% +(\S+) +(\S+), (\S+) +(\S+) +(\d+)$", printed, re.M)
    positive, centred = ([float(number) for number in row] for _, *row in rows)
    assert positive[0] == 100.0
    assert centred[0] < 60.0
    assert positive[1] > 1.9 * centred[1]
    assert positive[2:4] == pytest.approx([7.0 / 12.0, 1.0 / 12.0], rel=0.1)
    assert centred[2:4] == pytest.approx([1.0 / 12.0, 1.0 / 12.0], rel=0.1)
    assert positive[4:] == [pytest.approx(24.0 / 7.0, rel=0.1), pytest.approx(20.0, abs=1.0)]
    assert centred[4:] == [pytest.approx(24.0, rel=0.1), 2.0]
    [normal] = re.findall(r"^0 to 1, batch norm +(\d+)% +(\S+) +(\S+), (\S+) +2\.0 +2$", printed, re.M)
    assert list(map(float, normal)) == pytest.approx([centred[0], centred[1], 1.0, 1.0], rel=0.1)
    check_pictures(tmp_path, figures=["vanishing_gradients", "zigzag"])


@pytest.mark.slow
def test_which_activation(tmp_path: Path) -> None:
    """Over 20 starts relu, elu and tanh learn, logistic neurons do not; what learns its shape learns |x|."""
    printed = run_lesson("18_which_activation.py", tmp_path)
    rows = re.findall(r"^(\w[\w, ']*?)  +[\d.]+ × relu +(.*?)  +(yes|no) +(\S+) +(\d+) of 20 ", printed, re.M)
    facts = {name: (slopes, monotonic, float(mean)) for name, slopes, monotonic, mean, _ in rows}
    assert facts == {
        "relu": ("1, 1, 0", "yes", 0.4),
        "elu": ("1, 1, 0.05", "yes", 0.16),
        "tanh": ("0.99, 0.0099, 0.0099", "yes", 0.0),
        "sigmoid": ("0.25, 0.045, 0.045", "yes", 0.5),
        "sigmoid, tanh's size": ("0.25, 0.045, 0.045", "yes", 0.5),
    }
    assert [int(learned) for *_, learned in rows] == [20, 20, 19, 1, 0]
    assert "at 00, 01, 10, 11: 0, 1, 1, 0\n" in printed
    for gamma, a, slope, right, other in re.findall(
        r"γ = (\S+)\) = (\S+), slope (\S+) = γ exp\(-1\) = (\S+) = elu \+ γ = (\S+)$", printed, re.M
    ):
        assert float(a) == pytest.approx(float(gamma) * (math.exp(-1.0) - 1.0), abs=1e-4)
        assert float(slope) == float(right) == float(other) == pytest.approx(float(gamma) * math.exp(-1.0), abs=1e-4)
    learned = re.findall(r"^(\w+) +learns \|x\| in +(\d+) of 20 starts(?:: γ from 0.25 to (\S+))?$", printed, re.M)
    assert [(name, int(n)) for name, n, _ in learned] == [("relu", 0), ("PReLU", 13), ("Maxout", 20)]
    assert float(learned[1][2]) == pytest.approx(-1.0, abs=0.06)
    assert "'ReLU needs positive inputs': x = -2 and w = -1 give a = 2, ∂a/∂w = -2\n" in printed
    assert "'ReLU never vanishes': w = ½ leaves 0.03125, z < 0 leaves 0\n" in printed
    assert "'Five layers of σ vanish': w = 1 leaves 0.0010, w = 4 leaves 1\n" in printed
    check_pictures(tmp_path, figures=["which_activation"])


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
