"""The rankings of a question and of those that it is made of → one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from .ranking import Hit, Ranking


def together(whole: Ranking, parts: Sequence[Ranking], top_k: int) -> Ranking:
    """The best passages of a question and of each of its parts in turn; its own first ones where it has no parts.

    Each part has them with its own judgements.
    """
    rows = zip_longest(whole.hits, *(part.hits for part in parts))
    found = {hit.id: hit for row in rows for hit in row if hit is not None}
    hits = tuple(replace(hit, rank=number) for number, hit in enumerate(islice(found.values(), top_k), start=1))
    carried = dict.fromkeys(words for each in (whole, *parts) for words in each.carried)
    parts = tuple(replace(part, hits=_judged_by(part, hits)) for part in parts)
    return replace(whole, hits=hits, parts=parts, carried=tuple(carried))


def _judged_by(part: Ranking, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    said = {hit.id: hit.judgement for hit in part.hits}
    return tuple(replace(hit, judgement=said.get(hit.id)) for hit in hits)
