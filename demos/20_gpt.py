"""A GPT of scalars: can a network of Values learn what names look like, and make up new ones?

Claim: yes, in half a minute. It reads a name letter by letter and says at each place how likely each letter is to come
next. A guess without knowledge costs ln 27 = 3.30 per letter; after one pass through 1,500 names the cost of names it
has never seen is below 2.5. What it makes up is no name it has read, mostly, but sounds like one.

Attention lets a place look back: it asks a question (query), each place up to here shows what it has (key) and hands
out something (value); softmax of query · key / √n says how much of each value is taken. Sources: Vaswani et al.,
"Attention is all you need", 2017; Karpathy, microgpt, 2026, whose network this is; Zhang and Sennrich, "Root mean
square layer normalization", 2019. Names: the United States Census of 1990.
"""

import random
import time
from itertools import chain
from typing import Any

from tinygrad_edu import Parameter, relu, softmax, static_graph, weighted_sum
from tinygrad_edu.nn import Adam, cross_entropy, load_names, one_hot

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before a name and after it
WIDTH, HEADS, LONGEST = 8, 2, 8
HEAD = WIDTH // HEADS
rng = random.Random(0)
Vector = list[Any]
Matrix = list[list[Parameter]]

# %% data: names of at most 8 letters; the last 200 are kept for the test
names = [name for name in load_names() if len(name) <= LONGEST]
rng.shuffle(names)
train, test = names[:-200], names[-200:]


def letters_of(name: str) -> list[list[float]]:
    """Return a name between dots, each letter one-hot."""
    return [one_hot(LETTERS.index(letter), len(LETTERS)) for letter in f".{name}."]


# %% parameters: a matrix is a list of rows, each with the weights of one output
def matrix(rows: int, columns: int) -> Matrix:
    return [[Parameter(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]


letter_embedding, place_embedding = matrix(WIDTH, len(LETTERS)), matrix(LONGEST + 1, WIDTH)
query, key, value, out = (matrix(WIDTH, WIDTH) for _ in range(4))
up, down = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
logits_of = matrix(len(LETTERS), WIDTH)
matrices = [letter_embedding, place_embedding, query, key, value, out, up, down, logits_of]
parameters = [*chain.from_iterable(chain.from_iterable(matrices))]


# %% the network
def linear(x: Vector, rows: Matrix) -> Vector:
    return [weighted_sum(row, x) for row in rows]


def add(xs: Vector, ys: Vector) -> Vector:
    return [x + y for x, y in zip(xs, ys, strict=True)]


def normalise(x: Vector) -> Vector:
    """Divide by the root of the mean square."""
    scale = (weighted_sum(x, x) / WIDTH + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def attend(x: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
    """Look back, with each head on its own part of the vectors."""
    q, attended = linear(x, query), []
    keys.append(linear(x, key))
    values.append(linear(x, value))
    for start in range(0, WIDTH, HEAD):
        part = slice(start, start + HEAD)
        weights = softmax([weighted_sum(q[part], k[part]) / HEAD**0.5 for k in keys])
        attended += [weighted_sum(weights, column) for column in zip(*[v[part] for v in values], strict=True)]
    return linear(attended, out)


def gpt(letter: Vector, place: int, keys: list[Vector], values: list[Vector]) -> Vector:
    """Return the logits of the next letter, given a letter, its place, and the keys and values of those before."""
    x = normalise(add(linear(letter, letter_embedding), place_embedding[place]))
    x = add(x, attend(normalise(x), keys, values))
    hidden = map(relu, linear(normalise(x), up))
    return linear(add(x, linear([*hidden], down)), logits_of)


def loss(letters: list[Vector]) -> Any:
    """Return the mean cross-entropy of the letters of a name, each told from those before it."""
    keys: list[Vector] = []
    values: list[Vector] = []
    steps = enumerate(zip(letters[:-1], letters[1:], strict=True))
    losses = [cross_entropy(gpt(letter, place, keys, values), following) for place, (letter, following) in steps]
    return sum(losses) / len(losses)


# %% training: a static graph for each length of names, traced when the first of that length comes
graphs = {length: static_graph(loss, parameters) for length in range(LONGEST + 1)}
optimiser = Adam(parameters, lr=0.01)


def mean_loss(some: list[str]) -> float:
    return sum(graphs[len(name)](letters_of(name)) for name in some) / len(some)


print(f"{len(parameters):,} parameters, {len(train):,} names to learn from, {len(test)} for the test")
start = time.perf_counter()
for step, name in enumerate(train):
    if step % 400 == 0:
        print(f"after {step:4} names: loss {mean_loss(test):.3f} on the test   {time.perf_counter() - start:.0f} s")
    optimiser.zero_grad()
    graphs[len(name)](letters_of(name))
    optimiser.lr = 0.01 * (1.0 - step / len(train))
    optimiser.step()
print(f"after {len(train):4} names: loss {mean_loss(test):.3f} on the test   {time.perf_counter() - start:.0f} s\n")


# %% new names: each letter is drawn as likely as the network says
def make_up() -> str:
    name, keys, values = "", [], []  # type: tuple[str, list[Vector], list[Vector]]
    while len(name) < LONGEST:
        probabilities = softmax(gpt(letters_of(name)[-2], len(name), keys, values))
        first = 0 if name else 1  # a name has a letter at least
        (letter,) = rng.choices(LETTERS[first:], [p.data for p in probabilities[first:]])
        if letter == ".":
            break
        name += letter
    return name


made_up = [make_up() for _ in range(20)]
print(", ".join(made_up))
print(f"{sum(name in names for name in made_up)} of 20 are in the list")
