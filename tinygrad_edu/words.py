"""Keep every word that is shown: a key, and the sentence with its places. What is raised is not here."""

from __future__ import annotations

WORDS = {
    # what a node is
    "parameter": "parameter",
    "input": "input",
    "constant": "constant",
    "value": "value",
    "gradient": "grad",
    "not computed": "–",
    # the trace
    "given": "given",
    "but": "but",
    "forward": "forward",
    "backward": "backward",
    "start": "start",
    "along": "along",
    "all paths": "over all {count} paths",
    "more paths": "({count} more paths, not listed)",
    "data changed": "data changed after it was used: {name} = {operation} is {found}, now {computed}",
    "undefined": "undefined",
    # the diagram
    "not shown": "not shown, because there are too many: formulas, local derivatives",
    "weights not shown": "not shown, because there are too many: formulas, local derivatives, {count} weights and "
    "biases",
    "does not exist": "does not exist here",
    "neuron": "neuron",
    "layer": "layer",
    "boxes of": "each {unit} is one box: {count} nodes in all",
    "one neuron": "1 neuron",
    "neurons": "{count} neurons",
    "one node": "1 node",
    "nodes": "{count} nodes",
    "of them parameters": "{nodes}, {count} of them parameters",
    "weighted sum": "Σ wᵢ × xᵢ + b",
    "no renderer": "no Graphviz found, so a .gv file is written instead of a picture: {advice}",
    "install": "pip install pygraphviz brings Graphviz along (or install your system's graphviz)",
    # the stepper's page
    "nothing": "nothing",
    "numbers to start from": "the numbers to start from",
    "starts at the output": "backward starts at the output",
    "one of many": "1 {kind}",
    "of many": "{count} {kind}s",
    "made before": "made before",
    "made elsewhere": "made elsewhere",
    "made in line": "{text} in line {line}",
    "made in lines": "{text} … in lines {line} to {end}",
    "in place": " in {place}",
    "called": ", called {name}",
    "where short is": "{words}, where {short} is {names}",
    "argument": "{variable} is {name}",
    "program": "the operations of the graph",
    "cell": "a cell of the notebook",
    "picture": "the graph: its nodes are in the table",
    "run this cell": "Run this cell to step through {title}",
    "do not agree": "The numbers of this graph do not agree: {changed}.",
    "edited": "The text of {name} is not shown, because it is not what ran: it seems to be edited since Python read "
    "it. Import it again, or start Python anew.",
    "left out": "This graph has {total} nodes. Shown are the last {shown} that are computed, the first that backward "
    "reaches; {nodes} nodes, {steps} steps of backward and the picture are left out. To see another part, step through "
    'a Value within it: save_stepper(value, "part.html"). To see everything, pass max_nodes={all}.',
    "no picture": "There is no picture, because no Graphviz was found: {advice}",
    # the numerical check
    "node": "node",
    "operation": "operation",
    "analytic": "analytic",
    "numerical": "numerical",
    "relative error": "relative error",
    "verdict": "verdict",
    # training
    "epoch": "epoch {epoch}  {result}",
    "epoch of": "epoch {epoch}/{epochs}",
    "loss": "loss {loss:.4f}",
    "validation error": "{loss}  validation error {error:.4f}",
    "all done": "all {epochs} epochs are done",
    "stopped": "stopped: no lower validation error in {patience} epochs",
    "interrupted": "interrupted in epoch {epoch}",
    "parameters of": "{ending}; the parameters are those of epoch {best}",
    "time left": "{minutes}:{seconds:02} left",
}


def say(key: str, **places: object) -> str:
    """Return what is shown for a key, its places filled in.

    >>> say("all paths", count=2)
    'over all 2 paths'
    """
    return WORDS[key].format(**places)
