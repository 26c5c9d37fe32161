"""Files of records: every record with a text is an article, and the reason lists what is missing."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.formats import records
from qa.formats.decoding import Empty, Unreadable
from qa.formats.records import Fields, parse_csv, parse_json, parse_jsonl
from qa.text.document import Contents, Document

Parser = Callable[[str, bytes, Fields], Contents]
USUAL = Fields()
HIVE = "Most hives in the valley are painted white, because dark boxes grow too hot when the sun stands high in July."
FROST = "Frost in late April is what every beekeeper fears: the blossoms freeze, and the bees find nothing to eat."


def as_json(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows).encode()


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def read(parser: Parser, data: bytes | str, fields: Fields = USUAL) -> Contents:
    return parser("news.x", data.encode() if isinstance(data, str) else data, fields)


def texts(contents: Contents) -> list[str]:
    return [document.text for document in contents.documents]


def paths(contents: Contents) -> list[str]:
    return [document.path for document in contents.documents]


def check_spans(document: Document) -> None:
    """Every span is inside the text, and every block contains words."""
    for section in document.sections:
        assert 0 <= section.span.start <= section.span.end <= len(document.text)
    for block in document.blocks:
        assert 0 <= block.span.start < block.span.end <= len(document.text)
        assert block.span.of(document.text).strip()
        assert all(block.span.start <= part.start < part.end <= block.span.end for part in block.parts)
    document.text.encode()  # no half of a character
    json.dumps([document.title, dict(document.metadata)], ensure_ascii=False).encode()


# --- all kinds of files -----------------------------------------------------------------------------------------------

KINDS = pytest.mark.parametrize(
    ("parser", "write"),
    [(parse_json, as_json), (parse_jsonl, as_jsonl), (parse_csv, as_csv)],
    ids=["json", "jsonl", "csv"],
)
Write = Callable[[list[dict[str, Any]]], bytes]


@KINDS
def test_a_record_is_a_document_with_all_that_its_fields_say(parser: Parser, write: Write) -> None:
    row = {
        "Headline": "White  hives",
        "BODY": HIVE,
        "link": "https://x.org/a",
        "Published": "2024-05-04",
        "Byline": "Ada",
    }
    contents = read(parser, write([row, {**row, "Headline": "Frost", "BODY": FROST}]))
    assert paths(contents) == ["news.x#1", "news.x#2"]
    assert [document.title for document in contents.documents] == ["White hives", "Frost"]
    assert texts(contents) == [HIVE, FROST]
    assert contents.documents[0].metadata == {"url": "https://x.org/a", "date": "2024-05-04", "author": "Ada"}
    assert contents.problems == ()


@KINDS
def test_records_without_text_are_counted_and_keep_their_number(parser: Parser, write: Write) -> None:
    rows = [{"title": "a", "text": ""}, {"title": "b", "text": HIVE}, {"title": "c", "text": " \n "}]
    contents = read(parser, write([*rows, {"title": "d", "text": FROST}]))
    assert paths(contents) == ["news.x#2", "news.x#4"]
    assert contents.problems == ("2 records contain no text",)


@KINDS
def test_without_a_text_field_the_reason_lists_the_fields_and_what_to_set(parser: Parser, write: Write) -> None:
    rows = [{"id": "7", "story": HIVE}, {"id": "8", "story": FROST}]
    with pytest.raises(Empty) as caught:
        read(parser, write(rows))
    assert str(caught.value) == "has no field 'text' (it has: id, story): set QA_FIELDS=text=story"
    assert texts(read(parser, write(rows), Fields.named({"text": "story"}))) == [HIVE, FROST]


@KINDS
def test_a_text_field_that_is_always_blank_is_named(parser: Parser, write: Write) -> None:
    with pytest.raises(Empty, match=r"^contains no text in its field 'Body'$"):
        read(parser, write([{"Body": "", "note": HIVE}]))


@KINDS
@given(st.lists(st.tuples(st.text(), st.text().filter(str.strip)), min_size=1, max_size=5))
@example([("a\ud800b", "x\ud800\x00y"), ("\x00", "\r\n\r a \u2028 b \x85\r")])
@example([("t", '=1+2, "quoted"; and\ttabs\n\n"')])
def test_every_title_and_text_survives(parser: Parser, write: Write, rows: list[tuple[str, str]]) -> None:
    def as_text(words: str) -> str:
        """Line ends made uniform, and characters that no text file can contain replaced."""
        plain = words.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in plain)

    if parser is parse_csv:  # counted as binary: half characters, or many control characters
        keep = {c for row in rows for words in row for c in words if c.isprintable() or c in "\n\t"}
        rows = [tuple("".join(filter(keep.__contains__, words)) for words in row) for row in rows]  # type: ignore[misc]
        rows = [(title, text) for title, text in rows if text.strip()]
    if not rows:
        return
    try:
        contents = read(parser, write([{"title": title, "text": text} for title, text in rows]))
    except Empty:
        contents = Contents(())
    for document in contents.documents:
        check_spans(document)
        title, text = rows[int(document.path.rpartition("#")[2]) - 1]
        assert not title.split() or document.title == " ".join(as_text(title).split())
        assert document.text == as_text(text) or "<" in text
    missing = len(rows) - len(contents.documents)
    assert missing == 0 or any("<" in text for _, text in rows)


@KINDS
@given(data=st.one_of(st.binary(), st.text('{}[]",:\\u0aed8 \n;title').map(str.encode)))
def test_nothing_but_a_reason_is_raised(parser: Parser, write: Write, data: bytes) -> None:
    try:
        contents = read(parser, data)
    except (Empty, Unreadable) as error:
        assert str(error)
    else:
        for document in contents.documents:
            check_spans(document)


def test_records_beyond_the_limit_are_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_RECORDS", 2)
    contents = read(parse_jsonl, as_jsonl([{"text": f"Hive {number}."} for number in range(5)]))
    assert texts(contents) == ["Hive 0.", "Hive 1."]
    assert contents.problems == ("only its first 2 articles are read: split it",)


def test_a_hundred_thousand_lines_that_are_broken_make_one_problem() -> None:
    contents = read(parse_jsonl, as_jsonl([{"text": HIVE}]) + b'{"text":\n' * 100_000)
    assert texts(contents) == [HIVE]
    assert contents.problems == ("100000 lines are not JSON (the first is line 2)",)


def test_a_large_file_takes_seconds() -> None:
    data = as_jsonl([{"title": f"Hive {number}", "text": "\n\n".join([HIVE] * 4)} for number in range(5_000)])
    started = time.process_time()
    assert len(read(parse_jsonl, data).documents) == 5_000
    assert time.process_time() - started < 10  # measured: about 0.5


# --- the fields -------------------------------------------------------------------------------------------------------


def test_the_names_that_are_chosen_come_before_the_usual_ones() -> None:
    rows = [{"Subject": "A", "title": "B", "story": HIVE, "text": "no"}, {"text": "Others stay."}]
    contents = read(parse_json, as_json(rows), Fields.named({"title": "subject", "text": "Story"}))
    assert texts(contents) == [HIVE, "Others stay."]
    assert contents.documents[0].title == "A"


def test_the_reason_names_the_field_that_was_set() -> None:
    with pytest.raises(Empty, match=r"^has no field 'story' \(it has: id, tale\): set QA_FIELDS=text=tale$"):
        read(parse_json, as_json([{"id": "1", "tale": HIVE}]), Fields.named({"text": "story"}))


def test_no_choice_is_the_usual_fields() -> None:
    assert Fields.named({}) == USUAL


def test_many_fields_and_hostile_names_do_not_make_an_endless_reason() -> None:
    row = {f"{'x' * 50}\ud800\n{number}": "v" for number in range(500)}
    with pytest.raises(Empty) as caught:
        read(parse_json, as_json([row]))
    assert len(str(caught.value)) < 500
    assert str(caught.value).endswith(", …): set QA_FIELDS=text=NAME")


@pytest.mark.parametrize(
    ("value", "title"),
    [(1984, "1984"), (1.50, "1.5"), (None, ""), (True, ""), (["a", "b"], "a, b"), ({"de": "x"}, ""), ("a\nb", "a b")],
)
def test_a_title_that_is_not_a_string_becomes_its_words_or_nothing(value: object, title: str) -> None:
    assert read(parse_json, as_json([{"title": value, "text": HIVE}])).documents[0].title == title


def test_a_number_is_never_too_large_and_nan_is_not_a_title() -> None:
    contents = read(parse_json, f'[{{"id": {"9" * 10_000}, "title": NaN, "text": "Hives."}}]')
    assert texts(contents) == ["Hives."]
    assert contents.documents[0].title == ""


def test_an_empty_field_gives_way_to_the_next_that_is_usual() -> None:
    assert texts(read(parse_json, as_json([{"text": " ", "body": HIVE}]))) == [HIVE]


def test_a_list_of_paragraphs_is_joined_by_blank_lines() -> None:
    contents = read(parse_json, as_json([{"text": [HIVE, "", None, 5, FROST], "authors": ["Ada", "Ben"]}]))
    assert texts(contents)[0] == f"{HIVE}\n\n5\n\n{FROST}"
    assert contents.documents[0].metadata == {"author": "Ada, Ben"}


# --- formats of a text ------------------------------------------------------------------------------------------------


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def test_entities_and_marks_in_plain_text_stay_as_they_are() -> None:
    text = f"Salt &amp; honey: 3 < 5 and <vector> is a header.\r\n\r\n{HIVE}"
    document = read(parse_json, as_json([{"title": "x", "text": text}])).documents[0]
    assert document.text == text.replace("\r\n", "\n")
    assert len(document.blocks) == 2


def test_plain_markdown_is_read_as_such() -> None:
    text = f"# White hives\n\n{HIVE}\n\n## Tools\n\n```\n# no heading\n```\n"
    document = read(parse_json, as_json([{"text": text}])).documents[0]
    assert (document.text, document.title) == (text, "White hives")
    assert [section.path for section in document.sections] == [(), (), ("Tools",)]
    assert [kind for kind, _ in blocks(document)] == ["paragraph", "code"]


def test_html_of_a_feed_becomes_its_words() -> None:
    html = f"<p>{HIVE}</p><script>steal()</script><h2>Frost</h2><ul><li>one<li>two</ul><p>A &amp; b<br>c</p>"
    document = read(parse_json, as_json([{"title": "Hives | Courier", "content_html": html}])).documents[0]
    assert document.title == "Hives | Courier"
    assert "<" not in document.text
    assert "steal" not in document.text
    assert [section.path for section in document.sections][-1] == ("Frost",)
    assert blocks(document)[:2] == [("paragraph", HIVE), ("list", "- one\n- two")]


def test_html_without_words_is_a_record_without_text() -> None:
    contents = read(parse_json, as_json([{"text": "<p><img src='x'></p>"}, {"text": HIVE}]))
    assert contents.problems == ("1 record contains no text",)


def test_an_article_about_html_is_not_html() -> None:
    text = "Use <p> and </p> around a paragraph, and <br> at the end of a line."
    assert texts(read(parse_json, as_json([{"text": text}]))) == [text]


def test_a_first_line_that_is_not_the_title_is_not_lost() -> None:
    text = f"A cold spring in the valley\n\n{HIVE}\n\n{FROST}\n"
    document = read(parse_json, as_json([{"title": "Bees", "text": text}])).documents[0]
    assert document.title == "Bees"
    assert all(document.sections[block.section].path == ("A cold spring in the valley",) for block in document.blocks)


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_one_record_keeps_the_path_of_its_file() -> None:
    contents = read(parse_json, json.dumps({"title": "Hives", "text": HIVE, "tags": [{"text": "no article"}]}))
    assert [(document.path, document.text) for document in contents.documents] == [("news.x", HIVE)]


def test_a_list_that_an_object_wraps_is_found_and_none_that_lies_deeper() -> None:
    rows = [{"text": HIVE}, "no record", {"text": FROST}]
    contents = read(parse_json, json.dumps({"name": "Feed", "count": 2, "tags": [{"a": 1}], "articles": rows}))
    assert paths(contents) == ["news.x#1", "news.x#3"]
    assert contents.problems == ("1 record contains no text",)
    with pytest.raises(Empty, match=r"it has: response"):
        read(parse_json, json.dumps({"response": {"articles": rows}}))


def test_two_lists_of_articles_are_refused_rather_than_one_chosen() -> None:
    with pytest.raises(Unreadable, match="more than one list of records: put each into a separate file"):
        read(parse_json, json.dumps({"old": [{"text": HIVE}], "new": [{"text": FROST}]}))


def test_json_lines_under_the_name_of_json_are_read() -> None:
    assert texts(read(parse_json, as_jsonl([{"text": HIVE}, {"text": FROST}]))) == [HIVE, FROST]


@pytest.mark.parametrize("data", ["[]", "{}", "5", '"text"', "null", '["a", "b"]', "[[]]"])
def test_json_without_records_is_empty(data: str) -> None:
    with pytest.raises(Empty, match="contains no records"):
        read(parse_json, data)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "bees", "version": "1.0.0", "scripts": {"test": "x"}, "files": ["a"]},
        {"cells": [{"cell_type": "markdown", "source": ["# Bees"]}], "nbformat": 4},
    ],
    ids=["package", "notebook"],
)
def test_other_json_is_empty_with_its_fields(data: dict[str, Any]) -> None:
    with pytest.raises(Empty, match=r"has no field 'text' \(it has: "):
        read(parse_json, json.dumps(data))


def test_broken_json_names_the_line() -> None:
    with pytest.raises(Unreadable, match="is not JSON: there is an error in line 2"):
        read(parse_json, '[{"text": "a"},\n {"text": ]')


@pytest.mark.parametrize("data", ["[" * 100_000, '{"a":' * 100_000, '{"text": "a", "x": ' + "[" * 100_000])
def test_deep_nesting_is_unreadable(data: str) -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        read(parse_json, data)
    contents = read(parse_jsonl, f'{data}\n{{"text": "after"}}')
    assert texts(contents) == ["after"]
    assert contents.problems == ("line 1 is not JSON",)


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    assert texts(read(parse_json, '[{"text": "a", "text": "b"}]')) == ["b"]


# --- JSON Lines -------------------------------------------------------------------------------------------------------


def test_a_broken_line_is_named_and_the_rest_is_read() -> None:
    data = as_jsonl([{"text": HIVE}]) + b"\n" + b'{"text": "cut of\n' + as_jsonl([{"text": FROST}])
    contents = read(parse_jsonl, data)
    assert paths(contents) == ["news.x#1", "news.x#3"]
    assert contents.problems == ("line 3 is not JSON",)


def test_a_file_of_nothing_but_broken_lines_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="is not JSON Lines: line 1 is broken"):
        read(parse_jsonl, "not json\nnor this")


def test_a_separator_inside_a_string_does_not_end_a_line() -> None:
    assert texts(read(parse_jsonl, '{"text": "a\u2028b\x85c"}')) == ["a\u2028b\x85c"]


# --- CSV --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [{"id": "1", "title": "a, b; c | d", "text": f'{HIVE}\n\n"{FROST}"\t;,|'}]
    contents = read(parse_csv, as_csv(rows, delimiter))
    assert texts(contents) == [rows[0]["text"]]
    assert contents.documents[0].title == "a, b; c | d"
    assert contents.problems == ()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"], ids=["utf-8", "mark", "utf-16", "windows"]
)
def test_usual_encodings_are_read(encoding: str) -> None:
    text = "In den Tälern blühen die Bäume früher, und die Bienen fliegen über die Höfe."
    assert texts(read(parse_csv, f"text;title\r\n{text};Frühling\r\n".encode(encoding))) == [text]


def test_rows_of_another_length_are_read_and_counted() -> None:
    contents = read(parse_csv, "title,text\nA,one, two, three\nB\n\n,,\nC,four\n")
    assert texts(contents) == ["one, two, three", "four"]
    assert paths(contents) == ["news.x#1", "news.x#3"]
    assert contents.problems == ("1 record contains no text", "2 rows have more or fewer cells than the header")


def test_a_cell_may_be_as_long_as_the_file() -> None:
    text = "\n\n".join([HIVE] * 3_000)
    assert texts(read(parse_csv, as_csv([{"text": text}]))) == [text]


def test_a_table_without_a_header_is_empty_with_its_first_row() -> None:
    with pytest.raises(Empty, match=r"has no field 'text' \(it has: Hives, Most hives in the valley"):
        read(parse_csv, f'Hives,"{HIVE}"\nFrost,"{FROST}"\n')


def test_a_nul_is_binary() -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        read(parse_csv, b"text\na\x00b\n")
