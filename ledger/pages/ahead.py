"""Where all spend is heading, whatever its budget: how far it should come, and how far to trust it."""

from collections.abc import Iterator
from dataclasses import replace

from ..report.values import BurnDown, Report
from . import svg
from .budgets import figure
from .outlook import everything, is_early, last_day, name_of, pressing, promise, record
from .parts import Section
from .text import Drawn, Shown, amount, count, cut, joined


def section(report: Report, ids: svg.Ids) -> Section:
    """A drawing for each currency; which budget is used up first."""
    title = "Where it is heading"
    if not report.forecasts:
        why = 'No budget is set, so nothing is looked ahead: faregate budget set SCOPE "50 USD" sets one.'
        if report.scope is not None or report.burn_downs:
            why = "What is looked ahead stands with each budget."
        return Section("outlook", title, why)
    figures = tuple(
        replace(figure(burn, ids), words=tuple(_words(burn)), badge="", named=len(report.forecasts) > 1)
        for burn in everything(report)
    )
    return Section("outlook", title, _first(report), figures)


def _first(report: Report) -> str:
    """Which budget is used up first, of those that end before their period does."""
    ends = [
        (burn.forecast.exhausts_on, burn.forecast.runway_days or 0, name_of(burn))
        for burn in pressing(report.burn_downs)
        if burn.forecast is not None and burn.forecast.exhausts_on is not None
    ]
    if not ends and all(burn.forecast is None or is_early(burn.forecast) for burn in report.burn_downs):
        return "All spend together, whatever its budget."
    if not ends:
        return "All spend together, whatever its budget. No budget is headed for its limit before its period ends."
    day, days, name = min(ends, key=lambda one: one[0])
    return (
        f"All spend together, whatever its budget. The first budget to be used up is {cut(name, 80)}: "
        f"on {day}, in {count(days, 'day')}."
    )


def _words(burn: BurnDown) -> Iterator[Shown]:
    """What a tired person takes away, then how far to trust it."""
    ahead = burn.forecast
    assert ahead is not None  # noqa: S101 - it was made of one
    likely: Shown = ""
    if ahead.low is not None and ahead.high is not None:
        likely = joined(", likely between ", amount(ahead.low, named=False), " and ", amount(ahead.high))
    ends = joined(f"By {last_day(ahead)} it should come to about ", amount(ahead.expected), likely, ".")
    if is_early(ahead):
        ends = joined("It is too early to look ahead: that takes three finished days.")
    yield Drawn(f"<strong>{ends.markup}</strong>")
    held: Shown = joined(", ", amount(ahead.held), " held") if ahead.held else ""
    planned: Shown = joined(", ", amount(ahead.planned), " planned") if ahead.planned else ""
    pace: Shown = "" if ahead.burn_rate is None else joined("; a usual day is ", amount(ahead.burn_rate))
    yield joined("So far: ", amount(ahead.spent), " spent", held, planned, pace, ".")
    if not is_early(ahead):
        yield f"How far to trust it: {promise(ahead)} {record(ahead) or 'No forecast is over yet, so none was scored.'}"
    if ahead.credits:
        yield joined("Credits that cost ", amount(ahead.credits), " will expire unused, on top of it.")
