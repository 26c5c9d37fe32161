"""The answer to one question, with its citations, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..config import CHAT
from ..index.scope import AppliedScope
from ..index.states import AsOf
from ..text.document import Span
from . import notebook
from .links import citation_link, lead_link
from .rows import TableRow, names_in
from .searched import Searched
from .statement import Statement
from .why import Why


@dataclass(frozen=True, slots=True)
class Citation:
    """A cited passage: literal text of a document, with the spans to highlight.

    `changed` says that the file has changed since it was indexed, and `incomplete` which part of it could not be read.
    `recognised` is the share of certain words of a page that was read from an image, and None for any other text.
    `header` is that of the table inside which the passage begins, if any; it is also the last part of `section`.
    `author` and `date` are those that the document's properties give, the date in ISO 8601 as far as it is written;
    empty if they give none. `app` is the address that opens the article in the program that it is from
    (`obsidian://…`), and `csl` what a reference manager says of it, as CSL-JSON; each is empty if there is none.
    `state` is the generation of the earlier state of the folder that it is from; empty if it is from the present one.
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
    incomplete: str = ""
    recognised: float | None = None
    header: str = ""
    author: str = ""
    date: str = ""
    app: str = ""
    csl: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """What limits a quotation, literally, at `span` in its document: an exception or condition that follows it."""

    text: str
    span: Span

    def as_json(self) -> dict[str, Any]:
        """The `limit` of an answer in `qa ask --json`."""
        return {"text": self.text, "span": [self.span.start, self.span.end]}


@dataclass(frozen=True, slots=True)
class Lead:
    """The quotation that answers, and the rank of the citation that contains it.

    `sentence` is the sentence in it that was judged to answer, the others are its neighbours; `short` is the answer
    itself, a part of the sentence, if the reader is sure of it. All spans are of the document. `date` is given as in an
    OtherValue, and only if there are any. If it `is_stated`, the text is no quotation but says what the articles are
    ("27 articles"), and the spans are those of what is cited for it; the `statement` words it in other languages. `row`
    is the row of a table that it is in, if any. `limit` is what follows the sentence and limits it,
    inside the quotation or behind it.
    """

    text: str
    citation: int
    span: Span
    sentence: Span
    short: Span | None = None
    date: str = ""
    is_stated: bool = False
    row: TableRow | None = None
    limit: Limit | None = None
    statement: Statement | None = None

    @property
    def said(self) -> str:
        """What a page shows: the quotation, or the statement in the language that is spoken."""
        return self.text if self.statement is None else self.statement.words()

    @property
    def limit_behind(self) -> str:
        """The text of the limit if it is not inside the quotation; otherwise empty."""
        return self.limit.text if self.limit is not None and self.limit.span.end > self.span.end else ""

    def pieces(self) -> tuple[str, str, str]:
        """The text before the short answer, it, and the text after it; without one, all text comes first."""
        if self.short is None:
            return self.text, "", ""
        start, end = self.short.start - self.span.start, self.short.end - self.span.start
        return self.text[:start], self.text[start:end], self.text[end:]

    def around(self) -> tuple[str, str]:
        """The quoted text before the sentence that answers, and after it."""
        if self.is_stated:
            return "", ""
        start, end = self.sentence.start - self.span.start, self.sentence.end - self.span.start
        return self.text[:start], self.text[end:]

    def as_json(self, link: str) -> dict[str, Any]:
        """The `answer` of `qa ask --json` (docs/design.md); `link` opens its article."""
        return {
            "text": self.text,
            "short": self.pieces()[1] or None,
            "citation": self.citation,
            "start": None if self.short is None else self.short.start,
            "end": None if self.short is None else self.short.end,
            "span": [self.span.start, self.span.end],
            "sentence": [self.sentence.start, self.sentence.end],
            "date": self.date or None,
            "stated": self.is_stated,
            "row": None if self.row is None else self.row.as_json(),
            "limit": None if self.limit is None else self.limit.as_json(),
            "link": link,
        }


@dataclass(frozen=True, slots=True)
class OtherValue:
    """What another article says of the same thing, with another value: literally, as in a Lead.

    `date` is the date that it or its article gives, in ISO 8601 as far as it is written; empty if there is none.
    """

    text: str
    citation: int
    span: Span
    sentence: Span
    date: str
    row: TableRow | None = None

    @property
    def sentence_text(self) -> str:
        """The sentence alone, as it is written."""
        return Span(self.sentence.start - self.span.start, self.sentence.end - self.span.start).of(self.text)

    def as_json(self) -> dict[str, Any]:
        """One entry of `others` in `qa ask --json`."""
        return {
            "text": self.text,
            "citation": self.citation,
            "span": [self.span.start, self.span.end],
            "sentence": [self.sentence.start, self.sentence.end],
            "date": self.date or None,
            "row": None if self.row is None else self.row.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. `lead` is None if the articles do not seem to contain one.

    `query` is what was run: the question, after the words `carried` from the conversation where it leans on that, with
    its compounds spelled as in the articles.
    `corrected` are words of the question that no passage contains, as typed and as searched for; `reason` says in one
    sentence why nothing was found, if that is known. `unmentioned` are names in the question that the article of the
    lead does not contain. `unread` counts the passages and units that the reader had no time for. `why`
    says what decided, of the lead or, if there is none, of what came closest; None if nothing was found. `others` are
    other values that other articles give for what the lead says, the newest first. `scope` is what was searched; None
    if all articles were. `searched` counts what was searched in vain; None if there is a lead. `chat` is the address of
    the chat in which links open the articles. `as_of` is the earlier state of the folder that was asked; None if it was
    the present one.
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
    unread: int = 0
    why: Why | None = None
    others: tuple[OtherValue, ...] = ()
    scope: AppliedScope | None = None
    searched: Searched | None = None
    chat: str = CHAT
    as_of: AsOf | None = None

    def link(self, citation: Citation) -> str:
        """The URL that opens the article of a citation in the chat, at the passage with its highlights."""
        return self.chat + citation_link(citation)

    @property
    def lead_link(self) -> str:
        """The URL that opens the article of the lead at the words that answer; empty without a lead."""
        return "" if self.lead is None else self.chat + lead_link(self.lead, self.citations[self.lead.citation - 1])

    def _repr_html_(self) -> str:
        """What a notebook shows of it: the quotation, how certain it is, and the cited passages."""
        return notebook.html_of(self)

    @property
    def values(self) -> tuple[OtherValue, ...]:
        """What the lead says and the other values, to be compared; empty if there are none."""
        if self.lead is None or not self.others:
            return ()
        lead = self.lead
        return OtherValue(lead.text, lead.citation, lead.span, lead.sentence, lead.date, lead.row), *self.others

    def as_json(self) -> dict[str, Any]:
        """The object of `qa ask --json` (docs/design.md)."""
        return {
            "question": self.question,
            "query": self.query,
            "as_of": None if self.as_of is None else self.as_of.as_json(),
            "scope": None if self.scope is None else self.scope.as_json(),
            "carried": list(self.carried),
            "corrected": [{"typed": typed, "meant": meant} for typed, meant in self.corrected],
            "reason": self.reason or None,
            "unmentioned": list(self.unmentioned),
            "unread": self.unread,
            "searched": None if self.searched is None else self.searched.as_json(),
            "answerable": self.answerable,
            "confidence": round(self.confidence, 4),
            "answer": None if self.lead is None else self.lead.as_json(self.lead_link),
            "others": [other.as_json() for other in self.others],
            "citations": [citation_json(citation, self.link(citation)) for citation in self.citations],
            "why": None if self.why is None else self.why.as_json(),
            "generation": self.generation,
            "timings_ms": {stage: round(ms, 2) for stage, ms in self.timings_ms.items()},
        }


def citation_json(citation: Citation, link: str) -> dict[str, Any]:
    """One entry of `citations` in `qa ask --json`; `link` opens its article."""
    return {
        "rank": citation.rank,
        "score": round(citation.score, 4),
        "document": citation.document,
        "title": citation.title,
        "section": citation.section,
        "columns": list(names_in(citation.header)) if citation.header else [],
        "page": citation.page,
        "url": citation.url,
        "link": link,
        "app": citation.app or None,
        "csl": json.loads(citation.csl) if citation.csl else None,
        "author": citation.author or None,
        "date": citation.date or None,
        "start": citation.span.start,
        "end": citation.span.end,
        "text": citation.text,
        "highlights": [[span.start, span.end] for span in citation.highlights],
        "changed": citation.changed,
        "recognised": citation.recognised,
    }
