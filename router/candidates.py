"""What was weighed: an offer with settings that keeps every limit, or the first limit it breaks. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pricing import Quote

from .latency import Estimate
from .quality import Grade

Reason = Literal[
    "provider", "open_circuit", "unsupported", "resolution", "duration", "outputs", "price", "max_cost", "max_latency",
    "min_quality", "no_budget", "currency", "budget", "frozen", "closed", "credits", "no_key", "no_delivery",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer with settings that keeps every limit."""

    offer: str
    settings: Mapping[str, str]
    quote: Quote
    estimate: Estimate
    """How long it takes, at the policy's confidence, and where that is from."""
    grade: Grade
    """How good it is, and where that is from."""
    not_ready: str | None = None
    """None: ready to be used from here."""
    expiring: datetime | None = None
    """When the credits that can pay for it expire, where the policy would rather use those."""

    @property
    def latency_s(self) -> Decimal:
        """Seconds from the submit, at the policy's confidence."""
        return self.estimate.seconds

    @property
    def quality(self) -> Decimal | None:
        """0 to 1; None: unknown."""
        return self.grade.quality

    @property
    def provider(self) -> str:
        return self.offer.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate lost: the first limit it breaks, and by what."""

    offer: str
    settings: Mapping[str, str]
    reason: Reason
    bound: object
    """The limit as it was judged; `limit` in words."""
    found: object
    """What broke it; `value` in words."""
    quote: Quote | None = None

    @property
    def limit(self) -> str:
        return str(self.bound)

    @property
    def value(self) -> str:
        return str(self.found)
