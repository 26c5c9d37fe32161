"""The source pane in a real browser: any article at any words, find, long articles, pages and their words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from browsers import chromium, until
from conftest import FILES, TinyEncoder
from corpora import illustrated_book, write
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served import Running, serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

HOUSE = """# The house at the lake

The key of the attic hangs **behind the green** door of the kitchen.

![The attic](media/attic.png)

Wait until the water of the résumé tank is clear.

The second key is at the mill. The third key is lost.
"""
MILL = """<article><h1>The mill</h1><p>The wheel of the mill turns with the water of the weir.</p>
<figure><img src="media/attic.png" alt="The weir"></figure>
<p>Two stones grind the corn of the whole valley.</p></article>"""
LONG = "# The ledger\n\n" + "".join(
    f"## Entry {n}\n\nEntry number {n} lists crates of plums. {'It rained on that day. ' * 20}\n\n" for n in range(600)
)


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 30), "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("source")
    files: dict[str, str | bytes] = {
        "notes/house.md": HOUSE,
        "notes/media/attic.png": picture(),
        "notes/ledger.md": LONG,
        "notes/mill.html": MILL,
        "mill.epub": illustrated_book(picture()),
        "notes/page.html": "<h1>Page</h1><p>Some words of a page that is long enough to be read.</p>",
        "hives.pdf": (FILES / "pdf" / "hives.pdf").read_bytes(),
        "columns.pdf": (FILES / "pdf" / "columns.pdf").read_bytes(),
    }
    write(root / "corpus", files)
    config = Config(corpus=root / "corpus", index=root / "index")
    build(config, TinyEncoder())
    with serve(config) as running:
        yield running


@pytest.fixture(scope="module")
def browser(running: Running) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, running: Running, path: str, words: str = "", **options: object) -> Iterator[Page]:
    """A page with an article open, at some words of it; at its end no script has failed."""
    at = ""
    if words:
        document = running.engine.document(path)
        assert document is not None
        start = document.text.index(words)
        at = f"?at={start}-{start + len(words)}"
    errors: list[str] = []
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{str(running.http.base_url).rstrip('/')}/#/article/{quote(path, safe='')}{at}")
    try:
        expect(page.locator("#qa-source h2")).to_be_visible()
        yield page
    finally:
        context.close()
    assert errors == []


def in_view(page: Page, selector: str) -> bool:
    """Whether the first such element is in the visible part of the source."""
    return bool(
        page.evaluate(
            """(selector) => {
                const frame = [...document.querySelectorAll('.qa-sheets, .qa-text')].find((one) => !one.hidden);
                const [a, b] = [frame.querySelector(selector), frame].map((one) => one.getBoundingClientRect());
                return a.top >= b.top - 1 && a.bottom <= b.bottom + 1 && a.left >= b.left - 1;
            }""",
            selector,
        )
    )


def test_the_link_of_a_citation_opens_its_article_at_the_highlighted_words(browser: Browser, running: Running) -> None:
    answer = running.http.post("/api/ask", json={"question": "What is lost, the third key?"}).json()
    cited = next(each for each in answer["citations"] if each["document"] == "notes/house.md" and each["highlights"])
    document = running.engine.document(cited["document"])
    assert document is not None
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(cited["link"])
    expect(page.locator("#qa-source h2")).to_be_visible()
    words = " ".join(document.text[slice(*cited["highlights"][0])].split())
    expect(page.locator("#qa-source [data-mark='1']")).to_have_text(words)
    assert in_view(page, "[data-mark='1']")
    page.context.close()


def test_a_link_opens_any_article_at_its_words(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/house.md", "The third key is lost.") as page:
        source = page.locator("#qa-source")
        expect(source.locator("h2")).to_have_text("The house at the lake")
        expect(source.locator("mark")).to_have_text("The third key is lost.")
        expect(source.locator("h2")).to_be_focused()
        expect(source.locator(".qa-source-foot")).to_contain_text("notes/house.md")
        expect(source.locator(".qa-image img")).to_have_js_property("naturalWidth", 60)
        source.get_by_role("button", name="Close the source").click()
        expect(source).to_be_hidden()
        assert page.evaluate("location.hash") == "#/"
        page.evaluate("location.hash = '#/article/missing.md'")
        expect(source).to_contain_text("This article cannot be opened")
        expect(source).to_contain_text("There is no such article in the index")


def test_words_are_found_across_markup_without_their_accents(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/house.md") as page:
        box, hit = page.get_by_role("searchbox", name="Find in article"), page.locator(".qa-hit")
        counts = {"hangs  BEHIND the": 1, "resume tank": 1, "key": 3, "mill. the third": 1, "zebra": 0}
        for words, count in counts.items():
            box.fill(words)
            expect(hit).to_have_text(f"1 / {count}" if count else "0 / 0")
        box.fill("kitchen. the attic")  # these stand in two paragraphs
        expect(hit).to_have_text("0 / 0")
        box.fill("key")
        expect(hit).to_have_text("1 / 3")
        box.press("Enter")
        expect(hit).to_have_text("2 / 3")
        box.press("Shift+Enter")
        box.press("Shift+Enter")
        expect(hit).to_have_text("3 / 3")
        found = page.evaluate("[...CSS.highlights.get('qa-found')].map((range) => range.toString())")
        assert found == ["key", "key", "key"]
        page.get_by_role("button", name="Next highlight").click()
        expect(hit).to_have_text("1 / 3")
        box.press("Escape")
        expect(box).to_have_value("")
        expect(page.locator(".qa-hits")).to_be_hidden()  # nothing is cited here


def test_a_long_article_is_loaded_in_parts_and_searched_as_a_whole(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/ledger.md", "Entry number 300 lists") as page:
        parts = page.locator(".qa-part")
        expect(page.locator("#qa-source mark")).to_have_text("Entry number 300 lists")
        assert in_view(page, "mark")
        assert parts.count() < 3
        more, top = page.get_by_role("button", name="Show what comes before"), ".qa-part[data-part='1'] > :first-child"
        more.scroll_into_view_if_needed()
        before = page.locator(top).bounding_box()
        more.click()
        expect(page.locator(".qa-part[data-part='0']")).to_be_attached()
        after = page.locator(top).bounding_box()
        assert before and after and abs(before["y"] - after["y"]) < 60  # what was read stays where it is
        page.get_by_role("searchbox", name="Find in article").fill("entry number 599 lists")
        expect(page.locator(".qa-hit")).to_have_text("1 / 1")
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)
        headings = page.locator(".qa-part h4").all_inner_texts()
        assert headings == [f"Entry {n}" for n in range(600)]


def test_every_page_has_its_words_to_select_and_find(browser: Browser, running: Running) -> None:
    words = "Concrete came in 1939"
    with opened(browser, running, "columns.pdf", words) as page:
        document = running.engine.document("columns.pdf")
        assert document is not None
        expect(page.locator(".qa-page")).to_have_count(len(document.pages))
        expect(page.locator(".qa-page i.qa-soft").first).to_be_visible()
        assert in_view(page, "i.qa-soft")
        first = page.get_by_alt_text("Page 1 of columns.pdf")
        expect(first).to_have_js_property("complete", True)
        layer = page.locator(".qa-layer").first
        assert words in " ".join(layer.inner_text().split())
        # The words lie over the boxes of what is cited.
        box = page.locator("i.qa-soft").first.bounding_box()
        word = layer.get_by_text("Concrete", exact=True).first.bounding_box()
        assert box and word and abs(box["x"] - word["x"]) < 4 and abs(box["y"] - word["y"]) < box["height"]
        page.get_by_role("searchbox", name="Find in article").fill("concrete came")
        expect(page.locator(".qa-hit")).to_have_text("1 / 1")
        before = layer.bounding_box()
        page.get_by_role("button", name="Larger").click()
        after = layer.bounding_box()
        assert before and after and 1.15 < after["width"] / before["width"] < 1.25
        page.get_by_role("button", name="Text", exact=True).click()
        expect(page.locator(".qa-text mark").first).to_be_visible()
        expect(page.locator(".qa-sheets")).to_be_hidden()
        expect(page.locator(".qa-hit")).to_have_text("1 / 1")


def test_the_original_opens_in_a_tab_of_its_own_or_is_saved(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/house.md") as page:
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Open file").click()
        expect(popup.value.locator("pre")).to_contain_text("# The house at the lake")
        assert popup.value.evaluate("origin") == "null"  # in a sandbox
        page.evaluate("location.hash = '#/article/notes%2Fpage.html'")
        expect(page.locator("#qa-source h2")).to_have_text("Page")
        with page.expect_download() as download:
            page.get_by_role("link", name="Open file").click()
        assert download.value.suggested_filename == "page.html"


def test_the_pane_can_be_made_wider_with_the_keyboard_and_stays_so(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/house.md") as page:
        source, split = page.locator("#qa-source"), page.get_by_role("separator", name="Width of the source")
        before = source.bounding_box()
        split.focus()
        for _ in range(3):
            split.press("ArrowLeft")
        expect(split).to_have_attribute("aria-valuenow", "48")
        after = source.bounding_box()
        assert before and after and after["width"] > before["width"] + 60
        page.reload()
        expect(split).to_have_attribute("aria-valuenow", "48")
        split.press("Home")
        expect(split).to_have_attribute("aria-valuenow", "24")


@pytest.mark.parametrize("path", ["notes/mill.html", "mill.epub"])
def test_pictures_of_a_page_and_of_an_e_book_are_shown_between_its_paragraphs(
    browser: Browser, running: Running, path: str
) -> None:
    with opened(browser, running, path) as page:
        image = page.locator("#qa-source .qa-text p > img")
        expect(image).to_have_count(1)
        until(page, "document.querySelector('#qa-source .qa-text img').naturalWidth === 60")


def test_on_a_phone_an_article_is_a_sheet_that_back_closes(browser: Browser, running: Running) -> None:
    size = {"width": 390, "height": 844}
    with opened(browser, running, "notes/house.md", viewport=size, has_touch=True, is_mobile=True) as page:
        source = page.locator("#qa-source")
        until(page, "document.querySelector('#qa-source').getBoundingClientRect().left < 1")
        assert page.evaluate("document.querySelector('#qa-main').inert")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        expect(page.get_by_role("separator")).to_be_hidden()
        page.go_back()
        expect(source).to_be_hidden()
        assert not page.evaluate("document.querySelector('#qa-main').inert")
        assert page.evaluate("location.hash") == "#/"


def test_back_and_forward_go_from_article_to_article_and_away(browser: Browser, running: Running) -> None:
    with opened(browser, running, "notes/house.md") as page:
        source = page.locator("#qa-source")
        page.evaluate("location.hash = '#/article/notes%2Fledger.md'")
        expect(source.locator("h2")).to_have_text("The ledger")
        page.go_back()
        expect(source.locator("h2")).to_have_text("The house at the lake")
        page.go_forward()
        expect(source.locator("h2")).to_have_text("The ledger")
        page.evaluate("location.hash = '#/library'")
        expect(source).to_be_hidden()
        page.go_back()
        expect(source.locator("h2")).to_have_text("The ledger")
        source.get_by_role("button", name="Close the source").click()
        expect(source).to_be_hidden()
