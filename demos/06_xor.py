"""XOR: what can one neuron not do, and what does a hidden layer change?

Claim: no neuron with a threshold, or with a monotonic activation, computes XOR: its z at the corners of a square always
satisfies z(0,0) + z(1,1) = z(0,1) + z(1,0), and for XOR both terms on the left would have to be less than both on the
right, or greater. (One with sin does.) Stacked linear layers are still one linear map: multiply them out. One hidden
layer that is not linear can: it moves the corners to where a line divides them. It is counted from how many starts
training finds that. Sources: Minsky and Papert, Perceptrons, 1969; Goodfellow et al., Deep Learning, section 6.1 (the
network by hand); Qiu, Neural Networks and Deep Learning, section 4.1 ("monotonic???") and exercise 4-2.
"""

from math import pi
from pathlib import Path
from typing import Any

from tinygrad_edu import save_graph, sin, weighted_sum
from tinygrad_edu.nn import MLP, SGD, Neuron, binary_cross_entropy, empirical_risk, fit, squared_error, xor
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.nn.plots import REGION_COLOURS, draw_examples
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
corners, classes = xor()


def train(name: str, sizes: list[int], activation: Any) -> list[MLP]:
    """Train 20 networks, of seeds 0 to 19, by 300 steps of gradient descent; return those that learned XOR."""
    models = [MLP(2, sizes, activation, seed=seed) for seed in range(20)]
    losses = [descend(model, binary_cross_entropy, classes, lr=1.0) for model in models]
    learned = [model for model in models if [int(model(x).data > 0.0) for x in corners] == classes]
    print(f"{name:24} loss {min(losses):.4f} to {max(losses):.4f}   XOR learned from {len(learned):2} of 20 starts")
    return learned


def descend(model: MLP, loss: Any, targets: Any, lr: float) -> Any:
    optimizer = SGD(model.parameters(), lr)
    fit(model, loss, (corners, targets), optimizer=optimizer, epochs=300, seed=0, progress=False, static=True)
    return empirical_risk(model, loss, corners, targets).data


# %% one neuron cannot: the best it finds is p = ½ everywhere, a loss of log 2 = 0.6931
train("one neuron", [1], "linear")
z00, z01, z10, z11 = (Neuron(2, seed=5)(x).data for x in corners)
print(f"z of a random neuron     z(0,0) + z(1,1) = {z00 + z11:.4f} = {z01 + z10:.4f} = z(0,1) + z(1,0)")

# %% one whose activation goes up and down again can
wave = Neuron(2, sin)
wave.load_state_dict({"w": [pi / 2.0, pi / 2.0], "b": 0.0})
print(f"sin(π/2 x1 + π/2 x2)     a = {'    '.join(f'{wave(x).data:4.1f}' for x in corners)}\n")

# %% stacked linear layers are one linear map: multiply them out, W ← V W and b ← V b + c with each next layer
stacked = MLP(2, [3, 3, 1], activation="linear", seed=0)
state: Any = stacked.state_dict() | {"0.bias": [1.0, -2.0, 0.5], "2.bias": [0.3, 0.2, 0.1], "4.bias": [-1.0]}
stacked.load_state_dict(state)
W, b = state["0.weight"], state["0.bias"]
for V, c in [(state["2.weight"], state["2.bias"]), (state["4.weight"], state["4.bias"])]:
    W = [[weighted_sum(row, column) for column in zip(*W, strict=True)] for row in V]
    b = [weighted_sum(row, b, c_i) for row, c_i in zip(V, c, strict=True)]
print(f"three linear layers are  z = {W[0][0]:.4f} x1 + {W[0][1]:.4f} x2 + {b[0]:.4f}")
difference = max(abs(stacked(x).data - weighted_sum(W[0], x, b[0])) for x in [*corners, [-7.0, 3.0], [0.5, 10.0]])
print(f"                         up to {difference:.0e}")
train("three linear layers", [3, 3, 1], "linear")

# %% a misconception: not gradient descent fails with a linear activation, but the network, and only if the task bends
models = [MLP(2, [3, 3, 1], "linear", seed=seed) for seed in range(20)]
task = [x1 - 2.0 * x2 + 1.0 for x1, x2 in corners]
learned = sum(descend(model, squared_error, task, lr=0.1) < 1e-6 for model in models)
print('"Gradient descent fails with a linear activation": no, it learns what is linear,', end=" ")
print(f"x1 - 2 x2 + 1 from {learned} of 20 starts\n")

# %% one hidden layer with an activation can: two ReLUs suffice, here with weights found by thinking
by_hand = MLP(2, [2, 1], activation="relu")
by_hand.load_state_dict(
    {"0.weight": [[1.0, 1.0], [1.0, 1.0]], "0.bias": [0.0, -1.0], "2.weight": [[1.0, -2.0]], "2.bias": [-0.5]}
)
print(f"by hand, with ReLU        z = {'    '.join(f'{by_hand(x).data:4.1f}' for x in corners)}")

for i, neuron in enumerate(by_hand.layers[0].neurons, start=1):
    print(f"its hidden neuron {i}      a{i} = {'    '.join(f'{neuron(x).data:4.1f}' for x in corners)}")
print("a distributed representation: neither a1 nor a2 alone tells the classes apart, the pattern of both does")

# %% a misconception: W can turn, shear and project as well; here two corners come to lie on each other
moved = [[a.data for a in by_hand.layers[0](x)] for x in corners[1:3]]
print(f'"Affine means shift and scale": no, it moves {corners[1]} and {corners[2]} to', *moved, end="\n\n")

# %% and by gradient descent, from some starts: the others end in a local minimum or on a plateau
train("two hidden ReLUs", [2, 1], "relu")
train("four hidden tanh", [4, 1], "tanh")
model, *_ = train("two hidden tanh", [2, 1], "tanh")
model.zero_grad()
(logit := model([0.0, 1.0])).backward()
pictures: list[Any] = [save_graph(logit, output / "xor_network.svg", "a trained network at x = (0, 1)", direction="TB")]


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


pictures += filter(None, [save_figure(output / "xor_boundary.svg", draw, columns=2, size=(9.0, 4.2))])
print(f"\nwrote {', '.join(map(str, pictures))}")
