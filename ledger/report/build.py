"""One report, put together: cells, budgets with their outlook, credits, doubts, what stands out. Only reads.

All of it is one consistent look. Bills are handed in (`Bills`): where none were imported, the report says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from pricing import Money

from ..budget import budgets
from ..budget.budgets import Limit
from ..errors import BadRequest
from ..forecast.values import Forecast, Planned
from ..instants import bounds, moment, zone
from ..scopes import chain
from ..store import Work
from . import anomalies, cells, outlooks, sources
from .bills import Bills
from .values import MONTHS, Anomaly, BurnDown, BurnPoint, Cell, Exposure, Grouping, Report, Totals

MOST_BUDGETS = 40
"""The fullest so many have a burn-down: a page with more is not read."""
POINTS = 92
"""Days of a burn-down, at most: of a total the last ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked of."""

    period: tuple[date, date]
    tz: str = "UTC"
    scope: str | None = None
    tag: str | None = None
    grouping: tuple[Grouping, ...] = ()

    @property
    def is_month(self) -> bool:
        first, after = self.period
        return first.day == 1 and after == (first + timedelta(days=32)).replace(day=1)

    @property
    def before(self) -> tuple[date, date]:
        """The period before: the month before a whole month, else of as many days."""
        first, after = self.period
        start = (first - timedelta(days=1)).replace(day=1) if self.is_month else first - (after - first)
        return start, first

    @property
    def title(self) -> str:
        first = self.period[0]
        of = "" if self.scope is None else f" of {self.scope}"
        return f"Spend{of} in {MONTHS[first.month - 1]} {first.year}" if self.is_month else f"Spend{of}"


Kept = list[tuple[Limit, Forecast]]


def build(work: Work, now: int, asked: Asked, bills: Bills | None) -> tuple[Report, Kept]:
    """The report, and the forecasts that were made for it, to be kept. Raises BadRequest, BadScope, BadBudget."""
    if asked.scope is not None:
        chain(asked.scope)
    tag = () if asked.tag is None else (f"tag:{asked.tag}",)
    billed = None if bills is None else bills.invoiced

    def spend(*grouping: Grouping, period: tuple[date, date] = asked.period) -> tuple[Cell, ...]:
        return cells.spend(work, grouping, period, tz=asked.tz, scope=asked.scope, billed=billed)

    by_day = spend("day", "provider")
    exposures = sources.exposures(work, asked.scope)
    burn_downs, made, left_out = _burn_downs(work, now, asked.scope)
    everything = [] if asked.scope is not None else overall(work, now)
    stretch = cells.stretch(asked.period, asked.tz)
    report = Report(
        title=asked.title,
        made_at=moment(now),
        period=asked.period,
        tz=asked.tz,
        scope=asked.scope,
        totals=_totals(spend(), spend(period=asked.before), exposures),
        by_day=by_day,
        by_offer=spend("provider", "offer"),
        by_scope=spend("scope"),
        by_tag=spend(*tag) if tag else (),
        burn_downs=burn_downs,
        runways=sources.runways(work, now),
        accuracy=sources.accuracy(work, stretch, asked.scope),
        exposures=exposures,
        breaks=() if bills is None else bills.breaks,
        drift=() if bills is None else bills.drift,
        anomalies=_anomalies(work, now, asked),
        refusals=sources.refusals(work, stretch, asked.scope),
        notes=tuple(_notes(asked, bills, left_out)),
        forecasts=tuple(forecast for _, forecast in everything),
        grouping=cells.checked(asked.grouping),
        cells=spend(*asked.grouping) if asked.grouping else (),
        unread=() if bills is None else bills.unread,
    )
    return report, [*made, *everything]


def _totals(period: Sequence[Cell], before: Sequence[Cell], exposures: Sequence[Exposure]) -> tuple[Totals, ...]:
    earlier = {one.currency: one.settled for one in before}
    doubtful: dict[str, int] = {}
    for one in exposures:
        doubtful[one.amount.currency] = doubtful.get(one.amount.currency, 0) + one.amount.nanos
    found = {one.currency: one for one in period}
    return tuple(
        Totals(
            currency,
            one.jobs if one is not None else 0,
            one.held if one is not None else Money.zero(currency),
            one.settled if one is not None else Money.zero(currency),
            one.provisional if one is not None else Money.zero(currency),
            one.invoiced if one is not None else None,
            sources.bounded(doubtful.get(currency, 0), currency),
            earlier.get(currency),
        )
        for currency in sorted({*found, *earlier, *doubtful})
        for one in (found.get(currency),)
    )


def _burn_downs(work: Work, now: int, scope: str | None) -> tuple[tuple[BurnDown, ...], Kept, int]:
    """The budgets of the scope's chain and below (None: all), the fullest first, each in its running period."""
    limits = budgets.every(work, now) if scope is None else budgets.related(work, now, scope)
    limits.sort(key=_fullness, reverse=True)
    found, made = list[BurnDown](), Kept()
    for limit in limits[:MOST_BUDGETS]:
        forecast = outlooks.of_budget(work, now, limit)
        made.append((limit, forecast))
        is_total = limit.window == "total"
        found.append(
            BurnDown(
                scope=limit.scope,
                window=limit.window,
                currency=limit.currency,
                starts=None if is_total else forecast.window[0],
                ends=None if is_total else forecast.window[1],
                limit=forecast.limit,
                points=tuple(_points(work, now, limit, forecast)),
                forecast=forecast,
            )
        )
    return tuple(found), made, max(0, len(limits) - MOST_BUDGETS)


def _fullness(limit: Limit) -> tuple[bool, Fraction, int]:
    used = limit.spent + limit.held
    return bool(limit.limit), Fraction(used, limit.limit or 1), used


def _points(work: Work, now: int, limit: Limit, forecast: Forecast) -> list[BurnPoint]:
    """Each day's end by what was granted until then: spent of it, and still held of it today. The last is today's."""
    today = moment(now).astimezone(zone(limit.tz)).date()
    first = max(forecast.window[0], today - timedelta(days=POINTS - 1))
    grouped = cells.spend(work, ("day",), (first, today + timedelta(days=1)), tz=limit.tz, scope=limit.scope)
    days = {one.keys["day"]: one for one in grouped if one.currency == limit.currency}
    spent = limit.spent - sum(one.settled.nanos for one in days.values())  # what stood before the first day
    held = limit.held - sum(one.held.nanos for one in days.values())
    points: list[BurnPoint] = []
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        cell = days.get(day.isoformat())
        spent += 0 if cell is None else cell.settled.nanos
        held += 0 if cell is None else cell.held.nanos
        points.append(BurnPoint(day, Money(spent, limit.currency), Money(held, limit.currency)))
    return points


def overall(work: Work, now: int, planned: Sequence[Planned] = ()) -> Kept:
    """Where all of a currency will stand at the end of the month, for each that a budget is in.

    A planned batch belongs to the one of its currency. Raises BadRequest: there is none.
    """
    currencies = sorted({limit.currency for limit in budgets.every(work, now)})
    for batch in planned:
        if currencies and batch.amount.currency not in currencies:
            limit = ", ".join(currencies)
            raise BadRequest(f"no budget is in {batch.amount.currency}", value=str(batch.amount), limit=limit)
    return [
        (outlooks.whole(now, currency), outlooks.of_everything(work, now, currency, mine))
        for currency in currencies
        for mine in [[batch for batch in planned if batch.amount.currency == currency]]
    ]


def _anomalies(work: Work, now: int, asked: Asked) -> tuple[Anomaly, ...]:
    """In order of day; today is not over, so its spend is not judged."""
    today = moment(bounds("day", asked.tz, now)[0]).astimezone(zone(asked.tz)).date()
    first, after = asked.period
    history = first - timedelta(days=anomalies.HISTORY_DAYS)
    found: list[Anomaly] = []
    days: dict[str, dict[date, int]] = {}
    for one in cells.spend(work, ("day",), (history, after), tz=asked.tz, scope=asked.scope):
        days.setdefault(one.currency, {})[date.fromisoformat(one.keys["day"])] = one.settled.nanos
    for currency, spent in sorted(days.items()):
        found += anomalies.spend(spent, currency, asked.period, today)
    if first > outlooks.SINCE_EVER:
        earlier = cells.spend(work, ("provider", "offer"), (outlooks.SINCE_EVER, first), tz=asked.tz, scope=asked.scope)
        seen: dict[tuple[str, str], date] = {}
        for one in cells.spend(work, ("day", "provider", "offer"), asked.period, tz=asked.tz, scope=asked.scope):
            seen.setdefault((one.keys["provider"], one.keys["offer"]), date.fromisoformat(one.keys["day"]))
        found += anomalies.new(seen, [(one.keys["provider"], one.keys["offer"]) for one in earlier])
    if asked.scope is None:
        found += anomalies.tries(
            sources.tries(work, cells.stretch((history, after), asked.tz), asked.tz), asked.period, today
        )
    return tuple(sorted(found, key=lambda one: (one.day, one.what, one.value)))


def _notes(asked: Asked, bills: Bills | None, left_out: int) -> list[str]:
    found = ["A job counts on the day its money was set aside, as a budget counts it; a refund is taken off that day."]
    if bills is None:
        found.append("No bill was imported: what is invoiced, breaks and drift of prices are not known.")
    else:
        found += bills.notes
    if left_out:
        found.append(f"{left_out} more budgets are not drawn: the fullest {MOST_BUDGETS} are.")
    if asked.scope is not None:
        found.append("Failures and retries are watched over all scopes together, so not in this report.")
    return found
