"""The bookmark and the extension in a real browser: the page as it is rendered gets into the articles."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium, with_extension
from conftest import ROOT
from playwright.sync_api import Worker, expect
from served import Running, about_cats, serve
from websites import Website, website

from qa.formats.web.page import parse_mhtml
from qa.ui.access.tokens import Tokens

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
EXTENSION = ROOT / "extension"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f0005000201a5f645400000000049454e44ae426082"
)
# What a script writes is in no source.
PAGE = """<!DOCTYPE html><title>Late ferry</title><article><h1>Late ferry</h1><p id="told"></p><img src="/boat.png">
<script>
told.textContent = ["The late ferry leaves", "the southern shore at midnight, every day but Sunday."].join(" ")
</script>
</article>"""
RENDERED = "The late ferry leaves the southern shore at midnight"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(about_cats(tmp_path_factory.mktemp("adding"), reader="off")) as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    with website() as site:
        site.put("/ferry", PAGE)
        site.put("/boat.png", PNG, "image/png")
        yield site


def address_of(running: Running) -> str:
    return f"{running.http.base_url}/".replace("//", "/").replace(":/", "://", 1)


def test_the_bookmark_adds_what_the_browser_shows(running: Running, site: Website) -> None:
    token = Tokens(running.config.index).add("bookmark", ["add"])
    with chromium() as browser:
        page = browser.new_page()
        page.goto((EXTENSION / "bookmarklet.html").as_uri())
        page.get_by_label("Address of your chat").fill(address_of(running).rstrip("/"))
        page.get_by_label("Token").fill(token)
        bookmark = page.get_by_role("link", name="Add to my articles").get_attribute("href")
        assert bookmark is not None and bookmark.startswith("javascript:")
        page.goto(f"{site.address}/ferry")
        for expected in ("Added as Late ferry.mhtml.", "is there already."):
            with page.expect_event("dialog") as asked:
                page.evaluate("address => { location.href = address }", bookmark)
            assert expected in asked.value.message or asked.value.message.startswith("Added as Late ferry (")
            asked.value.accept()
    stored = (running.config.corpus / "Late ferry.mhtml").read_bytes()
    document = parse_mhtml("Late ferry.mhtml", stored)
    assert RENDERED in document.text and document.metadata["url"] == f"{site.address}/ferry"


def test_the_extension_adds_the_page_whole_and_says_what_became_of_it(
    running: Running, site: Website, tmp_path: Path
) -> None:
    token = Tokens(running.config.index).add("extension", ["add"])
    before = set(running.config.corpus.iterdir())
    with with_extension(EXTENSION, tmp_path / "profile") as (browser, worker):
        page = browser.new_page()
        page.goto(f"{worker.url.rpartition('/')[0]}/options.html")
        page.get_by_label("Address").fill(address_of(running).rstrip("/"))
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("Saved.")
        page.goto(f"{site.address}/ferry")
        said = pressed(worker, f"{site.address}/ferry")
        assert said["done"], said
        assert (
            worker.evaluate(
                "async () => chrome.action.getBadgeText({tabId: (await chrome.tabs.query({active: true}))[0].id})"
            )
            == "✓"
        )
        Tokens(running.config.index).revoke("extension")
        said = pressed(worker, f"{site.address}/ferry")
        assert not said["done"] and "unknown, revoked or expired" in said["words"]
    (added,) = set(running.config.corpus.iterdir()) - before
    message = message_from_bytes(added.read_bytes())
    assert "image/png" in {part.get_content_type() for part in message.walk()}
    document = parse_mhtml(added.name, added.read_bytes())
    assert RENDERED in document.text and document.metadata["url"] == f"{site.address}/ferry"
    assert len(document.metadata["saved"]) == 10


def pressed(worker: Worker, address: str) -> dict[str, Any]:
    """Press the button of the extension on the tab with this address, as the browser does; what became of the page."""
    found: dict[str, Any] = worker.evaluate(
        "async (address) => clicked((await chrome.tabs.query({})).find((tab) => tab.url === address))", address
    )
    return found
