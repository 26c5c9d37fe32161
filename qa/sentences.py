"""Text → spans of its sentences.

It knows nothing about passages; the boundaries are those of sentencex.
"""

from __future__ import annotations

from sentencex import get_sentence_boundaries

from .types import Span


def sentence_spans(text: str, within: Span | None = None, language: str = "en") -> list[Span]:
    """The sentences of `text` (or of the part `within`), without the space around them; offsets are in `text`."""
    within = within or Span(0, len(text))
    part = within.of(text)
    spans = []
    for boundary in get_sentence_boundaries(language, part):
        start, end = boundary["start_index"], boundary["end_index"]
        raw = part[start:end]
        left = len(raw) - len(raw.lstrip())
        right = len(raw.rstrip())
        if right > left:
            spans.append(Span(within.start + start + left, within.start + start + right))
    return spans
