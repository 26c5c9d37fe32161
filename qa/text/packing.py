"""Units of text under their headings are packed into runs of about equal length, each of which becomes a passage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from .document import Block, BlockKind, Document, Section, Span

HeadingPath = tuple[str, ...]  # of headings


# What a cut inside a block that would fit whole costs, against 1 for an empty passage; and inside a longer one.
CUT_COST: dict[BlockKind, float] = {"paragraph": 0.1, "list": 0.3, "table": 9.0, "code": 9.0}


CUT_LONG = 0.1


MOST_UNITS = 20_000  # of a section that are cut into passages together: a kilobyte each


@dataclass(frozen=True, slots=True)
class Unit:
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
class Group:
    """Units that may share a passage: one section, or small neighbours under one heading.

    `start` is the first unit's, or, of joined sections, the first heading's: no heading is lost. `lead` counts
    the tokens between `start` and the first unit.
    """

    path: tuple[str, ...]
    units: list[Unit]
    start: int
    lead: int = 0

    @property
    def tokens(self) -> int:
        return self.lead + sum(unit.tokens for unit in self.units) + sum(unit.gap for unit in self.units[1:])


@dataclass(frozen=True, slots=True)
class UnitsOfSection:
    """A section, or a part of a very long one, with its units; `may_join` says whether it is whole."""

    section: Section
    units: list[Unit]
    may_join: bool

    @property
    def lead(self) -> int:
        """The tokens of its heading."""
        return self.units[0].lead


@dataclass(frozen=True, slots=True)
class Run:
    """What becomes one passage: from `start` to the end of the last unit, under the headings `path`."""

    path: HeadingPath
    start: int
    units: list[Unit]


def by_section(document: Document, units: Iterable[Unit]) -> Iterator[UnitsOfSection]:
    """The units of each section; a new part of it begins where no passage may go on, or it holds very many."""
    own: list[Unit] = []
    number, whole = -1, True
    for unit in units:
        section = document.blocks[unit.block].section
        is_new = section != number
        if own and (is_new or unit.is_apart or len(own) >= MOST_UNITS):
            yield UnitsOfSection(document.sections[number], own, whole and is_new)
            own = []
        if not own:
            whole = is_new and not unit.is_apart
        own.append(unit)
        number = section
    if own:
        yield UnitsOfSection(document.sections[number], own, whole)


def join_small(sections: Iterable[UnitsOfSection], small: int, most: dict[HeadingPath, int]) -> Iterator[Group]:
    """Join small neighbouring sections of one parent. A question keeps its answer to itself: it is precise."""
    last: Group | None = None
    open_with: Group | None = None  # the last group, with its heading, where it may still be joined
    for section in sections:
        path, parent = section.section.path, section.section.path[:-1]
        group = Group(path, section.units, section.units[0].span.start)
        is_small = section.may_join and group.tokens < small and path != () and not _is_question(path[-1])
        if is_small and open_with is not None and open_with.path == parent:
            joined = Group(parent, [*open_with.units, *group.units], open_with.start, open_with.lead)
            if joined.tokens <= most[parent]:
                last = open_with = joined
                continue
        if last is not None:
            yield last
        last = group
        open_with = Group(parent, group.units, section.section.span.start, section.lead) if is_small else None
    if last is not None:
        yield last


def _is_question(heading: str) -> bool:
    return heading.rstrip("*_\"'”’) ").endswith(("?", "？"))


def pack(group: Group, blocks: tuple[Block, ...], most: int) -> list[list[Unit]]:
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
    runs: list[list[Unit]] = []
    end = len(units)
    while end:
        runs.append(units[opens[end] : end])
        end = opens[end]
    return runs[::-1]


def _cut_costs(units: list[Unit], blocks: tuple[Block, ...], most: int) -> list[float]:
    """What a cut before each unit costs: nothing where a block begins."""
    whole: dict[int, int] = {}
    for unit in units:
        whole[unit.block] = whole[unit.block] + unit.gap + unit.tokens if unit.block in whole else unit.tokens
    costs = [0.0]
    for before, unit in pairwise(units):
        inside = CUT_COST[blocks[unit.block].kind] if whole[unit.block] <= most else CUT_LONG
        costs.append(inside if before.block == unit.block else 0.0)
    return costs
