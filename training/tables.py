"""Handles tables that are written out with their headings, as in the sets, and as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.text.document import Span
from qa.text.sentences import sentence_spans

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_CELL = r"[^;\n]{1,120}: [^;\n]*"
_SHORT, _MOST_SHORT = 2, 0.25  # most words of a short line, and the share of short lines
_ROW = re.compile(rf"\s*{_CELL}(?:; {_CELL})+;?\s*\Z")


def unit_spans(text: str) -> list[Span]:
    """The units of a text, in order: the rows of its tables, and the sentences of all other lines.

    If many lines have only a word or two, line ends are those of elements inside sentences (links, buttons) and do not
    end sentences.
    """
    lines = [Span(*match.span()).trimmed(text) for match in _LINE.finditer(text)]
    rows = [_ROW.match(line.of(text)) is not None or " | " in line.of(text) for line in lines]
    short = sum(len(line.of(text).split()) <= _SHORT for line in lines)
    if not any(rows) and short > _MOST_SHORT * len(lines):
        return sentence_spans(text, language="en")
    return [
        unit
        for line, row in zip(lines, rows, strict=True)
        for unit in ([line] if row else sentence_spans(text, line, "en"))
    ]


def with_bars(text: str) -> str | None:
    """A table in which every row repeats the headings, rewritten as a line of headings and rows of cells between bars.

    `Fuel: 2019: 4; 2018: 5` is a row named "Fuel". None if the text is not a table of two or more rows, or the headings
    of its rows differ.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or not all(_ROW.match(line) for line in lines):
        return None
    rows = [_cells(line) for line in lines]
    named = all(row[0][0].count(": ") for row in rows)
    if named:
        rows = [_named(row) for row in rows]
    headings = [heading for heading, _ in rows[0]]
    if any([heading for heading, _ in row] != headings for row in rows):
        return None
    return "\n".join(" | ".join(cells).strip() for cells in [headings, *([cell for _, cell in row] for row in rows)])


def _cells(line: str) -> list[tuple[str, str]]:
    """The heading and cell of each part; the first heading is preceded by the row's name, if there is one."""
    parts = [part.rpartition(": ") for part in line.rstrip("; ").split("; ")]
    return [(heading, cell.strip()) for heading, _, cell in parts]


def _named(row: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    name, _, heading = row[0][0].partition(": ")
    return [("", name), (heading, row[0][1]), *row[1:]]
