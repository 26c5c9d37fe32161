"""The links and tags that notes of Obsidian, Logseq or Foam have in their text: `[[Note#Part|words]]`, `#project/x`."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A label that is followed by an address is a Markdown link: `[[1]](https://…)`.
WIKI_LINK = re.compile(
    r"(?P<embed>!?)\[\[(?P<note>[^\s\[\]|#^][^\[\]|#^\n]*)?(?P<part>#[^\[\]|\n]+)?(?:\|(?P<words>[^\[\]\n]+))?\]\](?![(\[])"
)
_CODE = re.compile(r"`[^`\n]+`")
_TAG = re.compile(r"(?<![^\s(,;])#(?=[\w/-]*[^\W\d_])(?P<tag>\w[\w/-]{0,59})")
_COLOUR = re.compile(r"(?=.*\d)(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)


def shown_words(link: re.Match[str]) -> str:
    """What a reader sees of a link: its own words, else the note and the heading in it."""
    return str(link["words"] or link["note"] or "") or str(link["part"] or "").lstrip("#^")


def without_links(text: str) -> str:
    """A text with each link as a reader sees it."""
    return WIKI_LINK.sub(shown_words, text) if "[[" in text else text


def inline_tags(texts: Iterable[str]) -> list[str]:
    """The tags in these texts, in order, without their `#`; neither code nor a colour nor a number is one."""
    found = (match["tag"] for text in texts if "#" in text for match in _TAG.finditer(_CODE.sub(" ", text)))
    return list(dict.fromkeys(tag.strip("/-") for tag in found if not _COLOUR.fullmatch(tag)))
