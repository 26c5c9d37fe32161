"""Lays the words of a claim along those of an article so that the fewest differ, and says where they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .words import Words


@dataclass(frozen=True, slots=True)
class Change:
    """Words of a claim, by number from `start` to `end`, and what the article has in their place.

    Either range is empty where words were added or left out.
    """

    start: int
    end: int
    there_start: int
    there_end: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """A claim laid along the words `first` to `last` of an article, with all changes in order.

    `distance` is how many words were exchanged, added or left out; words that differ in case alone are the same.
    """

    first: int
    last: int
    changes: tuple[Change, ...]
    distance: int


def align(claim: Words, article: Words) -> Alignment | None:
    """The part of an article's words that differs least from the claim; None if one of them has no words.

    Words before and after that part cost nothing (Sellers 1980). Of several such parts the first is taken,
    if possible one that ends with the same word.
    """
    if not len(claim) or not len(article):
        return None
    numbers = {form: number for number, form in enumerate(dict.fromkeys((*claim.folded, *article.folded)))}
    ours = np.array([numbers[form] for form in claim.folded])
    theirs = np.array([numbers[form] for form in article.folded])
    costs = _costs(ours, theirs)
    ends = np.flatnonzero(costs[-1] == costs[-1].min())
    same = ends[(ends > 0) & (theirs[ends - 1] == ours[-1])]  # "is not open" for "is open", rather than "is not"
    end = int(same[0] if len(same) else ends[0])
    steps = _steps(costs, ours, theirs, end)
    first = steps[0][1] if steps else end
    return _with_ends(Alignment(first, end, tuple(_changes(steps)), int(costs[-1, end])), claim, article)


def longest_run(claim: Words, alignment: Alignment) -> int:
    """How many words of the claim in a row are the same in the article, at most."""
    edges = [(change.start, change.end) for change in alignment.changes]
    begins, ends = (0, *(end for _, end in edges)), (*(start for start, _ in edges), len(claim))
    return max(end - start for start, end in zip(begins, ends, strict=True))


def found_in(claim: Words, article: Words) -> int | None:
    """The number of the word of an article at which the claim's words stand in a row, whatever their case."""
    length, folded = len(claim), article.folded
    if not length:
        return None
    first = claim.folded[0]
    start = -1
    while True:
        try:
            start = folded.index(first, start + 1)
        except ValueError:
            return None
        if folded[start : start + length] == claim.folded:
            return start


def _with_ends(found: Alignment, claim: Words, article: Words) -> Alignment:
    """The alignment with what the article's sentence has in the place of words that only the claim begins or ends with.

    It costs the same without, and says less: "in 2019" stands in the place of "in 2018" at the end of a sentence.
    """
    changes, first, last = list(found.changes), found.first, found.last
    if changes and changes[0].start == 0 and changes[0].there_start == changes[0].there_end:
        begin = first
        while begin and first - begin < changes[0].end and not _parted(article, begin - 1):
            begin -= 1
        changes[0] = Change(0, changes[0].end, begin, first)
        first = begin
    if changes and changes[-1].end == len(claim) and changes[-1].there_start == changes[-1].there_end:
        count, end = changes[-1].end - changes[-1].start, last
        while end and end < len(article) and end - last < count and not _parted(article, end - 1):
            end += 1
        changes[-1] = Change(changes[-1].start, len(claim), last, end)
        last = end
    return Alignment(first, last, tuple(changes), found.distance)


def _parted(article: Words, number: int) -> bool:
    """Whether a sentence ends, or a line that is blank follows, between a word and the next."""
    between = article.text[article.spans[number].end : article.spans[number + 1].start]
    return "\n\n" in between or any(sign in between for sign in ".!?;:|") or "\n#" in between


def _costs(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int32]:
    """The least cost of the first i words of the claim that end at word j of the article: shape (i + 1, j + 1)."""
    places = np.arange(len(theirs) + 1, dtype=np.int32)
    costs = np.zeros((len(ours) + 1, len(theirs) + 1), dtype=np.int32)
    for row, word in enumerate(ours, start=1):
        above = costs[row - 1]
        reached = above + 1  # the claim's word is added
        reached[1:] = np.minimum(reached[1:], above[:-1] + (theirs != word))
        costs[row] = np.minimum.accumulate(reached - places) + places  # words of the article that are left out
    return costs


def _steps(
    costs: NDArray[np.int32], ours: NDArray[np.int64], theirs: NDArray[np.int64], end: int
) -> list[tuple[int, int, bool, bool]]:
    """The way back through the costs, in order: word of the claim, word of the article, and which of them is used."""
    steps: list[tuple[int, int, bool, bool]] = []
    i, j = len(ours), end
    while i:
        here = costs[i, j]
        if j and here == costs[i - 1, j - 1] + (ours[i - 1] != theirs[j - 1]):
            i, j = i - 1, j - 1
            steps.append((i, j, True, True) if ours[i] != theirs[j] else (i, j, False, False))
        elif here == costs[i - 1, j] + 1:
            i -= 1
            steps.append((i, j, True, False))
        else:
            j -= 1
            steps.append((i, j, False, True))
    return steps[::-1]


def _changes(steps: list[tuple[int, int, bool, bool]]) -> Iterator[Change]:
    """Neighbouring steps that differ, joined."""
    open_change: Change | None = None
    for i, j, uses_ours, uses_theirs in steps:
        if not (uses_ours or uses_theirs):
            if open_change is not None:
                yield open_change
            open_change = None
            continue
        begun = open_change or Change(i, i, j, j)
        open_change = Change(begun.start, max(begun.end, i + uses_ours), begun.there_start, j + uses_theirs)
    if open_change is not None:
        yield open_change
