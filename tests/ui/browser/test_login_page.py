"""The page to log in, in a real browser: with and without JavaScript, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsers import chromium
from playwright.sync_api import Browser, Page, expect
from ports import free_port
from proxied import Proxy, proxied
from served import about_cats, serve

from qa.config import Config
from qa.ui.web.public import PublicUrl

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return about_cats(tmp_path_factory.mktemp("login"))


@pytest.fixture(scope="module")
def url(config: Config) -> Iterator[str]:
    with serve(config, auth="me:secret") as running:
        yield str(running.http.base_url).rstrip("/")


@pytest.fixture(scope="module")
def behind_proxy(config: Config) -> Iterator[str]:
    port = free_port()
    with proxied(port, Proxy("/articles", keeps_host=False)) as outer:
        url = f"http://localhost:{outer}/articles/"  # a trustworthy name, as one with TLS is
        with serve(config, port=port, auth="me:secret", public=PublicUrl.parse(url)):
            yield url


@pytest.fixture(scope="module")
def browser(url: str, behind_proxy: str) -> Iterator[Browser]:
    with chromium(patience=30_000) as browser:  # on a busy machine
        yield browser


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("me")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_logs_in_and_is_where_they_wanted_to_be(browser: Browser, url: str, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{url}/?q=Who%3F#/library")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong: check both and try again.")
    expect(page.get_by_label("Name")).to_have_value("me")
    expect(page.get_by_label("Password")).to_have_value("")
    log_in(page, "secret")
    page.wait_for_url(f"{url}/?q=Who%3F#/library" if scripts else f"{url}/?q=Who%3F")
    expect(page.locator("#qa-shell")).to_be_visible()
    context.close()


EVALUATED = """new Promise((done) => setTimeout(() => {
    try { done((0, eval)("'evaluated'")); } catch (error) { done(error.name); }
}))"""


def test_no_text_is_evaluated_as_a_script(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    assert page.evaluate(EVALUATED) == "EvalError"
    log_in(page, "secret")
    expect(page.locator("#qa-shell")).to_be_visible()
    assert page.evaluate(EVALUATED) == "EvalError"
    context.close()


def test_a_link_on_another_site_leads_a_person_who_is_logged_in_to_the_page(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    log_in(page, "secret")
    expect(page.locator("#qa-shell")).to_be_visible()
    page.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(body=f'<a href="{url}/">chat</a>', content_type="text/html"),
    )
    page.goto("http://elsewhere.test/")
    page.get_by_text("chat").click()
    expect(page.locator("#qa-shell")).to_be_visible()
    context.close()


def test_the_page_works_below_a_path_of_a_proxy_and_a_person_logs_out(browser: Browser, behind_proxy: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    failed: list[str] = []
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.goto(behind_proxy)
    log_in(page, "secret")
    page.get_by_label("Your question").fill("How long do cats sleep?")
    page.get_by_label("Your question").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Cats sleep all day long", timeout=60_000)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.url == behind_proxy and failed == []
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()  # what was read is not in the browser's cache
    context.close()
