"""Finds the names in a question that the cited article does not mention."""

from __future__ import annotations

import re

from ..index.generation import OpenGeneration
from ..text.acronyms import spelled_out
from ..text.names import described
from ..text.properties import searched_labels
from ..text.query_term import QueryTerm
from ..text.terms import contained_in
from ..text.visible import visible
from .answer import Answer
from .ranking import Ranking

_WORD = re.compile(r"\w+")


def unmentioned(answer: Answer, ranking: Ranking, generation: OpenGeneration) -> tuple[str, ...]:
    """The names that the article of the lead, its title, path, authors and tags do not mention; none without a lead."""
    if answer.lead is None:
        return ()
    cited = answer.citations[answer.lead.citation - 1]
    near = f"{cited.title} {cited.section} {visible(cited.text)}".casefold()
    candidates = [term for term in names(ranking) if term.word.casefold() not in near]
    document = generation.document(cited.document) if candidates else None
    if document is None:
        return ()
    about = f"{described(document.path)}\n{searched_labels(document.path, document.metadata, document.title)}"
    text = f"{cited.title}\n{about}\n{visible(document.text)}"
    words = contained_in(text, document.language)
    return tuple(
        dict.fromkeys(term.word for term in candidates if not (term.is_in(words) or spelled_out(term.word, text)))
    )


def names(ranking: Ranking) -> list[QueryTerm]:
    """The names among the terms: capitalised words of the question, but not its first, and of its carried words.

    There are none if most words of the question are capitalised, as in a heading.
    """
    words = _WORD.findall(ranking.asked)
    proper = {word for word in words[1:] if word[0].isupper() and len(word) > 1}
    if 2 * len(proper) > len(words):
        return []
    proper |= {word for word in _WORD.findall(" ".join(ranking.carried)) if word[0].isupper()}
    return [term for term in ranking.terms if term.word in proper and not term.says_little]
