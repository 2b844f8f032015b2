"""Lines of bills are what they are named by, words on breaks posted what they say. All of it facts: never mended."""

import sqlalchemy as sa

from ..billed import BILLED, SAYING, STATEMENT
from ..bills.kept import digest_of
from ..store import Row, Statement, Work
from ..tables import ENTRY, TXN
from . import facts
from .judging import Answers, Fault, differ

_LINES = Statement(
    sa.select(BILLED)
    .where(BILLED.c.id > sa.bindparam("after"))
    .order_by(BILLED.c.id)
    .limit(sa.literal_column(str(facts.PAGE)))
    .offset(sa.literal_column("0"))
)
_POSTED = Statement(
    sa.select(ENTRY.c.txn, ENTRY.c.amount_nanos, ENTRY.c.currency)
    .select_from(ENTRY.join(TXN, TXN.c.id == ENTRY.c.txn))
    .where(
        TXN.c.kind == sa.literal_column("'bill'"),
        ENTRY.c.account >= sa.literal_column("'expense:'"),
        ENTRY.c.account < sa.literal_column("'expense;'"),
    )
    .order_by(ENTRY.c.txn)
)
_LISTED = Statement(
    sa.text("SELECT statement AS id, CAST(count(*) AS bigint) AS listed FROM listed GROUP BY statement ORDER BY 1"),
)


def faults(work: Work) -> Answers:
    """Lines against their names, statements against their lines, words against the journal."""
    after = 0
    while page := work.rows(_LINES, {"after": after}):
        for row in page:
            yield differ("billed", row["id"], "its content's name", row["digest"], digest_of(row))
        after = page[-1]["id"]
    listed = {row["id"]: row["listed"] for row in work.rows(_LISTED, {})}
    for row in facts.everything(work, STATEMENT):
        over = listed.get(row["id"], 0) > row["lines"]  # fewer: its import was cut off
        yield Fault(f"statement {row['id']}: {listed[row['id']]} lines, it has {row['lines']}") if over else None
    said: dict[int, Row] = {row["txn"]: row for row in facts.everything(work, SAYING) if row["txn"] is not None}
    posted = {row["txn"]: (row["amount_nanos"], row["currency"]) for row in work.rows(_POSTED, {})}
    for txn in sorted({*said, *posted}):
        word = said.get(txn)
        yield differ(
            "txn", txn, "the bill it posts", posted.get(txn), word and (word["posted_nanos"], word["currency"])
        )
