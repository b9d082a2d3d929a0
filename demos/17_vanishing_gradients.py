"""Vanishing gradients: why did deep networks not learn, and what helps?

Claim: a gradient is a product with a factor per layer, and over ten layers it vanishes or explodes unless the factor is
about 1. Logistic neurons, with a slope of at most 0.25, leave less than a millionth of it; tanh and ReLU keep it, if
the weights start in the right size (Xavier, He): halved or doubled, the gradients are a hundred times too small or a
million times too large, and batch normalisation mends both. A ReLU that is active for no example has no gradient and
stays dead, where a LeakyReLU comes back. And inputs that are all positive give all weights of a neuron gradients of one
sign: it zigzags, on a way twice as long.
Source: Qiu, Neural Networks and Deep Learning, sections 4.1, 4.6, 7.3 and 7.5, and exercise 4-1.
"""

import math
import random
from pathlib import Path
from typing import Any

from tinygrad_edu import Parameter, relu, sigmoid, tanh, weighted_sum
from tinygrad_edu.nn import SGD, BatchNorm, Layer, Neuron, empirical_risk, mean, squared_error
from tinygrad_edu.nn.figures import MARKERS, save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)
DEPTH, WIDTH, HE = 10, 10, math.sqrt(2.0)
generator = random.Random(0)
batch = [[generator.gauss(0.0, 1.0) for _ in range(WIDTH)] for _ in range(8)]


# %% the gradient of each layer's weights, in a network that has learned nothing yet
def gradient_norms(activation: Any, size: float, normalise: bool = False) -> list[float]:
    """‖∂L/∂W‖ of every layer, the first one first, where the weights have `size` times Xavier's size."""
    layers = [Layer(WIDTH, WIDTH, seed=i) for i in range(DEPTH)]
    activations: Any = batch
    for layer in layers:
        for w in layer.weights():
            w.data *= size
        zs: Any = [layer(x) for x in activations]
        if normalise:  # each neuron's z over the batch
            zs = list(zip(*[BatchNorm()(column) for column in zip(*zs, strict=True)], strict=True))
        activations = [[activation(z) for z in row] for row in zs]
    loss = mean([squared_error(a, [1.0] * WIDTH) for a in activations])
    loss.backward()
    return [math.hypot(*[w.grad for w in layer.weights()]) for layer in layers]


activation_norms = {
    "logistic": gradient_norms(sigmoid, 1.0),
    "tanh": gradient_norms(tanh, 1.0),
    "ReLU": gradient_norms(relu, HE),  # half of the inputs of a ReLU are lost: He's weights are √2 times Xavier's
}
# With ReLU all layers are alike: what the error terms lose on the way back, the activations lost on the way there.
size_norms = {
    "He × 2": gradient_norms(relu, 2.0 * HE),
    "He × 2, batch norm": gradient_norms(relu, 2.0 * HE, normalise=True),
    "He × ½, batch norm": gradient_norms(relu, HE / 2.0, normalise=True),
    "He": gradient_norms(relu, HE),
    "He × ½": gradient_norms(relu, HE / 2.0),
}
rows = [["norm of the gradient in layer", *(f"{layer:10}" for layer in (1, 4, 7, 10))]]
for name, norms in {**activation_norms, **{f"ReLU, {name}": norms for name, norms in size_norms.items()}}.items():
    rows.append([name, *(f"{norm:10.1e}" for norm in norms[::3])])
print("\n".join(columns(rows)))

# %% a dead ReLU: z = x - 2 is negative for every x of 0 … 1; the line to learn is y = x
xs = [[i / 10.0] for i in range(11)]
losses: dict[str, list[float]] = {"relu": [], "leaky_relu": []}
for name in losses:
    neuron = Neuron(1, name)
    neuron.w[0].data, neuron.b.data = 1.0, -2.0
    sgd = SGD(neuron.parameters(), lr=0.5)
    for _ in range(500):
        sgd.zero_grad()
        loss = empirical_risk(neuron, squared_error, xs, [x for (x,) in xs])
        loss.backward()
        losses[name].append(loss.data)
        sgd.step()
    print(f"{name:11}loss {losses[name][0]:.4f} in step 1, {losses[name][-1]:.4f} in step 500")

# %% not zero-centred: ∂L/∂wᵢ = δ xᵢ has the sign of δ for every i, so w can only go up-right or down-left
points = [[generator.uniform(0.0, 1.0), generator.uniform(0.0, 1.0)] for _ in range(400)]
walks: dict[str, list[tuple[float, float]]] = {}
rows = []
for name, centre in {"from 0 to 1": 0.0, "from -½ to ½": 0.5}.items():
    ws, one_sign = [Parameter(-1.0, "w1"), Parameter(1.0, "w2")], 0
    walks[name], sgd = [(-1.0, 1.0)], SGD(ws, lr=0.5)
    for x1, x2 in points:
        inputs = [x1 - centre, x2 - centre]
        sgd.zero_grad()
        squared_error(weighted_sum(ws, inputs), inputs[0] - inputs[1]).backward()  # the best weights are (1, -1)
        one_sign += ws[0].grad * ws[1].grad >= 0.0
        sgd.step()
        walks[name].append((ws[0].data, ws[1].data))
    way = math.fsum(math.dist(*step) for step in zip(walks[name], walks[name][1:], strict=False))
    signs = f"gradients of one sign in {one_sign / len(points):.0%} of the steps"
    end = f"({ws[0].data:.3f}, {ws[1].data:.3f})"
    rows.append([f"inputs {name:13}", f"{signs}, a way of {way:.2f} to {end}"])
print("\n".join(line.rstrip() for line in columns(rows)))


# %% all of it as curves
def draw_norms(*panels: Any) -> None:
    for axes, curves in zip(panels, [activation_norms, size_norms], strict=True):
        for (name, norms), marker in zip(curves.items(), MARKERS, strict=False):
            axes.semilogy(range(1, DEPTH + 1), norms, marker=marker, label=name)
        axes.set(xlabel="layer", ylabel="norm of ∂L/∂W", xticks=range(1, DEPTH + 1))
        axes.legend(ncols=2)
    panels[0].set(title="activation functions", ylim=(1e-7, 1e3))
    panels[1].set(title="ReLU: the size of the first weights", ylim=(1e-3, 1e10))


def draw_losses_and_walks(left: Any, right: Any) -> None:
    for name, values in losses.items():
        left.plot(range(1, 501), values, label=name)
    for name, walk in walks.items():
        right.plot(*zip(*walk, strict=True), label=f"inputs {name}")
    left.set(title="a dead ReLU beside a leaky one", xlabel="step", ylabel="loss")
    right.set(title="the weights' way from (-1, 1) to (1, -1)", xlabel="w1", ylabel="w2", xticks=(-1, 0, 1))
    left.legend()
    right.legend()


save_figure(output / "vanishing_gradients.svg", draw_norms, columns=2, size=(9.0, 4.0))
save_figure(output / "dead_relu_and_zigzag.svg", draw_losses_and_walks, columns=2, size=(9.0, 4.0))
