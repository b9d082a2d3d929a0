"""Training: what does a network learn, step by step, from 150 flowers?

Claim: a loop of five lines (forward, zero_grad, backward, update) teaches an MLP to tell three kinds of iris apart from
four measurements, with nothing but Values: the loss falls, and of the flowers that it was trained with, 96 of 100 or
more are recognised, in 20 of 20 starts. Of flowers never seen that says nothing: lesson 14 keeps some back.
"""

from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from tinygrad_edu import log_softmax, save_graph
from tinygrad_edu.nn import MLP, SGD, cross_entropy, fit, load_iris, one_hot

output = Path("output")
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


def accuracy(model: MLP) -> float:
    """The share of flowers, of those it is trained with, whose greatest output is that of the right class."""
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
        print(f"epoch {epoch:3}   loss {loss.data:.4f}   accuracy {accuracy(model):.1%}")

# %% the same from 20 starts, by `fit`: all flowers at once, 100 times
examples = flowers, [one_hot(k, 3) for k in classes]
reached = []
for seed in range(20):
    start = MLP(4, [6, 3], activation="tanh", seed=seed)
    sgd = SGD(start.parameters(), lr=0.5)
    fit(start, cross_entropy, examples, optimizer=sgd, epochs=100, batch_size=150, progress=False, static=True)
    reached.append(accuracy(start))
print(f"96 of 100 or more of the flowers it was trained with in {sum(a > 0.96 for a in reached)} of 20 starts")

# %% one neuron with its gradients, for one flower
hidden = model.layers[0](flowers[100])
logits = model.layers[1](hidden)
loss = -log_softmax(logits)[classes[100]]
model.zero_grad()
loss.backward()
title = "a hidden neuron; its gradients are those of the loss for one flower"
picture = output / "iris_neuron.svg"
pictures = [save_graph(hidden[0], picture, title, weights="arrows", direction="TB")]
print(f"\nwrote {', '.join(map(str, pictures))}")
