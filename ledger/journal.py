"""Writing a transaction of the journal: one row and its legs, inside a unit of work. Decides nothing."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from .posting import Posting
from .store import Statement, Work
from .tables import ENTRY, TXN

_ADD_TXN = Statement(sa.insert(TXN), [column.name for column in TXN.c if column.name != "id"])
_ADD_ENTRY = Statement(sa.insert(ENTRY), [column.name for column in ENTRY.c])
_OF_NO_JOB: dict[str, Any] = {"job": None, "attempt": None, "step": 0, "evidence": "none"}


def book(work: Work, now: int, kind: str, legs: Iterable[Posting], **of_job: Any) -> int:
    """Add it; answers its number. `of_job`: the columns of a job's transaction; left out, it is of no job."""
    txn = work.add(_ADD_TXN, {"at": now, "granted_at": now, "kind": kind} | _OF_NO_JOB | of_job)
    work.many(
        _ADD_ENTRY,
        [
            {
                "txn": txn,
                "line": line,
                "book": leg.book,
                "account": leg.account,
                "currency": leg.amount.currency,
                "amount_nanos": leg.amount.nanos,
            }
            for line, leg in enumerate(legs)
        ],
    )
    return txn
