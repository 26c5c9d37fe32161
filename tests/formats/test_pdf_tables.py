"""Tables of a PDF that go on overleaf: one table, with its header once, and each row on its own page."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from conftest import TinyEncoder
from files.make_pdf import cells_at, lines_at, noted, rule_at, text_at, written

from qa.formats import page_pictures
from qa.formats.pdf.parse import parse_pdf
from qa.text.document import Document, Span
from qa.text.passages import split

HEADER = ("Hive", "Site", "Wax", "Honey")
ROWS = [(f"Hive {name}", site, str(2 * n + 1), f"{n + 10}.5") for n, (name, site) in enumerate([
    ("Anna", "north roof"), ("Berta", "north wall"), ("Clara", "south wall"), ("Dora", "orchard"),
    ("Emma", "town hall"), ("Frida", "library"), ("Greta", "school"), ("Hanna", "station"),
])]  # fmt: skip
X = (60, 180, 320, 420)
PROSE = ["The weights of the hives were taken in the last week of September, before the", "first frost of the year."]
AFTER = ["Nobody had expected so much honey from the hives on the roof of the station."]


def table_at(y: float, rows: Sequence[tuple[str, ...]]) -> bytes:
    return cells_at(X, y, rows)


def read(*pages: bytes) -> Document:
    return parse_pdf("made.pdf", written(pages)).documents[0]


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def lines(rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(" | ".join(row) for row in rows)


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("rest", [1, 2, 4])
def test_a_table_that_goes_on_overleaf_is_one_with_one_header(repeated: bool, rest: int) -> None:
    over = table_at(780, [HEADER, *ROWS[-rest:]] if repeated else ROWS[-rest:])
    document = read(
        lines_at(60, 780, PROSE) + table_at(200, [HEADER, *ROWS[:-rest]]),
        over + lines_at(60, 500, AFTER),
    )
    assert blocks(document) == [
        ("paragraph", " ".join(PROSE)), ("table", lines([HEADER, *ROWS])), ("paragraph", AFTER[0])
    ]  # fmt: skip
    table = document.blocks[1]
    assert table.header is not None
    assert table.header.of(document.text) == " | ".join(HEADER)
    assert document.pages[1].start == document.text.index(ROWS[-rest][0])


def test_a_table_over_three_pages_has_its_rows_on_their_pages(tiny: TinyEncoder) -> None:
    parts = [[HEADER, *ROWS[:3]], [HEADER, *ROWS[3:6]], [HEADER, *ROWS[6:]]]
    data = written([lines_at(60, 780, PROSE) + table_at(200, parts[0]), *[table_at(780, part) for part in parts[1:]]])
    document = parse_pdf("made.pdf", data).documents[0]
    assert blocks(document)[1:] == [("table", lines([HEADER, *ROWS]))]
    for number, row in ((1, ROWS[0]), (2, ROWS[4]), (3, ROWS[7])):
        start = document.text.index(" | ".join(row))
        span = Span(start, start + len(" | ".join(row)))
        pictures = page_pictures(data, document.text, document.pages, span, [])
        assert [picture.page for picture in pictures] == [number]
    assert {passage.page for passage in split(document, tiny.count_tokens, 24)} == {1, 2, 3}


def test_a_header_at_the_top_of_each_page_is_no_running_head() -> None:
    pages = [text_at(60, 810, "Honey yearbook", 9) + table_at(780, [HEADER, *ROWS[n : n + 2]]) for n in (0, 2, 4, 6)]
    document = read(*[page + text_at(300, 30, str(n), 9) for n, page in enumerate(pages, 1)])
    assert blocks(document) == [("table", lines([HEADER, *ROWS]))]


def test_another_table_overleaf_stays_another() -> None:
    other = [("Queen", "Born", "Marked", "Colour"), ("Alba", "2021", "2", "white"), ("Bella", "2022", "3", "yellow")]
    document = read(table_at(200, [HEADER, *ROWS[:4]]), table_at(780, other))
    assert [text for kind, text in blocks(document) if kind == "table"] == [lines([HEADER, *ROWS[:4]]), lines(other)]
    fewer = [("Alba", "2021"), ("Bella", "2022"), ("Cora", "2023")]
    document = read(table_at(200, [HEADER, *ROWS[:4]]), table_at(780, fewer))
    assert len([kind for kind, _ in blocks(document) if kind == "table"]) == 2


def test_what_says_only_that_a_table_goes_on_is_left_out() -> None:
    one = text_at(60, 230, "Table 2: Weights of the hives") + table_at(200, [HEADER, *ROWS[:4]])
    one += text_at(400, 120, "continued on next page")
    two = text_at(60, 800, "Table 2 (continued)") + table_at(780, [HEADER, *ROWS[4:]])
    document = read(lines_at(60, 780, PROSE) + one, two)
    assert blocks(document)[-1] == ("table", lines([HEADER, *ROWS]))
    assert "continued" not in document.text


def test_a_line_that_goes_on_and_on_is_read_in_a_moment() -> None:
    line = "Continued" + " on" * 24 + " " + "x" * 30
    began = time.process_time()
    document = read(table_at(200, [HEADER, *ROWS[:4]]), text_at(60, 800, line) + table_at(780, ROWS[4:]))
    assert time.process_time() - began < 2
    assert line in document.text


def test_a_note_below_the_first_part_leaves_the_columns_their_names() -> None:
    marked = [(*ROWS[0][:3], "10.5"), *ROWS[1:4]]
    note = rule_at(60, 104, 120) + noted(60, 90, "^1Weighed without its lid.", 8)
    one = noted(60, 780, "The weights were taken in September,^1 before the first frost.") + table_at(
        200, [HEADER, *marked]
    )
    document = read(one + note, table_at(780, ROWS[4:]))
    tables = [block for block in document.blocks if block.kind == "table"]
    assert all(block.header is not None for block in tables)
    assert "¹ Weighed without its lid." in [text for _, text in blocks(document)]
    assert document.pages[1].start <= document.text.index(ROWS[4][0])
