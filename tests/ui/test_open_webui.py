"""The function for open-webui: called as open-webui calls it, with a real chat behind it and a recording emitter."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from served import Running, about_cats, serve

from qa.ui.access.tokens import Tokens

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

NUMBERS = count()
ASKED = [{"role": "user", "content": "How long do cats sleep?"}]


def function() -> Any:
    """A new instance, loaded from the file as open-webui loads it."""
    spec = importlib.util.spec_from_file_location("open_webui_articles", ROOT / "examples/open-webui/articles.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Pipe()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(about_cats(tmp_path_factory.mktemp("open-webui")), auth="me:secret") as running:
        yield running


def piped(running: Running, messages: list[Any], token: str | None = None, **more: Any) -> tuple[str, list[Any]]:
    """What the function returns, and the events that it emits."""
    events: list[Any] = []

    async def emit(event: dict[str, Any]) -> None:
        events.append(event)

    pipe = function()
    pipe.valves.url = str(running.http.base_url)
    pipe.valves.token = Tokens(running.config.index).add(f"t{next(NUMBERS)}", ["ask"]) if token is None else token
    return asyncio.run(pipe.pipe({"model": "articles", "messages": messages}, __event_emitter__=emit, **more)), events


def test_each_citation_is_emitted_as_a_source_card(running: Running) -> None:
    text, (event,) = piped(running, ASKED)
    assert text.startswith("> Cats sleep all day long on the warm red sofa. [1]") and "Sources:" not in text
    assert event["type"] == "source" and set(event["data"]) == {"source", "document", "metadata"}
    data = event["data"]
    assert data["document"] == ["Cats sleep all day long on the warm red sofa."]
    assert len(data["metadata"]) == len(data["document"])
    assert data["source"]["name"] == "Cats (cats.md)"
    assert data["source"]["url"] == data["metadata"][0]["source"]
    assert data["source"]["url"].startswith(f"{running.http.base_url}/#/article/cats.md?at=".replace("//#", "/#"))
    assert function().citation is False  # open-webui makes none of its own


def test_a_refusal_is_said_and_the_nearest_passages_are_cards(running: Running) -> None:
    text, events = piped(running, [{"role": "user", "content": "Who is the president of Zorrolandia?"}])
    assert text.startswith("**Not in your articles.** ") and "\n" not in text.strip()
    assert {event["type"] for event in events} <= {"source"}


def test_tasks_of_open_webui_ask_nothing(running: Running) -> None:
    title, events = piped(running, ASKED, __task__="title_generation")
    assert json.loads(title) == {"title": "How long do cats sleep?"} and events == []
    assert piped(running, ASKED, __task__="follow_up_generation") == ("", [])


def test_what_goes_wrong_is_said_in_the_conversation(running: Running) -> None:
    text, events = piped(running, ASKED, token="qa_wrong")
    assert text.startswith("This chat needs a log-in") and events == []
    pipe = function()
    pipe.valves.url = "http://127.0.0.1:9"
    assert asyncio.run(pipe.pipe({"messages": ASKED})).endswith("does not answer: start it with `qa serve`.")


def test_the_file_says_what_open_webui_shows_of_it() -> None:
    head = Path(ROOT / "examples/open-webui/articles.py").read_text("utf-8").split('"""')[1]
    said = dict(line.split(": ", 1) for line in head.strip().splitlines())
    assert set(said) == {"title", "description", "version", "license"}
