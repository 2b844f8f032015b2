"""Acts on hints that a job moved: one look at a time per job, few at once, more only after a gap. Believes no hint.

What is dropped here is not lost: the message is in the ledger's inbox, and `resume` finds every open job.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio

from .ports import JobView

log = logging.getLogger("router.webhooks")

Hear = Callable[[str, str], Awaitable[JobView | None]]
"""Asks the provider once; answers the job as it then stands, None for one that is nobody's yet."""


@dataclass(slots=True)
class _Turn:
    over: bool
    again: bool = False


class Hearing:
    """Asks providers about the jobs that messages speak of.

    `at_once`: looks under way; `waiting_max`: jobs whose turn is to come; `gap_s`: between two looks at one job that
    messages go on about; `looks_s`: waits before looking again at a job that is unknown yet, because its message
    overtook our own answer, or that the provider still calls running though it was said to be over.
    """

    def __init__(
        self, hear: Hear, *, at_once: int = 4, waiting_max: int = 1000, gap_s: float = 2.0,
        looks_s: Sequence[float] = (0.5, 2.0, 5.0),
    ) -> None:  # fmt: skip
        self._hear, self._at_once, self._waiting_max = hear, at_once, waiting_max
        self._gap_s, self._looks_s = gap_s, tuple(looks_s)
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._gate: anyio.Semaphore | None = None

    async def act(self, source: str, job: str, *, over: bool) -> None:
        """See to this job; returns at once where somebody already does, who then looks once more. Raises nothing."""
        name = (source, job)
        turn = self._turns.get(name)
        if turn is not None:
            turn.again, turn.over = True, turn.over or over
            return
        if len(self._turns) >= self._waiting_max:
            log.warning("%s job %s is left to `resume`: %d others wait", source, job, len(self._turns))
            return
        turn = self._turns[name] = _Turn(over)
        try:
            await self._follow(name, turn)
        finally:
            del self._turns[name]

    async def _follow(self, name: tuple[str, str], turn: _Turn) -> None:
        waits, known = iter(self._looks_s), False
        while True:
            turn.again = False  # whatever was said until here, the next look answers
            view = await self._look(*name)
            if view is None and known:
                return  # nothing is left to ask
            known = known or view is not None
            early = view is None or view.state == "submitting" or (turn.over and view.state in ("submitted", "unknown"))
            wait_s = next(waits, None) if early else None
            if wait_s is None and turn.again:
                wait_s = self._gap_s
            if wait_s is None:
                return
            await anyio.sleep(wait_s)

    async def _look(self, source: str, job: str) -> JobView | None:
        self._gate = self._gate or anyio.Semaphore(self._at_once)
        async with self._gate:
            try:
                return await self._hear(source, job)
            except Exception as error:  # the answer was given: nobody is left to be told
                log.warning("%s job %s could not be asked about: %s", source, job, error)
                return None
