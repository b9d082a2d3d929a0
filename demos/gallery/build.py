"""Rebuild the pictures of this folder, those of the READMEs: python demos/gallery/build.py."""

from pathlib import Path

from tinygrad_edu import Parameter, Value, save_graph, sigmoid
from tinygrad_edu.nn import MLP

gallery = Path(__file__).parent

x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
f = sigmoid(w * x + b)
f.label = "f"
f.backward()
save_graph(f, gallery / "worked_example.svg", "f = sigmoid(w·x + b)   at x = 1, w = 0, b = 0")

y = MLP(2, [3, 1], activation="tanh", seed=1)([1.0, -2.0])
y.backward()
save_graph(y, gallery / "mlp.svg", "MLP(2, [3, 1])")
