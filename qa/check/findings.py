"""What was found of each claim of a draft, and its JSON form (docs/check-a-draft.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..ask.links import article_link
from ..text.document import SECTION_SEPARATOR, Span
from .claims import Claim
from .comparison import Difference
from .limits import Limit

Verdict = Literal["literal", "altered", "supported", "contradicted", "not found"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Source:
    """The literal words of an article that a claim was compared with; the span is in the article's text."""

    document: str
    title: str
    section: tuple[str, ...]
    page: int | None
    span: Span
    text: str

    @property
    def link(self) -> str:
        """The part of an address that opens the article in the chat at these words."""
        return article_link(self.document, self.span)

    @property
    def where(self) -> str:
        """`Title › Section`, in plain text."""
        return " › ".join((self.title, *self.section))

    def as_json(self, chat: str) -> dict[str, Any]:
        return {
            "document": self.document,
            "title": self.title,
            "section": SECTION_SEPARATOR.join(self.section),
            "page": self.page,
            "start": self.span.start,
            "end": self.span.end,
            "text": self.text,
            "link": chat + self.link,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """What the articles say of one claim; `source` is None if they do not have it.

    `differences` are the words that differ from the source: none if it is literal, supported or not found. `limits` are
    words beside a quotation, or left out of it, that restrict what it says.
    """

    claim: Claim
    verdict: Verdict
    source: Source | None = None
    differences: tuple[Difference, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def is_typography(self) -> bool:
        """Whether every word is the same, and only punctuation or capitals were altered."""
        (*others, first) = self.differences or (None,)
        return first is not None and not others and first.at == self.claim.span and self.verdict == "altered"

    @property
    def fails(self) -> bool:
        """Whether it must be mended before the draft is right: `qa check --strict` fails."""
        is_lost = self.claim.kind == "quotation" and self.verdict == "not found"
        return self.verdict in ("altered", "contradicted") or is_lost or bool(self.limits)

    def as_json(self, chat: str) -> dict[str, Any]:
        return {
            "kind": self.claim.kind,
            "verdict": self.verdict,
            "start": self.claim.span.start,
            "end": self.claim.span.end,
            "text": self.claim.text,
            "source": None if self.source is None else self.source.as_json(chat),
            "differences": [
                {
                    "draft": each.ours,
                    "article": each.theirs,
                    "start": each.at.start,
                    "end": each.at.end,
                    "value": each.is_value,
                }
                for each in self.differences
            ],
            "limits": [{"where": limit.where, "word": limit.word, "text": limit.text} for limit in self.limits],
        }


@dataclass(frozen=True, slots=True)
class CheckedText:
    """One text of a draft with its findings in order; `unchecked` are its sentences that claim nothing."""

    path: str
    text: str
    findings: tuple[Finding, ...]
    unchecked: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft with all that was found; a file may hold several texts. `chat` is where links open the articles."""

    name: str
    texts: tuple[CheckedText, ...]
    generation: str
    chat: str

    @property
    def findings(self) -> Iterator[Finding]:
        return (finding for text in self.texts for finding in text.findings)

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many claims have each verdict."""
        counted = Counter(finding.verdict for finding in self.findings)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    @property
    def failing(self) -> int:
        """How many findings must be mended."""
        return sum(finding.fails for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The object of `qa check --json`."""
        return {
            "draft": self.name,
            "ok": not self.failing,
            "counts": {verdict.replace(" ", "_"): count for verdict, count in self.counts.items()},
            "limited": sum(bool(finding.limits) for finding in self.findings),
            "unchecked": sum(len(text.unchecked) for text in self.texts),
            "texts": [
                {"path": text.path, "findings": [finding.as_json(self.chat) for finding in text.findings]}
                for text in self.texts
            ],
            "generation": self.generation,
        }
