"""Router: the verbs an app calls, in its own thread. Each drives a flow over prepared work; no rule lives here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pricing import Money, PriceBook

from .batch import BatchResult, Made, Plan, draw_up
from .brief import read
from .choose import Choice, Demand
from .desk import NO_TAGS, Decision, Desk
from .drive import OnStep, drive
from .errors import JobFailed, OutcomeUnknown
from .flow import cancel, follow, make, start
from .owner import claimant
from .plan import BatchJob, Goal
from .policy import Number, Policy
from .ports import JobView, LedgerAndHistory, Provider
from .recovery import Worker
from .request import Request
from .result import Result, result_of
from .runner import Runner
from .steps import Flow, Patience
from .transport import Http

T = TypeVar("T")

ONCE = Patience(wait_s=0, probes=1, submit_s=0)


class Router:
    """Chooses who makes a job and sees it through, in the calling thread; safe to share between threads.

    `providers` default to the shipped ones with keys from the environment; `uploader` brings a local file to a URL that
    every provider can read; `quality` are your own scores (0-1) by offer id; `hold_s` is how long money stays set aside
    while nothing was sent; `on_step` is told of every step; `http` carries the calls; `webhooks` is where providers
    reach `webhook_app` ("https://app.example/hooks/SECRET"), for requests that name no `webhook_url`.
    """

    def __init__(
        self,
        book: PriceBook,
        *,
        ledger: LedgerAndHistory,
        providers: Mapping[str, Provider] | None = None,
        uploader: Callable[[Path], str] | None = None,
        quality: Mapping[str, Number] | None = None,
        patience: Patience | None = None,
        hold_s: int = 900,
        clock: Callable[[], datetime] | None = None,
        new_id: Callable[[], str] | None = None,
        on_step: OnStep | None = None,
        http: Http | None = None,
        webhooks: str | None = None,
    ) -> None:
        self.desk = Desk.make(
            book, ledger, providers=providers, uploader=uploader, quality=quality, patience=patience, hold_s=hold_s,
            clock=clock, new_id=new_id, webhooks=webhooks,
        )  # fmt: skip
        self._http = http or Http()
        self._on_step = self.desk.watching(on_step)

    def decide(self, request: Request, policy: Policy | None = None, *, scope: str | None = None) -> Decision:
        """Quote every offer, keep those within every limit, rank them. Raises BadRequest, BadMedia."""
        return self.desk.decide(request, policy or Policy(), scope)

    def rank(self, wanted: Demand | Request, policy: Policy | None = None, *, scope: str | None = None) -> Choice:
        """Rank for a length alone or a request, offers that are not ready too: for showing prices, not for running."""
        if isinstance(wanted, Demand):
            return self.desk.rank(wanted, policy or Policy(), scope, rank_not_ready=True)
        brief = read(wanted)
        return self.desk.rank(brief.demand, policy or Policy(), scope, brief=brief, rank_not_ready=True)

    def run(
        self,
        wanted: Decision | Request,
        *,
        key: str,
        scope: str | None = None,
        policy: Policy | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> Result:
        """Hold, submit once, wait, settle once. Repeating a key answers the same job and pays nothing more.

        Raises Refused, JobFailed, ProviderError (nothing was charged), OutcomeUnknown (the hold stays; resumable).
        """
        work = self.desk.work(wanted, key=key, scope=scope, policy=policy, tags=tags)
        return self._follow(make(work), work.by)

    def plan(
        self,
        jobs: Sequence[BatchJob | Request],
        *,
        budget: Money | None = None,
        objective: Goal = "quality",
        policy: Policy | None = None,
        scope: str | None = None,
    ) -> Plan:
        """Choose for a whole batch within one budget: the most quality in sum, or the least cost for what each needs.

        `policy` holds for jobs without one of their own. Raises BadRequest, BadMedia; Refused where no budget covers
        the scope.
        """
        return draw_up(self.desk, jobs, budget, objective, policy or Policy(), scope)

    def run_plan(
        self,
        plan: Plan,
        *,
        key: str,
        tags: Mapping[str, str] = NO_TAGS,
        on_job: Callable[[Made], None] | None = None,
    ) -> BatchResult:
        """Set all money aside at once, make the jobs several at a time, plan the rest again when reality differs.

        Repeating a key goes on where the last run ended; nothing is paid twice. Raises Refused, QuoteStale, KeyReused
        before anything is sent; how each job ended is in the answer, and told to `on_job` as it ends.
        """
        return Runner(self.desk, plan, key, tags, self._perform, on_job).run()

    def start(
        self,
        wanted: Decision | Request,
        *,
        key: str,
        scope: str | None = None,
        policy: Policy | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> str:
        """Hold and submit; answers the job id without waiting for the clip. Raises as `run`."""
        work = self.desk.work(wanted, key=key, scope=scope, policy=policy, tags=tags)
        return self._drive(start(work)).id

    def wait(self, job: str) -> Result:
        """Follow a started job to its end. Raises JobFailed, OutcomeUnknown, UnknownJob."""
        by = claimant()
        return self._follow(follow(job, self.desk.providers, self.desk.patience, by=by), by)

    def cancel(self, job: str) -> JobView:
        """Release what was not sent; ask the provider to stop what was. Raises Refused where it cannot be stopped."""
        return self._drive(cancel(job, self.desk.providers, self.desk.patience))

    def rate(self, job: str, score: Number, note: str = "", *, author: str | None = None) -> None:
        """Say how good a made job's clips are, from 0 to 1: later choices take it into account.

        `author`: None is the user of this machine; their later word on a job replaces the earlier. Raises BadRequest,
        and the ledger's UnknownJob and WrongState (no clip).
        """
        self.desk.rate(job, score, note, author)

    def heard(self, provider: str, provider_job: str) -> JobView | None:
        """Someone says that a provider's job moved (a webhook): ask the provider once, post only what it answers.

        Found by the provider's id or our attempt's. None: no open job of ours; a job that is just being sent is left
        to its run, and answered as it is.
        """
        view = self.desk.open_job(provider, provider_job)
        if view is None or self.desk.sending(view):
            return view
        with suppress(OutcomeUnknown, JobFailed):  # the ledger shows it
            self._drive(self.desk.hearing(view, ONCE))
        return self.desk.ledger.job(view.id)

    def resume(self, *, limit: int | None = None) -> tuple[JobView, ...]:
        """Finish what earlier runs left open: probe, poll, settle, release what was never sent. Answers every such job.

        Asks once more about charges settled without the provider's word. Jobs that a live run or another worker follows
        are left to it; any number may resume at once, and share the work. `limit`: look after so many at most. One
        job's error is raised after all others had their turn. Raises BadRequest.
        """
        return self.worker(limit=limit).once()

    def worker(self, *, limit: int | None = None) -> Worker:
        """Who looks after open jobs until told to stop (`Worker.work`). `limit`: how many it claims at a time."""
        return Worker(self.desk, self._perform, self._http.restraint.rest_s, limit)

    def close(self) -> None:
        """Close the connections; open jobs stay as the ledger has them."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _perform(self, flow: Flow[T], pause: Callable[[float], object]) -> T:
        return drive(flow, self.desk.ledger, self._http, self.desk.clock, self._on_step, pause)

    def _follow(self, flow: Flow[JobView], by: str) -> Result:
        with self.desk.claiming(by):
            return result_of(self._drive(flow))

    def _drive(self, flow: Flow[T]) -> T:
        return drive(flow, self.desk.ledger, self._http, self.desk.clock, self._on_step)
