"""What reconciling takes and answers: claims, rows, breaks, totals. Values only; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal, get_args

from pricing import Money, Span

from ..statement.lines import StatementLine

Cause = Literal[
    "duplicate",
    "missing_invoice",
    "unknown_charge",
    "late_charge_after_release",
    "wrong_period",
    "quantity",
    "unit_price",
    "discount_or_plan",
    "credit_rate",
    "fx",
    "tax_or_fee",
    "minimum_or_block_rounding",
    "rounding",
    "partial_failure_refund",
    "unexplained",
    "none",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)[:-1]
"""In the order in which they are asked; the first that applies is the one."""
Subject = Literal["job", "line", "aggregate", "control"]
Standing = Literal["agrees", "tolerated", "pending", "uncovered", "break"]
BreakStatus = Literal["pending", "open", "accepted", "adjusted", "disputed", "closed"]
Verdict = Literal["accepted", "adjusted", "disputed"]


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """One line of the quote that an attempt was begun with: quantity × unit price, exactly."""

    quantity: Fraction
    unit: str
    unit_price: Fraction
    """In the provider's currency."""
    step: Fraction = Fraction(1)
    """What the quantity is counted in."""
    minimum: Fraction | None = None
    """The least that is charged, in the provider's currency; None: no minimum is known."""
    other_prices: tuple[Fraction, ...] = ()
    """Further published prices of the same unit: contested ones."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One of our attempts as the ledger has it. Native: in the currency the provider sells in."""

    job: str
    attempt: str
    provider: str
    provider_job: str | None
    offer: str
    settings: Mapping[str, str]
    scope: str
    state: str
    outcome: str | None
    outputs_asked: int
    delivered: int
    quoted: Span
    """Native."""
    quoted_lines: tuple[QuotedLine, ...]
    held: Money
    """In the budget's currency."""
    reported: Money | None
    """Native: the best amount the provider reported itself; None: it said nothing."""
    posted: Money | None
    """Native; None: nothing was posted."""
    rate: Fraction
    """Budget currency per native unit, as the ledger took it."""
    submitted_at: datetime
    settled_at: datetime | None = None
    released_at: datetime | None = None

    @property
    def sku(self) -> str:
        """The provider's own id of the offer."""
        return self.offer.removeprefix(f"{self.provider}/")

    @property
    def ended_at(self) -> datetime:
        return self.settled_at or self.released_at or self.submitted_at

    @property
    def owed(self) -> Money:
        """What our books say is owed: what was posted, else nothing."""
        return Money.zero(self.quoted.currency) if self.posted is None else self.posted


@dataclass(frozen=True, slots=True)
class Parts:
    """A difference by what moved it, in the budget's currency. The four sum to the total, always."""

    quantity: Money
    """(q₁ − q₀) · p₀ · r₀"""
    price: Money
    """q₁ · (p₁ − p₀) · r₀"""
    rate: Money
    """q₁ · p₁ · (r₁ − r₀)"""
    remainder: Money
    """What is no product of the three: taxes, discounts, minima, and the rounding of each part to nanos."""
    total: Money

    def as_json(self) -> dict[str, dict[str, str]]:
        names = ("quantity", "price", "rate", "remainder", "total")
        return {name: getattr(self, name).as_json() for name in names}


@dataclass(frozen=True, slots=True)
class JobMatch:
    """A row of the reconciliation: one attempt, one line that fits none, or one sum of a provider's usage."""

    subject: Subject
    """A control is a sum beside lines that name the jobs: it is shown, and not counted again."""
    provider: str
    sku: str
    month: str
    """2026-11: of our job; of a line without one, the line's."""
    billed_month: str
    """Where the lines are: another one only for `wrong_period`."""
    job: str | None
    attempt: str | None
    offer: str
    jobs: int
    """How many of our attempts it covers."""
    quoted: Money | None
    """Native, as are the next four; None: there was no quote."""
    reported: Money | None
    posted: Money
    invoiced: Money | None
    """None: no line is there."""
    variance: Money
    """invoiced − posted."""
    held: Money | None
    """In the budget's currency."""
    cause: Cause
    amount: Money
    """What the cause is about: the variance; for `credit_rate` and `fx` the difference in the budget's currency, for
    `wrong_period` what stands in the wrong month."""
    why: str
    """The evidence in one line."""
    evidence: tuple[str, ...]
    """Keys of the lines that were counted."""
    besides: tuple[str, ...]
    """Keys of lines that weaker sources had for the same job: not counted again."""
    parts: Parts | None
    expected_by: datetime
    """When both sides should be known."""
    standing: Standing
    suggestion: str = ""
    """What it might belong to, or what to do; never acted upon."""

    def as_json(self) -> dict[str, object]:
        return {
            "job": self.job,
            "attempt": self.attempt,
            "subject": self.subject,
            "provider": self.provider,
            "offer": self.offer,
            "sku": self.sku,
            "month": self.month,
            "quoted": None if self.quoted is None else self.quoted.as_json(),
            "held": None if self.held is None else self.held.as_json(),
            "reported": None if self.reported is None else self.reported.as_json(),
            "posted": self.posted.as_json(),
            "invoiced": None if self.invoiced is None else self.invoiced.as_json(),
            "variance": self.variance.as_json(),
            "cause": self.cause,
            "amount": self.amount.as_json(),
            "why": self.why,
            "evidence": list(self.evidence),
            "parts": None if self.parts is None else self.parts.as_json(),
            "standing": self.standing,
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said about a break: a fact with an author. It holds for the evidence it was said of."""

    break_id: str
    verdict: Verdict
    author: str
    note: str
    at: datetime
    fingerprint: str
    """Of the break as it was then."""


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that somebody has to look at. It stays until new evidence or a person ends it."""

    id: str
    """Stable: of provider, kind, job or line, and month."""
    kind: Cause
    provider: str
    job: str | None
    amount: Money
    expected_by: datetime
    age_days: int
    """Since `expected_by`; 0 before it."""
    status: BreakStatus
    evidence: tuple[str, ...]
    suggestion: str
    why: str
    fingerprint: str
    """Changes when the amount or the evidence does: a person's word on the old one then no longer counts."""
    month: str
    word: Word | None = None
    """The last one said; with status `open`, said of other evidence: it was reopened."""

    @property
    def bucket(self) -> str:
        """Its age: 0–2, 3–7, 8–30, 31–60 or 60+ days."""
        return next(name for name, most in BUCKETS if self.age_days <= most)

    @property
    def reopened(self) -> bool:
        return self.word is not None and self.status == "open"

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "kind": self.kind,
            "provider": self.provider,
            "job": self.job,
            "month": self.month,
            "amount": self.amount.as_json(),
            "expected_by": self.expected_by.isoformat(),
            "age_days": self.age_days,
            "bucket": self.bucket,
            "status": self.status,
            "reopened": self.reopened,
            "why": self.why,
            "evidence": list(self.evidence),
            "suggestion": self.suggestion,
        }


BUCKETS: tuple[tuple[str, int], ...] = (("0–2", 2), ("3–7", 7), ("8–30", 30), ("31–60", 60), ("60+", 10**9))


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Below both bounds a difference of a known job is tolerated: shown and summed, but no break."""

    absolute_nanos: int = 10_000_000
    """Of the native currency: a cent, or a hundredth of a credit."""
    percent: Fraction = Fraction(1)
    """Of what was posted."""
    count: int = 1_000
    """So many in a provider's month; with more of them, their sum is a break."""

    def hold(self, variance_nanos: int, posted_nanos: int) -> bool:
        size = abs(variance_nanos)
        return size <= self.absolute_nanos and size * 100 <= self.percent * abs(posted_nanos)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of rows of one provider and currency. Controls are not among them."""

    provider: str
    currency: str
    key: str
    """The month, the SKU, or nothing."""
    jobs: int
    quoted: Money
    held: tuple[Money, ...]
    """One for each budget currency."""
    reported: Money
    posted: Money
    invoiced: Money
    variance: Money
    """invoiced − posted, exactly."""
    tolerated: Money
    """The part of the variance that was tolerated: a systematic half-cent shows here."""
    tolerated_count: int
    pending: Money
    """The part that is not due yet, or that no statement covers."""

    def as_json(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "currency": self.currency,
            "key": self.key,
            "jobs": self.jobs,
            "held": [one.as_json() for one in self.held],
            "tolerated_count": self.tolerated_count,
            **{name: getattr(self, name).as_json() for name in _SUMS},
        }


_SUMS = ("quoted", "reported", "posted", "invoiced", "variance", "tolerated", "pending")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Everything that follows from the claims and the statements."""

    at: datetime
    jobs: tuple[JobMatch, ...]
    totals: tuple[Totals, ...]
    by_month: tuple[Totals, ...]
    by_sku: tuple[Totals, ...]
    breaks: tuple[Break, ...]
    purchases: tuple[StatementLine, ...]
    """Credits bought and the like: paid, but no job's cost."""

    @property
    def tolerated(self) -> tuple[Totals, ...]:
        """The sums of what was tolerated, a provider-month each."""
        return tuple(one for one in self.by_month if one.tolerated_count)

    @property
    def open(self) -> tuple[Break, ...]:
        return tuple(one for one in self.breaks if one.status == "open")

    def as_json(self) -> dict[str, object]:
        return {
            "jobs": [one.as_json() for one in self.jobs],
            "totals": [one.as_json() for one in self.totals],
            "by_month": [one.as_json() for one in self.by_month],
            "by_sku": [one.as_json() for one in self.by_sku],
            "breaks": [one.as_json() for one in self.breaks],
            "purchases": [{"key": one.key, "amount": one.amount.as_json()} for one in self.purchases],
        }
