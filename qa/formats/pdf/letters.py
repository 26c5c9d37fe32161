"""Puts words together whose letters stand apart on the page: drop caps, and letters with spaces between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .layout import DROP_CAP, Row, Word, rows_of

_CAPITAL = re.compile(r"[\"'“„«‘(¿¡]?[^\W\d_]['’]?\Z")
_SINGLE = re.compile(r"[^\W_]['’.,:;!?)\]]?\Z")
_LEAST = 4  # letters in a row, to tell spaced letters from a formula
_MAX_DROP_CAPS = 50  # on a page


def word_rows(words: Sequence[Word]) -> list[Row]:
    """The rows of a page, with the words whole whose letters stand apart."""
    return [without_spacing(row) for row in rows_of(with_drop_caps(words))]


def with_drop_caps(words: Sequence[Word]) -> list[Word]:
    """The words with each drop cap put before the first of the words that it touches."""
    usual = Counter(round(word.size) for word in words).most_common(1)
    caps = [word for word in words if usual and word.size >= DROP_CAP * usual[0][0] and _CAPITAL.match(word.text)]
    if not caps or len(caps) > _MAX_DROP_CAPS:
        return list(words)
    result = list(words)
    written = Counter(word.text.casefold() for word in words)
    for cap in caps:
        first = _beside(cap, result)
        if first is None:
            continue
        result.remove(cap)
        at = result.index(first)
        joined = cap.text + first.text
        # "A", "I" and "O" can be words: whether they are is told by the other words of the page.
        is_known, joined_is_known = written[first.text.casefold()] > 1, joined.casefold() in written
        is_word = cap.text in "AIOEYÀÉÓ" and is_known and not joined_is_known
        # The place stays that of the small letters: the lines below it have the same left edge.
        result[at] = replace(first, text=f"{cap.text} {first.text}" if is_word else joined)
    return result


def _beside(cap: Word, words: Sequence[Word]) -> Word | None:
    """The word in the highest line that a drop cap touches on its right; None if it stands by itself."""
    touching = [
        word
        for word in words
        if DROP_CAP * word.size <= cap.size
        and -0.5 * word.size < word.x0 - cap.x1 < 1.2 * word.size
        and cap.y - 0.3 * word.size < word.y < cap.top
        and word.text[0].isalpha()
    ]
    return max(touching, key=lambda word: (word.y, -word.x0), default=None)


def without_spacing(row: Row) -> Row:
    """The row with letters joined that have spaces between them, if wider spaces show where the words end."""
    result: Row = []
    start = 0
    while start < len(row):
        end = start + 1
        while end < len(row) and _continues_spacing(row[start], row[end - 1], row[end]):
            end += 1
        run = row[start:end]
        result += _unspaced(run, row[start - 1 : start], row[end : end + 1]) if end - start >= _LEAST else run
        start = end
    return result


def _continues_spacing(first: Word, before: Word, word: Word) -> bool:
    is_single = bool(_SINGLE.match(before.text) and _SINGLE.match(word.text))
    return is_single and abs(word.size - first.size) < 0.1 * first.size and word.x0 - before.x1 < 3 * word.size


def _unspaced(run: Row, before: Row, after: Row) -> Row:
    """The words that a run of single letters makes up; the run itself if its spaces do not tell."""
    if sum(word.text[0].isalpha() for word in run) < 0.8 * len(run) or _is_alphabet(run):
        return run
    gaps = [two.x0 - one.x1 for one, two in pairwise(run)]
    least = sorted(gaps)[len(gaps) // 4]
    limit = max(1.6 * least, least + 0.12 * run[0].size)
    around = [run[0].x0 - word.x1 for word in before] + [word.x0 - run[-1].x1 for word in after]
    if least > run[0].size or any(gap < limit for gap in around):
        return run  # as far apart as the cells of a table, or as the words of the line
    groups: list[Row] = [[run[0]]]
    for word, gap in zip(run[1:], gaps, strict=True):
        if gap > limit:
            groups.append([])
        groups[-1].append(word)
    if len(run) < 2 * len(groups):
        return run  # mostly single letters: symbols
    return [
        replace(group[0], text="".join(word.text for word in group), x1=group[-1].x1, top=max(w.top for w in group))
        for group in groups
    ]


def _is_alphabet(run: Row) -> bool:
    """Whether the letters are those of an index or of choices: A B C D."""
    return sum(ord(two.text[0]) - ord(one.text[0]) == 1 for one, two in pairwise(run)) > len(run) / 2
