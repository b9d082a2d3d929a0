"""One neuron: how does it learn?

Claim: the same weighted sum is a classifier that learns from its mistakes (the perceptron), a probability (logistic
regression) or a line through points (linear regression). Where it decides, it divides the plane by a straight line, the
hyperplane z = 0. Where its loss has a gradient, it learns by gradient descent: linear regression rolls down a parabola,
to the slope that can also be computed at once, Σxy / Σx².
Source: Qiu, Neural Networks and Deep Learning, sections 2.3, 3.2 and 3.4.
The page on which one flower's loss rolls down, update by update:
python -m tinygrad_edu "0.5*(w*x - y)**2" x=1.5 y=1.4 w=-0.8 --parameters w --stepper loss.html
"""

from math import fsum, log
from pathlib import Path
from statistics import fmean
from typing import Any

from tinygrad_edu import relu, sigmoid
from tinygrad_edu.nn import Neuron, binary_cross_entropy, empirical_risk, load_iris, squared_error, standardise
from tinygrad_edu.nn.figures import COLOURS, save_figure
from tinygrad_edu.nn.plots import draw_examples
from tinygrad_edu.rules import sign
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)


def neuron_with(w: list[float], b: float, activation: Any) -> Neuron:
    neuron = Neuron(len(w), activation)
    neuron.load_state_dict({"w": w, "b": b})
    return neuron


def gradient_descent(name: str, neuron: Neuron, loss: Any, examples: Any, lr: float, steps: int) -> list[Any]:
    """The path of the first weight and the loss: the ball that rolls down."""
    path = []
    for step in range(steps + 1):
        risk = empirical_risk(neuron, loss, *examples)
        neuron.zero_grad()
        risk.backward()
        path.append((neuron.w[0].data, risk.data))
        if step in (0, 1, 2, 3, 10, 40, 100):
            print(f"{name}, step {step:3}   w1 {path[-1][0]:7.4f}   loss {path[-1][1]:.4f}")
        for parameter in neuron.parameters():
            parameter.data -= lr * parameter.grad
    return path


# %% the perceptron (Rosenblatt, 1958): output ±1; after each mistake w ← w + y x, b ← b + y, until there is none
measurements, kinds, names = load_iris()
[flowers] = standardise([row[:2] for row in measurements[:100]])  # setosa and versicolor: length and width of sepals
labels = [2 * kind - 1 for kind in kinds[:100]]
perceptron, lines, mistakes = neuron_with([0.0, 0.0], 0.0, sign), [], -1
while mistakes:
    mistakes = 0
    for x, y in zip(flowers, labels, strict=True):
        if perceptron(x).data != y:
            for w, x_i in zip(perceptron.parameters(), [*x, 1.0], strict=True):  # b is the weight of a constant 1
                w.data += y * x_i
            lines.append(perceptron.state_dict())
            mistakes += 1
    print(f"perceptron: {mistakes} mistakes among 100 flowers")

# %% its rule is gradient descent on max(0, -y z), with a learning rate of 1
linear = neuron_with([-1.0, 1.0], 0.0, "linear")  # takes a long sepal for a setosa's
x, y = [1.0, 0.5], 1
relu(-y * linear(x)).backward()
print(f"a mistake at x = {x}, y = {y}: -∂loss/∂w = {[-w.grad for w in linear.w]}, -∂loss/∂b = {-linear.b.grad}\n")

# %% logistic regression: the sigmoid makes z a probability, the cross-entropy a loss, whose gradient is (p - y) x
logistic, targets = neuron_with([0.0, 0.0], 0.0, "linear"), kinds[:100]  # its output is the logit z, and p = σ(z)
gradient_descent("logistic regression", logistic, binary_cross_entropy, (flowers, targets), lr=1.0, steps=100)
x, y, z = flowers[0], targets[0], logistic(flowers[0])
logistic.zero_grad()
binary_cross_entropy(z, y).backward()
print(f"∂loss/∂w1 = {logistic.w[0].grad:.6f}, (p - y) x1 = {(sigmoid(z.data) - y) * x[0]:.6f}\n")

# %% linear regression: no activation, the squared error, and as a loss a parabola
[petals] = standardise([row[2:] for row in measurements])
lengths, widths = [[x] for x, _ in petals], [y for _, y in petals]
line = neuron_with([-0.8], 0.0, "linear")
path = gradient_descent("linear regression", line, squared_error, (lengths, widths), lr=0.3, steps=40)
print(f"Σxy / Σx² = {fsum(x * y for x, y in petals) / fsum(x * x for x, _ in petals):.4f}")


# %% the hyperplanes: x2 = (z - b - w1 x1) / w2 is the line where the weighted sum is z
def draw_hyperplane(axes: Any, state: Any, z: float = 0.0, **style: Any) -> None:
    (w1, w2), b = state["w"], state["b"]
    axes.axline((0.0, (z - b) / w2), slope=-w1 / w2, **style)


def draw_classifiers(left: Any, right: Any) -> None:
    for i, state in enumerate(lines):
        draw_hyperplane(left, state, color="#BBBBBB", lw=1.0, label="after earlier mistakes" if i == 0 else None)
    draw_hyperplane(left, lines[-1], color="black", label="z = 0 after the last")
    for p, style in [(0.1, ":"), (0.5, "-"), (0.9, "--")]:
        z = log(p / (1.0 - p))
        draw_hyperplane(right, logistic.state_dict(), z, color="black", ls=style, label=f"p(versicolor) = {p}")
    for axes, title in [(left, "perceptron"), (right, "logistic regression")]:
        draw_examples(axes, flowers, targets, names)
        axes.set(title=title, xlabel="sepal length, standardised", xlim=(-2.2, 2.8), ylim=(-2.8, 5.0))
        axes.legend(loc="upper left", fontsize="small")
    left.set(ylabel="sepal width, standardised")


def draw_regression(left: Any, right: Any) -> None:
    left.scatter(lengths, widths, s=14, label="150 flowers")
    for number, style in [(0, ":"), (2, "--"), (40, "-")]:
        left.axline((0.0, 0.0), slope=path[number][0], color=COLOURS[1], ls=style, label=f"step {number}")
    left.set(title="ŷ = w x", xlabel="petal length x, standardised", ylabel="petal width y", ylim=(-1.8, 2.8))
    slopes = [i / 20.0 for i in range(-18, 57)]
    right.plot(slopes, [fmean(0.5 * (w * x - y) ** 2 for x, y in petals) for w in slopes], label="loss")
    right.plot(*zip(*path, strict=True), "o", label="the ball after each step")
    right.set(title="½ mean of (w x - y)²", xlabel="w", ylabel="loss")
    left.legend(loc="upper left", ncols=2)
    right.legend()


save_figure(output / "hyperplanes.svg", draw_classifiers, columns=2, size=(9.0, 4.2))
save_figure(output / "loss_parabola.svg", draw_regression, columns=2, size=(9.0, 4.0))
