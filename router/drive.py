"""Performs a flow's steps, sync or async: ledger verbs, HTTP calls, pauses, uploads. Decides and catches nothing."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar, assert_never

import anyio
import anyio.to_thread

from .errors import BadMedia
from .estimate import digest
from .ports import LedgerAndHistory
from .steps import Ask, Bring, Digest, Flow, Moment, Pause, Step
from .talk import Call
from .transport import AsyncHttp, Http

T = TypeVar("T")
OnStep = Callable[[Step, object], None]
"""Told of every step after it was performed, with its answer: for progress, tracing and tests."""


class Perform(Protocol):
    """Drives a flow to its end; `pause` waits, and raises when the work is interrupted."""

    def __call__(self, flow: Flow[T], pause: Callable[[float], object]) -> T: ...


def drive(
    flow: Flow[T],
    ledger: LedgerAndHistory,
    http: Http,
    clock: Callable[[], datetime],
    on_step: OnStep | None = None,
    pause: Callable[[float], object] = time.sleep,
) -> T:
    """Run a flow to its end in this thread. An exception leaves the job as the ledger has it."""
    began = time.monotonic()

    def perform(step: Step) -> object:
        match step:
            case Ask(verb=verb):
                return verb(ledger)
            case Call():
                return http.perform(step)
            case Pause(seconds=seconds):
                pause(seconds)
                return Moment(time.monotonic() - began, clock())
            case Bring():
                return bring(step)
            case Digest(path=path):
                return digest_of(path)
            case _:
                assert_never(step)

    try:
        step = next(flow)
        while True:
            answer = perform(step)
            if on_step is not None:
                on_step(step, answer)
            step = flow.send(answer)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        flow.close()


async def drive_async(
    flow: Flow[T],
    ledger: LedgerAndHistory,
    http: AsyncHttp,
    clock: Callable[[], datetime],
    on_step: OnStep | None = None,
) -> T:
    """`drive` for an event loop: ledger and uploads run in worker threads. A cancellation leaves the job resumable."""
    began = time.monotonic()

    async def perform(step: Step) -> object:
        match step:
            case Ask(verb=verb):
                return await in_thread(partial(verb, ledger))
            case Call():
                return await http.perform(step)
            case Pause(seconds=seconds):
                await anyio.sleep(seconds)
                return Moment(time.monotonic() - began, clock())
            case Bring():
                return await in_thread(partial(bring, step))
            case Digest(path=path):
                return await in_thread(partial(digest_of, path))
            case _:
                assert_never(step)

    try:
        step = next(flow)
        while True:
            answer = await perform(step)
            if on_step is not None:
                on_step(step, answer)
            step = flow.send(answer)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        flow.close()


def bring(step: Bring) -> str | Exception:
    """The uploader is the user's code: its error is an answer, so that the hold is given back at once."""
    try:
        return step.uploader(step.path)
    except Exception as error:
        return error


def digest_of(path: Path) -> str | None:
    """The file's digest as it is now; None: it is gone, or cannot be read."""
    try:
        return digest(path)
    except BadMedia:
        return None


def in_thread(work: Callable[[], T]) -> Awaitable[T]:
    """Run blocking work off the event loop; a cancellation waits for it, so that no verb is cut in half."""
    return anyio.to_thread.run_sync(work)
