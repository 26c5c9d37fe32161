"""A word that no text holds → the word that it was meant to be, among those that texts hold.

It knows nothing about an index: what words there are, and how frequent, is asked of whoever knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

# A shorter word has too many neighbours; one with two mistakes must be long for its neighbours to be few.
SHORTEST, SHORTEST_OF_TWO = 5, 8
# The letters that may stand for another, by script.
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
    beginning: Callable[[Iterable[str]], Mapping[str, int]],
) -> str | None:
    """The word within one mistake of `word`, or two where it is long; None where there is none.

    A mistake is a letter too many, too few, another one, or two neighbours exchanged (Damerau, "A technique for
    computer detection and correction of spelling errors", 1964). `word` is in lower case. Each is asked once at most:
    `frequencies` for how many texts hold each of some hundred words (those that none holds may be left out), and
    `beginning` for the words with one of some hundred beginnings and how many texts hold each. Fewer mistakes go first,
    then the same first letter, then what is more frequent. Of two mistakes at most one is looked for in the first half
    of the word: people seldom make two there, and it keeps the search short.
    """
    alphabet = next((letters for letters in _ALPHABETS if letters.issuperset(word)), None)
    if alphabet is None or len(word) < SHORTEST:
        return None
    found = frequencies(_neighbours(word, alphabet))
    if not any(found.values()) and len(word) >= SHORTEST_OF_TWO:
        found = _two_away(word, alphabet, beginning)
    best = max(found, key=lambda other: (found[other] > 0, other[0] == word[0], found[other], other), default=word)
    return best if found.get(best) else None


def _neighbours(word: str, alphabet: Iterable[str]) -> set[str]:
    """Every string that is one mistake away."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {left + right[1:] for left, right in cuts if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    for letter in alphabet:
        found |= {left + letter + right[1:] for left, right in cuts if right}
        found |= {left + letter + right for left, right in cuts}
    return found - {word}


def _two_away(
    word: str, alphabet: Iterable[str], beginning: Callable[[Iterable[str]], Mapping[str, int]]
) -> dict[str, int]:
    """The words that are two mistakes away, both in the second half or one in each."""
    half = (len(word) + 1) // 2
    first, second = word[:half], word[half:]
    starts, ends = _neighbours(first, alphabet), _neighbours(second, alphabet) | {second}

    def is_near(other: str) -> bool:
        if other.startswith(first) and abs(len(other) - len(word)) <= 2 and _mistakes(other[half:], second) <= 2:
            return True
        return any(other[:n] in starts and other[n:] in ends for n in (half - 1, half, half + 1))

    return {other: number for other, number in beginning({first, *starts}).items() if is_near(other)}


def _mistakes(one: str, other: str) -> int:
    """How many mistakes lie between two strings, none of them made within another."""
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
