"""What exports read from the database, page after page by id in one transaction: memory stays flat. Never writes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ..bills.importing import ACCEPTED, MARK
from ..instants import EPOCH, FOREVER
from ..scopes import chain
from ..store import Row, Statement, Work
from ..tables import ATTEMPT
from . import hledger

PAGE = 500
"""Jobs, or transactions, that are read at a time."""
_DAY = 86_400 * 10**6


def within(table: str) -> str:
    """The condition that a row's scope is the one wanted, or below it; `Wanted.values` fill it."""
    return (
        f"(CAST(:scope AS text) = '' OR {table}.scope = CAST(:scope AS text) "
        f"OR substr({table}.scope, 1, CAST(:length AS int)) = CAST(:below AS text))"
    )


_TRY = ", ".join(f"try.{column.name} AS try_{column.name}" for column in ATTEMPT.c)


def _jobs(place: str) -> sa.TextClause:
    """`place`: what tells where a row stands, to go on from there."""
    return sa.text(
        f"""
        SELECT page.*, {_TRY},
            (SELECT max(txn.at) FROM txn WHERE txn.job = page.id AND txn.attempt = try.id) AS charged_at
        FROM (
            SELECT job.*, job.{place} AS place FROM job
            WHERE job.{place} > :after AND job.granted_at >= :since AND job.granted_at < :until AND {within("job")}
            ORDER BY job.{place} LIMIT :size
        ) AS page LEFT JOIN attempt AS try ON try.job = page.id
        ORDER BY page.place, try.number
        """  # noqa: S608
    )


# In the order they were written where that is fastest: neighbours by id are not neighbours on the disk.
_JOBS = Statement(_jobs("rowid"), postgresql=_jobs("id"))
_TRANSACTIONS = Statement(
    sa.text(
        f"""
        SELECT txn.*, job.key, try.provider_job, try.offer
        FROM txn LEFT JOIN job ON job.id = txn.job LEFT JOIN attempt AS try ON try.id = txn.attempt
        WHERE txn.id > :after AND txn.at >= :since AND txn.at < :until AND {within("job")}
        ORDER BY txn.id LIMIT :size
        """  # noqa: S608
    )
)
# What was recorded of an attempt's bill: by hand, by a statement, by a person who accepted a break of one.
_BILLED = "said.job = txn.job AND said.attempt = txn.attempt AND (said.evidence = '{}' OR said.external_id LIKE '{}%')"
_INVOICED, _HEARD = _BILLED.format("invoice", ACCEPTED), _BILLED.format("billing_event", MARK)
# Its invoice: the newest that a statement had of it by then, or as it was recorded.
_INVOICE = f"""
    CASE WHEN said.external_id LIKE '{MARK}%' OR said.external_id LIKE '{ACCEPTED}%' THEN (
        SELECT line.invoice FROM billed AS line WHERE line.provider = try.provider AND line.invoice IS NOT NULL
            AND (line.provider_job = try.provider_job OR line.attempt = try.id) AND line.at <= said.at
        ORDER BY line.at DESC, line.id DESC LIMIT 1
    ) ELSE said.external_id END
"""  # noqa: S608
_CHARGES = Statement(
    sa.text(
        f"""
        SELECT txn.id, txn.job, txn.attempt, txn.step, txn.at, txn.kind, txn.evidence, job.key, job.scope, job.tags,
            job.currency AS budget_currency, job.held_nanos, try.number, try.provider, try.provider_job, try.offer,
            try.settings, try.currency, try.rate, try.outputs_asked, try.started_at, try.expected_nanos, try.quote_id,
            try.posted_native_nanos, quote.body,
            (SELECT min(one.at) FROM txn AS one WHERE one.job = txn.job AND one.attempt = txn.attempt) AS first_at,
            (SELECT min(said.step) FROM observation AS said WHERE {_INVOICED}) AS invoiced_step,
            (SELECT {_INVOICE} FROM observation AS said WHERE {_INVOICED} ORDER BY said.step, said.id LIMIT 1
            ) AS first_invoice,
            (SELECT {_INVOICE} FROM observation AS said WHERE {_INVOICED} AND said.step >= txn.step
                ORDER BY said.step, said.id LIMIT 1) AS invoice,
            (SELECT said.amount_nanos FROM observation AS said WHERE ({_INVOICED}) OR ({_HEARD})
                ORDER BY said.step DESC, said.id DESC LIMIT 1) AS billed_nanos
        FROM txn LEFT JOIN job ON job.id = txn.job LEFT JOIN attempt AS try ON try.id = txn.attempt
            LEFT JOIN quote ON quote.id = try.quote_id
        WHERE txn.id > :after AND txn.at >= :since AND txn.kind NOT IN ('draw', 'breakage')
            AND {within("job")}
        ORDER BY txn.id LIMIT :size
        """  # noqa: S608
    )
)
_LEGS = Statement(
    sa.text("SELECT * FROM entry WHERE entry.txn >= :first AND entry.txn <= :last ORDER BY entry.txn, entry.line")
)
_DRAWS = Statement(
    sa.text(
        """
        SELECT draw.txn, draw.lot, draw.quantity_nanos, draw.cost_nanos, lot.provider, lot.currency, lot.cost_currency,
            lot.effective_at, lot.expires_at
        FROM draw LEFT JOIN lot ON lot.id = draw.lot
        WHERE draw.txn >= :first AND draw.txn <= :last ORDER BY draw.txn, draw.line
        """
    )
)
_ACCEPTED = Statement(
    sa.text(
        """
        SELECT saying.txn, saying.author, saying.note, saying.provider, billed.kind, billed.charged_at,
            billed.first_day, billed.end_day, billed.invoice, billed.sku, billed.provider_job
        FROM saying LEFT JOIN billed ON billed.id = saying.billed WHERE saying.txn >= :first AND saying.txn <= :last
        """
    )
)
_ACCOUNTS = Statement(sa.text("SELECT DISTINCT book, account FROM entry ORDER BY book, account"))
_CURRENCIES = Statement(sa.text("SELECT DISTINCT currency FROM entry ORDER BY currency"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the ledger: days in UTC, `until` the first one after; a scope and what is below it. None: all."""

    since: date | None = None
    until: date | None = None
    scope: str | None = None

    def __post_init__(self) -> None:
        """Raises BadScope."""
        if self.scope is not None:
            chain(self.scope)

    @property
    def values(self) -> dict[str, Any]:
        since = 0 if self.since is None else micros_of(self.since)
        until = FOREVER if self.until is None else micros_of(self.until)
        below = f"{self.scope}/"
        return {"since": since, "until": until, "scope": self.scope or "", "below": below, "length": len(below)}


def micros_of(day: date) -> int:
    """Its first instant in UTC."""
    return (day - EPOCH.date()).days * _DAY


def _paged(
    work: Work, statement: Statement, wanted: Mapping[str, Any], first: str | int = 0, place: str = "id"
) -> Iterator[list[Row]]:
    """Pages of rows, each from the `place` after the last one of the page before; `first`: less than any."""
    after: str | int = first
    while found := work.rows(statement, {**wanted, "after": after, "size": PAGE}):
        yield found
        after = found[-1][place]


def jobs(work: Work, wanted: Wanted, read: Callable[[Row], tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Every job made in these days, a row for each attempt."""
    for page in _paged(work, _JOBS, wanted.values, 0 if work.dialect == "sqlite" else "", "place"):
        yield from map(read, page)


def charges(work: Work, wanted: Wanted) -> Iterator[tuple[Row, list[Row], list[Row]]]:
    """Every transaction that posted a charge or a purchase since then, with its entries and its draws.

    `line`: what a bill said that is of no job.
    """
    for page in _paged(work, _CHARGES, wanted.values):
        ends = {"first": page[0]["id"], "last": page[-1]["id"]}
        legs, draws = (_by_txn(work.rows(statement, ends)) for statement in (_LEGS, _DRAWS))
        lines = {line["txn"]: line for line in work.rows(_ACCEPTED, ends)}
        for one in page:
            yield {**one, "line": lines.get(one["id"])}, legs.get(one["id"], []), draws.get(one["id"], [])


def transactions(work: Work, wanted: Wanted) -> Iterator[hledger.Transaction]:
    """Every transaction posted in these days, in order."""
    for page in _paged(work, _TRANSACTIONS, wanted.values):
        legs = _by_txn(work.rows(_LEGS, {"first": page[0]["id"], "last": page[-1]["id"]}))
        for one in page:
            entries = tuple(
                hledger.Leg(leg["book"], leg["account"], leg["currency"], leg["amount_nanos"])
                for leg in legs.get(one["id"], ())
            )
            yield hledger.Transaction(
                one["id"], one["at"], one["kind"], one["evidence"], one["job"], one["key"], one["attempt"],
                one["provider_job"], one["offer"], entries,
            )  # fmt: skip


def names(work: Work) -> tuple[Iterator[tuple[str, str]], tuple[str, ...]]:
    """Every account and every currency of the journal."""
    accounts = ((row["book"], row["account"]) for row in work.rows(_ACCOUNTS, {}))
    return accounts, tuple(row["currency"] for row in work.rows(_CURRENCIES, {}))


def _by_txn(rows: list[Row]) -> dict[int, list[Row]]:
    return {txn: list(found) for txn, found in groupby(rows, lambda row: row["txn"])}
