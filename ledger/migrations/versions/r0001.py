"""The first schema. It was released for SQLite alone: on PostgreSQL there is nothing before 0002."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        text = Path(__file__).with_suffix(".sqlite.sql").read_text("utf-8")
        for sql in text.split("\n\n")[1:]:
            bind.exec_driver_sql(" ".join(sql.split()))
