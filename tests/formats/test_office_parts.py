"""What office files hold besides their running text: comments, headers, boxes, charts and diagrams."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from conftest import FILES

from qa.formats import parse
from qa.formats.decoding import Unreadable
from qa.formats.office import old_word, slides
from qa.text.document import Document

OFFICE = FILES / "office"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": KINDS,
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
        "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)


def para(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def changed(name: str, parts: dict[str, str], more: dict[str, str]) -> bytes:
    """The file with parts replaced or added, and with more relations: part of relations → XML of relations."""
    out = io.BytesIO()
    with zipfile.ZipFile(OFFICE / name) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            content = old.read(entry).decode("utf-8") if entry.endswith((".xml", ".rels")) else ""
            if entry in more:
                content = content.replace("</Relationships>", f"{more[entry]}</Relationships>")
            if entry not in parts:
                new.writestr(entry, content)
        for entry, text in parts.items():
            new.writestr(entry, text)
    return out.getvalue()


def relation(key: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{key}" Type="{KINDS}/{kind}" Target="{target}"/>'


def word(body: str, **parts: str) -> Document:
    """A Word file with this body; parts are named by their kind of relation, which is also their id."""
    files = {f"word/x-{kind}.xml": text for kind, text in parts.items()}
    files["word/document.xml"] = f"<w:document {NAMES}><w:body>{body}</w:body></w:document>"
    more = "".join(relation(kind, kind, f"x-{kind}.xml") for kind in parts)
    data = changed("bees.docx", files, {"word/_rels/document.xml.rels": more})
    return parse("x.docx", data).documents[0]


def lines(document: Document) -> list[str]:
    return [line for line in document.text.split("\n") if line]


def points(values: list[str], form: str = "General") -> str:
    return f'<c:formatCode>{form}</c:formatCode><c:ptCount val="{len(values)}"/>' + "".join(
        f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>' for place, value in enumerate(values) if value
    )


def series(name: str, categories: list[str], values: list[str], form: str = "General") -> str:
    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points(categories)}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache>{points(values, form)}</c:numCache></c:numRef></c:val></c:ser>"
    )


CHART = (
    f"<c:chartSpace {NAMES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Honey by year</a:t></a:r></a:p></c:rich>"
    f"</c:tx></c:title><c:plotArea><c:barChart>{series('Acacia', ['2019', '2020'], ['12', '30.5'])}"
    f"{series('Share', ['2019', '2020'], ['', '0.255'], '0.0%')}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = (
    f'<dgm:dataModel {NAMES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/>'
    '<dgm:pt modelId="2"><dgm:t><a:p><a:r><a:t>Build</a:t></a:r></a:p></dgm:t></dgm:pt>'
    '<dgm:pt modelId="1"><dgm:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst><dgm:cxnLst>'
    '<dgm:cxn srcId="0" destId="1" srcOrd="0"/><dgm:cxn srcId="0" destId="2" srcOrd="1"/></dgm:cxnLst></dgm:dataModel>'
)
DRAWN = (
    '<a:graphicData><c:chart r:id="chart"/></a:graphicData>'
    '<a:graphicData><dgm:relIds r:dm="diagramData"/></a:graphicData>'
)
SHOWN = ["Chart: Honey by year", " | Acacia | Share", "2019 | 12", "2020 | 30.5 | 25.5%", "Diagram: Plan; Build"]


# --- Word -------------------------------------------------------------------------------------------------------------


def test_a_comment_follows_its_paragraph_with_author_date_and_the_words_it_is_about() -> None:
    comments = (
        f'<w:comments {NAMES}><w:comment w:id="7" w:author="Ada Marsh" w:date="2024-03-05T10:00:00Z">'
        f'{para("Is this right?")}{para("I doubt it.")}</w:comment><w:comment w:id="8">{para("Why?")}</w:comment>'
        "</w:comments>"
    )
    marked = (
        '<w:p><w:commentRangeStart w:id="7"/><w:r><w:t>The hive</w:t></w:r><w:commentRangeEnd w:id="7"/><w:r>'
        '<w:commentReference w:id="7"/></w:r><w:r><w:t xml:space="preserve"> is white.</w:t></w:r></w:p>'
    )
    table = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>".format(
        para("A"), '<w:p><w:r><w:t>B</w:t><w:commentReference w:id="8"/></w:r></w:p>'
    )
    assert lines(word(marked + table + para("End."), comments=comments)) == [
        "The hive is white.", "Comment by Ada Marsh, 2024-03-05, on “The hive”: Is this right? I doubt it.",
        "A | B", "Comment: Why?", "End.",
    ]  # fmt: skip


def test_headers_and_footers_occur_once_at_the_end_without_page_numbers() -> None:
    number = '<w:p><w:fldSimple w:instr=" PAGE "><w:r><w:t>7</w:t></w:r></w:fldSimple></w:p>'
    header = f"<w:hdr {NAMES}>{para('Case BX-1')}{number}</w:hdr>"
    sections = '<w:p><w:pPr><w:sectPr><w:headerReference r:id="header"/></w:sectPr></w:pPr></w:p>' * 2
    document = word(para("Text.") + sections, header=header)
    assert lines(document) == ["Text.", "Headers and footers", "Header: Case BX-1"]
    assert document.sections[-1].path == ("Headers and footers",)


@pytest.mark.parametrize("alternative", [True, False])
def test_a_text_box_follows_its_paragraph_which_stays(alternative: bool) -> None:
    box = f"<v:shape><v:textbox><w:txbxContent>{para('In the box.')}</w:txbxContent></v:textbox></v:shape>"
    shape = f"<w:pict>{box}</w:pict>"
    if alternative:
        shape = (
            f"<mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
            f"<mc:Fallback>{shape}</mc:Fallback></mc:AlternateContent>"
        )
    document = word(f"<w:p><w:r><w:t>Around it.</w:t></w:r><w:r>{shape}</w:r></w:p>" + para("After."))
    assert lines(document) == ["Around it.", "In the box.", "After."]


def test_charts_and_diagrams_are_read_with_their_values() -> None:
    document = word(f"<w:p><w:r><w:drawing>{DRAWN}</w:drawing></w:r></w:p>", chart=CHART, diagramData=DIAGRAM)
    assert lines(document) == SHOWN


def test_tracked_changes_count_as_accepted_and_fields_keep_their_text() -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve">It costs </w:t></w:r><w:ins><w:r><w:t>forty</w:t></w:r></w:ins>'
        "<w:del><w:r><w:delText>thirty</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom>"
        '<w:fldSimple w:instr="REF x"><w:r><w:t xml:space="preserve"> euros.</w:t></w:r></w:fldSimple></w:p>'
    )
    assert lines(word(body)) == ["It costs forty euros."]


def test_tags_are_metadata() -> None:
    core = "<p xmlns:cp='c'><cp:keywords>bees; winter</cp:keywords></p>"
    data = changed("bees.docx", {"docProps/core.xml": core}, {})
    metadata = parse("x.docx", data).documents[0].metadata
    assert metadata["tags"] == "bees, winter"


# --- PowerPoint -------------------------------------------------------------------------------------------------------


def slide(shapes: str, show: str = "1", **parts: str) -> Document:
    files = {f"ppt/slides/x-{kind}.xml": text for kind, text in parts.items()}
    files["ppt/slides/slide2.xml"] = (
        f'<p:sld {NAMES} show="{show}"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>'
    )
    more = "".join(relation(kind, kind, f"x-{kind}.xml") for kind in parts)
    data = changed("slides.pptx", files, {"ppt/slides/_rels/slide2.xml.rels": more})
    return parse("x.pptx", data).documents[0]


def shape(text: str, place: str = "") -> str:
    where = f"<p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr>"
    return f"<p:sp>{where}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def test_groups_charts_tables_and_hidden_slides_are_read_in_order() -> None:
    cells = "".join(
        f"<a:tr><a:tc{merge}><p:txBody><a:p><a:r><a:t>{one}</a:t></a:r></a:p></p:txBody></a:tc>"
        f"<a:tc><p:txBody><a:p><a:r><a:t>{two}</a:t></a:r></a:p></p:txBody></a:tc></a:tr>"
        for merge, one, two in [(' rowSpan="2"', "Sharks", "Olu"), (' vMerge="1"', "", "Rita")]
    )
    table = (
        f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{cells}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    frames = f"<p:graphicFrame><a:graphic>{DRAWN}</a:graphic></p:graphicFrame>"
    shapes = f"<p:grpSp><p:grpSp>{shape('Deep inside')}</p:grpSp></p:grpSp>" + frames + table
    document = slide(shapes + shape("Tanks", "<p:ph type='title'/>"), "0", chart=CHART, diagramData=DIAGRAM)
    page = document.pages[1].of(document.text)
    written = [line for line in page.split("\n") if line][: 4 + len(SHOWN) + 2]
    assert written[:3] == ["Tanks", "This slide is hidden.", "Deep inside"]
    assert written[3 : 3 + len(SHOWN)] == SHOWN
    assert written[3 + len(SHOWN) :][:2] == ["Sharks | Olu", "Sharks | Rita"]
    assert "Graphic" not in document.text


def test_a_slide_without_a_title_is_no_part_of_the_slide_before() -> None:
    document = slide(shape("Words."))
    assert next(section.path for section in document.sections if section.path) == ("Slide 2",)


def test_a_damaged_slide_is_not_left_out_in_silence() -> None:
    with pytest.raises(Unreadable, match="is damaged"):
        slide("<unclosed>")


# --- addresses of links -----------------------------------------------------------------------------------------------

ADDRESS = "https://example.org/app.zip"
LINKED = {
    "rst": f"Get the app `here <{ADDRESS}>`_.",
    "org": f"Get the app [[{ADDRESS}][here]].",
    "textile": f'Get the app "here":{ADDRESS}.',
    "tex": f"Get the app \\href{{{ADDRESS}}}{{here}}.",
    "wiki": f"Get the app [{ADDRESS} here].",
    "adoc": f"Get the app {ADDRESS}[here].",
    "dokuwiki": f"Get the app [[{ADDRESS}|here]].",
    "rtf": '{\\rtf1 Get the app {\\field{\\*\\fldinst{HYPERLINK "' + ADDRESS + '"}}{\\fldrslt here}}.\\par}',
}


@pytest.mark.parametrize("form", LINKED)
def test_the_address_of_a_link_stands_behind_its_words(form: str) -> None:
    (document,) = parse(f"x.{form}", LINKED[form].encode()).documents
    assert document.text.strip() == f"Get the app here ({ADDRESS})."


def test_the_address_of_a_link_in_a_word_file_stands_behind_its_words() -> None:
    external = f'<Relationship Id="out" Type="{KINDS}/hyperlink" Target="{ADDRESS}" TargetMode="External"/>'
    body = f'<w:p><w:r><w:t>Get it </w:t></w:r><w:hyperlink r:id="out">{para("here")[5:-6]}</w:hyperlink></w:p>'
    document = f"<w:document {NAMES}><w:body>{body}</w:body></w:document>"
    data = changed("bees.docx", {"word/document.xml": document}, {"word/_rels/document.xml.rels": external})
    assert lines(parse("x.docx", data).documents[0]) == [f"Get it here ({ADDRESS})"]


def test_addresses_stand_neither_in_headings_nor_where_words_say_them_nor_in_paragraphs_of_many() -> None:
    heading = f"`Get <{ADDRESS}>`__\n{'=' * 60}\n\n"
    text = f"{heading}See https://example.org and `the site example.org <{ADDRESS}>`__.\n\n"
    many = ", ".join(f"`word{number} <https://{number}.example.net>`__" for number in range(4))
    (document,) = parse("x.rst", f"{text}{many}\n\n* `one <{ADDRESS}>`__\n".encode()).documents
    assert lines(document) == [
        "Get", "See https://example.org and the site example.org.", "word0, word1, word2, word3", f"- one ({ADDRESS})",
    ]  # fmt: skip


def test_the_addresses_of_links_on_a_slide_stand_behind_their_words() -> None:
    link = '<a:r><a:rPr><a:hlinkClick r:id="out"/></a:rPr><a:t>{}</a:t></a:r>'
    runs = f"<a:r><a:t>Get it </a:t></a:r>{link.format('right ')}{link.format('here')}"
    words = f"<p:sp><p:txBody><a:p>{runs}</a:p></p:txBody></p:sp>"
    button = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"><a:hlinkClick r:id="out"/></p:cNvPr></p:nvSpPr>' + shape("Start")[6:]
    )
    page = f"<p:sld {NAMES}><p:cSld><p:spTree>{words}{button}</p:spTree></p:cSld></p:sld>"
    external = f'<Relationship Id="out" Type="{KINDS}/hyperlink" Target="{ADDRESS}" TargetMode="External"/>'
    data = changed("slides.pptx", {"ppt/slides/slide2.xml": page}, {"ppt/slides/_rels/slide2.xml.rels": external})
    (document,) = parse("x.pptx", data).documents
    assert f"Get it right here ({ADDRESS})" in document.text
    assert f"Start ({ADDRESS})" in document.text


# --- binary files -----------------------------------------------------------------------------------------------------


def test_a_binary_word_file_has_headings_lists_tables_and_notes() -> None:
    document = parse("bees.doc", (OFFICE / "bees-libreoffice.doc").read_bytes()).documents[0]
    assert (document.title, document.metadata["author"]) == ("A year at the hive", "Ada Marsh; Ben Hollow")
    paths = [section.path for section in document.sections if section.path]
    assert paths[-4:] == [("Winter",), ("Winter", "Frost"), ("Winter", "Frost", "Food"), ("Spring",)]
    written = lines(document)
    assert "Ärger mit Mäusen: block the entrance with a grid — žluťoučký kůň, 蜂の巣, пчёлы." in document.text
    assert written[written.index("- a smoker") + 1] == "- of tin"
    assert written[written.index("Hive | Colour | Stores in kilograms") + 1] == "first | white | 14"
    place = next(number for number, line in enumerate(written) if line.startswith("Bees do not sleep"))
    assert written[place + 1] == "Keepers call it the winter cluster; it loosens above ten degrees."
    assert "HYPERLINK" not in document.text


def test_a_binary_presentation_has_pages_titles_tables_and_notes() -> None:
    document = parse("x.ppt", gzip.decompress((OFFICE / "slides.ppt.gz").read_bytes())).documents[0]
    pages = [page.of(document.text).split("\n")[0] for page in document.pages]
    assert pages == ["A year at the hive", "Winter", "Stores", "Spring"]
    assert "Speaker notes: Pass the smoker round here." in document.text
    assert "first: white" in lines(document)


def test_a_binary_file_with_a_password_is_locked() -> None:
    data = bytearray((OFFICE / "bees-libreoffice.doc").read_bytes())
    data[data.index(b"\xec\xa5") + 11] |= 1
    with pytest.raises(Unreadable, match="locked"):
        old_word.parse_old_word("x.doc", bytes(data))


def test_the_parser_of_slides_wants_a_presentation() -> None:
    with zipfile.ZipFile(OFFICE / "bees.docx") as archive, pytest.raises(Unreadable, match="is damaged"):
        slides.parse_slides("x.pptx", archive)
