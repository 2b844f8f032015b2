"""Statements and their lines into rows and back, exactly. Judges nothing, posts nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import sqlalchemy as sa

from pricing import Money

from .. import texts
from ..billed import BILLED, LISTED, STATEMENT
from ..instants import micros, moment
from ..statement.lines import LineKind, Period, Source, StatementLine
from ..statement.lines import Statement as Bill
from ..store import Row, Statement, Work

PAGE = 2000
_HEADS = Statement(
    sa.select(STATEMENT, sa.func.count(LISTED.c.billed).label("listed"))
    .select_from(STATEMENT.outerjoin(LISTED, LISTED.c.statement == STATEMENT.c.id))
    .group_by(*STATEMENT.c)
    .order_by(STATEMENT.c.provider, STATEMENT.c.fetched_at, STATEMENT.c.id)
)
_LINES = Statement(
    sa.select(BILLED)
    .where(BILLED.c.id > sa.bindparam("after"))
    .order_by(BILLED.c.id)
    .limit(sa.literal_column(str(PAGE)))
    .offset(sa.literal_column("0"))
)
_LISTED = Statement(sa.select(LISTED.c.billed).where(LISTED.c.statement == sa.bindparam("statement")))


@dataclass(frozen=True, slots=True)
class Filed:
    """A statement that was imported."""

    id: str
    provider: str
    source: str
    period: Period
    lines: int
    complete: bool
    """Whether no line of the period is missing, here or at its source."""
    fetched_at: datetime
    imported_at: datetime
    author: str


def digest_of(line: Mapping[str, Any]) -> str:
    """The name of all that a line's row says."""
    words = [line[name] for name in _SAID]
    return hashlib.sha256(texts.dump(words).encode()).hexdigest()[:32]


def row_of(line: StatementLine) -> dict[str, Any]:
    """A line as a row, without its number and when it came in."""
    clean = texts.clean
    row: dict[str, Any] = {
        "provider": clean(line.provider),
        "source": line.source,
        "key": texts.short(line.key),
        "kind": line.kind,
        "amount_nanos": line.amount.nanos,
        "currency": line.amount.currency,
        "charged_at": None if line.charged_at is None else micros(line.charged_at),
        "first_day": line.period[0].isoformat(),
        "end_day": line.period[1].isoformat(),
        "provider_job": None if line.provider_job is None else texts.short(line.provider_job),
        "attempt": None if line.attempt is None else texts.short(line.attempt),
        "sku": clean(line.sku),
        "invoice": None if line.invoice is None else clean(line.invoice),
        "revision": line.revision,
        "body": texts.dump(
            {
                "quantity": line.quantity,
                "unit": clean(line.unit),
                "unit_price": line.unit_price,
                "list_amount": _money(line.list_amount),
                "credit_value": None if line.credit_value is None else str(line.credit_value),
                "aggregate": line.aggregate,
                "count": line.count,
                "priced": _money(line.priced),
            }
        ),
        "raw": clean(line.raw),
    }
    return row | {"digest": digest_of(row)}


_SAID = (
    "provider", "source", "key", "kind", "amount_nanos", "currency", "charged_at", "first_day", "end_day",
    "provider_job", "attempt", "sku", "invoice", "revision", "body",
)  # fmt: skip


def line_of(row: Row) -> StatementLine:
    """The line that a row is of."""
    body = texts.mapping(row["body"])
    return StatementLine(
        row["provider"],
        cast("Source", row["source"]),
        row["key"],
        cast("LineKind", row["kind"]),
        Money(row["amount_nanos"], row["currency"]),
        None if row["charged_at"] is None else moment(row["charged_at"]),
        (date.fromisoformat(row["first_day"]), date.fromisoformat(row["end_day"])),
        row["provider_job"],
        row["attempt"],
        row["sku"],
        _decimal(body["quantity"]),
        body["unit"],
        _decimal(body["unit_price"]),
        _amount(body["list_amount"]),
        None if body["credit_value"] is None else Fraction(body["credit_value"]),
        row["invoice"],
        row["revision"],
        row["raw"],
        body["aggregate"],
        body["count"],
        _amount(body["priced"]),
    )


def heads(work: Work, provider: str | None) -> list[Row]:
    """Every statement without its lines; `listed` says how many of them are in."""
    return [row for row in work.rows(_HEADS, {}) if provider in (None, row["provider"])]


def bills(work: Work, provider: str | None) -> list[Bill]:
    """Every statement with its lines; one that is not wholly in is not complete."""
    lines = {number: line for number, line in _lines(work) if provider in (None, line.provider)}
    found = list[Bill]()
    for head in heads(work, provider):
        numbers = [row["billed"] for row in work.rows(_LISTED, {"statement": head["id"]})]
        one = filed(head)
        found.append(
            Bill(
                one.provider,
                cast("Source", one.source),
                one.period,
                tuple(lines[number] for number in sorted(numbers)),
                one.complete,
                one.fetched_at,
                per_job=bool(head["per_job"]),
            )
        )
    return found


def filed(head: Row) -> Filed:
    """A statement's head."""
    return Filed(
        head["id"],
        head["provider"],
        head["source"],
        (date.fromisoformat(head["first_day"]), date.fromisoformat(head["end_day"])),
        head["lines"],
        bool(head["complete"]) and head["listed"] == head["lines"],
        moment(head["fetched_at"]),
        moment(head["imported_at"]),
        head["author"],
    )


def _lines(work: Work) -> Iterator[tuple[int, StatementLine]]:
    after = 0
    while page := work.rows(_LINES, {"after": after}):
        yield from ((row["id"], line_of(row)) for row in page)
        after = page[-1]["id"]


def newest(rows: list[Row]) -> list[tuple[Row, StatementLine]]:
    """Of lines with the time of the statements that have them: of each key the one that counts now."""
    best = defaultdict[tuple[str, str], tuple[tuple[int, int, int], Row]](lambda: ((-1, 0, 0), {}))
    for row in rows:
        weight = row["revision"], row["fetched_at"], row["amount_nanos"]
        if weight > best[row["source"], row["key"]][0]:
            best[row["source"], row["key"]] = weight, row
    return [(row, line_of(row)) for _, row in (best[key] for key in sorted(best))]


def _money(amount: Money | None) -> list[object] | None:
    return None if amount is None else [amount.nanos, amount.currency]


def _amount(stored: list[Any] | None) -> Money | None:
    return None if stored is None else Money(stored[0], stored[1])


def _decimal(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)
