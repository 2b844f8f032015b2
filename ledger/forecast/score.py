"""How good past forecasts were, once their windows are over. Pure: it is given what was said and what came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from pricing import Money

from .values import Forecast, Score, Track


@dataclass(frozen=True, slots=True)
class Said:
    """What is kept of a forecast to score it by. All amounts are of the whole window."""

    at: datetime
    window: tuple[date, date]
    spent: Money
    """When it was made."""
    expected: Money
    low: Money | None
    high: Money | None
    naive: Money | None


def said(one: Forecast) -> Said:
    return Said(one.at, one.window, one.spent, one.expected, one.low, one.high, one.naive)


def score(one: Said, truth: Money) -> Score:
    """The forecast against what the window came to. Only what was still to come counts: the rest needed no forecast.

    Raises CurrencyMismatch.
    """
    inside = None if one.low is None or one.high is None else one.low <= truth <= one.high
    return Score(
        at=one.at,
        window=one.window,
        truth=(truth - one.spent).nanos,
        error=(truth - one.expected).nanos,
        naive_error=None if one.naive is None else (truth - one.naive).nanos,
        inside=inside,
    )


def track(scores: Iterable[Score]) -> Track | None:
    """All of them together, in any order; None: there are none."""
    every = list(scores)
    if not every:
        return None
    came = sum(abs(one.truth) for one in every)
    compared = [(abs(one.error), abs(one.naive_error)) for one in every if one.naive_error is not None]
    naive = sum(theirs for _, theirs in compared)
    shown = [one.inside for one in every if one.inside is not None]
    return Track(
        forecasts=len(every),
        wape=Fraction(sum(abs(one.error) for one in every), came) if came else None,
        mase=Fraction(sum(ours for ours, _ in compared), naive) if naive else None,
        coverage=(sum(shown), len(shown)) if shown else None,
    )
