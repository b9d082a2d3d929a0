"""Keep every word that is shown, and show it on any terminal. What is raised is not here."""

from __future__ import annotations

import builtins
import sys
import unicodedata
from typing import IO

SIGNS = "∂×→·²"  # of the formulas: a terminal that lacks one of them is given the notation ASCII
SPELLED = {
    "∂": "d", "×": "*", "·": "*", "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "±": "+-", "√": "sqrt ",
    "‖": "||", "⁄": "/", "₍": "(", "₎": ")", "′": "'", "’": "'", "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=",
    "≈": "~", "Σ": "sum ", "λ": "lambda", "Λ": "Lambda",
}  # fmt: skip

SAME = [  # keys that say it already
    "parameter", "input", "constant", "value", "neuron", "layer", "nothing", "undefined", "given", "but", "forward",
    "backward", "start", "along", "node", "operation", "analytic", "numerical", "relative error", "verdict", "first",
    "back", "play", "pause", "next", "last", "slow", "medium", "fast", "step", "so far", "upstream", "local", "now",
    "name", "what it is", "practise", "what is asked", "the result", "check", "every number", "hint", "show me",
    "smaller", "larger", "fit", "full screen", "numbers to change", "update", "run", "back to the start", "made before",
    "made elsewhere", "training loss", "best epoch", "works", "not installed", "hidden", "output",
]  # fmt: skip
WORDS = {key: key for key in SAME} | {
    # the trace and the diagram
    "gradient": "grad", "not computed": "–", "all paths": "over all {count} paths",
    "more paths": "({count} more paths, not listed)", "before": "{number} before",
    "data changed": "data changed after it was used: {name} = {operation} is {found}, now {computed}",
    "not shown": "not shown, because there are too many: formulas, local derivatives",
    "too many": "not shown, because there are too many: formulas, local derivatives, {count} weights and biases",
    "many connections": "not shown, because there are too many: the weights",
    "does not exist": "does not exist here", "boxes of": "each {unit} is one box: {count} nodes in all",
    "one neuron": "1 neuron", "neurons": "{count} neurons", "one node": "1 node", "nodes": "{count} nodes",
    "of them parameters": "{nodes}, {count} of them parameters", "weighted sum": "Σ wᵢ × xᵢ + b",
    "no renderer": "no Graphviz found that works, so a .gv file is written instead of a picture: {advice}",
    "install": "pip install pygraphviz brings Graphviz along (or install your system's graphviz)",
    # the stepper
    "steps": "the steps", "speed": "speed of play", "arithmetic": "the arithmetic of this step", "source": "The source",
    "calls": "what this calls in tinygrad_edu", "row": "The row of the derivative table that runs",
    "graph": "The graph", "all nodes": "The nodes", "its gradient": "gradient", "all steps": "All steps",
    "step of": "step {step} of {steps}", "announced step": "Step {step} of {steps}", "wrong": "Not yet: {names}.",
    "score": "{right} of {asked} right at once", "number to change": "the number to change",
    "first numbers": "The graph is that of the first numbers.", "value of": "value of {name}",
    "slider of": "{name}, from −{reach} to {reach}", "tick": "an update moves {name}", "rate": "learning rate",
    "three steps": "Forward, backward, update: the three steps of training",
    "moves": "Each of {names} moves by −η · its gradient.", "updated": "{count} updates: {name} = {first} → {now}",
    "curve": "the output over the updates", "line": "line {line}",
    "decided": "The program compared Values ({lines}): with other numbers it may make another graph than this one.",
    "no translation": "The numbers of this page cannot be changed, because there is no translation into JavaScript of "
    "{part}",
    "numbers to start from": "the numbers to start from", "starts at the output": "backward starts at the output",
    "one of many": "1 {kind}", "of many": "{count} {kind}s", "made in line": "{text} in line {line}",
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
    "no picture": "There is no picture, because no Graphviz was found that works: {advice}",
    # training
    "epoch": "epoch {epoch}  {result}", "epoch of": "epoch {epoch}/{epochs}", "loss": "loss {loss}",
    "validation error": "{loss}  validation error {error}", "all done": "all {epochs} epochs are done",
    "stopped": "stopped: no lower validation error in {patience} epochs", "interrupted": "interrupted in epoch {epoch}",
    "diverged": "diverged: the loss rose from {first} to {last}, try a smaller learning rate",
    "parameters of": "{ending}; the parameters are those of epoch {best}", "time left": "{minutes}:{seconds:02} left",
    "validation": "validation error", "epochs": "epoch", "class": "class {k}",
    "curves": "{legend}; epochs 1 to {epochs}, from {least} to {greatest}",
    "plane": "digits: the examples' classes; predicted: {regions}", "region": "{k} where {shade!r}",
    "true and predicted": "true \\ predicted",
    "no matplotlib": "matplotlib is not installed, so here are characters; for a picture: pip install matplotlib",
    "no figure": "{file} is not drawn without matplotlib: pip install matplotlib",
    # the command line
    "written out as": "{title}, written out as {formula}", "wrote": "wrote {path}",
    "install package": "no picture is drawn: pip install {package}", "writes gv": "{version}, writes .gv files",
    "for curves": "{version}, for the curves of the demos", "rendered by": "pictures are rendered by {renderer}",
    "nothing renders": "no picture can be rendered: {advice}",
}  # fmt: skip


def say(key: str, **places: object) -> str:
    """Return what is shown for a key, its places filled in."""
    return WORDS[key].format(**places)


def print(*values: object, sep: str = " ", end: str = "\n", file: IO[str] | None = None, flush: bool = False) -> None:
    """Print as Python does, but spell what the stream does not know, where Python raises UnicodeEncodeError."""
    builtins.print(spelled(sep.join(map(str, values)), encoding_of(file)), end=end, file=file, flush=flush)


def encoding_of(stream: IO[str] | None = None) -> str:
    """Return the encoding of a stream; without one, of standard output."""
    return getattr(stream or sys.stdout, "encoding", None) or "utf-8"


def knows(encoding: str, text: str = SIGNS) -> bool:
    """Tell whether an encoding has every character of a text."""
    return text.encode(encoding, "ignore").decode(encoding) == text


def spelled(text: str, encoding: str) -> str:
    """Write what an encoding does not know in ASCII: a symbol by its name, é as e, what has no name as an escape.

    >>> spelled("∂y/∂x₁ = 2·σ(z)² – 図", "ascii"), spelled("∂y/∂x₁ = 2·σ(z)² – 図", "gbk")
    ('dy/dx_1 = 2*sigma(z)^2 - \\\\u56f3', 'dy/dx_1 = 2·σ(z)^2 – 図')
    """
    if knows(encoding, text):
        return text
    pairs = zip(f" {text}", text, strict=False)
    return "".join(sign if knows(encoding, sign) else spelling(before, sign, encoding) for before, sign in pairs)


def spelling(before: str, sign: str, encoding: str) -> str:
    """Write one sign in ASCII: "^1" for ¹, but "1" after another that is raised."""
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    name = unicodedata.name(sign, "")
    if sign in SPELLED:
        return SPELLED[sign]
    if plain != sign:
        return place(sign).removeprefix(place(before)) + spelled(plain, encoding)
    if name.startswith("GREEK"):
        return name.split()[-1].title() if "CAPITAL" in name else name.split()[-1].lower()
    return sign.encode("ascii", "backslashreplace").decode()


def place(sign: str) -> str:
    """Tell where a sign stands: "^" for ², "_" for ₁, else ""."""
    return {"<super>": "^", "<sub>": "_"}.get(unicodedata.decomposition(sign).split(" ")[0], "")


def cells(text: str) -> int:
    """Count the cells of a terminal that a text takes: two for 図, none for a mark on another letter."""
    visible = [sign for sign in text if unicodedata.category(sign) not in ("Mn", "Me", "Cf")]
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in visible)
