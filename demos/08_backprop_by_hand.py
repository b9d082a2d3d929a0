"""Backpropagation by hand: what does `backward()` compute in a network of layers?

Claim: the textbook's error terms δ = ∂L/∂z, handed back from layer to layer, and from them ∂L/∂W = δ aᵀ and ∂L/∂b = δ.
In a 2-2-1 network ten lines give the numbers that `backward()` gives. One iteration of training is three steps,
forward, backward, update; the loss falls. Source: Qiu, Neural Networks and Deep Learning, section 4.4, here with the
squared error as the loss.
"""

from pathlib import Path
from typing import Any

from tinygrad_edu import save_graph, sigmoid, weighted_sum
from tinygrad_edu.nn import MLP, squared_error
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)


def slope(a: float, z: float) -> Any:
    """σ'(z) where a = σ(z), from the derivative table."""
    return sigmoid.partials(a, z)[0]


# %% the network: two inputs, two hidden neurons, one output; a row of weights for each; an example
w1, b1 = [[0.5, -0.25], [-1.0, 0.75]], [0.1, -0.2]
w2, b2 = [1.0, -2.0], 0.5
x, y, lr = [1.0, 2.0], 1.0, 1.0

# %% step 1, forward: every z and every a, layer by layer
z1 = [weighted_sum(row, x, b) for row, b in zip(w1, b1, strict=True)]
a1 = [sigmoid(z) for z in z1]
z2 = weighted_sum(w2, a1, b2)
a2 = sigmoid(z2)

# %% step 2, backward: every δ, from the last layer to the first, and δ aᵀ
delta2 = (a2 - y) * slope(a2, z2)
grad_w2, grad_b2 = [delta2 * a for a in a1], delta2
delta1 = [w * delta2 * slope(a, z) for w, a, z in zip(w2, a1, z1, strict=True)]
grad_w1, grad_b1 = [[delta * x_i for x_i in x] for delta in delta1], delta1

# %% the same with Values
model = MLP(2, [2, 1], activation="sigmoid", output="sigmoid")
model.load_state_dict({"0.weight": w1, "0.bias": b1, "2.weight": [w2], "2.bias": [b2]})
prediction = model(x)
loss = squared_error(prediction, y)
loss.label = "L"
save_graph(loss, output / "backprop_1_forward.svg", "step 1, forward: the values", direction="TB")
loss.backward()
save_graph(loss, output / "backprop_2_backward.svg", "step 2, backward: the gradients", direction="TB")

# %% side by side: a neuron's z is the one child of its a, and the gradient of z is δ
[z] = prediction.children
hidden = [a.children[0] for a in z.children if a.op is sigmoid]
names = [f"δ = ∂L/∂{node.label}" for node in (*hidden, z)] + [f"∂L/∂{name}" for name, _ in model.named_parameters()]
by_hand = [*delta1, delta2, *grad_w1[0], grad_b1[0], *grad_w1[1], grad_b1[1], *grad_w2, grad_b2]
by_backward = [node.grad for node in (*hidden, z, *model.parameters())]
rows = [(f"{'':28}", f"{'by hand':>20}", f"{'backward()':>20}")]
for name, one, other in zip(names, by_hand, by_backward, strict=True):
    rows.append((name, f"{one:20.15f}", f"{other:20.15f}"))
print("\n".join(columns(rows)))
difference = max(abs(one - other) for one, other in zip(by_hand, by_backward, strict=True))
print(f"they differ by at most {difference:.0e}\n")

# %% step 3, update: against the gradient, for it says which way the loss rises
for parameter in model.parameters():
    parameter.data -= lr * parameter.grad
updated = squared_error(model(x), y)
updated.label = "L"
model.zero_grad()
save_graph(updated, output / "backprop_3_update.svg", "step 3, update: a smaller loss", direction="TB")
print(f"iteration   0   loss {loss.data:.6f}")

# %% the three steps, over and over
for iteration in range(1, 101):
    loss = squared_error(model(x), y)
    model.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        parameter.data -= lr * parameter.grad
    if iteration in (1, 2, 10, 100):
        print(f"iteration {iteration:3}   loss {loss.data:.6f}")
