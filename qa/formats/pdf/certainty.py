"""Says which pages were read from images, how much of that is certain, and which were not read."""

from __future__ import annotations

from collections.abc import Sequence

from ...text.recognised import recognised_field
from ..ocr import MAX_PAGES
from ..read_page import ReadPage

INSTALL = "to read text in images, install qa-articles[ocr]"
_SURE = 0.9  # a page with a smaller share of certain words is named


def image_fields(scans: Sequence[ReadPage | None]) -> dict[str, str]:
    """The metadata of a document with these pages, of which those with text are None: how certain each other one is."""
    return recognised_field({number: scan.certain for number, scan in enumerate(scans, 1) if scan})


def unread(scans: Sequence[ReadPage | None]) -> tuple[str, ...]:
    """What to say if there may be more pages than are read from images."""
    is_over = sum(scan is not None for scan in scans) >= MAX_PAGES
    return (f"only the first {MAX_PAGES} pages were read from images",) if is_over else ()


def certainty(scans: Sequence[ReadPage | None]) -> tuple[str, ...]:
    """What to say about pages that were read from images, in short sentences."""
    read = {number: scan for number, scan in enumerate(scans, 1) if scan}
    if not read:
        return ()
    words = sum(len(scan.words) for scan in read.values())
    share = sum(scan.certain * len(scan.words) for scan in read.values()) / max(1, words)
    which = "" if len(read) == len(scans) else f"{_pages(list(read))}: "
    said = [f"{which}read from an image, {100 * share:.0f} % of its words certain"]
    if len(read) > 1:
        said += [
            f"page {number}: {100 * scan.certain:.0f} % certain"
            for number, scan in read.items()
            if scan.certain < _SURE
        ][:5]
    return tuple(said)


def _pages(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    return f"{len(numbers)} pages"
