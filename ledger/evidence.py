"""Who says what a job cost, and whom to believe. Pure: the answer depends on the set of observations, never on order.

Ranks: invoice line › billing event › inline cost › units × unit price › quote. Of the same rank the higher revision
wins, such as a refund, then a final one over one that is not, and of two equals the larger amount: a charge that was
counted too high is corrected by a revision, better evidence or a person, one counted too low would be forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from pricing import Money

Evidence = Literal["invoice", "billing_event", "inline", "units", "quote"]
Source = Literal["invoice", "billing_event", "inline", "units", "quote", "resolve"]
"""An evidence, or a person's verdict."""

RANKS: Mapping[str, int] = MappingProxyType({"quote": 0, "units": 1, "inline": 2, "billing_event": 3, "invoice": 4})
Channel = Literal["poll", "webhook", "billing", "invoice"]
CHANNELS: tuple[Channel, ...] = ("poll", "webhook", "billing", "invoice")
"""The ways in which something is said."""
MOST = 2**63 - 1
"""Nanos that a column can hold."""
TOO_MUCH = 2
"""Above this many times the quote's high, an amount is absurd."""
TOO_LITTLE = Fraction(1, 2)
"""Below this part of the quote's low, scaled to what was delivered, an amount is absurd."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an attempt was quoted, in the provider's currency, and what one unit of it is in the budget's."""

    low: Money
    expected: Money
    high: Money
    outputs: int
    budget_currency: str
    rate: Fraction
    """Budget currency per unit of the provider's: 1 when they are the same."""

    def in_budget(self, amount: Money) -> Money | None:
        """The amount in the budget's currency, rounded half-even once; None: it is of neither, or beyond all money."""
        if amount.currency == self.budget_currency:
            return amount
        if amount.currency != self.high.currency:
            return None
        return _kept(round(amount.nanos * self.rate), self.budget_currency)

    def in_native(self, amount: Money) -> Money | None:
        """The amount in the provider's currency; None: it is of neither, or beyond all money."""
        if amount.currency == self.high.currency:
            return amount
        if amount.currency != self.budget_currency:
            return None
        return _kept(round(amount.nanos / self.rate), self.high.currency)

    def absurd(self, amount: Money, delivered: int) -> bool:
        """Is this amount so far from the quote that a person has to look, say a mix-up of units?

        Zero for nothing delivered is evidence, not an outlier. An amount of a foreign currency always is one.
        """
        native = self.in_native(amount)
        if native is None or native.nanos < 0 or native.nanos > TOO_MUCH * self.high.nanos:
            return True
        part = TOO_LITTLE.numerator * self.low.nanos * min(delivered, self.outputs)  # whole numbers: each job is asked
        return native.nanos * TOO_LITTLE.denominator * self.outputs < part


@dataclass(frozen=True, slots=True)
class Observation:
    """Somebody said that an attempt cost this much."""

    seq: int
    """When it came in: matters only to tell what a person's verdict had in view."""
    source: Source
    amount: Money | None
    """None: it did not say, which is never zero."""
    final: bool
    delivered: int
    revision: int = 0
    """The provider's own count of its words, not ours."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What follows from all observations of one attempt."""

    posted: Observation | None
    """The best believable one: its amount is the charge."""
    parked: Observation | None
    """A better one that is absurd: waits for a person."""
    reported: Money | None
    """The best amount a provider reported, believable or not."""


def weigh(observations: Iterable[Observation], terms: Terms) -> Finding:
    """Fold what was said into a charge."""
    said = [one for one in observations if one.amount is not None or one.source == "resolve"]
    reported = best([one for one in said if one.source not in ("resolve", "quote")])
    verdict = max((one for one in said if one.source == "resolve"), key=lambda one: one.seq, default=None)
    if verdict is not None:
        said = _since(said, verdict)
    sane = [one for one in said if one.source == "quote" or not _absurd(one, terms)]
    posted = best(sane) or (verdict if verdict is not None and verdict.amount is not None else None)
    top = best(said)
    parked = top if top is not None and top not in sane else None
    return Finding(posted, parked, None if reported is None else reported.amount)


def best(observations: Sequence[Observation]) -> Observation | None:
    """The one to believe: by rank, then revision, then final before not, then the larger amount."""
    return max(observations, key=_weight, default=None)


def _kept(nanos: int, currency: str) -> Money | None:
    return Money(nanos, currency) if -MOST <= nanos <= MOST else None


def _weight(one: Observation) -> tuple[int, int, bool, int, int]:
    nanos = 0 if one.amount is None else one.amount.nanos
    return RANKS[one.source], one.revision, one.final, nanos, one.delivered


def _absurd(one: Observation, terms: Terms) -> bool:
    return one.amount is not None and terms.absurd(one.amount, one.delivered)


def _since(said: Sequence[Observation], verdict: Observation) -> list[Observation]:
    """What came in after the verdict and is no weaker than anything the person had in view."""
    others = [one for one in said if one.source != "resolve"]
    seen = max((RANKS[one.source] for one in others if one.seq < verdict.seq), default=-1)
    return [one for one in others if one.seq > verdict.seq and RANKS[one.source] >= seen]
