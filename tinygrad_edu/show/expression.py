"""Evaluate expressions typed as text, such as "sigmoid(w*x + b)": arithmetic and the table's functions, no more."""

import ast
import inspect
from collections.abc import Mapping
from typing import Any

from tinygrad_edu import functions, rules
from tinygrad_edu.engine import Value
from tinygrad_edu.rule import Rule

OPERATORS = {ast.Add: rules.add, ast.Sub: rules.sub, ast.Mult: rules.mul, ast.Div: rules.div, ast.Pow: functions.power}
FUNCTIONS: dict[str, Any] = {
    **{row.symbol: row for row in vars(rules).values() if isinstance(row, Rule) and row.symbol.isidentifier()},
    **{f.__name__: f for f in (functions.leaky_relu, functions.elu, functions.weighted_sum, functions.log_sum_exp)},
}


class ExpressionError(ValueError):
    """Say what is wrong with an expression, in words for whoever typed it."""


def evaluate(expression: str, variables: Mapping[str, Value | list[Value]]) -> Value:
    """Return the Value of an expression in these variables, with the graph that made it.

    Raises ExpressionError for everything that is not arithmetic on numbers, variables and functions of the table, where
    an operation has no real value, and where the result is a list.

    >>> evaluate("2*x + 1", {"x": Value(3.0)}).data
    7.0
    """
    try:
        result = value_of(ast.parse(expression.strip(), mode="eval").body, variables)
    except SyntaxError as error:
        place = f"at character {error.offset}" if error.offset else "at its end"
        raise ExpressionError(f"cannot read the expression: {error.msg}, {place}") from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply") from None
    except (ValueError, ArithmeticError, TypeError) as error:
        raise ExpressionError(str(error)) from None
    if isinstance(result, list):
        raise ExpressionError(f"{expression!r} is a list: only one Value can be differentiated")
    if not isinstance(result, Value):
        raise ExpressionError(f"{expression!r} has no variable to differentiate by")
    return result


def value_of(node: ast.expr, variables: Mapping[str, Value | list[Value]]) -> Any:
    """Return a Value, a float where no variable is involved, or a list of them."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name in variables:
            return variables[name]
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return OPERATORS[type(operator)](value_of(left, variables), value_of(right, variables))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, variables)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return value_of(operand, variables)
        case ast.List(elts=elements):
            return [value_of(element, variables) for element in elements]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return call(name, [value_of(argument, variables) for argument in arguments])
        case ast.BinOp(op=ast.BitXor()):
            raise ExpressionError(f"{ast.unparse(node)!r}: a power is written **, as in x**2")
        case ast.Name(id=name):
            raise ExpressionError(f"{name!r} has no value: add one, as in {name}=1")
        case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
            raise ExpressionError(f"unknown function {name!r}: there are {', '.join(sorted(FUNCTIONS))}")
    raise ExpressionError(f"only arithmetic and known functions are evaluated, not {ast.unparse(node)!r}")


def call(name: str, arguments: list[Any]) -> Any:
    """Call a function of the table. Raises ExpressionError if it takes another number of arguments."""
    function = FUNCTIONS[name]
    signature = inspect.signature(function.forward if isinstance(function, Rule) else function)
    try:
        signature.bind(*arguments)
        return function(*arguments)
    except TypeError as error:
        raise ExpressionError(f"{name}({', '.join(signature.parameters)}): {error}") from None
