"""Over-fitting: why is the smallest training loss not the best network?

Claim: twelve noisy points and a network of 37 parameters: it learns the points and their noise. The training loss falls
and falls, while the loss on points held out (validation) rises again, by a tenth or more in 19 of 20 starts. Weight
decay, the penalty ½λ‖W‖², mends it: with λ = 0.01 the curve ends nearer to the truth in 20 of 20 starts. With λ = 1 it
does not even learn the points: that is under-fitting. Early stopping, which keeps the parameters of the lowest
validation loss, ends nearer to the truth in 20 of 20 starts too.
Source: Qiu, Neural Networks and Deep Learning, sections 2.2.2, 2.4.2, 4.4 (algorithm 4.1), 7.7.1 and 7.7.3.
"""

import math
import random
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tinygrad_edu import static_graph
from tinygrad_edu.nn import MLP, Adam, l2_penalty, squared_error
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
SEEDS, EPOCHS, EVERY = range(20), 300, 20
grid = [-3.0 + 6.0 * i / 29.0 for i in range(30)]


# %% data: 12 points of the sine to learn from, 30 to validate, both with noise; the truth, to judge by at the end
class Data(NamedTuple):
    train: list[Any]
    validation: list[Any]
    truth: list[Any]


def sample(seed: int) -> Data:
    generator = random.Random(seed)
    xs = [[-3.0 + 6.0 * i / 11.0 for i in range(12)], [generator.uniform(-3.0, 3.0) for _ in range(30)], grid]
    return Data(*[[([x], math.sin(x) + generator.gauss(0.0, noise), float(len(part))) for x in part]
                  for part, noise in zip(xs, (0.7, 0.7, 0.0), strict=True)])  # fmt: skip


# %% training, with λ; every 20 epochs the three losses are noted
class Course(NamedTuple):
    losses: list[list[float]]  # of training, validation and truth
    size: float  # ‖W‖ at the end
    curve: list[float]

    def early(self) -> list[float]:
        """The losses where that of validation is the lowest."""
        return min(self.losses, key=lambda losses: losses[1])


def train(seed: int, decay: float) -> Course:
    data, losses = sample(seed), []
    model = MLP(1, [12, 1], activation="tanh", seed=seed)
    optimizer, weights = Adam(model.parameters(), lr=0.1), model.weights()
    risk = static_graph(lambda x, y, n: squared_error(model(x), y) / n, model.parameters())
    for epoch in range(EPOCHS + 1):
        if epoch % EVERY == 0:
            losses.append([risk.batch(part) for part in data])
        optimizer.zero_grad()
        risk.batch(data.train)
        for w in weights:
            w.grad += decay * w.data  # the gradient of the penalty, below
        optimizer.step()
    return Course(losses, math.hypot(*[w.data for w in weights]), [model([x]).data for x in grid])


model = MLP(1, [12, 1], activation="tanh", seed=0)
l2_penalty(model.weights(), 0.01).backward()
difference = max(abs(w.grad - 0.01 * w.data) for w in model.weights())
print(f"the gradient of ½λ‖W‖² is λW, up to {difference:.0e}; {len(model.parameters())} parameters, 12 points\n")

print("medians of 20 starts    training loss   validation loss   distance from the truth    ‖W‖")
courses: dict[str, list[Course]] = {}
for name, decay in {"λ = 0": 0.0, "λ = 0.01": 0.01, "λ = 1": 1.0}.items():
    courses[name] = [train(seed, decay) for seed in SEEDS]
    medians = [median(numbers) for numbers in zip(*[one.losses[-1] for one in courses[name]], strict=True)]
    size = median(one.size for one in courses[name])
    print(f"{name:20}{medians[0]:17.4f}{medians[1]:18.4f}{medians[2]:26.4f}{size:7.2f}")
medians = [median(numbers) for numbers in zip(*[one.early() for one in courses["λ = 0"]], strict=True)]
print(f"{'λ = 0, stopped early':20}{medians[0]:17.4f}{medians[1]:18.4f}{medians[2]:26.4f}")

# %% in how many of the 20 starts
free, decayed, flat = courses.values()
falls = sum(one.losses[-1][0] < one.early()[0] for one in free)
rises = sum(one.losses[-1][1] > 1.1 * one.early()[1] for one in free)
nearer = sum(two.losses[-1][2] < one.losses[-1][2] for one, two in zip(free, decayed, strict=True))
stopped = sum(one.early()[2] < one.losses[-1][2] for one in free)
under = sum(one.losses[-1][0] > 2.0 * two.losses[-1][0] for one, two in zip(flat, decayed, strict=True))
print(f"\nafter the lowest validation loss, the training loss goes on falling: in {falls} of 20 starts")
print(f"from there the validation loss rises by a tenth or more:             in {rises} of 20 starts")
print(f"λ = 0.01 ends nearer to the truth than λ = 0:                        in {nearer} of 20 starts")
print(f"early stopping ends nearer to the truth than going on:               in {stopped} of 20 starts")
print(f"λ = 1 under-fits: more than twice the training loss of λ = 0.01:     in {under} of 20 starts")


# %% the losses over the epochs, and what one network makes of its points
shown = max(SEEDS, key=lambda i: free[i].losses[-1][2] - decayed[i].losses[-1][2])  # where λ helps most


def draw(left: Any, right: Any) -> None:
    epochs = range(0, EPOCHS + 1, EVERY)
    for name in ("λ = 0", "λ = 0.01"):
        for part, label in enumerate(("training", "validation")):
            left.plot(epochs, [median(c.losses[i][part] for c in courses[name]) for i in range(len(epochs))],
                      label=f"{label}, {name}")  # fmt: skip
    left.set(title="medians of 20 starts", xlabel="epoch", ylabel="loss", ylim=(0.0, 0.6))
    right.plot(grid, [math.sin(x) for x in grid], color="#888888", ls="-", lw=4.0, alpha=0.5, label="the truth")
    for name, several in courses.items():
        right.plot(grid, several[shown].curve, label=name)
    points = sample(shown).train
    right.plot([x for (x,), _, _ in points], [y for _, y, _ in points], "ko", label="12 points")
    right.set(title="the start in which λ helps most", xlabel="x", ylabel="y", ylim=(-3.0, 3.0))
    left.legend(fontsize="small")
    right.legend(fontsize="small")


pictures = [*filter(None, [save_figure(output / "overfitting.svg", draw, columns=2, size=(9.0, 4.0))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
