"""The bills in the database against our books: reads claims, statements and words, lets `reconciling` judge them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import cast

import sqlalchemy as sa

from ..billed import SAYING
from ..errors import BadRequest
from ..instants import moment
from ..reconcile.breaks import break_of
from ..reconcile.matching import month_of
from ..reconcile.reconciling import reconcile
from ..reconcile.totals import totals_of
from ..reconcile.values import Reconciliation, Verdict, Word
from ..store import Row, Statement, Work
from .claims import claims
from .kept import bills

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
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
    if month is not None and not _MONTH.fullmatch(month):
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
    """The rows of a month with their breaks. Of a row that two months share, each month sums its own side."""
    rows = tuple(one for one in found.jobs if month in (one.month, one.billed_month))
    theirs = {break_of(one, found.at).id for one in rows if one.standing in ("break", "pending")}
    return replace(
        found,
        jobs=rows,
        totals=totals_of(rows, "", month),
        by_month=totals_of(rows, "month", month),
        by_sku=totals_of(rows, "sku", month),
        breaks=tuple(one for one in found.breaks if one.month == month or one.id in theirs),
        purchases=tuple(one for one in found.purchases if month_of(one.day) == month),
    )
