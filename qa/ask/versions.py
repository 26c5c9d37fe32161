"""Leads → the same, with the units of other articles that say the same with other values; the newest of all leads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import replace
from types import MappingProxyType

from ..corpus.heads import date_from
from ..text.dates import Date, latest_date
from ..text.mentions import names_of, numbers_of
from ..text.terms import contained_in
from .lead import Leads, led_by
from .ranking import Ranking
from .units import Unit

NONE: Mapping[str, str] = MappingProxyType({})
MOST = 3  # other values that are shown
# The share of words, beside the values, that two sentences have in common if they say the same of the same thing.
_LEAST_ALIKE, _FEWEST_ALIKE = 0.8, 3
_TOKEN = re.compile(r"\w+(?:[.,:/-]\w+)*|[€$£%]")


def with_versions(
    leads: Leads, ranking: Ranking, contexts: Mapping[str, str], dates: Mapping[str, str] = NONE
) -> Leads:
    """The leads with what other articles say instead; the newest of them leads if all are dated.

    The others follow, the newest first, and those without a date last.

    Two sentences say the same with other values if they differ in hardly more than numbers or names, and whatever the
    question mentions that is near the best is near the other too. `contexts` gives title and path by document, `dates`
    the date among its properties.
    """
    best = leads.best
    if best is None:
        return leads
    same = [each for each in leads.finalists if _is_other_version(best.unit, each.unit)]
    if not same:  # as for nearly every question
        return leads
    mentioned = _mentioned(best.unit, ranking, contexts)
    others = [each for each in same if _mentioned(each.unit, ranking, contexts) >= mentioned]
    dated = [(date_of(each.unit, contexts, dates), each) for each in (best, *others)]
    if any(date is None for date, _ in dated):
        others = [each for _, each in sorted(dated[1:], key=lambda pair: pair[0] or (), reverse=True)]
        return replace(leads, others=tuple(others[:MOST]))
    newest, *older = (each for _, each in sorted(dated, key=lambda pair: pair[0] or (), reverse=True))
    if newest is not best:
        leads = led_by(leads, newest, ranking, contexts)
        older = [each for each in older if _is_other_version(newest.unit, each.unit)]  # others may say what it says
    return replace(leads, others=tuple(older[:MOST]))


def _mentioned(unit: Unit, ranking: Ranking, contexts: Mapping[str, str]) -> Set[str | frozenset[str]]:
    """The words, names and numbers of a question, and the words carried into it, that are near a unit: in its passage,
    its title or its path.
    """
    near = f"{unit.passage.encoded}\n{contexts.get(unit.passage.document, '')}"
    own, folded = contained_in(near, unit.passage.language), near.casefold()
    words = (term.forms for term in ranking.terms if term.is_in(own) and not term.says_little)
    named = (*names_of(ranking.asked), *numbers_of(ranking.asked), *ranking.carried)
    return {*words, *(name for name in named if name.casefold() in folded)}


def _is_other_version(one: Unit, other: Unit) -> bool:
    if one.passage.document == other.passage.document:
        return False
    (words, values), (other_words, other_values) = _parts(one.visible_sentence), _parts(other.visible_sentence)
    common = (words & other_words).total()
    alike = common >= _FEWEST_ALIKE and 2 * common >= _LEAST_ALIKE * (words.total() + other_words.total())
    return alike and bool(values - other_values) and bool(other_values - values)


def _parts(sentence: str) -> tuple[Counter[str], Counter[str]]:
    """The words of a sentence, and its values: what has a digit or, but for its first word, a capital."""
    words, values = Counter[str](), Counter[str]()
    for number, match in enumerate(_TOKEN.finditer(sentence)):
        token = match[0]
        is_value = any(map(str.isdigit, token)) or (number > 0 and token[0].isupper())
        (values if is_value else words)[token.casefold()] += 1
    return words, values


def date_of(unit: Unit, contexts: Mapping[str, str], dates: Mapping[str, str] = NONE) -> Date | None:
    """When a sentence was written, as far as anything says so; of each place the latest date counts.

    A day or a month says it first: in the headings above the sentence (an entry of a diary), then among the properties,
    in the path, and in the title. A year in a name is often what the article is about: so what stands beside the
    sentence, and its headings, come before it, and the sentence itself is last.
    """
    start = unit.sentence.start - unit.span.start
    beside = latest_date(f"{unit.text[:start]}\n{unit.text[start + len(unit.sentence) :]}")
    document = unit.passage.document
    own, headings = dates.get(document, ""), latest_date("\n".join(unit.headings))
    written, title = date_from(own, document), latest_date(contexts.get(document, ""))
    exact = (date for date in (headings, written, title) if date is not None and date[1])
    by_year = (beside, headings, latest_date(own), title, written, latest_date(unit.visible_sentence))
    return next(exact, None) or next(filter(None, by_year), None)
