"""The wrong algorithms of the lesson give the wrong numbers they are known for, and leave no trace."""

import contextlib
import io
import math
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.oracles import gradient_of
from tests.test_demos import DEMOS
from tinygrad_edu import Value, topological_order


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The names of the lesson, run in a folder of its own."""
    copy = shutil.copy(DEMOS / "09_what_goes_wrong.py", tmp_path_factory.mktemp("lesson"))
    with contextlib.redirect_stdout(io.StringIO()):
        return SimpleNamespace(**runpy.run_path(copy, run_name="lesson"))


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


def named(root: Value, name: str) -> Value:
    [node] = [node for node in topological_order(root) if node.label == name]
    return node


@pytest.mark.parametrize(
    ("name", "right", "wrong", "first"),
    [
        ("EVERY_PATH", (25.0, 19.0), (46.0, 35.0), "b"),
        ("PRE_ORDER", (25.0, 19.0), (21.0, 16.0), "b"),
        ("POST_ORDER", (25.0, 19.0), (0.0, 0.0), "d"),
        ("ASSIGNED", (25.0, 19.0), (1.0, 1.0), "d"),
        ("NO_ZERO_GRAD", (25.0, 19.0), (50.0, 38.0), "b"),
        ("LEAVES_RESET", (50.0, 38.0), (25.0, 19.0), "b"),
    ],
)
def test_each_mistake_has_its_wrong_numbers(
    lesson: Any, y: Value, name: str, right: tuple[float, float], wrong: tuple[float, float], first: str
) -> None:
    mistake = getattr(lesson, name)
    comparison = lesson.Comparison(y)
    a, b = named(y, "a"), named(y, "b")
    assert (comparison.gradients[mistake.right][a], comparison.gradients[mistake.right][b]) == right
    assert (comparison.gradients[mistake.wrong][a], comparison.gradients[mistake.wrong][b]) == wrong
    assert comparison.wrong_nodes(mistake)[0] is named(y, first)


def test_the_table_marks_what_is_wrong(lesson: Any, y: Value) -> None:
    table = str(lesson.Comparison(y)).splitlines()
    assert table[0].startswith("node  right  every path  pre-order  post-order  = for +=  no zero_grad  right for 2  ")
    assert table[1:8] == [
        "y     1      1           1          1           1         1             1            1",
        "f     1      1           1          1           1         1             1            1",
        "e     1      1           1          1           1         1             1            1",
        "d     6      6           6          0 *         1 *       6             6            6",
        "c     7      7           7          0 *         1 *       7             7            7",
        "b     19     35 *        16 *       0 *         1 *       38 *          38           19 *",
        "a     25     46 *        21 *       0 *         1 *       50 *          50           25 *",
    ]
    assert table[10].startswith("pre-order     * from b on, 16 for 19  Visit each node once, ")


def test_on_a_chain_order_does_not_matter(lesson: Any) -> None:
    """Where nothing is used twice, the first four but post-order are right: so the mistake goes unnoticed."""
    x = Value(0.5, "x")
    comparison = lesson.Comparison((2.0 * x).tanh().exp())
    noticed = [bool(comparison.wrong_nodes(mistake)) for mistake in lesson.MISTAKES]
    assert noticed == [False, False, True, False, True, True]


def test_the_comparison_leaves_no_trace(lesson: Any, y: Value) -> None:
    lesson.Comparison(y)
    lesson.draw_mistake(y, lesson.PRE_ORDER)
    assert {gradient_of(node) for node in topological_order(y)} == {"not computed"}
    y.backward()
    before = [node.grad for node in topological_order(y)]
    lesson.Comparison(y)
    lesson.draw_mistake(y, lesson.LEAVES_RESET)
    assert [node.grad for node in topological_order(y)] == before


def test_too_many_paths_are_given_up(lesson: Any) -> None:
    """2^60 paths lead from the root to x."""
    y = Value(0.5, "x")
    for _ in range(60):
        y = y + y
    comparison = lesson.Comparison(y)
    assert comparison.gradients[lesson.EVERY_PATH.wrong] == {}
    assert "gave up" in str(comparison)
    assert comparison.wrong_nodes(lesson.EVERY_PATH) == []
    assert comparison.wrong_nodes(lesson.PRE_ORDER) == []


def test_rounding_is_no_mistake(lesson: Any) -> None:
    """The sum in another order, as pre-order may take it, is not marked; nan equals nan."""
    x = Value(math.nan, "x")
    assert lesson.Comparison(x * x).wrong_nodes(lesson.PRE_ORDER) == []


def test_the_first_wrong_node_is_marked_in_the_picture(lesson: Any, y: Value) -> None:
    source = lesson.draw_mistake(y, lesson.PRE_ORDER).source
    assert source.count("first wrong: 19 is right") == 1
    assert source.count("penwidth=3") == 1


def test_a_picture_of_many_nodes_is_marked_too(lesson: Any) -> None:
    y = x = Value(0.5, "x")
    for _ in range(30):
        y = y * x + 1.0
    assert lesson.draw_mistake(y, lesson.ASSIGNED).source.count("first wrong: ") == 1


def test_a_picture_is_saved(lesson: Any, y: Value, tmp_path: Path) -> None:
    path = lesson.save_mistake(y, lesson.POST_ORDER, tmp_path / "wrong.gv")
    assert "first wrong: 6 is right" in path.read_text(encoding="utf-8")
