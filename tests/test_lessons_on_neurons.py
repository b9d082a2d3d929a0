"""The lessons on neurons, from activation functions to softmax, run in an empty folder and print what they claim."""

import math
import operator
import re
import statistics
from pathlib import Path

import pytest

from tests.lessons import check_pictures, run_lesson
from tinygrad_edu.nn import load_iris


def test_activation_functions(tmp_path: Path) -> None:
    """The ranges and slopes of the textbook's table; σ is nowhere steeper than 0.25, only ReLU is sparse."""
    printed = run_lesson("03_activation_functions.py", tmp_path)
    row = r"^(\w+) +(\S+ … \S+) +(\S+) +(\S+, \S+) +(yes|no) \S+ +(yes|no) \((\d+)%\)$"
    assert re.findall(row, printed, re.MULTILINE) == [
        ("linear", "-1000 … 1000", "1", "1, 1", "yes", "no", "0"),
        ("logistic", "0 … 1", "0.25", "4.5e-05, 4.5e-05", "no", "no", "0"),
        ("tanh", "-1 … 1", "1", "8.2e-09, 8.2e-09", "yes", "no", "0"),
        ("ReLU", "0 … 1000", "1", "0, 1", "no", "yes", "50"),
        ("LeakyReLU", "-100 … 1000", "1", "0.1, 1", "no", "no", "0"),
        ("PReLU", "-250 … 1000", "1", "0.25, 1", "no", "no", "0"),
        ("ELU", "-1 … 1000", "1", "4.5e-05, 1", "no", "no", "0"),
        ("softplus", "0 … 1000", "0.999955", "4.5e-05, 1", "no", "no", "0"),
        ("Maxout", "-0.08 … 799.6", "0.8", "-0.5, 0.8", "no", "no", "0"),
    ]
    errors = dict(re.findall(r"^(\S.*?) +up to (\S+)$", printed, re.MULTILINE))
    elu = "ELU'(z) = 1 if z > 0, else γ exp(z), γ = 0.5"
    assert list(errors) == ["tanh(z) = 2σ(2z) - 1", "softplus'(z) = σ(z)", elu]
    assert all(float(error) < 1e-15 for error in errors.values())
    assert "ReLU of z = w x, w = -1, x = -2: a = 2, ∂a/∂w = -2: a negative input passes\n" in printed
    learned = re.findall(r"(\w+) +learns \|x\| to within 0.1 in (\d+) of 20 starts; the first: (.*)\n", printed)
    assert [(name, starts) for name, starts, _ in learned] == [("PReLU", "20"), ("Maxout", "20")]
    assert float(learned[0][2]) == pytest.approx(-1.0, abs=0.01)  # γ
    w1, b1, w2, b2 = map(float, learned[1][2].split())
    assert sorted([w1, w2]) == pytest.approx([-1.0, 1.0], abs=0.05)
    assert [b1, b2] == pytest.approx([0.0, 0.0], abs=0.05)
    check_pictures(tmp_path, figures=[f"activations_{name}" for name in ("saturating", "rectifiers", "others")])


def test_perceptron_and_regression(tmp_path: Path) -> None:
    """Two perceptrons, one without an end; a probability's gradient; the slope of least squares, 0.9629."""
    printed = run_lesson("05_perceptron_and_regression.py", tmp_path)
    assert "setosa and versicolor: [3, 4, 2, 2, 0] mistakes, 0 in pass 5, 11 in all\n" in printed
    [most] = re.findall(r"at most \(R/γ\)² = (\d+) mistakes", printed)
    assert 11 <= int(most) <= 300
    assert re.search(r"^versicolor and virginica: .* mistakes, [1-9]\d* in pass 100, ", printed, re.MULTILINE)
    assert "\n12 flowers of versicolor have the sepals of a virginica\n" in printed
    assert "z = -0.5   y x = [1.0, 0.5]   -∂max(0, -y z)/∂w = [1.0, 0.5]\n" in printed
    assert "z =  0.0   y x = [1.0, 0.5]   -∂max(0, -y z)/∂w = [0.0, 0.0]\n" in printed
    losses = re.findall(r"logistic regression, .* loss (\S+)", printed)
    assert losses[0] == "0.6931"
    assert losses == sorted(losses, reverse=True)
    assert re.search(r"∂loss/∂w1 = (-\d\.\d{6}), \(p - y\) x1 = \1\n", printed)
    path = re.findall(r"linear regression, .* w1 +(\S+) +loss (\S+)", printed)
    assert path[0][0] == "-0.8000"
    assert path[-1] == ("0.9629", "0.0364")  # the correlation r of the two, and ½(1 - r²)
    assert "Σxy / Σx² = 0.9629\n" in printed
    assert f"this has two, for a loss of {least_squares_of_two():.4f}\n" in printed
    check_pictures(tmp_path, figures=["hyperplanes", "loss_parabola"], printed=printed)


def least_squares_of_two() -> float:
    """½(1 - R²) of petal width by sepal width and petal length, from their three correlations."""
    _, *columns = zip(*load_iris()[0], strict=True)
    r12, r1, r2 = (statistics.correlation(columns[i], columns[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    return 0.5 * (1.0 - (r1**2 + r2**2 - 2.0 * r1 * r2 * r12) / (1.0 - r12**2))


def test_xor(tmp_path: Path) -> None:
    """Without a hidden layer that bends the loss stays log 2, from any start; with one XOR comes out, from as many."""
    printed = run_lesson("06_xor.py", tmp_path)
    row = r"^(\w.*\w) +loss (\S+) to (\S+)   XOR learned from +(\d+) of 20 starts$"
    trained = {name: numbers for name, *numbers in re.findall(row, printed, re.MULTILINE)}
    assert [learned for *_, learned in trained.values()] == ["0", "0", "4", "20", "15"]
    assert trained["one neuron"] == ["0.6931", "0.6931", "0"]
    assert float(trained["three linear layers"][1]) < 0.6935
    assert float(trained["four hidden tanh"][1]) < 0.02
    assert re.search(r"z\(0,0\) \+ z\(1,1\) = (\S+) = \1 = z\(0,1\) \+ z\(1,0\)", printed)
    assert re.search(r"^sin\(π/2 x1 \+ π/2 x2\) +a = +0.0 +1.0 +1.0 +0.0$", printed, re.MULTILINE)
    assert float(re.findall(r"up to (\S+)", printed)[0]) < 1e-13
    assert '"Gradient descent fails with a linear activation": no, it learns what is linear, ' in printed
    assert "x1 - 2 x2 + 1 from 20 of 20 starts\n" in printed
    assert re.search(r"^by hand, with ReLU +z = -0.5 +0.5 +0.5 +-0.5$", printed, re.MULTILINE)
    first, second = (
        list(map(float, row.split())) for row in re.findall(r"^its hidden.* = (.*)", printed, re.MULTILINE)
    )
    assert first[0] < first[1] == first[2] < first[3]  # neither a1 nor a2 divides 0 1 and 1 0 from 0 0 and 1 1
    assert second[0] == second[1] == second[2]
    assert 'shift and scale": no, it moves [0.0, 1.0] and [1.0, 0.0] to [1.0, 0.0] [1.0, 0.0]\n' in printed
    check_pictures(tmp_path, ["xor_network"], ["xor_boundary"], printed)


def loss_of_2_3_2(p: list[float]) -> float:
    """The loss of the lesson's network, of its 17 parameters in order, without a derivative anywhere."""
    hidden = [1.0 / (1.0 + math.exp(-(p[i] * 1.0 + p[i + 1] * 2.0 + p[i + 2]))) for i in (0, 3, 6)]
    first, second = (sum(map(operator.mul, p[i : i + 3], hidden)) + p[i + 3] for i in (9, 13))
    return math.log(math.exp(first) + math.exp(second)) - second


def last_numbers(printed: str, equation: str) -> list[str]:
    """The last number of each line of an equation: a column of its result."""
    [block] = [block for block in printed.split("\n\n") if f" {equation} = " in f" {' '.join(block.split())} "]
    return [re.findall(r"-?\d+\.\d{4}", line)[-1] for line in block.splitlines()]


def test_backprop_by_hand(tmp_path: Path) -> None:
    """By hand and by backward() the gradients agree with central differences; an update makes the loss smaller."""
    printed = run_lesson("08_backprop_by_hand.py", tmp_path)
    parameters = [0.5, -0.25, 0.1, -1.0, 0.75, -0.2, 0.25, 1.0, 0.0, -0.5, 1.0, 1.5, -0.5, 1.0, -2.0, 0.5, 0.5]
    rows = {name: numbers for name, *numbers in re.findall(r"^∂L/∂(\S+⁾\S+) +(\S+) +(\S+)$", printed, re.MULTILINE)}
    assert len(rows) == 3 + 3 + 2 + 17
    gradients = [numbers for name, numbers in rows.items() if name[0] in "wb"]
    for i, (by_hand, by_backward) in enumerate(gradients):
        up, down = ([p + h * (i == j) for j, p in enumerate(parameters)] for h in (1e-5, -1e-5))
        numerical = (loss_of_2_3_2(up) - loss_of_2_3_2(down)) / 2e-5
        assert float(by_hand) == pytest.approx(numerical, abs=1e-10)
        assert float(by_backward) == pytest.approx(numerical, abs=1e-10)
    for place in ("⁽¹⁾₁", "⁽¹⁾₂", "⁽¹⁾₃", "⁽²⁾₁", "⁽²⁾₂"):
        assert rows[f"z{place}"] == rows[f"b{place}"]  # δ is the gradient of the bias
    assert float(re.findall(r"differ by at most (\S+)", printed)[0]) < 1e-15
    for equation, names in {
        "δ⁽²⁾ = p − y": ["z⁽²⁾₁", "z⁽²⁾₂"],
        "δ⁽¹⁾ = f′(z⁽¹⁾) ⊙ (W⁽²⁾)ᵀ δ⁽²⁾": ["z⁽¹⁾₁", "z⁽¹⁾₂", "z⁽¹⁾₃"],
        "= diag(f′(z⁽¹⁾)) (W⁽²⁾)ᵀ δ⁽²⁾": ["z⁽¹⁾₁", "z⁽¹⁾₂", "z⁽¹⁾₃"],
        "∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ": ["w⁽¹⁾₁₂", "w⁽¹⁾₂₂", "w⁽¹⁾₃₂"],
        "∂L/∂W⁽²⁾ = δ⁽²⁾ (a⁽¹⁾)ᵀ": ["b⁽²⁾₁", "b⁽²⁾₂"],
        "∂L/∂w⁽¹⁾₂₁ = 𝕀₂(x₁) δ⁽¹⁾": ["z⁽¹⁾₁", "w⁽¹⁾₂₁", "z⁽¹⁾₃"],
        "∂L/∂b⁽¹⁾ = I δ⁽¹⁾": ["b⁽¹⁾₁", "b⁽¹⁾₂", "b⁽¹⁾₃"],
        "δ⁽¹⁾₁ = Σ δ⁽²⁾ₖ w⁽²⁾ₖ₁ f′": ["z⁽¹⁾₁"],
    }.items():
        assert last_numbers(printed, equation) == [f"{float(rows[name][0]):.4f}" for name in names], equation
    losses = [float(loss) for loss in re.findall(r"(?:loss|update) +(\d\.\d+)", printed)]
    assert losses[0] == pytest.approx(loss_of_2_3_2(parameters), abs=1e-6)
    assert losses[1] == losses[2]  # an update by hand, and one of the Values
    assert losses == sorted(losses, reverse=True)
    check_pictures(tmp_path, ["backprop_1_forward", "backprop_2_backward"], printed=printed)


def test_softmax_and_cross_entropy(tmp_path: Path) -> None:
    """0.3, 0.6, 0.1 against 0, 1, 0; iris in three classes; at ±1000 only the loss of logits has a number."""
    printed = run_lesson("07_softmax_and_cross_entropy.py", tmp_path)
    assert "L = 0.5108 = -log 0.6 = 0.5108\n∂L/∂z = 0.3, -0.4, 0.1   p - y = 0.3, -0.4, 0.1\n" in printed
    jacobian = re.findall(r"^∂p(\d)/∂z = p\1 \(\[\1 = j\] - pj\) = (.+)   by backward: \2$", printed, re.MULTILINE)
    assert jacobian == [("1", "0.21, -0.18, -0.03"), ("2", "-0.18, 0.24, -0.06"), ("3", "-0.03, -0.06, 0.09")]
    assert "∂L/∂p = -y / p = 0.0000, -1.6667, 0.0000\n∂L/∂z = Σ ∂L/∂pk ∂pk/∂z = 0.3, -0.4, 0.1\n" in printed
    assert re.search(r"^accuracy on 38 flowers held out: .*, from 20 of 20 starts at least 85%$", printed, re.MULTILINE)
    for shares, answer in re.findall(r"^(setosa .*): the answer is (\w+)", printed, re.MULTILINE):
        share_of = {name: float(share) for name, share in re.findall(r"(\w+) (\d\.\d\d)", shares)}
        assert answer == max(share_of, key=lambda name: share_of[name])
        assert sum(share_of.values()) == pytest.approx(1.0, abs=0.02)
    rows = [re.split(" {2,}", line.strip()) for line in printed.splitlines() if line.lstrip().startswith("±")]
    overflow = "exp(x) is too large for a float, got 1000.0"
    assert rows == [
        ["±1", *3 * ["2.127, -0.8808"]],
        ["±20", *3 * ["40, -1"]],
        ["±1000", overflow, "log(x) needs x > 0, got 0.0", "2000, -1"],
        ["±1", *3 * ["0.1269, -0.1192"]],
        ["±20", "0, 0", "0, -4.248e-18", "4.248e-18, -4.248e-18"],  # exp(-40) = 4.248e-18
        ["±1000", overflow, "0, 0", "0, 0"],
    ]
    check_pictures(tmp_path, ["cross_entropy"], ["softmax"], printed)
