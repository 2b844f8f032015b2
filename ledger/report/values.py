"""What a report holds: every number on the page, the terminal and in the files comes from one of these. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from pricing import Money

from ..forecast.values import Forecast
from ..reconcile.values import Break

Basis = Literal["held", "settled", "invoiced"]
BASES: tuple[Basis, ...] = ("held", "settled", "invoiced")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
Grouping = str
"""day, week, month, provider, offer, scope (a path; `scope:1` its first part), or `tag:NAME`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What jobs with the same keys came to. Amounts are in the budget's currency."""

    keys: Mapping[Grouping, str]
    """In the order asked for; empty text: the job has no such tag."""
    currency: str
    jobs: int
    held: Money
    """Still set aside."""
    settled: Money
    """Posted; also what was posted by nothing better than the quote."""
    provisional: Money
    """The part of `settled` that no provider has said yet."""
    invoiced: Money | None
    """Stated on bills; None: no line of one is there."""


@dataclass(frozen=True, slots=True)
class BurnPoint:
    """Where a budget stood at the end of a day."""

    day: date
    spent: Money
    held: Money


@dataclass(frozen=True, slots=True)
class BurnDown:
    """One budget in its current period: used up so far, and where it is headed."""

    scope: str
    window: str
    currency: str
    starts: date | None
    """None: since ever."""
    ends: date | None
    """The first day after; None: for ever."""
    limit: Money | None
    points: tuple[BurnPoint, ...]
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class LotLeft:
    """What is left of credits bought at once."""

    lot: str
    left: Money
    cost_left: Money
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Runway:
    """How long prepaid credits last, and which expire first."""

    provider: str
    currency: str
    left: Money
    cost_left: Money
    per_day: Money | None
    """Of the last 28 days; None: nothing was used."""
    exhausts_on: date | None
    """At this pace, a lot that expires unused being lost; None: never, or nothing was used."""
    lots: tuple[LotLeft, ...]
    """The soonest to expire first."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How the charges of an offer compare with their quotes: settled ÷ quoted expected."""

    offer: str
    settings: Mapping[str, str]
    jobs: int
    p10: Fraction
    p50: Fraction
    p90: Fraction
    worst: Fraction


@dataclass(frozen=True, slots=True)
class Exposure:
    """Money that may have been charged but is not posted."""

    job: str
    scope: str
    provider: str
    state: str
    amount: Money
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """Charges that support another price than the card's."""

    offer: str
    settings: Mapping[str, str]
    card_price: str
    supported_price: str
    charges: int
    since: date
    text: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A day or a thing out of the usual."""

    day: date
    what: str
    """Such as "spend", "new offer", "failures"."""
    value: str
    usual: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Holds that were refused, by scope and reason."""

    scope: str
    reason: str
    times: int
    asked: Money | None
    last_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The period in one line, per currency."""

    currency: str
    jobs: int
    held: Money
    settled: Money
    provisional: Money
    invoiced: Money | None
    exposed: Money
    before: Money | None
    """Settled in the period of the same length before; None: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about a period."""

    title: str
    made_at: datetime
    period: tuple[date, date]
    """The first day, and the first one after, in `tz`."""
    tz: str
    scope: str | None
    """None: everything."""
    totals: tuple[Totals, ...]
    by_day: tuple[Cell, ...]
    """Grouped by day and provider."""
    by_offer: tuple[Cell, ...]
    """Grouped by provider and offer."""
    by_scope: tuple[Cell, ...]
    by_tag: tuple[Cell, ...]
    """Grouped by the tag asked for; empty: none was."""
    burn_downs: tuple[BurnDown, ...]
    runways: tuple[Runway, ...]
    accuracy: tuple[Accuracy, ...]
    exposures: tuple[Exposure, ...]
    breaks: tuple[Break, ...]
    drift: tuple[Drift, ...]
    anomalies: tuple[Anomaly, ...]
    refusals: tuple[Refused, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know of these numbers: no bill was imported, an interval that is missing, and why."""
    forecasts: tuple[Forecast, ...] = ()
    """Where all spend of a currency will stand at the end of the month; none where one scope is told of."""
    grouping: tuple[Grouping, ...] = ()
    """What `cells` are grouped by: asked for."""
    cells: tuple[Cell, ...] = ()
    unread: tuple[str, ...] = ()
    """Bills that could not be set beside the books, why, and what to do: their breaks are not known."""
