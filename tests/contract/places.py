"""Where the contract is tried: the sandbox, or the real services with real keys and a cap on what may be spent.

Live, by `pytest -m live tests/contract`, with the providers' keys in the environment and
    FAREGATE_LIVE_IMAGE, FAREGATE_LIVE_AUDIO   https addresses of a face and of a short voice track
    FAREGATE_LIVE_CAP                          the most to be spent in all, in USD; 1 if not given
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar, cast
from uuid import uuid4

import pytest

from pricing import Money, PriceBook, Quote, Usage, usd
from router.download import download
from router.estimate import measure
from router.ports import Provider, Talk
from router.providers import shipped
from router.sandbox import Sandbox
from router.talk import Order, Progress, Submission, Ticket, fingerprint
from router.transport import Http
from tests.router.talking import order as make_order

T = TypeVar("T")
AUDIO = Path(__file__).parent.parent / "audio"
PROVIDERS = ("fal", "runware", "creatify")
CHEAPEST: dict[str, tuple[str, dict[str, str]]] = {
    "fal": ("fal/fal-ai/creatify/aurora", {"resolution": "480p"}),
    "runware": ("runware/creatify:aurora@fast", {}),
    "creatify": ("creatify/aurora_v1_fast", {}),
}
KEYS = {
    "fal": ("FAL_KEY",),
    "runware": ("RUNWARE_API_KEY",),
    "creatify": ("CREATIFY_API_ID", "CREATIFY_API_KEY"),
}
MEDIA = ("FAREGATE_LIVE_IMAGE", "FAREGATE_LIVE_AUDIO")
ENVIRONMENT = dict(os.environ)
"""As pytest was started: no test sees keys in its environment, a live place has them from here."""


def ask(http: Http, talk: Talk[T]) -> T:
    """Hold a conversation over HTTP."""
    try:
        call = next(talk)
        while True:
            call = talk.send(http.perform(call))
    except StopIteration as stop:
        return cast("T", stop.value)


def ticket_of(provider: Provider, order: Order, submission: Submission) -> Ticket:
    return Ticket(
        order.attempt, order.offer, order.settings, order.outputs, submission.provider_job, submission.handle,
        fingerprint(provider.payload(order)), datetime.now(UTC),
    )  # fmt: skip


@dataclass
class Purse:
    """What the live tests may spend, and did: a quote's high is set aside first, and stays so until less is said."""

    cap: Money
    taken: Money = field(default_factory=lambda: usd("0"))
    lines: list[str] = field(default_factory=list[str])

    def take(self, what: str, quote: Quote) -> None:
        """Skips the test where the cap would be passed."""
        if self.taken + quote.usd.high > self.cap:
            self.lines.append(f"{what}: not made, {quote.usd.high} more than the cap of {self.cap} leaves")
            pytest.skip(self.lines[-1])
        self.taken += quote.usd.high
        self.lines.append(f"{what}: quoted {quote.expected}, at most {quote.usd.high}")

    def settle(self, what: str, quote: Quote, charged: Money | None) -> None:
        self.lines.append(f"{what}: charged {'nobody says what' if charged is None else charged}")
        if charged is not None and charged.currency == "USD":
            self.taken += charged - quote.usd.high


@dataclass
class Made:
    """A job that was made for the tests to look at."""

    order: Order
    submission: Submission
    progress: Progress
    ticket: Ticket


@dataclass
class Place:
    """One provider, at the sandbox or for real."""

    name: str
    provider: Provider
    http: Http
    env: Mapping[str, str]
    purse: Purse
    image: str
    audio: str
    seconds: Decimal
    live: bool
    webhook_url: str | None = None
    _made: Made | None = None

    @property
    def what(self) -> str:
        return f"{'live' if self.live else 'sandbox'}:{self.name}"

    def order(self, **changes: object) -> Order:
        offer, settings = CHEAPEST[self.name]
        values: dict[str, object] = {"settings": settings, "image": self.image, "audio": self.audio, **changes}
        return make_order(offer, attempt=str(uuid4()), **values)

    def quote(self) -> Quote:
        offer, settings = CHEAPEST[self.name]
        return PriceBook.shipped().quote(
            offer, Usage.audio(self.seconds), at=datetime.now(UTC).date(), settings=settings, outputs=1
        )

    def submit(self, order: Order) -> Submission:
        """Every submit is paid for out of the purse, also one that is to be refused."""
        self.purse.take(self.what, self.quote())
        return ask(self.http, self.provider.submit(order))

    def follow(self, ticket: Ticket, within_s: float = 900) -> Progress:
        until = time.monotonic() + within_s
        progress = ask(self.http, self.provider.poll(ticket))
        while progress.state not in ("done", "failed") and time.monotonic() < until:
            time.sleep(3 if self.live else 0.02)
            progress = ask(self.http, self.provider.poll(ticket))
        return progress

    def made(self) -> Made:
        """The one job that is made here, once for all tests."""
        if self._made is None:
            take = f"A person speaks to the camera, take {uuid4()}"  # or fal's history could not tell two runs apart
            order = self.order(webhook_url=self.webhook_url, prompt=take)
            assert self.provider.check(order) is None
            submission = self.submit(order)
            ticket = ticket_of(self.provider, order, submission)
            if submission.outcome == "accepted":
                progress = self.follow(ticket)
            else:
                progress = Progress("failed", reason=submission.reason)
            self._made = Made(order, submission, progress, ticket)
            cost = progress.cost
            self.purse.settle(self.what, self.quote(), None if cost is None else cost.amount)
        return self._made

    def wrong(self) -> Provider:
        """The same provider with keys that are none."""
        return shipped({**self.env, **dict.fromkeys(KEYS[self.name], "wrong-key-1234")})[self.name]


def at_sandbox(name: str, sandbox: Sandbox, http: Http, purse: Purse) -> Place:
    return Place(
        name, shipped(sandbox.env)[name], http, sandbox.env, purse, "https://media.example/face.jpg",
        "https://media.example/talk-9.4s.wav", Decimal("9.4"), live=False,
        webhook_url=f"https://app.example/hooks/a-secret-of-sixteen/{name}",
    )  # fmt: skip


def for_real(name: str, http: Http, purse: Purse, folder: Path) -> Place:
    """Skips, and says what is missing, unless keys and media are there."""
    provider = shipped(ENVIRONMENT)[name]
    lacking = [*filter(None, [provider.missing]), *(one for one in MEDIA if not ENVIRONMENT.get(one))]
    if lacking:
        line = f"live:{name}: nothing was asked, {', '.join(lacking)} must be set"
        purse.lines.append(line)
        pytest.skip(line)
    image, audio = (ENVIRONMENT[one] for one in MEDIA)
    file = download(audio, folder / f"{name}{Path(audio).suffix or '.mp3'}", max_bytes=20 * 2**20)
    return Place(
        name, provider, http, ENVIRONMENT, purse, image, audio, measure(file).seconds, live=True,
        webhook_url=ENVIRONMENT.get("FAREGATE_LIVE_WEBHOOK"),
    )  # fmt: skip


def live_purse() -> Purse:
    return Purse(usd(ENVIRONMENT.get("FAREGATE_LIVE_CAP") or "1"))


def without_job(ticket: Ticket) -> Ticket:
    """As it is known after an answer was lost."""
    return replace(ticket, provider_job=None, handle={})
