"""Explain and draw how the gradient of an expression, or of a function in a file, comes about.

python -m tinygrad_edu                   explains a worked example
python -m tinygrad_edu "sigmoid(w*x + b)" x=1 w=0 b=0 --draw f.svg --stepper f.html
python -m tinygrad_edu my_file.py:my_function x=1,2 y=1 --stepper f.html
python -m tinygrad_edu debug my_file.py  runs a program in the debugger
python -m tinygrad_edu doctor            says what can draw here
"""

import argparse
import importlib.metadata
import os
import platform
import re
import sys
import traceback
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu import __version__
from tinygrad_edu.engine import Parameter, Value
from tinygrad_edu.files import write_whole
from tinygrad_edu.show.debugger import debug
from tinygrad_edu.show.diagram import format_of, save_graph
from tinygrad_edu.show.expression import ExpressionError
from tinygrad_edu.show.page import title_and_page
from tinygrad_edu.show.render import attempts
from tinygrad_edu.show.source import Recording, as_input, as_recorded, is_learners, record, record_expression
from tinygrad_edu.show.stepper import MAX_NODES, check_name
from tinygrad_edu.show.text import explain
from tinygrad_edu.words import print, say

WORKED_EXAMPLE = "1 / (exp((x*w + b) * -1) + 1)"
NEGATED = re.compile("-(?!-|h$)")  # an expression such as "-x**2", not an option
FUNCTION = re.compile(r"(?P<file>.+\.py):(?P<name>\w+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 if a file cannot be written, 2 for unusable arguments, or a program's own."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["debug"]:  # what follows is for the debugger and the program
        return debug(*given[1:])
    options = parser().parse_intermixed_args([f" {text}" if NEGATED.match(text) else text for text in given])
    try:
        format_of(Path(options.draw or "f.svg"))
        check_name(options.stepper or "f.html")
        if options.expression == "doctor":
            doctor()
            return 0
        status = worked_example(options) if options.expression is None else explain_expression(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as in `python -m tinygrad_edu | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, ArithmeticError, OSError) as error:
        return report([error])


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments, whose help begins with the docstring of this module."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tinygrad_edu", description=__doc__, formatter_class=layout)
    parser.add_argument("expression", nargs="?", help="to explain; or file.py:function, which returns one Value")
    values = 'a number for each variable, or a list: x=1,2 is the list of x1 and x2, "x=1," a list of one'
    parser.add_argument("values", nargs="*", metavar="name=number", help=values)
    parser.add_argument("--draw", metavar="FILE", help="draw the graph: .svg, .png, .pdf or .gv")
    parser.add_argument("--stepper", metavar="FILE", help="write a page that steps through forward and backward: .html")
    parser.add_argument("--parameters", metavar="NAMES", default="", help="variables to draw as parameters: w,b")
    parser.add_argument("--leaf", metavar="NAME", help="list the paths to this variable only")
    parser.add_argument("--version", action="version", version=f"tinygrad_edu {__version__}")
    parser.add_argument("--ascii", action="store_true", default=None, help="write the trace in ASCII")
    return parser


def worked_example(options: argparse.Namespace) -> int:
    """Explain and draw f = σ(wx + b) at x = 1, w = 0, b = 0, with σ taken apart as in Qiu, section 4.5: h1 to h6."""
    variables = {"x": Value(1.0, "x"), "w": Parameter(0.0, "w"), "b": Parameter(0.0, "b")}
    recording = record_expression(WORKED_EXAMPLE, variables)
    recording.title = "f = sigmoid(w*x + b) at x = 1, w = 0, b = 0"
    options.draw = options.draw or "worked_example.svg"
    with suppress(BrokenPipeError):
        print(say("written out as", title=recording.title, formula=WORKED_EXAMPLE) + "\n")
    return show(recording, [variables["w"]], options)


def explain_expression(options: argparse.Namespace) -> int:
    """Explain an expression or a function of the user's own; where asked for, write its picture and its stepper."""
    parameters = [as_name(name) for name in options.parameters.split(",") if name.strip()]
    variables = read_values(options.values, parameters)
    leaves = [leaf for value in variables.values() for leaf in (value if isinstance(value, list) else [value])]
    check_known("--parameters", parameters, list(variables))
    if options.leaf:
        check_known("--leaf", [as_name(options.leaf)], [leaf.label for leaf in leaves])
        leaves = [leaf for leaf in leaves if leaf.label == as_name(options.leaf)]
    if found := FUNCTION.fullmatch(options.expression):
        with program(found["file"]) as (names, status):
            recording = record(function_in(names, as_name(found["name"]), found["file"]), variables)
            return show(recording, leaves if options.leaf else [], options) or status
    recording = record_expression(text := as_typed(options.expression), variables)
    recording.root.label = recording.root.label or "f"
    recording.title = f"{recording.root.label} = {text}   at {', '.join(map(as_typed, options.values))}"
    return show(recording, leaves, options)


def show(recording: Recording, leaves: Sequence[Value], options: argparse.Namespace) -> int:
    """Print the trace, write the files that are asked for, each even if another fails, and return the exit status."""
    errors: list[Exception] = []
    for output in ("trace", "draw", "stepper"):
        try:
            put_out(output, recording, leaves, options)
        except (ValueError, ArithmeticError, OSError) as error:
            errors.append(error)
        except ModuleNotFoundError as error:
            print(say("install package", package=error.name), file=sys.stderr)
    return report(errors)


def put_out(output: str, recording: Recording, leaves: Sequence[Value], options: argparse.Namespace) -> None:
    """Print the trace, or write the picture or the page if that is asked for."""
    if output == "stepper" and options.stepper:
        page = title_and_page(recording, MAX_NODES)[1]
        print("\n" + say("wrote", path=write_whole(options.stepper, page)))
    with as_recorded(recording):
        if output == "trace":
            explain(recording.root, *leaves, ascii=options.ascii)
        if output == "draw" and options.draw:
            recording.root.backward()
            print("\n" + say("wrote", path=save_graph(recording.root, options.draw, recording.title)))


def report(errors: Sequence[Exception]) -> int:
    """Print one line for each thing that went wrong, without advice for Python only, and return the exit status."""
    for text in dict.fromkeys(str(error) for error in errors if not isinstance(error, BrokenPipeError)):
        print(f"tinygrad_edu: {text.split(': draw the graph of a node within')[0]}", file=sys.stderr)
    return max((1 if isinstance(error, OSError) else 2 for error in errors), default=0)


@contextmanager
def program(path: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Run a file as `python file.py` does: meanwhile it is `__main__`. Yield its names and its exit status."""
    text, module, status = Path(path).read_bytes(), ModuleType("__main__"), 0
    module.__file__ = os.path.abspath(path)
    before = sys.modules["__main__"], sys.argv, sys.path
    sys.modules["__main__"], sys.argv, sys.path = module, [path], [os.path.dirname(os.path.realpath(path)), *sys.path]
    try:
        try:
            exec(compile(text, module.__file__, "exec", dont_inherit=True), vars(module))
        except SystemExit as stop:
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)
            status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        yield vars(module), status
    except (Exception, SystemExit) as error:
        places = [place for place in traceback.walk_tb(error.__traceback__) if is_learners(place[0])]
        if not places and not isinstance(error, SyntaxError):
            raise
        frames = traceback.StackSummary.extract(places).format()  # without those of this package
        lines = ["Traceback (most recent call last):\n", *frames, *traceback.format_exception_only(error)]
        print("".join(lines), end="", file=sys.stderr)
        sys.exit(1)
    finally:
        sys.modules["__main__"], sys.argv, sys.path = before


def function_in(names: dict[str, Any], name: str, path: str) -> Any:
    """Return a function of a program. Raises ExpressionError if there is none of that name."""
    if not callable(function := names.get(name)):
        own = [key for key, thing in names.items() if getattr(thing, "__module__", "") == "__main__"]
        raise ExpressionError(f"{path} has no function {name!r}: there is {', '.join(own) or 'none'}")
    return function


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
        given, equals, text = assignment.partition("=")
        name = as_name(given)
        if not equals or not as_typed(given).isidentifier():
            raise ExpressionError(f"{assignment!r} gives no variable a value: write it as x=1, a list as x=1,2,3")
        if name in values:
            raise ExpressionError(f"{assignment!r}: {name} has a value already")
        try:
            numbers = [float(item) for item in text.removesuffix(",").split(",")]
        except ValueError:
            raise ExpressionError(f"{assignment!r}: {text!r} is not a number, nor a list such as 1,2,3") from None
        value = numbers if "," in text else numbers[0]  # "1," is, as in Python, a list of one
        values[name] = as_input(name, value, Parameter if name in parameters else Value)
    return values


def as_typed(text: str) -> str:
    """Return an argument as it was typed, in UTF-8, where Python could not tell its encoding."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def as_name(text: str) -> str:
    """Return a name in the form that Python gives to the names in a program."""
    return unicodedata.normalize("NFKC", as_typed(text.strip()))


def doctor() -> None:
    """Let each renderer draw a picture and say whether it can, and how to install what is missing."""
    print(f"Python      {platform.python_version()}")
    print(f"graphviz    {say('writes gv', version=version('graphviz'))}")
    found = ""
    for name, picture, reason in attempts("digraph { a }", "svg"):
        print(f"{name:<12}{say('works') if picture else reason}")
        found = found or (name if picture else "")
    print(f"matplotlib  {say('for curves', version=version('matplotlib'))}")
    print(say("rendered by", renderer=found) if found else say("nothing renders", advice=say("install")))


def version(package: str) -> str:
    """Return the version of a package, or that it is not installed."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return say("not installed")


if __name__ == "__main__":
    sys.exit(main())
