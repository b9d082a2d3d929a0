"""Every block of code in the READMEs runs, and every output shown is the real one."""

import inspect
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme import blocks, outputs
from tests.sweeps import mostly_slow
from tinygrad_edu import Value, rules, topological_order
from tinygrad_edu.engine import start_backward
from tinygrad_edu.show.render import render

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", mostly_slow(["README.md", "README.zh.md"], "README.zh.md"))
def test_every_output_is_the_real_one(readme: str) -> None:
    """Programs, commands and the debugger print what the README says; without a renderer, .gv instead of .svg."""
    for block, output in outputs((ROOT / readme).read_text(encoding="utf-8")):
        expected = block.text if render("digraph { a }", "svg") else re.sub(r"(f|mlp)\.svg", r"\1.gv", block.text)
        printed = "".join(line for line in output.splitlines(keepends=True) if "no Graphviz found" not in line)
        assert printed.rstrip("\n") == expected.rstrip("\n")


@pytest.mark.slow
def test_the_commands_for_pages_write_them(tmp_path: Path) -> None:
    """For an expression, and for both functions of the program above them, saved as my_file.py."""
    found = blocks(README)
    commands = next(block for block in found if "my_file.py:loss" in block.text)
    program = [block for block in found[: found.index(commands)] if block.language == "python"][-1]
    (tmp_path / "my_file.py").write_text(program.text, encoding="utf-8")
    for command in commands.text.splitlines():
        name = command.split()[-1]
        words = [sys.executable if word == "python" else word for word in shlex.split(command)]
        printed = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8").stdout
        assert printed.rstrip().endswith(f"wrote {name}")
        assert "</html>" in (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).unlink()


def test_eight_keys_lead_from_backward_to_a_derivative() -> None:
    """The session reaches the sigmoid's derivative, with its inputs by name, within eight steps."""
    session = next(block.text for block in blocks(README) if block.language == "pdb")
    steps = re.findall(r"^\(Pdb\) ([sn])$", session, re.MULTILINE)
    assert len(steps) <= 8
    assert "return (out * (1.0 - out),)" in session
    assert "out = 0.5\nx = 0.0" in session


def test_the_launch_configuration_is_json() -> None:
    """VS Code can read it, and it lets the debugger into the package."""
    launch = json.loads(next(block.text for block in blocks(README) if block.language == "json"))
    assert launch["configurations"][0]["justMyCode"] is False


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md", "demos/README.md"])
def test_every_link_leads_to_a_file(readme: str) -> None:
    """Links and pictures within the repository exist."""
    path = ROOT / readme
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+\.svg)\)")
FONT_SIZE = re.compile(r"""font-size(?:="|: ?)([\d.]+)|font: (?:[a-z]+ )*([\d.]+)px""")
PAGE = 838  # pixels: the width of a README on GitHub
PIXELS = 4 / 3  # per point


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md", "demos/README.md"])
def test_every_picture_is_large_enough_to_read(readme: str) -> None:
    """Nine pixels at least for the smallest letters, where the picture is as wide as the page or narrower."""
    path = ROOT / readme
    for line in path.read_text(encoding="utf-8").splitlines():
        for target in PICTURE.findall(line):
            assert not line.startswith("|"), f"{target}: a column of a table is narrower than the page"
            svg = (path.parent / target).read_text(encoding="utf-8")
            width = float(re.findall(r'viewBox="\S+ \S+ (\S+) ', svg)[0]) * PIXELS
            smallest = min(float(size or px) for size, px in FONT_SIZE.findall(svg)) * PIXELS
            assert smallest * min(1.0, PAGE / width) >= 9.0, target


@pytest.mark.skipif(not render("digraph { a }", "svg"), reason="no renderer: neither dot nor pygraphviz is installed")
@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_picture_above_the_first_program_is_what_it_draws(readme: str, tmp_path: Path) -> None:
    markdown = (ROOT / readme).read_text(encoding="utf-8")
    program = next(block for block in blocks(markdown) if block.language == "python")
    picture = PICTURE.findall(markdown[: program.start])[-1]
    subprocess.run([sys.executable, "-c", program.text], cwd=tmp_path, check=True, capture_output=True)
    words = re.compile("<text.*?>(.*?)</text>")
    assert words.findall((ROOT / picture).read_text("utf-8")) == words.findall((tmp_path / "f.svg").read_text("utf-8"))


def test_every_lesson_is_in_the_table_of_contents() -> None:
    """demos/README.md names each lesson."""
    contents = (ROOT / "demos" / "README.md").read_text(encoding="utf-8")
    for lesson in (ROOT / "demos").glob("*.py"):
        assert f"({lesson.name})" in contents


def test_the_places_to_read_have_the_lines_that_the_readme_says() -> None:
    """A row, Value's four methods, start_backward and topological_order: 110 lines at most, docstrings included."""
    places = {
        "Sigmoid": rules.Sigmoid,
        "Value.__init__": Value.__init__,
        "Value.apply": Value.apply,
        "Value.partials": Value.partials,
        "Value.backward": Value.backward,
        "start_backward": start_backward,
        "topological_order": topological_order,
    }
    listed = {name: int(lines) for name, lines in re.findall(r"^\| `(\S+)`.* \| (\d+) \|$", README, re.MULTILINE)}
    assert listed == {name: len(inspect.getsourcelines(place)[0]) for name, place in places.items()}
    assert sum(listed.values()) <= 110
