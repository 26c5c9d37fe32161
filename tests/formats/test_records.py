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
from qa.formats.articles import Fields
from qa.formats.decoding import Empty, Unreadable
from qa.formats.delimited import parse_csv
from qa.formats.records import parse_json, parse_jsonl
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


@pytest.mark.parametrize(("parser", "write"), [(parse_json, as_json), (parse_jsonl, as_jsonl)], ids=["json", "jsonl"])
def test_a_record_without_a_text_field_is_an_article_of_its_fields(parser: Parser, write: Write) -> None:
    contents = read(
        parser, write([{"name": "Attic room", "price": 120, "open_from": "May"}, {"name": "Hall", "price": 9}])
    )
    assert texts(contents) == ["name: Attic room\nprice: 120\nopen from: May\n\n", "name: Hall\nprice: 9\n\n"]
    assert [document.title for document in contents.documents] == ["Attic room", "Hall"]
    assert [len(document.blocks[0].parts) for document in contents.documents] == [3, 2]
    assert contents.problems == ()


@KINDS
def test_the_other_fields_of_a_record_with_a_text_follow_it(parser: Parser, write: Write) -> None:
    rows = [{"id": "7", "text": HIVE, "hives": "31", "place": "Valley", "avatar_url": "https://x.org/a.png"}]
    (document,) = read(parser, write(rows)).documents
    assert document.text == f"{HIVE}\n\nhives: 31\nplace: Valley\n\n"
    assert [block.span.of(document.text) for block in document.blocks] == [HIVE, "hives: 31\nplace: Valley"]
    check_spans(document)


@KINDS
def test_the_field_that_is_named_as_text_is_the_text(parser: Parser, write: Write) -> None:
    rows = [{"id": "7", "story": HIVE}, {"id": "8", "story": FROST}]
    assert texts(read(parser, write(rows), Fields.named({"text": "story"}))) == [HIVE, FROST]


@KINDS
def test_a_file_of_records_whose_text_is_blank_is_empty(parser: Parser, write: Write) -> None:
    with pytest.raises(Empty, match=r"^contains no text$"):
        read(parser, write([{"title": "a", "text": ""}, {"text": " "}]))


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
    assert texts(contents) == [f"{HIVE}\n\ntitle: B\ntext: no\n\n", "Others stay."]
    assert contents.documents[0].title == "A"


def test_no_choice_is_the_usual_fields() -> None:
    assert Fields.named({}) == USUAL


def test_many_fields_and_hostile_names_are_read_as_words() -> None:
    row = {f"{'x' * 50_000}\ud800\n{number}": "v" for number in range(50)}
    (document,) = read(parse_json, as_json([row])).documents
    check_spans(document)
    assert len(document.blocks[0].parts) == 50
    assert len(document.text) < 5_000


@pytest.mark.parametrize(
    ("value", "title"),
    [(1984, "1984"), (1.50, "1.5"), (None, ""), (["a", "b"], "a, b"), ({"de": "x"}, ""), ("a\nb", "a b")],
)
def test_a_title_that_is_not_a_string_becomes_its_words_or_nothing(value: object, title: str) -> None:
    assert read(parse_json, as_json([{"title": value, "text": HIVE}])).documents[0].title == title


def test_a_number_is_never_too_large_and_nan_is_not_a_title() -> None:
    contents = read(parse_json, f'[{{"id": {"9" * 10_000}, "title": NaN, "text": "Hives.", "stars": {"7" * 30}}}]')
    assert texts(contents) == [f"Hives.\n\nstars: {'7' * 30}\n\n"]
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
    contents = read(parse_json, json.dumps({"title": "Hives", "text": HIVE, "comments": [{"text": "Ours are blue."}]}))
    assert paths(contents) == ["news.x"]
    assert texts(contents) == [f"{HIVE}\n\ncomments\n\n- Ours are blue.\n\n"]


def test_a_list_that_an_object_wraps_is_found_and_the_rest_is_read_too() -> None:
    rows = [{"text": HIVE}, 5, {"text": FROST}]
    feed = {"name": "Feed", "count": 2, "tags": [{"a": 1}], "articles": rows}
    contents = read(parse_json, json.dumps(feed))
    assert paths(contents) == ["news.x", "news.x#1", "news.x#3"]
    assert texts(contents)[0] == "name: Feed\n\ntags\n\n- 1\n\n"
    assert contents.problems == ("1 record contains no text",)
    assert paths(read(parse_json, json.dumps({"response": {"articles": rows}}))) == ["news.x#1", "news.x#3"]


def test_several_lists_of_records_are_read_in_one_count() -> None:
    contents = read(parse_json, json.dumps({"old": [{"text": HIVE}], "new": [{"text": FROST}]}))
    assert paths(contents) == ["news.x#1", "news.x#2"]
    assert texts(contents) == [HIVE, FROST]
    lists = {"users": [{"name": "Ann", "city": "Rome"}], "orders": [{"id": "A-17", "total": 3}]}
    assert texts(read(parse_json, json.dumps(lists))) == [
        "users\n\nname: Ann\ncity: Rome\n\n", "orders\n\nid: A-17\ntotal: 3\n\n"
    ]  # fmt: skip


def test_json_lines_under_the_name_of_json_are_read() -> None:
    assert texts(read(parse_json, as_jsonl([{"text": HIVE}, {"text": FROST}]))) == [HIVE, FROST]


@pytest.mark.parametrize("data", ["[]", "{}", "5", "null", "[[]]", '[{"a": null}]', '{"_id": "x", "next": ""}'])
def test_json_without_anything_to_read_is_empty(data: str) -> None:
    with pytest.raises(Empty, match=r"contains no (?:records|text)"):
        read(parse_json, data)


def test_a_list_of_strings_or_rows_is_one_article() -> None:
    assert texts(read(parse_json, '["Bring boots.", "It rains."]')) == ["- Bring boots.\n- It rains.\n\n"]
    assert texts(read(parse_json, '[["room", "price"], ["Attic", 120]]')) == ["room | price\nAttic | 120\n\n"]


def test_an_object_of_settings_is_read_in_full() -> None:
    settings = {
        "name": "bees", "version": "1.0.0", "scripts": {"test": "jest"}, "maxRetries": 3, "on": True,
        "rooms": [{"name": "Attic", "price": {"eur": 120}}, {"name": "Hall", "price": {"eur": 9}}],
    }  # fmt: skip
    (document,) = read(parse_json, json.dumps(settings)).documents
    assert document.text == (
        "name: bees\nversion: 1.0.0\nscripts test: jest\nmax retries: 3\non: true\n\n"
        "rooms\n\n- name: Attic; price eur: 120\n- name: Hall; price eur: 9\n\n"
    )
    assert (document.path, document.title, document.sections[-1].path) == ("news.x", "bees", ("rooms",))


def test_a_record_within_another_is_the_article() -> None:
    rows = [{"id": 1, "data": {"title": "Dam", "body": HIVE, "river": "Zand"}, "meta": {"date": "2024-01-01"}}]
    (document,) = read(parse_json, as_json(rows)).documents
    assert document.text == f"{HIVE}\n\nriver: Zand\n\n"
    assert (document.title, dict(document.metadata)) == ("Dam", {"date": "2024-01-01"})


def test_what_only_programs_use_is_left_out() -> None:
    row = {
        "name": "Ann", "uuid": "123e4567-e89b-12d3-a456-426614174000", "sha": "9f86d081884c7d659a2feaa0c55ad015",
        "photo": "data:image/png;base64,AAAA", "avatar_url": "https://x.org/a", "vector": [0.1] * 99, "_score": 1.5,
        "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "city": "Rome", "note": None, "website": "https://ann.org",
    }  # fmt: skip
    assert texts(read(parse_json, as_json([row]))) == ["name: Ann\ncity: Rome\nwebsite: https://ann.org\n\n"]


def test_seconds_since_1970_become_a_date_where_the_name_says_so() -> None:
    row = {"name": "Ann", "created_at": 1709200000, "edited": "2024-03-05T15:02:00+01:00", "phone": 1709200000}
    (document,) = read(parse_json, as_json([row])).documents
    assert document.text.split("\n")[1:4] == [
        "created at: 2024-02-29 09:46", "edited: 2024-03-05 14:02", "phone: 1709200000"
    ]  # fmt: skip
    assert dict(document.metadata) == {"date": "2024-02-29 09:46"}


def test_rich_text_and_html_within_fields_become_words() -> None:
    nodes = {"type": "doc", "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Bees "}, {"type": "text", "text": "sleep."}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "They wake."}]},
    ]}  # fmt: skip
    post = {"title": {"rendered": "Ferry"}, "content": {"rendered": "<p>It leaves at <b>nine</b>.</p>"}}
    contents = read(parse_json, as_json([{"body": nodes}, post, {"name": "Hut", "info": "<p>Open</p><p>in May</p>"}]))
    assert texts(contents) == [
        "Bees sleep.\n\nThey wake.", "It leaves at nine.\n\n", "name: Hut\n\ninfo: Open\n\nin May\n\n"
    ]  # fmt: skip
    assert contents.documents[1].title == "Ferry"


@pytest.mark.parametrize(
    "data",
    [
        '{"name": "Bridge", "length": 230,}',
        "{name: 'Bridge', /* metres */ length: 230} // end",
        '\ufeff{"name": "Bridge",\n# old\n"length": 230}',
        'window.YTD.bridges.part0 = {"name": "Bridge", "length": 230};',
        'callback({"name": "Bridge", "length": 230});',
        '{"name": "Bri\\u0064ge", "length": 230,, }',
    ],
)
def test_what_is_meant_is_read_although_it_is_not_strict_json(data: str) -> None:
    assert texts(read(parse_json, data)) == ["name: Bridge\nlength: 230\n\n"]


def test_objects_one_after_the_other_are_records() -> None:
    data = '{"name": "A",\n "size": 1}\n{"name": "B",\n "size": 2}\n'
    for parser in (parse_json, parse_jsonl):
        assert texts(read(parser, data)) == ["name: A\nsize: 1\n\n", "name: B\nsize: 2\n\n"]


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    contents = read(parse_json, '[{"name": "A", "size": 12},\n{"name": "B", "at": "sea", "size": 3')
    assert texts(contents) == ["name: A\nsize: 12\n\n", "name: B\nat: sea\n\n"]
    assert contents.problems == ("is cut off in line 2",)
    long = read(parse_json, f'[{{"text": "{HIVE} {FROST} And then')
    assert texts(long) == [f"{HIVE} {FROST}"]


@pytest.mark.parametrize("data", ["var x = 5; alert(x)", "Bees sleep.", '{"a" "b"}', '{"a": b}', '["a"}', "{1: }"])
def test_what_has_no_certain_meaning_is_refused(data: str) -> None:
    with pytest.raises(Unreadable, match="is not JSON"):
        read(parse_json, data)


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
    rows = [{"title": "a, b; c | d", "text": f'{HIVE}\n\n"{FROST}"\t;,|'}]
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
    contents = read(parse_csv, "title,text\nA,one, two, three\nB,\n\n,,\nC,four\n")
    assert texts(contents) == ["one, two, three", "four"]
    assert paths(contents) == ["news.x#1", "news.x#3"]
    assert contents.problems == ("1 record contains no text", "1 row has more or fewer cells than the header")


def test_a_cell_may_be_as_long_as_the_file() -> None:
    text = "\n\n".join([HIVE] * 3_000)
    assert texts(read(parse_csv, as_csv([{"text": text}]))) == [text]


def test_a_nul_is_binary() -> None:
    with pytest.raises(Unreadable, match="looks binary"):
        read(parse_csv, b"text\na\x00b\n")


def test_a_long_number_that_is_none_is_refused_in_linear_time() -> None:
    start = time.process_time()
    with pytest.raises(Unreadable, match="line 1"):
        parse_json("n.json", b'[{"text": ' + b"9" * 200_000 + b"x}]", USUAL)
    assert time.process_time() - start < 5
