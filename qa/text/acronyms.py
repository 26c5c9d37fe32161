"""Finds the acronyms that a text introduces, with their long forms, and knows those that no text needs to introduce."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .terms import plain_words

# An acronym is one word of two to ten letters and digits with at least two capitals.
_SHORT = re.compile(r"[^\W_]{2,10}")
_BRACKETS = re.compile(r"\(([^()\n]{2,200})\)")
_WORD = re.compile(r"\S+")
_ENDS = re.compile(r"[.!?;:()][\"'”’]?\s|\n\s*\n")  # a long form does not cross these
_BEFORE = 200  # characters before a bracket in which the long form may be

# In everyday use, with one meaning, and not words themselves (as "US", "IT", "PIN" and "WHO" are); in plain words.
_COMMON = {
    "agm": "annual general meeting",
    "ai": "artificial intelligence",
    "api": "application programming interface",
    "asap": "as soon as possible",
    "aws": "amazon web services",
    "bmi": "body mass index",
    "byod": "bring your own device",
    "ceo": "chief executive officer",
    "cfo": "chief financial officer",
    "cio": "chief information officer",
    "cli": "command line interface",
    "cmo": "chief marketing officer",
    "coo": "chief operating officer",
    "cpu": "central processing unit",
    "cso": "chief security officer",
    "cto": "chief technology officer",
    "cv": "curriculum vitae",
    "diy": "do it yourself",
    "dob": "date of birth",
    "eap": "employee assistance program",
    "ebitda": "earnings before interest taxes depreciation and amortization",
    "eod": "end of day",
    "epa": "environmental protection agency",
    "eps": "earnings per share",
    "eta": "estimated time of arrival",
    "eu": "european union",
    "faq": "frequently asked questions",
    "fda": "food and drug administration",
    "fmla": "family and medical leave act",
    "gdp": "gross domestic product",
    "gdpr": "general data protection regulation",
    "gpu": "graphics processing unit",
    "gui": "graphical user interface",
    "hoa": "homeowners association",
    "hr": "human resources",
    "icu": "intensive care unit",
    "ide": "integrated development environment",
    "imf": "international monetary fund",
    "ipo": "initial public offering",
    "irs": "internal revenue service",
    "isp": "internet service provider",
    "kpi": "key performance indicator",
    "llm": "large language model",
    "mfa": "multi factor authentication",
    "mou": "memorandum of understanding",
    "mvp": "minimum viable product",
    "nato": "north atlantic treaty organization",
    "nda": "non disclosure agreement",
    "ngo": "non governmental organization",
    "nlp": "natural language processing",
    "okr": "objectives and key results",
    "ooo": "out of office",
    "pii": "personally identifiable information",
    "pto": "paid time off",
    "ram": "random access memory",
    "rfp": "request for proposal",
    "roi": "return on investment",
    "sdk": "software development kit",
    "sec": "securities and exchange commission",
    "sla": "service level agreement",
    "sop": "standard operating procedure",
    "ssn": "social security number",
    "sso": "single sign on",
    "suv": "sport utility vehicle",
    "tos": "terms of service",
    "uk": "united kingdom",
    "un": "united nations",
    "vat": "value added tax",
    "vp": "vice president",
    "vpn": "virtual private network",
    "wfh": "working from home",
    "wto": "world trade organization",
    "yoy": "year over year",
}


def find(text: str) -> Iterator[tuple[str, str]]:
    """Yield (short form, long form) of each acronym that the text introduces as `Long Form (LF)` or `LF (Long Form)`.

    The algorithm is that of Schwartz and Hearst, "A Simple Algorithm for Identifying Abbreviation Definitions in
    Biomedical Text", Pacific Symposium on Biocomputing 2003.
    """
    for bracket in _BRACKETS.finditer(text):
        before = text[max(0, bracket.start() - _BEFORE) : bracket.start()].rstrip()
        inside = re.split(r"[,;:]", bracket[1])[0].strip()
        last = before.split()[-1] if before.split() else ""
        short, candidate = (inside, _last_words(before, inside)) if _is_short(inside) else (last, bracket[1])
        short = re.sub(r"(?<=[A-Z]{2})s$", "", short)  # the plural
        long = _long_form(short, candidate) if _is_short(short) else ""
        if long:
            yield short, long


def spelled_out(word: str, text: str) -> bool:
    """Whether a word of a question is a well-known acronym whose long form, in any case, stands in a text."""
    long = _COMMON.get(word.casefold(), "")
    return bool(long) and f" {long} " in f" {' '.join(plain_words(text))} "


def _is_short(text: str) -> bool:
    return _SHORT.fullmatch(text) is not None and sum(map(str.isupper, text)) >= 2


def _last_words(before: str, short: str) -> str:
    """The last words of the sentence before the bracket: as many as the long form may have."""
    sentence = _ENDS.split(before)[-1]
    words = list(_WORD.finditer(sentence))[-_most_words(short) :]
    return sentence[words[0].start() :] if words else ""


def _most_words(short: str) -> int:
    return min(len(short) + 5, 2 * len(short))


def _long_form(short: str, candidate: str) -> str:
    """The shortest end of `candidate` that can be the long form of `short`; empty if there is none.

    The letters of `short` are matched from the last to the first, each before the previous match; the first letter
    must begin a word.
    """
    index = len(candidate)
    for number in range(len(short) - 1, -1, -1):
        letter = short[number].lower()
        index -= 1
        while index >= 0 and (
            candidate[index].lower() != letter or (number == 0 and index > 0 and candidate[index - 1].isalnum())
        ):
            index -= 1
        if index < 0:
            return ""
    long = candidate[index:].strip(" ,;:\"“”'")
    words = re.findall(r"\w+", long)
    is_plausible = len(words) > 1 and len(long) > len(short) and short not in words
    return long if is_plausible and len(words) <= _most_words(short) else ""
