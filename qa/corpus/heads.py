"""What the path and the properties of a document say: when it was written, and who wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache

from ..text.dates import Date, as_iso, dates_in, latest_date, may_be_same
from ..text.document import without_record
from ..text.properties import AUTHORS
from .records import FileRecord, Head

# The properties that say when an article was last written, the likeliest first.
DATED = ("updated", "modified", "lastmod", "date", "published", "created")
_WORD = re.compile(r"[^\W_]+")


def dated(properties: Mapping[str, str]) -> str:
    """The property that says when a document was last written; empty if none does."""
    return next((value for name in DATED if (value := properties.get(name, "")) and _date_in(value)), "")


def author_of(properties: Mapping[str, str]) -> str:
    """Who wrote a document, in one line; empty if its properties do not say."""
    return " ".join(properties.get("author", "").split())


def written(properties: Mapping[str, str]) -> str:
    """When a document was last changed, else when it was written, in ISO 8601; empty if its properties do not say."""
    return as_iso(latest_date(dated(properties)))


def date_of(head: Head) -> Date | None:
    """When a document was last written, as `date_from` says it."""
    return date_from(dated(head.metadata), head.path)


def date_from(own: str, path: str) -> Date | None:
    """When a document was last written: by its property (see `dated`), else by its path; None if neither says so.

    A path that says it more exactly than the property, and nothing else, counts (`date: 2024` in 2024-05-17.md).
    """
    said, named = _date_in(own), _date_in_path(without_record(path))
    if said is None or named is None or not may_be_same(said, named):
        return said or named
    return max(said, named)  # what is not said is 0


# The documents of one file have one name, and often the same dates.
@lru_cache(maxsize=10_000)
def _date_in(value: str) -> Date | None:
    return latest_date(value)


@lru_cache(maxsize=1_000)
def _date_in_path(path: str) -> Date | None:
    return max((found for _, found in dates_in(path) if found[0]), default=None)


def file_date(record: FileRecord) -> Date:
    """The day on which a file was last changed, in UTC."""
    time = datetime.fromtimestamp(record.mtime_ns / 1e9, timezone.utc)
    return time.year, time.month, time.day


def people_of(head: Head, properties: Sequence[str] = AUTHORS) -> str:
    """The people whom these properties name."""
    return " ".join(head.metadata.get(name, "") for name in properties)


def is_named(people: str, asked: str) -> bool:
    """Whether all words of a name are among those of these people."""
    words = set(_WORD.findall(asked.casefold()))
    return bool(words) and words <= set(_WORD.findall(people.casefold()))
