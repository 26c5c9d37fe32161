"""An article on the screen: what its author meant, with marks at exactly the cited characters, and nothing hostile."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.pictures import PlacedPicture
from qa.text.document import Document, Span
from qa.ui.rendering.article import article_html, part_html, plain_words

FILES = Path(__file__).parents[1] / "files" / "html"
WORD = re.compile(r"[^\W_]{3,}")
GUIDE = """---
title: The guide
---
# The *guide*

Use **bold** and `code \\* here`, see [the **shop**](https://example.org/shop "Shop") or <https://example.org/a>.
A \\*star\\* &amp; an &eacute;; wrapped
line. List<T> and <b>html</b> stay.

> A quotation
> of two lines.

1. First
   - nested **one**
2. Second

   ```python
   def f():
       return 1
   ```

| Room | Price |
|------|------:|
| attic \\| loft | **90** |
| cellar | 50 |

<table><tr><td>cell &lt;1&gt;</td><td>two</td></tr></table>

!!! note "Mind the gap"
    Inside the callout.

[ref] and ![alt text](picture.png)

[ref]: https://example.org/ref
"""


class Read(HTMLParser):
    """What a browser shows: the text, the text in marks of each class, and the tags."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.marks = "", {"qa-passage": "", "qa-cited": ""}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(str(page))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self._open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag, name in self._open:
            if tag == "mark":
                self.marks[name] += data

    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]


def document(text: str, path: str = "guide.md") -> Document:
    return parse(path, text.encode()).documents[0]


def whole(article: Document, passage: Span, *cited: Span) -> Read:
    return Read(article_html(article, Span(0, len(article.text)), passage, cited))


def at(text: str, words: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


def squeezed(text: str) -> str:
    return "".join(text.split())


def bare(text: str) -> str:
    """A text without white space and the bars between cells."""
    return squeezed(text.replace("\\|", "").replace("|", ""))


def test_markdown_is_shown_as_it_is_meant() -> None:
    article = document(GUIDE)
    page = whole(article, at(article.text, "Use **bold**"))
    shown = (
        "Use bold and code \\* here, see the shop or https://example.org/a.", "A *star* & an é; wrapped line.",
        "List<T> and html stay.", "nested one", "def f():\n    return 1", "attic | loft", "cell <1>",
        "Mind the gap", "ref and alt text", "title: The guide",
    )  # fmt: skip
    assert [words for words in shown if words not in page.text] == []
    for hidden in ("**", "`", "](", "|---", "![", "<b>", "!!!", "[ref]:"):
        assert hidden not in page.text
    assert {"h3", "em", "strong", "code", "blockquote", "ol", "ul", "li", "pre", "table", "th", "td", "p"} <= {
        *page.names()
    }
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["https://example.org/shop", "https://example.org/a", "https://example.org/ref"]


@pytest.mark.parametrize(
    ("cited", "shown"),
    [
        ("Use **bold**", "Use bold"),
        ("**shop**", "shop"),
        ("https://example.org/shop", "the shop"),  # the address itself is not shown: its words stand for it
        ("A \\*star\\* &amp; an &eacute;; wrapped\nline", "A *star* & an é; wrapped line"),
        ("two lines", "two lines"),
        ("nested **one**\n2. Second", "nested oneSecond"),
        ("return 1", "return 1"),
        ("attic \\| loft | **90**", "attic | loft90"),
        ("cell &lt;1&gt;</td><td>two", "cell <1>two"),
        ("Inside the callout", "Inside the callout"),
        ("Mind the gap", "Mind the gap"),
        ("alt text", "alt text"),
        ("title: The guide", "title: The guide"),
    ],
)
def test_marks_are_at_exactly_the_cited_words(cited: str, shown: str) -> None:
    article = document(GUIDE)
    span = at(article.text, cited)
    assert whole(article, Span(0, 0), span).marks == {"qa-passage": "", "qa-cited": shown}
    assert whole(article, span).marks == {"qa-passage": shown, "qa-cited": ""}


def test_what_is_cited_but_hidden_is_shown_as_it_was_written() -> None:
    article = document("Some text.\n\n<!-- a secret remark -->\n\nMore text.\n")
    page = whole(article, Span(0, 0), at(article.text, "secret"))
    assert page.marks["qa-cited"] == "secret"


def fixtures() -> list[Path]:
    shared = Path(__file__).parents[3] / "shared" / "articles"
    files = [*sorted(FILES.glob("*.html")), *sorted((Path(__file__).parents[2] / "docs").glob("*.md"))]
    return files + sorted(shared.rglob("*.md"))[::10] + sorted(shared.rglob("*.html"))[:4]


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.name)
def test_every_word_of_an_article_is_shown_in_order_and_marked_when_it_is_cited(path: Path) -> None:
    article = parse(path.name, path.read_bytes()).documents[0]
    text = article.text
    words = [
        word.span()
        for block in article.blocks
        if block.kind != "code"
        for word in WORD.finditer(text, block.span.start, block.span.end)
    ]
    most = max(4, min(30, 150_000 // len(text)))  # each takes a whole page, and the longest articles take a second
    for start, end in words[:: max(len(words) // most, 1)]:
        page = whole(article, Span(start, start), Span(start, end))
        assert page.marks["qa-cited"] == text[start:end] or is_hidden(text, start)
    page = whole(article, Span(0, len(text)))
    assert squeezed(page.marks["qa-passage"]) == squeezed(page.text)  # nothing is shown that is not of the article
    if path.suffix != ".md":
        assert bare(page.text) == bare(re.sub(r"(?m)^- ", "", text))


def indexed_fixtures() -> list[Path]:
    """A file of each format whose articles the index keeps without their blocks."""
    files = Path(__file__).parents[1] / "files"
    office = [path for path in sorted((files / "office").glob("bees*")) if path.suffix not in (".md", ".doc")]
    return [*office, *sorted(FILES.glob("*.html")), files / "pdf" / "hives.pdf", files / "pdf" / "columns.pdf"]


@pytest.mark.parametrize("path", indexed_fixtures(), ids=lambda path: path.name)
def test_an_article_without_its_blocks_shows_every_word_and_marks_exactly_what_is_cited(path: Path) -> None:
    parsed = parse(path.name, path.read_bytes()).documents[0]
    article, text = replace(parsed, blocks=()), parsed.text
    words = [word.span() for word in WORD.finditer(text)]
    for start, end in words[:: max(len(words) // 40, 1)]:
        assert whole(article, Span(start, start), Span(start, end)).marks["qa-cited"] == text[start:end]
    page = whole(article, Span(0, len(text)))
    assert squeezed(page.marks["qa-passage"]) == squeezed(page.text)
    assert bare(page.text) == bare(re.sub(r"(?m)^[ \t]*[-*+•‣◦▪–][ \t]+(?=\S)", "", text))
    if any(block.kind == "table" and len(block.parts) > 1 for block in parsed.blocks):
        assert "td" in page.names()
    if any(block.kind == "list" and text[block.span.start] in "-•–" for block in parsed.blocks):
        assert "li" in page.names()


@pytest.mark.parametrize("path", indexed_fixtures(), ids=lambda path: path.name)
def test_pictures_between_its_blocks_change_neither_words_nor_marks(path: Path) -> None:
    article = replace(parse(path.name, path.read_bytes()).documents[0], blocks=())
    text = article.text
    places = [0, *(gap.end() for gap in re.finditer("\n\n", text)), len(text)]
    pictures = tuple(PlacedPicture(at, f"{at}.png") for at in places[:: max(1, len(places) // 50)])
    span = Span(len(text) // 3, len(text) // 2)

    def read(*placed: PlacedPicture) -> str:
        html = article_html(article, Span(0, len(text)), span, [span], lambda address: address, placed)
        return re.sub("</?(?!mark)[a-z][^>]*>", "", str(html))

    shown = str(article_html(article, Span(0, len(text)), span, [span], lambda address: address, pictures))
    assert re.findall(r'<img src="(\d+)\.png"', shown) == [str(picture.at) for picture in pictures]
    parted = read(*pictures)
    assert squeezed(re.sub("<[^>]+>", "", parted)) == squeezed(re.sub("<[^>]+>", "", read()))
    marks = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", parted, re.DOTALL))
    assert squeezed(marks) == squeezed("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", read(), re.DOTALL)))


def test_settings_and_code_keep_their_lines_and_every_sign() -> None:
    text = "a:\n  - b | c\n  - d | e\n"
    for path in ("x.yaml", "x.py", "x.log"):
        assert str(whole_html(path, text)) == f'<pre class="qa-lines">{text.rstrip()}</pre>'
    assert str(whole_html("x.txt", f"  {text}")) == f'<p class="qa-lines">  {text.rstrip()}</p>'
    assert str(whole_html("x.docx", "a | b\n1 | 2\n\nOne a | b.")) == (
        '<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table><p class="qa-lines">One a | b.</p>'
    )


def whole_html(path: str, text: str) -> str:
    return str(article_html(Document(path, "", text, (), ()), Span(0, len(text)), Span(0, 0), ()))


def is_hidden(text: str, start: int) -> bool:
    """Whether a word stands in an address or a tag, which are not shown."""
    line = text[text.rfind("\n", 0, start) + 1 : text.find("\n", start)]
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return (
        bool(re.search(r"\]\([^)]*$|\]:[^\n]*$|<[^>]*$|&\w*$|\]\[[^\]]*$|^\s*(?:`{3,}|:{3,}|>\s*\[!)", before))
        or not line
    )


@example("\\1", 0, 1)
@example("1\\:", 0, 2)
@given(st.text(alphabet="ab *_`[]()<>!\\#|-\n.:1&;~\"'", max_size=200), st.integers(0, 200), st.integers(0, 60))
def test_no_text_breaks_the_html_and_marks_hold_only_what_is_cited(text: str, start: int, length: int) -> None:
    article = Document("x.md", "", text, (), ())
    span = Span(min(start, len(text)), min(start + length, len(text)))
    for page in (
        whole(article, span),
        Read(part_html("x.md", text, span, ())),
        Read(part_html("x.txt", text, span, ())),
    ):
        assert {*page.names()} <= {
            "p", "h3", "h4", "h5", "h6", "em", "strong", "s", "code", "a", "ul", "ol", "li", "blockquote", "pre",
            "table", "thead", "tbody", "tr", "th", "td", "mark", "span", "div", "br", "hr", "sup", "sub",
        }  # fmt: skip
        cited = {*span.of(text)} | {"\N{REPLACEMENT CHARACTER}", " "}
        # What a backslash escapes is shown for both, which are marked together.
        cited |= {*text[span.end : span.end + 1]} if span.of(text).endswith("\\") else set()
        # What stands for a link whose address is cited is its words.
        assert {*page.marks["qa-passage"]} <= cited or "](" in text or "&" in text or "]" in text


@pytest.mark.parametrize(
    "hostile",
    ["[x](javascript:alert(1))", "![x](http://example.org/x.png)", "<img src=x onerror=alert(1)>",
     "<a href='javascript:alert(1)'>x</a>", "<script>alert(1)</script>", "<iframe src=x></iframe>",
     "<p onclick=alert(1)>x</p>", "<style>*{display:none}</style>",
     "[x](data:text/html,x)", "<svg onload=alert(1)>", '[x](https://example.org/"onclick="alert(1))'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["x.md", "x.txt"])
def test_nothing_hostile_reaches_the_page(hostile: str, path: str) -> None:
    for text in (hostile, f"Some {hostile} text", f"| a | b |\n|---|---|\n| {hostile} | c |\n"):
        article = Document(path, "", text, (), ())
        for page in (whole(article, Span(0, len(text))), Read(part_html(path, text, Span(0, len(text)), ()))):
            assert not {"script", "img", "iframe", "svg", "style"} & {*page.names()}
            for _, attributes in page.tags:
                assert {*attributes} <= {"class", "href", "target", "rel", "start"}
                assert str(attributes.get("href", "https://")).startswith(("https://", "http://example.org/"))


def test_a_long_article_is_rendered_in_a_moment() -> None:
    text = "".join(
        f"## Part {n}\n\nSome **text** with [a link](https://example.org/{n}) and `code`.\n\n" for n in range(20_000)
    )
    article = Document("x.md", "", text, (), ())
    began = time.process_time()
    article_html(article, Span(500_000, 800_000), Span(600_000, 600_100), ())
    assert time.process_time() - began < 20


@pytest.mark.parametrize("text", ["<div>\n" + "<b>x" * 50_000, ":::image " + 'alt-text="" ' * 24_000])
def test_elements_without_end_and_pictures_without_end_are_rendered_in_a_moment(text: str) -> None:
    began = time.process_time()
    page = Read(part_html("x.md", text, Span(0, len(text)), ()))
    assert time.process_time() - began < 3
    assert squeezed(page.text) == squeezed(re.sub("<[^>]*>", "", text))


def test_parts_of_a_table_and_of_a_list_are_shown_as_such() -> None:
    page = Read(part_html("x.csv", "attic | 90\ncellar | 50", Span(0, 0), (Span(8, 10),)))
    assert page.names() == ["table", "tr", "td", "td", "mark", "tr", "td", "td"]
    assert page.marks["qa-cited"] == "90"
    page = Read(part_html("x.md", "| attic | **90** |", Span(0, 0), ()))
    assert "td" in page.names()
    page = Read(part_html("x.docx", "You need:\n- a key\n- a card", Span(0, 0), ()))
    assert page.names() == ["p", "ul", "li", "li"]
    assert page.text == "You need:a keya card"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It must be longer\nthan that.", ["It must be longer than that."]),
        ("It must be longer\n    than that.", ["It must be longer than that."]),
        ("You need:\n- a veil\n- a smoker", ["You need:", "a veil", "a smoker"]),
        ("1. Light it.\n 2. Blow.\n(a) Wait.", ["1. Light it.", "2. Blow.", "(a) Wait."]),
        ("a | b\n1 | 2", ["a", "b", "1", "2"]),
        ("One.\n\nTwo.\n", ["One.", "Two."]),
    ],
)
def test_lines_that_were_only_wrapped_are_joined(text: str, shown: list[str]) -> None:
    page = str(part_html("x.txt", text, Span(0, 0), ()))
    assert re.findall("<(?:p|li|td)[^>]*>(.*?)</", page) == shown


@pytest.mark.parametrize("path", ["C# guide.md", "#1.markdown", "saved.zip/C#/guide.md"])
def test_a_sign_in_the_name_of_a_file_is_no_record(path: str) -> None:
    assert "strong" in Read(part_html(path, "Use **care**.", Span(0, 0), ())).names()


def test_what_is_read_aloud_has_no_markup() -> None:
    assert (
        plain_words("Use **bold** and\n[a link](https://example.org/).\n\n- `one`\n- two", "x.md")
        == "Use bold and a link. one two"
    )
    assert plain_words("Use **bold**", "x.txt") == "Use **bold**"


def test_a_picture_of_documentation_with_a_description_is_both() -> None:
    text = 'Look:\n\n:::image type="complex" source="media/a.png" alt-text="The dialog.":::\nIt points to line 12.\n'
    text += ":::image-end:::\n"
    article = Document("x.md", "", text, (), ())
    page = whole(article, Span(0, 0), at(text, "It points"))
    assert page.text == "Look:The dialog.It points to line 12." and page.marks["qa-cited"] == "It points to line 12."
    assert whole(article, Span(0, 0), at(text, "image-end")).marks["qa-cited"] == "It points to line 12."
    assert whole(article, Span(0, 0), at(text, "The dialog")).marks["qa-cited"].startswith("The dialog.")


def test_a_picture_of_documentation_is_its_words() -> None:
    text = 'Look:\n\n:::image type="content" source="media/a.png" alt-text="The dialog.":::\n'
    page = whole(Document("x.md", "", text, (), ()), Span(0, 0), at(text, "The dialog"))
    assert page.text == "Look:The dialog."
    assert page.marks["qa-cited"] == "The dialog."  # it covers the whole line
