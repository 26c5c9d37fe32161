"""Writes the rows of a sheet (CSV, spreadsheet): title rows and notes, tables, and wide rows as records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import mean

from .builder import TextBuilder
from .tables import Rows, has_header, write_table

MAX_ROWS = 300_000  # of one sheet
# A row that is longer than this is hard to read under the names of its columns, and so are more columns.
_MOST_WORDS, _MOST_COLUMNS, _MOST_HEADER = 40, 12, 200
_SAMPLE = 200
_LABEL_WORDS = 8  # of a name that a record can be called by
_NAMES = re.compile(r"question|frage|title|titel|name|subject|label|product|item|article", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’)]*$")
_PROSE = 5  # words of a sentence that needs no name of a column before it


def write_sheet(builder: TextBuilder, rows: Rows, names_columns: bool = False) -> None:
    """Write the tables of a sheet, which empty rows separate, with the text above and below them.

    `names_columns` says that the first row of a table names its columns if nothing speaks against it.
    """
    for is_filled, group in groupby(rows, key=lambda row: any(map(str.strip, row))):
        if is_filled:
            _write_region(builder, _without_margin(list(group)), names_columns)


def first_row(rows: Rows) -> int:
    """The number of the first row of a table: those above it have fewer than half as many cells as most rows."""
    widths = Counter(map(_filled, rows[:_SAMPLE]))
    width = max(widths, key=lambda each: (widths[each] * (each > 1), each), default=1)
    return next((n for n, row in enumerate(rows[:_SAMPLE]) if _filled(row) > 1 and 2 * _filled(row) >= width), 0)


def _write_region(builder: TextBuilder, rows: list[Sequence[str]], names_columns: bool) -> None:
    first, last = first_row(rows), len(rows)
    width = max(map(len, rows))
    while last > first + 2 and width > 1 and _is_note(rows[last - 1], width):
        last -= 1
    for row in rows[:first]:
        builder.paragraph(" ".join(filter(None, row)))
    body = rows[first:last]
    if width == 1:
        builder.lines([row[0] for row in body])
    else:
        guess = has_header(body)
        is_named = names_columns and guess is None and all(len(cell.split()) <= _LABEL_WORDS for cell in body[0])
        if (guess or is_named) and (wanted := _record_name(body)) is not None:
            _write_records(builder, body, wanted)
        else:
            write_table(builder, body, heads=int(bool(guess or is_named)))
    for row in rows[last:]:
        builder.paragraph(" ".join(filter(None, row)))


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_note(row: Sequence[str], width: int) -> bool:
    """Whether a row below a table is a note: a text in its first cell alone."""
    return _filled(row) == 1 and bool(row[0].strip()) and (width > 2 or len(row[0].split()) > _PROSE)


def _without_margin(rows: list[Sequence[str]]) -> list[Sequence[str]]:
    """The rows without empty columns at their left."""
    margin = min(next(number for number, cell in enumerate(row) if cell.strip()) for row in rows)
    return [row[margin:] for row in rows]


# --- records ----------------------------------------------------------------------------------------------------------


def _record_name(rows: Rows) -> int | None:
    """The column that names each row, if the rows are written as records: wide ones, and questions with answers."""
    names, body = rows[0], rows[1 : _SAMPLE + 1]
    columns = [[row[number].strip() if number < len(row) else "" for row in body] for number in range(len(names))]
    questions = [n for n, column in enumerate(columns) if sum(cell.endswith("?") for cell in column) > len(column) / 2]
    if questions:
        return questions[0]
    is_wide = len(names) > _MOST_COLUMNS or sum(map(len, names)) > _MOST_HEADER
    if not is_wide and mean(sum(len(cell.split()) for cell in row) for row in body) <= _MOST_WORDS:
        return None
    labels = [n for n, column in enumerate(columns) if all(len(cell.split()) <= _LABEL_WORDS for cell in column)]
    texts = [n for n in labels if sum(map(_is_word, columns[n])) > len(body) / 2]
    return next((n for n in texts if _NAMES.search(names[n])), next(iter(texts), next(iter(labels), 0)))


def _is_word(cell: str) -> bool:
    return sum(map(str.isalpha, cell)) > len(cell) / 2


def _write_records(builder: TextBuilder, rows: Rows, named_by: int) -> None:
    """Write each row as a heading and one `name: value` line for each cell; sentences become paragraphs."""
    names = [" ".join(cell.split()) or f"column {number}" for number, cell in enumerate(rows[0], start=1)]
    for row in rows[1:]:
        heading = row[named_by] if named_by < len(row) else ""
        builder.heading(2, heading)
        lines: list[str] = []
        for name, cell in _named(names, row):
            if not cell.strip() or (cell == heading and name == names[named_by]):
                continue
            if len(cell.split()) >= _PROSE and _ENDS_SENTENCE.search(cell.rstrip()):
                builder.lines(lines)
                lines = []
                builder.paragraph(cell)
            else:
                lines.append(f"{name}: {cell}")
        builder.lines(lines)


def _named(names: Sequence[str], row: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, cell in enumerate(row):
        yield names[number] if number < len(names) else f"column {number + 1}", cell
