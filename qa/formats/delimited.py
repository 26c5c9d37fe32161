"""Parses CSV and TSV: rows with a text as articles of their own, any other file as one article with its table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from ..text.document import Contents
from .articles import Fields
from .builder import TextBuilder
from .decoding import Empty, decode
from .records import has_text, parse_rows
from .sheet import MAX_ROWS, first_row, write_sheet

_DELIMITERS = ",;\t|"
_SAMPLE = 200  # rows that decide on the delimiter
_NAMED = re.compile(r'sep=([^\w"\n])\n', re.IGNORECASE)  # Excel's line about the delimiter
_GAP = re.compile(r" {2,}|\t")
_COMMENT = re.compile(r"#\s*")
_MOST_LINES = 2_000  # of one cell: with more, a quotation mark was never closed


def parse_csv(path: str, data: bytes, fields: Fields) -> Contents:
    """Parse the rows of a table; `news.csv#3` is the third row below the header, not counting blank ones.

    If one of its columns contains the texts of articles, each row is an article. Otherwise the file is one article: a
    table, or a section for each row if its rows are long. Raises Unreadable if it is binary, Empty without text.
    """
    text = decode(data)
    delimiter, rows = _read(text, fields)
    start = next((n for n, row in enumerate(rows[:_SAMPLE]) if has_text(row, fields)), None)
    if start is not None:
        return _articles(path, rows[start:], delimiter, fields)
    rows = _without_open_quote(text, delimiter, rows)
    comments = [_COMMENT.sub("", delimiter.join(row), count=1) for row in rows[: first_row(rows)]]
    table = rows[len(comments) :]
    builder = TextBuilder()
    for comment in comments:
        builder.paragraph(comment)
    write_sheet(builder, table[: MAX_ROWS + 1], names_columns=True)
    document = builder.document(path)
    if not document.blocks:
        raise Empty("contains no text")
    more = f"only its first {MAX_ROWS} rows are read: split it"
    return Contents((document,), (more,) if len(table) > MAX_ROWS + 1 else ())


def _read(text: str, fields: Fields) -> tuple[str, list[list[str]]]:
    """The delimiter, and the rows that are not blank."""
    named = _NAMED.match(text)
    if named:
        return named[1], list(filter(any, _parsed(text[named.end() :], named[1])))
    delimiter = max(_DELIMITERS, key=lambda mark: _rank(text, mark, fields))
    if not any(_rank(text, delimiter, fields)[:2]):
        lines = [_GAP.split(line.strip()) for line in islice(text.split("\n"), _SAMPLE) if line.strip()]
        if len(lines) > 1 and len({*map(len, lines)}) == 1 and len(lines[0]) > 1:
            return " ", [_GAP.split(line.strip()) for line in text.split("\n") if line.strip()]
    return delimiter, list(filter(any, _parsed(text, delimiter)))


def _rank(text: str, delimiter: str, fields: Fields) -> tuple[bool, bool, int]:
    """How well a delimiter fits: whether a row names a column of texts, most rows are as wide, and how wide."""
    rows = list(islice(filter(any, _parsed(text, delimiter)), _SAMPLE))
    widths = Counter(map(len, rows))
    width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
    named = any(has_text(row, fields) for row in rows[:1])
    return named, width > 1 and count >= 0.8 * len(rows), width if count > len(rows) / 2 or named else 1


def _without_open_quote(text: str, delimiter: str, rows: list[list[str]]) -> list[list[str]]:
    """The rows; if a quotation mark was never closed, and a cell has thousands of lines, without quotation."""
    if any(cell.count("\n") > _MOST_LINES for row in rows for cell in row if len(cell) > _MOST_LINES):
        return list(filter(any, _parsed(text, delimiter, csv.QUOTE_NONE)))
    return rows


def _parsed(text: str, delimiter: str, quoting: Any = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # no cell is longer than its file
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)


def _articles(path: str, rows: Sequence[list[str]], delimiter: str, fields: Fields) -> Contents:
    """An article for each row below the header, which is the first."""
    header = rows[0]
    uneven = sum(len(row) != len(header) for row in rows[1:])
    contents = parse_rows(path, header, (_fitted(row, len(header), delimiter) for row in rows[1:]), fields)
    if not uneven:
        return contents
    problem = f"{'1 row has' if uneven == 1 else f'{uneven} rows have'} more or fewer cells than the header"
    return replace(contents, problems=(*contents.problems, problem))


def _fitted(row: list[str], width: int, delimiter: str) -> list[str]:
    """The cells of a row; a text in the last column may contain unquoted delimiters."""
    return [*row[: width - 1], delimiter.join(row[width - 1 :])]
