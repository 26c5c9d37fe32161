"""Pages of a PDF as pictures: the boxes cover exactly the passage."""

from __future__ import annotations

import ctypes
import io
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
import pytest
from conftest import FILES, SHARED, TinyEncoder
from files.make_pdf import lines_at, text_at, written
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from qa.formats import page_picture, page_pictures, page_sizes, page_words
from qa.formats.decoding import Unreadable
from qa.formats.pdf import parse as parsing
from qa.formats.pdf.places import Mark, align
from qa.formats.pictures import Box, PagePicture
from qa.text.document import Document, Span
from qa.text.passages import split

PDFS = FILES / "pdf"
REAL = sorted((SHARED / "articles" / "pdf").glob("*.pdf"))
STEPS = 1_000_000
PROSE = [
    "The bees came through the winter in good order, for the autumn had been",
    "long and the stores were full. In February the keeper weighed each hive and",
    "laid sugar paste on the two lightest of them, as he does in every year.",
]


def parse_pdf(path: str, data: bytes) -> Document:
    return parsing.parse_pdf(path, data).documents[0]


@cache
def characters(data: bytes, page: int) -> list[tuple[str, float, float]]:
    """Each character of a page with the centre of its ink, in fractions of the page as shown."""
    with pypdfium2.PdfDocument(data) as opened:
        shown = opened[page]
        text = shown.get_textpage()
        middles = []
        for index in range(text.count_chars()):
            left, bottom, right, top = text.get_charbox(index)
            x, y = ctypes.c_int(), ctypes.c_int()
            middle = (left + right) / 2, (bottom + top) / 2
            raw.FPDF_PageToDevice(shown.raw, 0, 0, STEPS, STEPS, 0, *middle, x, y)
            middles.append((chr(raw.FPDFText_GetUnicode(text.raw, index)), x.value / STEPS, y.value / STEPS))
        return middles


def under(data: bytes, picture: PagePicture, boxes: tuple[Box, ...]) -> str:
    """The characters under boxes, with a space between those that do not follow each other."""
    text, last = "", -1
    for index, (character, x, y) in enumerate(characters(data, picture.page - 1)):
        inside = any(b.left <= x <= b.left + b.width and b.top <= y <= b.top + b.height for b in boxes)
        if inside or (last == index - 1 and character in "\x02-\r\n "):
            text += character if last == index - 1 else f" {character}"
            last = index
    return text


def words(text: str) -> Counter[str]:
    """The words, with those that a line end broke joined again."""
    return Counter(re.findall(r"[^\W_]+", re.sub("[-\u2010\u00ad\x02]\\s*", "", text)))


def shown(data: bytes, document: Document, passage: Span, *highlights: Span) -> tuple[PagePicture, ...]:
    return page_pictures(data, document.text, document.pages, passage, highlights)


def marked(data: bytes, document: Document, passage: Span) -> str:
    return " ".join(under(data, picture, picture.passage) for picture in shown(data, document, passage))


def span_of(document: Document, text: str, after: int = 0) -> Span:
    start = document.text.index(text, after)
    return Span(start, start + len(text))


@pytest.mark.parametrize("path", [PDFS / "columns.pdf", PDFS / "hives.pdf", *REAL], ids=lambda path: path.stem)
def test_under_the_boxes_of_every_passage_are_its_words_and_no_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.formats.pdf.pages._SHORT_SIDE", 40)  # the boxes are the same, and it is fast
    data = path.read_bytes()
    document = parse_pdf(path.name, data)
    passages = split(document, TinyEncoder().count_tokens, 256)
    assert passages
    for passage in passages:
        wanted, boxed = words(passage.text), words(marked(data, document, passage.span))
        assert (wanted & boxed).total() >= 0.98 * wanted.total(), wanted - boxed
        assert (boxed - wanted).total() < 0.02 * boxed.total(), boxed - wanted


def test_a_highlight_is_boxed_line_by_line() -> None:
    data = written([lines_at(60, 700, PROSE)])
    document = parse_pdf("a.pdf", data)
    (picture,) = shown(data, document, Span(0, len(document.text)), span_of(document, "long and the stores were full."))
    assert len(picture.passage) == 3
    (box,) = picture.highlights
    assert under(data, picture, picture.highlights).split() == ["long", "and", "the", "stores", "were", "full."]
    assert box.left == pytest.approx(60 / 595, abs=0.002)
    assert 0.01 < box.height < 0.02


@pytest.mark.parametrize("which", [0, 1])
def test_a_repeated_sentence_is_boxed_where_it_is_cited(which: int) -> None:
    first = ["Above all, keep the smoker dry and the bee-", "keeping journal up to date."]
    second = ["Above all, keep the smoker dry and the beekeeping journal up to date."]
    lines = [*PROSE, *first, "A line between them that says nothing new.", *second, *PROSE]
    data = written([lines_at(60, 700, lines)])
    document = parse_pdf("a.pdf", data)
    sentence = "Above all, keep the smoker dry and the beekeeping journal up to date."
    starts = [match.start() for match in re.finditer(re.escape(sentence), document.text)]
    assert len(starts) == 2
    (picture,) = shown(data, document, Span(starts[which], starts[which] + len(sentence)))
    line = [3, 6][which]
    assert picture.passage[0].top == pytest.approx((842 - 700 + 13.5 * line) / 842 - 0.011, abs=0.006)
    assert len(picture.passage) == [2, 1][which]


def test_a_passage_that_runs_over_a_page_is_boxed_on_both_without_running_heads() -> None:
    def page(number: int, lines: list[str], y: float) -> bytes:
        head, foot = text_at(60, 800, "The Beekeeper's Yearbook"), text_at(60, 30, f"Page {number}")
        return head + lines_at(60, y, lines) + foot

    last = ["The oldest of the hives stands at the end of the row and was", "built by the grand-"]
    data = written(
        [page(1, [*PROSE, *last], 140), page(2, ["father of the keeper.", "", *PROSE], 760), page(3, PROSE, 700)]
    )
    document = parse_pdf("a.pdf", data)
    sentence = span_of(
        document, "The oldest of the hives stands at the end of the row and was built by the grandfather of the keeper."
    )
    pictures = shown(data, document, sentence)
    assert [picture.page for picture in pictures] == [1, 2]
    one, two = (under(data, picture, picture.passage) for picture in pictures)
    assert words(one) == words(" ".join(last))
    assert words(two) == words("father of the keeper.")


def test_of_many_pages_those_that_answer_are_shown() -> None:
    names = ["Lachner", "Obermaier", "Brandt", "Lindqvist", "Tobin"]
    data = written([text_at(60, 700, f"{name} {name.lower()} keeps bees.") for name in names])
    document = parse_pdf("a.pdf", data)
    whole, last = Span(0, len(document.text)), span_of(document, "Tobin tobin keeps bees.")
    assert [picture.page for picture in shown(data, document, whole)] == [1, 2, 3]
    assert [picture.page for picture in shown(data, document, whole, last)] == [1, 2, 5]


TURNS = {0: "1 0 0 1 60 700", 90: "0 1 -1 0 100 60", 180: "-1 0 0 -1 540 100", 270: "0 -1 1 0 500 780"}


@pytest.mark.parametrize("crop", ["", "/CropBox[40 30 560 812]"])
@pytest.mark.parametrize("turn", TURNS)
def test_on_turned_and_cropped_pages_all_ink_is_in_the_boxes(turn: int, crop: str) -> None:
    lines = b"".join(
        b"BT /F 11 Tf 1 0 0 1 0 %d Tm (%s) Tj ET\n" % (-14 * n, line.encode()) for n, line in enumerate(PROSE)
    )
    data = written([b"q %s cm\n%sQ\n" % (TURNS[turn].encode(), lines)], page_entries=f"/Rotate {turn}{crop}")
    document = parse_pdf("a.pdf", data)
    (picture,) = shown(data, document, Span(0, len(document.text)))
    ink = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L")) < 128
    assert ink.shape == (picture.height, picture.width)
    inside = np.zeros_like(ink)
    for box in picture.passage:
        top, left = box.top * picture.height, box.left * picture.width
        inside[
            int(top) - 1 : int(top + box.height * picture.height) + 2,
            int(left) - 1 : int(left + box.width * picture.width) + 2,
        ] = True
    assert ink.sum() > 1_000 and not (ink & ~inside).any()
    assert len(picture.passage) == 3 and inside.mean() < 0.2
    assert (picture.width < picture.height) == (turn in (0, 180))


def test_cropped_text_has_no_picture() -> None:
    data = written([lines_at(60, 700, PROSE)], page_entries="/CropBox[0 0 595 400]")
    document = parse_pdf("a.pdf", data)
    assert shown(data, document, Span(0, len(document.text))) == ()


def test_words_that_are_not_on_the_page_are_not_boxed_anywhere() -> None:
    data = written([lines_at(60, 700, PROSE)])
    other = "Nobody had expected so many swarms in the lime tree by the library. " * 4
    assert page_pictures(data, other, [Span(0, len(other))], Span(0, len(other)), []) == ()
    document = parse_pdf("a.pdf", data)
    longer = f"{document.text}{other}"
    assert (
        page_pictures(
            data,
            longer,
            [Span(0, len(longer))],
            Span(len(document.text), len(longer)),
            [],
        )
        == ()
    )


def test_spans_of_pages_that_the_file_lacks_have_no_picture() -> None:
    data = written([lines_at(60, 700, PROSE)])
    assert page_pictures(data, "ab", [Span(0, 1), Span(1, 2)], Span(0, 2), []) == ()
    assert page_pictures(data, "ab", [], Span(0, 2), []) == ()


@pytest.mark.parametrize("data", [b"", b"%PDF-1.5 nothing", (PDFS / "locked.pdf").read_bytes()])
def test_an_unopenable_file_gets_a_reason(data: bytes) -> None:
    with pytest.raises(Unreadable):
        page_pictures(data, "ab", [Span(0, 2)], Span(0, 2), [])


@pytest.mark.parametrize("box", ["[0 0 14400 14400]", "[0 0 1 14400]", "[0 0 14400 1]", "[0 0 1 1]", "[0 0 0 0]"])
def test_a_page_of_any_size_makes_a_picture_of_bounded_size(box: str) -> None:
    content = b"BT /F 0.3 Tf 1 0 0 1 0.05 0.3 Tm (beekeeping) Tj ET\n"
    data = written([content]).replace(b"[0 0 595 842]", box.encode())
    for picture in page_pictures(data, "beekeeping", [Span(0, 10)], Span(0, 10), []):
        assert 0 < picture.width * picture.height < 4_000_000
        assert max(picture.width, picture.height) <= 3_001


def test_a_page_of_print_is_sharp_and_small() -> None:
    data = (PDFS / "columns.pdf").read_bytes()
    document = parse_pdf("a.pdf", data)
    (picture,) = shown(data, document, span_of(document, "Concrete came in 1939"))
    assert 1_000 <= picture.width <= 1_200
    assert len(picture.png) < 300_000


# --- positions of words -----------------------------------------------------------------------------------------------

VOCABULARY = ["the", "hive", "honey", "of", "a", "keeper", "swarm", "queen"]
LINES = st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=3, max_size=9), min_size=2, max_size=12)


@given(LINES, st.data())
@settings(max_examples=25)
def test_any_words_of_a_page_are_found_though_they_recur(lines: list[list[str]], data: st.DataObject) -> None:
    flat = [word for line in lines for word in line]
    page = ["Running", "head", *flat, "Page", "7"]
    first = data.draw(st.integers(0, len(flat) - 1))
    last = data.draw(st.integers(first, len(flat) - 1))
    text = " ".join(flat)
    start, end = len(" ".join(flat[:first])) + (first > 0), len(" ".join(flat[: last + 1]))
    marked_words = [mark.word for mark in align(page, text).marks(Span(start, end))]
    assert marked_words == list(range(first + 2, last + 3))


@pytest.mark.parametrize(
    ("page", "text", "wanted"),
    [
        (["the", "bee-", "keeping", "journal"], "the beekeeping journal", [0, 1, 2, 3]),
        (["the", "bee-", "Page 3", "keeping", "journal"], "the beekeeping journal", [0, 1, 3, 4]),
        (["the", "well-", "known", "journal"], "the well-known journal", [0, 1, 2, 3]),
        (["bee\u00adkeeping", "journal"], "beekeeping journal", [0, 1]),
        (["costs", "$", "1,240", "euros"], "costs | $ 1,240 | euros", [0, 1, 2, 3]),
        (["•", "dry", "smoker", "wood"], "- dry smoker wood", [1, 2, 3]),
        (["Introduction.......5", "Conclusion.......9"], "Introduction … 5 Conclusion … 9", [0, 1]),
    ],
)
def test_words_changed_by_the_extraction_are_located(page: list[str], text: str, wanted: list[int]) -> None:
    assert [mark.word for mark in align(page, text).marks(Span(0, len(text)))] == wanted


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("Honey report 7 Honey report was long and good", range(3, 9)),
        ("Honey report was long and good 7 and good", range(6)),
    ],
)
def test_a_running_header_that_repeats_the_text_is_not_mistaken_for_it(page: str, wanted: range) -> None:
    text = "Honey report was long and good"
    assert [mark.word for mark in align(page.split(), text).marks(Span(0, len(text)))] == list(wanted)


def test_a_part_of_a_word_is_marked_as_a_part() -> None:
    alignment = align(["swarms.Bees", "sleep"], "swarms.Bees sleep")
    assert alignment.marks(Span(0, 7)) == [Mark(0, 0.0, 7 / 11)]
    assert alignment.marks(Span(7, 17)) == [Mark(0, 7 / 11, 1.0), Mark(1)]


def test_a_chance_word_is_not_a_match() -> None:
    page = ["the", "keeper", "weighed", "each", "hive", "and", "laid", "sugar", "paste", "on", "them"]
    assert align(page, "nobody had expected the swarm that hung in a tree and left").marks(Span(0, 60)) == []


@pytest.mark.parametrize("path", [PDFS / "columns.pdf", PDFS / "hives.pdf", *REAL[:2]], ids=lambda path: path.stem)
def test_every_page_has_all_its_words_and_the_boxes_that_its_citations_have(path: Path) -> None:
    data = path.read_bytes()
    document = parse_pdf(path.name, data)
    assert len(page_sizes(data)) == len(document.pages)
    for number in range(min(len(document.pages), 4)):
        page = document.pages[number].trimmed(document.text)
        middle = (page.start + page.end) // 2
        cited = Span(middle, min(page.end, middle + 200)).trimmed(document.text)
        found = page_words(data, number, document.text, document.pages, [cited, Span(0, 0)])
        printed = Counter(word for text, _, _ in [("".join(c for c, _, _ in characters(data, number)), 0, 0)]
                          for word in re.findall(r"[^\W_]{2,}", text))  # fmt: skip
        read = Counter(word for placed in found.words for word in re.findall(r"[^\W_]{2,}", placed.text))
        assert sum((printed & read).values()) >= 0.95 * sum(printed.values())
        pictures = {one.page - 1: one for one in page_pictures(data, document.text, document.pages, cited, [])}
        if number in pictures:
            assert found.marks == (pictures[number].passage, ())


def test_a_word_of_a_page_is_where_its_letters_are() -> None:
    data = (PDFS / "hives.pdf").read_bytes()
    document = parse_pdf("hives.pdf", data)
    found = page_words(data, 0, document.text, document.pages, [])
    for placed in found.words:
        box = placed.box
        inside = "".join(
            character
            for character, x, y in characters(data, 0)
            if box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
        )
        assert re.sub(r"\W", "", placed.text) in re.sub(r"\W", "", inside)
    assert [placed.line for placed in found.words] == sorted(placed.line for placed in found.words)


def test_a_page_is_drawn_as_large_as_it_is_wanted() -> None:
    data = (PDFS / "hives.pdf").read_bytes()
    for side in (200, 600):
        image = Image.open(io.BytesIO(page_picture(data, 0, side)))
        assert abs(min(image.size) - side) <= 1
