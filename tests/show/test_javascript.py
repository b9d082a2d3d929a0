"""The table in JavaScript: every row computes what Python's does and refuses what it refuses, in the same words."""

from __future__ import annotations

import itertools
import json
import math
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from tests.browser import MISSING, WHY_NOT, Browser
from tests.show.own_rows import OWN, Erf
from tinygrad_edu import Stepper, Value, rules
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.javascript import Table, UntranslatableError, script
from tinygrad_edu.show.style import FORMULAS

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")

ROWS = {type(row).__name__: row for row in [*vars(rules).values(), *OWN] if isinstance(row, Rule)}


def arity(row: Rule) -> int:
    return 5 if row in (rules.weighted_sum, OWN[-1]) else len(row.operand_names())


def table_of(*rows: Rule) -> Table:
    table = Table([])
    for row in rows:
        table.name(row, arity(row))
    return table


def in_node(table: Table, program: str) -> Any:
    """What a program prints, as JSON, after compute.js and the rows: it needs no document."""
    compute = resources.files("tinygrad_edu.show").joinpath("script/compute.js").read_text(encoding="utf-8")
    script = "\n".join([compute, *table.texts, program])
    done = subprocess.run(["node", "-"], input=script, capture_output=True, encoding="utf-8")
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


EXTREMES = [
    -math.inf, -1e308, -800.0, -36.9, -2.5, -1.0, -1 / 3, -1e-10, -5e-324, -0.0, 0.0, 5e-324, 1e-300, 1e-10, 0.3, 0.5,
    1.0, 1.5, 2.0, 3.0, 7.77, 20.0, 100.0, 709.78, 710.0, 1e15, 1e16, 1e22, 1e308, math.inf, math.nan,
]  # fmt: skip


def cases(row: Rule) -> list[tuple[float, ...]]:
    rnd = random.Random(1)
    count = arity(row)
    drawn = [tuple(rnd.uniform(-20, 20) for _ in range(count)) for _ in range(200)]
    return drawn + list(
        itertools.product(EXTREMES, repeat=count) if count < 3 else zip(*[EXTREMES] * count, strict=True)
    )


def in_python(row: Rule, inputs: tuple[float, ...]) -> tuple[Any, Any, str]:
    """The value, the local derivatives, and what is said where there is none."""
    out = local = None
    try:
        out = row.evaluate(*inputs)
        local = row.differentiate(out, *inputs)
    except (ValueError, ArithmeticError) as error:
        return out, local, str(error)
    return out, local, ""


TRY = """
const all = CASES.map(([name, same, ...inputs]) => {
  let out = null;
  inputs = inputs.map(Number);
  try {
    out = value(name, ...inputs);
    return [String(out), partials(name, Number(same), ...inputs).map(String), ""];
  } catch (error) {
    return [out === null ? null : String(out), null, error.message];
  }
});
"""


def number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def units_apart(x: Any, y: float) -> float:
    """How many floats lie between two; a complex number is none."""
    if isinstance(x, complex):
        return math.inf
    if x == y or math.isnan(x) and math.isnan(y):
        return 0
    if not (math.isfinite(x) and math.isfinite(y)):
        return math.inf

    def rank(number: float) -> int:
        (bits,) = struct.unpack("<q", struct.pack("<d", number))
        return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)

    return abs(rank(x) - rank(y))


def near(x: Any, y: float, row: Rule) -> bool:
    """Two units in the last place; rows of one's own may cancel what functions of `math` differ by."""
    return units_apart(x, y) <= 2 or row in OWN and math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-15)


def differences(row: Rule, found: list[Any]) -> list[str]:
    """Where the page and Python differ: in numbers, in refusals or in words. The partials are of the same `out`."""
    wrong = []
    for inputs, (out, local, words) in zip(cases(row), found, strict=True):
        expected, partials, said = in_python(row, inputs)
        pairs = [(expected, out)] if out is not None else []
        pairs += list(zip(partials, local, strict=True)) if local is not None and partials is not None else []
        same = (expected is None) == (out is None) and (partials is None) == (local is None) and words == said
        if not same or not all(near(x, number(y), row) for x, y in pairs):
            wrong.append(f"{inputs}: Python {expected, partials, said}, the page {out, local, words}")
    return wrong


def tried(row: Rule) -> tuple[Table, str]:
    """A row in JavaScript, and its cases: the value of each, and the partials of the `out` that Python has."""
    table, listed = table_of(row), []
    for inputs in cases(row):
        out = in_python(row, inputs)[0]
        numbers = (math.nan if out is None else out, *inputs)
        listed.append([table.names[row, arity(row)], *map(script, numbers)])
    return table, TRY.replace("CASES", json.dumps(listed))


@pytest.fixture(scope="module")
def found_by_node() -> dict[str, Any]:
    """What all rows give in Node, which is started once."""
    table, programs = table_of(*ROWS.values()), {name: tried(row)[1] for name, row in ROWS.items()}
    found = "".join(f"{{ {program} found[{json.dumps(name)}] = all; }}\n" for name, program in programs.items())
    return dict(in_node(table, f"const found = {{}};\n{found}console.log(JSON.stringify(found));"))


@needs_node
@pytest.mark.parametrize("name", ROWS)
def test_a_row_computes_and_refuses_what_python_does(name: str, found_by_node: dict[str, Any]) -> None:
    """In Node, whose functions of `math` differ from Chromium's by a unit in the last place."""
    assert differences(ROWS[name], found_by_node[name]) == []


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=WHY_NOT)
def test_a_row_computes_and_refuses_the_same_in_a_browser(show: Callable[..., Browser], no_renderer: None) -> None:
    browser = show(Stepper(Value(1.0, "x") * 2.0).page)
    for row in ROWS.values():
        table, program = tried(row)
        found = browser.run("\n".join([*table.texts, program, "return all;"]))
        assert differences(row, found) == [], row


@needs_node
def test_numbers_are_written_as_python_writes_them() -> None:
    """.4g rounds a half to even, which JavaScript's own functions do not; and all digits, for messages."""
    rnd = random.Random(2)
    numbers = [rnd.uniform(-10, 10) * 10.0 ** rnd.randint(-320, 300) for _ in range(3000)]
    numbers += [k / 32 for k in range(-3000, 3000)] + [x for x in EXTREMES if math.isfinite(x)]
    numbers += [1e-5, 9.9995e-5, 99995.0, 9999.5, 0.99995, 12345.0, 123450.0, 2.0625, 1.0625, 0.15625, 12355.0]
    texts = json.dumps(list(map(script, numbers)))
    program = f"console.log(JSON.stringify({texts}.map(Number).map(x => [format(x), written(x)])))"
    found = in_node(Table([]), program)
    assert [(x, *pair) for x, pair in zip(numbers, found, strict=True)] == [
        (x, FORMULAS.number(x), str(x)) for x in numbers
    ]


@needs_node
def test_a_number_is_understood_as_people_write_it() -> None:
    cases = [
        ("0.5", 0.5), ("1,5", 1.5), ("−2", -2), ("-2", -2), ("+3", 3), (".25", 0.25), ("1/4", 0.25), ("−1 / 3", -1 / 3),
        (" 1e-3 ", 0.001), ("2.", 2), ("", None), ("abc", None), ("1_000", None), ("0x10", None), ("nan", None),
        ("Infinity", None), ("1e999", None), ("1/0", None), ("1.5.2", None), ("1/2/3", None), ("−", None),
    ]  # fmt: skip
    texts = json.dumps([text for text, _ in cases])
    found = in_node(Table([]), f"console.log(JSON.stringify({texts}.map(text => parsed(text) ?? null)))")
    assert list(zip([text for text, _ in cases], found, strict=True)) == cases


class Loop(Rule):
    def forward(self, x: float) -> float:
        total = 0.0
        for _ in range(3):
            total += x
        return total

    def partials(self, out: Any, x: Any) -> Any:
        return (3.0,)


class Based(Rule):
    def forward(self, x: float) -> float:
        return math.log(x, 2.0)

    def partials(self, out: Any, x: Any) -> Any:
        return (1.0 / x,)


class Either(Rule):
    def forward(self, x: float) -> float:
        return x or 1.0

    def partials(self, out: Any, x: Any) -> Any:
        return (1.0,)


class Built(Rule):
    forward = staticmethod(math.exp)

    def partials(self, out: Any, x: Any) -> Any:
        return (out,)


class Bare(Rule):
    forward = lambda self, x: x  # noqa: E731
    partials = lambda self, out, x: (1.0,)  # noqa: E731


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (Loop(), "loop(x): for _ in range(3): total += x"),
        (Erf(), "erf(x): math.erf(x)"),
        (Based(), "based(x): math.log(x, 2.0)"),
        (Either(), "either(x): x or 1.0"),
        (Built(), "built(x): its source is not to be had"),
        (Bare(), "bare(x): forward = lambda self, x: x"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Rule) else "",
)
def test_what_cannot_be_translated_is_named(row: Rule, part: str) -> None:
    with pytest.raises(UntranslatableError, match=f"^{re.escape(part)}$"):
        Table([]).name(row, 1)


def test_a_row_whose_source_is_not_to_be_had_is_named() -> None:
    namespace: dict[str, Any] = {"Rule": Rule}
    source = "class Typed(Rule):\n    def forward(self, x): return x\n    def partials(self, out, x): return (1.0,)"
    exec(source, namespace)
    with pytest.raises(UntranslatableError, match=r"^typed\(x\): its source is not to be had$"):
        Table([]).name(namespace["Typed"](), 1)


def test_no_derivative_stands_in_the_script() -> None:
    """Not one row is known to it: without those of the table it computes nothing."""
    scripts = "".join(path.read_text() for path in resources.files("tinygrad_edu.show").joinpath("script").iterdir())
    code = re.sub(r"/\*.*?\*/|//.*|\"[^\"]*\"", "", scripts, flags=re.DOTALL)
    assert [name for name in ROWS if re.search(rf"\b{name}\b", code)] == []
    assert re.findall(r"rows\.\w+ = ", code) == []


@needs_node
def test_a_row_that_is_deleted_is_missed() -> None:
    table = table_of(rules.relu)
    table.texts = [text for text in table.texts if not text.startswith("rows.Step ")]
    said = in_node(table, "try { partials('Relu', 1, 1) } catch (error) { console.log(JSON.stringify(error.message)) }")
    assert "undefined" in said
