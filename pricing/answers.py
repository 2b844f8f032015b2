"""Answers to questions asked backwards: what an amount buys, and where the cheaper offer changes. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from .evaluate.tariffs import shown
from .quote import Quote

LimitedBy = Literal["budget", "offer_limit"]
Cheaper = Literal["a", "b", "equal"]


@dataclass(frozen=True, slots=True)
class MaxSeconds:
    """The longest job a budget buys: to the millisecond, or the longest of the lengths that are sold."""

    seconds: Decimal
    """Of `measure`."""
    audio_seconds: Decimal | None
    """The longest audio file sure to fit; None: the offer is not made from audio."""
    limited_by: LimitedBy
    quote: Quote
    measure: str = "billed_seconds"
    unique: bool = True
    """Whether every shorter length that is sold fits too."""
    note: str = ""
    """Which lengths fit and which do not, where it is not unique."""

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.quote.offer,
            "settings": dict(self.quote.settings),
            "seconds": f"{self.seconds:f}",
            "audio_seconds": None if self.audio_seconds is None else f"{self.audio_seconds:f}",
            "limited_by": self.limited_by,
            "quote": self.quote.as_json(),
            "measure": self.measure,
            "unique": self.unique,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class MaxOutputs:
    """The most outputs of one job that a budget buys."""

    outputs: int
    limited_by: LimitedBy
    quote: Quote

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.quote.offer,
            "settings": dict(self.quote.settings),
            "outputs": self.outputs,
            "limited_by": self.limited_by,
            "quote": self.quote.as_json(),
        }


@dataclass(frozen=True, slots=True)
class BestSetting:
    """The highest resolution that a budget buys."""

    settings: Mapping[str, str]
    """Every setting; read-only."""
    quote: Quote
    name: str = "resolution"
    """The setting that was chosen."""

    @property
    def value(self) -> str:
        return self.settings[self.name]

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.quote.offer,
            "settings": dict(self.settings),
            "name": self.name,
            "value": self.value,
            "quote": self.quote.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring lengths for which the same offer is cheaper, by exact expected cost."""

    low: Fraction
    high: Fraction
    low_open: bool
    """Whether `low` itself does not belong to it."""
    high_open: bool
    cheaper: Cheaper
    sold: tuple[Fraction, ...] = ()
    """The lengths themselves where only some are sold; empty: every length between."""
    exact: bool = True
    """False: an end is known to the millisecond only."""

    def __contains__(self, seconds: Fraction | Decimal | int) -> bool:
        length = Fraction(seconds)
        if self.sold:
            return length in self.sold
        above = length > self.low if self.low_open else length >= self.low
        return above and (length < self.high if self.high_open else length <= self.high)

    def as_json(self) -> dict[str, object]:
        return {
            "low": shown(self.low),
            "high": shown(self.high),
            "low_open": self.low_open,
            "high_open": self.high_open,
            "cheaper": self.cheaper,
            "sold": [shown(one) for one in self.sold],
            "exact": self.exact,
        }

    def __str__(self) -> str:
        if self.sold:
            where = ", ".join(shown(one) for one in self.sold) + " s"
        elif self.low == self.high:
            where = f"{shown(self.low)} s"
        else:
            ends = "(" if self.low_open else "[", ")" if self.high_open else "]"
            where = f"{ends[0]}{shown(self.low)}, {shown(self.high)}{ends[1]} s"
        return f"{where}: {self.cheaper}"
