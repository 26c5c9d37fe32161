"""Over HTTP: whose a conversation is follows from the log-in or the cookie, and from nothing that a page sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from served import Running, about_cats, serve

from qa.config import Config
from qa.ui.conversations.history import History
from qa.ui.web.visitors import owner_of

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
QUESTION = "Where do cats sleep?"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return about_cats(tmp_path_factory.mktemp("owners"), threshold=0.0, reader="off")


@pytest.fixture(scope="module")
def running(config: Config) -> Iterator[Running]:
    with serve(config) as running:
        yield running


def visitor(running: Running) -> httpx.Client:
    return httpx.Client(base_url=running.http.base_url, trust_env=False, timeout=60)


def sent(http: httpx.Client, name: str, session: str, **data: Any) -> str:
    """What the server replies to an event of the page."""
    targets = [each for each in http.get("/config").json()["dependencies"] if name in str(each["targets"])]
    body = {
        "fn_index": targets[0]["id"],
        "data": [None],
        "event_data": data,
        "session_hash": session,
        "trigger_id": None,
    }
    http.post("/gradio_api/queue/join", json=body).raise_for_status()
    return http.get("/gradio_api/queue/data", params={"session_hash": session}).text


def stored(config: Config, owner: str) -> list[str]:
    return [past.title for past in History(config.index / "conversations.sqlite").past(owner)]


def test_a_browser_is_named_for_long_and_keeps_its_name(running: Running) -> None:
    with closing(visitor(running)) as http:
        given = http.get("/").headers["set-cookie"]
        assert re.fullmatch(r"qa-visitor=[\w-]{22}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax", given)
        assert http.get("/").headers["set-cookie"] == given
        http.cookies.clear()
        for odd in ("short", "x" * 23, "a;b"):
            again = http.get("/", headers={"cookie": f"qa-visitor={odd}"}).headers["set-cookie"]
            assert odd not in again and again != given


def test_a_conversation_belongs_to_the_browser_that_asked(running: Running, config: Config) -> None:
    with closing(visitor(running)) as anna, closing(visitor(running)) as ben:
        for http in (anna, ben):
            http.get("/").raise_for_status()
        assert "on the warm red sofa" in sent(anna, "qa_ask", "anna", question=QUESTION, conversation=".1")
        assert stored(config, owner_of(None, anna.cookies)) == [QUESTION]
        assert stored(config, owner_of(None, ben.cookies)) == []
        (past,) = History(config.index / "conversations.sqlite").past(owner_of(None, anna.cookies))
        assert "on the warm red sofa" in sent(anna, "qa_show", "again", conversation=past.id)
        # Neither by its address, nor in the session of the page that asked.
        for session in ("ben", "anna"):
            assert "sofa" not in sent(ben, "qa_show", session, conversation=past.id)
        assert "sofa" not in sent(ben, "qa_export", "ben", conversation=past.id)
        assert "Where do cats" not in sent(ben, "qa_list", "ben", words="cats")


def test_a_user_has_the_conversations_in_every_browser(config: Config) -> None:
    with serve(config, auth="me:secret word") as running:
        for number in range(2):
            with closing(visitor(running)) as http:
                assert http.post("/login", data={"username": "me", "password": "secret word"}).status_code < 400
                sent(http, "qa_ask", f"me{number}", question=f"Where do cats sleep {number}?", conversation=".1")
                assert f"sleep {number}?" in sent(http, "qa_list", f"list{number}")
                assert "sleep 0?" in sent(http, "qa_list", f"list{number}b")
    assert len(stored(config, "user:me")) == 2
