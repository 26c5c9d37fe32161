"""An index on real servers that are lost, frozen and built anew while somebody asks: no answer is ever a wrong one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import servers
from conftest import TinyEncoder
from corpora import article, write
from servers import Server

from qa.build import build
from qa.config import Address, Config
from qa.engine import Engine
from qa.errors import StoreError
from qa.types import Answer

WORDS = [
    f"{first}{second}" for first in ("amber", "birch", "cedar", "delta") for second in ("gate", "hall", "lane", "mill")
]
KINDS = [
    pytest.param(servers.milvus_lite, marks=pytest.mark.milvus_lite, id="lite"),
    pytest.param(servers.milvus, marks=pytest.mark.milvus, id="milvus"),
]
WAITING = 2.0  # seconds in which a question is answered or refused

Cited = list[tuple[str, int]]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may end it."""
    folder = tmp_path / "server"
    folder.mkdir()
    with request.param(folder) as server:
        yield server


def place(folder: Path, server: Server) -> Config:
    """A corpus of one article for each word, to be indexed on the server."""
    write(folder / "corpus", {f"{word}.md": article(word.title(), word) for word in WORDS})
    store = Address.parse(f"milvus://{server.address}/articles", {})
    return Config(corpus=folder / "corpus", index=folder / "index", reader="off", store=store)


def cited(answer: Answer) -> Cited:
    return [(citation.document, citation.span.start) for citation in answer.citations]


def question(turn: int) -> str:
    return f"What does the {WORDS[turn % len(WORDS)]} report say?"


def expected(config: Config) -> list[Cited]:
    engine = Engine.open(config, TinyEncoder())
    return [cited(engine.ask(question(turn))) for turn in range(len(WORDS))]


@dataclass
class Asked:
    """What happened to somebody who asks without a pause."""

    answers: list[tuple[int, Answer]] = field(default_factory=list)  # with the number of the question
    refused: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)  # at which there was an answer

    def report(self, label: str) -> None:
        print(
            f"\n{label}: {len(self.answers)} answers, {len(self.refused)} refusals, "
            f"median {1e3 * float(np.median(self.seconds)):.0f} ms, worst {max(self.seconds):.2f} s, "
            f"longest time without an answer {max(np.diff(self.moments)):.1f} s"
        )


@contextmanager
def asking(config: Config) -> Iterator[Asked]:
    """Another reader of the same index, who asks until the block is left."""
    asked, stop = Asked(), threading.Event()
    engine = Engine.open(config, TinyEncoder())

    def ask() -> None:
        turn = 0
        while not stop.is_set():
            begun = time.monotonic()
            try:
                asked.answers.append((turn, engine.ask(question(turn))))
                asked.moments.append(time.monotonic())
            except StoreError as error:
                asked.refused.append(str(error))
            asked.seconds.append(time.monotonic() - begun)
            turn += 1
            stop.wait(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def until_answered(engine: Engine, wanted: list[Cited], seconds: float) -> float:
    """Seconds until each question has its answer again; a wrong one fails."""
    begun = time.monotonic()
    turn = 0
    while turn < len(wanted):
        try:
            assert cited(engine.ask(question(turn))) == wanted[turn]
            turn += 1
        except StoreError:
            assert time.monotonic() - begun < seconds
            time.sleep(0.1)
    return time.monotonic() - begun


@pytest.mark.parametrize("server", KINDS[1:], indirect=True)  # the other in test_milvus_client.py
def test_a_reader_outlives_a_server_that_is_killed_or_frozen(server: Server, tmp_path: Path) -> None:
    config = place(tmp_path, server)
    build(config, TinyEncoder())
    wanted = expected(config)
    engine = Engine.open(config, TinyEncoder())
    assert cited(engine.ask(question(0))) == wanted[0]
    (process,) = server.processes.values()
    for lose, find in ((process.kill, process.start), (process.freeze, process.thaw)):
        lose()
        for turn in range(3):
            begun = time.monotonic()
            with pytest.raises(StoreError, match="cannot be reached"):
                engine.ask(question(turn))
            assert time.monotonic() - begun < WAITING + 0.3
        find()
        print(f"\nafter {lose.__name__}: answers {until_answered(engine, wanted, 60):.1f} s after it was back")


def test_readers_follow_builds_and_are_never_disturbed(server: Server, tmp_path: Path) -> None:
    config = place(tmp_path, server)
    build(config, TinyEncoder())
    before = expected(config)
    with asking(config) as first, asking(config) as second:
        for word in ("copper", "silver"):
            write(config.corpus, {f"{word}.md": article(word.title(), word, *WORDS[:4])})
            build(config, TinyEncoder())
            time.sleep(1.5)  # a reader looks once a second
    for asked in (first, second):
        asked.report("while it was built twice")
        assert not asked.refused
        engine = Engine.open(config, TinyEncoder())
        assert [cited(answer) for turn, answer in asked.answers[:1]] == before[:1]
        last_turn, last = asked.answers[-1]
        assert cited(last) == cited(engine.ask(question(last_turn)))
        assert all(answer.citations for _, answer in asked.answers)


@pytest.mark.cluster
@pytest.mark.parametrize(("lost", "replicas"), [("query 1", 1), ("query 2", 1), ("query 1", 2)])
def test_no_answer_is_wrong_while_a_query_node_is_lost(tmp_path: Path, lost: str, replicas: int) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with servers.cluster(folder) as server:
        config = place(tmp_path, server)
        assert config.store is not None
        config = replace(config, store=replace(config.store, replicas=replicas))
        build(config, TinyEncoder())
        wanted = expected(config)
        with asking(config) as asked:
            time.sleep(2)
            asked.report("before")
            server.processes[lost].kill()
            time.sleep(18)
            server.processes[lost].start()
            time.sleep(2)
        asked.report(f"{lost} killed")
        wrong = [(turn, cited(answer)) for turn, answer in asked.answers if cited(answer) != wanted[turn % len(WORDS)]]
        assert wrong == []
        assert all("cannot be reached" in refusal for refusal in asked.refused)
        assert max(asked.seconds) < WAITING + 0.5
        engine = Engine.open(config, TinyEncoder())
        print(f"answers {until_answered(engine, wanted, 60):.1f} s later")
        begun = time.monotonic()
        while problems := engine.generation.verify():  # the node that came back is still loading
            assert time.monotonic() - begun < 60, problems
            time.sleep(0.5)
