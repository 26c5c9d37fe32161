"""Writes numbers, dates and names of languages as the language that is spoken does.

Babel, which holds the rules of Unicode's CLDR, is loaded only for another language than English. Arabic is written with
the digits 0 to 9, as in the names of files, the addresses and most articles beside it.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from .spoken import ENGLISH, spoken

if TYPE_CHECKING:
    from babel import Locale

_DIGITS = "latn"
# Patterns of CLDR: a day of this year with its name, a day, and a day in short, with its year and without.
_WEEKDAY = {"en": "EEEE, d MMMM", "de": "EEEE, d. MMMM", "es": "EEEE, d 'de' MMMM", "ar": "EEEE، d MMMM"}
_DAY = {"en": "d MMMM y", "de": "d. MMMM y", "es": "d 'de' MMMM 'de' y", "ar": "d MMMM y"}
_SHORT_DAY = {"en": "d MMM y", "de": "d. MMM y", "es": "d MMM y", "ar": "d MMM y"}
_DAY_OF_YEAR = {"en": "d MMM", "de": "d. MMM", "es": "d MMM", "ar": "d MMM"}


def number_locale() -> str:
    """Return how scripts are to write numbers: the language, with the digits that this module uses (BCP 47)."""
    return f"{spoken()}-u-nu-{_DIGITS}"


def number(value: float) -> str:
    """`1,200` or `1.200`."""
    if spoken() == ENGLISH:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return format_decimal(value, locale=_locale(spoken()), numbering_system=_DIGITS)


def percent(whole: int) -> str:
    """`96 %`, or `96%` where it is written so."""
    return f"{whole}%" if spoken() == "ar" else f"{whole} %"


def plural_form(n: float) -> str:
    """Return the category of a number: "one", "other" and, as the language has them, "zero", "two", "few", "many"."""
    if spoken() == ENGLISH:
        return "one" if n == 1 else "other"
    return _locale(spoken()).plural_form(n)


def weekday(at: date) -> str:
    """`Thursday, 26 November`."""
    return _date(at, _WEEKDAY)


def day(at: date) -> str:
    """`26 November 2026`."""
    return _date(at, _DAY)


def short_day(at: date) -> str:
    """`26 Nov 2026`."""
    return _date(at, _SHORT_DAY)


def day_of_year(at: date) -> str:
    """`26 Nov`."""
    return _date(at, _DAY_OF_YEAR)


def language_name(code: str, english: str) -> str:
    """Return the name of a language, which in English is `english`, in the language that is spoken."""
    if spoken() == ENGLISH:
        return english
    return str(_locale(spoken()).languages.get(code, english))


def _date(at: date, patterns: dict[str, str]) -> str:
    from babel.dates import format_date

    return format_date(at, patterns[spoken()], locale=_locale(spoken()))


@cache
def _locale(language: str) -> Locale:
    from babel import Locale

    return Locale.parse(language)
