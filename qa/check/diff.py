"""Shows word by word how one text differs from another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..text.document import Span
from .alignment import align
from .comparison import Difference
from .words import words_of


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a difference: words that both texts have, that only `ours` has, or that only `theirs` has."""

    kind: Literal["both", "ours", "theirs"]
    text: str


def pieces(text: str, span: Span, differences: Iterable[Difference]) -> Iterator[Piece]:
    """A part of a text with what another one has in the place of its words; the differences are in order."""
    end = span.start
    for each in differences:
        if each.at.start > end:
            yield Piece("both", text[end : each.at.start])
        if each.ours:
            yield Piece("ours", each.ours)
        if each.theirs:
            is_added = not each.ours
            yield Piece("theirs", f"{each.theirs} " if is_added else each.theirs)
        end = max(end, each.at.end)
    if end < span.end:
        yield Piece("both", text[end : span.end])


def word_diff(ours: str, theirs: str) -> tuple[Piece, ...]:
    """The whole of one text with what is nearest to it in another in the place of its words."""
    mine, others = words_of(ours), words_of(theirs)
    found = align(mine, others)
    if found is None:
        return (Piece("ours", ours),)
    differences = []
    for change in found.changes:
        here, there = mine.slice(change.start, change.end), others.slice(change.there_start, change.there_end)
        place = mine.spans[change.start].start if change.start < len(mine) else mine.spans[-1].end
        at = here.span if len(here) else Span(place, place)
        differences.append(Difference(at.of(ours), there.span.of(theirs), at))
    return tuple(pieces(ours, Span(0, len(ours)), differences))


def as_text(found: Iterable[Piece]) -> str:
    """A difference in plain text: `The port is [-8410-]{+8420+}.`, as `git diff --word-diff` writes it."""
    signs = {"both": ("", ""), "ours": ("[-", "-]"), "theirs": ("{+", "+}")}
    return "".join(signs[each.kind][0] + each.text.strip() + signs[each.kind][1] if each.kind != "both" else each.text
                   for each in found)  # fmt: skip
