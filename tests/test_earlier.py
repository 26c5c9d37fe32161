"""Earlier states of the folder answer as they did then, whatever became of it."""

from __future__ import annotations

import logging
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from builder import Builder
from corpora import article, snapshot, write

from qa.build import build
from qa.config import Config
from qa.earlier import Earlier
from qa.engine import Engine
from qa.errors import QuestionError, StoreError
from qa.index.generation import OpenGeneration
from qa.index.local import history_file, past
from qa.index.local.store import LocalStore

if TYPE_CHECKING:
    from conftest import TinyEncoder

START = datetime(2026, 10, 1, 8, 0, tzinfo=timezone.utc)
At = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> At:
    """Sets the time at which builds begin, and at which states are forgotten."""
    now = [START]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now[0]

    for module in ("qa.build.pipeline", "qa.index.local.history"):
        monkeypatch.setattr(f"{module}.datetime", Clock)

    def at(moment: datetime) -> None:
        now[0] = moment

    return at


def edition(config: Config, tiny: TinyEncoder, number: int) -> str:
    """Publish the state in which the fee is `number`; returns its id."""
    write(config.corpus, {"fees.md": f"# Fees\n\nThe fee is {number} euros a year.\n"})
    return build(config, tiny).generation


def content(generation: OpenGeneration) -> tuple[Any, ...]:
    """All that a generation says of the articles; of the files without their times, which may have changed since."""
    records = [replace(each, mtime_ns=0, ctime_ns=0) for each in generation.records.values()]
    numbers = range(generation.count())
    bodies = [generation.body(number) for number in range(generation.manifest.documents)]
    vectors = generation.vectors(numbers) if numbers else np.empty(0)
    languages = generation.manifest.languages
    return records, bodies, generation.passages(numbers), vectors.tobytes(), languages


def test_an_earlier_state_answers_with_the_words_of_then(config: Config, tiny: TinyEncoder, clock: At) -> None:
    write(config.corpus, {"bees.md": "# Bees\n\nThe bees sleep in winter.\n"})
    for day in range(6):
        clock(START + timedelta(days=day))
        edition(config, tiny, 40 + day)
        (config.corpus / "bees.md").unlink(missing_ok=day > 0)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        assert "45 euros" in engine.ask("What is the fee?").citations[0].text
        assert len(earlier.states()) == 6
        for day in range(5):  # the first two are no longer there whole
            answer = earlier.at(f"2026-10-0{day + 1}T20:00Z").ask("What is the fee?")
            assert f"{40 + day} euros" in answer.citations[0].text
            assert answer.citations[0].changed
            assert answer.as_of is not None and answer.as_of.is_exact
            assert answer.generation == answer.as_of.state.generation == f"{day + 1:06d}"
            assert answer.as_json()["as_of"]["created"] == f"2026-10-0{day + 1}T08:00:00+00:00"
            assert answer.link(answer.citations[0]).endswith(f"&state={day + 1:06d}")
        deleted = earlier.of("000001").ask("When do the bees sleep?")
        assert deleted.citations[0].text == "The bees sleep in winter."
        assert deleted.citations[0].changed
        assert engine.ask("When do the bees sleep?").citations[0].document == "fees.md"
        assert engine.ask("What is the fee?").as_json()["as_of"] is None


def test_before_the_first_kept_state_the_question_is_refused(config: Config, tiny: TinyEncoder, clock: At) -> None:
    edition(config, tiny, 1)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        with pytest.raises(QuestionError, match="the earliest is that of 2026-10-01"):
            earlier.at("2026-09-01")
        assert earlier.at("2026-10-02").ask("What is the fee?").as_of is not None
        with pytest.raises(QuestionError, match="not kept any more"):
            earlier.of("000009")


@pytest.mark.parametrize("seed", range(3))
def test_a_state_that_is_written_again_is_the_one_that_was_built(
    config: Config, tiny: TinyEncoder, clock: At, seed: int
) -> None:
    """Added, changed, removed, renamed, empty and damaged files, and files with several documents."""
    choose = random.Random(seed)
    built: dict[str, tuple[Any, ...]] = {}
    for day in range(12):
        clock(START + timedelta(days=day))
        for _ in range(choose.randint(1, 4)):
            name = f"{choose.choice('abcdef')}.{choose.choice(('md', 'md', 'txt', 'jsonl', 'pdf'))}"
            place, other = config.corpus / name, config.corpus / f"{choose.choice('ghi')}/{name}"
            if place.exists() and choose.random() < 0.4:
                other.parent.mkdir(exist_ok=True)
                place.rename(other) if choose.random() < 0.5 else place.unlink()
            elif name.endswith("jsonl"):
                place.write_text(
                    "".join(f'{{"title": "T{n}", "text": "Record {choose.random()}"}}\n' for n in range(3))
                )
            elif name.endswith("pdf"):
                place.write_bytes(b"%PDF-1.7 " + bytes([choose.randrange(256)]))
            else:
                place.write_text(choose.choice(("", article(f"T{choose.randint(0, 9)}", f"word{choose.random()}"))))
        build(config, tiny)
        with closing(LocalStore(config.index).open_current()) as generation:
            built[generation.id] = content(generation)
    store = LocalStore(config.index, config.as_of_days)
    states = store.states()
    assert {state.generation for state in states} == set(built)
    for state in choose.sample(states, len(states)):
        generation = store.open_state(state)
        assert content(generation) == built[state.generation]
        assert generation.verify() == []
        assert generation.id == state.generation
        generation.close()


def test_an_ordinary_folder_has_no_history(config: Config, tiny: TinyEncoder) -> None:
    edition(config, tiny, 1)
    build(config, tiny)
    assert not (config.index / history_file.NAME).exists()
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        assert [state.ended for state in earlier.states()] == [None]


def test_states_are_forgotten_with_their_texts_after_the_days(config: Config, tiny: TinyEncoder, clock: At) -> None:
    config = replace(config, as_of_days=30, keep=1)
    write(config.corpus, {"secret.md": "# Secret\n\nThe password is swordfish.\n"})
    edition(config, tiny, 1)
    (config.corpus / "secret.md").unlink()
    clock(START + timedelta(days=1))
    edition(config, tiny, 2)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        assert "swordfish" in earlier.of("000001").ask("What is the password?").citations[0].text
        assert (config.index / past.STATES / "000001").is_dir()
        clock(START + timedelta(days=32))
        edition(config, tiny, 3)
        assert [state.generation for state in earlier.states()] == ["000002", "000003"]
    assert not (config.index / past.STATES / "000001").exists()
    with closing(sqlite3.connect(config.index / history_file.NAME)) as opened:
        assert opened.execute("SELECT path FROM versions WHERE last IS NOT NULL").fetchall() == [("fees.md",)]
        assert opened.execute("SELECT count(*) FROM contents").fetchone() == (1,)


def test_a_state_in_use_answers_on_when_it_is_forgotten(config: Config, tiny: TinyEncoder, clock: At) -> None:
    config = replace(config, keep=1)
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        old = earlier.of("000001")
        clock(START + timedelta(days=60))
        edition(config, tiny, 2)
        assert not (config.index / past.STATES / "000001").exists()
        answer = old.ask("What is the fee?")
        assert "The fee is 0 euros" in answer.citations[0].text
        assert old.document("fees.md") is not None


def test_nothing_is_kept_with_no_days_and_nothing_left_after_forgetting(
    config: Config, tiny: TinyEncoder, clock: At
) -> None:
    for day in range(3):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        earlier.of("000001").ask("What is the fee?")
        assert earlier.size() > 0
        assert earlier.forget() > 0
        assert [state.generation for state in earlier.states()] == ["000003"]
        assert earlier.size() == 0
    assert [path.name for path in (config.index / "generations").iterdir()] == ["000003"]
    edition(config, tiny, 9)
    assert (config.index / history_file.NAME).exists()
    build(replace(config, as_of_days=0), tiny)
    assert not (config.index / history_file.NAME).exists()


def test_a_state_costs_what_was_changed_after_it(config: Config, tiny: TinyEncoder, clock: At) -> None:
    write(config.corpus, {f"a{n}.md": article(f"A{n}", f"word{n}") for n in range(40)})
    for day in range(3):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    (first, second, present) = LocalStore(config.index, 30).states()
    assert (first.changed, second.changed, present.changed) == (0, 1, 1)
    assert present.size == 0
    assert 0 < first.size < 1_500
    clock(START + timedelta(days=3))
    for path in config.corpus.glob("a*.md"):
        path.touch()
        path.chmod(0o600)
    edition(config, tiny, 3)
    assert LocalStore(config.index, 30).states()[-1].changed == 1  # new times alone are no change


def test_a_full_build_and_other_settings_change_only_what_they_read_otherwise(
    config: Config, tiny: TinyEncoder, clock: At
) -> None:
    write(config.corpus, {"list.csv": "title,text\nFirst,The quarry lies behind the mill.\n", "notes.py": "# A note\n"})
    edition(config, tiny, 1)
    clock(START + timedelta(days=1))
    build(config, tiny, full=True)
    clock(START + timedelta(days=2))
    build(replace(config, text_files=(".py",)), tiny)
    assert [state.changed for state in LocalStore(config.index, 30).states()] == [0, 0, 1]


def test_another_encoder_begins_anew(config: Config, tiny: TinyEncoder, clock: At) -> None:
    edition(config, tiny, 1)
    clock(START + timedelta(days=1))
    edition(config, tiny, 2)
    clock(START + timedelta(days=2))
    build(config, type(tiny)("other"))
    assert [state.generation for state in LocalStore(config.index, 30).states()] == ["000003"]


def test_a_history_that_cannot_be_read_does_not_stop_builds_or_answers(
    config: Config, tiny: TinyEncoder, clock: At, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    place = config.index / history_file.NAME
    place.write_bytes(b"no database" * 500)
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        assert "1 euros" in engine.ask("What is the fee?").citations[0].text
        with pytest.raises(StoreError, match="run `qa verify`"):
            earlier.states()
        clock(START + timedelta(days=2))
        with caplog.at_level(logging.WARNING):
            edition(config, tiny, 2)
        assert "no longer kept" in caplog.text
        clock(START + timedelta(days=3))
        edition(config, tiny, 3)
        assert "2 euros" in earlier.of("000003").ask("What is the fee?").citations[0].text


def test_a_changed_bit_in_a_kept_text_is_noticed(config: Config, tiny: TinyEncoder, clock: At) -> None:
    config = replace(config, keep=1)
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    with closing(sqlite3.connect(config.index / history_file.NAME)) as opened, opened:
        (documents,) = opened.execute("SELECT documents FROM contents").fetchone()
        opened.execute("UPDATE contents SET documents = ?", (documents[:30] + b"?" + documents[31:],))
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        with pytest.raises(StoreError, match=r"fees\.md as it was cannot be read"):
            earlier.of("000001")
        assert "1 euros" in engine.ask("What is the fee?").citations[0].text
        assert not list((config.index / past.STATES).glob("*/generations/.tmp-*"))


def test_while_the_history_cannot_be_written_the_generations_stay(
    config: Config, tiny: TinyEncoder, clock: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(config, keep=1)
    edition(config, tiny, 0)

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("qa.index.local.history.History._record", full)
        for day in range(1, 4):
            clock(START + timedelta(days=day))
            edition(config, tiny, day)
    assert len(list((config.index / "generations").iterdir())) == 4
    clock(START + timedelta(days=4))
    edition(config, tiny, 4)
    assert [path.name for path in (config.index / "generations").iterdir()] == ["000005"]
    with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
        for day in range(4):
            assert f"{day} euros" in earlier.of(f"{day + 1:06d}").ask("What is the fee?").citations[0].text


def test_many_threads_and_stores_write_a_state_once(config: Config, tiny: TinyEncoder, clock: At) -> None:
    config = replace(config, keep=1)
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    stores = [LocalStore(config.index, 30) for _ in range(6)]  # as several processes have
    state = stores[0].states()[0]
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda store: store.open_state(state), stores))
    inodes = {(each.folder / "passages.sqlite").stat().st_ino for each in opened}
    assert len(inodes) == 1
    before = snapshot(config.index)
    stores[0].open_state(state)
    assert snapshot(config.index) == before


def test_a_state_that_was_left_half_written_or_damaged_is_written_again(
    config: Config, tiny: TinyEncoder, clock: At
) -> None:
    config = replace(config, keep=1)
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)
    store = LocalStore(config.index, 30)
    state = store.states()[0]
    store.open_state(state).close()
    written = config.index / past.STATES / "000001"
    (written / "generations" / "000001" / "manifest.json").write_bytes(b"{}")
    assert store.open_state(state).verify() == []
    (written / "CURRENT").unlink()
    assert store.open_state(state).verify() == []


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    builder = Builder()
    yield builder
    builder.close()


def test_killed_before_each_change_of_the_index_folder_no_state_is_lost(
    config: Config, tiny: TinyEncoder, builder: Builder, tmp_path: Path
) -> None:
    """Also between the publication and what it keeps of the generation before: the next build makes up for it."""
    edition(config, tiny, 0)
    edition(config, tiny, 1)
    write(config.corpus, {"fees.md": "# Fees\n\nThe fee is 2 euros a year.\n"})
    shutil.copytree(config.index, tmp_path / "before")
    whole = builder.run(config.corpus, config.index)
    changes = [line for line in whole.lines if line.startswith("change ")]
    assert any(history_file.NAME in line for line in changes)
    for number in range(len(changes) - 12, len(changes) + 1):  # from the last writes before the publication on
        shutil.rmtree(config.index)
        shutil.copytree(tmp_path / "before", config.index)
        builder.run(config.corpus, config.index, die=number)
        write(config.corpus, {"fees.md": "# Fees\n\nThe fee is 2 euros a year.\n"})
        build(config, tiny)
        edition(config, tiny, 3)
        states = LocalStore(config.index, 30).states()
        with Engine.open(config, tiny) as engine, Earlier(engine) as earlier:
            said = [earlier.of(state.generation).document("fees.md") for state in states]
        assert [each and each.text[19] for each in said] == ["0", "1", "2", "3"], changes[number - 1]
        write(config.corpus, {"fees.md": "# Fees\n\nThe fee is 2 euros a year.\n"})


def test_a_question_of_the_present_opens_nothing_of_the_past(
    config: Config, tiny: TinyEncoder, clock: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(2):
        clock(START + timedelta(days=day))
        edition(config, tiny, day)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the history was opened")

    monkeypatch.setattr("qa.index.local.history.opened", refuse)
    with Engine.open(config, tiny) as engine:
        assert "1 euros" in engine.ask("What is the fee?").citations[0].text
