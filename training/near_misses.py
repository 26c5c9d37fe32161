"""Generates near-misses: questions with a changed name, date, number or word, and passages without their answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

from qa.text.document import Span
from qa.text.terms import is_function_word

from .data import fold

_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
# Without the ending of a genitive, which is kept when a name is replaced.
_PROPER = r"[A-Z](?:[\w-]|['’](?!s\b)(?=\w))+"
_NAME = re.compile(rf"\b{_PROPER}(?: (?:of |the |de |von )?{_PROPER})*")
KINDS = {"year": _YEAR, "number": _NUMBER, "name": _NAME}
# Words whose opposite changes the meaning of a question.
_PAIRS = (
    "first last", "oldest youngest", "older younger", "largest smallest", "larger smaller", "biggest tiniest",
    "highest lowest", "higher lower", "best worst", "most least", "more fewer", "before after", "north south",
    "northern southern", "east west", "eastern western", "begin end", "began ended", "start stop",
    "started stopped", "increase decrease", "increased decreased", "won lost", "win lose", "minimum maximum",
    "early late", "earliest latest", "always never", "left right", "inside outside", "above below", "day night",
    "summer winter", "buy sell", "bought sold", "brother sister", "mother father", "son daughter", "king queen",
    "prince princess", "husband wife", "man woman", "boy girl", "old young", "good bad", "like hate", "male female",
    "public private", "allow forbid", "arrive leave", "strong weak", "rich poor", "open close", "true false",
    "import export", "major minor", "internal external", "positive negative", "rising falling", "gain lose",
    "accept reject", "support oppose", "up down", "long short",
)  # fmt: skip
OPPOSITES = {a: b for pair in _PAIRS for a, b in (pair.split(), pair.split()[::-1])}
_NEGATED = {
    "did": "did not", "does": "does not", "do": "do not", "was": "was not", "were": "were not", "is": "is not",
    "are": "are not", "can": "cannot", "could": "could not", "would": "would not", "has": "has not", "had": "had not",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+")
_TOKEN = re.compile(r"\w+")


def pieces(texts: Iterable[str]) -> dict[str, list[str]]:
    """The names, years and numbers in some texts, by kind, in alphabetical order."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for text in texts:
        for kind, match in _pieces(text):
            found[kind].add(match.group())
    return {kind: sorted(values) for kind, values in found.items()}


def changed_question(question: str, others: dict[str, list[str]], passage: str, draw: random.Random) -> str | None:
    """The question with one piece replaced, so that its passage should no longer answer it; None if it has no piece.

    A name, year or number is replaced by another of its kind from `others` that is not in the question; a word by its
    opposite, unless that is in the passage; one in eight of the rest is negated.
    """
    ways: list[tuple[Span, str]] = []
    for kind, match in _pieces(question):
        choice = [other for other in draw.sample(others[kind], min(4, len(others[kind]))) if other not in question]
        if choice:
            ways.append((Span(*match.span()), choice[0]))
    known = set(_WORD.findall(passage.lower()))
    for match in _WORD.finditer(question):
        opposite = OPPOSITES.get(match.group().lower())
        if opposite and opposite not in known:
            ways.append((Span(*match.span()), opposite))
    if not ways and draw.random() < 0.125:
        ways = [(Span(*m.span()), _NEGATED[m.group()]) for m in _WORD.finditer(question) if m.group() in _NEGATED][:1]
    if not ways:
        return None
    span, new = draw.choice(ways)
    return question[: span.start] + new + question[span.end :]


_PLACES = ("{0} ({1})?", "{0} in {1}?", "in {1}, {0}?", "{1}: {0}?", "{1} {0}", "according to {1}, {0}?", "{0} {1}")


def naming(question: str, title: str, other: str, draw: random.Random) -> str | None:
    """The question with words of its article's title that the title of the other article lacks; None if there are none.

    Those are the whole title, or one to three consecutive words of it, of which one at least is in it alone.
    """
    known = set(_TOKEN.findall(other.lower()))
    words = title.replace(" > ", " ").split()
    alone = []
    for number, word in enumerate(words):
        tokens = _TOKEN.findall(word.lower())
        if not known.issuperset(tokens) and not all(map(is_function_word, tokens)):
            alone.append(number)
    if not alone:
        return None
    named = title
    if draw.random() < 0.6:
        at = draw.choice(alone)
        first = max(0, at - draw.randrange(2))
        named = " ".join(words[first : at + 1 + draw.randrange(2)]).strip(",.:;()")
    return draw.choice(_PLACES).format(question.rstrip("? "), named)


def without_answer(text: str, sentences: Sequence[Span], answers: Iterable[str]) -> tuple[Span, ...]:
    """The sentences without any of the answers; empty if all or none contain one, so that nothing can be removed."""
    wanted = [fold(answer) for answer in answers if answer.strip()]
    kept = tuple(span for span in sentences if not any(answer in fold(span.of(text)) for answer in wanted))
    return kept if len(kept) < len(sentences) else ()


def _pieces(text: str) -> Iterable[tuple[str, re.Match[str]]]:
    """Each name, year and number; the first word of the text is not taken for a name."""
    years = {match.span() for match in _YEAR.finditer(text)}
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(text):
            if (kind == "number" and match.span() in years) or (kind == "name" and match.start() == 0):
                continue
            if kind == "name" and is_function_word(match.group().lower()):
                continue  # the first word of a sentence
            yield kind, match
