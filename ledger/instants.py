"""Points in time as whole microseconds since 1970 in UTC, and the windows of a budget. Pure: reads no clock."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import BadBudget

Window = Literal["total", "month", "week", "day"]
WINDOWS: tuple[Window, ...] = ("total", "month", "week", "day")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER = 1 << 62
"""The end of a total: later than any datetime."""
_MICRO = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """The instant as stored. Raises ValueError for a naive datetime: whose clock would it be?"""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} names no time zone; give an aware datetime")
    return (moment - EPOCH) // _MICRO


def moment(stored: int) -> datetime:
    """The stored instant as an aware UTC datetime."""
    return EPOCH + timedelta(microseconds=stored)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises BadBudget."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadBudget(
            f"{name!r} is not an IANA time zone", value=name, next="give one such as UTC or Europe/Paris"
        ) from error


def bounds(window: Window, tz: str, at: int, week_start: str = "") -> tuple[int, int]:
    """Start and end (exclusive) of the window around an instant; it begins at local midnight, whatever the clocks do.

    A week begins on `week_start`, monday when that is empty.
    """
    if window == "total":
        return 0, FOREVER
    day = moment(at).astimezone(zone(tz)).date()
    if window == "month":
        first = day.replace(day=1)
        return _between(tz, first, (first + timedelta(days=32)).replace(day=1))
    if window == "week":
        first = day - timedelta(days=(day.weekday() - WEEKDAYS.index(cast("Weekday", week_start or "monday"))) % 7)
        return _between(tz, first, first + timedelta(days=7))
    return _between(tz, day, day + timedelta(days=1))


@lru_cache(maxsize=1024)
def _between(tz: str, first: date, last: date) -> tuple[int, int]:
    """From the first instant of one local day to the first of another."""
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone(tz)) for day in (first, last))
    return micros(start.astimezone(UTC)), micros(end.astimezone(UTC))
