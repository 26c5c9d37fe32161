"""Answers questions about the articles themselves from their titles, properties and dates: who wrote one, the newest.

Only a question that is worded as one and names an article, an author or a topic that there is counts as such; any other
is left to the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq, ge, gt, le, lt
from typing import Literal

import numpy as np

from ..corpus.documents import has_changed
from ..corpus.folders import Corpus
from ..corpus.heads import author_of, date_of, file_date, is_named, people_of, written
from ..corpus.records import Head
from ..corpus.works import CSL, app_address
from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..index.scope import Scope
from ..text.dates import Date, as_iso, may_be_same
from ..text.document import Span, title_from_path
from ..text.properties import AUTHORS, BETWEEN_VALUES, HEADING, INLINE_TAGS, TAGS, block_of, entry_of, other_names
from ..text.terms import analyze, contained_in, is_function_word
from ..text.web_address import web_address
from .answer import Answer, Citation, Lead
from .collection_forms import DATES, Asked, asked_date, readings_of
from .presence import GoneDocuments
from .statement import Statement

# How sure a count or a comparison of all dates is, and a property of the only article with the title that is asked for.
_CERTAIN, _NAMED = 0.99, 0.97
# The only article that mentions what it is said to be about; and what is said although some articles have no date.
_MENTIONED, _UNDATED = 0.87, 0.9
_MOST_SEARCHED = 2_000  # passages: a topic in more than these is left to the search
MOST_CITED = 10  # articles that an answer lists and cites
_SHOWN = 300  # characters of an article that is cited as a whole
_WORD = re.compile(r"[^\W_]+")
_BLOCK = 1_000  # documents whose facts are read together
_MOST_READ = (
    5_000  # documents: the facts of 202,208 took up to 36 s for a question that only looked like one about them
)
_KEYS = {
    "published": ("published", "date", "issued", "created"), "sent": ("sent", "date"),
    "posted": ("published", "date", "created"),
    "released": ("released", "published", "date"), "written": ("written", "date", "created", "published"),
    "created": ("created", "date", "written"), "updated": ("updated", "modified", "lastmod"),
}  # fmt: skip
_RECEIVERS = ("to", "cc")
_MAIL = re.compile(r"\.(?:eml|emlx|msg|mbox|mbx)(?:#\d+)?$", re.I)
# When an article must have been written, compared as exactly as the question says.
_WHEN: Mapping[str, Callable[[Date, Date], bool]] = {
    "date": eq, "before": lt, "after": gt, "since": ge, "until": le,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Said:
    """What the answer states, how sure that is, and the articles with the property that each is cited for.

    Without a statement, it is what the text of the first one has of its property.
    """

    statement: Statement | None
    confidence: float
    heads: Sequence[tuple[Head, tuple[str, ...]]]


def collection_answer(query: Query, question: str, generation: OpenGeneration, corpus: Corpus | None) -> Answer | None:
    """The answer to a question about the collection; None if it is none, or names nothing that there is."""
    readings = [] if query.phrases or query.excluded else list(readings_of(query.text))
    if not readings:
        return None
    numbers = _documents_in(query.scope, generation)
    if len(numbers) > _MOST_READ:
        return None
    collection = _Collection(numbers, generation, GoneDocuments(corpus), query.scope)
    said = next((said for said in map(collection.answer, readings) if said is not None and said.heads), None)
    if said is None:
        return None
    made = enumerate(said.heads[:MOST_CITED], 1)
    citations = [_citation(rank, head, names, generation, corpus) for rank, (head, names) in made]
    first = citations[0]
    span = first.highlights[0] if first.highlights else first.span
    literal = first.text[span.start - first.span.start : span.end - first.span.start]
    return Answer(
        question=question,
        query=str(query),
        answerable=True,
        confidence=said.confidence,
        lead=_lead(said.statement, literal, span),
        citations=tuple(citations),
        generation=generation.id,
        timings_ms={},
    )


def _documents_in(scope: Scope, generation: OpenGeneration) -> Sequence[int]:
    """The numbers of the documents of a scope."""
    selection = generation.selection(scope)
    return range(generation.manifest.documents) if selection is None else np.flatnonzero(selection.documents).tolist()


def _lead(statement: Statement | None, literal: str, span: Span) -> Lead:
    if statement is None:
        return Lead(literal, 1, span, span)
    return Lead(statement.in_english(), 1, span, span, is_stated=True, statement=statement)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The articles that a question is about, by which filters, with the properties that each is cited for.

    `undated` have no date, so that nobody knows whether they belong to them.
    """

    heads: Sequence[Head]
    filters: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    noun: Literal["article", "mail"]
    undated: int


class _Collection:
    """The documents of a scope whose files are there, and what their titles and properties say."""

    def __init__(
        self, numbers: Sequence[int], generation: OpenGeneration, is_gone: GoneDocuments, scope: Scope
    ) -> None:
        self._generation = generation
        self._scope = scope
        blocks = (numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK))
        found = (generation.heads(block) for block in blocks)
        heads = (head for each in found for _, head in sorted(each.items(), key=lambda pair: pair[0]))
        gone = generation.withdrawn()
        self._heads = [head for head in heads if head.file.path not in gone and not is_gone(head.file.path)]

    def answer(self, asked: Asked) -> _Said | None:
        """What the collection says; None if it says nothing for certain."""
        parts = asked.parts
        heads = [head for head in self._heads if not asked.of_mails or _MAIL.search(head.path)]
        if asked.kind in ("count", "list", "end"):
            chosen = self._chosen(heads, asked)
            if chosen is None:
                return None
            if asked.kind == "end":
                return self._extreme(chosen, parts["end"].lower() in ("oldest", "earliest"))
            return self._listed(chosen, asked.kind == "count")
        names = {"author": AUTHORS, "receiver": _RECEIVERS, "property": (parts.get("name", "").lower(),)}
        wanted = names.get(asked.kind) or _KEYS.get(parts.get("verb", "published").lower(), _KEYS["published"])
        if "person" in parts:
            heads = [head for head in heads if _is_by(head, parts["person"], AUTHORS)]
        if "title" in parts:
            return self._property([head for head in heads if _is_titled(head, parts["title"])], wanted, _NAMED)
        titled, mentioned = self._about(parts["topic"], heads)
        return self._property(titled or mentioned or [], wanted, _NAMED if titled else _MENTIONED)

    def _property(self, heads: Sequence[Head], names: Sequence[str], confidence: float) -> _Said | None:
        """The line of the first of these properties of the only one of these articles."""
        document = self._generation.document(heads[0].path) if len(heads) == 1 else None
        own = next((name for name in names if document is not None and entry_of(document, name) is not None), "")
        return _Said(None, confidence, [(heads[0], (own,))]) if own else None

    def _chosen(self, heads: list[Head], asked: Asked) -> _Chosen | None:
        """The articles that pass all filters, and how to name them; None if a filter says nothing for certain."""
        filters: list[tuple[str, str]] = []
        names: tuple[str, ...] = ("title",)
        undated = 0
        for kind, value in asked.filters:
            if kind == "person":
                heads, names = [head for head in heads if _is_by(head, value, AUTHORS)], AUTHORS
            elif kind == "receiver":
                heads, names = [head for head in heads if _is_by(head, value, _RECEIVERS)], _RECEIVERS
            elif kind == "tag":
                heads, names = [head for head in heads if _is_tagged(head, value)], TAGS
            elif kind in DATES:
                wanted = asked_date(value)
                dated = [(head, date) for head in heads if (date := date_of(head)) and _is_as_exact(date, wanted)]
                undated += len(heads) - len(dated)
                heads = [head for head, date in dated if _WHEN[kind](_cut(date, wanted), wanted)]
            else:
                titled, mentioned = self._about(value, heads)
                if mentioned is None and (kind == "mention" or not titled):
                    return None
                mentioned = mentioned or []
                if kind == "mention":
                    either = {head.path for head in (*titled, *mentioned)}
                    titled, mentioned = [], [head for head in heads if head.path in either]
                kind = "title" if titled else "mention"
                heads = titled or mentioned
            filters.append((kind, value))
        return _Chosen(heads, tuple(filters), names, "mail" if asked.of_mails else "article", undated)

    def _listed(self, chosen: _Chosen, is_count: bool) -> _Said | None:
        heads, filters = chosen.heads, chosen.filters
        if not heads or (is_count and filters and len(heads) > _MOST_SEARCHED):
            return None
        titles = tuple(map(_title, heads[:MOST_CITED])) if filters else ()
        statement = Statement(len(heads), chosen.noun, filters, titles, chosen.undated)
        sure = _UNDATED if chosen.undated else _CERTAIN
        return _Said(statement, sure, [(head, chosen.names) for head in heads])

    def _extreme(self, chosen: _Chosen, is_oldest: bool) -> _Said | None:
        """The newest or oldest article by property, else by name; by the times of the files if none has a date."""
        heads = chosen.heads
        dated = [(date, head) for head in heads if (date := date_of(head)) is not None]
        by_file = not dated
        if by_file:
            dated = [(file_date(head.file), head) for head in heads]
        if not dated:
            return None
        best = (min if is_oldest else max)(date for date, _ in dated)
        first = [head for date, head in dated if date == best]
        if len(first) > 1 or any(date != best and may_be_same(date, best) for date, _ in dated):
            return None  # it is not said which
        is_all = len(dated) == len(heads)
        known_by: Literal["", "files", "dates"] = "" if is_all else "dates"
        if by_file and len(dated) > 1:
            known_by = "files"
        statement = Statement(
            len(dated), chosen.noun, chosen.filters, (_title(first[0]),),
            end="oldest" if is_oldest else "newest", date=as_iso(best), known_by=known_by,
        )  # fmt: skip
        return _Said(statement, _CERTAIN if is_all and not by_file else _UNDATED, [(first[0], ("title",))])

    def _about(self, topic: str, heads: Sequence[Head]) -> tuple[list[Head], list[Head] | None]:
        """Those with all words of a topic in their titles or tags, and those whose texts contain them all.

        The latter are None if they may be too many to look at.
        """
        generation = self._generation
        terms = [term for term in generation.query_terms(topic) if not term.says_little]
        if not terms:
            return [], []
        titled = [head for head in heads if all(term.is_in(contained_in(_named(head))) for term in terms)]
        nowhere = np.zeros(int(generation.manifest.encoder["dimension"]), dtype=np.float32)
        pool = generation.search(lambda: nowhere, Query(topic, scope=self._scope), _MOST_SEARCHED)
        found = pool.ids[pool.bm25 > 0].tolist()
        if len(found) >= _MOST_SEARCHED:
            return titled, None
        words: dict[str, set[str]] = {}
        for passage in generation.passages(found):
            unlabelled = replace(passage, labels="")  # an article does not mention its author
            said = contained_in(unlabelled.mentioned, passage.language)
            words.setdefault(passage.document, set()).update(said)
        return titled, [
            head for head in heads if head.path in words and all(term.is_in(words[head.path]) for term in terms)
        ]


def _terms(text: str) -> set[str]:
    words = [word for word in _WORD.findall(text) if not is_function_word(word)]
    return set(analyze(" ".join(words)))


def _named(head: Head) -> str:
    """The title of a document, its other names and its tags, on a line each."""
    tags = (head.metadata.get(name, "") for name in ("tags", INLINE_TAGS))
    return "\n".join((head.title, *other_names(head.metadata), *tags))


def _is_titled(head: Head, asked: str) -> bool:
    """Whether a document has this title, in the same words but for function words."""
    words = _terms(asked)
    names = (_title(head), head.metadata.get("title", ""), *other_names(head.metadata))
    return bool(words) and words in map(_terms, names)


def _is_by(head: Head, asked: str, properties: Sequence[str]) -> bool:
    """Whether all words of a name are among those of the authors of a document, or of other people in it."""
    return is_named(people_of(head, properties), asked)


def _is_tagged(head: Head, asked: str) -> bool:
    """Whether a document has one tag in these words."""
    tags = (tag for name in TAGS for tag in BETWEEN_VALUES.split(head.metadata.get(name, "").casefold()))
    words = _WORD.findall(asked.casefold())
    return bool(words) and any(words == _WORD.findall(tag) for tag in tags)


def _is_as_exact(date: Date, wanted: Date) -> bool:
    return all(ours or not theirs for ours, theirs in zip(date, wanted, strict=True))


def _cut(date: Date, wanted: Date) -> Date:
    """A date without the month and day that the other lacks."""
    year, month, day = (ours if theirs else 0 for ours, theirs in zip(date, wanted, strict=True))
    return year, month, day


def _title(head: Head) -> str:
    return head.title or title_from_path(head.path)


def _citation(
    rank: int, head: Head, names: Sequence[str], generation: OpenGeneration, corpus: Corpus | None
) -> Citation:
    """The article with the first of these properties that its text has, or its title, or its beginning."""
    document = generation.document(head.path)
    text = document.text if document is not None else ""
    entries = (entry_of(document, name) for name in (*names, "title")) if document is not None else ()
    marked = next((entry for entry in entries if entry is not None), None)
    block = block_of(document) if document is not None and marked is not None else None
    if marked is None and (start := text.find(head.title) if head.title else -1) >= 0:
        marked = Span(start, start + len(head.title))
    begin = marked.start if marked is not None else 0
    line = Span(begin, min(len(text), begin + _SHOWN)).trimmed(text)
    if block is not None and (block.start > begin or len(block) > 4 * _SHOWN):
        block = None
    span = block or line
    if marked is not None and marked.end > span.end:
        marked = Span(marked.start, span.end)
    return Citation(
        rank=rank, score=1.0, document=head.path, title=_title(head), section=HEADING if block is not None else "",
        page=None, url=web_address(head.metadata.get("url", "")), span=span, text=span.of(text),
        highlights=(marked,) if marked is not None else (span,),
        changed=corpus is not None and has_changed(corpus, head.file),
        author=author_of(head.metadata), date=written(head.metadata),
        csl=head.metadata.get(CSL, ""), app=app_address(generation.manifest.reading, head.path, head.metadata),
    )  # fmt: skip
