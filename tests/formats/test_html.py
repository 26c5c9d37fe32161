"""Saved web pages: the whole article is extracted, and nothing around it."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import FILES
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats.decoding import Empty, Unreadable
from qa.formats.web.page import parse_html, parse_mhtml
from qa.models.protocols import Encoder
from qa.text.document import Block, Document
from qa.text.passages import split

PAGES = sorted((FILES / "html").glob("*.html"))
# What the builder adds, and footnote marks.
MARKS = {"1", "2", "3", "4"}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def count_words(texts: Sequence[str]) -> list[int]:
    """Counts like the tiny encoder."""
    return [len(words(text)) for text in texts]


def reference(page: Path) -> str:
    return page.with_suffix(".txt").read_text(encoding="utf-8")


def parsed(page: Path) -> Document:
    return parse_html(page.name, page.read_bytes())


def page_of(body: str, head: str = "") -> Document:
    return parse_html("x.html", f"<html><head>{head}</head><body>{body}</body></html>".encode())


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path for section in document.sections if section.path]


def parts(document: Document, block: Block) -> list[str]:
    return [part.of(document.text) for part in block.parts]


def check(document: Document, count: Callable[[Sequence[str]], list[int]]) -> None:
    """The invariants of every page."""
    text, end = document.text, 0
    assert "\u00a0" not in text
    assert document.sections[0].span.start == 0
    assert document.sections[-1].span.end == len(text)
    assert all(one.span.end == other.span.start for one, other in pairwise(document.sections))
    for block in document.blocks:
        assert end <= block.span.start < block.span.end <= len(text)
        assert block.span.of(text) == block.span.of(text).strip()
        section = document.sections[block.section]
        assert section.span.start <= block.span.start <= block.span.end <= section.span.end
        assert all(block.span.start <= part.start < part.end <= block.span.end for part in block.parts)
        end = block.span.end
    for passage in split(document, count, 256):
        assert passage.text == passage.span.of(text) != ""
        assert all(sentence.of(text) in passage.text for sentence in passage.sentences)
    assert set(document.metadata) <= {"title", "author", "date", "tags", "url"}


# --- whole pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_article_is_whole_and_alone(page: Path, tiny: Encoder) -> None:
    document = parsed(page)
    wanted, actual = Counter(words(reference(page))), Counter(words(document.text))
    assert (wanted & actual).total() >= 0.97 * wanted.total(), wanted - actual
    assert set(actual) - set(wanted) - MARKS == set()
    check(document, tiny.count_tokens)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_order_is_that_of_the_page(page: Path) -> None:
    text, position = " ".join(words(parsed(page).text)), 0
    for line in reference(page).splitlines():
        if len(words(line)) >= 5:  # no table row or term: those have marks between their words
            position = text.index(" ".join(words(line)[:5]), position)


@pytest.mark.parametrize(
    ("name", "title", "headings"),
    [
        ("news", "Ferry to Skarholm returns after nine years",
         ["Cheaper than the old line", "Charging in the harbour"]),
        ("blog", "Why my sourdough failed (and then did not)",
         ["The flour was not the problem", "The flour was not the problem > What I measure now",
          "A recipe that works for me"]),
        ("docs", "Configuring the queue", ["A first file", "Settings", "Settings > Overflow", "From Python"]),
        ("wiki", "Lake Orrin", ["Formation", "Formation > Level of the water", "Wildlife", "References"]),
        ("divs", "Grandfather's notes on pruning apple trees", []),
        ("forum", "Pump runs but no water", []),
        ("faq", "Questions about the reading card",
         ["Getting a card", "Getting a card > Who can have a card?", "Getting a card > What does it cost?",
          "Getting a card > What must I bring?", "Borrowing", "Borrowing > How many books may I take?",
          "Borrowing > What happens if I am late?", "Losing a card", "Losing a card > My card is gone. What now?"]),
    ],
)  # fmt: skip
def test_titles_and_headings_with_their_levels(name: str, title: str, headings: list[str]) -> None:
    document = parsed(next(page for page in PAGES if page.stem == name))
    assert document.title == title
    assert [" > ".join(path) for path in paths(document)] == headings


def test_who_wrote_it_when_and_where() -> None:
    documents = {page.stem: parsed(page).metadata for page in PAGES}
    assert documents["news"] == {
        "title": "Ferry to Skarholm returns after nine years",
        "author": "Ingrid Vale",
        "date": "2024-03-18",
        "url": "https://courier.example/skarholm-ferry",
    }
    assert documents["blog"]["date"] == "2022-11-06"
    assert documents["blog"]["url"] == "https://slowoven.example/2022/11/sourdough/"
    assert documents["divs"] == {"title": "Grandfather's notes on pruning apple trees"}


def test_code_keeps_its_lines_and_tables_their_rows() -> None:
    document = parsed(next(page for page in PAGES if page.stem == "docs"))
    code = [text for kind, text in blocks(document) if kind == "code"]
    assert code[0].splitlines()[-1] == "    jitter = true"
    assert code[1].splitlines()[4:6] == ["    if job.attempts > 3:", "        queue.bury(job)"]
    (table,) = [block for block in document.blocks if block.kind == "table"]
    assert parts(document, table)[:2] == [
        "Name | Default | Meaning",
        "capacity | 500 | The most jobs that may wait at a time.",
    ]
    (terms,) = [block for block in document.blocks if block.kind == "list"]
    assert parts(document, terms)[1] == "- drop-oldest: The job that has waited longest is thrown away."


# --- parts of pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>un<b>break</b>able <i>words</i>.</p>", "unbreakable words."),
        ("<p>one<br>two</p>", "one two"),
        ("<p>one&nbsp;two &amp; three &lt;four&gt; &#8364;</p>", "one two & three <four> €"),
        ("<p>a <span>wo</span>rd<sup>2</sup>, H<sub>2</sub>O</p>", "a word2, H2O"),
        ("<p>soft&shy;ly hyph\u00adenated</p>", "softly hyphenated"),
        ("<p>a <a href='javascript:alert(1)'>linked</a> word<!-- <p>not shown</p> --></p>", "a linked word"),
        ("plain words without a tag", "plain words without a tag"),
    ],
)
def test_words_are_neither_glued_nor_torn(body: str, text: str) -> None:
    assert blocks(page_of(body)) == [("paragraph", text)]


def test_blocks_side_by_side_are_apart() -> None:
    document = page_of("<table><tr><td><p>a</p><p>b</p></td><td>c<br>d</td></tr><tr><td>e</td></tr></table>")
    assert blocks(document) == [("table", "a b | c d\ne")]


def test_a_table_that_only_lays_out_the_page_is_none() -> None:
    document = page_of("<table><tr><td>Menu</td><td><h2>Bees</h2><p>They dance for each other.</p></td></tr></table>")
    assert [kind for kind, _ in blocks(document)] == ["paragraph", "paragraph"]
    assert paths(document) == [("Bees",)]


def test_a_list_with_code_in_its_items_keeps_the_lines_of_the_code() -> None:
    document = page_of("<ol><li>Open it:<pre>a\n  b</pre></li><li>Close it.</li></ol>")
    assert blocks(document) == [("paragraph", "Open it:"), ("code", "a\n  b"), ("paragraph", "Close it.")]


def test_numbers_stay_with_a_list_that_has_them() -> None:
    (block,) = (document := page_of("<p></p><ol><li>open the hive</li><li>look inside</li></ol>")).blocks
    assert parts(document, block) == ["1. open the hive", "2. look inside"]


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Bees | The Hive</title>", "Bees"),
        ("<title>Bees - a year</title>", "Bees - a year"),
        ("<title>Bees - The Hive</title><meta property='og:site_name' content='The Hive'>", "Bees"),
        ("<title>The Hive: Bees</title>", "The Hive: Bees"),
        ("<meta property='og:title' content='Bees &amp; wax'><title>x</title>", "Bees & wax"),
        ("", ""),
    ],
)
def test_the_title_is_without_the_name_of_the_site(head: str, title: str) -> None:
    assert page_of("<p>Some words.</p>", head).title == title


def test_an_article_about_cookies_is_not_a_cookie_notice() -> None:
    document = page_of("<article class=cookies><h2 id=cookies>Cookies</h2><p>A cookie is a small file.</p></article>")
    assert paths(document) == [("Cookies",)]
    assert blocks(document) == [("paragraph", "A cookie is a small file.")]


def test_without_a_title_the_first_heading_is_it() -> None:
    assert page_of("<h1>Bees</h1><p>Some words.</p>").title == "Bees"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/relative", "file:///etc/passwd", "data:text/html,x"])
def test_only_web_addresses_are_addresses(address: str) -> None:
    assert "url" not in page_of("<p>Some words.</p>", f"<link rel='canonical' href='{address}'>").metadata


@pytest.mark.parametrize(
    "comment",
    [
        "saved from url=(0028)https://hive.example/bees ",
        " Page saved with SingleFile \n url: https://hive.example/bees \n",
    ],
)
def test_a_browser_notes_where_it_saved_the_page(comment: str) -> None:
    page = f"<!DOCTYPE html><!--{comment}--><html><body><p>Some words.</p></body></html>".encode()
    assert parse_html("x.html", page).metadata == {"url": "https://hive.example/bees"}


@pytest.mark.parametrize(
    ("head", "tags"),
    [
        ("<meta name=Keywords content='bees, winter ;honey,bees'>", "bees, winter, honey"),
        ("<meta property='article:tag' content='bees'><meta property='article:tag' content='frost'>", "bees, frost"),
        (f"<meta name=keywords content='{', '.join(f'word {n}' for n in range(40))}'>", None),  # for search engines
        (f"<meta name=keywords content='{'bees and ' * 20}'>", None),
        ("<meta name=keywords content=' , '>", None),
    ],
)
def test_the_tags_of_a_page_are_its_keywords_unless_they_are_for_search_engines(head: str, tags: str | None) -> None:
    assert page_of("<p>Some words.</p>", head).metadata.get("tags") == tags


@pytest.mark.parametrize(
    ("named", "author"), [("By Ada Byron", "Ada Byron"), ("Byron", "Byron"), ("words " * 20, None)]
)
def test_the_author_is_a_name(named: str, author: str | None) -> None:
    assert page_of("<p>Some words.</p>", f"<meta name=author content='{named}'>").metadata.get("author") == author


SENTENCES = [
    f"The {n}. hive of the old orchard stood {n} years beside a wall of red bricks, and it was full." for n in range(9)
]


def test_an_article_in_several_parts_is_whole() -> None:
    parts = "".join(f"<div class=part><p>{one}</p><p>{two}</p></div>" for one, two in pairwise(SENTENCES))
    teasers = "<div class=related><a href=/1>Nine other things about orchards and bricks</a></div>"
    document = page_of(f"<nav><a href=/>Home</a></nav><div class=parts>{parts}</div>{teasers}")
    assert all(sentence in document.text for sentence in SENTENCES)
    assert "Nine other things" not in document.text and "Home" not in document.text


def test_a_long_article_is_not_drowned_by_its_surroundings() -> None:
    article = "".join(f"<p>{sentence}</p>" for sentence in 2 * SENTENCES)
    around = "".join(
        f"<div class=comment-list>Comment {n}: I disagree, for many reasons that I will not name.</div>"
        for n in range(60)
    )
    document = page_of(f"<div class=entry><p>An orchard begins.</p>{article}</div>{around}")
    assert "An orchard begins." in document.text and "Comment 7" not in document.text


def test_content_that_a_script_would_move_into_place_is_read() -> None:
    document = page_of(
        f"<div id=root></div><div hidden id='S:0'><p>{' '.join(SENTENCES)}</p></div><p hidden>Secret</p>"
    )
    assert blocks(document) == [("paragraph", " ".join(SENTENCES))]


def test_the_article_says_who_wrote_it_in_linked_data() -> None:
    linked = '{"author": [{"@type": "Person", "name": "Ada"}], "datePublished": "2021-02-03"}'
    script = f'<script type="application/ld+json">{linked}</script>'
    assert page_of("<p>Some words.</p>", script).metadata == {"author": "Ada", "date": "2021-02-03"}


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-8", "iso-8859-1"),  # saved again by a program that did not change the words
        ("cp1252", "iso-8859-1"),
        ("cp1252", "windows-1252"),
        ("cp1252", None),
        ("cp1252", "no-such-encoding"),
    ],
)
def test_encodings_are_found(encoding: str, declared: str | None) -> None:
    meta = f"<meta charset={declared}>" if declared else ""
    text = "Das Mädchen trägt grüne Schuhe – für 3 €, “frankly”."
    data = f"<html><head>{meta}</head><body><p>{text}</p></body></html>".encode(encoding)
    assert blocks(parse_html("x.html", data)) == [("paragraph", text)]


@pytest.mark.parametrize("encoding", ["shift_jis", "euc-jp", "iso-2022-jp", "windows-1251", "big5", "gb2312", "koi8-r"])
def test_a_declared_encoding_is_believed(encoding: str) -> None:
    text = {"big5": "火車明天早上出發", "gb2312": "火车明天早上出发"}.get(encoding, "電車は明日の朝に")
    text = "Поезд отправляется" if encoding in ("windows-1251", "koi8-r") else text
    data = f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}"><p>{text}</p>'.encode(encoding)
    assert blocks(parse_html("x.html", data)) == [("paragraph", text)]


# --- one file with its images -----------------------------------------------------------------------------------------


def test_a_page_saved_in_one_file() -> None:
    data = (
        b"From: <Saved>\r\nSnapshot-Content-Location: https://example.org/bees\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="--x"\r\n\r\n----x\r\n'
        b"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<html><head><title>Bees</title></head><body><p>W=E4rme im Stock h=\r\n=E4lt lange.</p></body></html>\r\n"
        b"----x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n----x--\r\n"
    )
    document = parse_mhtml("x.mhtml", data)
    assert blocks(document) == [("paragraph", "Wärme im Stock hält lange.")]
    assert document.metadata == {"title": "Bees", "url": "https://example.org/bees"}
    with pytest.raises(Unreadable, match="no web page"):
        parse_mhtml("x.mhtml", b"Content-Type: text/plain\r\n\r\nwords")


# --- hostile or odd pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"<html></html>",
        b"<!-- words -->",
        b"<script>words()</script>",
        b"<p>&nbsp;</p>",
        b"<img src=x alt='']>",
    ],
)
def test_a_page_without_text_is_empty(data: bytes) -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse_html("x.html", data)


def test_binary_content_is_refused() -> None:
    with pytest.raises(Unreadable, match="binary"):
        parse_html("x.html", bytes(range(256)) * 20)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<div>" * 100_000 + b"deep words" + b"</div>" * 100_000, id="divs"),
        pytest.param(b"<b>" * 100_000 + b"deep words", id="inline"),
        pytest.param(b"<ul><li>" * 5_000 + b"deep words", id="lists"),
        pytest.param(b"<table><tr><td>" * 5_000 + b"deep words", id="tables"),
        pytest.param(b"<p>" + b"deep words " * 450_000, id="one line"),
        pytest.param(b"<h1>deep words" + b"<p>A paragraph in a heading that never ends.</p>" * 100, id="heading"),
        pytest.param(b"<p>deep words</p>" + b"<!-- " * 200_000, id="comments"),
        pytest.param(b"<p>deep words</p>" + b"<script>" * 200_000, id="scripts"),
        pytest.param(b"<p>deep words" + b"<" * 500_000, id="brackets"),
        pytest.param(b"<p>deep words<p>" + b"<a " * 200_000, id="tags"),
    ],
)
def test_hostile_pages_are_read_in_time(data: bytes) -> None:
    start = time.process_time()  # on a busy machine, the time on the clock says little
    assert "deep words" in parse_html("x.html", data).text
    assert time.process_time() - start < 20


def test_nothing_that_a_page_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]><html><p>Words &x; here.</p></html>'
    assert "secret" not in parse_html("x.html", entity.encode()).text.replace("/secret", "")


PIECES = st.sampled_from(
    ["<p>", "</p>", "words ", "more words.", "<h1>", "</h1>", "<h3>", "<ul>", "<li>", "</ul>", "<dl><dt>", "<dd>",
     "<table>", "<tr>", "<td>", "</table>", "<pre>", "</pre>", "<code>", "\n", "  ", "<br>", "<div class='post'>",
     "</div>", "<article>", "<main>", "<nav>", "<details><summary>", "<!--", "-->", "<script>", "</script>", "&nbsp;",
     "&#0;", "&#xD800;", "&bogus;", "<a href=x>", "</a>", "<blockquote>", "<svg:x>", "<title>", "\x0c", "<?pi", "🐝",
     "<p a=", "<h2 id=cookies>",
     "<figure><figcaption>", "<form>", "<meta charset=utf-7>", "<span hidden>", "<html>", "<body>", "<![CDATA[", "]]>"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_any_page_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable, Empty):
        check(parse_html("x.html", text.encode("utf-8", "replace")), count_words)


@pytest.mark.parametrize("feed", ["\x0c", "&#12;", "&#x0C;", "&#1;"])
def test_a_form_feed_is_a_space(feed: str) -> None:
    page = f"<main><h1>Bees</h1><p>Bees{feed}sleep.</p><nav>Home</nav>{feed}<p>They wake.</p></main>"
    assert "Bees sleep." in parse_html("a.html", page.encode()).text


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PAGES), st.lists(st.tuples(st.integers(0, 8000), st.integers(0, 300), st.binary(max_size=20))))
def test_damaged_pages_are_read_or_refused(page: Path, damages: list[tuple[int, int, bytes]]) -> None:
    data = page.read_bytes()
    for start, length, instead in damages:
        data = data[:start] + instead + data[start + length :]
    for parse in (parse_html, parse_mhtml):
        with contextlib.suppress(Unreadable, Empty):
            check(parse("x.html", data), count_words)


def test_a_tag_of_very_many_attributes_takes_no_longer_than_others() -> None:
    attributes = b" ".join(b"a%d=1" % number for number in range(300_000))
    started = time.process_time()
    document = parse_html("x.html", b"<p " + attributes + b">Bees sleep.</p><p>" + b"They wake.</p>")
    assert document.text.split() == ["Bees", "sleep.", "They", "wake."]
    assert time.process_time() - started < 5  # it used to take minutes


def test_a_long_attribute_does_not_lose_the_others() -> None:
    long = b"<div class='" + b"a" * 50_000 + b"' hidden>Not shown.</div>"
    assert parse_html("x.html", b"<p>Bees sleep.</p>" + long).text.strip() == "Bees sleep."


# --- what a click shows, and what a link refers to --------------------------------------------------------------------

LONG = "<p>Choose your system. The pump is then tested with clear water for some minutes before it is closed.</p>"


@pytest.mark.parametrize(
    "tabs",
    [
        "<ul role='tablist'><li role='tab'>Linux</li><li role='tab'>Windows</li></ul>"
        "<div role='tabpanel'><p>Run it at 3 bar.</p></div><div role='tabpanel' hidden><p>Run it at 5 bar.</p></div>",
        "<ul class='nav nav-tabs'><li><a data-toggle='tab' href='#a'>Linux</a></li><li><a data-toggle='tab' href='#b'>"
        "Windows</a></li></ul><div class='tab-content'><div id='a' class='tab-pane'><p>Run it at 3 bar.</p></div>"
        "<div id='b' class='tab-pane' aria-hidden='true' style='display:none'>Run it at 5 bar.</div></div>",
        "<button aria-controls='a'>Linux</button><div id='a'>Run it at 3 bar.</div>"
        "<button aria-controls='b' aria-expanded='false'>Windows</button><div id='b' hidden>Run it at 5 bar.</div>",
        "<h2><button data-bs-toggle='collapse' data-bs-target='#a'>Linux</button></h2>"
        "<div id='a'>Run it at 3 bar.</div>"
        "<h2><button data-bs-toggle='collapse' data-bs-target='#b'>Windows</button></h2>"
        "<div id='b' class='collapse' hidden>Run it at 5 bar.</div>",
        "<button class='accordion'>Linux</button><div><p>Run it at 3 bar.</p></div>"
        "<button class='accordion'>Windows</button><div hidden><p>Run it at 5 bar.</p></div>",
    ],
)
def test_hidden_panels_are_content_under_the_names_of_their_tabs(tabs: str) -> None:
    document = page_of(f"<main><h1>Install the pump</h1>{LONG}{tabs}</main>")
    under = [document.sections[block.section].path for block in document.blocks]
    texts = [text for _, text in blocks(document)]
    assert list(zip(under, texts, strict=True))[1:] == [
        (("Linux",), "Run it at 3 bar."),
        (("Windows",), "Run it at 5 bar."),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<button aria-controls='m'>Menu</button><nav id='m' hidden>Not this</nav>",
        "<div role='dialog' class='collapse' hidden>Not this</div>",
        "<div class='cookie collapse' hidden>Not this</div>",
        "<template><div role='tabpanel'>Not this</div></template>",
        "<div class='navbar-collapse collapse' hidden>Not this</div>",
        "<p hidden>Not this</p>",
    ],
)
def test_what_is_hidden_for_good_stays_out(hidden: str) -> None:
    assert "Not this" not in page_of(f"<main><h1>Install the pump</h1>{LONG}{hidden}</main>").text


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        ("<sup><a href='#fn1' id='fnref1'>1</a></sup>",
         "<hr><ol><li id='fn1'><p>In 1958. <a href='#fnref1'>↩</a></p></li></ol>"),
        ("<a href='#_ftn1'>[1]</a>",
         "<h2>Notes</h2><p><a id='_ftn1' name='_ftn1' href='#_ftnref1'>[1]</a> In 1958.</p>"),
        ("<a role='doc-noteref' href='#x'>*</a>", "<aside id='x'>In 1958.</aside>"),
    ],
)  # fmt: skip
def test_a_footnote_stands_behind_the_paragraph_that_refers_to_it(mark: str, note: str) -> None:
    first = "The bridge was opened in spring by the mayor, who had come from the town with a band and a goat."
    document = page_of(f"<main><h1>Bridge</h1><p>{first}{mark}</p>{LONG}{note}</main>")
    assert [text for _, text in blocks(document)] == [first, "In 1958.", re.sub("<.*?>", "", LONG)]
    assert paths(document) == []


def test_a_reference_of_an_encyclopedia_is_not_a_note() -> None:
    body = f"<p>It is so.<a href='#cite_note-1'>[1]</a></p>{LONG}<ol><li id='cite_note-1'>Ada Marsh 1958</li></ol>"
    assert [text for _, text in blocks(page_of(body))][-1] == "1. Ada Marsh 1958"


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("<a href='https://tickets.example.org/c-7'>the <b>web</b> shop</a>",
         "the web shop (https://tickets.example.org/c-7)"),
        ("<a href='mailto:ada@example.org?subject=x'>Ada</a>", "Ada (ada@example.org)"),
        ("<a href='tel:+4512'>the office</a>", "the office (+4512)"),
        ("<a href='tel:+4512'>+45 12</a>", "+45 12"),
        ("<a href='plan.html'>the plan</a>", "the plan"),
        ("<a href='https://example.org/x'>example.org</a>", "example.org"),
        ("<a href='javascript:x()'>it</a>", "it"),
        ("<a href='https://[bad'>it</a>", "it"),
    ],
)  # fmt: skip
def test_an_address_that_words_do_not_say_is_kept_behind_them(link: str, text: str) -> None:
    assert f"Ask {text}, please." in page_of(f"<main><h1>Castle</h1>{LONG}<p>Ask {link}, please.</p></main>").text


def test_prose_in_pre_is_prose_and_code_is_code() -> None:
    prose = "This text was put into a pre element by a mail program, as it happens.\nIt has sentences, and it is one."
    document = page_of(f"<main><h1>Mail</h1>{LONG}<pre>{prose}</pre><pre>run --fast\nstop();</pre></main>")
    assert blocks(document)[1:] == [("paragraph", prose.replace("\n", " ")), ("code", "run --fast\nstop();")]


# --- text that only scripts contain -----------------------------------------------------------------------------------

BODY = "The lighthouse on the island was sold to a painter, who will open it to visitors in June."


@pytest.mark.parametrize(
    "script",
    [
        f'<script type="application/ld+json">{{"@type": "Article", "articleBody": "{BODY}"}}</script>',
        f'<script type="application/ld+json">[{{"@graph": [{{"author": {{}}, "text": "{BODY}"}}]}}]</script>',
        '<script id="__NEXT_DATA__" type="application/json">{"props": {"page": {"body": "<p>'
        + BODY
        + '</p>", "text": "Menu"}}}</script>',
    ],
)
def test_the_text_of_a_page_that_only_a_script_contains_is_its_text(script: str) -> None:
    page = f"<html><head><title>Sold</title>{script}</head><body><div id=root></div></body></html>"
    document = parse_html("a.html", page.encode())
    assert (document.text.strip(), document.title) == (BODY, "Sold")


@pytest.mark.parametrize(
    "script", ['{"articleBody": ', '{"articleBody": "Short."}', "[" * 2_000, f'{{"name": "{BODY}"}}']
)
def test_scripts_without_a_text_leave_a_page_empty(script: str) -> None:
    with pytest.raises(Empty):
        parse_html("a.html", f'<script type="application/ld+json">{script}</script><div></div>'.encode())


def test_a_page_with_text_of_its_own_keeps_it() -> None:
    script = f'<script type="application/ld+json">{{"articleBody": "{BODY}"}}</script>'
    assert BODY not in parse_html("a.html", f"{script}<p>Bees sleep in winter.</p>".encode()).text


# --- tables whose cells contain blocks --------------------------------------------------------------------------------


def table_of(cell: str) -> str:
    head = "<tr><th>Option</th><th>Meaning</th><th>Since</th></tr>"
    rows = f"<tr><td>-x</td><td>{cell}</td><td>1.2</td></tr><tr><td>-y</td><td>Stops it.</td><td>1.3</td></tr>"
    return page_of(f"<main><h1>Tool</h1>{LONG}<table>{head}{rows}</table></main>").text


def test_a_heading_in_a_cell_does_not_cost_a_table_its_header() -> None:
    assert table_of("<h4>Runs</h4> it at once.").endswith(
        "Option | Meaning | Since\n-x | Runs it at once. | 1.2\n-y | Stops it. | 1.3\n\n"
    )


def test_a_row_with_code_keeps_the_names_of_its_columns_and_the_lines_of_the_code() -> None:
    text = table_of("Runs it: <pre>tool -x\ntool -z</pre>")
    for line in ("Option: -x\n", "Meaning: Runs it:\n", "tool -x\ntool -z\n", "Since: 1.2\n", "-y | Stops it. | 1.3\n"):
        assert line in text
