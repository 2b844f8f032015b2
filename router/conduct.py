"""Runs what is written for threads (a batch, a worker) beside an event loop, its flows on the loop. Decides nothing.

Cancelling the task tells it to stop, cancels its flows, and waits until its threads have let go.
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from threading import Event
from typing import Any, Protocol, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread

from .drive import Perform
from .steps import Flow

T = TypeVar("T")
R = TypeVar("R")


class Stoppable(Protocol):
    """What begins nothing any more once `gone` is set."""

    @property
    def gone(self) -> Event: ...


S = TypeVar("S", bound=Stoppable)


Loop = Callable[..., Any]
"""The way from a thread to the loop: calls a function there with arguments, and waits for its answer."""


async def conduct(
    drive: Callable[[Flow[Any]], Awaitable[Any]], build: Callable[[Perform, Loop], S], run: Callable[[S], R]
) -> R:
    """Have `run` work in a thread on what `build` made; `drive` performs its flows on this loop."""
    ended = anyio.Event()
    answers: list[R] = []
    errors: list[Exception] = []
    async with anyio.create_task_group() as group, anyio.from_thread.BlockingPortal() as portal:

        def perform(flow: Flow[T], pause: Callable[[float], object]) -> T:  # noqa: ARG001 - a cancellation ends it
            try:
                return portal.call(drive, flow)  # type: ignore[no-any-return]
            except CancelledError as error:
                built.gone.set()
                raise InterruptedError("it was cancelled") from error

        async def watch() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                built.gone.set()

        def work() -> None:
            try:
                answers.append(run(built))
            except Exception as error:
                errors.append(error)
            finally:
                anyio.from_thread.run_sync(ended.set)

        built = build(perform, portal.call)
        group.start_soon(watch)
        try:
            await anyio.to_thread.run_sync(work)
        finally:
            built.gone.set()
            await portal.stop(cancel_remaining=True)
            with anyio.CancelScope(shield=True):
                await ended.wait()
            group.cancel_scope.cancel()
    await anyio.lowlevel.checkpoint_if_cancelled()
    if errors:
        raise errors[0]
    return answers[0]
