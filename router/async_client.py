"""AsyncRouter: `Router`'s verbs for an event loop. Each drives a flow over prepared work; no rule lives here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio

from pricing import Money, PriceBook

from .batch import BatchResult, Made, Plan, draw_up
from .client import ONCE
from .conduct import conduct
from .desk import NO_TAGS, Decision, Desk
from .drive import OnStep, Perform, drive_async, in_thread
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
from .transport import AsyncHttp

T = TypeVar("T")


class AsyncRouter:
    """`Router` for an event loop: the same verbs and meanings. Cancelling a task leaves its job resumable.

    Files and the ledger are read in worker threads, so the loop never waits for a disk.
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
        http: AsyncHttp | None = None,
        webhooks: str | None = None,
    ) -> None:
        self.desk = Desk.make(
            book, ledger, providers=providers, uploader=uploader, quality=quality, patience=patience, hold_s=hold_s,
            clock=clock, new_id=new_id, webhooks=webhooks,
        )  # fmt: skip
        self._http = http or AsyncHttp()
        self._on_step = self.desk.watching(on_step)

    async def decide(self, request: Request, policy: Policy | None = None, *, scope: str | None = None) -> Decision:
        """As `Router.decide`."""
        return await in_thread(partial(self.desk.decide, request, policy or Policy(), scope))

    async def run(
        self,
        wanted: Decision | Request,
        *,
        key: str,
        scope: str | None = None,
        policy: Policy | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> Result:
        """As `Router.run`."""
        work = await in_thread(partial(self.desk.work, wanted, key=key, scope=scope, policy=policy, tags=tags))
        return await self._follow(make(work), work.by)

    async def plan(
        self,
        jobs: Sequence[BatchJob | Request],
        *,
        budget: Money | None = None,
        objective: Goal = "quality",
        policy: Policy | None = None,
        scope: str | None = None,
    ) -> Plan:
        """As `Router.plan`."""
        return await in_thread(partial(draw_up, self.desk, jobs, budget, objective, policy or Policy(), scope))

    async def run_plan(
        self,
        plan: Plan,
        *,
        key: str,
        tags: Mapping[str, str] = NO_TAGS,
        on_job: Callable[[Made], None] | None = None,
    ) -> BatchResult:
        """As `Router.run_plan`; `on_job` is told on this loop. Cancelling it leaves every job resumable."""
        return await conduct(
            self._drive,
            lambda perform, call: Runner(
                self.desk, plan, key, tags, perform, None if on_job is None else partial(call, on_job)
            ),
            Runner.run,
        )

    async def start(
        self,
        wanted: Decision | Request,
        *,
        key: str,
        scope: str | None = None,
        policy: Policy | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> str:
        """As `Router.start`."""
        work = await in_thread(partial(self.desk.work, wanted, key=key, scope=scope, policy=policy, tags=tags))
        return (await self._drive(start(work))).id

    async def wait(self, job: str) -> Result:
        """As `Router.wait`."""
        by = claimant()
        return await self._follow(follow(job, self.desk.providers, self.desk.patience, by=by), by)

    async def cancel(self, job: str) -> JobView:
        """As `Router.cancel`."""
        return await self._drive(cancel(job, self.desk.providers, self.desk.patience))

    async def rate(self, job: str, score: Number, note: str = "", *, author: str | None = None) -> None:
        """As `Router.rate`."""
        await in_thread(partial(self.desk.rate, job, score, note, author))

    async def heard(self, provider: str, provider_job: str) -> JobView | None:
        """As `Router.heard`."""
        view = await in_thread(partial(self.desk.open_job, provider, provider_job))
        if view is None or self.desk.sending(view):
            return view
        with suppress(OutcomeUnknown, JobFailed):
            await self._drive(self.desk.hearing(view, ONCE))
        return await in_thread(partial(self.desk.ledger.job, view.id))

    async def resume(self, *, limit: int | None = None) -> tuple[JobView, ...]:
        """As `Router.resume`."""
        return await conduct(self._drive, lambda perform, _: self._worker(perform, limit), Worker.once)

    async def work(
        self, on_job: Callable[[JobView], None], on_error: Callable[[Exception], None], *, limit: int | None = None
    ) -> None:
        """Look after open jobs, as `Router.worker` does, until the task is cancelled. Both are told in a thread."""
        await conduct(
            self._drive,
            lambda perform, _: self._worker(perform, limit),
            lambda worker: worker.work(on_job, on_error),
        )

    async def close(self) -> None:
        """As `Router.close`."""
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive_async(flow, self.desk.ledger, self._http, self.desk.clock, self._on_step)

    def _worker(self, perform: Perform, limit: int | None) -> Worker:
        return Worker(self.desk, perform, self._http.restraint.rest_s, limit)

    async def _follow(self, flow: Flow[JobView], by: str) -> Result:
        try:
            return result_of(await self._drive(flow))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await in_thread(partial(self.desk.leave, by))
            raise
