"""XOR: what can one neuron not do, and what does a hidden layer change?

Claim: no neuron computes XOR, because its z at the corners of a square always satisfies z(0,0) + z(1,1) = z(0,1) +
z(1,0), and XOR would need the left sum negative and the right one positive. Stacked linear layers are still one linear
map: multiply them out. One hidden layer with an activation can; it moves the corners to where one line divides them.
Sources: Minsky and Papert, Perceptrons, 1969; Goodfellow et al., Deep Learning, section 6.1 (the network by hand); Qiu,
Neural Networks and Deep Learning, exercise 4-2.
"""

import random
from pathlib import Path
from typing import Any

from tinygrad_edu import save_graph, sigmoid, weighted_sum
from tinygrad_edu.nn import MLP, SGD, Module, Neuron, binary_cross_entropy, empirical_risk, fit, xor
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.nn.plots import REGION_COLOURS, draw_examples

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)
corners, classes = xor()


def train(name: str, model: Module) -> None:
    """300 steps of gradient descent, and what the model then says at the four corners."""
    optimizer = SGD(model.parameters(), lr=1.0)
    fit(model, binary_cross_entropy, xor(), optimizer=optimizer, epochs=300, seed=0, progress=False)
    report(name, model)


def report(name: str, model: Module) -> None:
    loss = empirical_risk(model, binary_cross_entropy, corners, classes).data
    probabilities = "  ".join(f"{sigmoid(model(x)).data:.3f}" for x in corners)
    print(f"{name:24} loss {loss:.4f}   p = {probabilities}")


# %% one neuron cannot: the best it finds is p = ½ everywhere, a loss of log 2
print("x1, x2                                  0 0    0 1    1 0    1 1")
print(f"XOR                                     {'      '.join(map(str, classes))}")
for seed in range(3):
    train("one neuron", Neuron(2, seed=seed))
z00, z01, z10, z11 = (Neuron(2, seed=5)(x).data for x in corners)
print(f"z of a random neuron     z(0,0) + z(1,1) = {z00 + z11:.4f} = {z01 + z10:.4f} = z(0,1) + z(1,0)\n")

# %% stacked linear layers are one linear map: multiply them out, W ← V W and b ← V b + c with each next layer
stacked = MLP(2, [3, 3, 1], activation="linear", seed=0)
generator = random.Random(0)
for parameter in stacked.parameters():
    parameter.data = generator.gauss(0.0, 1.0)
state: Any = stacked.state_dict()
W, b = state["0.weight"], state["0.bias"]
for V, c in [(state["2.weight"], state["2.bias"]), (state["4.weight"], state["4.bias"])]:
    W = [[weighted_sum(row, column) for column in zip(*W, strict=True)] for row in V]
    b = [weighted_sum(row, b, c_i) for row, c_i in zip(V, c, strict=True)]
print(f"three linear layers are  z = {W[0][0]:.4f} x1 + {W[0][1]:.4f} x2 + {b[0]:.4f}")
difference = max(abs(stacked(x).data - weighted_sum(W[0], x, b[0])) for x in [*corners, [-7.0, 3.0], [0.5, 10.0]])
print(f"                         up to {difference:.0e}")
train("three linear layers", stacked)

# %% one hidden layer with an activation can: two ReLUs suffice, here with weights found by thinking
by_hand = MLP(2, [2, 1], activation="relu")
by_hand.load_state_dict(
    {"0.weight": [[1.0, 1.0], [1.0, 1.0]], "0.bias": [0.0, -1.0], "2.weight": [[1.0, -2.0]], "2.bias": [-0.5]}
)
print(f"\nby hand, with ReLU        z = {'    '.join(f'{by_hand(x).data:4.1f}' for x in corners)}")

# %% and by gradient descent
model = MLP(2, [2, 1], activation="tanh", seed=0)
train("one hidden tanh layer", model)
model.zero_grad()
(logit := model([0.0, 1.0])).backward()
save_graph(logit, output / "xor_network.svg", "the trained network at x = (0, 1)", direction="TB")


# %% what the hidden layer does: it moves the corners to where a straight line divides the classes
def draw_plane(axes: Any, classify: Any, points: list[list[float]], coordinates: list[float]) -> None:
    """Where the logit is negative, where positive, and the four points with their classes."""
    logits = [[classify([x, y]).data for x in coordinates] for y in coordinates]
    axes.contourf(coordinates, coordinates, logits, levels=[-1e9, 0.0, 1e9], colors=REGION_COLOURS[:2])
    draw_examples(axes, points, classes, ["class 0", "class 1"], size=80.0)
    for point, (corner, dy) in zip(points, [("0 0", 6), ("0 1", 6), ("1 0", -14), ("1 1", 6)], strict=True):
        axes.annotate(corner, point, xytext=(8, dy), textcoords="offset points")


def draw(left: Any, right: Any) -> None:
    hidden, last = model.layers
    draw_plane(left, model, corners, [i / 50.0 for i in range(-25, 76)])
    left.set(title="the inputs", xlabel="x1", ylabel="x2", xticks=(0, 1), yticks=(0, 1))
    left.legend(loc="center")
    draw_plane(right, last.neurons[0], [[a.data for a in hidden(x)] for x in corners], [-1.3, 1.3])
    right.set(title="the hidden layer's activations", xlabel="a1", ylabel="a2", xticks=(-1, 0, 1), yticks=(-1, 0, 1))


save_figure(output / "xor_boundary.svg", draw, columns=2, size=(9.0, 4.2))
