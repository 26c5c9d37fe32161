"""A generation on a server is searched completely or not at all, and a question requests what it needs in parallel."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import servers
from conftest import TinyEncoder
from corpora import article, on_server, write
from waiting import take_time, wait_until

from qa import formats
from qa.build import build
from qa.config import Address
from qa.engine import Engine
from qa.errors import ConfigError, StoreError
from qa.index.milvus import client as milvus_client
from qa.index.milvus import rows as milvus_rows
from qa.index.milvus import writer as milvus_writer
from qa.index.milvus.client import Server
from qa.index.milvus.connection import connect
from qa.index.protocols import Query

KINDS = [
    pytest.param("milvus_lite", marks=pytest.mark.milvus_lite),
    pytest.param("milvus", marks=pytest.mark.milvus),
]
TOWNS = 1_100  # more than are checked for a phrase whose words occur separately in them


def cited(engine: Engine, question: str) -> set[str]:
    return {citation.document for citation in engine.ask(question).citations}


def when_answered(engine: Engine, question: str) -> set[str]:
    """What is cited, as soon as there is an answer."""
    answers: list[set[str]] = []

    def is_answered() -> bool:
        with contextlib.suppress(StoreError):
            answers.append(cited(engine, question))
        return bool(answers)

    wait_until(is_answered, 10)
    return answers[0]


@pytest.mark.parametrize("kind", KINDS)
def test_part_of_the_rows_is_not_an_answer(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, request.getfixturevalue(kind).address, "parted")
    words = ("anchor", "beacon", "candle")
    write(config.corpus, {f"{word}.md": article(word.title(), word) for word in words})
    build(config, TinyEncoder())
    monkeypatch.setattr("qa.index.milvus.generation._FRESH", 0.0)
    monkeypatch.setattr("qa.index.milvus.generation._SELDOM", 0.0)
    engine = Engine.open(config, TinyEncoder())
    assert "beacon.md" in cited(engine, "beacon report")
    index = store.open_current()
    facts = f"{index.collection}_facts"
    blocks = store.server.call("get", facts, ids=["terms:0:", "words:0:"], output_fields=["*"], seconds=10)
    passage = index.columns([1], ["*"])
    for collection, rows, key in ((facts, blocks, "key"), (index.collection, passage, "id")):
        store.server.call("delete", collection, ids=[row[key] for row in rows], seconds=10)
        store.server.count(collection)
        begun = time.monotonic()
        with pytest.raises(StoreError, match=r"cannot be reached .*a part of it is not loaded"):
            engine.ask("beacon report")
        assert time.monotonic() - begun < 2.3
        again = [{name: value for name, value in row.items() if name != "sparse"} for row in rows]
        store.server.call("insert", collection, again, seconds=10)
        store.server.count(collection)
        assert "beacon.md" in when_answered(engine, "beacon report")


@pytest.mark.milvus_lite
def test_exact_words_are_found_wherever_they_are(milvus_lite: servers.Server, tmp_path: Path) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, "phrases")
    rows = [f'Town {number},"The mill of this town is old and its wall is new: {number}."' for number in range(TOWNS)]
    write(config.corpus, {"towns.csv": "\n".join(["title,text", *rows, 'Zed,"There the old mill stands by a wall."'])})
    build(config, TinyEncoder(dimension=16))
    index = store.open_current()
    assert index.count() == TOWNS + 1
    assert index.contains("old mill")
    assert index.contains("the old mill stands")
    assert not index.contains("old wall")
    assert not index.contains("mill old")
    vector = TinyEncoder(dimension=16).encode_queries(["wall"])[0]
    candidates = index.search(lambda: vector, Query("wall", ("old mill",)), 10)
    assert candidates.allowed is not None
    assert candidates.ids[candidates.allowed].tolist() == [TOWNS]
    candidates = index.search(lambda: vector, Query("wall", (), ("old and",)), 10)
    assert candidates.allowed is not None
    assert candidates.ids[candidates.allowed].tolist() == [TOWNS]


@pytest.mark.milvus_lite
def test_replaced_generations_make_room_for_the_next_build(
    milvus_lite: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, "room")
    generations = []
    for word in ("anchor", "beacon"):
        write(config.corpus, {f"{word}.md": article(word.title(), word)})
        generations.append(build(config, TinyEncoder()).generation)
    with store.writing():
        assert store.open(generations[0]).count() == 1  # somebody may still read it
    monkeypatch.setattr("qa.index.milvus.store._GRACE", 0.0)
    with store.writing():
        names = store.server.call("list_collections")
        assert not [name for name in names if name.startswith(store.collection(generations[0]))]
        assert store.open_current().id == generations[1]


@pytest.mark.milvus_lite
def test_a_first_build_whose_switch_got_no_answer_is_published(
    milvus_lite: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, "unheard")
    write(config.corpus, {"anchor.md": article("Anchor", "anchor")})
    lost: list[str] = []

    class Client:
        def __init__(self, address: Address) -> None:
            self._client = connect(address)

        def __getattr__(self, method: str) -> Any:
            return getattr(self._client, method)

        def create_alias(self, collection: str, alias: str, **named: Any) -> None:
            self._client.create_alias(collection, alias, **named)
            if alias == "unheard" and not lost:
                lost.append(alias)
                raise milvus_error(2, "the connection was lost")

    monkeypatch.setattr(milvus_client, "connect", Client)
    report = build(config, TinyEncoder())
    assert lost
    assert store.open_current().id == report.generation


@pytest.mark.parametrize("end", ["building", "building_0123abcd_a", "000001_0123abcd", "000001_0123abcd_facts"])
def test_an_index_is_not_called_as_a_part_of_another(end: str) -> None:
    with pytest.raises(ConfigError, match=r"^Index name 'x_\w+' ends in the reserved suffix '_\w+': choose another\.$"):
        Address.parse(f"milvus://host/x_{end}", {})
    assert Address.parse("milvus://host/x_2025_building_plans", {}).name == "x_2025_building_plans"


def milvus_error(code: int, words: str) -> Exception:
    from pymilvus import MilvusException

    error: Exception = MilvusException(code, words)
    return error


class Client:
    """A client whose answers take some seconds, and that reports the progress of indexing."""

    def __init__(self, seconds: float = 0.0, *progress: int) -> None:
        self.seconds, self.progress = seconds, list(progress)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*_: object, timeout: float, **__: object) -> object:
            take_time(min(self.seconds, timeout))
            if self.seconds > timeout:
                raise milvus_error(2, "it takes too long")
            if method == "list_indexes":
                return ["vector"]
            if method == "describe_index":
                return {"state": "Finished", "indexed_rows": 1}
            if method == "get_load_state":
                from pymilvus.client.types import LoadState

                if self.progress[0] == 100:
                    return {"state": LoadState.Loaded}
                return {"state": LoadState.Loading, "progress": self.progress.pop(0)}
            return method

        return call


@pytest.fixture
def talking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client], Server]:
    """A connection to such a client."""
    pytest.importorskip("pymilvus", reason="pymilvus is not installed (CONTRIBUTING.md)")

    def connected(client: Client) -> Server:
        monkeypatch.setattr(milvus_client, "connect", lambda *_: client)
        return Server(Address("127.0.0.1", 1, "name"))

    return connected


Talking = Callable[[Client], Server]


@pytest.mark.milvus_lite
def test_calls_that_need_nothing_of_each_other_are_made_at_once(talking: Talking) -> None:
    server = talking(Client(0.3))
    begun = time.monotonic()
    works = [lambda name=name: server.call(name) for name in ("query", "search", "get")]
    assert server.in_parallel(*works) == ["query", "search", "get"]
    assert time.monotonic() - begun < 0.8


@pytest.mark.milvus_lite
def test_parallel_calls_share_the_time_of_their_question(talking: Talking) -> None:
    server = talking(Client(0.7))
    begun = time.monotonic()
    with pytest.raises(StoreError, match="cannot be reached"), server.question():
        for _ in range(4):
            server.in_parallel(*[lambda: server.call("query", seconds=60.0)] * 3)
    assert 1.4 < time.monotonic() - begun < 2.2


@pytest.mark.milvus_lite
def test_indexing_continues_while_it_progresses_and_is_given_up_when_it_stalls(
    talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus_client, "_STANDING", 0.3)
    monkeypatch.setattr(milvus_client, "_STEP", 0.1)
    steps: list[float] = []
    begun = time.monotonic()
    talking(Client(0.0, *range(10), 100)).prepare({"things": {}}, lambda: steps.append(time.monotonic()))
    assert time.monotonic() - begun > 0.6
    assert len(steps) > 3
    with pytest.raises(StoreError, match="made no progress with things for ten minutes: check its log"):
        talking(Client(0.0, *[7] * 100)).prepare({"things": {}})


class Stopped(Exception):
    """Errors that a build may meet."""


@pytest.mark.milvus_lite
def test_a_build_that_is_stopped_leaves_no_thread_that_prepares(talking: Talking) -> None:
    def stop() -> None:
        raise Stopped

    before = set(threading.enumerate())
    with pytest.raises(Stopped):
        talking(Client(0.0, *[7] * 100)).prepare({"things": {}, "things_facts": {}}, stop)
    for thread in set(threading.enumerate()) - before:
        thread.join(1)
        assert not thread.is_alive()


@pytest.mark.milvus_lite
def test_a_generation_from_before_labels_still_answers_and_the_next_build_adds_them(
    milvus_lite: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, store = on_server(tmp_path, milvus_lite.address, "unlabelled")
    jam = f"---\nauthor: Lovelace\n---\n\n{article('Jam', 'plum')}"
    write(config.corpus, {"jam.md": jam, "rope.md": article("Rope", "knot")})
    fields, fitted = milvus_rows.fields, milvus_rows.fitted
    with monkeypatch.context() as earlier:
        earlier.setattr(formats, "VERSION", formats.VERSION - 1)
        earlier.setattr(milvus_writer, "FORM", milvus_rows.UNLABELLED)
        earlier.setattr(milvus_rows, "fields", lambda *given: without_labels(fields(*given)))
        earlier.setattr(milvus_writer, "fitted", lambda *given: without_labels(fitted(*given)))
        build(config, TinyEncoder())
    engine = Engine.open(config, TinyEncoder())
    assert cited(engine, "plum report") == {"jam.md", "rope.md"}
    assert [passage.labels for passage in store.open_current().passages([0, 1])] == ["", ""]
    assert store.open_current().verify() == []
    assert build(config, TinyEncoder()).passages_encoded == 0
    labelled = store.open_current()
    assert [passage.labels for passage in labelled.passages([0, 1])] == ["Lovelace", ""]
    assert labelled.has_word("Lovelace")
    assert labelled.verify() == []


def without_labels(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name != "labels"}
