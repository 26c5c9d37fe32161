"""Says which pages were read from images, and how much of that is certain."""

from __future__ import annotations

from collections.abc import Sequence

from ..ocr import MAX_PAGES, ReadPage

INSTALL = "to read text in images, install qa-articles[ocr]"
_SURE = 0.9  # a page with a smaller share of certain words is named


def image_fields(scans: Sequence[ReadPage | None]) -> dict[str, str]:
    """The metadata of a document with these pages, of which those with text are None: `source` names the others."""
    numbers = [str(number) for number, scan in enumerate(scans, 1) if scan]
    return (
        {"source": "image" if len(numbers) == len(scans) else f"image (pages {', '.join(numbers)})"} if numbers else {}
    )


def certainty(scans: Sequence[ReadPage | None]) -> tuple[str, ...]:
    """What to say about pages that were read from images, in short sentences."""
    read = {number: scan for number, scan in enumerate(scans, 1) if scan}
    if not read:
        return ()
    words = sum(len(scan.words) for scan in read.values())
    share = sum(scan.certain * len(scan.words) for scan in read.values()) / max(1, words)
    which = "" if len(read) == len(scans) else f"{_pages(list(read))}: "
    problems = [f"{which}read from an image, {100 * share:.0f} % of its words certain"]
    if len(read) > 1:
        problems += [
            f"page {number}: {100 * scan.certain:.0f} % certain"
            for number, scan in read.items()
            if scan.certain < _SURE
        ][:5]
    if len(read) >= MAX_PAGES:
        problems.append(f"only the first {MAX_PAGES} pages were read from images")
    return tuple(problems)


def _pages(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    return f"{len(numbers)} pages"
