"""Finds the addresses of the web that are written out in a text."""

from __future__ import annotations

import re

from ...text.web_address import web_address

_BARE = re.compile(r"https?://[^\s<>\"'`|]*[^\s<>\"'`|.,;:!?)\]}*_]")


def addresses(text: str) -> list[tuple[int, int, str]]:
    """The addresses of the web that are written out in a text: start, end and link of each."""
    found = ((match.start(), match.end(), web_address(match[0])) for match in _BARE.finditer(text))
    return [(start, end, url) for start, end, url in found if url]
