"""Training: what does a network learn, step by step, from 150 flowers?

Claim: a loop of five lines (forward, zero_grad, backward, update) teaches an MLP to tell three kinds of iris apart from
four measurements, with nothing but Values: the loss falls, and about 97 of 100 flowers are recognised.
"""

from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from tinygrad_edu import log_softmax, save_graph
from tinygrad_edu.nn import MLP, load_iris

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)

# %% data: each measurement shifted and scaled to mean 0 and standard deviation 1
measurements, classes, names = load_iris()
columns = list(zip(*measurements, strict=True))
scales = [(fmean(column), pstdev(column)) for column in columns]
flowers = [[(x - mean) / deviation for x, (mean, deviation) in zip(row, scales, strict=True)] for row in measurements]

# %% model and loss
model = MLP(4, [6, 3], activation="tanh", seed=0)


def mean_loss() -> Any:
    """The mean of -log p(right class) over all flowers (cross-entropy)."""
    return sum(-log_softmax(model(x))[y] for x, y in zip(flowers, classes, strict=True)) / len(flowers)


def accuracy() -> float:
    """The share of flowers whose greatest output is that of the right class."""
    outputs = [[output.data for output in model(x)] for x in flowers]
    return sum(z.index(max(z)) == y for z, y in zip(outputs, classes, strict=True)) / len(flowers)


# %% training
for epoch in range(1, 101):
    loss = mean_loss()
    model.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        parameter.data -= 0.5 * parameter.grad
    if epoch in (1, 2, 5, 10, 20, 50, 100):
        print(f"epoch {epoch:3}   loss {loss.data:.4f}   accuracy {accuracy():.1%}")

# %% one neuron with its gradients, for one flower
hidden = model.layers[0](flowers[100])
logits = model.layers[1](hidden)
loss = -log_softmax(logits)[classes[100]]
model.zero_grad()
loss.backward()
title = "a hidden neuron; its gradients are those of the loss for one flower"
save_graph(hidden[0], output / "iris_neuron.svg", title, weights="arrows", direction="TB")
