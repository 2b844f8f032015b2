"""What a reconciliation says, in the shapes a report tells it in: invoiced by job, breaks, drift. Judges nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ..jobs.rows import terms
from ..learning.drift import Drift as Proposed
from ..reconcile.causes import plain
from ..reconcile.values import Break, Reconciliation
from ..store import Statement, Work
from .cells import Billed
from .values import Drift

_ATTEMPT = Statement(
    sa.text(
        "SELECT attempt.provider, attempt.offer, attempt.currency, attempt.low_nanos, attempt.expected_nanos, "
        "attempt.high_nanos, attempt.outputs_asked, attempt.rate, job.scope, job.tags, job.granted_at, "
        "job.currency AS budget_currency FROM attempt JOIN job ON job.id = attempt.job WHERE attempt.id = :attempt"
    )
)


@dataclass(frozen=True, slots=True)
class Bills:
    """What statements say, as far as they were imported."""

    invoiced: tuple[Billed, ...] = ()
    breaks: tuple[Break, ...] = ()
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()


def of(work: Work, found: Reconciliation, proposals: Iterable[Proposed]) -> Bills:
    """Invoiced in the budget's currency, at the rate each attempt was held at; what names no job of ours is a break."""
    invoiced: list[Billed] = []
    foreign = 0
    for match in found.jobs:
        if match.subject != "job" or match.attempt is None or match.invoiced is None:
            continue
        row = work.row(_ATTEMPT, {"attempt": match.attempt})
        amount = None if row is None else terms(row, row["budget_currency"]).in_budget(match.invoiced)
        if row is None or amount is None:
            foreign += 1
            continue
        names = row["scope"], amount.currency, row["provider"], row["offer"], row["tags"]
        invoiced.append(Billed(row["granted_at"], *names, amount.nanos))
    said = (f"{foreign} lines of bills are in a currency of unknown worth, and not in what is invoiced.",)
    return Bills(tuple(invoiced), found.breaks, tuple(map(_drift, proposals)), said if foreign else ())


def _drift(one: Proposed) -> Drift:
    card, supported = (f"{plain(price)} {one.currency}/{one.unit}" for price in (one.card_price, one.supported_price))
    return Drift(one.offer, one.settings, card, supported, one.charges, one.since, one.text)
