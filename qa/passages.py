"""Document → Passages: literal slices of about one idea each, cut at headings, paragraphs and sentences.

It knows nothing about files, models (it is given a function that counts tokens) or indexes.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .sentences import sentence_spans
from .types import Block, Document, Passage, Section, Span, context

CountTokens = Callable[[Sequence[str]], list[int]]

_ITEM_MARK = re.compile(r"\s*(?:>\s*)*(?:[-*+•▪◦–—]|\(?\d{1,3}[.)])\s+")
_TABLE_RULE = re.compile(r"[\s|:+=-]+$")
_SPECIAL_TOKENS = 2
_SPARE_TOKENS = 6  # the full stops between title, heading path and text, and tokenisers that are not additive


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """How long passages are, in encoder tokens; a generation made with other settings is stale.

    `most` is the aim's upper end (title and headings not counted), `small` the size below which neighbouring
    sections under one heading are joined. `version` changes when the rules do.
    """

    most: int = 200
    small: int = 48
    version: int = 1

    def as_json(self) -> dict[str, Any]:
        """The manifest's form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, list item, table row or line of code, with its tokens: never cut unless it alone is too long."""

    span: Span
    tokens: int
    block: int
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that may share a passage: one section, or small neighbours under one heading."""

    path: tuple[str, ...]
    units: list[_Unit]
    start: int  # the first unit's, or, of joined sections, the first heading's: no heading is lost

    @property
    def tokens(self) -> int:
        return sum(unit.tokens for unit in self.units)


def split(
    document: Document, count_tokens: CountTokens, max_tokens: int, settings: PassageSettings | None = None
) -> list[Passage]:
    """The passages of one document, in its order.

    `count_tokens` counts without special tokens; no passage's `encoded` is longer than `max_tokens` with them.
    Every passage's text is `document.text[start:end]`.
    """
    settings = settings or PassageSettings()
    room = max_tokens - _SPECIAL_TOKENS - _SPARE_TOKENS
    longest_context = _longest_context(document, count_tokens)
    most = max(16, min(settings.most, room - longest_context))
    units = _units(document, count_tokens, most)
    passages: list[Passage] = []
    for group in _join_small(_by_section(document, units), document, settings.small, most):
        for run in _pack(group, document.blocks, most):
            start = group.start if run[0] is group.units[0] else run[0].span.start
            passages.append(_passage(document, group.path, Span(start, run[-1].span.end), run, len(passages)))
    return passages


def _longest_context(document: Document, count_tokens: CountTokens) -> int:
    contexts = {" ".join(context(document.title, section.path)) for section in document.sections}
    return max(count_tokens(sorted(contexts)), default=0)


def _units(document: Document, count_tokens: CountTokens, most: int) -> list[_Unit]:
    text = document.text
    pieces: list[tuple[Span, int]] = []
    for number, block in enumerate(document.blocks):
        pieces += [(span, number) for span in _pieces(text, block)]
    units: list[_Unit] = []
    for (span, number), tokens in zip(pieces, count_tokens([s.of(text) for s, _ in pieces]), strict=True):
        is_code = document.blocks[number].kind == "code"
        if tokens <= most:
            units.append(_Unit(span, tokens, number, () if is_code else _sentences(text, span)))
        else:
            for part, count in _shorten(text, span, tokens, most, count_tokens):
                units.append(_Unit(part, count, number, () if is_code else _sentences(text, part)))
    return units


def _pieces(text: str, block: Block) -> list[Span]:
    if block.kind == "code":
        return _lines(text, block.span)
    if block.parts:
        lead = Span(block.span.start, block.parts[0].start)
        parts = [*([lead] if lead.of(text).strip() else []), *block.parts]
        return [part for part in parts if not _TABLE_RULE.match(part.of(text))]
    return sentence_spans(text, block.span) or [block.span]


def _lines(text: str, span: Span) -> list[Span]:
    spans, start = [], span.start
    for line in span.of(text).splitlines(keepends=True):
        if line.strip():
            spans.append(Span(start, start + len(line.rstrip())))
        start += len(line)
    return spans


def _sentences(text: str, span: Span) -> tuple[Span, ...]:
    """The sentences of one unit, without the mark of a list item."""
    mark = _ITEM_MARK.match(text, span.start, span.end)
    start = mark.end() if mark else span.start
    return tuple(sentence_spans(text, Span(start, span.end)))


def _shorten(
    text: str, span: Span, tokens: int, most: int, count_tokens: CountTokens
) -> list[tuple[Span, int]]:
    """Cut what is too long: an item at its sentences, a sentence at a space, and a word anywhere."""
    sentences = sentence_spans(text, span)
    if len(sentences) < 2:
        sentences = _halves(text, span)
    result: list[tuple[Span, int]] = []
    for part, count in zip(sentences, count_tokens([s.of(text) for s in sentences]), strict=True):
        if count <= most or len(part) < 2:
            result.append((part, count))
        else:
            result += _shorten(text, part, count, most, count_tokens)
    return result


def _halves(text: str, span: Span) -> list[Span]:
    """Two parts of about one length, cut at the space (or, without one, the character) nearest the middle."""
    middle = (span.start + span.end) // 2
    reach = max(1, len(span) // 4)
    spaces = [i for i in range(middle - reach, middle + reach) if span.start < i < span.end and text[i].isspace()]
    cut = min(spaces, key=lambda i: abs(i - middle)) if spaces else middle
    return [_trimmed(text, part) for part in (Span(span.start, cut), Span(cut, span.end)) if part.of(text).strip()]


def _trimmed(text: str, span: Span) -> Span:
    raw = span.of(text)
    return Span(span.start + len(raw) - len(raw.lstrip()), span.end - len(raw) + len(raw.rstrip()))


def _by_section(document: Document, units: list[_Unit]) -> list[tuple[Section, list[_Unit]]]:
    groups: list[tuple[Section, list[_Unit]]] = []
    last = -1
    for unit in units:
        section = document.blocks[unit.block].section
        if section != last:
            groups.append((document.sections[section], []))
            last = section
        groups[-1][1].append(unit)
    return groups


def _join_small(
    sections: list[tuple[Section, list[_Unit]]], document: Document, small: int, most: int
) -> list[_Group]:
    """Join small neighbouring sections of one parent. A question keeps its answer to itself: it is precise."""
    groups: list[_Group] = []
    open_parent: tuple[str, ...] | None = None  # the parent that the last group may still be joined under
    joined_from = 0
    for section, units in sections:
        group = _Group(section.path, units, units[0].span.start)
        parent = section.path[:-1]
        is_small = group.tokens < small and section.path != () and not section.path[-1].endswith("?")
        if is_small and groups and open_parent == parent:
            # The headings between them become part of the passage's text, so they are counted too.
            start = joined_from if groups[-1].path != parent else groups[-1].start
            joined = _Group(parent, [*groups[-1].units, *units], start)
            headings = (units[-1].span.end - start - sum(len(unit.span) for unit in joined.units)) // 3
            if joined.tokens + headings <= most:
                groups[-1] = joined
                continue
        groups.append(group)
        open_parent, joined_from = (parent, section.span.start) if is_small else (None, 0)
    return groups


def _pack(group: _Group, blocks: tuple[Block, ...], most: int) -> list[list[_Unit]]:
    """Cut a group into the fewest runs of about equal length, at the ends of blocks where one is near."""
    total = group.tokens
    if total <= most:
        return [group.units]
    aim = total / math.ceil(total / most)
    whole = {unit.block: 0 for unit in group.units}
    for unit in group.units:
        whole[unit.block] += unit.tokens
    runs: list[list[_Unit]] = [[]]
    held = 0
    for number, unit in enumerate(group.units):
        starts_block = number == 0 or group.units[number - 1].block != unit.block
        fits = held + unit.tokens <= most
        enough = held >= (0.75 * aim if starts_block else aim)
        keep_whole = blocks[unit.block].kind in ("table", "code", "list") and starts_block
        splits_block = keep_whole and held + whole[unit.block] > most >= whole[unit.block]
        if runs[-1] and (not fits or enough or splits_block):
            runs.append([])
            held = 0
        runs[-1].append(unit)
        held += unit.tokens
    return runs


def _passage(
    document: Document, path: tuple[str, ...], span: Span, run: list[_Unit], order: int
) -> Passage:
    page = None
    if document.pages:
        page = max(1, bisect_right([page.start for page in document.pages], span.start))
    return Passage(
        document=document.path,
        order=order,
        span=span,
        text=span.of(document.text),
        title=document.title,
        section=path,
        page=page,
        sentences=tuple(sentence for unit in run for sentence in unit.sentences),
    )
