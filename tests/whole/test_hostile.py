"""A folder full of hostile and broken files: each has a status and a reason, the good articles answer, and nothing else
on the machine is read, written, left running or fooled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, TinyEncoder
from corpora import article, snapshot, write
from files.make_hostile import ACCOUNTS, cases, write_all

from qa.config import Config
from qa.engine import Engine
from qa.formats import extensions
from qa.index.local import store
from qa.index.local.generation import Generation
from qa.ui.answers.answer_html import answer_html
from qa.ui.sources.source_html import source_html

SECONDS, MEGABYTES = 20, 1_000
TEXT_FILES = ".foo .js .py .sql"
pytestmark = pytest.mark.timeout(600)
BOUND = 540  # seconds that the build may take on a busy machine, where some files take all of their time
GOOD = {"bees.md": ("propolis", "smoker"), "names/zz/last.md": ("varroa", "nectar")}

# Builds in a separate process, so that the memory of it and of its sandbox processes can be measured. On Linux it also
# inherits what a killed sandbox process had started, and so sees (and ends) what is left.
BUILD = """
import contextlib, ctypes, json, os, resource, signal, sys
from pathlib import Path
from conftest import TinyEncoder
from waiting import holds_within
from qa.build import build
from qa.config import Config
from qa.formats import ReadingSettings
from qa.sandbox.pool import SandboxProcess
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
text_files = tuple(sys.argv[5].split())
with SandboxProcess(float(sys.argv[3]), int(sys.argv[4]), ReadingSettings(text_files=text_files)) as sandbox:
    config = Config(Path(sys.argv[1]), Path(sys.argv[2]), text_files=text_files)
    report = build(config, TinyEncoder(), parse_file=sandbox.parse_file)
def have_ended():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False
left = []
while not holds_within(have_ended, 3):
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        left.append(Path(f"/proc/{child}/cmdline").read_bytes().decode().replace(chr(0), " "))
        os.kill(int(child), signal.SIGKILL)
        os.waitpid(int(child), 0)
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
with contextlib.suppress(OSError):  # Linux counts what started this process as well
    peaks[0] = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
print(json.dumps({"report": report.as_json(), "kilobytes": peaks, "left": left}))
"""


@dataclass(frozen=True)
class Outcome:
    """The build over everything, and the state before it."""

    folder: Path
    expected: dict[str, tuple[str, str]]
    before: dict[str, dict[str, tuple[int, int, int]]]
    report: dict[str, Any]
    kilobytes: tuple[int, int]  # of the builder and of its largest sandbox process
    left: list[str]  # commands of processes that outlived the build
    generation: Generation
    config: Config


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    if sys.platform == "win32":
        pytest.skip("there are no rlimits on Windows")
    folder = tmp_path_factory.mktemp("hostile")
    config = Config(corpus=folder / "corpus", index=folder / "index")
    expected = write_all(config.corpus)
    write(config.corpus, {path: article("", *words) for path, words in GOOD.items()})
    write(folder / "canary", {"a.md": "Nobody touches this.", "hacked/b": ""})
    (folder / "temporary").mkdir()
    before = {name: snapshot(folder / name) for name in ("corpus", "canary")}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(config.corpus), str(config.index), str(SECONDS), str(MEGABYTES), TEXT_FILES],
        cwd=folder / "canary",
        env={**os.environ, "TMPDIR": str(folder / "temporary"), "PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))},
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    generation = store.LocalStore(config.index).open_current()
    yield Outcome(
        folder, expected, before, reported["report"], tuple(reported["kilobytes"]), reported["left"], generation, config
    )
    generation.close()


def texts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    for path, record in outcome.generation.records.items():
        if record.status == "indexed":
            contents = [outcome.generation.document(name) for name in outcome.generation.documents(path)]
            assert contents
            yield path, "\n".join(f"{document.title}\n{document.text}" for document in contents if document is not None)


def test_every_extension_has_hostile_files() -> None:
    endings = {Path(case.name).suffix for case in cases()}
    same = [{".md", ".markdown", ".mdown"}, {".txt", ".text"}, {".html", ".htm", ".xhtml"}, {".mhtml", ".mht"},
            {".docx", ".docm", ".dotx", ".dotm"}, {".doc", ".dot"}, {".ppt", ".pps", ".pot"},
            {".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"}, {".xlsx", ".xlsm", ".xltx", ".xltm"},
            {".xls", ".xlt"}]  # fmt: skip
    missing = [ending for ending in extensions() if not any(ending in group and group & endings for group in same)]
    assert set(missing) - endings == set()
    assert len({case.name for case in cases()}) == len(cases()) >= 50


def test_every_file_has_its_status_and_reason(outcome: Outcome) -> None:
    statuses = {path: (record.status, record.reason) for path, record in outcome.generation.records.items()}
    assert set(statuses) == {*outcome.expected, *GOOD}
    text = dict(texts(outcome))
    wrong = {
        path: (statuses[path], outcome.expected[path])
        for path, (status, says) in outcome.expected.items()
        if statuses[path][0] != status or says not in (text[path] if status == "indexed" else statuses[path][1])
    }
    assert wrong == {}
    assert all(reason for status, reason in statuses.values() if status in ("failed", "skipped", "empty"))


@pytest.mark.parametrize("path", GOOD)
def test_the_good_articles_answer(outcome: Outcome, path: str) -> None:
    (word, _) = GOOD[path]
    answer = Engine.open(outcome.config, TinyEncoder()).ask(f"What does the {word} report say about {word}3?")
    assert answer.answerable
    assert answer.lead is not None
    assert f"{word}3" in answer.lead.text
    assert answer.citations[answer.lead.citation - 1].document == path


def test_the_index_is_whole(outcome: Outcome) -> None:
    assert outcome.generation.verify() == []


def test_nothing_is_written_but_the_index(outcome: Outcome) -> None:
    assert {name: snapshot(outcome.folder / name) for name in outcome.before} == outcome.before
    assert {path.name for path in outcome.folder.iterdir()} == {"corpus", "index", "canary", "temporary"}
    assert [*(outcome.folder / "temporary").iterdir()] == []
    assert not Path("/tmp/escaped.txt").exists()


@pytest.mark.skipif(not Path(ACCOUNTS).exists(), reason="there is no list of accounts")
def test_no_other_file_is_read(outcome: Outcome) -> None:
    secrets = [line for line in Path(ACCOUNTS).read_text().splitlines() if line.count(":") > 3]
    assert secrets
    assert [path for path, text in texts(outcome) if any(secret in text for secret in secrets)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands over orphans")
def test_no_process_is_left(outcome: Outcome) -> None:
    assert outcome.left == []


def test_memory_stays_within_its_limit(outcome: Outcome) -> None:
    builder, reader = outcome.kilobytes
    unit = 1 if sys.platform != "darwin" else 1024
    assert reader / unit < 1_000 * MEGABYTES
    assert builder / unit < 1_000 * MEGABYTES


@pytest.mark.parametrize(
    "question",
    ["Who wears veils, Beekeepers?", "Bees sleep in winter", "alert img src onerror", "x.md bees sleep", "deep winter"],
)
def test_nothing_of_a_file_is_markup_on_the_screen(outcome: Outcome, question: str) -> None:
    engine = Engine.open(outcome.config, TinyEncoder())
    answer = engine.ask(question, top_k=30)
    assert answer.citations
    shown = [answer_html(answer, 0)]
    shown += [source_html(citation, engine.document(citation.document), False, 0, 30) for citation in answer.citations]
    for html in shown:
        seen = Elements(html)
        assert seen.tags & {"script", "style", "img", "iframe", "base", "meta", "link", "object", "form"} == set()
        assert {name for name in seen.attributes if name.startswith("on")} == set()
        assert all(link.startswith(("http://", "https://", "articles/file?path=", "#/library")) for link in seen.links)


class Elements(HTMLParser):
    """The tags, attributes and links that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
