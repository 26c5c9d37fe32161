"""Reads foreign files in processes of their own, with limits on time and memory, and starts them anew when they die.

Whatever a hostile file does to the reader stays there: the build gets a reason and goes on. The two processes
talk in JSON, so a reader that was taken over can say nothing but text. The other side is `sandbox`. It knows nothing
about the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any

from ..formats.decoding import Empty, Unreadable
from ..formats.pictures import PagePicture
from ..system.machine import processors
from ..text import languages
from ..text.document import Document, Span
from ..text.packed import PackedPassages
from ..text.passages import Splitting
from . import frames
from .program import FAILED
from .reading import Found
from .wire import document_from_json, pictures_from_json, unpack

SECONDS, SECONDS_PER_MB = 60.0, 4.0
_MEGABYTES, _LARGE_MB, _MEGABYTES_PER_MB = 2_048, 100, 8
_KEPT_BYTES = 50_000_000  # a process that has read a larger file is not kept, since it keeps that file's memory
# What a process may say of one file, in bytes, and how many characters it may have counted.
_SAID, _SAID_PER_BYTE = 1 << 29, 16
_COUNTED, _COUNTED_PER_CHARACTER = 1 << 24, 8
_SAMPLES, _SAMPLE = 4, 300  # of a text, by which its language is told: how many, of how many characters
_ON_THE_WAY = {"count", "language", "bare", "document", "sections", "passages"}
_REFUSALS = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


def megabytes_for(most_bytes: int) -> int:
    """The memory that a reading process may have, where files have so many bytes at most."""
    return _MEGABYTES + _MEGABYTES_PER_MB * max(0, most_bytes // 1_000_000 - _LARGE_MB)


class ReaderProcess:
    """One reading process, started with the first file. Safe to use from several threads, one file at a time.

    `seconds` bound one small file, and each megabyte of a larger one gives it four more; the time in which this program
    counts tokens for it is not counted. `megabytes` bound the memory, which needs a system that has rlimits. `fields`
    names the fields of records (see `formats.parse`). `program` is what is run, `sandbox` by default.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        megabytes: int = _MEGABYTES,
        fields: Mapping[str, str] = MappingProxyType({}),
        program: Sequence[str] = (),
    ) -> None:
        self._seconds = seconds
        self._fields = dict(fields)
        self._program = [*(program or (sys.executable, "-m", "qa.sandbox.program")), str(megabytes)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: str, data: bytes, splitting: Splitting) -> Found:
        """As `reading.read`; Unreadable also where the file takes too long, too much, or kills its reader."""
        head = {
            "do": "read",
            "path": path,
            "fields": self._fields,
            "max_tokens": splitting.max_tokens,
            "settings": splitting.settings.as_json(),
        }
        heard = _Heard(path, splitting)
        answer = self._asked(head, data, heard)
        if "empty" in answer:
            raise Empty(str(answer["empty"]))
        try:
            return heard.found(list(map(str, answer["problems"])))
        except _REFUSALS as error:
            raise Unreadable(FAILED) from error

    def pictures(
        self, data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
    ) -> tuple[PagePicture, ...]:
        """As `formats.pdf_pages.page_pictures`, with the limits of `read`. Raises Unreadable."""
        spans = [[span.start, span.end] for span in (passage, *highlights)]
        head = {"do": "pictures", "text": text, "pages": [[page.start, page.end] for page in pages], "spans": spans}
        answer = self._asked(head, data)
        try:
            return pictures_from_json(answer)
        except _REFUSALS as error:
            raise Unreadable(FAILED) from error

    def _asked(self, head: Mapping[str, Any], data: bytes, heard: _Heard | None = None) -> dict[str, Any]:
        """What the process answers at last. Raises Unreadable with its reason, or with what became of it."""
        with self._lock:
            process = self._started()
            clock = _Clock(self._seconds + SECONDS_PER_MB * len(data) / 1e6, process)
            try:
                answer = _exchange(process, head, data, heard, clock)
            except (OSError, EOFError, *_REFUSALS) as error:
                self._end()
                raise Unreadable(
                    f"took longer than {clock.seconds:g} s to read" if clock.is_over else FAILED
                ) from error
            except BaseException:
                self._end()  # interrupted: the next file must not get this one's answer
                raise
            if len(data) > _KEPT_BYTES:
                self._end()
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

    def read(self, path: str, data: bytes, splitting: Splitting) -> Found:
        """As `ReaderProcess.read`, by the first process that is idle."""
        process = self._idle.get()
        try:
            return process.read(path, data, splitting)
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


class _Clock:
    """Ends a process that has let others wait for longer than `seconds`, all its answers together."""

    def __init__(self, seconds: float, process: subprocess.Popen[bytes]) -> None:
        self.seconds = round(seconds, 1)
        self.is_over = False
        self._left = seconds
        self._process = process

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """While the process is waited for."""
        started = time.perf_counter()
        timer = threading.Timer(max(0.0, self._left), self._ring)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._left -= time.perf_counter() - started

    def _ring(self) -> None:
        self.is_over = True
        _kill(self._process)


class _Heard:
    """What a process has said of a file so far, each part checked: it may have been taken over by that file."""

    def __init__(self, path: str, splitting: Splitting) -> None:
        self._path = path
        self._splitting = splitting
        self._documents: list[tuple[Document, PackedPassages]] = []
        self._bare: list[Document] = []
        self._coming: dict[str, Any] = {}  # the document whose sections are being told
        self._is_bare = False
        self._end = 0  # of the last passage
        self._may_count = _COUNTED

    def take(self, said: Mapping[str, Any], receiver: frames.Receiver) -> Callable[[], Any] | None:
        """What finds the answer to one thing that was said, or None. Raises ValueError and the like."""
        if "count" in said:
            texts = said["count"]
            self._may_count -= sum(map(len, texts))
            if self._may_count < 0 or not all(isinstance(text, str) for text in texts):
                raise ValueError("count")
            return partial(self._splitting.count_tokens, texts)
        if "language" in said:
            return partial(languages.judged, [str(sample)[:_SAMPLE] for sample in said["language"][:_SAMPLES]])
        if "sections" in said:
            self._coming["sections"] += said["sections"]
        elif "passages" in said:
            self._complete()
            document, packed = self._documents[-1]
            self._end = unpack(packed, document, self._end, said["passages"])
        else:
            self._complete()
            self._is_bare = "bare" in said
            self._coming = {**said["bare" if self._is_bare else "document"], "text": receiver.text(), "sections": []}
            self._may_count += _COUNTED_PER_CHARACTER * len(self._coming["text"])
        return None

    def found(self, problems: Sequence[str]) -> Found:
        """All of it. A document's path must be that of the file or begin with it: a file can't pass for another."""
        self._complete()
        paths = [document.path for document, _ in self._documents] + [document.path for document in self._bare]
        own = (f"{self._path}#", f"{self._path}/")
        if len({*paths}) < len(paths) or any(not (path == self._path or path.startswith(own)) for path in paths):
            raise ValueError("path")
        return Found(self._documents, self._bare, tuple(problems))

    def _complete(self) -> None:
        """The document of which all was told, but its passages."""
        if self._coming:
            document = document_from_json(self._coming)
            self._coming, self._end = {}, 0
            if self._is_bare:
                self._bare.append(document)
            else:
                self._documents.append((document, PackedPassages(document)))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    if process.poll() is None and hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # its number is its group's, and is its own until `wait`
    process.kill()


def _exchange(
    process: subprocess.Popen[bytes], head: Mapping[str, Any], data: bytes, heard: _Heard | None, clock: _Clock
) -> dict[str, Any]:
    """Ask, answer what is asked back, and return what is said last."""
    asking, answering = process.stdin, process.stdout
    if asking is None or answering is None:
        raise EOFError
    receiver = frames.Receiver(answering, _SAID + _SAID_PER_BYTE * len(data))
    with clock.running():
        frames.send(asking, json.dumps(head).encode())
        frames.send(asking, data)
        asking.flush()
    while True:
        with clock.running():
            said = receiver.json()
            if heard is None or not said.keys() & _ON_THE_WAY:
                return said
            reply = heard.take(said, receiver)
        if reply is not None:
            answer = reply()  # by this program, in its own time
            with clock.running():
                frames.send_json(asking, answer)
