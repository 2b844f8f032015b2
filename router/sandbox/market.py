"""The three sellers as one function from ask to answer. No socket, thread, clock or chance: all of that comes in."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from . import creatify, fal, fal_platform, runware, runware_tasks
from .account import Account
from .doors import Door, Doors, Handler
from .faults import Fault, Faults
from .hooks import Hook, Hooks
from .kinds import PROVIDERS, Phase
from .latency import Draw, Latency, by_provider
from .media import Files
from .shop import Seller, Shop, seen
from .spoil import instead, spoilt
from .wire import Answer, Ask, Cut, said

CLIP = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x04\x00free" + bytes(1016)
"""The first box of an MP4 and a kilobyte of nothing: enough to save, to recognise and to cut."""
DOWN = Answer(503, cut=Cut(request_body=0, reset=True))
AHEAD_S_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Visit:
    """An ask that has found its door."""

    ask: Ask
    handler: Handler
    call: str
    """What it is for, in the words of faults."""
    provider: str
    seller: Seller | None
    """None: nobody's door, which no fault strikes."""

    def refusal(self, status: int | None) -> Answer:
        return Answer(500) if self.seller is None else self.seller.refusal(self.ask, status)


class Market:
    """Creatify, fal and Runware. Not for several threads at once.

    The same asks at the same times are answered alike, byte for byte, where `new_id` and `draw` give the same.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        born: datetime,
        new_id: Callable[[], str],
        draw: Draw = lambda: 0.5,
        faults: Iterable[str] = (),
        answer_lag_s: float = 0.0,
        render_s: float = 0.3,
        latency: Latency | Mapping[str, Latency] | None = None,
        billing_lag_s: float = 20.0,
        output_extra_s: Decimal | str | int = 0,
        fal_unit: Literal["dollars", "seconds"] = "dollars",
        fal_price_480p: Decimal | str = "0.10",
        creatify_credits: Decimal | str | int = 10_000,
        usd: Decimal | str | int = 10_000,
    ) -> None:
        """`clock` tells seconds from anywhere, `born` the date it shows now (UTC), `new_id` a fresh UUID v4.

        `draw` gives numbers from 0 up to 1 for drawn latencies; `latency` rules over `render_s`; `usd` is what lies at
        fal and at Runware each. Raises ValueError for a bad fault or latency, one clear line.
        """
        self._clock, self._ahead_s = clock, 0.0
        self._hooks: list[dict[str, object]] = []
        dollars = Decimal(usd)
        balances = {"creatify": Decimal(creatify_credits), "fal": dollars, "runware": dollars}
        account = Account(self.now_s, born, by_provider(latency, render_s), draw, balances)
        self._shop = Shop(
            account,
            Faults(faults, self.now_s),
            new_id,
            Hooks(account),
            answer_lag_s=answer_lag_s,
            output_extra_s=Decimal(output_extra_s),
            billing_lag_s=billing_lag_s,
            fal_unit=fal_unit,
            fal_price_480p=Decimal(fal_price_480p),
        )
        self._sellers: Mapping[str, Seller] = {
            "fal": fal.Fal(self._shop),
            "runware": runware.Runware(self._shop),
            "creatify": creatify.Creatify(self._shop),
        }
        self._doors = Doors({**{name: seller.doors() for name, seller in self._sellers.items()}, "": self._own()})

    def known_as(self, hosts: Iterable[str]) -> None:
        """All addresses of ours, such as http://127.0.0.1:4321: an upload may be named by any of them."""
        self.files.hosts = tuple(hosts)

    def answer(self, ask: Ask) -> Answer:
        """What comes back. What befalls it on its way (`lag_s`, `slow_s`, `cut`) is for the caller to do."""
        visit = self._visit(ask)
        if isinstance(visit, Answer):
            return visit
        if visit.seller is None:
            return visit.handler(visit.ask)
        submits = visit.call == "submit"
        if self.is_down(visit.provider):
            return DOWN
        if submits:
            self._shop.account.knock()
        stopped = self._strike(visit, "request", "instead")
        if stopped is not None:
            return instead(stopped, visit.refusal, self._shop.account.when(self.now_s()))
        answer = visit.handler(visit.ask)
        if submits and answer.status >= 300:
            return answer
        fault = self._strike(visit, "reply")
        if fault is not None:
            answer = spoilt(fault, answer, visit.refusal)
        return replace(answer, lag_s=answer.lag_s + self._shop.answer_lag_s) if submits else answer

    def interrupt(self, ask: Ask) -> Answer | None:
        """For a request of which only this much of the body has arrived: the reset that stops it here, if one does."""
        visit = self._visit(ask)
        if isinstance(visit, Answer) or visit.seller is None:
            return None
        fault = self._strike(visit, "request")
        if fault is None:
            return None
        if visit.call == "submit":
            self._shop.account.knock()
        return instead(fault, visit.refusal, self._shop.account.when(self.now_s()))

    def _visit(self, ask: Ask) -> "Visit | Answer":
        found = self._doors.find(ask)
        if isinstance(found, Answer):
            return found
        provider, door, parts = found
        if parts:
            ask = Ask(ask.method, ask.path, ask.query, ask.headers, ask.body, ask.host, parts)
        provider = door.provider or provider or parts.get("provider", "")
        seller = self._sellers.get(provider)
        call = door.call or ("" if seller is None else seller.call(ask))
        return Visit(ask, door.handler, call, provider, seller)

    def _strike(self, visit: "Visit", *phases: Phase) -> Fault | None:
        return self._shop.faults.strike(phases, visit.provider, visit.call, lambda: self._about(visit))

    def _about(self, visit: "Visit") -> str:
        """Where TEXT is looked for: in the request, and in the submit of the job it is about."""
        name = "" if visit.seller is None else visit.seller.job_of(visit.ask)
        job = self._shop.account.find(visit.provider, name)
        return f"{seen(visit.ask)} {'' if job is None else job.text}"

    def greet(self, provider: str) -> Literal["refused", "reset"] | None:
        """What befalls a new connection to this provider before a byte is read. None: it is taken.

        Asked by whoever makes connections; `answer` does not.
        """
        if self.is_down(provider):
            return "refused"
        fault = self._shop.faults.strike(("connect",), provider, "submit", str)
        return None if fault is None else "reset"

    def is_down(self, provider: str) -> bool:
        """Whether this provider takes no connections now."""
        return self._shop.faults.down(provider)

    def due_hooks(self) -> tuple[Hook, ...]:
        """The webhooks to send by now, in this order; each is told once."""
        return self._shop.hooks.due()

    def note_hook(self, hook: Hook, outcome: str) -> None:
        """Keep what became of a webhook that was sent, for GET /_hooks."""
        at = self._shop.account.when(self.now_s()).isoformat()
        told = {"provider": hook.provider, "job": hook.job, "url": hook.url, "body": hook.body.decode()}
        self._hooks.append({**told, "at": at, "outcome": outcome})

    def hooks(self) -> list[dict[str, object]]:
        """What became of each webhook, in the order they were sent: the same as GET /_hooks."""
        return list(self._hooks)

    def next_hook_s(self) -> float | None:
        """When the next webhook is due, on the clock of `now_s`. None: none is to come."""
        return self._shop.hooks.next_s()

    def now_s(self) -> float:
        """The clock, with what `advance` added."""
        return self._clock() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let time pass at once: renders, bills and webhooks come due. Raises ValueError when it would run back."""
        if not 0 <= seconds <= AHEAD_S_MAX:
            raise ValueError(f"the clock can go on by 0 to {AHEAD_S_MAX} s, not {seconds:g}")
        self._ahead_s += seconds

    def bill(self) -> dict[str, object]:
        """What was truly billed until now; amounts are decimal strings."""
        return self._shop.account.bill()

    def balance(self, provider: str) -> Decimal:
        """What is left at this provider, in USD or credits."""
        return self._shop.account.balance(provider)

    def add_fault(self, spec: str) -> None:
        """One more fault from now on. Raises ValueError."""
        self._shop.faults.add(spec)

    @property
    def files(self) -> Files:
        """What clients uploaded."""
        return self._shop.files

    def _own(self) -> tuple[Door, ...]:
        return (
            Door("PUT", "/files/{name}", self._put, "upload", "fal"),
            Door("GET", "/files/{name}", self._get),
            Door("GET", "/outputs/{provider}/{name}", self._clip, "download"),
            Door("GET", "/_bill", lambda _: said(200, self.bill())),
            Door("GET", "/_hooks", lambda _: said(200, self.hooks())),
            Door("GET", "/_clock", lambda _: self._time()),
            Door("POST", "/_clock", self._pass),
        )

    def _put(self, ask: Ask) -> Answer:
        self.files.put(ask.parts["name"], ask.body)
        return Answer(200)

    def _get(self, ask: Ask) -> Answer:
        data = self.files.get(ask.parts["name"])
        if data is None:
            return said(404, {"detail": "no such file"})
        return Answer(200, data, kind="application/octet-stream")

    def _clip(self, ask: Ask) -> Answer:
        """The whole clip, or from a byte on where Range asks for it."""
        if ask.parts["provider"] not in self._sellers:
            return said(404, {"detail": "no such file"})
        wanted = re.fullmatch(r"bytes=([0-9]{1,9})-", ask.headers.get("range", ""))
        if wanted is None:
            return Answer(200, CLIP, {"accept-ranges": "bytes"}, kind="video/mp4")
        start, size = int(wanted[1]), len(CLIP)
        if start >= size:
            return Answer(416, headers={"content-range": f"bytes */{size}"}, kind="video/mp4")
        return Answer(206, CLIP[start:], {"content-range": f"bytes {start}-{size - 1}/{size}"}, kind="video/mp4")

    def _time(self) -> Answer:
        now = self._shop.account.when(self.now_s())
        return said(200, {"now": now.isoformat(), "ahead_s": Decimal(str(self._ahead_s))})

    def _pass(self, ask: Ask) -> Answer:
        """?advance=SECONDS."""
        text = ask.one("advance") or ""
        seconds = Decimal(text) if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,6})?", text) else None
        if seconds is None or seconds > AHEAD_S_MAX:
            return said(400, {"detail": f"advance must be seconds from 0 to {AHEAD_S_MAX}, not {text!r}"})
        self.advance(float(seconds))
        return self._time()


def environment(host: str, hosts: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The variables with which the adapters talk to a market at `host`: keys and base addresses.

    `hosts` names a provider's own address, where it has one.
    """
    at = {name: (hosts or {}).get(name, host) for name in PROVIDERS}
    return {
        "FAL_KEY": fal_platform.KEY,
        "FAL_ADMIN_KEY": fal_platform.ADMIN_KEY,
        "RUNWARE_API_KEY": runware_tasks.KEY,
        "CREATIFY_API_ID": creatify.API_ID,
        "CREATIFY_API_KEY": creatify.API_KEY,
        "FAREGATE_FAL_QUEUE_URL": f"{at['fal']}/fal/queue",
        "FAREGATE_FAL_API_URL": f"{at['fal']}/fal/api/v1",
        "FAREGATE_FAL_REST_URL": f"{at['fal']}/fal/rest",
        "FAREGATE_RUNWARE_URL": f"{at['runware']}/runware/v1",
        "FAREGATE_CREATIFY_URL": f"{at['creatify']}/creatify",
    }
