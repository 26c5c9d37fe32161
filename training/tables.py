"""Tables that are written out with their headings, as the sets have them, and as people write them.

It knows nothing about tokens, sets or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.text.document import Span
from qa.text.sentences import sentence_spans

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_CELL = r"[^;\n]{1,120}: [^;\n]*"
_SHORT, _MOST_SHORT = 2, 0.25  # words of a line, and the share of such lines
_ROW = re.compile(rf"\s*{_CELL}(?:; {_CELL})+;?\s*\Z")


def unit_spans(text: str) -> list[Span]:
    """The units of a text, in order: its rows of tables, and of all other lines the sentences.

    Where many lines are a word or two, they end where a page had something else inside a sentence (a link, a button):
    then they are no ends of sentences.
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
    """A table whose every row repeats its headings as a line of headings and rows of cells between bars.

    `Fuel: 2019: 4; 2018: 5` is a row that is called "Fuel". None where the text is no table of two rows or more, or
    the headings of its rows differ.
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
    """Heading and cell of each part; the first heading has the row's name before it, if it has one."""
    parts = [part.rpartition(": ") for part in line.rstrip("; ").split("; ")]
    return [(heading, cell.strip()) for heading, _, cell in parts]


def _named(row: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    name, _, heading = row[0][0].partition(": ")
    return [("", name), (heading, row[0][1]), *row[1:]]
