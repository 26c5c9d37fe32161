"""An unexpected error is one sentence and a logged traceback, and nothing waits for a dead thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from types import SimpleNamespace
from typing import Any, NoReturn

import httpx
import pytest
from conftest import TinyEncoder
from served import screen_of, talk_of
from starlette.applications import Starlette
from starlette.routing import Route

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import Remedy, StoreError
from qa.system.lacking import machine_error
from qa.system.logs import Throttled
from qa.ui import app
from qa.ui.api.calls import calls
from qa.ui.api.endpoints import Endpoints
from qa.ui.failures import in_page, without_places
from qa.ui.library import jobs
from qa.ui.library.jobs import BuildJob
from qa.ui.page import views
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session

ERRORS = [RuntimeError("secret detail"), OSError("secret detail"), MemoryError("secret detail")]


class Panic(BaseException):
    """As a library in Rust panics."""


def failing(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


def is_said(sentence: str, error: BaseException) -> None:
    assert "secret" not in sentence
    if machine_error(error):
        assert "There is not enough memory" in sentence
    else:
        assert "unexpected error" in sentence and type(error).__name__ in sentence


def is_logged_once(caplog: pytest.LogCaptureFixture, name: str, error: BaseException) -> None:
    logged = [record for record in caplog.records if record.exc_info and record.exc_info[1] is error]
    assert [(record.name, record.levelno) for record in logged] == [(name, logging.ERROR)]


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder) -> Engine:
    (config.corpus / "cats.md").write_text("# Cats\n\nCats sleep all day.\n", "utf-8")
    build(config, tiny)
    return Engine.open(config, tiny)


@pytest.fixture
def chat(engine: Engine) -> Iterator[Chat]:
    chat = Chat(engine)
    yield chat
    assert chat.close(60)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_question_that_fails_is_answered_by_a_sentence(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    session = Session()
    monkeypatch.setattr(chat.engine, "ask", failing(error))
    *_, (talk, _) = talk_of(screen_of(chat)).ask(session, "cats")
    (turn,) = session.current.exchanges
    is_said(turn.problem, error)
    assert turn.problem.endswith("ask again.") and turn.problem in talk["spoken"]
    is_logged_once(caplog, "qa.ui.conversations.answering", error)


@pytest.mark.parametrize("method", ["document", "changed"])
def test_a_source_that_fails_says_so(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    session, error = Session(), RuntimeError("secret detail")
    session.current.finish(session.current.begin("cats").number, chat.engine.ask("cats"))
    monkeypatch.setattr(chat.engine, method, failing(error))
    value = screen_of(chat).source(session, 1, 1, True)
    is_said(value["html"], error)
    is_logged_once(caplog, "qa.ui.page.screen", error)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_index_that_fails_to_open_is_reported_and_logged_once(
    chat: Chat, config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr(chat.engine, "preflight", failing(error))
    for _ in range(3):
        view = chat.refresh()
        is_said(view.problem, error)
        assert view.settled and not view.job.number
    is_said(views.notice_html(view, config.corpus), error)
    is_logged_once(caplog, "qa.ui.page.chat", error)


def test_an_encoder_that_fails_to_load_is_reported_and_not_loaded_for_ever(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = Panic("secret detail")
    monkeypatch.setattr(chat.engine, "search", failing(error))
    chat.refresh()
    assert chat._preparing is not None
    chat._preparing.join(60)
    view = chat.refresh()
    is_said(view.problem, error)
    assert view.settled
    is_logged_once(caplog, "qa.ui.page.chat", error)


def test_an_unreadable_folder_is_reported_before_the_first_build(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = OSError("secret detail")
    monkeypatch.setattr("qa.ui.page.chat.documents.scan", failing(error))
    with closing(Chat(Engine.open(config, tiny))) as chat:
        is_said(chat.refresh().problem, error)
    is_logged_once(caplog, "qa.ui.page.chat", error)


def test_a_list_of_files_that_fails_is_a_sentence_in_its_place(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error, screen = RuntimeError("secret detail"), screen_of(chat)
    monkeypatch.setattr(chat.engine, "status", failing(error))
    for _ in range(2):
        table = screen.load(Session())
        is_said(table["html"], error)
    is_logged_once(caplog, "qa.ui.page.shelf", error)


def test_an_upload_and_a_removal_that_fail_say_so(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    session, screen, error, other = (
        Session(),
        screen_of(chat),
        RuntimeError("secret detail"),
        MemoryError("secret"),
    )
    sent = tmp_path / "sent.md"
    sent.write_text("# Sent\n")
    monkeypatch.setattr("qa.ui.page.shelf.is_sent", lambda *_: True)
    monkeypatch.setattr("qa.ui.page.shelf.store_file", failing(error))
    html = screen.upload(session, [{"path": str(sent)}])[1]
    is_said(html, error)
    is_logged_once(caplog, "qa.ui.page.shelf", error)
    monkeypatch.setattr(session, "offered", lambda number: SimpleNamespace(path="sent.md"))
    monkeypatch.setattr("qa.ui.library.moves.Moves.remove", failing(other))
    is_said(screen.remove(session, SimpleNamespace(number=0))[1]["message"], other)
    is_logged_once(caplog, "qa.ui.page.shelf", other)


def test_a_verdict_that_fails_is_a_warning_without_thanks(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session, error = Session(), OSError("secret detail")
    warned: list[str] = []
    session.current.finish(session.current.begin("cats").number, chat.engine.ask("cats"))
    monkeypatch.setattr(chat.feedback, "add", failing(error))
    monkeypatch.setattr("gradio.Warning", warned.append)
    talk_of(screen_of(chat)).judge(session, SimpleNamespace(turn=1, verdict="up"))
    (sentence,) = warned
    is_said(sentence, error)
    assert session.current.exchanges[0].verdict == ""
    is_logged_once(caplog, "qa.ui.page.talk", error)


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [*ERRORS, Panic("secret detail")], ids=repr)
def test_a_dead_follower_does_not_count_and_the_page_says_so(
    chat: Chat,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    monkeypatch.setattr("qa.ui.page.chat.watch_folder", failing(error))
    chat.refresh()
    assert chat._preparing is not None
    chat._preparing.join(60)
    chat.follow(quiet=0.1)
    assert chat._following is not None
    chat._following.join(60)
    view = chat.refresh()
    assert not view.followed
    notice = views.notice_html(view, config.corpus)
    is_said(notice, error)
    assert "no longer indexed automatically" in notice and "restart" in notice and 'data-do="rebuild"' in notice
    assert "automatically" not in views.build_html(view.job, view.followed)
    is_logged_once(caplog, "qa.ui.page.chat", error)


def test_a_working_follower_counts_and_a_stopped_one_is_not_a_failure(chat: Chat) -> None:
    chat.follow(quiet=0.1)
    assert chat.refresh().followed
    assert chat.close(60)
    view = chat.refresh()
    assert not view.followed and view.follow_problem == ""


def test_a_build_that_panics_has_failed(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    error = Panic("secret detail")
    job = BuildJob(chat.engine, failing(error))
    job.start()
    state = job.wait(60)
    assert state.phase == "failed"
    is_said(state.error, error)
    is_logged_once(caplog, "qa.ui.library.jobs", error)


def test_a_build_that_gets_no_thread_has_failed(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = RuntimeError("can't start new thread")
    job = BuildJob(chat.engine)
    monkeypatch.setattr(
        jobs,
        "threading",
        SimpleNamespace(Thread=lambda **_: SimpleNamespace(start=failing(error), join=failing(error))),
    )
    assert not job.start()
    assert job.wait(60).phase == "failed"
    is_said(job.state.error, error)
    is_logged_once(caplog, "qa.ui.library.jobs", error)


def test_a_chat_that_gets_no_thread_says_so(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = RuntimeError("can't start new thread")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", failing(error))
        view = chat.refresh()
    is_said(view.problem, error)
    is_logged_once(caplog, "qa.ui.page.chat", error)


# --- programs


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_call_that_fails_is_answered_500_with_a_sentence(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    def ask(question: str) -> dict[str, Any]:
        raise error

    async def send(endpoints: Endpoints) -> httpx.Response:
        served = httpx.ASGITransport(Starlette(routes=[Route("/api/{name:path}", endpoints)]))
        async with httpx.AsyncClient(transport=served, base_url="http://127.0.0.1") as http:
            return await http.post("/api/ask", json={"question": "cats"})

    with closing(Endpoints(lambda chat: [ask])) as endpoints:
        response = asyncio.run(send(endpoints))
    assert response.status_code == 500 and list(response.json()) == ["error"]
    is_said(response.json()["error"], error)
    is_logged_once(caplog, "qa.ui.api.endpoints", error)


def test_a_call_that_fails_is_a_sentence_to_gradios_client_too(caplog: pytest.LogCaptureFixture) -> None:
    import gradio as gr

    from qa.ui.api import gradio_endpoints

    error = RuntimeError("secret detail")
    with pytest.raises(gr.Error) as caught:
        gradio_endpoints._for_gradio(failing(error))()
    is_said(caught.value.message, error)
    assert not caught.value.print_exception
    is_logged_once(caplog, "qa.ui.api.gradio_endpoints", error)


def test_a_browser_that_cannot_be_opened_is_logged_and_the_chat_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = RuntimeError("secret detail")
    monkeypatch.setattr("webbrowser.open", failing(error))
    app._open_browser("http://127.0.0.1:1")
    is_logged_once(caplog, "qa.ui.app", error)


@pytest.mark.parametrize(
    ("sentence", "public"),
    [
        ("There is no folder '/home/ann/My articles': make it.", "There is no folder 'My articles': make it."),
        (
            "The tokens in '/srv/qa/index/tokens.sqlite' cannot be read.",
            "The tokens in 'tokens.sqlite' cannot be read.",
        ),
        (
            "It failed ([Errno 13] Permission denied: '/srv/qa/index'): help.",
            "It failed ([Errno 13] Permission denied: 'index'): help.",
        ),
        ("The file /srv/qa/index/a.md, once read, is gone.", "The file a.md, once read, is gone."),
        (r"There is no folder 'C:\Users\Ann\articles': make it.", "There is no folder 'articles': make it."),
        ("work/a.md of reports/2024 differs: see /api and https://a.example/b/c.", None),
        ("lexical/meta.json of generation 000001 is missing or cut short: run `qa build --full`.", None),
        ("No passage is in “/etc/passwd”: ask again, and/or wait.", None),
    ],
)
def test_whoever_can_ask_learns_no_path_of_the_machine(sentence: str, public: str | None) -> None:
    assert without_places(sentence) == (public or sentence)


def test_programs_and_the_page_get_no_path_and_the_log_has_it(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = StoreError("The index folder '/srv/qa/index' cannot be read", Remedy.BUILD)
    monkeypatch.setattr(Engine, "status", failing(error))
    # Another test may just have logged such a sentence, which is not repeated for a while.
    monkeypatch.setattr("qa.ui.failures._LOG", Throttled(logging.getLogger("qa.ui.failures")))
    app = Starlette(routes=[Route("/api/{name:path}", Endpoints(partial(calls, engine)))])

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
            return await http.get("/api/status")

    answer = asyncio.run(asked())
    assert answer.status_code == 503
    assert answer.json() == {"error": "The index folder 'index' cannot be read: run `qa build`."}
    assert in_page(error) == "The index folder 'index' cannot be read: press “Rebuild index”."
    assert any("/srv/qa/index" in record.getMessage() for record in caplog.records)
