"""Compares all articles of an engine once for each generation, on demand, and tells how far that is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..ask.presence import GoneDocuments
from ..engine import Engine
from ..errors import BusyError, ClosedError, QAError
from .findings import Conflicts
from .kept import keep, kept, origin
from .search import Step, conflicts

logger = logging.getLogger(__name__)

_LOOK = 0.5  # seconds between two looks at whether the engine is still open
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the comparison is: `done` of `of` passages that are read, or of pairs that are compared."""

    step: str
    done: int
    of: int


def comparing_of(engine: Engine) -> Comparing:
    """What compares the articles of an engine, one object for all who ask, which lasts as long as the engine."""
    with _MAKING:
        known: Comparing = vars(engine).setdefault("_comparing", Comparing(engine))
        return known


class Comparing:
    """Finds the conflicts among all articles of an engine, once for each generation. Safe to use from several threads.

    `progress` is None while nothing is compared. `error` is what ended the last comparison in the background, and
    `ended` counts all comparisons.
    """

    def __init__(self, engine: Engine) -> None:
        self.progress: Progress | None = None
        self.error: Exception | None = None
        self.ended = 0
        self._engine = engine
        self._last: tuple[str, Conflicts] | None = None  # where they came from: the index may be on a full disk
        self._comparing = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def known(self) -> Conflicts | None:
        """The conflicts in the current generation without articles that are gone since; None if not yet compared.

        Raises as `Engine.generation`.
        """
        engine, generation = self._engine, self._engine.generation
        of = origin(engine.config, generation.manifest)
        if self._last is None or self._last[0] != of:
            found = kept(engine.config, generation.manifest)
            if found is None:
                return None
            self._last = of, found
        found, is_gone, withdrawn = self._last[1], GoneDocuments(engine.corpus), generation.withdrawn()
        facts = generation.facts(sorted({said.document for each in found.conflicts for said in each.said}))
        there = {path for path, info in facts.items() if info.file.path not in withdrawn and not is_gone(path)}
        conflicts = (each for each in found.conflicts if all(said.document in there for said in each.said))
        return replace(found, conflicts=tuple(conflicts))

    def found(self, step: Step = lambda words, done, of: None) -> Conflicts:
        """The conflicts in the current generation, compared in this thread if they are not known; it gives way.

        Raises BusyError while another thread compares, or as `Engine.ask`.
        """
        known = self.known()
        if known is not None:
            return known
        if not self._comparing.acquire(blocking=False):
            raise BusyError(f"The articles are being compared{self._how_far()}: ask again when that is done.")
        try:
            return self.known() or self._compared(step)
        finally:
            self.ended += 1
            self._comparing.release()

    def start(self, tell: Callable[[], None]) -> None:
        """Compare in a thread of its own, unless one does already; `tell` is called when it begins and ends."""
        with self._starting:
            if self._closing.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            self.error, self.progress = None, Progress("reading", 0, 0)
            thread = threading.Thread(target=self._work, args=(tell,), name="conflicts", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has no thread to spare
                logger.exception("the articles could not be compared")
                self.error, self.progress = error, None
            else:
                self._thread = thread
                tell()

    def close(self, seconds: float) -> bool:
        """Stop comparing, and return whether the thread ended within `seconds`."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _work(self, tell: Callable[[], None]) -> None:
        try:
            with self._comparing:
                if self.known() is None:
                    self._compared(lambda words, done, of: None)
        except ClosedError:
            pass
        except QAError as error:
            self.error = error
        except Exception as error:  # an edge: nothing else reports what ends a thread
            logger.exception("the articles could not be compared")
            self.error = error
        finally:
            self.progress = None
            self.ended += 1
            tell()

    def _compared(self, step: Step) -> Conflicts:
        engine = self._engine
        try:
            with engine.resources(first=False) as resources:
                manifest = resources.generation.manifest
                found = conflicts(resources, step=self._watched(step))
        finally:
            self.progress = None
        self._last = origin(engine.config, manifest), found
        try:
            keep(engine.config, manifest, found)
        except OSError:  # they are known all the same, as long as this program runs
            logger.warning("the conflicts could not be kept beside the index", exc_info=True)
        return found

    def _watched(self, step: Step) -> Step:
        """A step that is shown to all, and ends the comparison when the engine is closed."""
        looked = time.monotonic()

        def watched(words: str, done: int, of: int) -> None:
            nonlocal looked
            self.progress = Progress(words, done, of)
            step(words, done, of)
            if self._closing.is_set():
                raise ClosedError("The chat has ended: start it again.")
            if time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                _ = self._engine.generation  # raises if it was closed

        return watched

    def _how_far(self) -> str:
        progress = self.progress
        return f" ({progress.done:,} of {progress.of:,})" if progress is not None and progress.of else ""
