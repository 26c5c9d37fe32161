"""Files by their extensions, and files of several articles all the way from the folder to a citation."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from corpora import article, is_whole, prose, write

from qa.build import BuildReport, build
from qa.config import Config
from qa.engine import Engine
from qa.formats import ReadingSettings, extensions, parse, supported
from qa.formats.kinds import FORMATS, SOURCE
from qa.formats.outline import Outline
from qa.formats.registry import PARSERS
from qa.sandbox.pool import SandboxPool
from qa.text.document import Span, title_from_path
from qa.text.passage import MAX_HEADING_CHARACTERS

if TYPE_CHECKING:
    from conftest import TinyEncoder


def lines(*records: dict[str, str]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def packed(**entries: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return out.getvalue()


NEWS = [
    {"title": "Harbours", "text": prose("anchor"), "url": "https://example.org/harbours"},
    {"title": "Nothing"},
    {"title": "Kitchens", "text": prose("dough")},
]
SAVED = {"notes/garden.md": article("Gardens", "gravel"), "more.jsonl": lines({"text": prose("ember")}), "a.mp4": "x"}


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    """A file of records and an archive next to a plain article, built."""
    write(config.corpus, {"news.jsonl": lines(*NEWS), "saved.zip": packed(**SAVED), "hedge.txt": prose("hedge")})
    build(config, tiny)
    return config


def cited(config: Config, encoder: TinyEncoder, word: str) -> list[str]:
    """The documents of the citations that contain the word."""
    answer = Engine.open(replace(config, threshold=0.0), encoder).ask(f"What does the {word} report say?")
    return [citation.document for citation in answer.citations if word in citation.text]


def test_every_kind_of_file_has_a_parser_and_every_parser_a_kind() -> None:
    assert {form.parser for form in (*FORMATS, SOURCE)} == PARSERS.keys()


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".zip"])
def test_files_of_several_articles_are_supported(ending: str) -> None:
    assert ending in extensions()
    assert supported(f"News{ending.upper()}")


def test_the_configured_fields_also_apply_in_an_archive() -> None:
    data = packed(**{"news.jsonl": lines({"story": "Words."})})
    contents = parse("saved.zip", data, ReadingSettings({"text": "story"}))
    assert [(document.path, document.text) for document in contents.documents] == [("saved.zip/news.jsonl#1", "Words.")]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("reports/q3_summary.txt", "q3 summary"),
        ("news.jsonl#3", "news 3"),
        ("saved.zip/v1.2-news.csv#14", "v1.2 news 14"),
        ("issue #3.md", "issue #3"),
        ("saved.zip/bees.html", "bees"),
        ("e.zip/Team 0f1e2d3c4b5a69788796a5b4c3d2e1f0/Suppliers 0f1e2d3c4b5a69788796a5b4c3d2e1f0.csv", "Suppliers"),
        ("e.zip/Suppliers 0f1e2d3c4b5a69788796a5b4c3d2e1f0.csv#2", "Suppliers 2"),
        ("0f1e2d3c4b5a69788796a5b4c3d2e1f0.md", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        ("Suppliers 0f1e2d3c4b5a69788796a5b4c3d2e1f.csv", "Suppliers 0f1e2d3c4b5a69788796a5b4c3d2e1f"),
    ],
)
def test_a_title_is_made_of_the_path(path: str, title: str) -> None:
    assert title_from_path(path) == title


# --- from the folder to the citation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "document"),
    [
        ("anchor", "news.jsonl#1"),
        ("dough", "news.jsonl#3"),
        ("gravel", "saved.zip/notes/garden.md"),
        ("ember", "saved.zip/more.jsonl#1"),
        ("hedge", "hedge.txt"),
    ],
)
def test_every_article_is_cited_by_its_own_path(built: Config, tiny: TinyEncoder, word: str, document: str) -> None:
    assert cited(built, tiny, word) == [document]


def test_a_citation_knows_the_title_and_the_address_of_its_record(built: Config, tiny: TinyEncoder) -> None:
    answer = Engine.open(replace(built, threshold=0.0), tiny).ask("What does the anchor report say?")
    assert (answer.citations[0].title, answer.citations[0].url) == ("Harbours", "https://example.org/harbours")
    assert NEWS[0]["text"][answer.citations[0].span.start : answer.citations[0].span.end] == answer.citations[0].text


def test_the_status_counts_files_and_articles_and_names_what_is_missing(built: Config, tiny: TinyEncoder) -> None:
    assert is_whole(built.index)
    records = {file.record.path: file.record for file in Engine.open(built, tiny).status().files}
    assert {path: record.documents for path, record in records.items()} == {
        "hedge.txt": 1, "news.jsonl": 2, "saved.zip": 2
    }  # fmt: skip
    assert records["news.jsonl"].reason == "1 record contains no text"
    assert records["saved.zip"].reason == "1 .mp4 file is not read"
    assert {record.status for record in records.values()} == {"indexed"}


def test_an_article_removed_from_its_file_is_no_longer_cited(built: Config, tiny: TinyEncoder) -> None:
    smaller = {name: text for name, text in SAVED.items() if not name.startswith("notes/")}
    write(built.corpus, {"news.jsonl": lines(NEWS[0]), "saved.zip": packed(**smaller)})
    tiny.encoded.clear()
    report = build(built, tiny)
    assert report.changed == ("news.jsonl", "saved.zip")
    assert (report.documents, tiny.encoded) == (3, [])
    assert cited(built, tiny, "dough") == cited(built, tiny, "gravel") == []
    assert cited(built, tiny, "anchor") == ["news.jsonl#1"]


def test_other_fields_are_read_at_the_next_build(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"news.jsonl": lines({"story": prose("anchor"), "head": "Harbours"})})

    def report(**names: str) -> BuildReport:
        chosen = replace(config, fields=tuple(names.items()))
        with SandboxPool(1, reading=ReadingSettings(names)) as pool:
            return build(chosen, tiny, parse_file=pool.parse_file)

    assert report().documents == 1
    (document,) = parse("news.jsonl", (config.corpus / "news.jsonl").read_bytes()).documents
    assert document.text.startswith("story: ")
    assert report(text="story").documents == 1
    assert cited(config, tiny, "anchor") == ["news.jsonl#1"]
    assert report(text="story").generation == report(text="story").generation
    assert report(text="head").documents == 1


def test_source_code_is_read_from_the_next_build_on_if_it_is_wanted(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": f"# A\n\n{prose('anchor')}\n", "src/b.py": f"# {prose('beacon')}\nx = 1\n"})

    def report(*text_files: str) -> BuildReport:
        chosen = replace(config, text_files=text_files)
        with SandboxPool(1, reading=ReadingSettings(text_files=text_files)) as pool:
            return build(chosen, tiny, parse_file=pool.parse_file)

    assert report().documents == 1
    assert [file.record.reason for file in Engine.open(config, tiny).status().files] == ["", ".py files are not read"]
    assert report(".py").documents == 2
    assert cited(config, tiny, "beacon") == ["src/b.py"]
    wanted = Engine.open(replace(config, text_files=(".py",)), tiny).status()
    assert [(file.record.reason, file.pending) for file in wanted.files] == [("", ""), ("", "")]
    assert report(".py").generation == report(".py").generation
    assert report().documents == 1
    assert cited(config, tiny, "beacon") == []


def test_a_build_without_a_sandbox_reads_the_same_files(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"b.SQL": f"-- {prose('beacon')}\n"})
    assert build(config, tiny).documents == 0
    assert build(replace(config, text_files=(".sql",)), tiny).documents == 1


def test_a_path_of_headings_that_nobody_writes_keeps_its_innermost_ones() -> None:
    names = [str(number) * 900 for number in range(1, 8)]
    text = "\n".join([*names, "The end."])
    outline, start = Outline(text), 0
    for level, name in enumerate(names, 2):
        outline.heading(level, name, Span(start, start + len(name)))
        start += len(name) + 1
    outline.block("paragraph", Span(start, len(text)))
    sections = outline.document("deep.pdf", "Deep").sections
    assert [section.path for section in sections[1:4]] == [tuple(names[:1]), tuple(names[:2]), tuple(names[:3])]
    assert sections[-1].path == tuple(names[-4:])
    assert all(sum(map(len, section.path)) <= MAX_HEADING_CHARACTERS for section in sections)
