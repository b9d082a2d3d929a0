"""Activation functions: what does each let through, forward and backward?

Claim: the slope of the logistic function is nowhere greater than 0.25, and almost 0 where the function saturates, on
both sides; the rectifiers keep the slope 1 for every positive z. Of the nine, tanh is the one bounded function that is
centred on zero, and ReLU the one whose output is exactly 0 for half of its inputs. No derivative is written here: each
comes out of `backward()`. Source: Qiu, Neural Networks and Deep Learning, section 4.1.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

from tinygrad_edu import Parameter, Value, elu, leaky_relu, relu, sigmoid, softplus, tanh
from tinygrad_edu.nn import Maxout
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)

# %% nine functions of z
gamma = Parameter(0.25, "γ")  # PReLU learns its slope
pieces = Maxout(1, pieces=3)  # Maxout learns its whole shape: the greatest of linear functions
for piece, (w, b) in zip(pieces.pieces, [(-0.5, -0.3), (0.2, 0.0), (0.8, -0.4)], strict=True):
    piece.w[0].data, piece.b.data = w, b

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "logistic": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "LeakyReLU": lambda z: leaky_relu(z, 0.1),
    "PReLU": lambda z: leaky_relu(z, gamma),
    "ELU": elu,
    "softplus": softplus,
    "Maxout": lambda z: pieces([z]),
}


# %% value and derivative, of every function in the same way
def value_and_slope(f: Callable[[Any], Any], number: float) -> tuple[float, float]:
    z = Value(number, "z")
    a = f(z)
    a.backward()
    return a.data, z.grad


grid = [i / 20.0 for i in range(-200, 201)]
curves = {name: [value_and_slope(f, z) for z in grid] for name, f in FUNCTIONS.items()}

# %% what one asks of an activation function
# Zero-centred, sparse: for inputs that are normally distributed, with mean 0 and standard deviation 1.
normal = NormalDist().quantiles(1000)
table = [("", "range over ±1000", "greatest slope", "slope at -10, 10", "zero-centred (mean)", "sparse (exactly 0)")]
for name, f in FUNCTIONS.items():
    values = [value_and_slope(f, z)[0] for z in [-1000.0, *grid, 1000.0]]
    slopes = [slope for _, slope in curves[name]]
    outputs = [value_and_slope(f, z)[0] for z in normal]
    mean, zeros = fmean(outputs), outputs.count(0.0) / len(outputs)
    table.append(
        (
            name,
            f"{min(values):g} … {max(values):g}",
            f"{max(slopes):g}",
            f"{slopes[0]:.2g}, {slopes[-1]:.2g}",
            f"{'yes' if abs(mean) < 1e-9 else 'no'} ({abs(mean):.2f})",
            f"{'yes' if zeros > 0.1 else 'no'} ({zeros:.0%})",
        )
    )
print("\n".join(line.rstrip() for line in columns([tuple(f"{cell}   " for cell in row) for row in table])))

# %% two relations: tanh is a logistic function, stretched and shifted; softplus has the logistic function for a slope
difference = max(abs(tanh(z) - (2.0 * sigmoid(2.0 * z) - 1.0)) for z in grid)
rows = [("tanh(z) = 2σ(2z) - 1            ", f"up to {difference:.0e}")]
difference = max(abs(slope - sigmoid(z)) for z, (_, slope) in zip(grid, curves["softplus"], strict=True))
rows.append(("softplus'(z) = σ(z)", f"up to {difference:.0e}"))

# %% what PReLU and Maxout learn: they have gradients of their own
gamma.grad = 0.0
value_and_slope(FUNCTIONS["PReLU"], -2.0)
rows.append(("PReLU at z = -2:", f"∂a/∂γ = {gamma.grad:g}"))
pieces.zero_grad()
value_and_slope(FUNCTIONS["Maxout"], 8.0)
gradients = ", ".join(f"{piece.w[0].grad:g}" for piece in pieces.pieces)
rows.append(("Maxout at z = 8:", f"∂a/∂w of its pieces = {gradients}"))
print("\n" + "\n".join(line.rstrip() for line in columns(rows)))


# %% three families: left the values, right the derivatives
def draw(left: Any, right: Any) -> None:
    for name in names:
        values, slopes = zip(*curves[name], strict=True)
        left.plot(grid, values, label=name)
        right.plot(grid, slopes, label=name)
    left.set(title="value", xlabel="z", ylabel="a = f(z)")
    right.set(title="derivative", xlabel="z", ylabel="∂a/∂z")
    left.legend()
    for axes in (left, right):
        axes.grid(color="#DDDDDD")


names = ["logistic", "tanh"]
save_figure(output / "activations_saturating.svg", draw, columns=2, size=(9.0, 3.6))
names = ["ReLU", "LeakyReLU", "PReLU"]
save_figure(output / "activations_rectifiers.svg", draw, columns=2, size=(9.0, 3.6))
names = ["linear", "ELU", "softplus", "Maxout"]
save_figure(output / "activations_others.svg", draw, columns=2, size=(9.0, 3.6))
