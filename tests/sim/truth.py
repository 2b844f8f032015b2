"""What the sandbox truly billed, and whether the ledger says the same, job by job and in sum. Changes nothing.

What was billed is what the provider can be heard to say (`sandbox.said`): a second bill for one job, or one for a job
that is documented as free, is on its statement only, and counted apart. How each kind of job is judged:
  settled               its charge equals the bill to the nano, in the provider's currency; nothing provisional is left
  released, expired     the sandbox accepted nothing for it, or bills nothing
  unknown               only where nobody can know (`_excused`); what is exposed covers the bill
  any other state       it is stuck
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger import AttemptView, JobView
from pricing import Money
from router.sandbox.account import Job

from .sandbox import said
from .watch import Violation

if TYPE_CHECKING:
    from .engine import Engine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NANOS = 10**9


class Truth:
    """The sandbox's account beside the ledger."""

    def __init__(self, world: "Engine") -> None:
        self.world = world
        self.views = {view.id: view for view in world.ledger.jobs()}
        self.attempts: dict[str, AttemptView] = {
            one.id: one for view in self.views.values() for one in view.attempts
        }  # fmt: skip
        self.jobs = {job.id: job for job in world.sandbox.jobs()}
        self.causes = {job.id: attempt for attempt, jobs in world.wire.caused.items() for job in jobs}
        self.owners: Mapping[str, str] = self._owners()
        """By the sandbox's job: the attempt that has it. Two equal requests at fal may have each other's."""

    def _owners(self) -> dict[str, str]:
        owners: dict[str, str] = {}
        for one in self.attempts.values():
            if one.provider_job is None:
                continue
            if one.provider_job in owners:
                raise Violation(f"law 12: {one.provider} job {one.provider_job} belongs to two attempts")
            owners[one.provider_job] = one.id
            job, cause = self.jobs.get(one.provider_job), self.causes.get(one.provider_job)
            if job is None or cause is None:
                raise Violation(f"law 12: attempt {one.id} has a job that {one.provider} does not know")
            if cause != one.id and not (job.provider == "fal" and self._twins(cause, one.id)):
                raise Violation(f"law 12: attempt {one.id} has the {one.provider} job of attempt {cause}")
        for job_id, cause in self.causes.items():
            if job_id not in owners:
                owners[job_id] = self._left_with(cause, owners)
        return owners

    def _left_with(self, cause: str, owners: Mapping[str, str]) -> str:
        """Whose an unclaimed job is: its own attempt's, or that twin's whose job this one has taken for its own."""
        mine = self.attempts.get(cause)
        if mine is None or mine.provider_job is None:
            return cause
        robbed = (
            self.causes[job]
            for job, owner in owners.items()
            if self.causes[job] != owner and self.attempts[self.causes[job]].provider_job is None
        )
        return next((one for one in robbed if self._twins(one, cause) and one not in owners.values()), cause)

    def _twins(self, one: str, other: str) -> bool:
        """Did both send the same?"""
        first, second = self.attempts.get(one), self.attempts.get(other)
        return first is not None and second is not None and first.fingerprint == second.fingerprint

    def of(self, view: JobView) -> list[Job]:
        """The sandbox's jobs of one of ours, as the ledger has or should have them."""
        mine = {one.id for one in view.attempts}
        return [self.jobs[job] for job, owner in self.owners.items() if owner in mine]

    def owed(self, view: JobView) -> Money:
        """What the provider bills for it, in its own currency; a zero of the last attempt's where it bills nothing."""
        now_s = self.world.now_s
        jobs = self.of(view)
        if not jobs:
            return Money.zero(view.attempts[-1].high.currency if view.attempts else "USD")
        return nanos(sum((said(job, now_s) for job in jobs), Decimal(0)), jobs[0].currency)

    def certain(self, view: JobView) -> bool:
        """Has it ended at the provider, so that a person who asks there learns the whole bill?"""
        ended = all(job.state(self.world.now_s) in ("done", "failed", "cancelled") for job in self.of(view))
        return ended and not any(self.world.wire.posts[one.id] and one.outcome is None for one in view.attempts)

    def may_yet_be_sent(self, view: JobView) -> bool:
        """Is there an attempt of the last hour that nobody has seen leave, nor heard of?"""
        young = (one for one in view.attempts if self.world.wall() - one.started_at < HOUR)
        return any(one.outcome in (None, "unknown") and not self.world.wire.posts[one.id] for one in young)

    def check(self) -> None:
        """Laws 10, 12 and 15 when all is quiet."""
        posts = self.world.wire.posts
        for attempt, count in posts.items():
            if count > 1 or attempt not in self.attempts:
                raise Violation(f"law 10: attempt {attempt} was submitted {count} times")
        for view in self.views.values():
            caused = [job for one in view.attempts for job in self.world.wire.caused.get(one.id, [])]
            if len(caused) > 1:
                raise Violation(f"law 10: job {view.key} was made {len(caused)} times")
            self._check_job(view)
        self._check_books()
        for job in self.jobs.values():
            if nanos(job.amount(self.world.now_s), job.currency) != nanos(said(job, self.world.now_s), job.currency):
                self.world.hits["billed on the statement only"] += 1

    def _check_job(self, view: JobView) -> None:
        owed = self.owed(view)
        where = f"job {view.key} ({view.state}, {view.reason!r})"
        match view.state:
            case "settled":
                if view.exposed.nanos:
                    return  # parked: a person ends it
                if view.evidence == "quote":
                    raise Violation(f"law 12: {where} still stands at its quote, though the provider says {owed}")
                if view.native != owed:
                    raise Violation(f"law 12: {where} was charged {view.native}, the bill says {owed}")
            case "released" | "expired":
                if owed.nanos or (view.native is not None and view.native.nanos):
                    raise Violation(f"law 12: {where} gave its hold back, the bill says {owed}")
            case "unknown":
                self._check_unknown(view, owed, where)
            case _:
                raise Violation(f"law 15: {where} is stuck")

    def _check_unknown(self, view: JobView, owed: Money, where: str) -> None:
        excuse = self._excused(view)
        if excuse is None:
            raise Violation(f"law 15: {where} is unknown, though it can be known: the bill says {owed}")
        self.world.hits[f"left unknown: {excuse}"] += 1
        high = view.attempts[-1].high
        dearer = any("extra-second" in job.struck or job.level > 1 for job in self.of(view))
        if not view.exposed.nanos or (owed > high and not dearer):
            raise Violation(f"law 12: {where} exposes {view.exposed}, the bill says {owed}")

    def _excused(self, view: JobView) -> str | None:
        """Why nobody can know how it ended, by what the provider offers; None: it can be known."""
        attempt = view.attempts[-1]
        if view.reported is not None:
            return "an absurd amount waits for a person"
        jobs = self.of(view)
        if attempt.provider == "runware":
            old = self.world.wall() - attempt.started_at > DAY
            return "older than the provider's memory" if old and not jobs else None
        if not jobs:
            return f"{attempt.provider} shows no absence"
        if attempt.provider == "fal" and attempt.provider_job is None:
            twins = [
                job for job, owner in self.owners.items()
                if self._twins(owner, attempt.id) and self.attempts[owner].provider_job != job
            ]  # fmt: skip
            if len(twins) > 1:
                return "equal requests at fal"
            sent = self.world.sandbox.account.when(jobs[0].accepted_s) - attempt.started_at
            if not timedelta(minutes=-2) <= sent <= timedelta(minutes=15):
                return "the clocks differ too much"
        return None

    def _check_books(self) -> None:
        """The journal's sum for each provider is the bill's, but for what is unknown and what was unknown to it."""
        waiting = {view.id for view in self.views.values() if view.exposed.nanos}
        billed: Counter[tuple[str, str]] = Counter()
        for job_id, owner in self.owners.items():
            job = self.jobs[job_id]
            view = next((one for one in self.views.values() if any(a.id == owner for a in one.attempts)), None)
            if view is None:
                raise Violation(
                    f"law 12: {job.provider} made a job for attempt {owner}, which the ledger does not know"
                )
            if view.id not in waiting:
                billed[job.provider, job.currency] += nanos(said(job, self.world.now_s), job.currency).nanos
        posted: Counter[tuple[str, str]] = Counter()
        for account, currency, job, amount in map(
            tuple,
            self.world.stage.ask(
                "SELECT account, currency, txn.job, sum(amount_nanos) FROM entry JOIN txn ON txn.id = entry.txn "
                "WHERE account LIKE 'expense:%' GROUP BY 1, 2, 3"
            ),
        ):
            if job not in waiting:
                posted[account.partition(":")[2], currency] += amount
        if +posted != +billed:
            raise Violation(f"law 12: the journal says {dict(posted)}, the bill {dict(billed)}")


def nanos(amount: Decimal, currency: str) -> Money:
    """An amount of the sandbox's, which never has more than nine places."""
    return Money(round(amount * NANOS), currency)
