"""A question as it was typed → a Query: words in quotes, words left out, and words spelt as the articles spell them.

It knows nothing about an index: what a word may have been meant to be is asked of whoever knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ..errors import QuestionError
from ..index.protocols import Query

_OPENS, _CLOSES = '["“„«»”]', '["“”«»]'
_QUOTE = rf'{_OPENS}(?!\s)([^"“”„«»]*\w[^"“”„«»]*){_CLOSES}'
_PHRASE = re.compile(rf"(?<!\w){_QUOTE}")  # the sign of an inch opens nothing
# A minus where a word begins, and not before a number, which may be less than nought.
_EXCLUDED = re.compile(rf"(?<!\S)-(?:{_QUOTE}|([^\W\d_][\w'’-]*))")
_WORD = re.compile(r"[^\W\d_]+")
# An address, a file's name or letters mixed with numbers: nobody spelt it.
_NO_WORD = re.compile(r"\S*(?:[@/\\_\d]|\w\.\w)\S*")


def parse(question: str) -> Query:
    """The Query that a question asks for, its words as they were typed.

    `"exact words"` (in any usual quotes) must stand in a passage; `-word` and `-"some words"` must not. Raises
    QuestionError where there is nothing but what is left out.
    """
    excluded = [_words(match) for match in _EXCLUDED.finditer(question)]
    text = " ".join(wanted(question).split()) if excluded else question
    if excluded and not any(map(str.isalnum, text)):
        raise QuestionError("The question only says what to leave out: add what you want to know.")
    phrases = [_words(match) for match in _PHRASE.finditer(text)]
    return Query(text, tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(excluded)))


def wanted(question: str) -> str:
    """The question without what it leaves out; the end of a line stands there, so that no words become neighbours."""
    return _EXCLUDED.sub("\n", question)


def spelled(query: Query, nearest: Callable[[str], str | None]) -> Query:
    """The query with each word that `nearest` knows better replaced; what stands in quotes stays as it is."""
    kept = [match.span() for pattern in (_PHRASE, _NO_WORD) for match in pattern.finditer(query.text)]
    corrected: dict[str, str] = {}

    def mend(match: re.Match[str]) -> str:
        typed = match[0]
        if any(start <= match.start() < end for start, end in kept):
            return typed
        meant = nearest(typed)
        if meant is None:
            return typed
        corrected[typed] = meant.capitalize() if typed[0].isupper() else meant
        return corrected[typed]

    text = _WORD.sub(mend, query.text)
    return replace(query, text=text, corrected=tuple(corrected.items()))


def literal(question: str, words: tuple[str, ...]) -> str:
    """The question with these of its words in quotes, so that they are searched for as they stand."""
    kept = [match.span() for match in _PHRASE.finditer(question)]

    def quote(match: re.Match[str]) -> str:
        quoted = match[0] in words and not any(start <= match.start() < end for start, end in kept)
        return f'"{match[0]}"' if quoted else match[0]

    return _WORD.sub(quote, question)


def _words(match: re.Match[str]) -> str:
    return " ".join(next(group for group in match.groups() if group).split())
