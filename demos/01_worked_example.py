"""The worked example: how does ∂f/∂w come about for f = σ(wx + b) at x = 1, w = 0, b = 0?

Claim: it is the product of the local derivatives along the path from f to w, and it is 0.25, whether σ is one node of
the graph or taken apart into the textbook's h3 to h6 (Qiu, Neural Networks and Deep Learning, section 4.5.3).
The page that shows it, with numbers to change: python -m tinygrad_edu --stepper f.html
"""

from pathlib import Path

from tinygrad_edu import Parameter, Value, backward_steps, exp, explain, save_graph, sigmoid
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)

# %% σ as one node
x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
f = sigmoid(x * w + b)
f.label = "f"
pictures = [save_graph(f, output / "worked_example_before.svg", "before backward: no gradient is computed yet")]

steps = backward_steps(f)
next(steps)
next(steps)
pictures += [save_graph(f, output / "worked_example_halfway.svg", "halfway: two steps of the chain rule are done")]

for _step in steps:  # to the end: what backward() does at once
    pass
explain(f, w)
pictures += [save_graph(f, output / "worked_example_after.svg", "f = σ(w·x + b)   at x = 1, w = 0, b = 0")]

# %% σ taken apart: h1 to h6
x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
h1 = x * w
h2 = h1 + b
h3 = h2 * -1
h4 = exp(h3)
h5 = h4 + 1
h6 = 1 / h5

h6.backward()
print()
explain(h6, w)
pictures += [save_graph(h6, output / "worked_example_h1_to_h6.svg", "f = σ(wx + b), σ taken apart")]

# %% both ways give the same
print(f"\n∂f/∂w = {w.grad}, ∂f/∂b = {b.grad}, ∂f/∂x = {x.grad}")

print(f"\nwrote {', '.join(map(str, pictures))}")
