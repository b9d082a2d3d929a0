"""A real browser for tests: headless Chromium, spoken to by WebDriver (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

MISSING = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
WHY_NOT = f"{' and '.join(MISSING)} not installed: apt-get install chromium chromium-driver"

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-features=BackForwardCache",
    "--in-process-gpu",
]


class Browser:
    """One window. `events` are those of the DevTools protocol: requests, and what is written to the console."""

    def __init__(self, profile: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.address = f"http://127.0.0.1:{port}/session"
        self.opened = 0
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.wait_for_driver()
        session = self.call("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/{session['sessionId']}"

    def wait_for_driver(self) -> None:
        """Until chromedriver listens, for at most ten seconds."""
        for _ in range(100):
            try:
                urllib.request.urlopen(self.address.replace("/session", "/status")).close()
                return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("chromedriver does not answer")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One command of WebDriver. Raises RuntimeError with the browser's message where it fails."""
        data = json.dumps(body or {}).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def devtools(self, command: str, **arguments: Any) -> Any:
        """One command of the DevTools protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": arguments})

    def open(self, page: Path | str, address: str = "") -> None:
        """Load a page anew, from disk: with another query each time, as another fragment alone loads nothing."""
        self.log("browser")
        self.log("performance")
        self.opened += 1
        url = page if isinstance(page, str) else f"{page.resolve().as_uri()}?{self.opened}{address}"
        self.call("POST", "/url", {"url": url})

    def run(self, script: str) -> Any:
        """The result of some JavaScript, which returns it."""
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def press(self, *keys: str) -> None:
        """Press and release keys, by WebDriver's code or as characters."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector: str) -> None:
        """Click in the middle of the first element that matches."""
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        (element,) = found.values()
        self.call("POST", f"/element/{element}/click")

    def text(self, selector: str) -> str:
        """What the first element that matches holds, white space made single."""
        found = self.run(f"return document.querySelector({json.dumps(selector)}).textContent")
        return " ".join(found.split())

    def seen(self, selector: str) -> bool:
        """Whether the first element that matches is shown."""
        return bool(self.run(f"return document.querySelector({json.dumps(selector)})?.checkVisibility()"))

    def picture(self, path: Path) -> None:
        """What the window shows, as a PNG."""
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def log(self, kind: str) -> list[Any]:
        """What has been logged since it was last asked for."""
        return list(self.call("POST", "/se/log", {"type": kind}))

    def requests(self) -> list[str]:
        """The addresses that the page has asked for since it was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def close(self) -> None:
        """End the browser and its driver."""
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
