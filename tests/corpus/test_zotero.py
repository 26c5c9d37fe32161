"""What Zotero, or an export of it, says of the files is theirs: title, authors, year, citation key."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import FILES

from qa.build import build
from qa.config import Config
from qa.corpus import exports, zotero
from qa.corpus.records import FileRecord
from qa.corpus.works import Work, app_address
from qa.engine import Engine
from qa.ui.answers.bibtex import bibtex
from qa.ui.answers.csl import csl_json

if TYPE_CHECKING:
    from conftest import TinyEncoder

# The part of the schema of Zotero 7 that is read.
SCHEMA = """
CREATE TABLE itemTypes (itemTypeID INTEGER PRIMARY KEY, typeName TEXT);
CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT, libraryID INT, key TEXT);
CREATE TABLE itemAttachments (itemID INTEGER PRIMARY KEY, parentItemID INT, linkMode INT, contentType TEXT, path TEXT);
CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT);
CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value);
CREATE TABLE itemData (itemID INT, fieldID INT, valueID INT);
CREATE TABLE creatorTypes (creatorTypeID INTEGER PRIMARY KEY, creatorType TEXT);
CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT, fieldMode INT);
CREATE TABLE itemCreators (itemID INT, creatorID INT, creatorTypeID INT, orderIndex INT);
CREATE TABLE tags (tagID INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE itemTags (itemID INT, tagID INT, type INT);
CREATE TABLE groups (groupID INTEGER PRIMARY KEY, libraryID INT);
CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY);
INSERT INTO itemTypes VALUES (1, 'journalArticle'), (2, 'attachment');
INSERT INTO items VALUES (1, 1, 1, 'PARENT01'), (2, 2, 1, 'ABCD1234');
INSERT INTO itemAttachments VALUES (2, 1, 1, 'application/pdf', 'storage:hives.pdf');
INSERT INTO creatorTypes VALUES (1, 'author'), (2, 'editor'), (3, 'contributor');
INSERT INTO creators VALUES (1, 'Ada', 'Lovelace', 0), (2, '', 'Institute of Bees & Hives', 1), (3, 'No', 'Body', 0);
INSERT INTO itemCreators VALUES (1, 2, 1, 1), (1, 1, 1, 0), (1, 3, 3, 2);
INSERT INTO tags VALUES (1, 'apiary');
INSERT INTO itemTags VALUES (1, 1, 0);
"""
VALUES = {
    "title": "Notes on the keeping of hives", "publicationTitle": "Journal of Apiculture", "volume": "12", "issue": "3",
    "date": "2021-05-00 May 2021", "pages": "45–67", "DOI": "10.1000/hives",
    "extra": "PMID: 1\nCitation Key: ada2021hives",
}  # fmt: skip


def store(home: Path, values: dict[str, str] = VALUES, more: str = "") -> None:
    """Write Zotero's database."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "zotero.sqlite").unlink(missing_ok=True)
    with closing(sqlite3.connect(home / "zotero.sqlite")) as database:
        database.executescript(SCHEMA + more)
        for number, (field, value) in enumerate(values.items()):
            database.execute("INSERT INTO fields VALUES (?, ?)", (number, field))
            database.execute("INSERT INTO itemDataValues VALUES (?, ?)", (number, value))
            database.execute("INSERT INTO itemData VALUES (1, ?, ?)", (number, number))
        database.commit()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Zotero's folder, with one PDF."""
    home = tmp_path / "Zotero"
    store(home)
    (home / "storage" / "ABCD1234").mkdir(parents=True)
    shutil.copy(FILES / "pdf" / "hives.pdf", home / "storage" / "ABCD1234")
    return home


def config_of(home: Path) -> Config:
    return Config(corpus=home / "storage", index=home.parent / "index", reader="off")


def asked(config: Config, tiny: TinyEncoder, question: str = "hives") -> Any:
    with Engine.open(config, tiny) as engine:
        return engine.ask(question).citations[0]


def test_a_pdf_has_the_properties_that_zotero_has(home: Path, tiny: TinyEncoder) -> None:
    before = os.stat(home / "zotero.sqlite")
    build(config_of(home), tiny)
    cited = asked(config_of(home), tiny)
    assert cited.title == VALUES["title"]
    assert cited.author == "Lovelace, Ada; Institute of Bees & Hives" and cited.date == "2021-05"
    assert cited.url == "https://doi.org/10.1000/hives"
    page = "" if cited.page is None else f"?page={cited.page}"
    assert cited.app == f"zotero://open-pdf/library/items/ABCD1234{page}"
    with Engine.open(config_of(home), tiny) as engine:
        for question in ("hives author:lovelace", "hives after:2020", "hives kind:pdf since:2021-05", '"apiary"'):
            assert engine.search(question).hits, question
        data = engine.ask("hives").as_json()["citations"][0]
    assert data["csl"]["id"] == "ada2021hives" and data["csl"]["container-title"] == "Journal of Apiculture"
    after = os.stat(home / "zotero.sqlite")
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    assert sorted(os.listdir(home)) == ["storage", "zotero.sqlite"]


def test_it_is_copied_as_bibtex_and_csl_json(home: Path, tiny: TinyEncoder) -> None:
    build(config_of(home), tiny)
    cited = replace(asked(config_of(home), tiny), page=3)
    assert bibtex(cited) == "\n".join(
        [
            "@article{ada2021hives,",
            "  title = {{Notes on the keeping of hives}},",
            r"  author = {Lovelace, Ada and {Institute of Bees \& Hives}},",
            "  year = {2021},",
            "  month = may,",
            "  journal = {Journal of Apiculture},",
            "  volume = {12},",
            "  number = {3},",
            "  pages = {45–67},",
            "  doi = {10.1000/hives},",
            "  note = {p. 3},",
            "  file = {ABCD1234/hives.pdf}",
            "}",
        ]
    )
    (item,) = json.loads(csl_json(cited))
    assert item["author"] == [{"family": "Lovelace", "given": "Ada"}, {"literal": "Institute of Bees & Hives"}]
    assert (
        item["issued"] == {"date-parts": [[2021, 5]]} and item["locator"] == "3" and item["type"] == "article-journal"
    )
    plain = replace(cited, csl="", url=None, page=None, author="Ada Lovelace")
    assert json.loads(csl_json(plain))[0] == {
        "id": "lovelace2021notes", "type": "document", "title": VALUES["title"],
        "author": [{"family": "Lovelace", "given": "Ada"}], "issued": {"date-parts": [[2021, 5]]},
    }  # fmt: skip


def test_what_changes_in_zotero_changes_the_article_and_nothing_else_does(home: Path, tiny: TinyEncoder) -> None:
    config = config_of(home)
    assert build(config, tiny).added == ("ABCD1234/hives.pdf",)
    assert build(config, tiny).generation == "000001"
    store(home, {**VALUES, "volume": "13"})
    tiny.encoded.clear()
    report = build(config, tiny)
    assert report.changed == ("ABCD1234/hives.pdf",) and tiny.encoded == []
    assert json.loads(asked(config, tiny).csl)["volume"] == "13"
    (home / "zotero.sqlite").unlink()
    assert build(config, tiny).changed == ("ABCD1234/hives.pdf",)
    assert asked(config, tiny).csl == "" and asked(config, tiny).title != VALUES["title"]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(2_000)])
def test_a_database_that_cannot_be_read_is_as_good_as_none(
    home: Path, tiny: TinyEncoder, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "zotero.sqlite").write_bytes(content)
    assert build(config_of(home), tiny).documents == 1
    assert "cannot be read as Zotero's database" in caplog.text


def test_the_database_is_read_in_a_sandbox_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may have made it, and SQLite reads it in C."""

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("it is opened in this process")

    store(home)
    monkeypatch.setattr(sqlite3, "connect", opened)
    (work,) = zotero.works_in(home / "zotero.sqlite").values()
    assert work.csl["title"] == VALUES["title"]


def test_files_in_the_bin_in_groups_and_elsewhere(home: Path) -> None:
    linked = home.parent / "elsewhere.pdf"
    more = f"""INSERT INTO items VALUES (3, 1, 7, 'PARENT03'), (4, 2, 7, 'GROUP001'), (5, 1, 1, 'PARENT05'),
            (6, 2, 1, 'BINNED01');
        INSERT INTO itemAttachments VALUES (4, 3, 2, '', '{linked}'), (6, 5, 1, '', 'storage:x.pdf'),
            (7, 5, 1, '', 'storage:../../x.pdf');
        INSERT INTO groups VALUES (99, 7); INSERT INTO deletedItems VALUES (5);"""
    store(home, VALUES, more)
    found = zotero.works_in(home / "zotero.sqlite")
    assert {place.name: work.app for place, work in found.items()} == {
        "hives.pdf": "zotero://open-pdf/library/items/ABCD1234",
        "elsewhere.pdf": "zotero://open-pdf/groups/99/items/GROUP001",
    }


def test_a_record_without_a_work_is_stored_as_before() -> None:
    record = FileRecord("a.md", 1, 2)
    assert "work" not in record.as_json()
    marked = replace(record, work="x")
    assert FileRecord.from_json(marked.as_json()) == marked


# --- exports ----------------------------------------------------------------------------------------------------------

BIB = r"""
@comment{ignored}
@article{ada2021hives,
  title = {Notes on the {Keeping} of Hives},
  author = {Lovelace, Ada and {Institute of Bees \& Hives} and Charles Babbage},
  journal = "Journal of {Api}culture", year = 2021, month = may, pages = {45--67},
  keywords = {apiary, bees},
  file = {Full Text PDF:files/12/hives.pdf:application/pdf;Snapshot:files/13/x\;y.html:text/html},
}
@book{hives, title = {Another}, author = {Na{\"\i}ve, M{\"u}ller}, date = {2019-04-01}
"""


def test_an_export_in_bibtex_names_its_files(tmp_path: Path, tiny: TinyEncoder) -> None:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off")
    for folder in ("files/12", "files/13", "deep"):
        (config.corpus / folder).mkdir(parents=True)
        shutil.copy(FILES / "pdf" / "hives.pdf", config.corpus / folder)
    (config.corpus / "library.bib").write_text(BIB, "utf-8")
    places = [*config.corpus.rglob("*.pdf")]
    found = exports.works_in(config.corpus / "library.bib", places)
    first = found[config.corpus / "files/12/hives.pdf"]
    assert first.csl == {
        "id": "ada2021hives", "type": "article-journal", "title": "Notes on the Keeping of Hives",
        "author": [{"family": "Lovelace", "given": "Ada"}, {"literal": "Institute of Bees & Hives"},
                   {"family": "Babbage", "given": "Charles"}],
        "container-title": "Journal of Apiculture", "issued": {"date-parts": [[2021, 5]]}, "page": "45–67",
    }  # fmt: skip
    assert first.tags == ("apiary", "bees") and first.date == "2021-05"
    other = found[config.corpus / "deep/hives.pdf"]  # by its name, which is the citation key
    assert other.csl["author"] == [{"family": "Naive", "given": "Muller"}] and other.date == "2019-04-01"
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        cited = engine.ask("hives in:files/12 kind:pdf").citations[0]
    assert cited.title == "Notes on the Keeping of Hives" and cited.app == ""


def test_an_export_in_csl_json_is_matched_by_the_citation_key(tmp_path: Path) -> None:
    item = {"id": "http://x/1", "citation-key": "Ada2021", "type": "book", "title": "On hives", "issued": {}}
    export, file = tmp_path / "library.json", tmp_path / "deep" / "ada2021.pdf"
    export.write_text(json.dumps([item]))
    assert exports.works_in(export, [file])[file].csl["id"] == "Ada2021"
    for other in (
        '[{"id": 1}]',
        "{}",
        '[{"id": "a", "type": "x", "title": 1, "author": ["b"]}]',
        "[" * 99_999,
        '[{"a":',
    ):
        export.write_text(other)
        assert exports.works_in(export, [file]) == {}


@pytest.mark.parametrize(
    "text", ["@article{", "@article{a,", '@article{a, b = "', "@a{b, c = {{{", "@a{b, c = }", "@a{b, = {x}}"]
)
def test_a_broken_entry_ends_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.bib").write_text(text + "\n@book{hives, title = {On hives}}")
    exports.works_in(tmp_path / "a.bib", [tmp_path / "hives.pdf"])


# --- what is hostile --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        "UPDATE creators SET firstName = x'00ff', lastName = x'00ff';",
        "UPDATE creators SET lastName = NULL;",
        "UPDATE creatorTypes SET creatorType = 'title';",
        "UPDATE creatorTypes SET creatorType = x'00ff';",
        "UPDATE itemTypes SET typeName = x'00ff';",
        "UPDATE tags SET name = x'00ff';",
        "DROP TABLE groups; CREATE TABLE groups (groupID, libraryID); INSERT INTO groups VALUES ('1/../x', 1);",
    ],
)
def test_an_odd_database_stops_no_build(home: Path, more: str) -> None:
    store(home, more=more)
    (work,) = zotero.works_in(home / "zotero.sqlite").values()
    assert work.digest and isinstance(work.people, list)
    assert app_address({}, "hives.pdf", {"app": work.app}) in ("", "zotero://open-pdf/library/items/ABCD1234")


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        ([[2021, 5, 3]], "2021-05-03"),
        ([["2021", "05"]], "2021-05"),
        ([[2021, 13, 1]], "2021"),
        ([[2021, 0]], "2021"),
        ([["²", 5]], ""),
        ([[10**40]], ""),
        ([2021], ""),
        (2021, ""),
        ({"a": 1}, ""),
        ([None], ""),
        ([[[[]]]], ""),
    ],
)
def test_a_date_of_an_export_is_one_or_none(parts: Any, date: str) -> None:
    assert Work({"issued": {"date-parts": parts}}).date == date


def test_a_file_cannot_say_by_which_program_it_opens_or_how_it_is_cited(tmp_path: Path, tiny: TinyEncoder) -> None:
    """Only a reference manager's data may: an address could run something in the program that it opens."""
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off")
    config.corpus.mkdir()
    apps = ("obsidian://adv-uri?eval=1", "javascript:alert(1)", "zotero://open-pdf/library/items/A")
    for number, app in enumerate(apps):
        head = f"---\ntitle: Bees {number}\napp: {app}\ncsl: not JSON\n---\n\n"
        text = f"{head}The queen lays {number} thousand eggs a day.\n"
        (config.corpus / f"{number}.md").write_text(text, "utf-8")
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        answer = engine.ask("How many eggs does the queen lay?")
        assert [(each.app, each.csl) for each in answer.citations] == [("", "")] * 3
        assert answer.as_json() and "Bees" in bibtex(answer.citations[0]) and "Bees" in csl_json(answer.citations[0])


@pytest.mark.parametrize(
    "app",
    [
        "javascript:alert(1)",
        "obsidian://adv-uri?eval=1",
        "zotero://select/items/1",
        "zotero://open-pdf/library/items/a b",
    ],
)
def test_an_address_in_an_index_is_opened_only_if_it_is_zoteros(app: str) -> None:
    assert app_address({}, "a.pdf", {"app": app}) == ""
