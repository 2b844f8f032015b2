"""Money: a whole number of nanos (10⁻⁹) of one currency, and spans of it. Never a float, never two currencies at once.

`Money.rounded` is the one place of the library that rounds money.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal, Self

from .errors import BadMoney, CurrencyMismatch
from .making import quick

NANOS = 1_000_000_000
LIMIT = 2**63
"""Amounts stay below this many nanos, so that a 64-bit column holds every one of them."""

Rounding = Literal["half-even", "floor", "ceil"]

_CURRENCY = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,31}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_LONGEST = 64
_ALL_DIGITS = Context(prec=20)


_TINY = Decimal("1E-10")
"""Less than half a nano."""
_LEAST, _MOST = 1 - LIMIT, LIMIT - 1
_CHECKED: set[object] = {"USD"}
_MOST_CHECKED = 256


@dataclass(frozen=True, slots=True)
class Money:
    """`nanos` of `currency`. Equal only to the same amount of the same currency; ordering two currencies raises."""

    nanos: int
    currency: str

    def __post_init__(self) -> None:
        nanos = self.nanos
        if type(nanos) is int and _LEAST <= nanos <= _MOST and self.currency in _CHECKED:
            return  # the usual case, quickly: a name once checked stays good
        if type(self.nanos) is not int or type(self.currency) is not str:
            raise TypeError(f"Money takes whole nanos and a currency's name, not {self.nanos!r}, {self.currency!r}")
        if not -LIMIT < self.nanos < LIMIT:
            raise BadMoney("an amount beyond what can be kept", value=_short(self.nanos), limit="± 9,223,372,036")
        if not _CURRENCY.fullmatch(self.currency):
            raise BadMoney(
                f"{_short(self.currency)} is not the name of a currency",
                value=_short(self.currency),
                limit="[A-Za-z][A-Za-z0-9-]{1,31}",
                next="write USD or creatify-credit",
            )
        if len(_CHECKED) < _MOST_CHECKED:
            _CHECKED.add(self.currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Exactly this amount. Raises BadMoney when it is not a plain number of at most nine decimals."""
        refuse_other("money is made from str, int or Decimal", amount, str, int, Decimal)
        if isinstance(amount, int):
            return cls(amount * NANOS if -LIMIT < amount < LIMIT else LIMIT, currency)
        value = _plain(amount) if isinstance(amount, str) else amount
        if not value.is_finite():
            raise BadMoney(f"{value} is not an amount", value=str(value), next="write a number such as 4.50")
        if value and value.adjusted() > 18:
            raise BadMoney("an amount beyond what can be kept", value=_short(amount), limit="± 9,223,372,036")
        if value and value.adjusted() < -9:
            raise _too_fine(amount)
        numerator, denominator = value.as_integer_ratio()
        nanos, rest = divmod(numerator * NANOS, denominator)
        if rest:
            raise _too_fine(amount)
        return cls(nanos, currency)

    @classmethod
    def rounded(cls, value: Decimal | Fraction | int, currency: str, mode: Rounding) -> Self:
        """The value on the grid of nanos: floor and ceil toward −∞ and +∞, half-even to the nearest."""
        refuse_other("money is rounded from Decimal, Fraction or int", value, Decimal, Fraction, int)
        if isinstance(value, Decimal):
            if not value.is_finite():
                raise BadMoney(f"{value} is not an amount", value=str(value))
            if value and value.adjusted() > 18:
                raise BadMoney("an amount beyond what can be kept", value=_short(value), limit="± 9,223,372,036")
            if value and value.adjusted() < -10:  # all of these round alike, and 10^400 is not worth writing out
                value = _TINY.copy_sign(value)
        numerator, denominator = value.as_integer_ratio()
        return cls(rounded_ratio(numerator * NANOS, denominator, mode), currency)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "5 USD" or "11 creatify-credit". Raises BadMoney."""
        refuse_other("money is parsed from str", text, str)
        amount, space, currency = text.strip().partition(" ")
        if not space:
            raise BadMoney(f"{_short(text)} is not an amount and a currency", value=_short(text), next='write "5 USD"')
        return cls.of(amount, currency.strip())

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """The exact value, written plainly: no exponent, no trailing zeros."""
        whole, rest = divmod(self.nanos, NANOS)
        return _ALL_DIGITS.normalize(Decimal(self.nanos).scaleb(-9, _ALL_DIGITS)) if rest else Decimal(whole)

    def as_json(self) -> dict[str, str]:
        return {"amount": self._plain_text(), "currency": self.currency}

    def __str__(self) -> str:
        return _with_currency(self._plain_text(), self.currency)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __add__(self, other: "Money") -> "Money":
        return Money(self.nanos + self._same(other), self.currency) if _is_money(other) else NotImplemented

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.nanos - self._same(other), self.currency) if _is_money(other) else NotImplemented

    def __mul__(self, times: int) -> "Money":
        return Money(self.nanos * times, self.currency) if type(times) is int else NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.nanos, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.nanos), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.nanos < self._same(other) if _is_money(other) else NotImplemented

    def __le__(self, other: "Money") -> bool:
        return self.nanos <= self._same(other) if _is_money(other) else NotImplemented

    def __gt__(self, other: "Money") -> bool:
        return self.nanos > self._same(other) if _is_money(other) else NotImplemented

    def __ge__(self, other: "Money") -> bool:
        return self.nanos >= self._same(other) if _is_money(other) else NotImplemented

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self} and {other} are of two currencies", value=other.currency, limit=self.currency
            )
        return other.nanos

    def _plain_text(self) -> str:
        whole, rest = divmod(abs(self.nanos), NANOS)
        sign = "-" if self.nanos < 0 else ""
        return f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Span:
    """Three amounts of one currency: `low` ≤ `expected` ≤ `high`."""

    low: Money
    expected: Money
    high: Money

    def __post_init__(self) -> None:
        low, expected, high = self.low, self.expected, self.high
        if low is expected is high:
            return
        if low.currency == expected.currency == high.currency and low.nanos <= expected.nanos <= high.nanos:
            return
        if not low <= expected <= high:
            raise BadMoney(f"a span must rise: {low}, {expected}, {high}", value=f"{low}, {expected}, {high}")

    @property
    def currency(self) -> str:
        return self.expected.currency

    def as_json(self) -> dict[str, dict[str, str]]:
        return {"expected": self.expected.as_json(), "low": self.low.as_json(), "high": self.high.as_json()}

    def __str__(self) -> str:
        return str(self.expected) if self.low == self.high else f"{self.expected} ({self.low} to {self.high})"

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __mul__(self, times: int) -> "Span":
        """`times` must not be negative: a span would turn over."""
        return Span(self.low * times, self.expected * times, self.high * times)


_made, new_span = quick(Money), quick(Span)
"""A span made so is known to rise."""


def money_of(nanos: int, currency: str) -> Money:
    """So many nanos of a currency whose name is known to be good."""
    return _made(nanos, currency) if _LEAST <= nanos <= _MOST else Money(nanos, currency)


def usd(amount: str | int | Decimal) -> Money:
    """Exactly this many US dollars."""
    return Money.of(amount, "USD")


def refuse_other(rule: str, value: object, *kinds: type) -> None:
    """Typed callers cannot, others may hand in a float: TypeError, also for a bool."""
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TypeError(f"{rule}, never from a {type(value).__name__}")


def _is_money(value: object) -> bool:
    return isinstance(value, Money)


def rounded_ratio(numerator: int, denominator: int, mode: Rounding) -> int:
    """numerator ÷ denominator (> 0) as a whole number, in exact integer arithmetic."""
    whole, rest = divmod(numerator, denominator)
    if mode == "floor" or not rest:
        return whole
    if mode == "ceil":
        return whole + 1
    if mode == "half-even":
        return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))
    raise ValueError(f"no such rounding: {mode!r}")


def written(amount: Decimal, currency: str) -> str:
    """A rate as a person reads it: like money, but with as many decimals as it has."""
    return _with_currency(f"{amount:f}", currency)


def _with_currency(text: str, currency: str) -> str:
    if len(currency) == 3 and currency.isupper():  # a state's money is written with its cents
        whole, _, decimals = text.partition(".")
        text = f"{whole}.{decimals:0<2}"
    return f"{text} {currency}"


def _plain(text: str) -> Decimal:
    if len(text) > _LONGEST or not _AMOUNT.fullmatch(text):
        raise BadMoney(
            f"{_short(text)} is not an amount",
            value=_short(text),
            limit="digits and one point",
            next="write a plain number such as 4.50",
        )
    return Decimal(text)


def _too_fine(amount: object) -> BadMoney:
    return BadMoney(
        f"{_short(amount)} has more than nine decimals",
        value=_short(amount),
        limit="0.000000001",
        next="round it first with Money.rounded",
    )


def _short(value: object) -> str:
    if isinstance(value, int) and abs(value) >= LIMIT:
        return f"an integer of {value.bit_length()} bits"
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…") if isinstance(value, str) else text[:80]
