"""Budgets of a scope's chain: their periods, their room, and the one UPDATE that authorises. Runs inside a transaction.

A period's `held` is what its scope's jobs, granted in it, have open; its `spent` is the journal's sum for them. Both
follow from the job's scope and the instant it was granted, so a budget made later opens with the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa

from pricing import Money

from . import accounts
from .errors import BadBudget
from .instants import FOREVER, WEEKDAYS, WINDOWS, Weekday, Window, bounds, moment, zone
from .scopes import chain, inside
from .store import Moved, Row, Statement, Work
from .tables import BUDGET, ENTRY, JOB, NOTICE, PERIOD, THRESHOLDS, TXN
from .values import Budget, Gate, Overrun


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget with its period around some instant. `period` None: nobody has held in it yet."""

    budget: int
    scope: str
    currency: str
    window: Window
    tz: str
    week_start: str
    overrun: Overrun
    gate: str
    """The period's, which has the budget's; `over`: its overrun policy froze it."""
    period: int | None
    starts_at: int
    ends_at: int
    limit: int | None
    spent: int
    held: int

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        return self.scope, self.currency, self.window, self.tz, self.week_start

    @property
    def room(self) -> int | None:
        """What is left of the limit, in nanos; None: no limit."""
        return None if self.limit is None else self.limit - self.spent - self.held

    def lets_in(self, amount: int) -> bool:
        """Whether a new hold of so much is allowed: the same rule as in the UPDATE that takes it."""
        return self.gate == "open" and (self.overrun == "alert" or self.room is None or self.room >= amount)


_COLUMNS = (
    BUDGET.c.id.label("budget"),
    BUDGET.c.scope,
    BUDGET.c.currency,
    BUDGET.c.window,
    BUDGET.c.tz,
    BUDGET.c.week_start,
    BUDGET.c.overrun,
    BUDGET.c.limit_nanos.label("wanted"),
    BUDGET.c.gate.label("wanted_gate"),
    PERIOD.c.id.label("period"),
    PERIOD.c.starts_at,
    PERIOD.c.ends_at,
    PERIOD.c.limit_nanos,
    PERIOD.c.gate,
    PERIOD.c.spent_nanos,
    PERIOD.c.held_nanos,
)
_AROUND = sa.and_(
    PERIOD.c.budget_id == BUDGET.c.id,
    PERIOD.c.starts_at <= sa.bindparam("at"),
    PERIOD.c.ends_at > sa.bindparam("at"),
)
_ALL = Statement(sa.select(*_COLUMNS).select_from(BUDGET.outerjoin(PERIOD, _AROUND)).order_by(BUDGET.c.id))
_AMOUNT: sa.BindParameter[int] = sa.bindparam("amount", type_=sa.BigInteger)
LETS_IN = sa.and_(
    PERIOD.c.gate == sa.literal_column("'open'"),
    sa.or_(
        PERIOD.c.overrun == sa.literal_column("'alert'"),
        PERIOD.c.limit_nanos.is_(None),
        PERIOD.c.limit_nanos - PERIOD.c.spent_nanos - PERIOD.c.held_nanos
        >= sa.bindparam("amount", type_=sa.BigInteger),
    ),
)
"""The rule of authorisation: inside the UPDATE, so that no other writer can come between."""
_TAKE = Statement(
    sa.update(PERIOD)
    .values(held_nanos=PERIOD.c.held_nanos + sa.bindparam("amount", type_=sa.BigInteger), changed_at=sa.bindparam("at"))
    .where(PERIOD.c.id == sa.bindparam("period"), LETS_IN)
)
_OPEN_PERIOD = Statement(sa.insert(PERIOD), [column.name for column in PERIOD.c if column.name != "id"])
_ADD_BUDGET = Statement(sa.insert(BUDGET), [column.name for column in BUDGET.c if column.name != "id"])
_SET_TERMS = Statement(sa.update(BUDGET).where(BUDGET.c.id == sa.bindparam("budget")), ["limit_nanos", "overrun"])
_SET_PERIOD_TERMS = Statement(
    sa.update(PERIOD).where(PERIOD.c.budget_id == sa.bindparam("budget"), PERIOD.c.ends_at > sa.bindparam("now")),
    ["limit_nanos", "overrun", "changed_at"],
)
_SET_PERIOD = Statement(
    sa.update(PERIOD).where(PERIOD.c.id == sa.bindparam("period")), ["reached", "gate", "changed_at"]
)
_ADD_NOTICE = Statement(sa.insert(NOTICE), [column.name for column in NOTICE.c if column.name != "id"])
_ALONE = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE job IN SHARE ROW EXCLUSIVE MODE"))
"""Until the end of this transaction no other one moves a job: its sums would miss a new period, or be missed by it.

SQLite has one writer at a time anyway.
"""


def _total(column: sa.ColumnElement[int]) -> sa.Label[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), sa.literal_column("0")), sa.BigInteger).label("nanos")


_SPENT = Statement(
    sa.select(_total(ENTRY.c.amount_nanos))
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
_HELD = Statement(sa.select(_total(JOB.c.open_nanos)).where(*_WITHIN, JOB.c.open_nanos > sa.literal_column("0")))
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
    return [one if one.period is not None else open_period(work, at, one) for one in around(work, scope, at)]


def authorised(work: Work, scope: str, at: int) -> list[Limit]:
    """The same, but only budgets that had a period around that instant: they answer for what was granted then."""
    return [one for one in around(work, scope, at) if one.period is not None]


def tightest(limits: Sequence[Limit]) -> Limit | None:
    """The budget that lets the least in: a shut one, else the one with the least room; None: none stops anything."""
    shut = [one for one in limits if one.gate != "open"]
    capped = [(one.room, one.budget, one) for one in limits if one.room is not None and one.overrun != "alert"]
    return shut[0] if shut else min(capped)[2] if capped else None


def short(limits: Sequence[Limit], amount: int) -> Limit | None:
    """The tightest budget that does not let the amount in, if one does not."""
    one = tightest(limits)
    return None if one is None or one.lets_in(amount) else one


def take(work: Work, now: int, limits: Sequence[Limit], amount: int) -> None:
    """Set the amount aside in every one of them, or in none. Raises Moved: another writer took the room."""
    for one in limits:
        if work.run(_TAKE, {"amount": amount, "period": one.period, "at": now}) != 1:
            raise Moved(f"budget {one.scope} changed under a hold; nothing was changed")


def shift(work: Work, now: int, scope: str, granted_at: int, *, spent: int, held: int) -> None:
    """Move what a job has spent and holds in every budget that covers it, whatever the limits say.

    The last thing a verb does: the rows that every job of a scope meets on are then locked the shortest.
    """
    if spent or held:
        scopes = chain(scope)
        values: dict[str, object] = {"at": granted_at, "spent": spent, "held": held, "now": now}
        values.update(zip(_SCOPES, scopes, strict=False))
        work.run(_shift(len(scopes)), values)


def open_period(work: Work, now: int, limit: Limit) -> Limit:
    """Make the row of a period, opened with what the journal and the open holds say."""
    work.run(_ALONE, {})
    within = _within(limit)
    (spent,) = work.rows(_SPENT, _accounts(limit) | within)
    (held,) = work.rows(_HELD, within)
    made = {
        "budget_id": limit.budget,
        "starts_at": limit.starts_at,
        "ends_at": limit.ends_at,
        "limit_nanos": limit.limit,
        "overrun": limit.overrun,
        "gate": limit.gate,
        "spent_nanos": spent["nanos"],
        "held_nanos": held["nanos"],
        "reached": reached(limit.limit, spent["nanos"]),
        "changed_at": now,
    }
    period = work.add(_OPEN_PERIOD, made)
    return replace(limit, period=period, spent=spent["nanos"], held=held["nanos"])


def set_budget(
    work: Work,
    now: int,
    scope: str,
    limit: Money | None,
    *,
    currency: str | None,
    window: Window,
    tz: str,
    week_start: Weekday | None,
    overrun: Overrun | None,
    author: str,
) -> Budget:
    """Make a budget, or change its limit and policy. Raises BadScope, BadBudget.

    A period that its policy froze is opened again when the new limit covers what was spent: somebody has looked.
    """
    identity = _identity(scope, limit, currency, window, tz, week_start)
    currency, window, tz, starts = identity
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
    mine = (scope, *identity)
    found = next((one for one in known if one.identity == mine), None)
    if found is None:
        values = {"scope": scope, "currency": currency, "window": window, "tz": tz, "week_start": starts}
        policy = overrun or "freeze"
        made = work.add(
            _ADD_BUDGET, values | {"limit_nanos": nanos, "overrun": policy, "gate": "open", "created_at": now}
        )
        start, end = bounds(window, tz, now, starts)
        found = Limit(made, *mine, policy, "open", None, start, end, nanos, 0, 0)
    else:
        policy = overrun or found.overrun
        work.run(_SET_TERMS, {"budget": found.budget, "limit_nanos": nanos, "overrun": policy})
        work.run(
            _SET_PERIOD_TERMS,
            {"budget": found.budget, "now": now, "limit_nanos": nanos, "overrun": policy, "changed_at": now},
        )
        found = replace(found, limit=nanos, overrun=policy)
    found = found if found.period is not None else open_period(work, now, found)
    found = _looked_at(work, now, found)
    notice(work, now, found, "set", author)
    return shown(work, found)


def _looked_at(work: Work, now: int, found: Limit) -> Limit:
    """The period under new terms: what it has reached is counted anew, and overrun ends where the limit covers it."""
    covered = found.room is None or found.limit is None or found.spent <= found.limit
    gate = "open" if found.gate == "over" and (covered or found.overrun != "freeze") else found.gate
    work.run(
        _SET_PERIOD,
        {"period": found.period, "reached": reached(found.limit, found.spent), "gate": gate, "changed_at": now},
    )
    return replace(found, gate=gate)


def notice(work: Work, now: int, one: Limit, kind: str, author: str, note: str = "") -> None:
    """Keep the fact that a budget's terms changed."""
    figures = {"limit_nanos": one.limit, "spent_nanos": one.spent, "held_nanos": one.held}
    named = {"at": now, "budget_id": one.budget, "period_id": one.period, "kind": kind, "threshold": None}
    work.run(_ADD_NOTICE, named | figures | {"author": author, "note": note})


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
        week_start=cast("Weekday", one.week_start) if one.week_start else None,
        overrun=one.overrun,
        gate=cast("Gate", one.gate),
        limit=None if one.limit is None else money(one.limit),
        spent=money(one.spent),
        held=money(one.held),
        available=None if one.room is None else money(one.room),
        exposed=money(exposed),
        period_start=None if one.window == "total" else moment(one.starts_at),
        period_end=None if one.ends_at == FOREVER else moment(one.ends_at),
    )


def _identity(
    scope: str, limit: Money | None, currency: str | None, window: Window, tz: str, week_start: Weekday | None
) -> tuple[str, Window, str, str]:
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
    if week_start is not None and (window != "week" or week_start not in WEEKDAYS):
        days = ", ".join(WEEKDAYS)
        raise BadBudget(
            f"a {window} cannot start on {week_start!r}", value=str(week_start), limit=f"a week on one of {days}"
        )
    name = limit.currency if limit is not None else Money.zero(str(currency)).currency
    starts = (week_start or "monday") if window == "week" else ""
    return name, window, "UTC" if window == "total" else tz, starts


def reached(limit: int | None, spent: int) -> int:
    """The highest threshold that is spent, in per cent of the limit; 0: none."""
    passed = [step for step in THRESHOLDS if limit is not None and spent > 0 and spent * 100 >= limit * step]
    return max(passed, default=0)


def _limit(row: Row, at: int) -> Limit:
    period: int | None = row["period"]
    if period is None:
        start, end = bounds(row["window"], row["tz"], at, row["week_start"])
        gate, numbers = row["wanted_gate"], (start, end, row["wanted"], 0, 0)
    else:
        gate = row["gate"]
        numbers = (row["starts_at"], row["ends_at"], row["limit_nanos"], row["spent_nanos"], row["held_nanos"])
    identity = row["scope"], row["currency"], row["window"], row["tz"], row["week_start"]
    return Limit(row["budget"], *identity, row["overrun"], gate, period, *numbers)


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
    # PostgreSQL locks the rows in order first: two writers that meet on a chain wait for each other, never both.
    locked = covering.order_by(BUDGET.c.id).with_for_update(of=PERIOD).cte("locked").prefix_with("MATERIALIZED")
    return Statement(
        _MOVED.where(PERIOD.c.id.in_(covering)), postgresql=_MOVED.where(PERIOD.c.id.in_(sa.select(locked.c.id)))
    )


def _moved() -> sa.Update:
    spent = PERIOD.c.spent_nanos + sa.bindparam("spent", type_=sa.BigInteger)
    zero: sa.ColumnClause[int] = sa.literal_column("0")

    def passes(step: int) -> sa.ColumnElement[bool]:
        # spent × 100 ≥ limit × step, said so that no product leaves 64 bits
        hundred, part, most = (sa.literal_column(text, sa.BigInteger) for text in ("100", str(step), "99"))
        whole, rest = PERIOD.c.limit_nanos // hundred, PERIOD.c.limit_nanos % hundred
        return sa.and_(spent > zero, PERIOD.c.reached < part, spent >= whole * part + (rest * part + most) // hundred)

    steps: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[int]]] = [
        (passes(step), sa.literal_column(str(step))) for step in sorted(THRESHOLDS, reverse=True)
    ]
    over = sa.and_(
        PERIOD.c.overrun == sa.literal_column("'freeze'"),
        PERIOD.c.gate == sa.literal_column("'open'"),
        spent > PERIOD.c.limit_nanos,
    )
    return sa.update(PERIOD).values(
        spent_nanos=spent,
        held_nanos=PERIOD.c.held_nanos + sa.bindparam("held", type_=sa.BigInteger),
        reached=sa.case(*steps, else_=PERIOD.c.reached),
        gate=sa.case((over, sa.literal_column("'over'")), else_=PERIOD.c.gate),
        changed_at=sa.bindparam("now"),
    )


_MOVED = _moved()
