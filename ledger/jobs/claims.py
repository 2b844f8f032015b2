"""Due work for several workers: who follows a job up, and until when. A lease is no fact and moves no money."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import sqlalchemy as sa

from .. import texts
from ..errors import BadRequest
from ..states import OPEN, State
from ..store import Row, Statement, Work
from ..tables import JOB
from ..values import JobView
from .granting import LONGEST_S
from .rows import views

_ZERO: sa.ColumnClause[int] = sa.literal_column("0")
_STRETCHES = (JOB.c.open_nanos > _ZERO, JOB.c.held_nanos == _ZERO)
"""Jobs in an open state have money set aside, or never needed any: the two partial indexes, one after the other."""
_PROVISIONAL = (
    JOB.c.state == sa.literal_column("'settled'"),
    JOB.c.final == _ZERO,
    JOB.c.granted_at >= sa.bindparam("since"),
)
"""Settled at the quote's high: the provider may still say what it was. They have an index of their own."""
_TAKE = Statement(
    sa.update(JOB).where(
        JOB.c.id == sa.bindparam("job"),
        sa.or_(JOB.c.lease_until <= sa.bindparam("now"), JOB.c.lease_owner == sa.bindparam("by")),
    ),
    ["lease_owner", "lease_until"],
)
_LEASED = (JOB.c.lease_until > sa.bindparam("now"), JOB.c.lease_owner != sa.literal_column("''"))
_LEASE = Statement(
    sa.update(JOB).where(
        JOB.c.id == sa.bindparam("job"),
        JOB.c.lease_owner == sa.bindparam("by"),
        JOB.c.lease_until > sa.bindparam("now"),
    ),
    ["lease_owner", "lease_until"],
)


def claim(
    work: Work,
    now: int,
    *,
    owner: str,
    lease_s: int,
    limit: int,
    states: Sequence[State] | None,
    provisional_since: int | None,
) -> tuple[JobView, ...]:
    """Lease jobs in these open states to one owner, those first that have waited longest for their turn.

    Then provisional charges of jobs made since then. A job that somebody moves just now is passed over: it is being
    followed up. Raises BadRequest.
    """
    texts.names(owner=owner)
    until = now + _seconds(lease_s, least=1) * 1_000_000
    if limit < 1:
        raise BadRequest(f"{limit} jobs cannot be claimed", value=str(limit), limit="1 or more")
    wanted = OPEN if states is None else tuple(dict.fromkeys(states))
    for state in wanted:
        if state not in OPEN:
            raise BadRequest(f"{state!r} is no state with work to do", value=str(state), limit=", ".join(OPEN))
    found: list[Row] = []
    for stretch in range(len(_STRETCHES)):
        if wanted and len(found) < limit:
            values = {"now": now, "limit": limit - len(found), "lease_owner": owner, "lease_until": until}
            found += work.rows(_claim(stretch, wanted), values)
    if provisional_since is not None and len(found) < limit:
        values = {"now": now, "limit": limit - len(found), "lease_owner": owner, "lease_until": until}
        found += work.rows(_claim_provisional(), values | {"since": provisional_since})
    return views(work, sorted(found, key=lambda row: (row["granted_at"], row["id"])))


def renew(work: Work, now: int, *, job: str, owner: str, lease_s: int) -> bool:
    """Keep a claim that still runs for so long from now; False: it lapsed, and may be another's."""
    until = now + _seconds(lease_s, least=1) * 1_000_000
    return work.run(_LEASE, _mine(now, job, owner) | {"lease_owner": owner, "lease_until": until}) == 1


def release(work: Work, now: int, *, job: str, owner: str, again_in_s: int) -> bool:
    """Give a claim back; nobody is given the job for `again_in_s`. False: it had lapsed, and nothing was changed."""
    until = now + _seconds(again_in_s, least=0) * 1_000_000
    return work.run(_LEASE, _mine(now, job, owner) | {"lease_owner": "", "lease_until": until}) == 1


def take(work: Work, now: int, *, job: str, owner: str, lease_s: int) -> bool:
    """Lease this very job, if nobody else has it."""
    texts.names(owner=owner)
    until = now + _seconds(lease_s, least=1) * 1_000_000
    return work.run(_TAKE, _mine(now, job, owner) | {"lease_owner": owner, "lease_until": until}) == 1


def park(work: Work, now: int, *, owner: str, jobs: Mapping[str, int]) -> int:
    """Keep each for so many seconds more, then it is anyone's; answers how many of them were still the owner's."""
    return sum(
        work.run(
            _LEASE,
            _mine(now, job, owner)
            | {"lease_owner": owner if seconds else "", "lease_until": now + _seconds(seconds, least=0) * 1_000_000},
        )
        for job, seconds in jobs.items()
    )


def claimants(work: Work, now: int) -> frozenset[str]:
    """Who has a lease that runs."""
    return frozenset(row["lease_owner"] for one in _CLAIMANTS for row in work.rows(one, {"now": now}))


def drop(work: Work, now: int, *, owner: str) -> int:
    """Give back all that an owner has; answers how many jobs that were."""
    values = {"now": now, "by": texts.clean(owner), "lease_owner": "", "lease_until": now}
    return sum(work.run(one, values) for one in _DROPS)


def _mine(now: int, job: str, owner: str) -> dict[str, object]:
    return {"job": texts.clean(job), "by": texts.clean(owner), "now": now}


def _seconds(value: int, *, least: int) -> int:
    if not least <= value <= LONGEST_S:
        limit = f"{least} to {LONGEST_S} s"
        raise BadRequest(f"{value} s is no time for a claim, only {limit}", value=f"{value} s", limit=limit)
    return value


@lru_cache(maxsize=64)
def _claim(stretch: int, states: tuple[State, ...]) -> Statement:
    words: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in states]
    return _leasing(_STRETCHES[stretch], JOB.c.state.in_(words))


@lru_cache(maxsize=1)
def _claim_provisional() -> Statement:
    return _leasing(*_PROVISIONAL)


def _leasing(*which: sa.ColumnElement[bool]) -> Statement:
    due = (
        sa.select(JOB.c.id)
        .where(*which, JOB.c.lease_until <= sa.bindparam("now"))
        .order_by(JOB.c.lease_until, JOB.c.granted_at, JOB.c.id)
        .limit(sa.bindparam("limit", type_=sa.BigInteger))
        .offset(_ZERO)
    )
    # PostgreSQL finds and locks them once: a subquery might be asked again, and would then find others.
    locked = due.with_for_update(skip_locked=True).cte("due").prefix_with("MATERIALIZED")
    update = sa.update(JOB).values(lease_owner=sa.bindparam("lease_owner"), lease_until=sa.bindparam("lease_until"))
    return Statement(
        update.where(JOB.c.id.in_(due)).returning(*JOB.c),
        postgresql=update.where(JOB.c.id.in_(sa.select(locked.c.id))).returning(*JOB.c),
    )


_IN_WORK = (*((one,) for one in _STRETCHES), _PROVISIONAL[:2])
"""Whatever can be leased, each by its own index."""
_CLAIMANTS = tuple(Statement(sa.select(JOB.c.lease_owner).where(*which, *_LEASED).distinct()) for which in _IN_WORK)
_DROPS = tuple(
    Statement(
        sa.update(JOB).where(*which, JOB.c.lease_until > sa.bindparam("now"), JOB.c.lease_owner == sa.bindparam("by")),
        ["lease_owner", "lease_until"],
    )
    for which in _IN_WORK
)
