"""Rebuild the pictures of this folder, those of the READMEs: python demos/gallery/build.py.

Runs the lessons, which takes a minute, and keeps one picture of each. Needs Graphviz and matplotlib.
"""

import runpy
import shutil
from pathlib import Path

from tinygrad_edu import save_graph
from tinygrad_edu.nn import MLP

GALLERY = Path(__file__).parent
DEMOS = GALLERY.parent
PICTURES = {
    "01_worked_example.py": "worked_example_h1_to_h6",
    "02_activation_functions.py": "activations_saturating",
    "03_neuron.py": "neuron",
    "04_perceptron_and_regression.py": "hyperplanes",
    "05_xor.py": "xor_boundary",
    "06_backprop_by_hand.py": "backprop_2_backward",
    "07_what_goes_wrong.py": "pre_order",
    "08_ways_to_differentiate.py": "four_ways",
    "09_higher_derivatives.py": "second_derivative",
    "10_softmax_and_cross_entropy.py": "softmax",
    "12_training_algorithm.py": "training_algorithm",
    "13_optimisers.py": "learning_rate_decay",
    "14_vanishing_gradients.py": "vanishing_gradients",
    "16_universal_approximation.py": "universal_approximation",
}


def build(folder: Path) -> None:
    """Draw the pictures into a folder."""
    for lesson, picture in PICTURES.items():
        runpy.run_path(str(DEMOS / lesson), run_name="__main__")
        shutil.copy(DEMOS / "output" / f"{picture}.svg", folder)
    shutil.copy(DEMOS / "output" / "worked_example_after.svg", folder / "worked_example.svg")
    y = MLP(2, [3, 1], activation="tanh", seed=1)([1.0, -2.0])
    y.backward()
    save_graph(y, folder / "mlp.svg", "MLP(2, [3, 1])")


if __name__ == "__main__":
    build(GALLERY)
