"""A question + the conversation before it → what to search for: the question, with the few words that it may lean on.

No language model: words that refer back and how much a question says by itself decide what is tried; whether it counts
is told by the index (see `leaning`). It knows nothing about indexes; what it needs of them is passed in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..errors import QuestionError
from ..index.protocols import Query
from ..text.document import Span
from ..text.query_term import QueryTerm
from .leaning import Reading
from .query import EXCLUDED

Speaker = Literal["user", "agent"]
Terms = Callable[[str], tuple[QueryTerm, ...]]

MOST_TURNS = 200
MOST_CHARACTERS = 100_000
# How much of a conversation is looked at: its last turns, and of each the beginning.
_TURNS, _CHARACTERS = 40, 600
_MOST_WORDS = 6
_FADING = 0.7  # of a word's weight, with each question since
_NAMED = 1.4  # what a name counts beside another word
# Words of answers are carried, too, to questions that say less by themselves than this (see `richness`).
_POOR, _ANSWERS = 1.3, 0.5
# A question that says this much and does not refer back begins a topic of its own; one that says so much is not even
# looked at with what was before it.
_BEGINS, _STANDS = 1.5, 2.5

# English words that refer to what was said, where they do: a pronoun that follows a verb or begins the question, or
# that no name precedes; a demonstrative; "there" as a place; questions that are only begun ("And in Russia?").
_PRONOUN = r"(?:he|she|it|they|him|her|his|hers|its|their|theirs|them)\b"
_VERB = r"\b(?:did|do|does|was|were|is|are|has|have|had|can|could|will|would|should|may|might|must)(?:n['’]t)?"
_REFERENCES = re.compile(
    rf"{_VERB}\s+{_PRONOUN}"
    rf"|^\W*(?:(?:and|but|so|or|also)\W+)?{_PRONOUN}"
    r"|\b(?:this|these|those(?!\s+(?:who|that|which|with|of))|ones)\b"
    r"|\b(?:of|in|at|on|for|to|from|with|by|about|is|was|are|does|did|do|after|before|like|than|why|how|what|and|since"
    r"|until)\s+that\b|\bthat\W*$"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )(?<!\bbeen )\bthere\b"
    r"|\b(?:the|which|that|this|first|second|third|last|other|another|new|old|big|bigger|biggest) one\b"
    r"|^\W*(?:and|or|but|so|then|also|what about|how about|what else|why not|how so|how come|tell me more|more about)\b"
    r"|^\W*(?:why|when|where|who|how)\W*$",
    re.I,
)
_ANY_PRONOUN = re.compile(rf"\b{_PRONOUN}", re.I)
_YEAR = re.compile(r"\d{4}")
_NAME = re.compile(r"(?<=\s)[A-Z][\w-]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a conversation: where it stands, and what carrying it is worth."""

    turn: int
    span: Span
    weight: float


def turns(data: object) -> tuple[Turn, ...]:
    """The turns of parsed JSON, a list of `{"speaker": "user" | "agent", "text"}`. Raises QuestionError."""
    form = 'give a list of {"speaker": "user" or "agent", "text": …}.'
    limits = f"at most its last {MOST_TURNS} turns and {MOST_CHARACTERS:,} characters"
    if not isinstance(data, list):
        raise QuestionError(f"The conversation is no list: {form}")
    found = []
    for number, item in enumerate(data, start=1):
        speaker, text = (item.get("speaker"), item.get("text")) if isinstance(item, dict) else (None, None)
        if speaker not in ("user", "agent") or not isinstance(text, str):
            raise QuestionError(f"Turn {number} of the conversation is not understood: {form}")
        found.append(Turn(speaker, text))
    if len(found) > MOST_TURNS or sum(len(turn.text) for turn in found) > MOST_CHARACTERS:
        raise QuestionError(f"The conversation is too long: give {limits}.")
    return tuple(found)


def read(question: Query, history: Sequence[Turn], terms: Terms, passages: int, without: Sequence[str] = ()) -> Reading:
    """What a question may be carried on with from its conversation, oldest turn first.

    `terms` gives the words of a text that say what it is about, weighed among so many `passages`; `without` are
    carried words that a person dropped.
    """
    if not history:
        return Reading(question)
    own, rarest = terms(question.text), math.log(1 + (passages + 0.5) / 0.5)
    rich, refers = richness(own, rarest), refers_back(question.text)
    if rich >= _STANDS and not refers:
        return Reading(question)
    texts = [_clean(turn) for turn in history[-_TURNS:]]
    words = _salient([turn.speaker for turn in history[-_TURNS:]], texts, terms, rarest, _ANSWERS * (rich < _POOR))
    known = {form for term in own for form in term.forms}
    best = sorted((item for item in words.items() if known.isdisjoint(item[0])), key=lambda item: -item[1].weight)
    dropped = {text.casefold() for text in without}
    carried = [
        text for text in _phrases([word for _, word in best[:_MOST_WORDS]], texts) if text.casefold() not in dropped
    ]
    if not carried:
        return Reading(question)
    return Reading(question, tuple(carried), refers, rich)


def refers_back(question: str) -> bool:
    """Whether an English question has a word for something that was said before it."""
    if _REFERENCES.search(question):
        return True
    pronoun = _ANY_PRONOUN.search(question)
    return pronoun is not None and not _NAME.search(question[: pronoun.start()])


def richness(terms: Sequence[QueryTerm], rarest: float) -> float:
    """How much a question says: the weights of its words, in words that no passage holds (weight `rarest`)."""
    return sum(term.weight for term in terms if not term.says_little) / rarest


def _salient(
    speakers: Sequence[Speaker], texts: Sequence[str], terms: Terms, rarest: float, answers: float
) -> dict[frozenset[str], _Word]:
    """What a conversation is about at its end, by the forms of a word; `answers` is what the agent's words count.

    A question that stands by itself begins anew: what was asked before it is forgotten.
    """
    words: dict[frozenset[str], _Word] = {}
    for number, (speaker, text) in enumerate(zip(speakers, texts, strict=True)):
        counts = 1.0 if speaker == "user" else answers
        if not counts:
            continue
        said = [term for term in terms(text) if not term.says_little]
        if speaker == "user":
            stands = richness(said, rarest) >= _BEGINS and not refers_back(text)
            kept = () if stands else words.items()
            words = {forms: _Word(word.turn, word.span, _FADING * word.weight) for forms, word in kept}
        for term in said:
            span = _place(term.word, text)
            if span is None or not (_YEAR.fullmatch(term.word) or any(map(str.isalpha, term.word))):
                continue
            weight = counts * term.weight * (_NAMED if span.start and term.word[0].isupper() else 1.0)
            if term.forms not in words or weight > words[term.forms].weight:
                words[term.forms] = _Word(number, span, weight)
    return words


def _clean(turn: Turn) -> str:
    """The turn's text as its words are found in it: composed, without what is no character or was to be left out."""
    text = turn.text[:_CHARACTERS]
    text = EXCLUDED.sub("\n", text) if turn.speaker == "user" else text
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def _place(word: str, text: str) -> Span | None:
    """Where a word stands first; where a script has no spaces it is a part of a longer one."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) or re.search(re.escape(word), text)
    return Span(*found.span()) if found else None


def _phrases(words: Sequence[_Word], texts: Sequence[str]) -> list[str]:
    """The words as they stand in the conversation, in order, neighbours together: "Nikola Tesla"."""
    ordered = sorted(words, key=lambda word: (word.turn, word.span.start))
    spans: list[tuple[int, Span]] = [(word.turn, word.span) for word in ordered[:1]]
    for before, word in pairwise(ordered):
        turn, last = spans[-1]
        alike = last.of(texts[turn])[0].isupper() == word.span.of(texts[word.turn])[0].isupper()
        if before.turn == word.turn and alike and not texts[turn][last.end : word.span.start].strip(" -'’"):
            spans[-1] = (turn, Span(last.start, max(last.end, word.span.end)))
        else:
            spans.append((word.turn, word.span))
    return list(dict.fromkeys(span.of(texts[turn]) for turn, span in spans))
