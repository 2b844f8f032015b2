"""Credit plans: what a provider's credit is worth in dollars. Never converts silently: a quote shows it as a line."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from .errors import BadMoney, CurrencyMismatch
from .money import NANOS, Money, Rounding, rounded_ratio
from .source import Source


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """`credits` units of `currency` are sold for `price`."""

    id: str
    provider: str
    currency: str
    price: Money
    credits: Decimal
    source: Source
    self_serve: bool = True
    """Whether anyone can buy it; a negotiated plan is never assumed."""
    kind: Literal["subscription", "pack"] = "subscription"
    bonus: Decimal = Decimal(0)
    """Credits given on top."""
    expires_days: int | None = None
    overage: Money | None = None
    """What one credit beyond those of the plan costs."""

    def __post_init__(self) -> None:
        if not self.credits.is_finite() or self.credits <= 0 or self.bonus < 0 or self.price.nanos <= 0:
            raise BadMoney(f"plan {self.id} must sell more than nothing for more than nothing", value=str(self.credits))
        if self.price.currency == self.currency:
            raise BadMoney(f"plan {self.id} sells {self.currency} for itself", value=self.currency)

    @property
    def usd_per_credit(self) -> Fraction:
        """Exact, in units of the price's currency."""
        return Fraction(self.price.nanos, NANOS) / self.sold

    @property
    def sold(self) -> Fraction:
        """The credits, with the bonus."""
        return Fraction(self.credits) + Fraction(self.bonus)

    def convert(self, money: Money, mode: Rounding) -> Money:
        """The same value in the currency of the plan's price, rounded to nanos once."""
        if money.currency != self.currency:
            message = f"plan {self.id} converts {self.currency}, not {money.currency}"
            raise CurrencyMismatch(message, value=money.currency, limit=self.currency)
        top, bottom = self.sold.as_integer_ratio()
        nanos = rounded_ratio(money.nanos * self.price.nanos * bottom, NANOS * top, mode)
        return Money(nanos, self.price.currency)
