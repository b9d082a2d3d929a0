"""A scalar engine to compare with, built as in microgpt (Karpathy, 2026), in words of our own.

An operation works out its local gradients at once and stores them beside its operands; `backward` orders the graph by
recursion. It is the leanest way to write reverse mode in Python with operator overloading, so it tells what
the table of derivatives costs. Integers stand where microgpt has them.
"""

from __future__ import annotations

import math


class Value:
    """A number, the Values it was made of, and its derivative along each of them."""

    __slots__ = ("data", "grad", "children", "local_gradients")

    def __init__(self, data, children=(), local_gradients=()):
        self.data = data
        self.grad = 0
        self.children = children
        self.local_gradients = local_gradients

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return other + (-self)

    def __rtruediv__(self, other):
        return other * self**-1

    def backward(self):
        order = []
        visited = set()

        def visit(node):
            if node not in visited:
                visited.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for child, local_gradient in zip(node.children, node.local_gradients):  # noqa: B905 (microgpt's zip)
                child.grad += local_gradient * node.grad
