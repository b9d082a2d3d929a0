"""A neuron: is `Neuron` more than + and *?

Claim: no. z = Σ wᵢ xᵢ + b written with + and * gives the same output and the same gradients as `Neuron`, whose
weighted sum is one node of the graph. The numbers are those of Stanford's CS231n course: output 0.7311, gradients
-0.1966, -0.3932 and 0.1966. With the step function for an activation, as McCulloch and Pitts had it in 1943, the neuron
is a logic gate; but a step is flat, and no gradient tells how to change its weights.
Source: Qiu, Neural Networks and Deep Learning, section 4.1.
"""

from pathlib import Path

from tinygrad_edu import Parameter, Value, save_graph, sigmoid
from tinygrad_edu.nn import Neuron
from tinygrad_edu.rules import step
from tinygrad_edu.words import print

output = Path(__file__).parent / "output"
output.mkdir(exist_ok=True)

# %% built of + and *
x1, x2 = Value(-1.0, "x1"), Value(-2.0, "x2")
w1, w2, b = Parameter(2.0, "w1"), Parameter(-3.0, "w2"), Parameter(-3.0, "b")
z = w1 * x1 + w2 * x2 + b
a = sigmoid(z)
z.label, a.label = "z", "a"

a.backward()
by_hand = [w1.grad, w2.grad, b.grad]
save_graph(a, output / "neuron_of_plus_and_times.svg", "a neuron built of + and *", direction="TB")

# %% the same as a Neuron
neuron = Neuron(2, activation="sigmoid")
neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0

activation = neuron([-1.0, -2.0])
activation.backward()
by_neuron = [parameter.grad for parameter in neuron.parameters()]
save_graph(activation, output / "neuron.svg", "Neuron: the weighted sum is one node")

# %% side by side
print(f"               + and *    Neuron\noutput         {a.data:7.4f}   {activation.data:7.4f}")
for name, one, other in zip(["w1", "w2", "b"], by_hand, by_neuron, strict=True):
    print(f"∂a/∂{name:2}         {one:7.4f}   {other:7.4f}")

# %% the M-P neuron: the step function makes a neuron a logic gate
print("\nx1 x2           0 0   0 1   1 0   1 1")
for name, bias in [("and", -1.5), ("or", -0.5)]:
    gate = Neuron(2, activation=step)
    gate.w[0].data, gate.w[1].data, gate.b.data = 1.0, 1.0, bias
    outputs = [gate([x1, x2]) for x1, x2 in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]]
    print(f"{name:14}" + "".join(f"{a.data:6g}" for a in outputs))
outputs[1].backward()
print(f"∂output/∂w    {gate.w[0].grad:6g}{gate.w[1].grad:6g}")
