"""Spells compounds as the articles do, because the encoder and the reader know words by their spelling."""

from __future__ import annotations

import re
from dataclasses import replace

from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..text.compounds import needs_hyphen
from .query import PHRASE


def respell(query: Query, generation: OpenGeneration) -> Query:
    """The query with each compound in the spelling of the articles if none spells it as typed; quoted ones are kept."""
    text = query.text
    for closed, phrase in generation.compounds(text):
        first, last = phrase.split()
        if (is_closed := re.compile(rf"\b({first})({closed.removeprefix(first)})\b", re.I)).search(text):
            if not generation.has_word(closed):
                text = _joined_by("-" if needs_hyphen(first, last) else " ", is_closed, text)
        elif not generation.contains(phrase):
            text = _joined_by("", re.compile(rf"\b({first})[\s\-‐‑]+({last})\b", re.I), text)
    return replace(query, text=text)


def _joined_by(sign: str, halves: re.Pattern[str], text: str) -> str:
    """The text with this sign between the halves of a compound, except in phrases."""
    quoted = [match.span() for match in PHRASE.finditer(text)]

    def joined(match: re.Match[str]) -> str:
        is_quoted = any(start <= match.start() < end for start, end in quoted)
        return match[0] if is_quoted else f"{match[1]}{sign}{match[2] if sign else match[2].lower()}"

    return halves.sub(joined, text)
