"""The two rows that say what database this is, beside those of the money (`tables.py`). Nothing decides here."""

from .columns import METADATA, STRICT, LedgerRow, check, text, whole


class StoreRow(LedgerRow, table=True):
    """One row: that this is a ledger."""

    __table_args__ = (check("one", "id = 1"), STRICT)
    id: int = whole(primary_key=True)
    created_at: int = whole()


class MigrationRow(LedgerRow, table=True):
    """One row, kept by Alembic: which schema this is."""

    __table_args__ = (STRICT,)
    version_num: str = text(primary_key=True)


MIGRATION = METADATA.tables["migration"]
