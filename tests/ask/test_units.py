"""A unit is a sentence with the neighbours that are quoted with it, and is read alone under what it stands under."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.ask.traits import UNREAD, kind_missing, lacks, numbers_in, read_alone, read_in, says_units, shape, words_in
from qa.ask.units import MOST_WORDS, MOST_WORDS_OF_LIST, Unit, units_of
from qa.ask.wanted import asked_for
from qa.formats.chat_lines import chat_of
from qa.formats.markdown import parse_markdown
from qa.formats.plain import parse_plain
from qa.models.protocols import AnswerSpan, Judgement, logistic
from qa.text.document import Document, Span
from qa.text.passage import Passage
from qa.text.passages import split
from qa.text.query_term import QueryTerm
from qa.text.sentences import sentence_spans


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(re.findall(r"\w+", text)) for text in texts]


def passage(text: str, start: int = 100) -> Passage:
    """A passage in which every line is part of a sentence."""
    sentences = tuple(Span(start + s.start, start + s.end) for s in sentence_spans(text))
    return Passage("a.md", 0, Span(start, start + len(text)), text, "", (), None, sentences)


def document(text: str) -> Document:
    return parse_markdown("a.md", text)


def units(text: str) -> list[Unit]:
    """The units of an article in Markdown that is one passage."""
    (only,) = split(document(text), count_words, 256)
    return list(units_of(0, only))


def above(text: str) -> dict[str, tuple[str, ...]]:
    """What each sentence of an article stands under inside its passage."""
    source = document(text).text
    return {unit.sentence_text: tuple(span.of(source) for span in unit.above) for unit in units(text)}


def quoted(text: str) -> list[tuple[str, str]]:
    """(sentence, stretch that is quoted with it) of each unit of a passage."""
    return [(unit.sentence_text, unit.text) for unit in units_of(0, passage(text))]


# --- what is quoted ---------------------------------------------------------------------------------------------------


def test_a_sentence_is_quoted_with_the_rest_of_its_paragraph_and_no_other() -> None:
    first, second = "Bees sleep. They do so at night.", "Frost comes in autumn."
    assert quoted(f"{first}\n\n{second}") == [
        ("Bees sleep.", first),
        ("They do so at night.", first),
        (second, second),
    ]


def test_a_sentence_that_ends_with_a_colon_takes_what_follows() -> None:
    text = "You need three things:\n\n- a veil\n- a smoker"
    assert quoted(text)[0][1] == text


def test_a_stretch_is_no_longer_than_sixty_words_but_a_sentence_is_never_cut() -> None:
    sentence = "Bees sleep " + "very " * 20 + "well."
    text = " ".join([sentence] * 5)
    assert all(unit.text.count("Bees") == 2 for unit in units_of(0, passage(text)))
    long = "Bees sleep " + "very " * 100 + "well."
    assert quoted(long) == [(long, long)]


def test_a_colon_takes_a_longer_list_than_a_sentence_takes_neighbours() -> None:
    items = "".join(f"- item {number} is one of those\n" for number in range(30))
    whole, *others = units(f"# Hive\n\nYou need these:\n\n{items}")
    assert MOST_WORDS < len(whole.text.split()) <= MOST_WORDS_OF_LIST
    assert whole.text.startswith("You need these:\n\n- item 0 ")
    assert all(len(unit.text.split()) <= MOST_WORDS for unit in others)


SMALL = "## Care\n\n### Winter\n\nFeed sugar. Close the door.\n\n### Summer\n\nGive water. It evaporates.\n"


def test_a_quoted_block_does_not_cross_a_heading() -> None:
    for text in (SMALL, SMALL.replace("\n\n", "\n")):
        (only,) = split(document(text), count_words, 256)
        assert "### Summer" in only.text
        assert not [unit.text for unit in units_of(0, only) if "#" in unit.text]


def test_what_a_colon_introduces_ends_at_a_heading() -> None:
    text = "## Care\n\n### Winter\n\nYou need these:\n\n- sugar\n- a door\n\n### Summer\n\n- water\n"
    introduced = units(text)[0]
    assert introduced.text == "You need these:\n\n- sugar\n- a door"


# --- what it stands under ---------------------------------------------------------------------------------------------


def test_a_heading_inside_a_passage_is_above_the_sentences_up_to_the_next() -> None:
    assert above(SMALL) == {
        "Feed sugar.": ("Winter",),
        "Close the door.": ("Winter",),
        "Give water.": ("Summer",),
        "It evaporates.": ("Summer",),
    }


def test_the_heading_that_the_passage_has_anyway_is_not_repeated() -> None:
    for unit in units("# Hive\n\n## Winter\n\nFeed sugar. Close the door.\n"):
        assert unit.headings == unit.passage.section == ("Winter",)


def test_the_header_of_a_table_is_above_its_rows_and_no_unit_itself() -> None:
    text = "Fees for hives.\n\n| kind | fee |\n|---|---|\n| small | 3 euros |\n| large | 5 euros |\n\nThat is all.\n"
    found = above(text)
    assert found["| small | 3 euros |"] == found["| large | 5 euros |"] == ("| kind | fee |",)
    assert {sentence: under for sentence, under in found.items() if "euros" not in sentence} == {
        "Fees for hives.": (),
        "That is all.": (),
    }


def test_a_row_is_quoted_without_other_rows_and_with_all_sentences_of_its_cells() -> None:
    first, second = "| small | Costs 3. Ask first. |", "| large | Costs 5. |"
    found = units(f"| kind | fee |\n|---|---|\n{first}\n{second}\n")
    assert list(dict.fromkeys(unit.text for unit in found)) == [first, second]


def test_a_row_is_read_alone_as_pairs_of_column_and_cell() -> None:
    found = units("| kind | fee |\n|---|---|\n| small | 3 euros |\n")
    (read,) = (unit.alone() for unit in found)
    assert (read.text, read.sentences, read.section) == ("kind: small; fee: 3 euros", (Span(0, 25),), ())


def test_a_line_of_code_is_a_unit_under_its_heading_and_fences_are_no_headings() -> None:
    text = "# Backup\n\n## Settings\n\nRun it.\n\n```sh\n# How many days\nKEEP_DAYS=35\n```\n\nDone.\n"
    assert above(text) == dict.fromkeys(("Run it.", "# How many days", "KEEP_DAYS=35", "Done."), ())
    keep = next(unit for unit in units(text) if unit.sentence_text == "KEEP_DAYS=35")
    assert (keep.text, keep.headings) == ("# How many days\nKEEP_DAYS=35", ("Settings",))


def test_each_line_that_gives_the_value_of_a_name_is_a_unit() -> None:
    found = units("# Sheds\n\nOwner: Ada Reyk\nReview date: 3 May 2024\n\nTime: flies like an arrow does.\n")
    sentences = [unit.sentence_text for unit in found]
    assert sentences == ["Owner: Ada Reyk", "Review date: 3 May 2024", "Time: flies like an arrow does."]


def test_the_header_of_a_table_of_tabs_is_above_its_rows() -> None:
    (only,) = split(parse_plain("a.txt", "A note.\n\nkind\tfee\nsmall\t3\nlarge\t5\n"), count_words, 256)
    assert [unit.headings for unit in units_of(0, only)] == [(), (), ("kind\tfee",), ("kind\tfee",)]


@pytest.mark.parametrize("mark", ["-", "*", "1.", "2)"])
def test_the_sentence_with_a_colon_is_above_all_items_of_its_list(mark: str) -> None:
    text = f"You need these:\n\n{mark} a veil\n{mark} a smoker. It must burn well.\n{mark} gloves\n\nThat is all.\n"
    assert above(text) == {
        "You need these:": (),
        "a veil": ("You need these:",),
        "a smoker.": ("You need these:",),
        "It must burn well.": ("You need these:",),
        "gloves": ("You need these:",),
        "That is all.": (),
    }


def test_a_sentence_without_a_colon_is_not_above_a_list() -> None:
    assert above("You need these.\n\n- a veil\n- a smoker\n") == {"You need these.": (), "a veil": (), "a smoker": ()}


def test_a_unit_is_read_alone_under_all_its_headings() -> None:
    text = "# Hive\n\n## Care\n\n### Winter\n\nYou need these:\n\n- sugar\n\n### Summer\n\nGive water.\n"
    by_sentence = {unit.sentence_text: unit for unit in units(text)}
    sugar, water = by_sentence["sugar"], by_sentence["Give water."]
    assert sugar.headings == ("Care", "Winter", "You need these:")
    assert water.headings == ("Care", "Summer")
    for unit in (sugar, water):
        alone = unit.alone()
        assert alone.text == unit.sentence_text and alone.span == unit.sentence and alone.sentences == (alone.span,)
        assert alone.section == unit.headings
        assert alone.encoded.endswith(f"{' > '.join(unit.headings).rstrip('. ')}. {unit.sentence_text}")
        assert (alone.document, alone.title) == (unit.passage.document, unit.passage.title)


# --- any article ------------------------------------------------------------------------------------------------------

LINES = st.sampled_from(
    ["## Care", "### Winter", "Feed sugar. Close the door.", "You need these:", "- a veil", "- a smoker. It burns.",
     "1. Light it.", "| kind | fee |\n|---|---|\n| small | 3 |", "a\tb", "", "", "Why?", "蜜蜂在睡觉。"]
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES, min_size=1, max_size=14).map("\n".join))
def test_what_is_quoted_and_what_is_above_is_literal_and_in_order(text: str) -> None:
    source = document(text)
    for each in split(source, count_words, 256):
        found = list(units_of(0, each))
        assert [unit.sentence for unit in found] == list(each.sentences or (each.span,))
        for unit in found:
            assert unit.text == unit.span.of(source.text) and unit.sentence_text == unit.sentence.of(source.text)
            assert each.span.start <= unit.span.start <= unit.sentence.start
            assert unit.sentence.end <= unit.span.end <= each.span.end
            for span in unit.above:
                assert each.span.start <= span.start < span.end <= unit.sentence.start
                assert span.of(source.text).strip()


# --- its features -----------------------------------------------------------------------------------------------------


def test_the_words_of_a_unit_of_what_is_above_it_and_of_the_sentence_before_are_told_apart() -> None:
    terms = [QueryTerm(frozenset([word]), weight) for word, weight in (("a", 1.0), ("b", 2.0), ("c", 4.0), ("d", 1.0))]
    own, over, before = {"a"}, {"a", "b"}, {"a", "b", "c"}
    assert words_in(own, over, before, terms) == pytest.approx({"share": 1 / 8, "above": 2 / 8, "before": 4 / 8})
    assert words_in(set(), set(), set(), []) == {"share": 0, "above": 0, "before": 0}


@given(*[st.sets(st.sampled_from("abcd"))] * 3)
def test_no_word_counts_twice(own: set[str], over: set[str], before: set[str]) -> None:
    terms = [QueryTerm(frozenset([word]), 1.0) for word in "abcd"]
    counted = words_in(own, over, before, terms)
    assert sum(counted.values()) == pytest.approx(len(own | over | before) / 4)


def test_what_a_reader_says_of_a_whole_sentence_is_a_feature_in_its_passage_and_alone() -> None:
    first, second = units_of(0, passage("Bees sleep. They do so at night."))
    word = Span(first.sentence.start, first.sentence.start + 4)
    said = Judgement(1.0, (AnswerSpan(first.sentence, word, 2.0, 0.7),))
    found = read_in(first, said)
    assert (found["margin"], found["unit"], found["likely_unit"]) == (2.0, 0.7, logistic(0.7))
    unread = read_in(second, said)  # beyond what the reader could read
    assert (unread["margin"], unread["unit"], unread["likely_unit"]) == (UNREAD, 0.0, 0.5)
    assert read_alone(said)["alone_unit"] == 0.7
    assert read_alone(Judgement(1.0, ()))["alone_unit"] == 0.0


def shapes(text: str) -> dict[str, set[str]]:
    """The features of each sentence of an article that are not zero."""
    return {unit.sentence_text: {name for name, value in shape(unit).items() if value} for unit in units(text)}


def test_a_colon_with_a_list_introduces_it_and_one_without_promises_nothing() -> None:
    found = shapes("These are the four tools that every keeper needs:\n\n- a veil\n- a smoker\n")
    assert found["These are the four tools that every keeper needs:"] == {"introduces"}
    assert shapes("These are the four tools that every keeper needs:\n") == {
        "These are the four tools that every keeper needs:": {"colon"}
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("port: 8410", {"pair", "fragment"}),
        ("KEEP_DAYS=35", {"pair", "fragment"}),
        ("Tue: 10:00 - 17:30", {"pair"}),
        ("Opening hours of the museum", {"headline"}),
        ("They work all day and sleep at night: they are tired.", set()),
        ("https://bees.org/night", {"fragment", "headline", "link"}),
        ("Bees sleep from 10:00 to 17:30 at night.", set()),
        ("Glacier | 6 | 3", {"row"}),
    ],
)
def test_a_short_row_or_name_with_its_value_is_no_headline(text: str, expected: set[str]) -> None:
    (unit,) = units_of(0, passage(text))
    assert {name for name, value in shape(unit).items() if value} == expected


@pytest.mark.parametrize(
    ("question", "lacks"),
    [("How much does it cost?", 0.5), ("How long does it take?", 1.0), ("How heavy is it?", 0.0), ("Who did it?", 0.0)],
)
def test_a_quantity_that_only_the_neighbours_hold_is_half_missing(question: str, lacks: float) -> None:
    unit, _ = units_of(0, passage("It weighs 3 kg. It costs 30 euros."))
    assert kind_missing(unit, asked_for(question)) == lacks


def test_the_name_of_a_column_says_what_a_bare_number_in_a_row_is() -> None:
    *_, row = units("| Slip | Length |\n|---|---|\n| A | 8 |\n| B | 12 |\n")
    assert kind_missing(row, asked_for("How long is slip B?")) == 0
    assert kind_missing(row, asked_for("How much is slip B?")) == 0
    assert kind_missing(row, asked_for("How heavy is slip B?")) == 1


@pytest.mark.parametrize(
    ("sentence", "is_short"),
    [
        ("Bees.", True),
        ("Bees sleep at night.", False),
        ("蜜蜂。", True),
        ("蜜蜂在冬天的晚上睡觉。", False),
        ("ミツバチは冬の夜に眠ります。", False),
        ("ผึ้งนอนหลับในเวลากลางคืน.", False),
    ],
)
def test_texts_without_spaces_are_as_long_as_their_characters(sentence: str, is_short: bool) -> None:
    (unit,) = units_of(0, passage(sentence))
    assert shape(unit)["fragment"] == is_short


def test_a_message_of_a_chat_is_quoted_alone() -> None:
    lines = [f"12/03/2024, 10:0{minute} - {name}: The tap leaks." for minute, name in enumerate(("Ada", "Bo", "Cy"))]
    document = chat_of("chat.txt", "\n".join(lines))
    assert document is not None
    (only,) = split(document, count_words, 200)
    assert [unit.text for unit in units_of(0, only)] == lines


def test_a_reply_stands_under_the_message_that_asks() -> None:
    said = ("Who mends the tap?", "Not me.", "The red one.")
    lines = [f"12/03/2024, 10:0{minute} - Ada: {text}" for minute, text in enumerate(said)]
    document = chat_of("chat.txt", "\n".join(lines))
    assert document is not None
    (only,) = split(document, count_words, 200)
    above = [[span.of(document.text) for span in unit.above] for unit in units_of(0, only)]
    assert above == [[], [lines[0]], []]


# --- what no reader sees ----------------------------------------------------------------------------------------------


def test_a_unit_is_quoted_as_written_and_judged_by_what_is_seen() -> None:
    text = "Use [the 2 options](https://example.org/md-2024.md) of the linker."
    (made,) = units(text)
    assert made.text == made.sentence_text == text
    assert made.visible == made.visible_sentence and len(made.visible) == len(text)
    for seen in (made.visible, made.alone().read, made.passage.encoded, made.passage.read, made.passage.mentioned):
        assert "md" not in seen and "example" not in seen and "the 2 options" in seen
    assert made.alone().read.endswith(made.visible) and "md-2024.md" in made.passage.searched
    assert numbers_in(made, "What of 2?") == 1 and numbers_in(made, "What of 2024?") == 0


def test_the_target_of_a_link_may_be_the_address_that_is_asked_for() -> None:
    (made,) = units("Write to [Ada](mailto:ada@example.org).")
    assert kind_missing(made, asked_for("What is the email address of Ada?")) == 0
    assert kind_missing(made, asked_for("How many bees are there?")) == 1
    assert lacks("What is the email address of Ada?", made, (), "", ())["beside"] == 0
    assert lacks("What is the phone number of Ada?", made, (), "", ())["beside"] == 1


def test_a_row_is_read_as_it_is_seen_and_shown_as_it_is_written() -> None:
    *_, row = units("| Option | Page |\n|---|---|\n| [/MD](md-mt.md) | [run-time](rt.md) |")
    assert row.row is not None and row.row.text == "Option: /MD; Page: run-time"
    shown = row.shown_row()
    assert shown is not None and shown.cells == ("[/MD](md-mt.md)", "[run-time](rt.md)")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[The options of the linker](options.md)", True),
        ("[The options of the linker](options.md)\\\n[How to: link](../how-to-link.md)\\", True),
        ("[Options](options.md) | <https://bees.org/options>", True),
        ("[Options](options.md) of the linker", False),
        ("[No link] at all", False),
    ],
)
def test_links_alone_are_links_whatever_is_seen_of_them(text: str, links: bool) -> None:
    (made,) = units(text)
    assert shape(made)["link"] == links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(Dollars in millions, except per share data)", True),
        ("In thousands of euros, unless otherwise noted", True),
        ("(unaudited, in billions, except percentages)", True),
        ("Revenue in millions", False),
        ("The amounts are in millions of hives.", False),
        ("Net sales were 3 in millions.", False),
        ("All shares are of the same value.", False),
        ("", False),
    ],
)
def test_a_line_that_only_says_the_units_of_numbers_is_told_from_others(text: str, expected: bool) -> None:
    assert says_units(text) == expected
