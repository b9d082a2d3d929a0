"""A GPT of scalars measured: `python tests/benchmarks/gpt.py` from the root of the repository.

The network of Karpathy's microgpt (2026) reads names letter by letter: 16 dimensions, 4 heads, one block, 27 letters,
4,192 parameters. A step is forward, backward and, where it says so, Adam. It is taken by Values as in microgpt
(`peers.Value`), which look the embeddings up, and by a static graph, which is given its letters one-hot. Each runs in a
process of its own; they take turns, round after round. Then a training over names of all lengths, compiling included.
"""

from __future__ import annotations

import functools
import operator
import random
import resource
import subprocess
import sys
import time

import peers
from engine import print_machine, print_table

from tinygrad_edu import Parameter, static_graph, weighted_sum
from tinygrad_edu.nn import Adam
from tinygrad_edu.static.graph import Program
from tinygrad_edu.static.tracing import trace_function

WIDTH, HEADS, LETTERS, CONTEXT = 16, 4, 27, 16
HEAD = WIDTH // HEADS
ROUNDS, STEPS, LENGTH = 5, 3, 8
TRAINING = 1_000
PER_PROCESS = 100  # steps of a training with Values: the time of the whole is reckoned from these


def plain_sum(w, x):
    """Sum the products as microgpt does."""
    return sum(wi * xi for wi, xi in zip(w, x, strict=True))


class GPT:
    """The network of microgpt, of any kind of Value; `dot` is how weights and inputs are summed."""

    def __init__(self, value, dot):
        rng = random.Random(0)

        def matrix(rows, columns):
            return [[value(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.dot = dot
        self.letters, self.places = matrix(LETTERS, WIDTH), matrix(CONTEXT, WIDTH)
        self.query, self.key, self.value, self.out = (matrix(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
        self.logits = matrix(LETTERS, WIDTH)

    def parameters(self):
        of_attention = [self.query, self.key, self.value, self.out]
        matrices = [self.letters, self.places, *of_attention, self.up, self.down, self.logits]
        return [p for matrix in matrices for row in matrix for p in row]

    def linear(self, x, matrix):
        return [self.dot(row, x) for row in matrix]

    def __call__(self, letter, place, keys, values):
        """Return the logits of the next letter, given what the letter looks like."""
        x = normalised([a + b for a, b in zip(letter, self.places[place], strict=True)])
        before, x = x, normalised(x)
        q = self.linear(x, self.query)
        keys.append(self.linear(x, self.key))
        values.append(self.linear(x, self.value))
        attended = []
        for start in range(0, WIDTH, HEAD):
            head = slice(start, start + HEAD)
            weights = softmax([plain_sum(q[head], k[head]) / HEAD**0.5 for k in keys])
            attended += [plain_sum(weights, column) for column in zip(*[v[head] for v in values], strict=True)]
        x = [a + b for a, b in zip(self.linear(attended, self.out), before, strict=True)]
        before, x = x, normalised(x)
        x = self.linear([z.relu() for z in self.linear(x, self.up)], self.down)
        return self.linear([a + b for a, b in zip(x, before, strict=True)], self.logits)

    def loss(self, letters, targets):
        """Return the mean cross-entropy; `letters` are rows of the embedding."""
        keys, values, losses = [], [], []
        for place, (letter, target) in enumerate(zip(letters, targets, strict=True)):
            probabilities = softmax(self(letter, place, keys, values))
            losses.append(-target(probabilities).log())
        return (1 / len(losses)) * functools.reduce(operator.add, losses)

    def looked_up(self, name):
        """Return the loss of a name, a list of numbers of letters, as microgpt computes it."""
        return self.loss([self.letters[i] for i in name[:-1]], [operator.itemgetter(i) for i in name[1:]])

    def one_hot(self, name):
        """Return the loss of a name of one-hot lists."""
        columns = list(zip(*self.letters, strict=True))
        return self.loss(
            [self.linear(letter, columns) for letter in name[:-1]],
            [functools.partial(plain_sum, letter) for letter in name[1:]],
        )


def normalised(x):
    """Divide by the root of the mean square (Zhang and Sennrich, 2019)."""
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(logits):
    exps = [z.exp() for z in logits]
    total = functools.reduce(operator.add, exps)
    return [e / total for e in exps]


def names(length=None):
    """Yield made-up names, lists of numbers of letters between two marks of the end, of a length or of all up to 8."""
    rng = random.Random(1)
    while True:
        n = length or rng.choice((4, 5, 6, 7, 8, 9))
        yield [26, *(rng.randrange(26) for _ in range(n - 1)), 26]


def one_hot(name):
    return [[float(i == letter) for i in range(LETTERS)] for letter in name]


class Peer:
    """A step with Values as in microgpt."""

    def __init__(self, with_adam):
        self.model = GPT(peers.Value, plain_sum)
        self.parameters = self.model.parameters()
        self.state = [[0.0, 0.0] for _ in self.parameters]
        self.with_adam = with_adam
        self.t = 0

    def step(self, name):
        for p in self.parameters:
            p.grad = 0
        loss = self.model.looked_up(name)
        loss.backward()
        if self.with_adam:
            self.update()
        return loss.data

    def update(self):
        """Take a step of Adam, written out as in microgpt."""
        self.t += 1
        for p, state in zip(self.parameters, self.state, strict=True):
            m = state[0] = 0.9 * state[0] + 0.1 * p.grad
            v = state[1] = 0.999 * state[1] + 0.001 * p.grad**2
            p.data -= 0.001 * (m / (1 - 0.9**self.t)) / ((v / (1 - 0.999**self.t)) ** 0.5 + 1e-8)


class Static:
    """A step with a static graph for each length of names."""

    def __init__(self, with_adam, dot):
        self.model = GPT(Parameter, dot)
        self.optimiser = Adam(self.model.parameters(), lr=0.001)
        self.graphs = {}
        self.with_adam = with_adam

    def step(self, name):
        if len(name) not in self.graphs:
            self.graphs[len(name)] = static_graph(self.model.one_hot, self.model.parameters())
        self.optimiser.zero_grad()
        loss = self.graphs[len(name)](one_hot(name))
        if self.with_adam:
            self.optimiser.step()
        return loss


KINDS = {
    "static": lambda: Static(False, plain_sum),
    "static, Adam": lambda: Static(True, plain_sum),
    "static, weighted sums": lambda: Static(False, weighted_sum),
    "static, weighted sums, Adam": lambda: Static(True, weighted_sum),
    "Values": lambda: Peer(False),
    "Values, Adam": lambda: Peer(True),
}


def work(kind):
    """Print the seconds of a step, and the loss, whenever a line comes in."""
    engine = KINDS[kind]()
    name = next(names(LENGTH))
    for _ in range(10):  # so that a static graph is traced, and judged less often
        loss = engine.step(name)
        if kind.startswith("Values"):
            break
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(STEPS):
            loss = engine.step(name)
        print((time.perf_counter() - start) / STEPS, loss, flush=True)


def train(kind):
    """Print the seconds of a training over names of all lengths, and the memory it took, in MB."""
    engine, steps = KINDS[kind](), PER_PROCESS if kind.startswith("Values") else TRAINING
    start = time.perf_counter()
    for _, name in zip(range(steps), names(), strict=False):
        engine.step(name)
    print((time.perf_counter() - start) * TRAINING / steps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def size(dot):
    """Return the lines, the seconds of tracing, writing and compiling, and the operations of a step's program."""
    model = GPT(Parameter, dot)
    static = static_graph(model.one_hot, model.parameters())
    sample = [one_hot(next(names(LENGTH)))]
    start = time.perf_counter()
    graph = trace_function(static.function, static.takes, static.parameters, sample, static.limit)
    traced = time.perf_counter()
    program = Program(graph, False, static)
    end = time.perf_counter()
    return [len(graph.order), program.text.count("\n"), traced - start, end - traced, end - start]


def started(kind, what):
    return subprocess.Popen([sys.executable, __file__, kind, what], stdin=-1, stdout=-1, text=True)


def report_steps():
    processes = {kind: started(kind, "step") for kind in KINDS}
    seconds = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, process in processes.items():
            process.stdin.write("step\n")
            process.stdin.flush()
            seconds[kind].append(float(process.stdout.readline().split()[0]))
    for process in processes.values():
        process.communicate()
    rows = []
    for kind, series in seconds.items():
        peer = seconds["Values, Adam" if "Adam" in kind else "Values"]
        ratios = sorted(theirs / ours for ours, theirs in zip(series, peer, strict=True))
        rows.append([kind, 1e3 * sorted(series)[ROUNDS // 2], ratios[ROUNDS // 2]])
    print_table(f"A step on a name of {LENGTH - 1} letters", ["", "ms", "times as fast"], *rows)


def report_training():
    kinds = [kind for kind in KINDS if "Adam" in kind]
    results = {kind: list(map(float, started(kind, "train").communicate()[0].split())) for kind in kinds}
    rows = [[kind, s, results["Values, Adam"][0] / s, mb] for kind, (s, mb) in results.items()]
    print_table(f"{TRAINING:,} steps over names of all lengths", ["", "s", "times as fast", "MB"], *rows)


def main():
    if len(sys.argv) > 1:
        return {"step": work, "train": train}[sys.argv[2]](sys.argv[1])
    print_machine()
    rows = [["plain sums", *size(plain_sum)], ["weighted sums", *size(weighted_sum)]]
    print_table("The program", ["", "operations", "lines", "s to trace", "to write and compile", "in all"], *rows)
    report_steps()
    report_training()
    return None


if __name__ == "__main__":
    main()
