"""What is left of prepaid credits for a next job: lots less what was charged and what runs. Only reads."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pricing import Money

from ..instants import micros
from ..store import Statement, Work
from ..tables import ATTEMPT, JOB, LOT
from . import lots

_ANY = Statement(sa.select(LOT.c.id).limit(sa.literal_column("1")).offset(sa.literal_column("0")))
_RUNNING = Statement(
    sa.select(
        ATTEMPT.c.provider,
        ATTEMPT.c.currency,
        sa.cast(sa.func.sum(ATTEMPT.c.high_nanos), sa.BigInteger).label("nanos"),
    )
    .select_from(JOB.join(ATTEMPT, ATTEMPT.c.job == JOB.c.id))
    .where(
        JOB.c.open_nanos > sa.literal_column("0"),
        ATTEMPT.c.posted_native_nanos.is_(None),
        sa.or_(
            ATTEMPT.c.outcome.is_(None),
            ATTEMPT.c.outcome.in_([sa.literal_column("'accepted'"), sa.literal_column("'unknown'")]),
        ),
    )
    .group_by(ATTEMPT.c.provider, ATTEMPT.c.currency)
)


@dataclass(frozen=True, slots=True)
class Prepaid:
    """One kind of credits, as far as the ledger was told of it."""

    provider: str
    currency: str
    left: Money
    """Never below zero."""
    expiring: tuple[tuple[datetime, Money], ...]
    """What is left of each lot that expires, soonest first."""


def prepaid(work: Work, now: int) -> tuple[Prepaid, ...]:
    """Nothing for credits that no lot was ever bought of: what is left of those is not known."""
    if work.row(_ANY, {}) is None:
        return ()
    running = {(row["provider"], row["currency"]): row["nanos"] for row in work.rows(_RUNNING, {})}
    found: list[Prepaid] = []
    for one in lots.credits(work, None):
        if not one.lots:
            continue
        # Charged and not yet drawn, or under way: taken from the lots in the order they will be drawn.
        owed = max(one.undrawn.nanos, 0) + running.get((one.provider, one.currency), 0)
        left, ends = 0, defaultdict[datetime, int](int)
        for lot in one.lots:
            if micros(lot.effective_at) > now or (lot.expires_at is not None and micros(lot.expires_at) <= now):
                continue
            taken = min(owed, lot.remaining.nanos)
            owed -= taken
            left += lot.remaining.nanos - taken
            if lot.expires_at is not None and lot.remaining.nanos > taken:
                ends[lot.expires_at] += lot.remaining.nanos - taken
        expiring = tuple((at, Money(nanos, one.currency)) for at, nanos in sorted(ends.items()))
        found.append(Prepaid(one.provider, one.currency, Money(left, one.currency), expiring))
    return tuple(found)
