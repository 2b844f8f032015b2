"""How far off forecasts of the same days ahead were on the same series, and the band that follows. Pure; whole numbers.

At every past day a forecast is made out of what was known then, and set against what came. The band holds the middle
80 % of the ratios. Whether such a band holds is measured too: each past day's own band, out of the ratios known by
then, is set against what came, and no band is shown without that count.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from .pace import WEEKDAYS_FROM, Pace, pace

NOMINAL = Fraction(8, 10)
"""The band is meant to hold so often."""
LEAST_ORIGINS = 8
LEAST_CHECKS = 8
MOST_STRETCH = 4
ORIGINS = 182
"""The past days that are looked at: half a year."""
_TAIL = 10
"""One in so many may fall below the band, and one above."""
_PARTS = 10**6
_BEYOND = 10**30
"""The ratio of something to nothing."""


@dataclass(frozen=True, slots=True)
class Band:
    """The ratios of truth to forecast between which the truth should fall."""

    low: Fraction
    high: Fraction
    inside: int
    checks: int


@dataclass(frozen=True, slots=True)
class Origin:
    """A past day, what was forecast then for the days ahead, and what came."""

    day: date
    forecast: Fraction
    truth: int


def origins(days: Sequence[int], today: date, horizon: int, most: int = ORIGINS) -> list[Origin]:
    """A forecast from each past day whose `horizon` days are over, the oldest first."""
    found: list[Origin] = []
    last = len(days) - horizon
    for known in range(max(WEEKDAYS_FROM, last - most + 1), last + 1):
        day = today - timedelta(days=len(days) - known)
        ahead = pace(days[:known], day).ahead(day, horizon)
        found.append(Origin(day, ahead, sum(days[known : known + horizon])))
    return found


def too_new(pace: Pace, today: date, horizon: int) -> bool:
    """Whether the level changed and too few forecasts from after that are over: older ones tell of another level."""
    return pace.changed_on is not None and (today - pace.changed_on).days - horizon + 1 < LEAST_ORIGINS


def band(past: Sequence[Origin], horizon: int) -> Band | None:
    """The band out of these origins, one a day; None: there are too few of them, or too few checks of it."""
    ratios = [_ratio(one) for one in past]
    known: list[int] = []
    stretches: list[int] = []
    needed: list[int | None] = []
    inside = checks = 0
    for place, ratio in enumerate(ratios):
        if place >= horizon:  # what that one told of is over by now, and so is the check of its band
            insort(known, ratios[place - horizon])
            if (over := needed[place - horizon]) is not None:
                insort(stretches, over)
        needed.append(None)
        if len(known) < LEAST_ORIGINS or (middle := _middle(known))[1] >= _BEYOND:
            continue  # none would have been shown
        low, high = _stretch(middle, stretches)
        inside += low <= ratio <= high
        checks += 1
        needed[place] = _needed(ratio, middle)
    middle = _middle(sorted(ratios)) if ratios else (_PARTS, _BEYOND)
    if checks < LEAST_CHECKS or middle[1] >= _BEYOND:
        return None
    low, high = _stretch(middle, sorted(one for one in needed if one is not None))
    return Band(Fraction(low, _PARTS), Fraction(high, _PARTS), inside, checks)


def _needed(ratio: int, middle: tuple[int, int]) -> int:
    """How many millionths of its width a band would have needed to hold this ratio."""
    low, high = middle
    if ratio < low:
        return -(-(_PARTS - ratio) * _PARTS // (_PARTS - low)) if low < _PARTS else _BEYOND
    if ratio > high:
        return -(-(ratio - _PARTS) * _PARTS // (high - _PARTS)) if high > _PARTS else _BEYOND
    return _PARTS


def _stretch(middle: tuple[int, int], needed: Sequence[int]) -> tuple[int, int]:
    """The band made so much wider that it would have held 80 % of the times before, at most four times as wide."""
    if len(needed) < LEAST_ORIGINS:
        return middle
    place = min(len(needed), -(-(len(needed) + 1) * NOMINAL.numerator // NOMINAL.denominator))
    wide = min(needed[place - 1], MOST_STRETCH * _PARTS)
    low, high = middle
    return max(0, _PARTS - (_PARTS - low) * wide // _PARTS), _PARTS - (_PARTS - high) * wide // _PARTS


def _ratio(origin: Origin) -> int:
    """Truth ÷ forecast in millionths, rounded up."""
    truth = max(0, origin.truth)
    if not origin.forecast:
        return _BEYOND if truth else _PARTS
    return -(-truth * _PARTS * origin.forecast.denominator // origin.forecast.numerator)


def _middle(ratios: Sequence[int]) -> tuple[int, int]:
    """The band of sorted ratios, the forecast itself within it; of few ratios, their ends."""
    tail = max(1, (len(ratios) + 1) // _TAIL)
    return min(_PARTS, ratios[tail - 1]), max(_PARTS, ratios[-tail])
