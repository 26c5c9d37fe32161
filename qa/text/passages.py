"""Document → Passages: literal slices of about one idea each, cut at headings, paragraphs and sentences.

It knows nothing about files, models (it is given a function that counts tokens) or indexes.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, islice, pairwise
from typing import Any

import numpy as np

from .document import Block, BlockKind, Document, Section, Span
from .passage import Passage, context
from .sentences import each_sentence, sentence_spans

CountTokens = Callable[[Sequence[str]], list[int]]
HeadingPath = tuple[str, ...]  # of headings

_ITEM_MARK = re.compile(r"\s*(?:>\s*)*(?:[-*+•▪◦–—]|\(?\d{1,3}[.)])\s+")
# No sentences, though they stand where sentences do: `{alt: …}` notes of saved pages, pictures, directives.
_NOTE = re.compile(r"(?:\{[^{}]*\}|!\[[^\]]*\]\([^)]*\)|\[!INCLUDE[^\]]*\]\S*|:::.*)\Z", re.DOTALL)
_TABLE_RULE = re.compile(r"[\s|:+=-]+$")
_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")  # as str.splitlines has them
MOST_PIECES = 300_000  # of one file, a book of 20 MB: each takes about a kilobyte and 65 µs
_SPECIAL_TOKENS = 2
_LEAST_TOKENS = 16  # of text in a passage, however long its title is
_SPARE_TOKENS = 6  # the full stops between title, heading path and text, and tokenisers that are not additive
# What a cut inside a block that would fit whole costs, against 1 for an empty passage; and inside a longer one.
_CUT_COST: dict[BlockKind, float] = {"paragraph": 0.1, "list": 0.3, "table": 9.0, "code": 9.0}
_CUT_LONG = 0.1


class TooLong(ValueError):
    """A file of more sentences, items, rows and lines of code than are split; the message is the reason to show."""


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
    """A sentence, list item, table row or line of code, with its tokens: never cut unless it alone is too long.

    `gap` counts the tokens between the unit before and this one (the rule of a table, a comment, a heading):
    a passage that holds both units holds them too.
    """

    span: Span
    tokens: int
    gap: int
    block: int
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that may share a passage: one section, or small neighbours under one heading.

    `start` is the first unit's, or, of joined sections, the first heading's: no heading is lost. `lead` counts
    the tokens between `start` and the first unit.
    """

    path: tuple[str, ...]
    units: list[_Unit]
    start: int
    lead: int = 0

    @property
    def tokens(self) -> int:
        return self.lead + sum(unit.tokens for unit in self.units) + sum(unit.gap for unit in self.units[1:])


@dataclass(frozen=True, slots=True)
class _Section:
    """A section with its units; `lead` counts the tokens of its heading."""

    section: Section
    units: list[_Unit]
    lead: int


@dataclass(frozen=True, slots=True)
class _Run:
    """What becomes one passage: from `start` to the end of the last unit, under the headings `path`."""

    path: HeadingPath
    start: int
    units: list[_Unit]


def split(
    document: Document, count_tokens: CountTokens, max_tokens: int, settings: PassageSettings | None = None
) -> list[Passage]:
    """The passages of one document, in its order.

    `count_tokens` counts without special tokens; no passage's `encoded` is longer than `max_tokens` with them.
    Every passage's text is `document.text[start:end]`. Raises TooLong.
    """
    (passages,) = split_all([document], count_tokens, max_tokens, settings or PassageSettings())
    return passages


def split_all(
    documents: Sequence[Document], count_tokens: CountTokens, max_tokens: int, settings: PassageSettings
) -> Iterator[list[Passage]]:
    """As `split`, for all documents of one file, which share its bound. Raises TooLong."""
    room = MOST_PIECES
    for document in documents:
        pieces = list(islice(_all_pieces(document), room + 1))
        room -= len(pieces)
        if room < 0:
            raise TooLong(f"holds more than {MOST_PIECES:,} sentences, rows or lines: split it into several files")
        yield _split(document, pieces, count_tokens, max_tokens, settings)


def _split(
    document: Document,
    pieces: list[tuple[Span, int]],
    count_tokens: CountTokens,
    max_tokens: int,
    settings: PassageSettings,
) -> list[Passage]:
    room = max_tokens - _SPECIAL_TOKENS - _SPARE_TOKENS
    paths, most = _fit_paths(document, count_tokens, room, settings)
    units = _units(document, pieces, count_tokens, most)
    runs = [
        _Run(paths[group.path], group.start if run[0] is group.units[0] else run[0].span.start, run)
        for group in _join_small(_by_section(document, units, count_tokens), settings.small, most)
        for run in _pack(group, document.blocks, most[group.path])
    ]
    made = _measured(document, runs, count_tokens, max_tokens - _SPECIAL_TOKENS)
    return [replace(passage, order=order) for order, passage in enumerate(made)]


def _fit_paths(
    document: Document, count_tokens: CountTokens, room: int, settings: PassageSettings
) -> tuple[dict[HeadingPath, HeadingPath], dict[HeadingPath, int]]:
    """For each section's path: what of it is encoded, and how many tokens that leaves for the text.

    Only where title and headings would leave hardly any room, headings are left out, the outermost first, and the
    last one is cut.
    """
    least = min(settings.small, room // 2)
    own = [section.path for section in document.sections]
    paths = list(dict.fromkeys([*own, *(path[:-1] for path in own)]))
    fitted: dict[HeadingPath, HeadingPath] = {}
    most: dict[HeadingPath, int] = {}
    for path, tokens in zip(paths, _count_contexts(document, paths, count_tokens), strict=True):
        shown = path
        while shown and room - tokens < least:
            half = shown[0][: len(shown[0]) // 2]
            shown = shown[1:] if len(shown) > 1 else (half.rpartition(" ")[0] or half,) if half else ()
            (tokens,) = _count_contexts(document, [shown], count_tokens)
        fitted[path] = shown
        most[path] = max(_LEAST_TOKENS, min(settings.most, room - tokens))
    return fitted, most


def _count_contexts(document: Document, paths: Sequence[HeadingPath], count_tokens: CountTokens) -> list[int]:
    return count_tokens([" ".join(context(document.title, path)) for path in paths])


def _all_pieces(document: Document) -> Iterator[tuple[Span, int]]:
    """Every sentence, item, row or line of code with the number of its block."""
    for number, block in enumerate(document.blocks):
        for span in _pieces(document.text, block, document.language):
            yield span, number


def _units(
    document: Document, pieces: list[tuple[Span, int]], count_tokens: CountTokens, most: dict[HeadingPath, int]
) -> list[_Unit]:
    text, language = document.text, document.language
    sized: list[tuple[Span, int, int]] = []
    for (span, number), tokens in zip(pieces, count_tokens([s.of(text) for s, _ in pieces]), strict=True):
        limit = most[document.sections[document.blocks[number].section].path]
        parts = [(span, tokens)] if tokens <= limit else _shorten(text, span, limit, count_tokens, language)
        sized += [(part, count, number) for part, count in parts]
    ends = [0, *(span.end for span, _, _ in sized)]
    gaps = _count_between(
        text, [Span(end, span.start) for end, (span, _, _) in zip(ends, sized, strict=False)], count_tokens
    )
    return [
        _Unit(span, max(1, tokens), gap, number, _sentences(text, span, document.blocks[number], language))
        for (span, tokens, number), gap in zip(sized, gaps, strict=True)
    ]


def _count_between(text: str, spans: list[Span], count_tokens: CountTokens) -> list[int]:
    """The tokens of each span; most are blank and are not even asked for."""
    wanted = [number for number, span in enumerate(spans) if span.of(text).strip()]
    counts = [0] * len(spans)
    for number, tokens in zip(wanted, count_tokens([spans[n].of(text) for n in wanted]), strict=True):
        counts[number] = tokens
    return counts


def _pieces(text: str, block: Block, language: str) -> Iterator[Span]:
    if block.kind == "code":
        yield from _lines(text, block.span)
    elif _NOTE.match(text, block.span.start, block.span.end):
        yield block.span  # "![" would be taken for the end of a sentence
    elif block.parts:
        lead = Span(block.span.start, block.parts[0].start)
        parts = [*([lead] if lead.of(text).strip() else []), *block.parts]
        yield from (part for part in parts if not _TABLE_RULE.match(part.of(text)))
    else:
        sentences = each_sentence(text, block.span, language)
        yield next(sentences, block.span)
        yield from sentences


def _lines(text: str, span: Span) -> Iterator[Span]:
    for line in _LINE.finditer(text, span.start, span.end):
        if written := len(line[0].rstrip()):
            yield Span(line.start(), line.start() + written)


def _sentences(text: str, span: Span, block: Block, language: str) -> tuple[Span, ...]:
    """The sentences of one unit, without the mark of a list item; code, pictures and directives are none."""
    if block.kind == "code" or _NOTE.match(text, span.start, span.end):
        return ()
    mark = _ITEM_MARK.match(text, span.start, span.end)
    start = mark.end() if mark else span.start
    found = sentence_spans(text, Span(start, span.end), language)
    return tuple(sentence for sentence in found if not _NOTE.match(text, sentence.start, sentence.end))


def _shorten(text: str, span: Span, most: int, count_tokens: CountTokens, language: str) -> list[tuple[Span, int]]:
    """Cut what is too long: an item at its sentences, a sentence at a space, and a word anywhere."""
    sentences = sentence_spans(text, span, language)
    if len(sentences) < 2:
        sentences = _halves(text, span)
    result: list[tuple[Span, int]] = []
    for part, count in zip(sentences, count_tokens([s.of(text) for s in sentences]), strict=True):
        if count <= most or len(part) < 2:
            result.append((part, count))
        else:
            result += _shorten(text, part, most, count_tokens, language)
    return result


def _halves(text: str, span: Span) -> list[Span]:
    """Two parts of about one length, cut at the space (or, without one, the character) nearest the middle."""
    middle = (span.start + span.end) // 2
    reach = max(1, len(span) // 4)
    spaces = [i for i in range(middle - reach, middle + reach) if span.start < i < span.end and text[i].isspace()]
    cut = min(spaces, key=lambda i: abs(i - middle)) if spaces else middle
    parts = (Span(span.start, cut).trimmed(text), Span(cut, span.end).trimmed(text))
    return [part for part in parts if len(part)]


def _by_section(document: Document, units: list[_Unit], count_tokens: CountTokens) -> list[_Section]:
    found: list[tuple[Section, list[_Unit]]] = []
    last = -1
    for unit in units:
        number = document.blocks[unit.block].section
        if number != last:
            found.append((document.sections[number], []))
            last = number
        found[-1][1].append(unit)
    headings = [Span(section.span.start, own[0].span.start) for section, own in found]
    leads = _count_between(document.text, headings, count_tokens)
    return [_Section(section, own, lead) for (section, own), lead in zip(found, leads, strict=True)]


def _join_small(sections: list[_Section], small: int, most: dict[HeadingPath, int]) -> list[_Group]:
    """Join small neighbouring sections of one parent. A question keeps its answer to itself: it is precise."""
    groups: list[_Group] = []
    open_with: _Group | None = None  # the last group, with its heading, where it may still be joined
    for section in sections:
        path, parent = section.section.path, section.section.path[:-1]
        group = _Group(path, section.units, section.units[0].span.start)
        is_small = group.tokens < small and path != () and not _is_question(path[-1])
        if is_small and open_with is not None and open_with.path == parent:
            joined = _Group(parent, [*open_with.units, *group.units], open_with.start, open_with.lead)
            if joined.tokens <= most[parent]:
                groups[-1] = open_with = joined
                continue
        groups.append(group)
        open_with = _Group(parent, group.units, section.section.span.start, section.lead) if is_small else None
    return groups


def _is_question(heading: str) -> bool:
    return heading.rstrip("*_\"'”’) ").endswith(("?", "？"))


def _pack(group: _Group, blocks: tuple[Block, ...], most: int) -> list[list[_Unit]]:
    """Cut a group into runs of about equal length, at the ends of blocks where they are near.

    The cheapest cuts of all, by dynamic programming: a run costs the square of how far it is from the aim, so
    that no crumb is left at the end, and a cut inside a block costs something too.
    """
    units = group.units
    if group.tokens <= most:
        return [units]
    aim = group.tokens / math.ceil(group.tokens / most)
    cuts = np.array(_cut_costs(units, blocks, most))
    # Where each unit begins and ends, in tokens from the first one's begin.
    ends = list(accumulate(unit.tokens + (unit.gap if number else 0) for number, unit in enumerate(units)))
    begins = np.array([end - unit.tokens for end, unit in zip(ends, units, strict=True)])
    begins[0] -= group.lead
    best = np.full(len(units) + 1, math.inf)
    best[0] = 0.0
    opens = [0] * (len(units) + 1)  # where the run that ends before each unit begins
    first = 0
    for end in range(1, len(units) + 1):
        while first + 1 < end and ends[end - 1] - begins[first] > most:
            first += 1
        held = ends[end - 1] - begins[first:end]
        costs = (best[first:end] + cuts[first:end] + (held / aim - 1) ** 2)[::-1]
        shortest = int(costs.argmin())  # of runs that cost alike
        best[end], opens[end] = costs[shortest], end - 1 - shortest
    runs: list[list[_Unit]] = []
    end = len(units)
    while end:
        runs.append(units[opens[end] : end])
        end = opens[end]
    return runs[::-1]


def _cut_costs(units: list[_Unit], blocks: tuple[Block, ...], most: int) -> list[float]:
    """What a cut before each unit costs: nothing where a block begins."""
    whole: dict[int, int] = {}
    for unit in units:
        whole[unit.block] = whole[unit.block] + unit.gap + unit.tokens if unit.block in whole else unit.tokens
    costs = [0.0]
    for before, unit in pairwise(units):
        inside = _CUT_COST[blocks[unit.block].kind] if whole[unit.block] <= most else _CUT_LONG
        costs.append(inside if before.block == unit.block else 0.0)
    return costs


def _measured(document: Document, runs: list[_Run], count_tokens: CountTokens, limit: int) -> list[Passage]:
    """The passages of the runs, in order; one that is still too long (counts do not quite add up) is halved."""
    made = [_passage(document, run) for run in runs]
    passages: list[Passage] = []
    for run, passage, tokens in zip(runs, made, count_tokens([p.encoded for p in made]), strict=True):
        if tokens > limit and len(run.units) > 1:
            middle = len(run.units) // 2
            first = _Run(run.path, run.start, run.units[:middle])
            second = _Run(run.path, _begin(document, run.units, middle), run.units[middle:])
            passages += _measured(document, [first, second], count_tokens, limit)
        else:
            passages.append(passage)
    return passages


def _begin(document: Document, units: list[_Unit], number: int) -> int:
    """Where a run begins that is cut before this unit: at its section's heading, if that stands between."""
    sections = [document.blocks[unit.block].section for unit in units[number - 1 : number + 1]]
    return document.sections[sections[1]].span.start if sections[0] != sections[1] else units[number].span.start


def _passage(document: Document, run: _Run) -> Passage:
    span = Span(run.start, run.units[-1].span.end)
    page = None
    if document.pages:
        page = max(1, bisect_right([page.start for page in document.pages], span.start))
    return Passage(
        document=document.path,
        order=0,
        span=span,
        text=span.of(document.text),
        title=document.title,
        section=run.path,
        page=page,
        sentences=tuple(sentence for unit in run.units for sentence in unit.sentences),
        language=document.language,
    )
