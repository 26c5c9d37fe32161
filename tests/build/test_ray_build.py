"""A build on a Ray cluster equals one without a cluster, even if workers are lost; its errors are sentences."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ROOT, TESTS
from corpora import article, passages_of, write
from servers import Server
from waiting import holds_within, take_time

from qa import formats
from qa.build import BuildReport, Progress, build, journal, preparation
from qa.build import cluster as ray_cluster
from qa.build import ray as ray_build
from qa.build.embedding import Embedder
from qa.build.preparation import PreparedFile
from qa.config import Address, Config
from qa.corpus import documents
from qa.corpus.documents import CorpusFile
from qa.errors import ClusterError, ConfigError
from qa.formats import ReadingSettings
from qa.formats.decoding import Unreadable
from qa.index import open_store
from qa.index.local.store import LocalStore
from qa.models.protocols import Encoder, Vectors
from qa.sandbox import parsing
from qa.sandbox.endings import KILLED
from qa.sandbox.parsing import ParsedFile
from qa.sandbox.pool import SandboxProcess
from qa.sandbox.read_pages import PagesOfFile, ReadPages, SentPages
from qa.text.document import Contents
from qa.text.passages import PassageSettings, Splitting

if TYPE_CHECKING:
    from conftest import TinyEncoder

HERE = Path(__file__).resolve().parent
PATH = [str(ROOT), str(TESTS), str(HERE)]
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_log_monitor": False}
needs_ray = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),  # the worker's own encoder, in its own threads
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
]


KILLING = "# Bees\n\nThis is to kill its reader.\n"
# Reads like `qa.sandbox.pool`, and ends like a process that a hostile file has killed.
READER = """
import os, signal
from qa import formats
from qa.sandbox import program
parse = formats.parse
def killed(path, data, fields):
    if b"kill" in data:
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(path, data, fields)
formats.parse = killed
program.main()
"""
# Starts Ray like `--ray local`, and prints where Ray and the processes that it started listen.
LISTENING = """
import json, os
from pathlib import Path
from conftest import TinyEncoder
from qa.config import Config
from qa.build.ray import connected
def started(process):
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from started(child)
def sockets(process):
    for file in Path(f"/proc/{process}/fd").iterdir():
        if file.is_symlink() and os.readlink(file).startswith("socket:["):
            yield os.readlink(file)[8:-1]
with connected("local", TinyEncoder(), Config(), TinyEncoder):
    own = {number: process for process in started(str(os.getpid())) for number in sockets(process)}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    found = [(own[row[9]], row[1]) for row in rows if row[3] == "0A" and row[9] in own]
print(json.dumps(found))
"""
LOOPBACK = {
    "0100007F",
    "00000000000000000000000001000000",
    "0000000000000000FFFF00000100007F",
}  # as /proc/net writes it


class Stopped(Exception):
    """The build was interrupted."""


def hand_over(kind: Callable[[], TinyEncoder], seen: Path, nodes: int = 1) -> Encoder:
    """A tiny encoder on a worker, which reads files with `READER`; `seen` has what each process of each node encoded.

    It is slow, and begins only when so many nodes have a worker, so that each has work to do when it is lost.
    """
    import ray

    from qa.build import ray as ray_build

    here = seen / ray.get_runtime_context().get_node_id()
    here.mkdir(exist_ok=True)
    (here / str(os.getpid())).touch()
    ray_build.SandboxProcess = partial(SandboxProcess, program=[sys.executable, "-c", READER])  # type: ignore
    encoder = kind()
    really = encoder.encode_passages

    def encode(texts: Sequence[str]) -> Vectors:
        holds_within(lambda: len([*seen.iterdir()]) >= nodes, 20)
        with (here / str(os.getpid())).open("a") as file:
            file.write("".join(f"{text.encode().hex()}\n" for text in texts))
        take_time(0.05)
        return really(texts)

    encoder.encode_passages = encode  # type: ignore[method-assign]
    return encoder


def encoded(seen: Path) -> list[str]:
    return [bytes.fromhex(line).decode() for file in seen.glob("*/*") for line in file.read_text().split()]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray cluster of one node on this machine, on the loopback address; tests can add nodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_ENABLE_AUTO_CONNECT", "0")  # as in a build, where it is set before Ray is imported
        patch.setenv("RAY_enable_metrics_collection", "0")
        # Ray misses a lost node after 15 s by default. With less than this, it gives up a new node on a busy machine.
        for name, value in {"period_ms": 500, "initial_delay_ms": 2_000, "failure_threshold": 8}.items():
            patch.setenv(f"RAY_health_check_{name}", str(value))
        import conftest
        import waiting
        from ray import cloudpickle
        from ray.cluster_utils import Cluster

        for module in (conftest, waiting, sys.modules[__name__]):  # workers start sooner without the imports of these
            cloudpickle.register_pickle_by_value(module)
        running = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False, "no_monitor": True})
        yield running
        running.shutdown()


@pytest.fixture
def filled(config: Config) -> Config:
    """Forty articles of six passages, one of which all share, and files that cannot be read."""
    words = [[f"w{number}x{part}" for part in range(5)] for number in range(40)]
    write(config.corpus, {f"a{number:02}.md": article("T", "shared", *some) for number, some in enumerate(words)})
    write(
        config.corpus,
        {"binary.md": b"\x00\x01\xff" * 99, "empty.md": "", "photo.jpg": b"\xff\xd8", "\u00e9.txt": "Bees."},
    )
    return config


@pytest.fixture(autouse=True)
def small_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_build, "_BLOCK_BYTES", 8_000)
    monkeypatch.setattr(ray_build, "_PARALLEL_READS", 1)  # one worker fewer to start


def splitting(encoder: TinyEncoder, settings: PassageSettings | None = None) -> Splitting:
    return Splitting(encoder.count_tokens, encoder.identity.max_tokens, settings or PassageSettings())


def as_read(path: str, data: bytes) -> Contents:
    """Like `formats.parse`, with the reason that the build gives for a file that killed its process."""
    if data == KILLING.encode():
        raise Unreadable(KILLED)
    return formats.parse(path, data)


def same_as_here(config: Config, tiny: TinyEncoder, report: BuildReport) -> None:
    """The generation describes every file and passage like one that was built on this disk without a cluster."""
    alone = replace(config, index=config.index.with_name("alone"), store=None)
    here = build(alone, tiny, parse=as_read)
    assert report.passages == here.passages
    one, other = open_store(config).open_current(), LocalStore(alone.index).open_current()
    assert [replace(r, indexed="") for r in one.records.values()] == [
        replace(r, indexed="") for r in other.records.values()
    ]
    ids = range(other.count())
    assert one.passages(ids) == other.passages(ids)
    assert np.array_equal(one.vectors(ids), other.vectors(ids))
    assert [one.document(path) for path in one.documents()] == [other.document(path) for path in other.documents()]
    assert one.verify() == []


class TestOnACluster:
    pytestmark = needs_ray

    def test_another_encoder_on_a_worker_is_refused_in_one_sentence(
        self, cluster: Any, config: Config, tiny: TinyEncoder
    ) -> None:
        other = partial(type(tiny), "other")
        write(config.corpus, {"a.md": article("T", "bees")})
        with (
            ray_build.connected(cluster.address, tiny, config, other) as machines,
            pytest.raises(ClusterError, match="put the same model on each machine"),
        ):
            build(config, tiny, remote=machines)

    def test_another_version_on_a_machine_is_refused_in_one_sentence(
        self, cluster: Any, filled: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qa.system.version.__version__", "0.0.1")
        with (
            pytest.raises(ClusterError, match=r"another version of this program: install 0\.0\.1 there"),
            ray_build.connected(cluster.address, tiny, filled, type(tiny)),
        ):
            pass

    def test_an_interrupted_build_is_resumed_and_a_hostile_file_stops_nothing(
        self, cluster: Any, filled: Config, tiny: TinyEncoder, tmp_path: Path
    ) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        first.mkdir()
        second.mkdir()
        build(filled, tiny)
        before = set(tiny.encoded)
        tiny.encoded.clear()
        words = [[f"w{number}x0", *(f"new{number}x{part}" for part in range(4))] for number in range(10, 40)]
        write(filled.corpus, {f"a{some[0][1:3]}.md": article("T", "shared", *some) for some in words})
        write(filled.corpus, {"a15kill.md": KILLING})

        def stop(progress: Progress) -> None:
            if progress.encoded > 40:
                raise Stopped

        with (
            ray_build.connected(cluster.address, tiny, filled, partial(hand_over, type(tiny), first)) as machines,
            pytest.raises(Stopped),
        ):
            build(filled, tiny, progress=stop, remote=machines)
        store = LocalStore(filled.index)
        with store.writing():
            kept = {key for folder in store.leftovers() for key, _ in journal.read(folder, tiny.identity)}
        assert 40 < len(kept) < 120
        with ray_build.connected(cluster.address, tiny, filled, partial(hand_over, type(tiny), second)) as machines:
            report = build(filled, tiny, remote=machines)
        assert report.passages_encoded == 30 * 4 - len(kept)
        generation = store.open_current()
        passages = [passage for path in generation.documents() for _, passage in passages_of(generation, path)]
        missing = {p.encoded for p in passages if p.key not in kept} - before
        assert sorted(encoded(second)) == sorted(missing)  # each once
        assert before.isdisjoint(encoded(first))
        assert tiny.encoded == []
        assert {record.path: record.reason for record in report.failed}["a15kill.md"] == KILLED
        same_as_here(filled, tiny, report)

    @pytest.mark.milvus_lite
    def test_workers_and_a_node_that_are_lost_lose_no_passage_and_repeat_none(
        self, cluster: Any, milvus_lite: Server, filled: Config, tiny: TinyEncoder, tmp_path: Path
    ) -> None:
        filled = replace(filled, store=Address.parse(f"milvus://{milvus_lite.address}/ray", {}))
        seen = tmp_path / "seen"
        seen.mkdir()
        second = cluster.add_node(**NODE)
        first = cluster.head_node.node_id
        lost: list[int] = []

        def lose(progress: Progress) -> None:
            if progress.encoded > 20 and not lost:
                workers = sorted((seen / first).iterdir(), key=lambda file: file.stat().st_size)
                lost.append(int(workers[-1].name))  # it encodes, unless only the other node has an encoding worker
                os.kill(lost[0], signal.SIGKILL)
                cluster.remove_node(second, allow_graceful=False)

        hand_over_there = partial(hand_over, type(tiny), seen, nodes=2)
        with ray_build.connected(cluster.address, tiny, filled, hand_over_there) as machines:
            report = build(filled, tiny, progress=lose, remote=machines)
        assert lost
        assert {node.name for node in seen.iterdir()} == {first, second.node_id}
        assert tiny.encoded == []
        assert report.passages_encoded == 40 * 5 + 2
        texts = set(encoded(seen))
        same_as_here(filled, tiny, report)
        assert texts == set(tiny.encoded)


class TestWithoutACluster:
    pytestmark = needs_ray

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")
    def test_ray_on_this_machine_listens_on_the_loopback_address_alone(self, tmp_path: Path) -> None:
        path = os.pathsep.join(PATH)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        done = subprocess.run(
            [sys.executable, "-c", LISTENING],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        listening = json.loads(done.stdout)
        assert len({process for process, _ in listening}) > 3  # Ray's own processes, and its workers
        assert [place for place in listening if place[1].partition(":")[0] not in LOOPBACK] == []

    def test_a_passage_whose_key_only_begins_like_a_known_one_is_encoded_here(
        self, filled: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []

        def opened() -> TinyEncoder:
            encoder = type(tiny)()
            encoder.encoded = seen
            return encoder

        def blocks(cluster: Any, files: Any, created: str, settings: PassageSettings, known: Any) -> Any:
            """The stages of a cluster, in this process."""
            split = ray_build._Splitter(opened, created, settings, ReadingSettings())
            encode = ray_build._Encoder(opened, tiny.identity.as_json(), known)
            stages = (
                encode(part)
                for table in ray_build._tables(files)
                for read in ray_build._read(table)
                for part in split(read)
            )
            return SimpleNamespace(iter_batches=lambda **_: stages)

        import ray

        monkeypatch.setattr(ray, "put", lambda value: value)
        monkeypatch.setattr(ray, "get", lambda value: value)
        monkeypatch.setattr(ray_build.Cluster, "_blocks", blocks)
        monkeypatch.setattr(ray_build, "SandboxProcess", lambda **_: SimpleNamespace(parse_file=parsing.parse_file))
        (a07,) = [file for file in documents.scan(filled.corpus, 10**6) if file.record.path == "a07.md"]
        ((_, passages),) = preparation.prepare(a07, "", parsing.parse_file, splitting(tiny)).documents
        alike = passages[3]
        monkeypatch.setattr(Embedder, "keys", lambda _: [alike.key[:8] + bytes(8)])
        report = build(filled, tiny, remote=ray_build.Cluster(opened, tiny, ReadingSettings()))
        assert tiny.encoded == [alike.encoded]
        assert alike.encoded not in seen
        assert report.passages_encoded == 40 * 5 + 2
        same_as_here(filled, tiny, report)

    def test_what_workers_read_from_images_is_kept_here(
        self, filled: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import ray

        page = {"words": [["Brücke", 1, 2, 3, 4, 5, 0.9]], "width": 10}

        def sandbox(pages: SentPages, **_: Any) -> SimpleNamespace:
            def parse_file(path: str, data: bytes, splitting: Splitting) -> ParsedFile:
                if path == "a07.md":
                    PagesOfFile(pages, data).keep("picture", page)
                return parsing.parse_file(path, data, splitting)

            return SimpleNamespace(parse_file=parse_file)

        def blocks(cluster: Any, files: Any, created: str, settings: PassageSettings, known: Any) -> Any:
            split = ray_build._Splitter(lambda: tiny, created, settings, ReadingSettings())
            encode = ray_build._Encoder(lambda: tiny, tiny.identity.as_json(), known)
            tables = (part for table in ray_build._tables(files) for part in ray_build._read(table))
            return SimpleNamespace(iter_batches=lambda **_: (encode(part) for read in tables for part in split(read)))

        monkeypatch.setattr(ray, "put", lambda value: value)
        monkeypatch.setattr(ray, "get", lambda value: value)
        monkeypatch.setattr(ray_build.Cluster, "_blocks", blocks)
        monkeypatch.setattr(ray_build, "SandboxProcess", sandbox)
        pages = ReadPages(filled.index)
        build(filled, tiny, remote=ray_build.Cluster(lambda: tiny, tiny, ReadingSettings(), pages))
        assert pages.added == 1
        assert PagesOfFile(pages, (filled.corpus / "a07.md").read_bytes()).recall("picture") == page


@pytest.mark.parametrize("answers", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["silent", "another server"])
def test_an_address_without_a_cluster_is_reported_at_once(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, answers: bytes
) -> None:
    monkeypatch.setattr(ray_cluster, "_CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        address = f"127.0.0.1:{server.getsockname()[1]}"

        is_told = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(answers)
                connection.recv(100)
                is_told.wait(20)

        pool.submit(serve)
        with pytest.raises(ClusterError, match=r"(no|not a) Ray cluster"), ray_build.connected(address, tiny, config):
            pass
        is_told.set()
    with pytest.raises(ClusterError, match=f"no Ray cluster at {address}"), ray_build.connected(address, tiny, config):
        pass


def test_a_bad_address_and_a_missing_ray_are_reported(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(ConfigError, match="not the address of a Ray cluster"),
        ray_build.connected("here", tiny, config),
    ):
        pass
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "")  # restored afterwards
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="pip install 'qa-articles"), ray_build.connected("local", tiny, config):
        pass


class Half:
    """Prepares every other file, in this process."""

    def __init__(self, encoder: TinyEncoder) -> None:
        self._encoder = encoder

    def prepare(
        self, files: Sequence[CorpusFile], created: str, settings: PassageSettings, known: Sequence[bytes]
    ) -> Iterator[PreparedFile | None]:
        for number, file in enumerate(files):
            whole = preparation.prepare(file, created, parsing.parse_file, splitting(self._encoder, settings))
            embeddings = {
                p.key: self._encoder.encode_queries([p.encoded])[0] for _, some in whole.documents for p in some
            }
            again = PreparedFile.from_json(json.loads(json.dumps(whole.as_json())), embeddings)
            assert (again.record, again.documents) == (whole.record, list(whole.documents))
            yield again if number % 2 else None


def test_blocks_that_no_worker_returns_are_prepared_here(filled: Config, tiny: TinyEncoder) -> None:
    report = build(filled, tiny, remote=Half(tiny))
    assert 0 < len(tiny.encoded) < report.passages_encoded == 40 * 5 + 2
    same_as_here(filled, tiny, report)


def test_passages_that_do_not_fit_their_document_are_refused(filled: Config, tiny: TinyEncoder) -> None:
    (file, *_) = documents.scan(filled.corpus, 10**6)
    data = preparation.prepare(file, "", parsing.parse_file, splitting(tiny)).as_json()
    data["documents"][0][1][0][2] = 10**6
    with pytest.raises(ValueError, match="span"):
        PreparedFile.from_json(data, {})
