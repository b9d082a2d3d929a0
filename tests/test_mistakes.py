"""The wrong algorithms of the lesson give the wrong numbers they are known for, and leave no trace."""

import contextlib
import io
import runpy
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lessons import DEMOS
from tests.oracles import gradient_of
from tinygrad_edu import Value, topological_order


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The names of the lesson, run in a folder of its own."""
    folder = tmp_path_factory.mktemp("lesson")
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names = runpy.run_path(str(DEMOS / "09_what_goes_wrong.py"), run_name="lesson")
    return SimpleNamespace(**names, printed=printed.getvalue(), folder=folder)


@pytest.fixture
def y() -> Value:
    """The case that shows why order matters: ∂y/∂a = 25, ∂y/∂b = 19."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c, d = a + b, a * b
    e, f = c + d, c * d
    c.label, d.label, e.label, f.label = "c", "d", "e", "f"
    root = e + f
    root.label = "y"
    return root


@pytest.mark.parametrize(
    ("name", "right", "wrong", "first"),
    [
        ("every path", (25.0, 19.0), (46.0, 35.0), "b"),
        ("pre-order", (25.0, 19.0), (21.0, 16.0), "b"),
        ("post-order", (25.0, 19.0), (0.0, 0.0), "d"),
        ("= for +=", (25.0, 19.0), (1.0, 1.0), "d"),
        ("no zero_grad", (25.0, 19.0), (50.0, 38.0), "b"),
        ("leaves cleared", (50.0, 38.0), (25.0, 19.0), "b"),
    ],
)
def test_each_mistake_has_its_wrong_numbers(
    lesson: Any, y: Value, name: str, right: tuple[float, float], wrong: tuple[float, float], first: str
) -> None:
    expected, found = (lesson.gradients_by(algorithm, y) for algorithm in (lesson.RIGHT[name], name))
    labelled = {node.label: node for node in expected}
    a, b = labelled["a"], labelled["b"]
    assert (expected[a], expected[b]) == right
    assert (found[a], found[b]) == wrong
    wrong_nodes = lesson.wrong_nodes(name, y)
    assert next(iter(wrong_nodes)) is labelled[first]
    assert (wrong_nodes[a], wrong_nodes[b]) == right


@pytest.mark.parametrize("name", ["right", "2 examples"])
def test_what_is_right_has_no_wrong_nodes(lesson: Any, y: Value, name: str) -> None:
    assert lesson.wrong_nodes(name, y) == {}
    assert lesson.gradients_by(name, y)[named(y, "a")] == {"right": 25.0, "2 examples": 50.0}[name]


def named(root: Value, name: str) -> Value:
    [node] = [node for node in topological_order(root) if node.label == name]
    return node


def test_the_right_algorithm_is_that_of_the_engine(lesson: Any, y: Value) -> None:
    found = lesson.gradients_by("right", y)
    y.backward()
    assert found == {node: node.grad for node in topological_order(y)}


def test_the_table_marks_what_is_wrong(lesson: Any) -> None:
    lines = lesson.printed.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("node  right"))
    assert lines[start : start + 9] == [
        "node  right  every path  pre-order  post-order  = for +=  no zero_grad  2 examples  leaves cleared",
        "y     1      1           1          1           1         1             1           1",
        "f     1      1           1          1           1         1             1           1",
        "e     1      1           1          1           1         1             1           1",
        "d     6      6           6          0 *         1 *       6             6           6",
        "c     7      7           7          0 *         1 *       7             7           7",
        "b     19     35 *        16 *       0 *         1 *       38 *          38          19 *",
        "a     25     46 *        21 *       0 *         1 *       50 *          50          25 *",
        "Of two examples 25 + 25 = 50 is right, and 25 is wrong.",
    ]


def test_on_a_chain_order_does_not_matter(lesson: Any) -> None:
    """Where nothing is used twice, the first four but post-order are right: so the mistake goes unnoticed."""
    x = Value(0.5, "x")
    chain = (2.0 * x).tanh().exp()
    noticed = [name for name in lesson.ALGORITHMS if lesson.wrong_nodes(name, chain)]
    assert noticed == ["post-order", "no zero_grad", "leaves cleared"]


def test_the_comparison_leaves_no_trace(lesson: Any, y: Value) -> None:
    for name in lesson.ALGORITHMS:
        lesson.wrong_nodes(name, y)
    assert {gradient_of(node) for node in topological_order(y)} == {"not computed"}
    y.backward()
    before = [node.grad for node in topological_order(y)]
    lesson.wrong_nodes("leaves cleared", y)
    assert [node.grad for node in topological_order(y)] == before


def test_each_doubling_doubles_the_paths(lesson: Any) -> None:
    """So a node for each path is too many: 2,047 visits to 11 nodes."""
    assert "x doubled 10 times: 11 nodes, 2047 visits along every path.\n" in lesson.printed


def test_the_first_wrong_node_is_marked_in_the_picture(lesson: Any) -> None:
    for name, right in {"pre_order": "19", "assigned": "6"}.items():
        [picture] = (lesson.folder / "output").glob(f"{name}.*")
        assert picture.read_text(encoding="utf-8").count(f"first wrong: {right} is right") == 1
