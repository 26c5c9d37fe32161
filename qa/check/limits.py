"""Finds what limits a quotation in its article and was not quoted: a condition, an exception, a negation beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..text.document import Span
from ..text.limiting import limits

# What takes back or restricts what was said before it, in the rest of the sentence.
_RESTRICTS = (
    r"but(?! also\b| not limited\b)|unless|except(?:ing|s)?|with the exception|excluding|exclusive of|"
    r"only (?:if|when|where|after|with)|"
    r"provid(?:ed|ing)(?: that)?|subject to|other than|apart from|save (?:for|that|where|as)|as long as|so long as|"
    r"on (?:the )?condition|although|though|however|if|until|to the extent|insofar|in so far|notwithstanding|barring|"
    r"in the absence of|not (?:including|for|when|if|where|applicable)|without"
)
_AFTER = re.compile(rf"\b(?:{_RESTRICTS})\b", re.I)
_FIRST = re.compile(r"\w+(?:['’]\w+)?")
# What says, before the quoted words, that they hold only sometimes, or not at all.
_BEFORE = re.compile(
    r"\b(?:unless|except|if|only|not|never|no|nor|nobody|no one|without|provided|subject to|although|though|"
    r"den(?:y|ies|ied)|false|untrue|incorrect(?:ly)?|wrongly|allegedly|supposedly|doubts?|doubtful|unlikely|"
    r"until|whether|contrary to|instead of|rather than)\b|n['’]t\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Words of an article that limit a quotation beside which they stand; the span is in the article's text."""

    where: Literal["before", "within", "after"]
    word: str
    span: Span
    text: str


def after(text: str, end: int, sentence: Span, following: Span | None, language: str = "") -> Limit | None:
    """What limits words that end at `end` in a sentence: the rest of it, or the sentence `following` it."""
    rest = Span(end, sentence.end)
    found = _AFTER.search(text, rest.start, rest.end)
    if found is not None:
        return _limit("after", found[0], Span(found.start(), sentence.end), text)
    if following is not None and re.search(r"\w", rest.of(text)) is None:
        first = _FIRST.search(text, following.start, following.end)
        if first is not None and limits(following.of(text), sentence.of(text), language or "en"):
            return _limit("after", first[0], following, text)
    return None


def before(text: str, start: int, sentence: Span) -> Limit | None:
    """What limits words that begin at `start`, in the part of their sentence before them."""
    nearest = max(_BEFORE.finditer(text, sentence.start, start), key=lambda found: found.start(), default=None)
    return None if nearest is None else _limit("before", nearest[0], Span(nearest.start(), start), text)


def within(text: str, left_out: Span) -> Limit | None:
    """What limits a quotation among the words that it leaves out."""
    found = _AFTER.search(text, left_out.start, left_out.end) or _BEFORE.search(text, left_out.start, left_out.end)
    return None if found is None else _limit("within", found[0], left_out, text)


def _limit(where: Literal["before", "within", "after"], word: str, span: Span, text: str) -> Limit:
    kept = span.trimmed(text)
    return Limit(where, word.lower(), kept, kept.of(text))
