"""Tells whether a unit is about another quarter or year than the question asks for.

What stands nearest decides: the sentence or row itself, then what is quoted with it, then its headings. Only where none
of these says of when it is, the title and the name of the file may: "Net sales of the fourth quarter of fiscal 2022"
are not those of 2023, although the file is called 2023Q4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from ..text.dates import dates_in
from .units import Unit

_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
_YEAR = r"(?:19|20)\d\d(?:\s?[/–-]\s?\d\d(?!\d))?"
_FISCAL = r"(?:(?:fiscal|financial|business)(?:\s+years?)?|f\.?y\.?|year)"
_OF = rf"(?:\s*,?\s+|-)?(?:of\s+)?(?:the\s+)?(?:{_FISCAL}\s*)?(?P<year>{_YEAR})"
_SHORT = r"\s*(?:of\s+)?(?:fiscal\s+|fy\s?|['’]|(?<=\d[qh]))(?P<short>\d\d)(?!\w|[.,]\d|\s?%)"
# "Fourth quarter of fiscal 2022", "4Q22", "Q4 FY23", "the second half", "2023Q4", "fiscal 2022 fourth quarter".
_PART = (
    r"(?:(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th)[\s-]+(?P<long>quarter|half)(?!\w)"
    r"|(?P<letter>[qh])(?P<digit>[1-4])(?!\d)|(?P<before>[1-4])(?P<after>[qh])(?![^\W\d]))"
)
_PERIOD = re.compile(rf"(?<![\w.,$€£])(?:(?:{_FISCAL}\s*)?(?P<first>{_YEAR})[\s_-]*)?{_PART}(?:{_OF}|{_SHORT})?", re.I)
_FISCAL_YEAR = re.compile(
    rf"(?<![^\W_])(?:(?:fiscal|financial)\s+(?:year\s+)?|fy\s?)['’]?(?P<year>{_YEAR}|\d\d(?!\w|[.,]\d|\s?%))"
    rf"|(?<![\w.,$€£])(?P<before>{_YEAR})\s+(?:fiscal|financial)\s+year",
    re.I,
)
# What stands before a period with which another is only compared: "up 5 % from $49 billion in …".
_COMPARED = re.compile(
    r"\b(?:compared\s+(?:to|with)\b[^.;]{0,60}|(?:versus|vs\.?|than|from|over|against|as|like)\s+"
    r"(?:[$€£]?\d[\d.,]*\s*%?\s*(?:[mb]illion|thousand)?\s*)?(?:(?:in|for|of|during)\s+)?(?:the\s+)?(?:same\s+|prior\s+)?)$",
    re.I,
)
_CACHED = 64  # questions
_MOST_COMPARED = 90  # characters
# A year by itself is what a sentence is about where it begins the sentence, and all that a heading says.
_IN_YEAR = re.compile(
    r"(?:^|(?<=[.!?]\s))\W*(?:in|during|throughout)\s+(?:the\s+year\s+)?(?P<year>(?:19|20)\d\d)(?![\w/–-])"
    r"|^\W*(?P<alone>(?:19|20)\d\d)\W*$",
    re.I,
)
# A sum over a part of a year, which is not that of the year: "compared to the year-ago quarter", "13 Weeks Ended".
_OVER_PART = re.compile(
    r"\b(?:(?:year[- ]ago|prior[- ]year|last[- ]year(?:['’]s)?|same|comparable|corresponding)\s+quarter"
    r"|(?:for|in|during)\s+the\s+(?:current\s+|latest\s+)?quarter(?!\s+of\b)"
    r"|(?:three|six|nine|[369])[- ]months?\s+(?:period\s+)?ended"
    r"|(?:13|14|26|27|39|40)[- ]weeks?\s+(?:period\s+)?ended)\b",
    re.I,
)
_OVER_YEAR = re.compile(
    r"\b(?:(?:fiscal|financial|full|whole|calendar)[- ]years?|years?\s+ended|(?:twelve|12)[- ]months?|5[23][- ]weeks?"
    r"|annual\w*|(?:for|in|during)\s+the\s+year(?![- ]ago))\b",
    re.I,
)
_ASKS_PART = re.compile(r"\b(?:quarter|month|week|half|day|q[1-4]|[1-4]q|h[12])", re.I)
_ANY_YEAR = re.compile(r"(?<![\w.,$€£/-])(?:19|20)\d\d(?![\w/]|[.,-]\d)")


@dataclass(frozen=True, slots=True)
class Period:
    """A year, a part of one ("q4", "h1"), or both; empty where a text does not say."""

    year: str = ""
    part: str = ""

    def contradicts(self, other: Period) -> bool:
        """Whether both say a year, or a part of one, and not the same."""
        return bool(
            (self.year and other.year and self.year != other.year)
            or (self.part and other.part and self.part != other.part)
        )

    def without(self, other: Period) -> Period:
        """What of this period another does not say."""
        return replace(self, year="" if other.year else self.year, part="" if other.part else self.part)


def of_another_period(question: str, unit: Unit) -> bool:
    """Whether a unit says, or stands under what says, that it is of another quarter, half or year than is asked for.

    Of a unit that mentions several, one is enough that is asked for. A question about several is answered in part.
    """
    asked = _asked(question)
    if asked and not any(each.part for each in asked) and not _ASKS_PART.search(question) and _is_over_part(unit):
        return True  # the year is asked for
    return bool(asked) and all(_says_another(each, unit) for each in asked)


def periods_in(text: str) -> list[Period]:
    """The quarters, halves and fiscal years that a text is about, and the years with which it begins.

    Those with which it compares these are left out.
    """
    found = []
    for match in _PERIOD.finditer(text):
        if not _is_compared(text, match):
            found.append(Period(_year(match["year"] or match["first"] or match["short"]), _part(match)))
    rest = _PERIOD.sub(lambda match: " " * len(match[0]), text)
    for pattern in (_FISCAL_YEAR, _IN_YEAR):
        for match in pattern.finditer(rest):
            if not _is_compared(rest, match):
                found.append(Period(_year(next(filter(None, match.groups())))))
    return found


@lru_cache(_CACHED)
def _asked(question: str) -> tuple[Period, ...]:
    """The periods of a question; a year by itself counts too, unless it belongs to a day or month."""
    for span, found in reversed(dates_in(question)):
        if found[1]:
            question = f"{question[: span.start]} {question[span.end :]}"
    named = periods_in(question)
    known = {period.year for period in named}
    years = [year for year in _ANY_YEAR.findall(question) if year not in known]
    if len(years) == 1 and len(named) == 1 and not named[0].year:
        return (replace(named[0], year=years[0]),)  # "Q4 net sales 2023"
    return tuple(dict.fromkeys((*named, *map(Period, years))))


def _says_another(asked: Period, unit: Unit) -> bool:
    row = unit.row
    nearest = unit.visible_sentence if row is None else row.text
    for text in (nearest, unit.visible, *reversed(unit.headings)):
        said = periods_in(text)
        fitting = [each for each in said if not each.contradicts(asked)]
        is_year_there = asked.year in _ANY_YEAR.findall(text)
        if said and not fitting and not (is_year_there and not asked.part):
            return True
        for each in (*fitting, *([Period(asked.year)] if is_year_there else ())):
            asked = asked.without(each)
        if asked == Period():
            return False
    return False


def _is_over_part(unit: Unit) -> bool:
    """Whether a unit, or what it stands under, says that its sums are over a part of a year, or compares them with one.

    What was so many "at the end of the fourth quarter" was it at the end of the year, too.
    """
    row = unit.row
    for text in (unit.visible_sentence if row is None else row.text, unit.visible, *reversed(unit.headings)):
        if _OVER_YEAR.search(text):
            return False
        if _OVER_PART.search(text) or any(_is_compared(text, match) for match in _PERIOD.finditer(text)):
            return True
    return False


def _is_compared(text: str, match: re.Match[str]) -> bool:
    return _COMPARED.search(text[max(0, match.start() - _MOST_COMPARED) : match.start()]) is not None


def _year(written: str | None) -> str:
    """A year of four digits; of "2022/23" the first."""
    digits = re.sub(r"\D.*", "", (written or "").lstrip("'’"))
    return f"20{digits}" if len(digits) == 2 else digits


def _part(match: re.Match[str]) -> str:
    if match["nth"]:
        number = _ORDINALS.get(match["nth"].casefold(), match["nth"][0])
        return f"{match['long'][0].casefold()}{number}"
    return f"{(match['letter'] or match['after']).casefold()}{match['digit'] or match['before']}"
