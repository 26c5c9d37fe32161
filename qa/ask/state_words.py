"""Words which earlier state of the folder an answer is from, in the reader's language."""

from __future__ import annotations

from datetime import datetime, time

from ..index.states import AsOf, shown
from ..strings.catalogue import say


def as_of_words(as_of: AsOf | None) -> str:
    """`As of 2026-10-01: your articles as they were from 2026-09-28 09:10 until 2026-10-03 18:02.`; empty for None."""
    if as_of is None:
        return ""
    state, asked = as_of.state, asked_words(as_of.asked)
    if state.ended is None:
        return say(
            "As of {asked}: your articles as they are since {created}.", asked=asked, created=shown(state.created)
        )
    values = {"asked": asked, "created": shown(state.created), "ended": shown(state.ended)}
    if as_of.is_exact:
        return say("As of {asked}: your articles as they were from {created} until {ended}.", **values)
    return say("No state of {asked} is kept. This is the one before it, from {created} until {ended}.", **values)


def asked_words(moment: datetime) -> str:
    """A day, if that is what was asked, which is its end; otherwise the time."""
    local = moment.astimezone()
    return local.strftime("%Y-%m-%d") if local.time() == time.max else shown(moment)
