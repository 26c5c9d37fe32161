"""Tells those who listen what happens: requests, answers, builds, log-ins. They are records of the logger `qa.events`.

Nobody listens unless the log is written as JSON, or metrics are on.
"""

from __future__ import annotations

import logging
from typing import Any

EVENTS = logging.getLogger("qa.events")
EVENTS.propagate = False
EVENTS.setLevel(logging.INFO)
EVENTS.addHandler(logging.NullHandler())

QUESTION = "question"  # the one fact that is private


def event(name: str, **facts: Any) -> None:
    """Tell that something happened; `facts` are numbers, short texts or None; only `question` is anybody's words."""
    EVENTS.info(name, extra={"facts": facts})


def facts_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return what a record says of an event; None if it is another record."""
    facts: dict[str, Any] | None = getattr(record, "facts", None)
    return facts
