"""PDF: the words of its pages in reading order, with their headings, lists, tables and page numbers."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import FILES, TinyEncoder
from files.hostile_pdf import without_letters
from files.make_pdf import SCAN, assembled, image, lines_at, text_at, written
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats.decoding import Empty, Unreadable
from qa.formats.pdf import file as module
from qa.formats.pdf import parse as parsing
from qa.formats.pdf.pieces import joined
from qa.formats.pdf.properties import coverage
from qa.formats.pdf.words import Fault
from qa.text.document import Document
from qa.text.passages import split

PDFS = FILES / "pdf"
PROSE = [
    "The bees came through the winter in good order, for the autumn had been",
    "long and the stores were full. In February the keeper weighed each hive and",
    "laid sugar paste on the two lightest of them, as he does in every year.",
]
MORE = [
    "Nobody had expected so many swarms. Three of them hung in the lime tree by",
    "the library, and one moved into the chimney of the school, where it stayed",
    "until the sweep came.",
]


def parse_pdf(path: str, data: bytes) -> Document:
    return parsing.parse_pdf(path, data).documents[0]


class Words(HTMLParser):
    """The words of a page's body, in the order in which a person reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.inside = False

    def handle_starttag(self, tag: str, _: object) -> None:
        self.inside = self.inside or tag == "body"
        self.shown += "\n" if tag in {"p", "h1", "h2", "h3", "li", "tr", "td", "th"} else ""

    def handle_data(self, data: str) -> None:
        self.shown += data if self.inside else ""


def source_text(name: str) -> str:
    reader = Words()
    reader.feed((PDFS / f"{name}.html").read_text("utf-8"))
    return reader.shown


def words(text: str) -> list[str]:
    return re.findall(r"[\w.,-]*\w", text)


@cache
def read(name: str) -> Document:
    return parse_pdf(f"{name}.pdf", (PDFS / f"{name}.pdf").read_bytes())


def pdf_of(*pages: bytes, **more: object) -> Document:
    return parse_pdf("made.pdf", written(pages, **more))  # type: ignore[arg-type]


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(document.text)) for block in document.blocks]


def paths(document: Document) -> list[tuple[str, ...]]:
    return [section.path for section in document.sections if section.path]


# --- printed articles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hives", "columns"])
def test_the_words_of_the_source_are_found_in_its_order(name: str) -> None:
    wanted, actual = words(source_text(name)), words(read(name).text)
    common = Counter(wanted) & Counter(actual)
    assert common.total() >= 0.97 * len(wanted)
    assert common.total() >= 0.97 * len(actual)
    paragraphs = [" ".join(line.split()) for line in source_text(name).splitlines() if len(line.split()) > 12]
    places = [read(name).text.find(paragraph[-60:]) for paragraph in paragraphs]
    assert sum(place >= 0 for place in places) >= 0.9 * len(places)
    kept = [place for place in places if place >= 0]
    assert kept == sorted(kept)


def test_headings_of_the_outline_make_the_sections() -> None:
    assert read("hives").title == "A year at the town hall hives"
    assert paths(read("hives")) == [
        ("Spring build-up",),
        ("Spring build-up", "Inspections"),
        ("Spring build-up", "Equipment"),
        ("Honey harvest",),
        ("Winter losses",),
        ("Recommendations",),
    ]


def test_running_headers_and_page_numbers_are_left_out() -> None:
    text = read("hives").text
    assert "Rooftop Quarterly" not in text
    assert "Page 2" not in text
    assert not re.search(r"^\d+$", text, re.MULTILINE)


def test_passages_know_their_page(tiny: TinyEncoder) -> None:
    document = read("hives")
    assert len(document.pages) == 3
    pages = {}
    for passage in split(document, tiny.count_tokens, 256):
        for word in ("sparingly", "patience", "Recommendations", "renewed for ten years", "Oxalic"):
            if word in passage.text:
                pages[word] = passage.page
    starts = {word: document.text.index(word) for word in ("sparingly", "patience", "renewed for ten years")}
    true = {"sparingly": 2, "patience": 1, "renewed for ten years": 3}
    for word, start in starts.items():
        assert document.pages[true[word] - 1].start <= start < document.pages[true[word] - 1].end
        assert pages[word] == true[word]


def test_dots_that_a_browser_draws_make_a_list() -> None:
    (listed,) = [text for kind, text in blocks(read("hives")) if kind == "list"]
    assert listed.startswith("- eggs, which prove")
    assert len(listed.splitlines()) == 4
    assert "a patchy pattern is the first sign that something is wrong with the queen;" in listed


def test_a_table_reads_row_by_row() -> None:
    (table,) = [text for kind, text in blocks(read("hives")) if kind == "table"]
    assert table.splitlines() == [
        "Hive | 2021 | 2022 | 2023",
        "North corner | 11.5 | 14.0 | 22.5",
        "South corner | 9.0 | 12.5 | 19.0",
        "Beside the lift shaft | 7.5 | 13.0 | 17.5",
        "White hive | 10.0 | 8.5 | 21.0",
    ]


def test_columns_are_read_one_after_the_other() -> None:
    text = read("columns").text
    heads = ["The harbour has had", "The first tower was", "Nevertheless", "Concrete came", "Automation", "stay ashore"]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert read("columns").title == "Keeping the lights of the northern harbour burning through a century of storms"
    assert ("Automation",) in paths(read("columns"))


def test_words_broken_at_line_ends_are_whole() -> None:
    text = read("columns").text
    assert not re.search(r"[-‐\u00ad]\s", text)
    for word in ("satisfactory", "electric light", "fibreglass", "well-known", "light-emitting", "twenty-six"):
        assert word in text


# --- small pages ------------------------------------------------------------------------------------------------------


def test_paragraphs_end_at_wider_spaces_indents_and_short_lines() -> None:
    spaced = lines_at(60, 750, PROSE) + lines_at(60, 690, MORE)
    assert len(pdf_of(spaced).blocks) == 2
    indented = [
        lines_at(75, y, lines[:1]) + lines_at(60, y - 13.5, lines[1:]) for y, lines in ((750, PROSE), (709.5, MORE))
    ]
    assert len(pdf_of(b"".join(indented)).blocks) == 2
    assert [text[:6] for _, text in blocks(pdf_of(lines_at(60, 750, [*MORE, *PROSE])))] == ["Nobody", "The be"]


def test_a_paragraph_continues_on_the_next_page_only_in_mid_sentence() -> None:
    one = pdf_of(lines_at(60, 750, PROSE[:2]), lines_at(60, 750, PROSE[2:]))
    assert [text for _, text in blocks(one)] == [" ".join(PROSE)]
    two = pdf_of(lines_at(60, 750, PROSE), lines_at(60, 750, MORE))
    assert len(two.blocks) == 2
    assert two.pages[1].start == two.blocks[1].span.start


def test_large_or_bold_lines_are_headings_without_an_outline() -> None:
    page = text_at(60, 780, "Bees in town", 20, "B") + text_at(60, 750, "Winter", 11, "B") + lines_at(60, 733, PROSE)
    page += text_at(60, 680, "Swarms", 11, "B") + lines_at(60, 663, MORE)
    document = pdf_of(page)
    assert document.title == "Bees in town"
    assert paths(document) == [("Winter",), ("Swarms",)]


def test_the_outline_names_headings_that_look_like_text() -> None:
    page = (
        lines_at(60, 780, ["Winter"])
        + lines_at(60, 750, PROSE)
        + lines_at(60, 690, ["Swarms"])
        + lines_at(60, 660, MORE)
    )
    assert paths(pdf_of(page)) == []
    assert paths(pdf_of(page, outline=[("Winter", 0), ("Swarms", 0)]))[-1] == ("Swarms",)


def test_bullets_and_numbers_make_items() -> None:
    page = lines_at(60, 750, ["• smoker of tin", "• veil"]) + lines_at(60, 690, ["1. open", "2. close"])
    assert blocks(pdf_of(page)) == [
        ("list", "- smoker of tin\n- veil"),
        ("paragraph", "1. open"),
        ("paragraph", "2. close"),
    ]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_rotated_pages_read_the_same(angle: int) -> None:
    turns = {0: b"1 0 0 1 0 0", 90: b"0 -1 1 0 0 800", 180: b"-1 0 0 -1 595 842", 270: b"0 1 -1 0 595 0"}
    page = b"q %s cm\n%s Q" % (turns[angle], lines_at(60, 500, PROSE))
    assert [text for _, text in blocks(pdf_of(page, page_entries=f"/Rotate {(360 - angle) % 360}"))] == [
        " ".join(PROSE)
    ]


def test_a_watermark_across_the_text_is_left_out() -> None:
    page = lines_at(60, 750, PROSE) + b"BT /B 60 Tf 0.7 0.7 -0.7 0.7 100 200 Tm (DRAFT) Tj ET\n"
    assert [text for _, text in blocks(pdf_of(page))] == [" ".join(PROSE)]


def test_headers_that_change_with_the_chapter_and_the_side_are_left_out() -> None:
    pages = []
    for number in range(12):
        head = f"{number + 1} Bees" if number % 2 else f"Chapter {number // 6 + 1}: {'Hives' if number < 6 else 'Wax'}"
        body = [
            f"Sentence {chr(97 + number) * 4} {chr(97 + n) * 5} of the text of this page is not like another."
            for n in range(9)
        ]
        pages.append(
            text_at(60, 800, head, 9) + lines_at(60, 750 - number * 3, body) + text_at(290, 40, str(number + 1), 9)
        )
    document = pdf_of(*pages)
    assert "Chapter" not in document.text
    assert "Bees" not in document.text
    assert len(re.findall("Sentence", document.text)) == 108


def test_a_row_with_its_page_number_is_left_out() -> None:
    heads = [f"{name} {number + 7}" for number, name in enumerate(["Hives", "Wax", "Frost", "Swarms"])]
    bodies = [[line[:1].upper() + line[1:]] for line in (PROSE + MORE)[:4]]
    document = pdf_of(
        *[text_at(60, 800, h) + lines_at(60, 700 - len(h), b) for h, b in zip(heads, bodies, strict=True)]
    )
    assert [text for _, text in blocks(document)] == [body[0] for body in bodies]


def test_lines_around_columns_are_read_before_and_after_them() -> None:
    left = [f"left {n} and some words of prose" for n in "abcdef"]
    right = [f"right {n} and some words of prose" for n in "abcdef"]
    page = text_at(320, 800, "Above at the right") + lines_at(60, 740, left) + lines_at(320, 746, right)
    text = pdf_of(page + text_at(60, 600, "Below at the left")).text
    wanted = ["Above", "left a", "left f", "right a", "right f", "Below"]
    assert sorted(wanted, key=text.index) == wanted


def test_leaders_of_a_table_of_contents_are_shortened() -> None:
    page = lines_at(60, 750, ["Swarms . . . . . . . . . . . . . 12"]) + lines_at(60, 700, PROSE)
    assert blocks(pdf_of(page))[0] == ("paragraph", "Swarms … 12")


def test_a_table_keeps_its_units_with_their_numbers() -> None:
    page = b""
    for number, (label, *cells) in enumerate(
        [("Honey", "12.5", "14"), ("Wax", "3", "4.5"), ("Jars and lids", "7", "8")]
    ):
        page += text_at(60, 700 - 14 * number, label)
        page += b"".join(
            text_at(x, 700 - 14 * number, "$") + text_at(x + 14, 700 - 14 * number, cell)
            for x, cell in zip((250, 320), cells, strict=True)
        )
    assert blocks(pdf_of(page)) == [("table", "Honey | $ 12.5 | $ 14\nWax | $ 3 | $ 4.5\nJars and lids | $ 7 | $ 8")]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["a hap-", "py hive"], "a happy hive"),
        (["a well-", "known hive"], "a well-known hive"),
        (["the Baden-", "Baden hive"], "the Baden-Baden hive"),
        (["from 3-", "4 hives"], "from 3- 4 hives"),
        (["a warm-", "hearted one"], "a warm-hearted one"),
        (["self-", "ish bees"], "selfish bees"),
        (["a self-", "made box"], "a self-made box"),
        (["soft\u00ad", "ly said"], "softly said"),
        (["wax —", "or not"], "wax —or not"),
    ],
)
def test_a_hyphen_is_removed_only_if_it_breaks_a_word(lines: list[str], text: str) -> None:
    assert joined(lines, frozenset({"warm-hearted", "selfish"})) == text


# --- metadata ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("Bees in winter", "Bees in winter"),
        ("Microsoft Word - bees.docx", "Large words"),
        ("bees_final.pdf", "Large words"),
        ("untitled", "Large words"),
        ("0000909832-23-000036", "Large words"),
        ("made", "Large words"),
        ("(anonymous)", "Large words"),
        (r"C:\bees\report", "Large words"),
        ("A report on words.indd", "Large words"),
        ("{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "Large words"),
        ("Sin título", "Large words"),
        ("PowerPoint Presentation", "Large words"),
        ("Something else entirely", "Large words"),
        ("Bees of the world: winter", "Bees of the world: winter"),
        ("", "Large words"),
    ],
)
def test_the_title_is_a_name_that_a_person_gave(named: str, title: str) -> None:
    page = text_at(60, 780, "Large words", 20) + lines_at(60, 750, PROSE)
    assert pdf_of(page, info={"Title": named}).title == title


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("D:20240504103000+02'00'", "2024-05-04"),
        ("D:2024", "2024-01-01"),
        ("20240504", "2024-05-04"),
        ("D:20241377", None),
        ("D:19700101000000", None),
    ],
)
def test_author_and_date_are_metadata(value: str, date: str | None) -> None:
    metadata = pdf_of(lines_at(60, 750, PROSE), info={"Author": "Ada Marsh", "CreationDate": value}).metadata
    assert metadata == ({"author": "Ada Marsh", "date": date} if date else {"author": "Ada Marsh"})


def test_keywords_are_tags() -> None:
    assert pdf_of(lines_at(60, 750, PROSE), info={"Keywords": "bees; winter"}).metadata == {"tags": "bees, winter"}


@pytest.mark.parametrize(
    "author", ["anonymous", "(anonymous)", "Windows User", "user2", "Admin", "LaTeX with hyperref"]
)
def test_an_author_that_a_program_put_in_is_none(author: str) -> None:
    assert pdf_of(lines_at(60, 750, PROSE), info={"Author": author}).metadata == {}


# --- unreadable files -------------------------------------------------------------------------------------------------


def test_a_scan_is_empty_and_says_why() -> None:
    with pytest.raises(Empty, match="looks scanned: its pages are pictures without text"):
        read("scanned")


def test_pages_that_look_scanned_are_told_by_their_numbers() -> None:
    def problems(*pages: bytes) -> tuple[str, ...]:
        return parsing.parse_pdf("x.pdf", written(pages, objects={"Scan": image()})).problems

    text = lines_at(60, 750, PROSE)
    assert problems(text, SCAN, text) == ("2 of 3 pages; page 2 looks scanned",)
    assert problems(SCAN, text, SCAN, SCAN, text, SCAN) == ("2 of 6 pages; pages 1, 3–4 and 6 look scanned",)
    assert problems(text, b"", text) == ()  # a blank page
    assert problems(text, b"q 200 0 0 200 9 9 cm /Scan Do Q", text) == ()  # a photo
    assert problems(text + SCAN) == ()


def test_pages_that_cannot_be_read_are_told_for_each_reason() -> None:
    faults: list[Fault] = ["", "scanned", "damaged", "", "scanned", "undecoded"]
    (told,) = coverage(faults)
    assert told == (
        "2 of 6 pages; pages 2 and 5 look scanned; page 3 is damaged; page 6 has text that cannot be decoded"
    )
    many: list[Fault] = ["scanned" if n % 2 else "" for n in range(100)]
    assert coverage(many) == ("50 of 100 pages; pages 2, 4, 6, 8, 10, 12, 14, 16 and others look scanned",)


def test_a_locked_file_says_that_it_is_locked() -> None:
    with pytest.raises(Unreadable, match="locked: it needs a password"):
        read("locked")


def test_a_damaged_file_after_a_locked_one_is_not_locked() -> None:
    nothing = assembled([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"])
    with pytest.raises(Unreadable, match="locked"):
        read("locked")
    with pytest.raises(Unreadable, match="is damaged"):
        parse_pdf("x.pdf", nothing)


def test_pages_without_words_or_pictures_have_no_text() -> None:
    with pytest.raises(Empty, match="contains no text"):
        pdf_of(b"", b"60 60 100 100 re f")


def test_glyphs_without_letters_are_reported() -> None:
    with pytest.raises(Empty, match="its text cannot be decoded"):
        parse_pdf("x.pdf", without_letters())


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"\x00" * 2000, b"PK\x03\x04 not a PDF", b"%PDF-1.7\n" + b"[" * 10_000]
)
def test_a_broken_file_is_damaged(data: bytes) -> None:
    with pytest.raises(Unreadable, match="is damaged: it cannot be opened as PDF"):
        parse_pdf("x.pdf", data)


def test_a_file_with_too_many_pages_or_characters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (module._MAX_PAGES, module._MAX_CHARACTERS) == (5_000, 20_000_000)
    monkeypatch.setattr(module, "_MAX_PAGES", 2)
    with pytest.raises(Unreadable, match="it has 3 pages, over the limit of 2"):
        pdf_of(b"", b"", b"")
    monkeypatch.setattr(module, "_MAX_CHARACTERS", 100)
    with pytest.raises(Unreadable, match="more than 100 characters"):
        pdf_of(lines_at(60, 750, PROSE))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(text_at(1e9, 1e9, "far away") + text_at(-3e38, 5, "farther"), id="far away"),
        pytest.param(b"BT /F 1e30 Tf (huge) Tj ET", id="huge"),
        pytest.param(b"BT /F 0 Tf 10 10 Td (no size) Tj ET", id="no size"),
        pytest.param(b"q " * 20_000 + b"BT /F 9 Tf (deep) Tj ET", id="deep"),
        pytest.param(b"1 1 3 3 re f\n" * 20_000 + text_at(60, 60, "dots"), id="dots"),
        pytest.param(text_at(60, 700, "word " * 20_000), id="one line"),
        pytest.param(b"".join(text_at(n % 500, n % 800, f"w{n}", 8) for n in range(5000)), id="heap"),
    ],
)
def test_odd_pages_do_no_harm(page: bytes) -> None:
    started = time.process_time()
    try:
        document = pdf_of(page, text_at(60, 700, "The second page is plain."))
    except Empty:
        pass
    else:
        assert "second page is plain" in document.text
    assert time.process_time() - started < 20


def test_the_text_contains_no_control_or_private_characters() -> None:
    page = b"BT /F 11 Tf 60 700 Td (a\\000b\\001\\177c \\222quoted\\222) Tj ET"
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f\ue000-\uf8ff\ufffd-\uffff]", pdf_of(page).text) is None


def test_files_are_read_from_several_threads() -> None:
    data = (PDFS / "hives.pdf").read_bytes()
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: parse_pdf("hives.pdf", data).text, range(12)))
    assert set(texts) == {read("hives").text}


def test_endless_sections_of_columns_do_no_harm() -> None:
    rows = [text_at(x, 19_000 - 2 * n, f"go on and on {n}", 1) for n in range(3000) if n % 6 for x in (10, 60)]
    rows += [text_at(10, 19_000 - 2 * n, "right across from here to there " * 6, 1) for n in range(0, 3000, 6)]
    assert pdf_of(b"".join(rows), page_entries="/MediaBox[0 0 600 20000]").blocks


@settings(deadline=None, max_examples=120)
@given(
    st.sampled_from(["hives", "columns", "locked", "scanned"]),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), max_size=30),
    st.floats(0.3, 1),
)
def test_a_damaged_file_is_read_or_refused(name: str, flips: list[tuple[float, int]], share: float) -> None:
    data = bytearray((PDFS / f"{name}.pdf").read_bytes())
    for place, value in flips:
        data[int(place * len(data))] = value
    check(bytes(data if share > 0.8 else data[: int(share * len(data))]))


PLACED = st.tuples(
    st.integers(-50, 620),
    st.integers(-50, 860),
    st.sampled_from(["Bees", "• wax", "a-", "1.", "$", "12.5", "Long words here."]),
    st.sampled_from([1, 8, 11, 24]),
    st.sampled_from("FB"),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(PLACED, max_size=40))
def test_words_anywhere_make_spans_in_order(placed: list[tuple[int, int, str, int, str]]) -> None:
    check(written([b"".join(text_at(*word) for word in placed)] * 2))


def check(data: bytes) -> None:
    """Parse a possibly damaged file; the spans of whatever is read must be valid."""
    try:
        document = parse_pdf("x.pdf", data)
    except (Unreadable, Empty):
        return
    hold(document)


def hold(document: Document) -> None:
    text = document.text
    assert document.sections[-1].span.end == len(text)
    end = 0
    for block in document.blocks:
        assert end <= block.span.start < block.span.end
        assert block.span.of(text) == block.span.of(text).strip()
        assert all(block.span.start <= part.start < part.end <= block.span.end for part in block.parts)
        end = block.span.end
    starts = [page.start for page in document.pages]
    assert starts == sorted(starts)
    for passage in split(document, TinyEncoder().count_tokens, 256):
        assert passage.text == passage.span.of(text)
        assert passage.page is not None
        assert 1 <= passage.page <= len(document.pages)


# --- real filings -----------------------------------------------------------------------------------------------------

FILINGS = {
    "COSTCO_2023_8K_dated-2023-08-16": (3, [
        (2, "On August 16, 2023, the Board of Directors elected Helena Buonanno Foulkes as a director."),
        (3, "Ms. Foulkes was CEO of Hudson's Bay Company. Previously she spent 25 years at CVS Health, including as "
            "President of CVS Pharmacy"),
        (1, "Common Stock, par value $.005 per share | COST | NASDAQ"),
    ]),
    "JOHNSON_JOHNSON_2023_8K_dated-2023-08-23": (3, [
        (1, "0.650% Notes Due May 2024 | JNJ24C | New York Stock Exchange"),
        (2, "accepted an aggregate of 190,955,435 shares of Johnson & Johnson common stock from its shareholders in "
            "exchange for 1,533,830,450 shares of Kenvue common stock"),
        (3, "the registrant has duly caused this report to be signed on its behalf by the undersigned hereunto duly"),
    ]),
    "PEPSICO_2023_8K_dated-2023-05-05": (5, [
        (2, "0.250% Senior Notes Due 2024 | PEP24 | The Nasdaq Stock Market LLC"),
        (3, "Segun Agbaje | 1,005,178,935 | 12,334,137 | 2,634,817 | 172,969,325"),
        (4, "PepsiCo’s Board of Directors has decided that PepsiCo will hold an advisory vote on the compensation"),
    ]),
    "ULTABEAUTY_2023Q4_EARNINGS": (9, [
        (1, "Net sales | $ 3,226.8 | $ 2,729.4 | $ 2,198.7 | $ 10,208.6 | $ 8,630.9 | $ 6,152.0"),
        (2, "- The tax rate increased to 24.6% compared to 22.9% in the fourth quarter of fiscal 2021."),
        (3, "The Company operated 1,355 stores totaling 14.2 million square feet".replace("The", "the")),
        (7, "Merchandise inventories, net | 1,603,451 | 1,499,218"),
        (8, "Net cash provided by operating activities | 1,481,915 | 1,059,265"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILINGS)
def test_real_filings_read_as_they_look(articles: Path, name: str) -> None:
    document = parse_pdf(f"{name}.pdf", (articles / "pdf" / f"{name}.pdf").read_bytes())
    count, sentences = FILINGS[name]
    assert len(document.pages) == count
    for page, sentence in sentences:
        start = document.text.find(sentence)
        assert start >= 0, sentence
        assert document.pages[page - 1].start <= start < document.pages[page - 1].end
    hold(document)


def test_a_press_release_has_the_sections_that_it_shows(articles: Path) -> None:
    name = "ULTABEAUTY_2023Q4_EARNINGS.pdf"
    document = parse_pdf(name, (articles / "pdf" / name).read_bytes())
    assert document.title == "Ulta Beauty Announces Fourth Quarter Fiscal 2022 Results"
    assert document.metadata["date"] == "2023-04-20"
    wanted = [
        "For the Fourth Quarter of Fiscal 2022",
        "For the Full Year of Fiscal 2022",
        "Balance Sheet",
        "Share Repurchase Program",
        "Conference Call Information",
        "About Ulta Beauty",
    ]
    assert [path[-1] for path in paths(document) if path[-1] in wanted] == wanted


# --- letters ----------------------------------------------------------------------------------------------------------


def test_a_drop_cap_begins_the_first_word_beside_it() -> None:
    beside = [
        "he bees came through the winter in good order, for the",
        "autumn had been long and the stores were full.",
    ]
    page = text_at(60, 736, "T", 30) + lines_at(81, 750, beside) + lines_at(60, 723, MORE)
    assert [text for _, text in blocks(pdf_of(page))] == ["T" + " ".join(beside), " ".join(MORE)]


def test_a_capital_on_the_line_of_its_word_begins_it() -> None:
    page = text_at(60, 750, "N", 24, "B") + text_at(78, 750, MORE[0][1:]) + lines_at(60, 736.5, MORE[1:])
    assert [text for _, text in blocks(pdf_of(page))] == [" ".join(MORE)]


def test_a_large_letter_by_itself_stays_a_heading() -> None:
    page = text_at(60, 780, "B", 24, "B") + lines_at(60, 740, PROSE)
    assert pdf_of(page).title == "B" or "B" in [text for _, text in blocks(pdf_of(page))]
    assert " ".join(PROSE) in pdf_of(page).text


def test_letters_with_spaces_between_them_are_words() -> None:
    spaced = b"BT /B 14 Tf 1 0 0 1 60 780 Tm (T H E   L I M E   T R E E) Tj ET\n"
    assert pdf_of(spaced + lines_at(60, 740, PROSE)).text.startswith("THE LIME TREE\n")
    choices = text_at(60, 780, "A B C D E") + lines_at(60, 740, PROSE)
    assert pdf_of(choices).text.startswith("A B C D E")


def test_raised_numbers_are_exponents_or_marks_of_notes() -> None:
    line = b"BT /F 11 Tf 1 0 0 1 60 750 Tm (The 4 m) Tj 5 Ts /F 6 Tf (2) Tj 0 Ts /F 11 Tf ( of wax were 10) Tj "
    line += (
        b"5 Ts /F 6 Tf (13) Tj 0 Ts /F 11 Tf ( pounds by weight) Tj 5 Ts /F 6 Tf (12) Tj 0 Ts /F 11 Tf ( in May.) Tj ET"
    )
    assert pdf_of(line).text.strip() == "The 4 m² of wax were 10¹³ pounds by weight ¹² in May."


# --- forms and comments -----------------------------------------------------------------------------------------------


def widget(kind: str, place: str, more: str) -> str:
    return f"/Subtype/Widget/FT/{kind}/Rect[{place}]{more}"


def test_the_fields_of_a_form_are_read_beside_their_labels() -> None:
    page = (
        lines_at(60, 780, PROSE) + text_at(60, 700, "Keeper") + text_at(60, 660, "Town:") + text_at(75, 620, "Insured")
    )
    on = "/AS/Yes/V/Yes/AP<</N<</Yes null>>>>"
    document = pdf_of(
        page,
        annotations=[
            widget("Tx", "150 695 300 712", "/T(k)/V(Rosa Lindqvist)"),
            widget("Ch", "150 652 300 670", "/T(t)/Ff 131072/Opt[(Visby)(Lund)]/V(Lund)"),
            widget("Btn", "60 618 70 630", f"/T(i){on}"),
            widget("Tx", "150 580 300 600", "/T(s)/Ff 8192/V(a secret)"),
            widget("Tx", "60 540 300 560", "/T(f1.x)/TU(Number of hives)/V(fourteen)"),
            widget("Tx", "60 500 300 520", "/T(empty)"),
        ],
    )
    texts = [text for _, text in blocks(document)]
    assert texts[1:] == ["Keeper: Rosa Lindqvist", "Town: Lund", "- ☒ Insured", "Number of hives: fourteen"]


def test_comments_follow_the_text_of_their_page_and_say_that_they_are_comments() -> None:
    note = "/Subtype/Text/Rect[300 700 320 720]/T(Ada)/Contents(Weighed twice?)"
    hidden = "/Subtype/Text/Rect[300 700 320 720]/F 2/Contents(hidden)"
    document = pdf_of(lines_at(60, 750, PROSE[:2]), lines_at(60, 750, PROSE[2:]), annotations=[note, hidden])
    texts = [text for _, text in blocks(document)]
    assert texts[:2] == [" ".join(PROSE), "Comment by Ada: Weighed twice?"]
    assert "hidden" not in document.text


def test_fields_anywhere_do_no_harm() -> None:
    fields = [widget("Tx", f"{n} {-n} {n * 3} {n}", f"/T(n{n})/V(value {n})") for n in range(-50, 50)]
    fields += [
        widget("Tx", "0 0 1e30 1e30", "/V(far)"),
        widget("Zz", "1 2", "/V 5"),
        "/Subtype/Widget",
        "/Subtype/Text",
    ]
    hold(pdf_of(lines_at(60, 750, PROSE), annotations=fields))


# --- columns ----------------------------------------------------------------------------------------------------------


HELVETICA = dict.fromkeys("abdeghnopu", 556) | dict.fromkeys("csv", 500) | {"r": 333, "w": 722, "m": 833, "M": 833}
HELVETICA |= dict.fromkeys("il", 222) | dict.fromkeys("ft ", 278) | {"z": 500, "O": 778}


def stretched(x: float, y: float, line: str, width: float) -> bytes:
    """A line of justified text: its spaces are stretched to fill the width."""
    space = (width - sum(HELVETICA[letter] * 0.011 for letter in line)) / line.count(" ")
    return b"%g Tw %s 0 Tw\n" % (space, text_at(x, y, line).strip())


def test_justified_lines_with_wide_spaces_are_no_table() -> None:
    lines = [
        "superintendent Margaret",
        "Oppenheimer authorised",
        "reconstruction of the",
        "installation that had",
        "been",
    ]
    page = b"".join(stretched(60, 700 - 14 * n, line, 200) for n, line in enumerate(lines[:-1]))
    page += text_at(60, 700 - 14 * 4, lines[-1])
    assert [kind for kind, _ in blocks(pdf_of(page))] == ["paragraph"]


def test_numbers_in_columns_of_equal_width_stay_a_table() -> None:
    rows = [("2021", "1402", "1510"), ("2022", "1398", "1622"), ("2023", "1407", "1731"), ("2024", "1411", "1840")]
    page = b"".join(
        text_at(60 + 90 * column, 700 - 14 * n, cell) for n, row in enumerate(rows) for column, cell in enumerate(row)
    )
    assert blocks(pdf_of(page)) == [("table", "\n".join(" | ".join(row) for row in rows))]


@pytest.mark.parametrize("count", [3, 4])
def test_narrow_columns_are_read_one_after_the_other(count: int) -> None:
    parts = [
        [f"col{c} line{n} of text" if n % 3 else f"and col{c} line{n} goes" for n in range(9)] for c in range(count)
    ]
    page = b"".join(lines_at(40 + 130 * c, 700, lines) for c, lines in enumerate(parts))
    text = " ".join(pdf_of(page).text.split())
    found = [text.index(line) for lines in parts for line in lines]
    assert found == sorted(found)
