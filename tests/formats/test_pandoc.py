"""Office documents, e-books and smaller markup formats: nothing is lost or misplaced; hostile files get a reason."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FILES, ROOT, TinyEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable
from qa.formats.office import package, pandoc
from qa.formats.office.parse import parse_office
from qa.text.document import Document
from qa.text.passages import split

OFFICE = FILES / "office"
ARTICLES = sorted(path.name for path in OFFICE.glob("bees*") if path.suffix not in (".md", ".doc"))
NAMES = [*ARTICLES, "slides.pptx"]
ZIPPED = ["bees.docx", "bees.odt", "bees.epub", "slides.pptx"]
WORD = re.compile(r"\w+")


def read(name: str) -> Document:
    return parse_office(name, (OFFICE / name).read_bytes())


def blocks(document: Document, kind: str) -> list[str]:
    return [block.span.of(document.text) for block in document.blocks if block.kind == kind]


def parts(document: Document, kind: str) -> list[str]:
    return [part.of(document.text) for block in document.blocks if block.kind == kind for part in block.parts]


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path for section in document.sections if section.path]


def source_words(name: str) -> Counter[str]:
    """The words of the Markdown source, without markup and front matter."""
    text = (OFFICE / name).read_text(encoding="utf-8").split("---\n", 2)[2]
    text = re.sub(r"\]\([^)]*\)|\[\^\w+\]|^``` python|^::: notes", " ", text, flags=re.MULTILINE)
    return Counter(WORD.findall(text.lower()))


def recall(document: Document, words: Counter[str]) -> float:
    return (words & Counter(WORD.findall(document.text.lower()))).total() / words.total()


def repacked(name: str, change: Callable[[str, bytes], bytes], extra: dict[str, str] | None = None) -> bytes:
    """The file with each part changed, and more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(OFFICE / name) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
        for part, text in (extra or {}).items():
            new.writestr(part, text)
    return out.getvalue()


def with_part(name: str, part: str, text: str) -> bytes:
    return repacked(name, lambda _, data: data, {part: text})


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARTICLES)
def test_no_words_are_lost(name: str) -> None:
    assert recall(read(name), source_words("bees.md")) >= 0.97


@pytest.mark.parametrize("name", sorted(set(ARTICLES) - {"bees.ipynb"}))
def test_headings_have_their_levels(name: str) -> None:
    document = read(name)
    assert paths(document)[-4:] == [("Winter",), ("Winter", "Frost"), ("Winter", "Frost", "Food"), ("Spring",)]


@pytest.mark.parametrize("name", sorted(set(ARTICLES) - {"bees.rtf"}))
def test_nested_items_are_items_of_their_own_and_rows_are_rows(name: str) -> None:
    document = read(name)
    items = parts(document, "list")
    assert items[items.index("- a smoker") :][:5] == [
        "- a smoker", "- of tin", "- of copper", "- a veil", "- gloves of goat leather"
    ]  # fmt: skip
    first = "1. lift the lid a finger wide"
    assert items[items.index(first) :][:3] == [first, "2. listen for a steady hum", "3. close it again"]
    rows = ["Hive | Colour | Stores in kilograms", "first | white | 14", "second | grey | 11"]
    assert parts(document, "table") == rows


@pytest.mark.parametrize("name", ARTICLES)
def test_the_order_is_that_of_the_source(name: str) -> None:
    text = read(name).text
    landmarks = ["Bees do not sleep", "a smoker", "Frost", "Never open", "listen for", "Food", "grey", "Sugar dough",
                 "Spring", "hazel and willow", "weigh(hive)", "The old queen", "The last line"]  # fmt: skip
    places = [text.index(landmark) for landmark in landmarks]
    assert places == sorted(places)


@pytest.mark.parametrize("name", sorted(set(ARTICLES) - {"bees.ipynb"}))
def test_a_footnote_follows_its_paragraph(name: str) -> None:
    paragraphs = blocks(read(name), "paragraph")
    place = next(number for number, text in enumerate(paragraphs) if text.startswith("Bees do not sleep"))
    assert "They gather in a ball around the queen" in paragraphs[place]
    assert paragraphs[place + 1] == "Keepers call it the winter cluster; it loosens above ten degrees."


@pytest.mark.parametrize("name", ["bees.docx", "bees.odt", "bees.epub", "bees-libreoffice.docx", "bees.rst"])
def test_code_keeps_its_lines_or_becomes_paragraphs(name: str) -> None:
    assert "for hive in yard:\n" in read(name).text


@pytest.mark.parametrize("name", sorted(set(ARTICLES) - {"bees.ipynb", "bees.rtf"}))
def test_the_title_and_author_are_known(name: str) -> None:
    document = read(name)
    assert document.title == "A year at the hive"
    assert document.metadata["author"].startswith("Ada Marsh")


@pytest.mark.parametrize("name", ["bees.docx", "bees.epub", "bees.rst", "bees.org", "bees-libreoffice.docx"])
def test_dates_are_iso(name: str) -> None:
    assert read(name).metadata["date"] == "2024-05-04"


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-05-04T10:30:00Z", "2024-05-04"),
        ("May 4, 2024", "2024-05-04"),
        ("4  May\n2024", "2024-05-04"),
        ("spring 2024", "spring 2024"),
        ("2024-13-77", "2024-13-77"),
    ],
)
def test_a_date_that_is_not_understood_stays(written: str, iso: str) -> None:
    assert package.iso_date(written) == iso


def test_the_order_of_authors_is_kept() -> None:
    assert read("bees.epub").metadata["author"] == "Ada Marsh, Ben Hollow"


def test_a_title_that_a_program_made_up_is_none() -> None:
    data = repacked("bees.odt", lambda _, part: part.replace(b"A year at the hive", b"Microsoft Word - bees.doc"))
    assert read("bees.odt").title == "A year at the hive"
    assert "Microsoft" not in parse_office("x.odt", data).title


def test_a_property_that_is_empty_hides_nothing() -> None:
    def untitled(_: str, part: bytes) -> bytes:
        return re.sub(rb"(<dc:title[^>]*>)[^<]*<", rb"\1<", part)

    assert parse_office("x.docx", repacked("bees.docx", untitled)).title == "A year at the hive"
    assert parse_office("x.epub", repacked("bees.epub", untitled)).title == "Winter"


def test_a_note_to_the_first_paragraph_is_written_once() -> None:
    data = (
        b"{\\rtf1{\\info{\\title Bees}}\\pard Bees gather{\\footnote\\pard A note.\\par} here.\\par\\pard More.\\par}"
    )
    document = parse_office("x.rtf", data)
    assert document.title == "Bees"
    assert blocks(document, "paragraph") == ["Bees gather here.", "A note.", "More."]


def test_slides_have_titles_pages_and_speaker_notes() -> None:
    document = read("slides.pptx")
    assert document.title == "A year at the hive"
    assert paths(document) == [("Winter",), ("Stores",), ("Spring",)]
    assert [page.of(document.text).split("\n")[0] for page in document.pages] == [
        "A year at the hive", "Winter", "Stores", "Spring"
    ]  # fmt: skip
    winter = document.pages[1].of(document.text)
    assert winter.strip().endswith("Pass the smoker round here.\n\nAsk who has seen a cluster.")
    assert "End with the willow picture." in document.pages[3].of(document.text)
    assert parts(document, "table") == ["Hive | Colour", "first | white", "second | grey"]
    assert recall(document, source_words("slides.md")) >= 0.97


def test_chapters_come_in_the_order_of_the_spine() -> None:
    def turned(name: str, data: bytes) -> bytes:
        if not name.endswith(".opf"):
            return data
        lines = data.decode().split("\n")
        first, second = (number for number, line in enumerate(lines) if 'itemref idref="ch00' in line)
        lines[first], lines[second] = lines[second], lines[first]
        return "\n".join(lines).encode()

    document = parse_office("x.epub", repacked("bees.epub", turned))
    assert [path[0] for path in paths(document) if len(path) == 1] == ["Spring", "Winter"]


@pytest.mark.parametrize("name", NAMES)
def test_every_passage_is_a_literal_slice(name: str, tiny: TinyEncoder) -> None:
    document = read(name)
    passages = split(document, tiny.count_tokens, 64)
    assert len(passages) > 1
    assert all(passage.text == passage.span.of(document.text) for passage in passages)
    covered = " ".join(passage.text for passage in passages)
    headings = " ".join(name for path in paths(document) for name in path)
    assert set(WORD.findall(document.text)) <= set(WORD.findall(f"{covered} {headings} {document.title}"))


def test_lists_cut_in_two_quotes_frames_and_numbers_that_start_later() -> None:
    text = (
        "5. five\n\n   with more\n6. six\n\n   - inner\n\n   after\n\n"
        "+-----------------+\n| framed          |\n|                 |\n| twice           |\n+-----------------+\n\n"
        "| roses\n| violets\n\n``code`` and :math:`a^2`\n\n.. image:: a.png\n   :alt: Picture 3\n"
    )
    document = parse_office("x.rst", text.encode())
    assert parts(document, "list") == ["- 5. five with more", "- 6. six", "- inner", "- after"]
    assert blocks(document, "paragraph") == ["framed", "twice", "code and a^2"]
    assert blocks(document, "code") == ["roses\nviolets"]


def test_code_inside_an_item_keeps_its_lines() -> None:
    document = parse_office("x.rst", b"1. do\n\n   ::\n\n     a\n     b\n\n2. see\n")
    assert [block.span.of(document.text) for block in document.blocks] == ["1. do", "a\nb", "- 2. see"]


def test_a_notebook_gives_its_text_code_and_output() -> None:
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {"t": {"t": "Str"}}, "source": "# Bees\n\ntext"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "print(1)", "execution_count": 1,
         "outputs": [{"output_type": "stream", "name": "stdout", "text": "one"}]},
        {"cell_type": "markdown", "id": "c", "metadata": {},
         "source": "<style>p {}</style>\n<p>two &lt; <b>three</b></p>"},
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"t": "Space", "title": {"a": 1}}, "cells": cells}
    document = parse_office("x.ipynb", json.dumps(notebook).encode())
    assert document.title == "Bees"
    assert blocks(document, "code") == ["print(1)", "one"]
    assert blocks(document, "paragraph") == ["text", "two < three"]


def test_a_text_in_an_old_encoding_is_read() -> None:
    assert "Ärger mit Mäusen" in parse_office("x.rst", "Ärger mit Mäusen im Haus.".encode("cp1252")).text


# --- missing programs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "data"), [("x.rst", b""), ("x.rst", b".. comment\n"), ("x.rtf", b"{\\rtf1 }")])
def test_a_file_without_text_is_empty(name: str, data: bytes) -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse_office(name, data)


def test_pypandoc_itself_is_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; from qa.formats.office.parse import parse_office as p; p('x.rst', b'a'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "qa.formats.office.pandoc" in run.stdout.split()
    assert not [name for name in run.stdout.split() if name.startswith("pypandoc")]
    monkeypatch.setenv("PYPANDOC_PANDOC", "/bin/false")
    assert read("bees.rst").title


def test_without_pandoc_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unreadable, match="install the package pypandoc_binary"):
        read("bees.rst")


# --- hostile files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "directive",
    [".. include:: {}", ".. csv-table:: Table\n   :file: {}", ".. raw:: html\n   :file: {}", ".. literalinclude:: {}",
     ".. include:: {}\n   :literal:", ".. |x| include:: {}", ".. raw:: html\n   :url: file://{}", "-  .. include:: {}",
     "..\tinclude:: {}", ".. INCLUDE:: {}"],
)  # fmt: skip
def test_no_other_file_is_read(directive: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET,2\n")
    text = f"Before.\n\n{directive.format(secret)}\n\nAfter.\n"
    try:
        document = parse_office("x.rst", text.encode())
    except Unreadable:
        return
    assert "TOPSECRET" not in document.text
    assert "Before." in document.text


@pytest.mark.parametrize("directive", [".. include:: a.txt", ".. csv-table:: T\n   :file: a.csv"])
def test_a_file_that_is_not_read_does_not_hide_the_rest(directive: str) -> None:
    text = parse_office("x.rst", f"Before.\n\n{directive}\n\nAfter.\n".encode()).text
    assert text.startswith("Before.")
    assert "After." in text


def test_org_includes_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("TOPSECRET")
    text = f'Before.\n\n#+INCLUDE: "{tmp_path}/secret.txt"\n'
    assert "TOPSECRET" not in parse_office("x.org", text.encode()).text


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_are_unreadable(name: str) -> None:
    data = random.Random(7).randbytes(4000)
    for start in (b"", (OFFICE / name).read_bytes()[:30]):
        with pytest.raises(Unreadable):
            parse_office(name, start + data)


@pytest.mark.parametrize("name", ZIPPED)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_half_a_file_is_damaged(name: str, share: float) -> None:
    data = (OFFICE / name).read_bytes()
    with pytest.raises(Unreadable, match=r"is damaged: it cannot be opened as \w+"):
        parse_office(name, data[: int(share * len(data))])


@pytest.mark.parametrize("name", ZIPPED)
def test_a_zip_of_something_else_is_damaged(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", "Dear keeper")
    with pytest.raises(Unreadable, match="is damaged"):
        parse_office(name, out.getvalue())


def bomb(megabytes: int) -> bytes:
    """A Word file with a part that unpacks to so much and claims to be tiny."""
    out = io.BytesIO()
    archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("word/document.xml", "w") as part:
        for _ in range(megabytes):
            part.write(b" " * 1_000_000)
    size = struct.pack("<I", megabytes * 1_000_000)
    assert out.getvalue().count(size) >= 1
    return out.getvalue().replace(size, struct.pack("<I", 10))


def test_a_zip_bomb_that_lies_about_its_size_is_measured() -> None:
    with pytest.raises(Unreadable, match="unpacks to more than 300 MB"):
        parse_office("x.docx", bomb(301))


def test_a_smaller_bomb_is_known_by_its_ratio() -> None:
    with pytest.raises(Unreadable, match="unpacks to more than 200 times its size"):
        parse_office("x.docx", bomb(60))


def test_too_many_entries_are_refused() -> None:
    data = with_part("bees.docx", "a", "")
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}", b"")
    with pytest.raises(Unreadable, match="more than 10000 files"):
        parse_office("x.docx", out.getvalue())


def flagged(name: str) -> bytes:
    """The file with each entry marked as encrypted."""
    data = bytearray((OFFICE / name).read_bytes())
    for match in re.finditer(rb"PK\x01\x02", bytes(data)):
        data[match.start() + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize("name", ZIPPED)
def test_encrypted_entries_are_locked(name: str) -> None:
    with pytest.raises(Unreadable, match="locked: it needs a password"):
        parse_office(name, flagged(name))


def encryption(method: str) -> str:
    space = "http://www.w3.org/2001/04/xmlenc#"
    return (
        f'<encryption xmlns:e="{space}"><e:EncryptedData><e:EncryptionMethod Algorithm="{method}"/>'
        "</e:EncryptedData></encryption>"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")),
        ("x.odt", repacked("bees.odt", lambda name, data: data.replace(b"</manifest:manifest>",
                  b"<manifest:encryption-data/></manifest:manifest>"))),
        ("x.epub", with_part("bees.epub", "META-INF/encryption.xml",
                             encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))),
        ("x.epub", with_part("bees.epub", "META-INF/rights.xml", "<rights/>")),
    ],
    ids=["docx", "odt", "epub", "rights"],
)  # fmt: skip
def test_encrypted_files_are_reported_as_locked(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match="locked: it needs a password"):
        parse_office(name, data)


def test_a_book_with_an_obfuscated_font_is_not_locked() -> None:
    data = with_part("bees.epub", "META-INF/encryption.xml", encryption("http://www.idpf.org/2008/embedding"))
    assert "The last line" in parse_office("x.epub", data).text


@pytest.mark.parametrize(
    ("name", "part"),
    [("bees.docx", "word/document.xml"), ("bees.odt", "content.xml"), ("bees.epub", "EPUB/text/ch001.xhtml"),
     ("bees.epub", "EPUB/content.opf"), ("slides.pptx", "ppt/slides/slide2.xml"), ("bees.odt", "meta.xml")],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_do_not_grow(name: str, part: str, encoding: str) -> None:
    entities = '<!ENTITY a0 "lollollollol">' + "".join(
        f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12)
    )

    def armed(entry: str, data: bytes) -> bytes:
        if entry != part:
            return data
        body = re.sub(r"<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", data.decode())
        body = body.replace("</", " &a11;</", 1)
        return f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [{entities}]>{body}'.encode(encoding)

    try:
        document = parse_office(name, repacked(name, armed))
    except Unreadable:
        return
    assert encoding != "utf-8"
    assert len(document.text) < 10_000


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("value", ["x" * 150, "&b;", "x" * 50 + "&b;", "' > \" &b;"])
def test_an_entity_that_grows_with_each_use_is_refused(quote: str, value: str) -> None:
    declared = f"<!DOCTYPE x [<!ENTITY a {quote}{value.replace(quote, '')}{quote}>]>"
    with pytest.raises(Unreadable, match="declares XML entities that can grow without end"):
        parse_office("x.docx", with_part("bees.docx", "x.xml", declared))


def test_an_entity_that_names_a_character_is_not() -> None:
    declared = '<!DOCTYPE x [<!ENTITY nbsp "&#160;"><!ENTITY publisher "The Hive Press">]>'
    assert parse_office("x.docx", with_part("bees.docx", "x.xml", declared)).title == "A year at the hive"


def test_no_folder_is_left_if_the_process_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[Path]] = []
    popen = subprocess.Popen

    def started(*arguments: Any, **options: Any) -> Any:
        seen.append([*tmp_path.iterdir()])
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", started)
    read("bees.rst")
    assert seen == [[]]


@pytest.mark.parametrize(
    "data",
    [b"{\\rtf1 " + b"{" * 100_000 + b"deep" + b"}" * 100_000 + b"}", b"{\\rtf1 " + b"{" * 100_000,
     b"{\\rtf1 " + b"{\\footnote " * 2000 + b"deep" + b"}" * 2001],
    ids=["closed", "open", "footnotes"],
)  # fmt: skip
def test_deep_rtf_does_no_harm(data: bytes) -> None:
    with contextlib.suppress(Unreadable, Empty):
        assert "deep" in parse_office("x.rtf", data).text


def test_a_tree_too_deep_to_walk_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b'{"t":"BlockQuote","c":[' * 100_000 + b"]}" * 100_000
    monkeypatch.setattr(pandoc, "_run", lambda form, data: b'{"meta":{},"blocks":[' + nested + b"]}")
    with pytest.raises(Unreadable, match="is nested too deeply to be read"):
        parse_office("x.rst", b"x")


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("_MAX_MARKUP_SECONDS", 0.001, "takes longer than"),
        ("_HEAP", "1M", "needs too much memory"),
        ("_MAX_OUTPUT", 100, "contains more text than can be read"),
    ],
)
def test_a_file_over_a_limit_is_unreadable(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: object, reason: str
) -> None:
    monkeypatch.setattr(pandoc, limit, value)
    with pytest.raises(Unreadable, match=reason):
        parse_office("x.rst", b"words and *words*\n\n" * 3000)


def test_markup_that_takes_too_long_is_read_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandoc, "_MARKUP_SECONDS", 0.001)
    contents = parse("nested.wiki", b"{{a|" * 5_000 + b"\n\nThe bees sleep.\n")
    assert contents.documents[0].text.rstrip().endswith("The bees sleep.")
    assert "is read as plain text, because it takes longer than" in contents.problems[0]


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(NAMES),
    keep=st.floats(0.0, 1.0) | st.just(1.0),
    flips=st.lists(st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(1, 255)), max_size=8),
)
def test_a_damaged_file_is_read_or_has_a_reason(name: str, keep: float, flips: list[tuple[float, int]]) -> None:
    data = bytearray((OFFICE / name).read_bytes())
    for place, bits in flips:
        data[int(place * len(data))] ^= bits
    try:
        document = parse_office(name, bytes(data[: int(keep * len(data))]))
    except (Unreadable, Empty) as error:
        assert str(error)
        return
    assert all(block.span.of(document.text).strip() for block in document.blocks)
