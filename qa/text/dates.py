"""Finds the dates that are written in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = "|".join((*_MONTHS, *(month[:3] for month in _MONTHS), "sept"))
_DATE = re.compile(
    rf"(?P<iso>\b\d{{4}}-(?!00)\d\d(?:-(?!00)\d\d)?\b)"
    rf"|\b(?:(?P<day>\d\d?)(?:st|nd|rd|th)?\.?\s+)?(?P<month>{_MONTH})\.?,?\s+"
    rf"(?:(?P<day_after>\d\d?)(?:st|nd|rd|th)?,?\s+)?(?P<year>\d{{4}})\b"
    rf"|\b(?P<numeric>(?!0+\.)\d\d?\.(?!0+\.)\d\d?\.\d{{4}})\b"
    rf"|\b(?P<alone>(?:19|20)\d\d)\b",
    re.I,
)

Date = tuple[int, int, int]  # year, month and day; 0 where the text does not say


def latest_date(text: str) -> Date | None:
    """The latest date in a text, to the precision it is written with; None if there is none.

    It reads ISO 8601, English dates with the month in letters, day.month.year, and years from 1900 to 2099.
    """
    return max(_dates(text), default=None)


def as_iso(found: Date | None) -> str:
    """A date as ISO 8601 to its precision: `2024-05-17`, `2024-05` or `2024`; empty for None."""
    year, month, day = found or (0, 0, 0)
    parts = (f"{year:04}", f"{month:02}", f"{day:02}")
    return "-".join(parts[: bool(year) + bool(month) + bool(day)])


def _dates(text: str) -> Iterator[Date]:
    for match in _DATE.finditer(text):
        found = _date_of(match)
        try:
            date(found[0], found[1] or 1, found[2] or 1)
        except ValueError:  # such as month 13
            continue
        yield found


def _date_of(match: re.Match[str]) -> Date:
    if match["iso"]:
        year, month, *days = map(int, match["iso"].split("-"))
        return year, month, sum(days)
    if match["month"]:
        month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(match["month"][:3].lower()))
        return int(match["year"]), month, int(match["day"] or match["day_after"] or 0)
    if match["numeric"]:
        day, month, year = map(int, match["numeric"].split("."))
        return year, month, day
    return int(match["alone"]), 0, 0
