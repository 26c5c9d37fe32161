"""What changed between two versions of a text: the paragraphs that differ, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_PARAGRAPHS = re.compile(r"\n\s*\n")
_TOKENS = re.compile(r"\w+|[^\w\s]|\s+")
# Pairs of tokens: up to the first number all are compared, up to the second none of frequent ones. With more, the
# changed part is shown as a whole, since comparing a text that repeats itself takes minutes.
_ALL_COMPARED, _MOST_COMPARED = 250_000, 4_000_000
_SHOWN = 12  # words before and after a change that are shown of a long paragraph
_SIGNS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a changed paragraph: words that both versions have, or only the former, or only the later one."""

    kind: Literal["same", "removed", "added"]
    text: str


def changed_paragraphs(former: str, later: str) -> Iterator[tuple[Piece, ...]]:
    """The paragraphs that are not the same in both, in order; each with the words that are, as far as there are any."""
    before, after = (_PARAGRAPHS.split(text.strip("\n")) if text.strip() else [] for text in (former, later))
    for i, j, k, n in _changes(before, after):
        yield from _paired(before[i:j], after[k:n])


def as_text(pieces: Iterable[Piece]) -> str:
    """A changed paragraph as `git diff --word-diff` writes it: `The fee is [-40-]{+55+} euros.`; long rests are cut."""
    parts = list(pieces)
    shown = []
    for number, piece in enumerate(parts):
        start, end = _SIGNS[piece.kind]
        text = piece.text if piece.kind != "same" else _cut(piece.text, number > 0, number < len(parts) - 1)
        shown.append(f"{start}{text}{end}")
    return "".join(shown)


def _paired(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    """As many paragraphs of both as there are, in order, and the rest of the longer side alone."""
    if len(before) == len(after):
        yield from (_words(old, new) for old, new in zip(before, after, strict=True) if old != new)
    elif before and after:
        yield _words("\n\n".join(before), "\n\n".join(after))
    else:
        yield from ((Piece("removed", text),) for text in before)
        yield from ((Piece("added", text),) for text in after)


def _words(former: str, later: str) -> tuple[Piece, ...]:
    old, new = _TOKENS.findall(former), _TOKENS.findall(later)
    pieces: list[Piece] = []
    end = 0
    for i, j, k, n in _changes(old, new):
        parts = (
            Piece("same", "".join(old[end:i])),
            Piece("removed", "".join(old[i:j])),
            Piece("added", "".join(new[k:n])),
        )
        pieces += [piece for piece in parts if piece.text]
        end = j
    return (*pieces, Piece("same", "".join(old[end:]))) if end < len(old) else tuple(pieces)


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The ranges that differ, in both: `old[i:j]` became `new[k:n]`."""
    least = min(len(old), len(new))
    start = next((n for n in range(least) if old[n] != new[n]), least)
    most = least - start
    same = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    before, after = old[start : len(old) - same], new[start : len(new) - same]
    pairs = len(before) * len(after)
    if pairs > _MOST_COMPARED:
        yield start, start + len(before), start, start + len(after)
        return
    for kind, i, j, k, n in SequenceMatcher(str.isspace, before, after, pairs > _ALL_COMPARED).get_opcodes():
        if kind != "equal":
            yield start + i, start + j, start + k, start + n


def _cut(text: str, after_change: bool, before_change: bool) -> str:
    """The words of a text next to a change, if it is long."""
    words = text.split()
    if len(words) <= 2 * _SHOWN + 2:
        return text
    start = text[: len(text) - len(text.split(None, _SHOWN)[-1])] if after_change else ""
    end = text[len(text.rsplit(None, _SHOWN)[0]) :] if before_change else ""
    return f"{start}… {end.lstrip()}" if start else f"…{end}"
