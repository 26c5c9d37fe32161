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
from ..system.lacking import machine_error
from ..system.machine import processors
from ..system.precedence import lower_priority_of
from ..system.waiting import Waiting
from ..text.passages import Splitting
from . import frames
from .endings import FAILED, check_start, environment, reason_of
from .parsing import ParsedFile
from .read_pages import KeptPages, PagesOfFile
from .response import Response
from .time_limit import TimeLimit, images_in

if TYPE_CHECKING:
    from typing_extensions import Self

Shown = TypeVar("Shown")

SECONDS, SECONDS_PER_MB = 60.0, 4.0
_MEGABYTES, _LARGE_MB, _MEGABYTES_PER_MB = 2_048, 100, 8
_REUSABLE_BYTES = 50_000_000  # a process that has parsed a larger file is ended, since it keeps that file's memory
_RESPONSE_BYTES, _RESPONSE_BYTES_PER_BYTE = 1 << 29, 16  # how many a process may send about one file
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

        Raises MachineError or OSError if the system fails this program meanwhile, which says nothing about the file.
        """
        head = {
            "do": "read",
            "path": path,
            "reading": self._reading,
            "max_tokens": splitting.max_tokens,
            "settings": splitting.settings.as_json(),
            "tokenizer": str(splitting.tokenizer or ""),
        }
        response = Response(path, splitting)
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

    def _request(self, head: Mapping[str, Any], data: bytes, response: Response | None = None) -> dict[str, Any]:
        """The last message of the answer. Raises Unreadable with the reason that it gives, or how the process ended."""
        with self._lock:
            process = self._running_process()
            seconds = self._seconds + SECONDS_PER_MB * len(data) / 1e6
            now, before = self._waiting.now, self._waiting.lately()
            limit = TimeLimit(seconds, images_in(data), partial(_kill, process), now, before)
            try:
                answer = _exchange(process, head, data, response, limit, PagesOfFile(self._pages, data))
            except _OwnError as error:
                self._end()
                raise machine_error(error.cause) or error.cause from error
            except (OSError, EOFError, *_INVALID) as error:
                reason = (
                    f"took longer than {limit.seconds:g} s to read"
                    if limit.is_over
                    else reason_of(process, self._is_killed)
                )
                self._end()
                if not (self._is_proven or self._is_killed or limit.is_over):
                    check_start(self._program)
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


class _OwnError(Exception):
    """The system failed this program while it computed what a process had asked for: no file is at fault."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause


class SandboxPool(_Closing):
    """Several sandbox processes that parse `count` files in parallel, each with the limits of a SandboxProcess."""

    def __init__(self, count: int = 0, reading: ReadingSettings = USUAL, **limits: Any) -> None:
        """`count` is the number of processes; 0 means half the processors of this machine, but two if it has two, and
        four at most.
        """
        self.count = count or min(processors(), max(2, min(4, processors() // 2)))
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
    response: Response | None,
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
            try:
                reply = compute_reply()  # outside the time limit: this program computes it
            except OSError as error:
                raise _OwnError(error) from error
            with limit.running():
                frames.send_json(requests, reply)
