"""Rebuild the pictures of this folder, those of the READMEs: python demos/gallery/build.py.

Runs the lessons and keeps one picture of each, then photographs the stepper. Needs Graphviz, matplotlib and Chromium.
"""

import runpy
import shutil
import subprocess
import tempfile
from pathlib import Path

from tinygrad_edu import Parameter, Value, save_graph, save_stepper, sigmoid
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
    save_graph(y, folder / "mlp.svg", "MLP(2, [3, 1])", direction="TB")


def photograph_stepper(picture: Path) -> None:
    """The stepper's page in the middle of backward, as Chromium shows it."""
    w, b = Parameter(0.0), Parameter(0.0)

    def f(x: Value) -> Value:
        h1 = x * w  # variables name the nodes
        h2 = h1 + b
        return sigmoid(h2)

    with tempfile.TemporaryDirectory() as folder:
        page = save_stepper(f, Path(folder) / "f.html", x=1.0)
        flags = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        screen = ["--window-size=1240,720", f"--screenshot={picture}", f"{page.as_uri()}#step=9"]
        subprocess.run(["chromium", *flags, *screen], check=True, capture_output=True)


if __name__ == "__main__":
    build(GALLERY)
    photograph_stepper(GALLERY / "stepper.png")
