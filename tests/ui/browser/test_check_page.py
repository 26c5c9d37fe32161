"""Drafts and receipts in a real browser: what is pasted, what is marked, the source beside it, and what is saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import chromium
from conftest import FILES, TinyEncoder
from corpora import write
from playwright.sync_api import Browser, expect
from served import serve

from qa.build import build
from qa.config import Config
from qa.receipts.receipt import read_receipt

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000  # milliseconds, on a busy machine
HARBOUR = "# Harbour\n\nA berth costs 40 euros for each night. However, members of the rowing club pay nothing.\n"
DRAFT = """A berth costs 45 euros for each night. They say “members of the rowing club pay nothing”.

The lighthouse keeper plays <b>chess</b> against sailors every Sunday.
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("check")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_DATA_HOME", str(root / "data"))  # where the key of receipts is
    config = Config(corpus=root / "corpus", index=root / "index", threshold=0.0, reader="off")
    write(config.corpus, {"harbour.md": HARBOUR})
    build(config, TinyEncoder())
    with serve(config) as running:
        yield str(running.http.base_url)
    patch.undo()


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    with chromium(SLOW) as browser:
        yield browser


@pytest.mark.parametrize("width", [1400, 390], ids=["wide", "phone"])
def test_a_pasted_draft_is_marked_and_its_sources_open(browser: Browser, url: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}#/check")
    page.get_by_label("Your draft").fill(DRAFT)
    page.get_by_role("button", name="Check", exact=True).click()
    claims = page.locator(".qa-claim")
    expect(claims).to_have_count(3)
    expect(page.locator(".qa-check-text")).to_contain_text("<b>chess</b> against")
    first = page.locator(".qa-findings > li").first
    expect(first.locator("del")).to_have_text("45")
    expect(first.locator("ins")).to_have_text("40")
    first.get_by_role("link").click()
    expect(page.locator("#qa-source")).to_contain_text("A berth costs 40 euros")
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator(".qa-findings")).to_be_visible()
    assert page.evaluate("location.hash") == "#/check"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
    assert errors == []


def test_a_file_is_checked_and_one_that_is_too_large_is_not_sent(browser: Browser, url: str, tmp_path: Path) -> None:
    context = browser.new_context()
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(f"{url}#/check")
    choose = page.get_by_label("Choose a file")
    choose.set_input_files(FILES / "office" / "bees.docx")
    expect(page.locator(".qa-claim").first).to_be_visible()
    expect(page.locator(".qa-check-text")).to_contain_text("bees")
    (tmp_path / "draft.md").write_text("A berth costs 45 euros for each night.\n")
    choose.set_input_files(tmp_path / "draft.md")
    expect(page.locator(".qa-check-text")).to_contain_text("A berth costs 45 euros")
    expect(page.locator(".qa-findings del")).to_have_text("45")
    expect(page.get_by_label("Your draft")).to_have_value("A berth costs 45 euros for each night.\n")
    with (tmp_path / "large.docx").open("wb") as large:
        large.truncate(int(choose.get_attribute("data-most") or "") + 1)
    choose.set_input_files(tmp_path / "large.docx")
    expect(page.locator(".qa-check-state")).to_have_text(
        "“large.docx” is too large for this page: run qa check with it."
    )
    (tmp_path / "broken.docx").write_bytes(b"no document")
    choose.set_input_files(tmp_path / "broken.docx")
    expect(page.locator(".qa-checked .qa-problem")).to_contain_text("give a draft that has text")
    context.close()


def test_a_receipt_of_an_answer_is_saved_and_holds(browser: Browser, url: str) -> None:
    context = browser.new_context()
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Your question").fill("What does a berth cost for each night?")
    page.get_by_label("Your question").press("Enter")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Receipt").click()
    receipt = read_receipt(saved.value.path())
    assert receipt.holds
    assert "40 euros" in receipt.content["citations"][0]["text"]
    context.close()
