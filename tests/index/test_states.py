"""Which state is asked for a date, and which states are kept for how long."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from qa.errors import QuestionError
from qa.index.states import AsOf, State, moment_of, outdated, state_at

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)


def states(*created: datetime) -> list[State]:
    """States that follow each other, the last of them the present one."""
    ends = [*created[1:], None]
    return [State(f"{n:06d}", at, end, 1, 0) for n, (at, end) in enumerate(zip(created, ends, strict=True), 1)]


def test_a_day_is_its_end_and_a_time_is_in_the_zone_of_this_machine() -> None:
    day = moment_of("2026-11-29", NOW)
    assert (day.astimezone().date().isoformat(), day.astimezone().hour) == ("2026-11-29", 23)
    assert moment_of("2026-11-29T10:00Z", NOW) == datetime(2026, 11, 29, 10, tzinfo=timezone.utc)
    assert moment_of(" 2026-11-29 10:00+02:00 ", NOW) == datetime(2026, 11, 29, 8, tzinfo=timezone.utc)
    assert moment_of("2026-11-29T10:00", NOW) == datetime(2026, 11, 29, 10).astimezone()


def test_the_end_of_today_can_be_named_and_nothing_later() -> None:
    today = NOW.astimezone().date()
    assert moment_of(today.isoformat(), NOW) > NOW
    with pytest.raises(QuestionError, match="lies in the future"):
        moment_of((today + timedelta(days=1)).isoformat(), NOW)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "01.10.2026", "0001-01-01T00:00+14:00"])
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuestionError, match="like 2026-10-01"):
        state_at([], moment_of(text, NOW))


def test_the_state_that_was_current_then_is_taken() -> None:
    kept = states(NOW - timedelta(days=3), NOW - timedelta(days=2), NOW - timedelta(days=1))
    for days, expected in ((3, 1), (2.5, 1), (2, 2), (1.5, 2), (1, 3), (0, 3)):
        found = state_at(kept, NOW - timedelta(days=days))
        assert (found.state.generation, found.is_exact) == (f"{expected:06d}", True)


def test_a_time_whose_state_is_not_kept_gets_the_one_before_and_says_so() -> None:
    first, _, last = states(NOW - timedelta(days=3), NOW - timedelta(days=2), NOW - timedelta(days=1))
    found = state_at([first, last], NOW - timedelta(days=1.5))
    assert (found.state, found.is_exact, found.as_json()["exact"]) == (first, False, False)


def test_before_the_first_state_the_earliest_is_named() -> None:
    kept = states(NOW - timedelta(days=3), NOW)
    earliest = (NOW - timedelta(days=3)).astimezone().strftime("%Y-%m-%d %H:%M")
    with pytest.raises(QuestionError, match=f"the earliest is that of {earliest}"):
        state_at(kept, NOW - timedelta(days=4))
    with pytest.raises(QuestionError, match="No earlier state is kept yet"):
        state_at([], NOW)


def test_every_state_of_the_last_hour_is_kept_then_one_an_hour_a_day_a_month() -> None:
    times = [NOW - timedelta(minutes=minutes) for minutes in range(0, 400 * 24 * 60, 10)][::-1]
    kept, days = states(*times), 365
    gone = outdated(kept, NOW, days)
    left = [state for state in kept if state.generation not in gone]
    assert [state for state in kept if NOW - state.created <= timedelta(hours=1)] == left[-7:]
    assert len(left) < 2 * 6 + 25 + 32 + 14
    assert NOW - left[0].created <= timedelta(days=days + 31)
    for hours in range(2, 24):  # as for days, below
        asked = (NOW - timedelta(hours=hours)).replace(minute=59)
        assert state_at(left, asked).is_exact
    # The end of each of the last days is exact: nothing that was current then has been left out.
    for back in range(1, 30):
        day = (NOW - timedelta(days=back)).astimezone().date().isoformat()
        asked = moment_of(day, NOW)
        assert state_at(left, asked) == AsOf(asked, next(s for s in reversed(kept) if s.created <= asked))


def test_a_state_is_kept_as_long_as_it_was_current_within_the_days() -> None:
    kept = states(NOW - timedelta(days=500), NOW - timedelta(days=20), NOW)
    assert outdated(kept, NOW, 30) == set()
    assert outdated(kept, NOW, 10) == {"000001"}
    assert outdated(states(NOW - timedelta(days=500)), NOW, 1) == set()  # the present one


def test_what_is_kept_does_not_depend_on_how_often_the_rest_was_forgotten() -> None:
    times = [NOW - timedelta(minutes=minutes) for minutes in range(0, 40 * 24 * 60, 37)][::-1]
    kept = states(*times)
    at_once = {s.generation for s in kept} - outdated(kept, NOW, 365)
    for hours in range(40 * 24, -1, -6):
        now = NOW - timedelta(hours=hours)
        seen = [state for state in kept if state.created <= now]
        gone = outdated(seen, now, 365)
        kept = [state for state in kept if state.generation not in gone]
    assert {state.generation for state in kept} == at_once
