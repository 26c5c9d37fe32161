"""What programs may ask the chat server for: ask, search and status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ask.follow_up import turns
from ..ask.ranking import Hit
from ..engine import Engine
from ..errors import QuestionError
from ..text.document import SECTION_SEPARATOR

Call = Callable[..., dict[str, Any]]

_NO_CONVERSATION: list[dict[str, str]] = []  # never changed


def calls(engine: Engine) -> tuple[Call, ...]:
    """Return the functions that programs may call; each raises QAError."""

    def ask(question: str, top_k: int = 5, conversation: list[dict[str, str]] = _NO_CONVERSATION) -> dict[str, Any]:
        """Answer one question after a conversation: the object of `qa ask --json`."""
        history = turns([] if conversation is None else conversation)
        return engine.ask(_text("question", question), top_k, history).as_json()

    def search(query: str, top_k: int = 10) -> dict[str, Any]:
        """Return the best passages for a query, without an answer."""
        ranking = engine.search(_text("query", query), top_k)
        return {
            "query": str(ranking.query),
            "hits": [hit_json(hit) for hit in ranking.hits],
            "generation": ranking.generation,
        }

    def status() -> dict[str, Any]:
        """List every file of the folder with its state: the object of `qa status --json`."""
        return engine.status().as_json()

    return ask, search, status


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return one entry of `hits`."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "document": passage.document,
        "title": passage.title,
        "section": SECTION_SEPARATOR.join(passage.section),
        "page": passage.page,
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
    }


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError(f"The {name} is not text: give it in quotes.")
    return value
