"""Texts by key in rows of limited length, and words looked up by themselves and by prefixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import StoreError, UnreachableError
from qa.index.milvus.facts import (
    LEAST_ROWS,
    LONGEST,
    STATE,
    Facts,
    Pairs,
    Words,
    fact_rows,
    hashed,
    pair_rows,
    word_rows,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
WORD = st.text("abcé蜜😀z", min_size=1, max_size=4)


class Rows:
    """A server that stores rows by their keys."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.rows = {row["key"]: row for row in [*fact_rows(STATE, ""), *rows]}
        self.calls = 0

    def call(
        self, method: str, collection: str, ids: Sequence[str], whole: Callable[[Any], bool], **_: Any
    ) -> list[Mapping[str, Any]]:
        assert method == "get"
        self.calls += 1
        existing = [self.rows[key] for key in ids if key in self.rows]
        assert whole(existing)
        assert not whole(existing[1:])
        return existing

    def until_loaded(self, collection: str, enough: Callable[[int], bool], seconds: float) -> None:
        if not enough(len(self.rows)):
            raise UnreachableError("a part of it is not loaded")


def facts(rows: Iterable[Mapping[str, Any]]) -> Facts:
    return Facts(Rows(rows), "things_000001_facts")  # type: ignore[arg-type]


@given(TEXT, st.integers(0, 3))
def test_a_text_of_any_length_is_returned(text: str, times: int) -> None:
    text += "😀é\n\0" * 20_000 * times
    rows = list(fact_rows("body:7", text))
    assert all(len(row["value"].encode()) <= LONGEST for row in rows)
    assert facts(rows).get(["body:7", "body:8"]) == {"body:7": text}


def test_the_rows_of_a_text_are_known() -> None:
    rows = list(fact_rows("body:7", "x" * 200_000))
    assert len(rows) > 3
    assert facts(rows).rows_of(["body:7", "body:8"]) == [row["key"] for row in rows]


@pytest.mark.parametrize("harm", ["another letter", "a row lost", "no head", "no pieces", "too many pieces"])
def test_damage_is_found(harm: str) -> None:
    rows = list(fact_rows("body:7", "x" * 200_000))
    if harm == "another letter":
        rows[1]["value"] = "y" + rows[1]["value"][1:]
    elif harm == "a row lost":
        del rows[2]
    elif harm == "no head":
        rows[0]["value"] = "x"
    else:
        rows[0]["value"] = f"{0 if harm == 'no pieces' else 10**12} 0\n"
    with pytest.raises(StoreError, match="things_000001_facts is damaged: run `qa build --full`"):
        facts(rows).get(["body:7"])


@pytest.mark.parametrize("head", ["x", "", "-1 0", f"{10**12} 0"])
def test_rows_of_a_text_that_is_damaged_are_not_guessed(head: str) -> None:
    with pytest.raises(StoreError, match="is damaged"):
        facts([{"key": "body:7:", "value": f"{head}\n"}]).rows_of(["body:7"])


@pytest.mark.parametrize("block", ["", "anchor", "anchor x", "anchor 1 2"])
def test_damaged_words_are_reported(block: str) -> None:
    words = Words(facts([*fact_rows("words", "a"), *fact_rows("words:0", block)]), "words")
    with pytest.raises(StoreError, match="is damaged"):
        words.frequencies(["anchor"])


def test_a_missing_required_row_is_damage() -> None:
    with pytest.raises(StoreError, match="is damaged"):
        facts([]).one("manifest")


@pytest.mark.parametrize(("least", "problem"), [(4, "not loaded"), (3, "is damaged")])
def test_a_missing_block_is_not_mistaken_for_unused_words(least: int, problem: str) -> None:
    rows = [*fact_rows("words", "a"), *fact_rows(LEAST_ROWS, f"{least} 7")]
    with pytest.raises(StoreError, match=problem):
        Words(facts(rows), "words").frequencies(["anchor"])


def test_the_state_and_the_least_number_of_rows_are_read() -> None:
    assert facts([]).state() == ""
    assert facts(fact_rows(STATE, "0123abcd")).state() == "0123abcd"
    assert facts(fact_rows(LEAST_ROWS, "12 7")).least() == [12, 7]


@given(st.lists(st.tuples(WORD, WORD)), st.lists(WORD))
def test_pairs_are_found_by_either_of_them(stored: list[tuple[str, str]], asked: list[str]) -> None:
    pairs = Pairs(facts(pair_rows("pairs", stored)), "pairs")
    assert pairs.containing(asked) == sorted({pair for pair in stored if not set(pair).isdisjoint(asked)})


def test_a_question_reads_the_pairs_of_its_words_alone() -> None:
    rows = Rows(pair_rows("pairs", [(f"s{number}", f"long form {number}") for number in range(5_000)]))
    pairs = Pairs(Facts(rows, "facts"), "pairs")  # type: ignore[arg-type]
    assert pairs.containing(["s7", "nobody", "long form 7", "long form 4999"]) == [
        ("s4999", "long form 4999"),
        ("s7", "long form 7"),
    ]
    assert rows.calls == 1


@given(TEXT)
def test_a_key_is_made_of_letters_and_digits(text: str) -> None:
    assert hashed(text).isalnum()
    assert hashed(text).isascii()
    assert len(hashed(text)) == 32


@given(st.dictionaries(WORD, st.integers(1, 99)), st.lists(WORD), st.lists(st.text("abcé蜜😀z", max_size=3)))
def test_words_are_found_by_themselves_and_by_prefix(
    stored: dict[str, int], asked: list[str], starts: list[str]
) -> None:
    words = Words(facts(word_rows("words", stored)), "words")
    assert words.frequencies(asked) == {word: stored[word] for word in asked if word in stored}
    assert words.beginning(starts) == {word: n for word, n in stored.items() if word.startswith(tuple(starts))}


def test_many_words_are_asked_for_at_once_and_kept() -> None:
    stored = {f"w{number:05}": number for number in range(1, 3_000)}
    rows = Rows(word_rows("words", stored))
    words = Words(Facts(rows, "facts"), "words")  # type: ignore[arg-type]
    assert words.frequencies(stored) == stored
    assert words.beginning(["w001", "w0299", "x"]) == {
        word: n for word, n in stored.items() if word.startswith(("w001", "w0299"))
    }
    assert rows.calls == 2  # where each begins, and all that were asked for
