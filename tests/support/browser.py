"""The machine's Chromium, controlled by tests to use a page like a person."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

_COMMANDS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """The path of Chromium: that in CHROMIUM, else the first one on PATH; None if there is none."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, _COMMANDS)), None)


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """An open page without a network, and its requests and errors.

    Attributes:
        page: The page.
        requests: The addresses that it requested, its own first.
        complaints: The messages on its console, and its uncaught errors.
    """

    def __init__(self, browser: Browser, file: Path, **settings: Any) -> None:
        context = browser.new_context(offline=True, **settings)
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(file.as_uri())


def becomes(shown: Page, condition: str, before: str = "") -> bool:
    """Whether a condition holds within ten seconds; the page's policy forbids Playwright's own way of waiting."""
    return bool(
        shown.evaluate(
            f"""before => new Promise(done => {{
                const end = performance.now() + 10000;
                const look = () => {{
                    if ({condition}) done(true);
                    else if (performance.now() > end) done(false);
                    else setTimeout(look, 10);
                }};
                look();
            }})""",
            before,
        )
    )
