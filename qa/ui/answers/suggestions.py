"""Chooses what may be asked next: about the headings and names of the cited article near the words that answered."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from itertools import chain

from ...ask.answer import Answer
from ...engine import Engine
from ...errors import QAError, QuestionError
from ...text.document import Document, Span
from ...text.properties import HEADING
from .copies import cited
from .examples import question_about

logger = logging.getLogger(__name__)

MOST = 2
_TRIES = 6  # questions that are asked to find those that are answered
# Headings that say nothing of what is below them.
_EMPTY = {
    "bibliography", "blogs", "contents", "example", "examples", "external links", "feedback",
    "feedback and suggestions", "further reading", "in this article", "introduction", "next steps", "notes", "output",
    "overview", "references", "related articles", "related content", "remarks", "see also", "signatures", "sources",
    "summary", "table of contents",
}  # fmt: skip
_AROUND = 2_000  # characters before and after the words that answered
# Capitalised words that do not begin a sentence.
_NAME = re.compile(r"(?<=[^\W\d_][ ,;(])(?:[A-Z][\w’&-]*[^\W_])(?: (?:of |the |and )?[A-Z][\w’&-]*[^\W_]){0,3}")


def suggestions(engine: Engine, answer: Answer, are_wanted: Callable[[], bool]) -> tuple[str, ...]:
    """Return up to `MOST` questions that are answered from the article of a lead, each with another sentence.

    This takes as long as some questions do; it ends early once they are no longer wanted. If anything fails, there are
    none.
    """

    def ask(question: str) -> Answer | None:
        try:
            return engine.ask(question, 1) if are_wanted() else None
        except QuestionError:  # a heading may be one that cannot be asked
            return None

    try:
        if answer.lead is None or answer.lead.is_stated:  # or it is about several articles
            return ()
        document = engine.document(cited(answer).document)
        return () if document is None else _answered(answer, document, ask)
    except QAError:  # such as an index that cannot be read: the next question says so
        return ()
    except Exception:  # an edge: the answer is there, and only this is missing
        logger.exception("what may be asked next could not be determined")
        return ()


def _answered(answer: Answer, document: Document, ask: Callable[[str], Answer | None]) -> tuple[str, ...]:
    assert answer.lead is not None
    found, said = list[str](), {answer.lead.sentence}
    for question in _candidates(answer.question, answer.lead.sentence, document)[:_TRIES]:
        other = ask(question)
        if other is None or other.lead is None or other.lead.is_stated or other.lead.sentence in said:
            continue
        if cited(other).document == document.path:
            found.append(question)
            said.add(other.lead.sentence)
        if len(found) == MOST:
            break
    return tuple(found)


def _candidates(question: str, lead: Span, document: Document) -> list[str]:
    """Questions about the headings of an article, those next to the words that answered first, then about names."""
    known = " ".join(question.split()).casefold()
    named = (each for each in chain(_headings(lead, document), _names(lead, document)) if each.casefold() not in known)
    asked = (question_about(document, each) for each in named)
    return [each for each in dict.fromkeys(asked) if each and each.casefold() != known]


def _headings(lead: Span, document: Document) -> list[str]:
    """The headings of other sections, but not those above the words that answered: what follows, then what precedes."""
    sections = [each for each in document.sections if each.path not in ((), (HEADING,), (document.title,))]
    own = next((each.path for each in sections if each.span.start <= lead.start < each.span.end), ())
    others = [each for each in sections if each.path != own[: len(each.path)]]
    others.sort(key=lambda each: (each.span.start < lead.start, abs(each.span.start - lead.start)))
    return [each.path[-1] for each in others if each.path[-1].strip(" :.").casefold() not in _EMPTY]


def _names(lead: Span, document: Document) -> list[str]:
    """The names near the words that answered, the nearest first."""
    title = document.display_title.casefold()
    matches = _NAME.finditer(document.text, max(0, lead.start - _AROUND), lead.end + _AROUND)
    near = sorted(matches, key=lambda match: abs(match.start() - lead.start))
    return [match[0] for match in near if len(match[0]) > 3 and match[0].casefold() not in title]
