"""An offer as the book keeps it: its rates, resolved and dated. Data only; `compile` makes it, `select` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .dates import Moment
from .evaluate.rates import Rate
from .offer import Offer


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate and the days on which it is, or may be, in force."""

    rate: Rate
    begins: Moment | None
    """None: nobody published since when."""
    ends: Moment | None
    """The last day or month; None: open."""
    checked_on: date

    def covers(self, at: date) -> bool:
        return (self.begins is None or self.begins.first <= at) and (self.ends is None or at <= self.ends.last)

    def surely(self, at: date) -> bool:
        """Whether that day is not inside a month on whose unpublished day it begins or ends."""
        return (self.begins is None or self.begins.last <= at) and (self.ends is None or at <= self.ends.first)


@dataclass(frozen=True, slots=True)
class Entry:
    """An offer with its dated rates for each choice of settings (values in the order of `offer.settings`)."""

    offer: Offer
    rates: Mapping[tuple[str, ...], tuple[DatedRate, ...]]
    slack_note: str
