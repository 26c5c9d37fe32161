"""Splits a Document into Passages: literal slices of about one idea each, cut at headings, paragraphs and sentences.

Passages are produced one at a time, so that memory does not grow with the length of the text. The encoder appears here
only as a function that counts tokens.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .data_urls import data_urls
from .document import Document, Span
from .packing import Group, HeadingPath, Run, Unit, by_section, join_small, pack
from .passage import MAX_CHARACTERS, MAX_HEADING_CHARACTERS, Passage, context, header_context, header_line
from .pieces import overlaps, pieces, sentences_of
from .sentences import sentence_spans

CountTokens = Callable[[Sequence[str]], list[int]]

_SPECIAL_TOKENS = 2
_MIN_TOKENS = 16  # for the text of a passage, however long its title is
_PER_PART = 1  # token that a part may have more at its beginning, or at its end, in the passage than alone
_SPARE_TOKENS = 6  # for the full stops between title, heading path and text, and for tokenizers that are not additive
_BATCH, _BATCH_CHARACTERS = 2_000, 500_000  # most pieces, and characters, whose tokens are counted in one call


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """The length of passages, in encoder tokens; a generation built with other settings is stale.

    `most` is the longest passage that is aimed for, without its title and headings; neighbouring sections under one
    heading that are shorter than `small` are joined. `version` changes when the rules of splitting do, or
    what is encoded or searched of a passage.
    """

    most: int = 200
    small: int = 48
    version: int = 2

    def as_json(self) -> dict[str, Any]:
        """The JSON value that a manifest stores."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Splitting:
    """What splitting depends on: a function that counts tokens without special ones, the encoder's limit, settings.

    `tokenizer` is the file by which another process counts the same tokens, if there is one.
    """

    count_tokens: CountTokens
    max_tokens: int
    settings: PassageSettings = PassageSettings()
    tokenizer: Path | None = None


def split(
    document: Document, count_tokens: CountTokens, max_tokens: int, settings: PassageSettings | None = None
) -> list[Passage]:
    """The passages of one document, in order; see `iter_passages`."""
    return list(iter_passages(document, Splitting(count_tokens, max_tokens, settings or PassageSettings())))


def iter_passages(document: Document, splitting: Splitting) -> Iterator[Passage]:
    """Yield the passages of one document, in order.

    Each passage's text is `document.text[start:end]`, at most MAX_CHARACTERS long and without `data:` URLs, and its
    `encoded` text, with the special tokens, is no longer than the encoder's limit.
    """
    count_tokens, settings = splitting.count_tokens, splitting.settings
    room = splitting.max_tokens - _SPECIAL_TOKENS - _SPARE_TOKENS
    dropped = list(data_urls(document.text))
    paths, most, contexts = _fit_paths(document, count_tokens, room, settings)
    headers = _header_tokens(document, count_tokens)
    units = _units(document, dropped, count_tokens, most)
    runs = (
        Run(paths[group.path], group.start if run[0] is group.units[0] else run[0].span.start, run)
        for group in join_small(by_section(document, units), settings.small, most)
        for run in pack(group, document.blocks, _room_beside_header(group, headers, most[group.path]))
    )
    builder = _PassageBuilder(document, dropped, count_tokens, splitting.max_tokens - _SPECIAL_TOKENS, contexts)
    passages = (passage for batch in _batches(runs) for passage in builder.passages(batch))
    for order, passage in enumerate(passages):
        yield replace(passage, order=order)


def _batches(items: Iterable[Any], size: Callable[[Any], int] = lambda _: 0) -> Iterator[list[Any]]:
    """The items in batches whose tokens are counted in one call; `size` is an item's length in characters."""
    batch: list[Any] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += size(item)
        if len(batch) >= _BATCH or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _fit_paths(
    document: Document, count_tokens: CountTokens, room: int, settings: PassageSettings
) -> tuple[dict[HeadingPath, HeadingPath], dict[HeadingPath, int], dict[HeadingPath, int]]:
    """For each heading path: the part of it that is encoded, and how many tokens that leaves for the text.

    Also the tokens of the title and each such part together.

    If title and headings would leave hardly any room, headings are dropped, the outermost first, and the last one is
    shortened.
    """
    least = min(settings.small, room // 2)
    section_paths = [section.path for section in document.sections]
    paths = list(dict.fromkeys([*section_paths, *(path[:-1] for path in section_paths)]))
    fitted: dict[HeadingPath, HeadingPath] = {}
    most: dict[HeadingPath, int] = {}
    contexts: dict[HeadingPath, int] = {}
    for path, tokens in zip(paths, _count_contexts(document, paths, count_tokens), strict=True):
        shown = path
        while shown and room - tokens < least:
            half = shown[0][: len(shown[0]) // 2]
            shown = shown[1:] if len(shown) > 1 else (half.rpartition(" ")[0] or half,) if half else ()
            (tokens,) = _count_contexts(document, [shown], count_tokens)
        fitted[path], contexts[shown] = shown, tokens
        most[path] = max(_MIN_TOKENS, min(settings.most, room - tokens))
    return fitted, most, contexts


def _header_tokens(document: Document, count_tokens: CountTokens) -> dict[int, int]:
    """The tokens of each table's header, as it is repeated in every passage of the table, by number of block."""
    headers = {
        number: header_context(block.header.of(document.text))
        for number, block in enumerate(document.blocks)
        if block.header is not None
    }
    return dict(zip(headers, count_tokens(list(headers.values())), strict=True)) if headers else {}


def _room_beside_header(group: Group, headers: Mapping[int, int], most: int) -> int:
    """The tokens that a passage of a group may have if the header of its tables is to be repeated with it."""
    if not headers or group.tokens <= most:
        return most
    return max(_MIN_TOKENS, most - max(headers.get(block, 0) for block in {unit.block for unit in group.units}))


def _count_contexts(document: Document, paths: Sequence[HeadingPath], count_tokens: CountTokens) -> list[int]:
    return count_tokens([" ".join(context(document.title, path)) for path in paths])


def _units(
    document: Document, dropped: Sequence[Span], count_tokens: CountTokens, most: dict[HeadingPath, int]
) -> Iterator[Unit]:
    """Yield the units of all sections, whose tokens are counted in batches."""
    text, sections, blocks = document.text, document.sections, document.blocks
    end, last = 0, -1
    for batch in _batches(pieces(document, dropped), lambda piece: len(piece[0])):
        sized = _cut_long(document, batch, count_tokens, most)
        gaps, leads = [], []
        for span, _, number in sized:
            gaps.append(Span(end, span.start))
            section = blocks[number].section
            leads.append(Span(sections[section].span.start, span.start) if section != last else gaps[-1])
            end, last = span.end, section
        between = _count_between(text, [*gaps, *leads], count_tokens)
        for index, (span, tokens, number) in enumerate(sized):
            spaces = gaps[index], leads[index]
            yield Unit(
                span,
                max(1, tokens),
                between[index],
                between[len(gaps) + index],
                any(len(space) > MAX_CHARACTERS or overlaps(space, dropped) for space in spaces),
                number,
                sentences_of(text, span, blocks[number], document.language),
            )


def _count_between(text: str, spans: list[Span], count_tokens: CountTokens) -> list[int]:
    """The tokens of each span; 0, without counting, for a blank one or one that is too long for any passage."""
    wanted = [number for number, span in enumerate(spans) if len(span) <= MAX_CHARACTERS and span.of(text).strip()]
    counts = [0] * len(spans)
    for number, tokens in zip(wanted, count_tokens([spans[n].of(text) for n in wanted]), strict=True):
        counts[number] = tokens
    return counts


def _cut_long(
    document: Document, batch: Sequence[tuple[Span, int]], count_tokens: CountTokens, most: dict[HeadingPath, int]
) -> list[tuple[Span, int, int]]:
    """(span, tokens, block) of each piece; pieces that are too long are cut until no part is too long."""
    text = document.text
    limits = [most[document.sections[document.blocks[number].section].path] for _, number in batch]
    counts = count_tokens([span.of(text) for span, _ in batch])
    parts = [(span, tokens, piece) for piece, ((span, _), tokens) in enumerate(zip(batch, counts, strict=True))]
    while long := [index for index, part in enumerate(parts) if _is_long(part[0], part[1], limits[part[2]])]:
        shorter = [_cut(text, parts[index][0], document.language) for index in long]
        shorter_counts = iter(count_tokens([span.of(text) for spans in shorter for span in spans]))
        cut = dict(zip(long, shorter, strict=True))
        parts = [
            part
            for index, whole in enumerate(parts)
            for part in ([(span, next(shorter_counts), whole[2]) for span in cut[index]] if index in cut else [whole])
        ]
    return [(span, tokens, batch[piece][1]) for span, tokens, piece in parts]


def _is_long(span: Span, tokens: int, most: int) -> bool:
    return (tokens > most or len(span) > MAX_CHARACTERS) and len(span) > 1


def _cut(text: str, span: Span, language: str) -> list[Span]:
    """The parts of a piece that is too long: cut at its sentences, else at a space, else between characters."""
    sentences = sentence_spans(text, span, language)
    return sentences if len(sentences) > 1 else _halves(text, span)


def _halves(text: str, span: Span) -> list[Span]:
    """Two parts of about the same length, cut at the space (or, without one, the character) nearest the middle."""
    middle = (span.start + span.end) // 2
    reach = max(1, len(span) // 4)
    spaces = [i for i in range(middle - reach, middle + reach) if span.start < i < span.end and text[i].isspace()]
    cut = min(spaces, key=lambda i: abs(i - middle)) if spaces else middle
    parts = (Span(span.start, cut).trimmed(text), Span(cut, span.end).trimmed(text))
    return [part for part in parts if len(part)]


class _PassageBuilder:
    """Makes passages of runs; halves one that is still too long (token counts are not quite additive)."""

    def __init__(
        self,
        document: Document,
        dropped: Sequence[Span],
        count_tokens: CountTokens,
        limit: int,
        contexts: Mapping[HeadingPath, int],
    ) -> None:
        self._document = document
        self._dropped = dropped
        self._count_tokens = count_tokens
        self._limit = limit
        self._contexts = contexts
        self._pages = [page.start for page in document.pages]

    def passages(self, runs: Iterable[Run]) -> list[Passage]:
        """The passages of the runs, in order."""
        runs = [part for run in runs for part in self._within_limits(run)]
        candidates = [self._passage(run) for run in runs]
        unsure = [number for number, run in enumerate(runs) if not self._surely_fits(run)]
        texts = [candidates[number].encoded for number in unsure]
        counts = dict(zip(unsure, self._count_tokens(texts) if texts else (), strict=True))
        passages: list[Passage] = []
        for number, (run, passage) in enumerate(zip(runs, candidates, strict=True)):
            tokens = counts.get(number, 0)
            if tokens > self._limit and len(run.units) > 1:
                passages += self.passages(self._halves(run))
            else:  # a single row may leave no room for its header
                passages.append(passage if tokens <= self._limit else replace(passage, section=run.path))
        return passages

    def _surely_fits(self, run: Run) -> bool:
        """Whether the tokens of a run's parts, which were counted, leave no doubt that the passage is short enough.

        Tokenizers treat words apart, so only parts with a blank between them may be added up. Each may have a token
        or two less than in the passage, for its beginning and its end.
        """
        text, units = self._document.text, run.units
        if run.path not in self._contexts or self._document.blocks[units[0].block].header is not None:
            return False
        if not all(text[unit.span.start - 1].isspace() for unit in units[1:]):
            return False
        lead = units[0].lead if run.start < units[0].span.start else 0
        parts = lead + units[0].tokens + sum(unit.tokens + unit.gap for unit in units[1:])
        return self._contexts[run.path] + parts + _SPARE_TOKENS + 2 * _PER_PART * len(units) <= self._limit

    def _within_limits(self, run: Run) -> Iterator[Run]:
        """The parts of a run that are at most MAX_CHARACTERS long and contain no dropped span."""
        span = Span(run.start, run.units[-1].span.end)
        if len(span) <= MAX_CHARACTERS and not overlaps(span, self._dropped):
            yield run
        elif len(run.units) > 1:
            for half in self._halves(run):
                yield from self._within_limits(half)
        else:  # without its heading, which may be too long itself
            yield Run(run.path, run.units[0].span.start, run.units)

    def _halves(self, run: Run) -> tuple[Run, Run]:
        middle = len(run.units) // 2
        begin = self._begin(run.units, middle)
        return Run(run.path, run.start, run.units[:middle]), Run(run.path, begin, run.units[middle:])

    def _begin(self, units: list[Unit], number: int) -> int:
        """Where the run after a cut before this unit begins: at its section's heading if that is between the two."""
        document = self._document
        sections = [document.blocks[unit.block].section for unit in units[number - 1 : number + 1]]
        return document.sections[sections[1]].span.start if sections[0] != sections[1] else units[number].span.start

    def _passage(self, run: Run) -> Passage:
        document = self._document
        span = Span(run.start, run.units[-1].span.end)
        return Passage(
            document=document.path,
            order=0,
            span=span,
            text=span.of(document.text),
            title=document.title,
            section=self._path(run),
            page=max(1, bisect_right(self._pages, span.start)) if self._pages else None,
            sentences=tuple(sentence for unit in run.units for sentence in unit.sentences),
            language=document.language,
        )

    def _path(self, run: Run) -> HeadingPath:
        """The heading path of a run; if it begins below the header of a table, the header is the last part."""
        header = self._document.blocks[run.units[0].block].header
        if header is None or run.start < header.end:
            return run.path
        path = (*run.path, header_line(header.of(self._document.text)))
        return path if sum(map(len, path)) <= MAX_HEADING_CHARACTERS else run.path
