"""Finds the sentences of a text, with the boundaries of sentencex."""

from __future__ import annotations

from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from .document import Span

# sentencex takes quadratic time for some texts (with backticks or apostrophes), so a long text is processed in
# windows, and a sentence that does not end within the longest window is cut.
_WINDOW = 4_000  # characters
MAX_SENTENCE = 8_000  # characters


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
    sentences = []
    for boundary in get_sentence_boundaries(language or "en", text):
        start, raw = boundary["start_index"], text[boundary["start_index"] : boundary["end_index"]]
        if raw.strip():
            sentences.append((start + len(raw) - len(raw.lstrip()), start + len(raw.rstrip())))
    return sentences
