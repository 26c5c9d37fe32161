"""Reads the points in time that programs write into their files, and writes them as a person would."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ..text.dates import spelled

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?")
# The digits of today's seconds, milliseconds, microseconds and nanoseconds since 1970.
_UNITS = ((10, 1), (13, 1_000), (16, 1_000_000), (19, 1_000_000_000))
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1990 and 2100: other numbers are seldom points in time
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_WRITTEN = (
    "%a %b %d %H:%M:%S %z %Y",  # Tue Mar 05 14:02:11 +0000 2024
    "%A, %B %d, %Y at %I:%M:%S %p %Z",  # Tuesday, March 5, 2024 at 2:02:11 PM UTC
    "%Y/%m/%d %H:%M:%S",
    "%b %d, %Y, %I:%M:%S %p",
)
_MAX_LENGTH = 60  # characters


def moment(value: object) -> datetime | None:
    """The point in time, in UTC, that a number (since 1970, in any usual unit) or a text means; None for another value.

    A text without a zone counts as UTC.
    """
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        return None
    text = " ".join(value.split())
    return _of_number(text) if _NUMBER.fullmatch(text) else _of_iso(text) or _of_words(text)


def written(when: datetime) -> str:
    """`2024-03-05 14:02`, or the day alone at midnight, when a file states no more than that."""
    return f"{when:%Y-%m-%d}" if not (when.hour or when.minute or when.second) else f"{when:%Y-%m-%d %H:%M}"


def spoken(value: object) -> str:
    """`12 March 2024, 10:02 UTC`: a point in time as the head of a message has it; empty for another value.

    A text that states the time of another zone, or of none, keeps that time.
    """
    when, zone = moment(value), " UTC"
    if when is None:
        return ""
    if isinstance(value, str) and (stated := _ISO.fullmatch(value.strip())) and stated[4]:
        if (stated[7] or "").upper() not in ("Z", "UTC", "+00:00", "+0000"):
            zone = ""
            when = when.replace(year=int(stated[1]), month=int(stated[2]), day=int(stated[3]),
                                hour=int(stated[4]), minute=int(stated[5]))  # fmt: skip
    elif (when.hour, when.minute, when.second) == (0, 0, 0):
        return spelled((when.year, when.month, when.day))
    return f"{spelled((when.year, when.month, when.day))}, {when:%H:%M}{zone}"


def _of_number(text: str) -> datetime | None:
    digits = len(text.partition(".")[0])
    unit = next((unit for most, unit in _UNITS if digits <= most), 1)
    seconds = float(text) / unit
    return _EPOCH + timedelta(seconds=seconds) if _EARLIEST <= seconds <= _LATEST else None


def _of_iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    zone = match[7] or "Z"
    offset = timedelta()
    if zone[0] in "+-":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc) - offset
    except (ValueError, OverflowError):
        return None


def _of_words(text: str) -> datetime | None:
    if not any(map(str.isdigit, text)) or not any(map(str.isalpha, text)):
        return None
    for form in _WRITTEN:
        try:
            return _in_utc(datetime.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _in_utc(when: datetime) -> datetime:
    return when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when.astimezone(timezone.utc)
