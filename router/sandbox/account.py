"""The account: every accepted job and what it truly cost, by the sandbox's own arithmetic. Never pricing's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType

from .wire import plain

CREDIT = "creatify-credit"
NO_FACTS: Mapping[str, object] = MappingProxyType({})


@dataclass(slots=True)
class Job:
    """One accepted job. Times are seconds of the account's clock; prices are per started `step` seconds."""

    provider: str
    id: str
    model: str
    seconds: Decimal
    rate: Decimal
    currency: str = "USD"
    step: int = 1
    results: int = 1
    attempt: str | None = None
    """The name the caller gave it, where the provider has one."""
    prepaid: bool = False
    """Debited at creation and refunded when it fails, rather than billed when done."""
    struck: frozenset[str] = frozenset()
    facts: Mapping[str, object] = field(default_factory=lambda: NO_FACTS)
    """The caller's own fields, to echo."""
    failure: str = ""
    """Why it will fail, if it will."""
    accepted_s: float = 0.0
    render_s: float = 0.0
    cancelled: bool = False
    serial: int = 0

    @property
    def billed_seconds(self) -> Decimal:
        """Of each result, rounded up to the whole step."""
        extra = 1 if "extra-second" in self.struck else 0
        steps = ((self.seconds + extra) / self.step).to_integral_value(ROUND_CEILING)
        return steps * self.step

    @property
    def price(self) -> Decimal:
        """Of each result."""
        return self.billed_seconds / self.step * self.rate

    def share(self, now_s: float) -> float:
        """How much of the rendering time is over, 0 to 1."""
        gone_s = now_s - self.accepted_s
        return 1.0 if gone_s >= self.render_s else gone_s / self.render_s

    def state(self, now_s: float) -> str:
        """cancelled, queued, running, failed or done."""
        if self.cancelled:
            return "cancelled"
        share = self.share(now_s)
        if share < 1:
            return "queued" if share < 0.2 else "running"
        return "failed" if self.failure else "done"

    def finished(self, now_s: float) -> int:
        """How many results are delivered: several results come one after another."""
        if self.failure or self.cancelled:
            return 0
        return int(self.share(now_s) * self.results)

    def amount(self, now_s: float) -> Decimal:
        """What it has truly cost until now."""
        if self.prepaid:
            return Decimal(0) if self.state(now_s) in ("failed", "cancelled") else self.price * self.results
        return self.price * self.finished(now_s)


@dataclass(slots=True)
class Account:
    """All jobs in the order they were accepted."""

    clock: Callable[[], float]
    """Seconds from anywhere, never backwards."""
    born: datetime
    """What the clock says now, as a date (aware, UTC)."""
    render_s: float = 0.3
    credits: Decimal = Decimal(10_000)
    """Creatify's balance to begin with."""
    submits: int = 0
    _jobs: dict[tuple[str, str], Job] = field(default_factory=dict[tuple[str, str], Job])
    _born_s: float = 0.0

    def __post_init__(self) -> None:
        self._born_s = self.clock()

    def knock(self) -> None:
        """A submit reached the provider, whatever becomes of it."""
        self.submits += 1

    def accept(self, job: Job) -> Job:
        job.accepted_s, job.render_s, job.serial = self.clock(), self.render_s, len(self._jobs)
        if "fail" in job.struck:
            job.failure = "the render failed"
        self._jobs[job.provider, job.id] = job
        return job

    def find(self, provider: str, job: str) -> Job | None:
        return self._jobs.get((provider, job))

    def of(self, provider: str) -> tuple[Job, ...]:
        """Newest first."""
        return tuple(job for job in reversed(self._jobs.values()) if job.provider == provider)

    def when(self, at_s: float) -> datetime:
        """The account's clock as a date (UTC)."""
        return self.born + timedelta(seconds=at_s - self._born_s)

    def remaining_credits(self) -> Decimal:
        now_s = self.clock()
        return self.credits - sum((job.amount(now_s) for job in self.of("creatify")), Decimal(0))

    def bill(self) -> dict[str, object]:
        """What was truly billed until now; amounts are decimal strings."""
        jobs, now_s = tuple(self._jobs.values()), self.clock()
        return {
            "total": {currency: _total(jobs, currency, now_s) for currency in ("USD", CREDIT)},
            "jobs": [_row(job, now_s) for job in jobs],
            "submits": self.submits,
            "accepted": len(jobs),
        }


def _total(jobs: Iterable[Job], currency: str, now_s: float) -> str:
    return plain(sum((job.amount(now_s) for job in jobs if job.currency == currency), Decimal(0)))


def _row(job: Job, now_s: float) -> dict[str, object]:
    state = job.state(now_s)
    amount = job.amount(now_s)
    return {
        "provider": job.provider,
        "id": job.id,
        "attempt": job.attempt,
        "model": job.model,
        "status": state,
        "billed_seconds": plain(job.billed_seconds) if amount else "0",
        "amount": plain(amount),
        "currency": job.currency,
        "results": job.finished(now_s),
    }
