"""Writes a number as a spreadsheet shows it, by the code of its format: 1234.5 as `#,##0.00 "€"` is `1,234.50 €`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

# The formats that files name by number alone; those of whole dates and of the system's currency are left out.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    16: "d mmm", 17: "mmm yyyy", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0", 43: "#,##0.00",
}  # fmt: skip
# A text in quotes, an escaped character, a color, currency or condition, a filling; digits; anything else.
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[([^\]]*)\]|([_*].)|([0#?][0#?,]*(?:\.[0#?]*)?|\.[0#?]+)(,*)|(.)', re.DOTALL)
_CURRENCY = re.compile(r"\$([^-]*)")
_CONDITION = re.compile(r"[<>=]")
_OTHER = re.compile(r"[ymdhsYMDHSeE/@]|general", re.IGNORECASE)  # dates, powers, fractions, texts
_PARTS = {"y": "%Y", "m": "%m", "mmm": "%b", "mmmm": "%B", "d": "%d", "ddd": "%a", "dddd": "%A"}
_DATE = re.compile(r"(y+|m+|d+)|([hs])|(.)", re.IGNORECASE)
_NAMES = ("ddd", "dddd")  # of weekdays
_MAX_CODE = 255  # characters
_MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of a code: what stands before and after the digits, and how many of them there are."""

    before: str
    after: str
    least: int  # digits before the point
    least_decimals: int
    most_decimals: int
    grouped: bool
    scale: int  # powers of ten


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[_Section | None, ...]:
    """The parts of a code for positive numbers and negative ones; None for one that shows no plain number."""
    if len(code) > _MAX_CODE:
        return (None,)
    parts: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(code):
        if token[7] == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(_section(part) for part in parts[:2])


def _section(tokens: list[re.Match[str]]) -> _Section | None:
    texts = ["", ""]
    digits, scale = None, 0
    for token in tokens:
        quoted, escaped, bracket, _, number, commas, other = token.groups()
        text = quoted or escaped or ""
        if bracket is not None:
            currency = _CURRENCY.match(bracket)
            if currency is None and (_CONDITION.match(bracket) or bracket[:1].casefold() in "hms"):
                return None
            text = currency[1] if currency else ""
        elif number is not None:
            if digits is not None:
                return None  # a number in several groups, such as that of a telephone
            digits, scale = number, scale - 3 * len(commas)
        elif other is not None:
            if _OTHER.match(other):
                return None
            scale += 2 * (other == "%")
            text = other
        elif token[4] is not None:
            text = " " if token[4][0] == "_" else ""
        texts[digits is not None] += text
    if digits is None:
        return None
    whole, _, decimals = digits.partition(".")
    scale -= 3 * (len(whole) - len(whole.rstrip(",")))  # each such comma leaves out three digits
    least = whole.count("0"), decimals.count("0")
    return _Section(texts[0], texts[1], *least, len(decimals), "," in whole.strip(","), scale)


def shown_number(value: float, code: str) -> str:
    """A number as a person sees it; empty if the code is of another kind (`General`, a date, a fraction).

    Zero is written as a number even where the format says a dash.
    """
    sections = _sections(code)
    section = sections[0]
    if section is None or abs(value) >= 10**_MAX_DIGITS or value != value:
        return ""
    own = sections[1] if value < 0 and len(sections) > 1 else None
    section = own or section
    try:
        number = (Decimal(repr(value)).scaleb(section.scale)).quantize(
            Decimal(1).scaleb(-min(section.most_decimals, _MAX_DIGITS)), ROUND_HALF_UP
        )
    except InvalidOperation:
        return ""
    whole, _, decimals = f"{abs(number):{',' if section.grouped else ''}f}".partition(".")
    while len(decimals) > section.least_decimals and decimals.endswith("0"):
        decimals = decimals[:-1]
    whole = whole.rjust(section.least, "0") if section.least else whole
    sign = "-" if number < 0 and own is None else ""
    text = f"{sign}{section.before}{whole}{'.' if decimals else ''}{decimals}{section.after}"
    return re.sub(r"(?<=\d)%", " %", " ".join(text.split()))


def shown_date(value: date, code: str) -> str:
    """A date as a person sees it if that is a part of it (`May 2024`, `Tuesday`); empty for a whole date, or a time."""
    code = re.sub(r'"[^"]*"|\[[^\]]*\]|[_*\\].|@', " ", code.partition(";")[0][:_MAX_CODE])
    parts = [*_DATE.finditer(code)]
    kinds = [part[1].casefold() for part in parts if part[1]]
    if not kinds or any(part[2] for part in parts) or {kind[0] for kind in kinds if kind not in _NAMES} >= {*"ymd"}:
        return ""
    shown = (_part(value, part[1].casefold()) if part[1] else part[3] for part in parts)
    return " ".join("".join(shown).split())


def _part(value: date, kind: str) -> str:
    text = value.strftime(_PARTS.get(kind) or _PARTS[kind[0]])
    return text.lstrip("0") if kind in ("d", "m") else text
