"""Small programs of a learner's: the names, the order and the numbers that are shown are those of the program.

Written by hand: the leaves in the order in which they are made, then the operations as Python runs them, each with its
number. One list, for the trace, the picture and the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.show.reading import boxes, cells, function_in
from tinygrad_edu import Constant, Stepper, topological_order, trace
from tinygrad_edu.readers.naming import node_names
from tinygrad_edu.readers.notation import FORMULA
from tinygrad_edu.show import render
from tinygrad_edu.show.source import as_recorded, record

# the program, its inputs, and what is shown
PROGRAMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an expression": (
        "f = lambda x, y: x * y\n",
        {"x": 2, "y": 3},
        "x y | f=6",
    ),
    "variables": (
        "def f(x):\n    a = x + 1\n    b = a * a\n    return b\n",
        {"x": 2},
        "x | a=3 b=9",
    ),
    "parts without a name": (
        "def f(x):\n    return (x + 1) * (x + 2)\n",
        {"x": 1},
        "x | h1=2 h2=3 f=6",
    ),
    "h1 and h2 of one's own": (
        "def f(x):\n    h1 = x + 1\n    h2 = h1 * 2\n    return (h1 + h2) * x\n",
        {"x": 1},
        "x | h1=2 h2=4 v1=6 f=6",
    ),
    "h of one's own": (
        "def f(x):\n    h = x + 1\n    return h * h + x\n",
        {"x": 1},
        "x | h=2 v1=4 f=5",
    ),
    "h_1 of one's own": (
        "def f(x):\n    h_1 = x + 1\n    return h_1 * 3 + x\n",
        {"x": 1},
        "x | h_1=2 v1=6 f=7",
    ),
    "v1 of one's own": (
        "def f(x):\n    v1 = x + 1\n    return v1 * 3 + x\n",
        {"x": 1},
        "x | v1=2 h1=6 f=7",
    ),
    "h and v of one's own": (
        "def f(x):\n    h = x + 1\n    v = h + 1\n    return h * v + x\n",
        {"x": 1},
        "x | h=2 v=3 t1=6 f=7",
    ),
    "hidden is not h": (
        "def f(x):\n    hidden = x + 1\n    return hidden * 2 + x\n",
        {"x": 1},
        "x | hidden=2 h1=4 f=5",
    ),
    "a list": (
        "def f(x):\n    h = [x + 1, x + 2]\n    return h[0] * h[1]\n",
        {"x": 1},
        "x | h[0]=2 h[1]=3 f=6",
    ),
    "a list that grows": (
        "def f(x):\n"
        "    hs = []\n"
        "    for k in (1, 2):\n"
        "        h = x * k\n"
        "        hs.append(h)\n"
        "    return hs[0] + hs[1]\n",
        {"x": 3},
        "x | hs[0]=3 hs[1]=6 f=9",
    ),
    "a list of named ones": (
        "def f(x):\n    a = x + 1\n    b = a + 1\n    both = [a, b]\n    return both[0] * both[1]\n",
        {"x": 1},
        "x | a=2 b=3 f=6",
    ),
    "a tuple": (
        "def f(x):\n    h = (x + 1, -x)\n    return h[0] * h[1]\n",
        {"x": 1},
        "x | h[0]=2 h[1]=-1 f=-2",
    ),
    "a dictionary": (
        "def f(x):\n    p = {'w': x + 1}\n    return p['w'] * 3\n",
        {"x": 1},
        "x | p['w']=2 f=6",
    ),
    "a list of the module": (
        "ws = [Parameter(2.0), Parameter(3.0)]\ndef f(x):\n    return ws[0] * x + ws[1]\n",
        {"x": 5},
        "ws[0] ws[1] x | h1=10 f=13",
    ),
    "a matrix": (
        "W1 = [[Parameter(1.0), Parameter(2.0)], [Parameter(3.0), Parameter(4.0)]]\n"
        "def f(x):\n"
        "    return W1[0][0] * x + W1[1][1]\n",
        {"x": 5},
        "W1[0][0] W1[1][1] x | h1=5 f=9",
    ),
    "the rows of a matrix": (
        "W1 = [[Parameter(1.0), Parameter(2.0)], [Parameter(3.0), Parameter(4.0)]]\n"
        "def f(x):\n"
        "    y = x\n"
        "    for row in W1:\n"
        "        y = y * row[0]\n"
        "    return y\n",
        {"x": 5},
        "W1[0][0] W1[1][0] x | y₁=5 y₂=15",
    ),
    "the weights of a loop": (
        "ws = [Parameter(2.0), Parameter(3.0)]\n"
        "def f(x):\n"
        "    y = x\n"
        "    for w in ws:\n"
        "        y = y * w\n"
        "    return y\n",
        {"x": 5},
        "ws[0] ws[1] x | y₁=10 y₂=30",
    ),
    "a comprehension over the module's": (
        "w1, w2 = Parameter(2.0), Parameter(3.0)\n"
        "def f(x):\n"
        "    s = [p**2 for p in [w1, w2]]\n"
        "    return s[0] + s[1] * x\n",
        {"x": 1},
        "w1 w2 x | s[0]=4 s[1]=9 h1=9 f=13",
    ),
    "one parameter in a comprehension": (
        "w1 = Parameter(2.0)\ndef f(x):\n    [s] = [p**2 for p in [w1]]\n    return s * x\n",
        {"x": 1},
        "w1 x | s=4 f=4",
    ),
    "a generator": (
        "w1, w2 = Parameter(2.0), Parameter(3.0)\ndef f(x):\n    return sum((p * x for p in [w1, w2]), start=x)\n",
        {"x": 1},
        "w1 w2 x | h1=2 h2=3 h3=3 f=6",
    ),
    "attributes": (
        "class Unit:\n"
        "    def __init__(self):\n"
        "        self.w = [Parameter(2.0), Parameter(3.0)]\n"
        "        self.b = Parameter(1.0)\n"
        "    def __call__(self, x):\n"
        "        return self.w[0] * x + self.b\n"
        "f = Unit()\n",
        {"x": 3},
        "self.w[0] self.b x | h1=6 Unit=7",
    ),
    "attributes, assigned in the call": (
        "class Unit:\n"
        "    def __init__(self):\n"
        "        self.w = [Parameter(2.0), Parameter(3.0)]\n"
        "        self.b = Parameter(1.0)\n"
        "    def __call__(self, x):\n"
        "        self.h = self.w[1] * x\n"
        "        return self.h + self.b\n"
        "f = Unit()\n",
        {"x": 3},
        "self.w[1] self.b x | self.h=9 Unit=10",
    ),
    "a list of inputs": (
        "def f(x):\n    return x[0] * x[1]\n",
        {"x": [2, 3]},
        "x1 x2 | f=6",
    ),
    "a label of one's own": (
        "def f(x):\n    a = x + 1\n    a.label = 'sum'\n    return a * 2\n",
        {"x": 1},
        "x | sum=2 f=4",
    ),
    "a variable used twice": (
        "def f(x):\n    y = x\n    y = y * x\n    y = y * x\n    return y\n",
        {"x": 2},
        "x | y₁=4 y₂=8",
    ),
    "two of a name, and a third that has the number": (
        "def f(x):\n"
        "    a, b = x + 1, x + 2\n"
        "    a.label = b.label = 's'\n"
        "    c = a * b\n"
        "    c.label = 's₁'\n"
        "    return -c\n",
        {"x": 1},
        "x | s₂=2 s₃=3 s₁=6 f=-6",
    ),
    "a function of one's own": (
        "def square(v):\n    out = v * v\n    return out\ndef f(x):\n    y = square(x)\n    return y + 1\n",
        {"x": 3},
        "x | y=9 f=10",
    ),
    "the order of running, not of depth": (
        "def f(a, b):\n    p = a * b\n    q = p + 1\n    r = b * b\n    return r * q\n",
        {"a": 2, "b": 3},
        "a b | p=6 q=7 r=9 f=63",
    ),
    "time steps": (
        "def f(x, w):\n    h = [x]\n    for t in range(2):\n        h.append(h[-1] * w)\n    return h[-1] + 1\n",
        {"x": 2, "w": 3},
        "x w | h[1]=6 h[2]=18 f=19",
    ),
    "recursion": (
        "def power(x, n):\n"
        "    return x if n == 1 else power(x, n - 1) * x\n"
        "def f(x):\n"
        "    y = power(x, 3)\n"
        "    return y\n",
        {"x": 2},
        "x | h1=4 y=8",
    ),
    "in place": (
        "def f(x):\n    total = x * 2\n    total += x\n    return total\n",
        {"x": 2},
        "x | total₁=4 total₂=6",
    ),
    "unpacking": (
        "def f(x):\n    a, *b = [x + k for k in (1, 2)]\n    return a * b[0]\n",
        {"x": 1},
        "x | a=2 b[0]=3 f=6",
    ),
    "nested lists": (
        "def f(x):\n    m = [[x + 1], [x + 2]]\n    return m[0][0] * m[1][0]\n",
        {"x": 1},
        "x | m[0][0]=2 m[1][0]=3 f=6",
    ),
}


@pytest.fixture(autouse=True)
def no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "RENDERERS", [])


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_program_is_shown_by_its_own_names_in_its_own_order(case: str, tmp_path: Path) -> None:
    program, inputs, expected = PROGRAMS[case]
    leaves, operations = (part.split() for part in expected.split("|"))
    names = [*leaves, *(operation.rpartition("=")[0] for operation in operations)]
    recording = record(function_in(tmp_path, program), inputs)
    with as_recorded(recording):
        order = topological_order(recording.root)
        called = node_names(order)
        assert [called[node] for node in order if not isinstance(node, Constant) and not node.op] == leaves
        shown = [f"{called[node]}={FORMULA.number(node.data)}" for node in order if node.op]
        assert shown == operations
        lines = trace(recording.root).partition("forward\n")[2].partition("\nbackward")[0].splitlines()
        assert [f"{line.split(' = ')[0].strip()}={line.split()[-1]}" for line in lines] == operations
        drawn = [line.partition("<b>")[2].partition("</b>")[0] for line in boxes(recording.root, weights="boxes")]
    assert sorted(name.replace("&#x27;", "'").replace("&#93;", "]") for name in drawn) == sorted(names)
    page = Stepper(function_in(tmp_path, program), **inputs).page
    assert sorted(row[0] for row in cells(page)) == sorted(names)
