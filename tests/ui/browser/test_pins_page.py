"""Pinned questions in a real browser: pinning, the badge after a build, the list, undo, and nothing to object to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from accessible import SCREENS, visiting
from browsers import chromium
from conftest import TinyEncoder
from playwright.sync_api import Browser, Page, expect
from served import Running, serve
from waiting import wait_until

from qa.build import build
from qa.config import Config
from qa.watchlist.changes import standing
from qa.watchlist.checking import check as check_pins
from qa.watchlist.pins import Watchlist

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
QUESTION = "What does a berth cost for each night?"
OLD, NEW = "A berth costs 40 euros for each night.", "A berth costs 55 euros for each night."
BOATS = "# Boats\n\nBoats are tarred in spring <b>by hand</b>.\n"


@dataclass(frozen=True)
class Harbour:
    """A running chat with an article that a test may change."""

    url: str
    article: Path
    running: Running

    def says(self, words: str) -> None:
        self.article.write_text(f"# Harbour\n\n{words}\n")


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    root = tmp_path_factory.mktemp("pins")
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    config.corpus.mkdir()
    (config.corpus / "boats.md").write_text(BOATS)
    (config.corpus / "harbour.md").write_text(f"# Harbour\n\n{OLD}\n")
    build(config, TinyEncoder())
    with serve(config) as running:
        yield Harbour(str(running.http.base_url), config.corpus / "harbour.md", running)


@pytest.fixture(scope="module")
def browser(harbour: Harbour) -> Iterator[Browser]:
    with chromium(SLOW) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, harbour: Harbour) -> Iterator[Page]:
    harbour.says(OLD)
    build(harbour.running.config, TinyEncoder())
    pinned = Watchlist(harbour.running.config.index)
    for pin in pinned.pins():
        pinned.unpin(pin.key)
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(harbour.url)
    yield page
    context.close()
    assert errors == []


def pin(page: Page) -> None:
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_label("Your question").press("Enter")
    button = page.get_by_role("button", name="Pin", exact=True).last
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#qa-toast")).to_contain_text("Pinned")


def rebuild(page: Page, harbour: Harbour) -> None:
    before = harbour.running.engine.generation.id
    page.get_by_role("link", name="Library").click()
    page.locator("[data-do=rare]").click()
    page.locator("#qa-rare").get_by_role("button", name="Rebuild index").click()
    wait_until(lambda: harbour.running.engine.generation.id != before, SLOW / 1_000)


def test_after_a_build_of_the_chat_a_badge_counts_the_changes_and_the_list_tells_them(
    page: Page, harbour: Harbour
) -> None:
    pin(page)
    harbour.says(NEW)
    rebuild(page, harbour)
    badge = page.locator("#qa-pins-badge")
    expect(badge).to_be_visible(timeout=SLOW)
    expect(page.locator("#qa-spoken")).to_have_text("1 pinned answer has changed.")
    page.get_by_role("link", name="Pinned questions 1 change not seen yet").click()
    entry = page.locator(".qa-pins > li")
    expect(entry).to_have_count(1)
    expect(entry.locator("blockquote")).to_have_text(NEW)
    expect(entry.locator("del")).to_have_text(OLD)
    expect(entry.locator(".qa-pin-change")).to_contain_text("New")
    expect(badge).to_be_hidden()
    entry.get_by_role("link").first.click()
    expect(page.locator("#qa-source")).to_contain_text(NEW)
    page.goto(f"{harbour.url}#/pins")
    page.reload()
    expect(page.locator(".qa-pins blockquote")).to_have_text(NEW)
    expect(page.locator(".qa-pin-change > b")).to_be_hidden()
    expect(badge).to_be_hidden()


def test_other_articles_that_change_are_no_news(page: Page, harbour: Harbour) -> None:
    pin(page)
    (harbour.article.parent / "sails.md").write_text("# Sails\n\nSails are white.\n")
    rebuild(page, harbour)
    page.get_by_role("link", name="Pinned questions").click()
    expect(page.locator(".qa-pins blockquote")).to_have_text(OLD)
    expect(page.locator(".qa-pins li")).not_to_contain_text("asked again soon", timeout=SLOW)
    expect(page.locator(".qa-pin-change")).to_have_count(0)
    expect(page.locator("#qa-pins-badge")).to_be_hidden()


def test_unpinning_can_be_undone_and_the_button_of_the_answer_follows(page: Page) -> None:
    pin(page)
    page.get_by_role("link", name="Pinned questions").click()
    page.get_by_role("button", name=f"Unpin: {QUESTION}").click()
    expect(page.locator("#qa-pins")).to_contain_text("Nothing is pinned yet")
    expect(page.locator("#qa-pins-title")).to_be_focused()
    page.locator("#qa-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".qa-pins blockquote")).to_have_text(OLD)
    page.go_back()
    button = page.get_by_role("button", name="Pin", exact=True)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#qa-toast")).to_contain_text("is no longer pinned")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_list_has_nothing_to_object_to(browser: Browser, harbour: Harbour, screen: str) -> None:
    engine = harbour.running.engine
    Watchlist(engine.config.index).add(QUESTION, {"in": ["harbour.md"]}, standing(engine, QUESTION, {}))
    Watchlist(engine.config.index).add("Who tars the boats?", {}, standing(engine, "Who tars the boats?", {}))
    harbour.says(f"A berth costs {100 + list(SCREENS).index(screen)} euros for each night.")
    build(engine.config, TinyEncoder())
    assert [change.question for change in check_pins(engine)] == [QUESTION]
    with visiting(browser, screen, f"{harbour.url}#/") as (other, check):
        if other.get_by_role("button", name="Menu", exact=True).is_visible():
            other.get_by_role("button", name="Menu", exact=True).click()
        expect(other.locator("#qa-pins-badge")).to_be_visible()
        check("badge")
        other.get_by_role("link", name="Pinned questions").click()
        expect(other.locator(".qa-pin-change > b")).to_be_visible()
        check("pins")
