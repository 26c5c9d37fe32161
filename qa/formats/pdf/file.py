"""Opens a PDF with pdfium: its pages with their words, its bookmarks and its properties."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Lock

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ..decoding import Unreadable
from ..ocr import may_read
from .scans import scan_page
from .words import Page, clean_line, key, read_page

_MAX_PAGES = 5_000
_MAX_CHARACTERS = 20_000_000
_PASSWORD = 4  # pdfium's error code
_pdfium_lock = Lock()  # pdfium has global state: one thread at a time


@dataclass(frozen=True, slots=True)
class PdfFile:
    """The pages of a file, its bookmarks as (page, level, text), and its properties."""

    pages: list[Page]
    bookmarks: list[tuple[int, int, str]]
    properties: dict[str, str]


def read(data: bytes) -> PdfFile:
    """Read a file. Raises Unreadable if it is locked, damaged or too long."""
    with opening(data) as opened:
        pages: list[Page] = []
        characters = 0
        for number in range(len(opened)):
            pages.append(read_words(opened, number, _MAX_CHARACTERS - characters))
            characters += pages[-1].characters
            if characters > _MAX_CHARACTERS:
                raise Unreadable(f"is too long: more than {_MAX_CHARACTERS:,} characters")
        return PdfFile(pages, _bookmarks(opened), _properties(opened))


def read_words(opened: pdfium.PdfDocument, number: int, most: int) -> Page:
    """Read a page as `read_page` does, or from its picture if its text is missing or cannot be decoded."""
    page = read_page(opened, number, most)
    if page.fault not in ("scanned", "undecoded") or not may_read():
        return page
    try:
        with closing(opened[number]) as drawn:
            scan = scan_page(drawn)
    except pdfium.PdfiumError:
        return page
    words = scan.words()
    return replace(page, words=words, angle=0, fault="", scan=scan) if words else page


@contextmanager
def opening(data: bytes) -> Iterator[pdfium.PdfDocument]:
    """Open a file with pdfium, for one thread at a time. Raises Unreadable as `read` does."""
    with _pdfium_lock:
        try:
            opened = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            # pdfium's error code may be that of the previous file, but a locked file contains "/Encrypt".
            if getattr(error, "err_code", None) == _PASSWORD and b"/Encrypt" in data:
                raise Unreadable("locked: it needs a password") from error
            raise Unreadable("is damaged: it cannot be opened as PDF") from error
        with closing(opened):
            with suppress(pdfium.PdfiumError):
                opened.init_forms()  # before the first page is opened
            if len(opened) > _MAX_PAGES:
                raise Unreadable(f"is too long: it has {len(opened):,} pages, over the limit of {_MAX_PAGES:,}")
            yield opened


def shows_pictures(data: bytes) -> bool:
    """Whether a page of a file that `read` could read contains a picture."""
    with _pdfium_lock, closing(pdfium.PdfDocument(data)) as opened:
        for number in range(len(opened)):
            with suppress(pdfium.PdfiumError), closing(opened[number]) as page:
                if any(page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=2)):
                    return True
    return False


def _bookmarks(opened: pdfium.PdfDocument) -> list[tuple[int, int, str]]:
    bookmarks: list[tuple[int, int, str]] = []
    try:
        for mark in opened.get_toc(max_depth=6):
            target = mark.get_dest()
            number = target.get_index() if target else None
            if number is not None and len(bookmarks) < _MAX_PAGES:
                bookmarks.append((number, mark.level + 1, key(mark.get_title())))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        pass  # the readable part of a damaged outline is still useful
    return bookmarks


def _properties(opened: pdfium.PdfDocument) -> dict[str, str]:
    properties = {}
    for name in ("Title", "Author", "Keywords", "CreationDate", "ModDate"):
        try:
            value = opened.get_metadata_value(name)
        except (pdfium.PdfiumError, UnicodeDecodeError):
            continue
        properties[name] = clean_line(value)[:500]
    return properties
