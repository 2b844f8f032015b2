"""The rows of bills: statements as they came in, their lines, and what people said of breaks. Nothing decides here.

All of it facts. A statement has all its lines once as many are listed as it says: until then it is not complete.
"""

import sqlalchemy as sa

from .columns import METADATA, STRICT, LedgerRow, check, one_of, text, whole
from .statement.lines import KINDS, SOURCES


class StatementRow(LedgerRow, table=True):
    """A fact: what one provider said at one time about one period. Named by its content."""

    __table_args__ = (one_of("source", SOURCES), sa.Index("ix_statement_provider", "provider", "fetched_at"), STRICT)
    id: str = text(primary_key=True)
    provider: str = text()
    source: str = text()
    first_day: str = text()
    end_day: str = text()
    complete: int = whole()
    per_job: int = whole()
    fetched_at: int = whole()
    lines: int = whole()
    """So many it has."""
    imported_at: int = whole()
    author: str = text()


class BilledRow(LedgerRow, table=True):
    """A fact: one line of a bill, once for each thing it ever said."""

    __table_args__ = (
        sa.UniqueConstraint("provider", "source", "key", "digest"),
        one_of("source", SOURCES),
        one_of("kind", KINDS),
        sa.Index("ix_billed_provider_job", "provider", "provider_job"),
        sa.Index("ix_billed_attempt", "provider", "attempt"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    provider: str = text()
    source: str = text()
    key: str = text()
    digest: str = text()
    """Of all that it says, but not of how it came."""
    kind: str = text()
    amount_nanos: int = whole()
    currency: str = text()
    charged_at: int | None = whole(nullable=True)
    first_day: str = text()
    end_day: str = text()
    provider_job: str | None = text(nullable=True)
    attempt: str | None = text(nullable=True)
    """Our attempt's id as the provider has it: it may be none of ours."""
    sku: str = text()
    invoice: str | None = text(nullable=True)
    revision: int = whole()
    body: str = text()
    """What else it says, JSON."""
    raw: str = text()
    """As it came when it was first seen: what changes in it alone is no other line."""


class ListedRow(LedgerRow, table=True):
    """A fact: this statement has this line."""

    __table_args__ = (sa.Index("ix_listed_billed", "billed"), STRICT)
    statement: str = text(primary_key=True, foreign_key="statement.id")
    billed: int = whole(primary_key=True, foreign_key="billed.id")


class SayingRow(LedgerRow, table=True):
    """A fact: a person's word on a break. It holds for the evidence it was said of."""

    __table_args__ = (
        one_of("verdict", ("accepted", "adjusted", "disputed")),
        sa.Index("ix_saying_break", "break_id"),
        check("posted_with_txn", "(txn IS NULL) = (posted_nanos = 0)"),
        sa.Index("ix_saying_txn", "txn"),
        STRICT,
    )
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    break_id: str = text()
    fingerprint: str = text()
    kind: str = text()
    provider: str = text()
    job: str | None = text(nullable=True)
    amount_nanos: int = whole()
    currency: str = text()
    verdict: str = text()
    author: str = text()
    note: str = text()
    posted_nanos: int = whole()
    """What it brought into the journal outside any job."""
    txn: int | None = whole(foreign_key="txn.id", nullable=True)
    billed: int | None = whole(foreign_key="billed.id", nullable=True)
    """The first line of what it brought in."""


STATEMENT = METADATA.tables["statement"]
BILLED = METADATA.tables["billed"]
LISTED = METADATA.tables["listed"]
SAYING = METADATA.tables["saying"]
