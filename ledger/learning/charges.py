"""Single charges as evidence for a price: what was billed, and the quantities that the card allows for it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from pricing import Money

from ..reconcile.case import Case, basis_of
from ..reconcile.matching import lines_of, match
from ..reconcile.values import Claimed, Tolerances
from ..statement.lines import NANOS, Statement, StatementLine

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


def charges_of(claims: Iterable[Claimed], statements: Iterable[Statement]) -> tuple[Charge, ...]:
    """Charges of attempts with one line of quote and clean lines of the bill: nothing refunded, all results delivered.

    The quantity is the one the bill states in the card's unit, else from the quote's to what its `high` would take.
    """
    ours = {claim.attempt: claim for claim in claims}
    matched = match(sorted(ours.values(), key=lambda one: (one.provider, one.job, one.attempt)), lines_of(statements))
    found = (_charge(ours[attempt], lines) for attempt, lines in matched.of_claims.items())
    return tuple(
        sorted((one for one in found if one is not None), key=lambda one: (one.at, one.offer, one.amount.nanos))
    )


def _charge(claim: Claimed, lines: list[StatementLine]) -> Charge | None:
    foreign = any(line.amount.currency != claim.quoted.currency for line in lines)
    if foreign or len(claim.quoted_lines) != 1 or claim.delivered < claim.outputs_asked:
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
    at = max((line.charged_at for line in lines if line.charged_at), default=claim.ended_at)
    amount = Money(case.gross, claim.quoted.currency)
    prices = (quoted.unit_price, quoted.other_prices)
    return Charge(claim.offer, claim.settings, at, amount, low, high, quoted.step, quoted.unit, *prices)
