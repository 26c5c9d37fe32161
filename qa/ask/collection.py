"""Answers questions about the articles themselves from their titles, properties and dates: who wrote one, the newest.

Only a question that is worded as one and names an article, an author or a topic that there is counts as such; any other
is left to the search.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from ..corpus.documents import has_changed
from ..corpus.records import Head
from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..text.dates import Date, as_iso, dates_in, latest_date
from ..text.document import Span, title_from_path, without_record
from ..text.properties import HEADING, block_of, entry_of
from ..text.terms import analyze, contained_in, is_function_word
from .answer import Answer, Citation, Lead
from .presence import GoneDocuments
from .sources import web_address

# How sure a count or a comparison of all dates is, and a property of the only article with the title that is asked for.
_CERTAIN, _NAMED = 0.99, 0.97
_MOST_SEARCHED = 2_000  # passages: a topic in more than these is left to the search
MOST_CITED = 10  # articles that an answer lists and cites
_SHOWN = 300  # characters of an article that is cited as a whole
_WORD = re.compile(r"[^\W_]+")
_BLOCK = 1_000  # documents whose facts are read together
_ARTICLES = r"(?:articles?|files?|documents?|notes?|texts?|pages?)"
_OWN = r"(?:(?:do|have) (?:i|we) (?:have|got)|are there|are in (?:the|my) (?:corpus|collection|library|folder))"
_END = r"(?P<end>newest|latest|most recent|oldest|earliest)"
_WRITTEN = r"(?:write|written|wrote|author(?:ed)?|publish(?:ed)?)"
_FORMS: tuple[tuple[str, str], ...] = (
    ("author", r"who (?:wrote|authored|is the author of|are the authors of) (?P<title>.+)"),
    ("author", r"by whom was (?P<title>.+) written"),
    ("date", r"when was (?P<title>.+) (?P<verb>published|written|created|updated|posted|released)"),
    ("date", r"what is the (?:publication )?date of (?P<title>.+)"),
    ("by", rf"what (?:did|has) (?P<person>.+) {_WRITTEN}"),
    ("by", rf"(?:which|what) {_ARTICLES} (?:did|has) (?P<person>.+) {_WRITTEN}"),
    ("by", rf"(?:which|what) {_ARTICLES} (?:(?:were|was|are|is) )?(?:{_WRITTEN} )?by (?P<person>.+)"),
    ("newest", rf"(?:which|what) {_ARTICLES} is the {_END}"),
    ("newest", rf"(?:which|what) is (?:the|my) {_END} {_ARTICLES}"
               r"(?: (?:about|on) (?P<topic>.+))?"),
    ("count", rf"how many {_ARTICLES} {_OWN}"),
    ("count", rf"how many {_ARTICLES} (?:{_OWN} )?by (?P<person>.+)"),
    ("count", rf"how many {_ARTICLES} {_OWN} (?:about|on) (?P<topic>.+)"),
    ("count", rf"how many {_ARTICLES} (?:mention|are about|contain) (?P<topic>.+)"),
    ("which", rf"(?:which|what)(?: of my)? {_ARTICLES} (?:mentions?|are about|is about|deal with) (?P<topic>.+)"),
    ("which", rf"what (?:{_ARTICLES} )?do i have (?:on|about) (?P<topic>.+)"),
    ("property", r"what (?P<name>[a-z][\w-]*) (?:do|does) (?P<title>.+) have"),
    ("property", r"what (?:is|are) the (?P<name>[a-z][\w-]*) of (?P<title>.+)"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(form, re.I)) for kind, form in _FORMS)
_KEYS = {
    "published": ("published", "date", "issued", "created"), "posted": ("published", "date", "created"),
    "released": ("released", "published", "date"), "written": ("written", "date", "created", "published"),
    "created": ("created", "date", "written"), "updated": ("updated", "modified", "lastmod"),
}  # fmt: skip
_AUTHORS = ("author", "authors", "by")
_DATED = ("updated", "date", "published", "created")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the collection: its kind, and what it names."""

    kind: str
    parts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """What the answer says, how sure that is, and the articles with the property that each is cited for."""

    text: str
    confidence: float
    heads: Sequence[tuple[Head, tuple[str, ...]]]
    is_literal: bool = False


def asked_of(question: str) -> Asked | None:
    """The question about the collection that is asked, if it is worded as one."""
    text = " ".join(question.split()).rstrip("?!. ")
    for kind, pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return Asked(kind, {name: value for name, value in match.groupdict().items() if value})
    return None


def collection_answer(query: Query, question: str, generation: OpenGeneration, corpus: Path | None) -> Answer | None:
    """The answer to a question about the collection; None if it is none, or names nothing that there is."""
    asked = None if query.phrases or query.excluded else asked_of(query.text)
    if asked is None:
        return None
    said = _Collection(generation, GoneDocuments(corpus)).answer(asked)
    if said is None or not said.heads:
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
        lead=Lead(literal if said.is_literal else said.text, 1, span, span, is_stated=not said.is_literal),
        citations=tuple(citations),
        generation=generation.id,
        timings_ms={},
    )


class _Collection:
    """The documents of a generation whose files are there, and what their titles and properties say."""

    def __init__(self, generation: OpenGeneration, is_gone: GoneDocuments) -> None:
        self._generation = generation
        numbers = range(generation.manifest.documents)
        blocks = (numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK))
        found = (generation.heads(block) for block in blocks)
        heads = (head for each in found for _, head in sorted(each.items(), key=lambda pair: pair[0]))
        gone = generation.withdrawn()
        self._heads = [head for head in heads if head.file.path not in gone and not is_gone(head.path)]

    def answer(self, asked: Asked) -> _Said | None:
        """What the collection says; None if it says nothing for certain."""
        parts = asked.parts
        if "title" in parts:
            names = {"author": _AUTHORS, "property": (parts.get("name", "").lower(),)}
            return self._property(
                parts["title"], names.get(asked.kind) or _KEYS[parts.get("verb", "published").lower()]
            )
        if "person" in parts:
            heads = [head for head in self._heads if _is_by(head, parts["person"])]
            return self._listed(heads, f"by {parts['person']}", asked.kind == "count", _AUTHORS)
        if asked.kind == "newest":
            return self._extreme(parts["end"].lower() in ("oldest", "earliest"), parts.get("topic", ""))
        if "topic" in parts:
            titled, mentioned = self._about(parts["topic"])
            words = f"with {parts['topic']} in the title or tags" if titled else f"that mention {parts['topic']}"
            return self._listed(titled or mentioned, words, asked.kind == "count", ("title",))
        return self._listed(self._heads, "", True, ("title",))

    def _property(self, title: str, names: Sequence[str]) -> _Said | None:
        """The line of the first of these properties of the one article with this title."""
        heads = [head for head in self._heads if _is_titled(head, title)]
        known = [name for name in names if len(heads) == 1 and heads[0].metadata.get(name)]
        document = self._generation.document(heads[0].path) if known else None
        own = next((name for name in known if document is not None and entry_of(document, name) is not None), "")
        return _Said("", _NAMED, [(heads[0], (own,))], is_literal=True) if own else None

    def _listed(self, heads: Sequence[Head], which: str, is_count: bool, names: tuple[str, ...]) -> _Said | None:
        if not heads or (is_count and which and len(heads) > _MOST_SEARCHED):
            return None
        number = f"{len(heads):,} {'article' if len(heads) == 1 else 'articles'}"
        shown = "; ".join(map(_title, heads[:MOST_CITED])) if which else ""
        more = f"; and {len(heads) - MOST_CITED:,} more" if which and len(heads) > MOST_CITED else ""
        text = " ".join(filter(None, (number, which)))
        return _Said(f"{text}: {shown}{more}" if shown else text, _CERTAIN, [(head, names) for head in heads])

    def _extreme(self, is_oldest: bool, topic: str) -> _Said | None:
        """The newest or oldest article by property, else by name; by the times of the files if none has a date."""
        titled, mentioned = self._about(topic) if topic else ((), ())
        heads = (titled or mentioned) if topic else self._heads
        dated = [(date, head) for head in heads if (date := _date(head)) is not None]
        by_file = not dated
        if by_file:
            dated = [(_file_date(head), head) for head in heads]
        if not dated:
            return None
        best = (min if is_oldest else max)(date for date, _ in dated)
        first = [head for date, head in dated if date == best]
        if len(first) > 1 or any(date != best and _may_be_same(date, best) for date, _ in dated):
            return None  # it is not said which
        end, among = "oldest" if is_oldest else "newest", f"{len(dated):,} articles"
        which = f" about {topic}" if topic else ""
        how = " by the times of their files" if by_file else "" if len(dated) == len(heads) else " that have a date"
        text = f"{_title(first[0])} ({as_iso(best)}): the {end} of {among}{which}{how}"
        sure = _CERTAIN if len(dated) == len(heads) and not by_file else 0.9
        return _Said(text, sure, [(first[0], ("title",))])

    def _about(self, topic: str) -> tuple[list[Head], list[Head]]:
        """The articles with all words of a topic in their titles or tags, and those whose texts contain them all."""
        generation = self._generation
        terms = [term for term in generation.query_terms(topic) if not term.says_little]
        if not terms:
            return [], []
        titled = [
            head
            for head in self._heads
            if all(term.is_in(contained_in(f"{head.title}\n{head.metadata.get('tags', '')}")) for term in terms)
        ]
        nowhere = np.zeros(int(generation.manifest.encoder["dimension"]), dtype=np.float32)
        pool = generation.search(lambda: nowhere, Query(topic), _MOST_SEARCHED)
        found = pool.ids[pool.bm25 > 0].tolist()
        if len(found) >= _MOST_SEARCHED:
            return titled, []
        words: dict[str, set[str]] = {}
        for passage in generation.passages(found):
            words.setdefault(passage.document, set()).update(contained_in(passage.searched, passage.language))
        return titled, [
            head for head in self._heads if head.path in words and all(term.is_in(words[head.path]) for term in terms)
        ]


def _terms(text: str) -> set[str]:
    words = [word for word in _WORD.findall(text) if not is_function_word(word)]
    return set(analyze(" ".join(words)))


def _is_titled(head: Head, asked: str) -> bool:
    """Whether a document has this title, in the same words but for function words."""
    words = _terms(asked)
    return bool(words) and words in (_terms(_title(head)), _terms(head.metadata.get("title", "")))


def _is_by(head: Head, asked: str) -> bool:
    """Whether all words of a name are among those of the authors of a document."""
    names = set(_WORD.findall(" ".join(head.metadata.get(name, "") for name in _AUTHORS).casefold()))
    words = set(_WORD.findall(asked.casefold()))
    return bool(words) and words <= names


def _title(head: Head) -> str:
    return head.title or title_from_path(head.path)


def _date(head: Head) -> Date | None:
    properties = (latest_date(head.metadata.get(name, "")) for name in _DATED)
    named = (found for _, found in dates_in(without_record(head.path)) if found[0])
    return next((found for found in properties if found), None) or max(named, default=None)


def _file_date(head: Head) -> Date:
    time = datetime.fromtimestamp(head.file.mtime_ns / 1e9, timezone.utc)
    return time.year, time.month, time.day


def _may_be_same(one: Date, other: Date) -> bool:
    return all(not ours or not theirs or ours == theirs for ours, theirs in zip(one, other, strict=True))


def _citation(rank: int, head: Head, names: Sequence[str], generation: OpenGeneration, corpus: Path | None) -> Citation:
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
    )  # fmt: skip
