"""Prices that bills no longer support: which other price they do, since when, by how many charges. Proposes only.

A charge supports a price if that price makes exactly its amount, on the card's own steps and rounding. After the last
charge that supports the card's price, at least `minimum` charges, and nine of ten, must support one other price.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ..reconcile.causes import plain
from .charges import Charge

MINIMUM = 8
SHARE = Fraction(9, 10)
_PLAIN = 10**6
"""A price of at most six decimals is one that somebody publishes."""


@dataclass(frozen=True, slots=True)
class Drift:
    """An offer whose charges support another price than its card's."""

    offer: str
    settings: Mapping[str, str]
    currency: str
    unit: str
    card_price: Fraction
    supported_price: Fraction
    published: bool
    """Whether it is one of the prices that our card has as contested."""
    charges: int
    """So many support it, and none of that time the card's."""
    neither: int
    """So many of that time support neither."""
    since: date
    text: str
    """All of it in one line."""


def drifts(charges: Iterable[Charge], *, minimum: int = MINIMUM) -> tuple[Drift, ...]:
    """One for each offer, settings and unit whose latest charges agree on another price than the card's."""
    groups = defaultdict[tuple[str, tuple[tuple[str, str], ...], str, str], list[Charge]](list)
    for one in charges:
        groups[one.offer, tuple(sorted(one.settings.items())), one.unit, one.amount.currency].append(one)
    found = (_drift(sorted(group, key=lambda one: one.order), minimum) for _, group in sorted(groups.items()))
    return tuple(one for one in found if one is not None)


def _drift(charges: Sequence[Charge], minimum: int) -> Drift | None:
    latest = charges[-1]
    card = latest.card_price
    last = next((index for index in range(len(charges) - 1, -1, -1) if charges[index].supports(card)), -1)
    window = charges[last + 1 :]
    if len(window) < minimum:
        return None
    price = _best(window, card)
    if price is None:
        return None
    those = [one for one in window if one.supports(price)]
    if len(those) < minimum or len(those) < SHARE * len(window):
        return None
    since = those[0].at.date()
    named = f"{latest.offer} {' '.join(latest.settings.values())}".strip()
    currency, unit = latest.amount.currency, latest.unit or "unit"
    text = (
        f"{named}: {len(those)} charges support {plain(price)} {currency} per {unit}, none {plain(card)} "
        f"since {since.isoformat()}"
    )
    return Drift(
        latest.offer,
        latest.settings,
        currency,
        latest.unit,
        card,
        price,
        price in latest.other_prices,
        len(those),
        len(window) - len(those),
        since,
        text,
    )


def _best(window: Sequence[Charge], card: Fraction) -> Fraction | None:
    """The price that most charges support: of equally many a published one, then the one of fewest decimals."""
    published = {price for one in window for price in one.other_prices}
    counts = Counter(price for one in window for price in set(one.prices()) if _PLAIN % price.denominator == 0)
    for price in published:
        counts[price] = sum(one.supports(price) for one in window)
    counts.pop(card, None)
    if not counts:
        return None
    return max(counts, key=lambda price: (counts[price], price in published, -price.denominator, -price))
