"""Makes a forecast: what is spent, what is known to come, and the usual pace for the days that are left. Pure.

Open holds are how the usual spend begins, so they are not added to it: what a usual day would spend anyway covers
them, and only what they exceed it by is added. A planned batch is added whole. Money is rounded once, at the end.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pricing import Money

from ..errors import BadRequest
from .band import band, origins, too_new
from .pace import Pace, pace
from .series import Today, day_at, finished, week_ago
from .values import Forecast, Lot, Planned, Question
from .wording import basis


@dataclass(frozen=True, slots=True)
class _Way:
    """What will have been spent by the end of any day, as far as is known today. Exact, in nanos."""

    now: Today
    pace: Pace
    spent: int
    held: int
    planned: tuple[Planned, ...]

    def usual(self, last: date) -> Fraction:
        """At the usual pace from now to the end of a day."""
        rest = self.now.left * self.pace.ahead(self.now.date, 1)
        return rest + self.pace.ahead(self.now.date + timedelta(days=1), (last - self.now.date).days)

    def unusual(self, last: date) -> Fraction:
        """Of what is held: what a usual day from now on would not spend anyway. A job takes minutes."""
        tomorrow = (1 - self.now.left) * self.pace.ahead(self.now.date + timedelta(days=1), 1)
        day = self.now.left * self.pace.ahead(self.now.date, 1) + tomorrow
        return max(Fraction(0), self.held - min(day, self.usual(last)))

    def batches(self, last: date) -> int:
        return sum(one.amount.nanos for one in self.planned if self.now.date <= one.day <= last)

    def spent_by(self, last: date) -> Fraction:
        return self.spent + self.unusual(last) + self.batches(last) + self.usual(last)

    def used_up(self, limit: int) -> int | None:
        """In how many days, today being 0; None: not before the calendar ends."""
        most = (date.max - self.now.date).days
        found = bisect_left(range(most), Fraction(limit), key=lambda day: self.spent_by(self.now.date + timedelta(day)))
        return found if found < most else None


def forecast(question: Question) -> Forecast:
    """Where the budget will stand at the end of its window. The same question always gets the same answer.

    Raises BadRequest where the window is over, has not begun, or a day lies ahead, and pricing.BadMoney where an
    amount is beyond what can be kept.
    """
    now = day_at(question.at, question.tz)
    first, after = question.window
    if not first <= now.date < after:
        raise BadRequest(
            f"{now.date} is not in the window from {first} until before {after}",
            value=str(now.date),
            limit=f"{first} to {after}",
            next="ask for the window that runs",
        )
    days = finished(question.days, now.date, since=question.since, planned=question.planned)
    way = _Way(now, pace(days, now.date), question.spent.nanos, question.held.nanos, question.planned)
    last, horizon = after - timedelta(days=1), (after - now.date).days
    whole, usual, unusual = way.spent + way.batches(last), way.usual(last), way.unusual(last)
    shown = None if too_new(way.pace, now.date, horizon) else band(origins(days, now.date, horizon), horizon)
    naive = week_ago(days, now, horizon)
    lapsing = _lapsing(question, now, last)
    used_up = None if question.limit is None else way.used_up(question.limit.nanos)

    def money(nanos: Fraction | int) -> Money:
        return Money(round(nanos), question.currency)

    made = Forecast(
        scope=question.scope,
        currency=question.currency,
        window=question.window,
        at=question.at,
        spent=question.spent,
        held=question.held,
        planned=money(way.batches(last)),
        credits=money(lapsing),
        expected=money(whole + round(usual + unusual)),  # so that a batch adds exactly what it costs
        low=None if shown is None else money(whole + math.floor(unusual + usual * shown.low)),
        high=None if shown is None else money(whole + math.ceil(unusual + usual * shown.high)),
        coverage=None if shown is None else (shown.inside, shown.checks),
        limit=question.limit,
        burn_rate=money(way.pace.per_day) if way.pace.days else None,
        exhausts_on=None if used_up is None or used_up >= horizon else now.date + timedelta(days=used_up),
        runway_days=used_up,
        basis="",
        method=way.pace.method,
        changed_on=way.pace.changed_on,
        naive=None if naive is None else money(question.spent.nanos + naive),
        track=question.track,
    )
    return basis(made, way.pace, money(unusual), len(days))


def _lapsing(question: Question, now: Today, last: date) -> Fraction:
    """What credits cost that no one will have drawn by the day they expire, that day being in the window.

    The soonest to expire are drawn first, at the usual pace of what was drawn from credits.
    """
    draws = pace(finished(question.drawn, now.date, since=question.since), now.date)
    way = _Way(now, draws, 0, 0, ())
    drawn = lapsed = Fraction(0)
    for lot in sorted(question.lots, key=_by_expiry):
        if lot.expires_on is None or lot.expires_on > last:
            break
        able = way.usual(lot.expires_on) - drawn if lot.expires_on >= now.date else Fraction(0)
        used = min(Fraction(lot.left.nanos), max(Fraction(0), able))
        drawn += used
        lapsed += lot.left.nanos - used
    return lapsed


def _by_expiry(lot: Lot) -> tuple[date, str]:
    return lot.expires_on or date.max, lot.id
