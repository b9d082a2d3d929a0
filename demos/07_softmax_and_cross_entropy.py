"""Softmax and cross-entropy: how does a network say which of several classes it sees, and how is it corrected?

Claim: softmax makes probabilities p of the logits z. Where the true class has probability 0.6 the loss is -log 0.6, and
its gradient is the mistake itself: ∂L/∂z = p - y, by softmax's Jacobian diag(p) - p pᵀ. So three outputs learn three
kinds of iris, from each of 20 starts, and the most active one is the answer. A loss takes the logits, not p: at ±1000
exp overflows, and p rounds to 0, which has no logarithm.
Source: Qiu, Neural Networks and Deep Learning, sections 2.2 and 3.3.
"""

from collections.abc import Callable
from math import log as logarithm
from pathlib import Path
from typing import Any

from tinygrad_edu import Value, exp, gradients, log, nn, save_graph, softmax
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.nn.figures import COLOURS, save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


# %% as the textbook writes it: p = exp(z) / Σ exp(z), and L = -log p of the true class
def textbook(z: list[Any], true: int) -> Any:
    exponentials = [exp(z_k) for z_k in z]
    return -log(exponentials[true] / sum(exponentials[1:], start=exponentials[0]))


p, y = [0.3, 0.6, 0.1], [0.0, 1.0, 0.0]
z = [Value(logarithm(p_k), f"z{k}") for k, p_k in enumerate(p, start=1)]  # exp(log p) = p, and they add up to 1
L = textbook(z, true=1)
L.label = "L"
L.backward()
pictures: list[Any] = [save_graph(L, output / "cross_entropy.svg", "L = -log p2, p = softmax(z)", direction="TB")]
print(f"p = {p}, y = {y}:  L = {L.data:.4f} = -log 0.6 = {-logarithm(0.6):.4f}")
print(f"∂L/∂z = {', '.join(f'{z_k.grad:.1f}' for z_k in z)}", end="   ")
print(f"p - y = {', '.join(f'{p_k - y_k:.1f}' for p_k, y_k in zip(p, y, strict=True))}\n")

# %% p - y derived. pₖ = exp(zₖ) / S, so ∂pₖ/∂zⱼ = [k = j] exp(zₖ) / S - exp(zₖ) exp(zⱼ) / S² = pₖ ([k = j] - pⱼ)
jacobian = [[p[k] * ((k == j) - p[j]) for j in range(3)] for k in range(3)]
for k, p_k in enumerate(softmax(z)):
    row, slopes = (", ".join(f"{d:.2f}" for d in row) for row in (jacobian[k], [d.data for d in gradients(p_k, z)]))
    print(f"∂p{k + 1}/∂z = p{k + 1} ([{k + 1} = j] - pj) = {row}   by backward: {slopes}")

# L = -Σ yₖ log pₖ, so ∂L/∂pₖ = -yₖ / pₖ
upstream = [-y_k / p_k for p_k, y_k in zip(p, y, strict=True)]
print(f"∂L/∂p = -y / p = {', '.join(f'{number + 0.0:.4f}' for number in upstream)}")

# ∂L/∂zⱼ = Σₖ ∂L/∂pₖ ∂pₖ/∂zⱼ = -Σₖ yₖ ([k = j] - pⱼ) = -yⱼ + pⱼ Σₖ yₖ = pⱼ - yⱼ, as the yₖ add up to 1
product = [sum(upstream[k] * jacobian[k][j] for k in range(3)) for j in range(3)]
print(f"∂L/∂z = Σ ∂L/∂pk ∂pk/∂z = {', '.join(f'{number:.1f}' for number in product)}\n")

# %% iris in three classes: one layer of three outputs, from 20 starts, each with other flowers held out
measurements, kinds, names = nn.load_iris()
accuracies, options = [], dict[str, Any](epochs=10, batch_size=16, progress=False, static=True)
for seed in range(20):
    train, test = nn.train_test_split(measurements, kinds, seed=seed)
    train_inputs, test_inputs = nn.standardise(train[0], test[0])
    examples, model = (train_inputs, [nn.one_hot(kind, 3) for kind in train[1]]), nn.MLP(4, [3], seed=seed)
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    nn.fit(model, cross_entropy, examples, optimizer=optimizer, seed=seed, **options)
    accuracies.append(nn.accuracy(model, test_inputs, test[1]))
print(f"accuracy on {len(test_inputs)} flowers held out: {min(accuracies):.0%} to {max(accuracies):.0%}", end=", ")
print(f"from {sum(accuracy >= 0.85 for accuracy in accuracies)} of 20 starts at least 85%")
print(nn.confusion_matrix(model, test_inputs, test[1], names))

# %% the most active output is the answer
for x, kind in list(zip(test_inputs, test[1], strict=True))[:3]:
    outputs = [p_k.data for p_k in softmax(model(x))]
    shares = ", ".join(f"{name} {share:.2f}" for name, share in zip(names, outputs, strict=True))
    print(f"{shares}: the answer is {names[outputs.index(max(outputs))]}, and it is a {names[kind]}")


# %% why logits: three ways to the same loss, for two logits g and -g of which the second is that of the true class
def softmax_then_log(z: list[Any], true: int) -> Any:
    return -log(softmax(z)[true])


WAYS: list[Callable[[list[Any], int], Any]] = [textbook, softmax_then_log, cross_entropy]


def attempt(way: Callable[[list[Any], int], Any], g: float, true: int) -> str:
    """The loss and its gradient along the true class's logit, or what went wrong."""
    z = [Value(g), Value(-g)]
    try:
        loss = way(z, true)
    except (ValueError, OverflowError) as error:
        return str(error)
    loss.backward()
    return f"{loss.data + 0.0:.4g}, {z[true].grad:.4g}"  # + 0.0 makes 0 of -0


for true, name in [(1, "the lesser"), (0, "the greater")]:
    print(f"\nloss and gradient where {name} is right")
    rows = [["logits  ", *(f"{way.__name__:46}" for way in WAYS)]]
    rows += [[f"{f'±{g:g}':>6}  ", *(attempt(way, g, true) for way in WAYS)] for g in (1.0, 20.0, 1000.0)]
    print("\n".join(line.rstrip() for line in columns(rows)))


# %% the mistake, and the loss
def draw(left: Any, right: Any) -> None:
    left.bar([0.8, 1.8, 2.8], p, 0.35, color=COLOURS[0], label="p = softmax(z)")
    left.bar([1.2, 2.2, 3.2], y, 0.35, color="white", edgecolor=COLOURS[1], hatch="//", label="y, the target")
    for k, z_k in enumerate(z, start=1):
        left.annotate(f"∂L/∂z{k} = {z_k.grad:+.1f}", (k, max(p[k - 1], y[k - 1]) + 0.03), ha="center")
    left.set(title="the gradient is p - y", xlabel="class", ylabel="probability", xticks=[1, 2, 3], ylim=(0.0, 1.35))
    left.legend(loc="upper right", fontsize="small")
    logits = [i / 10.0 for i in range(-50, 51)]
    for true in (1, 0):
        losses = [cross_entropy([0.0, number], true) for number in logits]
        right.plot(logits, losses, label=f"class {true + 1} is right")
    right.set(title="the loss of two logits 0 and z", xlabel="z, the logit of class 2", ylabel="cross-entropy")
    right.legend()


pictures += filter(None, [save_figure(output / "softmax.svg", draw, columns=2, size=(9.0, 3.8))])
print(f"\nwrote {', '.join(map(str, pictures))}")
