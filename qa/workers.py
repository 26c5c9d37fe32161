"""Reads foreign files in a process of its own, with limits on time and memory, and starts it anew when it dies.

Whatever a hostile file does to the reader stays there: the build gets a reason and goes on. The two processes
talk in JSON, so a reader that was taken over can say nothing but text. It knows nothing about the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, BinaryIO

from . import formats
from .formats.decoding import Empty, Unreadable
from .types import Block, Document, Section, Span

Parse = Callable[[str, bytes], Document]

_LENGTH = struct.Struct(">Q")
_MOST_ANSWER = 1 << 30


class ReaderProcess:
    """One reading process, started with the first file. Safe to use from several threads, one file at a time.

    `seconds` and `megabytes` bound one file; the memory bound needs a system that has rlimits. `program` is
    what is run, this module by default.
    """

    def __init__(self, seconds: float = 60.0, megabytes: int = 2_048, program: Sequence[str] = ()) -> None:
        self._seconds = seconds
        self._program = [*(program or (sys.executable, "-m", "qa.workers")), str(megabytes)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def parse(self, path: str, data: bytes) -> Document:
        """As `formats.parse`; Unreadable also where the file takes too long, too much, or kills its reader."""
        with self._lock:
            process = self._started()
            # The clock ends the process, and with it the wait for its answer.
            late = threading.Event()
            clock = threading.Timer(self._seconds, _overdue, (late, process))
            clock.start()
            try:
                answer = _exchange(process, path, data)
            except (OSError, EOFError, ValueError) as error:
                self._end()
                reason = f"took longer than {self._seconds:g} s to read" if late.is_set() else "made its reader fail"
                raise Unreadable(reason) from error
            finally:
                clock.cancel()
        if "empty" in answer:
            raise Empty(str(answer["empty"]))
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"]))
        try:
            return document_from_json(path, answer)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("made its reader fail") from error

    def kill(self) -> None:
        """End the process, from another thread than the one that waits for it: the file that it reads is Unreadable."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process; the next file starts another."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603 (our own program)
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what could not be flushed to a dead process
                        stream.close()
            self._process.wait()
            self._process = None


def _overdue(late: threading.Event, process: subprocess.Popen[bytes]) -> None:
    late.set()
    process.kill()


def document_json(document: Document) -> dict[str, Any]:
    """A Document in JSON's terms."""
    return {
        "title": document.title,
        "text": document.text,
        "sections": [[list(s.path), s.level, s.span.start, s.span.end] for s in document.sections],
        "blocks": [
            [b.kind, b.span.start, b.span.end, b.section, [[p.start, p.end] for p in b.parts]] for b in document.blocks
        ],
        "pages": [[page.start, page.end] for page in document.pages],
        "metadata": dict(document.metadata),
    }


def document_from_json(path: str, data: dict[str, Any]) -> Document:
    """The Document again. Raises KeyError, TypeError or ValueError for anything that is none, spans included."""
    text = data["text"]
    if not isinstance(text, str) or not isinstance(data["title"], str):
        raise TypeError("text")

    def span(start: int, end: int) -> Span:
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= len(text)):
            raise ValueError("span")
        return Span(start, end)

    sections = tuple(
        Section(tuple(map(str, names)), int(level), span(start, end)) for names, level, start, end in data["sections"]
    )
    blocks = []
    for kind, start, end, section, parts in data["blocks"]:
        if kind not in ("paragraph", "list", "table", "code") or not 0 <= section < len(sections):
            raise ValueError("block")
        blocks.append(Block(kind, span(start, end), section, tuple(span(*part) for part in parts)))
    return Document(
        path=path,
        title=data["title"],
        text=text,
        sections=sections,
        blocks=tuple(blocks),
        pages=tuple(span(*page) for page in data["pages"]),
        metadata={str(name): str(value) for name, value in data["metadata"].items()},
    )


def _exchange(process: subprocess.Popen[bytes], path: str, data: bytes) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    for part in (path.encode("utf-8", "surrogateescape"), data):
        process.stdin.write(_LENGTH.pack(len(part)))
        process.stdin.write(part)
    process.stdin.flush()
    answer = json.loads(_receive(process.stdout))
    if not isinstance(answer, dict):
        raise ValueError("answer")
    return answer


def _receive(stream: BinaryIO | Any) -> bytes:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > _MOST_ANSWER:
        raise ValueError("too long")
    body: bytes = stream.read(length)
    if len(body) < length:
        raise EOFError
    return body


def _answer(path: str, data: bytes) -> dict[str, Any]:
    try:
        return document_json(formats.parse(path, data))
    except Empty as error:
        return {"empty": str(error)}
    except Unreadable as error:
        return {"unreadable": str(error)}
    except RecursionError:
        return {"unreadable": "is nested too deeply to be read"}
    except MemoryError:
        return {"unreadable": "needs more memory than one file may have"}
    except Exception as error:  # noqa: BLE001 (the edge of this process: the file is listed with what happened)
        return {"unreadable": f"made its reader fail ({type(error).__name__})"}


def _limit(megabytes: int) -> None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    limit = megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer until standard input ends, which it does when the program that asks ends."""
    _limit(int(sys.argv[1]))
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not speak for us
    while True:
        try:
            path = _receive(asked).decode("utf-8", "surrogateescape")
            data = _receive(asked)
        except EOFError:
            return
        body = json.dumps(_answer(path, data)).encode()
        answered.write(_LENGTH.pack(len(body)))
        answered.write(body)
        answered.flush()


if __name__ == "__main__":
    main()
