"""Recognises units that answer a question beside the one asked: of another year, version or person, or without ranking.

No model learns this from the few such questions that there are to fit on, and each is a wrong answer.
"""

from __future__ import annotations

import re

from ..text.dates import Date, dates_in, may_be_same
from ..text.message_heads import sender_of, text_of
from ..text.names import described
from .another_name import names_another
from .period import of_another_period
from .rows import is_row
from .units import Unit

# What is asked of one value and answered of another: a year, a version, a code, a part number, "the first quarter".
_VALUE = re.compile(
    r"(?<![\w.,/-])(?:(?P<year>1[5-9]\d\d|20\d\d)(?![\w.,/-]*\d)"
    r"|(?P<code>[a-z]{1,4}[.-]?\d[\w.,/-]*\w|[a-z]{1,4}-?\d|\d+(?:[./-]\w+)+|0x[0-9a-f]+)"
    r"|(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\s+(?P<nth>[a-z]+))\b"
)
# An option of a program: /MD, --watch.
_OPTION = re.compile(r"(?<![\w/.])(?:/|--?)(?P<name>[a-z][\w:+-]*)(?![\w/.]*/)", re.I)
_DIGITS, _LETTERS_AFTER = re.compile(r"\d+"), re.compile(r"(?<=[\W\d])[a-z]+(?![a-z])")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")  # also in FY2019, 2019-12-31 and 2019/20
# English words of degree. "Best", "at least", "most of" and "most recent" rank nothing by a measure.
_DEGREE = (
    r"(?:long|short|larg|small|bigg|high|low|old|young|tall|heavi|light|fast|slow|cheap|strong|weak|deep|shallow|wid|"
    r"narrow|thick|thinn|rich|poor|hott|cold|warm|cool|busi|few|great|near|close)"
)
_SUPERLATIVE = re.compile(rf"\b(?:{_DEGREE}est|(?<!at )least|(?<!at )most(?! of\b| recent))\b", re.I)
# What says as much in a text, without being asked for in these words.
_EXTREME = re.compile(r"\b(?:maximum|minimum|max|min|main|chief|primary|top|record|commonest|leading)\b", re.I)
_COMPARATIVE = re.compile(rf"\b(?:{_DEGREE}e?r|more|less|better|worse|than)\b", re.I)
# Asks for the neighbour of a row, which no row says of itself.
_NEIGHBOUR = re.compile(
    r"\b(?:comes?|came|listed|immediately|directly|right|just|next)\s+(?:before|after)\b|\b(?:previous|next|prior)\s+to\b",
    re.I,
)
_CHOICE = re.compile(r"\bor\b", re.I)
_NEGATED = re.compile(r"^\W*(?:which|who|what)\b.*(?:\b(?:not|except|without|never)\b|n['’]t\b)", re.I)
_NEGATION = re.compile(
    r"\b(?:no|not|none|nor|never|neither|without|except|excluding|unless|cannot|avoid|"
    r"forbidden|prohibited|ineligible|exempt|lacks?|fails?|free of|un\w{4,}|non-?\w+)\b|n['’]t\b",
    re.I,
)
# "What did Anna say …?", "Why can Tom not …?"
_SUBJECT = re.compile(
    r"\b(?:did|does|do|has|have|had|is|was|can|could|will|would|shall|should|must)(?:n?['’]t)?\s+([A-Z]\w{2,})"
)
_ASKS = re.compile(r"(?:[^.!?…]|[.!?…](?!\s))+[?？؟]\s*")  # one sentence
_DEFINITION = re.compile(
    r"^\W*(?:what\s+(?:is|are)\s+(?:an?\s+)?(?!the\b|my\b|our\b|your\b)[\w-]+(?:\s+[\w-]+)?\W*$|define\b)", re.I
)
_COMMENT = re.compile(r"\s*(?://|/\*|#\s?include\b)")
_STATEMENT = re.compile(r"(?=.*(?:[={}]|\w\(|::|->)).*[;{}]\s*", re.DOTALL)  # an item of a list may end with ; too
_WHICH = re.compile(r"\b(?:which|who|what|name)\b", re.I)


def gives_another(question: str, unit: Unit, near: str) -> bool:
    """Whether a name, day, year, version or code of the question is not `near` the unit, which has another of its kind.

    A quarter or year must moreover be the one that stands nearest to the unit (qa/ask/period.py), and an option of a
    program must be near whatever else is.
    """
    if _another_day(question, unit, near) or of_another_period(question, unit) or _lacks_option(question, near):
        return True
    if names_another(question, unit.visible, near):
        return True
    asked, known = _values(question), {*_values(near), *_YEAR.findall(near)}
    missing = {kind for value, kind in asked.items() if value not in known}
    return not missing.isdisjoint(_values(unit.visible).values())


def quotes_another(question: str, unit: Unit) -> bool:
    """Whether the unit is a message that only asks, or does not name the person whose words or deeds are asked for."""
    if _ASKS.fullmatch(text_of(unit.visible_sentence)):
        return True
    asked = [name.casefold() for name in _SUBJECT.findall(question)]
    named = next((each for each in (unit.visible_sentence, *reversed(unit.headings)) if sender_of(each)), "")
    text = f"{named}\n{unit.visible}".casefold()
    return bool(asked and named) and not any(name in text for name in asked)


def defines_nothing(question: str, unit: Unit) -> bool:
    """Whether the question asks what something is, and the unit is a line of code, which only uses it."""
    is_code = _COMMENT.match(unit.visible_sentence) or _STATEMENT.fullmatch(unit.visible_sentence)
    return bool(is_code and _DEFINITION.search(question))


def leaves_unsaid(question: str, unit: Unit) -> bool:
    """Whether the question ranks, compares or negates, and neither the quoted text nor its headings do."""
    text = "\n".join((unit.visible, *unit.headings))
    if _COMPARATIVE.search(question) and _CHOICE.search(question):
        return not (_COMPARATIVE.search(text) or _SUPERLATIVE.search(text))
    if _NEIGHBOUR.search(question) and is_row(unit.text):
        return True
    if not _WHICH.search(question):
        return False
    if _SUPERLATIVE.search(question):
        return not (_SUPERLATIVE.search(text) or _EXTREME.search(text))
    return _NEGATED.search(question) is not None and not _NEGATION.search(text)


def _another_day(question: str, unit: Unit, near: str) -> bool:
    """Whether no day or month of the question is near a unit, and its text, title or name gives another one."""
    asked = _days(question)
    if not asked or any(may_be_same(one, other) for one in asked for other in _days(near)):
        return False
    return bool(_days(f"{unit.visible}\n{unit.passage.title}\n{described(unit.passage.document)}"))


def _lacks_option(question: str, near: str) -> bool:
    """Whether an option of a program that is asked for is nowhere near: the "md" of `plan.md` is no /MD."""
    names = (re.escape(match["name"].rstrip(":-")) for match in _OPTION.finditer(question))
    return any(re.search(rf"(?<![\w.]){name}(?!\w)", near, re.I) is None for name in names)


def _days(text: str) -> list[Date]:
    return [found for _, found in dates_in(text) if found[1]]


def _values(text: str) -> dict[str, str]:
    """The years, versions, codes and ordinals in a text, each with the pattern that those of its kind share."""
    found = {}
    for match in _VALUE.finditer(text.casefold()):
        kind = match.lastgroup or ""
        found[match[0]] = _pattern(match[0]) if kind == "code" else f"{kind} {match['nth'] or ''}"
    return found


def _pattern(code: str) -> str:
    """What codes of one kind share: the letters that they begin with, and where further letters and numbers stand."""
    return _LETTERS_AFTER.sub("a", _DIGITS.sub("0", code))
