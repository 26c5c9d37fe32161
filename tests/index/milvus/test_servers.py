"""An index on real servers that are lost, frozen and rebuilt during questions: no answer is ever wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import servers
from conftest import ROOT, TinyEncoder
from corpora import article, prose, write
from servers import Server
from waiting import wait_until

from qa.ask.answer import Answer
from qa.build import build
from qa.config import Address, Config
from qa.engine import Engine
from qa.errors import StoreError
from qa.index import open_store
from qa.models.protocols import Encoder

WORDS = [
    f"{first}{second}" for first in ("amber", "birch", "cedar", "delta") for second in ("gate", "hall", "lane", "mill")
]
KINDS = [
    pytest.param(servers.milvus_lite, marks=pytest.mark.milvus_lite, id="lite"),
    pytest.param(servers.milvus, marks=pytest.mark.milvus, id="milvus"),
]
WAITING = 2.0  # seconds within which a question is answered or refused, and within which a chat uses a new build
SLACK = 0.3  # more seconds, on a busy machine
UNREACHABLE = re.compile(
    r"The index cannot be reached at milvus://\S+ \([^<>]{1,120}\): check that the server is running\."
)

Cited = list[tuple[str, int]]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may stop it."""
    folder = tmp_path / "server"
    folder.mkdir()
    with request.param(folder) as server:
        yield server


def place(folder: Path, server: Server) -> Config:
    """A corpus of one article per word, to be indexed on the server."""
    write(folder / "corpus", {f"{word}.md": article(word.title(), word) for word in WORDS})
    store = Address.parse(f"milvus://{server.address}/articles", {})
    return Config(corpus=folder / "corpus", index=folder / "index", reader="off", store=store)


def cited(answer: Answer) -> Cited:
    return [(citation.document, citation.span.start) for citation in answer.citations]


def question(turn: int) -> str:
    return f"What does the {WORDS[turn % len(WORDS)]} report say?"


# --- chats in separate processes --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """The reply of a chat to a question; the times are seconds since 1970."""

    turn: int
    begun: float
    ended: float
    status: int
    body: Mapping[str, Any]

    @property
    def generation(self) -> str:
        return str(self.body["generation"])


@dataclass
class Reader:
    """A chat that only reads: a `qa serve` process, which is never restarted."""

    http: httpx.Client
    replies: list[Reply] = field(default_factory=list)

    def ask(self, turn: int) -> Reply:
        begun = time.time()
        response = self.http.post("/api/ask", json={"question": question(turn)})
        return Reply(turn, begun, time.time(), response.status_code, response.json())

    def refuses(self) -> float:
        """The longest of three times, in seconds, until it reports that the index cannot be reached."""
        replies = [self.ask(turn) for turn in range(3)]
        for reply in replies:
            assert reply.status == 503, reply
            assert UNREACHABLE.fullmatch(reply.body["error"]), reply
        worst = max(reply.ended - reply.begun for reply in replies)
        assert worst < WAITING + SLACK
        return worst


@contextmanager
def chat(config: Config, folder: Path) -> Iterator[Callable[[], Reader]]:
    """Start a chat on the store of `config` without its folders; the caller calls the result once it should answer."""
    (folder / "index").mkdir(parents=True)
    command = [
        "setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "qa", "serve", "--port", "0",
        "--store", str(config.store), "--corpus", str(folder / "none"), "--index", str(folder / "index"),
    ]  # fmt: skip
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "QA_READER": "off"}, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
        httpx.Client(trust_env=False, timeout=30) as http,
    ):

        def started() -> Reader:
            assert process.stdout is not None
            http.base_url = httpx.URL(process.stdout.readline().removeprefix("Chat: ").strip())
            return Reader(http)

        try:
            yield started
            assert process.poll() is None
        finally:
            process.kill()
        assert (folder / "log").read_text() == ""


@contextmanager
def asking_all(readers: Sequence[Reader]) -> Iterator[None]:
    """Ask each of them one question after another, without a pause, until the block ends."""
    stop = threading.Event()

    def ask(reader: Reader) -> None:
        while not stop.is_set():
            reader.replies.append(reader.ask(len(reader.replies)))

    threads = [threading.Thread(target=ask, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def content(answer: Mapping[str, Any]) -> list[object]:
    """The content of an answer, without its timings and without links, which begin with the address of a chat."""
    parts = ("document", "start", "end", "text", "score", "highlights")
    citations = [{part: citation[part] for part in parts} for citation in answer["citations"]]
    lead = {name: value for name, value in answer["answer"].items() if name != "link"} if answer["answer"] else None
    return [answer["generation"], lead, json.dumps(citations)]


@dataclass(frozen=True)
class Edition:
    """One build: when it was published (seconds since 1970), and its answer to each question."""

    generation: str
    switched: float
    answers: Sequence[list[object]]


def publish(config: Config, encoder: Encoder, name: str) -> Edition:
    """Build articles in which each edition changes each passage."""
    write(config.corpus, {f"{w}.md": f"# {w.title()}\n\nThis is the {name} edition. {prose(w, 6)}\n" for w in WORDS})
    report = build(config, encoder)
    assert report.passages_encoded == report.passages == len(WORDS)
    switched = open_store(config).open_current().published()
    engine = Engine.open(config, encoder)
    answers = [engine.ask(question(turn)).as_json() for turn in range(len(WORDS))]
    assert {answer["generation"] for answer in answers} == {report.generation}
    assert all(f"the {name} edition" in citation["text"] for answer in answers for citation in answer["citations"])
    assert [answer["citations"][0]["document"] for answer in answers] == [f"{word}.md" for word in WORDS]
    return Edition(report.generation, switched, [content(answer) for answer in answers])


@pytest.mark.clock
@pytest.mark.model
def test_readers_follow_builds_undisturbed_and_outlive_their_server(
    server: Server, tmp_path: Path, encoder: Encoder
) -> None:
    config = place(tmp_path, server)
    with ExitStack() as stack:
        starting = [stack.enter_context(chat(config, tmp_path / name)) for name in ("one", "two")]
        readers = [started() for started in starting]
        for reader in readers:
            reply = reader.ask(0)
            assert reply.status == 503
            assert re.fullmatch(r"No index was built .*: run `qa build` where the articles are\.", reply.body["error"])
        editions = [publish(config, encoder, "first")]
        for reader in readers:
            wait_until(lambda reader=reader: reader.ask(0).status == 200, 30)  # type: ignore[misc]
        with asking_all(readers):
            for name in ("second", "third"):
                editions.append(publish(config, encoder, name))
                # From then on every chat answers from it.
                wait_until(partial(have_replied, readers, editions[-1].switched + WAITING + SLACK), 60)
        for number, reader in enumerate(readers, 1):
            followed(reader.replies, editions, f"reader {number}")

        (process,) = server.processes.values()
        wanted = editions[-1].answers
        for lose, find in ((process.freeze, process.thaw), (process.kill, process.start)):
            lose()
            with ThreadPoolExecutor(len(readers)) as pool:  # a server that is frozen for longer than SESSION exits
                worst = max(pool.map(Reader.refuses, readers))
            find()
            begun = time.time()
            for reader in readers:
                wait_until(partial(is_back, reader), 60, every=0.1)
            print(
                f"{lose.__name__}: refused in {worst:.2f} s; both answer {time.time() - begun:.1f} s after it was back"
            )
            for reader in readers:
                received = [reader.ask(turn) for turn in range(len(WORDS))]
                assert [content(reply.body) for reply in received if reply.status == 200] == wanted


def have_replied(readers: Sequence[Reader], moment: float) -> bool:
    """Whether each of them has answered a question that was asked after that moment."""
    return all(reader.replies and reader.replies[-1].begun > moment for reader in readers)


def is_back(reader: Reader) -> bool:
    """Whether it answers again; if not, it says so in time and in one sentence."""
    reply = reader.ask(0)
    if reply.status != 200:
        assert UNREACHABLE.fullmatch(reply.body["error"]), reply
        assert reply.ended - reply.begun < WAITING + SLACK
    return reply.status == 200


def followed(replies: Sequence[Reply], editions: Sequence[Edition], label: str) -> None:
    """Each question was answered from exactly one edition, and soon after a publication from the newest."""
    assert {reply.status for reply in replies} == {200}, [reply for reply in replies if reply.status != 200][:3]
    numbers = [edition.generation for edition in editions]
    body = [numbers.index(reply.generation) for reply in replies]
    assert body == sorted(body)
    assert set(body) == set(range(len(editions)))
    for reply, number in zip(replies, body, strict=True):
        assert content(reply.body) == editions[number].answers[reply.turn % len(WORDS)]
    delays = [
        next(reply.ended for reply in replies if reply.generation == edition.generation) - edition.switched
        for edition in editions[1:]
    ]
    for edition, after in zip(editions[1:], [*editions[2:], None], strict=True):
        later = [r for r in replies if r.begun > edition.switched + WAITING and (not after or r.ended < after.switched)]
        assert later
        assert {reply.generation for reply in later} == {edition.generation}
    seconds = [reply.ended - reply.begun for reply in replies]
    print(
        f"\n{label}: {len(replies)} answers, none refused, median {1e3 * float(np.median(seconds)):.0f} ms, "
        f"worst {max(seconds):.2f} s, a new build after {', '.join(f'{delay:.2f}' for delay in delays)} s"
    )


# --- a cluster that loses a node --------------------------------------------------------------------------------------


@dataclass
class Asked:
    """What a client that asks without a pause has seen."""

    answers: list[tuple[int, Answer]] = field(default_factory=list)  # with the number of the question
    refused: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)  # when there was an answer
    refusals_end: float = 0.0  # when there was a refusal

    def report(self, label: str) -> None:
        print(
            f"\n{label}: {len(self.answers)} answers, {len(self.refused)} refusals, "
            f"median {1e3 * float(np.median(self.seconds)):.0f} ms, worst {max(self.seconds):.2f} s, "
            f"longest time without an answer {max(np.diff(self.moments)):.1f} s"
        )

    def is_undisturbed(self, since: float) -> bool:
        """Whether there were answers, and only answers, for a second and since that moment."""
        return self.moments[-1] - max(since, self.refusals_end) > 1


@contextmanager
def asking(config: Config) -> Iterator[Asked]:
    """Another client of the same index, which asks until the block ends."""
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
                asked.refusals_end = time.monotonic()
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


@pytest.mark.cluster
@pytest.mark.parametrize("replicas", [1, 2])
def test_no_answer_is_wrong_while_a_query_node_is_lost(tmp_path: Path, replicas: int) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with servers.cluster(folder) as server:
        config = place(tmp_path, server)
        assert isinstance(config.store, Address)
        config = replace(config, store=replace(config.store, replicas=replicas))
        build(config, TinyEncoder())
        engine = Engine.open(config, TinyEncoder())
        wanted = [cited(engine.ask(question(turn))) for turn in range(len(WORDS))]
        lost = server.processes["query 1"]
        with asking(config) as asked:
            wait_until(lambda: len(asked.answers) > 50, 60)
            lost.kill()
            # It is given up after this time; then the other node loads what only the lost one had.
            wait_until(partial(asked.is_undisturbed, time.monotonic() + servers.SESSION), 60)
            lost.start()
            answered = len(asked.answers)
            wait_until(lambda: len(asked.answers) > answered + 100, 60)
        asked.report(f"query 1 killed, {replicas} replicas")
        wrong = [(turn, cited(answer)) for turn, answer in asked.answers if cited(answer) != wanted[turn % len(WORDS)]]
        assert wrong == []
        assert [refusal for refusal in asked.refused if not UNREACHABLE.fullmatch(refusal)] == []
        assert max(asked.seconds) < WAITING + 0.5
        wait_until(lambda: not engine.generation.verify(), 60)  # the restarted node is still loading
        assert [cited(engine.ask(question(turn))) for turn in range(len(WORDS))] == wanted
