"""The evidence on one row, side by side: what our books say and what the lines say. Weighs it in `causes`, not here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pricing import Money

from ..errors import BadStatement
from ..statement.lines import NANOS, StatementLine
from .values import Claimed, QuotedLine, Tolerances

_COUNTED = re.compile(r"(?:per |1 )?([0-9]+(?:\.[0-9]+)?)?\s*([^0-9\s].*)")
_WORDS = {"second": "s", "sec": "s", "video_second": "s", "video second": "s", "minute": "min", "hour": "h"}
_LONG: Mapping[str, int] = {"min": 60, "h": 3600}
_RELEASED = ("released", "expired", "written_off")


@lru_cache(maxsize=256)
def unit_of(text: str) -> tuple[Fraction, str]:
    """How many of which base unit: "30 s" is 30 of s, "Seconds" one; empty: nothing is said."""
    found = _COUNTED.fullmatch(text.strip().lower())
    if found is None:
        return Fraction(1), ""
    base = found[2].strip()
    base = base if base in ("s", "gpu") else base.removesuffix("s")
    base = _WORDS.get(base, base)
    count = Fraction(found[1] or 1) * _LONG.get(base, 1)
    if not count:
        return Fraction(1), text.strip().lower()  # "0 seconds" counts nothing that we know
    return count, "s" if base in _LONG else base


def nanos_of(quantity: Fraction, price: Fraction) -> int:
    """quantity × price in nanos, half-even."""
    return round(quantity * price * NANOS)


@dataclass(frozen=True, slots=True)
class Basis:
    """Our side of a row."""

    currency: str
    posted: int
    """Nanos, native."""
    budget: str
    rate: Fraction
    factors: tuple[Fraction, Fraction] | None
    """Quantity and unit price that make what was posted; None: no single product does."""
    prices: tuple[Fraction, ...]
    """Every published price of the unit: the quoted one first."""
    step: Fraction
    minimum: Fraction | None
    unit: str
    asked: int
    delivered: int
    released: bool
    """Nothing is posted, and the job was let go."""


def basis_of(claim: Claimed) -> Basis:
    """Our side of one attempt."""
    owed = claim.owed
    quoted = claim.quoted_lines[0] if len(claim.quoted_lines) == 1 and claim.quoted_lines[0].unit_price else None
    return Basis(
        owed.currency,
        owed.nanos,
        claim.held.currency,
        claim.rate,
        None if quoted is None else _factors(quoted, owed.nanos, claim.quoted.expected.nanos),
        () if quoted is None else (quoted.unit_price, *quoted.other_prices),
        Fraction(1) if quoted is None else quoted.step,
        None if quoted is None else quoted.minimum,
        "" if quoted is None else quoted.unit,
        claim.outputs_asked,
        claim.delivered,
        not owed.nanos and (claim.released_at is not None or claim.state in _RELEASED),
    )


def basis_of_all(claims: Sequence[Claimed], currency: str, budget: str) -> Basis:
    """Our side of a sum of usage: quantities are added where all attempts have one unit and price."""
    each = [basis_of(claim) for claim in claims]
    charged = [one for one in each if not one.released] or each
    posted = sum(one.posted for one in each)
    value = sum((one.posted * one.rate for one in each), Fraction(0))
    rate = value / posted if posted else (each[0].rate if each else Fraction(1))
    first = charged[0] if charged else None
    factors = None
    if first is not None and first.factors is not None:
        price = first.factors[1]
        alike = all(one.factors is not None and one.factors[1] == price and one.unit == first.unit for one in charged)
        factors = (sum((one.factors[0] for one in charged if one.factors), Fraction(0)), price) if alike else None
    known = first is not None and factors is not None
    return Basis(
        currency,
        posted,
        budget,
        rate,
        factors,
        first.prices if known and first else (),
        first.step if known and first else Fraction(1),
        None,
        first.unit if known and first else "",
        1,
        1,
        released=False,
    )


def _factors(quoted: QuotedLine, posted: int, expected: int) -> tuple[Fraction, Fraction]:
    """Which quantity and published price make what was posted; the quoted ones where none does, or as was quoted."""
    quantity = quoted.quantity
    if posted in (0, expected):
        return quantity, quoted.unit_price
    prices = (quoted.unit_price, *quoted.other_prices)
    for price in prices:
        if nanos_of(quantity, price) == posted:
            return quantity, price
    for price in prices:
        steps = Fraction(posted, NANOS) / price / quoted.step if price else Fraction(1, 2)
        if steps.denominator == 1:
            return steps * quoted.step, price
    return quantity, quoted.unit_price


class Case:
    """Both sides of a row. Amounts are nanos in our attempt's native currency."""

    __slots__ = (
        "base",
        "basis",
        "charges",
        "deduced",
        "derived",
        "discounts",
        "fees",
        "foreign",
        "gross",
        "invoiced",
        "refunds",
        "stated",
        "value",
        "variance",
        "within",
    )

    def __init__(
        self, basis: Basis, lines: Sequence[StatementLine], worth: Mapping[str, Fraction], tolerances: Tolerances
    ) -> None:
        self.basis = basis
        self.charges = [line for line in lines if line.kind in ("usage", "adjustment", "purchase")]
        self.refunds = [line for line in lines if line.kind == "refund"]
        others = [line for line in lines if line.kind == "discount"]
        plain = all(_is_plain(line, basis) for line in lines)
        native = {id(line): line.amount.nanos if plain else native_of(line, basis, worth) for line in lines}
        self.invoiced = sum(native.values())
        self.variance = self.invoiced - basis.posted
        self.within = tolerances.hold(self.variance, basis.posted)
        self.discounts = sum(native[id(line)] for line in others)
        self.fees = sum(native[id(line)] for line in lines if line.kind in ("tax", "fee"))
        self.base = sum(native[id(line)] for line in self.charges) + self.discounts
        """Charges less discounts, before taxes and refunds."""
        self.gross = sum(
            native[id(line)] if line.list_amount is None else _scaled(line, native[id(line)]) for line in self.charges
        )
        """Charges before discounts."""
        self.value = (
            self.invoiced * basis.rate if plain else sum((value_of(line, basis, worth) for line in lines), Fraction(0))
        )
        """In nanos of the budget's currency."""
        self.foreign = any(line.amount.currency != basis.currency for line in lines)
        self.derived = False
        """Whether the stated price is amount ÷ quantity."""
        self.stated = self._stated()
        """Quantity and price that the lines say, in our unit; None: they do not, or count something else."""
        self.deduced = None if self.stated else self._deduced()
        """What whole steps or another published price make of an amount that says neither."""

    @property
    def factors(self) -> tuple[Fraction, Fraction] | None:
        return self.stated or self.deduced

    @property
    def settled_value(self) -> Fraction:
        """What our books say in nanos of the budget's currency."""
        return self.basis.posted * self.basis.rate

    @property
    def rate(self) -> Fraction:
        """Budget currency per native unit, as billed."""
        return self.value / self.invoiced if self.invoiced else self.basis.rate

    def _stated(self) -> tuple[Fraction, Fraction] | None:
        basis = self.basis
        if not self.charges or basis.factors is None:
            return None
        scale, base = unit_of(basis.unit)
        quantity, priced, prices = Fraction(0), True, set[Fraction]()
        named = True
        for line in self.charges:
            count, word = unit_of(line.unit)
            if word and word != base:
                return None
            named = named and bool(word)
            times = count / scale if word else Fraction(1)
            price = None if line.unit_price is None else Fraction(line.unit_price) / times
            if line.quantity is not None:
                quantity += Fraction(line.quantity) * times
            elif price:
                quantity += Fraction(_listed(line).nanos, NANOS) / price
            else:
                return None
            priced = priced and price is not None
            prices |= set() if price is None else {price}
        if not quantity:
            return None
        self.derived = not priced or len(prices) != 1
        price = Fraction(self.gross, NANOS) / quantity if self.derived else next(iter(prices))
        return (quantity, price) if named or self._looks_ours(quantity, price) else None

    def _looks_ours(self, quantity: Fraction, price: Fraction) -> bool:
        """Is an unnamed unit, which may count anything, ours? If its count or price is, or both are near."""
        if self.basis.factors is None or quantity == self.basis.factors[0] or price in self.basis.prices:
            return self.basis.factors is not None
        ours = zip((quantity, price), self.basis.factors, strict=True)
        return all(was <= 2 * now and now <= 2 * was for now, was in ours)

    def _deduced(self) -> tuple[Fraction, Fraction] | None:
        """Only from a clean charge: none that was discounted, refunded, taxed, partial, or a minimum."""
        basis = self.basis
        clean = not (self.refunds or self.fees or self.discounts) and self.base == self.gross
        if basis.factors is None or not self.charges or not clean or basis.delivered < basis.asked:
            return None
        quantity, price = basis.factors
        for other in basis.prices:
            if other != price and nanos_of(quantity, other) == self.base:
                return quantity, other
        if self.minimum_explains or not self.base:
            return None
        steps = Fraction(self.base, NANOS) / price / basis.step
        return (steps * basis.step, price) if steps.denominator == 1 else None

    @property
    def minimum_explains(self) -> bool:
        """One side charged the known minimum, the other what was used."""
        least = self.basis.minimum
        nanos = None if least is None else round(least * NANOS)
        return nanos is not None and self.base != self.basis.posted and nanos in (self.base, self.basis.posted)


def native_of(line: StatementLine, basis: Basis, worth: Mapping[str, Fraction]) -> int:
    """The line in our native currency. Raises BadStatement where nothing says what its currency is worth."""
    amount = line.amount
    if amount.currency == basis.currency:
        return amount.nanos
    if line.priced is not None and line.priced.currency == basis.currency:
        return line.priced.nanos
    return round(value_of(line, basis, worth) / basis.rate)


def value_of(line: StatementLine, basis: Basis, worth: Mapping[str, Fraction]) -> Fraction:
    """The line in nanos of the budget's currency."""
    currency, nanos = line.amount.currency, line.amount.nanos
    if _is_plain(line, basis):
        return nanos * basis.rate
    if currency == basis.currency and line.credit_value is not None:
        return nanos * line.credit_value * _worth("USD", basis.budget, line, worth)
    return nanos * _worth(currency, basis.budget, line, worth)


def _is_plain(line: StatementLine, basis: Basis) -> bool:
    """In our native currency, and at the rate that we took it at."""
    alike = line.amount.currency == basis.currency
    return alike and (line.credit_value is None or basis.budget == basis.currency)


def _worth(currency: str, budget: str, line: StatementLine, worth: Mapping[str, Fraction]) -> Fraction:
    if currency == budget:
        return Fraction(1)
    if currency not in worth:
        raise BadStatement(
            f"{line.source} line {line.key[:60]} of {line.provider} is in {currency}, "
            f"and nothing says what that is in {budget}",
            value=currency,
            next=f"name the exchange rate of {currency}, such as --rate {currency}=1.08",
        )
    return worth[currency]


def _listed(line: StatementLine) -> Money:
    return line.amount if line.list_amount is None else line.list_amount


def _scaled(line: StatementLine, native: int) -> int:
    """The list amount in our native currency."""
    listed = line.list_amount
    if listed is None or listed.currency != line.amount.currency or not line.amount.nanos:
        return native if listed is None else listed.nanos
    return round(Fraction(listed.nanos * native, line.amount.nanos))
