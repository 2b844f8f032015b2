"""Looks after what runs left behind, beside any number of other workers: claims, asks, gives back. Moves no money.

A look is short: one poll or probe of a job. In between a job is claimed until its next look is due and then anyone's,
so the workers on all hosts take turns, none is asked about twice as often, and a worker that dies leaves nothing
behind for longer than that. Claims guard no money: every verb of the flow checks what it moves.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from threading import Event
from time import monotonic

from .desk import Desk
from .drive import Perform
from .errors import BadRequest, JobFailed, OutcomeUnknown
from .owner import claimant, lives
from .ports import AttemptView, JobView, PollsMany
from .steps import ticket
from .talk import Progress, Ticket

AT_ONCE = 8
"""Jobs that one worker looks at in the same moment."""
CLAIMED = 50
"""Jobs that one worker claims at a time: few enough to share, enough to ask about in one go."""
LEASE_S = 60
RENEW_S = 20.0
"""A round that takes long keeps its claims."""
SELDOM_S = 900
"""The longest time between two looks at a job."""
SWEEP_S = 30.0
LATE_S = 2.0
"""A job that is due for so long, and not to be had, is another worker's now."""


@dataclass(slots=True)
class Worker:
    """One worker. `limit`: the most jobs that `once` looks after, or that `work` claims at a time; None: no such limit.

    `rest_s`: how long a provider wants to be left alone. `gone`, set from outside, ends it: no look begins any more.
    """

    desk: Desk
    perform: Perform
    rest_s: Callable[[str], float]
    limit: int | None = None
    gone: Event = field(default_factory=Event)
    by: str = field(default_factory=claimant)
    _errors: list[Exception] = field(default_factory=list[Exception])
    _broken: set[str] = field(default_factory=set[str])
    """Jobs whose look was broken by an error."""
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise BadRequest("limit must be 1 or more", value=str(self.limit), limit=">= 1")

    def once(self) -> tuple[JobView, ...]:
        """Look after all that nobody else has, until it has ended or patience has; answers every such job.

        One job's error is raised after all others had their turn.
        """
        began, patience = monotonic(), self.desk.patience
        looks: dict[str, int] = {}
        due: dict[str, float] = {}
        """When those that have not ended are to be looked at again."""
        with self._at_work():
            self._sweep()
            while not self.gone.is_set():
                left_s = patience.wait_s - (monotonic() - began)
                views = [one for one in self._next(looks, due) if one.id not in looks or left_s > 0]
                for view, again_s in self._round(views):
                    looks[view.id] = looks.get(view.id, 0) + 1
                    due.pop(view.id, None)
                    if again_s is not None and not self._has_had_enough(view, looks[view.id]):
                        due[view.id] = monotonic() + again_s
                if views:
                    continue
                due = {job: at for job, at in due.items() if monotonic() < at + LATE_S}
                if left_s <= 0 or not due:
                    break
                self._pause(min(left_s, max(patience.first_s, min(due.values()) - monotonic())))
            self.desk.ledger.expire()
        if self._errors:
            raise self._errors[0]
        return tuple(one for job in looks if (one := self.desk.ledger.job(job)) is not None)

    def work(self, on_job: Callable[[JobView], None], on_error: Callable[[Exception], None]) -> None:
        """Look after whatever is due until `gone` is set. `on_job` is told of each look, `on_error` of what broke one.

        Only a claim that fails ends it: then the ledger is not to be had.
        """
        patience = self.desk.patience
        idle_s, swept = patience.first_s, -SWEEP_S
        with self._at_work():
            while not self.gone.is_set():
                if monotonic() - swept >= SWEEP_S:
                    swept = monotonic()
                    self._sweep()
                    self.desk.ledger.expire()
                views = self._claim(min(self.limit or CLAIMED, CLAIMED))
                for view, _ in self._round(views):
                    on_job(view)
                for error in self._errors:
                    on_error(error)
                self._errors.clear()
                if views:
                    idle_s = patience.first_s
                elif not self.gone.wait(idle_s):
                    idle_s = min(max(idle_s, 0.01) * patience.growth, patience.longest_s)

    @contextmanager
    def _at_work(self) -> Generator[None]:
        """However it ends, what it had is anyone's; an interrupt does not wait for the providers."""
        try:
            with self.desk.claiming(self.by):
                yield
                self.desk.ledger.drop_claims(self.by)
        finally:
            self.gone.set()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _sweep(self) -> None:
        """What processes of this host had that have ended is anyone's at once; on other hosts their claims lapse."""
        for one in self.desk.ledger.claimants():
            if lives(one) is False:
                self.desk.ledger.drop_claims(one)

    def _next(self, looks: Mapping[str, int], due: Mapping[str, float]) -> list[JobView]:
        """Work that is free and has waited longest; where no more is to be taken on, what we have and is due again."""
        left = CLAIMED if self.limit is None else min(CLAIMED, self.limit - len(looks))
        if left > 0:
            views = self._claim(left)
            had = {view.id: SELDOM_S for view in views if view.id in looks and view.id not in due}
            if had:  # they had all their turns this time: out of the way of the others
                self.desk.ledger.park_claims(self.by, had)
            return [view for view in views if view.id not in had]
        now_s = monotonic()
        ours = [job for job, at in due.items() if at <= now_s and self._take(job)]
        return [view for job in ours if (view := self.desk.ledger.job(job)) is not None]

    def _claim(self, count: int) -> Sequence[JobView]:
        return self.desk.ledger.claim(
            self.by, lease_s=LEASE_S, limit=count, provisional_since=self.desk.provisional_since()
        )

    def _take(self, job: str) -> bool:
        return self.desk.ledger.take_claim(job, owner=self.by, lease_s=LEASE_S)

    def _round(self, views: Sequence[JobView]) -> list[tuple[JobView, int | None]]:
        """One look at each; answers how they stand now, and after how many seconds to look again (None: never)."""
        seen = self._asked_together(views)
        self._await([self._pool.submit(self._look, view, seen) for view in views], views)
        found: list[tuple[JobView, int | None]] = []
        for one in views:
            stands = self.desk.ledger.job(one.id)
            if stands is not None:
                found.append((stands, self._again_s(stands)))
        parked = {view.id: again_s for view, again_s in found if again_s is not None}
        if parked:
            self.desk.ledger.park_claims(self.by, parked)
        return found

    def _await(self, futures: Sequence[Future[None]], views: Sequence[JobView]) -> None:
        left = set(futures)
        while left:
            left = wait(left, timeout=RENEW_S).not_done
            if left:
                self.desk.ledger.park_claims(self.by, {view.id: LEASE_S for view in views})

    def _look(self, view: JobView, seen: Mapping[str, Progress]) -> None:
        patience = replace(self.desk.patience, wait_s=0, probes=1)
        try:
            self.perform(self.desk.recovery(view, seen, patience), self._pause)
        except (OutcomeUnknown, JobFailed, InterruptedError):
            return  # the ledger shows it
        except Exception as error:
            self._errors.append(error)
            self._broken.add(view.id)

    def _asked_together(self, views: Sequence[JobView]) -> Mapping[str, Progress]:
        """What providers that tell of many jobs at once say of these, by attempt."""
        groups: dict[str, list[Ticket]] = {}
        for view in views:
            attempt = _at_provider(view)
            if attempt is not None:
                groups.setdefault(attempt.provider, []).append(ticket(view, attempt))
        seen: dict[str, Progress] = {}
        futures: list[Future[None]] = []
        for name, tickets in groups.items():
            provider = self.desk.providers.get(name)
            if isinstance(provider, PollsMany) and provider.missing is None and len(tickets) > 1:
                many = provider.polled_at_once
                futures += [
                    self._pool.submit(self._ask_many, provider, tickets[at : at + many], seen)
                    for at in range(0, len(tickets), many)
                ]
        self._await(futures, views)
        return seen

    def _ask_many(self, provider: PollsMany, tickets: Sequence[Ticket], seen: dict[str, Progress]) -> None:
        try:
            seen.update(self.perform(provider.poll_many(tickets), self._pause))
        except Exception as error:  # each is asked about alone then
            if not isinstance(error, InterruptedError):
                self._errors.append(error)

    def _again_s(self, view: JobView) -> int | None:
        """The older a job, the seldomer: after a quarter of its age; a job at its provider at least as often as a run
        would ask, while it is young."""
        if view.state not in ("held", "submitting", "submitted", "unknown", "settled") or view.final:
            return None
        last = view.attempts[-1] if view.attempts else None
        since = view.created_at if last is None else last.started_at
        age_s = max(0.0, (self.desk.clock() - since).total_seconds())
        again_s = min(max(1.0, age_s / 4), SELDOM_S)
        if view.state in ("held", "submitting", "submitted"):
            again_s = min(again_s, max(self.desk.patience.longest_s, age_s / 100))
        if last is not None:
            again_s = max(again_s, self.rest_s(last.provider))
        return ceil(again_s)

    def _has_had_enough(self, view: JobView, looks: int) -> bool:
        """Is another look useless for now? It broke, the key is missing, or the job stays hidden."""
        if view.id in self._broken:
            return True
        if view.state in ("submitting", "submitted"):
            provider = self.desk.providers.get(view.attempts[-1].provider) if view.attempts else None
            return provider is None or provider.missing is not None
        return view.state != "unknown" or looks >= self.desk.patience.probes

    def _pause(self, seconds: float) -> None:
        if self.gone.wait(seconds):
            raise InterruptedError("it was interrupted")


def _at_provider(view: JobView) -> AttemptView | None:
    """The attempt that is to be polled; None: there is none, or it is to be looked for first."""
    last = view.attempts[-1] if view.attempts else None
    if last is None or view.state not in ("submitted", "unknown", "settled"):
        return None
    return last if last.provider_job and last.outcome not in ("not_sent", "refused") else None
