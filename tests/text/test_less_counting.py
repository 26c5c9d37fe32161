"""Tokens, keys and languages are worked out once, with the result that working them out each time has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from qa import formats
from qa.models.token_counts import token_counter
from qa.text import languages, packed
from qa.text.document import Document
from qa.text.packed import PackedPassages, keyed, keys_of
from qa.text.passage import Passage, key_of
from qa.text.passages import Splitting, _PassageBuilder, iter_passages
from qa.text.visible import hidden, visible

TOKENIZER = ROOT / "qa" / "models" / "weights" / "all-MiniLM-L6-v2" / "tokenizer.json"
MOST = 256
PAGES = sorted((ROOT / "docs").glob("*.md"))[:12] + sorted((ROOT / "corpus").glob("*.md"))


def documents() -> list[Document]:
    """The pages of this project, and a text in a script without blanks."""
    pages = [(page.name, page.read_bytes()) for page in PAGES]
    pages.append(("dense.txt", "この駅は古い橋のそばにある。次の列車は九時に出る。".encode() * 40))
    pages.append(("long.txt", b"harbour" * 900 + b" lights and harbour lights. " * 200))
    return [document for name, data in pages for document in formats.parse(name, data).documents]


class Counting:
    """The token counts of the shipped encoder; `characters` says how much was counted."""

    def __init__(self) -> None:
        self._count = token_counter(TOKENIZER)
        self.characters = 0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        self.characters += sum(map(len, texts))
        return self._count(texts)


def split(document: Document) -> tuple[list[Passage], int]:
    counting = Counting()
    return list(iter_passages(document, Splitting(counting, MOST))), counting.characters


def test_passages_whose_parts_were_counted_are_the_same_without_being_counted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    less = list(map(split, documents()))
    monkeypatch.setattr(_PassageBuilder, "_surely_fits", lambda *_: False)
    more = list(map(split, documents()))
    assert [passages for passages, _ in less] == [passages for passages, _ in more]
    assert sum(counted for _, counted in less) < 0.75 * sum(counted for _, counted in more)
    count = token_counter(TOKENIZER)
    assert max(count([passage.encoded for passages, _ in less for passage in passages])) <= MOST - 2


def test_a_key_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document = next(iter(documents()))
    passages = split(document)[0]
    made: list[str] = []

    def made_of(text: str) -> bytes:
        made.append(text)
        return key_of(text)

    monkeypatch.setattr(packed, "key_of", made_of)
    kept = PackedPassages(document, passages)
    pairs = list(keyed(kept))
    assert pairs == [(passage.key, passage.encoded) for passage in passages] == list(keyed(passages))
    made.clear()
    assert keys_of(kept) == kept.keys() == [key for key, _ in pairs] == keys_of(passages)
    assert made == []
    begun = PackedPassages(document, passages)
    next(begun.keyed())
    assert begun.keys() == kept.keys()


@given(st.lists(st.sampled_from(["", "en", "de", "fr"]), max_size=4))
def test_no_further_sample_is_read_than_decides_the_language(verdicts: list[str]) -> None:
    read: list[str] = []

    def verdict(sample: str) -> str:
        read.append(sample)
        return sample

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "_detect_sample", verdict)
        found = languages.detect_from_samples(verdicts)
    votes = Counter(filter(None, verdicts))
    best = next(iter(votes.most_common(1)), ("", 0))
    assert found == (best[0] if 2 * best[1] > votes.total() else "")
    if verdicts == ["en"] * 4:
        assert len(read) == 3


@given(st.text(st.sampled_from("[]()<>!|:= \n\"'ab/.\ud800𝔸"), max_size=60))
def test_what_is_hidden_stands_where_what_is_visible_has_blanks(text: str) -> None:
    seen, unseen = visible(text), hidden(text)
    assert len(seen) == len(text)
    assert len(unseen) in (0, len(text))
    if unseen:
        assert [a if b == " " else b for a, b in zip(seen, unseen, strict=True)] == list(text)
    else:
        assert seen == text
