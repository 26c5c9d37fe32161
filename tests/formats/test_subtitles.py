"""Subtitles: paragraphs with their time, speakers, and the marks of both formats."""

from __future__ import annotations

import re

import fuzz
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable
from qa.text.document import Document

TIME = re.compile(r"\[\d+:\d\d:\d\d\] ")


def read(text: str, path: str = "a.srt") -> Document:
    (document,) = parse(path, text.encode()).documents
    assert [*fuzz.problems(document)] == []
    return document


def paragraphs(text: str, path: str = "a.srt") -> list[str]:
    document = read(text, path)
    return [block.span.of(document.text) for block in document.blocks]


def cues(*said: str, gap: int = 0) -> str:
    """A cue of two seconds for each text, with so many seconds between them."""

    def time(second: int) -> str:
        return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},500"

    starts = [number * (2 + gap) for number in range(len(said))]
    return "".join(
        f"{number}\n{time(start)} --> {time(start + 2)}\n{text}\n\n"
        for number, (start, text) in enumerate(zip(starts, said, strict=True), start=1)
    )


def test_cues_become_paragraphs_with_the_time_when_they_begin() -> None:
    first, second = "Bees <i>sleep</i>\nin winter, and they", "wake in spring."
    assert paragraphs(cues(first, second)) == ["[0:00:00] Bees sleep in winter, and they wake in spring."]
    assert paragraphs(cues(first, second, gap=3_600)) == [
        "[0:00:00] Bees sleep in winter, and they", "[1:00:02] wake in spring."
    ]  # fmt: skip


def test_a_long_paragraph_ends_with_a_sentence() -> None:
    found = paragraphs(cues(*[f"This is sentence number {number} of the film." for number in range(20)]))
    assert len(found) == 4
    assert all(paragraph.endswith("of the film.") for paragraph in found)
    assert max(map(len, paragraphs(cues(*["no end of words"] * 200)))) < 700


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (cues("- Really?\n- Yes."), ["[0:00:00] - Really?", "[0:00:00] - Yes."]),
        (cues("ADA: Really?", "BO: Yes."), ["[0:00:00] ADA: Really?", "[0:00:02] BO: Yes."]),
        (cues("Ada: Bees sleep", "Ada: in winter."), ["[0:00:00] Ada: Bees sleep in winter."]),
        (cues(">> Bees sleep.", ">> Yes."), ["[0:00:00] >> Bees sleep.", "[0:00:02] >> Yes."]),
    ],
)
def test_another_speaker_begins_a_paragraph(text: str, expected: list[str]) -> None:
    assert paragraphs(text) == expected


def test_webvtt_has_a_title_notes_styles_names_voices_and_settings() -> None:
    text = (
        "WEBVTT - The hive\n\nNOTE\nnot said\n\nSTYLE\n::cue { }\n\nintro\n00:01.000 --> 00:04.000 align:start\n"
        "<v Ada Lovelace>Bees sleep &amp; rest.\n\nb2\n00:05.000 --> 00:06.000\n<v.loud Bo>In <c.x>winter</c>?\n\n"
        "NOTE nor this\n\n00:07.000 --> 00:08.000\n<00:07.100>Yes.\n"
    )
    assert paragraphs(text, "a.vtt") == ["[0:00:01] Ada Lovelace: Bees sleep & rest.", "[0:00:05] Bo: In winter? Yes."]
    assert read(text, "a.vtt").title == "The hive"
    assert read("WEBVTT Kind: captions\n\n00:01.000 --> 00:04.000\nBees.\n", "a.vtt").title == ""


def test_rolling_captions_are_read_once() -> None:
    text = cues("bees sleep", "bees sleep\nin winter", "in winter\nand wake")
    assert paragraphs(text) == ["[0:00:00] bees sleep in winter and wake"]


@pytest.mark.parametrize(
    "text",
    [
        "00:00:01,000 --> 00:00:02,000\nBees sleep.",
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nBees sleep.\r\n",
        "1\n0:0:1.0 -> 0:0:2.0 X1:100 X2:200\nBees sleep.\n2\n0:0:3.0 -> 0:0:4.0\n\n",
        "1\n00:00:01,000 --> 00:00:02,000\n\n{\\an8}Bees sleep.\n",
    ],
)
def test_what_programs_write_beside_the_standard_is_read(text: str) -> None:
    assert paragraphs(text) == ["[0:00:01] Bees sleep."]


def test_what_has_no_times_or_no_words_is_refused() -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as subtitles"):
        read("Bees sleep in winter.")
    with pytest.raises(Empty, match="contains no text"):
        read("WEBVTT\n", "a.vtt")


@given(
    st.lists(st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){0,8}[.?]?", fullmatch=True), min_size=1, max_size=30, unique=True)
)
def test_every_word_is_kept_in_its_order(said: list[str]) -> None:
    assert " ".join(TIME.sub("", paragraph) for paragraph in paragraphs(cues(*said))) == " ".join(said)
