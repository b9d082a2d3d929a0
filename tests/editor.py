"""A small editor: what VS Code says to debugpy, over the debug adapter protocol, when somebody presses its keys.

https://microsoft.github.io/debug-adapter-protocol
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

KEYS = {"F5": "continue", "F10": "next", "F11": "stepIn", "Shift+F11": "stepOut"}
PATIENCE = 60.0  # seconds until a debugger that says nothing is given up


class Editor:
    """A program in VS Code's debugger, from its start to its end."""

    def __init__(self, program: Path, **launch: Any) -> None:
        """Start the debugger with a launch configuration; breakpoints are set before `run`."""
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, "-m", "debugpy.adapter"], **streams)  # type: ignore[call-overload]
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()
        self.count = 0
        self.printed = ""
        self.thread = 0
        threading.Thread(target=self.read, daemon=True).start()
        self.ask("initialize", adapterID="debugpy", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
        configuration = {"program": str(program), "cwd": str(program.parent), "console": "internalConsole", **launch}
        self.launching = self.send("launch", request="launch", type="debugpy", python=[sys.executable], **configuration)
        self.wait("event", "initialized")

    def read(self) -> None:
        """Put each message in the queue: a header with its length, an empty line, JSON."""
        stream = self.process.stdout
        while header := stream.readline():
            stream.readline()
            self.received.put(json.loads(stream.read(int(header.split(b":")[1]))))

    def send(self, command: str, **arguments: Any) -> int:
        self.count += 1
        message = {"seq": self.count, "type": "request", "command": command, "arguments": arguments}
        text = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.process.stdin.flush()
        return self.count

    def wait(self, kind: str, *names: str, answers: int = 0, patience: float = PATIENCE) -> dict[str, Any]:
        """The next message of a kind; what the program prints meanwhile is kept."""
        while True:
            message = self.received.get(timeout=patience)
            body = message.get("body") or {}
            if message.get("event") == "output" and body.get("category") in ("stdout", "console"):
                self.printed += body["output"]
            if message["type"] != kind or answers != message.get("request_seq", 0):
                continue
            if kind == "response" or message["event"] in names:
                assert message.get("success", True), message
                return message

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """What the debugger answers to a request."""
        return self.wait("response", answers=self.send(command, **arguments)).get("body") or {}

    def margin(self, file: str, line: int, **options: str) -> None:
        """A click in the margin: a breakpoint, with its condition or its logMessage."""
        self.ask("setBreakpoints", source={"path": file}, breakpoints=[{"line": line, **options}])

    def function(self, name: str) -> None:
        """A function breakpoint."""
        self.ask("setFunctionBreakpoints", breakpoints=[{"name": name}])

    def run(self) -> bool:
        """Go on to the first stop; False if the program ends."""
        self.send("configurationDone")
        return self.stopped()

    def press(self, key: str) -> bool:
        """Press one of the keys; False if the program ends."""
        self.ask(KEYS[key], threadId=self.thread)
        return self.stopped()

    def stopped(self) -> bool:
        message = self.wait("event", "stopped", "terminated")
        self.thread = message["body"].get("threadId", 0) if message.get("body") else 0
        if message["event"] == "terminated":  # what was printed last may come after it
            with contextlib.suppress(queue.Empty):
                self.wait("event", patience=1.0)
        return message["event"] == "stopped"

    def frame(self) -> dict[str, Any]:
        """The frame in which it stands: its name, its source and its line."""
        return self.ask("stackTrace", threadId=self.thread, levels=1)["stackFrames"][0]  # type: ignore[no-any-return]

    def text(self) -> str:
        """The line that runs next."""
        frame = self.frame()
        source = frame["source"]
        if source.get("sourceReference"):
            lines = self.ask("source", sourceReference=source["sourceReference"])["content"].splitlines()
        else:
            lines = Path(source["path"]).read_text(encoding="utf-8").splitlines()
        return str(lines[frame["line"] - 1]).strip()

    def variables(self) -> dict[str, str]:
        """The pane "Locals"."""
        [scope, *_] = self.ask("scopes", frameId=self.frame()["id"])["scopes"]
        return self.pane(scope["variablesReference"])

    def pane(self, reference: int) -> dict[str, str]:
        shown = self.ask("variables", variablesReference=reference)["variables"]
        return {variable["name"]: variable["value"] for variable in shown}

    def expand(self, expression: str) -> dict[str, str]:
        """What is seen where a variable is opened."""
        found = self.ask("evaluate", expression=expression, frameId=self.frame()["id"], context="watch")
        return self.pane(found["variablesReference"])

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
