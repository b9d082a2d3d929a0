"""Render .gv sources: by the system's dot, or by pygraphviz, whose wheels bring Graphviz along."""

from collections.abc import Iterator

PATIENCE = 60.0  # seconds, after which a program is taken to hang


def dot(source: str, format: str) -> bytes:
    import shutil
    import subprocess

    command = [shutil.which("dot") or "dot", f"-T{format}"]
    return subprocess.run(command, input=source.encode(), capture_output=True, timeout=PATIENCE, check=True).stdout


def pygraphviz(source: str, format: str) -> bytes:
    from pygraphviz import AGraph

    return bytes(AGraph(string=source).draw(prog="dot", format=format))


RENDERERS = [dot, pygraphviz]


def attempts(source: str, format: str) -> Iterator[tuple[str, bytes, str]]:
    """Let one renderer after the other draw: yield its name, and the picture or b"" and why there is none."""
    for draw in RENDERERS:
        try:
            picture, reason = draw(source, format), "draws nothing"
        except Exception as error:  # whatever it is: the next may work
            said: bytes = getattr(error, "stderr", None) or b""
            picture, reason = b"", " ".join(f"{error} {said.decode(errors='replace')}".split())
        yield draw.__name__, picture, reason


def render(source: str, format: str) -> bytes | None:
    """Return the picture of a .gv source by the first renderer that works, else None."""
    return next((picture for _, picture, _ in attempts(source, format) if picture), None)
