"""Divides passages into units, which may lead an answer: sentences with the neighbours quoted with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..text.document import Span
from ..text.passage import Passage

# The most words of a unit. With 40, 60 and 80 words, the best unit contained the answer to .56, .60 and .62 of 373
# questions about real articles; the sentence alone contained it for .50 (docs/decisions.md).
MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Unit:
    """A literal part of a passage that may lead an answer.

    `hit` is the position of its passage among the hits, from 0. `sentence` is the sentence, list item, row or line that
    is judged; `span` adds its neighbours in the same paragraph, list or table, and is what gets quoted. Both are spans
    of the document.
    """

    hit: int
    passage: Passage
    sentence: Span
    span: Span

    @property
    def text(self) -> str:
        """The quoted text."""
        return _text(self.passage, self.span)

    @property
    def sentence_text(self) -> str:
        """The judged sentence."""
        return _text(self.passage, self.sentence)

    def alone(self) -> Passage:
        """The sentence as a passage of its own, under the same title and headings."""
        return replace(self.passage, span=self.sentence, text=self.sentence_text, sentences=(self.sentence,))


def units_of(hit: int, passage: Passage) -> Iterator[Unit]:
    """The units of a passage, one for each of its sentences; a passage of code is one."""
    sentences = passage.sentences or (passage.span,)
    for number, sentence in enumerate(sentences):
        yield Unit(hit, passage, sentence, _stretch(passage, sentences, number))


def _stretch(passage: Passage, sentences: tuple[Span, ...], number: int) -> Span:
    """A sentence with its neighbours in the same block and, after a colon, with what it introduces."""
    first = last = number
    while (
        last + 1 < len(sentences)
        and _continues(passage, sentences, last)
        and _fits(passage, sentences, first, last + 1)
    ):
        last += 1
    while first and _continues(passage, sentences, first - 1) and _fits(passage, sentences, first - 1, last):
        first -= 1
    if _text(passage, sentences[last]).rstrip().endswith(":"):
        while last + 1 < len(sentences) and _fits(passage, sentences, first, last + 1):
            last += 1
    return Span(sentences[first].start, sentences[last].end)


def _continues(passage: Passage, sentences: tuple[Span, ...], number: int) -> bool:
    """Whether the next sentence is in the same block: no blank line separates them."""
    return "\n\n" not in _text(passage, Span(sentences[number].end, sentences[number + 1].start))


def _fits(passage: Passage, sentences: tuple[Span, ...], first: int, last: int) -> bool:
    return len(_text(passage, Span(sentences[first].start, sentences[last].end)).split()) <= MOST_WORDS


def _text(passage: Passage, span: Span) -> str:
    return passage.text[span.start - passage.span.start : span.end - passage.span.start]
