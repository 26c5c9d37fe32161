"""Text → spans of its sentences.

It knows nothing about passages; the boundaries are those of sentencex.
"""

from __future__ import annotations

from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from .document import Span

# sentencex takes time by the square of the length of some texts, so a long one is split stretch by stretch.
_STRETCH = 4_000


def sentence_spans(text: str, within: Span | None = None, language: str = "") -> list[Span]:
    """The sentences of `text` (or of the part `within`), without the space around them; offsets are in `text`.

    `language` (ISO 639-1) says which abbreviations end none; English ones where it is not known.
    """
    return list(each_sentence(text, Span(0, len(text)) if within is None else within, language))


def each_sentence(text: str, within: Span, language: str = "") -> Iterator[Span]:
    """As `sentence_spans`, one after the other: there may be millions."""
    start, stretch = within.start, _STRETCH
    while start < within.end:
        end = min(within.end, start + stretch)
        found = _boundaries(text[start:end], language)
        if end < within.end and len(found) < 2:
            stretch *= 2  # this sentence is longer
            continue
        if end < within.end:
            found.pop()  # it may go on after the stretch
        yield from (Span(start + left, start + right) for left, right in found)
        start = end if end == within.end else start + found[-1][1]
        stretch = _STRETCH


def _boundaries(text: str, language: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, without the space around it."""
    found = []
    for boundary in get_sentence_boundaries(language or "en", text):
        start, raw = boundary["start_index"], text[boundary["start_index"] : boundary["end_index"]]
        if raw.strip():
            found.append((start + len(raw) - len(raw.lstrip()), start + len(raw.rstrip())))
    return found
