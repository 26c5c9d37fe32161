"""A vault of Obsidian: its links, names and tags are understood, and its notes open there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpora import write
from starlette.testclient import TestClient

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.formats.markdown import parse_markdown
from qa.text.document import Span
from qa.text.wiki_links import inline_tags
from qa.ui.rendering.article import part_html, plain_words
from qa.ui.sources.articles import Articles

if TYPE_CHECKING:
    from conftest import TinyEncoder

BEES = """---
aliases: [Apis mellifera, Honey makers]
tags: [insects]
---
# Bees

Bees live in [[Hives|wooden hives]] and fear [[deep/Wasps]]. #garden/summer

![[hive.png]] See [[Hives#Cleaning]] or [[Nowhere]].
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with three notes and a picture, two folders deep."""
    root = tmp_path / "My Notes"
    picture = b"\x89PNG\r\n\x1a\n"
    notes: dict[str, str | bytes] = {
        "Bees.md": BEES, "Hives.md": "# Hives\n\nHives are made of wood.\n", "deep/Wasps.md": "Wasps sting.\n",
        "files/hive.png": picture,
    }  # fmt: skip
    write(root, notes)
    (root / ".obsidian").mkdir()
    return root


def config_of(root: Path, *corpus: Path) -> Config:
    return replace(Config.from_env({}, corpus, root / "index"), reader="off")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Plums #jam, and #fruit/stone (#autumn)", ["jam", "fruit/stone", "autumn"]),
        ("#2024 #1a2b3c #fff1 # heading `#code` a#b https://x.org/#part [[#Part]]", ["fff1"]),
        ("#y2024 #jam #jam #für", ["y2024", "jam", "für"]),
    ],
)
def test_tags_in_the_text(text: str, tags: list[str]) -> None:
    assert inline_tags([text]) == tags


def test_a_note_is_found_by_its_other_names_and_its_tags(vault: Path, tmp_path: Path, tiny: TinyEncoder) -> None:
    config = config_of(tmp_path, vault)
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        assert engine.search('"apis mellifera"').hits[0].passage.document == "Bees.md"
        assert engine.search('"garden summer"').hits[0].passage.document == "Bees.md"
        tagged = engine.ask("Which articles are tagged garden/summer?")
        assert tagged.lead is not None and [each.document for each in tagged.citations] == ["Bees.md"]
        document = engine.document("Bees.md")
        assert document is not None and document.text == BEES  # what is cited stays literal


def test_headings_are_read_without_the_marks_of_links() -> None:
    document = parse_markdown("a.md", "# The [[Hives|wooden]] house\n\n## [[Bees]]\n\nText.\n")
    assert document.title == "The wooden house" and document.sections[-1].path == ("Bees",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("In [[Hives|wooden hives]] here", "In wooden hives here"),
        ("[[Hives]], [[Hives#Top]] and [[#Top]]", "Hives, Hives and #Top"),
        ("![[hive.png]] ![[Hives]]", "hive.png Hives"),
        ("[[1]](https://x.org) and `[[code]]`", "[1] and [[code]]"),
        ("if [[ -f x ]]; a[[0]|b", "if [[ -f x ]]; a[[0]|b"),
        ("[[a]]\n\n[a]: https://x.org", "[a]"),
    ],
)
def test_links_to_notes_are_shown_as_their_words(text: str, shown: str) -> None:
    assert plain_words(text, "a.md") == shown


def test_the_words_of_a_link_are_marked_where_it_is_cited() -> None:
    text = "In [[Hives|wooden hives]] here"
    html = part_html("a.md", text, Span(0, len(text)), [Span(text.index("wooden"), text.index("]]"))])
    assert '<mark class="qa-cited">wooden hives</mark>' in html


def test_links_open_notes_and_embedded_pictures_are_shown(vault: Path, tmp_path: Path, tiny: TinyEncoder) -> None:
    config = config_of(tmp_path, vault)
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        articles = Articles(engine, lambda _: True)
        html = TestClient(articles).get("/articles/text", params={"path": "Bees.md"}).json()["html"]
        articles.close()
    links = dict(re.findall(r'<a href="(#/article/[^"]*)"[^>]*>(?:<mark[^>]*>)?([^<]*)', html))
    assert links == {"#/article/Hives.md": "Hives", "#/article/deep/Wasps.md": "deep/Wasps"}
    assert html.count('href="#/article/Hives.md"') == 2
    assert 'src="articles/image?path=files%2Fhive.png"' in html
    assert "<a>Nowhere</a>" in html
    assert 'href="obsidian://open?vault=My%20Notes&amp;file=Bees.md"' in html and "Open in Obsidian" in html


def test_citations_open_the_note_in_obsidian_wherever_the_vault_is(
    vault: Path, tmp_path: Path, tiny: TinyEncoder
) -> None:
    write(tmp_path / "other", {"Plums.md": "Plums are blue.\n"})

    def app(config: Config, question: str) -> str | None:
        build(config, tiny, confirmed=True)
        with Engine.open(config, tiny) as engine:
            found: str | None = engine.ask(question).as_json()["citations"][0]["app"]
            return found

    wasps = "obsidian://open?vault=My%20Notes&file=deep%2FWasps.md"
    assert app(config_of(tmp_path, vault), "What sting?") == wasps
    assert app(config_of(tmp_path, vault / "deep"), "What sting?") == wasps  # a folder of the vault
    several = config_of(tmp_path, vault, tmp_path / "other")
    assert app(several, "What sting?") == wasps
    assert app(several, "What are blue plums?") is None
    inside = config_of(tmp_path, tmp_path)
    assert app(inside, "What sting?") == wasps
    (vault / ".obsidian").rmdir()
    assert app(inside, "What sting?") is None
