"""Draw a network with one box for each neuron, or else for each layer, told by the names of the nodes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from tinygrad_edu.engine import Parameter, Value
from tinygrad_edu.readers.naming import LAYER, NEURON, place_of
from tinygrad_edu.show.markup import cell, coloured, label, rich
from tinygrad_edu.show.steps import Graph, kind
from tinygrad_edu.show.style import BOXES, FEW_RANKS, MARKED, NOTE_COLOUR, OUTPUT, canvas, marked, one_line_box, ranks
from tinygrad_edu.words import say

if TYPE_CHECKING:
    from graphviz import Digraph

DENSE = 4  # arrows for each box: more of them are a solid bar
MANY_INPUTS = 8  # of one layer: more are drawn as one box where each layer is one
Box: TypeAlias = "str | Value"  # a group of nodes by its name, or a node alone


def draw_collapsed(
    graph: Graph, nodes: list[Value], title: str, direction: str | None, max_nodes: int, notes: Mapping[Value, str]
) -> Digraph:
    """Draw one box for each neuron, or for each layer where those are too many or too entangled; in it notes on nodes.

    Raises ValueError if even so there are more than `max_nodes` boxes.
    """
    unit, boxes = "neuron", boxes_by(NEURON, graph, nodes)
    number = len(set(boxes.values()))
    if number > max_nodes or len(arrows_between(nodes, boxes)) > DENSE * number:
        unit, boxes = "layer", with_inputs_together(graph, nodes, boxes_by(LAYER, graph, nodes))
    members: dict[Box, list[Value]] = {}
    for node in reversed(nodes):  # from the root, so that a box stands where the last node within it does
        members.setdefault(boxes[node], []).append(node)
    if len(members) > max_nodes:
        together = f", and so are {len(members):,} boxes, with each layer as one" if len(members) < len(nodes) else ""
        advice = f"draw the graph of a node within, or pass max_nodes={len(nodes)}"
        raise ValueError(f"{len(nodes):,} nodes are too many to read{together}: {advice}")
    direction = direction or ("LR" if max(ranks(nodes, boxes).values()) <= FEW_RANKS else "TB")
    dot = canvas(graph, title, direction, say("boxes of", unit=say(unit), count=f"{len(nodes):,}"))
    ids = {box: f"v{i}" for i, box in enumerate(reversed(members))}
    for box, box_id in ids.items():
        style = BOXES[kind(members[box][0])] | (OUTPUT if box == boxes[graph.root] else {})
        style |= MARKED if any(node in notes for node in members[box]) else {}
        if isinstance(box, Value):
            text = one_line_box(graph, box, [marked(notes[box])] if box in notes else [])
        else:
            text = group_box(graph, box, members[box], notes)
        dot.node(box_id, text, id=box_id, **style)
    for tail, head in arrows_between(nodes, boxes):
        dot.edge(ids[tail], ids[head])
    return dot


def boxes_by(unit: re.Pattern[str], graph: Graph, nodes: list[Value]) -> dict[Value, Box]:
    """Return for each node the box it is drawn in: a neuron or a layer by name, or itself."""
    return {node: place_of(graph.neurons.get(node, graph.name(node)) + ".", unit) or node for node in nodes}


def with_inputs_together(graph: Graph, nodes: list[Value], boxes: Mapping[Value, Box]) -> dict[Value, Box]:
    """Draw many inputs of the same layer as one box too: "x1 … x64"."""
    users: dict[Box, set[Box]] = defaultdict(set)
    for tail, head in arrows_between(nodes, boxes):
        users[tail].add(head)
    together: dict[frozenset[Box], list[Value]] = defaultdict(list)
    for node in nodes:
        if kind(node) == "input" and boxes[node] is node:
            together[frozenset(users[node])].append(node)
    many = [inputs for inputs in together.values() if len(inputs) > MANY_INPUTS]
    names = {node: f"{graph.name(inputs[0])} … {graph.name(inputs[-1])}" for inputs in many for node in inputs}
    return {**boxes, **names}


def arrows_between(nodes: list[Value], boxes: Mapping[Value, Box]) -> list[tuple[Box, Box]]:
    """Return one arrow from a box to each other that uses it."""
    ends = ((boxes[child], boxes[node]) for node in nodes for child in node.children if child in boxes)
    return list(dict.fromkeys((tail, head) for tail, head in ends if tail != head))


def group_box(graph: Graph, name: str, members: list[Value], notes: Mapping[Value, str]) -> str:
    """Write a name, how many neurons it stands for if it is a layer, how many nodes and parameters; notes."""
    neurons = len({graph.neurons.get(node, "") for node in members} - {name, ""})
    parameters = sum(isinstance(node, Parameter) for node in members)
    head = f"<b>{rich(name)}</b>" + (rich("  " + counted(neurons, "neuron")) if neurons else "")
    size = counted(len(members), "node")
    if parameters:
        size = say("of them parameters", nodes=size, count=f"{parameters:,}")
    remarks = [marked(f"{graph.name(node)}: {notes[node]}") for node in members if node in notes]
    return label([cell(line) for line in (head, coloured(size, NOTE_COLOUR), *remarks)], padding=2)


def counted(number: int, noun: str) -> str:
    """Write a number of things: "1 neuron", "1,200 neurons"."""
    return say(f"one {noun}") if number == 1 else say(f"{noun}s", count=f"{number:,}")
