"""Finds the passages that a claim may be taken from, by its words and by its meaning."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property

from ..ask.search import IsGone, rank
from ..index.generation import OpenGeneration
from ..index.protocols import Embedding, Query
from ..index.scope import EVERYTHING, Scope
from ..text.document import Document, Span
from ..text.passage import Passage
from ..text.sentences import sentence_spans
from .words import Words, words_of

PASSAGES = 10  # that a claim is compared with
_AROUND = 1_500  # characters on either side of a passage: a quotation may go on beyond it
_MOST_PHRASE = 60  # words of a claim that are searched for as they stand


@dataclass(frozen=True)
class Region:
    """A passage with what stands around it in its article: the words that a claim is compared with."""

    passage: Passage
    document: Document
    span: Span

    @cached_property
    def words(self) -> Words:
        return words_of(self.document.text, self.span)

    @cached_property
    def lower(self) -> Set[str]:
        """The words that are no names here although they may have a capital: where a sentence begins with them."""
        words = self.words
        lower = {form for form in words.forms if form.islower()}
        first = {words.folded[number] for number, form in enumerate(words.forms) if form[0].isupper()}
        proper = {
            words.folded[number]
            for number, form in enumerate(words.forms)
            if form[0].isupper() and not words.begins(number)
        }
        return lower | (first - proper)

    def sentences(self, span: Span) -> tuple[Span, Span | None]:
        """The sentence or sentences in which a span lies, as one span, and the sentence after them."""
        found = sentence_spans(self.document.text, self.span, self.document.language)
        inside = [each for each in found if each.start < span.end and span.start < each.end]
        following = next((each for each in found if each.start >= span.end and each not in inside), None)
        if not inside:
            return span, following
        return Span(min(span.start, inside[0].start), max(span.end, inside[-1].end)), following


class Candidates:
    """Looks up regions of one generation, each of which is read once. Not to be used from several threads."""

    def __init__(self, generation: OpenGeneration, scope: Scope = EVERYTHING, is_gone: IsGone | None = None) -> None:
        self._generation = generation
        self._scope = scope
        self._is_gone: IsGone = is_gone or (lambda _: False)
        self._documents: dict[str, Document | None] = {}
        self._regions: dict[tuple[str, Span], Region] = {}

    def near(self, words: Words, embedding: Embedding) -> list[Region]:
        """The regions that resemble a claim most, the best first. Raises QuestionError if no article is in scope."""
        return self._ranked(Query(" ".join(words.forms), scope=self._scope), embedding)

    def with_phrase(self, words: Words, embedding: Embedding) -> list[Region]:
        """The regions whose passage has the words of a claim in a row, of a long one those that it begins with."""
        phrase = " ".join(words.slice(0, _MOST_PHRASE).forms)
        return self._ranked(Query(phrase, (phrase,), scope=self._scope), embedding)

    def _ranked(self, query: Query, embedding: Embedding) -> list[Region]:
        ranking = rank(self._generation, query, embedding, PASSAGES, is_gone=self._is_gone)
        regions = (self._region(hit.passage) for hit in ranking.hits)
        return [region for region in regions if region is not None]

    def _region(self, passage: Passage) -> Region | None:
        key = passage.document, passage.span
        if key not in self._regions:
            document = self._document(passage.document)
            if document is None:
                return None
            span = Span(max(0, passage.span.start - _AROUND), min(len(document.text), passage.span.end + _AROUND))
            self._regions[key] = Region(passage, document, _at_words(document.text, span))
        return self._regions[key]

    def _document(self, path: str) -> Document | None:
        if path not in self._documents:
            if len(self._documents) >= _MOST_DOCUMENTS:
                self._documents.clear()
                self._regions.clear()
            self._documents[path] = self._generation.document(path)
        return self._documents[path]


_MOST_DOCUMENTS = 100  # whose text is kept


def _at_words(text: str, span: Span) -> Span:
    """A span that does not begin or end within a word."""
    start, end = span.start, span.end
    while 0 < start < span.end and not text[start - 1].isspace():
        start += 1
    while end < len(text) and end > start and not text[end].isspace():
        end -= 1
    return Span(start, end)
