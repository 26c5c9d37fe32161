"""Renders an answer as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...ask.answer import Answer
from .templating import render

CHANGED = "This file has changed since it was indexed; rebuild the index to bring it up to date."


_UNKNOWN: Mapping[str, str] = {}


def answer_html(answer: Answer, turn: int, verdict: str = "", languages: Mapping[str, str] = _UNKNOWN) -> str:
    """Render one answer that cannot be pinned; `turn` is the number by which its buttons name it, `verdict` the user's
    rating, if any.
    """
    return render("answer.html", answer=answer, turn=turn, verdict=verdict, languages=languages, pin=None)


def suggestions_html(suggestions: Sequence[str], turn: int) -> str:
    """Render what may be asked after an answer; empty if there is nothing."""
    return render("suggestions.html", suggestions=suggestions, turn=turn)
