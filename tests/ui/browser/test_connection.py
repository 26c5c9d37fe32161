"""The page's connection to the server in a real browser: what is asked before it is there, loses it, or shares it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers import chromium
from conftest import TinyEncoder
from corpora import article, write
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from served import HeldEncoder, serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
ANCHOR, BEACON = "Where is the anchor?", "Where is the beacon?"


@contextmanager
def served_apart(config: Config, port: int, encoder: TinyEncoder | None = None) -> Iterator[None]:
    """A server that starts in another thread: the browser runs an event loop in this one."""
    with ThreadPoolExecutor(1) as apart, ExitStack() as stack:
        apart.submit(stack.enter_context, serve(config, port=port, encoder=encoder)).result()
        yield
        apart.submit(stack.close).result()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", threshold=0.0, reader="off")
    write(config.corpus, {"anchor.md": article("Anchors", "anchor"), "beacon.md": article("Beacons", "beacon")})
    build(config, TinyEncoder())
    return config


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def url(config: Config, port: int) -> Iterator[str]:
    with served_apart(config, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of a new visitor; at its end, no page has had an error."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(SLOW)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


def ask(page: Page, question: str) -> None:
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")


def answers(page: Page, number: int) -> None:
    expect(page.locator(".qa-turn[data-id] .qa-lead")).to_have_count(number, timeout=SLOW)


def test_a_question_asked_while_the_chat_restarts_is_answered_after_it(
    context: BrowserContext, config: Config, port: int
) -> None:
    page = context.new_page()
    toast = page.locator("#qa-toast")
    with served_apart(config, port):
        page.goto(f"http://127.0.0.1:{port}/")
        ask(page, ANCHOR)
        answers(page, 1)
        expect(page).to_have_url(re.compile(r"#/c/[\w-]{16}/1$|&from=[\w-]{16}/1/1$"), timeout=SLOW)
    ask(page, BEACON)
    expect(toast).to_contain_text("The chat does not answer: what you asked waits until it does.", timeout=SLOW)
    with served_apart(config, port):
        answers(page, 2)
        expect(page.locator(".qa-turn[data-id]").last).to_contain_text(BEACON)
        expect(toast).to_be_hidden()


def test_an_answer_that_was_awaited_when_the_connection_broke_is_shown(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(url)
    ask(page, ANCHOR)
    answers(page, 1)
    broken: list[str] = []

    def broke(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort()

    page.route("**/queue/data*", broke)
    ask(page, BEACON)
    answers(page, 2)
    assert broken


def test_a_question_that_is_asked_before_the_page_is_whole_is_answered(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}?q=Where+is+the+anchor%3F", wait_until="commit")
    answers(page, 1)
    page.goto(url, wait_until="commit")
    ask(page, BEACON)
    expect(page.locator(".qa-turn[data-id]").last).to_contain_text(BEACON, timeout=SLOW)


def test_every_question_is_shown_at_once_and_gives_way_to_its_answer(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(url)
    ask(page, ANCHOR)
    answers(page, 1)
    page.route("**/queue/join?*", lambda route: route.abort())  # it is sent again
    for number, question in enumerate((BEACON, "Where is the harbour?"), 1):
        ask(page, question)
        expect(page.locator(".qa-asked")).to_have_count(number)
        expect(page.locator(".qa-turns > *").last).to_contain_text(question)
    page.unroute("**/queue/join?*")
    expect(page.locator(".qa-asked")).to_have_count(0, timeout=SLOW)
    expect(page.locator(".qa-turn[data-id]")).to_have_count(3, timeout=SLOW)
    questions = page.locator(".qa-turn[data-id] .qa-question").all_inner_texts()
    assert questions == [ANCHOR, BEACON, "Where is the harbour?"]


def test_what_is_refused_says_why(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(url)
    page.route("**/queue/join?*", lambda route: route.fulfill(status=403, json={"error": "No: ask somebody else."}))
    ask(page, ANCHOR)
    expect(page.locator("#qa-toast")).to_contain_text("No: ask somebody else.", timeout=SLOW)
    expect(page.locator(".qa-asked")).to_contain_text("No: ask somebody else.")


def test_seven_windows_share_one_stream_and_the_last_one_asks(context: BrowserContext, url: str) -> None:
    streams: list[Request] = []
    context.on("request", lambda request: streams.append(request) if urlsplit(request.url).path == "/events" else None)
    pages = [context.new_page() for _ in range(7)]
    for page in pages:
        page.goto(url)
        expect(page.locator("#qa-headline")).to_contain_text("2 articles", timeout=SLOW)
    assert len(streams) == 1
    ask(pages[-1], ANCHOR)
    answers(pages[-1], 1)
    (reader,) = (page for page in pages if streams[0].frame.page is page)
    with context.expect_event("request", lambda request: urlsplit(request.url).path == "/events"):
        reader.close()  # another window reads the stream from now on


def test_files_are_uploaded_at_once_and_wherever_they_are_dropped(
    context: BrowserContext, config: Config, url: str
) -> None:
    page = context.new_page()
    page.goto(f"{url}#/library", wait_until="domcontentloaded")
    files = [{"name": "cable.md", "mimeType": "text/markdown", "buffer": article("Cables", "cable").encode()}]
    page.locator("#qa-upload input").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator("#qa-uploaded")).to_contain_text("cable.md: saved", timeout=SLOW)
    page.goto(f"{url}#/article/anchor.md")
    expect(page.locator("#qa-source h2")).to_be_visible(timeout=SLOW)
    places = {"#qa-question textarea": "dock.md", "#qa-rail": "rail.md", "#qa-source": "pane.md", "#qa-talk": "talk.md"}
    for place, name in places.items():
        given = page.evaluate_handle(
            "name => { const all = new DataTransfer(); all.items.add(new File(['# Dock'], name)); return all; }", name
        )
        for kind in ("dragenter", "dragover", "drop"):
            page.dispatch_event(place, kind, {"dataTransfer": given})
        expect(page.locator("#qa-uploaded")).to_contain_text(f"{name}: saved", timeout=SLOW)
        expect(page.locator("html")).not_to_have_attribute("data-dropping", "")
    assert {path.name for path in config.corpus.iterdir()} >= {"cable.md", *places.values()}


def test_questions_and_files_that_come_before_the_first_index_wait_for_it(
    context: BrowserContext, tmp_path: Path, port: int
) -> None:
    config = Config(corpus=tmp_path / "new", index=tmp_path / "index", threshold=0.0, reader="off")
    write(config.corpus, {"anchor.md": article("Anchors", "anchor")})
    held = HeldEncoder()
    with served_apart(config, port, held):
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        ask(page, ANCHOR)
        expect(page.locator(".qa-turn[data-id] .qa-waiting")).to_be_visible(timeout=SLOW)
        files = [{"name": "cable.md", "mimeType": "text/markdown", "buffer": article("Cables", "cable").encode()}]
        page.locator("#qa-upload input").set_input_files(files)  # type: ignore[arg-type]
        expect(page.locator("#qa-uploaded")).to_contain_text("cable.md: saved", timeout=SLOW)
        expect(page.locator(".qa-lead")).to_have_count(0)
        held.released.set()
        answers(page, 1)
    assert (config.corpus / "cable.md").is_file()
