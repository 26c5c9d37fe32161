"""Runs a chat and sends questions to it over HTTP, one at a time or many at once, to its plain endpoint or Gradio's."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peers import memory_mb

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 300.0  # seconds after which an answer counts as lost

Way = Callable[[http.client.HTTPConnection, str], bool]


@dataclass(frozen=True, slots=True)
class Load:
    """The measurements of one load: seconds in total, and of each answered question.

    It also has the average number of processors that the server and the client used, and the share of the machine's
    processor time that was used by anything. The client runs on the same machine.
    """

    seconds: float
    each: tuple[float, ...]
    lost: int
    server_cores: float
    client_cores: float
    busy: float

    def figures(self) -> dict[str, list[float]]:
        """The figures to store."""
        return {
            "ms": [1e3 * seconds for seconds in self.each],
            "per_second": [len(self.each) / self.seconds],
            "lost": [float(self.lost)],
            "server_cores": [self.server_cores],
            "client_cores": [self.client_cores],
            "busy": [self.busy],
        }


def answer(connection: http.client.HTTPConnection, question: str) -> dict[str, Any]:
    """Ask the plain endpoint; return what it says."""
    return dict(json.loads(_reply(connection, "POST", "/api/ask", {"question": question})))


def plain(connection: http.client.HTTPConnection, question: str) -> bool:
    """Ask the plain endpoint; return whether there was an answer."""
    return "citations" in answer(connection, question)


def gradio(connection: http.client.HTTPConnection, question: str) -> bool:
    """Ask Gradio's endpoint with a call and its event stream; return whether there was an answer."""
    call = json.loads(_reply(connection, "POST", "/gradio_api/call/v2/ask", {"question": question}))
    events = _reply(connection, "GET", f"/gradio_api/call/ask/{call['event_id']}")
    return b"event: complete" in events and b'"citations"' in events


class Chat:
    """`qa serve` in a separate process."""

    def __init__(self, root: Path, corpus: Path, index: Path, follows: bool = False) -> None:
        command = [sys.executable, "-m", "qa", "serve", "--port", "0", *([] if follows else ["--no-watch"])]
        self._process = subprocess.Popen(
            [*command, "--corpus", str(corpus), "--index", str(index)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("Chat: "):
            raise RuntimeError("The chat did not start: run `qa serve` on the same folders to see why.")
        self._address = urlsplit(line.removeprefix("Chat: ").strip())

    def ask(self, way: Way, questions: Sequence[str], at_once: int = 1) -> Load:
        """Ask all questions, several at once, each over a connection that stays open."""
        waiting: SimpleQueue[str] = SimpleQueue()
        for question in questions:
            waiting.put(question)
        server, (busy, whole) = self._cpu_seconds(), _machine_ticks()
        client, started = time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            each = [seconds for some in pool.map(self._ask, [way] * at_once, [waiting] * at_once) for seconds in some]
        seconds, client = time.perf_counter() - started, time.process_time() - client
        now_busy, now_whole = _machine_ticks()
        return Load(
            seconds=seconds,
            each=tuple(each),
            lost=len(questions) - len(each),
            server_cores=(self._cpu_seconds() - server) / seconds,
            client_cores=client / seconds,
            busy=(now_busy - busy) / max(1, now_whole - whole),
        )

    def ask_until(self, done: Callable[[], bool], questions: Iterable[str]) -> tuple[list[float], int]:
        """Ask one question after another until `done`: the milliseconds of each, and how many were not read in full."""
        times, unread = [], 0
        with contextlib.closing(self._connection()) as connection:
            for question in questions:
                if done():
                    break
                started = time.perf_counter()
                said = answer(connection, question)
                times.append(1e3 * (time.perf_counter() - started))
                unread += said["unread"] > 0
        return times, unread

    def memory_mb(self) -> dict[str, float]:
        """The resident memory of the server, in MB."""
        return memory_mb(self._process.pid)

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()

    def _ask(self, way: Way, waiting: SimpleQueue[str]) -> list[float]:
        """The seconds of each question that was answered on this connection, until none is left."""
        connection = self._connection()
        times = []
        with contextlib.closing(connection), contextlib.suppress(Empty):
            while True:
                question, started = waiting.get_nowait(), time.perf_counter()
                try:
                    if way(connection, question):
                        times.append(time.perf_counter() - started)
                except (OSError, http.client.HTTPException, ValueError, KeyError):
                    connection.close()  # the next question reopens it
        return times

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=_PATIENCE)

    def _cpu_seconds(self) -> float:
        """The processor time of the server so far (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def chat(root: Path, corpus: Path, index: Path, warming: Sequence[str], follows: bool = False) -> Iterator[Chat]:
    """Start a chat, which may follow changes of its articles, and let it answer its first questions."""
    server = Chat(root, corpus, index, follows)
    try:
        server.ask(plain, warming)
        yield server
    finally:
        server.close()


def _reply(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> bytes:
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    if reply.status != 200:
        raise OSError(f"status {reply.status}")
    return reply.read()


def _machine_ticks() -> tuple[int, int]:
    """(busy, total) processor time of the whole machine so far (Linux)."""
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    busy = user + nice + system + sum(others)
    return busy, busy + idle + waiting
