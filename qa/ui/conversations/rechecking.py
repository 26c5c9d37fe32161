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

# Seconds: a pin is asked when nobody has asked anything for so long, or after waiting for so long, since two questions
# at once take longer than one after the other. The pins themselves count, so that they leave the processors alone.
_QUIET, _LONGEST_WAIT, _PAUSE = 1.0, 30.0, 0.1


class Rechecking:
    """Asks the pins of one index again, if it is another one since. Safe to use from several threads.

    Each waits until people ask nothing. `tell` is called when an answer has changed, and at the end; `problem` says in
    one sentence why the last run ended early, or is "".
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
                for _ in check(self._engine, self._goes_on):
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

    def _goes_on(self) -> bool:
        """Wait until a pin may be asked; false if none may be any more."""
        end = time.monotonic() + _LONGEST_WAIT
        while questions.quiet_for < _QUIET and time.monotonic() < end:
            if self._closing.wait(_PAUSE):
                return False
        return not self._closing.is_set()
