"""Puts tables together that go on overleaf, with their header once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..tables import has_header
from .pieces import Piece

_MAX_HEADER = 4  # rows of a header that may be repeated
_SAME_EDGE = 2.0  # in font sizes: how far the left edges of the parts of a table may be apart
_LEADS = r"\s(?:on|from|overleaf|of|auf|von|der|the|next|previous|following|nächsten|vorherigen|seite|page)\b"
_SAYS_SO = re.compile(
    r"(?:(?:table|tab\.|tabelle|tableau|tabla)\s.{0,80})?\(?\b"
    r"(?:cont(?:inued|inues|inuation|['’]d|\.)|fortsetzung|fortgesetzt|suite|continuación)(?![^\W_])"
    rf"(?:{_LEADS}(?:(?!{_LEADS}).){{0,20}})*\W*",
    re.IGNORECASE,
)


def with_continued(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with each table that goes on at the top of the next page joined to its beginning.

    A repeated header is left out, and so is what only says that the table goes on. If notes or comments stand between
    the parts, the second stays a table of its own, with the header.
    """
    result: list[Piece] = []
    for number, piece in enumerate(pieces):
        if _says_so(piece, pieces, number):
            continue
        at = _beginning(result, piece) if piece.kind == "table" else None
        rows = None if at is None else _rest(result[at], piece)
        if at is None or rows is None:
            result.append(piece)
        elif at < len(result) - 1:
            header = result[at].rows[:1] if has_header(result[at].rows) else ()
            result.append(replace(piece, rows=(*header, *rows)))
        else:
            table = result[at]
            begins = (*table.begins, len(table.rows))
            result[at] = replace(table, rows=(*table.rows, *rows), begins=begins)
    return result


def last_page(piece: Piece) -> int:
    """The page on which a piece ends, if it is a table."""
    return piece.page + len(piece.begins)


def _says_so(piece: Piece, pieces: Sequence[Piece], number: int) -> bool:
    """Whether a piece says only that the table beside it goes on."""
    if piece.kind != "paragraph" or len(piece.lines) > 1 or not _SAYS_SO.fullmatch(piece.lines[0]):
        return False
    beside = (*pieces[max(0, number - 1) : number], *pieces[number + 1 : number + 2])
    return any(each.kind == "table" for each in beside)


def _beginning(before: Sequence[Piece], piece: Piece) -> int | None:
    """The table that may go on in `piece`: the last of the page before, apart from notes."""
    at = len(before) - 1
    while at >= 0 and before[at].kind == "note":
        at -= 1
    return at if at >= 0 and before[at].kind == "table" and last_page(before[at]) == piece.page - 1 else None


def _rest(table: Piece, piece: Piece) -> tuple[tuple[str, ...], ...] | None:
    """The rows of `piece` without a repeated header if they go on with a table; None if they are another."""
    same = 0
    while same < min(_MAX_HEADER, len(table.rows), len(piece.rows)) and table.rows[same] == piece.rows[same]:
        same += 1
    if same:
        return piece.rows[same:]
    are_alike = (
        max(map(len, table.rows)) == max(map(len, piece.rows))
        and abs(table.left - piece.left) < _SAME_EDGE * piece.size
        and abs(table.size - piece.size) < 0.1 * piece.size
    )
    return piece.rows if are_alike and not has_header(piece.rows) else None
