"""Questions with and without answers, for tests that need no index."""

from __future__ import annotations

from qa.ask.answer import Answer, Citation, Lead
from qa.text.document import Span
from qa.ui.conversations.exchange import Exchange


def asked(question: str = "Where do bees live?", number: int = 1, answer: Answer | None = None) -> Exchange:
    return Exchange(number, question, answer, asked="2026-05-17T10:02:00.000+00:00")


def answered(question: str = "Where do bees live?", text: str = "Bees live in a hive.") -> Answer:
    span = Span(10, 10 + len(text))
    citation = Citation(1, 0.75, "bees.md", "Bees", "Home", None, None, span, text, (span,), False)
    lead = Lead(text, 1, span, span, None)
    return Answer(question, question, True, 0.94, lead, (citation,), "000001", {"total": 12.5})
