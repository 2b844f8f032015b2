"""The account: every accepted job and what it truly cost, by the sandbox's own arithmetic. Never pricing's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from heapq import heappop, heappush

from .faults import UNSTRUCK, Struck
from .latency import Draw, Latency
from .wire import NO_HEADERS, plain

CREDIT = "creatify-credit"
FAILING = {
    "rejected": "rejected",
    "credits-gone": "credits",
    "fail-422": "content",
    "fail": "render",
    "bill-failed": "render",
    "late-bill": "render",
}
"""Faults that make a job fail, and how it then fails; the first counts."""
PRICE_STEP = Decimal("1.25")
NEVER_S = 10.0**9


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the true bill. Below zero: a refund."""

    at_s: float
    amount: Decimal
    what: str
    """render, debit, refund, double, failed, late, cancelled."""


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
    struck: Struck = field(default_factory=lambda: UNSTRUCK)
    facts: Mapping[str, object] = field(default_factory=lambda: NO_HEADERS)
    """The caller's own fields, to echo."""
    failure: str = ""
    """How it will fail, if it will: media, render, content, rejected, credits."""
    host: str = ""
    """How its client reached us."""
    text: str = ""
    """Its submit's body."""
    hooked: bool = False
    """Whether its client asked for webhooks."""
    level: Decimal = Decimal(1)
    """By how much the prices it met were above the published ones."""
    accepted_s: float = 0.0
    queue_s: float = 0.0
    """From acceptance until it starts."""
    render_s: float = 0.0
    """From acceptance until it ends."""
    cancelled: bool = False
    serial: int = 0
    counted: Decimal = Decimal(0)
    """How much of it the account's balance counts already."""
    _final: Decimal | None = None

    @property
    def ends_s(self) -> float:
        return self.accepted_s + self.render_s

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

    @property
    def failed_results(self) -> int:
        """How many results fail: the last ones."""
        if self.failure:
            return self.results
        return min(self.results, int(self.struck.get("partial") or 0))

    def share(self, now_s: float) -> float:
        """How much of its time is over, 0 to 1."""
        gone_s = now_s - self.accepted_s
        return 1.0 if gone_s >= self.render_s else gone_s / self.render_s

    def state(self, now_s: float) -> str:
        """cancelled, queued, running, failed or done."""
        if self.cancelled:
            return "cancelled"
        gone_s = now_s - self.accepted_s
        if gone_s < self.render_s:
            return "queued" if gone_s < self.queue_s else "running"
        return "failed" if self.failed_results == self.results else "done"

    def ended(self, now_s: float) -> int:
        """How many results have ended, well or not: several come one after another."""
        return 0 if self.cancelled else int(self.share(now_s) * self.results)

    def finished(self, now_s: float) -> int:
        """How many results are delivered."""
        return min(self.ended(now_s), self.results - self.failed_results)

    def result_s(self, index: int) -> float:
        """When this result ends."""
        return self.accepted_s + self.render_s * (index + 1) / self.results

    def rows(self) -> tuple[Row, ...]:
        """Its whole bill, what is still to come too, in order of time."""
        return tuple(sorted(self._prepaid() if self.prepaid else self._postpaid(), key=lambda row: row.at_s))

    def _postpaid(self) -> list[Row]:
        if self.cancelled:
            return [Row(self.ends_s, self.price, "cancelled")] if "cancel-billed" in self.struck else []
        good = self.results - self.failed_results
        rows = [Row(self.result_s(index), self.price, "render") for index in range(good)]
        if self.failed_results and "bill-failed" in self.struck:
            rows += [Row(self.ends_s, self.price, "failed")] * self.failed_results
        elif self.failed_results and "late-bill" in self.struck:
            late_s = self.ends_s + float(self.struck["late-bill"] or 0)
            rows += [Row(late_s, self.price, "late")] * self.failed_results
        elif self.failure == "content" and self.provider == "fal":
            rows.append(Row(self.ends_s, self.price, "failed"))
        if "double-bill" in self.struck:
            rows += [Row(row.at_s, row.amount, "double") for row in rows]
        return rows

    def _prepaid(self) -> list[Row]:
        whole = self.price * self.results
        rows = [Row(self.accepted_s, whole, "debit")]
        if "double-bill" in self.struck:
            rows.append(Row(self.accepted_s, whole, "double"))
        if self.failure and "bill-failed" not in self.struck:
            rows += [Row(self.ends_s, -row.amount, "refund") for row in rows]
            if "late-bill" in self.struck:
                rows.append(Row(self.ends_s + float(self.struck["late-bill"] or 0), whole, "late"))
        return rows

    def amount(self, now_s: float) -> Decimal:
        """What it has truly cost until now."""
        if self._final is not None:
            return self._final
        rows = self.rows()
        total = sum((row.amount for row in rows if row.at_s <= now_s), Decimal(0))
        if self.state(now_s) in ("done", "failed") and (not rows or rows[-1].at_s <= now_s):
            self._final = total
        return total


@dataclass(slots=True)
class Account:
    """All jobs in the order they were accepted, and every price they met."""

    clock: Callable[[], float]
    """Seconds from anywhere, never backwards."""
    born: datetime
    """What the clock says now, as a date (aware, UTC)."""
    latencies: Mapping[str, Latency]
    draw: Draw = lambda: 0.5
    balances: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    """What each provider holds of the client's to begin with: Creatify in credits, the others in USD."""
    submits: int = 0
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict[tuple[str, str], Job])
    _of: dict[str, list[Job]] = field(default_factory=dict[str, list[Job]])
    _waking: dict[str, list[tuple[float, int, Job]]] = field(default_factory=dict[str, list[tuple[float, int, Job]]])
    """When a row of a job falls due that `_spent` does not count yet, soonest first."""
    _spent: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    _rises: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    _born_s: float = 0.0

    def __post_init__(self) -> None:
        self._born_s = self.clock()

    def knock(self) -> None:
        """A submit reached the provider, whatever becomes of it."""
        self.submits += 1

    def accept(self, job: Job) -> Job:
        """Take it in, with all that its faults do to its time, its end and the prices."""
        now_s, struck = self.clock(), job.struck
        job.accepted_s, job.serial = now_s, len(self.jobs)
        job.queue_s, job.render_s = self.latencies[job.provider].times(job.seconds, self.draw)
        if "render" in struck or "stuck" in struck or "hook-early" in struck:
            job.render_s = NEVER_S if "stuck" in struck else float(struck.get("render") or 0)
            job.queue_s = 0.0 if "stuck" in struck else job.render_s / 5
        job.failure = job.failure or next((how for kind, how in FAILING.items() if kind in struck), "")
        if "price-rise" in struck:
            self._rises.append((job.provider, now_s))
        if "price-later" in struck:
            self._rises.append((job.provider, job.ends_s))
        job.level = self.level(job.provider)
        job.rate *= job.level
        self.jobs[job.provider, job.id] = job
        self._of.setdefault(job.provider, []).append(job)
        waking = self._waking.setdefault(job.provider, [])
        for number, row in enumerate(job.rows()):
            heappush(waking, (row.at_s, job.serial * 16 + number, job))
        return job

    def level(self, provider: str) -> Decimal:
        """By how much this provider's prices are above the published ones now, as a factor."""
        if not self._rises:
            return Decimal(1)
        now_s = self.clock()
        return PRICE_STEP ** sum(1 for who, at_s in self._rises if who == provider and at_s <= now_s)

    def find(self, provider: str, job: str) -> Job | None:
        return self.jobs.get((provider, job))

    def of(self, provider: str) -> tuple[Job, ...]:
        """Newest first."""
        return tuple(reversed(self._of.get(provider, ())))

    def when(self, at_s: float) -> datetime:
        """The account's clock as a date (UTC)."""
        return self.born + timedelta(seconds=at_s - self._born_s)

    def balance(self, provider: str) -> Decimal:
        """What is left at this provider."""
        now_s, waking = self.clock(), self._waking.setdefault(provider, [])
        spent = self._spent.get(provider, Decimal(0))
        while waking and waking[0][0] <= now_s:
            job = heappop(waking)[2]
            amount = job.amount(now_s)
            spent, job.counted = spent + amount - job.counted, amount
        self._spent[provider] = spent
        return self.balances.get(provider, Decimal(10_000)) - spent

    def bill(self) -> dict[str, object]:
        """What was truly billed until now; amounts are decimal strings."""
        jobs, now_s = tuple(self.jobs.values()), self.clock()
        return {
            "total": {currency: _total(jobs, currency, now_s) for currency in ("USD", CREDIT)},
            "jobs": [self._told(job, now_s) for job in jobs],
            "submits": self.submits,
            "accepted": len(jobs),
        }

    def _told(self, job: Job, now_s: float) -> dict[str, object]:
        amount = job.amount(now_s)
        rows = [row for row in job.rows() if row.at_s <= now_s]
        return {
            "provider": job.provider,
            "id": job.id,
            "attempt": job.attempt,
            "model": job.model,
            "status": job.state(now_s),
            "billed_seconds": plain(job.billed_seconds) if amount else "0",
            "amount": plain(amount),
            "currency": job.currency,
            "results": job.finished(now_s),
            "accepted_at": self.when(job.accepted_s).isoformat(),
            "faults": sorted(job.struck),
            "billed": [
                {"at": self.when(row.at_s).isoformat(), "amount": plain(row.amount), "what": row.what} for row in rows
            ],
        }


def _total(jobs: Iterable[Job], currency: str, now_s: float) -> str:
    return plain(sum((job.amount(now_s) for job in jobs if job.currency == currency), Decimal(0)))
