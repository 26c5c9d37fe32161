"""Renders the pinned questions with what their answers are, and were; and what the button of an answer pins."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ...ask.answer import Answer
from ...errors import QAError
from ...index.scope import Scope
from ...watchlist.changes import Change, Standing, words_of
from ...watchlist.pins import Pin, key_of
from ..rendering.article import plain_words
from .templating import render


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is pinned with an answer: its `key`, and JSON with question, scope, and the words that were shown."""

    key: str
    data: str


@dataclass(frozen=True, slots=True)
class Told:
    """One side of a change, or an answer as it is now: its `words` without markup, its `link` within the page."""

    words: str
    title: str
    document: str
    date: str
    link: str


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A change as it is shown: what the answer was until `day`, and what it is since."""

    day: date
    before: Told
    after: Told
    is_new: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A pinned question as it is shown, with its changes, the newest first; `waits` until it is asked again."""

    key: str
    question: str
    scope: str
    scope_json: str
    now: Told
    changes: Sequence[ToldChange]
    waits: bool


def pinned_of(answer: Answer, scope: Scope) -> Pinned:
    """What is pinned with an answer: its question, after the words of the conversation that it was searched with."""
    question, given = " ".join((*answer.carried, answer.question)), scope.as_json()
    data = {"question": question, "scope": given, "words": words_of(answer)}
    return Pinned(key_of(question, given), json.dumps(data, ensure_ascii=False))


def pins_html(pins: Sequence[Pin], changes: Sequence[Change], generation: str, problem: str, feed: bool) -> str:
    """Render the list: first what has changed since somebody looked, then by the day of the last change, or of the pin.

    `generation` is the one that answers now, and `feed` whether this visitor's changes can be read as a feed.
    """
    of_pin: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        of_pin[change.pin].append(change)

    def order(pin: Pin) -> tuple[bool, str]:
        own = of_pin[pin.key]
        return any(change.is_new for change in own), own[0].seen if own else pin.added

    rows = [_row(pin, of_pin[pin.key], generation) for pin in sorted(pins, key=order, reverse=True)]
    return render("pins.html", rows=rows, problem=problem, feed=feed)


def _row(pin: Pin, changes: Sequence[Change], generation: str) -> Row:
    told = [
        ToldChange(_day(each.seen), _told(each.before), _told(each.after), each.is_new and not number)
        for number, each in enumerate(changes)
    ]
    waits = bool(generation) and pin.standing.generation != generation
    scope = json.dumps(dict(pin.scope))
    return Row(pin.key, pin.question, _typed(pin), scope, _told(pin.standing), told, waits)


def _typed(pin: Pin) -> str:
    try:
        return str(Scope.from_json(pin.scope))
    except QAError:  # pinned by another version
        return json.dumps(dict(pin.scope))


def _told(state: Standing) -> Told:
    words = plain_words(state.words, state.document) if state.words else ""
    link = f"#{state.link.partition('#')[2]}" if "#" in state.link else ""
    return Told(words, state.title, state.document, state.date, link)


def _day(seen: str) -> date:
    return datetime.fromisoformat(seen).astimezone().date()
