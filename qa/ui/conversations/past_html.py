"""Renders the list of past conversations, by the days on which they were last used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from ...strings import numbers
from ...strings.catalogue import say
from ..answers.templating import render
from .history import Past


def past_html(past: Sequence[Past], now: datetime, searched: bool, problem: str = "") -> str:
    """Render conversations, the latest first; `now` is in the time zone of the reader.

    `searched` says that they are those with the words that somebody looks for; `problem` why there is no list.
    """
    groups = [(day, list(group)) for day, group in groupby(past, lambda each: _day(each.updated, now))]
    return render("past.html", groups=groups, searched=searched, problem=problem)


def _day(updated: str, now: datetime) -> str:
    """`Today`, `Yesterday`, `Thursday, 26 November`, `26 November 2025`."""
    day, today = datetime.fromisoformat(updated).astimezone(now.tzinfo).date(), now.date()
    if day >= today:
        return say("Today")
    if day == today - timedelta(days=1):
        return say("Yesterday")
    return numbers.weekday(day) if day.year == today.year else numbers.day(day)
