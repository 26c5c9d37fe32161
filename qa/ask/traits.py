"""Computes the features of units from which the lead and its confidence are chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import lru_cache

from ..models.protocols import AnswerSpan, Judgement, logistic
from ..text.document import Span
from ..text.kin import contained_with_kin
from ..text.mentions import names_of, numbers_of
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from .another_article import names_another_article
from .asked_number import asks_for_number, has_number
from .beside import defines_nothing, gives_another, leaves_unsaid, quotes_another
from .period import of_another_period
from .rows import Cell, is_row
from .units import Unit
from .wanted import Wanted, asked_for, names_quantity

UNREAD = -15.0  # the margin of a sentence that the reader did not reach
_MOST_PAIR = 30  # words of a name with its value
_FRAGMENT, _HEADLINE = 4, 8  # words: below these, a fragment; and, without a full stop, a heading or a label

# A sentence that only says where to read on, which answers nothing however many of the question's words it contains.
_POINTER = re.compile(
    r"(?:for (?:more|further|additional) (?:information|details|help)|to learn more"
    r"|for [^,;:.]{1,120}, (?:please )?(?:see|refer to|visit|read)\b|(?:please )?(?:see|refer to)\b)",
    re.I,
)
# "(Dollars in millions, except per share data)" above the rows of a report.
_UNIT_WORD = (
    r"(?:u\.?s\.?|all|amounts?|dollars?|euros?|pounds?|usd|eur|gbp|figures?|shares?|numbers?|values?|percentages?|ratios?|"
    r"earnings|income|data|millions?|thousands?|billions?|unaudited|in|are|of|and|or|except|per|for|the|where|as|"
    r"otherwise|noted|unless|stated|indicated|expressed)"
)
_UNITS = re.compile(
    rf"(?=.{{0,60}}\bin (?:u\.?s\.? )?(?:dollars|euros|pounds|usd|eur|gbp|millions?|thousands?|billions?)\b)"
    rf"\W*(?:{_UNIT_WORD}\b\W*){{1,20}}",
    re.I,
)
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)|https?://[^\s<>]+")
# A name with its value: "port: 8410", "KEEP_DAYS=35", "Tue: 10:00 - 17:30".
_PAIR = re.compile(r"\W{0,4}[^\W_][^\s:=|]*(?: [^\s:=|]+){0,3} ?(?:=|:(?!//|\d))\s*\S")
_RULE = re.compile(r"\| ?(?:--|:-)")  # the line below a table's header
# Scripts without spaces between words.
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_STOPS = (".", "!", "?", ";", "。", "！", "？", "।", "؟", "۔")

# English words that ask and need not occur in an answer: "What does E-71 mean?", "Which kind …?".
_FRAME = frozenset({
    "mean", "means", "meant", "stand", "stands", "happen", "happens", "happened", "go", "goes", "called", "named",
    "name", "kind", "type", "sort", "tell", "say", "says", "list", "command",
})  # fmt: skip


def shape(unit: Unit) -> dict[str, float]:
    """The kind of text that a unit is, as zeros and ones."""
    text = unit.visible_sentence.strip()
    words = max(len(text.split()), len(_DENSE.findall(text)) // 2)
    row, introduces = is_row(text), text.endswith(":") and len(unit.span) > len(unit.sentence)
    pair = not row and len(text.split()) <= _MOST_PAIR and _PAIR.match(text) is not None
    return {
        "row": float(row),
        "pair": float(pair),
        "colon": float(unit.text.rstrip().endswith(":")),
        "introduces": float(introduces),
        "question": float(text.endswith(("?", "？", "؟"))),
        "link": float(is_all_links(unit.sentence_text)),
        "heading": float(text.startswith("#") or _RULE.search(text) is not None),
        "fragment": float(words < _FRAGMENT),
        "headline": float(words < _HEADLINE and not (row or pair or introduces) and not text.endswith(_STOPS)),
        "pointer": float(is_pointer(text)),
    }


def is_all_links(text: str) -> bool:
    """Whether a text consists of one or more links in Markdown, or addresses, and marks between them."""
    rest, links = _LINK.subn("", text)
    return links > 0 and re.search(r"\w", rest) is None


def is_pointer(text: str) -> bool:
    """Whether a sentence only says where to read on."""
    return _POINTER.match(text) is not None


def says_units(text: str) -> bool:
    """Whether a line only says in what units the numbers below it are."""
    return _UNITS.fullmatch(" ".join(text.split())) is not None


def words_in(own: Set[str], above: Set[str], before: Set[str], terms: Sequence[QueryTerm]) -> dict[str, float]:
    """The shares, by weight, of the question's terms that a unit contains, that only what it stands under contains, and
    that only the sentence before it does.
    """
    shared = from_above = from_before = 0.0
    for term in terms:
        if term.is_in(own):
            shared += term.weight
        elif term.is_in(above):
            from_above += term.weight
        elif term.is_in(before) and not (term.alternatives and term.is_in(own | above)):
            from_before += term.weight
    every = total(terms)
    return {"share": shared / every, "above": from_above / every, "before": from_before / every}


def numbers_in(unit: Unit, question: str) -> float:
    """The share of the question's numbers that the quoted text or its headings contain; 0 if it has none.

    None count for a unit that says it is of another quarter or year, whatever its title says.
    """
    asked = _numbers(question)
    if not asked or of_another_period(question, unit):
        return 0.0
    own = _numbers("\n".join((unit.visible, unit.passage.title, *unit.headings)))
    return len(asked & own) / len(asked)


def kind_missing(unit: Unit, wanted: Wanted | None) -> float:
    """1 if the quoted text has nothing of the kind that the question asks for, ½ if only its neighbours have.

    A row is read with the names of its columns, which may say the unit.
    """
    if wanted is None:
        return 0.0
    if wanted.may_be_hidden:
        own, quoted = unit.sentence_text, unit.text
    else:
        own, quoted = unit.visible_sentence if unit.row is None else unit.row.text, unit.visible
    return 0.0 if wanted.is_in(own) else 0.5 if wanted.is_in(quoted) else 1.0


def read_in(unit: Unit, judgement: Judgement) -> dict[str, float]:
    """What the reader says of the unit's passage and of the unit in it."""
    found = judgement.answer_in(unit.sentence)
    margin = UNREAD if found is None else found.margin
    whole = 0.0 if found is None else found.unit
    return {
        "relevance": judgement.relevance,
        "likely_relevant": logistic(judgement.relevance),
        "margin": margin,
        "likely_answer": logistic(margin),
        "unit": whole,
        "likely_unit": logistic(whole),
    }


def read_alone(judgement: Judgement) -> dict[str, float]:
    """The features from the judgement of a unit's sentence that was read alone."""
    margin = UNREAD if judgement.margin is None else judgement.margin
    return {
        "alone_relevance": judgement.relevance,
        "likely_alone": logistic(judgement.relevance / 2),
        "alone_margin": margin,
        "alone_unit": judgement.unit,
    }


def lacks(
    question: str, unit: Unit, terms: Sequence[QueryTerm], context: str, found: Sequence[Passage]
) -> dict[str, float]:
    """What the question mentions but neither the unit's passage nor its `context` (title and path) contains.

    `number_missing` says whether a number is, `names_missing` is the share of its names that are, and `word_missing`
    the weight of the heaviest word that the quoted text, its headings and the context lack, as a share of the heaviest;
    words that only ask do not count, nor those for a quantity that the quoted text holds. `no_number` says whether the
    question asks for a number and the sentence has none, `cell` whether the unit is a row with a cell that is asked
    for, and `beside` whether it answers another question (qa/ask/beside.py), is from another article than the one that
    the question names (qa/ask/another_article.py; `found` are the passages that were found), or is quoted without the
    telephone number or address that is asked for, which always look like one.
    """
    near, language = f"{unit.passage.encoded}\n{context}", unit.passage.language
    numbers, names = _numbers(question), names_of(question)
    folded, related = near.casefold(), contained_with_kin(near, language)
    own = contained_with_kin(f"{unit.visible}\n{'. '.join(unit.headings)}\n{context}", language)
    heaviest = max((term.weight for term in terms), default=0.0) or 1.0
    wanted = asked_for(question)
    holds_it = wanted is not None and not kind_missing(unit, wanted)
    no_contact = wanted is not None and wanted.may_be_hidden and kind_missing(unit, wanted) == 1
    missing = [
        term.weight
        for term in terms
        if not (term.is_in(own) or term.word.casefold() in _FRAME or (holds_it and names_quantity(term.word)))
    ]
    return {
        "number_missing": float(not numbers <= _numbers(near)),
        "names_missing": _share_missing(names, folded, related, language),
        "word_missing": max(missing, default=0.0) / heaviest,
        "no_number": float(asks_for_number(question, language) and not has_number(unit.visible_sentence, language)),
        "cell": float(asked_cell(unit, terms) is not None),
        "beside": float(
            no_contact
            or gives_another(question, unit, near)
            or leaves_unsaid(question, unit)
            or quotes_another(question, unit)
            or defines_nothing(question, unit)
            or names_another_article(question, unit.passage, near, found)
        ),
    }


def _share_missing(names: Sequence[str], folded: str, related: Set[str], language: str) -> float:
    """The share of the names that a text contains neither as they are written nor in another form."""
    missing = [name for name in names if name.casefold() not in folded]
    missing = [name for name in missing if not contained_with_kin(name, language) & related]
    return len(missing) / len(names) if names else 0.0


def share(terms: Sequence[QueryTerm], words: Set[str]) -> float:
    """The share of the terms, by weight, that are among `words`."""
    return sum(term.weight for term in terms if term.is_in(words)) / total(terms)


def total(terms: Sequence[QueryTerm]) -> float:
    """The weight of all terms; 1 if there are none."""
    return sum(term.weight for term in terms) or 1.0


def likeliest(unit: Unit, judgement: Judgement | None) -> AnswerSpan | None:
    """The likeliest answer inside a unit's sentence, if the reader read it."""
    return None if judgement is None else judgement.answer_in(unit.sentence)


def likeliest_cell(unit: Unit, judgement: Judgement, terms: Sequence[QueryTerm]) -> AnswerSpan | None:
    """The cell of a row that answers: the one asked for, or else the reader's if the question does not contain it."""
    row, found = unit.row, judgement.answers[0] if judgement.answers else None
    if row is None or found is None:
        return None
    cell = asked_cell(unit, terms) or row.cell_at(found.span.start)
    if cell is None or share(terms, contained_with_kin(cell.text, unit.passage.language)):
        return None
    start = unit.span.start
    return replace(found, sentence=unit.sentence, span=Span(start + cell.span.start, start + cell.span.end))


def asked_cell(unit: Unit, terms: Sequence[QueryTerm]) -> Cell | None:
    """The cell of a row whose column the question names, if it names the row by another cell; None if several are."""
    row, language = unit.row, unit.passage.language
    if row is None:
        return None
    names_row = [share(terms, contained_with_kin(cell.text, language)) > 0 for cell in row.cells]
    asked = [
        (share(terms, contained_with_kin(cell.column, language)), number)
        for number, cell in enumerate(row.cells)
        if not names_row[number]
    ]
    most = max(asked, default=(0.0, 0))
    is_one = [named for named, _ in asked].count(most[0]) == 1
    return row.cells[most[1]] if most[0] and is_one and any(names_row) else None


@lru_cache(maxsize=64)  # a question is asked of each unit
def _numbers(text: str) -> frozenset[str]:
    return frozenset(number.casefold() for number in numbers_of(text))
