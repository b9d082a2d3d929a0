"""Change a module in one place, as a slip of the pen would: each change is a mutant, which some test should refuse.

The text is changed in place, and every line keeps its number: functions can change places with the original's, and
`inspect.getsource` shows the row that runs. `strict=` is left alone: the linter asks for it on every zip, also where
two lists are of one length as they were made.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SWAPPED = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitOr: ("|", "&"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}  # fmt: skip
DELETED = ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break
Change = tuple[int, int, str]  # from this byte of the source to that one there is another text


class Mutant(NamedTuple):
    """Hold a module that was changed in one place, and what the place looked like before."""

    path: Path
    place: str  # "Value.backward"; "" for the top of the module
    before: str
    after: str
    text: str  # of the whole module
    function: int | None  # the first line of the function that was changed
    is_text: bool  # nothing but a word that is shown, or a name in quotes

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells this mutant from others as long as its lines stay as they are."""
        return str(self.path), self.place, self.before, self.after


class Module:
    """Hold the source of a module, and find what can be changed in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path.read_bytes()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def mutants(self) -> Iterator[Mutant]:
        """Yield every mutant that compiles; where two would read the same, the second is numbered."""
        seen: Counter[tuple[str, ...]] = Counter()
        for node, change, place, function in self.changes(ast.parse(self.source), "", None):
            mutant = self.mutant(change, place, function, isinstance(node, (ast.Constant, ast.JoinedStr)))
            try:
                compile(mutant.text, "", "exec", dont_inherit=True)
            except SyntaxError:
                continue
            seen[mutant.key] += 1
            again = f"  [{seen[mutant.key]}]" if seen[mutant.key] > 1 else ""
            yield mutant._replace(after=mutant.after + again)

    def changes(self, node: ast.AST, place: str, function: int | None) -> Iterator[tuple[Any, Change, str, int | None]]:
        """Yield what changes, and where: the names of the class and the function around it."""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            place = f"{place}.{node.name}".lstrip(".")
        for change in self.changes_of(node):
            yield node, change, place, function
        if isinstance(node, ast.FunctionDef):
            yield from (found for child in parts(node.args) for found in self.changes(child, place, function))
            function = function or min([node.lineno, *(x.lineno for x in node.decorator_list)])
        for child in parts(node):
            yield from self.changes(child, place, function)

    def mutant(self, change: Change, place: str, function: int | None, is_text: bool) -> Mutant:
        """Return the mutant of one change."""
        start, end, new = change
        first = self.source.rfind(b"\n", 0, start) + 1
        last = self.source.find(b"\n", end)
        text = self.source[:start] + new.encode() + self.source[end:]
        before, after = self.source[first:last], text[first : last + len(text) - len(self.source)]
        shown = [" ".join(x.decode().split()) for x in (before, after)]
        quoted = is_text and self.source[start : start + 1] not in b"0123456789TF."
        return Mutant(self.path, place, shown[0], shown[1], text.decode(), function, quoted)

    def changes_of(self, node: ast.AST) -> Iterator[Change]:
        """Yield the changes of one node, without those of its parts."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for x, op, y in zip([left, *comparators], ops, comparators, strict=False):
                    yield self.swapped(x, op, y)
            case ast.BinOp(left=left, op=op, right=right) | ast.AugAssign(target=left, op=op, value=right):
                yield self.swapped(left, op, right)
            case ast.BoolOp(op=op, values=values):
                for x, y in zip(values, values[1:], strict=False):
                    yield self.swapped(x, op, y)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield self.start(node), self.start(operand), ""
            case ast.Constant(value=bool() as x):
                yield self.replaced(node, str(not x))
            case ast.Constant(value=int() | float() as x):
                yield self.replaced(node, repr(type(x)(1 - x) if x in (0, 1) else x + 1))
            case ast.Constant(value=str()) | ast.JoinedStr():
                quote = self.source.index(b'"', self.start(node))
                inside = quote + (3 if self.source[quote : quote + 3] == b'"""' else 1)
                yield inside, inside, "XX"
            case ast.Return(value=ast.expr() as x) if not (isinstance(x, ast.Constant) and x.value is None):
                yield self.replaced(x, "None")
            case ast.If(test=test) | ast.IfExp(test=test):
                yield self.replaced(test, "True")
                yield self.replaced(test, "False")
            case ast.While(test=test):
                yield self.replaced(test, "False")
            case ast.comprehension(ifs=tests):
                yield from (self.replaced(test, x) for test in tests for x in ("True", "False"))
            case ast.Call(keywords=keywords):
                yield from (self.dropped(x) for x in keywords if x.arg not in (None, "strict"))
            case ast.arguments(defaults=defaults, kw_defaults=kw_defaults):
                for default in filter(None, [*defaults, *kw_defaults]):
                    yield self.source.rindex(b"=", 0, self.start(default)), self.end(default), ""
        if isinstance(node, DELETED) and not is_name(node):
            yield self.replaced(node, "pass")

    def start(self, node: ast.AST) -> int:
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def replaced(self, node: ast.AST, new: str) -> Change:
        """Replace the text of a node, with as many lines as it had."""
        start, end = self.start(node), self.end(node)
        return start, end, new + "\n" * self.source.count(b"\n", start, end)

    def swapped(self, left: ast.AST, op: ast.AST, right: ast.AST) -> Change:
        """Replace the operator that stands between two operands."""
        old, new = SWAPPED[type(op)]
        place = self.source.index(old.encode(), self.end(left), self.start(right))
        return place, place + len(old), new

    def dropped(self, node: ast.AST) -> Change:
        """Leave out an argument and the comma that follows it."""
        start, end, new = self.replaced(node, "")
        comma = re.compile(rb"\s*,?").match(self.source, end)
        assert comma
        return start, end if b"\n" in comma[0] else comma.end(), new


def parts(node: ast.AST) -> list[ast.AST]:
    """Return the children of a node that run: no annotations, no docstrings, nothing inside an f-string."""
    match node:
        case ast.JoinedStr() | ast.arg() | ast.keyword(value=ast.Constant(value=bool())):
            return []
        case ast.FunctionDef(body=body, decorator_list=decorators):
            return [*decorators, *(x for x in body if not is_docstring(x))]
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")) | ast.Call(func=ast.Name(id="TypeVar")):
            return []
        case ast.AnnAssign(value=value):
            return [value] if value else []
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
            return [*orelse]
        case ast.arguments(defaults=defaults, kw_defaults=kw_defaults):
            return [*filter(None, [*defaults, *kw_defaults])]
    return [x for x in ast.iter_child_nodes(node) if not is_docstring(x)]


def is_docstring(node: ast.AST) -> bool:
    """Tell whether a statement is nothing but text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_name(statement: ast.AST) -> bool:
    """Tell whether a statement names something: without it, all that follows fails, so nothing is learned."""
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return not isinstance(statement, ast.AugAssign) and isinstance(targets[0], (ast.Name, ast.Tuple))
