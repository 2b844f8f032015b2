"""All rows of a ledger, read a page at a time: memory does not grow with the number of jobs. Judges nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..store import Row, Statement, Work
from ..tables import ATTEMPT, DRAW, ENTRY, EVENT, JOB, OBSERVATION, QUOTE, TXN

PAGE = 1000


@dataclass(slots=True)
class Story:
    """A job with all that is known of it. Job and attempts are copies."""

    job: dict[str, Any]
    attempts: list[dict[str, Any]]
    strays: list[Row]
    """Attempts that began for this job, and stand with another one."""
    said: list[Row]
    events: list[Row]
    txns: dict[int, Row]
    legs: list[Row]
    quotes: Mapping[str, Row]

    @property
    def id(self) -> str:
        return str(self.job["id"])

    @property
    def facts(self) -> list[Row]:
        """Everything that moved it, in order."""
        return sorted([*self.events, *self.said], key=lambda one: one["step"])


@dataclass(slots=True)
class Stretch:
    """Part of the journal: draws, with what is needed to judge them, and the transactions of no job."""

    draws: dict[int, list[Row]]
    prepaid: dict[int, Row]
    """The leg on prepaid credits of each transaction that has draws."""
    loose: dict[int, Row]
    """Transactions of no job."""
    legs: dict[int, list[Row]]
    """Theirs."""


def _paged(look: "sa.Select[Any]") -> Statement:
    # The offset is said, because SQLite's dialect would bind one.
    return Statement(look.limit(sa.literal_column(str(PAGE))).offset(sa.literal_column("0")))


def _in_page(column: "sa.ColumnElement[Any]") -> "sa.ColumnElement[bool]":
    return sa.and_(column > sa.bindparam("after"), column <= sa.bindparam("last"))


_JOBS = _paged(sa.select(JOB).where(JOB.c.id > sa.bindparam("after")).order_by(JOB.c.id))
_ATTEMPTS = Statement(sa.select(ATTEMPT).where(_in_page(ATTEMPT.c.job)).order_by(ATTEMPT.c.job, ATTEMPT.c.number))
_STRAYS = Statement(
    sa.select(ATTEMPT, EVENT.c.job.label("began_for"))
    .select_from(EVENT.join(ATTEMPT, ATTEMPT.c.id == EVENT.c.attempt))
    .where(_in_page(EVENT.c.job), EVENT.c.kind == sa.literal_column("'intent'"), ATTEMPT.c.job != EVENT.c.job)
)
_SAID = Statement(sa.select(OBSERVATION).where(_in_page(OBSERVATION.c.job)).order_by(OBSERVATION.c.id))
_EVENTS = Statement(sa.select(EVENT).where(_in_page(EVENT.c.job)).order_by(EVENT.c.id))
_TXNS = Statement(sa.select(TXN).where(_in_page(TXN.c.job)).order_by(TXN.c.id))
_LEGS = Statement(
    sa.select(ENTRY, TXN.c.job)
    .select_from(ENTRY.join(TXN, TXN.c.id == ENTRY.c.txn))
    .where(_in_page(TXN.c.job))
    .order_by(ENTRY.c.txn, ENTRY.c.line)
)
_NAMED = sa.union(
    sa.select(JOB.c.quote_id).where(_in_page(JOB.c.id)),
    sa.select(JOB.c.first_quote_id).where(_in_page(JOB.c.id)),
    sa.select(ATTEMPT.c.quote_id).where(_in_page(ATTEMPT.c.job)),
)
_QUOTES = Statement(sa.select(QUOTE).where(QUOTE.c.id.in_(_NAMED)))
_ALL_QUOTES = _paged(sa.select(QUOTE).where(QUOTE.c.id > sa.bindparam("after")).order_by(QUOTE.c.id))

_NEXT = Statement(sa.select(sa.func.min(TXN.c.id).label("id")).where(TXN.c.id > sa.bindparam("after")))
_NO_JOB = TXN.c.job.is_(None)
_DRAWS = Statement(sa.select(DRAW).where(_in_page(DRAW.c.txn)).order_by(DRAW.c.txn, DRAW.c.line))
_PREPAID = Statement(
    sa.select(ENTRY)
    .where(
        _in_page(ENTRY.c.txn),
        ENTRY.c.account >= sa.literal_column("'prepaid:'"),
        ENTRY.c.account < sa.literal_column("'prepaid;'"),
        sa.exists().where(DRAW.c.txn == ENTRY.c.txn),
    )
    .order_by(ENTRY.c.txn, ENTRY.c.line)
)
_LOOSE = Statement(sa.select(TXN).where(_in_page(TXN.c.id), _NO_JOB).order_by(TXN.c.id))
_LOOSE_LEGS = Statement(
    sa.select(ENTRY)
    .select_from(ENTRY.join(TXN, TXN.c.id == ENTRY.c.txn))
    .where(_in_page(TXN.c.id), _NO_JOB)
    .order_by(ENTRY.c.txn, ENTRY.c.line)
)


def stories(work: Work) -> Iterator[Story]:
    """Every job, in order of id."""
    after = ""
    while page := work.rows(_JOBS, {"after": after}):
        span = {"after": after, "last": page[-1]["id"]}
        attempts, said, events, txns, legs = (
            by(work.rows(one, span), "job") for one in (_ATTEMPTS, _SAID, _EVENTS, _TXNS, _LEGS)
        )
        strays = by(work.rows(_STRAYS, span), "began_for")
        quotes = {row["id"]: row for row in work.rows(_QUOTES, span)}
        for row in page:
            name = row["id"]
            yield Story(
                dict(row), [dict(one) for one in attempts[name]], strays[name], said[name], events[name],
                {one["id"]: one for one in txns[name]}, legs[name], quotes,
            )  # fmt: skip
        after = page[-1]["id"]


def quotes(work: Work) -> Iterator[Row]:
    after = ""
    while page := work.rows(_ALL_QUOTES, {"after": after}):
        yield from page
        after = page[-1]["id"]


def stretches(work: Work) -> Iterator[Stretch]:
    """The whole journal, in order of transaction."""
    after = 0
    while (found := work.row(_NEXT, {"after": after})) is not None and found["id"] is not None:
        span = {"after": found["id"] - 1, "last": found["id"] - 1 + 5 * PAGE}
        prepaid = {row["txn"]: row for row in work.rows(_PREPAID, span)}
        loose = {row["id"]: row for row in work.rows(_LOOSE, span)}
        draws, legs = (by(work.rows(one, span), "txn") for one in (_DRAWS, _LOOSE_LEGS))
        yield Stretch(draws, prepaid, loose, legs)
        after = span["last"]


def everything(work: Work, table: sa.Table) -> list[Row]:
    """All rows of a small table."""
    if table.name not in _WHOLE:
        _WHOLE[table.name] = Statement(sa.select(table).order_by(*table.primary_key.columns))
    return work.rows(_WHOLE[table.name], {})


_WHOLE: dict[str, Statement] = {}


def by(rows: Iterable[Row], column: str) -> "defaultdict[Any, list[Row]]":
    """The rows by their value in a column; nothing known is no rows."""
    grouped: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped
