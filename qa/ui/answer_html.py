"""Renders an answer as HTML."""

from __future__ import annotations

from ..ask.answer import Answer
from .templating import render

CHANGED = "This file has changed since it was indexed; rebuild the index to bring it up to date."
SHOWN_CITATIONS = 3  # the rest are folded


def answer_html(answer: Answer, turn: int, verdict: str = "") -> str:
    """Render one answer; `turn` is the number by which its buttons name it, `verdict` the user's rating, if any."""
    return render("answer.html", answer=answer, turn=turn, verdict=verdict, **ANSWER_WORDS)


ANSWER_WORDS = {"shown": SHOWN_CITATIONS, "changed_words": CHANGED}
