"""A person's word on a break: a fact with an author. What is accepted is posted; adjusted and disputed post nothing."""

from typing import Any

import sqlalchemy as sa

from pricing import Money

from .. import journal, moves
from ..billed import BILLED, SAYING
from ..errors import BadRequest, WrongState
from ..jobs.rows import attempt_row, whole
from ..jobs.settling import post
from ..reconcile.breaks import break_of
from ..reconcile.values import Break, JobMatch, Reconciliation, Verdict
from ..store import Row, Statement, Work
from .importing import ACCEPTED

VERDICTS: tuple[Verdict, ...] = ("accepted", "adjusted", "disputed")
_OF_BREAK = Statement(sa.select(SAYING).where(SAYING.c.break_id == sa.bindparam("break_id")).order_by(SAYING.c.id))
_LINE = Statement(
    sa.select(BILLED.c.id)
    .where(BILLED.c.provider == sa.bindparam("provider"), BILLED.c.key == sa.bindparam("key"))
    .order_by(BILLED.c.id)
)
_ALONE = Statement(sa.text("SELECT 1"), postgresql=sa.text("LOCK TABLE listed, saying IN SHARE ROW EXCLUSIVE MODE"))
"""No bill comes in and no word is said until this one is: two people would both post what they accept."""
_HEARD = Statement(
    sa.text(
        "SELECT (SELECT COALESCE(MAX(id), 0) FROM billed) AS lines, (SELECT COUNT(*) FROM listed) AS listed, "
        "(SELECT COALESCE(MAX(id), 0) FROM saying) AS words"
    )
)
_ADD = Statement(sa.insert(SAYING), [column.name for column in SAYING.c if column.name != "id"])


def found(all_: Reconciliation, break_id: str) -> tuple[Break, JobMatch | None]:
    """The break and the row it is of; None: it is of many. Raises BadRequest."""
    those = [one for one in all_.breaks if one.id == break_id or (len(break_id) >= 6 and one.id.startswith(break_id))]
    if len(those) != 1:
        what = "is no break now" if not those else f"may be any of {len(those)} breaks"
        raise BadRequest(
            f"{break_id[:40]!r} {what}", value=break_id[:40], limit="its id, or at least the first 6 letters of it",
            next="faregate breaks list --all tells them",
        )  # fmt: skip
    rows = (
        row for row in all_.jobs if row.standing in ("break", "pending") and break_of(row, all_.at).id == those[0].id
    )
    return those[0], next(rows, None)


def heard(work: Work) -> Row:
    """How much bills and people have said."""
    found = work.row(_HEARD, {})
    return {} if found is None else dict(found)


def close(
    work: Work, now: int, one: Break, row: JobMatch | None, *, since: Row, verdict: Verdict, author: str, note: str
) -> bool:
    """Keep the word, and post what was accepted. Repeating it changes nothing. Raises BadRequest, WrongState.

    False: something was said `since` the break was looked at, so nothing was done: look again.
    """
    if verdict not in VERDICTS:
        raise BadRequest(f"{verdict!r} is no verdict on a break", value=str(verdict), limit=", ".join(VERDICTS))
    if not author or not note:
        raise BadRequest("a word on a break needs an author and a note", value=one.id, next="say why, it is kept")
    work.run(_ALONE, {})
    if heard(work) != since:
        return False
    before = work.rows(_OF_BREAK, {"break_id": one.id})
    said = {"fingerprint": one.fingerprint, "verdict": verdict, "author": author, "note": note}
    if before and all(before[-1][name] == value for name, value in said.items()):
        return True
    amount, txn, billed = 0, None, None
    if verdict == "accepted" and row is not None:
        if row.job is not None and row.attempt is not None:
            _charge(work, now, one, row, author, note)
        elif row.subject in ("line", "aggregate"):
            amount = row.variance.nanos - sum(word["posted_nanos"] for word in before)
            if amount:
                legs = moves.bill(one.provider, Money(amount, row.variance.currency))
                txn = journal.book(work, now, "bill", legs, evidence="invoice")
                billed = _first_line(work, row)
    work.run(
        _ADD,
        said
        | {
            "at": now, "break_id": one.id, "kind": one.kind, "provider": one.provider, "job": one.job,
            "amount_nanos": one.amount.nanos, "currency": one.amount.currency, "posted_nanos": amount, "txn": txn,
            "billed": billed,
        },
    )  # fmt: skip
    return True


def _first_line(work: Work, row: JobMatch) -> int | None:
    found = (line["id"] for key in row.evidence for line in work.rows(_LINE, {"provider": row.provider, "key": key}))
    return next(found, None)


def _charge(work: Work, now: int, one: Break, row: JobMatch, author: str, note: str) -> None:
    """The job cost what was billed, says a person: also where nobody would believe the amount otherwise."""
    if row.invoiced is None or row.attempt is None or row.job is None:
        return  # nothing was billed: the books stay as they are
    job, attempts, said = whole(work, row.job)
    if job["state"] == "submitting":
        raise WrongState(f"job {row.job} is being submitted", value="submitting", next="run `faregate resume` first")
    tried = next((each for each in attempts if each["id"] == row.attempt), None) or attempt_row(
        work, row.job, row.attempt
    )
    if row.invoiced.nanos < 0:
        raise BadRequest(
            f"the bill gives back {-row.invoiced} more than job {row.job} cost", value=str(row.invoiced),
            next="say adjusted, and ask the provider",
        )  # fmt: skip
    if tried["posted_native_nanos"] == row.invoiced.nanos and not job["parked_nanos"]:
        return  # what was billed stands in the books already
    fact: dict[str, Any] = {
        "attempt": row.attempt, "evidence": "resolve", "amount_nanos": row.invoiced.nanos,
        "currency": row.invoiced.currency, "revision": 0, "final": 1, "delivered": 0, "units": None,
        "external_id": f"{ACCEPTED}{one.id}", "outputs": "[]", "note": f"break {one.id}, {one.kind}: {note}",
        "verdict": "charged", "author": author, "proof": "",
    }  # fmt: skip
    post(work, now, job, attempts, tried, said, fact, kind="resolve")
