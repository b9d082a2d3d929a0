"""Run the tests against mutants of the package: python -m tests.mutants tinygrad_edu/nn/losses.py …

Every mutant is a process of its own, forked where the tests are collected and about to run. There the changed functions
change places with the original's; what runs when the module is imported (constants, defaults, the tables of a class) is
imported anew instead, with its tests. A mutant is given the tests that call the function it changes, those of its
module first. Tests in another process or in a browser see no mutant, and are left out; so are those that take long.

The file of verdicts has a line per mutant, and one beside it what each test calls. A second run goes on with what is
not killed yet; without these files it starts afresh. What no test can tell from the original is listed, with reasons,
in equivalent_mutants.txt.

mutmut and cosmic-ray were looked at: mutmut puts a trampoline in front of each function, so that `inspect.getsource` no
longer shows the row that runs, which this package reads; cosmic-ray starts an interpreter per mutant, and writes the
mutant to disk.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import linecache
import math
import os
import pkgutil
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings

from tests.mutations import Module, Mutant

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")
OTHER_PROCESSES = ("test_page.py", "test_debugger.py", "test_demos.py", "test_readme.py", "test_architecture.py")
SECONDS = 20.0  # of tests for one mutant, by their time without one
LONGEST = 0.5  # seconds of a single test: longer ones are left out
MEMORY = 8 << 30
UNUSED = [f"-pno:{name}" for name in ("cacheprovider", "logging", "warnings", "unraisableexception", "threadexception")]
Function = tuple[str, int]  # the file and the first line


class Ran(NamedTuple):
    """Hold what a test did without a mutant."""

    seconds: float
    functions: set[Function]


def equivalents() -> set[tuple[str, ...]]:
    """Return the keys of the mutants that are listed as equivalent.

    Each paragraph of the list starts with a file and the function in it; below, a line with - is replaced by the one
    with + that follows it; what else stands there is the reason.
    """
    found = set()
    for paragraph in EQUIVALENT.read_text(encoding="utf-8").split("\n\n"):
        head, *lines = paragraph.strip().splitlines()
        path, _, place = head.partition(" ")
        changed = [line[2:] for line in lines if line.startswith(("- ", "+ "))]
        found |= {(path, place, *pair) for pair in zip(changed[::2], changed[1::2], strict=True)}
    return found


class Runner:
    """Run mutants in place of the tests that pytest has collected."""

    def __init__(self, mutants: Sequence[Mutant], verdicts: Path, workers: int, at_import: set[Function]) -> None:
        self.mutants = mutants
        self.verdicts = verdicts
        self.workers = workers
        self.at_import = at_import  # what has run before the tests
        self.running: dict[int, tuple[Mutant, Path]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Fork a process per mutant; write down how it ends."""
        settings.register_profile("mutants", settings.default, max_examples=20, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutants")  # the least example that fails is of no interest here
        session.config.option.tbstyle = "native"  # nobody reads it
        self.items = session.items
        self.ran = self.run_without_mutant(session)
        gc.unfreeze()  # what is frozen is not among the objects
        self.functions = [x for x in gc.get_objects() if isinstance(x, types.FunctionType)]
        gc.freeze()  # so that no process copies what it does not change
        for mutant in self.mutants:
            while len(self.running) >= self.workers:
                self.wait()
            folder = Path(tempfile.mkdtemp())
            work = functools.partial(self.run, session, mutant, tests := self.tests_for(mutant))
            self.running[fork(work, folder, self.time(tests))] = mutant, folder
        while self.running:
            self.wait()
        return True

    def wait(self) -> None:
        """Wait for one of the mutants: tests that fail, or never end, have killed it."""
        child, status = os.wait()
        mutant, folder = self.running.pop(child)
        shutil.rmtree(folder, ignore_errors=True)
        line = "\t".join(["survived" if status == 0 else "killed", *mutant.key])
        with self.verdicts.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def run_without_mutant(self, session: pytest.Session) -> dict[str, Ran]:
        """Return what each test does that passes; what a test did in an earlier run is read from a file."""
        file = self.verdicts.with_suffix(".tests")
        before = self.ran_in(file)
        new = [item for item in self.items if item.nodeid not in before]
        folder = Path(tempfile.mkdtemp())
        os.waitpid(fork(lambda: self.watch(session, new, file), folder, 10_000), 0)
        shutil.rmtree(folder, ignore_errors=True)
        passed = {name: ran for name, ran in self.ran_in(file).items() if ran.functions}
        print(f"{len(passed)} tests, {sum(ran.seconds for ran in passed.values()):.0f} s", flush=True)
        return passed

    def ran_in(self, file: Path) -> dict[str, Ran]:
        """Return what is written in a file of tests, unless the package has changed since: lines have moved."""
        changed = max(source.stat().st_mtime for source in Path("tinygrad_edu").rglob("*.py"))
        fresh = file.exists() and file.stat().st_mtime > changed
        lines = file.read_text(encoding="utf-8").splitlines() if fresh else []
        return {name: Ran(seconds, set(map(tuple, functions))) for name, seconds, functions in map(json.loads, lines)}

    def watch(self, session: pytest.Session, items: Sequence[pytest.Item], file: Path) -> None:
        """Run tests, and write down what they call: nothing if they fail, or take long.

        In an order at random, as each will have to pass without those before it.
        """
        items = random.Random(0).sample(items, len(items))
        for item, following in zip(items, [*items[1:], None], strict=True):
            failed, start = session.testsfailed, time.process_time()
            with calls(LONGEST) as functions:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds = time.process_time() - start
            sees = session.testsfailed == failed and seconds < LONGEST
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps([item.nodeid, seconds, sorted(functions) if sees else []]) + "\n")

    def tests_for(self, mutant: Mutant) -> list[pytest.Item]:
        """Return the tests that call what is changed, those of the module first, then quick ones."""
        path = str(mutant.path.resolve())
        asked = (path, mutant.function)
        anywhere = mutant.function is None or asked in self.at_import

        def calls(item: pytest.Item) -> bool:
            functions = self.ran[item.nodeid].functions if item.nodeid in self.ran else set()
            return any(file == path for file, _ in functions) if anywhere else asked in functions

        def order(item: pytest.Item) -> tuple[bool, float]:
            return not mirrors(item, mutant), self.ran[item.nodeid].seconds

        chosen, seconds = [], 0.0
        for item in sorted(filter(calls, self.items), key=order):
            seconds += self.ran[item.nodeid].seconds
            if seconds > SECONDS and chosen:
                break
            chosen.append(item)
        return chosen

    def time(self, tests: Iterable[pytest.Item]) -> int:
        """Return the seconds after which a mutant counts as one that never ends."""
        return 15 + int(3 * sum(self.ran[item.nodeid].seconds for item in tests))

    def run(self, session: pytest.Session, mutant: Mutant, tests: list[pytest.Item]) -> bool:
        """Return whether the tests fail."""
        path = str(mutant.path.resolve())
        linecache.cache[path] = len(mutant.text), None, mutant.text.splitlines(keepends=True), path
        code = compile(mutant.text, path, "exec", dont_inherit=True)
        if mutant.function is None or (path, mutant.function) in self.at_import:
            return import_and_run(mutant, code, tests)
        codes = {(x.co_name, x.co_firstlineno): x for x in codes_in(code)}
        for function in self.functions:
            if function.__code__.co_filename == path:
                function.__code__ = codes[function.__code__.co_name, function.__code__.co_firstlineno]
        for item, following in zip(tests, [*tests[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return True
        return False


def mirrors(test: pytest.Item, mutant: Mutant) -> bool:
    """Tell whether a test stands in the file for a module or its room: test_optim.py, test_static.py."""
    return any(name in test.path.stem for name in (mutant.path.stem, mutant.path.parent.name))


def fork(work: Callable[[], Any], folder: Path, seconds: int) -> int:
    """Do some work in another process, silently, which ends with 1 if the work returns True, or fails."""
    sys.stdout.flush()
    if child := os.fork():
        return child
    status = 1
    try:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)  # for tmp_path
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(20 * seconds)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        status = int(work() is True)
    finally:
        os._exit(status)


class calls:
    """Tell which functions of the package are called within a block, in its first seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> set[Function]:
        self.codes: set[types.CodeType] = set()
        self.functions: set[Function] = set()
        self.end = time.process_time() + self.seconds
        sys.settrace(self.note)
        return self.functions

    def note(self, frame: types.FrameType, event: str, argument: Any) -> None:
        self.codes.add(frame.f_code)
        if time.process_time() > self.end:
            sys.settrace(None)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        self.functions |= {(x.co_filename, x.co_firstlineno) for x in self.codes if "/tinygrad_edu/" in x.co_filename}


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of everything in a module, the innermost last."""
    for x in code.co_consts:
        if isinstance(x, types.CodeType):
            yield x
            yield from codes_in(x)


def import_and_run(mutant: Mutant, code: types.CodeType, tests: Sequence[pytest.Item]) -> bool:
    """Import the package anew, with the mutant in it, and run the tests."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("tinygrad_edu", "tests")]:
        del sys.modules[name]
    sys.meta_path.insert(0, importer := Importer(mutant, code))
    importlib.import_module(importer.name)  # before pytest, which imports what has doctests by itself
    of_module = [item for item in tests if mirrors(item, mutant)]
    others = [item for item in tests if item not in of_module]
    return any(failing(items) for items in (of_module, others) if items)


def failing(tests: Sequence[pytest.Item]) -> bool:
    """Collect some tests anew, run them, and return whether one fails."""
    order = {item.nodeid: i for i, item in enumerate(tests)}
    files = dict.fromkeys(str(item.path) for item in tests)
    return pytest.main(["-x", "-q", "-s", *UNUSED, *files], [Chosen(order)]) not in (0, 5)


class Chosen:
    """Let pytest run some tests only, in their order."""

    def __init__(self, order: dict[str, int]) -> None:
        self.order = order

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((x for x in items if x.nodeid in self.order), key=lambda item: self.order[item.nodeid])


class Importer(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Import a mutant in place of its module."""

    def __init__(self, mutant: Mutant, code: types.CodeType) -> None:
        name = ".".join(mutant.path.with_suffix("").parts).removesuffix(".__init__")
        importlib.machinery.SourceFileLoader.__init__(self, name, str(mutant.path.resolve()))
        self.code = code

    def find_spec(self, name: str, path: object, target: object = None) -> Any:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, name: str) -> types.CodeType:
        return self.code


def main() -> None:
    sys.modules["torch"] = None  # type: ignore[assignment]  # every process would take seconds to import it
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--tests", nargs="*", default=["tests", "tinygrad_edu"], help="files; without them, all")
    parser.add_argument("--verdicts", type=Path, default=Path(tempfile.gettempdir(), "mutants.txt"))
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    mutants = [mutant for path in given.modules for mutant in Module(path).mutants()]
    seen = verdicts_in(given.verdicts)
    known = equivalents()
    to_run = [x for x in mutants if seen.get(x.key) != "killed" and x.key not in known]
    to_run.sort(key=lambda mutant: mutant.function is None)  # last what needs a new import
    with calls(math.inf) as at_import:
        import tinygrad_edu

        for module in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu."):
            importlib.import_module(module.name)
    ignored = [f"--ignore-glob=*/{name}" for name in OTHER_PROCESSES]
    with contextlib.suppress(ImportError):
        importlib.import_module("numpy")  # once for all
    runner = Runner(to_run, given.verdicts, given.workers, at_import)
    if to_run:
        pytest.main(["-s", *UNUSED, "-pno:terminal", *ignored, *given.tests], [runner])
    report(mutants, verdicts_in(given.verdicts), known)


def verdicts_in(file: Path) -> dict[tuple[str, ...], str]:
    """Return the last verdict on each mutant."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {tuple(key): verdict for verdict, *key in (line.split("\t") for line in lines)}


def report(mutants: Sequence[Mutant], verdicts: Mapping[tuple[str, ...], str], known: set[tuple[str, ...]]) -> None:
    """Print how many mutants of each module are equivalent, killed and left, and how many of these are mere texts."""
    for path in [*dict.fromkeys(mutant.path for mutant in mutants), None]:
        of_module = [x for x in mutants if path in (None, x.path)]
        counted = [x for x in of_module if x.key not in known]
        left = [x for x in counted if verdicts.get(x.key) != "killed"]
        share = 1.0 - len(left) / max(len(counted), 1)
        texts = sum(x.is_text for x in left)
        print(
            f"{path or 'all'}: {len(of_module)} mutants, {len(of_module) - len(counted)} equivalent, "
            f"{len(counted) - len(left)} killed, {len(left)} left ({texts} of them texts): {share:.1%}"
        )
    of_modules = {str(mutant.path) for mutant in mutants}
    for key in sorted(known - {mutant.key for mutant in mutants}):
        if key[0] in of_modules:
            print("listed as equivalent, but there is no such mutant:", *key, sep="\n  ")


if __name__ == "__main__":
    main()
