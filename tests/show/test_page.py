"""The page computes: numbers changed in a real browser give what Python gives, and practice knows right from wrong."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import MISSING, WHY_NOT, Browser
from tests.show.own_rows import OWN, Erf
from tests.sweeps import mostly_slow
from tinygrad_edu import Constant, Parameter, Stepper, Value, log_sum_exp, rules, sigmoid, tanh, topological_order
from tinygrad_edu.nn import MLP, SGD, Neuron, cross_entropy, squared_error
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.page import title_and_page
from tinygrad_edu.show.source import Recording, record
from tinygrad_edu.show.steps import backward_steps
from tinygrad_edu.show.style import FORMULAS

Show = Callable[..., Browser]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=WHY_NOT)
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not installed")

swish, gelu, _, hard_tanh, branches, _, _, leaky, sum_of_squares = OWN
ONE_BY_ONE = {
    name: row
    for name, row in vars(rules).items()
    if isinstance(row, Rule) and name not in ("weighted_sum", "power", "exponential")
}


def of_row(row: Rule) -> Callable[[], Any]:
    """A program of one row, whose result is used once more."""
    if len(row.operand_names()) == 1:
        return lambda: record(lambda x: row(x) * 1.5, {"x": 0.7})
    return lambda: record(lambda x, y: row(x, y) * 1.5, {"x": 0.7, "y": 1.3})


def neuron() -> Recording:
    w, b = Parameter(0.3, "w"), Parameter(-0.2, "b")
    return record(lambda x: sigmoid(w * x + b), {"x": 1.0})


def network(*layers: int, activation: str = "tanh") -> Recording:
    model = MLP(2, list(layers), activation=activation, seed=1)
    return record(lambda x, y: squared_error(model(x), y), {"x": [0.5, -1.0], "y": 1.0})


def classifier() -> Recording:
    model = MLP(2, [3, 3], activation="relu", seed=3)
    return record(lambda x: cross_entropy(model(x), 1), {"x": [0.5, -1.0]})


def called_otherwise() -> Recording:
    """An input whose name others have too: shown as x₁."""

    def f(x: Value, rate: Value, step: Value) -> Value:
        x = tanh(x * rate)
        x = x + step
        return x * x

    return record(f, {"x": 0.5, "rate": 2.0, "step": -0.25})


def strange_names() -> Recording:
    x, y = Value(2.0, 'a "b" <c> & d+e=f'), Value(0.5, "Größe 1%")
    return record(lambda: (x * y).exp() + y, {})


PROGRAMS: dict[str, Callable[[], Recording]] = {
    **{f"row {name}": of_row(row) for name, row in ONE_BY_ONE.items()},
    "powers": lambda: record(lambda x, y: x**3 + x**-2.0 + 2**x + x**y, {"x": 1.5, "y": 2.5}),
    "weighted sum": lambda: record(lambda x, y: rules.weighted_sum(x, y, y, 3.0, x), {"x": 1.5, "y": 2.5}),
    "shared": lambda: record(lambda x, y: (x * x + x * y) * (x * x) + x / x - y, {"x": 1.5, "y": 2.5}),
    "a list": lambda: record(log_sum_exp, {"xs": [0.5, -1.0, 3.0]}),
    "neuron": neuron,
    "one neuron": lambda: record(Neuron(2, "sigmoid", seed=1), {"x": [0.5, -1.0]}),
    "network": lambda: network(3, 1),
    "deep network": lambda: network(4, 3, 1, activation="sigmoid"),
    "classifier": classifier,
    "swish": lambda: record(lambda x: swish(x) + swish(swish(x)), {"x": 1.0}),
    "gelu": lambda: record(lambda x: gelu(x) * 2, {"x": 1.0}),
    "own rows": lambda: record(lambda x: branches(x) + hard_tanh(x) * leaky(x), {"x": 0.5}),
    "any number": lambda: record(lambda x, y: sum_of_squares(x, y, 2.0, x) * y, {"x": 0.5, "y": 2.0}),
    "other names": called_otherwise,
    "strange names": strange_names,
    "a leaf": lambda: Recording(Value(2.0, "z")),
    "a Value": lambda: Recording((Value(2.0, "p") * Value(3.0, "q")).tanh()),
    "a chain": lambda: record(lambda x, w: tanh(tanh(tanh(w * x) * w) * w - 1.0) * w, {"x": 0.5, "w": 0.9}),
}


def page_of(recording: Recording) -> str:
    return title_and_page(recording, 300)[1]


def varying(recording: Recording) -> list[Value]:
    """The nodes of the page, in its order."""
    return [node for node in topological_order(recording.root) if not isinstance(node, Constant)]


def leaves_of(recording: Recording) -> list[Value]:
    return [node for node in varying(recording) if not node.op]


def in_python(recording: Recording, numbers: dict[Value, float]) -> str:
    """Compute the graph with other numbers; return what is said where it cannot be."""
    for leaf, number in numbers.items():
        leaf.data = number
    try:
        for node in topological_order(recording.root):
            if node.op:
                node.data = node.op.evaluate(*[child.data for child in node.children])
        recording.root.zero_grad()
        recording.root.backward()
    except (ValueError, ArithmeticError) as error:
        return str(error)
    return ""


STATE = """({
  live, said: byId('failure').textContent, failures: nodes.map(node => node.failure).filter(Boolean),
  numbers: nodes.map(node => [node.number, node.gradient].map(x => String(x).replace('Infinity', 'inf'))),
})"""


def near(x: float, y: float) -> bool:
    return math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-15) or math.isnan(x) and math.isnan(y)


def assert_same(state: dict[str, Any], recording: Recording, said: str) -> None:
    """The page has Python's values and gradients, or says what Python says."""
    assert state["live"]
    if said:
        assert said in state["failures"]
        assert state["said"].endswith(f": {state['failures'][0]}")
        return
    assert state["failures"] == []
    expected = [[node.data, node.grad] for node in varying(recording)]
    for node, found, wanted in zip(varying(recording), state["numbers"], expected, strict=True):
        assert all(map(near, map(float, found), wanted)), (node, found, wanted)


def address_of(keys: list[str], numbers: list[float]) -> str:
    assert len(set(keys)) == len(keys) == len(numbers)
    return "#" + urllib.parse.urlencode({"step": 0} | dict(zip(keys, map(repr, numbers), strict=True)))


@pytest.mark.parametrize("name", mostly_slow(PROGRAMS, "shared"))
def test_leaves_set_by_address_and_by_typing_give_what_python_gives(name: str, show: Show, no_renderer: None) -> None:
    rnd = random.Random(name)
    recording = PROGRAMS[name]()
    leaves = leaves_of(recording)
    first = [leaf.data for leaf in leaves]
    browser = show(page_of(recording))
    draws = [[rnd.uniform(-3, 3) for _ in leaves], [rnd.uniform(0, 2) for _ in leaves]]
    draws += [[rnd.choice([0.0, -1.0, 1.0, 800.0]) for _ in leaves] for _ in range(4)]
    keys = browser.run("return leaves.map(keyOf)")
    addresses = json.dumps(["#step=0", *(address_of(keys, numbers) for numbers in draws), "#step=0"])
    states = browser.run(f"return {addresses}.map(address => {{ location.hash = address; follow(); return {STATE} }})")
    for numbers, state in zip([first, *draws, first], states, strict=True):
        assert_same(state, recording, in_python(recording, dict(zip(leaves, numbers, strict=True))))
    typed = [round(rnd.uniform(0.1, 2), 2) for _ in leaves[: 1 if name.startswith("row") else 2]]
    for i, number in enumerate(typed):
        browser.run(f"choose(leaves[{i}]); leaves[{i}].field.focus(); leaves[{i}].field.select()")
        browser.press(*str(number).replace(".", ","))
    state = browser.run(f"recompute(); return {STATE}")
    assert_same(state, recording, in_python(recording, dict(zip(leaves, typed, strict=False))))


@pytest.mark.parametrize("name", mostly_slow(["neuron", "network", "deep network", "classifier"], "neuron"))
def test_twenty_updates_are_twenty_steps_of_sgd(name: str, show: Show, no_renderer: None) -> None:
    recording = PROGRAMS[name]()
    browser = show(page_of(recording), "#rate=1/4")
    browser.click("#ten")
    for _ in range(10):
        browser.run("document.getElementById('once').click()")
    optimizer = SGD([leaf for leaf in leaves_of(recording) if isinstance(leaf, Parameter)], lr=0.25)
    outputs = []
    for _ in range(20):
        assert in_python(recording, {}) == ""
        outputs.append(recording.root.data)
        optimizer.step()
    assert in_python(recording, {}) == ""
    assert_same(browser.run(f"return {STATE}"), recording, "")
    drawn = browser.run("return outputs")
    assert all(map(near, drawn, [*outputs, recording.root.data]))
    first, now = FORMULAS.number(outputs[0]), FORMULAS.number(recording.root.data)
    assert browser.text("#updated").startswith("20 updates: ")
    assert browser.text("#updated").endswith(f" = {first} → {now}")
    assert browser.run("return document.getElementById('line').points.length") == 21
    browser.click("#reset")
    assert browser.run("return leaves.every(leaf => leaf.number === leaf.first)")


def test_what_is_ticked_moves(show: Show, no_renderer: None) -> None:
    """Parameters; without any, inputs, but a target need not be."""
    browser = show(page_of(PROGRAMS["neuron"]()))
    assert browser.run("return leaves.map(leaf => [leaf.name, leaf.tick.checked])") == [
        ["w", True], ["b", True], ["x", False]
    ]  # fmt: skip
    browser = show(page_of(record(lambda x, y: (x - y) ** 2, {"x": 1.0, "y": 3.0})))
    browser.run("leaves[1].tick.click(); update(3)")
    assert browser.text("#moved") == "Each of x moves by −η · its gradient."
    x = 1.0
    for _ in range(3):
        x -= 0.1 * 2 * (x - 3)
    assert browser.run("return leaves.map(leaf => leaf.number)") == pytest.approx([x, 3.0])


def test_update_stops_where_a_gradient_is_not_defined(show: Show, no_renderer: None) -> None:
    """And says what the table says; the numbers stay where they were."""
    browser = show(page_of(record(lambda x: x.log() * 2.0, {"x": 0.1})))
    browser.run("update(10)")
    assert browser.text("#failure") == "h1: log(x) needs x > 0, got -1.9"
    assert browser.run("return [outputs.length, training]") == [2, None]
    browser.run("writeRest()")
    assert [row[1] for row in numbers_shown(browser)] == ["–", "–", "–"]
    browser.click("#reset")
    assert not browser.seen("#failure")


def numbers_shown(browser: Browser) -> list[list[str]]:
    cells = "[...row.querySelectorAll('.value, .grad')].map(cell => cell.textContent)"
    return list(browser.run(f"return [...document.querySelectorAll('tbody tr')].map(row => {cells})"))


# -------------------------------------------------------------------------------------------------- the address


def test_the_address_has_leaves_by_the_learners_names(show: Show, no_renderer: None) -> None:
    """Also where the page shows x₁; one called as a word of the page has a dot before it."""
    browser = show(page_of(called_otherwise()), "#step=3&x=2&.rate=0.5&.step=1%2C5&rate=0.3&practise=2")
    assert browser.run("return leaves.map(leaf => [leaf.name, keyOf(leaf), leaf.number])") == [
        ["x₁", "x", 2], ["rate", ".rate", 0.5], ["step", ".step", 1.5]
    ]  # fmt: skip
    assert browser.text("#position").startswith("step 3 of ")
    assert browser.run("return [byId('rate').value, practising(), byId('level').value]") == ["0.3", True, "2"]
    kept = "#step=3&x=2&.rate=0.5&.step=1.5&rate=0.3&practise=2"
    assert browser.run("return address()") == kept.replace(".rate=0.5", ".rate=0.5")


NO_ADDRESSES = ["#step=99&x=2", "#step=abc&x=zzz", "#%E0%A4%A", "#x=1e999", "#nosuch=1", "#x=1/0"]


@pytest.mark.parametrize("address", mostly_slow(NO_ADDRESSES, "#step=99&x=2"))
def test_what_an_address_tells_and_cannot_be_is_left_out(address: str, show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()), address)
    found = dict(browser.run("return leaves.map(leaf => [leaf.name, leaf.number])"))
    assert found == {"w": 0.3, "b": -0.2, "x": 2.0 if "x=2" in address else 1.0}
@pytest.mark.slow
def test_links_keep_the_rest_of_the_address(show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()), "#step=1&w=2")
    link = "document.querySelector('#steps li:nth-child(5) a')"
    browser.run(f"{link}.dispatchEvent(new PointerEvent('pointerdown', {{bubbles: true}}))")
    assert browser.run(f"return {link}.getAttribute('href')") == "#step=4&w=2"
    browser.run(f"{link}.click()")
    assert browser.text("#position") == "step 4 of 9"
    assert browser.run("return address()") == "#step=4&w=2"


# -------------------------------------------------------------------------------------------------- fields


def test_a_field_takes_numbers_as_people_write_them_and_marks_what_is_none(show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()))
    for text, number in ("1,5", 1.5), ("−2", -2), ("1/4", 0.25), ("abc", 0.25), (".5", 0.5):
        browser.run("leaves[0].field.focus(); leaves[0].field.select()")
        browser.press(*text)
        found = browser.run("return [leaves[0].number, leaves[0].field.getAttribute('aria-invalid')]")
        assert found == [number, "true" if text == "abc" else "false"]
@pytest.mark.slow
def test_a_slider_moves_everything(show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()), "#step=9")
    browser.run("leaves[0].slide.focus()")
    browser.press("\ue014")
    browser.run("recompute(); writeRest()")
    assert browser.run("return leaves[0].field.value") == "0.32"
    assert browser.text("#steps li:nth-child(2) .sum").endswith(" = 0.32 × 1 = 0.32")
    assert browser.text("#steps li:first-child .sum") == "w = 0.32, x = 1, b = −0.2"
    assert browser.text("#now .sum") == browser.text("#steps li:last-child .sum")
    browser.press("\ue00c")
    browser.run("recompute()")
    assert browser.run("return leaves[0].number") == 0.3
@pytest.mark.slow
def test_of_many_leaves_one_at_a_time_has_its_field(show: Show, no_renderer: None) -> None:
    browser = show(page_of(network(3, 1)))
    assert (
        browser.run("return [...document.querySelectorAll('#fields > span')].filter(e => e.checkVisibility()).length")
        == 1
    )
    browser.run("byId('chosen').selectedIndex = 4; byId('chosen').dispatchEvent(new Event('change'))")
    assert browser.run(
        "return leaves.filter(leaf => leaf.field.checkVisibility()).map(leaf => leaves.indexOf(leaf))"
    ) == [4]


@needs_dot
def test_a_click_in_the_picture_chooses_a_leaf(show: Show) -> None:
    browser = show(page_of(network(3, 1)))
    browser.click("#v3")
    [name] = browser.run("return leaves.filter(leaf => leaf.field.checkVisibility()).map(leaf => leaf.name)")
    assert browser.text("#v3 text") == name


@needs_dot
def test_the_picture_and_its_arrows_have_the_new_numbers(show: Show) -> None:
    """And long ones are squeezed into the room that their text has."""
    browser = show(page_of(neuron()), "#step=9&w=-123.4&x=-0.001234")
    upstream = (lambda s: s * (1 - s))(1 / (1 + math.exp(0.2 - 123.4 * 0.001234)))
    contribution = " × ".join(map(FORMULAS.number, [upstream, -123.4]))
    texts = browser.run("return [...document.querySelectorAll('#drawing text')].map(text => text.textContent.trim())")
    assert {"−123.4", "−0.001234", f"← {contribution} = {FORMULAS.number(upstream * -123.4)}"} <= set(texts)
    assert any(text.endswith("= w = −123.4") for text in texts)
    inside = """
      const wide = text => text.getBBox().x + text.getBBox().width;
      return [...document.querySelectorAll('.node')].every(box => [...box.querySelectorAll('text')].every(text =>
        wide(text) <= box.getBBox().x + box.getBBox().width && text.getBBox().x >= box.getBBox().x))"""
    assert browser.run(inside)


# -------------------------------------------------------------------------------------------------- it only steps


@needs_dot
def test_a_row_without_translation_makes_a_page_that_only_steps(show: Show) -> None:
    erf = Erf()
    browser = show(page_of(record(lambda x: erf(x) * 2.0, {"x": 1.0})), "#step=2&x=3&practise=1")
    note = "The numbers of this page cannot be changed, because there is no translation into JavaScript of"
    assert browser.text("#note") == f"{note} erf(x): math.erf(x)"
    assert [browser.seen(part) for part in ("#leaves", "#update", "#asked", "#controls")] == [False] * 3 + [True]
    assert browser.text("#now .sum").endswith("= 1.685")
    browser.press("\ue010")
    assert numbers_shown(browser)[-1] == ["1.685", "1"]


def test_a_row_that_is_deleted_breaks_the_page(show: Show, browser: Browser, no_renderer: None) -> None:
    """No derivative stands in the script: it is the table's."""
    page = page_of(record(lambda x: x.relu(), {"x": 1.0}))
    broken, count = re.subn(r"^rows\.Step = .*?;\n(?=\S)", "", page, flags=re.DOTALL | re.MULTILINE)
    assert count == 1
    show(broken)
    [error] = browser.log("browser")
    assert "Cannot read properties of undefined" in error["message"]


def test_the_page_says_where_the_program_compared_values(show: Show, no_renderer: None) -> None:
    def f(x: Value, y: Value) -> Any:
        larger = max(x, y)
        return larger * 2.0 if larger > 1.0 else -larger

    browser = show(page_of(record(f, {"x": 1.0, "y": 2.0})))
    line = f.__code__.co_firstlineno
    assert f"compared Values (line {line + 1}, line {line + 2})" in browser.text("#note")
    assert browser.text("#leaves small") == "The graph is that of the first numbers."


FLOATS = [math.inf, -math.inf, math.nan, -0.0, 1e300, 5e-324, 1.7e308]


@pytest.mark.parametrize("number", mostly_slow(FLOATS, -math.inf))
def test_a_leaf_can_be_any_float(number: float, show: Show, no_renderer: None) -> None:
    recording = Recording(Value(number, "v") * 2.0 + 1.0)
    browser = show(page_of(recording))
    assert_same(browser.run(f"return {STATE}"), recording, in_python(recording, {}))


# -------------------------------------------------------------------------------------------------- practice

SOLVE = """
const [level, answers] = ARGUMENTS;
const told = [];
const words = text => text.split(/[\\s,;:=()]+/);
const parts = '#now, #answer, #leaves, #nodes tbody, #note, #steps li:not(.ahead)';
const read = () => last > 15 ? [...document.querySelectorAll(parts)].map(part => part.textContent).join(' ')
  : document.body.innerText;
const seen = () => words([read(), byId('slider').getAttribute('aria-valuetext'), byId('announcement').textContent,
  ...[...document.querySelectorAll('#drawing text')].filter(text =>
  getComputedStyle(text).visibility !== 'hidden').map(text => text.textContent)].join(' '));
practise(level);
const known = new Set([...steps.map((_, i) => String(i)), ...leaves.map(leaf => format(leaf.number))]);
for (let i = 1; i <= last; i++) {
  show(i);
  const step = steps[i];
  if (step.phase === 'forward') words(step.sum.children[4].textContent).forEach(word => known.add(word));
  for (const x of [step.before, step.upstream, step.partial]) known.add(format(x));
  const fields = () => [...byId('now').querySelectorAll('input')];
  if (step.phase === 'start') { if (fields().length) told.push(`${i} is asked`); continue; }
  const wanted = format(step.phase === 'forward' ? nodes[step.node].number : step.after);
  if (!known.has(wanted) && seen().includes(wanted)) told.push(`${i} is given away: ${wanted}`);
  known.add(wanted);
  if (level === '1' && fields().length !== 1) told.push(`${i} has ${fields().length} fields`);
  const enter = texts => {
    fields().forEach((field, k) => { field.value = texts.at(k - fields().length); });
    byId('answer').requestSubmit();
  };
  const right = answers[i].slice(-fields().length);
  enter([...right.slice(0, -1), String(Number(right.at(-1)) * 1.02 || 1)]);
  if (!fields().length) told.push(`${i} takes a wrong answer`);
  if (fields().at(-1)?.getAttribute('aria-invalid') !== 'true') told.push(`${i} marks no wrong answer`);
  enter(right);
  if (fields().length) told.push(`${i} refuses ${right}, wants ${question(step).wanted.map(({number}) => number)}`);
}
return told;
"""


def answers(recording: Recording) -> list[list[str]]:
    """What Python has in each step, with three digits: operands and their result, or the four of the chain rule."""
    operations = [node for node in varying(recording) if node.op]
    forward = [
        [x.data for factors in node.op.written_out(*node.children) or [node.children] for x in factors
         if not isinstance(x, Constant)] + [node.data] for node in operations
    ]  # fmt: skip
    recording.root.zero_grad()
    backward = [[s.before, s.upstream, s.partial, s.after] for s in backward_steps(recording.root)]
    return [[f"{x:.3g}" for x in numbers] for numbers in ([], *forward, [], *backward)]


@pytest.mark.parametrize("name", mostly_slow(PROGRAMS, "neuron"))
def test_practice_knows_right_from_wrong_and_gives_nothing_away(name: str, show: Show, no_renderer: None) -> None:
    """At every step: only three digits of Python's numbers are taken, and they are seen nowhere before."""
    recording = PROGRAMS[name]()
    browser = show(page_of(recording))
    for level in "1", "2":
        assert browser.run(SOLVE.replace("ARGUMENTS", json.dumps([level, answers(recording)]))) == []


@needs_dot
@pytest.mark.parametrize("name", mostly_slow(["neuron", "shared"], "neuron"))
def test_practice_gives_nothing_away_in_the_picture(name: str, show: Show) -> None:
    recording = PROGRAMS[name]()
    browser = show(page_of(recording))
    assert browser.run("return document.querySelectorAll('#drawing .node').length > 3")
    assert browser.run(SOLVE.replace("ARGUMENTS", json.dumps(["1", answers(recording)]))) == []


def test_practice_by_keyboard_alone(show: Show, no_renderer: None) -> None:
    """Enter checks, and then goes on; Tab leads to the hint, which is the row of the table, and to the answer."""
    browser = show(page_of(neuron()), "#step=1&practise=1")
    assert browser.text("#now .sum") == "h1 = w × x = 0.3 × 1 ="
    hint = "return byId('arguments').checkVisibility({visibilityProperty: true})"
    assert not browser.run(hint)
    browser.press(*"0.4\ue007")
    assert browser.text("#said") == "Not yet: h1. 0 of 1 right at once"
    browser.press(*"\ue003\ue003\ue003", *"0.3\ue007")
    assert browser.text("#now .sum") == "h1 = w × x = 0.3 × 1 = 0.3"
    assert browser.run("return document.activeElement.id") == "next"
    browser.press("\ue007")
    assert browser.text("#position") == "step 2 of 9"
    browser.press("\ue004", "\ue004", " ")
    assert browser.run(hint)
    browser.press("\ue004", " ")
    assert browser.text("#now .sum").endswith("= 0.3 + −0.2 = 0.1")
    assert browser.text("#said") == "0 of 2 right at once"


@pytest.mark.parametrize(
    ("difference", "accepted"),
    [(["0.3", "0.1", "0.2"], "0"), (["1e-20", "3e-20", "0"], "-2e-20")],
)
@pytest.mark.slow
def test_zero_is_right_where_what_is_left_is_rounding(
    difference: list[str], accepted: str, show: Show, no_renderer: None
) -> None:
    x, y, z = map(float, difference)
    browser = show(page_of(record(lambda x, y, z: x - y - z, {"x": x, "y": y, "z": z})), "#step=2&practise=1")
    for answer in ("0", "-2e-20"):
        browser.run("show(2); document.querySelector('#now input').select()")
        browser.press(*answer, "\ue007")
        assert (browser.run("return steps[2].solved === computed")) == (answer == accepted)
        browser.run("practise('1')")
@pytest.mark.slow
def test_a_screen_reader_hears_the_question_and_not_the_answer(show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()), "#step=9&practise=2")
    assert browser.text("#announcement") == "Step 9 of 9: x.grad += h1.grad × ∂h1/∂x"
    names = browser.run("return [...document.querySelectorAll('#now input')].map(field => field.ariaLabel)")
    assert [name.split(": ")[1] for name in names] == ["so far", "upstream", "local", "now"]


# -------------------------------------------------------------------------------------------------- the view


@needs_dot
@pytest.mark.parametrize(("width", "height"), mostly_slow([(1366, 768), (1920, 1080)], (1366, 768)))
@pytest.mark.slow
def test_the_picture_uses_the_room_there_is(width: int, height: int, show: Show, browser: Browser) -> None:
    """It fits, is enlarged and made smaller, and takes the whole window."""
    browser.devtools(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
    )
    show(page_of(neuron()))
    size = (
        "const {width, height} = document.querySelector('#drawing svg').getBoundingClientRect(); return [width, height]"
    )
    pane = browser.run("return byId('drawing').clientWidth")
    fits, _ = browser.run(size)
    assert 0.95 * pane <= fits <= pane + 1
    browser.press("+")
    assert browser.run(size)[0] == pytest.approx(1.25 * fits, rel=0.01)
    browser.press("-", "-")
    assert browser.run(size)[0] == pytest.approx(fits / 1.25, rel=0.01)
    browser.press("0")
    assert browser.run(size)[0] == pytest.approx(fits, rel=0.01)
    browser.press("f")
    assert browser.run(size)[0] >= 0.9 * width
    assert browser.seen("#now")
    browser.press("\ue00c")
    assert browser.seen("#source")


@needs_dot
@pytest.mark.slow
def test_on_paper_nothing_is_asked(show: Show) -> None:
    """The picture and the list of steps have all numbers, also while practising; then the question is back."""
    browser = show(page_of(neuron()), "#step=3&practise=1")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert "–" not in browser.run("return [...document.querySelectorAll('.node text')].map(text => text.textContent)")
    assert browser.run("return document.querySelectorAll('.ahead').length") == 0
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.text("#position") == "step 3 of 9"
    assert browser.seen("#now input")


@needs_dot
@pytest.mark.slow
def test_nothing_is_painted_behind_the_texts_on_arrows(show: Show, browser: Browser) -> None:
    """The white paper that a picture of its own has there would hide them on a dark page."""
    show(page_of(neuron()), "#step=9")
    painted = "return [...document.querySelectorAll('.edge polygon')].filter(p => getComputedStyle(p).fill != 'none')"
    for scheme in "light", "dark":
        browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        assert browser.run(f"{painted}.every(p => p.points.length <= 4)")  # arrowheads: their first corner is the last
        assert browser.run(f"{painted}.length") == 5
@pytest.mark.slow
def test_the_text_can_be_larger(show: Show, no_renderer: None) -> None:
    browser = show(page_of(neuron()))
    browser.click("#larger_text")
    assert browser.run("return getComputedStyle(document.documentElement).fontSize") == "17.6px"


@needs_dot
@pytest.mark.slow
def test_operands_of_the_marked_node_are_in_view(show: Show, browser: Browser) -> None:
    browser.devtools("Emulation.setDeviceMetricsOverride", width=800, height=700, deviceScaleFactor=1, mobile=False)
    show(page_of(record(lambda x, w: tanh(tanh(tanh(w * x) + w) + w) * w, {"x": 0.5, "w": 0.9})))
    hidden = """
      const pane = byId('drawing').getBoundingClientRect(), node = nodes[steps[current].node];
      return [node, ...node.operands.map(i => nodes[i])].map(({place}) => place.getBoundingClientRect())
        .filter(box => box.left < pane.left - 1 || box.right > pane.right + 1).length"""
    for i in range(1, 4):
        browser.run(f"show({i})")
        assert browser.run(hidden) == 0
@pytest.mark.slow
def test_in_a_notebooks_frame_it_computes_as_well(show: Show, browser: Browser, no_renderer: None) -> None:
    w = Parameter(0.0, "w")
    show(f"<!DOCTYPE html><title>notebook</title>{Stepper(lambda x: w * x, x=1.0)._repr_html_()}")
    browser.call("POST", "/frame", {"id": 0})
    browser.run("set(leaves[0], 2); recompute(); show(1)")
    assert browser.text("#now .sum") == "f = w × x = 2 × 1 = 2"
