"""What a budget's numbers say in one line: past its limit, bound to pass it, or within. Forecasts nothing."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate

from pricing import BadMoney, Money

from ..forecast.values import Forecast
from ..report.values import MONTHS, BurnDown, BurnPoint, Report
from .parts import Tone
from .text import Drawn, count, exact, joined, percent, plain, ratio, span, sum_of

EVERYTHING = "*"
"""The scope of a forecast over all of one currency."""
TOO_EARLY = "it is too early to look ahead"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A tone, a word or three, and the end of a sentence that begins with the budget's name."""

    tone: Tone
    short: str
    parts: tuple[str | int, ...]
    """Words, and amounts in nanos."""
    currency: str

    def shown(self) -> Drawn:
        return joined(*(part if isinstance(part, str) else sum_of(part, self.currency) for part in self.parts))

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else f"{exact(part)} {self.currency}" for part in self.parts)


def stands(burn: BurnDown) -> tuple[int, int]:
    """(spent, held) now, in nanos."""
    if burn.forecast is not None:
        return burn.forecast.spent.nanos, burn.forecast.held.nanos
    return (burn.points[-1].spent.nanos, burn.points[-1].held.nanos) if burn.points else (0, 0)


def verdict(burn: BurnDown) -> Verdict:
    """How it stands against its limit."""
    spent, held = stands(burn)
    ahead = burn.forecast
    if burn.limit is None and ahead is not None and not is_early(ahead):
        ends = "should end at about ", ahead.expected.nanos, "" if burn.scope == EVERYTHING else "; it has no limit"
        return Verdict("calm", "no limit", ends, burn.currency)
    if burn.limit is None:
        early = "" if ahead is None else f"; {TOO_EARLY}"
        return Verdict("calm", "no limit", (f"has no limit{early}",), burn.currency)
    limit = burn.limit.nanos
    if spent > limit:
        return Verdict("alarm", "past its limit", ("is past its limit by ", spent - limit), burn.currency)
    if ahead is None:
        left = "has ", limit - spent - held, " of its limit left; there is no forecast"
        return Verdict("calm", "no forecast", left, burn.currency)
    spare = limit - ahead.expected.nanos
    if spare < 0:
        when = "" if ahead.exhausts_on is None else f" on {ahead.exhausts_on}"
        over = f"should pass its limit{when}, by ", -spare, " at the end"
        return Verdict("alarm", "headed past it", over, burn.currency)
    if is_early(ahead):
        return Verdict("calm", "too early", ("has ", spare, f" of its limit left; {TOO_EARLY}"), burn.currency)
    within = "should end within its limit, with ", spare, " to spare"
    if ahead.high is not None and ahead.high.nanos > limit:
        return Verdict("watch", "close", (*within, ", but may pass it"), burn.currency)
    return Verdict("calm", "within", within, burn.currency)


def everything(report: Report) -> list[BurnDown]:
    """Where all spend of each currency is headed, as if one budget without a limit held all of it.

    Its days are those of the report where they are those of the forecast; else only today is known.
    """
    return [
        BurnDown(EVERYTHING, "month", one.currency, *one.window, one.limit, _points(report, one), one)
        for one in report.forecasts
    ]


def _points(report: Report, ahead: Forecast) -> tuple[BurnPoint, ...]:
    first, today = ahead.window[0], ahead.at.date()
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    spent, held = ({str(day): 0 for day in days} for _ in "ab")
    for cell in report.by_day:
        day = cell.keys.get("day", "")
        if cell.currency == ahead.currency and day in spent:
            spent[day] += cell.settled.nanos
            held[day] += cell.held.nanos
    sums = list(zip(days, accumulate(spent.values()), accumulate(held.values()), strict=True))
    if report.tz == "UTC" and sums[-1][1] == ahead.spent.nanos:
        with suppress(BadMoney):  # absurd amounts may add up to more than money can be
            return tuple(
                BurnPoint(day, Money(one, ahead.currency), Money(two, ahead.currency)) for day, one, two in sums
            )
    return (BurnPoint(today, ahead.spent, ahead.held),)


def is_early(ahead: Forecast) -> bool:
    """Whether too few days are over to say more than what is spent, held and planned."""
    return ahead.method == "none"


def name_of(burn: BurnDown) -> str:
    return "All spend" if burn.scope == EVERYTHING else f"{plain(burn.scope)} · {plain(burn.window)}"


def period_of(ahead: Forecast) -> str:
    """November, where the window is a month; else its days."""
    first, after = ahead.window
    month = first.day == 1 and after == (first + timedelta(days=32)).replace(day=1)
    return MONTHS[first.month - 1] if month else span(first, after)


def last_day(ahead: Forecast) -> date:
    return ahead.window[1] - timedelta(days=1)


def promise(ahead: Forecast | None) -> str:
    """How often the band held when it was tried, or why there is none."""
    if ahead is None:
        return "No forecast could be made."
    if ahead.low is None or ahead.high is None:
        return "No band: too few past checks tell how often it would hold."
    said = "The band is meant to hold 8 times in 10"
    if ahead.coverage is None:
        return f"{said}; it was not checked on the past."
    inside, of = ahead.coverage
    return f"{said}; checked on the past, it held {inside} of {of} times{f' ({percent(inside, of)})' if of else ''}."


def record(ahead: Forecast) -> str:
    """How earlier forecasts did; nothing where none is over."""
    track = ahead.track
    if track is None or not track.forecasts:
        return ""
    off = "" if track.wape is None else f", off by {percent(track.wape.numerator, track.wape.denominator)} on the whole"
    held = "" if track.coverage is None else f", inside the band {track.coverage[0]} of {track.coverage[1]} times"
    worth = "" if track.mase is None else f", {ratio(track.mase)} times the error of “as a week ago”"
    return f"Past forecasts: {count(track.forecasts, 'was', 'were')} scored{off}{worth}{held}."


def pressing(burns: Iterable[BurnDown]) -> list[BurnDown]:
    """Those nearest to their limit, or furthest past it, first; those without one last."""
    return sorted(burns, key=_pressure)


def _pressure(burn: BurnDown) -> tuple[object, ...]:
    spent, held = stands(burn)
    reached = spent + held if burn.forecast is None else max(spent + held, burn.forecast.expected.nanos)
    if burn.limit is None:
        return 1, Fraction(0), -reached, burn.scope, burn.window, burn.currency
    share = Fraction(reached, burn.limit.nanos) if burn.limit.nanos > 0 else Fraction(reached + 10**18)
    return 0, -share, -reached, burn.scope, burn.window, burn.currency


def chief(burns: Iterable[BurnDown], scope: str | None) -> BurnDown | None:
    """The budget that the report is about: of its scope, or else the broadest; one that looks ahead before others."""
    ranked = sorted(
        burns,
        key=lambda burn: (
            burn.scope != scope,
            burn.forecast is None or burn.ends is None,
            burn.limit is None,
            burn.scope.count("/"),
            -stands(burn)[0],
            burn.scope,
            burn.window,
        ),
    )
    return ranked[0] if ranked else None
