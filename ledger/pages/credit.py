"""How long prepaid credits last, and which expire first. Draws what the report says; works out no runway."""

from collections.abc import Iterator
from datetime import date, timedelta

from ..report.values import LotLeft, Report, Runway
from . import svg
from .parts import ROWS, Figure, Key, Section, Table, money, more, number, text, whole
from .text import Shown, amount, brief, count, cut, joined, plain, words

LOTS = 10
PROVIDERS = 12
_KEYS = Key("settled", "usable until it expires"), Key("stop", "runs out at this pace")


def section(report: Report, ids: svg.Ids) -> Section:
    """A ladder of lots for each provider."""
    runways = sorted(report.runways, key=lambda one: (one.exhausts_on or date.max, one.provider, one.currency))
    if not runways:
        return Section("credits", "Prepaid credits", "No credits are prepaid.")
    today = report.made_at.date()
    lead = f"{count(len(runways), 'balance')}; the one that runs out first stands first."
    if len(runways) > PROVIDERS:
        lead += f" Drawn: the first {PROVIDERS}."
    figures = tuple(_figure(one, today, ids) for one in runways[:PROVIDERS])
    return Section("credits", "Prepaid credits", lead, figures, (_table(runways),))


def _table(runways: list[Runway]) -> Table:
    columns = text("provider"), number("left"), number("what that cost"), number("used a day"), whole("runs out")
    rows = tuple(
        (
            plain(one.provider),
            amount(one.left),
            amount(one.cost_left),
            amount(one.per_day, absent="none used"),
            str(one.exhausts_on or "–"),
        )
        for one in runways[:ROWS]
    )
    return Table("What is left", columns, rows, more=more(len(rows), len(runways), "first to run out"))


def _figure(one: Runway, today: date, ids: svg.Ids) -> Figure:
    title = f"{plain(one.provider)}: lots by expiry, {one.currency}"
    pace: Shown = "Nothing was used in the last 28 days."
    if one.per_day is not None:
        pace = joined("At ", amount(one.per_day), " a day it ", _until(one, today))
    said = joined(amount(one.left), " left, which cost ", amount(one.cost_left), ". ", pace)
    spoken = f"{words(one.left)} left. " + "; ".join(
        f"{cut(lot.lot, 60)} {_expiry(lot, today)}" for lot in one.lots[:LOTS]
    )
    drawing = (
        svg.chart(ids(), 44 * min(len(one.lots), LOTS) + 22, title, spoken, _marks(one, today)) if one.lots else None
    )
    columns = text("lot"), money("left", one.currency), number("what that cost"), whole("expires")
    rows = tuple(
        (plain(lot.lot), amount(lot.left, named=False), amount(lot.cost_left), _expiry(lot, today))
        for lot in one.lots[:ROWS]
    )
    table = Table(title, columns, rows, more=more(len(rows), len(one.lots), "first to expire"))
    return Figure(title, drawing, _KEYS, (said,), table if one.lots else None, named=True)


def _until(one: Runway, today: date) -> str:
    if one.exhausts_on is None:
        return "does not run out in sight."
    ends = [lot.expires_on for lot in one.lots]
    lost = ", as the last of it expires" if None not in ends and one.exhausts_on in ends else ""
    return f"runs out on {one.exhausts_on}, in {count((one.exhausts_on - today).days, 'day')}{lost}."


def _expiry(lot: LotLeft, today: date) -> str:
    if lot.expires_on is None:
        return "never"
    days = (lot.expires_on - today).days
    return f"{lot.expires_on}, in {count(days, 'day')}" if days >= 0 else f"{lot.expires_on}, past"


def _marks(one: Runway, today: date) -> Iterator[str]:
    ends = [lot.expires_on for lot in one.lots if lot.expires_on is not None]
    if one.exhausts_on is not None:
        ends.append(one.exhausts_on)
    last = max(*ends, today + timedelta(days=7), today)
    whole = (last - today).days * 21 // 20 + 1
    shown = one.lots[:LOTS]
    base = 44 * len(shown)
    out = None if one.exhausts_on is None or one.exhausts_on < today else (one.exhausts_on - today).days
    for place, lot in enumerate(shown):
        y = place * 44
        days = whole if lot.expires_on is None else max((lot.expires_on - today).days, 0)
        yield from svg.name(0, y + 13, lot.lot, f": {brief(lot.left.nanos)} left")
        yield svg.label("value end", "100%", y + 13, "no expiry" if lot.expires_on is None else f"to {lot.expires_on}")
        marks = [svg.rect("settled", 0, y + 21, svg.across(days, whole), 10), svg.line("axis", 0, y + 18, 0, y + 34)]
        if out is not None:
            x = svg.across(out, whole)
            marks.append(svg.line("stop", x, y + 17, x, y + 35))
        yield svg.told(marks, f"{cut(lot.lot, 80)}: {words(lot.left)} left, expires {_expiry(lot, today)}")
    yield svg.label("tick", 0, base + 14, f"{today}")
    yield svg.label("tick end", "100%", base + 14, str(today + timedelta(days=whole)))
