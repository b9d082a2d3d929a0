"""A neuron: is `Neuron` more than + and *?

Claim: no. z = Σ wᵢ xᵢ + b written with + and * gives the same output and the same gradients as `Neuron`, whose
weighted sum is one node of the graph. The numbers are those of Stanford's CS231n course: output 0.7311, gradients
-0.1966, -0.3932 and 0.1966. z is a plane over the inputs: it is 0 on a line, to which w is the normal, and z / ‖w‖ is
how far an input is from that line. As McCulloch and Pitts had it in 1943 a neuron fires where Σ wᵢ xᵢ exceeds a
threshold θ, which is a bias of -θ: it is a logic gate; a negative weight inhibits, which makes NOT. But a step is flat,
and no gradient tells how to change its weights. Source: Qiu, Neural Networks and Deep Learning, section 4.1.
"""

from collections.abc import Callable
from itertools import product
from math import hypot
from pathlib import Path
from typing import Any

from tinygrad_edu import Parameter, Value, save_graph, sigmoid
from tinygrad_edu.nn import Neuron
from tinygrad_edu.nn.figures import COLOURS, save_figure
from tinygrad_edu.rules import step
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% built of + and *
x1, x2 = Value(-1.0, "x1"), Value(-2.0, "x2")
w1, w2, b = Parameter(2.0, "w1"), Parameter(-3.0, "w2"), Parameter(-3.0, "b")
z = w1 * x1 + w2 * x2 + b
a = sigmoid(z)
z.label, a.label = "z", "a"

a.backward()
by_hand = [w1.grad, w2.grad, b.grad]
pictures = [
    save_graph(a, output / "neuron_of_plus_and_times.svg", "a neuron built of + and *", direction="TB"),
    save_graph(a, output / "neuron_as_in_textbooks.svg", "the same, as textbooks draw it", style="network"),
]

# %% the same as a Neuron
neuron = Neuron(2, activation="sigmoid")
neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0

activation = neuron([-1.0, -2.0])
activation.backward()
by_neuron = [parameter.grad for parameter in neuron.parameters()]
pictures.append(save_graph(activation, output / "neuron.svg", "Neuron: the weighted sum is one node"))

# %% side by side
print(f"               + and *    Neuron\noutput         {a.data:7.4f}   {activation.data:7.4f}")
for name, one, other in zip(["w1", "w2", "b"], by_hand, by_neuron, strict=True):
    print(f"∂a/∂{name:2}         {one:7.4f}   {other:7.4f}")


# %% z is a plane: from x go z / ‖w‖ against w, and z is 0; from there along the line, at a right angle to w: still 0
def plane(x1: float, x2: float) -> float:
    return w1.data * x1 + w2.data * x2 + b.data


length = hypot(w1.data, w2.data)
distance = plane(-1.0, -2.0) / length
foot1, foot2 = -1.0 - distance * w1.data / length, -2.0 - distance * w2.data / length
print(f"\nx is {z.data:g} / {length:.4f} = {distance:.4f} from the line;", end=" ")
print(f"there z = {abs(plane(foot1, foot2)):.4f}, along it z = {abs(plane(foot1 - w2.data, foot2 + w1.data)):.4f}")

# %% the M-P neuron: it fires where the weighted sum exceeds a threshold; an input with a negative weight inhibits
GATES = {"x1 and x2": (1.0, 1.0, 1.5), "x1 or x2": (1.0, 1.0, 0.5), "not x1": (-1.0, 0.0, -0.5)}
GATES |= {"x1, unless x2": (1.0, -1.0, 0.5)}  # excitation and inhibition
print("\nx1 x2             w1  w2     θ   0 0   0 1   1 0   1 1")
for name, (weight1, weight2, threshold) in GATES.items():
    gate = Neuron(2, activation=step)
    gate.w[0].data, gate.w[1].data, gate.b.data = weight1, weight2, -threshold
    outputs = [gate([x1, x2]) for x1, x2 in product((0.0, 1.0), repeat=2)]
    print(f"{name:16}{weight1:4g}{weight2:4g}{threshold:6g}" + "".join(f"{a.data:6g}" for a in outputs))
outputs[1].backward()
print(f"∂output/∂w      {gate.w[0].grad:4g}{gate.w[1].grad:4g}")


# %% the plane with its normal, and σ of it
def draw(left: Any, right: Any) -> None:
    points = list(product([i / 2.0 for i in range(-6, 7)], repeat=2))
    line = [(x1, -(w1.data * x1 + b.data) / w2.data) for x1 in (-3.0, 3.0)]
    functions: list[Callable[[float], float]] = [lambda z: z, sigmoid]
    for axes, f, title in zip((left, right), functions, ("z = w x + b", "a = σ(z)"), strict=True):
        axes.computed_zorder = False  # one above the other as they are drawn here
        surface = zip(*[(*x, f(plane(*x))) for x in points], strict=True)
        axes.plot_trisurf(*surface, color=COLOURS[0], alpha=0.5, zorder=1)
        axes.plot(*zip(*line, strict=True), [f(0.0)] * 2, color=COLOURS[1], label="z = 0, a = ½", zorder=2)
        arrow = 0.0, -1.0, f(0.0), w1.data, w2.data, 0.0
        axes.quiver(*arrow, color="black", label="the normal w", zorder=3, arrow_length_ratio=0.1)
        axes.set(title=title, xlabel="x1", ylabel="x2")
        axes.view_init(elev=30.0, azim=60.0)
    left.legend()


figure = save_figure(output / "plane_and_sigma.svg", draw, columns=2, size=(9.0, 4.5), projection="3d")
pictures += [figure] if figure else []
print(f"\nwrote {', '.join(map(str, pictures))}")
