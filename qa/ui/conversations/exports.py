"""Writes a conversation as Markdown, for a person, or as JSON, for a program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...ask.answer import Answer
from ...ask.links import citation_link
from ...ask.words import confidence_words, nearest_words, not_found_words
from ...strings.catalogue import say
from ...strings.sentences import said
from ..answers.copies import answer_as_markdown, source_as_markdown
from ..answers.markdown_text import escaped
from ..rendering.html import printable
from .exchange import Exchange

_NOTHING = "*Not answered.*"
_FURTHER = "Further passages"


def as_markdown(title: str, exchanges: Sequence[Exchange], address: str = "") -> str:
    """Return a conversation with its quotations and where they are from: file, page and links.

    `address` is that of the page, before the links that open an article in it.
    """
    parts = [f"# {_line(title)}"]
    for exchange in exchanges:
        parts.append(f"## {_line(exchange.question)}")
        if exchange.answer is None:
            parts.append(_line(said(exchange.problem)) or say(_NOTHING))
        else:
            parts += _answered(exchange.answer, address)
    return printable("\n\n".join(parts)) + "\n"


def as_json(title: str, exchanges: Sequence[Exchange], address: str = "") -> str:
    """Return a conversation as `{"title", "turns"}`; the answer of a turn is the object of `qa ask --json`.

    `address` is that of the page, in which links open; without one they have that of the chat that answered.
    """
    turns = [_turn(exchange, address) for exchange in exchanges]
    return printable(json.dumps({"title": title, "turns": turns}, ensure_ascii=False, indent=2)) + "\n"


def _turn(exchange: Exchange, address: str) -> dict[str, Any]:
    answer = exchange.answer
    if answer is not None and address:
        answer = replace(answer, chat=address)
    return {
        "question": exchange.question,
        "asked": exchange.asked or None,
        "without": list(exchange.without),
        "scope": exchange.scope.as_json() or None,
        "answer": None if answer is None else answer.as_json(),
        "problem": exchange.problem or None,
        "verdict": exchange.verdict or None,
    }


def _answered(answer: Answer, address: str) -> Iterator[str]:
    others = answer.citations
    if answer.lead is None:
        yield _line(not_found_words(answer))
        heading = nearest_words(answer)
    else:
        yield answer_as_markdown(answer, address)
        yield f"{said(confidence_words(answer.confidence)).capitalize()}."
        others = tuple(each for each in others if each.rank != answer.lead.citation)
        heading = say(_FURTHER)
    if others:
        sources = (source_as_markdown(each, address + citation_link(each)) for each in others)
        yield "\n".join((f"{heading}:\n", *(f"- {source}" for source in sources)))


def _line(text: str) -> str:
    return escaped(" ".join(text.split()))


def file_name(title: str, asked: str) -> str:
    """A name without its extension for a conversation that was asked at an ISO time."""
    day = f"{datetime.fromisoformat(asked):%Y-%m-%d} " if asked else ""
    return day + (re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip(". ")[:80].strip(". ") or "Conversation")
