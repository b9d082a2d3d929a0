"""A GPT of scalars: can a network of Values learn what names look like, and make up new ones?

Claim: yes, in half a minute. It reads a name letter by letter and says at each place how likely each letter is to come
next. A guess without knowledge costs ln 27 = 3.30 per letter; after one pass through 1,800 names the cost of names it
has never seen is below 2.5. What it makes up is mostly no name that it has read, but sounds like one.

Attention lets a place look back: it asks a question (query), each place up to here shows what it has (key) and hands
out something (value); softmax of query · key / √n says how much of each value is taken (Vaswani et al., "Attention is
all you need", 2017). The network is that of Karpathy's microgpt, 2026.
"""

import random
import time
from typing import Any

from tinygrad_edu import Parameter, relu, softmax, static_graph, weighted_sum
from tinygrad_edu.nn import Adam, cross_entropy, load_names, one_hot

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before a name and after it
WIDTH, HEAD, LONGEST = 8, 4, 8  # of the vectors, of a head's part of them, of the names
Vector = list[Any]
Memory = tuple[list[Vector], list[Vector]]  # keys and values
rng = random.Random(0)

# %% data: names of at most 8 letters, each one-hot, between dots; the last 100 are kept for the test
names = [name for name in load_names() if len(name) <= LONGEST]
rng.shuffle(names)
train, test = names[:-100], names[-100:]


def letters_of(name: str) -> list[list[float]]:
    return [one_hot(LETTERS.index(letter), len(LETTERS)) for letter in f".{name}."]


# %% parameters: a matrix is a list of rows, the weights of one output each
def matrix(rows: int, columns: int) -> list[Vector]:
    return [[Parameter(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]


letter_embedding, place_embedding = matrix(WIDTH, len(LETTERS)), matrix(LONGEST + 1, WIDTH)
query, key, value, out = (matrix(WIDTH, WIDTH) for _ in range(4))
up, down, logits_of = matrix(2 * WIDTH, WIDTH), matrix(WIDTH, 2 * WIDTH), matrix(len(LETTERS), WIDTH)
parameters = [p for m in (letter_embedding, place_embedding, query, key, value, out, up, down, logits_of)
              for row in m for p in row]  # fmt: skip


# %% the network
def linear(x: Vector, rows: list[Vector]) -> Vector:
    return [weighted_sum(row, x) for row in rows]


def add(xs: Vector, ys: Vector) -> Vector:
    return [x + y for x, y in zip(xs, ys, strict=True)]


def normalise(x: Vector) -> Vector:
    """Divide by the root of the mean square."""
    scale = (weighted_sum(x, x) / WIDTH + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def attend(x: Vector, memory: Memory) -> Vector:
    """Look back, with each head on its own part of the vectors."""
    (keys, values), q, attended = memory, linear(x, query), []
    keys.append(linear(x, key))
    values.append(linear(x, value))
    for start in range(0, WIDTH, HEAD):
        part = slice(start, start + HEAD)
        weights = softmax([weighted_sum(q[part], k[part]) / HEAD**0.5 for k in keys])
        attended += [weighted_sum(weights, column) for column in zip(*[v[part] for v in values], strict=True)]
    return linear(attended, out)


def gpt(letter: Vector, place: int, memory: Memory) -> Vector:
    """Return the logits of the next letter, given a letter, its place, and the keys and values of those before."""
    x = normalise(add(linear(letter, letter_embedding), place_embedding[place]))
    x = add(x, attend(normalise(x), memory))
    hidden = map(relu, linear(normalise(x), up))
    return linear(add(x, linear([*hidden], down)), logits_of)


def loss(letters: list[Vector]) -> Any:
    """Return the mean cross-entropy of the letters of a name, each told from those before it."""
    memory: Memory = [], []
    places = range(len(letters) - 1)
    return sum(cross_entropy(gpt(letters[i], i, memory), letters[i + 1]) for i in places) / len(places)


# %% training: a static graph for each length of names, traced when the first of that length comes
graphs = {length: static_graph(loss, parameters) for length in range(LONGEST + 1)}
optimiser = Adam(parameters, lr=0.01)


def report(step: int) -> None:
    mean_loss = sum(graphs[len(name)](letters_of(name)) for name in test) / len(test)
    print(f"after {step:4} names: loss {mean_loss:.3f} on the test   {time.process_time():.0f} s")


print(f"{len(parameters):,} parameters, {len(train):,} names to learn from, {len(test)} for the test")
for step, name in enumerate(train):
    if step % 600 == 0:
        report(step)
    optimiser.zero_grad()
    graphs[len(name)](letters_of(name))
    optimiser.lr = 0.01 * (1.0 - step / len(train))
    optimiser.step()
report(len(train))


# %% new names: each letter is drawn as likely as the network says
def make_up() -> str:
    name, memory = "", ([], [])  # type: tuple[str, Memory]
    while len(name) < LONGEST and not name.endswith("."):
        probabilities = softmax(gpt(letters_of(name)[-2], len(name), memory))
        name += rng.choices(LETTERS, [p.data for p in probabilities])[0]
    return name.rstrip(".")


made_up = [make_up() for _ in range(20)]
print(f"\n{', '.join(made_up)}\n{sum(name in names for name in made_up)} of 20 are in the list")
