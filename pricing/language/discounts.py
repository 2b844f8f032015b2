"""Contract prices: so many percent off some offers, from one day to another. Data and dates; computes no price."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from fractions import Fraction

from ..dates import Moment
from ..evaluate.expression import Range
from ..evaluate.rates import Rate
from ..evaluate.tariffs import shown
from ..source import Source

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Discount:
    """`part` of the price is taken off the offers whose id fits one of the patterns."""

    id: str
    offers: tuple[str, ...]
    part: Fraction
    begins: Moment | None
    ends: Moment | None
    before_minimum: bool
    source: Source

    @property
    def label(self) -> str:
        return f"{self.id}: {shown(self.part * 100)} % off"

    def covers(self, offer: str, at: date) -> bool:
        """Whether it applies, or may apply, on that day."""
        begun = self.begins is None or self.begins.first <= at
        return begun and (self.ends is None or at <= self.ends.last) and self.fits(offer)

    def surely(self, at: date) -> bool:
        """Whether that day is not inside a month on whose unpublished day it begins or ends."""
        return (self.begins is None or self.begins.last <= at) and (self.ends is None or at <= self.ends.first)

    def fits(self, offer: str) -> bool:
        return any(fnmatchcase(offer, pattern) for pattern in self.offers)

    def left(self, at: date) -> Range:
        """The part of the price that stays."""
        stays = ONE - self.part
        return Range.point(stays) if self.surely(at) else Range(stays, ONE, ONE)


def remaining(discounts: Iterable[Discount], at: date) -> Range:
    """The part of the price that stays after all of them, one after the other."""
    left = Range.point(ONE)
    for one in discounts:
        left = left * one.left(at)
    return left


def discounted(rate: Rate, discounts: Iterable[Discount], at: date) -> Rate:
    """The rate with the discounts that come before its minimum charges."""
    early = tuple((one.label, one.left(at)) for one in discounts if one.before_minimum)
    if not early:
        return rate
    return replace(rate, components=tuple(replace(part, reductions=early) for part in rate.components))
