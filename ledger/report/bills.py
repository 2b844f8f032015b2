"""What a reconciliation says, in the shapes a report tells it in: invoiced by job, breaks, drift. Judges nothing."""

from collections.abc import Iterable, Sequence
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
_PROVIDERS = Statement(sa.text("SELECT provider FROM attempt UNION SELECT provider FROM statement ORDER BY provider"))
_SCOPE = Statement(sa.text("SELECT scope FROM job WHERE id = :job"))


@dataclass(frozen=True, slots=True)
class Bills:
    """What statements say, as far as they were imported."""

    invoiced: tuple[Billed, ...] = ()
    breaks: tuple[Break, ...] = ()
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def providers(work: Work) -> tuple[str, ...]:
    """Everybody who was asked for a job, or has billed one."""
    return tuple(row["provider"] for row in work.rows(_PROVIDERS, {}))


def of(
    work: Work, found: Sequence[Reconciliation], proposals: Iterable[Proposed], unread: Sequence[str], scope: str | None
) -> Bills:
    """Invoiced in the budget's currency, at the rate each attempt was held at; what names no job of ours is a break.

    `unread`: what could not be reconciled. `scope`: only breaks of jobs in it and below; None: all.
    """
    invoiced: list[Billed] = []
    foreign = 0
    rows = [match for one in found for match in one.jobs]
    for match in rows:
        if match.subject != "job" or match.attempt is None or match.invoiced is None:
            continue
        row = work.row(_ATTEMPT, {"attempt": match.attempt})
        amount = None if row is None else terms(row, row["budget_currency"]).in_budget(match.invoiced)
        if row is None or amount is None:
            foreign += 1
            continue
        names = row["scope"], amount.currency, row["provider"], row["offer"], row["tags"]
        invoiced.append(Billed(row["granted_at"], *names, amount.nanos))
    said = [f"{foreign} lines of bills are in a currency of unknown worth, and not in what is invoiced."] * bool(
        foreign
    )
    said += [
        f"The bill of {provider} has sums that name no job: they are in no cell as invoiced; "
        "`faregate reconcile` sets them beside the books."
        for provider in sorted({one.provider for one in rows if one.subject == "aggregate" and one.invoiced})
    ]
    breaks = tuple(each for one in found for each in one.breaks if scope is None or _is_in(work, scope, each.job))
    return Bills(tuple(invoiced), breaks, tuple(map(_drift, proposals)), tuple(said), tuple(unread))


def _is_in(work: Work, scope: str, job: str | None) -> bool:
    row = None if job is None else work.row(_SCOPE, {"job": job})
    return row is not None and f"{row['scope']}/".startswith(f"{scope}/")


def _drift(one: Proposed) -> Drift:
    card, supported = (f"{plain(price)} {one.currency}/{one.unit}" for price in (one.card_price, one.supported_price))
    return Drift(one.offer, one.settings, card, supported, one.charges, one.since, one.text)
