"""The training algorithm: how do data, loss, gradients and updates come together, and when does it end?

Claim: algorithm 4.1 (Qiu, Neural Networks and Deep Learning, section 4.4) takes a dozen lines, and `fit` is the same
algorithm: from the same start and in the same order it stops in the same epoch, with the same parameters to 1e-12.
The book stops where the error rate on the validation set no longer falls, this lesson where the loss does not: the rate
of 30 examples moves in steps of 1/30, stands still, and stops this training in epoch 6, not in 31. What the algorithm
cannot choose is the learning rate: too small, and after 20 epochs more than half of the loss is left; too large, and it
ends more than ten times as high as with the right one, in 20 of 20 starts. Lesson 15 is about λ.
"""

import math
import random
from pathlib import Path
from statistics import median
from typing import Any

from tinygrad_edu import static_graph
from tinygrad_edu.nn import MLP, SGD, accuracy, cross_entropy, empirical_risk, fit, load_iris, one_hot, standardise
from tinygrad_edu.nn import train_test_split as split
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% input: training set D, validation set V (and a test set, looked at once, at the end), α and λ
measurements, classes, _ = load_iris()
train, held_out = split(measurements, classes, test_size=0.4, seed=0)
validation, test = split(*held_out, test_size=0.5, seed=0)
rows = standardise(train[0], validation[0], test[0])
train, validation, test = (rows[0], train[1]), (rows[1], validation[1]), (rows[2], test[1])
ALPHA, LAMBDA = 0.05, 0.002
PATIENCE = 5  # "no longer falls": not in so many epochs


# %% algorithm 4.1; the numbers are those of its lines
model = MLP(4, [6, 3], activation="tanh", seed=0)                   # 1  initialise W and b at random
weights = set(model.weights())
generator = random.Random(0)
epoch, best_epoch, lowest_error, best_state = 0, 0, math.inf, model.state_dict()
print("epoch  training loss  validation error")
while epoch - best_epoch < PATIENCE:                                # 2  repeat, 13  until V's error no longer falls
    epoch, total = epoch + 1, 0.0
    order = list(range(len(train[0])))
    generator.shuffle(order)                                        # 3  shuffle D
    for n in order:                                                 # 4  for each n
        x, y = train[0][n], train[1][n]                             # 5  take an example (x, y) of D
        loss = cross_entropy(model(x), y)                           # 6  forward: z and a of every layer
        model.zero_grad()
        loss.backward()                                             # 7  backward: δ; 8, 9  ∂L/∂W = δaᵀ, ∂L/∂b = δ
        for parameter in model.parameters():
            penalty = LAMBDA * parameter.data if parameter in weights else 0.0
            parameter.data -= ALPHA * (parameter.grad + penalty)    # 10  W -= α(δaᵀ + λW); 11  b -= αδ
        total += loss.data                                          # 12  end
    error = empirical_risk(model, cross_entropy, *validation).data
    if error < lowest_error:
        best_epoch, lowest_error, best_state = epoch, error, model.state_dict()
    if epoch % 5 == 1:
        print(f"{epoch:5}{total / len(order):15.4f}{error:18.4f}")
model.load_state_dict(best_state)                                   # output: W and b
print(f"by hand: best epoch {best_epoch}, stopped after {epoch}; test accuracy {accuracy(model, *test):.1%}")

# %% the same by `fit`
fitted = MLP(4, [6, 3], activation="tanh", seed=0)
options: dict[str, Any] = {"batch_size": 1, "seed": 0, "progress": False}
sgd = SGD(fitted.parameters(), lr=ALPHA)
history = fit(fitted, cross_entropy, train, validation, optimizer=sgd, l2=LAMBDA, patience=PATIENCE, **options)
pairs = zip(model.parameters(), fitted.parameters(), strict=True)
difference = max(abs(ours.data - theirs.data) for ours, theirs in pairs)
print(f"by fit:  best epoch {history.best}, stopped after {len(history.epochs)}; ", end="")
print(f"{len(model.parameters())} parameters differ by at most {difference:.0e}")

# %% the book's error is the error rate, the share of wrong answers
by_rate = MLP(4, [6, 3], activation="tanh", seed=0)
sgd = SGD(by_rate.parameters(), lr=ALPHA)
options |= {"l2": LAMBDA, "patience": PATIENCE, "error": lambda z, k: 1.0 - accuracy(lambda _: z, [0.0], [k])}
rates = fit(by_rate, cross_entropy, train, validation, optimizer=sgd, **options)
print(f"by the error rate: best epoch {rates.best}, stopped after {len(rates.epochs)}; ", end="")
print(f"error rate {rates.lowest_error:.3f}, test accuracy {accuracy(by_rate, *test):.1%}\n")


# %% the learning rate: too small, right, too large, each from 20 starts
def course(seed: int, alpha: float) -> list[float]:
    """The training loss of 20 epochs, by a static graph, which is faster."""
    model, generator = MLP(4, [6, 3], activation="tanh", seed=seed), random.Random(seed)
    loss = static_graph(lambda x, y: cross_entropy(model(x), y), model.parameters())
    examples, totals = [(x, one_hot(k, 3)) for x, k in zip(*train, strict=True)], []
    for _ in range(20):
        generator.shuffle(examples)
        totals.append(loss.descend(examples, alpha) / len(examples))
    return totals


losses: dict[str, list[list[float]]] = {}
for name, alpha in {"too small": 0.0003, "right": 0.05, "too large": 3.0}.items():
    losses[name] = [course(seed, alpha) for seed in range(20)]
    first, last = (median(one[i] for one in losses[name]) for i in (0, -1))
    print(f"α = {alpha:<7}{name:10} loss {first:.3f} in epoch 1, {last:.3f} in epoch 20 (medians)")
half = sum(small[-1] > small[0] / 2.0 for small in losses["too small"])
tenfold = sum(large[-1] > 10.0 * right[-1] for large, right in zip(losses["too large"], losses["right"], strict=True))
print(f"more than half is left in {half} of 20 starts, more than ten times the right one's in {tenfold} of 20")


# %% both as curves
def draw(left: Any, right: Any) -> None:
    numbers = range(1, len(history.epochs) + 1)
    left.plot(numbers, [one.loss for one in history.epochs], label="training loss")
    left.plot(numbers, [one.error for one in history.epochs], label="validation error")
    left.plot(history.best, history.lowest_error, "ko", label="the parameters kept")
    left.set(title="training stops", xlabel="epoch", ylabel="cross-entropy", ylim=(0.0, None))
    for label, starts in losses.items():
        right.semilogy(range(1, 21), [median(one[i] for one in starts) for i in range(20)], label=f"α {label}")
    right.set(title="three learning rates: medians", xlabel="epoch", ylabel="training loss", xticks=range(0, 21, 5))
    left.legend()
    right.legend()


pictures = [*filter(None, [save_figure(output / "training_algorithm.svg", draw, columns=2, size=(9.0, 4.0))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
