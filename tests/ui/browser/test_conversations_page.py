"""Conversations in a real browser: they outlive the page, and are listed, opened, renamed, deleted and exported."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsers import chromium, until
from conftest import TinyEncoder
from corpora import article, write
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from served import serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
ANCHOR, BEACON = "Where is the anchor?", "Where is the beacon?"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("conversations")
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    write(config.corpus, {"anchor.md": article("Anchors", "anchor"), "beacon.md": article("Beacons", "beacon")})
    build(config, TinyEncoder())
    return config


@pytest.fixture(scope="module")
def url(config: Config) -> Iterator[str]:
    with serve(config) as running:
        yield str(running.http.base_url)


@pytest.fixture(scope="module")
def other_url(config: Config) -> Iterator[str]:
    """Another chat over the same index, as after a restart; a browser sends its cookies to every port."""
    with serve(config) as running:
        yield str(running.http.base_url)


@pytest.fixture(scope="module")
def browser(url: str, other_url: str) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def profile(browser: Browser, **options: object) -> Iterator[BrowserContext]:
    """A browser of a new visitor; at its end, no page has had an error."""
    context = browser.new_context(**{"viewport": WIDE, **options})  # type: ignore[arg-type]
    context.set_default_timeout(SLOW)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def ask(page: Page, question: str) -> None:
    before = turns(page).count()
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")
    expect(turns(page)).to_have_count(before + 1, timeout=SLOW)
    expect(turns(page).last.locator(".qa-lead")).to_be_visible(timeout=SLOW)
    # On a wide screen its source opens above it, as an entry of its own in the history.
    size = page.viewport_size
    address = "#/c/[\\w-]{{16}}/{}$" if size == PHONE else "&from=[\\w-]{{16}}/{}/1$"
    expect(page).to_have_url(re.compile(address.format(before + 1)), timeout=SLOW)


def name_of(page: Page) -> str:
    """The name of the conversation in the address."""
    found = re.search(r"(?:#/c/|&from=)([\w-]{16})/", page.url)
    assert found is not None
    return found[1]


def turns(page: Page) -> Locator:
    return page.locator(".qa-turn[data-id]")


def listed(page: Page) -> Locator:
    return page.locator("#qa-past li a")


def shows(page: Page, *questions: str) -> None:
    """The page shows these questions, each with its answer."""
    expect(page.locator(".qa-turn .qa-lead")).to_have_count(len(questions), timeout=SLOW)
    for number, question in enumerate(questions):
        expect(turns(page).nth(number).locator(".qa-question")).to_contain_text(question)


def choose(page: Page, title: str, action: str) -> None:
    page.get_by_role("button", name=f"More about “{title}”").click()
    page.locator("#qa-past-menu").get_by_role("button", name=action).click()


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("QA_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_reload_a_second_tab_and_a_restarted_chat_show_the_conversation(
    browser: Browser, url: str, other_url: str
) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        ask(page, BEACON)
        expect(listed(page)).to_have_text([ANCHOR], timeout=SLOW)
        expect(listed(page)).to_have_attribute("aria-current", "page")
        shot(page, "conversation")
        page.reload()
        shows(page, ANCHOR, BEACON)
        expect(page).to_have_title(f"{ANCHOR} · Ask your articles")
        turns(page).first.locator("[data-do=open]").first.click()
        expect(page.locator("#qa-source h2").first).to_be_visible(timeout=SLOW)
        shows(opened(context, url), ANCHOR, BEACON)  # it goes on where this browser was
        shows(opened(context, f"{other_url}#{page.url.partition('#')[2]}"), ANCHOR, BEACON)


def test_two_tabs_of_one_conversation_agree(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        one = opened(context, url)
        ask(one, ANCHOR)
        other = opened(context, one.url)
        shows(other, ANCHOR)
        ask(other, BEACON)
        shows(one, ANCHOR, BEACON)
        ask(one, ANCHOR)
        shows(other, ANCHOR, BEACON, ANCHOR)


def test_back_and_forward_lead_through_the_conversations(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        page.keyboard.press("Control+k")
        expect(turns(page)).to_have_count(0)
        expect(page).to_have_title("Ask your articles")
        ask(page, BEACON)
        expect(listed(page)).to_have_text([BEACON, ANCHOR], timeout=SLOW)
        page.go_back()  # closes the source
        shows(page, BEACON)
        page.go_back()
        shows(page, ANCHOR)
        page.go_forward()
        shows(page, BEACON)
        page.get_by_role("link", name="Library").click()
        expect(page.locator("#qa-library")).to_be_visible()
        page.get_by_role("link", name="Current conversation").click()
        shows(page, BEACON)
        listed(page).last.click()
        shows(page, ANCHOR)
        page.reload()
        shows(page, ANCHOR)


def test_nobody_else_opens_a_conversation_by_its_address(browser: Browser, url: str) -> None:
    with profile(browser) as context, profile(browser) as other:
        page = opened(context, url)
        ask(page, ANCHOR)
        stranger = opened(other, page.url)
        expect(stranger.locator(".qa-problem")).to_contain_text("does not exist, or not in this browser", timeout=SLOW)
        expect(listed(stranger)).to_have_count(0)
        ask(stranger, BEACON)  # and goes on with a conversation of their own
        expect(listed(stranger)).to_have_text([BEACON], timeout=SLOW)
        assert name_of(stranger) != name_of(page)


def test_conversations_are_found_renamed_deleted_and_restored(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        page.get_by_role("button", name="New question").click()
        ask(page, BEACON)
        expect(listed(page)).to_have_count(2, timeout=SLOW)
        search = page.get_by_role("searchbox", name="Search conversations")
        search.fill("ÁNCHOR")
        expect(listed(page)).to_have_text([ANCHOR], timeout=SLOW)
        search.fill("zeppelin")
        expect(page.locator("#qa-past")).to_contain_text("No conversation has these words.", timeout=SLOW)
        search.fill("")
        expect(listed(page)).to_have_count(2, timeout=SLOW)
        listed(page).first.hover()
        shot(page, "list")
        choose(page, ANCHOR, "Rename")
        title = page.get_by_role("textbox", name="Title of the conversation")
        title.fill("<b>Harbour</b>")
        title.press("Enter")
        expect(listed(page)).to_have_text([BEACON, "<b>Harbour</b>"], timeout=SLOW)
        choose(page, "<b>Harbour</b>", "Rename")
        title.fill("Not this")
        title.press("Escape")
        choose(page, BEACON, "Delete")  # the one that is shown
        expect(turns(page)).to_have_count(0)
        expect(listed(page)).to_have_text(["<b>Harbour</b>"], timeout=SLOW)
        toast = page.locator("#qa-toast")
        expect(toast).to_contain_text(f"“{BEACON}” was deleted.", timeout=SLOW)
        shot(page, "deleted")
        toast.get_by_role("button", name="Undo").click()
        expect(listed(page)).to_have_text([BEACON, "<b>Harbour</b>"], timeout=SLOW)
        expect(toast).to_be_hidden()
        page.get_by_text("History", exact=True).click()
        shot(page, "history")
        page.get_by_role("button", name="Delete all conversations").click()
        expect(toast).to_contain_text("2 conversations were deleted.", timeout=SLOW)
        expect(listed(page)).to_have_count(0)


def test_the_menu_is_used_with_the_keyboard(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        expect(listed(page)).to_have_count(1, timeout=SLOW)
        more = page.get_by_role("button", name=f"More about “{ANCHOR}”")
        listed(page).focus()
        page.keyboard.press("Tab")
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        menu = page.locator("#qa-past-menu")
        expect(menu.get_by_role("button", name="Rename")).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(menu.get_by_role("button", name="Delete")).to_be_focused()
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        expect(more).to_be_focused()


def test_a_menu_stays_with_its_conversation_when_the_list_is_written_anew(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        expect(listed(page)).to_have_count(1, timeout=SLOW)
        more = page.get_by_role("button", name=f"More about “{ANCHOR}”")
        more.focus()
        page.keyboard.press("Enter")
        page.evaluate("qa.send('past', 'qa_list', { words: 'anchor', minutes: 0 })")
        until(page, "!document.querySelector('#qa-past [aria-expanded=true]')")
        page.keyboard.press("Escape")
        expect(page.locator("#qa-past-menu")).to_be_hidden()
        expect(more).to_be_focused()


def test_a_conversation_is_downloaded(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        expect(listed(page)).to_have_count(1, timeout=SLOW)
        with page.expect_download() as markdown:
            choose(page, ANCHOR, "Export as Markdown")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d Where is the anchor\.md", markdown.value.suggested_filename)
        text = Path(markdown.value.path()).read_text("utf-8")
        assert f"]({url.rstrip('/')}/#/article/anchor.md?at=" in text and f"## {ANCHOR}" in text
        with page.expect_download() as data:
            choose(page, ANCHOR, "Export as JSON")
        (turn,) = json.loads(Path(data.value.path()).read_text("utf-8"))["turns"]
        assert turn["answer"]["citations"][0]["document"] == "anchor.md"


def test_a_switch_in_the_page_keeps_no_history(browser: Browser, url: str) -> None:
    with profile(browser) as context:
        page = opened(context, url)
        page.get_by_text("History", exact=True).click()
        keep = page.get_by_role("checkbox", name="Keep conversations")
        expect(keep).to_be_enabled(timeout=SLOW)
        keep.uncheck()
        expect(page.locator("#qa-keeping[aria-busy]")).to_have_count(0, timeout=SLOW)
        page.get_by_role("button", name="New question").click()
        box = page.get_by_role("textbox", name="Your question")
        box.fill(ANCHOR)
        box.press("Enter")
        shows(page, ANCHOR)
        expect(page).to_have_url(re.compile("#/article/anchor.md"), timeout=SLOW)
        assert "from=" not in page.url  # the open source belongs to no conversation that could be opened again
        page.go_back()  # closes the source
        shows(page, ANCHOR)
        expect(page).to_have_url(re.compile(rf"^{re.escape(url.rstrip('/'))}/?#?/?$"))
        expect(listed(page)).to_have_count(0)
        page.reload()
        expect(page.get_by_role("heading", name="Ask your articles")).to_be_visible(timeout=SLOW)
        page.get_by_text("History", exact=True).click()
        expect(keep).to_be_enabled(timeout=SLOW)
        expect(keep).not_to_be_checked()


def test_on_a_phone_back_closes_source_and_list_and_the_conversation_stays(browser: Browser, url: str) -> None:
    with profile(browser, viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark") as context:
        page = opened(context, url)
        ask(page, ANCHOR)
        address = page.url
        turns(page).first.locator("[data-do=open]").first.tap()
        expect(page.locator("#qa-source h2").first).to_be_visible(timeout=SLOW)
        page.go_back()
        shows(page, ANCHOR)
        assert page.url == address
        page.get_by_role("button", name="Menu", exact=True).tap()
        expect(listed(page)).to_be_visible(timeout=SLOW)
        until(page, "document.querySelector('#qa-rail').getBoundingClientRect().left === 0")
        shot(page, "phone-list")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.go_back()
        expect(listed(page)).to_be_hidden()
        shows(page, ANCHOR)
        assert page.url == address
        page.get_by_role("button", name="Menu", exact=True).tap()
        listed(page).tap()
        expect(listed(page)).to_be_hidden()
        shows(page, ANCHOR)
