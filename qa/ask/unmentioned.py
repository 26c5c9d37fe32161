"""A question and the citation that answers it → the names in the question that stand nowhere in the cited article."""

from __future__ import annotations

import re

from ..index.generation import OpenGeneration
from ..text.query_term import QueryTerm
from ..text.terms import analyze
from .answer import Answer
from .ranking import Ranking

_WORD = re.compile(r"\w+")


def unmentioned(answer: Answer, ranking: Ranking, generation: OpenGeneration) -> tuple[str, ...]:
    """The names that stand neither in the article of the lead nor in its path; none where nothing answers."""
    if answer.lead is None:
        return ()
    cited = answer.citations[answer.lead.citation - 1]
    near = f"{cited.title} {cited.section} {cited.text}".casefold()
    asked = [term for term in names(ranking) if term.word.casefold() not in near]
    document = generation.document(cited.document) if asked else None
    if document is None:
        return ()
    path = document.path.replace("_", " ")
    held = set(analyze(f"{cited.title}\n{path}\n{document.text}", document.language))
    return tuple(dict.fromkeys(term.word for term in asked if not term.is_in(held)))


def names(ranking: Ranking) -> list[QueryTerm]:
    """The words of a question that are names: those written with a capital, but its first, where most words are not."""
    asked = _WORD.findall(ranking.asked)
    proper = {word for word in asked[1:] if word[0].isupper() and len(word) > 1}
    if 2 * len(proper) > len(asked):
        return []
    proper |= {word for word in _WORD.findall(" ".join(ranking.carried)) if word[0].isupper()}
    return [term for term in ranking.terms if term.word in proper and not term.says_little]
