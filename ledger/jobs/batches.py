"""Setting money aside for many jobs of one scope at once: all of them or none. Runs inside one transaction."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from .. import texts
from ..budget import budgets
from ..budget.budgets import Limit
from ..errors import BadRequest
from ..scopes import chain
from ..store import Row, Statement, Work
from ..values import Asked, Grant, Refusal
from .granting import NewJob, grant, grant_at_once, new_job
from .holds import Asking, again, in_budget

MOST = 10_000
"""Jobs of one batch: the budgets of its scope are locked as long as it is written down."""

_KNOWN = Statement(
    sa.text(
        "SELECT id, key, request_hash FROM job WHERE key IN (SELECT value FROM json_each(:keys)) UNION "
        "SELECT id, key, request_hash FROM job WHERE id IN (SELECT value FROM json_each(:jobs))"
    ),
    postgresql=sa.text(
        "WITH keys AS (SELECT jsonb_array_elements_text(CAST(:keys AS jsonb)) AS value), "
        "jobs AS (SELECT jsonb_array_elements_text(CAST(:jobs AS jsonb)) AS value) "
        "SELECT id, key, request_hash FROM job WHERE key IN (SELECT value FROM keys) UNION "
        "SELECT id, key, request_hash FROM job WHERE id IN (SELECT value FROM jobs)"
    ),
)


def hold_batch(
    work: Work, now: int, *, scope: str, asks: Sequence[Asked], owner: str, expires_in_s: int
) -> tuple[Grant, ...]:
    """Set aside what all jobs that are not known yet may cost, or nothing. Raises BadScope, BadRequest."""
    chain(scope)
    _check(asks)

    def made(fresh: Sequence[Asked], currency: str) -> list[NewJob] | Asked:
        """The jobs as rows, or the first that is not sold for that currency."""
        jobs: list[NewJob] = []
        for ask in fresh:
            amount = in_budget(ask.quote, currency)
            if amount is None:
                return ask
            jobs.append(
                new_job(
                    now, job=ask.job, key=ask.key, request_hash=ask.request_hash, scope=scope, quote=ask.quote,
                    amount=amount, request=ask.request, tags=ask.tags, owner=owner, expires_in_s=expires_in_s,
                    batch=fresh[0].job if len(fresh) > 1 else "",
                )
            )  # fmt: skip
        return jobs

    if not asks:
        return ()
    # As with a single hold: the usual case in one statement, on a guess.
    if work.dialect == "postgresql" and not (work.tries or work.asked_again):
        guess = made(asks, "USD")
        if isinstance(guess, list) and grant_at_once(work, now, guess):
            return tuple(Grant(ask.job) for ask in asks)
    answers, fresh = _sorted(work, asks, scope)
    refusal = next((one.refused for one in answers if one.refused is not None), None)
    if refusal is None and fresh:
        refusal = _take(work, now, scope, fresh, made)
    if refusal is None:
        return tuple(answers)
    mine = {ask.job for ask in fresh}
    return tuple(
        Grant(ask.job, refused=one.refused or refusal) if one.refused or one.job in mine else one
        for ask, one in zip(asks, answers, strict=True)
    )


def _check(asks: Sequence[Asked]) -> None:
    if len(asks) > MOST:
        raise BadRequest(
            f"{len(asks)} jobs are more than a batch of {MOST} holds", value=str(len(asks)), limit=str(MOST)
        )
    for ask in asks:
        texts.names(job_id=ask.job, key=ask.key, request_hash=ask.request_hash)


def _sorted(work: Work, asks: Sequence[Asked], scope: str) -> tuple[list[Grant], list[Asked]]:
    """The answer for each, were there money enough, and those that are not known yet; twins in the batch are one."""
    wanted = {"keys": texts.dump([ask.key for ask in asks]), "jobs": texts.dump([ask.job for ask in asks])}
    known = [dict(row) for row in work.rows(_KNOWN, wanted)]
    by_key: dict[str, Row] = {row["key"]: row for row in known}
    by_id: dict[str, Row] = {row["id"]: row for row in known}
    answers: list[Grant] = []
    fresh: list[Asked] = []
    for ask in asks:
        taken = [row for row in (by_key.get(ask.key), by_id.get(ask.job)) if row is not None]
        if taken:
            answers.append(again(work, taken, ask.job, ask.key, ask.request_hash, scope))
            continue
        by_key[ask.key] = by_id[ask.job] = {"id": ask.job, "key": ask.key, "request_hash": ask.request_hash}
        answers.append(Grant(ask.job))
        fresh.append(ask)
    return answers, fresh


def _take(
    work: Work,
    now: int,
    scope: str,
    fresh: Sequence[Asked],
    made: Callable[[Sequence[Asked], str], list[NewJob] | Asked],
) -> Refusal | None:
    """Take the sum from the whole chain; else one refusal for all."""
    first = fresh[0]
    asking = Asking(work, now, first.job, first.key, scope, first.quote.offer, len(fresh))
    limits = budgets.opened(work, scope, now)
    if not limits:
        return asking.refuse("no_budget", budgets.uncovered(scope)).refused
    jobs = made(fresh, limits[0].currency)
    if not isinstance(jobs, list):
        return asking.foreign(jobs.quote, limits[0]).refused
    room: list[Limit] | Grant = asking.room(limits, sum(one["high_nanos"] for one in jobs), now)
    if isinstance(room, Grant):
        return room.refused
    grant(work, now, room, jobs)
    return None
