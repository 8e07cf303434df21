"""A real Chromium for the tests of the pages: ``python -m tests.debian.browser`` installs one.

The system's is taken where there is one, else the one that Playwright brings.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing of it talks to anybody but the page that is asked for.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_MISSING = (
    "there is no Chromium, in which the pages are tested: `apt install chromium`, or "
    "`.venv/bin/playwright install chromium`"
)


def found() -> str | None:
    """Where the system keeps a Chromium, if it does."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; without one the test fails where everything must be tested, else it is skipped."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found(), args=_FLAGS)
        except Error:
            if found() or "CI" in os.environ:
                raise
            pytest.skip(_MISSING)
        try:
            yield browser
        finally:
            browser.close()


def _playwrights(playwright: Playwright) -> bool:
    return Path(playwright.chromium.executable_path).exists()


def _install() -> None:
    """Install a Chromium if there is none: Debian's where we may, else Playwright's."""
    with sync_playwright() as playwright:
        if found() or _playwrights(playwright):
            return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        commands = [
            ["apt-get", "-qq", "update"],
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"],
        ]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    print("Installing a Chromium, in which the pages are tested (once) ...")  # noqa: T201
    done = all(subprocess.run(command, check=False).returncode == 0 for command in commands)
    if not done:
        print(_MISSING)  # noqa: T201


if __name__ == "__main__":
    _install()
