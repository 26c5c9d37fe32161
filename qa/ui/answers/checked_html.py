"""Shows a checked draft: its text with a mark for each claim, and what was found of each, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...check.diff import Piece
from ...check.findings import CheckedDraft, CheckedText, Finding, Source
from ...check.report import SIGNS, difference, explanation, limit_words, summary, verdict_words
from .templating import render

_ORDER = ("contradicted", "altered", "not found", "supported", "literal")  # what must be mended comes first


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding as the template shows it."""

    number: int
    kind: str
    sign: str
    verdict: str
    explanation: str
    pieces: tuple[Piece, ...]
    source: Source | None
    limits: tuple[str, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a text: a claim with what was found of it, or what stands between two."""

    text: str
    finding: _Shown | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    pieces: tuple[_Part, ...]


def checked_html(draft: CheckedDraft) -> str:
    """The HTML of a checked draft; the links of sources open them in the source pane."""
    texts: list[_Text] = []
    findings: list[_Shown] = []
    for text in draft.texts:
        shown = [_shown(text, finding, len(findings) + number) for number, finding in enumerate(text.findings, start=1)]
        texts.append(_Text(tuple(_parts(text, shown))))
        findings += shown
    worst_first = sorted(findings, key=lambda each: (each.rank, each.number))
    return render("checked.html", summary=summary(draft), texts=texts, findings=worst_first)


def _shown(text: CheckedText, finding: Finding, number: int) -> _Shown:
    pieces = difference(text, finding) or (Piece("both", finding.claim.text),)
    rank = min(_ORDER.index(finding.verdict), 1 if finding.limits else len(_ORDER))
    return _Shown(
        number=number,
        kind=finding.verdict.replace(" ", "-"),
        sign=SIGNS[finding.verdict],
        verdict=verdict_words(finding.verdict),
        explanation=explanation(finding),
        pieces=pieces,
        source=finding.source,
        limits=tuple(limit_words(finding)),
        rank=rank,
    )


def _parts(text: CheckedText, shown: list[_Shown]) -> Iterator[_Part]:
    end = 0
    for finding, each in zip(text.findings, shown, strict=True):
        span = finding.claim.span
        yield _Part(text.text[end : span.start])
        yield _Part(span.of(text.text), each)
        end = span.end
    yield _Part(text.text[end:])
