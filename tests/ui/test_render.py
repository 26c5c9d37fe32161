"""Answers as HTML and as plain text: every character of an article stays text, and marks are where the spans are."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from qa.ask.answer import Answer, Citation, Lead, OtherValue
from qa.ask.ranking import Ranks
from qa.ask.rows import TableRow
from qa.ask.why import ReaderScores, Why
from qa.ask.words import CLOSEST, NEAREST, NOT_FOUND, UNCERTAIN, as_text, confidence_words, percent
from qa.text.document import Document, Section, Span
from qa.text.web_address import web_address
from qa.ui.answers.answer_html import CHANGED, answer_html
from qa.ui.rendering.article import PART, part_html, plain_words
from qa.ui.rendering.html import printable
from qa.ui.sources.source_html import GONE, MOVED, UNCHANGED, source_html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</mark></p></li><iframe src='javascript:alert(1)'>",
    "${alert(1)} {{alert(1)}} `alert(1)`",
    "![x](http://example.org/x.png) [x](javascript:alert(1))",
    "&lt;script&gt; &amp;amp; &#x3c;b&#x3e;",
    "<!-- <b> --> <![CDATA[ x ]]>",
    "</details><style>*{display:none}</style>",
    "\u202egnp.exe \x1b[31mred\x07 \u0000 \ud800",
]
TAGS = {
    "article",
    "aside",
    "input",
    "output",
    "pre",
    "b",
    "bdi",
    "blockquote",
    "button",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "h2",
    "li",
    "mark",
    "ol",
    "p",
    "path",
    "small",
    "span",
    "summary",
    "svg",
    "a",
    "h3",
    "ul",
}
# Without what begins an item or a row, whose signs are not shown.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\t|\\-*+•‣◦▪–"), max_size=60)


def squeezed(text: str) -> str:
    """A text without white space, which a browser shows in its own way."""
    return "".join(text.split())


class Read(HTMLParser):
    """What a browser would make of it: tags, attributes, text, and the text inside marks and one element."""

    def __init__(self, html: str, inside: str = "qa-text") -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = self.marked = self.inside = ""
        self._open: list[tuple[str, str]] = []
        self._inside = inside
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        self.tags.append((tag, known))
        if tag not in ("img", "input"):  # they have no end tags
            self._open.append((tag, known.get("class", "")))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if any(tag == "mark" for tag, _ in self._open):
            self.marked += data
        if any(self._inside in kinds.split() for _, kinds in self._open):
            self.inside += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def citation(text: str = "The cat sat. It slept.", rank: int = 1, **changes: object) -> Citation:
    start = 100
    default = Citation(
        rank=rank,
        score=0.957,
        document="notes/cat.txt",
        title="The cat",
        section="Days > Monday",
        page=None,
        url="https://example.org/cat",
        span=Span(start, start + len(text)),
        text=text,
        highlights=(Span(start, start + min(12, len(text))),),
        changed=False,
    )
    return replace(default, **changes)  # type: ignore[arg-type]


def answer(*citations: Citation, answerable: bool = True, question: str = "What did the cat do?") -> Answer:
    first = citations[0]
    span = Span(first.span.start, first.span.start + 12)
    lead = Lead(first.text[:12], 1, span, span) if answerable else None
    return Answer(question, question, answerable, 0.94 if answerable else 0.1, lead, citations, "000001", {})


@pytest.mark.parametrize("hostile", HOSTILE)
def test_carried_words_are_text_on_a_button_that_drops_them(hostile: str) -> None:
    given = replace(answer(citation()), carried=("Russia", hostile))
    page = Read(answer_html(given, 4), "qa-carried")
    buttons = [known for tag, known in page.tags if known.get("data-do") == "drop"]
    assert [(known["data-turn"], known["data-number"]) for known in buttons] == [("4", "0"), ("4", "1")]
    assert buttons[0]["aria-label"] == "Ask again without Russia"
    assert {tag for tag, _ in page.tags} <= TAGS | {"ul"}
    assert "Russia ×" in page.inside and page.inside.startswith("Read with")
    assert [known["data-turn"] for _, known in page.tags if known.get("data-do") == "alone"] == ["4"]
    assert "\nFrom the conversation: Russia, " in as_text(given)
    assert "\x1b" not in as_text(given)


def test_without_carried_words_nothing_is_shown() -> None:
    shown = answer_html(answer(citation()), 4) + as_text(answer(citation()))
    assert "carried" not in shown and "From the conversation" not in shown


def with_row(*pairs: tuple[str, str], asked: int | None = None) -> Answer:
    """An answer that quotes a row."""
    given = answer(citation(header="Room | Price"))
    names, cells = zip(*pairs, strict=True)
    assert given.lead is not None
    row = TableRow(names, cells, (Span(100, 104),) * len(names), asked)
    return replace(given, lead=replace(given.lead, row=row))


def test_a_quoted_row_is_a_table_with_its_header_and_the_asked_cell_marked() -> None:
    read = Read(
        answer_html(with_row(("Room", "Attic"), ("Price", "**45 €**"), ("Use", r"a \| b"), asked=1), 1), "qa-row"
    )
    assert [tag for tag, _ in read.tags if tag in ("thead", "tbody", "th", "td")] == (
        ["thead", "th", "th", "th", "tbody", "td", "td", "td"]
    )
    assert read.inside == "RoomPriceUseAttic45 € 1a | b"  # with the number of its source
    assert read.marked == "45 €"
    assert Read(answer_html(with_row(("Room", "Attic")), 1), "qa-header").inside == "Room | Price"


def test_a_cell_is_shown_as_its_article_means_it_and_a_header_without_its_unnamed_columns() -> None:
    row = with_row(("`flag` name", "Use `on` *only*, not <b>."), ("", "a\n\nb"))
    (cited,) = row.citations
    html = answer_html(replace(row, citations=(replace(cited, document="cat.md"),)), 1)
    assert '<th scope="col" dir="auto"><code>flag</code> name</th>' in html
    assert "Use <code>on</code> <em>only</em>, not " in html and "<b>" not in html
    assert Read(answer_html(answer(citation(header="Room | | ")), 1), "qa-header").inside == "Room"


def test_all_of_many_columns_are_shown_on_demand() -> None:
    wide = with_row(*((f"S{n}.", f"{n} hPa.") for n in range(40)), asked=17)
    assert Read(answer_html(wide, 1), "qa-row").inside == "S0.S16.S17.S18.0 hPa.16 hPa.17 hPa. 118 hPa."
    everything = Read(answer_html(wide, 1), "qa-columns").inside
    assert everything == "All 40 columns" + "".join(f"S{n}.{n} hPa." for n in range(40))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_row_becomes_markup(text: str) -> None:
    hostile = with_row(*((text, text) for _ in range(10)), ("Long", text * 20), asked=1)
    hostile = replace(hostile, others=(OtherValue(text, 1, Span(0, 1), Span(0, 1), "", hostile.lead.row),))  # type: ignore[union-attr]
    read = Read(answer_html(hostile, 1))
    assert {tag for tag, _ in read.tags} <= TAGS | {"table", "thead", "tbody", "tr", "th", "td", "ul"}
    assert not [name for _, known in read.tags for name in known if name.startswith("on") or name == "src"]
    assert "\x1b" not in as_text(hostile)


def article(text: str = "The cat sat. It slept.", **changes: object) -> Document:
    body = "# The cat\n" + "." * 89 + "\n" + text + "\nAfter."
    sections = (Section((), 0, Span(0, 0)), Section(("The cat",), 1, Span(0, len(body))))
    document = Document(
        "notes/cat.txt", "The cat", body, sections, (), metadata={"author": "A. Mouse", "date": "2024-05-01"}
    )
    return replace(document, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_an_article_becomes_markup(text: str) -> None:
    bad = citation(text, document=text, title=text, section=text, url=f"https://example.org/{text}")
    document = article(text, path=text, metadata={"author": text, "date": text})
    pages = [
        answer_html(answer(bad, replace(bad, rank=2), question=text), 1),
        answer_html(answer(bad, answerable=False), 1, verdict="up"),
        source_html(bad, document, True, 1, 2),
        source_html(bad, None, True, 1, 2),
    ]
    for page in pages:
        read = Read(page)
        assert {tag for tag, _ in read.tags} <= TAGS
        for tag, attributes in read.tags:
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcdoc")]
            own = ("https://example.org/", "http://example.org/", "articles/file?path=")
            assert tag != "a" or attributes["href"].startswith(own)


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_hostile_text_is_shown_character_for_character(text: str) -> None:
    bad = citation(text, highlights=(Span(100, 100 + len(text)),))
    assert Read(answer_html(answer(bad), 1), "qa-snippet").inside == plain_words(text, "notes/cat.txt")
    read = Read(source_html(bad, article(text), False, 1, 1))
    assert squeezed(read.inside) == squeezed(article(text).text)
    assert read.marked == text


@given(TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4), st.integers(0, 500))
def test_marks_are_exactly_at_their_spans(text: str, pairs: list[tuple[int, int]], offset: int) -> None:
    spans = [Span(min(pair), max(pair)) for pair in pairs]
    marks = tuple(Span(s.start + offset, s.end + offset) for s in spans)
    moved = [Span(mark.start - offset, mark.end - offset) for mark in marks]
    read = Read(f'<div class="qa-text">{part_html("a.txt", text, Span(0, 0), moved)}</div>')
    assert squeezed(read.inside) == squeezed(text)
    wanted = "".join(c for i, c in enumerate(text) if any(s.start <= i < s.end for s in spans))
    assert squeezed(read.marked) == squeezed(wanted)


@given(TEXTS.filter(bool), TEXTS, TEXTS, st.data())
def test_the_source_shows_the_whole_article_with_its_passage_marked(
    passage: str, before: str, after: str, data: st.DataObject
) -> None:
    text = f"# Head\n{before}{passage}{after}"
    start = 7 + len(before)
    span = Span(start, start + len(passage))
    low = data.draw(st.integers(span.start, span.end))
    cited = citation(passage, span=span, highlights=(Span(low, span.end),))
    sections = (Section(("Head",), 1, Span(0, len(text))),)
    read = Read(source_html(cited, Document("a.txt", "", text, sections, ()), False, 1, 1))
    assert squeezed(read.inside) == squeezed(text)
    assert squeezed(read.marked) == squeezed(passage)


def test_a_lead_is_a_quotation_with_its_confidence_in_words_and_its_citation() -> None:
    page = answer_html(answer(citation()), 7)
    assert "<blockquote" in page
    assert '<b class="qa-sure" data-sure="very likely">Very likely</b>' in page
    assert "94 %" not in page  # numbers are given under "Why?" alone
    assert (
        '<p class="qa-lines">The cat sat. <button type="button" class="qa-ref" data-do="open" data-turn="7" '
        'data-rank="1" aria-label="Open source 1">1</button></p></blockquote>'
    ) in page


@pytest.mark.parametrize("hostile", [*HOSTILE, "plain"])
def test_a_short_answer_is_marked_in_its_lead_and_escaped(hostile: str) -> None:
    text = f"The cat {hostile} sat."
    span = Span(100, 100 + len(text))
    lead = Lead(text, 1, span, span, Span(108, 108 + len(hostile)))
    given = replace(answer(citation(text)), lead=lead)
    read = Read(answer_html(given, 7), "qa-lead")
    assert {tag for tag, _ in read.tags} <= TAGS
    assert squeezed(read.marked) == squeezed(printable(hostile))
    assert squeezed(read.inside) == squeezed(printable(text)) + "1"
    assert "\x1b" not in as_text(given)
    first = as_text(given, styled=True).split("\n")[0]
    assert first.startswith("“The cat \x1b[1;4m")
    assert first.endswith("\x1b[22;24m sat.”")
    assert "\x1b" not in first.removeprefix("“The cat \x1b[1;4m").removesuffix("\x1b[22;24m sat.”")
    assert first.replace("\x1b[1;4m", "").replace("\x1b[22;24m", "") == as_text(given).split("\n")[0]


def test_a_lead_without_a_short_answer_has_nothing_marked() -> None:
    assert Read(answer_html(answer(citation()), 7)).marked == ""
    assert as_text(answer(citation()), styled=True) == as_text(answer(citation()))


def test_a_row_names_title_section_file_and_page_but_no_percentage() -> None:
    page = Read(answer_html(answer(citation(page=3)), 1), "qa-card")
    assert page.inside == "Source 1The cat › Days › Mondaycat.txt, page 3The cat sat. It slept.Copy"
    assert ("bdi", {"class": "qa-file", "title": "notes/cat.txt"}) in page.tags
    assert "96 %" not in page.text


def test_a_row_shows_a_passage_from_its_highlight_on_and_never_its_markup() -> None:
    cited = citation("# Cats\n\nThey **sleep**.", document="cats.md", highlights=(Span(108, 123),))
    assert Read(answer_html(answer(cited), 1), "qa-snippet").inside == "… They sleep."
    text = "```cpp\nfor (;;)\n    free(p);\n```\n\nThe `i` is **`long`**."
    begin = 100 + text.index("free")
    inside_code = citation(text, document="cats.md", highlights=(Span(begin, begin + 7),))
    assert Read(answer_html(answer(inside_code), 1), "qa-snippet").inside == "… free(p); The i is long."
    rows = citation("| **`/MT`** | *a* [lib](x.md) |\n| `/MD` | b \\| c |", document="cats.md", highlights=())
    assert Read(answer_html(answer(rows), 1), "qa-snippet").inside == "/MT · a lib; /MD · b | c"
    long = citation("word " * 200, highlights=())
    shown = Read(answer_html(answer(long), 1), "qa-snippet").inside
    assert 390 < len(shown) <= 402 and shown.endswith("word …")


def test_weak_passages_are_folded_and_what_is_quoted_never_is() -> None:
    page = answer_html(answer(*(citation(rank=rank) for rank in range(1, 6))), 1)
    assert "<summary>2 weaker passages</summary>" in page
    assert page.index('data-rank="3"') < page.index('class="qa-more"') < page.index('data-rank="4"')
    page = answer_html(answer(citation(), citation(rank=2, score=0.4)), 1)
    assert "<summary>1 weaker passage</summary>" in page
    counted = answer(*(citation(rank=rank) for rank in range(1, 6)))
    assert counted.lead is not None
    stated = replace(counted, lead=replace(counted.lead, text="5 articles", is_stated=True))
    assert "<summary>2 more articles</summary>" in answer_html(stated, 1)
    given = others(("It lay.", 3, ""))
    weak = replace(given, citations=tuple(replace(each, score=1 / each.rank**2) for each in given.citations))
    page = answer_html(weak, 1)
    assert page.index('class="qa-more"') > page.index('class="qa-card" data-turn="1" data-rank="3"')
    assert page.index('class="qa-more"') < page.index('class="qa-card" data-turn="1" data-rank="2"')


def test_not_in_the_articles_says_so_first_and_folds_the_nearest_passages() -> None:
    page = answer_html(answer(citation(), answerable=False), 1)
    assert page.index(NOT_FOUND) < page.index('<details class="qa-nearest">') < page.index(NEAREST)
    assert page.index(NEAREST) < page.index("notes/cat.txt")
    read = Read(page)
    assert read.marked == "" and not [tag for tag, known in read.tags if tag == "blockquote" or "data-sure" in known]
    assert "Copy with citation" not in page and "Ask again" in page


def test_not_in_the_articles_shows_the_closest_passage_and_what_it_lacks() -> None:
    refused = answer(citation(), citation("It slept.", rank=2), citation(rank=3), answerable=False)
    page = answer_html(replace(refused, why=why(citation=2, lacks="It has no “dog”.")), 1)
    shown = Read(page, "qa-closest").inside
    assert shown.startswith("The closest passageSource 2") and shown.endswith("It has no “dog”.")
    folded = page[page.index('<details class="qa-nearest">') :]
    assert "<summary>2 other passages: related, but not an answer</summary>" in folded
    assert folded.count('class="qa-card"') == 2 and 'class="qa-card" data-turn="1" data-rank="2"' not in folded


def test_a_narrow_refusal_shows_the_closest_passages_unfolded() -> None:
    close = replace(answer(citation(), answerable=False), confidence=0.3)
    page = answer_html(close, 1)
    assert page.index(UNCERTAIN) < page.index("<details") < page.index(CLOSEST) < page.index("notes/cat.txt")
    assert '<details class="qa-nearest" open>' in page
    assert NOT_FOUND not in page and Read(page).marked == ""
    assert as_text(close).startswith(f"{UNCERTAIN}\n\n{CLOSEST}:\n")


def test_a_refusal_names_the_words_that_stand_in_no_article() -> None:
    refused = replace(answer(citation(), answerable=False), why=why())
    assert f"{NOT_FOUND} None of them contains “dog”." in answer_html(refused, 1)
    assert as_text(refused).startswith(f"{NOT_FOUND} None of them contains “dog”.\n")
    assert as_text(replace(refused, why=None)).startswith(f"{NOT_FOUND}\n")


def test_a_refusal_without_passages_has_no_fold() -> None:
    page = answer_html(replace(answer(citation(), answerable=False), citations=()), 1)
    assert NOT_FOUND in page
    assert "<details" not in page


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_that_the_article_does_not_mention_are_shown_and_escaped(hostile: str) -> None:
    page = answer_html(replace(answer(citation()), unmentioned=("Costco", hostile)), 7)
    assert (
        f'<p class="qa-note-line">The article does not mention “Costco” or “{escape(printable(hostile))}”.</p>' in page
    )
    assert "mention" not in answer_html(answer(citation()), 7)
    assert "mention" not in as_text(answer(citation()))
    assert "\nThe article does not mention “Costco”.\n" in as_text(replace(answer(citation()), unmentioned=("Costco",)))


def others(*values: tuple[str, int, str], date: str = "2024-05") -> Answer:
    """An answer beside which other articles give other values: text, number of the citation, date."""
    given = answer(*(citation(rank=rank) for rank in range(1, 4)))
    assert given.lead is not None
    made = tuple(OtherValue(text, rank, Span(0, len(text)), Span(0, len(text)), when) for text, rank, when in values)
    return replace(given, lead=replace(given.lead, date=date), others=made)


def test_other_values_are_shown_below_the_confidence_each_with_its_date_and_its_source() -> None:
    page = answer_html(others(("It sat\nup.", 2, "2023-12-31"), ("It lay.", 3, "2022")), 7)
    assert page.index("qa-sure") < page.index("Older articles give another value:") < page.index("qa-cards")
    said = page[page.index("qa-others") : page.index("qa-cards")]
    assert re.findall('<li><q dir="auto" lang="">(.*?)</q> <small>(.*?)</small>', said) == [
        ("The cat sat.", "2024-05"),
        ("It sat up.", "2023-12-31"),
        ("It lay.", "2022"),
    ]
    tags = Read(said[said.index("<ul>") : said.index("</div>")]).tags
    buttons = [known for tag, known in tags if tag == "button"]
    assert [(known["data-do"], known["data-turn"], known["data-rank"]) for known in buttons] == [
        ("open", "7", "1"),
        ("open", "7", "2"),
        ("open", "7", "3"),
    ]
    assert [known["aria-label"] for known in buttons] == ["Open source 1", "Open source 2", "Open source 3"]
    files = [known["title"] for tag, known in tags if tag == "bdi" and known.get("class") == "qa-file"]
    assert files == [citation(rank=rank).document for rank in range(1, 4)]


def test_without_other_values_nothing_is_said_of_them() -> None:
    said = answer_html(answer(citation()), 7) + as_text(answer(citation()))
    assert "qa-others" not in said and "another value" not in said


@pytest.mark.parametrize(("date", "dates"), [("", ("2023", "2022")), ("2024", ("2023", "")), ("", ("", ""))])
def test_articles_are_called_older_only_if_all_have_a_date(date: str, dates: tuple[str, str]) -> None:
    given = others(("It sat up.", 2, dates[0]), ("It lay.", 3, dates[1]), date=date)
    page = answer_html(given, 7)
    assert "Other articles give another value:" in page and "Older articles" not in page + as_text(given)
    without = answer_html(replace(given, others=()), 7)
    assert page.count("<small>") - without.count("<small>") == sum(map(bool, (date, *dates)))
    assert as_text(given).count("“It lay.” [3]") == (not dates[1])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_another_value_becomes_markup_or_steers_a_terminal(hostile: str) -> None:
    given = others((f"{hostile} sat.", 2, "2023"), (f"It {hostile}", 3, ""))
    page = answer_html(given, 7)
    assert {tag for tag, _ in Read(page).tags} <= TAGS | {"ul", "q"}
    assert f'<q dir="auto" lang="">It {escape(printable(hostile))}</q>' in page
    assert " ".join(f"{printable(hostile)} sat.".split()) in " ".join(Read(page, "qa-others").inside.split())
    assert not set(as_text(given)) & set("\x1b\x07\u202e")


def why(text: str = "The cat sat.", **changes: object) -> Why:
    span = Span(100, 100 + len(text))
    nothing: tuple[str, ...] = ()
    made = Why(
        "notes/cat.txt", text, span, span, 1, ("cat",), ("Monday",), ("2031", "dog"), nothing, ("2031",), ("dog",),
        False, False, nothing, Ranks(1, None, 2, 1), ReaderScores(0.9, 0.8, 0.7), 0.94, 0.5,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_why_is_folded_between_the_answer_and_its_passages() -> None:
    page = answer_html(replace(answer(citation()), why=why()), 1)
    assert page.index("qa-sure") < page.index('<details class="qa-why"><summary>Why?') < page.index("qa-cards")
    assert page.count("%") == page[page.index("<dl>") : page.index("</dl>")].count("%")
    rows = dict(re.findall("<dt>(.*?)</dt><dd [^>]*>(.*?)</dd>", page))
    assert rows == {
        "Matched": "cat",
        "In its passage or title": "Monday",
        "Not in this passage": "2031",
        "In no article": "dog",
        "Found": "1st by words, not among the best by meaning, 2nd together; 1st after reading",
        "Reader’s estimates": "passage 90 %, sentence 80 %, sentence on its own 70 %",
        "Confidence": "94 %; an answer is shown from 50 %",
    }
    assert "Why?" not in answer_html(answer(citation()), 1)


def test_why_of_a_refusal_begins_with_what_came_closest_and_what_it_lacks() -> None:
    lacking = why("The cat\nsat.", lacks="It has no dog.")
    page = answer_html(replace(answer(citation(), answerable=False), why=lacking), 1)
    assert page.index("qa-none") < page.index("qa-why") < page.index("qa-closest")
    rows = re.findall("<dt>(.*?)</dt><dd [^>]*>(.*?)</dd>", page)
    assert rows[:2] == [("Came closest", "“The cat sat.” [1]"), ("What it lacks", "It has no dog.")]


def test_what_came_closest_is_cut_at_a_word_and_names_its_file_if_it_is_not_cited() -> None:
    long = why("word " * 99 + "end.", citation=None, lacks="It has no dog.")
    told = as_text(replace(answer(citation(), answerable=False), why=long), explained=True)
    quoted = re.search("Came closest: “(.*)” notes/cat.txt\n", told)
    assert quoted is not None
    assert re.fullmatch("(word )+…", quoted[1]) and 390 < len(quoted[1]) <= 402


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_why_becomes_markup_or_steers_a_terminal(hostile: str) -> None:
    words = dict.fromkeys(("matched", "nearby", "missing", "carried"), (hostile,))
    bad = why(f"{hostile} sat.", document=hostile, citation=None, lacks=f"Not “{hostile}”.", **words)
    given = replace(answer(citation(), answerable=False), why=bad)
    page = Read(answer_html(given, 1), "qa-why")
    assert {tag for tag, _ in page.tags} <= TAGS
    assert " ".join(printable(hostile).split()) in " ".join(page.inside.split())
    assert "\x1b" not in as_text(given, explained=True)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_corrected_word_is_shown_and_can_be_searched_for_as_typed(hostile: str) -> None:
    corrected = replace(answer(citation()), corrected=(("hony", "honey"), (hostile, hostile)))
    page = answer_html(corrected, 7)
    assert page.index("Showing results for “honey”") < page.index("qa-lead")
    assert ("button", {"type": "button", "data-do": "literal", "data-turn": "7"}) in Read(page).tags
    assert {tag for tag, _ in Read(page).tags} <= TAGS
    assert as_text(corrected).startswith("Showing results for “honey”")
    assert "Showing results" not in answer_html(answer(citation()), 7)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_known_reason_replaces_the_usual_refusal(hostile: str) -> None:
    reasoned = replace(answer(citation(), answerable=False), citations=(), reason=f"No passage contains “{hostile}”.")
    page = answer_html(reasoned, 1)
    assert "No passage contains “" in page
    assert NOT_FOUND not in page
    assert {tag for tag, _ in Read(page).tags} <= TAGS
    assert as_text(reasoned).startswith("No passage contains “")
    assert "\x1b" not in as_text(reasoned)


def test_a_verdict_is_thanked_for_and_not_asked_again() -> None:
    assert "stored on this machine" in answer_html(answer(citation()), 1, "up")
    assert 'data-do="judge"' not in answer_html(answer(citation()), 1, "up")
    assert answer_html(answer(citation()), 1).count('data-do="judge"') == 2


def test_a_source_says_whether_its_file_changed() -> None:
    assert UNCHANGED in source_html(citation(), article(), False, 1, 1)
    assert CHANGED in source_html(citation(), article(), True, 1, 1)
    assert "changed since indexed" in answer_html(answer(citation(changed=True)), 1)
    assert "not all of it was read" in answer_html(answer(citation(incomplete="1 of 2 pages")), 1)


def test_text_that_was_read_from_an_image_says_so_and_how_certain_it_is() -> None:
    html = answer_html(answer(citation(recognised=0.62)), 1)
    assert "read from an image, 62 % certain" in " ".join(html.split())
    assert "of the words of its page certain: compare it with the picture." in html
    assert "compare" not in answer_html(answer(citation(recognised=0.97)), 1)
    assert "from an image" not in answer_html(answer(citation()), 1)
    assert as_text(answer(citation(recognised=0.62))).count("ead from an image, 62") == 2
    assert "from an image" not in as_text(answer(citation()))


def test_a_source_shows_file_author_date_link_and_heading() -> None:
    page = source_html(citation(), article(), False, 1, 1)
    for part in ("notes/cat.txt", "A. Mouse", "2024-05-01", 'href="https://example.org/cat"', "Days › Monday"):
        assert part in page
    assert "<h3># The cat</h3>" in page


def test_the_header_of_a_table_is_shown_once_above_its_source() -> None:
    page = source_html(citation(section="Room | Price", header="Room | Price"), article(), False, 1, 1)
    assert page.count("Room | Price") == 1


def test_a_moved_passage_is_marked_in_its_new_place() -> None:
    moved = article(text="New words. The cat sat. It slept.")
    read = Read(source_html(citation(), moved, False, 1, 1))
    assert read.marked == "The cat sat. It slept."
    assert squeezed(read.inside) == squeezed(moved.text)


def test_a_deleted_passage_is_never_shown_as_present() -> None:
    page = source_html(citation(), article(text="Other words entirely."), False, 1, 1)
    assert MOVED in page
    assert "Other words" not in page
    assert GONE in source_html(citation(), None, True, 1, 1)


def test_the_pages_of_a_file_are_offered_beside_its_text() -> None:
    text = "First page. The cat sat. It slept."
    printed = Document("report.pdf", "", text, (), (), (Span(0, 12), Span(12, len(text))))
    cited = citation(document="report.pdf", span=Span(12, 34), highlights=(Span(12, 24),), page=2)
    read = Read(source_html(cited, printed, False, 1, 1))
    (frame,) = [known for _, known in read.tags if known.get("class") == "qa-sheets"]
    assert (frame["data-count"], frame["data-page"], frame["data-alt"]) == ("2", "1", "Page # of report.pdf")
    pressed = {known["data-view"]: known["aria-pressed"] for tag, known in read.tags if "data-view" in known}
    assert pressed == {"page": "true", "text": "false"}
    for other in (source_html(cited, printed, True, 1, 1), source_html(citation(), article(), False, 1, 1)):
        assert "qa-sheets" not in other  # the pages of a changed file are not those that were indexed


def test_all_highlights_of_an_answer_in_an_article_are_marked_and_have_a_place() -> None:
    text = "The cat sat. It slept. Then it woke. And it ate."
    document = Document("notes/cat.txt", "", text, (), ())
    first = citation("The cat sat. It slept.", span=Span(0, 22), highlights=(Span(13, 22),))
    second = citation("And it ate.", rank=2, span=Span(37, 48), highlights=(Span(41, 47),))
    elsewhere = citation("The cat sat.", rank=3, document="other.txt", span=Span(0, 12), highlights=(Span(0, 3),))
    html = source_html(second, document, False, 1, 3, [first, second, elsewhere])
    marks = re.findall(r'<mark class="qa-cited" data-mark=(\d)>(.*?)</mark>', html)
    assert marks == [("1", "It slept."), ("2", "it ate")]
    (text_tag,) = [known for _, known in Read(html).tags if known.get("class") == "qa-text"]
    assert text_tag["data-places"] == "[[0,0,0],[0,0,1]]".replace(",", ", ")
    assert text_tag["data-query"] == "path=notes%2Fcat.txt&at=37-48&mark=13-22&mark=41-47"


def test_the_original_can_be_opened_where_the_folder_is() -> None:
    page = source_html(citation(), article(), False, 1, 1)
    assert 'href="articles/file?path=notes%2Fcat.txt"' in page and 'target="_blank" rel="noopener"' in page
    assert "articles/file" not in source_html(citation(), article(), None, 1, 1)


def test_steps_end_at_the_first_and_last_citation() -> None:
    first, last = source_html(citation(), article(), False, 4, 2), source_html(citation(rank=2), article(), False, 4, 2)
    assert 'title="Previous source" disabled' in first
    assert 'title="Next source" disabled' not in first
    assert 'title="Next source" disabled' in last
    assert "2 of 2" in last


def test_a_very_long_article_is_shown_in_part_around_its_passage() -> None:
    text = "a" * 500_000 + "\nThe cat sat. It slept.\n" + "b" * 500_000
    cited = citation(span=Span(500_001, 500_023), highlights=())
    page = source_html(cited, Document("a.txt", "", text, (), ()), False, 1, 1)
    assert len(page) < 3 * PART + 5_000
    assert 'data-do="part"' in page
    assert Read(page).marked == cited.text


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "file:///etc/passwd", "//x.y", "http://[", "", None],
)
def test_only_links_to_the_web_are_links(url: str | None) -> None:
    assert web_address(url) is None
    assert "<a " not in source_html(citation(url=url), article(), None, 1, 1)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1, "very likely"),
        (0.9, "very likely"),
        (0.89, "likely"),
        (0.7, "likely"),
        (0.5, "possible"),
        (0.49, "unlikely"),
    ],
)
def test_confidence_has_words(probability: float, words: str) -> None:
    assert confidence_words(probability) == words


def test_only_certainty_is_a_hundred_percent() -> None:
    assert [percent(share) for share in (0.9999, 1.0, 0.957, 0.0)] == ["99 %", "100 %", "96 %", "0 %"]


@pytest.mark.parametrize("text", ['"A cat," it said.', "“It sat.”", "It said “I sat”", "«Un chat.»"])
def test_a_lead_with_its_own_quotation_marks_gets_no_others(text: str) -> None:
    given = answer(citation(text))
    span = Span(given.citations[0].span.start, given.citations[0].span.start + len(text))
    lead = Lead(text, 1, span, span)
    given = replace(given, lead=lead)
    assert as_text(given).startswith(f"{text}\nvery likely")


def test_plain_text_has_lead_words_and_numbered_citations() -> None:
    text = as_text(answer(citation("The cat sat.\nIt slept."), citation(rank=2, page=3)))
    assert text.startswith("“The cat sat.”\nvery likely (94 %) [1]\n")
    assert "[1] The cat › Days › Monday\n    notes/cat.txt, 96 %\n    | The cat sat.\n    | It slept." in text
    assert "[2] The cat › Days › Monday\n    notes/cat.txt, page 3, 96 %" in text


def test_plain_text_says_not_in_the_articles_first() -> None:
    assert as_text(answer(citation(), answerable=False)).startswith(f"{NOT_FOUND}\n\n{NEAREST}:\n")


def test_an_article_cannot_steer_the_terminal() -> None:
    bad = citation("\x1b[2J\x07\u202eevil\x9b1m", document="a\x1b[31m.md", title="t\r\ninjected")
    text = as_text(answer(bad))
    assert not set(text) & set("\x1b\x07\u202e\x9b\r")
    assert "t injected" in text or "t� injected" in text


def test_what_is_quoted_has_the_language_of_its_article_and_none_if_that_is_not_known() -> None:
    cited = answer(citation(document="katze.md"))
    page = answer_html(cited, 7, languages={"katze.md": "de"})
    assert re.search('<blockquote class="qa-lead"[^>]* lang="de"', page)
    assert re.search('<span class="qa-snippet"[^>]* lang="de"', page) and 'qa-title" lang="de"' in page
    assert set(re.findall('lang="(.*?)"', answer_html(cited, 7))) == {""}
    assert cited.lead is not None  # what the program says itself is English
    stated = answer_html(replace(cited, lead=replace(cited.lead, is_stated=True)), 7, languages={"katze.md": "de"})
    assert re.search('<blockquote class="qa-lead"[^>]* lang="en"', stated)
    document = replace(article(), language="de")
    assert re.search('<div class="qa-part"[^>]* lang="de"', source_html(citation(), document, False, 1, 1))
