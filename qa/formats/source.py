"""Reads source code as text: comments are paragraphs, the rest is code, under the definitions that they belong to.

The text stays as it is in the file, so a comment of several lines keeps the signs before its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..text.document import Document, Span
from .outline import Outline
from .plain import parse_plain
from .programming import LANGUAGES, Language

_HEADING_CHARACTERS = 200  # of the line that begins a definition
_HELD = 10_000  # comments and decorators that may stand above one
_DECORATOR = re.compile(r"@\w|#!?\[|\[[A-Z]\w*[\](]")
_CLOSING = re.compile(r"[})\]{;]|end\b|begin\b|as\b|\$\$", re.IGNORECASE)
_TAG = re.compile(r"[@:\\]\w")  # @param, :returns:
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class _Row:
    """A comment, or a line of code; a blank line is empty. `plain` is false for a line inside a long string."""

    span: Span
    indent: int
    is_comment: bool = False
    plain: bool = True


def parse_source(path: str, text: str) -> Document:
    """Parse source code; a text in a language that is not known by its extension is plain text. Never raises."""
    language = LANGUAGES.get(PurePosixPath(path).suffix.lower())
    if language is None:
        return parse_plain(path, text)
    source = _Source(text, language)
    for row in _rows(text, language):
        source.add(row)
    source.end()
    return source.outline.document(path, "")


class _Source:
    """Collects rows: those above a definition are held until it is known whether one follows."""

    def __init__(self, text: str, language: Language) -> None:
        self.outline = Outline(text)
        self._text = text
        self._language = language
        self._held: list[_Row] = []
        self._code: Span | None = None  # the lines of code without a blank one between them so far
        self._open: list[int] = []  # the indents of the definitions around this place
        self._after_blank, self._held_after_blank = True, True

    def add(self, row: _Row) -> None:
        if not len(row.span):
            self.end()
            return
        if not self._held:
            self._held_after_blank = self._after_blank
        self._held.append(row)
        self._after_blank = False
        is_above = row.is_comment or (row.plain and _DECORATOR.match(self._text, row.span.start))
        if not is_above or len(self._held) == _HELD:
            self._flush(row)

    def end(self) -> None:
        """Add what is held: a blank line, or the end, follows."""
        if self._held:
            self._flush(self._held[-1])
        self._close()
        self._after_blank = True

    def _flush(self, last: _Row) -> None:
        first, heading = self._held[0], self._heading(last)
        is_back = bool(self._open) and self._held_after_blank and first.indent <= self._open[-1]
        if heading or (is_back and not _CLOSING.match(self._text, first.span.start)):
            self._close()
            while self._open and self._open[-1] >= (last if heading else first).indent:
                self._open.pop()
            self.outline.heading(2 + len(self._open), heading, Span(first.span.start, first.span.start))
            self._open += [last.indent] if heading else []
        comment: Span | None = None
        for row in self._held:
            is_more = row.is_comment and comment and self._text[comment.start] == self._text[row.span.start]
            if comment and not is_more:
                self._paragraphs(comment)
                comment = None
            if row.is_comment:
                self._close()
                comment = Span(comment.start if comment else row.span.start, row.span.end)
                continue
            self._code = Span(self._code.start if self._code else row.span.start, row.span.end)
        if comment:
            self._paragraphs(comment)
        self._held.clear()

    def _heading(self, row: _Row) -> str:
        """The definition that a line begins, without its bracket; empty if it begins none."""
        end = min(row.span.end, row.span.start + _HEADING_CHARACTERS)
        if row.is_comment or not row.plain or not self._language.definition.match(self._text, row.span.start, end):
            return ""
        return self._text[row.span.start : end].rstrip(" \t{:(=,;")

    def _close(self) -> None:
        if self._code is not None:
            self.outline.block("code", self._code)
            self._code = None

    def _paragraphs(self, comment: Span) -> None:
        """Add the paragraphs of comments that follow each other, without the signs around them."""
        begun: int | None = None
        start = ended = comment.start
        while start < comment.end:
            end = self._text.find("\n", start, comment.end)
            end = comment.end if end < 0 else end
            words = self._words(Span(start, end))
            has_words = _WORD.search(self._text, words.start, words.end) is not None
            if begun is not None and (not has_words or _TAG.match(self._text, words.start)):
                self.outline.block("paragraph", Span(begun, ended))
                begun = None
            if has_words:
                begun, ended = (words.start if begun is None else begun), words.end
            start = end + 1
        if begun is not None:
            self.outline.block("paragraph", Span(begun, ended))

    def _words(self, line: Span) -> Span:
        """The words of a line of a comment."""
        sign = self._language.sign.match(self._text, line.start, line.end)
        words = Span(sign.end() if sign else line.start, line.end).trimmed(self._text)
        for closing in self._language.closing:
            if self._text.endswith(closing, words.start, words.end):
                return Span(words.start, words.end - len(closing)).trimmed(self._text)
        return words


def _rows(text: str, language: Language) -> Iterator[_Row]:
    """The comments that have their lines to themselves, and all other lines."""
    position = line = last = 0  # where the next row begins, the line of the token, and the end of the last token
    for token in language.tokens.finditer(text):
        if not token[0]:
            continue
        line = text.rfind("\n", last, token.start()) + 1 or line
        is_first, last = last <= line, token.end()
        if token.lastgroup == "comment" and is_first and not text[line : token.start()].strip():
            end = _end_of_line(text, last)
            if not text[last:end].strip():
                yield from _lines(text, position, line)
                yield _Row(Span(token.start(), last), token.start() - line, is_comment=True)
                position = end + 1
        inner = text.rfind("\n", token.start(), last) + 1
        if inner:
            line = inner
            if position <= token.start():  # a string, or a comment beside code: its lines begin nothing
                begun = text.find("\n", token.start()) + 1
                yield from _lines(text, position, begun)
                position = _end_of_line(text, last) + 1
                yield from _lines(text, begun, position, plain=False)
    yield from _lines(text, position, len(text))


def _lines(text: str, start: int, stop: int, plain: bool = True) -> Iterator[_Row]:
    while start < min(stop, len(text)):
        end = _end_of_line(text, start)
        span = Span(start, end).trimmed(text)
        yield _Row(span, span.start - start, plain=plain)
        start = end + 1


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
