"""Writing down what is granted: money taken in the whole chain, with the jobs it is held for. One transaction's heart.

On SQLite, which has one writer at a time, row after row. On PostgreSQL one statement: it locks the chain in order,
looks, and takes or leaves. Nothing can come between, and the rows are locked for one round trip.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pricing import Quote, Span

from .. import texts
from ..budget import budgets
from ..budget.budgets import Limit
from ..errors import BadRequest
from ..scopes import chain
from ..store import Moved, Statement, Work
from ..tables import EVENT, JOB, QUOTE
from .rows import ADD_EVENT

LONGEST_S = 3650 * 86_400
"""Ten years: who waits longer than that has mixed up the units."""
NewJob = Mapping[str, Any]
"""A job's row, with `body` (its quote's text) and `detail` (of the event that it was held)."""


def new_job(
    now: int,
    *,
    job: str,
    key: str,
    request_hash: str,
    scope: str,
    quote: Quote,
    amount: Span,
    request: Mapping[str, object],
    tags: Mapping[str, str],
    owner: str,
    expires_in_s: int,
    batch: str = "",
) -> NewJob:
    """`amount`: the quote in the budget's currency."""
    name, body = texts.quote(quote)
    high = amount.high.nanos
    return {
        "id": job, "key": key, "request_hash": request_hash, "scope": scope, "currency": amount.currency,
        "state": "held", "step": 1, "attempts": 0, "offer": quote.offer, "settings": texts.dump(quote.settings),
        "outputs_asked": quote.outputs, "first_quote_id": name, "quote_id": name, "low_nanos": amount.low.nanos,
        "expected_nanos": amount.expected.nanos, "high_nanos": high, "held_nanos": high, "open_nanos": high,
        "charged_nanos": None, "native_nanos": None, "native_currency": None, "reported_nanos": None,
        "reported_currency": None, "parked_nanos": 0, "evidence": None, "final": None, "cause": None,
        "reason": "", "proof": "", "tags": texts.dump(tags), "request": texts.dump(request), "outputs": "[]",
        "owner": texts.clean(owner), "granted_at": now, "expires_at": lapse_at(now, expires_in_s), "silent_since": None,
        "batch": batch, "lease_owner": "", "lease_until": 0,
        "body": body, "detail": f"{amount.high} of {scope} for {quote.offer}",
    }  # fmt: skip


def lapse_at(now: int, expires_in_s: int) -> int:
    """When a hold of so many seconds lapses. Raises BadRequest."""
    if not 1 <= expires_in_s <= LONGEST_S:
        value, limit = f"{expires_in_s} s", f"1 to {LONGEST_S} s"
        raise BadRequest(f"a hold cannot lapse after {value}, only after {limit}", value=value, limit=limit)
    return now + expires_in_s * 1_000_000


def grant(work: Work, now: int, limits: Sequence[Limit], jobs: Sequence[NewJob]) -> None:
    """Take the jobs' money from every one of these limits, and add the jobs. Raises Moved: the room is gone again."""
    if work.dialect == "postgresql":
        if not grant_at_once(work, now, jobs):
            raise Moved(f"the budgets of {jobs[0]['scope']} changed under a hold; nothing was changed")
        return
    budgets.take(work, now, limits, sum(one["high_nanos"] for one in jobs))
    for one in jobs:
        add_quote(work, one["quote_id"], one["body"])
        work.run(_ADD_JOB, {name: one[name] for name in _JOB})
        work.run(
            ADD_EVENT, {"job": one["id"], "at": now, "open_nanos": one["high_nanos"], "detail": one["detail"]} | _HELD
        )


def grant_at_once(work: Work, now: int, jobs: Sequence[NewJob]) -> bool:
    """The same on PostgreSQL, knowing nothing: False where it is not as simple as that, and nothing was changed."""
    first = jobs[0]
    scopes = list(chain(first["scope"]))
    values = {
        "jobs": json.dumps([{name: one[name] for name in _SENT} for one in jobs]),
        "scopes": scopes,
        "currency": first["currency"],
        "amount": sum(one["high_nanos"] for one in jobs),
        "at": now,
    }
    found = work.once(_GRANT, values)
    return found is not None and bool(found["granted"])


def add_quote(work: Work, name: str, body: str) -> None:
    """Keep a quote, once."""
    work.later(_ADD_QUOTE, {"quote_id": name, "body": body})


_JOB = tuple(column.name for column in JOB.c)
_SENT = (*_JOB, "body", "detail")
_HELD = {"attempt": None, "step": 1, "kind": "hold", "outcome": None, "state": "held", "proof": ""}
_ADD_JOB = Statement(sa.insert(JOB), _JOB)


def _unless_known(columns: Sequence[str]) -> sa.Insert:
    name, body = (sa.bindparam(word, type_=sa.Text) for word in ("quote_id", "body"))
    known = sa.exists().where(QUOTE.c.id == name)
    return sa.insert(QUOTE).from_select(list(columns), sa.select(name, body).where(sa.not_(known)))


_ADD_QUOTE = Statement(
    _unless_known(["id", "body"]),
    postgresql=sa.text("INSERT INTO quote (id, body) VALUES (:quote_id, :body) ON CONFLICT DO NOTHING"),
)


def _one_statement() -> sa.TextClause:
    """Room is looked for and taken under the row locks; a budget that has no period yet is not as simple as that."""
    kinds = {column.name: "bigint" if isinstance(column.type, sa.BigInteger) else "text" for column in JOB.c}
    shape = ", ".join(f"{name} {kinds.get(name, 'text')}" for name in _SENT)
    job, event = ", ".join(_JOB), ", ".join(column.name for column in EVENT.c if column.name != "id")
    # The names are our own, the values are bound.
    return sa.text(
        f"""
        WITH asked AS (SELECT * FROM jsonb_to_recordset(CAST(:jobs AS jsonb)) AS x({shape})),
        locked AS MATERIALIZED (
            SELECT period.id, budget.currency = CAST(:currency AS text) AND {_LETS_IN} AS ok
            FROM budget JOIN period ON period.budget_id = budget.id
            AND period.starts_at <= CAST(:at AS bigint) AND period.ends_at > CAST(:at AS bigint)
            WHERE budget.scope = ANY(CAST(:scopes AS text[])) ORDER BY budget.id FOR UPDATE OF period
        ),
        go AS (
            SELECT count(*) > 0 AND coalesce(bool_and(ok), false) AND count(*) = (
                SELECT count(*) FROM budget WHERE scope = ANY(CAST(:scopes AS text[]))
            ) AS granted FROM locked
        ),
        taken AS (
            UPDATE period SET held_nanos = held_nanos + CAST(:amount AS bigint), changed_at = CAST(:at AS bigint)
            FROM go WHERE go.granted AND period.id IN (SELECT id FROM locked)
        ),
        quoted AS (
            INSERT INTO quote (id, body) SELECT DISTINCT quote_id, body FROM asked, go WHERE go.granted
            ON CONFLICT DO NOTHING
        ),
        made AS (INSERT INTO job ({job}) SELECT {job} FROM asked, go WHERE go.granted),
        told AS (
            INSERT INTO event ({event})
            SELECT id, NULL, 1, CAST(:at AS bigint), 'hold', NULL, 'held', high_nanos, detail, ''
            FROM asked, go WHERE go.granted
        )
        SELECT granted FROM go
        """  # noqa: S608
    )


_LETS_IN = str(budgets.LETS_IN.compile()).replace(":amount", "CAST(:amount AS bigint)")
_GRANT = Statement(_one_statement())
