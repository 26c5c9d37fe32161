"""Where the pictures of web pages and e-books stand in the text that was read from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import FILES
from corpora import illustrated_book
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import contained_picture, parse, placed_pictures
from qa.formats.decoding import Unreadable
from qa.formats.pictures import PlacedPicture

PAGE = """<!doctype html><html><head><title>The mill</title></head><body>
<header><img src="logo.png"><h1>The mill at the weir</h1></header>
<nav><a href="/">Home</a><img src="home.png"></nav>
<article>
<p>The wheel of the mill turns with the water of the weir, which is <img src="files/weir%20low.png" alt="The weir"> low
in August and high in March, when the snow melts.</p>
<ol><li>Open the sluice by hand.</li><li>Wait until the wheel turns.</li><li>Close the hopper.</li></ol>
<figure><img data-src="files/wheel.jpg?w=300" src="data:image/gif;base64,R0lGOD">
<figcaption>The old wheel.</figcaption></figure>
<h2>The stones</h2>
<p>Two stones grind the corn, and the upper one, the runner, is dressed each winter by a man with a pick.</p>
<img srcset="files/stone.webp 1x, files/stone2.webp 2x">
</article>
<footer><img src="foot.png">Imprint and other words</footer></body></html>"""


def before(text: str, at: int) -> str:
    """The end of the block before a place in a text."""
    assert at == len(text) or text[at - 2 : at] == "\n\n" or at == 0
    return text[:at].rstrip()[-11:]


def test_a_picture_stands_behind_the_block_in_which_or_after_which_the_page_shows_it() -> None:
    text = parse("mill.html", PAGE.encode()).documents[0].text
    pictures = placed_pictures(PAGE.encode(), text)
    assert [(before(text, one.at), one.address, one.words) for one in pictures] == [
        ("snow melts.", "files/weir%20low.png", "The weir"),
        ("the hopper.", "files/wheel.jpg?w=300", ""),
        ("ith a pick.", "files/stone.webp", ""),
    ]


def test_a_picture_whose_place_is_in_doubt_is_left_out() -> None:
    row = "<p>The same words stand here again, and nobody can tell them apart.</p><img src='a.png'>"
    page = f"<html><body><article><h1>Rows</h1>{row * 3}</article></body></html>".encode()
    text = parse("rows.html", page).documents[0].text
    assert text.count("The same words") == 3
    (first,) = placed_pictures(page, text)  # behind the heading, only the first one can be told apart
    assert first.at == text.index("The same words", 20)
    assert placed_pictures(PAGE.encode(), "Quite another text, in which none of these words stand.") == []


def test_the_pictures_of_an_e_book_are_parts_of_it() -> None:
    data = illustrated_book(b"\x89PNG\r\n\x1a\npicture")
    text = parse("bees.epub", data).documents[0].text
    (picture,) = placed_pictures(data, text)
    assert picture == PlacedPicture(text.index("A hive"), "OEBPS/img/hive one.png")
    assert contained_picture(data, picture.address) == b"\x89PNG\r\n\x1a\npicture"
    with pytest.raises(Unreadable, match="no such picture"):
        contained_picture(data, "OEBPS/img/other.png")
    with pytest.raises(Unreadable, match="damaged"):
        contained_picture(b"PK no archive", "a.png")


@pytest.mark.parametrize("path", sorted(FILES.glob("html/*.html")), ids=lambda path: path.name)
def test_every_place_is_at_the_edge_of_a_block(path: Path) -> None:
    data = path.read_bytes()
    text = parse(path.name, data).documents[0].text
    for picture in placed_pictures(data, text):
        before(text, picture.at)


@given(st.binary(max_size=300), st.text(max_size=100))
def test_no_bytes_fail_otherwise_than_as_unreadable(data: bytes, text: str) -> None:
    for given_bytes in (data, b"PK" + data, b"<img src=a.png>" + data):
        try:
            assert all(0 <= one.at <= len(text) for one in placed_pictures(given_bytes, text))
        except ValueError as error:  # Unreadable and Empty
            assert type(error).__module__.startswith("qa.")
