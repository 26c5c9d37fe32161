"""A chat that serves, and questions sent to its HTTP endpoint: one at a time, and many at once.

It knows nothing about how answers are made.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.peers import memory_mb

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 300.0  # seconds until an answer counts as lost


class Chat:
    """`qa serve` in a process of its own."""

    def __init__(self, root: Path, corpus: Path, index: Path) -> None:
        command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--no-watch"]
        self._process = subprocess.Popen(
            [*command, "--corpus", str(corpus), "--index", str(index)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("Chat: "):
            raise RuntimeError("The chat did not start: run `qa serve` on the same folders to see why.")
        self._address = urlsplit(line.removeprefix("Chat: ").strip())

    def ask(self, question: str) -> float | None:
        """Seconds until the answer to one question is here; None where it is lost."""
        started = time.perf_counter()
        try:
            call = json.loads(self._request("POST", "/gradio_api/call/v2/ask", json.dumps({"question": question})))
            events = self._request("GET", f"/gradio_api/call/ask/{call['event_id']}").decode()
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None
        answered = "event: complete" in events and '"citations"' in events
        return time.perf_counter() - started if answered else None

    def ask_all(self, questions: Sequence[str], at_once: int) -> tuple[float, list[float | None]]:
        """Seconds that all took together, and each one's."""
        with ThreadPoolExecutor(at_once) as pool:
            started = time.perf_counter()
            found = list(pool.map(self.ask, questions))
            return time.perf_counter() - started, found

    def cpu_seconds(self) -> float:
        """Processor time of the server so far (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of the server."""
        return memory_mb(self._process.pid)

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()

    def _request(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=_PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            if reply.status != 200:
                raise OSError(f"status {reply.status}")
            return reply.read()


@contextlib.contextmanager
def chat(root: Path, corpus: Path, index: Path, warming: Sequence[str]) -> Iterator[Chat]:
    """A chat that has answered its first questions."""
    server = Chat(root, corpus, index)
    try:
        for question in warming:
            server.ask(question)
        yield server
    finally:
        server.close()
