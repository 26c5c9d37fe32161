"""Writes a folder of hostile and broken files: `python -m files.make_hostile FOLDER` in `tests/`.

`cases` says what should become of each file; `odd_names` makes what only a file system can contain (links, pipes,
names). The good articles among them come from the test.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import random
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from . import hostile_archives as archives
from . import hostile_pdf as pdfs
from . import make_msg as msgs
from . import make_open_document as opened
from .hostile_archives import good
from .make_pdf import stream
from .make_spreadsheet import text as cell
from .make_spreadsheet import xlsx

FILES = Path(__file__).parent
ZIPPED = ("docx", "odt", "pptx", "epub")
ACCOUNTS = "/etc/passwd"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde" * 20
WORDS = b"Bees sleep in winter. "


@dataclass(frozen=True)
class Case:
    """A file and what should become of it.

    `says` is a part of the reason; for an indexed file, a part of its text (and nothing hostile).
    """

    name: str
    make: Callable[[], bytes]
    status: str
    says: str = ""


def case(name: str, data: bytes | Callable[[], bytes], status: str, says: str = "") -> Case:
    return Case(name, data if callable(data) else lambda: data, status, says)


def old(ending: str, length: int | None = None) -> bytes:
    """The first bytes of a good binary Office file."""
    if ending == "doc":
        return (FILES / "office" / "bees-libreoffice.doc").read_bytes()[:length]
    return gzip.decompress((FILES / "office" / "slides.ppt.gz").read_bytes())[:length]


def with_long_records(ending: str) -> bytes:
    """A binary Office file whose tables claim to be as long as a number can say."""
    data = bytearray(old(ending))
    start = data.index(b"\xec\xa5") + 0x4C if ending == "doc" else data.index(b"\xf5\x0f") + 6
    data[start : start + 400] = b"\xff" * 400
    return bytes(data)


def wrong_contents() -> Iterator[Case]:
    """Every extension with content that does not belong to it."""
    noise = random.Random(7).randbytes(4000)
    for ending in ("md", "txt", "html", "mhtml", "rst", "org"):
        yield case(f"wrong/picture.{ending}", PNG, "failed", "binary" if ending != "mhtml" else "no web page")
        yield case(f"wrong/noise.{ending}", noise, "failed", "binary" if ending != "mhtml" else "no web page")
    for ending in ("png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp", "gif", "heic", "heif"):
        yield case(f"wrong/noise.{ending}", noise, "failed", "damaged")
    for ending in (*ZIPPED, "pdf", "rtf", "ipynb"):
        damaged = "damaged" if ending != "ipynb" else "binary"
        yield case(f"wrong/picture.{ending}", PNG, "failed", damaged)
        yield case(f"wrong/noise.{ending}", noise, "failed", damaged)
        yield case(
            f"wrong/page.{ending}",
            b"<html><p>Bees</p></html>",
            *(("failed", "damaged") if ending in ("epub", "ipynb") else ("indexed", "Bees")),
        )
    for ending in ZIPPED:
        yield case(
            f"wrong/other.{ending}", partial(good, "odt" if ending != "odt" else "docx"), "indexed", "Bees do not sleep"
        )
        yield case(f"wrong/half.{ending}", good(ending)[: len(good(ending)) // 2], "failed", "damaged")
    yield case("wrong/text.doc", WORDS, "indexed", "Bees sleep")
    yield case("wrong/text.xyz", WORDS, "skipped", ".xyz files are not read")
    for ending in ("doc", "ppt"):
        yield case(f"wrong/picture.{ending}", PNG, "failed", "damaged")
        yield case(f"wrong/noise.{ending}", noise, "failed", "damaged")
        yield case(f"wrong/ole.{ending}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, "failed", "damaged")
        yield case(f"wrong/half.{ending}", partial(old, ending, 9_000), "failed", "damaged")
        yield case(f"wrong/lengths.{ending}", partial(with_long_records, ending), "failed", "damaged")
    yield case("wrong/slides.doc", lambda: old("ppt"), "indexed", "Bees gather in a ball")
    yield case("wrong/text.pps", lambda: old("doc"), "indexed", "Bees do not sleep")
    for ending in ("md", "html", "pdf", "docx", "rtf", "ipynb"):
        yield case(f"wrong/nothing.{ending}", b"", "empty", "is empty")


def in_archives() -> Iterator[Case]:
    """Zip files as office documents and books."""
    yield case("zip/bomb.docx", lambda: archives.bomb("docx", 301), "failed", "unpacks to more than 300 MB")
    yield case(
        "zip/lying-bomb.pptx", lambda: archives.bomb("pptx", 301, claimed=10), "failed", "unpacks to more than 300 MB"
    )
    yield case(
        "zip/small-bomb.odt", lambda: archives.bomb("odt", 60), "failed", "unpacks to more than 200 times its size"
    )
    yield case("zip/overlapping.epub", lambda: archives.overlapping("epub"), "failed", "unpacks to more than 300 MB")
    yield case("zip/nested-bombs.docx", lambda: archives.nested_bomb("docx"), "indexed", "Bees do not sleep")
    yield case("zip/crowded.odt", lambda: archives.crowded("odt"), "failed", "unpacks to more than 10000 files")
    for form in ZIPPED:
        yield case(f"zip/laughs.{form}", partial(archives.billion_laughs, form), "failed", "entities")
        yield case(f"zip/blowup.{form}", partial(archives.quadratic_blowup, form), "failed", "entities")
        yield case(
            f"zip/external.{form}",
            partial(archives.external_entity, form),
            *(("indexed", "inter") if form == "epub" else ("failed", "damaged")),
        )
        yield case(
            f"zip/deep.{form}",
            partial(archives.deep, form),
            *(("failed", "nested too deeply") if form in ("odt", "epub") else ("indexed", "inter")),
        )
        yield case(f"zip/flagged.{form}", partial(archives.flagged, form), "failed", "locked")
        yield case(f"zip/leading-out.{form}", partial(archives.leading_out, form), "indexed", "inter")
        yield case(
            f"zip/linked.{form}",
            partial(archives.linked, form),
            *(("indexed", "Spring") if form == "epub" else ("failed", "damaged")),
        )
    yield case("zip/locked.docx", archives.in_ole, "failed", "locked")
    yield case("zip/related.docx", archives.related_docx, "indexed", "Bees do not sleep")
    yield case("zip/chunked.docx", archives.chunked_docx, "indexed", "Bees do not sleep")
    yield case("zip/cells.odt", archives.repeated_cells, "indexed", "Bees do not sleep")
    yield case("zip/cyclic-contents.epub", archives.cyclic_contents, "indexed", "Bees do not sleep")
    yield case("zip/self-rooted.epub", archives.self_rooted, "failed", "damaged")
    yield case("zip/outside.epub", archives.outside_chapters, "failed", "damaged")


def in_open_documents() -> Iterator[Case]:
    """OpenDocument files: slides, drawings, templates, and flat ones."""
    bees = "<text:p>Bees sleep in winter.</text:p>"
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    slide = opened.slide("Bees", opened.frame(bees))
    for ending in ("fodt", "fodp", "fods", "fodg"):
        inner = opened.flat("text", f"<text:p>&a9;{ACCOUNTS}</text:p>")
        declared = inner.replace(b"<office:document", f"<!DOCTYPE x [{laughs}]><office:document".encode(), 1)
        yield case(f"open/laughs.{ending}", declared, "failed", "damaged")
        yield case(f"open/half.{ending}", inner[:900], "failed", "damaged")
        yield case(f"open/text.{ending}", opened.flat("text", bees), "indexed", "Bees sleep")
    for ending, kind in (
        ("odp", "presentation"),
        ("otp", "presentation-template"),
        ("odg", "graphics"),
        ("otg", "graphics-template"),
    ):
        yield case(f"open/slide.{ending}", opened.package(kind, slide), "indexed", "Bees sleep")
    for ending, kind in (("ott", "text-template"), ("odm", "text-master")):
        yield case(f"open/text.{ending}", opened.package(kind, bees), "indexed", "Bees sleep")
    sheet = opened.package("spreadsheet-template", opened.table("Hive|Bees", "Oak|sleep", attributes='table:name="A"'))
    yield case("open/sheet.ots", sheet, "indexed", "sleep")
    cell = 'table:number-columns-repeated="9999" office:value-type="string"><text:p>x</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="9999"><table:table-cell {cell}</table:table-row>'
    many = f'<table:table table:name="A">{row}</table:table>'
    yield case("open/many.ods", opened.package("spreadsheet", many), "failed", "too many cells")
    unclosed = opened.package("spreadsheet", "<table:table table:name='A'><office:annotation><dc:creator>")
    yield case("open/unclosed.ods", unclosed, "failed", "damaged")
    yield case("open/half.ots", sheet[:300], "failed", "damaged")
    yield case(
        "open/bomb.odp", lambda: opened.package("presentation", opened.slide("x" * 60_000_000)), "failed", "unpacks to more than 200 times its size",
    )  # fmt: skip
    nested = (
        "<draw:g>" * 1_500 + "<draw:custom-shape><text:p>Bees sleep</text:p></draw:custom-shape>" + "</draw:g>" * 1_500
    )
    yield case("open/groups.odp", opened.package("presentation", opened.slide("Deep", nested)), "indexed", "Bees sleep")
    boxes = "<draw:frame><draw:text-box><text:p>" * 300 + "Bees sleep" + "</text:p></draw:text-box></draw:frame>" * 300
    yield case("open/boxes.odt", opened.package("text", f"<text:p>{boxes}</text:p>"), "indexed", "Bees sleep")
    open_comments = "".join(opened.annotation("Why?", name=f"n{n}") for n in range(5_000))
    yield case(
        "open/comments.odt", opened.package("text", f"<text:p>Bees sleep.{open_comments}</text:p>"), "indexed", "Why?"
    )
    charts = '<text:p><draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>' * 5_000
    values = opened.table(*[f"{n}|x" for n in range(2_000)])
    chart = (
        f"<office:document-content {opened.NAMES}><office:body><office:chart><chart:chart>{values}</chart:chart>"
        "</office:chart></office:body></office:document-content>"
    )
    yield case(
        "open/charts.odt",
        opened.package("text", bees + charts, {"Object 1/content.xml": chart}),
        "indexed",
        "Bees sleep",
    )
    outside = '<text:p>Bees sleep.<draw:frame><draw:object xlink:href="../../../etc/passwd"/></draw:frame></text:p>'
    yield case("open/outside.odt", opened.package("text", outside), "indexed", "Bees sleep")


def in_pdf() -> Iterator[Case]:
    """PDFs."""
    bees = "The bees came through the winter"
    yield case("pdf/bomb.pdf", lambda: pdfs.stream_bomb(1), "empty", "contains no text")
    yield case("pdf/bomb-in-bomb.pdf", lambda: pdfs.stream_bomb(3), "empty", "contains no text")
    yield case("pdf/recursive-pages.pdf", pdfs.recursive_pages, "indexed", bees)
    yield case("pdf/recursive-forms.pdf", pdfs.recursive_forms, "indexed", bees)
    yield case("pdf/laughing-forms.pdf", partial(pdfs.laughing_forms, 5), "indexed", bees)
    yield case("pdf/endless-outline.pdf", pdfs.endless_outline, "indexed", bees)
    yield case("pdf/100000-pages.pdf", lambda: pdfs.many_pages(100_000), "failed", "too long: it has 100,000 pages")
    yield case("pdf/claims-pages.pdf", lambda: pdfs.pdf(count=2_000_000), "indexed", bees)
    yield case("pdf/negative-pages.pdf", lambda: pdfs.pdf(count=-5), "indexed", bees)
    yield case("pdf/no-pages.pdf", lambda: pdfs.pdf(kids=b"", count=0), "failed", "damaged")
    yield case("pdf/no-table.pdf", pdfs.without_table, "indexed", bees)
    yield case("pdf/false-table.pdf", pdfs.with_a_false_table, "indexed", bees)
    yield case(
        "pdf/giant.pdf", lambda: pdfs.pdf(page=b"/MediaBox[-1e30 -1e30 1e30 1e30]/UserUnit 1e30"), "indexed", bees
    )
    yield case("pdf/actions.pdf", pdfs.with_actions, "indexed", bees)
    yield case("pdf/attachment.pdf", pdfs.with_a_file_inside, "indexed", bees)
    yield case("pdf/no-letters.pdf", pdfs.without_letters, "empty", "text cannot be decoded")
    yield case("pdf/heap.pdf", lambda: pdfs.heaped(5_000), "indexed", "w499")
    yield case("pdf/deep.pdf", lambda: pdfs.pdf(catalog=b"/X " + b"[" * 100_000), "indexed", bees)
    yield case("pdf/deep-marks.pdf", lambda: pdfs.pdf(stream(b"q " * 300_000 + pdfs.WORDS)), "indexed", bees)
    yield case("pdf/header.pdf", lambda: pdfs.pdf().replace(b"%PDF", b"%FOO"), "failed", "damaged")
    yield case("pdf/locked.pdf", lambda: (FILES / "pdf" / "locked.pdf").read_bytes(), "failed", "locked")
    yield case("pdf/half.pdf", lambda: pdfs.pdf()[:300], "failed", "damaged")


def in_web_pages() -> Iterator[Case]:
    """Web pages, and web pages in one file."""
    yield case("html/divs.html", b"<div>" * 10_000 + WORDS + b"</div>" * 10_000, "indexed", "Bees sleep")
    yield case(
        "html/attributes.html",
        b"<p " + b" ".join(b"a%d=1" % n for n in range(1_000_000)) + b">" + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case(
        "html/some-attributes.html",
        b"<p " + b" ".join(b"a%d=1" % n for n in range(1_000)) + b">" + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case("html/comment.html", b"<p>" + WORDS + b"</p><!-- " + b"never closed " * 50_000, "indexed", "Bees sleep")
    yield case("html/table.html", b"<table>" + (b"<tr>" + b"<td>bee" * 100) * 200 + b"</table>", "indexed", "bee | bee")
    yield case(
        "html/spans.html",
        b"<table><tr><td colspan=1000000000 rowspan=1000000000>" + WORDS + b"<td>2</table>",
        "indexed",
        "Bees sleep",
    )
    for charset in ("utf-16", "utf-7", "rot13", "zlib", "undefined", "idna", "x" * 5000):
        page = f"<meta charset={charset}><p>Käfer. Bees sleep.".encode("cp1252")
        yield case(f"html/charset-{charset[:9]}.html", page, "indexed", "Bees sleep")
    yield case("html/nul.html", b"<p>Bees\x00\x00\x00 sleep", "failed", "binary")
    yield case("html/links.html", b"<base href='javascript:alert(1)'><link rel=canonical href='javascript:alert(1)'>"
               b"<meta http-equiv=refresh content='0;url=file:///etc/passwd'><iframe src=file:///etc/passwd></iframe>"
               b"<p>" + WORDS, "indexed", "Bees sleep")  # fmt: skip
    yield case(
        "html/data.html",
        b"<p>" + WORDS + b"<img src='data:image/png;base64," + b"A" * 10_000_000 + b"'><p>After.",
        "indexed",
        "Bees sleep",
    )
    yield case(
        "html/frames.html",
        b"<frameset><frame src=file:///etc/passwd><frame src=http://127.0.0.1:9/></frameset>",
        "empty",
        "no text",
    )
    yield case(
        "html/entity.html",
        b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>Bees sleep. &x;',
        "indexed",
        "Bees sleep",
    )
    yield case(
        "html/script.html",
        b"<title><script>alert(1)</script></title><h1>&lt;img src=x onerror=alert(1)&gt;</h1><p>" + WORDS,
        "indexed",
        "Bees sleep",
    )
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n"
    page = b"--x\r\nContent-Type: text/html\r\n"
    yield case(
        "mhtml/no-boundary.mhtml",
        b"Content-Type: multipart/related\r\n\r\n" + page + b"\r\n<p>Bees",
        "failed",
        "no web page",
    )
    yield case(
        "mhtml/rubbish.mhtml",
        head + page + b"Content-Transfer-Encoding: base64\r\n\r\n!!!%%%\xff\r\n--x--",
        "empty",
        "no text",
    )
    parts = (b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n) for n in range(3000))
    yield case("mhtml/nested.mhtml", b"".join(parts), "failed", "nested too deeply")
    yield case(
        "mhtml/cyclic.mhtml",
        head + (b"--x\r\nContent-Type: multipart/related; boundary=x\r\n\r\n" * 3000),
        "failed",
        "no web page",
    )
    yield case(
        "mhtml/parts.mhtml",
        head + page + b"\r\n<p>" + WORDS + b"\r\n" + b"--x\r\n\r\n\r\n" * 5_000,
        "indexed",
        "Bees sleep",
    )
    yield case(
        "mhtml/charset.mhtml",
        head + b'--x\r\nContent-Type: text/html; charset="zlib\x00"\r\n\r\n<p>' + WORDS,
        "indexed",
        "Bees sleep",
    )


def in_markup() -> Iterator[Case]:
    """Markdown, reStructuredText, Org, RTF and notebooks."""
    yield case("md/quotes.md", b">" * 50_000 + WORDS, "indexed", "Bees sleep")
    yield case("md/brackets.md", WORDS + b"\n\n# " + b"[" * 10_000 + b"\n\n" + b"[" * 50_000, "indexed", "Bees sleep")
    yield case(
        "md/stars.md", WORDS + b"\n\n# " + b"*a_ " * 15_000 + b"\n\n" + b"*a **b " * 50_000, "indexed", "Bees sleep"
    )
    yield case("md/lists.md", b"- " * 20_000 + WORDS, "indexed", "Bees sleep")
    yield case(
        "md/references.md",
        b"[a]: " + b"b" * 50_000 + b"\n\n# " + b"[a]" * 10_000 + b"\n\n" + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case(
        "md/definitions.md", b"".join(b"[a%d]: b\n" % n for n in range(5_000)) + b"\n" + WORDS, "indexed", "Bees sleep"
    )
    yield case("md/callouts.md", b'!!! note "x"\n' * 20_000 + b":::tip\n" * 5_000 + WORDS, "indexed", "Bees sleep")
    yield case(
        "md/deep-callouts.md",
        b"".join(b"    " * n + b'!!! note "x"\n' for n in range(200)) + b"\n" + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case("md/columns.md", b"|a" * 1_000 + b"|\n" + b"|-" * 1_000 + b"|\n" + b"|Bees\n" * 1_000, "indexed", "Bees")
    yield case("md/aliases.md", b"---\ntitle: x\na0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)) + b"---\n\n" + WORDS, "indexed", "Bees sleep")  # fmt: skip
    yield case(
        "md/tags.md",
        b"---\ntitle: !!python/object/apply:os.system ['touch hacked']\n---\n\n" + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case("md/deep-front.md", b"---\ntitle: " + b"[" * 500 + b"\n---\n\n" + WORDS, "indexed", "Bees sleep")
    yield case("md/line.md", WORDS * 30_000, "indexed", "Bees sleep")
    yield case(
        "md/markup.md",
        b"# <script>alert(1)</script>\n\n## <img src=x onerror=alert(2)>\n\n<b onclick=alert(3)>Beekeepers</b> wear veils.",
        "indexed",
        "Beekeepers",
    )
    for directive in (b".. include:: /etc/passwd", b".. raw:: html\n   :file: /etc/passwd", b".. csv-table:: T\n   :file: /etc/passwd",
                      b".. literalinclude:: /etc/passwd", b".. raw:: html\n   :url: file:///etc/passwd"):  # fmt: skip
        yield case(
            f"rst/{directive.split()[1].decode().strip(':')}-{len(directive)}.rst",
            WORDS + b"\n\n" + directive + b"\n\nAfter.\n",
            "indexed",
            "Bees sleep",
        )
    laughs = b"".join(b".. |a%d| replace:: %s\n" % (n, b" ".join([b"|a%d|" % (n - 1)] * 10)) for n in range(1, 12))
    yield case("rst/laughs.rst", b".. |a0| replace:: ha\n" + laughs + b"\n|a11|\n", "indexed", "a9")
    yield case("rst/deep.rst", b"".join(b"%s- deep\n\n" % (b"  " * n) for n in range(100)), "indexed", "deep")
    yield case("rst/raw.rst", WORDS + b"\n\n.. raw:: html\n\n   <script>alert(1)</script>\n", "indexed", "Bees sleep")
    yield case(
        "org/include.org", WORDS + b'\n\n#+INCLUDE: "/etc/passwd"\n#+SETUPFILE: /etc/passwd\n', "indexed", "Bees sleep"
    )
    macros = b"".join(b"#+MACRO: a%d %s\n" % (n, b" ".join([b"{{{a%d}}}" % (n - 1)] * 10)) for n in range(1, 5))
    yield case("org/macros.org", b"#+MACRO: a0 ha\n" + macros + b"\n{{{a4}}}\n", "indexed", "ha ha")
    yield case("org/deep.org", b"".join(b"*" * n + b" deep\n" for n in range(1, 300)), "failed", "nested too deeply")
    yield case("rtf/deep.rtf", b"{\\rtf1 " + b"{" * 3_000 + WORDS + b"}" * 20_001, "indexed", "Bees sleep")
    yield case("rtf/open.rtf", b"{\\rtf1 " + WORDS + b"{" * 20_000, "failed", "damaged")
    yield case("rtf/bin.rtf", b"{\\rtf1 " + WORDS + b"\\par{\\pict\\bin2147483647 xyz}}", "failed", "damaged")
    yield case(
        "rtf/object.rtf",
        b"{\\rtf1 " + WORDS + b"\\par{\\object\\objocx{\\*\\objdata " + b"4d5a" * 10_000 + b"}}}",
        "indexed",
        "Bees sleep",
    )
    yield case(
        "rtf/field.rtf",
        b"{\\rtf1 " + WORDS + b'{\\field{\\*\\fldinst INCLUDETEXT "/etc/passwd"}{\\fldrslt x}}}',
        "indexed",
        "Bees sleep",
    )
    yield case("ipynb/deep.ipynb", b'{"cells":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "failed", "damaged")
    yield case(
        "ipynb/rubbish.ipynb",
        lambda: notebook(
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "!!! no base64 \u0000"}}
        ),
        "indexed",
        "Bees sleep",
    )
    yield case(
        "ipynb/huge.ipynb",
        lambda: notebook().replace(b'"execution_count": 1', b'"execution_count": 1' + b"0" * 9_999),
        "failed",
        "damaged",
    )
    yield case(
        "ipynb/number.ipynb", lambda: notebook().replace(b'"nbformat": 4', b'"nbformat": 4e999999999'), "failed", ""
    )
    yield case(
        "ipynb/page.ipynb",
        lambda: notebook(
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"text/html": "<script>alert(1)</script><b>bold</b>"},
            }
        ),
        "indexed",
        "Bees sleep",
    )


def notebook(*outputs: dict[str, object]) -> bytes:
    """A notebook with a text cell and a cell with these outputs."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": WORDS.decode()},
        {"cell_type": "code", "metadata": {}, "source": "x", "execution_count": 1, "outputs": outputs},
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def in_plain_text() -> Iterator[Case]:
    """Plain text."""
    yield case("txt/utf16.txt", (WORDS * 20).decode().encode("utf-16-le"), "indexed", "Bees sleep")
    yield case(
        "txt/surrogates.txt", b"Bees \xed\xa0\x80\xed\xbf\xbf sleep in winter.\n" * 9, "indexed", "sleep in winter"
    )
    yield case("txt/controls.txt", bytes(range(1, 9)) * 100, "failed", "binary")
    yield case("txt/nuls.txt", bytes(5_000), "failed", "binary")
    yield case("txt/blank.txt", " \u200b\u00a0\u2028\ufeff\n\u3000\t".encode() * 500, "empty", "no text")
    yield case("txt/one-word.txt", b"x" * 500_000, "indexed", "xxxx")
    yield case("txt/too-large.txt", b"x" * 20_000_001, "skipped", "over the limit of 20 MB")
    yield case("txt/marks.txt", ("e" + "\u0301" * 50_000 + " bees").encode(), "indexed", "bees")
    yield case(
        "txt/turned.txt", "Bees \u202esleep\u202c in \x1b[2Jwinter \x1b]0;owned.".encode() * 9, "indexed", "winter"
    )
    yield case("txt/lines.txt", b"a\n" * 5_000, "indexed", "a")
    yield case("txt/returns.txt", b"\r" * 100_000 + WORDS, "indexed", "Bees sleep")
    yield case("txt/heads.txt", b"12/03/2024, 10:02 - " * 200_000 + WORDS, "indexed", "Bees sleep")
    chat = b"12/03/2024, 10:02 - Ada: Bees sleep.\n" + b"99/99/9999, 99:99 - X: \n" * 50_000
    yield case("txt/chat.txt", chat, "indexed", "Bees sleep")
    yield case("txt/archive.txt", base64.encodebytes(PNG), "indexed", "iVBOR")


def bee_message(text: object, **more: object) -> dict[str, object]:
    """A message of a chat."""
    return {"type": "message", "date": "2024-03-12T10:02:00", "from": "Ada", "text": text, **more}


def in_records() -> Iterator[Case]:
    """JSON, JSON Lines and tables."""
    bees = b'{"title": "Bees", "text": "Bees sleep in winter."}'
    yield case("records/deep.json", b"[" * 100_000 + b"]" * 100_000, "failed", "nested too deeply")
    yield case(
        "records/deep-field.json",
        b'{"text": "Bees sleep.", "x": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        "indexed",
        "Bees sleep",
    )
    yield case("records/deep.jsonl", bees + b"\n" + b'{"x":' * 100_000 + b"\n" + bees, "indexed", "Bees sleep")
    yield case(
        "records/no-numbers.json",
        b'[{"text": NaN}, {"title": -Infinity, "text": "Bees sleep."}]',
        "indexed",
        "Bees sleep",
    )
    yield case(
        "records/huge-number.json",
        b'{"text": "Bees sleep.", "title": ' + b"9" * 1_000_000 + b"}",
        "indexed",
        "Bees sleep",
    )
    yield case(
        "records/line.jsonl", b'{"text": "Bees sleep.", "x": "' + WORDS * 100_000 + b'"}', "indexed", "Bees sleep"
    )
    yield case(
        "records/halves.json", b'{"title": "\\udc00", "text": "Bees \\ud800 sleep \\udfff\\ud83d."}', "indexed", "sleep"
    )
    yield case("records/nuls.json", b'{"title": "a\\u0000b", "text": "Bees\\u0000 sleep."}', "indexed", "sleep")
    yield case("records/nuls.ndjson", bees + b"\x00" * 500, "failed", "binary")
    yield case(
        "records/twice.json",
        b'{"text": "Wasps.", "text": "Bees sleep.", "text ": "Bees wake."}',
        "indexed",
        "Bees wake",
    )
    yield case("records/open.json", b'[{"text": "Bees sleep.}]', "failed", "is not JSON")
    yield case("records/open.ndjson", bees + b'\n{"text": "' + b"a\n" * 5_000, "indexed", "Bees sleep")
    yield case("records/nothing.json", b"[]", "empty", "contains no records")
    yield case("records/lists.json", b"[" + b"[]," * 300_000 + b"[]]", "empty", "contains no text")
    yield case(
        "records/names.json",
        b"{" + b",".join(b'"a%d":1' % n for n in range(100_000)) + b"}",
        "indexed",
        "a7: 1",
    )
    yield case("records/utf16.json", bees.decode().encode("utf-16"), "indexed", "Bees sleep")
    yield case("records/marked.jsonl", b"\xef\xbb\xbf" + bees, "indexed", "Bees sleep")
    yield case(
        "records/page.json",
        json.dumps({"text": "<p>" + "<div>" * 5_000 + "Bees sleep.</p>"}).encode(),
        "indexed",
        "Bees sleep",
    )
    yield case(
        "records/markup.jsonl",
        b'{"title": "<script>alert(1)</script>", "url": "javascript:alert(1)", "text": "Beekeepers wear veils."}',
        "indexed",
        "veils",
    )
    ring = {
        "a": {"message": bee_message("Bees sleep."), "parent": "b", "children": ["b"]},
        "b": {"parent": "a", "children": ["a"]},
    }
    yield case("chats/ring.json", json.dumps({"mapping": ring, "current_node": "b"}).encode(), "indexed", "Bees sleep")
    chain = {
        str(n): {"message": bee_message("Bees."), "parent": str(n - 1), "children": [str(n + 1)]} for n in range(30_000)
    }
    yield case("chats/chain.json", json.dumps({"mapping": chain}).encode(), "indexed", "Bees")
    deep: object = "Bees sleep."
    for _ in range(300):
        deep = [{"type": "bold", "text": deep}]
    odd = [
        bee_message("Bees sleep."),
        bee_message(deep),
        {"type": [], "text": {}, "ts": {}},
        bee_message([], author=[[]]),
    ]
    yield case("chats/odd.json", json.dumps({"messages": odd}).encode(), "indexed", "Bees sleep")
    brackets = "<@" * 50_000 + "<https://" * 50_000 + "&" * 50_000 + " Bees sleep."
    yield case("chats/marks.json", json.dumps({"messages": [bee_message(brackets)]}).encode(), "indexed", "Bees sleep")
    for ending in ("xlsx", "xls", "xlsb", "ods"):
        yield case(f"sheets/picture.{ending}", PNG, "failed", "cannot be opened as spreadsheet")
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield case("sheets/far.xlsx", xlsx({"Far": far}), "failed", "contains too many cells")
    cells = f'<row r="1">{cell("A1", "Bees sleep.")}</row>'
    yield case("sheets/merged.xlsx", xlsx({"A": cells}, merged="A1:XFD1048576"), "indexed", "Bees sleep")
    yield case("sheets/row.xlsx", xlsx({"A": cells.replace("A1", "A99999999999")}), "empty", "contains no text")
    for ending in ("json", "jsonl", "csv", "tsv"):
        yield case(f"records/picture.{ending}", PNG, "failed", "binary")
    yield case("records/open.csv", b'title,text\nBees,"' + WORDS * 1_000 + b"\na,b" * 1_000, "indexed", "Bees sleep")
    yield case("records/fields.csv", b"text" + b"," * 1_000_000 + b"\nBees sleep.", "indexed", "Bees sleep")
    yield case("records/rows.csv", b"title,text\n" + b",\n" * 300_000 + b"Bees,Bees sleep.\n", "indexed", "Bees sleep")
    yield case("records/header.csv", b"title,text\n", "empty", "contains no records")
    yield case("records/quotes.tsv", b"title\ttext\n" + b'"' * 99_999 + b"\tx\n", "indexed", '""')
    yield case("records/formula.tsv", b"title\ttext\n=cmd|'/c calc'!A1\tBees sleep.\n", "indexed", "Bees sleep")
    yield case(
        "records/utf16.csv", b"\xff\xfe" + "title,text\nBees,Bees sleep.\n".encode("utf-16-le"), "indexed", "Bees sleep"
    )


def in_mail() -> Iterator[Case]:
    """Mails and mailboxes."""
    head = b"From: Ada <a@example.org>\r\nSubject: Bees\r\n"
    mixed = head + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + WORDS + b"\r\n"
    line = b"From x Tue Sep  3 10:12:00 2024\n"

    def attached(name: str, data: bytes) -> bytes:
        lines = f"--x\r\nContent-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return lines.encode() + base64.encodebytes(data)

    yield case("mail/plain.eml", head + b"\r\n" + WORDS, "indexed", "Bees sleep")
    for ending in ("eml", "emlx", "mbox", "mbx", "msg"):
        yield case(f"mail/picture.{ending}", PNG, "failed", "damaged")
        yield case(f"mail/noise.{ending}", random.Random(7).randbytes(4000), "failed", "damaged")
        yield case(f"mail/nothing.{ending}", b"", "empty", "is empty")
    parts = (b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n) for n in range(3000))
    yield case("mail/nested.eml", head + b"".join(parts), "failed", "nested too deeply")
    yield case(
        "mail/mails.eml", head + b"Content-Type: message/rfc822\r\n\r\n" * 900 + WORDS, "failed", "nested too deeply"
    )
    yield case("mail/parts.eml", mixed + b"--x\r\n\r\nBees\r\n" * 5_000, "indexed", "Bees sleep")
    yield case("mail/attachments.eml", mixed + attached("a.md", WORDS) * 300, "indexed", "Bees sleep")
    yield case("mail/bomb.eml", mixed + attached("a.docx", archives.bomb("docx", 301)), "indexed", "Bees sleep")
    yield case("mail/laughs.eml", mixed + attached("a.odt", archives.billion_laughs("odt")), "indexed", "Bees sleep")
    yield case("mail/name.eml", mixed + attached('"../../tmp/escaped.txt"', WORDS), "indexed", "Bees sleep")
    yield case(
        "mail/zips.eml",
        mixed + attached("a.zip", archives.zipped(("in.zip", archives.zipped(("a.md", WORDS))))),
        "indexed",
        "Bees sleep",
    )
    yield case(
        "mail/external.eml",
        mixed + b"--x\r\nContent-Type: message/external-body; access-type=local-file; name=/etc/passwd\r\n\r\n",
        "indexed",
        "Bees sleep",
    )
    yield case(
        "mail/subject.eml", b"Subject: " + b"=?utf-8?q?=20?= " * 100_000 + b"\r\n\r\n" + WORDS, "indexed", "Bees sleep"
    )
    yield case(
        "mail/addresses.eml", b"To: " + b"(" * 50_000 + b"a@b, " * 50_000 + b"\r\n\r\n" + WORDS, "indexed", "Bees sleep"
    )
    yield case(
        "mail/quotes.eml", head + b"\r\n" + WORDS + b"\r\n" + b">" * 200_000 + b" deep\r\n", "indexed", "Bees sleep"
    )
    yield case("mail/marks.eml", head + b"\r\n" + WORDS + b"\r\n" + b"> x\r\n\r\n" * 10_000, "indexed", "Bees sleep")
    yield case(
        "mail/separators.eml",
        head + b"\r\n" + WORDS + b"\r\n" + b"-----Original Message-----\r\nx\r\n" * 3_000,
        "indexed",
        "Bees sleep",
    )
    yield case(
        "mail/styles.eml",
        head + b"Content-Type: text/html\r\n\r\n<p>" + WORDS + b"</p>" + b"<style" * 30_000,
        "indexed",
        "Bees sleep",
    )
    yield case(
        "mail/markup.eml", b"Subject: <script>alert(1)</script>\r\n\r\nBeekeepers wear veils.", "indexed", "veils"
    )
    yield case(
        "mail/charset.eml",
        head + b"Content-Type: text/plain; charset=punycode\r\n\r\nK\xe4fer. " + WORDS,
        "indexed",
        "Bees sleep",
    )
    yield case("mail/sizes.emlx", b"999999999999\n" + head + b"\r\n" + WORDS, "indexed", "Bees sleep")
    yield case("mail/many.mbox", (line + head + b"\n" + WORDS + b"\n\n") * 300, "indexed", "Bees sleep")
    yield case("mail/lines.mbox", line * 5_000 + head + b"\n" + WORDS, "indexed", "Bees sleep")
    outlook = msgs.msg({"0037": "Bees", "1000": WORDS.decode()})
    nested = outlook
    for _ in range(20):
        nested = msgs.msg({"1000": WORDS.decode()}, None, msgs.attached_mail(nested))
    yield case("mail/outlook.msg", msgs.ole(outlook), "indexed", "Bees sleep")
    yield case("mail/half.msg", msgs.ole(outlook)[:900], "failed", "damaged")
    yield case("mail/nested.msg", msgs.ole(nested), "failed", "nested too deeply")
    yield case("mail/word.msg", msgs.ole({"WordDocument": WORDS * 300}), "failed", "damaged")
    deep = msgs.rich(msgs.msg({"0037": "Deep"}), b"{\\rtf1\\fromhtml1 " + b"{" * 5_000 + WORDS)
    yield case("mail/deep-rtf.msg", msgs.ole(deep), "indexed", "Deep")
    claims = b"\xff" * 8 + b"LZFu" + bytes(4) + b"\xff\x0e\xff" * 2_000
    yield case(
        "mail/long-rtf.msg", msgs.ole({**msgs.msg({"0037": "Long"}), "__substg1.0_10090102": claims}), "indexed", "Long"
    )
    bomb = msgs.msg({"1000": WORDS.decode()}, None, msgs.file("a.docx", archives.bomb("docx", 301)))
    yield case("mail/bomb.msg", msgs.ole(bomb), "indexed", "Bees sleep")
    yield case("mail/no-lines.mbx", head + b"\n" + WORDS, "failed", "damaged")


def in_lines() -> Iterator[Case]:
    """Subtitles, settings, logs, and Markdown under other names."""
    cue = b"1\n00:00:01,000 --> 00:00:04,000\n"
    for ending in (
        "srt",
        "vtt",
        "yaml",
        "yml",
        "toml",
        "ini",
        "cfg",
        "conf",
        "env",
        "properties",
        "log",
        "mdx",
        "qmd",
        "rmd",
    ):
        yield case(f"lines/picture.{ending}", PNG, "failed", "binary")
    for ending in ("srt", "vtt"):
        yield case(f"lines/plain.{ending}", WORDS, "failed", "cannot be opened as subtitles")
        yield case(f"lines/times.{ending}", cue * 50_000 + WORDS, "indexed", "Bees sleep")
        yield case(f"lines/tags.{ending}", cue + b"<v " * 50_000 + b"{\\" * 50_000 + WORDS, "indexed", "Bees sleep")
        yield case(f"lines/blank.{ending}", cue + b"\n" * 100_000 + WORDS, "indexed", "Bees sleep")
    yield case("lines/arrows.srt", cue + b"-->" * 100_000 + b"\n" + WORDS, "indexed", "Bees sleep")
    yield case("lines/hours.srt", b"9999:99:99,999 --> 9999:99:99,999\n" + WORDS, "indexed", "Bees sleep")
    yield case("lines/silent.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n\n", "empty", "contains no text")
    aliases = b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12))
    yield case("lines/aliases.yaml", b"a0: &a0 [x]\n" + aliases + b"name: Bees sleep\n", "indexed", "Bees sleep")
    yield case(
        "lines/tags.yml",
        b"a: !!python/object/apply:os.system ['touch hacked']\nb: Bees sleep\n",
        "indexed",
        "Bees sleep",
    )
    yield case("lines/deep.yaml", b"".join(b" " * n + b"a:\n" for n in range(2_000)) + WORDS, "indexed", "Bees sleep")
    yield case("lines/names.yaml", b"a:\n b: Bees sleep\n" * 20_000, "indexed", "Bees sleep")
    yield case("lines/tables.toml", b"[" * 50_000 + b"\n" + b"[a]\n" * 5_000 + WORDS, "indexed", "Bees sleep")
    yield case(
        "lines/include.conf", b"include /etc/passwd\n!include /etc/passwd\nname = Bees sleep\n", "indexed", "Bees sleep"
    )
    yield case("lines/comments.properties", b"#" * 100_000 + b"\n" + WORDS, "indexed", "Bees sleep")
    yield case(
        "lines/colons.env", b":" * 200_000 + b"\n" + b"a" * 200_000 + b":\n b\n" + WORDS, "indexed", "Bees sleep"
    )
    yield case("lines/trace.log", b"failed\n" + b"  at x\n" * 100_000 + WORDS, "indexed", "Bees sleep")
    yield case("lines/line.log", WORDS * 20_000, "indexed", "Bees sleep")


def in_source_code() -> Iterator[Case]:
    """Source code, which is read if a person says so: what never ends, or occurs too often."""
    for ending in ("py", "js", "sql", "foo"):
        yield case(f"source/picture.{ending}", PNG, "failed", "binary")
        yield case(f"source/words.{ending}", WORDS * 20_000, "indexed", "Bees sleep")
    yield case("source/open.js", b"/*" * 300_000 + WORDS, "indexed", "Bees sleep")
    yield case("source/quotes.py", b'"' * 300_001 + b"\n" + WORDS, "indexed", "Bees sleep")
    yield case("source/escapes.js", b"'" + b"\\a" * 300_000 + b"\n" + WORDS, "indexed", "Bees sleep")
    yield case("source/line.js", b"/**/" * 200_000 + WORDS, "indexed", "Bees sleep")
    yield case("source/decorators.py", b"@a\n" * 100_000 + WORDS, "indexed", "Bees sleep")
    yield case("source/comments.sql", b"-- x\n" * 100_000 + WORDS, "indexed", "Bees sleep")
    deep = b"".join(b" " * n + b"def a():\n" for n in range(2_000))
    yield case("source/deep.py", deep + WORDS, "indexed", "Bees sleep")
    yield case("source/definitions.py", b"def a():\n" * 310_000, "failed", "headings")


def in_more_markup() -> Iterator[Case]:
    """LaTeX, AsciiDoc, wiki texts, manual pages, bibliographies and XML."""
    texts = (
        "tex",
        "ltx",
        "latex",
        "adoc",
        "asciidoc",
        "asc",
        "mediawiki",
        "wiki",
        "dokuwiki",
        "creole",
        "textile",
        "muse",
        "t2t",
    )
    trees = ("xml", "rss", "atom", "enex", "opml", "fb2", "dbk", "docbook", "jats", "nxml")
    for ending in (*texts, *trees, "man", "pod", *"123456789", "bib", "bibtex", "ris"):
        yield case(f"more/picture.{ending}", PNG, "failed", "binary")
    for ending, text in (
        ("tex", b"\\input{/etc/passwd}\\include{/etc/passwd}\\verbatiminput{/etc/passwd}\\lstinputlisting{/etc/passwd}\\openin5=/etc/passwd "),
        ("adoc", b"include::/etc/passwd[]\n\n\\include::/etc/passwd[]\n\nimage::/etc/passwd[]\n\n"),
        ("t2t", b"\n\n\n%!include: /etc/passwd\n%!include: ``/etc/passwd``\n%!postproc: a b\n\n"),
        ("muse", b"<include file=\"/etc/passwd\">\n\n"),
        ("dokuwiki", b"{{file:///etc/passwd}} <php>x</php>\n\n"),
        ("jira", b"{include:/etc/passwd} !file:///etc/passwd!\n\n"),
        ("confluence", b"{html-include:url=file:///etc/passwd} {info}\n\n"),
        ("1", b".TH X 1\n.so /etc/passwd\n.sy touch hacked\n.pso cat /etc/passwd\n.SH X\n"),
    ):  # fmt: skip
        yield case(f"more/include.{ending}", text + WORDS, "indexed", "Bees sleep")
    doubled = b"".join(b"\\def\\%c{%s}" % (n, b"\\%c" % (n - 1) * 8) for n in range(98, 110))
    yield case("more/laughs.tex", b"\\def\\a{ha ha}" + doubled + b"\\m " + WORDS, "indexed", "Bees sleep")
    yield case("more/endless.tex", b"\\def\\a{\\a\\a}\\a " + WORDS, "indexed", "Bees sleep")
    yield case("more/deep.tex", b"{" * 3_000 + WORDS, "indexed", "Bees sleep")
    yield case("more/templates.wiki", b"{{a|" * 5_000 + WORDS, "indexed", "Bees sleep")
    yield case("more/open.wiki", b"<nowiki>" * 20_000 + WORDS, "indexed", "Bees sleep")
    yield case("more/boxes.dokuwiki", b"<note>" * 5_000 + WORDS, "indexed", "Bees sleep")
    yield case("more/macros.jira", b"{info:title=x}" * 1_000 + WORDS, "indexed", "Bees sleep")
    yield case("more/tables.wiki", b"{|\n|\n" * 50 + WORDS, "indexed", "Bees sleep")
    laughs = b"<!ENTITY a0 'ha'>" + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    blowup = b"<!ENTITY x '" + b"x" * 100_000 + b"'>"
    outside = b"<!ENTITY a SYSTEM 'file:///etc/passwd'><!ENTITY % b SYSTEM 'file:///etc/passwd'>%b;"
    include = b"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd' parse='text'/>"
    book = b"<FictionBook xmlns='http://www.gribuser.ru/xml/fictionbook/2.0'><body><section><p>Bees sleep. %s</p></section></body></FictionBook>"
    for name, body in (
        ("dbk", b"<article><title>T</title><para>Bees sleep. %s</para></article>"),
        ("xml", b"<rss><item><title>T</title><description>Bees sleep. %s</description></item></rss>"),
        ("enex", b"<en-export><note><title>T</title><content>Bees sleep. %s</content></note></en-export>"),
        ("fb2", book),
        ("nxml", b"<article><front/><body><sec><title>T</title><p>Bees sleep. %s</p></sec></body></article>"),
    ):
        for kind, head, inside in (
            ("laughs", laughs, b"&a11;"), ("blowup", blowup, b"&x;" * 1_000), ("outside", outside, b"&a;"), ("include", b"", include),
        ):  # fmt: skip
            yield case(f"more/{kind}.{name}", b"<!DOCTYPE x [" + head + b"]>" + body % inside, "indexed", "Bees sleep")
    items = b"<item><description>Bees sleep.</description></item>"
    pages = b"<page><revision><text>Bees sleep.</text></revision></page>"
    yield case("more/deep.xml", b"<rss>" + items + b"<a>" * 50_000, "indexed", "Bees sleep")
    yield case("more/items.rss", b"<rss>" + items * 400 + b"</rss>", "indexed", "Bees sleep")
    yield case("more/pages.xml", b"<mediawiki>" + pages * 400 + b"</mediawiki>", "indexed", "Bees sleep")
    yield case(
        "more/script.atom",
        b"<feed><entry><title>&lt;script&gt;alert(1)</title><link href='javascript:alert(1)'/><content type='html'>"
        b"&lt;script&gt;alert(2)&lt;/script&gt;&lt;p&gt;Beekeepers wear veils.</content></entry></feed>",
        "indexed",
        "veils",
    )
    bomb = b"<resource><data>" + base64.b64encode(archives.bomb("docx", 301)) + b"</data><mime>x/docx</mime></resource>"
    yield case(
        "more/attachment.enex",
        b"<en-export><note><content>Bees sleep.</content>" + bomb + b"</note></en-export>",
        "indexed",
        "Bees sleep",
    )
    yield case(
        "more/entries.bib",
        b"".join(b"@book{a%d, title={Bees sleep}}\n" % n for n in range(400)),
        "indexed",
        "Bees sleep",
    )


def in_zip() -> Iterator[Case]:
    """Zip archives of articles; where other entries are to be left out, one entry is good."""
    zipped, bees = archives.zipped, ("bees.md", WORDS)
    over = "unpacks to more than 300 MB"
    yield case("zips/bomb.zip", lambda: archives.bomb("docx", 301), "failed", over)
    yield case("zips/lying.zip", lambda: archives.bomb("docx", 301, claimed=10), "failed", over)
    yield case("zips/overlapping.zip", lambda: archives.overlapping("odt"), "failed", over)
    yield case("zips/nested.zip", lambda: zipped(bees, ("in.zip", archives.bomb("docx", 250))), "indexed", "Bees sleep")
    yield case("zips/only-zips.zip", lambda: zipped(("in.zip", zipped(bees))), "indexed", "Bees sleep")
    yield case("zips/crowded.zip", lambda: archives.crowded("odt", 1_000), "failed", "unpacks to more than 10000 files")
    for number, name in enumerate(
        (
            "../../escaped.md",
            "/tmp/escaped.md",
            "..\\escaped.md",
            "C:\\escaped.md",
            "a\x1b[2J\nb.md",
            "a\u202ecod.md",
            "n" * 9_999 + ".md",
        )
    ):
        yield case(f"zips/name-{number}.zip", partial(zipped, (name, WORDS)), "indexed", "Bees sleep")
    yield case(
        "zips/latin.zip", lambda: zipped(("cafX.md", WORDS)).replace(b"cafX", b"caf\xe9"), "indexed", "Bees sleep"
    )
    yield case("zips/no-name.zip", lambda: zipped(("..", WORDS), ("", WORDS)), "empty", "contains no articles")
    yield case("zips/linked.zip", lambda: archives.zip_of_links(ACCOUNTS), "indexed", "etc")
    yield case("zips/locked.zip", lambda: archives.marked_as_locked(zipped(bees)), "failed", "locked")
    yield case("zips/twice.zip", lambda: zipped(*[bees] * 200), "indexed", "Bees sleep")
    for form in ("docx", "epub"):
        yield case(
            f"zips/laughs-{form}.zip",
            partial(lambda form: zipped((f"a.{form}", archives.billion_laughs(form))), form),
            "failed",
            "entities",
        )
    yield case("zips/pdf-bomb.zip", lambda: zipped(bees, ("a.pdf", pdfs.stream_bomb(3))), "indexed", "Bees sleep")
    yield case("zips/half.zip", lambda: zipped(bees, bees)[:-30], "failed", "damaged")
    yield case("zips/at-odds.zip", lambda: zipped(bees).replace(b"bees.md", b"wasp.md", 1), "failed", "is damaged")
    yield case("zips/picture.zip", PNG, "failed", "damaged")
    slow = [("a.epub", archives.endless_spine()), ("b.pdf", pdfs.laughing_forms())]
    yield case("zips/slow.zip", lambda: zipped(*slow * 5), "failed", "longer than")


@cache
def cases() -> list[Case]:
    """Every file; made on request, since some are large."""
    kinds = (
        wrong_contents, in_archives, in_open_documents, in_pdf, in_web_pages, in_markup, in_plain_text, in_records, in_mail, in_lines, in_source_code, in_more_markup, in_zip,
    )  # fmt: skip
    return [each for kind in kinds for each in kind()]


# --- the file system --------------------------------------------------------------------------------------------------

_INDEXED = (
    "a\nb.md", "a\tb\x1b[2J\x07.md", "a..md", "x..hidden.md", "-rf.md", "CON.md", "<img src=x onerror=alert(1)>.md", "a\u202ecod.md",
    "'\"$(touch hacked)`id`;&|.md", "%2e%2e%2f.md", "a b\\c.md", "\u200b.md", "e\u0301.md", "\u00e9.md", "n" * 250 + ".md", "~.md", "*.md",
)  # fmt: skip
_LINKS = {
    "to-accounts.md": (ACCOUNTS, "skipped", "leads out of the folder"),
    "to-above": ("..", "skipped", "not a regular file"),
    "to-outside": ("../..", "skipped", "leads out of the folder"),
    "to-itself": (".", "skipped", "not a regular file"),
    "to-nothing.md": ("nothing.md", "failed", "cannot be read"),
    "to-to-itself.md": ("to-to-itself.md", "failed", "cannot be read"),
    "to-zero.md": ("/dev/zero", "skipped", "leads out of the folder"),
    "to-memory.txt": ("/proc/self/mem", "skipped", "leads out of the folder"),
}


def odd_names(folder: Path) -> dict[str, tuple[str, str]]:
    """Make what this system allows below `folder`; path → (status, a part of the reason)."""
    outcomes: dict[str, tuple[str, str]] = {}

    def write(name: str, status: str = "indexed", says: str = "") -> None:
        if (folder / name).exists():
            return  # some systems confuse names
        with contextlib.suppress(OSError):
            (folder / name).write_bytes(WORDS)
            outcomes[name] = (status, says)

    for name in _INDEXED:
        write(name)
    for name, (target, status, says) in _LINKS.items():
        with contextlib.suppress(OSError):
            (folder / name).symlink_to(target)
            outcomes[name] = (status, says)
    write(".hidden.md")
    outcomes.pop(".hidden.md", None)
    (folder / "folder.md").mkdir()
    write("folder.md/inside.md")
    with contextlib.suppress(OSError, AttributeError):
        os.mkfifo(folder / "pipe.md")
        outcomes["pipe.md"] = ("skipped", "not a regular file")
    with contextlib.suppress(OSError, AttributeError), socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket must be short
        try:
            server.bind("socket.md")
        finally:
            os.chdir(here)
        outcomes["socket.md"] = ("skipped", "not a regular file")
    with contextlib.suppress(OSError, AttributeError):
        os.mknod(folder / "zero.md", 0o20666, os.makedev(1, 5))
        outcomes["zero.md"] = ("skipped", "not a regular file")
    if hasattr(os, "geteuid") and os.geteuid() != 0:  # root can read everything
        write("closed.md", "failed", "cannot be read: Permission denied")
        (folder / "closed.md").chmod(0)
    with contextlib.suppress(OSError, UnicodeError):
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_bytes(WORDS)
        outcomes["caf\\xe9.md"] = ("skipped", "not UTF-8")
    return outcomes


def write_all(folder: Path) -> dict[str, tuple[str, str]]:
    """Write everything below `folder`; path → (status, what the reason or the text contains)."""
    for entry in cases():
        place = folder / entry.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(entry.make())
    names = folder / "names"
    names.mkdir(parents=True)
    expected = {entry.name: (entry.status, entry.says) for entry in cases()}
    return expected | {f"names/{name}": outcome for name, outcome in odd_names(names).items()}


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
