"""CSV and TSV without a column of texts: one article with its table, whatever the delimiter, header and encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable
from qa.text.document import Document

ROWS = [["Name", "Price", "Town"], ["Lamp", "39,90", "Köln"], ["Oak chair", "129,00", "Graz"]]
TABLE = "Name | Price | Town\nLamp | 39,90 | Köln\nOak chair | 129,00 | Graz"


def read(text: str | bytes, name: str = "list.csv") -> Document:
    (document,) = parse(name, text if isinstance(text, bytes) else text.encode()).documents
    return document


def headers(document: Document) -> list[str | None]:
    spans = [block.header for block in document.blocks if block.kind == "table"]
    return [None if span is None else span.of(document.text) for span in spans]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "   "])
def test_a_table_is_one_article_whatever_its_delimiter(delimiter: str) -> None:
    document = read("\n".join(map(delimiter.join, ROWS)) + "\n")
    assert document.path == "list.csv"
    assert document.text.strip() == TABLE
    assert headers(document) == ["Name | Price | Town"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_line_that_names_the_delimiter_is_obeyed_in_any_encoding(encoding: str) -> None:
    text = "sep=;\r\n" + "\r\n".join(map(";".join, ROWS))
    assert read(text.encode(encoding)).text.strip() == TABLE


def test_commas_within_quotes_and_line_breaks_belong_to_their_cell() -> None:
    document = read('Room,Seats\n"Fjord, north",14\n"Glacier\nsouth",6\n')
    assert document.text.strip() == "Room | Seats\nFjord, north | 14\nGlacier south | 6"


def test_rows_without_a_header_have_none() -> None:
    document = read("K-1001,valve,17\nK-1002,gasket,24\n")
    assert document.text.strip() == "K-1001 | valve | 17\nK-1002 | gasket | 24"
    assert headers(document) == [None]


def test_lines_above_and_below_the_table_are_paragraphs() -> None:
    document = read(
        "# Exported in May\nRoom,Seats,Floor\nFjord,14,2\nGlacier,6\nHall,90,1,old\n\nAll rooms have a screen.\n"
    )
    assert [block.kind for block in document.blocks] == ["paragraph", "table", "paragraph"]
    assert document.text.startswith("Exported in May\n\nRoom | Seats | Floor | \n")  # a cell for each column
    assert "\nGlacier | 6\nHall | 90 | 1 | old\n\nAll rooms" in document.text


def test_questions_become_headings_over_their_answers() -> None:
    document = read("Question,Answer\nHow long?,It is two days long.\nWho pays?,The firm pays for all.\n")
    assert [section.path for section in document.sections[1:]] == [("How long?",), ("Who pays?",)]
    assert "Who pays?\n\nThe firm pays for all." in document.text


def test_long_rows_become_sections_with_named_lines() -> None:
    names = ["id", "name", *(f"field {n}" for n in range(14))]
    document = read("\n".join([",".join(names), *(f"{n},Hive {'ab'[n]}," + ",".join(["x"] * 14) for n in range(2))]))
    assert [section.path for section in document.sections[1:]] == [("Hive a",), ("Hive b",)]
    assert "Hive a\n\nid: 0\nfield 0: x\nfield 1: x" in document.text


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_table() -> None:
    document = read("Part,Size\n" + 'Pipe,"2\n' + "".join(f"Bolt {n},{n}\n" for n in range(3_000)))
    assert "\nBolt 2999 | 2999" in document.text


@pytest.mark.parametrize("text", ["", "\n\n", ",,,\n,,\n", '""\n'])
def test_a_file_of_empty_cells_is_empty(text: str) -> None:
    with pytest.raises(Empty, match="contains no text"):
        read(text)


@given(st.lists(st.lists(st.text(st.sampled_from('ab1,;|\t" \n.?#'), max_size=6), max_size=4), max_size=8))
def test_no_text_is_lost(rows: list[list[str]]) -> None:
    text = "\n".join(map(",".join, rows))
    try:
        document = read(text)
    except (Empty, Unreadable):
        return
    for block in document.blocks:
        assert block.header is None or block.header == block.parts[0]
        assert all(part.of(document.text).strip() for part in block.parts)
    if len(document.sections) > 1:
        return  # a section for each row: names of columns are repeated, or left out above an answer
    letters = sorted(c for c in text if c in "ab1" or c == ".")
    assert letters == sorted(c for c in document.text if c in "ab1" or c == ".")
