"""Backpropagation by hand: what does `backward()` compute in a network of layers?

Claim: the textbook's error terms δ⁽ˡ⁾ = ∂L/∂z⁽ˡ⁾. With softmax and cross-entropy the last of them is p − y; from layer
to layer δ of a neuron is the weighted sum of the next layer's δ, times f′; and ∂L/∂W⁽ˡ⁾ is δ⁽ˡ⁾ times the inputs of the
layer, (a⁽ˡ⁻¹⁾)ᵀ. In a 2-3-2 network floats and `math` alone get the numbers that `backward()` gives. One iteration of
training is three steps, forward, backward, update; the loss falls.
Source: Qiu, Neural Networks and Deep Learning, section 4.4, equations 4.49 to 4.69. There ∂z/∂w is a row.
"""

from math import exp, log
from pathlib import Path
from typing import Any

from tinygrad_edu import save_graph, sigmoid, softplus
from tinygrad_edu.nn import MLP, cross_entropy
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% the network: two inputs, three hidden neurons, two classes; W⁽ˡ⁾ has a row for each neuron of layer l
W1, b1 = [[0.5, -0.25], [-1.0, 0.75], [0.25, 1.0]], [0.1, -0.2, 0.0]
W2, b2 = [[-0.5, 1.0, 1.5], [1.0, -2.0, 0.5]], [-0.5, 0.5]
x, y, lr = [1.0, 2.0], [0.0, 1.0], 0.5  # an example, which is of the second class, and the learning rate
model = MLP(2, [3, 2], activation="sigmoid")  # the same of Values, for later
model.load_state_dict({"0.weight": W1, "0.bias": b1, "2.weight": W2, "2.bias": b2})
NAMES = """z⁽¹⁾₁ z⁽¹⁾₂ z⁽¹⁾₃   a⁽¹⁾₁ a⁽¹⁾₂ a⁽¹⁾₃   z⁽²⁾₁ z⁽²⁾₂
w⁽¹⁾₁₁ w⁽¹⁾₁₂ b⁽¹⁾₁   w⁽¹⁾₂₁ w⁽¹⁾₂₂ b⁽¹⁾₂   w⁽¹⁾₃₁ w⁽¹⁾₃₂ b⁽¹⁾₃
w⁽²⁾₁₁ w⁽²⁾₁₂ w⁽²⁾₁₃ b⁽²⁾₁   w⁽²⁾₂₁ w⁽²⁾₂₂ w⁽²⁾₂₃ b⁽²⁾₂"""


def times(matrix: Any, vector: Any) -> list[float]:
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def show(*parts: Any) -> None:
    """Print an equation: its matrices (lists of rows) and vectors (columns) side by side, its texts in the middle."""
    blocks = [[part] if isinstance(part, str) else [v if isinstance(v, list) else [v] for v in part] for part in parts]
    height = max(map(len, blocks))
    lines = [["" for _ in parts] for _ in range(height)]
    for column, block in enumerate(blocks):
        for line, row in enumerate(block, start=(height - len(block)) // 2):
            lines[line][column] = row if isinstance(row, str) else f"[{' '.join(f'{number:7.4f}' for number in row)}]"
    print("\n".join(line.rstrip() for line in columns(lines)), end="\n\n")


# fmt: off
# %% step 1, forward: f is the logistic function in the hidden layer, softmax in the last
def forward() -> Any:
    z1 = [z + b for z, b in zip(times(W1, x), b1, strict=True)]   # z⁽¹⁾ = W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾, where a⁽⁰⁾ = x
    a1 = [1.0 / (1.0 + exp(-z)) for z in z1]                      # a⁽¹⁾ = f(z⁽¹⁾)
    z2 = [z + b for z, b in zip(times(W2, a1), b2, strict=True)]  # z⁽²⁾ = W⁽²⁾ a⁽¹⁾ + b⁽²⁾
    p = [exp(z) / sum(map(exp, z2)) for z in z2]                  # p = a⁽²⁾ = softmax(z⁽²⁾)
    return z1, a1, z2, p, -times([y], [log(p_k) for p_k in p])[0]  # L = −yᵀ log p


z1, a1, z2, p, L = forward()
show("z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾ = ", W1, x, " + ", b1, " = ", z1, ",  a⁽¹⁾ = f(z⁽¹⁾) = ", a1)
show("z⁽²⁾ = W⁽²⁾ a⁽¹⁾ + b⁽²⁾ = ", W2, a1, " + ", b2, " = ", z2, ",  p = ", p, f",  L = {L:.4f}")

# %% step 2, backward: δ from the last layer to the first, and from δ the gradients
slopes = [a * (1.0 - a) for a in a1]                                # f′(z⁽¹⁾) = a⁽¹⁾ ⊙ (1 − a⁽¹⁾), from f′ = f (1 − f)
identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]      # ∂z⁽¹⁾/∂b⁽¹⁾ = I
da_dz = [[f * i for i in row] for f, row in zip(slopes, identity)]  # ∂a⁽¹⁾/∂z⁽¹⁾ = diag(f′(z⁽¹⁾))  # noqa: B905
dz_da = [list(column) for column in zip(*W2, strict=True)]          # ∂z⁽²⁾/∂a⁽¹⁾ = (W⁽²⁾)ᵀ
dz_dw = [0.0, x[0], 0.0]                                            # ∂z⁽¹⁾/∂w⁽¹⁾₂₁ = 𝕀₂(x₁): w₂₁ is in z₂ alone

delta2 = [p_k - y_k for p_k, y_k in zip(p, y, strict=True)]         # δ⁽²⁾ = ∂L/∂z⁽²⁾ = p − y: see lesson 07
sums = times(dz_da, delta2)                                         # ∂L/∂a⁽¹⁾ = (W⁽²⁾)ᵀ δ⁽²⁾
delta1 = [f * s for f, s in zip(slopes, sums, strict=True)]         # δ⁽¹⁾ = f′(z⁽¹⁾) ⊙ (W⁽²⁾)ᵀ δ⁽²⁾
grad_w2, grad_b2 = [[d * a for a in a1] for d in delta2], delta2    # ∂L/∂W⁽²⁾ = δ⁽²⁾ (a⁽¹⁾)ᵀ, ∂L/∂b⁽²⁾ = δ⁽²⁾
grad_w1, grad_b1 = [[d * a for a in x] for d in delta1], delta1     # ∂L/∂W⁽¹⁾ = δ⁽¹⁾ (a⁽⁰⁾)ᵀ, ∂L/∂b⁽¹⁾ = δ⁽¹⁾
# fmt: on
show("δ⁽²⁾ = p − y = ", p, " − ", y, " = ", delta2)
show("δ⁽¹⁾ = f′(z⁽¹⁾) ⊙ (W⁽²⁾)ᵀ δ⁽²⁾ = ", slopes, " ⊙ ", dz_da, delta2, " = ", slopes, " ⊙ ", sums, " = ", delta1)
show("     = diag(f′(z⁽¹⁾)) (W⁽²⁾)ᵀ δ⁽²⁾ = ", da_dz, dz_da, delta2, " = ", times(da_dz, sums))
show("∂L/∂W⁽²⁾ = δ⁽²⁾ (a⁽¹⁾)ᵀ = ", delta2, [a1], " = ", grad_w2, ",  ∂L/∂b⁽²⁾ = δ⁽²⁾ = ", grad_b2)
show("∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ = ", delta1, [x], " = ", grad_w1)
show("∂L/∂w⁽¹⁾₂₁ = 𝕀₂(x₁) δ⁽¹⁾ = ", [dz_dw], delta1, " = ", times([dz_dw], delta1), " = δ⁽¹⁾₂ x₁")
show("∂L/∂b⁽¹⁾ = I δ⁽¹⁾ = ", identity, delta1, " = ", times(identity, delta1), " = δ⁽¹⁾")

# %% δ of a neuron as a sum over the paths from the loss to it: one through each neuron of the next layer
paths = [(delta2[k], W2[k][0], slopes[0]) for k in range(2)]
written = [f"{delta:.4f} × {w:.4f} × {slope:.4f}" for delta, w, slope in paths]
print(f"δ⁽¹⁾₁ = Σ δ⁽²⁾ₖ w⁽²⁾ₖ₁ f′ = {' + '.join(written)} = {sum(d * w * f for d, w, f in paths):.4f}\n")

# %% the same by backward(): a hidden neuron's z is the one child of its a, and the gradient of a z is its δ
logits = model(x)
hidden = [a for a in logits[0].children if a.op is sigmoid]
nodes = [*[a.children[0] for a in hidden], *hidden, *logits, *model.parameters()]
for node, name in zip(nodes, NAMES.split(), strict=True):
    node.label = name
loss = softplus(logits[0] - logits[1])  # L = −log p₂ = log(1 + exp(z⁽²⁾₁ − z⁽²⁾₂)), as cross_entropy(logits, 1)
loss.label = "L"
pictures = [save_graph(loss, output / "backprop_1_forward.svg", "step 1, forward: the values", direction="TB")]
loss.backward()
pictures += [save_graph(loss, output / "backprop_2_backward.svg", "step 2, backward: the gradients", direction="TB")]
neurons = [*zip(grad_w1, grad_b1, strict=True), *zip(grad_w2, grad_b2, strict=True)]
by_hand = [*delta1, *sums, *delta2, *[gradient for w, b in neurons for gradient in (*w, b)]]
rows = [(f"∂L/∂{node.label}", f"{g:20.15f}", f"{node.grad:20.15f}") for node, g in zip(nodes, by_hand, strict=True)]
print("\n".join(columns([("", "             by hand", "          backward()"), *rows])))
print(f"they differ by at most {max(abs(node.grad - g) for node, g in zip(nodes, by_hand, strict=True)):.0e}\n")

# %% step 3, update: against the gradient, for it says which way the loss rises
for row, gradient in zip([*W1, b1, *W2, b2], [*grad_w1, grad_b1, *grad_w2, grad_b2], strict=True):
    row[:] = [w - lr * g for w, g in zip(row, gradient, strict=True)]
print(f"by hand: loss {L:.6f}, after an update {forward()[-1]:.6f}")

# %% the three steps, over and over
for iteration in range(1, 101):
    for parameter in model.parameters():
        parameter.data -= lr * parameter.grad
    model.zero_grad()
    loss = cross_entropy(model(x), 1)
    loss.backward()
    if iteration in (1, 2, 10, 100):
        print(f"iteration {iteration:3}   loss {loss.data:.6f}")

print(f"\nwrote {', '.join(map(str, pictures))}")
