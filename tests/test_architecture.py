"""What the package looks like from outside: which module knows which, how long things are, how they are described.

And what a debugger shows of its heart: the way from `f.backward()` to a derivative is short, and any way out is safe.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import inspect
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tinygrad_edu
from tests.pythons import ROOT, environment, in_a_new_python, run
from tests.sweeps import mostly_slow
from tinygrad_edu import Value, engine, nn, rules, topological_order

PACKAGE = Path(tinygrad_edu.__file__).parent
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))
}

# ---------------------------------------------------------------------------------------------------- the floors

HEART = ["arguments", "rule", "rules", "functions", "operators", "engine"]
FLOORS = [
    *([module] for module in HEART),
    ["files", "words", "tables"],
    ["readers"],
    ["static"],
    ["nn", "show"],  # which know nothing of each other
    ["__init__"],
    ["__main__"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
APART = {"nn", "show"}


@functools.cache
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


class Arrow(NamedTuple):
    """An import: the module that imports, the one that is imported, and the line."""

    start: str
    end: str
    line: int

    def __str__(self) -> str:
        return f"{self.start}:{self.line} imports {self.end}"


def module_of(path: str) -> str:
    """The name of a module within the package: "engine", "show.text", "show" for show/__init__.py."""
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    """A module at the top is a room of its own."""
    return module.split(".")[0]


def arrows(sources: Mapping[str, str]) -> list[Arrow]:
    """The imports between the modules of the package, those within functions and under TYPE_CHECKING included."""
    modules = {module_of(path) for path in sources}
    return [
        Arrow(module_of(path), end, node.lineno)
        for path, source in sources.items()
        for node in ast.walk(parsed(source))
        for end in dict.fromkeys(imported(node, path, modules))
    ]


def imported(node: ast.AST, path: str, modules: set[str]) -> Iterator[str]:
    """The modules of the package that a piece of syntax imports, whether they exist or not.

    `from tinygrad_edu import rules` leads to rules, `from tinygrad_edu import Value` to what __init__ offers.
    """
    names: list[str] = []
    match node:
        case ast.Import(names=aliases):
            names = [alias.name for alias in aliases]
        case ast.ImportFrom(module=module, names=aliases, level=level):
            folders = ["tinygrad_edu", *path.split("/")[:-1]]
            base = ".".join([*folders[: len(folders) - level + 1], *filter(None, [module])]) if level else module
            names = [whole if inside(whole := f"{base}.{alias.name}") in modules else base for alias in aliases]
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
            names = [name] if ast.unparse(function).split(".")[-1] in ("import_module", "__import__") else []
    for name in names:
        if name.split(".")[0] == "tinygrad_edu":
            yield inside(name)


def inside(name: str) -> str:
    """The name of a module within the package."""
    return name.removeprefix("tinygrad_edu").removeprefix(".") or "__init__"


def faults(sources: Mapping[str, str]) -> list[str]:
    """Whatever is wrong with the imports between modules: rooms that no floor has, arrows up, a circle."""
    found = [f"{path} is on no floor" for path in sources if room(module_of(path)) not in FLOOR]
    graph: dict[str, list[str]] = {}
    for arrow in arrows(sources):
        graph.setdefault(arrow.start, []).append(arrow.end)
        start, end = room(arrow.start), room(arrow.end)
        if end not in FLOOR:
            found.append(f"{arrow}, which is on no floor")
        elif start in FLOOR and start != end and (FLOOR[end] > FLOOR[start] or {start, end} == APART):
            found.append(f"{arrow}, which is not below")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found.append(f"a circle: {' <- '.join(error.args[1])}")
    return found


def test_imports_point_down() -> None:
    """heart ← files, words, tables ← readers ← static ← nn, show; in no circle."""
    found = faults(SOURCES)
    assert not found, "\n".join(found)


def test_the_rooms_are_those_of_the_table() -> None:
    """Beside the modules at the top there are four rooms, and every folder with a module in it is one of them."""
    assert {room(module_of(path)) for path in SOURCES if "/" in path} == {"readers", "static", "nn", "show"}
    assert set(HEART) <= {module_of(path) for path in SOURCES}


def test_every_import_of_the_package_is_an_arrow() -> None:
    """What Python really loads with a module is what arrows lead to: none has been missed."""
    leads_to: dict[str, set[str]] = {}
    for arrow in arrows(SOURCES):
        leads_to.setdefault(arrow.start, set()).add(arrow.end)
    for module in ("engine", "readers.check", "static.graph", "nn.training", "show.stepper"):
        reached, waiting = set(), [module]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [*leads_to.get(name, ()), *(f for f in [room(name)] if f != name)]
        assert {name.removeprefix("tinygrad_edu.") for name in imports_of(f"tinygrad_edu.{module}")} <= reached, module


SOUND = {
    "__init__.py": "from tinygrad_edu.show import trace",
    "__main__.py": "import tinygrad_edu\nfrom tinygrad_edu import nn, trace",
    "rule.py": "import math\nfrom collections import Counter",
    "rules.py": "from tinygrad_edu.rule import Rule",
    "engine.py": "from tinygrad_edu import rules\nfrom tinygrad_edu.rule import Rule",
    "words.py": "",
    "readers/__init__.py": "",
    "readers/naming.py": "from ..engine import Value\nfrom . import symbol",
    "readers/symbol.py": "from tinygrad_edu.words import say",
    "static/__init__.py": "from tinygrad_edu.static.graph import static_graph",
    "static/graph.py": "import tinygrad_edu.readers.symbol as symbol",
    "nn/__init__.py": "def fit():\n    from tinygrad_edu.static import static_graph",
    "show/__init__.py": "from tinygrad_edu.show.text import trace",
    "show/text.py": "from tinygrad_edu.readers.naming import node_names\nfrom tinygrad_edu.static import static_graph",
}


def test_a_sound_package_has_no_faults() -> None:
    assert faults(SOUND) == []
    assert set(arrows(SOUND)) >= {
        Arrow("__main__", "nn", 2),
        Arrow("__main__", "__init__", 2),
        Arrow("engine", "rules", 1),
        Arrow("readers.naming", "engine", 1),
        Arrow("readers.naming", "readers.symbol", 2),
        Arrow("static", "static.graph", 1),
        Arrow("static.graph", "readers.symbol", 1),
        Arrow("nn", "static", 2),
    }


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("rules.py", "from tinygrad_edu.engine import Value", "rules:1 imports engine, which is not below"),
        ("rules.py", "from tinygrad_edu import engine", "rules:1 imports engine, which is not below"),
        ("rules.py", "import tinygrad_edu.engine", "rules:1 imports engine, which is not below"),
        ("rules.py", "import tinygrad_edu.engine as e", "rules:1 imports engine, which is not below"),
        ("rules.py", "from . import engine", "rules:1 imports engine, which is not below"),
        ("rules.py", "from .engine import Value", "rules:1 imports engine, which is not below"),
        ("rules.py", "from tinygrad_edu import Value", "rules:1 imports __init__, which is not below"),
        ("rules.py", "from tinygrad_edu import *", "rules:1 imports __init__, which is not below"),
        ("rules.py", "import tinygrad_edu", "rules:1 imports __init__, which is not below"),
        ("rules.py", "def f():\n    from tinygrad_edu.words import say", "rules:2 imports words, which is not below"),
        (
            "rules.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tinygrad_edu.engine import Value",
            "rules:3 imports engine, which is not below",
        ),
        (
            "rules.py",
            "import importlib\nimportlib.import_module('tinygrad_edu.engine')",
            "rules:2 imports engine, which is not below",
        ),
        ("words.py", "from tinygrad_edu.readers import symbol", "words:1 imports readers.symbol, which is not below"),
        ("readers/symbol.py", "from ..static import graph", "readers.symbol:1 imports static.graph, which"),
        ("static/graph.py", "from tinygrad_edu.nn import MLP", "static.graph:1 imports nn, which is not below"),
        ("static/graph.py", "from tinygrad_edu.show import text", "static.graph:1 imports show.text, which"),
        ("show/text.py", "from tinygrad_edu.nn import MLP", "show.text:1 imports nn, which is not below"),
        ("nn/data.py", "from tinygrad_edu.show.text import trace", "nn.data:1 imports show.text, which is not below"),
        ("__init__.py", "from tinygrad_edu import __main__", "__init__:1 imports __main__, which is not below"),
        ("attic/old.py", "", "attic/old.py is on no floor"),
        ("cellar.py", "", "cellar.py is on no floor"),
        ("engine.py", "import tinygrad_edu.attic.old", "engine:1 imports attic.old, which is on no floor"),
        ("engine.py", "from .attic import old", "engine:1 imports attic, which is on no floor"),
    ],
)
def test_an_arrow_up_and_an_unknown_room_are_caught(path: str, source: str, fault: str) -> None:
    """However it is written, wherever in a module it stands."""
    assert [found for found in faults(SOUND | {path: source}) if found.startswith(fault)]


@pytest.mark.parametrize(
    ("changes", "circle"),
    [
        ({"readers/symbol.py": "from tinygrad_edu.readers import naming"}, {"readers.naming", "readers.symbol"}),
        ({"readers/symbol.py": "def f():\n    from .naming import node_names"}, {"readers.naming", "readers.symbol"}),
        ({"static/graph.py": "from tinygrad_edu.static import static_graph"}, {"static", "static.graph"}),
        ({"words.py": "import tinygrad_edu.words"}, {"words"}),
        (
            {"nn/a.py": "from . import b", "nn/b.py": "from . import c", "nn/c.py": "from . import a"},
            {"nn.a", "nn.b", "nn.c"},
        ),
    ],
)
def test_a_circle_is_caught(changes: dict[str, str], circle: set[str]) -> None:
    """Also within a room, where no arrow points up."""
    [fault] = faults(SOUND | changes)
    assert fault.startswith("a circle: ")
    assert set(fault.removeprefix("a circle: ").split(" <- ")) == circle


# -------------------------------------------------------------------------------------- what Python really imports


def imports_of(name: str) -> set[str]:
    """The parts of the package that importing a module brings in."""
    return set(
        in_a_new_python(
            "import sys, json, types\n"
            "package = types.ModuleType('tinygrad_edu')\n"
            f"package.__path__ = {list(tinygrad_edu.__path__)!r}\n"
            f"package.__file__ = {tinygrad_edu.__file__!r}\n"
            "sys.modules['tinygrad_edu'] = package\n"
            f"import {name}\n"
            "print(json.dumps([module for module in sys.modules if module.startswith('tinygrad_edu.')]))"
        )
    )


ROOMS = [*HEART, "files", "words", "readers", "static", "nn", "show.diagram", "show.stepper"]


@pytest.mark.parametrize("name", mostly_slow(ROOMS, "rules", "engine", "static"))
def test_imports_point_one_way(name: str) -> None:
    """Importing a room brings in nothing above it; each module of the heart brings in those below it, and no more."""
    brought = {room(module.removeprefix("tinygrad_edu.")) for module in imports_of(f"tinygrad_edu.{name}")}
    assert {other for other in brought if FLOOR[other] > FLOOR[room(name)]} == set()
    if name == "engine":
        assert brought == set(HEART)


def test_nn_knows_nothing_of_show_nor_show_of_nn() -> None:
    assert not any("show" in module for module in imports_of("tinygrad_edu.nn"))
    assert not any(".nn" in module for module in imports_of("tinygrad_edu.show.diagram"))


# ----------------------------------------------------------------------------------------------- how long things are


def n_lines(path: str) -> int:
    return len(SOURCES[path].splitlines())


def test_the_heart_is_read_in_one_sitting() -> None:
    assert n_lines("rules.py") <= 170
    assert n_lines("engine.py") <= 195
    assert n_lines("rules.py") + n_lines("engine.py") <= 355


def test_the_table_begins_on_the_first_screen() -> None:
    first = next(i for i, line in enumerate(SOURCES["rules.py"].splitlines(), start=1) if line.startswith("class "))
    assert SOURCES["rules.py"].splitlines()[first - 1].startswith("class Add(")
    assert first <= 35


def test_no_file_is_long() -> None:
    long = [f"{path}: {n_lines(path)} lines" for path in SOURCES if n_lines(path) > 450]
    assert not long, "\n".join(long)


def test_the_package_stays_small() -> None:
    assert sum(map(n_lines, SOURCES)) <= 7750


def test_a_listing_of_the_package_is_short() -> None:
    assert len([path for path in SOURCES if "/" not in path]) <= 10


class Described(NamedTuple):
    """What can have a docstring: where it stands, and its syntax."""

    path: str
    node: Any

    def __str__(self) -> str:
        return f"{self.path}:{getattr(self.node, 'lineno', 1)} {getattr(self.node, 'name', 'the module')}"

    def docstring(self) -> str:
        return ast.get_docstring(self.node) or ""

    def lines_below_docstring(self) -> int:
        first = self.node.body[0]
        if self.docstring():
            return self.node.end_lineno - first.end_lineno  # type: ignore[no-any-return]
        return self.node.end_lineno - first.lineno + 1  # type: ignore[no-any-return]


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def described(sources: Mapping[str, str], kinds: tuple[type[ast.AST], ...]) -> list[Described]:
    """All modules, classes or functions, those within others included."""
    return [
        Described(path, node)
        for path, source in sources.items()
        for node in ast.walk(parsed(source))
        if isinstance(node, kinds)
    ]


def test_no_function_is_long() -> None:
    """At most 40 lines below its docstring."""
    functions = described(SOURCES, FUNCTIONS)
    long = [f"{function}: {n} lines" for function in functions if (n := function.lines_below_docstring()) > 40]
    assert not long, "\n".join(long)


def test_lines_below_a_docstring_are_counted() -> None:
    source = 'def f(\n  x,\n):\n  """One.\n\n  Two.\n  """\n  # why\n  y = x\n\n  return y\ndef g():\n  return 1'
    functions = described({"made_up.py": source}, FUNCTIONS)
    assert [(str(f), f.lines_below_docstring()) for f in functions] == [("made_up.py:1 f", 4), ("made_up.py:12 g", 1)]


PLACES: list[Callable[..., Any] | type] = [
    rules.Sigmoid,
    Value.__init__,
    Value.apply,
    Value.partials,
    Value.backward,
    engine.start_backward,
    topological_order,
]


def test_the_places_to_read_before_backprop_is_clear_are_few_lines() -> None:
    """A row of the table, and the six functions through which forward and backward go."""
    assert sum(len(inspect.getsourcelines(place)[0]) for place in PLACES) <= 110


# ------------------------------------------------------------------------------------------- how they are described

VERBS = {
    "Add", "Arrange", "Backpropagate", "Be", "Bind", "Break", "Build", "Call", "Check", "Clear", "Compare",
    "Compile", "Compute", "Copy", "Count", "Cut", "Decide", "Descend", "Differentiate", "Divide", "Do", "Draw",
    "Estimate", "Evaluate", "Explain", "Fill", "Find", "Format", "Give", "Go", "Guess", "Hand", "Hold", "Import",
    "Judge", "Keep", "Label", "Learn", "Let", "Limit", "List", "Load", "Look", "Make", "Mark", "Measure", "Move",
    "Multiply", "Name", "Normalise", "Note", "Nudge", "Number", "Open", "Pair", "Parse", "Pick", "Plot", "Predict",
    "Print", "Put", "Raise", "Read", "Recompute", "Record", "Refuse", "Remember", "Remove", "Render", "Replace",
    "Return", "Run", "Save", "Say", "Scale", "Set", "Share", "Shorten", "Show", "Shuffle", "Sort", "Split", "Stand",
    "Standardise", "Start", "Step", "Stop", "Store", "Style", "Sum", "Tabulate", "Take", "Tell", "Temporarily",
    "Trace", "Train", "Try", "Turn", "Update", "Use", "Wait", "Watch", "Wrap", "Write", "Yield",
}  # fmt: skip


def without_verb(sources: Mapping[str, str]) -> list[str]:
    """The docstrings that do not begin with a verb; a row of the table is said by its formula."""
    return [
        f"{thing}: {thing.docstring().splitlines()[0]}"
        for thing in described(sources, (ast.Module, ast.ClassDef, *FUNCTIONS))
        if thing.docstring()
        and re.split(r"\W", thing.docstring(), maxsplit=1)[0] not in VERBS
        and not (thing.path == "rules.py" and isinstance(thing.node, ast.ClassDef))
    ]


def test_every_docstring_begins_with_a_verb() -> None:
    """It says what happens."""
    found = without_verb(SOURCES)
    assert not found, "\n".join(found)


def test_a_docstring_without_a_verb_is_caught() -> None:
    found = without_verb(
        {
            "rules.py": '"""Tabulate."""\nclass Exp:\n    """e to the x."""\n    def forward(self): "Its value."',
            "nn/data.py": '"""Data sets."""\ndef moons():\n    """Two half circles.\n\n    Return them."""',
            "files.py": '"""Write files."""\nclass File:\n    "Returns nothing."\ndef silent(): pass',
        }
    )
    assert found == [
        "rules.py:4 forward: Its value.",
        "nn/data.py:1 the module: Data sets.",
        "nn/data.py:2 moons: Two half circles.",
        "files.py:2 File: Returns nothing.",
    ]


# -------------------------------------------------------------------------------------------- how tests are written

TESTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests").rglob("test_*.py"))
}
NODES = {name for name, thing in vars(nn).items() if isinstance(thing, type) and issubclass(thing, nn.Module)}
NODES |= {"Value", "Parameter", "Constant"}


def calls_at_import(tree: ast.AST) -> Iterator[ast.Call]:
    """What importing a module calls: what stands in no function, or is a default or decorator of one."""
    match tree:
        case ast.FunctionDef(args=arguments, decorator_list=run_at_import):
            inner = [*run_at_import, *arguments.defaults, *filter(None, arguments.kw_defaults)]
        case ast.Lambda(args=arguments):
            inner = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        case _:
            inner = list(ast.iter_child_nodes(tree))
    for part in inner:
        yield from calls_at_import(part)
    if isinstance(tree, ast.Call):
        yield tree


def unanchored(source: str) -> list[int]:
    """The lines with a match= that does not begin with ^: a name could be anything."""
    return [
        keyword.value.lineno
        for call in ast.walk(parsed(source))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "match" and not re.match(r"[rf]*['\"]\^", ast.unparse(keyword.value))
    ]


def nodes_at_import(source: str) -> list[int]:
    """The lines in which importing a module of tests makes a Value or a Module."""
    calls = calls_at_import(parsed(source))
    return [call.lineno for call in calls if ast.unparse(call.func).split(".")[-1] in NODES]


def test_messages_are_matched_from_their_first_word() -> None:
    found = [f"{name}:{line}" for name, source in TESTS.items() for line in unanchored(source)]
    assert not found, "\n".join(found)


def test_no_value_is_made_at_import() -> None:
    """One that cannot be made must not stop the collection, nor keep a gradient for the next test."""
    found = [f"{name}:{line}" for name, source in TESTS.items() for line in nodes_at_import(source)]
    assert not found, "\n".join(found)


def test_an_open_message_and_a_value_at_import_are_caught() -> None:
    assert unanchored("raises(match='^a')\nraises(match=rf'^{b}')\nraises(match='c')\nraises(match=d)") == [3, 4]
    source = "W = nn.Neuron(2)\n@each([Value(1.0)])\ndef f(x=Value(2.0)):\n  Value(3.0)\nX = [lambda: Value(4.0)]"
    assert nodes_at_import(source) == [1, 2, 3]


# ------------------------------------------------------------------------------------------------- in a debugger

class Debugger:
    """A session of pdb with a program, as a reader has it: enter a command, read the answer."""

    def __init__(self, python: str, program: Path) -> None:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        command = [python, "-m", "pdb", str(program)]
        self.process = subprocess.Popen(command, env=environment(program.parent), bufsize=0, **streams)  # type: ignore[call-overload]
        self.screen = self.answer()

    def answer(self) -> str:
        """What is printed until the next prompt, or the end of the program."""
        printed = b""
        while not printed.endswith(b"(Pdb) "):
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                break
            printed += more
        return printed.decode()

    def enter(self, command: str) -> str:
        self.process.stdin.write(f"{command}\n".encode())
        self.screen = self.answer()
        return self.screen

    def line(self) -> str:
        """The line that runs next."""
        return re.findall(r"^-> (.*)$", self.screen, re.MULTILINE)[-1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.mark.parametrize(
    ("expression", "row", "inputs"),
    [
        ("sigmoid(x * w + b)", "def partials(self, out, x):     return (out * (1.0 - out),)", ["out = 0.5", "x = 0.0"]),
        ("x * w", "def partials(self, out, x, y):  return (y, x)", ["out = 0.0", "x = 1.0", "y = 0.0"]),
    ],
    ids=["sigmoid", "mul"],
)
def test_at_most_eight_keys_lead_from_backward_to_a_derivative(
    expression: str, row: str, inputs: list[str], python: str, tmp_path: Path
) -> None:
    """s where the line calls what one wants to see, backward or partials, else n; the row has its inputs by name."""
    program = tmp_path / "program.py"
    program.write_text(
        "from tinygrad_edu import Parameter, Value, sigmoid\n"
        'x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")\n'
        f"f = {expression}\n"
        "f.backward()\n"
    )
    debugger = Debugger(python, program)
    try:
        debugger.enter("until 4")
        assert debugger.line() == "f.backward()"
        keys = ""
        while debugger.line() != row and len(keys) <= 8:
            keys += "s" if re.search(r"\.(backward|partials)\(", debugger.line()) else "n"
            debugger.enter(keys[-1])
        assert debugger.line() == row, keys
        assert len(keys) <= 8, keys
        assert debugger.enter("args").splitlines()[1:-1] == inputs
    finally:
        debugger.close()


MANY_PASSES = """
from tinygrad_edu import Parameter, Value, weighted_sum

def example():
    x, w, b = Value(1.5, "x"), Parameter(-0.5, "w"), Parameter(0.25, "b")
    x.grad, w.grad = 0.125, -7.0
    h = (x * w + b).tanh()
    return [x, w, b], (weighted_sum([h, w], [x, h], b) * x).sigmoid() + h

for _ in range(100):
    leaves, y = example()
    y.backward()
    print("gradients", [leaf.grad for leaf in leaves])
"""
THE_PACKAGE, THE_ROOT = "__import__('tinygrad_edu')", "__import__('__main__').y"  # from any frame


LOOK = [f"p {THE_PACKAGE}.topological_order({THE_ROOT})", f"p {THE_PACKAGE}.trace({THE_ROOT})", "where"]
WAYS_OUT = [
    ["c"], ["r"], ["r", "r", "s"], ["until"], ["up", "until"], ["up", "r"], ["up", "up", "down", "n"], ["n", "n"],
    [*LOOK, "r"],
]  # fmt: skip


@pytest.mark.parametrize(
    "way_out",
    mostly_slow(WAYS_OUT, ["r"], [*LOOK, "r"]),
    ids=lambda way_out: "look, r" if "where" in way_out else " ".join(way_out),
)
def test_out_of_any_frame_of_backward_nothing_is_lost(way_out: list[str], python: str, tmp_path: Path) -> None:
    """Step in ever deeper, leave in any way and go on: the gradients are those of a pass that nobody looked at."""
    program = tmp_path / "program.py"
    program.write_text(MANY_PASSES)
    line = MANY_PASSES.splitlines().index("    y.backward()") + 1
    depths = range(1, 101, 3)
    passes = [["c", *["s"] * depth, "p ('within', __name__)", *way_out] for depth in depths]
    commands = [f"b {line}", *(command for one in passes for command in one), "c", "q"]
    printed = run([python, "-m", "pdb", str(program)], "\n".join(commands) + "\n", tmp_path)
    within = re.findall(r"\('within', '(\w+)", printed)
    assert within == ["tinygrad_edu"] * len(depths)
    gradients = re.findall(r"^(?:\(Pdb\) )?(gradients .*)$", printed, re.MULTILINE)
    assert len(gradients) >= len(depths)
    assert set(gradients) == set(run([python, str(program)]).splitlines())
