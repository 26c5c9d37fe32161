"""Passages → the statements in them: sentences, rows and lines that give a value, as words that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import lru_cache

from ..ask.units import Unit, units_of
from ..check.values import ValueKind, kind_of, name_key, number_key
from ..check.words import Words, words_of
from ..text.document import Span
from ..text.kin import root
from ..text.passage import Passage
from ..text.terms import analyze, is_function_word

FEWEST_WORDS, MOST_WORDS = 4, 60
_FEWEST_TERMS = 2
_BEFORE, _AFTER = "$€£¥₹", "%‰€£°"


@dataclass(frozen=True, slots=True)
class Value:
    """A word that is a value: its number among the words of a statement, its kind, and its form for comparison."""

    at: int
    kind: ValueKind
    key: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, row or line that gives at least one value.

    `passage` is the number of its passage. `words` are those that a reader sees, of a row under the names of its
    columns; `values` some of them, in order, and `terms` the roots of those that say what it is about.
    """

    passage: int
    unit: Unit
    words: Words
    values: tuple[Value, ...]
    terms: frozenset[str]

    @property
    def document(self) -> str:
        return self.unit.passage.document

    @property
    def text(self) -> str:
        """What was compared, in one line."""
        return " ".join(self.words.text.split())

    def value_span(self, at: tuple[int, int]) -> Span:
        """Where the words from one number up to another are, with the sign of a currency or of per cent."""
        span, text = self.words.slice(*at).span, self.words.text
        start = span.start - (span.start > 0 and text[span.start - 1] in _BEFORE)
        end = span.end + (span.end < len(text) and text[span.end] in _AFTER)
        return Span(start, end)

    def value(self, at: tuple[int, int]) -> str:
        """These words as they are written."""
        return self.value_span(at).of(self.words.text)

    def value_in_article(self, at: tuple[int, int]) -> Span | None:
        """Where these words are in the text of the article; None if they are more than one cell of a row."""
        span, row, start = self.value_span(at), self.unit.row, self.unit.sentence.start
        if row is not None:
            cell = row.cell_at(span.start)
            if cell is None or span.end > cell.shown.end:
                return None
            start = self.unit.span.start + cell.span.start - cell.shown.start
        return Span(start + span.start, start + span.end)


def statements_of(number: int, passage: Passage) -> Iterator[Statement]:
    """The statements of the passage with this number."""
    lower = lower_words(passage)
    for unit in units_of(number, passage):
        made = _statement(number, unit, lower)
        if made is not None:
            yield made


def _statement(number: int, unit: Unit, lower: Set[str]) -> Statement | None:
    row = unit.row
    words = words_of(row.text if row is not None else unit.visible_sentence)
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or words.text.rstrip().endswith(("?", ":")):
        return None
    kinds = [kind_of(words, place, lower) for place in range(len(words))]
    values = tuple(
        Value(place, kind, number_key(folded) if kind == "number" else name_key(folded))
        for place, (kind, folded) in enumerate(zip(kinds, words.folded, strict=True))
        if kind is not None and not (kind == "name" and (len(folded) == 1 or words.begins(place)))
    )
    terms = frozenset(
        term
        for kind, folded in zip(kinds, words.folded, strict=True)
        if kind not in ("number", "date") and (term := term_of(folded, unit.passage.language))
    )
    return Statement(number, unit, words, values, terms) if values and len(terms) >= _FEWEST_TERMS else None


def lower_words(passage: Passage) -> Set[str]:
    """The words that stand in lower case in a passage, and so are no names where they have a capital."""
    words = words_of(passage.text)
    return {form for form in words.forms if form.islower()}


@lru_cache(maxsize=200_000)
def term_of(folded: str, language: str) -> str:
    """The root of a word; empty if it says nothing of what a sentence is about."""
    terms = analyze(folded.removesuffix("'s"), language)
    if not terms or is_function_word(folded) or not any(map(str.isalnum, folded)):
        return ""
    return root(terms[0]) if language in ("en", "") else terms[0]
