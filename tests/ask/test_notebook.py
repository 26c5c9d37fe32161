"""What a notebook shows of an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from conftest import TinyReader
from rankings import FACTS, answer_of, passage, ranking_of, read_by

from qa.ask.answer import Answer
from qa.ask.rows import TableRow
from qa.text.document import Span

TEXT = "The sky is grey. Bees sleep at night in the hive. Nobody knows why."
HOSTILE = 'Bees sleep at night in <script>alert("hive")</script> \u202e& <img src=x onerror=alert(1)>.'


def answered(text: str = TEXT, **changes: object) -> Answer:
    return replace(answer_of(ranking_of([passage(text), passage("Boats are heavy.")])), **changes)  # type: ignore[arg-type]


class Page(HTMLParser):
    """The elements of a page, each with its attributes, and what it marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.marked: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.open and self.open[-1] == "mark":
            self.marked.append(data)


def test_it_shows_the_quotation_with_its_highlight_how_certain_it_is_and_the_citations() -> None:
    page = Page(answered()._repr_html_())
    assert page.marked[0] == "Bees sleep at night in the hive."  # the sentence, between its neighbours
    for words in (TEXT, "likely", " %)", "Bees [1]", "[2] Bees", "a.md, page 3", "characters 100–"):
        assert words in page.words
    answer = answered()
    first, second = (answer.link(citation) for citation in answer.citations)
    links = [facts["href"] for tag, facts in page.elements if tag == "a"]
    assert links == [answer.lead_link, first, "https://example.org", second, "https://example.org"]


def test_the_short_answer_is_marked_alone() -> None:
    ranking = read_by(TinyReader(night=9.0), ranking_of([passage(TEXT)], "When do bees sleep?"))
    answer = answer_of(ranking, reader=TinyReader(night=9.0))
    assert answer.lead is not None and answer.lead.short is not None
    assert Page(answer._repr_html_()).marked[0] == answer.lead.pieces()[1] == "night"


def test_everything_is_escaped() -> None:
    facts = replace(
        FACTS, titles={"a.md": "<b>Bees</b>"}, urls={"a.md": "javascript:alert(1)"}, contexts={"a.md": "bees"}
    )
    answer = answer_of(ranking_of([passage(HOSTILE, section=("<i>Hive</i>",))]), facts=facts)
    shown = answer._repr_html_()
    page = Page(shown)
    allowed = {"a", "div", "blockquote", "mark", "p", "b", "bdi", "details", "summary", "span", "br"}
    assert {tag for tag, _ in page.elements} <= allowed
    assert sum(tag == "b" for tag, _ in page.elements) == 0
    assert '<script>alert("hive")</script>' in page.words and "<b>Bees</b>" in page.words
    assert "\u202e" not in shown
    assert {name for _, facts in page.elements for name in facts} <= {"class", "style", "dir", "href", "target", "rel"}
    assert {facts["href"] for tag, facts in page.elements if tag == "a"} == {
        answer.lead_link, answer.link(answer.citations[0]),
    }  # fmt: skip


def test_a_refusal_looks_like_one_and_shows_the_nearest_passages() -> None:
    answer = answer_of(ranking_of([passage("Boats are heavy.")]), threshold=1.0)
    page = Page(answer._repr_html_())
    assert page.words.startswith("Your articles do not seem to contain the answer")
    assert "blockquote" not in {tag for tag, _ in page.elements}
    assert "Boats are heavy." in page.words


def test_a_row_is_a_table_with_the_cell_that_answers_marked() -> None:
    answer = answered()
    assert answer.lead is not None
    row = TableRow(("Bee", "Sleeps <at>"), ("Ada", "night"), (Span(0, 3), Span(4, 9)), asked=1)
    page = Page(replace(answer, lead=replace(answer.lead, row=row))._repr_html_())
    assert page.marked[0] == "night"
    assert [tag for tag, _ in page.elements if tag in ("table", "th", "td")] == ["table", "th", "th", "td", "td"]
    assert "Sleeps <at>" in page.words


def test_it_is_readable_on_a_light_and_on_a_dark_page() -> None:
    # A colour of its own is only right together with a background of its own.
    for style in re.findall(r'style="([^"]*)"', answered()._repr_html_()):
        names = {rule.partition(":")[0] for rule in style.split(";")}
        assert ("color" in names) == ("background" in names)
