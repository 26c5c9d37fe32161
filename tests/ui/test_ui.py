"""Behind the page: uploads, background builds, verdicts, sessions, examples, and who may connect."""

from __future__ import annotations

import asyncio
import copy
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder, TinyReader
from hypothesis import example, given
from hypothesis import strategies as st
from served import clicked, screen_of, talk_of
from waiting import holds_within, wait_until

from qa.ask.answer import Answer
from qa.ask.follow_up import Turn
from qa.build import BuildReport, Progress, build
from qa.config import Address, Config
from qa.corpus.storing import LONGEST_NAME, Stored, safe_name, store_file
from qa.engine import Engine
from qa.errors import ConfigError, CorpusError, StoreError
from qa.index.local import store
from qa.sandbox.pool import SandboxPool
from qa.system.machine import is_loopback
from qa.system.precedence import questions
from qa.text.document import Document, Section, Span
from qa.ui.access.address import bind, check_access
from qa.ui.answers import examples
from qa.ui.app import follows, serve
from qa.ui.conversations.conversation import MOST_EXCHANGES, Conversation
from qa.ui.conversations.exchange import Exchange
from qa.ui.library import library_html
from qa.ui.library.jobs import BuildJob, JobState, report_words
from qa.ui.library.listing import Listing, View
from qa.ui.page import views
from qa.ui.page.chat import Chat, ChatState
from qa.ui.page.session import Session
from qa.ui.page.shell import shell_html
from qa.ui.page.views import exchange_html, spoken

ADDRESS = Address("127.0.0.1", 1, "articles")

# --- uploads


def send(tmp_path: Path, name: str, data: bytes = b"# Cats\n\nCats sleep.\n", most: int = 1000) -> Stored:
    source = tmp_path / "sent"
    source.write_bytes(data)
    (tmp_path / "corpus").mkdir(exist_ok=True)
    return store_file(source, name, tmp_path / "corpus", most)


def test_source_code_is_uploaded_if_it_is_wanted(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    source.write_bytes(b"# Bees sleep.\n")
    (tmp_path / "corpus").mkdir()
    refused = store_file(source, "a.PY", tmp_path / "corpus", 1000, (".js",))
    assert not refused.saved
    assert refused.words.startswith("refused: .PY files are not read (articles end in .md, ")
    assert refused.words.endswith(", .js)")
    assert store_file(source, "a.PY", tmp_path / "corpus", 1000, (".py",)).saved


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.md", "notes.md"),
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\windows\\x.txt", "x.txt"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("/abs/x.md", "x.md"),
        (".hidden.md", "hidden.md"),
        ("...md", "md"),
        ("..", ""),
        (".md", "md"),
        ("", ""),
        ("a/", ""),
        ("CON.md", "_CON.md"),
        ("nul.tar.md", "_nul.tar.md"),
        ("a\0b\n\x1b[31m.md", "ab[31m.md"),
        ("gnp\u202edm.exe.md", "gnpdm.exe.md"),
        ('a<b>:"|?*.md', "a_b______.md"),
        ("<img src=x onerror=alert(1)>.md", "_img src=x onerror=alert(1)_.md"),
        ("  spaced out . md.md. ", "spaced out . md.md"),
        ("café.md", "café.md"),
        ("cafe\u0301.md", "café.md"),
        ("文章.md", "文章.md"),
        ("x" * 500 + ".md", "x" * (LONGEST_NAME - 3) + ".md"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300), st.sampled_from(["", ".md", ".txt", ".MD"]))
@example(".\xa00", "")
@example("e\u200b\u0301", ".md")
@example('"\xa0', ".md")
def test_no_name_means_anything_to_a_file_system(stem: str, ending: str) -> None:
    name = safe_name(stem + ending)
    assert "/" not in name and "\\" not in name and "\0" not in name
    assert not name.startswith(".")
    assert len(name) <= LONGEST_NAME and len(name.encode()) <= 255
    assert safe_name(name) == name
    assert name == "" or Path(name).name == name


def test_an_upload_is_saved_whole_inside_the_folder(tmp_path: Path) -> None:
    sent = send(tmp_path, "../../a.md")
    assert (sent.name, sent.saved, sent.words) == ("a.md", True, "saved")
    assert os.listdir(tmp_path / "corpus") == ["a.md"]
    assert (tmp_path / "corpus" / "a.md").read_bytes() == b"# Cats\n\nCats sleep.\n"


def test_an_upload_never_replaces_another_article(tmp_path: Path) -> None:
    send(tmp_path, "a.md", b"one")
    assert send(tmp_path, "a.md", b"one") == Stored("a.md", True, "already there")
    assert send(tmp_path, "a.md", b"two").name == "a (2).md"
    assert send(tmp_path, "a.md", b"three").name == "a (3).md"
    assert send(tmp_path, "a.md", b"two") == Stored("a (2).md", True, "already there")
    assert (tmp_path / "corpus" / "a.md").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.exe", b"x", ".exe files are not read"),
        ("a", b"x", "no extension"),
        ("a.md.exe", b"x", ".exe files are not read"),
        ("..", b"x", "name cannot be used"),
        ("a.md", b"", "is empty"),
        ("a.md", b"x" * 1001, "over the limit"),
    ],
)
def test_an_upload_that_cannot_be_an_article_is_refused_with_its_reason(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    upload = send(tmp_path, name, data)
    assert not upload.saved
    assert upload.words.startswith("refused: ")
    assert reason in upload.words
    assert os.listdir(tmp_path / "corpus") == []


def test_an_upload_does_not_follow_a_link_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"secret")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").symlink_to(outside)
    assert send(tmp_path, "a.md", b"secret").name == "a (2).md"
    assert outside.read_bytes() == b"secret"
    assert (tmp_path / "corpus" / "a (2).md").is_file()


def test_an_upload_makes_a_folder_that_is_missing_and_leaves_nothing_else_there(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    source.write_bytes(b"x")
    assert store_file(source, "a.md", tmp_path / "new" / "corpus", 10).saved
    assert os.listdir(tmp_path / "new" / "corpus") == ["a.md"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_bytes(b"a file")
    source = tmp_path / "sent"
    source.write_bytes(b"x")
    with pytest.raises(CorpusError, match="cannot be written"):
        store_file(source, "a.md", tmp_path / "corpus", 10)


def test_uploads_at_once_under_one_name_are_all_kept(tmp_path: Path) -> None:
    sources = []
    for number in range(8):
        sources.append(tmp_path / f"sent{number}")
        sources[-1].write_bytes(b"%d" % number)
    threads = [
        threading.Thread(target=store_file, args=(source, "a.md", tmp_path / "corpus", 10)) for source in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_bytes() for path in (tmp_path / "corpus").iterdir()) == [b"%d" % n for n in range(8)]


def test_the_results_of_uploads_are_shown_and_escaped() -> None:
    page = library_html.uploads_html([Stored("<b>.md", True, "saved"), Stored("x.pdf", False, "refused: <i>")])
    assert "&lt;b&gt;.md" in page and "refused: &lt;i&gt;" in page
    assert "Rebuild the index" in page
    assert "Rebuild" not in library_html.uploads_html([Stored("x.pdf", False, "refused")])
    taken = library_html.uploads_html([Stored("a.md", True, "saved")], building=True)
    assert "Indexing now" in taken and "Rebuild" not in taken


# --- background builds ------------------------------------------------------------------------------------------------


def write(config: Config, name: str, text: str) -> None:
    (config.corpus / name).write_text(text, "utf-8")


def test_a_build_runs_in_the_background_and_reports(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day.\n")
    job = BuildJob(Engine.open(config, tiny))
    assert job.state == JobState()
    assert job.start()
    state = job.wait(60)
    assert state.phase == "done" and state.number == 1
    assert state.report is not None and state.report.added == ("cats.md",)
    assert "1 added, 0 changed, 0 removed, 0 unchanged; 1 passage encoded in" in report_words(state.report)


class Paused:
    """A build that waits halfway until it is released."""

    def __init__(self) -> None:
        self.at_work, self.go = threading.Event(), threading.Event()

    def __call__(
        self, config: Config, encoder: object, full: bool, progress: Callable[[Progress], None], **_: object
    ) -> BuildReport:
        progress(Progress("reading", 64, 128, 512, 170.0))
        self.at_work.set()
        assert self.go.wait(60)
        progress(Progress("publishing", 0, 1))
        return BuildReport("000001", 1, 1, ("a",), (), (), (), 0, (), 1, 0.5)


def test_only_one_build_runs_at_a_time_and_its_progress_can_be_read(config: Config, tiny: TinyEncoder) -> None:
    paused = Paused()
    job = BuildJob(Engine.open(config, tiny), paused)
    assert job.start()
    assert paused.at_work.wait(60)
    assert not job.start()
    assert job.state.running and job.state.words.startswith("reading 65 of 128 files, 512 passages encoded")
    shown = views.progress_html(job.state)
    assert 'max="1" value="0.0' in shown  # hardly any time has passed, and nearly three minutes are to come
    assert '<li aria-current="step">Read</li>' in shown and shown.count("aria-current") == 1
    paused.go.set()
    assert job.wait(60).phase == "done"
    assert job.start()
    assert job.wait(60).number == 2


def test_the_bar_says_how_much_of_the_time_has_passed_and_never_goes_back(config: Config, tiny: TinyEncoder) -> None:
    passed = iter([100.0, 110.0, 115.0, 120.0])
    shares: list[float | None] = []

    def run(
        config: Config, encoder: object, full: bool, progress: Callable[[Progress], None], **_: object
    ) -> BuildReport:
        for left in (None, 30.0, 85.0, 20.0, None):
            progress(Progress("reading", 1, 2, seconds_left=left))
            shares.append(job.state.share)
        return BuildReport("000001", 1, 1, ("a",), (), (), (), 0, (), 1, 0.5)

    job = BuildJob(Engine.open(config, tiny), run, clock=lambda: next(passed))
    job.start()
    assert job.wait(60).phase == "done"
    assert shares == [None, 0.25, 0.25, 0.5, 0.5]
    assert "value=" not in views.progress_html(JobState("running", 1, "comparing", 3, 9))  # nobody knows yet


def test_a_build_pauses_at_its_next_step_while_a_question_is_answered(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_longest", 60)
    monkeypatch.setattr(questions, "_between", 0)
    paused = Paused()
    job = BuildJob(Engine.open(config, tiny), paused)
    job.start()
    assert paused.at_work.wait(60)
    with questions.first():
        paused.go.set()
        assert job.wait(0.05).running
    assert job.wait(60).phase == "done"


def test_a_build_that_is_stopped_ends_and_no_other_begins(config: Config, tiny: TinyEncoder) -> None:
    paused = Paused()
    job = BuildJob(Engine.open(config, tiny), paused)
    job.start()
    assert paused.at_work.wait(60)
    job.stop(0)
    paused.go.set()
    assert job.wait(60).phase == "stopped"
    assert not job.start()


def test_a_cancelled_build_is_not_an_error_and_another_can_begin(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    paused = Paused()
    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, paused)
    chat.job.cancel()  # nothing is running
    assert chat.job.start()
    assert paused.at_work.wait(60)
    chat.job.cancel()
    paused.go.set()
    assert chat.job.wait(60).phase == "stopped"
    notice = views.notice_html(chat.refresh(), config.corpus)
    assert "The build was stopped; the last index still answers." in notice and "finished work is kept" in notice
    assert 'data-do="rebuild"' in notice and "qa-notice-bad" not in notice
    assert "The build was stopped" in views.build_html(chat.job.state)
    assert "automatically" in views.build_html(JobState(), followed=True) and "automatically" not in views.build_html(
        JobState()
    )
    assert chat.engine.ask("cats").citations[0].document == "cats.md"
    assert chat.job.start()
    assert chat.job.wait(60).phase == "done"
    chat.close()


def test_a_cancelled_first_build_does_not_restart_by_itself(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    paused = Paused()
    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, paused)
    chat.refresh()
    assert paused.at_work.wait(60)
    chat.job.cancel()
    paused.go.set()
    assert chat.job.wait(60).number == 1
    view = chat.refresh()
    assert view.job.phase == "stopped" and view.settled
    assert "The build was stopped." in views.notice_html(view, config.corpus)


def test_a_build_is_cancelled_while_the_encoder_is_being_loaded(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, go = threading.Event(), threading.Event()

    def load(*_: object, **__: object) -> TinyEncoder:
        loading.set()
        assert go.wait(60)
        return tiny

    monkeypatch.setattr("qa.engine.load_encoder", load)
    job = BuildJob(Engine.open(config))
    job.start()
    assert loading.wait(60)
    job.cancel()
    assert job.wait(2).phase == "stopped"
    assert not job.stop(0), "the encoder is being loaded still"
    go.set()


def test_a_build_is_cancelled_while_a_file_is_being_read(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, "cats.html", "<p>Cats sleep.</p>")
    job = BuildJob(Engine.open(config, tiny))
    sandbox = SandboxPool(1, program=(sys.executable, "-c", "import threading; threading.Event().wait(60)"))
    monkeypatch.setattr(job, "_sandbox", sandbox)
    job.start()
    wait_until(lambda: sandbox._processes[0]._process is not None)
    job.cancel()
    assert job.wait(2).phase == "stopped"


def test_a_build_of_another_program_is_waited_for(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    job = BuildJob(Engine.open(config, tiny), tries=1000, pause=0.01)
    with store.LocalStore(config.index).writing():
        job.start()
        wait_until(lambda: job.state.stage == "waiting")
        assert job.state.running and "another program" in job.state.words
    assert job.wait(60).phase == "done"


def test_waiting_for_another_program_ends_at_a_limit_or_when_cancelled(config: Config, tiny: TinyEncoder) -> None:
    with store.LocalStore(config.index).writing():
        job = BuildJob(Engine.open(config, tiny), tries=3, pause=0.01)
        job.start()
        state = job.wait(60)
        assert state.phase == "failed" and "Another build" in state.error
        job = BuildJob(Engine.open(config, tiny), pause=60)
        job.start()
        wait_until(lambda: job.state.stage == "waiting")
        job.cancel()
        assert job.wait(2).phase == "stopped"


def test_a_person_may_stop_a_build_and_start_it_again(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    paused = Paused()
    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, paused)
    screen = screen_of(chat)
    screen.rebuild()
    assert paused.at_work.wait(60)
    assert 'data-do="stop">Stop' in views.build_html(chat.job.state)
    screen.stop()
    assert chat.job.state.words == "stopping at the next step"
    assert 'data-do="stop" disabled' in views.progress_html(chat.job.state)
    paused.go.set()
    assert chat.job.wait(60).phase == "stopped"
    assert "The build was stopped" in views.build_html(chat.job.state)
    assert "The build was stopped" in views.notice_html(chat.refresh(), config.corpus)
    screen.rebuild()
    assert chat.job.wait(60).phase == "done"


def test_a_build_that_fails_leaves_one_sentence(config: Config, tiny: TinyEncoder) -> None:
    job = BuildJob(Engine.open(replace(config, corpus=config.corpus / "missing"), tiny))
    job.start()
    state = job.wait(60)
    assert state.phase == "failed"
    assert "There is no folder" in state.error
    assert "\n" not in state.error


def test_a_build_over_a_folder_that_is_suddenly_empty_waits_for_a_second_press(
    config: Config, tiny: TinyEncoder
) -> None:
    for word in ("anchor", "beacon", "canal"):
        write(config, f"{word}.md", f"# Words\n\nThe {word} is one of three.\n")
    build(config, tiny)
    chat = Chat(Engine.open(config, tiny))
    screen = screen_of(chat)
    for path in config.corpus.iterdir():
        path.unlink()
    screen.rebuild()
    state = chat.job.wait(60)
    assert state.phase == "failed" and state.asks
    assert state.error.endswith("or press “Rebuild index” once more to take them out of the index.")
    screen.rebuild()
    assert chat.job.wait(60).phase == "done"
    assert chat.engine.status().documents == 0


def test_a_bug_in_a_build_does_not_leave_the_screen_waiting(
    config: Config, tiny: TinyEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> BuildReport:
        raise ZeroDivisionError("secret detail")

    job = BuildJob(Engine.open(config, tiny), broken)
    job.start()
    state = job.wait(60)
    assert state.phase == "failed" and "secret" not in state.error and "try again" in state.error
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState("running"), "getting ready"),
        (JobState("running", 1, "reading", 2, 12), "reading 3 of 12 files"),
        (
            JobState("running", 1, "reading", 33, 1200, 512, 170.0),
            "reading 34 of 1,200 files, 512 passages encoded, about 3 minutes left",
        ),
        (
            JobState("running", 1, "reading", 2, 12, images=41),
            "reading 3 of 12 files, 41 pages read from images",
        ),
        (JobState("running", 1, "waiting"), "waiting for another program that is building this index"),
        (JobState("running", 1, "publishing", 12, 12), "checking and publishing the new index"),
    ],
)
def test_progress_has_words(state: JobState, words: str) -> None:
    assert state.words == words


# --- the state of the chat --------------------------------------------------------------------------------------------


def settle(chat: Chat) -> None:
    """Wait for what the chat started by itself."""
    chat.refresh()
    chat.job.wait(60)
    chat.refresh()
    if chat._preparing is not None:
        chat._preparing.join(60)


def test_an_empty_folder_is_reported_with_its_path_and_nothing_is_built(config: Config, tiny: TinyEncoder) -> None:
    chat = Chat(Engine.open(config, tiny))
    view = chat.refresh()
    assert view.empty and view.generation == "" and not view.job.running
    notice = views.notice_html(view, config.corpus)
    assert str(config.corpus) in notice and 'data-do="choose"' in notice
    assert ".sql" not in notice and ", .sql<" in views.notice_html(view, config.corpus, (".sql",))


def test_the_first_build_begins_by_itself_and_ends_in_examples(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\n## How long do cats sleep?\n\nCats sleep all day long.\n")
    chat = Chat(Engine.open(config, tiny))
    first = chat.refresh()
    assert first.job.running or first.job.phase == "done"
    assert "for the first time" in views.notice_html(replace(first, job=JobState("running")), config.corpus)
    settle(chat)
    view = chat.refresh()
    assert view.generation == "000001" and view.settled and (view.documents, view.passages) == (1, 1)
    assert views.notice_html(view, config.corpus) == ""


def test_articles_put_into_an_empty_folder_are_found(config: Config, tiny: TinyEncoder) -> None:
    chat = Chat(Engine.open(config, tiny))
    assert chat.refresh().empty
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    settle(chat)
    assert chat.refresh().generation == "000001"


def test_changes_wait_for_a_rebuild_and_are_counted(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    chat = Chat(Engine.open(config, tiny))
    settle(chat)
    write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
    value = library_html.files_value(Listing(chat.status()), View())
    assert "new: not in the index yet" in value["html"] and "1 waiting" in value["summary"]
    assert "1 change to your articles is waiting for a rebuild." in views.notice_html(chat.refresh(), config.corpus)
    assert views.notice_html(replace(chat.refresh(), followed=True), config.corpus) == ""
    chat.job.start()
    settle(chat)
    assert "in the index" not in library_html.files_value(Listing(chat.status()), View())["html"]
    assert chat.refresh().generation == "000002"


@contextmanager
def following(chat: Chat) -> Iterator[Chat]:
    """A chat that indexes changes quickly; it is closed afterwards."""
    chat.follow(quiet=0.1)
    try:
        yield chat
    finally:
        assert chat.close(60)


def until(chat: Chat, holds: Callable[[ChatState], bool]) -> ChatState:
    """The state of the chat once `holds` accepts it."""
    view = chat.refresh()

    def is_so() -> bool:
        nonlocal view
        view = chat.refresh()
        return holds(view)

    assert holds_within(is_so, 60), view
    return view


def quietly(chat: Chat, seconds: float = 0.5) -> int:
    """The number of builds, once so many seconds have passed without another."""
    number = chat.job.state.number
    assert not holds_within(lambda: chat.job.state.number != number, seconds)
    return number


def test_a_change_is_indexed_automatically(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    with following(Chat(Engine.open(config, tiny))) as chat:
        until(chat, lambda view: view.generation == "000001" and view.settled)
        write(config, "dogs.md", "# Dogs\n\nDogs bark at the postman.\n")
        until(chat, lambda view: view.generation == "000002" and view.settled)
        assert chat.engine.ask("What do dogs bark at?").citations[0].document == "dogs.md"
        (config.corpus / "dogs.md").unlink()
        view = until(chat, lambda view: view.generation == "000003" and view.settled)
        assert [hit.passage.document for hit in chat.engine.search("dogs bark").hits] == ["cats.md"]
        assert view.followed and views.notice_html(view, config.corpus) == ""


def test_changes_since_the_last_build_are_indexed_at_the_start(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
    with following(Chat(Engine.open(config, tiny))) as chat:
        assert until(chat, lambda view: view.generation == "000002").documents == 2


def test_nothing_is_built_if_nothing_changed(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    with following(Chat(Engine.open(config, tiny))) as chat:
        os.utime(config.corpus / "cats.md", ns=(1, 1))
        write(config, "picture.mp4", "x")
        assert quietly(chat) == 0
        assert chat.refresh().generation == "000001"


def test_a_change_during_a_build_leads_to_one_more_after_it(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    at_work, go = threading.Event(), threading.Event()

    def waiting_build(*arguments: Any, **named: Any) -> BuildReport:
        report = build(*arguments, **named)
        at_work.set()
        assert go.wait(60)
        return report

    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, waiting_build)
    with following(chat):
        assert at_work.wait(60)
        write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
        write(config, "cows.md", "# Cows\n\nCows moo.\n")
        assert quietly(chat) == 1
        go.set()
        assert until(chat, lambda view: view.generation == "000002" and view.settled).documents == 3
        assert quietly(chat) == 2


def test_a_failed_build_is_reported_and_retried_at_the_next_change(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    full = threading.Event()

    def failing(*arguments: Any, **named: Any) -> BuildReport:
        if full.is_set():
            raise StoreError("The disk is full: free some space and build again.")
        return build(*arguments, **named)

    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, failing)
    full.set()
    with following(chat):
        write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
        view = until(chat, lambda view: view.job.phase == "failed")
        assert "The disk is full" in views.build_html(view.job)
        assert "The last index still answers." in views.notice_html(view, config.corpus)
        assert quietly(chat) == 1
        full.clear()
        write(config, "cows.md", "# Cows\n\nCows moo.\n")
        assert until(chat, lambda view: view.generation == "000002").documents == 3


def test_a_build_that_was_cancelled_begins_again_at_the_next_change(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    paused = Paused()
    chat = Chat(Engine.open(config, tiny))
    chat.job = BuildJob(chat.engine, paused)
    with following(chat):
        assert paused.at_work.wait(60)
        chat.job.cancel()
        paused.go.set()
        until(chat, lambda view: view.job.phase == "stopped")
        assert quietly(chat) == 1
        write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
        until(chat, lambda view: view.job.number == 2)


def test_an_index_that_cannot_be_used_is_left_to_a_person(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, TinyEncoder("other"))
    write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
    chat = Chat(Engine.open(Config(config.corpus, config.index, encoder="tiny")))
    with following(chat):
        assert quietly(chat) == 0
        view = chat.refresh()
        assert "built with the encoder 'other'" in view.problem
        assert 'data-do="rebuild"' in views.notice_html(view, config.corpus)


def test_a_vanished_folder_does_not_empty_the_index(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    with following(Chat(Engine.open(config, tiny))) as chat:
        until(chat, lambda view: view.generation == "000001" and view.settled)
        config.corpus.rename(config.corpus.parent / "away")
        assert quietly(chat) == 1
        (config.corpus.parent / "away").rename(config.corpus)
        write(config, "dogs.md", "# Dogs\n\nDogs bark.\n")
        assert until(chat, lambda view: view.generation == "000002").documents == 2


def test_an_index_that_cannot_be_opened_is_one_sentence_and_a_button(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    (config.index / "generations" / "000001" / "manifest.json").write_text("{", "utf-8")
    chat = Chat(Engine.open(config, tiny))
    view = chat.refresh()
    notice = views.notice_html(view, config.corpus)
    assert view.problem and "Traceback" not in notice
    assert 'data-do="rebuild"' in notice and "press “Rebuild index”" in notice and "qa build" not in notice
    chat.job.start(full=True)
    settle(chat)
    assert chat.refresh().problem == "" and chat.refresh().generation == "000002"


def test_an_index_of_another_encoder_is_reported_before_the_first_question(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, TinyEncoder("other"))
    chat = Chat(Engine.open(config, tiny))
    settle(chat)
    assert "built with the encoder 'other'" in chat.refresh().problem


def test_a_folder_without_anything_readable_gives_an_index_that_says_it_is_empty(
    config: Config, tiny: TinyEncoder
) -> None:
    write(config, "empty.md", "")
    chat = Chat(Engine.open(config, tiny))
    settle(chat)
    assert chat.refresh().empty
    assert "no articles" in views.notice_html(chat.refresh(), config.corpus)


def test_the_headline_shows_the_count_and_the_time() -> None:
    now = datetime(2024, 5, 2, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert library_html.clock("2024-05-02T09:30:00+00:00", now) == "11:30"
    assert library_html.clock("2024-05-01T09:30:00+00:00", now) == "1 May, 11:30"
    assert library_html.clock("2023-05-01T09:30:00+00:00", now) == "1 May 2023, 11:30"
    line = library_html.headline(1, 1200, "2024-05-02T09:30:00+00:00", now)
    for part in ("1 article<", "1,200 passages", "built 11:30"):
        assert part in line


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_turns_may_overlap_and_stay_in_order() -> None:
    session = Conversation()
    first, second = session.begin("one"), session.begin("two")
    session.finish(second.number, problem="no")
    session.finish(first.number, problem="yes")
    assert [(turn.question, turn.problem) for turn in session.exchanges] == [("one", "yes"), ("two", "no")]


def test_earlier_turns_are_the_history_and_a_new_conversation_has_none(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day long on the sofa.\n")
    build(config, tiny)
    engine, session = Engine.open(replace(config, threshold=0.0), tiny), Conversation()
    first, second = session.begin("Where do cats sleep?"), session.begin("And why?")
    answer = engine.ask(first.question)
    session.finish(first.number, answer)
    assert answer.lead is not None
    asked = Turn("user", "Where do cats sleep?")
    assert session.history(first.number) == ()
    assert session.history(second.number) == (asked, Turn("agent", answer.lead.text))
    assert Conversation().history(second.number) == ()


def test_a_carried_word_is_dropped_by_its_place_and_stays_dropped(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day long on the sofa.\n")
    build(config, tiny)
    engine, session = Engine.open(config, tiny), Conversation()
    session.begin("Where do cats sleep?")
    turn = session.begin("And why?")
    answer = engine.ask(turn.question, history=session.history(turn.number))
    assert answer.carried
    session.finish(turn.number, answer)
    assert session.drop(turn.number, len(answer.carried)) is None
    assert session.drop(turn.number, -1) is None
    assert session.drop(99, 0) is None
    emptied = session.drop(turn.number, 0)
    assert emptied is not None and emptied.waiting
    assert emptied.without == answer.carried[:1]
    assert session.drop(turn.number, 0) is None  # it is being answered
    again = session.again(turn.number)
    assert again is not None and again.without == answer.carried[:1]


def test_a_question_asked_again_alone_has_no_history_and_stays_alone(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day long on the sofa.\n")
    build(config, tiny)
    engine, session = Engine.open(config, tiny), Conversation()
    first = session.begin("Where do cats sleep?")
    session.finish(first.number, engine.ask(first.question))
    turn = session.begin("And why?")
    session.finish(turn.number, engine.ask(turn.question, history=session.history(turn.number)))
    assert session.alone(first.number) is None  # it carries nothing
    assert session.alone(99) is None
    emptied = session.alone(turn.number)
    assert emptied is not None and emptied.waiting and session.history(turn.number) == ()
    session.finish(turn.number, engine.ask(turn.question, history=session.history(turn.number)))
    again = session.again(turn.number)
    assert again is not None and again.is_alone
    assert session.history(turn.number + 1) != ()


def test_suggestions_belong_to_the_last_turn_and_go_when_it_is_asked_again() -> None:
    session = Conversation()
    first, second = session.begin("one"), session.begin("two")
    assert not session.suggest(second.number, ("early?",))
    for turn in (first, second):
        session.finish(turn.number, Answer(turn.question, "", False, 0.1, None, (), "000001", {}))
    assert not session.suggest(first.number, ("late?",))
    assert session.suggest(second.number, ("three?",))
    assert [turn.suggestions for turn in session.exchanges] == [(), ("three?",)]
    again = session.again(second.number)
    assert again is not None and again.suggestions == ()


def test_a_question_asked_again_literally_keeps_dropped_words_and_history_contains_corrected_ones(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, "cats.md", "# Cats\n\nKittens sleep all day long on the sofa.\n")
    build(config, tiny)
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # no word is in its vocabulary
    engine, session = Engine.open(config, tiny), Conversation()
    session.begin("Where is the sofa?")
    turn = session.begin("And kittins -dogs?")
    session.finish(turn.number, engine.ask(turn.question, history=session.history(turn.number)))
    assert session.history(turn.number + 1)[1].text == "And kittens -dogs?"
    dropped = session.drop(turn.number, 0)
    assert dropped is not None and dropped.without
    assert session.literally(turn.number) is None  # it is being answered
    session.finish(turn.number, engine.ask(turn.question, history=session.history(turn.number)))
    again = session.literally(turn.number)
    assert again is not None and again.waiting
    assert (again.question, again.without) == ('And "kittins" -dogs?', dropped.without)


def test_a_copy_of_a_session_is_a_new_one() -> None:
    session = Session()
    session.current.begin("one")
    assert copy.deepcopy(session).current.exchanges == ()


def test_a_session_keeps_its_last_turns_only() -> None:
    session = Conversation()
    for number in range(MOST_EXCHANGES + 5):
        session.begin(str(number))
    assert len(session.exchanges) == MOST_EXCHANGES and session.exchanges[0].question == "5"


def test_a_click_can_only_open_sources_shown_in_this_session(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day.\n")
    build(config, tiny)
    session = Conversation()
    turn = session.begin("cats")
    session.finish(turn.number, Engine.open(config, tiny).ask("cats"))
    assert session.citation(turn.number, 1) is not None
    assert session.citation(turn.number, 99) is None
    assert session.citation(99, 1) is None
    assert Conversation().citation(turn.number, 1) is None
    assert session.judge(turn.number, "up") is not None
    assert session.judge(turn.number, "down") is None


def test_a_short_answer_is_marked_on_the_page_and_spoken_first(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nThe oldest cat of the house is called Muriel.\n")
    build(config, tiny)
    engine = Engine.open(replace(config, reader="", threshold=0.0), tiny, reader=TinyReader(Muriel=9))
    session = Session()
    list(talk_of(screen_of(Chat(engine))).ask(session, "What is the oldest cat called?"))
    page = exchange_html(session.current.exchanges[-1])
    assert 'is called <mark class="qa-cited">Muriel</mark>. <button type="button" class="qa-ref"' in page
    lead = "The oldest cat of the house is called Muriel."
    assert re.fullmatch(
        f"Answer: Muriel. In full: {lead} (Unlikely|Possible|Likely|Very likely), from Cats.",
        spoken(session.current.exchanges[-1]),
    )
    assert session.current.history(99)[-1].text == lead


def test_the_words_that_were_corrected_can_be_asked_for_as_they_were_typed(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config, "cats.md", "# Cats\n\nKittens sleep all day.\n")
    build(config, tiny)
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # no word is in its vocabulary
    session, screen = Session(), screen_of(Chat(Engine.open(replace(config, threshold=0.0), tiny)))
    list(talk_of(screen).ask(session, "kittins"))
    assert "Showing results for “kittens”" in exchange_html(session.current.exchanges[-1])
    assert spoken(session.current.exchanges[-1]).startswith(("Showing results for “kittens”", "Your articles"))
    list(talk_of(screen).ask_literally(session, clicked(turn=1)))
    assert session.current.exchanges[-1].question == '"kittins"'
    assert "No passage contains “kittins”." in exchange_html(session.current.exchanges[-1])
    assert spoken(session.current.exchanges[-1]) == "No passage contains “kittins”."
    before = session.current.exchanges
    for turn in (1, 99, "x"):  # one that is not corrected, and none
        list(talk_of(screen).ask_literally(session, clicked(turn=turn)))
    assert session.current.exchanges == before
    assert len(before) == 1


def test_a_problem_is_one_sentence_in_the_conversation() -> None:
    page = views.exchange_html(Exchange(1, "<b>", problem="Too long: <i>."))
    assert "&lt;b&gt;" in page and "Too long: &lt;i&gt;." in page and 'data-do="retry"' in page
    assert "Looking through your articles" in views.exchange_html(Exchange(1, "x"))


# --- an index that another machine builds -----------------------------------------------------------------------------


def elsewhere(config: Config) -> Config:
    """The same index, for a chat that only reads and has a folder of other articles."""
    folder = config.corpus.with_name("foreign")
    folder.mkdir()
    (folder / "cats.md").write_text("# Cats\n\nOther cats.\n")
    (folder / "owls.md").write_text("# Owls\n\nOwls hoot.\n")
    return replace(config, corpus=folder)


def shown_by(chat: Chat) -> dict[str, str]:
    """What every page shows of the index."""
    config = chat.engine.config
    return views.shown(chat.refresh(), config.corpus, config.text_files)


BUILDING = {"rebuild", "rebuild_all", "stop", "upload", "remove"}


def test_a_read_only_chat_can_neither_build_nor_add(config: Config, tiny: TinyEncoder) -> None:
    from qa.ui.page.channels import build_app

    # In a running loop: without one gradio leaves loops open.
    async def made(config: Config, may: bool) -> Any:
        return build_app(Engine.open(config, tiny, can_build=may))

    for there, may in ((config, True), (elsewhere(config), False)):
        page = asyncio.run(made(there, may))
        parts = {block.elem_id for block in page.blocks.values()}
        assert parts >= {"qa-channel-talk", "qa-channel-files"}
        building = {"qa-channel-index", "qa-channel-upload", "qa-channel-uploaded"}
        assert building & parts == (building if may else set())
        html = shell_html(may)
        assert all((f'id="{name}"' in html) == may for name in ("qa-rare", "qa-upload", "qa-uploaded"))
        assert {function.name for function in page.fns.values()} & BUILDING == (BUILDING if may else set())


def test_a_read_only_chat_compares_no_folder_with_the_index(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    lenient = replace(elsewhere(config), threshold=0.0)
    chat, session = Chat(Engine.open(lenient, tiny, can_build=False)), Session()
    screen = screen_of(chat)
    screen.load(session)
    settle(chat)
    assert [(file.record.path, file.pending) for file in chat.status().files] == [("cats.md", "")]
    *_, (_, source) = talk_of(screen).ask(session, "Do cats sleep?")
    assert "Cats sleep." in source["html"]
    assert "hanged since" not in source["html"]  # nor unchanged, since nobody compared
    (turn,) = session.current.exchanges
    assert turn.answer and turn.answer.citations and not any(each.changed for each in turn.answer.citations)
    assert not chat.engine.changed("cats.md")
    table: Any = session.shown["table"]
    shown = shown_by(chat)
    assert table["summary"] == "1 file · 1 indexed" and shown["notice"] == ""
    assert "This index is built on another machine; this chat only reads it." in shown["built"]
    for click in (screen.rebuild, screen.rebuild_all):
        click()
    assert chat.job.state == JobState() and chat.refresh().generation == "000001"
    assert chat.close(60)


def test_a_read_only_chat_waits_for_a_missing_index(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    there = elsewhere(config)
    chat = Chat(Engine.open(there, tiny, can_build=False))
    notice = shown_by(chat)["notice"]
    assert "There is no index yet" in notice and "on another machine" in notice and "<button" not in notice
    assert chat.job.state == JobState() and store.LocalStore(there.index).current_id() is None
    build(config, tiny)
    settle(chat)
    shown = shown_by(chat)
    assert shown["notice"] == "" and "1 article" in shown["headline"]
    assert chat.close(60)


def test_a_read_only_chat_leaves_a_broken_index_alone(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep.\n")
    build(config, tiny)
    chat, session = Chat(Engine.open(replace(elsewhere(config), encoder="another"), can_build=False)), Session()
    screen = screen_of(chat)
    screen.rebuild()
    list(talk_of(screen).ask(session, "Do cats sleep?"))
    texts = (
        shown_by(chat)["notice"],
        views.exchange_html(session.current.exchanges[0]),
        views.spoken(session.current.exchanges[0]),
    )
    for words in texts:
        assert "rebuild the index on the machine that builds it" in words
        assert "Rebuild index" not in words and "qa build" not in words and 'rebuild"' not in words
    assert chat.job.state == JobState()


@pytest.mark.parametrize(
    ("store", "watch", "can_build"),
    [(None, True, True), (None, False, True), (ADDRESS, True, True), (ADDRESS, False, False)],
)
def test_a_chat_only_reads_an_index_on_a_server_unless_it_watches(
    store: Address | None, watch: bool, can_build: bool, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines: list[Engine] = []

    class Silent:
        url = "http://127.0.0.1:1"

        def __init__(self, chat: Chat, *address: object, **options: object) -> None:
            engines.append(chat.engine)

        def run(self, ready: Callable[[], None]) -> None:
            """Answer nobody."""

    monkeypatch.setattr("qa.ui.server.Server", Silent)
    serve(replace(config, store=store), "127.0.0.1", 0, None, None, None, False, watch)
    assert [engine.can_build for engine in engines] == [can_build]


# --- examples


def article(path: str, title: str, *headings: str) -> Document:
    sections = [Section((), 0, Span(0, 0)), *(Section((heading,), 2, Span(0, 0)) for heading in headings)]
    return Document(path, title, "", tuple(sections), ())


def test_examples_are_headings_that_ask() -> None:
    asked = examples.questions(article("a.md", "Cats", "Food", "1. How long do cats sleep?", "Why?"))
    assert asked == ["How long do cats sleep?"]


def test_without_questions_examples_ask_about_headings_under_a_short_title() -> None:
    asked = examples.questions(
        article("a.md", "Cats at home: everything that is known about them", "Why they purr", "Food")
    )
    assert asked == [
        "What does “Cats at home” say about “Food”?",
        "What does “Cats at home” say about “Why they purr”?",
    ]


def test_examples_come_from_different_articles_and_are_answered() -> None:
    each = [["a1", "a2", "a3"], ["b1", "b2"], ["c1"]]
    assert list(examples.spread(["a/b/1", "a/b/2", "a/c/3", "d/4", "d/5", "6", "7"])) == [
        *("a/b/1", "d/4", "6", "a/c/3", "d/5", "7", "a/b/2"),
    ]
    assert examples.choose(each, lambda _: True) == ["a1", "b1", "c1", "a2"]
    assert examples.choose(each, lambda question: question != "b1", 3) == ["a1", "b2", "c1"]
    assert examples.choose([["a1", "a2", "a3", "a4", "a5"]], lambda _: True) == ["a1", "a2", "a3", "a4"]
    assert examples.choose(each, lambda _: False) == []


def test_a_heading_that_cannot_be_asked_is_not_an_example(config: Config, tiny: TinyEncoder) -> None:
    write(config, "cats.md", "# Cats\n\nCats sleep all day.\n")
    build(config, tiny)
    assert not Chat(Engine.open(config, tiny))._is_answered("-only")


def test_examples_are_escaped_and_named_by_number() -> None:
    page = views.examples_html(("<b>?",))
    assert "&lt;b&gt;?" in page and 'data-number="0"' in page
    assert views.examples_html(()) == ""


# --- access -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.0.0.1.example.org"])
def test_an_address_that_others_reach_needs_a_log_in(host: str) -> None:
    with pytest.raises(ConfigError, match="add --auth user:password or --auth-file FILE, or leave --host out"):
        check_access(host, None)
    check_access(host, "me:secret")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_this_machine_needs_no_log_in(host: str) -> None:
    assert is_loopback(host)
    check_access(host, None)


@pytest.mark.parametrize("auth", ["", "me", "me:", ":secret", " : ", "me: "])
def test_a_log_in_needs_both_parts(auth: str) -> None:
    with pytest.raises(ConfigError, match="user:password"):
        check_access("127.0.0.1", auth)


def test_an_occupied_port_is_reported_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} .*--port"):
            bind("127.0.0.1", port)


def test_a_foreign_address_is_reported_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"--port|--host"):
        bind("192.0.2.1", 0)


def test_port_zero_takes_a_free_one() -> None:
    with bind("127.0.0.1", 0) as taken:
        assert taken.getsockname()[1] > 0


def test_the_folder_is_followed_by_default_unless_other_machines_share_the_index() -> None:
    alone, shared = Config(), Config.from_env({"QA_STORE": "milvus://127.0.0.1:19530/articles"})
    assert [follows(alone, watch) for watch in (None, True, False)] == [True, True, False]
    assert [follows(shared, watch) for watch in (None, True, False)] == [False, True, False]
