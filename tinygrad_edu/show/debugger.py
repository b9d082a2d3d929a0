"""Run a program in Python's own debugger, pdb, and stop wherever the chain rule is applied: each edge has a heading.

`python -m tinygrad_edu debug neuron.py`: c goes on to the next edge. Three commands are new: help row, trace, page.
"""

import pdb
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from tinygrad_edu.engine import Value
from tinygrad_edu.show.stepper import MAX_NODES, save_stepper
from tinygrad_edu.show.steps import Graph, Step
from tinygrad_edu.show.text import edge_cells, style_of, trace_text
from tinygrad_edu.words import encoding_of, print, say

BACKWARD = Value.backward.__code__
FILE, EDGE = BACKWARD.co_filename, max(line for *_, line in BACKWARD.co_lines() if line)  # the last: child.grad += …


def debug(*arguments: str) -> int:
    """Run a program up to the first edge. The arguments are those of `python -m pdb`; returns the exit status."""
    pdb.Pdb = Debugger  # type: ignore[misc]  # for pdb.main(), and for a breakpoint() in the program
    sys.argv = ["pdb", *(["-c", "continue", *arguments] if arguments else [])]
    pdb.main()
    return 0


def is_at_edge(frame: FrameType | None) -> bool:
    """Tell whether a frame is about to apply the chain rule along one edge."""
    return frame is not None and frame.f_code is BACKWARD and frame.f_lineno == EDGE


class Debugger(pdb.Pdb):
    """Add to pdb three commands, and at each edge a heading: what is about to be added to which gradient."""

    _user_requested_quit = False  # pdb's, which only sets it where it runs a whole program
    backward: FrameType | None = None  # the frame of the last `backward()`: each breakpoint() in a program knows it
    graph: Graph
    steps: list[Step]  # the edges that it has come to, the last of them perhaps not done yet

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options.pop("backend", None)  # since Python 3.14 there are two: the older one is in every Python
        super().__init__(*arguments, **options)
        if not self.get_break(FILE, EDGE):
            self.set_break(FILE, EDGE, cond="child.varies")

    def dispatch_line(self, frame: FrameType) -> Any:
        """Note each edge as a step, but for its formula, whether there is a stop or not."""
        if is_at_edge(frame):
            root, node, child, partial = (frame.f_locals[name] for name in ("self", "node", "child", "partial"))
            if frame is not self.backward:
                graph = Graph(root, style_of(encoding_of(self.stdout)))
                Debugger.backward, Debugger.graph, Debugger.steps = frame, graph, []
            again = bool(self.steps) and self.steps[-1].node is node
            operand = (self.steps[-1].operand + 1) % len(node.children) if again else 0
            added, before = node.grad * partial, child.grad
            self.steps.append(Step(node, child, operand, node.grad, partial, partial, added, before, before + added))
        return super().dispatch_line(frame)

    def interaction(self, frame: FrameType | None, *traceback: Any) -> None:
        """Wait for commands, below the heading of an edge; not where a row has returned to."""
        if is_at_edge(frame):
            place = self.graph.neurons.get(self.steps[-1].node, "")
            heading = f"{say('in place', place=place)}: " if place else ""
            print((heading + "".join(edge_cells(self.graph, self.steps[-1]))).strip(), file=self.stdout)
        if frame is None or frame is not self.botframe:
            super().interaction(frame, *traceback)

    def onecmd(self, line: str) -> bool:
        """Run a command; those for edges need one."""
        if self.backward is None and self.parseline(line)[0] in ("row", "trace", "page"):
            self.error("no backward() yet: c goes on to the first edge of one")
            return False
        return super().onecmd(line)

    def do_row(self, argument: str) -> bool | None:
        """Go into the row of the table that the local derivative comes from, which is computed once more.

        There, args shows its inputs, c goes on to the next edge, and stepping out of it leads back to this one.
        """
        node, row = self.steps[-1].node, Debugger(self.completekey, self.stdin, self.stdout)
        row.prompt, row.breaks = "(row) ", self.breaks
        sys.settrace(None)
        try:
            sys.call_tracing(row.runcall, (node.op.partials, node.data, *[child.data for child in node.children]))
        except (ValueError, ArithmeticError, TypeError) as error:  # somebody has changed the data
            self.error(str(error))
        finally:
            sys.settrace(self.trace_dispatch)
        if row._user_requested_quit:
            return self.do_quit("")
        return self.do_continue("") if row.stopframe is row.botframe else None  # whether c was the last command

    def do_trace(self, argument: str) -> None:
        """Print the computation forward, and backward as far as it has come."""
        steps = self.steps[:-1] if is_at_edge(self.backward) else self.steps
        formulas = {step.node: self.graph.formulas(step.node) for step in steps}
        steps = [step._replace(formula=formulas[step.node][step.operand]) for step in steps if step.child.varies]
        print(trace_text(self.graph, steps), file=self.stdout)

    def do_page(self, argument: str) -> None:
        """Write the page that steps through this graph: page f.html; without a name, it has the program's."""
        shown = set([node for node in self.graph.order if node.varies][-MAX_NODES:])
        step = 1 + sum(bool(node.op) for node in shown) + sum(step.child in shown for step in self.steps)
        try:
            path = save_stepper(self.graph.root, argument or f"{Path(sys.argv[0]).stem}.html")
            print(say("wrote", path=f"{path}#step={step}"), file=self.stdout)
        except (ValueError, ArithmeticError, OSError) as error:
            self.error(str(error))
