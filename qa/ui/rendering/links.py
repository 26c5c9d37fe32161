"""Which links may reach a screen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_BARE = re.compile(r"https?://[^\s<>\"'`|]*[^\s<>\"'`|.,;:!?)\]}*_]")


def safe_url(url: str | None) -> str | None:
    """Return a link that leads to a web page, None for any other: `javascript:` and its like never reach a screen."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else None


def addresses(text: str) -> list[tuple[int, int, str]]:
    """The addresses of the web that are written out in a text: start, end and link of each."""
    found = ((match.start(), match.end(), safe_url(match[0])) for match in _BARE.finditer(text))
    return [(start, end, url) for start, end, url in found if url]
