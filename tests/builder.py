"""Builds in separate processes, for tests that kill them.

Run as a program, this file reads one JSON list of words per line, `[CORPUS, INDEX, OPTION …]`, and answers each with
the lines of a forked process that builds: "pid NUMBER", a line at each step of the build and at each change of the
index folder, and finally "ended STATUS" (negative: the signal). Options: `pause=SECONDS` sleeps at each step;
`hold=STAGE` stops at the first step of a stage until it is killed; `die=CHANGE` kills the process with SIGKILL right
before that change (a file opened for writing, a rename, a folder created, something removed, as Python's audit events
announce them), given by its number from 1 or by its line: "os.rename .CURRENT.new". With `store=ADDRESS` it builds into
Milvus, and prints "inserted COLLECTION" for each batch of `batch=ROWS`; it encodes `batch` passages at a time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from waiting import take_time

CHANGES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "sqlite3.connect")


class Builder:
    """The process that starts builds; one build at a time."""

    def __init__(self) -> None:
        if not hasattr(os, "waitid"):
            pytest.skip("needs a system that forks")
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, corpus: Path, index: Path, **options: object) -> Build:
        """Start a build and return while it runs."""
        assert self._process.stdin is not None
        words = [str(corpus), str(index), *(f"{name}={value}" for name, value in options.items())]
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return Build(self._lines())

    def run(self, corpus: Path, index: Path, **options: object) -> Build:
        """Build, and wait for the end."""
        build = self.start(corpus, index, **options)
        build.wait()
        return build

    def close(self) -> None:
        self._process.terminate()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait()

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        while not (line := self._process.stdout.readline().strip()).startswith("ended "):
            assert line, "the builder is gone"
            yield line
        yield line


class Build:
    """A build in another process. `lines` are those received so far; `status` is known after `wait`."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines: list[str] = []
        self.status: int | None = None
        self._coming = lines
        self.pid = int(next(lines).removeprefix("pid "))

    def wait_for(self, start: str, times: int = 1) -> bool:
        """Wait for `count` lines that begin with `start`; False if the process ended before."""
        while times and self.status is None:
            line = next(self._coming)
            self.lines.append(line)
            times -= line.startswith(start)
            if line.startswith("ended "):
                self.status = int(line.removeprefix("ended "))
        return self.status is None

    def wait(self) -> None:
        while self.status is None:
            self.wait_for("ended ")

    def kill(self, after: float = 0) -> None:
        """Send SIGKILL after so many seconds. An ended process is a zombie, so its number still belongs to it."""
        killing = threading.Timer(after, os.kill, (self.pid, signal.SIGKILL))
        killing.start()
        killing.join()
        self.wait()


def _say(*words: object) -> None:
    # In one piece: a process that is killed between two writes would leave half a line, joined to the next one.
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def _watch(index: Path, die: str) -> None:
    """Announce each change of the index folder, and kill this process right before the one that `die` names."""
    inside = str(index)
    changes = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        if event not in CHANGES or not isinstance(arguments[0], (str, bytes, os.PathLike)):
            return
        path = os.fsdecode(arguments[0])
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        below_a_handle = not os.path.isabs(path) and event.startswith("os.")  # as `shutil.rmtree` removes files
        if (path.startswith(inside) or below_a_handle) and not path.endswith(".lock"):
            changes += 1
            _say("change", changes, event, Path(path).name)
            if die in (str(changes), f"{event} {Path(path).name}"):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _build(corpus: str, index: str, *options: str) -> None:
    from conftest import TinyEncoder

    from qa.build import Progress, build
    from qa.config import Address, Config

    named = dict(option.partition("=")[::2] for option in options)
    pause = float(named.get("pause", 0))

    def step(progress: Progress) -> None:
        _say("step", progress.stage, progress.encoded if progress.stage == "encoding" else progress.done)
        take_time(3600 if progress.stage == named.get("hold") else pause)

    config = Config(Path(corpus), Path(index))
    if "store" in named:
        config = replace(config, store=Address.parse(named["store"], {}))
        _announce_insertions(int(named["batch"]))
    _watch(Path(index), named.get("die", ""))
    build(config, TinyEncoder(), progress=step)


def _announce_insertions(batch: int) -> None:
    from qa.build import embedding
    from qa.index.milvus import rows
    from qa.index.milvus.client import Server

    embedding._WINDOW = rows._BATCH_ROWS = batch
    really = Server.call

    def call(self: Server, method: str, *arguments: Any, **named: Any) -> Any:
        result = really(self, method, *arguments, **named)
        if method == "insert":
            _say("inserted", arguments[0])
        return result

    Server.call = call  # type: ignore[method-assign]


def _serve() -> None:
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    import conftest  # noqa: F401  (everything is loaded once, before the first fork)

    import qa.build.pipeline  # noqa: F401
    from qa.text.languages import detect

    detect("A text that is long enough to be judged, so that the model of languages is unpacked once.")
    child = 0
    for line in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            _say("pid", os.getpid())
            _build(*json.loads(line))
            os._exit(0)
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        _say("ended", ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status)


if __name__ == "__main__":
    _serve()
