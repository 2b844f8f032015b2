"""The finished days of a scope as one amount a day, and what is left of the day that runs. Pure; reads no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from ..errors import BadRequest
from ..instants import bounds, micros, moment, zone
from .band import ORIGINS
from .change import LOOK_BACK
from .values import Planned

MOST_DAYS = ORIGINS + LOOK_BACK + 62
"""No forecast looks further back: half a year of past forecasts, what each knew, and two months ahead of them."""


@dataclass(frozen=True, slots=True)
class Today:
    """The day that runs, in a zone."""

    date: date
    left: Fraction
    """The part of it that is still to come; on a day of 23 or 25 hours, of those."""


def day_at(at: datetime, tz: str) -> Today:
    """Raises BadBudget for an unknown zone, ValueError for an instant without one."""
    now = micros(at)
    start, end = bounds("day", tz, now)
    return Today(moment(start).astimezone(zone(tz)).date(), Fraction(end - now, end - start))


def finished(
    days: Mapping[date, int], until: date, *, since: date | None = None, planned: Sequence[Planned] = ()
) -> list[int]:
    """Nanos of every day before `until`, the oldest first, without the batches that were planned on them.

    Raises BadRequest where a day lies after `until`.
    """
    last = max(days, default=until)
    if last > until:
        raise BadRequest(
            f"{last} is still to come",
            value=str(last),
            limit=str(until),
            next="give days that have been, and plan others",
        )
    first = min(days, default=until) if since is None else since
    first = max(first, until - timedelta(days=MOST_DAYS)) if until - date.min > timedelta(days=MOST_DAYS) else first
    usual = [days.get(first + timedelta(days=number), 0) for number in range((until - first).days)]
    for one in planned:
        place = (one.day - first).days
        if 0 <= place < len(usual):
            usual[place] -= min(one.amount.nanos, max(0, usual[place]))
    return usual


def week_ago(days: Sequence[int], now: Today, horizon: int) -> Fraction | None:
    """What comes if every day spends as a week ago, what is left of today first; None: no week is known."""
    if len(days) < 7:
        return None
    week = days[-7:]
    ahead = now.left * week[0] + sum(week[number % 7] for number in range(1, horizon))
    return max(Fraction(0), ahead)
