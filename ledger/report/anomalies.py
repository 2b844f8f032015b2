"""Days and things out of the usual: pure, exact, each with what is usual and why it counts. Guesses no cause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pricing import Money

from .values import Anomaly

HISTORY_DAYS = 28
LEAST_DAYS = 8
"""Of history: with fewer nothing is usual."""
_WIDTH = Fraction(9, 2)
"""Times the median distance from the median: some three standard deviations of a normal day."""
_LEAST_SHARE = Fraction(1, 2)
"""A day this much off its median, of it, is never out of the usual: even spend is no cause for alarm."""
CENT = 10**7
LEAST_FAILURES, LEAST_RETRIES = 5, 5


@dataclass(frozen=True, slots=True)
class Tries:
    """Of one day: attempts begun, jobs they were for, and those that were turned away or lost."""

    begun: int
    jobs: int
    failed: int

    @property
    def retries(self) -> int:
        return self.begun - self.jobs


def spend(days: Mapping[date, int], currency: str, period: tuple[date, date], until: date) -> Iterable[Anomaly]:
    """Days of the period, `until` excluded, whose spend lies outside the band of the four weeks before.

    `days`: nanos; the first one is where history begins, and a day that is absent spent nothing.
    """
    for day in _each(period, until):
        band = _band(days, day)
        if band is not None and not band[0] <= days.get(day, 0) <= band[2]:
            low, median, high = (_brief(max(edge, Fraction(0)), currency) for edge in band)
            value = days.get(day, 0)
            word = "more" if value > band[2] else "less"
            yield Anomaly(
                day,
                "spend",
                str(Money(value, currency)),
                f"{low} to {high}",
                f"{word} than the band around {median}, the median of the days before",
            )


def tries(days: Mapping[date, Tries], period: tuple[date, date], until: date) -> Iterable[Anomaly]:
    """Days on which more attempts failed, or more jobs were tried again, than is usual."""
    kinds = (("failures", LEAST_FAILURES, _failed), ("retry burst", LEAST_RETRIES, _retried))
    for day in _each(period, until + timedelta(days=1)):
        for what, least, count in kinds:
            found = count(days[day]) if day in days else 0
            band = _band({one: count(tried) for one, tried in days.items()}, day)
            most = Fraction(0) if band is None else band[2]
            if found >= least and found > most and (band is not None or 2 * found >= days[day].begun):
                usual = "no usual is known" if band is None else f"at most {int(most)} a day"
                yield Anomaly(day, what, str(found), usual, f"of {days[day].begun} attempts for {days[day].jobs} jobs")


def new(first_seen: Mapping[tuple[str, str], date], before: Iterable[tuple[str, str]]) -> Iterable[Anomaly]:
    """(provider, offer) that were first charged in the period; none where nothing was before."""
    known = set(before)
    providers = {provider for provider, _ in known}
    if not known:
        return
    told: set[str] = set()
    for (provider, offer), day in sorted(first_seen.items(), key=lambda one: (one[1], one[0])):
        if provider not in providers and provider not in told:
            told.add(provider)
            yield Anomaly(day, "new provider", provider, ", ".join(sorted(providers)), "never charged before")
        elif (provider, offer) not in known:
            yield Anomaly(day, "new offer", offer, "", "never charged before")


def _failed(one: Tries) -> int:
    return one.failed


def _retried(one: Tries) -> int:
    return one.retries


def _each(period: tuple[date, date], until: date) -> Iterable[date]:
    for number in range((min(period[1], until) - period[0]).days):
        yield period[0] + timedelta(days=number)


def _band(days: Mapping[date, int], day: date) -> tuple[Fraction, Fraction, Fraction] | None:
    """Low, median and high of what is usual on a day, from the days before it; None: too few are known."""
    first = max(min(days, default=day), day - timedelta(days=HISTORY_DAYS))
    known = sorted(days.get(first + timedelta(days=number), 0) for number in range((day - first).days))
    if len(known) < LEAST_DAYS:
        return None
    middle = _median([Fraction(one) for one in known])
    spread = _median(sorted(abs(one - middle) for one in known))
    width = max(_WIDTH * spread, _LEAST_SHARE * middle)
    return middle - width, middle, middle + width


def _brief(nanos: Fraction, currency: str) -> Money:
    """What is usual, to the cent from 1 up: it is an estimate, and no one's money."""
    return Money(round(nanos / CENT) * CENT if nanos >= 100 * CENT else round(nanos), currency)


def _median(ordered: list[Fraction]) -> Fraction:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
