"""Hostile PDFs: bombs, cycles, wrong offsets, actions; `make_hostile` says what should become of each."""

from __future__ import annotations

import zlib

from .make_pdf import assembled, lines_at, stream, text_at

WORDS = lines_at(
    60, 750, ["The bees came through the winter in good order.", "The keeper weighed each hive in spring."]
)
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>%s>>"


def pdf(
    contents: bytes = b"",
    kids: bytes = b"3 0 R",
    count: int = 1,
    catalog: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"",
    font: bytes = FONT,
    more: tuple[bytes, ...] = (),
) -> bytes:
    """One page of plain words, with the given parts replaced. The objects in `more` are numbered from 6."""
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
            PAGE % (resources, page),
            contents or stream(WORDS),
            font,
            *more,
        ]
    )


def stream_bomb(times: int) -> bytes:
    """Spaces, compressed so many times over: two gigabytes."""
    press = zlib.compressobj(9)
    block = press.compress(b" " * 1_000_000) + press.flush(zlib.Z_FULL_FLUSH)
    data = block * 2_000 + press.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return pdf(stream(data, b"/Filter[%s]" % (b"/FlateDecode" * times)))


def recursive_pages() -> bytes:
    """Pages that are their own children."""
    return pdf(kids=b"2 0 R 3 0 R 2 0 R", count=1000)


def recursive_forms() -> bytes:
    """A form that shows itself."""
    form = stream(b"BT /F 9 Tf 60 60 Td (round) Tj ET /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources"
                  b"<</XObject<</X 6 0 R>>/Font<</F 5 0 R>>>>")  # fmt: skip
    return pdf(stream(WORDS + b"/X Do"), resources=b"/XObject<</X 6 0 R>>", more=(form,))


def laughing_forms(levels: int = 12, breadth: int = 10) -> bytes:
    """Forms that show ten forms that show ten forms …"""
    forms = [
        stream(
            (b"/X Do " * breadth) if level + 1 < levels else b"BT /F 9 Tf 60 60 Td (ha) Tj ET",
            b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<</XObject<</X %d 0 R>>/Font<</F 5 0 R>>>>"
            % (7 + level),
        )
        for level in range(levels)
    ]
    return pdf(stream(WORDS + b"/X Do"), resources=b"/XObject<</X 6 0 R>>", more=tuple(forms))


def endless_outline() -> bytes:
    """Bookmarks that follow each other in a circle, and contain themselves."""
    mark = b"<</Title(The bees came)/Parent 6 0 R/Dest[3 0 R/Fit]/Next %d 0 R/First 7 0 R/Last 8 0 R/Count 9999999>>"
    root = b"<</First 7 0 R/Last 8 0 R/Count 9999999>>"
    return pdf(catalog=b"/Outlines 6 0 R", more=(root, mark % 8, mark % 7))


def many_pages(count: int) -> bytes:
    """The same empty page, so many times."""
    return pdf(stream(b" "), kids=b"3 0 R " * count, count=count)


def without_table() -> bytes:
    """A file without the table of object positions."""
    data = pdf()
    return data[: data.index(b"xref\n")] + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def with_a_false_table() -> bytes:
    """A table whose offsets are all wrong, and which names itself as an earlier one."""
    data = pdf()
    place = data.index(b"xref\n")
    table = data[place:].replace(b"0000000", b"0000099").replace(b"/Size", b"/Prev %d/Size" % place)
    return data[:place] + table


def with_actions() -> bytes:
    """Scripts and programs that are to run when the file is opened."""
    return pdf(
        catalog=b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/AA<</WC<</S/Launch/F(/bin/sh)>>>>"
        b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(while\\(1\\);)>>]>>>>"
    )


def with_a_file_inside() -> bytes:
    """An attachment that claims a path."""
    return pdf(
        catalog=b"/Names<</EmbeddedFiles<</Names[(../../evil.sh)6 0 R]>>>>",
        more=(b"<</Type/Filespec/F(../../evil.sh)/EF<</F 7 0 R>>>>", stream(b"#!/bin/sh\n", b"/Type/EmbeddedFile")),
    )


def without_letters() -> bytes:
    """Glyphs without a mapping to letters."""
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 1/LastChar 4/Widths[9 9 9 9]"
        b"/CharProcs<</g 6 0 R>>/Encoding<</Differences[1/g/g/g/g]>>>>"
    )
    glyph = stream(b"9 0 0 0 9 9 d1 0 0 9 9 re f")
    return pdf(stream(b"BT /F 11 Tf 60 700 Td (\\001\\003\\004) Tj ET"), font=font, more=(glyph,))


def heaped(words: int) -> bytes:
    """So many words on one page."""
    return pdf(stream(b"".join(text_at(n % 500, n % 800, f"w{n}", 8) for n in range(words))))
