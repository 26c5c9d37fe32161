"""Tells how a question ended, for the log and metrics."""

from __future__ import annotations

from collections.abc import Callable

from ..ask.answer import Answer
from ..errors import QuestionError
from ..system.events import event


def told(by: str, question: str, ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` returns, or raise what it raises, and tell how it ended; `by` is "page" or "program"."""
    outcome, answer = "failed", None
    try:
        answer = ask()
        outcome = "answered" if answer.answerable else "unanswered"
        return answer
    except QuestionError:
        outcome = "invalid"
        raise
    finally:
        event(
            "answer",
            by=by,
            outcome=outcome,
            confidence=answer and round(answer.confidence, 3),
            ms=answer and round(answer.timings_ms["total"], 1),
            citations=answer and len(answer.citations),
            generation=answer and answer.generation,
            question=question,
        )
