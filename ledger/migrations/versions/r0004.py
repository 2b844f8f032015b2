"""Bills and what was said of them, the daily rollup, forecasts: new tables. What stood before stays as it is."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    bind = op.get_bind()
    text = Path(__file__).with_suffix(f".{bind.dialect.name}.sql").read_text("utf-8")
    for sql in text.split("\n\n")[1:]:
        bind.exec_driver_sql(" ".join(sql.split()))
