"""A provider that does what a test tells it, without HTTP: it fits `router.ports.Provider` and counts its submits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pricing import Money, usd
from router.errors import ProviderError
from router.ports import Provider, Talk
from router.talk import Cost, Order, Probe, Progress, Submission, Ticket

T = TypeVar("T")

ACCEPTED = Submission("accepted", "job-1", {"url": "x"})
REFUSED = Submission("refused", reason="HTTP 402: no money")
LOST = Submission("unknown", reason="the answer was lost")
RUNNING = Progress("running")


def done(cost: Money | None = None, delivered: int = 1) -> Progress:
    return Progress(
        "done",
        tuple(f"https://clips.example/{number}.mp4" for number in range(delivered)),
        delivered,
        None if cost is None else Cost(cost, "inline"),
    )


@dataclass
class Scripted:
    """Answers are taken in turn; the last one repeats."""

    name: str
    submits: list[Submission] = field(default_factory=lambda: [ACCEPTED])
    polls: list[Progress] = field(default_factory=lambda: [done(usd("0.70"))])
    probes: list[Probe] = field(default_factory=lambda: [Probe("absent")])
    stops: bool = False
    upload_fails: bool = False
    missing: str | None = None
    takes_files: bool = True
    proof_after_s: int | None = None
    proof_until_s: int = 86_400
    cost_expected_s: int = 0
    unsupported: str | None = None
    sent: list[Order] = field(default_factory=list[Order])
    asked: list[Ticket] = field(default_factory=list[Ticket])

    def check(self, order: Order) -> str | None:
        return self.unsupported

    def payload(self, order: Order) -> Mapping[str, object]:
        return {"image": order.image, "audio": order.audio, "attempt": order.attempt}

    def upload(self, path: Path, kind: Literal["image", "audio"]) -> Talk[str]:
        yield from ()
        if self.upload_fails:
            raise ProviderError(f"{self.name} did not take {path.name}")
        return f"https://{self.name}.example/{path.name}"

    def submit(self, order: Order) -> Talk[Submission]:
        yield from ()
        self.sent.append(order)
        return _turn(self.submits)

    def poll(self, ticket: Ticket) -> Talk[Progress]:
        yield from ()
        self.asked.append(ticket)
        return _turn(self.polls)

    def probe(self, ticket: Ticket, claimed: frozenset[str]) -> Talk[Probe]:
        yield from ()
        return _turn(self.probes)

    def cancel(self, ticket: Ticket) -> Talk[bool]:
        yield from ()
        return self.stops


def _turn(answers: list[T]) -> T:
    return answers.pop(0) if len(answers) > 1 else answers[0]


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self, now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


_fits: Provider = Scripted("fal")
