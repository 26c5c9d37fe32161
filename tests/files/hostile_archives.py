"""Hostile Word, OpenDocument, PowerPoint and EPUB files: bombs, entities, cycles, escaping names, locks.

They are made from the good files in `office/`; `make_hostile` says what should become of each.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

OFFICE = Path(__file__).parent / "office"
MAIN = {
    "docx": "word/document.xml",
    "odt": "content.xml",
    "pptx": "ppt/slides/slide2.xml",
    "epub": "EPUB/text/ch001.xhtml",
}
GOOD = {"docx": "bees.docx", "odt": "bees.odt", "pptx": "slides.pptx", "epub": "bees.epub"}
_SYMBOLIC_LINK = 0o120777 << 16
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def good(form: str) -> bytes:
    """A good file with this extension."""
    return (OFFICE / GOOD[form]).read_bytes()


def changed(form: str, change: Callable[[str, bytes], bytes], extra: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A good file with each part changed, and more parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good(form))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
        for name, content in extra:
            new.writestr(name, content)
    return out.getvalue()


def with_parts(form: str, *extra: tuple[str, bytes]) -> bytes:
    """A good file with more parts."""
    return changed(form, lambda _, content: content, extra)


def replacing(form: str, part: str, old: bytes, new: bytes) -> bytes:
    """A good file with the first `old` in one part replaced."""
    return changed(form, lambda name, content: content.replace(old, new, 1) if name == part else content)


# --- bombs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Packed:
    """An entry as stored in an archive; `size` is what it claims to unpack to."""

    name: bytes
    data: bytes
    size: int


def deflated(megabytes: int) -> bytes:
    """Spaces, compressed; the same compressed megabyte is repeated, so that making it takes no time."""
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = press.compress(b" " * 1_000_000) + press.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + b"\x03\x00"


def _archive(entries: Sequence[_Packed], listed: int = 1) -> bytes:
    """A zip file written by hand; each entry is listed that many times, always at the same position."""
    body, directory = b"", list[bytes]()
    for entry in entries:
        names = [entry.name, *(entry.name + b"%d" % copy for copy in range(1, listed))]
        facts = [struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(entry.data), entry.size, len(n), 0) for n in names]
        rest = struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += [b"PK\x01\x02\x14\x00" + own + rest + name for name, own in zip(names, facts, strict=True)]
        body += b"PK\x03\x04" + facts[0] + entry.name + entry.data
    listing = b"".join(directory)
    count = min(len(directory), 0xFFFF)
    return body + listing + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(listing), len(body), 0)


def bomb(form: str, megabytes: int, claimed: int | None = None) -> bytes:
    """A main part that unpacks to so many bytes, and claims to be as large as that, or `claimed` bytes."""
    size = megabytes * 1_000_000 if claimed is None else claimed
    return _archive([_Packed(MAIN[form].encode(), deflated(megabytes), size)])


def overlapping(form: str) -> bytes:
    """Nine thousand entries that all refer to the same five compressed megabytes."""
    return _archive([_Packed(MAIN[form].encode(), deflated(5), 5_000_000)], listed=9_000)


def nested_bomb(form: str) -> bytes:
    """A good file that contains a zip of zips, which would unpack to gigabytes."""
    inner = bomb("docx", 100)
    for _ in range(4):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.zip", inner)
        inner = out.getvalue()
        if len(inner) > 3_000_000:
            break
    return with_parts(form, ("embedded/inner.zip", inner))


def crowded(form: str, listed: int = 600) -> bytes:
    """Sixty thousand entries, or a hundred times `listed`."""
    return _archive([_Packed(b"%d" % number, b"\x03\x00", 0) for number in range(100)], listed)


# --- XML --------------------------------------------------------------------------------------------------------------


def with_entities(form: str, declarations: str, use: str) -> bytes:
    """A good file whose main part declares entities and uses them before its first closing tag."""

    def armed(name: str, content: bytes) -> bytes:
        if name != MAIN[form]:
            return content
        body = re.sub(r"<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", content.decode())
        return f'<?xml version="1.0"?><!DOCTYPE x [{declarations}]>{re.sub("</", use + "</", body, count=1)}'.encode()

    return changed(form, armed)


def billion_laughs(form: str) -> bytes:
    """Entities of entities of entities."""
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return with_entities(form, f'<!ENTITY a0 "ha">{levels}', "&a11;")


def quadratic_blowup(form: str) -> bytes:
    """One long entity, used often: 100 kB × 20,000."""
    return with_entities(form, f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 20_000)


def external_entity(form: str) -> bytes:
    """An entity with the text of another file."""
    return with_entities(form, '<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;")


def deep(form: str, depth: int = 500) -> bytes:
    """A main part with so many elements inside each other."""
    opening = {"docx": b"<w:sdt><w:sdtContent>", "odt": b"<text:section>", "pptx": b"<p:grpSp>", "epub": b"<div>"}[form]
    closing = b"".join(b"</%s>" % tag for tag in reversed(re.findall(rb"<([\w:]+)", opening)))
    end = {"docx": b"</w:body>", "odt": b"</office:text>", "pptx": b"</p:spTree>", "epub": b"</body>"}[form]
    return replacing(form, MAIN[form], end, opening * depth + closing * depth + end)


# --- names and locks --------------------------------------------------------------------------------------------------


def leading_out(form: str) -> bytes:
    """A good file with entries that would land elsewhere if they were unpacked."""
    names = (
        "../../escaped.txt",
        "/tmp/escaped.txt",
        "..\\escaped.txt",
        "C:\\escaped.txt",
        "word/../../escaped.txt",
    )
    return with_parts(form, *((name, b"escaped") for name in names))


def linked(form: str) -> bytes:
    """A file whose main part is a symbolic link to the list of accounts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good(form))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename == MAIN[form]:
                link = zipfile.ZipInfo(entry.filename)
                link.create_system, link.external_attr = 3, _SYMBOLIC_LINK
                new.writestr(link, "/etc/passwd")
            else:
                new.writestr(entry.filename, old.read(entry))
    return out.getvalue()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    """An archive of these entries; a name may occur twice, or mean something to a file system."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.NameToInfo.clear()  # without this, zipfile would warn of duplicate names
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def zip_of_links(target: str) -> bytes:
    """An archive whose only article is a symbolic link."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.create_system, link.external_attr = 3, _SYMBOLIC_LINK
        archive.writestr(link, target)
    return out.getvalue()


def flagged(form: str) -> bytes:
    """A good file with each entry marked as encrypted."""
    return marked_as_locked(good(form))


def marked_as_locked(archive: bytes) -> bytes:
    """The archive with each entry marked as encrypted."""
    data = bytearray(archive)
    for match in re.finditer(rb"PK\x01\x02", archive):
        data[match.start() + 8] |= 1
    return bytes(data)


def in_ole() -> bytes:
    """What Office makes of a document with a password."""
    return _OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le")


# --- requests for more ------------------------------------------------------------------------------------------------


def related_docx() -> bytes:
    """A Word file that wants a template, pictures and another document from another place."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    outside = "".join(
        f'<Relationship Id="rIdX{n}" Type="{kind}/{what}" Target="{target}" TargetMode="External"/>'
        for n, (what, target) in enumerate(
            [("attachedTemplate", "http://127.0.0.1:9/evil.dotm"), ("image", "http://127.0.0.1:9/pixel.png"),
             ("aFChunk", "file:///etc/passwd"), ("oleObject", "file:///etc/passwd"), ("subDocument", "file:///etc/passwd")]
        )
    )  # fmt: skip

    def change(name: str, content: bytes) -> bytes:
        if name == "word/_rels/document.xml.rels":
            return content.replace(b"</Relationships>", f"{outside}</Relationships>".encode())
        wants = b'<w:altChunk r:id="rIdX2"/><w:subDoc r:id="rIdX4"/></w:body>'
        return content.replace(b"</w:body>", wants) if name == MAIN["docx"] else content

    return changed("docx", change)


def chunked_docx() -> bytes:
    """A Word file that includes a web page as a part of its text."""
    page = b"<html><script>alert(1)</script><p>From the chunk.</p></html>"
    return with_parts("docx", ("word/chunk.html", page))


def endless_spine() -> bytes:
    """A book that shows its chapters a hundred thousand times."""

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(".opf"):
            return content
        again = re.search(rb'<itemref idref="ch001[^>]*/>', content)
        assert again is not None
        return content.replace(b"</spine>", again[0] * 100_000 + b"</spine>")

    return changed("epub", change)


def cyclic_contents() -> bytes:
    """A book whose table of contents is one of its own chapters, with points that contain themselves."""

    def change(name: str, content: bytes) -> bytes:
        if name.endswith(".opf"):
            return content.replace(b"</spine>", b'<itemref idref="nav"/><itemref idref="ncx"/></spine>')
        if name.endswith("nav.xhtml"):
            return content.replace(b"</ol>", b'<li><a href="nav.xhtml">again</a></li></ol>')
        if name.endswith(".ncx"):
            point = b'<navPoint id="navPoint-0"><navLabel><text>again</text></navLabel><content src="../toc.ncx"/>'
            return content.replace(b"</navMap>", point * 500 + b"</navPoint>" * 500 + b"</navMap>")
        return content

    return changed("epub", change)


def self_rooted() -> bytes:
    """A book whose container claims to be its own package."""
    return replacing("epub", "META-INF/container.xml", b"EPUB/content.opf", b"META-INF/container.xml")


def outside_chapters() -> bytes:
    """A book whose chapters are outside the archive."""

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(".opf"):
            return content
        return re.sub(rb'href="text/ch00[^"]*"', b'href="../../../../../../etc/passwd"', content)

    return changed("epub", change)


def repeated_cells() -> bytes:
    """An OpenDocument text with a cell that is repeated a million times."""
    table = (
        b'<table:table table:name="t"><table:table-column table:number-columns-repeated="1000000"/>'
        b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell'
        b' table:number-columns-repeated="1000000"><text:p>cell<text:s text:c="1000000"/></text:p>'
        b"</table:table-cell></table:table-row></table:table></office:text>"
    )
    return replacing("odt", MAIN["odt"], b"</office:text>", table)
