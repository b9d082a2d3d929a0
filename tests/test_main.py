"""The command line: what it prints, what it writes, what it refuses."""

import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tinygrad_edu
from tests.sweeps import mostly_slow
from tinygrad_edu.__main__ import main
from tinygrad_edu.show import render

REFUSED = {
    "__import__('os').system('true')": "only arithmetic",
    "__import__('os')": "unknown function '__import__'",
    "x.data": "only arithmetic and known functions are evaluated, not 'x.data'",
    "x[0]": "not 'x[0]'",
    "9**9**9": "too large for a float",
    "2.0**1000000": "too large for a float",
    "(lambda: x)()": "only arithmetic",
    "x if x else x": "only arithmetic",
    "[x for x in x]": "only arithmetic",
    "x < 1": "only arithmetic",
    "x and x": "only arithmetic",
    "x // 2": "only arithmetic",
    "x @ x": "only arithmetic",
    "'text'": "only arithmetic",
    "1j * x": "only arithmetic",
    "True * x": "only arithmetic",
    "exp(*[x])": "only arithmetic",
    "leaky_relu(x, slope=2)": "only arithmetic",
    "exp(x, x)": "exp(x): too many positional arguments",
    "maximum(x)": "maximum(x, y): missing a required argument: 'y'",
    "weighted_sum([x], [x, 2])": "got 1 weights and 2 inputs",
    "[x] * 2": "a real number is needed",
    "y": "'y' has no value: add one, as in y=1",
    "x^2": "'x ^ 2': a power is written **, as in x**2",
    "x +": "cannot read the expression: invalid syntax, at its end",
    "": "cannot read the expression: invalid syntax, at its end",
    "x + * 2": "cannot read the expression: invalid syntax, at character 5",
    "3 * 4": "has no variable",
    "(-8) ** (1/3) * x": "x ** n needs x >= 0 unless n is whole",
    "log(x - 2)": "log(x) needs x > 0, got -1.0",
    "1 / (x - 1)": "x / y needs y != 0, got x = 1.0, y = 0.0",
    "sqrt(x - 1)": "sqrt(x) has no derivative at 0.0",
    "(" * 500 + "x" + ")" * 500: "nested",
    "+".join(["x"] * 5000): "nested too deeply",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tinygrad_edu"])
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_alone_it_explains_and_draws_the_worked_example(capsys: pytest.CaptureFixture[str]) -> None:
    """The trace ends in the textbook's product, and the picture lies where the last line says."""
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "1 × -0.25 × 1 × 1 × -1 × 1 × 1 = 0.25" in printed
    assert "h6 = 1 / h5      1 / 2      = 0.5" in printed
    written = Path(printed.split("wrote ")[-1].strip())
    assert written.exists()
    assert [path.name for path in Path().iterdir()] == [written.name]


def test_without_a_renderer_it_writes_the_source_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No dot, no pygraphviz: the command succeeds, prints everything, writes the .gv, and says what to install."""
    monkeypatch.setattr(render, "RENDERERS", [])
    assert main([]) == 0
    printed = capsys.readouterr()
    assert "= 0.25" in printed.out
    assert printed.out.endswith("wrote worked_example.gv\n")
    assert Path("worked_example.gv").read_text(encoding="utf-8").startswith("digraph")
    assert printed.err.count("\n") == 1
    assert "pip install pygraphviz" in printed.err


def test_without_the_graphviz_package_it_still_explains(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture alone is missing, and one line says so."""
    monkeypatch.setitem(sys.modules, "graphviz", None)
    assert main([]) == 0
    printed = capsys.readouterr()
    assert "= 0.25" in printed.out
    assert printed.err == "no picture is drawn: pip install graphviz\n"


def test_an_expression_is_explained_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """The gradient of every variable, and the file that --draw names."""
    assert main(["sigmoid(w*x + b)", "x=1", "w=0", "b=0", "--draw", "f.gv", "--parameters", "w,b"]) == 0
    printed = capsys.readouterr().out
    for path in "f → h2 → h1 → x: 1 × 0.25 × 1 × 0 = 0", "f → h2 → h1 → w: 1 × 0.25 × 1 × 1 = 0.25":
        assert path in printed
    source = Path("f.gv").read_text(encoding="utf-8")
    assert source.count("parameter") == 2
    assert "f = sigmoid(w*x + b)" in source


PROGRAM = """
from tinygrad_edu import Parameter, sigmoid, weighted_sum
w = Parameter(0.5)
print("running as", __name__)

def f(x, b):
    h1 = x * w
    return sigmoid(h1 + b)

def several(x):
    return [x]

def neuron(w, x):
    return weighted_sum(w, x, 0.5)
"""


def test_a_stepper_of_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    """--stepper writes the page, and nothing else but the trace."""
    assert main(["sigmoid(w*x + b)", "x=1", "w=0", "b=0", "--stepper", "f.html"]) == 0
    assert capsys.readouterr().out.endswith("\nwrote f.html\n")
    page = Path("f.html").read_text(encoding="utf-8")
    assert "<h1>f = sigmoid(w*x + b)   at x=1, w=0, b=0</h1>" in page
    assert [path.name for path in Path().iterdir()] == ["f.html"]


def test_a_stepper_of_the_worked_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stepper", "f.html"]) == 0
    assert "1 × -0.25 × 1 × 1 × -1 × 1 × 1 = 0.25" in capsys.readouterr().out
    assert "f = sigmoid(w*x + b) at x = 1, w = 0, b = 0" in Path("f.html").read_text(encoding="utf-8")


def test_a_function_of_a_file_is_explained_by_the_names_of_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """The file runs as `python file.py` runs it; then the function is traced, and its stepper written."""
    Path("program.py").write_text(PROGRAM, encoding="utf-8")
    assert main(["program.py:f", "x=1", "b=2", "--stepper", "f.html"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("running as __main__\ngiven      x = 1, b = 2, w = 0.5\n")
    assert "  h1 = x × w           1 × 0.5          = 0.5" in printed
    assert "∂f/∂v1 = f·(1 − f)" in printed
    assert "<h3>program.py</h3>" in Path("f.html").read_text(encoding="utf-8")


def test_a_step_of_training_is_explained_with_the_numbers_it_was_computed_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also its picture: the gradients are those of one backward pass, not of the function's own and one more."""
    program = (
        "from tinygrad_edu import Parameter\nw = Parameter(1.4)\n"
        "def f(x):\n    h = w * x\n    h.backward()\n    w.data -= w.grad\n    return h\n"
    )
    Path("program.py").write_text(program, encoding="utf-8")
    assert main(["program.py:f", "x=1.5", "--draw", "f.gv"]) == 0
    assert "  h = w × x     1.4 × 1.5     = 2.1" in capsys.readouterr().out
    assert Path("f.gv").read_text(encoding="utf-8").count("<b>1.5</b>") == 2


@pytest.mark.parametrize(
    ("w", "x", "forward"),
    [
        ("2,-3", "4,5", "w1 × x1 + w2 × x2 + 0.5     2 × 4 + -3 × 5 + 0.5     = -6.5"),
        ("2,", "4,", "w1 × x1 + 0.5     2 × 4 + 0.5     = 8.5"),
        ("2, -3,", " 4,5e0", "w1 × x1 + w2 × x2 + 0.5     2 × 4 + -3 × 5 + 0.5     = -6.5"),
    ],
)
def test_a_list_of_numbers_is_a_list_of_inputs(
    w: str, x: str, forward: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a function of a file and for an expression alike; its elements are numbered."""
    Path("program.py").write_text(PROGRAM, encoding="utf-8")
    assert main(["program.py:neuron", f"w={w}", f"x={x}", "--stepper", "f.html"]) == 0
    assert f"  neuron = {forward}" in capsys.readouterr().out
    assert "<h1>neuron(w = [2" in Path("f.html").read_text(encoding="utf-8")
    assert main(["weighted_sum(w, x, 0.5)", f"w={w}", f"x={x}"]) == 0
    assert f"  f = {forward}" in capsys.readouterr().out


def test_the_elements_of_a_list_are_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """--parameters names the list, --leaf an element."""
    arguments = ["weighted_sum(w, x, b)", "w=2,-3", "x=4,5", "b=1"]
    assert main([*arguments, "--parameters", "w,b", "--leaf", "w2", "--draw", "f.gv"]) == 0
    paths = [line for line in capsys.readouterr().out.splitlines() if "along" in line]
    assert paths == ["∂f/∂w2 along f → w2: 1 × 5 = 5"]
    assert Path("f.gv").read_text(encoding="utf-8").count("parameter") == 3


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (["program.py:f", "x=1"], "f(x, b): missing a required argument: 'b'", 2),
        (["program.py:g", "x=1"], "program.py has no function 'g': there is f, several, neuron", 2),
        (["program.py:w", "x=1"], "program.py has no function 'w': there is f, several, neuron", 2),
        (["program.py:several", "x=1"], "several must return one Value to differentiate, got [Value(x=1)]", 2),
        (["other.py:f", "x=1"], "No such file or directory: 'other.py'", 1),
        (["program.py:f", "x=1", "b=1", "--stepper", "f.svg"], "the name must end in .html, got 'f.svg'", 2),
    ],
)
def test_a_function_that_cannot_be_stepped_through_is_refused(
    arguments: list[str], message: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("program.py").write_text(PROGRAM, encoding="utf-8")
    assert main([*arguments, "--stepper", "f.html"] if "--stepper" not in arguments else arguments) == status
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not Path("f.html").exists()


def test_an_error_in_the_file_is_shown_as_python_shows_it() -> None:
    """With the line of the file, and none of this package."""
    Path("program.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    command = [sys.executable, "-m", "tinygrad_edu", "program.py:f", "x=1"]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 1
    lines = finished.stderr.splitlines()
    assert lines[:2] == [
        "Traceback (most recent call last):",
        f'  File "{Path("program.py").absolute()}", line 2, in <module>',
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "tinygrad_edu" not in finished.stderr


ERRORS = {
    "return int('seven') * x": ("ValueError: invalid literal for int() with base 10: 'seven'", "bad"),
    "return log(x - 10)": ("ValueError: log(x) needs x > 0, got -9.0", "bad"),
    "return weighted_sum([x, x], [x], 0.5)": (
        "ValueError: weighted_sum needs one weight per input, got 2 weights and 1 inputs",
        "bad",
    ),
    "return helper(x)": ("TypeError: 'Value' object is not callable", "helper"),
}


@pytest.mark.parametrize("statement", ERRORS)
def test_an_error_in_the_function_is_shown_with_its_place(statement: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As Python shows it, without the frames of this package."""
    message, innermost = ERRORS[statement]
    program = f"from tinygrad_edu import *\n\ndef helper(x):\n    return x()\n\ndef bad(x):\n    {statement}\n"
    Path("program.py").write_text(program, encoding="utf-8")
    with pytest.raises(SystemExit) as exit:
        main(["program.py:bad", "x=1", "--stepper", "f.html"])
    assert exit.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        "Traceback (most recent call last):",
        f'  File "{Path("program.py").absolute()}", line 7, in bad',
        f"    {statement}",
    ]
    assert [line for line in lines if "File" in line][-1].endswith(innermost)
    assert lines[-1] == message
    assert "tinygrad_edu/" not in "".join(lines)


def test_one_leaf_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """--leaf lists the paths to one variable."""
    assert main(["x*y", "x=2", "y=3", "--leaf", "y"]) == 0
    paths = [line for line in capsys.readouterr().out.splitlines() if "along" in line]
    assert paths == ["∂f/∂y along f → y: 1 × 2 = 2"]


@pytest.mark.parametrize(
    "expression", ["-x**2", "+x*2", "2**x", "x**x", "x**-1.5", "abs(-x)", "leaky_relu(-x, 0.5)", "minimum(x, 2)", "9*x"]
)
def test_arithmetic_is_evaluated_as_python_would(expression: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Precedence, powers on both sides, functions of one and two inputs."""
    functions = {"abs": abs, "minimum": min, "leaky_relu": lambda x, slope: x if x > 0 else slope * x}
    assert main([expression, "x=1.5"]) == 0
    expected = eval(expression, {"x": 1.5, **functions})
    forward = capsys.readouterr().out.split("backward")[0]
    assert forward.split("= ")[-1].strip() == f"{expected:.4g}"


@pytest.mark.parametrize("expression", REFUSED)
def test_everything_else_is_refused(expression: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names what was wrong, exit status 2, and no file."""
    assert main([expression, "x=1", "--draw", "f.gv"]) == 2
    printed = capsys.readouterr()
    assert REFUSED[expression] in printed.err
    assert printed.err.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "x=abc"], "'abc' is not a number"),
        (["x", "x="], "'' is not a number, nor a list such as 1,2,3"),
        (["x", "x=,"], "',' is not a number"),
        (["x", "x=1,,2"], "'1,,2' is not a number"),
        (["x", "x=[1,2]"], "'[1,2]' is not a number, nor a list such as 1,2,3"),
        (["x", "x=1,2"], "'x' is a list: only one Value can be differentiated"),
        (["x*2", "x=1,2"], "a real number is needed, got [Value(x1=1), Value(x2=2)]"),
        (["weighted_sum(x, x, 1)", "x=1,2", "--leaf", "x"], "--leaf x: the variables are x1, x2"),
        (["x", "1"], "'1' gives no variable a value"),
        (["x", "x=1", "x=2"], "'x=2': x has a value already"),
        (["x", "x y=1"], "'x y=1' gives no variable a value"),
        (["x", "x=1", "y=2"], "does not depend on Value(y=2)"),
        (["x", "x=1", "--leaf", "z"], "--leaf z: the variables are x"),
        (["x", "x=1", "--parameters", "x,q"], "--parameters q: the variables are x"),
        (["x+1", "x=1", "--draw", "f.jpeg"], "must end in one of"),
    ],
)
def test_unusable_arguments_are_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and the argument that was wrong, in one line and no trace."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1 after the trace, which is not lost."""
    assert main(["x+1", "x=1", "--draw", "no_such_folder/f.gv"]) == 1
    printed = capsys.readouterr()
    assert "f = x + 1" in printed.out
    assert "no_such_folder" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["x*y", "--draw", "f.gv", "x=2", "y=3"],
        ["--draw", "f.gv", "x*y", "x=2", "y=3"],
        ["x*y", "x=2", "--draw", "f.gv", "--leaf", "y", "y=3"],
        ["--leaf=y", "-x*y", "--draw=f.gv", "x=2", "--ascii", "y=3"],
    ],
)
def test_options_may_stand_anywhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "x = 2, y = 3" in capsys.readouterr().out
    assert Path("f.gv").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["x+1", "--draw", "no_such_folder/f.gv"], 1, "no_such_folder"),
        (["x" + "-" * 210 + "x", "--draw", "f.gv"], 2, "tinygrad_edu: 211 nodes are too many to read\n"),
    ],
    ids=["a folder that does not exist", "too many nodes"],
)
def test_a_picture_that_fails_takes_no_page_along(
    arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why, and advises nothing that the command line has not."""
    assert main([*arguments, "x=1", "--stepper", "f.html"]) == status
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert "max_nodes" not in printed.err
    assert Path("f.html").exists()


@pytest.mark.parametrize("unbuffered", mostly_slow(["", "1"], ""))
@pytest.mark.parametrize("expression", [["x*2", "x=1"], []], ids=["an expression", "the worked example"])
def test_a_closed_pipe_takes_no_file_along(expression: list[str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tinygrad_edu", *expression, "--draw", "f.gv", "--stepper", "f.html"]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    finished = subprocess.run(command, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (finished.returncode, finished.stderr) == (1, "")
    assert Path("f.gv").exists()
    assert Path("f.html").exists()


@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_paths_and_formulas_in_any_letters_reach_any_terminal(locale: dict[str, str]) -> None:
    """Both files are written, and the formula is read, where the terminal knows none of the letters."""
    command = [sys.executable, "-m", "tinygrad_edu", "x*权", "x=2", "权=3", "--draw", "图.gv", "--stepper", "步.html"]
    environment = {**os.environ, "PYTHONUTF8": "0", **locale}
    printed = subprocess.run(command, env=environment, capture_output=True).stdout.decode()
    assert "= 6" in printed
    assert "f = x*权   at x=2, 权=3" in Path("步.html").read_text(encoding="utf-8")
    assert "权" in Path("图.gv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["µ", "μ", "ﬁ", "𝐱"])
def test_names_are_those_that_python_makes_of_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """µ on a keyboard is U+00B5; in a program it is U+03BC, as all identifiers are in the normal form NFKC."""
    normal = unicodedata.normalize("NFKC", name)
    assert main([f"{name}*2", f"{name}=3", "--leaf", name, "--parameters", name, "--draw", "f.gv"]) == 0
    assert f"given      {normal} = 3" in capsys.readouterr().out
    Path("program.py").write_text(f"def f_{name}({name}):\n    return {name} * 2\n", encoding="utf-8")
    assert main([f"program.py:f_{name}", f"{name}=3"]) == 0
    assert f"given      {normal} = 3" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminals_without_the_symbols_get_ascii(encoding: str) -> None:
    """A stream that does not know ∂ is written in ASCII, unasked."""
    printed = on_terminal(encoding, ["x*π", "x=2", "π=3"])
    assert printed.isascii()
    assert "df/dx" in printed
    assert "x * pi" in printed


@pytest.mark.parametrize("encoding", mostly_slow(["ascii", "cp1252", "gbk"], "ascii"))
@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["doctor"], ["--version"], ["x*w*(x+损)**2", "x=2", "w=3", "损=1", "--draw", "图.gv"]],
    ids=" ".join,
)
def test_every_command_survives_every_terminal(encoding: str, arguments: list[str]) -> None:
    """With exit status 0 and no "?" in the place of a symbol; a Chinese name stays where it is known."""
    printed = on_terminal(encoding, arguments)
    assert "?" not in printed
    if "图.gv" in arguments:
        assert ("图.gv" if encoding == "gbk" else "\\u56fe.gv") in printed
        assert Path("图.gv").read_text(encoding="utf-8").count("损")


def on_terminal(encoding: str, arguments: list[str]) -> str:
    """What a command prints on a terminal of this encoding."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "tinygrad_edu", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode(encoding)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"tinygrad_edu {tinygrad_edu.__version__}\n"


def test_ascii_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """--ascii leaves nothing but ASCII."""
    assert main(["sigmoid(w*x + b)*总 + θ", "x=1", "w=0", "b=0", "总=1", "θ=1", "--ascii"]) == 0
    assert capsys.readouterr().out.isascii()


def test_a_closed_pipe_is_no_error() -> None:
    """As in python -m tinygrad_edu | head -1, once head has what it wants."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tinygrad_edu", "x*2", "x=1"]
    finished = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert finished.stderr == ""


NOT_INSTALLED = ModuleNotFoundError("No module named 'pygraphviz'")


@pytest.mark.parametrize(
    ("dot", "pygraphviz", "lines"),
    [
        (b"<svg/>", NOT_INSTALLED, ["dot works", "pygraphviz No module named", "rendered by dot"]),
        (b"", b"<svg/>", ["dot draws nothing", "pygraphviz works", "rendered by pygraphviz"]),
        (
            subprocess.CalledProcessError(1, "/opt/bin/dot", stderr=b'no layout engine support\nrun "dot -c"'),
            NOT_INSTALLED,
            ["'/opt/bin/dot' returned non-zero", 'no layout engine support run "dot -c"', "pip install pygraphviz"],
        ),
    ],
    ids=["dot works", "pygraphviz works", "neither works"],
)
def test_doctor_tries_each_renderer(
    dot: Any, pygraphviz: Any, lines: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says which works, which does not and why, and how to get one."""

    def renderer(name: str, result: Any) -> Callable[[str, str], bytes]:
        def draw(source: str, format: str) -> bytes:
            if isinstance(result, Exception):
                raise result
            return bytes(result)

        draw.__name__ = name
        return draw

    monkeypatch.setattr(render, "RENDERERS", [renderer("dot", dot), renderer("pygraphviz", pygraphviz)])
    assert main(["doctor"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for line in lines:
        assert line in printed
