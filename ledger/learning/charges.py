"""Single charges as evidence for a price: what was billed, and the quantities that the card allows for it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from pricing import Money

from ..reconcile.case import Case, basis_of
from ..reconcile.matching import Matched
from ..reconcile.values import Claimed, Tolerances
from ..statement.lines import NANOS, StatementLine

_EXACTLY = Tolerances(0, Fraction(0), 0)


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge of one offer under one choice of settings."""

    offer: str
    settings: Mapping[str, str]
    at: datetime
    amount: Money
    """Before discounts."""
    low: Fraction
    """The least and the most of `unit` that it can have been."""
    high: Fraction
    step: Fraction
    unit: str
    card_price: Fraction
    """What our card said one unit cost."""
    other_prices: tuple[Fraction, ...] = ()
    """Further published prices: contested ones."""

    @property
    def order(self) -> tuple[object, ...]:
        """By time, and of one time the dearest last."""
        return self.at, self.amount.nanos, self.low, self.high

    def supports(self, price: Fraction) -> bool:
        """Does this price make exactly the amount, for a quantity on the card's own steps?"""
        if price <= 0:
            return False
        steps = round(Fraction(self.amount.nanos, NANOS) / price / self.step)
        quantity = steps * self.step if self.low != self.high else self.low
        return self.low <= quantity <= self.high and round(quantity * price * NANOS) == self.amount.nanos

    def prices(self) -> Iterator[Fraction]:
        """Every price that would make the amount."""
        quantity, tried = self.low, 0
        while quantity <= self.high and tried < _MOST_STEPS:
            if quantity:
                yield Fraction(self.amount.nanos, NANOS) / quantity
            quantity, tried = quantity + self.step, tried + 1


_MOST_STEPS = 50


def charges_of(claims: Iterable[Claimed], matched: Matched) -> tuple[Charge, ...]:
    """Charges of attempts with one line of quote and clean lines of the bill: nothing refunded, all results delivered.

    The quantity is the one the bill states in the card's unit, else from the quote's to what its `high` would take. Of
    each offer and settings the newest, back to those that support its card's price: older ones are no evidence.
    """
    ours = {claim.attempt: claim for claim in claims}
    groups = defaultdict[tuple[str, tuple[tuple[str, str], ...], str, str], list[_Billed]](list)
    for attempt, lines in matched.of_claims.items():
        claim = ours[attempt]
        if len(claim.quoted_lines) == 1:
            alike = claim.offer, tuple(sorted(claim.settings.items())), claim.quoted_lines[0].unit
            at = max((line.charged_at for line in lines if line.charged_at), default=claim.ended_at)
            groups[*alike, claim.quoted.currency].append((at, claim, lines))
    found = (one for group in groups.values() for one in _newest(group))
    return tuple(sorted(found, key=lambda one: (one.at, one.offer, one.amount.nanos)))


_Billed = tuple[datetime, Claimed, list[StatementLine]]


def _newest(group: list[_Billed]) -> list[Charge]:
    """Down to the last ones that support the card's price; those of one instant are not parted."""
    found, card = list[Charge](), None
    for _, billed in groupby(sorted(group, key=itemgetter(0), reverse=True), key=itemgetter(0)):
        charges = [one for one in (_charge(*each) for each in billed) if one is not None]
        found += charges
        if charges and card is None:
            card = max(reversed(charges), key=lambda one: one.order).card_price  # of equals the last
        if card is not None and any(one.supports(card) for one in charges):
            break
    return found


def _charge(at: datetime, claim: Claimed, lines: list[StatementLine]) -> Charge | None:
    foreign = any(line.amount.currency != claim.quoted.currency for line in lines)
    if foreign or claim.delivered < claim.outputs_asked:
        return None
    quoted = claim.quoted_lines[0]
    case = Case(basis_of(claim), [line for line in lines if line.kind not in ("tax", "fee")], {}, _EXACTLY)
    if case.refunds or not case.charges or not quoted.unit_price or case.gross <= 0 or case.minimum_explains:
        return None
    low = high = quoted.quantity
    if case.stated is not None:
        low = high = case.stated[0]
    else:
        most = max((quoted.unit_price, *quoted.other_prices))
        fits = Fraction(claim.quoted.high.nanos, NANOS) / most // quoted.step * quoted.step
        high = max(high, fits)
    amount = Money(case.gross, claim.quoted.currency)
    prices = (quoted.unit_price, quoted.other_prices)
    return Charge(claim.offer, claim.settings, at, amount, low, high, quoted.step, quoted.unit, *prices)
