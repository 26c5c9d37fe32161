"""What stands in the margins of a PDF, across its text or turned on its pages does not interrupt the sentences."""

from __future__ import annotations

import pytest
from files.make_pdf import cells_at, lines_at, rule_at, text_at, turned, written

from qa.formats import page_pictures
from qa.formats.pdf.parse import parse_pdf
from qa.text.document import Document, Span

FIRST = [
    "The bees came through the winter in good order, for the autumn had been",
    "long and the stores were full. In February the keeper weighed each hive and",
    "laid sugar paste on the two lightest of them, as he does in every year that",
    "begins with frost. On the first warm day of March they flew to the willows",
    "by the river, and for a week the garden of the library was full of them. In",
    "April the first of the new queens was seen, and after a mild winter the hives",
]
SECOND = [
    "were so full that swarms were to be expected in May. Nobody had thought that",
    "there would be so many. Three of them hung in the lime tree by the library,",
    "and one moved into the chimney of the school, where it stayed in the summer.",
]
WHOLE = " ".join([*FIRST, *SECOND])
HEADER = ("Hive", "Site", "Honey")
ROWS = [("Anna", "north roof", "11.5"), ("Berta", "north wall", "12.5"), ("Clara", "south wall", "14.0")]
TABLE = "\n".join(" | ".join(row) for row in (HEADER, *ROWS))


def read(*pages: bytes) -> Document:
    return parse_pdf("made.pdf", written(pages)).documents[0]


def texts(document: Document) -> list[str]:
    return [block.span.of(document.text) for block in document.blocks]


@pytest.mark.parametrize("step", [1, 5])
@pytest.mark.parametrize("x", [40, 520])
def test_line_numbers_are_left_out(step: int, x: int) -> None:
    lines = [*FIRST, *SECOND] * 3

    def page(first: int) -> bytes:
        numbers = [(n, first + n) for n in range(len(lines)) if (first + n) % step == 0]
        return lines_at(75, 760, lines, step=14) + b"".join(text_at(x, 760 - 14 * n, str(m), 7) for n, m in numbers)

    text = read(page(1), page(len(lines) + 1)).text
    assert WHOLE in text
    assert not any(character.isdigit() for character in text)


def test_the_numbers_of_a_table_and_of_a_list_stay() -> None:
    rows = [(str(n), *row) for n, row in enumerate([*ROWS, *ROWS], 1)]
    text = read(lines_at(60, 760, FIRST) + cells_at((60, 90, 200, 400), 600, rows)).text
    assert "1 | Anna | north roof | 11.5" in text
    listed = [f"{n} {line}" for n, line in enumerate(FIRST, 1)]
    assert "3 laid sugar" in read(lines_at(60, 760, listed)).text


@pytest.mark.parametrize("x", [20, 475])
def test_a_note_in_the_margin_follows_the_paragraph_beside_it(x: int) -> None:
    margin = lines_at(x, 720, ["Swarms are", "caught with", "a box."], 7, 9)
    one = lines_at(80, 760, FIRST) + margin
    other = "The library has had bees on its roof since the year in which it was built."
    assert texts(read(one, lines_at(80, 760, SECOND) + text_at(80, 680, other))) == [
        WHOLE, "Swarms are caught with a box.", other
    ]  # fmt: skip


def test_notes_in_the_margin_stand_between_the_paragraphs_of_their_page() -> None:
    whole = [*SECOND[:2], "and one moved into the chimney."]
    page = lines_at(80, 760, ["Thus they", *whole]) + lines_at(80, 640, ["So they", *whole])
    page += lines_at(500, 750, ["Beside", "the first."], 7, 9) + lines_at(500, 630, ["Beside", "the second."], 7, 9)
    assert [text[:8] for text in texts(read(page))] == ["Thus the", "Beside t", "So they ", "Beside t"]


def test_a_large_word_across_the_lines_is_a_watermark() -> None:
    page = text_at(150, 705, "DRAFT", 80, "B") + lines_at(60, 760, FIRST)
    assert texts(read(page)) == [" ".join(FIRST)]
    above = read(text_at(60, 790, "DRAFT", 40, "B") + lines_at(60, 740, FIRST))
    assert "DRAFT" in (above.title, *texts(above))


def test_tables_and_captions_between_pages_do_not_interrupt_a_sentence() -> None:
    one = lines_at(60, 760, FIRST) + cells_at((60, 200, 400), 300, [HEADER, *ROWS])
    two = lines_at(60, 760, ["Figure 2: The swarm in the lime tree by the library."], 9) + lines_at(60, 700, SECOND)
    assert texts(read(one, two)) == [WHOLE, TABLE, "Figure 2: The swarm in the lime tree by the library."]


# --- turned text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [90, 270])
def test_a_turned_table_is_read_row_by_row_after_the_text_of_its_page(angle: int) -> None:
    table = turned(cells_at((0, 120, 260), 60, [HEADER, *ROWS]), angle, 300, 300)
    assert texts(read(lines_at(60, 760, FIRST) + table)) == [" ".join(FIRST), TABLE]


@pytest.mark.parametrize("angle", [90, 270])
def test_a_turned_page_does_not_interrupt_the_sentence_around_it(angle: int) -> None:
    full = [HEADER, *ROWS, *[(f"Hive {n}", "town hall", f"{n}.5") for n in range(20, 32)]]
    page = turned(cells_at((0, 220, 420), 200, full), angle, 300, 300)
    pages = [lines_at(60, 760, FIRST), page, lines_at(60, 760, SECOND)]
    found = texts(read(*[text_at(250, 810, "Honey yearbook", 9) + each for each in pages]))
    assert found == [WHOLE, "\n".join(" | ".join(row) for row in full)]


def test_a_stamp_and_the_name_of_an_axis_are_left_out() -> None:
    stamp = turned(text_at(0, 0, "Received in May 2021 by the library"), 90, 20, 300)
    axis = turned(lines_at(0, 0, ["Honey", "in kilograms"], 8), 90, 120, 300)
    ticks = turned(lines_at(0, 0, [f"{n} kg" if n % 3 else str(n) for n in range(9)], 8, 20), 90, 200, 300)
    assert texts(read(lines_at(60, 760, FIRST) + stamp + axis + ticks)) == [" ".join(FIRST)]


@pytest.mark.parametrize("angle", [90, 270])
def test_the_words_of_a_turned_table_are_boxed_where_they_stand(angle: int) -> None:
    table = turned(cells_at((0, 120, 260), 60, [HEADER, *ROWS]), angle, 300, 300)
    data = written([lines_at(60, 760, FIRST) + table])
    document = parse_pdf("made.pdf", data).documents[0]
    start = document.text.index("Berta | north wall | 12.5")
    (picture,) = page_pictures(data, document.text, document.pages, Span(start, start + 25), [])
    (box,) = picture.passage
    assert box.height > 5 * box.width  # a turned row
    assert 0.4 < box.left < 0.6


def test_a_note_in_the_margin_and_the_text_beside_it_are_boxed() -> None:
    data = written([lines_at(80, 760, FIRST) + lines_at(475, 720, ["Swarms are", "caught with", "a box."], 7, 9)])
    document = parse_pdf("made.pdf", data).documents[0]
    for text, count in (("Swarms are caught with a box.", 3), (" ".join(FIRST), 6)):
        start = document.text.index(text)
        (picture,) = page_pictures(data, document.text, document.pages, Span(start, start + len(text)), [])
        assert len(picture.passage) == count


def test_a_rule_beside_a_turned_table_does_no_harm() -> None:
    table = turned(rule_at(0, 80, 300) + cells_at((0, 120, 260), 60, [HEADER, *ROWS]), 90, 300, 300)
    assert texts(read(lines_at(60, 760, FIRST) + rule_at(60, 500, 80) + table))[0] == " ".join(FIRST)
