"""The rows that reports and forecasts are told from, beside those of the money (`tables.py`). Nothing decides here."""

import sqlalchemy as sa

from .columns import METADATA, STRICT, LedgerRow, text, whole

_CLUSTERED = STRICT | {"sqlite_with_rowid": False}


class FacetRow(LedgerRow, table=True):
    """What jobs that are told of together have in common. Named by its content, which may be too long for an index."""

    __table_args__ = (sa.UniqueConstraint("name"), STRICT)
    id: int | None = whole(primary_key=True, default=None)
    name: str = text()
    root: str = text()
    scope: str = text()
    currency: str = text()
    provider: str = text()
    offer: str = text()
    tags: str = text()


class DailyRow(LedgerRow, table=True):
    """What the journal says of a day (UTC, of the grant) and a facet, up to the watermark in `folded`."""

    __table_args__ = (_CLUSTERED,)
    day: int = whole(primary_key=True)
    """Days since 1970."""
    root: str = text(primary_key=True)
    facet: int = whole(primary_key=True, foreign_key="facet.id")
    jobs: int = whole()
    """Whose first posting this is."""
    settled_nanos: int = whole()


class FoldedRow(LedgerRow, table=True):
    """One row: the number of the last transaction of the journal that is in `daily`."""

    __table_args__ = (STRICT,)
    id: int = whole(primary_key=True)
    txn: int = whole()


class ForecastRow(LedgerRow, table=True):
    """A fact: a forecast as it was made, to be scored when its window is over. Amounts are of the whole window."""

    __table_args__ = (sa.Index("ix_forecast_scope", "scope", "currency", "starts_on"), STRICT)
    id: int | None = whole(primary_key=True, default=None)
    at: int = whole()
    scope: str = text()
    currency: str = text()
    window: str = text()
    tz: str = text()
    starts_on: str = text()
    ends_on: str = text()
    spent_nanos: int = whole()
    expected_nanos: int = whole()
    low_nanos: int | None = whole(nullable=True)
    high_nanos: int | None = whole(nullable=True)
    naive_nanos: int | None = whole(nullable=True)


FACET = METADATA.tables["facet"]
DAILY = METADATA.tables["daily"]
FOLDED = METADATA.tables["folded"]
FORECAST = METADATA.tables["forecast"]
