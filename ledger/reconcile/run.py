"""The bills in the database against our books: reads claims, statements and words, lets `reconciling` judge them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Literal, cast

import sqlalchemy as sa

from ..errors import BadRequest
from ..instants import moment
from ..statement.kept import bills
from ..statement.tables import SAYING
from ..store import Row, Statement, Work
from .claims import claims
from .reconciling import reconcile
from .totals import totals_of
from .values import Reconciliation, Verdict, Word

_SAID = Statement(sa.select(SAYING).order_by(SAYING.c.id))


def reconciled(
    work: Work,
    at: datetime,
    provider: str | None,
    month: str | None,
    worth: Mapping[str, Fraction],
    minimums: Mapping[str, Fraction],
) -> Reconciliation:
    """All of it, or one provider's, or one month's (2026-11): what is ours or billed then. Raises BadRequest."""
    if month is not None and not _is_month(month):
        raise BadRequest(f"{month[:20]!r} is not a month", value=month[:20], next="write 2026-11")
    found = reconcile(
        claims(work, provider, minimums=minimums), bills(work, provider), at=at, words=words(work), worth=worth
    )
    return found if month is None else _of_month(found, month)


def words(work: Work) -> tuple[Word, ...]:
    """What people said of breaks, in order."""
    return tuple(word_of(row) for row in work.rows(_SAID, {}))


def word_of(row: Row) -> Word:
    verdict = cast("Verdict", row["verdict"])
    return Word(row["break_id"], verdict, row["author"], row["note"], moment(row["at"]), row["fingerprint"])


def _of_month(found: Reconciliation, month: str) -> Reconciliation:
    rows = tuple(one for one in found.jobs if month in (one.month, one.billed_month))
    first: Literal[""] = ""
    return replace(
        found,
        jobs=rows,
        totals=totals_of(rows, first),
        by_month=totals_of(rows, "month"),
        by_sku=totals_of(rows, "sku"),
        breaks=tuple(one for one in found.breaks if one.month == month),
        purchases=tuple(one for one in found.purchases if one.day.isoformat().startswith(month)),
    )


def _is_month(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - only its form is asked
    except ValueError:
        return False
    return len(text) == 7
