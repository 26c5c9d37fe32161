"""A build on a Ray cluster gives what one without gives, whatever becomes of its workers; its errors are sentences."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corpora import article, embeddings, is_whole, write

from qa import ray_build, store
from qa.build import BuildReport, Progress, build
from qa.config import Config
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
    one, other = store.open_current(config.index), store.open_current(alone.index)
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
