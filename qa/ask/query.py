"""A question as it was typed → a Query: what can be asked at all, words in quotes, and words left out.

It knows nothing about an index.
"""

from __future__ import annotations

import re

from ..errors import QuestionError
from ..index.protocols import Query

MAX_QUESTION_CHARACTERS = 2_000

_OPENS, _CLOSES = '["“„«»”]', '["“”«»]'
_QUOTE = rf'{_OPENS}(?!\s)([^"“”„«»]*\w[^"“”„«»]*){_CLOSES}'
PHRASE = re.compile(rf"(?<!\w){_QUOTE}")  # the sign of an inch opens nothing
# A minus where a word begins, and not before a number, which may be less than nought. Where it is taken out, the end of
# a line is to stand, so that no words become neighbours.
EXCLUDED = re.compile(rf"(?<!\S)-(?:{_QUOTE}|([^\W\d_][\w'’-]*))")
WORD = re.compile(r"[^\W\d_]+")


def checked(question: str) -> Query:
    """The Query of a question that can be asked, without the space around it. Raises QuestionError where it cannot."""
    question = question.strip()
    if not question:
        raise QuestionError("The question is empty: type what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question is {len(question):,} characters long: shorten it to {MAX_QUESTION_CHARACTERS:,}."
        )
    if not any(map(str.isalnum, question)):
        raise QuestionError("The question holds no words: type what you want to know.")
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("The question holds characters that are not text: type it in UTF-8.")
    return parse(question)


def parse(question: str) -> Query:
    """The Query that a question asks for, its words as they were typed.

    `"exact words"` (in any usual quotes) must stand in a passage; `-word` and `-"some words"` must not. Raises
    QuestionError where there is nothing but what is left out.
    """
    excluded = [_words(match) for match in EXCLUDED.finditer(question)]
    text = " ".join(EXCLUDED.sub("\n", question).split()) if excluded else question
    if excluded and not any(map(str.isalnum, text)):
        raise QuestionError("The question only says what to leave out: add what you want to know.")
    phrases = [_words(match) for match in PHRASE.finditer(text)]
    return Query(text, tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(excluded)))


def literal(question: str, words: tuple[str, ...]) -> str:
    """The question with these of its words in quotes, so that they are searched for as they stand."""
    kept = [match.span() for match in PHRASE.finditer(question)]

    def quote(match: re.Match[str]) -> str:
        quoted = match[0] in words and not any(start <= match.start() < end for start, end in kept)
        return f'"{match[0]}"' if quoted else match[0]

    return WORD.sub(quote, question)


def _words(match: re.Match[str]) -> str:
    return " ".join(next(group for group in match.groups() if group).split())
