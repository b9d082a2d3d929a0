"""One browser for all tests of pages, a page opened in it, and pages without a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import Browser
from tinygrad_edu.show import render


@pytest.fixture
def no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "RENDERERS", [])


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Opens a page from disk; at the end nothing may stand in the console, and nothing else have been asked for."""
    path = tmp_path / "page.html"

    def open_page(page: str, address: str = "") -> Browser:
        path.write_text(page, encoding="utf-8")
        browser.open(path, address)
        return browser

    browser.devtools("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    browser.devtools("Emulation.setEmulatedMedia", media="", features=[])
    yield open_page
    assert browser.log("browser") == []
    assert {re.split("[?#]", request)[0] for request in browser.requests()} <= {path.as_uri(), "data:,"}
