"""Windows of a budget: they tile time in every zone, whatever the clocks there did or will do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given

from ledger.instants import WEEKDAYS, bounds, micros, moment
from tests.strategies import budget_windows, local_instants

from .acting import examples


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text))


def window(name: Any, zone: str, instant: str, week_start: str = "") -> tuple[str, str]:
    start, end = bounds(name, zone, at(instant), week_start)
    return f"{moment(start):%Y-%m-%dT%H:%M}", f"{moment(end):%Y-%m-%dT%H:%M}"


@examples(300)
@given(budget_windows(), local_instants())
@example(("day", ""), ("America/St_Johns", datetime(2009, 11, 1, tzinfo=UTC)))  # found by hand: the old day comes back
@example(("month", ""), ("America/St_Johns", datetime(2009, 11, 1, tzinfo=UTC)))
def test_windows_tile_time(window: tuple[Any, str], where: tuple[str, datetime]) -> None:
    (kind, week_start), (zone, instant) = window, where
    for half_hours in range(-60, 61):
        here = micros(instant + timedelta(minutes=30 * half_hours))
        first, last = bounds(kind, zone, here, week_start)
        assert first <= here < last
    start, end = bounds(kind, zone, micros(instant), week_start)
    for inside in (start, end - 1):
        assert bounds(kind, zone, inside, week_start) == (start, end)
    after = bounds(kind, zone, end, week_start)
    assert after[0] == end, "the next one begins where this one ends"
    before = bounds(kind, zone, start - 1, week_start)
    assert before[1] == start


@examples(300)
@given(budget_windows(), local_instants())
def test_a_window_shows_one_day_week_or_month(window: tuple[Any, str], where: tuple[str, datetime]) -> None:
    """Away from its ends: clocks that go back over midnight show the old day again, four hours long at most."""
    (kind, week_start), (zone, instant) = window, where
    start, end = bounds(kind, zone, micros(instant), week_start)

    def name(stored: int) -> date:
        day = moment(stored).astimezone(ZoneInfo(zone)).date()
        if kind == "week":
            return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start or "monday")) % 7)  # type: ignore[arg-type]
        return day.replace(day=1) if kind == "month" else day

    far = 4 * 3_600_000_000
    mine = name((start + end) // 2)
    assert {name(start + far), name(end - far), name((3 * start + end) // 4)} == {mine}
    assert mine not in {name(start - far), name(end + far)}


CASES = {
    "UTC": ("day", "UTC", "2026-11-20T12:00Z", "2026-11-20T00:00", "2026-11-21T00:00"),
    "23 hours in spring": ("day", "Europe/Paris", "2026-03-29T12:00Z", "2026-03-28T23:00", "2026-03-29T22:00"),
    "25 hours in autumn": ("day", "Europe/Paris", "2026-10-25T12:00Z", "2026-10-24T22:00", "2026-10-25T23:00"),
    "half an hour": ("day", "Australia/Lord_Howe", "2026-04-05T05:00Z", "2026-04-04T13:00", "2026-04-05T13:30"),
    "midnight skipped": ("day", "America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00", "2018-11-05T02:00"),
    "midnight twice": ("day", "America/Havana", "2026-11-01T12:00Z", "2026-11-01T04:00", "2026-11-02T05:00"),
    "the old day comes back": ("day", "America/St_Johns", "2009-11-01T02:45Z", "2009-11-01T02:30", "2009-11-02T03:30"),
    "put forward at 23:30": ("day", "America/Toronto", "1919-03-31T12:00Z", "1919-03-31T04:30", "1919-04-01T04:00"),
    "before a skipped day": ("day", "Pacific/Apia", "2011-12-30T09:00Z", "2011-12-29T10:00", "2011-12-30T10:00"),
    "after a skipped day": ("day", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00", "2011-12-31T10:00"),
    "a month short of a day": ("month", "Pacific/Apia", "2011-12-05T10:00Z", "2011-12-01T10:00", "2011-12-31T10:00"),
    "a leap day": ("day", "UTC", "2028-02-29T23:59:59Z", "2028-02-29T00:00", "2028-03-01T00:00"),
    "a leap month": ("month", "UTC", "2028-02-29T12:00Z", "2028-02-01T00:00", "2028-03-01T00:00"),
    "no leap year": ("month", "UTC", "2100-02-28T12:00Z", "2100-02-01T00:00", "2100-03-01T00:00"),
    "over new year": ("month", "Asia/Tokyo", "2026-12-31T15:00Z", "2026-12-31T15:00", "2027-01-31T15:00"),
    "a week from monday": ("week", "UTC", "2026-11-22T12:00Z", "2026-11-16T00:00", "2026-11-23T00:00"),
    "a week over the clocks": ("week", "America/New_York", "2026-11-03T12:00Z", "2026-11-02T05:00", "2026-11-09T05:00"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_windows_of_record(name: str) -> None:
    kind, zone, instant, start, end = CASES[name]
    assert window(kind, zone, instant) == (start, end)


@pytest.mark.parametrize(("first", "start"), [("sunday", date(2026, 11, 15)), ("friday", date(2026, 11, 20))])
def test_a_week_begins_on_its_day(first: str, start: date) -> None:
    assert moment(bounds("week", "UTC", at("2026-11-20T00:00Z"), first)[0]).date() == start


def test_a_total_is_for_ever() -> None:
    start, end = bounds("total", "UTC", 0)
    assert start <= 0
    assert end > micros(datetime.max.replace(tzinfo=UTC))
