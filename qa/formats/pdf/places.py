"""Aligns the canonical text of some pages with the words on them, to find the words of a span of the text.

The text was made of the same words, but with hyphenated ones joined, running heads dropped, list marks and table
bars added, and notes moved to the words that they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...text.document import Span

_TOKEN = re.compile(r"[^\W_]+")
_HYPHENS = ("-", "\u2010", "\u00ad")
_MIN_RUN = 8  # letters and digits that must match in a row: fewer may match by chance
_MAX_MOVES = 3  # passages that are aligned although they stand elsewhere
_MAX_CELLS = 40_000_000  # of the table of all pairs of tokens
_NEVER = -(1 << 30)

_Pair = tuple[int, tuple[int, ...]]  # a token of the text, and the tokens on the page that make it up


@dataclass(frozen=True, slots=True)
class Mark:
    """A word, by its index, or the part of it from `start` to `end`, as fractions of its characters."""

    word: int
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, slots=True)
class _Token:
    """Letters and digits of the word with this index."""

    text: str
    word: int
    span: Span


@dataclass(frozen=True, slots=True)
class Alignment:
    """Tokens of a text, each with its span in the text and the tokens on the page that make it up; and all words."""

    tokens: tuple[tuple[Span, tuple[_Token, ...]], ...]
    words: tuple[str, ...]

    def marks(self, span: Span) -> list[Mark]:
        """The words of `span` of the text, in reading order, without those whose position is uncertain."""
        spans_by_word: dict[int, list[Span]] = {}
        for text_span, page_tokens in self.tokens:
            if text_span.start < span.end and text_span.end > span.start:
                for token in page_tokens:
                    spans_by_word.setdefault(token.word, []).append(token.span)
        # Words without letters ("$", "—") have no tokens: they are marked if the words on both sides are.
        for before, after in pairwise(sorted(spans_by_word)):
            if not any(_TOKEN.search(word) for word in self.words[before + 1 : after]):
                spans_by_word.update((number, []) for number in range(before + 1, after))
        return [self._mark(number, spans) for number, spans in sorted(spans_by_word.items())]

    def _mark(self, number: int, spans: Sequence[Span]) -> Mark:
        if not spans:
            return Mark(number)
        word = self.words[number]
        starts = [token.start() for token in _TOKEN.finditer(word)]
        first, after = spans[0].start, next((start for start in starts if start >= spans[-1].end), len(word))
        return Mark(number, first / len(word) if first > starts[0] else 0.0, after / len(word))


def align(words: Sequence[str], text: str) -> Alignment:
    """Align the tokens of `text` with those of `words`, which are in reading order."""
    ours = [(match[0], Span(*match.span())) for match in _TOKEN.finditer(text)]
    theirs = [
        _Token(match[0], number, Span(*match.span()))
        for number, word in enumerate(words)
        for match in _TOKEN.finditer(word)
    ]
    if not ours or not theirs or len(ours) * len(theirs) > _MAX_CELLS:
        return Alignment((), tuple(words))
    pairs: dict[int, tuple[int, ...]] = {}
    for _ in range(_MAX_MOVES + 1):
        # What is not yet aligned may stand elsewhere on the page, such as a note.
        taken = {j for js in pairs.values() for j in js}
        rest, free = ([n for n in range(len(side)) if n not in done] for side, done in ((ours, pairs), (theirs, taken)))
        found = _aligned(ours, rest, theirs, free, words)
        if not found:
            break
        pairs.update(found)
    aligned = [(ours[i][1], tuple(theirs[j] for j in js)) for i, js in sorted(pairs.items())]
    return Alignment(tuple(aligned), tuple(words))


def _aligned(
    ours: Sequence[tuple[str, Span]], rest: Sequence[int], theirs: Sequence[_Token], free: Sequence[int],
    words: Sequence[str],
) -> list[_Pair]:  # fmt: skip
    """The certain pairs in the best alignment of the tokens with these indices."""
    if not rest or not free:
        return []
    texts, tokens = [ours[i][0] for i in rest], [theirs[j] for j in free]
    pairs: list[_Pair] = [(i, (j,)) for i, j in _equal_pairs(texts, [token.text for token in tokens])]
    pairs = _with_hyphenated(pairs, texts, tokens, words)
    return list(_certain([(rest[i], tuple(free[j] for j in js)) for i, js in pairs], ours))


def _equal_pairs(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of equal tokens, in order, in the alignment with the most pairs and the fewest breaks.

    A pair scores 1, and 2 more if it directly follows another, so that the context decides if a sentence occurs twice.
    `best` is the best score up to a pair of positions, `met` the best score if the tokens before them are paired.
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


def _with_hyphenated(
    pairs: Sequence[_Pair], ours: Sequence[str], theirs: Sequence[_Token], words: Sequence[str]
) -> list[_Pair]:
    """The pairs, with the tokens between them that are hyphenated on the page and whole in the text."""
    result: list[_Pair] = []
    for (before, left), (after, right) in pairwise([(-1, (-1,)), *pairs, (len(ours), (len(theirs),))]):
        if before >= 0:
            result.append((before, left))
        start = left[-1] + 1
        for i in range(before + 1, after):
            halves = _halves(ours[i], range(start, right[0]), theirs, words)
            if halves is not None:
                result.append((i, halves))
                start = halves[-1] + 1
    return result


def _halves(text: str, among: range, theirs: Sequence[_Token], words: Sequence[str]) -> tuple[int, int] | None:
    """The tokens among those on the page that make up a hyphenated word; None if there are none."""
    for first in among:
        token = theirs[first]
        if text.startswith(token.text) and words[token.word][token.span.end :].startswith(_HYPHENS):
            # Nearly always with the next one, but a running footer may be in between.
            for second in range(first + 1, among.stop):
                if text == token.text + theirs[second].text:
                    return first, second
    return None


def _certain(pairs: Sequence[_Pair], ours: Sequence[tuple[str, Span]]) -> list[_Pair]:
    """The pairs in runs that are long enough, or that cover the whole text."""
    runs: list[list[_Pair]] = []
    for pair in pairs:
        last = runs[-1][-1] if runs else None
        if last is not None and pair[0] == last[0] + 1 and pair[1][0] == last[1][-1] + 1:
            runs[-1].append(pair)
        else:
            runs.append([pair])
    least = min(_MIN_RUN, sum(len(text) for text, _ in ours))
    return [pair for run in runs if sum(len(ours[i][0]) for i, _ in run) >= least for pair in run]
