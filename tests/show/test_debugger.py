"""What a debugger shows: pdb with a heading at each edge, pdb itself, pudb's panes, and VS Code's keys."""

import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editor import Editor
from tests.pythons import ROOT, run
from tests.readme import blocks
from tests.sweeps import mostly_slow
from tinygrad_edu import Dual, Parameter, Symbol, Value, engine, gradients, rules, static_graph, trace

README = (ROOT / "README.md").read_text(encoding="utf-8")
NEURON = next(block.text for block in blocks(README) if block.language == "python")
LINE_OF_BACKWARD = 1 + [line.split(" ")[0] for line in NEURON.splitlines()].index("f.backward()")
WITHOUT_PICTURE = NEURON.replace("save_graph(f", "# save_graph(f")

# ---------------------------------------------------------------------------------------- python -m tinygrad_edu debug


def session(python: str, program: str, commands: list[str], folder: Path, *arguments: str, debugger: str = "") -> str:
    """What is on the screen after these commands: without a folder's name, and with a line for each prompt."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    start = [python, "-m", *(debugger or "tinygrad_edu debug").split(), str(folder / "program.py"), *arguments]
    printed = run(start, "".join(f"{command}\n" for command in commands), folder)
    return re.sub(r"\((?:Pdb|row)\) ", "\n", re.sub(r"(> | at )\S*[/\\](?=\w+\.py)", r"\1", printed))


def headings(printed: str) -> list[str]:
    """The edges that it stopped at."""
    return re.findall(r"^(\S+\.grad \+= .*)\n> engine.py\(\d+\)backward\(\)$", printed, re.MULTILINE)


def test_c_goes_from_edge_to_edge(python: str, tmp_path: Path) -> None:
    """Each has a heading, with names and numbers; then the program goes on, and is started again as pdb does."""
    printed = session(python, WITHOUT_PICTURE, ["c"] * 5 + ["q"], tmp_path)
    assert headings(printed) == [
        "h2.grad += f.grad × ∂f/∂h2     0 + 1 × 0.25",
        "h1.grad += h2.grad × ∂h2/∂h1     0 + 0.25 × 1",
        "b.grad += h2.grad × ∂h2/∂b     0 + 0.25 × 1",
        "w.grad += h1.grad × ∂h1/∂w     0 + 0.25 × 1",
        "x.grad += h1.grad × ∂h1/∂x     0 + 0.25 × 0",
    ]
    assert printed.index("∂f/∂w along f → h2 → h1 → w") < printed.index("The program finished and will be restarted")
    assert "> program.py(1)<module>()" in printed


ROW = r"> rules.py\(\d+\)partials\(\)\n-> def partials\(self, out, x\):     return \(out \* \(1\.0 - out\),\)\n"


@pytest.mark.parametrize(
    ("way_out", "next_edge"),
    [(["c"], "h1.grad += h2.grad"), (["r", "n", "c"], "h1.grad += h2.grad"), (["n", "s", "c"], "h1.grad += h2.grad")],
    ids=" ".join,
)
def test_row_goes_into_the_row(way_out: list[str], next_edge: str, python: str, tmp_path: Path) -> None:
    """Its inputs have names; c goes on to the next edge, and stepping out of it leads back."""
    printed = session(python, WITHOUT_PICTURE, ["row", "args", *way_out, *["c"] * 4, "q"], tmp_path)
    assert re.search(ROW + r"\nself = <rule sigmoid\(x\)>\nout = 0\.5\nx = 0\.0\n", printed)
    assert "->(0.25,)" in printed or way_out == ["c"]
    assert headings(printed)[1].startswith(next_edge)
    assert len(headings(printed)) == 5
    assert "∂f/∂w along f → h2 → h1 → w: 1 × 0.25 × 1 × 1 = 0.25" in printed


LEAVING = [["q"], [], ["row", "q"], ["row"], ["c", "trace"], ["s", "q"]]


@pytest.mark.parametrize("commands", mostly_slow(LEAVING, ["row", "q"], ["c", "trace"]), ids=" ".join)
def test_leaving_ends_the_program(commands: list[str], python: str, tmp_path: Path) -> None:
    """By q or the end of the input, from an edge and from a row."""
    printed = session(python, WITHOUT_PICTURE, commands, tmp_path)
    assert len(headings(printed)) == 1 + commands.count("c")
    assert "Traceback" not in printed
    assert "along" not in printed


def test_trace_says_what_happened_so_far(python: str, tmp_path: Path) -> None:
    """Forward, then the edges that are done: none before the first, all after the last; with what leaves held."""
    program = (
        "from tinygrad_edu import Value\nx = Value(3.0, 'x')\nx.grad = 7.0\n"
        "y = x * x * 2.0\ny.backward()\nbreakpoint()\n"
    )
    printed = session(python, program, ["trace", "c", "trace", "c", "trace", "c", "trace", "q"], tmp_path)
    _, *traces = re.split(r"(?m)^given +", printed)
    lines = [re.findall(r"^  (\S+\.grad .*?)(?: +∂\S+ = .*)?$", part, re.MULTILINE) for part in traces]
    assert [len(found) for found in lines] == [0, 1, 2, 3]
    assert [re.sub(" +", " ", line) for line in lines[-1]] == [
        "h1.grad += h2.grad × ∂h2/∂h1 0 + 1 × 2 = 2",
        "x.grad += h1.grad × ∂h1/∂x₍₁₎ 7 + 2 × 3 = 13",
        "x.grad += h1.grad × ∂h1/∂x₍₂₎ 13 + 2 × 3 = 19",
    ]


def test_at_its_end_trace_is_the_trace(python: str, tmp_path: Path) -> None:
    """The same lines as `trace(f)`."""
    x, w, b = Value(1.0, "x"), Parameter(0.0, "w"), Parameter(0.0, "b")
    f = rules.sigmoid(w * x + b)
    f.label = "f"
    program = WITHOUT_PICTURE.replace("explain(f, w)", "breakpoint() #")
    assert trace(f) in session(python, program, [*["c"] * 5, "trace", "q"], tmp_path)


def test_page_writes_the_page_and_says_the_step(python: str, tmp_path: Path) -> None:
    """By the program's name, or one's own. The second edge is step 6: first the given, h1, h2, f, the start."""
    own = tmp_path / "f.html"
    first = tmp_path / "program.html"
    printed = session(python, WITHOUT_PICTURE, [f"page {first}", "c", f"page {own}", "page f.txt", "q"], tmp_path)
    assert f"wrote {first}#step=5" in printed
    assert f"wrote {own}#step=6" in printed
    assert "*** path: the stepper is a page: the name must end in .html" in printed
    page = own.read_text(encoding="utf-8")
    step = page[page.index('<li><a href="#step=6"') : page.index('<li><a href="#step=7"')]
    assert re.search(r"h2.*\.grad.*∂.*h2.*/∂.*h1", re.sub("<.*?>", "", step))


def test_before_an_edge_there_is_nothing_to_show(python: str, tmp_path: Path) -> None:
    """A program that has no backward(), and one that exits."""
    printed = session(python, "import sys\nsys.exit(3)", ["row", "trace", "page", "q"], tmp_path)
    assert "Exit status: 3" in printed
    assert printed.count("*** no backward() yet: c goes on to the first edge of one") == 3


def test_each_backward_is_a_pass_of_its_own(python: str, tmp_path: Path) -> None:
    """Three of them, and a restart."""
    program = (
        "from tinygrad_edu import Parameter\nw = Parameter(2.0, 'w')\nfor _ in range(3):\n    (w * 3.0).backward()\n"
    )
    printed = session(python, program, ["c", "c", "trace", "restart", "c", "trace", "q"], tmp_path)
    numbers = [heading.split("     ")[1] for heading in headings(printed)]
    assert numbers == ["0 + 1 × 3", "3 + 1 × 3", "6 + 1 × 3", "0 + 1 × 3"]
    assert len(re.findall(r"^given ", printed, re.MULTILINE)) == 2
    assert "Restarting" in printed


def test_the_program_reads_its_input_and_arguments(python: str, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom tinygrad_edu import Value\nprint('read', input(), sys.argv[1:])\n"
        "(Value(1.0) * 2).backward()\n"
    )
    printed = session(python, program, ["a line", "q"], tmp_path, "lr", "0.1")
    assert "read a line ['lr', '0.1']" in printed


def test_a_breakpoint_that_is_taken_away_is_away(python: str, tmp_path: Path) -> None:
    """Also from within a row, whose breakpoints are the same."""
    for way in ["clear 1", "disable 1"]:
        for commands in ([way, "c", "q"], ["row", way, "c", "q"]):
            printed = session(python, WITHOUT_PICTURE, commands, tmp_path)
            assert len(headings(printed)) == 1
            assert "∂f/∂w along f → h2 → h1 → w: 1 × 0.25 × 1 × 1 = 0.25" in printed
            assert "Traceback" not in printed


OWN = """
from tinygrad_edu import Value
from tinygrad_edu.rules import Rule

class Odd(Rule):
    def forward(self, x):
        return x
    def partials(self, out, x):
        slope = 1.0 / x
        return (slope,)

(Odd()(Value({x}, "x")) * 2.0).backward()
"""


def test_a_row_of_ones_own_is_gone_into(python: str, tmp_path: Path) -> None:
    printed = session(python, OWN.format(x=4.0), ["c", "row", "n", "p slope", "c", "q"], tmp_path)
    assert "-> slope = 1.0 / x" in printed
    assert "\n0.25\n" in printed


def test_where_a_terminal_does_not_know_the_signs_it_falls_back(tmp_path: Path) -> None:
    """A name that it cannot write is written as Python does."""
    program = "import sys\nfrom tinygrad_edu import Value\n(Value(1.0, '重') * 2).backward()\n"
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    ascii_only = ["env", "PYTHONUTF8=0", "PYTHONIOENCODING=ascii", sys.executable]
    printed = run([*ascii_only, "-m", "tinygrad_edu", "debug", str(tmp_path / "program.py")], "q\n", tmp_path)
    assert "\\u91cd.grad += h1.grad * dh1/d\\u91cd     0 + 1 * 2\n" in printed
@pytest.mark.slow
def test_a_network_is_not_slow(tmp_path: Path) -> None:
    """Thousands of edges are noted while nobody looks, in the order in which they are added."""
    program = (
        "from tinygrad_edu.nn import MLP\nmodel = MLP(16, [32, 32, 1], activation='tanh', seed=1)\n"
        "y = model([0.1] * 16)\ny.backward()\nbreakpoint()\n"
    )
    printed = session(sys.executable, program, ["ignore 1 100000", "c", "trace", "q"], tmp_path)
    edges = 32 * (2 * 16 + 1) + 32 * (2 * 32 + 1) + (2 * 32 + 1) + 2 * 32  # weights, inputs and biases; tanh
    assert "in layers.2.neurons.0: w.0.grad += z.grad × ∂z/∂w.0     0 + " in printed
    assert len(re.findall(r"^ +\S+\.grad +\+=", printed, re.MULTILINE)) == edges


# ------------------------------------------------------------------------------------------------------ pdb itself


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("log(Value(-1.0))", "def forward(self, x):           return math.log(x)"),
        ("sqrt(Value(0.0)).backward()", "def partials(self, out, x):     return (0.5 / out,)"),
        ("log(Dual(-1.0, 1.0))", "def forward(self, x):           return math.log(x)"),
        ("sqrt(-1.0)", "def forward(self, x):           return math.sqrt(x)"),
        ("static_graph(lambda x: log(x) + w, [w])(-1.0)", "v1 = log(x)"),
    ],
)
def test_after_an_error_in_a_row_pdb_looks_at_the_row(statement: str, row: str, python: str, tmp_path: Path) -> None:
    """The message is the table's, with the operation and its numbers."""
    names = "from tinygrad_edu import Dual, Parameter, Value, log, sqrt, static_graph\nw = Parameter(0.0, 'w')\n"
    printed = session(python, names + statement, ["c", "q", "q"], tmp_path, debugger="pdb")
    last = re.findall(r"^-> (.*)$", printed, re.MULTILINE)
    assert row in last
    message = r"^\w+Error: (log|sqrt)\(x\) (needs x >=? 0, got -1\.0|has no derivative at 0\.0)"
    assert re.search(message, printed, re.MULTILINE)
    assert "During handling" not in printed
    assert "direct cause" not in printed


STATIC = """
from tinygrad_edu import Parameter, sigmoid, static_graph

w = Parameter(0.5, "w")

def of_a_number(x):
    return sigmoid(w * x)

def of_a_list(xs):
    total = w
    for x in xs:
        total = total + w * x
    return total

def of_many(*xs):
    return of_a_list(xs)

f, g, h = static_graph(of_a_number, [w]), static_graph(of_a_list, [w]), static_graph(of_many, [w])
f(1.0)
g([1.0, 2.0])
h(1.0, 2.0, 3.0)
g([1.0, 2.0])
"""


@pytest.mark.parametrize(
    ("graph", "stops", "header", "line"),
    [
        ("f", 1, "[x]", "v1 = w * x"),
        ("g", 2, "[xs1, xs2]", "v1 = w * xs1"),
        ("h", 1, "[xs1, xs2, xs3]", "v1 = w * xs1"),
    ],
)
def test_b_compiled_works_before_the_first_call(
    graph: str, stops: int, header: str, line: str, python: str, tmp_path: Path
) -> None:
    """The lines are those of the program, whatever it is a function of."""
    line_of_call = STATIC.splitlines().index("f(1.0)") + 1
    commands = [f"until {line_of_call}", f"b {graph}.compiled", "c", *["n"] * 6, *["c"] * stops, "q"]
    printed = session(python, STATIC, commands, tmp_path, debugger="pdb")
    assert printed.count(")backpropagate()\n-> [w] = parameters") == stops
    assert f"-> for {header} in samples:" in printed
    assert f"-> {line}" in printed


def test_two_graphs_that_are_not_called_yet_have_two_files() -> None:
    """So neither shows the other's lines."""
    w = Parameter(1.0, "w")

    def one(xs: Any) -> Any:
        return w * xs[0]

    def other(xs: Any) -> Any:
        return w + xs[0]

    graphs = [static_graph(function, [w]) for function in (one, other)]
    files = [graph.compiled.__code__.co_filename for graph in graphs]
    assert len(set(files)) == 2
    for graph, file in zip(graphs, files, strict=True):
        graph([2.0])
        assert graph.compiled.__code__.co_filename == file
        assert inspect.getsource(graph.compiled) == graph.source


def test_nothing_else_is_called_backpropagate() -> None:
    """A function breakpoint stops in the program, and nowhere else; so too for a descent's."""
    names = re.compile(r"def (backpropagate|backpropagate_and_descend)\(")
    assert [path for path in (ROOT / "tinygrad_edu").rglob("*.py") if names.search(path.read_text("utf-8"))] == []
    static = static_graph(lambda x: Parameter(0.0) * x, [Parameter(0.0)], limit=10)
    assert hasattr(static, "descend")


# ---------------------------------------------------------------------------------------------------------- panes


def test_a_pane_shows_what_is_there_and_no_more() -> None:
    """A gradient that is not computed says so, an unnamed node has its number; `Generic`'s attribute is not there."""
    y = Value(2.0, "x") * 3.0
    assert repr(y.grad) == str(y.grad) == "not computed"
    assert repr(y) == f"Value(v{y.serial}=6, op='*')"
    for scalar in (y, Symbol("x"), Dual(1.0, 0.0)):
        assert "_is_protocol" not in dir(scalar)
    assert not hasattr(Value, "_is_protocol")


PANES: list[Callable[[], Any]] = [
    lambda: Value(1.0, "x"), lambda: Parameter(0.5, "w"), lambda: Value(1.0) + 2.0, lambda: Symbol("x") * 2.0,
    lambda: Dual(1.0, 2.0), lambda: rules.mul, lambda: gradients(Value(1.0, "x") * 2.0, []),
]  # fmt: skip


@pytest.mark.parametrize("shown", PANES)
def test_pudb_shows_a_value_as_its_repr(shown: Callable[[], Any]) -> None:
    """With the method that it asks for: it shows the mere type of anything else. A list of Values has none."""
    thing = shown()
    if not isinstance(thing, list):
        assert thing.safely_stringify_for_pudb() == repr(thing)
    if importlib.util.find_spec("pudb") and not isinstance(thing, list):
        from pudb.var_view import default_stringifier  # type: ignore[import-untyped]

        assert default_stringifier(thing) == repr(thing)


# -------------------------------------------------------------------------------------------------------- VS Code

needs_debugpy = pytest.mark.skipif(not importlib.util.find_spec("debugpy"), reason="debugpy is not installed")
VS_CODE = README[README.index("**In VS Code.**") : README.index("## Read the source in this order")]
LAUNCH = json.loads(next(block.text for block in blocks(VS_CODE) if block.language == "json"))
LABELLED = WITHOUT_PICTURE.replace("f = sigmoid(w * x + b)", 'h1 = w * x\nh1.label = "h1"\nf = sigmoid(h1 + b)')
ENGINE, TABLE = str(engine.__file__), str(rules.__file__)
_, FIRST = inspect.getsourcelines(Value.backward)
EDGE = FIRST + len(inspect.getsourcelines(Value.backward)[0]) - 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Editor]]:
    """Start a program as the launch configuration of the README does, with the package that these tests import."""
    editors = []

    def start(program: str) -> Editor:
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        launch = {"justMyCode": LAUNCH["configurations"][0]["justMyCode"], "env": {"PYTHONPATH": str(ROOT)}}
        editors.append(Editor(tmp_path / "program.py", **launch))
        return editors[-1]

    yield start
    for editor in editors:
        editor.close()


def recipe(pattern: str) -> str:
    """What the README says to type."""
    return re.findall(pattern, VS_CODE)[0]  # type: ignore[no-any-return]


def test_the_launch_configuration_is_the_repositorys() -> None:
    assert json.loads((ROOT / ".vscode" / "launch.json").read_text(encoding="utf-8")) == LAUNCH


@needs_debugpy
def test_the_keys_lead_to_a_derivative_and_out_again(start: Callable[[str], Editor], tmp_path: Path) -> None:
    """At most six, to inputs with names; out of every frame, and the gradients are all there."""
    keys = recipe(r"`(F11 [F10 ]+)`").split()
    assert len(keys) <= 6
    editor = start(WITHOUT_PICTURE)
    editor.margin(str(tmp_path / "program.py"), LINE_OF_BACKWARD)
    assert editor.run()
    assert editor.text().startswith("f.backward()")
    for key in keys:
        assert editor.press(key)
    assert editor.text() == "def partials(self, out, x):     return (out * (1.0 - out),)"
    assert editor.variables() == {"self": "<rule sigmoid(x)>", "out": "0.5", "x": "0.0"}
    for _ in range(3):
        editor.press("Shift+F11")
    assert editor.frame()["name"] == "<module>"
    assert {name: editor.expand(name)["grad"] for name in "xwbf"} == {"x": "0.0", "w": "0.25", "b": "0.25", "f": "1.0"}
    assert not editor.press("F5")


@needs_debugpy
@pytest.mark.parametrize("depth", mostly_slow(range(1, 12), 5))
def test_stepping_out_of_any_frame_loses_nothing(depth: int, start: Callable[[str], Editor], tmp_path: Path) -> None:
    editor = start(WITHOUT_PICTURE)
    editor.margin(str(tmp_path / "program.py"), LINE_OF_BACKWARD)
    editor.run()
    for _ in range(depth):
        editor.press("F11")
    while editor.frame()["name"] != "<module>":
        editor.press("Shift+F11")
    while not editor.text().startswith("explain"):
        editor.press("F10")
    assert {name: editor.expand(name)["grad"] for name in "xwbf"} == {"x": "0.0", "w": "0.25", "b": "0.25", "f": "1.0"}


@needs_debugpy
def test_a_condition_stops_at_the_edges_of_one_node(start: Callable[[str], Editor]) -> None:
    editor = start(LABELLED)
    editor.margin(ENGINE, EDGE, condition=recipe(r"the condition `(.*?)`"))
    stops = [editor.variables()] if editor.run() else []
    while editor.press("F5"):
        stops.append(editor.variables())
    assert [(stop["node"], stop["child"]) for stop in stops] == [
        ("Value(h1=0, grad=0.25, op='*')", "Parameter(w=0)"),
        ("Value(h1=0, grad=0.25, op='*')", "Value(x=1)"),
    ]


@needs_debugpy
def test_a_logpoint_prints_every_edge(start: Callable[[str], Editor]) -> None:
    editor = start(LABELLED)
    editor.margin(ENGINE, EDGE, logMessage=recipe(r"the logpoint `(.*?)`"))
    assert not editor.run()
    printed = re.findall(r"(?:Value|Parameter)\((\w+)=[^)]*\) \+= ([\d.]+ \* [\d.]+)", editor.printed)
    assert [(re.sub(r"v\d+", "v", name), product) for name, product in printed] == [
        ("v", "1.0 * 0.25"),
        ("h1", "0.25 * 1.0"),
        ("b", "0.25 * 1.0"),
        ("w", "0.25 * 1.0"),
        ("x", "0.25 * 0.0"),
    ]


@needs_debugpy
def test_a_breakpoint_in_the_margin_of_the_table_stops_once_at_import(start: Callable[[str], Editor]) -> None:
    """Then in the derivative; a function breakpoint never stops at import."""
    editor = start(WITHOUT_PICTURE)
    lines, first = inspect.getsourcelines(rules.Sigmoid)
    editor.margin(TABLE, first + len(lines) - 1)
    assert editor.run()
    assert editor.frame()["name"] == "Sigmoid"
    assert editor.press("F5")
    assert editor.variables() == {"self": "<rule sigmoid(x)>", "out": "0.5", "x": "0.0"}
    editor = start(WITHOUT_PICTURE)
    editor.function(recipe(r"a function breakpoint \(.*?\) on `(\w+)`"))
    assert editor.run()
    assert editor.frame()["name"] == "partials"


@needs_debugpy
def test_the_lines_of_a_static_graph_are_stepped(start: Callable[[str], Editor]) -> None:
    """From a function breakpoint, with a number in each variable; it stops in programs and nowhere else."""
    editor = start(STATIC)
    editor.function(recipe(r"a function breakpoint on `(\w+)`; it stops in the program"))
    assert editor.run()
    assert editor.frame()["name"] == "backpropagate"
    lines = []
    while not editor.text().startswith("return"):
        lines.append(editor.text())
        editor.press("F10")
    assert lines[:3] == ["def backpropagate(samples, parameters, gradients):", "[w] = parameters", "[d_w] = gradients"]
    assert "v2 = sigmoid(v1)" in lines
    assert editor.variables()["v1"] == "0.5"
    stops = 1
    while editor.press("F5"):
        stops += 1
        assert editor.text().startswith("def backpropagate(")
    assert stops == 4


@needs_debugpy
def test_an_opened_value_shows_its_children_and_not_pythons_machinery(start: Callable[[str], Editor]) -> None:
    editor = start(WITHOUT_PICTURE + "\nbreakpoint()")
    editor.margin(ENGINE, EDGE)
    assert editor.run()
    shown = editor.expand("child")
    assert {name for name in shown if not name.endswith(" variables")} == {
        "children", "data", "grad", "label", "op", "serial", "varies",
    }  # fmt: skip
    assert (shown["grad"], shown["op"]) == ("not computed", "<rule x + y>")
