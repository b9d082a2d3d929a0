"""The stepper: its data are the records of backward, and in a real browser the page shows them step by step."""

from __future__ import annotations

import html
import json
import linecache
import math
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.browser import MISSING, WHY_NOT, Browser
from tests.oracles import Recipe, gradient_of, recipes, textbook_example, worked_example
from tests.show.reading import cells, data_of, lines_of, text_in
from tests.sweeps import mostly_slow
from tinygrad_edu import (
    Constant,
    Parameter,
    Stepper,
    Value,
    backward_steps,
    save_stepper,
    sigmoid,
    sqrt,
    topological_order,
    weighted_sum,
)
from tinygrad_edu.nn import MLP, Neuron
from tinygrad_edu.show import render
from tinygrad_edu.show.style import FORMULAS

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not installed")
Show = Callable[..., Browser]
in_a_browser = pytest.mark.skipif(bool(MISSING), reason=WHY_NOT)


def page(root: Callable[..., Any] | Value, **options: Any) -> str:
    return Stepper(root, **options).page


def neuron(x: Value) -> Value:
    """σ(wx + b), as a learner writes it."""
    w = Parameter(0.0)
    b = Parameter(0.0)
    h1 = x * w
    h2 = h1 + b
    return sigmoid(h2)


# ------------------------------------------------------------------------------------- the data are those of backward


def steps_of_backward(root: Value) -> list[dict[str, Any]]:
    """What the page's data must be, from `backward_steps`."""
    varying = [node for node in topological_order(root) if not isinstance(node, Constant)]
    index = {node: i for i, node in enumerate(varying)}
    return [
        {
            "node": index[step.node],
            "child": index[step.child],
            "operand": step.operand,
            "numbers": [FORMULAS.number(x) for x in (step.before, step.upstream, step.partial, step.after)],
        }
        for step in backward_steps(root)
    ]


def steps_of_page(page: str) -> list[dict[str, Any]]:
    """The same as the page has it: the numbers from the text that Python wrote."""
    steps = [step for step in data_of(page)["steps"] if step["phase"] == "backward"]
    sums = re.findall(r'<span class="sum backward">(.*?)</span> <small>', page)
    numbers = [[text_in(part) for part in re.findall(r"<span>.*?</span>", text + "</span>")][6::2] for text in sums]
    return [
        {**{key: step[key] for key in ("node", "child", "operand")}, "numbers": shown}
        for step, shown in zip(steps, numbers, strict=True)
    ]


@given(recipes())
def test_the_steps_are_exactly_those_of_backward(recipe: Recipe) -> None:
    """Same order, same numbers, and at the end each node shows what backward() leaves."""
    root, _ = recipe.graph()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "RENDERERS", [])
        written = page(root)
    assert steps_of_page(written) == steps_of_backward(root)
    root, _ = recipe.graph()
    root.backward()
    shown = [node for node in topological_order(root) if not isinstance(node, Constant)]
    assert [row[2:] for row in cells(written)] == [
        [FORMULAS.number(node.data), FORMULAS.number(node.grad)] for node in shown
    ]


def test_the_data_of_a_network(no_renderer: None) -> None:
    root = MLP(2, [3, 1], activation="tanh", seed=1)([0.5, -1.0])
    assert steps_of_page(page(root)) == steps_of_backward(root)


def test_one_step_per_operation_forward_and_one_per_arrow_backward(no_renderer: None) -> None:
    root, *_ = worked_example()
    phases = [step["phase"] for step in data_of(page(root))["steps"]]
    assert phases == ["given"] + ["forward"] * 3 + ["start"] + ["backward"] * 5


def test_a_graphs_gradients_and_labels_stay_as_they_are(no_renderer: None) -> None:
    root, *_ = textbook_example()
    root.backward()
    root.backward()
    order = topological_order(root)
    before = [(gradient_of(node), node.label) for node in order]
    first = page(root)
    assert [(gradient_of(node), node.label) for node in order] == before
    assert page(root) == first


def test_a_variable_names_a_parameter_on_the_page_only(no_renderer: None) -> None:
    weight = Parameter(2.0)
    assert [row[0] for row in cells(page(lambda x: x * weight, x=1.0))] == ["weight", "x", "f"]
    assert weight.label == ""


def test_the_list_of_steps_is_the_trace(no_renderer: None) -> None:
    """Without JavaScript, and on paper, this is what one reads."""
    lines = lines_of(page(neuron, x=1.0))
    assert [line for line in lines if "forward" not in line] == [
        "0 x = 1, w = 0, b = 0 the numbers to start from",
        "4 ∂neuron/∂neuron = 1 backward starts at the output",
        "5 h2.grad += neuron.grad × ∂neuron/∂h2 = 0 + 1 × 0.25 = 0.25 backward: ∂neuron/∂h2 = neuron·(1−neuron) = 0.25",
        "6 h1.grad += h2.grad × ∂h2/∂h1 = 0 + 0.25 × 1 = 0.25 backward: ∂h2/∂h1 = 1",
        "7 b.grad += h2.grad × ∂h2/∂b = 0 + 0.25 × 1 = 0.25 backward: ∂h2/∂b = 1",
        "8 x.grad += h1.grad × ∂h1/∂x = 0 + 0.25 × 0 = 0 backward: ∂h1/∂x = w = 0",
        "9 w.grad += h1.grad × ∂h1/∂w = 0 + 0.25 × 1 = 0.25 backward: ∂h1/∂w = x = 1",
    ]
    first = neuron.__code__.co_firstlineno
    for i, computed, text, line in (
        (1, "h1 = x × w = 1 × 0 = 0", "x * w", first + 4),
        (2, "h2 = h1 + b = 0 + 0 = 0", "h1 + b", first + 5),
        (3, "neuron = σ(h2) = σ(0) = 0.5", "sigmoid(h2)", first + 6),
    ):
        assert lines[i].startswith(f"{i} {computed} forward: ")
        assert lines[i].endswith(f"{text} in line {line}")


def test_names_that_several_share_are_numbered_in_the_order_of_use(no_renderer: None) -> None:
    """A loop's variable, and the weights of two neurons that both call them w.0."""
    first, second = Neuron(1, seed=1), Neuron(1, seed=2)

    def f(x: Value) -> Any:
        return second([first([x])])

    names = [row[0] for row in cells(page(f, x=1.0))]
    assert sorted(names) == sorted(["w.0₁", "w.0₂", "x", "b₁", "b₂", "z₁", "z₂"])
    assert first.w[0].label == second.w[0].label == "w.0"
    assert "z₁ = w.0₁ × x + b₁" in " ".join(lines_of(page(f, x=1.0)))


def test_an_automatic_name_is_not_taken_for_a_numbered_one(no_renderer: None) -> None:
    def f(x: Value) -> Value:
        h = x * x
        h = h * x
        return sigmoid(h * h)

    assert [row[0] for row in cells(page(f, x=1.0))] == ["x", "h₁", "h₂", "v1", "f"]


def test_short_names_of_a_network_are_explained(no_renderer: None) -> None:
    """With the name in the table, and the learner's own."""
    net = MLP(2, [2, 1], activation="tanh", seed=1)

    def f(x: list[Value], y: Value) -> Any:
        out = net(x)
        return out - y

    lines = lines_of(page(f, x=[1.0, 2.0], y=0.5))
    first, output, difference = lines[1], lines[5], lines[6]
    assert " forward in layers.0.neurons.0: " in first
    assert " z = w.0 × a.0 + w.1 × a.1 + b = " in output
    assert " forward in layers.1.neurons.0, called out, where a.0 is layers.0.neurons.0.a: " in output
    assert " f = z.0 − y = " in difference
    assert " forward, where z.0 is out, layers.1.neurons.0.z: " in difference
    [weight] = [line for line in lines if "w.1.grad += z.grad" in line and "layers.1" in line]
    assert " backward in layers.1.neurons.0, called out: " in weight
    [activation] = [line for line in lines if " a.1.grad += z.grad" in line]
    assert " backward in layers.1.neurons.0, called out, where a.1 is layers.0.neurons.1.a: " in activation


def test_what_is_given_comes_in_the_order_of_its_use(no_renderer: None) -> None:
    net = MLP(1, [1, 1], seed=1)
    given, *_ = lines_of(page(net, x=[1.0]))
    assert re.findall(r"(\S+) = ", given) == [
        "layers.0.neurons.0.w.0", "x1", "layers.0.neurons.0.b", "layers.1.neurons.0.w.0", "layers.1.neurons.0.b"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "layers", "expected"),
    [
        (2, [4, 3, 1], "x1 = 0, x2 = 1, 31 parameters"),
        (2, [3, 1], "x1 = 0, x2 = 1, 13 parameters"),
        (14, [1], ", ".join(f"x{i + 1} = {i}" for i in range(12)) + ", 15 parameters, 2 inputs"),
    ],
)
def test_of_many_numbers_only_the_inputs_are_given_one_by_one(
    inputs: int, layers: list[int], expected: str, no_renderer: None
) -> None:
    given, *_ = lines_of(page(MLP(inputs, layers, seed=1), x=list(range(inputs))))
    assert given == f"0 {expected} the numbers to start from"


def test_a_single_parameter_among_many_inputs(no_renderer: None) -> None:
    w = Parameter(1.0, "w")
    given, *_ = lines_of(page(lambda x: sum(x) * w, x=[0] * 12))
    assert given.endswith("x12 = 0, 1 parameter the numbers to start from")


def test_forward_goes_in_the_order_in_which_python_ran(no_renderer: None) -> None:
    """Which need not be the topological order from the output, in which backward goes."""
    w, b = Parameter(2.0, "w"), Parameter(0.5, "b")
    before = w + b

    def f(x: Value) -> Value:
        a = x * w
        c = x + b
        d = before * c
        return d - a

    written = page(f, x=1.5)
    computed = [line.split()[1] for line in lines_of(written) if "forward" in line]
    assert computed == ["before", "a", "c", "d", "f"]
    names = [row[0] for row in cells(written)]
    steps = [step for step in data_of(written)["steps"] if step["phase"] == "forward"]
    assert [names[step["node"]] for step in steps] == computed


def test_infinity_and_nan_are_valid_json(no_renderer: None) -> None:
    """JSON has no numbers for them."""
    x = Value(1e300, "x")
    y = Value(math.inf, "y")
    nodes = data_of(page(x * x * 1e300 * (x - x) + y))["nodes"]
    assert [node["number"] for node in nodes if "number" in node] == ["1e+300", "Infinity"]


def training_step(x: Value) -> Value:
    """Changes its parameter after the loss is computed from it."""
    w = Parameter(1.4)
    h = w * x
    loss = h * h
    loss.backward()
    w.data -= 0.1 * w.grad
    print(f"now it would be {(w * x).data:.4g}")
    return loss


def test_a_step_of_training_is_shown_with_the_numbers_it_was_computed_from(no_renderer: None) -> None:
    """Forward and backward, although the parameter has another by now, and keeps it."""
    weights = []

    def f(x: Value) -> Value:
        loss = training_step(x)
        weights.append(loss.children[0].children[0])
        return loss

    lines = lines_of(page(f, x=1.5))
    assert "h = weights[0] × x = 1.4 × 1.5 = 2.1" in lines[1]
    assert "weights[0].grad += h.grad × ∂h/∂weights[0] = 0 + 4.2 × 1.5 = 6.3" in " ".join(lines)
    assert weights[0].data == 0.77


@pytest.mark.parametrize("show", [lambda f: page(f, x=1.5), lambda f: page(f(Value(1.5, "x")))])
def test_a_page_says_what_is_not_so(show: Callable[[Callable[..., Any]], str], no_renderer: None) -> None:
    """A Value that changed between two uses of it cannot be shown with one number."""

    def f(x: Value) -> Value:
        h = x * 2.0
        x.data = 7.0
        return h * x

    note = "The numbers of this graph do not agree: data changed after it was used: h1? = x × 2 is 3, now 14"
    assert re.search(note, show(f))


def test_a_missing_derivative_is_an_error_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "f.html"
    with pytest.raises(ZeroDivisionError, match=r"^sqrt\(x\) has no derivative at 0\.0 "):
        save_stepper(sqrt(Value(0.0)), path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["f.svg", "f", "f.html.txt"])
def test_another_ending_is_refused_before_anything_runs(name: str, tmp_path: Path) -> None:
    def f() -> Value:
        raise AssertionError("it ran")

    with pytest.raises(ValueError, match=rf"^path: the stepper is a page: the name must end in \.html, got '{name}'$"):
        save_stepper(f, tmp_path / name)


def test_a_value_takes_no_inputs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^a Value is computed already and takes no inputs, got x$"):
        save_stepper(Value(1.0), tmp_path / "f.html", x=1.0)


def test_inputs_may_have_any_name(tmp_path: Path, no_renderer: None) -> None:
    """Also those of save_stepper's own parameters."""

    def f(path: Value, function_or_root: Value) -> Value:
        return path * function_or_root

    written = save_stepper(f, tmp_path / "f.html", path=2.0, function_or_root=3.0)
    assert [row[0] for row in cells(written.read_text(encoding="utf-8"))] == ["path", "function_or_root", "f"]


def test_a_leaf_alone_is_a_page(no_renderer: None) -> None:
    phases = [step["phase"] for step in data_of(page(Value(3.0, "x")))["steps"]]
    assert phases == ["given", "start"]


def test_a_graph_without_source_is_shown_as_its_operations(no_renderer: None) -> None:
    root, *_ = worked_example()
    for computed in page(root), page(without_text(), x=1.0):
        assert computed.count("<h3>the operations of the graph</h3>") == 1
        assert 'class="gap"' not in computed
    assert ">h1 = x × w</span>" in page(root)


def without_text() -> Callable[..., Any]:
    """A function as it is typed at Python's prompt: its source is not to be had."""
    namespace: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x * x\n", "<stdin>", "exec"), namespace)
    function: Callable[..., Any] = namespace["f"]
    return function


def test_of_a_file_that_was_edited_since_the_operations_are_shown(tmp_path: Path, no_renderer: None) -> None:
    """And a note says why."""
    path = tmp_path / "lesson.py"
    path.write_text("def f(x):\n    return x * x\n", encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    path.write_text("\n\ndef f(x):\n    return x * x\n", encoding="utf-8")
    written = page(namespace["f"], x=1.0)
    assert "The text of lesson.py is not shown, because it is not what ran" in written
    assert "<h3>the operations of the graph</h3>" in written
    assert "<h3>lesson.py</h3>" not in written


def test_what_a_function_without_text_made_was_made_elsewhere(no_renderer: None) -> None:
    typed = without_text()
    assert "forward: made elsewhere" in lines_of(page(lambda x: -typed(x), x=1.0))[1]


def test_the_source_of_a_notebook_is_a_cell(no_renderer: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter's kernel keeps its text in linecache, under the name of a file that is not there."""
    file, text = "ipykernel_1234/3401388372.py", "def f(x):\n    return x * x\n"
    monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(keepends=True), file))
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), namespace)
    written = page(namespace["f"], x=1.0)
    assert "<h3>a cell of the notebook</h3>" in written
    assert "    return x * x\n" in text_in(written)
@pytest.mark.slow
def test_beyond_many_nodes_it_says_what_it_leaves_out(no_renderer: None) -> None:
    x = chain = Value(1.0, "x")
    for _ in range(399):
        chain = chain + x
    written = page(chain)
    assert "This graph has 400 nodes. Shown are the last 300 that are computed" in written
    assert "100 nodes, " in written
    assert "save_stepper(value, " in written
    assert len(cells(written)) == 300
    everything = page(chain, max_nodes=400)
    assert "are left out" not in everything
    assert len(cells(everything)) == 400


@needs_dot
@pytest.mark.slow
def test_a_value_used_a_hundred_times_is_drawn() -> None:
    """Its arrows pass by all other boxes."""
    x = chain = Value(0.5, "x")
    for i in range(150):
        chain = chain * x if i % 2 else chain + x
    assert page(chain).count('class="edge"') == 300


def test_what_is_shown_of_a_large_graph_is_complete(no_renderer: None) -> None:
    """Every contribution to a node that is shown is shown, in the order of backward."""
    root = MLP(2, [4, 1], activation="tanh", seed=1)([1.0, 2.0])
    written = page(root, max_nodes=10)
    left_out = len(topological_order(root)) - 10
    assert [(step["child"] + left_out, step["numbers"]) for step in steps_of_page(written)] == [
        (step["child"], step["numbers"]) for step in steps_of_backward(root) if step["child"] >= left_out
    ]
    assert len(cells(written)) == 10


@needs_dot
def test_the_worked_example_is_a_small_file(tmp_path: Path) -> None:
    root, *_ = textbook_example()
    assert save_stepper(root, tmp_path / "f.html").stat().st_size < 75_000
    assert save_stepper(neuron, tmp_path / "neuron.html", x=1.0).stat().st_size < 75_000


def test_the_page_names_no_other_file_and_no_address() -> None:
    """Nothing to load, nothing stored: only the names of XML's vocabularies are addresses."""
    written = page(neuron, x=1.0)
    assert set(re.findall(r"https?://[^\s\"']+", written)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert not re.findall(r"localStorage|sessionStorage|cookie|fetch\(|XMLHttpRequest|import ", written)
    assert re.findall(r"\b(?:src|href)=\"([^#\"][^\"]*)\"", written) == ["data:,"]


def test_a_notebook_shows_the_page_in_a_frame_of_its_own() -> None:
    frame = Stepper(neuron, x=1.0)._repr_html_()
    found = re.fullmatch(r'<iframe sandbox="allow-scripts" style="[^"]*" srcdoc="([^"]*)">(.*)</iframe>', frame)
    assert found
    assert html.unescape(found[1]) == page(neuron, x=1.0)
    assert found[2] == "Run this cell to step through neuron(x = 1.0)"


# --------------------------------------------------------------------------------------------------- in a browser


RIGHT, LEFT, HOME, END = "\ue014", "\ue012", "\ue011", "\ue010"


def step(browser: Browser) -> str:
    return browser.text("#position")


def gradients(browser: Browser) -> list[str]:
    """The last column of the table."""
    return list(browser.run("return [...document.querySelectorAll('td.grad')].map(cell => cell.textContent)"))


def values(browser: Browser) -> list[str]:
    return list(browser.run("return [...document.querySelectorAll('td.value')].map(cell => cell.textContent)"))


def drawn(browser: Browser) -> list[list[str]]:
    """Of each box in the picture the last words of its lines: its value and its gradient."""
    lines = "[...box.querySelectorAll('text')].map(text => text.textContent.trim())"
    texts = browser.run(f"return [...document.querySelectorAll('.node')].map(box => [box.id, {lines}])")
    return [[words[words.index("value") + 1], words[words.index("grad") + 1]] for _, words in sorted(texts)]


def marked_source(browser: Browser, pane: str = "#source > pre") -> str:
    """The text that is marked in the source."""
    return str(browser.run(f"return [...document.querySelectorAll('{pane} .now')].map(e => e.textContent).join('')"))


def marked_row(browser: Browser) -> str:
    return browser.text(".row.now pre .now")


@in_a_browser
@needs_dot
def test_the_worked_example_step_by_step(show: Show) -> None:
    """Values appear as they are computed, gradients as they are reached, and everything else marches along."""
    browser = show(page(neuron, x=1.0))
    seen = []
    for _ in range(10):
        assert list(map(list, zip(values(browser), gradients(browser), strict=True))) == drawn(browser)
        seen.append((step(browser), browser.text("#now .sum"), values(browser), gradients(browser)))
        browser.press(RIGHT)
    assert [row[0] for row in cells(page(neuron, x=1.0))] == ["x", "w", "b", "h1", "h2", "neuron"]
    assert seen[0] == ("step 0 of 9", "x = 1, w = 0, b = 0", ["1", "0", "0", "–", "–", "–"], ["–"] * 6)
    assert seen[2][1:] == ("h2 = h1 + b = 0 + 0 = 0", ["1", "0", "0", "0", "0", "–"], ["–"] * 6)
    assert seen[4][3] == ["–"] * 5 + ["1"]
    assert seen[8][1] == "x.grad += h1.grad × ∂h1/∂x = 0 + 0.25 × 0 = 0"
    assert seen[8][3] == ["0", "–", "0.25", "0.25", "0.25", "1"]
    assert seen[9][3] == ["0", "0.25", "0.25", "0.25", "0.25", "1"]


@in_a_browser
@needs_dot
def test_in_each_step_source_row_node_and_arrow_are_marked(show: Show) -> None:
    browser = show(page(neuron, x=1.0), "#step=1")
    assert marked_source(browser) in ("x * w", "    h1 = x * w")
    assert marked_row(browser) == "x * y"
    assert browser.text("#arguments") == "x is x = 1y is w = 0"
    assert browser.text(".node.now text") == "h1"
    assert browser.text("tr.now th") == "h1"
    assert not browser.seen(".edge.now")
    browser.press(END)
    assert marked_source(browser) in ("x * w", "    h1 = x * w")
    assert marked_row(browser) == "x"
    assert browser.text("#arguments") == "out is h1 = 0x is x = 1y is w = 0"
    assert browser.text(".node.now text") == "w"
    assert browser.text(".node.from text") == "h1"
    assert "∂h1/∂w = x = 1" in browser.text(".edge.now")
    assert "← 0.25 × 1 = 0.25" in browser.text(".edge.now")
    assert browser.run("return document.querySelectorAll('.edge.now').length") == 1
    assert browser.text("li.now .sum") == browser.text("#now .sum")


def long_function(x: Value) -> Value:
    """A function with lines below the fold, and beyond the right edge."""
    y = x
    # ruff: noqa: E501
    y = (y * 0.5 + x * 0.25) * (y * 0.5 + x * 0.25) * (y * 0.5 + x * 0.25) * (y * 0.5 + x * 0.25) * (y * 0.5 + x * 0.25)

    # Here

    # is

    # what

    # nobody

    # sees

    # who

    # does

    # not

    # scroll

    return y.tanh()


@in_a_browser
@pytest.mark.slow
def test_the_text_that_is_marked_is_in_view(show: Show, browser: Browser, no_renderer: None) -> None:
    """However long the function and its lines are: the panes scroll."""
    hidden = """
        const marked = document.querySelector("#source .now").getBoundingClientRect();
        return [document.querySelector("#source"), document.querySelector("#source .now").closest("pre")]
            .map(pane => pane.getBoundingClientRect())
            .some(pane => marked.left < pane.left - 1 || marked.top < pane.top - 1
                || marked.right > pane.right + 1 && marked.width < pane.width || marked.bottom > innerHeight)"""
    browser.devtools("Emulation.setDeviceMetricsOverride", width=1000, height=700, deviceScaleFactor=1, mobile=False)
    show(page(long_function, x=1.0))
    _, *steps = browser.run("return [...document.querySelectorAll('#steps li')].map(line => line.innerText)")
    for step in steps:
        browser.press(RIGHT)
        if "start" not in step:
            assert not browser.run(hidden), step


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_marks_have_the_colour_of_values_forward_and_of_gradients_backward(show: Show) -> None:
    """Also where one steps back over the turn."""
    browser = show(page(neuron, x=1.0))
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    names = {"rgb(0, 90, 156)": "values", "rgb(163, 59, 0)": "gradients"}
    marks = "[...document.querySelectorAll('.node.now :is(polygon, path), .edge.now path')]"
    for position, expected in (0, "values"), (3, "values"), (4, "gradients"), (9, "gradients"), (3, "values"):
        browser.run(f"show({position})")
        colours = browser.run(f"return {marks}.map(mark => getComputedStyle(mark).stroke)")
        colours.append(browser.run("return getComputedStyle(document.getElementById('now')).borderLeftColor"))
        assert {names[colour] for colour in colours} == {expected}


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_a_node_used_twice_shows_its_running_sum(show: Show) -> None:
    def square(x: Value) -> Value:
        return x * x

    browser = show(page(square, x=3.0), "#step=3")
    assert browser.text("#now .sum") == "x.grad += square.grad × ∂square/∂x₍₁₎ = 0 + 1 × 3 = 3"
    assert drawn(browser) == [["3", "3"], ["9", "1"]]
    first = browser.run("return document.querySelector('.edge.now').id")
    browser.press(RIGHT)
    assert browser.text("#now .sum") == "x.grad += square.grad × ∂square/∂x₍₂₎ = 3 + 1 × 3 = 6"
    assert drawn(browser) == [["3", "6"], ["9", "1"]]
    assert browser.run("return document.querySelector('.edge.now').id") != first
    browser.press(LEFT)
    assert drawn(browser) == [["3", "3"], ["9", "1"]]


@in_a_browser
def test_a_neuron_is_shown_as_the_call_and_can_be_opened(show: Show, no_renderer: None) -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=1)

    def f(x: list[Value]) -> Any:
        return model(x)

    browser = show(page(f, x=[1.0, 2.0]), "#step=1")
    assert marked_source(browser).strip() in ("model(x)", "return model(x)")
    assert not browser.seen("#inside pre")
    browser.click("summary")
    assert browser.seen("#inside pre")
    assert "weighted_sum(self.w, x, self.b)" in marked_source(browser, "#inside pre")
    browser.press(RIGHT)
    assert browser.seen("#inside pre")
    assert "self.activation(z)" in marked_source(browser, "#inside pre")
    assert browser.text("#now .sum").startswith("a = tanh(z) = ")
    browser.press(HOME)
    assert not browser.seen("#inside")


def 神经元(输入: Value) -> Value:
    """用中文写的神经元。"""
    权重 = Value(2.0)  # 权重：一个参数
    乘积 = 输入 * 权重  # ∑ 求和 🙂
    return "值" and sigmoid(乘积 + 1.0)


@in_a_browser
@needs_dot
@pytest.mark.skipif(not hasattr(neuron.__code__, "co_positions"), reason="before Python 3.11 the line is marked")
def test_chinese_source_is_marked_exactly(show: Show) -> None:
    """Python counts columns in bytes, the page shows characters."""
    browser = show(page(神经元, 输入=1.0), "#step=1")
    assert marked_source(browser) == "输入 * 权重"
    assert browser.text("#now .sum") == "乘积 = 输入 × 权重 = 1 × 2 = 2"
    assert browser.text(".node.now text") == "乘积"
    browser.press(RIGHT)
    assert marked_source(browser) == "乘积 + 1.0"
    browser.press(RIGHT)
    assert marked_source(browser) == "sigmoid(乘积 + 1.0)"
    browser.press(END)
    assert browser.text("#now .sum").startswith("权重.grad += 乘积.grad × ∂乘积/∂权重 = 0 + ")


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- data -->",
    "<!-- ",
    "a & b &amp; &lt;",
    "\"quoted' \\ back",
    "line\u2028and\u2029paragraph",
    "zero\x00byte",
    "\ud800 alone",
    "]]>",
    "${x} `y`",
]


@in_a_browser
def test_any_label_is_shown_as_the_text_it_is(show: Show) -> None:
    """In the table, and in the sums of all steps."""
    written = page(weighted_sum([Value(2.0, label) for label in HOSTILE], [1.0] * len(HOSTILE)))
    browser = show(written)
    shown = [" ".join(label.replace("\x00", "\\x00").replace("\ud800", "\\ud800").split()) for label in HOSTILE]
    names = browser.run("return [...document.querySelectorAll('tbody th')].map(cell => cell.textContent)")
    assert [" ".join(name.split()) for name in names[:-1]] == shown
    steps = [browser.run(f"show({i}); return byId('now').innerText") for i in range(3, 3 + len(HOSTILE))]
    for label, text in zip(HOSTILE, steps, strict=True):
        name = label.replace("\x00", "\\x00").replace("\ud800", "\\ud800")
        assert " ".join(text.split()).startswith(" ".join(f"{name}.grad += h1.grad".split()))
    assert browser.run("return document.scripts.length") == 2
    assert browser.run("return document.images.length") == 0


@in_a_browser
@pytest.mark.slow
def test_source_is_shown_as_the_text_it_is(show: Show, no_renderer: None) -> None:
    def f(x: Value) -> Value:
        return "</script><b>&amp;" and x * x  # </pre><script>alert(1)</script>

    browser = show(page(f, x=1.0))
    assert '"</script><b>&amp;" and x * x # </pre><script>alert(1)</script>' in browser.text("#source pre")
    assert browser.run("return document.scripts.length") == 2


@in_a_browser
def test_without_a_renderer_all_else_works(show: Show, no_renderer: None) -> None:
    browser = show(page(neuron, x=1.0))
    assert not browser.seen("#graph")
    assert "pip install pygraphviz" in browser.text("#note")
    browser.press(END)
    assert gradients(browser) == ["0", "0.25", "0.25", "0.25", "0.25", "1"]
    assert browser.text("tr.now th") == "w"
    browser.click("tbody a")
    assert step(browser) == "step 8 of 9"


@in_a_browser
@pytest.mark.parametrize(
    ("address", "position"),
    mostly_slow(
        [("", 0), ("#step=7", 7), ("#step=9", 9), ("#step=99", 9), ("#step=-1", 0), ("#step=x", 0), ("#7", 0)],
        ("#step=7", 7),
        ("#step=99", 9),
    ),
)
def test_the_address_opens_a_step(address: str, position: int, show: Show, no_renderer: None) -> None:
    browser = show(page(neuron, x=1.0), address)
    assert step(browser) == f"step {position} of 9"


@in_a_browser
@pytest.mark.slow
def test_the_address_follows_and_leads(show: Show, no_renderer: None) -> None:
    browser = show(page(neuron, x=1.0))
    browser.press(RIGHT, RIGHT)
    wait_until(lambda: browser.run("return location.hash") == "#step=2")
    browser.run("location.hash = '#step=5'")
    assert step(browser) == "step 5 of 9"
    browser.click("li:nth-child(8) a")
    assert step(browser) == "step 7 of 9"


@in_a_browser
def test_keys(show: Show, no_renderer: None) -> None:
    """Arrows, Home and End, which stop at the ends."""
    browser = show(page(neuron, x=1.0))
    positions = []
    for key in (LEFT, RIGHT, RIGHT, LEFT, END, RIGHT, LEFT, HOME):
        browser.press(key)
        positions.append(step(browser))
    assert positions == [f"step {i} of 9" for i in (0, 1, 2, 1, 9, 9, 8, 0)]


@in_a_browser
@pytest.mark.slow
def test_buttons_and_slider(show: Show, no_renderer: None) -> None:
    browser = show(page(neuron, x=1.0))
    positions = []
    for button in ("#next", "#next", "#back", "#last", "#first"):
        browser.click(button)
        positions.append(step(browser))
    assert positions == [f"step {i} of 9" for i in (1, 2, 1, 9, 0)]
    assert browser.run("return document.getElementById('back').disabled")
    browser.run("document.getElementById('slider').focus()")
    browser.press(RIGHT, RIGHT, RIGHT)
    assert step(browser) == "step 3 of 9"
    browser.press(END)
    assert step(browser) == "step 9 of 9"


@in_a_browser
@pytest.mark.slow
def test_play_and_pause(show: Show, no_renderer: None) -> None:
    """It plays to the end, and from the beginning if it is there already; the button pauses."""
    browser = show(page(neuron, x=1.0))
    browser.click("#play")
    assert browser.text("#play") == "pause"
    browser.click("#play")
    assert (browser.text("#play"), step(browser)) == ("play", "step 0 of 9")
    browser.run("document.getElementById('speed').selectedOptions[0].value = 1")
    browser.press(END)
    browser.run("document.activeElement.blur()")
    browser.press(" ")
    wait_until(lambda: (browser.text("#play"), step(browser)) == ("play", "step 9 of 9"))
    assert browser.run("return document.querySelectorAll('tr.now').length") == 1


def wait_until(happened: Callable[[], bool]) -> None:
    """For at most ten seconds."""
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_a_click_on_a_node_leads_to_the_step_that_computes_its_gradient(show: Show) -> None:
    browser = show(page(neuron, x=1.0))
    for node, position in ("#v1", 9), ("#v4", 5), ("#v5", 4), ("#v0", 8):
        browser.click(node)
        assert step(browser) == f"step {position} of 9"
        assert browser.run(f"return document.querySelector('{node}').classList.contains('now')")


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_on_paper_it_is_a_list_of_all_steps(show: Show) -> None:
    browser = show(page(neuron, x=1.0), "#step=2")
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    browser.devtools("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for hidden in "#controls", "#now", "#row", "#nodes":
        assert not browser.seen(hidden)
    for shown in "h1", "#source pre", "#drawing svg", "#steps li:first-child", "#steps li:last-child":
        assert browser.seen(shown)
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert drawn(browser)[1] == ["0", "0.25"]
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert step(browser) == "step 2 of 9"
    assert browser.devtools("Page.printToPDF")["data"]


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_without_javascript_the_list_and_all_numbers_are_there(show: Show, browser: Browser) -> None:
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(page(neuron, x=1.0))
        assert not browser.seen("#controls")
        assert browser.seen("#steps li:last-child")
        assert gradients(browser) == ["0", "0.25", "0.25", "0.25", "0.25", "1"]
        assert drawn(browser)[1] == ["0", "0.25"]
    finally:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=False)


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_the_page_is_never_wider_than_the_window(show: Show, browser: Browser) -> None:
    """A phone, a laptop at 200 % zoom, a notebook, a laptop, a projector: wide panes scroll by themselves."""
    root = MLP(3, [4, 1], activation="tanh", seed=1)
    show(page(root, x=[1.0, 2.0, 3.0]), "#step=15")
    for width, height in (360, 740), (640, 450), (800, 736), (1280, 900), (1920, 1080):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.devtools("Emulation.setDeviceMetricsOverride", **size)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        for control in "#first", "#next", "#slider", "#position":
            assert browser.seen(control)


@in_a_browser
@pytest.mark.slow
def test_every_colour_can_be_read_on_every_ground(show: Show, browser: Browser, no_renderer: None) -> None:
    """A contrast of 4.5 at least (WCAG 2.2, 1.4.3), in light and in dark."""
    show(page(neuron, x=1.0))
    for scheme in "light", "dark":
        browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        assert_readable(browser, scheme)


def assert_readable(browser: Browser, scheme: str) -> None:
    names = ["text", "quiet", "value", "gradient", "paper", "pane", "value-tint", "gradient-tint"]
    style = "const style = getComputedStyle(document.documentElement);"
    colours = browser.run(f"{style} return {names}.map(name => style.getPropertyValue('--' + name).trim())")
    found = dict(zip(names, map(luminance, colours), strict=True))
    for ink in "text", "quiet", "value", "gradient":
        for ground in "paper", "pane", "value-tint", "gradient-tint":
            lighter, darker = max(found[ink], found[ground]), min(found[ink], found[ground])
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)
    assert (found["paper"] < found["text"]) == (scheme == "dark")


def luminance(colour: str) -> float:
    """The relative luminance of "#rgb" or "#rrggbb" (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_who_wants_no_motion_sees_none(show: Show, browser: Browser) -> None:
    durations = "return getComputedStyle(document.querySelector('.node.now')).transitionDuration"
    show(page(neuron, x=1.0), "#step=1")
    assert browser.run(durations) != "0s"
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    assert browser.run(durations) == "0s"


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_a_screen_reader_hears_each_step(show: Show) -> None:
    """A polite live region says it; every control, pane and picture has a name."""
    browser = show(page(neuron, x=1.0), "#step=8")
    browser.press(RIGHT)
    announced = browser.text("[aria-live=polite]")
    assert announced == "Step 9 of 9: w.grad += h1.grad × ∂h1/∂w = 0 + 0.25 × 1 = 0.25; backward: ∂h1/∂w = x = 1"
    nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    named = {
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"] and "name" in node and "role" in node
    }
    for role, name in [
        ("button", "← back"),
        ("button", "play"),
        ("slider", "step"),
        ("combobox", "speed of play"),
        ("navigation", "the steps"),
        ("image", "the graph: its nodes are in the table"),
        ("heading", "The source"),
        ("columnheader", "gradient"),
        ("rowheader", "w"),
        ("link", "step 7"),
    ]:
        assert (role, name) in named, sorted(named)


@in_a_browser
@pytest.mark.slow
def test_in_a_notebooks_frame_it_steps_as_well(show: Show, browser: Browser, no_renderer: None) -> None:
    show(f"<!DOCTYPE html><title>notebook</title>{Stepper(neuron, x=1.0)._repr_html_()}")
    browser.call("POST", "/frame", {"id": 0})
    wait_until(lambda: step(browser) == "step 0 of 9")
    browser.click("h1")
    browser.press(END)
    wait_until(lambda: step(browser) == "step 9 of 9")
    browser.click("li:nth-child(8) a")
    wait_until(lambda: step(browser) == "step 7 of 9")


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_a_large_network_has_its_weights_on_the_arrows(show: Show) -> None:
    """Each with its value from the start and its gradient once it is reached; a bias likewise, in its neuron's box."""
    root = MLP(2, [8, 1], activation="tanh", seed=1)([1.0, 2.0])
    written = page(root)
    browser = show(written)
    rows = {row[0]: row for row in cells(written)}
    weight, bias = rows["layers.1.neurons.0.w.0"], rows["layers.1.neurons.0.b"]
    assert browser.run("return document.querySelectorAll('.node').length") == 2 + 8 + 8 + 1
    texts = "return [...document.querySelectorAll('.edge text, .node text')].map(text => text.textContent)"
    assert f"w.0 = {weight[2]}" in browser.run(texts)
    assert f"grad {weight[3]}" not in browser.run(texts)
    place = list(rows).index("layers.1.neurons.0.w.0")
    browser.run(f"show({data_of(written)['nodes'][place]['click']})")
    assert browser.text("#now .sum").startswith("w.0.grad += z.grad × ∂z/∂w.0 = 0 + ")
    assert browser.text("#now small").startswith("backward in layers.1.neurons.0: ")
    assert f"grad {weight[3]}" in browser.text(".edge.now")
    browser.press(END)
    assert f"b = {bias[2]} grad {bias[3]}" in browser.text("#v18")


@in_a_browser
@needs_dot
@pytest.mark.slow
def test_every_arrow_of_a_step_is_in_the_picture(show: Show) -> None:
    """In a network, with constants, with an input used twice."""

    def f(x: Value, y: Value) -> Any:
        hidden = MLP(2, [2, 1], activation="tanh", seed=1)([x, y])
        return (hidden * 2.0 + x * x) / 3.0

    written = page(f, x=1.0, y=2.0)
    browser = show(written)
    steps = [step for step in data_of(written)["steps"] if step["phase"] == "backward"]
    titles = browser.run(
        f"return {json.dumps([step['arrow'] for step in steps])}.map(id => document.querySelector(`#${{id}} title`)"
        ".textContent)"
    )
    assert titles == [f"v{step['child']}->v{step['node']}" for step in steps]
