"""Which activation function? What does one want of it, and what does training say?

Claim: simple, so that it costs little; a slope f' neither large nor small over a wide range; monotonic, the books say,
though one neuron with a sine does what none with a monotonic function can: XOR. In training, 5 hidden layers on the
moons by plain gradient descent, relu, elu and tanh learn in 19 of 20 starts or more, the logistic function in 1, and in
none from weights of tanh's size: relu first, never logistic in hidden layers. Functions that learn their shape do: |x|
Maxout finds in 20 of 20 starts, PReLU in 13, with γ near -1, relu in none. And three sentences one hears are wrong.
Sources: Qiu, Neural Networks and Deep Learning, section 4.1; Stanford's course CS231n, "Neural Networks 1": TLDR.
"""

import math
import random
from functools import partial, reduce
from pathlib import Path
from statistics import NormalDist, fmean, median
from timeit import repeat
from typing import Any

from tinygrad_edu import Parameter, Value, elu, leaky_relu, relu, rules, sigmoid, static_graph, tanh
from tinygrad_edu.nn import MLP, SGD, Maxout, Neuron, binary_cross_entropy, fit, moons, squared_error
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)
SEEDS, EPOCHS, Z = range(20), 50, NormalDist().quantiles(1000)


def slope(f: Any, number: float) -> float:
    z = Value(number, "z")
    f(z).backward()
    return z.grad


# %% trained: 40 points of the moons, 5 hidden layers of 8; learned is a mean loss below 0.2, within 50 epochs
def epochs_to_learn(activation: Any, size: float, seed: int) -> float:
    examples, generator = list(zip(*moons(40, noise=0.1, seed=seed), strict=True)), random.Random(seed)
    model = MLP(2, [8] * 5 + [1], activation=activation, seed=seed)
    for w in model.weights()[:-8]:  # all but those of the output
        w.data *= size
    loss = static_graph(lambda x, y: binary_cross_entropy(model(x), y), model.parameters())
    for epoch in range(1, EPOCHS + 1):
        generator.shuffle(examples)
        if loss.descend(examples, 0.05) / len(examples) < 0.2:
            return epoch
    return math.inf


learned: dict[str, list[float]] = {}
rows = [("", "cost", "f' at 0.1, 3, -3", "monotonic", "mean of f(z)", "learned", "epochs")]
CHOICES = {"relu": relu, "elu": elu, "tanh": tanh, "sigmoid": sigmoid, "sigmoid, tanh's size": sigmoid}
for name, f in CHOICES.items():
    costs = [min(repeat("[f(z) for z in Z]", globals={"f": g, "Z": Z}, number=1, repeat=99)) for g in (f, relu)]
    slopes = ", ".join(f"{slope(f, z):.2g}" for z in (0.1, 3.0, -3.0))
    values = [f(z) for z in Z]
    learned[name] = [epochs_to_learn(f, 0.25 if "size" in name else 1.0, seed) for seed in SEEDS]
    cells = f"{costs[0] / costs[1]:.1f} × relu", slopes, "yes" if values == sorted(values) else "no"
    counted = f"{sum(epochs < math.inf for epochs in learned[name])} of 20"
    rows.append((name, *cells, f"{fmean(values):.2f}", counted, f"{median(learned[name]):g}"))
print("\n".join(line.rstrip() for line in columns([tuple(f"{cell}   " for cell in row) for row in rows])))

# %% monotonic??? one neuron with a sine computes XOR, w = (π/2, π/2), which no neuron with a monotonic function does
neuron = Neuron(2, rules.sin)
neuron.load_state_dict({"w": [math.pi / 2.0, math.pi / 2.0], "b": 0.0})
outputs = ", ".join(f"{abs(neuron([a, b]).data):.0f}" for a in (0.0, 1.0) for b in (0.0, 1.0))
print(f"\nsin(π/2 (x1 + x2)) at 00, 01, 10, 11: {outputs}")

# %% elu(x, γ), whose slope left of 0 is γ exp(x), that is elu + γ
for gamma in (0.5, 1.0, 2.0):
    a, found, right = elu(-1.0, gamma), slope(partial(elu, gamma=gamma), -1.0), gamma * math.exp(-1.0)
    print(f"elu(-1, γ = {gamma:g}) = {a:.4f}, slope {found:.4f} = γ exp(-1) = {right:.4f} = elu + γ = {a + gamma:.4f}")


# %% functions that learn their shape: |x|, by one neuron
def prelu(seed: int) -> Any:
    gamma = Parameter(0.25)
    neuron: Any = Neuron(1, partial(leaky_relu, slope=gamma), seed)
    neuron.gamma = gamma  # found among the parameters, as w and b are
    return neuron


KINDS: dict[str, Any] = {"relu": lambda i: Neuron(1, "relu", i), "PReLU": prelu, "Maxout": lambda i: Maxout(1, 2, i)}
examples = [[i / 5.0 - 1.0] for i in range(11)], [abs(i / 5.0 - 1.0) for i in range(11)]
options: dict[str, Any] = {"epochs": 200, "progress": False, "static": True}
for kind, make in KINDS.items():
    successes: list[Any] = []
    for model in map(make, SEEDS):
        history = fit(model, squared_error, examples, optimizer=SGD(model.parameters(), lr=0.5), **options)
        successes += [model] if history.epochs[-1].loss < 1e-3 else []
    learnt = f": γ from 0.25 to {fmean(model.gamma.data for model in successes):.2f}" if kind == "PReLU" else ""
    print(f"{kind:7}learns |x| in {len(successes):2} of 20 starts{learnt}")


# %% three sentences one hears, what contradicts each, and what is right; five layers of one neuron: a ← f(w a) - shift
def five(f: Any, w: float, number: float = 0.0, shift: float = 0.5) -> float:
    return slope(lambda a: reduce(lambda a, _: f(w * a) - shift, range(5), a), number)


w = Parameter(-1.0, "w")
(a := relu(w * -2.0)).backward()
print(f"\n'ReLU needs positive inputs': x = -2 and w = -1 give a = {a.data:g}, ∂a/∂w = {w.grad:g}")
print("    It needs a positive z, for some of the inputs; weights and bias see to that.")
print(f"'ReLU never vanishes': w = ½ leaves {five(relu, 0.5, 1.0, 0.0):g}, z < 0 leaves {slope(relu, -1.0):g}")
print("    Its slope is 1 where it is active: it shrinks no gradient by itself. Small weights do.")
print(f"'Five layers of σ vanish': w = 1 leaves {five(sigmoid, 1.0):.4f}, w = 4 leaves {five(sigmoid, 4.0):g}")
print("    They do if weights are small, or z large: a quarter times a weight of 4 is 1.")


# %% how many have learned after so many epochs
def draw(axes: Any) -> None:
    for name, epochs in learned.items():
        counts = [sum(needed <= epoch for needed in epochs) for epoch in range(EPOCHS + 1)]
        axes.plot(range(EPOCHS + 1), counts, label=name)
    axes.set(title="moons, 5 hidden layers", xlabel="epoch", ylabel="starts that have learned", yticks=(0, 10, 20))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


pictures = [*filter(None, [save_figure(output / "which_activation.svg", draw, size=(7.5, 3.6))])]
print(f"\nwrote {', '.join(map(str, pictures)) or 'no picture'}")
