"""The page in a real browser: every state that a person can meet, and nothing that an article could do to it.

QA_SHOTS=folder saves a picture of each state.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers import chromium, until
from conftest import FILES, ROOT
from playwright.sync_api import Browser, Dialog, Locator, Page, Request, expect
from waiting import holds_within

pytestmark = [pytest.mark.browser, pytest.mark.model]

WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
FORUMS = "Which forums do India and Russia work together in?"
OFF_TOPIC = "Who won the 1998 football world cup?"

PAYLOADS = '<script>window.hit=1</script> <img src=x onerror="window.hit=1"> ${window.hit=1} {{window.hit}} `${hit}`'
HOSTILE_NAME = "<img src=x onerror=window.hit=1> ${window.hit=1} {{x}}.md"
HOSTILE = f"""# The zeppelin hangar {PAYLOADS}

# Who built the zeppelin hangar? {PAYLOADS}

The zeppelin hangar was built by Ottilie Brandt {PAYLOADS} in the spring.
![picture](http://tracker.example.org/pixel.png) [link](javascript:window.hit=1)
<iframe src="http://tracker.example.org/"></iframe> <style>body {{display: none}}</style> </p></div></template>
"""


def ledger(entries: int, word: str) -> str:
    """A long article about one thing, which takes some seconds to encode."""
    line = "The {0} number {1} lists {2} crates that were stored beside the wall of the yard and never counted again."
    parts = [f"# {word} {n}\n\n" + f"{line.format(word, n, n * 7)} " * 3 + "\n" for n in range(entries)]
    return f"# {word.title()}\n\n" + "\n".join(parts)


@dataclass
class Chat:
    """A running `python app.py` and its two folders; `seen` contains the text of its first page, by state."""

    url: str
    corpus: Path
    index: Path
    seen: dict[str, str] = field(default_factory=dict)


@contextmanager
def started(root: Path) -> Iterator[Chat]:
    corpus, index = root / "corpus", root / "index"
    command = [sys.executable, "app.py", "--corpus", str(corpus), "--index", str(index), "--port", "0", "--no-watch"]
    with (
        (root / "errors").open("w+") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Chat: http://127.0.0.1:"), (root / "errors").read_text()
            yield Chat(line.split()[1], corpus, index)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        assert "Traceback" not in (root / "errors").read_text()


# Keeps every text of the notice.
NOTICES = """() => {
  const notice = document.querySelector("#qa-notice");
  window.notices = [notice.innerText];
  new MutationObserver(() => window.notices.push(notice.innerText || notice.textContent)).observe(
    notice, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def visiting(browser: Browser, url: str, **options: object) -> Iterator[Page]:
    """A page in a fresh profile. At its end: no request left the machine, no dialog, no error, no foreign script."""
    context = browser.new_context(**{"viewport": WIDE, "permissions": ["clipboard-read", "clipboard-write"], **options})  # type: ignore[arg-type]
    page = context.new_page()
    away: list[str] = []
    wrong: list[str] = []

    def requested(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            away.append(request.url)

    def dismissed(dialog: Dialog) -> None:
        wrong.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("request", requested)
    page.on("dialog", dismissed)
    page.on("pageerror", lambda error: wrong.append(f"error {error}"))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(url)
    try:
        yield page
        assert page.evaluate("window.hit") is None
    finally:
        context.close()
    assert away == []
    assert wrong == []


@pytest.fixture(scope="module")
def chat(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """The server of all tests. It starts with an empty folder, then gets one article by upload, then the others."""
    root = tmp_path_factory.mktemp("chat")
    with started(root) as chat:
        with visiting(browser, chat.url) as page:
            notice = page.locator("#qa-notice")
            expect(notice).to_contain_text("There are no articles yet", timeout=30_000)
            chat.seen["empty"] = notice.inner_text()
            chat.seen["empty, asked"] = ask(page, FORUMS).locator(".qa-problem").inner_text()
            page.get_by_role("button", name="New question").click()
            shot(page, "empty")
            expect(notice.get_by_role("button", name="Choose files")).to_be_visible()
            open_library(page)
            page.evaluate(NOTICES)  # the first build may take less time than the page does on a busy machine
            upload(page, root / "ferry.md", "# The ferry\n\nThe ferryman Ivo Lachner crosses the lake at noon.\n")
            expect(page.locator("#qa-uploaded")).to_contain_text("ferry.md: saved", timeout=30_000)
            chat.seen["uploaded"] = page.locator("#qa-uploaded").inner_text()
            open_conversation(page)
            building = "Building the index for the first time"
            page.wait_for_function(
                "text => window.notices.some(each => each.includes(text))", arg=building, timeout=60_000
            )
            chat.seen["first"] = next(each for each in page.evaluate("window.notices") if building in each)
            shot(page, "first-start")
            expect(headline(page)).to_contain_text("1 article ", timeout=120_000)
            expect(notice).to_have_text("")
            chat.seen["ready"] = ask(page, "When does the ferryman cross the lake?").locator(".qa-lead").inner_text()
            fill(chat.corpus)
            open_library(page)
            page.locator("#qa-built").get_by_role("button", name="Rebuild index").click()
            expect(headline(page)).to_contain_text("7 articles", timeout=200_000)
            page.get_by_role("button", name="New question").click()
            expect(examples(page).nth(2)).to_be_visible(timeout=60_000)
            shot(page, "welcome")
        yield chat


def fill(corpus: Path) -> None:
    for article in (ROOT / "corpus").glob("*.md"):
        shutil.copy(article, corpus)
    (corpus / HOSTILE_NAME).write_text(HOSTILE, "utf-8")
    (corpus / "ledger.md").write_text(ledger(12, "ledger"), "utf-8")
    (corpus / "broken.md").write_bytes(b"\x00\xff\xfe\x00" * 40)
    shutil.copy(FILES / "pdf" / "hives.pdf", corpus)
    (corpus / "photo.mp4").write_bytes(b"png")


def upload(page: Page, path: Path, text: str, *others: Path) -> None:
    path.write_text(text, "utf-8")
    page.locator("#qa-upload input[type=file]").set_input_files([path, *others])


@pytest.fixture(scope="module")
def wide(browser: Browser, chat: Chat) -> Iterator[Page]:
    with visiting(browser, chat.url) as page:
        expect(headline(page)).to_contain_text("articles", timeout=30_000)
        yield page


@pytest.fixture
def page(wide: Page) -> Page:
    """The wide page that most tests share, with a new conversation, which asks all articles."""
    wide.evaluate("qa.picker.choose({})")
    open_conversation(wide)
    if wide.locator(".qa-turn").count():
        wide.get_by_role("button", name="New question").click()
    expect(wide.locator(".qa-turn")).to_have_count(0)
    expect(wide.locator("#qa-source")).to_be_hidden()
    return wide


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("QA_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def headline(page: Page) -> Locator:
    return page.locator("#qa-headline")


def examples(page: Page) -> Locator:
    return page.locator("#qa-examples button")


def ask(page: Page, question: str) -> Locator:
    """Ask, and wait for the answer: the last turn of the conversation."""
    before = page.locator(".qa-turn").count()
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")
    turn = page.locator(".qa-turn").nth(before)
    expect(turn.locator(".qa-tools, .qa-problem").first).to_be_visible(timeout=30_000)
    return turn


def in_view(page: Page, inner: str, outer: str) -> bool:
    """Whether the top of `inner` is inside the visible part of `outer`, or soon comes there."""
    return holds_within(
        lambda: page.evaluate(
            """([inner, outer]) => {
                const a = document.querySelector(inner).getBoundingClientRect();
                const b = document.querySelector(outer).getBoundingClientRect();
                return a.top >= b.top - 1 && a.top < Math.min(b.bottom, innerHeight) && a.left < innerWidth;
            }""",
            [inner, outer],
        ),
        5,
    )


def marked_in_view(page: Page, words: str) -> bool:
    """Whether a mark that begins with these words is in the visible part of the source, or soon comes there."""
    return holds_within(
        lambda: page.evaluate(
            """(words) => {
                const b = document.querySelector('.qa-text').getBoundingClientRect();
                return [...document.querySelectorAll('.qa-text mark')].some((mark) => {
                    const a = mark.getBoundingClientRect();
                    return mark.textContent.trim().startsWith(words) && a.top >= b.top - 1 && a.top < b.bottom;
                });
            }""",
            words.removeprefix("… ").split()[0],
        ),
        5,
    )


def open_conversation(page: Page) -> None:
    if page.locator("#qa-library").is_visible():
        page.get_by_role("link", name="Current conversation").click()
    expect(page.locator("#qa-ask")).to_be_visible()


def open_library(page: Page) -> Locator:
    if not page.get_by_role("link", name="Library").is_visible():
        page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("link", name="Library").click()
    table = page.locator("#qa-files")
    expect(table).to_be_visible(timeout=30_000)
    return table


# --- asking


def test_an_empty_folder_says_where_to_put_articles_and_offers_an_upload(chat: Chat) -> None:
    assert str(chat.corpus) in chat.seen["empty"] and "Choose files" in chat.seen["empty"]
    assert chat.seen["empty, asked"] == "There is no index yet; ask again once it is built."
    assert "Indexing now" in chat.seen["uploaded"]


def test_the_first_start_says_that_it_builds_and_becomes_ready_by_itself(chat: Chat) -> None:
    assert "this page updates by itself" in chat.seen["first"]
    assert re.search(r"getting ready|(comparing|reading) \d+ of \d+ file|read all|publishing", chat.seen["first"])
    assert "Ivo Lachner" in chat.seen["ready"]


def carried(turn: Locator) -> Locator:
    return turn.locator(".qa-carried [data-do=drop]")


def test_a_follow_up_shows_its_carried_words_and_asks_again_without_a_dropped_one(page: Page) -> None:
    ask(page, "Who built the zeppelin hangar?")
    turn = ask(page, "When was it built?")
    expect(carried(turn).filter(has_text="zeppelin")).to_have_count(1)
    expect(turn.locator(".qa-card").first).to_contain_text("zeppelin hangar")
    shot(page, "follow-up")
    before = carried(turn).count()
    words = carried(turn).first.locator("bdi").inner_text()
    assert carried(turn).first.get_attribute("aria-label") == f"Ask again without {words}"
    carried(turn).first.focus()
    page.keyboard.press("Enter")
    expect(carried(turn)).to_have_count(before - 1, timeout=30_000)
    expect(turn.locator(".qa-carried").get_by_text(words, exact=True)).to_have_count(0)
    expect(turn.locator(".qa-tools")).to_be_visible()
    button = turn.locator("[data-do=drop], [data-do=retry]").first
    expect(button).to_be_focused()  # the keyboard continues from the new answer
    turn.get_by_role("button", name="Ask only my words").press("Enter")
    expect(turn.locator(".qa-carried")).to_have_count(0, timeout=30_000)
    expect(turn.locator(".qa-tools")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_carried_words_can_be_read_and_pressed_on_a_phone(browser: Browser, chat: Chat, scheme: str) -> None:
    with visiting(browser, chat.url, viewport=PHONE, has_touch=True, is_mobile=True, color_scheme=scheme) as page:
        ask(page, "Who built the zeppelin hangar?")
        turn = ask(page, "When was it built?")
        before = carried(turn).count()
        box = carried(turn).last.bounding_box()
        assert box is not None and box["height"] >= 24 and box["x"] + box["width"] <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        ratios = dict(page.evaluate(CONTRAST, [".qa-carried button", ".qa-carried > span"]))
        assert {selector: ratio for selector, ratio in ratios.items() if not ratio or ratio < 4.5} == {}
        carried(turn).last.scroll_into_view_if_needed()
        shot(page, f"phone-follow-up-{scheme}")
        carried(turn).last.tap()
        expect(carried(turn)).to_have_count(before - 1, timeout=30_000)


def test_the_question_box_grows_and_recalls_and_asks_nothing_when_it_is_empty(page: Page) -> None:
    box = page.get_by_role("textbox", name="Your question")
    small = box.bounding_box()
    box.fill("")
    box.press("Enter")
    box.fill("Who built the hangar?")
    box.press("Shift+Enter")
    box.type("I mean the zeppelin hangar.")
    assert small is not None
    until(page, "least => document.querySelector('#qa-question textarea').offsetHeight > least", small["height"] + 15)
    shot(page, "question-of-two-lines")
    box.press("Enter")
    expect(page.locator(".qa-turn .qa-tools")).to_be_visible(timeout=30_000)
    expect(page.locator(".qa-turn")).to_have_count(1)  # the empty question is none
    expect(page.locator(".qa-question")).to_contain_text("I mean the zeppelin hangar.")
    expect(box).to_have_value("")
    box.press("ArrowUp")
    expect(box).to_have_value("Who built the hangar?\nI mean the zeppelin hangar.")
    page.locator("body").click(position={"x": 5, "y": 400})
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.locator(".qa-turn")).to_have_count(0)
    expect(box).to_be_focused()
    expect(box).to_have_value("")


def test_a_question_in_the_address_is_asked_once(browser: Browser, chat: Chat) -> None:
    with visiting(browser, f"{chat.url}/?q=Who%20built%20the%20zeppelin%20hangar%3F") as page:
        expect(page.locator(".qa-turn .qa-lead")).to_contain_text("Ottilie Brandt", timeout=30_000)
        assert urlsplit(page.url).query == ""  # so that a reload does not ask it again
        page.wait_for_timeout(1_000)
        expect(page.locator(".qa-turn")).to_have_count(1)


def test_a_page_that_nobody_uses_makes_no_request(browser: Browser, chat: Chat) -> None:
    with visiting(browser, chat.url) as page:
        expect(examples(page).first).to_be_visible(timeout=30_000)
        ask(page, FORUMS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for _ in range(20):  # what follows an answer: it ends, but on a busy machine not soon
            asked.clear()
            page.wait_for_timeout(3_000)
            if not asked:
                break
        page.wait_for_timeout(10_000)
        assert asked == []


def test_a_tab_that_nobody_sees_answers_without_holding_a_connection(browser: Browser, chat: Chat) -> None:
    with visiting(browser, chat.url) as page:
        expect(examples(page).first).to_be_visible(timeout=30_000)
        tab = page.context.new_page()
        page.goto("about:blank")  # a window that is seen would read the stream for all others
        tab.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !window.seen })")
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(urlsplit(request.url).path))
        tab.goto(f"{chat.url}/?q=Who%20built%20the%20zeppelin%20hangar%3F")
        expect(tab.locator(".qa-turn .qa-lead")).to_contain_text("Ottilie Brandt", timeout=30_000)
        assert "/events" not in asked
        with tab.expect_request("**/events?*"):
            tab.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
        expect(headline(tab)).to_contain_text("articles", timeout=30_000)


def test_a_change_of_topic_and_a_new_conversation_carry_nothing(page: Page) -> None:
    ask(page, "Who built the zeppelin hangar?")
    expect(carried(ask(page, FORUMS))).to_have_count(0)
    page.get_by_role("button", name="New question").click()
    expect(page.locator(".qa-turn")).to_have_count(0)
    expect(carried(ask(page, "When was it built?"))).to_have_count(0)


def test_a_misspelt_follow_up_is_asked_again_as_it_was_typed_in_its_place(page: Page) -> None:
    ask(page, "Who built the zeppelin hangar?")
    turn = ask(page, "And the zeppelyn?")
    expect(turn.locator(".qa-corrected")).to_contain_text("Showing results for “zeppelin”")
    turn.locator(".qa-carried").scroll_into_view_if_needed()
    shot(page, "misspelt-follow-up")
    turn.get_by_role("button", name="Search for “zeppelyn”").click()
    expect(turn.locator(".qa-question")).to_contain_text('And the "zeppelyn"?')
    expect(turn.locator(".qa-none")).to_have_text("No passage contains “zeppelyn”.", timeout=30_000)
    expect(page.locator(".qa-turn")).to_have_count(2)


def test_a_question_is_answered_with_the_right_citation(page: Page) -> None:
    turn = ask(page, FORUMS)
    expect(turn.locator(".qa-lead")).to_contain_text("United Nations")
    expect(turn.locator(".qa-sure")).to_have_text(re.compile("Very likely|Likely|Possible"))
    assert "%" not in turn.inner_text()
    card = turn.locator(".qa-card").first
    expect(card).to_contain_text("Forums they already share")
    expect(card).to_contain_text("india-russia-anti-terrorism-summit.md")
    expect(turn.locator(".qa-lead .qa-ref")).to_have_text("1")
    expect(page.get_by_role("textbox", name="Your question")).to_have_value("")
    expect(page.locator("#qa-spoken")).to_contain_text("Answer: India and Russia")
    # On a wide screen the source is shown next to the answer without a click.
    expect(page.locator("#qa-source h2")).to_be_visible()
    assert in_view(page, ".qa-text mark", ".qa-text")
    shot(page, "answer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_why_unfolds_under_an_answer_and_under_a_refusal(
    browser: Browser, chat: Chat, size: dict[str, int], scheme: str
) -> None:
    with visiting(browser, chat.url, viewport=size, color_scheme=scheme) as page:
        for name, question, row in (
            ("answer", FORUMS, ("Matched", "India, Russia, work")),
            ("refusal", OFF_TOPIC, ("What it lacks", "Its passage does not mention “1998”")),
        ):
            turn = ask(page, question)
            rows = turn.locator(".qa-why dl > div")
            expect(rows.first).to_be_hidden()
            turn.get_by_text("Why?", exact=True).focus()
            page.keyboard.press("Enter")
            expect(rows.filter(has=page.get_by_text(row[0], exact=True))).to_contain_text(row[1])
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            ratios = dict(page.evaluate(CONTRAST, [".qa-why summary", ".qa-why dt", ".qa-why dd"]))
            assert {selector: ratio for selector, ratio in ratios.items() if not ratio or ratio < 4.5} == {}
            shot(page, f"why-{name}-{size['width']}-{scheme}")


def test_a_card_opens_its_source_at_the_marked_passage_and_the_arrows_move_on(page: Page) -> None:
    turn = ask(page, FORUMS)
    cards = turn.locator(".qa-card")
    second = cards.nth(1).locator(".qa-snippet").text_content() or ""
    cards.nth(1).locator(".qa-snippet").click()
    source = page.locator("#qa-source")
    expect(source.locator(".qa-source-steps")).to_contain_text("2 of 5")
    marked = " ".join(" ".join(source.locator(".qa-text mark").all_inner_texts()).split())
    assert " ".join(second.removeprefix("… ").split()[:6]) in marked
    assert marked_in_view(page, second)
    expect(cards.nth(1)).to_have_attribute("aria-current", "true")
    source.get_by_role("button", name="Previous source").click()
    expect(source.locator(".qa-source-steps")).to_contain_text("1 of 5")
    expect(source.get_by_role("button", name="Previous source")).to_be_disabled()
    expect(source.locator(".qa-text .qa-cited").first).to_contain_text("United Nations")
    assert in_view(page, ".qa-text .qa-cited", ".qa-text")
    expect(source.locator(".qa-source-foot")).to_contain_text("Unchanged since it was indexed")


HEIGHT = "How high is the roof above the market square?"
UNDER = """(selector) => {
    const page = document.querySelector('.qa-sheets');
    const image = page.querySelector('img'), box = page.querySelector(selector).getBoundingClientRect();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext('2d');
    canvas.drawImage(image, 0, 0);
    const whole = image.getBoundingClientRect(), scale = image.naturalWidth / whole.width;
    const at = [(box.left - whole.left) * scale, (box.top - whole.top) * scale, box.width * scale, box.height * scale];
    const data = canvas.getImageData(...at.map(Math.round)).data;
    return data.filter((value, n) => n % 4 === 0 && value < 128).length / (data.length / 4);
}"""


def test_a_pdf_is_shown_as_its_page_with_the_quote_marked_and_as_text_at_a_click(page: Page) -> None:
    turn = ask(page, HEIGHT)
    expect(turn.locator(".qa-lead")).to_contain_text("eleven metres above the market square")
    source = page.locator("#qa-source")
    image = source.get_by_alt_text("Page 1 of hives.pdf")
    expect(image).to_be_visible(timeout=30_000)
    until(page, "document.querySelector('.qa-sheets img').complete")
    expect(page.locator(".qa-strong").first).to_be_visible(timeout=30_000)
    assert in_view(page, ".qa-strong", ".qa-sheets")
    assert 0.05 < page.evaluate(UNDER, ".qa-strong") < 0.5  # there is ink under the mark
    expect(source.locator(".qa-text")).to_be_hidden()
    shot(page, "page")
    source.get_by_role("button", name="Text").click()
    expect(image).to_be_hidden()
    expect(source.locator(".qa-text .qa-cited").first).to_contain_text("eleven metres above the market square")
    assert in_view(page, ".qa-text .qa-cited", ".qa-text")
    expect(source.get_by_role("button", name="Text")).to_have_attribute("aria-pressed", "true")
    expect(source.get_by_role("button", name="Page")).to_have_attribute("aria-pressed", "false")
    ask(page, HEIGHT)  # the choice stays
    expect(source.get_by_role("button", name="Page")).to_be_visible(timeout=30_000)
    expect(source.locator(".qa-text")).to_be_visible()
    source.get_by_role("button", name="Page").press("Enter")
    expect(image).to_be_visible()
    expect(page.locator(".qa-strong").first).to_be_visible(timeout=30_000)
    assert in_view(page, ".qa-strong", ".qa-sheets")
    ask(page, FORUMS)  # no picture, so the text
    expect(source.locator(".qa-text mark").first).to_be_visible()
    expect(source.locator(".qa-views")).to_have_count(0)


def test_a_keyboard_is_enough(page: Page) -> None:
    turn = ask(page, FORUMS)
    button = turn.get_by_role("button", name=re.compile("^Source 3"))
    button.focus()
    assert button.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    button.press("Enter")
    expect(page.locator(".qa-source-steps")).to_contain_text("3 of 5")
    expect(page.locator("#qa-source h2")).to_be_focused()
    step = page.get_by_role("button", name="Next source")
    step.press("Space")
    expect(page.locator(".qa-source-steps")).to_contain_text("4 of 5")
    expect(page.get_by_role("button", name="Next source")).to_be_focused()


def test_off_topic_says_not_in_the_articles_and_folds_the_nearest_passages(page: Page) -> None:
    ask(page, FORUMS)
    turn = ask(page, OFF_TOPIC)
    expect(turn.locator(".qa-none")).to_have_text(
        "Your articles do not seem to contain the answer. None of them contains “won”, “1998”, “football” or “cup”."
    )
    expect(turn.locator(".qa-lead")).to_have_count(0)
    expect(turn.get_by_text("Copy with citation")).to_have_count(0)
    expect(turn.locator(".qa-closest .qa-lacks")).to_contain_text("does not mention")
    expect(turn.locator(".qa-nearest .qa-card").first).to_be_hidden()
    expect(page.locator("#qa-source")).to_be_hidden()
    turn.get_by_text("4 other passages: related, but not an answer").click()
    expect(turn.locator(".qa-nearest .qa-card").first).to_be_visible()
    expect(turn.locator("mark")).to_have_count(0)
    shot(page, "not-in-the-articles")


def test_an_example_question_is_asked_by_a_click_and_answered(page: Page) -> None:
    question = examples(page).first.inner_text()
    examples(page).first.click()
    turn = page.locator(".qa-turn").first
    expect(turn.locator(".qa-question")).to_contain_text(question)
    expect(turn.locator(".qa-lead")).to_be_visible(timeout=30_000)


def test_a_question_that_cannot_be_asked_is_one_sentence(page: Page) -> None:
    expect(ask(page, "?!").locator(".qa-problem")).to_have_text(
        "The question contains no words: type what you want to know."
    )


def test_answers_can_be_copied_judged_asked_again_and_cleared(page: Page, chat: Chat) -> None:
    turn = ask(page, FORUMS)
    copied = {form: copied_as(turn, "Copy with citation", form) for form in ("Text", "Markdown", "BibTeX entry")}
    link = f"{chat.url}/#/article/india-russia-anti-terrorism-summit.md?at="
    assert copied["Text"].startswith("“India and Russia") and "anti-terrorism-summit.md" in copied["Text"]
    assert link in copied["Text"] and copied["Markdown"].startswith("> India and Russia")
    assert f"]({link}" in copied["Markdown"] and copied["BibTeX entry"].startswith("@")
    assert copied_as(turn, "Link", "Copy a link to the words in the article").startswith(link)
    address = copied_as(turn, "Link", "Copy a link to this answer")
    assert address.startswith(chat.url)
    turn.get_by_text("Link", exact=True).click()
    page.keyboard.press("Escape")
    expect(turn.locator(".qa-choices[open]")).to_have_count(0)
    turn.locator(".qa-card").first.hover()
    turn.get_by_role("button", name="Copy passage 1").click()
    until(page, "navigator.clipboard.readText().then((text) => text.includes('— India–Russia summit'))")
    turn.get_by_role("button", name="This answer is right").click()
    expect(turn.locator(".qa-thanks")).to_have_text("Thank you, stored on this machine.")
    rows = sqlite3.connect(chat.index / "feedback.sqlite")
    try:
        kept = rows.execute("SELECT question, document, verdict FROM feedback").fetchall()
    finally:
        rows.close()
    assert kept == [(FORUMS, "india-russia-anti-terrorism-summit.md", "up")]
    turn = ask(page, OFF_TOPIC)
    turn.get_by_role("button", name="This answer is wrong").click()
    expect(turn.locator(".qa-thanks")).to_be_visible()
    turn.get_by_role("button", name="Ask again").click()
    expect(turn.locator(".qa-judge")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="New question").click()
    expect(page.locator(".qa-turn")).to_have_count(0)
    expect(page.locator("#qa-source")).to_be_hidden()


def test_a_citation_is_previewed_while_its_number_is_pointed_at_or_focused(page: Page) -> None:
    turn = ask(page, FORUMS)
    expect(page.locator("#qa-source h2")).to_be_visible()
    page.get_by_role("button", name="Close the source").click()
    preview, number = page.locator("#qa-preview"), turn.locator(".qa-lead .qa-ref")
    expect(preview).to_be_hidden()
    number.hover()
    expect(preview).to_contain_text("Forums they already share")
    shot(page, "preview")
    preview.hover()
    expect(preview).to_be_visible()  # the pointer may rest on it
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    page.get_by_role("textbox", name="Your question").focus()
    number.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(preview).to_be_visible()
    expect(number).to_have_attribute("aria-describedby", "qa-preview")
    page.keyboard.press("Enter")
    expect(page.locator("#qa-source h2")).to_be_visible()
    expect(preview).to_be_hidden()


def test_what_may_be_asked_next_is_asked_by_a_click_and_answered(page: Page) -> None:
    turn = ask(page, FORUMS)
    suggested = turn.locator(".qa-next button")
    expect(suggested.first).to_be_visible(timeout=60_000)
    expect(turn.locator(".qa-lead")).to_be_visible()
    words = suggested.first.inner_text()
    suggested.first.click()
    other = page.locator(".qa-turn").nth(1)
    expect(other.locator(".qa-question")).to_have_text(words)
    expect(other.locator(".qa-lead")).to_be_visible(timeout=30_000)
    expect(suggested).to_have_count(0)  # it belongs to the last answer


def test_the_whole_conversation_is_printed_and_nothing_to_press(page: Page) -> None:
    ask(page, FORUMS)
    ask(page, "Who built the zeppelin hangar?")
    page.emulate_media(media="print")
    try:
        for number in range(2):
            expect(page.locator(".qa-turn").nth(number).locator(".qa-lead")).to_be_visible()
        assert page.evaluate(
            "document.querySelector('#qa-talk').clientHeight >= document.querySelector('.qa-turns').offsetHeight"
        )
        for hidden in ("#qa-rail", "#qa-composer", "#qa-source", ".qa-choices", ".qa-judge"):
            expect(page.locator(hidden).first).to_be_hidden()
    finally:
        page.emulate_media(media="screen")


def copied_as(turn: Locator, menu: str, form: str) -> str:
    """What is in the clipboard after a choice in a menu of an answer."""
    turn.get_by_text(menu, exact=True).click()
    turn.get_by_role("button", name=form, exact=True).click()
    expect(turn.get_by_role("button", name="copied")).to_be_visible()
    expect(turn.locator(".qa-choices[open]")).to_have_count(0)
    return str(turn.page.evaluate("navigator.clipboard.readText()"))


def test_a_hostile_article_stays_text(page: Page) -> None:
    turn = ask(page, "Who built the zeppelin hangar?")
    expect(turn.locator(".qa-lead")).to_contain_text("Ottilie Brandt <script>window.hit=1</script>")
    expect(turn.locator(".qa-lead")).to_contain_text("${window.hit=1} {{window.hit}} ${hit}")
    expect(turn.locator(".qa-card").first.locator(".qa-file")).to_have_text(HOSTILE_NAME)
    source = page.locator("#qa-source")
    expect(source.locator(".qa-section")).to_contain_text("Who built the zeppelin hangar? <script>")
    for words in ("Ottilie Brandt <script>window.hit=1</script>", "[link](javascript:window.hit=1)", "picture"):
        expect(source.locator(".qa-text")).to_contain_text(words)
    for part in (turn, source):
        expect(part.locator("script, img, iframe, style, template")).to_have_count(0)
        expect(part.locator("a[href]:not(.qa-original)")).to_have_count(0)
    table = open_library(page)
    expect(table).to_contain_text(HOSTILE_NAME)
    expect(table.locator("img, script")).to_have_count(0)


def test_a_hostile_question_stays_text(page: Page) -> None:
    expect(ask(page, PAYLOADS).locator(".qa-question")).to_contain_text(PAYLOADS)
    assert page.evaluate("window.hit") is None


# --- the library


def test_every_file_has_its_state_and_reason(page: Page) -> None:
    table = open_library(page)
    expect(table.locator("tr", has_text="broken.md")).to_contain_text("could not be read")
    expect(table.locator("tr", has_text="photo.mp4")).to_contain_text(".mp4 files are not read")
    expect(table.locator("tr", has_text="guide-to-this-program.md")).to_contain_text("indexed")
    shot(page, "library")


def test_the_list_of_files_is_filtered_and_stays_so(page: Page, chat: Chat) -> None:
    table = open_library(page)
    rows, find = table.locator("tbody tr:visible"), page.get_by_role("searchbox", name="Find a file")
    everything, problems = page.get_by_role("button", name="All ("), page.get_by_role("button", name="Problems (1)")
    all_rows = rows.count()
    expect(everything).to_have_attribute("aria-pressed", "true")
    expect(everything).to_have_text(f"All ({all_rows})")
    expect(page.get_by_role("button", name="Waiting")).to_have_count(0)  # there are none
    problems.click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("broken.md")
    expect(rows).to_contain_text("Give it the ending of its real format, or save it as text.")
    expect(problems).to_have_attribute("aria-pressed", "true")
    expect(table.locator(".qa-counted")).to_have_text(f"1 of {all_rows} files")
    everything.click()
    expect(rows).to_have_count(all_rows)
    find.fill("GUIDÉ")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("guide-to-this-program.md")
    try:
        (chat.corpus / "another-guide.md").write_text("# Another\n\nText.\n", "utf-8")
        open_conversation(page)
        expect(page.locator("#qa-files")).to_be_hidden()
        open_library(page)  # the list is read again
        expect(page.get_by_role("button", name="Waiting (1)")).to_be_visible(timeout=30_000)
        expect(find).to_have_value("GUIDÉ")
        expect(rows).to_have_count(2)
    finally:
        (chat.corpus / "another-guide.md").unlink()
    find.fill("no file is called this")
    expect(table).to_contain_text("No file matches.")
    find.fill("")
    open_conversation(page)
    open_library(page)
    expect(rows).to_have_count(all_rows, timeout=30_000)


def test_the_list_of_files_is_sorted_by_its_columns_and_limited_to_a_folder(page: Page, chat: Chat) -> None:
    (chat.corpus / "attic").mkdir()
    try:
        (chat.corpus / "attic" / "one.md").write_text("# One\n\nText.\n", "utf-8")
        table = open_library(page)
        rows, header = table.locator("tbody tr"), table.locator("th", has_text="Size")
        folder = table.locator("[data-folder=attic]")
        expect(folder).to_be_visible(timeout=30_000)
        header.get_by_role("button").click()
        expect(header).to_have_attribute("aria-sort", "ascending")
        expect(header.get_by_role("button")).to_be_focused()  # as it was before the list was drawn again
        table.get_by_label("Choose attic/one.md").check()
        expect(table.locator(".qa-picked")).to_contain_text("1 file chosen")
        first = rows.first.inner_text()
        header.get_by_role("button").press("Enter")
        expect(header).to_have_attribute("aria-sort", "descending")
        expect(rows.first).not_to_have_text(first)
        # Three requests before the first is answered: the last one counts.
        page.evaluate(
            "for (const one of ['folder=attic', 'folder=\"\"', 'folder=attic']) qa.find(`[data-${one}]`).click()"
        )
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("attic/one.md")
        expect(table.get_by_label("Choose attic/one.md")).to_be_checked()
        shot(page, "library-folder")
        table.get_by_role("button", name="Choose none").click()
        expect(table.locator(".qa-picked")).to_contain_text("The folder attic")
        table.get_by_role("button", name="Ask only these").click()
        expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
        expect(page.locator("#qa-scope")).to_have_text(re.compile("In: attic"))
    finally:
        page.evaluate("qa.picker.choose({})")  # the next question asks all articles again
        shutil.rmtree(chat.corpus / "attic")


def test_a_title_in_the_list_of_files_opens_its_article(page: Page) -> None:
    table = open_library(page)
    table.get_by_role("link", name="India–Russia summit").click()
    expect(page.locator("#qa-source h2")).to_contain_text("India–Russia summit", timeout=30_000)
    expect(table).to_be_visible()  # the list stays beside it
    shot(page, "library-article")
    page.get_by_role("button", name="Close the source").click()


def test_a_removed_file_is_moved_into_the_index_folder_and_comes_back(page: Page, chat: Chat, tmp_path: Path) -> None:
    table = open_library(page)
    upload(page, tmp_path / "moth.md", "# Moths\n\nMoths fly at night.\n")
    row, message = table.locator("tr", has_text="moth.md"), table.locator(".qa-message")
    more = row.get_by_role("button", name="Rename or remove moth.md")
    expect(more).to_be_visible(timeout=30_000)
    more.press("Enter")
    menu = page.locator("#qa-file-menu")
    expect(menu.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    menu.get_by_role("button", name="Rename …").click()
    name = page.get_by_role("textbox", name="New name")
    expect(name).to_have_value("moth.md")
    name.fill("night moth.md")
    shot(page, "library-rename")
    name.press("Enter")
    expect(message).to_contain_text("moth.md is now called night moth.md.", timeout=30_000)
    assert (chat.corpus / "night moth.md").exists()
    message.get_by_role("button", name="Undo").click()
    expect(message).to_contain_text("moth.md is where it was.", timeout=30_000)
    more.click()
    menu.get_by_role("button", name="Remove").click()
    expect(message).to_contain_text("moth.md was moved out of the folder of articles.", timeout=30_000)
    expect(message).to_be_focused()
    expect(row).to_have_count(0)
    assert not (chat.corpus / "moth.md").exists()
    [kept] = (chat.index / "removed").iterdir()
    assert kept.read_text("utf-8") == "# Moths\n\nMoths fly at night.\n"
    expect(page.locator("#qa-uploaded")).to_have_text("")
    shot(page, "library-remove")
    table.get_by_text("1 removed file", exact=True).click()
    table.get_by_role("button", name="Put back moth.md").click()
    expect(row).to_be_visible(timeout=30_000)
    assert (chat.corpus / "moth.md").exists() and list((chat.index / "removed").iterdir()) == []
    (chat.corpus / "moth.md").unlink()


def test_ratings_are_filtered_and_exported_and_gaps_are_asked_again(page: Page, chat: Chat) -> None:
    judge = ask(page, FORUMS).get_by_role("button", name="This answer is wrong")
    judge.click()
    open_library(page)
    page.get_by_role("link", name="Ratings").click()
    rated = page.locator("#qa-ratings .qa-rated")
    expect(rated.locator("tbody tr", has_text=FORUMS).first).to_contain_text("wrong")
    page.get_by_label("Verdict").select_option("up")
    expect(rated.locator("tbody tr", has_text="wrong")).to_have_count(0)
    page.get_by_label("Verdict").select_option("down")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export CSV").click()
    assert FORUMS in Path(waiting.value.path()).read_text("utf-8")
    shot(page, "library-ratings")
    page.get_by_role("link", name="Not answered").click()
    page.get_by_role("button", name=f"Ask again: {FORUMS}").click()
    expect(page.locator(".qa-turn")).to_have_count(2, timeout=30_000)


def test_a_build_is_stopped_by_its_button_and_the_last_index_still_answers(page: Page, chat: Chat) -> None:
    before = headline(page).inner_text()
    open_library(page)
    try:
        (chat.corpus / "census.md").write_text(ledger(2000, "census"), "utf-8")
        page.get_by_role("button", name="Rebuild index", exact=True).last.click()
        stop = page.locator("#qa-built").get_by_role("button", name="Stop")
        expect(page.locator("#qa-built .qa-progress")).to_be_visible(timeout=30_000)
        stop.focus()
        words = page.locator("#qa-built .qa-progress span")
        expect(words).not_to_have_text(words.inner_text(), timeout=30_000)
        expect(stop).to_be_focused()  # progress does not take the focus away
        shot(page, "library-building")
        stop.press("Enter")
        expect(page.locator("#qa-built")).to_contain_text("The build was stopped.", timeout=30_000)
        expect(headline(page)).to_have_text(before)
        open_conversation(page)
        expect(page.locator("#qa-notice")).to_contain_text("The build was stopped; the last index still answers.")
        expect(ask(page, FORUMS).locator(".qa-lead")).to_contain_text("United Nations")
    finally:
        (chat.corpus / "census.md").unlink()
    page.locator("#qa-notice").get_by_role("button", name="Rebuild index").click()
    expect(page.locator("#qa-notice")).to_have_text("", timeout=60_000)
    assert headline(page).inner_text().split("built")[0] == before.split("built")[0]


def test_an_upload_is_answered_from_after_a_rebuild_and_the_old_index_answers_meanwhile(
    page: Page, chat: Chat, tmp_path: Path
) -> None:
    refused = tmp_path / "paper.exe"
    refused.write_bytes(b"%PDF")
    asked = "Who lit the lamp of the lighthouse?"
    expect(ask(page, asked).locator(".qa-none")).to_be_visible()
    open_library(page)
    text = "# The lighthouse\n\nThe lighthouse keeper Wenzel Obermaier lit its lamp in 1893.\n"
    upload(page, tmp_path / "lighthouse.md", text, refused)
    result = page.locator("#qa-uploaded")
    expect(result).to_contain_text("lighthouse.md: saved", timeout=30_000)
    expect(result).to_contain_text("paper.exe: refused: .exe files are not read")
    expect(result).to_contain_text("Rebuild the index")
    expect(page.locator("#qa-files tr", has_text="lighthouse.md")).to_contain_text("new: not in the index yet")
    shot(page, "library-uploaded")
    (chat.corpus / "register.md").write_text(ledger(700, "register"), "utf-8")  # so that the build takes a while
    page.get_by_role("button", name="Rebuild index", exact=True).last.click()
    expect(page.locator("#qa-built .qa-progress")).to_be_visible(timeout=30_000)
    open_conversation(page)
    notice = page.locator("#qa-notice")
    expect(notice).to_contain_text("A new index is being built; until it is ready, the current one answers.")
    expect(ask(page, FORUMS).locator(".qa-lead")).to_contain_text("United Nations")
    expect(notice).to_contain_text("A new index is being built")
    expect(headline(page)).to_contain_text("7 articles")
    shot(page, "building-while-asking")
    expect(headline(page)).to_contain_text("9 articles", timeout=120_000)
    turn = ask(page, asked)
    expect(turn.locator(".qa-lead")).to_contain_text("Wenzel Obermaier")
    expect(turn.locator(".qa-card").first.locator(".qa-file")).to_have_text("lighthouse.md")
    open_library(page)
    expect(page.locator("#qa-built")).to_contain_text(re.compile(r"2 added, 0 changed, .*passages encoded in [\d.]+ s"))
    expect(page.locator("#qa-files")).not_to_contain_text("in the index")


def test_a_source_that_changed_says_so(page: Page, chat: Chat) -> None:
    path = chat.corpus / "india-russia-anti-terrorism-summit.md"
    was = path.read_text("utf-8")
    try:
        path.write_text(f"{was}\nOne more line.\n", "utf-8")
        turn = ask(page, FORUMS)
        expect(turn.locator(".qa-card").first).to_contain_text("changed since indexed")
        expect(page.locator("#qa-source .qa-warn")).to_contain_text(
            "has changed since it was indexed; rebuild the index"
        )
        expect(page.locator(".qa-source-foot")).to_contain_text("Changed since it was indexed")
        shot(page, "changed-source")
        row = open_library(page).locator("tr", has_text="india-russia-anti-terrorism-summit.md")
        expect(row).to_contain_text("changed: not in the index yet")
        open_conversation(page)
        expect(page.locator("#qa-notice")).to_contain_text("1 change to your articles is waiting for a rebuild.")
    finally:
        path.write_text(was, "utf-8")


# --- other screens ----------------------------------------------------------------------------------------------------


def test_on_a_phone_the_source_slides_over_the_conversation(browser: Browser, chat: Chat) -> None:
    with visiting(browser, chat.url, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        expect(examples(page).first).to_be_visible(timeout=30_000)
        shot(page, "phone-welcome")
        turn = ask(page, FORUMS)
        source = page.locator("#qa-source")
        expect(source).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        shot(page, "phone-answer")
        opener = turn.get_by_role("button", name=re.compile("^Source 2"))
        opener.tap()
        expect(source).to_be_visible()
        until(page, "document.querySelector('#qa-source').getBoundingClientRect().left < 1")
        box = source.bounding_box()
        assert box is not None and round(box["width"]) == PHONE["width"]
        assert marked_in_view(page, opener.locator(".qa-snippet").text_content() or "")
        shot(page, "phone-source")
        page.get_by_role("button", name="Close the source").tap()
        expect(source).to_be_hidden()
        expect(opener).to_be_focused()
        opener.tap()  # the same source again
        expect(source).to_be_visible()
        page.keyboard.press("Escape")
        expect(source).to_be_hidden()
        ask(page, HEIGHT).get_by_role("button", name="Open source 1").first.tap()
        expect(page.locator(".qa-sheets img").first).to_be_visible(timeout=30_000)
        until(page, "document.querySelector('#qa-source').getBoundingClientRect().left < 1")
        expect(page.locator(".qa-strong").first).to_be_visible(timeout=30_000)
        assert in_view(page, ".qa-strong", ".qa-sheets")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        shot(page, "phone-page")
        page.get_by_role("button", name="Close the source").tap()
        open_library(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        shot(page, "phone-library")


def test_on_a_phone_the_list_of_files_is_sorted_by_a_choice_instead_of_its_columns(
    browser: Browser, chat: Chat
) -> None:
    with visiting(browser, chat.url, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        table = open_library(page)
        expect(table.get_by_role("columnheader", name="Size")).to_be_hidden(timeout=30_000)
        expect(table.get_by_label("Sort by")).to_be_hidden()  # the filters would take half of the screen
        table.get_by_text("Filter and sort").tap()
        table.get_by_label("Sort by").select_option("Size")
        expect(table.locator("th[aria-sort=descending]")).to_have_count(1)
        sizes = [(chat.corpus / path).stat().st_size for path in table.locator(".qa-file").all_inner_texts()]
        assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 1
        for part in (page.locator("#qa-library"), table.locator(".qa-table")):
            assert part.evaluate("(part) => part.scrollWidth - part.clientWidth") <= 0
        shot(page, "phone-library-sorted")


CONTRAST = """(selectors) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const over = (below, colour) => {
        canvas.fillStyle = `rgb(${below.join(' ')})`; canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = (node) => node
        ? over(ground(node.parentElement), getComputedStyle(node).backgroundColor) : [255, 255, 255];
    return selectors.map((selector) => {
        const node = [...document.querySelectorAll(selector)].find((one) => one.offsetParent);
        if (!node) return [selector, null];
        const below = ground(node), text = over(below, getComputedStyle(node).color);
        const [a, b] = [light(below), light(text)].sort((x, y) => y - x);
        return [selector, (a + .05) / (b + .05)];
    });
}"""
READ = [
    *("#qa-headline b", ".qa-question", ".qa-lead p", ".qa-sure", ".qa-tools summary"),
    *(".qa-ref", ".qa-rank", ".qa-title", ".qa-where", ".qa-snippet", ".qa-from .qa-file"),
    *(".qa-more summary", ".qa-tools button", "#qa-source h2", ".qa-section", ".qa-text", ".qa-text mark"),
    *(".qa-text .qa-cited", ".qa-text h3", ".qa-source-steps", ".qa-source-foot .qa-file", ".qa-same", ".qa-none"),
    *("summary", "#qa-send", ".qa-name", ".qa-new", ".qa-new kbd", "#qa-rail a"),
]

LISTED = [
    *(".qa-filter button", ".qa-filter input", ".qa-table caption", ".qa-table thead th", ".qa-table .qa-title"),
    *(".qa-table .qa-file", ".qa-table td", ".qa-state.qa-failed", ".qa-state.qa-indexed", ".qa-reason"),
    *(".qa-number", ".qa-dots"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_and_have_contrast(browser: Browser, chat: Chat, scheme: str) -> None:
    with visiting(browser, chat.url, color_scheme=scheme) as page:
        expect(examples(page).first).to_be_visible(timeout=30_000)
        ratios = dict(page.evaluate(CONTRAST, ["#qa-examples button", ".qa-welcome h1", ".qa-welcome p"]))
        ask(page, OFF_TOPIC)
        ask(page, FORUMS)
        expect(page.locator("#qa-source h2")).to_be_visible()
        shot(page, f"answer-{scheme}")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(json.loads(f"[{ground[4:-1]}]")) < 150) == (scheme == "dark")
        ratios |= dict(page.evaluate(CONTRAST, READ))
        open_library(page)
        expect(page.locator(".qa-table")).to_be_visible()
        ratios |= dict(page.evaluate(CONTRAST, LISTED))
        assert [selector for selector, ratio in ratios.items() if ratio is None] == []
        assert {selector: ratio for selector, ratio in ratios.items() if ratio < 4.5} == {}


def test_an_index_that_cannot_be_opened_is_one_sentence_and_a_button_that_fixes_it(page: Page, chat: Chat) -> None:
    for name in ("ledger.md", "register.md"):
        (chat.corpus / name).unlink(missing_ok=True)
    (chat.index / "CURRENT").write_text("000099\n", "ascii")
    notice = page.locator("#qa-notice")
    expect(notice).to_contain_text("The index cannot be used", timeout=30_000)
    shot(page, "broken")
    expect(ask(page, FORUMS).locator(".qa-problem")).to_contain_text("000099")
    notice.get_by_role("button", name="Rebuild index").click()
    expect(headline(page)).to_contain_text(" articles ", timeout=120_000)
    expect(notice).to_have_text("", timeout=30_000)
    expect(ask(page, FORUMS).locator(".qa-lead")).to_contain_text("United Nations")


def test_what_a_reader_sets_holds_in_this_browser(browser: Browser, chat: Chat) -> None:
    with visiting(browser, chat.url, color_scheme="light") as page:
        root, turn = page.locator("html"), ask(page, FORUMS)
        lead = turn.locator(".qa-lead p").first
        expect(lead).to_be_visible(timeout=30_000)
        size = "element => parseFloat(getComputedStyle(element).fontSize)"
        before = lead.evaluate(size)
        page.locator("#qa-settings summary").click()
        page.get_by_label("Appearance").select_option("Dark")
        expect(root).to_have_class(re.compile(r"\bdark\b"))
        page.get_by_label("Text size").select_option("Larger")
        assert lead.evaluate(size) == pytest.approx(1.3 * before)
        shot(page, "settings")
        other = page.context.new_page()
        other.goto(chat.url)
        root = other.locator("html")
        expect(root).to_have_class(re.compile(r"\bdark\b"))
        expect(root).to_have_attribute("data-size", "larger")
        other.locator("#qa-settings summary").click()
        other.get_by_label("Appearance").select_option("As the system")
        expect(root).not_to_have_class(re.compile(r"\bdark\b"))
