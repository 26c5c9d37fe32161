"""The earlier states of the folder that can still be asked: when each was current, which are kept, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from ..errors import QuestionError

_ALL_FOR = timedelta(hours=1)  # of the last hour every state is kept
_HOURLY_FOR = timedelta(days=1)  # then the last one of each hour
_DAILY_FOR = timedelta(days=31)  # then the last one of each day, and after that of each month
_FORMS = "a day or a time like 2026-10-01 or 2026-10-01T14:30"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class State:
    """The folder as one build found it. `ended` is when the next build found another; None for the present one.

    `changed` is how many files differ from the state before it that was recorded, and `size` how many bytes of the disk
    are kept for this state and no later one.
    """

    generation: str
    created: datetime
    ended: datetime | None
    changed: int
    size: int

    def as_json(self) -> dict[str, Any]:
        """One of the `states` of `qa history --json`."""
        return {
            "generation": self.generation,
            "created": _iso(self.created),
            "ended": None if self.ended is None else _iso(self.ended),
            "changed": self.changed,
            "bytes": self.size,
        }


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state that a question is asked of: `asked` is the time that was named.

    It `is_exact` if it was current at that time; otherwise it is the last one before it that is kept.
    """

    asked: datetime
    state: State

    @property
    def is_exact(self) -> bool:
        ended = self.state.ended
        return ended is None or self.asked < ended

    def as_json(self) -> dict[str, Any]:
        """The `as_of` of `qa ask --json`."""
        state = self.state.as_json()
        return {
            "asked": _iso(self.asked),
            "generation": state["generation"],
            "created": state["created"],
            "ended": state["ended"],
            "exact": self.is_exact,
        }


@dataclass(frozen=True, slots=True)
class Version:
    """A file as it was since the time `first` until the time `last`, which is None if it still is so.

    `texts` are the texts of its documents, by their paths; empty if none of it could be read.
    """

    first: datetime
    last: datetime | None
    texts: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """When it was so, as `qa history ARTICLE --json` has it."""
        return {"created": _iso(self.first), "ended": None if self.last is None else _iso(self.last)}


def moment_of(text: str, now: datetime | None = None) -> datetime:
    """The time that a day (its end) or a time names, in the zone of this machine unless it has its own.

    Raises QuestionError if it is neither, or lies after the end of today.
    """
    try:
        if _DAY.fullmatch(text.strip()):
            moment = datetime.combine(date.fromisoformat(text.strip()), time.max).astimezone()
        else:
            moment = datetime.fromisoformat(text.strip().upper().replace("Z", "+00:00"))
            moment = moment.astimezone()  # also so that it can be shown
        now = (now or datetime.now(timezone.utc)).astimezone()
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time.min).astimezone()
    except (ValueError, OverflowError, OSError):
        raise QuestionError(f"{text[:40]!r} is not a time in the past: give {_FORMS}.") from None
    if moment >= tomorrow:
        raise QuestionError(f"{text[:40]!r} lies in the future: give {_FORMS}.")
    return moment


def state_at(states: Sequence[State], moment: datetime) -> AsOf:
    """The state that was current at that time, or the last one before it that is kept; `states` are the oldest first.

    Raises QuestionError if none is.
    """
    before = [state for state in states if state.created <= moment]
    if before:
        return AsOf(moment, before[-1])
    if not states:
        raise QuestionError("No earlier state is kept yet: ask without a date.")
    raise QuestionError(
        f"No state of {shown(moment)} is kept: the earliest is that of {shown(states[0].created)}, "
        "so ask for a later time."
    )


def shown(moment: datetime) -> str:
    """`2026-10-01 14:30`, in the time of this machine."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def outdated(states: Iterable[State], now: datetime, days: int) -> set[str]:
    """The generations of the states that need not be kept for so many days.

    A state is kept until it has not been current for `days`. Of those that began within the last hour each is kept, and
    of earlier ones the last of each hour, of each day or of each month: so the end of a day of the last month is exact.
    """
    gone: set[str] = set()
    last_of: dict[str, str] = {}  # by the span of which it is the last state so far
    for state in states:
        if state.ended is None:
            continue
        if now - state.ended > timedelta(days=days):
            gone.add(state.generation)
            continue
        span = _span_of(state, now)
        if span in last_of:
            gone.add(last_of[span])
        last_of[span] = state.generation
    return gone


def _span_of(state: State, now: datetime) -> str:
    """The hour, the day or the month of which one state is kept; the state itself if every one is.

    All states of one hour, and all of one day, are treated alike: so it does not matter when, and how often, some go.
    """
    hour = state.created.astimezone().replace(minute=0, second=0, microsecond=0)
    age = now - hour - timedelta(hours=1)
    if age <= _ALL_FOR:
        return state.generation
    if age <= _HOURLY_FOR:
        return hour.isoformat()
    is_daily = now.astimezone().date() - hour.date() <= _DAILY_FOR
    return hour.strftime("%Y-%m-%d" if is_daily else "%Y-%m")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
