"""A build into Milvus writes while it encodes; whatever happens to it or to the server, no answer is wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import servers
from builder import Builder
from conftest import TinyEncoder
from corpora import article, on_server, write
from servers import Server
from waiting import wait_until

from qa.build import Progress, build, journal
from qa.config import Config
from qa.engine import Engine
from qa.errors import NoGenerationError, UnreachableError
from qa.index import open_store
from qa.index.milvus.rows import facts_of
from qa.index.milvus.store import MilvusStore
from qa.models.protocols import Vectors

BATCH = 10
FILES, PASSAGES = 24, 7  # of each: no batch ends with a file
SERVERS = [
    pytest.param("milvus_lite", marks=pytest.mark.milvus_lite),
    pytest.param("milvus", marks=pytest.mark.milvus),
]


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    builder = Builder()
    yield builder
    builder.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a corpus that is much larger than what waits."""
    monkeypatch.setattr("qa.build.embedding._WINDOW", BATCH)
    monkeypatch.setattr("qa.index.milvus.rows._BATCH_ROWS", BATCH)
    monkeypatch.setattr("qa.index.milvus.writer._MOST_WAITING", 2 * BATCH)


def articles(edition: str) -> dict[str, str]:
    words = [[f"{edition}w{file}x{number}" for number in range(PASSAGES)] for file in range(FILES)]
    return {f"a{file:02}.md": article(f"{edition} {file}", *some) for file, some in enumerate(words)}


def collections(store: MilvusStore) -> set[str]:
    return {name for name in store.server.call("list_collections") if name.startswith(f"{store.address.name}_")}


def is_back(store: MilvusStore) -> bool:
    try:
        return bool(store.open_current().count())
    except UnreachableError:
        return False


def answering(config: Config, word: str) -> str:
    """The article that is cited first for a word."""
    return Engine.open(config, TinyEncoder()).ask(f"What does the {word} report say?").citations[0].document


def saved(config: Config) -> int:
    """The number of embeddings that an unfinished build has left on this machine."""
    store, identity = open_store(config), TinyEncoder().identity
    return len({key for folder in store.leftovers() for key, _ in journal.read(folder, identity)})


@pytest.mark.milvus_lite
def test_rows_are_on_the_server_before_the_last_is_encoded_and_a_slow_one_slows_the_build(
    milvus_lite: Server, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, tmp_path.name)
    write(config.corpus, articles("one"))
    everything = FILES * PASSAGES
    tiny, really, call, gate = TinyEncoder(), TinyEncoder.encode_passages, type(store.server).call, threading.Event()
    at_last: list[int] = []
    held_up: list[int] = []

    def wait_at_gate(self: Any, method: str, *arguments: Any, **named: Any) -> Any:
        if method == "insert":
            assert gate.wait(30)
        return call(self, method, *arguments, **named)

    def step(progress: Progress) -> None:
        held_up.append(progress.encoded)
        if len(held_up) > 3 and progress.encoded == held_up[-4] > 0:
            gate.set()  # it makes no progress, so it waits for the server

    def encode(texts: Sequence[str]) -> Vectors:
        if len(tiny.encoded) + len(texts) == everything:
            until = time.monotonic() + 10
            while not at_last and time.monotonic() < until:
                generation = [name for name in collections(store) if f"{name}_facts" in collections(store)]
                at_last.extend(filter(None, map(store.server.count, generation)))
        return really(tiny, texts)

    monkeypatch.setattr("qa.index.milvus.client.Server.call", wait_at_gate)
    monkeypatch.setattr(tiny, "encode_passages", encode)
    report = build(config, tiny, progress=step)
    assert report.passages == everything
    assert at_last  # rows that were there when the last passages were encoded
    stood_at = next(number for place, number in enumerate(held_up) if place > 2 and number == held_up[place - 3] > 0)
    assert stood_at <= 6 * BATCH < everything
    assert store.open_current().verify() == []


@pytest.mark.milvus_lite
def test_copied_data_is_read_many_files_at_a_time(
    milvus_lite: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, tmp_path.name)
    write(config.corpus, articles("one"))
    build(config, TinyEncoder())
    write(config.corpus, {"a07.md": article("Dune", "dune")})
    (config.corpus / "a11.md").rename(config.corpus / "b11.md")
    call, reads = type(store.server).call, []

    def count(self: Any, method: str, *arguments: Any, **named: Any) -> Any:
        if method == "get" and threading.current_thread().name.startswith("write"):
            reads.append(arguments)
        return call(self, method, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr("qa.index.milvus.client.Server.call", count)
        report = build(config, TinyEncoder())
    assert report.renamed == (("a11.md", "b11.md"),)
    assert (
        0 < len(reads) <= 3 * 4
    )  # heads, bodies and rows of what was before, between and after, and of the moved file
    current = store.open_current()
    assert list(current.documents()) == sorted({*articles("one"), "b11.md"} - {"a11.md"})
    assert current.verify() == []
    assert current.document("b11.md") is not None
    assert answering(config, "onew11x3") == "b11.md"


@pytest.mark.milvus_lite
def test_an_interrupt_ends_a_build_soon_whatever_the_server_is_doing_and_leaves_nothing_there(
    milvus_lite: Server, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, tmp_path.name)
    write(config.corpus, articles("one"))
    call, gate, stopped = type(store.server).call, threading.Event(), []

    def wait_at_gate(self: Any, method: str, *arguments: Any, **named: Any) -> Any:
        result = call(self, method, *arguments, **named)
        if method == "insert":
            gate.wait(10)
        return result

    def interrupt(progress: Progress) -> None:
        if progress.encoded >= 2 * BATCH and any(name.endswith("_facts") for name in collections(store)):
            stopped.append(time.monotonic())
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("qa.index.milvus.client.Server.call", wait_at_gate)
        with pytest.raises(KeyboardInterrupt):
            build(config, TinyEncoder(), progress=interrupt)
        assert time.monotonic() - stopped[0] < 1.5
        gate.set()
    assert collections(store) == set()
    kept = saved(config)
    assert kept >= 2 * BATCH
    assert build(config, TinyEncoder()).passages_encoded == FILES * PASSAGES - kept


@pytest.mark.parametrize("server", SERVERS)
def test_a_builder_that_is_killed_while_it_writes_leaves_the_last_generation_answering(
    request: pytest.FixtureRequest, server: str, builder: Builder, tmp_path: Path
) -> None:
    config, store = on_server(tmp_path, request.getfixturevalue(server).address, tmp_path.name)
    write(config.corpus, {"a00.md": article("Old", "old")})
    first = build(config, TinyEncoder()).generation
    before = collections(store)
    write(config.corpus, articles("new"))
    running = builder.start(config.corpus, config.index, store=store.address, batch=BATCH, pause=0.02)
    assert running.wait_for("inserted", times=4)
    running.kill()
    assert running.status == -9
    (left,) = {line.split()[1].removesuffix("_facts") for line in running.lines if line.startswith("inserted")}
    assert {left, facts_of(left)} <= collections(store) - before
    assert store.current_id() == first
    assert answering(config, "old") == "a00.md"
    kept, tiny = saved(config), TinyEncoder()
    assert BATCH <= kept < FILES * PASSAGES
    report = build(config, tiny)
    assert report.passages == FILES * PASSAGES
    assert report.passages_encoded == len(tiny.encoded) == report.passages - kept
    current = store.open_current()
    assert collections(store) == before | {current.collection, facts_of(current.collection)}
    assert current.verify() == []
    assert answering(config, "neww3x1") == "a03.md"


@pytest.mark.milvus_lite
def test_a_first_build_that_is_killed_keeps_no_other_machine_from_building(
    milvus_lite: Server, builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, tmp_path.name)
    write(config.corpus, articles("one"))
    running = builder.start(config.corpus, config.index, store=store.address, batch=BATCH, pause=0.02)
    assert running.wait_for("inserted", times=2)
    running.kill()
    left = collections(store)
    assert any(name.endswith("_facts") for name in left)
    with pytest.raises(NoGenerationError):
        store.open_current()
    monkeypatch.setattr("qa.index.milvus.lease._DEAD", 0.0)  # as if it had shown no sign of life
    report = build(replace(config, index=config.index.with_name("other")), TinyEncoder())
    assert report.passages == report.passages_encoded == FILES * PASSAGES
    current = store.open_current()
    assert collections(store) == {current.collection, facts_of(current.collection)}
    assert current.verify() == []


@pytest.mark.milvus_lite
def test_a_server_that_dies_during_a_write_is_one_sentence_and_the_next_build_continues(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    with servers.milvus_lite(tmp_path / "server") as server:
        config, store = on_server(tmp_path, server.address, tmp_path.name)
        write(config.corpus, {"a00.md": article("Old", "old")})
        first = build(config, TinyEncoder()).generation
        write(config.corpus, articles("new"))

        def die(progress: Progress) -> None:
            if progress.encoded > 4 * BATCH:
                server.kill()

        tiny = TinyEncoder()
        with monkeypatch.context() as patch:
            for module in ("rows", "store", "writer", "lease"):
                patch.setattr(f"qa.index.milvus.{module}.WRITING", 1.9)  # it would be retried for a minute
            begun = time.monotonic()
            with pytest.raises(UnreachableError, match=r"cannot be reached at .*: check that the server is running\.$"):
                build(config, tiny, progress=die)
            assert time.monotonic() - begun < 10
        assert 4 * BATCH < len(tiny.encoded) < FILES * PASSAGES  # it did not continue for long
        server.start()
        wait_until(lambda: is_back(store), 15, every=0.2)
        assert store.current_id() == first
        assert answering(config, "old") == "a00.md"
        kept, again = len(tiny.encoded), TinyEncoder()
        report = build(config, again)
        assert report.passages_encoded == len(again.encoded) == FILES * PASSAGES - kept
        current = store.open_current()
        assert current.verify() == []
        assert {name for name in collections(store) if first not in name} == {
            current.collection,
            facts_of(current.collection),
        }
