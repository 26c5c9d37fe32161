"""The page in other languages: which one is chosen, what it says, and from which side it is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from accessible import unfold_all, visiting
from browsers import chromium
from conftest import TinyEncoder
from playwright.sync_api import Browser, Page, expect
from served import serve

from qa.build import build
from qa.config import Config

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
CATS = """# Cats

## How long do cats sleep?

Cats sleep sixteen hours a day on the warm red sofa, and so do most of the other animals in this house.
"""
BOX = "#qa-question textarea"


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A chat, and one that wants a log-in."""
    root = tmp_path_factory.mktemp("languages")
    (root / "corpus").mkdir()
    (root / "corpus" / "cats.md").write_text(CATS, "utf-8")
    (root / "corpus" / "empty.md").write_text("", "utf-8")
    config = Config(corpus=root / "corpus", index=root / "index")
    build(config, TinyEncoder())
    with serve(config) as one, serve(config, auth="me:secret") as other:
        yield str(one.http.base_url).rstrip("/"), str(other.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def browser(urls: tuple[str, str]) -> Iterator[Browser]:
    with chromium(patience=30_000) as browser:
        yield browser


def ask(page: Page, question: str, words: str) -> None:
    page.locator(BOX).fill(question)
    page.locator(BOX).press("Enter")
    expect(page.get_by_role("log")).to_contain_text(words, timeout=60_000)


def test_the_page_speaks_the_language_of_the_browser(browser: Browser, urls: tuple[str, str]) -> None:
    with visiting(browser, "wide", urls[0], "de-AT") as (page, check):
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.locator("html")).to_have_attribute("dir", "ltr")
        expect(page.get_by_role("heading", name="Fragen Sie Ihre Artikel")).to_be_visible()
        expect(page.locator("#qa-headline")).to_contain_text(
            re.compile("1 Artikel.*Textstelle.*erstellt: "), timeout=60_000
        )
        ask(page, "How long do cats sleep?", "sixteen hours")
        expect(page.locator(".qa-sure").last).to_have_text(re.compile("ahrscheinlich|Möglich"))
        expect(page.locator("#qa-spoken")).to_contain_text(re.compile("^Antwort: .*, aus Cats"))
        expect(page.locator("#qa-spoken span[lang=en]")).to_have_text(re.compile("^Cats sleep sixteen hours"))
        expect(page.locator(".qa-lead").last).to_have_attribute("lang", "en")
        expect(page.locator(".qa-snippet").first).to_have_attribute("lang", "en")
        expect(page.locator("#qa-source .qa-part").first).to_have_attribute("lang", "en")
        check("answered")
        ask(page, "Who won the 1998 football world cup?", "Ihre Artikel scheinen die Antwort nicht zu enthalten")
        check("refused")
        page.goto(f"{urls[0]}/#/library")
        expect(page.locator("#qa-files")).to_contain_text("2 Dateien · 1 indexiert · 1 leer", timeout=60_000)
        check("library")


def test_what_is_chosen_in_settings_stays_and_the_draft_of_a_question_too(
    browser: Browser, urls: tuple[str, str]
) -> None:
    with visiting(browser, "wide", urls[0]) as (page, _):
        ask(page, "How long do cats sleep?", "sixteen hours")
        page.locator(BOX).fill("And dogs?")
        page.get_by_text("Settings").click()
        page.get_by_label("Language").select_option("Español")
        expect(page.locator("html")).to_have_attribute("lang", "es")
        expect(page.locator(BOX)).to_have_value("And dogs?")
        expect(page.get_by_role("log")).to_contain_text("sixteen hours", timeout=60_000)
        expect(page.locator(".qa-sure")).to_have_text(re.compile("robable|Posible"))
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "es")
        page.get_by_text("Ajustes").click()
        expect(page.get_by_label("Idioma")).to_have_value("es")
        page.get_by_label("Idioma").select_option("")
        expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("screen", ["wide", "wide-dark", "phone", "phone-dark", "400-percent"])
def test_arabic_runs_from_the_right_and_nothing_stands_out(
    browser: Browser, urls: tuple[str, str], screen: str
) -> None:
    with visiting(browser, screen, urls[0], "ar-EG") as (page, check):
        expect(page.locator("html")).to_have_attribute("lang", "ar")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        expect(page.locator("#qa-headline")).to_contain_text("مقالة واحدة", timeout=60_000)
        check("welcome")
        ask(page, "How long do cats sleep?", "sixteen hours")
        source = page.locator("#qa-source")
        covers = not source.is_visible()  # it comes over the page only when it is asked for
        if covers:
            check("answered")
            page.locator(".qa-ref").first.click()
            expect(source).to_be_visible()  # hidden, it has the words already
        expect(source).to_contain_text("sixteen hours", timeout=60_000)
        check("with its source")
        if screen.startswith("wide"):
            assert page.evaluate("document.querySelector('#qa-source').getBoundingClientRect().left") == 0
            assert page.evaluate("innerWidth - document.querySelector('#qa-rail').getBoundingClientRect().right") == 0
        page.keyboard.press("Escape")
        if covers:
            expect(source).to_be_hidden()
        unfold_all(page)
        check("unfolded")
        ask(page, "Who won the 1998 football world cup?", "لا يبدو أن مقالاتك تحتوي على الإجابة")
        check("refused")
        page.locator("[data-do=scope]").click()
        expect(page.locator("#qa-places")).to_contain_text("cats.md", timeout=60_000)
        check("choosing articles")
        page.keyboard.press("Escape")
        page.goto(f"{urls[0]}/#/library")
        expect(page.locator("#qa-files")).to_contain_text("ملفان · 1 مُفهرسة · 1 فارغة", timeout=60_000)
        check("library")
        if page.locator("[data-do=menu]").is_visible():
            page.locator("[data-do=menu]").click()
            page.locator("#qa-settings summary").click()
            check("menu")


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_the_page_to_log_in_speaks_it_too(browser: Browser, urls: tuple[str, str], screen: str) -> None:
    with visiting(browser, screen, urls[1], "ar") as (page, check):
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        page.get_by_label("الاسم").fill("me")
        page.get_by_label("كلمة المرور").fill("wrong")
        page.get_by_role("button", name="تسجيل الدخول").click()
        expect(page.get_by_role("alert")).to_contain_text("الاسم أو كلمة المرور")
        check("wrong log-in")
        page.get_by_label("كلمة المرور").fill("secret")
        page.get_by_role("button", name="تسجيل الدخول").click()
        expect(page.locator(BOX)).to_be_visible()


def test_everything_of_the_page_is_asked_for_in_its_language(urls: tuple[str, str], browser: Browser) -> None:
    with visiting(browser, "wide", urls[0], "es") as (page, _):
        asked = list[str]()
        page.on("request", lambda request: asked.append(request.url))
        ask(page, "How long do cats sleep?", "sixteen hours")
        joined = [url for url in asked if "queue/join" in url or "/articles/" in url]
        assert joined and all("language=es" in url for url in joined)


@pytest.mark.parametrize("locale", ["de", "es", "ar", "en"])
def test_longer_words_fit_a_phone(browser: Browser, urls: tuple[str, str], locale: str) -> None:
    with visiting(browser, "phone", urls[0], locale) as (page, check):
        expect(page.locator("#qa-headline b")).to_have_count(3, timeout=60_000)
        ask(page, "How long do cats sleep?", "sixteen hours")
        for summary in page.locator(".qa-turn summary").all():
            if summary.is_visible():
                summary.click()
                if menu := summary.locator("xpath=following-sibling::div").all():
                    box = menu[0].bounding_box()
                    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
                    page.keyboard.press("Escape")  # it covers others
        check("unfolded")
        page.goto(f"{urls[0]}/#/library")
        expect(page.locator("#qa-files")).to_contain_text("cats.md", timeout=60_000)
        check("library")
        page.locator("[data-do=menu]").click()
        page.locator("#qa-settings summary").click()
        check("menu")
