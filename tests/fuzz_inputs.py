"""Inputs that no writer of a format would make: damaged real files, and documents grown from a format's pieces.

The same name, seed and number always give the same input. To add a format, add an entry to FORMATS.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import quopri
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import hypothesis
from files import make_msg
from files import make_open_document as opened
from files.make_spreadsheet import text as cell
from files.make_spreadsheet import xlsx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

FILES = Path(__file__).resolve().parent / "files"
Strategy = st.SearchStrategy[bytes]

_LONGEST = 200_000  # bytes of an input: a longer one makes the same mistakes, only slower
_BLOCK = 100  # numbers; the first of each block are grown, the others are damaged
_GROWN = 25
_SHARE_INSIDE = 0.8  # share of the damage to a zip file that is inside its entries


@dataclass(frozen=True)
class Format:
    """A format to try: its extension, real files, pieces that mean something in it, and whole documents made of them.

    `zipped` says that its files are zip archives, which are damaged inside.
    """

    ending: str
    seeds: Callable[[], list[bytes]]
    tokens: Sequence[bytes]
    grown: Strategy
    zipped: bool = False


def input_of(name: str, seed: int, number: int) -> bytes:
    """The input with this number: a grown document, or a damaged file."""
    block, place = divmod(number, _BLOCK)
    if place < _GROWN:
        grown = _grown(name, seed, block)
        if place < len(grown):
            return grown[place][:_LONGEST]
    chance = random.Random(f"{name} {seed} {number}")
    form = FORMATS[name]
    seeds = _seeds(name)
    data = chance.choice(seeds)
    if form.zipped and chance.random() < _SHARE_INSIDE:
        return _damaged_inside(chance, data, form.tokens, chance.choice(seeds))
    return _damaged(chance, data, form.tokens, seeds)


@cache
def _seeds(name: str) -> list[bytes]:
    return FORMATS[name].seeds()


@cache
def _grown(name: str, seed: int, block: int) -> list[bytes]:
    pieces: list[bytes] = []

    @hypothesis.seed(seed * 1_000_003 + block)
    @settings(
        max_examples=_GROWN,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(FORMATS[name].grown)
    def grow(data: bytes) -> None:
        pieces.append(data)

    grow()
    return pieces


# --- damage -----------------------------------------------------------------------------------------------------------


def _damaged(chance: random.Random, data: bytes, tokens: Sequence[bytes], others: Sequence[bytes]) -> bytes:
    """The file after one to eight kinds of damage."""
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        start = chance.randrange(len(damaged) + 1)
        end = min(len(damaged), start + chance.choice((1, 4, 30, 400, 5000)))
        what = chance.randrange(8)
        if what == 0 and damaged:
            damaged[min(start, len(damaged) - 1)] ^= 1 << chance.randrange(8)
        elif what == 1:
            damaged[start:end] = chance.randbytes(min(end - start, 40))
        elif what == 2:
            del damaged[start:end]
        elif what == 3:
            damaged[start:start] = damaged[start:end] * chance.choice((1, 2, 10, 300))
        elif what == 4:
            other = chance.choice(others)
            begin = chance.randrange(len(other) + 1)
            damaged[start:end] = other[begin : begin + chance.choice((4, 100, 3000))]
        elif what == 5:
            damaged[start:start] = chance.choice(tokens) * chance.choice((1, 1, 1, 7, 500))
        elif what == 6:
            damaged[start:end] = chance.choice(tokens)
        elif chance.random() < 0.3:
            del damaged[start:]
        del damaged[_LONGEST:]
    return bytes(damaged)


def _damaged_inside(chance: random.Random, data: bytes, tokens: Sequence[bytes], other: bytes) -> bytes:
    """The archive with one to three entries damaged, lost, doubled, renamed, or filled with the content of another."""
    parts = unzipped(data)
    foreign = unzipped(other)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(parts))
        name, content = parts[place]
        what = chance.randrange(12)
        if what == 0:
            del parts[place]
        elif what == 1:
            parts.append((name, chance.choice(foreign)[1]))
        elif what == 2:
            parts[place] = (
                chance.choice(["../" + name, "/" + name, name.upper(), "", chance.choice(foreign)[0]]),
                content,
            )
        elif what == 3:
            parts[place] = (name, chance.choice(foreign)[1])
        else:
            parts[place] = (name, _damaged(chance, content, tokens, [other_content for _, other_content in foreign]))
        if not parts:
            break
    return zipped(parts)


def unzipped(data: bytes) -> list[tuple[str, bytes]]:
    """The entries of an archive, in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


def zipped(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive of these entries; a name may occur twice."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            entry = zipfile.ZipInfo(name)  # without this, zipfile would warn of duplicate names
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.NameToInfo.pop(name, None)
            archive.writestr(entry, content)
    return out.getvalue()


# --- growth -----------------------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["Bees ", "sleep. ", "in winter", "\n", "\n\n", "é蜂🐝 ", "A long line of plain words, and then. "]
)
_ANY = st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass"))


def _sequence(tokens: Sequence[bytes], before: bytes = b"", after: bytes = b"") -> Strategy:
    """Tokens, words and anything else, in sequence."""
    piece = st.sampled_from(list(tokens)) | _WORDS.map(str.encode) | _ANY
    return st.lists(piece, max_size=60).map(lambda pieces: before + b"".join(pieces) + after)


def _tree(tags: Sequence[str]) -> Strategy:
    """Elements inside each other; a tag may have attributes."""

    def element(drawn: tuple[str, list[str]]) -> str:
        tag, children = drawn
        return f"<{tag}>{''.join(children)}</{tag.split()[0]}>"

    leaf = (
        _WORDS | st.sampled_from(["&amp;", "&#160;", "<!-- c -->"]) | st.sampled_from(tags).map(lambda tag: f"<{tag}/>")
    )
    grown = st.recursive(
        leaf,
        lambda inner: st.tuples(st.sampled_from(tags), st.lists(inner, max_size=5)).map(element),
        max_leaves=60,
    )
    return st.lists(grown, max_size=12).map("".join).map(str.encode)


def _inside(name: str, part: str, opening: bytes, closing: bytes, tags: Sequence[str]) -> Strategy:
    """The office file with the body of its main part replaced by a tree."""

    def put(body: bytes) -> bytes:
        parts = []
        for entry, content in unzipped((FILES / "office" / name).read_bytes()):
            if entry == part:
                start = content.index(b">", content.index(opening)) + 1
                content = content[:start] + body + content[content.rindex(closing) :]
            parts.append((entry, content))
        return zipped(parts)

    return _tree(tags).map(put)


# --- the formats ------------------------------------------------------------------------------------------------------


def _read(folder: str, *patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted((FILES / folder).glob(pattern))]


def _plain_seeds() -> list[bytes]:
    texts = [*_read("html", "*.txt"), *_read("office", "*.md")]
    chat = "12/03/2024, 10:02 - Ada created the group\n13/03/2024, 10:05 - Ada: One\nand two\n13/03/2024, 10:06 - Bo: <Media omitted>\n"
    texts_of_chats = [chat.encode(), (chat * 9).replace(" - ", "] ").replace("1", "[1", 1).encode()]
    return [*texts, *texts_of_chats, texts[0].decode().encode("utf-16"), texts[1].decode().encode("cp1252", "replace")]


_PLAIN = (
    b"\r", b"\r\n", b"\n\n", b"\x0c", b"\x0b", b"\x1c", b"\x85", "\u2028".encode(), "\u200b".encode(), b"\xef\xbb\xbf",
    b"\xff\xfe", b"\x00", b"\x1b[31m", b"# ", b"====\n", b"----\n", b"- ", b"* ", b"1. ", b"a) ", b"Name: value\n",
    b"What?\n", b"Why is it so?\n", b"> ", b"\t", b"    ", b". ", b"... ", "。".encode(), "؟".encode(), b"\xed\xa0\x80",
    b"12/03/2024, 10:02 - Ada: ", b"\n[13.03.24, 10:02:11] Bo: ", b"99/99/9999, 99:99 - X: ", "\u200e[1/2/34, 1:02\u202fPM] <Media omitted>".encode(),
    "e\u0301\u0301".encode(), "\u202e".encode(), b"  \n \n", b"A full line of words that runs to the width of it\n",
)  # fmt: skip

_MARKDOWN_SEED = (
    b"---\ntitle: Bees\nauthor: [Ada]\ndate: 2024-05-04\nanchors: &a [1]\nmore: *a\n---\n\n# Bees\n\nText with *marks*,"
    b" `code`, [a link][ref] and ![alt](a.png).\n\n> quoted\n> > deeper\n\n1. one\n   - two\n\n     more\n2. three\n\n"
    b"| a | b |\n|---|:-:|\n| 1 | 2 |\n\n```python\ncode()\n```\n\n    indented\n\n<div>\nhtml\n</div>\n\n<!-- c -->\n\n"
    b"Setext\n======\n\nAgain\n-----\n\n[ref]: http://example.org 'title'\n\n***\n\nlast\\\nline &amp; end\n"
)
_MARKDOWN = (
    b"# ", b"###### ", b"#######", b"> ", b"- ", b"+ ", b"1. ", b"999999999. ", b"0) ", b"```\n", b"~~~ x\n", b"    ",
    b"\t", b"| a | b |\n|---|---|\n| c |\n", b"|", b"\\|", b"===\n", b"---\n", b"***\n", b"[a]: b\n", b"[a]", b"![", b"](",
    b"*", b"**", b"_", b"`", b"<!--", b"-->", b"<div>\n", b"</div>", b"<?", b"<![CDATA[", b"&#0;", b"&#xD800;", b"&amp;",
    b"\\", b"  \n", b"\n\n", b"\r", b"\x00", b"\x0c", b"---\ntitle: &a x\n---\n", b"---\n? [\n---\n", b"title: !!python/x\n",
    b'!!! note "x"\n', b"??? tip\n", b'=== "x"\n', b"> [!note] x\n", b":::tip x\n", b":::\n", b"```{note}\n", b'<Tab title="x">\n', b"</Tab>\n",
    b"/// note | x\n", b"///\n", b'{% tab title="x" %}\n', b"{% endtab %}\n", b"<details>\n<summary>x</summary>\n", b"</details>\n",
)  # fmt: skip

_HTML_TAGS = (
    "div class='admonition note'", "p class='admonition-title'", "div class='panel'", "div class='panelHeader'",
    "p", "div", "div class='post'", "h1", "h2", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "th", "pre",
    "code", "br", "article", "main", "nav", "header", "aside", "section", "figure", "figcaption", "details", "summary",
    "blockquote", "a href='x'", "span", "b", "script", "style", "title", "svg", "math", "template", "select", "option",
    "form", "frameset", "frame src='x'", "iframe", "noscript", "textarea", "caption", "tbody", "hr", "img alt='x'",
    "p hidden", "p aria-hidden='true'", "h2 id='cookies'", "time datetime='2024-05-04'", "object", "ruby", "rt",
)  # fmt: skip
_HTML = (
    *(f"<{tag}>".encode() for tag in _HTML_TAGS), *(f"</{tag.split()[0]}>".encode() for tag in _HTML_TAGS),
    b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?php", b"&#0;", b"&#xD800;", b"&#x110000;", b"&bogus;", b"&nbsp;", b"<meta charset=utf-7>",
    b"<meta charset=utf-16>", b"<meta charset=rot13>", b"<base href='javascript:x'>", b"<link rel=canonical href='javascript:x'>",
    b"<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;", b"\x00", b"<p a=\"", b"<svg:x>", b"\xff\xfe", b"\x1b$B",
)  # fmt: skip


def _mhtml_of(page: bytes, how: str = "quoted-printable") -> bytes:
    body = base64.encodebytes(page) if how == "base64" else quopri.encodestring(page)
    return (
        b"From: <Saved>\r\nSnapshot-Content-Location: https://example.org/bees\r\nSubject: Bees\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="--x"\r\n\r\n----x\r\nContent-Type: text/html;'
        b" charset=utf-8\r\nContent-Transfer-Encoding: %s\r\nContent-ID: <a@b>\r\nContent-Location: https://example.org/bees"
        b"\r\n\r\n%s\r\n----x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n----x--\r\n"
        % (how.encode(), body)
    )


_MHTML = (
    *_HTML[:20], b"----x\r\n", b"----x--\r\n", b"\r\n\r\n", b"Content-Type: multipart/mixed; boundary=\"--x\"\r\n\r\n",
    b"Content-Type: text/html; charset=rot13\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"=?utf-8?b?", b"?=", b"=\r\n",
    b"Content-Type: text/html; charset*0=ut; charset*1=f-8\r\n", b"Content-Transfer-Encoding: base64\r\n", b"=E4", b"=",
    b"Content-Transfer-Encoding: x-uuencode\r\n", b"begin 644 a\r\n", b"boundary=\"\"", b"charset=\"\x00\"", b"\x00", b"\xff",
    b"Content-Transfer-Encoding: 8bit\r\n", b"Snapshot-Content-Location: =?utf-8?q?=00?=\r\n",
)  # fmt: skip


def _pdf_seeds() -> list[bytes]:
    files = [path.read_bytes() for path in sorted((FILES / "pdf").glob("*.pdf"))]
    return [*files, *map(_inflated, files[:2]), *(_pdf_of([page, page]) for page in _PDF_PAGES)]


def _inflated(data: bytes) -> bytes:
    """The PDF with its streams unpacked, so that damage reaches their content; its table of offsets is then wrong."""

    def stream(match: re.Match[bytes]) -> bytes:
        try:
            content = zlib.decompress(match[2])
        except zlib.error:
            return match[0]
        if len(content) > 30_000:
            return match[0]
        head = re.sub(rb"/Length \d+", b"/Length %d" % len(content), match[1]).replace(b"/Filter /FlateDecode", b"")
        return head + b"stream\n" + content + b"\nendstream"

    return re.sub(rb"(<<[^\n]*(?:\n[^\n]+)*?>>\s*)stream\r?\n(.*?)\r?\nendstream", stream, data, flags=re.DOTALL)


_PDF_PAGES = (
    b"BT /B 20 Tf 60 780 Td (Bees in winter) Tj ET BT /F 11 Tf 13.5 TL 60 740 Td (They sleep in a ball, and) Tj T*"
    b" (wake in spring.) Tj ET 1 0 0 1 0 0 cm 60 600 3 3 re f BT /F 11 Tf 70 598 Td (an item) Tj ET\n",
    b"".join(b"BT /F 9 Tf %d %d Td (cell%d) Tj ET\n" % (60 + 150 * (n % 3), 700 - 14 * (n // 3), n) for n in range(60)),
)
_PDF_OPERATORS = (
    b"BT /F 11 Tf 60 700 Td (Bees sleep.) Tj ET\n", b"BT ", b"ET ", b"/F 11 Tf ", b"/B 24 Tf ", b"/F -3 Tf ", b"/F 1e9 Tf ",
    b"(words here) Tj ", b"(a\\000\\377b) Tj ", b"[(a) -900 (b)] TJ ", b"<FEFF0041> Tj ", b"T* ", b"13 TL ", b"10 -13 Td ",
    b"1 0 0 1 60 400 Tm ", b"0 1 -1 0 300 300 Tm ", b"0 0 0 0 0 0 Tm ", b"1e38 0 0 1e38 0 0 cm ", b"q ", b"Q ", b"60 60 3 3 re f ",
    b"3 Tr ", b"500 Tc ", b"-50 Tw ", b"/X Do ", b"100 Tz ", b"(\xe2\x80\xa2) Tj ", b"BI /W 9 /H 9 ID x EI ",
    b"1 0 0 1 -99999 0 Tm ", b"(-) Tj ", b"(1.) Tj ", b"(12.50) Tj ", b"50 0 Td ", b"/Span <</ActualText (x)>> BDC ", b"EMC ",
)  # fmt: skip
_PDF = (
    *_PDF_OPERATORS, b"1 0 R", b"2 0 R", b"3 0 R", b"99 0 R", b"<<", b">>", b"[", b"]", b"stream\n", b"endstream", b"endobj\n",
    b"/Kids[2 0 R]", b"/Type/Page", b"/Type/Pages", b"/Count -1", b"/Count 99999999", b"/Length 99999999", b"/Filter/FlateDecode",
    b"/Filter[/FlateDecode/FlateDecode]", b"/Filter/ASCIIHexDecode", b"/Filter/LZWDecode", b"/MediaBox[0 0 0 0]",
    b"/MediaBox[-1e9 0 1e9 5]", b"/Rotate 90", b"/Rotate 45", b"/Parent 3 0 R", b"/Next 1 0 R", b"/First 1 0 R", b"xref\n",
    b"trailer\n", b"startxref\n0\n", b"%%EOF\n", b"/Prev 0", b"/Encrypt 1 0 R", b"/ToUnicode 3 0 R", b"/UserUnit 1e9", b"null",
    b"/Subtype/Type3", b"/Encoding/Identity-H", b"/FirstChar -9", b"(", b")", b"-2147483649", b"1e400",
)  # fmt: skip


def _pdf_of(pages: list[bytes]) -> bytes:
    """A PDF of content streams with a form /X that shows itself, and bookmarks."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>"
        % (b" ".join(b"%d 0 R" % (9 + 2 * n) for n in range(len(pages))), len(pages)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<</XObject<</X 5 0 R>>/Font<</F 3 0 R>>>>/Length 41>>\n"
        b"stream\nBT /F 9 Tf 9 9 Td (form) Tj ET /X Do        \nendstream",
        b"<</Title(Bees)/Author(Ada)/CreationDate(D:20240504)>>",
        b"<</First 8 0 R/Last 8 0 R/Count 1>>",
        b"<</Title(Bees in winter)/Parent 7 0 R/Dest[9 0 R/Fit]/Next 8 0 R>>",
    ]
    for number, content in enumerate(pages):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources"
            b"<</Font<</F 3 0 R/B 4 0 R>>/XObject<</X 5 0 R>>>>>>" % (10 + 2 * number)
        )
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content))
    result, offsets = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<</Size %d/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(result))
    return result + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table) + trailer


def _content_stream(drawn: list[bytes]) -> bytes:
    return _pdf_of([b"".join(drawn), b"".join(reversed(drawn))])


_XML = (
    b"&amp;", b"&#0;", b"&#xD800;", b"&x;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"\x00", b"\xff\xfe", b"<", b"/>", b'"',
    b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", b"../../etc/passwd",
    b"<!DOCTYPE x [<!ENTITY a 'aa'><!ENTITY x '&a;&a;'>]>", b"xmlns='x'", b'"-1"', b'"99999999999"', b'""', b"rId1",
)  # fmt: skip
_DOCX_TAGS = (
    "w:p", "w:r", "w:t", "w:t xml:space='preserve'", "w:tbl", "w:tr", "w:tc", "w:pPr", "w:pStyle w:val='Heading1'", "w:hyperlink r:id='rId9'",
    "w:pStyle w:val='Title'", "w:numPr", "w:numId w:val='1'", "w:ilvl w:val='2'", "w:tab", "w:br", "w:footnoteReference w:id='2'", "w:sdt",
    "w:sdtContent", "w:ins", "w:del", "w:delText", "w:fldChar w:fldCharType='begin'", "w:fldChar w:fldCharType='end'", "w:instrText",
    "w:gridSpan w:val='-3'", "w:vMerge", "w:drawing", "w:altChunk r:id='rId1'", "w:sym w:char='F0B7'", "w:bookmarkStart w:id='1' w:name='x'",
)  # fmt: skip
_ODT_TAGS = (
    "text:p", "text:h text:outline-level='1'", "text:h text:outline-level='-5'", "text:h text:outline-level='99999'", "text:span", "text:list",
    "text:list-item", "table:table", "table:table-row", "table:table-cell", "table:table-cell table:number-columns-repeated='30'",
    "text:note text:note-class='footnote'", "text:note-body", "text:note-citation", "text:a xlink:href='x'", "text:s text:c='5'",
    "text:s text:c='9999'", "text:tab", "text:line-break", "draw:frame", "draw:image xlink:href='Pictures/x'", "text:section",
    "text:bookmark-ref text:ref-name='x'", "text:sequence", "text:table-of-content", "text:index-body",
    "office:annotation office:name='n'", "office:annotation-end office:name='n'", "dc:creator", "draw:text-box", "draw:custom-shape", "draw:object xlink:href='./Object 1'",
)  # fmt: skip
_ODP_TAGS = (
    "draw:page", "draw:page draw:style-name='dp1' draw:name='Bees'", "draw:frame presentation:class='title'", "draw:frame presentation:class='outline'", "draw:frame presentation:class='notes'",
    "draw:frame", "draw:text-box", "draw:g", "draw:a xlink:href='x'", "draw:custom-shape", "draw:image xlink:href='x'", "svg:desc", "presentation:notes", "text:p", "text:span", "text:s text:c='5'",
    "text:list", "text:list text:style-name='L1'", "text:list-item", "text:h", "table:table table:use-first-row-styles='true'", "table:table-row", "table:table-cell", "office:annotation", "dc:date",
    "presentation:footer-decl", "draw:object xlink:href='./Object 1'", "draw:object", "office:document", "text:page-number", "text:line-break", "text:tab",
)  # fmt: skip
_ODP_SEED = opened.slide("Bees", opened.frame(opened.items("They sleep", "They eat")), notes="Say it.") + opened.slide(
    "", f"<draw:frame>{opened.table('Hive|Bees', 'Oak|4')}</draw:frame>", opened.annotation("Why?", "Ada")
)
_PPTX_TAGS = (
    "p:sp", "p:txBody", "a:p", "a:r", "a:t", "a:pPr lvl='3'", "a:pPr marL='-5'", "p:nvSpPr", "p:nvPr", "p:ph type='title'", "p:ph type='body'",
    "p:grpSp", "p:graphicFrame", "a:graphic", "a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/table'", "a:tbl", "a:tr", "a:tc",
    "a:br", "a:fld", "p:pic", "p:cNvPr id='2' name='x'", "a:buChar char='-'", "a:buAutoNum type='arabicPeriod'", "a:hlinkClick r:id='rId2'",
)  # fmt: skip

_OLE = (
    b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00", b"\xec\xa5", b"\xdc\xa5", b"\x00\x00\x00\x40",
    b"\x16\x24\x01", b"\x17\x24\x01", b"\x46\x66\x00\x00\x00\x00", b"\x0f\x00\xf0\x0f", b"\x00\x00\xa0\x0f\xff\xff\xff\x7f", b"\x0f\x00\x04\xf0",
    b"\x0f\x00\x03\xf0", b"\x00\x00\x9e\x0f\x04\x00\x00\x00", b"\x13", b"\x14", b"\x15", b"\x07", b"\r", b"\x0c", b"\x02", b"\x05", b"\x08",
    "WordDocument".encode("utf-16-le"), "1Table".encode("utf-16-le"), "PowerPoint Document".encode("utf-16-le"),
)  # fmt: skip
_RTF = (
    b"\\par ", b"{", b"}", b"\\pard", b"\\bin5 ", b"\\bin999999999 ", b"\\bin-1 ", b"\\'e4", b"\\'zz", b"\\u8364?", b"\\u-10179?", b"\\uc0 ", b"\\uc9999 ",
    b"{\\footnote ", b"{\\*\\footnote ", b"{\\*\\unknown ", b"\\trowd", b"\\cell ", b"\\row ", b"\\intbl ", b"\\cellx500", b"\\s1 ", b"\\ls1\\ilvl2 ",
    b"\\outlinelevel0 ", b"\\outlinelevel99 ", b"{\\object\\objdata 0105}", b"{\\pict\\pngblip 89504e47}", b"{\\field{\\*\\fldinst HYPERLINK \"x\"}{\\fldrslt y}}",
    b"{\\stylesheet{\\s1 heading 1;}}", b"{\\info{\\title x}{\\author y}}", b"\\ansicpg932", b"\\mac ", b"\\line ", b"\\tab ", b"\\~", b"\\-", b"\\\n", b"\\",
    b"{\\listtext 1.}", b"\\b ", b"\\v ", b"\\upr ", b"\\s1234\\ ", b"{\\s1\\x heading 1;}",
)  # fmt: skip
_RST = (
    b"====\n", b"----\n", b"~~~~\n", b"- ", b"* ", b"1. ", b"#. ", b":field: value\n", b".. note:: x\n", b".. admonition:: x\n\n   y\n", b".. include:: /etc/passwd\n", b"..",
    b".. raw:: html\n   :file: /etc/passwd\n", b".. csv-table:: t\n   :header: a, b\n\n   1, 2\n", b".. list-table::\n\n   * - a\n     - b\n", b"::\n\n",
    b"   ", b"|x|", b".. |x| replace:: y\n", b".. |x| replace:: |x|\n", b"[1]_", b".. [1] note\n", b".. _a: b\n", b"a_", b"`a`_", b"`", b"``", b"*", b"**", b":math:`x`",
    b"+---+---+\n| a | b |\n+---+---+\n", b"=== ===\na   b\n=== ===\n", b"| line\n", b".. role:: x\n", b".. default-role:: x\n", b".. code:: python\n\n   x\n",
    b".. image:: a.png\n   :alt: x\n", b"\n\n", b"\t", b"\\", b".. class:: x\n", b".. figure:: x\n\n   caption\n", b".. math::\n\n   a\n", b".. header:: x\n",
)  # fmt: skip
_ORG = (
    b"* ", b"** TODO ", b"******** ", b"#+TITLE: x\n", b"#+INCLUDE: \"/etc/passwd\"\n", b"#+BEGIN_SRC python\n", b"#+END_SRC\n", b"#+BEGIN_QUOTE\n",
    b"#+END_QUOTE\n", b"| a | b |\n|---+---|\n| c | d |\n", b"|", b"- ", b"1. ", b"- [ ] ", b"- term :: meaning\n", b"[fn:1]", b"[fn:1] note\n", b"[[a][b]]",
    b":PROPERTIES:\n", b":END:\n", b"SCHEDULED: <2024-05-04 Sat>\n", b"*bold*", b"/it/", b"=c=", b"~c~", b"$a$", b"\\begin{a}\n", b"\\end{a}\n", b"#+MACRO: x {{{x}}}\n",
    b"{{{x}}}", b"#+OPTIONS: H:0 toc:nil\n", b"#+SETUPFILE: /etc/passwd\n", b"#+BEGIN_EXPORT html\n", b"#+END_EXPORT\n", b"# c\n", b"\n\n", b"    ", b"<<x>>",
    b"@@html:<b>@@", b"[cite:@x]", b"src_python{x}", b"call_x()", b"#+LINK: a b%s\n", b"#+SELECT_TAGS: x\n", b":x:\n",
)  # fmt: skip
_IPYNB = (
    b'{"cell_type": "markdown", "metadata": {}, "source": ["# x"]},', b'"source": ', b"[", b"]", b"{", b"}", b",", b"null", b"1e999", b"-1", b'""',
    b"99999999999999999999999999", b'"nbformat": 3', b'"nbformat": 99', b'"cell_type": "raw"', b'"cell_type": "code"', b'"t": "Str"', b'"c": 1',
    b'"outputs": [{"output_type": "display_data", "data": {"text/html": "<b>x</b>"}, "metadata": {}}]', b'"data": {"image/png": "!!!!"}',
    b'"attachments": {"a.png": {"image/png": "AAAA"}}', b'"\\ud800"', b'"\\u0000"', b"\\", b'"', b'"execution_count": "x"', b'"output_type": "error"',
)  # fmt: skip


def _notebooks() -> Strategy:
    source = st.lists(st.sampled_from(_MARKDOWN).map(bytes.decode) | _WORDS, max_size=8).map("".join)
    value = st.recursive(
        st.none() | st.booleans() | st.integers() | source,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("tcxy"), inner, max_size=3),
        max_leaves=6,
    )
    output = st.one_of(
        st.fixed_dictionaries({"output_type": st.just("stream"), "name": st.just("stdout"), "text": source}),
        st.fixed_dictionaries(
            {"output_type": st.just("error"), "ename": source, "evalue": source, "traceback": st.lists(source)}
        ),
        st.fixed_dictionaries(
            {
                "output_type": st.just("display_data"),
                "metadata": st.just({}),
                "data": st.dictionaries(
                    st.sampled_from(["text/plain", "text/html", "image/png", "text/x"]), source | value, max_size=2
                ),
            }
        ),
    )
    cell = st.fixed_dictionaries(
        {
            "cell_type": st.sampled_from(["markdown", "code", "raw"]),
            "metadata": st.dictionaries(st.sampled_from("tcx"), value, max_size=2),
            "source": source | st.lists(source, max_size=3),
            "outputs": st.lists(output, max_size=2),
            "execution_count": st.none() | st.integers(),
        }
    )
    notebook = st.fixed_dictionaries(
        {
            "nbformat": st.sampled_from([4, 4, 4, 3, 5]),
            "nbformat_minor": st.sampled_from([4, 5]),
            "metadata": st.dictionaries(st.sampled_from(["title", "authors", "t", "c"]), value, max_size=3),
            "cells": st.lists(cell, max_size=5),
        }
    )
    return notebook.map(lambda input_of: json.dumps(input_of).encode())


# --- records and archives ---------------------------------------------------------------------------------------------

_RECORDS = (
    {"title": "Bees in winter", "text": "Bees sleep in winter.\n\nThe keeper waits.", "url": "https://example.org/1", "date": 2024},
    {"headline": "Spring", "body": "# Spring\n\n- they fly\n- they dance\n\n| a | b |\n|---|---|\n| 1 | 2 |", "author": ["Ada", "Bo"]},
    {"name": "A page", "content_html": "<h2>Honey</h2><p>Sweet &amp; golden.</p><ul><li>one</li></ul>", "tags": {"a": None}},
    {"title": 1.5, "text": ["One part.", "Another part."], "published": "2024-05-04T10:00:00Z", "link": ""},
)  # fmt: skip
_JSON = (
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 400, b"\n", b"\r\n", b"\x00",
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\\u2028"', b'"text":', b'"TEXT ":', b'"title":', b'"body":', b'"content_html":', b'"author":',
    b'"date":', b'{"text":"Bees."}', b'{"text":"Bees."}\n', b'"<p>"', b'"<p>Bees</p>"', b'"# Bees\\n\\n"', b'"```\\n"', b"\xef\xbb\xbf", b"\xff\xfe",
    b'{"items":[', b"]}", b"// c\n", b"'", b"\xed\xa0\x80", b"[[[[[[[[[[[[[[[[", b"\x1e", b"{}", b"[]", b'""',
)  # fmt: skip
_CSV = (
    b",", b";", b"\t", b"|", b'"', b'""', b'"""', b"\n", b"\r", b"\r\n", b"\x00", b"\\", b"'", b"title", b"text", b"body", b"url", b"date", b"Text ",
    b"title,text\n", b"title;text\r\n", b"text\ttitle\n", b",,,,,,\n", b'"a\nb"', b"\xef\xbb\xbf", b"\xff\xfe", b"=cmd|'/c calc'!A1", b"# Bees\n\n",
    b"<p>Bees</p>", b"\x0b", b"\x0c", b"\x1c", b"\x85", "\u2028".encode(), b"\xed\xa0\x80", b" ", b"sep=;\n",
)  # fmt: skip
_ZIP = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"\x01\x00", b"\x00\x08", b"\x08\x00", b"\x63\x00", b"\xff\xff", b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00", b"../", b"/", b"\\", b".md", b".zip", b".html", b"_files/", b"__MACOSX/", b"\xe2\x80\xae", b"\x00", *_JSON[:8], *_CSV[:5],
)  # fmt: skip
_NAMES = (
    "bees.md", "a/b/spring.txt", "page.html", "page_files/x.html", "../out.md", "/abs.md", "C:\\win.md", "news.jsonl", "news.csv", "inner.zip",
    ".hidden.md", "__MACOSX/bees.md", "a\u202ecod.md", "a\nb.md", "", ".", "x.exe", "n" * 300 + ".md", "bees (2).md", "d/", "\u00e9.md",
)  # fmt: skip


def _as_lines(rows: Sequence[object]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


_CSV_SEEDS = (
    b'title,text,url\nBees,"Bees sleep, all winter.\nThey wake.",https://example.org\nSpring,They fly.,\n',
    b'headline;body;date\r\nBees;"Say ""bees"".";2024\r\n;;\r\nSpring;They fly; and dance;2025\r\n',
    "title\ttext\nBienen\tKäfer schlafen im Winter.\nHoney\t<p>Sweet</p><p>Golden</p>\n".encode("cp1252"),
)


_CHATS: tuple[object, ...] = (
    [{"type": "message", "ts": "1710234000.1", "user": "U1", "text": "Look, <@U2> &amp; <https://x|y>", "thread_ts": "1710234000.1",
      "user_profile": {"real_name": "Ada"}, "files": [{"name": "a.pdf"}]}, {"type": "message", "subtype": "channel_join", "ts": "1", "user": "U2", "text": "x"}],
    {"name": "Hives", "messages": [{"type": "message", "date": "2024-03-12T10:02:00", "from": "Ada", "text": ["a ", {"type": "bold", "text": "b"}]},
     {"type": "service", "date": "2024-03-12T10:03:00", "actor": "Bo", "action": "pin", "members": ["Ada"], "text": ""}]},
    [{"title": "Hives", "current_node": "b", "mapping": {"a": {"message": None, "parent": None, "children": ["b"]}, "b": {"message": {
      "author": {"role": "user"}, "create_time": 1710234000.5, "content": {"content_type": "text", "parts": ["How?"]}}, "parent": "a", "children": ["b"]}}}],
    {"title": "Hives", "textContent": "tar", "listContent": [{"text": "tar", "isChecked": True}], "labels": [{"name": "Bees"}], "isTrashed": False,
     "annotations": [{"title": "Tar", "url": "x"}], "userEditedTimestampUsec": 1710237733000000},
    {"title": "Ada", "messages": [{"sender_name": "Bo", "timestamp_ms": 1710234000000, "content": "Gr\u00c3\u00bc\u00c3\u009fe"}]},
    {"chat_messages": [{"sender": "human", "text": "How?", "created_at": "2024-03-12T10:02:00Z"}, {"sender": "assistant", "content": [{"type": "text", "text": "# So\n\n- a"}]}]},
)  # fmt: skip


_CHAT_PAGE = (
    b'<div class="page_header"><div class="bold">Hives</div></div><div class="history"><div class="message default"><div class="body">'
    b'<div class="pull_right date details" title="12.03.2024 10:02:33 UTC+01:00">10:02</div><div class="from_name">Ada</div><div class="text">a<br>b</div>'
    b'</div></div><div class="message default joined"><div class="body"><div class="forwarded body"><div class="from_name">Bo</div><div class="text">c</div>'
    b"</div></div></div></div>"
)


def _json_seeds() -> list[bytes]:
    wrapped = {"version": "1", "items": _RECORDS}
    values: list[object] = [_RECORDS, wrapped, _RECORDS[0], {"a": [1], "b": list(_RECORDS)}, *_CHATS]
    return [*(json.dumps(value).encode() for value in values), json.dumps(_RECORDS, indent=1).encode("utf-16")]


def _zip_seeds() -> list[bytes]:
    pages = _read("html", "news.html", "blog.html")
    mixed = [("bees.md", _MARKDOWN_SEED), ("d/page.html", pages[0]), ("d/page_files/x.html", pages[1])]
    records = [("news.jsonl", _as_lines(_RECORDS)), ("news.csv", _CSV_SEEDS[0]), ("news.json", _json_seeds()[0])]
    office = [(path.name, path.read_bytes()) for path in (FILES / "office" / "bees.docx", FILES / "pdf" / "hives.pdf")]
    texts = [(f"{number}/bees.txt", text) for number, text in enumerate(_plain_seeds()[:4])]
    return [
        zipped(mixed),
        zipped([*records, *mixed[:1]]),
        zipped([*office, *texts]),
        zipped([("in.zip", zipped(mixed))]),
    ]


def _records() -> Strategy:
    """Lists of records, whole and wrapped, with any value anywhere."""
    text = st.lists(st.sampled_from(_MARKDOWN + _HTML[:40]).map(bytes.decode) | _WORDS, max_size=8).map("".join)
    value = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | text | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "title", "x"]), inner),
        max_leaves=6,
    )
    names = [
        "title",
        "text",
        "body",
        "content_html",
        "URL",
        " date",
        "author",
        "x",
        "",
        "ts",
        "type",
        "from",
        "role",
        "parent",
    ]
    record = st.dictionaries(st.sampled_from(names), text | value, max_size=6)
    return st.one_of(
        st.lists(record | value, max_size=6).map(json.dumps),
        st.dictionaries(
            st.sampled_from(["items", "articles", "text", "messages", "mapping"]), st.lists(record) | value
        ).map(json.dumps),
    ).map(str.encode)


def _lines_of_records() -> Strategy:
    return st.lists(_records() | st.sampled_from(_JSON), max_size=8).map(b"\n".join)


def _archives() -> Strategy:
    """Archives of small files, with names that mean something."""
    content = st.sampled_from(_MARKDOWN) | _sequence(_PLAIN) | _sequence(_CSV, b"title,text\n") | _records()
    return st.lists(st.tuples(st.sampled_from(_NAMES), content), max_size=8).map(zipped)


_MAIL_HEAD = b"From: Ada <ada@example.org>\r\nTo: Bo <bo@example.org>\r\nSubject: Bees\r\nDate: Tue, 3 Sep 2024 10:12:00 +0200\r\n"
_MAIL = (
    *_MHTML[20:], b"> ", b">> ", b"-- \n", b"On Mon, 2 Sep 2024, Bo wrote:\n", b"-----Original Message-----\n", b"Sent: Monday\n", b"\r\n\r\n",
    b"From: =?utf-8?q?=C3=84da?= <a@b>\r\n", b"Subject: =?koi8-r?b?8NLJ18XU?=\r\n", b"Date: Mon, 99 Feb 2024\r\n", b"To: " + b"a@b, " * 99 + b"\r\n",
    b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n", b"Content-Type: multipart/alternative; boundary=x\r\n\r\n", b"--x\r\n", b"--x--\r\n",
    b"Content-Disposition: attachment; filename=\"a.md\"\r\n", b"filename*=utf-8''%C3%A4.txt\r\n", b"Content-Type: message/rfc822\r\n\r\n",
    b"From x Tue Sep  3 10:12:00 2024\n", b"\n\nFrom ", b">From ", b"<blockquote>", b"</blockquote>", b"Content-Type: text/html\r\n\r\n", b"________________________\n",
)  # fmt: skip


def _mail_seeds() -> list[bytes]:
    (page, *_) = _read("html", "blog.html")
    text = b"\r\nBees sleep in winter, and the keeper waits.\r\n\r\nOn Mon, 2 Sep 2024, Bo wrote:\r\n> Do bees sleep?\r\n>> Who knows?\r\n\r\n-- \r\nAda\r\n"
    parts = [
        b"Content-Type: text/plain; charset=utf-8\r\n" + text,
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(page),
        b"Content-Disposition: attachment; filename=bees.md\r\n\r\n" + _MARKDOWN_SEED,
        b"Content-Type: message/rfc822\r\n\r\n" + _MAIL_HEAD + text,
    ]
    mixed = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + b"\r\n--x\r\n".join(parts) + b"\r\n--x--\r\n"
    return [_MAIL_HEAD + text, _MAIL_HEAD + mixed, _MAIL_HEAD + mixed.replace(b"mixed", b"alternative")]


def _mailbox_of(mails: Sequence[bytes]) -> bytes:
    return b"".join(b"From x Tue Sep  3 10:12:00 2024\n" + mail + b"\n\n" for mail in mails)


def _mails() -> Strategy:
    return _sequence(_MAIL, _MAIL_HEAD)


_SUBTITLES = (
    b"1\n", b"00:00:01,000 --> 00:00:04,000\n", b"00:05.000 --> 99:99:99.999 align:start\n", b"-->", b"WEBVTT\n\n", b"NOTE x\n\n", b"STYLE\n", b"<v Ada>",
    b"<i>", b"</i>", b"{\\an8}", b"<00:00:01.000>", b"- ", b"ADA: ", b">> ", b"\n\n", b"&amp;", b"&#xD800;", b"[music]", b"\r\n", b"\x00", b"\xff\xfe", b"...",
)  # fmt: skip
_SRT_SEED = b"1\r\n00:00:01,000 --> 00:00:04,000\r\nBees <i>sleep</i>\r\nin winter.\r\n\r\n2\r\n00:00:09,000 --> 00:00:12,000\r\n- Really?\r\n- Yes.\r\n"
_VTT_SEED = b"WEBVTT - Bees\n\nNOTE none\n\n00:01.000 --> 00:04.000\n<v Ada>Bees sleep &amp; rest.\n\nb\n00:05.000 --> 00:06.000\n<v Bo>In winter.\n"
_SETTINGS = (
    b"name: value\n", b"server:\n", b"  port: 80\n", b"[table]\n", b"[[tables]]\n", b"key = \"value\"\n", b"KEY=value\n", b"# comment\n", b"; comment\n",
    b"- ", b"  ", b"\t", b"a: &a [*a]\n", b"<<: *a\n", b"text: |\n", b"!!python/object/apply:os.system ", b"---\n", b"...\n", b"{", b"}", b"[", b"]", b"\n\n",
    b"!include /etc/passwd\n", b"${HOME}", b":", b"=", b"\x00", b"\xff\xfe", b"2024-05-04 10:00:00 ERROR it failed\n", b"Traceback (most recent call last):\n",
)  # fmt: skip
_SETTINGS_SEED = b"# The hive\nname: bees\nserver:\n  port: 80\n  hosts:\n    - a\n    - b\n\n[tool.x]\nkey = 'value'\n\ntext: |\n  Bees sleep.\n"
_LOG_SEED = (
    b"2024-05-04 10:00 INFO started\n2024-05-04 10:01 ERROR failed\n  at x\nCaused by: y\n2024-05-04 10:02 INFO done\n"
)

_SOURCE = (
    b"def f(a):\n", b"class A:\n", b"function f() {\n", b"CREATE TABLE t (\n", b"(defun f ()\n", b"    ", b"\t", b"}\n", b"# c\n", b"#!", b"// c\n", b"/*", b"*/", b"/** ",
    b"-- c\n", b"; c\n", b"\"\"\"", b"'''", b"\"", b"'", b"`", b"\\", b"\\\n", b"r\"\"\"", b"@a\n", b"#[a]\n", b"x = 1\n", b"\n\n", b"@param a b\n", b"<!--", b"-->", b"\x00",
    b"\xff\xfe", b"#|", b"|#", b"\x0c",
)  # fmt: skip
_SOURCE_SEED = b'# Bees.\n"""They sleep."""\n\n\n@a\ndef f(a):\n    """One.\n\n    Two.\n    """\n    return `a`  // c\n\n/* c\n * d */\nclass A {\n}\n'
TEXT_FILES = (".foo", ".js", ".py", ".sql")  # that are read only if a person says so

_LATEX = (
    b"\\section{x}\n", b"\\begin{document}", b"\\end{document}", b"\\begin{itemize}\\item ", b"\\end{itemize}", b"\\input{/etc/passwd}", b"\\title{x}", b"\\maketitle",
    b"\\newcommand{\\a}{\\a\\a}", b"\\a", b"\\def\\b#1{#1#1}", b"\\b{x}", b"$x^2$", b"$$", b"\\begin{tabular}{ll}a&b\\\\", b"\\end{tabular}", b"\\footnote{x}", b"%", b"{", b"}",
    b"\\verb|x|", b"\\begin{verbatim}", b"\\end{verbatim}", b"\\cite{x}", b"\\\\", b"~", b"``x''", b"\\emph{", b"\\char5", b"\\csname x\\endcsname", b"\n\n", b"\\loop", b"\\iftrue",
)  # fmt: skip
_LATEX_SEED = (
    b"\\documentclass{article}\\title{Bees}\\begin{document}\\maketitle\\section{Winter}Bees \\emph{sleep}\\footnote{n}.\n\n"
    b"\\begin{itemize}\\item a\\end{itemize}\\end{document}"
)
_ADOC = (
    b"= x\n", b"== x\n", b"include::/etc/passwd[]\n", b"----\n", b"====\n", b"|===\n", b"|a |b\n", b"* ", b". ", b"a:: b\n", b"NOTE: ", b"[TIP]\n", b".x\n", b":a: b\n", b"{a}", b"footnote:[x]", b"<<a>>", b"[[a]]",
    b"image::a[x]\n", b"link:a[b]", b"*b*", b"_i_", b"`c`", b"+\n", b"'''\n", b"[source,x]\n", b"ifdef::a[]\n", b"endif::[]\n", b"////\n", b"stem:[x]", b"\n\n", b"\t",
)  # fmt: skip
_ADOC_SEED = b"= Bees\nAda\n\n== Winter\n\nBees *sleep*.\n\n* one\n\n|===\n|a |b\n|1 |2\n|===\n"
_WIKI = (
    b"= x =\n", b"== x ==\n", b"* ", b"# ", b": ", b"; ", b"{|\n", b"|}\n", b"|-\n", b"! a !! b\n", b"| a || b\n", b"{{a|b}}", b"{{", b"}}", b"[[a|b]]", b"[[", b"]]", b"[x y]", b"'''b'''", b"''i''",
    b"<nowiki>", b"</nowiki>", b"<ref>x</ref>", b"<math>x</math>", b"<pre>", b"</pre>", b"<!--", b"-->", b"#REDIRECT [[x]]\n", b"----\n", b"<table>", b"&nbsp;", b"\n\n", b"__TOC__",
    b"{{Infobox x\n| a = b\n| c = d\n}}\n", b"|", b"=", b"{{Note|x}}", b"{{#if:x|y}}",
)  # fmt: skip
_WIKI_SEED = b"= Bees =\nBees '''sleep'''.\n* one\n{|\n! a !! b\n|-\n| 1 || 2\n|}\n"
_JIRA = (
    b"{info}", b"{info:title=x}", b"{note}", b"{panel}", b"{panel:title=x}", b"{expand:x}", b"{expand}", b"{code}", b"{code:java}", b"{noformat}", b"{toc}", b"{status:title=x}", b"{color:red}", b"{color}",
    b"h1. x\n", b"* ", b"# ", b"||a||b||\n", b"|1|2|\n", b"[x|https://example.org]", b"!a.png!", b"{", b"}", b"*b*", b"bq. x\n", b"----\n", b"\n\n", b"{quote}",
)  # fmt: skip
_JIRA_SEED = b"h1. Bees\n\n{info:title=Winter}\nThey sleep.\n{info}\n\n||a||b||\n|1|2|\n{code}\nx\n{code}\n"
_DOKU = (
    b"<note>", b"<note tip>", b"</note>", b"<WRAP round 60%>", b"</WRAP>", b"<wrap em>", b"</wrap>", b"<code>", b"</code>", b"%%", b"{{tag>x}}", b"~~NOTOC~~", b"====== x ======\n", b"  * ", b"^ a ^ b ^\n",
    b"| 1 | 2 |\n", b"[[a|b]]", b"''x''", b"//x//", b"<", b">", b"\n\n", b"<file>", b"<nowiki>",
)  # fmt: skip
_MAN = (
    b".TH X 1\n", b".SH X\n", b".SS X\n", b".TP\n", b".PP\n", b".so /etc/passwd\n", b".Dd May 4, 2024\n", b".Dt X 1\n", b".Sh X\n", b".Nm x\n", b".Bl -tag\n", b".It Fl x\n", b".El\n", b".TS\n", b".TE\n",
    b".nf\n", b".fi\n", b"\\fB", b"\\fR", b"\\-", b"\\(em", b"\\*(xx", b".de X\n", b"..\n", b".ds x y\n", b".X\n", b".\\\" c\n", b".if n x\n", b".RS\n", b".RE\n", b".IP x 4\n", b".EX\n", b".EE\n", b".sy x\n",
)  # fmt: skip
_MAN_SEEDS = (
    b".TH BEES 1 2024-05-04\n.SH NAME\nbees \\- sleep\n.SH OPTIONS\n.TP\n\\fB-x\\fR\nrest\n.nf\ncode\n.fi\n",
    b".Dd May 4, 2024\n.Dt BEES 8\n.Os\n.Sh NAME\n.Nm bees\n.Nd sleep\n.Sh OPTIONS\n.Bl -tag\n.It Fl x\nrest\n.El\n",
)
_XML_TAGS = (
    "rss", "channel", "item", "title", "link", "description", "pubDate", "category", "feed", "entry", "content type='html'", "content type='xhtml'", "author", "name", "updated", "en-export",
    "note", "created", "tag", "resource", "data", "mime", "file-name", "mediawiki", "page", "ns", "revision", "text", "timestamp", "article", "section", "para", "sect1", "front", "body", "sec", "p",
    "opml", "outline text='x'", "FictionBook", "book", "chapter", "itemizedlist", "listitem", "informaltable", "tgroup cols='2'", "row", "emphasis", "xi:include href='/etc/passwd'", "config",
)  # fmt: skip
_XML_SEEDS = (
    b"<rss><channel><title>F</title><item><title>Bees</title><link>https://example.org</link><pubDate>Tue, 03 Sep 2024 10:00:00 GMT</pubDate><description>&lt;p&gt;Bees sleep.&lt;/p&gt;</description></item></channel></rss>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Bees</title><content type='html'>&lt;p&gt;Bees sleep.</content></entry></feed>",
    b"<en-export><note><title>Bees</title><content><![CDATA[<en-note><div>Bees sleep.</div></en-note>]]></content><created>20240903T101200Z</created><resource><data>eA==</data><mime>text/plain</mime></resource></note></en-export>",
    b"<mediawiki><page><title>Bees</title><ns>0</ns><revision><text>'''Bees''' sleep. {{x}}</text></revision></page><page><title>W</title><revision><text>{| x</text></revision></page></mediawiki>",
    b"<!DOCTYPE article [<!ENTITY b 'Bees'>]><article><title>Bees</title><section><title>Winter</title><para>&b; sleep.</para></section></article>",
    b"<article><front><article-meta><title-group><article-title>Bees</article-title></title-group></article-meta></front><body><sec><title>Winter</title><p>They sleep.</p></sec></body></article>",
    b"<opml version='2.0'><head><title>Bees</title></head><body><outline text='Winter'><outline text='x' _note='They sleep.'/></outline></body></opml>",
)
_BIB = (
    b"@article{a, ", b"@book{", b"@string{a = \"b\"}\n", b"@comment{", b"@preamble{\"x\"}", b"title = {", b"author = {Ada L and Bo B},", b"year = 2024,", b"abstract = \"x\",", b"}\n", b"{", b"}", b"\"", b",", b"=", b" # ",
    b"\\'e", b"{\\\"o}", b"$x$", b"month = jan,", b"crossref = {a},", b"keywords = {a, b},", b"%", b"@", b"\n\n", b"and others", b"url = {javascript:x},", b"date = {2024-05/2025},",
)  # fmt: skip
_BIB_SEED = (
    b"@article{a, title={Bees {Sleep}}, author={Ada L and Bo B}, year=2024, journal={Hive}, abstract={They sleep.}}\n"
    b'@string{x = "y"}\n@book{b, title={Wasps}, editor={E}}\n'
)

_SHEET = (
    b'<row r="1">', b"</row>", b'<c r="A1">', b'<c r="B2" s="1">', b'<c r="ZZ99" t="b">', b'<c r="C3" t="s">', b'<c r="A0">', b"</c>", b"<v>", b"</v>",
    b"1", b"0.25", b"45413", b"1e308", b"-1", b"x", b"<f>A1+B2</f>", b'<f>HYPERLINK("https://example.org","x")</f>', b"<is><t>Bees</t></is>", b'<c t="inlineStr">', b'<c t="e"><v>#REF!</v></c>', b"&amp;",
)  # fmt: skip
_ROWS = f'<row r="1">{cell("A1", "Hive")}{cell("B1", "Bees")}</row><row r="2">{cell("A2", "Oak")}<c r="B2"><v>4</v></c></row>'


def _workbook(rows: str) -> bytes:
    codes = ('#,##0.00 "€"', "mmm yyyy", "[$$-409]0.0;(0.0)")
    return xlsx({"Hives": rows, "Old": rows}, formats="164 9 165 166", hidden="Old", merged="A1:B2", codes=codes)


_ODS_TAGS = (
    "table:table table:name='A'", "table:table-row", "table:table-row table:number-rows-repeated='9999'", "table:table-cell", "table:table-header-rows",
    "table:table-cell office:value-type='currency' office:value='1.5'", "table:table-cell office:value-type='date' office:date-value='2024-05-04'", "text:p", "text:s",
    "table:table-cell table:number-columns-repeated='9999' office:value-type='float' office:value='2'", "text:a xlink:href='https://example.org'", "office:annotation", "dc:creator",
    "table:covered-table-cell", "table:table-cell table:number-rows-spanned='2' office:value-type='string'",
)  # fmt: skip
_ODS_SEED = opened.table("Hive|Bees", f"Oak{opened.annotation('Why?', 'Ada')}|4", attributes='table:name="A"')
_MSG_PIECES = (
    b"LZFu", b"MELA", b"{\\*\\htmltag ", b"\\htmlrtf ", b"\\fromtext",
    b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\x00\x00\x00\x00", b"\x01\x00\x00\x00", "__substg1.0_".encode("utf-16-le"), "__attach_version1.0_#00000000".encode("utf-16-le"),
    "3701000D".encode("utf-16-le"), "37010102".encode("utf-16-le"), "1013001F".encode("utf-16-le"), b"\xff" * 64, b"\x00" * 128, b"\x40\x00\x39\x00", b"\x06\x00", "\ud800".encode("utf-16-le", "surrogatepass"),
)  # fmt: skip
_MSG_TEXTS = (
    ("0037", "Bees"),
    ("0C1A", "Ada"),
    ("1000", "Bees sleep.\r\n> x\r\n"),
    ("1013", "<p>Bees</p>"),
    ("007D", "Date: x"),
    ("0E04", "\ud800"),
)


def _msg_of(texts: Sequence[tuple[str, str]]) -> bytes:
    return make_msg.ole(make_msg.msg({tag: text.replace("\ud800", "\ufffd") for tag, text in texts}))


def _msg_seeds() -> list[bytes]:
    inner = make_msg.attached_mail(make_msg.msg(dict(_MSG_TEXTS[:3])))
    texts = dict(_MSG_TEXTS[:5])
    rtf = b"{\\rtf1\\fromhtml1{\\*\\htmltag <p>}Bees \\'e4\\u8364?\\htmlrtf x\\htmlrtf0{\\*\\htmltag </p>}}"
    rich = make_msg.ole(make_msg.rich(make_msg.msg(dict(_MSG_TEXTS[:1])), rtf))
    return [
        _msg_of(_MSG_TEXTS[:3]),
        rich,
        make_msg.ole(make_msg.msg(texts, None, make_msg.file("a.md", b"# Bees\n"), inner)),
    ]


_PNG = (
    b"IHDR",
    b"IDAT",
    b"IEND",
    b"PLTE",
    b"tRNS",
    b"eXIf",
    b"acTL",
    b"\x00\x00\x00\r",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x01",
)
_PNG_SEED = bytes.fromhex(  # a picture of two by two pixels
    "89504e470d0a1a0a0000000d494844520000000200000002080000000057dd52f80000000e49444154789c63606060606000"
    "0000060001728299ea0000000049454e44ae426082"
)

FORMATS: dict[str, Format] = {
    "plain": Format(".txt", _plain_seeds, _PLAIN, _sequence(_PLAIN)),
    "markdown": Format(".md", lambda: [_MARKDOWN_SEED, *_read("office", "*.md")], _MARKDOWN, _sequence(_MARKDOWN)),
    "html": Format(".html", lambda: [*_read("html", "*.html"), _CHAT_PAGE], _HTML, _tree(_HTML_TAGS) | _sequence(_HTML)),
    "mhtml": Format(
        ".mhtml",
        lambda: [_mhtml_of(page, how) for page in _read("html", "*.html") for how in ("base64", "quoted-printable")],
        _MHTML,
        _tree(_HTML_TAGS).map(_mhtml_of) | _sequence(_MHTML, b'Content-Type: multipart/related; boundary="--x"\r\n\r\n'),
    ),
    "image": Format(".png", lambda: [_PNG_SEED], _PNG, _sequence(_PNG, b"\x89PNG\r\n\x1a\n")),
    "pdf": Format(".pdf", _pdf_seeds, _PDF, st.lists(st.sampled_from(_PDF_OPERATORS), max_size=60).map(_content_stream)),
    "docx": Format(
        ".docx",
        lambda: _read("office", "*.docx"),
        (*_XML, *(f"<{tag}>".encode() for tag in _DOCX_TAGS)),
        _inside("bees.docx", "word/document.xml", b"<w:body", b"</w:body>", _DOCX_TAGS),
        zipped=True,
    ),
    "odt": Format(
        ".odt",
        lambda: _read("office", "*.odt"),
        (*_XML, *(f"<{tag}>".encode() for tag in _ODT_TAGS)),
        _inside("bees.odt", "content.xml", b"<office:text", b"</office:text>", _ODT_TAGS),
        zipped=True,
    ),
    "odp": Format(
        ".odp",
        lambda: [opened.package("presentation", _ODP_SEED)],
        (*_XML, *(f"<{tag}>".encode() for tag in _ODP_TAGS)),
        _tree(_ODP_TAGS).map(lambda body: opened.package("presentation", body.decode())),
        zipped=True,
    ),
    "fodt": Format(
        ".fodt",
        lambda: [opened.flat("presentation", _ODP_SEED), opened.flat("text", "<text:p>Bees sleep.</text:p>")],
        (*_XML, *(f"<{tag}>".encode() for tag in (*_ODT_TAGS, *_ODP_TAGS))),
        _tree(_ODT_TAGS).map(lambda body: opened.flat("text", body.decode())),
    ),
    "pptx": Format(
        ".pptx",
        lambda: _read("office", "*.pptx"),
        (*_XML, *(f"<{tag}>".encode() for tag in _PPTX_TAGS)),
        _inside("slides.pptx", "ppt/slides/slide2.xml", b"<p:spTree", b"</p:spTree>", _PPTX_TAGS),
        zipped=True,
    ),
    "doc": Format(".doc", lambda: _read("office", "*.doc"), _OLE, _sequence(_OLE, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    "ppt": Format(
        ".ppt",
        lambda: [gzip.decompress(data)[:_LONGEST] for data in _read("office", "*.ppt.gz")],
        _OLE,
        _sequence(_OLE, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
    "epub": Format(
        ".epub",
        lambda: _read("office", "*.epub"),
        (*_XML, *_HTML),
        _inside("bees.epub", "EPUB/text/ch001.xhtml", b"<body", b"</body>", _HTML_TAGS),
        zipped=True,
    ),
    "rtf": Format(".rtf", lambda: _read("office", "*.rtf"), _RTF, _sequence(_RTF, b"{\\rtf1\\ansi ", b"}")),
    "rst": Format(".rst", lambda: _read("office", "*.rst"), _RST, _sequence(_RST)),
    "org": Format(".org", lambda: _read("office", "*.org"), _ORG, _sequence(_ORG)),
    "ipynb": Format(".ipynb", lambda: _read("office", "*.ipynb"), _IPYNB, _notebooks()),
    "json": Format(".json", _json_seeds, _JSON, _records() | _sequence(_JSON, b'[{"text":"', b'"}]')),
    "jsonl": Format(
        ".jsonl", lambda: [_as_lines(_RECORDS), _as_lines(_RECORDS).decode().encode("utf-16")], _JSON, _lines_of_records()
    ),
    "csv": Format(".csv", lambda: [*_CSV_SEEDS], _CSV, _sequence(_CSV, b"title,text\n") | _sequence(_CSV)),
    "tsv": Format(".tsv", lambda: [*_CSV_SEEDS], _CSV, _sequence(_CSV)),
    "tex": Format(".tex", lambda: [_LATEX_SEED], _LATEX, _sequence(_LATEX)),
    "adoc": Format(".adoc", lambda: [_ADOC_SEED], _ADOC, _sequence(_ADOC)),
    "wiki": Format(".wiki", lambda: [_WIKI_SEED], _WIKI, _sequence(_WIKI)),
    "jira": Format(".jira", lambda: [_JIRA_SEED], _JIRA, _sequence(_JIRA)),
    "dokuwiki": Format(".dokuwiki", lambda: [b"====== Bees ======\n\n<note tip>They sleep.</note>\n"], _DOKU, _sequence(_DOKU)),
    "man": Format(".1", lambda: [*_MAN_SEEDS], _MAN, _sequence(_MAN, b".TH X 1\n")),
    "xml": Format(".xml", lambda: [*_XML_SEEDS], (*_XML, *(f"<{tag}>".encode() for tag in _XML_TAGS)), _tree(_XML_TAGS)),
    "bib": Format(".bib", lambda: [_BIB_SEED], _BIB, _sequence(_BIB)),
    "srt": Format(".srt", lambda: [_SRT_SEED, _VTT_SEED], _SUBTITLES, _sequence(_SUBTITLES)),
    "vtt": Format(".vtt", lambda: [_VTT_SEED, _SRT_SEED], _SUBTITLES, _sequence(_SUBTITLES, b"WEBVTT\n\n")),
    "settings": Format(".yaml", lambda: [_SETTINGS_SEED], _SETTINGS, _sequence(_SETTINGS)),
    "log": Format(".log", lambda: [_LOG_SEED, _SETTINGS_SEED], _SETTINGS, _sequence(_SETTINGS)),
    **{name: Format(f".{name}", lambda: [_SOURCE_SEED], _SOURCE, _sequence(_SOURCE)) for name in ("py", "js", "sql")},
    "eml": Format(".eml", _mail_seeds, _MAIL, _mails()),
    "msg": Format(".msg", _msg_seeds, _MSG_PIECES, st.lists(st.sampled_from(_MSG_TEXTS), max_size=8).map(_msg_of)),
    "mbox": Format(
        ".mbox", lambda: [_mailbox_of(_mail_seeds())], _MAIL, st.lists(_mails(), min_size=1, max_size=5).map(_mailbox_of)
    ),
    "xlsx": Format(
        ".xlsx",
        lambda: [_workbook(_ROWS)],
        (*_XML, *_SHEET),
        _sequence(_SHEET).map(lambda body: _workbook(body.decode("latin-1"))),
        zipped=True,
    ),
    "ods": Format(
        ".ods",
        lambda: [opened.package("spreadsheet", _ODS_SEED)],
        (*_XML, *(f"<{tag}>".encode() for tag in _ODS_TAGS)),
        _tree(_ODS_TAGS).map(lambda body: opened.package("spreadsheet", body.decode())),
        zipped=True,
    ),
    "zip": Format(".zip", _zip_seeds, _ZIP, _archives(), zipped=True),
}  # fmt: skip
