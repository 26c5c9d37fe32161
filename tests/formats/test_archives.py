"""Zip archives of articles: every entry is read or named, and no name or size can do harm."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import archive_limits, archives, contained
from qa.formats.archives import parse_zip
from qa.formats.articles import Fields
from qa.formats.decoding import Empty, Unreadable, decode
from qa.formats.plain import parse_plain
from qa.formats.records import parse_jsonl
from qa.formats.web.page import parse_html
from qa.text.document import Contents

HIVE = "Most hives in the valley are painted white, because dark boxes grow too hot when the sun stands high in July."
ENDINGS = {".txt", ".html", ".jsonl", ".zip"}


def supported(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in ENDINGS


def parse(path: str, data: bytes) -> Contents:
    ending = PurePosixPath(path).suffix.lower()
    if ending == ".jsonl":
        return parse_jsonl(path, data, Fields())
    if ending == ".html":
        return Contents((parse_html(path, data),))
    return Contents((parse_plain(path, decode(data)),))


def packed(entries: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(data: bytes | dict[str, str | bytes]) -> Contents:
    return parse_zip("saved.zip", packed(data) if isinstance(data, dict) else data, parse, supported)


def paths(contents: Contents) -> list[str]:
    return [document.path.removeprefix("saved.zip/") for document in contents.documents]


# --- what is read -----------------------------------------------------------------------------------------------------


def test_every_article_is_read_in_the_order_of_names() -> None:
    contents = read({"z.txt": HIVE, "b/bees.html": f"<p>{HIVE}</p>", "b/": "", "A.TXT": "Words."})
    assert [document.path for document in contents.documents] == [
        "saved.zip/A.TXT", "saved.zip/b/bees.html", "saved.zip/z.txt"
    ]  # fmt: skip
    assert contents.documents[2].text == HIVE
    assert contents.problems == ()


def test_records_inside_have_their_numbers_and_their_problems_the_name() -> None:
    contents = read({"news.jsonl": f'{{"text": "{HIVE}"}}\n{{"text": ""}}\n{{"text": "Words."}}'})
    assert paths(contents) == ["news.jsonl#1", "news.jsonl#3"]
    assert contents.problems == ("news.jsonl: 1 record contains no text",)


def test_hidden_entries_are_left_out_silently() -> None:
    hidden = [".DS_Store", "__MACOSX/._a.txt", "__MACOSX/a.txt", ".git/a.txt", "b/.c/a.txt"]
    assert read({"a.txt": HIVE, **dict.fromkeys(hidden, HIVE)}) == read({"a.txt": HIVE})


def test_a_saved_page_gives_only_its_article() -> None:
    page = {"Bees in spring.html": f"<p>{HIVE}</p>"}
    others = ["ad.html", "logo.mp4", "deep/style.css", "notes.txt"]
    contents = read({**page, **{f"Bees in spring_files/{name}": HIVE for name in others}})
    assert paths(contents) == ["Bees in spring.html"]
    assert contents.problems == ()


def test_a_folder_named_so_without_its_page_is_read() -> None:
    assert paths(read({"other.html": f"<p>{HIVE}</p>", "bees_files/notes.txt": HIVE})) == [
        "bees_files/notes.txt", "other.html"
    ]  # fmt: skip


def test_unread_entries_are_counted_by_extension() -> None:
    rest = {
        f"{number}.{ending}": "x" for ending, many in {"mp4": 3, "css": 2, "svg": 1}.items() for number in range(many)
    }
    contents = read({"a.txt": HIVE, **rest, "README": "x"})
    assert contents.problems == (
        "3 .mp4 files are not read", "2 .css files are not read", "1 .svg file is not read",
        "1 file without an extension is not read",
    )  # fmt: skip


def test_of_many_extensions_the_commonest_are_named() -> None:
    contents = read({"a.txt": HIVE, **{f"a.{number}": "x" for number in range(1_000)}})
    assert len(contents.problems) == 6
    assert contents.problems[-1] == "995 other files are not read"


# --- what fails -------------------------------------------------------------------------------------------------------


def test_a_file_that_fails_does_not_stop_the_others() -> None:
    twice = packed({"e.zip": packed({"a.txt": HIVE})})
    contents = read({"a.txt": b"\x00\x01\x02", "b.txt": HIVE, "c.txt": " \n", "d.zip": twice, "f.zip": "not a zip"})
    assert paths(contents) == ["b.txt"]
    assert contents.problems[:3] == (
        "a.txt: looks binary, not text",
        "c.txt: is empty",
        "d.zip/e.zip: is an archive inside an archive: unpack it",
    )
    assert contents.problems[3].startswith("f.zip: is damaged")


def test_an_archive_in_an_archive_is_opened_as_exports_of_several_parts_need() -> None:
    contents = read({"part-1.zip": packed({"a/b.txt": HIVE, "c.txt": HIVE}), "part-2.zip": packed({"b.txt": HIVE})})
    assert paths(contents) == ["part-1.zip/a/b.txt", "part-1.zip/c.txt", "part-2.zip/b.txt"]
    assert contents.problems == ()


def test_archives_in_an_archive_have_the_limits_of_one_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    contents = read({f"{number}.zip": packed({"a.txt": HIVE, "b.txt": HIVE}) for number in range(2)})
    assert paths(contents) == ["0.zip/a.txt", "0.zip/b.txt"]
    assert contents.problems == ("1.zip: is too much together with the archives before it: unpack it",)


def test_many_failures_are_summed_up() -> None:
    contents = read({"a.txt": HIVE, **{f"b{number:03}.txt": b"\x00" for number in range(500)}})
    assert len(contents.problems) == 6
    assert contents.problems[-1] == "495 more problems"


def test_an_archive_of_which_nothing_could_be_read_has_failed() -> None:
    with pytest.raises(Unreadable, match=r"^a\.txt: looks binary, not text; b\.txt: is empty; 1 \.mp4 file is"):
        read({"a.txt": b"\x00", "b.txt": "", "c.mp4": "x"})


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "contains no articles"),
        ({"folder/": ""}, "contains no articles"),
        ({"a.mp4": "x"}, "contains no articles; 1 .mp4 file is not read"),
        ({"a.txt": ""}, "contains no articles; a.txt: is empty"),
        ({".hidden.txt": HIVE}, "contains no articles"),
    ],
)
def test_an_archive_without_articles_is_empty(entries: dict[str, str | bytes], reason: str) -> None:
    with pytest.raises(Empty) as caught:
        read(entries)
    assert str(caught.value) == reason


def test_an_entry_that_cannot_be_unpacked_leaves_the_others() -> None:
    data = bytearray(packed({"a.txt": HIVE * 20, "b.txt": HIVE}))
    start = data.index(b"a.txt") + len("a.txt")
    data[start : start + 30] = b"\xff" * 30
    contents = read(bytes(data))
    assert paths(contents) == ["b.txt"]
    assert contents.problems == ("a.txt: is damaged",)


def test_an_entry_whose_checksum_is_wrong_is_damaged() -> None:
    data = packed({"a.txt": HIVE, "b.txt": "Words."}, zipfile.ZIP_STORED).replace(b"painted white", b"painted black")
    assert read(data).problems == ("a.txt: is damaged",)


def test_another_way_of_packing_is_named() -> None:
    out = io.BytesIO(packed({"a.txt": HIVE}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("b.txt", HIVE)
    contents = read(out.getvalue())
    assert paths(contents) == ["a.txt"]
    assert contents.problems[0].startswith("b.txt: uses an unsupported compression method")


@pytest.mark.parametrize("data", [b"no archive at all", packed({"a.txt": HIVE})[:-30], b"PK\x03\x04"])
def test_a_damaged_archive_says_so(data: bytes) -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as zip archive"):
        read(data)


def test_a_locked_archive_says_so() -> None:
    data = packed({"a.txt": HIVE})
    place = data.rindex(b"PK\x01\x02") + 8
    with pytest.raises(Unreadable, match="locked: it needs a password"):
        read(data[:place] + struct.pack("<H", 1) + data[place + 2 :])


def test_deep_nesting_inside_is_a_problem_of_that_file() -> None:
    def deep(path: str, data: bytes) -> Contents:
        if path.endswith("a.txt"):
            raise RecursionError
        return parse(path, data)

    contents = parse_zip("saved.zip", packed({"a.txt": "x", "b.txt": HIVE}), deep, supported)
    assert contents.problems == ("a.txt: is nested too deeply to be read",)


def test_an_article_about_hostile_entities_harms_no_one() -> None:
    text = '<!ENTITY a "x">\n<!ENTITY b "&a;&a;">\nSuch lines make a bomb of an XML file.'
    assert read({"a.txt": text}).documents[0].text == text


# --- limits -----------------------------------------------------------------------------------------------------------


def test_an_entry_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 1_000_000)
    contents = read({"a.txt": "x y " * 300_000, "b.txt": HIVE})
    assert paths(contents) == ["b.txt"]
    assert contents.problems == ("a.txt: is over the limit of 1 MB",)


def test_a_bomb_is_measured_and_refused() -> None:
    data = packed({f"{number}.txt": b"\x20" * 10_000_000 for number in range(6)})
    with pytest.raises(Unreadable, match="unpacks to more than 200 times its size"):
        read(data)


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MAX_ENTRIES", 3)
    with pytest.raises(Unreadable, match="unpacks to more than 3 files"):
        read({f"{number}.txt": "x" for number in range(4)})


def test_text_beyond_the_limit_of_an_archive_is_left_out_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contained, "MAX_TEXT", 150)
    contents = read({"a.txt": HIVE, "b.txt": HIVE, "c.txt": HIVE})
    assert paths(contents) == ["a.txt", "b.txt"]
    assert contents.problems[0].startswith("c.txt: comes after more than")


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/a.txt", "etc/a.txt"),
        ("/root/a.txt", "root/a.txt"),
        ("C:\\Users\\ada\\a.txt", "Users/ada/a.txt"),
        ("..\\..\\a.txt", "a.txt"),
        ("./a//b/./a.txt", "a/b/a.txt"),
        ("a\n\x1b[31m\u2028b.txt", "a[31mb.txt"),
        ("Frage: wieso.txt", "Frage: wieso.txt"),
        ("Bäume/früh.txt", "Bäume/früh.txt"),
        ("<script>x</script>.txt", "<script>x</script>.txt"),
        (f"{'a/' * 300}b.txt", f"{'a/' * 19}b.txt"),
        (f"{'x' * 500}.txt", f"{'x' * 116}.txt"),
    ],
)
def test_a_name_is_only_a_label(name: str, label: str) -> None:
    assert paths(read({name: HIVE})) == [label]


def with_name(raw: bytes) -> bytes:
    """An archive whose entry has these bytes as its name, in an unspecified encoding."""
    return packed({"a" * (len(raw) - 4) + ".txt": HIVE}).replace(b"a" * (len(raw) - 4) + b".txt", raw)


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_a_name_in_an_unmarked_encoding_is_read(encoding: str) -> None:
    assert paths(read(with_name("frühe Bäume.txt".encode(encoding)))) == ["frühe Bäume.txt"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_keep_apart() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ["a.txt", "a (2).txt", "a.txt", "../a.txt", "a.txt"]:
            archive.writestr(name, f"{HIVE} {len(archive.namelist())}")
    contents = read(out.getvalue())
    assert sorted(paths(contents)) == ["a (2).txt", "a (3).txt", "a (4).txt", "a (5).txt", "a.txt"]
    assert len({document.text for document in contents.documents}) == 5


NAMES = st.text(st.characters(exclude_characters="\x00"), min_size=1, max_size=20)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(st.lists(st.tuples(NAMES, st.sampled_from(["", ".txt", "/", ".mp4"])), max_size=8))
def test_any_names_give_safe_labels_each_once(names: list[tuple[str, str]]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, ending in names:
            archive.writestr((name + ending).encode("utf-8", "replace").decode(), HIVE)
    try:
        labels = paths(read(out.getvalue()))
    except Empty:
        return
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert not label.startswith("/")
        assert not {"..", ".", ""} & set(label.split("/"))
        assert label == "".join(character for character in label if character >= " ")


# --- arbitrary input --------------------------------------------------------------------------------------------------


def changed(data: bytes, place: float, value: int) -> bytes:
    at = int(place * (len(data) - 1))
    return data[:at] + bytes([value]) + data[at + 1 :]


@given(
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
    compression=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_a_damaged_byte_raises_nothing_but_a_reason(changes: list[tuple[float, int]], compression: int) -> None:
    data = packed({"a.txt": HIVE * 3, "b/news.jsonl": '{"text": "Words."}', "c.mp4": "x"}, compression)
    for place, value in changes:
        data = changed(data, place, value)
    try:
        contents = read(data)
    except (Empty, Unreadable) as error:
        assert str(error)
    else:
        for document in contents.documents:
            assert all(block.span.end <= len(document.text) for block in document.blocks)
