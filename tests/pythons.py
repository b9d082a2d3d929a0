"""Other interpreters, with this package to import: a new one of this Python, and those of other versions."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = ["3.10", "3.11", "3.12", "3.13"]


@functools.cache
def python_of(version: str) -> str | None:
    """An interpreter of this version that runs: this one, one on the PATH, or one of pyenv's; None if there is none."""
    if version == THIS:
        return sys.executable
    of_pyenv = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for path in [shutil.which(f"python{version}"), *sorted(map(str, of_pyenv))]:
        if path and run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip() == version:
            return path  # a shim of pyenv is there for every version, and does not always run
    return None


def run(command: list[str], entered: str = "", folder: Path | None = None) -> str:
    """What a program prints, both streams, with this package to import and nobody's .pdbrc."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, input=entered, env=environment(folder), encoding="utf-8", **streams).stdout


def environment(folder: Path | None) -> dict[str, str]:
    kept = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | ({"HOME": str(folder)} if folder else {})


def in_a_new_python(code: str) -> Any:
    """What the code prints, as JSON, in an interpreter that has imported nothing yet."""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return json.loads(output)
