"""The stepper measured: `PYTHONPATH=. python tests/benchmarks/stepper.py` from the root of the repository.

How long a step keeps headless Chromium busy: the page's own script, then style and layout. 16 ms are one of sixty
frames a second. Pages of about 50 and 200 nodes are walked through step by step, forwards and backwards, then by jumps
from end to end and between distant steps, each of which begins when all that moves has come to rest. Every walk is
repeated; the time of a step is the median of its rounds, so what else the machine does in one of them falls out. Beside
the worst step stands the longest time that any step took in any round. A slider's move is measured from its event to
the last change of the document, with everything computed anew, at the first, the middle and the last step. All of it
takes eight minutes.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
from pathlib import Path

from engine import print_table, version

from tests.browser import Browser
from tinygrad_edu import Stepper, tanh
from tinygrad_edu.nn import MLP, squared_error

ROUNDS = 5
JUMPS = 12
REST = 400  # ms before a jump
WALK = """
return (async () => {
  const times = [];
  for (const step of %s) {
    await new Promise(rested => setTimeout(rested, %d));
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    show(step);
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
})()
"""

MOVES = """
return (async () => {
  const times = [], { slide } = leaves[0];
  show(%d);
  for (let i = 0; i < 40; i++) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    slide.value = Number(slide.min) + (i + 1) * Number(slide.step);
    slide.dispatchEvent(new Event("input"));
    recompute(); // what the next frame would do
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
})()
"""


def chain_page(length):
    """A loop of three operations: 3 · length + 3 nodes."""

    def chain(x, w, b):
        for _ in range(length):
            x = tanh(w * x + b)
        return x

    return Stepper(chain, x=0.3, w=0.9, b=0.1)


def network_page(*sizes):
    """The loss of a network, one sample: most of its nodes are weights."""
    model = MLP(*sizes, activation="tanh", seed=1)
    return Stepper(lambda x, y: squared_error(model(x), y), x=[0.5] * sizes[0], y=1.0)


def walks(last):
    """The steps to show in turn, and how long to rest before each."""
    half = last // 2
    return {
        "forwards": (range(last + 1), 0),
        "backwards": (range(last, -1, -1), 0),
        "end to end": ([last, 0] * (JUMPS // 2), REST),
        "half the way": ([step for i in range(JUMPS // 2) for step in (i, i + half)], REST),
    }


def measure(browser, steps, rest):
    """For each step its times, one per round, in ms. A first round, in which the browser warms up, is not counted."""
    script = WALK % (json.dumps(list(steps)), rest)
    rounds = []
    for _ in range(ROUNDS + 1):
        browser.run(f"show({steps[0]})")
        rounds.append(browser.run(script))
    return list(zip(*rounds[1:], strict=True))


def row(name, times):
    """Its median, 95th percentile and worst step, and the longest time of all."""
    medians = list(map(statistics.median, times))
    *_, high = statistics.quantiles(medians, n=20, method="inclusive")
    return [name, statistics.median(medians), high, max(medians), max(map(max, times))]


def report(browser, folder, title, stepper):
    page = Path(folder) / "page.html"
    page.write_text(stepper.page, encoding="utf-8")
    browser.open(page)
    nodes, last = browser.run("return [nodes.length, last]")
    rows = [row(name, measure(browser, *walk)) for name, walk in walks(last).items()]
    moves = [browser.run(MOVES % step) for step in (0, last // 2, last)]
    rows.append(row("a slider's move", [time for times in moves for time in zip(times[10:])]))
    header = ["ms", "median", "95 %", "worst step", "longest"]
    print_table(f"{title}: {nodes} nodes, {last + 1} steps", header, *rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(Path(folder) / "profile")
        try:
            print(f"{browser.run('return navigator.userAgent').split()[-2]}, {platform.system()} {platform.machine()}, "
                  f"{os.cpu_count()} CPUs, {version('tinygrad_edu')}")  # fmt: skip
            browser.devtools(
                "Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False
            )
            report(browser, folder, "A chain", chain_page(16))
            report(browser, folder, "A network", network_page(2, [10, 1]))
            report(browser, folder, "A chain", chain_page(66))
            report(browser, folder, "A network", network_page(6, [12, 6, 1]))
        finally:
            browser.close()
