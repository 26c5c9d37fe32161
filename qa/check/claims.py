"""Finds what a draft claims: its quotations, and its sentences that state something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..text.document import Document, Span
from ..text.passage import Passage
from ..text.terms import is_function_word
from .words import Words, words_of

Kind = Literal["quotation", "sentence"]
FEWEST_QUOTED = 3  # words: fewer between quotation marks are a term or a title
_FEWEST_STATED, _FEWEST_ABOUT = 4, 2  # words of a sentence, and those of them that are no function words
_QUOTED = re.compile(
    r"“(?P<curly>[^“”]{8,3000})”|„(?P<low>[^„“”]{8,3000})[“”]|«(?P<angle>[^«»]{8,3000})»"
    r"|(?<![\w\"])\"(?=[\w\[(….])(?P<straight>[^\"]{8,3000}?)(?<=[\w.,;:!?…\])%])\"(?!\w)"
)
_BLOCK = re.compile(r"(?:^[ \t]{0,3}>[^\n]*(?:\n|\Z))+", re.MULTILINE)  # of Markdown
_CALLOUT = re.compile(r"^[ \t]{0,3}>[ \t]*\[!", re.MULTILINE)
_SOURCE = re.compile(r"(?:^|\n)[ \t>]*(?:—|–|--)[ \t]*[^\n]{1,200}\s*\Z")  # who said it, at the end of such a block
# What a quotation leaves out, or puts in: "…", "[…]", "[the company]".
_GAP = re.compile(r"[(\[]\s*(?:…|\.{3})\s*[)\]]|…|\.\s?\.\s?\.|\[[^\]\n]{0,80}\](?!\()")
_CLOSED = re.compile(r"[.!?…][\"”“»]?\s+(?=[^\W\d_a-z])")
_OPINION = re.compile(
    r"\W*(?:(?:I|we) (?:think|believe|feel|hope|suggest|recommend|propose|would|suspect|guess|wonder|want|wish)\b"
    r"|in (?:my|our) (?:opinion|view)\b|please\b|let(?:['’]s| us| me)\b|to do\b|todo\b|thank)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of a draft that is compared with the articles; its span is in the draft's text.

    `parts` are the stretches of it that must stand in an article: several where a quotation leaves words out.
    """

    kind: Kind
    span: Span
    text: str
    parts: tuple[Words, ...]
    language: str = ""

    @property
    def words(self) -> Words:
        """All its words, without what it leaves out."""
        return words_of(self.text)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a draft claims, in order; and its sentences that claim nothing: questions, opinions, fragments."""

    claims: tuple[Claim, ...]
    unchecked: tuple[Span, ...]


def claims_of(document: Document, passages: Iterable[Passage]) -> Claims:
    """What one document claims. A sentence that holds a quotation is judged by that alone."""
    text, language = document.text, document.language
    quotations = [_quotation(text, span, language) for span in _quoted(text)]
    quotations = [claim for claim in quotations if claim.parts]
    claims, unchecked = list(quotations), []
    for sentence in _sentences(passages):
        quoted = [claim.span for claim in quotations if _overlap(sentence, claim.span)]
        if quoted:
            sentence = _rest(text, sentence, quoted[-1])
        own = words_of(text, sentence)
        if _states(sentence.of(text), own):
            claims.append(Claim("sentence", sentence, sentence.of(text), (own,), language))
        elif not quoted:
            unchecked.append(sentence)
    return Claims(tuple(sorted(claims, key=lambda claim: claim.span.start)), tuple(unchecked))


def _quoted(text: str) -> Iterator[Span]:
    """The quotations of a text: between quotation marks within one paragraph, and blocks that Markdown marks."""
    blocks = []
    for match in _BLOCK.finditer(text):
        if not _CALLOUT.match(match[0]):
            source = _SOURCE.search(match[0])
            blocks.append(Span(match.start(), match.start() + source.start() if source else match.end()).trimmed(text))
    yield from blocks
    for match in _QUOTED.finditer(text):
        span = Span(*match.span(match.lastgroup or 0))
        if "\n\n" not in match[0] and not any(_overlap(span, block) for block in blocks):
            yield span


def _quotation(text: str, span: Span, language: str) -> Claim:
    start, parts = span.start, []
    for gap in _GAP.finditer(text, span.start, span.end):
        parts.append(Span(start, gap.start()))
        start = gap.end()
    parts.append(Span(start, span.end))
    words = [words_of(text, part) for part in parts]
    kept = tuple(each for each in words if len(each))
    if sum(map(len, kept)) < FEWEST_QUOTED:
        kept = ()
    return Claim("quotation", span, span.of(text), kept, language)


def _rest(text: str, sentence: Span, quoted: Span) -> Span:
    """What follows a quotation that ends a sentence and was taken for a part of the next; empty if it ends none."""
    closing = _CLOSED.match(text, max(sentence.start, quoted.end - 1), sentence.end)
    return Span(closing.end(), sentence.end) if closing else Span(sentence.end, sentence.end)


def _sentences(passages: Iterable[Passage]) -> Sequence[Span]:
    found = dict.fromkeys(sentence for passage in passages for sentence in passage.sentences)
    return sorted(found, key=lambda span: span.start)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _states(text: str, words: Words) -> bool:
    """Whether a sentence states something that articles could say."""
    if len(words) < _FEWEST_STATED or text.rstrip('*_ "”’)').endswith(("?", "？", "؟", ":")) or _OPINION.match(text):
        return False
    about = sum(not is_function_word(form) and not form.isdigit() for form in words.forms)
    return about >= _FEWEST_ABOUT
