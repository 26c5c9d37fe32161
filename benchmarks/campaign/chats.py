"""The programs of a campaign: chats that are served, killed and started again, and commands beside them."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.common import ROOT
from benchmarks.rebuilds import Resources

from .report import Tally

_PATIENCE = 300.0  # seconds that a server may take to start, on a busy machine
_TRACEBACK = b"Traceback (most recent call last)"


class Programs:
    """Starts `qa` with the folders, the temporary folder and the environment of a campaign."""

    def __init__(self, corpus: Path, index: Path, temporary: Path) -> None:
        self._places = ["--corpus", str(corpus), "--index", str(index)]
        self.environment = {
            **os.environ,
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT),
            "HF_HUB_OFFLINE": "1",
            "GRADIO_ANALYTICS_ENABLED": "False",
        }

    def start(self, command: str, *options: str, log: Path) -> subprocess.Popen[str]:
        """Start a command; what it prints to standard error goes to the end of `log`."""
        with log.open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "qa", command, *options, *self._places],
                cwd=log.parent, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=said, text=True,
            )  # fmt: skip


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Chat:
    """One served chat at a port of its own. `epoch` changes whenever the campaign ends or starts it."""

    def __init__(self, name: str, programs: Programs, options: Sequence[str], log: Path, tally: Tally) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.epoch = 0
        self._programs = programs
        self._options = ("--port", str(self.port), *options)
        self._tally = tally
        self._process: subprocess.Popen[str] | None = None
        self._is_wanted = False  # nobody has ended it
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    @property
    def is_up(self) -> bool:
        return self.epoch % 2 == 1

    def start(self, patience: float = _PATIENCE) -> None:
        """Start it, again and again while it refuses, as on a full disk. Raises TimeoutError."""
        begun = time.monotonic()
        with self._lock:
            self._is_wanted = True
            while True:
                self._process = self._programs.start("serve", *self._options, log=self.log)
                assert self._process.stdout is not None
                if self._process.stdout.readline().startswith("Chat: "):
                    break
                self._process.wait()
                self._process.stdout.close()
                self._tally.add("starts refused", _last_line(self.log))
                if time.monotonic() - begun > patience:
                    raise TimeoutError(f"The chat does not start: {self.log} says why.")
                time.sleep(1)
            self.epoch += 1
            self._tally.started(self.name)
        if self.epoch > 1:
            self._tally.restarts.append(time.monotonic() - begun)

    def kill(self) -> None:
        """End it at once, like a loss of power."""
        with self._lock:
            self._is_wanted = False
            if self._process is None or not self.is_up:
                return
            self.epoch += 1
            self._process.kill()
            self._ended()

    def stop(self) -> None:
        """End it in order; kill it if it does not end."""
        with self._lock:
            self._is_wanted = False
            if self._process is None:
                return
            self.epoch += self.is_up
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._tally.add("stops refused")
                self._process.kill()
            self._ended()

    def look(self) -> None:
        """Note its memory and descriptors; if it has ended by itself, start it again."""
        if self.has_died():
            self.start()
        elif (pid := self.pid) is not None and self.is_up:
            with contextlib.suppress(OSError, KeyError):  # it may end at this moment
                state = Resources.measure(pid)
                self._tally.sample(self.name, state.resident, state.private, state.descriptors)

    def has_died(self) -> bool:
        """Whether it has ended by itself and was not started again since; that is counted once."""
        with self._lock:
            if self._process is not None and self.is_up and self._process.poll() is not None:
                self._tally.add("died", f"{self.name} ended with {self._process.returncode}: {_last_line(self.log)}")
                self.epoch += 1
                self._ended()
            return self._process is None and self._is_wanted

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None


class Commands:
    """Runs `qa` commands that may be killed, and counts how they end."""

    def __init__(self, programs: Programs, log: Path, tally: Tally) -> None:
        self.log = log
        self._programs = programs
        self._tally = tally
        self._usual = 5.0  # seconds that a build took, of which a killed one gets a part

    def run(self, command: str, *options: str) -> int:
        """Run a command to its end and return its exit code. One by a signal counts as died."""
        begun = time.monotonic()
        process = self._programs.start(command, *options, log=self.log)
        process.communicate()
        if command == "build" and process.returncode == 0:
            self._usual = time.monotonic() - begun
        if process.returncode not in (0, 1):
            self._tally.add("died", f"qa {command} ended with {process.returncode}: {_last_line(self.log)}")
        outcome = "done" if process.returncode == 0 else "refused"
        self._tally.add(f"qa {command}: {outcome}", "" if outcome == "done" else _last_line(self.log))
        return process.returncode

    def run_and_kill(self, draw: random.Random, command: str, *options: str) -> None:
        """Start a command and kill it at a random moment of its usual time."""
        process = self._programs.start(command, *options, log=self.log)
        try:
            process.wait(self._usual * draw.uniform(0.1, 1))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        self._tally.add("builders killed" if process.returncode == -9 else "builders too quick to be killed")


def tracebacks(logs: Sequence[Path]) -> int:
    """How many tracebacks stand in these files."""
    return sum(log.read_bytes().count(_TRACEBACK) for log in logs if log.is_file())


def left_running(temporary: Path) -> list[int]:
    """Processes whose temporary folder is this one (Linux)."""
    mark = f"TMPDIR={temporary}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0") and int(place.name) != os.getpid():
                found.append(int(place.name))
    return found


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines() if log.is_file() else []
    return next((line for line in reversed(lines) if line.strip()), "")[:200]


def bearer(token: str) -> Mapping[str, str]:
    """The header that a program sends with a token."""
    return {"Authorization": f"Bearer {token}"}
