"""Budgets of a scope's chain: their periods, their room, and the one UPDATE that authorises. Runs inside a transaction.

A period's `held` is what its scope's jobs, granted in it, have open; its `spent` is the journal's sum for them. Both
follow from the job's scope and the instant it was granted, so a budget made later opens with the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from pricing import Money

from . import accounts
from .engine import Row, Statement, Work
from .errors import BadBudget, StorageError
from .instants import FOREVER, WINDOWS, Window, bounds, moment, zone
from .scopes import chain, inside
from .tables import BUDGET, ENTRY, JOB, PERIOD, TXN
from .values import Budget


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget with its period around some instant. `period` None: nobody has held in it yet."""

    budget: int
    scope: str
    currency: str
    window: Window
    tz: str
    period: int | None
    starts_at: int
    ends_at: int
    limit: int | None
    spent: int
    held: int

    @property
    def room(self) -> int | None:
        """What may still be held, in nanos; None: no limit."""
        return None if self.limit is None else self.limit - self.spent - self.held


_COLUMNS = (
    BUDGET.c.id.label("budget"),
    BUDGET.c.scope,
    BUDGET.c.currency,
    BUDGET.c.window,
    BUDGET.c.tz,
    BUDGET.c.limit_nanos.label("wanted"),
    PERIOD.c.id.label("period"),
    PERIOD.c.starts_at,
    PERIOD.c.ends_at,
    PERIOD.c.limit_nanos,
    PERIOD.c.spent_nanos,
    PERIOD.c.held_nanos,
)
_AROUND = sa.and_(
    PERIOD.c.budget_id == BUDGET.c.id,
    PERIOD.c.starts_at <= sa.bindparam("at"),
    PERIOD.c.ends_at > sa.bindparam("at"),
)
_ALL = Statement(sa.select(*_COLUMNS).select_from(BUDGET.outerjoin(PERIOD, _AROUND)).order_by(BUDGET.c.id))
_TAKE = Statement(
    sa.update(PERIOD)
    .values(held_nanos=PERIOD.c.held_nanos + sa.bindparam("amount"))
    .where(
        PERIOD.c.id == sa.bindparam("period"),
        sa.or_(
            PERIOD.c.limit_nanos.is_(None),
            PERIOD.c.limit_nanos - PERIOD.c.spent_nanos - PERIOD.c.held_nanos >= sa.bindparam("amount"),
        ),
    )
)
_OPEN_PERIOD = Statement(sa.insert(PERIOD), [column.name for column in PERIOD.c if column.name != "id"])
_ADD_BUDGET = Statement(sa.insert(BUDGET), [column.name for column in BUDGET.c if column.name != "id"])
_SET_LIMIT = Statement(sa.update(BUDGET).where(BUDGET.c.id == sa.bindparam("budget")), ["limit_nanos"])
_SET_PERIOD_LIMIT = Statement(
    sa.update(PERIOD).where(PERIOD.c.budget_id == sa.bindparam("budget"), PERIOD.c.ends_at > sa.bindparam("now")),
    ["limit_nanos"],
)
_SPENT = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(ENTRY.c.amount_nanos), sa.literal_column("0")).label("nanos"))
    .select_from(ENTRY.join(TXN, TXN.c.id == ENTRY.c.txn))
    .where(
        sa.or_(
            ENTRY.c.account == sa.bindparam("account"),
            sa.and_(ENTRY.c.account >= sa.bindparam("spent_below"), ENTRY.c.account < sa.bindparam("spent_above")),
        ),
        TXN.c.granted_at >= sa.bindparam("starts_at"),
        TXN.c.granted_at < sa.bindparam("ends_at"),
    )
)
_WITHIN = (
    sa.or_(
        JOB.c.scope == sa.bindparam("scope"),
        sa.and_(JOB.c.scope >= sa.bindparam("below"), JOB.c.scope < sa.bindparam("above")),
    ),
    JOB.c.granted_at >= sa.bindparam("starts_at"),
    JOB.c.granted_at < sa.bindparam("ends_at"),
)
_HELD = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(JOB.c.open_nanos), sa.literal_column("0")).label("nanos")).where(
        *_WITHIN, JOB.c.open_nanos > sa.literal_column("0")
    )
)
_EXPOSED = Statement(
    sa.select(JOB.c.state, JOB.c.open_nanos, JOB.c.parked_nanos).where(
        *_WITHIN,
        sa.or_(JOB.c.parked_nanos > sa.literal_column("0"), JOB.c.state == sa.literal_column("'unknown'")),
    )
)


def around(work: Work, scope: str, at: int) -> list[Limit]:
    """The budgets of the scope's chain with their periods around an instant, in order of id."""
    scopes = chain(scope)
    values: dict[str, object] = {"at": at}
    values.update(zip(_SCOPES, scopes, strict=False))
    return [_limit(row, at) for row in work.rows(_of_chain(len(scopes)), values)]


def opened(work: Work, scope: str, at: int) -> list[Limit]:
    """The same, and every period exists afterwards."""
    return [one if one.period is not None else open_period(work, one) for one in around(work, scope, at)]


def authorised(work: Work, scope: str, at: int) -> list[Limit]:
    """The same, but only budgets that had a period around that instant: they answer for what was granted then."""
    return [one for one in around(work, scope, at) if one.period is not None]


def tightest(limits: Sequence[Limit]) -> Limit | None:
    """The capped budget with the least room; None: no budget of these is capped."""
    capped = [(one.room, one.budget, one) for one in limits if one.room is not None]
    return min(capped)[2] if capped else None


def short(limits: Sequence[Limit], amount: int) -> Limit | None:
    """The tightest budget that lacks room for the amount, if one does."""
    one = tightest(limits)
    return one if one is not None and one.room is not None and one.room < amount else None


def take(work: Work, limits: Sequence[Limit], amount: int) -> None:
    """Set the amount aside in every one of them, or raise and so in none."""
    for one in limits:
        if work.run(_TAKE, {"amount": amount, "period": one.period}) != 1:
            raise StorageError(f"budget {one.scope} changed under a hold; nothing was changed", next="ask again")


def shift(work: Work, scope: str, granted_at: int, *, spent: int, held: int) -> None:
    """Move what a job has spent and holds in every budget that covers it, whatever the limits say."""
    if spent or held:
        scopes = chain(scope)
        values: dict[str, object] = {"at": granted_at, "spent": spent, "held": held}
        values.update(zip(_SCOPES, scopes, strict=False))
        work.run(_shift(len(scopes)), values)


def open_period(work: Work, limit: Limit) -> Limit:
    """Make the row of a period, opened with what the journal and the open holds say."""
    within = _within(limit)
    (spent,) = work.rows(_SPENT, _accounts(limit) | within)
    (held,) = work.rows(_HELD, within)
    made = {
        "budget_id": limit.budget,
        "starts_at": limit.starts_at,
        "ends_at": limit.ends_at,
        "limit_nanos": limit.limit,
        "spent_nanos": spent["nanos"],
        "held_nanos": held["nanos"],
    }
    period = work.add(_OPEN_PERIOD, made)
    return replace(limit, period=period, spent=spent["nanos"], held=held["nanos"])


def set_budget(
    work: Work, now: int, scope: str, limit: Money | None, currency: str | None, window: Window, tz: str
) -> Budget:
    """Make a budget or change its limit. Raises BadScope, BadBudget."""
    currency, tz = _identity(scope, limit, currency, window, tz)
    known = [_limit(row, now) for row in work.rows(_ALL, {"at": now})]
    for other in known:
        related = other.scope in chain(scope) or scope in chain(other.scope)
        if related and other.currency != currency:
            raise BadBudget(
                f"{scope} cannot have a budget in {currency}: {other.scope} has one in {other.currency}",
                value=currency,
                limit=other.currency,
                next=f"give it in {other.currency}",
            )
    nanos = None if limit is None else limit.nanos
    found = next((one for one in known if (one.scope, one.window, one.tz) == (scope, window, tz)), None)
    if found is None:
        values = {"scope": scope, "currency": currency, "window": window, "tz": tz}
        made = work.add(_ADD_BUDGET, values | {"limit_nanos": nanos, "created_at": now})
        start, end = bounds(window, tz, now)
        found = Limit(made, scope, currency, window, tz, None, start, end, nanos, 0, 0)
    else:
        work.run(_SET_LIMIT, {"budget": found.budget, "limit_nanos": nanos})
        work.run(_SET_PERIOD_LIMIT, {"budget": found.budget, "now": now, "limit_nanos": nanos})
        found = replace(found, limit=nanos)
    return shown(work, found if found.period is not None else open_period(work, found))


def every(work: Work, now: int) -> list[Limit]:
    return [_limit(row, now) for row in work.rows(_ALL, {"at": now})]


def shown(work: Work, one: Limit) -> Budget:
    """The budget as people see it."""

    def money(nanos: int) -> Money:
        return Money(nanos, one.currency)

    doubtful = work.rows(_EXPOSED, _within(one))
    exposed = sum(row["parked_nanos"] or row["open_nanos"] for row in doubtful)
    return Budget(
        scope=one.scope,
        currency=one.currency,
        window=one.window,
        tz=one.tz,
        limit=None if one.limit is None else money(one.limit),
        spent=money(one.spent),
        held=money(one.held),
        available=None if one.room is None else money(one.room),
        exposed=money(exposed),
        period_start=None if one.window == "total" else moment(one.starts_at),
        period_end=None if one.ends_at == FOREVER else moment(one.ends_at),
    )


def _identity(scope: str, limit: Money | None, currency: str | None, window: Window, tz: str) -> tuple[str, str]:
    chain(scope)
    if window not in WINDOWS:
        raise BadBudget(f"{window!r} is not a window", value=str(window), limit=", ".join(WINDOWS))
    zone(tz)
    if limit is not None and currency is not None and limit.currency != currency:
        raise BadBudget(f"the limit {limit} is not in {currency}", value=limit.currency, limit=currency)
    if limit is None and currency is None:
        raise BadBudget(f"a budget for {scope} without a limit needs a currency", next="say which, such as USD")
    if limit is not None and limit.nanos < 0:
        raise BadBudget(f"a budget cannot be {limit}", value=str(limit), limit="0", next="give zero or more")
    name = limit.currency if limit is not None else Money.zero(str(currency)).currency
    return name, "UTC" if window == "total" else tz


def _limit(row: Row, at: int) -> Limit:
    period: int | None = row["period"]
    if period is None:
        start, end = bounds(row["window"], row["tz"], at)
        numbers = (start, end, row["wanted"], 0, 0)
    else:
        numbers = (row["starts_at"], row["ends_at"], row["limit_nanos"], row["spent_nanos"], row["held_nanos"])
    return Limit(row["budget"], row["scope"], row["currency"], row["window"], row["tz"], period, *numbers)


def _within(one: Limit) -> dict[str, Any]:
    below, above = inside(one.scope)
    return {"scope": one.scope, "below": below, "above": above, "starts_at": one.starts_at, "ends_at": one.ends_at}


def _accounts(one: Limit) -> dict[str, Any]:
    below, above = inside(one.scope)
    own = {"account": accounts.spent(one.scope)}
    return own | {"spent_below": accounts.spent(below), "spent_above": accounts.spent(above)}


_SCOPES = tuple(f"scope_{n}" for n in range(8))


@lru_cache(maxsize=8)
def _of_chain(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in _SCOPES[:length]]
    look = sa.select(*_COLUMNS).select_from(BUDGET.outerjoin(PERIOD, _AROUND))
    return Statement(look.where(BUDGET.c.scope.in_(scopes)).order_by(BUDGET.c.id))


@lru_cache(maxsize=8)
def _shift(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in _SCOPES[:length]]
    covering = (
        sa.select(PERIOD.c.id)
        .select_from(PERIOD.join(BUDGET, PERIOD.c.budget_id == BUDGET.c.id))
        .where(
            BUDGET.c.scope.in_(scopes),
            PERIOD.c.starts_at <= sa.bindparam("at"),
            PERIOD.c.ends_at > sa.bindparam("at"),
        )
    )
    moved = sa.update(PERIOD).values(
        spent_nanos=PERIOD.c.spent_nanos + sa.bindparam("spent"),
        held_nanos=PERIOD.c.held_nanos + sa.bindparam("held"),
    )
    return Statement(moved.where(PERIOD.c.id.in_(covering)))
