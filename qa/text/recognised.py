"""Which pages of a document were read from images, and how much of that is certain: a field of its metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = "read from images"
_PAGE = re.compile(r"(\d{1,6}):(\d{1,3})")


def recognised_field(certain: Mapping[int, float]) -> dict[str, str]:
    """The metadata for these pages (from 1), each with the share of its words that are certain; empty for none."""
    pages = " ".join(f"{page}:{100 * share:.0f}" for page, share in certain.items())
    return {_FIELD: pages} if pages else {}


def recognised_share(metadata: Mapping[str, str], page: int | None) -> float | None:
    """The share of the words of a page that are certain, if it was read from an image; otherwise None."""
    pages = {int(match[1]): min(100, int(match[2])) for match in _PAGE.finditer(metadata.get(_FIELD, ""))}
    return pages[page] / 100 if page in pages else None
