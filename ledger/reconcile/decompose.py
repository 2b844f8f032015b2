"""A difference by quantity, price and rate, exact to the nano. Computes nothing but the three products."""

from fractions import Fraction

from pricing import Money

from ..evidence import MOST
from ..statement.lines import NANOS
from .values import Parts

Factors = tuple[Fraction, Fraction]
"""Quantity and unit price (native)."""


def decompose(
    before: Factors | None,
    after: Factors | None,
    rate_before: Fraction,
    rate_after: Fraction,
    total_nanos: int,
    currency: str,
) -> Parts:
    """total = (q₁−q₀)·p₀·r₀ + q₁·(p₁−p₀)·r₀ + q₁·p₁·(r₁−r₀) + remainder, each rounded half-even to nanos.

    None: the factors of that side are not known; then all is remainder. So it is where they are beyond all money.
    """
    if before is None or after is None:
        return parts(0, 0, 0, total_nanos, currency)
    (q0, p0), (q1, p1) = before, after
    quantity = round((q1 - q0) * p0 * rate_before * NANOS)
    price = round(q1 * (p1 - p0) * rate_before * NANOS)
    rate = round(q1 * p1 * (rate_after - rate_before) * NANOS)
    if max(map(abs, (quantity, price, rate))) > MOST // 4:
        return parts(0, 0, 0, total_nanos, currency)
    return parts(quantity, price, rate, total_nanos, currency)


def parts(quantity: int, price: int, rate: int, total: int, currency: str) -> Parts:
    """Nanos into parts, the remainder from the total."""
    rest = total - quantity - price - rate
    quantity_, price_, rate_, rest_, total_ = (Money(n, currency) for n in (quantity, price, rate, rest, total))
    return Parts(quantity_, price_, rate_, rest_, total_)
