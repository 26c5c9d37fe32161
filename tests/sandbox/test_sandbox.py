"""A file that hangs, eats memory, kills its process or lies gets a reason, and the next file is read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FILES, ROOT, TinyEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import holds_within, wait_until

from qa import formats
from qa.build import build
from qa.config import Config
from qa.corpus.pages import Pages
from qa.errors import MachineError
from qa.formats.decoding import Empty, Unreadable
from qa.index.local import store
from qa.models.encoders import default_folder
from qa.models.token_counts import token_counter
from qa.sandbox import parsing
from qa.sandbox.endings import KILLED, NO_ROOM
from qa.sandbox.parsing import ParsedFile
from qa.sandbox.pool import SandboxPool, SandboxProcess
from qa.sandbox.program import _MOST_ASKED
from qa.sandbox.wire import document_from_json, document_json, passages_from_json, passages_json
from qa.text.document import Document, Span
from qa.text.passage import MAX_CHARACTERS, MAX_HEADING_CHARACTERS
from qa.text.passages import Splitting, split
from qa.text.properties import searched_labels

PDFS = FILES / "pdf"
TWO_LETTERS = Document("a.pdf", "", "ab", (), (), (Span(0, 2),))
ARTICLE = b"# Bees\n\nThe bees sleep in winter.\n\n- a veil\n- a smoker\n\n| hive | honey |\n|--|--|\n| white | 4 |\n"

# A sandbox process that a hostile file has taken over: it reads one request, then does what it is told.
TAKEN_OVER = """
import json, struct, sys, threading
def receive():
    length, = struct.unpack(">Q", sys.stdin.buffer.read(8))
    return sys.stdin.buffer.read(length)
def send(body, length=None):
    sys.stdout.buffer.write(struct.pack(">Q", len(body) if length is None else length) + body)
    sys.stdout.buffer.flush()
def say(**said):
    send(json.dumps(said).encode())
def lie(what="document", text="abc", sections=([[], 0, 0, 3],), **parts):
    document = {"path": "a.md", "title": "", "text": "", "blocks": [], "pages": [], "metadata": {}, "language": ""}
    say(**{what: {**document, **parts}})
    for piece in (text.encode(), b""):
        send(piece)
    say(sections=list(sections))
def end():
    say(problems=[])
def hang():
    threading.Event().wait(600)
receive(), receive()
"""
SPLITTING = Splitting(TinyEncoder().count_tokens, 256)


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


def title(parsed: ParsedFile) -> str:
    return parsed.documents[0][0].title


def taken_over(what: str, seconds: float = 20) -> SandboxProcess:
    return SandboxProcess(seconds, program=[sys.executable, "-c", TAKEN_OVER + what])


@pytest.mark.parametrize(("path", "data"), [("a.md", ARTICLE), ("a.txt", ARTICLE), ("é\n.txt", "ünï".encode())])
def test_a_document_is_returned_with_its_passages(reader: SandboxProcess, path: str, data: bytes) -> None:
    parsed = reader.parse_file(path, data, SPLITTING)
    assert parsed == parsing.parse_file(path, data, SPLITTING)
    assert all(len(passages) for _, passages in parsed.documents)


def test_a_process_that_asks_often_counts_tokens_itself() -> None:
    file = default_folder() / "tokenizer.json"
    asked: list[int] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        asked.append(len(texts))
        return token_counter(file)(texts)

    splitting = Splitting(count_tokens, 64, tokenizer=file)
    text = b"# Bees\n\n" + b"In midwinter the beekeepers' \xc3\xa9tude of overwintering colonies continues. " * 40
    with SandboxProcess() as process:
        parsed = [process.parse_file("a.md", text, splitting) for _ in range(_MOST_ASKED)]
    assert len(asked) == _MOST_ASKED
    assert all(each == parsing.parse_file("a.md", text, splitting) for each in (parsed[0], parsed[-1]))
    assert len(parsed[0].documents[0][1]) > 5


def test_reasons_are_returned(reader: SandboxProcess) -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        reader.parse_file("a.txt", bytes(range(256)), SPLITTING)
    assert title(reader.parse_file("a.md", ARTICLE, SPLITTING)) == "Bees"


@pytest.mark.parametrize(
    "what",
    [
        "sys.exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "send(b'not json')",
        "send(b'[1, 2]')",
        "send(b'[' * 100_000)",
        "send(b'{}')",
        "lie(sections=[[[], 0, 0, 99]]); end()",
        'lie(path="b.md"); end()',
        'lie(path="a.mdx"); end()',
        "lie(); lie(); end()",
        'lie(); lie("bare"); end()',
        "say(passages=[[0, 0, 3, [], None, []]])",
        "lie(); say(passages=[[1, 0, 3, [], None, []]])",
        "lie(); say(passages=[[0, 0, 4, [], None, []]])",
        "lie(); say(passages=[[0, 0, 3, [], 1, []]])",
        "lie(); say(passages=[[0, 0, 3, [], None, [[1, 9]]]])",
        "lie(); say(passages=[[0, 0, 2, [], None, []], [1, 1, 3, [], None, []]])",
        "lie(text='x' * 5000); say(passages=[[0, 0, 4001, [], None, []]])",
        "lie(); say(passages=[[0, 0, True, [], None, []]])",
        "lie(); say(passages=[[0, 0, 2 ** 70, [], None, []]])",
        "say(count=[3])",
        "say(count=['x' * 20_000_000])",
        "say(language=3)",
        "say(document=3)",
        "send(b'{', 10 ** 18)",
        "send(b'{', 100); sys.exit()",
    ],
)
def test_a_reader_that_dies_or_lies_is_a_reason(what: str) -> None:
    with taken_over(what) as process, pytest.raises(Unreadable, match="crashed the parser"):
        process.parse_file("a.md", ARTICLE, SPLITTING)


def test_a_process_that_never_stops_asking_gets_a_reason() -> None:
    """However often its tokens are counted."""
    asks = "lie()\nwhile True: say(count=['x' * 100_000]); receive()"
    with taken_over(asks) as process, pytest.raises(Unreadable, match="crashed the parser"):
        process.parse_file("a.md", ARTICLE, SPLITTING)


def test_counting_tokens_takes_no_time_of_the_file() -> None:
    def slowly(texts: Sequence[str]) -> list[int]:
        threading.Event().wait(1.5)
        return TinyEncoder().count_tokens(texts)

    asks = "say(count=['Bees sleep.']); assert receive() == b'[2]'; lie(); end()"
    with taken_over(asks, seconds=1) as process:
        assert title(process.parse_file("a.md", ARTICLE, Splitting(slowly, 256))) == ""


def test_a_file_that_takes_too_long_is_a_reason() -> None:
    with taken_over("hang()", seconds=0.5) as process, pytest.raises(Unreadable, match=r"longer than 0\.5 s"):
        process.parse_file("a.md", ARTICLE, SPLITTING)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no rlimits on Windows")
def test_a_file_that_needs_too_much_memory_is_a_reason_and_the_next_is_read() -> None:
    with SandboxProcess(megabytes=400) as process:
        with pytest.raises(Unreadable):
            process.parse_file("a.txt", b"x " * 60_000_000, SPLITTING)
        assert title(process.parse_file("a.md", ARTICLE, SPLITTING)) == "Bees"


def test_a_killed_process_is_started_again(reader: SandboxProcess) -> None:
    reader.parse_file("a.md", ARTICLE, SPLITTING)
    assert reader._process is not None
    reader._process.kill()
    reader._process.wait()
    assert title(reader.parse_file("a.md", ARTICLE, SPLITTING)) == "Bees"


def test_the_build_continues_after_such_a_file(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "a.md").write_bytes(ARTICLE)
    (config.corpus / "b.md").write_bytes(ARTICLE)
    with taken_over("sys.exit(3)") as process:
        report = build(config, tiny, parse_file=process.parse_file)
    assert [(record.path, record.reason) for record in report.failed] == [
        ("a.md", "crashed the parser"), ("b.md", "crashed the parser"),
    ]  # fmt: skip
    with SandboxProcess() as process:
        report = build(config, tiny, full=True, parse_file=process.parse_file)
    assert (report.failed, report.documents) == ((), 2)


@given(st.text(alphabet="# -|\n\tab.é?", max_size=200))
@settings(deadline=None)
def test_json_contains_everything_of_a_document_and_its_passages(text: str) -> None:
    for document in formats.parse("a.md", text.encode()).documents:
        assert document_from_json(json.loads(json.dumps(document_json(document)))) == document
        labels = searched_labels(document.path, document.metadata, document.title)
        passages = [replace(each, labels=labels) for each in split(document, TinyEncoder().count_tokens, 256)]
        assert list(passages_from_json(document, json.loads(json.dumps(passages_json(passages))))) == passages


def test_a_process_cannot_send_a_path_of_headings_that_no_format_makes() -> None:
    (document,) = formats.parse("a.md", b"Some words.").documents
    section = ["x" * MAX_HEADING_CHARACTERS]
    (passage,) = passages_from_json(document, [[0, 0, 11, section, None, [[0, 11]]]])
    assert passage.section == tuple(section)
    with pytest.raises(ValueError, match="section"):
        passages_from_json(document, [[0, 0, 11, [*section, "y"], None, [[0, 11]]]])


def test_pictures_of_pages_are_returned_unchanged(reader: SandboxProcess) -> None:
    data = (PDFS / "columns.pdf").read_bytes()
    (document,) = formats.parse("a.pdf", data).documents
    start = document.text.index("Concrete came in 1939")
    spans = Span(start, start + 300), [Span(start, start + 50)]
    drawn = Pages(reader, data, document).pictures(*spans)
    assert drawn == formats.page_pictures(data, document.text, document.pages, *spans)
    assert drawn[0].page == 1 and drawn[0].passage and drawn[0].highlights
    with pytest.raises(Unreadable, match="locked"):
        Pages(reader, (PDFS / "locked.pdf").read_bytes(), document).pictures(*spans)


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
    with taken_over(f"send({said.encode()!r})") as process, pytest.raises(Unreadable, match="crashed the parser"):
        Pages(process, b"%PDF", TWO_LETTERS).pictures(Span(0, 2), [])


def test_any_page_is_sized_drawn_and_read_as_it_is_without_a_process(reader: SandboxProcess) -> None:
    data = (PDFS / "hives.pdf").read_bytes()
    (document,) = formats.parse("a.pdf", data).documents
    pages, number = Pages(reader, data, document), len(document.pages) - 1
    spans = [document.pages[number], Span(0, 1)]
    assert pages.sizes() == tuple(formats.page_sizes(data))
    assert pages.picture(number, 300) == formats.page_picture(data, number, 300)
    assert pages.words(number, spans) == formats.page_words(data, number, document.text, document.pages, spans)


@pytest.mark.parametrize(
    "said",
    [
        "{}",
        '{"sizes": [[1, "x"]], "picture": "PHNjcmlwdD4=", "words": [["a", 0, 0, 0, 2, 1]], "marks": []}',
        '{"sizes": [[1, 1e99]], "picture": 3, "words": [["a", "x", 0, 0, 1, 1]], "marks": []}',
        '{"sizes": [[NaN, 1]], "picture": null, "words": [["a", 0, 0, 0, 1]], "marks": []}',
        '{"sizes": 1, "picture": "x", "words": [], "marks": [[[0, 0, 1, NaN]]]}',
    ],
)
def test_a_reader_that_lies_about_a_page_is_a_reason(said: str) -> None:
    for show in (Pages.sizes, lambda pages: pages.picture(0, 100), lambda pages: pages.words(0, [])):
        with taken_over(f"send({said.encode()!r})") as process, pytest.raises(Unreadable, match="crashed the parser"):
            show(Pages(process, b"%PDF", TWO_LETTERS))


def test_a_page_that_takes_too_long_is_a_reason() -> None:
    with taken_over("hang()", seconds=0.5) as process, pytest.raises(Unreadable, match=r"longer than 0\.5 s"):
        Pages(process, b"%PDF", TWO_LETTERS).pictures(Span(0, 2), [])


def test_an_empty_file_is_returned_as_empty() -> None:
    with (
        taken_over('send(b\'{"empty": "contains no text"}\')') as process,
        pytest.raises(Empty, match="contains no text"),
    ):
        process.parse_file("a.md", ARTICLE, SPLITTING)


def test_several_documents_and_unreadable_parts_are_returned(reader: SandboxProcess) -> None:
    lines = b'{"text": "# Bees\\n\\nBees sleep."}\nbroken\n{"text": "Wasps do not."}\n{"text": "# Hornets\\n"}\n'
    parsed = reader.parse_file("a.jsonl", lines, SPLITTING)
    assert parsed == parsing.parse_file("a.jsonl", lines, SPLITTING)
    assert [document.path for document, _ in parsed.documents] == ["a.jsonl#1", "a.jsonl#3"]
    assert parsed.problems


def test_a_text_of_many_frames_and_passages_is_returned(reader: SandboxProcess) -> None:
    data = "".join(f"On day {n} — the bees of hive {n} carried water.\n\n" for n in range(30_000)).encode()
    parsed = reader.parse_file("a.txt", data, SPLITTING)
    is_same = parsed == parsing.parse_file("a.txt", data, SPLITTING)  # (what differs would take too long to show)
    assert is_same
    ((document, passages),) = parsed.documents
    assert len(document.text.encode()) == len(data)
    assert len(passages) > 1_000


@pytest.mark.parametrize("unit", ["`` ` ``` ", "`"])
def test_two_megabytes_of_backticks_are_read_or_refused_in_time(reader: SandboxProcess, unit: str) -> None:
    data = (unit * 2_000_000)[:2_000_000].encode()
    try:
        ((_, passages),) = reader.parse_file("a.md", data, SPLITTING).documents
        assert max(len(passage.text) for passage in passages) <= MAX_CHARACTERS
    except Unreadable as error:
        assert str(error).startswith("took longer than 68 s")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with process groups")
def test_child_processes_end_with_the_sandbox_process(tmp_path: Path) -> None:
    note = tmp_path / "child"
    starts = (
        f"import subprocess; open({str(note)!r}, 'w').write(str(subprocess.Popen(['tail', '-f', '/dev/null']).pid))"
    )
    with taken_over(f"{starts}\nhang()", seconds=1.5) as process, pytest.raises(Unreadable, match="longer"):
        process.parse_file("a.md", ARTICLE, SPLITTING)
    assert gone(int(note.read_text()))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with process groups")
def test_a_reader_ends_when_the_program_that_asks_was_killed() -> None:
    asks = (
        "import threading, qa.sandbox.pool; reader = qa.sandbox.pool.SandboxProcess(); "
        "reader.parse_file('a.txt', b'Bees.', qa.sandbox.pool.Splitting(lambda texts: [1 for _ in texts], 256)); "
        "print(reader._process.pid, flush=True); threading.Event().wait(600)"
    )
    with subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        reader = int(asking.stdout.readline())
        asking.kill()
    assert gone(reader)


def test_closing_does_not_wait_for_the_file_that_is_being_read() -> None:
    pool = SandboxPool(2, program=[sys.executable, "-c", TAKEN_OVER + "hang()"])
    with ThreadPoolExecutor(2) as threads:
        reading = [threads.submit(pool.parse_file, "a.md", ARTICLE, SPLITTING) for _ in range(2)]
        wait_until(lambda: all(process._process for process in pool._processes))
        started = time.perf_counter()
        pool.close()
        for future in reading:
            with pytest.raises(Unreadable, match="crashed the parser"):
                future.result(5)
    assert time.perf_counter() - started < 5


def test_a_pool_reads_files_in_parallel() -> None:
    """Both processes receive a file before either answers: one alone would never get there."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(2) as threads:
        server.settimeout(20)
        meet = f"import socket; socket.create_connection({server.getsockname()!r}).recv(1); lie(); end()"
        with SandboxPool(2, seconds=20, program=[sys.executable, "-c", TAKEN_OVER + meet]) as pool:
            reading = [threads.submit(pool.parse_file, "a.md", ARTICLE, SPLITTING) for _ in range(2)]
            for connection in [server.accept()[0] for _ in range(2)]:
                connection.close()
            for future in reading:
                assert future.result().documents[0][0].text == "abc"


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="needs a system with process groups")
def test_files_of_a_build_are_read_with_a_lower_priority_in_a_group_of_their_own() -> None:
    def read(reader: SandboxPool | SandboxProcess, process: SandboxProcess) -> tuple[int, bool, int]:
        """The priority of the process that read a file, whether it leads a group, and its session."""
        with reader:
            reader.parse_file("a.md", ARTICLE, SPLITTING)
            assert process._process is not None
            number = process._process.pid
            return os.getpriority(os.PRIO_PROCESS, number), os.getpgid(number) == number, os.getsid(number)

    own, pool, alone = os.getpriority(os.PRIO_PROCESS, 0), SandboxPool(1), SandboxProcess()
    in_background, in_front = read(pool, pool._processes[0]), read(alone, alone)
    assert (in_background[0], in_front[0]) == (max(5, own), own)
    assert in_background[1] and in_front[1]  # so Ctrl-C does not reach them
    if sys.version_info >= (3, 11):  # otherwise each has a session, in which its priority says nothing to others
        assert in_background[2] == in_front[2] == os.getsid(0)


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends within so many seconds."""

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError):
            return " Z " in Path(f"/proc/{pid}/stat").read_text()  # dead; its new parent has not collected it yet
        return False

    return holds_within(is_gone, seconds)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with signals")
def test_a_file_whose_process_the_system_kills_is_given_up_for_want_of_memory_and_tried_again(
    config: Config, tiny: TinyEncoder
) -> None:
    """Nobody else sends SIGKILL; the next build tries again, since there may be more memory then."""
    (config.corpus / "a.md").write_bytes(ARTICLE)
    with taken_over("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as process:
        report = build(config, tiny, parse_file=process.parse_file)
    assert [record.reason for record in report.failed] == [KILLED]
    assert build(config, tiny).documents == 1


def test_a_file_that_met_a_full_disk_is_tried_again_by_the_next_build(config: Config, tiny: TinyEncoder) -> None:
    (config.corpus / "a.md").write_bytes(ARTICLE)
    full = "from qa.sandbox import program; import errno, sys\n"
    full += "def fails(*_): raise OSError(errno.ENOSPC, 'No space left on device')\n"
    full += "program.formats.parse = fails; sys.argv[1:] = ['2048']; program.main()"
    with SandboxProcess(program=[sys.executable, "-c", full]) as process:
        report = build(config, tiny, parse_file=process.parse_file)
    assert [record.reason for record in report.failed] == [NO_ROOM]
    assert build(config, tiny).documents == 1


def test_a_disk_that_is_full_for_this_program_blames_no_file_and_the_last_index_stays(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This program detects languages for its sandbox processes; a library that does may write a temporary file."""
    (config.corpus / "a.md").write_bytes(ARTICLE)
    build(config, tiny)
    sentences = "They do not live in hives.\n" * 4
    (config.corpus / "b.md").write_text(f"# Wasps\n\nThe wasps do not make honey.\n\n{sentences}", "utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/unpacked")

    monkeypatch.setattr("qa.sandbox.response.languages.detect_from_samples", full)
    with SandboxPool(1) as pool, pytest.raises(MachineError) as raised:
        build(config, tiny, parse_file=pool.parse_file)
    assert str(raised.value).startswith("No space left on device (/tmp/unpacked): free some space")
    assert [*store.LocalStore(config.index).open_current().records] == ["a.md"]
    monkeypatch.undo()
    assert build(config, tiny).documents == 2


def test_if_no_process_starts_no_file_is_blamed_and_the_last_index_stays(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.corpus / "a.md").write_bytes(ARTICLE)
    build(config, tiny)
    (config.corpus / "b.md").write_bytes(b"# Wasps\n\nThe wasps do not.\n")
    with SandboxPool(1) as pool:
        broken = [sys.executable, "-c", "raise MemoryError('no room')"]
        monkeypatch.setattr(pool._processes[0], "_program", broken)
        with pytest.raises(MachineError, match=r"does not start \(MemoryError: no room\): let this program use more"):
            build(config, tiny, parse_file=pool.parse_file)
    assert [*store.LocalStore(config.index).open_current().records] == ["a.md"]


@pytest.mark.skipif(os.name == "nt", reason="this system has no limit on addresses")
def test_a_process_takes_no_more_memory_than_whoever_started_the_program_allows() -> None:
    asks = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000,) * 2)\n"
        "from qa.sandbox.pool import SandboxProcess, Splitting\n"
        "with SandboxProcess() as reader:\n"
        "    parsed = reader.parse_file('a.txt', b'Bees.', Splitting(lambda texts: [1 for _ in texts], 256))\n"
        "print(parsed.documents[0][0].text)"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "Bees.\n", done.stderr
