"""Shared by all tests: a tiny encoder whose vectors can be computed by hand, and the real one."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import shutil
import sys
import time
import zlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest

# The time that an example takes shows how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")

from qa.system import offline  # noqa: E402

offline.forbid_downloads()
os.environ["XDG_DATA_HOME"] = os.devnull  # no test reads or writes the articles of whoever runs it

import servers  # noqa: E402 (the environment first)
import shares  # noqa: E402
from waiting import take_time  # noqa: E402

from qa.config import Config  # noqa: E402
from qa.models.protocols import AnswerSpan, Encoder, EncoderIdentity, Judgement, Reader, Vectors  # noqa: E402
from qa.text.document import Span  # noqa: E402
from qa.text.passage import Passage  # noqa: E402

TESTS = Path(__file__).resolve().parent
FILES = TESTS / "files"
ROOT = TESTS.parent
SHARED = ROOT.parent / "shared"
WORD = re.compile(r"\w+")
NO_SETS = "the development sets are not here"
NEEDS_SETS = pytest.mark.skipif(not (SHARED / "eval").is_dir(), reason=NO_SETS)


LOADED = pytest.StashKey[frozenset[str]]()  # the modules that were imported once all tests were collected


class TinyEncoder:
    """Counts words: each word adds one to the dimension given by its checksum; the vector then gets unit length.

    So texts with the same words have cosine 1, and texts without a common word usually have cosine 0.
    """

    def __init__(self, name: str = "tiny", dimension: int = 256, max_tokens: int = 256) -> None:
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.identity = EncoderIdentity(name, sha256, dimension, max_tokens, True, "", "")
        self.languages: tuple[str, ...] = ("en",)
        self.encoded: list[str] = []  # every encoded passage text, in order

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return self._rows(texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(WORD.findall(text)) for text in texts]

    def _rows(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = 1e-3  # a text without words has a direction too
            for word in WORD.findall(text.lower()):
                row[zlib.crc32(word.encode()) % len(row)] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class TinyReader:
    """Scores a passage, and a sentence, by the largest number of the words in it; without any, it is unread.

    The answer in a sentence is the word.
    """

    def __init__(self, **words: float) -> None:
        self.words = words
        self.asked: list[tuple[str, int, float]] = []  # question, number of passages and seconds of each call

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        self.asked.append((question, len(passages), seconds))
        return [self._judgement(passage) for passage in passages]

    def _judgement(self, passage: Passage) -> Judgement | None:
        scores = [number for word, number in self.words.items() if word in passage.text]
        spans = passage.sentences or (passage.span,)
        answer = (answer for span in spans if (answer := self._found(passage, span)) is not None)
        return Judgement(max(scores), tuple(answer)) if scores else None

    def _found(self, passage: Passage, sentence: Span) -> AnswerSpan | None:
        offset = passage.span.start
        text = Span(sentence.start - offset, sentence.end - offset).of(passage.text)
        for word, number in sorted(self.words.items(), key=lambda item: -item[1]):
            if word in text:
                start = sentence.start + text.index(word)
                return AnswerSpan(sentence, Span(start, start + len(word)), number)
        return None


@pytest.fixture
def tiny() -> TinyEncoder:
    return TinyEncoder()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """An empty corpus folder without an index; the reader is off."""
    (tmp_path / "corpus").mkdir()
    return Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off")


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which commands use the tiny encoder and no reader."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_ENCODER", "tiny")
    monkeypatch.setenv("QA_READER", "off")
    for name in ("load_encoder", "open_encoder"):
        for module in ("qa.models.encoders", "qa.engine"):
            monkeypatch.setattr(f"{module}.{name}", lambda *_, **__: TinyEncoder(), raising=False)
    (tmp_path / "corpus").mkdir()
    return tmp_path


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The shipped reader."""
    from qa.models.reader import shipped_reader

    return shipped_reader()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The shipped encoder; mark tests that use it `model`."""
    from qa.models.encoders import shipped_encoder

    return shipped_encoder()


@pytest.fixture(scope="session")
def torch_encoder() -> Encoder:
    """The original weights in torch; mark tests that use them `model`."""
    from qa.models.encoders import load_encoder

    return load_encoder()


@pytest.fixture(scope="session")
def one_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the original weights cut down to their first layer, so that they are exported in a moment."""
    from qa.models.encoders import default_folder

    folder = tmp_path_factory.mktemp("models") / "one-layer"
    shutil.copytree(default_folder(), folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 1}), "utf-8")
    return folder


@pytest.fixture(scope="session")
def articles() -> Path:
    """The folder of real articles next to the project, if it exists."""
    folder = SHARED / "articles"
    if not folder.is_dir():
        pytest.skip("the folder of real articles is not here")
    return folder


@pytest.fixture(scope="session")
def impatient() -> Iterator[None]:
    """pymilvus waits half a second before it checks whether an index is ready; here it checks sooner."""
    handler = pytest.importorskip("pymilvus.client.grpc_handler")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler, "time", SimpleNamespace(time=time.time, sleep=lambda s: take_time(min(s, 0.1))))
        yield


@pytest.fixture(scope="session")
def milvus_lite(tmp_path_factory: pytest.TempPathFactory, impatient: None) -> Iterator[servers.Server]:
    """A Milvus Lite server shared by tests; mark them `milvus_lite`, and stop only servers that a test started."""
    with servers.milvus_lite(tmp_path_factory.mktemp("milvus-lite")) as server:
        yield server


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A Milvus server shared by tests; mark them `milvus`, and stop only servers that a test started."""
    with servers.milvus(tmp_path_factory.mktemp("milvus")) as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", metavar="FOLDER", type=Path, help="share the tests with all processes of this folder")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    folder = session.config.getoption("--share")
    if folder is None or session.testsfailed or session.config.option.collectonly:
        return None
    shares.run(session, shares.claimed(session.items, folder))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collecting creates many objects and frees few: without the garbage collector it takes a quarter less time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()  # what was collected stays to the end, so the garbage collector need not look at it again and again
        gc.enable()
        session.config.stash[LOADED] = frozenset(sys.modules)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true, a skipped browser, server or strace test is a failure: nothing is left out silently.

    The tests of large indexes need servers that the test command does not install. With QA_TEST_SCALE=1 the servers are
    there, so a skip of such a test is a failure too. The development sets are not part of the project.
    """
    report = yield
    required: tuple[str, ...] = ("browser", "server", "strace") if os.environ.get("CI") == "true" else ()
    if os.environ.get("QA_TEST_SCALE") == "1":
        required += ("milvus_lite", "milvus", "cluster", "ray", "adapters", "site")
    is_missed = report.skipped and NO_SETS not in str(report.longrepr)
    if is_missed and any(item.get_closest_marker(name) for name in required):
        report.outcome = "failed"
    return report
