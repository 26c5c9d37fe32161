"""Recognises the markup in which a field of a record is written, and takes the text out of HTML."""

from __future__ import annotations

import re

from .decoding import Empty

# A heading with its mark, a fence, the rule under a table's header: these do not occur by chance.
_MARKDOWN = re.compile(r"^(?:#{1,6}[ \t]+\S|```|~~~|\|?[ \t]*:?-{3,}:?[ \t]*\|)", re.MULTILINE)
_HTML_START = re.compile(
    r"\s*<(?:!doctype|!--|html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre|figure|header"
    r"|img|br|hr|a|b|i|em|strong|span)\b",
    re.IGNORECASE,
)
_HTML_WITHIN = re.compile(
    r"</(?:html|body|main|article|section|div|p|h[1-6]|[uod]l|table|blockquote|pre)\s*>|<br\s*/?>", re.IGNORECASE
)


def is_html(text: str) -> bool:
    """Whether a text is a piece of HTML, and not only about it."""
    return bool(_HTML_START.match(text) and _HTML_WITHIN.search(text))


def is_markdown(text: str) -> bool:
    """Whether a text has marks that only Markdown has."""
    return bool(_MARKDOWN.search(text))


def text_of_html(text: str) -> str:
    """The text of a piece of HTML, with a blank line between its paragraphs; empty if it has none."""
    from .web.page import parse_fragment

    try:
        return parse_fragment("", text, "").text.strip()
    except Empty:
        return ""
