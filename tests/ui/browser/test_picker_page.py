"""Choosing in a real browser which articles are asked: the button, the dialog, and what a question takes along."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from browsers import chromium
from conftest import TinyEncoder
from corpora import article, write
from playwright.sync_api import Browser, Page, expect
from served import serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
FILES = {
    "harbour/anchor.md": article("Anchors", "anchor"),
    "harbour/old/beacon.md": article("Beacons", "beacon"),
    "<b>garden.txt": article("Garden", "hedge"),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("picker")
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    write(config.corpus, FILES)
    build(config, TinyEncoder())
    with serve(config) as running:
        yield str(running.http.base_url)


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[1400, 390], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 844})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    expect(page.locator("#qa-scope")).to_contain_text("all 3 articles", timeout=SLOW)
    yield page
    context.close()
    assert errors == []


def test_what_is_set_is_taken_along(page: Page) -> None:
    page.evaluate("document.querySelector('[data-do=menu]').click()")
    settings = page.locator("#qa-settings")
    settings.locator("summary").click()
    settings.get_by_label("Answers").select_option("Very likely")
    settings.get_by_label("Passages").select_option("10")
    page.reload()
    page.get_by_role("textbox", name="Your question").fill("Where is the anchor?")
    with page.expect_request(lambda request: "Where is" in (request.post_data or "")) as sent:
        page.keyboard.press("Enter")
    given = json.loads(sent.value.post_data or "")["event_data"]
    assert (given["passages"], given["threshold"]) == (10, 0.9)


def test_a_chosen_folder_is_asked_alone_until_all_are_asked_again(page: Page) -> None:
    page.get_by_role("button", name="In: all 3 articles").click()
    dialog = page.get_by_role("dialog", name="Ask only some articles")
    expect(dialog.locator("#qa-held")).to_have_text("All 3 articles", timeout=SLOW)
    expect(dialog.get_by_role("checkbox", name="<b>garden.txt")).to_be_visible()
    dialog.get_by_role("checkbox", name="harbour").check()
    expect(dialog.locator("#qa-held")).to_have_text("2 articles", timeout=SLOW)
    inside = dialog.get_by_role("checkbox", name="anchor.md")
    expect(inside).to_be_checked()
    expect(inside).to_be_disabled()
    dialog.get_by_label("Until").fill("1999-01-01")
    expect(dialog.locator("#qa-held")).to_contain_text("No article was written until 1999-01-01", timeout=SLOW)
    dialog.get_by_label("Until").fill("")
    expect(dialog.locator("#qa-held")).to_have_text("2 articles", timeout=SLOW)
    dialog.get_by_role("button", name="Done").click()
    button = page.get_by_role("button", name="In: harbour")
    expect(button).to_be_focused()
    page.get_by_label("Your question").fill("What does the hedge report say?")
    page.keyboard.press("Enter")
    expect(page.locator(".qa-scoped")).to_have_text("Asked 2 articles: in:harbour", timeout=SLOW)
    page.reload()
    expect(button).to_be_visible(timeout=SLOW)
    button.click()
    dialog.get_by_role("button", name="Ask all articles").click()
    expect(dialog.locator("#qa-held")).to_have_text("All 3 articles", timeout=SLOW)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="In: all 3 articles")).to_be_focused()


def test_folders_open_and_articles_are_found_by_name_with_the_keyboard_alone(page: Page) -> None:
    page.locator("#qa-scope").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask only some articles")
    opener = dialog.get_by_role("button", name="What is in old")
    expect(opener).to_have_attribute("aria-expanded", "false", timeout=SLOW)
    expect(dialog.get_by_role("checkbox", name="beacon.md")).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("checkbox", name="beacon.md")).to_be_visible()
    dialog.get_by_label("Find a folder or an article").fill("beac")
    found = dialog.get_by_role("checkbox", name="harbour/old/beacon.md")
    expect(found).to_be_visible(timeout=SLOW)
    found.focus()
    page.keyboard.press("Space")
    dialog.get_by_role("checkbox", name="Markdown").check()
    expect(dialog.locator("#qa-held")).to_have_text("1 article", timeout=SLOW)
    page.keyboard.press("Escape")
    expect(page.locator("#qa-scope")).to_have_text("In: beacon.md, Markdown ▾")
