"""A budget's terms: limit, policy, gate, and the facts that somebody changed them. Runs inside a transaction.

Whether holds are let in (`gate`) is a person's word, or `over`: more was charged than a limit whose policy is `freeze`.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from pricing import Money

from ..errors import BadBudget
from ..instants import WEEKDAYS, WINDOWS, Weekday, Window, bounds, zone
from ..scopes import chain
from ..store import Row, Statement, Work
from ..tables import BUDGET, GATES, NOTICE, OVERRUNS, PERIOD
from ..values import Budget, Overrun
from . import budgets
from .budgets import Limit
from .explain import shown

_ONE_BY_ONE = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE budget IN SHARE ROW EXCLUSIVE MODE"))
"""Nobody else changes terms until this transaction ends: two new budgets of one chain see each other. Holds go on.

SQLite has one writer at a time anyway.
"""
_ADD_BUDGET = Statement(sa.insert(BUDGET), [column.name for column in BUDGET.c if column.name != "id"])
_SET_TERMS = Statement(sa.update(BUDGET).where(BUDGET.c.id == sa.bindparam("budget")), ["limit_nanos", "overrun"])
_LASTING = (PERIOD.c.budget_id == sa.bindparam("budget"), PERIOD.c.ends_at > sa.bindparam("now"))
_SET_PERIOD_TERMS = Statement(sa.update(PERIOD).where(*_LASTING), ["limit_nanos", "overrun", "changed_at"])
_SET_PERIOD = Statement(
    sa.update(PERIOD).where(PERIOD.c.id == sa.bindparam("period")), ["reached", "gate", "changed_at"]
)
_SET_GATE = Statement(
    sa.update(BUDGET).where(BUDGET.c.id == sa.bindparam("budget"), BUDGET.c.gate != sa.bindparam("word")), ["gate"]
)
_SET_PERIOD_GATE = Statement(
    sa.update(PERIOD).where(*_LASTING, PERIOD.c.gate != sa.bindparam("word")), ["gate", "changed_at"]
)
_ADD_NOTICE = Statement(sa.insert(NOTICE), [column.name for column in NOTICE.c if column.name != "id"])
_PERIOD = Statement(sa.select(PERIOD.c.reached).where(PERIOD.c.id == sa.bindparam("period")))


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
    note: str,
) -> Budget:
    """Make a budget, or change its limit and policy. Raises BadScope, BadBudget.

    What was spent is held against the new terms: thresholds are noticed anew, an overrun ends or begins.
    """
    identity = _identity(scope, limit, currency, window, tz, week_start, overrun)
    currency, window, tz, starts = identity
    work.run(_ONE_BY_ONE, {})
    known = budgets.related(work, now, scope)
    for other in known:
        if other.currency != currency:
            raise BadBudget(
                f"{scope} cannot have a budget in {currency}: {other.scope} has one in {other.currency}",
                value=currency,
                limit=other.currency,
                next=f"give it in {other.currency}",
            )
    nanos = None if limit is None else limit.nanos
    mine = (scope, *identity)
    found = next((one for one in known if one.identity == mine), None)
    new = found is None
    if found is None:
        policy = overrun or "freeze"
        values = {"scope": scope, "currency": currency, "window": window, "tz": tz, "week_start": starts}
        made = work.add(
            _ADD_BUDGET, values | {"limit_nanos": nanos, "overrun": policy, "gate": "open", "created_at": now}
        )
        found = Limit(made, *mine, policy, "open", None, *bounds(window, tz, now, starts), nanos, 0, 0)
    if found.period is None:
        found = budgets.open_period(work, now, found)
    changed = _change(work, now, found, nanos, overrun or found.overrun)
    found = budgets.of(work, now, found.budget)
    if new or changed:
        _notice(work, now, found, "set", author, note)
    return shown(work, found)


def set_gate(
    work: Work, now: int, scope: str, gate: str, *, window: Window | None, author: str, note: str
) -> tuple[Budget, ...]:
    """Let new holds in or keep them out, in this scope's own budgets, now and later. Raises BadScope, BadBudget."""
    chain(scope)
    _one_of("gate", gate, GATES)
    if window is not None:
        _one_of("window", window, WINDOWS)
    if not author.strip():
        raise BadBudget("somebody must say so", value=author, next="give an author")
    work.run(_ONE_BY_ONE, {})
    own = [one for one in budgets.around(work, scope, now) if one.scope == scope and window in (None, one.window)]
    if not own:
        kind = "" if window is None else f" {window}"
        raise BadBudget(
            f"{scope} has no{kind} budget of its own", value=scope, next="faregate budget list shows where there is one"
        )
    own = [one if one.period is not None else budgets.open_period(work, now, one) for one in own]
    for one in own:
        word = {"budget": one.budget, "word": gate, "gate": gate}
        changed = work.run(_SET_GATE, word) + work.run(_SET_PERIOD_GATE, word | {"now": now, "changed_at": now})
        if changed:
            _notice(work, now, budgets.of(work, now, one.budget), gate, author, note)
    return tuple(shown(work, budgets.of(work, now, one.budget)) for one in own)


def _change(work: Work, now: int, one: Limit, limit: int | None, overrun: Overrun) -> bool:
    """Give the budget and its present and later periods these terms; answers whether anything is different now."""
    terms = {"budget": one.budget, "limit_nanos": limit, "overrun": overrun}
    work.run(_SET_TERMS, terms)
    work.run(_SET_PERIOD_TERMS, terms | {"now": now, "changed_at": now})  # from here on nobody else moves its sums
    found = budgets.of(work, now, one.budget)
    gate = found.gate
    if gate in ("open", "over"):
        gate = "over" if exceeded(limit, overrun, found.spent) else "open"
    row = work.row(_PERIOD, {"period": found.period})
    before, passed = 0 if row is None else row["reached"], budgets.reached(limit, found.spent)
    if (passed, gate) != (before, found.gate):
        work.run(_SET_PERIOD, {"period": found.period, "reached": passed, "gate": gate, "changed_at": now})
    return (limit, overrun, passed, gate) != (one.limit, one.overrun, before, found.gate)


def exceeded(limit: int | None, overrun: str, spent: int) -> bool:
    """Whether the overrun policy keeps new holds out."""
    return overrun == "freeze" and limit is not None and spent > limit


def replayed(budget: Row, period: Row, told: Iterable[Row]) -> tuple[str, int | None]:
    """The gate of a period, and what it has reached, as the notices of its budget (in order) have it.

    None: it cannot be told, the budget is older than notices are.
    """
    gate, over = "open", False
    passed: int | None = None
    for one in told:
        if one["kind"] == "set" and one["at"] == budget["created_at"]:
            passed = passed or 0
        mine = one["period_id"] == period["id"]
        if one["kind"] in GATES and one["at"] < period["ends_at"]:
            gate, over = one["kind"], False
        elif one["kind"] == "over" and mine:
            over = True
        elif one["kind"] == "threshold" and mine:
            passed = one["threshold"]
        elif one["kind"] == "set" and mine:
            # The last one's policy is the period's; what came of earlier ones does not matter.
            over = exceeded(one["limit_nanos"], period["overrun"], one["spent_nanos"])
            passed = budgets.reached(one["limit_nanos"], one["spent_nanos"])
    return "over" if over and gate == "open" else gate, passed


def _notice(work: Work, now: int, one: Limit, kind: str, author: str, note: str) -> None:
    """Keep the fact that somebody changed a budget's terms."""
    figures = {"limit_nanos": one.limit, "spent_nanos": one.spent, "held_nanos": one.held}
    named = {"at": now, "budget_id": one.budget, "period_id": one.period, "kind": kind, "threshold": None}
    work.run(_ADD_NOTICE, named | figures | {"author": author, "note": note})


def _identity(
    scope: str,
    limit: Money | None,
    currency: str | None,
    window: Window,
    tz: str,
    week_start: Weekday | None,
    overrun: Overrun | None,
) -> tuple[str, Window, str, str]:
    chain(scope)
    _one_of("window", window, WINDOWS)
    if overrun is not None:
        _one_of("policy on overrun", overrun, OVERRUNS)
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


def _one_of(what: str, word: str, known: Iterable[str]) -> None:
    if word not in known:
        words = ", ".join(known)
        raise BadBudget(f"{str(word)[:80]!r} is not a {what}", value=str(word)[:80], limit=words, next=f"use {words}")
