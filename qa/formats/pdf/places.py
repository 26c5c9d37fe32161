"""The canonical text of some pages, and the words on them → which words each stretch of the text stands on.

The text is what `pdf` once made of the same words: broken ones joined, running heads dropped, marks and bars
added. So the two are aligned. It knows nothing about pdfium, pictures or where on its page a word is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...text.document import Span

_TOKEN = re.compile(r"[^\W_]+")
_BROKEN = ("-", "\u2010", "\u00ad")
_LEAST = 8  # letters and digits that must be found in a row: fewer may stand elsewhere by chance
_MOST_CELLS = 40_000_000  # of the table of all pairs of tokens
_NEVER = -(1 << 30)

_Pair = tuple[int, tuple[int, ...]]  # a token of the text, and those on the page that it is made of


@dataclass(frozen=True, slots=True)
class Mark:
    """A word, by its number, or the part of it from `start` to `end`, in shares of its characters."""

    word: int
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, slots=True)
class _Token:
    """Letters and digits of the word with this number."""

    text: str
    word: int
    span: Span


@dataclass(frozen=True, slots=True)
class Places:
    """Where tokens of a text stand: each one's span in the text, and the tokens of the words that it is made of."""

    found: tuple[tuple[Span, tuple[_Token, ...]], ...]
    words: tuple[str, ...]

    def of(self, span: Span) -> list[Mark]:
        """The words that `span` of the text stands on, in reading order; those whose place is not certain lack."""
        wanted: dict[int, list[Span]] = {}
        for place, tokens in self.found:
            if place.start < span.end and place.end > span.start:
                for token in tokens:
                    wanted.setdefault(token.word, []).append(token.span)
        # Signs of their own ("$", "—") are no tokens: they belong to what stands on both sides of them.
        for before, after in pairwise(sorted(wanted)):
            if not any(_TOKEN.search(word) for word in self.words[before + 1 : after]):
                wanted.update((number, []) for number in range(before + 1, after))
        return [self._mark(number, spans) for number, spans in sorted(wanted.items())]

    def _mark(self, number: int, spans: Sequence[Span]) -> Mark:
        if not spans:
            return Mark(number)
        word = self.words[number]
        starts = [token.start() for token in _TOKEN.finditer(word)]
        first, after = spans[0].start, next((start for start in starts if start >= spans[-1].end), len(word))
        return Mark(number, first / len(word) if first > starts[0] else 0.0, after / len(word))


def places(words: Sequence[str], text: str) -> Places:
    """Where the tokens of `text` are among `words`, which are in reading order."""
    ours = [(match[0], Span(*match.span())) for match in _TOKEN.finditer(text)]
    theirs = [
        _Token(match[0], number, Span(*match.span()))
        for number, word in enumerate(words)
        for match in _TOKEN.finditer(word)
    ]
    if not ours or not theirs or len(ours) * len(theirs) > _MOST_CELLS:
        return Places((), tuple(words))
    pairs: list[_Pair] = [
        (i, (j,)) for i, j in _aligned([token for token, _ in ours], [token.text for token in theirs])
    ]
    pairs = _with_broken(pairs, [token for token, _ in ours], theirs, words)
    found = [(ours[i][1], tuple(theirs[j] for j in js)) for i, js in _certain(pairs, ours)]
    return Places(tuple(found), tuple(words))


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of equal tokens, in order, of an alignment with most pairs and fewest breaks between them.

    A pair counts 1, and 2 more where it directly follows another: where a sentence stands twice, its surroundings
    decide. `best` is the score up to a pair of places, `met` the same where the tokens before them are a pair.
    """
    codes: dict[str, int] = {}
    ones, others = (np.array([codes.setdefault(token, len(codes)) for token in side]) for side in (ours, theirs))
    best = np.zeros((len(ours) + 1, len(theirs) + 1), dtype=np.int32)
    met = np.full_like(best, _NEVER)
    for i, code in enumerate(ones):
        score = np.maximum(best[i, :-1] + 1, met[i, :-1] + 3)
        met[i + 1, 1:] = np.where(others == code, score, _NEVER)
        best[i + 1] = np.maximum.accumulate(np.maximum(best[i], met[i + 1]))
    pairs = []
    i, j, follows = len(ours), len(theirs), False
    while i and j:
        if not follows and best[i, j] == best[i - 1, j]:
            i -= 1
        elif not follows and best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j, follows = i - 1, j - 1, bool(met[i, j] == met[i - 1, j - 1] + 3)
            pairs.append((i, j))
    return pairs[::-1]


def _with_broken(
    pairs: Sequence[_Pair], ours: Sequence[str], theirs: Sequence[_Token], words: Sequence[str]
) -> list[_Pair]:
    """The pairs, and between them the tokens that are whole in the text and broken at a hyphen on the page."""
    result: list[_Pair] = []
    for (before, left), (after, right) in pairwise([(-1, (-1,)), *pairs, (len(ours), (len(theirs),))]):
        if before >= 0:
            result.append((before, left))
        start = left[-1] + 1
        for i in range(before + 1, after):
            joined = _joined(ours[i], range(start, right[0]), theirs, words)
            if joined is not None:
                result.append((i, joined))
                start = joined[-1] + 1
    return result


def _joined(text: str, among: range, theirs: Sequence[_Token], words: Sequence[str]) -> tuple[int, int] | None:
    for first in among:
        token = theirs[first]
        if text.startswith(token.text) and words[token.word][token.span.end :].startswith(_BROKEN):
            # Nearly always with the next one; but a running foot may stand between.
            for second in range(first + 1, among.stop):
                if text == token.text + theirs[second].text:
                    return first, second
    return None


def _certain(pairs: Sequence[_Pair], ours: Sequence[tuple[str, Span]]) -> list[_Pair]:
    """The pairs that stand in a row which is long enough, or is all there is."""
    runs: list[list[_Pair]] = []
    for pair in pairs:
        last = runs[-1][-1] if runs else None
        if last is not None and pair[0] == last[0] + 1 and pair[1][0] == last[1][-1] + 1:
            runs[-1].append(pair)
        else:
            runs.append([pair])
    least = min(_LEAST, sum(len(text) for text, _ in ours))
    return [pair for run in runs if sum(len(ours[i][0]) for i, _ in run) >= least for pair in run]
