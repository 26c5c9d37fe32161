"""Finds the dates that are written in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from .document import Span

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

# What only a name or a question writes: 20240306, 2024_03, 2024/03/06, 06-03-2024, 202403061230 (with a time), 6 March.
_SEPARATOR = r"[-_./\s]"
_YEAR_FIRST = re.compile(
    rf"(?<![^\W_])(?P<year>(?:19|20)\d\d)(?:(?P<mark>{_SEPARATOR})(?P<month>0?[1-9]|1[0-2])"
    rf"(?:(?P=mark)(?P<day>0?[1-9]|[12]\d|3[01])(?!\d))?|(?P<month_8>0[1-9]|1[0-2])(?P<day_8>0[1-9]|[12]\d|3[01])"
    rf"(?:\d{{4}}(?:\d\d)?)?|(?P<month_6>0[1-9]|1[0-2])|{_SEPARATOR}?(?P<named>{_MONTH}))"
    r"(?:(?![^\W_]|:\d)|(?=T\d\d:?\d\d))",  # not the hour of a time, but before one that is written with T
    re.I,
)
_DAY_FIRST = re.compile(
    r"(?<![^\W_])(?P<one>\d\d?)(?P<mark>[-_./])(?P<other>\d\d?)(?P=mark)(?P<year>(?:19|20)\d\d)(?![^\W_])"
)
_BESIDE_LETTERS = re.compile(r"(?<=[^\W\d_])[-_.]|[-_.](?=[^\W\d_])")
_WITHOUT_YEAR = re.compile(
    rf"\b(?:(?P<day>\d\d?)(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<month>{_MONTH})"
    rf"|(?P<month_first>{_MONTH})\.?\s+(?P<day_after>\d\d?)(?:st|nd|rd|th)?)\b",
    re.I,
)

Date = tuple[int, int, int]  # year, month and day; 0 where the text does not say


def latest_date(text: str) -> Date | None:
    """The latest date in a text, to the precision it is written with; None if there is none.

    It reads ISO 8601, English dates with the month in letters, day.month.year, and years from 1900 to 2099.
    """
    return max(_dates(text), default=None)


def may_be_same(one: Date, other: Date) -> bool:
    """Whether two dates may be the same: neither says another year, month or day."""
    return all(not ours or not theirs or ours == theirs for ours, theirs in zip(one, other, strict=True))


def as_iso(found: Date | None) -> str:
    """A date as ISO 8601 to its precision: `2024-05-17`, `2024-05` or `2024`; empty for None."""
    year, month, day = found or (0, 0, 0)
    parts = (f"{year:04}", f"{month:02}", f"{day:02}")
    return "-".join(parts[: bool(year) + bool(month) + bool(day)])


def spelled(found: Date) -> str:
    """A date in English words to its precision: `6 March 2024`, `March 2024`, `2024` or, without a year, `6 March`."""
    year, month, day = found
    return " ".join(filter(None, (str(day or ""), _MONTHS[month - 1].capitalize() if month else "", str(year or ""))))


def dates_in(text: str) -> list[tuple[Span, Date]]:
    """The dates in a question or a name, with their places, in order: in all forms that people write.

    Beside those of `latest_date` these are numbers with any separator or none (20240306, 2024_03, 2024/03/06), the day
    first (06-03-2024, unless that may as well be the third of June), and days of a month without a year.
    """
    found: list[tuple[Span, Date]] = []
    taken = bytearray(len(text))  # characters of a date that was found
    words = _BESIDE_LETTERS.sub(" ", text)  # 6-March-2024
    for matches in (_with_days(_YEAR_FIRST, _year_first, text), _with_days(_DAY_FIRST, _day_first, text),
                    _with_days(_DATE, _date_of, words), _with_days(_WITHOUT_YEAR, _without_year, words)):  # fmt: skip
        for span, each in matches:
            if not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"\1" * len(span)
                found.append((span, each))
    return sorted(found, key=lambda pair: pair[0].start)


def _with_days(
    pattern: re.Pattern[str], read: Callable[[re.Match[str]], Date | None], text: str
) -> Iterator[tuple[Span, Date]]:
    """The matches that are dates: there is no month 13, and no 30 February."""
    for match in pattern.finditer(text):
        found = read(match)
        if found is not None and _exists(found):
            yield Span(*match.span()), found


def _exists(found: Date) -> bool:
    year, month, day = found
    try:
        date(year or 2000, month or 1, day or 1)
    except ValueError:
        return False
    return True


def _dates(text: str) -> Iterator[Date]:
    return (found for _, found in _with_days(_DATE, _date_of, text))


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].lower()))


def _date_of(match: re.Match[str]) -> Date:
    if match["iso"]:
        year, month, *days = map(int, match["iso"].split("-"))
        return year, month, sum(days)
    if match["month"]:
        return int(match["year"]), _month(match["month"]), int(match["day"] or match["day_after"] or 0)
    if match["numeric"]:
        day, month, year = map(int, match["numeric"].split("."))
        return year, month, day
    return int(match["alone"]), 0, 0


def _year_first(match: re.Match[str]) -> Date | None:
    if match["named"]:
        is_name = match["named"][0].isupper() or match[0][4] in "-_./"  # what "in 2024 may follow" is not
        return (int(match["year"]), _month(match["named"]), 0) if is_name else None
    month, day = match["month"] or match["month_8"] or match["month_6"], match["day"] or match["day_8"] or 0
    if match["mark"] in (" ", ".") and not (day or len(month) == 2):
        return None  # "2024 1" or the version 2024.1
    return int(match["year"]), int(month), int(day)


def _day_first(match: re.Match[str]) -> Date | None:
    one, other, year = int(match["one"]), int(match["other"]), int(match["year"])
    if match["mark"] == "." or one > 12 or one == other:
        return year, other, one
    return (year, one, other) if other > 12 else None


def _without_year(match: re.Match[str]) -> Date | None:
    day = int(match["day"] or match["day_after"])
    return (0, _month(match["month"] or match["month_first"]), day) if day else None
