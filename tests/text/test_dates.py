"""Dates are found as they are written, to the precision they are written with, and the latest counts."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text.dates import as_iso, dates_in, latest_date, spelled

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2024-05-17", "2024-05-17"),
        ("2024-05", "2024-05"),
        ("since 2024", "2024"),
        ("17 May 2024", "2024-05-17"),
        ("17. May 2024", "2024-05-17"),
        ("17th May, 2024", "2024-05-17"),
        ("May 17, 2024", "2024-05-17"),
        ("May 17th 2024", "2024-05-17"),
        ("may 2024", "2024-05"),
        ("MAY, 2024", "2024-05"),
        ("Sept. 3, 2024", "2024-09-03"),
        ("Sep 2024", "2024-09"),
        ("1 Jan 1999", "1999-01-01"),
        ("3.12.2024", "2024-12-03"),
        ("03.12.2024", "2024-12-03"),
        ("(2024)", "2024"),
        ("2019/20", "2019"),
    ],
)
def test_a_date_is_read_to_its_precision(text: str, found: str) -> None:
    assert as_iso(latest_date(text)) == found
    assert as_iso(latest_date(f"The fee was set on {text}.")) == found
    assert as_iso(latest_date(f"Set\n{text}\nagain")) == found


@pytest.mark.parametrize(
    "text",
    ["", "no date", "12:30", "40 hives", "1,999 hives", "call 020 2024555", "the 17th", "in May", "1850", "2100", "May",
     "20245", "0x2024", "A2024", "dismay 17"],
)  # fmt: skip
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert latest_date(text) is None
    assert as_iso(latest_date(text)) == ""


@pytest.mark.parametrize(
    "text", ["2024-13-01", "2024-02-30", "2023-02-29", "31.4.2024", "31 April 2024", "May 32, 2024"]
)
def test_a_day_that_no_calendar_has_is_left_out_and_the_others_are_read(text: str) -> None:
    assert latest_date(text) is None
    assert latest_date(f"{text}, or 3 June 1999") == (1999, 6, 3)


@pytest.mark.parametrize("text", ["2024-00-05", "2024-00", "0.1.2024", "1.0.2024", "00.00.2024"])
def test_a_day_or_month_of_zero_is_none(text: str) -> None:
    assert as_iso(latest_date(text)) == "2024"


def test_the_latest_counts_wherever_it_stands() -> None:
    assert latest_date("2023-12-31, then 1 January 2024, after 2022") == (2024, 1, 1)
    assert latest_date("From May 2024 to 17 May 2024, in 2024") == (2024, 5, 17)  # the more precise of equal ones
    assert latest_date("3.1.2020 and March 2020") == (2020, 3, 0)


@given(DAYS)
def test_every_day_is_read_in_every_way_it_is_written(day: date) -> None:
    wanted = (day.year, day.month, day.day)
    ways = [
        "%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b. %d, %Y", "%B %dth, %Y",
    ]  # fmt: skip
    for way in ways:
        assert latest_date(f"It was {day.strftime(way)}.") == wanted
    assert latest_date(day.strftime("%B %Y")) == (*wanted[:2], 0)
    assert as_iso(wanted) == day.isoformat()


@given(st.lists(DAYS, min_size=1, max_size=5))
def test_the_latest_of_several_days_is_found(days: list[date]) -> None:
    text = "; ".join(day.isoformat() for day in days)
    assert as_iso(latest_date(text)) == max(days).isoformat()


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_any_text_has_a_date_of_the_calendar_or_none(text: str) -> None:
    found = latest_date(text)
    assert found is None or (date(found[0], found[1] or 1, found[2] or 1) and (found[1] or not found[2]))


def test_no_date_is_written_as_nothing() -> None:
    assert [as_iso(each) for each in (None, (2024, 0, 0), (2024, 5, 0), (2024, 5, 7), (987, 1, 0))] == [
        "", "2024", "2024-05", "2024-05-07", "0987-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("20240306", ["6 March 2024"]),
        ("2024_03", ["March 2024"]),
        ("log/2024/03/06", ["6 March 2024"]),
        ("25-03-2024", ["25 March 2024"]),
        ("06-03-2024", ["2024"]),  # or the third of June
        ("on 5 April", ["5 April"]),
        ("April 5th and 2019", ["5 April", "2019"]),
        ("2023-11_INV-5567", ["November 2023"]),
        ("1999-2004", ["1999", "2004"]),
        ("20241306", []),
        ("version 2024.1", ["2024"]),
        ("in 2024 may follow", ["2024"]),
        ("1234567", []),
    ],
)
def test_names_and_questions_write_dates_in_more_forms(text: str, found: list[str]) -> None:
    assert [spelled(each) for _, each in dates_in(text)] == found


@given(DAYS)
def test_a_day_is_found_in_all_forms(day: date) -> None:
    expected = (day.year, day.month, day.day)
    for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%Y_%m_%d", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y"):
        text = day.strftime(form)
        assert [each for _, each in dates_in(f"x {text} y")] == [expected], text
    assert [each for _, each in dates_in(spelled(expected))] == [expected]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("05.03.2024 10:02:11", [(2024, 3, 5)]),
        ("05.03.2024, 10:02", [(2024, 3, 5)]),
        ("23/05/2024 10:02", [(2024, 5, 23)]),
        ("2024-03-05 10:02:11", [(2024, 3, 5)]),
        ("2024-03-05T10:02:11Z", [(2024, 3, 5)]),
        ("20240305T100211", [(2024, 3, 5)]),
        ("in 2024 10:02", [(2024, 0, 0)]),
    ],
)
def test_a_time_behind_a_date_is_no_part_of_it(text: str, found: list[tuple[int, int, int]]) -> None:
    assert [each for _, each in dates_in(text)] == found


@pytest.mark.parametrize(
    ("text", "count"),
    [("2024-03-06 " * 20_000, 20_000), ("1 " + " " * 200_000, 0), ("6 March " * 20_000, 20_000), ("2024" * 50_000, 0)],
)
def test_a_long_line_of_dates_takes_time_in_proportion(text: str, count: int) -> None:
    begun = time.process_time()
    assert len(dates_in(text)) == count
    assert time.process_time() - begun < 5  # comparing each date with all others took a minute
