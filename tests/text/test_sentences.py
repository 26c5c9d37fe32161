"""Sentences are literal and in order, and nothing between them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.text import sentences as sentences_module
from qa.text.document import Span
from qa.text.sentences import MAX_SENTENCE, sentence_spans


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The bees sleep. So do we!  Why not?", ["The bees sleep.", "So do we!", "Why not?"]),
        ("Dr. Marsh keeps e.g. bees. He likes them.", ["Dr. Marsh keeps e.g. bees.", "He likes them."]),
        ("It costs 3.50 euros, i.e. little. Buy it.", ["It costs 3.50 euros, i.e. little.", "Buy it."]),
        ("A line\nand its rest.\n\nA paragraph", ["A line\nand its rest.", "A paragraph"]),
        ("蜜蜂在睡觉。我们也是。", ["蜜蜂在睡觉。", "我们也是。"]),
        (
            "The first .NET came in 2002. The latest is .NET 8.",
            ["The first .NET came in 2002.", "The latest is .NET 8."],
        ),
        ("I met Dr. No. It was 3 a.m. Monday then.", ["I met Dr. No.", "It was 3 a.m. Monday then."]),
        ("See Abb. 3 of vol. 2. It costs approx. 5 euros.", ["See Abb. 3 of vol. 2.", "It costs approx. 5 euros."]),
        ("Version 2.0. is out. It rained.", ["Version 2.0. is out.", "It rained."]),
        ("1. Open it. 2. Close it.", ["1. Open it.", "2. Close it."]),
        ("Yes. The museum is open.", ["Yes. The museum is open."]),
        ("It opened in\n2008. Then it closed.", ["It opened in\n2008.", "Then it closed."]),
        (
            "It opened in spring.[^1] It has two lanes.[2] So.[^x]",
            ["It opened in spring.[^1]", "It has two lanes.[2]", "So.[^x]"],
        ),
        ("**Do not!** *Note.* This is it.", ["**Do not!**", "*Note.* This is it."]),
        ("  padded.  ", ["padded."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_are_those_that_a_reader_sees(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_part_of_a_text_gives_offsets_in_the_whole() -> None:
    text = "Not this. But this. And this. Not that."
    assert [span.of(text) for span in sentence_spans(text, Span(10, 29))] == ["But this.", "And this."]


def test_a_long_text_is_split_as_a_short_one_is() -> None:
    sentence = "Dr. Marsh said that the cat’s mat, e.g. the grey one, cost 3.50 euros."
    assert sentences(" ".join([sentence] * 500)) == [sentence] * 500


def test_a_long_text_without_spaces_between_its_sentences_is_split_too() -> None:
    assert sentences("蜜蜂在睡觉。" * 3000) == ["蜜蜂在睡觉。"] * 3000


def test_a_sentence_longer_than_a_stretch_stays_whole() -> None:
    sentence = "and so on " * 700 + "and on."
    assert sentences(f"Short. {sentence} Short.") == ["Short.", sentence, "Short."]


@pytest.mark.parametrize("word", ["and so on ", "x", "\n", "`", "[[", "'", "data:"])
def test_a_sentence_longer_than_any_is_cut_at_a_blank_if_there_is_one(word: str) -> None:
    text = f"Short. {word * 30_000}and on. Short."
    spans = sentences(text)
    assert (spans[0], spans[-1]) == ("Short.", "Short.")
    assert "".join("".join(spans).split()) == "".join(text.split())
    assert max(map(len, spans)) <= MAX_SENTENCE
    if word == "and so on ":
        assert all(sentence.endswith((" on", "and", "so", ".")) for sentence in spans)


CULPRITS = ["`", "`` ` ``` ", "`code` and `more code` in a line. ", "'", "(( “ ", "*** ", "x", "no end ", "!?", "…"]


@pytest.mark.parametrize("unit", CULPRITS)
def test_the_input_of_the_splitter_grows_only_with_the_text(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time grows with the square of its input: it gets the longest sentence at most, and each part a few times."""
    handed: list[int] = []

    def boundaries(text: str, language: str) -> list[tuple[int, int]]:
        handed.append(len(text))
        return really(text, language)

    really = sentences_module._boundaries
    monkeypatch.setattr(sentences_module, "_boundaries", boundaries)
    totals = []
    for length in (50_000, 200_000):
        handed.clear()
        text = (unit * (length // len(unit) + 1))[:length]
        assert sum(map(len, sentence_spans(text))) <= length
        assert max(handed) <= MAX_SENTENCE
        totals.append(sum(handed))
    assert totals[0] < 4 * 50_000
    assert totals[1] < 4.4 * totals[0]


PIECES = st.sampled_from(
    ["A bee. ", "Mr. B ", "? ", "\n\n", " ", "蜂。", "👩\u200d👧 ", "e\u0301", "“No.” ", "3.5", "(x. y)"]
)


@settings(deadline=None)
@given(
    st.lists(PIECES),
    st.integers(0, 9),
    st.sampled_from([1, 2000]),
)
def test_no_character_is_lost_and_spans_are_in_order(pieces: list[str], cut: int, times: int) -> None:
    text = "".join(pieces * times)[:20_000]
    within = Span(min(cut, len(text)), len(text))
    end, between = within.start, ""
    for span in sentence_spans(text, within):
        assert end <= span.start < span.end <= within.end
        assert span.of(text) == span.of(text).strip()
        between += text[end : span.start]
        end = span.end
    assert not (between + text[end : within.end]).strip()


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_covered(text: str) -> None:
    covered = "".join(text[span.start : span.end] for span in sentence_spans(text))
    assert "".join(covered.split()) == "".join(text.split())
