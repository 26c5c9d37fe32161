"""Runs one build at a time in the background; any thread may read its progress."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ...build import BuildReport, Progress, build
from ...build.reading import reading_of
from ...engine import Engine
from ...errors import BusyError, QAError, VanishedError
from ...models.protocols import Encoder
from ...sandbox.pool import SandboxPool, megabytes_for
from ...sandbox.read_pages import ReadPages
from ...strings.catalogue import listed, say
from ...system.events import event
from ...system.machine import release_memory
from ...system.precedence import questions
from ..failures import in_page, unexpected

logger = logging.getLogger(__name__)

Phase = Literal["idle", "running", "done", "failed", "stopped"]
Build = Callable[..., BuildReport]


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of the last build; `number` counts the builds of this process, `error` is one sentence.

    `stage`, `done`, `total`, `encoded`, `seconds_left` and `images` are those of `build.Progress`. A failed build
    `asks` if a user may confirm what it did not do. `share` is how much of its time has passed, from 0 to 1, as far as
    the rest can be estimated; it never falls.
    """

    phase: Phase = "idle"
    number: int = 0
    stage: str = ""
    done: int = 0
    total: int = 0
    encoded: int = 0
    seconds_left: float | None = None
    report: BuildReport | None = None
    error: str = ""
    asks: bool = False
    images: int = 0
    share: float | None = None

    @property
    def steps(self) -> tuple[tuple[str, bool], ...]:
        """The stages of every build, in order, each with whether it is the present one."""
        return tuple((stage, stage == self.stage) for stage in STEPS)

    @property
    def running(self) -> bool:
        return self.phase == "running"

    @property
    def words(self) -> str:
        """What the page shows during the build."""
        if self.stage in _STAGES:
            return _STAGES[self.stage]
        return Progress(self.stage, self.done, self.total, self.encoded, self.seconds_left, self.images).words


STEPS = ("comparing", "reading", "encoding", "publishing")
_STAGES = {
    "": "getting ready",
    "waiting": "waiting for another program that is building this index",
    "stopping": "stopping at the next step",
}


class BuildJob:
    """Builds the index of one engine. Safe to use from several threads.

    While another process builds the index, a build is tried `tries` times, `pause` seconds apart. `built` is called
    after each that succeeds.
    """

    def __init__(
        self,
        engine: Engine,
        run: Build = build,
        tries: int = 20,
        pause: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        built: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._built = built
        self._run = run
        self._tries, self._pause = tries, pause
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._ended = False  # no further build starts
        self._state = JobState()
        self._thread: threading.Thread | None = None
        config = engine.config
        self._pages = ReadPages(config.index)
        self._images_before = 0
        self._clock = clock
        self._began = 0.0
        self._sandbox = SandboxPool(
            reading=reading_of(config), megabytes=megabytes_for(config.max_file_bytes), pages=self._pages
        )
        self._loading: futures.Future[Encoder] | None = None

    @property
    def state(self) -> JobState:
        return self._state

    def start(self, full: bool = False, confirmed: bool = False) -> bool:
        """Start a build; return False if one is running, the index is only read, or the program is ending.

        `confirmed` takes articles out of the index even if most are gone from the folder at once.
        """
        with self._lock:
            if self._state.running or self._ended or not self._engine.can_build:
                return False
            self._cancelled.clear()
            self._state = JobState("running", self._state.number + 1)
            self._images_before = self._pages.added
            self._began = self._clock()
            thread = threading.Thread(target=self._work, args=(full, confirmed), name="build", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has no thread to spare
                logger.exception("the build got no thread")
                self._fail(error)
                return False
            self._thread = thread
            return True

    def wait(self, seconds: float | None = None) -> JobState:
        """Wait for the running build, at most `seconds`, and return the state."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._state

    def cancel(self) -> None:
        """Stop a running build at its next step; the last index still answers, and finished embeddings are kept."""
        with self._lock:
            if self._state.running:
                self._cancelled.set()
                self._state = replace(self._state, stage="stopping")
                self._sandbox.kill()

    def stop(self, seconds: float = 10) -> bool:
        """Cancel, start no further build, and return whether all work ended within `seconds`."""
        with self._lock:
            self._ended = True
        self.cancel()
        ended = not self.wait(seconds).running
        return ended and (self._loading is None or self._loading.done())

    def _work(self, full: bool, confirmed: bool) -> None:
        try:
            with self._sandbox:
                report = self._build(full, confirmed)
            self._state = replace(self._state, phase="done", report=report)
        except _Stopped:
            self._state = replace(self._state, phase="stopped")
        except QAError as error:
            asks = isinstance(error, VanishedError)
            self._state = replace(self._state, phase="failed", error=in_page(error), asks=asks)
        except BaseException as error:  # an edge: the page must not wait for a dead thread
            logger.exception("the build failed")
            self._fail(error)
        self._tell()
        release_memory()
        if self._state.phase == "done":
            self._built()

    def _tell(self) -> None:
        state = self._state
        facts = {} if state.report is None else {"seconds": round(state.report.seconds, 2)}
        event("build", **{"outcome": state.phase, "seconds": None, **facts})

    def _fail(self, error: BaseException) -> None:
        problem = unexpected(error, "try again")
        self._state = replace(self._state, phase="failed", error=problem)

    def _build(self, full: bool, confirmed: bool) -> BuildReport:
        encoder = self._encoder()
        run = partial(
            self._run, self._engine.config, encoder, full, self._show,
            parse_file=self._sandbox.parse_file, workers=self._sandbox.count, confirmed=confirmed,
        )  # fmt: skip
        for _ in range(self._tries - 1):
            try:
                return run()
            except BusyError:
                self._state = replace(self._state, stage="waiting")
                if self._cancelled.wait(self._pause):
                    raise _Stopped from None
        return run()

    def _encoder(self) -> Encoder:
        """Return the engine's encoder for builds; a stopped build does not wait until it is loaded."""
        loader = futures.ThreadPoolExecutor(1)
        self._loading = loading = loader.submit(self._engine.encoder_for_build)
        loader.shutdown(wait=False)
        while not futures.wait([loading], 0.1).done:
            self._check()
        self._loading = None  # it keeps the encoder alive
        return loading.result()

    def _show(self, progress: Progress) -> None:
        questions.give_way()
        with self._lock:
            self._check()
            self._state = replace(
                self._state,
                stage=progress.stage,
                done=progress.done,
                total=progress.total,
                encoded=progress.encoded,
                seconds_left=progress.seconds_left,
                images=self._pages.added - self._images_before,
                share=self._share(progress.seconds_left),
            )

    def _share(self, left: float | None) -> float | None:
        known = self._state.share
        if left is None:
            return known
        passed = self._clock() - self._began
        return max(known or 0.0, passed / max(passed + left, 1e-9))

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise _Stopped


class _Stopped(Exception):
    """Raised inside a build to stop it."""


def report_words(report: BuildReport) -> str:
    """Return `1 added, 0 changed, 0 removed; 12 passages encoded in 1.3 s.`"""
    changes = [say("{n} added", n=len(report.added)), say("{n} changed", n=len(report.changed))]
    changes += [say("{n} renamed", n=len(report.renamed))] if report.renamed else []
    changes += [say("{n} removed", n=len(report.removed)), say("{n} unchanged", n=report.unchanged)]
    changes += [say("{n} could not be read", n=len(report.failed))] if report.failed else []
    return say(
        "{changes}; {n} passages encoded in {seconds} s.",
        changes=listed(changes),
        n=report.passages_encoded,
        seconds=round(report.seconds, 1),
    )
