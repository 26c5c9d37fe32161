"""Conversations survive what can happen to a page, a process and a disk, and only their owner sees them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import TinyEncoder
from exchanges import answered, asked
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.ask.answer import Answer, Citation, Lead, OtherValue
from qa.ask.ranking import Ranks
from qa.ask.rows import TableRow
from qa.ask.why import ReaderScores, Why
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import StoreError
from qa.index.scope import EVERYTHING, AppliedScope, Scope
from qa.text.document import Span
from qa.ui.conversations.exchange import Exchange
from qa.ui.conversations.history import History, Past
from qa.ui.conversations.records import from_json, to_json

ANNA, BEN = "browser:anna", "browser:ben"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "index" / "conversations.sqlite")


def exchanges(history: History, owner: str, name: str) -> tuple[Exchange, ...]:
    found = history.since(owner, name)
    assert found is not None
    return found[1]


# --- answers as records

spans = st.builds(Span, st.integers(0, 10**6), st.integers(0, 10**6))
texts = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and NUL too
shares = st.floats(0, 1)
rows = st.builds(
    TableRow,
    st.lists(texts, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.lists(spans, max_size=2).map(tuple),
    st.none() | st.integers(0, 5),
)
leads = st.builds(
    Lead, texts, st.integers(1, 5), spans, spans, st.none() | spans, texts, st.booleans(), st.none() | rows
)
some = st.lists(texts, max_size=2).map(tuple)
whys = st.builds(
    Why,
    document=texts,
    matched=some,
    nearby=some,
    missing=some,
    missing_names=some,
    missing_numbers=some,
    unknown=some,
    carried=some,
    ranks=st.builds(Ranks, st.none() | st.integers(1, 100)),
    reader=st.none() | st.builds(ReaderScores, shares, st.none() | shares),
    confidence=shares,
    threshold=shares,
)
citations = st.builds(
    Citation, highlights=st.lists(spans, max_size=2).map(tuple), text=texts, score=shares, recognised=st.none() | shares
)
answers = st.builds(
    Answer,
    question=texts,
    confidence=shares,
    lead=st.none() | leads,
    citations=st.lists(citations, max_size=2).map(tuple),
    timings_ms=st.dictionaries(texts, shares, max_size=2),
    corrected=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    why=st.none() | whys,
    others=st.lists(st.builds(OtherValue, row=st.none() | rows), max_size=2).map(tuple),
)


scopes = st.builds(
    Scope,
    folders=st.lists(st.sampled_from(["notes", "a/b.md"]), max_size=2).map(tuple),
    since=st.sampled_from(["", "2023-05"]),
    without=st.none() | st.just(Scope(kinds=("pdf",))),
)


@given(answers, scopes)
@settings(max_examples=50)
def test_every_answer_is_the_same_after_it_was_stored(answer: Answer, scope: Scope) -> None:
    answer = replace(answer, scope=AppliedScope(scope, 3) if scope != EVERYTHING else None)
    exchange = Exchange(3, "Why?", answer, verdict="up", without=("bees",), scope=scope)
    assert from_json(Exchange, to_json(exchange)) == exchange


def test_a_real_answer_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "bees.md").write_text("# Bees\n\nBees live in a hive.\n\n| animal | legs |\n|---|---|\n| bee | 6 |\n")
    config = Config(corpus, tmp_path / "index")
    build(config, TinyEncoder())
    with Engine.open(config, TinyEncoder()) as engine:
        answer = engine.ask("Where do bees live?")
    assert answer.citations
    again = from_json(Answer, to_json(answer))
    assert again == answer
    assert again.as_json() == answer.as_json()


def test_a_record_outlives_fields_that_are_new_or_gone() -> None:
    record = json.loads(to_json(asked(answer=answered())))
    record["answer"]["forgotten"] = 1
    del record["asked"]
    assert from_json(Exchange, json.dumps(record)) == replace(asked(answer=answered()), asked="")


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        "1",
        '{"number": 1}',
        '{"number": "1", "question": "a"}',
        '{"number": 1, "question": "a", "without": "b"}',
        '{"number": true, "question": "a"}',
        '{"number": 1, "question": "a", "answer": {"question": "a"}}',
        '{"number": 1, "question": "a", "scope": {"since": "never"}}',
        "[" * 10**5,
    ],
)
def test_a_record_that_cannot_be_read_says_so(record: str) -> None:
    with pytest.raises(ValueError):
        from_json(Exchange, record)


# --- conversations


def test_what_was_stored_is_there_in_another_process(history: History) -> None:
    name = history.begin(ANNA, asked())
    history.put(ANNA, name, asked(answer=answered()))
    program = (
        "import sys; from pathlib import Path; from qa.ui.conversations.history import History;"
        "found = History(Path(sys.argv[1])).since(sys.argv[2], sys.argv[3]); print(found[1][0].answer.lead.text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(history.path), ANNA, name], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Bees live in a hive.\n"


def test_turns_are_numbered_and_only_what_changed_is_read_again(history: History) -> None:
    name = history.begin(ANNA, asked("One?"))
    second = history.add(ANNA, name, asked("Two?"))
    assert second is not None and second.number == 2
    revision, both = history.since(ANNA, name) or (0, ())
    assert [exchange.question for exchange in both] == ["One?", "Two?"]
    assert history.since(ANNA, name, revision) == (revision, ())
    history.put(ANNA, name, replace(both[0], problem="No."))
    changed = history.since(ANNA, name, revision)
    assert changed == (revision + 1, (replace(both[0], problem="No."),))


def test_nobody_else_sees_or_changes_a_conversation(history: History) -> None:
    name = history.begin(ANNA, asked())
    assert history.since(BEN, name) is None
    assert history.title(BEN, name) is None
    assert history.add(BEN, name, asked("And wasps?")) is None
    assert not history.put(BEN, name, asked("And wasps?"))
    assert not history.rename(BEN, name, "Mine")
    assert history.delete(BEN, name) == history.delete(BEN) == ()
    assert history.past(BEN) == ()
    history.delete(ANNA, name)
    history.restore(BEN, [name])
    assert history.past(ANNA) == ()
    history.restore(ANNA, [name])
    assert [(past.title, past.turns) for past in history.past(ANNA)] == [("Where do bees live?", 1)]
    assert [exchange.question for exchange in exchanges(history, ANNA, name)] == ["Where do bees live?"]


def test_ids_cannot_be_guessed(history: History) -> None:
    names = {history.begin(ANNA, asked()) for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 16 for name in names)  # 96 random bits


def test_the_latest_conversation_comes_first_and_a_new_title_does_not_move_it(history: History) -> None:
    first, second = history.begin(ANNA, asked("One?")), history.begin(ANNA, asked("Two?"))
    assert [past.id for past in history.past(ANNA)] == [second, first]
    history.add(ANNA, first, asked("More?"))
    assert [past.id for past in history.past(ANNA)] == [first, second]
    assert history.rename(ANNA, second, "  About\n two  ")
    assert not history.rename(ANNA, second, " \n")
    assert [(past.id, past.title) for past in history.past(ANNA)] == [(first, "One?"), (second, "About two")]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("BÉES", True),
        ("hive", True),
        ("live hive", True),
        ("ruche", True),  # of the title
        ("ruche hiv", True),
        ("hive wasp", False),
        ("100%", False),
        ("_", False),
        ("  ", True),
    ],
)
def test_conversations_are_found_by_words_of_title_question_and_answer(
    history: History, words: str, found: bool
) -> None:
    name = history.begin(ANNA, asked("Hello?"))
    history.add(ANNA, name, asked(number=2, answer=answered()))
    history.rename(ANNA, name, "La Rúche")
    history.begin(ANNA, asked("Something else entirely?"))
    history.begin(BEN, asked(answer=answered()))
    result = history.past(ANNA, words)
    assert (name in {past.id for past in result}) is found
    assert words == "  " or len(result) == found


def test_a_search_names_the_turn(history: History) -> None:
    name = history.begin(ANNA, asked("Hello?"))
    history.add(ANNA, name, asked(answer=answered()))
    assert [past.turn for past in history.past(ANNA, "hive")] == [2]
    assert [past.turn for past in history.past(ANNA)] == [0]


def test_a_deleted_conversation_comes_back_or_is_erased_from_the_file(history: History) -> None:
    name = history.begin(ANNA, asked("Who is Zebulon?"))
    assert history.delete(ANNA, name) == (name,)
    assert history.since(ANNA, name) is None
    history.forget_deleted()
    history.restore(ANNA, [name])
    assert [past.id for past in history.past(ANNA)] == [name]
    assert history.delete(ANNA) == (name,)
    history.forget_deleted(timedelta(0))
    history.restore(ANNA, [name])
    assert history.past(ANNA) == ()
    stored = b"".join(path.read_bytes() for path in history.path.parent.iterdir())
    assert b"Zebulon" not in stored and b"zebulon" not in stored


def test_an_owner_can_keep_no_history(history: History) -> None:
    assert history.keeps(ANNA)
    history.keep(ANNA, False)
    history.keep(ANNA, False)
    assert (history.keeps(ANNA), history.keeps(BEN)) == (False, True)
    history.keep(ANNA, True)
    assert history.keeps(ANNA)


def test_the_oldest_conversations_make_room(tmp_path: Path) -> None:
    history = History(tmp_path / "conversations.sqlite", most_bytes=300_000)
    names = [history.begin(ANNA, asked("A" * 20_000)) for _ in range(40)]
    left = [past.id for past in history.past(ANNA)]
    assert left == names[::-1][: len(left)]
    assert 3 < len(left) < 20
    assert (tmp_path / "conversations.sqlite").stat().st_size < 700_000


def test_many_threads_and_processes_write_at_once(history: History) -> None:
    name = history.begin(ANNA, asked("0"))
    program = (
        "import sys; from pathlib import Path; from qa.ui.conversations.exchange import Exchange;"
        "from qa.ui.conversations.history import History;"
        "h = History(Path(sys.argv[1]));"
        "[h.add(sys.argv[2], sys.argv[3], Exchange(0, 'process')) for _ in range(10)]"
    )
    command = [sys.executable, "-c", program, str(history.path), ANNA, name]
    processes = [subprocess.Popen(command) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda: [history.add(ANNA, name, asked("thread")) for _ in range(10)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    stored = exchanges(history, ANNA, name)
    assert [exchange.number for exchange in stored] == list(range(1, 52))
    assert sum(exchange.question == "process" for exchange in stored) == 20


def test_only_the_user_can_read_the_file(history: History) -> None:
    history.begin(ANNA, asked())
    if os.name != "nt":
        assert history.path.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_one_sentence_and_is_left_as_it_is(history: History) -> None:
    history.path.parent.mkdir()
    history.path.write_bytes(b"no database" * 1000)
    for call in (lambda: history.begin(ANNA, asked()), lambda: history.past(ANNA), lambda: history.keeps(ANNA)):
        with pytest.raises(
            StoreError,
            match=r"^Conversations cannot be stored or read \(.*\): move that file away, or restore a copy\.$",
        ):
            call()
    assert history.path.read_bytes() == b"no database" * 1000


def test_a_full_disk_changes_nothing(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    name = history.begin(ANNA, asked())
    connect = sqlite3.connect

    def full(*values: object, **named: object) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*values, **named)  # type: ignore[call-overload]
        database.execute("PRAGMA max_page_count = 1")  # no page can be added
        return database

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StoreError, match="full"):
        history.add(ANNA, name, asked("A" * 1_000_000))
    monkeypatch.undo()
    assert [exchange.question for exchange in exchanges(history, ANNA, name)] == ["Where do bees live?"]


def test_a_file_of_a_newer_version_is_refused(history: History) -> None:
    history.begin(ANNA, asked())
    with sqlite3.connect(history.path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="a newer version of the program wrote it"):
        history.past(ANNA)


def test_an_answer_that_cannot_be_read_leaves_the_question(history: History) -> None:
    name = history.begin(ANNA, asked())
    with sqlite3.connect(history.path) as database:
        database.execute("UPDATE turns SET record = '{}'")
    database.close()
    (exchange,) = exchanges(history, ANNA, name)
    assert exchange.question == "Where do bees live?"
    assert exchange.problem.endswith("cannot be shown: ask again.")


def test_text_that_is_no_text_is_stored(history: History) -> None:
    name = history.begin(ANNA, asked("a\ud800b\0c"))
    assert exchanges(history, ANNA, name)[0].question == "a\ud800b\0c"
    assert history.past(ANNA) == (Past(name, "a\ufffdb\ufffdc", history.past(ANNA)[0].updated, 1),)


def test_records_hold_mappings() -> None:
    timings: Mapping[str, float] = from_json(Answer, to_json(answered())).timings_ms
    assert timings == {"total": 12.5}
