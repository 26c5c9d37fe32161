"""Checks a page in a browser with axe-core, on screens of many kinds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# A page at 200 % and 400 % of a window of 1280 × 1024 pixels is laid out in a half and a quarter of them.
SCREENS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "wide-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "color_scheme": "dark"},
    "200-percent": {"viewport": {"width": 640, "height": 512}, "device_scale_factor": 2},
    "400-percent": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
    "forced-colours": {"viewport": {"width": 1440, "height": 900}, "forced_colors": "active"},
}


def unfold_all(page: Page) -> None:
    """Open whatever is folded in the answers."""
    for summary in page.locator(".qa-turn summary").all():
        if summary.is_visible():
            summary.click()


@contextmanager
def visiting(
    browser: Browser, screen: str, url: str, locale: str = "en-GB"
) -> Iterator[tuple[Page, Callable[[str], None]]]:
    """A page, and what checks it in a state; QA_SHOTS=folder saves a picture of each."""
    context = browser.new_context(**SCREENS[screen], reduced_motion="reduce", locale=locale)
    page = context.new_page()
    page.goto(url)
    found: list[str] = []

    def check(state: str) -> None:
        if folder := os.environ.get("QA_SHOTS"):
            page.screenshot(path=f"{folder}/{screen}-{locale}-{state}.png")
        # Once for each page: half a megabyte of script.
        script = "0" if page.evaluate("'axe' in window") else AXE_SCRIPT
        result = Axe(script).run(page, options={"resultTypes": ["violations"]}).response
        for violation in result["violations"]:
            for node in violation["nodes"]:
                found.append(f"{state}: {violation['id']} ({violation['impact']}): {node['html'][:160]}")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 1:
            found.append(f"{state}: {overflow} pixels stand out at the side")

    try:
        yield page, check
    finally:
        context.close()
    assert found == [], "\n".join(sorted(set(found)))
