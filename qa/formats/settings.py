"""Parses files of settings (YAML, TOML, INI, .env) and logs: lines that can each be cited, below the names around them.

The text of the file stays as it is, and nothing is evaluated: no anchor, tag, variable or include.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ..text.document import Document, Span
from .decoding import Empty
from .outline import Outline, line_starts

_TABLE = re.compile(r"\[{1,2}[ \t]*([^\[\]\n]{1,200})\]{1,2}[ \t]*(?:[#;]|\Z)")
# A name at the left edge, whose value is on the indented lines below.
_PARENT = re.compile(
    r"""["']?([^\s#;"'{}\[\],:=-][^#"'\n:={]{0,150})["']?[ \t]*[:{][ \t]*(?:[&!|>][^\n]{0,40})?(?:#[^\n]*)?\Z"""
)
_CONTINUES = re.compile(r"[ \t]+\S|Caused by\b|Traceback\b|[}\])]")
_MOST_LINES = 400  # of one block
_LEVEL = 2  # of a heading: one of the first level would be the title


def parse_settings(path: str, text: str) -> Document:
    """Parse YAML, TOML, INI and the like: `[table]`, and a name above indented lines, are headings. Raises Empty."""
    outline = Outline(text)
    run: list[Span] = []
    is_below = False  # whether the lines are below a name, and so end where the next line at the left edge begins
    lines = [*_lines(text)]
    for number, (span, indent) in enumerate(lines):
        line = span.of(text)
        deeper = number + 1 < len(lines) and lines[number + 1][1] > 0
        heading = ""
        if indent == 0 and (table := _TABLE.match(line)):
            heading, is_below = table[1].strip(), False
        elif indent == 0 and deeper and (name := _PARENT.match(line)):
            heading, is_below = name[1].strip(), True
        elif indent == 0 and is_below and not line.startswith(("-", "}", "]", ")")):
            _end(outline, run)
            outline.heading(_LEVEL, "", Span(span.start, span.start))
            is_below = False
        if heading:
            _end(outline, run)
            outline.heading(_LEVEL, heading, span)
            continue
        after_blank = number > 0 and "\n\n" in text[lines[number - 1][0].end : span.start]
        if len(run) == _MOST_LINES or (after_blank and indent == 0):
            _end(outline, run)
        run.append(span)
    _end(outline, run)
    document = outline.document(path, "")
    if not document.blocks:  # a file of headings only
        outline = Outline(text)
        _end(outline, [span for span, _ in lines])
    return _document(outline, path)


def parse_log(path: str, text: str) -> Document:
    """Parse a log: each line with the indented lines below it, such as a stack trace, can be cited. Raises Empty."""
    outline = Outline(text)
    run: list[Span] = []
    for span, indent in _lines(text):
        if run and (indent or _CONTINUES.match(text, span.start)):
            run[-1] = Span(run[-1].start, span.end)
            continue
        if len(run) == _MOST_LINES:
            _end(outline, run)
        run.append(span)
    _end(outline, run)
    return _document(outline, path)


def _lines(text: str) -> Iterator[tuple[Span, int]]:
    """Yield each line that is not blank, without white space at either end, and its indent."""
    starts = line_starts(text)
    for start, end in pairwise(starts):
        span = Span(start, end).trimmed(text)
        if len(span):
            yield span, span.start - start


def _end(outline: Outline, run: list[Span]) -> None:
    """Add the lines as a block."""
    if run:
        outline.block("list", Span(run[0].start, run[-1].end), tuple(run))
        run.clear()


def _document(outline: Outline, path: str) -> Document:
    document = outline.document(path, "")
    if not document.blocks:
        raise Empty("contains no text")
    return document
