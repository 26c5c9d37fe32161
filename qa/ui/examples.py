"""Questions to begin with, taken from the articles themselves; the same articles give the same questions.

It knows nothing about the screen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

from ..text.document import Document

MOST = 4
_LONGEST = 110
_LONGEST_TITLE = 48
_CLAUSE = ("why ", "what ", "how ", "when ", "where ", "who ")  # reads less well as a thing that is spoken of
_NUMBER = re.compile(r"^\(?(?:\d+(?:\.\d+)*)[.)]?\s+(?=\D)")
_TRIES = 5  # for each article: its headings may all be questions that it does not answer


def questions(document: Document) -> list[str]:
    """Its headings that are questions; without one, what it says about each of its headings."""
    headings = [_NUMBER.sub("", " ".join(section.path[-1].split())) for section in document.sections if section.path]
    asked = [heading for heading in headings if heading.endswith("?") and len(heading.split()) > 3]
    title = short_title(document.display_title)
    named = sorted((h for h in headings if h not in asked), key=lambda h: h.lower().startswith(_CLAUSE))
    other = [f"What does “{title}” say about “{heading}”?" for heading in named]
    return [question for question in (asked or other) if len(question) <= _LONGEST]


def short_title(title: str) -> str:
    """A title that is too long for a question, up to its colon or dash."""
    title = " ".join(title.split())
    if len(title) > _LONGEST_TITLE:
        head = re.split(r"[:;?!]\s|\s[–—|-]\s", title)[0].rstrip(" .")
        title = head if 8 <= len(head) < len(title) else title
    return title


def choose(articles: Iterable[Sequence[str]], is_answered: Callable[[str], bool], most: int = MOST) -> list[str]:
    """Up to `most` questions that are answered, from as many different articles as possible."""
    found: list[str] = []
    each = [_answered(article, is_answered) for article in articles]
    for row in zip_longest(*(list(article) if len(each) == 1 else article for article in each)):
        for question in row:
            if question is not None and question not in found:
                found.append(question)
            if len(found) == most:
                return found
    return found


def _answered(article: Sequence[str], is_answered: Callable[[str], bool]) -> Iterator[str]:
    return (question for question in article[:_TRIES] if is_answered(question))
