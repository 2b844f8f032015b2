"""A charge as quantity × unit price, exactly, as its quote had it; else as one charge at its amount. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pricing import Money

from .cells import NANOS

_UNITS: Final = {"s": "Seconds", "output": "Outputs", "job": "Jobs", "min": "Minutes", "px": "Pixels"}


@dataclass(frozen=True, slots=True)
class Priced:
    """Numbers in nanos. quantity × native_price is the charge, quantity × price is `cost`, both without a remainder."""

    quantity: int
    unit: str
    native_price: int
    price: int
    """In dollars."""
    cost: int
    """In dollars, at that price."""
    consumed: int
    consumed_unit: str


def priced(nanos: int, quote: Mapping[str, Any], currency: str, expected: int, value: Fraction) -> Priced:
    """A charge of `nanos` of `currency`, each worth `value` dollars; `expected`: what was quoted."""
    line = _line(quote, currency)
    found = None if line is None else _by_line(nanos, quote, line, value, quoted=nanos == expected)
    if found is not None:
        return found
    return once(nanos, Money.rounded(Fraction(nanos, NANOS) * value, "USD", "half-even").nanos)


def once(nanos: int, cost: int) -> Priced:
    """One charge at its amount, which is worth `cost`; negative: one given back."""
    sign = -1 if nanos < 0 else 1
    return Priced(sign * NANOS, "Charges", sign * nanos, sign * cost, cost, sign * NANOS, "Charges")


def _by_line(
    nanos: int, quote: Mapping[str, Any], line: Mapping[str, str], value: Fraction, *, quoted: bool
) -> Priced | None:
    """At the line's own price; None: that has no exact answer in nanos."""
    rate = Fraction(line["rate"])
    if not rate:
        return None
    quantity, price = Fraction(nanos) / rate, rate * NANOS * value
    cost = quantity * price / NANOS
    if any(one.denominator != 1 for one in (quantity, price, cost, rate * NANOS)):
        return None
    consumed, used = quantity, unit_of(line["unit"])
    if quoted:
        consumed, used = Fraction(line["measured"]) * int(quote["outputs"]) * NANOS, unit_of(_base(line))
        if consumed.denominator != 1:
            consumed, used = quantity, unit_of(line["unit"])
    return Priced(int(quantity), unit_of(line["unit"]), int(rate * NANOS), int(price), int(cost), int(consumed), used)


def measured(quote: Mapping[str, Any], currency: str) -> str:
    """What is metered, in words."""
    line = _line(quote, currency)
    return "Charges" if line is None else unit_of(_base(line))


def unit_of(unit: str) -> str:
    """As FOCUS writes units: Seconds, 30 Seconds."""
    count, _, base = unit.rpartition(" ")
    name = _UNITS.get(base) or f"{base[:1].upper()}{base[1:]}{'' if base.endswith('s') else 's'}"
    return f"{count} {name}" if count else name


def _line(quote: Mapping[str, Any], currency: str) -> Mapping[str, str] | None:
    """The one line that the price is made of; None: several are."""
    lines = [line for line in quote["lines"] if line["amount"]["currency"] == currency]
    return lines[0] if len(lines) == 1 else None


def _base(line: Mapping[str, str]) -> str:
    """The unit itself, of "30 s"."""
    return line["unit"].rpartition(" ")[2]
