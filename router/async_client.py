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

from .batch import Plan, draw_up
from .client import AT_ONCE, ONCE, now
from .desk import NO_TAGS, Decision, Desk
from .drive import OnStep, drive_async, in_thread
from .errors import JobFailed, OutcomeUnknown
from .flow import cancel, follow, make, start
from .plan import BatchJob, Goal
from .policy import Number, Policy
from .ports import JobView, LedgerAndHistory, Provider
from .request import Request
from .result import Result, result_of
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
    ) -> None:
        self.desk = Desk.make(
            book, ledger, providers=providers, uploader=uploader, quality=quality, patience=patience, hold_s=hold_s,
            clock=clock, new_id=new_id,
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
        return result_of(await self._drive(make(work)))

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
        return result_of(await self._drive(follow(job, self.desk.providers, self.desk.patience)))

    async def cancel(self, job: str) -> JobView:
        """As `Router.cancel`."""
        return await self._drive(cancel(job, self.desk.providers, self.desk.patience))

    async def rate(self, job: str, score: Number, note: str = "", *, author: str | None = None) -> None:
        """As `Router.rate`."""
        await in_thread(partial(self.desk.rate, job, score, note, author))

    async def heard(self, provider: str, provider_job: str) -> JobView | None:
        """As `Router.heard`."""
        view = await in_thread(partial(self.desk.open_job, provider, provider_job))
        if view is None:
            return None
        with suppress(OutcomeUnknown, JobFailed):
            await self._drive(self.desk.hearing(view, ONCE))
        return await in_thread(partial(self.desk.ledger.job, view.id))

    async def resume(self) -> tuple[JobView, ...]:
        """As `Router.resume`."""
        todo = await in_thread(self.desk.open_work)
        errors: list[Exception | None] = [None] * len(todo)
        gate = anyio.Semaphore(AT_ONCE)

        async def one(number: int, view: JobView) -> None:
            async with gate:
                try:
                    await self._drive(self.desk.recovery(view))
                except (OutcomeUnknown, JobFailed):
                    return  # the ledger shows it
                except Exception as error:
                    errors[number] = error

        async with anyio.create_task_group() as group:
            for number, view in enumerate(todo):
                group.start_soon(one, number, view)
        await in_thread(self.desk.ledger.expire)
        return await in_thread(partial(now, self.desk.ledger, todo, errors))

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
