"""Finds the short answer in a lead: the few words that answer, if the question asks for no more; or a row's cell."""

from __future__ import annotations

import re
from dataclasses import replace

from ..text.document import Span
from ..text.kin import with_kin
from .candidates import Candidate
from .ranking import Ranking
from .rows import TableRow
from .traits import asked_cell

# The least margin of a short answer: how much likelier it is than no answer, as a difference of logits.
SURE_MARGIN = 1.0
# Part of a link's target is never an answer.
_ADDRESS = re.compile(r"\]\([^()\s]*\)|\bhttps?://\S+")
# English questions that need a sentence or a list: a reason or a way, "yes" or "no", several things, a description.
_SENTENCE = re.compile(
    r"^\W*(?:(?:and|but|so|or|then|also)\W+)?(?:"
    r"(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)(?:n['’]t)?\s"
    r"|(?:describe|explain|compare|summari[sz]e|discuss|list|tell)\b|name\s(?!an?\b|one\b)"
    r"|how(?:\s+(?:come|so|about)\b|(?!\s+(?:many|much|long|old|far|often|tall|big|large|small|high|low|deep|wide|fast"
    r"|quickly|heavy|hot|cold|late|early|soon|few|strong|thick|expensive|likely|frequently)\b)))"
    r"|\bwhy\b|\bfor what (?:reason|purpose)"
    r"|\b(?:what|which)\s+(?:are|were)\b"
    r"|\b(?:what|which)\s+(?:(?:two|three|four|five|six|several|kinds|types|sorts)\b"
    r"|(?:[\w'’-]+\s+){0,2}?[\w'’-]+(?<![su'’i])s\s+(?:are|were|do|did|have|can|could|will|would|should|must)\b)",
    re.I,
)


def short_answer(ranking: Ranking, lead: Candidate | None) -> Span | None:
    """The short answer, if the reader is sure of it and the question asks for no more than a few words."""
    answer = None if lead is None else lead.answer
    if (
        lead is None
        or answer is None
        or answer.margin < SURE_MARGIN
        or not len(answer.span)
        or needs_a_sentence(ranking)
    ):
        return None
    start = answer.span.start - lead.unit.sentence.start
    addresses = _ADDRESS.finditer(lead.unit.sentence_text)
    return None if any(match.start() < start < match.end() for match in addresses) else answer.span


def row_of(candidate: Candidate, ranking: Ranking) -> TableRow | None:
    """The row that a candidate quotes, with the cell that answers; None if it is in no row.

    That cell is in the column that the question names, or the reader's. If neither is certain, none is marked.
    """
    unit, answer = candidate.unit, candidate.answer
    row = unit.shown_row()
    if row is None:
        return None
    named = asked_cell(unit, with_kin(ranking.terms))
    if named is not None:
        at = Span(unit.span.start + named.span.start, unit.span.start + named.span.end)
    elif answer is not None and answer.margin >= SURE_MARGIN:
        at = answer.span
    else:
        at = unit.span  # a sentence of a long cell
    asked = (number for number, cell in enumerate(row.spans) if cell.start <= at.start < at.end <= cell.end)
    return replace(row, asked=next(asked, None))


def needs_a_sentence(ranking: Ranking) -> bool:
    """Whether the question needs more than a few words: a reason, a way, "yes" or "no", several things."""
    return _SENTENCE.search(ranking.asked) is not None
