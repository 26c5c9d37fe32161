"""Asks the reader for the value of one statement, and whether the other answers with its own in the same place."""

from __future__ import annotations

import math

from ..models.protocols import AnswerSpan, Reader
from ..text.document import Span
from .comparison import Pair
from .statements import Statement

_SECONDS = 5.0  # of work for one statement: far more than it takes
_LEAST_MARGIN = 2.0  # of the reader, for each of the two (docs/conflicts.md)
_SAME = 0.95  # the share of the terms of two statements that say the same
_BEFORE, _AFTER = 10, 8  # words beside a value that say what it is
_ASKED = {"number": "how many", "date": "when"}


def is_confirmed(reader: Reader | None, pair: Pair) -> bool:
    """Whether the reader finds each value in the place of the other.

    The words alone decide between versions of one article that say the same but for the value, and if it cannot read.
    """
    is_same = pair.shared >= _SAME
    found = None if reader is None or (is_same and pair.of_versions and not pair.has_code) else margin(reader, pair)
    return is_same if found is None else found >= _LEAST_MARGIN


def margin(reader: Reader, pair: Pair) -> float | None:
    """How sure the reader is that each statement answers what is asked of the other, with its own value.

    The lower of both margins; minus infinity if another part answers; None if one was not read.
    """
    sides = (pair.one, pair.at), (pair.other, pair.at_other)
    found = [_margin(reader, question(*asked, pair.kind), *other) for asked, other in (sides, sides[::-1])]
    known = [each for each in found if each is not None]
    return min(known) if len(known) == len(found) else None


def question(statement: Statement, at: tuple[int, int], kind: str) -> str:
    """What a statement answers with the words from one number up to another: they are asked for amid those around them.

    A whole long sentence asks for too much at once.
    """
    words, value = statement.words, statement.value_span(at)
    around = words.slice(max(0, at[0] - _BEFORE), at[1] + _AFTER).span
    before, after = words.text[around.start : value.start], words.text[value.end : around.end]
    return f"{before}{_ASKED[kind]}{after}?"


def _margin(reader: Reader, asked: str, statement: Statement, at: tuple[int, int]) -> float | None:
    (judgement,) = reader.read(asked, [statement.unit.alone()], _SECONDS)
    if judgement is None or not judgement.answers:
        return None
    best: AnswerSpan = max(judgement.answers, key=lambda answer: answer.margin)
    value = statement.words.slice(*at).span
    start = 0 if statement.unit.row is not None else statement.unit.sentence.start
    found = Span(best.span.start - start, best.span.end - start)
    return best.margin if found.start < value.end and value.start < found.end else -math.inf
