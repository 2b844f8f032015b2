"""What a unit is worth that its seller does not explain, such as fal's "units": learned, with the evidence.

Never a guess: a rate is exact only if it makes every charge to the nano; else its range is told, and nothing more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ..reconcile.causes import plain
from ..reconcile.matching import Matched
from ..reconcile.values import Claimed
from ..statement.lines import NANOS, StatementLine

MINIMUM = 8


@dataclass(frozen=True, slots=True)
class UnitRate:
    """What one unit of a seller's own counting was found to be."""

    offer: str
    settings: Mapping[str, str]
    currency: str
    charges: int
    price: Fraction | None
    """Money per unit where one makes every charge exactly; None: it varies."""
    low: Fraction
    high: Fraction
    """The least and the most that a unit cost."""
    per_measure: Fraction | None
    """Units per quoted quantity (seconds) where it is the same in all; None: it varies, or was not quoted."""
    measure: str
    since: date
    evidence: tuple[str, ...]
    """Keys of the lines."""
    text: str


def unit_rates(claims: Iterable[Claimed], matched: Matched, *, minimum: int = MINIMUM) -> tuple[UnitRate, ...]:
    """One for each offer and settings that has at least `minimum` charges with a count of unnamed units."""
    ours = {claim.attempt: claim for claim in claims}
    groups = defaultdict[tuple[str, tuple[tuple[str, str], ...], str], list[tuple[Claimed, StatementLine]]](list)
    for attempt, lines in sorted(matched.of_claims.items()):
        claim = ours[attempt]
        if len(lines) == 1 and _opaque(lines[0]):
            groups[claim.offer, tuple(sorted(claim.settings.items())), lines[0].amount.currency].append(
                (claim, lines[0])
            )
    return tuple(
        _rate(offer, dict(settings), currency, pairs)
        for (offer, settings, currency), pairs in sorted(groups.items())
        if len(pairs) >= minimum
    )


def _opaque(line: StatementLine) -> bool:
    return line.kind == "usage" and line.unit in ("", "unit", "units", "credits") and bool(line.quantity)


def _rate(
    offer: str, settings: Mapping[str, str], currency: str, pairs: Sequence[tuple[Claimed, StatementLine]]
) -> UnitRate:
    gross = [line.amount.nanos if line.list_amount is None else line.list_amount.nanos for _, line in pairs]
    units = [Fraction(line.quantity or Decimal(0)) for _, line in pairs]
    each = [Fraction(nanos, NANOS) / count for nanos, count in zip(gross, units, strict=True)]
    candidates = {Fraction(line.unit_price) for _, line in pairs if line.unit_price is not None} or set(each)
    makes = [
        price
        for price in sorted(candidates)
        if all(round(price * count * NANOS) == nanos for nanos, count in zip(gross, units, strict=True))
    ]
    price = makes[0] if makes else None
    quoted = {_per(claim, count) for (claim, _), count in zip(pairs, units, strict=True)}
    per = quoted.pop() if len(quoted) == 1 else None
    measure = pairs[0][0].quoted_lines[0].unit if pairs[0][0].quoted_lines else ""
    since = min(line.day for _, line in pairs)
    cost = (
        f"is {plain(price)} {currency}"
        if price is not None
        else f"varies, {plain(min(each))} to {plain(max(each))} {currency}"
    )
    counted = f"; {plain(per)} units per {measure}" if per is not None else ""
    text = f"{offer}: a unit {cost}{counted}, by {len(pairs)} charges since {since.isoformat()}"
    keys = tuple(line.key for _, line in pairs)
    return UnitRate(
        offer, settings, currency, len(pairs), price, min(each), max(each), per, measure, since, keys, text
    )  # fmt: skip


def _per(claim: Claimed, units: Fraction) -> Fraction | None:
    if len(claim.quoted_lines) != 1 or not claim.quoted_lines[0].quantity:
        return None
    return units / claim.quoted_lines[0].quantity
