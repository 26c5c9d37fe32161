"""What the server pushes to open pages: when, to how many, and that nobody is asked while none is open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from served import serve
from waiting import holds_within, wait_until

from qa.build import build
from qa.config import Config
from qa.ui.web import feed as feed_module
from qa.ui.web.feed import Feed


class State:
    """What is pushed, and how often it was looked at."""

    def __init__(self) -> None:
        self.json, self.looks, self.error = "1", 0, False

    def __call__(self, languages: Sequence[str]) -> tuple[dict[str, str], bool]:
        self.looks += 1
        if self.error:
            raise RuntimeError("secret")
        return {language: self.json if language == "en" else f"{self.json} {language}" for language in languages}, True


class Page:
    """An open page, as an ASGI server sees it."""

    def __init__(self) -> None:
        self.received = ""
        self.ended = False
        self._closed = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self._closed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.received += message.get("body", b"").decode()
        self.ended = message["type"] == "http.response.body" and not message.get("more_body")

    @property
    def data(self) -> list[str]:
        return [line.removeprefix("data: ") for line in self.received.splitlines() if line.startswith("data: ")]

    def close(self) -> None:
        self._closed.set()


@asynccontextmanager
async def opened(feed: Feed, language: str = "en") -> AsyncIterator[Page]:
    page = Page()
    query = f"language={language}".encode()
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/events",
        "query_string": query,
        "headers": [],
        "asgi": {"spec_version": "2.3"},
    }
    task = asyncio.create_task(feed(scope, page.receive, page.send))  # type: ignore[arg-type]
    try:
        yield page
    finally:
        page.close()
        await task


async def until(is_so: Callable[[], bool]) -> None:
    """Waits in another thread, so that the pages and the feed go on."""
    await asyncio.to_thread(wait_until, is_so)


def test_a_change_reaches_every_open_page_once_and_at_once_if_it_is_told() -> None:
    async def told() -> None:
        state = State()
        feed = Feed(state)
        async with opened(feed) as one, opened(feed) as other:
            await until(lambda: one.data == other.data == ["1"])
            state.json = "2"
            feed.wake()
            await until(lambda: one.data == other.data == ["1", "2"])
            feed.wake()  # nothing has changed
            await until(lambda: state.looks >= 3)
            assert one.data == ["1", "2"]

    asyncio.run(told())


def test_who_may_no_longer_read_gets_nothing_more() -> None:
    async def told() -> None:
        state, known = State(), ["me"]
        feed = Feed(state, lambda cookies: bool(known))
        async with opened(feed) as page:
            await until(lambda: page.data == ["1"])
            known.clear()  # the user has logged out, or was removed
            state.json = "2"
            feed.wake()
            await until(lambda: page.ended)
            assert page.data == ["1"]

    asyncio.run(told())


def test_a_page_that_comes_back_gets_the_present_state() -> None:
    async def told() -> None:
        state = State()
        feed = Feed(state)
        async with opened(feed) as page:
            await until(lambda: page.data == ["1"])
        state.json = "2"
        async with opened(feed) as page:
            await until(lambda: bool(page.data))
            assert page.data == ["2"]

    asyncio.run(told())


def test_each_page_gets_the_state_in_its_own_language() -> None:
    async def told() -> None:
        state = State()
        feed = Feed(state)
        async with opened(feed) as english:
            await until(lambda: english.data == ["1"])
            async with opened(feed, "de") as german:  # at once, not when somebody looks next
                await until(lambda: german.data == ["1 de"])
                state.json = "2"
                feed.wake()
                await until(lambda: (english.data, german.data) == (["1", "2"], ["1 de", "2 de"]))

    asyncio.run(told())


def test_nobody_looks_while_no_page_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_SLOW", 0.01)

    async def told() -> None:
        state = State()
        feed = Feed(state)
        async with opened(feed) as page:
            await until(lambda: bool(page.data))
        loop = asyncio.get_running_loop()
        await until(lambda: len(asyncio.all_tasks(loop)) == 1)  # the last look has ended, and only the test goes on
        looks = state.looks
        feed.wake()
        assert not await asyncio.to_thread(holds_within, lambda: state.looks != looks, 0.1)
        assert looks > 0

    asyncio.run(told())


def test_a_look_that_fails_is_logged_and_the_next_one_is_pushed(caplog: pytest.LogCaptureFixture) -> None:
    async def told() -> None:
        state = State()
        state.error = True
        feed = Feed(state)
        async with opened(feed) as page:
            await until(lambda: state.looks > 0)
            state.error = False
            feed.wake()
            await until(lambda: page.data == ["1"])

    asyncio.run(told())
    assert "the state of the index could not be shown" in caplog.text


@pytest.mark.server
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_server_pushes_what_pages_show_of_the_index_and_only_to_those_who_may_see_it(config: Config) -> None:
    from conftest import TinyEncoder

    (config.corpus / "cats.md").write_text("# Cats\n\nCats sleep.\n", "utf-8")
    build(config, TinyEncoder())
    with serve(config) as running, running.http.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        line = next(line for line in stream.iter_lines() if line.startswith("data: "))
        pushed = json.loads(line.removeprefix("data: "))
        assert set(pushed) == {"version", "headline", "notice", "examples", "built", "pinned", "comparing", "compared"}
        assert "1 article" in pushed["headline"]
    with serve(config, auth="me:secret") as running:
        assert running.http.get("/events").status_code == 401
