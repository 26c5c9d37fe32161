"""What the addresses of articles give, to whom, and what they never give."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from conftest import FILES, TinyEncoder
from corpora import illustrated_book, write
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from qa.build import build
from qa.config import Config
from qa.corpus.snapshot import snapshot
from qa.engine import Engine
from qa.text.document import Document, Span
from qa.ui.rendering.article import PART, article_html, article_parts
from qa.ui.sources.articles import Articles
from qa.ui.sources.originals import shown_as
from qa.ui.sources.pictures import picture_urls

GUIDE = """# Guide

![The attic](media/attic%20room.png)

The key hangs **behind** the door.

## Water

Turn the tap.
"""
LONG = "".join(f"## Part {n}\n\nHere stands number {n} of **many** parts.\n\n" for n in range(6_000))
MILL = """<article><h1>The mill</h1><p>The wheel of the mill turns with the water of the weir.</p>
<img src="media/attic%20room.png" alt="The weir &lt;b&gt;"><img src="https://example.org/a.png">
<img src="media/fake.svg">
<p>Two stones grind the corn, and the upper one is dressed each winter by a man with a pick.</p></article>"""
HTML = "<h1>Bees</h1><p>Bees sleep in winter, all of them.</p><script>alert(1)</script>"


SAVED = """<article><h1>The ferry</h1><p>The ferry sails again from Monday, at six in the morning.</p>
<img src="../boat?id=3"><img src="https://elsewhere.example/left-out.png">
<p>Its captain has crossed the water a thousand times without a scratch.</p><img src="cid:fake@mail"></article>"""


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("articles")
    corpus = root / "corpus"
    fake = b"<svg onload=alert(1)>"
    parts = [("https://example.org/boat?id=3", "image/png", png("teal")), ("cid:fake@mail", "image/png", fake)]
    files: dict[str, str | bytes] = {
        "guide.md": GUIDE,
        "long.md": LONG,
        "bees.html": HTML,
        "mill.html": MILL,
        "bees.epub": illustrated_book(png("teal")),
        "ferry.mhtml": snapshot("https://example.org/news/ferry", "Ferry", SAVED.encode(), "", datetime.now(), parts),
        "fake.epub": illustrated_book(b"<svg onload=alert(1)>"),
        "media/attic room.png": png(),
        "media/fake.png": b"<svg onload=alert(1)>",
        "latin.txt": "Gr\xfc\xdfe".encode("latin-1"),
        "hives.pdf": (FILES / "pdf" / "hives.pdf").read_bytes(),
    }
    write(corpus, files)
    (root / "secret.md").write_text("Nobody reads this.", "utf-8")
    (corpus / "way out.md").symlink_to(root / "secret.md")
    (corpus / ".hidden.md").write_text("# Hidden", "utf-8")
    config = Config(corpus=corpus, index=root / "index")
    build(config, TinyEncoder())
    (corpus / "keys.dat").write_text("secret", "utf-8")
    build(config, TinyEncoder())
    (corpus / "new.md").write_text("# New\n\nNot in the index yet.", "utf-8")
    with Engine.open(config, TinyEncoder()) as engine:
        yield engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    articles = Articles(engine, lambda cookies: cookies.get("known") != "no")
    yield TestClient(articles, raise_server_exceptions=True)
    articles.close()


def get(client: TestClient, name: str, **query: Any) -> Any:
    return client.get(f"/articles/{name}", params=query)


def marked(html: str) -> list[str]:
    return [re.sub("<[^>]+>", "", words) for words in re.findall(r"<mark[^>]*>(.*?)</mark>", html)]


def test_an_article_opens_at_any_words(client: TestClient) -> None:
    start = GUIDE.index("The key")
    given = get(client, "text", path="guide.md", at=f"{start}-{start + 34}", mark=f"{start + 4}-{start + 7}").json()
    assert given["title"] == "Guide" and given["path"] == "guide.md"
    assert marked(given["html"]) == ["The ", "key", " hangs ", "behind", " the door."]
    assert '<mark class="qa-cited" data-mark=1>key</mark>' in given["html"]
    whole = get(client, "text", path="guide.md").json()["html"]
    assert not marked(whole) and "Turn the tap." in whole


def test_a_link_to_words_that_an_article_has_no_longer_says_so(client: TestClient) -> None:
    html = get(client, "text", path="guide.md", at="10-99999").json()["html"]
    assert "The article has changed since this link was made" in html and not marked(html)


def test_a_link_opens_after_a_folder_was_added_or_left_out(tmp_path: Path, tiny: TinyEncoder) -> None:
    write(tmp_path / "notes", {"bees.md": HTML, "deep/cats.md": GUIDE, "same.md": "# One\n\nOne of two."})
    write(tmp_path / "work", {"ants.md": GUIDE, "same.md": "# Two\n\nTwo of two."})
    folders = tuple((name, tmp_path / name) for name in ("notes", "work"))

    def opened(config: Config, *paths: str) -> list[str]:
        build(config, tiny)
        with Engine.open(config, tiny) as engine:
            client = TestClient(articles := Articles(engine, lambda _: True))
            found = [get(client, "text", path=path).json().get("path", "") for path in paths]
            articles.close()
        return found

    several = Config(folders[0][1], tmp_path / "index", folders=folders)
    asked = ["bees.md", "deep/cats.md", "ants.md", "same.md", "notes/same.md", "x.md"]
    assert opened(several, *asked) == ["notes/bees.md", "notes/deep/cats.md", "work/ants.md", "", "notes/same.md", ""]
    asked = ["notes/bees.md", "notes/deep/cats.md", "deep/cats.md", "notes/x.md"]
    assert opened(Config(folders[0][1], tmp_path / "index"), *asked) == ["bees.md", "deep/cats.md", "deep/cats.md", ""]


def test_the_parts_of_a_long_article_are_all_of_it_in_order(client: TestClient) -> None:
    start = LONG.index("number 4000")
    query = {"path": "long.md", "at": f"{start}-{start + 11}"}
    opened = get(client, "text", **query).json()["html"]
    assert marked(opened) == ["number 4000"]
    numbers: list[str] = []
    parts = 0
    while (part := get(client, "part", number=parts, **query)).status_code == 200:
        numbers += re.findall(r"stands (?:<mark[^>]*>)?number (\d+)", part.json()["html"])
        parts += 1
    assert numbers == [str(n) for n in range(6_000)]
    assert parts == len(article_parts(Document("long.md", "", LONG, (), ())))
    assert part.status_code == 404


def test_what_a_browser_has_already_is_not_sent_again(client: TestClient) -> None:
    for name in ("text", "part"):
        tag = get(client, name, path="guide.md").headers["etag"]
        again = client.get(f"/articles/{name}", params={"path": "guide.md"}, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert get(client, name, path="guide.md", at="0-5").headers["etag"] != tag


def test_a_picture_of_an_article_is_shown_and_nothing_that_only_looks_like_one(client: TestClient) -> None:
    html = get(client, "text", path="guide.md").json()["html"]
    (address,) = re.findall(r'<img src="([^"]+)" alt=""', html)
    given = client.get(f"/{address}")
    assert given.content == png() and given.headers["content-type"] == "image/png"
    assert "sandbox" in given.headers["content-security-policy"]
    assert get(client, "image", path="media/fake.png").status_code == 404
    assert get(client, "image", path="guide.md").status_code == 404


def test_the_pictures_of_a_page_stand_between_its_paragraphs_and_change_no_mark(
    client: TestClient, engine: Engine
) -> None:
    text = engine.document("mill.html").text  # type: ignore[union-attr]
    start = text.index("The wheel")
    html = get(
        client, "text", path="mill.html", at=f"{start}-{len(text.rstrip())}", mark=f"{start}-{start + 9}"
    ).json()["html"]
    ((before, address, words),) = re.findall(r'>([^<]*)</mark></p><p><img src="([^"]+)" alt="([^"]*)"', html)
    assert before.endswith("the water of the weir.") and words == "The weir &lt;b&gt;"
    assert client.get(f"/{address}").content == png()
    assert marked(html)[0] == "The wheel" and "".join(marked(html)).startswith("The wheel of the mill")
    assert "man with a pick." in marked(html)[-1]


def test_pictures_in_an_e_book_are_shown_if_they_are_some(client: TestClient) -> None:
    html = get(client, "text", path="bees.epub").json()["html"]
    (address,) = re.findall(r'<p><img src="([^"]+)" alt=""', html)
    given = client.get("/" + unescape(address))
    assert given.content == png("teal") and given.headers["content-type"] == "image/png"
    assert "sandbox" in given.headers["content-security-policy"]
    tag = given.headers["etag"]
    assert client.get("/" + unescape(address), headers={"if-none-match": tag}).status_code == 304
    assert get(client, "image", path="fake.epub", part="OEBPS/img/hive one.png").status_code == 404
    for part in ("OEBPS/book.opf", "OEBPS/text/a.xhtml", "../secret.md", "missing.png"):
        assert get(client, "image", path="bees.epub", part=part).status_code == 404, part
    for path in ("guide.md", "mill.html", "no.epub", "keys.dat"):
        assert get(client, "image", path=path, part="media/attic room.png").status_code == 404, path


def test_pictures_in_a_page_that_was_saved_whole_are_shown_if_they_are_some(client: TestClient) -> None:
    html = get(client, "text", path="ferry.mhtml").json()["html"]
    first, second = re.findall(r'<img src="([^"]+)"', html)
    assert client.get("/" + unescape(first)).content == png("teal")
    assert client.get("/" + unescape(second)).status_code == 404  # it only claims to be one
    assert "sandbox" in client.get("/" + unescape(first)).headers["content-security-policy"]
    for part in ("0.png", "99.png", "../secret.md", "1.html"):
        assert get(client, "image", path="ferry.mhtml", part=part).status_code == 404, part


def test_a_page_that_has_changed_shows_no_pictures_of_then(client: TestClient, engine: Engine) -> None:
    path = engine.config.corpus / "bees.epub"
    data = path.read_bytes()
    path.write_bytes(illustrated_book(png("blue")))
    try:
        assert get(client, "image", path="bees.epub", part="OEBPS/img/hive one.png").status_code == 404
    finally:
        path.write_bytes(data)


@pytest.mark.parametrize(
    "address",
    ["https://example.org/a.png", "//example.org/a.png", "data:image/png;base64,AAAA", "../secret.png", "missing.png",
     "../../etc/passwd", "notes.md", "a.svg", "", "http://[", "media/\0.png", "javascript:alert(1).png"],
)  # fmt: skip
def test_no_picture_is_loaded_from_elsewhere(address: str) -> None:
    assert picture_urls("notes/a.md", {"notes/b.png", "notes/notes.md", "notes/a.svg"})(address) is None


def test_pictures_are_found_from_their_article_or_from_the_folder() -> None:
    urls = picture_urls("notes/a.md", {"notes/b c.png", "d.png", "e.jpg"})
    assert urls("b%20c.png") == urls("./b c.png?x=1#y") == "articles/image?path=notes%2Fb%20c.png"
    assert urls("../d.png") == urls("/d.png") == "articles/image?path=d.png"
    assert urls("..\\e.jpg") == "articles/image?path=e.jpg"


def test_originals_are_shown_only_if_they_can_do_no_harm(client: TestClient) -> None:
    shown = {
        "guide.md": ("text/plain; charset=utf-8", "inline"),
        "latin.txt": ("text/plain", "inline"),
        "hives.pdf": ("application/pdf", "inline"),
        "media/attic room.png": ("image/png", "inline"),
        "bees.html": ("application/octet-stream", "attachment"),
        "media/fake.png": ("application/octet-stream", "attachment"),
    }
    for path, (kind, how) in shown.items():
        given = get(client, "file", path=path)
        assert given.headers["content-type"] == kind, path
        assert given.headers["content-disposition"].startswith(f"{how}; filename*=UTF-8''"), path
        assert "default-src 'none'" in given.headers["content-security-policy"]
    assert get(client, "file", path="bees.html").content == HTML.encode()
    assert "attic%20room.png" in get(client, "file", path="media/attic room.png").headers["content-disposition"]


@given(
    st.sampled_from([".html", ".xhtml", ".svg", ".xml", ".mhtml", ".eml", ".js", ".docx", ""]), st.binary(max_size=40)
)
def test_nothing_that_may_contain_a_script_is_ever_inline(extension: str, data: bytes) -> None:
    assert not shown_as(f"a{extension}", b"%PDF-" + data).inline


@pytest.mark.parametrize("name", ["text", "part", "pages", "page", "words", "image", "file"])
@pytest.mark.parametrize(
    "path",
    ["", "missing.md", "../secret.md", "way out.md", "/etc/passwd", ".hidden.md", "new.md", "media", "a\0b",
     "./guide.md", "keys.dat", "index/CURRENT", "guide.md/../guide.md"],
)  # fmt: skip
def test_only_what_the_index_names_is_given(client: TestClient, name: str, path: str) -> None:
    given = get(client, name, path=path)
    assert given.status_code == 404, given.text
    assert given.json()["error"].count(":") == 1  # what is wrong, and what to do


@pytest.mark.parametrize("at", ["", "5", "9-3", "-1-4", "a-b", "1-2-3", "1-9999999999", "١-٢"])
def test_words_that_are_not_named_rightly_are_refused(client: TestClient, at: str) -> None:
    assert get(client, "text", path="guide.md", at=at).status_code == 400
    assert get(client, "text", path="guide.md", mark=at).status_code == 400


def test_a_number_that_is_none_is_refused(client: TestClient) -> None:
    for number in ("-1", "x", "", "1e3", "9999999"):
        assert get(client, "part", path="guide.md", number=number).status_code == 400


def test_pages_are_given_with_their_sizes_pictures_and_words(client: TestClient, engine: Engine) -> None:
    document = engine.document("hives.pdf")
    assert document is not None
    sizes = get(client, "pages", path="hives.pdf").json()["sizes"]
    assert len(sizes) == len(document.pages) and all(side > 100 for size in sizes for side in size)
    drawn = get(client, "page", path="hives.pdf", number=0, width=500)
    assert drawn.headers["content-type"] == "image/png"
    assert min(Image.open(io.BytesIO(drawn.content)).size) in range(595, 606)
    page = document.pages[0].trimmed(document.text)
    cited = Span(page.start, min(page.start + 60, page.end))
    words = get(client, "words", path="hives.pdf", number=0, mark=f"{cited.start}-{cited.end}").json()
    assert words["passage"] == [] and len(words["marks"]) == 1 and words["marks"][0]
    assert len(words["words"]) > 20
    assert get(client, "words", path="hives.pdf", number=len(sizes)).status_code == 404
    assert get(client, "pages", path="guide.md").status_code == 404


def test_a_changed_file_has_no_pages_and_says_that_it_changed(client: TestClient, engine: Engine) -> None:
    path = engine.config.corpus / "hives.pdf"
    data = path.read_bytes()
    try:
        path.write_bytes(data + b"\n")
        assert get(client, "page", path="hives.pdf").status_code == 404
        assert "rebuild the index" in get(client, "text", path="hives.pdf").json()["html"]
        assert get(client, "file", path="hives.pdf").content == data + b"\n"
    finally:
        path.write_bytes(data)


def test_nobody_reads_without_the_log_in_that_the_chat_needs(client: TestClient, engine: Engine) -> None:
    assert client.get("/articles/text?path=guide.md", headers={"cookie": "known=no"}).status_code == 401
    for name in ("part", "pages", "page", "words", "image", "file", "other"):
        assert client.get(f"/articles/{name}?path=guide.md", headers={"cookie": "known=no"}).status_code == 401


def test_other_methods_and_addresses_are_refused(client: TestClient) -> None:
    refused = client.post("/articles/text?path=guide.md")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert client.get("/articles/other?path=guide.md").status_code == 404


@settings(max_examples=10)
@given(st.text(alphabet="ab #*-|\n`>", min_size=1, max_size=400))
def test_the_parts_of_any_article_cover_it_without_gap(text: str) -> None:
    whole = text * (2 * PART // len(text) + 60_000 // len(text))
    for path in ("x.md", "x.txt"):
        parts = article_parts(Document(path, "", whole, (), ()))
        assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
        assert parts[-1].end == len(whole)


def test_what_is_cited_is_marked_in_its_part_alone(tmp_path: Path) -> None:
    document = Document("long.md", "", LONG, (), ())
    parts = article_parts(document)
    start = parts[1].start + LONG[parts[1].start :].index("number")
    pages = [article_html(document, part, Span(0, 0), [Span(3, 7), Span(start, start + 6)]) for part in parts]
    assert [marked(page) for page in pages] == [["Part"], ["number"], *([] for _ in parts[2:])]
    assert "data-mark=2" in pages[1]
    assert all(len(part) <= 2 * PART for part in parts)
