"""The values that pass between the stages, and the protocols of what can be exchanged for another.

Everything here is frozen; a later stage makes a new value. It knows nothing about files, models or indexes.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Stored = NDArray[np.float16]
BlockKind = Literal["paragraph", "list", "table", "code"]
SECTION_SEPARATOR = " > "
_CONTEXT_BYTES = 160
_RECORD = re.compile(r"\.\w+#\d+$")  # a number after a file's ending
MOST_CHARACTERS = 4_000  # of a passage, and so of a citation: a word of any length may be one token


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, `text[start:end]`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of `text` in this range."""
        return text[self.start : self.end]

    def trimmed(self, text: str) -> Span:
        """This range without blank space at its ends; of nothing else, an empty one."""
        start, end = self.start, self.end
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return Span(start, end)

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands directly under it, up to the next heading.

    `path` is the chain of headings down to this one, without the document's title; the text before the
    first heading is a section with an empty path. `level` counts from 1; 0 is that first section.
    """

    path: tuple[str, ...]
    level: int
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or piece of code. `parts` are its items, rows or lines, in order, if it has any."""

    kind: BlockKind
    span: Span
    section: int
    parts: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One article. `text` is canonical: every span in the program indexes it.

    `path` is that of its file below the corpus folder; for one of several in a file, what tells it apart follows
    (`news.jsonl#3`, `saved.zip/bees.html`). `title` is what the article calls itself, or empty; `pages` are the
    spans of its pages, if it has pages; `language` is an ISO 639-1 code, or empty where it cannot be told.
    """

    path: str
    title: str
    text: str
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    pages: tuple[Span, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    language: str = ""

    @property
    def display_title(self) -> str:
        """The title, or one made of the file's name."""
        return self.title or title_from_path(self.path)


@dataclass(frozen=True, slots=True)
class Contents:
    """What one file holds: its documents, and one short sentence for each part of it that could not be read."""

    documents: tuple[Document, ...]
    problems: tuple[str, ...] = ()


def title_from_path(path: str) -> str:
    """`reports/q3_summary.txt` → `q3 summary`, `news.jsonl#3` → `news 3`: a title for an article that has none."""
    file, _, number = path.rpartition("#") if _RECORD.search(path) else (path, "", "")
    words = f"{PurePosixPath(file).stem} {number}".replace("_", " ").replace("-", " ")
    return " ".join(words.split()) or path


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed: a literal slice of its document.

    `title` is the document's own title (it may be empty), `section` its heading path, `page` counts from 1.
    `sentences` are spans in the document's text, in order, inside `span`; `language` is the document's.
    """

    document: str
    order: int
    span: Span
    text: str
    title: str
    section: tuple[str, ...]
    page: int | None
    sentences: tuple[Span, ...]
    language: str = ""

    @property
    def encoded(self) -> str:
        """What is embedded and searched for words: title, heading path, text."""
        return encoded(self.title, self.section, self.text)

    @property
    def key(self) -> bytes:
        """16 bytes that identify `encoded`: equal keys have equal embeddings."""
        return hashlib.blake2b(self.encoded.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def encoded(title: str, section: Sequence[str], text: str) -> str:
    """What is embedded and searched for words of a passage with this title, heading path and text."""
    return ". ".join(part for part in (*context(title, section), text) if part)


def context(title: str, section: Sequence[str]) -> tuple[str, str]:
    """What stands before a passage's text when it is encoded: the title's beginning and the heading path's end.

    Each is cut at 160 bytes of UTF-8: bytes, not characters, because scripts of more bytes give more tokens.
    """
    path = SECTION_SEPARATOR.join(section).encode("utf-8", "replace")[-_CONTEXT_BYTES:].decode("utf-8", "ignore")
    start = title.encode("utf-8", "replace")[:_CONTEXT_BYTES].decode("utf-8", "ignore")
    return start.rstrip(". "), path.rstrip(". ")


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must be equal for embeddings to be comparable; it is written into every manifest.

    `runtime` says what computes them: "torch", or an export of the same weights, whose rounding is its own.
    """

    name: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    normalised: bool
    query_prompt: str
    passage_prompt: str
    runtime: str = "torch"

    def as_json(self) -> dict[str, Any]:
        """The manifest's form."""
        return asdict(self)


class Encoder(Protocol):
    """Texts → unit-length float32 rows, shape (texts, dimension). Safe to call from several threads."""

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it was made for (ISO 639-1); empty where that is not known."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest answer inside one sentence of a passage; both spans are of the document.

    `margin` is how much likelier it is than that there is none, as a difference of logits.
    """

    sentence: Span
    span: Span
    margin: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader says of a passage: the logit that it answers, and what each of its sentences may answer.

    `found` is in order; a sentence that was not read, because the passage is too long, is not among it.
    """

    relevance: float
    found: tuple[Found, ...]

    def of(self, sentence: Span) -> Found | None:
        """What was found in this sentence."""
        return next((found for found in self.found if found.sentence == sentence), None)

    @property
    def margin(self) -> float | None:
        """That of the likeliest answer; None where no sentence was read."""
        return max((found.margin for found in self.found), default=None)


class Reader(Protocol):
    """Question + passages → a Judgement of each. Safe to call from several threads."""

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        """What each passage says to the question, in their order.

        None is begun once so many `seconds` have passed, but for the first few; what was not read is None.
        """
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """What is run for a question.

    `text` is encoded and searched for words; each of `phrases` must stand in a passage, none of `excluded` may.
    `corrected` are the words that no passage holds, as they were typed and as they stand in `text`.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As one would type it."""
        signs = [f'-"{words}"' if " " in words else f"-{words}" for words in self.excluded]
        return " ".join([self.text, *signs])


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pool before fusion: passage ids with exact cosines and BM25 scores (0 where BM25 did not find one).

    `allowed` says which of them hold what the query wants and nothing that it excludes; None where all do.
    """

    ids: NDArray[np.int64]
    cosine: NDArray[np.float32]
    bm25: NDArray[np.float32]
    allowed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a question: the search terms that it is in the languages of the index, and what it weighs.

    `weight` is the inverse document frequency of the most frequent of them, `word` the word as it was written, and
    `says_little` marks one that questions are made of, where a question has no others. `also` are other ways to say it
    (what an acronym stands for, or the acronym): groups of forms, of each of which a text must hold one.
    """

    forms: frozenset[str]
    weight: float
    word: str = ""
    says_little: bool = False
    also: tuple[tuple[frozenset[str], ...], ...] = ()

    def is_in(self, terms: Set[str]) -> bool:
        """Whether a text with these search terms holds the word."""
        others = (all(not forms.isdisjoint(terms) for forms in groups) for groups in self.also)
        return not self.forms.isdisjoint(terms) or any(others)


class Rows(Protocol):
    """Embeddings by number, in order: an array, or what reads them when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, some: slice, /) -> Vectors: ...


# What gives a query's embedding, of shape (dimension,), as soon as it is ready: words are searched for meanwhile.
Embedding = Callable[[], Vectors]


class PassageIndex(Protocol):
    """The searching half of an engine that holds passages (DESIGN §8 adds the writing half)."""

    def count(self) -> int: ...

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        """The best `k` of each side for one query, and of those that are allowed."""
        ...

    def holds(self, phrase: str) -> bool:
        """Whether a passage holds these words, one behind the other."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order."""
        ...

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        """The words of a question that say what it is about."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its fused score (0–1, higher is better) and rank from 1, and what a reader says of it, if read."""

    id: int
    passage: Passage
    score: float
    rank: int
    cosine: float
    bm25: float
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the whole pool says about whether the question can be answered at all (see `answer.confidence`).

    `top_cosine` of the best candidate; `coverage`, the largest share (by inverse document frequency) of the
    query's terms that one of the best passages holds; `margin`, fused score of rank 1 over rank 2; `peak`, how
    many standard deviations the best cosine stands above the pool's mean; `passages`, how many were searched.
    `relevance` is what a reader says of all passages that it read: the logarithm of the sum of their odds to answer,
    which are the exponentials of their logits; None where none was read.
    """

    top_cosine: float
    coverage: float
    margin: float
    peak: float
    passages: int
    relevance: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits for one query, with its words and the evidence of the pool.

    `missing` are the phrases that no passage holds. `parts` are the rankings of the questions that it is made of,
    where it is made of several; all have the same hits then, which are of the whole and of each part. `carried` are
    the words of the conversation that it, or one of its parts, leans on; they stand at the beginning of its query.
    """

    query: Query
    hits: tuple[Hit, ...]
    terms: tuple[QueryTerm, ...]
    evidence: Evidence
    missing: tuple[str, ...] = ()
    parts: tuple[Ranking, ...] = ()
    carried: tuple[str, ...] = ()

    @property
    def readings(self) -> tuple[Ranking, ...]:
        """One for each question that was asked: its parts, or itself where it has none. The first one is answered."""
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage as it is shown: literal text of a document, with the spans that answer marked.

    `changed` says that the file is not what it was when it was indexed.
    """

    rank: int
    score: float
    document: str
    title: str
    section: str
    page: int | None
    url: str | None
    span: Span
    text: str
    highlights: tuple[Span, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class Lead:
    """The sentence that answers, and the rank of the citation that it stands in.

    `short` is the answer itself, a part of the sentence, where one can be told; both spans are of the document.
    """

    text: str
    citation: int
    span: Span
    short: Span | None = None

    def pieces(self) -> tuple[str, str, str]:
        """The sentence in three: before its short answer, that, and after it; all in the first where it has none."""
        if self.short is None:
            return self.text, "", ""
        start, end = self.short.start - self.span.start, self.short.end - self.span.start
        return self.text[:start], self.text[start:end], self.text[end:]

    def as_json(self) -> dict[str, Any]:
        """The `answer` of `qa ask --json` (DESIGN §7)."""
        return {
            "text": self.text,
            "short": self.pieces()[1] or None,
            "citation": self.citation,
            "start": None if self.short is None else self.short.start,
            "end": None if self.short is None else self.short.end,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is said to one question. `lead` is None where the articles do not hold the answer.

    `query` is what was run: the question, after the words `carried` from the conversation where it leans on that.
    `corrected` are words of the question that no passage holds, as they were typed and as they were searched for;
    `reason` says in one sentence why nothing was found, where that is known. `unmentioned` are names in the question
    that stand nowhere in the article of the lead.
    """

    question: str
    query: str
    answerable: bool
    confidence: float
    lead: Lead | None
    citations: tuple[Citation, ...]
    generation: str
    timings_ms: Mapping[str, float]
    carried: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    unmentioned: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object of `qa ask --json` (DESIGN §7)."""
        return {
            "question": self.question,
            "query": self.query,
            "carried": list(self.carried),
            "corrected": [{"typed": typed, "meant": meant} for typed, meant in self.corrected],
            "reason": self.reason or None,
            "unmentioned": list(self.unmentioned),
            "answerable": self.answerable,
            "confidence": round(self.confidence, 4),
            "answer": None if self.lead is None else self.lead.as_json(),
            "citations": [citation_json(citation) for citation in self.citations],
            "generation": self.generation,
            "timings_ms": {stage: round(ms, 2) for stage, ms in self.timings_ms.items()},
        }


def citation_json(citation: Citation) -> dict[str, Any]:
    """One entry of `citations` in `qa ask --json`."""
    return {
        "rank": citation.rank,
        "score": round(citation.score, 4),
        "document": citation.document,
        "title": citation.title,
        "section": citation.section,
        "page": citation.page,
        "url": citation.url,
        "start": citation.span.start,
        "end": citation.span.end,
        "text": citation.text,
        "highlights": [[span.start, span.end] for span in citation.highlights],
        "changed": citation.changed,
    }


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in shares (0–1) of its width and height; `top` is counted from the page's top."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it looks, `page` counted from 1, with the lines of a passage and of its highlights boxed.

    `png` is `width` × `height` pixels. A line without a box is one whose place was not found for certain.
    """

    page: int
    width: int
    height: int
    png: bytes
    passage: tuple[Box, ...]
    highlights: tuple[Box, ...]


FileStatus = Literal["indexed", "empty", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of one file of the corpus folder; `reason` says why it, or a part of it, is not indexed.

    `sha256` is of the file's bytes (empty where they were not read), `size` in bytes, `mtime_ns` the time of
    its last change in nanoseconds, `title` what to show, `documents` and `passages` how many it gave, `pages`
    how many it has (0 where its format has none), `language` that of most of its documents (ISO 639-1, or
    empty), `indexed` when it was read for the index (ISO time).
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    status: FileStatus = "indexed"
    reason: str = ""
    title: str = ""
    documents: int = 0
    passages: int = 0
    pages: int = 0
    language: str = ""
    indexed: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form of the manifest and the store. (`asdict` takes ten times as long, for many files.)"""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Part:
    """Documents and passages that stand together in a generation, by their numbers."""

    documents: range
    passages: range


def logistic(value: float) -> float:
    """The probability that a logit stands for."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def parts_of(records: Mapping[str, FileRecord]) -> dict[str, Part]:
    """Which documents and passages each file gave, by its path: they are numbered in the order of the records."""
    found, documents, passages = {}, 0, 0
    for path, record in records.items():
        after = documents + record.documents, passages + record.passages
        found[path] = Part(range(documents, after[0]), range(passages, after[1]))
        documents, passages = after
    return found


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document's file, the title to show, and author, date, URL … as far as it has them."""

    file: FileRecord
    title: str
    metadata: Mapping[str, str]
