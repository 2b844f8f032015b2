"""A statement into the database, a page of lines in each transaction: what it says of attempts we know becomes charges.

Lines are matched by exact keys only. The same statement again changes nothing; one that was cut off goes on where it
stopped. Whether a charge is believed is `evidence`'s to say: an absurd one is parked.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pricing import Money

from .. import texts
from ..billed import BILLED, LISTED, STATEMENT
from ..errors import BadRequest
from ..evidence import MOST
from ..instants import micros
from ..jobs import settling
from ..jobs.rows import SAID, job_row
from ..reconcile.charging import charge_of
from ..statement.lines import EARLIEST, LATEST, NANOS, Period, Statement, StatementLine
from ..store import Row, Work
from ..store import Statement as Query
from ..tables import ATTEMPT
from .kept import newest, row_of

PAGE = 200
MARK = "bill:"
"""What the `external_id` of an observation begins with that a bill made."""
ACCEPTED = "break:"
"""The same where a person accepted a break."""

_HEAD = Query(sa.select(STATEMENT.c.id).where(STATEMENT.c.id == sa.bindparam("statement")))
_ADD_HEAD = Query(sa.insert(STATEMENT), [column.name for column in STATEMENT.c])
_KNOWN = Query(
    sa.select(BILLED.c.id).where(
        BILLED.c.provider == sa.bindparam("provider"),
        BILLED.c.source == sa.bindparam("source"),
        BILLED.c.key == sa.bindparam("key"),
        BILLED.c.digest == sa.bindparam("digest"),
    )
)
_ADD_LINE = Query(sa.insert(BILLED), [column.name for column in BILLED.c if column.name != "id"])
_IS_LISTED = Query(
    sa.select(LISTED.c.billed).where(
        LISTED.c.statement == sa.bindparam("statement"), LISTED.c.billed == sa.bindparam("billed")
    )
)
_ADD_LISTED = Query(sa.insert(LISTED), [column.name for column in LISTED.c])
_BY_JOB = Query(
    sa.select(ATTEMPT).where(
        ATTEMPT.c.provider == sa.bindparam("provider"), ATTEMPT.c.provider_job == sa.bindparam("provider_job")
    )
)
_BY_ID = Query(
    sa.select(ATTEMPT).where(ATTEMPT.c.provider == sa.bindparam("provider"), ATTEMPT.c.id == sa.bindparam("attempt"))
)
_SUMS = Query(
    sa.text(
        "SELECT currency, CAST(SUM(ABS(amount_nanos) / 1000000000) AS BIGINT) AS units FROM billed GROUP BY currency"
    )
)
_TOLD = (
    sa.select(BILLED, STATEMENT.c.fetched_at)
    .select_from(
        BILLED.join(LISTED, LISTED.c.billed == BILLED.c.id).join(STATEMENT, STATEMENT.c.id == LISTED.c.statement)
    )
    .where(BILLED.c.provider == sa.bindparam("provider"))
)
_TOLD_BY_JOB = Query(_TOLD.where(BILLED.c.provider_job == sa.bindparam("provider_job")).order_by(BILLED.c.id))
_TOLD_BY_ID = Query(_TOLD.where(BILLED.c.attempt == sa.bindparam("attempt")).order_by(BILLED.c.id))


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a statement."""

    statement: str
    provider: str
    source: str
    lines: int
    new_lines: int
    """So many we had not seen."""
    charges: int
    """So many attempts were told of something new."""
    parked: int
    """So many of these charges wait for a person."""
    unmatched: int
    """Lines that name no attempt of ours; sums and purchases are not among them."""

    def plus(self, other: "Imported") -> "Imported":
        """Both, of one statement."""
        return Imported(
            self.statement,
            self.provider,
            self.source,
            self.lines + other.lines,
            self.new_lines + other.new_lines,
            self.charges + other.charges,
            self.parked + other.parked,
            self.unmatched + other.unmatched,
        )


def named(statement: Statement) -> str:
    """The name of a statement: of its content and the time it was fetched."""
    head = [
        statement.provider, statement.source, *(day.isoformat() for day in statement.period), statement.complete,
        statement.per_job, micros(statement.fetched_at),
    ]  # fmt: skip
    digests = sorted(row["digest"] for row in map(row_of, statement.lines))
    return hashlib.sha256(texts.dump([head, digests]).encode()).hexdigest()[:32]


def pages(statement: Statement) -> Iterable[Sequence[StatementLine]]:
    """Its lines, so many as go into one transaction; those of one job are not parted. Raises BadRequest."""
    _within("the statement", statement.period)
    for line in statement.lines:
        if (line.provider, line.source) != (statement.provider, statement.source):
            raise BadRequest(f"line {line.key[:60]} is of {line.provider}, not {statement.provider}", value=line.key)
        _within(f"line {line.key[:60]}", line.period)
    ordered = sorted(statement.lines, key=lambda one: (one.provider_job or "", one.attempt or "", one.key))
    page = list[StatementLine]()
    for line in ordered:
        if len(page) >= PAGE and not (line.provider_job and line.provider_job == page[-1].provider_job):
            yield page
            page = []
        page.append(line)
    yield page


def _within(what: str, period: Period) -> None:
    """Raises BadRequest for days that no bill is of."""
    if not EARLIEST <= period[0] < period[1] <= LATEST:
        said = " to before ".join(map(str, period))
        raise BadRequest(
            f"{what} is of {said}", value=said, limit=f"{EARLIEST} to {LATEST}", next="correct its days"
        )  # fmt: skip


def _summable(work: Work, statement: Statement) -> None:
    """Refuse what makes all bills together more than money can be: lines stay, and no sum of them may ever fail."""
    sums = Counter({row["currency"]: int(row["units"]) * NANOS for row in work.rows(_SUMS, {})})
    for line in statement.lines:
        for currency, nanos in line.worth:
            sums[currency] += abs(nanos)
            if sums[currency] > MOST // 2:
                raise BadRequest(
                    f"line {line.key[:60]} of {line.amount} makes all bills in {currency} more than can be added up",
                    value=str(line.amount), limit=str(Money(MOST // 2, currency)), next="is it read rightly?",
                )  # fmt: skip


def bring(
    work: Work, now: int, statement: Statement, name: str, page: Sequence[StatementLine], author: str
) -> Imported:
    """One page: the statement's head if it is not there, the lines that are new, and what they say of our attempts."""
    if work.row(_HEAD, {"statement": name}) is None:
        _summable(work, statement)
        work.run(
            _ADD_HEAD,
            {
                "id": name, "provider": texts.clean(statement.provider), "source": statement.source,
                "first_day": statement.period[0].isoformat(), "end_day": statement.period[1].isoformat(),
                "complete": int(statement.complete), "per_job": int(statement.per_job),
                "fetched_at": micros(statement.fetched_at), "imported_at": now, "author": author,
                "lines": len({(row["key"], row["digest"]) for row in map(row_of, statement.lines)}),
            },
        )  # fmt: skip
    fresh, unmatched = 0, 0
    attempts = dict[str, Row]()
    for line in page:
        row = row_of(line)
        known = work.row(_KNOWN, row)
        number = known["id"] if known is not None else work.add(_ADD_LINE, row | {"at": now})
        fresh += known is None
        if work.row(_IS_LISTED, {"statement": name, "billed": number}) is None:
            work.run(_ADD_LISTED, {"statement": name, "billed": number})
        attempt = _owner(work, row)
        if attempt is not None:
            attempts[attempt["id"]] = attempt
        else:
            unmatched += not line.aggregate and line.kind != "purchase"
    told = [_settle(work, now, one) for one in sorted(attempts.values(), key=lambda one: (one["job"], one["id"]))]
    charges, parked = sum(one is not None for one in told), sum(one is True for one in told)
    return Imported(name, statement.provider, statement.source, len(page), fresh, charges, parked, unmatched)


def _owner(work: Work, line: Row) -> Row | None:
    """The attempt that a line names: by the provider's job, then by our own id."""
    found = work.row(_BY_JOB, line) if line["provider_job"] else None
    return found or (work.row(_BY_ID, line) if line["attempt"] else None)


def _settle(work: Work, now: int, attempt: Row) -> bool | None:
    """Say what all lines of the attempt come to. None: nothing new; else whether it now waits for a person."""
    job = job_row(work, attempt["job"])  # locked first: two statements at once must each see the other's lines
    names = {"provider": attempt["provider"], "provider_job": attempt["provider_job"], "attempt": attempt["id"]}
    rows = {(row["id"], row["fetched_at"]): row for row in work.rows(_TOLD_BY_ID, names)}
    if attempt["provider_job"] is not None:
        rows |= {(row["id"], row["fetched_at"]): row for row in work.rows(_TOLD_BY_JOB, names)}
    lines = newest([row for row in rows.values() if _is_of(work, row, attempt)])
    charge = charge_of([line for _, line in lines], attempt["currency"], attempt["outputs_asked"])
    if charge is None:
        return None
    mark = MARK + hashlib.sha256(texts.dump([row["digest"] for row, _ in lines]).encode()).hexdigest()[:32]
    said = [one for one in work.rows(SAID, {"job": attempt["job"]}) if one["attempt"] == attempt["id"]]
    if any(one["external_id"] == mark for one in said):
        return None
    if not charge.amount.nanos and attempt["posted_nanos"] is None and job["state"] == "released":
        return None  # it was let go as free, and free it is
    delivered = max((one["delivered"] for one in said), default=attempt["outputs_asked"])
    row, _ = settling.settle(
        work,
        now,
        job=attempt["job"],
        attempt=attempt["id"],
        evidence=charge.evidence,
        amount=charge.amount,
        revision=1 + max((one["revision"] for one in said), default=0),
        final=True,
        delivered=0 if charge.given_back else delivered,
        outputs=(),
        units=None,
        external_id=mark,
        note="",
        took_ms=None,
        clip_ms=None,
    )
    return bool(row["parked_nanos"])


def _is_of(work: Work, line: Row, attempt: Row) -> bool:
    """Is it this attempt's, and not another's whose job at the provider it names?"""
    if line["provider_job"] in (None, attempt["provider_job"]):
        return True
    owner = _owner(work, line)
    return owner is not None and owner["id"] == attempt["id"]


def is_of_bill(observation: Row) -> bool:
    """Whether a bill, or a person's word on one, made it: not what our books knew by themselves."""
    return str(observation["external_id"] or "").startswith((MARK, ACCEPTED))
