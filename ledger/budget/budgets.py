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

from .. import accounts
from ..instants import Window, bounds
from ..scopes import chain, inside
from ..store import Moved, Row, Statement, Work
from ..tables import BUDGET, ENTRY, JOB, PERIOD, THRESHOLDS, TXN
from ..values import Overrun, Reason


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
    BUDGET.c.limit_nanos.label("wanted"),
    BUDGET.c.overrun.label("wanted_overrun"),
    BUDGET.c.gate.label("wanted_gate"),
    PERIOD.c.id.label("period"),
    PERIOD.c.starts_at,
    PERIOD.c.ends_at,
    PERIOD.c.limit_nanos,
    PERIOD.c.overrun,
    PERIOD.c.gate,
    PERIOD.c.spent_nanos,
    PERIOD.c.held_nanos,
)
_AROUND = sa.and_(
    PERIOD.c.budget_id == BUDGET.c.id,
    PERIOD.c.starts_at <= sa.bindparam("at"),
    PERIOD.c.ends_at > sa.bindparam("at"),
)
_LOOK = sa.select(*_COLUMNS).select_from(BUDGET.outerjoin(PERIOD, _AROUND))
_ALL = Statement(_LOOK.order_by(BUDGET.c.id))
_ONE = Statement(_LOOK.where(BUDGET.c.id == sa.bindparam("budget")).with_for_update(read=True, of=BUDGET))
"""Its terms do not change until this transaction ends: a period that is opened just now has them."""
_NEIGHBOURS = Statement(
    sa.select(
        sa.select(sa.func.max(PERIOD.c.ends_at))
        .where(PERIOD.c.budget_id == sa.bindparam("budget"), PERIOD.c.ends_at <= sa.bindparam("at"))
        .scalar_subquery()
        .label("earliest"),
        sa.select(sa.func.min(PERIOD.c.starts_at))
        .where(PERIOD.c.budget_id == sa.bindparam("budget"), PERIOD.c.starts_at > sa.bindparam("at"))
        .scalar_subquery()
        .label("latest"),
    )
)
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
_REACHED = Statement(sa.update(PERIOD).where(PERIOD.c.id == sa.bindparam("period")), ["reached"])
_ALONE = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE job IN EXCLUSIVE MODE"))
"""Until the end of this transaction no other one moves a job: its sums would miss a new period, or be missed by it.

EXCLUSIVE, which waits also for one that has only locked its job so far, and has looked which budgets there are.

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
WITHIN = (
    sa.or_(
        JOB.c.scope == sa.bindparam("scope"),
        sa.and_(JOB.c.scope >= sa.bindparam("below"), JOB.c.scope < sa.bindparam("above")),
    ),
    JOB.c.granted_at >= sa.bindparam("starts_at"),
    JOB.c.granted_at < sa.bindparam("ends_at"),
)
_HELD = Statement(sa.select(_total(JOB.c.open_nanos)).where(*WITHIN, JOB.c.open_nanos > sa.literal_column("0")))


def around(work: Work, scope: str, at: int) -> list[Limit]:
    """The budgets of the scope's chain with their periods around an instant, in order of id."""
    scopes = chain(scope)
    values: dict[str, object] = {"at": at}
    values.update(zip(SCOPES, scopes, strict=False))
    return [_limit(row, at) for row in work.rows(_of_chain(len(scopes)), values)]


def opened(work: Work, scope: str, at: int) -> list[Limit]:
    """The same, and every period exists afterwards. Raises Moved: to be done again as the first thing of a unit."""
    limits = around(work, scope, at)
    if work.dialect == "postgresql" and not work.tries and any(one.period is None for one in limits):
        # What this unit has locked by now would meet another's that opens the same period.
        raise Moved(f"a period of {scope} begins")
    return [one if one.period is not None else open_period(work, at, one) for one in limits]


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


def uncovered(scope: str) -> str:
    """Why a scope whose chain has no budget lets nothing in: a slip of the pen must not escape every limit."""
    return f'no budget covers {scope}: set one with: faregate budget set {scope} "50 USD"'


def why(one: Limit, asked: Money | None) -> tuple[Reason, str]:
    """Why this budget does not let so much in, in a word and in a line."""
    if one.gate in ("closed", "frozen"):
        word: Reason = "closed" if one.gate == "closed" else "frozen"
        return word, f"the budget of {one.scope} is {word}; let holds in again: faregate budget open {one.scope}"
    limit, room = Money(one.limit or 0, one.currency), Money(one.room or 0, one.currency)
    if one.gate == "over":
        charged = f"{one.scope} is frozen: {Money(one.spent, one.currency)} was charged of its limit {limit}"
        return "frozen", f"{charged}; raise it, or: faregate budget open {one.scope}"
    window = "" if one.window == "total" else f" this {one.window}"
    return (
        "budget",
        f"{one.scope} has {room} available{window} of its limit {limit}{f'; {asked} asked' if asked else ''}",
    )


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
        values.update(zip(SCOPES, scopes, strict=False))
        work.later(_shift(len(scopes)), values)


def open_period(work: Work, now: int, limit: Limit) -> Limit:
    """Make the row of the period around now, opened with what the journal and the open holds say.

    It leaves its neighbours what is theirs: periods do not overlap, though the rules of a zone change between two.
    """
    work.run(_ALONE, {})
    found = of(work, now, limit.budget)
    if found.period is not None:
        return found  # another writer was faster
    (near,) = work.rows(_NEIGHBOURS, {"budget": limit.budget, "at": now})
    starts_at = max(found.starts_at, near["earliest"] or found.starts_at)
    ends_at = min(found.ends_at, near["latest"] or found.ends_at)
    found = replace(found, starts_at=starts_at, ends_at=ends_at)
    (spent,), (held,) = work.rows(_SPENT, _accounts(found) | within(found)), work.rows(_HELD, within(found))
    found = replace(found, spent=spent["nanos"], held=held["nanos"])
    made = {
        "budget_id": found.budget,
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "limit_nanos": found.limit,
        "overrun": found.overrun,
        "gate": found.gate,
        "spent_nanos": found.spent,
        "held_nanos": found.held,
        "reached": 0,
        "changed_at": now,
    }
    period = work.add(_OPEN_PERIOD, made)
    if passed := reached(found.limit, found.spent):
        work.run(_REACHED, {"period": period, "reached": passed})  # a change: it is noticed
    return replace(found, period=period)


def of(work: Work, now: int, budget: int) -> Limit:
    """The budget as it is now; nobody else changes its terms until this transaction ends."""
    (row,) = work.rows(_ONE, {"budget": budget, "at": now})
    return _limit(row, now)


def related(work: Work, now: int, scope: str) -> list[Limit]:
    """The budgets of the scope's chain, and of every scope below it."""
    scopes = chain(scope)
    below, above = inside(scope)
    values: dict[str, object] = {"at": now, "below": below, "above": above}
    values.update(zip(SCOPES, scopes, strict=False))
    return [_limit(row, now) for row in work.rows(_related(len(scopes)), values)]


def every(work: Work, now: int) -> list[Limit]:
    """All budgets, in order of id."""
    return [_limit(row, now) for row in work.rows(_ALL, {"at": now})]


def reached(limit: int | None, spent: int) -> int:
    """The highest threshold that is spent, in per cent of the limit; 0: none."""
    passed = [step for step in THRESHOLDS if limit is not None and spent > 0 and spent * 100 >= limit * step]
    return max(passed, default=0)


def _limit(row: Row, at: int) -> Limit:
    period: int | None = row["period"]
    if period is None:
        terms = row["wanted_overrun"], row["wanted_gate"]
        numbers = (*bounds(row["window"], row["tz"], at, row["week_start"]), row["wanted"], 0, 0)
    else:
        terms = row["overrun"], row["gate"]
        numbers = (row["starts_at"], row["ends_at"], row["limit_nanos"], row["spent_nanos"], row["held_nanos"])
    identity = row["scope"], row["currency"], row["window"], row["tz"], row["week_start"]
    return Limit(row["budget"], *identity, *terms, period, *numbers)


def within(one: Limit) -> dict[str, Any]:
    """What WITHIN asks for."""
    below, above = inside(one.scope)
    return {"scope": one.scope, "below": below, "above": above, "starts_at": one.starts_at, "ends_at": one.ends_at}


def _accounts(one: Limit) -> dict[str, Any]:
    below, above = inside(one.scope)
    own = {"account": accounts.spent(one.scope)}
    return own | {"spent_below": accounts.spent(below), "spent_above": accounts.spent(above)}


SCOPES = tuple(f"scope_{n}" for n in range(8))


@lru_cache(maxsize=8)
def _of_chain(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in SCOPES[:length]]
    return Statement(_LOOK.where(BUDGET.c.scope.in_(scopes)).order_by(BUDGET.c.id))


@lru_cache(maxsize=8)
def _related(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in SCOPES[:length]]
    below = sa.and_(BUDGET.c.scope >= sa.bindparam("below"), BUDGET.c.scope < sa.bindparam("above"))
    return Statement(_LOOK.where(sa.or_(BUDGET.c.scope.in_(scopes), below)).order_by(BUDGET.c.id))


@lru_cache(maxsize=8)
def _shift(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in SCOPES[:length]]
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
    shut: sa.ColumnClause[str] = sa.literal_column("'over'")
    over = sa.and_(
        PERIOD.c.overrun == sa.literal_column("'freeze'"),
        PERIOD.c.gate == sa.literal_column("'open'"),
        sa.bindparam("spent", type_=sa.BigInteger) > zero,  # what a person opened again, only a new charge shuts
        spent > PERIOD.c.limit_nanos,
    )
    return sa.update(PERIOD).values(
        spent_nanos=spent,
        held_nanos=PERIOD.c.held_nanos + sa.bindparam("held", type_=sa.BigInteger),
        reached=sa.case(*steps, else_=PERIOD.c.reached),
        gate=sa.case((over, shut), else_=PERIOD.c.gate),
        changed_at=sa.bindparam("now"),
    )


_MOVED = _moved()
