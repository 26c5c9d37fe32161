"""Divides a text into words that can be compared with those of another, however each of the two is marked up."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ..text.document import Span

# What a reader does not see: the address of a link, the mark of a footnote, a tag, a comment, a soft hyphen.
_HIDDEN = re.compile(
    r"\]\((?:<[^>\n]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"\n]*\")?\)|\[\^[^\]\s]{1,40}\]"
    r"|<!--.*?-->|</?[A-Za-z][^<>\n]{0,300}>|\u00ad",
    re.DOTALL,
)
_WORD = re.compile(
    r"\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?(?![^\W_])"  # a number, as it is written; "1980s" is one word
    r"|[^\W_]+(?:['’ʼ][^\W_]+)*"
    r"|[$€£¥₹%‰°]|[±<>≤≥=+](?=\s?\d)"
    r"|(?<![\w\u2212-])[-\u2212](?=\d)"  # a sign
)
_PUNCTUATION = re.compile(r"[.,;:!?()\[\]…/&]|[-–—\u2212]+|[\"“”„«»]|(?<!\w)['‘’]|['‘’](?!\w)")
_BEGINNING = re.compile(r"[.!?:|“\"]|\n\s*\S|\n[ \t]*\n")
_QUOTES, _DASHES = frozenset("\"“”„«»'‘’"), "-–—\u2212"
_ITEM = re.compile(r"\n[ \t>]*(?:[-*+•·–]|\(?\w{1,3}[.)])[ \t]")
_FOLDED = str.maketrans({"’": "'", "ʼ": "'", "\u2212": "-"})


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a part of a text: `forms` as they are written, `folded` for comparison, `spans` in the text.

    Numbers, signs and symbols of currency count as words; punctuation and markup do not.
    """

    text: str
    forms: tuple[str, ...]
    folded: tuple[str, ...]
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.forms)

    def slice(self, first: int, last: int) -> Words:
        """The words from number `first` up to, but without, number `last`."""
        cut = slice(first, last)
        return Words(self.text, self.forms[cut], self.folded[cut], self.spans[cut])

    def within(self, span: Span) -> Words:
        """The words that lie in a span of the text."""
        inside = [number for number, own in enumerate(self.spans) if span.start <= own.start and own.end <= span.end]
        return self.slice(inside[0], inside[-1] + 1) if inside else self.slice(0, 0)

    @property
    def span(self) -> Span:
        """From the first word to the last; an empty span without words."""
        return Span(self.spans[0].start, self.spans[-1].end) if self.spans else Span(0, 0)

    def begins(self, number: int) -> bool:
        """Whether a word stands where a sentence, a line or a cell begins, so that its capital says little."""
        start = self.spans[number - 1].end if number else self.text.rfind("\n", 0, self.spans[0].start) + 1
        between = self.text[start : self.spans[number].start]
        return (not number and not between.strip(" ")) or bool(_BEGINNING.search(between))

    def punctuation(self) -> tuple[str, ...]:
        """What stands between each word and the next: signs alone, quotation marks and dashes each in one form."""
        return tuple(
            _signs(self.text[one.end : other.start]) for one, other in zip(self.spans, self.spans[1:], strict=False)
        )


def words_of(text: str, within: Span | None = None) -> Words:
    """The words of a text, or of a part of it; the spans are in the whole text."""
    start, end = (0, len(text)) if within is None else (within.start, within.end)
    hidden = [(match.start(), match.end()) for match in _HIDDEN.finditer(text, start, end)]
    forms, spans, number = [], [], 0
    for match in _WORD.finditer(text, start, end):
        while number < len(hidden) and hidden[number][1] <= match.start():
            number += 1
        if number < len(hidden) and hidden[number][0] < match.end():
            continue
        forms.append(unicodedata.normalize("NFKC", match[0]).translate(_FOLDED))
        spans.append(Span(match.start(), match.end()))
    return Words(text, tuple(forms), tuple(form.casefold() for form in forms), tuple(spans))


def _signs(between: str) -> str:
    """The punctuation between two words, without markup and without the marks of a list's items."""
    shown = _HIDDEN.sub(lambda hidden: "]" if hidden[0].startswith("](") else "", between)
    signs = _PUNCTUATION.findall(_ITEM.sub(" ", shown))
    return "".join(
        "-" if sign[0] in _DASHES else "..." if sign == "…" else sign
        for sign in signs
        if sign not in _QUOTES and sign not in "[]"
    )
