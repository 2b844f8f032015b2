"""How fast money goes: a level and the shape of a week, out of finished days. Pure; whole numbers and fractions only.

Under 3 days nothing is said. From 3 on the mean of what there is; from 14 on the mean of the last 28 days, parted over
the days of the week. A change of level shortens the days that count, and so does a steady rise or fall.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from .change import changed, drifting

Method = Literal["none", "run rate", "weekday mean"]
RUN_RATE_FROM, WEEKDAYS_FROM = 3, 14
WINDOW = 28
"""The level is the mean of so many days."""
DRIFT_WINDOW = 14
"""Or of so many when the weeks rise or fall one by one: an older day would hold the level back."""
SHAPE_WEEKS = 8
SHRINKING = 4
"""The shape of a week is drawn to an even one as by so many even weeks: a few weeks may look shaped by chance."""
_GRID = 10**12
_EVEN = (1,) * 7


@dataclass(frozen=True, slots=True)
class Pace:
    """What a day costs, by its weekday. Amounts are in nanos."""

    method: Method
    days: int = 0
    """So many days make the level; 0: there is none."""
    total: int = 0
    """Spent on them, not below 0."""
    weights: tuple[int, ...] = _EVEN
    """From Monday on; only their proportions count."""
    changed_on: date | None = None
    """The first day of the level that runs; None: no change is clear."""
    drift: int = 0
    """1 rising, −1 falling."""

    @property
    def per_day(self) -> Fraction:
        """The mean of a week."""
        return Fraction(self.total, self.days or 1)

    def ahead(self, first: date, days: int) -> Fraction:
        """What so many days from `first` on cost, when nothing changes."""
        weeks, rest = divmod(days, 7)
        start, week = first.weekday(), sum(self.weights)
        share = weeks * week + sum(self.weights[(start + number) % 7] for number in range(rest))
        return Fraction(7 * self.total * share, (self.days or 1) * week)


def pace(days: Sequence[int], today: date) -> Pace:
    """The pace of the finished days before `today`, one amount a day, the oldest first; refunds may be negative."""
    count = len(days)
    if count < RUN_RATE_FROM:
        return Pace("none")
    since = changed(days)
    window = min(WINDOW, count if since is None else since)
    drift = drifting(days[-WINDOW:]) if window == WINDOW else 0
    if drift:
        window = DRIFT_WINDOW
    elif window >= WEEKDAYS_FROM:
        window -= window % 7
    by_weekday = count >= WEEKDAYS_FROM
    return Pace(
        method="weekday mean" if by_weekday else "run rate",
        days=window,
        total=max(0, sum(days[-window:])),
        weights=_shape(days, today.weekday()) if by_weekday else _EVEN,
        changed_on=None if since is None else today - timedelta(days=since),
        drift=drift,
    )


def _shape(days: Sequence[int], weekday: int) -> tuple[int, ...]:
    """The mean of each weekday's share in its week, so that a week of another level counts as much as any other."""
    shares = [SHRINKING * _GRID] * 7
    for end in range(len(days), max(6, len(days) - 7 * SHAPE_WEEKS), -7):
        week = [max(0, day) for day in days[end - 7 : end]]
        if total := sum(week):
            for place, day in enumerate(week):
                shares[(weekday + place) % 7] += 7 * _GRID * day // total
    return tuple(shares)
