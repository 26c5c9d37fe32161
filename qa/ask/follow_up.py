"""Chooses the words that a follow-up question may carry from its conversation.

There is no language model: words that refer back, and how much the question says by itself, decide what may be carried.
Whether the carried words count is decided after the search (see `leaning`).
"""

from __future__ import annotations

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
from ..text.terms import inverse_frequency
from .filters import without_filters
from .leaning import FollowUp
from .prose import is_name, prose, whole
from .query import EXCLUDED

Speaker = Literal["user", "agent"]
Terms = Callable[[str], tuple[QueryTerm, ...]]

MAX_TURNS = 200
MAX_CHARACTERS = 100_000
# The part of a conversation that is considered: its last turns, and the first characters of each.
_TURNS, _CHARACTERS = 40, 600
_MAX_WORDS = 6
_DECAY = 0.7  # of a word's weight, for each later question
_NAME_WEIGHT = 1.4  # relative to other words
# Questions with less richness than this also carry words from answers, at this weight (see `richness`).
_POOR, _ANSWER_WEIGHT = 1.3, 0.5
# From this richness on, a question that does not refer back starts a new topic for the questions after it; from the
# higher one on, it carries nothing itself.
_NEW_TOPIC, _SELF_CONTAINED = 1.5, 2.5

# English words that refer to an earlier turn: a pronoun after a verb, at the start of the question or without a name
# before it; a demonstrative; "there" as a place; and elliptical questions ("And in Russia?").
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
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how)\b\s+\w|^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could"
    r"|will|would|should|may|might|must|tell|explain|describe|list|name|show|give|compare)\b\s+\w",
    re.I,
)
# What asks no more than a part of a question: "How much for adults?", "In which year?", "What happened next?"
_PREPOSITION = r"(?:in|at|on|for|by|from|since|until|to|with|of|per|without|before|after)"
_FRAGMENT = re.compile(
    r"^\W*(?:who|when|where|why|how(?: (?:many|much|long|far|often|old|high|big|late|early|soon))?)"
    rf"\s+(?:{_PREPOSITION}(?:\s+[\w-]+){{1,2}}|exactly|precisely|roughly|else|more)\W*$"
    rf"|^\W*(?:{_PREPOSITION}\s+)?(?:who|whom|which|what)\s+[\w-]+\W*$|\b(?:then|next|afterwards|instead|otherwise)\W*$",
    re.I,
)
_ANY_PRONOUN = re.compile(rf"\b{_PRONOUN}", re.I)
_YEAR = re.compile(r"\d{4}")
_NAME = re.compile(r"(?<=\s)[A-Z][\w-]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a conversation: its place, and how useful it is to carry."""

    turn: int
    span: Span
    weight: float


def turns(data: object) -> tuple[Turn, ...]:
    """The turns in parsed JSON: a list of `{"speaker": "user" | "agent", "text"}`. Raises QuestionError."""
    form = 'give a list of {"speaker": "user" or "agent", "text": …}.'
    limits = f"at most its last {MAX_TURNS} turns and {MAX_CHARACTERS:,} characters"
    if not isinstance(data, list):
        raise QuestionError(f"The conversation is not a list: {form}")
    parsed = []
    for number, item in enumerate(data, start=1):
        speaker, text = (item.get("speaker"), item.get("text")) if isinstance(item, dict) else (None, None)
        if speaker not in ("user", "agent") or not isinstance(text, str):
            raise QuestionError(f"Turn {number} of the conversation is not valid: {form}")
        parsed.append(Turn(speaker, text))
    if len(parsed) > MAX_TURNS or sum(len(turn.text) for turn in parsed) > MAX_CHARACTERS:
        raise QuestionError(f"The conversation is too long: give {limits}.")
    return tuple(parsed)


def follow_up_of(
    question: Query, history: Sequence[Turn], terms: Terms, passages: int, without: Sequence[str] = ()
) -> FollowUp:
    """The question with the words that it may carry from its conversation (`history`, oldest turn first).

    `terms` returns the content words of a text with their weights in an index of that many `passages`. `without` lists
    carried words that the user has removed.
    """
    if not history:
        return FollowUp(question)
    own, max_weight = terms(question.text), inverse_frequency(0, passages)
    rich, refers = richness(own, max_weight), refers_back(question.text)
    if not refers and (rich >= _SELF_CONTAINED or _is_foreign(own, max_weight)):
        return FollowUp(question)
    texts = [_clean(turn) for turn in history[-_TURNS:]]
    speakers = [turn.speaker for turn in history[-_TURNS:]]
    words = _salient(speakers, texts, terms, max_weight, _ANSWER_WEIGHT if rich < _POOR else 0.0)
    own_forms = {form for term in own for form in term.forms}
    best = sorted((item for item in words.items() if own_forms.isdisjoint(item[0])), key=lambda item: -item[1].weight)
    removed = {text.casefold() for text in without}
    phrases = _phrases([word for _, word in best[:_MAX_WORDS]], texts)
    carried = tuple(phrase for phrase in phrases if phrase.casefold() not in removed)
    return FollowUp(question, carried, refers, rich) if carried else FollowUp(question)


def _is_foreign(own: Sequence[QueryTerm], max_weight: float) -> bool:
    """Whether no passage contains any content word of a question: it is about something else."""
    content = [term for term in own if not term.says_little]
    return bool(content) and all(term.weight >= max_weight for term in content)


def refers_back(question: str) -> bool:
    """Whether an English question refers to an earlier turn."""
    if _REFERENCES.search(question):
        return True
    pronoun = _ANY_PRONOUN.search(question)
    return pronoun is not None and not _NAME.search(question[: pronoun.start()])


def stands_alone(question: str) -> bool:
    """Whether an English question is complete: it asks something, and nothing in it refers to an earlier turn.

    A bare noun phrase ("the cellar room?") or a part of a question ("How much for adults?") repeats what was asked
    before, of something else.
    """
    return bool(_ASKS.search(question)) and not refers_back(question) and not _FRAGMENT.search(question)


def names_only(question: str) -> bool:
    """Whether an English question names something and asks nothing of it, like a heading ("the cellar room?")."""
    return not (_ASKS.search(question) or refers_back(question) or _FRAGMENT.search(question))


def richness(terms: Sequence[QueryTerm], max_weight: float) -> float:
    """How much a question says by itself: the total weight of its content words, in units of `max_weight`.

    `max_weight` is the weight of a word that no passage contains.
    """
    return sum(term.weight for term in terms if not term.says_little) / max_weight


def _salient(
    speakers: Sequence[Speaker], texts: Sequence[str], terms: Terms, max_weight: float, answer_weight: float
) -> dict[frozenset[str], _Word]:
    """What a conversation is about at its end: the best occurrence of each content word, by the forms of the word.

    The agent's words are weighted by `answer_weight`. A question that starts a new topic drops all words before it.
    """
    words: dict[frozenset[str], _Word] = {}
    for number, (speaker, text) in enumerate(zip(speakers, texts, strict=True)):
        factor = 1.0 if speaker == "user" else answer_weight
        if not factor:
            continue
        content = [term for term in terms(text) if not term.says_little]
        if speaker == "user":
            new_topic = richness(content, max_weight) >= _NEW_TOPIC and not refers_back(text)
            earlier = () if new_topic else words.items()
            words = {forms: _Word(word.turn, word.span, _DECAY * word.weight) for forms, word in earlier}
        for term in content:
            if term.weight >= max_weight:
                continue  # no passage contains it: it can find nothing, and would only blur the question that it joins
            span = _place(term.word, text)
            span = whole(span, text) if span is not None else None
            if span is not None and speaker == "agent" and not is_name(span, text):
                continue
            if span is None or not (_YEAR.fullmatch(term.word) or any(map(str.isalpha, term.word))):
                continue
            weight = factor * term.weight * (_NAME_WEIGHT if span.start and term.word[0].isupper() else 1.0)
            if term.forms not in words or weight > words[term.forms].weight:
                words[term.forms] = _Word(number, span, weight)
    return words


def _clean(turn: Turn) -> str:
    """The text of a turn, normalised (NFC), without invalid characters.

    It is that of a question without exclusions and filters, or that of an answer without code and markup.
    """
    text = turn.text[:_CHARACTERS]
    text = EXCLUDED.sub("\n", without_filters(text)) if turn.speaker == "user" else prose(text)
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def _place(word: str, text: str) -> Span | None:
    """The first place of a word in a text; inside a longer word only if there is no other (scripts without spaces)."""
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) or re.search(re.escape(word), text)
    return Span(*match.span()) if match else None


def _phrases(words: Sequence[_Word], texts: Sequence[str]) -> list[str]:
    """The words as written in the conversation, in order; neighbours form one phrase, such as "Nikola Tesla"."""
    ordered = sorted(words, key=lambda word: (word.turn, word.span.start))
    spans: list[tuple[int, Span]] = [(word.turn, word.span) for word in ordered[:1]]
    for before, word in pairwise(ordered):
        turn, last = spans[-1]
        same_case = last.of(texts[turn])[0].isupper() == word.span.of(texts[word.turn])[0].isupper()
        if before.turn == word.turn and same_case and not texts[turn][last.end : word.span.start].strip(" -'’"):
            spans[-1] = (turn, Span(last.start, max(last.end, word.span.end)))
        else:
            spans.append((word.turn, word.span))
    return list(dict.fromkeys(span.of(texts[turn]) for turn, span in spans))
