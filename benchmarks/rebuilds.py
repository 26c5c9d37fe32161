"""Measures the resources of a chat while its articles change: `python -m benchmarks.rebuilds`.

It serves a small folder, or a copy of the named one, with the shipped encoder. It then changes an article many times,
waits each time until the chat has indexed the change, and asks about it on the page and at `/api/ask`. Each row of the
table is the state of the server after a number of generations. With `--calls` it also calls Gradio's endpoint that many
times without a session. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.common import ROOT

_PATIENCE = 300.0  # time limit of a build or an answer, in seconds
_LOOK = 0.05  # seconds between two queries for the current generation
_SETTLED = 1.0  # seconds of rest before the server is measured
_ENDS = "process_completed"

_ARTICLES = {
    "beacon.md": "# The beacon\n\nThe beacon on the hill is lit at night and can be seen from the harbour.\n",
    "ferry.md": "# The ferry\n\nThe ferry crosses the bay four times a day and carries sixty cars.\n",
}
_CHANGED = "beacon.md"
_QUESTION = "How many times was the beacon painted?"


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a process: memory in MB (`private` without `free` file pages), descriptors and mappings.

    `index_mappings` are those of index files, and `deleted` those of them whose file has been deleted.
    """

    resident: float
    private: float
    descriptors: int
    mappings: int
    index_mappings: int
    deleted: int

    @classmethod
    def measure(cls, process: int) -> Resources:
        """Read the resources of a process from the system."""
        place = Path(f"/proc/{process}")
        lines = (line.split() for line in (place / "smaps_rollup").read_text().splitlines()[1:])
        sizes = {line[0]: int(line[1]) / 1e3 for line in lines}
        maps = (place / "maps").read_text().splitlines()
        of_index = [line for line in maps if "/generations/" in line]
        return cls(
            resident=sizes["Rss:"],
            private=sizes["Anonymous:"],
            descriptors=len(list((place / "fd").iterdir())),
            mappings=len(maps),
            index_mappings=len(of_index),
            deleted=sum(line.endswith("(deleted)") for line in of_index),
        )

    @property
    def row(self) -> str:
        return (
            f"{self.resident:,.0f} | {self.private:,.0f} | {self.descriptors} | {self.mappings} "
            f"| {self.index_mappings} | {self.deleted} |"
        )


class Chat:
    """`qa serve` in a separate process, and one open page of it."""

    def __init__(self, corpus: Path, index: Path) -> None:
        command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--corpus", str(corpus), "--index", str(index)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._current = index / "CURRENT"
        self._session, self._conversation = uuid.uuid4().hex, uuid.uuid4().hex
        with contextlib.ExitStack() as opened:
            opened.callback(self._end)
            self._http = opened.enter_context(self._client())
            self._http.get("/").raise_for_status()  # like a browser, which is given a cookie
            self._asking = self._listener(self._http.get("/config").json(), "qa-channel-talk", "qa_ask")
            pushed = opened.enter_context(self._http.stream("GET", "/events"))
            pushed.raise_for_status()
            self._pushed, self._told = pushed.iter_lines(), 0
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the page, then end the server."""
        self._opened.close()

    def _client(self) -> httpx.Client:
        """Return a client of the server, once that has started."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("Chat: "):
            raise RuntimeError("The chat did not start: run `qa serve` on the same folder to see why.")
        return httpx.Client(base_url=line.removeprefix("Chat: ").strip(), trust_env=False, timeout=_PATIENCE)

    def _end(self) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.communicate()  # closes its pipe

    def resources(self) -> Resources:
        time.sleep(_SETTLED)
        return Resources.measure(self._process.pid)

    def wait_for(self, number: int) -> None:
        """Wait until this generation, or a later one, answers, and the page is told of it. Raises TimeoutError."""
        end = time.monotonic() + _PATIENCE
        while not (self._current.is_file() and int(self._current.read_text() or 0) >= number):
            if time.monotonic() > end or self._process.poll() is not None:
                raise TimeoutError(f"Generation {number} was not built: run `qa serve` on the same folder to see why.")
            time.sleep(_LOOK)
        while self._told < number:
            line = next(self._pushed, None)  # even if nothing changes, one comes every 25 seconds
            if line is None or time.monotonic() > end:
                raise TimeoutError(f"The page was not told of generation {number}: open the chat to see why.")
            if line.startswith("data: "):
                version = json.loads(line.removeprefix("data: "))["version"]
                self._told = int(version.partition(".")[0] or 0)

    def ask_page(self, question: str) -> str:
        """The events that the page receives for a question that is typed there, in one conversation."""
        asked = {"conversation": self._conversation, "question": question}
        body = {"data": [None], "event_data": asked, "fn_index": self._asking, "trigger_id": None}
        joined = self._http.post("/gradio_api/queue/join", json={**body, "session_hash": self._session})
        joined.raise_for_status()
        heard = self._http.get("/gradio_api/queue/data", params={"session_hash": self._session}).text
        if _ENDS not in heard:
            raise RuntimeError("The page's question was not answered: ask it in the chat to see why.")
        return heard

    def ask(self, question: str) -> dict[str, Any]:
        """The answer of the plain endpoint."""
        reply = self._http.post("/api/ask", json={"question": question})
        reply.raise_for_status()
        return dict(reply.json())

    def call(self, question: str) -> None:
        """Call Gradio's endpoint, without a session."""
        begun = self._http.post("/gradio_api/call/ask", json={"data": [question]})
        begun.raise_for_status()
        self._http.get(f"/gradio_api/call/ask/{begun.json()['event_id']}").raise_for_status()

    @staticmethod
    def _listener(config: dict[str, Any], channel: str, event: str) -> int:
        (part,) = (each["id"] for each in config["components"] if each["props"].get("elem_id") == channel)
        target = [part, event]
        (listener,) = (each["id"] for each in config["dependencies"] if target in map(list, each["targets"]))
        return int(listener)


def main() -> int:
    """Measure and print."""
    arguments = _parser().parse_args()
    with tempfile.TemporaryDirectory() as place:
        corpus, index = Path(place) / "corpus", Path(place) / "index"
        begin(corpus, arguments.corpus)
        for line in measure(corpus, index, arguments.generations, arguments.every, arguments.calls):
            print(line, flush=True)
    return 0


def begin(corpus: Path, articles: Path | None) -> None:
    """Create a corpus of these articles, or of two short ones."""
    if articles is None:
        corpus.mkdir()
    else:
        shutil.copytree(articles, corpus)
    for name, text in _ARTICLES.items():
        (corpus / name).write_text(text, "utf-8")


def bring_to(chat: Chat, corpus: Path, number: int) -> None:
    """Make the chat build this generation, and ask in both ways.

    Raises RuntimeError if an answer does not reflect the current article.
    """
    if number > 1:
        _change(corpus / _CHANGED, number)
    chat.wait_for(number)
    heard, answer = chat.ask_page(_QUESTION), chat.ask(_QUESTION)
    if number > 1:
        wanted = f"painted {number} times"
        plain = re.sub(r"<[^>]*>|\\u003c.*?\\u003e", "", heard)
        if int(answer["generation"]) < number or wanted not in json.dumps(answer) or wanted not in plain:
            raise RuntimeError(
                f"Generation {number} did not answer from the article as it is: ask the chat to see why."
            )


def measure(corpus: Path, index: Path, generations: int, every: int, calls: int) -> Iterator[str]:
    """The lines of the table."""
    with contextlib.closing(Chat(corpus, index)) as chat:
        yield "| generation | MB | of it private | descriptors | mappings | of the index | of it deleted |"
        yield "|---|--:|--:|--:|--:|--:|--:|"
        for number in range(1, generations + 1):
            bring_to(chat, corpus, number)
            if number in (1, 5) or number % every == 0:
                yield f"| {number} | {chat.resources().row}"
        for done in range(1, calls + 1):
            chat.call(_QUESTION)
            if done in (1, calls) or done % 250 == 0:
                yield f"| + {done:,} calls | {chat.resources().row}"


def _change(article: Path, number: int) -> None:
    """Replace the file atomically."""
    beside = article.parent / ".beside"
    beside.write_text(f"{_ARTICLES[_CHANGED]}\nThe beacon was painted {number} times.\n", "utf-8")
    beside.replace(article)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", type=Path, help="a folder of articles, which is copied")
    parser.add_argument("--generations", type=int, default=100, help="number of generations to build")
    parser.add_argument("--every", type=int, default=10, help="number of generations between two measurements")
    parser.add_argument("--calls", type=int, default=0, help="number of calls without a session afterwards")
    return parser


if __name__ == "__main__":
    sys.exit(main())
