"""Chooses example questions from the headings of the articles; the same articles give the same questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

from ...text.document import Document

MOST = 4
_LONGEST = 110
_LONGEST_TITLE = 48
_CLAUSE = ("why ", "what ", "how ", "when ", "where ", "who ")  # such a heading reads worse after "say about"
_NUMBER = re.compile(r"^\(?(?:\d+(?:\.\d+)*)[.)]?\s+(?=\D)")
_TRIES = 5  # per article: it may answer none of the questions that are its headings


def questions(document: Document) -> list[str]:
    """Return the headings of an article that are questions; if none is, ask what it says about each heading."""
    headings = [_heading(section.path[-1]) for section in document.sections if section.path]
    asked = [heading for heading in headings if _asks(heading)]
    named = sorted((h for h in headings if h not in asked), key=lambda h: h.lower().startswith(_CLAUSE))
    return [question for question in (asked or [_about(document, each) for each in named]) if len(question) <= _LONGEST]


def question_about(document: Document, heading: str) -> str | None:
    """Return a heading, or a name, of an article as a question; None if that would be too long."""
    heading = _heading(heading)
    question = heading if _asks(heading) else _about(document, heading)
    return question if len(question) <= _LONGEST else None


def _heading(heading: str) -> str:
    return _NUMBER.sub("", " ".join(heading.split()))


def _asks(heading: str) -> bool:
    return heading.endswith("?") and len(heading.split()) > 3


def _about(document: Document, heading: str) -> str:
    return f"What does “{short_title(document.display_title)}” say about “{heading}”?"


def short_title(title: str) -> str:
    """Cut a title that is too long for a question at its colon or dash."""
    title = " ".join(title.split())
    if len(title) > _LONGEST_TITLE:
        head = re.split(r"[:;?!]\s|\s[–—|-]\s", title)[0].rstrip(" .")
        title = head if 8 <= len(head) < len(title) else title
    return title


def spread(paths: Iterable[str]) -> Iterator[str]:
    """The same paths in another order, in which neighbours are from different folders where that can be."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        folder, is_inside, rest = path.partition("/")
        groups.setdefault(folder if is_inside else "", []).append(rest if is_inside else path)
    each = (_within(folder, group) for folder, group in groups.items())
    return (path for row in zip_longest(*each) for path in row if path is not None)


def _within(folder: str, paths: Sequence[str]) -> Iterator[str]:
    return (f"{folder}/{path}" for path in spread(paths)) if folder else iter(paths)


def choose(articles: Iterable[Sequence[str]], is_answered: Callable[[str], bool], most: int = MOST) -> list[str]:
    """Choose up to `most` questions that are answered, from as many different articles as possible."""
    chosen: list[str] = []
    each = [_answered(article, is_answered) for article in articles]
    for row in zip_longest(*(list(article) if len(each) == 1 else article for article in each)):
        for question in row:
            if question is not None and question not in chosen:
                chosen.append(question)
            if len(chosen) == most:
                return chosen
    return chosen


def _answered(article: Sequence[str], is_answered: Callable[[str], bool]) -> Iterator[str]:
    return (question for question in article[:_TRIES] if is_answered(question))
