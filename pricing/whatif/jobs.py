"""A job to be priced again, and what became of many under two books. Values only: prices nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from ..money import Money, Span
from ..units import MEASURES
from ..usage import Usage

Stated = tuple[tuple[str, str], ...]
"""Measures and how much of each, as text: "9.4", or a range "9.4-10"."""

Side = Literal["old", "new", "both"]


class Job(NamedTuple):
    """One job, or several alike: a row of a usage file."""

    where: str | int
    """Its line, or its id: named where it cannot be priced."""
    offer: str
    usage: "str | Stated | Usage"
    """Seconds of the billed measure as text, measures by name, or a Usage."""
    at: date
    settings: tuple[tuple[str, str], ...] = ()
    outputs: int = 1
    times: int = 1
    """How many such jobs."""


@dataclass(frozen=True, slots=True)
class Total:
    """What jobs of one offer came to in both books."""

    offer: str
    jobs: int
    old: Span
    new: Span
    """Each in the currency that the offer has in that book."""
    old_usd: Span | None
    new_usd: Span | None
    """None: nothing says what its credits are worth."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Jobs that one book, or both, cannot price; in no total."""

    offer: str
    side: Side
    """The book that cannot."""
    code: str
    reason: str
    """Of the first of them; the old book's where both refuse."""
    jobs: int
    where: tuple[str | int, ...]
    """The first of them."""
    other: tuple[Span, ...]
    """What the book that can price them says, by currency."""

    def as_json(self) -> dict[str, object]:
        return {
            "offer": self.offer,
            "side": self.side,
            "code": self.code,
            "reason": self.reason,
            "jobs": self.jobs,
            "where": [str(one) for one in self.where],
            "other": [span.as_json() for span in self.other],
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """The same jobs under two books. Every job is in `totals` or in `unpriced`, once."""

    totals: tuple[Total, ...]
    """By offer; the jobs that both books price."""
    total_old: Span
    total_new: Span
    """In dollars, over the totals that have a value in dollars in both."""
    unvalued: tuple[str, ...]
    """The offers that are in no dollar total."""
    unpriced: tuple[Unpriced, ...]
    jobs: int
    """All of them."""

    @property
    def difference(self) -> Money:
        return self.total_new.expected - self.total_old.expected

    def as_json(self) -> dict[str, object]:
        return {
            "jobs": self.jobs,
            "old": self.total_old.as_json(),
            "new": self.total_new.as_json(),
            "difference": self.difference.as_json(),
            "totals": [
                {
                    "offer": one.offer,
                    "jobs": one.jobs,
                    "old": one.old.as_json(),
                    "new": one.new.as_json(),
                    "old_usd": None if one.old_usd is None else one.old_usd.as_json(),
                    "new_usd": None if one.new_usd is None else one.new_usd.as_json(),
                }
                for one in self.totals
            ],
            "unvalued": list(self.unvalued),
            "unpriced": [one.as_json() for one in self.unpriced],
        }


def measure_names() -> tuple[str, ...]:
    """The measures that a job can state."""
    return tuple(MEASURES)
