"""Quotations to be pasted elsewhere: read back by pandoc, which knows Markdown and BibTeX, they say what was quoted."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.ask.answer import Answer, Citation, Lead
from qa.ask.links import article_link
from qa.ask.rows import TableRow
from qa.formats.office.pandoc import _program
from qa.text.document import Span
from qa.ui.answers.bibtex import bibtex
from qa.ui.answers.copies import (
    answer_as_markdown,
    answer_as_text,
    answer_link,
    passage_as_text,
    source_words,
)
from qa.ui.answers.messages import as_message, quotation_in

TEXT = "Bees sleep at night. They dance by day."


def citation(text: str = TEXT, **changes: object) -> Citation:
    made = Citation(
        rank=1, score=0.9, document="notes/bees.txt", title="On bees", section="Days > Night", page=None, url=None,
        span=Span(100, 100 + len(text)), text=text, highlights=(), changed=False,
        author="Ada Lovelace", date="2024-05-17",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def answer(cited: Citation, **changes: object) -> Answer:
    """An answer that quotes the whole passage."""
    lead = replace(Lead(cited.text, 1, cited.span, Span(100, 120)), **changes)  # type: ignore[arg-type]
    return Answer("When do bees sleep?", "", True, 0.9, lead, (cited,), "000001", {})


def read(text: str, form: str, to: str) -> str:
    """A text in one format as pandoc writes it in another."""
    command = [str(_program()), f"--from={form}", f"--to={to}", "--wrap=none"]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=True).stdout


def test_a_text_has_the_quotation_its_source_and_its_link() -> None:
    assert answer_as_text(answer(citation(page=3, url="https://example.org/bees"))).split("\n") == [
        "“Bees sleep at night. They dance by day.”",
        "— On bees › Days › Night (notes/bees.txt, page 3), Ada Lovelace, 2024-05-17",
        "https://example.org/bees",
        "#/article/notes/bees.txt?at=100-120",
    ]
    assert passage_as_text(citation()).endswith("\n#/article/notes/bees.txt?at=100-139")


def test_what_is_not_known_leaves_no_trace() -> None:
    bare = citation(section="", author="", date="")
    assert source_words(bare) == "On bees (notes/bees.txt)"
    assert ", ," not in answer_as_markdown(answer(bare)) and "None" not in answer_as_text(answer(bare))


def test_a_link_leads_to_the_short_answer_if_there_is_one() -> None:
    assert answer_link(answer(citation())) == "#/article/notes/bees.txt?at=100-120"
    assert answer_link(answer(citation(), short=Span(111, 119))) == "#/article/notes/bees.txt?at=111-119"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("news.jsonl#3", "news.jsonl%233"),
        ("a b/what?.md", "a%20b/what%3F.md"),
        ("100 %.txt", "100%20%25.txt"),
        ("größe.md", "gr%C3%B6%C3%9Fe.md"),
    ],
)
def test_a_path_in_a_link_is_encoded(path: str, written: str) -> None:
    assert article_link(path, Span(1, 2)) == f"#/article/{written}?at=1-2"


def test_the_markup_of_an_article_is_kept_as_markdown_and_left_out_of_text() -> None:
    cited = citation("Bees **sleep** at `night`.", document="bees.md")
    assert answer_as_text(answer(cited)).startswith("“Bees sleep at night.”\n")
    assert answer_as_markdown(answer(cited)).startswith("> Bees **sleep** at `night`.\n\n— [On bees › Days › Night](#/")


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 and snake_case_name [1] <b>x</b> # no heading",
        "1. no list\n- no item\n+ no other\n=====\nno heading",
        "def sleep():\n    return 'night' # ```\n",
        "| no | table |\n| - | - |",
        "> no quotation",
    ],
)
def test_text_that_is_no_markdown_is_shown_as_it_is(text: str) -> None:
    quoted = json.loads(read(answer_as_markdown(answer(citation(text))), "commonmark", "json"))["blocks"][0]
    assert quoted["t"] == "BlockQuote" and [block["t"] for block in quoted["c"]] in (["Para"], ["CodeBlock"])
    shown = read(answer_as_markdown(answer(citation(text))), "commonmark", "plain")
    assert shown.startswith("".join(f"  {line}".rstrip() + "\n" for line in text.strip("\n").split("\n"))) or (
        quoted["c"][0]["t"] == "CodeBlock" and quoted["c"][0]["c"][1] == text
    )


def test_the_title_links_to_the_words_and_nothing_in_it_is_markup() -> None:
    cited = citation(title="A [b](c) *d*", document="a (1)/b_c_.txt", url="https://example.org/a>b")
    html = read(answer_as_markdown(answer(cited)), "commonmark", "html")
    assert '<a href="#/article/a%20%281%29/b_c_.txt?at=100-120">A [b](c) *d* › Days › Night</a> (a (1)' in html
    assert '<a href="https://example.org/a%3Eb">' in html and "<em>" not in html


@pytest.mark.parametrize("document", ["bees.md", "bees.txt"])
def test_a_message_for_another_chat_loads_nothing(document: str) -> None:
    text = "A ![bee](https://e.org/b.png) <img src='https://e.org/c.png'> `<b>` ![hive][1] bee."
    made = replace(answer(citation(text, document=document)), citations=(citation(text, document=document),))
    for whole in (False, True):
        html = read(as_message(made, with_passages=whole), "commonmark", "html")
        assert "<img" not in html and "https://e.org/c.png" in html
    assert "bee." in quotation_in(as_message(made)) and quotation_in(as_message(made)).startswith("A ![bee](https")


def test_a_row_is_a_table_under_its_header() -> None:
    row = TableRow(("Room", "Price"), ("*Attic* \\| top", "45 €"), (Span(0, 1),) * 2, asked=1)
    quoted = answer(citation("| *Attic* \\| top | 45 € |", document="rooms.md"), row=row)
    html = read(answer_as_markdown(quoted), "gfm", "html")
    assert re.findall("<t[hd][^>]*>(.*?)</t[hd]>", html) == ["Room", "Price", "<em>Attic</em> | top", "45 €"]
    assert answer_as_text(quoted).startswith("Room: *Attic* | top; Price: 45 €\n— ")
    plain = answer(citation("x"), row=replace(row, cells=("2*3*4|5", "45 €")))
    html = read(answer_as_markdown(plain), "gfm", "html")
    assert re.findall("<td[^>]*>(.*?)</td>", html) == ["2*3*4|5", "45 €"]


def test_a_statement_about_the_articles_is_no_quotation() -> None:
    stated = answer(citation(), text="27 articles", is_stated=True)
    assert answer_as_text(stated).startswith("27 articles\n")
    assert answer_as_markdown(stated).startswith("> 27 articles\n")


def test_a_passage_inside_a_table_has_its_header() -> None:
    copied = passage_as_text(citation("Attic | 45 €", header="Room | Price"))
    assert copied.startswith("Room | Price\n“Attic | 45 €”\n— ")


# --- BibTeX


def entry(cited: Citation) -> dict[str, object]:
    """The entry as pandoc reads it: CSL JSON."""
    (made,) = json.loads(read(bibtex(cited), "biblatex", "csljson"))
    return dict(made)


def test_an_entry_has_what_is_known() -> None:
    assert bibtex(citation(page=3)) == (
        "@misc{lovelace2024bees,\n  title = {{On bees}},\n  author = {Ada Lovelace},\n  year = {2024},\n"
        "  month = may,\n  pages = {3},\n  file = {notes/bees.txt}\n}"
    )
    assert bibtex(citation(url="https://example.org/a_b#c%20{d}")) == (
        "@online{lovelace2024bees,\n  title = {{On bees}},\n  author = {Ada Lovelace},\n  date = {2024-05-17},\n"
        "  url = {https://example.org/a_b#c%20%7Bd%7D},\n  file = {notes/bees.txt}\n}"
    )
    bare = citation(title="", author="", date="")
    assert bibtex(bare) == "@misc{beesnotesbeestxt,\n  title = {{notes/bees.txt}},\n  file = {notes/bees.txt}\n}"


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ada Lovelace", ["Lovelace"]),
        ("Lovelace, Ada", ["Lovelace"]),
        ("Ada Lovelace, Charles Babbage", ["Lovelace", "Babbage"]),
        ("Ada Lovelace and Charles Babbage", ["Lovelace", "Babbage"]),
        ("Lovelace, A., Babbage, C. M.", ["Lovelace", "Babbage"]),
        ("Lovelace, Ada; Babbage, Charles", ["Lovelace", "Babbage"]),
        ("Ada Lovelace & Charles Babbage", ["Lovelace", "Babbage"]),
        ("Ada Lovelace <ada@example.org>", ["Lovelace"]),
        ("ada@example.org", ["ada@example.org"]),
        ("University of Edinburgh", ["University of Edinburgh"]),
        ("Acme & Sons, Inc.", ["Acme & Sons, Inc."]),
        ("Department of Health and Care", ["Department of Health and Care"]),
        ("Acme, Ltd.; Ada Lovelace", ["Acme, Ltd.", "Lovelace"]),
        ("Plato", ["Plato"]),
    ],
)
def test_authors_are_told_apart(author: str, names: list[str]) -> None:
    read_back = entry(citation(author=author))["author"]
    assert isinstance(read_back, list)
    assert [each.get("family") or each.get("literal") for each in read_back] == names


@pytest.mark.parametrize("title", ["50 % of {sets} & $100 #1 a_b^c ~ \\", "}", "{", "C:\\temp", "Größe – “x”"])
def test_no_character_of_a_title_or_a_path_is_lost_or_breaks_an_entry(title: str) -> None:
    cited = citation(title=title, document=f"{title}.txt")
    shown = re.sub(r"<[^>]*>", "", str(entry(cited)["title"])).replace("\u00a0", " ")
    assert shown == re.sub("[{}]", "", title)  # pandoc does not know the commands for braces
    assert bibtex(cited).count("\\textbrace") == title.count("{") + title.count("}")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["", "2024", "2024-05", "2024-05-17"]))
def test_every_entry_is_one_entry_whose_braces_match(title: str, author: str, date: str) -> None:
    made = bibtex(citation(title=title, author=author, date=date, document=f"{title}x", url=None))
    depth = 0
    for character in made:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert re.fullmatch(r"@misc\{[a-z0-9]+,\n(  [a-z]+ = (\{.*\}|[a-z]{3}),?\n)+\}", made)
