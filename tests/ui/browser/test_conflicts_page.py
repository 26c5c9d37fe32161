"""The list of conflicts in a real browser: it comes once the articles were compared, and each side opens its source."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from accessible import SCREENS, visiting
from browsers import chromium
from conftest import TinyEncoder
from corpora import write
from playwright.sync_api import Browser, expect
from served import Running, serve

from qa.ask.pipeline import Resources
from qa.build import build
from qa.config import Config
from qa.conflicts import comparing as module
from qa.conflicts.findings import Conflicts
from qa.conflicts.search import Step, conflicts

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
FEE = "Members of the Bergen rowing club pay an annual harbour fee of {} euros for each *wooden* boat."
OLD, NEW = (f"---\ndate: {date}\n---\n# Harbour rules\n\n## Fees\n\n{FEE.format(fee)}\n"
            for date, fee in (("2023-05-01", 40), ("2025-05-01", 45)))  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("conflicts")
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    write(config.corpus, {"old/harbour.md": OLD, "rules/harbour.md": NEW})
    build(config, TinyEncoder())
    with serve(config) as running:
        yield running


@pytest.fixture(scope="module")
def browser(running: Running) -> Iterator[Browser]:
    with chromium(SLOW) as browser:
        yield browser


@pytest.mark.parametrize("screen", SCREENS)
def test_both_sides_are_shown_and_open_at_their_words(browser: Browser, running: Running, screen: str) -> None:
    with visiting(browser, screen, str(running.http.base_url)) as (page, check):
        page.set_default_timeout(SLOW)
        if page.locator("[data-do=menu]").is_visible():
            page.locator("[data-do=menu]").click()
        page.get_by_role("link", name="Conflicts").click()
        conflict = page.locator(".qa-conflicts > li")
        expect(conflict).to_have_count(1)
        expect(conflict.get_by_role("heading")).to_contain_text("45")
        assert conflict.locator("mark").all_inner_texts() == ["45", "40"]
        assert conflict.locator(".qa-side-date").all_inner_texts() == ["2025-05-01", "2023-05-01"]
        one, other = (side.bounding_box() for side in conflict.locator(".qa-sides > div").all())
        assert one and other
        assert (one["y"] == other["y"]) == (page.viewport_size is not None and page.viewport_size["width"] > 759)
        check("conflicts")
        conflict.get_by_role("link").last.click()
        expect(page.locator("#qa-source [data-mark]").first).to_have_text("40")
        page.get_by_role("button", name="Close the source").click()
        expect(conflict).to_be_visible()
        assert page.evaluate("location.hash") == "#/conflicts"


def test_another_index_is_compared_while_the_list_is_open(browser: Browser, running: Running) -> None:
    with visiting(browser, "wide", f"{running.http.base_url}/#/conflicts") as (page, check):
        page.set_default_timeout(SLOW)
        expect(page.locator(".qa-conflicts > li")).to_have_count(1)
        write(running.config.corpus, {"rules/harbour.md": NEW.replace("45", "40")})
        build(running.config, TinyEncoder())
        expect(page.locator(".qa-conflicts-list")).to_contain_text("No two articles give different values")
        check("no conflicts")
        write(running.config.corpus, {"rules/harbour.md": NEW})
        build(running.config, TinyEncoder())
        expect(page.locator(".qa-conflicts > li")).to_have_count(1)
        expect(page.locator(".qa-conflicts-state")).to_be_hidden()


def test_while_it_compares_the_page_says_how_far_it_is(
    browser: Browser, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def held(resources: Resources, step: Step) -> Conflicts:
        step("reading", 1200, 3000)
        assert goes_on.wait(60)
        return conflicts(resources, step=step)

    monkeypatch.setattr(module, "conflicts", held)
    write(running.config.corpus, {"more.md": "# Bread\n\nThe sourdough rises for nine hours in the bakery.\n"})
    build(running.config, TinyEncoder())
    with visiting(browser, "phone", f"{running.http.base_url}/#/conflicts") as (page, check):
        page.set_default_timeout(SLOW)
        expect(page.locator(".qa-conflicts-state")).to_have_text("1,200 of 3,000 passages read …")
        check("comparing")
        goes_on.set()
        expect(page.locator(".qa-conflicts > li")).to_have_count(1)
