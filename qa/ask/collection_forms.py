"""Recognises the wordings of questions about the articles themselves: who wrote one, the newest, how many, by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from ..text.dates import Date, latest_date

_MOST_WORDS = 30
_MOST_READINGS = 8  # of one question: "about houses by the sea" has two
_NOUN = r"(?P<noun>articles?|files?|documents?|notes?|texts?|pages?|posts?|papers?|(?:e-?)?mails?|messages?)"
_MAIL = re.compile(r"(?:e-?)?mails?|messages?", re.I)
_OWN = r"(?:(?:do|have) (?:i|we) (?:have|got)|are there|are in (?:the|my) (?:corpus|collection|library|folder))"
_END = r"(?P<end>newest|latest|most recent|oldest|earliest)"
_WRITE = r"(?:write|wrote|written|author(?:ed)?|publish(?:ed)?|post(?:ed)?|send|sent)"
_WROTE = r"(?:wrote|authored|published|posted|sent|e-?mailed)"
_ABOUT = r"(?:about|on|regarding|titled|called|named|with the (?:title|subject))"
_IS = r"(?:that |which )?(?:(?:were|was|are|is) )?"
_DATE = r"(?:(?:(?:\d{1,2} )?[a-z]+ )?\d{4}|\d{4}-\d\d(?:-\d\d)?)"
# A value with such a word is none: nobody knows what it leaves in.
_CHOICE = re.compile(r"\b(?:n?either|n?or|not|no|without|except|but|than)\b", re.I)
# What narrows the articles down, each with its value last; they follow each other in any order.
_FILTERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(form, re.I))
    for kind, form in (
        ("own", f"({_OWN})"),
        ("date", rf"{_IS}(?:{_WRITE} |dated )?(?:in|from) ({_DATE})"),
        *((when, rf"{_IS}(?:{_WRITE} |dated )?{when} ({_DATE})") for when in ("before", "after", "since", "until")),
        ("person", rf"{_IS}(?:{_WRITE} )?by (.+)"),
        ("person", rf"(?:did|has|have) (.+) {_WRITE}"),
        ("person", rf"{_IS}(?:sent )?from (.+)"),
        ("receiver", rf"{_IS}(?:sent |addressed )?to (.+)"),
        ("tag", rf"{_IS}tagged (?:with |as )?(.+)"),
        ("tag", r"(?:that |which )?(?:with|has|have|carry|carries) the (?:tags?|keywords?|labels?) (.+)"),
        ("mention", r"(?:that |which )?(?:mention(?:s|ing)?|contain(?:s|ing)?) (.+)"),
        ("topic", rf"{_IS}(?:about|dealing with) (.+)"),
        ("topic", r"(?:on|that deal with|deals? with) (.+)"),
    )
)
# "articles by Ada" is a question even without "which"
_STRONG = frozenset({"person", "receiver", "tag", "date", "before", "after", "since", "until"})
# Questions for a property of one article: `title` is its title, `topic` is what it is about.
_ONE: tuple[tuple[str, str], ...] = (
    ("author", rf"who {_WROTE}(?: me| us)? (?:the|that|this|an?) {_NOUN} {_ABOUT} (?P<topic>.+)"),
    ("author", rf"who (?:is|was) the (?:author|sender) of (?:the|that) {_NOUN} {_ABOUT} (?P<topic>.+)"),
    ("author", rf"(?:from|by) whom (?:is|was) (?:the|that) {_NOUN} {_ABOUT} (?P<topic>.+?)(?: {_WRITE})?"),
    ("author", r"who (?P<noun>e-?mailed|messaged)(?: me| us)? about (?P<topic>.+)"),
    ("receiver", rf"(?:to whom|who) did (?P<person>.+) {_WRITE} (?:the|that) {_NOUN} {_ABOUT} (?P<topic>.+?)(?: to)?"),
    ("date", rf"when was (?:the|that) {_NOUN} {_ABOUT} (?P<topic>.+) (?P<verb>{_WRITE}|created|updated|released)"),
    ("date", rf"when did (?P<person>.+) (?P<verb>{_WRITE}) (?:the|that) {_NOUN} {_ABOUT} (?P<topic>.+)"),
    ("date", rf"when did (?P<person>.+) (?P<verb>{_WRITE}) (?P<title>.+)"),
    ("author", r"who (?:wrote|authored|is the author of|are the authors of) (?P<title>.+)"),
    ("author", r"by whom was (?P<title>.+) written"),
    ("date", r"when was (?P<title>.+) (?P<verb>published|written|created|updated|posted|released|sent)"),
    ("date", r"what is the (?:publication )?date of (?P<title>.+)"),
    ("property", r"what (?P<name>[a-z][\w-]*) (?:do|does) (?P<title>.+) have"),
    ("property", r"what (?:is|are) the (?P<name>[a-z][\w-]*) of (?P<title>.+)"),
)
_MANY: tuple[tuple[str, str], ...] = (
    ("count", rf"how many(?: of (?:my|the|our))? {_NOUN}(?P<rest> .+)?"),
    ("end", rf"(?:which|what) {_NOUN}(?P<rest> .+)? is (?:the|my) {_END}"),
    ("end", rf"(?:(?:which|what) is |show me |find |open )?(?:the |my )?{_END} {_NOUN}(?P<rest> .+)?"),
    ("list", rf"(?:which|what)(?: of (?:my|the|our))? {_NOUN}(?P<rest> .+)"),
    ("list", rf"(?:list|show(?: me)?|find|give me)(?: all)?(?: the| my)? {_NOUN}(?P<rest> .+)"),
    ("bare", rf"(?:all )?(?:the |my )?{_NOUN}(?P<rest> .+)"),
    ("list", rf"what (?P<rest>(?:did|has) (?:.+) {_WRITE})"),
    ("list", r"what (?P<rest>is tagged .+)"),
    ("list", r"what do i have(?P<rest> (?:on|about) .+)"),
)
_PATTERNS = tuple((kind, re.compile(form, re.I)) for kind, form in (*_ONE, *_MANY))
DATES = frozenset({"date", "before", "after", "since", "until"})  # the filters whose value is a date
_KINDS_OF_MANY = frozenset({"count", "end", "list", "bare"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One reading of a question about the collection.

    `kind` is "count", "list" or "end" (the newest or oldest) of the articles that pass `filters` (pairs of kind and
    value), or the property of one article that is asked for: "author", "receiver", "date" or "property". `parts` is
    what else it names.
    """

    kind: str
    parts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def of_mails(self) -> bool:
        """Whether only mails are asked about."""
        noun = self.parts.get("noun", "")
        return _MAIL.match(noun) is not None


def asked_date(value: str) -> Date:
    """The date that a filter of DATES has as its value."""
    return latest_date(value) or (int(value[-4:]), 0, 0)


def readings_of(question: str) -> Iterator[Asked]:
    """The questions about the collection that may be meant, the likeliest first; none if it is not worded as one."""
    text = " ".join(question.split()).rstrip("?!. ")
    if len(text.split()) > _MOST_WORDS:
        return
    for kind, pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = {name: value for name, value in match.groupdict().items() if value}
        if kind not in _KINDS_OF_MANY:
            yield Asked(kind, parts)
            continue
        for filters in islice(_filters(parts.pop("rest", "").strip(), set()), _MOST_READINGS):
            if _is_question(kind, parts.get("noun", "").lower(), filters):
                own = tuple(each for each in filters if each[0] != "own")
                yield Asked("list" if kind == "bare" else kind, parts, own)


def _is_question(kind: str, noun: str, filters: tuple[tuple[str, str], ...]) -> bool:
    kinds = {each for each, _ in filters}
    if kind == "count" and noun.startswith("page"):
        return False  # those of one article, or of a book, may be meant
    if kind == "bare":
        return bool(kinds & _STRONG)
    if kind == "list":
        return bool(kinds - {"own"})
    return kind == "end" or bool(kinds)


def _filters(text: str, unreadable: set[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """The ways to read a text as filters, those with short values first.

    `unreadable` collects the texts that have none, since many readings of what is before one end in it.
    """
    text = re.sub(r"^(?:,? ?and |, ?)", "", text, flags=re.I)
    if not text:
        yield ()
        return
    is_readable = False
    ends = [match.start() for match in re.finditer(r",? |$", text)] if text not in unreadable else []
    for end in ends:
        for kind, form in _FILTERS:
            if (match := form.fullmatch(text, 0, end)) is not None and _CHOICE.search(match[1]) is None:
                for rest in _filters(text[end:].strip(), unreadable):
                    is_readable = True
                    yield (kind, match[1]), *rest
    if not is_readable:
        unreadable.add(text)
