"""Makes questions from the headings of the articles themselves, for those who have none.

Each is asked twice: of all articles, where its own should answer, and of all others, where nothing should.
"""

from __future__ import annotations

from dataclasses import replace

from ..engine import Engine
from ..text.document import Document
from .calibrate import OwnQuestion

_MOST_ARTICLES = 60
_MOST_OF_ONE = 2
_LEAST_TEXT = 80  # characters below a heading: with fewer, nothing answers
_WORDS = range(2, 13)


def generated(engine: Engine) -> list[OwnQuestion]:
    """The questions of at most 60 articles, evenly spread. Raises StoreError."""
    paths = list(engine.generation.documents())
    asked: list[OwnQuestion] = []
    for path in paths[:: max(1, -(-len(paths) // _MOST_ARTICLES))]:
        document = engine.document(path)
        if document is not None:
            asked += [OwnQuestion(question, file=path) for question in _questions(document)]
    return [each for one in asked for each in (one, replace(one, file="", without=one.file))]


def _questions(document: Document) -> list[str]:
    found = []
    for section in document.sections:
        heading = section.path[-1] if section.path else ""
        if len(heading.split()) in _WORDS and len(section.span) - len(heading) >= _LEAST_TEXT:
            is_question = heading.rstrip().endswith("?")
            found.append(heading if is_question else f"What is said about {heading} in {document.display_title}?")
    return found[:_MOST_OF_ONE]
