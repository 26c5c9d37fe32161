"""Reads foreign files in processes of their own, with limits on time and memory, and starts them anew when they die.

Whatever a hostile file does to the reader stays there: the build gets a reason and goes on. The two processes
talk in JSON, so a reader that was taken over can say nothing but text. It knows nothing about the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO

from .. import formats
from ..system.machine import processors
from ..text.document import Contents, Span
from .decoding import Empty, Unreadable
from .pictures import PagePicture
from .wire import contents_from_json, contents_json, pictures_from_json, pictures_json

Parse = Callable[[str, bytes], Contents]

_FAILED = "made its reader fail"
_LENGTH = struct.Struct(">Q")
_MOST_ANSWER = 1 << 30
_ORPHAN_SECONDS = 1.0  # between two looks whether the program that asks is still there


class ReaderProcess:
    """One reading process, started with the first file. Safe to use from several threads, one file at a time.

    `seconds` and `megabytes` bound one file; the memory bound needs a system that has rlimits. `fields` names
    the fields of records (see `formats.parse`). `program` is what is run, this module by default.
    """

    def __init__(
        self,
        seconds: float = 60.0,
        megabytes: int = 2_048,
        fields: Mapping[str, str] = MappingProxyType({}),
        program: Sequence[str] = (),
    ) -> None:
        self._seconds = seconds
        self._fields = dict(fields)
        self._program = [*(program or (sys.executable, "-m", "qa.formats.sandbox")), str(megabytes)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def parse(self, path: str, data: bytes) -> Contents:
        """As `formats.parse`; Unreadable also where the file takes too long, too much, or kills its reader."""
        answer = self._asked({"do": "parse", "path": path, "fields": self._fields}, data)
        if "empty" in answer:
            raise Empty(str(answer["empty"]))
        try:
            return contents_from_json(path, answer)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(_FAILED) from error

    def pictures(
        self, data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
    ) -> tuple[PagePicture, ...]:
        """As `formats.pdf_pages.page_pictures`, with the limits of `parse`. Raises Unreadable."""
        spans = [[span.start, span.end] for span in (passage, *highlights)]
        head = {"do": "pictures", "text": text, "pages": [[page.start, page.end] for page in pages], "spans": spans}
        answer = self._asked(head, data)
        try:
            return pictures_from_json(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(_FAILED) from error

    def _asked(self, head: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """What the process answers. Raises Unreadable with its reason, or with what became of it."""
        with self._lock:
            process = self._started()
            # The clock ends the process, and with it the wait for its answer.
            late = threading.Event()
            clock = threading.Timer(self._seconds, _overdue, (late, process))
            clock.start()
            try:
                answer = _exchange(process, head, data)
            except (OSError, EOFError, ValueError) as error:
                self._end()
                raise Unreadable(
                    f"took longer than {self._seconds:g} s to read" if late.is_set() else _FAILED
                ) from error
            except BaseException:
                self._end()  # interrupted: the next file must not get this one's answer
                raise
            finally:
                clock.cancel()
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"]))
        return answer

    def kill(self) -> None:
        """End the process, from another thread than the one that waits for it: the file that it reads is Unreadable."""
        if (process := self._process) is not None:
            _kill(process)

    def close(self) -> None:
        """End the process, also while it reads (the file is Unreadable then); the next file starts another."""
        self.kill()  # whoever waits for its answer holds the lock
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
                start_new_session=True,  # a group of its own: what it starts ends with it, and Ctrl-C is not for it
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            _kill(self._process)
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what could not be flushed to a dead process
                        stream.close()
            self._process.wait()
            self._process = None


class ReaderPool:
    """Several reading processes: so many files are read beside each other, each with the limits of a ReaderProcess."""

    def __init__(self, count: int = 0, fields: Mapping[str, str] = MappingProxyType({}), **limits: Any) -> None:
        """`count` processes; 0 leaves it to the machine: half of its processors, at most four."""
        self.count = count or max(1, min(4, processors() // 2))
        self._processes = [ReaderProcess(fields=fields, **limits) for _ in range(self.count)]
        self._idle: queue.SimpleQueue[ReaderProcess] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def parse(self, path: str, data: bytes) -> Contents:
        """As `ReaderProcess.parse`, by the first process that is idle."""
        process = self._idle.get()
        try:
            return process.parse(path, data)
        finally:
            self._idle.put(process)

    def kill(self) -> None:
        """As `ReaderProcess.kill`, for all of them."""
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        """End all processes, and with them what they read; later files start others."""
        for process in self._processes:
            process.close()


def _overdue(late: threading.Event, process: subprocess.Popen[bytes]) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    if process.poll() is None and hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # its number is its group's, and is its own until `wait`
    process.kill()


def _exchange(process: subprocess.Popen[bytes], head: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    for part in (json.dumps(head).encode(), data):
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


def _answer(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    try:
        if head["do"] == "pictures":
            passage, *highlights = (Span(*span) for span in head["spans"])
            pages = [Span(*page) for page in head["pages"]]
            return pictures_json(formats.page_pictures(data, head["text"], pages, passage, highlights))
        return contents_json(formats.parse(head["path"], data, head["fields"]))
    except Empty as error:
        return {"empty": str(error)}
    except Unreadable as error:
        return {"unreadable": str(error)}
    except RecursionError:
        return {"unreadable": "is nested too deeply to be read"}
    except MemoryError:
        return {"unreadable": "needs more memory than one file may have"}
    except Exception as error:  # noqa: BLE001 (the edge of this process: the file is listed with what happened)
        return {"unreadable": f"{_FAILED} ({type(error).__name__})"}


def _limit(megabytes: int) -> None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    limit = megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """End this process and what it started when the program that asks has ended, though a file is being read."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Answer until standard input ends, which it does when the program that asks ends."""
    _limit(int(sys.argv[1]))
    if hasattr(os, "killpg"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not speak for us
    while True:
        try:
            head = json.loads(_receive(asked))
            data = _receive(asked)
        except EOFError:
            return
        body = json.dumps(_answer(head, data)).encode()
        answered.write(_LENGTH.pack(len(body)))
        answered.write(body)
        answered.flush()


if __name__ == "__main__":
    main()
