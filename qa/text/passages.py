"""Document → Passages: literal slices of about one idea each, cut at headings, paragraphs and sentences.

They are made one after the other, so that a text of any length needs the memory of one stretch of it. It knows nothing
about files, models (it is given a function that counts tokens) or indexes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from .data_addresses import data_addresses
from .document import Block, BlockKind, Document, Section, Span
from .passage import MOST_CHARACTERS, Passage, context
from .pieces import overlaps, pieces, sentences_of
from .sentences import sentence_spans

CountTokens = Callable[[Sequence[str]], list[int]]
HeadingPath = tuple[str, ...]  # of headings

_SPECIAL_TOKENS = 2
_LEAST_TOKENS = 16  # of text in a passage, however long its title is
_SPARE_TOKENS = 6  # the full stops between title, heading path and text, and tokenisers that are not additive
# What a cut inside a block that would fit whole costs, against 1 for an empty passage; and inside a longer one.
_CUT_COST: dict[BlockKind, float] = {"paragraph": 0.1, "list": 0.3, "table": 9.0, "code": 9.0}
_CUT_LONG = 0.1
_COUNTED, _COUNTED_CHARACTERS = 2_000, 500_000  # pieces whose tokens are counted together
_MOST_UNITS = 20_000  # of a section that are cut into passages together: a kilobyte each


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
class Splitting:
    """What passages are made by: a function that counts tokens without special ones, the encoder's limit, settings."""

    count_tokens: CountTokens
    max_tokens: int
    settings: PassageSettings = PassageSettings()


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, list item, table row or line of code, with its tokens: never cut unless it alone is too long.

    `gap` counts the tokens between the unit before and this one (the rule of a table, a comment, a heading):
    a passage that holds both units holds them too. `lead` counts those between the beginning of its section and it.
    Where the one or the other is more than a passage may hold, the unit `is_apart`.
    """

    span: Span
    tokens: int
    gap: int
    lead: int
    is_apart: bool
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
    """A section, or a part of a very long one, with its units; `may_join` says whether it is whole."""

    section: Section
    units: list[_Unit]
    may_join: bool

    @property
    def lead(self) -> int:
        """The tokens of its heading."""
        return self.units[0].lead


@dataclass(frozen=True, slots=True)
class _Run:
    """What becomes one passage: from `start` to the end of the last unit, under the headings `path`."""

    path: HeadingPath
    start: int
    units: list[_Unit]


def split(
    document: Document, count_tokens: CountTokens, max_tokens: int, settings: PassageSettings | None = None
) -> list[Passage]:
    """The passages of one document, in its order; see `each_passage`."""
    return list(each_passage(document, Splitting(count_tokens, max_tokens, settings or PassageSettings())))


def each_passage(document: Document, splitting: Splitting) -> Iterator[Passage]:
    """The passages of one document, in its order, as they are made.

    Every passage's text is `document.text[start:end]`, of MOST_CHARACTERS at most and without `data:` addresses, and no
    passage's `encoded` is longer than the encoder's limit, with the special tokens.
    """
    count_tokens, settings = splitting.count_tokens, splitting.settings
    room = splitting.max_tokens - _SPECIAL_TOKENS - _SPARE_TOKENS
    dropped = list(data_addresses(document.text))
    paths, most = _fit_paths(document, count_tokens, room, settings)
    units = _units(document, dropped, count_tokens, most)
    runs = (
        _Run(paths[group.path], group.start if run[0] is group.units[0] else run[0].span.start, run)
        for group in _join_small(_by_section(document, units), settings.small, most)
        for run in _pack(group, document.blocks, most[group.path])
    )
    measure = _Measure(document, dropped, count_tokens, splitting.max_tokens - _SPECIAL_TOKENS)
    made = (passage for some in _batches(runs) for passage in measure.passages(some))
    for order, passage in enumerate(made):
        yield replace(passage, order=order)


def _batches(things: Iterable[Any], size: Callable[[Any], int] = lambda _: 0) -> Iterator[list[Any]]:
    """The things, as many together as are counted together."""
    batch: list[Any] = []
    characters = 0
    for thing in things:
        batch.append(thing)
        characters += size(thing)
        if len(batch) >= _COUNTED or characters >= _COUNTED_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


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


def _units(
    document: Document, dropped: Sequence[Span], count_tokens: CountTokens, most: dict[HeadingPath, int]
) -> Iterator[_Unit]:
    """The units of all sections, some at a time."""
    text, sections, blocks = document.text, document.sections, document.blocks
    end, last = 0, -1
    for batch in _batches(pieces(document, dropped), lambda piece: len(piece[0])):
        sized = _sized(document, batch, count_tokens, most)
        gaps, leads = [], []
        for span, _, number in sized:
            gaps.append(Span(end, span.start))
            section = blocks[number].section
            leads.append(Span(sections[section].span.start, span.start) if section != last else gaps[-1])
            end, last = span.end, section
        between = _count_between(text, [*gaps, *leads], count_tokens)
        for place, (span, tokens, number) in enumerate(sized):
            spaces = gaps[place], leads[place]
            yield _Unit(
                span,
                max(1, tokens),
                between[place],
                between[len(gaps) + place],
                any(len(space) > MOST_CHARACTERS or overlaps(space, dropped) for space in spaces),
                number,
                sentences_of(text, span, blocks[number], document.language),
            )


def _count_between(text: str, spans: list[Span], count_tokens: CountTokens) -> list[int]:
    """The tokens of each span; most are blank and are not even asked for, nor are those that no passage can hold."""
    wanted = [number for number, span in enumerate(spans) if len(span) <= MOST_CHARACTERS and span.of(text).strip()]
    counts = [0] * len(spans)
    for number, tokens in zip(wanted, count_tokens([spans[n].of(text) for n in wanted]), strict=True):
        counts[number] = tokens
    return counts


def _sized(
    document: Document, some: Sequence[tuple[Span, int]], count_tokens: CountTokens, most: dict[HeadingPath, int]
) -> list[tuple[Span, int, int]]:
    """Pieces with their tokens and block; what is too long is cut, and cut again, until no part is."""
    text = document.text
    limits = [most[document.sections[document.blocks[number].section].path] for _, number in some]
    counted = count_tokens([span.of(text) for span, _ in some])
    parts = [(span, tokens, piece) for piece, ((span, _), tokens) in enumerate(zip(some, counted, strict=True))]
    while long := [place for place, part in enumerate(parts) if _is_long(part[0], part[1], limits[part[2]])]:
        shorter = [_shorter(text, parts[place][0], document.language) for place in long]
        counts = iter(count_tokens([span.of(text) for spans in shorter for span in spans]))
        cut = dict(zip(long, shorter, strict=True))
        parts = [
            made
            for place, (span, tokens, piece) in enumerate(parts)
            for made in (
                [(part, next(counts), piece) for part in cut[place]] if place in cut else [(span, tokens, piece)]
            )
        ]
    return [(span, tokens, some[piece][1]) for span, tokens, piece in parts]


def _is_long(span: Span, tokens: int, most: int) -> bool:
    return (tokens > most or len(span) > MOST_CHARACTERS) and len(span) > 1


def _shorter(text: str, span: Span, language: str) -> list[Span]:
    """Parts of what is too long: an item is cut at its sentences, a sentence at a space, and a word anywhere."""
    sentences = sentence_spans(text, span, language)
    return sentences if len(sentences) > 1 else _halves(text, span)


def _halves(text: str, span: Span) -> list[Span]:
    """Two parts of about one length, cut at the space (or, without one, the character) nearest the middle."""
    middle = (span.start + span.end) // 2
    reach = max(1, len(span) // 4)
    spaces = [i for i in range(middle - reach, middle + reach) if span.start < i < span.end and text[i].isspace()]
    cut = min(spaces, key=lambda i: abs(i - middle)) if spaces else middle
    parts = (Span(span.start, cut).trimmed(text), Span(cut, span.end).trimmed(text))
    return [part for part in parts if len(part)]


def _by_section(document: Document, units: Iterable[_Unit]) -> Iterator[_Section]:
    """The units of each section; a new part of it begins where no passage may go on, or it holds very many."""
    own: list[_Unit] = []
    number, whole = -1, True
    for unit in units:
        section = document.blocks[unit.block].section
        is_new = section != number
        if own and (is_new or unit.is_apart or len(own) >= _MOST_UNITS):
            yield _Section(document.sections[number], own, whole and is_new)
            own = []
        if not own:
            whole = is_new and not unit.is_apart
        own.append(unit)
        number = section
    if own:
        yield _Section(document.sections[number], own, whole)


def _join_small(sections: Iterable[_Section], small: int, most: dict[HeadingPath, int]) -> Iterator[_Group]:
    """Join small neighbouring sections of one parent. A question keeps its answer to itself: it is precise."""
    last: _Group | None = None
    open_with: _Group | None = None  # the last group, with its heading, where it may still be joined
    for section in sections:
        path, parent = section.section.path, section.section.path[:-1]
        group = _Group(path, section.units, section.units[0].span.start)
        is_small = section.may_join and group.tokens < small and path != () and not _is_question(path[-1])
        if is_small and open_with is not None and open_with.path == parent:
            joined = _Group(parent, [*open_with.units, *group.units], open_with.start, open_with.lead)
            if joined.tokens <= most[parent]:
                last = open_with = joined
                continue
        if last is not None:
            yield last
        last = group
        open_with = _Group(parent, group.units, section.section.span.start, section.lead) if is_small else None
    if last is not None:
        yield last


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


class _Measure:
    """Makes passages of runs; one that is still too long (counts do not quite add up) is halved."""

    def __init__(self, document: Document, dropped: Sequence[Span], count_tokens: CountTokens, limit: int) -> None:
        self._document = document
        self._dropped = dropped
        self._count_tokens = count_tokens
        self._limit = limit
        self._pages = [page.start for page in document.pages]

    def passages(self, runs: Iterable[_Run]) -> list[Passage]:
        """The passages of the runs, in order."""
        runs = [narrow for run in runs for narrow in self._narrowed(run)]
        made = [self._passage(run) for run in runs]
        passages: list[Passage] = []
        for run, passage, tokens in zip(runs, made, self._count_tokens([p.encoded for p in made]), strict=True):
            if tokens > self._limit and len(run.units) > 1:
                passages += self.passages(self._halved(run))
            else:
                passages.append(passage)
        return passages

    def _narrowed(self, run: _Run) -> Iterator[_Run]:
        """Parts of a run that have no more characters than a passage may, and nothing that is dropped."""
        span = Span(run.start, run.units[-1].span.end)
        if len(span) <= MOST_CHARACTERS and not overlaps(span, self._dropped):
            yield run
        elif len(run.units) > 1:
            for half in self._halved(run):
                yield from self._narrowed(half)
        else:  # without its heading, which may be as long
            yield _Run(run.path, run.units[0].span.start, run.units)

    def _halved(self, run: _Run) -> tuple[_Run, _Run]:
        middle = len(run.units) // 2
        begin = self._begin(run.units, middle)
        return _Run(run.path, run.start, run.units[:middle]), _Run(run.path, begin, run.units[middle:])

    def _begin(self, units: list[_Unit], number: int) -> int:
        """Where a run begins that is cut before this unit: at its section's heading, if that stands between."""
        document = self._document
        sections = [document.blocks[unit.block].section for unit in units[number - 1 : number + 1]]
        return document.sections[sections[1]].span.start if sections[0] != sections[1] else units[number].span.start

    def _passage(self, run: _Run) -> Passage:
        document = self._document
        span = Span(run.start, run.units[-1].span.end)
        return Passage(
            document=document.path,
            order=0,
            span=span,
            text=span.of(document.text),
            title=document.title,
            section=run.path,
            page=max(1, bisect_right(self._pages, span.start)) if self._pages else None,
            sentences=tuple(sentence for unit in run.units for sentence in unit.sentences),
            language=document.language,
        )
