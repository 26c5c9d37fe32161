"""Packs units of text under their headings into runs of about equal length, each of which becomes a passage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from .document import APART, Block, BlockKind, Document, Section, Span

HeadingPath = tuple[str, ...]
# The cost of a cut inside a block that fits into a passage, and inside a longer one; an empty passage costs 1.
CUT_COST: dict[BlockKind, float] = {"paragraph": 0.1, "list": 0.3, "table": 9.0, "code": 9.0, "message": 0.1}
CUT_COST_LONG = 0.1
MAX_UNITS = 20_000  # of a section that are packed together: each takes a kilobyte


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item, table row or line of code with its tokens; it is cut only if it alone is too long.

    `gap` is the number of tokens between the previous unit and this one (the rule of a table, a comment, a heading),
    which a passage with both units contains too; `lead` is the number between the start of its section and the unit.
    A unit `is_apart` if a passage cannot contain one or the other.
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
    """Units that may share a passage: those of one section, or of small neighbouring sections under one heading.

    `start` is the start of the first unit or, for joined sections, of the first heading, so that no heading is lost.
    `lead` is the number of tokens between `start` and the first unit.
    """

    path: tuple[str, ...]
    units: list[Unit]
    start: int
    lead: int = 0

    @property
    def tokens(self) -> int:
        return self.lead + sum(unit.tokens for unit in self.units) + sum(unit.gap for unit in self.units[1:])


@dataclass(frozen=True, slots=True)
class SectionUnits:
    """The units of a section, or of a part of a very long one; only a whole section `may_join` others."""

    section: Section
    units: list[Unit]
    may_join: bool

    @property
    def lead(self) -> int:
        """The number of tokens of its heading."""
        return self.units[0].lead


@dataclass(frozen=True, slots=True)
class Run:
    """The extent of one passage: from `start` to the end of the last unit, under the headings `path`."""

    path: HeadingPath
    start: int
    units: list[Unit]


def by_section(document: Document, units: Iterable[Unit]) -> Iterator[SectionUnits]:
    """Group units by section; a section is divided before a unit that is apart, and after MAX_UNITS units."""
    group: list[Unit] = []
    number, whole = -1, True
    for unit in units:
        section = document.blocks[unit.block].section
        is_new = section != number
        if group and (is_new or unit.is_apart or len(group) >= MAX_UNITS):
            yield SectionUnits(document.sections[number], group, whole and is_new)
            group = []
        if not group:
            whole = is_new and not unit.is_apart
        group.append(unit)
        number = section
    if group:
        yield SectionUnits(document.sections[number], group, whole)


def join_small(sections: Iterable[SectionUnits], small: int, most: dict[HeadingPath, int]) -> Iterator[Group]:
    """Join small neighbouring sections of one parent, except those whose heading is a question: they stay precise."""
    last: Group | None = None
    joinable: Group | None = None  # the last group, with its heading, if it may still be joined
    for section in sections:
        path, parent = section.section.path, section.section.path[:-1]
        group = Group(path, section.units, section.units[0].span.start)
        may_join = section.may_join and section.section.level < APART
        is_small = may_join and group.tokens < small and path != () and not _is_question(path[-1])
        if is_small and joinable is not None and joinable.path == parent:
            joined = Group(parent, [*joinable.units, *group.units], joinable.start, joinable.lead)
            if joined.tokens <= most[parent]:
                last = joinable = joined
                continue
        if last is not None:
            yield last
        last = group
        joinable = Group(parent, group.units, section.section.span.start, section.lead) if is_small else None
    if last is not None:
        yield last


def _is_question(heading: str) -> bool:
    return heading.rstrip("*_\"'”’) ").endswith(("?", "？"))


def pack(group: Group, blocks: tuple[Block, ...], most: int) -> list[list[Unit]]:
    """Cut a group into runs of about equal length, at most `most` tokens each, preferably at the ends of blocks.

    Finds the cheapest cuts by dynamic programming. A run costs the square of its relative distance from the target
    length, so that no short rest remains, and a cut inside a block has a cost (`CUT_COST`).
    """
    units = group.units
    if group.tokens <= most:
        return [units]
    target = group.tokens / math.ceil(group.tokens / most)
    cuts = np.array(_cut_costs(units, blocks, most))
    # Where each unit begins and ends, in tokens from the start of the first.
    ends = list(accumulate(unit.tokens + (unit.gap if number else 0) for number, unit in enumerate(units)))
    begins = np.array([end - unit.tokens for end, unit in zip(ends, units, strict=True)])
    begins[0] -= group.lead
    best = np.full(len(units) + 1, math.inf)
    best[0] = 0.0
    run_starts = [0] * (len(units) + 1)  # of the best run that ends before each unit
    first = 0
    for end in range(1, len(units) + 1):
        while first + 1 < end and ends[end - 1] - begins[first] > most:
            first += 1
        lengths = ends[end - 1] - begins[first:end]
        costs = (best[first:end] + cuts[first:end] + (lengths / target - 1) ** 2)[::-1]
        cheapest = int(costs.argmin())  # the shortest run, if several cost the same
        best[end], run_starts[end] = costs[cheapest], end - 1 - cheapest
    runs: list[list[Unit]] = []
    end = len(units)
    while end:
        runs.append(units[run_starts[end] : end])
        end = run_starts[end]
    return runs[::-1]


def _cut_costs(units: list[Unit], blocks: tuple[Block, ...], most: int) -> list[float]:
    """The cost of a cut before each unit; zero at the start of a block."""
    block_tokens: dict[int, int] = {}
    for unit in units:
        if unit.block in block_tokens:
            block_tokens[unit.block] += unit.gap + unit.tokens
        else:
            block_tokens[unit.block] = unit.tokens
    costs = [0.0]
    for previous, unit in pairwise(units):
        inside = CUT_COST[blocks[unit.block].kind] if block_tokens[unit.block] <= most else CUT_COST_LONG
        costs.append(inside if previous.block == unit.block else 0.0)
    return costs
