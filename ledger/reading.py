"""What the ledger knows, read in one consistent look: jobs, budgets, timelines. Never writes."""

from typing import cast

import sqlalchemy as sa

from pricing import Money

from . import inbox, texts
from .budget import budgets
from .budget.explain import root_first, shown
from .instants import micros, moment
from .jobs.rows import ATTEMPTS, JOB_BY_ID, JOB_BY_KEY, no_such_job, view, views
from .states import OPEN
from .store import Row, Statement, Work
from .tables import ATTEMPT, ENTRY, EVENT, JOB, OBSERVATION, QUOTE, TXN
from .values import Budget, Event, Gate, Headroom, JobView, Leg

_ALL = Statement(sa.select(JOB).order_by(JOB.c.granted_at, JOB.c.id))
_OPEN_STATES: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in OPEN]
PAGE = 500
_BEHIND = sa.or_(
    JOB.c.granted_at > sa.bindparam("at", type_=sa.BigInteger),
    sa.and_(JOB.c.granted_at == sa.bindparam("at", type_=sa.BigInteger), JOB.c.id > sa.bindparam("job", type_=sa.Text)),
)
"""Later in the order than the last one that was read."""


def _page(*which: sa.ColumnElement[bool]) -> Statement:
    page = sa.select(JOB).where(*which, _BEHIND).order_by(JOB.c.granted_at, JOB.c.id)
    return Statement(page.limit(sa.bindparam("limit", type_=sa.BigInteger)).offset(sa.literal_column("0")))


# Two, because the open jobs with money set aside and those that never needed any have an index each.
_DUE = (
    _page(JOB.c.open_nanos > sa.literal_column("0"), JOB.c.state.in_(_OPEN_STATES)),
    _page(JOB.c.held_nanos == sa.literal_column("0"), JOB.c.state.in_(_OPEN_STATES)),
)
_PROVISIONAL = _page(
    JOB.c.state == sa.literal_column("'settled'"),
    JOB.c.final == sa.literal_column("0"),
    JOB.c.granted_at >= sa.bindparam("since"),
)
_CLAIMED = Statement(
    sa.select(ATTEMPT.c.provider_job).where(
        ATTEMPT.c.provider == sa.bindparam("provider"), ATTEMPT.c.provider_job.is_not(None)
    )
)
_OF_ATTEMPT = sa.select(JOB).select_from(ATTEMPT.join(JOB, JOB.c.id == ATTEMPT.c.job))
_IS_THEIRS = ATTEMPT.c.provider == sa.bindparam("provider")
_BY_PROVIDER_JOB = Statement(_OF_ATTEMPT.where(_IS_THEIRS, ATTEMPT.c.provider_job == sa.bindparam("name")))
_BY_ATTEMPT = Statement(_OF_ATTEMPT.where(_IS_THEIRS, ATTEMPT.c.id == sa.bindparam("name")))
_EVENTS = Statement(sa.select(EVENT).where(EVENT.c.job == sa.bindparam("job")).order_by(EVENT.c.id))
_SAID = Statement(sa.select(OBSERVATION).where(OBSERVATION.c.job == sa.bindparam("job")).order_by(OBSERVATION.c.id))
_FIRST_QUOTE = Statement(sa.select(QUOTE.c.body).where(QUOTE.c.id == sa.bindparam("quote")))
_LEGS = Statement(
    sa.select(TXN.c.id, TXN.c.step, TXN.c.at, TXN.c.kind, TXN.c.evidence, ENTRY)
    .select_from(TXN.outerjoin(ENTRY, ENTRY.c.txn == TXN.c.id))
    .where(TXN.c.job == sa.bindparam("job"))
    .order_by(TXN.c.id, ENTRY.c.line)
)


_SHOWN = 160
"""Characters of a message in a timeline."""


def job(work: Work, name: str) -> JobView | None:
    return _one(work, work.row(JOB_BY_ID, {"job": texts.clean(name)}))


def by_key(work: Work, key: str) -> JobView | None:
    return _one(work, work.row(JOB_BY_KEY, {"key": texts.clean(key)}))


def by_provider_job(work: Work, provider: str, name: str) -> JobView | None:
    """By the provider's own id; else by our attempt's, which a provider may name before its id is recorded here."""
    wanted = {"provider": texts.clean(provider), "name": texts.short(name)}
    return _one(work, work.row(_BY_PROVIDER_JOB, wanted) or work.row(_BY_ATTEMPT, wanted))


def jobs(work: Work) -> tuple[JobView, ...]:
    """Every job, in the order they were made."""
    return views(work, work.rows(_ALL, {}))


def due(work: Work, after: str | None, limit: int) -> tuple[JobView, ...]:
    """Jobs in an open state, oldest first: so many from the one after `after` on."""
    behind = _behind(work, after, limit)
    found = [row for statement in _DUE for row in work.rows(statement, behind)]
    return views(work, sorted(found, key=lambda row: (row["granted_at"], row["id"]))[:limit])


def provisional(work: Work, since: int, after: str | None, limit: int) -> tuple[JobView, ...]:
    """Jobs made since then whose charge waits for better evidence, oldest first."""
    return views(work, work.rows(_PROVISIONAL, _behind(work, after, limit) | {"since": since}))


def _behind(work: Work, after: str | None, limit: int) -> dict[str, object]:
    at = -1 if after is None else _known(work, after)["granted_at"]
    return {"at": at, "job": after or "", "limit": limit}


def claimed(work: Work, provider: str) -> frozenset[str]:
    return frozenset(row["provider_job"] for row in work.rows(_CLAIMED, {"provider": provider}))


def headroom(work: Work, now: int, scope: str) -> Headroom | None:
    """None: no budget in the chain."""
    limits = budgets.around(work, scope, now)
    if not limits:
        return None
    tight = budgets.tightest(limits)
    if tight is None:
        return Headroom(limits[0].scope, limits[0].currency, None, None)
    limit, room = (None if nanos is None else Money(nanos, tight.currency) for nanos in (tight.limit, tight.room))
    return Headroom(tight.scope, tight.currency, limit, room, cast("Gate", tight.gate))


def chain_budgets(work: Work, now: int, scope: str) -> tuple[Budget, ...]:
    """The budgets that apply to a scope, root first."""
    return tuple(shown(work, one) for one in root_first(budgets.around(work, scope, now)))


def all_budgets(work: Work, now: int) -> tuple[Budget, ...]:
    limits = sorted(budgets.every(work, now), key=lambda one: (one.scope.split("/"), one.budget))
    return tuple(shown(work, one) for one in limits)


def postings(work: Work, name: str) -> tuple[Leg, ...]:
    """Every entry of the journal for a job, in order. Raises UnknownJob."""
    _known(work, name)
    return tuple(
        Leg(moment(row["at"]), row["id"], row["kind"], row["book"], row["account"], _money(row))
        for row in work.rows(_LEGS, {"job": name})
        if row["account"] is not None
    )


def timeline(work: Work, name: str) -> tuple[Event, ...]:
    """All that happened to a job, in order, from the quote to the last posting. Raises UnknownJob."""
    row = _known(work, name)
    told: list[tuple[int, int, int, Event]] = [
        (one["step"], 1, one["id"], Event(moment(one["at"]), one["kind"], one["detail"]))
        for one in work.rows(_EVENTS, {"job": name})
    ]
    for one in work.rows(_SAID, {"job": name}):
        kind = "resolve" if one["evidence"] == "resolve" else "observation"
        told.append((one["step"], 1, one["id"], Event(moment(one["at"]), kind, _said(one))))
    told += [
        (one["step"], 2, one["id"], Event(moment(one["at"]), "posting", _posted(one)))
        for one in work.rows(_LEGS, {"job": name})
    ]
    for one in inbox.of_job(work, name):  # of no step: after all that had happened when it came
        step = max((fact[0] for fact in told if micros(fact[3].at) <= one["at"]), default=0)
        told.append((step, 3, one["id"], Event(moment(one["at"]), "message", _message(one))))
    first = work.row(_FIRST_QUOTE, {"quote": row["first_quote_id"]})
    if first is not None:
        told.append((0, 0, 0, Event(moment(row["granted_at"]), "quote", _quoted(first["body"]))))
    return tuple(event for _step, _class, _id, event in sorted(told, key=lambda one: one[:3]))


def _known(work: Work, name: str) -> Row:
    found = work.row(JOB_BY_ID, {"job": texts.clean(name)})
    if found is None:
        raise no_such_job(name)
    return found


def _one(work: Work, row: Row | None) -> JobView | None:
    return None if row is None else view(row, work.rows(ATTEMPTS, {"job": row["id"]}))


def _money(row: Row) -> Money:
    return Money(row["amount_nanos"], row["currency"])


def _said(row: Row) -> str:
    amount = "no amount" if row["amount_nanos"] is None else str(_money(row))
    if row["evidence"] == "resolve":
        return f"{row['verdict']}, {amount}, by {row['author']}: {row['note']}"
    final = "final" if row["final"] else "not final"
    units = f", {row['units']} units" if row["units"] else ""
    note = f": {row['note']}" if row["note"] else ""
    return f"{row['evidence']} says {amount} ({final}, {row['delivered']} delivered{units}){note}"


def _posted(row: Row) -> str:
    if row["account"] is None:
        return f"{row['kind']} by {row['evidence']}: a charge of zero"
    return f"{row['kind']} by {row['evidence']}: {row['account']} {_money(row)}"


def _message(row: Row) -> str:
    body = row["body"] if len(row["body"]) <= _SHOWN else f"{row['body'][:_SHOWN]}…"
    plain = "".join(sign if sign.isprintable() else " " for sign in body)
    return f"{row['channel']} from {row['provider']} ({row['dedup_key']}): {plain}"


def _quoted(body: str) -> str:
    quote = texts.mapping(body)
    low, expected, high = (f"{quote[name]['amount']} {quote[name]['currency']}" for name in ("low", "expected", "high"))
    rates = ", ".join(quote["rates"])
    span = expected if low == high else f"{expected} ({low} to {high})"
    return f"{quote['offer']}: {span}, by {rates or 'no rate row'}, book {quote['book'][:12]}"
