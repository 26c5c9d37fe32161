"""Checks a draft: its claims → the regions of articles that resemble each → a finding for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..ask.pipeline import Resources
from ..ask.presence import GoneDocuments
from ..index.scope import EVERYTHING, Scope
from ..models.protocols import Vectors
from ..system.precedence import questions
from ..text.document import Document
from ..text.passage import Passage
from .candidates import Candidates
from .claims import Claim, claims_of
from .findings import CheckedDraft, CheckedText, Finding
from .verdicts import Judge

_TOGETHER = 32  # claims that are encoded at a time
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it was read: its name, and its documents with their passages."""

    name: str
    documents: Sequence[tuple[Document, Sequence[Passage]]]


def check(
    draft: Draft, resources: Resources, scope: Scope = EVERYTHING, step: Step = lambda done, of: None
) -> CheckedDraft:
    """Compare each claim of a draft with the articles in a scope; `step` is told how many of them are done.

    Raises QuestionError if no article is in the scope, or StoreError.
    """
    read = [(document, claims_of(document, passages)) for document, passages in draft.documents]
    total, done = sum(len(claims.claims) for _, claims in read), 0
    judge = Judge(resources, Candidates(resources.generation, scope, GoneDocuments(resources.corpus)))
    texts = []
    for document, claims in read:
        findings: list[Finding] = []
        for claim, vector in _encoded(claims.claims, resources):
            questions.give_way()
            findings.append(judge.finding(claim, vector))
            done += 1
            step(done, total)
        texts.append(CheckedText(document.path, document.text, tuple(findings), claims.unchecked))
    return CheckedDraft(draft.name, tuple(texts), resources.generation.id, resources.config.chat)


def _encoded(claims: Sequence[Claim], resources: Resources) -> Iterable[tuple[Claim, Vectors]]:
    """Each claim with its embedding, of shape (dimension,)."""
    for start in range(0, len(claims), _TOGETHER):
        block = claims[start : start + _TOGETHER]
        yield from zip(block, resources.encoder.encode_queries([claim.text for claim in block]), strict=True)
