"""Corrects a misspelt word to the likeliest word of the indexed texts.

The index appears here only as two functions: the frequencies of words, and the words with given prefixes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

# Shorter words have too many neighbours, and words within two edits are few only for a longer one.
MIN_LENGTH, MIN_LENGTH_TWO_EDITS = 5, 8
# The letters that an edit may insert, by script.
_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        "abcdefghijklmnopqrstuvwxyz",
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґўјљњћђџѓќѕ",
        "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    )
)


def nearest(
    word: str,
    frequencies: Callable[[Iterable[str]], Mapping[str, int]],
    with_prefix: Callable[[Iterable[str]], Mapping[str, int]],
) -> str | None:
    """The best word within one edit of `word` (in lower case), or within two if it is long; None if there is none.

    An edit inserts, deletes or replaces a letter or exchanges two neighbours (Damerau, "A technique for computer
    detection and correction of spelling errors", 1964). `frequencies` returns how many texts contain each of several
    hundred words (it may leave out words in no text), and `with_prefix` the words with one of several hundred prefixes
    and how many texts contain each; each function is called at most once. Fewer edits win, then the same first letter,
    then the higher frequency. Of two edits at most one may be in the first half of the word: two mistakes there are
    rare, and the restriction keeps the search short.
    """
    alphabet = next((letters for letters in _ALPHABETS if letters.issuperset(word)), None)
    if alphabet is None or len(word) < MIN_LENGTH:
        return None
    counts = frequencies(_neighbours(word, alphabet))
    if not any(counts.values()) and len(word) >= MIN_LENGTH_TWO_EDITS:
        counts = _within_two_edits(word, alphabet, with_prefix)
    best = max(counts, key=lambda other: (counts[other] > 0, other[0] == word[0], counts[other], other), default=word)
    return best if counts.get(best) else None


def _neighbours(word: str, alphabet: Iterable[str]) -> set[str]:
    """Every string one edit away."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    neighbours = {left + right[1:] for left, right in cuts if right}
    neighbours |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    for letter in alphabet:
        neighbours |= {left + letter + right[1:] for left, right in cuts if right}
        neighbours |= {left + letter + right for left, right in cuts}
    return neighbours - {word}


def _within_two_edits(
    word: str, alphabet: Iterable[str], with_prefix: Callable[[Iterable[str]], Mapping[str, int]]
) -> dict[str, int]:
    """The words two edits away, with both edits in the second half or one in each half."""
    half = (len(word) + 1) // 2
    first, second = word[:half], word[half:]
    starts, ends = _neighbours(first, alphabet), _neighbours(second, alphabet) | {second}

    def is_near(other: str) -> bool:
        if other.startswith(first) and abs(len(other) - len(word)) <= 2 and _distance(other[half:], second) <= 2:
            return True
        return any(other[:n] in starts and other[n:] in ends for n in (half - 1, half, half + 1))

    return {other: count for other, count in with_prefix({first, *starts}).items() if is_near(other)}


def _distance(one: str, other: str) -> int:
    """The optimal string alignment distance: the number of edits, none of which changes the result of another."""
    before, last = list[int](), list(range(len(other) + 1))
    for i, left in enumerate(one):
        row = [i + 1]
        for j, right in enumerate(other):
            least = min(last[j] + (left != right), last[j + 1] + 1, row[j] + 1)
            if i and j and left == other[j - 1] and right == one[i - 1]:
                least = min(least, before[j - 1] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
