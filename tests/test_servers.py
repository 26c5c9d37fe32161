"""What the program takes for granted of a search server, tried on the real ones: losses, restarts, alias switches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import servers
from servers import Server

with suppress(ModuleNotFoundError):  # then no server starts, and each test is skipped
    import pymilvus

DIMENSION = 64
PACE = 500  # rows in half a second: the cluster's mock queue loses rows that come faster
KINDS = [
    pytest.param(servers.milvus_lite, marks=pytest.mark.milvus_lite, id="lite"),
    pytest.param(servers.milvus, marks=pytest.mark.milvus, id="milvus"),
]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """The client writes a traceback for each error that it raises; here most of them are wanted."""
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may end it."""
    with request.param(tmp_path) as server:
        yield server


def vectors(rows: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(rows, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def fill(client: pymilvus.MilvusClient, name: str, rows: int, seed: int = 0, replicas: int = 0) -> None:
    """A collection of so many rows, written, indexed, loaded and counted; each row says whose it is.

    With replicas it is written slowly, as the cluster needs it.
    """
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("vector", pymilvus.DataType.FLOAT_VECTOR, dim=DIMENSION)
    schema.add_field("owner", pymilvus.DataType.VARCHAR, max_length=100)
    client.create_collection(name, schema=schema, consistency_level="Eventually")
    drawn = vectors(rows, seed)
    for start in range(0, rows, PACE):
        due = time.monotonic() + 0.5
        block = range(start, min(start + PACE, rows))
        client.insert(name, [{"id": i, "vector": drawn[i], "owner": name} for i in block])
        if replicas:
            time.sleep(max(0.0, due - time.monotonic()))
    client.flush(name)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="IP", params={"M": 16, "efConstruction": 100})
    client.create_index(name, index)
    client.load_collection(name, replica_number=replicas or 1)
    assert count(client, name) == rows


def count(client: pymilvus.MilvusClient, name: str) -> int:
    return int(client.query(name, output_fields=["count(*)"], consistency_level="Strong")[0]["count(*)"])


def nearest(client: pymilvus.MilvusClient, name: str, vector: np.ndarray, timeout: float = 5) -> list[tuple[int, str]]:
    """(id, owner) of the nearest ten rows, best first."""
    (hits,) = client.search(
        name,
        data=[vector],
        limit=10,
        output_fields=["owner"],
        search_params={"params": {"ef": 100}},
        timeout=timeout,
    )
    return [(hit["id"], hit["entity"]["owner"]) for hit in hits]


def eventually(ask: Callable[[], object], seconds: float = 60) -> float:
    """Seconds until the question could be answered."""
    start = time.monotonic()
    while True:
        try:
            ask()
        except pymilvus.MilvusException:
            assert time.monotonic() - start < seconds
            time.sleep(0.1)
        else:
            return time.monotonic() - start


@dataclass
class Asking:
    """What happened to somebody who asks without a pause."""

    answers: list[tuple[float, float, list[tuple[int, str]]]] = field(default_factory=list)  # begun, seconds, rows
    errors: list[str] = field(default_factory=list)

    @property
    def worst(self) -> float:
        return max(seconds for _, seconds, _ in self.answers)

    @property
    def median(self) -> float:
        return float(np.median([seconds for _, seconds, _ in self.answers]))


@contextmanager
def asking(uri: str, name: str, timeout: float = 5) -> Iterator[Asking]:
    """Asks for the rows nearest to row 0, 1, 2 … of the first collection until the block is left."""
    asked, stop = Asking(), threading.Event()
    client = pymilvus.MilvusClient(uri=uri, timeout=timeout)
    drawn = vectors(100)

    def ask() -> None:
        turn = 0
        while not stop.is_set():
            begun = time.monotonic()
            try:
                rows = nearest(client, name, drawn[turn % len(drawn)], timeout)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is counted)
                asked.errors.append(f"{type(error).__name__}: {error}")
            else:
                asked.answers.append((begun, time.monotonic() - begun, rows))
            turn += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join(timeout + 5)
        assert not thread.is_alive()


def test_what_was_written_survives_the_loss_of_the_server(server: Server) -> None:
    client = pymilvus.MilvusClient(uri=server.uri, timeout=2)
    fill(client, "one_1", 2_000)
    client.create_alias("one_1", "one")
    before = [nearest(client, "one", vector) for vector in vectors(20)]
    server.kill()
    begun = time.monotonic()
    with pytest.raises(pymilvus.MilvusException):
        nearest(client, "one", vectors(1)[0])
    assert time.monotonic() - begun < 2
    server.start()
    waited = eventually(lambda: client.load_collection("one", timeout=60))
    waited += eventually(lambda: nearest(client, "one", vectors(1)[0]))
    print(f"answers {waited:.1f} s after the restarted process was ready")
    assert count(client, "one") == 2_000
    assert [nearest(client, "one", vector) for vector in vectors(20)] == before


def test_an_alias_switch_is_seen_whole_and_disturbs_nobody(server: Server) -> None:
    client = pymilvus.MilvusClient(uri=server.uri, timeout=10)
    fill(client, "one_1", 1_000, seed=0)
    fill(client, "one_2", 1_000, seed=1)
    client.create_alias("one_1", "one")
    switches: list[float] = []
    with asking(server.uri, "one") as asked:
        for turn in range(20):
            time.sleep(0.1)
            begun = time.monotonic()
            client.alter_alias(f"one_{1 + (turn + 1) % 2}", "one")
            switches.append(time.monotonic() - begun)
        time.sleep(0.2)
    print(f"{len(asked.answers)} answers, worst {asked.worst:.3f} s; switch: worst {max(switches) * 1000:.0f} ms")
    assert not asked.errors
    owners = [{owner for _, owner in rows} for _, _, rows in asked.answers]
    assert all(len(rows) == 10 for _, _, rows in asked.answers)
    assert all(len(owner) == 1 for owner in owners)
    assert owners.count({"one_1"}) > 0 < owners.count({"one_2"})


def test_a_server_that_stops_answering_is_given_up_in_time(server: Server) -> None:
    client = pymilvus.MilvusClient(uri=server.uri, timeout=2)
    fill(client, "one_1", 500)
    (process,) = server.processes.values()
    process.freeze()
    begun = time.monotonic()
    with pytest.raises(Exception, match="DEADLINE_EXCEEDED"):  # grpc's own error, not pymilvus's
        nearest(client, "one_1", vectors(1)[0], timeout=0.5)
    assert time.monotonic() - begun < 1
    process.thaw()
    assert eventually(lambda: nearest(client, "one_1", vectors(1)[0])) < 2


@pytest.mark.cluster
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_cluster_answers_while_a_query_node_is_lost(tmp_path: Path, replicas: int) -> None:
    with servers.cluster(tmp_path) as server:
        client = pymilvus.MilvusClient(uri=server.uri, timeout=30)
        fill(client, "one_1", 4_000, replicas=replicas)
        client.create_alias("one_1", "one")
        with asking(server.uri, "one", timeout=30) as asked:
            time.sleep(3)
            killed = time.monotonic()
            server.processes["query 1"].kill()
            time.sleep(15)
            server.processes["query 1"].start()
            time.sleep(3)
        before = [seconds for begun, seconds, _ in asked.answers if begun < killed]
        print(
            f"{replicas} replicas: {len(asked.answers)} answers, {len(asked.errors)} errors {set(asked.errors)}, "
            f"median {asked.median * 1000:.1f} ms, worst before the loss {max(before) * 1000:.0f} ms, "
            f"worst {asked.worst:.1f} s"
        )
        assert not asked.errors
        assert {len(rows) for _, _, rows in asked.answers} == {10}
        assert count(client, "one") == 4_000
