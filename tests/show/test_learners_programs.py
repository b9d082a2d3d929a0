"""Whole programs of a learner, run from the command line and recorded: what is shown is what the program is.

Every expectation is written by hand: the names in the order of computation, the text that made each, and the numbers.
"""

from __future__ import annotations

import importlib
import linecache
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.show.reading import made_by, operations
from tests.sweeps import mostly_slow
from tinygrad_edu import Parameter, save_stepper
from tinygrad_edu.show.listing import row
from tinygrad_edu.show.source import Recording, record

HEAD = "from tinygrad_edu import *\n"
exact = sys.version_info >= (3, 11)  # before, only the line is known


class Program(NamedTuple):
    """A program with a function f(x), and of each operation of f(2): the name, the text that made it, the number."""

    text: str
    names: str
    made: list[str]
    numbers: list[float]


PROGRAMS = {
    "an expression": Program("def f(x):\n    return x * x\n", "f", ["x * x"], [4]),
    "two lines": Program("def f(x):\n    a = x * 3\n    return a + x\n", "a f", ["x * 3", "a + x"], [6, 8]),
    "not in the order of depth": Program(
        "def f(x):\n    a = x * 3\n    p = a + 1\n    r = x * x\n    return r * p\n",
        "a p r f",
        ["x * 3", "a + 1", "x * x", "r * p"],
        [6, 7, 4, 28],
    ),
    "a helper": Program(
        "def half(v):\n    return v / 2\ndef f(x):\n    h = half(x)\n    return -h\n", "h f", ["v / 2", "-h"], [1, -1]
    ),
    "a comprehension over parameters": Program(
        "w1, w2 = Parameter(1.0), Parameter(3.0)\ndef f(x):\n    squares = [p**2 for p in [w1, w2]]\n"
        "    a, b = squares\n    return a + b * x\n",
        "a b - f",
        ["p**2", "p**2", "b * x", "a + b * x"],
        [1, 9, 18, 19],
    ),
    "a nested comprehension": Program(
        "def f(x):\n    a, b = [sum([u * k for u in [v]]) for k in (2, 3) for v in [x]]\n    return a * b\n",
        "- a - b f",
        ["u * k", "sum([u * k for u in [v]])", "u * k", "sum([u * k for u in [v]])", "a * b"],
        [4, 4, 6, 6, 24],
    ),
    "locals in a loop": Program(
        "def f(x):\n    total = x\n    for name, value in locals().items():\n        total = total + value\n"
        "    return total\n",
        "total total",
        ["total + value", "total + value"],
        [4, 6],
    ),
    "locals held": Program(
        "def f(x):\n    before = locals()\n    y = x * 1\n    assert sorted(before) in (['before', 'x'], ['x'])\n"
        "    return y\n",
        "y",
        ["x * 1"],
        [2],
    ),
    "vars in a loop": Program(
        "def f(x):\n    y = x\n    for name in vars():\n        z = name\n        y = y * x\n        break\n"
        "    return y\n",
        "y",
        ["y * x"],
        [4],
    ),
    "a dataclass": Program(
        "from dataclasses import dataclass\n@dataclass\nclass Pair:\n    left: Value\n    right: Value\n"
        "def f(x):\n    h = x * x\n    p = Pair(h, x)\n    return p.left * p.right\n",
        "h f",
        ["x * x", "p.left * p.right"],
        [4, 8],
    ),
    "a dataclass that computes": Program(
        "from dataclasses import dataclass\n@dataclass\nclass Pair:\n    left: Value\n"
        "    def __post_init__(self):\n        self.twice = self.left * 2\n"
        "def f(x):\n    p = Pair(x)\n    return p.twice * x\n",
        "self.twice f",
        ["self.left * 2", "p.twice * x"],
        [4, 8],
    ),
    "a named tuple": Program(
        "from typing import NamedTuple\nclass Pair(NamedTuple):\n    left: Value\n    right: Value\n"
        "def f(x):\n    p = Pair(x * x, x)\n    h = p.left * p.right\n    return -h\n",
        "- h f",
        ["x * x", "p.left * p.right", "-h"],
        [4, 8, -8],
    ),
    "a pickled class": Program(
        "import pickle\nclass Box:\n    def __init__(self, n):\n        self.n = n\n"
        "def f(x):\n    box = pickle.loads(pickle.dumps(Box(3)))\n    return x * box.n\n",
        "f",
        ["x * box.n"],
        [6],
    ),
    "type hints": Program(
        "from typing import get_type_hints\nclass Box:\n    n: 'Value'\n"
        "def f(x):\n    assert get_type_hints(Box)['n'] is Value\n    return x * 3\n",
        "f",
        ["x * 3"],
        [6],
    ),
    "annotations that are not text": Program(
        "class Box:\n    n: Value\nassert Box.__annotations__['n'] is Value\ndef f(x):\n    return x * 3\n",
        "f",
        ["x * 3"],
        [6],
    ),
    "an enumeration": Program(
        "import enum\nclass Power(enum.IntEnum):\n    TWO = 2\ndef f(x):\n    return x ** Power.TWO.value\n",
        "f",
        ["x ** Power.TWO.value"],
        [4],
    ),
    "sys.exit(main())": Program(
        "import sys\ndef f(x):\n    return x * x\ndef main():\n    f(Value(1.0))\n"
        "if __name__ == '__main__':\n    sys.exit(main())\n",
        "f",
        ["x * x"],
        [4],
    ),
    "its own __main__": Program(
        "import __main__\ndef f(x):\n    return x * __main__.k\nk = 3\n", "f", ["x * __main__.k"], [6]
    ),
    "sys.argv": Program(
        "import sys\nfrom pathlib import Path\nassert sys.argv == ['program.py']\n"
        "assert Path(sys.path[0]).samefile(Path(__file__).parent)\ndef f(x):\n    return x * 3\n",
        "f",
        ["x * 3"],
        [6],
    ),
    "another folder": Program(
        "import os, tempfile\ndef f(x):\n    return x * 3\nos.chdir(tempfile.gettempdir())\n", "f", ["x * 3"], [6]
    ),
    "a class with __slots__": Program(
        "class Line:\n    __slots__ = ('w',)\n    def __init__(self):\n        self.w = Parameter(3.0)\n"
        "    def __call__(self, x):\n        y = self.w * x\n        return y\n"
        "line = Line()\ndef f(x):\n    return line(x)\n",
        "f",
        ["self.w * x"],
        [6],
    ),
    "a closure": Program(
        "def scaled(k):\n    def g(v):\n        return v * k\n    return g\n"
        "triple = scaled(3)\ndef f(x):\n    y = triple(x)\n    return y + 1\n",
        "y f",
        ["v * k", "y + 1"],
        [6, 7],
    ),
    "recursion": Program(
        "def power(v, n):\n    return v if n == 1 else v * power(v, n - 1)\ndef f(x):\n    return power(x, 3)\n",
        "- f",
        ["v * power(v, n - 1)", "v * power(v, n - 1)"],
        [4, 8],
    ),
    "a generator": Program(
        "def terms(v):\n    yield v * 1\n    yield v * 2\ndef f(x):\n    a, b = terms(x)\n    return a + b\n",
        "a b f",
        ["v * 1", "v * 2", "a + b"],
        [2, 4, 6],
    ),
    "a cached property": Program(
        "import functools\nclass Box:\n    def __init__(self, v):\n        self.v = v\n"
        "    @functools.cached_property\n    def square(self):\n        return self.v * self.v\n"
        "def f(x):\n    s = Box(x).square\n    return -s\n",
        "s f",
        ["self.v * self.v", "-s"],
        [4, -4],
    ),
    "try and except": Program(
        "def f(x):\n    try:\n        y = log(x - 5)\n    except ValueError:\n        y = x * 5\n    return y\n",
        "y",
        ["x * 5"],
        [10],
    ),
    "match": Program(
        "def f(x):\n    match [x, 3]:\n        case [v, n]:\n            return v * n\n", "f", ["v * n"], [6]
    ),
    "exec": Program(
        "def f(x):\n    space = {'x': x}\n    exec('y = x * 3', space)\n    return space['y'] + 1\n",
        "space['y'] f",
        ["exec('y = x * 3', space)", "space['y'] + 1"],
        [6, 7],
    ),
    "annotations in a function": Program(
        "def f(x):\n    h: Value = x * 3\n"
        "    def g(v: Value) -> Value:\n        return v + 1\n    return g(h)\n",
        "h f",
        ["x * 3", "v + 1"],
        [6, 7],
    ),
    "a class of the same name": Program(
        "class A:\n    def __call__(self, v):\n        return v * 3\na = A()\n"
        "class A:\n    def __call__(self, v):\n        return v * 5\ndef f(x):\n    return a(x)\n",
        "f",
        ["v * 3"],
        [6],
    ),
    "Chinese": Program(
        "def f(x):\n    净输入 = x * 3\n    return 净输入 + 1\n", "净输入 f", ["x * 3", "净输入 + 1"], [6, 7]
    ),
    "a step of training": Program(
        "w = Parameter(3.0)\ndef f(x):\n    loss = w * x\n    loss.backward()\n    w.data -= w.grad\n    return loss\n",
        "loss",
        ["w * x"],
        [6],
    ),
}  # fmt: skip


if sys.version_info < (3, 11):  # there Python itself updates what locals() returned, for any profiler
    del PROGRAMS["locals held"]


def write(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `python -m tinygrad_edu` prints and returns, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", *arguments],
        cwd=folder, env={**os.environ, "PYTHONUTF8": "1", **environment}, capture_output=True, encoding="utf-8",
    )  # fmt: skip


def recorded(path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The recording of f(2) of a program, run as the command line runs it."""
    from tinygrad_edu.__main__ import program

    monkeypatch.chdir(path.parent)
    with program(path.name) as (names, _):
        return record(names["f"], {"x": 2.0})


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_program_is_shown_as_what_it_is(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its names, the text of each operation, their order, and the numbers it computed."""
    program = PROGRAMS[case]
    recording = recorded(write(tmp_path, program.text), monkeypatch)
    assert recording.edited == []
    assert [node.data for node in operations(recording)] == program.numbers
    if exact:
        assert made_by(recording) == program.made
    if sys.version_info >= (3, 13) or "locals()" not in program.text and "vars()" not in program.text:
        given = recording.names()
        assert [given.get(node, "-") for node in operations(recording)] == program.names.split()


@pytest.mark.parametrize("case", PROGRAMS)
def test_watching_changes_nothing(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What f returns when it is watched, it returns when it is called."""
    from tinygrad_edu import Value
    from tinygrad_edu.__main__ import program

    path = write(tmp_path, PROGRAMS[case].text)
    watched = recorded(path, monkeypatch).root.data
    monkeypatch.chdir(path.parent)
    with program(path.name) as (names, _):
        assert names["f"](Value(2.0, "x")).data == watched


ONCE_MORE = ["a pickled class", "type hints", "sys.exit(main())", "sys.argv", "another folder"]


@pytest.mark.parametrize("case", mostly_slow(ONCE_MORE, "sys.exit(main())", "sys.argv"))
def test_the_command_line_runs_a_program_as_python_does(case: str, tmp_path: Path) -> None:
    """It succeeds, prints the number, and its page has the text of the program."""
    program = PROGRAMS[case]
    write(tmp_path, program.text)
    finished = run("program.py:f", "x=2", "--stepper", str(tmp_path / "f.html"), folder=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    forward = finished.stdout.split("forward\n")[1].split("backward")[0]
    assert forward.rstrip().endswith(f"= {program.numbers[-1]}")
    assert "<h3>program.py</h3>" in (tmp_path / "f.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("ending", "status", "printed"),
    mostly_slow(
        [("sys.exit()", 0, ""), ("sys.exit(3)", 3, ""), ("sys.exit('no data')", 1, "no data\n"), ("exit(True)", 1, "")],
        ("sys.exit('no data')", 1, "no data\n"),
    ),
)
def test_a_program_that_exits_is_shown_all_the_same(ending: str, status: int, printed: str, tmp_path: Path) -> None:
    """Its exit status is passed on, as `python program.py` has it."""
    write(tmp_path, f"import sys\ndef f(x):\n    return x * x\n{ending}\n")
    finished = run("program.py:f", "x=2", "--stepper", "f.html", folder=tmp_path)
    assert (finished.returncode, finished.stderr) == (status, printed)
    assert "f = x × x" in finished.stdout
    assert (tmp_path / "f.html").exists()


def test_a_function_that_exits_is_an_error_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "import sys\ndef f(x):\n    sys.exit(0)\n")
    finished = run("program.py:f", "x=2", folder=tmp_path)
    assert finished.returncode == 1
    assert "line 4, in f" in finished.stderr


# ------------------------------------------------------------------------------------------- a row of one's own

ROW = """from tinygrad_edu.rule import Rule
class Cube(Rule, symbol="cube"):
    def forward(self, x):           return x * x * x
    def partials(self, out, x):     return (3.0 * x * x,)
cube = Cube()
def f(x):
    return cube(x)
"""


def test_a_row_of_a_program_is_shown(tmp_path: Path) -> None:
    """Its own text, from the command line, on every Python."""
    write(tmp_path, ROW)
    finished = run("program.py:f", "x=2", "--stepper", "f.html", folder=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    text = re.sub("<.*?>", "", (tmp_path / "f.html").read_text(encoding="utf-8"))
    assert "class Cube(Rule, symbol=&quot;cube&quot;):" in text
    assert "return (3.0 * x * x,)" in text


def test_a_row_of_a_cell_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook has no file, and a class of the same name may stand in a later cell."""
    rows = []
    for number, power in (1, "x * x * x"), (2, "x ** 3.0"):
        file, text = f"ipykernel_1/{number}.py", ROW.replace("x * x * x", power)
        monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(keepends=True), file))
        namespace: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(text, file, "exec"), namespace)
        rows.append(re.sub("<.*?>", "", row(namespace["cube"])))
    assert "return x * x * x" in rows[0]
    assert "return x ** 3.0" in rows[1]


def test_a_row_typed_at_the_prompt_is_shown_by_its_name() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(ROW, "<stdin>", "exec"), namespace)
    assert row(namespace["cube"]) == "<pre><code>cube(x)</code></pre>"


def test_a_row_that_was_edited_since_is_not_shown(tmp_path: Path) -> None:
    path = write(tmp_path, ROW)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    path.write_text(HEAD + ROW.replace("3.0", "4.0"), encoding="utf-8")
    linecache.checkcache()
    assert "4.0" not in row(namespace["cube"])


# ------------------------------------------------------------------------------------ whose source, and what ran


@pytest.mark.parametrize("folder", [".venv/lib/python3.12/site-packages", "env/Lib/site-packages", "dist-packages"])
def test_an_installed_library_is_not_the_learners_source(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in an environment within the learner's folder."""
    library = tmp_path / folder
    library.mkdir(parents=True)
    (library / "installed.py").write_text("def twice(v):\n    hidden = v + v\n    return hidden\n", encoding="utf-8")
    monkeypatch.syspath_prepend(library)
    monkeypatch.delitem(sys.modules, "installed", raising=False)
    importlib.invalidate_caches()
    path = write(tmp_path, "from installed import twice\ndef f(x):\n    return -twice(x)\n")
    recording = recorded(path, monkeypatch)
    assert {span.file for calls in recording.calls.values() for span in calls.learner} == {str(path)}
    assert "hidden" not in recording.names().values()


def test_a_cell_that_a_future_import_in_another_reaches_is_not_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    import __future__

    file = "ipykernel_1/2.py"
    text = "def f(x):\n    def g(v: float) -> float:\n        return v * 2\n    return g(x) + 1\n"
    monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(keepends=True), file))
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec", __future__.annotations.compiler_flag), namespace)
    assert record(namespace["f"], {"x": 1.0}).edited == []


def test_an_assert_that_pytest_rewrote_is_not_edited() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        assert y.data == 4, "rewritten by pytest"
        return y

    recording = record(f, {"x": 2.0})
    assert recording.edited == []
    assert recording.texts[__file__]


# ------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "body",
    [
        "return sum([p**2 for p in [w1, w2]]) * x",
        "return sum({p.data: p**2 for p in [w1, w2]}.values()) * x",
        "total = x\n    for p in [w1, w2]:\n        total = total * p\n    p = 0\n    return total",
    ],
    ids=["a list", "a dictionary", "a loop"],
)
def test_lasting_names_beat_temporary_ones(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module's w1 is w1, although p holds it for a while, on every Python."""
    text = f"w1, w2 = Parameter(1.0), Parameter(2.0)\ndef f(x):\n    {body}\n"
    names = recorded(write(tmp_path, text), monkeypatch).names()
    assert [name for value, name in names.items() if isinstance(value, Parameter)] == ["w1", "w2"]


# --------------------------------------------------------------------------------------------- what watched before


@pytest.mark.parametrize("module", mostly_slow(["cProfile", "profile"], "cProfile"))
def test_a_profiler_watches_again(module: str, tmp_path: Path) -> None:
    """In C or in Python: what is called after the page was written is in its table, and so is what came before."""
    write(
        tmp_path,
        "def f(x):\n    return x * x\ndef before(): pass\ndef afterwards(): pass\n"
        "before()\nsave_stepper(f, 'f.html', x=1.0)\nafterwards()\n",
    )
    command = [sys.executable, "-m", module, "program.py"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert {"(before)", "(afterwards)"} <= set(re.findall(r"\(\w+\)", finished.stdout))


def test_a_tracer_watches_throughout(tmp_path: Path) -> None:
    """As of a debugger or of coverage."""
    lines = set()

    def tracer(frame: Any, event: str, argument: Any) -> Any:
        lines.add((frame.f_code.co_name, event))
        return tracer

    def traced(x: Any) -> Any:
        return x * x

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        save_stepper(traced, tmp_path / "f.html", x=1.0)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert ("traced", "line") in lines


def test_after_very_many_operations_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is the same; what watched before watches again."""
    monkeypatch.setattr("tinygrad_edu.show.source.MAX_WATCHED", 10)

    def f(x: Any) -> Any:
        for _ in range(50):
            x = x + 1
        return x

    recording = record(f, {"x": 1.0})
    assert recording.root.data == 51
    assert len(recording.used) <= 11
    assert sys.getprofile() is None
