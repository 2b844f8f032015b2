"""What a provider says it charged: lines and statements, alike for every source. Values only."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pricing import Money

LineKind = Literal["usage", "refund", "purchase", "tax", "fee", "discount", "adjustment"]
KINDS: tuple[LineKind, ...] = ("usage", "refund", "purchase", "tax", "fee", "discount", "adjustment")
Source = Literal["fal-billing-events", "fal-usage", "runware-usage", "creatify-jobs", "csv", "focus"]
SOURCES: tuple[Source, ...] = ("fal-billing-events", "fal-usage", "runware-usage", "creatify-jobs", "csv", "focus")
NANOS = 1_000_000_000
Period = tuple[date, date]
"""First day, first day after."""
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
"""No bill is of a day before the one, or of the other or later: such a date is a slip, and would never fall due."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a bill."""

    provider: str
    source: Source
    key: str
    """Its identity at its source: the same key again is the same line."""
    kind: LineKind
    amount: Money
    """As billed; negative: given back."""
    charged_at: datetime | None
    """Aware, UTC. None: only the period is known."""
    period: Period
    provider_job: str | None = None
    attempt: str | None = None
    """Our own attempt's id, where the provider echoes it."""
    sku: str = ""
    """The provider's own words for what was sold: the part of our offer's id after the provider."""
    quantity: Decimal | None = None
    unit: str = ""
    """Empty: the provider does not say what it counts."""
    unit_price: Decimal | None = None
    list_amount: Money | None = None
    """Before discounts."""
    credit_value: Fraction | None = None
    """Dollars per credit, where the line says it."""
    invoice: str | None = None
    """With one it is a line of an invoice (evidence "invoice"), else a "billing_event"."""
    revision: int = 0
    raw: str = ""
    """The line as it came, JSON."""
    aggregate: bool = False
    """Whether it sums many charges, so that no job can be told."""
    count: int | None = None
    """How many charges an aggregate sums; None: it does not say."""
    priced: Money | None = None
    """The same charge in the currency its price is in, where it was billed in another."""

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("a line needs a key: without one, importing twice would charge twice")
        if self.charged_at is not None and self.charged_at.utcoffset() is None:
            raise ValueError(f"{self.charged_at.isoformat()} names no time zone; give an aware datetime")
        if not self.period[0] < self.period[1]:
            raise ValueError(f"a period runs from its first day to the first day after, not {self.period}")

    @property
    def worth(self) -> tuple[tuple[str, int], ...]:
        """All that sums may be made of: currencies with nanos, which may be more than money can be."""
        amounts = [(one.currency, one.nanos) for one in (self.amount, self.priced) if one is not None]
        value = [] if self.credit_value is None else [("USD", round(self.amount.nanos * self.credit_value))]
        return (*amounts, *value)

    @property
    def day(self) -> date:
        """The day it was charged, else the first of its period."""
        return self.period[0] if self.charged_at is None else self.charged_at.date()


@dataclass(frozen=True, slots=True)
class Statement:
    """What one provider said at one time about one period."""

    provider: str
    source: Source
    period: Period
    lines: tuple[StatementLine, ...]
    complete: bool
    """Whether no line of the period is missing: only then does a gap mean that nothing was billed."""
    fetched_at: datetime
    cursor: str | None = None
    """Where the next page begins, of a statement that stopped early."""
    per_job: bool = True
    """Whether its source names jobs at all; false: sums only."""
