"""Tells the words of a text that a reader sees from those that only the targets of links and images or tags contain.

A text is quoted as it is written, but what nobody sees in it neither answers a question nor mentions its words: the
"md" of `[options](options.md)` is no `/MD`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from .document import Span
from .wiki_links import WIKI_LINK

_CACHED = 256  # texts of passages
_MAY_HIDE = re.compile(r"\](?:\(|\[|:)|\[\[|<[a-zA-Z/]")
# An inline link or image of Markdown without another in its words. Its brackets follow no letter, since `table[i](key)`
# is code. The target may have a title, brackets in pairs, or, of a page generator, a tag: `({% page "/leave" %})`.
_LINK = re.compile(
    r"`[^`\n]*`|(?<![\w\])])(?P<image>!?)\[(?P<words>(?:\\.|[^\[\]\\]|\[[^\[\]]{0,80}\]){0,600})\]"
    r"(?:\(\s{0,9}(?P<target><[^<>\n]{0,2000}>|\{[%{][^\n]{0,200}?[%}]\}[^\s()]*|(?:[^\s()<]|\([^\s()]*\))*)"
    r"(?:\s{1,9}(?:\"[^\"]{0,400}\"|'[^']{0,400}'))?\s{0,9}\)"
    r"|\[(?=[^\[\]\n]*[^\W\d_])[^\[\]\n]{1,80}\])",
)
# `[name]: https://example.org "title"`, on a line of its own.
_DEFINITION = re.compile(
    r"^ {0,3}\[(?!\^)[^\[\]\n]{1,80}\]:[ \t]*(?:<[^<>\n]*>|(?:\w+:|\.{0,2}/|#)\S+|\S+\.\w{2,5}(?:#\S*)?)"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.M,
)
# A tag of HTML with attributes. Those of code, as in `<int N = 3>`, have no quotation marks.
_TAG = re.compile(r"</?[a-zA-Z][\w-]*(?:\s+[\w:@.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))+\s*/?>")
_ALTERNATIVE = re.compile(r"\balt\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")


@lru_cache(_CACHED)
def visible(text: str) -> str:
    """The text with blanks in the place of what no reader sees: as long as the text, so that offsets stay the same."""
    if not _MAY_HIDE.search(text):
        return text
    # Each pattern takes its time, and hardly any text has what all of them look for.
    if "](" in text or "][" in text:
        written, text = text, _without(text, _links(_LINK, text))
        if text is not written:
            text = _without(text, _links(_LINK, text))  # an image may be the words of a link
    if "[[" in text:
        text = _without(text, _links(WIKI_LINK, text))
    if "]:" in text:
        text = _without(text, (Span(*match.span()) for match in _DEFINITION.finditer(text)))
    return _without(text, _tags(text)) if "<" in text and "=" in text else text


def hidden(text: str) -> str:
    """The rest of a text: what `visible` leaves out, between blanks."""
    seen = visible(text)
    if seen == text:
        return ""
    shown, written = (np.frombuffer(each.encode("utf-32-le", "surrogatepass"), dtype="<u4") for each in (seen, text))
    return np.where(shown == written, ord(" "), written).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _without(text: str, spans: Iterator[Span]) -> str:
    """The text with blanks in these places, and in the same lines."""
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], re.sub(r"[^\n]", " ", span.of(text))]
        end = span.end
    return "".join([*parts, text[end:]]) if end else text


def _links(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """What stands around the words of each link that has words."""
    for match in pattern.finditer(text):
        start, end = match.span("words")
        parts = match.groupdict()
        is_link = (
            parts.get("image") or "/" in (parts.get("target") or "") or any(map(str.isalnum, parts["words"] or ""))
        )
        if start >= 0 and is_link:
            yield Span(match.start(), start)
            yield Span(end, match.end())


def _tags(text: str) -> Iterator[Span]:
    """Each tag with attributes, but not the text that it gives instead of an image."""
    for match in _TAG.finditer(text):
        instead = _ALTERNATIVE.search(match[0])
        name = instead.lastgroup if instead is not None else None
        if instead is None or name is None:
            yield Span(*match.span())
        else:
            yield Span(match.start(), match.start() + instead.start(name))
            yield Span(match.start() + instead.end(name), match.end())
