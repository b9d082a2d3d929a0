"""Activation functions: what does each let through, forward and backward?

Claim: the slope of the logistic function is nowhere greater than 0.25, and almost 0 where the function saturates, on
both sides; the rectifiers keep the slope 1 for every positive z. Of the nine, tanh is the one bounded function that is
centred on zero, and ReLU the one whose output is exactly 0 for half of its inputs. PReLU and Maxout learn |x|, from
each of 20 starts. All derivatives come out of `backward()`. Source: Qiu, NNDL, section 4.1.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

from tinygrad_edu import Parameter, Value, elu, exp, leaky_relu, relu, sigmoid, softplus, tanh
from tinygrad_edu.nn import Adam, Maxout, Module, fit, squared_error
from tinygrad_edu.nn.figures import save_figure
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% nine functions of z
gamma = Parameter(0.25, "γ")  # PReLU learns its slope
pieces = Maxout(1, pieces=3)  # Maxout learns its whole shape: the greatest of linear functions
for piece, (w, b) in zip(pieces.pieces, [(-0.5, -0.3), (0.2, 0.0), (0.8, -0.4)], strict=True):
    piece.w[0].data, piece.b.data = w, b

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z, "logistic": sigmoid, "tanh": tanh, "ReLU": relu,
    "LeakyReLU": lambda z: leaky_relu(z, 0.1),
    "PReLU": lambda z: leaky_relu(z, gamma),
    "ELU": lambda z: elu(z, gamma=1.0),
    "softplus": softplus,
    "Maxout": lambda z: pieces([z]),
}  # fmt: skip
FAMILIES = {"saturating": "logistic tanh", "rectifiers": "ReLU LeakyReLU PReLU", "others": "linear ELU softplus Maxout"}


# %% value and derivative, of every function in the same way
def value_and_slope(f: Callable[[Any], Any], number: float) -> tuple[float, float]:
    z = Value(number, "z")
    a = f(z)
    a.backward()
    return a.data, z.grad


grid = [i / 20.0 for i in range(-200, 201)]
curves = {name: [value_and_slope(f, z) for z in grid] for name, f in FUNCTIONS.items()}

# %% what one asks of an activation function
normal = NormalDist().quantiles(1000)  # zero-centred, sparse: for such inputs, of mean 0 and standard deviation 1
table = [("", "range over ±1000", "greatest slope", "slope at -10, 10", "zero-centred (mean)", "sparse (exactly 0)")]
for name, f in FUNCTIONS.items():
    values, outputs = ([value_and_slope(f, z)[0] for z in numbers] for numbers in ([-1000.0, *grid, 1000.0], normal))
    slopes = [slope for _, slope in curves[name]]
    mean, zeros = fmean(outputs), outputs.count(0.0) / len(outputs)
    ends, centred = f"{slopes[0]:.2g}, {slopes[-1]:.2g}", f"{'yes' if abs(mean) < 1e-9 else 'no'} ({abs(mean):.2f})"
    sparse = f"{'yes' if zeros > 0.1 else 'no'} ({zeros:.0%})"
    table.append((name, f"{min(values):g} … {max(values):g}", f"{max(slopes):g}", ends, centred, sparse))
print("\n".join(line.rstrip() for line in columns([tuple(f"{cell}   " for cell in row) for row in table])))

# %% three relations: tanh is a logistic function, stretched and shifted; two derivatives as the textbook prints them
difference = max(abs(tanh(z) - (2.0 * sigmoid(2.0 * z) - 1.0)) for z in grid)
print(f"\ntanh(z) = 2σ(2z) - 1                           up to {difference:.0e}")
difference = max(abs(slope - sigmoid(z)) for z, (_, slope) in zip(grid, curves["softplus"], strict=True))
print(f"softplus'(z) = σ(z)                            up to {difference:.0e}")
elu_slopes = {z: value_and_slope(lambda z: elu(z, gamma=0.5), z)[1] for z in grid}
difference = max(abs(slope - (1.0 if z > 0.0 else 0.5 * exp(z))) for z, slope in elu_slopes.items())
print(f"ELU'(z) = 1 if z > 0, else γ exp(z), γ = 0.5   up to {difference:.0e}")

# %% "ReLU needs positive inputs"? No: z must be positive, and a negative weight makes it so
w1 = Parameter(-1.0)
(a := relu(w1 * -2.0)).backward()
print(f"\nReLU of z = w x, w = -1, x = -2: a = {a.data:g}, ∂a/∂w = {w1.grad:g}: a negative input passes")

# %% what PReLU and Maxout learn: here |x|, which the one is with γ = -1, the other with two pieces, x and -x
class PReLU(Module):
    def __init__(self, slope: float) -> None:
        self.gamma = Parameter(slope, "γ")

    def forward(self, x: list[float]) -> Any:
        return leaky_relu(x[0], self.gamma)


examples = [[x / 5.0] for x in range(-10, 11)], [abs(x / 5.0) for x in range(-10, 11)]
for start in lambda seed: PReLU(seed / 20.0), lambda seed: Maxout(1, pieces=2, seed=seed):
    models: list[Any] = [start(seed) for seed in range(20)]
    for model in models:
        adam = Adam(model.parameters(), lr=0.05)
        fit(model, squared_error, examples, optimizer=adam, batch_size=10, seed=0, static=True, progress=False)
    right = sum(all(abs(model(x).data - y) < 0.1 for x, y in zip(*examples, strict=True)) for model in models)
    print(f"{type(models[0]).__name__:7}learns |x| to within 0.1 in {right} of 20 starts;", end=" ")
    print("the first:", *[f"{p.data:.2f}" for p in models[0].parameters()])


# %% three families: left the values, right the derivatives, which jump where there is a kink
def without_jumps(numbers: Sequence[float]) -> list[float]:
    """Put nan, which is not drawn, where a number jumps."""
    return [x if abs(x - y) < 0.1 else float("nan") for y, x in zip((numbers[0], *numbers), numbers, strict=False)]


def draw(names: str, left: Any, right: Any) -> None:
    for name in names.split():
        values, slopes = zip(*curves[name][120:281], strict=True)
        left.plot(grid[120:281], values, label=name)
        right.plot(grid[120:281], without_jumps(slopes), label=name)
    left.set(title="value", xlabel="z", ylabel="a = f(z)")
    right.set(title="derivative", xlabel="z", ylabel="∂a/∂z")
    left.legend()
    left.grid(color="#DDDDDD")
    right.grid(color="#DDDDDD")


pictures = []
for family, names in FAMILIES.items():
    picture = save_figure(output / f"activations_{family}.svg", partial(draw, names), columns=2, size=(9.0, 3.6))
    pictures += [picture] if picture else []
print(f"\nwrote {', '.join(map(str, pictures))}")
