"""Tries the forecast on a series that is over, beside methods anyone would try first. Pure; knows only the past.

At every tried day each method sees the days before it and no other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType

from .band import ORIGINS, Band, Origin, band, origins, too_new
from .pace import WEEKDAYS_FROM, pace

Told = Callable[[Sequence[int], date, int], Fraction]
"""Finished days, the first day ahead, and how many are ahead: what they will come to."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One past day: what each method said of the days ahead, and what came, in nanos."""

    day: date
    truth: int
    told: Mapping[str, Fraction]
    band: Band | None
    """As it would have been shown; None: none would have been."""

    @property
    def inside(self) -> bool | None:
        """Whether the truth fell into the band; None: there was none."""
        if self.band is None:
            return None
        ours = self.told["ours"]
        return ours * self.band.low <= max(0, self.truth) <= ours * self.band.high


def backtest(
    days: Sequence[int], first: date, horizon: int, *, every: int = 1, history: int | None = None
) -> list[Trial]:
    """A trial each so many days of the series that begins on `first`, oldest first.

    `history` is how many days a method may look back; None: all there are, and only then is there a band.
    """
    found: list[Trial] = []
    past = origins(days, first + timedelta(days=len(days)), horizon, len(days)) if history is None else []
    for known in range(history or WEEKDAYS_FROM, len(days) - horizon + 1, every):
        seen = days[known - history : known] if history else days[:known]
        day = first + timedelta(days=known)
        told = {name: method(seen, day, horizon) for name, method in METHODS.items()}
        truth = sum(days[known : known + horizon])
        shown = _band(past, known - WEEKDAYS_FROM - horizon, horizon, seen, day)
        found.append(Trial(day, truth, MappingProxyType(told), shown))
    return found


def _band(past: Sequence[Origin], last: int, horizon: int, seen: Sequence[int], day: date) -> Band | None:
    """Out of the origins whose days were over by then."""
    if last < 0 or not past or too_new(pace(seen, day), day, horizon):
        return None
    return band(past[max(0, last + 1 - ORIGINS) : last + 1], horizon)


def _ours(days: Sequence[int], day: date, horizon: int) -> Fraction:
    return pace(days, day).ahead(day, horizon)


def _week_ago(days: Sequence[int], _: date, horizon: int) -> Fraction:
    week = days[-7:]
    return Fraction(sum(week[number % 7] for number in range(horizon)))


def _line(days: Sequence[int], _: date, horizon: int) -> Fraction:
    """The straight line of a month: ten days of it are over."""
    return Fraction(sum(days[-10:]) * horizon, len(days[-10:]))


def _mean(days: Sequence[int], _: date, horizon: int) -> Fraction:
    return Fraction(sum(days[-28:]) * horizon, len(days[-28:]))


def _weekday_means(days: Sequence[int], _: date, horizon: int) -> Fraction:
    """Each weekday as its mean of the last four weeks."""
    weeks = min(4, len(days) // 7)
    recent = days[-7 * weeks :]
    return Fraction(sum(sum(recent[number % 7 :: 7]) for number in range(horizon)), weeks)


METHODS: Mapping[str, Told] = MappingProxyType(
    {"ours": _ours, "week ago": _week_ago, "month line": _line, "mean 28": _mean, "weekday means": _weekday_means}
)
