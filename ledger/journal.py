"""Writing a transaction of the journal: one row and its legs, inside a unit of work. Decides nothing."""

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from .posting import Posting
from .store import Statement, Work
from .tables import ENTRY, TXN

_ADD_TXN = Statement(sa.insert(TXN), [column.name for column in TXN.c if column.name != "id"])
_ADD_ENTRY = Statement(sa.insert(ENTRY), [column.name for column in ENTRY.c])
_OF_NO_JOB: dict[str, Any] = {"job": None, "attempt": None, "step": 0, "evidence": "none"}


_ADD_BOTH = Statement(
    sa.text(
        "INSERT INTO entry (txn, line, book, account, currency, amount_nanos) "
        "SELECT made.id, line, book, account, currency, amount_nanos "
        "FROM made, jsonb_to_recordset(CAST(:legs AS jsonb)) AS "
        "x(line bigint, book text, account text, currency text, amount_nanos bigint)"
    ),
    first=_ADD_TXN,
)
"""Both in one statement, on PostgreSQL."""


def write(work: Work, now: int, kind: str, legs: Iterable[Posting], **of_job: Any) -> None:
    """The same as `book`, where nobody asks for its number."""
    if work.dialect == "postgresql":
        row = {"at": now, "granted_at": now, "kind": kind} | _OF_NO_JOB | of_job
        work.later(_ADD_BOTH, row | {"legs": json.dumps([_leg(line, leg) for line, leg in enumerate(legs)])})
    else:
        book(work, now, kind, legs, **of_job)


def book(work: Work, now: int, kind: str, legs: Iterable[Posting], **of_job: Any) -> int:
    """Add it; answers its number. `of_job`: the columns of a job's transaction; left out, it is of no job."""
    txn = work.add(_ADD_TXN, {"at": now, "granted_at": now, "kind": kind} | _OF_NO_JOB | of_job)
    work.many(_ADD_ENTRY, [{"txn": txn} | _leg(line, leg) for line, leg in enumerate(legs)])
    return txn


def _leg(line: int, leg: Posting) -> dict[str, object]:
    amount = leg.amount
    return {
        "line": line,
        "book": leg.book,
        "account": leg.account,
        "currency": amount.currency,
        "amount_nanos": amount.nanos,
    }
