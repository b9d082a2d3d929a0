"""Keep every word that is shown: a key, and the sentence with its places. What is raised is not here."""

from __future__ import annotations

WORDS = {
    # one word, which may differ from its key
    "parameter": "parameter", "input": "input", "constant": "constant", "value": "value", "gradient": "grad",
    "not computed": "–", "neuron": "neuron", "layer": "layer", "nothing": "nothing", "undefined": "undefined",
    # the trace, and the numerical check
    "given": "given", "but": "but", "forward": "forward", "backward": "backward", "start": "start", "along": "along",
    "node": "node", "operation": "operation", "analytic": "analytic", "numerical": "numerical",
    "relative error": "relative error", "verdict": "verdict",
    # the stepper's controls and panes
    "first": "first", "back": "back", "play": "play", "pause": "pause", "next": "next", "last": "last",
    "slow": "slow", "medium": "medium", "fast": "fast", "steps": "the steps", "speed": "speed of play",
    "step": "step", "arithmetic": "the arithmetic of this step", "so far": "so far", "upstream": "upstream",
    "local": "local", "now": "now", "source": "The source", "calls": "what this calls in tinygrad_edu",
    "row": "The row of the derivative table that runs", "graph": "The graph", "all nodes": "The nodes",
    "name": "name", "what it is": "what it is", "its gradient": "gradient", "all steps": "All steps",
    "step of": "step {step} of {steps}", "announced step": "Step {step} of {steps}",
    # the stepper's numbers that change
    "practise": "practise", "what is asked": "what is asked", "the result": "the result", "check": "check",
    "every number": "every number", "hint": "hint", "show me": "show me", "wrong": "Not yet: {names}.",
    "score": "{right} of {asked} right at once", "smaller": "smaller", "larger": "larger", "fit": "fit",
    "full screen": "full screen", "numbers to change": "numbers to change", "number to change": "the number to change",
    "first numbers": "The graph is that of the first numbers.", "value of": "value of {name}",
    "slider of": "{name}, from −{reach} to {reach}", "tick": "an update moves {name}", "rate": "learning rate",
    "three steps": "Forward, backward, update: the three steps of training", "update": "update", "run": "run",
    "moves": "Each of {names} moves by −η · its gradient.", "back to the start": "back to the start",
    "updated": "{count} updates: {name} = {first} → {now}", "curve": "the output over the updates",
    "decided": "The program compared Values ({lines}): with other numbers it may make another graph than this one.",
    "line": "line {line}", "no translation": "The numbers of this page cannot be changed, because there is no "
    "translation into JavaScript of {part}",
    # the trace
    "all paths": "over all {count} paths",
    "more paths": "({count} more paths, not listed)",
    "data changed": "data changed after it was used: {name} = {operation} is {found}, now {computed}",
    # the diagram
    "not shown": "not shown, because there are too many: formulas, local derivatives",
    "weights not shown": "not shown, because there are too many: formulas, local derivatives, {count} weights and "
    "biases",
    "does not exist": "does not exist here", "boxes of": "each {unit} is one box: {count} nodes in all",
    "one neuron": "1 neuron", "neurons": "{count} neurons", "one node": "1 node", "nodes": "{count} nodes",
    "of them parameters": "{nodes}, {count} of them parameters", "weighted sum": "Σ wᵢ × xᵢ + b",
    "no renderer": "no Graphviz found, so a .gv file is written instead of a picture: {advice}",
    "install": "pip install pygraphviz brings Graphviz along (or install your system's graphviz)",
    # the stepper's page
    "numbers to start from": "the numbers to start from", "starts at the output": "backward starts at the output",
    "one of many": "1 {kind}", "of many": "{count} {kind}s", "made before": "made before",
    "made elsewhere": "made elsewhere", "made in line": "{text} in line {line}",
    "made in lines": "{text} … in lines {line} to {end}", "in place": " in {place}", "called": ", called {name}",
    "where short is": "{words}, where {short} is {names}", "argument": "{variable} is {name}",
    "program": "the operations of the graph", "cell": "a cell of the notebook",
    "picture": "the graph: its nodes are in the table", "run this cell": "Run this cell to step through {title}",
    "do not agree": "The numbers of this graph do not agree: {changed}. So they cannot be changed.",
    "edited": "The text of {name} is not shown, because it is not what ran: it seems to be edited since Python read "
    "it. Import it again, or start Python anew.",
    "left out": "This graph has {total} nodes. Shown are the last {shown} that are computed, the first that backward "
    "reaches; {nodes} nodes, {steps} steps of backward and the picture are left out. To see another part, step through "
    'a Value within it: save_stepper(value, "part.html"). To see and change everything, pass max_nodes={all}.',
    "no picture": "There is no picture, because no Graphviz was found: {advice}",
    # training
    "epoch": "epoch {epoch}  {result}", "epoch of": "epoch {epoch}/{epochs}", "loss": "loss {loss}",
    "validation error": "{loss}  validation error {error}", "all done": "all {epochs} epochs are done",
    "stopped": "stopped: no lower validation error in {patience} epochs",
    "interrupted": "interrupted in epoch {epoch}",
    "diverged": "diverged: the loss rose from {first} to {last}, try a smaller learning rate",
    "parameters of": "{ending}; the parameters are those of epoch {best}", "time left": "{minutes}:{seconds:02} left",
    "training loss": "training loss", "validation": "validation error", "best epoch": "best epoch", "epochs": "epoch",
    "class": "class {k}", "curves": "{legend}; epochs 1 to {epochs}, from {least} to {greatest}",
    "plane": "digits: the examples' classes; predicted: {regions}", "region": "{k} where {shade!r}",
    "true and predicted": "true \\ predicted",
    "no matplotlib": "matplotlib is not installed, so here are characters; for a picture: pip install matplotlib",
    "no figure": "{file} is not drawn without matplotlib: pip install matplotlib",
    # the command line
    "written out as": "{title}, written out as {formula}", "wrote": "wrote {path}",
    "install package": "no picture is drawn: pip install {package}", "not found": "not found",
    "not installed": "not installed", "writes gv": "{version}, writes .gv files",
    "for curves": "{version}, for the curves of the demos", "rendered by": "pictures are rendered by {renderer}",
    "nothing renders": "no picture can be rendered: {advice}",
}  # fmt: skip


def say(key: str, **places: object) -> str:
    """Return what is shown for a key, its places filled in."""
    return WORDS[key].format(**places)
