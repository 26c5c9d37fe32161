"""Pinned questions of the chat: whose they are, when they are asked again, and what other programs may read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import httpx
import pytest
from conftest import TinyEncoder
from jsonschema import Draft202012Validator
from served import Running, about_cats, clicked, serve
from waiting import wait_until

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.system.precedence import questions
from qa.ui.access.tokens import Tokens
from qa.ui.answers.pins_html import pins_html
from qa.ui.conversations import rechecking as rechecking_module
from qa.ui.conversations.rechecking import Rechecking
from qa.ui.page.chat import Chat
from qa.ui.web.public import PublicUrl
from qa.watchlist import pins as pins_module
from qa.watchlist.changes import Change, standing
from qa.watchlist.checking import check
from qa.watchlist.pins import Watchlist, keep, path_of

if TYPE_CHECKING:  # loading Gradio takes seconds, and most tests do not need it
    from qa.ui.page.pinboard import Pinboard

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread
QUESTION = "Where do cats sleep?"
NEW = "Cats sleep all day long on the cold blue floor."


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return about_cats(tmp_path, threshold=0.0, reader="off")


@pytest.fixture
def engine(config: Config) -> Iterator[Engine]:
    with Engine.open(config, TinyEncoder()) as engine:
        yield engine


def pin(engine: Engine, owner: str = "", question: str = QUESTION) -> Watchlist:
    pinned = Watchlist(engine.config.index, owner)
    pinned.add(question, {}, standing(engine, question, {}))
    return pinned


def change(config: Config) -> None:
    (config.corpus / "cats.md").write_text(f"# Cats\n\n{NEW}\n")
    build(config, TinyEncoder())


class Request:
    """A request of Gradio's, as far as a handler looks at it."""

    def __init__(self, username: str | None = None) -> None:
        self.username = username
        self.cookies: dict[str, str] = {}


def done(board: Pinboard, what: str, user: str | None = None, **data: Any) -> dict[str, Any]:
    value: dict[str, Any] = getattr(board, what)(clicked(**data), Request(user))
    return value


# --- when they are asked again


def test_a_change_that_two_programs_notice_is_told_once(engine: Engine, config: Config) -> None:
    pinned = pin(engine)
    (known,) = pinned.pins()
    change(config)
    after = standing(engine, QUESTION, {})
    assert keep(path_of(config.index), known, after, True) is not None
    assert keep(path_of(config.index), known, after, True) is None
    assert len(pinned.changes()) == 1


def test_they_are_asked_again_in_the_background_once_for_each_index(engine: Engine, config: Config) -> None:
    pinned, told = pin(engine), threading.Event()
    rechecking = Rechecking(engine, told.set)
    change(config)
    rechecking.start()
    assert told.wait(60)
    wait_until(pinned.unseen, 60)
    (found,) = pinned.changes()
    assert (found.before.document, found.after.words) == ("cats.md", NEW)
    rechecking.start()
    assert rechecking.close(60)
    assert len(pinned.changes()) == 1


def test_nothing_is_started_without_pins_and_nothing_asked_after_the_end(engine: Engine, config: Config) -> None:
    rechecking = Rechecking(engine, lambda: None)
    rechecking.start()
    assert rechecking.stamp == "" and not any(thread.name == "pins" for thread in threading.enumerate())
    pinned = pin(engine)
    change(config)
    assert rechecking.close(1)
    rechecking.start()
    assert pinned.changes() == [] and rechecking.stamp


def test_a_question_of_a_person_goes_first(engine: Engine, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(engine)
    change(config)
    asked = threading.Event()

    def check_one(engine: Engine, go_on: Callable[[], bool]) -> Iterator[Change]:
        if go_on():
            asked.set()
        yield from ()

    monkeypatch.setattr(rechecking_module, "check", check_one)
    rechecking = Rechecking(engine, lambda: None)
    with questions.first():
        rechecking.start()
        assert not asked.wait(2 * rechecking_module._QUIET)
    assert asked.wait(60) and questions.quiet_for >= rechecking_module._QUIET
    assert rechecking.close(60)


def test_what_stops_it_is_said_in_the_list(engine: Engine, config: Config) -> None:
    path_of(config.index).write_bytes(b"no database" * 100)
    told = threading.Event()
    rechecking = Rechecking(engine, told.set)
    rechecking.start()
    assert told.wait(60) and rechecking.close(60)
    assert "could not be asked again" in pins_html([], [], "", rechecking.problem, True)
    assert "move it away" in rechecking.problem


# --- whose they are


def test_each_owner_sees_and_removes_his_own(engine: Engine, config: Config) -> None:
    ada, ben = pin(engine, "user:ada"), pin(engine, "user:ben")
    (key,) = [each.key for each in ada.pins()]
    change(config)
    assert sorted(found.owner for found in check(engine)) == ["user:ada", "user:ben"]
    ada.see()
    assert (ada.unseen(), ben.unseen(), Watchlist(config.index).changes()) == (0, 1, [])
    assert ben.unpin(key) is not None
    assert (ben.pins(), ben.changes(), len(ada.pins())) == ([], [], 1)
    ben.restore(key)
    assert ben.unseen() == 1
    ben.unpin(key)
    pin(engine, "user:ben")  # is another pin, without the past of the removed one
    assert ben.changes() == [] and len(ada.changes()) == 1


def test_nobody_pins_without_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins_module, "MOST_OF_ONE", 1)
    pin(engine, "user:ada")
    pin(engine, "user:ada")
    with pytest.raises(QuestionError, match="1 questions are pinned already"):
        pin(engine, "user:ada", "Where do cats eat?")
    for question in (QUESTION, "Where do cats eat?"):
        pin(engine, "", question)


def test_the_page_of_a_user_pins_for_that_user_alone(engine: Engine, config: Config) -> None:
    from qa.ui.page.pinboard import Pinboard

    chat = Chat(engine)
    board, owner = Pinboard(chat, is_owner=False), Pinboard(chat, is_owner=True)
    value = done(board, "pin", "ada", question=QUESTION, scope={}, words=standing(engine, QUESTION, {}).words)
    assert (value["done"], value["keys"]) == ("pinned", [value["key"]])
    assert done(board, "pin", "ada", question="Who eats hay?", scope={}, words="Zebras.")["done"] == "differs"
    assert done(owner, "show")["keys"] == done(board, "show", "ben")["keys"] == []
    assert "allow cookies" in done(board, "show")["problem"]
    assert "is not a part of a scope" in done(board, "pin", "ada", question=QUESTION, scope={"x": []})["problem"]
    change(config)
    list(check(engine))
    assert done(board, "show", "ada")["unseen"] >= 1
    assert NEW in done(board, "show", "ada", lists=True)["html"]
    assert done(board, "show", "ada")["unseen"] == 0
    removed = done(board, "unpin", "ada", key=value["key"], lists=True)
    assert (removed["done"], removed["question"]) == ("unpinned", QUESTION)
    assert value["key"] in done(board, "repin", "ada", key=value["key"])["keys"]


# --- what other programs may read


@pytest.mark.server
def test_the_feeds_of_a_chat_that_only_its_owner_reaches(config: Config) -> None:
    with serve(config) as running:
        pin(running.engine)
        change(config)
        list(check(running.engine))
        data = running.http.get("/api/watchlist").raise_for_status().json()
        (found,) = data["changes"]
        assert (
            (found["question"], found["after"]["words"])
            == (QUESTION, NEW)
            == (
                data["pins"][0]["question"],
                data["pins"][0]["standing"]["words"],
            )
        )
        chat = f"{str(running.http.base_url).rstrip('/')}/#/article/cats.md?at="
        assert found["after"]["link"].startswith(chat)
        described = running.http.get("/openapi.json").json()
        (schema,) = described["paths"]["/api/watchlist"]["get"]["responses"]["200"]["content"].values()
        valid = Draft202012Validator({**schema["schema"], "components": described["components"]})
        valid.validate(data)
        assert not valid.is_valid({**data, "more": 1}) and not valid.is_valid({**data, "pins": [{}]})
        rss = running.http.get("/api/watchlist.rss").raise_for_status()
        assert rss.headers["content-type"].startswith("application/rss+xml")
        item = ElementTree.fromstring(rss.text).find("channel/item")
        assert item is not None and (item.findtext("link") or "").startswith(chat)
        refused = running.http.post("/api/watchlist")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.server
def test_a_log_in_reads_its_own_pins_and_a_token_those_of_the_command_line(config: Config) -> None:
    with serve(config, auth="ada:secret") as running:
        pin(running.engine, "user:ada", "Where does Ada sleep?")
        pin(running.engine, "", "Where do cats sleep?")

        def read(**how: Any) -> list[str]:
            return [each["question"] for each in asked(running, **how).raise_for_status().json()["pins"]]

        assert asked(running).status_code == 401
        assert read(auth=("ada", "secret")) == ["Where does Ada sleep?"]
        token = Tokens(config.index).add("reader")
        assert read(headers={"authorization": f"Bearer {token}"}) == ["Where do cats sleep?"]
        other = Tokens(config.index).add("bookmark", ["add"])
        assert asked(running, headers={"authorization": f"Bearer {other}"}).status_code == 403


@pytest.mark.server
def test_behind_a_proxy_nobody_reads_the_pins_of_others(config: Config) -> None:
    with serve(config, public=PublicUrl.parse("https://example.org/qa")) as running:
        pin(running.engine)
        assert asked(running).status_code == 401
        mine = asked(running, headers={"cookie": "qa-visitor=abcdefghijklmnopqrstuv"})
        assert mine.raise_for_status().json() == {"pins": [], "changes": []}


def asked(running: Running, **how: Any) -> httpx.Response:
    return running.http.get("/api/watchlist", **how)
