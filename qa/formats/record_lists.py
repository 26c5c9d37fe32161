"""Finds the records in the value of a JSON file: those of a list, of several lists within an object, or the object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from .articles import Fields, record_of
from .named_values import is_scalar, label
from .record_text import title_of

_MAX_DEPTH = 4  # of a list of records within objects
_SAMPLE = 50  # records of a list that are examined
# Names of lists that say nothing about what they contain.
_CONTAINERS = {
    "articles", "items", "data", "results", "result", "hits", "entries", "posts", "records", "documents", "docs",
    "rows", "features", "graph", "nodes", "edges", "children", "values", "value", "list", "pages", "stories", "news",
    "notes", "objects", "collection", "feed", "response", "content", "elements", "members", "ordered items",
    "hydra:member", "active notes",
}  # fmt: skip
# Fields of an answer of a server that say nothing about what it returns.
_ENVELOPE = {
    "count", "total", "total count", "total results", "total pages", "page", "pages", "per page", "page size", "size",
    "limit", "offset", "start", "skip", "next", "previous", "prev", "first", "last", "self", "status", "ok", "success",
    "took", "timed out", "type", "kind", "version", "code", "error", "errors", "warnings", "cursor", "next cursor",
    "next page token", "has more", "etag", "max score", "relation", "context", "schema", "jsonapi", "links", "meta",
    "metadata", "pagination", "paging", "shards", "facets", "timestamp", "query", "request id", "id",
    "response metadata", "incomplete results", "response", "crs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that becomes an article: its number in the file (0: it is the file), and the name of its list."""

    number: int
    value: Any
    heading: str = ""


def entries(value: Any, fields: Fields) -> Iterator[Entry]:
    """Yield the records of a file, or the whole value if its parts belong together."""
    if isinstance(value, list) and (not value or _are_records(value, fields)):
        yield from (Entry(number, entry) for number, entry in enumerate(value, start=1))
    elif isinstance(value, dict) and not record_of(value, fields).text and (lists := _lists(value, fields)):
        rest = _without(value, {id(values) for _, values in lists})
        if not _is_envelope(rest):
            yield Entry(0, rest)
        number = count(1)
        for name, values in lists:
            heading = "" if name.casefold() in _CONTAINERS else name
            yield from (Entry(next(number), entry, heading) for entry in values)
    else:
        yield Entry(0, value)


def _are_records(values: list[Any], fields: Fields) -> bool:
    """Whether the values of a list are articles of their own: not if they are only strings, or names."""
    return any(isinstance(entry, dict) and len(entry) > 1 for entry in values) or _contain_text(values, fields)


def _lists(value: dict[str, Any], fields: Fields) -> list[tuple[str, list[Any]]]:
    """The lists whose records are articles of their own; none if they are parts of the object around them."""
    found = list(_lists_of_records(value, 0))
    is_titled = bool(title_of(value, fields.title))
    articles = [
        (name, values)
        for name, values in found
        if (not is_titled or name.casefold() in _CONTAINERS) and _contain_text(values, fields)
    ]
    if articles:
        return articles
    rest = _without(value, {id(values) for _, values in found})
    return found if found and _is_envelope(rest) else []


def _lists_of_records(value: dict[str, Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
    for name, inner in value.items():
        if isinstance(inner, list) and any(isinstance(entry, dict) for entry in inner):
            if label(name).casefold() not in _ENVELOPE:
                yield label(name), inner
        elif isinstance(inner, dict) and depth < _MAX_DEPTH:
            yield from _lists_of_records(inner, depth + 1)


def _contain_text(values: list[Any], fields: Fields) -> bool:
    return any(isinstance(entry, dict) and record_of(entry, fields).text for entry in values[:_SAMPLE])


def _without(value: dict[str, Any], lists: set[int], depth: int = 0) -> dict[str, Any]:
    """The object without these lists, and without objects of which nothing is left."""
    rest: dict[str, Any] = {}
    for name, inner in value.items():
        if id(inner) in lists:
            continue
        if isinstance(inner, dict) and depth < _MAX_DEPTH:
            inner = _without(inner, lists, depth + 1)
            if not inner:
                continue
        rest[name] = inner
    return {name: inner for name, inner in rest.items() if depth or not _says_nothing(name, inner)}


def _is_envelope(rest: dict[str, Any]) -> bool:
    return all(_says_nothing(name, inner) for name, inner in rest.items())


def _says_nothing(name: str, value: Any) -> bool:
    """Whether a field is that of an envelope, or empty."""
    if isinstance(value, dict) and label(name).casefold() in _CONTAINERS:
        return _is_envelope(value)
    return label(name).casefold() in _ENVELOPE or (is_scalar(value) and not isinstance(value, str)) or not value
