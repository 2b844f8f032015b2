"""Reading and writing job, attempt and event rows inside a transaction, and turning rows into values."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa

from pricing import Money, Span

from .. import texts
from ..errors import UnknownJob
from ..evidence import Terms
from ..instants import moment
from ..states import State
from ..store import Row, Statement, Work
from ..tables import ATTEMPT, EVENT, JOB, OBSERVATION
from ..values import AttemptView, JobView

Job = dict[str, Any]
"""A job's row, as a copy that a verb may change and then save."""

JOB_BY_ID = Statement(sa.select(JOB).where(JOB.c.id == sa.bindparam("job")))
_LOCKED_JOB = Statement(sa.select(JOB).where(JOB.c.id == sa.bindparam("job")).with_for_update())
JOB_BY_KEY = Statement(sa.select(JOB).where(JOB.c.key == sa.bindparam("key")))
ATTEMPTS = Statement(sa.select(ATTEMPT).where(ATTEMPT.c.job == sa.bindparam("job")).order_by(ATTEMPT.c.number))
SAID = Statement(sa.select(OBSERVATION).where(OBSERVATION.c.job == sa.bindparam("job")).order_by(OBSERVATION.c.id))
_WHOLE = Statement(
    sa.text(
        """
        SELECT job.*,
            (SELECT coalesce(json_agg(one ORDER BY number), '[]') FROM attempt AS one WHERE one.job = job.id)
            AS its_attempts,
            (SELECT coalesce(json_agg(one ORDER BY id), '[]') FROM observation AS one WHERE one.job = job.id)
            AS its_observations
        FROM job WHERE job.id = CAST(:job AS text)
        """
    )
)
ATTEMPT_BY_ID = Statement(sa.select(ATTEMPT).where(ATTEMPT.c.id == sa.bindparam("attempt")))
ADD_EVENT = Statement(sa.insert(EVENT), [column.name for column in EVENT.c if column.name != "id"])


def job_row(work: Work, job: str) -> Job:
    """The job to be changed: nobody else changes it until this transaction ends. Raises UnknownJob."""
    found = work.row(_LOCKED_JOB, {"job": texts.clean(job)})
    if found is None:
        raise no_such_job(job)
    return dict(found)


def whole(work: Work, job: str) -> tuple[Job, list[Row], list[dict[str, Any]]]:
    """The job to be changed, its attempts, and what was said of it, all of one instant. Raises UnknownJob.

    Every verb that changes any of them saves the job too, so a job's step tells that none of them has changed.
    """
    if not work.at_once:
        row = job_row(work, job)
        said = [dict(one) for one in work.rows(SAID, {"job": job})]
        return row, work.rows(ATTEMPTS, {"job": job}), said
    found = work.row(_WHOLE, {"job": job})
    if found is None:
        raise no_such_job(job)
    row = dict(found)
    return row, row.pop("its_attempts"), row.pop("its_observations")


def no_such_job(job: str) -> UnknownJob:
    job = texts.clean(job)
    return UnknownJob(f"there is no job {job}", value=job, next="faregate jobs lists them")


def attempt_row(work: Work, job: str, attempt: str) -> Row:
    """Raises UnknownJob, also for an attempt of another job."""
    found = work.row(ATTEMPT_BY_ID, {"attempt": texts.clean(attempt)})
    if found is None or found["job"] != job:
        raise UnknownJob(f"job {job} has no attempt {attempt}", value=attempt)
    return found


def save(work: Work, job: Job, **changes: Any) -> None:
    """Change a job's row from the state and step it was read in; the next step begins. Changes `job` too."""
    changes["step"] = job["step"] + 1
    where = {"the_job": job["id"], "from_state": job["state"], "from_step": job["step"]}
    work.later(_update_job(tuple(changes)), where | changes, sure=True)
    job.update(changes)


def save_attempt(work: Work, attempt: str, **changes: Any) -> None:
    work.later(_update_attempt(tuple(changes)), {"the_attempt": attempt} | changes)


def note(
    work: Work, job: Job, at: int, kind: str, detail: str, *, proof: str = "", attempt: str | None = None,
    outcome: str | None = None,
) -> None:  # fmt: skip
    """Keep the fact that a verb changed this job, as it now is, and the outcome of an attempt if it did."""
    work.later(
        ADD_EVENT,
        {
            "job": job["id"],
            "attempt": attempt,
            "step": job["step"],
            "at": at,
            "kind": kind,
            "outcome": outcome,
            "state": job["state"],
            "open_nanos": job["open_nanos"],
            "detail": detail,
            "proof": proof,
        },
    )


def terms(attempt: Row, budget_currency: str) -> Terms:
    """What the attempt was quoted."""
    currency: str = attempt["currency"]
    expected = Money(attempt["expected_nanos"], currency)
    low, high = (
        expected if attempt[end] == expected.nanos else Money(attempt[end], currency)
        for end in ("low_nanos", "high_nanos")
    )
    return Terms(
        low=low,
        expected=expected,
        high=high,
        outputs=attempt["outputs_asked"],
        budget_currency=budget_currency,
        rate=rate(attempt["rate"]),
    )


@lru_cache(maxsize=64)
def rate(text: str) -> Fraction:
    return Fraction(text)


def exposed_nanos(job: Row) -> int:
    """What may have been charged but is not posted: the parked amount, else the whole hold of an unknown job."""
    parked: int = job["parked_nanos"]
    return parked or (job["open_nanos"] if job["state"] == "unknown" else 0)


def view(job: Row, attempts: Iterable[Row]) -> JobView:
    currency: str = job["currency"]
    expected = Money(job["expected_nanos"], currency)
    low, high = (
        expected if nanos == expected.nanos else Money(nanos, currency)
        for nanos in (job["low_nanos"], job["high_nanos"])
    )
    charged = _money(job["charged_nanos"], currency)
    return JobView(
        id=job["id"],
        key=job["key"],
        request_hash=job["request_hash"],
        scope=job["scope"],
        state=job["state"],
        offer=job["offer"],
        settings=texts.words(job["settings"]),
        outputs_asked=job["outputs_asked"],
        quoted=Span(low, expected, high),
        held=Money(job["held_nanos"], currency),
        open=Money(job["open_nanos"], currency),
        charged=charged,
        native=_money(job["native_nanos"], job["native_currency"]),
        reported=_money(job["reported_nanos"], job["reported_currency"]),
        exposed=Money(exposed_nanos(job), currency),
        evidence=job["evidence"],
        final=None if job["final"] is None else bool(job["final"]),
        variance=None if charged is None else charged - expected,
        cause=job["cause"],
        reason=job["reason"],
        tags=texts.words(job["tags"]),
        created_at=moment(job["granted_at"]),
        expires_at=moment(job["expires_at"]),
        silent_since=None if job["silent_since"] is None else moment(job["silent_since"]),
        owner=job["owner"],
        request=texts.mapping(job["request"]),
        attempts=tuple([_attempt(one) for one in attempts]),
        outputs=texts.lines(job["outputs"]),
    )


def views(work: Work, jobs: Sequence[Row]) -> tuple[JobView, ...]:
    return tuple(view(job, work.rows(ATTEMPTS, {"job": job["id"]})) for job in jobs)


def _attempt(row: Row) -> AttemptView:
    currency: str = row["currency"]
    return AttemptView(
        id=row["id"],
        offer=row["offer"],
        settings=texts.words(row["settings"]),
        provider=row["provider"],
        outcome=row["outcome"],
        provider_job=row["provider_job"],
        handle=texts.mapping(row["handle"]),
        fingerprint=row["fingerprint"],
        reason=row["reason"],
        high=Money(row["high_nanos"], currency),
        charged=_money(row["posted_native_nanos"], currency),
        started_at=moment(row["started_at"]),
    )


def _money(nanos: int | None, currency: str | None) -> Money | None:
    return None if nanos is None or currency is None else Money(nanos, currency)


@lru_cache(maxsize=64)
def _update_job(columns: tuple[str, ...]) -> Statement:
    where = (
        JOB.c.id == sa.bindparam("the_job"),
        JOB.c.state == sa.bindparam("from_state"),
        JOB.c.step == sa.bindparam("from_step"),
    )
    return Statement(sa.update(JOB).where(*where), columns)


@lru_cache(maxsize=64)
def _update_attempt(columns: tuple[str, ...]) -> Statement:
    return Statement(sa.update(ATTEMPT).where(ATTEMPT.c.id == sa.bindparam("the_attempt")), columns)


def is_state(word: str) -> State:
    """The state as a typed word; the table's CHECK keeps others out."""
    return cast("State", word)
