"""What programs may read: the list of articles in a scope, and the text of one article, in part or whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ask.links import article_link
from ...corpus.heads import author_of, written
from ...corpus.records import DocumentInfo
from ...engine import Engine
from ...errors import QuestionError
from ...formats import kind
from ...index.generation import OpenGeneration
from ...index.scope import AppliedScope, Scope
from ...text.document import Document, Span, without_record

MOST_LISTED = 500  # articles of one answer
MOST_CHARACTERS = 20_000  # of a text of one answer


def articles(engine: Engine, chat: str, scope: object, limit: int, offset: int) -> dict[str, Any]:
    """List the articles in a scope, by path; `limit` of them, after `offset`. Raises QuestionError or StoreError."""
    limit, offset = _number("limit", limit, 1, MOST_LISTED), _number("offset", offset, 0, 10**9)
    asked = scope if isinstance(scope, Scope) else Scope.from_json(scope)
    generation = engine.generation
    selection = generation.selection(asked)
    paths = sorted(_paths(generation, None if selection is None else selection.documents))
    facts = generation.facts(listed := paths[offset : offset + limit])
    return {
        "scope": None if selection is None else AppliedScope(asked, selection.articles).as_json(),
        "total": len(paths),
        "offset": offset,
        "articles": [_entry(path, facts[path], chat) for path in listed if path in facts],
        "generation": generation.id,
    }


def read(
    engine: Engine, chat: str, document: str, start: int | None, end: int | None, page: int | None
) -> dict[str, Any]:
    """Return the text of an article: a page, or from `start` to `end`. Raises QuestionError or StoreError."""
    found = engine.document(document)
    facts = engine.generation.facts([document]).get(document)
    if found is None or facts is None:
        raise QuestionError(f"There is no article “{document[:200]}” in the index: use a path that `articles` lists.")
    if page is not None and (start is not None or end is not None):
        raise QuestionError("Both a page and characters are named: give `page`, or `start` and `end`.")
    whole = _page(found, page) if page is not None else _span(found, start, end)
    span = Span(whole.start, min(whole.end, whole.start + MOST_CHARACTERS))
    return {
        **_entry(document, facts, chat),
        "characters": len(found.text),
        "page": page if page is not None else _page_at(found, span.start),
        "start": span.start,
        "end": span.end,
        "text": span.of(found.text),
        "link": chat + article_link(document, span),
        "next": span.end if span.end < whole.end else None,
        "changed": engine.changed(document) if engine.can_build else False,
        "generation": engine.generation.id,
    }


def _paths(generation: OpenGeneration, marks: Any) -> list[str]:
    """The paths of the documents that are marked, or of all; without those that were withdrawn."""
    parts, paths = generation.parts(), generation.paths()
    numbers = (number for file in generation.records for number in parts[file].documents if number in paths)
    return [paths[number] for number in numbers if marks is None or marks[number]]


def _entry(path: str, facts: DocumentInfo, chat: str) -> dict[str, Any]:
    file, properties = facts.file, facts.metadata
    return {
        "document": path,
        "title": facts.title,
        "kind": kind(without_record(path)),
        "author": author_of(properties) or None,
        "date": written(properties) or None,
        "language": file.language or None,
        "pages": (file.pages or None) if path == file.path else None,
        "url": _url(properties),
        "link": chat + article_link(path, Span(0, 0)),
    }


def _url(properties: Mapping[str, str]) -> str | None:
    return properties.get("url") or None


def _page(document: Document, page: int) -> Span:
    number = _number("page", page, 1, 10**6)
    if not document.pages:
        raise QuestionError(f"“{document.path}” has no pages: give `start` and `end` instead.")
    if number > len(document.pages):
        raise QuestionError(f"“{document.path}” has {len(document.pages)} pages: give one of them.")
    return document.pages[number - 1]


def _span(document: Document, start: int | None, end: int | None) -> Span:
    length = len(document.text)
    first = 0 if start is None else _number("start", start, 0, 10**9)
    last = length if end is None else min(_number("end", end, 0, 10**9), length)
    if first > last:
        raise QuestionError(f"“{document.path}” has {length:,} characters: give a `start` and an `end` in it.")
    return Span(first, last)


def _page_at(document: Document, start: int) -> int | None:
    return next((number for number, page in enumerate(document.pages, 1) if start < page.end), None)


def _number(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise QuestionError(f"{name} is {str(value)[:20]}: give a whole number from {least} to {most:,}.")
    return value
