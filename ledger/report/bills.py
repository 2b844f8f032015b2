"""What bills say, in the shapes a report tells it in: invoiced by job, breaks, drift. Reads once, judges nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import sqlalchemy as sa

from pricing import Money

from ..bills import kept
from ..bills.claims import claims
from ..bills.run import words
from ..errors import BadStatement
from ..evidence import Terms
from ..learning.charges import charges_of
from ..learning.drift import Drift as Proposed
from ..learning.drift import drifts
from ..reconcile.causes import plain
from ..reconcile.matching import joined
from ..reconcile.reconciling import reconcile
from ..reconcile.values import Break, Claimed, JobMatch, Reconciliation, Word
from ..statement.lines import Statement as Bill
from ..store import Statement, Work
from .cells import Billed
from .sources import within
from .values import Drift

_GRANTED = Statement(sa.text("SELECT id, granted_at, tags FROM job WHERE granted_at >= :starts AND granted_at < :ends"))
_ACCEPTED = Statement(
    sa.text(
        "SELECT currency, CAST(SUM(posted_nanos) AS BIGINT) AS nanos FROM saying GROUP BY currency ORDER BY currency"
    )
)


@dataclass(frozen=True, slots=True)
class Bills:
    """What statements say, as far as they were imported."""

    invoiced: tuple[Billed, ...] = ()
    """Of jobs of the period."""
    breaks: tuple[Break, ...] = ()
    """Of all time: what is open stays so."""
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Why what a provider billed could not be set beside the books."""


def told(
    work: Work,
    at: datetime,
    stretch: tuple[int, int],
    scope: str | None,
    worth: Mapping[str, Fraction],
    minimums: Mapping[str, Fraction],
) -> Bills | None:
    """What all statements say of a period, and where they differ; None: none was imported.

    Invoiced is in the budget's currency, at the rate each attempt was held at. `stretch`: microseconds since 1970, the
    first and the first after. `worth`, `minimums`: see `Billing.reconcile`. Raises nothing for a bill: see `unread`.
    """
    statements = kept.bills(work, None)
    if not statements:
        return None
    ours = tuple(claims(work, minimums=minimums))
    matched = joined(ours, statements)
    said = words(work)
    try:
        found, unread = [reconcile(ours, statements, at=at, words=said, worth=worth, matched=matched)], list[str]()
    except BadStatement:
        found, unread = _one_by_one(ours, statements, at, said, worth)
    of_attempt = {one.attempt: one for one in ours}
    invoiced, notes = _invoiced(work, (row for one in found for row in one.jobs), of_attempt, stretch)
    breaks = tuple(each for one in found for each in one.breaks)
    if scope is not None:
        scopes = {one.job: one.scope for one in ours}
        nobodys = sum(one.job is None for one in breaks)
        breaks = tuple(one for one in breaks if one.job is not None and within(scope, scopes[one.job]))
        if nobodys:
            notes.append(f"{nobodys} breaks that name no job are of no scope, so not in this report.")
    elif accepted := [str(Money(row["nanos"], row["currency"])) for row in work.rows(_ACCEPTED, {}) if row["nanos"]]:
        notes.append(f"Of no job, so in no sum here: {', '.join(accepted)} that people accepted of bills, in all.")
    drift = tuple(map(_drift, drifts(charges_of(ours, matched))))
    return Bills(invoiced, breaks, drift, tuple(notes), tuple(unread))


def _one_by_one(
    ours: Sequence[Claimed],
    statements: Sequence[Bill],
    at: datetime,
    said: Sequence[Word],
    worth: Mapping[str, Fraction],
) -> tuple[list[Reconciliation], list[str]]:
    """Provider by provider, so that one bill that cannot be told hides no other."""
    found, unread = list[Reconciliation](), list[str]()
    for provider in sorted({one.provider for one in ours} | {one.provider for one in statements}):
        mine = [one for one in ours if one.provider == provider]
        billed = [one for one in statements if one.provider == provider]
        try:
            found.append(reconcile(mine, billed, at=at, words=said, worth=worth))
        except BadStatement as error:
            unread.append(str(error))
    return found, unread


def _invoiced(
    work: Work, rows: Iterable[JobMatch], ours: Mapping[str, Claimed], stretch: tuple[int, int]
) -> tuple[tuple[Billed, ...], list[str]]:
    """What lines name jobs of the period, and what to know of the others. What is no job's of ours is a break."""
    granted = {row["id"]: row for row in work.rows(_GRANTED, {"starts": stretch[0], "ends": stretch[1]})}
    found, sums, beyond = list[Billed](), set[str](), 0
    for row in rows:
        if row.subject == "aggregate" and row.invoiced:
            sums.add(row.provider)
        if row.subject != "job" or row.attempt is None or row.invoiced is None or row.job not in granted:
            continue
        claim, job = ours[row.attempt], granted[row.job]
        quoted = claim.quoted
        terms = Terms(quoted.low, quoted.expected, quoted.high, claim.outputs_asked, claim.held.currency, claim.rate)
        amount = terms.in_budget(row.invoiced)
        if amount is None:
            beyond += 1
            continue
        names = claim.scope, amount.currency, claim.provider, claim.offer, job["tags"]
        found.append(Billed(job["granted_at"], *names, amount.nanos))
    notes = [
        f"The bill of {name} has sums that name no job: they are in no cell as invoiced; "
        "`faregate reconcile` sets them beside the books."
        for name in sorted(sums)
    ]
    if beyond:
        notes.append(f"{beyond} charges on bills are beyond what money can be, and not in what is invoiced.")
    return tuple(found), notes


def _drift(one: Proposed) -> Drift:
    card, supported = (f"{plain(price)} {one.currency}/{one.unit}" for price in (one.card_price, one.supported_price))
    return Drift(one.offer, one.settings, card, supported, one.charges, one.since, one.text)
