"""One build at a time, in the background, with its progress as a value that any thread may read.

It knows nothing about how progress is shown, except for the words.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..build import BuildReport, Progress, build
from ..engine import Engine
from ..errors import QAError
from ..workers import ReaderPool

Phase = Literal["idle", "running", "done", "failed"]
Build = Callable[..., BuildReport]


@dataclass(frozen=True, slots=True)
class JobState:
    """How the last build stands; `number` counts the builds of this process, `error` is one sentence."""

    phase: Phase = "idle"
    number: int = 0
    stage: str = ""
    done: int = 0
    total: int = 0
    report: BuildReport | None = None
    error: str = ""

    @property
    def running(self) -> bool:
        return self.phase == "running"

    @property
    def words(self) -> str:
        """What a person reads while it runs."""
        if self.stage == "reading":
            return f"reading {min(self.done + 1, self.total)} of {self.total} {_plural('article', self.total)}"
        if self.stage == "encoding":
            return f"encoding {self.done} of {self.total} {_plural('passage', self.total)}"
        if self.stage == "publishing":
            return "checking and publishing the new index"
        return "getting ready"


class BuildJob:
    """Builds the index of one engine. Safe to use from several threads."""

    def __init__(self, engine: Engine, run: Build = build) -> None:
        self._engine = engine
        self._run = run
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._state = JobState()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> JobState:
        return self._state

    def start(self, full: bool = False) -> bool:
        """Begin a build; False where one is running already, or the program is ending."""
        with self._lock:
            if self._state.running or self._stopping.is_set():
                return False
            self._state = JobState("running", self._state.number + 1)
            self._thread = threading.Thread(target=self._work, args=(full,), name="build", daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds: float | None = None) -> JobState:
        """The state when the present build has ended, or after so many seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._state

    def stop(self, seconds: float = 10) -> None:
        """End a running build at its next step; the last index still answers."""
        self._stopping.set()
        self.wait(seconds)

    def _work(self, full: bool) -> None:
        try:
            config = self._engine.config
            with ReaderPool(fields=dict(config.fields)) as pool:
                report = self._run(
                    config, self._engine.encoder_for_build(), full, self._show, parse=pool.parse, readers=pool.readers
                )
            self._state = replace(self._state, phase="done", report=report)
        except _Stopped:
            self._state = replace(self._state, phase="failed", error="The build was stopped.")
        except QAError as error:
            self._state = replace(self._state, phase="failed", error=str(error))
        except Exception as error:  # an edge: the screen must not wait for a thread that is dead
            logging.getLogger(__name__).exception("the build failed")
            problem = f"The build failed in a way that nobody foresaw ({type(error).__name__}): rebuild the index."
            self._state = replace(self._state, phase="failed", error=problem)

    def _show(self, progress: Progress) -> None:
        if self._stopping.is_set():
            raise _Stopped
        self._state = replace(self._state, stage=progress.stage, done=progress.done, total=progress.total)


class _Stopped(Exception):
    """Raised inside a build to end it."""


def report_words(report: BuildReport) -> str:
    """`1 added, 0 changed, 0 removed; 12 passages encoded in 1.3 s.`"""
    counts = [(len(report.added), "added"), (len(report.changed), "changed")]
    counts += [(len(report.renamed), "renamed")] if report.renamed else []
    counts += [(len(report.removed), "removed"), (report.unchanged, "unchanged")]
    if report.failed:
        counts.append((len(report.failed), "could not be read"))
    found = ", ".join(f"{number} {word}" for number, word in counts)
    encoded = f"{report.passages_encoded} {_plural('passage', report.passages_encoded)} encoded"
    return f"{found}; {encoded} in {report.seconds:.1f} s."


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
