"""Points in time as whole microseconds since 1970 in UTC, and the windows of a budget. Pure: reads no clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import BadBudget

Window = Literal["total", "month"]
WINDOWS: tuple[Window, ...] = ("total", "month")
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


def bounds(window: Window, tz: str, at: int) -> tuple[int, int]:
    """Start and end (exclusive) of the window around an instant; a month begins at local midnight of its first."""
    return (0, FOREVER) if window == "total" else _month(tz, moment(at).astimezone(zone(tz)).strftime("%Y-%m"))


@lru_cache(maxsize=256)
def _month(tz: str, name: str) -> tuple[int, int]:
    year, month = map(int, name.split("-"))
    start = datetime(year, month, 1, tzinfo=zone(tz))
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone(tz))
    return micros(start.astimezone(UTC)), micros(end.astimezone(UTC))
