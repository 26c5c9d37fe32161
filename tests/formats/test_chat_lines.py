"""Chats that are text files with a line for each message."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.chat_lines import chat_of
from qa.text.document import Document
from qa.text.passages import split

CHAT = """\
12/03/2024, 10:02 - Messages are end-to-end encrypted.
12/03/2024, 10:05 - Ruth Keller: The water is on.
12/03/2024, 10:07 - Sam O'Neill: I need:
compost

and twine
13/03/2024, 08:15 - Ruth Keller: <Media omitted>
13/03/2024, 08:16 - +44 7700 900123: Who is this?
"""


def read(text: str) -> Document:
    found = chat_of("chat.txt", text)
    assert found is not None
    return found


def said(document: Document) -> list[tuple[str, str]]:
    """The heading and the text of each message."""
    return [
        (" > ".join(document.sections[block.section].path), block.span.of(document.text)) for block in document.blocks
    ]


def test_each_message_is_a_block_of_its_day_and_the_text_is_that_of_the_file() -> None:
    document = read(CHAT)
    assert document.text == CHAT
    assert {block.kind for block in document.blocks} == {"message"}
    assert said(document) == [
        ("12 March 2024", "12/03/2024, 10:02 - Messages are end-to-end encrypted."),
        ("12 March 2024", "12/03/2024, 10:05 - Ruth Keller: The water is on."),
        ("12 March 2024", "12/03/2024, 10:07 - Sam O'Neill: I need:\ncompost\n\nand twine"),
        ("13 March 2024", "13/03/2024, 08:16 - +44 7700 900123: Who is this?"),
    ]


def test_passages_stay_within_a_day() -> None:
    passages = split(read(CHAT), lambda texts: [len(text.split()) for text in texts], 200)
    assert [passage.section for passage in passages] == [("12 March 2024",), ("13 March 2024",)]
    assert [len(passage.sentences) for passage in passages] == [3, 1]


@pytest.mark.parametrize(
    "head",
    [
        "[12/03/2024, 10:05:31] Ada: ",
        "\u200e[12.03.24, 10:05:31] Ada: ",
        "12.03.24, 10:05 - Ada: ",
        "3/12/24, 10:05\u202fAM - Ada: ",
        "2024-03-12, 10:05 - Ada: ",
        "12-03-2024 10:05 - Ada: ",
        "12/03/2024 10:05 - Ada: ",
        "[12.3.2024 klo 10.05.31] Ada: ",
        "12/3/2024, 10:05 a. m. - Ada: ",
    ],
)
def test_the_forms_of_other_countries_are_read(head: str) -> None:
    later = head.replace("12", "13", 1) if "3/12" not in head else head.replace("12", "13")
    later = later.replace("2024-03-12", "2024-03-13").replace("3013", "2024")
    document = read(f"{head}One.\n{later}Two.\n{later}Three.\n")
    assert [heading for heading, _ in said(document)] == ["12 March 2024", "13 March 2024", "13 March 2024"]


def test_the_order_of_the_messages_tells_the_month_from_the_day() -> None:
    days = (
        "01/02/2024",
        "02/02/2024",
        "01/03/2024",
    )  # the month first, the last but one would be 2 February after 3 January
    text = "".join(f"{day}, 10:05 - Ada: Hello.\n" for day in days)
    assert [heading for heading, _ in said(read(text))] == ["1 February 2024", "2 February 2024", "1 March 2024"]


def test_a_date_of_which_the_month_is_uncertain_is_not_named() -> None:
    text = "".join(f"04/05/2024, 10:0{minute} - Ada: Hello.\n" for minute in range(3))
    assert {heading for heading, _ in said(read(text))} == {""}


def test_a_long_message_stands_under_its_writer() -> None:
    text = (
        CHAT
        + "14/03/2024, 08:00 - Mei: "
        + "The hosepipe leaks near the tap. " * 20
        + "\n14/03/2024, 09:00 - Sam: No.\n"
    )
    found = said(read(text))
    assert [heading for heading, _ in found[-2:]] == ["14 March 2024 > Mei", "14 March 2024"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Diary\n\n" + CHAT,
        "12/03/2024, 10:05 - Ada: Only one.\n",
        "12/03/2024, 10:05 - " + "a\n" * 200,
        "2024-03-12 10:05:31 ERROR server: down\n" * 5,
        "12/03/2024 is the day.\n" * 5,
    ],
)
def test_other_texts_are_no_chats(text: str) -> None:
    assert chat_of("notes.txt", text) is None


@given(
    st.lists(
        st.sampled_from([*CHAT.splitlines(), "", "x", "99/99/9999, 10:05 - Ada: x", "1/2/3, 1:00 - B: ", "\u200e["])
    )
)
def test_any_lines_give_a_document_whose_sections_cover_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    document = parse("chat.txt", text.encode() or b"x").documents[0]
    ends = [section.span for section in document.sections]
    assert ends[0].start == 0
    assert all(one.end == two.start for one, two in pairwise(ends))
    assert all(0 <= block.section < len(ends) for block in document.blocks)


def test_a_large_chat_is_read_in_linear_time() -> None:
    start = time.process_time()
    document = read("".join(f"{1 + n // 9000:02}/03/2024, 10:05 - Ada: Message {n}.\n" for n in range(100_000)))
    assert len(document.blocks) == 100_000
    assert time.process_time() - start < 20
    assert chat_of("a.txt", "12/03/2024, 10:05 - " * 100_000) is None


def test_a_log_is_no_chat() -> None:
    lines = "".join(
        f"2024-03-12 10:0{n}:11 - {level}: The job ran.\n" for n, level in enumerate(["INFO", "Warning", "ERROR"])
    )
    assert chat_of("run.txt", lines) is None
    assert chat_of("run.txt", lines.replace("INFO", "Ada").replace("Warning", "Bo")) is not None
