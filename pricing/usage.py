"""Usage: how much of each measure a job takes, exact, as low ≤ expected ≤ high. Never a float, never a guess."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Self

from .errors import BadQuantity
from .money import refuse_other
from .units import AUDIO, BILLED, LONGEST_SECONDS, MEASURES, VIDEO, Known

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}", re.ASCII)
_FINEST = -18
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
    refuse_other("seconds are made from str, int or Decimal (pricing.decimal_of for a float)", value, str, int, Decimal)
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            raise _bad(value[:40], "a plain number of seconds such as 9.4")
        value = Decimal(text)
    if isinstance(value, int):
        value = Decimal(max(min(value, 10**9), -(10**9)))  # beyond the limit either way, and short enough to show
    if not value.is_finite():
        raise _bad(str(value)[:40], "a finite number of seconds")
    if value <= 0 or value.adjusted() > 5 or value > LONGEST_SECONDS:
        raise _bad(str(value)[:40], f"more than 0 s and at most {LONGEST_SECONDS} s")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < _FINEST:
        raise _bad(str(value)[:40], "at most 18 decimals")
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
            raise _bad(f"{least}-{most}", "the shorter length first")
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
                raise BadQuantity(f"{name!r} is not a measure", value=name, limit=", ".join(MEASURES))
            refuse_other(f"{name} is stated by a Quantity", quantity, Quantity)
            seconds_of(quantity.low)
            seconds_of(quantity.high)
        object.__setattr__(self, "measures", MappingProxyType(dict(self.measures)))

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


def _bad(value: str, limit: str) -> BadQuantity:
    return BadQuantity(f"{value} s is not a length that can be priced", value=value, limit=limit, next=f"give {limit}")
