"""Asks the pinned questions again in a thread of its own whenever there is another index, after those of people."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ...engine import Engine
from ...errors import ClosedError, NoGenerationError, QAError
from ...system.precedence import questions
from ...watchlist.checking import check
from ...watchlist.pins import path_of
from ..failures import in_page, unexpected

logger = logging.getLogger(__name__)

_LONGEST_REST = 2.0  # seconds


class Rechecking:
    """Asks the pins of one index again, if it is another one since. Safe to use from several threads.

    Before each question it rests for as long as the last one took, and gives way to those of people. `tell` is called
    when an answer has changed, and at the end; `problem` says in one sentence why the last run ended early, or is "".
    """

    def __init__(self, engine: Engine, tell: Callable[[], None]) -> None:
        self.problem = ""
        self._engine = engine
        self._path = path_of(engine.config.index)
        self._tell = tell
        self._lock = threading.Lock()
        self._is_due = False
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def stamp(self) -> str:
        """What changes whenever the pins or their answers do; empty if nothing was ever pinned."""
        try:
            found = self._path.stat()
        except OSError:
            return ""
        return f"{found.st_mtime_ns}.{found.st_size}"

    def start(self) -> None:
        """Ask the pins soon; without any, nothing is started."""
        with self._lock:
            self._is_due = True
            if self._thread is not None or self._closing.is_set() or not self._path.exists():
                return
            thread = threading.Thread(target=self._work, name="pins", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread to spare; the next index brings another try
                logger.exception("the pinned questions could not be asked again")
            else:
                self._thread = thread

    def close(self, seconds: float) -> bool:
        """Ask nothing more, and return whether the question in progress was answered within `seconds`."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _work(self) -> None:
        while self._takes():
            try:
                pace = _Pace(self._closing)
                for _ in check(self._engine, pace.go_on):
                    self._tell()
                self.problem = ""
            except (NoGenerationError, ClosedError):
                self.problem = ""
            except QAError as error:
                self.problem = in_page(error, self._engine.can_build)
            except BaseException as error:  # an edge: nothing else reports what ends a thread
                logger.exception("the pinned questions could not be asked again")
                self.problem = unexpected(error, "restart the chat if this persists")
            self._tell()

    def _takes(self) -> bool:
        with self._lock:
            is_due, self._is_due = self._is_due and not self._closing.is_set(), False
            if not is_due:
                self._thread = None
            return is_due


class _Pace:
    """How fast the questions follow each other."""

    def __init__(self, closing: threading.Event) -> None:
        self._closing = closing
        self._began: float | None = None

    def go_on(self) -> bool:
        """Wait until the next question may be asked; false if none may be any more."""
        took = 0.0 if self._began is None else time.monotonic() - self._began
        if self._closing.wait(min(took, _LONGEST_REST)):
            return False
        questions.give_way()
        self._began = time.monotonic()
        return True
