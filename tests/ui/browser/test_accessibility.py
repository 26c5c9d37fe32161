"""axe-core finds nothing to object to in any state of the page: wide, on a phone, magnified, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from accessible import SCREENS, unfold_all, visiting
from browsers import chromium, until
from conftest import FILES, TinyEncoder
from playwright.sync_api import Browser, Page, expect
from served import HeldEncoder, serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

CATS = """# Cats

## How long do cats sleep?

Cats sleep **sixteen hours** a day on the warm red sofa. See [the notes](https://example.org/notes) and `sleep.log`.

| Animal | Hours |
|---|---|
| Cat | 16 |
| Dog | 12 |

```
sleep(16)
```
"""


@dataclass(frozen=True)
class Urls:
    """A chat with articles, one without, one that wants a log-in, and one that builds its first index."""

    full: str
    empty: str
    locked: str
    building: str


def config_of(root: Path, files: dict[str, str]) -> Config:
    (root / "corpus").mkdir(parents=True)
    for name, text in files.items():
        (root / "corpus" / name).write_text(text, "utf-8")
    return Config(corpus=root / "corpus", index=root / "index")


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    root = tmp_path_factory.mktemp("accessible")
    full = config_of(root / "full", {"cats.md": CATS, "broken.md": "\0\1\2"})
    shutil.copy(FILES / "pdf" / "hives.pdf", full.corpus)
    build(full, TinyEncoder())
    empty, unbuilt, held = config_of(root / "empty", {}), config_of(root / "unbuilt", {"cats.md": CATS}), HeldEncoder()
    with ExitStack() as stack:
        servers = [serve(full), serve(empty), serve(full, auth="me:secret"), serve(unbuilt, encoder=held)]
        yield Urls(*(str(stack.enter_context(one).http.base_url).rstrip("/") for one in servers))
        held.released.set()


@pytest.fixture(scope="module")
def browser(urls: Urls) -> Iterator[Browser]:
    with chromium(patience=30_000) as browser:  # on a busy machine
        yield browser


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(page: Page, question: str, words: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    expect(page.get_by_role("log")).to_contain_text(words, timeout=60_000)


def test_in_a_low_window_the_question_box_scrolls_away(browser: Browser, urls: Urls) -> None:
    with visiting(browser, "400-percent", urls.full) as (page, _):
        ask(page, "How long do cats sleep?", "sixteen hours")
        expect(page.locator(".qa-question").last).to_be_in_viewport()
        expect(page.locator("#qa-send")).not_to_be_in_viewport()
        page.get_by_label("Your question").type("And")  # brings it back
        expect(page.get_by_label("Your question")).to_be_in_viewport()


def test_a_conversation_and_its_sources(browser: Browser, urls: Urls, screen: str) -> None:
    with visiting(browser, screen, urls.full) as (page, check):
        expect(page.locator("#qa-examples button").first).to_be_visible(timeout=60_000)
        check("welcome")
        ask(page, "How long do cats sleep?", "sixteen hours")
        source = page.locator("#qa-source")
        if not source.is_visible():
            check("answered")
            page.locator(".qa-ref").first.click()
            expect(source).to_be_visible()
        expect(source).to_contain_text("sixteen hours", timeout=60_000)
        check("answered, with its source")
        page.keyboard.press("Escape")
        unfold_all(page)
        check("answered, unfolded")
        ask(page, "Who won the 1998 football world cup?", "do not seem to contain the answer")
        check("refused")
        more = page.locator("#qa-past [data-do=past-menu]")
        if more.count() and more.first.is_visible():
            more.first.click()
            check("menu of a conversation")
            page.keyboard.press("Escape")
        page.locator("[data-do=scope]").click()
        expect(page.locator("#qa-places")).to_contain_text("cats.md", timeout=60_000)
        check("choosing articles")


def test_the_library(browser: Browser, urls: Urls, screen: str) -> None:
    with visiting(browser, screen, f"{urls.full}/#/library") as (page, check):
        expect(page.locator("#qa-files")).to_contain_text("cats.md", timeout=60_000)
        check("library")
        page.locator("#qa-files a[href*=hives]").first.click()
        expect(page.locator("#qa-source")).to_be_visible()
        until(page, "document.querySelector('#qa-source .qa-sheets img')?.naturalWidth > 0", seconds=60)
        check("pages of a PDF")
        page.keyboard.press("Escape")
        if page.get_by_role("button", name="Menu", exact=True).is_visible():
            page.get_by_role("button", name="Menu", exact=True).click()
            check("menu")
        for fold in ("History", "Settings"):
            page.locator("summary", has_text=fold).click()
        check("settings and history")
        page.evaluate("qa.say('The conversation was deleted.', () => {})")
        check("message that something can be undone")


def test_the_first_build(browser: Browser, urls: Urls, screen: str) -> None:
    with visiting(browser, screen, urls.building) as (page, check):
        expect(page.locator("#qa-notice .qa-progress")).to_be_visible(timeout=60_000)
        check("first build")
        page.get_by_label("Your question").fill("How long do cats sleep?")
        page.get_by_label("Your question").press("Enter")
        expect(page.locator(".qa-turn[data-id] .qa-waiting")).to_be_visible(timeout=60_000)
        check("a question that waits for the first index")
        page.goto(f"{urls.building}/#/library")
        expect(page.locator("#qa-built .qa-progress")).to_be_visible(timeout=60_000)
        check("build in the library")


def test_without_articles(browser: Browser, urls: Urls, screen: str) -> None:
    with visiting(browser, screen, urls.empty) as (page, check):
        expect(page.locator("#qa-notice")).to_contain_text("no articles", timeout=60_000)
        check("empty")


def test_the_page_to_log_in(browser: Browser, urls: Urls, screen: str) -> None:
    with visiting(browser, screen, urls.locked) as (page, check):
        check("log-in")
        page.get_by_label("Name").fill("me")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        check("wrong log-in")
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_label("Your question")).to_be_visible()
        check("logged in")
