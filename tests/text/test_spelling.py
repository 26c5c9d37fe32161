"""A misspelt word is recognised: one mistake, two in a long word, and no more."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.spelling import MIN_LENGTH, nearest

WORDS = {
    "photosynthesis": 9, "photosystem": 2, "constantinople": 3, "committee": 40, "winter": 30, "hinter": 90,
    "winner": 50, "честный": 4, "honey": 12, "bees": 80, "electromagnetism": 2,
}  # fmt: skip


def meant(word: str, words: dict[str, int] = WORDS) -> str | None:
    def beginning(starts: Iterable[str]) -> dict[str, int]:
        return {other: number for other, number in words.items() if other.startswith(tuple(starts))}

    return nearest(word, lambda others: {other: words.get(other, 0) for other in others}, beginning)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("photosynthsis", "photosynthesis"),  # a letter too few
        ("photosynthhesis", "photosynthesis"),  # a letter too many
        ("photosynthasis", "photosynthesis"),  # another letter
        ("photosynhtesis", "photosynthesis"),  # two letters exchanged
        ("hpotosynthesis", "photosynthesis"),  # at the beginning
        ("comittie", "committee"),  # two mistakes
        ("electromagnatizm", "electromagnetism"),
        ("constatinopel", "constantinople"),
        ("чстный", "честный"),
    ],
)
def test_a_misspelt_word_is_known(typed: str, word: str) -> None:
    assert meant(typed) == word


@pytest.mark.parametrize(
    "typed", ["bes", "beas", "wimtex", "qwertyuiop", "photo", "蜜蜂蜜蜂蜜蜂", "wintér", "win7er", ""]
)
def test_a_short_a_far_and_a_foreign_word_are_not(typed: str) -> None:
    assert meant(typed) is None


def test_the_same_first_letter_goes_before_frequency_and_that_before_the_rest() -> None:
    assert meant("wintner", {"winter": 3, "hintner": 90}) == "winter"
    assert meant("winer", {"winter": 3, "winner": 9}) == "winner"


def test_one_mistake_goes_before_two() -> None:
    assert meant("photosysten", {"photosystem": 1, "photosettes": 900, "photosissen": 900}) == "photosystem"


@given(st.sampled_from(sorted(WORDS)), st.integers(0, 15), st.sampled_from("abcxyz"))
def test_any_one_mistake_in_a_lone_word_is_mended(word: str, place: int, letter: str) -> None:
    place = min(place, len(word) - 1)
    for typed in (word[:place] + word[place + 1 :], word[:place] + letter + word[place:]):
        if len(typed) >= MIN_LENGTH and typed != word and word.isascii():
            assert meant(typed, {word: 1}) == word


@given(st.text(max_size=20))
def test_a_correction_is_an_existing_word(typed: str) -> None:
    assert meant(typed) in {None, *WORDS}
