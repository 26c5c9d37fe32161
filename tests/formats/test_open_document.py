"""OpenDocument: presentations, drawings, templates and flat files, and what texts hold besides their running text."""

from __future__ import annotations

import pytest
from files.make_open_document import NAMES, annotation, flat, frame, items, package, slide, table

from qa.formats import parse
from qa.formats.decoding import Empty, Unreadable
from qa.text.document import Document

CHART = (
    "<office:document-content {}><office:body><office:chart><chart:chart><chart:title><text:p>Honey by year</text:p>"
    "</chart:title><chart:plot-area><chart:axis><chart:title><text:p>kg</text:p></chart:title></chart:axis>"
    "</chart:plot-area>{}</chart:chart></office:chart></office:body></office:document-content>"
)


def lines(document: Document) -> list[str]:
    return [line for line in document.text.split("\n") if line]


def text(body: str, pages: str = "", more: dict[str, str] | None = None) -> Document:
    (document,) = parse("x.odt", package("text", body, more, pages=pages)).documents
    return document


def chart(*rows: str) -> str:
    return CHART.format(NAMES, table(*rows))


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_comment_follows_its_paragraph_with_author_date_and_the_words_it_is_about() -> None:
    remark = annotation("Is this current?", "Ada Marsh", "2024-03-05T10:00:00", "n1")
    end = "<office:annotation-end office:name='n1'/>"
    body = f"<text:p>The {remark}attic <text:span>room</text:span>{end} costs 40.</text:p>"
    listed = items(f"One{annotation('Why?')} more")
    assert lines(text(body + listed + "<text:p>End.</text:p>")) == [
        "The attic room costs 40.", "Comment by Ada Marsh, 2024-03-05, on “attic room”: Is this current?",
        "1. One more", "Comment: Why?", "End.",
    ]  # fmt: skip


def test_boxes_and_shapes_follow_their_paragraph_and_those_of_a_page_are_in_their_place() -> None:
    box = "<draw:frame><draw:text-box><text:p>In a box.</text:p>{}</draw:text-box></draw:frame>"
    shape = "<draw:custom-shape><text:p>In a shape.</text:p></draw:custom-shape>"
    deep = box.format(f"<text:p>Deep {shape}.</text:p>")
    assert lines(text(f"<text:p>Before {deep} after.</text:p>{box.format('')}<text:p>End.</text:p>")) == [
        "Before after.",
        "In a box.",
        "Deep .",
        "In a shape.",
        "In a box.",
        "End.",
    ]


def test_the_caption_of_a_picture_stays() -> None:
    picture = '<draw:frame><draw:image xlink:href="Pictures/x.png"/></draw:frame>'
    box = f"<draw:frame><draw:text-box><text:p>{picture}A hive in May</text:p></draw:text-box></draw:frame>"
    assert lines(text(f"<text:p>{box}</text:p>")) == ["A hive in May"]


def test_a_chart_is_its_title_with_its_values() -> None:
    body = '<text:p>Look: <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>'
    document = text(body, more={"Object 1/content.xml": chart("|Acacia", "2019|12", "2020|30")})
    assert lines(document) == ["Look:", "Chart: Honey by year (kg)", " | Acacia", "2019 | 12", "2020 | 30"]


def test_headers_and_footers_occur_once_and_page_numbers_not_at_all() -> None:
    number = "<text:p>Page <text:page-number>3</text:page-number> of <text:page-count>4</text:page-count></text:p>"
    pages = (
        f"<style:master-page><style:header><text:p>Price list<text:tab/>valid from May</text:p></style:header>"
        f"<style:footer>{number}</style:footer><style:header-left style:display='false'><text:p>No</text:p>"
        "</style:header-left></style:master-page><style:master-page><style:header><text:p>Price list<text:tab/>valid "
        "from May</text:p></style:header></style:master-page>"
    )
    document = text("<text:p>A room costs 40.</text:p>", pages)
    assert lines(document) == ["A room costs 40.", "Headers and footers", "Header: Price list | valid from May"]


def test_deleted_text_is_not_read() -> None:
    change = (
        '<text:changed-region text:id="c"><text:deletion><office:change-info/><text:p>Old</text:p></text:deletion>'
        "</text:changed-region>"
    )
    assert lines(text(f"<text:tracked-changes>{change}</text:tracked-changes><text:p>New.</text:p>")) == ["New."]


# --- slides and drawings ----------------------------------------------------------------------------------------------

STYLED = "table:use-first-row-styles='true'"
GRID = f"<draw:frame>{table('Room|Price', 'Attic|40', attributes=STYLED)}</draw:frame>"
PICTURE = "<draw:frame><draw:image/><svg:desc>A hive under a tree</svg:desc></draw:frame>"
SHAPE = "<draw:g><draw:custom-shape><text:p>Swarm in May</text:p></draw:custom-shape></draw:g>"
DECK = (
    "<presentation:footer-decl presentation:name='f'>Beekeepers of Ely</presentation:footer-decl>"
    + slide("Bees in winter", frame(items("They sleep", "They eat")), notes="Say it slowly.")
    + slide("Prices", GRID, PICTURE, SHAPE, annotation("Still true?", "Bo", "2024-05-04"), style="dp2")
    + slide("", frame("<text:p>3</text:p>", "page-number"), frame("<text:p>Thanks</text:p>", "subtitle"))
)
HIDDEN = '<style:style style:name="dp2"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
SHOWN = [
    "Bees in winter", "- They sleep", "- They eat", "Speaker notes: Say it slowly.",
    "Prices", "This slide is hidden.", "Room | Price", "Attic | 40", "A hive under a tree", "Swarm in May",
    "Comment by Bo, 2024-05-04: Still true?", "Slide 3", "Thanks", "Footers", "Footer: Beekeepers of Ely",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.odp", package("presentation", DECK, styles=HIDDEN)),
        ("x.otp", package("presentation-template", DECK, styles=HIDDEN)),
        ("x.fodp", flat("presentation", DECK, styles=HIDDEN)),
        ("misnamed.odt", package("presentation", DECK, styles=HIDDEN)),
        ("misnamed.ppt", flat("presentation", DECK, styles=HIDDEN)),
    ],
)
def test_a_presentation_is_read_slide_by_slide(name: str, data: bytes) -> None:
    (document,) = parse(name, data).documents
    assert lines(document) == SHOWN
    assert [document.text[page.start : page.end].split("\n")[0] for page in document.pages] == [
        "Bees in winter", "Prices", "Slide 3",
    ]  # fmt: skip
    assert document.blocks[3].header is not None


def test_a_drawing_is_read_like_slides() -> None:
    page = '<draw:page draw:name="Floor plan"><draw:rect><text:p>Attic</text:p></draw:rect></draw:page>'
    (document,) = parse("x.odg", package("graphics", page)).documents
    assert "Attic" in document.text
    assert document.title == "Floor plan"


# --- families ---------------------------------------------------------------------------------------------------------

SHEET = table("Room|Price", "Attic|forty", attributes='table:name="Rooms"')


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.ods", package("spreadsheet", SHEET)),
        ("x.ots", package("spreadsheet-template", SHEET)),
        ("x.fods", flat("spreadsheet", SHEET)),
        ("x.xml", flat("spreadsheet", SHEET)),
        ("misnamed.fodt", flat("spreadsheet", SHEET)),
    ],
)
def test_every_form_of_a_spreadsheet_is_read(name: str, data: bytes) -> None:
    (document,) = parse(name, data).documents
    assert document.text.strip() == "Room: Price\nAttic: forty"
    assert document.title.endswith(": Rooms")


@pytest.mark.parametrize(
    ("name", "kind"), [("x.ott", "text-template"), ("x.odm", "text-master"), ("misnamed.docx", "text")]
)
def test_every_form_of_a_text_is_read(name: str, kind: str) -> None:
    (document,) = parse(name, package(kind, "<text:p>Bees sleep.</text:p>")).documents
    assert document.text.strip() == "Bees sleep."


@pytest.mark.parametrize("name", ["x.fodt", "x.xml", "misnamed.doc"])
def test_a_flat_text_has_its_properties(name: str) -> None:
    author = "<meta:initial-creator>Ada</meta:initial-creator>"
    meta = f"<dc:title>Bees</dc:title>{author}<dc:date>2024-05-04T10:00:00</dc:date>"
    (document,) = parse(name, flat("text", "<text:p>Bees sleep.</text:p>", meta=meta)).documents
    assert (document.title, document.metadata["author"], document.metadata["date"]) == ("Bees", "Ada", "2024-05-04")


@pytest.mark.parametrize("name", ["x.fodt", "x.fodp", "x.fods"])
@pytest.mark.parametrize("data", [flat("text", "")[:-20], b"<?xml version='1.0'?><office:document", b"<a/>"])
def test_a_damaged_flat_file_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match="is damaged"):
        parse(name, data)


def test_entities_of_a_flat_file_are_not_expanded() -> None:
    data = flat("text", "<text:p>&a;</text:p>").replace(
        b"<office:document", b"<!DOCTYPE x [<!ENTITY a 'b'>]><office:document", 1
    )
    with pytest.raises(Unreadable, match="is damaged"):
        parse("x.fodt", data)


def test_a_presentation_without_text_is_empty_but_for_its_slides() -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse("x.odp", package("presentation", "<presentation:settings/>"))
