"""Forecasts of the ledger's budgets: asked of what it knows, kept as they were made, scored when their window is over.

Moves no money. A day is that of the grant, in the budget's zone, as the budget counts it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from pricing import Money

from ..budget import budgets
from ..budget.budgets import Limit
from ..credit import lots
from ..forecast.outlook import forecast
from ..forecast.score import Said, score, track
from ..forecast.series import MOST_DAYS, day_at
from ..forecast.values import Forecast, Lot, Planned, Question, Track
from ..instants import FOREVER, bounds, micros, moment, zone
from ..scopes import chain
from ..store import Row, Statement, Work
from ..told import FORECAST
from . import cells, rollup

EVERYTHING = "*"
"""The scope of a forecast over all of one currency."""
SINCE_EVER = date(1970, 1, 1)
AHEAD_DAYS = 30
"""So far a total, which has no end, is looked ahead."""
MOST_WINDOWS = 12
"""Of past windows the newest so many are scored: each is one reading of what came."""

_ADD = Statement(sa.insert(FORECAST), [column.name for column in FORECAST.c if column.name != "id"])
_NAMES = ("scope", "currency", "window", "tz")
_SAME = sa.and_(*(FORECAST.c[name] == sa.bindparam(name) for name in _NAMES))
_KEPT = Statement(sa.select(FORECAST).where(_SAME, FORECAST.c.ends_on <= sa.bindparam("today")).order_by(FORECAST.c.id))
_NEWEST = Statement(
    sa.select(FORECAST)
    .where(_SAME)
    .order_by(FORECAST.c.id.desc())
    .limit(sa.literal_column("1"))
    .offset(sa.literal_column("0"))
)
_DRAWN = Statement(
    sa.text(
        "SELECT txn.granted_at / :bucket AS bucket, CAST(SUM(draw.cost_nanos) AS BIGINT) AS nanos "
        "FROM draw JOIN txn ON txn.id = draw.txn JOIN lot ON lot.id = draw.lot "
        "WHERE txn.job IS NOT NULL AND lot.cost_currency = :currency AND txn.granted_at >= :starts "
        "GROUP BY txn.granted_at / :bucket"
    )
)


def of_budget(work: Work, now: int, limit: Limit, planned: Sequence[Planned] = ()) -> Forecast:
    """Where a budget will stand at the end of its running period; of a total, in 30 days.

    Credits that expire unused are no single budget's: the forecast of everything counts them. Raises BadRequest.
    """
    today = day_at(moment(now), limit.tz).date
    window = window_of(limit, today)
    days = _days(work, limit.scope, limit.currency, limit.tz, today)
    question = Question(
        scope=limit.scope,
        currency=limit.currency,
        window=window,
        tz=limit.tz,
        at=moment(now),
        days=days,
        spent=Money(limit.spent, limit.currency),
        held=Money(limit.held, limit.currency),
        limit=None if limit.limit is None else Money(limit.limit, limit.currency),
        planned=tuple(planned),
        track=tracked(work, limit, today),
    )
    return forecast(question)


def of_everything(work: Work, now: int, currency: str, planned: Sequence[Planned] = ()) -> Forecast:
    """All that is spent in a currency, in the month (UTC) that runs. Has no limit; counts credits that expire."""
    everything = whole(now, currency)
    today = day_at(moment(now), "UTC").date
    window = window_of(everything, today)
    month = [one for one in cells.spend(work, (), window) if one.currency == currency]
    held = [one for one in cells.spend(work, (), (SINCE_EVER, window[1])) if one.currency == currency]
    nothing = Money.zero(currency)
    left = [lot for one in lots.credits(work, None) for lot in one.lots if lot.cost.currency == currency]
    question = Question(
        scope=EVERYTHING,
        currency=currency,
        window=window,
        tz="UTC",
        at=moment(now),
        days=_days(work, None, currency, "UTC", today),
        spent=month[0].settled if month else nothing,
        held=held[0].held if held else nothing,
        planned=tuple(planned),
        lots=tuple(
            Lot(one.id, one.remaining_cost, None if one.expires_at is None else one.expires_at.date())
            for one in left
            if one.remaining_cost
        ),
        drawn=_drawn(work, currency, today),
        track=tracked(work, everything, today),
    )
    return forecast(question)


def whole(now: int, currency: str) -> Limit:
    """All scopes of a currency, as if a budget without a limit tracked them by the month."""
    starts, ends = bounds("month", "UTC", now)
    return Limit(
        budget=0, scope=EVERYTHING, currency=currency, window="month", tz="UTC", week_start="", overrun="alert",
        gate="open", period=None, starts_at=starts, ends_at=ends, limit=None, spent=0, held=0,
    )  # fmt: skip


def of_scope(work: Work, now: int, scope: str) -> list[Limit]:
    """The scope's own budgets; where it has none, itself by the month, without a limit. Raises BadScope."""
    scope = chain(scope)[-1]
    around = budgets.around(work, scope, now)
    own = [one for one in around if one.scope == scope]
    if own or not around:
        return own
    currency = around[0].currency
    starts, ends = bounds("month", "UTC", now)
    month = cells.spend(work, (), (moment(starts).date(), moment(ends).date()), scope=scope)
    mine = next((one for one in month if one.currency == currency), None)
    return [
        Limit(
            budget=0, scope=scope, currency=currency, window="month", tz="UTC", week_start="", overrun="alert",
            gate="open", period=None, starts_at=starts, ends_at=ends, limit=None,
            spent=0 if mine is None else mine.settled.nanos, held=0 if mine is None else mine.held.nanos,
        )
    ]  # fmt: skip


def window_of(limit: Limit, today: date) -> tuple[date, date]:
    """The days of a budget's running period: the first, and the first one after."""
    there = zone(limit.tz)
    if limit.window == "total":
        return SINCE_EVER, today + timedelta(days=AHEAD_DAYS)
    last = moment(min(limit.ends_at, FOREVER) - 1).astimezone(there).date()
    return moment(limit.starts_at).astimezone(there).date(), max(last, today) + timedelta(days=1)


def keep(work: Work, limit: Limit, made: Forecast) -> None:
    """Keep a forecast as it was made; the same again on the same day is kept once."""
    row: dict[str, object] = dict(_identity(limit))
    row |= {
        "at": micros(made.at),
        "starts_on": made.window[0].isoformat(),
        "ends_on": made.window[1].isoformat(),
        "spent_nanos": made.spent.nanos,
        "expected_nanos": made.expected.nanos,
        "low_nanos": None if made.low is None else made.low.nanos,
        "high_nanos": None if made.high is None else made.high.nanos,
        "naive_nanos": None if made.naive is None else made.naive.nanos,
    }
    newest = work.row(_NEWEST, _identity(limit))
    same = newest is not None and all(newest[name] == value for name, value in row.items() if name != "at")
    if newest is None or not same or moment(newest["at"]).date() != made.at.date():
        work.add(_ADD, row)


def tracked(work: Work, limit: Limit, today: date) -> Track | None:
    """How the forecasts did whose window is over; None: there are none yet."""
    over: dict[tuple[date, date], list[Row]] = {}
    for row in work.rows(_KEPT, dict(_identity(limit)) | {"today": today.isoformat()}):
        over.setdefault((date.fromisoformat(row["starts_on"]), date.fromisoformat(row["ends_on"])), []).append(row)
    newest = sorted(over.items(), key=lambda one: one[0][1])[-MOST_WINDOWS:]
    scope = None if limit.scope == EVERYTHING else limit.scope
    scores = [
        score(_said(row, window), truth)
        for window, rows in newest
        for truth in [_spent(work, scope, limit.currency, limit.tz, window)]
        for row in rows
    ]
    return track(scores)


def _identity(limit: Limit) -> Mapping[str, object]:
    return {name: getattr(limit, name) for name in _NAMES}


def _said(row: Row, window: tuple[date, date]) -> Said:
    spent, expected, low, high, naive = (
        None if row[f"{name}_nanos"] is None else Money(row[f"{name}_nanos"], row["currency"])
        for name in ("spent", "expected", "low", "high", "naive")
    )
    nothing = Money.zero(row["currency"])
    return Said(moment(row["at"]), window, spent or nothing, expected or nothing, low, high, naive)


def _spent(work: Work, scope: str | None, currency: str, tz: str, window: tuple[date, date]) -> Money:
    found = cells.spend(work, (), window, tz=tz, scope=scope)
    return next((one.settled for one in found if one.currency == currency), Money.zero(currency))


def _days(work: Work, scope: str | None, currency: str, tz: str, today: date) -> dict[date, int]:
    period = (today - timedelta(days=MOST_DAYS), today + timedelta(days=1))
    return {
        date.fromisoformat(one.keys["day"]): one.settled.nanos
        for one in cells.spend(work, ("day",), period, tz=tz, scope=scope)
        if one.currency == currency
    }


def _drawn(work: Work, currency: str, today: date) -> dict[date, int]:
    first = (today - timedelta(days=MOST_DAYS) - SINCE_EVER).days
    values = {"bucket": rollup.DAY, "currency": currency, "starts": first * rollup.DAY}
    return {SINCE_EVER + timedelta(days=row["bucket"]): row["nanos"] for row in work.rows(_DRAWN, values)}
