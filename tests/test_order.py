"""One order everywhere: forward as the operations ran, backward its reverse, and unnamed nodes numbered as they ran.

Each program here writes down, in a list of its own, the Values that it makes as it makes them. Nothing is patched.
"""

from __future__ import annotations

import copy
import functools
import operator
import pickle
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given

from tests.oracles import ROWS, Recipe, recipes, unwrapped
from tests.show.reading import cells, data_of, lines_of
from tinygrad_edu import (
    Constant,
    Parameter,
    Stepper,
    Value,
    backward_steps,
    exp,
    gradients,
    log_sum_exp,
    maximum,
    sigmoid,
    softmax,
    tanh,
    topological_order,
    trace,
    weighted_sum,
)
from tinygrad_edu.readers.naming import node_names
from tinygrad_edu.readers.notation import FORMULA
from tinygrad_edu.show.style import FORMULAS


class Made(list[Value]):
    """The Values of a program in the order in which it made them: `keep(a * b)` writes one down and returns it."""

    def __call__(self, value: Value) -> Value:
        self.append(value)
        return value

    def leaves(self, *numbers: float) -> list[Value]:
        return [self(Value(number)) for number in numbers]


Program = Callable[[Made], Value]

# -------------------------------------------------------------------------------------------------- the programs


def recurrent_network(keep: Made) -> Value:
    """Unrolled over five steps: each hidden state is made of the one before, the input, and the same weights."""
    w, u, b, *inputs = keep.leaves(0.7, -0.4, 0.1, 1.0, -2.0, 0.5, 3.0, -1.5)
    hidden = keep(Value(0.25))
    for x in inputs:
        hidden = keep(tanh(keep(keep(keep(w * hidden) + keep(u * x)) + b)))
    return hidden


def recurrent_network_backwards(keep: Made) -> Value:
    """All inputs are weighted first; then it runs from the last to the first, with a loss at each step."""
    w, u = keep.leaves(0.7, -0.4)
    weighted = [keep(u * keep(Value(x))) for x in (1.0, -2.0, 0.5, 3.0)]
    hidden, loss = keep(Value(0.25)), keep(Value(0.0))
    for x in reversed(weighted):
        hidden = keep(sigmoid(keep(keep(w * hidden) + x)))
        loss = keep(loss + keep(hidden * hidden))
    return loss


def right_before_left(keep: Made) -> Value:
    """What the design names: r runs after q and stands before it in y."""
    a, b = keep.leaves(2.0, 3.0)
    p = keep(a * b)
    q = keep(p + 1)
    r = keep(b * b)
    return keep(r * q)


def last_operand_first(keep: Made) -> Value:
    """Operands computed from the last to the first, then used in one operation."""
    x, y, b = keep.leaves(0.5, -1.5, 0.25)
    third, second, first = keep(exp(x)), keep(y * x), keep(tanh(y))
    return keep(weighted_sum([first, second], [third, x], b))


def loop(keep: Made) -> Value:
    """Newton's square root of 2 from 1, three times over."""
    a, x = keep.leaves(2.0, 1.0)
    for _ in range(3):
        x = keep(keep(x + keep(a / x)) / 2)
    return x


def comprehension(keep: Made) -> Value:
    """All squares are made before the first sum."""
    numbers = keep.leaves(1.0, 2.0, 3.0, 4.0)
    squares = [keep(x * x) for x in numbers]
    total = keep(0.5 * squares[-1])
    for square in squares:
        total = keep(total + square)
    return total


def generator(keep: Made) -> Value:
    """The same written with a generator: a square is made when its turn comes."""
    numbers = keep.leaves(1.0, 2.0, 3.0, 4.0)
    total = keep(0.5 * numbers[-1])
    for square in (keep(x * x) for x in numbers):
        total = keep(total + square)
    return total


def network_of_two_layers(keep: Made) -> Value:
    """Every neuron of a layer is a weighted sum and an activation; the parameters are made before the inputs."""
    layers = [
        [([keep(Parameter(0.1 * i - 0.3 * j + 0.05)) for j in range(2)], keep(Parameter(0.2 * i))) for i in range(n)]
        for n in (3, 2)
    ]
    layers[1] = [([*w, keep(Parameter(0.7))], b) for w, b in layers[1]]
    activations = keep.leaves(0.5, -1.0)
    for layer in layers:
        sums = [keep(weighted_sum(w, activations, b)) for w, b in layer]
        activations = [keep(tanh(z)) for z in sums]
    return keep(activations[1] - activations[0])


def network_neuron_by_neuron(keep: Made) -> Value:
    """Each neuron makes its parameters right before it runs."""
    x = keep.leaves(0.5, -1.0)
    hidden = []
    for i in range(3):
        w = [keep(Parameter(0.3 * i - 0.2)), keep(Parameter(0.5))]
        hidden.append(keep(tanh(keep(weighted_sum(w, x, keep(Parameter(0.1)))))))
    v = [keep(Parameter(0.4 * i - 0.5)) for i in range(3)]
    return keep(sigmoid(keep(weighted_sum(list(reversed(v)), hidden, 0.5))))


def reduction(keep: Made) -> Value:
    """functools.reduce from the left, over operands that were made from the right."""
    terms = [keep(x * 1.5) for x in reversed(keep.leaves(3.0, 1.0, 2.0, -4.0))]
    return functools.reduce(lambda left, right: keep(left * right), reversed(terms))


def reduction_of_the_greatest(keep: Made) -> Value:
    terms = keep.leaves(3.0, 1.0, 5.0, -4.0)
    greatest = functools.reduce(lambda left, right: keep(maximum(right, left)), terms)
    return keep(greatest - terms[0])


def sums(keep: Made) -> Value:
    """accumulate: every partial sum is used again, the latest first."""
    x = keep.leaves(0.5, 1.0, 1.5)
    partial = [x[0]]
    for term in x[1:]:
        partial.append(keep(partial[-1] + term))
    y = keep(partial[2] * partial[1])
    return keep(y / partial[0])


def used_long_after(keep: Made) -> Value:
    """A value made first, and used at the very end only, on the left."""
    x, y = keep.leaves(1.25, 2.0)
    early = keep(exp(x))
    for _ in range(12):
        y = keep(keep(y * 0.5) + 1)
    return keep(early * y)


def constants_in_between(keep: Made) -> Value:
    """A plain number is made when its operation runs, one given by name when it is written."""
    x = keep(Value(3.0))
    two = keep(Constant(2.0))
    y = keep(5 - keep(x * 7))
    z = keep(y * two)
    half = keep(Constant(0.5))
    return keep(half * keep(keep(1 / z) + 4))


def leaf_made_late(keep: Made) -> Value:
    """A leaf made after operations stands where it was made, also if it is their left operand."""
    x = keep(Value(2.0))
    y = keep(x * x)
    w = keep(Parameter(0.5))
    z = keep(w * y)
    b = keep(Parameter(-1.0))
    return keep(b + z)


def made_and_not_used(keep: Made) -> Value:
    """What the output does not depend on is in no list, and takes no number."""
    x, unused = keep.leaves(2.0, 3.0)
    y = keep(x * x)
    dead = keep(y * unused)
    keep(dead + y)
    return keep(y + 1)


def many_diamonds(keep: Made) -> Value:
    """Each is closed with its sides in the other order."""
    x = keep(Value(0.5))
    for i in range(5):
        left, right = keep(tanh(x)), keep(x * 0.9)
        x = keep(left + right) if i % 2 else keep(right + left)
    return x


def depth_first_trap(keep: Made) -> Value:
    """Three chains made link by link in turn: depth first, each would come as a whole."""
    a, b, c = keep.leaves(1.1, 1.2, 1.3)
    for _ in range(3):
        c = keep(c * 1.01)
        a = keep(a * 1.02)
        b = keep(b * 1.03)
    return keep(a * keep(c * b))


def recursion(keep: Made) -> Value:
    """A tree, summed from its leaves: the right half first."""

    def total(leaves: Sequence[Value]) -> Value:
        if len(leaves) == 1:
            return leaves[0]
        right = total(leaves[len(leaves) // 2 :])
        return keep(total(leaves[: len(leaves) // 2]) * right)

    return total(keep.leaves(1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7))


def assigned_in_place(keep: Made) -> Value:
    """micrograd's README begins so: names are used again."""
    a, b = keep.leaves(-4.0, 2.0)
    c = keep(a + b)
    d = keep(keep(a * b) + keep(b**3))
    c = keep(c + keep(c + 1))
    d = keep(d + keep(d * 2))
    return keep(keep(c - d) ** 2)


def deep_copied(keep: Made) -> Value:
    """The copy of a graph has the order of the graph, and comes before what is made of it."""
    original = Made()
    root = copy.deepcopy(right_before_left(original))
    return more_of(root, original, keep)


def unpickled(keep: Made) -> Value:
    original = Made()
    root = pickle.loads(pickle.dumps(recurrent_network(original)))
    return more_of(root, original, keep)


def copied_node(keep: Made) -> Value:
    """copy.copy makes one node anew, of the same operands."""
    x, w = keep.leaves(3.0, 2.0)
    y = keep(w * x)
    z = keep(y + 1)
    again = keep(copy.copy(y))
    return keep(again * z)


PROGRAMS: list[Program] = [
    recurrent_network, recurrent_network_backwards, right_before_left, last_operand_first, loop, comprehension,
    generator, network_of_two_layers, network_neuron_by_neuron, reduction, reduction_of_the_greatest, sums,
    used_long_after, constants_in_between, leaf_made_late, made_and_not_used, many_diamonds, depth_first_trap,
    recursion, assigned_in_place, deep_copied, unpickled, copied_node,
]  # fmt: skip

# ------------------------------------------------------------------------------------------------- what is expected


def more_of(root: Value, original: Iterable[Value], keep: Made) -> Value:
    """Write down a copied graph as the original was made; go on with operations and a leaf of one's own."""
    keep.extend(counterparts(root, original))
    late = keep(Value(0.125))
    return keep(late * keep(root + 2))


def counterparts(copied: Value, original: Iterable[Value]) -> list[Value]:
    """The nodes of a copied graph in the order in which those of the original were made: they have the same places."""
    made = everything(original)
    twin = {made[-1]: copied}
    for node in reversed(made):  # every node after all that was made of it
        if node in twin:
            twin.update(zip(node.children, twin[node].children, strict=True))
    return [twin[node] for node in made if node in twin]


def everything(made: Iterable[Value]) -> list[Value]:
    """What a program has written down, and each plain number, which became a constant when its operation ran."""
    order: dict[Value, None] = {}
    for value in made:
        order.update(dict.fromkeys(child for child in value.children if isinstance(child, Constant)))
        order[value] = None
    return list(order)


def run(program: Program) -> tuple[Value, list[Value]]:
    """The output of a program, and all that it depends on in the order in which it was made."""
    keep = Made()
    root = program(keep)
    needed, waiting = {root}, [root]
    while waiting:
        waiting += (new := set(waiting.pop().children) - needed)
        needed |= new
    return root, [value for value in everything(keep) if value in needed]


def operations(made: Iterable[Value]) -> list[Value]:
    return [value for value in made if value.op]


def expected_names(made: Sequence[Value]) -> list[str]:
    """v1, v2, … for leaves, h1, h2, … for operations, each in the order in which they were made."""
    leaves = [value for value in made if not value.op and not isinstance(value, Constant)]
    return [
        f"h{operations(made).index(value) + 1}" if value.op else f"v{leaves.index(value) + 1}"
        for value in made
        if not isinstance(value, Constant)
    ]


every_program = pytest.mark.parametrize("program", PROGRAMS, ids=operator.attrgetter("__name__"))


@every_program
def test_a_program_has_written_down_all_that_it_made(program: Program) -> None:
    """The list that all others are compared with is complete, and each value comes after its operands."""
    root, made = run(program)
    assert made[-1] is root
    assert len(set(made)) == len(made)
    assert all(child in made[:i] for i, value in enumerate(made) for child in value.children)


@pytest.mark.parametrize("program", [right_before_left, depth_first_trap, recursion, used_long_after, leaf_made_late])
def test_depth_first_would_be_another_order(program: Program) -> None:
    """So a list that is sorted in that way, as most engines sort it, is told from one in the order of computation."""
    root, made = run(program)
    order: dict[Value, None] = {}

    def visit(node: Value) -> None:
        for child in node.children:
            visit(child)
        order[node] = None

    visit(root)
    assert operations(order) != operations(made) or list(order) != made


# ----------------------------------------------------------------------------------------------- what follows it


@every_program
def test_the_topological_order_is_the_order_of_computation(program: Program) -> None:
    root, made = run(program)
    assert topological_order(root) == made


@given(recipes(max_operations=20))
def test_the_topological_order_of_a_random_program(recipe: Recipe) -> None:
    made = Made()
    scalars = made.leaves(*recipe.leaves)
    for name, operands in recipe.operations:
        scalars.append(made(ROWS[name](*[scalars[i] if isinstance(i, int) else i for i in operands])))
    order = topological_order(scalars[-1])
    assert order == [value for value in everything(made) if value in order]


@every_program
def test_automatic_names_count_as_the_operations_ran(program: Program) -> None:
    root, made = run(program)
    names = node_names(topological_order(root))
    assert [names[value] for value in made if not isinstance(value, Constant)] == expected_names(made)


@every_program
def test_a_trace_goes_forward_as_the_operations_ran(program: Program) -> None:
    """Line i is h_i, of its operands by their names, with its value."""
    root, made = run(program)
    varying = [value for value in made if not isinstance(value, Constant)]
    names = dict(zip(varying, expected_names(made), strict=True))
    lines = unwrapped(trace(root)).splitlines()
    start, end = lines.index("forward"), next(i for i, line in enumerate(lines) if line.startswith("backward"))
    shown = lines[start + 1 : end]
    assert len(shown) == len(operations(made))
    for line, value in zip(shown, operations(made), strict=True):
        name, _, computed = line.partition(" = ")
        assert name.strip() == names[value]
        assert computed.split(" = ")[-1].strip() == FORMULA.number(value.data)
        for child in value.children:
            assert names.get(child, FORMULA.number(child.data)) in computed
    given = lines[0].removeprefix("given").split(", ")
    assert [number.split(" = ")[0].strip() for number in given] == [names[v] for v in varying if not v.op]


@every_program
def test_a_trace_goes_backward_in_reverse(program: Program) -> None:
    root, made = run(program)
    varying = [value for value in made if not isinstance(value, Constant)]
    names = dict(zip(varying, expected_names(made), strict=True))
    lines = unwrapped(trace(root)).splitlines()
    [start] = [i for i, line in enumerate(lines) if line.startswith("backward")]
    shown = [(line.split(".grad")[0].strip(), line.split(" += ")[1].split(".grad")[0]) for line in lines[start + 1 :]]
    assert shown == [
        (names[child], names[value])
        for value in reversed(operations(made))
        for child in value.children
        if child in names
    ]


@every_program
def test_backward_steps_go_back_as_the_operations_ran(program: Program) -> None:
    """The last operation first, and of each the operands from left to right, those that vary."""
    root, made = run(program)
    assert [(step.node, step.child, step.operand) for step in backward_steps(root)] == [
        (value, child, operand)
        for value in reversed(operations(made))
        for operand, child in enumerate(value.children)
        if not isinstance(child, Constant)
    ]


@every_program
def test_the_page_steps_as_the_operations_ran(program: Program) -> None:
    """Its table, its steps forward, its steps backward, and the list of all of them as text."""
    root, made = run(program)
    varying = [value for value in made if not isinstance(value, Constant)]
    place = {value: i for i, value in enumerate(varying)}
    page = Stepper(root).page
    assert [row[0] for row in cells(page)] == expected_names(made)
    assert [row[2] for row in cells(page)] == [FORMULAS.number(value.data) for value in varying]
    steps = data_of(page)["steps"]
    assert [step["node"] for step in steps if step["phase"] == "forward"] == [place[v] for v in operations(made)]
    assert [(step["node"], step["child"]) for step in steps if step["phase"] == "backward"] == [
        (place[value], place[child])
        for value in reversed(operations(made))
        for child in value.children
        if child in place
    ]
    names = dict(zip(varying, expected_names(made), strict=True))
    begun = [
        "",
        *(names[value] for value in operations(made)),
        f"∂{names[root]}/∂{names[root]}",
        *(f"{names[c]}.grad" for value in reversed(operations(made)) for c in value.children if c in place),
    ]
    assert [line.split()[0] for line in lines_of(page)] == list(map(str, range(len(begun))))
    assert [line.split()[1] for line in lines_of(page)][1:] == begun[1:]


def test_a_loaded_graph_comes_after_what_was_there_before_it() -> None:
    """It is numbered anew, as a copy is, wherever and whenever it was stored."""
    original, made = Made(), Made()
    stored = pickle.dumps(right_before_left(original))
    x = made(Value(1.5))
    y = made(x * x)
    loaded = pickle.loads(stored)
    made.extend(counterparts(loaded, original))
    root = made(loaded * y)
    assert topological_order(root) == everything(made)


def test_the_page_of_a_function_steps_as_its_lines_ran() -> None:
    """With the learner's names."""

    def f(a: Value, b: Value) -> Value:
        p = a * b
        q = p + 1
        r = b * b
        return r * q

    page = Stepper(f, a=2.0, b=3.0).page
    assert [row[0] for row in cells(page)] == ["a", "b", "p", "q", "r", "f"]
    steps = data_of(page)["steps"]
    assert [step["node"] for step in steps if step["phase"] == "forward"] == [2, 3, 4, 5]
    assert [step["node"] for step in steps if step["phase"] == "backward"] == [5, 5, 4, 4, 3, 2, 2]


def test_the_graph_of_a_gradient_is_in_order() -> None:
    """A gradient's operations ran between what it is the gradient of and what is made of it, the second one's later."""
    x, w = Value(0.5), Value(3.0)
    y = tanh(w * x) * x
    [first] = gradients(y, [x])
    [second] = gradients(first, [x])
    late = Value(2.0)
    z = second * late + first
    z_of_late, *_ = z.children
    order = topological_order(z)
    place = {node: i for i, node in enumerate(order)}
    assert [node for node in order if node in (x, w, y, first, second, late, z_of_late, z)] == [
        node for node in (x, w, y, first, second, late, z_of_late, z) if node in place
    ]
    of_y, of_first = set(topological_order(y)), set(topological_order(first))
    new, newer = of_first - of_y, set(topological_order(second)) - of_first - of_y
    assert new
    assert newer
    assert max(place[node] for node in of_y if node in place) < min(map(place.get, new))
    assert max(map(place.get, new)) < min(map(place.get, newer))
    assert max(map(place.get, newer)) < place[late]
    assert [step.node for step in backward_steps(z)] == sorted(
        (step.node for step in backward_steps(z)), key=place.get, reverse=True
    )
    names = node_names(order)
    assert [names[node] for node in order if node.op] == [f"h{i}" for i in range(1, sum(bool(n.op) for n in order) + 1)]


@pytest.mark.parametrize("compose", [log_sum_exp, lambda xs: softmax(xs)[1]], ids=["log_sum_exp", "softmax"])
def test_a_function_of_several_rows_runs_between_what_stands_around_it(compose: Callable[[list[Value]], Value]) -> None:
    """Nobody sees its operations as they are made: they are between those before and those after."""
    made = Made()
    xs = [made(x * 2) for x in made.leaves(1.0, 2.0, 3.0)]
    inner = compose(xs)
    late = Value(0.5)
    root = late * inner
    order = topological_order(root)
    before = len(everything(made))
    assert order[:before] == everything(made)
    assert order[-3:] == [inner, late, root]
    assert all(order.index(child) < i for i, node in enumerate(order) for child in node.children)
