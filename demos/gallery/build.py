"""Rebuild the pictures of this folder, those of the READMEs: python demos/gallery/build.py.

Runs the lessons and keeps the pictures of each that show its idea, runs the programs of README.md that draw, and
photographs the stepper. Needs Graphviz, matplotlib and Chromium. Pictures are transparent, for light and dark pages.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

GALLERY = Path(__file__).parent
DEMOS = GALLERY.parent
README = DEMOS.parent / "README.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURES = {
    "01_worked_example.py": ["worked_example_h1_to_h6"],
    "02_patterns_of_backward.py": ["patterns"],
    "03_activation_functions.py": ["activations_saturating", "activations_rectifiers", "activations_others"],
    "04_neuron.py": ["neuron", "neuron_as_in_textbooks", "plane_and_sigma"],
    "05_perceptron_and_regression.py": ["hyperplanes", "loss_parabola"],
    "06_xor.py": ["xor_boundary"],
    "07_softmax_and_cross_entropy.py": ["cross_entropy", "softmax"],
    "08_backprop_by_hand.py": ["backprop_2_backward"],
    "09_what_goes_wrong.py": ["pre_order"],
    "10_ways_to_differentiate.py": ["four_ways"],
    "11_dual_numbers.py": ["dual_numbers"],
    "12_higher_derivatives.py": ["second_derivative"],
    "14_training_algorithm.py": ["training_algorithm"],
    "15_overfitting.py": ["overfitting"],
    "16_optimisers.py": ["optimisers", "learning_rate_decay"],
    "17_vanishing_gradients.py": ["vanishing_gradients", "zigzag"],
    "18_which_activation.py": ["which_activation"],
    "19_loss_surfaces.py": ["figure_4_9", "loss_surfaces"],
    "20_universal_approximation.py": ["universal_approximation", "moons"],
    "21_static_and_dynamic.py": ["static"],
}


def build(folder: Path) -> None:
    """Draw the pictures into a folder."""
    with tempfile.TemporaryDirectory() as drawn:
        for lesson, pictures in PICTURES.items():
            shutil.copy(DEMOS / lesson, drawn)
            subprocess.run([sys.executable, lesson], cwd=drawn, check=True)
            for picture in pictures:
                shutil.copy(Path(drawn) / "output" / f"{picture}.svg", folder)
        run_programs("save_graph(", drawn)
        shutil.copy(Path(drawn) / "f.svg", folder / "worked_example.svg")
        shutil.copy(Path(drawn) / "mlp.svg", folder)


def run_programs(call: str, folder: str) -> None:
    """Run those programs of README.md that hold a call in a folder, where they write their files."""
    for program in PROGRAM.findall(README.read_text(encoding="utf-8")):
        if call in program:
            (Path(folder) / "program.py").write_text(program, encoding="utf-8")
            subprocess.run([sys.executable, "program.py"], cwd=folder, check=True)


def photograph_stepper(picture: Path) -> None:
    """The stepper's page at its last step, with other numbers, narrow enough for a README, as Chromium shows it."""
    with tempfile.TemporaryDirectory() as folder:
        run_programs("save_stepper(", folder)
        page = Path(folder) / "f.html"
        flags = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        screen = ["--window-size=1280,800", f"--screenshot={picture}", f"{page.as_uri()}#step=9&x=2&w=0.5"]
        subprocess.run(["chromium", *flags, *screen], check=True, capture_output=True)


if __name__ == "__main__":
    build(GALLERY)
    photograph_stepper(GALLERY / "stepper.png")
