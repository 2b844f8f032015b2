"""Usage: how much of each measure a job takes, exact, as low ≤ expected ≤ high. Never a float, never a guess."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import Self

from .errors import BadQuantity
from .money import refuse_other
from .units import AUDIO, BILLED, MEASURES, VIDEO, Known

_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}", re.ASCII)
_FINEST = -18
_HUGE = 10**16
_EXACT = Context(prec=60)
_HALF = Decimal("0.5")


def decimal_of(x: float) -> Decimal:
    """The one door for a float: the shortest decimal that reads back as `x` (its repr), so 9.4 is 9.4.

    Media readers answer floats; everything after this door is exact. NaN and infinity are BadQuantity.
    """
    refuse_other("decimal_of makes a Decimal from a float", x, float, int)
    value = Decimal(repr(float(x)))
    if not value.is_finite():
        raise BadQuantity(f"{x} is not a length", value=str(x), next="give a finite number of seconds")
    return value


def seconds_of(value: str | int | Decimal) -> Decimal:
    """A positive length in seconds, exact. Raises BadQuantity; a float is a TypeError (see `decimal_of`)."""
    return amount_of(BILLED, value)


def amount_of(name: str, value: str | int | Decimal) -> Decimal:
    """An exact amount of a measure within its bounds. Raises BadQuantity; a float is a TypeError."""
    measure = MEASURES.get(name)
    if measure is None:
        raise _no_measure(name)
    seconds = measure.unit == "s"
    what = "seconds" if seconds else name
    refuse_other(f"{what} are made from str, int or Decimal (pricing.decimal_of for a float)", value, str, int, Decimal)
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            raise _bad(name, value[:40], f"a plain number{' of seconds' if seconds else ''} such as 9.4")
        value = Decimal(text)
    if isinstance(value, int):
        value = Decimal(max(min(value, _HUGE), -_HUGE))  # beyond the limit either way, and short enough to show
    if not value.is_finite():
        raise _bad(name, str(value)[:40], f"a finite number{' of seconds' if seconds else ''}")
    if value < 0 or (not value and not measure.zero) or value.adjusted() > 15 or value > measure.most:
        least = "at least 0" if measure.zero else "more than 0"
        raise _bad(name, str(value)[:40], f"{least} {measure.unit} and at most {measure.most} {measure.unit}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < _FINEST:
        raise _bad(name, str(value)[:40], "at most 18 decimals")
    if measure.whole and value != value.to_integral_value():
        raise _bad(name, str(value)[:40], "a whole number")
    return value


@dataclass(frozen=True, slots=True)
class Quantity:
    """How much of one measure, and how it is known."""

    low: Decimal
    expected: Decimal
    high: Decimal
    known: Known = "stated"

    def __post_init__(self) -> None:
        for value in (self.low, self.expected, self.high):
            refuse_other("a quantity is made of Decimals (pricing.decimal_of for a float)", value, Decimal)
        if not (self.low.is_finite() and self.expected.is_finite() and self.high.is_finite()):
            raise BadQuantity("a quantity must be finite", value=f"{self.low}, {self.expected}, {self.high}")
        if not self.low <= self.expected <= self.high:
            raise BadQuantity(
                f"a quantity must rise: {self.low}, {self.expected}, {self.high}",
                value=f"{self.low}, {self.expected}, {self.high}",
            )

    @classmethod
    def seconds(
        cls, low: str | int | Decimal, high: str | int | Decimal | None = None, known: Known = "stated"
    ) -> Self:
        """A checked length; `high` None means a point. Expected is the middle."""
        least = seconds_of(low)
        if high is None:
            return cls(least, least, least, known)
        most = seconds_of(high)
        if least > most:
            raise _bad(BILLED, f"{least}-{most}", "the shorter length first")
        return cls(least, _EXACT.multiply(_EXACT.add(least, most), _HALF), most, known)


@dataclass(frozen=True, slots=True)
class Usage(Mapping[str, Quantity]):
    """How much of each measure a job takes. A read-only mapping; measures are the names in `pricing.units`."""

    measures: Mapping[str, Quantity]

    def __post_init__(self) -> None:
        if not self.measures:
            raise BadQuantity("a usage without a single measure", next="state at least one length")
        for name, quantity in self.measures.items():
            if name not in MEASURES:
                raise _no_measure(name)
            refuse_other(f"{name} is stated by a Quantity", quantity, Quantity)
            amount_of(name, quantity.low)
            amount_of(name, quantity.high)
        object.__setattr__(self, "measures", MappingProxyType(dict(self.measures)))

    @classmethod
    def of(cls, **measures: "str | int | Decimal | Quantity") -> Self:
        """Any measures by name: `Usage.of(requested_seconds=5, width=1280, height=720)`; a Quantity for a range."""
        return cls({name: _quantity(name, value) for name, value in measures.items()})

    @classmethod
    def billed(cls, seconds: str | int | Decimal) -> Self:
        """A point of the rate's own measure: what `quote --seconds` and `max` speak of."""
        return cls({BILLED: Quantity.seconds(seconds)})

    @classmethod
    def audio(cls, seconds: str | int | Decimal, known: Known = "measured") -> Self:
        """The length of the input audio."""
        return cls({AUDIO: Quantity.seconds(seconds, known=known)})

    @classmethod
    def video(cls, low: str | int | Decimal, high: str | int | Decimal | None = None, known: Known = "stated") -> Self:
        """The length of the output video; expected is the middle."""
        return cls({VIDEO: Quantity.seconds(low, high, known)})

    def __getitem__(self, measure: str) -> Quantity:
        return self.measures[measure]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)


def _quantity(name: str, value: "str | int | Decimal | Quantity") -> Quantity:
    if isinstance(value, Quantity):
        return value
    amount = amount_of(name, value)
    return Quantity(amount, amount, amount)


def _no_measure(name: str) -> BadQuantity:
    name, known = name[:60], [one for one in MEASURES if one != BILLED]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return BadQuantity(f"{name!r} is not a measure", value=name, limit=", ".join(known), next=hint)


def _bad(name: str, value: str, limit: str) -> BadQuantity:
    if MEASURES[name].unit == "s":
        unit = " s" if value[-1:].isdigit() else ""  # what is not a number has its own words: 8s
        message = f"{value or 'nothing'}{unit} is not a length that can be priced"
    else:
        message = f"{name} {value} cannot be priced"
    return BadQuantity(message, value=value, limit=limit, next=f"give {limit}")
