"""How long jobs took, and how good they were said to be: two tables of facts. What stood before stays as it is."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    bind = op.get_bind()
    text = Path(__file__).with_suffix(f".{bind.dialect.name}.sql").read_text("utf-8")
    for sql in text.split("\n\n")[1:]:
        bind.exec_driver_sql(" ".join(sql.split()))
