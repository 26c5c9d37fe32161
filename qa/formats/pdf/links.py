"""Writes the addresses of a page's links behind their words, as in other formats."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ..addresses import MAX_ADDRESS, shown_address
from .layout import Word

Box = tuple[float, float, float, float]  # left, bottom, right, top

_MAX_LINKS, _MAX_LINES = 1_000, 20  # of a page; of a link
_MOST_WORDS = 40  # of a link: more are an area of the page
_MAX_BYTES = 4 * MAX_ADDRESS
_LARGE = 1.15  # times the usual size of a page: a heading, which is quoted without addresses
_END = re.compile(r"[.,;:!?)\]»”’\"']*\Z")  # what follows the linked words without a space


@dataclass(frozen=True, slots=True)
class Link:
    """A link to an address, with the boxes of its lines on the page, in points."""

    address: str
    boxes: tuple[Box, ...]


def links_of(opened: pdfium.PdfDocument, page: pdfium.PdfPage) -> list[Link]:
    """The links of a page to addresses; neighbouring ones to the same address, such as the lines of one, are joined."""
    found = list(_links(opened, page))
    return [
        Link(address, tuple(box for link in together for box in link.boxes))
        for address, together in groupby(found, key=lambda link: link.address)
    ]


def with_addresses(words: Sequence[Word], links: Sequence[Link]) -> list[Word]:
    """The words of a page with the address of each link behind its last word, where its words do not say it."""
    result = list(words)
    usual = Counter(round(word.size) for word in words).most_common(1)
    for link in links:
        inside = [number for number, word in enumerate(words) if any(_is_in(word, box) for box in link.boxes)]
        if not inside or len(inside) > _MOST_WORDS or result[inside[-1]] is not words[inside[-1]]:
            continue
        last = result[inside[-1]]
        address = shown_address(link.address, " ".join(words[number].text for number in inside))
        if address and last.size <= _LARGE * max(1, usual[0][0]):
            end = _END.search(last.text)
            at = end.start() if end and end.start() else len(last.text)
            result[inside[-1]] = replace(last, text=f"{last.text[:at]} ({address}){last.text[at:]}")
    return result


def _is_in(word: Word, box: Box) -> bool:
    """Whether the middle of a word is in a box."""
    left, bottom, right, top = box
    return left <= (word.x0 + word.x1) / 2 <= right and bottom <= word.y + 0.4 * word.size <= top


def _links(opened: pdfium.PdfDocument, page: pdfium.PdfPage) -> Iterator[Link]:
    position, link = ctypes.c_int(0), raw.FPDF_LINK()
    for _ in range(_MAX_LINKS):
        if not raw.FPDFLink_Enumerate(page.raw, position, link):
            return
        action = raw.FPDFLink_GetAction(link)
        if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
            continue
        size = raw.FPDFAction_GetURIPath(opened.raw, action, None, 0)
        if not 1 < size <= _MAX_BYTES:
            continue
        buffer = ctypes.create_string_buffer(size)
        raw.FPDFAction_GetURIPath(opened.raw, action, buffer, size)
        address = "".join(buffer.value.decode("utf-8", "ignore").split())
        if address.isprintable():
            yield Link(address, tuple(_boxes(link)))


def _boxes(link: raw.FPDF_LINK) -> Iterator[Box]:
    """The boxes of a link's lines, or of the whole if they are not given."""
    corners, whole = raw.FS_QUADPOINTSF(), raw.FS_RECTF()
    lines = min(max(0, raw.FPDFLink_CountQuadPoints(link)), _MAX_LINES)
    for number in range(lines):
        if raw.FPDFLink_GetQuadPoints(link, number, corners):
            xs = corners.x1, corners.x2, corners.x3, corners.x4
            ys = corners.y1, corners.y2, corners.y3, corners.y4
            yield min(xs), min(ys), max(xs), max(ys)
    if not lines and raw.FPDFLink_GetAnnotRect(link, whole):
        yield (
            min(whole.left, whole.right), min(whole.bottom, whole.top),
            max(whole.left, whole.right), max(whole.bottom, whole.top),
        )  # fmt: skip
