"""Tells the prose of a message from code and markup, of which a person repeats no part in the next question."""

from __future__ import annotations

import re

from ..text.document import Span
from ..text.visible import visible

# Blocks of code, also one that a quotation cuts off, what is between backticks, tags, entities and addresses.
_BLOCK = re.compile(r"^[ \t>]*(?P<fence>```+|~~~+).*?(?:^[ \t>]*(?P=fence)|\Z)", re.M | re.S)
_MARKUP = re.compile(
    r"(?P<ticks>`+)[^\n]*?(?P=ticks)|&#?\w{1,10};|\[![A-Z]+\]"
    r"|</[a-zA-Z]\w*\s*>|(?:(?<!\w)<[a-zA-Z]|<(?:br|hr|sup|sub|em|strong|code|kbd|[abip]|span|img)\b)[^<>\n]{0,200}>"
)
# A line that ends as one of a program does, or begins as a comment of one.
_LINE = re.compile(r"^.*[;{}][ \t]*$|^[ \t]*(?://|/\*|#(?:include|define|if|endif)\b).*$", re.M)
_TOKEN = re.compile(r"\S+")
# What stands around a word in a sentence.
_OPENS, _CLOSES = "([{<\"'“‘„«*~`¿¡", ")]}>\"'”’“»*~`?!.,;:…"
_BEGINS = re.compile(r"(?:^|[.!?:…\n]|[.!?][\"'”’)])[\s\W]*\Z")  # before the first word of a sentence or line
_BEFORE = 20  # characters
_CAPITAL = re.compile(r" [A-ZÀ-Þ]")
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
# A word that no sentence has: an address, a path, a flag, a number of a machine, a name that a program spells so.
_CODE = re.compile(
    r"\w+://\S+|(?:[A-Za-z]:)?[\\/]\S+|--?[A-Za-z]\S*|\.{1,2}[\\/]\S+"
    r"|\S*(?:[_=\\@#$%{}|]|::|->|\(\)|\)\(|<\w)\S*"
    r"|[^\s/]+/[^\s/]+/\S+|[\w-]{2,}\.[a-z]\w{0,4}|\S+\.\w+[\\/]\S*"
    r"|0[xX][0-9A-Fa-f]+\w*|(?=\w*\d)(?=\w*[a-fA-F])[0-9A-Fa-f]{8,}(?:-[0-9A-Fa-f]+)*"
)
_HYPHENS = re.compile(r"\w+(?:-\w+)+")
_NAME = re.compile(r"[A-Za-z_]\w*(?:(?:::|\.)\w+)*(?:\(\))?")
_FINE = re.compile(r"[\d.,]+%|[#@$]?\d[\d.,]*|[A-Z](?:#|\+\+)|\w+'\w+|\$[\d.,]+\w*|&")  # code by its signs alone


def prose(text: str) -> str:
    """The text with blanks in the place of code and markup: as long as the text, so that places stay the same.

    The one name that a message has in code stays, since that is what it is about ("Use `_mbsinc`").
    """
    text = _LINE.sub(_blank, _BLOCK.sub(_blank, visible(text)))
    names = {_name(match) for match in _MARKUP.finditer(text) if match["ticks"]}
    names |= {_name(match) for match in _TOKEN.finditer(_MARKUP.sub(_blank, text)) if is_code(match[0])}
    only = names.pop() if len(names) == 1 else ""

    def shown(match: re.Match[str]) -> str:
        is_only = only and _name(match) == only and _NAME.fullmatch(only)
        return match[0] if is_only or not _is_code(match) else _blank(match)

    return _TOKEN.sub(shown, _MARKUP.sub(shown, text))


def is_code(token: str) -> bool:
    """Whether a word between blanks is one of code: a path, a flag, an address, or a name with a program's signs."""
    start, end = _inner(token)
    word = token[start:end]
    return bool(_CODE.fullmatch(word)) and not _FINE.fullmatch(word)


def whole(span: Span, text: str) -> Span:
    """The place of a word in a text, or that of the word with hyphens or name of code of which it is only a part."""
    for match in _TOKEN.finditer(text, max(0, text.rfind(" ", 0, span.start))):
        if match.start() <= span.start and span.end <= match.end():
            start, end = _inner(match[0])
            if is_code(match[0]) or _HYPHENS.fullmatch(match[0], start, end):
                return Span(match.start() + start, match.start() + end)
        if match.start() > span.start:
            break
    return span


def is_name(span: Span, text: str) -> bool:
    """Whether the word at this place of an answer names something: it is capitalised, but not as a sentence begins.

    The first word of a sentence counts if the next one is capitalised too. In a script without capitals, and for
    numbers and names of code, every word counts.
    """
    word = span.of(text)
    if word.lower() == word.upper() or not word[0].isalpha():
        return True
    if not word[0].isupper():
        return is_code(word)
    if not _BEGINS.search(text, max(0, span.start - _BEFORE), span.start):
        return True
    return _CAPITAL.match(text, span.end) is not None


def _is_code(match: re.Match[str]) -> bool:
    return match.re is _MARKUP or is_code(match[0])


def _name(match: re.Match[str]) -> str:
    start, end = _inner(match[0])
    return match[0][start:end]


def _inner(token: str) -> tuple[int, int]:
    """Where a token begins and ends without the signs of the sentence around it; a call keeps its brackets."""
    start, end = len(token) - len(token.lstrip(_OPENS)), len(token)
    while start < end and (last := token[end - 1]) in _CLOSES:
        if last in _PAIRS and _PAIRS[last] in token[start : end - 1]:
            break  # it closes what the word opens, as in a call
        end -= 1
    return start, end


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])
