"""On to PyTorch: what of a network built here is left when scalars are outgrown?

Claim: all of it. A trained network's state has the names and shapes of PyTorch's `nn.Sequential`, and there it gives
the same outputs and the same gradients, to 1e-12. PyTorch is needed for this lesson: `pip install torch`.
"""

import sys

try:
    import torch
except ImportError:
    print("This lesson needs PyTorch: pip install torch")
    sys.exit()

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, accuracy, binary_cross_entropy, fit, moons
from tinygrad_edu.nn.modules import activation_name
from tinygrad_edu.words import print

TORCH_ACTIVATIONS = {
    "linear": torch.nn.Identity,
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "elu": torch.nn.ELU,
    "softplus": torch.nn.Softplus,
}


def to_torch(model: MLP) -> torch.nn.Sequential:
    """The same network in PyTorch, in double precision: a Linear and an activation for each layer.

    Raises ValueError if an activation is a function of one's own, which PyTorch has not.
    """
    modules: list[torch.nn.Module] = []
    for layer in model.layers:
        activation = activation_name(layer.neurons[0].activation)
        if activation not in TORCH_ACTIVATIONS:
            raise ValueError(f"PyTorch has no module for the activation {activation}")
        n_inputs, n_outputs = len(layer.neurons[0].w), len(layer.neurons)
        modules += [torch.nn.Linear(n_inputs, n_outputs, dtype=torch.double), TORCH_ACTIVATIONS[activation]()]
    network = torch.nn.Sequential(*modules)
    state = {name: torch.tensor(array, dtype=torch.double) for name, array in model.state_dict().items()}
    network.load_state_dict(state)
    return network


# %% train a network of Values
examples = moons(100, seed=0)
model = MLP(2, [8, 8, 1], activation="tanh", seed=0)
fit(model, binary_cross_entropy, examples, epochs=10, batch_size=10, seed=0, progress=False)
print(f"trained on scalars      accuracy {accuracy(model, *examples):.0%}")

# %% the same network in PyTorch: the same output, the same gradients
network = to_torch(model)
x = examples[0][0]

inputs = [Value(number) for number in x]
model.zero_grad()
output = model(inputs)
output.backward()
gradients = [weight.grad for weight in model.weights()]

tensor = torch.tensor(x, dtype=torch.double, requires_grad=True)
torch_output = network(tensor)
torch_output.backward()
torch_gradients = [g for name, p in network.named_parameters() if "weight" in name for g in p.grad.flatten().tolist()]

print(f"output                  {output.data:.15f}  in PyTorch {torch_output.item():.15f}")
print(f"∂output/∂x1             {inputs[0].grad:.15f}  in PyTorch {tensor.grad[0].item():.15f}")
difference = max(abs(ours - theirs) for ours, theirs in zip(gradients, torch_gradients, strict=True))
print(f"all {len(gradients)} weights          gradients differ by at most {difference:.0e}")

# %% and on from there
batch, targets = torch.tensor(examples[0], dtype=torch.double), torch.tensor(examples[1], dtype=torch.double)
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for _ in range(100):
    optimizer.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(network(batch).flatten(), targets).backward()
    optimizer.step()
right = ((network(batch).flatten() > 0) == (targets > 0)).double().mean().item()
print(f"trained on in PyTorch   accuracy {right:.0%}")
