"""Finds the sentences of a text: the boundaries of sentencex, without those that no reader would see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from .document import Span

# sentencex takes quadratic time for some texts (with backticks or apostrophes), so a long text is processed in
# windows, and a sentence that does not end within the longest window is cut.
_WINDOW = 4_000  # characters
MAX_SENTENCE = 8_000  # characters

# Abbreviations after which a sentence goes on: always, before a number (or a letter: "Fig. B"), before a small letter.
_ALWAYS = re.compile(
    r"(?:^|[\s(\"'“‘])(?:Dr|Mr|Mrs|Ms|Mx|Prof|Rev|Hon|Gen|Col|Lt|Sgt|Capt|Mme|Mlle|Sra?|cf|e\.g|i\.e"
    r"|approx|ca|incl|z\. ?B)\.$"
)
_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:Nos?|N[ro]|nr|[Ff]igs?|Abb|Tab|[Ee]qs?|[Vv]ol|[Cc]h|[Cc]hap|[Ss]ecs?|Sect|[Aa]rts?|[Aa]pp|Pt|Bd|Kap"
    r"|Abs|pp?|S|ff|[Tt]el|[Ee]xt|[Vv]er|v|[Mm]in|[Mm]ax|c|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_SHORT_WORD = re.compile(
    r"(?:^|[^\w.])(?:[\w.]{1,3}|[\d.,]+|approx|incl|excl|dept|univ|misc|temp|resp|bzw|etc)\.$", re.IGNORECASE
)
_HOUR = re.compile(r"\b[ap]\.\s?m\.$", re.IGNORECASE)
_DAY = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:[A-Z]{1,2}[SD]?T|UTC)\b"
    r"|(?:Jan|Febr)uary|March|April|May \d|June|July|August|(?:Septem|Octo|Novem|Decem)ber"
)
# What closes the sentence before it: quotation marks, emphasis, and the mark of a footnote.
_CLOSING = re.compile(r"(?:\*{1,3}|_{1,3}|[\"”’»)\]]|\[\^?[\w-]{1,40}\]|[\u00b9\u00b2\u00b3\u2070-\u2079])+(?=\s|$)")
_WORD = re.compile(r"\w+")
# Scripts without spaces between words.
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NUMBER = re.compile(r"\(?\d+[.)]")  # that begins an item, not the end of a sentence
_JOINED = 400  # characters, up to which a piece of one word is joined to its neighbour


def sentence_spans(text: str, within: Span | None = None, language: str = "") -> list[Span]:
    """The sentences of `text` (or of its part `within`), without surrounding white space; offsets are in `text`.

    `language` (ISO 639-1) selects the abbreviations that do not end a sentence; English ones if it is empty.
    """
    return list(iter_sentences(text, Span(0, len(text)) if within is None else within, language))


def iter_sentences(text: str, within: Span, language: str = "") -> Iterator[Span]:
    """`sentence_spans` as an iterator, since there may be millions."""
    start, window = within.start, _WINDOW
    while start < within.end:
        end = min(within.end, start + window)
        sentences = _boundaries(text[start:end], language)
        if end < within.end and len(sentences) < 2:
            if window < MAX_SENTENCE:
                window *= 2  # the sentence is longer than the window
                continue
            end = _cut(text, start, end)
            parts = (Span(start + left, min(start + right, end)).trimmed(text) for left, right in sentences)
            yield from (part for part in parts if len(part))
        elif end < within.end:
            sentences.pop()  # it may continue after the window
            yield from (Span(start + left, start + right) for left, right in sentences)
            end = start + sentences[-1][1]
        else:
            yield from (Span(start + left, start + right) for left, right in sentences)
        start = end
        window = _WINDOW


def _cut(text: str, start: int, end: int) -> int:
    """Where to cut a sentence that is too long: after the last blank in its second half, or else at `end`."""
    middle = (start + end) // 2
    return max(text.rfind(" ", middle, end), text.rfind("\n", middle, end)) + 1 or end


def _boundaries(text: str, language: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, without surrounding white space."""
    sentences: list[tuple[int, int]] = []
    for boundary in get_sentence_boundaries(language or "en", text):
        start, raw = boundary["start_index"], text[boundary["start_index"] : boundary["end_index"]]
        if not raw.strip():
            continue
        start, end = start + len(raw) - len(raw.lstrip()), start + len(raw.rstrip())
        if sentences:
            before = sentences[-1]
            if before[1] == start and (closing := _CLOSING.match(text, start, end)):
                before = sentences[-1] = (before[0], closing.end())
                start = closing.end() + len(text[closing.end() : end]) - len(text[closing.end() : end].lstrip())
            if start < end and _goes_on(text, before, (start, end)):
                start = sentences.pop()[0]
        if start < end:
            sentences.append((start, end))
    return sentences


def _goes_on(text: str, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether two pieces are one sentence: after an abbreviation, before a name such as `.NET`, or if one is no more
    than a word.
    """
    gap = text[before[1] : after[0]]
    if "\n\n" in gap:
        return False
    end, first = text[max(before[0], before[1] - 20) : before[1]], text[after[0]]
    if end.endswith("."):
        if not gap and first.isascii() and first.isalnum():  # ".NET"
            return True
        if _ALWAYS.search(end) or (_HOUR.search(end) and _DAY.match(text, *after)):
            return True
        if _BEFORE_NUMBER.search(end) and first.isdigit():
            return True
        if first.islower() and _SHORT_WORD.search(end) and not text[before[0]].islower():
            return True
    if after[1] - before[0] > _JOINED:
        return False
    has_letters = any(map(str.isalpha, text[slice(*after)]))
    return _is_one_word(text, before) or not (has_letters or _NUMBER.fullmatch(text, *after))


def _is_one_word(text: str, span: tuple[int, int]) -> bool:
    """Whether a piece has fewer than two words, in a script that puts blanks between words."""
    found = _WORD.finditer(text, *span)
    return (next(found, None) is None or next(found, None) is None) and not _DENSE.search(text, *span)
