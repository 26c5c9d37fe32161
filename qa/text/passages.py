"""Document → Passages: literal slices of about one idea each, cut at headings, paragraphs and sentences.

They are made one after the other, so that a text of any length needs the memory of one stretch of it. It knows nothing
about files, models (it is given a function that counts tokens) or indexes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .data_addresses import data_addresses
from .document import Document, Span
from .packing import HeadingPath, Run, Unit, by_section, join_small, pack
from .passage import MOST_CHARACTERS, Passage, context
from .pieces import overlaps, pieces, sentences_of
from .sentences import sentence_spans

CountTokens = Callable[[Sequence[str]], list[int]]

_SPECIAL_TOKENS = 2
_LEAST_TOKENS = 16  # of text in a passage, however long its title is
_SPARE_TOKENS = 6  # the full stops between title, heading path and text, and tokenisers that are not additive
_COUNTED, _COUNTED_CHARACTERS = 2_000, 500_000  # pieces whose tokens are counted together


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
        Run(paths[group.path], group.start if run[0] is group.units[0] else run[0].span.start, run)
        for group in join_small(by_section(document, units), settings.small, most)
        for run in pack(group, document.blocks, most[group.path])
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
) -> Iterator[Unit]:
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
            yield Unit(
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


class _Measure:
    """Makes passages of runs; one that is still too long (counts do not quite add up) is halved."""

    def __init__(self, document: Document, dropped: Sequence[Span], count_tokens: CountTokens, limit: int) -> None:
        self._document = document
        self._dropped = dropped
        self._count_tokens = count_tokens
        self._limit = limit
        self._pages = [page.start for page in document.pages]

    def passages(self, runs: Iterable[Run]) -> list[Passage]:
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

    def _narrowed(self, run: Run) -> Iterator[Run]:
        """Parts of a run that have no more characters than a passage may, and nothing that is dropped."""
        span = Span(run.start, run.units[-1].span.end)
        if len(span) <= MOST_CHARACTERS and not overlaps(span, self._dropped):
            yield run
        elif len(run.units) > 1:
            for half in self._halved(run):
                yield from self._narrowed(half)
        else:  # without its heading, which may be as long
            yield Run(run.path, run.units[0].span.start, run.units)

    def _halved(self, run: Run) -> tuple[Run, Run]:
        middle = len(run.units) // 2
        begin = self._begin(run.units, middle)
        return Run(run.path, run.start, run.units[:middle]), Run(run.path, begin, run.units[middle:])

    def _begin(self, units: list[Unit], number: int) -> int:
        """Where a run begins that is cut before this unit: at its section's heading, if that stands between."""
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
            section=run.path,
            page=max(1, bisect_right(self._pages, span.start)) if self._pages else None,
            sentences=tuple(sentence for unit in run.units for sentence in unit.sentences),
            language=document.language,
        )
