"""Vanishing gradients: why did deep networks not learn, and what helps?

Claim: a gradient is a product with a factor per layer: over ten layers it vanishes or explodes unless that is about 1.
Logistic neurons, of slope ¼ at most, leave about a millionth of it from weights of tanh's size, some thousandths from
weights 4 times as large, with which a logistic `Neuron` starts; tanh and ReLU keep it. Half or twice He's size spoils
it a hundred or a million times. Batch normalisation makes that size matter no more, and mends the logistic network; but
with ReLU gradients then grow by a third a layer, from any start (Yang et al., 2019). One outlier kills a ReLU for good,
a LeakyReLU for 500 steps at least. Inputs that are all positive give a neuron's weights gradients of one sign: it
zigzags, on a way twice as long, and bears a seventh of the learning rate that centred ones bear.
Sources: Qiu, Neural Networks and Deep Learning, sections 4.1, 4.6, 7.3, 7.5, exercise 4-1; LeCun, Kanter, Solla, 1990.
"""

import math
import random
from pathlib import Path
from statistics import fmean, median
from typing import Any

from tinygrad_edu import Parameter, relu, sigmoid, tanh, weighted_sum
from tinygrad_edu.nn import SGD, BatchNorm, Layer, Neuron, fit, mean, squared_error
from tinygrad_edu.nn.figures import MARKERS, save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
DEPTH, WIDTH, HE = 10, 10, math.sqrt(2.0)  # half of the inputs of a ReLU are lost: He's weights are √2 times Xavier's


# %% ‖∂L/∂W‖ of every layer, the first one first, of networks that have learned nothing; `size` in times Xavier's
def gradient_norms(activation: Any, size: float, normalise: bool, seed: int) -> list[float]:
    generator = random.Random(seed)
    layers = [Layer(WIDTH, WIDTH, seed=generator) for _ in range(DEPTH)]
    activations: Any = [[generator.gauss(0.0, 1.0) for _ in range(WIDTH)] for _ in range(8)]
    for layer in layers:
        for w in layer.weights():
            w.data *= size
        zs: Any = [layer(x) for x in activations]
        if normalise:  # each neuron's z over the batch
            zs = list(zip(*[BatchNorm()(column) for column in zip(*zs, strict=True)], strict=True))
        activations = [[activation(z) for z in row] for row in zs]
    mean([squared_error(a, [1.0] * WIDTH) for a in activations]).backward()
    return [math.hypot(*[w.grad for w in layer.weights()]) for layer in layers]


NETWORKS: dict[str, tuple[Any, float, bool]] = {
    **{f"logistic, size {n}{', batch norm' * bn}": (sigmoid, n, bn) for n, bn in ((1, False), (4, False), (1, True))},
    "tanh": (tanh, 1.0, False),
    **{f"ReLU, He{text}": (relu, HE * size, False) for text, size in (("", 1.0), (" × 2", 2.0), (" × ½", 0.5))},
    **{f"ReLU, He{text}, batch norm": (relu, HE * size, True) for text, size in ((" × 2", 2.0), (" × ½", 0.5))},
}
norms: dict[str, list[float]] = {}
rows = [["‖∂L/∂W‖ in layer", *(f"{layer:10}" for layer in (1, 4, 7, 10)), "   factor for each layer back"]]
for name, network in NETWORKS.items():
    starts = [gradient_norms(*network, seed) for seed in range(3)]
    norms[name] = [median(layer) for layer in zip(*starts, strict=True)]
    factors = f"{median((start[0] / start[-1]) ** (1.0 / (DEPTH - 1)) for start in starts):10.2f}"
    rows.append([name, *(f"{norm:10.1e}" for norm in norms[name][::3]), factors])
print("medians of three networks\n" + "\n".join(line.rstrip() for line in columns(rows)) + "\n")

# %% the death of a ReLU: the line to learn is y = x; step 101 meets one outlier, x = 30 with the target 0
line = [[i / 10.0] for i in range(11)], [i / 10.0 for i in range(11)]
for name in ("relu", "leaky_relu"):
    neuron, step = Neuron(1, name), 0
    neuron.w[0].data, sgd = 0.5, SGD(neuron.parameters(), lr=0.1)
    for examples, epochs in ((line, 100), (([[30.0]], [0.0]), 1), (line, 500)):
        fit(neuron, squared_error, examples, optimizer=sgd, epochs=epochs, batch_size=11, static=True, progress=False)
        active, step = sum(neuron(x).data > 0.0 for x in line[0]), step + epochs
        print(f"{name:11}after step {step:3}   w = {neuron.w[0].data:6.2f}, active for {active:2} of 11")

# %% not zero-centred: ∂L/∂wᵢ = δ xᵢ has the sign of δ for every i, so w goes up-right or down-left. Best is (1, -1)
points = [[generator.random(), generator.random()] for generator in [random.Random(0)] for _ in range(400)]
INPUTS = {"0 to 1": points, "-½ to ½": [[a - 0.5, b - 0.5] for a, b in points]}
normal = map(BatchNorm(), zip(*points, strict=True))
INPUTS["0 to 1, batch norm"] = [[a.data, b.data] for a, b in zip(*normal, strict=True)]


def descend(batches: Any, lr: float) -> list[tuple[float, float]]:
    ws, way = [Parameter(-1.0, "w1"), Parameter(1.0, "w2")], [(-1.0, 1.0)]
    sgd = SGD(ws, lr)
    for batch in batches:
        sgd.zero_grad()
        mean([squared_error(weighted_sum(ws, x), x[0] - x[1]) for x in batch]).backward()
        sgd.step()
        way.append((ws[0].data, ws[1].data))
    return way


rows, ways = [["inputs", "moves of one sign", "way", "curvatures", "greatest rate", "steps at the best rate"]], {}
for name, inputs in INPUTS.items():
    a, b, d = (fmean(x[i] * x[j] for x in inputs) for i, j in ((0, 0), (0, 1), (1, 1)))  # the Hessian [[a, b], [b, d]]
    middle, radius = (a + d) / 2.0, math.hypot((a - d) / 2.0, b)
    ways[name] = descend([[x] for x in inputs], 0.15 / middle)  # one example at a time
    moves = [(u - w, v - z) for (w, z), (u, v) in zip(ways[name], ways[name][1:], strict=False) if u != w and v != z]
    share, length = sum(u * v > 0.0 for u, v in moves) / len(moves), math.fsum(math.hypot(*move) for move in moves)
    steps = sum(math.dist(w, (1.0, -1.0)) > 0.01 for w in descend([inputs] * 30, 1.0 / middle))  # all examples at once
    curvatures, rate = f"{middle + radius:.3f}, {middle - radius:.3f}", f"{2.0 / (middle + radius):.1f}"
    rows.append([name, f"{share:.0%}", f"{length:.2f}", curvatures, rate, str(steps)])
print("\n" + "\n".join(text.rstrip() for text in columns([[f"{cell}   " for cell in row] for row in rows])))


# %% all of it as curves
def draw_norms(*panels: Any) -> None:
    for axes, part, title in zip(panels, (slice(5), slice(4, 9)), ("activation", "size of the weights"), strict=True):
        for name, marker in zip(list(norms)[part], MARKERS, strict=False):
            axes.semilogy(range(1, DEPTH + 1), norms[name], marker=marker, label=name)
        axes.set(title=title, xlabel="layer", ylabel="norm of ∂L/∂W", xticks=range(1, DEPTH + 1), ylim=(1e-7, 1e13))
        axes.legend(fontsize="small")


def draw_ways(axes: Any) -> None:
    for name in list(ways)[:2]:
        axes.plot(*zip(*ways[name], strict=True), label=f"inputs {name}")
    axes.set(title="the weights' way from (-1, 1) to (1, -1)", xlabel="w1", ylabel="w2", xticks=(-1, 0, 1))
    axes.legend()


by_layer = save_figure(output / "vanishing_gradients.svg", draw_norms, columns=2, size=(9.0, 4.0))
pictures = [*filter(None, [by_layer, save_figure(output / "zigzag.svg", draw_ways, size=(5.0, 4.0))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
