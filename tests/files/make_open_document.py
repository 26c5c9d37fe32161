"""Writes small OpenDocument files: a body, given as XML, in a package or in one flat file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_NAMES = {
    **{name: name for name in ("office", "text", "table", "style", "presentation", "chart", "meta")},
    "draw": "drawing", "svg": "svg-compatible", "number": "datastyle",
}  # fmt: skip
_URIS = {prefix: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for prefix, name in _NAMES.items()} | {
    "dc": "http://purl.org/dc/elements/1.1/", "xlink": "http://www.w3.org/1999/xlink",
}  # fmt: skip
NAMES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _URIS.items())
_KIND = "application/vnd.oasis.opendocument"


def package(kind: str, body: str, more: Mapping[str, str] | None = None, styles: str = "", pages: str = "") -> bytes:
    """A package of a kind (`text`, `presentation`, `spreadsheet-template`) with automatic styles and master pages.

    `more` are further parts by their names.
    """
    name = kind.partition("-")[0].replace("graphics", "drawing")
    parts = {
        "mimetype": f"{_KIND}.{kind}",
        "content.xml": f"<office:document-content {NAMES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{name}>{body}</office:{name}></office:body></office:document-content>",
        "styles.xml": f"<office:document-styles {NAMES}><office:styles/><office:master-styles>{pages}"
        "</office:master-styles></office:document-styles>",
        "META-INF/manifest.xml": "<manifest/>",
        **(more or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
    return out.getvalue()


def flat(kind: str, body: str, styles: str = "", pages: str = "", meta: str = "") -> bytes:
    """The same in one XML file."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {NAMES} office:version="1.3"'
        f' office:mimetype="{_KIND}.{kind}"><office:meta>{meta}</office:meta><office:styles/><office:automatic-styles>'
        f"{styles}</office:automatic-styles><office:master-styles>{pages}</office:master-styles><office:body>"
        f"<office:{kind}>{body}</office:{kind}></office:body></office:document>"
    ).encode()


def annotation(text: str, author: str = "", date: str = "", name: str = "") -> str:
    """A comment; `name` relates it to the end of the words that it is about."""
    key = f' office:name="{name}"' if name else ""
    return (
        f"<office:annotation{key}><dc:creator>{author}</dc:creator><dc:date>{date}</dc:date>"
        f"<text:p>{text}</text:p></office:annotation>"
    )


def slide(title: str, *shapes: str, notes: str = "", style: str = "") -> str:
    """A slide with a title; `shapes` are further elements."""
    spoken = f"<presentation:notes>{frame(f'<text:p>{notes}</text:p>', 'notes')}</presentation:notes>" if notes else ""
    heading = frame(f"<text:p>{title}</text:p>", "title")
    return f'<draw:page draw:name="page1" draw:style-name="{style}">{heading}{"".join(shapes)}{spoken}</draw:page>'


def frame(blocks: str, kind: str = "outline") -> str:
    """A frame with a box for text that is the title, the notes … of a slide."""
    return f'<draw:frame presentation:class="{kind}"><draw:text-box>{blocks}</draw:text-box></draw:frame>'


def items(*texts: str) -> str:
    """A list."""
    lines = "".join(f"<text:list-item><text:p>{text}</text:p></text:list-item>" for text in texts)
    return f"<text:list>{lines}</text:list>"


def table(*rows: str, attributes: str = "") -> str:
    """A table; the cells of a row are separated by bars."""
    lines = (
        "".join(
            f"<table:table-cell office:value-type='string'><text:p>{cell}</text:p></table:table-cell>"
            for cell in row.split("|")
        )
        for row in rows
    )
    written = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    return f"<table:table {attributes}>{written}</table:table>"
