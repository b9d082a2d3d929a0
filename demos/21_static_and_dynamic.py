"""Static and dynamic: when is the graph made, before the numbers or by them?

Claim: static systems are given the graph first, of names, and then run it with numbers; dynamic ones make it by
computing, anew for each input. So a static graph can be looked at as a whole before the first number is there: it is
simplified and differentiated once. But it has one form. A loop whose length depends on the numbers it cannot hold:
written out for three steps it computes three for every input, needed or not, and is wrong, without a word, where it
takes five. The dynamic graph has 1 multiplication for x = 6, 3 for 2 and 5 for 0.5, and the right derivative of each.
Source: Qiu, Neural Networks and Deep Learning, section 4.5.3. Lesson 22 shows how this package makes a graph static.
"""

import re
from pathlib import Path
from typing import Any

from graphviz import Digraph

from tinygrad_edu import Parameter, Symbol, Value, jvp, rules, save_graph, tanh, topological_order
from tinygrad_edu.readers.notation import columns
from tinygrad_edu.show import style
from tinygrad_edu.show.render import render
from tinygrad_edu.words import print

output = Path("output")
output.mkdir(exist_ok=True)


# %% static: first the graph, of names, then numbers for them, as often as one likes
def run(graph: Any, numbers: dict[str, float]) -> Any:
    if not isinstance(graph, Symbol):
        return graph
    return graph.op(*[run(operand, numbers) for operand in graph.operands]) if graph.op else numbers[graph.name]


def operations_in(root: Value) -> int:
    return sum(bool(node.op) for node in topological_order(root))


graph, slope = jvp(lambda w: w * (w * (w * Symbol("x"))), [Symbol("w")], [1.0])
print(f"static    graph {graph}, and before there is a number, ∂/∂w = {slope}")
for number in (6.0, 2.0):
    print(f"          x = {number:g}: run it: {run(graph, {'x': number, 'w': 2.0}):g}")
static_size, dynamic_size = (Symbol("x") * 1.0 + 0.0).size - 1, operations_in(Value(6.0) * 1.0 + 0.0)
print(f"          seen as a whole, it is simplified: x·1 + 0 has {static_size} operations, dynamic {dynamic_size}")


# %% dynamic: times w until it is more than 10; the numbers decide what the graph is
def grow(x: Any, w: Any) -> Any:
    h = x
    while h < 10.0:
        h = w * h
    return h


pictures, multiplications = [], {}
for number in (6.0, 2.0, 0.5):
    w = Parameter(2.0, "w")
    h = grow(Value(number, "x"), w)
    h.label = "h"
    h.backward()
    n = multiplications[number] = operations_in(h)
    print(f"dynamic   x = {number:g}: multiplications {n}, h = {h.data:g}, ∂h/∂w = {w.grad:g} = {n}·w^{n - 1}·x")
    if n <= 3:
        pictures.append(save_graph(h, output / f"dynamic_{n}.svg", f"dynamic: for x = {number:g}", direction="LR"))

# %% the loop as a static graph: refused, and written out for three steps, each with a switch
try:
    grow(Symbol("x"), Symbol("w"))
except TypeError as error:
    print(f"\nTypeError: {error}")


def grow_in_three_steps(x: Any, w: Any) -> Any:
    h = x
    for _ in range(3):
        h = h + rules.step(10.0 - h) * (w * h - h)  # one step, or none
    return h


unrolled: Any = grow_in_three_steps(Symbol("x"), Symbol("w"))
operations = operations_in(grow_in_three_steps(Value(6.0), Value(2.0)))
for number, n in multiplications.items():
    found, right = run(unrolled, {"x": number, "w": 2.0}), grow(number, 2.0)
    print(f"static, 3 steps   x = {number:<4g}{operations} operations for {n}: {found:2g}", end="   ")
    print("right" if found == right else f"wrong, without a word: {right:g}")

# %% data with a form of its own: a phrase as a tree. A dynamic graph follows each; a static one is made for each form
TREES: list[Any] = [((0.1, 0.2), 0.3), ((0.3, 0.1), 0.2), (0.1, (0.2, 0.3)), ((0.1, 0.2), (0.3, 0.1))]


def meaning(tree: Any, w: Any = 0.5) -> Any:
    return tanh(w * meaning(tree[0], w) - meaning(tree[1], w)) if isinstance(tree, tuple) else tree


values = ", ".join(f"{meaning(tree, Value(0.5)).data:.3f}" for tree in TREES)
forms = len({re.sub(r"[\d.]+", "word", str(tree)) for tree in TREES})
print(f"\none function, {len(TREES)} trees: {values}\nstatic graphs it takes: {forms}, one for each form\n")

# %% who is which
rows = [
    ("", "static", "dynamic"),
    ("systems", "Theano, TensorFlow 1", "DyNet, Chainer, PyTorch"),
    ("graphs for 6, 2, 0.5", "1", str(len(multiplications))),
    ("can", "simplify, plan, run without Python", "if, while, recursion, print, a debugger"),
    ("cannot", "a loop as long as the data says", "know what comes next"),
    ("both, today", "TensorFlow 2, JAX, torch.compile", "trace a dynamic program, and run it static"),
]
print("\n".join(line.rstrip() for line in columns([tuple(f"{cell}   " for cell in row) for row in rows])))

# %% the static graph as a picture: names and operations, no numbers
dot = Digraph(graph_attr=style.GRAPH, node_attr=style.NODE | {"fontsize": "14"}, edge_attr=style.EDGE)
dot.attr(rankdir="LR", label=f"static: {graph.text()}", labelloc="t", fontcolor=style.ARROW_COLOUR)
names = {symbol: f"v{i}" for i, symbol in enumerate(dict.fromkeys(reversed(graph.symbols())))}
for symbol, name in names.items():
    dot.node(name, symbol.name or symbol.op.symbol, **style.BOXES["" if symbol.op else "input"])
    for operand in symbol.operands:
        dot.edge(names[operand], name)
picture = render(dot.source, "svg")
pictures.append(output / ("static.svg" if picture else "static.gv"))
pictures[-1].write_bytes(picture or dot.source.encode())
print(f"\nwrote {', '.join(map(str, pictures))}")
