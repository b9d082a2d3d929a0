"""The code blocks of a README, run: `python tests/readme.py README.md` writes their real output into it.

A ```python or ```sh block that is followed by a ```text block prints it; a ```pdb block is a session with a debugger on
the first ```python block of the file.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, its text, and where the text stands in the file."""

    language: str
    text: str
    start: int
    end: int


def blocks(markdown: str) -> list[Block]:
    return [Block(match[1], match[2], match.start(2), match.end(2)) for match in FENCE.finditer(markdown)]


def outputs(markdown: str) -> list[tuple[Block, str]]:
    """Each block that holds an output, with what it should hold."""
    found = blocks(markdown)
    program = next(block.text for block in found if block.language == "python")
    expected = []
    for block, following in zip(found, found[1:], strict=False):
        if following.language == "text":
            printed = run_python(block.text) if block.language == "python" else run_shell(block.text)
            expected.append((following, printed.rstrip("\n") + "\n"))
        if following.language == "pdb":
            expected.append((following, run_pdb(program, following.text)))
    return expected


def run(command: list[str], folder: str, text: str = "") -> str:
    """What a command prints, both streams, on a wide terminal that knows ∂."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, cwd=folder, input=text, env=environment, encoding="utf-8", **streams).stdout


def run_python(program: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(program, encoding="utf-8")
        return run([sys.executable, "program.py"], folder)


def run_shell(commands: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return "".join(
            run([sys.executable if word == "python" else word for word in shlex.split(command)], folder)
            for command in commands.splitlines()
        )


def run_pdb(program: str, session: str) -> str:
    """The session again, its commands read from the one that stands there; file names without their folders."""
    invocation, *_ = session.splitlines()
    commands = re.findall(r"^\((?:Pdb|row)\) (.+)$", session, re.MULTILINE)
    command = [sys.executable if word == "python" else word for word in shlex.split(invocation.removeprefix("$ "))]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "neuron.py").write_text(program, encoding="utf-8")
        printed = run(command, folder, "\n".join([*commands, "q"]) + "\n")
    first, *answers = re.split(r"(\((?:Pdb|row)\) )", re.sub(r"(> | at )\S*[/\\](?=\w+\.py)", r"\1", printed))
    lines = [invocation, first.rstrip()]
    for command, prompt, answer in zip(commands, answers[::2], answers[1::2], strict=False):
        lines += [f"{prompt}{command}", *answer.splitlines()]
    return "\n".join(lines) + "\n"


def main(path: Path) -> None:
    markdown = path.read_text(encoding="utf-8")
    for block, output in reversed(outputs(markdown)):
        markdown = markdown[: block.start] + output + markdown[block.end :]
    path.write_text(markdown, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
