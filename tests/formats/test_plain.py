"""Plain text as people save it: headings, lists and paragraphs are recognised, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats.plain import parse_plain
from qa.text.document import Document

BEES = (
    "A colony of honey bees stores its honey in wax cells, and on cold days the workers crowd around the queen to "
    "keep her warm."
)
HIVE = "Most hives in the valley are painted white, because dark boxes grow too hot when the sun stands high in July."
FROST = "Frost in late April is what every beekeeper fears: the blossoms freeze, and the bees find nothing to eat."


def paths(document: Document) -> list[tuple[str, ...]]:
    """The heading path of each section that has a heading other than the title."""
    return [section.path for section in document.sections if section.path]


def blocks(document: Document) -> list[tuple[str, str]]:
    """Each block with the last heading above it."""
    under = [document.sections[block.section].path for block in document.blocks]
    return [
        (path[-1] if path else "", b.span.of(document.text)) for path, b in zip(under, document.blocks, strict=True)
    ]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def lost_words(document: Document) -> set[str]:
    """The words that are neither in the title, nor in a block, nor in a heading above one."""
    kept = words(document.title)
    for heading, text in blocks(document):
        kept |= words(text) | words(heading)
    for block in document.blocks:
        kept |= words(" ".join(document.sections[block.section].path))
    return words(document.text) - kept


# --- one paragraph per line -------------------------------------------------------------------------------------------


def test_a_first_line_and_short_lines_before_prose_are_title_and_headings() -> None:
    text = f"Bees in a cold spring\n{BEES}\nWhat the boxes are like\n{HIVE}\nThe late frost\n{FROST}\n"
    document = parse_plain("bees.txt", text)
    assert document.title == "Bees in a cold spring"
    assert paths(document) == [("What the boxes are like",), ("The late frost",)]
    assert blocks(document) == [("", BEES), ("What the boxes are like", HIVE), ("The late frost", FROST)]


def test_if_lines_are_long_each_is_a_paragraph() -> None:
    document = parse_plain("bees.txt", f"{BEES}\n{HIVE}\n{FROST}\n")
    assert [block.kind for block in document.blocks] == ["paragraph"] * 3
    assert [text for _, text in blocks(document)] == [BEES, HIVE, FROST]


def test_blank_lines_between_paragraphs_change_nothing() -> None:
    text = f"Bees in a cold spring\n\n{BEES}\n\n\nThe late frost\n\n{FROST}\n"
    assert blocks(parse_plain("bees.txt", text)) == [("", BEES), ("The late frost", FROST)]


def test_marked_headings_nest_by_their_level() -> None:
    text = f"Bees\n{BEES}\n## Boxes\n{HIVE}\n### Colours\n{HIVE}\n## Weather ##\n{FROST}\n"
    assert paths(parse_plain("b.txt", text)) == [("Boxes",), ("Boxes", "Colours"), ("Weather",)]


def test_underlined_headings_are_found_with_their_levels() -> None:
    text = f"Bees\n====\n{BEES}\n\nBoxes\n-----\n{HIVE}\n"
    document = parse_plain("b.txt", text)
    assert document.title == "Bees"
    assert blocks(document) == [("", BEES), ("Boxes", HIVE)]


def test_a_sentence_with_a_full_stop_is_not_a_heading() -> None:
    text = f"Bees in a cold spring\n{BEES}\nIt was cold.\n{FROST}\n"
    assert paths(parse_plain("b.txt", text)) == []


def test_headings_may_begin_with_a_number_a_quote_or_a_letter_with_an_accent() -> None:
    text = f"Bees\n{BEES}\n1. Boxes of wood\n{HIVE}\n“Too hot by noon”\n{HIVE}\nÉté\n{FROST}\n"
    assert paths(parse_plain("b.txt", text)) == [("1. Boxes of wood",), ("“Too hot by noon”",), ("Été",)]


@pytest.mark.parametrize("byline", ["By Ada Marsh", "Published 4 May, updated yesterday", "Photo: the valley in May"])
def test_a_byline_is_content_not_a_heading(byline: str) -> None:
    document = parse_plain("b.txt", f"Bees in a cold spring\n{byline}\n{BEES}\n{HIVE}\n")
    assert document.title == "Bees in a cold spring"
    assert paths(document) == []
    assert blocks(document)[0] == ("", byline)


def test_a_heading_above_another_heading_is_not_lost() -> None:
    text = f"Bees\n{BEES}\nNews\nThe council says that the hives on the town hall may stay for now\n{HIVE}\n"
    document = parse_plain("b.txt", text)
    assert lost_words(document) == set()
    assert ("News", "News") in blocks(document)


def test_a_short_last_line_is_content() -> None:
    document = parse_plain("b.txt", f"Bees\n{BEES}\n\nLeave a comment\n")
    assert blocks(document)[-1] == ("", "Leave a comment")


def test_a_sharp_at_the_end_of_a_heading_belongs_to_it() -> None:
    assert paths(parse_plain("c.txt", f"Notes\n{BEES}\n## Learning C#\n{HIVE}\n")) == [("Learning C#",)]


# --- titles -----------------------------------------------------------------------------------------------------------


def test_a_file_of_one_line_is_content_without_a_title() -> None:
    document = parse_plain("only-this.txt", "The key is under the third stone\n")
    assert document.title == ""
    assert document.display_title == "only this"
    assert blocks(document) == [("", "The key is under the third stone")]


def test_a_title_with_a_colon_is_a_title() -> None:
    document = parse_plain("b.txt", f"Bees in May: what the cold did\n{BEES}\n{HIVE}\n")
    assert document.title == "Bees in May: what the cold did"


def test_a_title_that_asks_is_a_title() -> None:
    assert parse_plain("b.txt", f"Who feeds the bees?\n{BEES}\n").title == "Who feeds the bees?"


@pytest.mark.parametrize(
    "first",
    [
        "It was the coldest spring in forty years.",
        "- wax",
        "3) honey",
        "2024",
        "-----",
        "Bees " * 60,
    ],
)
def test_a_sentence_an_item_a_number_or_a_long_line_is_not_a_title(first: str) -> None:
    document = parse_plain("b.txt", f"{first}\n{BEES}\n{HIVE}\n")
    assert document.title == ""
    assert lost_words(document) == set()


def test_in_a_note_of_short_lines_the_first_is_not_a_title() -> None:
    document = parse_plain("wifi.txt", "The wifi password is hunter2\nThe router is in the hall\n")
    assert document.title == ""
    assert "hunter2" in document.blocks[0].span.of(document.text)


# --- questions and answers --------------------------------------------------------------------------------------------


def test_questions_are_headings_with_their_answers_under_them() -> None:
    text = (
        f"Bees for beginners\n{BEES}\nFrequently asked\n{HIVE}\n"
        "Do bees sleep?\nThey do, at night.\nHow far do they fly?\nMost stay within three kilometres of the hive.\n"
        f"The late frost\n{FROST}\n"
    )
    assert blocks(parse_plain("faq.txt", text)) == [
        ("", BEES),
        ("Frequently asked", HIVE),
        ("Do bees sleep?", "They do, at night."),
        ("How far do they fly?", "Most stay within three kilometres of the hive."),
        ("The late frost", FROST),
    ]


def test_questions_are_below_the_heading_above_them() -> None:
    text = f"Bees\n{BEES}\n## Questions\nDo bees sleep?\nThey do.\nDo bees dream?\nNobody knows.\n## Weather\n{FROST}\n"
    assert paths(parse_plain("faq.txt", text))[1:] == [
        ("Questions", "Do bees sleep?"),
        ("Questions", "Do bees dream?"),
        ("Weather",),
    ]


def test_numbered_and_marked_questions_are_headings() -> None:
    text = f"Bees\n{BEES}\n### 1. Do bees sleep?\nThey do.\n### 2. Do bees dream?\nNobody knows.\n"
    assert blocks(parse_plain("faq.txt", text))[1:] == [
        ("1. Do bees sleep?", "They do."),
        ("2. Do bees dream?", "Nobody knows."),
    ]


def test_a_single_question_in_prose_is_content() -> None:
    text = f"Bees in a cold spring\n{BEES}\nWho would have thought it?\n{HIVE}\n"
    assert paths(parse_plain("b.txt", text)) == []


# --- fields and lists -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "**", "__"])
def test_a_block_of_fields_is_content_not_headings(mark: str) -> None:
    fields = "\n".join(f"{mark}{name}:{mark} {value}" for name, value in [("Item", "Hive"), ("Rating", 4), ("Best", 5)])
    document = parse_plain("b.txt", f"A review of the white hive\n{BEES}\n{fields}\n{HIVE}\n")
    assert paths(document) == []
    block = document.blocks[1]
    assert (block.kind, block.parts) == ("paragraph", ())  # quoted as a whole: a field alone means little
    assert block.span.of(document.text) == fields


def test_a_long_block_of_fields_is_a_list() -> None:
    fields = "\n".join(f"Hive {number}: the colony of the hive with this number" for number in range(40))
    document = parse_plain("b.txt", f"A count of all hives\n{BEES}\n{fields}\n{HIVE}\n")
    assert document.blocks[1].kind == "list"
    assert len(document.blocks[1].parts) == 40


def test_fields_at_the_top_of_a_file_are_content() -> None:
    document = parse_plain("mail.txt", f"From: Ada\nSubject: the bees\nDate: 4 May\n\n{BEES}\n")
    assert document.title == ""
    assert document.blocks[0].kind == "paragraph"
    assert blocks(document)[0] == ("", "From: Ada\nSubject: the bees\nDate: 4 May")


@pytest.mark.parametrize("mark", ["-", "–", "—", "•", "*", "+", "1.", "2)", "(3)"])
def test_a_list_is_one_block_with_its_items_as_parts(mark: str) -> None:
    items = f"{mark} a smoker of tin\n{mark} a veil\n{mark} a pair of gloves"
    document = parse_plain("b.txt", f"What one needs\n{BEES}\n{items}\n{HIVE}\n")
    block = document.blocks[1]
    assert block.kind == "list"
    assert [part.of(document.text) for part in block.parts] == items.split("\n")
    assert paths(document) == []


def test_a_short_line_before_a_list_is_its_heading() -> None:
    document = parse_plain("b.txt", f"Bees\n{BEES}\nTools\n- a smoker\n- a veil\n")
    assert blocks(document)[-1] == ("Tools", "- a smoker\n- a veil")


def test_the_items_of_a_numbered_list_are_not_headings() -> None:
    text = f"Bees\n{BEES}\n1. Open the box slowly\n2. Look for the queen on the middle frames.\n3. Close it\n"
    document = parse_plain("b.txt", text)
    assert paths(document) == []
    assert len(document.blocks[-1].parts) == 3


# --- mail and books ---------------------------------------------------------------------------------------------------

WRAPPED = """Letters from the valley

We came down from the pass in the first week of May, when
the snow still lay in the shade of the rocks and the river
ran brown and high. Nobody in the village had seen a bee
that year.

The second hive

My uncle opened it with bare hands, as he always does, and
showed me how the workers hung on one another in a chain
to measure the gap between two combs.

- a smoker of tin, which belonged to his father and still
  works
- a veil
"""


def test_paragraphs_that_are_wrapped_at_a_width_are_put_together() -> None:
    document = parse_plain("letters.txt", WRAPPED)
    assert document.title == "Letters from the valley"
    assert paths(document) == [("The second hive",)]
    paragraphs = WRAPPED.split("\n\n")
    assert blocks(document) == [
        ("", paragraphs[1]),
        ("The second hive", paragraphs[3]),
        ("The second hive", paragraphs[4].rstrip()),
    ]
    assert [part.of(WRAPPED) for part in document.blocks[2].parts] == [
        "- a smoker of tin, which belonged to his father and still\n  works",
        "- a veil",
    ]


def test_a_wrapped_letter_without_a_title_has_none() -> None:
    text = WRAPPED.split("\n\n", 1)[1]
    document = parse_plain("letters.txt", text)
    assert document.title == ""
    assert blocks(document)[0][1].startswith("We came down")


PASTED = """ANNUAL REPORT OF THE HARBOUR BOARD
Harbour master Edda Frey
Founded 4 May 1871
Depth 9.4 m
Tugs Rook and Raven
The harbour of Vell was dredged in 2021 for the first time since the war, as Boris
Tal had asked, and the depth at the northern quay is now 9.4 metres at low water.
It cost 3.2 million crowns.
1.1 Staff
The harbour employs 41 people, of whom eleven are pilots. The harbour master is Edda
Frey, who succeeded Boris Tal in March. Applications are sent to the office by the
end of each month.
The new basin was opened by the minister, and on the same day the old crane was taken down, for nobody could
be found who would repair it or who wanted to buy it; the hook of it was kept by the oldest pilot, who is Clara
Voss, and kept its hook.
• more ferries from the islands, which now come twice a day and stay over the night in
the new basin
(ii) higher fees
"""


def test_text_copied_from_a_pdf_is_put_together_where_its_lines_are_full() -> None:
    document = parse_plain("pasted.txt", PASTED)
    assert document.title == "ANNUAL REPORT OF THE HARBOUR BOARD"
    assert paths(document) == [("1.1 Staff",)]
    lines = PASTED.splitlines()
    assert [text for _, text in blocks(document)] == [
        *lines[1:5],
        "\n".join(lines[5:8]),
        "\n".join(lines[9:12]),
        "\n".join(lines[12:15]),
        "\n".join(lines[15:18]),
    ]
    assert [part.of(PASTED) for part in document.blocks[-1].parts] == ["\n".join(lines[15:17]), lines[17]]


def test_narrow_lines_that_end_in_mid_sentence_are_one_paragraph() -> None:
    text = "Roses by the gate\nThe key lies under\nThe third stone\n\nDo not tell\nUncle Bram\n"
    assert [block for _, block in blocks(parse_plain("x.txt", text))] == text.rstrip().split("\n\n")


def test_short_lines_that_say_something_each_stay_apart() -> None:
    text = "The wifi password is hunter2\nThe gate code is 4471\n\nmilk\nbread\neggs\n"
    assert [block for _, block in blocks(parse_plain("x.txt", text))] == [line for line in text.splitlines() if line]


def test_indented_lines_are_code_if_they_look_like_it() -> None:
    code = "sudo apt install boxd\n    boxd --init /srv/box\n    systemctl enable boxd"
    text = f"Setting it up\n\n{BEES}\n\n    {code}\n\n    This paragraph is only indented, in the old way.\n"
    kinds = [(block.kind, block.span.of(text)) for block in parse_plain("x.txt", text).blocks]
    assert kinds[1:] == [("code", code), ("paragraph", "This paragraph is only indented, in the old way.")]


def test_an_underline_may_consist_of_other_marks() -> None:
    text = f"Bees\n====\n{BEES}\n\nThe boxes\n~~~~~~~~~\n{HIVE}\n\nShort\n****\n{FROST}\n"
    assert paths(parse_plain("b.txt", text)) == [("The boxes",), ("Short",)]


# --- none of these ----------------------------------------------------------------------------------------------------

POEM = """The hive at dusk

The last of them comes home
with pollen on its knees
and nobody is counting
the evening or the bees

The door is one grey board
the lamp is one grey moon
A wing against the window
The frost is coming soon
"""

DIALOGUE = """— Did you close the box?
— Which one?
— The white one, by the wall.
— I thought you had.
Ada said nothing
"Then they are cold," he said.
"Then they are cold."
"""


@pytest.mark.parametrize("text", [POEM, DIALOGUE, POEM.replace("\n\n", "\n"), POEM + DIALOGUE])
def test_verse_and_dialogue_lose_nothing(text: str) -> None:
    assert lost_words(parse_plain("verse.txt", text)) == set()


@pytest.mark.parametrize("text", ["", "\n\n \t\n", "\u2028\n\x0c"])
def test_a_blank_text_has_no_blocks(text: str) -> None:
    assert parse_plain("blank.txt", text).blocks == ()


LINES = st.sampled_from(
    [
        BEES,
        HIVE,
        "Short heading",
        "A much longer heading that says what the whole of the next part of this text is about",
        "Do bees sleep?",
        "They do.",
        "## Marked",
        "#### Deeper",
        "# Top",
        "=====",
        "-----",
        "- item one",
        "– item two",
        "3. third",
        "Rating: 4",
        "**Author:** Ada",
        "By Ada Marsh",
        "“Quoted”",
        "",
        "   ",
        "日本語の見出し",
        "🐝",
        "the workers hung on one another in a chain to measure",
        "a gap between two combs, and nobody in the village had",
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=20))
def test_no_word_of_any_text_is_lost_and_blocks_are_in_order(lines: list[str]) -> None:
    document = parse_plain("any.txt", "\n".join(lines))
    if document.blocks:
        assert lost_words(document) == set()
    end = 0
    for block in document.blocks:
        assert end <= block.span.start < block.span.end
        section = document.sections[block.section]
        assert section.span.start <= block.span.start <= block.span.end <= section.span.end
        assert all(block.span.start <= part.start < part.end <= block.span.end for part in block.parts)
        end = block.span.end


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error(text: str) -> None:
    document = parse_plain("any.txt", text)
    assert document.text == text
    for before, after in zip(document.sections, document.sections[1:], strict=False):
        assert before.span.end == after.span.start


def test_zero_width_characters_are_not_text() -> None:
    assert parse_plain("x.txt", " \u200b\u00a0\u2028\ufeff\n\n\u3000\t\u00ad\n").blocks == ()
    document = parse_plain("x.txt", f"{BEES}\n\n\u200b\n\n\ufeff{HIVE}\n")
    assert [text for _, text in blocks(document)] == [BEES, f"\ufeff{HIVE}"]
