"""Tariffs: how a billed quantity becomes an amount, each kind a class with `charge`. Exact; never rounds to nanos.

A new kind adds a class here, a model in `rows` and a case in `resolve`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NoReturn

from ..errors import BadQuantity, OverLimit
from .expression import Range

Mode = Literal["ceil", "floor", "nearest"]

ZERO = Fraction(0)
ONE = Range.point(Fraction(1))


@dataclass(frozen=True, slots=True)
class MoneyRounding:
    """The seller rounds money itself, to a step; half a step goes up."""

    step: Fraction
    mode: Mode

    def __call__(self, value: Fraction) -> Fraction:
        return quantise(value, self.step, self.mode)


@dataclass(frozen=True, slots=True)
class Terms:
    """What happens to every price of a tariff: the multipliers, then the rounding of the price per unit."""

    factor: Range
    rounding: MoneyRounding | None = None

    def flat(self, price: Range) -> Range:
        price = price if self.factor is ONE else price * self.factor
        return price if self.rounding is None else price.each(self.rounding)

    def unit(self, price: Range, per: Fraction) -> tuple[Range, Fraction]:
        """The price and what it is for; a rounded one is for one unit."""
        if self.rounding is None:
            return (price if self.factor is ONE else price * self.factor), per
        return (price * self.factor * Range.point(1 / per)).each(self.rounding), Fraction(1)


@dataclass(frozen=True, slots=True)
class Piece:
    """One multiplication of the expected amount, as a line shows it."""

    rate: Fraction
    billed: Fraction | None = None
    """None: once, whatever the quantity."""
    per: Fraction = Fraction(1)
    label: str = ""

    @property
    def amount(self) -> Fraction:
        return self.rate if self.billed is None else self.billed / self.per * self.rate


Charge = tuple[Range, tuple[Piece, ...]]
"""The amount, and the pieces of its expected value."""


@dataclass(frozen=True, slots=True)
class Flat:
    """One price, however much is used."""

    price: Range
    axis: str | None = None
    metered: bool = False

    def charge(self, quantity: Range, axis: Range, terms: Terms) -> Charge:  # noqa: ARG002 - all are asked the same way
        price = terms.flat(self.price)
        return price, (Piece(price.expected),)


@dataclass(frozen=True, slots=True)
class PerUnit:
    """`price` for each `per` of the measure."""

    price: Range
    per: Fraction
    axis: str | None = None
    metered: bool = True

    def charge(self, quantity: Range, axis: Range, terms: Terms) -> Charge:  # noqa: ARG002 - all are asked the same way
        price, per = terms.unit(self.price, self.per)
        return _product(quantity, price, per), (Piece(price.expected, quantity.expected, per),)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A price for exactly these values of `axis`, which rise."""

    axis: str
    values: tuple[Fraction, ...]
    prices: tuple[Range, ...]
    metered: bool = False

    def charge(self, quantity: Range, axis: Range, terms: Terms) -> Charge:  # noqa: ARG002 - all are asked the same way
        inside = [index for index, value in enumerate(self.values) if axis.low <= value <= axis.high]
        if not inside:
            refuse_value(self.axis, axis, self.values)
        usual = next((index for index in inside if self.values[index] >= axis.expected), inside[-1])
        prices = {index: terms.flat(self.prices[index]) for index in inside}
        expected = prices[usual].expected
        low, high = min(price.low for price in prices.values()), max(price.high for price in prices.values())
        return Range(low, expected, high), (Piece(expected, label=f"{self.axis} {shown(self.values[usual])}"),)


@dataclass(frozen=True, slots=True)
class Intervals:
    """A price by the interval in which `axis` falls; each ends with its own `ends` (None: no end)."""

    axis: str
    ends: tuple[Fraction | None, ...]
    prices: tuple[Range, ...]
    per: Fraction | None

    @property
    def metered(self) -> bool:
        return self.per is not None

    def charge(self, quantity: Range, axis: Range, terms: Terms) -> Charge:
        first, usual, last = (place(self.axis, value, self.ends) for value in (axis.low, axis.expected, axis.high))
        charges = {index: self._cell(index, quantity, terms) for index in range(first, last + 1)}
        low, high = min(one.low for one, _ in charges.values()), max(one.high for one, _ in charges.values())
        amount, pieces = charges[usual]
        return Range(low, amount.expected, high), pieces

    def _cell(self, index: int, quantity: Range, terms: Terms) -> Charge:
        label = f"{self.axis} {span_text(self.ends, index)}"
        if self.per is None:
            price = terms.flat(self.prices[index])
            return price, (Piece(price.expected, label=label),)
        price, per = terms.unit(self.prices[index], self.per)
        return _product(quantity, price, per), (Piece(price.expected, quantity.expected, per, label),)


@dataclass(frozen=True, slots=True)
class Tier:
    """One band of a quantity: `flat` once, and `price` for each `per` within it."""

    flat: Range | None
    price: Range | None
    per: Fraction


@dataclass(frozen=True, slots=True)
class Tiers:
    """Graduated: each part of the quantity in its own band. Cliff: all of it in the band it ends in."""

    measure: str
    graduated: bool
    ends: tuple[Fraction | None, ...]
    tiers: tuple[Tier, ...]
    axis: str | None = None
    metered: bool = True

    def charge(self, quantity: Range, axis: Range, terms: Terms) -> Charge:  # noqa: ARG002 - all are asked the same way
        first, usual, last = (
            place(self.measure, value, self.ends) for value in (quantity.low, quantity.expected, quantity.high)
        )
        if self.graduated:
            if quantity.is_point:
                parts = [self._parts(quantity.low, terms)] * 3
            else:
                parts = [self._parts(value, terms) for value in (quantity.low, quantity.expected, quantity.high)]
            low, high = sum((one.low for one, _ in parts[0]), ZERO), sum((one.high for one, _ in parts[2]), ZERO)
            pieces = tuple(piece for _, piece in parts[1])
        else:
            pieces = tuple(piece for _, piece in self._band(usual, quantity.expected, terms))
            ends = [self._ends(index, quantity, terms) for index in range(first, last + 1)]
            low, high = min(least for least, _ in ends), max(most for _, most in ends)
        return Range(low, sum((piece.amount for piece in pieces), ZERO), high), pieces

    def _ends(self, index: int, quantity: Range, terms: Terms) -> tuple[Fraction, Fraction]:
        """The least and the most of a cliff's band, on the part of it that the quantity may fall in."""
        end = self.ends[index]
        least = max(quantity.low, self._start(index))
        most = quantity.high if end is None else min(quantity.high, end)
        return (
            sum((one.low for one, _ in self._band(index, least, terms)), ZERO),
            sum((one.high for one, _ in self._band(index, most, terms)), ZERO),
        )

    def _parts(self, value: Fraction, terms: Terms) -> list[tuple[Range, Piece]]:
        """Graduated: what each band up to the value's own adds."""
        parts: list[tuple[Range, Piece]] = []
        for index in range(place(self.measure, value, self.ends) + 1):
            end = self.ends[index]
            within = (value if end is None else min(value, end)) - self._start(index)
            parts += self._band(index, within, terms)
        return parts

    def _start(self, index: int) -> Fraction:
        return (self.ends[index - 1] or ZERO) if index else ZERO

    def _band(self, index: int, within: Fraction, terms: Terms) -> list[tuple[Range, Piece]]:
        tier, label = self.tiers[index], f"{self.measure} {span_text(self.ends, index)}"
        parts: list[tuple[Range, Piece]] = []
        if tier.flat is not None:
            price = terms.flat(tier.flat)
            parts.append((price, Piece(price.expected, label=label)))
        if tier.price is not None:
            price, per = terms.unit(tier.price, tier.per)
            parts.append((_product(Range.point(within), price, per), Piece(price.expected, within, per, label)))
        return parts


Tariff = Flat | PerUnit | Ladder | Intervals | Tiers
"""What the settings leave of a card's tariff."""


def quantise(value: Fraction, step: Fraction, mode: Mode) -> Fraction:
    """The multiple of `step` above, below or nearest; half a step goes up (no seller was seen to round it down)."""
    whole, rest = divmod(value, step)
    if mode == "ceil":
        whole += rest > 0
    elif mode == "nearest":
        whole += 2 * rest >= step
    return whole * step


def place(name: str, value: Fraction, ends: Sequence[Fraction | None]) -> int:
    """The first cell whose end is not below the value. Raises OverLimit beyond the last."""
    finite = [end for end in ends if end is not None]
    index = bisect_left(finite, value)
    if index == len(ends):
        most = shown(finite[-1])
        raise OverLimit(
            f"nothing has a price beyond {name} {most}, and this is {shown(value)}",
            value=shown(value),
            limit=most,
            next=f"at most {most}",
        )
    return index


def refuse_value(name: str, value: Range, legal: Sequence[Fraction]) -> NoReturn:
    """The value is none of those that are sold."""
    known = ", ".join(shown(one) for one in legal)
    asked = shown(value.expected) if value.is_point else f"{shown(value.low)} to {shown(value.high)}"
    kind = OverLimit if value.low > max(legal) else BadQuantity
    raise kind(f"{name} {asked} is not sold", value=asked, limit=known, next=f"legal: {known}")


def shown(value: Fraction) -> str:
    """For reading: a decimal where it is one, else a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest != 1:
        return str(value)
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    whole = abs(value.numerator) * 10**places // value.denominator
    digits = f"{whole:0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def span_text(ends: Sequence[Fraction | None], index: int) -> str:
    """An interval in words: up to 40, above 40 up to 80, above 80."""
    end, start = ends[index], ends[index - 1] if index else None
    words = [f"above {shown(start)}"] if start is not None else []
    words += [f"up to {shown(end)}"] if end is not None else []
    return " ".join(words) or "any"


def _product(quantity: Range, price: Range, per: Fraction) -> Range:
    """Neither is ever negative."""
    if quantity.low == quantity.high and price.low == price.high:
        return Range.point(quantity.low * price.low / per)
    return Range(
        quantity.low * price.low / per, quantity.expected * price.expected / per, quantity.high * price.high / per
    )
