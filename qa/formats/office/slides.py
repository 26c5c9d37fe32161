"""Parses PowerPoint presentations: each slide is a page under its title, followed by its speaker notes and comments."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lxml import etree  # type: ignore[import-untyped]

from ...text.document import Document
from ..addresses import shown_address
from ..builder import TextBuilder
from ..decoding import Unreadable
from ..tables import write_table
from .drawings import RELATION, drawing
from .package import addresses, comment, iso_date, name_of, properties, read_tree, related, relations
from .tree import is_generated_alternative

_MAIN = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_BODIES = ("body", "obj", "")  # placeholders whose paragraphs are bullet points
_MARGINS = ("dt", "ftr", "hdr", "sldNum", "sldImg")  # of every page, or pictures of it
HIDDEN = "This slide is hidden."
_DAMAGED = "is damaged: it cannot be opened as PowerPoint presentation"


def parse_slides(path: str, archive: zipfile.ZipFile) -> Document:
    """Parse an opened presentation. Raises Unreadable if a slide is damaged."""
    main = next(related(archive, "", "officeDocument"), _MAIN)
    root = read_tree(archive, main)
    if root is None or name_of(root) != "presentation":
        raise Unreadable(_DAMAGED)
    targets = relations(archive, main)
    builder, footers = TextBuilder(), dict[str, None]()
    authors = _authors(archive, main)
    for number, entry in enumerate(root.iterfind("{*}sldIdLst/{*}sldId"), start=1):
        relation = targets.get(entry.get(f"{RELATION}id", ""))
        slide = read_tree(archive, relation.target) if relation is not None else None
        if relation is None or slide is None:
            raise Unreadable(_DAMAGED)
        builder.page()
        _slide(builder, archive, relation.target, slide, number)
        footers.update(dict.fromkeys(_footers(slide)))
        for place, note in enumerate(_notes(archive, relation.target)):
            builder.paragraph(note if place else f"Speaker notes: {note}")
        for remark in _comments(archive, relation.target, authors):
            builder.paragraph(remark)
    write_footers(builder, footers)
    fields = {name: value for name, value in properties(archive, "pptx").items() if value.strip()}
    if "date" in fields:
        fields["date"] = iso_date(fields["date"])
    return builder.document(path, fields.get("title", ""), fields)


def write_footers(builder: TextBuilder, footers: Iterable[str]) -> None:
    """Write the different footers of slides below a heading of their own, since they belong to no slide."""
    lines = [f"Footer: {footer}" for footer in footers]
    if lines:
        builder.heading(1, "Footers")
    for line in lines:
        builder.paragraph(line)


# --- one slide --------------------------------------------------------------------------------------------------------


def _slide(builder: TextBuilder, archive: zipfile.ZipFile, part: str, slide: etree._Element, number: int) -> None:
    shapes = [*_shapes(slide)]
    title = next((shape for shape in shapes if _placeholder(shape) in _TITLES), None)
    name = " ".join(_paragraphs(title)) if title is not None else ""
    # Without a heading of its own the slide would belong to the one before it.
    builder.heading(1, name or f"Slide {number}")
    if slide.get("show") in ("0", "false"):
        builder.paragraph(HIDDEN)
    _write_addresses([shape for shape in shapes if shape is not title], addresses(archive, part))
    targets = {key: relation.target for key, relation in relations(archive, part).items()}
    for shape in shapes:
        if shape is title or _placeholder(shape) in _MARGINS:
            continue
        match name_of(shape):
            case "sp":
                _write_text(builder, shape)
            case "pic":
                alternative = next((each.get("descr", "") for each in shape.iterfind("{*}nvPicPr/{*}cNvPr")), "")
                if not is_generated_alternative(alternative):
                    builder.paragraph(alternative)
            case "graphicFrame":
                _write_frame(builder, archive, shape, targets)


def _write_addresses(shapes: Sequence[etree._Element], links: dict[str, str]) -> None:
    """Write the addresses of links behind their words, or behind the last words of a shape that is a link."""
    for shape in shapes:
        whole = next((link for link in shape.iterfind("*/{*}cNvPr/{*}hlinkClick")), None)
        runs = [run for run in shape.iter("{*}t") if (run.text or "").strip()]
        if whole is not None and runs:
            words = " ".join(run.text or "" for run in runs)
            _write_address(runs[-1], words, links.get(whole.get(f"{RELATION}id", ""), ""))
        for line in shape.iter("{*}p"):
            for key, group in groupby(line.iterfind("{*}r"), key=_link):
                linked = [text for run in group for text in run.iterfind("{*}t")]
                if key and linked:
                    _write_address(linked[-1], "".join(text.text or "" for text in linked), links.get(key, ""))


def _link(run: etree._Element) -> str:
    """The relation of a run of words that is a link; empty for another."""
    return next((str(link.get(f"{RELATION}id", "")) for link in run.iterfind("{*}rPr/{*}hlinkClick")), "")


def _write_address(text: etree._Element, words: str, link: str) -> None:
    if address := shown_address(link, words):
        text.text = f"{(text.text or '').rstrip()} ({address})"


def _shapes(slide: etree._Element) -> Iterator[etree._Element]:
    """The shapes of a slide in order, those of groups in place of the group."""
    waiting = [*slide.iterfind("{*}cSld/{*}spTree")]
    while waiting:
        element = waiting.pop()
        name = name_of(element)
        if name == "AlternateContent":
            waiting += [*element][:1]  # the choice; what follows is for old programs
        elif name in ("spTree", "grpSp", "Choice", "Fallback"):
            waiting += reversed(element)
        elif name:
            yield element


def _placeholder(shape: etree._Element) -> str | None:
    """The type of the placeholder that a shape fills; None if it fills none."""
    place = shape.find("*/{*}nvPr/{*}ph")
    return None if place is None else place.get("type", "")


def _write_text(builder: TextBuilder, shape: etree._Element) -> None:
    """The paragraphs of a shape: those with bullets, and several in the body of a slide, as lists."""
    lines = [(_is_item(line, shape), line) for line in shape.iterfind("{*}txBody/{*}p")]
    written = [(is_item, _is_numbered(line), text) for is_item, line in lines if (text := _line(line)).strip()]
    for (is_item, numbered), group in groupby(written, key=lambda entry: entry[:2]):
        texts = [text for _, _, text in group]
        if is_item and len(texts) > 1:
            builder.items(texts, numbered)
        else:
            for text in texts:
                builder.paragraph(text)


def _is_item(line: etree._Element, shape: etree._Element) -> bool:
    if line.find("{*}pPr/{*}buNone") is not None:
        return False
    marked = line.find("{*}pPr/{*}buChar") is not None or line.find("{*}pPr/{*}buBlip") is not None
    return marked or _is_numbered(line) or _placeholder(shape) in _BODIES


def _is_numbered(line: etree._Element) -> bool:
    return line.find("{*}pPr/{*}buAutoNum") is not None


def _paragraphs(shape: etree._Element) -> list[str]:
    return [text for line in shape.iterfind("{*}txBody/{*}p") if (text := _line(line)).strip()]


def _line(line: etree._Element) -> str:
    """The text of a paragraph with its formulas, without the number of the slide."""
    pieces = []
    for element in line.iter("{*}t", "{*}br"):
        above = element.getparent()
        if name_of(element) == "br":
            pieces.append(" ")
        elif not (name_of(above) == "fld" and above.get("type", "").startswith("slidenum")):
            pieces.append(element.text or "")
    return "".join(pieces).replace("\v", " ")


def _write_frame(
    builder: TextBuilder, archive: zipfile.ZipFile, frame: etree._Element, targets: dict[str, str]
) -> None:
    """A table, chart or diagram."""
    for element in frame.iterfind("{*}graphic/{*}graphicData/*"):
        if name_of(element) == "tbl":
            has_header = any(each.get("firstRow") in ("1", "true") for each in element.iterfind("{*}tblPr"))
            write_table(builder, _rows(element), 1 if has_header else None)
        elif (drawn := drawing(archive, element, targets)) is not None:
            builder.paragraph(drawn.caption)
            for rows in drawn.tables:
                write_table(builder, rows, 1)


def _rows(table: etree._Element) -> list[list[str]]:
    """The cells of a table; one that spans rows is repeated in each of them."""
    rows: list[list[str]] = []
    for line in table.iterfind("{*}tr"):
        row: list[str] = []
        for place, cell in enumerate(line.iterfind("{*}tc")):
            if cell.get("vMerge") in ("1", "true") and rows and place < len(rows[-1]):
                row.append(rows[-1][place])
            else:
                row.append(" ".join(_paragraphs(cell)))
        rows.append(row)
    return rows


# --- what belongs to a slide ------------------------------------------------------------------------------------------


def _footers(slide: etree._Element) -> Iterator[str]:
    for shape in _shapes(slide):
        if _placeholder(shape) in ("ftr", "hdr") and (text := " ".join(_paragraphs(shape))):
            yield " ".join(text.split())


def _notes(archive: zipfile.ZipFile, part: str) -> Iterator[str]:
    """The paragraphs of the speaker notes; other placeholders show the slide, its number and the date."""
    for name in related(archive, part, "notesSlide"):
        page = read_tree(archive, name)
        for shape in _shapes(page) if page is not None else ():
            if _placeholder(shape) == "body":
                yield from _paragraphs(shape)


def _authors(archive: zipfile.ZipFile, main: str) -> dict[str, str]:
    found = {}
    for kind in ("commentAuthors", "authors"):
        for name in related(archive, main, kind):
            root = read_tree(archive, name)
            for author in root if root is not None else ():
                found[author.get("id", "")] = author.get("name", "")
    return found


def _comments(archive: zipfile.ZipFile, part: str, authors: dict[str, str]) -> Iterator[str]:
    """The comments on a slide and the replies to them, in either of PowerPoint's two forms."""
    for name in related(archive, part, "comments"):
        root = read_tree(archive, name)
        for each in root.iter("{*}cm", "{*}reply") if root is not None else ():
            text = each.findtext("{*}text") or " ".join(_paragraphs(each))
            if text.strip():
                date = each.get("dt") or each.get("created", "")
                yield comment(text, authors.get(each.get("authorId", ""), ""), date)
