"""What the program writes to its log: repeated lines are counted instead of written, and all can be JSON."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import IO, Any

from .events import EVENTS, QUESTION, facts_of

PROBLEM_EVERY = 60.0  # seconds between two lines about a problem that lasts


class Throttled:
    """Writes warnings that others can cause: one line in `every` seconds for each kind, which counts those between."""

    def __init__(
        self, logger: logging.Logger, every: float = PROBLEM_EVERY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, tuple[float, int]] = {}  # by format: when a line was written, and how many were not since

    def warning(self, line: str, *values: object) -> None:
        """Write a line, or count it; `line` is a constant with places for `values`, and tells its kind."""
        now = self._clock()
        with self._lock:
            written, left = self._last.get(line, (float("-inf"), 0))
            if now - written < self._every:
                self._last[line] = (written, left + 1)
                return
            self._last[line] = (now, 0)
        more = f" (and {left} times since the last such line)" if left else ""
        self._logger.warning(line + "%s", *values, more)


class JsonLines(logging.Formatter):
    """Writes each record as one line of JSON, for programs that collect logs.

    Unless `with_questions`, no line has what somebody asked: neither the event of an answer nor an unexpected error has
    it, whose own words may quote anything, so that only its kind and the places in the code are written.
    """

    def __init__(self, with_questions: bool = False) -> None:
        super().__init__()
        self._with_questions = with_questions

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "logger": record.name}
        facts = facts_of(record)
        if facts is None:
            line["message"] = record.getMessage()
        else:
            line["event"] = record.getMessage()
            line |= {name: value for name, value in facts.items() if self._with_questions or name != QUESTION}
        if record.exc_info and record.exc_info[1]:
            line["errors"] = [self._error(each) for each in _chain(record.exc_info[1])]
        return json.dumps(line, default=str)

    def _error(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        told = {"type": type(error).__name__, "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
        return {**told, "words": str(error)} if self._with_questions else told


def write_json(stream: IO[str], with_questions: bool = False) -> Callable[[], None]:
    """Write everything that is logged, and all events, to a stream as JSON; return what ends that."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(with_questions))
    loggers = (logging.getLogger(), EVENTS)
    for each in loggers:
        each.addHandler(handler)
    logging.captureWarnings(True)

    def end() -> None:
        logging.captureWarnings(False)
        for each in loggers:
            each.removeHandler(handler)

    return end


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from, at most five."""
    found: BaseException | None = error
    for _ in range(5):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
