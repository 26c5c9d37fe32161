"""Articles as resources of MCP: `article:///notes/cat.md#10-25` is the text of an article from 10 to 25."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

TEMPLATE = "article:///{+path}"
# Some write it as `article://notes/cat.md`, with the first folder where other addresses have a host.
_URI = re.compile(r"article:(?://)?/?(?P<path>[^/#?][^#?]*)(?:#(?P<start>\d{1,9})-(?P<end>\d{1,9}))?", re.IGNORECASE)


def uri_of(document: str, span: tuple[int, int] | None = None) -> str:
    """The address of an article, or of a part of it."""
    part = f"#{span[0]}-{span[1]}" if span else ""
    return f"article:///{quote(document, errors='replace')}{part}"


def parsed(uri: str) -> tuple[str, int | None, int | None] | None:
    """The path of an article in an address, and the part of it that is meant; None if it is no such address."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    start, end = found["start"], found["end"]
    return unquote(found["path"]), None if start is None else int(start), None if end is None else int(end)
