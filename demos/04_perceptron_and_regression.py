"""One neuron: what can it do, and how does it learn?

Claim: a weighted sum and an activation are a logic gate (McCulloch and Pitts), a classifier that learns from its
mistakes (the perceptron), a probability (logistic regression) or a line through points (linear regression). Where it
decides, it divides the plane by a straight line, the hyperplane z = 0. Where its loss has a gradient, it learns by
gradient descent: linear regression rolls down a parabola to the slope that can also be computed at once, Σxy / Σx².
Source: Qiu, Neural Networks and Deep Learning, sections 2.3, 3.2, 3.4 and 4.1.
"""

from collections.abc import Sequence
from math import fsum, log
from pathlib import Path
from typing import Any

from tinygrad_edu import relu, sigmoid
from tinygrad_edu.figures import save_figure
from tinygrad_edu.nn import Neuron, binary_cross_entropy, empirical_risk, load_iris, squared_error, standardise
from tinygrad_edu.nn.plots import DARK_COLOURS, MARKERS
from tinygrad_edu.rules import sign, step

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)


def neuron_with(w: Sequence[float], b: float, activation: Any) -> Neuron:
    neuron = Neuron(len(w), activation)
    neuron.load_state_dict({"w": list(w), "b": b})
    return neuron


def descend(neuron: Neuron, loss: Any, inputs: Sequence[Any], targets: Sequence[Any], lr: float) -> float:
    """One step of gradient descent. Returns the loss before it."""
    risk = empirical_risk(neuron, loss, inputs, targets)
    neuron.zero_grad()
    risk.backward()
    for parameter in neuron.parameters():
        parameter.data -= lr * parameter.grad
    return float(risk.data)


# %% McCulloch and Pitts, 1943: the step function makes a neuron a logic gate
corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
for name, b in [("and", -1.5), ("or", -0.5)]:
    gate = neuron_with([1.0, 1.0], b, step)
    print(f"{name:4}", *(f"{x1:g} {x2:g} → {gate([x1, x2]).data:g}  " for x1, x2 in corners))
gate([0.0, 1.0]).backward()
print(f"∂output/∂w = {gate.w[0].grad:g}, {gate.w[1].grad:g}: the step is flat, so no gradient tells how to change w\n")

# %% the perceptron (Rosenblatt, 1958): output ±1; after each mistake w ← w + y x, b ← b + y, until there is none
measurements, kinds, _ = load_iris()
[flowers] = standardise([row[:2] for row in measurements[:100]])  # setosa and versicolor: length and width of sepals
labels = [2 * kind - 1 for kind in kinds[:100]]
perceptron, lines, mistakes = neuron_with([0.0, 0.0], 0.0, sign), [], -1
while mistakes:
    mistakes = 0
    for x, y in zip(flowers, labels, strict=True):
        if perceptron(x).data != y:
            for w, x_i in zip(perceptron.w, x, strict=True):
                w.data += y * x_i
            perceptron.b.data += y
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
for epoch in range(101):
    loss = descend(logistic, binary_cross_entropy, flowers, targets, lr=1.0)
    if epoch in (0, 1, 10, 100):
        print(f"logistic regression, epoch {epoch:3}   loss {loss:.4f}")
x, y = flowers[0], targets[0]
logistic.zero_grad()
binary_cross_entropy(logistic(x), y).backward()
p = sigmoid(logistic(x)).data
print(f"∂loss/∂w1 = {logistic.w[0].grad:.6f}, (p - y) x1 = {(p - y) * x[0]:.6f}\n")

# %% linear regression: no activation, the squared error, and as a loss a parabola
[petals] = standardise([row[2:] for row in measurements])
lengths, widths = [[length] for length, _ in petals], [width for _, width in petals]
line, path = neuron_with([-0.8], 0.0, "linear"), []
for epoch in range(41):
    path.append((line.w[0].data, descend(line, squared_error, lengths, widths, lr=0.3)))
    if epoch in (0, 1, 2, 3, 10, 40):
        print(f"linear regression, step {epoch:2}   w {path[-1][0]:7.4f}   loss {path[-1][1]:.4f}")
at_once = fsum(length * width for length, width in petals) / fsum(length * length for length, _ in petals)
print(f"Σxy / Σx² = {at_once:.4f}")


# %% the hyperplanes: each is the line where z is a given number
def draw_hyperplane(axes: Any, state: Any, z: float = 0.0, **style: Any) -> None:
    (w1, w2), b = state["w"], state["b"]
    x1, x2 = ((z - b) * w / (w1 * w1 + w2 * w2) for w in (w1, w2))
    axes.axline((x1, x2), (x1 - w2, x2 + w1), **style)


def draw_classifiers(left: Any, right: Any) -> None:
    for axes in (left, right):
        for k, name in enumerate(["setosa", "versicolor"]):
            x1, x2 = zip(*flowers[50 * k : 50 * k + 50], strict=True)
            axes.scatter(x1, x2, s=18, color=DARK_COLOURS[k], marker=MARKERS[k], label=name)
        axes.set(xlabel="sepal length, standardised", xlim=(-2.2, 2.8), ylim=(-2.8, 5.0))
    for i, state in enumerate(lines[:-1]):
        draw_hyperplane(left, state, color="#BBBBBB", label="after earlier mistakes" if i == 0 else None)
    draw_hyperplane(left, lines[-1], color="black", linewidth=2.0, label="z = 0 after the last")
    for p, line in [(0.1, ":"), (0.5, "-"), (0.9, "--")]:
        z = log(p / (1.0 - p))
        draw_hyperplane(right, logistic.state_dict(), z, color="black", linestyle=line, label=f"p = {p}")
    left.set(title="perceptron", ylabel="sepal width, standardised")
    right.set(title="logistic regression")
    for axes in (left, right):
        axes.legend(loc="upper left", fontsize="small")


def draw_regression(left: Any, right: Any) -> None:
    left.scatter(lengths, widths, s=14, color=DARK_COLOURS[0], label="150 flowers")
    for number, style in [(0, ":"), (2, "--"), (40, "-")]:
        left.axline((0.0, 0.0), slope=path[number][0], color=DARK_COLOURS[1], linestyle=style, label=f"step {number}")
    left.set(title="ŷ = w x", xlabel="petal length x, standardised", ylabel="petal width y, standardised")
    left.legend(loc="lower right")
    slopes = [i / 20.0 for i in range(-18, 57)]
    losses = [descend(neuron_with([w], 0.0, "linear"), squared_error, lengths, widths, lr=0.0) for w in slopes]
    right.plot(slopes, losses, color=DARK_COLOURS[0], label="loss")
    right.plot(*zip(*path, strict=True), "o", color=DARK_COLOURS[1], label="the ball after each step")
    right.set(title="½ mean of (w x - y)²", xlabel="w", ylabel="loss")
    right.legend()


save_figure(output / "hyperplanes.svg", draw_classifiers, columns=2, size=(9.0, 4.2))
save_figure(output / "loss_parabola.svg", draw_regression, columns=2, size=(9.0, 4.0))
