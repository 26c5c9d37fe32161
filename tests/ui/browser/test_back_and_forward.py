"""The browser's Back and Forward in a real browser: the source first, then turns and conversations, on every width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browsers import chromium, until
from conftest import TinyEncoder
from corpora import article, write
from playwright.sync_api import Browser, Locator, Page, expect
from served import serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
WIDE: dict[str, object] = {"viewport": {"width": 1400, "height": 900}}
PHONE: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ANCHOR, BEACON = "Where is the anchor?", "Where is the beacon?"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("history")
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    write(config.corpus, {"anchor.md": article("Anchors", "anchor"), "beacon.md": article("Beacons", "beacon")})
    build(config, TinyEncoder())
    with serve(config) as running:
        yield str(running.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    with chromium(SLOW) as browser:
        yield browser


@contextmanager
def visiting(browser: Browser, url: str, options: dict[str, object]) -> Iterator[Page]:
    """A page of a new visitor that came from an empty one; at its end, no script has failed."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(SLOW)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def ask(page: Page, question: str) -> None:
    before = page.locator(".qa-turn[data-id]").count()
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")
    expect(page.locator(".qa-turn[data-id] .qa-lead")).to_have_count(before + 1)


def source(page: Page) -> Locator:
    return page.locator("#qa-source")


def is_at(page: Page, place: str, opened: str = "") -> None:
    """The address ends with a place, and the source is open with an article of this title, or closed."""
    expect(page).to_have_url(re.compile(rf"{place}$"))
    if opened:
        expect(source(page).locator("h2").first).to_have_text(opened)
        until(page, "'source' in document.documentElement.dataset", seconds=SLOW / 1_000)
    else:
        expect(source(page)).to_be_hidden()


def in_view(page: Page, turn: int) -> None:
    """A turn begins at the top of the conversation, or the end of the conversation is reached."""
    until(
        page,
        """(turn) => {
            const talk = document.querySelector('#qa-talk');
            const frame = getComputedStyle(talk).overflowY === 'visible' ? document.querySelector('#qa-ask') : talk;
            const top = document.querySelector(`.qa-turn[data-id="${turn}"]`).getBoundingClientRect().top;
            const isEnd = frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 1;
            return Math.abs(top - frame.getBoundingClientRect().top - 16) < 20 || isEnd;
        }""",
        turn,
        SLOW / 1_000,
    )


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


FIRST, SECOND = r"#/c/[\w-]{16}/1", r"#/c/[\w-]{16}/2"
OPENED = r"#/article/{file}\?at=[^#]*&from=[\w-]{{16}}/{turn}/{rank}"


def opened(file: str, turn: int, rank: str = r"\d") -> str:
    return OPENED.format(file=file, turn=turn, rank=rank)


def test_back_closes_the_source_and_then_goes_to_the_turn_before(browser: Browser, url: str) -> None:
    with visiting(browser, url, WIDE) as page:
        before = entries(page)
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        ask(page, BEACON)
        is_at(page, opened("beacon.md", 2), "Beacons")
        assert entries(page) == before + 2  # two turns, and the source of the last one
        current = page.locator(".qa-card[aria-current]")
        expect(current).to_have_count(1)
        page.go_back()
        is_at(page, SECOND)
        expect(current).to_have_count(0)  # no card says any more that its source is open
        page.go_back()
        is_at(page, FIRST)
        in_view(page, 1)
        page.go_forward()
        is_at(page, SECOND)
        in_view(page, 2)
        page.go_forward()
        is_at(page, opened("beacon.md", 2), "Beacons")
        expect(current).to_have_count(1)
        assert entries(page) == before + 2


def test_that_an_earlier_question_has_no_answer_does_not_close_a_later_source(browser: Browser, url: str) -> None:
    with visiting(browser, url, WIDE) as page:
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        ask(page, BEACON)
        is_at(page, opened("beacon.md", 2), "Beacons")
        page.evaluate("qa.tell('source', { html: '', turn: 1 })")
        page.get_by_role("link", name="Library").click()
        is_at(page, "#/library")
        page.go_back()
        is_at(page, opened("beacon.md", 2), "Beacons")
        page.evaluate("qa.tell('source', { html: '', turn: 3 })")
        is_at(page, SECOND)


def test_what_comes_late_takes_nobody_back_from_where_they_have_just_gone(browser: Browser, url: str) -> None:
    """The address changes at once; what the middle shows follows, with the browser's `hashchange`."""
    with visiting(browser, url, WIDE) as page:
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        for late in (
            "qa.write('/c/late/2', false)",
            "qa.cover('/article/late.md?at=1-2', { key: 'late', turn: 2, rank: 1 })",
        ):
            page.evaluate(f"location.hash = '#/library'; {late}")
            is_at(page, "#/library")
            expect(page.locator("#qa-files")).to_be_visible()
            page.go_back()
            is_at(page, opened("anchor.md", 1), "Anchors")


def test_another_source_of_an_answer_takes_the_entry_of_the_one_that_was_open(browser: Browser, url: str) -> None:
    with visiting(browser, url, WIDE) as page:
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        before = entries(page)
        page.get_by_role("button", name="Next source").click()
        is_at(page, opened("beacon.md", 1, "2"), "Beacons")
        page.get_by_role("button", name="Previous source").click()
        is_at(page, opened("anchor.md", 1, "1"), "Anchors")
        assert entries(page) == before
        page.get_by_role("button", name="Close the source").click()
        is_at(page, FIRST)
        page.go_forward()
        is_at(page, opened("anchor.md", 1, "1"), "Anchors")
        page.reload()
        is_at(page, opened("anchor.md", 1, "1"), "Anchors")
        expect(page.locator(".qa-turn[data-id] .qa-lead")).to_have_count(1)
        expect(page.get_by_role("button", name="Next source")).to_be_enabled()  # it is that of the answer again
        page.go_back()
        is_at(page, FIRST)
        assert entries(page) == before


def test_conversations_library_and_articles_are_left_in_the_order_in_which_they_were_opened(
    browser: Browser, url: str
) -> None:
    with visiting(browser, url, WIDE) as page:
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        first = page.url
        page.keyboard.press("Control+k")
        is_at(page, "#/")
        ask(page, BEACON)
        is_at(page, opened("beacon.md", 1), "Beacons")
        page.get_by_role("link", name="Library").click()
        is_at(page, "#/library")
        page.get_by_role("link", name="Anchors").click()
        is_at(page, r"#/article/anchor.md", "Anchors")
        expect(page.locator("#qa-library")).to_be_visible()
        page.go_back()
        is_at(page, "#/library")
        page.go_back()
        is_at(page, opened("beacon.md", 1), "Beacons")
        expect(page.locator("#qa-ask")).to_be_visible()
        page.go_back()
        is_at(page, FIRST)
        page.go_back()
        is_at(page, opened("anchor.md", 1), "Anchors")
        assert page.url == first
        expect(page.locator(".qa-question")).to_have_text(ANCHOR)
        page.go_back()
        is_at(page, FIRST)
        page.go_back()
        assert page.url == "about:blank"  # nothing of the chat is left to go back to


def test_the_current_conversation_comes_back_with_its_source(browser: Browser, url: str) -> None:
    with visiting(browser, url, WIDE) as page:
        ask(page, ANCHOR)
        is_at(page, opened("anchor.md", 1), "Anchors")
        page.get_by_role("link", name="Library").click()
        is_at(page, "#/library")
        page.get_by_role("link", name="Current conversation").click()
        is_at(page, opened("anchor.md", 1), "Anchors")
        page.go_back()
        is_at(page, FIRST)
        page.go_back()
        is_at(page, "#/library")


def test_an_article_that_a_link_opened_closes_before_the_page_is_left(browser: Browser, url: str) -> None:
    for options in (WIDE, PHONE):
        with visiting(browser, f"{url}/#/article/anchor.md", options) as page:
            is_at(page, "#/article/anchor.md", "Anchors")
            page.go_back()
            is_at(page, "#/")
            page.go_forward()
            is_at(page, "#/article/anchor.md", "Anchors")
            page.go_back()
            is_at(page, "#/")
            page.go_back()
            assert page.url == "about:blank"


def test_a_conversation_that_is_not_kept_has_its_sources_in_the_history(browser: Browser, url: str) -> None:
    with visiting(browser, url, WIDE) as page:
        page.get_by_text("History", exact=True).click()
        keep = page.get_by_role("checkbox", name="Keep conversations")
        expect(keep).to_be_enabled()
        keep.uncheck()
        expect(page.locator("#qa-keeping")).not_to_have_attribute("aria-busy", "true")
        before = entries(page)
        ask(page, ANCHOR)
        is_at(page, r"#/article/anchor.md\?at=[\d=&a-z-]+", "Anchors")
        ask(page, BEACON)
        is_at(page, r"#/article/beacon.md\?at=[\d=&a-z-]+", "Beacons")
        page.go_back()
        is_at(page, "/(?:#/)?")
        page.go_forward()
        is_at(page, r"#/article/beacon.md\?at=[\d=&a-z-]+", "Beacons")
        expect(page.get_by_role("button", name="Next source")).to_be_enabled()
        assert entries(page) == before + 1


def test_on_a_phone_source_and_menu_are_left_first_and_nothing_twice(browser: Browser, url: str) -> None:
    with visiting(browser, url, PHONE) as page:
        ask(page, ANCHOR)
        is_at(page, FIRST)
        page.locator("[data-do=open]").first.tap()
        is_at(page, opened("anchor.md", 1), "Anchors")
        page.go_back()
        is_at(page, FIRST)
        page.go_forward()
        is_at(page, opened("anchor.md", 1), "Anchors")
        assert page.evaluate("document.querySelector('#qa-main').inert")
        page.keyboard.press("Escape")
        is_at(page, FIRST)
        first = page.url
        page.get_by_role("button", name="Menu", exact=True).tap()
        page.locator("#qa-rail .qa-new").tap()
        is_at(page, "#/")
        ask(page, BEACON)
        is_at(page, FIRST)
        assert page.url != first
        page.get_by_role("button", name="Menu", exact=True).tap()
        page.get_by_role("link", name="Library").tap()
        is_at(page, "#/library")
        page.go_back()
        is_at(page, FIRST)
        expect(page.locator(".qa-question")).to_have_text(BEACON)
        page.go_back()
        expect(page.locator(".qa-question")).to_have_text(ANCHOR)
        assert page.url == first
        page.go_back()
        assert page.url == "about:blank"
