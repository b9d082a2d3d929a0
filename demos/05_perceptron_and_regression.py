"""One neuron: how does it learn?

Claim: the same weighted sum is a classifier that learns from its mistakes (the perceptron), a probability (logistic
regression) or a line through points (linear regression). Where it decides, it divides the plane by a straight line, the
hyperplane z = 0. The perceptron's rule finds such a line, if there is one, after at most (R/γ)² mistakes; else it never
ends. Regression learns by gradient descent: down a parabola, to the slope Σxy / Σx² that can be computed at once.
Sources: Qiu, Neural Networks and Deep Learning, sections 2.3, 3.2 and 3.4; Novikoff, 1962, for the bound. As a page:
python -m tinygrad_edu "0.5*(w*x - y)**2" x=1.5 y=1.4 w=-0.8 --parameters w --stepper loss.html
"""

from math import fsum, hypot, log
from pathlib import Path
from typing import Any

from tinygrad_edu import Parameter, relu, sigmoid, weighted_sum
from tinygrad_edu.nn import Neuron, binary_cross_entropy, empirical_risk, load_iris, squared_error, standardise
from tinygrad_edu.nn.figures import COLOURS, save_figure
from tinygrad_edu.nn.plots import draw_examples
from tinygrad_edu.rules import sign
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
measurements, kinds, names = load_iris()


# %% the perceptron (Rosenblatt, 1958): output sign(z); after each mistake w ← w + y x, until there is none; b is w3
def perceptron(name: str, flowers: Any, labels: list[int]) -> list[list[float]]:
    w, states, mistakes = [0.0, 0.0, 0.0], [], [-1]
    while mistakes[-1] and len(mistakes) <= 100:  # without this bound it might never end
        mistakes.append(0)
        for x, y in zip(flowers, labels, strict=True):
            if sign(weighted_sum(w, [*x, 1.0])) != y:
                w = [w_i + y * x_i for w_i, x_i in zip(w, [*x, 1.0], strict=True)]
                states.append(w)
                mistakes[-1] += 1
    print(f"{name}: {mistakes[1:6]} mistakes, {mistakes[-1]} in pass {len(mistakes) - 1}, {len(states)} in all")
    return states


[flowers] = standardise([row[:2] for row in measurements[:100]])  # length and width of sepals
targets, labels = kinds[:100], [2 * kind - 1 for kind in kinds[:100]]
lines = perceptron("setosa and versicolor", flowers, labels)
R, u = max(hypot(*x, 1.0) for x in flowers), [8.0, -5.0, 2.0]  # u divides them; γ is how far away the nearest flower is
margin = min(y * weighted_sum(u, [*x, 1.0]) for x, y in zip(flowers, labels, strict=True)) / hypot(*u)
print(f"R = {R:.3f} and γ = {margin:.3f}: at most (R/γ)² = {(R / margin) ** 2:.0f} mistakes")
[others] = standardise([row[:2] for row in measurements[50:]])  # two kinds that no line divides: some are the same
perceptron("versicolor and virginica", others, [2 * kind - 3 for kind in kinds[50:]])
print(f"{sum(x in others[50:] for x in others[:50])} flowers of versicolor have the sepals of a virginica\n")

# %% its rule is gradient descent on max(0, -y z), with a learning rate of 1, but not where it starts, at z = 0
for numbers in [-1.0, 1.0], [0.0, 0.0]:  # the first takes a long sepal for a setosa's
    w, x, y = [Parameter(number) for number in numbers], [1.0, 0.5], 1
    relu(-y * (z := weighted_sum(w, x))).backward()
    print(f"z = {z.data:4.1f}   y x = {x}   -∂max(0, -y z)/∂w = {[0.0 - w_i.grad for w_i in w]}")


def gradient_descent(name: str, w: list[float], loss: Any, examples: Any, lr: float, steps: int) -> tuple[Neuron, Any]:
    neuron, path = Neuron(len(w)), []  # the path of w1 and the loss: the ball that rolls down
    neuron.load_state_dict({"w": w, "b": 0.0})
    for step in range(steps + 1):
        risk = empirical_risk(neuron, loss, *examples)
        neuron.zero_grad()
        risk.backward()
        path.append((neuron.w[0].data, risk.data))
        if step in (0, 1, 2, 3, 10, 40, 100):
            print(f"{name}, step {step:3}   w1 {path[-1][0]:7.4f}   loss {path[-1][1]:.4f}")
        for parameter in neuron.parameters():
            parameter.data -= lr * parameter.grad
    return neuron, path


# %% logistic regression: the sigmoid makes z a probability, the cross-entropy a loss, whose gradient is (p - y) x
logistic, _ = gradient_descent("logistic regression", [0.0, 0.0], binary_cross_entropy, (flowers, targets), 1.0, 100)
logistic.zero_grad()
binary_cross_entropy(z := logistic(flowers[0]), targets[0]).backward()
print(f"∂loss/∂w1 = {logistic.w[0].grad:.6f}, (p - y) x1 = {(sigmoid(z.data) - targets[0]) * flowers[0][0]:.6f}\n")

# %% linear regression: no activation, the squared error, and as a loss a parabola
[petals] = standardise([row[2:] for row in measurements])
lengths, widths = [[x] for x, _ in petals], [y for _, y in petals]
_, path = gradient_descent("linear regression", [-0.8], squared_error, (lengths, widths), 0.3, 40)
print(f"Σxy / Σx² = {fsum(x * y for x, y in petals) / fsum(x * x for x, _ in petals):.4f}\n")

# %% a misconception: regression has as many inputs as one likes; a neuron differs from it by its activation
[pairs] = standardise([row[1:3] for row in measurements])  # width of the sepal, length of the petal
_, (*_, (_, loss)) = gradient_descent("two inputs", [0.0, 0.0], squared_error, (pairs, widths), 0.9, 40)
print(f'"A neuron differs from linear regression by having several inputs": no, this has two, for a loss of {loss:.4f}')


# %% the hyperplanes: x2 = (z - b - w1 x1) / w2 is the line where the weighted sum is z
def draw_classifiers(left: Any, right: Any) -> None:
    drawn: list[Any] = [(left, w, 0.0, {"color": "#BBBBBB", "lw": 1.0}) for w in lines[:-1]]
    drawn += [(left, lines[-1], 0.0, {"label": "after the last"})]
    w, shares = [parameter.data for parameter in logistic.parameters()], [(0.1, ":"), (0.5, "-"), (0.9, "--")]
    drawn += [(right, w, log(p / (1.0 - p)), {"ls": ls, "label": f"p(versicolor) = {p}"}) for p, ls in shares]
    for axes, (w1, w2, b), z, style in drawn:
        axes.axline((0.0, (z - b) / w2), slope=-w1 / w2, **{"color": "black", **style})
    for axes, title in [(left, "perceptron: z = 0 after each mistake"), (right, "logistic regression")]:
        draw_examples(axes, flowers, targets, names)
        axes.set(title=title, xlabel="sepal length, standardised", xlim=(-2.2, 2.8), ylabel="width", ylim=(-2.8, 5.0))
        axes.legend(loc="upper left", fontsize="small")


def draw_regression(left: Any, right: Any) -> None:
    left.scatter(lengths, widths, s=14, label="150 flowers")
    for number, style in [(0, ":"), (2, "--"), (40, "-")]:
        left.axline((0.0, 0.0), slope=path[number][0], color=COLOURS[1], ls=style, label=f"step {number}")
    left.set(title="ŷ = w x", xlabel="petal length x, standardised", ylabel="petal width y", ylim=(-1.8, 2.8))
    slopes = [i / 20.0 for i in range(-18, 57)]
    right.plot(slopes, [fsum(0.5 * (w * x - y) ** 2 for x, y in petals) / len(petals) for w in slopes])
    right.plot(*zip(*path, strict=True), "o")
    right.set(title="the ball after each step", xlabel="w", ylabel="½ mean of (w x - y)²")
    left.legend(loc="upper left", ncols=2)


figures = [(output / "hyperplanes.svg", draw_classifiers), (output / "loss_parabola.svg", draw_regression)]
pictures = [path for path in (save_figure(*figure, columns=2, size=(9.0, 4.2)) for figure in figures) if path]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
