"""Your own risk on the page: it is chosen by keyboard, goes with each question, and cannot be chosen unsupported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from accessible import SCREENS, visiting
from browsers import chromium
from conftest import TinyEncoder
from playwright.sync_api import Browser, Locator, Page, expect
from served import Running, about_cats, serve

from qa.ask.lead_model import weights_sha256
from qa.build import build
from qa.engine import Engine
from qa.evaluate.calibrate import Outcome
from qa.evaluate.promise import promises
from qa.index.promised import forget_promised, keep_promised, promised

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
SLOW = 60_000
JUDGED = [Outcome(0.6 + 0.003 * n, True, True) for n in range(100)] + [Outcome(0.55, False, True)] * 30


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(about_cats(tmp_path_factory.mktemp("dial"), reader="off")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chat: Running) -> Iterator[Browser]:
    with chromium(patience=30_000) as browser:
        yield browser


@pytest.fixture
def judged(chat: Running) -> Iterator[None]:
    found = promises(JUDGED, 0.95, 0.5)
    keep_promised(chat.config, found, 0.95, chat.engine.generation.manifest, weights_sha256())
    yield
    forget_promised(chat.config)


def url_of(chat: Running) -> str:
    return str(chat.http.base_url).rstrip("/")


def opened(page: Page) -> Locator:
    """The choices, with the settings open."""
    if page.locator("[data-do=menu]").is_visible():
        page.locator("[data-do=menu]").click()
    page.locator("#qa-settings summary").click()
    group = page.locator("#qa-risk")
    expect(group).to_be_visible(timeout=SLOW)
    return group


def sent_threshold(page: Page) -> float:
    """The threshold that goes with a question."""
    page.locator("#qa-question textarea").fill("Where do cats sleep?")
    with page.expect_request(lambda request: "Where do" in (request.post_data or "")) as sent:
        page.locator("#qa-question textarea").press("Enter")
    threshold = json.loads(sent.value.post_data or "")["event_data"]["threshold"]
    assert isinstance(threshold, int | float)
    return threshold


@pytest.mark.usefixtures("judged")
def test_a_risk_is_chosen_by_keyboard_and_holds_after_a_reload(browser: Browser, chat: Running) -> None:
    kept = promised(chat.config)
    assert kept is not None
    with visiting(browser, "wide", url_of(chat)) as (page, check):
        group = page.get_by_role("group", name="Your own risk")
        opened(page)
        usual = group.get_by_role("radio", name="As “Answers” says")
        expect(usual).to_be_checked()
        five = group.get_by_role("radio", name="At most 5 of 100 wrong")
        expect(five).to_have_accessible_description(
            "Answers 100 of 130 judged questions, 0 of them wrongly, and refuses 30."
        )
        one = group.get_by_role("radio", name="At most 1 of 100 wrong")
        expect(one).to_be_disabled()
        expect(one).to_have_accessible_description(
            "Can be promised with 308 more judged answers, if these are as right as the best."
        )
        usual.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(five).to_be_checked()
        expect(page.locator("#qa-settings [name=threshold]")).to_be_disabled()
        check("chosen")
        page.reload()
        assert sent_threshold(page) == kept.promises[1].threshold
        opened(page)
        expect(five).to_be_checked()
        usual.check()
        expect(page.locator("#qa-settings [name=threshold]")).to_be_enabled()
        assert sent_threshold(page) == 0


@pytest.mark.usefixtures("judged")
def test_a_risk_that_is_not_promised_any_more_is_given_up_and_said(browser: Browser, chat: Running) -> None:
    with visiting(browser, "wide", url_of(chat)) as (page, _):
        opened(page).get_by_role("radio", name="At most 10 of 100 wrong").check()
        forget_promised(chat.config)
        page.reload()
        expect(page.get_by_text("The risk that you chose is not promised any more")).to_be_visible(timeout=SLOW)
        assert sent_threshold(page) == 0
        expect(opened(page)).to_contain_text("qa calibrate questions.jsonl")


@pytest.mark.parametrize("locale", ["en-GB", "ar-EG"])
@pytest.mark.parametrize("screen", SCREENS)
def test_the_choices_are_accessible(browser: Browser, chat: Running, screen: str, locale: str) -> None:
    with visiting(browser, screen, url_of(chat), locale) as (page, check):
        expect(opened(page)).to_contain_text("qa calibrate questions.jsonl")
        check("nothing judged")
        keep_promised(chat.config, promises(JUDGED, 0.95, 0.5), 0.95, chat.engine.generation.manifest, weights_sha256())
        page.locator("#qa-settings summary").click()
        page.locator("#qa-settings summary").click()
        ten = page.locator("#qa-risk [value='10']")
        expect(ten).to_be_visible(timeout=SLOW)
        ten.check()
        ten.scroll_into_view_if_needed()
        check("judged")
    forget_promised(chat.config)


def test_it_says_that_the_articles_have_changed(browser: Browser, chat: Running) -> None:
    keep_promised(chat.config, promises(JUDGED, 0.95, 0.5), 0.95, chat.engine.generation.manifest, weights_sha256())
    (chat.config.corpus / "dogs.md").write_text("# Dogs\n\nDogs bark at night.\n", "utf-8")
    build(chat.config, TinyEncoder())
    with closing(Engine.open(chat.config, TinyEncoder())) as engine:
        assert engine.generation.id == "000002"
    with visiting(browser, "wide", url_of(chat)) as (page, check):
        group = opened(page)
        expect(group).to_contain_text("Judged with an earlier state of your articles")
        expect(group.get_by_role("radio", name="At most 10 of 100 wrong")).to_be_enabled()
        check("changed")
    forget_promised(chat.config)
