"""What a forecast is asked of and what it answers. Values that check themselves; computes no forecast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType

from pricing import Money

from ..errors import BadRequest
from .pace import Method

_NOTHING: Mapping[date, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch that is known of and stands out of the usual: what is not yet spent or held of it.

    One on a past day was such a batch: what it cost is taken out of that day before the usual pace is read off.
    """

    name: str
    day: date
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.nanos < 0:
            raise _bad(f"a planned batch cannot cost {self.amount}", self.amount, "0", "plan zero or more")


@dataclass(frozen=True, slots=True)
class Lot:
    """Credits that are left of a purchase, at what they cost in the budget's currency."""

    id: str
    left: Money
    expires_on: date | None
    """The last day on which they can be drawn; None: they do not expire."""

    def __post_init__(self) -> None:
        if self.left.nanos < 0:
            raise _bad(f"of lot {self.id} {self.left} cannot be left", self.left, "0", "give what is left, or nothing")


@dataclass(frozen=True, slots=True)
class Score:
    """A forecast whose window is over, set against what came. Amounts are what was still to come then, in nanos."""

    at: datetime
    window: tuple[date, date]
    truth: int
    error: int
    """Truth − expected."""
    naive_error: int | None
    """Of "every day as a week ago"; None: there was no week then."""
    inside: bool | None
    """Whether the truth fell into the band; None: none was shown."""


@dataclass(frozen=True, slots=True)
class Track:
    """How past forecasts did: of what was still to come when they were made."""

    forecasts: int
    wape: Fraction | None
    """The sum of all errors ÷ the sum of what came; None: nothing came."""
    mase: Fraction | None
    """The error ÷ that of "every day as a week ago", below 1 is better; None: that made none, or was not to be had."""
    coverage: tuple[int, int] | None
    """(inside, of): how often the truth fell into the band where one was shown; None: none was."""

    def as_json(self) -> dict[str, object]:
        return {
            "forecasts": self.forecasts,
            "wape": None if self.wape is None else f"{float(self.wape):.4f}",
            "mase": None if self.mase is None else f"{float(self.mase):.4f}",
            "coverage": _counts(self.coverage),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """All that a forecast is made of. Days are those of the calendar in `tz`; every amount is of one currency.

    Raises BadRequest where the window does not hold `at`, an amount is of another currency, or a day lies ahead.
    """

    scope: str
    currency: str
    window: tuple[date, date]
    """The first day, and the first one after. For a total: the day to look ahead to."""
    tz: str
    at: datetime
    days: Mapping[date, int]
    """Nanos spent on each day, today's so far among them, also before the window. One that is absent spent nothing."""
    spent: Money
    """In the window, today's so far included."""
    held: Money
    """Open holds, and what may have been charged but is not known."""
    limit: Money | None = None
    """None: there is no limit."""
    since: date | None = None
    """The first day that was watched; None: the first one of `days`."""
    planned: tuple[Planned, ...] = ()
    lots: tuple[Lot, ...] = ()
    drawn: Mapping[date, int] = field(default_factory=lambda: _NOTHING)
    """Nanos that were drawn from credits on each day, at what they cost."""
    track: Track | None = None
    """How past forecasts of this scope did."""

    def __post_init__(self) -> None:
        first, after = self.window
        if not first < after:
            raise _bad(f"a window from {first} until before {after} has no day", after, first, "end it later")
        amounts = [self.spent, self.held, *(one.amount for one in self.planned), *(one.left for one in self.lots)]
        for amount in [*amounts, *(() if self.limit is None else (self.limit,))]:
            if amount.currency != self.currency:
                raise _bad(f"{amount} is not in {self.currency}", amount, self.currency, f"give it in {self.currency}")
        if self.held.nanos < 0:
            raise _bad(f"{self.held} cannot be held", self.held, "0", "give zero or more")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a budget will stand at the end of its window."""

    scope: str
    currency: str
    window: tuple[date, date]
    at: datetime
    spent: Money
    held: Money
    planned: Money
    """Batches that are known of, from today to the end of the window."""
    credits: Money
    """What credits cost that will expire unused in the window, at their usual pace. Not in `expected`: no job's."""
    expected: Money
    low: Money | None
    """This and `high`: where 80 % should fall; None: it was not tried often enough to be shown."""
    high: Money | None
    coverage: tuple[int, int] | None
    """(inside, of): how often such a band held when it was tried on the past; None: there is no band."""
    limit: Money | None
    burn_rate: Money | None
    """A day's usual spend; None: fewer than three days are known."""
    exhausts_on: date | None
    """The first day of the window by which the limit is used up; None: not in this window, or there is no limit."""
    runway_days: int | None
    """Days from today until the limit is used up, also past the window; None: never, or there is no limit."""
    basis: str
    """What it is made of, in words."""
    method: Method
    changed_on: date | None
    """The first day of the level that runs now; None: no change is clear."""
    naive: Money | None
    """What "every day as a week ago" expects, to score this by; None: no week is known."""
    track: Track | None

    def as_json(self) -> dict[str, object]:
        return {
            "scope": self.scope,
            "window": {"start": self.window[0].isoformat(), "end": self.window[1].isoformat()},
            "at": self.at.isoformat(),
            **{
                name: None if amount is None else amount.as_json()
                for name, amount in (
                    ("spent", self.spent),
                    ("held", self.held),
                    ("planned", self.planned),
                    ("credits", self.credits),
                    ("expected", self.expected),
                    ("low", self.low),
                    ("high", self.high),
                )
            },
            "coverage": _counts(self.coverage),
            "limit": None if self.limit is None else self.limit.as_json(),
            "burn_rate": None if self.burn_rate is None else self.burn_rate.as_json(),
            "exhausts_on": None if self.exhausts_on is None else self.exhausts_on.isoformat(),
            "runway_days": self.runway_days,
            "basis": self.basis,
            "method": self.method,
            "changed_on": None if self.changed_on is None else self.changed_on.isoformat(),
            "track": None if self.track is None else self.track.as_json(),
        }


def _counts(coverage: tuple[int, int] | None) -> dict[str, int] | None:
    return None if coverage is None else {"inside": coverage[0], "of": coverage[1]}


def _bad(what: str, value: object, limit: object, next_: str) -> BadRequest:
    return BadRequest(what, value=str(value), limit=str(limit), next=next_)
