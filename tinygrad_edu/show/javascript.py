"""Turn rows of the derivative table into JavaScript, each from its own source, so that a page computes with them.

What Python refuses, 1 / 0 or math.log(-1), JavaScript answers with Infinity or NaN: so divisions, powers, conditions
and the functions of `math` are calls of functions in script/compute.js, which refuse what Python refuses.
"""

import ast
import inspect
import json
import linecache
import math
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from tinygrad_edu import rules
from tinygrad_edu.engine import Value
from tinygrad_edu.readers.symbol import Symbol
from tinygrad_edu.rule import Rule
from tinygrad_edu.show.source import compiled, fingerprint

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.USub: "-", ast.UAdd: "+", ast.And: "&&", ast.Or: "||",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
CALLS: dict[type[ast.AST], str] = {ast.Div: "divide", ast.Mod: "remainder", ast.Pow: "power"}
MATH = """exp expm1 log log1p log2 log10 sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
    fabs isnan isinf isfinite"""
FUNCTIONS = (abs, float, *(getattr(math, name) for name in MATH.split()))
FUNCTIONS_OF_TWO = (max, min, math.pow)
REASONS = {"division": "1.0 / 0.0", "remainder": "1.0 % 0.0", "power": "0.0 ** -1.0", "domain": "math.pow(-1.0, 0.5)"}
PLAIN = {rules.add: "+", rules.sub: "-", rules.mul: "*"}  # rows that JavaScript's signs compute as Python does


class UntranslatableError(Exception):
    """Tell which part of a row has no translation."""


class Table:
    """Hold the rows of some operations by their names on a page, and what they call; or say what of them is missing."""

    def __init__(self, operations: Iterable[Value]) -> None:
        self.names: dict[Any, str] = {}
        self.texts = [f"reasons.{name} = {script(reason(expression))};" for name, expression in REASONS.items()]
        self.missing = ""
        try:
            for node in operations:
                self.name(node.op, len(node.children))
        except UntranslatableError as error:
            self.missing = str(error)

    def name(self, called: Any, operands: int) -> str:
        """Return the name of a row or function of so many operands, after translating it; taken ones are numbered."""
        key = called, operands
        if key not in self.names:
            name = (type(called) if isinstance(called, Rule) else called).__name__
            same = sum(other.split("$")[0] == name for other in self.names.values())
            self.names[key] = f"{name}${same}" if same else name
            text = self.row(called, operands) if isinstance(called, Rule) else Translation(self, called).text
            self.texts.append(f"rows.{self.names[key]} = {text};")
        return self.names[key]

    def row(self, row: Rule, operands: int) -> str:
        """Write a row as an object: its two functions, and what it says where it refuses."""
        if inspect.getfullargspec(row.forward).varargs:
            forward, partials = self.written_out(row, operands)
        else:
            forward, partials = (Translation(self, method, row).text for method in (row.forward, row.partials))
        places, errors = [f"{{{i}}}" for i in range(operands)], (ValueError("{reason}"), OverflowError())
        says = [str(refuse(places, error)) for refuse in (row.no_value, row.no_derivative) for error in errors]
        return f"{{\n  forward: {forward},\n  partials: {partials},\n  says: {script(says)} }}"

    def written_out(self, row: Rule, operands: int) -> tuple[str, str]:
        """Write a row of any number of operands for so many, as Symbols compute it."""
        names = [f"$x{i}" for i in range(operands)]
        symbols, inputs = list(map(Symbol, names)), ", ".join(names)
        try:
            value, partials = row.forward(*symbols), row.differentiate(Symbol("$out"), *symbols)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise UntranslatableError(f"{row}: {error}") from None
        derivatives = ", ".join(map(self.formula, partials))
        return f"({inputs}) => {self.formula(value)}", f"($out, {inputs}) => [{derivatives}]"

    def formula(self, x: Any) -> str:
        texts: dict[Any, str] = {}
        for symbol in reversed(x.symbols()) if isinstance(x, Symbol) else []:
            operands = [texts[y] if isinstance(y, Symbol) else script(float(y)) for y in symbol.operands]
            texts[symbol] = self.call(symbol.op, operands) if symbol.op else symbol.name
        return texts[x] if texts else script(float(x))

    def call(self, row: Rule, operands: Sequence[str]) -> str:
        if row in PLAIN:
            return f"({operands[0]} {PLAIN[row]} {operands[1]})"
        return f"value({self.name(row, len(operands))!r}, {', '.join(operands)})"


class Translation:
    """Turn a function, or a method of a row, into an arrow function, with a $ before each name of its own.

    So none of them is a word of JavaScript or a function of the page. `around` holds what other names stand for.
    """

    def __init__(self, table: Table, function: Any, row: Rule | None = None) -> None:
        self.table, self.owner = table, row or function.__name__
        code = getattr(inspect.unwrap(function), "__code__", None)
        if not code or fingerprint(code) not in compiled("".join(linecache.getlines(code.co_filename)))[1]:
            raise UntranslatableError(f"{self.owner}: its source is not to be had")
        variables = inspect.getclosurevars(function)
        self.around = {**variables.builtins, **variables.globals, **variables.nonlocals}
        self.local: set[str] = set()
        self.text = self.function(ast.parse(textwrap.dedent(inspect.getsource(function))).body[0], row)

    def function(self, tree: ast.stmt, row: Rule | None) -> str:
        """Write all of it; the first argument of a method is the row."""
        if not isinstance(tree, ast.FunctionDef) or tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
            raise self.untranslatable(tree)
        names = [argument.arg for argument in tree.args.args]
        if row:
            self.around[names.pop(0)] = row
        self.local.update(names)
        defaults = [f" = {self.of(default)}" for default in tree.args.defaults]
        endings = [""] * (len(names) - len(defaults)) + defaults
        return f"({', '.join(map('${}{}'.format, names, endings))}) => {{ {self.block(tree.body)} }}"

    def block(self, statements: Sequence[ast.stmt]) -> str:
        return " ".join(map(self.statement, statements))

    def statement(self, statement: ast.stmt) -> str:
        """Write a return, a refusal, an assignment, an if; nothing for a docstring."""
        match statement:
            case ast.Expr(value=ast.Constant()):
                return ""
            case ast.Return(value=ast.expr() as value):
                return f"return {self.of(value)};"
            case ast.Raise(exc=ast.Call(args=[ast.Constant(value=str(words))])):
                return f"refuse({script(words)});"
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = self.of(value)
                self.local.add(name)
                return f"var ${name} = {text};"  # var, because Python's blocks are no scopes
            case ast.If(test=test, body=body, orelse=orelse):
                return f"if ({self.truth(test)}) {{ {self.block(body)} }} else {{ {self.block(orelse)} }}"
        raise self.untranslatable(statement)

    def truth(self, test: ast.expr) -> str:
        """Write a condition: nan is true in Python, and not in JavaScript."""
        if isinstance(test, ast.BoolOp):
            return f"({f' {SIGNS[type(test.op)]} '.join(map(self.truth, test.values))})"
        return self.of(test) if isinstance(test, ast.Compare) else f"truth({self.of(test)})"

    def of(self, node: ast.expr) -> str:
        """Write an expression, in parentheses wherever another could stand beside it: 1.0 * (x > 0)."""
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return script(float(number))
            case ast.Name(id=name) if name in self.local:
                return f"${name}"
            case ast.Name() | ast.Attribute() if isinstance(number := self.found(node), (int, float)):
                return script(float(number))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in CALLS:
                return f"{CALLS[type(sign)]}({self.of(left)}, {self.of(right)})"
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
                return f"({self.of(left)} {SIGNS[type(sign)]} {self.of(right)})"
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                return f"({SIGNS[type(sign)]}{self.of(operand)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"(!{self.truth(operand)})"
            case ast.Compare(left=left, ops=signs, comparators=others) if all(type(sign) in SIGNS for sign in signs):
                pairs = zip(pairwise(map(self.of, [left, *others])), signs, strict=True)
                return f"({' && '.join(f'{x} {SIGNS[type(sign)]} {y}' for (x, y), sign in pairs)})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({self.truth(test)} ? {self.of(body)} : {self.of(orelse)})"
            case ast.Call(func=called, args=arguments, keywords=[]):
                return self.call(node, self.found(called), list(map(self.of, arguments)))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return f"[{', '.join(map(self.of, elements))}]"
        raise self.untranslatable(node)

    def call(self, node: ast.expr, called: Any, inputs: list[str]) -> str:
        """Write a call of a row, of `math` or a builtin, or of a function whose source is translated as well."""
        if isinstance(called, Rule):
            return self.table.call(called, inputs)
        if called in FUNCTIONS and len(inputs) == 1 or called in FUNCTIONS_OF_TWO and len(inputs) > 1:
            return f"math.{called.__name__}({', '.join(inputs)})"
        if inspect.isfunction(called):
            return f"rows.{self.table.name(called, len(inputs))}({', '.join(inputs)})"
        raise self.untranslatable(node)

    def found(self, node: ast.expr) -> Any:
        """Return what a name that is not the function's own stands for, or an attribute of it; None for nothing."""
        if isinstance(node, ast.Attribute):
            return getattr(self.found(node.value), node.attr, None)
        return self.around.get(node.id) if isinstance(node, ast.Name) and node.id not in self.local else None

    def untranslatable(self, node: ast.AST) -> UntranslatableError:
        return UntranslatableError(f"{self.owner}: {' '.join(ast.unparse(node).split())}")


def reason(expression: str) -> str:
    """Return Python's own words where an expression has no value."""
    try:
        return str(eval(expression))
    except (ValueError, ArithmeticError) as error:
        return str(error)


def script(data: Any) -> str:
    """Write a float, a text or a list of texts as JavaScript that ends no <script>."""
    return json.dumps(data).replace("<", "\\u003c")
