"""Reads the HTML inside Markdown: the few elements that matter for reading, without their attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from ...text.document import Span
from .events import Close, Empty, Event, Open, Picture, Text, heading_tag, replaced

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>")
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|svg|iframe|object)\b.*?(?:</\1\s*>|\Z)|<[!?][^<>]*>", re.IGNORECASE | re.DOTALL
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_INLINE = {name: name for name in ("strong", "em", "code", "kbd", "sub", "sup", "s", "u", "q")}
_INLINE |= {"b": "strong", "i": "em", "del": "s", "tt": "code", "samp": "code"}
_BLOCKS = {"p", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "td", "th", "pre", "blockquote"}
_HEADINGS = {f"h{level}": heading_tag(level) for level in range(1, 7)} | {"summary": heading_tag(3)}
_OTHER = {
    "a", "abbr", "acronym", "address", "article", "aside", "big", "body", "br", "button", "caption", "center", "cite",
    "col", "colgroup", "details", "div", "figcaption", "figure", "font", "footer", "form", "header", "hr", "html",
    "img", "input", "ins", "label", "main", "mark", "nav", "picture", "section", "small", "source", "span", "tfoot",
    "time", "var", "video", "wbr", "head", "title", "meta", "link",
}  # fmt: skip


def tag_event(html: str) -> tuple[Event, ...] | None:
    """The events of a tag within a line, none for one that does not show; None for what is no HTML (`List<T>`)."""
    tag = _TAG.fullmatch(html)
    if tag is None:
        return () if _HIDDEN.fullmatch(html) else None
    name = tag[2].lower()
    if name == "br":
        return (Empty("br"),)
    if name == "img":
        return (Picture(_attribute(html, "src"), _attribute(html, "alt")),)
    if name in _INLINE:
        return (Close(_INLINE[name]) if tag[1] else Open(_INLINE[name]),)
    return () if name in _OTHER or name in _BLOCKS or name in _HEADINGS else None


def embedded(text: str, span: Span) -> Iterator[Event]:
    """The events of a block of HTML."""
    at = span.start
    while at < span.end:
        start = text.find("<", at, span.end)
        start = span.end if start < 0 else start
        yield from replaced(text, Span(at, start), _ENTITY, unescape)
        if start == span.end:
            return
        hidden = _HIDDEN.match(text, start, span.end)
        tag = None if hidden else _TAG.match(text, start, span.end)
        event = _event(tag) if tag else () if hidden else None
        at = hidden.end() if hidden else tag.end() if tag and event is not None else start + 1
        if event is None:
            yield Text(Span(start, at))
        else:
            yield from event


def _attribute(html: str, name: str) -> str:
    """The value of an attribute of a tag; empty without one."""
    found = re.search(rf"""\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", html, re.IGNORECASE)
    return unescape(next(filter(None, found.groups()), "")) if found else ""


def _event(tag: re.Match[str]) -> tuple[Event, ...] | None:
    name, closes = tag[2].lower(), bool(tag[1])
    if name == "hr":
        return (Empty("hr"),)
    if name in _BLOCKS:
        return (Close(name) if closes else Open(name),)
    if name in _HEADINGS:
        return (Close(_HEADINGS[name]) if closes else Open(_HEADINGS[name]),)
    if name in ("div", "section", "article", "figure", "details", "caption", "figcaption", "center"):
        return (Close("div") if closes else Open("div"),)
    return tag_event(tag[0])
