"""Budgets as people see them: how they stand, why one refuses, who holds its money, what was noticed. Never writes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast

import sqlalchemy as sa

from pricing import Money

from ..errors import BadBudget
from ..evidence import MOST
from ..instants import FOREVER, Weekday, moment
from ..scopes import chain, inside
from ..store import Row, Statement, Work
from ..tables import BUDGET, JOB, NOTICE, PERIOD, REFUSAL
from ..values import Budget, Explanation, Gate, Holder, Notice, PastRefusal, Reason, Refusal, Standing
from . import budgets
from .budgets import SCOPES, WITHIN, Limit, within

_ZERO: sa.ColumnClause[int] = sa.literal_column("0")
_MOST: sa.BindParameter[int] = sa.bindparam("most", type_=sa.BigInteger)
_EXPOSED = Statement(
    sa.select(JOB.c.state, JOB.c.open_nanos, JOB.c.parked_nanos).where(
        *WITHIN, sa.or_(JOB.c.parked_nanos > _ZERO, JOB.c.state == sa.literal_column("'unknown'"))
    )
)
_OPEN = (*WITHIN, JOB.c.open_nanos > _ZERO)
_LAPSES = sa.and_(JOB.c.state == sa.literal_column("'held'"), JOB.c.parked_nanos == _ZERO)
_HOLDERS = Statement(
    sa.select(
        *(JOB.c.id, JOB.c.key, JOB.c.scope, JOB.c.state, JOB.c.open_nanos, JOB.c.granted_at, JOB.c.expires_at),
        *(JOB.c.owner, _LAPSES.label("lapses")),
    )
    .where(*_OPEN)
    .order_by(JOB.c.open_nanos.desc(), JOB.c.granted_at, JOB.c.id)
    .limit(_MOST)
    .offset(_ZERO)
)
_COUNT = Statement(sa.select(sa.func.count().label("jobs")).select_from(JOB).where(*_OPEN))
_LAPSED = Statement(
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(JOB.c.open_nanos), _ZERO), sa.BigInteger).label("nanos")).where(
        *_OPEN, _LAPSES, JOB.c.expires_at <= sa.bindparam("now")
    )
)
_TOLD = NOTICE.join(BUDGET, BUDGET.c.id == NOTICE.c.budget_id).outerjoin(PERIOD, PERIOD.c.id == NOTICE.c.period_id)
_NOTICES = (
    sa.select(NOTICE, PERIOD.c.starts_at, BUDGET.c.scope, BUDGET.c.window, BUDGET.c.tz, BUDGET.c.currency)
    .select_from(_TOLD)
    .where(NOTICE.c.id > sa.bindparam("after"))
    .order_by(NOTICE.c.id)
)
_ALL_NOTICES = Statement(_NOTICES)
_NOTICES_BELOW = Statement(
    _NOTICES.where(
        sa.or_(
            BUDGET.c.scope == sa.bindparam("scope"),
            sa.and_(BUDGET.c.scope >= sa.bindparam("below"), BUDGET.c.scope < sa.bindparam("above")),
        )
    )
)
_NONE_PENDING = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE notice IN SHARE MODE"))
"""Whoever got a lower number has committed: a reader that goes on from the last one misses none."""


def shown(work: Work, one: Limit) -> Budget:
    """The budget as people see it."""
    doubtful = work.rows(_EXPOSED, within(one))
    # Absurd amounts may add up to more than money can be: the page that shows them must stay readable.
    exposed = min(sum(row["parked_nanos"] or row["open_nanos"] for row in doubtful), MOST)
    return Budget(
        scope=one.scope,
        currency=one.currency,
        window=one.window,
        tz=one.tz,
        week_start=cast("Weekday", one.week_start) if one.week_start else None,
        overrun=one.overrun,
        gate=cast("Gate", one.gate),
        limit=_money(one.limit, one.currency),
        spent=Money(one.spent, one.currency),
        held=Money(one.held, one.currency),
        available=_money(one.room, one.currency),
        exposed=Money(exposed, one.currency),
        period_start=None if one.window == "total" else moment(one.starts_at),
        period_end=None if one.ends_at == FOREVER else moment(one.ends_at),
    )


def explain(work: Work, now: int, scope: str, amount: Money | None, most: int) -> Explanation:
    """Why a hold of so much would be refused, or of anything at all. Raises BadScope, BadBudget."""
    limits = root_first(budgets.around(work, scope, now))
    _askable(limits, amount, most)
    asked = 1 if amount is None else amount.nanos
    standings, after = list[Standing](), list[Limit]()
    for one in limits:
        (lapsed,) = work.rows(_LAPSED, within(one) | {"now": now})
        left = replace(one, held=one.held - lapsed["nanos"])
        after.append(left)
        standings.append(_standing(work, one, left, asked, most))
    # A hold looks at them in order of id, once lapsed holds are out of the way.
    tight = budgets.short(sorted(after, key=lambda one: one.budget), asked)
    refused = _refused(scope, limits, tight, amount)
    return Explanation(scope, amount, refused, tuple(standings), _refusals(work, scope, most))


def notices(work: Work, scope: str | None, after: int) -> tuple[Notice, ...]:
    """What was noticed since then, of all budgets or those of a scope and below, oldest first. Raises BadScope."""
    work.run(_NONE_PENDING, {})
    if scope is None:
        rows = work.rows(_ALL_NOTICES, {"after": after})
    else:
        chain(scope)
        below, above = inside(scope)
        rows = work.rows(_NOTICES_BELOW, {"after": after, "scope": scope, "below": below, "above": above})
    return tuple(_notice(row) for row in rows)


def root_first(limits: Sequence[Limit]) -> list[Limit]:
    return sorted(limits, key=lambda one: (one.scope.count("/"), one.budget))


def _askable(limits: Sequence[Limit], amount: Money | None, most: int) -> None:
    if amount is not None and amount.nanos < 0:
        raise BadBudget(f"a hold cannot be {amount}", value=str(amount), limit="0", next="ask for zero or more")
    for one in limits:
        if amount is not None and amount.currency != one.currency:
            raise BadBudget(
                f"the budget of {one.scope} is in {one.currency}, not {amount.currency}",
                value=str(amount),
                limit=one.currency,
                next=f"ask in {one.currency}",
            )
    if most < 0:
        raise BadBudget(f"{most} rows cannot be shown", value=str(most), limit="0", next="ask for zero or more")


def _standing(work: Work, one: Limit, left: Limit, asked: int, most: int) -> Standing:
    (count,) = work.rows(_COUNT, within(one))
    holders = tuple(
        Holder(
            job=row["id"],
            key=row["key"],
            scope=row["scope"],
            state=row["state"],
            open=Money(row["open_nanos"], one.currency),
            since=moment(row["granted_at"]),
            expires_at=moment(row["expires_at"]) if row["lapses"] else None,
            owner=row["owner"],
        )
        for row in work.rows(_HOLDERS, within(one) | {"most": most})
    )
    lapsed = Money(one.held - left.held, one.currency)
    return Standing(shown(work, one), left.lets_in(asked), lapsed, count["jobs"], holders)


def _refused(scope: str, limits: Sequence[Limit], tight: Limit | None, amount: Money | None) -> Refusal | None:
    if not limits:
        return Refusal("no_budget", scope, None, None, amount, budgets.uncovered(scope))
    if tight is None:
        return None
    reason, detail = budgets.why(tight, amount)
    limit, room = _money(tight.limit, tight.currency), _money(tight.room, tight.currency)
    return Refusal(reason, tight.scope, limit, room, amount, detail)


@lru_cache(maxsize=8)
def _refusals_of(length: int) -> Statement:
    scopes: list[sa.BindParameter[str]] = [sa.bindparam(name) for name in SCOPES[:length]]
    below = sa.and_(REFUSAL.c.scope >= sa.bindparam("below"), REFUSAL.c.scope < sa.bindparam("above"))
    newest = sa.select(REFUSAL).order_by(REFUSAL.c.id.desc()).limit(_MOST).offset(_ZERO)
    return Statement(newest.where(sa.or_(REFUSAL.c.scope.in_(scopes), below)))


def _refusals(work: Work, scope: str, most: int) -> tuple[PastRefusal, ...]:
    """The last refusals by a budget of the chain, or one below."""
    scopes = chain(scope)
    below, above = inside(scope)
    values: dict[str, object] = {"below": below, "above": above, "most": most}
    values.update(zip(SCOPES, scopes, strict=False))
    return tuple(_past(row) for row in work.rows(_refusals_of(len(scopes)), values))


def _past(row: Row) -> PastRefusal:
    reason: Reason = row["reason"]
    limit, room, asked = (_money(row[f"{name}_nanos"], row["currency"]) for name in ("limit", "available", "asked"))
    refusal = Refusal(reason, row["scope"], limit, room, asked, row["detail"])
    return PastRefusal(moment(row["at"]), row["job"], row["key"], row["offer"], refusal)


def _notice(row: Row) -> Notice:
    limit, spent, held = (_money(row[f"{name}_nanos"], row["currency"]) for name in ("limit", "spent", "held"))
    return Notice(
        id=row["id"],
        at=moment(row["at"]),
        scope=row["scope"],
        window=row["window"],
        tz=row["tz"],
        kind=row["kind"],
        threshold=row["threshold"],
        limit=limit,
        spent=spent,
        held=held,
        period_start=None if row["window"] == "total" or row["starts_at"] is None else moment(row["starts_at"]),
        author=row["author"],
        note=row["note"],
    )


def _money(nanos: int | None, currency: str | None) -> Money | None:
    return None if nanos is None or currency is None else Money(nanos, currency)
