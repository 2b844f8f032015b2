"""How far charges went beyond their quotes: what is set aside for the next job is made to cover it. Pure.

Of an offer with its settings, and of the same rows of its rate card, the newest charges count. Where fewer than 99 of
100 stayed within a quote's `high`, the next quote's is raised to what would have covered them, at most to twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from pricing import Money, Quote

LEAST = 20
"""Charges before anything is known."""
COVER = Fraction(99, 100)
MOST = 2
"""Times the quote's own `high`: a charge beyond it is parked for a person, and teaches nothing."""
_GRID = 1000


class Charged(Protocol):
    """One charge beside its quote."""

    @property
    def offer(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def rates(self) -> tuple[str, ...]: ...
    @property
    def expected(self) -> Money: ...
    @property
    def charged(self) -> Money: ...


class Margins:
    """What the charges say of each offer with its settings. False where none of them asks for more than quotes hold."""

    def __init__(self, charges: Iterable[Charged] = ()) -> None:
        ratios = defaultdict[_Kind, list[Fraction]](list)
        for one in charges:
            ratios[_kind(one)].append(Fraction(one.charged.nanos, one.expected.nanos))
        self._most = {
            kind: (most, len(found))
            for kind, found in ratios.items()
            if len(found) >= LEAST and (most := _most(found)) > 1
        }
        """What they stayed within, times the expected, and of how many charges that is known."""

    def __bool__(self) -> bool:
        return bool(self._most)

    def on(self, quote: Quote) -> Quote:
        """The quote, its `high` raised where charges ask for it."""
        found = self._most.get(_kind(quote))
        if found is None:
            return quote
        ratio, jobs = found
        asked = Money.rounded(Fraction(quote.expected.amount) * ratio, quote.currency, "ceil")
        high = min(asked, quote.high * MOST)
        if high <= quote.high:
            return quote
        times = (Decimal(ratio.numerator) / ratio.denominator).normalize()
        said = f"of the last {jobs} charges 99 in 100 came to at most {times:f} times what was expected"
        return quote.held_to(high, f"up to {high} is set aside: {said}")


_Kind = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]


def _kind(one: Charged | Quote) -> _Kind:
    return one.offer, tuple(sorted(one.settings.items())), one.rates


def _most(ratios: list[Fraction]) -> Fraction:
    """What 99 of 100 stayed within, by nearest rank, up to the next per mille."""
    rank = -(-len(ratios) * COVER.numerator // COVER.denominator)
    return Fraction(-(-sorted(ratios)[rank - 1] * _GRID // 1), _GRID)
