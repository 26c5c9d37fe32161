"""A real browser for tests: the Chromium of this machine, quiet and without a sandbox of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Worker, expect, sync_playwright
from waiting import wait_until

_PATIENCE = 5_000  # milliseconds in which what is expected must be seen, as Playwright has it
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def executable() -> str | None:
    """Where it is; None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium(patience: int = _PATIENCE) -> Iterator[Browser]:
    """Start it after the servers of a test: Playwright runs an event loop in this thread."""
    path = executable()
    if path is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    expect.set_options(timeout=patience)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()
    expect.set_options(timeout=_PATIENCE)


@contextmanager
def with_extension(folder: Path, profile: Path) -> Iterator[tuple[BrowserContext, Worker]]:
    """Start it with an unpacked extension and a profile of its own; its service worker is the extension's."""
    path = executable()
    if path is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    loaded = [f"--disable-extensions-except={folder}", f"--load-extension={folder}"]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, channel="chromium", args=[*_ARGUMENTS, *loaded]
        )
        worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
        yield context, worker
        context.close()


def until(page: Page, condition: str, argument: object = None, seconds: float = _PATIENCE / 1_000) -> None:
    """Returns as soon as a condition in JavaScript is true on the page.

    Playwright's `wait_for_function` evaluates text in the page, which the chat's Content-Security-Policy forbids.
    """
    wait_until(lambda: page.evaluate(condition, argument), seconds, every=0.05)
