"""Parses untrusted files in separate processes with limits on time and memory, and restarts a process that dies.

Whatever a hostile file does to its parser stays in that process: the build records a reason and goes on. The processes
exchange JSON, so one that was taken over can send nothing but text. The other side of the exchange is `program`.
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
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ..formats.decoding import Empty, Unreadable
from ..formats.reading_settings import USUAL, ReadingSettings
from ..system.machine import processors
from ..system.precedence import lower_priority_of
from ..system.waiting import Waiting
from ..text import languages
from ..text.document import Document
from ..text.packed import PackedPassages
from ..text.passages import Splitting
from . import frames
from .endings import FAILED, check_start, environment, reason_of
from .parsing import ParsedFile
from .read_pages import KeptPages, PagesOfFile
from .time_limit import TimeLimit, images_in
from .wire import document_from_json, unpack

if TYPE_CHECKING:
    from typing_extensions import Self

Shown = TypeVar("Shown")

SECONDS, SECONDS_PER_MB = 60.0, 4.0
_MEGABYTES, _LARGE_MB, _MEGABYTES_PER_MB = 2_048, 100, 8
_REUSABLE_BYTES = 50_000_000  # a process that has parsed a larger file is ended, since it keeps that file's memory
# How many bytes a process may send about one file, and how many characters it may have counted.
_RESPONSE_BYTES, _RESPONSE_BYTES_PER_BYTE = 1 << 29, 16
_COUNTED_CHARACTERS, _COUNTED_PER_CHARACTER = 1 << 24, 8
_SAMPLES, _SAMPLE_CHARACTERS = 4, 300  # limits on the language samples of one document
_PARTIAL = {"count", "language", "bare", "document", "sections", "passages"}  # keys of messages before the last one
# A group of its own in the session of this program: Linux compares priorities within a session (`system.precedence`).
_OWN_GROUP: dict[str, Any] = {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
_INVALID = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


def megabytes_for(max_file_bytes: int) -> int:
    """The memory limit of a sandbox process for files of at most `max_file_bytes`."""
    return _MEGABYTES + _MEGABYTES_PER_MB * max(0, max_file_bytes // 1_000_000 - _LARGE_MB)


class _Closing:
    """A context manager that closes itself on exit."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what this object started."""
        raise NotImplementedError


class SandboxProcess(_Closing):
    """One sandbox process, started with the first file. Safe to use from several threads, one file at a time.

    `seconds` limits the time for a small file; each megabyte of a larger file adds four seconds, and the time in which
    this program counts tokens is not included. `megabytes` limits the memory, on systems that have rlimits. `reading`
    is for `formats.parse`, `pages` keeps what is read from pictures, `program` is `qa.sandbox.program` by default. With
    `in_background`, other programs go first.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        megabytes: int = _MEGABYTES,
        reading: ReadingSettings = USUAL,
        program: Sequence[str] = (),
        pages: KeptPages | None = None,
        in_background: bool = False,
    ) -> None:
        self._in_background = in_background
        self._seconds = seconds
        self._reading = reading.as_json()
        self._pages = pages
        self._program = [*(program or (sys.executable, "-m", "qa.sandbox.program")), str(megabytes)]
        self._is_proven = bool(program)  # it has answered, so that a file is at fault if it does not
        self._is_killed = False  # by this program
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def parse_file(self, path: str, data: bytes, splitting: Splitting) -> ParsedFile:
        """`parsing.parse_file` in the process. Raises Unreadable also if it exceeds a limit or crashes the process.

        A process that ends before its first answer says nothing about the file, which is then given to another one.
        """
        try:
            return self._parsed(path, data, splitting)
        except _Unproven:
            return self._parsed(path, data, splitting)

    def _parsed(self, path: str, data: bytes, splitting: Splitting) -> ParsedFile:
        head = {
            "do": "read",
            "path": path,
            "reading": self._reading,
            "max_tokens": splitting.max_tokens,
            "settings": splitting.settings.as_json(),
            "tokenizer": str(splitting.tokenizer or ""),
        }
        response = _Response(path, splitting)
        answer = self._request(head, data, response)
        if "empty" in answer:
            raise Empty(str(answer["empty"]))
        try:
            return response.parsed_file(
                *(tuple(map(str, texts)) for texts in (answer["problems"], answer.get("notes", ())))
            )
        except _INVALID as error:
            raise Unreadable(FAILED) from error

    def show(self, head: Mapping[str, Any], data: bytes, from_json: Callable[[dict[str, Any]], Shown]) -> Shown:
        """The answer to a request to draw pages or place words, with the limits of `parse_file`. Raises Unreadable."""
        answer = self._request(head, data)
        try:
            return from_json(answer)
        except _INVALID as error:
            raise Unreadable(FAILED) from error

    def _request(self, head: Mapping[str, Any], data: bytes, response: _Response | None = None) -> dict[str, Any]:
        """The last message of the answer. Raises Unreadable with the reason that it gives, or how the process ended."""
        with self._lock:
            process = self._running_process()
            seconds = self._seconds + SECONDS_PER_MB * len(data) / 1e6
            now, before = self._waiting.now, self._waiting.lately()
            limit = TimeLimit(seconds, images_in(data), partial(_kill, process), now, before)
            try:
                answer = _exchange(process, head, data, response, limit, PagesOfFile(self._pages, data))
            except (OSError, EOFError, *_INVALID) as error:
                reason = (
                    f"took longer than {limit.seconds:g} s to read"
                    if limit.is_over
                    else reason_of(process, self._is_killed)
                )
                self._end()
                if not (self._is_proven or self._is_killed or limit.is_over):
                    check_start(self._program)
                    raise _Unproven(reason) from error
                raise Unreadable(reason) from error
            except BaseException:
                self._end()  # interrupted: the next file must not get this one's answer
                raise
            self._is_proven = True
            if len(data) > _REUSABLE_BYTES:
                self._end()
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"]))
        return answer

    def kill(self) -> None:
        """Kill the process from another thread than the one that waits for it; the file being parsed is Unreadable."""
        self._is_killed = True
        if (process := self._process) is not None:
            _kill(process)

    def close(self) -> None:
        """End the process, even while it parses a file (which is then Unreadable); the next file starts a new one."""
        self.kill()  # first, because the thread that waits for an answer holds the lock
        with self._lock:
            self._end()

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._is_killed = False
            self._process = subprocess.Popen(  # noqa: S603 (our own program)
                self._program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                **_OWN_GROUP,  # its children end with it, and Ctrl-C does not reach it
            )
            self._waiting = Waiting(self._process.pid)
            if self._in_background:
                lower_priority_of(self._process.pid)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            _kill(self._process)
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # a dead process leaves unflushed data
                        stream.close()
            self._process.wait()
            self._process = None


class _Unproven(Unreadable):
    """A process ended before it had answered anything."""


class SandboxPool(_Closing):
    """Several sandbox processes that parse `count` files in parallel, each with the limits of a SandboxProcess."""

    def __init__(self, count: int = 0, reading: ReadingSettings = USUAL, **limits: Any) -> None:
        """`count` is the number of processes; 0 means half the processors of this machine, four at most."""
        self.count = count or max(1, min(4, processors() // 2))
        self._processes = [SandboxProcess(reading=reading, in_background=True, **limits) for _ in range(self.count)]
        self._idle: queue.SimpleQueue[SandboxProcess] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def parse_file(self, path: str, data: bytes, splitting: Splitting) -> ParsedFile:
        """`SandboxProcess.parse_file` in the first idle process."""
        process = self._idle.get()
        try:
            return process.parse_file(path, data, splitting)
        finally:
            self._idle.put(process)

    def kill(self) -> None:
        """`SandboxProcess.kill` for every process."""
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        """End every process, even while it parses a file; later files start new ones."""
        for process in self._processes:
            process.close()


class _Response:
    """Collects and validates what a process sends about one file, which may have taken the process over."""

    def __init__(self, path: str, splitting: Splitting) -> None:
        self._path = path
        self._splitting = splitting
        self._documents: list[tuple[Document, PackedPassages]] = []
        self._empty: list[Document] = []
        self._pending: dict[str, Any] = {}  # the JSON of a document whose sections are still arriving
        self._pending_is_empty = False
        self._end = 0  # of the last passage
        self._countable = _COUNTED_CHARACTERS

    def add(self, message: Mapping[str, Any], receiver: frames.Receiver) -> Callable[[], Any] | None:
        """Add one message; return the function that computes the reply, or None. Raises ValueError and the like."""
        if "count" in message:
            texts = message["count"]
            self._countable -= sum(map(len, texts))
            if self._countable < 0 or not all(isinstance(text, str) for text in texts):
                raise ValueError("count")
            return partial(self._splitting.count_tokens, texts)
        if "language" in message:
            samples = [str(sample)[:_SAMPLE_CHARACTERS] for sample in message["language"][:_SAMPLES]]
            return partial(languages.detect_from_samples, samples)
        if "sections" in message:
            self._pending["sections"] += message["sections"]
        elif "passages" in message:
            self._finish_document()
            document, packed = self._documents[-1]
            self._end = unpack(packed, document, self._end, message["passages"])
        else:
            self._finish_document()
            self._pending_is_empty = "bare" in message
            fields = message["bare" if self._pending_is_empty else "document"]
            self._pending = {**fields, "text": receiver.text(), "sections": []}
            self._countable += _COUNTED_PER_CHARACTER * len(self._pending["text"])
        return None

    def parsed_file(self, problems: Sequence[str], notes: Sequence[str]) -> ParsedFile:
        """The whole response. Raises ValueError if a document's path does not belong to the file."""
        self._finish_document()
        paths = [document.path for document, _ in self._documents] + [document.path for document in self._empty]
        prefixes = (f"{self._path}#", f"{self._path}/")
        if len({*paths}) < len(paths) or any(not (path == self._path or path.startswith(prefixes)) for path in paths):
            raise ValueError("path")
        return ParsedFile(self._documents, self._empty, problems, notes)

    def _finish_document(self) -> None:
        """Convert the pending document, all of whose sections have arrived."""
        if self._pending:
            document = document_from_json(self._pending)
            self._pending, self._end = {}, 0
            if self._pending_is_empty:
                self._empty.append(document)
            else:
                self._documents.append((document, PackedPassages(document)))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its children."""
    if process.poll() is None and hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # its number is its group's, and is its own until `wait`
    process.kill()


def _exchange(
    process: subprocess.Popen[bytes],
    head: Mapping[str, Any],
    data: bytes,
    response: _Response | None,
    limit: TimeLimit,
    pages: PagesOfFile,
) -> dict[str, Any]:
    """Send one request, reply to the requests that the process sends back, and return its last message."""
    requests, responses = process.stdin, process.stdout
    if requests is None or responses is None:
        raise EOFError
    receiver = frames.Receiver(responses, _RESPONSE_BYTES + _RESPONSE_BYTES_PER_BYTE * len(data))
    with limit.running():
        frames.send(requests, json.dumps(head).encode())
        frames.send(requests, data)
        requests.flush()
    while True:
        with limit.running():
            message = receiver.json()
            if "recall" in message:
                compute_reply: Callable[[], Any] | None = partial(pages.recall, str(message["recall"]))
            elif "recognised" in message:
                limit.extend()
                if message["page"] is not None:
                    pages.keep(str(message["recognised"]), message["page"])
                continue
            elif response is None or not message.keys() & _PARTIAL:
                return message
            else:
                compute_reply = response.add(message, receiver)
        if compute_reply is not None:
            reply = compute_reply()  # outside the time limit: this program computes it
            with limit.running():
                frames.send_json(requests, reply)
