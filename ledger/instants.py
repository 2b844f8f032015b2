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
        # `localtime` is a file of this machine: on another host it is another zone.
        return ZoneInfo("" if name == "localtime" else name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadBudget(
            f"{name!r} is not an IANA time zone", value=name, next="give one such as UTC or Europe/Paris"
        ) from error


def bounds(window: Window, tz: str, at: int, week_start: str = "") -> tuple[int, int]:
    """Start and end (exclusive) of the window around an instant. The windows of a zone tile time.

    It begins when the calendar there first shows its first day, whatever the clocks do: at the later end of a midnight
    that is skipped, at the earlier of two. A week begins on `week_start`, monday when that is empty.
    """
    if window == "total":
        return 0, FOREVER
    day = moment(at).astimezone(zone(tz)).date()
    if window == "month":
        day = day.replace(day=1)
    elif window == "week":
        day -= timedelta(days=(day.weekday() - WEEKDAYS.index(cast("Weekday", week_start or "monday"))) % 7)
    start, end = _first(tz, day), _first(tz, after := _next(window, day))
    while end <= at:  # the clocks went back over midnight: the old day is shown again, the new one has begun
        start, end = end, _first(tz, after := _next(window, after))
    return start, end


def _next(window: Window, day: date) -> date:
    if window == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if window == "week" else 1)


@lru_cache(maxsize=1024)
def _first(tz: str, day: date) -> int:
    """The first instant at which the calendar of that zone shows this day, or a later one."""
    there = zone(tz)
    midnight = datetime(day.year, day.month, day.day, tzinfo=there)
    before, found = sorted(micros(midnight.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))
    if moment(before).astimezone(there).date() >= day:
        return before
    while found - before > 1:  # midnight is skipped: the clocks are put forward between these two
        middle = (before + found) // 2
        shown = moment(middle).astimezone(there).date() >= day
        before, found = (before, middle) if shown else (middle, found)
    return found
