"""Parses a question as it was typed into a Query with its phrases, exclusions and scope, or refuses it."""

from __future__ import annotations

import re

from ..errors import QuestionError
from ..index.protocols import Query
from .filters import filters_in, read_filters

MAX_QUESTION_CHARACTERS = 2_000

_OPENS, _CLOSES = '["“„«»”]', '["“”«»]'
_QUOTE = rf'{_OPENS}(?!\s)([^"“”„«»]*\w[^"“”„«»]*){_CLOSES}'
PHRASE = re.compile(rf"(?<!\w){_QUOTE}")  # an inch sign after a number opens no quotation
# A minus at the start of a word, but not before a digit, where it may be the sign of a negative number. Replace a match
# with a line break, so that the words around it do not become neighbours.
EXCLUDED = re.compile(rf"(?<!\S)-(?:{_QUOTE}|([^\W\d_][\w'’-]*))")
WORD = re.compile(r"[^\W\d_]+")


def query_of(question: str) -> Query:
    """The Query for a question, without surrounding white space. Raises QuestionError if it cannot be asked."""
    question = question.strip()
    if not question:
        raise QuestionError("The question is empty: type what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question is {len(question):,} characters long: shorten it to {MAX_QUESTION_CHARACTERS:,}."
        )
    if not any(map(str.isalnum, question)):
        raise QuestionError("The question contains no words: type what you want to know.")
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("The question contains characters that are not valid text: type it in UTF-8.")
    return parse(question)


def parse(question: str) -> Query:
    """The Query for a question, with its words as they were typed.

    A passage must contain `"exact words"` (in any usual quotation marks) and must not contain `-word` or
    `-"some words"`; filters (`in:reports`) say which articles are asked. Raises QuestionError if the question consists
    of exclusions or filters only, or if the value of a filter is invalid.
    """
    question, scope = read_filters(question)
    if scope and not any(map(str.isalnum, question)):
        raise QuestionError("The question only says where to look: add what you want to know.")
    excluded, text = [], question
    while found := [_words(match) for match in EXCLUDED.finditer(text)]:  # again for one right after another
        excluded += found
        text = " ".join(EXCLUDED.sub("\n", text).split())
    if excluded and not any(map(str.isalnum, text)):
        raise QuestionError("The question only excludes words: add what you want to know.")
    phrases = [_words(match) for match in PHRASE.finditer(text)]
    return Query(text, tuple(dict.fromkeys(phrases)), tuple(dict.fromkeys(excluded)), scope=scope)


def literal(question: str, words: tuple[str, ...]) -> str:
    """The question with the given words put in quotation marks, so that they are searched for exactly as typed."""
    kept = [match.span() for match in (*PHRASE.finditer(question), *filters_in(question))]

    def quote(match: re.Match[str]) -> str:
        is_kept = any(start <= match.start() < end for start, end in kept)
        return f'"{match[0]}"' if match[0] in words and not is_kept else match[0]

    return WORD.sub(quote, question)


def _words(match: re.Match[str]) -> str:
    return " ".join(next(group for group in match.groups() if group).split())
