"""Policies and gates of budgets, notices, the inbox, lots of credits, batches, leases; PostgreSQL.

SQLite cannot change a column or a CHECK in place: the tables they are on are made anew and filled from the old ones.
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

_LAST = "coalesce((SELECT max(at) FROM event), (SELECT created_at FROM store))"
# limit × step / 100, rounded up, said so that no product leaves 64 bits
_REACHED = " ".join(
    f"WHEN spent_nanos >= limit_nanos / 100 * {step} + (limit_nanos % 100 * {step} + 99) / 100 THEN {step}"
    for step in (100, 80, 50)
)
_COPIES = {
    "store": "SELECT id, created_at FROM old_store",
    # As it was: a charge past the limit froze nothing, and no hold went past it.
    "budget": (
        "SELECT id, scope, currency, window, tz, '', limit_nanos, 'allow_to_limit', 'open', created_at FROM old_budget"
    ),
    "period": (
        "SELECT id, budget_id, starts_at, ends_at, limit_nanos, 'allow_to_limit', 'open', spent_nanos, held_nanos, "  # noqa: S608
        f"CASE WHEN spent_nanos <= 0 OR limit_nanos IS NULL THEN 0 {_REACHED} ELSE 0 END, {_LAST} FROM old_period"
    ),
    "job": "SELECT *, '', '', 0 FROM old_job ORDER BY rowid",
    "observation": (
        "SELECT id, job, attempt, step, at, evidence, amount_nanos, currency, 0, final, delivered, units, external_id, "
        "outputs, note, verdict, author, proof, state, open_nanos FROM old_observation"
    ),
    "txn": "SELECT * FROM old_txn",
    "entry": "SELECT * FROM old_entry",
}


def upgrade() -> None:
    bind = op.get_bind()
    text = Path(__file__).with_suffix(f".{bind.dialect.name}.sql").read_text("utf-8")
    frozen = [" ".join(sql.split()) for sql in text.split("\n\n")[1:]]
    if bind.dialect.name == "postgresql":
        for sql in frozen:
            bind.exec_driver_sql(sql)
        return
    loose = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
    for kind, name in bind.exec_driver_sql(loose).fetchall():
        bind.exec_driver_sql(f'DROP {kind} "{name}"')
    for table in _COPIES:
        bind.exec_driver_sql(f"ALTER TABLE {table} RENAME TO old_{table}")
    for sql in frozen:
        if sql.startswith("CREATE TABLE"):
            bind.exec_driver_sql(sql)
    for table, rows in _COPIES.items():
        bind.exec_driver_sql(f"INSERT INTO {table} {rows}")
        bind.exec_driver_sql(f"DROP TABLE old_{table}")
    for sql in frozen:
        if not sql.startswith("CREATE TABLE"):
            bind.exec_driver_sql(sql)
