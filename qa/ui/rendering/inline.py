"""Reads the markup within a paragraph of Markdown: what is strong, code or a link, and what stands for a character.

markdown-it says what a text means, but not where: here its tokens are followed through the text that they came from. If
that ever fails, the paragraph is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from ...text.web_address import web_address
from ...text.wiki_links import WIKI_LINK
from .embedded import tag_event
from .events import Close, Empty, Event, Note, Open, Picture, Text
from .located import Located

_MARKDOWN = MarkdownIt("commonmark").enable("strikethrough").disable("text_join")
_MARKDOWN.inline.ruler.before("link", "wiki_link", lambda state, silent: _wiki_link(state, silent))
_TAGS = ("em", "strong", "s")
_TICKS = re.compile("`+")
_BREAK = re.compile(r"[ \t]*\\?\n[ \t]*")
_BLANKS = re.compile(r"[ \t\n]*")
_PICTURE = re.compile(r":::image\b[^\n]*?\balt-text=\"([^\"\n]*)\"[^\n]*:::")  # of a documentation's own Markdown
_DESCRIBED = re.compile(r"(:::image\b[^\n]*:::)[ \t]*\n(.*?)\s*:::image-end:::", re.DOTALL)  # with a longer description
_SOURCE = re.compile(r"\bsource=\"([^\"\n]*)\"")
_IMAGE = (("class", "qa-image"),)
_MAX = 20_000  # characters: a longer paragraph is shown as it was written


class _Lost(Exception):
    """The tokens do not fit the text."""


def inline(source: Located, references: Mapping[str, Any]) -> list[Event]:
    """The events of a paragraph; `references` are the addresses that links of the article name."""
    is_short = len(source.text) <= _MAX
    described = _DESCRIBED.fullmatch(source.text.strip()) if is_short else None
    picture = _PICTURE.fullmatch(described[1] if described else source.text.strip()) if is_short else None
    if picture:
        at = source.text.index(picture[0])
        address = _SOURCE.search(picture[0])
        shown: list[Event] = [
            Open("span", _IMAGE, covers=source.span(at, at + len(picture[0]))),
            *([Picture(address[1])] if address else []),
            *source.texts(at + picture.start(1), at + picture.end(1)),
            Close("span"),
        ]
        if described is None:
            return shown
        at = source.text.index(described[0])
        words = source.texts(at + described.start(2), at + described.end(2))
        return [*shown, Open("span", (), covers=source.span(at, at + len(described[0]))), *words, Close("span")]
    if is_short:
        try:
            return list(_Walk(source, references).events())
        except _Lost:
            pass
    return list(source.texts(0, len(source.text)))


class _Walk:
    """Follows the tokens of a paragraph through its text."""

    def __init__(self, source: Located, references: Mapping[str, Any]) -> None:
        self._source, self._text, self._at = source, source.text, 0
        self._references = dict(references)

    def events(self) -> Iterator[Event]:
        self._at = _end(_BLANKS, self._text, 0)
        for token in _MARKDOWN.parseInline(self._text, self._references)[0].children or ():
            yield from self._event(token)
        if self._text[self._at :].strip():
            raise _Lost

    def _event(self, token: Token) -> Iterator[Event]:
        if token.type == "text":
            start = self._take(token.content)
            yield from self._source.texts(start, self._at)
        elif token.type == "text_special":
            start = self._take(token.markup)
            if token.content == token.markup:  # a backslash that escapes nothing
                yield from self._source.texts(start, self._at)
            else:
                yield Text(self._source.span(start, self._at), token.content)
        elif token.type in ("softbreak", "hardbreak"):
            start, self._at = self._at, _end(_BREAK, self._text, self._at)
            if self._at == start:
                raise _Lost
            if token.type == "hardbreak":
                yield Empty("br")
            else:
                at = self._text.index("\n", start)
                yield Text(self._source.span(at, at + 1), " ")
        elif token.type == "code_inline":
            yield from self._code(token)
        elif token.type == "link_open":
            yield self._link(token)
        elif token.type == "link_close":
            self._after_label(token)
            yield Close("a")
        elif token.type == "image":
            yield from self._image(token)
        elif token.type == "wiki_link":
            yield from self._note(token)
        elif token.type == "html_inline":
            start = self._take(token.content)
            event = tag_event(token.content)
            if event is None:
                yield from self._source.texts(start, self._at)
            else:
                yield from event
        elif token.tag in _TAGS:
            self._take(token.markup)
            yield Open(token.tag) if token.nesting > 0 else Close(token.tag)
        else:
            raise _Lost

    def _take(self, literal: str) -> int:
        """Go on behind a piece of the text; where it begins."""
        start = self._at
        if not self._text.startswith(literal, start):
            raise _Lost
        self._at += len(literal)
        return start

    def _code(self, token: Token) -> Iterator[Event]:
        start = self._take(token.markup)
        end = start + len(token.markup)
        while (end := self._text.find(token.markup, end)) >= 0:
            after = end + len(token.markup)
            if self._text[after : after + 1] != "`" and self._text[end - 1] != "`":
                break
            end = _end(_TICKS, self._text, end)
        if end < 0:
            raise _Lost
        inner = self._text[self._at : end].replace("\n", " ")
        cut = (len(inner) - len(token.content)) // 2
        if inner[cut : len(inner) - cut] != token.content:
            raise _Lost
        yield Open("code")
        yield from self._source.texts(self._at + cut, end - cut)
        yield Close("code")
        self._at = end + len(token.markup)

    def _link(self, token: Token) -> Open:
        start = self._take("<" if token.markup == "autolink" else "[")
        url = web_address(str(token.attrGet("href") or ""))
        if token.markup == "autolink":
            return Open("a", _address(url))
        label = self._label_end(start)
        end = self._resource_end(label + 1)
        return Open("a", _address(url), covers=self._source.span(label + 1, end))

    def _after_label(self, token: Token) -> None:
        if token.markup == "autolink":
            self._take(">")
        else:
            self._at = self._resource_end(self._take("]") + 1)

    def _image(self, token: Token) -> Iterator[Event]:
        start = self._take("![")
        label = self._label_end(start + 1)
        end = self._resource_end(label + 1)
        yield Open("span", _IMAGE, covers=self._source.span(label, end))
        yield Picture(str(token.attrGet("src") or ""))
        yield from self._source.texts(start + 2, label)
        yield Close("span")
        self._at = end

    def _note(self, token: Token) -> Iterator[Event]:
        """A link to a note, or what a note has inside: a picture, or another note."""
        start = self._take(token.content)
        link = WIKI_LINK.fullmatch(token.content)
        if link is None:
            raise _Lost
        words = next(name for name in ("words", "note", "part") if link[name])
        begin, end = (start + place for place in link.span(words))
        name = link["note"] or ""
        if link["embed"] and "." in name:
            yield Open("span", _IMAGE, covers=self._source.span(start, begin))
            yield Picture(name)
            yield from self._source.texts(begin, end)
            yield Close("span")
        else:
            yield Note(name, self._source.span(start, begin))
            yield from self._source.texts(begin, end)
            yield Close("a")

    def _label_end(self, start: int) -> int:
        """Where the bracket is closed that is open at `start`."""
        state = StateInline(self._text, _MARKDOWN, self._references, [])
        end = int(_MARKDOWN.helpers.parseLinkLabel(state, start))
        if end < 0:
            raise _Lost
        return end

    def _resource_end(self, at: int) -> int:
        """The end of the address of a link, in brackets or by name, behind its label."""
        text = self._text
        if text.startswith("(", at):
            return self._address_end(_end(_BLANKS, text, at + 1))
        if text.startswith("[", at):
            end = text.find("]", at)
            if end >= 0:
                return end + 1
        return at

    def _address_end(self, at: int) -> int:
        text, helpers = self._text, _MARKDOWN.helpers
        address = helpers.parseLinkDestination(text, at, len(text))
        if address.ok:
            at = _end(_BLANKS, text, address.pos)
            title = helpers.parseLinkTitle(text, at, len(text))
            if title.ok:
                at = _end(_BLANKS, text, title.pos)
        if not text.startswith(")", at):
            raise _Lost
        return at + 1


def _wiki_link(state: StateInline, silent: bool) -> bool:
    """The rule of markdown-it for `[[Note|words]]`; no name of a reference is one."""
    link = WIKI_LINK.match(state.src, state.pos)
    if link is None or not (link["note"] or link["part"]):
        return False
    if (link["note"] or "").upper() in state.env.get("references", {}):
        return False
    if not silent:
        state.push("wiki_link", "", 0).content = link[0]
    state.pos = link.end()
    return True


def _address(url: str | None) -> tuple[tuple[str, str], ...]:
    return (("href", url),) if url else ()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
