"""A build on a Ray cluster gives what one without gives, whatever becomes of its workers; its errors are sentences."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corpora import article, embeddings, is_whole, write

from qa import documents, formats, prepared, ray_build
from qa.build import BuildReport, Progress, build
from qa.config import Config
from qa.documents import FoundFile
from qa.errors import ClusterError, ConfigError
from qa.passages import PassageSettings
from qa.prepared import Prepared
from qa.store import LocalStore
from qa.types import Encoder, Vectors

if TYPE_CHECKING:
    from conftest import TinyEncoder

HERE = Path(__file__).resolve().parent
needs_ray = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),  # its own, in its own threads
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
]


def hand_over(kind: Callable[[], TinyEncoder], seen: Path) -> Encoder:
    """A tiny encoder on a worker that takes its time; `seen` has a file for each process with what it encoded."""
    encoder = kind()
    really = encoder.encode_passages

    def encode(texts: Sequence[str]) -> Vectors:
        with (seen / str(os.getpid())).open("a") as file:
            file.write("".join(f"{text.encode().hex()}\n" for text in texts))
        time.sleep(0.1)
        return really(texts)

    encoder.encode_passages = encode  # type: ignore[method-assign]
    return encoder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray cluster of two nodes on this machine, on the loopback address; the tests may lose the second one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parent), str(HERE)]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 200_000_000}
        running = Cluster(initialize_head=True, head_node_args=node)
        running.second = running.add_node(num_cpus=1, object_store_memory=200_000_000)
        yield running
        running.shutdown()


@pytest.fixture
def filled(config: Config) -> Config:
    """Forty articles of six passages, one of which they share; and files that cannot be read."""
    words = [[f"w{number}x{part}" for part in range(5)] for number in range(40)]
    write(config.corpus, {f"a{number:02}.md": article("T", "shared", *some) for number, some in enumerate(words)})
    write(
        config.corpus,
        {"binary.md": b"\x00\x01\xff" * 99, "empty.md": "", "photo.jpg": b"\xff\xd8", "\u00e9.txt": "Bees."},
    )
    return config


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_build, "_BLOCK_BYTES", 8_000)


def same_as_here(config: Config, tiny: TinyEncoder, report: BuildReport) -> None:
    """The generation says of every file and passage what one says that was built without a cluster."""
    alone = replace(config, index=config.index.with_name("alone"))
    here = build(alone, tiny)
    assert (report.passages, report.passages_encoded) == (here.passages, here.passages_encoded)
    one, other = LocalStore(config.index).open_current(), LocalStore(alone.index).open_current()
    assert [replace(r, indexed="") for r in one.records.values()] == [
        replace(r, indexed="") for r in other.records.values()
    ]
    mine, theirs = embeddings(one), embeddings(other)
    assert list(mine) == list(theirs)
    assert all(np.array_equal(mine[fact], theirs[fact]) for fact in theirs)
    assert [one.document(path) for path in one.documents()] == [other.document(path) for path in other.documents()]
    assert is_whole(config.index)


class TestOnACluster:
    pytestmark = needs_ray

    def test_the_generation_is_the_one_that_is_built_without_and_nothing_known_is_encoded(
        self, cluster: Any, filled: Config, tiny: TinyEncoder, tmp_path: Path
    ) -> None:
        seen = tmp_path / "seen"
        seen.mkdir()

        def encoded() -> list[str]:
            return [line for file in seen.iterdir() for line in file.read_text().split()]

        with ray_build.connected(cluster.address, tiny, filled, partial(hand_over, type(tiny), seen)) as machines:
            report = build(filled, tiny, elsewhere=machines)
            same_as_here(filled, tiny, report)
            assert set(encoded()) == {text.encode().hex() for text in tiny.encoded}
            before = len(encoded())
            tiny.encoded.clear()
            write(filled.corpus, {"a07.md": article("T", "shared", "w7x0", "new", "w7x2", "w7x3", "w7x4")})
            assert build(filled, tiny, elsewhere=machines).passages_encoded == 1
            assert len(encoded()) == before + 1
        assert tiny.encoded == []

    def test_workers_and_a_node_that_are_lost_lose_no_passage_and_repeat_none(
        self, cluster: Any, filled: Config, tiny: TinyEncoder, tmp_path: Path
    ) -> None:
        seen = tmp_path / "seen"
        seen.mkdir()
        lost: list[str] = []

        def lose(progress: Progress) -> None:
            if progress.encoded > 20 and not lost:
                worker = int(next(seen.iterdir()).name)
                os.kill(worker, signal.SIGKILL)
                lost.append("worker")
            if progress.encoded > 80 and lost == ["worker"]:
                cluster.remove_node(cluster.second, allow_graceful=False)
                lost.append("node")

        with ray_build.connected(cluster.address, tiny, filled, partial(hand_over, type(tiny), seen)) as machines:
            report = build(filled, tiny, progress=lose, elsewhere=machines)
        assert lost == ["worker", "node"]
        assert tiny.encoded == []
        assert report.passages_encoded == 40 * 5 + 2
        same_as_here(filled, tiny, report)

    def test_another_encoder_on_a_worker_is_refused_in_one_sentence(
        self, cluster: Any, filled: Config, tiny: TinyEncoder
    ) -> None:
        other = partial(type(tiny), "other")
        with (
            ray_build.connected(cluster.address, tiny, filled, other) as machines,
            pytest.raises(ClusterError, match="put the same model on each machine"),
        ):
            build(filled, tiny, elsewhere=machines)

    def test_another_version_on_a_machine_is_refused_in_one_sentence(
        self, cluster: Any, filled: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qa.__version__", "0.0.1")
        with (
            pytest.raises(ClusterError, match=r"another version of this program: install 0\.0\.1 there"),
            ray_build.connected(cluster.address, tiny, filled, type(tiny)),
        ):
            pass


@pytest.mark.parametrize("answers", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["silent", "another server"])
def test_what_is_no_cluster_is_told_at_once(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, answers: bytes
) -> None:
    monkeypatch.setattr(ray_build, "_CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        address = f"127.0.0.1:{server.getsockname()[1]}"

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(answers)
                connection.recv(100)
                time.sleep(0.5)

        pool.submit(serve)
        with pytest.raises(ClusterError, match="no Ray cluster"), ray_build.connected(address, tiny, config):
            pass
    with pytest.raises(ClusterError, match=f"no Ray cluster at {address}"), ray_build.connected(address, tiny, config):
        pass


def test_a_bad_address_and_a_missing_ray_are_told(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="no address of a Ray cluster"), ray_build.connected("here", tiny, config):
        pass
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "")  # so that they are as before afterwards
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="pip install 'qa-articles"), ray_build.connected("local", tiny, config):
        pass


class Half:
    """Prepares every other file, in this process."""

    def __init__(self, encoder: TinyEncoder) -> None:
        self._encoder = encoder

    def prepare(
        self, files: Sequence[FoundFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[Prepared | None]:
        for number, file in enumerate(files):
            whole = prepared.split(*prepared.load(file, created, formats.parse), self._encoder, settings)
            made = {p.key: self._encoder.encode_queries([p.encoded])[0] for _, some in whole.documents for p in some}
            again = Prepared.from_json(json.loads(json.dumps(whole.as_json())), made)
            assert (again.record, again.documents) == (whole.record, list(whole.documents))
            yield again if number % 2 else None


def test_what_comes_back_from_no_worker_is_prepared_here(filled: Config, tiny: TinyEncoder) -> None:
    report = build(filled, tiny, elsewhere=Half(tiny))
    assert 0 < len(tiny.encoded) < report.passages_encoded
    same_as_here(filled, tiny, report)


def test_passages_that_do_not_fit_their_document_are_refused(filled: Config, tiny: TinyEncoder) -> None:
    (file, *_) = documents.scan(filled.corpus, 10**6)
    data = prepared.split(*prepared.load(file, "", formats.parse), tiny, PassageSettings()).as_json()
    data["documents"][0][1][0][2] = 10**6
    with pytest.raises(ValueError, match="span"):
        Prepared.from_json(data, {})
