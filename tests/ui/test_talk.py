"""What a person does with conversations: ask, reload, open in two pages, search, rename, delete, export."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TinyEncoder
from served import clicked, rail_of, screen_of, talk_of
from waiting import wait_until

from qa.build import BuildReport, build
from qa.config import Config
from qa.engine import Engine
from qa.errors import CorpusError, StoreError
from qa.ui.conversations.conversation import MOST_EXCHANGES, Conversation
from qa.ui.conversations.exchange import Wishes
from qa.ui.conversations.history import History, Past
from qa.ui.conversations.past_html import past_html
from qa.ui.library.jobs import BuildJob
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session
from qa.ui.web.visitors import COOKIE, is_name, new_name, owner_of

if TYPE_CHECKING:  # loading Gradio takes seconds
    from qa.ui.page.talk import Talk

ANNA, BEN = new_name(), new_name()


def by(name: str, user: str | None = None) -> Any:
    """A request of the browser with this name."""
    return SimpleNamespace(username=user, cookies={COOKIE: name})


@pytest.fixture
def settings(tmp_path: Any, tiny: TinyEncoder) -> Config:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "cats.md").write_text("# Cats\n\nCats sleep all day long on the sofa.\n")
    config = Config(corpus, tmp_path / "index", threshold=0.0)
    build(config, tiny)
    return config


@pytest.fixture
def chat(settings: Config, tiny: TinyEncoder) -> Iterator[Chat]:
    with closing(Chat(Engine.open(settings, tiny))) as chat:
        yield chat


@pytest.fixture
def talk(chat: Chat) -> Talk:
    return talk_of(screen_of(chat))


def ask(talk: Talk, session: Session, question: str, key: str = ".1", who: str = ANNA) -> Any:
    list(talk.ask_typed(session, clicked(question=question, conversation=key), by(who)))
    return session.current


def opened(talk: Talk, key: str, who: str = ANNA) -> dict[str, Any]:
    *_, value = talk.open(Session(), clicked(conversation=key), by(who))
    return dict(value)


def questions(value: dict[str, Any]) -> list[str]:
    return [turn["question"] for turn in value["turns"]]


# --- asking and coming back


@pytest.mark.parametrize(
    ("sent", "passages", "threshold"),
    [
        ({}, 5, 0.0),
        ({"passages": 1, "threshold": 0.9}, 1, 0.9),
        ({"passages": 20, "threshold": 1}, 20, 1.0),
        ({"passages": 21, "threshold": 1.1}, 5, 0.0),
        ({"passages": "9", "threshold": "x"}, 5, 0.0),
        ({"passages": -1, "threshold": -1}, 5, 0.0),
    ],
)
def test_a_question_is_answered_as_its_reader_has_set(
    talk: Talk, sent: dict[str, Any], passages: int, threshold: float
) -> None:
    session = Session()
    list(talk.ask_typed(session, clicked(question="Where do cats sleep?", conversation=".1", **sent), by(ANNA)))
    (exchange,) = session.current.exchanges
    assert (exchange.wishes.passages, exchange.wishes.threshold) == (passages, threshold)
    assert exchange.answer is not None and len(exchange.answer.citations) <= passages
    assert exchange.answer.why is not None
    assert exchange.answer.why.threshold == max(threshold, talk._chat.engine.config.least_confidence)
    list(talk.retry(session, clicked(turn=1, passages=2, threshold=0.7)))
    assert session.current.exchanges[0].wishes == Wishes(2, 0.7)


def test_a_reload_a_second_page_and_a_restarted_server_lose_nothing(
    talk: Talk, settings: Config, tiny: TinyEncoder
) -> None:
    session = Session()
    name = ask(talk, session, "Where do cats sleep?").name
    assert ask(talk, session, "And why?", name).name == name
    before = [turn["html"] for turn in opened(talk, name)["turns"]]
    assert "on the sofa" in before[0]
    with closing(Chat(Engine.open(settings, tiny))) as restarted:
        value = opened(talk_of(screen_of(restarted)), name)
    assert questions(value) == ["Where do cats sleep?", "And why?"]
    assert [turn["html"] for turn in value["turns"]] == before
    assert value["spoken"] == ""  # an old answer is not announced


def test_two_pages_of_one_conversation_agree(talk: Talk) -> None:
    one, other = Session(), Session()
    name = ask(talk, one, "Where do cats sleep?").name
    list(talk.open(other, clicked(conversation=name), by(ANNA)))
    ask(talk, other, "On the sofa?", name)
    ask(talk, one, "All day?", name)
    asked = ["Where do cats sleep?", "On the sofa?", "All day?"]
    assert [each.question for each in one.current.exchanges] == asked
    assert [each.question for each in other.current.exchanges] == asked
    assert questions(opened(talk, name)) == asked


def test_two_questions_of_a_new_conversation_are_in_the_same_one(talk: Talk, chat: Chat) -> None:
    session = Session()
    first = ask(talk, session, "Where do cats sleep?", ".1")
    assert ask(talk, session, "On the sofa?", ".1") is first
    assert ask(talk, session, "Where else?", ".2") is not first
    assert chat.history is not None
    assert [past.turns for past in chat.history.past(owner_of(None, {COOKIE: ANNA}))] == [1, 2]


def test_an_answer_is_stored_even_if_its_page_is_gone(talk: Talk, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    go, ask_engine = threading.Event(), chat.engine.ask
    monkeypatch.setattr(chat.engine, "ask", lambda *values: (go.wait(60), ask_engine(*values))[1])
    session = Session()
    page = talk.ask_typed(session, clicked(question="Where do cats sleep?", conversation=".1"), by(ANNA))
    next(page)
    page.close()  # type: ignore[attr-defined]
    reopened = talk.open(Session(), clicked(conversation=session.current.name), by(ANNA))
    assert "Looking through your articles" in next(reopened)["turns"][0]["html"]
    go.set()
    (later,) = reopened
    assert "on the sofa" in later["turns"][0]["html"] and later["spoken"].startswith("Answer:")


def test_a_question_that_a_stopped_server_left_is_answered_when_it_is_opened(talk: Talk, chat: Chat) -> None:
    stopped = Conversation(chat.history, owner_of(None, {COOKIE: ANNA}))
    stopped.begin("Where do cats sleep?")
    first, later = talk.open(Session(), clicked(conversation=stopped.name), by(ANNA))
    assert "Looking through your articles" in first["turns"][0]["html"]
    assert "on the sofa" in later["turns"][0]["html"]


def test_a_question_asked_while_the_first_index_is_built_waits_and_is_answered(
    settings: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    empty = replace(settings, index=settings.index.with_name("later"))
    with closing(Chat(Engine.open(empty, tiny))) as chat:
        chat.job = BuildJob(chat.engine, lambda *values, **named: (go.wait(60), build(empty, tiny))[1])
        chat.job.start()
        page = talk_of(screen_of(chat)).ask(Session(), "Where do cats sleep?")
        assert "as soon as the index is built" in next(page)[0]["turns"][0]["html"]
        go.set()
        assert "on the sofa" in next(page)[0]["turns"][0]["html"]
        list(page)


def test_a_question_does_not_wait_for_an_index_that_nobody_builds(settings: Config, tiny: TinyEncoder) -> None:
    def fails(*_: object, **__: object) -> BuildReport:
        raise CorpusError("No.")

    with closing(Chat(Engine.open(replace(settings, index=settings.index.with_name("later")), tiny))) as chat:
        chat.job = BuildJob(chat.engine, fails)
        for _ in range(2):
            *_, (value, _) = talk_of(screen_of(chat)).ask(Session(), "Where do cats sleep?")
            assert "There is no index yet; ask again once it is built." in value["turns"][0]["html"]
            chat.job.start()
            chat.job.wait(60)


def test_an_answer_goes_into_its_own_conversation_though_the_page_shows_another(
    talk: Talk, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, go, ask_engine = Session(), threading.Event(), chat.engine.ask
    other = ask(talk, session, "On the sofa?", ".1").name
    monkeypatch.setattr(chat.engine, "ask", lambda *values: (go.wait(60), ask_engine(*values))[1])
    page = talk.ask_typed(session, clicked(question="Where do cats sleep?", conversation=".2"), by(ANNA))
    assert next(page)[0]["key"] == ".2"
    list(talk.open(session, clicked(conversation=other), by(ANNA)))
    go.set()
    ((value, source),) = page
    assert (value["key"], questions(value)) == (".2", ["Where do cats sleep?"])
    assert "html" not in source  # nor does its source open beside the other one
    assert [each.question for each in session.current.exchanges] == ["On the sofa?"]


def test_a_verdict_and_a_question_asked_again_are_stored(talk: Talk) -> None:
    session = Session()
    name = ask(talk, session, "Where do cats sleep?").name
    talk.judge(session, clicked(turn=1, verdict="up"))
    assert "qa-thanks" in opened(talk, name)["turns"][0]["html"]
    list(talk.retry(session, clicked(turn=1)))
    assert "qa-thanks" not in opened(talk, name)["turns"][0]["html"]


def test_a_button_of_a_conversation_that_is_gone_changes_no_other(talk: Talk) -> None:
    session = Session()
    name = ask(talk, session, "Where do cats sleep?").name
    for key in (".7", "x" * 16):
        talk.judge(session, clicked(turn=1, verdict="up", conversation=key), by(ANNA))
        list(talk.retry(session, clicked(turn=1, conversation=key), by(ANNA)))
    assert "qa-thanks" not in opened(talk, name)["turns"][0]["html"]
    talk.judge(Session(), clicked(turn=1, verdict="up", conversation=name), by(ANNA))  # of a page that is opened anew
    assert "qa-thanks" in opened(talk, name)["turns"][0]["html"]


def test_an_empty_question_creates_nothing(talk: Talk, chat: Chat) -> None:
    for question in ("", " \n", None, 3):
        list(talk.ask_typed(Session(), clicked(question=question, conversation=".1"), by(ANNA)))
    assert chat.history is not None and not chat.history.path.exists()


def test_a_stored_citation_opens_its_words_in_the_present_index_or_says_that_they_are_gone(
    talk: Talk, settings: Config, tiny: TinyEncoder
) -> None:
    name = ask(talk, Session(), "Where do cats sleep?").name
    article = settings.corpus / "cats.md"
    for text, expected in (
        ("# Cats\n\nNew at the top.\n\nCats sleep all day long on the sofa.\n", "New at the top."),
        ("# Cats\n\nCats sleep nowhere.\n", "the article no longer contains these words"),
        (None, "This article is no longer in the index"),
    ):
        article.write_text(text) if text else article.rename(settings.corpus.with_name("cats.md"))
        build(settings, tiny, confirmed=True)
        with closing(Chat(Engine.open(settings, tiny))) as later:
            event = clicked(conversation=name, turn=1, rank=1)
            source = talk_of(screen_of(later)).open_source(Session(), event, by(ANNA))
        assert expected in source["html"] and "all day long on the sofa" in source["html"]


# --- whose it is


def test_a_conversation_opens_for_its_owner_alone(talk: Talk) -> None:
    name = ask(talk, Session(), "Where do cats sleep?").name
    for key in (name, "", ".1", "x" * 16, "x" * 10_000):
        value = opened(talk, key, BEN)
        assert value["turns"] == [] and value["problem"].startswith("This conversation does not exist")
    session = Session()
    assert ask(talk, session, "Mine?", name, BEN).name not in ("", name)
    assert questions(opened(talk, name)) == ["Where do cats sleep?"]


def test_a_page_whose_visitor_changes_shows_nothing_of_the_one_before(talk: Talk) -> None:
    session = Session()
    name = ask(talk, session, "Where do cats sleep?").name
    (value,) = talk.open(session, clicked(conversation=name), by(BEN))
    assert value["turns"] == [] and session.current.exchanges == ()


def test_a_user_has_the_same_conversations_in_every_browser_and_a_browser_without_a_name_has_none() -> None:
    assert owner_of("anna", {COOKIE: ANNA}) == owner_of("anna", {COOKIE: BEN}) == owner_of("anna", {}) == "user:anna"
    assert owner_of(None, {COOKIE: ANNA}) != owner_of(None, {COOKIE: BEN})
    assert ANNA not in owner_of(None, {COOKIE: ANNA})  # nobody who reads the file can become its owner
    for name in ("", "guessed", ANNA + "x", ANNA[:-1] + "\n", "user:anna"):
        assert not is_name(name) and owner_of(None, {COOKIE: name}) == ""


def test_without_an_owner_a_conversation_is_only_in_its_page(talk: Talk, chat: Chat) -> None:
    session = Session()
    assert ask(talk, session, "Where do cats sleep?", ".1", "").name == ""
    assert ask(talk, session, "And why?", ".1", "") is session.current
    assert len(session.current.exchanges) == 2
    assert chat.history is not None and not chat.history.path.exists()


# --- without a history


def test_a_setting_keeps_no_history(settings: Config, tiny: TinyEncoder) -> None:
    with closing(Chat(Engine.open(replace(settings, history=False), tiny))) as chat:
        session, talk = Session(), talk_of(screen_of(chat))
        assert ask(talk, session, "Where do cats sleep?").name == ""
        assert "on the sofa" in str(ask(talk, session, "And why?").exchanges[0].answer)
        value = rail_of(chat).list(clicked(), by(ANNA))
        assert (value["kept"], value["deleted"]) == (False, [])
        assert rail_of(chat).export(clicked(conversation=""), by(ANNA))["problem"]
    assert not (settings.index / "conversations.sqlite").exists()


def test_a_visitor_who_wants_no_history_has_none_and_others_do(talk: Talk, chat: Chat) -> None:
    rail = rail_of(chat)
    kept = ask(talk, Session(), "Where do cats sleep?").name
    assert not rail.keep(clicked(wanted=False), by(ANNA))["kept"]
    assert ask(talk, Session(), "Anything?").name == ""
    assert ask(talk, Session(), "Anything?", ".1", BEN).name
    assert kept in rail.list(clicked(), by(ANNA))["html"]  # until it is deleted
    assert rail.keep(clicked(wanted=True), by(ANNA))["kept"]
    assert ask(talk, Session(), "Anything?").name


def test_a_history_that_breaks_is_one_sentence_and_the_chat_goes_on(
    talk: Talk, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session()
    name = ask(talk, session, "Where do cats sleep?").name
    history = chat.history
    assert history is not None
    history.path.write_bytes(b"no database" * 1000)
    conversation = ask(talk, session, "On the sofa?", name)
    assert [each.question for each in conversation.exchanges] == ["Where do cats sleep?", "On the sofa?"]
    assert all(each.answer for each in conversation.exchanges)
    assert conversation.problem.startswith("Conversations cannot be stored or read (")
    assert rail_of(chat).list(clicked(), by(ANNA))["html"].count("cannot be stored or read") == 1
    fresh = Session()
    assert ask(talk, fresh, "Where do cats sleep?", ".2").exchanges[0].answer
    assert fresh.current.problem
    assert "cannot be stored" in rail_of(chat).export(clicked(conversation=name), by(ANNA))["problem"]


def test_a_disk_that_fills_during_an_answer_loses_nothing_on_the_page(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise StoreError("The disk is full: free some space.")

    monkeypatch.setattr(History, "put", full)
    session = Session()
    conversation = ask(talk, session, "Where do cats sleep?")
    assert conversation.exchanges[0].answer is not None
    assert conversation.problem == "The disk is full: free some space."


# --- the list


def listed(value: dict[str, Any]) -> list[str]:
    return re.findall(r'<span dir="auto" lang="">(.*?)</span>', value["html"])


def test_conversations_are_listed_found_renamed_deleted_and_restored(talk: Talk, chat: Chat) -> None:
    rail, session = rail_of(chat), Session()
    cats = ask(talk, session, "Where do cats sleep?", ".1").name
    ask(talk, session, "What is <b>?", ".2")
    assert listed(rail.list(clicked(), by(ANNA))) == ["What is &lt;b&gt;?", "Where do cats sleep?"]
    assert listed(rail.list(clicked(words="whére CATS"), by(ANNA))) == ["Where do cats sleep?"]
    found = rail.list(clicked(words="nothing of this"), by(ANNA))
    assert listed(found) == [] and "No conversation has these words." in found["html"]
    renamed = rail.rename(clicked(conversation=cats, title="Sleep"), by(ANNA))
    assert listed(renamed) == ["What is &lt;b&gt;?", "Sleep"]
    deleted = rail.delete(clicked(conversation=cats), by(ANNA))
    assert (listed(deleted), deleted["deleted"]) == (["What is &lt;b&gt;?"], [cats])
    assert opened(talk, cats)["turns"] == []
    assert len(listed(rail.restore(clicked(names=[cats, 3]), by(ANNA)))) == 2
    assert questions(opened(talk, cats)) == ["Where do cats sleep?"]
    assert listed(rail.delete(clicked(all=True), by(ANNA))) == []


@pytest.mark.parametrize("event", [{}, {"conversation": ""}, {"conversation": None, "all": 1}, {"names": "x"}])
def test_what_a_page_would_not_send_deletes_nothing(talk: Talk, chat: Chat, event: dict[str, Any]) -> None:
    rail, session = rail_of(chat), Session()
    ask(talk, session, "Where do cats sleep?")
    for change in (rail.delete, rail.restore, rail.rename, rail.list):
        assert len(listed(change(clicked(**event, words=3, minutes="x"), by(ANNA)))) == 1


def test_nobody_lists_changes_or_exports_what_belongs_to_another(talk: Talk, chat: Chat) -> None:
    rail, session = rail_of(chat), Session()
    name = ask(talk, session, "Where do cats sleep?").name
    event = clicked(conversation=name, title="Mine", all=True, names=[name], kind="json")
    for change in (rail.rename, rail.delete, rail.restore, rail.list):
        value = change(event, by(BEN))
        assert (listed(value), value["deleted"]) == ([], [])
    assert set(rail.export(event, by(BEN))) == {"problem"}
    assert listed(rail.list(clicked(), by(ANNA))) == ["Where do cats sleep?"]


def test_a_conversation_is_exported_as_markdown_and_json(talk: Talk, chat: Chat) -> None:
    rail, session = rail_of(chat), Session()
    name = ask(talk, session, "Where do cats sleep?").name
    text = rail.export(clicked(conversation=name, kind="markdown"), by(ANNA))
    day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    assert text["file"] == f"{day} Where do cats sleep.md" and text["type"] == "text/markdown"
    assert "> Cats sleep all day long on the sofa.\n\n— [Cats](#/article/cats.md?at=" in text["text"]
    own = "http://[::1]:7860/"
    for address, begins in ((own, f"{own}#"), (")", "#"), (f"{own}#", "#"), ("javascript:x", "#")):
        event = clicked(conversation=name, kind="markdown", address=address)
        assert f"— [Cats]({begins}/article" in rail.export(event, by(ANNA))["text"]
    data = rail.export(clicked(conversation=name, kind="json"), by(ANNA))
    assert data["file"].endswith(".json")
    (turn,) = json.loads(data["text"])["turns"]
    answer = session.current.exchanges[0].answer
    assert answer is not None and turn["answer"] == json.loads(json.dumps(answer.as_json()))


def test_the_list_is_grouped_by_the_days_of_the_reader() -> None:
    now = datetime.fromisoformat("2026-05-17T01:30:00+02:00")
    days = ["2026-05-17T08:00", "2026-05-16T22:10", "2026-05-16T21:59", "2026-05-14T09:00", "2025-12-31T23:30"]
    past = [Past(str(number), day, f"{day}:00.000+00:00", 1) for number, day in enumerate(days)]
    html = past_html(past, now, False)
    assert re.findall("<h2>(.*?)</h2>", html) == ["Today", "Yesterday", "Thursday, 14 May", "Thursday, 1 January"]
    assert "<h2>31 December 2025</h2>" in past_html(
        [replace(past[-1], updated="2025-12-31T12:00:00+00:00")], now, False
    )


def test_a_search_leads_to_the_turn() -> None:
    past = Past("abc", 'A "quoted" <title>', "2026-05-17T08:00:00.000+00:00", 4, 3)
    html = past_html([past], datetime.now(timezone.utc), True)
    assert 'href="#/c/abc/3"' in html and "&lt;title&gt;" in html and "<title>" not in html


# --- sessions


def test_a_page_keeps_its_last_turns_only(chat: Chat) -> None:
    conversation = Conversation(chat.history, "user:anna")
    for number in range(MOST_EXCHANGES + 5):
        conversation.begin(str(number))
    shown = conversation.exchanges
    assert len(shown) == MOST_EXCHANGES and shown[0].question == "5"
    assert Conversation(chat.history, "user:anna", conversation.name).exchanges == shown


def test_a_question_asked_in_a_conversation_that_was_deleted_begins_another(talk: Talk, chat: Chat) -> None:
    session, rail = Session(), rail_of(chat)
    name = ask(talk, session, "Where do cats sleep?").name
    rail.delete(clicked(conversation=name), by(ANNA))
    again = ask(talk, session, "On the sofa?", name)
    assert again.name != name
    assert [each.question for each in again.exchanges] == ["On the sofa?"]


def test_a_page_forgets_old_conversations_but_none_that_is_not_stored(chat: Chat) -> None:
    session = Session()
    loose = session.know(".0", Conversation(key=".0"))
    for _ in range(50):
        conversation = Conversation(chat.history, "user:anna")
        conversation.begin("Where?")
        session.know(conversation.name, conversation)
    assert session.known(".0") is loose
    assert session.known(conversation.name) is conversation
    assert len(session._known) < 30


def test_an_answer_that_is_there_is_no_longer_kept_as_running(chat: Chat) -> None:
    conversation = Conversation()
    future = chat.answering.start(conversation, conversation.begin("Where do cats sleep?"))
    wait([future])
    assert future.exception() is None
    wait_until(lambda: not chat.answering._running)
    assert not any(each.waiting for each in conversation.exchanges)
