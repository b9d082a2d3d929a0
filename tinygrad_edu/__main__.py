"""Run the command line: explain and draw the worked example, or an expression of one's own.

    python -m tinygrad_edu
    python -m tinygrad_edu "sigmoid(w*x + b)" x=1 w=0 b=0 --draw f.svg --stepper f.html
    python -m tinygrad_edu my_file.py:my_function x=1,2 y=1 --stepper f.html
    python -m tinygrad_edu doctor
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_edu.engine import Parameter, Value
from tinygrad_edu.files import write_whole
from tinygrad_edu.show.diagram import format_of, save_graph
from tinygrad_edu.show.expression import ExpressionError
from tinygrad_edu.show.page import title_and_page
from tinygrad_edu.show.render import attempts
from tinygrad_edu.show.source import Recording, as_input, as_recorded, is_learners, record, record_expression
from tinygrad_edu.show.stepper import MAX_NODES, check_name
from tinygrad_edu.show.text import explain
from tinygrad_edu.words import say

WORKED_EXAMPLE = "1 / (exp((x*w + b) * -1) + 1)"
NEGATED = re.compile("-(?!-|h$)")  # an expression such as "-x**2", not an option
FUNCTION = re.compile(r"(?P<file>.+\.py):(?P<name>\w+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 if a file cannot be written, 2 for unusable arguments."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args([f" {text}" if NEGATED.match(text) else text for text in given])
    try:
        if options.draw:
            format_of(Path(options.draw))
        if options.stepper:
            check_name(options.stepper)
        if options.expression == "doctor":
            doctor()
        elif options.expression is None:
            worked_example(options)
        else:
            explain_expression(options)
        return 0
    except BrokenPipeError:  # as in `python -m tinygrad_edu | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, ArithmeticError, OSError) as error:
        print(f"tinygrad_edu: {error}", file=sys.stderr)
        return 1 if isinstance(error, OSError) else 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m tinygrad_edu", description="Explain and draw how the gradient of an expression comes about."
    )
    parser.add_argument(
        "expression",
        nargs="?",
        help='such as "sigmoid(w*x + b)"; or a function of a Python file, file.py:function, which returns one Value; '
        '"doctor" says what can draw here',
    )
    parser.add_argument(
        "values",
        nargs="*",
        metavar="name=number",
        help='a number for each variable, or a list: x=1,2 is the list of x1 and x2, "x=1," a list of one',
    )
    parser.add_argument("--draw", metavar="FILE", help="draw the graph: .svg, .png, .pdf or .gv")
    parser.add_argument("--stepper", metavar="FILE", help="write a page that steps through forward and backward: .html")
    parser.add_argument("--parameters", metavar="NAMES", default="", help="variables to draw as parameters: w,b")
    parser.add_argument("--leaf", metavar="NAME", help="list the paths to this variable only")
    parser.add_argument("--ascii", action="store_true", default=None, help="write the trace without ∂, × and →")
    return parser


def worked_example(options: argparse.Namespace) -> None:
    """Explain and draw f = σ(wx + b) at x = 1, w = 0, b = 0, with σ taken apart as in Qiu, section 4.5: h1 to h6."""
    variables = {"x": Value(1.0, "x"), "w": Parameter(0.0, "w"), "b": Parameter(0.0, "b")}
    recording = record_expression(WORKED_EXAMPLE, variables)
    recording.title = "f = sigmoid(w*x + b) at x = 1, w = 0, b = 0"
    print(say("written out as", title=recording.title, formula=WORKED_EXAMPLE) + "\n")
    options.draw = options.draw or "worked_example.svg"
    show(recording, [variables["w"]], options)


def explain_expression(options: argparse.Namespace) -> None:
    """Explain an expression or a function of the user's own; where asked for, write its picture and its stepper."""
    parameters = [name.strip() for name in options.parameters.split(",") if name.strip()]
    variables = read_values(options.values, parameters)
    leaves = [leaf for value in variables.values() for leaf in (value if isinstance(value, list) else [value])]
    check_known("--parameters", parameters, list(variables))
    if options.leaf:
        check_known("--leaf", [options.leaf], [leaf.label for leaf in leaves])
        leaves = [leaf for leaf in leaves if leaf.label == options.leaf]
    if found := FUNCTION.fullmatch(options.expression):
        function = function_of_file(found["file"], found["name"])
        try:
            recording = record(function, variables)
        except Exception as error:
            if any(is_learners(frame) for frame, _ in traceback.walk_tb(error.__traceback__)):
                exit_with(error)
            raise
        leaves = leaves if options.leaf else []
    else:
        recording = record_expression(options.expression, variables)
        recording.root.label = recording.root.label or "f"
        recording.title = f"{recording.root.label} = {options.expression}   at {', '.join(options.values)}"
    show(recording, leaves, options)


def show(recording: Recording, leaves: Sequence[Value], options: argparse.Namespace) -> None:
    """Print the trace, and write the files that are asked for."""
    with as_recorded(recording):
        explain(recording.root, *leaves, ascii=options.ascii)
        recording.root.backward()
        if options.draw:
            try:
                print("\n" + say("wrote", path=save_graph(recording.root, options.draw, recording.title)))
            except ModuleNotFoundError as error:
                print(say("install package", package=error.name), file=sys.stderr)
    if options.stepper:
        _, page = title_and_page(recording, MAX_NODES)
        print("\n" + say("wrote", path=write_whole(options.stepper, page)))


def function_of_file(path: str, name: str) -> Callable[..., Any]:
    """Run a Python file as `python file.py` runs it, errors shown as Python shows them, and return a function of it.

    Raises OSError if the file cannot be read, ExpressionError if it has no function of that name.
    """
    program = Path(path).read_bytes()
    sys.argv = [path]
    sys.path.insert(0, str(Path(path).resolve().parent))
    namespace: dict[str, Any] = {"__name__": "__main__", "__file__": path}
    try:
        exec(compile(program, path, "exec"), namespace)
    except Exception as error:
        exit_with(error)
    function: Callable[..., Any] | None = namespace.get(name)
    if not callable(function):
        own = [key for key, thing in namespace.items() if getattr(thing, "__module__", "") == "__main__"]
        raise ExpressionError(f"{path} has no function {name!r}: there is {', '.join(own) or 'none'}")
    return function


def exit_with(error: Exception) -> NoReturn:
    """Show an error in the user's function as Python does, without the frames of this package, and exit."""
    places = traceback.StackSummary.extract(
        (frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if is_learners(frame)
    )
    lines = ["Traceback (most recent call last):\n", *places.format(), *traceback.format_exception_only(error)]
    print("".join(lines), end="", file=sys.stderr)
    sys.exit(1)


def check_known(option: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Raise ExpressionError for a name that no variable has."""
    for name in names:
        if name not in known:
            raise ExpressionError(f"{option} {name}: the variables are {', '.join(known)}")


def read_values(assignments: Sequence[str], parameters: Sequence[str]) -> dict[str, Value | list[Value]]:
    """Read ["x=1", "w=2,3"] as Values, here x and the list of w1 and w2.

    Raises ExpressionError for what assigns neither a number nor a list of numbers to a name, or to one name twice.
    """
    values: dict[str, Value | list[Value]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise ExpressionError(f"{assignment!r} gives no variable a value: write it as x=1, a list as x=1,2,3")
        if name in values:
            raise ExpressionError(f"{assignment!r}: {name} has a value already")
        try:
            numbers = [float(item) for item in text.removesuffix(",").split(",")]
        except ValueError:
            raise ExpressionError(f"{assignment!r}: {text!r} is not a number, nor a list such as 1,2,3") from None
        given = numbers if "," in text else numbers[0]  # "1," is, as in Python, a list of one
        values[name] = as_input(name, given, Parameter if name in parameters else Value)
    return values


def doctor() -> None:
    """Let each renderer draw a picture and say whether it can, and how to install what is missing."""
    print(f"Python      {platform.python_version()}")
    print(f"graphviz    {say('writes gv', version=version('graphviz'))}")
    found = {name: say("works") if picture else reason for name, picture, reason in attempts("digraph { a }", "svg")}
    for name, result in found.items():
        print(f"{name:<12}{result}")
    print(f"matplotlib  {say('for curves', version=version('matplotlib'))}")
    works = [name for name, result in found.items() if result == say("works")]
    print(say("rendered by", renderer=works[0]) if works else say("nothing renders", advice=say("install")))


def version(package: str) -> str:
    """Return the version of a package, or that it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return say("not installed")


if __name__ == "__main__":
    sys.exit(main())
