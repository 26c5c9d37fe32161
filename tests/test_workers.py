"""A file that hangs, eats memory, kills its reader or lies is a reason in a list, and the next file is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TinyEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import formats
from qa.build import build
from qa.config import Config
from qa.formats.decoding import Empty, Unreadable
from qa.types import Span
from qa.workers import ReaderProcess, document_from_json, document_json

FILES = Path(__file__).parent / "files" / "pdf"
ARTICLE = b"# Bees\n\nThe bees sleep in winter.\n\n- a veil\n- a smoker\n\n| hive | honey |\n|--|--|\n| white | 4 |\n"

# Stands in for a reader that a hostile file has taken over: reads one request, then does what it is told.
TAKEN_OVER = """
import struct, sys, time
def receive():
    length, = struct.unpack(">Q", sys.stdin.buffer.read(8))
    return sys.stdin.buffer.read(length)
def send(body, length=None):
    sys.stdout.buffer.write(struct.pack(">Q", len(body) if length is None else length) + body)
    sys.stdout.buffer.flush()
receive(), receive()
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderProcess]:
    with ReaderProcess() as process:
        yield process


def taken_over(what: str, seconds: float = 20) -> ReaderProcess:
    return ReaderProcess(seconds, program=[sys.executable, "-c", TAKEN_OVER + what])


@pytest.mark.parametrize(("path", "data"), [("a.md", ARTICLE), ("a.txt", ARTICLE), ("é\n.txt", "ünï".encode())])
def test_a_document_comes_back_as_it_was_read(reader: ReaderProcess, path: str, data: bytes) -> None:
    assert reader.parse(path, data) == formats.parse(path, data)


def test_reasons_come_back(reader: ReaderProcess) -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        reader.parse("a.txt", bytes(range(256)))
    assert reader.parse("a.md", ARTICLE).title == "Bees"


@pytest.mark.parametrize(
    "what",
    [
        "sys.exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "send(b'not json')",
        "send(b'[1, 2]')",
        "send(b'{}')",
        'send(b\'{"text": "abc", "title": "", "sections": [[[], 0, 0, 99]], "blocks": [], "pages": []}\')',
        "send(b'{', 10 ** 18)",
        "send(b'{', 100); sys.exit()",
    ],
)
def test_a_reader_that_dies_or_lies_is_a_reason(what: str) -> None:
    with taken_over(what) as process, pytest.raises(Unreadable, match="made its reader fail"):
        process.parse("a.md", ARTICLE)


def test_a_file_that_takes_too_long_is_a_reason() -> None:
    with taken_over("time.sleep(600)", seconds=0.5) as process, pytest.raises(Unreadable, match=r"longer than 0\.5 s"):
        process.parse("a.md", ARTICLE)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no rlimits on Windows")
def test_a_file_that_needs_too_much_memory_is_a_reason_and_the_next_is_read() -> None:
    with ReaderProcess(megabytes=400) as process:
        with pytest.raises(Unreadable):
            process.parse("a.txt", b"x " * 60_000_000)
        assert process.parse("a.md", ARTICLE).title == "Bees"


def test_a_reader_that_was_killed_is_started_anew(reader: ReaderProcess) -> None:
    reader.parse("a.md", ARTICLE)
    assert reader._process is not None
    reader._process.kill()
    reader._process.wait()
    assert reader.parse("a.md", ARTICLE).title == "Bees"


def test_the_build_goes_on_after_such_a_file(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "a.md").write_bytes(ARTICLE)
    (config.corpus / "b.md").write_bytes(ARTICLE)
    with taken_over("sys.exit(3)") as process:
        report = build(config, tiny, parse=process.parse)
    assert [(record.path, record.reason) for record in report.failed] == [
        ("a.md", "made its reader fail"), ("b.md", "made its reader fail"),
    ]  # fmt: skip
    with ReaderProcess() as process:
        report = build(config, tiny, full=True, parse=process.parse)
    assert (report.failed, report.documents) == ((), 2)


@given(st.text(alphabet="# -|\n\tab.é?", max_size=200))
@settings(deadline=None)
def test_json_holds_all_of_a_document(text: str) -> None:
    document = formats.parse("a.md", text.encode())
    assert document_from_json("a.md", document_json(document)) == document


def test_pictures_of_pages_come_back_as_they_were_drawn(reader: ReaderProcess) -> None:
    data = (FILES / "columns.pdf").read_bytes()
    document = formats.parse("a.pdf", data)
    start = document.text.index("Concrete came in 1939")
    spans = Span(start, start + 300), [Span(start, start + 50)]
    drawn = reader.pictures(data, document.text, document.pages, *spans)
    assert drawn == formats.page_pictures(data, document.text, document.pages, *spans)
    assert drawn[0].page == 1 and drawn[0].passage and drawn[0].highlights
    with pytest.raises(Unreadable, match="locked"):
        reader.pictures((FILES / "locked.pdf").read_bytes(), document.text, document.pages, *spans)


@pytest.mark.parametrize(
    "said",
    [
        "{}",
        '{"pictures": 3}',
        '{"pictures": [[1, 9, 9, "PHNjcmlwdD4=", [], []]]}',
        '{"pictures": [[1, 9, 9, "iVBORw0KGgo=", [[0, 0, 1, "1;color:red"]], []]]}',
        '{"pictures": [[1, 9, 9, "iVBORw0KGgo=", [[0, 0, 1, 1e9]], []]]}',
        '{"pictures": [[1, 9, 9, "iVBORw0KGgo=", [], [[NaN, 0, 1, 1]]]]}',
        '{"pictures": [["1 onload=x", 9, 9, "iVBORw0KGgo=", [], []]]}',
    ],
)
def test_a_reader_that_lies_about_pictures_is_a_reason(said: str) -> None:
    with taken_over(f"send({said.encode()!r})") as process, pytest.raises(Unreadable, match="made its reader fail"):
        process.pictures(b"%PDF", "ab", [Span(0, 2)], Span(0, 2), [])


def test_a_page_that_takes_too_long_is_a_reason() -> None:
    with taken_over("time.sleep(600)", seconds=0.5) as process, pytest.raises(Unreadable, match=r"longer than 0\.5 s"):
        process.pictures(b"%PDF", "ab", [Span(0, 2)], Span(0, 2), [])


def test_an_empty_file_comes_back_as_empty() -> None:
    with taken_over('send(b\'{"empty": "holds no text"}\')') as process, pytest.raises(Empty, match="holds no text"):
        process.parse("a.md", ARTICLE)
