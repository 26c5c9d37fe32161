"""Reads the filters that are typed in a question, such as `in:reports after:2023`, into a Scope."""

from __future__ import annotations

import re

from ..errors import QuestionError
from ..index.scope import DATES, EVERYTHING, LISTS, Scope

# A filter is one of a few words, a colon and, without a space, its value, in quotes if it has spaces. Inside quoted
# words there is none, `file:///…` is an address, and an escaped or bare colon ("in: x", "C:\") belongs to the text.
_WORD = "|".join((*LISTS, *DATES))
_VALUE = r'["“”„«»](?P<quoted>[^"“”„«»]+)["“”«»]|(?!//)(?P<bare>[^\s"“”„«»]+)'
_FILTER = re.compile(rf"(?<!\S)(?P<minus>-?)(?P<word>{_WORD}):(?:{_VALUE})", re.I)
_QUOTED = re.compile(r'(?<!\w)["“„«»”][^"“”„«»]*["“”«»]')
_ENDS = "?!.,;"  # signs that end a sentence, not a value


def filters_in(question: str) -> list[re.Match[str]]:
    """The filters of a question; none inside quoted words."""
    found, at = [], 0
    while (match := _FILTER.search(question, at)) is not None:
        quoted = _QUOTED.search(question, at)
        if quoted is not None and quoted.start() < match.start():
            at = quoted.end()
        else:
            at = match.end()
            if _value(match):
                found.append(match)
    return found


def read_filters(question: str) -> tuple[str, Scope]:
    """The question without its filters, and their Scope. Raises QuestionError if a value is invalid."""
    found = filters_in(question)
    if not found:
        return question, EVERYTHING
    dates: dict[str, str] = {}
    lists: tuple[dict[str, list[str]], dict[str, list[str]]] = {}, {}
    for match in found:
        word = match["word"].lower()
        if word in LISTS:
            lists[bool(match["minus"])].setdefault(word, []).append(_value(match))
        elif match["minus"]:
            raise QuestionError(f"“{match[0]}” cannot leave out a time: use before:, after:, since: or until: instead.")
        else:
            dates[word] = _value(match)
    left_out = {"not": lists[True]} if lists[True] else {}
    return without_filters(question), Scope.from_json({**lists[False], **dates, **left_out})


def without_filters(text: str) -> str:
    """The text without its filters, on one line if it has any."""
    found = filters_in(text)
    if not found:
        return text
    ends = [0, *(match.end() - len(_rest(match)) for match in found)]
    starts = [*(match.start() for match in found), len(text)]
    return " ".join("\n".join(text[end:start] for end, start in zip(ends, starts, strict=True)).split())


def _value(match: re.Match[str]) -> str:
    return (match["quoted"] or match["bare"].rstrip(_ENDS)).strip()


def _rest(match: re.Match[str]) -> str:
    """The signs after a value, which stay in the text."""
    return "" if match["quoted"] else match["bare"][len(match["bare"].rstrip(_ENDS)) :]
