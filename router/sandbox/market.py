"""The three sellers as one function from ask to answer. No socket, thread, clock or chance: all of that comes in."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from . import creatify, fal, runware
from .account import Account
from .doors import Doors
from .faults import Faults
from .hooks import Hook, Hooks
from .media import Files
from .shop import Shop
from .wire import Answer, Ask, said

CLIP = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
"""The first box of an MP4: enough to save and to recognise."""


class Market:
    """Creatify, fal and Runware. Not for several threads at once.

    The same asks at the same times are answered alike, byte for byte, where `new_id` gives the same ids.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        born: datetime,
        new_id: Callable[[], str],
        faults: Iterable[str] = (),
        answer_lag_s: float = 0.0,
        render_s: float = 0.3,
        output_extra_s: Decimal | str | int = 0,
        fal_unit: Literal["dollars", "seconds"] = "dollars",
        fal_price_480p: Decimal | str = "0.10",
        creatify_credits: Decimal | str | int = 10_000,
    ) -> None:
        """`clock` tells seconds from anywhere, `born` the date it shows now (UTC), `new_id` a fresh UUID v4.

        Raises ValueError for a bad fault, one clear line.
        """
        self._clock, self._ahead_s = clock, 0.0
        account = Account(self.now_s, born, render_s, Decimal(creatify_credits))
        self._shop = Shop(
            account,
            Faults(tuple(faults)),
            new_id,
            Hooks(account),
            answer_lag_s=answer_lag_s,
            output_extra_s=Decimal(output_extra_s),
            fal_unit=fal_unit,
            fal_price_480p=Decimal(fal_price_480p),
        )
        self._doors = Doors(
            (
                *fal.Fal(self._shop).doors(),
                *runware.Runware(self._shop).doors(),
                *creatify.Creatify(self._shop).doors(),
                ("PUT", "/files/{name}", self._put),
                ("GET", "/files/{name}", self._get),
                ("GET", "/outputs/{name}", lambda _: Answer(200, CLIP, kind="video/mp4")),
                ("GET", "/_bill", lambda _: said(200, self.bill())),
            )
        )

    def answer(self, ask: Ask) -> Answer:
        """What comes back. What befalls it on its way (`lag_s`, `slow_s`, `cut`) is for the caller to do."""
        return self._doors.answer(ask)

    def due_hooks(self) -> tuple[Hook, ...]:
        """The webhooks to send by now, in this order; each is told once."""
        return self._shop.hooks.due()

    def next_hook_s(self) -> float | None:
        """When the next webhook is due, on the clock of `now_s`. None: none is to come."""
        return self._shop.hooks.next_s()

    def now_s(self) -> float:
        """The clock, with what `advance` added."""
        return self._clock() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let time pass at once: renders, bills and webhooks come due. Raises ValueError when it would run back."""
        if not 0 <= seconds <= 10**9:
            raise ValueError(f"the clock can go on by 0 to 1000000000 s, not {seconds:g}")
        self._ahead_s += seconds

    def bill(self) -> dict[str, object]:
        """What was truly billed until now; amounts are decimal strings."""
        return self._shop.account.bill()

    def add_fault(self, spec: str) -> None:
        """One more fault from now on. Raises ValueError."""
        self._shop.faults.add(spec)

    @property
    def files(self) -> Files:
        """What clients uploaded."""
        return self._shop.files

    def _put(self, ask: Ask) -> Answer:
        self.files.put(ask.parts["name"], ask.body)
        return Answer(200)

    def _get(self, ask: Ask) -> Answer:
        data = self.files.get(ask.parts["name"])
        if data is None:
            return said(404, {"detail": "no such file"})
        return Answer(200, data, kind="application/octet-stream")


def environment(host: str) -> Mapping[str, str]:
    """The variables with which the adapters talk to a market at `host`: keys and base addresses."""
    return {
        "FAL_KEY": fal.KEY,
        "RUNWARE_API_KEY": runware.KEY,
        "CREATIFY_API_ID": creatify.API_ID,
        "CREATIFY_API_KEY": creatify.API_KEY,
        "FAREGATE_FAL_QUEUE_URL": f"{host}/fal/queue",
        "FAREGATE_FAL_API_URL": f"{host}/fal/api/v1",
        "FAREGATE_FAL_REST_URL": f"{host}/fal/rest",
        "FAREGATE_RUNWARE_URL": f"{host}/runware/v1",
        "FAREGATE_CREATIFY_URL": f"{host}/creatify",
    }
