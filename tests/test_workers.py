"""A file that hangs, eats memory, kills its reader or lies is a reason in a list, and the next file is read."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TinyEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import formats
from qa.build import build
from qa.config import Config
from qa.formats.decoding import Empty, Unreadable
from qa.formats.sandbox import ReaderPool, ReaderProcess
from qa.formats.wire import contents_from_json, contents_json
from qa.text.document import Contents, Span

FILES = Path(__file__).parent / "files" / "pdf"
ARTICLE = b"# Bees\n\nThe bees sleep in winter.\n\n- a veil\n- a smoker\n\n| hive | honey |\n|--|--|\n| white | 4 |\n"

# Stands in for a reader that a hostile file has taken over: reads one request, then does what it is told.
TAKEN_OVER = """
import json, struct, sys, time
def receive():
    length, = struct.unpack(">Q", sys.stdin.buffer.read(8))
    return sys.stdin.buffer.read(length)
def send(body, length=None):
    sys.stdout.buffer.write(struct.pack(">Q", len(body) if length is None else length) + body)
    sys.stdout.buffer.flush()
def lied(**parts):
    document = {"path": "a.md", "title": "", "text": "abc", "sections": [[[], 0, 0, 3]], "blocks": [], "pages": [],
                "metadata": {}, "language": ""}
    return json.dumps({"documents": [{**document, **parts}], "problems": []}).encode()
receive(), receive()
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderProcess]:
    with ReaderProcess() as process:
        yield process


def title(contents: Contents) -> str:
    return contents.documents[0].title


def taken_over(what: str, seconds: float = 20) -> ReaderProcess:
    return ReaderProcess(seconds, program=[sys.executable, "-c", TAKEN_OVER + what])


@pytest.mark.parametrize(("path", "data"), [("a.md", ARTICLE), ("a.txt", ARTICLE), ("é\n.txt", "ünï".encode())])
def test_a_document_comes_back_as_it_was_read(reader: ReaderProcess, path: str, data: bytes) -> None:
    assert reader.parse(path, data) == formats.parse(path, data)


def test_reasons_come_back(reader: ReaderProcess) -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        reader.parse("a.txt", bytes(range(256)))
    assert title(reader.parse("a.md", ARTICLE)) == "Bees"


@pytest.mark.parametrize(
    "what",
    [
        "sys.exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "send(b'not json')",
        "send(b'[1, 2]')",
        "send(b'{}')",
        "send(lied(sections=[[[], 0, 0, 99]]))",
        'send(lied(path="b.md"))',
        'send(lied(path="a.mdx"))',
        "send(lied(), lied())",
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
        assert title(process.parse("a.md", ARTICLE)) == "Bees"


def test_a_reader_that_was_killed_is_started_anew(reader: ReaderProcess) -> None:
    reader.parse("a.md", ARTICLE)
    assert reader._process is not None
    reader._process.kill()
    reader._process.wait()
    assert title(reader.parse("a.md", ARTICLE)) == "Bees"


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
    contents = formats.parse("a.md", text.encode())
    assert contents_from_json("a.md", contents_json(contents)) == contents


def test_pictures_of_pages_come_back_as_they_were_drawn(reader: ReaderProcess) -> None:
    data = (FILES / "columns.pdf").read_bytes()
    (document,) = formats.parse("a.pdf", data).documents
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


def several(path: str, text: str = "The bees sleep.") -> Contents:
    return Contents(
        tuple(replace(formats.parse("a.txt", text.encode()).documents[0], path=f"{path}#{n}") for n in (1, 2))
    )


def test_several_documents_and_what_could_not_be_read_come_back() -> None:
    contents = replace(several("a.jsonl"), problems=("line 3 is not JSON",))
    assert contents_from_json("a.jsonl", contents_json(contents)) == contents


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with process groups")
def test_what_a_reader_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "child"
    starts = f"import subprocess; open({str(note)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    with taken_over(f"{starts}\ntime.sleep(600)", seconds=1.5) as process, pytest.raises(Unreadable, match="longer"):
        process.parse("a.md", ARTICLE)
    assert gone(int(note.read_text()))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with process groups")
def test_a_reader_ends_when_the_program_that_asks_was_killed() -> None:
    asks = (
        "import time; from qa.formats.sandbox import ReaderProcess; reader = ReaderProcess(); "
        "reader.parse('a.txt', b'Bees.'); "
        "print(reader._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        reader = int(asking.stdout.readline())
        asking.kill()
    assert gone(reader)


def test_closing_does_not_wait_for_the_file_that_is_being_read() -> None:
    pool = ReaderPool(2, program=[sys.executable, "-c", TAKEN_OVER + "time.sleep(600)"])
    with ThreadPoolExecutor(2) as threads:
        reading = [threads.submit(pool.parse, "a.md", ARTICLE) for _ in range(2)]
        while not all(process._process for process in pool._processes):
            time.sleep(0.01)
        started = time.perf_counter()
        pool.close()
        for future in reading:
            with pytest.raises(Unreadable, match="made its reader fail"):
                future.result(5)
    assert time.perf_counter() - started < 5


def test_a_pool_reads_files_beside_each_other(tmp_path: Path) -> None:
    """Both readers have a file before either answers: one alone would never get there."""
    meet = (
        f"import os; open(os.path.join({str(tmp_path)!r}, str(os.getpid())), 'w').close()\n"
        f"while len(os.listdir({str(tmp_path)!r})) < 2: time.sleep(0.01)\n"
        "send(lied())"
    )
    with (
        ReaderPool(2, seconds=20, program=[sys.executable, "-c", TAKEN_OVER + meet]) as pool,
        ThreadPoolExecutor(2) as threads,
    ):
        for future in [threads.submit(pool.parse, "a.md", ARTICLE) for _ in range(2)]:
            assert future.result().documents[0].text == "abc"


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends within so many seconds."""
    for _ in range(int(seconds / 0.05)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError):
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True  # dead; whoever inherits it has not looked yet
        time.sleep(0.05)
    return False
